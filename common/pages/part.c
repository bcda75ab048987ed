#include "common/pages/part.h"

#include <assert.h>
#include <string.h>

#include "common/base/money.h"
#include "common/base/query.h"

enum { MICROS_DECIMALS = 6, TENTH_PPM = 1000, WHOLE = 1000 };

static void put_micros(struct page *g, const struct part *p)
{
    int least = currency_exponent(p->text);
    page_amount(g, p->n, MICROS_DECIMALS, least > 0 ? least : 0);
    page_html(g, "\u00a0");
    page_text(g, p->text);
}

static void put_percent(struct page *g, int64_t v, int decimals, int least)
{
    page_amount(g, v, decimals, least);
    page_html(g, g->language == LANGUAGE_FR ? "\u202f%" : "%");
}

/* To the nearest tenth; what is not all of it is never told as 100. */
static int64_t tenths_of(int64_t ppm)
{
    const int64_t n = (ppm + (ppm < 0 ? -TENTH_PPM : TENTH_PPM) / 2) / TENTH_PPM;
    return n == WHOLE && ppm < WHOLE * TENTH_PPM ? WHOLE - 1 : n == -WHOLE && ppm > -WHOLE * TENTH_PPM ? 1 - WHOLE : n;
}

static void put_tenths(struct page *g, int64_t n)
{
    assert(n >= 0);
    buf_i64(g->out, n / 10);
    buf_byte(g->out, '.');
    buf_i64(g->out, n % 10);
}

static void put(struct page *g, const struct part *p)
{
    switch (p->kind) {
    case PART_TEXT:
        page_text(g, p->text);
        return;
    case PART_NAME:
        page_words(g, p->text);
        return;
    case PART_QUERY:
        query_encode(g->out, p->text);
        return;
    case PART_WORD:
        page_word(g, p->word);
        return;
    case PART_SAY:
        page_fill(g, word_text(g->language, p->word), p->parts, p->n_parts);
        return;
    case PART_HTML:
        page_html(g, p->html);
        return;
    case PART_COUNT:
        page_count(g, p->n);
        return;
    case PART_INDEX:
        page_index(g, p->n);
        return;
    case PART_TENTHS:
        put_tenths(g, p->n);
        return;
    case PART_MICROS:
        put_micros(g, p);
        return;
    case PART_PPM:
        put_percent(g, tenths_of(p->n), 1, 1);
        return;
    case PART_SHARE:
        put_percent(g, p->n, 4, 0);
        return;
    case PART_DAY:
        page_day(g, p->n);
        return;
    case PART_TIME:
        page_time(g, p->n);
        return;
    }
}

void page_fill(struct page *g, const char *html, const struct part *parts, size_t n)
{
    struct span rest = span_str(html);
    for (size_t i = 0; i < n; i++) {
        const char *hole = memmem(rest.ptr, rest.len, "{}", 2);
        assert(hole != NULL);
        buf_add(g->out, rest.ptr, (size_t)(hole - rest.ptr));
        put(g, &parts[i]);
        rest = span_skip(rest, (size_t)(hole - rest.ptr) + 2);
    }
    assert(memmem(rest.ptr, rest.len, "{}", 2) == NULL);
    buf_span_add(g->out, rest);
}
