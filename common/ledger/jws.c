#include <assert.h>

#include "common/base/bytes.h"
#include "common/base/json_read.h"
#include "common/base/text.h"
#include "common/ledger/jws.h"

enum { SIG_TEXT_LEN = 86, HEADER_MAX = 1024 };

/* ---- keys ---- */

void jwk_kid(const uint8_t pub[ED25519_KEY_LEN], char out[JWK_KID_LEN])
{
    char mem[128];
    uint8_t hash[HASH_LEN];
    struct buf b;
    struct jw w;
    buf_fixed(&b, mem, sizeof(mem));
    jw_open(&w, &b);
    jw_object(&w);
    jw_kstr(&w, "crv", SPAN("Ed25519"));
    jw_kstr(&w, "kty", SPAN("OKP"));
    jw_kb64url(&w, "x", pub, ED25519_KEY_LEN);
    jw_object_end(&w);
    jw_close(&w);
    sha256(b.ptr, b.len, hash);
    buf_fixed(&b, out, JWK_KID_LEN);
    buf_b64url(&b, hash, sizeof(hash));
    assert(!b.failed && b.len == JWK_KID_LEN);
}

static void jwk_member(struct jw *w, const uint8_t pub[ED25519_KEY_LEN])
{
    char kid[JWK_KID_LEN];
    jwk_kid(pub, kid);
    jw_object(w);
    jw_kstr(w, "crv", SPAN("Ed25519"));
    jw_kstr(w, "kid", span_of(kid, sizeof(kid)));
    jw_kstr(w, "kty", SPAN("OKP"));
    jw_kstr(w, "use", SPAN("sig"));
    jw_kb64url(w, "x", pub, ED25519_KEY_LEN);
    jw_object_end(w);
}

void jwk_write(struct buf *out, const uint8_t pub[ED25519_KEY_LEN])
{
    struct jw w;
    jw_open(&w, out);
    jwk_member(&w, pub);
    jw_close(&w);
}

void jwks_write(struct buf *out, const uint8_t (*pubs)[ED25519_KEY_LEN], size_t n)
{
    struct jw w;
    jw_open(&w, out);
    jw_object(&w);
    jw_key(&w, "keys");
    jw_array(&w);
    for (size_t i = 0; i < n; i++) {
        jwk_member(&w, pubs[i]);
    }
    jw_array_end(&w);
    jw_object_end(&w);
    jw_close(&w);
}

/* The member is a string and equal to `want`. */
static enum err must_be(const json_t *obj, const char *key, struct span want, struct problem *p)
{
    struct span got = SPAN("");
    enum err err = json_get_str(obj, "", key, HEADER_MAX, &got, NULL, p);
    if (err == ERR_OK && !span_eq(got, want)) {
        err = problem(p, ERR_INVALID, key, "must be \"%.*s\"", (int)want.len, want.ptr);
    }
    return err;
}

static bool has(const json_t *obj, const char *key)
{
    return json_object_get(obj, key) != NULL;
}

static enum err kid_fits(const json_t *obj, const uint8_t pub[ED25519_KEY_LEN], struct problem *p)
{
    char kid[JWK_KID_LEN];
    jwk_kid(pub, kid);
    return has(obj, "kid") ? must_be(obj, "kid", span_of(kid, sizeof(kid)), p) : ERR_OK;
}

enum err jwk_read(struct span json, uint8_t pub[ED25519_KEY_LEN], struct problem *p)
{
    json_t *obj = NULL;
    struct span x = SPAN("");
    uint8_t key[ED25519_KEY_LEN];
    size_t len = 0;
    enum err err = json_read(json, &obj, p);
    if (err != ERR_OK) {
        return err;
    }
    if (has(obj, "d")) {
        err = problem(p, ERR_INVALID, "d",
                      "is the private part of the key: keep it, and make a new key pair since this one was sent");
        goto done;
    }
    if ((err = must_be(obj, "kty", SPAN("OKP"), p)) != ERR_OK ||
        (err = must_be(obj, "crv", SPAN("Ed25519"), p)) != ERR_OK ||
        (err = json_get_str(obj, "", "x", HEADER_MAX, &x, NULL, p)) != ERR_OK) {
        goto done;
    }
    if (b64url_decode(x, key, sizeof(key), &len) != ERR_OK || len != sizeof(key)) {
        err = problem(p, ERR_INVALID, "x", "must be the base64url of 32 bytes");
        goto done;
    }
    if (!ed25519_key_ok(key)) {
        err = problem(p, ERR_INVALID, "x",
                      "must be a public key of Ed25519: this is no point of the curve in its only "
                      "spelling, or one under which anybody can sign");
        goto done;
    }
    if ((err = kid_fits(obj, key, p)) == ERR_OK) {
        memcpy(pub, key, sizeof(key));
    }
done:
    json_decref(obj);
    return err;
}

