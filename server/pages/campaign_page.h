/* What the pages of one campaign share: what the API says of it, and the places within it. */
#ifndef CS_SERVER_PAGES_CAMPAIGN_PAGE_H
#define CS_SERVER_PAGES_CAMPAIGN_PAGE_H

#include "server/pages/act.h"
#include "server/pages/rows.h"

struct campaign_page {
    struct request *rq;
    struct screen s;
    const struct campaign *c;
    json_t *doc;
};

/* Reads the query of the page and its campaign, which the path names. Errors are the API's. */
MUST_CHECK enum err campaign_page_begin(struct campaign_page *p, struct request *rq, struct param *more, size_t n);
void campaign_page_end(struct campaign_page *p);
/* Opens the page: its name, its state, the way to its other pages. here: of these, the one that this is. */
enum campaign_place { CAMPAIGN_OVERVIEW, CAMPAIGN_RULES, CAMPAIGN_LANDING, CAMPAIGN_CRM, CAMPAIGN_PLACES };
void campaign_page_open(struct campaign_page *p, enum campaign_place here);
/* Whether who looks may change it. */
bool campaign_is_ours(const struct campaign_page *p);
/* The member by its path, a.b; NULL: there is none. */
const json_t *campaign_member(const json_t *doc, const char *path);
/* campaign_rules.c: the words of a member; WORDS: none. */
enum word campaign_word(struct span path);

#endif
