#include "server/commit/refusals.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"

enum { NOBODYS = STANDINGS, ROOMS, LATELY = 4096, WAYS = 4 };

struct waiting {
    uint32_t party;
    uint16_t len;
    char bytes[REFUSAL_MAX];
};

/* A ring, oldest first. */
struct room {
    struct waiting *slot;
    size_t first, n;
    atomic_bool full; /* told without the lock: a flood costs its sender's worker next to nothing */
};

struct refusals {
    pthread_mutex_t lock;
    struct room room[ROOMS];              /* of each standing, and nobody's */
    uint64_t lately[LATELY / WAYS][WAYS]; /* digests, in each row the newest first */
    int64_t after_ms;                     /* the newest that was taken */
};

static const struct {
    size_t cap, batch;
} bounds[ROOMS] = {
    [STANDING_NAMED] = {REFUSALS_NAMED, REFUSALS_NAMED_BATCH},
    [STANDING_PROVEN] = {REFUSALS_PROVEN, REFUSALS_PROVEN_BATCH},
    [STANDING_LATE] = {REFUSALS_LATE, REFUSALS_LATE_BATCH},
    [STANDING_AGAIN] = {REFUSALS_AGAIN, REFUSALS_AGAIN_BATCH},
    [NOBODYS] = {REFUSALS_NOBODYS, REFUSALS_NOBODYS_BATCH},
};

struct refusals *refusals_new(void)
{
    struct refusals *r = xcalloc(1, sizeof *r);
    pthread_mutex_init(&r->lock, NULL);
    for (size_t i = 0; i < ROOMS; i++)
        r->room[i].slot = xcalloc(bounds[i].cap, sizeof *r->room[i].slot);
    return r;
}

void refusals_free(struct refusals *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < ROOMS; i++)
        free(r->room[i].slot);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

static size_t cap_of(const struct refusals *r, const struct room *room)
{
    return bounds[room - r->room].cap;
}

static struct waiting *slot(const struct refusals *r, const struct room *room, size_t i)
{
    return &room->slot[(room->first + i) % cap_of(r, room)];
}

/* Nobody's are of anybody: all of the room may be. */
static bool has_place(const struct refusals *r, const struct room *room, uint32_t party)
{
    size_t of_party = 0;
    if (room->n == cap_of(r, room))
        return false;
    for (size_t i = 0; i < room->n && party != 0; i++)
        of_party += slot(r, room, i)->party == party;
    return of_party < cap_of(r, room) / 2;
}

bool refusals_again(struct refusals *r, uint64_t digest)
{
    uint64_t *row = r->lately[digest % (LATELY / WAYS)];
    size_t at = 0;
    pthread_mutex_lock(&r->lock);
    while (at < WAYS - 1 && row[at] != digest)
        at++;
    bool again = row[at] == digest;
    memmove(row + 1, row, at * sizeof *row);
    row[0] = digest;
    pthread_mutex_unlock(&r->lock);
    return again;
}

bool refusals_add(struct refusals *r, const struct refusal *one)
{
    struct room *room = &r->room[one->room.party == 0 ? (size_t)NOBODYS : (size_t)one->room.standing];
    if (atomic_load_explicit(&room->full, memory_order_relaxed))
        return false;
    pthread_mutex_lock(&r->lock);
    bool place = has_place(r, room, one->room.party);
    if (place) {
        struct waiting *w = slot(r, room, room->n++);
        struct buf b;
        buf_fixed(&b, w->bytes, sizeof w->bytes);
        refusal_write(&b, one);
        w->party = one->room.party;
        w->len = (uint16_t)b.len;
        atomic_store_explicit(&room->full, room->n == cap_of(r, room), memory_order_relaxed);
    }
    pthread_mutex_unlock(&r->lock);
    return place;
}

bool refusals_any(struct refusals *r)
{
    pthread_mutex_lock(&r->lock);
    bool any = false;
    for (size_t i = 0; i < ROOMS; i++)
        any |= r->room[i].n > 0;
    pthread_mutex_unlock(&r->lock);
    return any;
}

/* Whoever follows the log goes by times: those of one batch are later than those of all before, also of one that waited
 * while others went. But a clock that was set back by more is taken at its word. */
static void date(struct refusals *r, struct waiting *w, int64_t *newest_ms)
{
    enum { BACK_MS = 60000 };
    int64_t at_ms = (int64_t)~load_be64(w->bytes + REFUSAL_ROOM_LEN);
    if (at_ms <= r->after_ms && at_ms > r->after_ms - BACK_MS)
        at_ms = r->after_ms + 1;
    store_be64(w->bytes + REFUSAL_ROOM_LEN, ~(uint64_t)at_ms);
    if (*newest_ms < at_ms)
        *newest_ms = at_ms;
}

static size_t move(struct refusals *r, struct room *room, size_t most, struct buf *rows, int64_t *newest_ms)
{
    size_t n = room->n < most ? room->n : most;
    for (size_t i = 0; i < n; i++) {
        date(r, slot(r, room, i), newest_ms);
        buf_add(rows, slot(r, room, i)->bytes, slot(r, room, i)->len);
    }
    room->first = (room->first + n) % cap_of(r, room);
    room->n -= n;
    if (n > 0)
        atomic_store_explicit(&room->full, false, memory_order_relaxed);
    return n;
}

/* Each room its share; what is left over goes to what is proven. */
size_t refusals_take(struct refusals *r, struct buf *rows)
{
    size_t n = 0;
    int64_t newest_ms = 0;
    pthread_mutex_lock(&r->lock);
    for (size_t i = 0; i < ROOMS; i++)
        n += move(r, &r->room[i], bounds[i].batch, rows, &newest_ms);
    n += move(r, &r->room[STANDING_PROVEN], REFUSALS_BATCH - n, rows, &newest_ms);
    if (n > 0)
        r->after_ms = newest_ms;
    pthread_mutex_unlock(&r->lock);
    return n;
}
