/* A mirror in a folder: what `verify` reads and `pull` writes. */
#ifndef CS_SERVER_CMD_FOLDER_H
#define CS_SERVER_CMD_FOLDER_H

#include "common/settlement/verify.h"

/* dir must outlive it. The folder is only read. */
struct mirror folder_mirror(const char *dir);
/* dir/path; free() it. */
char *folder_path(const char *dir, const char *path);

#endif
