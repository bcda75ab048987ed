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
    bool seeded;    /* since the last statement, or since it began */
    bool due;       /* the entry behind the one that was folded last is to say what was learnt */
    bool blind;     /* nothing is learnt before an entry that says what was: an auditor begins there */
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

enum { MODEL_HEAD = 8 + HASH_LEN + 1, MODEL_MAX = MODEL_HEAD + SCORE_STATE_MAX };

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
/* What a status says of a lead that was scored: 1, 0 or SCORE_UNTAUGHT. */
int model_label(enum status s);
/* The entry, all but its time, that is to stand behind one that leaves the model due. */
void model_entry(const struct score_model *m, uint64_t terms, struct entry *out);
/* Takes what an entry at `index` says and teaches, bound by *t, behind its rows. What is known of the lead that it is,
 * or is about, is not worked out again (NULL: nothing; of a disposition the tokens alone). *changed is set if it
 * changed anything. ERR_CORRUPT when what it teaches cannot be read; else an error of the view: then *m is undefined.
 */
MUST_CHECK enum err model_fold(struct score_model *m, const struct view *v, uint32_t contract, const struct terms *t,
                               uint64_t index, const struct entry *e, const struct scored *known, bool *changed);

/* Takes in a seed at the entry at `index`, bound by *t, which scores; the bytes are those that the entry names.
 * ERR_CORRUPT: they are no seed for these terms. ERR_CONFLICT: one came since the last statement. Nothing happened. */
MUST_CHECK enum err model_seed(struct score_model *m, const struct terms *t, uint64_t index, struct span bytes);
/* What a campaign's contracts have taught, all together: of each of them whether its terms ask for the same, since an
 * entry. */
struct joined {
    bool on;
    uint64_t since;
};
/* Takes an entry of one of them into a campaign's state, which is on and knows what it asks for; bound by *t, behind
 * its rows. Errors as model_fold. */
MUST_CHECK enum err model_join(struct score_model *campaign, struct joined *of, const struct view *v, uint32_t contract,
                               const struct terms *t, uint64_t index, const struct entry *e);
/* What is stored of one that is on. */
size_t model_write(const struct score_model *m, uint8_t out[MODEL_MAX]);
/* Only terms know the shape: the state is read when they are. ERR_CORRUPT. */
MUST_CHECK enum err model_read(struct span row, struct score_model *out);

#endif
