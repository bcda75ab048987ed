/* Writing JSON: RFC 8785 bytes for our subset: ASCII keys in byte order, integers within 2^53-1, no floats, no nulls,
 * shortest escapes. */
#ifndef CS_BASE_JSON_WRITE_H
#define CS_BASE_JSON_WRITE_H

#include <stdint.h>

#include "common/base/buf.h"

enum { JSON_DEPTH = 16 };

/* Writes into *b. Aborts (a bug of the caller) when keys do not ascend, an integer leaves the range or nesting is off.
 */
struct jw {
    struct buf *b;
    struct {
        struct span last_key; /* points into the caller's keys: literals or memory that outlives the object */
        bool object, any;
    } level[1 + JSON_DEPTH]; /* [0] is the text around the outermost value */
    int depth;
    bool after_key;
};

void jw_open(struct jw *w, struct buf *b);
void jw_close(struct jw *w); /* asserts that all is closed */
void jw_object(struct jw *w);
void jw_object_end(struct jw *w);
void jw_array(struct jw *w);
void jw_array_end(struct jw *w);
void jw_key(struct jw *w, const char *key);
void jw_key_span(struct jw *w, struct span key);
void jw_int(struct jw *w, int64_t v);
void jw_bool(struct jw *w, bool v);
void jw_str(struct jw *w, struct span utf8); /* the caller has checked UTF-8 */
void jw_hex(struct jw *w, const void *ptr, size_t len);
void jw_b64url(struct jw *w, const void *ptr, size_t len);
void jw_raw(struct jw *w, struct span canonical); /* a value that is canonical already */
/* key and value in one call */
void jw_kint(struct jw *w, const char *key, int64_t v);
void jw_kbool(struct jw *w, const char *key, bool v);
void jw_kstr(struct jw *w, const char *key, struct span v);
void jw_khex(struct jw *w, const char *key, const void *ptr, size_t len);
void jw_kb64url(struct jw *w, const char *key, const void *ptr, size_t len);

#endif
