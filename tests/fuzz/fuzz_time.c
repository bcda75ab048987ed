/* common/base/when: a time is what the C library says it is; written and read again it is the same. */
#include <stdio.h>
#include <time.h>

#include "common/base/when.h"
#include "tests/fuzz/fuzz.h"

/* What an accepted text says, by timegm. */
static int64_t ms_of(struct span text)
{
    char z[64], fraction[4] = "000";
    struct tm tm = {0};
    int n = 0, hours = 0, minutes = 0;
    memcpy(z, text.ptr, text.len);
    z[text.len] = '\0';
    HOLDS(sscanf(z, "%4d-%2d-%2d%*1[Tt]%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min,
                 &tm.tm_sec, &n) == 6);
    if (z[n] == '.')
        for (int i = 0; i < 3 && z[n + 1 + i] >= '0' && z[n + 1 + i] <= '9'; i++)
            fraction[i] = z[n + 1 + i];
    const char *offset = strpbrk(z + n, "+-");
    if (offset != NULL)
        HOLDS(sscanf(offset + 1, "%2d:%2d", &hours, &minutes) == 2);
    int64_t away_s = (hours * 60 + minutes) * 60;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    int day = tm.tm_mday, hour = tm.tm_hour, second = tm.tm_sec;
    int64_t s = (int64_t)timegm(&tm) - (offset != NULL && *offset == '-' ? -away_s : away_s);
    HOLDS(tm.tm_mday == day && tm.tm_hour == hour && tm.tm_sec == second); /* timegm would carry over 30 February */
    return s * 1000 + (fraction[0] - '0') * 100 + (fraction[1] - '0') * 10 + (fraction[2] - '0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = span_of(data, size);
    int64_t ms = -7, again = 0;
    struct buf b;
    if (time_parse(text, &ms) != ERR_OK) {
        HOLDS(ms == -7);
        return 0;
    }
    fuzz_accepted++;
    HOLDS(size > 60 || ms == ms_of(text));
    buf_heap(&b);
    time_rfc3339(&b, ms);
    struct span exact = fuzz_copy(buf_span(&b));
    HOLDS(exact.len == 24 && time_parse(exact, &again) == ERR_OK && again == ms);
    fuzz_drop(exact);
    buf_free(&b);
    return 0;
}
