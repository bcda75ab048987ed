/* The reverse proxies that are trusted to name the client: their header counts only when it comes from one of them, and
 * is walked from the right, past those that are trusted themselves, to the first address that is not. Immutable after
 * parsing; any thread. */
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
/* Which header that is: X-Forwarded-For, addresses with or without a port or brackets, separated by commas; or
 * Forwarded (RFC 7239), whose `for` counts. The operator says it; the other one is not looked at. */
enum proxies_header { PROXIES_X_FORWARDED_FOR, PROXIES_FORWARDED };
MUST_CHECK enum err proxies_header_read(struct span name, enum proxies_header *out, struct problem *p);
/* The client of a request that a trusted proxy passed on: writes its address into ip, which holds the proxy's own and
 * keeps it when the header names nobody else. What is unknown, obfuscated or not well formed names nobody, nor does
 * what stands to its left; a line of Forwarded that is not well formed anywhere names nobody at all. header: the lines
 * in their order, a newline between them. */
void proxies_client(const struct proxies *x, enum proxies_header kind, struct span header, char ip[46]);

#endif
