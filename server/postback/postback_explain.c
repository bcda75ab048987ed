/* What would become of a postback: who sent it, what its fields are, what the committer would say of it now. It goes
 * the way of a real one, and is recorded nowhere. */
#include <jansson.h>

#include "common/base/ascii.h"
#include "common/base/query.h"
#include "server/commit/batch.h"
#include "server/postback/postback_private.h"

/* The target in front of its signature, and that. */
static struct span before_signature(struct span target, struct span *sig)
{
    static const char mark[] = "&sig=";
    *sig = SPAN("");
    for (size_t i = target.len; i-- > 0;)
        if (span_starts(span_skip(target, i), mark)) {
            *sig = span_skip(target, i + sizeof mark - 1);
            return span_of(target.ptr, i);
        }
    return target;
}

static void expected_query(struct request *rq, struct span target, struct explained *x)
{
    struct request_text text;
    postback_text(rq, target, rq->body, &text);
    x->expected_text = postback_joined(rq->arena, text.part, REQUEST_TEXT_PARTS);
}

static void expected_webhook(struct request *rq, struct explained *x)
{
    const struct span parts[] = {rq->webhook_id, SPAN("."), rq->webhook_timestamp, SPAN("."), rq->body};
    x->expected_text = postback_joined(rq->arena, parts, sizeof parts / sizeof *parts);
}

static bool brings_key(struct span text)
{
    struct query q;
    struct span name, value;
    query_open(&q, text);
    while (query_next(&q, &name, &value))
        if (span_is(name, "key") && !span_empty(value))
            return true;
    return false;
}

/* Why it was not proved, of a sender that may be told. */
static void tell_why(struct request *asked, struct span target, struct span sig, struct span host, struct explained *x)
{
    const struct secret *s = span_empty(x->kid) ? NULL : catalog_secret(asked->catalog, x->kid);
    const char *why = asked->why != NULL ? asked->why : asked->problem.detail;
    struct span told = arena_copy(asked->arena, span_str(why));
    size_t len = strlen(asked->problem.field);
    if (len > 0)
        explained_note(x, arena_copy(asked->arena, span_of(asked->problem.field, len + 1)).ptr, told);
    else if (asked->sender.late)
        explained_note(x, x->webhook ? "webhook-timestamp" : "ts", told);
    else if (span_empty(x->expected_text))
        explained_note(x, "key", told);
    else if (s == NULL || s->retired)
        explained_note(x, "kid", told);
    else if (x->webhook)
        postback_search_webhook(asked, s, x);
    else
        postback_search_query(asked, s, target, sig, host, x);
}

/* Whose kid or key it is: a stranger's is told nothing of. */
static bool is_named(const struct request *rq, const struct request *asked)
{
    const struct party *sender = asked->sender.party;
    return sender != NULL && (sender == rq->caller || rq->caller->role == ROLE_OPERATOR);
}

static json_t *fields_of(const struct postback *pb)
{
    json_t *all = json_object();
    for (int f = 0; f < FIELDS; f++)
        if (pb->field[f].ptr != NULL)
            json_object_set_new(all, postback_field_name((enum field)f),
                                json_stringn(pb->field[f].ptr, pb->field[f].len));
    for (size_t i = 0; i < pb->n_form; i++)
        json_object_setn_new(all, pb->form[i].name.ptr, pb->form[i].name.len,
                             json_stringn(pb->form[i].value.ptr, pb->form[i].value.len));
    return all;
}

/* As postback_submit, but for what it costs. */
static enum err decide(struct postback *pb, struct explained *x)
{
    struct request *rq = pb->rq;
    struct instance *in = &rq->worker->server->instance;
    struct txn *t;
    if (!(pb->party->role & (ROLE_ADVERTISER | ROLE_PUBLISHER)))
        return problem(&rq->problem, ERR_FORBIDDEN, "", "advertisers and publishers send postbacks");
    enum err err = party_opens(pb->party, &rq->problem);
    if (err == ERR_OK)
        err = postback_job(pb, &x->job);
    x->ignored = postback_ignored(pb);
    if (err == ERR_OK)
        err = worker_reader(rq->worker, &t);
    if (err != ERR_OK)
        return err;
    x->job->record.now_ms = rq->arrived_ms;
    err = pipeline_would(in, rq->catalog, t, x->job);
    if (x->job->problem.detail[0] != '\0')
        rq->problem = x->job->problem;
    return err;
}

/* Of another host than this server's the request would never come here. */
static void tell_host(struct request *asked, struct span host, struct explained *x)
{
    struct span own = span_str(asked->worker->server->instance.host);
    struct buf b;
    for (size_t i = 0; i < x->n_differs; i++)
        if (strcmp(x->differs[i], "host") == 0)
            return;
    if (span_empty(host) || ascii_eq(host, own))
        return;
    arena_buf(asked->arena, &b, own.len + 64);
    buf_str(&b, "the URL leads to another host: this server's is ");
    buf_span_add(&b, own);
    explained_note(x, "host", buf_span(&b));
}

enum err postback_explain(const struct request *rq, struct request *asked, struct span host, struct explained *x)
{
    struct postback *pb = arena_alloc(rq->arena, sizeof *pb);
    struct span sig, target = before_signature(asked->target, &sig);
    bool key = !x->webhook && span_empty(sig) && (brings_key(asked->query) || brings_key(asked->body));
    *pb = (struct postback){.rq = asked};
    postback_sender(asked); /* where nothing else is read of it */
    enum err err = x->webhook ? postback_json_prove(pb) : postback_query_prove(pb);
    x->kid = arena_copy(rq->arena, span_str(asked->sender.kid));
    if (x->webhook)
        expected_webhook(asked, x);
    else if (!key)
        expected_query(asked, target, x);
    if (!is_named(rq, asked)) {
        explained_note(x, "kid",
                       SPAN("it names nobody whose secrets you may know: use the kid that stands beside your secret"));
        return ERR_OK;
    }
    x->named = true;
    x->valid = err == ERR_OK;
    if (!x->valid)
        tell_why(asked, target, sig, host, x);
    tell_host(asked, host, x);
    const struct problem unproven = asked->problem;
    asked->problem = (struct problem){.foreign = false};
    pb->party = asked->sender.party;
    pb->trust = key ? TRUST_KEY : TRUST_SIGNED;
    x->err = x->webhook ? postback_json_body(pb) : postback_query_fields(pb);
    x->fields = fields_of(pb);
    x->ignored = postback_ignored(pb);
    x->malformed = err == ERR_MALFORMED;
    if (x->malformed) {
        x->err = err;
        asked->problem = unproven;
    } else if (x->err == ERR_OK && x->valid)
        x->err = decide(pb, x);
    else if (x->err == ERR_OK) /* whoever cannot send it learns nothing of whom it is about */
        x->err = problem(&asked->problem, ERR_UNAUTHORIZED, "",
                         "nothing is decided of it before it proves its sender: mend what `signature` names first");
    return x->err != ERR_OK && err_status(x->err) >= 500 ? x->err : ERR_OK;
}
