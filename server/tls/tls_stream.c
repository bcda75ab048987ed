/* One connection by TLS: OpenSSL on a socket. */
#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/crypto/must.h"
#include "server/tls/tls_private.h"

/* Bytes of memory, about, as OpenSSL 3.0 has them. */
enum {
    IDLE = 16 << 10,
    SHAKING = 30 << 10,
    RECORD = 17 << 10 /* one that has not come or gone whole */
};
enum { AT_ONCE = 256 << 10 }; /* bytes that one call writes */

struct tls_stream {
    SSL *ssl;
    bool ready, broken, stuck; /* the handshake has ended; never again; the last write met a full socket */
};

struct tls_stream *tls_stream_new(struct tls *t, int fd)
{
    struct tls_stream *s = xcalloc(1, sizeof *s);
    s->ssl = tls_new(t);
    if (SSL_set_fd(s->ssl, fd) != 1)
        mem_exhausted();
    SSL_set_accept_state(s->ssl);
    return s;
}

void tls_stream_end(struct tls_stream *s)
{
    if (!s->ready || s->broken)
        return;
    s->broken = true;
    ERR_clear_error();
    (void)SSL_shutdown(s->ssl);
}

void tls_stream_free(struct tls_stream *s)
{
    if (s == NULL)
        return;
    SSL_free(s->ssl);
    free(s);
}

/* What a call that did nothing means, as errno: EAGAIN, or EPROTO for good. 0: the peer has ended. */
static ssize_t nothing(struct tls_stream *s, int rc)
{
    switch (SSL_get_error(s->ssl, rc)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        errno = EAGAIN;
        return -1;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    default:
        s->broken = true;
        errno = EPROTO;
        return -1;
    }
}

enum tls_step tls_stream_shake(struct tls_stream *s)
{
    ERR_clear_error();
    int rc = SSL_do_handshake(s->ssl);
    if (rc == 1) {
        s->ready = true;
        return TLS_DONE;
    }
    return nothing(s, rc) < 0 && errno == EAGAIN ? TLS_WAITS : TLS_FAILED;
}

ssize_t tls_stream_read(struct tls_stream *s, void *to, size_t most)
{
    const BIO *in = SSL_get_rbio(s->ssl);
    uint64_t before = BIO_number_read((BIO *)(uintptr_t)in);
    size_t n = 0;
    if (s->broken)
        return 0;
    ERR_clear_error();
    int rc = SSL_read_ex(s->ssl, to, most, &n);
    if (rc == 1)
        return (ssize_t)n;
    ssize_t none = nothing(s, rc);
    if (none < 0 && errno == EAGAIN && BIO_number_read((BIO *)(uintptr_t)in) != before)
        errno = EINTR;
    return none;
}

ssize_t tls_stream_write(struct tls_stream *s, const void *from, size_t len)
{
    size_t done = 0, n = 0;
    int rc = 1;
    ERR_clear_error();
    s->stuck = false;
    while (done < len && done < AT_ONCE && (rc = SSL_write_ex(s->ssl, (const char *)from + done, len - done, &n)) == 1)
        done += n;
    if (rc == 1)
        return (ssize_t)done;
    s->stuck = nothing(s, rc) < 0 && errno == EAGAIN;
    return s->stuck && done > 0 ? (ssize_t)done : -1;
}

bool tls_stream_stuck(const struct tls_stream *s)
{
    return s->stuck;
}

uint64_t tls_stream_sent(const struct tls_stream *s)
{
    return BIO_number_written(SSL_get_wbio(s->ssl));
}

size_t tls_stream_held(const struct tls_stream *s)
{
    return (size_t)(s->ready ? IDLE : SHAKING) + (SSL_has_pending(s->ssl) == 1 ? RECORD : 0) + (s->stuck ? RECORD : 0);
}
