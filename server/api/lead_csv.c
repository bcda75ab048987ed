#include "server/api/lead_csv.h"

#include "common/base/csv.h"
#include "common/base/money.h"

/* Where a cell comes from: a member of the lead, of its contact, or of its facts; reasons of a score in words. */
enum from { LEAD, CONTACT, FACTS, WHY, NUMBER, MONEY };
static const struct {
    const char *column, *member;
    enum from from;
} columns[] = {
    {"at", "at", LEAD},
    {"contract", "contract", LEAD},
    {"campaign", "campaign", LEAD},
    {"lead", "lead", LEAD},
    {"index", "index", NUMBER},
    {"status", "status", LEAD},
    {"reason", "reason", LEAD},
    {"payout", "payout_micros", MONEY},
    {"currency", "currency", LEAD},
    {"sender", "sender", LEAD},
    {"txid", "txid", LEAD},
    {"trust", "trust", LEAD},
    {"email", "email", CONTACT},
    {"phone", "phone", CONTACT},
    {"first_name", "first_name", CONTACT},
    {"last_name", "last_name", CONTACT},
    {"country", "country", FACTS},
    {"sub1", "sub1", LEAD},
    {"sub2", "sub2", LEAD},
    {"sub3", "sub3", LEAD},
    {"sub4", "sub4", LEAD},
    {"sub5", "sub5", LEAD},
    {"click_at", "click_at", LEAD},
    {"code", "code", LEAD},
    {"note", "note", LEAD},
    {"updated_at", "updated_at", LEAD},
    {"score", "score", NUMBER},
    {"score_high", "score_high", NUMBER},
    {"score_why", "score_why", WHY},
};
enum { COLUMNS = sizeof columns / sizeof *columns };

static void end_line(struct buf *out)
{
    out->len--; /* the last comma */
    buf_str(out, "\r\n");
}

void lead_csv_head(struct buf *out)
{
    buf_str(out, CSV_BOM);
    for (size_t i = 0; i < COLUMNS; i++)
        csv_cell(out, span_str(columns[i].column), ',');
    end_line(out);
}

static struct span text_in(const json_t *object, const char *member)
{
    const json_t *v = json_object_get(object, member);
    return json_is_string(v) ? span_of(json_string_value(v), json_string_length(v)) : SPAN("");
}

/* Empty where there is none. */
static struct span number_in(const json_t *lead, size_t i, struct buf *mem)
{
    const json_t *number = json_object_get(lead, columns[i].member);
    int64_t n = json_integer_value(number);
    if (!json_is_integer(number))
        return SPAN("");
    if (columns[i].from == NUMBER)
        buf_i64(mem, n);
    else
        micros_add(mem, n, text_in(lead, "currency"));
    return buf_span(mem);
}

/* No cell that begins with a sign. */
void lead_why(struct buf *out, const json_t *why)
{
    const size_t start = out->len;
    static const struct {
        char sign;
        const char *word;
    } ways[] = {{'+', "helped: "}, {'-', "hurt: "}};
    const json_t *part;
    size_t i;
    for (size_t way = 0; way < sizeof ways / sizeof *ways; way++) {
        size_t n = 0;
        json_array_foreach(why, i, part)
        {
            const char *name = json_string_value(part);
            if (name == NULL || name[0] != ways[way].sign)
                continue;
            buf_str(out, n++ > 0 ? ", " : out->len > start ? "; " : "");
            buf_str(out, n == 1 ? ways[way].word : "");
            buf_str(out, name + 1);
        }
    }
}

static struct span why_words(const json_t *why, struct buf *text)
{
    lead_why(text, why);
    return text->failed ? SPAN("") : buf_span(text);
}

void lead_csv(struct buf *out, const json_t *lead)
{
    enum { WORDS_CAP = 512 };
    for (size_t i = 0; i < COLUMNS; i++) {
        char mem[WORDS_CAP];
        struct buf own;
        enum from from = columns[i].from;
        const json_t *in = from == CONTACT ? json_object_get(lead, "contact")
                           : from == FACTS ? json_object_get(lead, "facts")
                                           : lead;
        buf_fixed(&own, mem, sizeof mem);
        csv_cell(out,
                 from == WHY      ? why_words(json_object_get(lead, columns[i].member), &own)
                 : from >= NUMBER ? number_in(lead, i, &own)
                                  : text_in(in, columns[i].member),
                 ',');
    }
    end_line(out);
}
