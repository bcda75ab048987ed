/* A party's API tokens: made, listed and ended. */
#include <stddef.h>

#include "common/base/when.h"
#include "server/api/api.h"
#include "server/api/body.h"
#include "server/api/call.h"
#include "server/api/draw.h"
#include "server/api/list.h"
#include "server/api/quota.h"
#include "server/catalog/catalog_write.h"
#include "server/commit/credentials.h"
#include "server/commit/uses.h"

/* used_ms: 0: it was not used. drawn: its text is shown, this once; NULL: it is not. */
static enum err jw_token(struct jw *w, const struct catalog *c, const struct api_token *t, int64_t used_ms,
                         const struct keys *keys, const struct token_draw *drawn)
{
    char id[LIMIT_ID + 1];
    enum err err = ERR_OK;
    credential_id(t->sha256, id);
    jw_object(w);
    jw_kstr(w, "by", span_str(c->parties[t->by - 1].id));
    jw_ktime(w, "created_at", t->created_ms);
    if (t->expires_ms != 0)
        jw_ktime(w, "expires_at", t->expires_ms);
    jw_kstr(w, "id", span_str(id));
    if (!span_empty(t->label))
        jw_kstr(w, "label", t->label);
    if (used_ms != 0)
        jw_ktime(w, "last_used_at", used_ms);
    jw_kstr(w, "party", span_str(t->party->id));
    if (t->credentials)
        jw_kstr(w, "scope", SPAN(SCOPE_CREDENTIALS));
    if (drawn != NULL)
        err = jw_drawn_token(w, "token", keys, drawn);
    jw_object_end(w);
    return err;
}

/* ---- POST /v1/parties/{id}/tokens ---- */

static size_t tokens_counted(const struct batch *cx, const struct party *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->tokens.n; i++)
        n += p->tokens.t[i]->ended_ms == 0 || quota_recent(cx, p->tokens.t[i]->created_ms);
    return n;
}

enum err token_run(struct batch *cx, struct job *job)
{
    const struct record *r = &job->record;
    const struct party *p = &cx->catalog->parties[r->token.party - 1];
    struct api_token token = {.party = p,
                              .by = r->token.by,
                              .label = r->token.label,
                              .created_ms = cx->now_ms,
                              .expires_ms = r->token.expires_ms,
                              .steps = r->token.expires_ms != 0 ? cx->clock.steps : 0,
                              .credentials = r->token.credentials};
    struct credential_told told = {p, token.by, CREDENTIAL_TOKEN, .since_ms = cx->now_ms};
    struct answer a;
    enum err err = quota_leaves(job, QUOTA_TOKENS, p, tokens_counted(cx, p));
    if (err != ERR_OK)
        return err;
    memcpy(token.sha256, r->token.draw.sha256, sizeof token.sha256);
    credential_id(token.sha256, told.id);
    answer_open(&a);
    err = jw_token(&a.w, cx->catalog, &token, 0, cx->instance->keys, &r->token.draw);
    if (err != ERR_OK) {
        answer_abandon(&a);
        return err;
    }
    answer_job(&a, job, 201);
    err = catalog_put_token(cx->txn, &token);
    cx->catalog_changed = err == ERR_OK;
    return err == ERR_OK ? credential_tell(cx->txn, cx->catalog, &told) : err;
}

struct wished {
    struct span expires_at, label, scope;
};

static enum err take_expiry(struct request *rq, struct span said, int64_t *ms)
{
    *ms = 0;
    if (said.ptr == NULL)
        return ERR_OK;
    if (time_parse(said, ms) != ERR_OK)
        return problem(&rq->problem, ERR_INVALID, "expires_at",
                       "must be a time of RFC 3339, such as 2027-01-31T00:00:00Z");
    if (*ms <= rq->arrived_ms)
        return problem(&rq->problem, ERR_INVALID, "expires_at", "must be later than now");
    return ERR_OK;
}

enum err party_tokens_create(struct request *rq, struct reply *reply)
{
    (void)reply;
    static const struct body_member members[] = {
        {"expires_at", BODY_TEXT, offsetof(struct wished, expires_at), 64, false},
        {"label", BODY_TEXT, offsetof(struct wished, label), LIMIT_LABEL, false},
        {"scope", BODY_TEXT, offsetof(struct wished, scope), 64, false},
        {NULL},
    };
    struct wished in = {{0}};
    const struct party *p;
    enum err err;
    if ((err = call_party(rq, rq->param[0], &p)) != ERR_OK || (err = body_read(rq, members, &in)) != ERR_OK)
        return err;
    struct job *job = worker_job(rq, RECORD_TOKEN, NULL);
    if ((err = take_expiry(rq, in.expires_at, &job->record.token.expires_ms)) != ERR_OK)
        return err;
    if (in.scope.ptr != NULL && !span_is(in.scope, SCOPE_CREDENTIALS))
        return problem(&rq->problem, ERR_INVALID, "scope",
                       "must be \"" SCOPE_CREDENTIALS "\" (it may make and end tokens, secrets and keys), or left out");
    job->record.token.party = p->number;
    job->record.token.by = rq->caller->number;
    job->record.token.label = in.label.ptr != NULL ? in.label : SPAN("");
    job->record.token.credentials = in.scope.ptr != NULL;
    draw_token(rq, &job->record.token.draw);
    quota_say(rq, job, QUOTA_TOKENS);
    return call_submit(rq, job);
}

