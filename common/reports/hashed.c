#include "common/reports/hashed.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"

enum { FIRST = 8 };

static void put(struct hashed *h, uint64_t hash, void *what)
{
    size_t at = hash & (h->room - 1);
    while (h->slot[at].what != NULL)
        at = (at + 1) & (h->room - 1);
    h->slot[at] = (struct hashed_slot){hash, what};
}

static void grow(struct hashed *h)
{
    const struct hashed old = *h;
    h->room = old.room > 0 ? 2 * old.room : FIRST;
    h->slot = xcalloc(h->room, sizeof *h->slot);
    for (size_t i = 0; i < old.room; i++)
        if (old.slot[i].what != NULL)
            put(h, old.slot[i].hash, old.slot[i].what);
    free(old.slot);
}

void hashed_add(struct hashed *h, uint64_t hash, void *what)
{
    if (2 * h->n >= h->room)
        grow(h);
    put(h, hash, what);
    h->n++;
}

void *hashed_next(const struct hashed *h, uint64_t hash, size_t *at)
{
    for (; *at < h->room; ++*at) {
        const struct hashed_slot *s = &h->slot[(hash + *at) & (h->room - 1)];
        if (s->what == NULL)
            return NULL;
        if (s->hash == hash) {
            ++*at;
            return s->what;
        }
    }
    return NULL;
}

void hashed_remove(struct hashed *h, uint64_t hash, const void *what)
{
    const size_t mask = h->room - 1;
    size_t hole = hash & mask;
    while (h->slot[hole].what != what)
        hole = (hole + 1) & mask;
    for (size_t at = (hole + 1) & mask; h->slot[at].what != NULL; at = (at + 1) & mask) {
        if (((at - h->slot[at].hash) & mask) < ((at - hole) & mask))
            continue; /* who looks for it does not come by the hole */
        h->slot[hole] = h->slot[at];
        hole = at;
    }
    h->slot[hole].what = NULL;
    h->n--;
}

void hashed_free(struct hashed *h)
{
    free(h->slot);
    memset(h, 0, sizeof *h);
}
