/* POST /v1/postbacks/explain: a postback that somebody pasted, explained: its signature, its fields, what would be
 * decided. A reader thread, one snapshot of the store; nothing is recorded, no secret is told. */
#include "common/base/ascii.h"
#include "common/base/text.h"
#include "server/api/api.h"
#include "server/api/body.h"
#include "server/api/call.h"
#include "server/api/list.h"
#include "server/postback/postback.h"

/* ---- what was pasted ---- */

/* A text of the body; ptr NULL when it has none. */
static enum err member(struct request *rq, const json_t *body, const char *name, struct span *out)
{
    const json_t *v = json_object_get(body, name);
    *out = (struct span){NULL, 0};
    if (v == NULL)
        return ERR_OK;
    if (!json_is_string(v))
        return problem(&rq->problem, ERR_INVALID, name, "must be a text: the very bytes that are sent");
    *out = arena_copy(rq->arena, span_of(json_string_value(v), json_string_length(v)));
    return ERR_OK;
}

/* Of a URL scheme and host go, of which the host is told. */
static void take_host(struct span *url, struct span *host)
{
    static const char *const schemes[] = {"https://", "http://"};
    *host = SPAN("");
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (ascii_starts(*url, schemes[i])) {
            struct span rest = span_skip(*url, strlen(schemes[i]));
            size_t len = 0;
            while (len < rest.len && rest.ptr[len] != '/' && rest.ptr[len] != '?' && rest.ptr[len] != '#')
                len++;
            *host = span_of(rest.ptr, len);
            *url = span_skip(rest, len);
            return;
        }
}

static enum err take_target(struct request *rq, const char *name, struct span target, struct request *asked)
{
    struct span rest = target, front;
    for (size_t i = 0; i < target.len; i++)
        if (target.ptr[i] <= ' ' || target.ptr[i] > '~')
            return problem(&rq->problem, ERR_INVALID, name,
                           "has a byte that no URL has, a blank perhaps: paste it percent-encoded, as it is sent");
    if (text_cut(&rest, '#', &front))
        target = front; /* no browser sends what is behind it */
    const struct instance *in = &rq->worker->server->instance;
    const char *base = in->origin + strlen(in->host); /* a proxy takes it off */
    if (span_starts(target, base))
        target = span_skip(target, strlen(base));
    asked->target = target;
    asked->query = (struct span){NULL, 0};
    asked->path = target;
    rest = target;
    if (text_cut(&rest, '?', &front)) {
        asked->path = front;
        asked->query = rest;
    }
    if (span_is(asked->path, "/postback"))
        return ERR_OK;
    asked->param[0] =
        span_starts(asked->path, "/postback/") ? span_skip(asked->path, sizeof "/postback/" - 1) : SPAN("");
    if (span_empty(asked->param[0]) || memchr(asked->param[0].ptr, '/', asked->param[0].len) != NULL)
        return problem(&rq->problem, ERR_INVALID, name,
                       "leads to no postback: the path is /postback or /postback/{kid}");
    return ERR_OK;
}

static enum err take_headers(struct request *rq, const json_t *headers, struct request *asked)
{
    const struct {
        const char *name;
        struct span *value;
    } known[] = {{"content-type", &asked->content_type},
                 {"webhook-id", &asked->webhook_id},
                 {"webhook-timestamp", &asked->webhook_timestamp},
                 {"webhook-signature", &asked->webhook_signature},
                 {"svix-id", &asked->svix_id},
                 {"svix-timestamp", &asked->svix_timestamp},
                 {"svix-signature", &asked->svix_signature}};
    const char *name;
    json_t *v;
    if (headers != NULL && !json_is_object(headers))
        return problem(&rq->problem, ERR_INVALID, "headers", "must be an object of names and texts");
    json_object_foreach((json_t *)headers, name, v)
    {
        if (!json_is_string(v))
            return problem(&rq->problem, ERR_INVALID, "headers", "must be an object of names and texts");
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            if (ascii_is(span_str(name), known[i].name))
                *known[i].value =
                    text_strip(arena_copy(rq->arena, span_of(json_string_value(v), json_string_length(v))));
    }
    return ERR_OK;
}

static enum err take_method(struct request *rq, struct span method, struct request *asked)
{
    asked->method = METHOD_GET;
    if (method.ptr == NULL && (asked->param[0].ptr != NULL || !span_empty(asked->body)))
        asked->method = METHOD_POST;
    else if (method.ptr != NULL &&
             (method_read(method, &asked->method) != ERR_OK || !(asked->method & (METHOD_GET | METHOD_POST))))
        return problem(&rq->problem, ERR_INVALID, "method", "must be GET or POST");
    if (asked->method == METHOD_GET && asked->param[0].ptr != NULL)
        return problem(&rq->problem, ERR_INVALID, "method", "must be POST: /postback/{kid} takes signed JSON");
    return ERR_OK;
}

