#include "common/pages/page.h"

#include <assert.h>
#include <stdarg.h>

#include "common/base/text.h"
#include "common/base/utf8.h"
#include "common/base/when.h"
#include "common/crypto/crypto.h"
#include "common/settlement/statement_text.h"

void page_html(struct page *g, const char *html)
{
    buf_str(g->out, html);
}

void page_text(struct page *g, struct span s)
{
    struct span shown;
    for (size_t i = 0; i < s.len; i++)
        switch (s.ptr[i]) {
        case '&':
            buf_str(g->out, "&amp;");
            break;
        case '<':
            buf_str(g->out, "&lt;");
            break;
        case '>':
            buf_str(g->out, "&gt;");
            break;
        case '"':
            buf_str(g->out, "&quot;");
            break;
        case '\'':
            buf_str(g->out, "&#39;");
            break;
        default:
            i += utf8_seen(span_skip(s, i), &shown) - 1;
            buf_span_add(g->out, shown);
        }
}

void page_words(struct page *g, struct span s)
{
    page_html(g, "<bdi>");
    page_text(g, s);
    page_html(g, "</bdi>");
}

void page_say(struct page *g, enum word w, ...)
{
    struct span rest = span_str(word_text(g->language, w));
    const struct span *value;
    va_list values;
    va_start(values, w);
    while ((value = va_arg(values, const struct span *)) != NULL) {
        const char *hole = memmem(rest.ptr, rest.len, "{}", 2);
        assert(hole != NULL);
        buf_add(g->out, rest.ptr, (size_t)(hole - rest.ptr));
        buf_span_add(g->out, *value);
        rest = span_of(hole + 2, rest.len - (size_t)(hole + 2 - rest.ptr));
    }
    va_end(values);
    assert(memmem(rest.ptr, rest.len, "{}", 2) == NULL);
    buf_span_add(g->out, rest);
}

/* ---- numbers ---- */

static const struct {
    const char *group, *decimal;
} signs[LANGUAGES] = {
    [LANGUAGE_EN] = {",", "."},
    [LANGUAGE_FR] = {"\u202f", ","},
    [LANGUAGE_ZH] = {",", "."},
};

void page_amount(struct page *g, int64_t value, int decimals, int least)
{
    char room[32];
    struct buf plain;
    buf_fixed(&plain, room, sizeof room);
    decimal_add(&plain, value, decimals, least);
    const char *end = room + plain.len, *point = memchr(room, '.', plain.len);
    if (point == NULL)
        point = end;
    for (const char *at = room; at < end; at++) {
        if (*at == '-')
            buf_str(g->out, "\u2212");
        else if (at == point)
            buf_str(g->out, signs[g->language].decimal);
        else
            buf_byte(g->out, (uint8_t)*at);
        if (*at != '-' && at + 1 < point && (point - at) % 3 == 1)
            buf_str(g->out, signs[g->language].group);
    }
}

void page_count(struct page *g, int64_t n)
{
    page_amount(g, n, 0, 0);
}

void page_index(struct page *g, int64_t n)
{
    buf_i64(g->out, n);
}

/* ---- times ---- */

