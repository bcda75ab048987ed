#include "common/decisions/rows.h"

#include <assert.h>

#include "common/base/bytes.h"
#include "common/base/id.h"
#include "common/base/money.h"
#include "common/base/when.h"
#include "common/decisions/attribution.h"
#include "common/decisions/row_write.h"

enum { TXID_CAMPAIGN = 20, DEDUPE_TOKEN = 5, DEDUPE_LAYER = DEDUPE_TOKEN + TOKEN_LEN };
enum { DEDUPE_AT = DEDUPE_LAYER + 1, DEDUPE_LEAD = DEDUPE_AT + 8 };
enum { MOVE_ROW_LEN = 24, TXID_ROW_LEN = 12 + HASH_LEN, REPEATS_LEN = 13 };

const char *row_table_name(enum row_table t)
{
    static const char *const names[ROW_TABLES] = {
#define X(symbol, word, meaning) [ROW_##symbol] = word,
        ROW_TABLE(X)
#undef X
    };
    assert(t < ROW_TABLES);
    return names[t];
}

/* ---- what numbers can be ---- */

static bool is_index(uint64_t index)
{
    return index <= JSON_INT_MAX;
}

/* 0 where a time may be missing. */
static bool is_time(int64_t ms, bool optional)
{
    return ms <= JSON_INT_MAX && (ms > 0 || (optional && ms == 0));
}

static bool is_utc_offset(int64_t s)
{
    return s >= -UTC_OFFSET_MAX_S && s <= UTC_OFFSET_MAX_S;
}

static bool is_money(int64_t micros)
{
    return micros >= -MONEY_MAX_MICROS && micros <= MONEY_MAX_MICROS;
}

/* ---- keys ---- */

void row_index_key(uint8_t key[12], uint32_t contract, uint64_t index)
{
    store_be32(key, contract);
    store_be64(key + 4, index);
}

/* The latest first. */
void row_dedupe_key(uint8_t key[DEDUPE_KEY_LEN], uint32_t scope, const struct identity_key *k, int64_t at_ms,
                    uint32_t contract, uint64_t index)
{
    store_be32(key, scope);
    key[4] = (uint8_t)k->kind;
    memcpy(key + DEDUPE_TOKEN, k->token, TOKEN_LEN);
    key[DEDUPE_LAYER] = (uint8_t)k->layer;
    store_be64(key + DEDUPE_AT, ~(uint64_t)at_ms);
    row_index_key(key + DEDUPE_LEAD, contract, index);
}

size_t row_txid_key(uint8_t key[TXID_KEY_MAX], uint32_t advertiser, struct span txid, uint32_t campaign,
                    struct span party)
{
    uint8_t hash[HASH_LEN];
    assert(party.len <= LIMIT_ID);
    sha256(txid.ptr, txid.len, hash);
    store_be32(key, advertiser);
    memcpy(key + 4, hash, TOKEN_LEN);
    store_be32(key + TXID_CAMPAIGN, campaign);
    memcpy(key + TXID_HEAD_LEN, party.ptr, party.len);
    return TXID_HEAD_LEN + party.len;
}

void row_share_key(uint8_t key[SHARE_KEY_LEN], uint32_t campaign, const uint8_t lead[TOKEN_LEN], uint32_t contract,
                   uint64_t index)
{
    store_be32(key, campaign);
    memcpy(key + 4, lead, TOKEN_LEN);
    row_index_key(key + SHARE_PART, contract, index);
}

void row_click_lead_key(uint8_t key[CLICK_LEAD_KEY_LEN], uint32_t contract, uint64_t click, uint64_t lead)
{
    row_index_key(key, contract, click);
    store_be64(key + 12, lead);
}

void row_due_key(uint8_t key[DUE_KEY_LEN], int64_t due_ms, uint32_t contract, uint64_t index)
{
    store_be64(key, (uint64_t)due_ms);
    row_index_key(key + 8, contract, index);
}

void row_cap_key(uint8_t key[CAP_KEY_LEN], enum cap_scope scope, uint32_t number, enum cap_period period, int64_t at_ms,
                 int64_t utc_offset_s)
{
    key[0] = (uint8_t)scope;
    store_be32(key + 1, number);
    key[5] = (uint8_t)period;
    store_be32(key + 6, (uint32_t)(period == CAP_OF_DAY ? time_local_day(at_ms, utc_offset_s)
                                                        : time_local_month(at_ms, utc_offset_s)));
}

void row_terms_key(uint8_t key[TERMS_KEY_LEN], uint32_t contract, uint32_t version)
{
    store_be32(key, contract);
    store_be32(key + 4, version);
}

size_t row_party_key_key(uint8_t key[PARTY_KEY_MAX], uint32_t contract, struct span party)
{
    assert(party.len <= LIMIT_ID);
    store_be32(key, contract);
    memcpy(key + 4, party.ptr, party.len);
    return 4 + party.len;
}

enum err due_key_read(struct span key, int64_t *due_ms, uint32_t *contract, uint64_t *index)
{
    if (key.len != DUE_KEY_LEN || !is_time((int64_t)load_be64(key.ptr), false) || load_be32(key.ptr + 8) == 0 ||
        !is_index(load_be64(key.ptr + 12)))
        return ERR_CORRUPT;
    *due_ms = (int64_t)load_be64(key.ptr);
    *contract = load_be32(key.ptr + 8);
    *index = load_be64(key.ptr + 12);
    return ERR_OK;
}

/* ---- values ---- */

enum {
    HAS_CLICK = 1,
    HAS_EMAIL = 2,
    HAS_PHONE = 4,
    HAS_TXID = 8,
    UNRECORDED = 16,
    KNOWN = 32,
    UNPROVEN = 64,
    SOLD = 128
};
_Static_assert(HAS_EMAIL == CONTACT_EMAIL << 1 && HAS_PHONE == CONTACT_PHONE << 1, "contacts are shifted");

