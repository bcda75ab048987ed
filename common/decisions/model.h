/* What a contract's log has taught so far about its leads: the lead score as a fold of the entries. The same in the
 * server, in check and in verify. FORMATS.md, "Score". */
#ifndef CS_DECISIONS_MODEL_H
#define CS_DECISIONS_MODEL_H

#include "common/decisions/rows.h"
#include "common/decisions/score_terms.h"
#include "common/decisions/terms.h"

/* Of one log; 33 KB. All zeros: nothing was learnt. */
struct score_model {
    bool on;
    uint64_t since; /* the entry at which it began: the first under terms that ask for these facts */
    struct hash asked;
    struct score_state state;
};

/* Of one lead: what it says, and what was said of it. */
struct scored {
    bool known; /* by the state that an entry will be folded into */
    struct score_tokens tokens;
    struct score_said said;
};

enum { MODEL_HEAD = 8 + HASH_LEN, MODEL_MAX = MODEL_HEAD + SCORE_STATE_MAX };

/* The tokens of a lead entry; `t` scores. */
void model_tokens(const struct terms *t, const struct entry *lead, struct score_tokens *out);
/* What was learnt that counts under these terms, which score. NULL: nothing; m may be NULL. */
const struct score_state *model_state(const struct score_model *m, const struct terms *t);
/* What is said of a lead entry now; m may be NULL. */
void model_say(const struct score_model *m, const struct terms *t, const struct entry *lead, struct scored *out);
/* Whether its score holds it. Parts of one lead move together: none is held by itself. */
bool model_low(const struct score_model *m, const struct terms *t, const struct entry *lead,
               const struct scored *scored);
/* Whether no rule refused the lead at once: then it is scored, and teaches. */
bool model_scores(const struct entry *lead);
/* Takes what an entry at `index` says and teaches, bound by *t, behind its rows. What is known of the lead that it is,
 * or is about, is not worked out again (NULL: nothing; of a disposition the tokens alone). *changed is set if it
 * changed anything. ERR_CORRUPT when what it teaches cannot be read; else an error of the view: then *m is undefined.
 */
MUST_CHECK enum err model_fold(struct score_model *m, const struct view *v, uint32_t contract, const struct terms *t,
                               uint64_t index, const struct entry *e, const struct scored *known, bool *changed);

/* What is stored of one that is on. */
size_t model_write(const struct score_model *m, uint8_t out[MODEL_MAX]);
/* Only terms know the shape: the state is read when they are. ERR_CORRUPT. */
MUST_CHECK enum err model_read(struct span row, struct score_model *out);

#endif
