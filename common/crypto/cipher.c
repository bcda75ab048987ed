/* AES-256-GCM and the bare AES-256 block, each direction with a keyed context of its own: a call sets the nonce and
 * nothing else. */
#include <assert.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "common/base/mem.h"
#include "common/crypto/crypto.h"
#include "common/crypto/must.h"

struct direction {
    EVP_CIPHER_CTX *encrypt, *decrypt;
};

static void direction_open(struct direction *d, const char *cipher, const uint8_t key[32])
{
    EVP_CIPHER *type = EVP_CIPHER_fetch(NULL, cipher, NULL);
    must(type != NULL);
    must((d->encrypt = EVP_CIPHER_CTX_new()) != NULL);
    must((d->decrypt = EVP_CIPHER_CTX_new()) != NULL);
    must(EVP_EncryptInit_ex2(d->encrypt, type, key, NULL, NULL));
    must(EVP_DecryptInit_ex2(d->decrypt, type, key, NULL, NULL));
    EVP_CIPHER_free(type);
}

static void direction_close(struct direction *d)
{
    EVP_CIPHER_CTX_free(d->encrypt);
    EVP_CIPHER_CTX_free(d->decrypt);
}

struct aead {
    struct direction gcm;
};

struct aead *aead_new(const uint8_t key[32])
{
    struct aead *a = xmalloc(sizeof(*a));
    direction_open(&a->gcm, "AES-256-GCM", key);
    return a;
}

void aead_free(struct aead *a)
{
    if (a != NULL) {
        direction_close(&a->gcm);
        free(a);
    }
}

void aead_seal(struct aead *a, const uint8_t nonce[AEAD_NONCE_LEN], struct span aad, struct span plain, void *out)
{
    assert(plain.len <= INT_MAX && aad.len <= INT_MAX);
    EVP_CIPHER_CTX *ctx = a->gcm.encrypt;
    uint8_t *to = out;
    int n = 0;
    must(EVP_EncryptInit_ex2(ctx, NULL, NULL, nonce, NULL));
    if (aad.len > 0) {
        must(EVP_EncryptUpdate(ctx, NULL, &n, (const uint8_t *)aad.ptr, (int)aad.len));
    }
    if (plain.len > 0) {
        must(EVP_EncryptUpdate(ctx, to, &n, (const uint8_t *)plain.ptr, (int)plain.len));
    }
    must(EVP_EncryptFinal_ex(ctx, to + plain.len, &n));
    must(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_LEN, to + plain.len));
}

enum err aead_open(struct aead *a, const uint8_t nonce[AEAD_NONCE_LEN], struct span aad, struct span sealed, void *out)
{
    assert(sealed.len <= INT_MAX && aad.len <= INT_MAX);
    if (sealed.len < AEAD_TAG_LEN) {
        return ERR_CORRUPT;
    }
    EVP_CIPHER_CTX *ctx = a->gcm.decrypt;
    size_t len = sealed.len - AEAD_TAG_LEN;
    uint8_t tag[AEAD_TAG_LEN], none[1];
    memcpy(tag, sealed.ptr + len, sizeof(tag));
    int n = 0;
    must(EVP_DecryptInit_ex2(ctx, NULL, NULL, nonce, NULL));
    if (aad.len > 0) {
        must(EVP_DecryptUpdate(ctx, NULL, &n, (const uint8_t *)aad.ptr, (int)aad.len));
    }
    if (len > 0) {
        must(EVP_DecryptUpdate(ctx, out, &n, (const uint8_t *)sealed.ptr, (int)len));
    }
    must(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG_LEN, tag));
    if (EVP_DecryptFinal_ex(ctx, none, &n) == 1) {
        return ERR_OK;
    }
    ERR_clear_error(); /* a "no" must not look like a TLS failure to whoever reads the thread's queue next */
    if (len > 0) {
        crypto_wipe(out, len); /* nobody may use what is not authentic */
    }
    return ERR_CORRUPT;
}

struct block_cipher {
    struct direction ecb;
};

struct block_cipher *block_cipher_new(const uint8_t key[32])
{
    struct block_cipher *c = xmalloc(sizeof(*c));
    direction_open(&c->ecb, "AES-256-ECB", key);
    must(EVP_CIPHER_CTX_set_padding(c->ecb.encrypt, 0));
    must(EVP_CIPHER_CTX_set_padding(c->ecb.decrypt, 0));
    return c;
}

void block_cipher_free(struct block_cipher *c)
{
    if (c != NULL) {
        direction_close(&c->ecb);
        free(c);
    }
}

void block_encrypt(struct block_cipher *c, const uint8_t in[BLOCK_LEN], uint8_t out[BLOCK_LEN])
{
    int n = 0;
    must(EVP_EncryptUpdate(c->ecb.encrypt, out, &n, in, BLOCK_LEN) && n == BLOCK_LEN);
}

void block_decrypt(struct block_cipher *c, const uint8_t in[BLOCK_LEN], uint8_t out[BLOCK_LEN])
{
    int n = 0;
    must(EVP_DecryptUpdate(c->ecb.decrypt, out, &n, in, BLOCK_LEN) && n == BLOCK_LEN);
}
