/* A field's tokens are a be16: a number in the book, or what says which tags follow in full. */
#include "common/score/score_book.h"

#include <assert.h>

#include "common/base/bytes.h"

enum { TEXT = 0xfffe, NUMBER = 0xffff }; /* the fine tag follows; the fine one and the coarse one */
static_assert(BOOK_SETS * BOOK_WAYS <= TEXT, "each number of the book has a code of its own");

/* The number of such tokens, written in if there is room; TEXT: there is none. */
static unsigned number_of(struct score_book *book, uint64_t fine, uint64_t coarse)
{
    unsigned set = ((fine ^ fine >> 32) >> 2) % BOOK_SETS;
    for (unsigned i = 0; i < BOOK_WAYS; i++) {
        uint64_t *f = &book->set[set].fine[i], *c = &book->set[set].coarse[i];
        if (*f == 0) {
            *f = fine;
            *c = coarse;
        }
        if (*f == fine && *c == coarse)
            return set * BOOK_WAYS + i;
    }
    return TEXT;
}

size_t score_book_write(struct score_book *book, const struct score_shape *s, const struct score_tokens *t,
                        uint8_t out[BOOK_LEAD_MAX])
{
    uint8_t *at = out;
    for (size_t f = 0; f < s->fields; f++) {
        unsigned n = number_of(book, t->fine[f], t->coarse[f]);
        bool full = n == TEXT, both = full && t->coarse[f] != 0;
        store_be16(at, (uint16_t)(both ? NUMBER : n));
        at += 2;
        if (full) {
            store_be64(at, t->fine[f]);
            at += 8;
        }
        if (both) {
            store_be64(at, t->coarse[f]);
            at += 8;
        }
    }
    return (size_t)(at - out);
}

static bool field_read(const struct score_book *book, struct span *rest, uint64_t *fine, uint64_t *coarse)
{
    const uint8_t *at = (const uint8_t *)rest->ptr;
    unsigned n = rest->len >= 2 ? load_be16(at) : 0;
    size_t len = n == NUMBER ? 18 : n == TEXT ? 10 : 2;
    if (rest->len < len)
        return false;
    *fine = n < TEXT ? book->set[n / BOOK_WAYS].fine[n % BOOK_WAYS] : load_be64(at + 2);
    *coarse = n < TEXT ? book->set[n / BOOK_WAYS].coarse[n % BOOK_WAYS] : n == NUMBER ? load_be64(at + 10) : 0;
    *rest = span_skip(*rest, len);
    return true;
}

size_t score_book_read(const struct score_book *book, const struct score_shape *s, struct span bytes,
                       struct score_tokens *out)
{
    struct span rest = bytes;
    for (size_t f = 0; f < s->fields; f++)
        if (!field_read(book, &rest, &out->fine[f], &out->coarse[f]))
            return 0;
    score_pairs(s, out);
    return bytes.len - rest.len;
}
