/* Share links of statements: whoever holds one reads that statement, in every form, until the link expires or is ended.
 * A link is a row, so that it can be listed and ended, and ends with the token that made it; a MAC in it tells
 * strangers' guesses from links without a look at the store. The URL is shown to the party that made it alone; that
 * there is one, to all who may read the statement.
 */
#include <stddef.h>

#include "common/base/ascii.h"
#include "common/base/bytes.h"
#include "common/base/json_read.h"
#include "common/base/json_write.h"
#include "common/crypto/crypto.h"
#include "server/api/body.h"
#include "server/api/call.h"
#include "server/api/list.h"
#include "server/api/quota.h"
#include "server/settlement/settlement.h"
#include "server/settlement/statements.h"
#include "server/system/system.h"

enum { SHARE_LETTER = 'H', SHARE_ID_LEN = 1 + ID_DIGITS, DAYS_DEFAULT = 30, DAYS_MOST = 366 };

/* ---- links ---- */

void share_write(const struct keys *k, struct span statement, const char *id, char out[SHARE_LEN])
{
    uint8_t key[32], mac[HASH_LEN];
    const struct span parts[] = {statement, span_of("", 1), span_of(id, SHARE_ID_LEN)};
    struct buf b;
    keys_subkey(k, "countersign/v1/share", key);
    struct hmac *h = hmac_new(key, sizeof key);
    hmac_sign(h, parts, sizeof parts / sizeof *parts, mac);
    hmac_free(h);
    crypto_wipe(key, sizeof key);
    buf_fixed(&b, out, SHARE_LEN);
    buf_add(&b, id, SHARE_ID_LEN);
    buf_b64url(&b, mac, sizeof mac);
}

bool share_is_ours(const struct keys *k, struct span statement, struct span share)
{
    char wanted[SHARE_LEN];
    if (share.len != SHARE_LEN || !id_is_plain(span_of(share.ptr, SHARE_ID_LEN)))
        return false;
    share_write(k, statement, share.ptr, wanted);
    return crypto_equal(share.ptr, wanted, SHARE_LEN);
}

/* ---- rows ---- */

struct share_link {
    char id[LIMIT_ID + 1];
    int64_t by, created_ms, expires_ms, ended_ms; /* ended_ms 0: it was not ended */
    int64_t contract;                             /* number of the statement's */
    int64_t steps;                                /* of the clock, before it was made */
    uint8_t token[HASH_LEN];                      /* that it was made by */
    bool texts;                                   /* it shows what senders wrote themselves */
    char label[LIMIT_LABEL + 1];                  /* empty: none */
};

static enum err share_read(struct span id, struct span row, struct share_link *out)
{
    json_t *json;
    struct span label = SPAN(""), token = SPAN("");
    size_t len = 0;
    enum err err = json_read(row, &json, NULL);
    if (err != ERR_OK || id.len > LIMIT_ID)
        return ERR_CORRUPT;
    *out = (struct share_link){0};
    memcpy(out->id, id.ptr, id.len);
    if ((err = json_get_int(json, "", "by", 1, UINT32_MAX, &out->by, NULL, NULL)) == ERR_OK &&
        (err = json_get_int(json, "", "created", 1, INT64_MAX, &out->created_ms, NULL, NULL)) == ERR_OK &&
        (err = json_get_int(json, "", "expires", 1, INT64_MAX, &out->expires_ms, NULL, NULL)) == ERR_OK) {
        bool ended;
        err = json_get_int(json, "", "ended", 1, INT64_MAX, &out->ended_ms, &ended, NULL);
    }
    if (err == ERR_OK)
        err = json_get_int(json, "", "steps", 0, UINT32_MAX, &out->steps, NULL, NULL);
    if (err == ERR_OK)
        err = json_get_int(json, "", "contract", 1, UINT32_MAX, &out->contract, NULL, NULL);
    if (err == ERR_OK && (err = json_get_str(json, "", "token", 64, &token, NULL, NULL)) == ERR_OK)
        err = b64url_decode(token, out->token, sizeof out->token, &len);
    if (err == ERR_OK && len != HASH_LEN)
        err = ERR_CORRUPT;
    if (err == ERR_OK)
        err = json_get_bool(json, "", "texts", &out->texts, NULL, NULL);
    if (err == ERR_OK && (err = json_get_str(json, "", "label", LIMIT_LABEL, &label, NULL, NULL)) == ERR_OK)
        memcpy(out->label, label.ptr, label.len);
    json_decref(json);
    return err == ERR_OK ? ERR_OK : ERR_CORRUPT;
}

