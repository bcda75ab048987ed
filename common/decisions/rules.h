/* Rules have a number, which stands in each `terms` entry: what decisions under one number mean never changes, so that
 * a log of any age is decided again as it was. What belongs to a number: FORMATS.md, "Rules". Who changes any of that
 * adds a row, keeps the functions of the rows before, and lets RULES_NOW be the new number. */
#ifndef CS_DECISIONS_RULES_H
#define CS_DECISIONS_RULES_H

#include "common/decisions/contact.h"
#include "common/decisions/decide.h"

enum { RULES_NOW = 1 }; /* the number of terms that are made today */

struct ruleset {
    int64_t number;
    enum err (*compile)(const struct terms *beside, struct span campaign, struct span contract, struct terms **out,
                        struct problem *p);
    void (*lead)(const struct terms *t, uint64_t terms_index, const struct lead_report *r, const struct lead_facts *f,
                 int64_t now_ms, struct entry *out);
    enum err (*disposition)(uint64_t terms_index, const struct disposition_report *r, const struct lead_row *lead,
                            const struct disposition_facts *f, int64_t now_ms, struct entry *out, bool *same,
                            struct problem *p);
    bool (*due)(uint64_t terms_index, uint64_t lead_index, const struct lead_row *lead, int64_t now_ms,
                struct entry *out);
    enum err (*email)(struct span email, struct buf *key);
    enum phone (*phone)(struct span phone, struct span country, struct span fallback, struct buf *key);
};

/* NULL: only another version of this program knows them. */
const struct ruleset *rules_find(int64_t number);
/* Compiles a terms entry by its own rules, which *out keeps. ERR_NOT_IMPLEMENTED when they are not known here: nothing
 * can be told of what they decide. Else as terms_compile. */
MUST_CHECK enum err rules_compile(const struct entry_terms *e, struct terms **out, struct problem *p);
/* As terms_compile_beside: beside is NULL, or of the same rules. */
MUST_CHECK enum err rules_compile_beside(const struct terms *beside, const struct entry_terms *e, struct terms **out,
                                         struct problem *p);

#endif
