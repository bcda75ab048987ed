#include "server/courier/fleet.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/ascii.h"
#include "common/base/mem.h"
#include "server/courier/transfer.h"
#include "server/system/log.h"
#include "server/system/system.h"

enum { HEAD_MAX = 65536 };

struct ship {
    const struct target_rules *rules;
    CURL *curl; /* NULL: a free place */
    struct curl_slist *headers;
    struct buf body;
    uint64_t tag;
    bool plain, too_large;
    const char *refused; /* what kind of address it was */
    size_t head, answer; /* bytes that came */
};

struct fleet {
    const struct target_rules *rules;
    CURLM *multi;
    int64_t forgot_us; /* monotonic; 0: never */
    struct ship ship[FLEET_MOST];
    size_t n;
};

/* ---- what libcurl calls ---- */

static size_t count(struct ship *s, size_t *so_far, size_t len, size_t most)
{
    *so_far += len;
    s->too_large |= *so_far > most;
    return s->too_large ? 0 : len;
}

static size_t take_body(char *ptr, size_t size, size_t n, void *arg)
{
    struct ship *s = arg;
    (void)ptr;
    return count(s, &s->answer, size * n, FLEET_ANSWER_MAX);
}

static size_t take_header(char *ptr, size_t size, size_t n, void *arg)
{
    struct ship *s = arg;
    (void)ptr;
    return count(s, &s->head, size * n, HEAD_MAX);
}

static int go_on(void *arg, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
    (void)arg, (void)total, (void)now, (void)up_total, (void)up_now;
    return 0;
}

/* The last look before it connects, at the very address: whatever its name was, or is by now. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct ship *s = arg;
    (void)purpose;
    const char *refused = target_refuses(s->rules, &to->addr, to->addrlen, s->plain);
    if (refused != NULL) {
        s->refused = refused;
        return CURL_SOCKET_BAD;
    }
    return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/* ---- life ---- */

struct fleet *fleet_open(const struct target_rules *rules)
{
    struct fleet *f = xcalloc(1, sizeof *f);
    f->rules = rules;
    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, xmalloc, free, xrealloc, xstrdup, xcalloc) != CURLE_OK ||
        (f->multi = curl_multi_init()) == NULL)
        die("libcurl cannot start");
    curl_multi_setopt(f->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    curl_multi_setopt(f->multi, CURLMOPT_MAXCONNECTS, (long)FLEET_MOST);
    return f;
}

void fleet_forget(struct fleet *f)
{
    f->forgot_us = clock_monotonic_us();
}

static void ship_clear(struct fleet *f, struct ship *s)
{
    curl_multi_remove_handle(f->multi, s->curl);
    transfer_close(s->curl);
    curl_slist_free_all(s->headers);
    buf_free(&s->body);
    *s = (struct ship){.curl = NULL};
    f->n--;
}

void fleet_close(struct fleet *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; i < FLEET_MOST; i++)
        if (f->ship[i].curl != NULL)
            ship_clear(f, &f->ship[i]);
    curl_multi_cleanup(f->multi);
    curl_global_cleanup();
    free(f);
}

size_t fleet_room(const struct fleet *f)
{
    return FLEET_MOST - f->n;
}

void fleet_wake(struct fleet *f)
{
    curl_multi_wakeup(f->multi);
}

/* ---- one request ---- */

