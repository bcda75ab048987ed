/* Handlers of postbacks: signed queries and signed JSON. Worker thread. */
#ifndef CS_SERVER_POSTBACK_POSTBACK_H
#define CS_SERVER_POSTBACK_POSTBACK_H

#include "common/base/json_write.h"
#include "server/worker/dispatch.h"

enum err postback_query_handle(struct request *rq, struct reply *reply);
enum err postback_json_handle(struct request *rq, struct reply *reply);
enum err postback_finish(struct request *rq, struct job *job, struct reply *reply);

/* Whose kid the target names. */
void postback_sender(struct request *rq);

/* What an answer names as ignored: names of the request, and `contract` where a lead is booked on another than it
 * named. */
struct ignored {
    const struct span *name;
    size_t n;
    uint32_t contract; /* number of the one that a new lead named; 0: none */
};

/* How an answer is written. */
struct answering {
    struct ignored ignored;
    struct tokens *tokens;
    struct signer *signer; /* of the receipt; NULL: without one */
    const size_t *row;     /* of several: `status` is HTTP's then, and `decision` ours; NULL: the only one */
};

/* Writes the answer to a lead or disposition entry: a function of the entry alone. Any thread, with its own contexts.
 */
void postback_answer(struct jw *w, const struct contract *k, uint64_t index, const struct hash *leaf,
                     const struct entry *e, const struct answering *how);

/* POST /v1/leads/{ref}/dispositions: the record of what its body says of the lead in its path. */
MUST_CHECK enum err postback_dispose(struct request *rq, struct job **out);

/* postback_rows.c: POST /v1/leads and /v1/dispositions, of one object or many rows. The handlers read (on a reader's
 * thread where there is much to read); finish without a job begins, and with one goes on. */
enum err rows_leads_handle(struct request *rq, struct reply *reply);
enum err rows_dispositions_handle(struct request *rq, struct reply *reply);
enum err rows_finish(struct request *rq, struct job *job, struct reply *reply);

#endif