/* ---- GET ---- */

static enum err list_token(struct request *rq, struct txn *txn, const struct api_token *t, struct jw *w)
{
    int64_t used_ms = 0;
    enum err err = token_used(txn, t->sha256, &used_ms);
    return err == ERR_OK || err == ERR_NOT_FOUND ? jw_token(w, rq->catalog, t, used_ms, NULL, NULL) : err;
}

enum err party_tokens_list(struct request *rq, struct reply *reply)
{
    const struct party *p;
    struct window window;
    struct list list;
    struct txn *txn;
    char id[LIMIT_ID + 1] = "";
    enum err err;
    if ((err = call_party(rq, rq->param[0], &p)) != ERR_OK || (err = window_read(rq, NULL, 0, &window)) != ERR_OK ||
        (err = worker_reader(rq->worker, &txn)) != ERR_OK)
        return err;
    bool reached = window.after.len == 0;
    list_open(&list, &window);
    for (size_t i = 0; i < p->tokens.n && err == ERR_OK; i++) {
        const struct api_token *t = p->tokens.t[i];
        char this[LIMIT_ID + 1];
        credential_id(t->sha256, this);
        if (reached && t->ended_ms == 0) {
            if (!list_item(&list))
                break;
            err = list_token(rq, txn, t, &list.w);
            memcpy(id, this, sizeof id);
        }
        reached |= span_is(window.after, this);
    }
    if (err == ERR_OK && !reached)
        err = problem(&rq->problem, ERR_MALFORMED, "after", "must be the `next` of the answer before");
    if (err != ERR_OK) {
        list_abandon(&list);
        return err;
    }
    list_reply(rq, reply, &list, span_str(id));
    return ERR_OK;
}

/* ---- DELETE /v1/parties/{id}/tokens/{token} ---- */

static const struct api_token *token_of(const struct party *p, struct span id)
{
    for (size_t i = 0; i < p->tokens.n; i++) {
        char this[LIMIT_ID + 1];
        credential_id(p->tokens.t[i]->sha256, this);
        if (span_is(id, this))
            return p->tokens.t[i];
    }
    return NULL;
}

enum err token_end_run(struct batch *cx, struct job *job)
{
    const struct record *r = &job->record;
    const struct api_token *t = token_of(&cx->catalog->parties[r->token_end.party - 1], r->token_end.id);
    struct answer a;
    if (t == NULL)
        return problem(&job->problem, ERR_NOT_FOUND, "", "this party has no API token of that id");
    struct api_token ended = *t; /* again changes nothing */
    struct credential_told told = {t->party, r->token_end.by, CREDENTIAL_TOKEN, .since_ms = cx->now_ms,
                                   .retired = true};
    if (t->ended_ms == 0)
        ended.ended_ms = cx->now_ms;
    credential_id(t->sha256, told.id);
    answer_open(&a);
    jw_object(&a.w);
    jw_ktime(&a.w, "ended_at", ended.ended_ms);
    jw_kstr(&a.w, "id", span_str(told.id));
    jw_kstr(&a.w, "party", span_str(t->party->id));
    jw_object_end(&a.w);
    answer_job(&a, job, 200);
    if (t->ended_ms != 0)
        return ERR_OK;
    enum err err = catalog_put_token(cx->txn, &ended);
    cx->catalog_changed = err == ERR_OK;
    return err == ERR_OK ? credential_tell(cx->txn, cx->catalog, &told) : err;
}

/* Whoever holds one may give it up. */
static bool is_own(const struct request *rq, struct span id)
{
    char own[LIMIT_ID + 1];
    credential_id(rq->token->sha256, own);
    return span_is(id, own);
}

enum err party_tokens_delete(struct request *rq, struct reply *reply)
{
    (void)reply;
    const struct party *p;
    enum err err = call_party_alone(rq, &p);
    if (err != ERR_OK)
        return err;
    if (!rq->token->credentials && !is_own(rq, rq->param[1]))
        return problem(&rq->problem, ERR_FORBIDDEN, "", API_TOKEN_SCOPED);
    struct job *job = worker_job(rq, RECORD_TOKEN_END, NULL);
    job->record.token_end.party = p->number;
    job->record.token_end.by = rq->caller->number;
    job->record.token_end.id = rq->param[1];
    return call_submit(rq, job);
}
