#include "common/base/csv.h"
#include "common/settlement/statement_text.h"

static void number(struct buf *out, bool there, int64_t v)
{
    if (there)
        buf_i64(out, v);
    buf_byte(out, ',');
}

static void row(struct buf *out, const struct statement *s, const struct statement_line *l)
{
    csv_cell(out, s->id, ',');
    csv_cell(out, s->contract, ',');
    csv_cell(out, l->kind, ',');
    number(out, !l->traffic, l->index);
    number(out, json_object_get(l->json, "lead") != NULL, l->lead);
    csv_cell(out, l->lead_at, ',');
    csv_cell(out, l->status, ',');
    csv_cell(out, l->reason, ',');
    number(out, l->share_to != 0, l->share_from);
    number(out, l->share_to != 0, l->share_to);
    number(out, l->traffic, l->clicks);
    number(out, l->traffic, l->impressions);
    number(out, l->traffic, l->all_clicks);
    number(out, l->traffic, l->all_impressions);
    csv_cell(out, s->currency, ',');
    number(out, true, l->micros);
    decimal_add(out, l->micros, 6, (int)s->exponent);
    buf_str(out, "\r\n");
}

void statement_csv(struct buf *out, struct span payload, struct span lines)
{
    struct statement_line line = {0};
    struct statement s;

    if (statement_read(payload, &s) != ERR_OK)
        return;
    buf_str(
        out,
        "statement,contract,kind,index,lead,lead_at,status,reason,share_from,share_to,clicks,impressions,all_clicks,"
        "all_impressions,currency,micros,amount\r\n");
    while (statement_line_next(&lines, &line))
        row(out, &s, &line);
    statement_close(&s);
}
