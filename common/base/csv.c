#include "common/base/csv.h"

#include <string.h>

#include "common/base/unicode.h"
#include "common/base/utf8.h"

void csv_open(struct csv *c, struct span text)
{
    *c = (struct csv){.rest = span_starts(text, CSV_BOM) ? span_skip(text, sizeof CSV_BOM - 1) : text, .mark = ','};
}

/* The length of the line end that s begins with; 0: of none. */
static size_t line_end(struct span s)
{
    return s.len > 0 && s.ptr[0] == '\n' ? 1 : s.len > 1 && s.ptr[0] == '\r' && s.ptr[1] == '\n' ? 2 : 0;
}

/* The length of the field that s begins with, with its quotes. */
static enum err take_field(struct csv *c, size_t *len, const char **what)
{
    struct span s = c->rest;
    bool quoted = s.len > 0 && s.ptr[0] == '"';
    size_t i = quoted;
    for (; i < s.len; i++) {
        if (quoted && s.ptr[i] == '"' && i + 1 < s.len && s.ptr[i + 1] == '"')
            i++;
        else if (quoted && s.ptr[i] == '"')
            break;
        else if (!quoted && (s.ptr[i] == c->mark || s.ptr[i] == '\n' || s.ptr[i] == '\r' || s.ptr[i] == '"'))
            break;
        c->lines += s.ptr[i] == '\n';
    }
    if (quoted && i == s.len) {
        *what = "a quote is not closed";
        return ERR_MALFORMED;
    }
    i += quoted;
    struct span after = span_skip(s, i);
    if (after.len > 0 && after.ptr[0] != c->mark && line_end(after) == 0) {
        *what = after.ptr[0] == '\r' ? "a CR stands without its LF"
                : quoted             ? "something stands behind a closing quote"
                                     : "a quote stands within a field that has none around it";
        return ERR_MALFORMED;
    }
    *len = i;
    return ERR_OK;
}

enum err csv_next(struct csv *c, struct span *field, size_t max, size_t *n, const char **what)
{
    size_t len = 0, end;
    while ((end = line_end(c->rest)) > 0) {
        c->rest = span_skip(c->rest, end);
        c->lines++;
    }
    *n = 0;
    if (c->rest.len == 0)
        return ERR_NOT_FOUND;
    c->line = c->lines + 1;
    for (;;) {
        enum err err = take_field(c, &len, what);
        if (err != ERR_OK)
            return err;
        if (*n == max)
            return ERR_TOO_LARGE;
        field[(*n)++] = span_of(c->rest.ptr, len);
        c->rest = span_skip(c->rest, len);
        if (c->rest.len == 0)
            return ERR_OK;
        end = line_end(c->rest);
        c->rest = span_skip(c->rest, end > 0 ? end : 1);
        c->lines += end > 0;
        if (end > 0)
            return ERR_OK;
    }
}

struct span csv_field(struct span raw, struct buf *mem)
{
    if (raw.len < 2 || raw.ptr[0] != '"')
        return raw;
    struct span inner = span_of(raw.ptr + 1, raw.len - 2);
    if (memchr(inner.ptr, '"', inner.len) == NULL)
        return inner;
    for (size_t i = 0; i < inner.len; i++) {
        buf_byte(mem, (uint8_t)inner.ptr[i]);
        i += inner.ptr[i] == '"'; /* the second of two */
    }
    return buf_span(mem);
}

/* ---- formulas ---- */

/* Some spreadsheets drop blanks in front. A tab, CR or LF is none: what stands behind it is looked at by itself. */
static struct span behind_blanks(struct span s)
{
    struct span rest = s;
    uint32_t c;
    while (rest.len > 0 && strchr("\t\r\n", rest.ptr[0]) == NULL && utf8_take(&rest, &c) && unicode_blank(c))
        s = rest;
    return s;
}

/* What a spreadsheet runs begins with one of these, perhaps behind blanks; fullwidth ones count where the system's
 * input method has them. */
static bool begins_formula(struct span s)
{
    static const char *const marks[] = {
        "=", "+", "-", "@", "\t", "\r", "\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0"};
    s = behind_blanks(s);
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (span_starts(s, marks[i]))
            return true;
    return false;
}

/* Apostrophes before a formula count too: each is led by one more, so that the first can be taken off again. */
static bool begins_guarded(struct span s)
{
    while (s.len > 0 && s.ptr[0] == '\'')
        s = span_skip(s, 1);
    return begins_formula(s);
}

/* Whether another reader of this table may take what stands behind c for the start of a cell. */
static bool may_divide(char c)
{
    return c == ';' || c == ',' || c == '\t' || c == '|' || c == '"' || c == '\r' || c == '\n';
}

void csv_cell(struct buf *out, struct span s, char mark)
{
    bool quoted = false, starts = true;
    for (size_t i = 0; i < s.len; i++)
        quoted |= s.ptr[i] == ',' || s.ptr[i] == mark || s.ptr[i] == '"' || s.ptr[i] == '\r' || s.ptr[i] == '\n';
    if (quoted)
        buf_byte(out, '"');
    for (size_t i = 0; i < s.len; i++) {
        if (starts && begins_guarded(span_skip(s, i)))
            buf_byte(out, '\'');
        if (s.ptr[i] == '"')
            buf_byte(out, '"');
        struct span shown;
        size_t n = utf8_seen(span_skip(s, i), &shown);
        buf_span_add(out, shown);
        starts = may_divide(s.ptr[i]);
        i += n - 1;
    }
    if (quoted)
        buf_byte(out, '"');
    buf_byte(out, (uint8_t)mark);
}

struct span csv_unguarded(struct span s, struct buf *mem)
{
    bool starts = true;
    size_t from = mem->len;
    if (s.len == 0 || memchr(s.ptr, '\'', s.len) == NULL)
        return s;
    for (size_t i = 0; i < s.len; i++) {
        if (!(starts && s.ptr[i] == '\'' && begins_guarded(span_skip(s, i + 1))))
            buf_byte(mem, (uint8_t)s.ptr[i]);
        starts = may_divide(s.ptr[i]);
    }
    return span_of(mem->ptr + from, mem->len - from);
}
