#include "server/commit/change_rows.h"

#include <assert.h>
#include <stdio.h>

#include "common/base/bytes.h"
#include "common/base/json_read.h"
#include "common/base/json_write.h"
#include "common/base/utf8.h"
#include "common/crypto/crypto.h"

enum { ROW_MOST = 16384, B64URL_HASH = 43 }; /* each byte of a text may take six */

static const char *const words[CHANGES] = {
#define X(symbol, word) [CHANGE_##symbol] = word,
    CHANGE_TABLE(X)
#undef X
};

const char *change_word(enum change c)
{
    return words[c];
}

enum err change_parse(struct span word, enum change *out)
{
    for (enum change c = 0; c < CHANGES; c++)
        if (span_is(word, words[c])) {
            *out = c;
            return ERR_OK;
        }
    return ERR_NOT_FOUND;
}

/* ---- writing ---- */

static void text_member(struct jw *w, const char *name, struct span text)
{
    if (!span_empty(text))
        jw_kstr(w, name, utf8_cut(text, CHANGE_WHAT_MAX));
}

/* complement of the time (ms) be64; of the number among those of that time be16; SHA-256 of the value [:6] */
enum { TIME = 8, NUMBER = 2 };
_Static_assert(TIME + NUMBER == CHANGE_PLACE_LEN, "in front of the sum");

static void sum_value(struct span value, uint8_t key[CHANGE_KEY_LEN])
{
    uint8_t sum[HASH_LEN];
    sha256(value.ptr, value.len, sum);
    memcpy(key + TIME + NUMBER, sum, CHANGE_KEY_LEN - TIME - NUMBER);
}

/* Newest first, also of one moment. The row before may be damaged, which stops nobody: it is the newest, and all but
 * surely of a moment before. */
static enum err row_key(struct txn *t, int64_t at_ms, struct span value, uint8_t key[CHANGE_KEY_LEN])
{
    struct span last, row;
    uint16_t n = 0;
    memset(key, 0, CHANGE_KEY_LEN);
    store_be64(key, ~(uint64_t)at_ms);
    enum err err = store_seek(t, TABLE_CHANGES, span_of(key, CHANGE_KEY_LEN), &last, &row);
    if (err == ERR_OK && last.len == CHANGE_KEY_LEN && memcmp(last.ptr, key, TIME) == 0)
        n = (uint16_t)(~load_be16(last.ptr + TIME) + 1);
    store_be16(key + TIME, (uint16_t)~n);
    sum_value(value, key);
    return err == ERR_NOT_FOUND || err == ERR_CORRUPT ? ERR_OK : err;
}

enum err change_put(struct txn *t, const struct change_row *c)
{
    char mem[ROW_MOST];
    uint8_t key[CHANGE_KEY_LEN];
    struct buf text;
    struct jw w;
    buf_fixed(&text, mem, sizeof mem);
    jw_open(&w, &text);
    jw_object(&w);
    if (c->by != 0)
        jw_kint(&w, "by", c->by);
    text_member(&w, "campaign", c->campaign);
    text_member(&w, "contract", c->contract);
    jw_kstr(&w, "kind", span_str(words[c->kind]));
    text_member(&w, "maker", c->maker);
    text_member(&w, "party", c->party);
    text_member(&w, "subject", c->subject);
    text_member(&w, "was", c->was);
    text_member(&w, "what", c->what);
    jw_object_end(&w);
    jw_close(&w);
    assert(!text.failed);
    const enum err err = row_key(t, c->at_ms, buf_span(&text), key);
    return err != ERR_OK ? err : store_put(t, TABLE_CHANGES, span_of(key, sizeof key), buf_span(&text));
}

static struct span party_id(const struct batch *cx, uint32_t number)
{
    const struct party *p = number != 0 ? catalog_party_number(cx->catalog, number) : NULL;
    return p != NULL ? span_str(p->id) : SPAN("");
}

static void of_contract(const struct batch *cx, struct change_row *c, uint32_t number)
{
    const struct contract *k = catalog_contract_number(cx->catalog, number);
    assert(k != NULL);
    c->contract = span_str(k->id);
    c->campaign = span_str(k->campaign->id);
}

static void of_party(const struct batch *cx, struct change_row *c, uint32_t number, struct span what)
{
    c->party = party_id(cx, number);
    c->what = what;
}

