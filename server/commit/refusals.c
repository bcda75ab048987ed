#include "server/commit/refusals.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/base/mem.h"

enum { STANDINGS = 3 };

struct waiting {
    uint32_t party;
    uint16_t len;
    char bytes[REFUSAL_MAX];
};

/* A ring, oldest first. */
struct standing {
    struct waiting *slot;
    size_t cap, first, n;
    atomic_bool full; /* told without the lock: a flood costs its sender's worker next to nothing */
};

struct refusals {
    pthread_mutex_t lock;
    struct standing standing[STANDINGS]; /* proven, named, nobody's */
};

struct refusals *refusals_new(void)
{
    static const size_t caps[STANDINGS] = {REFUSALS_PROVEN, REFUSALS_NAMED, REFUSALS_NOBODYS};
    struct refusals *r = xcalloc(1, sizeof *r);
    pthread_mutex_init(&r->lock, NULL);
    for (size_t i = 0; i < STANDINGS; i++) {
        r->standing[i].cap = caps[i];
        r->standing[i].slot = xcalloc(caps[i], sizeof *r->standing[i].slot);
    }
    return r;
}

void refusals_free(struct refusals *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < STANDINGS; i++)
        free(r->standing[i].slot);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

static struct waiting *slot(const struct standing *s, size_t i)
{
    return &s->slot[(s->first + i) % s->cap];
}

/* Nobody's are of anybody: all of the room may be. */
static bool has_room(const struct standing *s, uint32_t party)
{
    size_t of_party = 0;
    if (s->n == s->cap)
        return false;
    for (size_t i = 0; i < s->n && party != 0; i++)
        of_party += slot(s, i)->party == party;
    return of_party < s->cap / 2;
}

bool refusals_add(struct refusals *r, const struct refusal *one)
{
    struct standing *s = &r->standing[one->room.party == 0 ? 2 : one->room.proven ? 0 : 1];
    if (atomic_load_explicit(&s->full, memory_order_relaxed))
        return false;
    pthread_mutex_lock(&r->lock);
    bool room = has_room(s, one->room.party);
    if (room) {
        struct waiting *w = slot(s, s->n++);
        struct buf b;
        buf_fixed(&b, w->bytes, sizeof w->bytes);
        refusal_write(&b, one);
        w->party = one->room.party;
        w->len = (uint16_t)b.len;
        atomic_store_explicit(&s->full, s->n == s->cap, memory_order_relaxed);
    }
    pthread_mutex_unlock(&r->lock);
    return room;
}

bool refusals_any(struct refusals *r)
{
    pthread_mutex_lock(&r->lock);
    bool any = false;
    for (size_t i = 0; i < STANDINGS; i++)
        any |= r->standing[i].n > 0;
    pthread_mutex_unlock(&r->lock);
    return any;
}

static size_t move(struct standing *s, size_t most, struct buf *rows)
{
    size_t n = s->n < most ? s->n : most;
    for (size_t i = 0; i < n; i++)
        buf_add(rows, slot(s, i)->bytes, slot(s, i)->len);
    s->first = (s->first + n) % s->cap;
    s->n -= n;
    if (n > 0)
        atomic_store_explicit(&s->full, false, memory_order_relaxed);
    return n;
}

size_t refusals_take(struct refusals *r, struct buf *rows)
{
    pthread_mutex_lock(&r->lock);
    size_t n = move(&r->standing[2], REFUSALS_NOBODYS_BATCH, rows);
    n += move(&r->standing[0], REFUSALS_BATCH * 3 / 4 - n, rows);
    n += move(&r->standing[1], REFUSALS_BATCH - n, rows);
    pthread_mutex_unlock(&r->lock);
    return n;
}
