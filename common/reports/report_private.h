/* Rows of a report: kept by report_rows.c, counted by report.c and report_model.c, shown by report_write.c. */
#ifndef CS_REPORTS_REPORT_PRIVATE_H
#define CS_REPORTS_REPORT_PRIVATE_H

#include <assert.h>
#include <stddef.h>

#include "common/decisions/attribution.h"
#include "common/reports/hashed.h"
#include "common/reports/report.h"

/* What fewer rows have. */
struct rare {
    int64_t leads[STATUS_COUNT];
    int64_t gaps[3];
    int64_t lead_micros, adjustment_micros;
    int64_t scored, scores; /* leads with a score, and the sum of these */
    int64_t *reasons;       /* [REASON_COUNT], of leads that have one; NULL: none has */
    int32_t lag[LAG_BUCKETS];
};
/* There may be 100,000 rows: so they are small. */
struct sums {
    int64_t clicks[CLASS_COUNT], views, impressions;
    int64_t click_micros, impression_micros, revenue;
    struct rare *rare; /* NULL: nothing of it */
};
enum {
    SUMS = offsetof(struct sums, rare) / sizeof(int64_t),
    RARE_SUMS = offsetof(struct rare, reasons) / sizeof(int64_t)
};
static_assert(sizeof(struct sums) == SUMS * sizeof(int64_t) + sizeof(struct rare *), "sums are all that is in front");

/* What a row is found by. */
struct report_key {
    int64_t time;
    struct span campaign, contract, publisher, value;
    uint32_t currency;
    uint8_t class, status, reason; /* one behind the word's number; 0: not asked, or of nothing that has one */
    bool rest;                     /* all other values */
};

/* Of Markov's model. */
struct report_chain {
    uint32_t channel;   /* one behind its number; 0: leads do not lead through the row */
    uint64_t effect[2]; /* of PATH_EFFECT_WHOLE: what is lost without it */
    struct report_alone {
        int64_t leads, converted, lost; /* the last two of SHARE_WHOLE a lead */
    } alone[2];                         /* leads that a click of it alone led to */
};

/* One that rows have, kept once. */
struct report_value {
    struct span text;
    int64_t n;     /* what all rows of it come to */
    bool small;    /* beyond those that are asked for */
    uint32_t rank; /* by their texts, from 1 on; report_sort's */
    char bytes[];
};

struct report_row {
    struct report_key key;
    struct report_value *value; /* NULL: it is empty */
    struct report_row *behind;  /* came behind it last; NULL: none did */
    struct report_chain *chain; /* NULL: it has none */
    struct sums sums[];         /* what it comes to: now, and in the period before where that is asked for */
};

/* The way of a lead, by Markov's model. */
struct report_way {
    struct report_row *row[LIMIT_TOUCHES];
    size_t n;
    uint32_t part; /* of SHARE_WHOLE */
    bool converted, before;
};

/* What is divided at the end. */
struct report_sale {
    uint32_t currency;
    int64_t revenue[2];
};

/* Where cells are counted. */
struct report_target {
    struct report_key key;
    struct report_row *row; /* of that key; NULL: it was not looked for */
};

struct report {
    struct report_asked asked;
    struct report_target valued, valueless; /* of the cell's value; of what has none */
    bool before, beyond;                    /* beyond: a sum is more than it holds */
    struct report_row *near;                /* was looked for last */
    struct report_row **row;
    size_t n, shown; /* shown: those that come to something stand first, in their order */
    struct hashed rows, values;
    struct report_row **total; /* one a currency */
    size_t n_totals;
    struct report_chunk *chunk; /* of the memory of rows and their values */
    size_t chunk_used;
    bool merging;           /* values beyond those asked for go together: there may be more rows */
    struct report_way *way; /* of Markov's model */
    size_t n_ways;
    struct rare to_deal[2];
    struct report_sale *sale; /* one a currency */
    size_t n_sales;
};

/* A row has sums of so many. */
static inline size_t report_periods(const struct report *r)
{
    return r->asked.compare ? 2 : 1;
}
/* In what leads are counted: a model's in millionths. */
static inline int64_t report_lead_units(const struct report *r)
{
    return r->asked.model != REPORT_BOOKED ? SHARE_WHOLE : 1;
}
/* To a sum of money. */
static inline void report_sum(struct report *r, int64_t *to, int64_t v)
{
    r->beyond |= __builtin_add_overflow(*to, v, to);
}
static inline void report_lag(struct report *r, struct rare *s, unsigned lag, int64_t n)
{
    r->beyond |= __builtin_add_overflow(s->lag[lag], n, &s->lag[lag]);
}
/* ---- report_rows.c ---- */

/* One of that key by itself, which nobody finds. */
struct report_row *report_new_row(struct report *r, const struct report_key *k);
/* The one of that key. NULL: there would be too many. */
struct report_row *report_row(struct report *r, const struct report_key *k);
bool report_same_key(const struct report_key *a, const struct report_key *b);
/* What it has not is made. */
struct rare *report_rare(struct report *r, struct sums *s);
int64_t *report_reasons(struct report *r, struct rare *s);
struct report_chain *report_chain(struct report *r, struct report_row *row);
void report_rows_free(struct report *r);
/* All that rows have, r->values.n of them, in no order; free() takes them. */
struct report_value **report_values(const struct report *r);
/* The first n rows, as they are shown. */
void report_sort(struct report *r, size_t n);

/* ---- report_model.c, and what it needs ---- */

/* Ways of one click, by Markov's model: n leads of that status, or less where n is negative. */
void report_alone(struct report *r, struct report_row *row, const struct count_what *w, int64_t n, int64_t parts,
                  int64_t micros);
/* What leads of that status and currency were sold for, by Markov's model. */
void report_sold(struct report *r, const struct count_what *w, int64_t revenue, bool before);
/* The row that a lead's touch is counted in; NULL: there would be too many. */
struct report_row *report_touch_row(struct report *r, const struct report_lead *lead, const struct report_touch *t);
/* The row beside it, of another currency. */
struct report_row *report_beside(struct report *r, const struct report_row *row, uint32_t currency);
/* Divides what the ways came to among them. */
MUST_CHECK enum err report_markov(struct report *r, struct problem *p);

/* Deals what is dealt at the end, merges what is too much, sorts, sums up. ERR_INVALID: as report_json. */
MUST_CHECK enum err report_finish(struct report *r, struct problem *p);

#endif
