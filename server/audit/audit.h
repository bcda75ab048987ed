/* Signed heads for handlers. Worker thread. */
#ifndef CS_SERVER_AUDIT_AUDIT_H
#define CS_SERVER_AUDIT_AUDIT_H

#include "server/http/request.h"
#include "server/ledger/ledger.h"

/* The swept head of a log (ROOT_LOG or a contract's number) as *reader sees it, and its signed checkpoint appended to
 * *note. Another worker may have signed a newer head between our reading and our signing: then the reader is renewed,
 * so that head and reader belong together. */
MUST_CHECK enum err audit_checkpoint(struct request *rq, uint32_t log, struct txn **reader, struct head *head,
                                     struct buf *note);

#endif
