/* A worker thread: its contexts, its event loop, and the jobs that come back to it. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "server/system/budgets.h"
#include "server/system/log.h"
#include "server/system/system.h"
#include "server/worker/dispatch.h"
#include "server/worker/readers.h"
#include "server/worker/streams.h"

enum { BATCH_FULL = 128 }; /* jobs that are worth a commit of their own before the turn ends */
enum { READS_FULL = 8 };   /* that came back: the others in the next turn, behind whoever came meanwhile */

/* ---- what HTTP calls ---- */

/* Numbers in a row would tell strangers how much is going on. 0 stands for no request. */
static uint64_t draw_id(struct worker *w)
{
    uint64_t id;
    do {
        if (w->n_ids == 0) {
            random_bytes(w->id, sizeof w->id);
            w->n_ids = sizeof w->id / sizeof *w->id;
        }
        id = w->id[--w->n_ids];
    } while (id == 0);
    return id;
}

static void on_begin(void *ctx, struct request *rq)
{
    struct worker *w = ctx;
    rq->id = draw_id(w);
    rq->worker = w;
    rq->catalog = catalog_hold(w->server->instance.catalog);
}

static void on_more(void *ctx, struct request *rq)
{
    struct worker *w = ctx;
    if (rq->stream != NULL)
        streams_wait(w, rq);
    else if (dispatch_more(w, rq, http_reply(rq)))
        http_answer(w->http, rq);
}

static void on_finish(void *ctx, struct request *rq)
{
    (void)ctx;
    streams_forget(rq);
    compiled_list_free(rq->compiled);
    catalog_unref(rq->catalog);
}

static bool on_dispatch(void *ctx, struct request *rq, struct reply *reply)
{
    return dispatch(ctx, rq, reply);
}

static bool on_head(void *ctx, struct request *rq, struct reply *reply)
{
    return dispatch_head(ctx, rq, reply);
}

static void on_fault(void *ctx, struct request *rq, const struct http_fault *fault, struct reply *reply)
{
    dispatch_fault(ctx, rq, fault, reply);
}

static void on_turn(void *ctx)
{
    struct worker *w = ctx;
    if (w->pushed > 0)
        source_wake(w->server->source);
    w->pushed = 0;
}

static int64_t patience_us(const struct worker *w)
{
    return w->settings->options.click_wait_ms.number * 1000;
}

/* When the first of those who wait has waited enough. */
static void set_alarm(struct worker *w, int64_t now_us)
{
    const struct request *first = TAILQ_FIRST(&w->waiting);
    w->alarmed = first != NULL;
    if (first == NULL)
        return;
    int64_t in_us = first->arrived_us + patience_us(w) - now_us;
    http_alarm(w->http, in_us > 0 ? in_us : 0);
}

/* Who has waited enough is answered; his job goes its way, and rq stays for it. */
static void on_alarm(void *ctx)
{
    struct worker *w = ctx;
    struct request *rq;
    int64_t now_us = clock_monotonic_us();
    while ((rq = TAILQ_FIRST(&w->waiting)) != NULL && rq->arrived_us + patience_us(w) <= now_us) {
        TAILQ_REMOVE(&w->waiting, rq, waits);
        rq->waiting = false;
        rq->unwaited = true;
        METRIC_ADD(w->counters, unwaited, 1);
        if (!dispatch_finish(w, rq, NULL, http_reply(rq)))
            abort(); /* nobody submits a second job */
        http_send(rq);
    }
    set_alarm(w, now_us);
}

static unsigned on_tick(void *ctx)
{
    return streams_tick(ctx);
}

static void on_gone(void *ctx, struct request *rq)
{
    struct worker *w = ctx;
    if (rq->stream != NULL && streams_drop(w, rq))
        return;
    if (w->server->readers == NULL || !readers_drop(w->server->readers, rq))
        return;
    dispatch_read_dropped(w, rq, http_reply(rq));
    http_release(w->http, rq);
}

/* Of thousands of streams pieces come back together. */
static void take_reads(struct worker *w)
{
    enum err err;
    size_t n = 0;
    for (struct request *rq; n < READS_FULL && (rq = readers_finished(w->server->readers, w, &err)) != NULL; n++) {
        if (!dispatch_read_finish(w, rq, err, http_reply(rq)))
            continue;
        if (rq->stream != NULL)
            streams_made(w, rq);
        else
            http_answer(w->http, rq);
    }
    if (n == READS_FULL)
        source_nudge(w->server->source, w->number);
}