static enum err share_get(struct txn *t, struct span statement, struct span id, struct share_link *out)
{
    char room[STATEMENT_KEY_MAX];
    struct span key, row;
    enum err err = id.len == 0 ? ERR_NOT_FOUND : statement_key(statement, id, room, &key);
    if (err == ERR_OK)
        err = store_get(t, TABLE_LINKS, key, &row);
    return err == ERR_OK ? share_read(id, row, out) : err;
}

static enum err share_put(struct txn *t, struct span statement, const struct share_link *s)
{
    char room[STATEMENT_KEY_MAX];
    struct span key;
    struct buf row;
    struct jw w;
    enum err err = statement_key(statement, span_str(s->id), room, &key);
    if (err != ERR_OK)
        return err;
    buf_heap(&row);
    jw_open(&w, &row);
    jw_object(&w);
    jw_kint(&w, "by", s->by);
    jw_kint(&w, "contract", s->contract);
    jw_kint(&w, "created", s->created_ms);
    if (s->ended_ms != 0)
        jw_kint(&w, "ended", s->ended_ms);
    jw_kint(&w, "expires", s->expires_ms);
    if (s->label[0] != '\0')
        jw_kstr(&w, "label", span_str(s->label));
    jw_kint(&w, "steps", s->steps);
    if (s->texts)
        jw_kbool(&w, "texts", true);
    jw_kb64url(&w, "token", s->token, sizeof s->token);
    jw_object_end(&w);
    jw_close(&w);
    err = store_put(t, TABLE_LINKS, key, buf_span(&row));
    buf_free(&row);
    return err;
}

static enum err share_del(struct txn *t, struct span statement, const struct share_link *s)
{
    char room[STATEMENT_KEY_MAX];
    struct span key;
    enum err err = statement_key(statement, span_str(s->id), room, &key);
    return err == ERR_OK ? store_del(t, TABLE_LINKS, key) : err;
}

/* Whether who made it could read the statement by the same token still, though that may have expired: a link has a time
 * of its own. *ended_ms: since when it is ended, by itself or with that token; 0: it is not. */
static enum err maker_reads(const struct catalog *c, const struct share_link *s, bool *reads, int64_t *ended_ms)
{
    const struct api_token *token = catalog_token_hashed(c, s->token);
    const struct contract *k = catalog_contract_number(c, (uint32_t)s->contract);
    if (token == NULL || k == NULL || token->party->number != s->by)
        return ERR_CORRUPT;
    *ended_ms = s->ended_ms != 0 ? s->ended_ms : token->ended_ms;
    *reads = *ended_ms == 0 && token->party->locked_ms == 0 && catalog_may_read(c, token->party, k);
    return ERR_OK;
}

static enum err is_open(const struct catalog *c, const struct share_link *s, int64_t now_ms, bool *open)
{
    int64_t ended_ms;
    bool over = true;
    enum err err = maker_reads(c, s, open, &ended_ms);
    if (err == ERR_OK && *open)
        err = catalog_over(c, s->expires_ms, (uint32_t)s->steps, now_ms, &over);
    *open &= !over;
    return err;
}

enum err share_opens(struct request *rq, struct txn *t, struct span statement, struct span share, bool *texts)
{
    struct share_link s;
    bool open = false;
    struct catalog *newest = catalog_hold(rq->worker->server->instance.catalog);
    enum err err = share_get(t, statement, span_of(share.ptr, SHARE_ID_LEN), &s);
    if (err == ERR_OK && (err = is_open(newest, &s, rq->arrived_ms, &open)) == ERR_OK && !open)
        err = ERR_NOT_FOUND;
    if (err == ERR_OK)
        *texts = s.texts;
    catalog_unref(newest);
    return err == ERR_NOT_FOUND ? problem(&rq->problem, err, "share",
                                          "this link has expired or was ended: ask whoever sent it for a new one")
                                : err;
}

/* The statement's links in order of their ids: the next one behind *s, or the first behind an empty id. */
static enum err share_next(struct cursor *c, struct span statement, struct share_link *s)
{
    char room[STATEMENT_KEY_MAX + 1];
    struct span from, key, row;
    enum err err = statement_key(statement, span_str(s->id), room, &from);
    if (err != ERR_OK)
        return err;
    room[from.len] = '\1';
    from.len += s->id[0] != '\0';
    size_t head = statement.len + 1;
    if ((err = cursor_seek(c, from, &key, &row)) != ERR_OK)
        return err;
    if (key.len < head || memcmp(key.ptr, from.ptr, head) != 0)
        return ERR_NOT_FOUND;
    return share_read(span_of(key.ptr + head, key.len - head), row, s);
}

/* ---- POST, DELETE ---- */

