#include "common/reconcile/values.h"

#include "common/base/ascii.h"
#include "common/base/bytes.h"
#include "common/base/money.h"
#include "common/base/text.h"
#include "common/base/utf8.h"
#include "common/base/when.h"

bool plain_name(struct span name, char out[PLAIN_MAX + 1])
{
    size_t n = 0;
    for (size_t i = 0; i < name.len; i++) {
        if ((unsigned char)name.ptr[i] >= 0x80 || n == PLAIN_MAX)
            return false;
        if (ascii_is_alnum(name.ptr[i]))
            out[n++] = ascii_to_lower(name.ptr[i]);
    }
    out[n] = '\0';
    return true;
}

/* ---- times ---- */

/* A run of at most `max` digits off the front; how many, 0: none or more. */
static size_t take_digits(struct span *s, size_t max, uint64_t *v)
{
    size_t n = 0;
    *v = 0;
    while (n < s->len && ascii_is_digit(s->ptr[n])) {
        if (n == max)
            return 0;
        *v = *v * 10 + (uint64_t)(s->ptr[n++] - '0');
    }
    *s = span_skip(*s, n);
    return n;
}

static bool take_one(struct span *s, const char *of, char *c)
{
    if (s->len == 0 || s->ptr[0] == '\0' || strchr(of, s->ptr[0]) == NULL)
        return false;
    *c = s->ptr[0];
    *s = span_skip(*s, 1);
    return true;
}

/* Three numbers with one mark between them. */
struct three {
    uint64_t n[3];
    size_t len[3];
    char mark;
};

static bool take_three(struct span *s, struct three *t)
{
    char second;
    return (t->len[0] = take_digits(s, 4, &t->n[0])) > 0 && take_one(s, "/.-", &t->mark) &&
           (t->len[1] = take_digits(s, 2, &t->n[1])) > 0 && take_one(s, "/.-", &second) && second == t->mark &&
           (t->len[2] = take_digits(s, 4, &t->n[2])) > 0;
}

static enum date_order order_of(const struct three *t)
{
    if (t->len[0] == 4 || t->len[2] != 4)
        return DATES_UNTOLD;
    if (t->mark == '.' || t->n[0] > 12)
        return DATES_DMY;
    return t->n[1] > 12 ? DATES_MDY : DATES_UNTOLD;
}

enum err bound_read(struct span text, struct bound *out)
{
    struct own_when when;
    enum err err = when_read(text, DATES_UNTOLD, &when);
    if (err != ERR_OK || when.form == WHEN_WALL)
        return ERR_MALFORMED;
    *out = (struct bound){true, when.form == WHEN_DAY, when.ms};
    return ERR_OK;
}

bool bounds_cross(const struct bound *from, const struct bound *to)
{
    const int64_t hour = 3600000;
    if (!from->given || !to->given)
        return false;
    if (from->is_day && to->is_day)
        return from->ms > to->ms;
    int64_t first = from->ms - (from->is_day ? 14 * hour : 0), end = to->ms + (to->is_day ? (24 + 12) * hour : 0);
    return first >= end;
}

enum date_order when_order(struct span cell)
{
    struct three t;
    return take_three(&cell, &t) ? order_of(&t) : DATES_UNTOLD;
}

static enum err day_of(uint64_t year, uint64_t month, uint64_t day, int64_t *ms)
{
    if (year < 2000 || year > 2099 || month < 1 || month > 12 || day < 1)
        return ERR_MALFORMED;
    int64_t days = date_days((int64_t)year, (unsigned)month, (unsigned)day);
    int64_t next = month == 12 ? date_days((int64_t)year + 1, 1, 1) : date_days((int64_t)year, (unsigned)month + 1, 1);
    if (days >= next)
        return ERR_MALFORMED;
    *ms = days * MS_PER_DAY;
    return ERR_OK;
}

static enum err take_date(struct span *s, enum date_order order, int64_t *ms)
{
    struct three t;
    if (!take_three(s, &t))
        return ERR_MALFORMED;
    if (t.len[0] == 4)
        return t.len[2] <= 2 ? day_of(t.n[0], t.n[1], t.n[2], ms) : ERR_MALFORMED;
    if (t.len[0] > 2 || t.len[2] != 4)
        return ERR_MALFORMED;
    enum date_order own = order_of(&t);
    if (own == DATES_UNTOLD && t.n[0] != t.n[1])
        own = order;
    if (own == DATES_UNTOLD && t.n[0] != t.n[1])
        return ERR_CONFLICT;
    return own == DATES_MDY ? day_of(t.n[2], t.n[0], t.n[1], ms) : day_of(t.n[2], t.n[1], t.n[0], ms);
}

