/* A copy of a data folder: made beside its name, checked, and given the name when it holds. Whatever ends the command
 * before that, nothing has the name. */
#ifndef CS_SERVER_CMD_MADE_FOLDER_H
#define CS_SERVER_CMD_MADE_FOLDER_H

#include <stdbool.h>

#include "server/instance/instance_copy.h"

/* Runs `make` in a child process, with the folder to fill, which is empty; then checks that as `countersign check`
 * does. Ends the command with a line on stderr when either fails, and with what `make` returned where that is not 0.
 * `from` is whose store `make` reads: in words about damage. */
struct making {
    const char *from, *dir;
    int (*make)(const struct making *m, const char *folder);
    const void *ctx;
};
/* Answers which instance and batch it is. */
struct instance_mark made_folder(const struct making *m);
/* What one that was cut off has left in this .part goes; not what another one is making. */
void made_folder_clear(const char *part);

/* Whether the folder in which `name` is to be is `from`, or below it. */
bool made_folder_inside(const char *from, const char *name);

#endif
