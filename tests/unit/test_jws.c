/* RFC 8037 appendix A, and what must be refused. tests/interop verifies our documents with libraries we did not write.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/ledger/jws.h"
#include "tests/support/hex.h"
#include "tests/support/ok.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* RFC 8037 A.1 to A.4 */
#define RFC_D "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
#define RFC_X "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define RFC_KID "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
#define RFC_JWS                                                                                                        \
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-"                            \
    "09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhV"                                                                           \
    "sPt9g7sVvpAr_MuM0KAg"

static struct signer *rfc_signer(void)
{
    struct bytes seed = unhex(RFC_D);
    return signer_new(seed.ptr);
}

static int setup(void **state)
{
    *state = rfc_signer();
    return 0;
}

static int teardown(void **state)
{
    signer_free(*state);
    return 0;
}

static void the_public_key_has_its_rfc_thumbprint_and_jwk(void **state)
{
    const uint8_t *pub = signer_public(*state);
    char kid[JWK_KID_LEN];
    struct buf b;
    buf_heap(&b);
    jwk_kid(pub, kid);
    assert_true(span_is(span_of(kid, sizeof(kid)), RFC_KID));
    jwk_write(&b, pub);
    assert_true(span_is(buf_span(&b), "{\"crv\":\"Ed25519\",\"kid\":\"" RFC_KID
                                      "\",\"kty\":\"OKP\",\"use\":\"sig\",\"x\":\"" RFC_X "\"}"));
    uint8_t pubs[1][ED25519_KEY_LEN];
    memcpy(pubs[0], pub, ED25519_KEY_LEN);
    buf_clear(&b);
    jwks_write(&b, (const uint8_t(*)[ED25519_KEY_LEN])pubs, 1);
    assert_true(span_starts(buf_span(&b), "{\"keys\":[{\"crv\":"));
    buf_free(&b);
}

static void jwks_are_read_or_refused_by_field(void **state)
{
    static const struct {
        const char *json;
        enum err err;
        const char *field;
    } rows[] = {
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" RFC_X "\"}", ERR_OK, ""},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" RFC_X "\",\"kid\":\"" RFC_KID
         "\",\"alg\":\"EdDSA\",\"mine\":1}",
         ERR_OK, ""},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" RFC_X "\",\"kid\":\"other\"}", ERR_INVALID, "kid"},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" RFC_X "\",\"kid\":1}", ERR_INVALID, "kid"},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" RFC_X "\",\"d\":\"AA\"}", ERR_INVALID, "d"},
        {"{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" RFC_X "\"}", ERR_INVALID, "crv"},
        {"{\"kty\":\"EC\",\"crv\":\"Ed25519\",\"x\":\"" RFC_X "\"}", ERR_INVALID, "kty"},
        {"{\"crv\":\"Ed25519\",\"x\":\"" RFC_X "\"}", ERR_INVALID, "kty"},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" RFC_X "A\"}", ERR_INVALID, "x"},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\"}", ERR_INVALID, "x"},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}", ERR_INVALID,
         "x"},
        {"[]", ERR_MALFORMED, ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t pub[ED25519_KEY_LEN] = {0};
        struct problem p = {0};
        assert_int_equal(jwk_read(span_str(rows[i].json), pub, &p), rows[i].err);
        assert_string_equal(p.field, rows[i].field);
        if (rows[i].err == ERR_OK) {
            assert_memory_equal(pub, signer_public(*state), sizeof(pub));
        }
    }
}

static void rfc_document_opens(void **state)
{
    struct buf b;
    buf_heap(&b);
    assert_int_equal(jws_compact_open(SPAN(RFC_JWS), signer_public(*state), "t", &b, NULL), ERR_OK);
    assert_true(span_is(buf_span(&b), "Example of Ed25519 signing"));
    buf_free(&b);
}

static enum err compact_open(struct signer *s, struct span jws, struct buf *payload)
{
    return jws_compact_open(jws, signer_public(s), "countersign-receipt", payload, NULL);
}

