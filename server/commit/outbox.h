/* What is told to parties' webhooks: rows that are due with the entry that caused them, in its transaction, and what
 * came of attempts, which the outgoing thread tells. Tables `outbox` and `deliveries`. */
#ifndef CS_SERVER_COMMIT_OUTBOX_H
#define CS_SERVER_COMMIT_OUTBOX_H

#include "common/commit/delivery.h"
#include "server/commit/batch.h"

/* Where deliveries to a target go, as the control data have it. */
struct aim {
    const struct party *party;       /* whose it is */
    const struct campaign *campaign; /* whose CRM; NULL: the party's webhook */
    const char *id;                  /* of the one or the other */
    struct span url;                 /* empty: nowhere */
    int64_t since_ms, off_ms;        /* since when so; since when not, as it answered 410: 0: it does */
};
/* False: there is no such party or campaign. */
bool aim_at(const struct catalog *c, uint32_t target, struct aim *out);
/* Whether it is a test, of what stood there before: an event is for whoever the target is, a test for one address. */
static inline bool aim_tested_before(const struct aim *aim, const struct delivery_place *at)
{
    return at->contract == 0 && at->at_ms < aim->since_ms;
}

/* Of an entry that was just appended: due to whom it is for. ERR_FULL, ERR_IO. */
MUST_CHECK enum err outbox_entry(struct batch *cx, const struct contract *k, const struct entry *e, uint64_t index);
/* A delivery that is made or sent again, due now; its attempts stay. */
MUST_CHECK enum err outbox_send(struct batch *cx, const struct delivery_place *at, enum delivery_event event);
MUST_CHECK enum err delivery_get(struct txn *t, const struct delivery_place *at, struct delivery *out);

job_run chore_attempted;

/* ---- on the way from the outgoing thread to a record ---- */

struct attempts;
struct attempts *attempts_new(void);
void attempts_free(struct attempts *a); /* NULL-safe */
/* delivery_result bytes, and keys of deliveries that are past their time. False: too many wait, tell it again. Any
 * thread. */
bool attempts_add(struct attempts *a, struct span result);
bool attempts_forget(struct attempts *a, struct span key);
bool attempts_any(struct attempts *a);
/* Moves as many of them as a record takes. Committer thread. */
void attempts_take(struct attempts *a, struct buf *results, struct buf *gone);

#endif
