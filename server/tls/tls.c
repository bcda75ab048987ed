#include "server/tls/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "common/base/mem.h"
#include "common/crypto/must.h"
#include "server/system/system.h"
#include "server/tls/tls_private.h"

struct tls {
    struct tickets tickets;
    pthread_mutex_t lock;
    SSL_CTX *now; /* under the lock, as are: */
    bool kept;
};

/* ---- the terms of every connection ---- */

static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
                           unsigned in_len, void *arg)
{
    static const unsigned char ours[] = "\x08http/1.1";
    (void)ssl;
    (void)arg;
    int found = SSL_select_next_proto((unsigned char **)(uintptr_t)out, out_len, ours, sizeof ours - 1, in, in_len);
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL; /* RFC 7301, 3.2 */
}

static int no_passphrase(char *out, int cap, int writes, void *arg)
{
    (void)writes;
    (void)arg;
    if (cap > 0)
        out[0] = '\0';
    return -1;
}

/* Of 1.2 with forward secrecy and authenticated encryption alone; of 1.3 there are no others. A client without AES in
 * hardware has ChaCha20. */
static SSL_CTX *new_context(struct tls *t)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (ctx == NULL)
        mem_exhausted();
    must(SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1);
    must(SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1);
    must(SSL_CTX_set1_groups_list(ctx, "X25519:P-256:P-384") == 1);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                 SSL_OP_PRIORITIZE_CHACHA | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(ctx,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY); /* else what a peer sends of the protocol's own keeps us reading */
    must(SSL_CTX_set_max_early_data(ctx, 0) == 1);
    must(SSL_CTX_set_recv_max_early_data(ctx, 0) == 1);
    SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
    SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
    tickets_use(&t->tickets, ctx);
    return ctx;
}

/* ---- the pair ---- */

static const char *reason(void)
{
    unsigned long code = ERR_peek_last_error(), first = ERR_peek_error();
    if (ERR_GET_LIB(first) == ERR_LIB_SYS)
        return strerror(ERR_GET_REASON(first));
    const char *text = ERR_reason_error_string(code);
    return text != NULL ? text : "it does not read";
}

/* To open what is no file might never end. */
static enum err is_file(const char *path, const char *option, struct stat *st, struct problem *p)
{
    if (stat(path, st) != 0 || S_ISREG(st->st_mode))
        return ERR_OK; /* what does not open is told by who opens it */
    return problem(p, ERR_INVALID, option, "%s is no regular file: name one that holds PEM", path);
}

static enum err read_cert(SSL_CTX *ctx, const char *path, struct problem *p)
{
    struct stat st;
    enum err err = is_file(path, "tls_cert", &st, p);
    if (err != ERR_OK)
        return err;
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(ctx, path) == 1)
        return ERR_OK;
    return problem(p, ERR_INVALID, "tls_cert", "%s: %s: it must hold the certificate and its chain, as PEM", path,
                   reason());
}

static enum err read_key(SSL_CTX *ctx, const char *path, struct problem *p)
{
    struct stat st = {.st_mode = 0};
    enum err err = is_file(path, "tls_key", &st, p);
    if (err != ERR_OK)
        return err;
    if (st.st_mode & (S_IRWXG | S_IRWXO))
        return problem(p, ERR_INVALID, "tls_key", "%s may be read by others than its owner: chmod 600", path);
    ERR_clear_error();
    if (SSL_CTX_use_PrivateKey_file(ctx, path, SSL_FILETYPE_PEM) == 1 && SSL_CTX_check_private_key(ctx) == 1)
        return ERR_OK;
    unsigned long code = ERR_peek_last_error();
    if (ERR_GET_LIB(code) == ERR_LIB_X509 && ERR_GET_REASON(code) == X509_R_KEY_VALUES_MISMATCH)
        return problem(p, ERR_INVALID, "tls_key", "%s is not the key of the certificate in tls_cert", path);
    return problem(p, ERR_INVALID, "tls_key", "%s: %s: it must hold the private key as PEM, without a passphrase", path,
                   reason());
}

static enum err read_pair(struct tls *t, const struct tls_files *files, SSL_CTX **out, struct problem *p)
{
    SSL_CTX *ctx = new_context(t);
    enum err err = read_cert(ctx, files->cert, p);
    if (err == ERR_OK)
        err = read_key(ctx, files->key, p);
    ERR_clear_error();
    if (err == ERR_OK)
        *out = ctx;
    else
        SSL_CTX_free(ctx);
    return err;
}