/* Of a party's credentials and settings. false: it is none of these. */
static bool of_account(const struct batch *cx, const struct record *r, struct change_row *c)
{
    static char made[LIMIT_ID + 1]; /* of the committer alone */
    const struct api_token *invitation;
    switch (r->kind) {
    case RECORD_PARTY:
        c->kind = CHANGE_PARTY;
        c->party = span_str(r->party.id);
        c->what = r->party.name;
        return true;
    case RECORD_SECRET:
        c->kind = CHANGE_SECRET;
        c->subject = span_str(r->secret.draw.kid);
        of_party(cx, c, r->secret.party, SPAN(""));
        return true;
    case RECORD_RETIRE:
        c->kind = CHANGE_SECRET_END;
        c->subject = r->retire.kid;
        of_party(cx, c, r->retire.party, SPAN(""));
        return true;
    case RECORD_TOKEN:
        c->kind = r->token.invitation ? CHANGE_INVITATION : CHANGE_TOKEN;
        credential_id(r->token.draw.sha256, made);
        c->subject = span_str(made);
        of_party(cx, c, r->token.party, r->token.label);
        return true;
    case RECORD_TOKEN_END:
        c->kind = r->token_end.invitation ? CHANGE_INVITATION_END : CHANGE_TOKEN_END;
        c->subject = r->token_end.id;
        of_party(cx, c, r->token_end.party, SPAN(""));
        return true;
    case RECORD_ACCEPT:
        c->kind = CHANGE_ACCEPT;
        invitation = catalog_token_hashed(cx->catalog, r->accept.sha256);
        c->by = invitation->party->number;
        of_party(cx, c, c->by, SPAN(""));
        return true;
    case RECORD_PARTY_KEY:
        c->kind = CHANGE_PARTY_KEY;
        of_party(cx, c, r->key.party, SPAN(""));
        return true;
    case RECORD_LOCK:
        c->kind = r->lock.on ? CHANGE_LOCK : CHANGE_UNLOCK;
        of_party(cx, c, r->lock.party, SPAN(""));
        return true;
    case RECORD_POSTBACK_KEY:
        c->kind = CHANGE_POSTBACK_KEY;
        of_party(cx, c, r->postback_key.party, r->postback_key.cidrs);
        return true;
    case RECORD_WEBHOOK:
        c->kind = CHANGE_WEBHOOK;
        of_party(cx, c, r->webhook.party, span_empty(r->webhook.url) ? SPAN("off") : SPAN("on"));
        return true;
    case RECORD_NOTICES:
        c->kind = CHANGE_NOTICES;
        of_party(cx, c, r->notices.party, span_empty(r->notices.email) ? SPAN("off") : SPAN("on"));
        return !r->notices.sent;
    default:
        return false;
    }
}

/* Of campaigns, contracts and codes. */
static bool of_terms(const struct batch *cx, const struct record *r, struct change_row *c)
{
    static char number[24]; /* of the committer alone */
    switch (r->kind) {
    case RECORD_CAMPAIGN:
        c->kind = CHANGE_CAMPAIGN;
        c->campaign = span_str(r->campaign.id);
        of_party(cx, c, r->advertiser, SPAN(""));
        return true;
    case RECORD_CAMPAIGN_CHANGE:
        c->kind = CHANGE_CAMPAIGN_CHANGE;
        c->campaign = span_str(catalog_campaign_number(cx->catalog, r->change.number)->id);
        c->what = r->change.patch;
        return true;
    case RECORD_CRM:
        c->kind = CHANGE_CRM;
        c->campaign = span_str(catalog_campaign_number(cx->catalog, r->crm.campaign)->id);
        c->what = span_empty(r->crm.document) ? SPAN("off") : SPAN("on");
        return true;
    case RECORD_CONTRACT:
        c->kind = CHANGE_CONTRACT;
        c->contract = span_str(r->contract.id);
        c->campaign = span_str(catalog_campaign_number(cx->catalog, r->contract.campaign)->id);
        of_party(cx, c, r->contract.publisher, SPAN(""));
        return true;
    case RECORD_CONTRACT_CHANGE:
        c->kind = CHANGE_CONTRACT_CHANGE;
        c->what = r->change.patch;
        of_contract(cx, c, r->change.number);
        return true;
    case RECORD_ASSENT:
        c->kind = CHANGE_ASSENT;
        of_contract(cx, c, r->assent.contract);
        snprintf(number, sizeof number, "%u", r->assent.version);
        of_party(cx, c, r->assent.party, span_str(number));
        return r->assent.version > 0; /* of an adjustment: money, which its log tells */
    case RECORD_WITHDRAWAL:
        c->kind = CHANGE_WITHDRAWAL;
        of_contract(cx, c, r->withdrawal.contract);
        snprintf(number, sizeof number, "%u", r->withdrawal.version);
        c->what = span_str(number);
        return true;
    case RECORD_CODE:
        c->kind = CHANGE_CODE;
        c->what = r->code.label;
        snprintf(number, sizeof number, "%zu", (size_t)catalog_contract_number(cx->catalog, r->code.contract)->n_codes);
        c->subject = span_str(number);
        of_contract(cx, c, r->code.contract);
        return true;
    case RECORD_CODE_CHANGE:
        c->kind = CHANGE_CODE_CHANGE;
        c->what = r->code_change.relabels ? r->code_change.label : r->code_change.off ? SPAN("off") : SPAN("on");
        snprintf(number, sizeof number, "%u", r->code_change.placement);
        c->subject = span_str(number);
        of_contract(cx, c, r->code_change.contract);
        return true;
    default:
        return false;
    }
}

