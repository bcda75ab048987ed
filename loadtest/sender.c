#include "loadtest/sender.h"

#include <stdlib.h>

#include "common/base/mem.h"
#include "common/crypto/crypto.h"
#include "common/tokens/tokens.h"

struct sender {
    const char *kid;
    struct span host;
    struct hmac *secret;
    char empty_sha256[2 * HASH_LEN + 1]; /* of the body that a GET does not have */
};

struct sender *sender_new(const struct settings *settings, struct span host)
{
    struct sender *s = xcalloc(1, sizeof *s);
    uint8_t key[64], hash[HASH_LEN];
    size_t len;
    struct buf hex;
    if (!settings->kid[0] || whsec_decode(span_str(settings->secret), key, &len) != ERR_OK)
        die("leads need --kid ID and --secret whsec_...");
    s->kid = settings->kid;
    s->host = host;
    s->secret = hmac_new(key, len);
    crypto_wipe(key, sizeof key);
    sha256("", 0, hash);
    buf_fixed(&hex, s->empty_sha256, sizeof s->empty_sha256);
    buf_hex(&hex, hash, sizeof hash);
    return s;
}

void sender_free(struct sender *s)
{
    if (s == NULL)
        return;
    hmac_free(s->secret);
    free(s);
}

void sender_sign(const struct sender *s, struct buf *b, size_t start, int64_t ts_s, struct span nonce)
{
    buf_str(b, "&kid=");
    buf_str(b, s->kid);
    buf_str(b, "&ts=");
    buf_i64(b, ts_s);
    buf_str(b, "&nonce=");
    buf_span_add(b, nonce);

    struct span parts[] = {SPAN("PBv1\nGET\n"), s->host,
                           SPAN("\n"),          span_of(b->ptr + start, b->len - start),
                           SPAN("\n"),          span_of(s->empty_sha256, 2 * HASH_LEN)};
    uint8_t mac[HASH_LEN];
    hmac_sign(s->secret, parts, sizeof parts / sizeof *parts, mac);
    buf_str(b, "&sig=");
    buf_hex(b, mac, sizeof mac);
}