static int64_t seconds(const ASN1_TIME *time)
{
    struct tm tm = {0};
    return ASN1_TIME_to_tm(time, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

static bool valid_now(SSL_CTX *ctx)
{
    const X509 *cert = SSL_CTX_get0_certificate(ctx);
    int64_t now_s = clock_ms() / 1000;
    return seconds(X509_get0_notBefore(cert)) <= now_s && now_s <= seconds(X509_get0_notAfter(cert));
}

/* ---- life ---- */

enum err tls_open(const struct tls_files *files, struct tls **out, struct problem *p)
{
    struct tls *t = xcalloc(1, sizeof *t);
    enum err err = read_pair(t, files, &t->now, p);
    if (err != ERR_OK) {
        free(t);
        return err;
    }
    tickets_open(&t->tickets, clock_monotonic_us());
    pthread_mutex_init(&t->lock, NULL);
    *out = t;
    return ERR_OK;
}

static void put(struct tls *t, SSL_CTX *ctx)
{
    pthread_mutex_lock(&t->lock);
    SSL_CTX *before = ctx != NULL ? t->now : NULL;
    if (ctx != NULL)
        t->now = ctx;
    t->kept = ctx == NULL;
    pthread_mutex_unlock(&t->lock);
    SSL_CTX_free(before);
}

static enum err read_valid(struct tls *t, const struct tls_files *files, SSL_CTX **out, struct problem *p)
{
    SSL_CTX *ctx = NULL;
    enum err err = read_pair(t, files, &ctx, p);
    if (err == ERR_OK && !valid_now(ctx)) {
        SSL_CTX_free(ctx);
        return problem(p, ERR_INVALID, "tls_cert", "%s is not valid at this time", files->cert);
    }
    *out = ctx;
    return err;
}

enum err tls_try(struct tls *t, const struct tls_files *files, struct problem *p)
{
    SSL_CTX *ctx = NULL;
    enum err err = read_valid(t, files, &ctx, p);
    SSL_CTX_free(ctx);
    return err;
}

enum err tls_reload(struct tls *t, const struct tls_files *files, struct problem *p)
{
    SSL_CTX *ctx = NULL;
    enum err err = read_valid(t, files, &ctx, p);
    put(t, ctx);
    if (err == ERR_OK)
        tickets_renew(&t->tickets, clock_monotonic_us());
    return err;
}

enum tls_life tls_life(const struct tls_status *s, int64_t now_s)
{
    enum { SOON_S = 14 * 86400 };
    if (now_s < s->not_before_s || now_s > s->not_after_s)
        return TLS_NOT_VALID;
    return s->not_after_s - now_s < SOON_S ? TLS_ENDS_SOON : TLS_VALID;
}

void tls_close(struct tls *t)
{
    if (t == NULL)
        return;
    SSL_CTX_free(t->now);
    tickets_close(&t->tickets);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

static SSL_CTX *hold(struct tls *t, bool *kept)
{
    pthread_mutex_lock(&t->lock);
    SSL_CTX *ctx = t->now;
    must(SSL_CTX_up_ref(ctx) == 1);
    *kept = t->kept;
    pthread_mutex_unlock(&t->lock);
    return ctx;
}

struct tls_status tls_status(struct tls *t)
{
    struct tls_status s = {0};
    SSL_CTX *ctx = hold(t, &s.kept);
    const X509 *cert = SSL_CTX_get0_certificate(ctx);
    s.not_before_s = seconds(X509_get0_notBefore(cert));
    s.not_after_s = seconds(X509_get0_notAfter(cert));
    SSL_CTX_free(ctx);
    return s;
}

bool tls_names(struct tls *t, const char *host)
{
    bool kept;
    SSL_CTX *ctx = hold(t, &kept);
    X509 *cert = SSL_CTX_get0_certificate(ctx);
    bool named = X509_check_host(cert, host, 0, 0, NULL) == 1 || X509_check_ip_asc(cert, host, 0) == 1;
    SSL_CTX_free(ctx);
    ERR_clear_error();
    return named;
}

SSL *tls_new(struct tls *t)
{
    bool kept;
    SSL_CTX *ctx = hold(t, &kept);
    SSL *ssl = SSL_new(ctx);
    SSL_CTX_free(ctx);
    if (ssl == NULL)
        mem_exhausted();
    return ssl;
}
