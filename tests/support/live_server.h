/* A whole server in the test's process: a real store in a folder of its own, the committer, one worker on a free port;
 * and a client of raw bytes.
 *
 *   P1 operator, P2 advertiser, P3 publisher, P4 another publisher; campaign A1, its direct contract C1
 *   C2 P3's, with codes 1 (the campaign's landing page) and 2 (its own); C3 P3's, ended; C4 P4's, with code 1
 *   secrets K2, K3, K4 of P2, P3, P4: the bytes 2, 3, 4, 32 times */
#ifndef CS_TESTS_LIVE_SERVER_H
#define CS_TESTS_LIVE_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "common/base/bytes.h"
#include "common/crypto/crypto.h"
#include "server/catalog/catalog_write.h"
#include "server/commit/committer.h"
#include "server/commit/schedule.h"
#include "server/jobs.h"
#include "server/keys/day_keys.h"
#include "server/routes.h"
#include "server/system/system.h"
#include "server/worker/server.h"
#include "tests/support/ample.h"
#include "tests/support/store_fixture.h"

#define LIVE_HOST "track.example"
#define LIVE_URL "http://" LIVE_HOST
enum { LIVE_REPLY = 1 << 20, LIVE_OPERATOR = 0, LIVE_ADVERTISER, LIVE_PUBLISHER, LIVE_OTHER, LIVE_PARTIES };

struct live {
    struct fixture f;
    struct options options; /* until it starts */
    struct pace pace;
    struct server sh;
    struct committer *committer;
    const struct source_keeper *keeper; /* set before the start, as are: */
    job_run *const *runs;               /* NULL: the server's own */
    const struct list_files *files;     /* NULL: none */
    int (*connect)(int fd);             /* NULL: as it is. Takes a connection, answers another that speaks by it */
    struct worker *worker;
    struct tokens *tokens; /* the test's own contexts on the server's keys */
    int port;
    char code[4][CODE_LEN + 1]; /* C2/1, C2/2, C3/1, C4/1 */
    char operator_token[API_TOKEN_LEN + 1];
};

struct answer {
    int status;
    size_t len;            /* of the whole reply */
    char text[LIVE_REPLY]; /* NUL-ended */
    const char *body;
};

static inline struct buf live_document(enum err (*complete)(const json_t *, struct span, struct buf *,
                                                            struct problem *),
                                       const char *text, const char *id)
{
    json_t *in = NULL;
    struct buf out;
    struct problem p = {0};
    buf_heap(&out);
    assert_ok(json_read(span_str(text), &in, &p));
    assert_ok(complete(in, span_str(id), &out, &p));
    json_decref(in);
    return out;
}

static inline void live_contract(struct txn *t, struct contract *k, const char *text)
{
    struct buf doc = live_document(contract_document, text, k->id);
    k->document = buf_span(&doc);
    k->versions = (struct versions){.v = {{.number = 1}}, .n = 1, .made = 1};
    assert_ok(catalog_put_contract(t, k));
    assert_ok(fixture_put_terms(t, k->number, 1, 0));
    buf_free(&doc);
}

/* campaign: further members of the campaign, each led by a comma. Clicks of one visitor are no repeats unless they say
 * so. */
