/* The one visible table of URLs: what main gives to the workers. */
#ifndef CS_SERVER_ROUTES_H
#define CS_SERVER_ROUTES_H

#include "server/worker/dispatch.h"

extern const struct routes all_routes;
extern const char *const rows_targets[]; /* whose bodies may be large */
extern const char *const fast_targets[]; /* what http reads leniently and answers tersely */

#endif
