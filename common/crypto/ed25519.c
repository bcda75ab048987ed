#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <sodium/core.h>
#include <sodium/crypto_sign_ed25519.h>

#include "common/base/mem.h"
#include "common/crypto/crypto.h"
#include "common/crypto/must.h"

/* Signing is libsodium's: the same bytes (RFC 8032) in half the time, and each lead waits for one. */
struct signer {
    uint8_t key[crypto_sign_ed25519_SECRETKEYBYTES], pub[ED25519_KEY_LEN];
};

struct signer *signer_new(const uint8_t seed[SEED_LEN])
{
    struct signer *s = xmalloc(sizeof(*s));
    must(sodium_init() >= 0);
    must(crypto_sign_ed25519_seed_keypair(s->pub, s->key, seed) == 0);
    return s;
}

void signer_free(struct signer *s)
{
    if (s != NULL)
        crypto_wipe(s->key, sizeof(s->key));
    free(s);
}

const uint8_t *signer_public(const struct signer *s)
{
    return s->pub;
}

void signer_sign(const struct signer *s, struct span msg, uint8_t sig[ED25519_SIG_LEN])
{
    must(crypto_sign_ed25519_detached(sig, NULL, (const uint8_t *)msg.ptr, msg.len, s->key) == 0);
}

/* ---- public keys ---- */

#define PRIME "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed"
#define CURVE_D "52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3"
#define ORDER_8 "05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826"

static BIGNUM *number(const char *hex)
{
    BIGNUM *n = NULL;
    must(BN_hex2bn(&n, hex) > 0);
    return n;
}

/* The point's y coordinate, RFC 8032 5.1.3: the first 255 bits. */
static BIGNUM *coordinate(const uint8_t pub[ED25519_KEY_LEN])
{
    BIGNUM *y = BN_lebin2bn(pub, ED25519_KEY_LEN, NULL);
    must(y != NULL);
    (void)BN_mask_bits(y, 8 * ED25519_KEY_LEN - 1); /* 0 as well where there is nothing to cut */
    return y;
}

/* The eight points of small order have y or -y among these; whatever was signed with one of them holds for anybody. */
static bool small_order(const BIGNUM *y, const BIGNUM *p)
{
    static const char *const values[] = {"0", "1", ORDER_8};
    BIGNUM *negated = BN_new();
    bool small = false;
    must(negated != NULL && BN_sub(negated, p, y));
    for (size_t i = 0; i < sizeof values / sizeof *values && !small; i++) {
        BIGNUM *value = number(values[i]);
        small = BN_cmp(y, value) == 0 || BN_cmp(negated, value) == 0;
        BN_free(value);
    }
    BN_free(negated);
    return small;
}

/* Whether there is an x with x^2 = (y^2 - 1) / (d y^2 + 1) mod p, by Euler's criterion. */
static bool on_curve(const BIGNUM *y, const BIGNUM *p)
{
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *d = number(CURVE_D), *u = BN_new(), *v = BN_new(), *e = BN_dup(p);
    must(ctx != NULL && u != NULL && v != NULL && e != NULL);
    must(BN_mod_sqr(u, y, p, ctx) && BN_mod_mul(v, u, d, p, ctx) && BN_sub_word(u, 1) && BN_add_word(v, 1));
    must(BN_mod_mul(u, u, v, p, ctx) && BN_rshift1(e, e) && BN_mod_exp(u, u, e, p, ctx));
    bool square = BN_is_one(u);
    BN_free(e);
    BN_free(v);
    BN_free(u);
    BN_free(d);
    BN_CTX_free(ctx);
    return square;
}

bool ed25519_key_ok(const uint8_t pub[ED25519_KEY_LEN])
{
    BIGNUM *p = number(PRIME), *y = coordinate(pub);
    bool ok = BN_cmp(y, p) < 0 && !small_order(y, p) && on_curve(y, p);
    BN_free(y);
    BN_free(p);
    return ok;
}

bool ed25519_verify(const uint8_t pub[ED25519_KEY_LEN], struct span msg, const uint8_t sig[ED25519_SIG_LEN])
{
    if (!ed25519_key_ok(pub))
        return false;
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, pub, ED25519_KEY_LEN);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    must(key != NULL && ctx != NULL);
    must(EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1);
    bool good = EVP_DigestVerify(ctx, sig, ED25519_SIG_LEN, (const uint8_t *)msg.ptr, msg.len) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    if (!good) {
        ERR_clear_error(); /* a "no" must not look like a TLS failure to whoever reads the thread's queue next */
    }
    return good;
}
