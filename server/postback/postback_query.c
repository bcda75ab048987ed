/* Signed query: kid, ts and nonce in the query, and sig as its last parameter (INTERFACE "Signed query"). Unsigned: key
 * in place of sig, from the party's own addresses, for platforms that replace macros and can do no more. */
#include "common/base/ascii.h"
#include "common/base/bytes.h"
#include "common/base/http_words.h"
#include "common/base/query.h"
#include "common/base/text.h"
#include "server/commit/nonces.h"
#include "server/postback/postback_private.h"
#include "server/system/address.h"

#define SIG "&sig="

enum { SIG_HEX = 2 * HASH_LEN };

/* In the order in which they are asked for; a key stands instead of all but the first. */
enum { AUTH_KID, AUTH_TS, AUTH_NONCE, AUTH_SIG, AUTH_SIGNED, AUTH_KEY = AUTH_SIGNED, AUTH_PARTS };
static const char *const auth_names[AUTH_PARTS] = {"kid", "ts", "nonce", "sig", "key"};

struct query_auth {
    struct span signed_target, part[AUTH_PARTS];
    uint8_t sig[HASH_LEN];
};

static int auth_part(struct span name)
{
    int i = 0;
    while (i < AUTH_PARTS && !span_is(name, auth_names[i]))
        i++;
    return i;
}

static bool hex_reads(struct span sig, uint8_t out[HASH_LEN])
{
    size_t len;
    return sig.len == SIG_HEX && hex_decode(sig, out, HASH_LEN, &len) == ERR_OK && len == HASH_LEN;
}

static enum err take_parts(struct request *rq, struct span text, struct query_auth *out, int *last)
{
    struct span name, value;
    struct query q;
    query_open(&q, text);
    while (query_next(&q, &name, &value)) {
        *last = auth_part(name);
        if (*last == AUTH_PARTS)
            continue;
        if (out->part[*last].ptr != NULL)
            return problem(&rq->problem, ERR_MALFORMED, auth_names[*last], "given more than once");
        out->part[*last] = value;
    }
    return ERR_OK;
}

static bool is_form(const struct request *rq)
{
    return media_type_is(rq->content_type, "application/x-www-form-urlencoded");
}

/* What is missing, doubled or misplaced is told; what does not read is a signature that does not hold. */
static enum err read_auth(struct request *rq, struct query_auth *out)
{
    struct problem *p = &rq->problem;
    int last = AUTH_PARTS, none;
    enum err err = take_parts(rq, rq->query, out, &last);
    if (err == ERR_OK && out->part[AUTH_SIG].ptr == NULL && is_form(rq))
        err = take_parts(rq, rq->body, out, &none); /* who cannot sign may still keep the key out of targets */
    if (err != ERR_OK)
        return err;
    if (!span_empty(out->part[AUTH_KEY]))
        return out->part[AUTH_SIG].ptr == NULL
                   ? ERR_OK
                   : problem(p, ERR_MALFORMED, "key", "stands beside sig: a postback is signed, or it brings a key");
    for (int i = 0; i < AUTH_SIGNED; i++)
        if (span_empty(out->part[i]))
            return problem(p, ERR_MALFORMED, auth_names[i],
                           "is missing: a signed query has kid, ts and nonce, and sig as its last parameter");
    struct span sig = out->part[AUTH_SIG];
    if (last != AUTH_SIG || sig.ptr + sig.len != rq->query.ptr + rq->query.len)
        return problem(p, ERR_MALFORMED, "sig", "must be the last parameter");
    if (!hex_reads(sig, out->sig))
        return postback_refuse(rq, "sig is not 64 lowercase hex digits");
    out->signed_target = span_of(rq->target.ptr, rq->target.len - sig.len - (sizeof SIG - 1));
    return ERR_OK;
}

static bool calls_from(const struct party *p, const char *ip)
{
    address first, last, client;
    struct span rest = p->postback_cidrs;
    bool within = false;
    if (!address_read(span_str(ip), &client))
        return false;
    while (rest.len)
        within |= address_block_read(text_take(&rest, ','), &first, &last) && address_block_has(first, last, client);
    return within;
}

