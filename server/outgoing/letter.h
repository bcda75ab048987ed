/* What a delivery says: of the entry alone, so that it says the same each time that it is sent; but for contact fields,
 * which are gone once a person is erased. */
#ifndef CS_SERVER_OUTGOING_LETTER_H
#define CS_SERVER_OUTGOING_LETTER_H

#include "common/commit/delivery.h"
#include "server/instance/instance.h"
#include "server/keys/day_keys.h"

/* A thread's contexts, and the state that it reads. */
struct letter_desk {
    struct tokens *tokens;
    struct sealer *sealer;
    const struct catalog *catalog;
    struct txn *txn;
};

enum { LETTER_MACROS = 32 + 2 * LIMIT_FIELDS };
struct letter {
    struct buf body; /* JSON: {type, timestamp, data} */
    struct buf text; /* what macros point into: those of URLs, and what else of a lead CRMs have names for */
    struct delivery_macro macro[LETTER_MACROS];
    size_t n;
    bool gone; /* the person was to be in it, and is not there any more: erased, or the key destroyed */
};

void letter_open(struct letter *l);
void letter_close(struct letter *l);
/* `contact`: with the fields of the person, for who may see them. ERR_CORRUPT and others: what it tells of does not
 * read. */
MUST_CHECK enum err letter_write(const struct letter_desk *d, const struct delivery_place *at,
                                 enum delivery_event event, bool contact, struct letter *l);

/* The server's own key of `v1a` signatures, which stays as long as its master key does: "whpk_" and its public half. */
enum { WEBHOOK_PUBLIC_CAP = 5 + 44 + 1 };
struct signer *webhook_signer(const struct keys *k); /* of the calling thread, which frees it */
void webhook_public(const struct keys *k, char out[WEBHOOK_PUBLIC_CAP]);
/* Appends "v1,... v1a,...": HMAC-SHA256 and Ed25519 over id.timestamp.body (Standard Webhooks 1.0). */
void webhook_sign(struct signer *s, struct span secret, struct span id, int64_t at_s, struct span body,
                  struct buf *out);

#endif
