/* Rows to a snapshot. A control write is followed by a reload inside the committer: so the rows alone that were written
 * are read, opened and compiled, and put in the place of what was there; a whole load does the same with all of them.
 */
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/id.h"
#include "common/base/json_peek.h"
#include "common/base/mem.h"
#include "common/commit/clock.h"
#include "common/commit/crm.h"
#include "common/decisions/rules.h"
#include "common/settlement/legal.h"
#include "server/catalog/catalog_private.h"
#include "server/catalog/catalog_write.h"
#include "server/catalog/unfinished.h"
#include "server/keys/vault.h"
#include "server/ledger/ledger.h"

/* ---- reading rows ---- */

struct load {
    struct txn *txn;
    const struct keys *keys;
    struct compiled_pool *compiled; /* NULL: nothing was */
    struct catalog *c;              /* the draft */
    bool whole;                     /* of all rows */
    struct span document;           /* of the row that is read, until the next read */
    struct buf parties, campaigns;  /* numbers (uint32_t) of those that are others now, of new ones */
};

/* How rows of one table come into the snapshot. */
struct loader {
    enum table table;
    enum err (*read)(struct load *l, struct span key, const json_t *row);
    /* Once all its rows are read: what hangs on them, and on those of tables before it. */
    enum err (*settle)(struct load *l);
    bool document; /* its rows have one */
};

static void note_number(struct buf *b, uint32_t number)
{
    buf_add(b, &number, sizeof number);
}

static uint32_t noted_number(const struct buf *b, size_t i)
{
    uint32_t number;
    memcpy(&number, b->ptr + i * sizeof number, sizeof number);
    return number;
}

static size_t noted(const struct buf *b)
{
    return b->len / sizeof(uint32_t);
}

/* The texts of one item. */
struct text {
    size_t used;
    char bytes[];
};

static struct text *text_new(struct load *l, size_t len, size_t texts)
{
    return item_new(l->c, sizeof(struct text) + len + texts, NULL);
}

static struct span text_put(struct text *t, struct span s)
{
    char *p = t->bytes + t->used;
    if (s.len)
        memcpy(p, s.ptr, s.len);
    t->used += s.len + 1;
    return span_of(p, s.len);
}

/* *out: the row without its document, in the place of which stands a number. The document is most of it, and is judged
 * by who compiles it: where both are canonical, so is the row. */
static enum err around_document(struct load *l, struct span value, struct buf *out)
{
    if (!json_peek(value, "document", &l->document))
        return ERR_CORRUPT;
    const char *behind = l->document.ptr + l->document.len;
    buf_span_add(out, span_of(value.ptr, (size_t)(l->document.ptr - value.ptr)));
    buf_byte(out, '0');
    buf_span_add(out, span_of(behind, (size_t)(value.ptr + value.len - behind)));
    return ERR_OK;
}

static enum err row_load(struct load *l, const struct loader *how, struct span key, struct span value)
{
    json_t *row = NULL;
    struct buf rest;
    buf_heap(&rest);
    enum err err = how->document ? around_document(l, value, &rest) : ERR_OK;
    if (err == ERR_OK && json_read_canonical(how->document ? buf_span(&rest) : value, &row, NULL) != ERR_OK)
        err = ERR_CORRUPT;
    if (err == ERR_OK)
        err = how->read(l, key, row);
    json_decref(row);
    buf_free(&rest);
    return err;
}

/* The value dies at the next read of this transaction. */
static enum err rows_whole(struct load *l, const struct loader *how)
{
    struct cursor *cursor;
    struct span key, value;
    enum err err = cursor_open(l->txn, how->table, &cursor), step;
    if (err != ERR_OK)
        return err;
    for (step = cursor_seek(cursor, SPAN(""), &key, &value); step == ERR_OK && err == ERR_OK;
         step = cursor_next(cursor, &key, &value))
        err = row_load(l, how, key, value);
    cursor_close(cursor);
    return err == ERR_OK ? cursor_end(step) : err;
}