static uint8_t who_flags(const struct identity *who)
{
    return (uint8_t)((who->has_click ? HAS_CLICK : 0) | who->contacts << 1 | (who->has_txid ? HAS_TXID : 0) |
                     (who->click_unrecorded ? UNRECORDED : 0) | (who->known ? KNOWN : 0));
}

/* What its flags do not tell of is zeros. */
static bool who_read(const uint8_t *v, struct identity *who)
{
    uint8_t flags = v[2];
    *who = (struct identity){.known = flags & KNOWN,
                             .has_click = flags & HAS_CLICK,
                             .click_unrecorded = flags & UNRECORDED,
                             .has_txid = flags & HAS_TXID,
                             .contacts = (flags & (HAS_EMAIL | HAS_PHONE)) >> 1,
                             .click = load_be64(v + 36)};
    memcpy(who->email, v + 72, TOKEN_LEN);
    memcpy(who->phone, v + 88, TOKEN_LEN);
    memcpy(who->txid, v + 104, TOKEN_LEN);
    static const uint8_t none[TOKEN_LEN];
    return (who->has_click || (!who->click_unrecorded && !who->click)) &&
           (who->contacts & CONTACT_EMAIL || memcmp(who->email, none, TOKEN_LEN) == 0) &&
           (who->contacts & CONTACT_PHONE || memcmp(who->phone, none, TOKEN_LEN) == 0) &&
           (who->has_txid || memcmp(who->txid, none, TOKEN_LEN) == 0);
}

size_t lead_row_write(const struct lead_row *r, uint8_t *out)
{
    out[0] = (uint8_t)r->status;
    out[1] = (uint8_t)r->reason;
    out[2] = (uint8_t)(who_flags(&r->who) | (r->unproven ? UNPROVEN : 0) | (r->sold ? SOLD : 0));
    out[3] = (uint8_t)(r->tier + 1);
    store_be64(out + 4, (uint64_t)r->at_ms);
    store_be64(out + 12, (uint64_t)r->payout_micros);
    store_be64(out + 20, (uint64_t)r->due_ms);
    store_be64(out + 28, (uint64_t)r->approved_ms);
    store_be64(out + 36, r->who.click);
    store_be64(out + 44, r->last);
    store_be64(out + 52, r->terms);
    store_be32(out + 60, (uint32_t)r->return_days);
    store_be64(out + 64, (uint64_t)r->changed_ms);
    memcpy(out + 72, r->who.email, TOKEN_LEN);
    memcpy(out + 88, r->who.phone, TOKEN_LEN);
    memcpy(out + 104, r->who.txid, TOKEN_LEN);
    store_be32(out + 120, (uint32_t)r->utc_offset_s);
    memcpy(out + 124, r->share.lead, TOKEN_LEN);
    store_be32(out + 140, r->share.from);
    store_be32(out + 144, r->share.to);
    store_be32(out + 148, (uint32_t)r->sale_ppm);
    store_be64(out + 152, (uint64_t)r->sale_micros);
    store_be64(out + 160, (uint64_t)r->signed_ms);
    store_be32(out + 168, r->clock_steps);
    out[172] = r->clock_unsure;
    store_be64(out + 173, r->paid);
    return LEAD_ROW_LEN;
}

static void share_read(const uint8_t *v, struct share *out)
{
    memcpy(out->lead, v, TOKEN_LEN);
    out->from = load_be32(v + TOKEN_LEN);
    out->to = load_be32(v + TOKEN_LEN + 4);
}

/* A part of something, or zeros. */
static bool share_ok(const struct share *s)
{
    static const uint8_t none[TOKEN_LEN];
    return s->to ? share_is_part(s->from, s->to) : s->from == 0 && memcmp(s->lead, none, TOKEN_LEN) == 0;
}

enum err lead_row_read(struct span value, struct lead_row *out)
{
    const uint8_t *v = (const uint8_t *)value.ptr;
    struct identity who;
    if (value.len != LEAD_ROW_LEN || v[0] >= STATUS_COUNT || v[1] >= REASON_COUNT || !who_read(v, &who))
        return ERR_CORRUPT;
    struct lead_row r = {
        .status = v[0],
        .reason = v[1],
        .at_ms = (int64_t)load_be64(v + 4),
        .payout_micros = (int64_t)load_be64(v + 12),
        .due_ms = (int64_t)load_be64(v + 20),
        .approved_ms = (int64_t)load_be64(v + 28),
        .last = load_be64(v + 44),
        .terms = load_be64(v + 52),
        .return_days = load_be32(v + 60),
        .changed_ms = (int64_t)load_be64(v + 64),
        .unproven = v[2] & UNPROVEN,
        .sold = v[2] & SOLD,
        .utc_offset_s = (int32_t)load_be32(v + 120),
        .sale_ppm = load_be32(v + 148),
        .tier = v[3] - 1,
        .sale_micros = (int64_t)load_be64(v + 152),
        .signed_ms = (int64_t)load_be64(v + 160),
        .clock_steps = load_be32(v + 168),
        .clock_unsure = v[172] == 1,
        .paid = load_be64(v + 173),
        .who = who,
    };
    share_read(v + 124, &r.share);
    if (!is_time(r.at_ms, false) || !is_time(r.due_ms, true) || !is_time(r.approved_ms, true) ||
        !is_time(r.changed_ms, false) || !is_time(r.signed_ms, true) || !is_money(r.payout_micros) ||
        r.payout_micros < 0 || r.return_days > LIMIT_RETURN_DAYS || !is_utc_offset(r.utc_offset_s) ||
        !is_money(r.sale_micros) || r.sale_micros < 0 || r.sale_ppm > 1000000 || r.tier >= LIMIT_TIERS ||
        (r.sold && r.status != STATUS_CONVERTED) || (r.sale_micros && !r.sold) || !is_index(r.who.click) ||
        !is_index(r.last) || !is_index(r.terms) || !is_index(r.paid) || (r.paid > 0 && r.approved_ms == 0) ||
        !share_ok(&r.share) || v[172] > 1)
        return ERR_CORRUPT;
    *out = r;
    return ERR_OK;
}