static bool is_member(const char *name)
{
    static const char *const names[] = {"body", "headers", "method", "target", "url"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static enum err members(struct request *rq, json_t *body, struct request *asked, struct span *host)
{
    struct span url, target, method, sent;
    const char *name;
    json_t *v;
    json_object_foreach(body, name, v)
    {
        if (!is_member(name))
            return problem_foreign(&rq->problem,
                                   problem(&rq->problem, ERR_INVALID, name,
                                           "is not known here: url, or method, target, headers and body"));
    }
    enum err err = member(rq, body, "url", &url);
    if (err == ERR_OK)
        err = member(rq, body, "target", &target);
    if (err == ERR_OK)
        err = member(rq, body, "method", &method);
    if (err == ERR_OK)
        err = member(rq, body, "body", &sent);
    if (err != ERR_OK)
        return err;
    if ((url.ptr == NULL) == (target.ptr == NULL))
        return problem(&rq->problem, ERR_INVALID, "url", "%s",
                       url.ptr == NULL ? "is missing: the URL as it is sent, or target"
                                       : "stands beside target: one of both");
    asked->body = sent.ptr != NULL ? sent : SPAN("");
    bool by_url = url.ptr != NULL;
    struct span rest = text_strip(by_url ? url : target);
    take_host(&rest, host);
    err = take_target(rq, by_url ? "url" : "target", rest, asked);
    if (err == ERR_OK)
        err = take_headers(rq, json_object_get(body, "headers"), asked);
    return err == ERR_OK ? take_method(rq, method, asked) : err;
}

/* What is the caller's own of the request around it is no part of the one inside. */
static struct request *as_if_sent(struct request *rq)
{
    struct request *asked = arena_alloc(rq->arena, sizeof *asked);
    *asked = *rq;
    asked->authorization = asked->content_type = asked->idempotency_key = SPAN("");
    asked->webhook_id = asked->webhook_timestamp = asked->webhook_signature = SPAN("");
    asked->svix_id = asked->svix_timestamp = asked->svix_signature = SPAN("");
    asked->param[0] = (struct span){NULL, 0};
    asked->caller = NULL;
    asked->token = NULL;
    asked->sender = (struct sender){.party = NULL};
    asked->why = NULL;
    asked->problem = (struct problem){.foreign = false};
    return asked;
}

/* ---- the answer ---- */

static void signature_json(struct jw *w, const struct explained *x)
{
    jw_object(w);
    jw_key(w, "differs");
    jw_array(w);
    for (size_t i = 0; i < x->n_differs; i++)
        jw_str(w, span_str(x->differs[i]));
    jw_array_end(w);
    jw_kstr(w, "expected_text", x->expected_text);
    jw_key(w, "hints");
    jw_array(w);
    for (size_t i = 0; i < x->n_differs; i++)
        jw_str(w, x->hints[i]);
    jw_array_end(w);
    jw_kstr(w, "kid", x->kid);
    jw_kbool(w, "valid", x->valid);
    jw_object_end(w);
}

/* What stands in the entry. ERR_CORRUPT. */
static enum err outcome_json(struct jw *w, const struct request *asked, const struct explained *x)
{
    struct entry e;
    const struct contract *k = catalog_contract_number(asked->catalog, x->job->out_contract);
    enum err err = k == NULL ? ERR_CORRUPT : entry_read(x->job->entry, &e, NULL);
    if (err != ERR_OK)
        return err;
    bool lead = e.kind == ENTRY_LEAD;
    jw_kstr(w, "contract", span_str(k->id));
    jw_kstr(w, "currency", contract_currency(k));
    jw_kstr(w, "decision", span_str(status_word(lead ? e.lead.status : e.disposition.status)));
    jw_kint(w, "payout_micros", lead ? e.lead.payout_micros : e.disposition.payable_micros);
    jw_kstr(w, "reason", lead ? span_str(reason_word(e.lead.reason)) : e.disposition.text);
    jw_kbool(w, "replayed", x->job->replayed);
    entry_close(&e);
    return ERR_OK;
}

static enum err decision_json(struct jw *w, const struct request *asked, const struct explained *x)
{
    enum err err = ERR_OK;
    bool decided = x->valid && x->err == ERR_OK;
    jw_object(w);
    if (decided)
        err = outcome_json(w, asked, x);
    else if (x->named) {
        jw_kstr(w, "detail", span_str(asked->problem.detail));
        jw_kstr(w, "field", span_str(asked->problem.field));
    }
    jw_kint(w, "status",
            x->valid ? decided ? 200 : err_status(x->err)
                     : err_status(x->malformed ? ERR_MALFORMED : ERR_UNAUTHORIZED));
    jw_object_end(w);
    return err;
}

static enum err answer(struct request *rq, const struct request *asked, const struct explained *x, struct reply *reply)
{
    struct answer a;
    answer_open(&a);
    jw_object(&a.w);
    jw_key(&a.w, "decision");
    enum err err = decision_json(&a.w, asked, x);
    jw_key(&a.w, "fields");
    jw_value(&a.w, x->fields);
    jw_key(&a.w, "ignored");
    jw_array(&a.w);
    for (size_t i = 0; i < x->ignored.n; i++)
        jw_str(&a.w, x->ignored.name[i]);
    jw_array_end(&a.w);
    jw_key(&a.w, "signature");
    signature_json(&a.w, x);
    jw_object_end(&a.w);
    if (err == ERR_OK)
        answer_reply(&a, rq, reply);
    else
        answer_abandon(&a);
    return err;
}

enum err postbacks_explain(struct request *rq, struct reply *reply)
{
    struct request *asked = as_if_sent(rq);
    struct explained x = {.webhook = false};
    struct span host;
    json_t *body;
    enum err err = params_read(rq, NULL, 0);
    if (err == ERR_OK)
        err = body_object(rq, &body);
    if (err != ERR_OK)
        return err;
    err = members(rq, body, asked, &host);
    json_decref(body);
    if (err != ERR_OK)
        return err;
    x.webhook = asked->param[0].ptr != NULL;
    err = postback_explain(rq, asked, host, &x);
    if (err == ERR_OK && x.fields == NULL)
        x.fields = json_object();
    if (err == ERR_OK)
        err = answer(rq, asked, &x, reply);
    else {
        rq->cause = asked->cause;
        rq->problem = asked->problem;
    }
    json_decref(x.fields);
    return err;
}
