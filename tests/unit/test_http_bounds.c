/* HTTP over an application of the test's own: what peers that stop halfway, dawdle, push or break off can make the
 * server hold, and for how long. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/bytes.h"
#include "server/http/http_private.h"
#include "server/system/system.h"

#define HOST "Host: h\r\n"
enum {
    CONNECTIONS = 200,
    TIGHT = 1 << 20,
    BIG = 12 << 20,
    HALF = 1 << 20,
    KEPT_MAX = 64,
    FEW = 6,
    PIECES = 5,
    PIECE = 3 << 16,
    ORDER_MAX = 1024,
    REQUEST_ID = 0xc0ffee,
    SOON_MS = 20000
};

/* One thread serves. Members without a word belong to it. */
struct bed {
    struct http *http;
    struct http_held held;
    pthread_t thread;
    int port, admin_port, wake;
    atomic_bool stop, answer, blocked, released; /* any thread */
    atomic_int begun, finished, kept, faults;    /* any thread */
    struct request *keeping[KEPT_MAX];
    char order[ORDER_MAX];                    /* the first letter of each path, in the order of service */
    atomic_size_t n_order;                    /* any thread */
    atomic_size_t pooled, pooled_most, conns; /* exchanges that wait to be used, connections; any thread */
    char *big;
};

/* ---- the application ---- */

static void on_begin(void *ctx, struct request *rq)
{
    struct bed *b = ctx;
    rq->id = REQUEST_ID;
    atomic_fetch_add(&b->begun, 1);
}

static void on_finish(void *ctx, struct request *rq)
{
    struct bed *b = ctx;
    (void)rq;
    atomic_fetch_add(&b->finished, 1);
}

static void note(struct bed *b, char letter)
{
    size_t n = atomic_load(&b->n_order);
    if (n < ORDER_MAX) {
        b->order[n] = letter;
        atomic_store(&b->n_order, n + 1);
    }
}

/* As a reply that goes on: PIECES letters a piece, each another; the last is empty. /cut fails amid them, and
 * /endless has no end. */
static enum err next_piece(struct request *rq, struct reply *reply)
{
    struct buf piece;
    char *next = reply->making;
    bool last = *next == 'a' + PIECES;
    if (span_is(rq->path, "/cut") && *next == 'a' + PIECES / 2)
        return ERR_IO;
    buf_heap(&piece);
    for (int i = 0; i < PIECE && !last; i++)
        buf_byte(&piece, (uint8_t)*next);
    reply_body_take(reply, "text/plain", &piece);
    buf_free(&piece);
    reply->more = last ? NULL : next_piece;
    *next = (char)(*next + !span_is(rq->path, "/endless"));
    return ERR_OK;
}

static void on_more(void *ctx, struct request *rq)
{
    struct bed *b = ctx;
    struct reply *reply = http_reply(rq);
    if (span_is(rq->path, "/pause")) {
        b->keeping[atomic_fetch_add(&b->kept, 1)] = rq;
        return;
    }
    reply->more = NULL;
    reply->cut = next_piece(rq, reply) != ERR_OK;
    http_answer(b->http, rq);
}

static bool on_dispatch(void *ctx, struct request *rq, struct reply *reply)
{
    struct bed *b = ctx;
    note(b, rq->path.len > 1 ? rq->path.ptr[1] : '/');
    if (span_is(rq->path, "/pieces") || span_is(rq->path, "/cut") || span_is(rq->path, "/endless") ||
        span_is(rq->path, "/pause")) {
        reply->making = memset(arena_alloc(rq->arena, 1), 'a', 1);
        assert_int_equal(next_piece(rq, reply), ERR_OK);
        return true;
    }
    if (span_is(rq->path, "/keep")) {
        b->keeping[atomic_fetch_add(&b->kept, 1)] = rq;
        return false;
    }
    if (span_is(rq->path, "/wait")) {
        atomic_store(&b->blocked, true);
        while (!atomic_load(&b->released))
            poll(NULL, 0, 1);
    }
    reply->content_type = SPAN("text/plain");
    reply->body = span_is(rq->path, "/big")    ? span_of(b->big, BIG)
                  : span_is(rq->path, "/half") ? span_of(b->big, HALF)
                  : rq->body.len > 0           ? rq->body
                                               : SPAN("ok");
    return true;
}

static void on_fault(void *ctx, struct request *rq, const struct http_fault *fault, struct reply *reply)
{
    struct bed *b = ctx;
    atomic_fetch_add(&b->faults, 1);
    reply_fault(rq, reply, fault);
}

static void on_gone(void *ctx, struct request *rq)
{
    struct bed *b = ctx;
    assert_true(http_peer_gone(rq));
    for (int i = 0; i < KEPT_MAX; i++)
        if (b->keeping[i] == rq) {
            http_release(b->http, rq);
            b->keeping[i] = NULL;
        }
}

static void on_turn(void *ctx)
{
    (void)ctx;
}

static void on_ready(void *ctx)
{
    struct bed *b = ctx;
    for (int i = 0; atomic_load(&b->answer) && i < KEPT_MAX; i++) {
        if (b->keeping[i] == NULL)
            continue;
        http_reply(b->keeping[i])->body = SPAN("at last");
        http_reply(b->keeping[i])->cut = span_is(b->keeping[i]->path, "/pause");
        http_answer(b->http, b->keeping[i]);
        b->keeping[i] = NULL;
    }
    atomic_store(&b->conns, b->http->n_conns);
    atomic_store(&b->pooled, b->http->n_pool);
    if (b->http->n_pool > atomic_load(&b->pooled_most))
        atomic_store(&b->pooled_most, b->http->n_pool);
    if (atomic_load(&b->stop))
        http_stop(b->http);
}

static void *run(void *arg)
{
    struct bed *b = arg;
    http_run(b->http);
    return NULL;
}

static int free_port(void)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof sa;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof sa), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
    close(fd);
    return ntohs(sa.sin_port);
}

/* It begins once more when its body has come: the tests count that one. */
static bool on_head(void *ctx, struct request *rq, struct reply *reply)
{
    struct bed *b = ctx;
    atomic_fetch_sub(&b->begun, 1);
    atomic_fetch_sub(&b->finished, 1);
    (void)rq;
    (void)reply;
    return false;
}

