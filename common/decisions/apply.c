#include <assert.h>

#include "common/base/bytes.h"
#include "common/base/when.h"
#include "common/decisions/countersigned.h"
#include "common/decisions/person.h"
#include "common/decisions/row_write.h"
#include "common/decisions/rules.h"
#include "common/decisions/trader.h"

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

/* In which layer a lead is in the way of others; -1: of nobody. */
static int layer_of(const struct lead_row *row)
{
    return !status_stands(row->status) ? -1 : lead_stands(row) ? KEY_STANDS : KEY_UNPROVEN;
}

/* A lead is in the way under each of its keys, or no more. */
static void stand(struct row_ops *ops, const struct fold_context *cx, uint64_t index, const struct lead_row *row,
                  bool stands)
{
    struct identity_key keys[IDENTITY_KEYS];
    size_t n = identity_keys(&row->who, keys);
    int layer = layer_of(row);
    for (size_t i = 0; i < n && layer >= 0; i++) {
        struct row_op *op = add(ops, ROW_DEDUPE);
        const struct identity_key k = identity_key_in(&keys[i], (enum key_layer)layer);
        row_dedupe_key(op->key, keys[i].kind < KEY_TXID ? cx->campaign : cx->contract, &k, row->at_ms, cx->contract,
                       index);
        op->key_len = DEDUPE_KEY_LEN;
        op->del = !stands;
    }
}

/* A duplicate leads whoever has one of its keys to what it repeats (NULL: it is one no more), in both layers; in that
 * of its own contract only where its log alone tells what that is. */
static void lead_on(struct row_ops *ops, const struct fold_context *cx, uint64_t index, const struct lead_row *row,
                    const struct person_lead *repeats)
{
    static const enum key_layer layers[] = {KEY_ANYWHERE, KEY_HERE};
    struct identity_key keys[IDENTITY_KEYS];
    size_t n = identity_keys(&row->who, keys), n_layers = repeats == NULL || repeats->here ? 2 : 1;
    for (size_t i = 0; i < n * n_layers; i++) {
        struct row_op *op = add(ops, ROW_DEDUPE);
        const struct identity_key k = identity_key_in(&keys[i / n_layers], layers[i % n_layers]);
        bool campaign = keys[i / n_layers].kind < KEY_TXID && layers[i % n_layers] == KEY_ANYWHERE;
        row_dedupe_key(op->key, campaign ? cx->campaign : cx->contract, &k, row->at_ms, cx->contract, index);
        op->key_len = DEDUPE_KEY_LEN;
        op->del = repeats == NULL;
        if (repeats != NULL)
            op->value_len = repeats_row_write(repeats->weak, repeats->lead.contract, repeats->lead.index, op->value);
    }
}

/* What the duplicate repeats is found as when it was decided. Where the log of one contract alone is held, that may not
 * be what its entry says: then it leads nowhere. What an untrusted pixel says of persons counts for nothing. */
