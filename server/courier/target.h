/* Which addresses parties' webhooks may lead to: public ones, that are not the server's own, and whatever the operator
 * allows. A party names the URL, and the server stands where the party does not: without this it would call for it what
 * listens on the operator's network. Pure but for target_own; any thread. */
#ifndef CS_SERVER_COURIER_TARGET_H
#define CS_SERVER_COURIER_TARGET_H

#include <sys/socket.h>

#include "common/base/problem.h"
#include "server/system/address.h"

enum { TARGET_BLOCKS = 64 };
struct target_rules {
    struct {
        address first, last;
    } allow[TARGET_BLOCKS];
    size_t n;
    bool none; /* nobody is called at all */
};

/* The setting webhook_allow: blocks with commas between, or "none". ERR_MALFORMED. */
MUST_CHECK enum err target_rules_read(struct span text, struct target_rules *out, struct problem *p);
bool target_allowed(const struct target_rules *r, address a); /* the operator says so */
/* What kind of address it is, if it is none of the public Internet's; NULL: it is. */
const char *target_special(address a);
/* Whether a packet to it would come back to this machine. */
bool target_own(const struct sockaddr *to, socklen_t len);
/* NULL: it may be called; else why not. `plain`: without TLS, which is for what the operator allows alone. */
const char *target_refuses(const struct target_rules *r, const struct sockaddr *to, socklen_t len, bool plain);

#endif
