/* A running committer over a real store, with workers that are mailboxes: the test pushes jobs and waits for them. */
#ifndef CS_TESTS_COMMITTER_FIXTURE_H
#define CS_TESTS_COMMITTER_FIXTURE_H

#include "tests/support/live_server.h"

enum { COMMITTER_WORKERS = 2, COMMITTER_CONTRACT = 2 };

struct committer_fixture {
    struct live live;
    struct arena *arena;
};

/* Pushes and wakes, as a worker's turn does. */
static inline enum err push_awake(struct committer_fixture *cf, size_t w, struct job *job)
{
    enum err err = source_push(cf->live.sh.source, w, job);
    source_wake(cf->live.sh.source);
    return err;
}

/* On the folder as a restart finds it. */
static inline void committer_fixture_start(struct committer_fixture *cf)
{
    struct live *l = &cf->live;
    if (l->sh.instance.store != NULL)
        fixture_instance_close(&l->f, &l->sh.instance);
    fixture_instance(&l->f, &l->sh.instance);
    assert_ok(live_commit_start(l, COMMITTER_WORKERS));
}

/* The folder stays open. */
static inline void committer_fixture_stop(struct committer_fixture *cf)
{
    live_commit_stop(&cf->live);
}

/* Control rows as live_server.h says; the folder is `dir` when given. */
static inline void committer_fixture_open(struct committer_fixture *cf, const char *dir)
{
    struct live *l = &cf->live;
    memset(cf, 0, sizeof *cf);
    if (dir == NULL) {
        fixture_open(&l->f);
    } else {
        assert_true((size_t)snprintf(l->f.dir, sizeof l->f.dir, "%s", dir) < sizeof l->f.dir);
        assert_ok(store_open(l->f.dir, STORE_CREATE, SMALL_MAP, &l->f.store));
    }
    l->options.queue_size.number = 4096;
    l->options.sweep_ms.number = 20;
    live_make(l, "");
    cf->arena = arena_new();
}

/* One whose batches the test runs itself: no thread, and no mailboxes. Closed by the test, before the fixture. */
static inline struct committer *committer_fixture_by_hand(struct committer_fixture *cf)
{
    struct committer *c;
    committer_fixture_open(cf, NULL);
    fixture_instance(&cf->live.f, &cf->live.sh.instance);
    const struct committer_setup setup = {.instance = &cf->live.sh.instance, .runs = job_runs};
    assert_ok(committer_open(&setup, &c));
    return c;
}

static inline void committer_fixture_close(struct committer_fixture *cf)
{
    arena_free(cf->arena);
    tokens_free(cf->live.tokens);
    fixture_instance_close(&cf->live.f, &cf->live.sh.instance);
    fixture_close(&cf->live.f);
}

static inline struct job click_job(struct committer_fixture *cf, uint32_t contract)
{
    struct job job = {.arena = cf->arena, .record = {.kind = RECORD_CLICK, .advertiser = LIVE_ADVERTISER + 1}};
    struct record *r = &job.record;
    r->arrived_ms = clock_ms();
    r->track.contract = contract;
    r->track.entry = (struct entry){.kind = ENTRY_CLICK, .at_ms = r->arrived_ms, .click.placement = 1};
    return job;
}

/* Waits until n jobs of this worker came back. */
static inline void jobs_wait(struct committer_fixture *cf, size_t w, size_t n)
{
    while (n > 0) {
        struct pollfd p = {.fd = source_fd(cf->live.sh.source, w), .events = POLLIN};
        uint64_t count;
        assert_int_equal(poll(&p, 1, 30000), 1);
        assert_int_equal(read(p.fd, &count, sizeof count), sizeof count);
        for (; source_finished(cf->live.sh.source, w) != NULL; n--)
            assert_true(n > 0);
    }
}

/* n clicks at once; answers how many were recorded, the rest found storage full. */
static inline size_t push_clicks(struct committer_fixture *cf, size_t n)
{
    struct job *jobs = malloc(n * sizeof *jobs);
    size_t recorded = 0;
    for (size_t i = 0; i < n; i++) {
        jobs[i] = click_job(cf, COMMITTER_CONTRACT);
        assert_ok(push_awake(cf, 0, &jobs[i]));
    }
    jobs_wait(cf, 0, n);
    for (size_t i = 0; i < n; i++) {
        assert_true(jobs[i].err == ERR_OK || jobs[i].err == ERR_FULL);
        recorded += jobs[i].err == ERR_OK;
    }
    free(jobs);
    return recorded;
}

#endif