/* As `reader` may see it. */
static enum err jw_share(struct jw *w, const struct instance *in, const struct catalog *c, struct span statement,
                         const struct share_link *s, uint32_t reader, bool open)
{
    char share[SHARE_LEN];
    struct buf url;
    bool reads;
    int64_t ended_ms;
    enum err err = maker_reads(c, s, &reads, &ended_ms);
    if (err != ERR_OK)
        return err;
    jw_object(w);
    jw_kstr(w, "by", span_str(catalog_party_number(c, (uint32_t)s->by)->id));
    jw_ktime(w, "created_at", s->created_ms);
    if (ended_ms != 0)
        jw_ktime(w, "ended_at", ended_ms);
    jw_ktime(w, "expires_at", s->expires_ms);
    jw_kstr(w, "id", span_str(s->id));
    if (s->label[0] != '\0')
        jw_kstr(w, "label", span_str(s->label));
    jw_kbool(w, "open", open);
    jw_kstr(w, "statement", statement);
    jw_kbool(w, "texts", s->texts);
    if (open && s->by == reader) {
        share_write(in->keys, statement, s->id, share);
        buf_heap(&url);
        buf_printf(&url, "%s/v1/statements/%.*s?format=html&share=%.*s", in->public_url, (int)statement.len,
                   statement.ptr, SHARE_LEN, share);
        jw_kstr(w, "url", buf_span(&url));
        buf_free(&url);
    }
    jw_object_end(w);
    return ERR_OK;
}

/* What a party has of a statement. */
struct own_shares {
    size_t n, n_open;
    struct share_link closed; /* the one made first of those that open nothing any more */
};

