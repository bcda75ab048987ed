/* A postback or pixel that was refused, as the refused log keeps it. Byte format: FORMATS.md, "Refused log". */
#ifndef CS_COMMIT_REFUSAL_H
#define CS_COMMIT_REFUSAL_H

#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/limits.h"

/* What is known of who sent it. The numbers stand on disk. */
enum standing {
    STANDING_NAMED,  /* the party's kid or code was given, as anybody can; nobody's has no other */
    STANDING_PROVEN, /* the party's signature holds, and is fresh */
    STANDING_LATE,   /* it holds, but its time is outside of the window: a wrong clock, or bytes caught long ago */
    STANDING_AGAIN,  /* it holds, and these bytes were refused for the same reason lately: a retry, or caught bytes */
    STANDINGS
};

/* Who could fill it: rows of one party and standing have a room of their own. */
struct refusal_room {
    uint32_t party; /* number of the party whose kid or code was given; 0: nobody's */
    enum standing standing;
};

struct refusal {
    struct refusal_room room;
    int64_t at_ms;
    uint64_t request_id;
    uint16_t status; /* of the answer: 4xx, 501, 505, or a pixel's 200 */
    uint64_t digest; /* of bytes and reason, where the signature holds; not kept */
    struct span kid, route, field, reason;
};

enum {
    REFUSAL_ROOM_LEN = 5,
    REFUSAL_KEY_LEN = REFUSAL_ROOM_LEN + 8 + 8,
    REFUSAL_ROUTE = 64, /* bytes of a text: longer ones are cut at a character */
    REFUSAL_FIELD = 96,
    REFUSAL_REASON = 248,
    REFUSAL_MAX = REFUSAL_KEY_LEN + 2 + 4 + LIMIT_ID + REFUSAL_ROUTE + REFUSAL_FIELD + REFUSAL_REASON
};

/* The beginning of the keys of a room, and a key's: the newest of a room come first, so that `before_ms` is where those
 * not younger begin. request_id 0 stands before all others of its time. */
void refusal_room_key(const struct refusal_room *room, uint8_t out[REFUSAL_ROOM_LEN]);
void refusal_key(const struct refusal_room *room, int64_t at_ms, uint64_t request_id, uint8_t out[REFUSAL_KEY_LEN]);

/* Adds key and value. Texts are repaired to UTF-8 and cut. */
void refusal_write(struct buf *out, const struct refusal *r);
/* Takes one off the front, strictly: ERR_CORRUPT unless it is what refusal_write gives. Spans point into it; key and
 * value may be NULL. */
MUST_CHECK enum err refusal_take(struct span *rest, struct refusal *out, struct span *key, struct span *value);
/* A row of the table. ERR_CORRUPT as above. */
MUST_CHECK enum err refusal_read(struct span key, struct span value, struct refusal *out);

#endif