static int start(void **state, int64_t request_timeout_s, size_t max_held, size_t own, size_t max_connections)
{
    static const struct http_app app = {.begin = on_begin,
                                        .dispatch = on_dispatch,
                                        .head = on_head,
                                        .fault = on_fault,
                                        .more = on_more,
                                        .finish = on_finish,
                                        .turn = on_turn,
                                        .gone = on_gone};
    static const char *const fast[] = {"/f/", NULL};
    char address[32], admin[32];
    struct bed *b = calloc(1, sizeof *b);
    b->big = calloc(1, BIG);
    b->wake = eventfd(0, EFD_CLOEXEC);
    b->port = free_port();
    b->admin_port = free_port();
    snprintf(address, sizeof address, "127.0.0.1:%d", b->port);
    snprintf(admin, sizeof admin, "127.0.0.1:%d", b->admin_port);
    static _Atomic uint64_t turns;
    static const struct http_large none = {.path = NULL};
    const struct http_setup setup = {.app = &app,
                                     .ctx = b,
                                     .fast = fast,
                                     .large = &none,
                                     .listen = address,
                                     .admin_listen = admin,
                                     .max_connections = max_connections,
                                     .held = &b->held,
                                     .room = {{max_held, own}, {max_held, own}},
                                     .request_timeout_s = request_timeout_s,
                                     .turns = &turns};
    b->http = http_new(&setup);
    http_watch(b->http, b->wake, on_ready);
    assert_int_equal(pthread_create(&b->thread, NULL, run, b), 0);
    *state = b;
    return 0;
}

static int set_up(void **state)
{
    return start(state, 1, 64 << 20, 0, CONNECTIONS);
}

/* Nobody is too slow, but there is room for TIGHT bytes alone. */
static int set_up_patient(void **state)
{
    return start(state, 600, TIGHT, 0, CONNECTIONS);
}

/* And so many that are this thread's, whatever others hold. */
static int set_up_owner(void **state)
{
    return start(state, 600, TIGHT, TIGHT, CONNECTIONS);
}

static int set_up_small(void **state)
{
    return start(state, 600, TIGHT, 0, KEPT_MAX);
}

/* Nobody is too slow, and there is room for long answers, but not for many connections. */
static int set_up_few(void **state)
{
    return start(state, 600, 8 * BIG, 0, FEW);
}

/* And room for two of them. */
static int set_up_two(void **state)
{
    return start(state, 600, 2 * BIG, 0, CONNECTIONS);
}

static void tell(struct bed *b, atomic_bool *what)
{
    atomic_store(what, true);
    assert_int_equal(eventfd_write(b->wake, 1), 0);
}

/* Ends in time whatever the peers do, and forgets no request. */
static int tear_down(void **state)
{
    struct bed *b = *state;
    int64_t start_us = clock_monotonic_us();
    tell(b, &b->answer);
    tell(b, &b->stop);
    pthread_join(b->thread, NULL);
    assert_true(clock_monotonic_us() - start_us < 10 * 1000000);
    http_free(b->http);
    assert_int_equal(atomic_load(&b->begun), atomic_load(&b->finished));
    for (int i = 0; i < HOLDINGS; i++)
        assert_int_equal(atomic_load(&b->held.n[i]), 0);
    close(b->wake);
    free(b->big);
    free(b);
    return 0;
}

/* ---- the peers ---- */

/* The kernel takes half a MiB for it, so that what it reads late is not taken early. */
static int dial_port(int port)
{
    struct sockaddr_in sa = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), half = 1 << 19;
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &half, sizeof half), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof sa), 0);
    return fd;
}

static int dial(struct bed *b)
{
    return dial_port(b->port);
}

static void say(int fd, const char *text)
{
    size_t len = strlen(text);
    assert_int_equal(send(fd, text, len, MSG_NOSIGNAL), len);
}

/* All up to the peer's close, NUL-ended; fails when that does not come. */
static size_t read_all(int fd, char *out, size_t cap)
{
    size_t len = 0;
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        assert_int_equal(poll(&p, 1, SOON_MS), 1);
        ssize_t n = recv(fd, out + len, cap - 1 - len, 0);
        if (n <= 0)
            break;
        len += (size_t)n;
    }
    out[len] = '\0';
    return len;
}

static int count(const char *text, const char *word)
{
    int n = 0;
    for (const char *at = text; (at = strstr(at, word)) != NULL; at += strlen(word))
        n++;
    return n;
}

static void wait_until(atomic_int *what, int n)
{
    for (int i = 0; i < SOON_MS && atomic_load(what) < n; i++)
        poll(NULL, 0, 1);
    assert_true(atomic_load(what) >= n);
}

/* Is the connection gone, seen without reading from it? */
static bool is_gone(int fd, int within_ms)
{
    struct pollfd p = {.fd = fd, .events = POLLRDHUP};
    return poll(&p, 1, within_ms) == 1;
}

static void break_off(int fd)
{
    const struct linger now = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
}

/* What was sent before has been read. */
static void settle(struct bed *b)
{
    char got[512];
    int fd = dial(b);
    say(fd, "GET /x HTTP/1.0\r\n\r\n");
    assert_true(read_all(fd, got, sizeof got) > 0);
    close(fd);
}

static bool is_answered(int fd)
{
    char got[512];
    return read_all(fd, got, sizeof got) > 0;
}

/* So many connections that say this first, in the order of the array. */
static void fill_house(int port, const char *words, int *fd, int n)
{
    for (int i = 0; i < n; i++) {
        fd[i] = dial_port(port);
        say(fd[i], words);
    }
}

/* ---- halfway ---- */

