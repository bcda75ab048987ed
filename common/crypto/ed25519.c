#include <openssl/err.h>
#include <openssl/evp.h>

#include "common/base/mem.h"
#include "common/crypto/crypto.h"
#include "common/crypto/must.h"

struct signer {
    EVP_PKEY *key;
    EVP_MD_CTX *ctx;
    uint8_t pub[ED25519_KEY_LEN];
};

struct signer *signer_new(const uint8_t seed[SEED_LEN])
{
    struct signer *s = xmalloc(sizeof(*s));
    size_t len = sizeof(s->pub);
    must((s->key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, SEED_LEN)) != NULL);
    must((s->ctx = EVP_MD_CTX_new()) != NULL);
    must(EVP_PKEY_get_raw_public_key(s->key, s->pub, &len) && len == sizeof(s->pub));
    return s;
}

void signer_free(struct signer *s)
{
    if (s != NULL) {
        EVP_MD_CTX_free(s->ctx);
        EVP_PKEY_free(s->key);
        free(s);
    }
}

const uint8_t *signer_public(const struct signer *s)
{
    return s->pub;
}

void signer_sign(struct signer *s, struct span msg, uint8_t sig[ED25519_SIG_LEN])
{
    size_t len = ED25519_SIG_LEN;
    must(EVP_MD_CTX_reset(s->ctx));
    must(EVP_DigestSignInit(s->ctx, NULL, NULL, NULL, s->key) == 1);
    must(EVP_DigestSign(s->ctx, sig, &len, (const uint8_t *)msg.ptr, msg.len) == 1 && len == ED25519_SIG_LEN);
}

bool ed25519_verify(const uint8_t pub[ED25519_KEY_LEN], struct span msg, const uint8_t sig[ED25519_SIG_LEN])
{
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
