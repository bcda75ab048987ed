/* DATA/keys.json (0600): the server's own secrets.
 *
 *   log        Ed25519 seed: signs checkpoints (contract logs and root log)
 *   statement  Ed25519 seed: signs statements and receipts
 *   token      32 bytes and a kid 1..255: tracking codes, click ids, lead refs
 *   master     32 bytes: HKDF root of campaign peppers ("countersign/v1/pepper" id) and of the key that wraps day keys
 *              ("countersign/v1/day wrap")
 *
 * Loaded once, immutable once it is known what signs (keys_follow); shared by all threads. Retired log and statement
 * keys stay published; retired token keys still verify. Log and statement keys in front of those that sign were drawn
 * by a rotation that did not come to its entries: they are nobody's yet. */
#ifndef CS_SERVER_KEYS_KEYS_H
#define CS_SERVER_KEYS_KEYS_H

#include "common/base/buf.h"
#include "common/crypto/crypto.h"
#include "common/ledger/server_keys.h"
#include "common/tokens/tokens.h"

struct keys;
enum { KEYS_MAX = 16 }; /* of one purpose */

MUST_CHECK enum err keys_create(const char *data_dir); /* ERR_CONFLICT when the file exists */
/* ERR_FORBIDDEN: others than its owner may read or write it. ERR_TOO_LARGE: longer than any keys are; ERR_CORRUPT: it
 * is not what was written. */
MUST_CHECK enum err keys_load(const char *data_dir, struct keys **out);
void keys_free(struct keys *k);

/* ---- which of them sign: the states of FORMATS.md, "The server's own keys"; state 0 is the first ---- */

/* A state as the store keeps it (row `server_keys` of meta: one behind the other). */
struct keys_step {
    uint64_t root; /* index in the root log */
    struct span jws, previous_jws;
};
void keys_step_write(struct buf *out, const struct keys_step *s);
/* Takes all states of a store; before other threads have the keys. ERR_CORRUPT: they are none; ERR_CONFLICT: a key that
 * signs is not here. */
MUST_CHECK enum err keys_follow(struct keys *k, struct span steps);
size_t keys_states(const struct keys *k);
const struct server_keys *keys_state(const struct keys *k, size_t n);
const struct keys_step *keys_state_step(const struct keys *k, size_t n); /* n from 1 on; as long as k lives */
/* New log and statement keys that no entry has: those that are there already unless `fresh`, else drawn, and on the
 * disk before this returns. *next gets the public ones. ERR_TOO_LARGE: there are KEYS_MAX. */
MUST_CHECK enum err keys_draw(struct keys *k, const char *data_dir, bool fresh, struct server_keys *next);
/* A new token key, which makes tokens from now on, and is on the disk when this returns; those before open what they
 * made. ERR_TOO_LARGE: there are KEYS_MAX, or no kid is left. */
MUST_CHECK enum err keys_draw_token(struct keys *k, const char *data_dir);
/* The kids of the token keys, the newest first, into out[KEYS_MAX]; how many. */
size_t keys_token_kids(const struct keys *k, uint8_t *out);
/* By the key of that public log key; false: it is not here. Appends a compact JWS. */
MUST_CHECK bool keys_jws_by(const struct keys *k, const uint8_t log[ED25519_KEY_LEN], const char *typ,
                            struct span payload, struct buf *out);

/* ---- what they make ---- */

struct signer *keys_new_log_signer(const struct keys *k, size_t n); /* of the newest state; NULL past its last */
struct signer *keys_new_statement_signer(const struct keys *k);     /* fresh objects for the calling thread */
struct tokens *keys_new_tokens(const struct keys *k);
void keys_pepper(const struct keys *k, struct span campaign_id, uint8_t out[32]);
void keys_day_wrap(const struct keys *k, uint8_t out[32]);
/* HKDF-SHA256 of the master key, empty salt: one key per purpose, "countersign/v1/..." */
void keys_subkey(const struct keys *k, const char *info, uint8_t out[32]);
void keys_jwks(const struct keys *k, struct buf *out); /* statement keys, newest first */
/* What a store keeps of each of its keys, HASH_LEN bytes that tell nothing of it: appends those of all. */
void keys_marks(const struct keys *k, struct buf *out);
/* Whether every key of these marks is here. ERR_CONFLICT: one is not; ERR_CORRUPT: they are no marks. */
MUST_CHECK enum err keys_fit(const struct keys *k, struct span marks);
/* Public keys, newest first; how many were written. */
size_t keys_statement_publics(const struct keys *k, uint8_t (*out)[ED25519_KEY_LEN], size_t cap);
size_t keys_log_publics(const struct keys *k, uint8_t (*out)[ED25519_KEY_LEN], size_t cap);

#endif
