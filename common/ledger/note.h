/* C2SP signed-note and tlog-checkpoint, Ed25519 (type 01): text, blank line, "\u2014 name base64(key id 4 || sig 64)".
 * Key id = first 4 bytes of SHA-256(name 0A 01 pub). Verifier key = name+hex(key id)+base64(01 pub). */
#ifndef CS_LEDGER_NOTE_H
#define CS_LEDGER_NOTE_H

#include "common/base/buf.h"
#include "common/ledger/merkle.h"

enum { NOTE_KEY_ID_LEN = 4, NOTE_BLOB_MAX = 4096 };
enum note_alg { NOTE_ED25519 = 1, NOTE_COSIGNATURE = 4 }; /* what a key signs: notes, or cosignatures (witness.h) */
enum { NOTE_KEYS_MAX = 64 };                              /* that a note may be opened with */

struct note_key {
    struct span name;
    uint8_t pub[ED25519_KEY_LEN];
};

struct checkpoint {
    struct span origin;
    uint64_t size;
    struct hash root;
};

void note_vkey(struct buf *out, const struct note_key *k);
MUST_CHECK enum err
note_vkey_parse(struct span text,
                struct note_key *out); /* name points into text; ERR_MALFORMED if the id does not fit */

/* The same of a key that signs something else, and pieces of notes: for witness.h. */
void note_vkey_of(struct buf *out, const struct note_key *k, enum note_alg alg);
MUST_CHECK enum err note_vkey_parse_of(struct span text, enum note_alg alg, struct note_key *out);
void note_key_id(const struct note_key *k, enum note_alg alg, uint8_t id[NOTE_KEY_ID_LEN]);
/* A signature line, with its newline; and read, without it: *len is more than a key id. */
void note_line(struct buf *out, struct span name, struct span blob);
MUST_CHECK enum err note_line_read(struct span line, struct span *name, uint8_t blob[NOTE_BLOB_MAX], size_t *len);
/* The text with its last newline, and the signature lines behind the blank one. ERR_MALFORMED: no note's characters or
 * parts. */
MUST_CHECK enum err note_split(struct span note, struct span *text, struct span *lines);
/* Whether both have one name and key id: a signature line could be either's. */
bool note_same_id(const struct note_key *a, const struct note_key *b);

/* What a note says, unverified: to know how large the tree claims to be. Well formed as checkpoint_open wants it, or
 * ERR_MALFORMED. */
MUST_CHECK enum err checkpoint_peek(struct span note, struct checkpoint *out);
void checkpoint_text(struct buf *out, const struct checkpoint *c);
/* Text and one signature under key name = origin. */
void checkpoint_sign(struct buf *out, const struct checkpoint *c, struct signer *s);
/* Another signature line behind it, by another key of that name. */
void checkpoint_sign_too(struct buf *out, const struct checkpoint *c, struct signer *s);
/* Opens a note with the keys we know: ERR_UNAUTHORIZED when a known key's signature is bad or none is known; unknown
 * keys' lines are ignored if well formed; ERR_MALFORMED otherwise. Spans in *out point into note. */
MUST_CHECK enum err checkpoint_open(struct span note, const struct note_key *keys, size_t n, struct checkpoint *out);
/* As checkpoint_open for what we wrote ourselves: ERR_MALFORMED also for extension lines, and unless each signature is
 * by another one of these keys, in their order. *by (NULL: not asked for) has bit i set where keys[i] has signed. */
MUST_CHECK enum err checkpoint_open_plain(struct span note, const struct note_key *keys, size_t n,
                                          struct checkpoint *out, uint64_t *by);

#endif