static inline void live_fill(struct live *l, const struct keys *keys, const char *campaign_more)
{
    static const enum role roles[LIVE_PARTIES] = {ROLE_OPERATOR, ROLE_ADVERTISER, ROLE_PUBLISHER, ROLE_PUBLISHER};
    struct party party[LIVE_PARTIES];
    struct txn *t = fixture_begin(&l->f, true);
    assert_ok(instance_put_meta(t, keys, SPAN(LIVE_URL), SPAN("I000000000001")));
    for (uint32_t i = 0; i < LIVE_PARTIES; i++) {
        party[i] = (struct party){.number = i + 1, .role = roles[i], .name = SPAN("someone"), .created_ms = 1};
        snprintf(party[i].id, sizeof party[i].id, "P%u", i + 1);
        assert_ok(catalog_put_party(t, &party[i]));
        struct secret s = {.party = &party[i], .len = 32, .created_ms = 1};
        snprintf(s.kid, sizeof s.kid, "K%u", i + 1);
        memset(s.key, (int)i + 1, 32);
        assert_ok(fixture_put_secret(t, keys, &s));
    }
    api_token_new(l->operator_token);
    assert_ok(fixture_put_token(t, l->operator_token, 1, 1));

    char text[2048];
    snprintf(text, sizeof text,
             "{\"advertiser\":\"P2\",\"name\":\"Offer\",\"currency\":\"EUR\",\"landing_url\":\"https://shop.example/"
             "land?a=1#top\",\"allowed_hosts\":[\"*.shop.example\"]%s%s}",
             strstr(campaign_more, "repeat_window_s") == NULL ? ",\"repeat_window_s\":0" : "", campaign_more);
    struct buf doc = live_document(campaign_document, text, "A1");
    const struct who who[] = {party_who(&party[1]), party_who(&party[2]), party_who(&party[3])};
    struct campaign campaign = {
        .number = 1, .id = "A1", .advertiser = &who[0], .document = buf_span(&doc), .direct = 1, .created_ms = 1};
    assert_ok(catalog_put_campaign(t, &campaign));
    const struct which which = campaign_which(&campaign);
    struct contract k[] = {{.number = 1, .id = "C1", .campaign = &which},
                           {.number = 2, .id = "C2", .campaign = &which, .publisher = &who[1]},
                           {.number = 3, .id = "C3", .campaign = &which, .publisher = &who[1]},
                           {.number = 4, .id = "C4", .campaign = &which, .publisher = &who[2]}};
    live_contract(t, &k[0], "{\"campaign\":\"A1\"}");
    live_contract(t, &k[1],
                  "{\"campaign\":\"A1\",\"publisher\":\"P3\",\"price\":{\"lead\":[{\"when\":{\"field\":\"f_age\","
                  "\"min\":30},\"micros\":7},{\"micros\":5}]}}");
    live_contract(t, &k[2],
                  "{\"campaign\":\"A1\",\"publisher\":\"P3\",\"price\":{\"lead\":[{\"micros\":5}]},\"ends_at\":\"2020-"
                  "01-01T00:00:00Z\"}");
    live_contract(t, &k[3], "{\"campaign\":\"A1\",\"publisher\":\"P4\",\"price\":{\"lead\":[{\"micros\":5}]}}");
    buf_free(&doc);
    assert_ok(catalog_put_code(t, 2, &(struct code){.placement = 1, .label = SPAN("one"), .created_ms = 1}));
    assert_ok(catalog_put_code(
        t, 2,
        &(struct code){
            .placement = 2, .label = SPAN("two"), .landing_url = SPAN("https://own.shop.example/x"), .created_ms = 1}));
    assert_ok(catalog_put_code(t, 3, &(struct code){.placement = 1, .label = SPAN("ended"), .created_ms = 1}));
    assert_ok(catalog_put_code(t, 4, &(struct code){.placement = 1, .label = SPAN("other"), .created_ms = 1}));
    assert_ok(txn_commit(t));

    static const struct tracking_code codes[] = {{2, 1}, {2, 2}, {3, 1}, {4, 1}};
    for (size_t i = 0; i < 4; i++)
        code_write(l->tokens, &codes[i], l->code[i]);
}

/* Keys and control rows into the new folder of l->f. */
static inline void live_make(struct live *l, const char *campaign_more)
{
    struct keys *keys;
    assert_ok(keys_create(l->f.dir));
    assert_ok(keys_load(l->f.dir, &keys));
    l->tokens = keys_new_tokens(keys);
    live_fill(l, keys, campaign_more);
    keys_free(keys);
}

/* Source and committer over an open instance, for so many workers. */
static inline enum err live_commit_start(struct live *l, size_t workers)
{
    struct settings *settings = settings_new();
    settings->options = l->options;
    l->sh.settings = settings_open(settings);
    l->pace.sweep_ms = l->options.sweep_ms.number;
    l->sh.routes = all_routes;
    l->sh.fast = fast_targets;
    l->sh.large = large_targets;
    static const struct list_files no_files = {"", ""};
    assert_ok(lists_open(l->files != NULL ? l->files : &no_files, &l->sh.lists, NULL));
    l->sh.repeats = repeats_new(1 << 20);
    l->sh.metrics = metrics_new(workers + 2);
    const struct source_setup source = {
        .instance = &l->sh.instance,
        .workers = workers,
        .others = 1,
        .queue_size = (size_t)l->options.queue_size.number,
        .pace = &l->pace,
        .stuck_ms = 1000,
        .counters = metrics_thread(l->sh.metrics, workers),
        .keeper = l->keeper,
    };
    l->sh.source = source_new(&source);
    const struct committer_setup setup = {&l->sh.instance, l->runs != NULL ? l->runs : job_runs, l->sh.source};
    return committer_start(&setup, &l->committer);
}

static inline void live_tables_free(struct live *l)
{
    lists_close(l->sh.lists);
    repeats_free(l->sh.repeats);
    metrics_free(l->sh.metrics);
    tls_close(l->sh.tls);
    settings_close(l->sh.settings);
}

static inline void live_commit_stop(struct live *l)
{
    source_stop(l->sh.source);
    committer_stop(l->committer);
    l->committer = NULL;
    source_free(l->sh.source);
    live_tables_free(l);
}

static inline void live_listen(struct live *l)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof sa;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof sa), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
    close(fd);
    l->port = ntohs(sa.sin_port);
    snprintf(l->sh.listen, sizeof l->sh.listen, "127.0.0.1:%d", l->port);
}

