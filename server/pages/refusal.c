#include "server/pages/refusal.h"

#include <assert.h>

#include "common/pages/part.h"

enum { HOLES = 6 }; /* of one text */

static const enum word known[] = {
#define X(symbol, ...) WORD_##symbol,
    WORD_TABLE_REFUSALS(X)
#undef X
};

/* How much of text comes before the literal behind a hole, which may be none: all of it then. */
static size_t before(const char *literal, struct span text)
{
    const size_t n = strcspn(literal, "{");
    if (n == 0)
        return text.len;
    for (size_t i = 0; i + n <= text.len; i++)
        if (memcmp(text.ptr + i, literal, n) == 0)
            return i;
    return text.len;
}

/* What stands in the holes: {}; what stands in {_} is English, and left out. */
static bool fits(const char *pattern, struct span text, struct span hole[HOLES], size_t *n)
{
    for (*n = 0; *pattern != '\0';) {
        const bool kept = strncmp(pattern, "{}", 2) == 0;
        if (kept || strncmp(pattern, "{_}", 3) == 0) {
            pattern += kept ? 2 : 3;
            const size_t taken = before(pattern, text);
            assert(!kept || *n < HOLES);
            if (kept)
                hole[(*n)++] = span_of(text.ptr, taken);
            text = span_skip(text, taken);
        } else if (text.len > 0 && *text.ptr == *pattern) {
            text = span_skip(text, 1);
            pattern++;
        } else {
            return false;
        }
    }
    return text.len == 0;
}

void refusal_detail(struct page *g, struct span detail)
{
    struct span hole[HOLES] = {{0}};
    struct part part[HOLES];
    size_t n;
    for (size_t i = 0; i < sizeof known / sizeof *known && g->language != LANGUAGE_EN; i++) {
        if (!fits(word_text(LANGUAGE_EN, known[i]), detail, hole, &n))
            continue;
        for (size_t k = 0; k < n; k++)
            part[k] = P_TEXT(hole[k]);
        page_put(g, "{}", part_say(known[i], part, n));
        return;
    }
    if (!span_empty(detail))
        page_put(g, "<span lang=\"en\">{}</span>", P_TEXT(detail));
}

void refusal_said(struct page *g, struct span field, struct span detail)
{
    if (!span_empty(field))
        page_put(g, "<code>{}</code> ", P_TEXT(field));
    refusal_detail(g, detail);
}
