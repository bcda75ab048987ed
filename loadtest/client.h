/* One keep-alive connection on an event base: connects, sends a request, reads its answer, and connects anew whenever
 * it broke. */
#ifndef CS_LOADTEST_CLIENT_H
#define CS_LOADTEST_CLIENT_H

#include <sys/socket.h>

#include <event2/event.h>

#include "loadtest/answer.h"
#include "loadtest/plan.h"

#define FAILURE_TABLE(X)                                                                                               \
    X(CONNECT, "connect", "connections that could not be made")                                                        \
    X(CLOSED, "closed", "requests whose connection broke before the answer")                                           \
    X(TIMEOUT, "timeout", "requests whose answer did not come in time")                                                \
    X(PROTOCOL, "protocol", "answers that could not be read")

enum failure {
#define X(symbol, word, meaning) FAILURE_##symbol,
    FAILURE_TABLE(X)
#undef X
        FAILURES
};

struct client;
struct client_events {
    void (*ready)(void *ctx, struct client *c); /* connected and idle: after connecting and after every answer */
    void (*answered)(void *ctx, struct client *c, const struct answer *a);
    void (*failed)(void *ctx, struct client *c, enum failure f); /* connects anew by itself */
    void *ctx;
};

struct client {
    /* the caller's, about the request under way */
    struct shot shot;
    uint64_t scheduled_ns, sent_ns;
    bool queued; /* waits in the run's ring of idle clients */
    /* client.c's own */
    enum { CLIENT_DOWN, CLIENT_CONNECTING, CLIENT_IDLE, CLIENT_BUSY } state;
    int fd;
    struct event_base *base;
    struct event *readable, *writable, *retry;
    const struct sockaddr *address;
    socklen_t address_len;
    const struct client_events *events;
    char out[4096], in[16384];
    size_t out_len, out_sent, in_len;
};

void client_open(struct client *c, struct event_base *base, const struct sockaddr *address, socklen_t len,
                 const struct client_events *events);
void client_close(struct client *c);
/* An empty buffer over the client's memory for the request; client_send sends it. The client must be idle. */
void client_request(struct client *c, struct buf *request);
void client_send(struct client *c, const struct buf *request);
/* Gives up the request under way. */
void client_fail(struct client *c, enum failure f);

#endif
