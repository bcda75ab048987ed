/* server/ledger/journal: an envelope is written as it was read, from parts that lie inside it. */
#include "server/ledger/journal.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span bytes = span_of(data, size);
    struct envelope e;
    enum err err = envelope_read(bytes, &e);
    HOLDS(err == ERR_OK || err == ERR_CORRUPT);
    if (err != ERR_OK)
        return 0;
    fuzz_accepted++;
    HOLDS(fuzz_inside(e.entry, bytes) && fuzz_inside(e.beside, bytes) && e.entry.ptr + e.entry.len == e.beside.ptr);
    HOLDS((unsigned)e.kind < ENTRY_KINDS && (unsigned)e.class < CLASS_COUNT);
    HOLDS(envelope_len(&e) == size);
    struct span again = fuzz_copy(bytes);
    memset((void *)again.ptr, 0xaa, again.len);
    envelope_write(&e, (void *)again.ptr);
    HOLDS(span_eq(again, bytes));
    fuzz_drop(again);
    return 0;
}
