/* Many requests at once over HTTP(S) by libcurl, to hosts that nobody trusts: each bounded in time and bytes, to an
 * address that was looked at, without redirects and proxies. One thread, but for fleet_wake. */
#ifndef CS_SERVER_COURIER_FLEET_H
#define CS_SERVER_COURIER_FLEET_H

#include "common/base/buf.h"
#include "common/commit/delivery.h"
#include "server/courier/target.h"

enum { FLEET_MOST = 64, FLEET_TIMEOUT_MS = 15000, FLEET_ANSWER_MAX = 16384 };

struct fleet;
struct fleet_request {
    const char *url;
    bool post;                  /* else GET */
    struct span body;           /* of a POST, copied */
    const char *const *headers; /* "Name: value", copied; NULL ends */
    uint64_t tag;               /* the caller's */
};
struct fleet_outcome {
    uint64_t tag;
    uint16_t status; /* 0: no whole answer */
    bool gone;       /* it began with a 410, whole or not */
    uint32_t ms;
    int64_t retry_after_s; /* as the answer asks; 0: it does not */
    enum delivery_error error;
    const char *address; /* DELIVERY_ERROR_ADDRESS: what kind it is */
};

struct fleet *fleet_open(const struct target_rules *rules);
/* The rules changed: no connection of before is used for a request to come, which nobody would look at again. */
void fleet_forget(struct fleet *f);
void fleet_close(struct fleet *f);                               /* what is under way ends without an outcome */
size_t fleet_room(const struct fleet *f);                        /* how many more can be under way */
void fleet_send(struct fleet *f, const struct fleet_request *r); /* there is room */
/* Goes on with all, and waits for so long at most if nothing comes. */
void fleet_turn(struct fleet *f, int wait_ms);
bool fleet_take(struct fleet *f, struct fleet_outcome *out); /* the next that is done */
void fleet_wake(struct fleet *f);                            /* any thread: ends a wait */

#endif
