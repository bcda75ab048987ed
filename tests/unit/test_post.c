/* What a host that nobody trusts may answer a POST: too much, too slowly, or that somebody else should be asked. */
#include "server/courier/post.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/ok.h"

enum { MOST = 1000, LONG_HEAD = 70000, SOON_MS = 300, LATER_MS = 60000, DROP_US = 10000 };

/* Of one connection: what it is answered with, at once or drop by drop. */
struct host {
    int listener;
    char url[64];
    struct buf answer;
    bool drips;
    pthread_t thread;
};

static bool send_all(int fd, const char *bytes, size_t len, const struct host *h)
{
    ssize_t n = 1;
    for (size_t at = 0, most = h->drips ? 1 : len; at < len && n > 0; at += (size_t)(n > 0 ? n : 0)) {
        n = send(fd, bytes + at, len - at < most ? len - at : most, MSG_NOSIGNAL);
        if (h->drips)
            usleep(DROP_US);
    }
    return n > 0;
}

static void *serve(void *arg)
{
    const struct host *h = arg;
    char request[4096];
    int fd = accept(h->listener, NULL, NULL);
    if (recv(fd, request, sizeof request, 0) > 0 && send_all(fd, h->answer.ptr, h->answer.len, h)) {
        shutdown(fd, SHUT_WR);
        while (recv(fd, request, sizeof request, 0) > 0)
            continue;
    }
    close(fd);
    return NULL;
}

static void host_open(struct host *h)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    h->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(h->listener, (const struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(h->listener, 1), 0);
    assert_int_equal(getsockname(h->listener, (struct sockaddr *)&a, &len), 0);
    snprintf(h->url, sizeof h->url, "http://127.0.0.1:%d/x", ntohs(a.sin_port));
    buf_heap(&h->answer);
}

/* Its status, as post_send says it. */
static int post_to(struct host *h, const atomic_bool *stop, int64_t timeout_ms, struct buf *answer)
{
    const char *why = NULL;
    struct post *p = post_open(stop);
    assert_int_equal(pthread_create(&h->thread, NULL, serve, h), 0);
    int status = post_send(p, h->url, SPAN("old 0\n"), timeout_ms, MOST, answer, &why);
    assert_non_null(why);
    post_close(p);
    shutdown(h->listener, SHUT_RDWR); /* whoever was stopped did not come */
    pthread_join(h->thread, NULL);
    close(h->listener);
    buf_free(&h->answer);
    return status;
}

static void fill(struct buf *b, char c, size_t n)
{
    memset(buf_room(b, n), c, n);
    b->len += n;
}

static void an_answer_counts_up_to_its_bounds(void **state)
{
    static const struct {
        size_t head, body;
        int status;
    } rows[] = {{0, 3, 200}, {0, MOST, 200}, {0, MOST + 1, 0}, {0, 100 * MOST, 0}, {LONG_HEAD, 3, 0}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        atomic_bool stop = false;
        struct host h = {.drips = false};
        struct buf answer;
        buf_heap(&answer);
        host_open(&h);
        buf_printf(&h.answer, "HTTP/1.1 200 OK\r\n");
        for (size_t n = 0; n < rows[i].head; n += 1004) {
            buf_str(&h.answer, "X: ");
            fill(&h.answer, 'y', 999);
            buf_str(&h.answer, "\r\n");
        }
        buf_str(&h.answer, "\r\n");
        fill(&h.answer, 'x', rows[i].body);
        assert_int_equal(post_to(&h, &stop, LATER_MS, &answer), rows[i].status);
        assert_true(answer.len <= MOST && (rows[i].status == 0 || answer.len == rows[i].body));
        buf_free(&answer);
    }
}

static void nobody_is_waited_for_or_sent_elsewhere(void **state)
{
    enum { STOPPED = 1, DRIPS = 2 };
    static const struct {
        const char *answer;
        int how, status;
        int64_t timeout_ms;
    } rows[] = {
        {"HTTP/1.1 307 There\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n", 0, 307, LATER_MS},
        {"HTTP/1.1 200 OK\r\nContent-Length: 160\r\n\r\n", DRIPS, 0, SOON_MS},
        {"HTTP/1.1 200 OK\r\nContent-Length: 160\r\n\r\n", DRIPS | STOPPED, 0, LATER_MS},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        atomic_bool stop = rows[i].how & STOPPED;
        struct host h = {.drips = rows[i].how & DRIPS};
        struct buf answer;
        buf_heap(&answer);
        host_open(&h);
        buf_str(&h.answer, rows[i].answer);
        if (h.drips)
            fill(&h.answer, 'x', 160);
        assert_int_equal(post_to(&h, &stop, rows[i].timeout_ms, &answer), rows[i].status);
        buf_free(&answer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_counts_up_to_its_bounds),
        cmocka_unit_test(nobody_is_waited_for_or_sent_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