/* ERR_OK with any number, or what a read came to. */
static enum err own_shares(struct batch *cx, struct span statement, uint32_t by, struct own_shares *out)
{
    struct share_link s = {0};
    struct cursor *c;
    enum err err = cursor_open(cx->txn, TABLE_LINKS, &c);
    *out = (struct own_shares){0};
    if (err != ERR_OK)
        return err;
    while ((err = share_next(c, statement, &s)) == ERR_OK) {
        bool open;
        if (s.by != by)
            continue;
        if ((err = is_open(cx->catalog, &s, cx->now_ms, &open)) != ERR_OK)
            break;
        out->n++;
        if (open)
            out->n_open++;
        else if (out->closed.id[0] == '\0' || s.created_ms < out->closed.created_ms)
            out->closed = s;
    }
    cursor_close(c);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Whoever makes and ends links for ever has no more rows than who keeps them: the oldest closed one makes room. */
static enum err share_room(struct batch *cx, struct job *job)
{
    struct span statement = job->record.share.statement;
    struct own_shares own;
    enum err err = own_shares(cx, statement, job->record.share.by, &own);
    if (err != ERR_OK)
        return err;
    err = quota_leaves(job, QUOTA_SHARE_LINKS, catalog_party_number(cx->catalog, job->record.share.by), own.n_open);
    return err == ERR_OK && own.n >= job->record.quota ? share_del(cx->txn, statement, &own.closed) : err;
}

static enum err share_make(struct batch *cx, struct job *job, struct share_link *s)
{
    const struct record *r = &job->record;
    struct share_link taken;
    enum err err = share_get(cx->txn, r->share.statement, span_str(s->id), &taken);
    if (err == ERR_OK)
        err = call_taken(job, &taken);
    else if (err == ERR_NOT_FOUND)
        err = share_room(cx, job);
    if (err != ERR_OK)
        return err;
    s->by = r->share.by;
    s->contract = r->share.contract;
    memcpy(s->token, r->bearer.sha256, sizeof s->token);
    s->created_ms = cx->now_ms;
    s->expires_ms = r->share.expires_ms;
    s->steps = cx->clock.steps;
    s->texts = r->share.texts;
    if (r->share.label.len > 0)
        memcpy(s->label, r->share.label.ptr, r->share.label.len);
    return ERR_OK;
}

static enum err share_end(struct batch *cx, struct job *job, struct share_link *s)
{
    const struct party *by = catalog_party_number(cx->catalog, job->record.share.by);
    enum err err = share_get(cx->txn, job->record.share.statement, span_str(job->record.share.id), s);
    if (err == ERR_NOT_FOUND)
        return problem(&job->problem, err, "", "this statement has no share link of that id");
    if (err != ERR_OK)
        return err;
    if ((uint64_t)s->by > cx->catalog->n_parties)
        return ERR_CORRUPT;
    if (s->by != by->number && by->role != ROLE_OPERATOR)
        return problem(&job->problem, ERR_FORBIDDEN, "", "it is another party's link: %s or the operator can end it",
                       catalog_party_number(cx->catalog, (uint32_t)s->by)->id);
    bool open;
    err = is_open(cx->catalog, s, cx->now_ms, &open);
    if (err == ERR_OK && open)
        s->ended_ms = cx->now_ms;
    return err;
}

enum err share_run(struct batch *cx, struct job *job)
{
    const struct record *r = &job->record;
    bool makes = r->share.expires_ms != 0, open;
    struct share_link s = {0};
    struct answer a;
    memcpy(s.id, r->share.id, sizeof s.id);
    enum err err = (makes ? share_make : share_end)(cx, job, &s);
    if (err == ERR_OK)
        err = is_open(cx->catalog, &s, cx->now_ms, &open);
    if (err != ERR_OK)
        return err;
    answer_open(&a);
    err = jw_share(&a.w, cx->instance, cx->catalog, r->share.statement, &s, r->share.by, open);
    if (err != ERR_OK) {
        answer_abandon(&a);
        return err;
    }
    answer_job(&a, job, makes ? 201 : 200);
    return share_put(cx->txn, r->share.statement, &s);
}

/* Statements are never taken away: one that may be read now is there for the run as well. */
static enum err may_share(struct request *rq, struct statement_meta *m)
{
    struct txn *t;
    enum err err = worker_reader(rq->worker, &t);
    return err == ERR_OK ? statement_find(rq, t, rq->param[0], m) : err;
}

static struct job *share_job(struct request *rq)
{
    struct job *job = worker_job(rq, RECORD_SHARE, NULL);
    job->record.share.by = rq->caller->number;
    job->record.share.statement = rq->param[0];
    return job;
}

struct wished {
    struct body_int days;
    struct span label;
    bool texts;
};

enum err shares_create(struct request *rq, struct reply *reply)
{
    (void)reply;
    static const struct body_member members[] = {
        {"days", BODY_INT, offsetof(struct wished, days), DAYS_MOST, false, 1},
        {"label", BODY_TEXT, offsetof(struct wished, label), LIMIT_LABEL, false},
        {"texts", BODY_BOOL, offsetof(struct wished, texts), 0, false},
        {NULL},
    };
    struct wished in = {.texts = false};
    struct statement_meta m;
    enum err err = may_share(rq, &m);
    if (err == ERR_OK)
        err = body_read(rq, members, &in);
    const struct body_int days = in.days;
    if (err != ERR_OK)
        return err;
    struct job *job = share_job(rq);
    job->record.share.contract = m.contract->number;
    job->record.share.expires_ms = rq->arrived_ms + (days.given ? days.value : DAYS_DEFAULT) * MS_PER_DAY;
    job->record.share.texts = in.texts;
    job->record.share.label = in.label.ptr != NULL ? in.label : SPAN("");
    random_id(SHARE_LETTER, job->record.share.id);
    quota_say(rq, job, QUOTA_SHARE_LINKS);
    return call_submit(rq, job);
}

enum err shares_delete(struct request *rq, struct reply *reply)
{
    (void)reply;
    struct statement_meta m;
    enum err err = params_read(rq, NULL, 0);
    if (err != ERR_OK || (err = may_share(rq, &m)) != ERR_OK)
        return err;
    struct span id = rq->param[1];
    if (!id_is_plain(id))
        return problem(&rq->problem, ERR_NOT_FOUND, "", "this statement has no share link of that id");
    struct job *job = share_job(rq);
    memcpy(job->record.share.id, id.ptr, id.len);
    return call_submit(rq, job);
}

/* ---- GET ---- */

enum err shares_list(struct request *rq, struct reply *reply)
{
    struct statement_meta m;
    struct window window;
    struct share_link s = {0};
    struct cursor *c;
    struct list list;
    struct txn *t;
    enum err err = window_read(rq, NULL, 0, &window);
    if (err != ERR_OK || (err = worker_reader(rq->worker, &t)) != ERR_OK ||
        (err = statement_find(rq, t, rq->param[0], &m)) != ERR_OK)
        return err;
    if (window.after.len && !id_is_plain(window.after))
        return problem(&rq->problem, ERR_MALFORMED, "after", "must be the `next` of the answer before");
    if (window.after.len)
        memcpy(s.id, window.after.ptr, window.after.len);
    if ((err = cursor_open(t, TABLE_LINKS, &c)) != ERR_OK)
        return err;
    list_open(&list, &window);
    struct share_link last = s;
    struct catalog *newest = catalog_hold(rq->worker->server->instance.catalog); /* has all that the rows name */
    while ((err = share_next(c, rq->param[0], &s)) == ERR_OK) {
        bool open;
        if ((err = is_open(newest, &s, rq->arrived_ms, &open)) != ERR_OK || !list_item(&list) ||
            (err = jw_share(&list.w, &rq->worker->server->instance, newest, rq->param[0], &s, rq->caller->number,
                            open)) != ERR_OK)
            break;
        last = s;
    }
    catalog_unref(newest);
    cursor_close(c);
    if (err == ERR_OK || err == ERR_NOT_FOUND)
        list_reply(rq, reply, &list, span_str(last.id));
    else
        list_abandon(&list);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}
