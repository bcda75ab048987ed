/* What the kernel says of this process, under the names that Prometheus clients give it. Read when /metrics is. */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "server/system/metrics.h"
#include "server/system/system.h"

/* Of /proc/self/stat, proc(5): numbers from the third field on, after the name in parentheses. */
enum { STAT_MAX = 1 << 20 };
enum { UTIME = 14, STIME = 15, STARTTIME = 22, VSIZE = 23, RSS = 24, LAST = RSS };

static bool read_stat(uint64_t field[LAST + 1])
{
    struct buf text;
    buf_heap(&text);
    bool good = file_read("/proc/self/stat", STAT_MAX, &text) == ERR_OK;
    buf_byte(&text, '\0');
    char *at = good ? strrchr(text.ptr, ')') : NULL;
    for (int i = 3; at != NULL && i <= LAST; i++) {
        at = strchr(at + 1, ' ');
        if (at != NULL)
            field[i] = strtoull(at + 1, NULL, 10);
    }
    buf_free(&text);
    return at != NULL;
}

/* When the machine came up, Unix seconds; 0: unknown. */
static uint64_t boot_time_s(void)
{
    struct buf text;
    uint64_t s = 0;
    buf_heap(&text);
    if (file_read("/proc/stat", STAT_MAX, &text) == ERR_OK) {
        buf_byte(&text, '\0');
        const char *at = strstr(text.ptr, "\nbtime ");
        s = at != NULL ? strtoull(at + 7, NULL, 10) : 0;
    }
    buf_free(&text);
    return s;
}

static uint64_t open_fds(void)
{
    uint64_t n = 0;
    const struct dirent *e;
    int fd = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* opendir's would look like a race to TSan */
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    while (d != NULL && (e = readdir(d)) != NULL)
        n += isdigit((unsigned char)e->d_name[0]) != 0;
    if (d != NULL)
        closedir(d);
    else if (fd >= 0)
        close(fd);
    return n > 0 ? n - 1 : 0; /* the folder's own */
}

static void put(struct buf *out, enum metric metric, uint64_t value)
{
    metrics_gauge_head(out, metric);
    metrics_gauge(out, metric, NULL, value);
}

static void put_ticks(struct buf *out, enum metric metric, uint64_t ticks, uint64_t more_s)
{
    uint64_t per_s = (uint64_t)sysconf(_SC_CLK_TCK);
    metrics_gauge_head(out, metric);
    metrics_fraction(out, metric, more_s + ticks / per_s, ticks % per_s * 100 / per_s);
}

void metrics_process(struct buf *out)
{
    uint64_t field[LAST + 1] = {0}, boot_s = boot_time_s();
    struct rlimit files;
    bool stat = read_stat(field);
    if (stat)
        put_ticks(out, METRIC_process_cpu, field[UTIME] + field[STIME], 0);
    if (stat && boot_s != 0)
        put_ticks(out, METRIC_process_start, field[STARTTIME], boot_s);
    if (stat) {
        put(out, METRIC_process_rss, field[RSS] * (uint64_t)sysconf(_SC_PAGESIZE));
        put(out, METRIC_process_virtual, field[VSIZE]);
    }
    put(out, METRIC_process_fds, open_fds());
    if (getrlimit(RLIMIT_NOFILE, &files) == 0)
        put(out, METRIC_process_max_fds, files.rlim_cur);
}
