/* Session tickets (RFC 5077, RFC 8446 section 4.6.1): the server keeps no sessions, each client brings its own, sealed.
 */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <string.h>

#include "common/crypto/crypto.h"
#include "common/crypto/must.h"
#include "server/system/system.h"
#include "server/tls/tls_private.h"

static const int64_t life_us = TICKET_S * 1000000LL; /* of a key, as long as it seals */

/* ---- keys ---- */

static void draw(struct ticket_key *key, int64_t now_us)
{
    random_bytes(key->name, sizeof key->name);
    random_bytes(key->cipher, sizeof key->cipher);
    random_bytes(key->mac, sizeof key->mac);
    key->from_us = now_us;
}

void tickets_open(struct tickets *k, int64_t now_us)
{
    pthread_mutex_init(&k->lock, NULL);
    tickets_renew(k, now_us);
}

void tickets_close(struct tickets *k)
{
    pthread_mutex_destroy(&k->lock);
    crypto_wipe(k->key, sizeof k->key);
}

void tickets_renew(struct tickets *k, int64_t now_us)
{
    pthread_mutex_lock(&k->lock);
    for (size_t i = 0; i < 2; i++)
        draw(&k->key[i], now_us); /* the second one seals nothing, so it opens nothing */
    pthread_mutex_unlock(&k->lock);
}

/* Under the lock. */
static void rotate(struct tickets *k, int64_t now_us)
{
    if (now_us - k->key[0].from_us < life_us)
        return;
    k->key[1] = k->key[0];
    draw(&k->key[0], now_us);
}

void tickets_seal(struct tickets *k, int64_t now_us, struct ticket_key *out)
{
    pthread_mutex_lock(&k->lock);
    rotate(k, now_us);
    *out = k->key[0];
    pthread_mutex_unlock(&k->lock);
}

bool tickets_open_by(struct tickets *k, const uint8_t name[TICKET_NAME], int64_t now_us, struct ticket_key *out,
                     bool *renew)
{
    bool found = false;
    pthread_mutex_lock(&k->lock);
    rotate(k, now_us);
    for (size_t i = 0; i < 2 && !found; i++)
        if (memcmp(k->key[i].name, name, TICKET_NAME) == 0 && now_us - k->key[i].from_us < 2 * life_us) {
            *out = k->key[i];
            *renew = i > 0;
            found = true;
        }
    pthread_mutex_unlock(&k->lock);
    return found;
}

/* ---- what OpenSSL asks ---- */

enum {
    SEALED = 1,
    OPENED = 1,
    OPENED_RENEW = 2,
    NOT_OURS = 0,
    FAILS = -1
}; /* SSL_CTX_set_tlsext_ticket_key_evp_cb(3) */

static bool set_keys(const struct ticket_key *key, const uint8_t *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac,
                     int seal)
{
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)(uintptr_t)key->mac, sizeof key->mac),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
    return EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, key->cipher, iv, seal) == 1 &&
           EVP_MAC_CTX_set_params(mac, params) == 1;
}

static int on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac,
                     int seal)
{
    struct tickets *k = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    struct ticket_key key;
    bool renew = false;
    int64_t now_us = clock_monotonic_us();
    if (seal) {
        tickets_seal(k, now_us, &key);
        memcpy(name, key.name, TICKET_NAME);
        random_bytes(iv, (size_t)EVP_CIPHER_get_iv_length(EVP_aes_256_cbc()));
    } else if (!tickets_open_by(k, name, now_us, &key, &renew)) {
        return NOT_OURS; /* a whole handshake, then a new ticket */
    }
    bool set = set_keys(&key, iv, cipher, mac, seal);
    crypto_wipe(&key, sizeof key);
    return !set ? FAILS : seal ? SEALED : renew ? OPENED_RENEW : OPENED;
}

void tickets_use(struct tickets *k, SSL_CTX *ctx)
{
    static const unsigned char context[] = "countersign";
    SSL_CTX_set_app_data(ctx, k);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_timeout(ctx, TICKET_S);
    must(SSL_CTX_set_session_id_context(ctx, context, sizeof context - 1) == 1);
    must(SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_ticket) == 1);
}