/* A kid names the party, whose it is for the refused log also where the key is wrong; without one the key does. */
static enum err prove_key(struct postback *pb, const struct query_auth *a)
{
    struct request *rq = pb->rq;
    uint8_t hash[HASH_LEN];
    struct request_text text;
    struct span kid = a->part[AUTH_KID], key = a->part[AUTH_KEY];
    const char *why;
    sha256(key.ptr, key.len, hash);
    const struct secret *unused = postback_secret(rq, kid, &why);
    (void)unused; /* its kid only names: it may be retired */
    const struct party *p = span_empty(kid) ? catalog_postback_key(rq->catalog, hash) : rq->sender.party;
    if (p == NULL)
        return postback_refuse(rq, span_empty(kid) ? "the key is not known" : why);
    rq->sender.party = p;
    if (span_empty(p->postback_cidrs))
        return postback_refuse(rq, "it is not signed, and unsigned ones (`key`) are not switched on");
    if (!crypto_equal(hash, p->postback_key, HASH_LEN))
        return postback_refuse(rq, "the key is not the party's");
    if (!calls_from(p, rq->ip))
        return postback_refuse(rq, "the key holds, but not from this address");
    postback_text(rq, rq->target, rq->body, &text);
    sha256v(text.part, REQUEST_TEXT_PARTS, pb->request.b);
    postback_prove(pb, p, TRUST_KEY, pb->request.b);
    return ERR_OK;
}

/* Writes SHA-256 of the signed text. */
static bool signature_holds(struct request *rq, const struct query_auth *a, const struct secret *s,
                            uint8_t text_sha256[HASH_LEN])
{
    uint8_t mac[HASH_LEN];
    struct request_text text;
    postback_text(rq, a->signed_target, rq->body, &text);
    struct hmac *h = hmac_new(s->key, s->len);
    hmac_sign(h, text.part, REQUEST_TEXT_PARTS, mac);
    hmac_free(h);
    sha256v(text.part, REQUEST_TEXT_PARTS, text_sha256);
    return crypto_equal(mac, a->sig, HASH_LEN);
}

static bool nonce_ok(struct span n)
{
    return n.len >= LIMIT_NONCE_MIN && n.len <= LIMIT_NONCE_MAX && ascii_all_alnum_or(n, "-_.~");
}

enum err postback_query_prove(struct postback *pb)
{
    struct request *rq = pb->rq;
    struct query_auth a = {0};
    const struct secret *s;
    int64_t ts_s;
    const char *why;
    enum err err = read_auth(rq, &a);
    if (err != ERR_OK)
        return err;
    if (!span_empty(a.part[AUTH_KEY]))
        return prove_key(pb, &a);
    if ((s = postback_secret(rq, a.part[AUTH_KID], &why)) == NULL)
        return postback_refuse(rq, why);
    if (!signature_holds(rq, &a, s, pb->nonce.request_sha256))
        return postback_refuse(rq, "the signature does not hold");
    if (parse_i64(a.part[AUTH_TS], &ts_s) != ERR_OK)
        return problem(&rq->problem, ERR_MALFORMED, "ts", "must be Unix time in seconds");
    if (!postback_in_window(rq, ts_s))
        return postback_late(pb, s, "the timestamp is more than 300 s off");
    memcpy(pb->request.b, pb->nonce.request_sha256, HASH_LEN);
    postback_prove(pb, s->party, TRUST_SIGNED, pb->request.b);
    if (!nonce_ok(a.part[AUTH_NONCE]))
        return problem(&rq->problem, ERR_MALFORMED, "nonce",
                       "must be 16 to 64 URL-safe characters, new for each request");
    postback_nonce(pb, a.part[AUTH_NONCE], ts_s, NONCE_QUERY_KEEP_S);
    return ERR_OK;
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
        if (postback_is_words(buf_span(&n)))
            query_decode_lenient(&v, value); /* a person's percent sign that nobody escaped */
        else if (query_decode(&v, value) != ERR_OK)
            return postback_refuse_field(pb, buf_span(&n), "is not properly percent-encoded");
        enum err err = auth_part(buf_span(&n)) != AUTH_PARTS ? ERR_OK : postback_field(pb, buf_span(&n), buf_span(&v));
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

enum err postback_query_fields(struct postback *pb)
{
    struct request *rq = pb->rq;
    if (!span_empty(rq->body) && !is_form(rq))
        return problem(&rq->problem, ERR_MEDIA_TYPE, "",
                       "send application/x-www-form-urlencoded here, or JSON to /postback/{kid}");
    enum err err = read_fields(pb, rq->query);
    return err == ERR_OK ? read_fields(pb, rq->body) : err;
}

enum err postback_query_handle(struct request *rq, struct reply *reply)
{
    (void)reply;
    struct postback pb = {.rq = rq};
    enum err err = postback_query_prove(&pb);
    if (err == ERR_OK)
        err = postback_query_fields(&pb);
    return err != ERR_OK ? err : postback_submit(&pb);
}
