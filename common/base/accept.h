/* Headers by which a client weighs what it takes: Accept, Accept-Language (RFC 9110, section 12.4). */
#ifndef CS_BASE_ACCEPT_H
#define CS_BASE_ACCEPT_H

#include "common/base/span.h"

/* Takes the first choice off the front of *list: its range, as written, and its weight in thousandths. What is no
 * weight counts as 0. False when none is left. */
bool accept_next(struct span *list, struct span *range, int *weight);

/* What an Accept weighs more: above 0 JSON, below 0 a page; 0: neither of the two. */
int accept_json_or_page(struct span accept);

/* Our languages; the first is the one for whoever asks for none of them. word: as HTML and HTTP write it. */
#define LANGUAGE_TABLE(X) X(EN, "en") X(FR, "fr") X(ZH, "zh-Hans")

enum language {
#define X(symbol, word) LANGUAGE_##symbol,
    LANGUAGE_TABLE(X)
#undef X
        LANGUAGES
};

const char *language_word(enum language language);
/* The language of ours that an Accept-Language weighs most, the first among equals (RFC 4647 basic ranges, whatever
 * region or script they name: who reads traditional Chinese is better served by simplified than by English). */
enum language language_accepted(struct span accept_language);

#endif
