/* Rows to a snapshot. A control write is followed by a reload inside the committer: so a row whose bytes are those of
 * the snapshot before is taken over from there, and only what changed is parsed, opened and compiled. */
#include <stdlib.h>
#include <sys/mman.h>

#include "common/base/bytes.h"
#include "common/base/id.h"
#include "common/base/mem.h"
#include "common/commit/clock.h"
#include "common/decisions/rules.h"
#include "common/settlement/legal.h"
#include "server/catalog/catalog_private.h"
#include "server/catalog/catalog_write.h"
#include "server/keys/vault.h"
#include "server/ledger/ledger.h"

/* ---- memory ---- */

/* What is large in large pages, if the kernel has any: each snapshot is new memory, and the first touch of so many
 * small pages costs more than what is written there. Whole ones, to be freed. */
static void *large_alloc(size_t len)
{
    enum { LARGE_PAGE = 2 * 1024 * 1024 };
    if (len < LARGE_PAGE)
        return xmalloc(len);
    size_t whole = (len + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
    void *p = xaligned(LARGE_PAGE, whole);
    (void)madvise(p, whole, MADV_HUGEPAGE); /* advice: without it all is as it was */
    return p;
}

/* Blocks grow with what the snapshot has: few are needed, and those of many contracts are large. */
static void *pool_alloc(struct catalog_index *x, size_t len)
{
    enum { BLOCK = 64 * 1024 };
    len = (len + 15) & ~(size_t)15;
    if (x->blocks == NULL || x->blocks->cap - x->blocks->used < len) {
        size_t cap = x->blocks == NULL ? BLOCK : x->pooled;
        if (cap < len)
            cap = len;
        struct block *b = large_alloc(sizeof *b + cap);
        *b = (struct block){.next = x->blocks, .cap = cap};
        x->blocks = b;
        x->pooled += cap;
    }
    void *p = x->blocks->bytes + x->blocks->used;
    x->blocks->used += len;
    return p;
}

static struct span pool_copy(struct catalog_index *x, struct span s)
{
    char *p = pool_alloc(x, s.len + 1);
    if (s.len)
        memcpy(p, s.ptr, s.len);
    p[s.len] = '\0';
    return span_of(p, s.len);
}

/* ---- reading rows ---- */

struct load {
    struct txn *txn;
    const struct keys *keys;
    const struct catalog *before; /* NULL on the first load */
    struct catalog *c;
};

/* How rows of one table come into the snapshot: parsed, or taken over from row n of the snapshot before. */
struct loader {
    enum table table;
    enum err (*read)(struct load *l, struct span key, const json_t *row);
    /* ERR_NOT_FOUND: it hangs on something that did change, so parse it. */
    enum err (*reuse)(struct load *l, struct span key, size_t n);
};

/* Keeps every row of the table: the next reload compares with them. */
static enum err rows_copy(struct load *l, enum table table)
{
    struct rows *r = &l->c->index->rows[table];
    struct cursor *cursor;
    struct span key, value;
    enum err err = cursor_open(l->txn, table, &cursor);
    if (err != ERR_OK)
        return err;
    for (err = cursor_seek(cursor, SPAN(""), &key, &value); err == ERR_OK; err = cursor_next(cursor, &key, &value)) {
        if (r->n == r->cap) {
            r->cap = r->cap ? 2 * r->cap : 64;
            r->row = xrealloc(r->row, r->cap * sizeof *r->row);
        }
        r->row[r->n++] = (struct raw){pool_copy(l->c->index, key), pool_copy(l->c->index, value)};
    }
    cursor_close(cursor);
    return cursor_end(err);
}

static enum err row_parse(struct load *l, const struct loader *how, const struct raw *raw)
{
    json_t *row;
    if (json_read_canonical(raw->value, &row, NULL) != ERR_OK)
        return ERR_CORRUPT;
    enum err err = how->read(l, raw->key, row);
    json_decref(row);
    return err;
}

/* Both snapshots hold their rows in key order, so one walk finds the equal ones. No row of these tables ever goes. */
static enum err rows_load(struct load *l, const struct loader *how)
{
    static const struct rows none;
    const struct rows *now = &l->c->index->rows[how->table];
    const struct rows *old = l->before != NULL ? &l->before->index->rows[how->table] : &none;
    enum err err = ERR_OK;
    size_t o = 0;
    for (size_t i = 0; i < now->n && err == ERR_OK; i++) {
        const struct raw *raw = &now->row[i];
        int order = o < old->n ? span_order(old->row[o].key, raw->key) : 1;
        if (order < 0)
            return ERR_CORRUPT;
        err = order == 0 && span_eq(old->row[o].value, raw->value) ? how->reuse(l, raw->key, o) : ERR_NOT_FOUND;
        if (err == ERR_NOT_FOUND)
            err = row_parse(l, how, raw);
        o += order == 0;
    }
    return err == ERR_OK && o < old->n ? ERR_CORRUPT : err;
}

/* Members that must be there. */
static enum err need_int(const json_t *row, const char *name, int64_t max, int64_t *out)
{
    bool found = false;
    enum err err = json_get_int(row, "", name, 0, max, out, &found, NULL);
    return err == ERR_OK && found ? ERR_OK : ERR_CORRUPT;
}

static enum err need_number(const json_t *row, const char *name, uint32_t *out)
{
    int64_t v;
    enum err err = need_int(row, name, UINT32_MAX, &v);
    if (err == ERR_OK)
        *out = (uint32_t)v;
    return err;
}

static enum err need_str(const json_t *row, const char *name, size_t max, struct span *out)
{
    bool found = false;
    enum err err = json_get_str(row, "", name, max, out, &found, NULL);
    return err == ERR_OK && found ? ERR_OK : ERR_CORRUPT;
}

static enum err need_id(const json_t *row, char out[LIMIT_ID + 1])
{
    struct span id;
    if (need_str(row, "id", LIMIT_ID, &id) != ERR_OK || !id_is_plain(id))
        return ERR_CORRUPT;
    memcpy(out, id.ptr, id.len);
    out[id.len] = '\0';
    return ERR_OK;
}

static enum err need_document(struct load *l, const json_t *row, struct span *out)
{
    const json_t *document;
    bool found = false;
    if (json_get_object(row, "", "document", &document, &found, NULL) != ERR_OK || !found)
        return ERR_CORRUPT;
    struct buf text;
    struct jw w;
    buf_heap(&text);
    jw_open(&w, &text);
    jw_value(&w, document);
    jw_close(&w);
    *out = pool_copy(l->c->index, buf_span(&text));
    buf_free(&text);
    return ERR_OK;
}

/* Numbers are given without holes from 1 on: row n of a table is number n. */
static bool next_number(struct span key, size_t n_before)
{
    return key.len == 4 && load_be32(key.ptr) == n_before + 1;
}

static const struct party *party_number(const struct catalog *c, int64_t number)
{
    return number >= 1 && (uint64_t)number <= c->n_parties ? &c->parties[number - 1] : NULL;
}

static enum err need_party(const struct catalog *c, const json_t *row, const char *name, const struct party **out)
{
    int64_t number;
    if (need_int(row, name, UINT32_MAX, &number) != ERR_OK || party_number(c, number) == NULL)
        return ERR_CORRUPT;
    *out = party_number(c, number);
    return ERR_OK;
}

static enum err need_role(const struct catalog *c, const json_t *row, const char *name, enum role role,
                          const struct party **out)
{
    enum err err = need_party(c, row, name, out);
    return err == ERR_OK && (*out)->role != role ? ERR_CORRUPT : err;
}

/* Stays zeros where no API token made it. */
static enum err maker_read(const json_t *row, const char *name, uint8_t out[HASH_LEN])
{
    struct span text = {0};
    size_t len = HASH_LEN;
    enum err err = json_get_str(row, "", name, 64, &text, NULL, NULL);
    if (err == ERR_OK && !span_empty(text))
        err = b64url_decode(text, out, HASH_LEN, &len);
    return err == ERR_OK && len == HASH_LEN ? ERR_OK : ERR_CORRUPT;
}

static enum err lock_read(const json_t *row, struct party *p)
{
    struct span lock = {0};
    bool locked = false;
    if (json_get_str(row, "", "lock", LIMIT_ID, &lock, &locked, NULL) != ERR_OK ||
        (locked &&
         (!id_is_plain(lock) || need_number(row, "locked_by", &p->locked_by) != ERR_OK ||
          need_int(row, "locked", JSON_INT_MAX, &p->locked_ms) != ERR_OK || p->locked_ms == 0 || p->locked_by == 0)))
        return ERR_CORRUPT;
    if (locked)
        memcpy(p->lock, lock.ptr, lock.len);
    return ERR_OK;
}

static enum err party_read(struct load *l, struct span key, const json_t *row)
{
    struct party *p = &l->c->parties[l->c->n_parties];
    struct span kind, name, pub = {0}, jws = {0}, hash = {0}, cidrs = {0}, legal = {0};
    size_t len = 0;
    bool hashed = false;
    if (!next_number(key, l->c->n_parties) || need_id(row, p->id) != ERR_OK ||
        need_str(row, "kind", LIMIT_LABEL, &kind) != ERR_OK || role_parse(kind, &p->role) != ERR_OK ||
        need_str(row, "name", LIMIT_LABEL, &name) != ERR_OK ||
        need_int(row, "created", JSON_INT_MAX, &p->created_ms) != ERR_OK ||
        json_get_str(row, "", "key", 64, &pub, &p->has_key, NULL) != ERR_OK ||
        json_get_str(row, "", "key_jws", LIMIT_PARTY_JWS, &jws, NULL, NULL) != ERR_OK ||
        p->has_key == span_empty(jws) || json_get_str(row, "", "legal", LEGAL_MAX, &legal, NULL, NULL) != ERR_OK ||
        (!span_empty(legal) && (!legal_is(legal) || need_number(row, "legal_by", &p->legal_by) != ERR_OK)) ||
        json_get_str(row, "", "postback_cidrs", POSTBACK_CIDRS_MAX, &cidrs, NULL, NULL) != ERR_OK ||
        json_get_str(row, "", "postback_key", 64, &hash, &hashed, NULL) != ERR_OK || hashed == span_empty(cidrs) ||
        (hashed && (need_number(row, "postback_by", &p->postback_by) != ERR_OK ||
                    maker_read(row, "postback_maker", p->postback_maker) != ERR_OK ||
                    need_int(row, "postback_since", JSON_INT_MAX, &p->postback_since_ms) != ERR_OK)))
        return ERR_CORRUPT;
    if (lock_read(row, p) != ERR_OK)
        return ERR_CORRUPT;
    if (p->has_key && (b64url_decode(pub, p->pub, sizeof p->pub, &len) != ERR_OK || len != sizeof p->pub))
        return ERR_CORRUPT;
    if (hashed && (b64url_decode(hash, p->postback_key, HASH_LEN, &len) != ERR_OK || len != HASH_LEN))
        return ERR_CORRUPT;
    p->number = load_be32(key.ptr);
    p->name = pool_copy(l->c->index, name);
    p->key_jws = pool_copy(l->c->index, jws);
    p->legal = pool_copy(l->c->index, legal);
    p->postback_cidrs = pool_copy(l->c->index, cidrs);
    l->c->n_parties++;
    return ERR_OK;
}

static enum err party_reuse(struct load *l, struct span key, size_t n)
{
    struct party *p = &l->c->parties[l->c->n_parties];
    if (!next_number(key, l->c->n_parties++))
        return ERR_CORRUPT;
    *p = l->before->parties[n];
    p->name = pool_copy(l->c->index, p->name);
    p->key_jws = pool_copy(l->c->index, p->key_jws);
    p->legal = pool_copy(l->c->index, p->legal);
    p->postback_cidrs = pool_copy(l->c->index, p->postback_cidrs);
    return ERR_OK;
}

static enum err campaign_read(struct load *l, struct span key, const json_t *row)
{
    struct campaign *c = &l->c->campaigns[l->c->n_campaigns];
    int64_t partition;
    if (!next_number(key, l->c->n_campaigns) || need_id(row, c->id) != ERR_OK ||
        need_role(l->c, row, "advertiser", ROLE_ADVERTISER, &c->advertiser) != ERR_OK ||
        need_document(l, row, &c->document) != ERR_OK || need_number(row, "direct", &c->direct) != ERR_OK ||
        need_int(row, "partition", UINT16_MAX, &partition) != ERR_OK ||
        need_int(row, "created", JSON_INT_MAX, &c->created_ms) != ERR_OK)
        return ERR_CORRUPT;
    c->partition = (uint16_t)partition;
    c->number = load_be32(key.ptr);
    keys_pepper(l->keys, span_str(c->id), c->pepper);
    l->c->n_campaigns++;
    return ERR_OK;
}

static enum err campaign_reuse(struct load *l, struct span key, size_t n)
{
    struct campaign *c = &l->c->campaigns[l->c->n_campaigns];
    if (!next_number(key, l->c->n_campaigns++))
        return ERR_CORRUPT;
    *c = l->before->campaigns[n];
    c->advertiser = party_number(l->c, c->advertiser->number);
    c->document = pool_copy(l->c->index, c->document);
    return ERR_OK;
}

/* A version that the snapshot before has is shared with it. */
static struct shared_terms *known_terms(const struct load *l, uint32_t contract, int64_t number)
{
    const struct contract *k = l->before != NULL ? catalog_contract_number(l->before, contract) : NULL;
    for (size_t i = 0; k != NULL && i < k->versions.n; i++)
        if (k->versions.v[i].number == number) {
            struct shared_terms *shared = l->before->index->terms[contract - 1][i];
            atomic_fetch_add_explicit(&shared->refs, 1, memory_order_relaxed);
            return shared;
        }
    return NULL;
}

/* The newest version is in the control rows, those before it in the log. */
static enum err compile_version(struct load *l, const struct contract *k, bool newest, struct version *v)
{
    const struct entry_terms e = {
        .rules = v->rules, .campaign = k->campaign->document, .contract = k->document, .version = v->number};
    return newest ? rules_compile(&e, &v->terms, NULL) : ledger_version(l->txn, k->number, v);
}

static enum err load_version(struct load *l, struct contract *k, size_t i)
{
    struct version *v = &k->versions.v[i];
    struct shared_terms *shared = known_terms(l, k->number, v->number);
    if (shared == NULL) {
        enum err err = compile_version(l, k, i + 1 == k->versions.n, v);
        if (err != ERR_OK)
            return err;
        shared = xmalloc(sizeof *shared);
        atomic_init(&shared->refs, 1);
        shared->terms = v->terms;
    }
    v->terms = shared->terms;
    version_tells(v, v->terms);
    l->c->index->terms[k->number - 1][i] = shared;
    return ERR_OK;
}

static enum err contract_read(struct load *l, struct span key, const json_t *row)
{
    struct contract *k = &l->c->contracts[l->c->n_contracts];
    int64_t campaign, version, assented = 0;
    if (!next_number(key, l->c->n_contracts) || need_id(row, k->id) != ERR_OK ||
        need_int(row, "campaign", (int64_t)l->c->n_campaigns, &campaign) != ERR_OK || campaign < 1 ||
        need_document(l, row, &k->document) != ERR_OK || need_int(row, "version", UINT32_MAX, &version) != ERR_OK ||
        need_int(row, "created", JSON_INT_MAX, &k->created_ms) != ERR_OK ||
        json_get_int(row, "", "assented", 1, JSON_INT_MAX, &assented, NULL, NULL) != ERR_OK)
        return ERR_CORRUPT;
    k->assented = (uint64_t)assented;
    if (json_object_get(row, "publisher") != NULL &&
        need_role(l->c, row, "publisher", ROLE_PUBLISHER, &k->publisher) != ERR_OK)
        return ERR_CORRUPT;
    k->number = load_be32(key.ptr);
    k->campaign = &l->c->campaigns[campaign - 1];
    struct view rows = store_view(l->txn);
    enum err err = row_versions(&rows, k->number, UINT64_MAX, &k->versions);
    bool newest = err == ERR_OK && k->versions.made == version;
    if (err == ERR_NOT_FOUND || (err == ERR_OK && !newest))
        return ERR_CORRUPT;
    l->c->n_contracts++; /* what it holds so far is freed with the snapshot */
    for (size_t i = 0; i < k->versions.n && err == ERR_OK; i++)
        err = load_version(l, k, i);
    return err;
}

static enum err contract_reuse(struct load *l, struct span key, size_t n)
{
    struct contract *k = &l->c->contracts[l->c->n_contracts];
    const struct contract *old = &l->before->contracts[n];
    if (!next_number(key, l->c->n_contracts) || old->campaign->number > l->c->n_campaigns)
        return ERR_CORRUPT;
    const struct campaign *campaign = &l->c->campaigns[old->campaign->number - 1];
    if (!span_eq(campaign->document, old->campaign->document))
        return ERR_NOT_FOUND;
    *k = *old;
    k->campaign = campaign;
    k->publisher = old->publisher != NULL ? party_number(l->c, old->publisher->number) : NULL;
    k->document = pool_copy(l->c->index, old->document);
    k->codes = NULL;
    k->n_codes = 0;
    for (size_t i = 0; i < k->versions.n; i++)
        l->c->index->terms[n][i] = known_terms(l, k->number, k->versions.v[i].number);
    l->c->n_contracts++;
    return ERR_OK;
}

static struct contract *code_contract(struct load *l, struct span key)
{
    uint32_t number = key.len == 8 ? load_be32(key.ptr) : 0;
    return number >= 1 && number <= l->c->n_contracts ? &l->c->contracts[number - 1] : NULL;
}

/* How many codes each contract has, and room for them: placements are given without holes from 1 on. */
static enum err codes_count(struct load *l)
{
    const struct rows *r = &l->c->index->rows[TABLE_CODES];
    for (size_t i = 0; i < r->n; i++) {
        struct contract *k = code_contract(l, r->row[i].key);
        if (k == NULL || load_be32(r->row[i].key.ptr + 4) != ++k->n_codes)
            return ERR_CORRUPT;
    }
    for (size_t i = 0; i < l->c->n_contracts; i++) {
        struct contract *k = &l->c->contracts[i];
        k->codes = k->n_codes ? pool_alloc(l->c->index, k->n_codes * sizeof *k->codes) : NULL;
    }
    return ERR_OK;
}

static void code_put(struct load *l, struct span key, struct code code)
{
    code.label = pool_copy(l->c->index, code.label);
    code.landing_url = pool_copy(l->c->index, code.landing_url);
    code_contract(l, key)->codes[code.placement - 1] = code;
}

static enum err code_row_read(struct load *l, struct span key, const json_t *row)
{
    struct code code = {.placement = load_be32(key.ptr + 4)};
    const struct party *off_by = NULL;
    bool off = false;
    if (need_str(row, "label", LIMIT_LABEL, &code.label) != ERR_OK ||
        json_get_int(row, "", "off", 1, JSON_INT_MAX, &code.off_ms, &off, NULL) != ERR_OK ||
        (off && need_party(l->c, row, "off_by", &off_by) != ERR_OK) ||
        json_get_str(row, "", "landing_url", LIMIT_URL, &code.landing_url, NULL, NULL) != ERR_OK ||
        need_int(row, "created", JSON_INT_MAX, &code.created_ms) != ERR_OK)
        return ERR_CORRUPT;
    code.off_by = off ? off_by->number : 0;
    code_put(l, key, code);
    return ERR_OK;
}

static enum err code_reuse(struct load *l, struct span key, size_t n)
{
    (void)n;
    code_put(l, key, l->before->contracts[load_be32(key.ptr) - 1].codes[load_be32(key.ptr + 4) - 1]);
    return ERR_OK;
}

static enum err secret_read(struct load *l, struct span key, const json_t *row)
{
    struct secret *s = &l->c->secrets[l->c->n_secrets];
    const struct party *by;
    struct span text;
    uint8_t sealed[AEAD_NONCE_LEN + sizeof s->key + AEAD_TAG_LEN];
    size_t len;
    if (key.len == 0 || key.len > LIMIT_ID || need_party(l->c, row, "party", &s->party) != ERR_OK ||
        need_str(row, "sealed", 256, &text) != ERR_OK || b64url_decode(text, sealed, sizeof sealed, &len) != ERR_OK ||
        json_get_bool(row, "", "retired", &s->retired, NULL, NULL) != ERR_OK ||
        maker_read(row, "maker", s->maker) != ERR_OK || need_party(l->c, row, "by", &by) != ERR_OK ||
        need_int(row, "created", JSON_INT_MAX, &s->created_ms) != ERR_OK)
        return ERR_CORRUPT;
    memcpy(s->kid, key.ptr, key.len);
    s->kid[key.len] = '\0';
    s->by = by->number;
    s->sealed = pool_copy(l->c->index, span_of(sealed, len));
    char plain[sizeof s->key + 1];
    struct buf b;
    buf_fixed(&b, plain, sizeof plain);
    enum err err = vault_open(l->keys, VAULT_SECRETS, key, span_of(sealed, len), &b);
    if (err == ERR_OK) {
        s->len = b.len;
        memcpy(s->key, plain, s->len);
        l->c->n_secrets++;
    }
    crypto_wipe(plain, sizeof plain);
    return err;
}

static enum err secret_reuse(struct load *l, struct span key, size_t n)
{
    (void)key;
    struct secret *s = &l->c->secrets[l->c->n_secrets++];
    *s = l->before->secrets[n];
    s->sealed = pool_copy(l->c->index, s->sealed);
    s->party = party_number(l->c, s->party->number);
    return ERR_OK;
}

static enum err token_read(struct load *l, struct span key, const json_t *row)
{
    struct catalog_index *x = l->c->index;
    struct api_token *r = &x->tokens[x->n_tokens];
    struct span label = {0}, scope = {0};
    int64_t steps = 0;
    bool stepped = false;
    const struct party *by;
    if (key.len != HASH_LEN || need_party(l->c, row, "party", &r->party) != ERR_OK ||
        need_party(l->c, row, "by", &by) != ERR_OK ||
        need_int(row, "created", JSON_INT_MAX, &r->created_ms) != ERR_OK ||
        json_get_int(row, "", "expires", 0, JSON_INT_MAX, &r->expires_ms, NULL, NULL) != ERR_OK ||
        json_get_int(row, "", "ended", 0, JSON_INT_MAX, &r->ended_ms, NULL, NULL) != ERR_OK ||
        json_get_int(row, "", "steps", 0, UINT32_MAX, &steps, &stepped, NULL) != ERR_OK ||
        stepped != (r->expires_ms != 0) || json_get_bool(row, "", "invitation", &r->invitation, NULL, NULL) != ERR_OK ||
        (r->invitation && r->expires_ms == 0) ||
        json_get_str(row, "", "scope", SCOPES_TEXT_MAX, &scope, NULL, NULL) != ERR_OK ||
        scopes_read(scope, &r->scopes) != ERR_OK || maker_read(row, "maker", r->maker) != ERR_OK ||
        json_get_str(row, "", "label", LIMIT_LABEL, &label, NULL, NULL) != ERR_OK)
        return ERR_CORRUPT;
    r->by = by->number;
    r->steps = (uint32_t)steps;
    r->label = pool_copy(x, label);
    memcpy(r->sha256, key.ptr, HASH_LEN);
    x->n_tokens++;
    return ERR_OK;
}

static enum err token_reuse(struct load *l, struct span key, size_t n)
{
    (void)key;
    struct catalog_index *x = l->c->index;
    struct api_token *r = &x->tokens[x->n_tokens++];
    *r = l->before->index->tokens[n];
    r->label = pool_copy(x, r->label);
    r->party = party_number(l->c, r->party->number);
    return ERR_OK;
}

/* Those of one contract and auditor count from 1 on, and each but the last was revoked. */
static enum err grant_put(struct load *l, struct span key, struct grant g)
{
    struct catalog_index *x = l->c->index;
    const struct grant *before = x->n_grants > 0 ? &x->grants[x->n_grants - 1] : NULL;
    if (key.len != 12)
        return ERR_CORRUPT;
    g.contract = load_be32(key.ptr);
    g.party = load_be32(key.ptr + 4);
    g.number = load_be32(key.ptr + 8);
    if (before != NULL && (before->contract != g.contract || before->party != g.party))
        before = NULL;
    const struct party *p = party_number(l->c, g.party);
    if (g.contract < 1 || g.contract > l->c->n_contracts || p == NULL || p->role != ROLE_AUDITOR ||
        g.number != (before != NULL ? before->number : 0) + 1 || (before != NULL && before->ended_ms == 0))
        return ERR_CORRUPT;
    x->grants[x->n_grants++] = g;
    return ERR_OK;
}

static enum err grant_read(struct load *l, struct span key, const json_t *row)
{
    struct grant g = {.contract = 0};
    const struct party *by, *ended_by = NULL;
    bool ended = false;
    if (need_int(row, "created", JSON_INT_MAX, &g.created_ms) != ERR_OK || need_party(l->c, row, "by", &by) != ERR_OK ||
        json_get_int(row, "", "ended", 1, JSON_INT_MAX, &g.ended_ms, &ended, NULL) != ERR_OK ||
        (ended && need_party(l->c, row, "ended_by", &ended_by) != ERR_OK))
        return ERR_CORRUPT;
    g.by = by->number;
    g.ended_by = ended ? ended_by->number : 0;
    return grant_put(l, key, g);
}

static enum err grant_reuse(struct load *l, struct span key, size_t n)
{
    return grant_put(l, key, l->before->index->grants[n]);
}

/* ---- how far the clock had come ---- */

static void past_add(struct catalog_index *x, int64_t ms)
{
    while (x->n_past > 0 && x->past[x->n_past - 1].ms <= ms)
        x->n_past--;
    x->past = xrealloc(x->past, (x->n_past + 1) * sizeof *x->past);
    x->past[x->n_past++] = (struct past){++x->steps, ms};
}

static void past_reuse(struct catalog_index *x, const struct catalog_index *before)
{
    x->steps = before->steps;
    x->steps_unread = before->steps_unread;
    x->n_past = before->n_past;
    x->past = xcalloc(x->n_past + 1, sizeof *x->past);
    for (size_t i = 0; i < x->n_past; i++)
        x->past[i] = before->past[i];
}

/* Steps are never taken back: those that the snapshot before knows stay. One that does not read stands in nobody's way
 * but of what expires. */
static enum err past_load(struct load *l)
{
    struct catalog_index *x = l->c->index;
    uint8_t from[4];
    struct cursor *cursor;
    struct span key, value;
    struct clock_step step;
    if (l->before != NULL)
        past_reuse(x, l->before->index);
    enum err err = cursor_open(l->txn, TABLE_CLOCK, &cursor);
    if (err != ERR_OK)
        return err;
    store_be32(from, x->steps + 1);
    for (err = cursor_seek(cursor, span_of(from, sizeof from), &key, &value); err == ERR_OK && !x->steps_unread;
         err = cursor_next(cursor, &key, &value)) {
        x->steps_unread = !next_number(key, x->steps) || clock_step_read(value, &step) != ERR_OK;
        if (!x->steps_unread)
            past_add(x, step.from_ms);
    }
    cursor_close(cursor);
    x->steps_unread |= err == ERR_CORRUPT;
    return err == ERR_CORRUPT ? ERR_OK : cursor_end(err);
}

/* ---- the snapshot ---- */

/* Two rows of one id would hide each other. */
static enum err names_build(struct catalog *c)
{
    struct catalog_index *x = c->index;
    x->names = xcalloc(c->n_parties + c->n_campaigns + c->n_contracts + 1, sizeof *x->names);
    for (size_t i = 0; i < c->n_parties; i++)
        x->names[x->n_names++] = (struct name){c->parties[i].id, &c->parties[i]};
    for (size_t i = 0; i < c->n_campaigns; i++)
        x->names[x->n_names++] = (struct name){c->campaigns[i].id, &c->campaigns[i]};
    for (size_t i = 0; i < c->n_contracts; i++)
        x->names[x->n_names++] = (struct name){c->contracts[i].id, &c->contracts[i]};
    qsort(x->names, x->n_names, sizeof *x->names, name_compare);
    for (size_t i = 1; i < x->n_names; i++)
        if (strcmp(x->names[i - 1].id, x->names[i].id) == 0)
            return ERR_CORRUPT;
    return ERR_OK;
}

static void keys_build(struct catalog *c)
{
    struct catalog_index *x = c->index;
    x->keys = xcalloc(c->n_parties + 1, sizeof *x->keys);
    for (size_t i = 0; i < c->n_parties; i++)
        if (!span_empty(c->parties[i].postback_cidrs)) {
            struct postback_key *k = &x->keys[x->n_keys++];
            k->party = &c->parties[i];
            memcpy(k->sha256, c->parties[i].postback_key, HASH_LEN);
        }
    qsort(x->keys, x->n_keys, sizeof *x->keys, postback_key_compare);
}

/* Who is named in a party's row is there, whichever of the two was made first. */
static enum err makers_fit(const struct catalog *c)
{
    for (size_t i = 0; i < c->n_parties; i++) {
        const struct party *p = &c->parties[i];
        if (p->legal_by > c->n_parties || p->locked_by > c->n_parties || p->postback_by > c->n_parties)
            return ERR_CORRUPT;
    }
    return ERR_OK;
}

/* Each campaign's direct contract is its own, and nobody's; any other is somebody's. */
static enum err directs_fit(const struct catalog *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n_contracts; i++)
        n += c->contracts[i].publisher == NULL;
    if (n != c->n_campaigns)
        return ERR_CORRUPT;
    for (size_t i = 0; i < c->n_campaigns; i++) {
        const struct contract *k = catalog_contract_number(c, c->campaigns[i].direct);
        if (k == NULL || k->campaign != &c->campaigns[i] || k->publisher != NULL)
            return ERR_CORRUPT;
    }
    return ERR_OK;
}

