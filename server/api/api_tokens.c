/* A party's API tokens, and invitations to make one: made, listed and ended. */
#include <stddef.h>

#include "common/base/when.h"
#include "server/api/api.h"
#include "server/api/body.h"
#include "server/api/call.h"
#include "server/api/draw.h"
#include "server/api/last_operator.h"
#include "server/api/list.h"
#include "server/api/made.h"
#include "server/api/quota.h"
#include "server/catalog/catalog_write.h"
#include "server/commit/credentials.h"
#include "server/commit/uses.h"

static void jw_scope(struct jw *w, unsigned scopes)
{
    char mem[SCOPES_TEXT_MAX];
    struct buf text;
    buf_fixed(&text, mem, sizeof mem);
    scopes_write(&text, scopes);
    if (scopes != 0)
        jw_kstr(w, "scope", buf_span(&text));
}

/* used_ms: 0: it was not used. drawn: its text is shown, this once; NULL: it is not. */
static enum err jw_token(struct jw *w, const struct catalog *c, const struct api_token *t, int64_t used_ms,
                         const struct instance *in, const struct token_draw *drawn)
{
    char id[LIMIT_ID + 1];
    enum err err = ERR_OK;
    credential_id(t->sha256, id);
    jw_object(w);
    jw_kstr(w, "by", span_str(catalog_party_number(c, t->by)->id));
    jw_ktime(w, "created_at", t->created_ms);
    if (t->expires_ms != 0)
        jw_ktime(w, "expires_at", t->expires_ms);
    jw_kstr(w, "id", span_str(id));
    if (drawn != NULL && t->invitation)
        err = jw_drawn_invitation(w, in, drawn);
    if (!span_empty(t->label))
        jw_kstr(w, "label", t->label);
    if (used_ms != 0)
        jw_ktime(w, "last_used_at", used_ms);
    if (catalog_token_hashed(c, t->maker) != NULL) {
        credential_id(t->maker, id);
        jw_kstr(w, "made_by", span_str(id));
    }
    jw_kstr(w, "party", span_str(t->party->id));
    jw_scope(w, t->scopes);
    if (drawn != NULL && !t->invitation)
        err = jw_drawn_token(w, "token", in->keys, drawn);
    jw_object_end(w);
    return err;
}

/* ---- POST /v1/parties/{id}/tokens ---- */

static const struct api_token *token_of(const struct catalog *c, const struct party *p, struct span id, bool invitation)
{
    const struct token_list all = catalog_tokens_of(c, p);
    for (size_t i = 0; i < all.n; i++) {
        char this[LIMIT_ID + 1];
        credential_id(all.t[i]->sha256, this);
        if (span_is(id, this) && all.t[i]->invitation == invitation)
            return all.t[i];
    }
    return NULL;
}

/* With `gone` ended. */
static size_t tokens_counted(const struct batch *cx, const struct party *p, const struct api_token *made,
                             const struct api_token *gone)
{
    size_t n = 0;
    const struct token_list all = catalog_tokens_of(cx->catalog, p);
    for (size_t i = 0; i < all.n; i++) {
        const struct api_token *t = all.t[i];
        n += t->invitation == made->invitation &&
             ((t->ended_ms == 0 && t != gone) || quota_recent(cx, made->by, t->created_ms, 1));
    }
    return n;
}

static enum err token_end(struct batch *cx, const struct api_token *t, uint32_t by)
{
    struct api_token ended = *t;
    struct credential_told told = {t->party, by, CREDENTIAL_TOKEN, .since_ms = cx->now_ms, .retired = true};
    ended.ended_ms = cx->now_ms;
    credential_id(t->sha256, told.id);
    enum err err = catalog_put_token(cx->txn, &ended);
    return err == ERR_OK && !t->invitation ? credential_tell(cx->txn, cx->catalog, &told) : err;
}

/* *out: the one that ends with what is made; NULL: none does. */
static enum err token_replaced(const struct catalog *c, struct job *job, const struct party *p,
                               const struct api_token **out)
{
    struct span id = job->record.token.replaces;
    *out = span_empty(id) ? NULL : token_of(c, p, id, false);
    return span_empty(id) || (*out != NULL && (*out)->ended_ms == 0)
               ? ERR_OK
               : problem(&job->problem, ERR_CONFLICT, "replaces", "is no id of a token of this party that is good");
}