size_t move_row_write(const struct move_row *r, uint8_t *out)
{
    out[0] = (uint8_t)r->kind;
    out[1] = (uint8_t)r->status;
    out[2] = (uint8_t)r->reason;
    out[3] = r->kind == ENTRY_DISPOSITION ? (uint8_t)(1 + r->was) : 0;
    store_be64(out + 4, r->lead);
    store_be64(out + 12, (uint64_t)r->micros);
    store_be32(out + 20, (uint32_t)r->vat_ppm);
    return MOVE_ROW_LEN;
}

enum err move_row_read(struct span value, struct move_row *out)
{
    const uint8_t *v = (const uint8_t *)value.ptr;
    bool kind =
        value.len == MOVE_ROW_LEN && (v[0] == ENTRY_LEAD || v[0] == ENTRY_DISPOSITION || v[0] == ENTRY_ADJUSTMENT);
    if (!kind || v[1] >= STATUS_COUNT || v[2] >= REASON_COUNT || (v[3] != 0) != (v[0] == ENTRY_DISPOSITION) ||
        v[3] > STATUS_COUNT || !is_index(load_be64(v + 4)) || !is_money((int64_t)load_be64(v + 12)) ||
        load_be32(v + 20) > VAT_MAX_PPM)
        return ERR_CORRUPT;
    *out = (struct move_row){.kind = v[0],
                             .status = v[1],
                             .reason = v[2],
                             .was = v[3] != 0 ? v[3] - 1 : 0,
                             .lead = load_be64(v + 4),
                             .micros = (int64_t)load_be64(v + 12),
                             .vat_ppm = load_be32(v + 20)};
    return ERR_OK;
}

size_t cap_row_write(const struct cap_row *r, uint8_t *out)
{
    store_be64(out, r->leads);
    store_be64(out + 8, (uint64_t)(r->micros >> 64));
    store_be64(out + 16, (uint64_t)r->micros);
    return CAP_ROW_LEN;
}

enum err cap_row_read(struct span value, struct cap_row *out)
{
    if (value.len != CAP_ROW_LEN || load_be64(value.ptr + 8) > INT64_MAX)
        return ERR_CORRUPT;
    *out = (struct cap_row){.leads = load_be64(value.ptr),
                            .micros = (wide_micros)load_be64(value.ptr + 8) << 64 | load_be64(value.ptr + 16)};
    return ERR_OK;
}

size_t txid_row_write(uint32_t contract, uint64_t index, const uint8_t facts_sha256[HASH_LEN], uint8_t *out)
{
    row_index_key(out, contract, index);
    memcpy(out + 12, facts_sha256, HASH_LEN);
    return TXID_ROW_LEN;
}

size_t repeats_row_write(bool weak, uint32_t contract, uint64_t index, uint8_t *out)
{
    out[0] = weak;
    store_be32(out + 1, contract);
    store_be64(out + 5, index);
    return REPEATS_LEN;
}

/* ---- what a row repeats of its entry ---- */

static bool lead_repeats(const struct lead_row *r, const struct entry *e)
{
    const struct entry_lead *l = &e->lead;
    bool accepted = l->status == STATUS_PENDING || l->status == STATUS_HELD || l->status == STATUS_APPROVED;
    return e->kind == ENTRY_LEAD && r->at_ms == entry_clock(e) && r->reason == l->reason && r->terms == l->terms &&
           r->utc_offset_s == l->utc_offset_s && r->who.has_click == l->has_click &&
           (!l->has_click || r->who.click == l->click) && r->share.from == l->share_from &&
           r->share.to == l->share_to && (!l->share_to || memcmp(r->share.lead, l->commitment.b, TOKEN_LEN) == 0) &&
           (!accepted || r->payout_micros == l->payout_micros);
}

static bool move_repeats(const struct move_row *m, uint64_t index, const struct entry *e)
{
    if (e->kind == ENTRY_LEAD)
        return m->kind == e->kind && m->lead == index && m->status == e->lead.status && m->reason == e->lead.reason &&
               m->micros == (e->lead.status == STATUS_APPROVED ? e->lead.payout_micros : 0);
    if (e->kind == ENTRY_ADJUSTMENT || e->kind == ENTRY_ASSENT)
        return m->kind == ENTRY_ADJUSTMENT && m->micros == entry_payable_micros(e) &&
               m->lead == (e->kind == ENTRY_ASSENT ? e->assent.adjustment : index);
    return e->kind == ENTRY_DISPOSITION && m->kind == e->kind && m->lead == e->disposition.lead &&
           m->status == e->disposition.status && m->micros == e->disposition.payable_micros;
}

static bool adjustment_repeats(const struct adjustment_row *r, uint64_t index, const struct entry *e)
{
    const struct entry_adjustment *a = &e->adjustment;
    return e->kind == ENTRY_ADJUSTMENT && r->at_ms == e->at_ms && r->micros == a->micros && r->lead == a->lead &&
           r->on_assent == a->on_assent && span_is(a->statement, r->statement) && span_eq(a->reason, r->reason) &&
           (a->on_assent || r->counts == index);
}

enum err row_repeats(enum row_table t, struct span value, uint64_t index, const struct entry *e)
{
    struct lead_row lead;
    struct move_row move;
    struct adjustment_row adjustment;
    enum err err = t == ROW_LEADS         ? lead_row_read(value, &lead)
                   : t == ROW_MOVES       ? move_row_read(value, &move)
                   : t == ROW_ADJUSTMENTS ? adjustment_row_read(value, &adjustment)
                                          : ERR_OK;
    if (err != ERR_OK)
        return err;
    bool same = t == ROW_LEADS         ? lead_repeats(&lead, e)
                : t == ROW_MOVES       ? move_repeats(&move, index, e)
                : t == ROW_ADJUSTMENTS ? adjustment_repeats(&adjustment, index, e)
                                       : true;
    return same ? ERR_OK : ERR_CORRUPT;
}

