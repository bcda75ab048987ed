/* Statements whose stored parts were proved to fit each other before: a page that is read again checks no signature
 * again, which costs more than writing it. Known by the SHA-256 of every byte that the proof stood on, so that another
 * byte anywhere is another proof; a fixed number of them, the newest of a place stays; nothing expires, as what fitted
 * once fits for ever. One thread's own. */
#ifndef CS_SERVER_WORKER_FITTING_H
#define CS_SERVER_WORKER_FITTING_H

#include "common/ledger/note.h"

/* All that is checked, and all that it is checked with. */
struct fitting_on {
    struct span jws, bundles, note;
    const uint8_t (*statement_keys)[ED25519_KEY_LEN];
    size_t n_statement_keys;
    const struct note_key *log_keys;
    size_t n_log_keys;
};

struct fitting;
struct fitting *fitting_new(void);
void fitting_free(struct fitting *f); /* NULL-safe */
void fitting_sum(const struct fitting_on *on, struct hash *out);
/* The tree whose head the note was found to be; false: these were not proved, or forgotten. */
bool fitting_known(const struct fitting *f, const struct hash *sum, uint64_t *size, struct hash *root);
void fitting_keep(struct fitting *f, const struct hash *sum, uint64_t size, const struct hash *root);

#endif