enum err token_run(struct batch *cx, struct job *job)
{
    const struct record *r = &job->record;
    const struct party *p = catalog_party_number(cx->catalog, r->token.party);
    struct api_token token = {.party = p,
                              .by = r->token.by,
                              .label = r->token.label,
                              .invitation = r->token.invitation,
                              .created_ms = cx->now_ms,
                              .expires_ms = r->token.expires_ms,
                              .steps = r->token.expires_ms != 0 ? cx->clock.steps : 0};
    struct credential_told told = {p, token.by, CREDENTIAL_TOKEN, .since_ms = cx->now_ms};
    const struct api_token *gone = NULL;
    struct answer a;
    enum err err = scopes_read(r->token.scope, &token.scopes);
    if (err == ERR_OK)
        err = token_replaced(cx->catalog, job, p, &gone);
    if (err == ERR_OK)
        err = quota_leaves(job, token.invitation ? QUOTA_INVITATIONS : QUOTA_TOKENS, p,
                           tokens_counted(cx, p, &token, gone));
    if (err == ERR_OK && gone != NULL)
        err = operator_stays(cx, &(struct going){.token = gone}, &token, &job->problem);
    if (err != ERR_OK)
        return err;
    call_maker(r, token.maker);
    memcpy(token.sha256, r->token.draw.sha256, sizeof token.sha256);
    credential_id(token.sha256, told.id);
    answer_open(&a);
    err = jw_token(&a.w, cx->catalog, &token, 0, cx->instance, &r->token.draw);
    if (err != ERR_OK) {
        answer_abandon(&a);
        return err;
    }
    answer_job(&a, job, 201);
    err = catalog_put_token(cx->txn, &token);
    if (err == ERR_OK && gone != NULL)
        err = token_end(cx, gone, token.by);
    cx->catalog_changed = err == ERR_OK;
    return err == ERR_OK && !token.invitation ? credential_tell(cx->txn, cx->catalog, &told) : err;
}

struct wished {
    struct span expires_at, label, replaces, scope;
};

/* What its party has calls of, and no more than the caller's own has. */
static enum err take_scope(struct request *rq, const struct party *p, struct span said, struct span *out)
{
    unsigned scopes = 0, all = scopes_of(p->role);
    struct buf text;
    *out = SPAN("");
    if (said.ptr == NULL)
        return ERR_OK;
    arena_buf(rq->arena, &text, SCOPES_TEXT_MAX);
    if (scopes_read(said, &scopes) != ERR_OK || (scopes & ~all) != 0) {
        scopes_write(&text, all);
        return problem(&rq->problem, ERR_INVALID, "scope", "must be some of these words, or be left out: %.*s",
                       (int)text.len, text.ptr);
    }
    enum err err = dispatch_scopes(rq, scopes);
    scopes_write(&text, scopes);
    *out = buf_span(&text);
    return err;
}

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

/* Of a token or an invitation: for whom, by whom, what for. */
static struct job *token_job(struct request *rq, const struct party *p, const struct wished *in)
{
    struct job *job = worker_job(rq, RECORD_TOKEN, NULL);
    job->record.token.party = p->number;
    job->record.token.by = rq->caller->number;
    job->record.token.label = in->label.ptr != NULL ? in->label : SPAN("");
    job->record.token.replaces = in->replaces.ptr != NULL ? in->replaces : SPAN("");
    return job;
}

enum err party_tokens_create(struct request *rq, struct reply *reply)
{
    (void)reply;
    static const struct body_member members[] = {
        {"expires_at", BODY_TEXT, offsetof(struct wished, expires_at), 64, false},
        {"label", BODY_TEXT, offsetof(struct wished, label), LIMIT_LABEL, false},
        {"replaces", BODY_TEXT, offsetof(struct wished, replaces), LIMIT_ID, false},
        {"scope", BODY_TEXT, offsetof(struct wished, scope), SCOPES_TEXT_MAX, false},
        {NULL},
    };
    struct wished in = {{0}};
    const struct party *p;
    enum err err;
    if ((err = call_party(rq, rq->param[0], &p)) != ERR_OK || (err = call_governs(rq, p)) != ERR_OK ||
        (err = body_read(rq, members, &in)) != ERR_OK)
        return err;
    struct job *job = token_job(rq, p, &in);
    if ((err = take_expiry(rq, in.expires_at, &job->record.token.expires_ms)) != ERR_OK ||
        (err = take_scope(rq, p, in.scope, &job->record.token.scope)) != ERR_OK)
        return err;
    draw_token(rq, &job->record.token.draw);
    quota_say(rq, job, QUOTA_TOKENS);
    return call_submit(rq, job);
}

