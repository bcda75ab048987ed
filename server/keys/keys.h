/* DATA/keys.json (0600): the server's own secrets.
 *
 *   log        Ed25519 seed: signs checkpoints (contract logs and root log)
 *   statement  Ed25519 seed: signs statements and receipts
 *   token      32 bytes and a kid 1..255: tracking codes, click ids, lead refs
 *   master     32 bytes: HKDF root of campaign peppers ("countersign/v1/pepper" id) and of the key that wraps day keys
 *              ("countersign/v1/day wrap")
 *
 * Loaded once, immutable afterwards; shared by all threads. Retired log and statement keys stay published; retired
 * token keys still verify. */
#ifndef CS_SERVER_KEYS_KEYS_H
#define CS_SERVER_KEYS_KEYS_H

#include "common/base/buf.h"
#include "common/crypto/crypto.h"
#include "common/tokens/tokens.h"

struct keys;
enum { KEYS_MAX = 16 }; /* of one purpose */

MUST_CHECK enum err keys_create(const char *data_dir); /* ERR_CONFLICT when the file exists */
/* ERR_TOO_LARGE: longer than any keys are; ERR_CORRUPT: it is not what was written. */
MUST_CHECK enum err keys_load(const char *data_dir, struct keys **out);
void keys_free(struct keys *k);

struct signer *keys_new_log_signer(const struct keys *k); /* a fresh object for the calling thread */
struct signer *keys_new_statement_signer(const struct keys *k);
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
