/* What a pull has fetched, kept in MIRROR_SIDE inside the mirror's folder until all of it is there: so a pull that
 * fails leaves the mirror as it was, and nothing of its own. What cannot be written dies with one line. */
#ifndef CS_SERVER_CMD_STAGING_H
#define CS_SERVER_CMD_STAGING_H

#include "server/cmd/folder.h"

/* Removes what an earlier pull left. `dir` names the folder in messages. */
void staging_open(struct folder *f, const char *dir);
/* Goes on with what an earlier staging_place left: call it, then staging_close. */
void staging_resume(struct folder *f, const char *dir);
/* Removes all that was staged; nothing once staging_place has begun. */
void staging_drop(void);

void staging_write(const char *path, struct span bytes);
MUST_CHECK int staging_create(const char *path); /* open for writing; the caller closes it */
MUST_CHECK bool staging_has(const char *path);
/* The staged file, or where none is staged the mirror's; as struct mirror's read. */
MUST_CHECK enum err staging_read(const char *path, size_t max, struct buf *out);

/* Whether the mirror has a file of that path with other bytes than the staged one. */
MUST_CHECK bool staging_differs(const char *path);

/* Puts everything in its place, `heads` last and in their order. A pull that is cut short between here and
 * staging_close leaves MIRROR_HALFWAY with all that is not in its place yet: the next one goes on (staging_resume). */
void staging_place(const char *const *heads, size_t n_heads);
void staging_close(void); /* the mirror is whole */
/* Instead: makes it a folder of its own, `to`. An error: nothing happened. Does not die. */
MUST_CHECK enum err staging_move_out(const char *to);

#endif
