/* A borrowed run of bytes. Never owns, never NUL-terminated. */
#ifndef CS_BASE_SPAN_H
#define CS_BASE_SPAN_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct span {
    const char *ptr;
    size_t len;
};

#define SPAN(literal) ((struct span){(literal), sizeof(literal) - 1})

static inline struct span span_of(const void *ptr, size_t len)
{
    return (struct span){ptr, len};
}
static inline struct span span_str(const char *s)
{
    return (struct span){s, s != NULL ? strlen(s) : 0};
}
static inline bool span_empty(struct span s)
{
    return s.len == 0;
}
static inline bool span_eq(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}
/* Most differ in their first byte: no call for that. */
static inline bool span_is(struct span a, const char *s)
{
    return a.len == 0 ? *s == '\0' : *a.ptr == *s && span_eq(a, span_str(s));
}
static inline bool span_starts(struct span a, const char *prefix)
{
    size_t n = strlen(prefix);
    return a.len >= n && memcmp(a.ptr, prefix, n) == 0;
}
/* What follows the first n bytes, of which there are as many. */
static inline struct span span_skip(struct span s, size_t n)
{
    assert(n <= s.len);
    return span_of(s.ptr + n, s.len - n);
}
/* Below, at or above 0: as memcmp, a prefix first. The order of every table and of canonical members. */
static inline int span_order(struct span a, struct span b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int order = n ? memcmp(a.ptr, b.ptr, n) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

#endif
