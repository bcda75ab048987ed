#include "server/pages/refusal.h"

#include "common/pages/part.h"

enum { HOLES = 6 };

static const enum word known[] = {
#define X(symbol, ...) WORD_##symbol,
    WORD_TABLE_REFUSALS(X)
#undef X
};

/* What stands in the holes. */
static bool fits(const char *pattern, struct span text, struct span hole[HOLES], size_t *n)
{
    for (*n = 0; *pattern != '\0'; pattern++) {
        if (strncmp(pattern, "{}", 2) != 0) {
            if (text.len == 0 || *text.ptr != *pattern)
                return false;
            text = span_skip(text, 1);
            continue;
        }
        const char *rest = pattern + 2;
        const size_t literal = strcspn(rest, "{");
        size_t taken = 0;
        while (taken <= text.len &&
               (literal == 0 ? taken < text.len
                             : text.len - taken < literal || memcmp(text.ptr + taken, rest, literal) != 0))
            taken++;
        if (*n == HOLES || taken > text.len)
            return false;
        hole[(*n)++] = span_of(text.ptr, taken);
        text = span_skip(text, taken);
        pattern++;
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
    page_put(g, "<span lang=\"en\">{}</span>", P_TEXT(detail));
}

void refusal_said(struct page *g, struct span field, struct span detail)
{
    if (!span_empty(field))
        page_put(g, "<code>{}</code> ", P_TEXT(field));
    refusal_detail(g, detail);
}
