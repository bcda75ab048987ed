#include "server/keys/vault.h"

#include "common/crypto/crypto.h"
#include "server/system/system.h"

static struct aead *vault_aead(const struct keys *k, const char *purpose)
{
    uint8_t key[32];
    keys_subkey(k, purpose, key);
    struct aead *a = aead_new(key);
    crypto_wipe(key, sizeof key);
    return a;
}

void vault_nonce(uint8_t out[VAULT_NONCE_LEN])
{
    random_bytes(out, VAULT_NONCE_LEN);
}

void vault_seal(const struct keys *k, const char *purpose, struct span aad, struct span plain,
                const uint8_t nonce[VAULT_NONCE_LEN], struct buf *out)
{
    struct aead *a = vault_aead(k, purpose);
    buf_add(out, nonce, VAULT_NONCE_LEN);
    char *room = buf_room(out, plain.len + AEAD_TAG_LEN);
    if (room != NULL) {
        aead_seal(a, nonce, aad, plain, room);
        out->len += plain.len + AEAD_TAG_LEN;
    }
    aead_free(a);
}

enum err vault_open(const struct keys *k, const char *purpose, struct span aad, struct span sealed, struct buf *out)
{
    if (sealed.len < AEAD_NONCE_LEN + AEAD_TAG_LEN)
        return ERR_CORRUPT;
    struct aead *a = vault_aead(k, purpose);
    struct span body = span_of(sealed.ptr + AEAD_NONCE_LEN, sealed.len - AEAD_NONCE_LEN);
    size_t len = body.len - AEAD_TAG_LEN;
    char *room = buf_room(out, len + 1); /* + 1: an empty plaintext still has an address */
    enum err err = room != NULL ? aead_open(a, (const uint8_t *)sealed.ptr, aad, body, room) : ERR_TOO_LARGE;
    if (err == ERR_OK)
        out->len += len;
    aead_free(a);
    return err;
}
