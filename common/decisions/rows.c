#include "common/decisions/rows.h"

#include <assert.h>

#include "common/base/bytes.h"
#include "common/base/id.h"
#include "common/base/money.h"
#include "common/decisions/row_write.h"

enum { LEAD_ROW_LEN = 64, MOVE_ROW_LEN = 20, PLACE_HEAD_LEN = 20, TXID_ROW_LEN = 12 + HASH_LEN };

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

void row_dedupe_key(uint8_t key[DEDUPE_KEY_LEN], uint32_t campaign, unsigned contact_bit,
                    const uint8_t token[TOKEN_LEN])
{
    store_be32(key, campaign);
    key[4] = (uint8_t)contact_bit;
    memcpy(key + 5, token, TOKEN_LEN);
}

void row_txid_key(uint8_t key[TXID_KEY_LEN], struct span party, uint32_t campaign, struct span txid)
{
    uint8_t number[4], hash[HASH_LEN];
    store_be32(number, campaign);
    const struct span parts[] = {party, span_of("", 1), span_of(number, sizeof number), txid};
    sha256v(parts, 4, hash);
    memcpy(key, hash, TXID_KEY_LEN);
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

size_t lead_row_write(const struct lead_row *r, uint8_t *out)
{
    out[0] = (uint8_t)r->status;
    out[1] = (uint8_t)r->reason;
    out[2] = r->has_click;
    out[3] = 0;
    store_be64(out + 4, (uint64_t)r->at_ms);
    store_be64(out + 12, (uint64_t)r->payout_micros);
    store_be64(out + 20, (uint64_t)r->due_ms);
    store_be64(out + 28, (uint64_t)r->approved_ms);
    store_be64(out + 36, r->click);
    store_be64(out + 44, r->last);
    store_be64(out + 52, r->terms);
    store_be32(out + 60, (uint32_t)r->return_days);
    return LEAD_ROW_LEN;
}

enum err lead_row_read(struct span value, struct lead_row *out)
{
    const uint8_t *v = (const uint8_t *)value.ptr;
    if (value.len != LEAD_ROW_LEN || v[0] >= STATUS_COUNT || v[1] >= REASON_COUNT || v[2] > 1 || v[3])
        return ERR_CORRUPT;
    struct lead_row r = {
        .status = v[0],
        .reason = v[1],
        .has_click = v[2],
        .at_ms = (int64_t)load_be64(v + 4),
        .payout_micros = (int64_t)load_be64(v + 12),
        .due_ms = (int64_t)load_be64(v + 20),
        .approved_ms = (int64_t)load_be64(v + 28),
        .click = load_be64(v + 36),
        .last = load_be64(v + 44),
        .terms = load_be64(v + 52),
        .return_days = load_be32(v + 60),
    };
    if (!is_time(r.at_ms, false) || !is_time(r.due_ms, true) || !is_time(r.approved_ms, true) ||
        !is_money(r.payout_micros) || r.payout_micros < 0 || r.return_days < 0 || !is_index(r.click) ||
        (r.click != 0 && !r.has_click) || !is_index(r.last) || !is_index(r.terms))
        return ERR_CORRUPT;
    *out = r;
    return ERR_OK;
}

size_t move_row_write(const struct move_row *r, uint8_t *out)
{
    out[0] = (uint8_t)r->kind;
    out[1] = (uint8_t)r->status;
    out[2] = (uint8_t)r->reason;
    out[3] = 0;
    store_be64(out + 4, r->lead);
    store_be64(out + 12, (uint64_t)r->micros);
    return MOVE_ROW_LEN;
}

enum err move_row_read(struct span value, struct move_row *out)
{
    const uint8_t *v = (const uint8_t *)value.ptr;
    if (value.len != MOVE_ROW_LEN || (v[0] != ENTRY_LEAD && v[0] != ENTRY_DISPOSITION) || v[1] >= STATUS_COUNT ||
        v[2] >= REASON_COUNT || v[3] || !is_index(load_be64(v + 4)) || !is_money((int64_t)load_be64(v + 12)))
        return ERR_CORRUPT;
    *out = (struct move_row){
        .kind = v[0], .status = v[1], .reason = v[2], .lead = load_be64(v + 4), .micros = (int64_t)load_be64(v + 12)};
    return ERR_OK;
}

size_t place_write(struct span contract_id, uint32_t contract, uint64_t index, int64_t at_ms, uint8_t *out)
{
    assert(contract_id.len <= LIMIT_ID);
    row_index_key(out, contract, index);
    store_be64(out + 12, (uint64_t)at_ms);
    memcpy(out + PLACE_HEAD_LEN, contract_id.ptr, contract_id.len);
    return PLACE_HEAD_LEN + contract_id.len;
}

size_t txid_row_write(uint32_t contract, uint64_t index, const uint8_t facts_sha256[HASH_LEN], uint8_t *out)
{
    row_index_key(out, contract, index);
    memcpy(out + 12, facts_sha256, HASH_LEN);
    return TXID_ROW_LEN;
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

enum err row_txid(const struct view *v, struct span party, uint32_t campaign, struct span txid, uint32_t *contract,
                  uint64_t *index, uint8_t facts_sha256[HASH_LEN])
{
    uint8_t key[TXID_KEY_LEN];
    struct span value;
    row_txid_key(key, party, campaign, txid);
    enum err err = get(v, ROW_TXIDS, span_of(key, sizeof key), &value);
    if (err != ERR_OK)
        return err;
    if (value.len != TXID_ROW_LEN || load_be32(value.ptr) == 0 || !is_index(load_be64(value.ptr + 4)))
        return ERR_CORRUPT;
    *contract = load_be32(value.ptr);
    *index = load_be64(value.ptr + 4);
    memcpy(facts_sha256, value.ptr + 12, HASH_LEN);
    return ERR_OK;
}

enum err row_dedupe(const struct view *v, uint32_t campaign, unsigned contact_bit, const uint8_t token[TOKEN_LEN],
                    struct place *out)
{
    uint8_t key[DEDUPE_KEY_LEN];
    struct span value;
    row_dedupe_key(key, campaign, contact_bit, token);
    enum err err = get(v, ROW_DEDUPE, span_of(key, sizeof key), &value);
    if (err != ERR_OK)
        return err;
    if (value.len <= PLACE_HEAD_LEN || value.len > PLACE_HEAD_LEN + LIMIT_ID)
        return ERR_CORRUPT;
    struct place p = {.contract = load_be32(value.ptr),
                      .index = load_be64(value.ptr + 4),
                      .at_ms = (int64_t)load_be64(value.ptr + 12)};
    struct span id = span_skip(value, PLACE_HEAD_LEN);
    if (p.contract == 0 || !is_index(p.index) || !is_time(p.at_ms, false) || !id_is_plain(id))
        return ERR_CORRUPT;
    memcpy(p.contract_id, id.ptr, id.len);
    *out = p;
    return ERR_OK;
}

enum err row_click_leads(const struct view *v, uint32_t contract, uint64_t click, unsigned *n, uint64_t *first)
{
    uint8_t from[CLICK_LEAD_KEY_LEN];
    struct span key, value;
    unsigned found = 0;
    enum err err = ERR_OK;

    row_click_lead_key(from, contract, click, 0);
    while (found < 2) {
        err = v->seek(v->ctx, ROW_CLICK_LEADS, span_of(from, sizeof from), &key, &value);
        if (err != ERR_OK || key.len < 12 || memcmp(key.ptr, from, 12) != 0)
            break;
        if (key.len != sizeof from || value.len != 0)
            return ERR_CORRUPT;
        uint64_t lead = load_be64(key.ptr + 12);
        if (!is_index(lead) || lead <= click)
            return ERR_CORRUPT;
        if (found++ == 0)
            *first = lead;
        store_be64(from + 12, lead + 1);
    }
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    *n = found;
    return ERR_OK;
}

enum err row_terms(const struct view *v, uint32_t contract, int64_t *version, uint64_t *index)
{
    uint8_t from[TERMS_KEY_LEN];
    struct span key, value;
    uint32_t last = 0;
    uint64_t at = 0;
    enum err err;
    row_terms_key(from, contract, 1);
    while ((err = v->seek(v->ctx, ROW_TERMS, span_of(from, sizeof from), &key, &value)) == ERR_OK && key.len >= 4 &&
           load_be32(key.ptr) == contract) {
        if (key.len != TERMS_KEY_LEN || value.len != TERMS_ROW_LEN || load_be32(key.ptr + 4) != last + 1 ||
            !is_index(load_be64(value.ptr)) || load_be64(value.ptr) < at)
            return ERR_CORRUPT;
        last++;
        at = load_be64(value.ptr);
        row_terms_key(from, contract, last + 1);
    }
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    if (last == 0)
        return ERR_NOT_FOUND;
    *version = last;
    *index = at;
    return ERR_OK;
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
