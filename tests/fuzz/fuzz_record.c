/* Records: what is read is written back byte by byte, and its texts lie in the input. */
#include "common/commit/record.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct record r;
    struct buf again;
    struct span bytes = span_of(data, size);
    if (record_read(bytes, &r) != ERR_OK)
        return 0;
    fuzz_accepted++;
    HOLDS(r.kind > RECORD_NONE && r.kind < RECORD_KINDS && record_word(r.kind)[0] != '\0');
    if (r.kind == RECORD_LEAD) {
        HOLDS(r.lead.report.n_touches <= LIMIT_TOUCHES && r.lead.report.n_facts <= LIMIT_FIELDS);
        for (size_t i = 0; i < r.lead.report.n_facts; i++)
            HOLDS(fuzz_inside(r.lead.report.facts[i].value, bytes));
    }
    enum entry_kind kind;
    if (record_track(r.kind, &kind))
        HOLDS(fuzz_inside(r.track.sealed.bytes, bytes) && r.track.entry.at_ms == r.arrived_ms);
    buf_heap(&again);
    record_write(&again, &r);
    HOLDS(span_eq(buf_span(&again), bytes));
    buf_free(&again);
    return 0;
}
