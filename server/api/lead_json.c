#include "server/api/lead_json.h"

#include "server/api/call.h"
#include "server/keys/day_keys.h"

bool lead_shows_contact(const struct request *rq, const struct contract *k, const struct entry_lead *l)
{
    const struct party *p = rq->caller;
    return k->campaign->advertiser->number == p->number || (p->role == ROLE_PUBLISHER && span_is(l->party, p->id));
}

static enum err jw_gone(struct jw *w, struct txn *t, const struct envelope *env)
{
    uint64_t by;
    enum err err = ledger_erased(t, env, &by);
    if (err == ERR_OK || err == ERR_NOT_FOUND)
        jw_kstr(w, "contact_gone", err == ERR_OK ? SPAN("erased") : SPAN("key_destroyed"));
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* contact: what the sealed part says. Once that is gone contact_gone says how: erased, or its key destroyed, or lost.
 */
static enum err jw_contact(struct jw *w, struct request *rq, struct txn *t, const struct envelope *env,
                           const struct hash *commitment)
{
    struct buf plain;
    struct private_part priv;
    buf_heap(&plain);
    enum err err = sealer_read(rq->worker->sealer, t, env, commitment, &plain, &priv);
    if (err == ERR_OK) {
        jw_key(w, "contact");
        jw_raw(w, priv.contact);
    }
    buf_free(&plain);
    return err == ERR_NOT_FOUND ? jw_gone(w, t, env) : err;
}

static void jw_code_of(struct jw *w, struct tokens *tokens, const struct contract *k, uint32_t placement)
{
    char code[CODE_LEN];
    code_write(tokens, &(struct tracking_code){k->number, placement}, code);
    jw_kstr(w, "code", span_of(code, CODE_LEN));
}

static void jw_lead_ref(struct jw *w, struct tokens *tokens, uint32_t contract, uint64_t index)
{
    char ref[LEAD_REF_LEN];
    lead_ref_write(tokens, &(struct pointer){.contract = contract, .index = index}, ref);
    jw_kstr(w, "lead", span_of(ref, sizeof ref));
}

/* The entry that changed the lead last, when it is not the lead's own. */
struct change {
    bool any;
    int64_t at_ms;
    struct span note; /* in the request's arena */
};

static enum err change_read(struct request *rq, struct txn *t, const struct contract *k, uint64_t index, uint64_t last,
                            struct change *out)
{
    struct envelope env;
    struct entry entry;
    *out = (struct change){0};
    if (last == index)
        return ERR_OK;
    enum err err = ledger_read(t, k->number, last, &env);
    if (err != ERR_OK || (err = entry_read(env.entry, &entry, NULL)) != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    *out = (struct change){.any = true, .at_ms = entry.at_ms};
    if (entry.kind == ENTRY_DISPOSITION)
        out->note = arena_copy(rq->arena, entry.disposition.text);
    entry_close(&entry);
    return ERR_OK;
}

static void jw_lead_members(struct jw *w, struct request *rq, const struct contract *k, uint64_t index,
                            const struct lead_row *row, const struct entry_lead *l, const struct change *change,
                            const struct envelope *env, bool whole)
{
    struct hash leaf;
    jw_kstr(w, "contract", span_str(k->id));
    jw_kstr(w, "currency", contract_currency(k));
    if (row->due_ms != 0)
        jw_ktime(w, "due_at", row->due_ms);
    if (whole) {
        jw_key(w, "entry");
        jw_raw(w, env->entry);
    }
    jw_key(w, "facts");
    entry_facts_write(w, l);
    jw_kint(w, "index", (int64_t)index);
    jw_lead_ref(w, rq->worker->tokens, k->number, index);
    if (whole) {
        merkle_leaf(env->entry, &leaf);
        jw_khex(w, "leaf", leaf.b, sizeof leaf.b);
    }
    if (!span_empty(change->note))
        jw_kstr(w, "note", change->note);
    jw_kint(w, "payout_micros", status_stands(row->status) ? row->payout_micros : 0);
    jw_kstr(w, "reason", change->any ? SPAN("") : span_str(reason_word(row->reason)));
    entry_score_write(w, l);
    jw_kstr(w, "sender", l->party);
    if (l->share_to) {
        jw_kint(w, "share_from", l->share_from);
        jw_kint(w, "share_to", l->share_to);
    }
    jw_kstr(w, "status", span_str(status_word(row->status)));
    for (int i = 0; i < LIMIT_SUBS; i++)
        if (!span_empty(l->sub[i]))
            jw_kstr(w, entry_sub_names[i], l->sub[i]);
    jw_kint(w, "terms_index", (int64_t)row->terms);
    if (l->test)
        jw_kbool(w, "test", true);
    jw_kstr(w, "trust", span_str(trust_word(l->trust)));
    if (!span_empty(l->txid))
        jw_kstr(w, "txid", l->txid);
    if (change->any) {
        jw_ktime(w, "updated_at", change->at_ms);
        jw_kint(w, "updated_index", (int64_t)row->last);
    }
}

enum err lead_json(struct jw *w, struct request *rq, struct txn *t, const struct contract *k, uint64_t index,
                   const struct lead_row *row, bool whole)
{
    struct envelope env;
    struct entry entry;
    struct change change;
    enum err err;
    if ((err = change_read(rq, t, k, index, row->last, &change)) != ERR_OK)
        return err;
    if ((err = ledger_read(t, k->number, index, &env)) != ERR_OK ||
        (err = entry_read(env.entry, &entry, NULL)) != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    const struct entry_lead *l = &entry.lead;
    if (entry.kind != ENTRY_LEAD) {
        err = ERR_CORRUPT;
        goto done;
    }
    jw_object(w);
    jw_ktime(w, "at", entry.at_ms);
    jw_kstr(w, "campaign", span_str(k->campaign->id));
    if (l->has_click) {
        jw_ktime(w, "click_at", l->clicked_ms);
        jw_code_of(w, rq->worker->tokens, k, l->placement);
    }
    if (lead_shows_contact(rq, k, l) && (err = jw_contact(w, rq, t, &env, &l->commitment)) != ERR_OK)
        goto done;
    jw_lead_members(w, rq, k, index, row, l, &change, &env, whole);
    jw_object_end(w);
done:
    entry_close(&entry);
    return err;
}
