/* The one visible table of URLs. */
#ifndef CS_SERVER_ROUTES_H
#define CS_SERVER_ROUTES_H

#include "server/http/request.h"

struct job;

/* ROUTE_OPS: public, but on the admin listener alone when there is one. */
enum {
    ROUTE_PUBLIC = 0,
    ROUTE_ANY_PARTY = ROLE_OPERATOR | ROLE_ADVERTISER | ROLE_PUBLISHER | ROLE_AUDITOR,
    ROUTE_OPS = 256
};

struct route {
    unsigned methods;
    const char *pattern; /* "/v1/leads/{}/proof": {} takes one path segment; a trailing {*} takes the rest, which may be
                            empty */
    unsigned roles;      /* ROUTE_PUBLIC, or who may call (bearer token) */
    /* ERR_OK: *reply is filled. ERR_PENDING: a job was submitted, finish fills the reply after its commit. Else
     * request.problem says why. */
    enum err (*handle)(struct request *rq, struct reply *reply);
    enum err (*finish)(struct request *rq, struct job *job, struct reply *reply);
    const char *summary; /* for /openapi.json */
};

/* ERR_NOT_FOUND, or ERR_METHOD with *allow set to the methods that would do. Fills rq->param. */
MUST_CHECK enum err route_find(struct request *rq, const struct route **out, unsigned *allow);
/* Finds, authenticates, handles. Every error becomes problem+json here, but on the tracking lane (its routes answer for
 * themselves). ERR_OK or ERR_PENDING. */
MUST_CHECK enum err route_dispatch(struct request *rq, const struct route **route, struct reply *reply);
void route_finish(const struct route *route, struct request *rq, struct job *job, struct reply *reply);
/* application/problem+json of an error (RFC 9457): type, title, status, detail, field. */
void reply_problem(struct request *rq, struct reply *reply, enum err err);
const struct route *route_table(size_t *n); /* for /openapi.json and the tests */

/* handlers, by family */
/* tracking.c */
enum err click_handle(struct request *, struct reply *), click_finish(struct request *, struct job *, struct reply *);
enum err pixel_handle(struct request *, struct reply *), pixel_finish(struct request *, struct job *, struct reply *);
enum err tag_handle(struct request *, struct reply *);
/* postback.c */
enum err postback_query_handle(struct request *, struct reply *),
    postback_json_handle(struct request *, struct reply *);
enum err postback_finish(struct request *, struct job *, struct reply *);
/* api_*.c: control_finish answers what the control job left in job->answer */
enum err parties_create(struct request *, struct reply *), parties_list(struct request *, struct reply *),
    parties_get(struct request *, struct reply *);
enum err secrets_create(struct request *, struct reply *), party_key_put(struct request *, struct reply *),
    party_tokens_create(struct request *, struct reply *);
enum err campaigns_create(struct request *, struct reply *), campaigns_list(struct request *, struct reply *),
    campaigns_get(struct request *, struct reply *), campaigns_patch(struct request *, struct reply *);
enum err contracts_create(struct request *, struct reply *), contracts_list(struct request *, struct reply *),
    contracts_get(struct request *, struct reply *), contracts_patch(struct request *, struct reply *),
    grants_create(struct request *, struct reply *);
enum err codes_create(struct request *, struct reply *), codes_list(struct request *, struct reply *);
enum err leads_list(struct request *, struct reply *), leads_get(struct request *, struct reply *),
    leads_proof(struct request *, struct reply *), leads_proof_finish(struct request *, struct job *, struct reply *),
    leads_dispose(struct request *, struct reply *);
enum err statements_create(struct request *, struct reply *), statements_list(struct request *, struct reply *),
    statements_get(struct request *, struct reply *), statements_lines(struct request *, struct reply *),
    statements_checkpoint(struct request *, struct reply *), responses_create(struct request *, struct reply *),
    responses_list(struct request *, struct reply *);
enum err control_finish(struct request *, struct job *, struct reply *);
/* audit.c */
enum err jwks_get(struct request *, struct reply *), log_keys_get(struct request *, struct reply *),
    root_checkpoint_get(struct request *, struct reply *), root_tile_get(struct request *, struct reply *),
    checkpoint_get(struct request *, struct reply *), tile_get(struct request *, struct reply *),
    openings_get(struct request *, struct reply *);
/* ops.c */
enum err healthz_get(struct request *, struct reply *), readyz_get(struct request *, struct reply *),
    metrics_get(struct request *, struct reply *), openapi_get(struct request *, struct reply *),
    index_get(struct request *, struct reply *);

#endif
