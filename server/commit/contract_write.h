/* What stands in a contract's log beside traffic and leads: terms and keys. Committer only, inside the batch's
 * transaction. */
#ifndef CS_SERVER_COMMIT_CONTRACT_WRITE_H
#define CS_SERVER_COMMIT_CONTRACT_WRITE_H

#include "server/commit/batch.h"

/* Whether the canonical documents of *k and its campaign make terms together. */
MUST_CHECK enum err contract_check(const struct batch *cx, const struct contract *k, struct problem *p);

/* Whether terms and keys can be appended: reads all that this needs, so that what follows only writes. */
MUST_CHECK enum err contract_ready(struct batch *cx, const struct contract *k);
/* What the terms version of *k's documents after the present ones will be, at once (effective_ms 0) or from a later
 * time on: into *k, a copy of the catalog's, whose versions planned so are not compiled. Writes nothing; errors as
 * terms_compile and versions_add. */
MUST_CHECK enum err contract_next(const struct batch *cx, struct contract *k, int64_t effective_ms, struct problem *p);
/* Whether *k would be open while another contract of its campaign and publisher is, or may come to be by a version that
 * waits: ERR_CONFLICT, naming `field`, the other one and the cure. */
MUST_CHECK enum err contract_alone(const struct batch *cx, const struct contract *k, const char *field,
                                   struct problem *p);
/* Whether a change of *k may bind at once: ERR_CONFLICT while a version waits, which it would undo. */
MUST_CHECK enum err contract_at_once(const struct batch *cx, const struct contract *k, struct problem *p);
/* Appends the newest, planned right before: campaign or document of *k were replaced. */
MUST_CHECK enum err contract_renew(struct batch *cx, const struct contract *k);

/* Plans the versions of a new contract: its terms at once, and those that wait in its campaign. ERR_CONFLICT: for those
 * there is no assent yet. */
MUST_CHECK enum err contract_plan(const struct batch *cx, struct contract *k, struct problem *p);
/* A new contract, planned: its terms, from entry 0 on, the keys and credentials of its parties, then its row. Taken
 * from *k: number, id, campaign, publisher, document, created_ms, versions. The documents have passed contract_check.
 * Call it before anything is written. */
MUST_CHECK enum err contract_open(struct batch *cx, struct contract *k);

bool contract_has_party(const struct contract *k,
                        const struct party *p); /* advertiser or publisher; not auditor or operator */
/* A `key` entry, unless the log has this key of the party already. previous_jws: by the key that it takes the place of;
 * empty in a log that has none. */
MUST_CHECK enum err contract_append_key(struct batch *cx, const struct contract *k, const struct party *p,
                                        struct span previous_jws);

/* A `party` entry, if the party has legal data. */
MUST_CHECK enum err contract_append_legal(struct batch *cx, const struct contract *k, const struct party *p);

/* The state of the server's keys, for a log that is ready; server_keys_run.c. */
MUST_CHECK enum err contract_append_server_keys(struct batch *cx, const struct contract *k,
                                                const struct keys_step *step);

#endif