/* ---- signing ---- */

/* Appends base64url(protected header) */
static void add_protected(struct buf *out, const char *alg, const char *kid, const char *typ)
{
    char mem[HEADER_MAX];
    struct buf b;
    struct jw w;
    buf_fixed(&b, mem, sizeof(mem));
    jw_open(&w, &b);
    jw_object(&w);
    jw_kstr(&w, "alg", span_str(alg));
    jw_kstr(&w, "kid", span_of(kid, JWK_KID_LEN));
    jw_kstr(&w, "typ", span_str(typ));
    jw_object_end(&w);
    jw_close(&w);
    assert(!b.failed);
    buf_b64url(out, b.ptr, b.len);
}

void jws_compact(struct buf *out, struct signer *s, const char *typ, struct span payload)
{
    char kid[JWK_KID_LEN];
    uint8_t sig[ED25519_SIG_LEN];
    jwk_kid(signer_public(s), kid);
    size_t start = out->len;
    add_protected(out, "EdDSA", kid, typ);
    buf_byte(out, '.');
    buf_b64url(out, payload.ptr, payload.len);
    if (out->failed) {
        return;
    }
    signer_sign(s, span_of(out->ptr + start, out->len - start), sig);
    buf_byte(out, '.');
    buf_b64url(out, sig, sizeof(sig));
}

static const char *const general_algs[] = {"EdDSA", "Ed25519"};
enum { GENERAL_SIGNATURES = 2 };

/* The signing input of a General JWS's i-th signature object. */
static void general_input(struct buf *out, int i, const char *kid, const char *typ, struct span payload)
{
    buf_clear(out);
    add_protected(out, general_algs[i], kid, typ);
    buf_byte(out, '.');
    buf_b64url(out, payload.ptr, payload.len);
}

static void general_write(struct buf *out, const char *kid, const char *typ, struct span payload,
                          uint8_t sigs[GENERAL_SIGNATURES][ED25519_SIG_LEN])
{
    struct jw w;
    struct buf header;
    buf_heap(&header);
    jw_open(&w, out);
    jw_object(&w);
    jw_kb64url(&w, "payload", payload.ptr, payload.len);
    jw_key(&w, "signatures");
    jw_array(&w);
    for (int i = 0; i < GENERAL_SIGNATURES; i++) {
        buf_clear(&header);
        add_protected(&header, general_algs[i], kid, typ);
        jw_object(&w);
        jw_kstr(&w, "protected", buf_span(&header));
        jw_kb64url(&w, "signature", sigs[i], ED25519_SIG_LEN);
        jw_object_end(&w);
    }
    jw_array_end(&w);
    jw_object_end(&w);
    jw_close(&w);
    buf_free(&header);
}

void jws_general(struct buf *out, struct signer *s, const char *typ, struct span payload)
{
    char kid[JWK_KID_LEN];
    uint8_t sigs[GENERAL_SIGNATURES][ED25519_SIG_LEN];
    struct buf input;
    buf_heap(&input);
    jwk_kid(signer_public(s), kid);
    for (int i = 0; i < GENERAL_SIGNATURES; i++) {
        general_input(&input, i, kid, typ, payload);
        signer_sign(s, buf_span(&input), sigs[i]);
    }
    general_write(out, kid, typ, payload, sigs);
    buf_free(&input);
}

/* ---- opening ---- */

/* Decodes base64url text of any length into a cleared heap buffer. */
static enum err decode(struct span text, struct buf *out)
{
    size_t cap = text.len / 4 * 3 + 3, len;
    buf_clear(out);
    enum err err = b64url_decode(text, buf_room(out, cap), cap, &len);
    if (err == ERR_OK) {
        out->len = len;
    }
    return err;
}

