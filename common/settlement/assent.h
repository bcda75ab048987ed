/* A party's assent to a version of a contract's terms, or to an adjustment, or that it takes that to a version back: a
 * JWS by its own key that names the very entry. */
#ifndef CS_SETTLEMENT_ASSENT_H
#define CS_SETTLEMENT_ASSENT_H

#include "common/decisions/terms.h"
#include "common/decisions/versions.h"
#include "common/ledger/entry.h"
#include "common/ledger/party_jws.h"

#define ASSENT_TYP "countersign-assent"
#define WITHDRAWAL_TYP "countersign-withdrawal"

/* What is assented to: one of version and adjustment is not 0. Taken back: a version. */
struct assented {
    int64_t version;     /* of the terms */
    uint64_t adjustment; /* index of its entry */
    struct hash leaf;    /* of the entry */
    int64_t at_ms;       /* its time */
};

struct assent {
    struct party_jws said;
    struct span contract; /* into said */
    struct assented to;   /* but its time */
};

/* Which version a terms entry is, and when it binds; how long the parties could know of that before. */
void version_when_tell(struct buf *out, uint64_t index, const struct entry *e);
void version_notice_tell(struct buf *out, int64_t ms);

/* Bit of the party, SIDE_ADVERTISER or SIDE_PUBLISHER; 0: it is neither. */
unsigned assent_side(const struct terms *t, struct span party);
/* What is to be signed, with jws_compact and typ, one of the two. */
void assent_payload(struct buf *out, const char *typ, struct span issuer, struct span party, struct span contract,
                    const struct assented *to, int64_t at_ms);
/* Opens what a party's key signed, of that typ. ERR_UNAUTHORIZED: that key did not. Errors name the member. */
MUST_CHECK enum err assent_open(struct span jws, const uint8_t pub[ED25519_KEY_LEN], const char *typ, struct span party,
                                struct assent *out, struct problem *p);
void assent_close(struct assent *a);
/* Whether it is about that entry, and was signed between its time and now. */
MUST_CHECK enum err assent_fits(const struct assent *a, struct span contract, const struct assented *to, int64_t now_ms,
                                struct problem *p);

#endif
