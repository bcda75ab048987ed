/* http(s) links, as strictly as an open redirect demands: RFC 3986 characters only, no user information, a host. */
#ifndef CS_DECISIONS_LINK_H
#define CS_DECISIONS_LINK_H

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/problem.h"

/* The host of an absolute http(s) URL, without port; false when it is not such a URL. */
bool link_host(struct span url, struct span *host);
bool link_ok(struct span url);
/* The same of landing URLs, which may hold macros {name} behind their host. */
bool link_template_host(struct span url, struct span *host);
bool link_template_ok(struct span url);
/* The name of the macro that a text begins with, between its braces; empty when it begins with none. */
struct span link_macro(struct span text);
/* The name of the first macro of a landing URL that clicks do not replace: none of click_id, code, sub1 to sub5, utm_*.
 * Empty: there is none. */
struct span link_unknown_macro(struct span url);
/* ERR_INVALID for `landing_url` when it has such a macro; empty: none. */
MUST_CHECK enum err link_macros_check(struct span url, struct problem *p);
/* Appends the link that a browser would make of a text (URL Standard, basic parser, for http and https): blanks around
 * it dropped, scheme and host in lower case, an IDN host as A-labels (UTS 46), the scheme's own port dropped, an empty
 * path as "/", and in what follows the bytes that RFC 3986 does not know percent-encoded. Beyond a browser's kindness a
 * link that was encoded once too often is decoded. False, with nothing appended, for what a browser takes and we do
 * not: backslashes, control characters, user information, other schemes and relative links, a host with escapes or
 * with symbols such as emoji (IDNA 2008 has none: write its A-labels). The text is UTF-8. */
MUST_CHECK bool link_clean(struct span text, struct buf *out);
/* A host name or IPv4 address, or "*." and a host name of two labels or more; without a dot at its end. */
bool link_pattern_ok(struct span pattern);
/* Without regard to case; "*.example.com" takes every name below example.com, not example.com itself. */
bool link_host_matches(struct span pattern, struct span host);

#endif
