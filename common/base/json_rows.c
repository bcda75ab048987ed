#include "common/base/json_rows.h"

#define BOM "\xef\xbb\xbf"

static void skip_blanks(struct span *s)
{
    while (s->len && (*s->ptr == ' ' || *s->ptr == '\t' || *s->ptr == '\r' || *s->ptr == '\n'))
        *s = span_skip(*s, 1);
}

static bool take(struct span *s, char c)
{
    bool there = s->len > 0 && *s->ptr == c;
    if (there)
        *s = span_skip(*s, 1);
    return there;
}

struct span json_text(struct span text)
{
    return span_starts(text, BOM) ? span_skip(text, sizeof BOM - 1) : text;
}

bool json_rows_open(struct json_rows *r, struct span text)
{
    *r = (struct json_rows){.rest = json_text(text)};
    skip_blanks(&r->rest);
    return take(&r->rest, '[');
}

/* Up to the comma or bracket that ends it: strings are passed over, brackets counted, whatever else it holds. */
static size_t element_len(struct span s)
{
    size_t depth = 0, i = 0;
    for (bool quoted = false; i < s.len; i++) {
        char c = s.ptr[i];
        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (quoted)
            continue;
        else if (c == '[' || c == '{')
            depth++;
        else if (depth == 0 && (c == ',' || c == ']' || c == '}'))
            break;
        else if (c == ']' || c == '}')
            depth--;
    }
    return i < s.len ? i : s.len;
}

enum err json_rows_next(struct json_rows *r, struct span *element)
{
    skip_blanks(&r->rest);
    if (take(&r->rest, ']')) {
        skip_blanks(&r->rest);
        return r->rest.len == 0 ? ERR_NOT_FOUND : ERR_MALFORMED;
    }
    if (r->any && !take(&r->rest, ','))
        return ERR_MALFORMED;
    skip_blanks(&r->rest);
    size_t len = element_len(r->rest);
    if (len == 0 || len == r->rest.len)
        return ERR_MALFORMED;
    *element = span_of(r->rest.ptr, len);
    r->rest = span_skip(r->rest, len);
    r->any = true;
    return ERR_OK;
}