static void a_half_closed_client_gets_all_its_replies(void **state)
{
    static const struct {
        const char *raw;
        int replies;
    } cases[] = {
        {"GET /f/x HTTP/1.1\r\n" HOST "\r\n", 1},
        {"GET /x HTTP/1.1\r\n" HOST "\r\n", 1},
        {"POST /x HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc", 1},
        {"GET /x HTTP/1.0\r\n\r\n", 1},
        {"BREW /x HTTP/1.1\r\n" HOST "\r\n", 1},
        {"GET /f/x HTTP/1.1\r\n" HOST "\r\nGET /x HTTP/1.1\r\n" HOST "\r\nPOST /x HTTP/1.1\r\n" HOST
         "Content-Length: 1\r\n\r\naGET /f/x HTTP/1.1\r\n" HOST "\r\n",
         4},
        {"GET /x HTTP/1.1\r\n" HOST "\r\nGET /f/x HTTP/1.1\r\n" HOST "\r\nGET /x HTTP/1.1\r\n" HOST "\r\n", 3},
        {"GET /f/x HTTP/1.1\r\n" HOST "\r\nGET /never HTTP/1.1\r\nHo", 1},
        {"GET /x HTTP/1.1\r\n" HOST "\r\nPOST /x HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\na", 1},
        {"GET /x HTTP/1.1\r\nHo", 0},
        {"", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int late = 0; late < 2; late++) {
            char got[4096];
            int fd = dial(*state);
            say(fd, cases[i].raw);
            if (late)
                poll(NULL, 0, 20);
            shutdown(fd, SHUT_WR);
            read_all(fd, got, sizeof got);
            if (count(got, "HTTP/1.1 ") != cases[i].replies)
                fail_msg("%s: not %d replies: %s", cases[i].raw, cases[i].replies, got);
            close(fd);
        }
}

/* Whether its end came with the request or later. */
static void a_half_closed_client_waits_for_an_answer_that_comes_later(void **state)
{
    struct bed *b = *state;
    char got[4096];
    int fd[2];
    for (int late = 0; late < 2; late++) {
        fd[late] = dial(b);
        say(fd[late], "GET /keep HTTP/1.1\r\n" HOST "\r\nGET /x HTTP/1.1\r\n" HOST "\r\n");
        if (!late)
            shutdown(fd[late], SHUT_WR);
        wait_until(&b->kept, late + 1);
    }
    shutdown(fd[1], SHUT_WR);
    poll(NULL, 0, 50); /* the end has come to the server as well */
    tell(b, &b->answer);
    for (int late = 0; late < 2; late++) {
        read_all(fd[late], got, sizeof got);
        assert_non_null(strstr(got, "at last"));
        assert_int_equal(count(got, "HTTP/1.1 200"), 2);
        close(fd[late]);
    }
}

/* ---- dawdling ---- */

/* Slower than the deadline of a request, by far: but it moves. */
static void a_slow_reader_of_a_long_answer_gets_all_of_it(void **state)
{
    static char piece[BIG / 48];
    size_t len = 0;
    int fd = dial(*state);
    say(fd, "GET /big HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    for (ssize_t n = 1; n > 0; len += n > 0 ? (size_t)n : 0) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        assert_int_equal(poll(&p, 1, SOON_MS), 1);
        poll(NULL, 0, 200);
        n = recv(fd, piece, sizeof piece, MSG_WAITALL);
        assert_true(n >= 0);
    }
    assert_true(len > BIG);
    close(fd);
}

/* Whether it reads nothing or a byte now and then, of one long answer or of many short ones. */
static void a_reader_that_stalls_is_closed(void **state)
{
    struct bed *b = *state;
    static char requests[1 << 16];
    struct buf many;
    buf_fixed(&many, requests, sizeof requests);
    while (many.len + 64 < sizeof requests)
        buf_str(&many, "GET /x HTTP/1.1\r\n" HOST "\r\n");
    int mute = dial(b), drip = dial(b), ahead = dial(b);
    say(mute, "GET /big HTTP/1.1\r\n" HOST "\r\n");
    say(drip, "GET /big HTTP/1.1\r\n" HOST "\r\n");
    for (int full = 0; full < 20;) /* until nothing more is taken */
        if (send(ahead, requests, many.len, MSG_NOSIGNAL | MSG_DONTWAIT) <= 0) {
            full++;
            poll(NULL, 0, 10);
        }
    bool alive = true;
    for (int i = 0; alive && i < SOON_MS / 100; i++) {
        char byte;
        alive = !is_gone(drip, 100);
        if (alive)
            recv(drip, &byte, 1, MSG_DONTWAIT);
    }
    assert_false(alive);
    assert_true(is_gone(mute, SOON_MS));
    assert_true(is_gone(ahead, SOON_MS));
    close(mute);
    close(drip);
    close(ahead);
}

/* One deadline after it began to stall, not several: its end comes before that of a request which waits for its answer
 * four times as long. */
static void a_stalled_reader_goes_after_one_deadline(void **state)
{
    struct bed *b = *state;
    int kept = dial(b), mute = dial(b), buffered = dial(b);
    say(kept, "GET /keep HTTP/1.1\r\n" HOST "\r\n");
    wait_until(&b->kept, 1);
    say(mute, "GET /big HTTP/1.1\r\n" HOST "\r\n");
    say(buffered, "GET /half HTTP/1.1\r\n" HOST "\r\n"); /* the kernel takes all of it */
    int64_t start_us = clock_monotonic_us();
    assert_true(is_gone(mute, SOON_MS));
    assert_true(is_gone(buffered, SOON_MS));
    if (clock_monotonic_us() - start_us < 3 * 1000000) /* on a machine that stood still nothing is said */
        assert_false(is_gone(kept, 0));
    assert_true(is_gone(kept, SOON_MS));
    close(kept);
    close(mute);
    close(buffered);
    tell(b, &b->answer);
}

static void a_request_that_is_never_answered_loses_its_connection(void **state)
{
    struct bed *b = *state;
    char got[1024] = "";
    int fd = dial(b), terminal = dup(STDERR_FILENO), log = memfd_create("log", MFD_CLOEXEC);
    dup2(log, STDERR_FILENO);
    say(fd, "GET /keep HTTP/1.1\r\n" HOST "\r\n");
    size_t answered = read_all(fd, got, sizeof got);
    dup2(terminal, STDERR_FILENO);
    assert_int_equal(answered, 0);
    assert_true(pread(log, got, sizeof got - 1, 0) > 0);
    assert_non_null(strstr(got, "{\"request_id\":\"0000000000c0ffee\""));
    assert_non_null(strstr(got, "\"event\":\"unanswered\""));
    close(terminal);
    close(log);
    close(fd);
    tell(b, &b->answer); /* hurts nobody */
    wait_until(&b->finished, 1);
}

/* Not with the end of the one before: who comes back late has as long as anybody. */
static void the_time_of_a_request_begins_with_its_first_byte(void **state)
{
    enum { HALF_MS = 500 };
    char got[256];
    int idle = dial(*state), late = dial(*state);
    poll(NULL, 0, HALF_MS);
    say(late, "GET /x HT");
    int64_t start_us = clock_monotonic_us();
    assert_true(is_gone(idle, SOON_MS));
    if (clock_monotonic_us() - start_us < HALF_MS * 1500) { /* on a machine that stood still nothing is said */
        say(late, "TP/1.1\r\n" HOST "Connection: close\r\n\r\n");
        assert_true(read_all(late, got, sizeof got) > 0);
    }
    close(idle);
    close(late);
}

/* Whatever comes, the request has to be whole in time. */
static void a_request_in_drips_is_cut_off(void **state)
{
    static const char *const starts[] = {
        "",
        "GET /x HTTP/1.1\r\n",
        "POST /x HTTP/1.1\r\n" HOST "Content-Length: 60000\r\n\r\n",
        "POST /x HTTP/1.1\r\n" HOST "Content-Length: 60000\r\nExpect: 100-continue\r\n\r\n",
        "GET /f/x HTTP/1.1\r\n" HOST "\r\nPOST /x HTTP/1.1\r\n" HOST "Content-Length: 60000\r\n\r\na",
    };
    enum { N = sizeof starts / sizeof starts[0] };
    int fd[N], open = N;
    for (size_t i = 0; i < N; i++) {
        fd[i] = dial(*state);
        say(fd[i], starts[i]);
    }
    for (int ms = 0; open > 0 && ms < SOON_MS; ms += 100) {
        poll(NULL, 0, 100);
        open = 0;
        for (size_t i = 0; i < N; i++)
            open += !is_gone(fd[i], 0) && send(fd[i], "a", 1, MSG_NOSIGNAL) == 1;
    }
    assert_int_equal(open, 0);
    for (size_t i = 0; i < N; i++)
        close(fd[i]);
}

/* ---- pushing ---- */

/* Of many unfinished bodies the biggest go; a small one is not among them. */
static void past_the_bound_the_biggest_go(void **state)
{
    enum { MANY = 40, PART = 50000, LEAST = MANY - (TIGHT + SCRATCH) / PART - 1 };
    static char part[PART];
    struct bed *b = *state;
    char got[1024];
    int fd[MANY], small = dial(b), gone = 0;
    say(small, "POST /x HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nma");
    settle(b);
    memset(part, 'a', sizeof part);
    for (int i = 0; i < MANY; i++) {
        fd[i] = dial(b);
        say(fd[i], "POST /x HTTP/1.1\r\n" HOST "Content-Length: 60000\r\n\r\n");
        ssize_t n = send(fd[i], part, sizeof part, MSG_NOSIGNAL);
        assert_true(n == PART || n < 0);
    }
    for (int ms = 0; gone < LEAST && ms < SOON_MS; ms += 10) {
        poll(NULL, 0, 10);
        gone = 0;
        for (int i = 0; i < MANY; i++)
            gone += is_gone(fd[i], 0);
    }
    assert_in_range(gone, LEAST, MANY - TIGHT / 2 / PART);
    say(small, "ny");
    shutdown(small, SHUT_WR);
    read_all(small, got, sizeof got);
    assert_non_null(strstr(got, "many"));
    for (int i = 0; i < MANY; i++)
        close(fd[i]);
    close(small);
}

static void post_to_keep(int fd);
static void wait_until_empty(struct bed *b);

/* Connections that say the beginning of a head of so many bytes. */
static void begin_heads(struct bed *b, int *fd, int n, int len)
{
    static char head[LIMIT_HEAD_TRACKING];
    memset(head, 'a', sizeof head);
    memcpy(head, "GET /f/", 7);
    for (int i = 0; i < n; i++) {
        fd[i] = dial(b);
        assert_int_equal(send(fd[i], head, (size_t)len, MSG_NOSIGNAL), len);
    }
    settle(b);
}

static void close_all(const int *fd, int n)
{
    for (int i = 0; i < n; i++)
        close(fd[i]);
}

/* It is larger than any of those that stand still and fill the room, and more of these come meanwhile. */
static void a_head_in_two_pieces_is_not_pushed_out_by_those_that_stand_still(void **state)
{
    static const int lens[] = {28000, 4000};
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        enum { LEN = 50000, MORE = 10, MAX = 400 };
        int fd[MAX], n = (TIGHT + SCRATCH) / lens[i] + 2, click;
        char got[512];
        struct bed *b = *state;
        begin_heads(b, fd, n, lens[i]);
        begin_heads(b, &click, 1, LEN);
        begin_heads(b, fd + n, MORE, lens[i]);
        say(click, " HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
        assert_true(read_all(click, got, sizeof got) > 0);
        assert_non_null(strstr(got, "HTTP/1.1 200"));
        close(click);
        close_all(fd, n + MORE);
        wait_until_empty(b);
    }
}

/* A whole request comes before those that are not. */
static void a_whole_request_has_room_among_unfinished_ones(void **state)
{
    enum { MANY = TIGHT / 28000 + 2 };
    struct bed *b = *state;
    int fd[MANY], kept;
    begin_heads(b, fd, MANY, 28000);
    kept = dial(b);
    post_to_keep(kept);
    wait_until(&b->kept, 1);
    wait_until(&b->faults, 1); /* of those that made room, who are told so */
    assert_false(is_gone(kept, 0));
    close_all(fd, MANY);
    close(kept);
}

/* All of an answer, of which len bytes are here, taken in pieces with a pause before each. */
static size_t take_slowly(int fd, int pause_ms, size_t len)
{
    static char piece[BIG / 48];
    for (ssize_t n = 1; n > 0; len += n > 0 ? (size_t)n : 0) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        assert_int_equal(poll(&p, 1, SOON_MS), 1);
        poll(NULL, 0, pause_ms);
        n = recv(fd, piece, sizeof piece, MSG_WAITALL);
    }
    return len;
}

