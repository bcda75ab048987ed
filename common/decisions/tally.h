/* What one contract's entries since the last statement add up to, beside the moves; and where a statement has to end,
 * so that what it says is always within the range of money: a log that outgrows it is cut, FORMATS.md "Statement". */
#ifndef CS_DECISIONS_TALLY_H
#define CS_DECISIONS_TALLY_H

#include "common/base/money.h"
#include "common/decisions/rows.h"
#include "common/decisions/terms.h"

/* Of clicks or impressions that earned a price, by that price and the rate of VAT that the terms agreed then. A
 * statement names so many of them at most. */
enum { TALLY_PRICES = 4 };
struct priced_traffic {
    int64_t unit_micros; /* 0: unused, and all behind it */
    int64_t vat_ppm;
    uint64_t n;
};

struct tally {
    uint64_t clicks[CLASS_COUNT], views[CLASS_COUNT], impressions[CLASS_COUNT];
    uint64_t gap_clicks, gap_views, gap_impressions;
    uint64_t payable_clicks, payable_impressions; /* of a payable class by the terms then in force */
    int64_t click_micros, impression_micros;      /* what those earned, by the same terms; views earn nothing */
    struct priced_traffic click_prices[TALLY_PRICES], impression_prices[TALLY_PRICES]; /* the same, price by price */
    int64_t moved_micros;   /* what leads, dispositions and adjustments changed, signs left out */
    uint64_t moves;         /* of those that count: so many rows of moves there must be */
    int64_t from_ms, to_ms; /* first and last entry's time, 0 when none */
    uint64_t entries;       /* all of them */
};

/* The most that all amounts of one statement come to, signs left out: its sums are then within the range of money, also
 * with what is carried in, less than a currency unit. No entry moves more by itself. */
#define STATEMENT_MOST_MICROS (MONEY_MAX_MICROS - 1000000)
#define STATEMENT_MOST_TEXT "9007199253.740991" /* in units */

/* Leads that wait for a decision, and what they would pay. */
struct waiting {
    uint64_t pending, held;
    wide_micros micros;
};

/* What counts of an entry: recovery has it of most without parsing them. */
struct tallied {
    enum entry_kind kind;
    enum class class;
    int64_t at_ms;
    int64_t micros; /* change of what is payable for a lead */
    struct entry_gap gap;
    bool other; /* from here on a party is another one: what money moved before is on a statement of its own */
};
struct tallied tallied_of(const struct entry *e);
/* Folds an entry into the tally. False, and nothing happened: a statement over it as well could not be written. */
MUST_CHECK bool tally_add(struct tally *tally, const struct terms *t, const struct tallied *x);

/* Of all classes. */
uint64_t tally_total(const uint64_t by_class[CLASS_COUNT]);
/* Whether it has nothing that a statement counts. */
bool tally_is_empty(const struct tally *t);
/* What is left of *all without *part, its beginning or its end; from_ms, to_ms: the times of the first and last entry
 * that are left, if there are any. False: *part is in it not. */
MUST_CHECK bool tally_less(const struct tally *all, const struct tally *part, int64_t from_ms, int64_t to_ms,
                           struct tally *rest);

enum { TALLY_LEN = 1 + 3 * 8 * CLASS_COUNT + 12 * 8 + 2 * 24 * TALLY_PRICES };
void tally_write(const struct tally *t, uint8_t out[TALLY_LEN]);
/* Takes it off the front of *rest; also one that is older than a class. False: it does not read. */
MUST_CHECK bool tally_read(struct span *rest, struct tally *out);

/* Where a log was cut: the entries from the cut before, or the last statement, up to `to` fill one statement. Rows of
 * `cuts`, written when the entry at `to` comes, gone with the statement. */
struct cut {
    uint64_t to;
    struct hash root; /* of the tree of that size */
    struct tally tally;
};
enum { CUT_KEY_LEN = 12, CUT_ROW_LEN = HASH_LEN + TALLY_LEN };
size_t cut_row_write(const struct cut *c, uint8_t out[CUT_ROW_LEN]);
/* The first cut behind `from`; ERR_NOT_FOUND: all from there on fits into one statement. */
MUST_CHECK enum err row_cut(const struct view *v, uint32_t contract, uint64_t from, struct cut *out);

#endif
