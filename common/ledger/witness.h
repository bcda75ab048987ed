/* What passes between a log and its witnesses. C2SP tlog-cosignature v1 (Ed25519, type 04): a witness signs
 * "cosignature/v1\ntime N\n" and the text of a checkpoint, N Unix seconds; its line is that of a signed note with
 * base64(key id 4 || time be64 || sig 64), key id = first 4 bytes of SHA-256(name 0A 04 pub). C2SP tlog-witness: the
 * body of add-checkpoint. C2SP tlog-proof. */
#ifndef CS_LEDGER_WITNESS_H
#define CS_LEDGER_WITNESS_H

#include "common/ledger/note.h"

enum {
    WITNESS_PROOF_MAX = 63, /* hashes in a consistency proof */
    COSIGNATURE_LINES_MAX = 100
};

/* A witness's verifier key: name+hex(key id)+base64(04 pub). */
void witness_vkey(struct buf *out, const struct note_key *k);
MUST_CHECK enum err witness_vkey_parse(struct span text, struct note_key *out);

/* Appends a cosignature line over a checkpoint's text (note_split). */
void cosign(struct buf *out, struct span text, struct span name, struct signer *s, uint64_t time_s);
/* The first cosignature of this key among signature lines: ERR_NOT_FOUND: there is none; ERR_UNAUTHORIZED: it is not
 * over this text; ERR_MALFORMED: they are no signature lines. *line (may be NULL) without its newline, in `lines`. */
MUST_CHECK enum err cosignature_find(struct span lines, struct span text, const struct note_key *k, uint64_t *time_s,
                                     struct span *line);

/* "old N\n", the proof's hashes one a line in base64, an empty line, the checkpoint's note. */
struct add_checkpoint {
    uint64_t old;
    struct hash proof[WITNESS_PROOF_MAX];
    size_t n;
    struct span note;
};
void add_checkpoint_write(struct buf *out, const struct add_checkpoint *a);
MUST_CHECK enum err add_checkpoint_read(struct span body, struct add_checkpoint *out); /* ERR_MALFORMED */
/* What a witness that cosigned the tree `last` of this log (of size 0: none) says to a checkpoint whose log's signature
 * holds: ERR_OK; ERR_MALFORMED: it is older than what it extends; ERR_CONFLICT: its author takes another tree for the
 * last; ERR_INVALID: what it shows proves nothing. */
MUST_CHECK enum err add_checkpoint_judge(const struct add_checkpoint *a, const struct checkpoint *c,
                                         const struct checkpoint *last);

/* A proof that a log has an entry. */
void tlog_proof_write(struct buf *out, uint64_t index, const struct hash *path, size_t n, struct span note);

#endif
