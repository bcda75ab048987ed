/* JSON bodies of management calls, read by a table of members: what is not in it, and null, is refused by name. Worker
 * thread. */
#ifndef CS_SERVER_API_BODY_H
#define CS_SERVER_API_BODY_H

#include "common/base/json_read.h"
#include "server/http/request.h"

enum body_type {
    BODY_TEXT,  /* struct span: 1 to max bytes without control characters, not blank, in the arena; ptr NULL when absent
                 */
    BODY_JSON,  /* struct span: an object's canonical JSON, in the arena; ptr NULL when absent */
    BODY_INT,   /* struct body_int: min to max */
    BODY_BOOL,  /* bool: as it was when absent */
    BODY_SWITCH /* struct body_switch */
};

struct body_switch {
    bool given, value;
};

struct body_int {
    bool given;
    int64_t value;
};

/* Rows in byte order of their names; one without a name ends the table. */
struct body_member {
    const char *name;
    enum body_type type;
    size_t at; /* offset in the caller's struct, which starts as it is when all is absent */
    int64_t max;
    bool required;
    int64_t min;
};

/* Reads the request's body, an object; an empty one reads as {}. ERR_MEDIA_TYPE, ERR_MALFORMED, ERR_INVALID naming the
 * member. */
MUST_CHECK enum err body_read(struct request *rq, const struct body_member *table, void *out);
/* A body that is a document of its own: the object itself, to be released. */
MUST_CHECK enum err body_object(struct request *rq, json_t **out);
/* One required text of an object that is no table's. */
MUST_CHECK enum err body_text(struct request *rq, const json_t *object, const char *name, size_t max, struct span *out);

#endif
