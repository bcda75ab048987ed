/* A borrowed run of bytes. Never owns, never NUL-terminated. */
#ifndef CS_BASE_SPAN_H
#define CS_BASE_SPAN_H

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
static inline bool span_is(struct span a, const char *s)
{
    return span_eq(a, span_str(s));
}
static inline bool span_starts(struct span a, const char *prefix)
{
    size_t n = strlen(prefix);
    return a.len >= n && memcmp(a.ptr, prefix, n) == 0;
}

#endif
