/* TLS 1.2 and 1.3 of a server, by OpenSSL: one certificate for all names, HTTP/1.1, resumption by tickets alone. No
 * early data: whoever catches it could send a click again, and the server would take it for another. */
#ifndef CS_SERVER_TLS_TLS_H
#define CS_SERVER_TLS_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/problem.h"

struct tls;        /* certificate, key, ticket keys; any thread */
struct tls_stream; /* one connection, of one thread */

/* Paths of PEM files: the certificate with its chain behind it, and its private key. */
struct tls_files {
    const char *cert, *key;
};

/* ERR_INVALID says in *p (field tls_cert or tls_key) which file and why, and makes nothing. A key that others than its
 * owner may read is refused. */
MUST_CHECK enum err tls_open(const struct tls_files *files, struct tls **out, struct problem *p);
/* Whether both could be taken: tls_reload's answer, which changes nothing. */
MUST_CHECK enum err tls_try(struct tls *t, const struct tls_files *files, struct problem *p);
/* Reads both files again, which may be others, for connections to come. What is wrong, or not valid at this time,
 * changes nothing but tls_status. Sessions of before are not resumed afterwards. */
MUST_CHECK enum err tls_reload(struct tls *t, const struct tls_files *files, struct problem *p);
void tls_close(struct tls *t); /* NULL-safe; all streams are freed */

struct tls_status {
    int64_t not_before_s, not_after_s; /* of the certificate, Unix */
    bool kept;                         /* the last reload was refused */
};
struct tls_status tls_status(struct tls *t);
enum tls_life { TLS_VALID, TLS_ENDS_SOON, TLS_NOT_VALID }; /* soon: in two weeks */
enum tls_life tls_life(const struct tls_status *s, int64_t now_s);
bool tls_names(struct tls *t, const char *host); /* is the certificate for this name, or address? */

/* Over a non-blocking socket, which stays the caller's. */
struct tls_stream *tls_stream_new(struct tls *t, int fd);
/* Says goodbye, unless the handshake has not ended or something went wrong. */
void tls_stream_end(struct tls_stream *s);
void tls_stream_free(struct tls_stream *s); /* NULL-safe */

enum tls_step { TLS_DONE, TLS_WAITS, TLS_FAILED };
/* One step of the handshake: as far as it goes with what the socket has. */
enum tls_step tls_stream_shake(struct tls_stream *s);
/* As recv and send. -1 with EINTR: what came was of the protocol's own, and there may be more. What a write has begun
 * (EAGAIN, or less than all) goes on with the same bytes. It may stop before the socket is full: tls_stream_stuck. */
ssize_t tls_stream_read(struct tls_stream *s, void *to, size_t most);
ssize_t tls_stream_write(struct tls_stream *s, const void *from, size_t len); /* -1 with EAGAIN, or for good */
bool tls_stream_stuck(const struct tls_stream *s);                            /* the last write met a full socket */
uint64_t tls_stream_sent(const struct tls_stream *s);                         /* bytes that the socket took so far */
size_t tls_stream_held(const struct tls_stream *s);                           /* bytes of memory, about */

#endif
