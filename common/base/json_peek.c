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

void json_peek_all(struct span object, const char *const *names, size_t n, struct span *values)
{
    const char *at = object.ptr, *end = object.ptr + object.len, *key, *key_end;
    size_t next = 0;
    for (size_t i = 0; i < n; i++)
        values[i] = SPAN("");
    if (object.len == 0 || *at != '{')
        return;
    while (++at < end && *at == '"') {
        key = at + 1;
        if ((key_end = past_string(at, end)) == NULL || key_end == end || *key_end != ':')
            return;
        if ((at = past_value(key_end + 1, end)) == NULL)
            return;
        int by = -1; /* what would stand in front of this one is not there */
        while (next < n && (by = order(names[next], span_of(key, (size_t)(key_end - 1 - key)))) < 0)
            next++;
        if (next < n && by == 0)
            values[next++] = span_of(key_end + 1, (size_t)(at - key_end - 1));
        if (next == n || *at != ',')
            return;
    }
}

bool json_peek(struct span object, const char *name, struct span *value)
{
    json_peek_all(object, &name, 1, value);
    return value->len > 0;
}
