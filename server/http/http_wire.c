/* The bytes of a connection, in and out: as its socket has them, or by TLS. */
#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "server/http/http_private.h"
#include "server/system/address.h"

/* ---- plain ---- */

/* recv, send and sendmsg of glibc are cancellation points, for which each takes and gives back a word that threads
 * share: nobody cancels a thread here. */

static ssize_t read_plain(struct conn *c, char *to, size_t most)
{
    ssize_t n = syscall(SYS_recvfrom, c->fd, to, most, MSG_DONTWAIT, NULL, NULL);
    c->readable = n >= 0 && ((size_t)n == most || c->hung_up);
    return n;
}

static ssize_t write_plain(struct conn *c, struct iovec *part, size_t parts)
{
    const struct msghdr message = {.msg_iov = part, .msg_iovlen = parts};
    const int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
    ssize_t n = parts == 1 ? syscall(SYS_sendto, c->fd, part->iov_base, part->iov_len, flags, NULL, 0)
                           : sendmsg(c->fd, &message, flags); /* whose head the kernel copies in, too */
    c->sent += n > 0 ? (uint64_t)n : 0;
    return n;
}

/* ---- by TLS ---- */

/* Until a read finds nothing more may have come, within OpenSSL as well. */
static ssize_t read_tls(struct conn *c, char *to, size_t most)
{
    ssize_t n = tls_stream_read(c->tls, to, most);
    c->readable = n >= 0 || errno != EAGAIN;
    return n;
}

/* Who takes all that there is has it a part at a time: others come in between. */
static ssize_t write_tls(struct conn *c, const struct iovec *part, size_t parts)
{
    ssize_t done = 0, n = 0;
    bool whole = true;
    for (size_t i = 0; i < parts && whole; i++) {
        n = tls_stream_write(c->tls, part[i].iov_base, part[i].iov_len);
        whole = n == (ssize_t)part[i].iov_len;
        done += n > 0 ? n : 0;
    }
    c->sent = tls_stream_sent(c->tls);
    if (n < 0 && !tls_stream_stuck(c->tls))
        return n; /* the connection is of no use any more */
    if (!whole && !tls_stream_stuck(c->tls))
        conn_queue(c);
    return done;
}

ssize_t wire_read(struct conn *c, char *to, size_t most)
{
    return c->tls != NULL ? read_tls(c, to, most) : read_plain(c, to, most);
}

ssize_t wire_write(struct conn *c, struct iovec *part, size_t parts)
{
    return c->tls != NULL ? write_tls(c, part, parts) : write_plain(c, part, parts);
}

int wire_end(struct conn *c)
{
    if (c->tls != NULL)
        tls_stream_end(c->tls);
    return shutdown(c->fd, SHUT_WR);
}

void wire_close(struct conn *c)
{
    if (c->tls == NULL)
        return;
    tls_stream_end(c->tls);
    tls_stream_free(c->tls);
    c->tls = NULL;
}

/* ---- the handshake ---- */

/* A proxy's are its clients'. */
static bool may_shake(struct conn *c)
{
    address ip;
    unsigned wait_s;
    if (c->behind_proxy || !address_read(span_str(c->ip), &ip) ||
        budgets_take(c->http->hello_budgets, address_subscriber(ip), 1, &wait_s))
        return true;
    atomic_fetch_add_explicit(c->http->hellos_refused, 1, memory_order_relaxed);
    return false;
}

/* Nothing is kept for who has sent nothing. False: that is still so, or it was no TLS. */
static bool begins(struct conn *c)
{
    enum { HANDSHAKE = 22 }; /* type of its records, RFC 8446 section 5.1 */
    char first;
    ssize_t n = recv(c->fd, &first, 1, MSG_PEEK | MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) {
        c->readable = false;
        conn_waits(c, WAITS_IDLE);
    } else if (n <= 0) {
        conn_close(c);
    } else if (first == HANDSHAKE && !may_shake(c)) {
        conn_abandon(c);
    } else if (first != HANDSHAKE) {
        conn_refuse_plain(c);
    } else {
        c->tls = tls_stream_new(c->http->tls, c->fd);
    }
    return c->tls != NULL;
}

/* It has as long as a request's head, from the connection's beginning on. */
void wire_shake(struct conn *c)
{
    conn_waits(c, WAITS_NOT);
    if (c->tls == NULL && !begins(c))
        return;
    enum tls_step step = tls_stream_shake(c->tls);
    c->sent = tls_stream_sent(c->tls);
    if (step == TLS_FAILED) {
        conn_close(c);
        return;
    }
    c->readable = step == TLS_DONE;
    if (step == TLS_DONE) {
        c->state = CONN_HEAD;
        conn_arm(c);
        conn_queue(c);
    } else {
        conn_waits(c, WAITS_IDLE);
    }
    conn_hold(c); /* may close c */
}
