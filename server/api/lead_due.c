/* Leads that are approved by themselves, the soonest first, of all contracts that the caller reads. */
#include "common/base/bytes.h"
#include "server/api/lead_json.h"
#include "server/api/lead_list.h"

enum { DUE_SCAN = 100000, KEY_LEN = 20 }; /* keys of others' leads are passed by */

/* Of a row of the table. */
static enum err write_one(struct leads *l, const struct lead_due *at, bool *room)
{
    struct view v = store_view(l->txn);
    const struct contract *k = catalog_contract_number(l->rq->catalog, at->lead.contract);
    struct lead_row row;
    bool wanted, ended;
    if (k == NULL || !catalog_may_read(l->rq->catalog, l->rq->caller, k) || !leads_of(l, k))
        return ERR_OK;
    enum err err = row_lead(&v, k->number, at->lead.index, &row);
    if (err == ERR_NOT_FOUND || (err == ERR_OK && row.due_ms != at->ms))
        return ERR_CORRUPT;
    if (err == ERR_OK)
        err = leads_want(l, k, at->lead.index, &row, &wanted, &ended);
    if (err != ERR_OK || !wanted)
        return err;
    *room = list_item(&l->list);
    return *room ? lead_json(&l->list.w, l->rq, l->txn, k, at->lead.index, &row, false) : ERR_OK;
}

enum err leads_write_due(struct leads *l, struct lead_due *at)
{
    uint8_t mem[KEY_LEN];
    struct span key, value;
    struct cursor *c;
    bool room = true, more = at->lead.contract != 0;
    enum err step = cursor_open(l->txn, (enum table)(TABLE_ROWS + ROW_DUE), &c), err = ERR_OK;
    if (step != ERR_OK)
        return step;
    store_be64(mem, (uint64_t)at->ms);
    store_be32(mem + 8, at->lead.contract);
    store_be64(mem + 12, at->lead.index + more);
    step = cursor_seek(c, span_of(mem, sizeof mem), &key, &value);
    for (size_t n = 0; step == ERR_OK && err == ERR_OK && n < DUE_SCAN; n++) {
        struct lead_due one;
        if ((err = due_key_read(key, &one.ms, &one.lead.contract, &one.lead.index)) == ERR_OK)
            err = write_one(l, &one, &room);
        if (err != ERR_OK || !room)
            break;
        *at = one;
        step = cursor_next(c, &key, &value);
    }
    l->list.more = step == ERR_OK;
    cursor_close(c);
    return err != ERR_OK ? err : step == ERR_NOT_FOUND ? ERR_OK : step;
}

/* Two references, so that it tells nothing of a lead that is another's: which, and when it is due. */
void leads_due_write(struct leads *l, const struct lead_due *at, char out[LEADS_DUE_CURSOR])
{
    struct tokens *t = l->rq->worker->tokens;
    lead_ref_write(t, &at->lead, out);
    lead_ref_write(t, &(struct pointer){.contract = at->lead.contract, .index = (uint64_t)at->ms}, out + LEAD_REF_LEN);
}

enum err leads_due_read(struct leads *l, struct span text, struct lead_due *out)
{
    struct tokens *t = l->rq->worker->tokens;
    struct pointer when;
    if (text.len != LEADS_DUE_CURSOR)
        return ERR_NOT_FOUND;
    enum err err = lead_ref_read(t, span_of(text.ptr, LEAD_REF_LEN), &out->lead);
    if (err == ERR_OK)
        err = lead_ref_read(t, span_skip(text, LEAD_REF_LEN), &when);
    if (err == ERR_OK && when.contract != out->lead.contract)
        err = ERR_NOT_FOUND;
    if (err == ERR_OK)
        out->ms = (int64_t)when.index;
    return err;
}
