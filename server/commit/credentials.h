/* Secrets, API tokens and postback keys that the server makes for parties, and locks on all of them: whoever holds one
 * can act as that party, and the operator makes them all. So each is told in the logs of the party's contracts: at once
 * where there are few, by a chore, a bounded number at a time, where a party is in many. */
#ifndef CS_SERVER_COMMIT_CREDENTIALS_H
#define CS_SERVER_COMMIT_CREDENTIALS_H

#include "server/commit/batch.h"

struct credential_told {
    const struct party *party;
    uint32_t by; /* number of the party that had it made */
    enum credential what;
    char id[LIMIT_ID + 1]; /* a kid, or what credential_id gives */
    int64_t since_ms;
    bool retired;
};

enum { TELL_STEPS = 64 };

/* To be told in every log of the party that there is now; those of later contracts begin with it. In the transaction
 * that makes it. */
MUST_CHECK enum err credential_tell(struct txn *t, const struct catalog *c, const struct credential_told *told);
/* One in place of another: told->id is in turn that of the one before and of the new one; empty: there is none. */
MUST_CHECK enum err credential_replaced(struct batch *cx, struct credential_told *told, const char *before,
                                        const char *now);
/* The entries of a new contract, for what lets anybody act as its parties when it begins. */
MUST_CHECK enum err credentials_open(struct batch *cx, const struct contract *k);

job_run chore_tell;

#endif
