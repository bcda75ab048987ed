#include "common/base/json_write.h"

#include <assert.h>

#include "common/base/limits.h"

void jw_open(struct jw *w, struct buf *b)
{
    *w = (struct jw){.b = b};
}

void jw_close(struct jw *w)
{
    assert(w->depth == 0 && !w->after_key && w->level[0].any);
}

/* Before every value: what goes between it and what stands before it. A level counts containers; level[0] is the text
 * around the outermost value, so that `any` there says that the one value is written. */
static inline void before_value(struct jw *w)
{
    bool *any = &w->level[w->depth].any;
    if (w->level[w->depth].object) {
        assert(w->after_key);
        w->after_key = false;
        return;
    }
    assert(w->depth > 0 || !*any);
    if (*any)
        buf_byte(w->b, ',');
    *any = true;
}

static inline void open_level(struct jw *w, bool object)
{
    before_value(w);
    assert(w->depth < JSON_DEPTH);
    w->depth++;
    w->level[w->depth].last_key = span_of(NULL, 0);
    w->level[w->depth].object = object;
    w->level[w->depth].any = false;
    buf_byte(w->b, object ? '{' : '[');
}

static inline void close_level(struct jw *w, bool object)
{
    assert(w->depth > 0 && w->level[w->depth].object == object && !w->after_key);
    w->depth--;
    buf_byte(w->b, object ? '}' : ']');
}

void jw_object(struct jw *w)
{
    open_level(w, true);
}

void jw_object_end(struct jw *w)
{
    close_level(w, true);
}

void jw_array(struct jw *w)
{
    open_level(w, false);
}

void jw_array_end(struct jw *w)
{
    close_level(w, false);
}

static void escaped(struct buf *b, unsigned char c)
{
    static const char *const named[0x20] = {
        ['\b'] = "\\b", ['\t'] = "\\t", ['\n'] = "\\n", ['\f'] = "\\f", ['\r'] = "\\r"};
    if (c == '"' || c == '\\') {
        buf_add(b, (char[]){'\\', (char)c}, 2);
    } else if (named[c] != NULL) {
        buf_add(b, named[c], 2);
    } else {
        buf_add(b, "\\u00", 4);
        buf_hex(b, &c, 1);
    }
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c != '"' && c != '\\';
}

/* Eight at once. */
static inline bool are_plain(uint64_t x)
{
    const uint64_t ones = 0x0101010101010101, tops = 0x80 * ones;
    uint64_t quote = x ^ '"' * ones, slash = x ^ '\\' * ones;
    uint64_t below = (x - 0x20 * ones) & ~x, zero = ((quote - ones) & ~quote) | ((slash - ones) & ~slash);
    return !((below | zero) & tops);
}

/* Hot: most of what is written is plain. The last word, or half word, may overlap the one before. */
static bool all_plain(struct span s)
{
    uint64_t x;
    uint32_t front, back;
    size_t i = 0;
    if (s.len >= 8) {
        for (; i + 8 < s.len; i += 8) {
            memcpy(&x, s.ptr + i, 8);
            if (!are_plain(x))
                return false;
        }
        memcpy(&x, s.ptr + s.len - 8, 8);
        return are_plain(x);
    }
    if (s.len >= 4) {
        memcpy(&front, s.ptr, 4);
        memcpy(&back, s.ptr + s.len - 4, 4);
        return are_plain((uint64_t)back << 32 | front);
    }
    while (i < s.len && is_plain((unsigned char)s.ptr[i]))
        i++;
    return i == s.len;
}

static void quoted_with_escapes(struct buf *b, struct span s)
{
    size_t plain = 0;
    buf_byte(b, '"');
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (is_plain(c))
            continue;
        buf_add(b, s.ptr + plain, i - plain);
        escaped(b, c);
        plain = i + 1;
    }
    buf_add(b, s.ptr + plain, s.len - plain);
    buf_byte(b, '"');
}

/* Where it ends. */
static char *put_plain(char *to, struct span s)
{
    *to++ = '"';
    if (s.len > 0) /* nothing may stand nowhere */
        memcpy(to, s.ptr, s.len);
    to += s.len;
    *to++ = '"';
    return to;
}

static void quoted(struct buf *b, struct span s)
{
    if (!all_plain(s)) {
        quoted_with_escapes(b, s);
        return;
    }
    char *to = buf_room(b, s.len + 2);
    if (to == NULL)
        return;
    put_plain(to, s);
    b->len += s.len + 2;
}

/* Hot: at once, as nearly all are plain. */
static void put_key(struct buf *b, bool comma, struct span key)
{
    size_t len = comma + key.len + 3;
    char *to = buf_room(b, len);
    if (to == NULL)
        return;
    if (comma)
        *to++ = ',';
    to = put_plain(to, key);
    *to = ':';
    b->len += len;
}

void jw_key_span(struct jw *w, struct span key)
{
    bool *any = &w->level[w->depth].any;
    assert(w->level[w->depth].object && !w->after_key);
    assert(!*any || span_order(w->level[w->depth].last_key, key) < 0);
    bool comma = *any;
    *any = true;
    w->level[w->depth].last_key = key;
    w->after_key = true;
    if (all_plain(key)) {
        put_key(w->b, comma, key);
        return;
    }
    if (comma)
        buf_byte(w->b, ',');
    quoted_with_escapes(w->b, key);
    buf_byte(w->b, ':');
}

void jw_key(struct jw *w, const char *key)
{
    jw_key_span(w, span_str(key));
}

void jw_int(struct jw *w, int64_t v)
{
    assert(v >= -JSON_INT_MAX && v <= JSON_INT_MAX);
    before_value(w);
    buf_i64(w->b, v);
}

void jw_bool(struct jw *w, bool v)
{
    before_value(w);
    buf_str(w->b, v ? "true" : "false");
}

void jw_str(struct jw *w, struct span utf8)
{
    before_value(w);
    quoted(w->b, utf8);
}

void jw_hex(struct jw *w, const void *ptr, size_t len)
{
    before_value(w);
    buf_byte(w->b, '"');
    buf_hex(w->b, ptr, len);
    buf_byte(w->b, '"');
}

void jw_b64url(struct jw *w, const void *ptr, size_t len)
{
    before_value(w);
    buf_byte(w->b, '"');
    buf_b64url(w->b, ptr, len);
    buf_byte(w->b, '"');
}

void jw_raw(struct jw *w, struct span canonical)
{
    before_value(w);
    buf_span_add(w->b, canonical);
}

void jw_kint(struct jw *w, const char *key, int64_t v)
{
    jw_key(w, key);
    jw_int(w, v);
}

void jw_kbool(struct jw *w, const char *key, bool v)
{
    jw_key(w, key);
    jw_bool(w, v);
}

void jw_kstr(struct jw *w, const char *key, struct span v)
{
    jw_key(w, key);
    jw_str(w, v);
}

void jw_khex(struct jw *w, const char *key, const void *ptr, size_t len)
{
    jw_key(w, key);
    jw_hex(w, ptr, len);
}

void jw_kb64url(struct jw *w, const char *key, const void *ptr, size_t len)
{
    jw_key(w, key);
    jw_b64url(w, ptr, len);
}
