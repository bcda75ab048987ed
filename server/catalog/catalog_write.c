#include "server/catalog/catalog_write.h"

#include "common/base/bytes.h"
#include "common/base/json_write.h"
#include "server/system/system.h"

static const struct {
    enum role role;
    const char *word;
} roles[] = {
    {ROLE_OPERATOR, "operator"},
    {ROLE_ADVERTISER, "advertiser"},
    {ROLE_PUBLISHER, "publisher"},
    {ROLE_AUDITOR, "auditor"},
};

const char *role_word(enum role r)
{
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        if (roles[i].role == r)
            return roles[i].word;
    return "";
}

enum err role_parse(struct span word, enum role *out)
{
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        if (span_is(word, roles[i].word)) {
            *out = roles[i].role;
            return ERR_OK;
        }
    return ERR_INVALID;
}

void api_token_new(char out[API_TOKEN_LEN + 1])
{
    uint8_t random[32];
    struct buf b;
    random_bytes(random, sizeof random);
    buf_fixed(&b, out, API_TOKEN_LEN);
    buf_str(&b, "cst_");
    buf_b64url(&b, random, sizeof random);
    out[API_TOKEN_LEN] = '\0';
    crypto_wipe(random, sizeof random);
}

void api_token_hash(const char token[API_TOKEN_LEN + 1], uint8_t out[HASH_LEN])
{
    sha256(token, API_TOKEN_LEN, out);
}

/* One row: the object is open between row_begin and row_put. */
struct row {
    struct buf text;
    struct jw w;
};

static void row_begin(struct row *r)
{
    buf_heap(&r->text);
    jw_open(&r->w, &r->text);
    jw_object(&r->w);
}

static enum err row_put(struct row *r, struct txn *t, enum table table, struct span key)
{
    jw_object_end(&r->w);
    jw_close(&r->w);
    enum err err = store_put(t, table, key, buf_span(&r->text));
    if (err == ERR_OK)
        txn_note(t, table, key);
    buf_free(&r->text);
    return err;
}

static enum err row_put_number(struct row *r, struct txn *t, enum table table, uint32_t number)
{
    uint8_t key[4];
    store_be32(key, number);
    return row_put(r, t, table, span_of(key, sizeof key));
}

static enum err row_put_pair(struct row *r, struct txn *t, enum table table, uint32_t a, uint32_t b)
{
    uint8_t key[8];
    store_be32(key, a);
    store_be32(key + 4, b);
    return row_put(r, t, table, span_of(key, sizeof key));
}

static void jw_maker(struct jw *w, const char *name, const uint8_t maker[HASH_LEN])
{
    static const uint8_t none[HASH_LEN];
    if (memcmp(maker, none, HASH_LEN) != 0)
        jw_kb64url(w, name, maker, HASH_LEN);
}

enum err catalog_put_party(struct txn *t, const struct party *p)
{
    struct row r;
    row_begin(&r);
    jw_kint(&r.w, "created", p->created_ms);
    jw_kstr(&r.w, "id", span_str(p->id));
    if (p->has_key)
        jw_kb64url(&r.w, "key", p->pub, sizeof p->pub);
    if (p->has_key)
        jw_kstr(&r.w, "key_jws", p->key_jws);
    jw_kstr(&r.w, "kind", span_str(role_word(p->role)));
    if (!span_empty(p->legal)) {
        jw_kstr(&r.w, "legal", p->legal);
        jw_kint(&r.w, "legal_by", p->legal_by);
    }
    if (p->locked_ms != 0) {
        jw_kstr(&r.w, "lock", span_str(p->lock));
        jw_kint(&r.w, "locked", p->locked_ms);
        jw_kint(&r.w, "locked_by", p->locked_by);
    }
    jw_kstr(&r.w, "name", p->name);
    if (!span_empty(p->postback_cidrs)) {
        jw_kint(&r.w, "postback_by", p->postback_by);
        jw_kstr(&r.w, "postback_cidrs", p->postback_cidrs);
        jw_kb64url(&r.w, "postback_key", p->postback_key, HASH_LEN);
        jw_maker(&r.w, "postback_maker", p->postback_maker);
        jw_kint(&r.w, "postback_since", p->postback_since_ms);
    }
    if (!span_empty(p->webhook)) {
        jw_kstr(&r.w, "webhook", p->webhook);
        jw_kint(&r.w, "webhook_by", p->webhook_by);
        jw_kstr(&r.w, "webhook_id", span_str(p->webhook_id));
        if (p->webhook_macro)
            jw_kbool(&r.w, "webhook_macro", true);
        jw_maker(&r.w, "webhook_maker", p->webhook_maker);
        if (p->webhook_off_ms != 0)
            jw_kint(&r.w, "webhook_off", p->webhook_off_ms);
        jw_kb64url(&r.w, "webhook_sealed", p->webhook_sealed.ptr, p->webhook_sealed.len);
        jw_kint(&r.w, "webhook_since", p->webhook_since_ms);
    }
    return row_put_number(&r, t, TABLE_PARTIES, p->number);
}