/* ---- reading through a view ---- */

/* The row under a key of its table's one length. A key that begins with it and goes on is none of ours: it may have
 * been this row's. */
static enum err get(const struct view *v, enum row_table t, struct span key, struct span *value)
{
    struct span found;
    enum err err = v->seek(v->ctx, t, key, &found, value);
    if (err != ERR_OK)
        return err;
    if (found.len < key.len || memcmp(found.ptr, key.ptr, key.len) != 0)
        return ERR_NOT_FOUND;
    return found.len == key.len ? ERR_OK : ERR_CORRUPT;
}

enum err row_lead(const struct view *v, uint32_t contract, uint64_t index, struct lead_row *out)
{
    uint8_t key[12];
    struct span value;
    row_index_key(key, contract, index);
    enum err err = get(v, ROW_LEADS, span_of(key, sizeof key), &value);
    return err == ERR_OK ? lead_row_read(value, out) : err;
}

enum err row_move(const struct view *v, uint32_t contract, uint64_t index, struct move_row *out)
{
    uint8_t key[12];
    struct span value;
    row_index_key(key, contract, index);
    enum err err = get(v, ROW_MOVES, span_of(key, sizeof key), &value);
    return err == ERR_OK ? move_row_read(value, out) : err;
}

/* The contract's first row from an index on, in a table whose keys are contract and index. */
static enum err indexed_next(const struct view *v, enum row_table t, uint32_t contract, uint64_t from, uint64_t *index,
                             struct span *value)
{
    uint8_t first[12];
    struct span key;
    row_index_key(first, contract, from);
    enum err err = v->seek(v->ctx, t, span_of(first, sizeof first), &key, value);
    if (err != ERR_OK)
        return err;
    if (key.len < 4 || (load_be32(key.ptr) == contract && key.len != sizeof first))
        return ERR_CORRUPT;
    if (load_be32(key.ptr) != contract)
        return ERR_NOT_FOUND;
    *index = load_be64(key.ptr + 4);
    return ERR_OK;
}

/* Passes the moves below `end`, up to a lead's. ERR_NOT_FOUND: there was none, or the rows ran out. */
static enum err lead_move_next(struct lead_walk *w, uint64_t end, uint64_t *index)
{
    while (w->at < end && w->rows > 0) {
        struct span value;
        struct move_row move;
        uint64_t at;
        w->rows--;
        enum err err = indexed_next(w->view, ROW_MOVES, w->contract, w->at, &at, &value);
        if (err == ERR_NOT_FOUND || (err == ERR_OK && at >= end)) {
            w->at = end;
            return ERR_NOT_FOUND;
        }
        if (err != ERR_OK || (err = move_row_read(value, &move)) != ERR_OK)
            return err;
        w->at = at + 1;
        if (move.kind == ENTRY_LEAD) {
            *index = at;
            return ERR_OK;
        }
    }
    return ERR_NOT_FOUND;
}

enum err lead_walk_next(struct lead_walk *w, uint64_t to, uint64_t *index, struct lead_row *row)
{
    struct span value;
    struct lead_row lead;
    uint64_t at = to, moved = to;
    enum err err = indexed_next(w->view, ROW_LEADS, w->contract, w->at, &at, &value);
    bool found = err == ERR_OK && at < to;
    if (found)
        err = lead_row_read(value, &lead);
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    uint64_t end = found ? at + 1 : to;
    err = lead_move_next(w, end, &moved);
    if (err == ERR_NOT_FOUND)
        return found && w->at == end ? ERR_CORRUPT : err;
    if (err != ERR_OK)
        return err;
    if (!found || moved != at)
        return ERR_CORRUPT;
    *index = at;
    *row = lead;
    return ERR_OK;
}

static enum err txid_row_read(struct span key, struct span value, struct txid_row *out)
{
    if (key.len < TXID_HEAD_LEN || key.len > TXID_KEY_MAX || value.len != TXID_ROW_LEN ||
        load_be32(key.ptr + TXID_CAMPAIGN) == 0 || load_be32(value.ptr) == 0 || !is_index(load_be64(value.ptr + 4)))
        return ERR_CORRUPT;
    *out = (struct txid_row){.campaign = load_be32(key.ptr + TXID_CAMPAIGN),
                             .contract = load_be32(value.ptr),
                             .index = load_be64(value.ptr + 4)};
    memcpy(out->party, key.ptr + TXID_HEAD_LEN, key.len - TXID_HEAD_LEN);
    memcpy(out->facts_sha256, value.ptr + 12, HASH_LEN);
    return ERR_OK;
}

enum err row_txid(const struct view *v, uint32_t advertiser, uint32_t campaign, struct span party, struct span txid,
                  struct txid_row *out)
{
    uint8_t key[TXID_KEY_MAX];
    struct span value;
    struct span at = span_of(key, row_txid_key(key, advertiser, txid, campaign, party));
    /* every key of the campaign begins with that of nobody's */
    enum err err = span_empty(party) ? v->get(v->ctx, ROW_TXIDS, at, &value) : get(v, ROW_TXIDS, at, &value);
    return err == ERR_OK ? txid_row_read(at, value, out) : err;
}

enum err row_txid_next(const struct view *v, uint32_t advertiser, struct span txid, struct txid_row *row)
{
    uint8_t from[TXID_KEY_MAX + 1];
    struct span key, value;
    size_t len = row_txid_key(from, advertiser, txid, row->campaign, span_str(row->party));
    from[len++] = 0; /* right behind it */
    enum err err = v->seek(v->ctx, ROW_TXIDS, span_of(from, row->campaign != 0 ? len : TXID_CAMPAIGN), &key, &value);
    if (err != ERR_OK)
        return err;
    if (key.len < TXID_CAMPAIGN)
        return ERR_CORRUPT;
    return memcmp(key.ptr, from, TXID_CAMPAIGN) == 0 ? txid_row_read(key, value, row) : ERR_NOT_FOUND;
}