/* A name that nobody answers for is waited for in a thread of libcurl's: it may end when it likes (QUICK_EXIT). */
static void bound(struct ship *s)
{
    curl_easy_setopt(s->curl, CURLOPT_PROXY, "");
    curl_easy_setopt(s->curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(s->curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(s->curl, CURLOPT_OPENSOCKETDATA, s);
    curl_easy_setopt(s->curl, CURLOPT_TIMEOUT_MS, (long)FLEET_TIMEOUT_MS);
    curl_easy_setopt(s->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)FLEET_TIMEOUT_MS);
    curl_easy_setopt(s->curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(s->curl, CURLOPT_QUICK_EXIT, 1L);
}

/* libcurl counts a connection's age in whole seconds. */
static void keep_apart(const struct fleet *f, struct ship *s)
{
    const int64_t since_s = (clock_monotonic_us() - f->forgot_us) / 1000000;
    if (f->forgot_us != 0 && since_s < 2)
        curl_easy_setopt(s->curl, CURLOPT_FRESH_CONNECT, 1L);
    else if (f->forgot_us != 0)
        curl_easy_setopt(s->curl, CURLOPT_MAXLIFETIME_CONN, (long)(since_s - 1));
}

void fleet_send(struct fleet *f, const struct fleet_request *r)
{
    static const struct transfer_calls calls = {take_body, take_header, go_on};
    struct ship *s = f->ship;
    while (s->curl != NULL)
        s++;
    assert(s < f->ship + FLEET_MOST);
    *s = (struct ship){.rules = f->rules, .tag = r->tag, .plain = !ascii_starts(span_str(r->url), "https:")};
    s->curl = transfer_open("countersign", &calls, s);
    buf_heap(&s->body);
    buf_span_add(&s->body, r->body);
    for (size_t i = 0; r->headers[i] != NULL; i++)
        s->headers = curl_slist_append(s->headers, r->headers[i]);
    transfer_to(s->curl, r->url);
    bound(s);
    keep_apart(f, s);
    curl_easy_setopt(s->curl, CURLOPT_HTTPHEADER, s->headers);
    curl_easy_setopt(s->curl, CURLOPT_PRIVATE, s);
    if (r->post) {
        curl_easy_setopt(s->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)s->body.len);
        curl_easy_setopt(s->curl, CURLOPT_POSTFIELDS, s->body.ptr);
    }
    f->n++;
    curl_multi_add_handle(f->multi, s->curl);
}

static enum delivery_error error_of(const struct ship *s, CURLcode code, long status)
{
    if (s->too_large)
        return DELIVERY_ERROR_SIZE;
    switch (code) {
    case CURLE_OK:
        return status >= 200 && status < 300   ? DELIVERY_ERROR_NONE
               : status >= 300 && status < 400 ? DELIVERY_ERROR_REDIRECT
                                               : DELIVERY_ERROR_STATUS;
    case CURLE_COULDNT_RESOLVE_HOST:
        return DELIVERY_ERROR_NAME;
    case CURLE_COULDNT_CONNECT:
        return s->refused != NULL ? DELIVERY_ERROR_ADDRESS : DELIVERY_ERROR_CONNECT;
    case CURLE_OPERATION_TIMEDOUT:
        return DELIVERY_ERROR_TIMEOUT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
        return DELIVERY_ERROR_TLS;
    default:
        return DELIVERY_ERROR_BROKEN;
    }
}

void fleet_turn(struct fleet *f, int wait_ms)
{
    int running;
    curl_multi_perform(f->multi, &running);
    curl_multi_poll(f->multi, NULL, 0, wait_ms, NULL);
    curl_multi_perform(f->multi, &running);
}

bool fleet_take(struct fleet *f, struct fleet_outcome *out)
{
    int left;
    const CURLMsg *m;
    struct ship *s = NULL;
    long status = 0;
    curl_off_t us = 0, retry_s = 0;
    do
        m = curl_multi_info_read(f->multi, &left);
    while (m != NULL && m->msg != CURLMSG_DONE);
    if (m == NULL)
        return false;
    CURLcode code = m->data.result;
    curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &s);
    curl_easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(s->curl, CURLINFO_TOTAL_TIME_T, &us);
    curl_easy_getinfo(s->curl, CURLINFO_RETRY_AFTER, &retry_s);
    enum delivery_error error = error_of(s, code, status);
    bool whole = error <= DELIVERY_ERROR_REDIRECT && status > 0 && status <= UINT16_MAX;
    *out = (struct fleet_outcome){.tag = s->tag,
                                  .status = whole ? (uint16_t)status : 0,
                                  .gone = status == 410,
                                  .ms = (uint32_t)(us / 1000),
                                  .retry_after_s = retry_s,
                                  .error = error,
                                  .address = error == DELIVERY_ERROR_ADDRESS ? s->refused : ""};
    ship_clear(f, s);
    return true;
}
