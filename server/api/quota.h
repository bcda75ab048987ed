/* How much of a kind there may be of one party. A record says the limit that was in force when its call came, so that
 * it folds to the same answer whatever the setting is later. */
#ifndef CS_SERVER_API_QUOTA_H
#define CS_SERVER_API_QUOTA_H

#include "server/commit/batch.h"
#include "server/worker/dispatch.h"

/* symbol, setting (options.h), what it counts, the cure */
#define QUOTA_TABLE(X)                                                                                                 \
    X(CODES, quota_codes, "tracking codes that are on or have not been off for 30 days",                               \
      "switch one off for 30 days, or have the operator make it or raise that setting")                                \
    X(SECRETS, quota_secrets, "postback secrets that have not retired or were made within a day",                      \
      "replace one that is older than a day (`replaces`), wait for a day, or have the operator make it")               \
    X(TOKENS, quota_tokens, "API tokens that have not ended or were made within a day",                                \
      "replace one that is older than a day (`replaces`), wait for a day, or have the operator make it")               \
    X(INVITATIONS, quota_tokens, "invitations that are open or were made within a day",                                \
      "withdraw one that is older than a day, wait for a day, or have the operator make it")                           \
    X(CAMPAIGNS, quota_campaigns, "campaigns", "change one that is there, or have the operator raise that setting")    \
    X(CONTRACTS, quota_contracts, "contracts", "change one that is there, or have the operator raise that setting")    \
    X(SHARE_LINKS, quota_share_links, "open share links of this statement", "end one of them first")                   \
    X(GRANTS, quota_grants, "grants", "revoke one of them first")

enum quota {
#define X(symbol, setting, what, cure) QUOTA_##symbol,
    QUOTA_TABLE(X)
#undef X
        QUOTAS
};

/* The worker's half: the limit now in force, into the record. */
void quota_say(struct request *rq, struct job *job, enum quota q);
uint32_t quota_limit(const struct request *rq, enum quota q);
/* The committer's: ERR_QUOTA when the party has `n`, and the record allows no more. */
MUST_CHECK enum err quota_leaves(struct job *job, enum quota q, const struct party *p, size_t n);
MUST_CHECK enum err quota_leaves_of(uint32_t limit, struct job *job, enum quota q, const struct party *p, size_t n);
/* Whether what is no more still counts, as it is from within the last so many days: for who makes and ends without end.
 * Not for an operator (`by`), who makes room where a thief of the party's token has used all of it up. */
bool quota_recent(const struct batch *cx, uint32_t by, int64_t at_ms, int64_t days);

#endif
