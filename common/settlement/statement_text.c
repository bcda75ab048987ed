#include "common/settlement/statement_text.h"

#include <assert.h>

#include "common/base/text.h"

static struct span text(const json_t *obj, const char *key)
{
    const json_t *v = json_object_get(obj, key);
    return json_is_string(v) ? span_of(json_string_value(v), json_string_length(v)) : SPAN("");
}

static int64_t number(const json_t *obj, const char *key)
{
    return json_integer_value(json_object_get(obj, key));
}

bool statement_line_next(struct span *rest, struct statement_line *line)
{
    struct span after = *rest, text_line;
    json_t *json = NULL;

    json_decref(line->json);
    *line = (struct statement_line){0};
    if (!text_cut(&after, '\n', &text_line) || json_read(text_line, &json, NULL) != ERR_OK)
        return false;
    *rest = after;
    *line = (struct statement_line){
        .kind = text(json, "kind"),
        .lead_at = text(json, "lead_at"),
        .status = text(json, "status"),
        .reason = text(json, span_is(text(json, "kind"), "adjustment") ? "text" : "reason"),
        .index = number(json, "index"),
        .lead = number(json, "lead"),
        .micros = number(json, "micros"),
        .share_from = number(json, "share_from"),
        .share_to = number(json, "share_to"),
        .clicks = number(json, "clicks"),
        .impressions = number(json, "impressions"),
        .all_clicks = number(json, "all_clicks"),
        .all_impressions = number(json, "all_impressions"),
        .click_micros = number(json, "click_micros"),
        .impression_micros = number(json, "impression_micros"),
        .json = json,
    };
    line->traffic = span_is(line->kind, "traffic");
    return true;
}

void decimal_add(struct buf *out, int64_t value, int decimals, int least)
{
    char digits[24];
    int n = 0;
    uint64_t v = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    assert(least >= 0 && least <= decimals && decimals <= 9);
    for (; v || n <= decimals; v /= 10)
        digits[n++] = (char)('0' + v % 10);
    int last = 0; /* the least significant digit to be printed */
    while (last < decimals - least && digits[last] == '0')
        last++;
    if (value < 0)
        buf_byte(out, '-');
    for (int i = n - 1; i >= last; i--) {
        if (i == decimals - 1)
            buf_byte(out, '.');
        buf_byte(out, (uint8_t)digits[i]);
    }
}
