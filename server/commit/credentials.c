#include "server/commit/credentials.h"

#include <assert.h>

#include "common/base/bytes.h"
#include "common/base/json_write.h"
#include "server/commit/contract_write.h"
#include "server/system/log.h"

enum { QUEUE_KEY_LEN = 8, ROW_MOST = 512 };

/* A row of the queue: `from` is the contract number to go on from, `contracts` how many there were. */
struct untold {
    struct credential_told told;
    int64_t from, contracts;
};

static enum err append(struct batch *cx, const struct contract *k, const struct credential_told *c)
{
    const struct entry entry = {
        .kind = ENTRY_CREDENTIAL,
        .at_ms = cx->now_ms,
        .credential = {.party = span_str(c->party->id),
                       .by = span_str(catalog_party_number(cx->catalog, c->by)->id),
                       .what = c->what,
                       .id = span_str(c->id),
                       .since_ms = c->since_ms,
                       .retired = c->retired},
    };
    return pipeline_append(cx, k, &entry, NULL, NULL);
}

/* ---- the queue ---- */

static enum err untold_put(struct txn *t, const uint8_t key[QUEUE_KEY_LEN], const struct untold *u)
{
    char mem[ROW_MOST];
    struct buf text;
    struct jw w;
    buf_fixed(&text, mem, sizeof mem);
    jw_open(&w, &text);
    jw_object(&w);
    jw_kint(&w, "by", u->told.by);
    jw_kint(&w, "contracts", u->contracts);
    jw_kstr(&w, "credential", span_str(u->told.id));
    jw_kint(&w, "from", u->from);
    jw_kint(&w, "party", u->told.party->number);
    jw_kbool(&w, "retired", u->told.retired);
    jw_kint(&w, "since", u->told.since_ms);
    jw_kstr(&w, "what", span_str(credential_word(u->told.what)));
    jw_object_end(&w);
    jw_close(&w);
    assert(!text.failed);
    return store_put(t, TABLE_UNTOLD, span_of(key, QUEUE_KEY_LEN), buf_span(&text));
}

static bool int_member(const json_t *row, const char *name, int64_t most, int64_t *out)
{
    bool found = false;
    return json_get_int(row, "", name, 0, most, out, &found, NULL) == ERR_OK && found;
}

static bool members_read(const json_t *row, const struct catalog *c, struct untold *u)
{
    int64_t party, by;
    struct span id = SPAN(""), what = SPAN("");
    if (!int_member(row, "by", (int64_t)c->n_parties, &by) ||
        !int_member(row, "party", (int64_t)c->n_parties, &party) ||
        !int_member(row, "contracts", (int64_t)c->n_contracts, &u->contracts) ||
        !int_member(row, "from", JSON_INT_MAX, &u->from) ||
        !int_member(row, "since", JSON_INT_MAX, &u->told.since_ms) || by < 1 || party < 1 || u->from < 1 ||
        json_get_bool(row, "", "retired", &u->told.retired, NULL, NULL) != ERR_OK ||
        json_get_str(row, "", "credential", LIMIT_ID, &id, NULL, NULL) != ERR_OK || span_empty(id) ||
        json_get_str(row, "", "what", LIMIT_ID, &what, NULL, NULL) != ERR_OK ||
        credential_parse(what, &u->told.what) != ERR_OK)
        return false;
    u->told.party = catalog_party_number(c, (uint32_t)party);
    u->told.by = (uint32_t)by;
    memcpy(u->told.id, id.ptr, id.len);
    u->told.id[id.len] = '\0';
    return true;
}

static enum err untold_read(const struct catalog *c, struct span key, struct span value, struct untold *out)
{
    json_t *row = NULL;
    *out = (struct untold){.from = 0};
    bool good =
        key.len == QUEUE_KEY_LEN && json_read_canonical(value, &row, NULL) == ERR_OK && members_read(row, c, out);
    json_decref(row);
    return good ? ERR_OK : ERR_CORRUPT;
}