/* "13:05", "1:05:09.250 PM" into milliseconds of the day. */
static bool take_clock(struct span *s, int64_t *ms)
{
    uint64_t hour, minute, second = 0, part;
    char c;
    if (take_digits(s, 2, &hour) == 0 || !take_one(s, ":", &c) || take_digits(s, 2, &minute) != 2)
        return false;
    if (take_one(s, ":", &c) && take_digits(s, 2, &second) != 2)
        return false;
    int64_t fraction = 0;
    if (take_one(s, ".,", &c)) {
        size_t n = take_digits(s, 9, &part);
        if (n == 0)
            return false;
        for (; n < 3; n++)
            part *= 10;
        for (; n > 3; n--)
            part /= 10;
        fraction = (int64_t)part;
    }
    struct span rest = text_trim(*s, " ");
    bool am = ascii_starts(rest, "am"), pm = ascii_starts(rest, "pm");
    if (am || pm) {
        if (hour < 1 || hour > 12)
            return false;
        hour = hour % 12 + (pm ? 12 : 0);
        *s = span_skip(rest, 2);
    }
    *ms = (int64_t)(hour * 3600 + minute * 60 + second) * MS_PER_S + fraction;
    return hour < 24 && minute < 60 && second < 60;
}

/* "Z", "UTC", "+01:00", "-0530", "+02"; nothing. False for anything else. */
static bool take_offset(struct span s, bool *there, int64_t *ms)
{
    uint64_t hours, minutes = 0;
    char sign, colon;
    s = text_trim(s, " ");
    *there = s.len > 0;
    *ms = 0;
    if (s.len == 0 || ascii_is(s, "z") || ascii_is(s, "utc") || ascii_is(s, "gmt"))
        return true;
    if (ascii_starts(s, "utc") || ascii_starts(s, "gmt"))
        s = span_skip(s, 3);
    if (!take_one(&s, "+-", &sign))
        return false;
    size_t n = take_digits(&s, 4, &hours);
    if (n == 4) {
        minutes = hours % 100;
        hours /= 100;
    } else if (n == 0 || n > 2 || (take_one(&s, ":", &colon) && take_digits(&s, 2, &minutes) != 2)) {
        return false;
    }
    *ms = (sign == '-' ? -1 : 1) * (int64_t)(hours * 60 + minutes) * 60 * MS_PER_S;
    return s.len == 0 && hours < 24 && minutes < 60;
}

static enum err from_unix(int64_t ms, struct own_when *out)
{
    int64_t year = date_year(ms / MS_PER_DAY);
    if (year < 2000 || year > 2099)
        return ERR_MALFORMED;
    *out = (struct own_when){WHEN_UNIVERSAL, ms};
    return ERR_OK;
}

/* 20261122, 20261122130509, Unix seconds or milliseconds. */
static enum err read_number(struct span s, struct own_when *out)
{
    uint64_t v, clock = 0;
    size_t n = take_digits(&s, 14, &v);
    if (n == 9 || n == 10)
        return from_unix((int64_t)v * MS_PER_S, out);
    if (n == 12 || n == 13)
        return from_unix((int64_t)v, out);
    if (n != 8 && n != 14)
        return ERR_MALFORMED;
    if (n == 14) {
        clock = v % 1000000;
        v /= 1000000;
    }
    enum err err = day_of(v / 10000, v / 100 % 100, v % 100, &out->ms);
    if (err != ERR_OK || clock / 10000 > 23 || clock / 100 % 100 > 59 || clock % 100 > 59)
        return ERR_MALFORMED;
    out->form = n == 8 ? WHEN_DAY : WHEN_WALL;
    out->ms += (int64_t)(clock / 10000 * 3600 + clock / 100 % 100 * 60 + clock % 100) * MS_PER_S;
    return ERR_OK;
}

