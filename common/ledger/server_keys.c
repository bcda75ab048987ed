#include "common/ledger/server_keys.h"

#include "common/base/bytes.h"
#include "common/base/when.h"
#include "common/ledger/jws.h"

static bool same(const uint8_t a[ED25519_KEY_LEN], const uint8_t b[ED25519_KEY_LEN])
{
    return memcmp(a, b, ED25519_KEY_LEN) == 0;
}

bool server_keys_has(const struct server_keys *k, const uint8_t log[ED25519_KEY_LEN])
{
    bool has = false;
    for (size_t i = 0; i < k->n_log; i++)
        has |= same(k->log[i], log);
    return has;
}

void server_keys_payload(struct buf *out, const struct server_keys *k, struct span issuer)
{
    char mem[32];
    struct buf at;
    struct jw w;
    buf_fixed(&at, mem, sizeof mem);
    time_rfc3339(&at, k->at_ms);
    jw_open(&w, out);
    jw_object(&w);
    jw_kstr(&w, "at", buf_span(&at));
    if (k->compromised)
        jw_kbool(&w, "compromised", true);
    jw_kstr(&w, "issuer", issuer);
    jw_key(&w, "log");
    jw_array(&w);
    for (size_t i = 0; i < k->n_log; i++)
        jw_b64url(&w, k->log[i], ED25519_KEY_LEN);
    jw_array_end(&w);
    jw_kb64url(&w, "statement", k->statement, ED25519_KEY_LEN);
    jw_kstr(&w, "typ", SPAN(SERVER_KEYS_TYP));
    jw_object_end(&w);
    jw_close(&w);
}

bool server_keys_step(const struct server_keys *k, const struct server_keys *next)
{
    bool log_stays = same(k->log[0], next->log[0]), statement_stays = same(k->statement, next->statement);
    if (log_stays && statement_stays)
        return next->n_log == 1 && (k->n_log == 2 || next->compromised);
    if (log_stays || statement_stays || server_keys_has(k, next->log[0]))
        return false;
    return next->compromised ? next->n_log == 1 : k->n_log == 1 && next->n_log == 2 && same(k->log[0], next->log[1]);
}

static bool key_read(const char *text, size_t n, uint8_t out[ED25519_KEY_LEN])
{
    size_t len = 0;
    return text != NULL && b64url_decode(span_of(text, n), out, ED25519_KEY_LEN, &len) == ERR_OK &&
           len == ED25519_KEY_LEN && ed25519_key_ok(out);
}

static bool string_read(const json_t *v, uint8_t out[ED25519_KEY_LEN])
{
    return json_is_string(v) && key_read(json_string_value(v), json_string_length(v), out);
}

static bool members_read(const json_t *obj, struct server_keys *k, struct span *issuer)
{
    const json_t *log = json_object_get(obj, "log");
    struct span at = SPAN("");
    k->n_log = json_array_size(log);
    bool good = k->n_log >= 1 && k->n_log <= SERVER_LOG_KEYS &&
                string_read(json_object_get(obj, "statement"), k->statement) &&
                json_get_str(obj, "", "at", 32, &at, NULL, NULL) == ERR_OK && time_parse(at, &k->at_ms) == ERR_OK &&
                json_get_str(obj, "", "issuer", LIMIT_URL, issuer, NULL, NULL) == ERR_OK &&
                json_get_bool(obj, "", "compromised", &k->compromised, NULL, NULL) == ERR_OK;
    for (size_t i = 0; i < k->n_log && good; i++)
        good = string_read(json_array_get(log, i), k->log[i]);
    return good;
}

/* Strict: what is read is exactly what server_keys_payload gives. */
enum err server_keys_read(struct span payload, struct server_keys *out, struct span *issuer)
{
    struct server_keys k = {.n_log = 0};
    struct span said = SPAN("");
    json_t *json = NULL;
    struct buf again;
    buf_heap(&again);
    enum err err = json_read(payload, &json, NULL);
    if (err == ERR_OK && !members_read(json, &k, &said))
        err = ERR_MALFORMED;
    if (err == ERR_OK) {
        server_keys_payload(&again, &k, said);
        const char *at =
            span_eq(buf_span(&again), payload) ? memmem(payload.ptr, payload.len, said.ptr, said.len) : NULL;
        err = at != NULL ? ERR_OK : ERR_MALFORMED;
        if (err == ERR_OK) {
            *out = k;
            *issuer = span_of(at, said.len);
        }
    }
    buf_free(&again);
    json_decref(json);
    return err;
}

enum err server_keys_open(struct span jws, struct span previous_jws, const struct server_keys *before,
                          struct buf *payload, struct server_keys *out, struct span *issuer)
{
    struct buf opened;
    struct server_keys k;
    buf_heap(&opened);
    enum err err = jws_compact_payload(jws, payload);
    if (err == ERR_OK)
        err = server_keys_read(buf_span(payload), &k, issuer);
    if (err == ERR_OK && !server_keys_step(before, &k))
        err = ERR_INVALID;
    if (err == ERR_OK && jws_compact_open(jws, k.log[0], SERVER_KEYS_TYP, &opened, NULL) != ERR_OK)
        err = ERR_UNAUTHORIZED;
    bool same_key = err == ERR_OK && same(k.log[0], before->log[0]);
    if (err == ERR_OK && span_empty(previous_jws) != same_key)
        err = ERR_MALFORMED;
    if (err == ERR_OK && !same_key) {
        buf_clear(&opened);
        if (jws_compact_open(previous_jws, before->log[0], SERVER_KEYS_TYP, &opened, NULL) != ERR_OK)
            err = ERR_UNAUTHORIZED;
        else if (!span_eq(buf_span(&opened), buf_span(payload)))
            err = ERR_MALFORMED;
    }
    if (err == ERR_OK)
        *out = k;
    buf_free(&opened);
    return err;
}
