/* Days as a plot: SVG without words or style of its own, and the same numbers as a table. Whole numbers throughout. */
#ifndef CS_PAGES_PLOT_H
#define CS_PAGES_PLOT_H

#include "common/pages/part.h"

struct plot_day {
    int64_t ms;                               /* within the day */
    int64_t clicks, leads, approved, waiting; /* the rest of the leads is not paid */
};

/* n days or other stretches of the same length, the oldest first. */
struct plot {
    const struct plot_day *days;
    size_t n;             /* at least 2 */
    bool open;            /* the last is not over: */
    enum word last, what; /* its name, WORDS: its day; and what is said of it */
};
void plot_stretches(struct page *g, const struct plot *p);
/* n days, of which the last is today. */
void plot_days(struct page *g, const struct plot_day *days, size_t n);
void plot_table(struct page *g, const struct plot_day *days, size_t n);
int64_t plot_top(int64_t most); /* the round number that an axis ends at: even, and not below 2 */

#endif