enum err when_read(struct span cell, enum date_order order, struct own_when *out)
{
    struct span s = cell;
    int64_t day_ms, of_day_ms, offset_ms;
    bool there;
    *out = (struct own_when){WHEN_NONE, 0};
    if (ascii_all_digits(cell) && cell.len > 0)
        return read_number(cell, out);
    enum err err = take_date(&s, order, &day_ms);
    if (err != ERR_OK)
        return err;
    if (s.len == 0) {
        *out = (struct own_when){WHEN_DAY, day_ms};
        return ERR_OK;
    }
    if (s.ptr[0] != 'T' && s.ptr[0] != 't' && s.ptr[0] != ' ' && s.ptr[0] != ',')
        return ERR_MALFORMED;
    s = text_trim(span_skip(s, 1), " ");
    if (!take_clock(&s, &of_day_ms) || !take_offset(s, &there, &offset_ms))
        return ERR_MALFORMED;
    *out = (struct own_when){there ? WHEN_UNIVERSAL : WHEN_WALL, day_ms + of_day_ms - offset_ms};
    return ERR_OK;
}

/* ---- amounts ---- */

enum { AMOUNT_MAX = 64, DECIMALS = 6 };

/* A number taken to its digits and marks; blanks and apostrophes between digits, which divide thousands, are gone. */
struct amount {
    bool minus;
    char text[AMOUNT_MAX];
    size_t len;
    struct span code;
};

static bool is_letter(char c)
{
    return ascii_is_alnum(c) && !ascii_is_digit(c);
}

/* Takes "EUR", a sign of money, or nothing off one end. */
static void take_code(struct span *s, bool back, struct span *code)
{
    struct span rest = *s;
    uint32_t c;
    const char *three = back && s->len > 3 ? s->ptr + s->len - 3 : s->ptr;
    if (s->len > 3 && is_letter(three[0]) && is_letter(three[1]) && is_letter(three[2])) {
        *code = span_of(three, 3);
        *s = back ? span_of(s->ptr, s->len - 3) : span_skip(*s, 3);
    } else if ((back ? utf8_take_last(&rest, &c) : utf8_take(&rest, &c)) &&
               (c == '$' || c == 0x20ac || c == 0xa3 || c == 0xa5)) { /* dollars, euro, pounds, yen */
        *s = rest;
    }
    *s = text_strip(*s);
}

static bool take_minus(struct span *s, bool back)
{
    struct span rest = *s;
    uint32_t c;
    if (!(back ? utf8_take_last(&rest, &c) : utf8_take(&rest, &c)) || (c != '-' && c != 0x2212))
        return false;
    *s = text_strip(rest);
    return true;
}

static bool take_apart(struct span cell, struct amount *a)
{
    struct span s = text_strip(cell);
    uint32_t c;
    *a = (struct amount){.code = SPAN("")};
    if (s.len > 2 && s.ptr[0] == '(' && s.ptr[s.len - 1] == ')') {
        a->minus = true;
        s = text_strip(span_of(s.ptr + 1, s.len - 2));
    }
    for (int i = 0; i < 4; i++) { /* "-EUR 8", "EUR -8", "8 EUR-" */
        a->minus |= !a->minus && take_minus(&s, i >= 2);
        take_code(&s, i >= 2, &a->code);
    }
    if (s.len > 0 && s.ptr[0] == '+' && !a->minus)
        s = span_skip(s, 1);
    while (utf8_take(&s, &c)) {
        bool blank = c == ' ' || c == '\'' || c == 0xa0 || c == 0x2009 || c == 0x202f || c == 0x2019;
        if (blank && a->len > 0)
            continue;
        if (c >= 0x80 || !(ascii_is_digit((char)c) || c == '.' || c == ',') || a->len == AMOUNT_MAX)
            return false;
        a->text[a->len++] = (char)c;
    }
    return s.len == 0 && a->len > 0 && ascii_is_digit(a->text[a->len - 1]);
}

static size_t count(const struct amount *a, char c, size_t *last)
{
    size_t n = 0;
    for (size_t i = 0; i < a->len; i++)
        if (a->text[i] == c) {
            n++;
            *last = i;
        }
    return n;
}

/* Which of its marks divides decimals: '.' or ','; 0: none does; '?': it may be either. */
static char decimal_of(const struct amount *a)
{
    size_t point = 0, comma = 0;
    size_t points = count(a, '.', &point), commas = count(a, ',', &comma);
    if (points > 0 && commas > 0)
        return point > comma ? '.' : ',';
    if (points + commas != 1)
        return 0;
    size_t at = points ? point : comma;
    bool thousands = a->len - at - 1 == 3 && at >= 1 && at <= 3 && a->text[0] != '0';
    return thousands ? '?' : points ? '.' : ',';
}

