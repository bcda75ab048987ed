/* The month's end, `settle`, file by file. What a server says is shown as text of a stranger. */
#ifndef CS_SERVER_CMD_SETTLE_PRIVATE_H
#define CS_SERVER_CMD_SETTLE_PRIVATE_H

#include "common/base/json_read.h"
#include "common/base/limits.h"
#include "server/cmd/days.h"
#include "server/cmd/download.h"
#include "server/cmd/progress.h"

enum { SETTLE_CURRENCIES = 64 };

struct due {
    int64_t payable, vat, to_pay; /* minor units */
};

struct sums {
    char currency[4];
    struct due owed[2]; /* by advertisers and by publishers */
};

struct settling {
    const char *const *given;
    struct download *d;
    struct zones *zones;
    bool answered; /* the server did so once: should no answer come now, it starts anew */
    struct silents *silents;
    struct sums sums[SETTLE_CURRENCIES];
    size_t n_sums, n_issued, n_contracts, n_nothing, n_closed, n_refused;
    bool lost;     /* no answer comes any more */
    json_t *again; /* a row that was asked for again */
    struct progress progress;
    uint64_t n_looked, n_all; /* contracts; n_all: 0 where nobody looks at the progress */
};

/* ---- cmd_settle.c ---- */

const char *settle_text(const json_t *v, const char *name); /* "" where there is none */
int64_t settle_number(const json_t *v, const char *name);   /* 0 likewise */
/* listing_walk; take's ctx is s. */
void settle_each(struct settling *s, const char *list, const char *query, bool (*take)(void *ctx, const json_t *row));
/* Of a statement, or one that would be: "no. 2, 2026-11-01 to 2026-11-30 Europe/Paris, payable 36.00 EUR and 7.20 VAT:
 * 43.20 EUR by the advertiser". `row` says the currency and the zone. */
void settle_add_statement(const struct settling *s, struct buf *line, const json_t *row, const json_t *statement);
void settle_add_shown(struct buf *line, const char *text);
void settle_line(struct settling *s, const struct buf *line);

/* ---- settle_unanswered.c ---- */

/* Who has not answered statements of before this run, so it is asked before anything is issued: a line for each party
 * of a contract, whoever waits longest first. Of any list what the lines need is kept. The caller frees it. */
struct silents *settle_silents_open(struct settling *s, const char *query);
/* The parties' names, of a row of /v1/settlements. */
void settle_silents_name(struct silents *all, const json_t *row);
void settle_silents_show(struct settling *s);

#endif
