/* Shared by server/tracking alone: what clicks and pixels both do. Worker thread; memory is the request's arena. */
#ifndef CS_SERVER_TRACKING_TRACKING_PRIVATE_H
#define CS_SERVER_TRACKING_TRACKING_PRIVATE_H

#include "server/worker/dispatch.h"

struct target {
    const struct contract *contract;
    const struct code *code;
    uint32_t placement;
};

/* Whose code that is. ERR_NOT_FOUND: not one of ours. Whether the contract takes traffic is the caller's to ask. */
MUST_CHECK enum err tracking_target(struct request *rq, struct span code, struct target *out);
/* Whether clicks, views and impressions of this code are taken at that time; why not. The contract may be another's. */
static inline bool tracking_takes(const struct catalog *c, const struct contract *k, const struct code *code,
                                  int64_t at_ms)
{
    return code->off_ms == 0 && contract_takes_traffic(c, k, at_ms);
}
enum click_fault tracking_closed(const struct catalog *c, const struct contract *k, const struct code *code,
                                 int64_t at_ms);
/* What is known of who asks. */
struct visitor {
    struct agent agent;
    struct origin origin;
};
struct visitor tracking_visitor(struct request *rq);
/* What a request is, the first that holds. A link is followed to a document; a browser says so, others say nothing. */
enum class tracking_class(const struct request *rq, bool link, bool test, const struct visitor *v);
/* A record of traffic of this contract: its entry's kind and time. */
void tracking_open(struct job *job, enum entry_kind kind, const struct contract *k);
/* Seals IP and user agent, and in a lead what else its private part has, and commits to all of it. */
MUST_CHECK enum err tracking_seal(struct request *rq, struct private_part *priv, struct private_sealed *sealed,
                                  struct hash *commitment);
/* Seals and submits a record of traffic, to be waited for click_wait_ms at most. ERR_PENDING; else it is counted as not
 * recorded. */
MUST_CHECK enum err tracking_submit(struct request *rq, struct job *job, struct hash *commitment);

void tracking_no_store(struct reply *r);
/* Tag and pixel are made for other people's pages: isolated ones, and those that fetch them by script. origin: whose
 * scripts may read the answer; "*": anybody's. */
void tracking_any_page(struct reply *r, struct span origin);

/* ---- touches.c: the cookie ---- */

/* Adds this click id to the visitor's cookie of the campaign, where the campaign takes leads by pixel and the visitor
 * has not said no (Global Privacy Control). */
void touches_keep(struct request *rq, struct reply *r, const struct contract *k, struct span id);
/* What looks like click ids in that cookie, newest first. None where the visitor has said no. */
size_t touches_brought(const struct request *rq, const struct which *c, struct span out[LIMIT_TOUCHES]);

#endif