static const char *const months[LANGUAGES][12] = {
    [LANGUAGE_EN] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"},
    [LANGUAGE_FR] = {"janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."},
    [LANGUAGE_ZH] = {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"},
};

static int64_t local_ms(const struct page *g, int64_t ms)
{
    return ms + (g->offset != NULL ? g->offset(g->of_page, ms) * MS_PER_S : 0);
}

bool page_is_midnight(const struct page *g, int64_t ms)
{
    return local_ms(g, ms) % MS_PER_DAY == 0;
}

static void day_of(struct page *g, int64_t local)
{
    int64_t days = time_local_day(local, 0), year = date_year(days);
    unsigned month = 12;
    while (date_days(year, month, 1) > days)
        month--;
    int day = (int)(days - date_days(year, month, 1)) + 1;
    const char *name = months[g->language][month - 1];
    if (g->language == LANGUAGE_ZH)
        buf_printf(g->out, "%d年%s月%d日", (int)year, name, day);
    else
        buf_printf(g->out, "%d%s\u00a0%s\u00a0%d", day, g->language == LANGUAGE_FR && day == 1 ? "er" : "", name,
                   (int)year);
}

static void time_open(struct page *g, int64_t ms)
{
    buf_str(g->out, "<time datetime=\"");
    time_rfc3339(g->out, ms);
    buf_str(g->out, "\">");
}

void page_day(struct page *g, int64_t ms)
{
    time_open(g, ms);
    day_of(g, local_ms(g, ms));
    buf_str(g->out, "</time>");
}

void page_time(struct page *g, int64_t ms)
{
    int64_t local = local_ms(g, ms), minute = local / (60 * MS_PER_S) % (24 * 60);
    time_open(g, ms);
    day_of(g, local);
    buf_printf(g->out, "%s%02d:%02d</time>", g->language == LANGUAGE_ZH ? " " : ", ", (int)(minute / 60),
               (int)(minute % 60));
}

void page_plain_time(struct page *g, int64_t ms)
{
    struct buf text;
    char mem[40];
    buf_fixed(&text, mem, sizeof mem);
    time_rfc3339(&text, local_ms(g, ms));
    buf_add(g->out, mem, 10);
    buf_byte(g->out, ' ');
    buf_add(g->out, mem + 11, 8);
}

/* ---- the hand ---- */

enum { HAND_POINTS = 12, TENTHS = 10, BEND = 24 }; /* hundredths of Catmull and Rom's tangents */

struct point {
    int x, y; /* tenths */
};

static void hand_points(const uint8_t b[HASH_LEN], struct point p[HAND_POINTS])
{
    for (int i = 0; i < HAND_POINTS - 2; i++) {
        int swing = i < HAND_POINTS - 5 ? TENTHS : 6;
        p[i] = (struct point){140 + 115 * i + TENTHS * (b[2 * i] % 27 - 13), 220 + swing * (b[2 * i + 1] % 29 - 14)};
    }
    p[HAND_POINTS - 2] = (struct point){p[HAND_POINTS - 3].x + TENTHS * (20 + b[22] % 20), TENTHS * (27 + b[23] % 7)};
    p[HAND_POINTS - 1] = (struct point){TENTHS * (150 + b[24] % 38), TENTHS * (24 + b[25] % 10)};
}

/* Tenths to whole ones; all are positive. */
static int whole(int tenths)
{
    return (tenths + TENTHS / 2) / TENTHS;
}

static struct point bent(struct point at, struct point from, struct point to)
{
    return (struct point){at.x + (to.x - from.x) * BEND / 100, at.y + (to.y - from.y) * BEND / 100};
}

void page_hand(struct page *g, struct span thumbprint)
{
    struct point p[HAND_POINTS];
    uint8_t b[HASH_LEN];
    sha256(thumbprint.ptr, thumbprint.len, b);
    hand_points(b, p);
    buf_printf(g->out,
               "<svg class=\"hand\" viewBox=\"0 0 200 44\" preserveAspectRatio=\"xMinYMax meet\" aria-hidden=\"true\">"
               "<path d=\"M%d %d",
               whole(p[0].x), whole(p[0].y));
    for (int i = 0; i + 1 < HAND_POINTS; i++) {
        struct point before = p[i > 0 ? i - 1 : 0], after = p[i + 2 < HAND_POINTS ? i + 2 : i + 1];
        struct point one = bent(p[i], before, p[i + 1]), two = bent(p[i + 1], after, p[i]);
        buf_printf(g->out, "C%d %d %d %d %d %d", whole(one.x), whole(one.y), whole(two.x), whole(two.y),
                   whole(p[i + 1].x), whole(p[i + 1].y));
    }
    buf_str(g->out, "\"/></svg>");
}
