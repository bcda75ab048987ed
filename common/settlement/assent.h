/* A party's assent to a version of a contract's terms: a JWS by its own key that names the very entry. */
#ifndef CS_SETTLEMENT_ASSENT_H
#define CS_SETTLEMENT_ASSENT_H

#include "common/decisions/terms.h"
#include "common/decisions/versions.h"
#include "common/ledger/party_jws.h"

#define ASSENT_TYP "countersign-assent"

struct assent {
    struct party_jws said;
    struct span contract; /* into said */
    int64_t version;
    struct hash leaf; /* of the terms entry */
};

/* Bit of the party, SIDE_ADVERTISER or SIDE_PUBLISHER; 0: it is neither. */
unsigned assent_side(const struct terms *t, struct span party);
/* What is to be signed, with jws_compact and ASSENT_TYP. */
void assent_payload(struct buf *out, struct span issuer, struct span party, struct span contract, int64_t version,
                    const struct hash *leaf, int64_t at_ms);
/* Opens what a party's key signed. ERR_UNAUTHORIZED: that key did not. Errors name the member. */
MUST_CHECK enum err assent_open(struct span jws, const uint8_t pub[ED25519_KEY_LEN], struct span party,
                                struct assent *out, struct problem *p);
void assent_close(struct assent *a);
/* Whether it is about that version, whose entry has that leaf hash, and was signed between its entry and now. */
MUST_CHECK enum err assent_fits(const struct assent *a, struct span contract, const struct version *v,
                                const struct hash *leaf, int64_t now_ms, struct problem *p);

#endif
