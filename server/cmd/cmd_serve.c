#include <errno.h>
#include <event2/util.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "common/base/when.h"
#include "server/cmd/command.h"
#include "server/cmd/data_folder.h"
#include "server/cmd/helper.h"
#include "server/cmd/serve_settings.h"
#include "server/commit/committer.h"
#include "server/courier/courier.h"
#include "server/jobs.h"
#include "server/keys/day_keys.h"
#include "server/keys/month_keys.h"
#include "server/keys/witness.h"
#include "server/notices/notices.h"
#include "server/outgoing/outgoing.h"
#include "server/routes.h"
#include "server/settlement/drafts.h"
#include "server/settlement/settler.h"
#include "server/system/bounds.h"
#include "server/system/confine.h"
#include "server/system/log.h"
#include "server/system/system.h"
#include "server/upkeep/upkeep.h"
#include "server/worker/ended_sessions.h"
#include "server/worker/mail_links.h"
#include "server/worker/readers.h"

struct running {
    struct server server;
    struct committer *committer;
    struct worker **workers;
    size_t n_workers;
    struct settler *settler;
    struct notices *notices; /* NULL: none are sent */
    struct settings_said said;
    const struct settings *settings; /* the present ones */
    struct pace pace;
    pid_t helper; /* -1: there is none */
    int helper_fd;
};

/* The workers share the port by SO_REUSEPORT, which would as well share it with another process of this user: a plain
 * bind first tells, also of another address of its own. Writes the address that was bound, which settles port 0. The
 * socket, which is to be open until all are bound. */
static int probe_address(const char *option, const char *wanted, char *bound, size_t cap)
{
    struct sockaddr_storage sa;
    int len = sizeof sa, on = 1;
    if (evutil_parse_sockaddr_port(wanted, (struct sockaddr *)&sa, &len) != 0)
        decline("%s \"%s\" is not an address and port: write 127.0.0.1:8080 or [::1]:8080", option, wanted);
    int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(fd, (struct sockaddr *)&sa, (socklen_t)len) < 0 || listen(fd, 1) < 0)
        die("cannot listen on %s: %s; %schoose another %s", wanted, strerror(errno),
            errno == EADDRINUSE ? "stop what listens there, where it is not another address of this server's, or " : "",
            option);
    socklen_t bound_len = sizeof sa;
    char ip[INET6_ADDRSTRLEN] = "";
    if (getsockname(fd, (struct sockaddr *)&sa, &bound_len) < 0)
        die("cannot read the address of %s: %s", wanted, strerror(errno));
    const void *raw = sa.ss_family == AF_INET6 ? (const void *)&((struct sockaddr_in6 *)&sa)->sin6_addr
                                               : (const void *)&((struct sockaddr_in *)&sa)->sin_addr;
    in_port_t port =
        sa.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&sa)->sin6_port : ((struct sockaddr_in *)&sa)->sin_port;
    evutil_inet_ntop(sa.ss_family, raw, ip, sizeof ip);
    snprintf(bound, cap, sa.ss_family == AF_INET6 ? "[%s]:%u" : "%s:%u", ip, ntohs(port));
    return fd;
}

static void bind_addresses(struct server *sh, const struct options *o)
{
    int probes[3] = {-1, -1, -1};
    probes[0] = probe_address("--listen", o->listen.text, sh->listen, sizeof sh->listen);
    if (o->admin_listen.text[0])
        probes[1] = probe_address("--admin-listen", o->admin_listen.text, sh->admin_listen, sizeof sh->admin_listen);
    if (o->redirect_listen.text[0] && !sh->instance.https)
        decline("redirect_listen leads to the public URL, which is %s: there is nothing to lead to but https",
                sh->instance.public_url);
    if (o->redirect_listen.text[0])
        probes[2] = probe_address("--redirect-listen", o->redirect_listen.text, sh->redirect_listen,
                                  sizeof sh->redirect_listen);
    for (size_t i = 0; i < 3; i++)
        if (probes[i] >= 0)
            close(probes[i]);
}

/* ---- TLS ---- */

