#include "common/ledger/jws.h"
#include "server/api/api.h"
#include "server/api/page.h"
#include "server/catalog/catalog_write.h"
#include "server/commit/contract_write.h"
#include "server/routes.h"
#include "server/system/system.h"
#include "server/worker/server.h"

enum { SECRET_LEN = 32 };

static void jw_party(struct jw *w, const struct catalog *c, const struct party *p)
{
    jw_object(w);
    jw_ktime(w, "created_at", p->created_ms);
    jw_kstr(w, "id", span_str(p->id));
    if (p->has_key) {
        struct buf jwk;
        buf_heap(&jwk);
        jwk_write(&jwk, p->pub);
        jw_key(w, "key");
        jw_raw(w, buf_span(&jwk));
        buf_free(&jwk);
    }
    jw_key(w, "kids");
    jw_array(w);
    for (size_t i = 0; i < c->n_secrets; i++)
        if (c->secrets[i].party->number == p->number && !c->secrets[i].retired)
            jw_str(w, span_str(c->secrets[i].kid));
    jw_array_end(w);
    jw_kstr(w, "kind", span_str(role_word(p->role)));
    jw_kstr(w, "name", p->name);
    jw_object_end(w);
}

static void jw_secret(struct jw *w, const struct secret *s)
{
    struct buf text;
    buf_heap(&text);
    whsec_encode(&text, s->key, s->len);
    jw_kstr(w, "postback_secret", buf_span(&text));
    crypto_wipe(text.ptr, text.len);
    buf_free(&text);
}

static void secret_new(struct secret *s, const struct party *party, int64_t now_ms)
{
    *s = (struct secret){.party = party, .len = SECRET_LEN, .created_ms = now_ms};
    random_id('K', s->kid);
    random_bytes(s->key, s->len);
}

/* Ids and kids are random; one that is taken already would hide another row, so it is refused (try again: another one
 * is drawn). */
static enum err taken(struct job *job, const void *row)
{
    return row != NULL ? problem(&job->problem, ERR_CONFLICT, "", "a random id was drawn twice; send the request again")
                       : ERR_OK;
}

/* ---- POST /v1/parties ---- */

static enum err party_create_run(struct commit *cx, struct job *job, void *arg)
{
    struct party *p = arg;
    struct secret secret;
    char token[API_TOKEN_LEN + 1];
    struct answer a;
    enum err err;
    p->number = (uint32_t)cx->catalog->n_parties + 1;
    p->created_ms = cx->now_ms;
    random_id('P', p->id);
    secret_new(&secret, p, cx->now_ms);
    api_token_new(token);
    if ((err = taken(job, catalog_party(cx->catalog, span_str(p->id)))) != ERR_OK ||
        (err = taken(job, catalog_secret(cx->catalog, span_str(secret.kid)))) != ERR_OK ||
        (err = catalog_put_party(cx->txn, p)) != ERR_OK ||
        (err = catalog_put_secret(cx->txn, cx->instance->keys, &secret)) != ERR_OK ||
        (err = catalog_put_token(cx->txn, span_str(token), p->number, cx->now_ms)) != ERR_OK)
        goto done;
    cx->catalog_changed = true;
    answer_open(&a);
    jw_object(&a.w);
    jw_ktime(&a.w, "created_at", p->created_ms);
    jw_kstr(&a.w, "id", span_str(p->id));
    jw_kstr(&a.w, "kid", span_str(secret.kid));
    jw_kstr(&a.w, "kind", span_str(role_word(p->role)));
    jw_kstr(&a.w, "name", p->name);
    jw_secret(&a.w, &secret);
    jw_kstr(&a.w, "token", span_str(token));
    jw_object_end(&a.w);
    answer_job(&a, job, 201);
done:
    crypto_wipe(&secret, sizeof secret);
    crypto_wipe(token, sizeof token);
    return err;
}