/* Serves the folder of l->f, whose control rows are written. */
static inline void live_serve(struct live *l)
{
    l->options.queue_size.number = 64;
    if (l->options.sweep_ms.number == 0)
        l->options.sweep_ms.number = 50;
    if (l->options.max_connections.number == 0)
        l->options.max_connections.number = 100;
    if (l->options.max_held_mib.number == 0)
        l->options.max_held_mib.number = 64;
    if (l->options.click_wait_ms.number == 0)
        l->options.click_wait_ms.number = 60000;
    if (l->options.country_header.text == NULL)
        l->options.country_header.text = "";
    if (l->options.request_timeout_s.number == 0)
        l->options.request_timeout_s.number = 30;
    if (l->options.webhook_allow.text == NULL)
        l->options.webhook_allow.text = "127.0.0.0/8";
    if (l->options.smtp_url.text == NULL)
        l->options.smtp_url.text = "smtp://127.0.0.1:1"; /* nobody sends */
    limits_ample(&l->options);
    fixture_instance(&l->f, &l->sh.instance);
    assert_ok(live_commit_start(l, 1));
    live_listen(l);
    worker_start(&l->sh, 0, &l->worker);
}

/* The folder stays as it is. */
static inline void live_end(struct live *l)
{
    worker_stop(l->worker);
    live_commit_stop(l);
    fixture_instance_close(&l->f, &l->sh.instance);
}

static inline void live_start(struct live *l, const char *campaign_more)
{
    fixture_open(&l->f);
    live_make(l, campaign_more);
    live_serve(l);
}

static inline void live_stop(struct live *l)
{
    live_end(l);
    tokens_free(l->tokens);
    fixture_close(&l->f);
}

/* How many entries of all kinds were recorded for traffic and leads. */
static inline uint64_t live_recorded(struct live *l)
{
    struct counters *c = metrics_thread(l->sh.metrics, 1);
    return c->clicks + c->views + c->impressions + metrics_leads(l->sh.metrics) + c->dispositions;
}

/* ---- the client ---- */

static inline int live_connect(struct live *l)
{
    struct sockaddr_in sa = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)l->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof sa), 0);
    return l->connect != NULL ? l->connect(fd) : fd;
}

static inline void live_send(int fd, const void *bytes, size_t len)
{
    assert_int_equal(send(fd, bytes, len, MSG_NOSIGNAL), len);
}

static inline void live_say(int fd, const char *text)
{
    live_send(fd, text, strlen(text));
}

/* One reply: its head, and as much body as Content-Length says (none when the request was HEAD). status 0: the server
 * closed instead. */
static inline void live_read(int fd, struct answer *a, bool head_only)
{
    memset(a, 0, sizeof *a);
    size_t want = LIVE_REPLY;
    a->body = "";
    while (a->len < want) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        assert_int_equal(poll(&p, 1, 10000), 1);
        const char *end = strstr(a->text, "\r\n\r\n");
        ssize_t n = recv(fd, a->text + a->len, end != NULL ? want - a->len : 1,
                         0); /* the head byte by byte: the next reply stays in the socket */
        if (n <= 0)
            return;
        a->len += (size_t)n;
        if (end != NULL || (end = strstr(a->text, "\r\n\r\n")) == NULL)
            continue;
        const char *length = strstr(a->text, "Content-Length: ");
        a->status = (int)strtol(a->text + 9, NULL, 10);
        a->body = end + 4;
        want = (size_t)(a->body - a->text) +
               (length != NULL && !head_only && a->status != 100 ? strtoul(length + 16, NULL, 10) : 0);
        assert_true(want < sizeof a->text);
    }
}

/* A request of its own connection. */
static inline void live_ask(struct live *l, struct answer *a, const char *raw)
{
    int fd = live_connect(l);
    live_say(fd, raw);
    live_read(fd, a, strncmp(raw, "HEAD ", 5) == 0);
    close(fd);
}

static inline void live_get(struct live *l, struct answer *a, const char *method, const char *target,
                            const char *headers)
{
    char raw[16384];
    snprintf(raw, sizeof raw, "%s %s HTTP/1.1\r\nHost: " LIVE_HOST "\r\n%s\r\n", method, target, headers);
    live_ask(l, a, raw);
}

/* The value of a header, NUL-ended in *value; false when it is not there. */
static inline bool live_header(const struct answer *a, const char *name, char *value, size_t cap)
{
    char key[64];
    snprintf(key, sizeof key, "\r\n%s: ", name);
    const char *at = strstr(a->text, key);
    if (at == NULL || at > a->body)
        return false;
    at += strlen(key);
    snprintf(value, cap, "%.*s", (int)strcspn(at, "\r"), at);
    return true;
}

#endif
