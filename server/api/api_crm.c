/* The CRM that a campaign's leads are sent to, by a recipe and a mapping of names. It decides nothing of what is
 * recorded, so it stands beside the campaign, not in its terms. */
#include "common/base/bytes.h"
#include "common/commit/crm.h"
#include "common/commit/delivery.h"
#include "server/api/api.h"
#include "server/api/body.h"
#include "server/api/call.h"
#include "server/api/campaign.h"
#include "server/api/list.h"
#include "server/api/webhook.h"
#include "server/catalog/catalog_write.h"
#include "server/commit/credentials.h"
#include "server/keys/vault.h"
#include "server/system/system.h"

/* ---- output ---- */

static enum err jw_crm(struct jw *w, const struct campaign *c)
{
    json_t *more = json_object();
    json_object_set_new(more, "campaign", json_string(c->id));
    if (span_empty(c->crm))
        return jw_document(w, SPAN("{}"), more);
    if (c->crm_off_ms != 0)
        json_object_set_new(more, "disabled_at", json_time(c->crm_off_ms));
    json_object_set_new(more, "since", json_time(c->crm_since_ms));
    json_object_set_new(more, "target", json_stringn(c->crm_url.ptr, c->crm_url.len));
    json_object_set_new(more, "token_set", json_boolean(!span_empty(c->crm_sealed)));
    return jw_document(w, c->crm, more);
}

/* ---- the fold ---- */

/* A token stays where it was sent before, and goes nowhere else. */
static void set(const struct batch *cx, const struct record *r, struct campaign *c)
{
    bool stays = span_empty(r->crm.sealed) && !span_empty(r->crm.document) && span_eq(c->crm_url, r->crm.url);
    if (!stays)
        c->crm_sealed = r->crm.sealed;
    c->crm = r->crm.document;
    c->crm_url = r->crm.url;
    c->crm_by = r->crm.by;
    c->crm_since_ms = cx->now_ms;
    c->crm_off_ms = 0;
    memcpy(c->crm_id, r->crm.id, sizeof c->crm_id);
    call_maker(r, c->crm_maker);
}

enum err crm_run(struct batch *cx, struct job *job)
{
    const struct record *r = &job->record;
    const struct campaign *before = catalog_campaign_number(cx->catalog, r->crm.campaign);
    struct campaign c = *before;
    struct answer a;
    bool same = span_eq(c.crm, r->crm.document) && span_empty(r->crm.sealed) && c.crm_off_ms == 0;
    if (!same)
        set(cx, r, &c);
    if (r->crm.wants_token && span_empty(c.crm_sealed))
        return problem(&job->problem, ERR_INVALID, "token",
                       "is needed by this recipe; where the URL is another one it has to be said again");
    answer_open(&a);
    enum err err = jw_crm(&a.w, &c);
    if (err != ERR_OK) {
        answer_abandon(&a);
        return err;
    }
    answer_job(&a, job, 200);
    if (same)
        return ERR_OK;
    struct credential_told told = {catalog_who(cx->catalog, before->advertiser), r->crm.by, CREDENTIAL_WEBHOOK};
    err = catalog_put_campaign(cx->txn, &c);
    cx->catalog_changed = err == ERR_OK;
    return err == ERR_OK ? credential_replaced(cx, &told, span_empty(before->crm) ? "" : before->crm_id,
                                               span_empty(c.crm) ? "" : c.crm_id)
                         : err;
}

/* ---- the calls ---- */

/* The advertiser's own: the operator sees where it leads, and does not read along. */
static enum err owned(struct request *rq, bool alone, const struct campaign **out)
{
    enum err err = campaign_owned(rq, out);
    if (err == ERR_OK && alone && (*out)->advertiser->number != rq->caller->number)
        err = problem(&rq->problem, ERR_FORBIDDEN, "", "only the advertiser itself says where its leads go");
    return err;
}

static struct span seal(struct request *rq, uint32_t campaign, struct span token)
{
    uint8_t nonce[VAULT_NONCE_LEN], aad[4];
    struct buf sealed;
    if (span_empty(token))
        return SPAN("");
    store_be32(aad, campaign);
    vault_nonce(nonce);
    arena_buf(rq->arena, &sealed, token.len + 64);
    vault_seal(rq->worker->server->instance.keys, VAULT_CRM, span_of(aad, sizeof aad), token, nonce, &sealed);
    return buf_span(&sealed);
}

