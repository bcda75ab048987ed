#include "server/lists/zone.h"

#include <stdlib.h>

#include "common/base/ascii.h"
#include "common/base/bytes.h"
#include "common/base/limits.h"
#include "common/base/mem.h"
#include "common/base/when.h"

enum { HEAD_LEN = 44, TYPE_LEN = 6, DAY_S = 86400, HOUR_S = 3600, WEEK = 7 };

/* A day of each year, and the second of it by the clocks that stand then: Mm.w.d, Jn or n. */
struct change {
    char form; /* 'M', 'J' or '0' */
    int64_t month, week, day, second;
};

/* What the footer says: standard time, and where it has one, summer time from one change to the other. */
struct footer {
    bool given, summer;
    int64_t standard_s, summer_s; /* ahead of UTC */
    struct change begins, ends;
};

struct zone {
    size_t n; /* transitions, ascending */
    int64_t *at_s;
    int32_t *offset_s; /* n + 1: before the first, then from each on */
    struct footer footer;
};

/* ---- the footer: a POSIX TZ string ---- */

static bool take_char(struct span *s, char c)
{
    if (s->len == 0 || s->ptr[0] != c)
        return false;
    *s = span_skip(*s, 1);
    return true;
}

static bool take_number(struct span *s, int64_t min, int64_t max, int64_t *out)
{
    int64_t v = 0;
    size_t n = 0;
    for (; n < 3 && n < s->len && ascii_is_digit(s->ptr[n]); n++)
        v = v * 10 + (s->ptr[n] - '0');
    *s = span_skip(*s, n);
    *out = v;
    return n > 0 && v >= min && v <= max;
}

/* [+-]hh[:mm[:ss]], in seconds. */
static bool take_clock(struct span *s, int64_t most_hours, int64_t *out)
{
    int64_t sign = take_char(s, '-') ? -1 : 1, hours, minutes = 0, seconds = 0;
    if (sign == 1)
        (void)take_char(s, '+');
    if (!take_number(s, 0, most_hours, &hours) ||
        (take_char(s, ':') &&
         (!take_number(s, 0, 59, &minutes) || (take_char(s, ':') && !take_number(s, 0, 59, &seconds)))))
        return false;
    *out = sign * (hours * HOUR_S + minutes * 60 + seconds);
    return true;
}

static bool take_name(struct span *s)
{
    bool quoted = take_char(s, '<');
    size_t n = 0;
    while (n < s->len && (ascii_is_lower(s->ptr[n]) || ascii_is_upper(s->ptr[n]) ||
                          (quoted && (ascii_is_digit(s->ptr[n]) || s->ptr[n] == '+' || s->ptr[n] == '-'))))
        n++;
    *s = span_skip(*s, n);
    return n >= 3 && (!quoted || take_char(s, '>'));
}

static bool take_change(struct span *s, struct change *out)
{
    bool good;
    *out = (struct change){.form = '0', .second = 2 * HOUR_S};
    if (!take_char(s, ','))
        return false;
    if (take_char(s, 'M')) {
        out->form = 'M';
        good = take_number(s, 1, 12, &out->month) && take_char(s, '.') && take_number(s, 1, 5, &out->week) &&
               take_char(s, '.') && take_number(s, 0, WEEK - 1, &out->day);
    } else if (take_char(s, 'J')) {
        out->form = 'J';
        good = take_number(s, 1, 365, &out->day);
    } else {
        good = take_number(s, 0, 365, &out->day);
    }
    return good && (!take_char(s, '/') || take_clock(s, 167, &out->second));
}

/* POSIX counts west of Greenwich. */
static bool read_footer(struct span s, struct footer *out)
{
    int64_t west_s;
    out->given = !span_empty(s);
    if (!out->given)
        return true;
    if (!take_name(&s) || !take_clock(&s, 24, &west_s))
        return false;
    out->standard_s = -west_s;
    out->summer = !span_empty(s);
    if (!out->summer)
        return true;
    if (!take_name(&s))
        return false;
    out->summer_s = out->standard_s + HOUR_S;
    if (s.len > 0 && s.ptr[0] != ',') {
        if (!take_clock(&s, 24, &west_s))
            return false;
        out->summer_s = -west_s;
    }
    return take_change(&s, &out->begins) && take_change(&s, &out->ends) && span_empty(s);
}

static bool is_leap(int64_t year)
{
    return date_days(year, 3, 1) - date_days(year, 2, 1) == 29;
}

/* The day of the year's week of the month; the fifth is the last. */
static int64_t day_of_week(int64_t year, const struct change *c)
{
    int64_t first = date_days(year, (unsigned)c->month, 1);
    int64_t next = c->month == 12 ? date_days(year + 1, 1, 1) : date_days(year, (unsigned)c->month + 1, 1);
    int64_t weekday = (first + 4) % WEEK; /* 1970-01-01 was a Thursday */
    int64_t day = first + (c->day - weekday + WEEK) % WEEK + (c->week - 1) * WEEK;
    return day < next ? day : day - WEEK;
}

