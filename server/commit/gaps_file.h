/* DATA/gaps: what gaps.h counts, so that it outlives the process. Two copies, each overwritten when the other one is
 * newer, so that one of them is whole whatever ends the process in mid-write. Its room is taken when it is made: it can
 * be written when the disk is full. It is never synced: the power may take what was counted right before. One thread.
 */
#ifndef CS_SERVER_COMMIT_GAPS_FILE_H
#define CS_SERVER_COMMIT_GAPS_FILE_H

#include "server/commit/gaps.h"

enum { GAPS_KEPT = 580 }; /* counts that it has room for */

struct gaps_file;
/* Opens it, or makes it. ERR_FULL, ERR_IO. */
MUST_CHECK enum err gaps_file_open(const char *data_dir, struct gaps_file **out);
void gaps_file_close(struct gaps_file *f); /* NULL-safe */
/* What it holds, into room for GAPS_KEPT. ERR_CORRUPT: neither copy is whole. */
MUST_CHECK enum err gaps_file_read(struct gaps_file *f, struct gap_count *out, size_t *n);
/* The first GAPS_KEPT of them. */
MUST_CHECK enum err gaps_file_write(struct gaps_file *f, const struct gap_count *all, size_t n);

#endif
