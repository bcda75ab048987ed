/* Which lead a disposition is about, by what its sender says: looked up in the rows of one advertiser alone. */
#ifndef CS_DECISIONS_ADDRESS_H
#define CS_DECISIONS_ADDRESS_H

#include "common/decisions/rows.h"
#include "common/tokens/tokens.h"

struct address {
    uint32_t advertiser;       /* whose leads: a number of the view's */
    struct span advertiser_id; /* as a sender of leads */
    struct span txid;          /* may be empty */
    bool by_click;             /* click: of one of the advertiser's contracts */
    struct pointer click;
    bool (*within)(const void *ctx, uint32_t contract); /* leads of other contracts are passed over; NULL: of none */
    const void *ctx;
    const char *scope; /* the field that says so */
};
struct addressed {
    uint32_t contract;
    uint64_t index;
    bool guessed; /* by a txid that another sender chose, and nothing else: enough to go on with, not to bring back */
    bool own;     /* by the advertiser's own txid: of a duplicate the lead is meant that it repeats */
};

/* By the txid: the lead that the advertiser itself reported under it, else the one that a publisher did, else a
 * pixel's; where that is not unique the click decides, and against a publisher's txid it does so always: publishers
 * choose theirs. Where the advertiser's own repeats a publisher's report of that txid, the report that stands is meant.
 * Else by the click; a click that is not the lead's is a conflict. Tests and leads that were refused for their form
 * hide no other, and duplicates do not count beside others. ERR_NOT_FOUND and ERR_CONFLICT with the field in *p;
 * another error: it cannot be told. */
MUST_CHECK enum err address_find(const struct view *v, const struct address *a, struct addressed *out,
                                 struct problem *p);

#endif
