/* A list of leads under way: what is asked of it, and what has been written. A reader thread. */
#ifndef CS_SERVER_API_LEAD_LIST_H
#define CS_SERVER_API_LEAD_LIST_H

#include "server/api/call.h"
#include "server/api/list.h"

/* Leads and dispositions that one call looks at, and where their entries have to be read: past it the list ends early,
 * with `next`. */
enum { LEADS_SCAN = 4000, ENTRIES_SCAN = 2000 };

enum lead_order { LEADS_OLDEST, LEADS_NEWEST, LEADS_DUE };

/* What a lead's entry must say: read only where one of them is given. */
struct lead_filter {
    bool any;                     /* of these */
    uint32_t placement;           /* of the code; 0: any */
    struct span sub[LIMIT_SUBS];  /* empty: any */
    int64_t score_from, score_to; /* with a score between them; -1: whatever it is */
};

struct leads {
    struct request *rq;
    struct txn *txn;
    const struct contract *only; /* NULL: all that the caller may read */
    const struct campaign *campaign;
    unsigned statuses;  /* bits; 0: any */
    enum reason reason; /* why it stands where its entry put it; REASON_COUNT: whatever it is */
    bool undue;         /* only those that wait for nobody's day */
    bool csv;
    struct lead_filter entry;
    struct span txid, email; /* each finds its leads at once, as a click does; empty: not asked */
    struct pointer click;    /* contract 0: not asked */
    int64_t from_ms, to_ms;  /* of entries: from_ms is in it, to_ms is not */
    enum lead_order order;
    const struct contract *k;
    uint64_t at;         /* where to go on in it */
    struct pointer last; /* the last that was looked at */
    size_t left;         /* rows that this call may still look at */
    struct list list;
};

/* Whether a list of all has leads of this one. */
bool leads_of(const struct leads *l, const struct contract *k);
/* When an entry of a contract came. */
MUST_CHECK enum err leads_entry_time(struct leads *l, const struct contract *k, uint64_t index, int64_t *at_ms);
/* The first entry of that time or later: those of a log never run backwards. What came since its last head is behind
 * what is found, and looked at one by one; *last: there is none in front of that. */
MUST_CHECK enum err leads_first_index(struct leads *l, const struct contract *k, int64_t ms, uint64_t *out, bool *last);
/* Whether the filters want it. *ended: it is past the period, and so is all behind it. */
MUST_CHECK enum err leads_want(struct leads *l, const struct contract *k, uint64_t index, const struct lead_row *row,
                               bool *wanted, bool *ended);

/* lead_person.c: one lead, if the caller may read it and the filters want it; those of l->click; those of l->email. */
MUST_CHECK enum err leads_write_at(struct leads *l, uint32_t contract, uint64_t index);
MUST_CHECK enum err leads_write_click(struct leads *l);
MUST_CHECK enum err leads_write_person(struct leads *l);

/* lead_newest.c: all contracts as one, from the newest to the oldest, behind `after`. */
MUST_CHECK enum err leads_write_newest(struct leads *l, const struct pointer *after);

/* lead_due.c: those that are approved by themselves, the soonest first, behind a cursor of its own. */
enum { LEADS_DUE_CURSOR = 2 * LEAD_REF_LEN };
struct lead_due {
    int64_t ms;
    struct pointer lead;
};
MUST_CHECK enum err leads_due_read(struct leads *l, struct span text, struct lead_due *out);
MUST_CHECK enum err leads_write_due(struct leads *l, struct lead_due *at); /* *at: as far as it came */
void leads_due_write(struct leads *l, const struct lead_due *at, char out[LEADS_DUE_CURSOR]);

#endif
