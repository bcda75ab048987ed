/* The bytes of a connection, in and out. */
#include <sys/socket.h>

#include "server/http/http_private.h"

ssize_t wire_read(struct conn *c, char *to, size_t most)
{
    ssize_t n = recv(c->fd, to, most, MSG_DONTWAIT);
    c->readable = n >= 0 && ((size_t)n == most || c->hung_up);
    return n;
}

ssize_t wire_write(struct conn *c, struct iovec *part, size_t parts)
{
    const struct msghdr message = {.msg_iov = part, .msg_iovlen = parts};
    ssize_t n = sendmsg(c->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    c->sent += n > 0 ? (uint64_t)n : 0;
    return n;
}

int wire_end(struct conn *c)
{
    return shutdown(c->fd, SHUT_WR);
}
