/* Shared by the tls*.c files alone. */
#ifndef CS_SERVER_TLS_TLS_PRIVATE_H
#define CS_SERVER_TLS_TLS_PRIVATE_H

#include <openssl/ssl.h>
#include <pthread.h>

#include "server/tls/tls.h"

enum { TICKET_NAME = 16, TICKET_KEY = 32, TICKET_S = 3600 };

struct ticket_key {
    uint8_t name[TICKET_NAME], cipher[TICKET_KEY], mac[TICKET_KEY];
    int64_t from_us; /* monotonic */
};

/* What tickets are sealed under: a key for TICKET_S, which opens its tickets for as long again. In memory alone. */
struct tickets {
    pthread_mutex_t lock;
    struct ticket_key key[2]; /* under the lock: the newest first */
};

void tickets_open(struct tickets *k, int64_t now_us);
void tickets_close(struct tickets *k);
void tickets_renew(struct tickets *k, int64_t now_us); /* no ticket of before opens any more */
/* The key to seal by. */
void tickets_seal(struct tickets *k, int64_t now_us, struct ticket_key *out);
/* The key of this name: false when it is too old, or none of these. *renew: it is not the newest any more. */
bool tickets_open_by(struct tickets *k, const uint8_t name[TICKET_NAME], int64_t now_us, struct ticket_key *out,
                     bool *renew);
/* Has the sessions of ctx sealed under these. */
void tickets_use(struct tickets *k, SSL_CTX *ctx);

SSL *tls_new(struct tls *t); /* of the certificate that is in use now */

#endif
