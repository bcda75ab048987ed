/* Lines "ZONE UNIX_MS" -> "OFFSET_S DAY MONTH MIDNIGHT_MS" (of that day), or the word of the error. For test_zones.py.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/base/when.h"
#include "server/lists/zones.h"

int main(void)
{
    struct zones *z = zones_new(ZONES_FOLDER);
    char name[128];
    long long ms;
    while (scanf("%127s %lld", name, &ms) == 2) {
        int64_t ahead_s, midnight_ms;
        enum err err = zones_offset(z, span_str(name), ms, &ahead_s);
        if (err == ERR_OK)
            err = zones_midnight(z, span_str(name), time_local_day(ms, ahead_s), &midnight_ms);
        if (err != ERR_OK)
            printf("%s\n", err_word(err));
        else
            printf("%lld %lld %lld %lld\n", (long long)ahead_s, (long long)time_local_day(ms, ahead_s),
                   (long long)time_local_month(ms, ahead_s), (long long)midnight_ms);
    }
    zones_free(z);
    return 0;
}
