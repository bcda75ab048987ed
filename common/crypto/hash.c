/* SHA-256, HMAC and HKDF. The low-level SHA256_* calls are deprecated, but on short inputs the EVP layer costs as much
 * again as the hash itself, and an HMAC that starts from its two saved pad states needs half the time of a re-used
 * EVP_MAC context. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/crypto/crypto.h"
#include "common/crypto/must.h"

static void *take(size_t len, const char *file, int line)
{
    (void)file;
    (void)line;
    return xmalloc(len);
}

/* OpenSSL frees by a resizing to nothing. */
static void *resize(void *ptr, size_t len, const char *file, int line)
{
    (void)file;
    (void)line;
    if (len > 0)
        return xrealloc(ptr, len);
    free(ptr);
    return NULL;
}

static void give_back(void *ptr, const char *file, int line)
{
    (void)file;
    (void)line;
    free(ptr);
}

void crypto_use_mem(void)
{
    must(CRYPTO_set_mem_functions(take, resize, give_back));
}

static void absorb(SHA256_CTX *ctx, const void *ptr, size_t len)
{
    if (len > 0) {
        must(SHA256_Update(ctx, ptr, len));
    }
}

void sha256(const void *ptr, size_t len, uint8_t out[HASH_LEN])
{
    SHA256_CTX ctx;
    must(SHA256_Init(&ctx));
    absorb(&ctx, ptr, len);
    must(SHA256_Final(out, &ctx));
}

void sha256v(const struct span *parts, size_t n, uint8_t out[HASH_LEN])
{
    SHA256_CTX ctx;
    must(SHA256_Init(&ctx));
    for (size_t i = 0; i < n; i++) {
        absorb(&ctx, parts[i].ptr, parts[i].len);
    }
    must(SHA256_Final(out, &ctx));
}

struct sha256 {
    SHA256_CTX ctx;
};

struct sha256 *sha256_new(void)
{
    struct sha256 *s = xmalloc(sizeof *s);
    must(SHA256_Init(&s->ctx));
    return s;
}

void sha256_add(struct sha256 *s, const void *ptr, size_t len)
{
    absorb(&s->ctx, ptr, len);
}

void sha256_end(const struct sha256 *s, uint8_t out[HASH_LEN])
{
    SHA256_CTX ctx = s->ctx;
    must(SHA256_Final(out, &ctx));
}

void sha256_free(struct sha256 *s)
{
    free(s);
}

struct hmac {
    SHA256_CTX inner, outer; /* after one block of key XOR ipad, key XOR opad */
};

static void absorb_pad(SHA256_CTX *ctx, const uint8_t key[SHA256_CBLOCK], uint8_t pad)
{
    uint8_t block[SHA256_CBLOCK];
    for (size_t i = 0; i < sizeof(block); i++) {
        block[i] = key[i] ^ pad;
    }
    must(SHA256_Init(ctx));
    must(SHA256_Update(ctx, block, sizeof(block)));
    OPENSSL_cleanse(block, sizeof(block));
}

struct hmac *hmac_new(const void *key, size_t len)
{
    uint8_t block[SHA256_CBLOCK] = {0};
    if (len > sizeof(block)) {
        sha256(key, len, block);
    } else if (len > 0) {
        memcpy(block, key, len);
    }
    struct hmac *h = xmalloc(sizeof(*h));
    absorb_pad(&h->inner, block, 0x36);
    absorb_pad(&h->outer, block, 0x5c);
    OPENSSL_cleanse(block, sizeof(block));
    return h;
}

void hmac_free(struct hmac *h)
{
    if (h != NULL) {
        OPENSSL_cleanse(h, sizeof(*h));
        free(h);
    }
}

void hmac_sign(struct hmac *h, const struct span *parts, size_t n, uint8_t out[HASH_LEN])
{
    SHA256_CTX ctx = h->inner;
    for (size_t i = 0; i < n; i++) {
        absorb(&ctx, parts[i].ptr, parts[i].len);
    }
    uint8_t inner[HASH_LEN];
    must(SHA256_Final(inner, &ctx));
    ctx = h->outer;
    must(SHA256_Update(&ctx, inner, sizeof(inner)));
    must(SHA256_Final(out, &ctx));
}

void hkdf(struct span ikm, struct span salt, struct span info, void *out, size_t out_len)
{
    assert(out_len <= 255 * HASH_LEN);
    uint8_t prk[HASH_LEN], t[HASH_LEN];
    struct hmac *h = hmac_new(salt.ptr, salt.len);
    hmac_sign(h, &ikm, 1, prk);
    hmac_free(h);

    h = hmac_new(prk, sizeof(prk));
    uint8_t *to = out;
    size_t t_len = 0;
    for (uint8_t i = 1; out_len > 0; i++) {
        struct span parts[] = {span_of(t, t_len), info, span_of(&i, 1)};
        hmac_sign(h, parts, 3, t);
        t_len = out_len < sizeof(t) ? out_len : sizeof(t);
        memcpy(to, t, t_len);
        to += t_len;
        out_len -= t_len;
    }
    hmac_free(h);
    OPENSSL_cleanse(prk, sizeof(prk));
    OPENSSL_cleanse(t, sizeof(t));
}

bool crypto_equal(const void *a, const void *b, size_t len)
{
    return CRYPTO_memcmp(a, b, len) == 0;
}

void crypto_wipe(void *ptr, size_t len)
{
    OPENSSL_cleanse(ptr, len);
}
