/* The offline audit of a pulled mirror (layout = the URLs, FORMATS.md "Mirror"). Pure: reads files through a callback.
 */
#ifndef CS_SETTLEMENT_VERIFY_H
#define CS_SETTLEMENT_VERIFY_H

#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/err.h"

enum verdict { HOLDS = 0, FAILS = 1, CANNOT_TELL = 2 };

/* Where a pull keeps what it has fetched until all of it is there, and the mark that it is putting it in place. */
#define MIRROR_SIDE ".countersign-pull"
#define MIRROR_HALFWAY_NAME "halfway"
#define MIRROR_HALFWAY MIRROR_SIDE "/" MIRROR_HALFWAY_NAME

struct mirror {
    /* Appends at most `max` bytes of the file at a relative path such as "log/Cxyz/checkpoint", from `offset`: fewer
     * only at its end. ERR_NOT_FOUND when nothing is there, ERR_CONFLICT when what is there is no regular file (a link,
     * FIFO, device, folder: it is not opened), any other error when it cannot be read. */
    enum err (*read)(void *ctx, const char *path, uint64_t offset, size_t max, struct buf *out);
    /* Calls each(arg, path) for everything but folders, any order. An error: not all was told. */
    enum err (*list)(void *ctx, void (*each)(void *arg, const char *path), void *arg);
    void *ctx;
};

/* One call per check, in order: its name (a stable word), the verdict, and one sentence; then one for each version of
 * the terms, called "terms", whose verdict is that of the entries. */
typedef void verify_report(void *ctx, const char *check, enum verdict v, const char *sentence);

/* The worst verdict of all checks: FAILS over CANNOT_TELL over HOLDS. */
enum verdict verify_mirror(const struct mirror *m, verify_report *report, void *ctx);

#endif