enum decimal_mark amount_mark(struct span cell)
{
    struct amount a;
    char mark = take_apart(cell, &a) ? decimal_of(&a) : 0;
    size_t last = 0;
    if (mark == 0 && a.len > 0 && count(&a, '.', &last) > 1) /* "1.234.567" */
        return DECIMAL_COMMA;
    if (mark == 0 && a.len > 0 && count(&a, ',', &last) > 1)
        return DECIMAL_POINT;
    return mark == '.' ? DECIMAL_POINT : mark == ',' ? DECIMAL_COMMA : DECIMAL_UNTOLD;
}

static enum err sum_up(const struct amount *a, char decimal, int64_t *micros)
{
    int64_t whole = 0, part = 0;
    size_t decimals = 0, group = 0;
    bool behind = false, grouped = false;
    for (size_t i = 0; i < a->len; i++) {
        char c = a->text[i];
        if (!ascii_is_digit(c)) {
            if (behind || (grouped && group != 3) || (c == decimal ? false : group == 0 || group > 3))
                return ERR_MALFORMED;
            behind = c == decimal;
            grouped |= !behind;
            group = 0;
        } else if (behind) {
            if (decimals++ < DECIMALS)
                part = part * 10 + (c - '0');
        } else {
            group++;
            whole = whole * 10 + (c - '0');
            if (whole > MONEY_MAX_MICROS / 1000000)
                return ERR_TOO_LARGE;
        }
    }
    if (!behind && grouped && group != 3)
        return ERR_MALFORMED;
    for (; decimals < DECIMALS; decimals++)
        part *= 10;
    whole = whole * 1000000 + part;
    if (whole > MONEY_MAX_MICROS)
        return ERR_TOO_LARGE;
    *micros = a->minus ? -whole : whole;
    return ERR_OK;
}

enum err amount_read(struct span cell, enum decimal_mark mark, int64_t *micros, struct span *code)
{
    struct amount a;
    if (!take_apart(cell, &a))
        return ERR_MALFORMED;
    char decimal = decimal_of(&a);
    if (decimal == '?' && mark == DECIMAL_UNTOLD)
        return ERR_CONFLICT;
    if (decimal == '?')
        decimal = mark == DECIMAL_COMMA ? ',' : '.';
    *code = a.code;
    return sum_up(&a, decimal, micros);
}

/* ---- states ---- */

static const struct {
    const char *word;
    enum own_state state;
} states[] = {
    {"approved", STATE_PAID},    {"accepted", STATE_PAID},   {"valid", STATE_PAID},       {"validated", STATE_PAID},
    {"confirmed", STATE_PAID},   {"payable", STATE_PAID},    {"paid", STATE_PAID},        {"locked", STATE_PAID},
    {"converted", STATE_PAID},   {"sale", STATE_PAID},       {"sold", STATE_PAID},        {"success", STATE_PAID},
    {"pending", STATE_OPEN},     {"held", STATE_OPEN},       {"hold", STATE_OPEN},        {"onhold", STATE_OPEN},
    {"open", STATE_OPEN},        {"new", STATE_OPEN},        {"review", STATE_OPEN},      {"inreview", STATE_OPEN},
    {"waiting", STATE_OPEN},     {"rejected", STATE_UNPAID}, {"declined", STATE_UNPAID},  {"refused", STATE_UNPAID},
    {"denied", STATE_UNPAID},    {"invalid", STATE_UNPAID},  {"cancelled", STATE_UNPAID}, {"canceled", STATE_UNPAID},
    {"void", STATE_UNPAID},      {"trash", STATE_UNPAID},    {"duplicate", STATE_UNPAID}, {"duplicated", STATE_UNPAID},
    {"returned", STATE_UNPAID},  {"refunded", STATE_UNPAID}, {"reversed", STATE_UNPAID},  {"chargeback", STATE_UNPAID},
    {"unpayable", STATE_UNPAID},
};

const char *own_state_word(enum own_state s)
{
    return s == STATE_PAID ? "paid" : s == STATE_OPEN ? "open" : s == STATE_UNPAID ? "unpaid" : "";
}

enum err state_read(struct span cell, enum own_state *out)
{
    char plain[PLAIN_MAX + 1];
    if (!plain_name(cell, plain))
        return ERR_MALFORMED;
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (strcmp(states[i].word, plain) == 0) {
            *out = states[i].state;
            return ERR_OK;
        }
    return ERR_MALFORMED;
}
