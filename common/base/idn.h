/* Internationalised domain names: the one way in which a host becomes ASCII, in links as in addresses. */
#ifndef CS_BASE_IDN_H
#define CS_BASE_IDN_H

#include "common/base/buf.h"

/* Appends a host in lower case, as A-labels where it is not ASCII (UTS 46, non-transitional; libidn2). False, with
 * nothing appended, for what has none: no UTF-8, characters that no name has, too long. Whether ASCII is a host's name
 * is the caller's to say. */
bool idn_host(struct span host, struct buf *out);

#endif
