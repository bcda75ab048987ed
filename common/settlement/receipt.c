#include <assert.h>

#include "common/base/when.h"
#include "common/settlement/statement.h"

void receipt_payload(struct buf *out, struct span contract_id, uint64_t index, const struct hash *leaf,
                     const struct entry *e)
{
    bool lead = e->kind == ENTRY_LEAD;
    char mem[40];
    struct buf at;
    struct jw w;

    assert(lead || e->kind == ENTRY_DISPOSITION);
    buf_fixed(&at, mem, sizeof mem);
    time_rfc3339(&at, e->at_ms);
    jw_open(&w, out);
    jw_object(&w);
    jw_kstr(&w, "at", buf_span(&at));
    jw_kstr(&w, "contract", contract_id);
    jw_kint(&w, "index", (int64_t)index);
    jw_kstr(&w, "kind", span_str(entry_kind_word(e->kind)));
    jw_kint(&w, "lead", (int64_t)(lead ? index : e->disposition.lead));
    jw_khex(&w, "leaf", leaf->b, HASH_LEN);
    jw_kint(&w, "payout_micros", lead ? e->lead.payout_micros : e->disposition.payable_micros);
    jw_kstr(&w, "reason", lead ? span_str(reason_word(e->lead.reason)) : e->disposition.text);
    jw_khex(&w, "request_sha256", (lead ? &e->lead.request : &e->disposition.request)->b, HASH_LEN);
    if (lead)
        entry_score_write(&w, &e->lead);
    jw_kstr(&w, "status", span_str(status_word(lead ? e->lead.status : e->disposition.status)));
    jw_kint(&w, "terms", (int64_t)(lead ? e->lead.terms : e->disposition.terms));
    jw_object_end(&w);
    jw_close(&w);
}