static void unfinished_requests_push_out_no_answer(void **state)
{
    enum { MANY = 2 * TIGHT / 28000 };
    struct bed *b = *state;
    int fd[MANY], reader = dial(b);
    say(reader, "GET /big HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    settle(b);
    begin_heads(b, fd, MANY, 28000);
    assert_true(is_gone(fd[0], SOON_MS)); /* there was no room for all */
    assert_true(take_slowly(reader, 1, 0) > BIG);
    close_all(fd, MANY);
    close(reader);
}

/* Of answers that are too many those that nobody takes go, the one that is being taken does not. */
static void who_takes_his_answer_is_not_pushed_out_by_who_does_not(void **state)
{
    enum { MANY = 8 };
    struct bed *b = *state;
    int fd[MANY], reader = dial(b), gone = 0;
    say(reader, "GET /big HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    static char piece[BIG / MANY / 2];
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(recv(reader, piece, sizeof piece, MSG_WAITALL), sizeof piece);
        fill_house(b->port, "GET /big HTTP/1.1\r\n" HOST "\r\n", &fd[i], 1);
    }
    assert_true(take_slowly(reader, 1, MANY * sizeof piece) > BIG);
    for (int ms = 0; gone < MANY - 3 && ms < SOON_MS; ms += 10) {
        poll(NULL, 0, 10);
        gone = 0;
        for (int i = 0; i < MANY; i++)
            gone += is_gone(fd[i], 0);
    }
    assert_in_range(gone, MANY - 3, MANY);
    close_all(fd, MANY);
    close(reader);
}

static void post_to_keep(int fd)
{
    enum { BODY = 60000 };
    static char body[BODY];
    memset(body, 'a', sizeof body);
    say(fd, "POST /keep HTTP/1.1\r\n" HOST "Content-Length: 60000\r\n\r\n");
    assert_int_equal(send(fd, body, sizeof body, MSG_NOSIGNAL), BODY);
}

static void bodies_that_wait_for_an_answer_count_too(void **state)
{
    enum { FIT = TIGHT / 60000, MANY = FIT + 8 };
    struct bed *b = *state;
    char got[1024];
    int fd[MANY], refused = 0, answered = 0;
    for (int i = 0; i < MANY; i++) {
        fd[i] = dial(b);
        post_to_keep(fd[i]);
        wait_until(&b->begun, i + 1);
    }
    tell(b, &b->answer);
    for (int i = 0; i < MANY; i++) {
        shutdown(fd[i], SHUT_WR);
        read_all(fd[i], got, sizeof got);
        refused += strstr(got, "HTTP/1.1 503 ") != NULL && strstr(got, "Retry-After: ") != NULL;
        answered += strstr(got, "at last") != NULL;
        close(fd[i]);
    }
    assert_int_equal(refused, atomic_load(&b->faults));
    assert_int_equal(refused, MANY - FIT);
    assert_int_equal(answered, MANY - refused);
}

/* As the kernel has room for some more than the server reads, the bound is seen by far alone. */
static void what_comes_after_the_last_answer_is_read_to_a_bound(void **state)
{
    enum { FAR = 48 << 20 };
    static char more[1 << 16];
    int fd = dial(*state), idle = 0;
    size_t sent = 0;
    say(fd, "GET /x HTTP/1.0\r\n\r\n");
    while (sent < FAR && idle < 50) {
        ssize_t n = send(fd, more, sizeof more, MSG_NOSIGNAL | MSG_DONTWAIT);
        idle = n > 0 ? 0 : idle + 1;
        sent += n > 0 ? (size_t)n : 0;
        if (n <= 0)
            poll(NULL, 0, 10);
    }
    assert_in_range(sent, 4 * LIMIT_BODY, FAR - 1);
    close(fd);
}

/* Twelve MiB for each of fifty, where 64 may be held: they are closed, none keeps half of an answer. */
static void long_answers_that_nobody_reads_are_shed(void **state)
{
    enum { MANY = 50 };
    struct bed *b = *state;
    int fd[MANY], gone = 0;
    size_t most = 0;
    fill_house(b->port, "GET /big HTTP/1.1\r\n" HOST "\r\n", fd, MANY);
    for (int ms = 0; gone < MANY - 6 && ms < SOON_MS; ms++) {
        size_t held = atomic_load(&b->held.n[HELD_ANSWERS]);
        most = held > most ? held : most;
        poll(NULL, 0, 1);
        gone = 0;
        for (int i = 0; i < MANY; i++)
            gone += is_gone(fd[i], 0);
    }
    assert_true(gone >= MANY - 6);
    assert_in_range(most, 1, (64 << 20) + BIG); /* the last one for a moment, before it goes */
    for (int i = 0; i < MANY; i++)
        close(fd[i]);
}

/* While others hold less than half. */
static void one_answer_may_be_larger_than_the_bound(void **state)
{
    static char got[BIG + 4096];
    struct bed *b = *state;
    int fd = dial(b);
    say(fd, "GET /big HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    wait_until(&b->finished, 1);
    settle(b);
    assert_true(atomic_load(&b->held.n[HELD_ANSWERS]) > 2 * TIGHT);
    assert_true(read_all(fd, got, sizeof got) > BIG);
    close(fd);
}

/* What two threads hold counts together, but each has a part that the other cannot take. */
static void what_two_threads_hold_counts_together(void **state)
{
    enum { PART = 50000, MANY = TIGHT / PART + 8 };
    static char part[PART];
    struct bed *b = *state;
    int fd[MANY], gone = 0;
    atomic_store(&b->held.n[HELD_REQUESTS], TIGHT); /* the other thread's */
    for (int i = 0; i < MANY; i++) {
        fd[i] = dial(b);
        say(fd[i], "POST /x HTTP/1.1\r\n" HOST "Content-Length: 60000\r\n\r\n");
        ssize_t n = send(fd[i], part, sizeof part, MSG_NOSIGNAL);
        assert_true(n == PART || n < 0);
    }
    for (int ms = 0; gone < MANY - 3 && ms < SOON_MS; ms += 10) {
        poll(NULL, 0, 10);
        gone = 0;
        for (int i = 0; i < MANY; i++)
            gone += is_gone(fd[i], 0);
    }
    assert_in_range(gone, MANY - 3, MANY);
    for (int i = 0; i < MANY; i++)
        close(fd[i]);
    for (int i = 0; i < SOON_MS && atomic_load(&b->held.n[HELD_REQUESTS]) != TIGHT; i++)
        poll(NULL, 0, 1);
    assert_int_equal(atomic_load(&b->held.n[HELD_REQUESTS]), TIGHT); /* all was given back */
    atomic_fetch_sub(&b->held.n[HELD_REQUESTS], TIGHT);
}

static void what_is_a_threads_own_is_its_own(void **state)
{
    static char body[50000];
    struct bed *b = *state;
    char got[512];
    atomic_store(&b->held.n[HELD_REQUESTS], TIGHT); /* the other thread's */
    int own = dial(b);
    say(own, "POST /x HTTP/1.1\r\n" HOST "Content-Length: 50000\r\nConnection: close\r\n\r\n");
    assert_int_equal(send(own, body, sizeof body, MSG_NOSIGNAL), sizeof body);
    assert_true(read_all(own, got, sizeof got) > 0);
    assert_non_null(strstr(got, "HTTP/1.1 200"));
    close(own);
    atomic_fetch_sub(&b->held.n[HELD_REQUESTS], TIGHT);
}

/* Many were in use at once; a while later they are not kept. */
static void exchanges_that_are_not_needed_any_more_are_freed(void **state)
{
    struct bed *b = *state;
    int fd[KEPT_MAX];
    fill_house(b->port, "GET /keep HTTP/1.0\r\n" HOST "\r\n", fd, KEPT_MAX);
    wait_until(&b->kept, KEPT_MAX);
    tell(b, &b->answer);
    for (int i = 0; i < KEPT_MAX; i++)
        close(fd[i]);
    wait_until(&b->finished, KEPT_MAX);
    for (int i = 0; i < SOON_MS && atomic_load(&b->pooled) > 2; i++) {
        tell(b, &b->answer); /* has it looked at */
        poll(NULL, 0, 1);
    }
    assert_in_range(atomic_load(&b->pooled), 0, 2);
    assert_true(atomic_load(&b->pooled_most) >= KEPT_MAX);
}

/* What one has sent ahead does not come before what another has sent meanwhile. */
static void a_long_pipeline_lets_others_in(void **state)
{
    struct bed *b = *state;
    static char requests[1 << 14];
    struct buf many;
    buf_fixed(&many, requests, sizeof requests);
    buf_str(&many, "GET /wait HTTP/1.1\r\n" HOST "\r\n");
    while (many.len + 64 < sizeof requests)
        buf_str(&many, "GET /mine HTTP/1.1\r\n" HOST "\r\n");
    int pushing = dial(b), other = dial(b);
    assert_int_equal(send(pushing, requests, many.len, MSG_NOSIGNAL), many.len);
    for (int i = 0; i < SOON_MS && !atomic_load(&b->blocked); i++)
        poll(NULL, 0, 1);
    say(other, "GET /others HTTP/1.1\r\n" HOST "\r\n");
    poll(NULL, 0, 50);
    atomic_store(&b->released, true);
    char got[256];
    assert_true(recv(other, got, sizeof got, 0) > 0);
    const char *at = memchr(b->order, 'o', atomic_load(&b->n_order));
    assert_non_null(at);
    assert_in_range(at - b->order, 1, 4);
    close(pushing);
    close(other);
}

/* ---- a full house ---- */

static void wait_until_empty(struct bed *b)
{
    atomic_store(&b->conns, 1);
    for (int i = 0; i < SOON_MS && atomic_load(&b->conns) > 0; i++) {
        assert_int_equal(eventfd_write(b->wake, 1), 0); /* has it looked at */
        poll(NULL, 0, 1);
    }
    assert_int_equal(atomic_load(&b->conns), 0);
}

/* By whoever waits longest, whether it has said nothing yet, has been answered, or has said a part. */
static void in_a_full_house_who_waits_longest_makes_room(void **state)
{
    static const char *const told[] = {"", "GET /f/x HTTP/1.1\r\n" HOST "\r\n", "GET /x HT",
                                       "POST /x HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\na"};
    struct bed *b = *state;
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        int fd[CONNECTIONS], fresh[3], left = 0;
        wait_until_empty(b);
        fill_house(b->port, told[i], fd, CONNECTIONS);
        fill_house(b->port, "GET /x HTTP/1.0\r\n\r\n", fresh, 3);
        for (int k = 0; k < 3; k++) {
            assert_true(is_answered(fresh[k]));
            close(fresh[k]);
        }
        for (int k = 0; k < CONNECTIONS; k++) {
            char got[512];
            recv(fd[k], got, sizeof got, MSG_DONTWAIT);
            left += !is_gone(fd[k], 0);
        }
        assert_true(is_gone(fd[0], SOON_MS));
        assert_in_range(left, CONNECTIONS - 3, CONNECTIONS - 1); /* no more than were needed */
        for (int k = 0; k < CONNECTIONS; k++)
            close(fd[k]);
    }
}

/* Nothing said goes before a part said, however long that waits already. */
static void who_has_begun_goes_after_who_has_not(void **state)
{
    struct bed *b = *state;
    int begun = dial(b), fd[CONNECTIONS], fresh;
    say(begun, "GET /x HTTP/1.0\r\n");
    settle(b);
    fill_house(b->port, "", fd, CONNECTIONS);
    fill_house(b->port, "GET /x HTTP/1.0\r\n\r\n", &fresh, 1);
    assert_true(is_answered(fresh));
    say(begun, "\r\n");
    assert_true(is_answered(begun));
    for (int k = 0; k < CONNECTIONS; k++)
        close(fd[k]);
    close(begun);
    close(fresh);
}

/* A request that is there, but not read yet, makes its connection none that is idle. */
static void a_request_that_has_come_is_served_in_a_full_house(void **state)
{
    struct bed *b = *state;
    int fd[CONNECTIONS - 1], more[8], blocker;
    fill_house(b->port, "", fd, CONNECTIONS - 1);
    fill_house(b->port, "GET /wait HTTP/1.1\r\n" HOST "\r\n", &blocker, 1);
    for (int i = 0; i < SOON_MS && !atomic_load(&b->blocked); i++)
        poll(NULL, 0, 1);
    fill_house(b->port, "GET /x HTTP/1.0\r\n\r\n", more, 8);
    for (int i = 0; i < CONNECTIONS - 1; i++)
        say(fd[i], "GET /x HTTP/1.0\r\n\r\n");
    atomic_store(&b->released, true);
    for (int i = 0; i < 8; i++)
        assert_true(is_answered(more[i]));
    for (int i = 0; i < CONNECTIONS - 1; i++)
        assert_true(is_answered(fd[i]));
    for (int i = 0; i < CONNECTIONS - 1; i++)
        close(fd[i]);
    for (int i = 0; i < 8; i++)
        close(more[i]);
    close(blocker);
}

/* The admin listener has a house of its own, which is full of idle ones as well. */
static void a_full_house_answers_its_probes(void **state)
{
    struct bed *b = *state;
    int fd[CONNECTIONS], idle[HTTP_ADMIN_CONNECTIONS + 8], probe;
    fill_house(b->port, "GET /keep HTTP/1.1\r\n" HOST "\r\n", fd, KEPT_MAX); /* these go for nobody */
    fill_house(b->port, "", fd + KEPT_MAX, CONNECTIONS - KEPT_MAX);
    fill_house(b->admin_port, "", idle, HTTP_ADMIN_CONNECTIONS + 8);
    fill_house(b->admin_port, "GET /x HTTP/1.0\r\n\r\n", &probe, 1);
    assert_true(is_answered(probe));
    for (int i = 0; i < CONNECTIONS; i++)
        close(fd[i]);
    for (int i = 0; i < HTTP_ADMIN_CONNECTIONS + 8; i++)
        close(idle[i]);
    close(probe);
}

/* Of connections that all have their request with the application none goes: who comes waits for the first that ends.
 */
static void a_house_full_of_requests_lets_the_next_one_wait(void **state)
{
    struct bed *b = *state;
    int fd[KEPT_MAX], fresh;
    fill_house(b->port, "GET /keep HTTP/1.0\r\n" HOST "\r\n", fd, KEPT_MAX);
    wait_until(&b->kept, KEPT_MAX);
    fill_house(b->port, "GET /x HTTP/1.0\r\n\r\n", &fresh, 1);
    assert_false(is_gone(fresh, 300));
    for (int i = 0; i < KEPT_MAX; i++)
        assert_false(is_gone(fd[i], 0));
    tell(b, &b->answer);
    assert_true(is_answered(fresh));
    for (int i = 0; i < KEPT_MAX; i++) {
        assert_true(is_answered(fd[i]));
        close(fd[i]);
    }
    close(fresh);
}

/* In a house full of answers that are not taken one of these goes, and none that is being taken. */
static void who_stalls_on_his_answer_makes_room(void **state)
{
    struct bed *b = *state;
    int fd[FEW - 1], reader = dial(b), fresh;
    say(reader, "GET /big HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    settle(b);
    fill_house(b->port, "GET /big HTTP/1.1\r\n" HOST "\r\n", fd, FEW - 1);
    fill_house(b->port, "GET /x HTTP/1.0\r\n\r\n", &fresh, 1);
    assert_true(take_slowly(reader, 60, 0) > BIG);
    assert_true(is_answered(fresh));
    close_all(fd, FEW - 1);
    close(reader);
    close(fresh);
}

/* ---- breaking off ---- */

static int open_files(void)
{
    int n = 0;
    DIR *d = opendir("/proc/self/fd");
    while (readdir(d) != NULL)
        n++;
    closedir(d);
    return n;
}

/* ---- replies in pieces ---- */

/* The body at *at, in chunks, to their end, which *at is behind then; false: it has none. */
static bool take_chunks(char **at, struct buf *out)
{
    for (;;) {
        char *end = NULL;
        size_t len = strtoul(*at, &end, 16);
        if (end == *at || strncmp(end, "\r\n", 2) != 0)
            return false;
        *at = end + 2;
        buf_add(out, *at, strnlen(*at, len));
        if (strnlen(*at, len) < len || strncmp(*at + len, "\r\n", 2) != 0)
            return false;
        *at += len + 2;
        if (len == 0)
            return true;
    }
}

static void assert_pieces(struct span body, int n)
{
    assert_int_equal(body.len, n * PIECE);
    for (size_t i = 0; i < body.len; i++)
        assert_int_equal(body.ptr[i], 'a' + i / PIECE);
}

/* A reply that goes on is one body, behind which the next reply begins; a peer of HTTP/1.0 has it up to the close, HEAD
 * only its head. */
static void a_reply_in_pieces_is_one_body(void **state)
{
    enum { ROOM = 2 * PIECES * PIECE };
    struct bed *b = *state;
    struct buf body;
    char *got = malloc(ROOM), *at;
    int fd = dial(b);
    buf_heap(&body);
    say(fd, "HEAD /pieces HTTP/1.1\r\n" HOST "\r\nGET /pieces HTTP/1.1\r\n" HOST "\r\nGET /x HTTP/1.1\r\n" HOST
            "Connection: close\r\n\r\n");
    read_all(fd, got, ROOM);
    assert_int_equal(count(got, "Transfer-Encoding: chunked\r\n"), 2);
    assert_int_equal(count(got, "Content-Length"), 1);
    at = strstr(got, "\r\n\r\n") + 4;
    assert_memory_equal(at, "HTTP/1.1 200", 12);
    at = strstr(at, "\r\n\r\n") + 4;
    assert_true(take_chunks(&at, &body));
    assert_pieces(buf_span(&body), PIECES);
    assert_memory_equal(at, "HTTP/1.1 200", 12);
    close(fd);

    fd = dial(b);
    say(fd, "GET /pieces HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    size_t len = read_all(fd, got, ROOM);
    assert_null(strstr(got, "Transfer-Encoding"));
    assert_null(strstr(got, "Content-Length"));
    at = strstr(got, "\r\n\r\n") + 4;
    assert_pieces(span_of(at, (size_t)(got + len - at)), PIECES);
    close(fd);
    buf_free(&body);
    free(got);
}

/* Nobody takes what came for all of it: it has no end, and where that would be the close, there is a reset. */
static void a_reply_that_fails_midway_has_no_end(void **state)
{
    enum { ROOM = 2 * PIECES * PIECE };
    struct bed *b = *state;
    for (int version = 0; version < 2; version++) {
        struct buf body;
        char *got = malloc(ROOM), request[64], *at;
        int fd = dial(b);
        size_t len = 0;
        ssize_t n;
        buf_heap(&body);
        snprintf(request, sizeof request, "GET /cut HTTP/1.%d\r\n" HOST "\r\n", version);
        say(fd, request);
        while ((n = recv(fd, got + len, ROOM - 1 - len, 0)) > 0)
            len += (size_t)n;
        assert_int_equal(n, -1);
        assert_int_equal(errno, ECONNRESET);
        got[len] = '\0';
        at = strstr(got, "\r\n\r\n");
        assert_true(at == NULL || version == 0 || (at += 4, !take_chunks(&at, &body)));
        close(fd);
        buf_free(&body);
        free(got);
    }
    wait_until(&b->finished, 2);
}

/* However long it is, a piece of it is all that waits for who does not read. */
static void of_a_reply_without_end_one_piece_is_held(void **state)
{
    struct bed *b = *state;
    int fd = dial(b);
    say(fd, "GET /endless HTTP/1.1\r\n" HOST "\r\n");
    size_t held = 0;
    for (int i = 0; i < SOON_MS && held == 0; i++) {
        poll(NULL, 0, 1);
        held = atomic_load(&b->held.n[HELD_ANSWERS]);
    }
    assert_in_range(held, 1, PIECE + 64);
    assert_true(is_gone(fd, SOON_MS)); /* and not for ever */
    wait_until(&b->finished, 1);
    close(fd);
}

/* At any point, by a reset: no descriptor and no request is forgotten. */
static void peers_that_break_off_leave_nothing_behind(void **state)
{
    static const char *const told[] = {
        "",
        "G",
        "GET /x HTTP/1.1\r\n" HOST "\r\n",
        "GET /big HTTP/1.1\r\n" HOST "\r\n",
        "GET /big HTTP/1.1\r\n" HOST "Connection: close\r\n\r\nGET /x HTTP/1.1\r\n",
        "GET /keep HTTP/1.1\r\n" HOST "\r\nGET /x HTTP/1.1\r\n" HOST "\r\n",
        "GET /f/x HTTP/1.1\r\n" HOST "\r\nGET /x HTTP/1.1\r\n" HOST "\r\nGET /f/x HTTP/1.1\r\n",
        "POST /x HTTP/1.1\r\n" HOST "Content-Length: 60000\r\n\r\naaa",
        "POST /x HTTP/1.1\r\n" HOST "Content-Length: 60000\r\nExpect: 100-continue\r\n\r\n",
        "BREW /x HTTP/1.1\r\n" HOST "\r\nGET /x HTTP/1.1\r\n" HOST "\r\n",
        "GET /pieces HTTP/1.1\r\n" HOST "\r\n",
        "GET /endless HTTP/1.1\r\n" HOST "\r\n",
        "GET /pause HTTP/1.1\r\n" HOST "\r\n",
    };
    enum { N = sizeof told / sizeof told[0] };
    struct bed *b = *state;
    int before = open_files();
    for (int round = 0; round < 5 * N; round++) {
        int fd = dial(b);
        say(fd, told[round % N]);
        if (round % 3)
            poll(NULL, 0, round % 3);
        break_off(fd);
    }
    tell(b, &b->answer);
    char got[256];
    int fd = dial(b), after = 0;
    say(fd, "GET /x HTTP/1.0\r\n\r\n");
    assert_true(read_all(fd, got, sizeof got) > 0);
    close(fd);
    for (int i = 0; i < SOON_MS / 10; i++) {
        tell(b, &b->answer);
        after = open_files();
        if (after <= before && atomic_load(&b->begun) == atomic_load(&b->finished))
            break;
        poll(NULL, 0, 10);
    }
    assert_in_range(after, 0, before);
    assert_int_equal(atomic_load(&b->begun), atomic_load(&b->finished));
}

/* The application is told, and need not answer. Who ends his sending alone waits on. */
static void a_request_whose_peer_breaks_off_is_over(void **state)
{
    struct bed *b = *state;
    int fd[8], half = dial(b);
    char got[256];
    say(half, "GET /keep HTTP/1.0\r\n\r\n");
    shutdown(half, SHUT_WR);
    fill_house(b->port, "GET /keep HTTP/1.1\r\n" HOST "\r\n", fd, 8);
    wait_until(&b->kept, 9);
    for (int i = 0; i < 8; i++)
        break_off(fd[i]);
    wait_until(&b->finished, 8);
    assert_int_equal(atomic_load(&b->finished), 8);
    tell(b, &b->answer);
    assert_true(read_all(half, got, sizeof got) > 0);
    assert_non_null(strstr(got, "at last"));
    close(half);
}

/* tear_down says within which time. */
static void the_end_comes_under_every_kind_of_peer(void **state)
{
    static const char *const told[] = {
        "",
        "GET /x HT",
        "GET /big HTTP/1.1\r\n" HOST "\r\n",
        "GET /keep HTTP/1.1\r\n" HOST "\r\nGET /x HTTP/1.1\r\n" HOST "\r\n",
        "POST /x HTTP/1.1\r\n" HOST "Content-Length: 60000\r\n\r\naaa",
        "GET /x HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n",
        "GET /endless HTTP/1.1\r\n" HOST "\r\n",
        "GET /pause HTTP/1.1\r\n" HOST "\r\n",
    };
    struct bed *b = *state;
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
        say(dial(b), told[i]); /* the process's end closes them */
    wait_until(&b->kept, 1);
}

#define BED(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define SMALL_BED(test) cmocka_unit_test_setup_teardown(test, set_up_small, tear_down)
#define PATIENT_BED(test) cmocka_unit_test_setup_teardown(test, set_up_patient, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PATIENT_BED(a_half_closed_client_gets_all_its_replies),
        PATIENT_BED(a_half_closed_client_waits_for_an_answer_that_comes_later),
        BED(a_slow_reader_of_a_long_answer_gets_all_of_it),
        BED(a_reader_that_stalls_is_closed),
        BED(a_request_that_is_never_answered_loses_its_connection),
        BED(a_request_in_drips_is_cut_off),
        BED(the_time_of_a_request_begins_with_its_first_byte),
        PATIENT_BED(past_the_bound_the_biggest_go),
        PATIENT_BED(a_head_in_two_pieces_is_not_pushed_out_by_those_that_stand_still),
        PATIENT_BED(a_whole_request_has_room_among_unfinished_ones),
        PATIENT_BED(unfinished_requests_push_out_no_answer),
        cmocka_unit_test_setup_teardown(who_takes_his_answer_is_not_pushed_out_by_who_does_not, set_up_two, tear_down),
        cmocka_unit_test_setup_teardown(who_stalls_on_his_answer_makes_room, set_up_few, tear_down),
        PATIENT_BED(bodies_that_wait_for_an_answer_count_too),
        PATIENT_BED(a_long_pipeline_lets_others_in),
        PATIENT_BED(in_a_full_house_who_waits_longest_makes_room),
        PATIENT_BED(who_has_begun_goes_after_who_has_not),
        PATIENT_BED(a_request_that_has_come_is_served_in_a_full_house),
        PATIENT_BED(a_full_house_answers_its_probes),
        SMALL_BED(a_house_full_of_requests_lets_the_next_one_wait),
        PATIENT_BED(what_comes_after_the_last_answer_is_read_to_a_bound),
        PATIENT_BED(exchanges_that_are_not_needed_any_more_are_freed),
        BED(long_answers_that_nobody_reads_are_shed),
        PATIENT_BED(one_answer_may_be_larger_than_the_bound),
        PATIENT_BED(what_two_threads_hold_counts_together),
        cmocka_unit_test_setup_teardown(what_is_a_threads_own_is_its_own, set_up_owner, tear_down),
        BED(a_stalled_reader_goes_after_one_deadline),
        PATIENT_BED(a_reply_in_pieces_is_one_body),
        PATIENT_BED(a_reply_that_fails_midway_has_no_end),
        BED(of_a_reply_without_end_one_piece_is_held),
        PATIENT_BED(peers_that_break_off_leave_nothing_behind),
        PATIENT_BED(a_request_whose_peer_breaks_off_is_over),
        PATIENT_BED(the_end_comes_under_every_kind_of_peer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
