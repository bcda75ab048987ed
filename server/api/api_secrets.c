/* Postback secrets and the postback key of a party. */
#include <stdio.h>

#include "server/api/api.h"
#include "server/api/body.h"
#include "server/api/call.h"
#include "server/api/draw.h"
#include "server/api/list.h"
#include "server/api/quota.h"
#include "server/catalog/catalog_write.h"
#include "server/commit/credentials.h"
#include "server/system/address.h"

/* ---- POST /v1/parties/{id}/secrets, DELETE .../secrets/{kid} ---- */

/* With `gone` retired. */
size_t secrets_counted(const struct batch *cx, const struct party *p, uint32_t by, const struct secret *gone)
{
    size_t n = 0;
    const struct secret_list all = catalog_secrets_of(cx->catalog, p);
    for (size_t i = 0; i < all.n; i++) {
        const struct secret *s = all.s[i];
        n += (!s->retired && s != gone) || quota_recent(cx, by, s->created_ms, 1);
    }
    return n;
}

static const struct secret *secret_of(const struct catalog *c, uint32_t party, struct span kid)
{
    const struct secret *s = catalog_secret(c, kid);
    return s != NULL && s->party->number == party ? s : NULL;
}

static enum err secret_retire(struct batch *cx, const struct secret *s, uint32_t by)
{
    struct secret retired = *s;
    struct credential_told told = {s->party, by, CREDENTIAL_SECRET, .since_ms = cx->now_ms, .retired = true};
    retired.retired = true;
    memcpy(told.id, s->kid, sizeof told.id);
    enum err err = catalog_put_secret(cx->txn, &retired);
    crypto_wipe(retired.key, sizeof retired.key);
    return err == ERR_OK && !s->retired ? credential_tell(cx->txn, cx->catalog, &told) : err;
}

/* *out: the one that retires with what is made; NULL: none does. */
static enum err secret_replaced(struct batch *cx, struct job *job, const struct secret **out)
{
    const struct record *r = &job->record;
    *out = NULL;
    if (span_empty(r->secret.replaces))
        return ERR_OK;
    *out = secret_of(cx->catalog, r->secret.party, r->secret.replaces);
    return *out != NULL && !(*out)->retired
               ? ERR_OK
               : problem(&job->problem, ERR_CONFLICT, "replaces", "is no kid of a secret of this party that is good");
}

enum err secret_run(struct batch *cx, struct job *job)
{
    const struct record *r = &job->record;
    struct secret s = {.party = catalog_party_number(cx->catalog, r->secret.party),
                       .sealed = r->secret.draw.sealed,
                       .by = r->secret.by,
                       .created_ms = cx->now_ms};
    struct credential_told told = {s.party, s.by, CREDENTIAL_SECRET, .since_ms = cx->now_ms};
    const struct secret *gone = NULL;
    struct answer a;
    call_maker(r, s.maker);
    memcpy(s.kid, r->secret.draw.kid, sizeof s.kid);
    memcpy(told.id, s.kid, sizeof told.id);
    enum err err = call_taken(job, catalog_secret(cx->catalog, span_str(s.kid)));
    if (err == ERR_OK)
        err = secret_replaced(cx, job, &gone);
    if (err == ERR_OK)
        err = quota_leaves(job, QUOTA_SECRETS, s.party, secrets_counted(cx, s.party, s.by, gone));
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
    if (err == ERR_OK && gone != NULL)
        err = secret_retire(cx, gone, s.by);
    cx->catalog_changed = err == ERR_OK;
    return err == ERR_OK ? credential_tell(cx->txn, cx->catalog, &told) : err;
}

enum err retire_run(struct batch *cx, struct job *job)
{
    const struct record *r = &job->record;
    const struct secret *s = secret_of(cx->catalog, r->retire.party, r->retire.kid);
    struct answer a;
    if (s == NULL)
        return problem(&job->problem, ERR_NOT_FOUND, "", "this party has no secret of that kid");
    enum err err = secret_retire(cx, s, r->retire.by);
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
    static const struct body_member members[] = {{"replaces", BODY_TEXT, 0, LIMIT_ID, false}, {NULL}};
    struct span replaces = {0};
    const struct party *p;
    enum err err = call_party(rq, rq->param[0], &p);
    if (err != ERR_OK || (err = call_governs(rq, p)) != ERR_OK || (err = body_read(rq, members, &replaces)) != ERR_OK)
        return err;
    struct job *job = worker_job(rq, RECORD_SECRET, NULL);
    job->record.secret.party = p->number;
    job->record.secret.replaces = replaces.ptr != NULL ? replaces : SPAN("");
    job->record.secret.by = rq->caller->number;
    draw_secret(rq, &job->record.secret.draw);
    quota_say(rq, job, QUOTA_SECRETS);
    return call_submit(rq, job);
}

enum err secrets_delete(struct request *rq, struct reply *reply)
{
    (void)reply;
    const struct party *p;
    enum err err = call_party_alone(rq, &p);
    if (err != ERR_OK || (err = call_governs(rq, p)) != ERR_OK)
        return err;
    struct job *job = worker_job(rq, RECORD_RETIRE, NULL);
    job->record.retire.party = p->number;
    job->record.retire.by = rq->caller->number;
    job->record.retire.kid = rq->param[1];
    return call_submit(rq, job);
}

