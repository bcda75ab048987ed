#include "common/reconcile/sheet.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "common/base/ascii.h"
#include "common/base/text.h"
#include "common/base/utf8.h"

static const char marks[] = {';', ',', '\t', '|'};

enum err sheet_problem(const struct sheet *s, struct problem *p, struct span column, const char *fmt, ...)
{
    char detail[sizeof p->detail];
    va_list args;
    va_start(args, fmt);
    vsnprintf(detail, sizeof detail, fmt, args);
    va_end(args);
    struct span name = utf8_cut(column, 60);
    char field[sizeof p->field];
    if (name.len > 0)
        snprintf(field, sizeof field, "%s %" PRIu64 ", %.*s", s->json ? "row" : "line", s->number, (int)name.len,
                 name.ptr);
    else
        snprintf(field, sizeof field, "%s %" PRIu64, s->json ? "row" : "line", s->number);
    return problem_foreign(p, problem(p, ERR_MALFORMED, field, "%s", detail));
}

/* ---- characters ---- */

static void add_character(struct buf *out, uint32_t c)
{
    if (c < 0x80) {
        buf_byte(out, (uint8_t)c);
    } else if (c < 0x800) {
        buf_byte(out, (uint8_t)(0xc0 | c >> 6));
        buf_byte(out, (uint8_t)(0x80 | (c & 63)));
    } else if (c < 0x10000) {
        buf_byte(out, (uint8_t)(0xe0 | c >> 12));
        buf_byte(out, (uint8_t)(0x80 | (c >> 6 & 63)));
        buf_byte(out, (uint8_t)(0x80 | (c & 63)));
    } else {
        buf_byte(out, (uint8_t)(0xf0 | c >> 18));
        buf_byte(out, (uint8_t)(0x80 | (c >> 12 & 63)));
        buf_byte(out, (uint8_t)(0x80 | (c >> 6 & 63)));
        buf_byte(out, (uint8_t)(0x80 | (c & 63)));
    }
}

/* A half pair stays what it is, which is no UTF-8 then: the check behind this names its line. */
static void convert(struct buf *out, struct span s, bool little)
{
    const uint8_t *b = (const uint8_t *)s.ptr;
    for (size_t i = 0; i + 1 < s.len; i += 2) {
        uint32_t c = little ? (uint32_t)(b[i + 1] << 8 | b[i]) : (uint32_t)(b[i] << 8 | b[i + 1]);
        if (c >= 0xd800 && c < 0xdc00 && i + 3 < s.len) {
            uint32_t d = little ? (uint32_t)(b[i + 3] << 8 | b[i + 2]) : (uint32_t)(b[i + 2] << 8 | b[i + 3]);
            if (d >= 0xdc00 && d < 0xe000) {
                c = 0x10000 + ((c - 0xd800) << 10) + (d - 0xdc00);
                i += 2;
            }
        }
        if (i > 0 || c != 0xfeff)
            add_character(out, c);
    }
}

/* By its byte order mark, or since every other byte of the first few is zero. */
static bool is_utf16(struct span s, bool *little)
{
    const uint8_t *b = (const uint8_t *)s.ptr;
    if (s.len < 4)
        return false;
    *little = b[1] == 0 || (b[0] == 0xff && b[1] == 0xfe);
    return (b[0] == 0xff && b[1] == 0xfe) || (b[0] == 0xfe && b[1] == 0xff) ||
           (b[0] == 0 && b[2] == 0 && b[1] && b[3]) || (b[1] == 0 && b[3] == 0 && b[0] && b[2]);
}

/* Which line holds what is no text. */
static enum err check_text(struct sheet *s, struct problem *p)
{
    struct span rest = s->text, line;
    if (utf8_valid(s->text))
        return ERR_OK;
    bool json = s->json;
    s->json = false; /* lines are counted, whatever stands in them */
    s->number = 0;
    do {
        line = text_take(&rest, '\n');
        s->number++;
    } while (utf8_valid(line) && rest.len > 0);
    bool nul = memchr(line.ptr, '\0', line.len) != NULL;
    enum err err = nul ? sheet_problem(s, p, SPAN(""), "holds a NUL byte: this is no text; export it as CSV in UTF-8")
                       : sheet_problem(s, p, SPAN(""),
                                       "is not UTF-8: save the file as \"CSV UTF-8\" (or in UTF-16), not in the "
                                       "system's own characters");
    s->json = json;
    return err;
}

