/* Rows of a report: made by report.c, shown by report_write.c. */
#ifndef CS_REPORTS_REPORT_PRIVATE_H
#define CS_REPORTS_REPORT_PRIVATE_H

#include "common/reports/report.h"

struct sums {
    int64_t clicks[CLASS_COUNT], views[CLASS_COUNT], impressions[CLASS_COUNT];
    int64_t leads[STATUS_COUNT], reasons[REASON_COUNT];
    int64_t gaps[3];
    int64_t click_micros, impression_micros, lead_micros, adjustment_micros, revenue;
    int64_t scored, scores; /* leads with a score, and the sum of these */
    int64_t lag[LAG_BUCKETS];
};

struct report_row {
    /* what it is found by */
    int64_t time;
    struct span campaign, contract, publisher, value;
    uint32_t currency;
    uint8_t class, status, reason; /* one behind the word's number; 0: not asked, or of nothing that has one */
    bool rest;                     /* all other values */
    /* what it comes to: now, and in the period before */
    struct sums sums[2];
};

struct report {
    struct report_asked asked;
    struct report_row **row, **slot;
    size_t n, room, shown;    /* shown: those that come to something stand first, in their order */
    struct report_row *total; /* one a currency */
    size_t n_totals;
    char *texts; /* values, in chunks, each leading to the one before */
    size_t texts_used;
    bool merging, merged; /* merged: values beyond those asked for are together */
};

/* Merges what is too much, sorts, sums up. */
void report_finish(struct report *r);

#endif
