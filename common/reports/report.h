/* A report: cells of `rollups` brought together by what is asked for, and written as JSON or CSV. What is shown is
 * linear in the cells, so that what has no value of a dimension is all there is without what has one. Ratios are
 * integers, cut towards zero. Owned by one thread. */
#ifndef CS_REPORTS_REPORT_H
#define CS_REPORTS_REPORT_H

#include "common/base/problem.h"
#include "common/reports/cells.h"

/* What rows may be grouped by, beside the dimensions: symbol, name */
#define GROUP_TABLE(X)                                                                                                 \
    X(HOUR, "hour")                                                                                                    \
    X(DAY, "day")                                                                                                      \
    X(WEEK, "week")                                                                                                    \
    X(MONTH, "month")                                                                                                  \
    X(CAMPAIGN, "campaign")                                                                                            \
    X(CONTRACT, "contract")                                                                                            \
    X(PUBLISHER, "publisher")                                                                                          \
    X(CLASS, "class")                                                                                                  \
    X(STATUS, "status")                                                                                                \
    X(REASON, "reason")                                                                                                \
    X(VALUE, "")

enum group {
#define X(symbol, name) GROUP_##symbol,
    GROUP_TABLE(X)
#undef X
        GROUPS
};
static inline bool group_is_time(enum group g)
{
    return g <= GROUP_MONTH;
}

/* How leads are dealt among the clicks that led to them, in place of how they were booked: symbol, word */
#define REPORT_MODEL_TABLE(X)                                                                                          \
    X(BOOKED, "")                                                                                                      \
    X(LAST, "last")                                                                                                    \
    X(FIRST, "first")                                                                                                  \
    X(LINEAR, "linear")                                                                                                \
    X(TIME_DECAY, "time-decay")                                                                                        \
    X(POSITION, "position")                                                                                            \
    X(SHAPLEY, "shapley")                                                                                              \
    X(MARKOV, "markov")

enum report_model {
#define X(symbol, word) REPORT_##symbol,
    REPORT_MODEL_TABLE(X)
#undef X
        REPORT_MODELS
};

enum { REPORT_VALUES = 1000, REPORT_VALUES_MOST = 10000, REPORT_ROWS_MOST = 100000 };

struct report_asked {
    enum group group[GROUPS]; /* each once, in the order of the answer; one of time at most */
    size_t n;
    enum dimension dimension; /* of GROUP_VALUE, or of the filter by value; DIMENSION_ALL: none */
    bool by_value;            /* only what has this value of the dimension, which may be empty */
    struct span value;
    int class, status, reason; /* only that; -1: all */
    bool compare;              /* with the period before */
    enum report_model model;
    size_t values; /* of the dimension: so many of the largest by themselves, the rest together */
};
/* `group=` as it is given. ERR_MALFORMED with the cure: a group is not known, comes twice, or there are two of time or
 * two of traffic, of which the cells count no crossing. */
MUST_CHECK enum err report_groups(struct span list, struct report_asked *a, struct problem *p);
/* `model=` as it is given. ERR_MALFORMED with the cure: it is none, or goes not with what else is asked. */
MUST_CHECK enum err report_model(struct span word, struct report_asked *a, struct problem *p);
const char *report_model_word(enum report_model m);
/* The name of one of the groups asked for. */
const char *report_group_name(const struct report_asked *a, size_t i);

/* Whether what a lead's touches say of class and value is asked for: else it counts only whose they are. */
bool report_asks_clicks(const struct report_asked *a);

/* Whose cell it is. The texts outlive the report. */
struct report_place {
    struct span campaign, contract, publisher, currency;
};

/* Which row of time each quarter of a UTC day belongs to; REPORT_OUT: to none. */
#define REPORT_OUT INT64_MIN
struct report_day {
    int64_t time[QUARTERS];
    bool whole; /* all of it belongs to that of its first */
};
int64_t report_time(const struct report_asked *a, int64_t ms, int64_t utc_offset_s);

struct report;
struct report *report_open(const struct report_asked *a); /* which outlives it, with its texts */
void report_close(struct report *r);                      /* NULL-safe */
/* The cells that follow are of that place; before: of the period before. */
void report_at(struct report *r, const struct report_place *place, bool before);
/* Counts a cell, until the next of which its value lives. One without a name is that of all other values. ERR_CORRUPT:
 * the row does not read. ERR_TOO_LARGE: there would be too many rows. */
MUST_CHECK enum err report_cell(struct report *r, const struct cell_key *k, struct span row,
                                const struct report_day *day);

/* A click that led to a lead, or what is said in its place. */
struct report_touch {
    struct report_place place;
    bool wanted;       /* its contract is one of those asked for */
    unsigned class;    /* CLASS_NONE: it is not known */
    struct span value; /* of the dimension */
    uint32_t share;    /* of SHARE_WHOLE; of Shapley's and Markov's model nothing */
};
enum { REPORT_CHANNELS = 100 }; /* rows of Markov's model that leads lead through */

/* A lead that several clicks led to, or a contract's part of one, as it is counted now. */
struct report_lead {
    const struct report_touch *touch; /* oldest first, 1 to LIMIT_TOUCHES */
    size_t n;
    struct count_what what;        /* of COUNT_SEVERAL; its class is nothing */
    uint32_t part;                 /* of SHARE_WHOLE */
    int64_t micros, revenue, time; /* time: as report_time */
    bool before;
};
/* Deals it by the model asked for: cells count all others. Errors as report_cell. */
MUST_CHECK enum err report_lead(struct report *r, const struct report_lead *lead);

struct report_head {
    struct span timezone, issuer, party; /* issuer, party: of what is signed */
    int64_t at_ms, from_ms, to_ms;       /* from_ms 0, to_ms INT64_MAX: it is open */
    const struct report_as_of {
        struct span contract;
        uint64_t size;
        struct span root; /* 32 bytes, of what is signed; else empty */
    } * as_of;
    size_t n;
    /* Days of contracts on which the dimension had more values than have a cell each: what a value came to on these may
     * lack what is in the cell of all others. */
    uint64_t crowded_days;
    uint64_t without_touches; /* leads whose other clicks are not known any more */
};
#define REPORT_TYP "countersign-report"
/* ERR_INVALID with from: a sum is beyond what is written as an integer; with group: there are too many rows for
 * Markov's model. */
MUST_CHECK enum err report_json(struct report *r, const struct report_head *h, struct buf *out, struct problem *p);
MUST_CHECK enum err report_csv(struct report *r, struct buf *out, struct problem *p);

#endif
