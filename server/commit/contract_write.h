/* What stands in a contract's log beside traffic and leads: terms and keys. Committer only, inside the batch's
 * transaction. */
#ifndef CS_SERVER_COMMIT_CONTRACT_WRITE_H
#define CS_SERVER_COMMIT_CONTRACT_WRITE_H

#include "server/commit/batch.h"

/* Whether these two canonical documents make terms together. */
MUST_CHECK enum err contract_check(struct span campaign, struct span contract, struct problem *p);

/* Whether terms and keys can be appended: reads all that this needs, so that what follows only writes. */
MUST_CHECK enum err contract_ready(struct batch *cx, const struct contract *k);
/* A new contract: entry 0 is its terms, the keys of its parties follow, then its row. Taken from *k: number, id,
 * campaign, publisher, document, created_ms; the terms' index and version are filled in. The documents have passed
 * contract_check. Call it before anything is written. */
MUST_CHECK enum err contract_open(struct batch *cx, struct contract *k);
/* What the terms version after the present one will be: its number and index, into *k, a copy of the catalog's. */
void contract_next_terms(const struct batch *cx, struct contract *k);
/* Appends them: campaign or document of *k were replaced, contract_next_terms was called. */
MUST_CHECK enum err contract_renew(struct batch *cx, struct contract *k);

bool contract_has_party(const struct contract *k,
                        const struct party *p); /* advertiser or publisher; not auditor or operator */
/* A `key` entry, unless the log has this key of the party already. */
MUST_CHECK enum err contract_append_key(struct batch *cx, const struct contract *k, const struct party *p);

#endif