static void open_tls(struct server *sv, const struct options *o)
{
    const struct tls_files files = {o->tls_cert.text, o->tls_key.text};
    struct problem p;
    if (files.cert[0] == '\0' && files.key[0] == '\0')
        return;
    if (files.cert[0] == '\0' || files.key[0] == '\0')
        decline("tls_cert and tls_key go together: %s is missing", files.cert[0] == '\0' ? "tls_cert" : "tls_key");
    if (!sv->instance.https)
        decline("tls_cert: the public URL of this folder is %s, so all links that it gave are plain: TLS is for one "
                "that begins with https://",
                sv->instance.public_url);
    if (tls_open(&files, &sv->tls, &p) != ERR_OK)
        decline("%s: %s", p.field, p.detail);
}

/* That of the public URL, without its port. */
static void host_alone(const struct server *sv, char host[sizeof sv->instance.host])
{
    bool literal = sv->instance.host[0] == '[';
    const char *from = sv->instance.host + literal;
    snprintf(host, sizeof sv->instance.host, "%.*s", (int)strcspn(from, literal ? "]" : ":"), from);
}

/* What its owner would want to know of the certificate, before browsers tell it. */
static void say_tls(struct server *sv)
{
    enum { TIME_CAP = 64 };
    char until_mem[TIME_CAP], host[sizeof sv->instance.host];
    struct buf until;
    if (sv->tls == NULL)
        return;
    struct tls_status s = tls_status(sv->tls);
    enum tls_life life = tls_life(&s, clock_ms() / MS_PER_S);
    host_alone(sv, host);
    buf_fixed(&until, until_mem, sizeof until_mem);
    time_rfc3339(&until, s.not_after_s * 1000);
    log_line(life != TLS_VALID ? LOG_WARN : LOG_INFO, 0, "tls", "the certificate is %svalid, and its last day is %.*s",
             life == TLS_NOT_VALID ? "not " : "", (int)until.len, until.ptr);
    if (!tls_names(sv->tls, host))
        log_line(LOG_WARN, 0, "tls_name", "the certificate is not for %s, the host of the public URL", host);
}

static void reload_tls(struct server *sv, const struct options *o)
{
    const struct tls_files files = {o->tls_cert.text, o->tls_key.text};
    struct problem p;
    if (tls_reload(sv->tls, &files, &p) != ERR_OK)
        log_line(LOG_ERROR, 0, "tls_kept", "%s: %s; the certificate and key from before stay in use", p.field,
                 p.detail);
    else
        say_tls(sv);
}

static void read_lists(struct server *sh, const struct options *o)
{
    const struct list_files files = {o->datacenter_list.text, o->country_mmdb.text};
    struct problem p;
    if (lists_open(&files, &sh->lists, &p) != ERR_OK)
        decline("%s: %s", p.field, p.detail);
}

enum { POLICY_FILE_MAX = 1 << 20 };

static void read_setting(const char *setting, const char *path, struct buf *text)
{
    buf_heap(text);
    enum err err = file_read(path, POLICY_FILE_MAX, text);
    if (err != ERR_OK)
        decline("%s: %s cannot be read (%s)", setting, path, err_word(err));
}

static void open_witnesses(struct server *sv, const struct options *o)
{
    const char *asked = o->witnesses.text, *witnessed = o->witness.text;
    struct problem p = {.field = ""};
    struct buf text;
    if (asked[0] != '\0') {
        read_setting("witnesses", asked, &text);
        if (courier_open(&sv->instance, buf_span(&text), &sv->courier, &p) != ERR_OK)
            decline("witnesses: %s: %s%s%s", asked, p.field, p.field[0] ? ": " : "", p.detail);
        buf_free(&text);
    }
    if (witnessed[0] != '\0') {
        read_setting("witness", witnessed, &text);
        enum err err =
            witness_open(o->data.text, sv->instance.keys, sv->instance.origin, buf_span(&text), &sv->witness, &p);
        if (err == ERR_MALFORMED)
            decline("witness: %s: %s: %s", witnessed, p.field, p.detail);
        if (err != ERR_OK)
            die("%s/witnessed does not read (%s): put back the newest copy; without it, this witness would cosign two "
                "histories",
                o->data.text, err_word(err));
        buf_free(&text);
    }
}

static void say_witness(const struct server *sv)
{
    struct buf key;
    if (sv->witness == NULL)
        return;
    buf_heap(&key);
    witness_key(sv->witness, &key);
    log_line(LOG_INFO, 0, "witness", "cosigns checkpoints under %zu keys of logs; its own key is %.*s",
             witness_logs(sv->witness), (int)key.len, key.ptr);
    buf_free(&key);
}

