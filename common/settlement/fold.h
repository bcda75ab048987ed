/* One contract's log, folded entry by entry: the terms in force, the open period, the rows. The same for `verify`,
 * which has a mirror, and `check`, which has the store: each entry is judged by what stands before it, then applied.
 *
 *   fold_at                                                                   for every entry, first
 *   fold_terms | fold_view | fold_lead | fold_disposition | fold_statement   by the entry's kind, for those kinds
 *   fold_apply                                                                for every entry
 *
 * Owned by one thread. Memory: the terms in force and one entry's bytes; rows are the caller's. */
#ifndef CS_SETTLEMENT_FOLD_H
#define CS_SETTLEMENT_FOLD_H

#include "common/score/score_book.h"
#include "common/settlement/assent.h"
#include "common/settlement/byte_map.h"
#include "common/settlement/period.h"
#include "common/settlement/rows_map.h"

struct fold {
    struct fold_context cx;
    const struct view *view; /* reads `rows`, and the clicks of the folded logs */
    struct rows_map *rows;   /* may be shared: folds of one campaign's contracts see each other's rows */
    struct versions versions;
    const struct terms *terms; /* those that bind the entry under way; NULL before the first */
    uint64_t terms_index;
    bool binds; /* false until the first version has the assents that it asks for */
    struct period period;
    /* Where the contract's statements end is needed before they come: of the one of that number, if it is known by now.
     * NULL: only those are followed that close all in front of them. What it says is believed of nothing: it only says
     * where to look. */
    enum err (*end_of)(void *ctx, uint64_t number, uint64_t *to);
    void *end_ctx;
    uint64_t asked, end;   /* statements that were asked about; where the last of them ends, */
    bool has_end;          /* if that is still to come */
    bool no_end;           /* the next one is not known */
    struct buf legal[2];   /* of advertiser and publisher, as their last `party` entry says; empty: none */
    int64_t last_ms;       /* time of the entry before; 0: none */
    int64_t last_clock_ms; /* likewise, by the server's clock */
    bool has_first;        /* one entry stands in front, and */
    bool has_second;       /* more than one */
    struct entry_gap gap;  /* the entry before, if it is one; else zeros */
    bool after_gap;
    uint32_t clock_steps;      /* as the last `clock` entry says, and */
    bool clock_unsure;         /* whether one of them waits for the operator's word */
    int64_t clocked_ms;        /* the latest time of that clock, moved by its steps since */
    struct scored *scored;     /* of the lead under way; NULL likewise */
    struct byte_map *tokens;   /* index be64 -> what each lead says that may teach yet, as its book writes it: a mirror
                                  is slow to read again */
    struct score_book *book;   /* NULL: none was kept so far */
    struct score_model *model; /* what leads are scored by; NULL: no terms scored so far */
    uint64_t begin;            /* scores are learnt again from this `model` entry on; 0: from the start */
    struct byte_map *erased;   /* index be64 -> that of the `erase` entry be64; NULL: none so far */
    char source[LIMIT_PARAM];  /* that the lead under way should have */
    struct buf scratch;
};

/* All arguments outlive the fold. */
void fold_open(struct fold *f, const struct fold_context *cx, const struct view *view, struct rows_map *rows);
void fold_close(struct fold *f);

/* Puts the terms in force that bind an entry of that time. */
void fold_at(struct fold *f, int64_t at_ms);
/* Takes the terms of the entry at `index`, which bind from then or from a later time on; *gone (the caller's to free)
 * are the versions that bind no more. ERR_CORRUPT, and nothing happened, when they are not the next version of this
 * contract's complete terms, or their time goes back; ERR_NOT_IMPLEMENTED when they follow rules that are not known
 * here. */
MUST_CHECK enum err fold_terms(struct fold *f, uint64_t index, const struct entry *e, struct versions *gone);
/* Takes a party's legal data. ERR_INVALID, and nothing happened: it is none, or neither party's, or the other one's
 * word.
 */
MUST_CHECK enum err fold_party(struct fold *f, const struct entry_party *p);
/* Of what a fold_ function answers, but fold_terms and fold_apply: it cannot be told, since what the entry rests on
 * does not read. Any other error is a refusal. */
static inline bool fold_untold(enum err err)
{
    return err == ERR_IO || err == ERR_CORRUPT;
}
/* Whether an entry of its kind may stand there: nothing is counted, decided or settled until terms bind. */
bool fold_may(const struct fold *f, const struct entry *e);
/* Takes an assent: by the key that the party has then, to a version that may bind or an adjustment that asks for it,
 * once. *out is the caller's to close,
 * and its issuer to judge. ERR_INVALID with the member: it is none, and nothing happened. Any other error: it cannot be
 * told. */
MUST_CHECK enum err fold_assent(struct fold *f, const struct entry *e, struct assent *out, struct problem *p);
/* Takes a version of the terms back: by the word of who may change terms, or of a party that takes its own assent back,
 * by the key that it has then: *out is that, the caller's to close, and its issuer to judge (of another word it is
 * empty). *gone (the caller's to free) is the version, once it is gone. ERR_INVALID with the member: it is none, and
 * nothing happened. Any other error: it cannot be told. */
MUST_CHECK enum err fold_withdrawal(struct fold *f, const struct entry *e, struct assent *out, struct versions *gone,
                                    struct problem *p);
/* Whether an adjustment may stand there, but for the statement that it cites. ERR_INVALID with the member; any other
 * error: it cannot be told. */
