#include <assert.h>

#include "common/base/bytes.h"
#include "common/base/money.h"
#include "common/decisions/row_write.h"
#include "common/decisions/rules.h"

static struct row_op *add(struct row_ops *ops, enum row_table table)
{
    assert(ops->n < sizeof ops->op / sizeof *ops->op);
    struct row_op *op = &ops->op[ops->n++];
    *op = (struct row_op){.table = table};
    return op;
}

static void put_lead(struct row_ops *ops, const struct fold_context *cx, uint64_t index, const struct lead_row *row)
{
    struct row_op *op = add(ops, ROW_LEADS);
    row_index_key(op->key, cx->contract, index);
    op->key_len = 12;
    op->value_len = lead_row_write(row, op->value);
}

static void put_move(struct row_ops *ops, const struct fold_context *cx, uint64_t index, const struct move_row *row)
{
    struct row_op *op = add(ops, ROW_MOVES);
    row_index_key(op->key, cx->contract, index);
    op->key_len = 12;
    op->value_len = move_row_write(row, op->value);
}

/* A lead stands under each of its keys, or no more. */
static void stand(struct row_ops *ops, const struct fold_context *cx, uint64_t index, const struct lead_row *row,
                  bool stands)
{
    struct identity_key keys[IDENTITY_KEYS];
    size_t n = identity_keys(&row->who, keys);
    for (size_t i = 0; i < n; i++) {
        struct row_op *op = add(ops, ROW_DEDUPE);
        row_dedupe_key(op->key, keys[i].kind < KEY_TXID ? cx->campaign : cx->contract, &keys[i], row->at_ms,
                       cx->contract, index);
        op->key_len = DEDUPE_KEY_LEN;
        op->del = !stands;
    }
}

static void put_txid(struct row_ops *ops, const struct fold_context *cx, uint64_t index, const struct entry_lead *l,
                     const struct private_part *priv)
{
    static const uint8_t erased[HASH_LEN];
    struct row_op *op = add(ops, ROW_TXIDS);
    op->key_len = row_txid_key(op->key, cx->advertiser, l->txid, cx->campaign, l->party);
    op->value_len = txid_row_write(cx->contract, index, priv != NULL ? priv->facts_sha256 : erased, op->value);
}

static void due(struct row_ops *ops, const struct fold_context *cx, int64_t due_ms, uint64_t index, bool del)
{
    struct row_op *op = add(ops, ROW_DUE);
    row_due_key(op->key, due_ms, cx->contract, index);
    op->key_len = DUE_KEY_LEN;
    op->del = del;
}

static void apply_lead(const struct fold_context *cx, const struct terms *t, uint64_t index, const struct entry *e,
                       const struct private_part *priv, struct row_ops *ops)
{
    const struct entry_lead *l = &e->lead;
    bool approved = l->status == STATUS_APPROVED;
    struct lead_row row = {
        .status = l->status,
        .reason = l->reason,
        .at_ms = e->at_ms,
        .payout_micros = l->payout_micros,
        .due_ms = l->due_ms,
        .approved_ms = approved ? e->at_ms : 0,
        .changed_ms = e->at_ms,
        .return_days = t != NULL ? t->return_days : 0,
        .last = index,
        .terms = l->terms,
    };
    if (t != NULL && !status_stands(l->status)) /* what it is worth should it be approved by hand */
        (void)terms_price(t, l->facts, l->n_facts, &row.payout_micros);
    identity_of(l, priv, &row.who);
    put_lead(ops, cx, index, &row);
    if (status_stands(row.status))
        stand(ops, cx, index, &row, true);
    put_move(ops, cx, index,
             &(struct move_row){
                 .kind = ENTRY_LEAD,
                 .lead = index,
                 .status = l->status,
                 .reason = l->reason,
                 .micros = approved ? l->payout_micros : 0,
             });
    if (!span_empty(l->txid))
        put_txid(ops, cx, index, l, priv);
    if (l->has_click && !l->click_unrecorded) {
        struct row_op *op = add(ops, ROW_CLICK_LEADS);
        row_click_lead_key(op->key, cx->contract, l->click, index);
        op->key_len = CLICK_LEAD_KEY_LEN;
    }
    if (l->due_ms)
        due(ops, cx, l->due_ms, index, false);
}

static enum err apply_terms(const struct fold_context *cx, uint64_t index, const struct entry *e, struct row_ops *ops)
{
    const struct entry_terms *t = &e->terms;
    if (t->version < 1 || t->version > UINT32_MAX || t->rules > UINT32_MAX)
        return ERR_CORRUPT;
    struct row_op *op = add(ops, ROW_TERMS);
    row_terms_key(op->key, cx->contract, (uint32_t)t->version);
    op->key_len = TERMS_KEY_LEN;
    store_be64(op->value, index);
    store_be64(op->value + 8, (uint64_t)e->at_ms);
    store_be64(op->value + 16, (uint64_t)t->effective_ms);
    store_be32(op->value + 24, (uint32_t)t->rules);
    op->value_len = TERMS_ROW_LEN;
    return ERR_OK;
}

