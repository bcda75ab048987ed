/* A lead as the management API shows it. */
#ifndef CS_SERVER_API_LEAD_JSON_H
#define CS_SERVER_API_LEAD_JSON_H

#include "common/base/json_write.h"
#include "server/worker/dispatch.h"

/* Whether the caller is shown whom it is about: the campaign's advertiser, and a publisher what it sent itself. */
struct entry_lead;
bool lead_shows_contact(const struct request *rq, const struct contract *k, const struct entry_lead *l);
/* Worker: the lead at `index`, as one JSON object. Contact fields only for whom lead_shows_contact says. `whole` adds
 * the ledger entry itself and its leaf hash. */
MUST_CHECK enum err lead_json(struct jw *w, struct request *rq, struct txn *t, const struct contract *k, uint64_t index,
                              const struct lead_row *row, bool whole);

#endif