/* What a body says, in the arena. */
struct said {
    struct span document, url, token;
    bool wants_token;
};

static enum err take_token(struct request *rq, json_t *body, struct said *out)
{
    enum err err = json_get_str(body, "", "token", CRM_TOKEN_MAX, &out->token, NULL, &rq->problem);
    if (err == ERR_OK && !span_empty(out->token) && !crm_token_ok(out->token))
        err = problem(&rq->problem, ERR_INVALID, "token", "must be printable ASCII without blanks");
    out->token = arena_copy(rq->arena, out->token);
    json_object_del(body, "token");
    return err;
}

static enum err read_document(struct request *rq, struct said *out)
{
    struct crm crm;
    struct buf url;
    enum err err = crm_read(out->document, &crm, &rq->problem);
    if (err != ERR_OK)
        return err;
    arena_buf(rq->arena, &url, LIMIT_URL);
    crm_url(&crm, &url);
    out->url = buf_span(&url);
    out->wants_token = crm.recipe->needs_token;
    if (url.failed)
        err = problem(&rq->problem, ERR_INVALID, "url", "is too long with what `fixed` has");
    else if (!span_empty(out->token) && crm.recipe->auth == NULL)
        err = problem(&rq->problem, ERR_INVALID, "token", "is nothing that this recipe sends");
    else
        err = webhook_url_ok(rq, "url", out->url, false);
    crm_close(&crm);
    return err;
}

static enum err read_body(struct request *rq, struct said *out)
{
    json_t *body;
    struct buf text;
    struct jw w;
    *out = (struct said){.token = SPAN("")};
    enum err err = body_object(rq, &body);
    if (err != ERR_OK)
        return err;
    err = take_token(rq, body, out);
    arena_buf(rq->arena, &text, CRM_DOCUMENT_MAX);
    jw_open(&w, &text);
    jw_value(&w, body);
    jw_close(&w);
    json_decref(body);
    out->document = buf_span(&text);
    if (err == ERR_OK && text.failed)
        err = problem(&rq->problem, ERR_TOO_LARGE, "", "is more than %d bytes", CRM_DOCUMENT_MAX);
    return err == ERR_OK ? read_document(rq, out) : err;
}

static enum err submit(struct request *rq, const struct campaign *c, const struct said *said)
{
    struct job *job = worker_job(rq, RECORD_CRM, NULL);
    job->record.crm.campaign = c->number;
    job->record.crm.by = rq->caller->number;
    job->record.crm.document = said->document;
    job->record.crm.url = said->url;
    job->record.crm.wants_token = said->wants_token;
    job->record.crm.sealed = seal(rq, c->number, said->token);
    random_id('W', job->record.crm.id);
    return call_submit(rq, job);
}

enum err crm_put(struct request *rq, struct reply *reply)
{
    (void)reply;
    const struct campaign *c = NULL;
    struct said said;
    enum err err = owned(rq, true, &c);
    if (err == ERR_OK)
        err = read_body(rq, &said);
    return err == ERR_OK ? submit(rq, c, &said) : err;
}

enum err crm_delete(struct request *rq, struct reply *reply)
{
    (void)reply;
    const struct campaign *c = NULL;
    const struct said none = {.document = SPAN("")};
    enum err err = owned(rq, true, &c);
    return err == ERR_OK ? submit(rq, c, &none) : err;
}

enum err crm_get(struct request *rq, struct reply *reply)
{
    const struct campaign *c = NULL;
    struct answer a;
    enum err err = params_read(rq, NULL, 0);
    if (err != ERR_OK || (err = owned(rq, false, &c)) != ERR_OK)
        return err;
    answer_open(&a);
    err = jw_crm(&a.w, c);
    if (err == ERR_OK)
        answer_reply(&a, rq, reply);
    else
        answer_abandon(&a);
    return err;
}

enum err crm_test(struct request *rq, struct reply *reply)
{
    (void)reply;
    static const struct body_member none[] = {{NULL}};
    const struct campaign *c = NULL;
    enum err err = owned(rq, true, &c);
    if (err != ERR_OK || (err = body_read(rq, none, NULL)) != ERR_OK)
        return err;
    return webhook_submit_test(rq, DELIVERY_CRM | c->number, c->crm_since_ms);
}
