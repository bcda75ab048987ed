/* What one version of terms says otherwise than the one before it, in words for people who settle by them:
 * "price.lead[0].micros: 12.00 EUR -> 10.00 EUR", "lead.rules[1] added: country in FR, BE". */
#ifndef CS_DECISIONS_TERMS_DIFF_H
#define CS_DECISIONS_TERMS_DIFF_H

#include "common/decisions/terms.h"

struct difference {
    struct span path;           /* of the member in its document; in front of a contract's, where both documents have
                                   such a member, "contract." */
    bool has_before, has_after; /* neither may miss: it was added, or removed */
    struct span before, after;
};

/* Calls each() for every difference, in the order of the documents; spans live until it returns. */
void terms_differences(const struct terms *before, const struct terms *after,
                       void (*each)(void *ctx, const struct difference *d), void *ctx);
/* One difference as a line, without a newline. */
void difference_text(const struct difference *d, struct buf *out);
/* What the terms pay, and (whole) by which rules. */
void terms_words(const struct terms *t, bool whole, struct buf *out);

#endif