/* Jobs or reads came back, or the worker is to stop. */
static void on_ready(void *ctx)
{
    struct worker *w = ctx;
    struct job *job;
    worker_follow(w);
    w->now_us = clock_monotonic_us();
    while ((job = source_finished(w->server->source, w->number)) != NULL) {
        struct request *rq = job->request;
        if (rq->waiting)
            TAILQ_REMOVE(&w->waiting, rq, waits);
        rq->waiting = false;
        if (rq->unwaited && job->err == ERR_OK)
            source_late(w->server->source, job);
        if (rq->unwaited)
            http_release(w->http, rq);
        else if (dispatch_finish(w, rq, job, http_reply(rq)))
            http_answer(w->http, rq);
    }
    if (w->server->readers != NULL)
        take_reads(w);
    w->now_us = 0;
    on_turn(w); /* a finish may have pushed a further job */
    if (atomic_load(&w->stopping)) {
        streams_stop(w);
        http_stop(w->http);
    }
}

/* ---- what may change while it runs ---- */

static const struct http_app app = {.begin = on_begin,
                                    .dispatch = on_dispatch,
                                    .head = on_head,
                                    .fault = on_fault,
                                    .more = on_more,
                                    .finish = on_finish,
                                    .turn = on_turn,
                                    .tick = on_tick,
                                    .alarm = on_alarm,
                                    .gone = on_gone};

enum { SAVED_S = 30 }; /* of what a budget gives in a second */

/* Of all workers together; each is told its part. */
static struct http_setup setup_of(struct worker *w)
{
    const struct server *sv = w->server;
    const struct options *o = &w->settings->options;
    const size_t workers = source_workers(sv->source);
    struct http_setup s = {
        .app = &app,
        .ctx = w,
        .fast = sv->fast,
        .large = sv->large,
        .listen = sv->listen,
        .admin_listen = w->number == 0 && sv->admin_listen[0] != '\0' ? sv->admin_listen : NULL,
        .redirect_listen = w->number == 0 && sv->redirect_listen[0] != '\0' ? sv->redirect_listen : NULL,
        .tls = sv->tls,
        .max_tls = ((size_t)o->max_tls_mib.number << 20) / workers,
        .max_connections = (size_t)o->max_connections.number,
        .held = &w->server->held,
        .account_most = (size_t)o->budget_bytes_kib.number << 10,
        .request_timeout_s = o->request_timeout_s.number,
        .proxies = w->settings->proxies,
        .proxies_header = w->settings->proxies_header,
        .country_header = span_str(o->country_header.text),
        .hellos_per_s = (uint32_t)o->budget_handshakes.number,
        .hellos_refused = &w->counters->over_budget[BUDGET_HANDSHAKES],
        .turns = &w->counters->loop_turns,
    };
    http_rooms(s.room, (size_t)o->max_held_mib.number << 20, workers);
    return s;
}

bool worker_follow(struct worker *w)
{
    if (!settings_follow(w->server->settings, &w->settings))
        return false;
    const struct options *o = &w->settings->options;
    budgets_change(w->parties, (uint32_t)o->budget_party.number, SAVED_S);
    budgets_change(w->explained, (uint32_t)o->budget_explain.number, SAVED_S);
    budgets_change(w->strangers, (uint32_t)o->budget_address.number, SAVED_S);
    if (w->http != NULL) {
        const struct http_setup setup = setup_of(w);
        http_change(w->http, &setup);
    }
    return true;
}

/* ---- life ---- */

void worker_open(struct worker *w, struct server *sv, size_t number)
{
    *w = (struct worker){.server = sv, .number = number};
    TAILQ_INIT(&w->waiting);
    TAILQ_INIT(&w->streams.all);
    w->tokens = keys_new_tokens(sv->instance.keys);
    w->codes = code_cache_new();
    w->agents = agent_cache_new();
    w->fitting = fitting_new();
    w->summaries = summaries_new();
    w->parties = budgets_new(1, SAVED_S);
    w->explained = budgets_new(1, SAVED_S);
    w->strangers = budgets_new(1, SAVED_S);
    worker_follow(w);
    w->zones = zones_new(sv->zones != NULL ? sv->zones : ZONES_FOLDER);
    w->statement_signer = keys_new_statement_signer(sv->instance.keys);
    w->sealer = instance_sealer(&sv->instance);
    w->counters = metrics_thread(sv->metrics, number);
    buf_heap(&w->openapi);
}

