#include "common/base/when.h"

#include <assert.h>

#include "common/base/ascii.h"

struct date {
    int64_t year;
    unsigned month, day;
};

/* Days since 1970-01-01 of a proleptic Gregorian date and back, in eras of 400 years that start on 1 March. */
static int64_t days_of(struct date d)
{
    int64_t y = d.month <= 2 ? d.year - 1 : d.year, era = y / 400;
    unsigned yoe = (unsigned)(y - era * 400);
    unsigned doy = (153 * (d.month > 2 ? d.month - 3 : d.month + 9) + 2) / 5 + d.day - 1;
    return era * 146097 + (int64_t)(yoe * 365 + yoe / 4 - yoe / 100 + doy) - 719468;
}

static struct date date_of(int64_t days)
{
    days += 719468;
    int64_t era = days / 146097;
    unsigned doe = (unsigned)(days - era * 146097);
    unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    unsigned mp = (5 * doy + 2) / 153;
    unsigned month = mp < 10 ? mp + 3 : mp - 9;
    return (struct date){(int64_t)yoe + era * 400 + (month <= 2), month, doy - (153 * mp + 2) / 5 + 1};
}

int64_t date_days(int64_t year, unsigned month, unsigned day)
{
    return days_of((struct date){year, month, day});
}

int64_t date_year(int64_t days)
{
    return date_of(days).year;
}

int64_t time_local_day(int64_t ms, int64_t offset_s)
{
    int64_t local_ms = ms + offset_s * MS_PER_S, rest = local_ms % MS_PER_DAY;
    return (local_ms - (rest < 0 ? rest + MS_PER_DAY : rest)) / MS_PER_DAY;
}

int64_t time_local_month(int64_t ms, int64_t offset_s)
{
    struct date d = date_of(time_local_day(ms, offset_s));
    return (d.year - 1970) * 12 + d.month - 1;
}

static unsigned days_in_month(int64_t year, unsigned month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && leap ? 29 : days[month - 1];
}

static void digits(char *to, unsigned width, int64_t v)
{
    while (width--) {
        to[width] = (char)('0' + v % 10);
        v /= 10;
    }
}

void time_rfc3339(struct buf *out, int64_t ms)
{
    assert(ms >= 0 && ms < TIME_END_MS);
    struct date d = date_of(ms / MS_PER_DAY);
    int64_t rest = ms % MS_PER_DAY;
    char text[] = "0000-00-00T00:00:00.000Z";
    digits(text, 4, d.year);
    digits(text + 5, 2, d.month);
    digits(text + 8, 2, d.day);
    digits(text + 11, 2, rest / 3600000);
    digits(text + 14, 2, rest / 60000 % 60);
    digits(text + 17, 2, rest / 1000 % 60);
    digits(text + 20, 3, rest % 1000);
    buf_add(out, text, sizeof text - 1);
}

/* Takes `width` digits off the front. */
static bool take_number(struct span *s, unsigned width, unsigned *out)
{
    unsigned v = 0;
    if (s->len < width)
        return false;
    for (unsigned i = 0; i < width; i++) {
        if (!ascii_is_digit(s->ptr[i]))
            return false;
        v = v * 10 + (unsigned)(s->ptr[i] - '0');
    }
    *s = span_of(s->ptr + width, s->len - width);
    *out = v;
    return true;
}

static bool take_one_of(struct span *s, const char *chars, char *out)
{
    if (s->len == 0 || s->ptr[0] == '\0' || strchr(chars, s->ptr[0]) == NULL)
        return false;
    *out = s->ptr[0];
    *s = span_of(s->ptr + 1, s->len - 1);
    return true;
}

static bool take_fraction(struct span *s, unsigned *ms)
{
    unsigned digit, weight = 100;
    char dot;
    *ms = 0;
    if (!take_one_of(s, ".", &dot))
        return true;
    if (!take_number(s, 1, &digit))
        return false;
    do {
        *ms += digit * weight;
        weight /= 10;
    } while (take_number(s, 1, &digit));
    return true;
}

static bool take_offset(struct span *s, int64_t *ms)
{
    char sign, colon;
    unsigned hours, minutes;
    *ms = 0;
    if (!take_one_of(s, "Zz+-", &sign))
        return false;
    if (sign == 'Z' || sign == 'z')
        return true;
    if (!take_number(s, 2, &hours) || !take_one_of(s, ":", &colon) || !take_number(s, 2, &minutes) || hours > 23 ||
        minutes > 59)
        return false;
    *ms = (sign == '-' ? -1 : 1) * (int64_t)(hours * 60 + minutes) * 60000;
    return true;
}

enum err time_parse(struct span s, int64_t *ms)
{
    unsigned year, month, day, hour, minute, second, fraction;
    int64_t offset_ms;
    char mark;

    if (!take_number(&s, 4, &year) || !take_one_of(&s, "-", &mark) || !take_number(&s, 2, &month) ||
        !take_one_of(&s, "-", &mark) || !take_number(&s, 2, &day) || !take_one_of(&s, "Tt", &mark) ||
        !take_number(&s, 2, &hour) || !take_one_of(&s, ":", &mark) || !take_number(&s, 2, &minute) ||
        !take_one_of(&s, ":", &mark) || !take_number(&s, 2, &second) || !take_fraction(&s, &fraction) ||
        !take_offset(&s, &offset_ms) || s.len)
        return ERR_MALFORMED;
    if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) || hour > 23 || minute > 59 ||
        second > 59)
        return ERR_MALFORMED;

    int64_t at = days_of((struct date){year, month, day}) * MS_PER_DAY +
                 (int64_t)(hour * 3600 + minute * 60 + second) * MS_PER_S + fraction - offset_ms;
    if (at < 0 || at >= TIME_END_MS)
        return ERR_MALFORMED;
    *ms = at;
    return ERR_OK;
}