static void what_is_signed_compact_opens_again(void **state)
{
    struct buf jws, payload;
    buf_heap(&jws);
    buf_heap(&payload);
    jws_compact(&jws, *state, "countersign-receipt", SPAN("{\"a\":1}"));
    assert_true(span_starts(buf_span(&jws), "eyJhbGciOiJFZERTQSIsImtpZCI6"));
    assert_int_equal(jws_compact_open(buf_span(&jws), signer_public(*state), "countersign-receipt", &payload, NULL),
                     ERR_OK);
    assert_true(span_is(buf_span(&payload), "{\"a\":1}"));
    struct buf unverified;
    buf_heap(&unverified);
    assert_ok(jws_compact_payload(buf_span(&jws), &unverified));
    assert_true(span_eq(buf_span(&unverified), buf_span(&payload)));
    buf_free(&unverified);
    for (size_t i = 0; i < jws.len; i++) {
        for (int bit = 0; bit < 8; bit++) {
            jws.ptr[i] ^= (char)(1 << bit);
            assert_int_not_equal(compact_open(*state, buf_span(&jws), &payload), ERR_OK);
            jws.ptr[i] ^= (char)(1 << bit);
        }
        assert_int_not_equal(compact_open(*state, span_of(jws.ptr, i), &payload), ERR_OK);
    }
    assert_int_equal(payload.len, 7);
    buf_free(&jws);
    buf_free(&payload);
}

