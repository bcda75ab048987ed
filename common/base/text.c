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

enum { MACRO_NAME = 32 }; /* bytes, at most: a GUID has 36 */

static const struct style {
    char open, close;
    bool braces; /* the others stand in ids and names as well: A[1], 2026#web#7 */
} styles[] = {{'{', '}', true}, {'[', ']', false}, {'#', '#', false}, {'%', '%', false}, {'<', '>', false}};

static bool is_apart(struct span s, size_t from, size_t end)
{
    return (from == 0 || !ascii_is_alnum(s.ptr[from - 1])) && (end == s.len || !ascii_is_alnum(s.ptr[end]));
}

static bool is_doubled(struct span s, size_t from, size_t end, char mark)
{
    return from > 0 && s.ptr[from - 1] == mark && end < s.len && s.ptr[end] == mark;
}

static bool macro_at(struct span s, size_t at, const struct style *style)
{
    size_t from = at + 1, end;
    if (s.ptr[at] != style->open)
        return false;
    while (style->braces && from < s.len && s.ptr[from] == ' ')
        from++;
    for (end = from; end < s.len && ascii_is_alnum_or(s.ptr[end], "_-.");)
        end++;
    size_t len = end - from;
    while (style->braces && end < s.len && s.ptr[end] == ' ')
        end++;
    if (len == 0 || len > MACRO_NAME || end == s.len || s.ptr[end] != style->close)
        return false;
    return style->braces || (!ascii_is_digit(s.ptr[from]) &&
                             (is_apart(s, at, end + 1) || (style->open == '%' && is_doubled(s, at, end + 1, '%'))));
}

bool text_has_macro(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        for (size_t k = 0; k < sizeof styles / sizeof *styles; k++)
            if (macro_at(s, i, &styles[k]))
                return true;
    return false;
}
