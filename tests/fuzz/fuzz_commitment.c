/* common/ledger/commitment: what is kept is written as it was read; an opening gives the commitment of what it opens.
 */
#include "common/ledger/commitment.h"
#include "tests/fuzz/fuzz.h"

static void kept_part(struct span bytes)
{
    struct kept_part k;
    struct buf again;
    if (kept_read(bytes, &k) != ERR_OK)
        return;
    fuzz_accepted++;
    buf_heap(&again);
    kept_write(&again, &k);
    HOLDS(span_eq(buf_span(&again), bytes));
    buf_free(&again);
}

/* An opening that reads tells what it opens, and a changed byte of it opens something else or nothing. */
static void opening(struct span line)
{
    struct opening o, o2;
    if (opening_read(line, &o) != ERR_OK)
        return;
    fuzz_accepted++;
    struct span other = fuzz_copy(line);
    char *byte = (char *)other.ptr + o.commitment.b[0] * line.len / 256;
    *byte ^= 1;
    if (opening_read(other, &o2) == ERR_OK)
        HOLDS(o2.index != o.index || memcmp(&o.commitment, &o2.commitment, HASH_LEN) != 0);
    fuzz_drop(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    kept_part(span_of(data, size));
    opening(span_of(data, size));
    return 0;
}
