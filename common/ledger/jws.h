/* RFC 7515 JWS with Ed25519 (RFC 8037), RFC 7638 thumbprints. */
#ifndef CS_LEDGER_JWS_H
#define CS_LEDGER_JWS_H

#include "common/base/buf.h"
#include "common/base/problem.h"
#include "common/crypto/crypto.h"

enum { JWK_KID_LEN = 43 };

/* base64url SHA-256 of {"crv":"Ed25519","kty":"OKP","x":"..."} */
void jwk_kid(const uint8_t pub[ED25519_KEY_LEN], char out[JWK_KID_LEN]);
/* {"crv":"Ed25519","kid":"..","kty":"OKP","use":"sig","x":".."}: no alg, on purpose (EdDSA and Ed25519 both name it).
 */
void jwk_write(struct buf *out, const uint8_t pub[ED25519_KEY_LEN]);
/* Takes an OKP Ed25519 public JWK; refuses private ones ("d"). Extra members are ignored, a wrong kid is not:
 * ERR_INVALID with the field. */
MUST_CHECK enum err jwk_read(struct span json, uint8_t pub[ED25519_KEY_LEN], struct problem *p);
/* {"keys":[...]} in the given order. */
void jwks_write(struct buf *out, const uint8_t (*pubs)[ED25519_KEY_LEN], size_t n);

/* Compact: header {"alg":"EdDSA","kid":"..","typ":typ}. */
void jws_compact(struct buf *out, struct signer *s, const char *typ, struct span payload);
/* Checks a compact JWS by one key. Header: alg EdDSA or Ed25519; kid and typ if present must fit; nothing else (crit,
 * jwk, jku, x5c, x5u, b64, ...). Appends the payload to *payload on success. */
MUST_CHECK enum err jws_compact_open(struct span jws, const uint8_t pub[ED25519_KEY_LEN], const char *typ,
                                     struct buf *payload, struct problem *p);
/* Appends what a compact JWS says, unverified: to find the key, and for what was verified when it was taken. */
MUST_CHECK enum err jws_compact_payload(struct span jws, struct buf *payload);

/* General JSON with two signature objects of one key, alg EdDSA then Ed25519; canonical JSON throughout:
 * {"payload":"..","signatures":[{"protected":"..","signature":".."},{..}]}; protected =
 * {"alg":"EdDSA","kid":"..","typ":typ}. */
void jws_general(struct buf *out, struct signer *s, const char *typ, struct span payload);
/* Strict: exactly the bytes that jws_general would write for this payload and this key. Appends the payload on success.
 */
MUST_CHECK enum err jws_general_open(struct span jws, const uint8_t pub[ED25519_KEY_LEN], const char *typ,
                                     struct buf *payload, struct problem *p);
/* Appends what it says, signed by whomever. ERR_CORRUPT. */
MUST_CHECK enum err jws_general_payload(struct span jws, struct buf *out);
/* The kid named by the first signature object, unverified: to find the key. */
MUST_CHECK enum err jws_general_kid(struct span jws, char out[JWK_KID_LEN]);

#endif