/* The number behind the last. */
static enum err next_key(struct txn *t, uint8_t out[QUEUE_KEY_LEN])
{
    struct cursor *cursor;
    struct span key, value;
    enum err err = cursor_open(t, TABLE_UNTOLD, &cursor);
    if (err != ERR_OK)
        return err;
    err = cursor_last(cursor, &key, &value);
    if (err == ERR_OK && key.len != QUEUE_KEY_LEN)
        err = ERR_CORRUPT;
    store_be64(out, err == ERR_OK ? load_be64(key.ptr) + 1 : 0);
    cursor_close(cursor);
    return cursor_end(err);
}

enum err credential_tell(struct txn *t, const struct catalog *c, const struct credential_told *told)
{
    const struct untold u = {.told = *told, .from = 1, .contracts = (int64_t)c->n_contracts};
    uint8_t key[QUEUE_KEY_LEN];
    bool several;
    if (catalog_takes(c, told->party, &several) == NULL)
        return ERR_OK;
    enum err err = next_key(t, key);
    if (err == ERR_OK)
        err = untold_put(t, key, &u);
    return err == ERR_OK || err == ERR_FULL ? err : ERR_IO; /* it was made already */
}

static enum err tell_one(struct batch *cx, struct credential_told *told, const char *id, bool retired)
{
    if (*id == '\0')
        return ERR_OK;
    told->since_ms = cx->now_ms;
    told->retired = retired;
    memcpy(told->id, id, sizeof told->id);
    return credential_tell(cx->txn, cx->catalog, told);
}

enum err credential_replaced(struct batch *cx, struct credential_told *told, const char *before, const char *now)
{
    enum err err = tell_one(cx, told, before, true);
    return err == ERR_OK ? tell_one(cx, told, now, false) : err;
}

/* ---- the chore ---- */

/* *left: so many entries may still be written. */
static enum err tell_logs(struct batch *cx, struct untold *u, uint32_t *left)
{
    const struct contract_list reads = catalog_reads(cx->catalog, u->told.party), *all = &reads;
    size_t i = contracts_behind(all, (uint32_t)u->from - 1), end = contracts_behind(all, (uint32_t)u->contracts);
    enum err err = ERR_OK;
    for (; i<end && * left> 0 && err == ERR_OK; i++) {
        const struct contract *k = catalog_listed(cx->catalog, all, i);
        u->from = k->number + 1;
        if ((err = pipeline_ready(cx, k)) == ERR_OK) {
            err = append(cx, k, &u->told);
            (*left)--;
        }
        if (err != ERR_OK && err != ERR_FULL && err != ERR_IO) {
            log_line(LOG_ERROR, 0, "tell", "contract %s does not read (%s): its log does not tell of %s", k->id,
                     err_word(err), u->told.id);
            err = ERR_OK;
        }
    }
    if (i == end)
        u->from = u->contracts + 1;
    return err;
}

/* The first row that reads: what does not stays as it is, for `check` to name. */
static enum err first_untold(struct batch *cx, uint8_t out[QUEUE_KEY_LEN], struct untold *u)
{
    char name[ROW_NAME];
    struct cursor *cursor;
    struct span key, value;
    enum err err = cursor_open(cx->txn, TABLE_UNTOLD, &cursor), step;
    if (err != ERR_OK)
        return err;
    err = ERR_NOT_FOUND;
    for (step = cursor_seek(cursor, SPAN(""), &key, &value); step == ERR_OK; step = cursor_next(cursor, &key, &value)) {
        if ((err = untold_read(cx->catalog, key, value, u)) == ERR_OK) {
            memcpy(out, key.ptr, QUEUE_KEY_LEN);
            break;
        }
        table_row_name(TABLE_UNTOLD, key, name);
        log_line(LOG_ERROR, 0, "tell", "%s does not read: no log tells of it", name);
        err = ERR_NOT_FOUND;
    }
    cursor_close(cursor);
    return step == ERR_OK || step == ERR_NOT_FOUND ? err : step;
}

