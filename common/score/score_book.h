/* The tokens of many leads, kept until these teach, in few bytes each: most values come again and again, so that a
 * number stands for a field's tokens. No allocation; a book is its owner's, half a MiB, of which few leads touch
 * little.
 */
#ifndef CS_SCORE_BOOK_H
#define CS_SCORE_BOOK_H

#include "common/score/score.h"

enum {
    BOOK_SETS = 8192,
    BOOK_WAYS = 4, /* whoever chose the values, no look-up takes more steps; what has no room stands in full */
    BOOK_LEAD_MAX = SCORE_FIELDS * (2 + 8 + 8)
};

/* A set is a line of the cache. The first that come stay, as long as the book does. All zeros: an empty book. */
struct score_book {
    struct {
        uint64_t fine[BOOK_WAYS], coarse[BOOK_WAYS]; /* fine 0: nothing stands here */
    } set[BOOK_SETS];
};

/* Returns how many bytes were written, which only this book reads again. */
size_t score_book_write(struct score_book *book, const struct score_shape *s, const struct score_tokens *t,
                        uint8_t out[BOOK_LEAD_MAX]);
/* What was written at the front of these bytes, pairs too. Returns how many bytes that were; 0: of fewer fields. */
size_t score_book_read(const struct score_book *book, const struct score_shape *s, struct span bytes,
                       struct score_tokens *out);

#endif
