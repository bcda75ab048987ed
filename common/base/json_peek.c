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

bool json_peek(struct span object, const char *name, struct span *value)
{
    const char *at = object.ptr, *end = object.ptr + object.len, *key, *key_end;
    size_t len = strlen(name);
    *value = SPAN("");
    if (object.len == 0 || *at != '{')
        return false;
    while (++at < end && *at == '"') {
        key = at + 1;
        if ((key_end = past_string(at, end)) == NULL || key_end == end || *key_end != ':')
            return false;
        if ((at = past_value(key_end + 1, end)) == NULL)
            return false;
        if ((size_t)(key_end - 1 - key) == len && memcmp(key, name, len) == 0) {
            *value = span_of(key_end + 1, (size_t)(at - key_end - 1));
            return true;
        }
        if (*at != ',')
            return false;
    }
    return false;
}
