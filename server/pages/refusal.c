#include "server/pages/refusal.h"

#include <assert.h>

#include "common/pages/part.h"

enum { HOLES = 6 }; /* of one text */

static const enum word known[] = {
#define X(symbol, ...) WORD_##symbol,
    WORD_TABLE_REFUSALS(X) WORD_TABLE_TOLD(X)
#undef X
};

static const enum word differences[] = {
#define X(symbol, ...) WORD_##symbol,
    WORD_TABLE_DIFFERENCES(X)
#undef X
};
#define KNOWN known, sizeof known / sizeof *known
#define DIFFERENCES differences, sizeof differences / sizeof *differences

/* What stands in a hole, and whether it is looked up by itself. */
struct hole {
    struct span text;
    bool told;
};

/* The parts of a text that has a row. */
struct holes {
    struct hole of[HOLES];
    struct part part[HOLES];
    size_t n;
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

/* How long the mark of a hole is that the pattern begins with: {}, {_} or {t}; 0: with none. */
static size_t mark_len(const char *pattern)
{
    return strncmp(pattern, "{}", 2) == 0                                       ? 2
           : strncmp(pattern, "{_}", 3) == 0 || strncmp(pattern, "{t}", 3) == 0 ? 3
                                                                                : 0;
}

/* What stands in the holes; what stands in {_} is English, and left out. */
static bool fits(const char *pattern, struct span text, struct holes *out)
{
    for (out->n = 0; *pattern != '\0';) {
        const size_t mark = mark_len(pattern);
        if (mark > 0) {
            const char kind = pattern[1];
            pattern += mark;
            const size_t taken = before(pattern, text);
            assert(kind == '_' || out->n < HOLES);
            if (kind != '_')
                out->of[out->n++] = (struct hole){span_of(text.ptr, taken), kind == 't'};
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

/* Its row; WORDS: it has none. */
static enum word row_of(const enum word *rows, size_t n, struct span text, struct holes *out)
{
    for (size_t i = 0; i < n; i++)
        if (fits(word_text(LANGUAGE_EN, rows[i]), text, out))
            return rows[i];
    return WORDS;
}

static enum word own_word(struct span text)
{
    static const struct {
        const char *name;
        enum word word;
    } roles[] = {{"advertiser", WORD_ADVERTISER}, {"publisher", WORD_PUBLISHER}, {"operator", WORD_OPERATOR}};
    enum word word = word_of_status(text);
    for (size_t i = 0; i < sizeof roles / sizeof *roles && word == WORDS; i++)
        if (span_is(text, roles[i].name))
            word = roles[i].word;
    word = word == WORDS ? word_of_reason(text) : word;
    return word == WORDS ? word_of_class(text) : word;
}

/* A text within another one, whose own holes are filled as they are. */
static struct part inner_part(struct span text, struct holes *room)
{
    enum word word = own_word(text);
    if (word != WORDS)
        return P_WORD(word);
    if ((word = row_of(KNOWN, text, room)) == WORDS)
        return P_TEXT(text);
    for (size_t i = 0; i < room->n; i++)
        room->part[i] = P_TEXT(room->of[i].text);
    return part_say(word, room->part, room->n);
}

void refusal_detail(struct page *g, struct span detail)
{
    struct holes outer, inner[HOLES];
    const enum word word = g->language == LANGUAGE_EN ? WORDS : row_of(KNOWN, detail, &outer);
    if (word == WORDS) {
        if (!span_empty(detail))
            page_put(g, "<span lang=\"en\">{}</span>", P_TEXT(detail));
        return;
    }
    for (size_t i = 0; i < outer.n; i++)
        outer.part[i] = outer.of[i].told ? inner_part(outer.of[i].text, &inner[i]) : P_TEXT(outer.of[i].text);
    page_put(g, "{}", part_say(word, outer.part, outer.n));
}

void refusal_word(struct page *g, struct span word)
{
    struct holes room;
    page_put(g, "{}", inner_part(word, &room));
}

void refusal_said(struct page *g, struct span field, struct span detail)
{
    if (!span_empty(field))
        page_put(g, "<code>{}</code> ", P_TEXT(field));
    refusal_detail(g, detail);
}

/* Whether the terms have a text there that is the party's own. */
static bool is_own_text(struct span path)
{
    static const char *const own[] = {"name", "landing_url", "allowed_hosts", "pass", "click_param"};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (span_starts(path, own[i]))
            return true;
    return false;
}

static void write_difference(struct page *g, struct span path, struct span text)
{
    struct holes holes;
    const bool ours = g->language != LANGUAGE_EN && !is_own_text(path);
    const enum word word = ours ? row_of(DIFFERENCES, text, &holes) : WORDS;
    if (word == WORDS) {
        page_put(g, "{}", P_NAME(text));
        return;
    }
    for (size_t i = 0; i < holes.n; i++)
        holes.part[i] = P_NAME(holes.of[i].text);
    page_put(g, "{}", part_say(word, holes.part, holes.n));
}

void difference_side(struct page *g, const json_t *difference, const char *which, const char *begin, const char *end)
{
    page_put(g, "{}", P_HTML(begin));
    write_difference(g, ask_text(difference, "path"), ask_text(difference, which));
    page_put(g, "{}", P_HTML(end));
}