static enum err bad_signature(struct problem *p)
{
    return problem(p, ERR_UNAUTHORIZED, "signature",
                   "does not verify by the key: sign exactly the protected header, a dot and the payload");
}

/* RFC 7515 section 5.2 with one key and two spellings of one algorithm. Nothing in the header may name a key, or change
 * the meaning of what is signed: so whatever is not known is refused. */
static enum err check_header(struct span header, const uint8_t pub[ED25519_KEY_LEN], const char *typ, struct problem *p)
{
    static const char *const names[] = {"alg", "kid", "typ", NULL};
    json_t *obj = NULL;
    struct span alg = SPAN("");
    enum err err = json_read(header, &obj, p);
    if (err == ERR_OK)
        err = json_only(obj, "", names, p);
    if (err == ERR_OK)
        err = json_get_str(obj, "", "alg", HEADER_MAX, &alg, NULL, p);
    if (err == ERR_OK && !span_is(alg, "EdDSA") && !span_is(alg, "Ed25519"))
        err = problem(p, ERR_INVALID, "alg", "must be EdDSA or Ed25519");
    if (err == ERR_OK)
        err = kid_fits(obj, pub, p);
    if (err == ERR_OK && has(obj, "typ"))
        err = must_be(obj, "typ", span_str(typ), p);
    json_decref(obj);
    return err;
}

enum err jws_compact_payload(struct span jws, struct buf *payload)
{
    struct span header, body, rest = jws;
    struct buf b;
    if (!text_cut(&rest, '.', &header) || !text_cut(&rest, '.', &body))
        return ERR_MALFORMED;
    buf_heap(&b);
    enum err err = decode(body, &b);
    if (err == ERR_OK)
        buf_span_add(payload, buf_span(&b));
    buf_free(&b);
    return err;
}

enum err jws_compact_open(struct span jws, const uint8_t pub[ED25519_KEY_LEN], const char *typ, struct buf *payload,
                          struct problem *p)
{
    struct span header, body, sig_text = jws;
    uint8_t sig[ED25519_SIG_LEN];
    size_t sig_len = 0;
    struct buf b;
    if (!text_cut(&sig_text, '.', &header) || !text_cut(&sig_text, '.', &body)) {
        return problem(p, ERR_MALFORMED, "", "must be a compact JWS: header.payload.signature");
    }
    struct span input = span_of(jws.ptr, header.len + 1 + body.len);
    buf_heap(&b);
    enum err err = decode(header, &b);
    if (err != ERR_OK) {
        err = problem(p, ERR_MALFORMED, "header", "must be base64url without padding");
        goto done;
    }
    if ((err = check_header(buf_span(&b), pub, typ, p)) != ERR_OK) {
        goto done;
    }
    if (decode(body, &b) != ERR_OK) {
        err = problem(p, ERR_MALFORMED, "payload", "must be base64url without padding");
        goto done;
    }
    if (b64url_decode(sig_text, sig, sizeof(sig), &sig_len) != ERR_OK || sig_len != sizeof(sig) ||
        !ed25519_verify(pub, input, sig)) {
        err = bad_signature(p);
        goto done;
    }
    buf_span_add(payload, buf_span(&b));
done:
    buf_free(&b);
    return err;
}

/* payload and the two signature objects of a General JWS, as text; nothing is checked but the shape. */
struct general {
    struct span payload, protected[GENERAL_SIGNATURES], signature[GENERAL_SIGNATURES];
};

static enum err general_read(const json_t *obj, struct general *g, struct problem *p)
{
    static const char *const path[GENERAL_SIGNATURES] = {"signatures[0]", "signatures[1]"};
    const json_t *list = NULL;
    enum err err;
    *g = (struct general){0};
    if ((err = json_get_str(obj, "", "payload", SIZE_MAX, &g->payload, NULL, p)) != ERR_OK ||
        (err = json_get_array(obj, "", "signatures", GENERAL_SIGNATURES, &list, NULL, p)) != ERR_OK) {
        return err;
    }
    if (json_array_size(list) != GENERAL_SIGNATURES) {
        return problem(p, ERR_INVALID, "signatures", "must be two signature objects of one key");
    }
    for (size_t i = 0; i < GENERAL_SIGNATURES; i++) {
        const json_t *s = json_array_get(list, i);
        if (!json_is_object(s)) {
            return problem(p, ERR_INVALID, path[i], "must be an object");
        }
        if ((err = json_get_str(s, path[i], "protected", HEADER_MAX, &g->protected[i], NULL, p)) != ERR_OK ||
            (err = json_get_str(s, path[i], "signature", SIG_TEXT_LEN, &g->signature[i], NULL, p)) != ERR_OK) {
            return err;
        }
    }
    return ERR_OK;
}