static enum err apply_key(const struct fold_context *cx, const struct entry_key *k, struct row_ops *ops)
{
    if (span_empty(k->party) || k->party.len > LIMIT_ID)
        return ERR_CORRUPT;
    struct row_op *op = add(ops, ROW_PARTY_KEYS);
    op->key_len = row_party_key_key(op->key, cx->contract, k->party);
    memcpy(op->value, k->pub, ED25519_KEY_LEN);
    op->value_len = ED25519_KEY_LEN;
    return ERR_OK;
}

/* Decides the recorded disposition again: may it stand after what the lead was? */
static bool follows(const struct ruleset *rules, const struct lead_row *lead, const struct entry *e)
{
    const struct entry_disposition *d = &e->disposition;
    const struct disposition_report r = {.trust = d->trust, .status = d->status, .lead = d->lead};
    const struct disposition_facts facts = {.advertiser = true}; /* who says so is for decisions, not for rows */
    struct entry again;
    bool same = false;

    if (d->trust == TRUST_SYSTEM) {
        if (!rules->due(d->terms, d->lead, lead, e->at_ms, &again))
            return false;
    } else if (rules->disposition(d->terms, &r, lead, &facts, e->at_ms, &again, &same, NULL) != ERR_OK || same) {
        return false;
    }
    return again.disposition.status == d->status && again.disposition.payable_micros == d->payable_micros;
}

static enum err apply_disposition(const struct fold_context *cx, const struct view *v, const struct terms *t,
                                  uint64_t index, const struct entry *e, struct row_ops *ops)
{
    const struct entry_disposition *d = &e->disposition;
    struct lead_row row;

    enum err err = row_lead(v, cx->contract, d->lead, &row);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    if (d->lead >= index || !follows(t->ruleset, &row, e))
        return ERR_CORRUPT;
    bool stood = status_stands(row.status), stands = status_stands(d->status);
    if (row.due_ms)
        due(ops, cx, row.due_ms, d->lead, true);
    row.status = d->status;
    row.due_ms = 0;
    row.changed_ms = e->at_ms;
    row.last = index;
    if (!row.approved_ms && status_payable(d->status))
        row.approved_ms = e->at_ms;
    put_lead(ops, cx, d->lead, &row);
    if (stood != stands)
        stand(ops, cx, d->lead, &row, stands);
    put_move(ops, cx, index,
             &(struct move_row){.kind = ENTRY_DISPOSITION,
                                .lead = d->lead,
                                .status = d->status,
                                .reinstated = !stood && stands,
                                .micros = d->payable_micros});
    return ERR_OK;
}

enum err apply(const struct fold_context *cx, const struct view *v, const struct terms *t, uint64_t index,
               const struct entry *e, const struct private_part *priv, struct row_ops *out)
{
    out->n = 0;
    if (e->kind == ENTRY_DISPOSITION)
        return apply_disposition(cx, v, t, index, e, out);
    if (e->kind == ENTRY_TERMS)
        return apply_terms(cx, index, e, out);
    if (e->kind == ENTRY_KEY)
        return apply_key(cx, &e->key, out);
    if (e->kind == ENTRY_LEAD)
        apply_lead(cx, t, index, e, priv, out);
    return ERR_OK;
}

/* Sums that leave the money range stay outside of it: the statement refuses them. */
static void earn(int64_t *sum, int64_t micros)
{
    if (!money_add(*sum, micros, sum))
        *sum = INT64_MAX;
}

/* Likewise counts that leave the range of numbers: UINT64_MAX. */
static void count_missed(uint64_t *sum, uint64_t n)
{
    if (__builtin_add_overflow(*sum, n, sum))
        *sum = UINT64_MAX;
}

static void count_paid(uint64_t *n, int64_t *sum, int64_t micros)
{
    ++*n;
    earn(sum, micros);
}

void tally_add(struct tally *tally, const struct terms *t, enum entry_kind kind, enum class class, int64_t at_ms,
               const struct entry_gap *gap)
{
    assert(class < CLASS_COUNT);
    bool pays = t != NULL && terms_pays(t, class);
    if (!tally->from_ms)
        tally->from_ms = at_ms;
    tally->to_ms = at_ms;
    if (kind == ENTRY_CLICK) {
        tally->clicks[class]++;
        if (pays)
            count_paid(&tally->payable_clicks, &tally->click_micros, t->click_micros);
    } else if (kind == ENTRY_VIEW) {
        tally->views[class]++;
    } else if (kind == ENTRY_IMPRESSION) {
        tally->impressions[class]++;
        if (pays)
            count_paid(&tally->payable_impressions, &tally->impression_micros, t->impression_micros);
    } else if (kind == ENTRY_GAP) {
        assert(gap != NULL);
        count_missed(&tally->gap_clicks, gap->clicks);
        count_missed(&tally->gap_views, gap->views);
        count_missed(&tally->gap_impressions, gap->impressions);
    }
}
