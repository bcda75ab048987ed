/* What all pages of a signed-in party have around them, and the page of whoever is not: head, header with the role's
 * places, footer with languages. Nothing in them is inline. */
#ifndef CS_PAGES_FRAME_H
#define CS_PAGES_FRAME_H

#include "common/pages/part.h"

/* Whose page it is: in the order of roles' names on pages. */
enum seat { SEAT_NOBODY, SEAT_OPERATOR, SEAT_ADVERTISER, SEAT_PUBLISHER, SEAT_AUDITOR, SEATS };

struct frame {
    const char *style, *script; /* their addresses */
    enum seat seat;
    struct span name;       /* of the party */
    const char *here;       /* the address of the place of the header that this is; NULL: none of them */
    enum word title;        /* without {} */
    struct span path;       /* of the page, encoded */
    struct span query;      /* what it was asked but for the language, encoded, without `?` */
    struct span form_token; /* of whoever is signed in */
    struct span zone;       /* in which its times are; empty: it has none */
    int64_t as_of;          /* how many entries of its one contract its numbers are of; 0: it is not said */
    const char *main_class; /* of <main>; NULL: none */
    size_t most;            /* bytes of a form of it; 0: LIMIT_BODY */
    enum word large;        /* then: what is said of one of more, with {} KiB */
};

/* Up to <main>, which is open. */
void frame_open(struct page *g, const struct frame *f);
void frame_close(struct page *g, const struct frame *f);
/* The hidden field by which a form says which session it was made for. */
void frame_form_token(struct page *g, struct span token);

#endif