static enum err general_verify(const struct general *g, const uint8_t pub[ED25519_KEY_LEN], const char *kid,
                               const char *typ, struct span payload, uint8_t sigs[GENERAL_SIGNATURES][ED25519_SIG_LEN],
                               struct problem *p)
{
    enum err err = ERR_OK;
    struct buf input;
    buf_heap(&input);
    for (int i = 0; i < GENERAL_SIGNATURES && err == ERR_OK; i++) {
        size_t len = 0;
        general_input(&input, i, kid, typ, payload);
        if (b64url_decode(g->signature[i], sigs[i], ED25519_SIG_LEN, &len) != ERR_OK || len != ED25519_SIG_LEN ||
            !ed25519_verify(pub, buf_span(&input), sigs[i])) {
            err = bad_signature(p);
        }
    }
    buf_free(&input);
    return err;
}

enum err jws_general_open(struct span jws, const uint8_t pub[ED25519_KEY_LEN], const char *typ, struct buf *payload,
                          struct problem *p)
{
    char kid[JWK_KID_LEN];
    uint8_t sigs[GENERAL_SIGNATURES][ED25519_SIG_LEN];
    json_t *obj = NULL;
    struct general g;
    struct buf b, again;
    buf_heap(&b);
    buf_heap(&again);
    jwk_kid(pub, kid);
    enum err err = json_read_canonical(jws, &obj, p);
    if (err != ERR_OK || (err = general_read(obj, &g, p)) != ERR_OK) {
        goto done;
    }
    if (decode(g.payload, &b) != ERR_OK) {
        err = problem(p, ERR_MALFORMED, "payload", "must be base64url without padding");
        goto done;
    }
    if ((err = general_verify(&g, pub, kid, typ, buf_span(&b), sigs, p)) != ERR_OK) {
        goto done;
    }
    general_write(&again, kid, typ, buf_span(&b), sigs);
    if (!span_eq(buf_span(&again), jws)) {
        err = problem(p, ERR_CORRUPT, "", "says more or less than the signed document");
        goto done;
    }
    buf_span_add(payload, buf_span(&b));
done:
    json_decref(obj);
    buf_free(&b);
    buf_free(&again);
    return err;
}

enum err jws_general_kid(struct span jws, char out[JWK_KID_LEN])
{
    json_t *obj = NULL, *header = NULL;
    struct general g;
    struct span kid = SPAN("");
    struct buf b;
    buf_heap(&b);
    enum err err = ERR_MALFORMED;
    if (json_read(jws, &obj, NULL) == ERR_OK && general_read(obj, &g, NULL) == ERR_OK &&
        decode(g.protected[0], &b) == ERR_OK && json_read(buf_span(&b), &header, NULL) == ERR_OK &&
        json_get_str(header, "", "kid", JWK_KID_LEN, &kid, NULL, NULL) == ERR_OK && kid.len == JWK_KID_LEN) {
        memcpy(out, kid.ptr, JWK_KID_LEN);
        err = ERR_OK;
    }
    json_decref(header);
    json_decref(obj);
    buf_free(&b);
    return err;
}

enum err jws_general_payload(struct span jws, struct buf *out)
{
    json_t *json;
    struct span text = {0};
    size_t len;
    if (json_read(jws, &json, NULL) != ERR_OK)
        return ERR_CORRUPT;
    enum err err = json_get_str(json, "", "payload", jws.len, &text, NULL, NULL);
    char *room = buf_room(out, text.len + 1);
    if (err == ERR_OK && (err = b64url_decode(text, room, text.len + 1, &len)) == ERR_OK)
        out->len += len;
    json_decref(json);
    return err == ERR_OK ? err : ERR_CORRUPT;
}
