/* What was committed, for those who follow it live: told by the committer once a batch, after the commit, and never
 * what is not durable. Of leads, dispositions, statements and refusals the last few, by their place in the journal;
 * what was before is read there. And what of today (UTC) each contract has of clicks. In memory alone. */
#ifndef CS_SERVER_COMMIT_NEWS_H
#define CS_SERVER_COMMIT_NEWS_H

#include "common/decisions/reason.h"
#include "common/ledger/entry.h"

enum { NEWS_KEPT = 8192 };

struct news;

/* One entry of a batch, or refusals of a party. */
struct noted {
    enum entry_kind kind; /* ENTRY_ROOT: a refusal of `number`'s, a party's (0: nobody's) */
    enum class class;
    uint32_t number; /* of the contract */
    uint64_t seq, index;
    int64_t at_ms; /* by the server's clock */
};
struct notes {
    struct noted *one;
    size_t n, cap;
};
/* The batch's own list. NULL: nobody follows. */
void notes_entry(struct notes *notes, uint64_t seq, uint32_t contract, uint64_t index, const struct entry *e);
void notes_refused(struct notes *notes, uint32_t party);

struct news *news_new(void);
void news_free(struct news *n); /* NULL-safe */
/* Before anybody follows: where the journal ends, at the start. */
void news_begin(struct news *n, uint64_t next_seq);
/* Committer, after the commit. */
void news_tell(struct news *n, const struct notes *notes, uint64_t next_seq);

/* ---- any thread ---- */

uint64_t news_end(struct news *n); /* all entries of journal rows below it are told */
struct news_item {
    uint64_t seq;
    uint32_t number; /* of the contract; of refusals the party's */
    bool refused;
};
/* What came from journal row `seq` on, in order, into *out (heap, to be freed; *n of them). False: it reaches back
 * further than what is kept. */
bool news_since(struct news *n, uint64_t seq, struct news_item **out, size_t *count);

/* What a follower of many has seen of it. Zeros at first. */
struct news_look {
    uint64_t told, counted, end;
    uint8_t *contract; /* by number: 1 event, 2 counters, since the look before; to be freed */
    size_t n_contracts;
    uint32_t *came; /* the numbers of which one of these is there, in no order; to be freed */
    size_t n_came, came_room;
    uint32_t *refused; /* parties, of several refusals several times; to be freed */
    size_t n_refused;
    bool any, all; /* all: more came than is kept */
};
/* Looks again. False: nothing came. */
bool news_look(struct news *n, struct news_look *look);

/* A contract's clicks of the day of `at_ms`, and where its leads of that day begin. False: nothing came that day, or
 * not since `counted`, which is set to what a later call is to bring. */
struct counted {
    int64_t day; /* Unix */
    uint64_t clicks[CLASS_COUNT];
    uint64_t first_lead, size;     /* UINT64_MAX: none; entries of its log */
    uint64_t change, leads_change; /* of news_changes: the last one, and the last that concerned a lead */
    uint64_t leads[STATUS_COUNT];  /* of that day, as they stood at `leads_known`; 0: nobody counted them */
    uint64_t leads_known;
};
/* Keeps what leads were counted of a copy for whoever asks next. */
void news_leads(struct news *n, uint32_t contract, const struct counted *counted);
bool news_counted(struct news *n, uint32_t contract, int64_t at_ms, uint64_t since, struct counted *out);
uint64_t news_changes(struct news *n); /* counts up with whatever changes a count */

/* What was there before the start is counted by who asks first, on his thread, from the journal backwards. *seq: rows
 * below it are to be looked at, down to the first that came before that day. False: that is done, or somebody does it.
 */
bool news_base_take(struct news *n, uint64_t *seq);
void news_base_add(struct news *n, uint32_t contract, uint64_t index, enum entry_kind kind, enum class class,
                   int64_t at_ms);
void news_base_put(struct news *n, uint64_t seq, bool done); /* how far it got */
bool news_base_done(struct news *n);

#endif
