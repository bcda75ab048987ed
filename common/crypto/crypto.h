/* All cryptography of the product, on OpenSSL 3. No keys are generated here: randomness is an argument (32-byte seeds).
 * Objects hold keyed contexts that are re-used per call: one object per thread. Functions that cannot fail for sane
 * inputs abort when OpenSSL fails. */
#ifndef CS_CRYPTO_CRYPTO_H
#define CS_CRYPTO_CRYPTO_H

#include <stdint.h>

#include "common/base/err.h"
#include "common/base/span.h"

enum {
    HASH_LEN = 32,
    SEED_LEN = 32,
    ED25519_KEY_LEN = 32,
    ED25519_SIG_LEN = 64,
    AEAD_NONCE_LEN = 12,
    AEAD_TAG_LEN = 16,
    BLOCK_LEN = 16
};

/* Has OpenSSL take all its memory by mem.h, so that no signature seems wrong for want of memory: once, before anything
 * else of OpenSSL. */
void crypto_use_mem(void);

/* FIPS 180-4. sha256v hashes the concatenation of n spans. Hot: about 1 us per 256 bytes without SHA-NI, no allocation.
 */
void sha256(const void *ptr, size_t len, uint8_t out[HASH_LEN]);
void sha256v(const struct span *parts, size_t n, uint8_t out[HASH_LEN]);
/* The same piece by piece. */
struct sha256;
struct sha256 *sha256_new(void);
void sha256_add(struct sha256 *s, const void *ptr, size_t len);
void sha256_end(const struct sha256 *s, uint8_t out[HASH_LEN]); /* of what was added so far */
void sha256_free(struct sha256 *s);                             /* NULL-safe */

/* RFC 2104 HMAC-SHA256 with a re-usable keyed context. */
struct hmac;
struct hmac *hmac_new(const void *key, size_t len);
void hmac_free(struct hmac *h);
void hmac_sign(struct hmac *h, const struct span *parts, size_t n, uint8_t out[HASH_LEN]);

/* SipHash-1-3: a keyed hash of short messages, for tables that strangers fill; nothing that is signed or kept. */
enum { SIPHASH_KEY_LEN = 16 };
uint64_t siphash(const uint8_t key[SIPHASH_KEY_LEN], const void *ptr, size_t len);

/* RFC 5869, SHA-256. One-off. out_len at most 255*32. */
void hkdf(struct span ikm, struct span salt, struct span info, void *out, size_t out_len);

/* AES-256-GCM (SP 800-38D). seal writes len+AEAD_TAG_LEN bytes; open writes len-AEAD_TAG_LEN bytes and answers
 * ERR_CORRUPT when the tag does not hold. */
struct aead;
struct aead *aead_new(const uint8_t key[32]);
void aead_free(struct aead *a);
void aead_seal(struct aead *a, const uint8_t nonce[AEAD_NONCE_LEN], struct span aad, struct span plain, void *out);
MUST_CHECK enum err aead_open(struct aead *a, const uint8_t nonce[AEAD_NONCE_LEN], struct span aad, struct span sealed,
                              void *out);

/* One AES-256 block as a keyed permutation (FIPS 197). */
struct block_cipher;
struct block_cipher *block_cipher_new(const uint8_t key[32]);
void block_cipher_free(struct block_cipher *c);
void block_encrypt(struct block_cipher *c, const uint8_t in[BLOCK_LEN], uint8_t out[BLOCK_LEN]);
void block_decrypt(struct block_cipher *c, const uint8_t in[BLOCK_LEN], uint8_t out[BLOCK_LEN]);

/* RFC 8032 Ed25519 (pure). The private key is its 32-byte seed. Deterministic. */
struct signer;
struct signer *signer_new(const uint8_t seed[SEED_LEN]);
void signer_free(struct signer *s);
const uint8_t *signer_public(const struct signer *s); /* 32 bytes */
void signer_sign(const struct signer *s, struct span msg, uint8_t sig[ED25519_SIG_LEN]);
/* Whether it is the canonical encoding (RFC 8032 5.1.3) of a point of the curve that has no small order. About 20 us.
 */
MUST_CHECK bool ed25519_key_ok(const uint8_t pub[ED25519_KEY_LEN]);
/* False as well for a key that is not ok. */
MUST_CHECK bool ed25519_verify(const uint8_t pub[ED25519_KEY_LEN], struct span msg, const uint8_t sig[ED25519_SIG_LEN]);

/* Constant time. */
MUST_CHECK bool crypto_equal(const void *a, const void *b, size_t len);
void crypto_wipe(void *ptr, size_t len);

#endif
