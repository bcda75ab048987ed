/* A table of things by their hash: open addressing. Several may have the same; whoever looks tells them apart. */
#ifndef CS_REPORTS_HASHED_H
#define CS_REPORTS_HASHED_H

#include <stddef.h>
#include <stdint.h>

struct hashed {
    struct hashed_slot {
        uint64_t hash;
        void *what; /* NULL: it is free */
    } * slot;
    size_t n, room; /* a power of two, or 0 */
};

void hashed_add(struct hashed *h, uint64_t hash, void *what);
/* The next of that hash from place *at on, which is 0 at first; NULL: there is none more. */
void *hashed_next(const struct hashed *h, uint64_t hash, size_t *at);
/* Where hashed_next looks first: brought near ahead of it, the thing there may be too. */
static inline const struct hashed_slot *hashed_first(const struct hashed *h, uint64_t hash)
{
    return h->room > 0 ? &h->slot[hash & (h->room - 1)] : NULL;
}
/* Which is in it. */
void hashed_remove(struct hashed *h, uint64_t hash, const void *what);
/* Without what it holds; it may be used anew. */
void hashed_free(struct hashed *h);

#endif