/* Who may read, and the rest. */
static bool of_reading(const struct batch *cx, const struct record *r, struct change_row *c)
{
    switch (r->kind) {
    case RECORD_GRANT:
    case RECORD_GRANT_END:
        c->kind = r->kind == RECORD_GRANT ? CHANGE_GRANT : CHANGE_GRANT_END;
        of_contract(cx, c, r->kind == RECORD_GRANT ? r->grant.contract : r->grant_end.contract);
        of_party(cx, c, r->kind == RECORD_GRANT ? r->grant.party : r->grant_end.party, SPAN(""));
        return true;
    case RECORD_SHARE:
        c->kind = r->share.contract != 0 ? CHANGE_SHARE : CHANGE_SHARE_END;
        c->subject = r->share.statement;
        c->what = r->share.label;
        if (r->share.contract != 0)
            of_contract(cx, c, r->share.contract);
        return true;
    case RECORD_CLOCK_CONFIRM:
        c->kind = CHANGE_CLOCK;
        return true;
    case RECORD_SERVER_KEYS:
        c->kind = CHANGE_SERVER_KEYS;
        return true;
    case RECORD_UPKEEP:
        c->kind = CHANGE_UPKEEP;
        c->what = r->upkeep.check ? SPAN("check") : SPAN("backup");
        return true;
    default:
        return false;
    }
}

/* What is made may be instead of another one, which ends. */
static enum err put_replaced(struct batch *cx, const struct record *r, struct change_row c)
{
    c.subject = r->kind == RECORD_TOKEN ? r->token.replaces : r->kind == RECORD_SECRET ? r->secret.replaces : SPAN("");
    c.kind = r->kind == RECORD_SECRET ? CHANGE_SECRET_END : CHANGE_TOKEN_END;
    c.what = SPAN("");
    return span_empty(c.subject) ? ERR_OK : change_put(cx->txn, &c);
}

/* A party's name and what it is by law come in one record. */
static enum err put_legal(struct batch *cx, const struct record *r, struct change_row *c)
{
    const struct party *p = catalog_party_number(cx->catalog, r->legal.party);
    enum err err = ERR_OK;
    c->party = span_str(p->id);
    if (!span_empty(r->legal.name) && !span_eq(r->legal.name, p->name)) {
        c->kind = CHANGE_RENAME;
        c->what = r->legal.name;
        c->was = p->name;
        err = change_put(cx->txn, c);
        c->what = c->was = SPAN("");
    }
    c->kind = CHANGE_LEGAL;
    return err == ERR_OK && !span_empty(r->legal.legal) ? change_put(cx->txn, c) : err;
}

enum err changes_put(struct batch *cx, const struct record *r)
{
    struct change_row c = {.at_ms = r->now_ms};
    char mem[B64URL_HASH];
    struct buf maker;
    buf_fixed(&maker, mem, sizeof mem);
    if (r->bearer.used) {
        buf_b64url(&maker, r->bearer.sha256, HASH_LEN);
        c.maker = buf_span(&maker);
        c.by = catalog_token_hashed(cx->catalog, r->bearer.sha256)->party->number;
    }
    if (r->kind == RECORD_LEGAL)
        return put_legal(cx, r, &c);
    if (!of_account(cx, r, &c) && !of_terms(cx, r, &c) && !of_reading(cx, r, &c))
        return ERR_OK;
    enum err err = put_replaced(cx, r, c);
    return err == ERR_OK ? change_put(cx->txn, &c) : err;
}

/* ---- reading ---- */

static bool text_of(const json_t *row, const char *name, struct span *out, size_t *n)
{
    const json_t *v = json_object_get(row, name);
    *out = json_is_string(v) ? span_of(json_string_value(v), json_string_length(v)) : SPAN("");
    *n += v != NULL;
    return v == NULL || (json_is_string(v) && out->len > 0);
}

enum err change_read(struct span key, struct span value, json_t **json, struct change_row *out)
{
    struct change_row c = {0};
    struct span kind;
    uint8_t place[CHANGE_KEY_LEN];
    size_t n = 0;
    if (key.len != CHANGE_KEY_LEN || json_read(value, json, NULL) != ERR_OK)
        return ERR_CORRUPT;
    const json_t *by = json_object_get(*json, "by");
    c.at_ms = (int64_t)~load_be64(key.ptr);
    c.by = (uint32_t)json_integer_value(by);
    n += by != NULL;
    bool good = text_of(*json, "kind", &kind, &n) && change_parse(kind, &c.kind) == ERR_OK &&
                text_of(*json, "maker", &c.maker, &n) && text_of(*json, "party", &c.party, &n) &&
                text_of(*json, "campaign", &c.campaign, &n) && text_of(*json, "contract", &c.contract, &n) &&
                text_of(*json, "subject", &c.subject, &n) && text_of(*json, "what", &c.what, &n) &&
                text_of(*json, "was", &c.was, &n) && n == json_object_size(*json) && c.at_ms >= 0 &&
                (by == NULL || (json_is_integer(by) && json_integer_value(by) > 0));
    memcpy(place, key.ptr, sizeof place);
    sum_value(value, place);
    if (!good || memcmp(place, key.ptr, sizeof place) != 0) {
        json_decref(*json);
        return ERR_CORRUPT;
    }
    *out = c;
    return ERR_OK;
}
