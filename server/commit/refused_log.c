/* The fold of a record of refusals: new rows in, those past their time or number out. Reads first, writes last. */
#include "server/commit/refused_log.h"

#include "common/base/bytes.h"
#include "server/commit/batch.h"
#include "server/commit/refusals.h"

enum { DELETES_MAX = 1024 }; /* of one record: the rest goes with the next ones */
/* Rows that are read for it, and one room's more: of the rooms that something comes into, and with the round in all.
 * What is left of the former is the round's to find. */
enum { READS_TOUCHED = 8192, READS_MOST = 16384 };

struct plan {
    struct txn *txn;
    int64_t now_ms;
    struct {
        struct refusal_room room;
        size_t incoming;
    } touched[REFUSALS_BATCH];
    size_t n_touched, n_gone, n_read;
    uint8_t gone[DELETES_MAX][REFUSAL_KEY_LEN];
};

static bool in_room(struct span key, const uint8_t room[REFUSAL_ROOM_LEN])
{
    return key.len == REFUSAL_KEY_LEN && memcmp(key.ptr, room, REFUSAL_ROOM_LEN) == 0;
}

static const size_t rows_most[STANDINGS] = {
    [STANDING_NAMED] = REFUSED_NAMED_MOST,
    [STANDING_PROVEN] = REFUSED_PROVEN_MOST,
    [STANDING_LATE] = REFUSED_LATE_MOST,
    [STANDING_AGAIN] = REFUSED_AGAIN_MOST,
};

/* Plans what goes of a room so that `incoming` more fit: reads it from the newest on. */
static enum err trim(struct plan *p, const struct refusal_room *room, size_t incoming)
{
    size_t all = rows_most[room->standing], most = incoming < all ? all - incoming : 0, kept = 0;
    uint8_t first[REFUSAL_ROOM_LEN];
    struct cursor *c;
    struct span key, value;
    refusal_room_key(room, first);
    enum err err = cursor_open(p->txn, TABLE_REFUSED, &c);
    if (err != ERR_OK)
        return err;
    enum err step = cursor_seek(c, span_of(first, sizeof first), &key, &value);
    for (; step == ERR_OK && in_room(key, first) && p->n_gone < DELETES_MAX; step = cursor_next(c, &key, &value)) {
        int64_t at_ms = (int64_t)~load_be64(key.ptr + REFUSAL_ROOM_LEN);
        p->n_read++;
        if (kept < most && at_ms >= p->now_ms - REFUSED_KEEP_MS && at_ms <= p->now_ms + REFUSED_AHEAD_MS)
            kept++;
        else
            memcpy(p->gone[p->n_gone++], key.ptr, REFUSAL_KEY_LEN);
    }
    cursor_close(c);
    return cursor_end(step);
}

static void touch(struct plan *p, const struct refusal_room *room)
{
    size_t i = 0;
    while (i < p->n_touched &&
           (p->touched[i].room.party != room->party || p->touched[i].room.standing != room->standing))
        i++;
    if (i == p->n_touched)
        p->touched[p->n_touched++].room = *room;
    p->touched[i].incoming++;
}

static enum err plan_rows(struct plan *p, struct span rows)
{
    size_t n = 0;
    enum err err = ERR_OK;
    for (; rows.len > 0 && err == ERR_OK; n++) {
        struct refusal r;
        err = n < REFUSALS_BATCH ? refusal_take(&rows, &r, NULL, NULL) : ERR_TOO_LARGE;
        if (err == ERR_OK)
            touch(p, &r.room);
    }
    for (size_t i = 0; i < p->n_touched && p->n_read < READS_TOUCHED && err == ERR_OK; i++)
        err = trim(p, &p->touched[i].room, p->touched[i].incoming);
    return err;
}

/* The first party with rows from this one on; ERR_NOT_FOUND: none. */
static enum err next_party(struct txn *t, uint32_t from, uint32_t *out)
{
    uint8_t room[REFUSAL_ROOM_LEN];
    struct cursor *c;
    struct span key, value;
    refusal_room_key(&(struct refusal_room){.party = from}, room);
    enum err err = cursor_open(t, TABLE_REFUSED, &c);
    if (err != ERR_OK)
        return err;
    err = cursor_seek(c, span_of(room, sizeof room), &key, &value);
    if (err == ERR_OK)
        *out = key.len >= 4 ? load_be32(key.ptr) : from;
    cursor_close(c);
    return err;
}

/* Parties that nobody was refused for lately lose their old rows too. The job learns where to go on. */
static enum err plan_round(struct plan *p, struct job *job)
{
    const uint32_t most = job->record.refused.steps;
    uint32_t party = job->record.refused.from, steps = 0;
    enum err err = ERR_OK;
    while (steps < most && p->n_read < READS_MOST && (err = next_party(p->txn, party, &party)) == ERR_OK) {
        for (enum standing s = 0; s < STANDINGS && err == ERR_OK; s++)
            err = trim(p, &(struct refusal_room){party, s}, 0);
        if (err != ERR_OK || party == UINT32_MAX)
            break;
        party++;
        steps++;
    }
    job->more = err == ERR_OK && steps > 0 && (steps == most || p->n_read >= READS_MOST);
    job->index = job->more ? party : 0;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err put_rows(struct txn *t, struct span rows)
{
    enum err err = ERR_OK;
    while (rows.len > 0 && err == ERR_OK) {
        struct refusal r;
        struct span key, value;
        err = refusal_take(&rows, &r, &key, &value);
        if (err == ERR_OK)
            err = store_put(t, TABLE_REFUSED, key, value);
    }
    return err;
}

enum err chore_refused(struct batch *cx, struct job *job)
{
    struct plan p = {.txn = cx->txn, .now_ms = cx->now_ms};
    enum err err = plan_rows(&p, job->record.refused.rows);
    if (err == ERR_OK)
        err = plan_round(&p, job);
    if (err != ERR_OK)
        return err == ERR_IO ? ERR_CORRUPT : err; /* nothing is written yet, and clicks do not need this table */
    for (size_t i = 0; i < p.n_gone && err == ERR_OK; i++)
        err = store_del(cx->txn, TABLE_REFUSED, span_of(p.gone[i], REFUSAL_KEY_LEN));
    if (err == ERR_OK)
        err = put_rows(cx->txn, job->record.refused.rows);
    for (size_t i = 0; i < p.n_touched && err == ERR_OK; i++)
        if (p.touched[i].incoming > 0)
            notes_refused(cx->notes, p.touched[i].room.party);
    return err;
}
