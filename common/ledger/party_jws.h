/* What a party says with its own key: a compact JWS whose payload, a JSON object, tells what kind of word it is, who
 * says it to whom, and when. FORMATS.md "A party's word". */
#ifndef CS_LEDGER_PARTY_JWS_H
#define CS_LEDGER_PARTY_JWS_H

#include "common/base/json_read.h"
#include "common/base/when.h"
#include "common/crypto/crypto.h"

#define PARTY_KEY_TYP "countersign-key"
#define RESPONSE_TYP "countersign-response"

enum { PARTY_CLOCK_S = 300 }; /* how far a party's clock may be from the server's */

struct party_jws {
    json_t *json;       /* the payload: members beside typ, issuer, party and at are the kind's own */
    struct span issuer; /* public URL of the server that it is said to; points into json */
    int64_t at_ms;
};

/* Opens one that `party` has signed by this key. ERR_UNAUTHORIZED, ERR_MALFORMED or ERR_INVALID with the member: it is
 * not. Whether the issuer is the one, and the time sane, the caller asks. */
MUST_CHECK enum err party_jws_open(struct span jws, const uint8_t pub[ED25519_KEY_LEN], const char *typ,
                                   struct span party, struct party_jws *out, struct problem *p);
/* The same of a payload alone. */
MUST_CHECK enum err party_jws_payload(struct span payload, const char *typ, struct span party, struct party_jws *out,
                                      struct problem *p);
/* The same without a look at the signature: of what was verified when it was taken. */
MUST_CHECK enum err party_jws_read(struct span jws, const char *typ, struct span party, struct party_jws *out,
                                   struct problem *p);
void party_jws_close(struct party_jws *j);
/* ERR_INVALID naming issuer, unless it is this public URL. */
MUST_CHECK enum err party_jws_to(const struct party_jws *j, struct span issuer, struct problem *p);
/* ERR_INVALID naming at, unless it was said then; either way by PARTY_CLOCK_S. */
MUST_CHECK enum err party_jws_within(const struct party_jws *j, int64_t from_ms, int64_t to_ms, struct problem *p);

/* A party's own key, shown by who holds it: a word of PARTY_KEY_TYP that is signed by the key it holds as `jwk`. With
 * one before it, `previous` is the same payload signed by that one (NULL: none, and then the text must be empty). The
 * payload may leave typ out. */
MUST_CHECK enum err party_key_open(struct span jws, struct span previous_jws, const uint8_t *previous,
                                   struct span party, uint8_t pub[ED25519_KEY_LEN], struct party_jws *out,
                                   struct problem *p);

#endif
