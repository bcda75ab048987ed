/* The one visible table of URLs: what main gives to the workers. */
#ifndef CS_SERVER_ROUTES_H
#define CS_SERVER_ROUTES_H

#include "server/http/http_head.h"
#include "server/worker/dispatch.h"

extern const struct routes all_routes;
extern const struct http_large large_targets[];
extern const char *const fast_targets[]; /* what http reads leniently and answers tersely */

#endif
