/* The live server by TLS: a certificate of its own, and for each connection a thread that hands bytes on between it and
 * a plain socket of the test's, ends included. So what holds of plain bytes is asked of these by the same tests. */
#ifndef CS_TESTS_LIVE_TLS_H
#define CS_TESTS_LIVE_TLS_H

#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <signal.h>

#include "server/tls/tls.h"
#include "tests/support/live_server.h"

static inline void live_tls_pair(const char *cert_path, const char *key_path)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    FILE *out = fopen(cert_path, "w");
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), 0);
    X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
    X509_set_pubkey(cert, key);
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    assert_int_equal(PEM_write_X509(out, cert), 1);
    fclose(out);
    int fd = open(key_path, O_WRONLY | O_CREAT, 0600);
    out = fdopen(fd, "w");
    assert_int_equal(PEM_write_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(out);
    X509_free(cert);
    EVP_PKEY_free(key);
}

enum { LIVE_CHUNK = 16384 };

struct live_bridge {
    SSL *ssl;
    int test, server;      /* sockets */
    bool saying, hearing;  /* the test's end, the server's has not come yet */
    int to, from, from_at; /* bytes that wait for the server, for the test */
    char to_server[LIVE_CHUNK], from_server[LIVE_CHUNK];
};

/* One read and one write each way, where they are possible. */
static inline void live_tls_step(struct live_bridge *b)
{
    if (b->to == 0 && b->saying) {
        ssize_t n = recv(b->test, b->to_server, LIVE_CHUNK, MSG_DONTWAIT);
        b->to = n > 0 ? (int)n : 0;
        b->saying = n > 0 || (n < 0 && errno == EAGAIN);
        if (!b->saying)
            SSL_shutdown(b->ssl);
    }
    if (b->to > 0 && SSL_write(b->ssl, b->to_server, b->to) > 0)
        b->to = 0;
    if (b->from == 0 && b->hearing) {
        int n = SSL_read(b->ssl, b->from_server, LIVE_CHUNK);
        b->hearing = n > 0 || SSL_get_error(b->ssl, n) == SSL_ERROR_WANT_READ;
        b->from = n > 0 ? n : 0;
        b->from_at = 0;
    }
    if (b->from > 0) {
        ssize_t n = send(b->test, b->from_server + b->from_at, (size_t)b->from, MSG_NOSIGNAL | MSG_DONTWAIT);
        b->from -= n > 0 ? (int)n : 0;
        b->from_at += n > 0 ? (int)n : 0;
        b->hearing = b->hearing && (n > 0 || errno == EAGAIN);
        b->from = b->hearing || n > 0 ? b->from : 0;
    }
}

static inline void *live_tls_run(void *arg)
{
    struct live_bridge *b = arg;
    while (b->hearing || b->from > 0) {
        struct pollfd p[2] = {{b->server, (short)((b->from == 0 ? POLLIN : 0) | (b->to > 0 ? POLLOUT : 0)), 0},
                              {b->saying || b->from > 0 ? b->test : -1,
                               (short)((b->saying && b->to == 0 ? POLLIN : 0) | (b->from > 0 ? POLLOUT : 0)), 0}};
        if (SSL_pending(b->ssl) == 0 || b->from > 0)
            poll(p, 2, -1);
        live_tls_step(b);
    }
    SSL_free(b->ssl);
    close(b->server);
    close(b->test);
    free(b);
    return NULL;
}

/* Takes a connection to the server, answers the test's end of it. */
static inline int live_tls_connect(int server)
{
    static SSL_CTX *ctx;
    int pair[2];
    pthread_t thread;
    struct live_bridge *b = calloc(1, sizeof *b);
    if (ctx == NULL) {
        ctx = SSL_CTX_new(TLS_client_method());
        SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY);
    }
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    *b = (struct live_bridge){.ssl = SSL_new(ctx), .test = pair[1], .server = server, .saying = true, .hearing = true};
    SSL_set_fd(b->ssl, server);
    assert_int_equal(SSL_connect(b->ssl), 1);
    assert_int_equal(fcntl(server, F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(pthread_create(&thread, NULL, live_tls_run, b), 0);
    pthread_detach(thread);
    return pair[0];
}

/* Before the start of the server. */
static inline void live_tls(struct live *l)
{
    static char cert[64], key[64];
    static const struct tls_files files = {cert, key};
    struct problem p = {0};
    signal(SIGPIPE, SIG_IGN);
    snprintf(cert, sizeof cert, "/tmp/countersign-test-%d.pem", getpid());
    snprintf(key, sizeof key, "/tmp/countersign-test-%d.key", getpid());
    live_tls_pair(cert, key);
    assert_ok(tls_open(&files, &l->sh.tls, &p));
    unlink(cert);
    unlink(key);
    l->options.max_tls_mib.number = 64;
    l->connect = live_tls_connect;
}

#endif
