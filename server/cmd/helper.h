/* The process beside `serve` that runs `backup` and `check` when it is asked to: server/upkeep/upkeep.h. */
#ifndef CS_SERVER_CMD_HELPER_H
#define CS_SERVER_CMD_HELPER_H

#include <sys/types.h>

#include "server/system/options.h"

/* Starts it, before the store is open and any thread runs. It ends with whoever started it. Returns its process and,
 * in *fd, the socket to it; -1: there is none, which is told. */
pid_t helper_start(const struct options *o, int *fd);

#endif