/* What a duplicate's row says of the lead that it repeats. */
static enum err repeats_read(struct span value, struct dedupe_row *out)
{
    const uint8_t *v = (const uint8_t *)value.ptr;
    if (value.len != REPEATS_LEN || v[0] > 1 || load_be32(v + 1) == 0 || !is_index(load_be64(v + 5)))
        return ERR_CORRUPT;
    out->weak = v[0];
    out->repeats = (struct place){.contract = load_be32(v + 1), .index = load_be64(v + 5)};
    return ERR_OK;
}

enum err row_dedupe_next(const struct view *v, uint32_t scope, const struct identity_key *k, int64_t from_ms,
                         int64_t to_ms, struct dedupe_row *row)
{
    uint8_t from[DEDUPE_KEY_LEN];
    struct span key, value;
    bool first = row->at.contract == 0;
    row_dedupe_key(from, scope, k, first ? to_ms : row->at.at_ms, row->at.contract, first ? 0 : row->at.index + 1);
    enum err err = v->seek(v->ctx, ROW_DEDUPE, span_of(from, sizeof from), &key, &value);
    row->more = false;
    if (err != ERR_OK)
        return err;
    row->more = key.len >= DEDUPE_AT && memcmp(key.ptr, from, DEDUPE_LAYER) == 0;
    if (key.len >= DEDUPE_AT && memcmp(key.ptr, from, DEDUPE_AT) != 0)
        return ERR_NOT_FOUND;
    if (key.len != sizeof from)
        return ERR_CORRUPT;
    struct dedupe_row next = {
        .more = true,
        .at = {.at_ms = (int64_t)~load_be64(key.ptr + DEDUPE_AT),
               .contract = load_be32(key.ptr + DEDUPE_LEAD),
               .index = load_be64(key.ptr + DEDUPE_LEAD + 4)},
    };
    if (!is_time(next.at.at_ms, false) || next.at.contract == 0 || !is_index(next.at.index))
        return ERR_CORRUPT;
    bool repeats = k->layer == KEY_HERE || k->layer == KEY_ANYWHERE;
    if (repeats ? repeats_read(value, &next) != ERR_OK : value.len != 0)
        return ERR_CORRUPT;
    if (next.at.at_ms < from_ms)
        return ERR_NOT_FOUND;
    *row = next;
    return ERR_OK;
}

