#include "loadtest/run.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>

#include <jansson.h>

#include "common/base/mem.h"

#define NS_PER_S UINT64_C(1000000000)

enum { CHORE_MS = 100, CONNECT_WAIT_S = 3 };

struct run {
    const struct settings *settings;
    struct result *result;
    struct plan *plan;
    struct replay *replay; /* NULL: the plan's mix is fired */
    struct event_base *base;
    struct event *due, *chores;
    struct client *clients;
    size_t n_clients, in_flight;
    struct client **idle; /* ring: every connection gets its turn */
    size_t idle_first, n_idle;
    bool started, stopping;
    uint64_t opened_ns, start_ns, end_ns, last_answer_ns;
    FILE *acks;
};

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static uint64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static uint64_t due_ns(const struct run *r, uint64_t k)
{
    return r->start_ns + (uint64_t)((unsigned __int128)k * NS_PER_S / (uint64_t)r->settings->rate);
}

static bool all_fired(const struct run *r)
{
    return r->stopping || (r->settings->count && r->result->fired >= (uint64_t)r->settings->count) ||
           (r->replay != NULL && replay_done(r->replay));
}

static void finish_if_done(struct run *r)
{
    if (r->started && all_fired(r) && r->in_flight == 0)
        event_base_loopbreak(r->base);
}

static bool next_request(struct run *r, struct shot *shot, struct buf *request)
{
    if (r->replay != NULL)
        return replay_next(r->replay, time(NULL), shot, request);
    plan_next(r->plan, time(NULL), shot, request);
    return true;
}

/* Fires on an idle client if something is due. */
static bool fire(struct run *r, struct client *c, uint64_t now)
{
    struct buf request;
    if (!r->started || all_fired(r))
        return false;
    c->scheduled_ns = r->settings->rate ? due_ns(r, r->result->fired) : now;
    client_request(c, &request);
    if (c->scheduled_ns > now || !next_request(r, &c->shot, &request))
        return false;
    r->result->fired++;
    r->in_flight++;
    c->sent_ns = now;
    client_send(c, &request);
    return true;
}

static void arm(struct run *r)
{
    if (!r->settings->rate || all_fired(r))
        return;
    uint64_t now = now_ns(), at = due_ns(r, r->result->fired), wait_us = at > now ? (at - now) / 1000 : 0;
    const struct timeval wait = {(time_t)(wait_us / 1000000), (suseconds_t)(wait_us % 1000000)};
    event_add(r->due, &wait);
}

static void fire_what_is_due(struct run *r)
{
    uint64_t now = now_ns();
    while (r->n_idle) {
        struct client *c = r->idle[r->idle_first];
        if (c->state == CLIENT_IDLE && !fire(r, c, now))
            break;
        c->queued = false;
        r->idle_first = (r->idle_first + 1) % r->n_clients;
        r->n_idle--;
    }
    if (r->n_idle) /* else the next answer fires */
        arm(r);
}

static void on_due(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    fire_what_is_due(arg);
}

static void on_ready(void *ctx, struct client *c)
{
    struct run *r = ctx;
    if (r->started && fire(r, c, now_ns()))
        return;
    if (c->queued) /* it broke and came back while it waited */
        return;
    c->queued = true;
    r->idle[(r->idle_first + r->n_idle++) % r->n_clients] = c;
    if (r->started && r->n_idle == 1)
        arm(r);
}

static struct span click_id_in(struct span location)
{
    const char *at = location.len ? memmem(location.ptr, location.len, "click_id=", 9) : NULL;
    if (at == NULL || (size_t)(location.ptr + location.len - at) < 9 + CLICK_ID_LEN)
        return span_of(NULL, 0);
    return span_of(at + 9, CLICK_ID_LEN);
}

static void acknowledge_lead(struct run *r, const struct shot *shot, struct span body)
{
    json_t *v = json_loadb(body.ptr, body.len, 0, NULL);
    const char *lead = json_string_value(json_object_get(v, "lead"));
    const char *contract = json_string_value(json_object_get(v, "contract"));
    const char *receipt = json_string_value(json_object_get(v, "receipt"));
    if (lead != NULL && contract != NULL && receipt != NULL)
        fprintf(r->acks, "lead %s %s %s %lld %s\n", shot->id, lead, contract,
                (long long)json_integer_value(json_object_get(v, "index")), receipt);
    json_decref(v);
}

static void on_answered(void *ctx, struct client *c, const struct answer *a)
{
    struct run *r = ctx;
    struct kind_result *k = &r->result->kind[c->shot.kind];
    uint64_t now = now_ns();

    r->in_flight--;
    r->last_answer_ns = now;
    k->answered++;
    k->status[a->status]++;
    hdr_record(&k->latency_ns, now - c->scheduled_ns);
    if (r->replay != NULL) {
        replay_answered(r->replay, &c->shot, a, click_id_in(a->location));
    } else if (c->shot.kind == KIND_CLICK && a->status == 302) {
        struct span id = click_id_in(a->location);
        if (id.len) {
            plan_learn(r->plan, &c->shot, id);
            if (r->acks != NULL)
                fprintf(r->acks, "click %s %.*s\n", c->shot.id, (int)id.len, id.ptr);
        } else {
            k->no_click_id++;
        }
    } else if (r->acks != NULL && c->shot.kind == KIND_VIEW && a->status == 200) {
        fprintf(r->acks, "view %s\n", c->shot.click_id);
    } else if (r->acks != NULL && c->shot.kind == KIND_LEAD && a->status == 200) {
        acknowledge_lead(r, &c->shot, a->body);
    }
    finish_if_done(r);
}

