#include "server/routes.h"

#include <stdlib.h>

#include "server/commit/job.h"
#include "server/worker/server.h"

#define GET METHOD_GET
#define READ (METHOD_GET | METHOD_HEAD)
#define POST METHOD_POST
#define ANY ROUTE_ANY_PARTY
#define OPERATOR ROLE_OPERATOR
#define PUBLIC ROUTE_PUBLIC

/* methods, pattern, who, handler, after the commit, summary. First match wins. */
/* clang-format off */
static const struct route table[] = {
    {READ, "/c/{}", PUBLIC, click_handle, click_finish, "Tracking link: records the click and redirects to the landing page"},
    {READ, "/p/{*}", PUBLIC, pixel_handle, pixel_finish, "Tracking pixel, a transparent GIF of 43 bytes"},
    {READ, "/t.js", PUBLIC, tag_handle, NULL, "Tag for landing pages"},
    {GET | POST, "/postback", PUBLIC, postback_query_handle, postback_finish, "Lead or disposition, signed query"},
    {POST, "/postback/{}", PUBLIC, postback_json_handle, postback_finish, "Lead or disposition, signed JSON (Standard Webhooks 1.0)"},

    {POST, "/v1/parties", OPERATOR, parties_create, control_finish, "Make a party; its secrets are shown once"},
    {READ, "/v1/parties", ANY, parties_list, NULL, "List parties that the caller may see"},
    {READ, "/v1/parties/{}", ANY, parties_get, NULL, "Read a party"},
    {POST, "/v1/parties/{}/secrets", ANY, secrets_create, control_finish, "Make a new postback secret, or retire an old one"},
    {POST, "/v1/parties/{}/tokens", ANY, party_tokens_create, control_finish, "Make a new API token"},
    {METHOD_PUT, "/v1/parties/{}/key", ANY, party_key_put, control_finish, "Set the party's Ed25519 key for countersigning"},

    {POST, "/v1/campaigns", OPERATOR | ROLE_ADVERTISER, campaigns_create, control_finish, "Make a campaign"},
    {READ, "/v1/campaigns", ANY, campaigns_list, NULL, "List campaigns"},
    {READ, "/v1/campaigns/{}", ANY, campaigns_get, NULL, "Read a campaign"},
    {METHOD_PATCH, "/v1/campaigns/{}", OPERATOR | ROLE_ADVERTISER, campaigns_patch, control_finish, "Change a campaign: a new terms version"},

    {POST, "/v1/contracts", OPERATOR, contracts_create, control_finish, "Make a contract"},
    {READ, "/v1/contracts", ANY, contracts_list, NULL, "List contracts"},
    {READ, "/v1/contracts/{}", ANY, contracts_get, NULL, "Read a contract"},
    {METHOD_PATCH, "/v1/contracts/{}", OPERATOR, contracts_patch, control_finish, "Change a contract: a new terms version"},
    {POST, "/v1/contracts/{}/grants", OPERATOR, grants_create, control_finish, "Let an auditor read the contract"},
    {POST, "/v1/contracts/{}/codes", OPERATOR | ROLE_PUBLISHER, codes_create, control_finish, "Issue a tracking code"},
    {READ, "/v1/contracts/{}/codes", ANY, codes_list, NULL, "List tracking codes"},
    {READ, "/v1/contracts/{}/leads", ANY, leads_list, NULL, "List leads"},
    {POST, "/v1/contracts/{}/statements", OPERATOR, statements_create, control_finish, "Issue a settlement statement"},

    {READ, "/v1/leads/{}", ANY, leads_get, NULL, "Read a lead"},
    {READ, "/v1/leads/{}/proof", ANY, leads_proof, leads_proof_finish, "Inclusion proof of a lead (C2SP tlog-proof)"},
    {POST, "/v1/leads/{}/dispositions", OPERATOR | ROLE_ADVERTISER, leads_dispose, control_finish, "Approve, reject, return or convert a lead"},

    {READ, "/v1/statements", ANY, statements_list, NULL, "List statements"},
    {READ, "/v1/statements/{}", PUBLIC, statements_get, NULL, "Read a statement: JWS, HTML or CSV; by token or share link"},
    {READ, "/v1/statements/{}/lines", ANY, statements_lines, NULL, "Line items, JSON lines"},
    {READ, "/v1/statements/{}/checkpoint", ANY, statements_checkpoint, NULL, "Checkpoint note of the tree that the statement closes"},
    {POST, "/v1/statements/{}/responses", ROLE_ADVERTISER | ROLE_PUBLISHER, responses_create, control_finish, "Accept or dispute, signed by the party"},
    {READ, "/v1/statements/{}/responses", ANY, responses_list, NULL, "The parties' answers"},

    {READ, "/.well-known/jwks.json", PUBLIC, jwks_get, NULL, "Statement and receipt keys (RFC 7517)"},
    {READ, "/log/keys", PUBLIC, log_keys_get, NULL, "Note verifier keys"},
    {READ, "/log/checkpoint", PUBLIC, root_checkpoint_get, NULL, "Checkpoint of the root log"},
    {READ, "/log/tile/{*}", PUBLIC, root_tile_get, NULL, "Tiles and entries of the root log (C2SP tlog-tiles)"},
    {READ, "/log/{}/checkpoint", ANY, checkpoint_get, NULL, "Checkpoint of a contract's log"},
    {READ, "/log/{}/tile/{*}", ANY, tile_get, NULL, "Tiles and entries of a contract's log"},
    {READ, "/log/{}/openings", ANY, openings_get, NULL, "Openings of commitments, JSON lines"},

    {READ, "/healthz", ROUTE_OPS, healthz_get, NULL, "Is the process alive"},
    {READ, "/readyz", ROUTE_OPS, readyz_get, NULL, "Can events be recorded"},
    {READ, "/metrics", ROUTE_OPS, metrics_get, NULL, "Counters, Prometheus text"},
    {READ, "/openapi.json", PUBLIC, openapi_get, NULL, "This description"},
    {READ, "/", PUBLIC, index_get, NULL, "What this server is"},
};
/* clang-format on */