enum err row_parts(const struct view *v, uint32_t campaign, const struct share *share, struct place out[LIMIT_TOUCHES],
                   size_t *n)
{
    uint8_t from[SHARE_KEY_LEN];
    struct span key, value;
    enum err err;
    *n = 0;
    row_share_key(from, campaign, share->lead, 0, 0);
    while ((err = v->seek(v->ctx, ROW_SHARES, span_of(from, sizeof from), &key, &value)) == ERR_OK &&
           key.len >= SHARE_PART && memcmp(key.ptr, from, SHARE_PART) == 0) {
        if (key.len != sizeof from || value.len != 0 || *n == LIMIT_TOUCHES)
            return ERR_CORRUPT;
        struct place p = {.contract = load_be32(key.ptr + SHARE_PART), .index = load_be64(key.ptr + SHARE_PART + 4)};
        if (p.contract == 0 || !is_index(p.index))
            return ERR_CORRUPT;
        out[(*n)++] = p;
        row_share_key(from, campaign, share->lead, p.contract, p.index + 1);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

bool row_dedupe_lead(struct span key, uint32_t *contract, uint64_t *index)
{
    if (key.len != DEDUPE_KEY_LEN)
        return false;
    *contract = load_be32(key.ptr + DEDUPE_LEAD);
    *index = load_be64(key.ptr + DEDUPE_LEAD + 4);
    return true;
}

enum err row_click_lead_from(const struct view *v, uint32_t contract, uint64_t click, uint64_t from_lead,
                             uint64_t *lead)
{
    uint8_t from[CLICK_LEAD_KEY_LEN];
    struct span key, value;
    row_click_lead_key(from, contract, click, from_lead);
    enum err err = v->seek(v->ctx, ROW_CLICK_LEADS, span_of(from, sizeof from), &key, &value);
    if (err != ERR_OK)
        return err;
    if (key.len >= 12 && memcmp(key.ptr, from, 12) != 0)
        return ERR_NOT_FOUND;
    if (key.len != sizeof from || value.len != 0)
        return ERR_CORRUPT;
    *lead = load_be64(key.ptr + 12);
    return is_index(*lead) && *lead > click ? ERR_OK : ERR_CORRUPT;
}

struct cap_row cap_weight(const struct lead_row *row, enum cap_scope scope)
{
    bool stands = lead_stands(row), further = scope == CAP_CAMPAIGN && row->share.from > 0;
    return (struct cap_row){.leads = stands && !further, .micros = stands ? row->payout_micros + row->sale_micros : 0};
}

enum err row_cap(const struct view *v, enum cap_scope scope, uint32_t number, enum cap_period period, int64_t at_ms,
                 int64_t utc_offset_s, struct cap_row *out)
{
    uint8_t key[CAP_KEY_LEN];
    struct span value;
    row_cap_key(key, scope, number, period, at_ms, utc_offset_s);
    enum err err = get(v, ROW_CAPS, span_of(key, sizeof key), &value);
    if (err == ERR_NOT_FOUND) {
        *out = (struct cap_row){0};
        return ERR_OK;
    }
    return err == ERR_OK ? cap_row_read(value, out) : err;
}

enum { SAID = SIDES + SIDES + 1 };

static struct said_row *said_of(struct terms_row *row, size_t i)
{
    return i < SIDES ? &row->assent[i] : &row->withdrawal[i - SIDES];
}

const struct said_row *terms_row_withdrawn(const struct terms_row *row, uint64_t below)
{
    const struct said_row *w = row->withdrawal, *second = w[0].index > w[1].index ? &w[0] : &w[1];
    bool both = w[0].index > 0 && w[1].index > 0;
    const struct said_row *by = w[SIDES].index > 0 ? &w[SIDES] : both ? second : NULL;
    return by != NULL && by->index < below ? by : NULL;
}

enum err terms_row_read(struct span value, struct terms_row *out)
{
    if (value.len != TERMS_ROW_LEN)
        return ERR_CORRUPT;
    struct terms_row row = {.index = load_be64(value.ptr),
                            .at_ms = (int64_t)load_be64(value.ptr + 8),
                            .effective_ms = (int64_t)load_be64(value.ptr + 16),
                            .rules = load_be32(value.ptr + 24),
                            .on_assent = value.ptr[28] != 0};
    if (!is_index(row.index) || !is_time(row.at_ms, true) || !is_time(row.effective_ms, true) ||
        (unsigned char)value.ptr[28] > 1)
        return ERR_CORRUPT;
    for (size_t i = 0; i < SAID; i++) {
        struct said_row *said = said_of(&row, i);
        said->index = load_be64(value.ptr + 29 + i * 16);
        said->at_ms = (int64_t)load_be64(value.ptr + 37 + i * 16);
        bool given = said->index > 0;
        if (!is_index(said->index) || !is_time(said->at_ms, true) || (given && said->index <= row.index) ||
            (!given && said->at_ms != 0))
            return ERR_CORRUPT;
    }
    *out = row;
    return ERR_OK;
}

size_t terms_row_write(const struct terms_row *row, uint8_t out[TERMS_ROW_LEN])
{
    store_be64(out, row->index);
    store_be64(out + 8, (uint64_t)row->at_ms);
    store_be64(out + 16, (uint64_t)row->effective_ms);
    store_be32(out + 24, (uint32_t)row->rules);
    out[28] = row->on_assent;
    struct terms_row copy = *row;
    for (size_t i = 0; i < SAID; i++) {
        store_be64(out + 29 + i * 16, said_of(&copy, i)->index);
        store_be64(out + 37 + i * 16, (uint64_t)said_of(&copy, i)->at_ms);
    }
    return TERMS_ROW_LEN;
}

enum err row_terms(const struct view *v, uint32_t contract, uint32_t version, struct terms_row *out)
{
    uint8_t key[TERMS_KEY_LEN];
    struct span value;
    row_terms_key(key, contract, version);
    enum err err = v->get(v->ctx, ROW_TERMS, span_of(key, sizeof key), &value);
    return err == ERR_OK ? terms_row_read(value, out) : err;
}

/* Assents come before the next version does, or never: each is as good as right behind its version. */
static enum err add_assents(const struct terms_row *row, uint64_t below, int64_t number, struct versions *vs)
{
    enum err err = ERR_OK;
    size_t first = row->assent[0].index > row->assent[1].index; /* the later one completes them */
    for (size_t i = 0; i < SIDES && err == ERR_OK; i++) {
        size_t side = i ^ first;
        if (row->assent[side].index > 0 && row->assent[side].index < below)
            err = versions_assent(vs, number, 1u << side, row->assent[side].at_ms);
    }
    return err == ERR_OK ? ERR_OK : ERR_CORRUPT;
}

/* What was taken back of it in front of an index; *gone: all of it. The newest alone is taken back, so in the order of
 * the log this comes before the next version does. */
static enum err take_back(const struct terms_row *row, uint64_t below, int64_t number, struct versions *vs, bool *gone)
{
    enum err err = ERR_OK;
    *gone = terms_row_withdrawn(row, below) != NULL;
    if (row->withdrawal[SIDES].index > 0)
        return *gone ? versions_withdraw(vs, number, 0, row->withdrawal[SIDES].at_ms, NULL, NULL) : ERR_OK;
    for (size_t i = 0; i < SIDES && err == ERR_OK; i++) {
        const struct said_row *said = &row->withdrawal[i];
        bool known = versions_newest(vs)->taken_back & 1u << i;
        if (said->index > 0 && said->index < below && !known)
            err = versions_withdraw(vs, number, 1u << i, said->at_ms, NULL, NULL);
    }
    return err;
}

static enum err withdrawn(const struct view *v, uint32_t contract, uint64_t below, struct versions *vs)
{
    const struct version *newest = versions_newest(vs);
    bool gone = true;
    while (newest != NULL && (newest->effective_ms > 0 || newest->on_assent) && gone) {
        struct terms_row row;
        enum err err = row_terms(v, contract, (uint32_t)newest->number, &row);
        if (err == ERR_OK)
            err = take_back(&row, below, newest->number, vs, &gone);
        if (err != ERR_OK)
            return err == ERR_IO ? err : ERR_CORRUPT;
        newest = versions_newest(vs);
    }
    return ERR_OK;
}

/* The row after the newest of *vs. */
static enum err add_version(const struct view *v, struct span key, struct span value, uint64_t below, int64_t number,
                            struct versions *vs)
{
    struct terms_row row;
    if (key.len != TERMS_KEY_LEN || load_be32(key.ptr + 4) != number || terms_row_read(value, &row) != ERR_OK ||
        (vs->made > 0 && row.index < vs->made_index))
        return ERR_CORRUPT;
    enum err err = withdrawn(v, load_be32(key.ptr), row.index < below ? row.index : below, vs);
    if (err != ERR_OK)
        return err;
    const struct version next = {
        .index = row.index, .number = number, .rules = row.rules, .at_ms = row.at_ms, .on_assent = row.on_assent};
    if (row.index >= below)
        return ERR_NOT_FOUND;
    if (versions_add(vs, &next, row.effective_ms, NULL, NULL) != ERR_OK)
        return ERR_CORRUPT;
    return add_assents(&row, below, number, vs);
}

static enum err next_version(const struct view *v, uint32_t contract, uint64_t below, struct versions *vs)
{
    uint8_t from[TERMS_KEY_LEN];
    struct span key, value;
    int64_t number = vs->made + 1;
    row_terms_key(from, contract, (uint32_t)number);
    enum err err = v->seek(v->ctx, ROW_TERMS, span_of(from, sizeof from), &key, &value);
    if (err != ERR_OK)
        return err;
    return key.len >= 4 && load_be32(key.ptr) == contract ? add_version(v, key, value, below, number, vs)
                                                          : ERR_NOT_FOUND;
}

enum err row_versions_until(const struct view *v, uint32_t contract, uint32_t number, struct versions *vs)
{
    struct terms_row row;
    enum err err = ERR_OK;
    while (err == ERR_OK && vs->made + 1 < number)
        err = next_version(v, contract, UINT64_MAX, vs);
    if (err == ERR_OK && (err = row_terms(v, contract, number, &row)) == ERR_OK)
        err = withdrawn(v, contract, row.index, vs);
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

enum err row_versions(const struct view *v, uint32_t contract, uint64_t below, struct versions *out)
{
    struct versions vs = {.n = 0};
    enum err err = ERR_OK;
    while (err == ERR_OK)
        err = next_version(v, contract, below, &vs);
    if (err == ERR_NOT_FOUND && vs.n > 0 && (err = withdrawn(v, contract, below, &vs)) == ERR_OK)
        *out = vs;
    return err;
}

enum err row_party_key(const struct view *v, uint32_t contract, struct span party, uint8_t pub[ED25519_KEY_LEN])
{
    uint8_t key[PARTY_KEY_MAX];
    struct span value;
    size_t len = row_party_key_key(key, contract, party);
    enum err err = v->get(v->ctx, ROW_PARTY_KEYS, span_of(key, len), &value);
    if (err != ERR_OK)
        return err;
    static const uint8_t none[ED25519_KEY_LEN];
    if (value.len != ED25519_KEY_LEN || memcmp(value.ptr, none, ED25519_KEY_LEN) == 0)
        return ERR_CORRUPT;
    memcpy(pub, value.ptr, ED25519_KEY_LEN);
    return ERR_OK;
}

/* ---- adjustments, and where what stood is settled ---- */

enum {
    ADJUSTMENT_ASSENTS = 33,
    ADJUSTMENT_LEAF = ADJUSTMENT_ASSENTS + SIDES * 16,
    ADJUSTMENT_STATEMENT = ADJUSTMENT_LEAF + HASH_LEN,
    ADJUSTMENT_ROW_LEN = ADJUSTMENT_STATEMENT + LIMIT_ID, /* and the reason */
    SETTLED_ROW_LEN = 8,                                  /* and the id */
    CORRECTION_ROW_LEN = CORRECTIONS * 24 + 37
};
__extension__ typedef unsigned __int128 unsigned_wide;

static enum err id_from(const char *text, size_t len, char out[LIMIT_ID + 1])
{
    size_t n = strnlen(text, len);
    for (size_t i = n; i < len; i++)
        if (text[i] != '\0')
            return ERR_CORRUPT;
    memcpy(out, text, n);
    out[n] = '\0';
    return ERR_OK;
}

size_t adjustment_row_write(const struct adjustment_row *row, uint8_t *out)
{
    store_be64(out, row->counts);
    store_be64(out + 8, (uint64_t)row->at_ms);
    store_be64(out + 16, (uint64_t)row->micros);
    store_be64(out + 24, row->lead);
    out[32] = row->on_assent;
    for (size_t i = 0; i < SIDES; i++) {
        store_be64(out + ADJUSTMENT_ASSENTS + i * 16, row->assent[i].index);
        store_be64(out + ADJUSTMENT_ASSENTS + 8 + i * 16, (uint64_t)row->assent[i].at_ms);
    }
    memcpy(out + ADJUSTMENT_LEAF, row->leaf.b, HASH_LEN);
    memset(out + ADJUSTMENT_STATEMENT, 0, LIMIT_ID);
    memcpy(out + ADJUSTMENT_STATEMENT, row->statement, strlen(row->statement));
    return ADJUSTMENT_ROW_LEN;
}

enum err adjustment_row_read(struct span value, struct adjustment_row *out)
{
    if (value.len <= ADJUSTMENT_ROW_LEN || value.len > ADJUSTMENT_ROW_LEN + LIMIT_FIELD ||
        (unsigned char)value.ptr[32] > 1)
        return ERR_CORRUPT;
    struct adjustment_row row = {.counts = load_be64(value.ptr),
                                 .at_ms = (int64_t)load_be64(value.ptr + 8),
                                 .micros = (int64_t)load_be64(value.ptr + 16),
                                 .lead = load_be64(value.ptr + 24),
                                 .on_assent = value.ptr[32] != 0,
                                 .reason = span_skip(value, ADJUSTMENT_ROW_LEN)};
    if (!is_index(row.counts) || !is_time(row.at_ms, true) || !is_money(row.micros) || !is_index(row.lead))
        return ERR_CORRUPT;
    for (size_t i = 0; i < SIDES; i++) {
        row.assent[i].index = load_be64(value.ptr + ADJUSTMENT_ASSENTS + i * 16);
        row.assent[i].at_ms = (int64_t)load_be64(value.ptr + ADJUSTMENT_ASSENTS + 8 + i * 16);
        if (!is_index(row.assent[i].index) || !is_time(row.assent[i].at_ms, true) ||
            (row.assent[i].index == 0 && row.assent[i].at_ms != 0))
            return ERR_CORRUPT;
    }
    memcpy(row.leaf.b, value.ptr + ADJUSTMENT_LEAF, HASH_LEN);
    if (id_from(value.ptr + ADJUSTMENT_STATEMENT, LIMIT_ID, row.statement) != ERR_OK)
        return ERR_CORRUPT;
    *out = row;
    return ERR_OK;
}

enum err row_adjustment(const struct view *v, uint32_t contract, uint64_t index, struct adjustment_row *out)
{
    uint8_t key[12];
    struct span value;
    row_index_key(key, contract, index);
    enum err err = get(v, ROW_ADJUSTMENTS, span_of(key, sizeof key), &value);
    return err == ERR_OK ? adjustment_row_read(value, out) : err;
}

enum err row_adjustment_from(const struct view *v, uint32_t contract, uint64_t from, uint64_t *index,
                             struct adjustment_row *out)
{
    struct span value;
    enum err err = indexed_next(v, ROW_ADJUSTMENTS, contract, from, index, &value);
    return err == ERR_OK ? adjustment_row_read(value, out) : err;
}

size_t row_correction_key(uint8_t key[CORRECTION_KEY_MAX], uint32_t contract, struct span of)
{
    assert(of.len <= LIMIT_ID);
    store_be32(key, contract);
    memcpy(key + 4, of.ptr, of.len);
    return 4 + of.len;
}

size_t correction_row_write(const struct correction_row *r, uint8_t *out)
{
    for (size_t i = 0; i < CORRECTIONS; i++, out += 24) {
        store_be64(out, r->of[i].n);
        store_be64(out + 8, (uint64_t)(r->of[i].micros >> 64));
        store_be64(out + 16, (uint64_t)r->of[i].micros);
    }
    out[0] = (uint8_t)r->vat_kind;
    store_be32(out + 1, (uint32_t)r->vat_ppm);
    store_be64(out + 5, r->as[0]);
    store_be64(out + 13, r->as[1]);
    store_be64(out + 21, r->number);
    store_be64(out + 29, (uint64_t)r->issued_ms);
    return CORRECTION_ROW_LEN;
}

static enum err corrections(const struct view *v, uint32_t contract, struct span of, struct correction_row *out)
{
    uint8_t key[CORRECTION_KEY_MAX];
    struct span value;
    size_t len = row_correction_key(key, contract, of);
    enum err err = v->get(v->ctx, ROW_CORRECTIONS, span_of(key, len), &value);
    if (err != ERR_OK)
        return err;
    if (value.len != CORRECTION_ROW_LEN)
        return ERR_CORRUPT;
    const char *at = value.ptr;
    struct correction_row row = {.vat_ppm = 0};
    for (size_t i = 0; i < CORRECTIONS; i++, at += 24) {
        row.of[i].n = load_be64(at);
        row.of[i].micros = (wide_micros)((unsigned_wide)load_be64(at + 8) << 64 | load_be64(at + 16));
        if (!is_index(row.of[i].n) || row.of[i].micros > (wide_micros)row.of[i].n * MONEY_MAX_MICROS ||
            row.of[i].micros < -(wide_micros)row.of[i].n * MONEY_MAX_MICROS)
            return ERR_CORRUPT;
    }
    row.vat_kind = (enum tax)(uint8_t)at[0];
    row.vat_ppm = load_be32(at + 1);
    row.as[0] = load_be64(at + 5);
    row.as[1] = load_be64(at + 13);
    row.number = load_be64(at + 21);
    row.issued_ms = (int64_t)load_be64(at + 29);
    if (row.vat_kind >= TAX_COUNT || row.vat_ppm > VAT_MAX_PPM || !is_index(row.as[0]) || !is_index(row.as[1]) ||
        !is_index(row.number) || row.issued_ms < 0 || row.issued_ms >= TIME_END_MS)
        return ERR_CORRUPT;
    *out = row;
    return ERR_OK;
}

enum err row_corrections(const struct view *v, uint32_t contract, struct span statement, struct correction_row *out)
{
    return corrections(v, contract, statement, out);
}

enum err row_unsigned(const struct view *v, uint32_t contract, size_t side, struct correction_row *out)
{
    enum err err = corrections(v, contract, span_of((const uint8_t[]){(uint8_t)side}, 1), out);
    if (err == ERR_NOT_FOUND)
        *out = (struct correction_row){0};
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

size_t settled_row_write(uint64_t index, struct span id, uint8_t *out)
{
    store_be64(out, index);
    memcpy(out + SETTLED_ROW_LEN, id.ptr, id.len);
    return SETTLED_ROW_LEN + id.len;
}

enum err row_settled(const struct view *v, uint32_t contract, uint64_t index, struct settled_row *out)
{
    struct span value;
    struct settled_row row = {0};
    enum err err = indexed_next(v, ROW_SETTLED, contract, index + 1, &row.to, &value);
    if (err != ERR_OK)
        return err;
    if (value.len <= SETTLED_ROW_LEN || value.len > SETTLED_ROW_LEN + LIMIT_ID ||
        !is_index(row.index = load_be64(value.ptr)) || row.index < row.to)
        return ERR_CORRUPT;
    struct span id = span_skip(value, SETTLED_ROW_LEN);
    if (memchr(id.ptr, '\0', id.len) != NULL)
        return ERR_CORRUPT;
    memcpy(row.id, id.ptr, id.len);
    *out = row;
    return ERR_OK;
}

enum err row_stood(const struct view *v, uint32_t contract, uint64_t lead, uint64_t open, struct settled_row *out)
{
    struct lead_row row;
    enum err err = row_lead(v, contract, lead, &row);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    const uint64_t first[] = {row.paid > 0 ? row.paid : lead, lead};
    for (size_t i = 0; i < 2; i++) {
        if (first[i] >= open)
            continue;
        err = row_settled(v, contract, first[i], out);
        if (err != ERR_NOT_FOUND)
            return err;
        if (open != UINT64_MAX)
            return ERR_CORRUPT; /* it is closed */
    }
    return ERR_NOT_FOUND;
}

struct span row_op_value(const struct row_op *op, uint8_t room[ROW_VALUE_MAX])
{
    if (op->text.len == 0)
        return span_of(op->value, op->value_len);
    assert(op->text.len <= LIMIT_FIELD);
    memcpy(room, op->value, op->value_len);
    memcpy(room + op->value_len, op->text.ptr, op->text.len);
    return span_of(room, op->value_len + op->text.len);
}