/* ---- POST /v1/parties/{id}/invitations ---- */

int64_t invitation_until(int64_t now_ms)
{
    return now_ms + INVITATION_DAYS * MS_PER_DAY;
}

/* Whoever opens it gets all that the party has calls of, but no more than the caller's own token may. */
enum err invitations_create(struct request *rq, struct reply *reply)
{
    (void)reply;
    static const struct body_member members[] = {
        {"expires_at", BODY_TEXT, offsetof(struct wished, expires_at), 64, false},
        {"label", BODY_TEXT, offsetof(struct wished, label), LIMIT_LABEL, false},
        {NULL},
    };
    struct wished in = {{0}};
    const struct party *p;
    enum err err;
    if ((err = call_party(rq, rq->param[0], &p)) != ERR_OK || (err = call_governs(rq, p)) != ERR_OK ||
        (err = body_read(rq, members, &in)) != ERR_OK)
        return err;
    struct job *job = token_job(rq, p, &in);
    if ((err = take_expiry(rq, in.expires_at, &job->record.token.expires_ms)) != ERR_OK)
        return err;
    if (in.expires_at.ptr == NULL)
        job->record.token.expires_ms = invitation_until(rq->arrived_ms);
    job->record.token.invitation = true;
    job->record.token.scope = call_scope(rq, p->role);
    draw_invitation(rq, &job->record.token.draw);
    quota_say(rq, job, QUOTA_INVITATIONS);
    return call_submit(rq, job);
}

/* ---- GET ---- */

static enum err list_token(struct request *rq, struct txn *txn, const struct api_token *t, struct jw *w)
{
    int64_t used_ms = 0;
    enum err err = token_used(txn, t->sha256, &used_ms);
    return err == ERR_OK || err == ERR_NOT_FOUND ? jw_token(w, rq->catalog, t, used_ms, NULL, NULL) : err;
}

