/* Copies of a data folder that are taken while it is served, and folders that are made of one. */
#ifndef CS_SERVER_INSTANCE_INSTANCE_COPY_H
#define CS_SERVER_INSTANCE_INSTANCE_COPY_H

#include "server/instance/instance.h"

/* Whatever they make stands in `to`, an empty folder, and is synced; on an error *what names the part that failed, and
 * what is there by then is no copy (instance_copy_remove). */

/* One state of the store and what belongs to it: keys, the months' keys, and of each log the last head that was signed
 * by then; marked as INSTANCE_UNCONFIRMED. Others may read and write the folder meanwhile. heads_lost: signed-heads is
 * not asked, what the store says was published stands in for it; else ERR_CORRUPT where it is not what a start takes.
 * ERR_FULL: `to` has no room; errors as instance_open. */
MUST_CHECK enum err instance_backup(const char *dir, uint64_t map_size, bool heads_lost, int64_t now_ms, const char *to,
                                    const char **what);

/* A copy of a backup, with its mark. ERR_NOT_FOUND: from is none, it lacks *what. */
MUST_CHECK enum err instance_restore(const char *from, const char *to, const char **what);
/* When the backup was made, RFC 3339. ERR_NOT_FOUND: it does not say so. */
MUST_CHECK enum err instance_backup_time(const char *from, struct buf *out);
/* Nothing was signed after the backup, on the word of whoever asks. */
MUST_CHECK enum err instance_confirm(const char *to);
/* What is left of the folder that the backup is of says so: its signed-heads, of each log. `ahead` is told of each log
 * that goes beyond the copy, or beside it (`have` is the copy's size); then ERR_CONFLICT. Months' keys that were
 * destroyed there are destroyed in the copy as well. ERR_NOT_FOUND: it has no signed-heads; ERR_CORRUPT: not all that
 * was signed is in it, or that cannot be told; ERR_BUSY: it is served. */
typedef void instance_ahead(struct span log, uint64_t is_signed, uint64_t have);
MUST_CHECK enum err instance_confirm_by(const char *lost, uint64_t map_size, const char *to, instance_ahead *ahead,
                                        const char **what);

/* The store of a folder that nobody serves or reads (ERR_BUSY), without its free pages, in its own place. ERR_FULL:
 * there is no room beside it. On an error it is as it was, unless the name could not be synced: then the one or the
 * other. */
struct compacted {
    uint64_t before, after; /* bytes of the file */
};
MUST_CHECK enum err instance_compact(const char *dir, uint64_t map_size, struct compacted *out, const char **what);
/* One state of a store to a new file of its name in a folder, synced. ERR_FULL, ERR_IO. */
MUST_CHECK enum err instance_copy_store(struct store *s, const char *to);

/* What the store of the lost folder has and the copy has not, though no head of it was signed. */
struct instance_more {
    uint64_t entries;  /* of contracts' logs */
    const char *table; /* of control data, the first that differs; NULL: none does */
};
/* ERR_NOT_FOUND: it has no store. A damaged one may kill who asks. */
MUST_CHECK enum err instance_holds_more(const char *lost, uint64_t map_size, const char *to, struct instance_more *out);

/* Which instance a folder is of, and up to which batch. Errors as instance_open. */
struct instance_mark {
    char id[LIMIT_ID + 1];
    uint64_t batch;
};
MUST_CHECK enum err instance_mark(const char *dir, uint64_t map_size, struct instance_mark *out, const char **what);

/* Removes such a folder, whole or not; false: it cannot. */
bool instance_copy_remove(const char *to);
/* Removes what reading it left there. */
void instance_copy_tidy(const char *to);

#endif
