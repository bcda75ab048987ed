/* The body of a call, of the fields of a form. */
#include "common/base/ascii.h"
#include "common/base/json_read.h"
#include "common/base/mem.h"
#include "common/base/money.h"
#include "common/base/text.h"
#include "common/base/when.h"
#include "server/pages/act.h"

enum { LONGEST = 64, INTEGER_DIGITS = 15 };

static json_t *text_json(struct span s)
{
    return json_stringn(s.len > 0 ? s.ptr : "", s.len);
}

/* Lines of a form end with two bytes, wherever they were typed. */
static json_t *lines_json(struct span s)
{
    struct buf b;
    buf_heap(&b);
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] != '\r' || i + 1 == s.len || s.ptr[i + 1] != '\n')
            buf_byte(&b, (uint8_t)s.ptr[i]);
    json_t *text = text_json(buf_span(&b));
    buf_free(&b);
    return text;
}

static enum err read_integer(const struct act_field *row, struct span text, json_t **out, struct problem *p)
{
    bool minus = text.len > 0 && text.ptr[0] == '-';
    const struct span digits = span_skip(text, minus);
    int64_t n = 0;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.ptr[i] < '0' || digits.ptr[i] > '9' || digits.len > INTEGER_DIGITS)
            return problem(p, ERR_INVALID, row->member, "must be a whole number in digits, such as 1000");
        n = 10 * n + (digits.ptr[i] - '0');
    }
    if (digits.len == 0)
        return problem(p, ERR_INVALID, row->member, "must be a whole number in digits, such as 1000");
    *out = json_integer(minus ? -n : n);
    return ERR_OK;
}

/* A comma is a decimal one, and taken where it can be no other: 1,234 is one thing here and another there. */
static enum err read_money(const struct act_field *row, struct span text, json_t **out, struct problem *p)
{
    char plain[LONGEST];
    const char *comma = memchr(text.ptr, ',', text.len);
    size_t before = comma != NULL ? (size_t)(comma - text.ptr) : 0, behind = comma != NULL ? text.len - before - 1 : 0;
    int64_t micros;
    if (comma != NULL && behind == 3 && !(before == 1 && text.ptr[0] == '0'))
        return problem(p, ERR_INVALID, row->member,
                       "may be two amounts: write a point before the decimals, and nothing between thousands");
    if (text.len < sizeof plain)
        memcpy(plain, text.ptr, text.len);
    if (comma != NULL && before < sizeof plain)
        plain[before] = '.';
    if (text.len >= sizeof plain || money_parse(span_of(plain, text.len), &micros) != ERR_OK)
        return problem(p, ERR_INVALID, row->member, "must be an amount such as 12.50, with at most 6 decimals");
    *out = json_integer(micros);
    return ERR_OK;
}

/* Without a zone it is of UTC, to the second. */
static enum err read_time(const struct act_field *row, struct span text, json_t **out, struct problem *p)
{
    char mem[LONGEST];
    int64_t ms;
    int len = snprintf(mem, sizeof mem, "%.*s%s", (int)(text.len < LONGEST ? text.len : LONGEST), text.ptr,
                       text.len == 10   ? "T00:00:00Z"
                       : text.len == 16 ? ":00Z"
                       : text.len == 19 ? "Z"
                                        : "");
    if (len >= LONGEST || time_parse(span_of(mem, (size_t)len), &ms) != ERR_OK)
        return problem(p, ERR_INVALID, row->member, "must be a day or time such as 2027-01-31 or 2027-01-31T12:00");
    *out = json_stringn(mem, (size_t)len);
    return ERR_OK;
}

static enum err read_value(const struct act_field *row, struct span text, json_t **out, struct problem *p)
{
    json_t *around = NULL;
    struct buf b;
    buf_heap(&b);
    buf_str(&b, "{\"v\":");
    buf_span_add(&b, text);
    buf_byte(&b, '}');
    enum err err = json_read(buf_span(&b), &around, NULL);
    if (err == ERR_OK && json_object_size(around) == 1)
        *out = json_incref(json_object_get(around, "v"));
    else
        err = problem(p, ERR_INVALID, row->member, "must be a JSON value: look at its quotes, commas and brackets");
    json_decref(around);
    buf_free(&b);
    return err;
}

static void add_list(const struct act_field *row, const struct form *f, json_t *list)
{
    for (size_t i = 0; i < f->n; i++) {
        struct span rest = span_is(f->field[i].name, row->name) ? f->field[i].value : SPAN("");
        while (rest.len > 0) {
            size_t n = 0;
            while (n < rest.len && rest.ptr[n] != '\n' && rest.ptr[n] != ',')
                n++;
            struct span one = text_strip(span_of(rest.ptr, n));
            if (!span_empty(one))
                json_array_append_new(list, text_json(one));
            rest = span_skip(rest, n < rest.len ? n + 1 : n);
        }
    }
}

/* *out NULL: it is left out. */
static enum err read_field(const struct act_field *row, const struct form *f, json_t **out, struct problem *p)
{
    const struct span raw = form_value(f, row->name), text = text_strip(raw);
    *out = NULL;
    if (row->type == ACT_SWITCH) {
        *out = json_boolean(!span_empty(text) && !span_is(text, "false"));
        return ERR_OK;
    }
    if (row->type == ACT_LIST) {
        json_t *list = json_array();
        add_list(row, f, list);
        if (json_array_size(list) > 0 || row->always)
            *out = list;
        else
            json_decref(list);
        return ERR_OK;
    }
    if (span_empty(text) && !row->always)
        return ERR_OK;
    switch (row->type) {
    case ACT_INTEGER:
        return read_integer(row, text, out, p);
    case ACT_MONEY:
        return read_money(row, text, out, p);
    case ACT_TIME:
        return read_time(row, text, out, p);
    case ACT_JSON:
        return read_value(row, text, out, p);
    default:
        *out = lines_json(raw);
        return ERR_OK;
    }
}

/* Takes the value over. Objects on the way come to be. */
static void place(json_t *at, const char *member, json_t *value)
{
    const char *dot = strchr(member, '.');
    char name[LONGEST];
    if (dot == NULL) {
        json_object_set_new(at, member, value);
        return;
    }
    snprintf(name, sizeof name, "%.*s", (int)(dot - member), member);
    if (!json_is_object(json_object_get(at, name)))
        json_object_set_new(at, name, json_object());
    place(json_object_get(at, name), dot + 1, value);
}

enum err act_body(const struct act *a, const struct form *f, struct arena *arena, struct span *out, struct problem *p)
{
    json_t *body = json_object(), *value;
    enum err err = ERR_OK;
    for (const struct act_field *row = a->fields; row != NULL && row->name != NULL && err == ERR_OK; row++) {
        err = read_field(row, f, &value, p);
        if (err == ERR_OK && value != NULL)
            place(body, row->member, value);
    }
    if (err == ERR_OK && a->more != NULL)
        a->more(f, body);
    if (err == ERR_OK) {
        char *text = json_dumps(body, JSON_COMPACT);
        *out = arena_copy(arena, span_str(text));
        free(text);
    }
    json_decref(body);
    return err;
}
