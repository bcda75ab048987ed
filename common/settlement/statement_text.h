/* What the forms of a statement for people share. For statement_csv.c and common/pages. */
#ifndef CS_SETTLEMENT_STATEMENT_TEXT_H
#define CS_SETTLEMENT_STATEMENT_TEXT_H

#include "common/settlement/statement.h"

/* One line item. Spans point into *json. */
struct statement_line {
    struct span kind, lead_at, status, reason;
    int64_t index, lead, micros;
    int64_t share_from, share_to; /* 0, 0: the lead is not shared */
    bool traffic;
    int64_t clicks, impressions, all_clicks, all_impressions, click_micros, impression_micros; /* of the traffic line */
    json_t *json;
};

/* Takes the next line off *rest; the caller starts with a cleared *line, which frees itself at the end. False at the
 * end or when a line does not read. */
MUST_CHECK bool statement_line_next(struct span *rest, struct statement_line *line);

#endif
