/* This instance as a witness of other logs (C2SP tlog-witness): it cosigns each log's checkpoints as long as they
 * extend what it cosigned before. DATA/witnessed keeps the last tree of each log, fsynced before a cosignature leaves;
 * its key is derived from the master key, its name is the instance's origin and "/witness". Any thread; one mutex
 * (named in ARCHITECTURE.md), held over an fsync. */
#ifndef CS_SERVER_KEYS_WITNESS_H
#define CS_SERVER_KEYS_WITNESS_H

#include "common/base/problem.h"
#include "server/keys/keys.h"

struct witness;

/* logs: verifier keys, one a line; '#' begins a comment. They are copied. ERR_MALFORMED: *p names a line;
 * ERR_CORRUPT: DATA/witnessed does not read; ERR_IO. */
MUST_CHECK enum err witness_open(const char *data_dir, const struct keys *k, const char *origin, struct span logs,
                                 struct witness **out, struct problem *p);
void witness_close(struct witness *w); /* NULL-safe */
size_t witness_logs(const struct witness *w);
/* Appends its verifier key. */
void witness_key(const struct witness *w, struct buf *out);

/* A body of add-checkpoint: appends the cosignature line. ERR_MALFORMED, ERR_NOT_FOUND (no log of ours), ERR_FORBIDDEN
 * (none of its keys signed), ERR_CONFLICT (*size is that of the last tree), ERR_INVALID (the proof), ERR_FULL, ERR_IO:
 * nothing was cosigned. */
MUST_CHECK enum err witness_cosign(struct witness *w, struct span body, int64_t now_ms, struct buf *line,
                                   uint64_t *size);

#endif