/* ---- CSV ---- */

/* The mark that the first line has most of, outside quotes. */
static char find_mark(struct span text)
{
    size_t n[sizeof marks] = {0}, best = 1;
    bool quoted = false;
    for (size_t i = 0; i < text.len && (quoted || text.ptr[i] != '\n'); i++) {
        quoted ^= text.ptr[i] == '"';
        for (size_t k = 0; k < sizeof marks && !quoted; k++)
            n[k] += text.ptr[i] == marks[k];
    }
    for (size_t k = 0; k < sizeof marks; k++)
        if (n[k] > n[best])
            best = k;
    return marks[best];
}

/* Excel's own first line, "sep=;". */
static bool take_sep(struct sheet *s, struct span *text)
{
    struct span rest = *text, line = text_trim(text_take(&rest, '\n'), "\r");
    if (!ascii_starts(line, "sep=") || line.len != 5)
        return false;
    s->mark = line.ptr[4];
    *text = rest;
    return true;
}

static enum err take_record(struct sheet *s, struct problem *p)
{
    const char *what = "";
    struct span before = s->csv.rest;
    enum err err = csv_next(&s->csv, s->cell, SHEET_COLUMNS, &s->n_cells, &what);
    if (err == ERR_NOT_FOUND)
        return err;
    s->number = s->csv.line;
    if (err == ERR_TOO_LARGE)
        return sheet_problem(s, p, SPAN(""), "has more than %d cells: leave out columns that are not needed",
                             SHEET_COLUMNS);
    if (err != ERR_OK)
        return sheet_problem(s, p, SPAN(""), "is not CSV: %s (cells are divided by \"%c\" here)", what, s->mark);
    size_t len = before.len - s->csv.rest.len;
    if (len > SHEET_RECORD)
        return sheet_problem(s, p, SPAN(""), "is longer than %d bytes: does each row end with its line?", SHEET_RECORD);
    s->offset = (size_t)(s->cell[0].ptr - s->text.ptr);
    return ERR_OK;
}

static enum err open_csv(struct sheet *s, struct problem *p)
{
    struct span text = s->text;
    bool told = take_sep(s, &text);
    if (!told)
        s->mark = find_mark(text);
    csv_open(&s->csv, text);
    s->csv.mark = s->mark;
    s->csv.lines = told;
    enum err err = take_record(s, p);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? problem(p, ERR_MALFORMED, "", "holds no rows: its first line must name columns")
                                    : err;
    s->n_columns = s->n_cells;
    buf_room(&s->names, SHEET_RECORD); /* so that names do not move */
    for (size_t i = 0; i < s->n_columns; i++) {
        buf_clear(&s->mem);
        struct span name = text_strip(csv_field(s->cell[i], &s->mem));
        s->name[i] = span_of(s->names.ptr + s->names.len, name.len);
        buf_span_add(&s->names, name);
    }
    s->body = s->csv.rest;
    s->header_lines = s->csv.lines;
    return ERR_OK;
}

/* ---- JSON ---- */

static enum err take_object(struct sheet *s, struct problem *p)
{
    struct span element;
    struct problem inner = {0};
    json_decref(s->object);
    s->object = NULL;
    enum err err = json_rows_next(&s->rows, &element);
    if (err == ERR_NOT_FOUND)
        return err;
    s->number++;
    if (err != ERR_OK)
        return sheet_problem(s, p, SPAN(""), "is followed by what is no further object of the array");
    if (element.len > SHEET_RECORD)
        return sheet_problem(s, p, SPAN(""), "is longer than %d bytes", SHEET_RECORD);
    s->offset = (size_t)(element.ptr - s->text.ptr);
    if (json_read_texts(element, &s->object, &inner) != ERR_OK)
        return sheet_problem(s, p, SPAN(""), "%s%s%s", inner.field, inner.field[0] != '\0' ? " " : "", inner.detail);
    return ERR_OK;
}

static bool knows(const struct sheet *s, struct span name)
{
    for (size_t i = 0; i < s->n_columns; i++)
        if (span_eq(s->name[i], name))
            return true;
    return false;
}

