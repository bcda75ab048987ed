/* http(s) links, as strictly as an open redirect demands: RFC 3986 characters only, no user information, a host. */
#ifndef CS_DECISIONS_LINK_H
#define CS_DECISIONS_LINK_H

#include "common/base/span.h"

/* The host of an absolute http(s) URL, without port; false when it is not such a URL. */
bool link_host(struct span url, struct span *host);
bool link_ok(struct span url);
/* A host name or IPv4 address, or "*." and a host name. */
bool link_pattern_ok(struct span pattern);
/* Without regard to case; "*.example.com" takes every name below example.com, not example.com itself. */
bool link_host_matches(struct span pattern, struct span host);

#endif