/* In the order of dependence. */
static const struct loader loaders[] = {
    {TABLE_PARTIES, party_read, party_reuse},         {TABLE_CAMPAIGNS, campaign_read, campaign_reuse},
    {TABLE_CONTRACTS, contract_read, contract_reuse}, {TABLE_CODES, code_row_read, code_reuse},
    {TABLE_SECRETS, secret_read, secret_reuse},       {TABLE_TOKENS, token_read, token_reuse},
    {TABLE_GRANTS, grant_read, grant_reuse},
};
enum { LOADERS = sizeof loaders / sizeof *loaders };

static void arrays_make(struct catalog *c)
{
    struct catalog_index *x = c->index;
    c->parties = xcalloc(x->rows[TABLE_PARTIES].n + 1, sizeof *c->parties);
    c->campaigns = xcalloc(x->rows[TABLE_CAMPAIGNS].n + 1, sizeof *c->campaigns);
    size_t contracts = (x->rows[TABLE_CONTRACTS].n + 1) * sizeof *c->contracts;
    c->contracts = large_alloc(contracts);
    memset(c->contracts, 0, contracts);
    c->secrets = xcalloc(x->rows[TABLE_SECRETS].n + 1, sizeof *c->secrets);
    x->terms = xcalloc(x->rows[TABLE_CONTRACTS].n + 1, sizeof *x->terms);
    x->tokens = xcalloc(x->rows[TABLE_TOKENS].n + 1, sizeof *x->tokens);
    x->grants = xcalloc(x->rows[TABLE_GRANTS].n + 1, sizeof *x->grants);
}

