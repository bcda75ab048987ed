/* For test_agents.py: reads user agents from standard input, one a line, and says of each "bot" or "ok" and its device.
 * With a number as argument it reads all of them that many times more and says the nanoseconds an agent took on the
 * error output. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/decisions/agent.h"

static char text[32 << 20];
static struct span agents[200000];

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t split(size_t len)
{
    size_t n = 0;
    for (char *at = text, *end; at < text + len && n < sizeof agents / sizeof *agents; at = end + 1) {
        end = memchr(at, '\n', (size_t)(text + len - at));
        if (end == NULL)
            break;
        agents[n++] = span_of(at, (size_t)(end - at));
    }
    return n;
}

int main(int argc, char **argv)
{
    size_t n = split(fread(text, 1, sizeof text, stdin));
    long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
    unsigned long bots = 0;
    double from = seconds();
    for (long i = 0; i < rounds; i++)
        for (size_t k = 0; k < n; k++)
            bots += agent_read(agents[k]).bot;
    if (rounds > 0)
        fprintf(stderr, "%.1f ns an agent, %lu bots\n", (seconds() - from) * 1e9 / (double)rounds / (double)n, bots);
    for (size_t k = 0; k < n; k++) {
        struct agent a = agent_read(agents[k]);
        printf("%s %s\n", a.bot ? "bot" : "ok", device_word(a.device));
    }
    return 0;
}
