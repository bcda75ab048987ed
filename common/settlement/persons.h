/* Whether equal persons have equal tokens, and others have others, over all leads whose contact fields are open. Not
 * for others than the files of verify. Memory: 48 bytes a contact field. Owned by one thread. */
#ifndef CS_SETTLEMENT_PERSONS_H
#define CS_SETTLEMENT_PERSONS_H

#include "common/ledger/commitment.h"
#include "common/settlement/findings.h"

struct contact_pair {
    uint8_t key[TOKEN_LEN]; /* SHA-256(normalised key)[:16] */
    uint8_t token[TOKEN_LEN];
    uint64_t index;
    const char *contract;
};

struct persons {
    struct contact_pair *pair[2]; /* emails, phones */
    size_t n[2], room[2];
};

/* `contract` outlives it; of the email (0) or the phone (1). */
void persons_add(struct persons *p, unsigned kind, struct span key, const uint8_t token[TOKEN_LEN],
                 const char *contract, uint64_t index);
void persons_add_all(struct persons *to, const struct persons *from, const char *contract);
/* Notes a failure for each key with two tokens and each token with two keys. */
void persons_judge(struct persons *p, struct finding *f);
void persons_free(struct persons *p);

#endif
