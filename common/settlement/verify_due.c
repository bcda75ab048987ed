/* Automatic approvals that are withheld, whether a statement closes or not. A server that was off approves what is due
 * as soon as it is on again; so a lead is withheld only if the log shows the server at work for a while after that. */
#include <inttypes.h>

#include "common/settlement/verify_parts.h"

#define OVERDUE_MS (60 * 60 * 1000) /* since it was due */
#define AT_WORK_MS (10 * 60 * 1000) /* since an entry showed that the server was on */

void verify_due(struct audit *a, uint64_t index, const struct entry *e)
{
    int64_t now_ms = entry_clock(e);
    if (e->kind == ENTRY_CLOCK) /* by another clock, or one that is sure again: seen from here on */
        a->due.seen_ms = 0;
    if (e->kind == ENTRY_CLOCK || !a->due.waits || a->fold.clock_unsure || now_ms < a->due.due_ms + OVERDUE_MS)
        return;
    if (a->due.seen_ms == 0)
        a->due.seen_ms = now_ms;
    if (now_ms < a->due.seen_ms + AT_WORK_MS)
        return;
    finds_failure(&a->finding[CHECK_DECISIONS],
                  "lead %" PRIu64 " was due for its automatic approval, and still waited for it at entry %" PRIu64
                  ", more than an hour later",
                  a->due.lead, index);
    a->due.waits = false; /* told once */
}

void verify_due_next(struct audit *a)
{
    struct span key, value;
    int64_t due_ms = 0;
    uint32_t contract;
    uint64_t lead = 0;
    bool waits = rows_map_seek(a->rows, ROW_DUE, SPAN(""), &key, &value) == ERR_OK &&
                 due_key_read(key, &due_ms, &contract, &lead) == ERR_OK;
    if (waits && a->due.due_ms == due_ms && a->due.lead == lead)
        return;
    a->due.waits = waits;
    a->due.due_ms = due_ms;
    a->due.lead = lead;
    a->due.seen_ms = 0;
}