static enum err load_all(struct load *l)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < LOADERS && err == ERR_OK; i++)
        err = rows_copy(l, loaders[i].table);
    if (err != ERR_OK)
        return err;
    arrays_make(l->c);
    for (size_t i = 0; i < LOADERS && err == ERR_OK; i++) {
        if (loaders[i].table == TABLE_CODES)
            err = codes_count(l);
        if (err == ERR_OK)
            err = rows_load(l, &loaders[i]);
    }
    if (err == ERR_OK)
        err = past_load(l);
    if (err == ERR_OK)
        err = makers_fit(l->c);
    if (err == ERR_OK)
        err = directs_fit(l->c);
    if (err == ERR_OK) {
        lists_build(l->c);
        keys_build(l->c);
    }
    return err == ERR_OK ? names_build(l->c) : err;
}

static enum err load(struct load *l, struct catalog **out)
{
    l->c = xcalloc(1, sizeof *l->c);
    atomic_init(&l->c->refs, 1);
    l->c->index = xcalloc(1, sizeof *l->c->index);
    enum err err = load_all(l);
    if (err == ERR_OK)
        *out = l->c;
    else
        catalog_unref(l->c);
    return err;
}

enum err catalog_load(struct txn *t, const struct keys *k, struct catalog **out)
{
    return load(&(struct load){.txn = t, .keys = k}, out);
}

enum err catalog_reload(struct txn *t, const struct keys *k, const struct catalog *before, struct catalog **out)
{
    return load(&(struct load){.txn = t, .keys = k, .before = before}, out);
}
