/* Handlers of the audit lane, and signed heads. Worker thread. */
#ifndef CS_SERVER_AUDIT_AUDIT_H
#define CS_SERVER_AUDIT_AUDIT_H

#include "server/ledger/ledger.h"
#include "server/worker/dispatch.h"

/* The swept head of a log (ROOT_LOG or a contract's number) as *reader sees it, and its signed checkpoint appended to
 * *note. Another worker may have signed a newer head between our reading and our signing: then the reader is renewed,
 * so that head and reader belong together. */
MUST_CHECK enum err audit_checkpoint(struct request *rq, uint32_t log, struct txn **reader, struct head *head,
                                     struct buf *note);

/* Answers a text with an entity tag, or 304 to who has it. open: to everybody, so that anybody may keep it. */
void audit_reply(struct request *rq, struct reply *reply, struct span text, bool open);

/* The parameters `from` and `to` of a range of indexes; 0 and UINT64_MAX where they are not given. */
MUST_CHECK enum err audit_range(struct request *rq, uint64_t *from, uint64_t *to);
/* What goes on with it, of /log/{contract}/{what}. */
struct span audit_next(struct request *rq, const struct contract *k, const char *what, uint64_t from, uint64_t to);

/* The root log's verifier keys, one a line. */
void audit_root_keys(struct buf *out, const struct server *sh);

enum err jwks_get(struct request *rq, struct reply *reply);
enum err log_keys_get(struct request *rq, struct reply *reply);
enum err root_checkpoint_get(struct request *rq, struct reply *reply);
enum err root_tile_get(struct request *rq, struct reply *reply);
enum err checkpoint_get(struct request *rq, struct reply *reply);
enum err tile_get(struct request *rq, struct reply *reply);
enum err root_witnessed_get(struct request *rq, struct reply *reply);
enum err witnessed_get(struct request *rq, struct reply *reply);
enum err witness_add(struct request *rq, struct reply *reply);
enum err witness_key_get(struct request *rq, struct reply *reply);
enum err state_get(struct request *rq, struct reply *reply);
enum err openings_get(struct request *rq, struct reply *reply);
enum err heads_get(struct request *rq, struct reply *reply);
enum err leads_proof(struct request *rq, struct reply *reply);
enum err leads_proof_finish(struct request *rq, struct job *job, struct reply *reply);
enum err statements_proof(struct request *rq, struct reply *reply);
enum err statements_proof_finish(struct request *rq, struct job *job, struct reply *reply);

#endif
