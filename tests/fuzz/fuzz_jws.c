/* common/ledger/jws: keys; compact and general JWS as they come; the input as the payload of both; and an input of
 * `header JSON`, newline, `payload` signed as a compact JWS, so that what follows the signature is reached. Seeds with
 * signatures: seeds.py. */
#include "common/base/json_read.h"
#include "common/ledger/jws.h"
#include "tests/fuzz/fuzz.h"

#define TYP "countersign-statement"

static struct signer *signer(void)
{
    static struct signer *s;
    uint8_t seed[SEED_LEN];
    fuzz_key(seed, 9);
    return s != NULL ? s : (s = signer_new(seed));
}

static const uint8_t *pub(void)
{
    return signer_public(signer());
}

static void key(struct span text)
{
    uint8_t k[ED25519_KEY_LEN], k2[ED25519_KEY_LEN];
    struct problem p = {0};
    struct buf again;
    if (jwk_read(text, k, &p) != ERR_OK) {
        fuzz_problem(&p);
        return;
    }
    fuzz_accepted++;
    buf_heap(&again);
    jwk_write(&again, k);
    HOLDS(jwk_read(buf_span(&again), k2, NULL) == ERR_OK && memcmp(k, k2, sizeof k) == 0);
    buf_free(&again);
}

/* Opens a compact JWS; what it opened to, as text between the dots, is what the JWS holds there. */
static bool compact(struct span jws, struct buf *payload)
{
    struct problem p = {0};
    struct buf again;
    if (jws_compact_open(jws, pub(), TYP, payload, &p) != ERR_OK) {
        fuzz_problem(&p);
        HOLDS(payload->len == 0);
        return false;
    }
    buf_heap(&again);
    struct span rest = jws, header = fuzz_take(&rest, '.'), middle = fuzz_take(&rest, '.');
    HOLDS(header.len > 0 && rest.len == 86);
    buf_b64url(&again, payload->ptr, payload->len);
    HOLDS(span_eq(buf_span(&again), middle));
    buf_free(&again);
    return true;
}

/* What a verified header may say. */
static void header_holds(struct span header)
{
    json_t *obj = NULL;
    struct span alg = SPAN("");
    HOLDS(json_read(header, &obj, NULL) == ERR_OK);
    HOLDS(json_get_str(obj, "", "alg", 16, &alg, NULL, NULL) == ERR_OK);
    HOLDS(span_is(alg, "EdDSA") || span_is(alg, "Ed25519"));
    HOLDS(json_object_get(obj, "crit") == NULL && json_object_get(obj, "b64") == NULL);
    HOLDS(json_object_get(obj, "jwk") == NULL && json_object_get(obj, "jku") == NULL);
    json_decref(obj);
}

static void compact_signed(struct span input)
{
    uint8_t sig[ED25519_SIG_LEN];
    struct span rest = input, header = fuzz_take(&rest, '\n');
    struct buf jws, payload;
    buf_heap(&jws);
    buf_heap(&payload);
    buf_b64url(&jws, header.ptr, header.len);
    buf_byte(&jws, '.');
    buf_b64url(&jws, rest.ptr, rest.len);
    signer_sign(signer(), buf_span(&jws), sig);
    buf_byte(&jws, '.');
    buf_b64url(&jws, sig, sizeof sig);
    struct span exact = fuzz_copy(buf_span(&jws));
    if (compact(exact, &payload)) {
        fuzz_accepted++;
        header_holds(header);
        HOLDS(span_eq(buf_span(&payload), rest));
    }
    fuzz_drop(exact);
    buf_free(&jws);
    buf_free(&payload);
}

static bool general(struct span jws)
{
    struct problem p = {0};
    struct buf payload, again;
    char kid[JWK_KID_LEN], own[JWK_KID_LEN];
    buf_heap(&payload);
    buf_heap(&again);
    bool named = jws_general_kid(jws, kid) == ERR_OK, good = jws_general_open(jws, pub(), TYP, &payload, &p) == ERR_OK;
    if (!good) {
        fuzz_problem(&p);
        HOLDS(payload.len == 0);
    } else {
        jwk_kid(pub(), own);
        HOLDS(named && memcmp(kid, own, sizeof kid) == 0);
        jws_general(&again, signer(), TYP, buf_span(&payload));
        HOLDS(span_eq(buf_span(&again), jws));
    }
    buf_free(&payload);
    buf_free(&again);
    return good;
}

/* The input signed by ourselves opens; one changed byte and it does not. */
static void round_trips(struct span input)
{
    struct buf jws, payload;
    buf_heap(&jws);
    buf_heap(&payload);
    jws_compact(&jws, signer(), TYP, input);
    HOLDS(compact(buf_span(&jws), &payload) && span_eq(buf_span(&payload), input));
    buf_clear(&jws);
    jws_general(&jws, signer(), TYP, input);
    HOLDS(general(buf_span(&jws)));
    size_t at = (input.len ? (uint8_t)input.ptr[0] * 31u + input.len : 5) % jws.len;
    jws.ptr[at] ^= 1;
    HOLDS(!general(buf_span(&jws)));
    buf_free(&jws);
    buf_free(&payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span input = span_of(data, size);
    struct buf payload;
    buf_heap(&payload);
    key(input);
    fuzz_accepted += compact(input, &payload);
    fuzz_accepted += general(input);
    compact_signed(input);
    if (size % 8 == 0) /* eleven signatures and as many checks */
        round_trips(input);
    buf_free(&payload);
    return 0;
}