enum err catalog_put_token(struct txn *t, const struct api_token *token)
{
    struct row r;
    row_begin(&r);
    jw_kint(&r.w, "by", token->by);
    jw_kint(&r.w, "created", token->created_ms);
    if (token->ended_ms != 0)
        jw_kint(&r.w, "ended", token->ended_ms);
    if (token->expires_ms != 0)
        jw_kint(&r.w, "expires", token->expires_ms);
    if (token->invitation)
        jw_kbool(&r.w, "invitation", true);
    if (!span_empty(token->label))
        jw_kstr(&r.w, "label", token->label);
    jw_maker(&r.w, "maker", token->maker);
    jw_kint(&r.w, "party", token->party->number);
    if (token->scopes != 0) {
        char mem[SCOPES_TEXT_MAX];
        struct buf scope;
        buf_fixed(&scope, mem, sizeof mem);
        scopes_write(&scope, token->scopes);
        jw_kstr(&r.w, "scope", buf_span(&scope));
    }
    if (token->expires_ms != 0)
        jw_kint(&r.w, "steps", token->steps);
    return row_put(&r, t, TABLE_TOKENS, span_of(token->sha256, HASH_LEN));
}

enum err catalog_put_secret(struct txn *t, const struct secret *s)
{
    struct row r;
    row_begin(&r);
    jw_kint(&r.w, "by", s->by);
    jw_kint(&r.w, "created", s->created_ms);
    jw_maker(&r.w, "maker", s->maker);
    jw_kint(&r.w, "party", s->party->number);
    if (s->retired)
        jw_kbool(&r.w, "retired", true);
    jw_kb64url(&r.w, "sealed", s->sealed.ptr, s->sealed.len);
    return row_put(&r, t, TABLE_SECRETS, span_str(s->kid));
}

enum err catalog_put_campaign(struct txn *t, const struct campaign *c)
{
    struct row r;
    row_begin(&r);
    jw_kint(&r.w, "advertiser", c->advertiser->number);
    jw_kint(&r.w, "created", c->created_ms);
    if (!span_empty(c->crm)) {
        jw_kstr(&r.w, "crm", c->crm);
        jw_kint(&r.w, "crm_by", c->crm_by);
        jw_kstr(&r.w, "crm_id", span_str(c->crm_id));
        jw_maker(&r.w, "crm_maker", c->crm_maker);
        if (c->crm_off_ms != 0)
            jw_kint(&r.w, "crm_off", c->crm_off_ms);
        if (!span_empty(c->crm_sealed))
            jw_kb64url(&r.w, "crm_sealed", c->crm_sealed.ptr, c->crm_sealed.len);
        jw_kint(&r.w, "crm_since", c->crm_since_ms);
        jw_kstr(&r.w, "crm_url", c->crm_url);
    }
    jw_kint(&r.w, "direct", c->direct);
    jw_key(&r.w, "document");
    jw_raw(&r.w, c->document);
    jw_kstr(&r.w, "id", span_str(c->id));
    jw_kint(&r.w, "partition", c->partition);
    return row_put_number(&r, t, TABLE_CAMPAIGNS, c->number);
}

enum err catalog_put_contract(struct txn *t, const struct contract *k)
{
    struct row r;
    row_begin(&r);
    if (k->assented)
        jw_kint(&r.w, "assented", (int64_t)k->assented);
    jw_kint(&r.w, "campaign", k->campaign->number);
    jw_kint(&r.w, "created", k->created_ms);
    jw_key(&r.w, "document");
    jw_raw(&r.w, k->document);
    jw_kstr(&r.w, "id", span_str(k->id));
    if (k->publisher != NULL)
        jw_kint(&r.w, "publisher", k->publisher->number);
    jw_kint(&r.w, "version", k->versions.made);
    return row_put_number(&r, t, TABLE_CONTRACTS, k->number);
}

enum err catalog_put_code(struct txn *t, uint32_t contract, const struct code *c)
{
    struct row r;
    row_begin(&r);
    jw_kint(&r.w, "created", c->created_ms);
    jw_kstr(&r.w, "label", c->label);
    if (!span_empty(c->landing_url))
        jw_kstr(&r.w, "landing_url", c->landing_url);
    if (c->off_ms != 0) {
        jw_kint(&r.w, "off", c->off_ms);
        jw_kint(&r.w, "off_by", c->off_by);
    }
    return row_put_pair(&r, t, TABLE_CODES, contract, c->placement);
}

enum err catalog_put_grant(struct txn *t, const struct grant *g)
{
    uint8_t key[12];
    struct row r;
    store_be32(key, g->contract);
    store_be32(key + 4, g->party);
    store_be32(key + 8, g->number);
    row_begin(&r);
    jw_kint(&r.w, "by", g->by);
    jw_kint(&r.w, "created", g->created_ms);
    if (g->ended_ms != 0) {
        jw_kint(&r.w, "ended", g->ended_ms);
        jw_kint(&r.w, "ended_by", g->ended_by);
    }
    return row_put(&r, t, TABLE_GRANTS, span_of(key, sizeof key));
}
