/* What fills a folder that scripts/servers.py set up, whose server is stopped, for scripts/bench: whole records through
 * the committer's own fold, in its largest batches. What a worker would do is left out: signatures, receipts, sealing.
 */
#ifndef CS_TESTS_COST_FILLER_H
#define CS_TESTS_COST_FILLER_H

#include <stdio.h>
#include <stdlib.h>

#include "server/commit/committer.h"
#include "server/jobs.h"
#include "server/system/log.h"
#include "server/system/system.h"

enum { CONTRACTS = 4, FIRST_CONTRACT = 2, ADVERTISER = 2, SEALED = 420, DAY_MS = 86400000 };
#define FILL_MAP_SIZE ((uint64_t)64 << 30)

struct filler {
    struct instance in;
    struct catalog *catalog;
    struct committer *committer;
    struct arena *arena;
    struct span party;
    struct private_sealed sealed;
    size_t contracts; /* that it fills */
    int64_t now_ms;   /* when its records come */
    struct job jobs[BATCH_MAX], *batch[BATCH_MAX];
    uint64_t clicks[BATCH_MAX];
    char txids[BATCH_MAX][40], texts[BATCH_MAX][6][24];
};

static inline uint32_t contract_of(const struct filler *f, size_t i)
{
    return FIRST_CONTRACT + (uint32_t)(i % f->contracts);
}

static inline struct job job_of(struct filler *f, enum record_kind kind)
{
    return (struct job){
        .arena = f->arena,
        .record = {.kind = kind, .advertiser = ADVERTISER, .arrived_ms = f->now_ms, .now_ms = f->now_ms}};
}

static inline struct job click_of(struct filler *f, size_t i)
{
    struct job job = job_of(f, RECORD_CLICK);
    struct record_track *t = &job.record.track;
    t->contract = contract_of(f, i);
    t->sealed = f->sealed;
    t->entry = (struct entry){.kind = ENTRY_CLICK, .at_ms = job.record.arrived_ms, .click.placement = 1};
    random_bytes(t->entry.click.commitment.b, sizeof t->entry.click.commitment.b);
    return job;
}

static inline struct job lead_of(struct filler *f, size_t i)
{
    struct job job = job_of(f, RECORD_LEAD);
    struct record_lead *l = &job.record.lead;
    uint64_t txid[2];
    random_bytes(txid, sizeof txid);
    snprintf(f->txids[i], sizeof f->txids[i], "%016jx-%016jx", (uintmax_t)txid[0], (uintmax_t)txid[1]);
    l->fallback_contract = contract_of(f, i);
    l->sealed = f->sealed;
    l->report = (struct lead_report){.party = f->party,
                                     .txid = span_str(f->txids[i]),
                                     .given = CONTACT_EMAIL | CONTACT_PHONE | CONTACT_FIRST_NAME | CONTACT_LAST_NAME,
                                     .has_email = true,
                                     .has_phone = true,
                                     .claimed = true,
                                     .touches = {{.contract = contract_of(f, i), .index = f->clicks[i]}},
                                     .n_touches = 1};
    random_bytes(l->report.email, TOKEN_LEN);
    random_bytes(l->report.phone, TOKEN_LEN);
    random_bytes(l->report.facts_sha256, HASH_LEN);
    random_bytes(l->report.commitment.b, sizeof l->report.commitment.b);
    return job;
}

static inline struct job tidy_of(struct filler *f, size_t i)
{
    struct job job = job_of(f, RECORD_TIDY);
    (void)i;
    job.record.advertiser = 0;
    job.record.tidy.rows = 16 * BATCH_MAX;
    return job;
}

static inline void run(struct filler *f, size_t n, struct job (*make)(struct filler *f, size_t i))
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

static inline void filler_open(struct filler *f, const char *dir)
{
    static const char sealed[SEALED] = "what only a reader of the contacts would open";
    const char *what;
    enum err err = instance_open(&f->in, dir, STORE_SERVE, FILL_MAP_SIZE, &what);
    if (err != ERR_OK)
        die("%s of %s: %s", what, dir, err_word(err));
    err = committer_open(&(struct committer_setup){.instance = &f->in, .runs = job_runs}, &f->committer);
    if (err != ERR_OK)
        die("the committer: %s", err_word(err));
    f->catalog = catalog_hold(f->in.catalog);
    f->arena = arena_new();
    f->party = span_str(catalog_party_number(f->catalog, ADVERTISER)->id);
    f->sealed = (struct private_sealed){(uint32_t)(clock_ms() / DAY_MS), span_of(sealed, sizeof sealed)};
    f->contracts = CONTRACTS;
}

static inline void filler_close(struct filler *f)
{
    catalog_unref(f->catalog);
    committer_close(f->committer);
    arena_free(f->arena);
    instance_close(&f->in);
}

#endif
