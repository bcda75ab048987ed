/* What HTML pages are written with: text escaped unless said otherwise, numbers, money and times as each language
 * writes them. */
#ifndef CS_PAGES_PAGE_H
#define CS_PAGES_PAGE_H

#include "common/base/buf.h"
#include "common/pages/words.h"

/* How many seconds the clocks of a page's zone are ahead of UTC at a time; of_page is the page's own. */
typedef int64_t page_offset(void *of_page, int64_t at_ms);

struct page {
    struct buf *out;
    enum language language;
    page_offset *offset; /* NULL: UTC */
    void *of_page;
};

/* The five of HTML that mean something; U+FFFD in place of what turns or hides other text (utf8_seen). */
void page_text(struct page *g, struct span s);
void page_words(
    struct page *g,
    struct span s); /* the same, of people's own words: whichever way they run, they turn nothing around them */
void page_html(struct page *g, const char *html); /* as it stands */
/* A word's text, its {} filled with HTML in turn. As many as it has (asserted). */
void page_say(struct page *g, enum word w, ...); /* struct span * each, NULL ends them */
#define page_word(g, w) page_say((g), (w), (struct span *)NULL)

/* 12,345 in English and Chinese, 12 345 in French. */
void page_count(struct page *g, int64_t n);
void page_index(struct page *g, int64_t n); /* 12345, as commands and files want it */
/* value / 10^decimals with at least `least` of them; minus is U+2212. */
void page_amount(struct page *g, int64_t value, int decimals, int least);
/* 3 Dec 2026; 3 déc. 2026; 2026年12月3日: in the zone, inside <time>. */
void page_day(struct page *g, int64_t ms);
void page_time(struct page *g, int64_t ms);       /* to the minute */
void page_plain_time(struct page *g, int64_t ms); /* 2026-12-03 10:42:17, as spreadsheets read it */
bool page_is_midnight(const struct page *g, int64_t ms);
/* The hand that a key draws, as an SVG: of the key's thumbprint (RFC 7638). An aid to the eye, no proof. */
void page_hand(struct page *g, struct span thumbprint);

#endif
