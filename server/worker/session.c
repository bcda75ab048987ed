#include "server/worker/session.h"

#include "common/base/bytes.h"
#include "common/base/text.h"
#include "common/base/when.h"
#include "server/keys/vault.h"
#include "server/system/system.h"
#include "server/worker/ended_sessions.h"

enum {
    DAY_LEN = 4,
    PLAIN_LEN = 8 + HASH_LEN + SESSION_SECRET_LEN,
    SEALED_LEN = DAY_LEN + AEAD_NONCE_LEN + PLAIN_LEN + AEAD_TAG_LEN,
    PURPOSE_MAX = 64
};

/* Clocks of one machine, read by two threads. */
enum { AHEAD_MS = 1000 };

/* A key of its own each day: what was sealed under an older one is over. */
static void purpose_of(uint32_t day, char out[PURPOSE_MAX])
{
    snprintf(out, PURPOSE_MAX, VAULT_SESSIONS " %u", (unsigned)day);
}

void session_seal(const struct keys *k, const struct session *s, const uint8_t nonce[AEAD_NONCE_LEN], struct buf *out)
{
    uint8_t mem[SEALED_LEN], plain_mem[PLAIN_LEN];
    char purpose[PURPOSE_MAX];
    struct buf sealed, plain;
    uint32_t day = (uint32_t)(s->from_ms / MS_PER_DAY);
    buf_fixed(&sealed, mem, sizeof mem);
    buf_fixed(&plain, plain_mem, sizeof plain_mem);
    buf_be64(&plain, (uint64_t)s->from_ms);
    buf_add(&plain, s->token, HASH_LEN);
    buf_add(&plain, s->secret, SESSION_SECRET_LEN);
    buf_be32(&sealed, day);
    purpose_of(day, purpose);
    vault_seal(k, purpose, SPAN(""), buf_span(&plain), nonce, &sealed);
    buf_b64url(out, sealed.ptr, sealed.len);
}

enum err session_open(const struct keys *k, struct span text, int64_t now_ms, struct session *out)
{
    uint8_t sealed[SEALED_LEN], mem[PLAIN_LEN + 1];
    char purpose[PURPOSE_MAX];
    struct buf plain;
    size_t len;
    if (b64url_decode(text, sealed, sizeof sealed, &len) != ERR_OK || len != SEALED_LEN)
        return ERR_UNAUTHORIZED;
    purpose_of(load_be32(sealed), purpose);
    buf_fixed(&plain, mem, sizeof mem);
    if (vault_open(k, purpose, SPAN(""), span_of(sealed + DAY_LEN, SEALED_LEN - DAY_LEN), &plain) != ERR_OK)
        return ERR_UNAUTHORIZED;
    struct session s = {.from_ms = (int64_t)load_be64(mem)};
    memcpy(s.token, mem + 8, HASH_LEN);
    memcpy(s.secret, mem + 8 + HASH_LEN, SESSION_SECRET_LEN);
    if (s.from_ms > now_ms + AHEAD_MS || now_ms >= s.from_ms + SESSION_MS)
        return ERR_UNAUTHORIZED;
    *out = s;
    return ERR_OK;
}

void session_form_token(const struct session *s, char out[FORM_TOKEN_LEN])
{
    static const struct span says[] = {{"countersign/v1/form", 19}};
    uint8_t mac[HASH_LEN];
    struct buf text;
    struct hmac *h = hmac_new(s->secret, SESSION_SECRET_LEN);
    hmac_sign(h, says, 1, mac);
    hmac_free(h);
    buf_fixed(&text, out, FORM_TOKEN_LEN);
    buf_b64url(&text, mac, sizeof mac);
}

/* ---- of a request ---- */

struct span session_cookie(const struct request *rq, const char *name)
{
    struct span header = rq->cookie, its;
    while (header.len) {
        struct span pair = text_trim(text_take(&header, ';'), " ");
        if (text_cut(&pair, '=', &its) && span_is(its, name))
            return pair;
    }
    return SPAN("");
}

static bool is_secure(const struct request *rq)
{
    const struct server *sv = rq->worker->server;
    return sv->instance.https || sv->tls != NULL;
}

/* By its prefix no other host, and no page by http, can have set it. */
static const char *name_of(const struct request *rq)
{
    return is_secure(rq) ? "__Host-countersign" : "countersign";
}

const struct session *session_of(struct request *rq)
{
    struct session *s = arena_alloc(rq->arena, sizeof *s);
    struct span text = session_cookie(rq, name_of(rq));
    bool found =
        !span_empty(text) && session_open(rq->worker->server->instance.keys, text, rq->arrived_ms, s) == ERR_OK;
    return found && !ended_sessions_has(rq->worker->server->ended_sessions, s) ? s : NULL;
}

static void set_cookie(struct request *rq, struct reply *reply, struct span value, const char *rest)
{
    struct buf b;
    arena_buf(rq->arena, &b, SESSION_TEXT_MAX + 128);
    buf_str(&b, name_of(rq));
    buf_byte(&b, '=');
    buf_span_add(&b, value);
    buf_str(&b, "; Path=/; HttpOnly; SameSite=Lax");
    buf_str(&b, is_secure(rq) ? "; Secure" : "");
    buf_str(&b, rest);
    reply_header(reply, "Set-Cookie", buf_span(&b));
}

const struct session *session_begin(struct request *rq, struct reply *reply, const uint8_t token[HASH_LEN])
{
    struct session *s = arena_alloc(rq->arena, sizeof *s);
    uint8_t nonce[AEAD_NONCE_LEN];
    struct buf text;
    *s = (struct session){.from_ms = rq->arrived_ms};
    memcpy(s->token, token, HASH_LEN);
    random_bytes(s->secret, sizeof s->secret);
    vault_nonce(nonce);
    arena_buf(rq->arena, &text, SESSION_TEXT_MAX);
    session_seal(rq->worker->server->instance.keys, s, nonce, &text);
    set_cookie(rq, reply, buf_span(&text), "");
    return s;
}

void session_end(struct request *rq, struct reply *reply)
{
    if (rq->session != NULL)
        ended_sessions_add(rq->worker->server->ended_sessions, rq->session);
    set_cookie(rq, reply, SPAN(""), "; Max-Age=0");
}