static void open_data(struct server *sh, const struct options *o)
{
    data_folder_open(&sh->instance, o->data.text, (uint64_t)o->map_size_gib.number << 30,
                     "stop it first, or choose another --data", log_damaged_store);
}

/* ---- signals ---- */

/* Until all is ready nothing was acknowledged: what is left is what a kill -9 leaves, and the store may take long to
 * load. Of the one thread that there is; log_line takes no lock. */
static void on_early_signal(int number)
{
    log_line(LOG_INFO, 0, "stopped", "signal %d, before the server was ready: nothing was under way", number);
    _exit(STATUS_DONE);
}

static void signals_set(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGHUP);
}

static void stop_early_on_signals(void)
{
    struct sigaction act = {.sa_handler = on_early_signal};
    sigset_t hangup;
    sigemptyset(&hangup);
    sigaddset(&hangup, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &hangup, NULL);
    signals_set(&act.sa_mask);
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
}

/* From here on they are blocked in every thread, and taken by wait_for_signals. */
static void keep_signals(void)
{
    sigset_t set;
    signals_set(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void reload_lists(struct server *sv, const struct options *o)
{
    const struct list_files files = {o->datacenter_list.text, o->country_mmdb.text};
    struct problem p;
    size_t datacenters, countries;
    if (lists_reload(sv->lists, &files, &p) != ERR_OK) {
        log_line(LOG_ERROR, 0, "lists_kept", "%s: %s; all lists stay as they were", p.field, p.detail);
        return;
    }
    lists_sizes(sv->lists, &datacenters, &countries);
    log_line(LOG_INFO, 0, "lists_read", "%zu ranges of hosting networks, %zu of countries", datacenters, countries);
}

/* Settings that are refused hold nobody's certificate back. */
static void reload(struct running *r)
{
    struct server *sv = &r->server;
    serve_settings_again(&r->said, sv, r->settings, &r->pace);
    settings_follow(sv->settings, &r->settings);
    const struct options *o = &r->settings->options;
    if (o->datacenter_list.text[0] != '\0' || o->country_mmdb.text[0] != '\0')
        reload_lists(sv, o);
    if (sv->tls != NULL)
        reload_tls(sv, o);
}

static void look_at_certificate(struct server *sv)
{
    if (sv->tls == NULL)
        return;
    const struct tls_status s = tls_status(sv->tls);
    if (tls_life(&s, clock_ms() / MS_PER_S) != TLS_VALID)
        say_tls(sv);
}

/* Once a day it looks at what comes to its end by itself. */
static void wait_for_signals(struct running *r)
{
    const struct timespec day = {86400, 0};
    sigset_t set;
    signals_set(&set);
    for (;;) {
        int signal = sigtimedwait(&set, NULL, &day);
        if (signal == SIGHUP) {
            reload(r);
        } else if (signal > 0) {
            log_line(LOG_INFO, 0, "stopping", "signal %d", signal);
            return;
        } else if (errno == EAGAIN) {
            look_at_certificate(&r->server);
        }
    }
}

/* ---- what it gives up ---- */

static unsigned port_of(const char *bound)
{
    const char *colon = strrchr(bound, ':');
    return colon != NULL ? (unsigned)strtoul(colon + 1, NULL, 10) : 0;
}

static void confine_server(const struct server *sv, const struct settings_said *said, const struct options *o,
                           bool calls)
{
    const char *trusted = getenv("SSL_CERT_FILE"); /* by which those whom it calls are known */
    const struct confinement c = {
        .data = o->data.text,
        .files = {o->tls_cert.text, o->tls_key.text, o->datacenter_list.text, o->country_mmdb.text,
                  o->disposable_domains.text, o->smtp_password_file.text, said->config != NULL ? said->config : "",
                  trusted != NULL ? trusted : ""},
        .ports = {port_of(sv->listen), port_of(sv->admin_listen), port_of(sv->redirect_listen)},
        .connects = sv->courier != NULL || calls,
    };
    const struct confined done = confine(&c);
    log_line(done.landlock > 0 && done.seccomp ? LOG_INFO : LOG_WARN, 0, "confined",
             "no core dumps; files and ports: %s (Landlock %d); programs, processes, tracing: %s (seccomp)",
             done.landlock > 0 ? "its own alone" : "what this user may, the kernel has no", done.landlock,
             done.seccomp ? "none" : "what this user may, the kernel has no");
}

/* ---- life ---- */

enum { STUCK_LEAST_MS = 2000 }; /* a commit is not stuck before, however short clicks wait for theirs */

static _Noreturn void refuse_start(enum err err, const char *data)
{
    if (err == ERR_FULL)
        die("cannot start: the disk is full, or the store is as large as map_size_gib allows: free some space, or "
            "raise it%s",
            bounds_of_files());
    const uint32_t month = month_of_day((uint32_t)(clock_ms() / MS_PER_DAY));
    if (err == ERR_CORRUPT && month_key_damaged(data, month))
        die("%s/keys/%04u-%02u is damaged, which is the key of this month: put back that file alone, from your copy of "
            "the key files; if there is none, move it away, and `countersign keys lost --data %s --month %04u-%02u` "
            "goes on without what it sealed",
            data, month / 12, month % 12 + 1, data, month / 12, month % 12 + 1);
    if (err == ERR_CORRUPT)
        die("recovery failed (%s): run `countersign check --data %s`, and put back a copy that holds", err_word(err),
            data);
    if (err == ERR_NOT_FOUND)
        die("the key of this month is gone from %s/keys, or is another one, and days of it are sealed under it (or the "
            "clock says a month whose key was destroyed): put back the file from your copy of the key files; if there "
            "is none, `countersign keys lost --data %s --month YYYY-MM` goes on without what it sealed",
            data, data);
    die("recovery failed (%s): look at the disk, and whether this user may write to %s", err_word(err), data);
}

static void start(struct running *r)
{
    struct server *sv = &r->server;
    const struct options *o = &r->settings->options;
    const bool mails = o->smtp_url.text[0] != '\0';
    struct target_rules webhooks;
    serve_settings_webhooks(r->settings, &webhooks);
    serve_settings_pace(r->settings, &r->pace);
    r->n_workers = (size_t)o->workers.number;
    r->workers = xcalloc(r->n_workers, sizeof(struct worker *));
    sv->routes = all_routes;
    sv->fast = fast_targets;
    sv->large = large_targets;
    sv->repeats = repeats_new((size_t)o->repeat_mib.number << 20);
    size_t readers = (size_t)o->readers.number;
    int64_t click_wait_ms = o->click_wait_ms.number;
    sv->metrics =
        metrics_new(r->n_workers + 1 + readers + 3); /* workers', the committer's, readers', and the three below */
    const struct source_setup setup = {
        .instance = &sv->instance,
        .data_dir = o->data.text,
        .workers = r->n_workers,
        .others = 2,
        .queue_size = (size_t)o->queue_size.number,
        .pace = &r->pace,
        .stuck_ms = click_wait_ms > STUCK_LEAST_MS / 2 ? 2 * click_wait_ms : STUCK_LEAST_MS,
        .counters = metrics_thread(sv->metrics, r->n_workers),
    };
    sv->source = source_new(&setup);
    sv->news = news_new();
    const struct committer_setup committer = {.instance = &sv->instance,
                                              .runs = job_runs,
                                              .source = sv->source,
                                              .news = sv->news,
                                              .data_dir = o->data.text,
                                              .ahead = (uint64_t)o->store_ahead_kib.number << 10};
    enum err err = committer_start(&committer, &r->committer);
    if (err != ERR_OK)
        refuse_start(err, o->data.text);
    keep_signals();
    if (r->helper > 0)
        sv->upkeep = upkeep_start(r->helper_fd, r->helper, o->backup_dir.text);
    sv->readers = readers_new(sv, readers, r->n_workers + 1, r->n_workers);
    sv->drafts = drafts_new();
    sv->ended_sessions = ended_sessions_new();
    sv->mail_links = mails ? mail_links_new() : NULL;
    for (size_t i = 0; i < r->n_workers; i++)
        worker_start(sv, i, &r->workers[i]);
    r->settler = settler_start(sv, r->n_workers + 1 + readers, r->n_workers);
    if (mails)
        r->notices = notices_start(sv, r->n_workers + 2 + readers, r->n_workers + 1);
    if (sv->courier != NULL)
        courier_start(sv->courier);
    if (!webhooks.none)
        sv->outgoing = outgoing_start(&sv->instance, source_attempts(sv->source), &webhooks,
                                      metrics_thread(sv->metrics, r->n_workers + 3 + readers));
}

static void stop(struct running *r)
{
    courier_stop(r->server.courier);
    outgoing_stop(r->server.outgoing);
    readers_stop(r->server.readers);
    for (size_t i = 0; i < r->n_workers; i++)
        worker_stop(r->workers[i]);
    readers_free(r->server.readers);
    settler_stop(r->settler);
    notices_stop(r->notices);
    upkeep_stop(r->server.upkeep);
    drafts_free(r->server.drafts);
    ended_sessions_free(r->server.ended_sessions);
    mail_links_free(r->server.mail_links);
    source_stop(r->server.source);
    committer_stop(r->committer);
    source_free(r->server.source);
    news_free(r->server.news);
    courier_close(r->server.courier);
    outgoing_close(r->server.outgoing);
    witness_close(r->server.witness);
    instance_close(&r->server.instance);
    metrics_free(r->server.metrics);
    tls_close(r->server.tls);
    lists_close(r->server.lists);
    repeats_free(r->server.repeats);
    settings_leave(r->server.settings, &r->settings);
    settings_close(r->server.settings);
    free(r->workers);
}

enum { CONFIG, PRINT_CONFIG, SETTINGS };

static const struct arg args[] = {
    [CONFIG] = {.name = "--config", .value = "FILE", .help = "read settings from FILE, one `key = value` a line"},
    [PRINT_CONFIG] = {.name = "--print-config", .help = "show the effective settings and exit"},
/* from SETTINGS on: the options' own table */
#define TEXT .value = "TEXT"
#define NUMBER(least, most) .value = "N", .range = #least " to " #most
#define START "a change needs a restart"
#define HUP NULL
#define HUP_BUT(off) "on and off need a restart"
#define X(option, type, change, default, sentence)                                                                     \
    {.name = "--" #option, type, .def = default, .help = sentence, .note = change},
    OPTION_TABLE(X)
#undef X
#undef HUP_BUT
#undef HUP
#undef START
#undef NUMBER
#undef TEXT
};

static int serve(const char *const given[])
{
    struct running r = {.said = {options_config(given[CONFIG]), given + SETTINGS}};
    struct server *sv = &r.server;
    struct settings *settings = serve_settings_read(&r.said);
    const struct options *o = &settings->options;
    if (given[PRINT_CONFIG] != NULL) {
        options_print(o);
        settings_free(settings);
        return STATUS_DONE;
    }
    if (o->data.text[0] == '\0')
        decline("which folder? Give --data DIR (made by `countersign init`)");
    mem_last_words(log_out_of_memory);
    http_use_mem();

    r.helper = helper_start(o, &r.helper_fd);
    stop_early_on_signals();
    open_data(sv, o);
    serve_settings_fill(&r.said, sv, settings);
    bind_addresses(sv, o);
    open_tls(sv, o);
    read_lists(sv, o);
    open_witnesses(sv, o);
    sv->settings = settings_open(settings);
    settings_follow(sv->settings, &r.settings);
    confine_server(sv, &r.said, o, strcmp(o->webhook_allow.text, "none") != 0 || o->smtp_url.text[0] != '\0');
    start(&r);
    say_witness(sv);
    say_tls(sv);
    serve_settings_say(settings);
    log_line(LOG_INFO, 0, "ready", "listening on http%s://%s for %s, %zu workers%s%s%s%s", sv->tls != NULL ? "s" : "",
             sv->listen, sv->instance.public_url, r.n_workers, sv->admin_listen[0] ? ", admin on http://" : "",
             sv->admin_listen, sv->redirect_listen[0] ? ", redirecting from http://" : "", sv->redirect_listen);
    wait_for_signals(&r);
    stop(&r);
    log_line(LOG_INFO, 0, "stopped", "all answers are out and durable");
    return STATUS_DONE;
}

const struct command cmd_serve = {
    .name = "serve",
    .summary = "answer clicks, pixels, postbacks and the API",
    .help =
        "Answers clicks, pixels, postbacks and the API until SIGTERM. Every setting is a flag, a key of the config\n"
        "file and a variable COUNTERSIGN_NAME; a flag wins over the variable, the variable over the file. HUP reads "
        "the\n"
        "file again: what it may change is taken over at once, or nothing is where anything in it is wrong.",
    .args = args,
    .n_args = sizeof args / sizeof args[0],
    .run = serve,
};
