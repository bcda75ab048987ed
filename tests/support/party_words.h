/* What parties sign with their own keys, for tests. */
#ifndef CS_TESTS_PARTY_WORDS_H
#define CS_TESTS_PARTY_WORDS_H

#include "common/ledger/jws.h"
#include "common/ledger/party_jws.h"

/* The payload of a key that shows itself. */
static inline void key_payload(struct buf *out, const uint8_t pub[ED25519_KEY_LEN], const char *issuer,
                               const char *party, int64_t at_ms)
{
    buf_str(out, "{\"at\":\"");
    time_rfc3339(out, at_ms);
    buf_printf(out, "\",\"issuer\":\"%s\",\"jwk\":", issuer);
    jwk_write(out, pub);
    buf_printf(out, ",\"party\":\"%s\"}", party);
}

static inline void key_jws(struct buf *out, struct signer *key, const char *issuer, const char *party, int64_t at_ms)
{
    struct buf payload;
    buf_heap(&payload);
    key_payload(&payload, signer_public(key), issuer, party, at_ms);
    jws_compact(out, key, PARTY_KEY_TYP, buf_span(&payload));
    buf_free(&payload);
}

/* The body of PUT /v1/parties/{id}/key; previous NULL: there is none. */
static inline void key_body(struct buf *out, struct signer *key, struct signer *previous, const char *issuer,
                            const char *party, int64_t at_ms)
{
    struct buf payload;
    buf_heap(&payload);
    key_payload(&payload, signer_public(key), issuer, party, at_ms);
    buf_str(out, "{\"jws\":\"");
    jws_compact(out, key, PARTY_KEY_TYP, buf_span(&payload));
    if (previous != NULL) {
        buf_str(out, "\",\"previous_jws\":\"");
        jws_compact(out, previous, PARTY_KEY_TYP, buf_span(&payload));
    }
    buf_str(out, "\"}");
    buf_free(&payload);
}

/* An answer to the statement of that payload hash (hex); disputed: what stands in the list, "" for nothing. */
static inline void response_jws(struct buf *out, struct signer *key, const char *issuer, const char *party,
                                const char *sha256, const char *verdict, const char *disputed, const char *reason,
                                int64_t at_ms)
{
    struct buf payload;
    buf_heap(&payload);
    buf_str(&payload, "{\"at\":\"");
    time_rfc3339(&payload, at_ms);
    buf_printf(&payload,
               "\",\"disputed\":[%s],\"issuer\":\"%s\",\"party\":\"%s\",\"reason\":\"%s\",\"statement_sha256\":\"%s\","
               "\"typ\":\"%s\","
               "\"verdict\":\"%s\"}",
               disputed, issuer, party, reason, sha256, RESPONSE_TYP, verdict);
    jws_compact(out, key, RESPONSE_TYP, buf_span(&payload));
    buf_free(&payload);
}

#endif