const struct route *route_table(size_t *n)
{
    *n = sizeof table / sizeof table[0];
    return table;
}

static bool matches(const char *pattern, struct span path, struct span param[3])
{
    size_t at = 0, n = 0;
    while (*pattern) {
        if (*pattern != '{') {
            if (at == path.len || path.ptr[at] != *pattern)
                return false;
            pattern++, at++;
            continue;
        }
        bool rest = pattern[1] == '*';
        size_t from = at;
        while (at < path.len && (rest || path.ptr[at] != '/'))
            at++;
        if (at == from && !rest)
            return false;
        param[n++] = span_of(path.ptr + from, at - from);
        pattern += rest ? 3 : 2;
    }
    return at == path.len;
}

enum err route_find(struct request *rq, const struct route **out, unsigned *allow)
{
    unsigned others = 0;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct span param[3] = {{0}};
        if (!matches(table[i].pattern, rq->path, param))
            continue;
        if (table[i].methods & rq->method) {
            memcpy(rq->param, param, sizeof param);
            *out = &table[i];
            return ERR_OK;
        }
        others |= table[i].methods;
    }
    if (!others)
        return ERR_NOT_FOUND;
    *allow = others;
    return ERR_METHOD;
}

static struct span allow_text(struct request *rq, unsigned methods)
{
    struct buf b;
    arena_buf(rq->arena, &b, 64);
    for (unsigned bit = 1; bit < METHODS_END; bit <<= 1) {
        if (!(methods & bit))
            continue;
        buf_str(&b, b.len ? ", " : "");
        buf_str(&b, method_name((enum method)bit));
    }
    return buf_span(&b);
}

static enum err authenticate(struct request *rq, const struct route *r)
{
    struct span token;
    if (!bearer_token(rq->authorization, &token))
        return problem(&rq->problem, ERR_UNAUTHORIZED, "", "send Authorization: Bearer and an API token");
    rq->caller = catalog_token(rq->catalog, token);
    if (rq->caller == NULL)
        return problem(&rq->problem, ERR_UNAUTHORIZED, "", "this API token is not known");
    if (!(r->roles & rq->caller->role))
        return problem(&rq->problem, ERR_FORBIDDEN, "", "this call is not for your role");
    return ERR_OK;
}

enum err route_dispatch(struct request *rq, const struct route **route, struct reply *reply)
{
    unsigned allow = 0;
    enum err err = route_find(rq, route, &allow);
    if (err == ERR_OK && rq->worker->shared->admin_listen[0] && rq->admin != !!((*route)->roles & ROUTE_OPS))
        err = ERR_NOT_FOUND;
    if (err == ERR_OK && (*route)->roles & ROUTE_ANY_PARTY)
        err = authenticate(rq, *route);
    if (err == ERR_OK)
        err = (*route)->handle(rq, reply);
    if (err == ERR_OK || err == ERR_PENDING)
        return err;
    *reply = (struct reply){0};
    reply_problem(rq, reply, err);
    if (err == ERR_METHOD)
        reply_header(reply, "Allow", allow_text(rq, allow));
    return ERR_OK;
}

void route_finish(const struct route *route, struct request *rq, struct job *job, struct reply *reply)
{
    enum err err = route->finish(rq, job, reply);
    if (err == ERR_OK)
        return;
    if (!rq->problem.detail[0])
        rq->problem = job->problem;
    *reply = (struct reply){0};
    reply_problem(rq, reply, err);
}

void reply_header(struct reply *r, const char *name, struct span value)
{
    if (r->n_headers == sizeof r->header / sizeof r->header[0])
        abort();
    r->header[r->n_headers].name = name;
    r->header[r->n_headers++].value = value;
}

void reply_body(struct request *rq, struct reply *r, const char *content_type, struct span body)
{
    r->content_type = span_str(content_type);
    r->body = arena_copy(rq->arena, body);
}

void reply_problem(struct request *rq, struct reply *reply, enum err err)
{
    struct buf b;
    arena_buf(rq->arena, &b, PROBLEM_JSON_MAX);
    problem_json(&b, &rq->problem, err_word(err), err_status(err), err_title(err));

    reply->status = err_status(err);
    reply->content_type = SPAN(PROBLEM_MEDIA_TYPE);
    reply->body = buf_span(&b);
    reply_header(reply, "Cache-Control", SPAN("no-store"));
    if (err == ERR_UNAUTHORIZED && !span_starts(rq->target, "/postback")) /* postbacks are signed, not borne */
        reply_header(reply, "WWW-Authenticate", SPAN("Bearer"));
    if (reply->status == 503 || err == ERR_RATE)
        reply_header(reply, "Retry-After", SPAN("1"));
}