enum err chore_tell(struct batch *cx, struct job *job)
{
    uint32_t left = job->record.tell.steps;
    enum err err = ERR_OK;
    while (left > 0 && err == ERR_OK) {
        uint8_t key[QUEUE_KEY_LEN];
        struct untold u;
        if ((err = first_untold(cx, key, &u)) != ERR_OK)
            return cursor_end(err);
        if ((err = tell_logs(cx, &u, &left)) == ERR_OK)
            err = u.from > u.contracts ? store_del(cx->txn, TABLE_UNTOLD, span_of(key, sizeof key))
                                       : untold_put(cx->txn, key, &u);
    }
    job->more = err == ERR_OK;
    return err;
}

/* ---- a new contract ---- */

/* At once, as long as *left lasts; then by the chore, as what is made later. */
static enum err tell_new(struct batch *cx, const struct contract *k, const struct credential_told *c, uint32_t *left)
{
    const struct untold u = {.told = *c, .from = k->number, .contracts = k->number};
    uint8_t key[QUEUE_KEY_LEN];
    if (*left > 0) {
        (*left)--;
        return append(cx, k, c);
    }
    enum err err = next_key(cx->txn, key);
    return err == ERR_OK ? untold_put(cx->txn, key, &u) : err;
}

static enum err open_crms(struct batch *cx, const struct contract *k, const struct party *p, uint32_t *left)
{
    const struct campaign_list own = catalog_campaigns_of(cx->catalog, p);
    enum err err = ERR_OK;
    for (size_t i = 0; i < own.n && err == ERR_OK; i++) {
        const struct campaign *c = catalog_campaign_number(cx->catalog, own.number[i]);
        if (span_empty(c->crm))
            continue;
        struct credential_told told = {p, c->crm_by, CREDENTIAL_WEBHOOK, .since_ms = c->crm_since_ms};
        memcpy(told.id, c->crm_id, sizeof told.id);
        err = tell_new(cx, k, &told, left);
    }
    return err;
}

static enum err open_party(struct batch *cx, const struct contract *k, const struct party *p, uint32_t *left)
{
    enum err err = ERR_OK;
    const struct secret_list secrets = catalog_secrets_of(cx->catalog, p);
    for (size_t i = 0; i < secrets.n && err == ERR_OK; i++) {
        const struct secret *s = secrets.s[i];
        struct credential_told c = {p, s->by, CREDENTIAL_SECRET, .since_ms = s->created_ms};
        memcpy(c.id, s->kid, sizeof c.id);
        if (!s->retired)
            err = tell_new(cx, k, &c, left);
    }
    const struct token_list tokens = catalog_tokens_of(cx->catalog, p);
    for (size_t i = 0; i < tokens.n && err == ERR_OK; i++) {
        const struct api_token *t = tokens.t[i];
        struct credential_told c = {p, t->by, CREDENTIAL_TOKEN, .since_ms = t->created_ms};
        credential_id(t->sha256, c.id);
        if (t->ended_ms == 0 && !t->invitation)
            err = tell_new(cx, k, &c, left);
    }
    if (err == ERR_OK && !span_empty(p->postback_cidrs)) {
        struct credential_told c = {p, p->postback_by, CREDENTIAL_POSTBACK_KEY, .since_ms = p->postback_since_ms};
        credential_id(p->postback_key, c.id);
        err = tell_new(cx, k, &c, left);
    }
    if (err == ERR_OK && !span_empty(p->webhook)) {
        struct credential_told c = {p, p->webhook_by, CREDENTIAL_WEBHOOK, .since_ms = p->webhook_since_ms};
        memcpy(c.id, p->webhook_id, sizeof c.id);
        err = tell_new(cx, k, &c, left);
    }
    if (err == ERR_OK)
        err = open_crms(cx, k, p, left);
    if (err == ERR_OK && p->locked_ms != 0) {
        struct credential_told c = {p, p->locked_by, CREDENTIAL_LOCK, .since_ms = p->locked_ms};
        memcpy(c.id, p->lock, sizeof c.id);
        err = tell_new(cx, k, &c, left);
    }
    return err;
}

enum err credentials_open(struct batch *cx, const struct contract *k)
{
    uint32_t left = TELL_STEPS;
    enum err err = open_party(cx, k, catalog_who(cx->catalog, k->campaign->advertiser), &left);
    if (err == ERR_OK && k->publisher != NULL)
        err = open_party(cx, k, catalog_who(cx->catalog, k->publisher), &left);
    return err;
}
