/* Several mirrors of one campaign's contracts, held against each other: what no contract's log alone can tell.
 * FORMATS.md "Several mirrors". Filled by the audits of the mirrors (verify_asked.campaign), judged when all are done.
 * Memory: some 250 bytes a lead. Owned by one thread. */
#ifndef CS_SETTLEMENT_CAMPAIGN_H
#define CS_SETTLEMENT_CAMPAIGN_H

#include "common/settlement/verify.h"

struct campaign;
/* given: so many mirrors. whole: its user says that these are all contracts of the campaign, so that nothing may be
 * missing. */
struct campaign *campaign_new(size_t given, bool whole, bool receipts, bool clicks); /* that were kept */
void campaign_free(struct campaign *c);                                              /* NULL-safe */
/* Before the audits: the head of the root log that the mirror at `where` has, a text that lives as long as c. Whether
 * it is signed that mirror's audit tells. */
void campaign_root_head(struct campaign *c, const char *where, struct span note);
/* The worst verdict; one line for each check. */
enum verdict campaign_judge(struct campaign *c, verify_report *report, void *ctx);

#endif
