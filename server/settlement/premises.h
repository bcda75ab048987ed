/* What a statement of a contract would rest on, as one snapshot of its log has it: for one that is issued, and for what
 * issuing would come to. */
#ifndef CS_SERVER_SETTLEMENT_PREMISES_H
#define CS_SERVER_SETTLEMENT_PREMISES_H

#include "common/settlement/period.h"
#include "server/worker/dispatch.h"

struct premises {
    const struct catalog *catalog; /* that it is of */
    const struct contract *k;
    int64_t until_ms; /* where it is to end; 0: now */
    struct head head;
    struct taxed_sums brought; /* what it set off, by its VAT */
    struct closing closes;     /* the longest prefix that fits; nothing when it is closed */
    struct trade trade;        /* of what it closes */
    bool whole;                /* that is all there is before until_ms */
    int64_t issued_ms, to_ms, utc_offset_s;
};

/* Reads what it closes; catalog, k and until_ms are set. ERR_NOT_FOUND: nothing of the log is swept. ERR_CORRUPT also
 * when what was counted is not all that it closes: a cut that is gone, or is none, would be signed and stand for ever.
 */
MUST_CHECK enum err premises_read(struct txn *t, struct premises *p);
void premises_close(struct premises *p); /* NULL-safe of what was read */
/* Whether the last statement ends there already, or later. */
bool premises_closed(const struct premises *p);
/* Whether a sum below 0 stands carried that a statement up to then would make owed, though nothing else came. */
bool premises_owed(const struct contract *k, const struct head *head, int64_t end_ms, int64_t now_ms);
/* Whether there is nothing to settle: nothing came, and none of that. */
bool premises_nothing(const struct premises *p, int64_t now_ms);
/* Dates what was read: the time of its issue, where its period ends, the zone's offset. Errors as zones_offset. */
MUST_CHECK enum err premises_date(struct premises *p, struct zones *zones, int64_t now_ms);
/* What is known of the advertiser and the publisher by law; empty: nothing. */
void premises_legal(const struct catalog *c, const struct contract *k, struct span out[2]);
/* What a statement of them says, but for `id` and `from_root`. It points into *p. Asserted: its terms bind. */
struct statement_in premises_statement(const struct premises *p, struct span issuer, const struct view *view);

#endif
