#include "common/base/bytes.h"
#include "common/crypto/crypto.h"
#include "common/tokens/tokens.h"

#define PREFIX "whsec_"

enum { KEY_MIN = 24, KEY_MAX = 64 };

enum err whsec_decode(struct span text, uint8_t out[64], size_t *len)
{
    uint8_t key[KEY_MAX];
    size_t n, prefix = sizeof(PREFIX) - 1;
    if (!span_starts(text, PREFIX)) {
        return ERR_MALFORMED;
    }
    enum err err = b64_decode(span_of(text.ptr + prefix, text.len - prefix), key, sizeof(key), &n);
    if (err == ERR_OK && n < KEY_MIN) {
        err = ERR_MALFORMED;
    }
    if (err == ERR_OK) {
        memcpy(out, key, n);
        *len = n;
    }
    crypto_wipe(key, sizeof(key));
    return err;
}

void whsec_encode(struct buf *out, const void *key, size_t len)
{
    buf_str(out, PREFIX);
    buf_b64(out, key, len);
}
