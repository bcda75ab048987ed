/* gather -> decide -> (entry) -> apply, the same in the server, in check and in verify.
 *
 * gather reads what the decision needs through a view; decide is a pure function of (terms, request, facts, now); the
 * result is written straight into a struct entry; apply folds an entry into row operations and the tally. No I/O, no
 * clock, no globals. */
#ifndef CS_DECISIONS_DECIDE_H
#define CS_DECISIONS_DECIDE_H

#include "common/decisions/credit.h"
#include "common/decisions/model.h"
#include "common/decisions/tally.h"
#include "common/tokens/tokens.h"

/* A lead as reported: what the worker verified and worked out without reading the store. All click ids in touches are
 * of this campaign. */
struct lead_report {
    struct span party; /* empty: a pixel's */
    enum trust trust;
    struct span txid;
    unsigned given, bad;
    bool test, honeypot;
    bool disposable;      /* the e-mail address is one that anybody gets for an hour */
    bool claimed;         /* carried at least one click id, valid or not */
    uint32_t clock_steps; /* of the server's clock, that it knew of when it came */
    bool clock_unsure;    /* one of them was large, and is not confirmed: no time is sure */
    struct pointer touches[LIMIT_TOUCHES];
    size_t n_touches;
    struct fact facts[LIMIT_FIELDS]; /* in name order, only those that terms_uses_fact */
    size_t n_facts;
    struct span sub[LIMIT_SUBS];
    int64_t utc_offset_s; /* of the campaign's zone when it arrived */
    bool has_email, has_phone;
    uint8_t email[TOKEN_LEN], phone[TOKEN_LEN];
    uint8_t facts_sha256[HASH_LEN];
    struct hash commitment, request; /* as an entry has them */
};

/* Who an entry belongs to, as numbers of the caller's choosing (catalog numbers in the server, 1 in verify). */
struct fold_context {
    uint32_t contract, campaign;
    struct span contract_id;
    uint32_t advertiser;
    bool alone; /* the rows are of this contract only: what the campaign's others did is not known */
    const struct score_model *model; /* what the contract's log has taught so far; NULL: nothing */
    struct scored *scored;           /* what is said of the lead goes there as well; NULL: nobody asks */
    bool score_stands;               /* a lead that is decided again keeps the score that its entry has */
    bool score_told;                 /* and that it was held by it, if its entry says so */
};

struct lead_facts {
    struct touch touches[LIMIT_TOUCHES]; /* those that exist, as they were named */
    size_t n_touches;
    bool found;
    uint32_t others;      /* further touches that exist */
    struct credit credit; /* of the contract that is asked about: click is the latest touch, until another
                             model's credit is put in its place */
    bool has_dup;
    bool dup_here;          /* in the contract that got the credit */
    struct place dup;       /* the latest lead that stands and is of this person, inside the dedupe window */
    struct hash dup_commit; /* to it, where it is not here */
    bool dup_sometime;      /* there is none, but one that came at a time that the clock's steps made unknown */
    struct caps_used {
        struct cap_row day, month;
    } in_campaign, in_contract;
    const struct score_model *model;  /* what the lead is scored by */
    struct scored *scored;            /* what is said of it goes there as well; NULL: nobody asks */
    const struct entry_lead *as_told; /* whose score it keeps; NULL: the model says it */
    bool low_told;                    /* and whether it holds */
    struct span utm_source;           /* of the click that takes the credit, where the terms score by it */
    enum reason cap; /* what an entry says that the campaign's caps came to, where others' leads are not known */
};

void touch_click(struct touch *t, const struct clicked *c);
/* The touches, and the credit of the model `last`: the latest of them. Reads clicks only, so it comes before the
 * contract (hence the terms) is known. Like gather_person: an error of the view, or ERR_CORRUPT, and nothing may be
 * decided. */
MUST_CHECK enum err gather_touches(const struct view *v, const struct lead_report *r, struct lead_facts *out);
/* The lead that stands in this one's way, under the terms of the contract that got the credit: cx is that one's. Reads
 * out->credit, so it comes after gather_touches. Parts of one lead are in nobody's way. */
MUST_CHECK enum err gather_person(const struct view *v, const struct fold_context *cx, const struct terms *t,
                                  const struct lead_report *r, int64_t now_ms, struct lead_facts *out);
/* What stands already of the lead's day and month, where the terms have caps. Like gather_person. */
MUST_CHECK enum err gather_caps(const struct view *v, const struct fold_context *cx, const struct terms *t,
                                const struct lead_report *r, int64_t now_ms, struct lead_facts *out);
