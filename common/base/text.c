#include "common/base/text.h"

#include "common/base/ascii.h"

static bool is_one_of(char c, const char *set)
{
    while (*set && c != *set)
        set++;
    return *set != '\0';
}

struct span text_trim(struct span s, const char *blanks)
{
    while (s.len && is_one_of(s.ptr[0], blanks))
        s = span_skip(s, 1);
    while (s.len && is_one_of(s.ptr[s.len - 1], blanks))
        s.len--;
    return s;
}

bool text_cut(struct span *rest, char mark, struct span *front)
{
    const char *at = rest->len ? memchr(rest->ptr, mark, rest->len) : NULL;
    if (at == NULL)
        return false;
    struct span before = span_of(rest->ptr, (size_t)(at - rest->ptr));
    *rest = span_skip(*rest, before.len + 1);
    *front = before;
    return true;
}

struct span text_take(struct span *rest, char mark)
{
    struct span front = *rest;
    if (!text_cut(rest, mark, &front))
        *rest = span_of(NULL, 0);
    return front;
}

bool text_names(struct span given, const char *name)
{
    bool same = given.len == strlen(name);
    for (size_t i = 0; same && i < given.len; i++)
        same = given.ptr[i] == name[i] || (given.ptr[i] == '-' && name[i] == '_');
    return same;
}

bool text_has_macro(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        size_t n = i + 1;
        while (s.ptr[i] == '{' && n < s.len && ascii_is_alnum_or(s.ptr[n], "_-."))
            n++;
        if (n > i + 1 && n < s.len && s.ptr[n] == '}')
            return true;
    }
    return false;
}