enum err parties_create(struct request *rq, struct reply *reply)
{
    (void)reply;
    static const char *const names[] = {"kind", "name", NULL};
    json_t *body;
    struct span kind;
    enum err err = api_body(rq, names, &body);
    if (err != ERR_OK)
        return err;
    struct party *p = arena_alloc(rq->arena, sizeof *p);
    *p = (struct party){0};
    if ((err = api_text(rq, body, "name", LIMIT_LABEL, &p->name)) == ERR_OK &&
        (err = api_text(rq, body, "kind", LIMIT_LABEL, &kind)) == ERR_OK && role_parse(kind, &p->role) != ERR_OK)
        err = problem(&rq->problem, ERR_INVALID, "kind", "must be advertiser, publisher, auditor or operator");
    json_decref(body);
    return err == ERR_OK ? control_submit(rq, party_create_run, p) : err;
}

/* ---- GET /v1/parties[/{id}] ---- */

enum err parties_list(struct request *rq, struct reply *reply)
{
    struct page page;
    struct list list;
    const struct party *last = NULL;
    enum err err = page_read(rq, NULL, 0, &page);
    if (err != ERR_OK)
        return err;
    size_t i = 0;
    if (!span_empty(page.after)) {
        if ((err = api_party(rq, page.after, &last)) != ERR_OK)
            return problem(&rq->problem, ERR_MALFORMED, "after", "must be the `next` of the page before");
        i = last->number;
    }
    list_open(&list, &page);
    for (; i < rq->catalog->n_parties; i++) {
        const struct party *p = &rq->catalog->parties[i];
        if (!caller_is(rq, ROLE_OPERATOR) && p->number != rq->caller->number)
            continue;
        if (!list_item(&list))
            break;
        jw_party(&list.w, rq->catalog, p);
        last = p;
    }
    list_reply(rq, reply, &list, span_str(last != NULL ? last->id : ""));
    return ERR_OK;
}

enum err parties_get(struct request *rq, struct reply *reply)
{
    const struct party *p;
    struct answer a;
    enum err err;
    if ((err = params_read(rq, NULL, 0)) != ERR_OK || (err = api_party(rq, rq->param[0], &p)) != ERR_OK)
        return err;
    answer_open(&a);
    jw_party(&a.w, rq->catalog, p);
    answer_reply(&a, rq, reply);
    return ERR_OK;
}

/* ---- POST /v1/parties/{id}/secrets ---- */

struct secret_change {
    uint32_t party;
    struct span retire; /* a kid; empty: a new secret is wanted */
};

static enum err secret_retire_run(struct commit *cx, struct job *job, const struct secret_change *change)
{
    const struct secret *s = catalog_secret(cx->catalog, change->retire);
    struct answer a;
    if (s == NULL || s->party->number != change->party)
        return problem(&job->problem, ERR_NOT_FOUND, "retire", "this party has no secret of that kid");
    struct secret retired = *s;
    retired.retired = true;
    enum err err = catalog_put_secret(cx->txn, cx->instance->keys, &retired);
    crypto_wipe(&retired, sizeof retired);
    if (err != ERR_OK)
        return err;
    cx->catalog_changed = true;
    answer_open(&a);
    jw_object(&a.w);
    jw_kstr(&a.w, "kid", span_str(s->kid));
    jw_kbool(&a.w, "retired", true);
    jw_object_end(&a.w);
    answer_job(&a, job, 200);
    return ERR_OK;
}

static enum err secret_run(struct commit *cx, struct job *job, void *arg)
{
    const struct secret_change *change = arg;
    struct secret s;
    struct answer a;
    enum err err;
    if (!span_empty(change->retire))
        return secret_retire_run(cx, job, change);
    secret_new(&s, &cx->catalog->parties[change->party - 1], cx->now_ms);
    if ((err = taken(job, catalog_secret(cx->catalog, span_str(s.kid)))) != ERR_OK ||
        (err = catalog_put_secret(cx->txn, cx->instance->keys, &s)) != ERR_OK)
        goto done;
    cx->catalog_changed = true;
    answer_open(&a);
    jw_object(&a.w);
    jw_kstr(&a.w, "kid", span_str(s.kid));
    jw_secret(&a.w, &s);
    jw_object_end(&a.w);
    answer_job(&a, job, 201);
done:
    crypto_wipe(&s, sizeof s);
    return err;
}

