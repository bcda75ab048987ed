/* What the audit of one mirror gives the campaign, and what the campaign's files share. Not for others. */
#ifndef CS_SETTLEMENT_CAMPAIGN_PARTS_H
#define CS_SETTLEMENT_CAMPAIGN_PARTS_H

#include "common/decisions/credit.h"
#include "common/decisions/rows.h"
#include "common/ledger/note.h"
#include "common/settlement/campaign.h"
#include "common/settlement/findings.h"
#include "common/settlement/persons.h"

/* symbol, stable word: in the order of the report */
#define CAMPAIGN_CHECK_TABLE(X)                                                                                        \
    X(CAMPAIGN, "campaign")                                                                                            \
    X(PERSONS, "persons")                                                                                              \
    X(DUPLICATES, "duplicates")                                                                                        \
    X(TXIDS, "txids")                                                                                                  \
    X(SHARES, "shares")                                                                                                \
    X(CAPS, "caps")                                                                                                    \
    X(CLOCKS, "clocks")                                                                                                \
    X(PARTIES, "parties")                                                                                              \
    X(DOCUMENT, "document")                                                                                            \
    X(SEEDS, "seeds")                                                                                                  \
    X(RECEIPTS, "receipts")                                                                                            \
    X(CLICKS, "clicks")

enum campaign_check {
#define X(symbol, word) CAMPAIGN_##symbol,
    CAMPAIGN_CHECK_TABLE(X)
#undef X
        CAMPAIGN_CHECKS
};

/* The clocks of two logs are one clock, but a request may wait for the disk between its time and its entry. */
#define CAMPAIGN_APART_MS (10 * 60 * 1000)

/* One contract's log. */
struct member {
    char contract[LIMIT_ID + 1], campaign[LIMIT_ID + 1], advertiser[LIMIT_ID + 1], publisher[LIMIT_ID + 1];
    struct buf root_origin;
    size_t first, n;           /* its leads */
    uint64_t entries;          /* of its log */
    bool asks;                 /* a version of its terms asks for assents: its parties say when what binds */
    int64_t first_ms, last_ms; /* clocks of its first and its last entry: what is known of it begins and ends there */
};

/* Of a shared lead: what its contract got, of what was reported, by which model. */
struct joined_part {
    struct credit credit; /* contract: the member */
    uint32_t steps;
    unsigned attribution;
    int64_t click_days, half_life_days, return_days;
    uint8_t report[HASH_LEN];
    enum status status; /* as it came */
    bool unproven;      /* as in its row */
    size_t moves;       /* its latest in `move`, from 1 on; 0: none */
    size_t n_moves;
};

/* Each is held against those of the other parts: of a lead that changed more often that takes too long. */
enum { PART_MOVES = 256 };

/* A disposition of a part of a shared lead. */
struct joined_move {
    size_t before; /* the one before it, as `moves` */
    uint64_t index;
    int64_t clocked_ms;
    enum status to;
    bool by_system;
};

/* What an entry says of a party: its key, its legal data, or one of its credentials; or the campaign's document that
 * binds from then on, as that of its advertiser. */
struct party_told {
    uint32_t member;
    enum entry_kind kind;
    uint64_t index;
    int64_t clocked_ms;
    char party[LIMIT_ID + 1], what[2 * LIMIT_ID]; /* what: in words */
    uint8_t thing[HASH_LEN];                      /* a hash of both */
    uint8_t value[HASH_LEN];                      /* from there on; zeros: none */
};

enum { WHERE_NOT_HERE = 64 };
/* Lines of what somebody kept that are named in a sentence; the others are counted. */
enum { NAMED = 5, NOT_HERE_NAMED = NAMED * (WHERE_NOT_HERE + 2) };

/* One step of the clock that an entry tells alone. */
struct joined_step {
    uint32_t member, steps;
    uint64_t index;
    int64_t from_ms, to_ms;
};

/* A receipt or click id that a mirror found to be none of its own. */
struct not_here {
    enum campaign_check kind;
    uint64_t id; /* a hash of it */
    size_t member;
    char where[WHERE_NOT_HERE];
};

/* The root log is the server's one: its head as one of the mirrors has it. */
struct root_seen {
    const char *where;
    uint64_t size;
    struct hash root;
};

/* What the advertiser signed of a part of a shared lead that is in another contract. */
struct joined_word {
    size_t lead;
    uint64_t index, about; /* of the disposition; of the lead that it is about, in: */
    char contract[LIMIT_ID + 1];
};

struct joined_lead {
    uint32_t member;
    uint64_t index;
    int64_t clocked_ms, window_ms; /* of the terms that decided it: how long a person is known */
    struct identity who;
    int64_t mended_ms; /* refused for how it was reported: until then its txid may come again */
    bool pixel, duplicate, elsewhere;
    bool stands;
    int64_t from_ms;            /* since when, if it stands, */
    int64_t known_ms;           /* and by terms that know a person so long */
    unsigned by;                /* by these kinds of contact */
    size_t stays;               /* its latest time in `standing`, from 1 on; 0: none */
    uint8_t reporter[HASH_LEN]; /* SHA-256 over sender and txid; zeros: no txid */
    struct hash leaf, commit, dup;
    uint32_t share_from, share_to;
    struct joined_part *part; /* of a shared one */
    enum reason reason;
    bool taken;   /* it stood as it came, and was asked for caps */
    bool own_cap; /* refused by a cap that its own contract's leads reached */
    size_t caps;  /* of the campaign, as its terms said: in `caps` */
    int32_t day, month;
    int64_t price_micros;
    int64_t sale_micros, sale_from_ms; /* what it pays of a sale, while it stands; since when */
};

