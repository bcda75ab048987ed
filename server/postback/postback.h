/* Handlers of postbacks: signed queries and signed JSON. Worker thread. */
#ifndef CS_SERVER_POSTBACK_POSTBACK_H
#define CS_SERVER_POSTBACK_POSTBACK_H

#include <jansson.h>

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

/* What would become of a postback, were it sent now: nothing is recorded, and no secret is told. */
enum { EXPLAIN_DIFFERS = 8 };
struct explained {
    bool webhook;
    struct span kid;                      /* as it stands there */
    bool valid;                           /* the signature, or the key, is right and fresh */
    bool malformed;                       /* what signs is missing, or not as it is to be: a 400, not a 401 */
    struct span expected_text;            /* what is to be signed; empty with a key */
    const char *differs[EXPLAIN_DIFFERS]; /* parts of the request or of the signed text */
    struct span hints[EXPLAIN_DIFFERS];   /* a sentence on each */
    size_t n_differs;
    json_t *fields; /* as they were read; to be released */
    struct ignored ignored;
    bool named;      /* its sender is the caller, or known to the operator: the rest is told */
    enum err err;    /* of what follows the signature; problem in the request */
    struct job *job; /* valid, and decided: its entry is what would be recorded */
};
/* `asked`: the request that was pasted, otherwise as rq; `host` of a pasted URL, or empty. Reads the store: a reader's
 * thread. Errors that are answered with a 5xx: it cannot be told. */
MUST_CHECK enum err postback_explain(const struct request *rq, struct request *asked, struct span host,
                                     struct explained *out);

/* postback_rows.c: POST /v1/leads and /v1/dispositions, of one object or many rows. The handlers read (on a reader's
 * thread where there is much to read); finish without a job begins, and with one goes on. */
enum err rows_leads_handle(struct request *rq, struct reply *reply);
enum err rows_dispositions_handle(struct request *rq, struct reply *reply);
enum err rows_finish(struct request *rq, struct job *job, struct reply *reply);

#endif
