/* Rows and leads, each with its other half. */
#include "common/reconcile/reconcile.h"

#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "common/base/money.h"
#include "common/base/utf8.h"
#include "common/base/when.h"
#include "common/reconcile/reconcile_private.h"

static const char *const outcome_words[] = {
#define X(symbol, word, meaning) word,
    OUTCOME_TABLE(X)
#undef X
};

static const char *const cause_words[] = {
#define X(symbol, word, meaning) word,
    CAUSE_TABLE(X)
#undef X
};

const char *outcome_word(enum outcome o)
{
    return outcome_words[o];
}

const char *cause_word(enum cause c)
{
    return cause_words[c];
}

/* ---- life ---- */

enum err reconcile_open(struct reconcile **out, const struct reconcile_asked *asked, struct problem *p)
{
    if (asked->rows.len > RECONCILE_BYTES)
        return problem(p, ERR_TOO_LARGE, "", "has more than %d MiB: divide it, by months for example",
                       RECONCILE_BYTES >> 20);
    struct reconcile *r = xcalloc(1, sizeof *r);
    r->asked = *asked;
    if (asked->most_rows == 0)
        r->asked.most_rows = RECONCILE_ROWS;
    if (asked->most_leads == 0)
        r->asked.most_leads = RECONCILE_LEADS;
    r->unit_micros = micros_per_minor(currency_exponent(asked->currency));
    buf_heap(&r->texts);
    enum err err = sheet_open(&r->sheet, asked->rows, p);
    if (err == ERR_OK && (err = columns_find(r, p)) == ERR_OK)
        err = rows_read(r, p);
    if (err == ERR_OK)
        *out = r;
    else
        reconcile_close(r);
    return err;
}

void reconcile_close(struct reconcile *r)
{
    if (r == NULL)
        return;
    sheet_close(&r->sheet);
    buf_free(&r->texts);
    free(r->rows);
    free(r->leads);
    free(r->by_lead.of);
    free(r->by_txid.of);
    free(r->by_click.of);
    free(r->by_request.of);
    free(r->refusals);
    free(r->days);
    free(r);
}

uint64_t reconcile_rows(const struct reconcile *r)
{
    return r->n_rows;
}

/* ---- leads ---- */

static void unpair(struct reconcile *r, struct own_row *w)
{
    r->leads[w->pair - 1].row = 0;
    w->pair = 0;
}

static void pair(struct reconcile *r, struct own_row *w, struct own_lead *l, bool by_lead)
{
    if (w->pair != 0)
        unpair(r, w);
    w->pair = (uint32_t)(l - r->leads) + 1;
    w->by_lead = by_lead;
    l->row = (uint32_t)(w - r->rows) + 1;
}

/* Of two leads with one txid: the caller's own, then one that was not refused as it came, then the later. */
static bool is_better(const struct own_lead *l, const struct own_lead *than)
{
    if (l->own != than->own)
        return l->own;
    return l->stood || !than->stood;
}

/* Other rows with the same key are twins of the one that has the lead. */
static void mark_twins(struct reconcile *r, const struct keys *k, uint64_t hi, uint64_t lo, const struct own_row *has)
{
    for (const struct key *at = keys_find(k, hi, lo); at != NULL && key_is(k, at, hi, lo); at++) {
        struct own_row *w = &r->rows[at->row];
        if (w != has && w->pair == 0 && w->twin == 0)
            w->twin = (uint32_t)(has - r->rows) + 1;
    }
}

static void find_row(struct reconcile *r, struct own_lead *l, const uint8_t txid[16])
{
    uint64_t hi = load_be64(txid), lo = load_be64(txid + 8);
    const struct key *key = keys_find(&r->by_lead, 0, l->index + 1);
    if (key != NULL)
        pair(r, &r->rows[key->row], l, true);
    const struct key *named = l->txid_len > 0 ? keys_find(&r->by_txid, hi, lo) : NULL;
    if (named != NULL)
        r->n_by_txid++;
    if (l->row == 0 && named != NULL) {
        struct own_row *w = &r->rows[named->row];
        if (w->pair == 0 || (!w->by_lead && is_better(l, &r->leads[w->pair - 1])))
            pair(r, w, l, false);
    }
    if (l->row == 0)
        return;
    mark_twins(r, &r->by_lead, 0, l->index + 1, &r->rows[l->row - 1]);
    if (named != NULL)
        mark_twins(r, &r->by_txid, hi, lo, &r->rows[l->row - 1]);
}

enum err reconcile_lead(struct reconcile *r, uint64_t index, int64_t at_ms, const struct entry_lead *l)
{
    struct own_lead one = {
        .index = index,
        .click = l->has_click ? click_name(l->click, l->click_unrecorded) : 0,
        .at_ms = at_ms,
        .offset_s = (int32_t)l->utc_offset_s,
        .reason = (uint8_t)l->reason,
        .test = l->test || l->reason == REASON_TEST,
        .own = span_eq(l->party, r->asked.party) && l->party.len > 0,
        .stood = l->status != STATUS_REJECTED && l->status != STATUS_DUPLICATE,
        .dup_here = l->dup_contract.len > 0 && !span_is(l->dup_contract, DUP_ELSEWHERE),
        .dup = l->dup_index,
    };
    uint8_t txid[16] = {0};
    one.inside = bound_holds(r, at_ms, lead_wall(&one));
    if (l->txid.len > 0)
        txid_hash(l->txid, txid);
    bool wanted = one.inside || keys_find(&r->by_lead, 0, index + 1) != NULL ||
                  (one.click != 0 && keys_find(&r->by_click, 0, one.click) != NULL) ||
                  (l->txid.len > 0 && keys_find(&r->by_txid, load_be64(txid), load_be64(txid + 8)) != NULL);
    if (one.inside)
        r->last_offset_ms = one.offset_s * MS_PER_S;
    if (!wanted)
        return ERR_OK;
    if (r->n_leads == r->asked.most_leads || r->texts.len > UINT32_MAX - LIMIT_TXID)
        return ERR_TOO_LARGE;
    if (r->n_leads == r->leads_room) {
        r->leads_room = r->leads_room + r->leads_room / 2 + 1024;
        r->leads = xrealloc(r->leads, r->leads_room * sizeof *r->leads);
    }
    one.txid = (uint32_t)r->texts.len;
    one.txid_len = (uint32_t)l->txid.len;
    buf_span_add(&r->texts, l->txid);
    r->leads[r->n_leads] = one;
    find_row(r, &r->leads[r->n_leads++], txid);
    return ERR_OK;
}

