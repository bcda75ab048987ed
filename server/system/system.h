/* The effects that common/ gets as arguments: clock, randomness, whole files. Any thread. */
#ifndef CS_SERVER_SYSTEM_SYSTEM_H
#define CS_SERVER_SYSTEM_SYSTEM_H

#include <pthread.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/limits.h"

int64_t clock_ms(void);           /* wall clock, Unix ms; a coarse one is a tick behind others */
int64_t clock_monotonic_us(void); /* since the boot, sleep included */
/* Both at one moment. */
void clock_pair(int64_t *wall_ms, int64_t *monotonic_us);
void random_bytes(void *out, size_t len);            /* getrandom(2), drawn in 4 KiB blocks per thread */
void random_id(char prefix, char out[LIMIT_ID + 1]); /* an id as common/base/id.h describes it */

/* What the calling thread is for: it gets its CPU back as soon as it wakes (a short slice, where the kernel knows of
 * them: Linux 6.12), has its turn, or gives way to all others. The name is what `ps -L` shows, of at most 15 bytes.
 * Where a kernel refuses, all are equal. */
enum thread_kind { THREAD_PROMPT, THREAD_EQUAL, THREAD_BEHIND };
void thread_is(const char *name, enum thread_kind kind);
/* For long work, every 100 us or so: a thread that gives way to others does so now. What waits may be the kernel's own,
 * the end of a write, say, which no slice or niceness lets in front of a thread that runs. */
void thread_give_way(void);
/* Takes no signals, which are the main thread's, but for its own faults. Where none can be started the process ends. */
void thread_start(pthread_t *out, void *(*run)(void *arg), void *arg);

/* A regular file of at most `most` bytes, else ERR_IO or ERR_TOO_LARGE: a FIFO in its place is not waited for. */
MUST_CHECK enum err file_read(const char *path, size_t most, struct buf *out);
/* What stands in a folder, and by which names, is on the disk. */
MUST_CHECK enum err dir_sync(const char *path);
/* So does the name of this file or folder, in the one that it stands in. */
MUST_CHECK enum err name_sync(const char *path);
/* Writes path.tmp, fsyncs, renames, fsyncs the folder; ERR_FULL or ERR_IO. What is called path.tmp already is replaced,
 * never written to.
 */
MUST_CHECK enum err file_write_atomic(const char *path, struct span data, unsigned mode);

/* Of a write that errno tells of: ERR_FULL or ERR_IO. */
MUST_CHECK enum err write_error(void);
/* The regular file of that name, of any size, from one folder into another, mode 0600; synced, and its name too.
 * ERR_NOT_FOUND: there is none to copy; ERR_CONFLICT: the new one is there already; ERR_FULL, ERR_IO: nothing new is
 * there. */
MUST_CHECK enum err file_copy(const char *from_dir, const char *to_dir, const char *name);
/* Renames a file or folder to a name that nothing has, or an empty folder; synced. ERR_CONFLICT, ERR_IO. */
MUST_CHECK enum err path_rename(const char *from, const char *to);

#endif
