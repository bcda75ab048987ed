/* Reading the plain entries, of which a log has most: clicks, views and impressions whose texts have nothing escaped.
 * One pass along the table of members, no allocation. Whatever is otherwise is left to the reader for all. */
#include "common/base/ascii.h"
#include "common/base/bytes.h"
#include "common/base/utf8.h"
#include "common/ledger/entry_fields.h"

static bool take(struct span *s, const char *text)
{
    if (!span_starts(*s, text))
        return false;
    *s = span_skip(*s, strlen(text));
    return true;
}

static bool take_number(struct span *s, uint64_t max, uint64_t *out)
{
    size_t n = 0;
    uint64_t v = 0;
    for (; n < s->len && n < 17 && ascii_is_digit(s->ptr[n]); n++)
        v = v * 10 + (uint64_t)(s->ptr[n] - '0');
    if (n == 0 || n == 17 || (n > 1 && s->ptr[0] == '0') || v > max)
        return false;
    *s = span_skip(*s, n);
    *out = v;
    return true;
}

/* What stands between quotation marks, with nothing in it that JSON writes in another way. */
static bool take_text(struct span *s, size_t max, struct span *out)
{
    size_t n = 1;
    if (s->len == 0 || s->ptr[0] != '"')
        return false;
    for (; n < s->len && s->ptr[n] != '"'; n++)
        if (s->ptr[n] == '\\' || (unsigned char)s->ptr[n] < 0x20)
            return false;
    if (n == s->len || n - 1 > max)
        return false;
    *out = span_of(s->ptr + 1, n - 1);
    *s = span_skip(*s, n + 1);
    return true;
}

static bool take_32(struct span *s, void *at)
{
    struct span text;
    size_t len;
    return take_text(s, 64, &text) && b64url_decode(text, at, HASH_LEN, &len) == ERR_OK && len == HASH_LEN;
}

/* One value, which a member that is not always there must not have by default. */
static bool take_value(struct span *s, const struct field *f, struct entry *e)
{
    void *at = (char *)e + f->at;
    struct span text;
    uint64_t n;
    switch (f->type) {
    case KIND:
        return take_text(s, LIMIT_FIELD_NAME, &text); /* known already */
    case NAT32:
        return take_number(s, UINT32_MAX, &n) && (*(uint32_t *)at = (uint32_t)n, f->always || n > 0);
    case NAT64:
        return take_number(s, JSON_INT_MAX, &n) && (*(uint64_t *)at = n, f->always || n > 0);
    case INDEX:
        return take_number(s, JSON_INT_MAX, &n) && (*(uint64_t *)at = n, *(bool *)((char *)e + f->has) = true);
    case BOOL:
        return *(bool *)at = take(s, "true");
    case TEXT:
        return take_text(s, f->max, at) && (f->always || ((struct span *)at)->len > 0);
    case B64_32:
        return take_32(s, at);
    case CLASS:
        return take_text(s, LIMIT_FIELD_NAME, &text) && class_parse(text, at) == ERR_OK;
    case DEVICE:
        return take_text(s, LIMIT_FIELD_NAME, &text) && device_parse(text, at) == ERR_OK && text.len > 0;
    default:
        return false;
    }
}

/* `"name":`, behind the comma where it is not the first. */
static bool take_name(struct span *s, const char *name, bool first)
{
    struct span rest = *s;
    if ((first || take(&rest, ",")) && take(&rest, "\"") && take(&rest, name) && take(&rest, "\":")) {
        *s = rest;
        return true;
    }
    return false;
}

static bool plain_kind(struct span bytes, enum entry_kind *out)
{
    static const enum entry_kind plain[] = {ENTRY_CLICK, ENTRY_VIEW, ENTRY_IMPRESSION};
    static const char mark[] = "\"kind\":";
    const char *at = memmem(bytes.ptr, bytes.len, mark, sizeof mark - 1);
    struct span word, rest = at != NULL ? span_skip(bytes, (size_t)(at - bytes.ptr) + sizeof mark - 1) : SPAN("");
    if (!take_text(&rest, LIMIT_FIELD_NAME, &word))
        return false;
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (span_is(word, entry_kind_word(plain[i]))) {
            *out = plain[i];
            return true;
        }
    return false;
}

/* What such an entry has of struct entry: logs have millions of them, and the rest is three times as much. */
enum { PLAIN = offsetof(struct entry, click) + sizeof(struct entry_click) };
static_assert(sizeof(struct entry_view) <= sizeof(struct entry_click), "views and impressions fit too");

bool entry_scan(struct span bytes, struct entry *out)
{
    struct entry e;
    memset(&e, 0, PLAIN);
    struct span s = bytes;
    bool first = true;
    if (bytes.len > LIMIT_ENTRY || !plain_kind(bytes, &e.kind) || !take(&s, "{"))
        return false;
    for (const struct field *f = entry_fields[e.kind]; f->name != NULL; f++) {
        if (!take_name(&s, f->name, first)) {
            if (f->always)
                return false;
            continue;
        }
        if (!take_value(&s, f, &e))
            return false;
        first = false;
    }
    if (!span_is(s, "}") || !utf8_valid(bytes) || (e.clocked_ms != 0 && e.clocked_ms >= e.at_ms))
        return false;
    memcpy(out, &e, PLAIN);
    out->json = NULL;
    return true;
}
