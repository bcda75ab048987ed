/* The refused log: what was refused of a party's, newest first; the operator reads all. Rows of a room (refusal.h)
 * stand newest first; those of the rooms that a caller may read are merged. */
#include <stdio.h>
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "server/api/api.h"
#include "server/api/call.h"
#include "server/api/list.h"
#include "server/api/refusal_json.h"
#include "server/commit/refused_log.h"
#include "server/system/log.h"

enum { CURSOR_LEN = 2 * 16 }; /* hex of a time and a request id, complements as in keys */

/* A room's next row. */
struct room_head {
    struct refusal row;
    uint8_t key[REFUSAL_KEY_LEN];
};

struct refused {
    struct request *rq;
    struct txn *txn;
    const struct party *only; /* NULL: every party, and nobody */
    int64_t from_ms, to_ms;   /* from <= at < to */
    uint8_t start[16];        /* the place in each room to begin at: end of a key */
    struct room_head *head;
    size_t n;
    struct list list;
    char last[CURSOR_LEN];
};

/* ---- the rooms' heads ---- */

/* The first row from this key on, of whatever room. Rows that do not read are check's business, and an error here. */
static enum err seek(struct refused *l, struct span from, struct room_head *out)
{
    struct cursor *c;
    struct span key, value;
    enum err err = cursor_open(l->txn, TABLE_REFUSED, &c);
    if (err != ERR_OK)
        return err;
    if ((err = cursor_seek(c, from, &key, &value)) == ERR_OK && (err = refusal_read(key, value, &out->row)) == ERR_OK)
        memcpy(out->key, key.ptr, REFUSAL_KEY_LEN);
    cursor_close(c);
    return err;
}

/* As seek, within one room and the times that are wanted; ERR_NOT_FOUND past them. */
static enum err seek_within(struct refused *l, const struct refusal_room *room, struct span from, struct room_head *out)
{
    enum err err = seek(l, from, out);
    if (err != ERR_OK)
        return err;
    bool same = out->row.room.party == room->party && out->row.room.standing == room->standing;
    return same && out->row.at_ms >= l->from_ms ? ERR_OK : ERR_NOT_FOUND;
}

static enum err open_room(struct refused *l, const struct refusal_room *room)
{
    uint8_t from[REFUSAL_KEY_LEN];
    struct room_head found;
    refusal_room_key(room, from);
    memcpy(from + REFUSAL_ROOM_LEN, l->start, sizeof l->start);
    enum err err = seek_within(l, room, span_of(from, sizeof from), &found);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    l->head = xrealloc(l->head, (l->n + 1) * sizeof *l->head);
    l->head[l->n++] = found;
    return ERR_OK;
}

/* Rooms in the order of their keys, counted. */
static uint64_t number_of(const struct refusal_room *room)
{
    return (uint64_t)room->party * STANDINGS + room->standing;
}

/* Those of one party, or all that there are: each is found from the one before. */
static enum err open_rooms(struct refused *l)
{
    uint64_t at = l->only != NULL ? (uint64_t)l->only->number * STANDINGS : 0;
    uint64_t last = l->only != NULL ? at + STANDINGS - 1 : (uint64_t)UINT32_MAX * STANDINGS + STANDINGS - 1;
    while (at <= last) {
        const struct refusal_room room = {(uint32_t)(at / STANDINGS), (enum standing)(at % STANDINGS)};
        uint8_t from[REFUSAL_ROOM_LEN];
        struct room_head found;
        refusal_room_key(&room, from);
        enum err err = seek(l, span_of(from, sizeof from), &found);
        if (err == ERR_OK && (at = number_of(&found.row.room)) <= last)
            err = open_room(l, &found.row.room);
        if (err != ERR_OK)
            return err == ERR_NOT_FOUND ? ERR_OK : err;
        at++;
    }
    return ERR_OK;
}

/* ---- the list ---- */

static const uint8_t *place(const struct room_head *h)
{
    return h->key + REFUSAL_ROOM_LEN;
}

static size_t newest(const struct refused *l)
{
    size_t best = 0;
    for (size_t i = 1; i < l->n; i++)
        if (memcmp(place(&l->head[i]), place(&l->head[best]), sizeof l->start) < 0)
            best = i;
    return best;
}

