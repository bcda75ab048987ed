/* The offline audit of a pulled mirror (layout = the URLs, FORMATS.md "Mirror"). Pure: reads files through a callback.
 */
#ifndef CS_SETTLEMENT_VERIFY_H
#define CS_SETTLEMENT_VERIFY_H

#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/reconcile/values.h"
#include "common/settlement/pages.h"

enum verdict { HOLDS = 0, FAILS = 1, CANNOT_TELL = 2 };

/* Where a pull keeps what it has fetched until all of it is there, and the mark that it is putting it in place. */
#define MIRROR_SIDE ".countersign-pull"
#define MIRROR_HALFWAY_NAME "halfway"
#define MIRROR_HALFWAY MIRROR_SIDE "/" MIRROR_HALFWAY_NAME
/* Below a log's folder: the checkpoints that pulls saw before the present one, each named by its size. */
#define MIRROR_SEEN "seen"

/* Whether a file of a mirror can have that name, whichever contract, sizes and statements it is of. */
bool mirror_has_name(struct span path);

struct mirror {
    /* On any thread, several at once where an audit has a struct ahead. Appends at most `max` bytes of the file at a
     * relative path such as "log/Cxyz/checkpoint", from `offset`: fewer only at its end. ERR_NOT_FOUND when nothing is
     * there, ERR_CONFLICT when what is there is no regular file (a link, FIFO, device, folder: it is not opened), any
     * other error when it cannot be read. */
    enum err (*read)(void *ctx, const char *path, uint64_t offset, size_t max, struct buf *out);
    /* Calls each(arg, path) for everything, any order; a folder's path may be told too, and ends in a slash. An error:
     * not all was told. */
    enum err (*list)(void *ctx, void (*each)(void *arg, const char *path), void *arg);
    void *ctx;
};

/* One thing that is told: a line of the text, an object of the JSON. First comes each check, in order; then what is
 * told beside them (verify_told.h), whose verdict is the worst of the checks that it rests on. */
struct report_line {
    const char *topic; /* a stable word */
    bool check, judged;
    enum verdict verdict; /* if judged */
    struct span sentence; /* for people */
    struct span data;     /* the same for programs: a canonical JSON object; empty: none */
};
typedef void verify_report(void *ctx, const struct report_line *t);

/* What makes the pieces of a walk ahead of it, on another thread where there is one. */
struct ahead {
    unsigned room; /* so many pieces at most are made, or being made, at once; that which was taken last is one */
    /* The pieces 0 to n - 1 of a walk. make() makes one of them, each once, in any order and on any thread: it writes
     * nothing but what is that piece's own. A walk takes all it wants in order; what it took stands until it takes the
     * next. Once `close` returns no piece is being made. */
    void *(*open)(void *ctx, uint64_t n, void (*make)(void *arg, uint64_t piece), void *arg);
    void (*take)(void *walk, uint64_t piece);
    void (*close)(void *walk);
    void *ctx;
};

struct campaign;

/* A party's own rows, to be held against the log (reconcile/reconcile.h). */
struct verify_rows {
    struct span rows, map, party; /* party: whose they are; empty: not known */
    enum date_order dates;
    enum decimal_mark decimal;
    struct bound from, to;
    void (*csv)(void *ctx, struct buf *out); /* NULL, or gets the items, a piece at a time, and empties it */
    void *csv_ctx;
    void (*progress)(void *ctx, uint64_t done, uint64_t all); /* NULL, or hears how many bytes of them are read */
    void *progress_ctx;
};

/* What a reader asks beside what every audit looks at; all zero: nothing. */
struct verify_asked {
    struct span pins;                       /* what it knows from elsewhere (FORMATS.md "Pins") */
    const struct mirror *against;           /* another reader's mirror of the same contract */
    struct span witnesses;                  /* whose cosignatures count: the text of a policy (ledger/policy.h) */
    int64_t not_older_ms, now_ms;           /* the last entry may not be older; the clock, to say how old it is */
    const struct mirror *receipts, *clicks; /* files that a sender and a party kept: receipts, click ids */
    const struct verify_rows *own_rows;     /* NULL: none */
    struct buf *pin_out;                    /* gets what to pin of this mirror, if all holds */
    uint64_t scores_from;      /* the entry, a model's, from which on scores are worked out again; 0: all are */
    struct campaign *campaign; /* gets what this log has to be held against others of its campaign */
    const struct ahead *ahead; /* NULL: each piece is made when it is wanted. It says nothing of the report. */
    const struct spill *spill; /* NULL: all rows are on the heap. Nor does it. */
    void (*progress)(void *ctx, uint64_t done, uint64_t all); /* NULL, or hears of each bundle how many entries are
                                                                 done; of all when the walk ended, wherever */
    void *progress_ctx;
};

/* The worst verdict of all checks: FAILS over CANNOT_TELL over HOLDS. `asked` NULL: nothing. */
enum verdict verify_mirror(const struct mirror *m, const struct verify_asked *asked, verify_report *report, void *ctx);

#endif
