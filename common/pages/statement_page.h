/* A statement as a page: for the screen, a phone and A4, in our languages. */
#ifndef CS_PAGES_STATEMENT_PAGE_H
#define CS_PAGES_STATEMENT_PAGE_H

#include "common/pages/page.h"
#include "common/settlement/statement.h"

/* What a party answered. */
struct page_answer {
    bool given, accepts;
    int64_t at_ms;
    size_t n_disputed; /* 0: all of it */
    struct span reason;
    struct span thumbprint; /* of the key that signed; empty: not known */
};

struct statement_page {
    struct span payload, lines;
    struct span style; /* CSS, as it stands; the policy of the page names its hash */
    struct span issuer_thumbprint;
    struct page_answer answer[2]; /* of the advertiser, of the publisher */
    enum language language;
    page_offset *offset; /* of the statement's zone; NULL: there is none, and times are UTC */
    void *of_page;
    size_t lines_most;   /* so many line items that move money, 0: all */
    struct span address; /* of the page, relative, with its query's first part: "S1?format=html" */
};

/* Appends the page. ERR_CORRUPT, with nothing appended, when the payload does not read. */
MUST_CHECK enum err statement_page(struct buf *out, const struct statement_page *in);

#endif
