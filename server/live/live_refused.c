/* What was refused of the caller's, oldest first, from the refused log. Its rows are dated so that those of a batch are
 * later than all before: a time, and how many of that millisecond were told, is a place to go on from. */
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "server/api/call.h"
#include "server/api/refusal_json.h"
#include "server/commit/refused_log.h"
#include "server/live/live_private.h"
#include "server/system/system.h"

enum { REFUSED_MOST = 1000, ROOMS_MOST = 4096 }; /* rows that one piece looks at; rooms of an operator's */

struct found {
    uint8_t key[REFUSAL_KEY_LEN];
};

struct refused {
    struct piece *p;
    struct found *row;
    size_t n;
    bool too_many;
};

static int64_t at_of(const struct found *f)
{
    return (int64_t)~load_be64(f->key + REFUSAL_ROOM_LEN);
}

/* Rows of a room from the newest on, down to the place. *next: the room that follows. */
static enum err look_at_room(struct refused *l, struct cursor *c, uint64_t *room, bool *ended)
{
    const struct refusal_room at = {(uint32_t)(*room / STANDINGS), (enum standing)(*room % STANDINGS)};
    uint8_t from[REFUSAL_ROOM_LEN];
    struct span key, value;
    refusal_room_key(&at, from);
    enum err step = cursor_seek(c, span_of(from, sizeof from), &key, &value);
    for (; step == ERR_OK && key.len == REFUSAL_KEY_LEN && memcmp(key.ptr, from, sizeof from) == 0;
         step = cursor_next(c, &key, &value)) {
        if ((int64_t)~load_be64(key.ptr + REFUSAL_ROOM_LEN) < l->p->place.refused_ms)
            break;
        l->too_many |= l->n == REFUSED_MOST;
        if (l->too_many)
            return ERR_OK;
        memcpy(l->row[l->n++].key, key.ptr, REFUSAL_KEY_LEN);
    }
    ++*room;
    *ended = step == ERR_NOT_FOUND;
    return cursor_end(step);
}

/* Moves on to the next room with rows. */
static enum err next_room(struct cursor *c, uint64_t *room, bool *ended)
{
    const struct refusal_room at = {(uint32_t)(*room / STANDINGS), (enum standing)(*room % STANDINGS)};
    uint8_t from[REFUSAL_ROOM_LEN];
    struct span key, value;
    struct refusal row;
    refusal_room_key(&at, from);
    enum err err = cursor_seek(c, span_of(from, sizeof from), &key, &value);
    *ended = err == ERR_NOT_FOUND;
    if (err == ERR_OK && (err = refusal_read(key, value, &row)) == ERR_OK)
        *room = (uint64_t)row.room.party * STANDINGS + row.room.standing;
    return cursor_end(err);
}

static enum err find(struct refused *l)
{
    const struct party *caller = l->p->rq.caller;
    bool all = caller->role == ROLE_OPERATOR, ended = false;
    uint64_t room = all ? 0 : (uint64_t)caller->number * STANDINGS;
    uint64_t last = all ? (uint64_t)UINT32_MAX * STANDINGS : room + STANDINGS - 1;
    struct cursor *c;
    enum err err = cursor_open(l->p->txn, TABLE_REFUSED, &c);
    if (err != ERR_OK)
        return err;
    for (size_t n = 0; room <= last && !ended && !l->too_many && err == ERR_OK; n++) {
        l->too_many |= n == ROOMS_MOST;
        err = next_room(c, &room, &ended);
        if (err == ERR_OK && !ended && room <= last)
            err = look_at_room(l, c, &room, &ended);
    }
    cursor_close(c);
    return err;
}

/* Oldest first; of one millisecond in an order of their own, which stays. */
static int by_time(const void *a, const void *b)
{
    return -memcmp(((const struct found *)a)->key + REFUSAL_ROOM_LEN, ((const struct found *)b)->key + REFUSAL_ROOM_LEN,
                   REFUSAL_KEY_LEN - REFUSAL_ROOM_LEN);
}

static enum err write(struct piece *p, const struct found *f)
{
    struct span value;
    struct refusal row;
    enum err err = store_get(p->txn, TABLE_REFUSED, span_of(f->key, sizeof f->key), &value);
    if (err == ERR_OK)
        err = refusal_read(span_of(f->key, sizeof f->key), value, &row);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    bool same = at_of(f) == p->place.refused_ms;
    p->place.refused = same ? (uint16_t)(p->place.refused + 1) : 1;
    p->place.refused_ms = at_of(f);
    piece_event(p, "refused");
    refusal_json(&p->json, &row);
    piece_event_end(p);
    return ERR_OK;
}

/* More than are told one by one: where they are to be read. */
static void write_missed(struct piece *p)
{
    int64_t from_ms = p->place.refused_ms;
    p->place.refused_ms = clock_ms();
    p->place.refused = 0;
    piece_event(p, "refused");
    jw_object(&p->json);
    jw_ktime(&p->json, "from", from_ms);
    jw_kbool(&p->json, "missed", true);
    jw_ktime(&p->json, "to", p->place.refused_ms);
    jw_object_end(&p->json);
    piece_event_end(p);
}

static enum err write_all(struct refused *l)
{
    struct piece *p = l->p;
    size_t skip = 0, at = 0;
    enum err err = ERR_OK;
    qsort(l->row, l->n, sizeof *l->row, by_time);
    for (; at < l->n && skip < p->place.refused && at_of(&l->row[at]) == p->place.refused_ms; at++)
        skip++;
    for (; at < l->n && err == ERR_OK && !piece_full(p); at++)
        err = write(p, &l->row[at]);
    p->stream->behind |= at < l->n;
    return err;
}

enum err piece_refused(struct piece *p)
{
    struct refused l = {.p = p};
    enum err err = worker_reader(p->rq.worker, &p->txn);
    if (err != ERR_OK)
        return err;
    l.row = xmalloc(REFUSED_MOST * sizeof *l.row);
    err = find(&l);
    if (err == ERR_OK && l.too_many)
        write_missed(p);
    else if (err == ERR_OK)
        err = write_all(&l);
    free(l.row);
    return err;
}
