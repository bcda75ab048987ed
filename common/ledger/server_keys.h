/* The keys that the server signs with, as `server_keys` entries tell them: each gives the whole state from itself on.
 * FORMATS.md, "The server's own keys". */
#ifndef CS_LEDGER_SERVER_KEYS_H
#define CS_LEDGER_SERVER_KEYS_H

#include "common/base/json_read.h"
#include "common/base/limits.h"
#include "common/crypto/crypto.h"

#define SERVER_KEYS_TYP "countersign-server-keys"

enum { SERVER_LOG_KEYS = 2 }; /* that sign a checkpoint at most: the new one and the one that it follows */

struct server_keys {
    int64_t at_ms;                                 /* when it was signed; whole seconds */
    uint8_t log[SERVER_LOG_KEYS][ED25519_KEY_LEN]; /* each signs every checkpoint; the newest first */
    size_t n_log;
    uint8_t statement[ED25519_KEY_LEN]; /* signs statements and receipts */
    bool compromised;                   /* all keys of before that do not sign in this state were stolen */
};

/* Whether checkpoints of this state bear that key's signature. */
bool server_keys_has(const struct server_keys *k, const uint8_t log[ED25519_KEY_LEN]);
/* Appends the payload, canonical. */
void server_keys_payload(struct buf *out, const struct server_keys *k, struct span issuer);
/* Whether `next` is a step from `k`: a rotation begins (new keys of both kinds, the old log key signs on), it ends (the
 * old log key does not any more), the keys were stolen (new ones take the place of all), or those that retired were
 * (the newest sign on, alone). Whether a new key is one that was there before is not asked. */
bool server_keys_step(const struct server_keys *k, const struct server_keys *next);
/* Opens what follows `before`: signed by its newest log key, and by that of `before` where that is another one; the
 * bytes that server_keys_payload gives. *issuer points into *payload, which gets the text. ERR_UNAUTHORIZED,
 * ERR_MALFORMED or ERR_INVALID (no such step). */
MUST_CHECK enum err server_keys_open(struct span jws, struct span previous_jws, const struct server_keys *before,
                                     struct buf *payload, struct server_keys *out, struct span *issuer);
/* The same of what was verified before. */
MUST_CHECK enum err server_keys_read(struct span payload, struct server_keys *out, struct span *issuer);

#endif
