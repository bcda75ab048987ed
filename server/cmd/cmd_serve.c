#include <errno.h>
#include <event2/util.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "common/decisions/disposable.h"
#include "server/cmd/command.h"
#include "server/commit/committer.h"
#include "server/jobs.h"
#include "server/keys/day_keys.h"
#include "server/routes.h"
#include "server/system/log.h"
#include "server/system/system.h"

struct running {
    struct server server;
    struct committer *committer;
    struct worker **workers;
    size_t n_workers;
};

/* The workers share the port by SO_REUSEPORT, which would as well share it with another process of this user: a plain
 * bind first tells. Writes the address that was bound, which settles port 0. */
static void probe_address(const char *address, char *bound, size_t cap)
{
    struct sockaddr_storage sa;
    int len = sizeof sa, on = 1;
    if (evutil_parse_sockaddr_port(address, (struct sockaddr *)&sa, &len) != 0)
        decline("\"%s\" is not an address and port: write 127.0.0.1:8080 or [::1]:8080", address);
    int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(fd, (struct sockaddr *)&sa, (socklen_t)len) < 0 || listen(fd, 1) < 0)
        die("cannot listen on %s: %s; stop what listens there, or choose another --listen", address, strerror(errno));
    socklen_t bound_len = sizeof sa;
    char ip[INET6_ADDRSTRLEN] = "";
    if (getsockname(fd, (struct sockaddr *)&sa, &bound_len) < 0)
        die("cannot read the address of %s: %s", address, strerror(errno));
    close(fd);
    const void *raw = sa.ss_family == AF_INET6 ? (const void *)&((struct sockaddr_in6 *)&sa)->sin6_addr
                                               : (const void *)&((struct sockaddr_in *)&sa)->sin_addr;
    in_port_t port =
        sa.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&sa)->sin6_port : ((struct sockaddr_in *)&sa)->sin_port;
    evutil_inet_ntop(sa.ss_family, raw, ip, sizeof ip);
    snprintf(bound, cap, sa.ss_family == AF_INET6 ? "[%s]:%u" : "%s:%u", ip, ntohs(port));
}

static void bind_addresses(struct server *sh)
{
    const struct options *o = sh->options;
    struct problem p;
    if (proxies_parse(span_str(o->trusted_proxies.text), &sh->proxies, &p) != ERR_OK)
        decline("%s %s", p.field, p.detail);
    probe_address(o->listen.text, sh->listen, sizeof sh->listen);
    if (o->admin_listen.text[0])
        probe_address(o->admin_listen.text, sh->admin_listen, sizeof sh->admin_listen);
}

static void read_lists(struct server *sh)
{
    const char *path = sh->options->disposable_domains.text;
    struct problem p;
    struct buf text;
    if (path[0] == '\0')
        return;
    buf_heap(&text);
    enum err err = file_read(path, &text);
    if (err != ERR_OK)
        decline("disposable_domains: %s cannot be read (%s)", path, err_word(err));
    if (disposable_read(buf_span(&text), &sh->disposable, &p) != ERR_OK)
        decline("disposable_domains: %s: %s", path, p.detail);
    buf_free(&text);
}

/* Raises the soft limit on open files to what max_connections needs. Where the hard one forbids it, fewer connections
 * are taken, and the result is the limit that is needed: out of descriptors the server could not open its own files
 * either. 0: there is room. */
static rlim_t make_room_for_connections(struct options *o)
{
    enum { OWN = 64 + HTTP_ADMIN_CONNECTIONS, OWN_OF_WORKER = 8 };
    struct rlimit files;
    rlim_t workers = (rlim_t)o->workers.number;
    rlim_t needed = OWN + workers * (OWN_OF_WORKER + (rlim_t)o->max_connections.number);
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        die("cannot read the limit on open files: %s", strerror(errno));
    if (files.rlim_cur < needed) {
        files.rlim_cur = files.rlim_max < needed ? files.rlim_max : needed;
        if (setrlimit(RLIMIT_NOFILE, &files) != 0)
            die("cannot raise the limit on open files: %s", strerror(errno));
    }
    if (files.rlim_cur >= needed)
        return 0;
    if (files.rlim_cur < OWN + workers * (OWN_OF_WORKER + 1))
        die("the hard limit on open files, %llu, leaves none for connections: raise it to %llu (ulimit -Hn, "
            "LimitNOFILE)",
            (unsigned long long)files.rlim_cur, (unsigned long long)needed);
    o->max_connections.number = (int64_t)((files.rlim_cur - OWN) / workers - OWN_OF_WORKER);
    return needed;
}

static void say_few_files(const struct options *o, rlim_t needed)
{
    log_line(LOG_WARN, 0, "few_files",
             "the hard limit on open files allows %lld connections per worker: for all of max_connections raise it to "
             "%llu (ulimit -Hn, LimitNOFILE), or set max_connections lower",
             (long long)o->max_connections.number, (unsigned long long)needed);
}

