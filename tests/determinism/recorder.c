/* `recorder DATA ADDRESS FILE` serves a data folder as `countersign serve` does, and leaves in the file every record
 * that was committed, in its order: be32 length, then the record. USR1: the machine wakes up after 20 days of sleep.
 * USR2: its wall clock alone is set an hour ahead. */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "server/cmd/helper.h"
#include "server/commit/committer.h"
#include "server/commit/schedule.h"
#include "server/jobs.h"
#include "server/outgoing/outgoing.h"
#include "server/routes.h"
#include "server/settlement/settler.h"
#include "server/system/log.h"
#include "server/system/system.h"
#include "server/upkeep/upkeep.h"
#include "server/worker/server.h"
#include "tests/support/ample.h"

enum { SLEEP_S = 20 * 24 * 3600, AHEAD_S = 3600, WORKERS = 2, QUEUE = 8192, SWEEP_MS = 200, MAP_SIZE = 1 << 30 };

/* ---- the clock ---- */

static _Atomic int64_t slept_s, ahead_s;

/* In place of the C library's. */
int clock_gettime(clockid_t id, struct timespec *out)
{
    long rc = syscall(SYS_clock_gettime, id, out);
    out->tv_sec += atomic_load(&slept_s);
    if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)
        out->tv_sec += atomic_load(&ahead_s);
    return (int)rc;
}

/* ---- the recording ---- */

struct recorder {
    struct server server;
    struct committer *committer;
    struct outgoing *outgoing;
    struct settler *settler;
    struct worker *workers[WORKERS];
    struct buf recorded, batch; /* batch: what of it became is not known yet; committer thread, main's after its end */
};

/* Storage that is full refused the batch before, or has taken nothing since: an empty one is as good as none. */
static void settle(struct recorder *r)
{
    if (source_unready(r->server.source) == NULL)
        buf_span_add(&r->recorded, buf_span(&r->batch));
    buf_clear(&r->batch);
}

static enum err keep(void *ctx, struct job *const *jobs, size_t n)
{
    struct recorder *r = ctx;
    struct buf record;
    settle(r);
    buf_heap(&record);
    for (size_t i = 0; i < n; i++) {
        buf_clear(&record);
        record_write(&record, &jobs[i]->record);
        buf_be32(&r->batch, (uint32_t)record.len);
        buf_span_add(&r->batch, buf_span(&record));
    }
    buf_free(&record);
    return ERR_OK;
}

/* ---- the server ---- */

static struct options options = {.max_connections.number = 1000,
                                 .max_held_mib.number = 64,
                                 .request_timeout_s.number = 15,
                                 .click_wait_ms.number = 60000};

static void set_options(const char *data)
{
#define X(name, type, change, def, help) options.name.text = "";
    OPTION_TABLE(X)
#undef X
    options.data.text = data;
    options.smtp_url.text = "smtp://127.0.0.1:1"; /* nobody sends */
    limits_ample(&options);
}

static void open_data(struct server *sv, const char *data, const char *where)
{
    static const struct list_files no_files = {"", ""};
    const char *what;
    enum err err = instance_open(&sv->instance, data, STORE_SERVE, MAP_SIZE, &what);
    if (err != ERR_OK)
        die("%s of %s: %s", what, data, err_word(err));
    snprintf(sv->listen, sizeof sv->listen, "%s", where);
    struct settings *settings = settings_new();
    settings->options = options;
    sv->settings = settings_open(settings);
    sv->routes = all_routes;
    sv->fast = fast_targets;
    sv->large = large_targets;
    sv->metrics = metrics_new(WORKERS + 2); /* the workers', the committer's, the settler's */
    sv->repeats = repeats_new(1 << 20);
    if (lists_open(&no_files, &sv->lists, NULL) != ERR_OK)
        die("the lists");
}

static const struct target_rules nowhere; /* of what is private */

static const struct pace pace = {.sweep_ms = SWEEP_MS};

static void start(struct recorder *r, const struct source_keeper *keeper)
{
    struct server *sv = &r->server;
    const struct source_setup setup = {
        .instance = &sv->instance,
        .workers = WORKERS,
        .others = 1,
        .queue_size = QUEUE,
        .pace = &pace,
        .counters = metrics_thread(sv->metrics, WORKERS),
        .keeper = keeper,
    };
    sv->source = source_new(&setup);
    const struct committer_setup committer = {.instance = &sv->instance, .runs = job_runs, .source = sv->source};
    enum err err = committer_start(&committer, &r->committer);
    if (err != ERR_OK)
        die("the committer: %s", err_word(err));
    for (size_t i = 0; i < WORKERS; i++)
        worker_start(sv, i, &r->workers[i]);
    r->settler = settler_start(sv, WORKERS + 1, WORKERS);
    r->outgoing = outgoing_start(&sv->instance, source_attempts(sv->source), &nowhere, NULL);
}

static void stop(struct recorder *r)
{
    outgoing_stop(r->outgoing);
    outgoing_close(r->outgoing);
    settler_stop(r->settler);
    for (size_t i = 0; i < WORKERS; i++)
        worker_stop(r->workers[i]);
    source_stop(r->server.source);
    committer_stop(r->committer);
    settle(r);
    upkeep_stop(r->server.upkeep);
    source_free(r->server.source);
    instance_close(&r->server.instance);
    metrics_free(r->server.metrics);
    repeats_free(r->server.repeats);
    lists_close(r->server.lists);
    settings_close(r->server.settings);
}

static void wait_for_term(const sigset_t *set)
{
    int signal = 0;
    while (sigwait(set, &signal) == 0 && signal != SIGTERM)
        atomic_fetch_add(signal == SIGUSR1 ? &slept_s : &ahead_s, signal == SIGUSR1 ? SLEEP_S : AHEAD_S);
}

int main(int argc, char **argv)
{
    static struct recorder r;
    const struct source_keeper keeper = {keep, &r};
    if (argc != 4)
        die("usage: recorder DATA ADDRESS FILE");
    buf_heap(&r.recorded);
    buf_heap(&r.batch);

    sigset_t set; /* blocked in every thread, taken by this one */
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);

    int helper_fd;
    set_options(argv[1]);
    pid_t helper = helper_start(&options, &helper_fd);
    if (helper < 0)
        die("the helper");
    open_data(&r.server, argv[1], argv[2]);
    r.server.upkeep = upkeep_start(helper_fd, helper, "");
    start(&r, &keeper);
    wait_for_term(&set);
    stop(&r);
    enum err err = file_write_atomic(argv[3], buf_span(&r.recorded), 0600);
    if (err != ERR_OK)
        die("%s: %s", argv[3], err_word(err));
    buf_free(&r.recorded);
    buf_free(&r.batch);
    return 0;
}
