/* A mirror's folder: what `verify` reads and `pull` writes. Below the folder itself no link is followed and no path
 * leaves it; what is read is regular files alone, what is written is 0600, folders 0700. Paths are relative, such as
 * "log/Cxyz/checkpoint". Owned by one
 * thread; but any may read through its mirror at the same time. */
#ifndef CS_SERVER_CMD_FOLDER_H
#define CS_SERVER_CMD_FOLDER_H

#include "common/settlement/verify.h"

struct folder;

/* ERR_NOT_FOUND when there is none, ERR_CONFLICT when it is no folder, ERR_IO otherwise. errno says more. */
MUST_CHECK enum err folder_open(const char *dir, struct folder **out);
void folder_close(struct folder *f); /* NULL-safe */
/* False when another process holds it. It is held until closed. */
MUST_CHECK bool folder_hold(struct folder *f);

/* Its callbacks read through f, which must outlive them. */
struct mirror folder_mirror(struct folder *f);
/* Calls each(arg, path) for everything at and below `top` ("" is all) but folders; those nested deeper than any mirror
 * are told as they stand. ERR_OK also when there is no `top`. */
MUST_CHECK enum err folder_list(struct folder *f, const char *top, void (*each)(void *arg, const char *path),
                                void *arg);
/* Below it, what could not be listed when that failed; errno says why. */
const char *folder_unlisted(const struct folder *f);
/* The size of a regular file. Errors as struct mirror's read. */
MUST_CHECK enum err folder_size(struct folder *f, const char *path, uint64_t *size);
/* Of all but what has that name, right below it; false also when it cannot be read. */
MUST_CHECK bool folder_is_empty(struct folder *f, const char *but_for);

/* An empty file, open for writing, in the place of any that was there; its folders are made. -1 with errno. */
MUST_CHECK int folder_create(struct folder *f, const char *path);
/* Renames a file; folders are made. */
MUST_CHECK enum err folder_move(struct folder *f, const char *from, const char *to);
/* Renames a folder right below it to a path outside. */
MUST_CHECK enum err folder_move_out(struct folder *f, const char *name, const char *to);
/* Removes a file, and the folder it stood in when that is empty now. */
MUST_CHECK enum err folder_remove(struct folder *f, const char *path);
/* Removes a folder of that name and all below it; ERR_OK when there is none. */
MUST_CHECK enum err folder_remove_tree(struct folder *f, const char *path);
/* All that was written is on the disk. */
MUST_CHECK enum err folder_sync(struct folder *f);

/* Beside a mirror: what pulls into it refused, from 1 to at most FOLDER_REFUSED. The path is the caller's to free. */
enum { FOLDER_REFUSED = 9 };
MUST_CHECK char *folder_refused(const char *dir, unsigned n);

#endif
