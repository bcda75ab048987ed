/* What the cells of a party's rows say: times, amounts, states, in the spellings of people and their programs. What
 * one cell alone does not settle (5/11/2026; 1,234) the whole column does: all cells are surveyed before any is read.
 * Exact: no floats, no time zones. */
#ifndef CS_RECONCILE_VALUES_H
#define CS_RECONCILE_VALUES_H

#include <stdint.h>

#include "common/base/err.h"
#include "common/base/span.h"

enum date_order { DATES_UNTOLD, DATES_DMY, DATES_MDY };
enum decimal_mark { DECIMAL_UNTOLD, DECIMAL_POINT, DECIMAL_COMMA };

enum when_form {
    WHEN_NONE,
    WHEN_DAY,      /* a date alone */
    WHEN_WALL,     /* what a clock on the wall said; nobody says where it hung */
    WHEN_UNIVERSAL /* with its offset from UTC, or as Unix time */
};
struct own_when {
    enum when_form form;
    int64_t ms; /* Unix milliseconds; of a wall's clock as if it showed UTC */
};
/* Years 2000 to 2099. ERR_MALFORMED: no time that is known here. ERR_CONFLICT: it may be day or month first, and
 * `order` does not say. */
MUST_CHECK enum err when_read(struct span cell, enum date_order order, struct own_when *out);
/* What a cell says of the order of its column: DATES_UNTOLD, nothing. */
enum date_order when_order(struct span cell);

/* One end of the period: a time, or a day of the contract's zone, which is in it. */
struct bound {
    bool given, is_day;
    int64_t ms; /* of a day: of its midnight, as if in UTC */
};
MUST_CHECK enum err bound_read(struct span text, struct bound *out);
/* Whether nothing is between the two in any zone (offsets from UTC go from -12 to +14 hours). */
bool bounds_cross(const struct bound *from, const struct bound *to);

/* "8.00", "1.234,56", "€ 8", "(8.00)", "8,00-", "EUR 8": micros; decimals past the sixth are cut. *code gets the three
 * letters beside the number, if any. ERR_MALFORMED: no amount. ERR_CONFLICT: its one mark may divide thousands or
 * decimals, and `mark` does not say. ERR_TOO_LARGE: past +-2^53-1. */
MUST_CHECK enum err amount_read(struct span cell, enum decimal_mark mark, int64_t *micros, struct span *code);
enum decimal_mark amount_mark(struct span cell); /* what it says of its column */

/* What is paid for a lead in some state. */
enum own_state { STATE_UNTOLD, STATE_PAID, STATE_OPEN, STATE_UNPAID };
const char *own_state_word(enum own_state s);
MUST_CHECK enum err state_read(struct span cell, enum own_state *out);

/* Compares without case, blanks and signs: "Order ID" is "order_id". */
enum { PLAIN_MAX = 40 };
bool plain_name(struct span name, char out[PLAIN_MAX + 1]); /* false: it is longer, or has others than ASCII */

#endif