void refusal_json(struct jw *w, const struct refusal *r)
{
    char id[REQUEST_ID_LEN];
    request_id_write(r->request_id, id);
    jw_object(w);
    jw_ktime(w, "at", r->at_ms);
    jw_kstr(w, "field", r->field);
    jw_kstr(w, "kid", r->kid);
    jw_kstr(w, "reason", r->reason);
    jw_kstr(w, "request_id", span_of(id, sizeof id));
    jw_kstr(w, "route", r->route);
    jw_kint(w, "status", r->status);
    jw_object_end(w);
}

static void write_item(struct refused *l, const struct room_head *h)
{
    struct buf last;
    refusal_json(&l->list.w, &h->row);
    buf_fixed(&last, l->last, sizeof l->last);
    buf_hex(&last, place(h), sizeof l->start);
}

static enum err write_items(struct refused *l)
{
    while (l->n > 0) {
        struct room_head *h = &l->head[newest(l)];
        uint8_t next[REFUSAL_KEY_LEN + 1] = {0}; /* the least key that is greater */
        if (!list_item(&l->list))
            return ERR_OK;
        write_item(l, h);
        const struct refusal_room room = h->row.room;
        memcpy(next, h->key, REFUSAL_KEY_LEN);
        enum err err = seek_within(l, &room, span_of(next, sizeof next), h);
        if (err == ERR_NOT_FOUND)
            *h = l->head[--l->n];
        else if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

/* ---- GET /v1/refused ---- */

static enum err read_time(struct request *rq, const struct param *p, int64_t *out)
{
    if (p->given && time_parse(p->value, out) != ERR_OK)
        return problem(&rq->problem, ERR_MALFORMED, p->name, "must be an RFC 3339 time such as 2026-11-22T10:00:00Z");
    return ERR_OK;
}

/* Right after the row that `after` names, but no later than `to`. */
static enum err read_start(struct refused *l, struct span after)
{
    uint8_t before[sizeof l->start];
    size_t len;
    store_be64(l->start, ~(uint64_t)(l->to_ms - 1));
    store_be64(l->start + 8, 0);
    if (span_empty(after))
        return ERR_OK;
    if (after.len != CURSOR_LEN || hex_decode(after, before, sizeof before, &len) != ERR_OK)
        return problem(&l->rq->problem, ERR_MALFORMED, "after", "must be the `next` of the answer before");
    for (size_t i = sizeof before; i-- > 0 && ++before[i] == 0;)
        ;
    if (memcmp(before, l->start, sizeof before) > 0)
        memcpy(l->start, before, sizeof before);
    return ERR_OK;
}

static enum err read_window(struct refused *l, struct window *window)
{
    struct param more[] = {{.name = "from"}, {.name = "to"}, {.name = "party"}};
    struct request *rq = l->rq;
    enum err err = window_read(rq, more, sizeof more / sizeof *more, window);
    if (err == ERR_OK)
        err = read_time(rq, &more[0], &l->from_ms);
    if (err == ERR_OK)
        err = read_time(rq, &more[1], &l->to_ms);
    if (err == ERR_OK && more[2].given)
        err = call_party(rq, more[2].value, &l->only);
    else if (err == ERR_OK && !caller_is(rq, ROLE_OPERATOR))
        l->only = rq->caller;
    if (err != ERR_OK)
        return err;
    if (l->from_ms < rq->arrived_ms - REFUSED_KEEP_MS)
        l->from_ms = rq->arrived_ms - REFUSED_KEEP_MS;
    return read_start(l, window->after);
}

enum err refused_list(struct request *rq, struct reply *reply)
{
    struct refused l = {.rq = rq, .to_ms = INT64_MAX};
    struct window window;
    enum err err;
    if ((err = read_window(&l, &window)) != ERR_OK || (err = worker_reader(rq->worker, &l.txn)) != ERR_OK)
        return err;
    list_open(&l.list, &window);
    if ((err = open_rooms(&l)) == ERR_OK)
        err = write_items(&l);
    if (err == ERR_OK)
        list_reply(rq, reply, &l.list, span_of(l.last, sizeof l.last));
    else
        list_abandon(&l.list);
    free(l.head);
    return err;
}
