/* The reverse proxies that are trusted to name the client: X-Forwarded-For counts only when it comes from one of them,
 * and is walked from the right, past those that are trusted themselves, to the first address that is not. Immutable
 * after parsing; any thread. */
#ifndef CS_SERVER_HTTP_PROXIES_H
#define CS_SERVER_HTTP_PROXIES_H

#include "common/base/problem.h"

struct proxies;

/* "127.0.0.1, 10.0.0.0/8, ::1": addresses or CIDR blocks, separated by commas. Empty text: *out is NULL, nobody is
 * trusted. */
MUST_CHECK enum err proxies_parse(struct span text, struct proxies **out, struct problem *p);
void proxies_free(struct proxies *x);
/* Is this address (text) a trusted proxy? False for NULL. */
bool proxies_trust(const struct proxies *x, const char *ip);
/* The client of a request that a trusted proxy passed on: writes its address into ip, which holds the proxy's own and
 * keeps it when the header names nobody else. */
void proxies_client(const struct proxies *x, struct span forwarded_for, char ip[46]);

#endif