/* ---- PUT, DELETE /v1/parties/{id}/postback-key ---- */

/* A key stays when its addresses change: it stands in the settings of platforms. */
enum err postback_key_run(struct batch *cx, struct job *job)
{
    const struct record *r = &job->record;
    struct party p = *catalog_party_number(cx->catalog, r->postback_key.party);
    bool was_on = !span_empty(p.postback_cidrs), is_on = !span_empty(r->postback_key.cidrs), fresh = is_on && !was_on;
    struct credential_told told = {&p, r->postback_key.by, CREDENTIAL_POSTBACK_KEY, .since_ms = cx->now_ms,
                                   .retired = !is_on};
    struct answer a;
    enum err err = ERR_OK;
    p.postback_cidrs = r->postback_key.cidrs;
    if (fresh) {
        memcpy(p.postback_key, r->postback_key.draw.sha256, HASH_LEN);
        p.postback_by = told.by;
        call_maker(r, p.postback_maker);
        p.postback_since_ms = cx->now_ms;
    }
    credential_id(p.postback_key, told.id);
    answer_open(&a);
    jw_object(&a.w);
    jw_cidrs(&a.w, p.postback_cidrs);
    if (fresh)
        err = jw_drawn_token(&a.w, "key", cx->instance->keys, &r->postback_key.draw);
    jw_kstr(&a.w, "party", span_str(p.id));
    jw_object_end(&a.w);
    if (err != ERR_OK) {
        answer_abandon(&a);
        return err;
    }
    answer_job(&a, job, 200);
    err = catalog_put_party(cx->txn, &p);
    cx->catalog_changed = err == ERR_OK;
    return err == ERR_OK && was_on != is_on ? credential_tell(cx->txn, cx->catalog, &told) : err;
}

static enum err add_block(struct request *rq, const json_t *v, size_t i, struct buf *out)
{
    char path[32];
    address first, last;
    struct span text = json_is_string(v) ? span_of(json_string_value(v), json_string_length(v)) : SPAN("");
    snprintf(path, sizeof path, "cidrs[%zu]", i);
    if (!address_block_read(text, &first, &last))
        return problem(&rq->problem, ERR_INVALID, path, "must be an address, or a block such as 203.0.113.0/24");
    buf_str(out, i ? "," : "");
    buf_span_add(out, text);
    return ERR_OK;
}

static enum err read_blocks(struct request *rq, const json_t *object, struct span *out)
{
    static const char *const names[] = {"cidrs", NULL};
    const json_t *list = NULL, *v;
    size_t i;
    struct buf text;
    enum err err = json_only(object, "", names, &rq->problem);
    if (err == ERR_OK)
        err = json_get_array(object, "", "cidrs", POSTBACK_CIDRS, &list, NULL, &rq->problem);
    if (err != ERR_OK)
        return err;
    if (json_array_size(list) == 0)
        return problem(&rq->problem, ERR_INVALID, "cidrs",
                       "is required: the blocks of addresses that the sender calls from, 1 to %d", POSTBACK_CIDRS);
    arena_buf(rq->arena, &text, POSTBACK_CIDRS_MAX);
    json_array_foreach(list, i, v)
    {
        if ((err = add_block(rq, v, i, &text)) != ERR_OK)
            return err;
    }
    *out = buf_span(&text);
    return ERR_OK;
}

static enum err postback_key_party(struct request *rq, const struct party **p)
{
    enum err err = call_party(rq, rq->param[0], p);
    if (err == ERR_OK && !((*p)->role & (ROLE_ADVERTISER | ROLE_PUBLISHER)))
        return problem(&rq->problem, ERR_FORBIDDEN, "", "advertisers and publishers send postbacks");
    return err;
}

enum err postback_key_put(struct request *rq, struct reply *reply)
{
    (void)reply;
    const struct party *p;
    json_t *object;
    struct job *job = worker_job(rq, RECORD_POSTBACK_KEY, NULL);
    enum err err = postback_key_party(rq, &p);
    if (err != ERR_OK || (err = body_object(rq, &object)) != ERR_OK)
        return err;
    err = read_blocks(rq, object, &job->record.postback_key.cidrs);
    json_decref(object);
    if (err != ERR_OK)
        return err;
    job->record.postback_key.party = p->number;
    job->record.postback_key.by = rq->caller->number;
    draw_postback_key(rq, &job->record.postback_key.draw);
    return call_submit(rq, job);
}

enum err postback_key_delete(struct request *rq, struct reply *reply)
{
    (void)reply;
    const struct party *p;
    struct job *job = worker_job(rq, RECORD_POSTBACK_KEY, NULL);
    enum err err = postback_key_party(rq, &p);
    if (err != ERR_OK)
        return err;
    job->record.postback_key.party = p->number;
    job->record.postback_key.by = rq->caller->number;
    return call_submit(rq, job);
}
