/* A statement for people: as a page for the screen, a phone and A4, in our languages, and as a table. */
#ifndef CS_PAGES_STATEMENT_PAGE_H
#define CS_PAGES_STATEMENT_PAGE_H

#include "common/pages/page.h"
#include "common/settlement/corrections.h"

/* What a party answered. */
struct page_answer {
    bool given, accepts;
    int64_t at_ms;
    size_t n_disputed;        /* 0: all of it */
    const uint64_t *disputed; /* entries that are line items, ascending */
    struct span reason;
    struct span thumbprint; /* of the key that signed; empty: not known */
};

/* A version of the terms that the statement names. */
struct page_terms {
    uint64_t index;
    int64_t version, at_ms; /* when it bound: its entry or the last assent to it */
    bool agreed;            /* by both parties */
    const struct terms *terms;
};

/* How an adjustment came to count. */
struct page_assents {
    bool asked;       /* by the assents of both; else by the operator's word alone */
    int64_t at_ms[2]; /* of the advertiser's, the publisher's; 0: not given */
};

/* What corrects it, on one later statement. */
struct page_later {
    char id[LIMIT_ID + 1]; /* empty: on none so far */
    uint64_t number;
    int64_t n, micros;
};

/* One of them, of a lead of which a line is disputed. */
struct page_correction {
    uint64_t lead, index, number; /* the entry that it counts from; number of the statement, 0: on none so far */
    int64_t micros;
    uint64_t line; /* of the lead's disputed lines the last, beside which it is shown */
};

/* What only the server knows; of_page is the page's own. */
typedef void page_reference(void *of_page, uint64_t lead, struct buf *out);
typedef struct span page_label(void *of_page, int64_t placement); /* empty: it has none */
typedef struct page_assents page_assents(void *of_page, uint64_t adjustment);

/* Both forms are made in pieces, in this order: all that stands in front of line items, where `lines` has those of
 * the adjustments that are shown at least; line items, those of `lines`, perhaps in several pieces; and all behind
 * them. */
enum page_part { PAGE_FRONT = 1, PAGE_LINES = 2, PAGE_BACK = 4, PAGE_WHOLE = PAGE_FRONT | PAGE_LINES | PAGE_BACK };

struct statement_page {
    const struct statement *s; /* what payload says: read once, for all its parts */
    struct span payload, lines;
    unsigned parts;    /* of page_part */
    struct span style; /* CSS, as it stands; the policy of the page names its hash */
    struct span issuer_thumbprint;
    struct page_answer answer[2]; /* of the advertiser, of the publisher */
    enum language language;
    page_offset *offset; /* of the statement's zone; NULL: there is none, and times are UTC */
    void *of_page;
    page_reference *reference; /* of leads; NULL: none are shown */
    page_label *label;         /* of tracking codes; NULL: likewise */
    page_assents *assents;     /* to adjustments; NULL: likewise */
    bool texts;                /* what senders wrote themselves is shown: txid, sub1, labels, reasons */
    const struct page_terms *terms;
    size_t n_terms;
    const struct page_later *later; /* in order of number */
    size_t n_later;
    const struct corrected_lead *corrected_leads; /* beyond what they charged or again, the first CORRECTED_TOLD; */
    size_t n_corrected_leads;                     /* how many in all */
    const struct page_correction *corrected;      /* in order of number, of leads of disputed lines */
    size_t n_corrected;
    const uint64_t *still; /* entries of line items that are disputed and move no money, ascending */
    size_t n_still;
    size_t adjustments_most; /* so many of them, 0: all */
    size_t lines_all;        /* how many line items of the statement move money, or are disputed: a page shows those */
    size_t lines_most;       /* so many of them, 0: all */
    size_t lines_before;     /* so many of them stand in pieces before */
    bool linked;             /* its reader came by the list of statements, and goes back there */
    struct span asked;       /* the statement's id, where that reader is one of the two who answer it */
    struct span address;     /* of the statement, relative, up to its `format`: "S1?", or "S1?share=x&" */
};

/* How many adjustments, the first of s->adjustments, its front shows. */
size_t statement_page_adjustments(const struct statement_page *in, const struct statement *s);
/* Appends these parts of the page. */
void statement_page(struct buf *out, const struct statement_page *in);
/* Appends the page in its place where a share link opens nothing any more. */
void statement_page_over(struct buf *out, enum language language, struct span style);
/* Appends them of it as CSV, the names of columns and the words of cells being the same in each language: for French
 * with semicolons, and commas in amounts. */
void statement_csv(struct buf *out, const struct statement_page *in);

#endif