/* What the lead is scored by, where the terms score; utm_source of the click that takes the credit goes into `source`,
 * which lives as long as the decision. Like gather_person. */
MUST_CHECK enum err gather_score(const struct view *v, const struct fold_context *cx, const struct terms *t,
                                 char source[LIMIT_PARAM], struct lead_facts *out);
/* Decides and fills *out completely but commitment and terms index (copied in by the caller's argument). First reason
 * that applies wins, in this order: test, contract_ended, no_click/unknown_click, outside_window, honeypot,
 * missing_field, bad_email (malformed, or disposable where the terms say reject), bad_phone, outside_profile, too_fast,
 * duplicate, cap_day, cap_month, budget; then held (an unrecorded click, a disposable address, a phone that does not
 * read, faster than hold_below_s, at a time from its click that a step of the clock made unknowable, by a pixel that is
 * not trusted), pending, or approved at once (auto, 0 days). now_ms: by the server's clock; it is left as the entry's
 * time. */
void decide_lead(const struct terms *t, uint64_t terms_index, const struct lead_report *r, const struct lead_facts *f,
                 int64_t now_ms, struct entry *out);

struct disposition_report {
    struct span party;
    enum trust trust;
    struct span txid, text, currency;
    enum status status;
    int64_t amount_micros;
    uint64_t lead;
    struct hash request;
    struct span jws;   /* of TRUST_COUNTERSIGNED, else empty */
    int64_t signed_ms; /* likewise: when, by its own word */
};
struct disposition_facts {
    bool advertiser; /* the campaign's advertiser says so itself */
    bool asks_key;   /* the terms take what the advertiser's own key signed alone, and it did not sign this */
    bool
        early; /* it was signed long before the lead came to its status, or not later than what was signed of it last */
    bool known; /* this one does not stand, and another lead of the person does: it cannot stand beside it */
};
/* Like gather_person. */
MUST_CHECK enum err gather_disposition(const struct view *v, const struct fold_context *cx, const struct terms *t,
                                       const struct disposition_report *r, const struct lead_row *lead,
                                       struct disposition_facts *out);
/* By the table of transitions in life.c. ERR_CONFLICT, which says what is allowed, when the lead's state does not allow
 * it; ERR_FORBIDDEN when it is the advertiser's alone; ERR_INVALID or ERR_MALFORMED for an amount whose share cannot
 * be. *same is set, and ERR_OK answered, when the lead has that status already: nothing is to be recorded. */
MUST_CHECK enum err decide_disposition(uint64_t terms_index, const struct disposition_report *r,
                                       const struct lead_row *lead, const struct disposition_facts *f, int64_t now_ms,
                                       struct entry *out, bool *same, struct problem *p);
/* What a sale pays beside the lead's price: the lead's sale_ppm of the amount, rounded down to a micro. False: more
 * than one entry may move. */
MUST_CHECK bool sale_share(const struct lead_row *lead, int64_t amount_micros, int64_t *micros);
/* Is `to` something that a disposition says? */
bool disposition_status(enum status to);
/* The system's approval of a lead whose review time ran out; false when it is not (or no longer) due. */
MUST_CHECK bool decide_due(uint64_t terms_index, uint64_t lead_index, const struct lead_row *lead, int64_t now_ms,
                           struct entry *out);

/* Row operations of one entry at `index`. priv is the opened private part's tokens and facts hash for leads (NULL:
 * erased; then no dedupe row, no facts hash). Reads the lead's row for dispositions. ERR_CORRUPT when the entry cannot
 * follow what the view holds; else an error of the view. */
MUST_CHECK enum err apply(const struct fold_context *cx, const struct view *v, const struct terms *t, uint64_t index,
                          const struct entry *e, const struct private_part *priv, struct row_ops *out);
/* Re-runs the decision of a recorded lead entry from what it says and what the view holds: writes the entry it should
 * have been. For dup_contract other than this contract, for other_touches, for its share, and for what a campaign's
 * caps came to where cx is alone, the entry's own word is taken (*foreign is set). Its spans are the recorded one's, or
 * in `source`. An error of the view: it cannot be told. */
MUST_CHECK enum err redecide_lead(const struct fold_context *cx, const struct view *v, const struct terms *t,
                                  uint64_t terms_index, const struct entry *recorded, const struct opening *tokens,
                                  char source[LIMIT_PARAM], struct entry *out, bool *foreign);

#endif
