/* A file of addresses and CIDR blocks, one a line; '#' begins a comment. */
#ifndef CS_SERVER_LISTS_NETWORKS_H
#define CS_SERVER_LISTS_NETWORKS_H

#include "common/base/problem.h"
#include "server/lists/ranges.h"

/* Each with the value 1. A line that does not read is named in *p, and nothing is taken. */
MUST_CHECK enum err networks_parse(struct span text, struct ranges **out, struct problem *p);

#endif
