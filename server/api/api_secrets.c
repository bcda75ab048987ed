/* Postback secrets and API tokens of a party. */
#include "server/api/api.h"
#include "server/api/body.h"
#include "server/api/call.h"
#include "server/api/draw.h"
#include "server/catalog/catalog_write.h"

/* ---- POST /v1/parties/{id}/secrets ---- */

enum err secret_run(struct batch *cx, struct job *job)
{
    const struct record *r = &job->record;
    struct secret s = {
        .party = &cx->catalog->parties[r->secret.party - 1], .sealed = r->secret.draw.sealed, .created_ms = cx->now_ms};
    struct answer a;
    memcpy(s.kid, r->secret.draw.kid, sizeof s.kid);
    enum err err = call_taken(job, catalog_secret(cx->catalog, span_str(s.kid)));
    if (err != ERR_OK)
        return err;
    answer_open(&a);
    jw_object(&a.w);
    jw_kstr(&a.w, "kid", span_str(s.kid));
    err = jw_drawn_secret(&a.w, cx->instance->keys, &r->secret.draw);
    jw_object_end(&a.w);
    if (err != ERR_OK) {
        answer_abandon(&a);
        return err;
    }
    answer_job(&a, job, 201);
    err = catalog_put_secret(cx->txn, &s);
    cx->catalog_changed = err == ERR_OK;
    return err;
}

enum err retire_run(struct batch *cx, struct job *job)
{
    const struct record *r = &job->record;
    const struct secret *s = catalog_secret(cx->catalog, r->retire.kid);
    struct answer a;
    if (s == NULL || s->party->number != r->retire.party)
        return problem(&job->problem, ERR_NOT_FOUND, "retire", "this party has no secret of that kid");
    struct secret retired = *s;
    retired.retired = true;
    enum err err = catalog_put_secret(cx->txn, &retired);
    crypto_wipe(retired.key, sizeof retired.key);
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

enum err secrets_create(struct request *rq, struct reply *reply)
{
    (void)reply;
    static const struct body_member members[] = {{"retire", BODY_TEXT, 0, LIMIT_ID, false}, {NULL}};
    struct span retire = {0}; /* a kid; absent: a new secret is wanted */
    const struct party *p;
    enum err err;
    if ((err = call_party(rq, rq->param[0], &p)) != ERR_OK || (err = body_read(rq, members, &retire)) != ERR_OK)
        return err;
    struct job *job = worker_job(rq, retire.ptr != NULL ? RECORD_RETIRE : RECORD_SECRET, NULL);
    if (retire.ptr != NULL) {
        job->record.retire.party = p->number;
        job->record.retire.kid = retire;
    } else {
        job->record.secret.party = p->number;
        draw_secret(rq, &job->record.secret.draw);
    }
    return call_submit(rq, job);
}

/* ---- POST /v1/parties/{id}/tokens ---- */

enum err token_run(struct batch *cx, struct job *job)
{
    const struct record *r = &job->record;
    const struct party *p = &cx->catalog->parties[r->token.party - 1];
    struct answer a;
    answer_open(&a);
    jw_object(&a.w);
    jw_kstr(&a.w, "party", span_str(p->id));
    enum err err = jw_drawn_token(&a.w, cx->instance->keys, &r->token.draw);
    jw_object_end(&a.w);
    if (err != ERR_OK) {
        answer_abandon(&a);
        return err;
    }
    answer_job(&a, job, 201);
    err = catalog_put_token(cx->txn, r->token.draw.sha256, p->number, cx->now_ms);
    cx->catalog_changed = err == ERR_OK;
    return err;
}

enum err party_tokens_create(struct request *rq, struct reply *reply)
{
    (void)reply;
    static const struct body_member none[] = {{NULL}};
    const struct party *p;
    enum err err;
    if ((err = call_party(rq, rq->param[0], &p)) != ERR_OK || (err = body_read(rq, none, NULL)) != ERR_OK)
        return err;
    struct job *job = worker_job(rq, RECORD_TOKEN, NULL);
    job->record.token.party = p->number;
    draw_token(rq, &job->record.token.draw);
    return call_submit(rq, job);
}