static void open_data(struct server *sh)
{
    const char *data = sh->options->data.text, *what;
    enum err err =
        instance_open(&sh->instance, data, STORE_SERVE, (uint64_t)sh->options->map_size_gib.number << 30, &what);
    if (err == ERR_CONFLICT)
        die("%s is in use by another countersign: stop it first", data);
    if (err == ERR_CORRUPT)
        die("%s of %s does not read: run countersign check", what, data);
    if (err != ERR_OK)
        die("cannot open %s of %s (%s): is it a folder made by countersign init?", what, data, err_word(err));
}

static void start(struct running *r)
{
    struct server *sv = &r->server;
    r->n_workers = (size_t)sv->options->workers.number;
    r->workers = xcalloc(r->n_workers, sizeof(struct worker *));
    sv->routes = all_routes;
    sv->fast = fast_targets;
    sv->metrics = metrics_new(r->n_workers + 1); /* the last is the committer's */
    const struct source_setup setup = {
        .instance = &sv->instance,
        .workers = r->n_workers,
        .queue_size = (size_t)sv->options->queue_size.number,
        .sweep_ms = sv->options->sweep_ms.number,
        .counters = metrics_thread(sv->metrics, r->n_workers),
    };
    sv->source = source_new(&setup);
    const struct committer_setup committer = {.instance = &sv->instance, .runs = job_runs, .source = sv->source};
    enum err err = committer_start(&committer, &r->committer);
    if (err != ERR_OK)
        die("recovery failed (%s): run countersign check", err_word(err));
    for (size_t i = 0; i < r->n_workers; i++)
        worker_start(sv, i, &r->workers[i]);
}

static void stop(struct running *r)
{
    for (size_t i = 0; i < r->n_workers; i++)
        worker_stop(r->workers[i]);
    source_stop(r->server.source);
    committer_stop(r->committer);
    source_free(r->server.source);
    instance_close(&r->server.instance);
    metrics_free(r->server.metrics);
    proxies_free(r->server.proxies);
    disposable_free(r->server.disposable);
    free(r->workers);
}

static void wait_for_signals(const sigset_t *set)
{
    for (;;) {
        int signal = 0;
        sigwait(set, &signal);
        if (signal != SIGHUP) {
            log_line(LOG_INFO, 0, "stopping", "signal %d", signal);
            return;
        }
        log_line(LOG_WARN, 0, "hangup_ignored", "nothing is reloaded: restart to take a changed configuration");
    }
}

enum { CONFIG, PRINT_CONFIG, SETTINGS };

static const struct arg args[] = {
    [CONFIG] = {.name = "--config", .value = "FILE", .help = "read settings from FILE, one `key = value` a line"},
    [PRINT_CONFIG] = {.name = "--print-config", .help = "show the effective settings and exit"},
/* from SETTINGS on: the options' own table */
#define TEXT .value = "TEXT"
#define NUMBER(least, most) .value = "N", .range = #least " to " #most
#define X(option, type, default, sentence) {.name = "--" #option, type, .def = default, .help = sentence},
    OPTION_TABLE(X)
#undef X
#undef NUMBER
#undef TEXT
};

static int serve(const char *const given[])
{
    struct options options;
    struct running r = {.server.options = &options};
    struct server *sv = &r.server;
    options_read(&options, given[CONFIG], given + SETTINGS);
    if (given[PRINT_CONFIG] != NULL) {
        options_print(&options);
        options_free(&options);
        return STATUS_DONE;
    }
    if (options.data.text[0] == '\0')
        decline("which folder? Give --data DIR (made by `countersign init`)");
    mem_last_words(log_out_of_memory);
    http_use_mem();

    sigset_t set; /* blocked in every thread, taken by this one */
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);

    open_data(sv);
    read_lists(sv);
    bind_addresses(sv);
    rlim_t files = make_room_for_connections(&options);
    start(&r);
    log_line(LOG_INFO, 0, "ready", "listening on http://%s for %s, %zu workers%s%s", sv->listen,
             sv->instance.public_url, r.n_workers, sv->admin_listen[0] ? ", admin on http://" : "", sv->admin_listen);
    if (files > 0)
        say_few_files(&options, files);
    wait_for_signals(&set);
    stop(&r);
    log_line(LOG_INFO, 0, "stopped", "all answers are out and durable");
    options_free(&options);
    return STATUS_DONE;
}

const struct command cmd_serve = {
    .name = "serve",
    .summary = "answer clicks, pixels, postbacks and the API",
    .help =
        "Answers clicks, pixels, postbacks and the API until SIGTERM. Every setting is a flag, a key of the config\n"
        "file and a variable COUNTERSIGN_NAME; a flag wins over the variable, the variable over the file.",
    .args = args,
    .n_args = sizeof args / sizeof args[0],
    .run = serve,
};
