/* Signed query: kid, ts and nonce in the query, and sig as its last parameter (INTERFACE "Signed query"). */
#include "common/base/ascii.h"
#include "common/base/bytes.h"
#include "common/base/http_words.h"
#include "common/base/query.h"
#include "server/commit/nonces.h"
#include "server/postback/postback_private.h"

#define SIG "&sig="

enum { SIG_HEX = 2 * HASH_LEN };

struct query_auth {
    struct span signed_target, kid, ts, nonce;
    uint8_t sig[HASH_LEN];
};

/* False when the query has not the form of a signed one. */
static bool read_auth(struct request *rq, struct query_auth *out)
{
    const size_t tail = sizeof SIG - 1 + SIG_HEX;
    struct span t = rq->target, name, value;
    size_t len;
    if (rq->query.len < tail || memcmp(t.ptr + t.len - tail, SIG, sizeof SIG - 1) != 0 ||
        hex_decode(span_of(t.ptr + t.len - SIG_HEX, SIG_HEX), out->sig, sizeof out->sig, &len) != ERR_OK ||
        len != HASH_LEN)
        return false;
    out->signed_target = span_of(t.ptr, t.len - tail);
    struct query q;
    query_open(&q, span_of(rq->query.ptr, rq->query.len - tail));
    while (query_next(&q, &name, &value)) {
        struct span *into = span_is(name, "kid")     ? &out->kid
                            : span_is(name, "ts")    ? &out->ts
                            : span_is(name, "nonce") ? &out->nonce
                                                     : NULL;
        if (into != NULL && into->ptr != NULL)
            return false;
        if (into != NULL)
            *into = value;
    }
    return true;
}

/* Writes SHA-256 of the signed text. */
static bool signature_holds(struct request *rq, const struct query_auth *a, const struct secret *s,
                            uint8_t text_sha256[HASH_LEN])
{
    uint8_t body_sha256[HASH_LEN], mac[HASH_LEN];
    char hex_mem[SIG_HEX];
    struct buf hex;
    sha256(rq->body.ptr, rq->body.len, body_sha256);
    buf_fixed(&hex, hex_mem, sizeof hex_mem);
    buf_hex(&hex, body_sha256, HASH_LEN);
    const struct span parts[] = {SPAN("PBv1\n"), span_str(method_name(rq->method)),
                                 SPAN("\n"),     span_str(rq->worker->server->instance.host),
                                 SPAN("\n"),     a->signed_target,
                                 SPAN("\n"),     buf_span(&hex)};
    const size_t n = sizeof parts / sizeof parts[0];
    struct hmac *h = hmac_new(s->key, s->len);
    hmac_sign(h, parts, n, mac);
    hmac_free(h);
    sha256v(parts, n, text_sha256);
    return crypto_equal(mac, a->sig, HASH_LEN);
}

static bool nonce_ok(struct span n)
{
    return n.len >= LIMIT_NONCE_MIN && n.len <= LIMIT_NONCE_MAX && ascii_all_alnum_or(n, "-_.~");
}

static enum err authenticate(struct postback *pb)
{
    struct request *rq = pb->rq;
    struct query_auth a = {0};
    const struct secret *s;
    int64_t ts_s;
    const char *why;
    if (!read_auth(rq, &a))
        return postback_refuse(rq, "it is not signed: sig must come last, and kid, ts and nonce once each");
    if ((s = postback_secret(rq, a.kid, &why)) == NULL)
        return postback_refuse(rq, why);
    if (!signature_holds(rq, &a, s, pb->nonce.request_sha256))
        return postback_refuse(rq, "the signature does not hold");
    if (parse_i64(a.ts, &ts_s) != ERR_OK)
        return problem(&rq->problem, ERR_MALFORMED, "ts", "must be Unix time in seconds");
    if (!postback_in_window(rq, ts_s))
        return postback_refuse(rq, "the timestamp is more than 300 s off");
    postback_prove(pb, s);
    if (!nonce_ok(a.nonce))
        return problem(&rq->problem, ERR_MALFORMED, "nonce",
                       "must be 16 to 64 URL-safe characters, new for each request");
    postback_nonce(pb, a.nonce, ts_s, NONCE_QUERY_KEEP_S);
    return ERR_OK;
}

/* What proves the sender is no field. */
static bool is_auth(struct span name)
{
    return span_is(name, "kid") || span_is(name, "ts") || span_is(name, "nonce") || span_is(name, "sig");
}

static enum err read_fields(struct postback *pb, struct span text)
{
    struct query q;
    struct span name, value;
    query_open(&q, text);
    while (query_next(&q, &name, &value)) {
        struct buf n, v;
        arena_buf(pb->rq->arena, &n, name.len);
        arena_buf(pb->rq->arena, &v, value.len);
        if (query_decode(&n, name) != ERR_OK)
            return problem(&pb->rq->problem, ERR_MALFORMED, "", "a parameter's name is not properly percent-encoded");
        if (query_decode(&v, value) != ERR_OK)
            return problem(&pb->rq->problem, ERR_MALFORMED, "", "a parameter's value is not properly percent-encoded");
        enum err err = is_auth(buf_span(&n)) ? ERR_OK : postback_field(pb, buf_span(&n), buf_span(&v));
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

enum err postback_query_handle(struct request *rq, struct reply *reply)
{
    (void)reply;
    struct postback pb = {.rq = rq};
    enum err err = authenticate(&pb);
    if (err != ERR_OK)
        return err;
    if (!span_empty(rq->body) && !media_type_is(rq->content_type, "application/x-www-form-urlencoded"))
        return problem(&rq->problem, ERR_MEDIA_TYPE, "",
                       "send application/x-www-form-urlencoded here, or JSON to /postback/{kid}");
    err = read_fields(&pb, rq->query);
    if (err == ERR_OK)
        err = read_fields(&pb, rq->body);
    return err != ERR_OK ? err : postback_submit(&pb);
}
