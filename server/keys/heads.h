/* Signing checkpoints safely: a guard keeps the last signed head of every log before the signature leaves, and nothing
 * is signed behind it or beside it (a restored backup, a second instance). Any thread; one mutex (named in
 * ARCHITECTURE.md). */
#ifndef CS_SERVER_KEYS_HEADS_H
#define CS_SERVER_KEYS_HEADS_H

#include "common/ledger/note.h"
#include "server/keys/keys.h"

/* Called by one thread at a time. */
struct heads_guard {
    /* ERR_NOT_FOUND when nothing was signed, ERR_CORRUPT when it does not hold: then nothing is safe to sign. */
    enum err (*last)(void *ctx, uint32_t log, uint64_t *size, struct hash *root);
    /* A record that does not hold beside what `last` answers: a write that a crash cut off, whose head nobody has; or
     * damage. Its size, which no crash makes one that the log had not reached by then. ERR_NOT_FOUND: there is none. */
    enum err (*torn)(void *ctx, uint32_t log, uint64_t *size);
    /* ERR_CORRUPT: not all that was kept is in it, or that cannot be told: a record does not hold, or their number is
     * not that of the heads that were kept. */
    enum err (*whole)(void *ctx);
    /* From now on `whole` can tell. Until then it cannot, as of a backup's. ERR_FULL. */
    enum err (*begin)(void *ctx);
    /* Durable with ERR_OK. ERR_FULL: nothing was signed out of it. */
    enum err (*keep)(void *ctx, uint32_t log, const struct checkpoint *c);
    uint32_t (*end)(void *ctx); /* logs from this number on have nothing in it */
    void (*close)(void *ctx);
    void *ctx;
};
/* heads_file.c, the only guard today: DATA/signed-heads, fsynced. ERR_TOO_LARGE: it is none of ours. */
MUST_CHECK enum err heads_file(const char *data_dir, struct heads_guard *out);
/* To look at what was signed: makes no file, and where there is none nothing was signed. */
MUST_CHECK enum err heads_file_to_read(const char *data_dir, struct heads_guard *out);

struct heads;
/* Takes the guard over. k NULL: to look at what was signed, not to sign. */
struct heads *heads_new(struct heads_guard guard, const struct keys *k);
MUST_CHECK enum err heads_open(const char *data_dir, const struct keys *k, struct heads **out);
MUST_CHECK enum err heads_open_to_read(const char *data_dir, struct heads **out);
void heads_close(struct heads *h);
/* Appends the signed note. Same head again: the same bytes, no fsync. ERR_CORRUPT when size is behind the last signed
 * one, or equal with another root. */
/* ERR_FULL: the disk is full, nothing was written or signed. ERR_IO: what was signed last cannot be read; or writing or
 * syncing failed, and nothing is signed again until the process restarts: what the page cache holds now may never reach
 * the disk. */
/* A caller that read its head from a transaction may lose a race against a newer one: on ERR_CORRUPT it reads the head
 * again and retries. */
MUST_CHECK enum err heads_sign(struct heads *h, uint32_t log, const struct checkpoint *c, struct buf *note);
/* Logs from this number on have nothing in it. */
uint32_t heads_end(const struct heads *h);
/* Nothing of this log is signed any more: heads_sign answers ERR_CORRUPT. For one whose tiles do not show that it
 * extends what was signed. Before other threads sign. */
void heads_bar(struct heads *h, uint32_t log);
/* The last signed head of a log: ERR_NOT_FOUND when there is none, ERR_CORRUPT when the file does not hold,
 * ERR_IO also when it may not be durable: a write of one failed. */
MUST_CHECK enum err heads_last(struct heads *h, uint32_t log, uint64_t *size, struct hash *root);
/* As the guard's. */
MUST_CHECK enum err heads_torn(struct heads *h, uint32_t log, uint64_t *size);
MUST_CHECK enum err heads_whole(struct heads *h);
MUST_CHECK enum err heads_begin(struct heads *h);

#endif
