/* Templates: literal HTML whose {} are filled with parts in turn. A part says what kind of value it is, and text of
 * others comes in by PART_TEXT and PART_NAME alone, which escape it: what is not a literal cannot be HTML. */
#ifndef CS_PAGES_PART_H
#define CS_PAGES_PART_H

#include "common/pages/page.h"

enum part_kind {
    PART_TEXT,   /* of others, or of programs */
    PART_NAME,   /* of others, who may write in either direction */
    PART_QUERY,  /* the same within an address: percent-encoded */
    PART_WORD,   /* a word of the table, itself without {} */
    PART_SAY,    /* a word of the table and what fills it */
    PART_HTML,   /* a literal, as one of two that a place may have */
    PART_COUNT,  /* 12,345 */
    PART_INDEX,  /* 12345 */
    PART_TENTHS, /* 12.5, as SVG wants it */
    PART_MICROS, /* 12.00 EUR */
    PART_PPM,    /* 6.2% */
    PART_SHARE,  /* 6.25%, as terms say it */
    PART_DAY,
    PART_TIME
};

struct part {
    enum part_kind kind;
    enum word word;
    int64_t n;
    struct span text; /* of PART_MICROS the currency */
    const char *html;
    const struct part *parts;
    size_t n_parts;
};

/* `html` is a literal (checked by the compiler), with as many {} as there are parts (asserted). */
#define page_put(g, html, ...) page_fill((g), "" html, PARTS(__VA_ARGS__))
#define PARTS(...) (const struct part[]){__VA_ARGS__}, sizeof((const struct part[]){__VA_ARGS__}) / sizeof(struct part)
void page_fill(struct page *g, const char *html, const struct part *parts, size_t n);

#define P_TEXT(s) ((struct part){.kind = PART_TEXT, .text = (s)})
#define P_NAME(s) ((struct part){.kind = PART_NAME, .text = (s)})
#define P_QUERY(s) ((struct part){.kind = PART_QUERY, .text = (s)})
#define P_WORD(w) ((struct part){.kind = PART_WORD, .word = (w)})
#define P_HTML(s) ((struct part){.kind = PART_HTML, .html = (s)})
#define P_COUNT(v) ((struct part){.kind = PART_COUNT, .n = (v)})
#define P_INDEX(v) ((struct part){.kind = PART_INDEX, .n = (v)})
#define P_TENTHS(v) ((struct part){.kind = PART_TENTHS, .n = (v)})
#define P_MICROS(v, currency) ((struct part){.kind = PART_MICROS, .n = (v), .text = (currency)})
#define P_PPM(v) ((struct part){.kind = PART_PPM, .n = (v)})
#define P_SHARE(v) ((struct part){.kind = PART_SHARE, .n = (v)})
#define P_DAY(ms) ((struct part){.kind = PART_DAY, .n = (ms)})
#define P_TIME(ms) ((struct part){.kind = PART_TIME, .n = (ms)})
#define P_SAY(w, ...) part_say((w), PARTS(__VA_ARGS__))

static inline struct part part_say(enum word w, const struct part *parts, size_t n)
{
    return (struct part){.kind = PART_SAY, .word = w, .parts = parts, .n_parts = n};
}

#endif