/* Unix time of a change, by clocks that are offset_s ahead. */
static int64_t change_at(int64_t year, const struct change *c, int64_t offset_s)
{
    int64_t day = date_days(year, 1, 1);
    if (c->form == 'M')
        day = day_of_week(year, c);
    else if (c->form == 'J')
        day += c->day - 1 + (is_leap(year) && c->day >= 60); /* 29 February is never counted */
    else
        day += c->day;
    return day * DAY_S + c->second - offset_s;
}

static int64_t footer_offset(const struct footer *f, int64_t at_s)
{
    if (!f->summer)
        return f->standard_s;
    int64_t this = date_year(at_s / DAY_S);
    for (int64_t year = this - 1; year <= this + 1; year++) { /* changes may lie days outside of their year */
        int64_t begins = change_at(year, &f->begins, f->standard_s), ends = change_at(year, &f->ends, f->summer_s);
        if (ends < begins)
            ends = change_at(year + 1, &f->ends, f->summer_s);
        if (at_s >= begins && at_s < ends)
            return f->summer_s;
    }
    return f->standard_s;
}

/* ---- the file ---- */

struct counts {
    size_t utc, standard, leaps, times, types, chars;
};

static bool read_counts(struct span s, struct counts *out)
{
    if (s.len < HEAD_LEN || memcmp(s.ptr, "TZif", 4) != 0 || s.ptr[4] < '2')
        return false;
    *out = (struct counts){.utc = load_be32(s.ptr + 20),
                           .standard = load_be32(s.ptr + 24),
                           .leaps = load_be32(s.ptr + 28),
                           .times = load_be32(s.ptr + 32),
                           .types = load_be32(s.ptr + 36),
                           .chars = load_be32(s.ptr + 40)};
    return true;
}

/* Bytes of a block whose times take `wide` of them. */
static uint64_t block_len(const struct counts *c, uint64_t wide)
{
    return c->times * (wide + 1) + c->types * (uint64_t)TYPE_LEN + c->chars + c->leaps * (wide + 4) + c->standard +
           c->utc;
}

/* The type's offset; false when the type is not as it must be. */
static bool read_type(const struct counts *c, const char *types, size_t i, int32_t *out)
{
    const char *t = types + i * TYPE_LEN;
    *out = (int32_t)load_be32(t);
    return i < c->types && *out >= -UTC_OFFSET_MAX_S && *out <= UTC_OFFSET_MAX_S && (unsigned char)t[4] <= 1 &&
           (unsigned char)t[5] < c->chars;
}

static bool read_block(struct span s, const struct counts *c, struct zone *z)
{
    const char *times = s.ptr, *which = times + c->times * 8, *types = which + c->times;
    int32_t ignored;
    bool good = true;
    for (size_t i = 0; i < c->types; i++)
        good &= read_type(c, types, i, &ignored);
    z->n = c->times;
    z->at_s = xcalloc(c->times + 1, sizeof *z->at_s);
    z->offset_s = xcalloc(c->times + 1, sizeof *z->offset_s);
    good = good && read_type(c, types, 0, &z->offset_s[0]);
    for (size_t i = 0; i < c->times && good; i++) {
        z->at_s[i] = (int64_t)load_be64(times + i * 8);
        good = (i == 0 || z->at_s[i] > z->at_s[i - 1]) && (unsigned char)which[i] < c->types &&
               read_type(c, types, (unsigned char)which[i], &z->offset_s[i + 1]);
    }
    return good;
}

/* The second block, whose times have 64 bits, and the footer behind it. */
static bool read_second(struct span s, struct zone *z)
{
    struct counts c;
    if (!read_counts(s, &c) || c.types == 0 || c.chars == 0 || c.leaps != 0 || (c.utc != 0 && c.utc != c.types) ||
        (c.standard != 0 && c.standard != c.types))
        return false;
    s = span_skip(s, HEAD_LEN);
    uint64_t len = block_len(&c, 8);
    if (len + 2 > s.len)
        return false;
    struct span footer = span_skip(s, len);
    return read_block(s, &c, z) && footer.ptr[0] == '\n' && footer.ptr[footer.len - 1] == '\n' &&
           read_footer(span_of(footer.ptr + 1, footer.len - 2), &z->footer);
}

enum err zone_read(struct span tzif, struct zone **out)
{
    struct counts first;
    if (tzif.len < 4 || memcmp(tzif.ptr, "TZif", 4) != 0)
        return ERR_NOT_FOUND;
    if (!read_counts(tzif, &first) || block_len(&first, 4) > tzif.len - HEAD_LEN)
        return ERR_CORRUPT;
    struct zone *z = xcalloc(1, sizeof *z);
    if (!read_second(span_skip(tzif, HEAD_LEN + block_len(&first, 4)), z)) {
        zone_free(z);
        return ERR_CORRUPT;
    }
    *out = z;
    return ERR_OK;
}

void zone_free(struct zone *z)
{
    if (z == NULL)
        return;
    free(z->at_s);
    free(z->offset_s);
    free(z);
}

int64_t zone_offset(const struct zone *z, int64_t at_s)
{
    if (z == NULL)
        return 0;
    size_t low = 0, high = z->n; /* transitions that came not later than at_s */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (z->at_s[middle] <= at_s)
            low = middle + 1;
        else
            high = middle;
    }
    return low == z->n && z->footer.given ? footer_offset(&z->footer, at_s) : z->offset_s[low];
}
