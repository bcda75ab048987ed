/* How leads would have fared under other terms: each is decided again by them, at its own time, in their order, and
 * they stand in each other's way as they would have. What became of a lead since (a rejection, a return, one taken
 * back) frees its person or not at that time, as far as the lead's new state allows it. Leads before these stand in the
 * way as they stand now, and where a recorded duplicate named one that stands no more, as was recorded. A lead is dealt
 * anew where all touches that it had are known: they are given, or the parts of a shared one tell them. */
#ifndef CS_SETTLEMENT_TRIAL_H
#define CS_SETTLEMENT_TRIAL_H

#include "common/decisions/decide.h"

struct trial_lead {
    struct fold_context cx;
    uint64_t index;
    struct entry entry; /* as recorded */
    bool opened;        /* its private part is there: `priv` */
    struct private_part priv;
    struct lead_row row;       /* as it is now */
    const struct terms *terms; /* the other ones, of its contract */
    struct touch touch[LIMIT_TOUCHES];
    size_t n_touches; /* all that it had, of each part alike; 0: what its parts' entries tell is all that is known */
    bool added;       /* it had no such part: it is there if it is dealt so, and its entry is another part's */
    bool dealt_alike; /* they share leads among touches as those do that it was decided by */
    size_t of;        /* where the last part of its lead stands, which speaks for all; of a whole lead its own */
    const char *advertiser; /* ids of those who may report leads */
    const char *publisher;
    /* What comes of it. */
    bool unknown;   /* what decides is destroyed, or in another log: nothing below says anything */
    bool not_taken; /* its sender may not report leads: it would not be there */
    bool gone;      /* its contract would have no part of the lead */
    bool redealt;   /* it would have another one: */
    struct credit credit;
    enum status status;
    enum reason reason;
    int64_t payout_micros;
};

struct trial {
    struct trial_lead *lead; /* ascending in time; of a shared lead each part */
    size_t n;
    const struct view *store; /* rows and clicks as they are now; values live while it is not written */
    const uint8_t *pepper;    /* of the campaign, 32 bytes */
};

/* Errors of the view, or ERR_CORRUPT: it cannot be told. */
MUST_CHECK enum err trial_run(struct trial *t);

#endif