static enum err list_tokens(struct request *rq, struct reply *reply, bool invitations)
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
    const struct token_list all = catalog_tokens_of(rq->catalog, p);
    for (size_t i = 0; i < all.n && err == ERR_OK; i++) {
        const struct api_token *t = all.t[i];
        char this[LIMIT_ID + 1];
        credential_id(t->sha256, this);
        if (reached && t->ended_ms == 0 && t->invitation == invitations) {
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

enum err party_tokens_list(struct request *rq, struct reply *reply)
{
    return list_tokens(rq, reply, false);
}

enum err invitations_list(struct request *rq, struct reply *reply)
{
    return list_tokens(rq, reply, true);
}

/* ---- DELETE /v1/parties/{id}/tokens/{token}, invitations/{invitation} ---- */

static const struct api_token *made_of(const struct catalog *c, const struct api_token *invitation)
{
    const struct token_list all = catalog_tokens_of(c, invitation->party);
    for (size_t i = 0; i < all.n; i++)
        if (memcmp(all.t[i]->maker, invitation->sha256, HASH_LEN) == 0)
            return all.t[i];
    return NULL;
}

/* What was made of one that was used goes on, unless made_since reaches as far back. */
static enum err unused(const struct catalog *c, struct job *job, const struct api_token *t)
{
    const struct api_token *made = t->invitation && t->ended_ms != 0 ? made_of(c, t) : NULL;
    int64_t since_ms = job->record.token_end.made_since_ms;
    char id[LIMIT_ID + 1], mem[64];
    struct buf at;
    if (made == NULL || (since_ms != 0 && since_ms <= made->created_ms))
        return ERR_OK;
    credential_id(made->sha256, id);
    buf_fixed(&at, mem, sizeof mem);
    time_rfc3339(&at, t->ended_ms);
    struct span used = buf_span(&at);
    return problem(&job->problem, ERR_CONFLICT, "",
                   "this invitation was used at %.*s: the API token %s came of it, and a postback secret. End them, or "
                   "send this with ?made_since=%.*s, which ends both",
                   (int)used.len, used.ptr, id, (int)used.len, used.ptr);
}

/* ending: t, and what goes with it. */
static enum err end_write(struct batch *cx, struct job *job, const struct api_token *t,
                          const struct made_tokens *ending)
{
    const struct record *r = &job->record;
    struct answer a;
    enum err err = t->ended_ms == 0 ? token_end(cx, t, r->token_end.by) : ERR_OK; /* again changes nothing */
    if (err != ERR_OK)
        return err;
    answer_open(&a);
    jw_object(&a.w);
    jw_ktime(&a.w, "ended_at", t->ended_ms == 0 ? cx->now_ms : t->ended_ms);
    jw_kstr(&a.w, "id", r->token_end.id);
    if (r->token_end.made_since_ms != 0) {
        jw_key(&a.w, "made");
        err = made_end(cx, ending, t, r->token_end.by, &a.w);
    }
    jw_kstr(&a.w, "party", span_str(t->party->id));
    jw_object_end(&a.w);
    cx->catalog_changed = err == ERR_OK;
    if (err == ERR_OK)
        answer_job(&a, job, 200);
    else
        answer_abandon(&a);
    return err;
}

enum err token_end_run(struct batch *cx, struct job *job)
{
    const struct record *r = &job->record;
    const struct api_token *t = token_of(cx->catalog, catalog_party_number(cx->catalog, r->token_end.party),
                                         r->token_end.id, r->token_end.invitation);
    struct made_tokens ending;
    if (t == NULL)
        return problem(&job->problem, ERR_NOT_FOUND, "", "this party has no %s of that id",
                       r->token_end.invitation ? "invitation" : "API token");
    made_find(cx->catalog, t, r->token_end.made_since_ms != 0 ? r->token_end.made_since_ms : INT64_MAX,
              r->bearer.used ? catalog_token_hashed(cx->catalog, r->bearer.sha256) : NULL, &ending);
    enum err err = unused(cx->catalog, job, t);
    if (err == ERR_OK)
        err = operator_stays(cx, &(struct going){.with_it = &ending}, NULL, &job->problem);
    if (err == ERR_OK)
        err = end_write(cx, job, t, &ending);
    made_free(&ending);
    return err;
}

/* Whoever holds one may give it up. */
static bool is_own(const struct request *rq, struct span id)
{
    char own[LIMIT_ID + 1];
    credential_id(rq->token->sha256, own);
    return span_is(id, own);
}

/* 0: nothing that it made ends with it. */
static enum err made_since_read(struct request *rq, int64_t *ms)
{
    struct param since = {.name = "made_since"};
    enum err err = params_read(rq, &since, 1);
    if (err == ERR_OK && since.given && (time_parse(since.value, ms) != ERR_OK || *ms < 1))
        err = problem(&rq->problem, ERR_MALFORMED, "made_since",
                      "must be a time of RFC 3339, such as 2026-11-27T00:00:00Z: what it made since then ends too");
    if (err == ERR_OK && *ms > rq->arrived_ms)
        err = problem(&rq->problem, ERR_MALFORMED, "made_since", "is later than now: nothing was made since then");
    return err;
}

static enum err end_submit(struct request *rq, const struct party *p, int64_t made_since_ms, bool invitation)
{
    struct job *job = worker_job(rq, RECORD_TOKEN_END, NULL);
    job->record.token_end.made_since_ms = made_since_ms;
    job->record.token_end.party = p->number;
    job->record.token_end.by = rq->caller->number;
    job->record.token_end.invitation = invitation;
    job->record.token_end.id = rq->param[1];
    return call_submit(rq, job);
}

enum err party_tokens_delete(struct request *rq, struct reply *reply)
{
    (void)reply;
    const struct party *p;
    int64_t made_since_ms = 0;
    enum err err = call_party(rq, rq->param[0], &p);
    if (err == ERR_OK)
        err = made_since_read(rq, &made_since_ms);
    if (err == ERR_OK && !is_own(rq, rq->param[1]) && (err = dispatch_scopes(rq, MAY_CREDENTIALS)) == ERR_OK)
        err = call_governs(rq, p);
    return err == ERR_OK ? end_submit(rq, p, made_since_ms, false) : err;
}

enum err invitations_delete(struct request *rq, struct reply *reply)
{
    (void)reply;
    const struct party *p;
    int64_t made_since_ms = 0;
    enum err err = call_party(rq, rq->param[0], &p);
    if (err == ERR_OK)
        err = made_since_read(rq, &made_since_ms);
    if (err == ERR_OK)
        err = call_governs(rq, p);
    return err == ERR_OK ? end_submit(rq, p, made_since_ms, true) : err;
}

/* ---- an invitation is used ---- */

static enum err accept_answer(struct batch *cx, struct job *job, const struct party *p)
{
    const struct record *r = &job->record;
    struct answer a;
    answer_open(&a);
    jw_object(&a.w);
    jw_kstr(&a.w, "kid", span_str(r->accept.secret.kid));
    jw_kstr(&a.w, "kind", span_str(role_word(p->role)));
    jw_kstr(&a.w, "name", p->name);
    jw_kstr(&a.w, "party", span_str(p->id));
    enum err err = jw_drawn_secret(&a.w, cx->instance->keys, &r->accept.secret);
    if (err == ERR_OK)
        err = jw_drawn_token(&a.w, "token", cx->instance->keys, &r->accept.token);
    jw_object_end(&a.w);
    if (err == ERR_OK)
        answer_job(&a, job, 201);
    else
        answer_abandon(&a);
    return err;
}

/* By whoever made the invitation: it was his to open too. */
static enum err accept_put(struct batch *cx, const struct record *r, const struct api_token *t)
{
    struct secret secret = {
        .party = t->party, .by = t->by, .sealed = r->accept.secret.sealed, .created_ms = cx->now_ms};
    struct api_token token = {.party = t->party, .by = t->by, .created_ms = cx->now_ms, .scopes = t->scopes};
    struct credential_told told = {t->party, t->by, CREDENTIAL_TOKEN, .since_ms = cx->now_ms};
    memcpy(token.maker, t->sha256, HASH_LEN);
    memcpy(secret.maker, t->sha256, HASH_LEN);
    memcpy(token.sha256, r->accept.token.sha256, HASH_LEN);
    memcpy(secret.kid, r->accept.secret.kid, sizeof secret.kid);
    credential_id(token.sha256, told.id);
    enum err err = catalog_put_secret(cx->txn, &secret);
    if (err == ERR_OK)
        err = catalog_put_token(cx->txn, &token);
    if (err == ERR_OK)
        err = token_end(cx, t, t->by);
    if (err == ERR_OK)
        err = credential_tell(cx->txn, cx->catalog, &told);
    told.what = CREDENTIAL_SECRET;
    memcpy(told.id, secret.kid, sizeof told.id);
    return err == ERR_OK ? credential_tell(cx->txn, cx->catalog, &told) : err;
}

static enum err accept_room(const struct batch *cx, struct job *job, const struct api_token *t)
{
    const struct api_token token = {.by = t->by};
    enum err err = quota_leaves(job, QUOTA_TOKENS, t->party, tokens_counted(cx, t->party, &token, NULL));
    return err == ERR_OK ? quota_leaves_of(job->record.accept.quota_secrets, job, QUOTA_SECRETS, t->party,
                                           secrets_counted(cx, t->party, t->by, NULL))
                         : err;
}

enum err accept_run(struct batch *cx, struct job *job)
{
    const struct record *r = &job->record;
    const struct api_token *t = catalog_token_hashed(cx->catalog, r->accept.sha256);
    enum err err = invitation_opens(cx->catalog, t, cx->now_ms, &job->problem);
    if (err == ERR_OK)
        err = accept_room(cx, job, t);
    if (err == ERR_OK)
        err = call_taken(job, catalog_secret(cx->catalog, span_str(r->accept.secret.kid)));
    if (err == ERR_OK)
        err = accept_answer(cx, job, t->party);
    if (err == ERR_OK)
        err = accept_put(cx, r, t);
    cx->catalog_changed = err == ERR_OK;
    return err;
}