static enum err rows_changed(struct load *l, const struct loader *how)
{
    enum table table;
    struct span key, value;
    enum err err = ERR_OK;
    struct txn_notes from = {0};
    while (err == ERR_OK && txn_noted(l->txn, &from, &table, &key))
        if (table == how->table && (err = store_get(l->txn, table, key, &value)) == ERR_OK)
            err = row_load(l, how, key, value);
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err; /* no row of these tables ever goes */
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

/* Numbers are given without holes from 1 on. */
static enum err key_number(struct span key, size_t n, uint32_t *out)
{
    *out = key.len == 4 ? load_be32(key.ptr) : 0;
    return *out >= 1 && *out <= n + 1 ? ERR_OK : ERR_CORRUPT;
}

static enum err need_party(const struct catalog *c, const json_t *row, const char *name, const struct party **out)
{
    int64_t number;
    if (need_int(row, name, UINT32_MAX, &number) != ERR_OK)
        return ERR_CORRUPT;
    *out = catalog_party_number(c, (uint32_t)number);
    return *out != NULL ? ERR_OK : ERR_CORRUPT;
}

static enum err need_role(const struct catalog *c, const json_t *row, const char *name, enum role role,
                          const struct who **out)
{
    const struct party *p = NULL;
    enum err err = need_party(c, row, name, &p);
    if (err != ERR_OK || p->role != role)
        return ERR_CORRUPT;
    *out = p->who;
    return ERR_OK;
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

/* What of it goes with the party's texts. */
struct webhook_texts {
    struct span url, sealed;
    uint8_t mem[256];
};

static enum err webhook_read(const json_t *row, struct party *p, struct webhook_texts *w)
{
    struct span id = {0}, text = {0};
    size_t len;
    bool there = false;
    w->url = w->sealed = SPAN("");
    if (json_get_str(row, "", "webhook", WEBHOOK_URL_MAX, &w->url, &there, NULL) != ERR_OK)
        return ERR_CORRUPT;
    if (!there)
        return ERR_OK;
    if (span_empty(w->url) || need_str(row, "webhook_id", LIMIT_ID, &id) != ERR_OK || !id_is_plain(id) ||
        need_number(row, "webhook_by", &p->webhook_by) != ERR_OK || p->webhook_by == 0 ||
        maker_read(row, "webhook_maker", p->webhook_maker) != ERR_OK ||
        need_int(row, "webhook_since", JSON_INT_MAX, &p->webhook_since_ms) != ERR_OK ||
        json_get_int(row, "", "webhook_off", 0, JSON_INT_MAX, &p->webhook_off_ms, NULL, NULL) != ERR_OK ||
        json_get_bool(row, "", "webhook_macro", &p->webhook_macro, NULL, NULL) != ERR_OK ||
        need_str(row, "webhook_sealed", 2 * sizeof w->mem, &text) != ERR_OK ||
        b64url_decode(text, w->mem, sizeof w->mem, &len) != ERR_OK)
        return ERR_CORRUPT;
    memcpy(p->webhook_id, id.ptr, id.len);
    w->sealed = span_of(w->mem, len);
    return ERR_OK;
}

/* ---- ids ---- */

/* Two rows of one id would hide each other. Of a whole load they are put in order at its end. */
static enum err name_add(struct load *l, enum part part, uint32_t number, const char *id)
{
    struct table_of **names = part_names(l->c, id);
    size_t at = l->whole ? (*names)->n : table_from(*names, id, name_order);
    struct name *n = item_new(l->c, sizeof *n, NULL);
    n->part = part;
    n->number = number;
    memcpy(n->id, id, sizeof n->id);
    bool taken = !l->whole && at < (*names)->n && name_order(id, (*names)->what[at]) == 0;
    if (!taken)
        table_insert(names, at, n);
    return taken ? ERR_CORRUPT : ERR_OK;
}

static int name_compare(const void *a, const void *b)
{
    const struct name *const *x = a;
    return name_order((*x)->id, *(const void *const *)b);
}

static enum err names_sort(struct load *l)
{
    for (size_t share = 0; share < SHARES; share++) {
        struct table_of *names = l->c->index->part[PART_NAMES][share];
        qsort(names->what, names->n, sizeof *names->what, name_compare);
        for (size_t i = 1; i < names->n; i++)
            if (name_compare(&names->what[i - 1], &names->what[i]) == 0)
                return ERR_CORRUPT;
    }
    return ERR_OK;
}

/* ---- parties ---- */

/* A postback key is its party's as long as it stands in its row. */
static void key_put(struct catalog *c, const struct party *p)
{
    if (span_empty(p->postback_cidrs))
        return;
    struct table_of **keys = part_whole(c, PART_KEYS);
    struct postback_key *k = item_new(c, sizeof *k, NULL);
    k->party = p->number;
    memcpy(k->sha256, p->postback_key, HASH_LEN);
    table_insert(keys, table_from(*keys, k->sha256, postback_key_order), k);
}

static void key_remove(struct catalog *c, const struct party *p)
{
    struct table_of **keys = part_whole(c, PART_KEYS);
    if (span_empty(p->postback_cidrs))
        return;
    size_t at = table_from(*keys, p->postback_key, postback_key_order);
    while (((const struct postback_key *)(*keys)->what[at])->party != p->number)
        at++;
    item_gone(c, (*keys)->what[at]);
    table_remove(keys, at);
}

static const struct who *who_new(struct catalog *c, const struct party *p)
{
    struct who *who = item_new(c, sizeof *who, NULL);
    *who = party_who(p);
    return who;
}

static enum err party_put(struct load *l, struct party_row *r)
{
    struct catalog *c = l->c;
    const struct party_row *old = part_number(c, PART_PARTIES, r->p.number);
    key_put(c, &r->p);
    part_put(c, PART_PARTIES, r->p.number, r);
    if (old == NULL) {
        r->p.who = who_new(c, &r->p);
        c->n_parties++;
        lists_add_party(c);
        return name_add(l, PART_PARTIES, r->p.number, r->p.id);
    }
    r->p.who = old->p.who;
    if (strcmp(old->p.id, r->p.id) != 0 || old->p.role != r->p.role)
        return ERR_CORRUPT;
    key_remove(c, &old->p);
    item_gone(c, old->text);
    item_gone(c, old);
    note_number(&l->parties, r->p.number);
    return ERR_OK;
}

static enum err party_read(struct load *l, struct span key, const json_t *row)
{
    struct party_row *r = item_new(l->c, sizeof *r, NULL);
    struct party *p = &r->p;
    struct span kind, name, pub = {0}, jws = {0}, hash = {0}, cidrs = {0}, legal = {0};
    struct webhook_texts webhook;
    size_t len = 0;
    bool hashed = false;
    if (key_number(key, l->c->n_parties, &p->number) != ERR_OK || need_id(row, p->id) != ERR_OK ||
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
    if (lock_read(row, p) != ERR_OK || webhook_read(row, p, &webhook) != ERR_OK)
        return ERR_CORRUPT;
    if (p->has_key && (b64url_decode(pub, p->pub, sizeof p->pub, &len) != ERR_OK || len != sizeof p->pub))
        return ERR_CORRUPT;
    if (hashed && (b64url_decode(hash, p->postback_key, HASH_LEN, &len) != ERR_OK || len != HASH_LEN))
        return ERR_CORRUPT;
    r->text = text_new(l, name.len + jws.len + legal.len + cidrs.len + webhook.url.len + webhook.sealed.len, 6);
    p->name = text_put(r->text, name);
    p->key_jws = text_put(r->text, jws);
    p->legal = text_put(r->text, legal);
    p->postback_cidrs = text_put(r->text, cidrs);
    p->webhook = text_put(r->text, webhook.url);
    p->webhook_sealed = text_put(r->text, webhook.sealed);
    return party_put(l, r);
}

/* Who is named in a party's row is there, whichever of the two was made first. */
static bool makers_fit(const struct catalog *c, const struct party *p)
{
    return p->legal_by <= c->n_parties && p->locked_by <= c->n_parties && p->postback_by <= c->n_parties &&
           p->webhook_by <= c->n_parties;
}

static void token_copy(struct load *l, const struct api_token *old);
static void secret_copy(struct load *l, const struct secret *old);

static void credentials_copy(struct load *l, const struct party *p)
{
    const struct token_list tokens = catalog_tokens_of(l->c, p);
    for (size_t i = 0; i < tokens.n; i++)
        token_copy(l, catalog_tokens_of(l->c, p).t[i]);
    const struct secret_list secrets = catalog_secrets_of(l->c, p);
    for (size_t i = 0; i < secrets.n; i++)
        secret_copy(l, catalog_secrets_of(l->c, p).s[i]);
}

static enum err parties_settle(struct load *l)
{
    const struct catalog *c = l->c;
    for (uint32_t n = 1; l->whole && n <= c->n_parties; n++)
        if (!makers_fit(c, catalog_party_number(c, n)))
            return ERR_CORRUPT;
    for (size_t i = 0; i < noted(&l->parties); i++) {
        const struct party *p = catalog_party_number(c, noted_number(&l->parties, i));
        if (!makers_fit(c, p))
            return ERR_CORRUPT;
        credentials_copy(l, p);
    }
    return ERR_OK;
}

/* ---- campaigns ---- */

/* What of a CRM goes with the campaign's texts. */
struct crm_texts {
    struct span document, url, sealed;
    uint8_t mem[CRM_TOKEN_MAX + 64];
};

static enum err crm_texts_read(const json_t *row, struct campaign *c, struct crm_texts *t)
{
    struct span id = {0}, text = {0};
    size_t len = 0;
    bool there = false;
    t->document = t->url = SPAN("");
    if (json_get_str(row, "", "crm", CRM_DOCUMENT_MAX, &t->document, &there, NULL) != ERR_OK)
        return ERR_CORRUPT;
    if (there && (need_str(row, "crm_url", WEBHOOK_URL_MAX, &t->url) != ERR_OK || span_empty(t->document) ||
                  need_str(row, "crm_id", LIMIT_ID, &id) != ERR_OK || !id_is_plain(id) ||
                  need_number(row, "crm_by", &c->crm_by) != ERR_OK || c->crm_by == 0 ||
                  maker_read(row, "crm_maker", c->crm_maker) != ERR_OK ||
                  need_int(row, "crm_since", JSON_INT_MAX, &c->crm_since_ms) != ERR_OK ||
                  json_get_int(row, "", "crm_off", 0, JSON_INT_MAX, &c->crm_off_ms, NULL, NULL) != ERR_OK ||
                  json_get_str(row, "", "crm_sealed", 2 * sizeof t->mem, &text, NULL, NULL) != ERR_OK ||
                  b64url_decode(text, t->mem, sizeof t->mem, &len) != ERR_OK))
        return ERR_CORRUPT;
    if (there)
        memcpy(c->crm_id, id.ptr, id.len);
    t->sealed = span_of(t->mem, len);
    return ERR_OK;
}

static enum err campaign_fill(struct load *l, struct span key, const json_t *row, struct campaign *c)
{
    int64_t partition;
    if (key_number(key, l->c->n_campaigns, &c->number) != ERR_OK || need_id(row, c->id) != ERR_OK ||
        need_role(l->c, row, "advertiser", ROLE_ADVERTISER, &c->advertiser) != ERR_OK ||
        need_number(row, "direct", &c->direct) != ERR_OK ||
        need_int(row, "partition", UINT16_MAX, &partition) != ERR_OK ||
        need_int(row, "created", JSON_INT_MAX, &c->created_ms) != ERR_OK)
        return ERR_CORRUPT;
    c->partition = (uint16_t)partition;
    return ERR_OK;
}

static const struct which *which_new(struct load *l, const struct campaign *c)
{
    struct which *w = item_new(l->c, sizeof *w, NULL);
    *w = campaign_which(c);
    keys_pepper(l->keys, span_str(c->id), w->pepper);
    return w;
}

static bool is_which(const struct campaign *c, const struct which *w)
{
    return strcmp(c->id, w->id) == 0 && c->advertiser == w->advertiser && c->direct == w->direct &&
           c->partition == w->partition;
}

static enum err campaign_put(struct load *l, struct campaign_row *r)
{
    const struct campaign_row *old = part_number(l->c, PART_CAMPAIGNS, r->c.number);
    part_put(l->c, PART_CAMPAIGNS, r->c.number, r);
    if (old != NULL) {
        r->c.which = old->c.which;
        r->c.seen = old->c.seen;
        item_gone(l->c, old->text);
        item_gone(l->c, old);
        return is_which(&r->c, r->c.which) ? ERR_OK : ERR_CORRUPT;
    }
    r->c.which = which_new(l, &r->c);
    l->c->n_campaigns++;
    note_number(&l->campaigns, r->c.number);
    lists_add_campaign(l->c, &r->c);
    return name_add(l, PART_CAMPAIGNS, r->c.number, r->c.id);
}

static enum err campaign_read(struct load *l, struct span key, const json_t *row)
{
    struct campaign_row *r = item_new(l->c, sizeof *r, NULL);
    struct crm_texts crm;
    if (campaign_fill(l, key, row, &r->c) != ERR_OK || crm_texts_read(row, &r->c, &crm) != ERR_OK ||
        r->c.crm_by > l->c->n_parties)
        return ERR_CORRUPT;
    r->text = text_new(l, l->document.len + crm.document.len + crm.url.len + crm.sealed.len, 4);
    r->c.document = text_put(r->text, l->document);
    r->c.crm = text_put(r->text, crm.document);
    r->c.crm_url = text_put(r->text, crm.url);
    r->c.crm_sealed = text_put(r->text, crm.sealed);
    return campaign_put(l, r);
}

/* ---- contracts ---- */

static void contract_release(void *what)
{
    const struct contract_row *r = what;
    for (size_t i = 0; i < r->k.versions.n; i++)
        compiled_unref(r->terms[i]);
    table_unref(r->codes);
}

/* A version that the row before has is shared with it. */
static struct compiled *known_terms(const struct contract_row *old, int64_t number)
{
    for (size_t i = 0; old != NULL && i < old->k.versions.n; i++)
        if (old->k.versions.v[i].number == number)
            return compiled_ref(old->terms[i]);
    return NULL;
}

/* A change of the campaign has not come to this contract yet: its newest version is of the document before. */
static enum err lags(struct load *l, const struct contract *k, bool *out)
{
    enum err err = l->whole ? unfinished_terms(l->txn, k->campaign->number, k->campaign->direct, k->number)
                            : ERR_NOT_FOUND; /* whoever changes rows has come to them */
    *out = err == ERR_OK;
    return cursor_end(err);
}

/* The newest version is in the control rows, those before it in the log. */
static enum err compile_version(struct load *l, const struct contract *k, bool newest, struct version *v,
                                struct compiled **out)
{
    const struct entry_terms e = {.rules = v->rules,
                                  .campaign = catalog_which(l->c, k->campaign)->document,
                                  .contract = k->document,
                                  .version = v->number};
    const struct terms *beside = catalog_beside(l->c, k->campaign->direct);
    bool behind = false;
    enum err err = newest ? lags(l, k, &behind) : ERR_OK;
    if (err != ERR_OK)
        return err;
    newest = newest && !behind;
    if (newest && v->rules == RULES_NOW && l->compiled != NULL) {
        err = compiled_get(l->compiled, beside, e.campaign, e.contract, out, NULL);
        if (err == ERR_OK)
            compiled_ref(*out);
        return err;
    }
    err = newest ? rules_compile_beside(beside, &e, &v->terms, NULL) : ledger_version(l->txn, k->number, v);
    if (err == ERR_OK)
        *out = compiled_new(v->terms);
    return err;
}

static enum err load_version(struct load *l, struct contract_row *r, const struct contract_row *old, size_t i)
{
    struct contract *k = &r->k;
    struct version *v = &k->versions.v[i];
    struct compiled *shared = known_terms(old, v->number);
    if (shared == NULL) {
        enum err err = compile_version(l, k, i + 1 == k->versions.n, v, &shared);
        if (err != ERR_OK)
            return err;
    }
    v->terms = shared->terms;
    compiled_tells(shared, v);
    r->terms[i] = shared;
    return ERR_OK;
}

/* So that who asks whether any of ten thousand contracts has other terms since looks at one number. */
static void campaign_sees(struct catalog *c, const struct contract_row *old, const struct contract *k)
{
    const struct campaign_row *row = part_number(c, PART_CAMPAIGNS, k->campaign->number);
    struct campaign_row *own = (struct campaign_row *)(uintptr_t)row;
    const uint64_t seen = old != NULL ? contract_seen(&old->k) : 0;
    if (seen == contract_seen(k))
        return;
    if (!item_is_own(c, row)) {
        own = item_new(c, sizeof *own, NULL);
        *own = *row;
        item_gone(c, row);
        part_put(c, PART_CAMPAIGNS, row->c.number, own);
    }
    own->c.seen += contract_seen(k) - seen;
}

static void contract_put(struct load *l, const struct contract_row *old, struct contract_row *r)
{
    struct contract *k = &r->k;
    k->codes = (const struct code *const *)r->codes->what;
    k->n_codes = r->codes->n;
    campaign_sees(l->c, old, k);
    item_gone(l->c, old);
    part_put(l->c, PART_CONTRACTS, k->number, r);
    l->c->n_contracts += old == NULL;
}

static enum err contract_fill(struct load *l, struct span key, const json_t *row, struct contract *k)
{
    int64_t campaign, version, assented = 0;
    const struct campaign *of;
    if (key_number(key, l->c->n_contracts, &k->number) != ERR_OK || need_id(row, k->id) != ERR_OK ||
        need_int(row, "campaign", UINT32_MAX, &campaign) != ERR_OK ||
        (of = catalog_campaign_number(l->c, (uint32_t)campaign)) == NULL ||
        need_int(row, "version", UINT32_MAX, &version) != ERR_OK ||
        need_int(row, "created", JSON_INT_MAX, &k->created_ms) != ERR_OK ||
        json_get_int(row, "", "assented", 1, JSON_INT_MAX, &assented, NULL, NULL) != ERR_OK)
        return ERR_CORRUPT;
    k->campaign = of->which;
    k->assented = (uint64_t)assented;
    if (json_object_get(row, "publisher") != NULL &&
        need_role(l->c, row, "publisher", ROLE_PUBLISHER, &k->publisher) != ERR_OK)
        return ERR_CORRUPT;
    if ((k->publisher == NULL) != (k->number == k->campaign->direct)) /* the direct one is nobody's, any other is */
        return ERR_CORRUPT;
    struct view rows = store_view(l->txn);
    enum err err = row_versions(&rows, k->number, UINT64_MAX, &k->versions);
    return err == ERR_NOT_FOUND || (err == ERR_OK && k->versions.made != version) ? ERR_CORRUPT : err;
}

static bool same_parties(const struct contract *a, const struct contract *b)
{
    return strcmp(a->id, b->id) == 0 && a->campaign->number == b->campaign->number &&
           (a->publisher != NULL ? a->publisher->number : 0) == (b->publisher != NULL ? b->publisher->number : 0);
}

static enum err contract_read(struct load *l, struct span key, const json_t *row)
{
    struct contract_row *r = item_new(l->c, sizeof *r, contract_release);
    r->text = text_new(l, l->document.len, 1);
    r->k.document = text_put(r->text, l->document);
    enum err err = contract_fill(l, key, row, &r->k);
    if (err != ERR_OK)
        return err;
    const struct contract_row *old = part_number(l->c, PART_CONTRACTS, r->k.number);
    for (size_t i = 0; i < r->k.versions.n && err == ERR_OK; i++)
        err = load_version(l, r, old, i);
    if (err != ERR_OK)
        return err;
    r->codes = old != NULL ? table_ref(old->codes) : table_new();
    if (old != NULL && !same_parties(&old->k, &r->k))
        return ERR_CORRUPT;
    if (old != NULL)
        item_gone(l->c, old->text);
    contract_put(l, old, r);
    if (old != NULL)
        return ERR_OK;
    lists_add_contract(l->c, &r->k);
    return name_add(l, PART_CONTRACTS, r->k.number, r->k.id);
}

/* For another code: of the versions, for which there is much room, those alone are copied that there are. */
static struct contract_row *contract_copy(struct load *l, const struct contract *k)
{
    const struct contract_row *old = (const struct contract_row *)k;
    struct contract_row *r = item_blank(l->c, sizeof *r, contract_release);
    const size_t n = k->versions.n, to_versions = offsetof(struct contract, versions);
    memcpy(&r->k, k, to_versions + offsetof(struct versions, v) + n * sizeof *k->versions.v);
    memcpy((char *)&r->k + to_versions + offsetof(struct versions, n), &k->versions.n,
           sizeof *k - to_versions - offsetof(struct versions, n));
    r->text = old->text;
    r->codes = table_ref(old->codes);
    for (size_t i = 0; i < n; i++)
        r->terms[i] = compiled_ref(old->terms[i]);
    contract_put(l, old, r);
    return r;
}

/* Each campaign has its own, as contract_read() has it. */
static enum err contracts_settle(struct load *l)
{
    for (size_t i = 0; i < noted(&l->campaigns); i++) {
        const struct campaign *c = catalog_campaign_number(l->c, noted_number(&l->campaigns, i));
        const struct contract_list all = catalog_contracts_of(l->c, c->which);
        if (all.n == 0 || catalog_listed(l->c, &all, 0)->number != c->direct)
            return ERR_CORRUPT;
    }
    return ERR_OK;
}

/* ---- codes ---- */

/* Placements are given without holes from 1 on. */
static enum err code_put(struct load *l, struct span key, const struct code *code)
{
    const struct contract *k = catalog_contract_number(l->c, load_be32(key.ptr));
    if (k == NULL || code->placement < 1 || code->placement > k->n_codes + 1)
        return ERR_CORRUPT;
    struct contract_row *own = item_is_own(l->c, k) ? (struct contract_row *)(uintptr_t)k : contract_copy(l, k);
    if (code->placement <= own->codes->n) {
        item_gone(l->c, own->codes->what[code->placement - 1]);
        table_set(&own->codes, code->placement - 1, code);
    } else {
        table_insert(&own->codes, code->placement - 1, code);
    }
    own->k.codes = (const struct code *const *)own->codes->what;
    own->k.n_codes = own->codes->n;
    return ERR_OK;
}

struct code_row {
    struct code code;
    struct text text;
};

static enum err code_row_read(struct load *l, struct span key, const json_t *row)
{
    struct code code = {.placement = key.len == 8 ? load_be32(key.ptr + 4) : 0};
    const struct party *off_by = NULL;
    bool off = false;
    if (key.len != 8 || need_str(row, "label", LIMIT_LABEL, &code.label) != ERR_OK ||
        json_get_int(row, "", "off", 1, JSON_INT_MAX, &code.off_ms, &off, NULL) != ERR_OK ||
        (off && need_party(l->c, row, "off_by", &off_by) != ERR_OK) ||
        json_get_str(row, "", "landing_url", LIMIT_URL, &code.landing_url, NULL, NULL) != ERR_OK ||
        need_int(row, "created", JSON_INT_MAX, &code.created_ms) != ERR_OK)
        return ERR_CORRUPT;
    code.off_by = off ? off_by->number : 0;
    struct code_row *r = item_new(l->c, sizeof *r + code.label.len + code.landing_url.len + 2, NULL);
    r->code = code;
    r->code.label = text_put(&r->text, code.label);
    r->code.landing_url = text_put(&r->text, code.landing_url);
    return code_put(l, key, &r->code);
}

/* ---- secrets ---- */

struct secret_row {
    struct secret s;
    uint8_t sealed[AEAD_NONCE_LEN + sizeof(((struct secret *)0)->key) + AEAD_TAG_LEN];
};

static void secret_release(void *what)
{
    struct secret *s = what;
    crypto_wipe(s->key, sizeof s->key);
}

static enum err secret_open(struct load *l, struct secret_row *r, struct span key)
{
    struct secret *s = &r->s;
    char plain[sizeof s->key + 1];
    struct buf b;
    buf_fixed(&b, plain, sizeof plain);
    enum err err = vault_open(l->keys, VAULT_SECRETS, key, s->sealed, &b);
    if (err == ERR_OK) {
        s->len = b.len;
        memcpy(s->key, plain, s->len);
    }
    crypto_wipe(plain, sizeof plain);
    return err;
}

static enum err secret_read(struct load *l, struct span key, const json_t *row)
{
    struct secret_row *r = item_new(l->c, sizeof *r, secret_release);
    struct secret *s = &r->s;
    const struct party *by;
    struct span text;
    size_t len;
    if (key.len == 0 || key.len > LIMIT_ID || need_party(l->c, row, "party", &s->party) != ERR_OK ||
        need_str(row, "sealed", 256, &text) != ERR_OK ||
        b64url_decode(text, r->sealed, sizeof r->sealed, &len) != ERR_OK ||
        json_get_bool(row, "", "retired", &s->retired, NULL, NULL) != ERR_OK ||
        maker_read(row, "maker", s->maker) != ERR_OK || need_party(l->c, row, "by", &by) != ERR_OK ||
        need_int(row, "created", JSON_INT_MAX, &s->created_ms) != ERR_OK)
        return ERR_CORRUPT;
    memcpy(s->kid, key.ptr, key.len);
    s->by = by->number;
    s->sealed = span_of(r->sealed, len);
    enum err err = secret_open(l, r, key);
    if (err != ERR_OK)
        return err;
    const struct secret *old = catalog_secret(l->c, key);
    if (old != NULL && old->party->number != s->party->number)
        return ERR_CORRUPT;
    item_gone(l->c, old);
    lists_put_secret(l->c, s);
    return ERR_OK;
}

static void secret_copy(struct load *l, const struct secret *old)
{
    struct secret_row *r = item_new(l->c, sizeof *r, secret_release);
    *r = *(const struct secret_row *)old;
    r->s.sealed = span_of(r->sealed, old->sealed.len);
    r->s.party = catalog_party_number(l->c, old->party->number);
    item_gone(l->c, old);
    lists_put_secret(l->c, &r->s);
}

/* ---- tokens ---- */

struct token_row {
    struct api_token t;
    struct text text;
};

static void token_put(struct load *l, const struct api_token *old, const struct api_token *t)
{
    struct token_row *r = item_new(l->c, sizeof *r + t->label.len + 1, NULL);
    r->t = *t;
    r->t.label = text_put(&r->text, t->label);
    item_gone(l->c, old);
    lists_put_token(l->c, &r->t);
}

static enum err token_read(struct load *l, struct span key, const json_t *row)
{
    struct api_token t = {.party = NULL}, *r = &t;
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
    r->label = label;
    memcpy(r->sha256, key.ptr, HASH_LEN);
    const struct api_token *old = catalog_token_hashed(l->c, r->sha256);
    if (old != NULL && old->party->number != r->party->number)
        return ERR_CORRUPT;
    token_put(l, old, r);
    return ERR_OK;
}

static void token_copy(struct load *l, const struct api_token *old)
{
    struct api_token t = *old;
    t.party = catalog_party_number(l->c, old->party->number);
    token_put(l, old, &t);
}

/* ---- grants ---- */

/* Those of one contract and auditor count from 1 on, and each but the last was revoked. */
static enum err grant_put(struct load *l, struct span key, struct grant g)
{
    struct table_of **grants = part_whole(l->c, PART_GRANTS);
    g.contract = load_be32(key.ptr);
    g.party = load_be32(key.ptr + 4);
    g.number = load_be32(key.ptr + 8);
    const struct contract *k = catalog_contract_number(l->c, g.contract);
    const struct party *p = catalog_party_number(l->c, g.party);
    if (k == NULL || p == NULL || p->role != ROLE_AUDITOR)
        return ERR_CORRUPT;
    const struct grant *last = catalog_grant(l->c, k, p);
    bool again = last != NULL && last->number == g.number; /* else it is a new one, behind the last */
    if (!again && (g.number != (last != NULL ? last->number : 0) + 1 || (last != NULL && last->ended_ms == 0)))
        return ERR_CORRUPT;
    bool was_open = last != NULL && last->ended_ms == 0;
    struct grant *own = item_new(l->c, sizeof *own, NULL);
    *own = g;
    size_t at = table_from(*grants, &g, grant_order);
    if (again) {
        item_gone(l->c, last);
        table_set(grants, at, own);
    } else {
        table_insert(grants, at, own);
    }
    if (was_open && g.ended_ms != 0)
        lists_remove_grant(l->c, g.party, g.contract);
    if (!was_open && g.ended_ms == 0)
        lists_add_grant(l->c, g.party, g.contract);
    return ERR_OK;
}

static enum err grant_read(struct load *l, struct span key, const json_t *row)
{
    struct grant g = {.contract = 0};
    const struct party *by, *ended_by = NULL;
    bool ended = false;
    if (key.len != 12 || need_int(row, "created", JSON_INT_MAX, &g.created_ms) != ERR_OK ||
        need_party(l->c, row, "by", &by) != ERR_OK ||
        json_get_int(row, "", "ended", 1, JSON_INT_MAX, &g.ended_ms, &ended, NULL) != ERR_OK ||
        (ended && need_party(l->c, row, "ended_by", &ended_by) != ERR_OK))
        return ERR_CORRUPT;
    g.by = by->number;
    g.ended_by = ended ? ended_by->number : 0;
    return grant_put(l, key, g);
}

/* ---- how far the clock had come ---- */

static void past_add(struct catalog_index *x, int64_t ms)
{
    while (x->n_past > 0 && x->past[x->n_past - 1].ms <= ms)
        x->n_past--;
    x->past = xrealloc(x->past, (x->n_past + 1) * sizeof *x->past);
    x->past[x->n_past++] = (struct past){++x->steps, ms};
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
    enum err err = cursor_open(l->txn, TABLE_CLOCK, &cursor);
    if (err != ERR_OK)
        return err;
    store_be32(from, x->steps + 1);
    for (err = cursor_seek(cursor, span_of(from, sizeof from), &key, &value); err == ERR_OK && !x->steps_unread;
         err = cursor_next(cursor, &key, &value)) {
        x->steps_unread = key.len != 4 || load_be32(key.ptr) != x->steps + 1 || clock_step_read(value, &step) != ERR_OK;
        if (!x->steps_unread)
            past_add(x, step.from_ms);
    }
    cursor_close(cursor);
    x->steps_unread |= err == ERR_CORRUPT;
    return err == ERR_CORRUPT ? ERR_OK : cursor_end(err);
}

/* ---- the snapshot ---- */

/* In the order of dependence. */
static const struct loader loaders[] = {
    {TABLE_PARTIES, party_read, parties_settle},
    {TABLE_CAMPAIGNS, campaign_read, NULL, .document = true},
    {TABLE_CONTRACTS, contract_read, contracts_settle, .document = true},
    {TABLE_CODES, code_row_read, NULL},
    {TABLE_SECRETS, secret_read, NULL},
    {TABLE_TOKENS, token_read, NULL},
    {TABLE_GRANTS, grant_read, NULL},
};
enum { LOADERS = sizeof loaders / sizeof *loaders };

static enum err load(struct load *l)
{
    enum err err = ERR_OK;
    buf_heap(&l->parties);
    buf_heap(&l->campaigns);
    for (size_t i = 0; i < LOADERS && err == ERR_OK; i++) {
        err = l->whole ? rows_whole(l, &loaders[i]) : rows_changed(l, &loaders[i]);
        if (err == ERR_OK && loaders[i].settle != NULL)
            err = loaders[i].settle(l);
    }
    if (err == ERR_OK && l->whole)
        err = names_sort(l);
    if (err == ERR_OK)
        err = past_load(l);
    buf_free(&l->parties);
    buf_free(&l->campaigns);
    return err;
}

enum err catalog_load(struct txn *t, const struct keys *k, struct catalog **out)
{
    struct load l = {.txn = t, .keys = k, .c = catalog_draft(NULL), .whole = true};
    enum err err = load(&l);
    if (err == ERR_OK)
        *out = l.c;
    else
        catalog_unref(l.c);
    return err;
}

enum err catalog_reload(struct txn *t, const struct keys *k, struct compiled_pool *compiled, struct catalog *before,
                        struct catalog **out)
{
    bool goes_on = before->index->draft && before->index->before != NULL;
    struct load l = {.txn = t, .keys = k, .compiled = compiled, .c = goes_on ? before : catalog_draft(before)};
    enum err err = load(&l);
    if (err == ERR_OK) {
        txn_notes_forget(t);
        *out = l.c;
    } else if (!goes_on) {
        catalog_unref(l.c);
    }
    return err;
}
