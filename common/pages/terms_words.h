/* What a contract's terms say, for people. */
#ifndef CS_PAGES_TERMS_WORDS_H
#define CS_PAGES_TERMS_WORDS_H

#include "common/decisions/terms.h"
#include "common/pages/page.h"

/* As a list of facts: what is paid, for which leads, when, within which bounds. */
void terms_in_words(struct page *g, const struct terms *t);

#endif
