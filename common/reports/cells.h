/* Rows of the table `rollups`: what the entries of a contract come to, by UTC day, dimension and value. FORMATS.md,
 * "Rollups". A cell counts by quarters of an hour, since every time zone's hours and days begin at one of them: so a
 * day is exact in any zone, also where clocks change within it. */
#ifndef CS_REPORTS_CELLS_H
#define CS_REPORTS_CELLS_H

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/limits.h"
#include "common/decisions/reason.h"

/* symbol, number in keys, which never changes, name in groups and filters */
#define DIMENSION_TABLE(X)                                                                                             \
    X(ALL, 0, "")                                                                                                      \
    X(CODE, 1, "code")                                                                                                 \
    X(SUB1, 2, "sub1")                                                                                                 \
    X(SUB2, 3, "sub2")                                                                                                 \
    X(SUB3, 4, "sub3")                                                                                                 \
    X(SUB4, 5, "sub4")                                                                                                 \
    X(SUB5, 6, "sub5")                                                                                                 \
    X(UTM_SOURCE, 7, "utm_source")                                                                                     \
    X(UTM_MEDIUM, 8, "utm_medium")                                                                                     \
    X(UTM_CAMPAIGN, 9, "utm_campaign")                                                                                 \
    X(UTM_TERM, 10, "utm_term")                                                                                        \
    X(UTM_CONTENT, 11, "utm_content")                                                                                  \
    X(CHANNEL, 12, "channel")                                                                                          \
    X(COUNTRY, 13, "country")                                                                                          \
    X(DEVICE, 14, "device")                                                                                            \
    X(SCORE, 15, "score")

enum dimension {
#define X(symbol, number, name) DIMENSION_##symbol = number,
    DIMENSION_TABLE(X)
#undef X
        DIMENSIONS
};
const char *dimension_name(enum dimension d);

/* Of one contract, dimension and UTC day so many values have a cell of their own, in the order in which they came; what
 * comes behind them is counted in the cell of all others. */
enum { ROLLUP_VALUES = 1000 };
enum { QUARTER_MS = 15 * 60 * 1000, QUARTERS = 96 }; /* of a UTC day */

enum { ROLLUP_KEY_MAX = 4 + 1 + 4 + 1 + LIMIT_PARAM, ROLLUP_KEY_HEAD = 4 + 1 + 4 + 1 };
struct cell_key {
    uint32_t contract;
    enum dimension dimension;
    uint32_t day;      /* since 1970-01-01, UTC */
    bool named;        /* else that of all other values */
    struct span value; /* empty where it is not named, and of DIMENSION_ALL alone where it is */
};
struct span cell_key_write(uint8_t out[ROLLUP_KEY_MAX], const struct cell_key *k);
/* ERR_CORRUPT: it is none of a cell. The value points into the key. */
MUST_CHECK enum err cell_key_read(struct span key, struct cell_key *out);

/* Beside the cells: how a lead is counted now, those that several clicks led to by themselves; how much of a log is;
 * and under contract 0 how much of the journal. */
enum { ROLLUP_SEVERAL = 253, ROLLUP_LEAD = 254, ROLLUP_HEAD = 255, ROLLUP_LEAD_KEY = 13, ROLLUP_HEAD_KEY = 5 };
struct span rollup_lead_key(uint8_t out[ROLLUP_LEAD_KEY], uint32_t contract, bool several, uint64_t index);
struct span rollup_head_key(uint8_t out[ROLLUP_HEAD_KEY], uint32_t contract);

/* What a cell counts. micros: what clicks and impressions earned, what is payable for leads, corrections in money; of
 * leads with a score the sum of their scores. Leads that several clicks led to are counted apart (SEVERAL): of all
 * others any model of attribution makes what was booked. */
#define COUNT_TABLE(X)                                                                                                 \
    X(CLICKS, 0)                                                                                                       \
    X(VIEWS, 1)                                                                                                        \
    X(IMPRESSIONS, 2)                                                                                                  \
    X(LEADS, 3)                                                                                                        \
    X(ADJUSTMENTS, 4)                                                                                                  \
    X(GAPS, 5)                                                                                                         \
    X(SCORES, 6)                                                                                                       \
    X(SEVERAL, 7)
enum count_kind {
#define X(symbol, number) COUNT_##symbol = number,
    COUNT_TABLE(X)
#undef X
        COUNT_KINDS
};
static inline bool count_is_leads(enum count_kind k)
{
    return k == COUNT_LEADS || k == COUNT_SEVERAL;
}
enum { CLASS_NONE = CLASS_COUNT }; /* a lead without a recorded click */
enum { LAG_BUCKETS = 64 };         /* of the time from click to lead; 0: it is not known */

/* What is counted apart, as a number: the same in keys of memory and in rows. */
struct count_what {
    enum count_kind kind;
    unsigned class; /* of clicks, views, impressions; of a lead that of its click; of gaps 0 clicks, 1 views, 2
                       impressions */
    enum status status;
    enum reason reason;
    unsigned lag;
    uint32_t currency; /* of the sale, by currency_number; 0: none */
};
uint64_t count_number(const struct count_what *w);
/* False: it is the number of nothing. */
MUST_CHECK bool count_what(uint64_t number, struct count_what *out);
/* Three capital letters; 0 of anything else. */
uint32_t currency_number(struct span code);
void currency_code(uint32_t number, char out[4]);

struct count {
    uint64_t number;
    uint8_t quarter;
    int64_t n, micros, revenue;
};
/* What is counted as one number in a cell. */
struct counts {
    struct count sum; /* of all of its quarters: who needs no part of the day reads no further */
    struct span quarters;
};
/* Past what it holds a sum is COUNT_BEYOND for good. */
#define COUNT_BEYOND INT64_MIN
void count_add(struct count *to, const struct count *c);
/* Those of one number, by quarter; what is all zeros is left out. */
void counts_write(struct buf *out, const struct count *c, size_t n);
/* Takes the next number's off the front of a row's rest. ERR_NOT_FOUND: there is no more. */
MUST_CHECK enum err counts_read(struct span *rest, struct counts *out);
/* Takes the first off its quarters. ERR_NOT_FOUND: there is no more. */
MUST_CHECK enum err count_read(struct counts *of, struct count *out);

/* Upper bounds of the buckets of the time from click to lead, in seconds: bucket i holds lag_bound(i - 1) <= s <
 * lag_bound(i), the last all that is longer. */
unsigned lag_bucket(int64_t ms);
int64_t lag_bound(unsigned bucket);
unsigned lag_buckets(void); /* with 0, which is no time */

#endif
