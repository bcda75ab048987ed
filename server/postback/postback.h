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

/* Writes the answer to a lead or disposition entry, with its signed receipt: a function of the entry alone, but for
 * `ignored`, a JSON list of names of this request. Any thread, with its own contexts. */
void postback_answer(struct jw *w, const struct contract *k, uint64_t index, const struct hash *leaf,
                     const struct entry *e, struct span ignored, struct tokens *tokens, struct signer *signer);

#endif