static void on_failed(void *ctx, struct client *c, enum failure f)
{
    struct run *r = ctx;
    r->result->failures[f]++;
    if (f != FAILURE_CONNECT) {
        r->in_flight--;
        if (r->replay != NULL)
            replay_broken(r->replay, &c->shot);
    }
    finish_if_done(r);
}

static void begin(struct run *r, uint64_t now)
{
    r->started = true;
    r->start_ns = r->last_answer_ns = now;
    r->end_ns = r->settings->duration ? now + (uint64_t)r->settings->duration * NS_PER_S : UINT64_MAX;
    r->result->cpu_ns = cpu_ns();
    fire_what_is_due(r);
}

static void stop(struct run *r, uint64_t now)
{
    if (r->settings->rate && !r->stopping) {
        uint64_t due = (uint64_t)((unsigned __int128)(now - r->start_ns) * (uint64_t)r->settings->rate / NS_PER_S);
        if (r->settings->count && due > (uint64_t)r->settings->count)
            due = (uint64_t)r->settings->count;
        r->result->unsent = due > r->result->fired ? due - r->result->fired : 0;
    }
    r->stopping = true;
    event_del(r->due);
    finish_if_done(r);
}

static void on_chores(evutil_socket_t fd, short what, void *arg)
{
    struct run *r = arg;
    uint64_t now = now_ns(), patience = (uint64_t)r->settings->timeout * NS_PER_S;
    (void)fd;
    (void)what;
    if (!r->started) {
        if (r->n_idle == r->n_clients || now - r->opened_ns > CONNECT_WAIT_S * NS_PER_S)
            begin(r, now);
        return;
    }
    if (now >= r->end_ns || (!r->settings->duration && now - r->last_answer_ns > 2 * patience))
        stop(r, now);
    for (size_t i = 0; i < r->n_clients; i++)
        if (r->clients[i].state == CLIENT_BUSY && now - r->clients[i].sent_ns > patience)
            client_fail(&r->clients[i], FAILURE_TIMEOUT);
    if (r->replay != NULL) {
        replay_retry(r->replay);
        fire_what_is_due(r);
    }
}

/* http://ADDRESS[:PORT]: the address and what stands behind the slashes. */
static struct span parse_url(const char *url, struct sockaddr_storage *address, int *len)
{
    static const char scheme[] = "http://";
    if (strncmp(url, scheme, sizeof scheme - 1) != 0)
        die("--url must start with http://");
    struct span host = span_str(url + sizeof scheme - 1);
    if (host.len && host.ptr[host.len - 1] == '/')
        host.len--;
    char text[256];
    snprintf(text, sizeof text, "%.*s%s", (int)host.len, host.ptr,
             memchr(host.ptr, ':', host.len) != NULL ? "" : ":80");
    *len = sizeof *address;
    if (evutil_parse_sockaddr_port(text, (struct sockaddr *)address, len))
        die("--url must name an address and a port such as http://127.0.0.1:8080, not '%s'", url);
    return host;
}

static void allow_open_files(size_t n)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur < n + 16)
        die("%zu connections need more open files than allowed; raise it with ulimit -n", n);
}

static struct event_base *new_base(void)
{
    struct event_config *cfg = event_config_new();
    event_config_set_flag(cfg, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST |
                                   EVENT_BASE_FLAG_PRECISE_TIMER);
    struct event_base *base = event_base_new_with_config(cfg);
    event_config_free(cfg);
    if (base == NULL)
        die("cannot start an event loop");
    return base;
}

void run(const struct settings *s, struct result *out)
{
    struct run r = {.settings = s, .result = out, .n_clients = (size_t)s->connections};
    const struct client_events events = {on_ready, on_answered, on_failed, &r};
    const struct timeval chore = {0, CHORE_MS * 1000};
    struct sockaddr_storage address;
    int address_len;
    uint64_t salt;

    struct span host = parse_url(s->url, &address, &address_len);
    if (s->public_host[0])
        host = span_str(s->public_host);
    if (getrandom(&salt, sizeof salt, 0) != sizeof salt)
        die("cannot draw random bytes: %m");
    if (s->acks[0] && (r.acks = fopen(s->acks, "a")) == NULL)
        die("cannot write %s: %m", s->acks);
    if (r.acks != NULL)
        setvbuf(r.acks, NULL, _IOLBF, 0); /* what was acknowledged stands in the file at once */
    allow_open_files(r.n_clients);
    if (s->replay[0])
        r.replay = replay_new(s, host, salt, &out->replay);
    else
        r.plan = plan_new(s, host, salt);
    r.base = new_base();
    r.due = event_new(r.base, -1, 0, on_due, &r);
    r.chores = event_new(r.base, -1, EV_PERSIST, on_chores, &r);
    r.clients = xcalloc(r.n_clients, sizeof *r.clients);
    r.idle = xcalloc(r.n_clients, sizeof *r.idle);
    event_add(r.chores, &chore);
    r.opened_ns = now_ns();
    for (size_t i = 0; i < r.n_clients; i++)
        client_open(&r.clients[i], r.base, (struct sockaddr *)&address, (socklen_t)address_len, &events);

    event_base_dispatch(r.base);
    out->wall_ns = now_ns() - r.start_ns;
    out->cpu_ns = cpu_ns() - out->cpu_ns;

    for (size_t i = 0; i < r.n_clients; i++)
        client_close(&r.clients[i]);
    free(r.clients);
    free(r.idle);
    event_free(r.due);
    event_free(r.chores);
    event_base_free(r.base);
    plan_free(r.plan);
    replay_free(r.replay);
    if (r.acks != NULL && fclose(r.acks))
        die("cannot write %s: %m", s->acks);
}
