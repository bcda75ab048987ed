#include "server/settlement/until.h"

#include "common/base/ascii.h"
#include "common/base/when.h"

/* A date as far as it is given: YYYY-MM-DD or YYYY-MM, then *day is 0. */
static bool date_read(struct span text, int64_t *year, unsigned *month, unsigned *day)
{
    static const char shape[] = "dddd-dd-dd";
    unsigned n[3] = {0}, part = 0;
    if (text.len != 7 && text.len != 10)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (shape[i] == '-' ? text.ptr[i] != '-' : !ascii_is_digit(text.ptr[i]))
            return false;
        if (shape[i] == '-')
            part++;
        else
            n[part] = n[part] * 10 + (unsigned)(text.ptr[i] - '0');
    }
    *year = n[0];
    *month = n[1];
    *day = n[2];
    return *year >= 1970 && *year < 9999 && *month >= 1 && *month <= 12 &&
           (text.len == 7 ||
            (*day >= 1 && *day <= date_days(*year + *month / 12, *month % 12 + 1, 1) - date_days(*year, *month, 1)));
}

enum err until_read(struct zones *z, struct span zone, struct span text, int64_t now_ms, int64_t *until_ms,
                    struct problem *p)
{
    int64_t year, ms;
    unsigned month, day;
    char mem[40];
    struct buf now;
    if (date_read(text, &year, &month, &day)) {
        int64_t behind = day > 0 ? date_days(year, month, day) + 1 : date_days(year + month / 12, month % 12 + 1, 1);
        enum err err = zones_midnight(z, zone, behind, &ms);
        if (err != ERR_OK)
            return err == ERR_NOT_FOUND ? ERR_IO : err;
    } else if (time_parse(text, &ms) != ERR_OK) {
        return problem(p, ERR_MALFORMED, "until",
                       "must be a time such as 2026-11-30T23:00:00Z, or a day (2026-11-30) or a month (2026-11) that "
                       "ended in %.*s",
                       (int)zone.len, zone.ptr);
    }
    buf_fixed(&now, mem, sizeof mem);
    time_rfc3339(&now, now_ms);
    if (ms > now_ms)
        return problem(p, ERR_MALFORMED, "until",
                       "is still to come: a period can end now (%.*s) at the latest, which it does without until",
                       (int)now.len, now.ptr);
    *until_ms = ms;
    return ERR_OK;
}

enum err until_next(struct zones *z, struct span zone, bool weekly, int64_t after_ms, int64_t *end_ms)
{
    enum { DAYS_OF_WEEK = 7, MONDAY = 4, MONTHS = 12 }; /* 1970-01-05 */
    int64_t offset_s, ms = 0;
    enum err err = zones_offset(z, zone, after_ms, &offset_s);
    for (int64_t n = 1; err == ERR_OK && ms <= after_ms; n++) {
        int64_t day = time_local_day(after_ms, offset_s), month = time_local_month(after_ms, offset_s) + n;
        if (weekly)
            day += n * DAYS_OF_WEEK - (day + DAYS_OF_WEEK - MONDAY) % DAYS_OF_WEEK;
        else
            day = date_days(1970 + month / MONTHS, (unsigned)(month % MONTHS) + 1, 1);
        err = zones_midnight(z, zone, day, &ms);
    }
    if (err == ERR_OK)
        *end_ms = ms;
    return err;
}
