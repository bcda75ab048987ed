/* A running committer over a real store, with workers that are mailboxes: the test pushes jobs and waits for them. */
#ifndef CS_TESTS_COMMITTER_FIXTURE_H
#define CS_TESTS_COMMITTER_FIXTURE_H

#include <sys/eventfd.h>

#include "tests/support/live_server.h"

enum { COMMITTER_WORKERS = 2, COMMITTER_CONTRACT = 2 };

struct committer_fixture {
    struct live live;
    struct worker worker[COMMITTER_WORKERS];
    struct arena *arena;
};

/* Pushes and wakes, as a worker's turn does. */
static inline enum err push_awake(struct committer *c, size_t w, struct job *job)
{
    enum err err = committer_push(c, w, job);
    committer_wake(c);
    return err;
}

/* On the folder as a restart finds it. */
static inline void committer_fixture_start(struct committer_fixture *cf)
{
    struct live *l = &cf->live;
    if (l->sh.instance.store != NULL)
        fixture_instance_close(&l->f, &l->sh.instance);
    fixture_instance(&l->f, &l->sh.instance);
    const struct committer_setup setup = live_setup(l, COMMITTER_WORKERS);
    assert_ok(committer_start(&setup, &l->sh.committer));
}

/* The folder stays open. */
static inline void committer_fixture_stop(struct committer_fixture *cf)
{
    committer_stop(cf->live.sh.committer);
    cf->live.sh.committer = NULL;
    metrics_free(cf->live.sh.metrics);
}

/* Control rows as live_server.h says; the folder is `dir` when given. */
static inline void committer_fixture_open(struct committer_fixture *cf, const char *dir)
{
    struct live *l = &cf->live;
    memset(cf, 0, sizeof *cf);
    if (dir == NULL) {
        fixture_open(&l->f);
    } else {
        snprintf(l->f.dir, sizeof l->f.dir, "%s", dir);
        assert_ok(store_open(l->f.dir, STORE_CREATE, SMALL_MAP, &l->f.store));
    }
    l->options.queue_size.number = 4096;
    l->options.sweep_ms.number = 20;
    live_make(l, "");
    cf->arena = arena_new();
    for (size_t i = 0; i < COMMITTER_WORKERS; i++) {
        cf->worker[i] = (struct worker){.shared = &l->sh, .number = i, .wake_fd = eventfd(0, EFD_NONBLOCK)};
        assert_true(cf->worker[i].wake_fd >= 0);
    }
}

static inline void committer_fixture_close(struct committer_fixture *cf)
{
    for (size_t i = 0; i < COMMITTER_WORKERS; i++)
        close(cf->worker[i].wake_fd);
    arena_free(cf->arena);
    tokens_free(cf->live.tokens);
    fixture_instance_close(&cf->live.f, &cf->live.sh.instance);
    fixture_close(&cf->live.f);
}

static inline struct job click_job(struct committer_fixture *cf, size_t worker, uint32_t contract)
{
    struct job job = {.arena = cf->arena, .worker = &cf->worker[worker], .kind = JOB_TRACK, .contract = contract};
    job.now_ms = clock_ms();
    job.track.entry = (struct entry){.kind = ENTRY_CLICK, .at_ms = job.now_ms, .click.placement = 1};
    return job;
}

/* Waits until n jobs of this worker came back. */
static inline void jobs_wait(struct worker *w, size_t n)
{
    while (n > 0) {
        struct pollfd p = {.fd = w->wake_fd, .events = POLLIN};
        uint64_t count;
        assert_int_equal(poll(&p, 1, 30000), 1);
        assert_int_equal(read(w->wake_fd, &count, sizeof count), sizeof count);
        for (struct job *j = atomic_exchange(&w->finished, NULL); j != NULL; j = j->next, n--)
            assert_true(n > 0);
    }
}

/* n clicks at once; answers how many were recorded, the rest found storage full. */
static inline size_t push_clicks(struct committer_fixture *cf, size_t n)
{
    struct job *jobs = malloc(n * sizeof *jobs);
    size_t recorded = 0;
    for (size_t i = 0; i < n; i++) {
        jobs[i] = click_job(cf, 0, COMMITTER_CONTRACT);
        assert_ok(push_awake(cf->live.sh.committer, 0, &jobs[i]));
    }
    jobs_wait(&cf->worker[0], n);
    for (size_t i = 0; i < n; i++) {
        assert_true(jobs[i].err == ERR_OK || jobs[i].err == ERR_FULL);
        recorded += jobs[i].err == ERR_OK;
    }
    free(jobs);
    return recorded;
}

#endif
