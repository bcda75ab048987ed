#include "server/api/draw.h"

#include <stdio.h>

#include "server/catalog/catalog_write.h"
#include "server/keys/vault.h"
#include "server/system/system.h"

enum { SECRET_LEN = 32, SECRET_MAX = 64 };

static struct span seal(struct request *rq, const char *purpose, struct span aad, struct span plain)
{
    uint8_t nonce[VAULT_NONCE_LEN];
    struct buf sealed;
    vault_nonce(nonce);
    arena_buf(rq->arena, &sealed, plain.len + 64);
    vault_seal(rq->worker->server->instance.keys, purpose, aad, plain, nonce, &sealed);
    return buf_span(&sealed);
}

void draw_secret(struct request *rq, struct secret_draw *out)
{
    uint8_t key[SECRET_LEN];
    random_id('K', out->kid);
    random_bytes(key, sizeof key);
    out->sealed = seal(rq, VAULT_SECRETS, span_str(out->kid), span_of(key, sizeof key));
    crypto_wipe(key, sizeof key);
}

/* Told apart by how they begin, so that one which leaks is known for what it is. */
static void draw(struct request *rq, const char *prefix, struct token_draw *out)
{
    char token[API_TOKEN_LEN + 1];
    api_token_new(token);
    memcpy(token, prefix, strlen(prefix));
    api_token_hash(token, out->sha256);
    out->sealed = seal(rq, VAULT_TOKENS, span_of(out->sha256, HASH_LEN), span_str(token));
    crypto_wipe(token, sizeof token);
}

void draw_token(struct request *rq, struct token_draw *out)
{
    draw(rq, "cst_", out);
}

void draw_invitation(struct request *rq, struct token_draw *out)
{
    draw(rq, "csi_", out);
}

void draw_postback_key(struct request *rq, struct token_draw *out)
{
    draw(rq, "csk_", out);
}

enum err jw_drawn_secret(struct jw *w, const struct keys *keys, const struct secret_draw *s)
{
    char mem[SECRET_MAX + 1];
    struct buf key, text;
    buf_fixed(&key, mem, sizeof mem);
    buf_heap(&text);
    enum err err = vault_open(keys, VAULT_SECRETS, span_str(s->kid), s->sealed, &key);
    if (err == ERR_OK) {
        whsec_encode(&text, key.ptr, key.len);
        jw_kstr(w, "postback_secret", buf_span(&text));
        crypto_wipe(text.ptr, text.len);
    }
    crypto_wipe(mem, sizeof mem);
    buf_free(&text);
    return err;
}

/* Behind `before`. */
static enum err jw_drawn(struct jw *w, const char *name, const struct keys *keys, const struct token_draw *t,
                         const char *before)
{
    char mem[URL_CAP + sizeof INVITE_PATH + API_TOKEN_LEN];
    struct buf text;
    buf_fixed(&text, mem, sizeof mem);
    buf_str(&text, before);
    enum err err = vault_open(keys, VAULT_TOKENS, span_of(t->sha256, HASH_LEN), t->sealed, &text);
    if (err == ERR_OK)
        jw_kstr(w, name, buf_span(&text));
    crypto_wipe(mem, sizeof mem);
    return err;
}

enum err jw_drawn_token(struct jw *w, const char *name, const struct keys *keys, const struct token_draw *t)
{
    return jw_drawn(w, name, keys, t, "");
}

enum err jw_drawn_invitation(struct jw *w, const struct instance *in, const struct token_draw *t)
{
    char before[URL_CAP + sizeof INVITE_PATH];
    snprintf(before, sizeof before, "%s" INVITE_PATH, in->public_url);
    return jw_drawn(w, "invite_url", in->keys, t, before);
}