enum err secrets_create(struct request *rq, struct reply *reply)
{
    (void)reply;
    static const char *const names[] = {"retire", NULL};
    const struct party *p;
    json_t *body;
    enum err err;
    if ((err = api_party(rq, rq->param[0], &p)) != ERR_OK || (err = api_body(rq, names, &body)) != ERR_OK)
        return err;
    struct secret_change *change = arena_alloc(rq->arena, sizeof *change);
    *change = (struct secret_change){.party = p->number};
    if (json_object_get(body, "retire") != NULL)
        err = api_text(rq, body, "retire", LIMIT_ID, &change->retire);
    json_decref(body);
    return err == ERR_OK ? control_submit(rq, secret_run, change) : err;
}

/* ---- POST /v1/parties/{id}/tokens ---- */

static enum err token_run(struct commit *cx, struct job *job, void *arg)
{
    const struct party *p = &cx->catalog->parties[*(uint32_t *)arg - 1];
    char token[API_TOKEN_LEN + 1];
    struct answer a;
    api_token_new(token);
    enum err err = catalog_put_token(cx->txn, span_str(token), p->number, cx->now_ms);
    if (err == ERR_OK) {
        cx->catalog_changed = true;
        answer_open(&a);
        jw_object(&a.w);
        jw_kstr(&a.w, "party", span_str(p->id));
        jw_kstr(&a.w, "token", span_str(token));
        jw_object_end(&a.w);
        answer_job(&a, job, 201);
    }
    crypto_wipe(token, sizeof token);
    return err;
}

enum err party_tokens_create(struct request *rq, struct reply *reply)
{
    (void)reply;
    static const char *const names[] = {NULL};
    const struct party *p;
    json_t *body;
    enum err err;
    if ((err = api_party(rq, rq->param[0], &p)) != ERR_OK || (err = api_body(rq, names, &body)) != ERR_OK)
        return err;
    json_decref(body);
    uint32_t *number = arena_alloc(rq->arena, sizeof *number);
    *number = p->number;
    return control_submit(rq, token_run, number);
}

/* ---- PUT /v1/parties/{id}/key ---- */

struct key_change {
    uint32_t party;
    uint8_t pub[ED25519_KEY_LEN];
};

static enum err key_run(struct commit *cx, struct job *job, void *arg)
{
    const struct key_change *change = arg;
    struct party p = cx->catalog->parties[change->party - 1];
    struct answer a;
    enum err err = ERR_OK;
    if (!p.has_key || memcmp(p.pub, change->pub, sizeof p.pub) != 0) {
        p.has_key = true;
        memcpy(p.pub, change->pub, sizeof p.pub);
        if ((err = catalog_put_party(cx->txn, &p)) != ERR_OK)
            return err;
        cx->catalog_changed = true;
        for (size_t i = 0; i < cx->catalog->n_contracts && err == ERR_OK; i++)
            if (contract_has_party(&cx->catalog->contracts[i], &p))
                err = contract_append_key(cx, &cx->catalog->contracts[i], &p);
    }
    if (err != ERR_OK)
        return err;
    answer_open(&a);
    jw_party(&a.w, cx->catalog, &p);
    answer_job(&a, job, 200);
    return ERR_OK;
}

enum err party_key_put(struct request *rq, struct reply *reply)
{
    (void)reply;
    const struct party *p;
    enum err err = api_party(rq, rq->param[0], &p);
    if (err != ERR_OK)
        return err;
    if (p->number != rq->caller->number)
        return problem(&rq->problem, ERR_FORBIDDEN, "", "a countersigning key is set by the party itself");
    struct key_change *change = arena_alloc(rq->arena, sizeof *change);
    change->party = p->number;
    if ((err = jwk_read(rq->body, change->pub, &rq->problem)) != ERR_OK)
        return err;
    return control_submit(rq, key_run, change);
}
