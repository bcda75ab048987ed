#include "common/base/text.h"

#include <assert.h>
#include <stdlib.h>

#include <utf8proc.h>

#include "common/base/ascii.h"
#include "common/base/mem.h"
#include "common/base/unicode.h"
#include "common/base/utf8.h"

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

struct span text_strip(struct span s)
{
    struct span rest = s;
    uint32_t c;
    while (utf8_take(&rest, &c) && unicode_blank(c))
        s = rest;
    rest = s;
    while (utf8_take_last(&rest, &c) && unicode_blank(c))
        s = rest;
    return s;
}

/* No character of n bytes decomposes canonically into more than 2 n. */
enum { NFC_ROOM = 2, NFC_SMALL = 512 };

static void nfc(struct buf *out, struct span s, utf8proc_int32_t *room, size_t cap)
{
    const utf8proc_option_t form_c = UTF8PROC_STABLE | UTF8PROC_COMPOSE;
    utf8proc_ssize_t n = utf8proc_decompose((const utf8proc_uint8_t *)s.ptr, (utf8proc_ssize_t)s.len, room,
                                            (utf8proc_ssize_t)cap, form_c);
    assert(n >= 0 && (size_t)n < cap);
    n = utf8proc_reencode(room, n, form_c);
    assert(n >= 0);
    buf_add(out, room, (size_t)n);
}

void text_nfc(struct buf *out, struct span s)
{
    utf8proc_int32_t small[NFC_ROOM * NFC_SMALL + 1];
    if (ascii_printable(s) || !utf8_valid(s)) {
        buf_span_add(out, s);
    } else if (s.len <= NFC_SMALL) {
        nfc(out, s, small, sizeof small / sizeof *small);
    } else {
        size_t cap = NFC_ROOM * s.len + 1;
        utf8proc_int32_t *room = xcalloc(cap, sizeof *room);
        nfc(out, s, room, cap);
        free(room);
    }
}

bool text_saved(struct span *s)
{
    if (s->len >= 2 && (s->ptr[0] == '\0' || s->ptr[1] == '\0' || memcmp(s->ptr, "\xff\xfe", 2) == 0 ||
                        memcmp(s->ptr, "\xfe\xff", 2) == 0))
        return false;
    if (span_starts(*s, "\xef\xbb\xbf"))
        *s = span_skip(*s, 3);
    return true;
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

bool text_is_nothing(struct span s)
{
    static const char *const words[] = {"null", "(null)", "nil", "undefined", "none", "nan", "n/a", "0", "-"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (ascii_is(s, words[i]))
            return true;
    return false;
}
