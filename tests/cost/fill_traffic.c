/* `fill_traffic DATA N DAYS` puts N clicks, and a lead to one in a hundred, into the contracts of the folder of a
 * stopped server that scripts/servers.py set up, as if they had come over so many days up to now, with parameters as
 * campaigns have them, and sweeps as often as a busy server does. Says what a sweep cost a click. scripts/bench asks
 * for reports over such a store.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "server/commit/committer.h"
#include "server/jobs.h"
#include "server/system/log.h"
#include "server/system/system.h"

enum {
    CONTRACTS = 4,
    FIRST_CONTRACT = 2,
    ADVERTISER = 2,
    SEALED = 420,
    DAY_MS = 86400000,
    LEAD_OF = 100,
    BATCHES = 20
};
#define MAP_SIZE ((uint64_t)64 << 30)

struct filler {
    struct committer *committer;
    struct arena *arena;
    struct span party;
    struct private_sealed sealed;
    struct job jobs[BATCH_MAX], *batch[BATCH_MAX];
    uint64_t clicks[BATCH_MAX];
    char txids[BATCH_MAX][40], texts[BATCH_MAX][6][24];
    int64_t now_ms;
};

enum { contracts = CONTRACTS };

static uint32_t contract_of(size_t i)
{
    return FIRST_CONTRACT + (uint32_t)(i % contracts);
}

static struct job job_of(struct filler *f, enum record_kind kind)
{
    int64_t now = f->now_ms;
    return (struct job){.arena = f->arena,
                        .record = {.kind = kind, .advertiser = ADVERTISER, .arrived_ms = now, .now_ms = now}};
}

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

static struct job click_of(struct filler *f, size_t i)
{
    struct job job = job_of(f, RECORD_CLICK);
    struct record_track *t = &job.record.track;
    t->contract = contract_of(i);
    t->sealed = f->sealed;
    t->entry = (struct entry){.kind = ENTRY_CLICK, .at_ms = job.record.arrived_ms, .click.placement = 1};
    random_bytes(t->entry.click.commitment.b, sizeof t->entry.click.commitment.b);
    if (getenv("PLAIN") == NULL)
        say(f, i, &t->entry.click);
    return job;
}

static struct job lead_of(struct filler *f, size_t i)
{
    struct job job = job_of(f, RECORD_LEAD);
    struct record_lead *l = &job.record.lead;
    uint64_t txid[2];
    random_bytes(txid, sizeof txid);
    snprintf(f->txids[i], sizeof f->txids[i], "%016jx-%016jx", (uintmax_t)txid[0], (uintmax_t)txid[1]);
    l->fallback_contract = contract_of(i);
    l->sealed = f->sealed;
    l->report = (struct lead_report){.party = f->party,
                                     .txid = span_str(f->txids[i]),
                                     .given = CONTACT_EMAIL | CONTACT_PHONE | CONTACT_FIRST_NAME | CONTACT_LAST_NAME,
                                     .has_email = true,
                                     .has_phone = true,
                                     .claimed = true,
                                     .touches = {{.contract = contract_of(i), .index = f->clicks[i]}},
                                     .n_touches = 1};
    random_bytes(l->report.email, TOKEN_LEN);
    random_bytes(l->report.phone, TOKEN_LEN);
    random_bytes(l->report.facts_sha256, HASH_LEN);
    random_bytes(l->report.commitment.b, sizeof l->report.commitment.b);
    return job;
}

static struct job tidy_of(struct filler *f, size_t i)
{
    struct job job = job_of(f, RECORD_TIDY);
    (void)i;
    job.record.advertiser = 0;
    job.record.tidy.rows = 16 * BATCH_MAX;
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

static void run(struct filler *f, size_t n, struct job (*make)(struct filler *f, size_t i))
{
    bool wrote;
    for (size_t i = 0; i < n; i++) {
        f->jobs[i] = make(f, i);
        f->batch[i] = &f->jobs[i];
    }
    enum err err = committer_run(f->committer, f->batch, n, &wrote);
    for (size_t i = 0; i < n && err == ERR_OK; i++) {
        err = f->jobs[i].err;
        f->clicks[i] = f->jobs[i].index;
    }
    if (err != ERR_OK)
        die("a batch of %zu: %s", n, err_word(err));
    arena_reset(f->arena);
}

int main(int argc, char **argv)
{
    static struct filler f;
    static const char sealed[SEALED] = "what only a reader of the contacts would open";
    struct instance in;
    const char *what;
    size_t n_all = argc == 4 ? strtoul(argv[2], NULL, 10) : 0, days = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
    if (n_all < 1 || days < 1)
        die("usage: fill_traffic DATA N DAYS");
    enum err err = instance_open(&in, argv[1], STORE_SERVE, MAP_SIZE, &what);
    if (err != ERR_OK)
        die("%s of %s: %s", what, argv[1], err_word(err));
    err = committer_open(&(struct committer_setup){.instance = &in, .runs = job_runs}, &f.committer);
    if (err != ERR_OK)
        die("the committer: %s", err_word(err));
    struct catalog *catalog = catalog_hold(in.catalog);
    f.arena = arena_new();
    f.party = span_str(catalog_party_number(catalog, ADVERTISER)->id);
    f.sealed = (struct private_sealed){(uint32_t)(clock_ms() / DAY_MS), span_of(sealed, sizeof sealed)};
    const int64_t begin_ms = clock_ms() - (int64_t)days * DAY_MS;
    int64_t swept_us = 0;
    for (size_t at = 0, batches = 1; at < n_all; batches++) {
        size_t n = n_all - at < BATCH_MAX ? n_all - at : BATCH_MAX;
        f.now_ms = begin_ms + (int64_t)((double)at / (double)n_all * (double)days * DAY_MS);
        run(&f, n, click_of);
        if (n >= LEAD_OF)
            run(&f, n / LEAD_OF, lead_of);
        at += n;
        if (batches % BATCHES == 0 || at == n_all) {
            int64_t before_us = spent_us();
            run(&f, 1, sweep_of);
            swept_us += spent_us() - before_us;
            run(&f, 1, tidy_of);
        }
    }
    printf("a sweep takes %.3f us a click\n", (double)swept_us / (double)n_all);
    catalog_unref(catalog);
    committer_close(f.committer);
    arena_free(f.arena);
    instance_close(&in);
    return 0;
}