void worker_close(struct worker *w)
{
    txn_abort(w->reader);
    catalog_unref(w->streams.checked);
    catalog_unref(w->streams.round);
    free(w->streams.look.contract);
    free(w->streams.look.came);
    free(w->streams.look.refused);
    buf_free(&w->openapi);
    sealer_free(w->sealer);
    signer_free(w->statement_signer);
    code_cache_free(w->codes);
    agent_cache_free(w->agents);
    fitting_free(w->fitting);
    summaries_free(w->summaries);
    budgets_free(w->parties);
    budgets_free(w->explained);
    budgets_free(w->strangers);
    zones_free(w->zones);
    lists_leave(w->server->lists, &w->lists);
    settings_leave(w->server->settings, &w->settings);
    tokens_free(w->tokens);
}

static void *run(void *arg)
{
    struct worker *w = arg;
    thread_is("worker", THREAD_PROMPT);
    http_run(w->http);
    return NULL;
}

void worker_start(struct server *sv, size_t number, struct worker **out)
{
    struct worker *w = xmalloc(sizeof *w);
    worker_open(w, sv, number);
    const struct http_setup setup = setup_of(w);
    w->http = http_new(&setup);
    http_watch(w->http, source_fd(sv->source, number), on_ready);
    thread_start(&w->thread, run, w);
    *out = w;
}

void worker_stop(struct worker *w)
{
    atomic_store(&w->stopping, true);
    source_nudge(w->server->source, w->number);
    pthread_join(w->thread, NULL);
    http_free(w->http);
    dispatch_say_withheld(w);
    worker_close(w);
    free(w);
}

/* ---- for handlers ---- */

enum err worker_reader(struct worker *w, struct txn **out)
{
    if (!w->reading) {
        enum err err =
            w->reader != NULL ? txn_renew(w->reader) : txn_begin(w->server->instance.store, false, &w->reader);
        if (err != ERR_OK)
            return err;
        w->reading = true;
    }
    *out = w->reader;
    return ERR_OK;
}

enum err worker_reader_anew(struct worker *w, struct txn **out, struct problem *p)
{
    if (atomic_load(&w->stopping))
        return problem(p, ERR_BUSY, "", "this server is going down: ask again");
    worker_reader_end(w);
    return worker_reader(w, out);
}

void worker_reader_end(struct worker *w)
{
    if (w->reading)
        txn_reset(w->reader);
    w->reading = false;
}

struct job *worker_job(struct request *rq, enum record_kind kind, const struct who *advertiser)
{
    struct job *job = arena_alloc(rq->arena, sizeof *job);
    memset(job, 0, sizeof *job);
    job->request = rq;
    job->arena = rq->arena;
    job->record.kind = kind;
    job->record.advertiser = advertiser != NULL ? advertiser->number : 0;
    job->record.arrived_ms = rq->arrived_ms;
    job->record.bearer.used = rq->token != NULL;
    if (rq->token != NULL)
        memcpy(job->record.bearer.sha256, rq->token->sha256, HASH_LEN);
    job->arrived_us = rq->arrived_us;
    return job;
}

enum err worker_fails(struct request *rq, enum err err, const char *fmt, ...)
{
    struct buf b;
    va_list args;
    arena_buf(rq->arena, &b, CAUSE_MAX);
    va_start(args, fmt);
    int n = vsnprintf(b.ptr, b.cap, fmt, args);
    va_end(args);
    rq->cause = span_of(b.ptr, n < 0 ? 0 : (size_t)n < b.cap ? (size_t)n : b.cap - 1);
    return err;
}

enum err worker_submit(struct request *rq, struct job *job)
{
    struct worker *w = rq->worker;
    enum err err = source_push(w->server->source, w->number, job);
    if (err != ERR_OK)
        return worker_fails(rq, err, "the queue of worker %zu is full", w->number);
    if (++w->pushed == BATCH_FULL || w->http == NULL) /* without an event loop each request is a turn */
        on_turn(w);
    return ERR_PENDING;
}

enum err worker_submit_within(struct request *rq, struct job *job)
{
    struct worker *w = rq->worker;
    enum err err = worker_submit(rq, job);
    if (err != ERR_PENDING || w->http == NULL)
        return err;
    TAILQ_INSERT_TAIL(&w->waiting, rq, waits);
    rq->waiting = true;
    if (!w->alarmed)
        set_alarm(w, rq->arrived_us);
    return err;
}