static enum err repeat(const struct fold_context *cx, const struct view *v, const struct terms *t, uint64_t index,
                       const struct entry_lead *l, const struct lead_row *row, struct row_ops *ops)
{
    struct person_lead found;
    bool here = span_eq(l->dup_contract, cx->contract_id);
    if (t == NULL || row->unproven || !row->who.known)
        return ERR_OK;
    const struct person_asked asked = {.who = &row->who,
                                       .own = &row->share,
                                       .from_ms = row->at_ms - t->dedupe_days * MS_PER_DAY,
                                       .to_ms = INT64_MAX,
                                       .clock_steps = row->clock_steps,
                                       .clock_unsure = row->clock_unsure};
    enum err err = person_find(v, cx, t, &asked, &found);
    if (err == ERR_OK && found.found && found.here == here)
        lead_on(ops, cx, index, row, &found);
    return err;
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

/* One part a contract: two of them would pay it twice for one lead. */
static enum err no_part_here(const struct fold_context *cx, const struct view *v, const struct share *share)
{
    struct place part[LIMIT_TOUCHES];
    size_t n;
    enum err err = row_parts(v, cx->campaign, share, part, &n);
    for (size_t i = 0; err == ERR_OK && i < n; i++)
        if (part[i].contract == cx->contract)
            err = ERR_CORRUPT;
    return err;
}

static enum err apply_share(const struct fold_context *cx, const struct view *v, uint64_t index,
                            const struct entry_lead *l, struct share *share, struct row_ops *ops)
{
    *share = (struct share){.from = l->share_from, .to = l->share_to};
    if (!l->share_from && !l->share_to && l->n_touches == 0)
        return ERR_OK;
    if (!l->has_click || !share_is_part(l->share_from, l->share_to))
        return ERR_CORRUPT;
    memcpy(share->lead, l->commitment.b, TOKEN_LEN);
    enum err err = no_part_here(cx, v, share);
    if (err != ERR_OK)
        return err;
    struct row_op *op = add(ops, ROW_SHARES);
    row_share_key(op->key, cx->campaign, share->lead, cx->contract, index);
    op->key_len = SHARE_KEY_LEN;
    return ERR_OK;
}

/* Its day and its month, in campaign and contract, count the lead as what it is now instead of what it was. */
static enum err count(struct row_ops *ops, const struct view *v, const struct fold_context *cx,
                      const struct lead_row *row, const struct lead_row *was)
{
    static const enum cap_period periods[] = {CAP_OF_DAY, CAP_OF_MONTH};
    const uint32_t numbers[] = {[CAP_CAMPAIGN] = cx->campaign, [CAP_CONTRACT] = cx->contract};
    for (unsigned i = 0; i < 4; i++) {
        enum cap_scope scope = i < 2 ? CAP_CAMPAIGN : CAP_CONTRACT;
        struct cap_row sum, now = cap_weight(row, scope), before = {0};
        if (was != NULL)
            before = cap_weight(was, scope);
        if (now.leads == before.leads && now.micros == before.micros)
            continue;
        enum err err = row_cap(v, scope, numbers[scope], periods[i % 2], row->at_ms, row->utc_offset_s, &sum);
        if (err != ERR_OK)
            return err;
        sum.leads += now.leads - before.leads;
        sum.micros += now.micros - before.micros;
        if (sum.leads > JSON_INT_MAX || sum.micros < 0)
            return ERR_CORRUPT;
        struct row_op *op = add(ops, ROW_CAPS);
        row_cap_key(op->key, scope, numbers[scope], periods[i % 2], row->at_ms, row->utc_offset_s);
        op->key_len = CAP_KEY_LEN;
        op->value_len = cap_row_write(&sum, op->value);
    }
    return ERR_OK;
}

/* What a lead that was refused is worth, should it be approved by hand. */
static enum err price(const struct fold_context *cx, const struct view *v, const struct terms *t,
                      const struct entry_lead *l, int64_t *micros, int *tier)
{
    struct priced p = {.facts = l->facts, .n_facts = l->n_facts, .sub = l->sub};
    enum err err = ERR_OK;
    p.clicked = l->has_click && !l->click_unrecorded && terms_asks_click(t);
    if (p.clicked)
        err = v->click(v->ctx, cx->contract, l->click, &p.click);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    *tier = terms_price(t, &p, micros);
    *micros = credit_micros(l, *micros);
    return ERR_OK;
}

static enum err apply_lead(const struct fold_context *cx, const struct view *v, const struct terms *t, uint64_t index,
                           const struct entry *e, const struct private_part *priv, struct row_ops *ops)
{
    const struct entry_lead *l = &e->lead;
    bool approved = l->status == STATUS_APPROVED;
    struct lead_row row = {
        .status = l->status,
        .reason = l->reason,
        .at_ms = entry_clock(e),
        .payout_micros = l->payout_micros,
        .due_ms = l->due_ms,
        .approved_ms = approved ? entry_clock(e) : 0,
        .changed_ms = entry_clock(e),
        .return_days = t != NULL ? t->return_days : 0,
        .utc_offset_s = l->utc_offset_s,
        .clock_steps = l->clock_steps,
        .clock_unsure = l->clock_unsure,
        .sale_ppm = t != NULL ? t->sale_ppm : 0,
        .tier = l->tier,
        .last = index,
        .paid = approved ? index : 0,
        .terms = l->terms,
        .unproven = l->trust == TRUST_PIXEL && t != NULL && t->pixel_leads != PIXEL_LEADS_ON,
    };
    if (l->tier >= LIMIT_TIERS)
        return ERR_CORRUPT;
    enum err err = apply_share(cx, v, index, l, &row.share, ops);
    if (err == ERR_OK && t != NULL && !status_stands(l->status))
        err = price(cx, v, t, l, &row.payout_micros, &row.tier);
    if (err != ERR_OK)
        return err;
    identity_of(l, priv, &row.who);
    put_lead(ops, cx, index, &row);
    stand(ops, cx, index, &row, true);
    if (row.status == STATUS_DUPLICATE)
        err = repeat(cx, v, t, index, l, &row, ops);
    put_move(ops, cx, index,
             &(struct move_row){
                 .kind = ENTRY_LEAD,
                 .lead = index,
                 .status = l->status,
                 .reason = l->reason,
                 .micros = approved ? l->payout_micros : 0,
                 .vat_ppm = t != NULL ? t->vat_ppm : 0,
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
    return err == ERR_OK ? count(ops, v, cx, &row, NULL) : err;
}

static void put_terms(struct row_ops *ops, const struct fold_context *cx, uint32_t version, const struct terms_row *row)
{
    struct row_op *op = add(ops, ROW_TERMS);
    row_terms_key(op->key, cx->contract, version);
    op->key_len = TERMS_KEY_LEN;
    op->value_len = terms_row_write(row, op->value);
}

static enum err apply_terms(const struct fold_context *cx, uint64_t index, const struct entry *e, struct row_ops *ops)
{
    const struct entry_terms *t = &e->terms;
    if (t->version < 1 || t->version > UINT32_MAX || t->rules > UINT32_MAX)
        return ERR_CORRUPT;
    const struct terms_row row = {.index = index,
                                  .at_ms = e->at_ms,
                                  .effective_ms = t->effective_ms,
                                  .rules = t->rules,
                                  .on_assent = t->on_assent};
    put_terms(ops, cx, (uint32_t)t->version, &row);
    return ERR_OK;
}

static void put_adjustment(struct row_ops *ops, const struct fold_context *cx, uint64_t index,
                           const struct adjustment_row *row)
{
    struct row_op *op = add(ops, ROW_ADJUSTMENTS);
    row_index_key(op->key, cx->contract, index);
    op->key_len = 12;
    op->value_len = adjustment_row_write(row, op->value);
    op->text = row->reason;
}

static void put_correction(struct row_ops *ops, const struct fold_context *cx, struct span of,
                           const struct correction_row *row)
{
    struct row_op *op = add(ops, ROW_CORRECTIONS);
    op->key_len = row_correction_key(op->key, cx->contract, of);
    op->value_len = correction_row_write(row, op->value);
}

/* One more, or one less, of a statement, or that a side is to sign. */
static enum err count_correction(struct row_ops *ops, const struct fold_context *cx, struct span of,
                                 struct correction_row row, enum correction which, int64_t micros, bool more)
{
    if (!more && row.of[which].n == 0)
        return ERR_CORRUPT;
    row.of[which].n += more ? 1 : UINT64_MAX;
    row.of[which].micros += more ? micros : -micros;
    put_correction(ops, cx, of, &row);
    return ERR_OK;
}

static enum err to_sign(struct row_ops *ops, const struct view *v, const struct fold_context *cx, size_t side,
                        int64_t micros, bool more)
{
    struct correction_row row;
    enum err err = row_unsigned(v, cx->contract, side, &row);
    return err == ERR_OK ? count_correction(ops, cx, span_of((const uint8_t[]){(uint8_t)side}, 1), row,
                                            CORRECTION_ADJUSTED, micros, more)
                         : err;
}

/* For the statement that it cites, or else the one on which the lead stands (0: it is of none). */
static enum err count_for_statement(struct row_ops *ops, const struct view *v, const struct fold_context *cx,
                                    struct span cited, uint64_t lead, enum correction which, int64_t micros)
{
    struct settled_row stood = {0};
    struct correction_row row;
    enum err err = span_empty(cited) && lead > 0 ? row_stood(v, cx->contract, lead, UINT64_MAX, &stood) : ERR_NOT_FOUND;
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    struct span of = err == ERR_OK ? span_str(stood.id) : cited;
    if (span_empty(of))
        return ERR_OK;
    err = row_corrections(v, cx->contract, of, &row);
    if (err == ERR_NOT_FOUND)
        return ERR_CORRUPT;
    return err == ERR_OK ? count_correction(ops, cx, of, row, which, micros, true) : err;
}

/* The rate that was agreed when the lead became payable first, if it ever did. */
static enum err charged_at(const struct view *v, uint32_t contract, const struct lead_row *lead, int64_t *vat_ppm)
{
    struct move_row move;
    if (lead->paid == 0)
        return ERR_NOT_FOUND;
    enum err err = row_move(v, contract, lead->paid, &move);
    if (err == ERR_OK)
        *vat_ppm = move.vat_ppm;
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

/* By what it corrects: the lead that it cites, else the statement, if that was charged; else by the terms. */
static enum err rate_of_adjustment(const struct view *v, uint32_t contract, const struct terms *t,
                                   const struct adjustment_row *a, int64_t *vat_ppm)
{
    struct correction_row of;
    struct lead_row lead;
    enum err err = ERR_NOT_FOUND;
    *vat_ppm = t != NULL ? t->vat_ppm : 0;
    if (a->lead > 0) {
        if ((err = row_lead(v, contract, a->lead, &lead)) != ERR_OK)
            return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
        err = charged_at(v, contract, &lead, vat_ppm);
    }
    if (err != ERR_NOT_FOUND || a->statement[0] == '\0')
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    if ((err = row_corrections(v, contract, span_str(a->statement), &of)) == ERR_OK)
        *vat_ppm = of.vat_ppm;
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

/* It counts from here on. */
static enum err count_adjustment(struct row_ops *ops, const struct view *v, const struct fold_context *cx,
                                 const struct terms *t, uint64_t index, uint64_t adjustment,
                                 const struct adjustment_row *a)
{
    struct move_row move = {.kind = ENTRY_ADJUSTMENT, .lead = adjustment, .micros = a->micros};
    enum err err = rate_of_adjustment(v, cx->contract, t, a, &move.vat_ppm);
    if (err != ERR_OK)
        return err;
    put_move(ops, cx, index, &move);
    return count_for_statement(ops, v, cx, span_str(a->statement), a->lead, CORRECTION_ADJUSTED, a->micros);
}

static enum err apply_adjustment(const struct fold_context *cx, const struct view *v, const struct terms *t,
                                 uint64_t index, const struct entry *e, struct row_ops *ops)
{
    const struct entry_adjustment *a = &e->adjustment;
    struct adjustment_row row = {.counts = a->on_assent ? 0 : index,
                                 .at_ms = e->at_ms,
                                 .micros = a->micros,
                                 .lead = a->lead,
                                 .on_assent = a->on_assent,
                                 .reason = a->reason};
    struct buf bytes;
    if (span_empty(a->reason) || a->reason.len > LIMIT_FIELD || a->statement.len > LIMIT_ID)
        return ERR_CORRUPT;
    if (!span_empty(a->statement))
        memcpy(row.statement, a->statement.ptr, a->statement.len);
    buf_heap(&bytes);
    entry_write(&bytes, e);
    merkle_leaf(buf_span(&bytes), &row.leaf);
    buf_free(&bytes);
    put_adjustment(ops, cx, index, &row);
    if (!a->on_assent)
        return count_adjustment(ops, v, cx, t, index, index, &row);
    enum err err = ERR_OK;
    for (size_t side = 0; side < SIDES && err == ERR_OK; side++)
        err = to_sign(ops, v, cx, side, a->micros, true);
    return err;
}

static enum err apply_assent_adjustment(const struct fold_context *cx, const struct view *v, const struct terms *t,
                                        size_t side, uint64_t index, const struct entry *e, struct row_ops *ops)
{
    const struct entry_assent *a = &e->assent;
    struct adjustment_row row;
    enum err err = row_adjustment(v, cx->contract, a->adjustment, &row);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    if (!row.on_assent || row.assent[side].index > 0 ||
        a->payable_micros != (row.assent[1 - side].index > 0 ? row.micros : 0))
        return ERR_CORRUPT;
    row.assent[side].index = index;
    row.assent[side].at_ms = e->at_ms;
    row.counts = a->payable_micros != 0 ? index : 0;
    put_adjustment(ops, cx, a->adjustment, &row);
    err = to_sign(ops, v, cx, side, row.micros, false);
    if (err == ERR_OK && row.counts > 0)
        err = count_adjustment(ops, v, cx, t, index, a->adjustment, &row);
    return err;
}

static enum err apply_statement(const struct fold_context *cx, uint64_t index, const struct entry_statement *s,
                                struct row_ops *ops)
{
    struct row_op *op = add(ops, ROW_CUTS); /* what the log was cut for */
    row_index_key(op->key, cx->contract, s->to);
    op->key_len = CUT_KEY_LEN;
    op->del = true;
    if (span_empty(s->id) || s->id.len > LIMIT_ID || s->vat_ppm > VAT_MAX_PPM || s->issued_ms < 0 ||
        s->issued_ms >= TIME_END_MS)
        return ERR_CORRUPT;
    put_correction(ops, cx, s->id,
                   &(struct correction_row){.vat_kind = s->vat_kind,
                                            .vat_ppm = s->vat_ppm,
                                            .as = {s->vat_advertiser, s->vat_publisher},
                                            .number = s->number,
                                            .issued_ms = s->issued_ms});
    if (s->to == s->from) /* it closes nothing */
        return ERR_OK;
    op = add(ops, ROW_SETTLED);
    row_index_key(op->key, cx->contract, s->to);
    op->key_len = 12;
    op->value_len = settled_row_write(index, s->id, op->value);
    return ERR_OK;
}

/* Beside the version. That the party may, and signed it, is for who takes it. */
static enum err apply_assent(const struct fold_context *cx, const struct view *v, const struct terms *t, uint64_t index,
                             const struct entry *e, struct row_ops *ops)
{
    const struct entry_assent *a = &e->assent;
    struct terms_row row;
    if (t == NULL || a->version > UINT32_MAX || (a->version == 0) == (a->adjustment == 0))
        return ERR_CORRUPT;
    size_t side = span_eq(a->party, t->advertiser) ? 0 : 1;
    if (a->adjustment > 0)
        return apply_assent_adjustment(cx, v, t, side, index, e, ops);
    if (a->payable_micros != 0)
        return ERR_CORRUPT;
    enum err err = row_terms(v, cx->contract, (uint32_t)a->version, &row);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    if (row.assent[side].index > 0)
        return ERR_CORRUPT;
    row.assent[side].index = index;
    row.assent[side].at_ms = e->at_ms;
    put_terms(ops, cx, (uint32_t)a->version, &row);
    return ERR_OK;
}

static enum err apply_withdrawal(const struct fold_context *cx, const struct view *v, const struct terms *t,
                                 uint64_t index, const struct entry *e, struct row_ops *ops)
{
    const struct entry_withdrawal *w = &e->withdrawal;
    struct terms_row row;
    if (t == NULL || w->version < 1 || w->version > UINT32_MAX)
        return ERR_CORRUPT;
    size_t by = span_empty(w->jws) ? SIDES : !span_eq(w->by, t->advertiser);
    enum err err = row_terms(v, cx->contract, (uint32_t)w->version, &row);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    if (row.withdrawal[by].index > 0 || terms_row_withdrawn(&row, index) != NULL)
        return ERR_CORRUPT;
    row.withdrawal[by] = (struct said_row){index, e->at_ms};
    put_terms(ops, cx, (uint32_t)w->version, &row);
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
    const struct disposition_report r = {
        .trust = d->trust, .status = d->status, .lead = d->lead, .amount_micros = d->amount_micros};
    const struct disposition_facts facts = {.advertiser = true}; /* who says so is for decisions, not for rows */
    struct entry again;
    bool same = false;

    if (d->trust == TRUST_SYSTEM) {
        if (!rules->due(d->terms, d->lead, lead, entry_clock(e), &again))
            return false;
    } else if (rules->disposition(d->terms, &r, lead, &facts, entry_clock(e), &again, &same, NULL) != ERR_OK || same) {
        return false;
    }
    return again.disposition.status == d->status && again.disposition.payable_micros == d->payable_micros;
}

/* When, by its own word. That it was signed was verified before it was recorded, as fold asks again. */
static enum err signed_at(const struct entry_disposition *d, int64_t *ms)
{
    struct party_jws said;
    if (party_jws_read(d->jws, DISPOSITION_TYP, d->party, &said, NULL) != ERR_OK)
        return ERR_CORRUPT;
    *ms = said.at_ms;
    party_jws_close(&said);
    return ERR_OK;
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
    const struct lead_row before = row;
    if (row.due_ms)
        due(ops, cx, row.due_ms, d->lead, true);
    row.sale_micros = 0;
    row.sold = d->status == STATUS_CONVERTED && d->amount_micros > 0;
    if (d->status == STATUS_CONVERTED && !sale_share(&row, d->amount_micros, &row.sale_micros))
        return ERR_CORRUPT;
    row.status = d->status;
    row.due_ms = 0;
    row.changed_ms = entry_clock(e);
    row.last = index;
    if (d->trust == TRUST_COUNTERSIGNED && signed_at(d, &row.signed_ms) != ERR_OK)
        return ERR_CORRUPT;
    if (!row.approved_ms && status_payable(d->status)) {
        row.approved_ms = entry_clock(e);
        row.paid = index;
    }
    put_lead(ops, cx, d->lead, &row);
    if (layer_of(&before) != layer_of(&row)) {
        stand(ops, cx, d->lead, &before, false);
        stand(ops, cx, d->lead, &row, true);
    }
    if (before.status == STATUS_DUPLICATE)
        lead_on(ops, cx, d->lead, &row, NULL);
    struct move_row move = {.kind = ENTRY_DISPOSITION,
                            .lead = d->lead,
                            .status = d->status,
                            .was = before.status,
                            .micros = d->payable_micros,
                            .vat_ppm = t->vat_ppm};
    if (!move_earns(&move)) {
        enum correction which = move.micros < 0 ? CORRECTION_RETURNED : CORRECTION_REINSTATED;
        err = charged_at(v, cx->contract, &before, &move.vat_ppm);
        if (err == ERR_OK || err == ERR_NOT_FOUND)
            err = count_for_statement(ops, v, cx, SPAN(""), d->lead, which, move.micros);
        if (err != ERR_OK)
            return err;
    }
    put_move(ops, cx, index, &move);
    return count(ops, v, cx, &row, &before);
}

static enum err apply_party(const struct fold_context *cx, const struct view *v, uint64_t index,
                            const struct entry_party *p, struct row_ops *ops)
{
    struct trader_row row;
    struct row_op *op = add(ops, ROW_TRADERS);
    enum err err = trader_row_make(v, cx->contract, index, p, &row);
    if (err != ERR_OK)
        return err;
    row_index_key(op->key, cx->contract, index);
    op->key_len = 12;
    op->value_len = trader_row_write(&row, op->value);
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
    if (e->kind == ENTRY_ASSENT)
        return apply_assent(cx, v, t, index, e, out);
    if (e->kind == ENTRY_WITHDRAWAL)
        return apply_withdrawal(cx, v, t, index, e, out);
    if (e->kind == ENTRY_KEY)
        return apply_key(cx, &e->key, out);
    if (e->kind == ENTRY_ADJUSTMENT)
        return apply_adjustment(cx, v, t, index, e, out);
    if (e->kind == ENTRY_PARTY)
        return apply_party(cx, v, index, &e->party, out);
    if (e->kind == ENTRY_STATEMENT)
        return apply_statement(cx, index, &e->statement, out);
    return e->kind == ENTRY_LEAD ? apply_lead(cx, v, t, index, e, priv, out) : ERR_OK;
}