/* A time in which a lead stood; one that stands still is known to until its log ends. */
struct lead_stay {
    size_t lead, before; /* before: the lead's time before this one, as `stays` */
    int64_t from_ms, to_ms;
    int64_t known_ms; /* by the terms by which it came to stand: how long a person is known, */
    unsigned by;      /* by which kinds of contact */
    bool open;        /* it stands still, where its log ends */
};

/* A time in which a lead that stood paid for a sale, beside its price. */
struct sale_stay {
    size_t lead;
    int64_t from_ms, to_ms, micros;
    bool open;
};

struct campaign {
    size_t given;    /* so many mirrors */
    bool whole, cut; /* cut: a log could not be followed to its end */
    struct finding finding[CAMPAIGN_CHECKS];
    struct member **member;
    size_t n_members;
    struct joined_lead *lead; /* of a member one behind the other, by index */
    size_t n, room, first;    /* first: of the member under way */
    struct lead_stay *standing;
    size_t n_standing, standing_room;
    struct sale_stay *sale;
    size_t n_sales, sales_room;
    struct persons persons;
    bool clock_stepped; /* what a time is compared with may be another clock's */
    struct caps *caps;  /* each behind another one */
    size_t n_caps;
    struct joined_step *step;
    size_t n_steps, steps_room;
    struct joined_move *move;
    size_t n_moves, moves_room;
    struct joined_word *word;
    size_t n_words, words_room;
    struct party_told *told;
    size_t n_told, told_room;
    struct root_seen *root;
    size_t n_roots;
    struct not_here *not_here;
    size_t n_not_here, not_here_room;
    size_t opened;               /* so many mirrors could open click ids, and say which are none of theirs */
    bool asked[CAMPAIGN_CHECKS]; /* of what somebody kept */
    uint64_t found, shared, capped, seeded;
    struct lessons *lessons; /* what leads taught, in logs that score them; NULL: nothing did */
};

/* For the audit of a mirror, in this order: its first terms, of that clock's time; each lead that was folded, with its
 * row; each disposition likewise; its end. */
struct terms;
void campaign_begin(struct campaign *c, const char *contract, const struct terms *t, int64_t clocked_ms,
                    struct span root_origin);
void campaign_lead(struct campaign *c, uint64_t index, const struct entry *e, struct span bytes, const struct terms *t,
                   const struct lead_row *row, bool own_cap);
/* Before the first terms: what was kept is none of this log's. */
void campaign_not_here(struct campaign *c, enum campaign_check kind, uint64_t id, const char *where);
void campaign_opens_clicks(struct campaign *c);
void campaign_clock(struct campaign *c, uint64_t index, const struct entry_clock *e);
/* A `terms` entry; a version that came to bind. */
void campaign_terms(struct campaign *c, const struct entry *e);
void campaign_bound(struct campaign *c, const struct version *v);
/* A `key`, `party` or `credential` entry. */
void campaign_party(struct campaign *c, uint64_t index, const struct entry *e);
void campaign_disposition(struct campaign *c, uint64_t lead, uint64_t index, const struct entry *e,
                          const struct terms *t, const struct lead_row *row);
/* Each lead and disposition once it is folded, bound by *t; of a disposition what its lead was before. A seed. */
void campaign_lesson(struct campaign *c, uint64_t index, const struct entry *e, const struct terms *t, enum status was);
void campaign_seed(struct campaign *c, uint64_t index, const struct entry *e, const struct terms *t);
/* A tree of the root log on the way, in each mirror. */
void campaign_root_look(struct campaign *c, const struct frontier *tree);
void campaign_end(struct campaign *c, bool complete, uint64_t entries, int64_t last_ms, uint32_t clock_steps,
                  const struct persons *persons);

/* A mirror that may end in front of what came at that time, as one that was pulled before it does; those of the
 * contracts of these leads are not asked. NULL: each goes on for longer than two clocks may be apart. */
const struct member *campaign_early(const struct campaign *c, int64_t clocked_ms, struct joined_lead *const *there,
                                    size_t n);
/* The lead of that index among n that stand together; NULL: none is. */
struct joined_lead *campaign_find(const struct campaign *c, size_t first, size_t n, uint64_t index);
void campaign_duplicates(struct campaign *c); /* campaign_duplicates.c */
void campaign_caps(struct campaign *c);       /* campaign_caps.c */
void campaign_shares(struct campaign *c);     /* campaign_shares.c */
void campaign_parties(struct campaign *c);    /* campaign_parties.c */
void campaign_seeds(struct campaign *c);      /* campaign_seeds.c */
uint64_t campaign_seeds_told(const struct campaign *c);
void campaign_lessons_free(struct lessons *l); /* NULL-safe */
struct joined_part *joined_part_new(uint32_t member, const struct entry *e, const struct terms *t);

#endif