MUST_CHECK enum err fold_adjustment(const struct fold *f, const struct entry *e, struct problem *p);
/* Takes an `erase` entry: each entry that it names stands in front of it, has a private part, and was not erased
 * before; *leads is how many of them are leads. ERR_INVALID with the member: it can be none, and nothing happened. Any
 * other error: it cannot be told. */
MUST_CHECK enum err fold_erase(struct fold *f, uint64_t index, const struct entry_erase *e, uint64_t *leads,
                               struct problem *p);
/* Whether the entry before, a gap entry, covers the second of each click that a lead has by its id alone. */
bool fold_unrecorded(const struct fold *f, const struct entry_lead *l);
/* Whether a gap entry, and what stands behind one, can be of a server: one that counts something is at most ten minutes
 * wide, counts no more than can be answered in it, and is not ahead of its entry; one that counts nothing stands right
 * in front of the lead that it is for. */
bool fold_gap(const struct fold *f, const struct entry *e);
/* Whether an entry is dated as one must be behind those before it: never earlier, by a clock that went back by no more
 * than a request may wait, but for the steps that are told, and no lead before a click whose record was lost. */
bool fold_dated(const struct fold *f, const struct entry *e);
/* Whether an entry says of the clock what those before it leave: a `clock` entry what can be new, a click or lead what
 * the last of them said, and nothing is approved by itself or closed while one of its steps waits for a word. */
bool fold_clock(const struct fold *f, const struct entry *e);
/* Whether a `clock` entry that may follow tells of the steps before the log began: right behind its first terms, which
 * know the clock as it is since. */
bool fold_clock_begins(const struct fold *f, const struct entry_clock *c);
/* A sender's txid names one lead of the campaign, unless the one before was refused for how it was reported, or a pixel
 * named it for another. ERR_CONFLICT: it names two. */
MUST_CHECK enum err fold_txid(const struct fold *f, const struct entry *lead);
/* A view's click. ERR_NOT_FOUND: what it names is no click. ERR_CONFLICT: the click has another placement. Any other
 * error: it cannot be told. */
MUST_CHECK enum err fold_view(const struct fold *f, const struct entry_view *v);
/* Decides a lead again: ERR_OK when that gives `bytes`, the recorded entry; ERR_CONFLICT when it gives another, *again,
 * whose spans are the entry's, the terms' or the fold's. Any other error: it cannot be told. `tokens`, `foreign`: as
 * for redecide_lead. */
MUST_CHECK enum err fold_lead(struct fold *f, const struct entry *e, struct span bytes, const struct opening *tokens,
                              struct entry *again, bool *foreign);
/* Any entry, once the terms are those that bind it: what was learnt is said where it is to be said, and nowhere else.
 * ERR_CONFLICT: *due is to stand there. ERR_NOT_FOUND: no such entry may stand there. ERR_INVALID with the member: it
 * seeds otherwise than a seed may. Any other error: it cannot be told. */
MUST_CHECK enum err fold_model(struct fold *f, uint64_t index, const struct entry *e, struct entry *due,
                               struct problem *p);
/* Decides a disposition again. ERR_NOT_FOUND: it is about a lead that is not there. ERR_CONFLICT: it is not what the
 * lead's state and the terms allow then. Any other error: it cannot be told. */
MUST_CHECK enum err fold_disposition(struct fold *f, const struct entry *e, struct span bytes);
/* After ERR_CONFLICT of the lead or disposition under way: the bytes that should stand there; empty: no such entry may.
 */
struct span fold_again(const struct fold *f);
/* What a statement entry at `index` that ends at `to` closes, or at the first cut in front of that; `root` is the
 * tree's in front of the entry. ERR_CONFLICT: that is no end for it. ERR_NOT_FOUND: what there was at `to` is not known
 * any more. */
MUST_CHECK enum err fold_closes(const struct fold *f, uint64_t index, uint64_t to, const struct hash *root,
                                struct closing *out);
/* Whether a period is open: there is something to close, or the log was cut and more stands behind its last cut. */
MUST_CHECK enum err fold_is_open(const struct fold *f, bool *open);
/* Builds what that statement entry must be about, from what stands before it. *out is to be freed. ERR_CONFLICT: its
 * interval, number, id or times are not those that follow; ERR_NOT_FOUND as above; else as statement_build. */
MUST_CHECK enum err fold_statement(const struct fold *f, uint64_t index, const struct entry *e, const struct hash *root,
                                   struct span issuer, struct statement_out *out, struct problem *p);
/* The period after that statement entry; before it is applied. `said` as for period_next. */
MUST_CHECK enum err fold_next(struct fold *f, uint64_t index, const struct entry *e, const struct hash *root,
                              const struct statement_out *said);
/* Rows and tally of any entry; `before` is the tree in front of it; of a lead with the tokens of its private part
 * (NULL: none). ERR_CORRUPT when it cannot follow those before it; likewise an error of the view. The period of a
 * statement entry ends with fold_next before. */
MUST_CHECK enum err fold_apply(struct fold *f, uint64_t index, const struct entry *e, const struct frontier *before,
                               const struct private_part *priv);

/* The first member of the payload that should be which the recorded one has otherwise; false when they are the same
 * bytes. */
bool fold_difference(struct span recorded, struct span built, char *member, size_t cap);
/* The members in which two JSON objects differ, each with what it is in them, in words: ASCII, and cut where they are
 * long. */
enum { FOLD_WORDS = 440 };
void fold_differences(struct span recorded, struct span built, char stands[FOLD_WORDS], char gives[FOLD_WORDS]);

#endif
