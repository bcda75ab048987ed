/* Shared by the live*.c files alone. */
#ifndef CS_SERVER_LIVE_LIVE_PRIVATE_H
#define CS_SERVER_LIVE_LIVE_PRIVATE_H

#include "common/base/json_write.h"
#include "server/worker/streams.h"

enum { PIECE_BYTES = 32768 }; /* past them the rest is of the next piece */

/* A piece in the making. */
struct piece {
    struct request rq; /* of the caller by the newest control data, with an arena of the piece's own */
    struct stream *stream;
    struct txn *txn;
    struct event_place place; /* all before is told with it */
    uint64_t end;             /* it goes no further: the control data know every contract of what is before */
    struct buf text;
    struct jw json; /* of the event that is being written */
};

static inline bool piece_full(const struct piece *p)
{
    return p->text.len >= PIECE_BYTES;
}

/* Around an event's JSON: its id is p->place. */
void piece_event(struct piece *p, const char *event);
void piece_event_end(struct piece *p);
bool piece_shows(const struct piece *p, const struct contract *k); /* NULL: there is none */

/* From p->place on, each as far as there is room; then p->stream->behind. */
MUST_CHECK enum err piece_events(struct piece *p);   /* live_events.c: leads, dispositions, statements */
MUST_CHECK enum err piece_refused(struct piece *p);  /* live_refused.c */
MUST_CHECK enum err piece_counters(struct piece *p); /* live_counters.c */

#endif