/* ---- by their click ---- */

static bool has_txid(const struct own_row *w)
{
    return w->txid[0] != 0;
}

/* Leads and rows that are left, in their order, of one click. `strict`: not where both have a txid, which then name two
 * leads; where no row's txid is known to the log, they are of two books. */
static void pair_by_click(struct reconcile *r, bool strict)
{
    for (size_t i = 0; i < r->n_leads; i++) {
        struct own_lead *l = &r->leads[i];
        if (l->row != 0 || l->click == 0)
            continue;
        const struct key *at = keys_find(&r->by_click, 0, l->click);
        for (; at != NULL && key_is(&r->by_click, at, 0, l->click) && l->row == 0; at++) {
            struct own_row *w = &r->rows[at->row];
            if (w->pair == 0 && w->twin == 0 && w->lead == 0 && !(strict && has_txid(w) && l->txid_len > 0))
                pair(r, w, l, false);
        }
    }
}

/* A row that names no lead of the log, and the same as a row before it. */
static void pair_twins(struct reconcile *r, const struct keys *k)
{
    for (size_t i = 1; i < k->n; i++) {
        const struct key *first = &k->of[i - 1], *next = &k->of[i];
        if (next->hi != first->hi || next->lo != first->lo)
            continue;
        struct own_row *w = &r->rows[next->row], *before = &r->rows[first->row];
        if (w->pair == 0 && w->twin == 0)
            w->twin = before->twin != 0 && before->pair == 0 ? before->twin : first->row + 1;
    }
}

/* Rows that name a lead by nothing but a click that has fewer leads. */
static void pair_click_twins(struct reconcile *r)
{
    const struct keys *k = &r->by_click;
    for (size_t i = 0, from = 0; i < k->n; i++) {
        if (k->of[i].lo != k->of[from].lo)
            from = i;
        struct own_row *w = &r->rows[k->of[i].row];
        if (i > from && w->pair == 0 && w->twin == 0 && !has_txid(w) && w->lead == 0)
            w->twin = k->of[from].row + 1;
    }
}

/* ---- what became of each ---- */

static int64_t micros_of(const struct lead_row *row)
{
    switch (row->status) {
    case STATUS_PENDING:
    case STATUS_HELD:
        return row->payout_micros;
    case STATUS_APPROVED:
    case STATUS_CONVERTED:
        return row->payout_micros + row->sale_micros;
    default:
        return 0;
    }
}

enum err reconcile_match(struct reconcile *r, lead_became *became, void *ctx)
{
    pair_by_click(r, true);
    if (r->n_by_txid == 0)
        pair_by_click(r, false);
    pair_twins(r, &r->by_lead);
    pair_twins(r, &r->by_txid);
    pair_click_twins(r);
    for (size_t i = 0; i < r->n_leads; i++) {
        struct own_lead *l = &r->leads[i];
        struct lead_row row;
        enum err err = became(ctx, l->index, &row);
        if (err != ERR_OK)
            return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
        l->status = (uint8_t)row.status;
        l->micros = micros_of(&row);
        l->sale_micros = lead_state(l) == STATE_PAID ? row.sale_micros : 0;
    }
    return ERR_OK;
}

/* ---- clicks and refusals ---- */

bool reconcile_wants_click(const struct reconcile *r, size_t *at, uint64_t *index)
{
    for (; *at < r->by_click.n; ++*at) {
        const struct key *k = &r->by_click.of[*at];
        if (r->rows[k->row].pair == 0) {
            *index = k->lo - 1;
            do
                ++*at;
            while (*at < r->by_click.n && r->by_click.of[*at].lo == k->lo);
            return true;
        }
    }
    return false;
}

void reconcile_click(struct reconcile *r, uint64_t index, enum class class)
{
    const struct key *at = keys_find(&r->by_click, 0, index + 1);
    for (; at != NULL && key_is(&r->by_click, at, 0, index + 1); at++)
        r->rows[at->row].class = (uint8_t) class;
}

void reconcile_refusals(struct reconcile *r)
{
    r->asks_refusals = true;
}

void reconcile_refusal(struct reconcile *r, int64_t at_ms, struct span request_id, struct span reason)
{
    uint8_t id[8] = {0};
    size_t len;
    struct refusal_told told = {.at_ms = at_ms};
    if (hex_decode(request_id, id, sizeof id, &len) == ERR_OK)
        told.request = load_be64(id);
    reason = utf8_cut(reason, sizeof told.reason - 1);
    memcpy(told.reason, reason.ptr, reason.len);
    r->refusals = xrealloc(r->refusals, (r->n_refusals + 1) * sizeof *r->refusals);
    r->refusals[r->n_refusals++] = told;
}
