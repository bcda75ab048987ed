/* Leads as a table for spreadsheets, of the objects that lists of them have. Any thread. */
#ifndef CS_SERVER_API_LEAD_CSV_H
#define CS_SERVER_API_LEAD_CSV_H

#include <jansson.h>

#include "common/base/buf.h"

void lead_csv_head(struct buf *out);
void lead_csv(struct buf *out, const json_t *lead);
/* Its score_why in words: "helped: f_job, f_city&country; hurt: country". Nothing where there is none. */
void lead_why(struct buf *out, const json_t *why);

#endif
