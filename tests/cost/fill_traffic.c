/* `fill_traffic DATA N DAYS` puts N clicks, and a lead to one in a hundred, into the contracts of the folder of a
 * stopped server that scripts/servers.py set up, as if they had come over so many days up to now, with parameters as
 * campaigns have them, and sweeps as often as a busy server does. Says what counting a click cost, measured over the
 * same clicks once more, and what a sweep did. scripts/bench asks for reports over such a store. With PLAIN in its
 * environment the clicks say nothing, so that all are alike.
 */
#include <time.h>

#include "common/reports/rollup.h"
#include "tests/cost/filler.h"

enum { LEAD_OF = 100, BATCHES = 20, KEPT = 64 << 20 };

/* Few values of most, and of two parameters many. */
static void say(struct filler *f, size_t i, struct entry_click *c)
{
    static const int most[6] = {50, 1000, 8, 4, 20, 200};
    static const char *const countries[] = {"FR", "BE", "DE", "US", "IT"};
    uint8_t chance[8];
    random_bytes(chance, sizeof chance);
    for (int k = 0; k < 6; k++) { /* small numbers more often */
        int n = chance[k] * chance[(k + 1) % 6] % most[k];
        snprintf(f->texts[i][k], sizeof f->texts[i][k], "value-%d", n);
    }
    c->sub[0] = span_str(f->texts[i][0]);
    c->sub[1] = span_str(f->texts[i][1]);
    for (int k = 0; k < 4; k++)
        c->utm[k] = span_str(f->texts[i][2 + k]);
    c->country = span_str(countries[chance[6] % 5]);
    c->device = (enum device)(1 + chance[7] % 3);
}

static struct job said_click_of(struct filler *f, size_t i)
{
    struct job job = click_of(f, i);
    if (getenv("PLAIN") == NULL)
        say(f, i, &job.record.track.entry.click);
    return job;
}

/* Of the processor: the machine may have others to serve. */
static int64_t spent_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static struct job sweep_of(struct filler *f, size_t i)
{
    struct job job = job_of(f, RECORD_SWEEP);
    (void)i;
    job.record.advertiser = 0;
    return job;
}

static enum err told(void *ctx, struct span key, struct span value)
{
    (void)ctx, (void)key, (void)value;
    return ERR_OK;
}

static enum err no_row(void *ctx, struct span key, struct span *value)
{
    (void)ctx, (void)key, (void)value;
    return ERR_NOT_FOUND;
}

static int64_t count_again(const struct filler *f, struct rollup *r, size_t n)
{
    int64_t before_us = spent_us();
    for (size_t i = 0; i < n; i++) {
        const struct job *job = &f->jobs[i];
        if (rollup_add(r, job->out_contract, job->index, &job->record.track.entry, NULL) != ERR_OK)
            die("a click is not counted");
    }
    return spent_us() - before_us;
}

int main(int argc, char **argv)
{
    static struct filler f;
    size_t n_all = argc == 4 ? strtoul(argv[2], NULL, 10) : 0, days = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
    if (n_all < 1 || days < 1)
        die("usage: fill_traffic DATA N DAYS");
    filler_open(&f, argv[1]);
    const int64_t begin_ms = clock_ms() - (int64_t)days * DAY_MS;
    const struct rollup_source nothing = {.row = no_row};
    struct rollup *again = rollup_new(&nothing);
    int64_t swept_us = 0, counted_us = 0, longest_us = 0;
    for (size_t at = 0, batches = 1; at < n_all; batches++) {
        size_t n = n_all - at < BATCH_MAX ? n_all - at : BATCH_MAX;
        f.now_ms = begin_ms + (int64_t)((double)at / (double)n_all * (double)days * DAY_MS);
        run(&f, n, said_click_of);
        counted_us += count_again(&f, again, n);
        if (n >= LEAD_OF)
            run(&f, n / LEAD_OF, lead_of);
        at += n;
        if (batches % BATCHES == 0 || at == n_all) {
            int64_t before_us = spent_us();
            run(&f, 1, sweep_of);
            const int64_t took_us = spent_us() - before_us;
            swept_us += took_us;
            longest_us = took_us > longest_us ? took_us : longest_us;
            run(&f, 1, tidy_of);
            if (rollup_changed(again, told, NULL) != ERR_OK) /* memory as a server's */
                die("rollups are not told");
            rollup_keep(again, KEPT);
        }
    }
    printf("counting takes %.3f us a click, a sweep %.3f us, the longest %.1f ms\n", (double)counted_us / (double)n_all,
           (double)swept_us / (double)n_all, (double)longest_us / 1000);
    rollup_free(again);
    filler_close(&f);
    return 0;
}
