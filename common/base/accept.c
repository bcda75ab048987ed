#include "common/base/accept.h"

#include "common/base/ascii.h"
#include "common/base/problem.h"
#include "common/base/text.h"

static struct span cut(struct span *rest, char end)
{
    return text_trim(text_take(rest, end), HTTP_BLANKS);
}

/* "0.8" as 800. */
static int weight_read(struct span text)
{
    int q = 0, scale = 1000;
    for (size_t i = 0; i < text.len; i++) {
        if (i == 1 && text.ptr[i] == '.')
            continue;
        if (i == 1 || i == 5 || !ascii_is_digit(text.ptr[i]))
            return 0;
        q += (text.ptr[i] - '0') * scale;
        scale /= 10;
    }
    return q <= 1000 ? q : 0;
}

bool accept_next(struct span *list, struct span *range, int *weight)
{
    if (span_empty(*list))
        return false;
    struct span rest = cut(list, ',');
    *range = cut(&rest, ';');
    *weight = 1000;
    while (rest.len) {
        struct span param = cut(&rest, ';');
        if (ascii_starts(param, "q="))
            *weight = weight_read(span_skip(param, 2));
    }
    return true;
}

static const char *const words[LANGUAGES] = {
#define X(symbol, word) word,
    LANGUAGE_TABLE(X)
#undef X
};

int accept_json_or_page(struct span accept)
{
    struct span range;
    int json = 0, page = 0, q;
    while (accept_next(&accept, &range, &q)) {
        bool is_json = ascii_is(range, "application/json") || ascii_is(range, PROBLEM_MEDIA_TYPE);
        bool is_page =
            ascii_is(range, "text/html") || ascii_is(range, "application/xhtml+xml") || ascii_is(range, "text/*");
        json = is_json && q > json ? q : json;
        page = is_page && q > page ? q : page;
    }
    return json - page;
}

const char *language_word(enum language language)
{
    return words[language];
}

/* Of "zh-Hant-TW" the "zh" counts. LANGUAGES: none of ours. */
static enum language range_language(struct span range)
{
    struct span primary = text_take(&range, '-');
    for (enum language l = 0; l < LANGUAGES; l++) {
        struct span ours = span_str(words[l]);
        if (ascii_eq(primary, text_take(&ours, '-')))
            return l;
    }
    return LANGUAGES;
}

enum language language_accepted(struct span accept_language)
{
    int weight[LANGUAGES], others = 0, q;
    enum language best = LANGUAGES, l;
    struct span list = accept_language, range;
    for (l = 0; l < LANGUAGES; l++)
        weight[l] = -1; /* not named */
    while (accept_next(&list, &range, &q)) {
        if (span_is(range, "*"))
            others = q;
        else if ((l = range_language(range)) != LANGUAGES && q > weight[l])
            weight[l] = q;
    }
    for (list = accept_language; accept_next(&list, &range, &q);) {
        l = range_language(range);
        if (l != LANGUAGES && weight[l] > 0 && (best == LANGUAGES || weight[l] > weight[best]))
            best = l;
    }
    for (l = 0; l < LANGUAGES; l++) /* what "*" covers: all that were not named */
        if (weight[l] < 0 && others > (best != LANGUAGES ? weight[best] : 0)) {
            best = l;
            weight[l] = others;
        }
    return best != LANGUAGES ? best : LANGUAGE_EN;
}