/* Each name of any object, in the order in which they appear. */
static enum err open_json(struct sheet *s, struct problem *p)
{
    const char *key;
    json_t *value;
    enum err err;
    s->body = s->text;
    sheet_rewind(s);
    static const size_t names_most = (size_t)SHEET_COLUMNS * 256;
    buf_room(&s->names, names_most); /* so that names do not move */
    while ((err = take_object(s, p)) == ERR_OK)
        json_object_foreach(s->object, key, value)
        {
            struct span name = span_str(key);
            if (knows(s, name))
                continue;
            if (s->n_columns == SHEET_COLUMNS)
                return sheet_problem(s, p, SPAN(""), "brings more than %d names: leave out what is not needed",
                                     SHEET_COLUMNS);
            if (name.len > 255)
                return sheet_problem(s, p, SPAN(""), "has a member whose name is longer than 255 bytes");
            s->name[s->n_columns++] = span_of(s->names.ptr + s->names.len, name.len);
            buf_span_add(&s->names, name);
        }
    if (err != ERR_NOT_FOUND)
        return err;
    s->none = s->number == 0;
    sheet_rewind(s);
    return ERR_OK;
}

/* ---- both ---- */

enum err sheet_open(struct sheet *s, struct span bytes, struct problem *p)
{
    bool little;
    *s = (struct sheet){.text = bytes};
    buf_heap(&s->converted);
    buf_heap(&s->names);
    buf_heap(&s->mem);
    if (is_utf16(bytes, &little)) {
        convert(&s->converted, bytes, little);
        s->text = buf_span(&s->converted);
    }
    s->text = json_text(s->text);
    struct span first = text_trim(s->text, TYPED_BLANKS);
    enum err err;
    if (first.len == 0)
        err = problem(p, ERR_MALFORMED, "", "holds no rows");
    else if (first.ptr[0] == '{')
        err = problem(p, ERR_MALFORMED, "", "must be an array of objects, one a row: put [ and ] around it");
    else {
        s->json = first.ptr[0] == '[';
        err = check_text(s, p);
        if (err == ERR_OK)
            err = s->json ? open_json(s, p) : open_csv(s, p);
    }
    if (err != ERR_OK)
        sheet_close(s);
    return err;
}

void sheet_close(struct sheet *s)
{
    json_decref(s->object);
    s->object = NULL;
    buf_free(&s->converted);
    buf_free(&s->names);
    buf_free(&s->mem);
}

void sheet_rewind(struct sheet *s)
{
    s->number = 0;
    if (s->json) {
        bool array = json_rows_open(&s->rows, s->text);
        (void)array; /* seen at the start */
        return;
    }
    s->csv.rest = s->body;
    s->csv.lines = s->header_lines;
}

enum err sheet_next(struct sheet *s, struct problem *p)
{
    if (s->json)
        return take_object(s, p);
    enum err err = take_record(s, p);
    if (err == ERR_OK && s->n_cells > s->n_columns)
        return sheet_problem(s, p, SPAN(""),
                             "has %zu cells, and the first line names %zu columns: put quotes around a cell that holds "
                             "\"%c\"",
                             s->n_cells, s->n_columns, s->mark);
    return err;
}

static enum err json_cell(struct sheet *s, size_t column, struct span *out, struct problem *p)
{
    char name[256];
    memcpy(name, s->name[column].ptr, s->name[column].len);
    name[s->name[column].len] = '\0';
    const json_t *v = json_object_get(s->object, name);
    if (v == NULL || json_is_null(v))
        *out = SPAN("");
    else if (json_is_string(v))
        *out = text_strip(span_of(json_string_value(v), json_string_length(v)));
    else if (json_is_boolean(v))
        *out = json_is_true(v) ? SPAN("true") : SPAN("false");
    else
        return sheet_problem(s, p, s->name[column], "must be a text or a number, no object or list");
    return ERR_OK;
}

enum err sheet_cell(struct sheet *s, size_t column, struct span *out, struct problem *p)
{
    if (s->json)
        return json_cell(s, column, out, p);
    *out = SPAN("");
    if (column >= s->n_cells)
        return ERR_OK;
    buf_clear(&s->mem);
    buf_room(&s->mem, 2 * s->cell[column].len); /* so that what is in it does not move */
    *out = csv_unguarded(text_strip(csv_field(s->cell[column], &s->mem)), &s->mem);
    return ERR_OK;
}

enum err sheet_at(struct sheet *s, size_t offset, uint64_t number, struct problem *p)
{
    if (s->json) {
        s->rows = (struct json_rows){.rest = span_skip(s->text, offset)};
        s->number = number - 1;
        return take_object(s, p);
    }
    s->csv.rest = span_skip(s->text, offset);
    s->csv.lines = (size_t)number - 1;
    return take_record(s, p);
}
