/* A disposition that the advertiser's own key signed: a compact JWS over the same facts, FORMATS.md "A countersigned
 * disposition". */
#ifndef CS_DECISIONS_COUNTERSIGNED_H
#define CS_DECISIONS_COUNTERSIGNED_H

#include "common/decisions/decide.h"
#include "common/ledger/party_jws.h"

#define DISPOSITION_TYP "countersign-disposition"

struct countersigned {
    struct party_jws said;
    struct span contract; /* with `lead`, its index there, the lead that it is about; points into said */
    uint64_t lead;
};

/* Opens r->jws by a key of the party that reports. ERR_UNAUTHORIZED: it is not signed by it. ERR_MALFORMED or
 * ERR_INVALID, naming the member: it does not say what the report says. Which lead it is about the caller compares,
 * with countersigned_about; and when it was said, with gather_disposition. */
MUST_CHECK enum err countersigned_open(const struct disposition_report *r, const uint8_t pub[ED25519_KEY_LEN],
                                       struct countersigned *out, struct problem *p);
void countersigned_close(struct countersigned *c);
/* Whether it is about this lead. A part of a shared lead follows what was said of another part, in another contract. */
bool countersigned_about(const struct countersigned *c, struct span contract, uint64_t lead, bool part);

#endif
