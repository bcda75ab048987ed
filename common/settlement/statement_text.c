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
