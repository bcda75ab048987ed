#include "common/base/json_peek.h"

#include <string.h>

/* The end of the string that begins at `at`, a quotation mark; NULL: there is none. */
static const char *past_string(const char *at, const char *end)
{
    while (++at < end && *at != '"')
        at += *at == '\\';
    return at < end ? at + 1 : NULL;
}

/* The end of the value that begins at `at`: what stands in front of the comma or bracket that follows. */
static const char *past_value(const char *at, const char *end)
{
    int depth = 0;
    while (at != NULL && at < end) {
        if (depth == 0 && (*at == ',' || *at == '}' || *at == ']'))
            return at;
        depth += *at == '{' || *at == '[' ? 1 : *at == '}' || *at == ']' ? -1 : 0;
        at = *at == '"' ? past_string(at, end) : at + 1;
    }
    return NULL;
}

/* Most differ in their first byte: no call for that. */
static int order(const char *name, struct span key)
{
    for (size_t i = 0; i < key.len; i++)
        if (name[i] == '\0' || name[i] != key.ptr[i])
            return (unsigned char)name[i] < (unsigned char)key.ptr[i] ? -1 : 1;
    return name[key.len] != '\0';
}

/* The member that begins at `at`, and the end of its value; NULL: it is none. */
static inline const char *past_member(const char *at, const char *end, struct span *name, struct span *value)
{
    if (at == end || *at != '"')
        return NULL;
    const char *key_end = past_string(at, end);
    if (key_end == NULL || key_end == end || *key_end != ':')
        return NULL;
    const char *value_end = past_value(key_end + 1, end);
    if (value_end == NULL)
        return NULL;
    *name = span_of(at + 1, (size_t)(key_end - at) - 2);
    *value = span_of(key_end + 1, (size_t)(value_end - key_end) - 1);
    return value_end;
}

void json_peek_all(struct span object, const char *const *names, size_t n, struct span *values)
{
    const char *at = object.ptr, *end = object.ptr + object.len;
    struct span name, value;
    size_t next = 0;
    for (size_t i = 0; i < n; i++)
        values[i] = SPAN("");
    if (object.len == 0 || *at != '{')
        return;
    while ((at = past_member(at + 1, end, &name, &value)) != NULL) {
        int by = -1; /* what would stand in front of this one is not there */
        while (next < n && (by = order(names[next], name)) < 0)
            next++;
        if (next < n && by == 0)
            values[next++] = value;
        if (next == n || *at != ',')
            return;
    }
}

bool json_peek(struct span object, const char *name, struct span *value)
{
    json_peek_all(object, &name, 1, value);
    return value->len > 0;
}

struct json_members json_members(struct span object)
{
    return (struct json_members){object, {NULL, 0}};
}

enum err json_members_next(struct json_members *m, struct span *name, struct span *value)
{
    const char *at = m->rest.ptr, *end = at + m->rest.len;
    bool first = m->last.ptr == NULL;
    if (first ? span_is(m->rest, "{}") : span_is(m->rest, "}"))
        return ERR_NOT_FOUND;
    if (span_empty(m->rest) || *at != (first ? '{' : ','))
        return ERR_CORRUPT;
    at = past_member(at + 1, end, name, value);
    if (at == NULL || span_empty(*value) || memchr(name->ptr, '\\', name->len) != NULL ||
        (!first && span_order(m->last, *name) >= 0))
        return ERR_CORRUPT;
    *m = (struct json_members){span_of(at, (size_t)(end - at)), *name};
    return ERR_OK;
}