/* Correctly signed, yet not what we take. */
static void compact_headers_are_taken_or_refused_by_field(void **state)
{
    static const struct {
        const char *header;
        enum err err;
        const char *field;
    } rows[] = {
        {"{\"alg\":\"EdDSA\"}", ERR_OK, ""},
        {"{\"alg\":\"Ed25519\",\"typ\":\"t\"}", ERR_OK, ""},
        {"{\"alg\":\"Ed25519\",\"typ\":\"JWT\"}", ERR_INVALID, "typ"},
        {"{\"alg\":\"EdDSA\",\"jku\":\"https://evil.example/keys\"}", ERR_INVALID, "jku"},
        {"{\"alg\":\"EdDSA\",\"jwk\":{\"kty\":\"OKP\"}}", ERR_INVALID, "jwk"},
        {"{\"alg\":\"EdDSA\",\"x5u\":\"https://evil.example/keys\"}", ERR_INVALID, "x5u"},
        {"{\"alg\":\"EdDSA\",\"x5c\":[]}", ERR_INVALID, "x5c"},
        {"{\"alg\":\"EdDSA\",\"x5t#S256\":\"AA\"}", ERR_INVALID, "x5t#S256"},
        {"{\"alg\":\"EdDSA\",\"jku\":null}", ERR_INVALID, "jku"},
        {"{ \"kid\" : \"" RFC_KID "\" , \"alg\" : \"EdDSA\" }", ERR_OK, ""},
        {"{\"alg\":\"EdDSA\",\"kid\":\"other\"}", ERR_INVALID, "kid"},
        {"{\"alg\":\"none\"}", ERR_INVALID, "alg"},
        {"{\"alg\":\"HS256\"}", ERR_INVALID, "alg"},
        {"{}", ERR_INVALID, "alg"},
        {"{\"alg\":\"EdDSA\",\"crit\":[\"exp\"]}", ERR_INVALID, "crit"},
        {"{\"alg\":\"EdDSA\",\"crit\":[]}", ERR_INVALID, "crit"},
        {"{\"alg\":\"EdDSA\",\"exp\":1}", ERR_INVALID, "exp"},
        {"{\"alg\":\"EdDSA\",\"b64\":false}", ERR_INVALID, "b64"},
        {"{\"alg\":\"EdDSA\",\"alg\":\"EdDSA\"}", ERR_MALFORMED, ""},
        {"EdDSA", ERR_MALFORMED, ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf jws, payload;
        struct problem p = {0};
        uint8_t sig[ED25519_SIG_LEN];
        buf_heap(&jws);
        buf_heap(&payload);
        buf_b64url(&jws, rows[i].header, strlen(rows[i].header));
        buf_str(&jws, ".cGF5");
        signer_sign(*state, buf_span(&jws), sig);
        buf_byte(&jws, '.');
        buf_b64url(&jws, sig, sizeof(sig));
        assert_int_equal(jws_compact_open(buf_span(&jws), signer_public(*state), "t", &payload, &p), rows[i].err);
        assert_string_equal(p.field, rows[i].field);
        assert_true(span_is(buf_span(&payload), rows[i].err == ERR_OK ? "pay" : ""));
        buf_free(&jws);
        buf_free(&payload);
    }
}

static void another_key_is_unauthorized(void **state)
{
    (void)state;
    struct bytes pub = unhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
    struct buf b;
    buf_heap(&b);
    assert_int_equal(jws_compact_open(SPAN(RFC_JWS), pub.ptr, "t", &b, NULL), ERR_UNAUTHORIZED);
    buf_free(&b);
}

static void what_is_signed_general_opens_again(void **state)
{
    struct buf jws, payload;
    char kid[JWK_KID_LEN];
    buf_heap(&jws);
    buf_heap(&payload);
    jws_general(&jws, *state, "countersign-statement", SPAN("{\"a\":1}"));
    assert_int_equal(jws_general_kid(buf_span(&jws), kid), ERR_OK);
    assert_memory_equal(kid, RFC_KID, sizeof(kid));
    assert_int_equal(jws_general_open(buf_span(&jws), signer_public(*state), "countersign-statement", &payload, NULL),
                     ERR_OK);
    assert_true(span_is(buf_span(&payload), "{\"a\":1}"));
    assert_int_not_equal(jws_general_open(buf_span(&jws), signer_public(*state), "countersign-receipt", &payload, NULL),
                         ERR_OK);
    buf_free(&jws);
    buf_free(&payload);
}

static void general_refuses_every_changed_bit(void **state)
{
    struct buf jws, payload;
    buf_heap(&jws);
    buf_heap(&payload);
    jws_general(&jws, *state, "t", SPAN("{\"a\":1}"));
    for (size_t i = 0; i < jws.len; i++) {
        for (int bit = 0; bit < 8; bit++) {
            jws.ptr[i] ^= (char)(1 << bit);
            assert_int_not_equal(jws_general_open(buf_span(&jws), signer_public(*state), "t", &payload, NULL), ERR_OK);
            jws.ptr[i] ^= (char)(1 << bit);
        }
    }
    buf_byte(&jws, '\n');
    assert_int_not_equal(jws_general_open(buf_span(&jws), signer_public(*state), "t", &payload, NULL), ERR_OK);
    assert_int_equal(payload.len, 0);
    buf_free(&jws);
    buf_free(&payload);
}

/* Signed parts that hold, in a document that says something beside them. */
static void general_refuses_additions(void **state)
{
    struct buf jws, more, payload;
    buf_heap(&jws);
    buf_heap(&more);
    buf_heap(&payload);
    jws_general(&jws, *state, "t", SPAN("{\"a\":1}"));
    buf_add(&more, jws.ptr, jws.len - 1);
    buf_str(&more, ",\"unsigned\":1}");
    assert_int_equal(jws_general_open(buf_span(&more), signer_public(*state), "t", &payload, NULL), ERR_CORRUPT);
    assert_int_equal(payload.len, 0);
    buf_free(&jws);
    buf_free(&more);
    buf_free(&payload);
}

static void garbage_has_no_general_kid(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "{}",
        "{\"payload\":\"\",\"signatures\":[]}",
        "{\"payload\":\"\",\"signatures\":[1,2]}",
        "{\"payload\":\"\",\"signatures\":{}}",
        ("{\"payload\":\"\",\"signatures\":[{\"protected\":\"e30\",\"signature\":\"\"},{\"protected\":\"e30\","
         "\"signature\":\"\"}]}"),
    };
    char kid[JWK_KID_LEN];
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(jws_general_kid(span_str(rows[i]), kid), ERR_MALFORMED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_public_key_has_its_rfc_thumbprint_and_jwk, setup, teardown),
        cmocka_unit_test_setup_teardown(jwks_are_read_or_refused_by_field, setup, teardown),
        cmocka_unit_test_setup_teardown(rfc_document_opens, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_signed_compact_opens_again, setup, teardown),
        cmocka_unit_test_setup_teardown(compact_headers_are_taken_or_refused_by_field, setup, teardown),
        cmocka_unit_test(another_key_is_unauthorized),
        cmocka_unit_test_setup_teardown(what_is_signed_general_opens_again, setup, teardown),
        cmocka_unit_test_setup_teardown(general_refuses_every_changed_bit, setup, teardown),
        cmocka_unit_test_setup_teardown(general_refuses_additions, setup, teardown),
        cmocka_unit_test(garbage_has_no_general_kid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
