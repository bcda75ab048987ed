/* What the files of verify share: the findings of each check, the keys, and one audit's state. Not for others. */
#ifndef CS_SETTLEMENT_VERIFY_PARTS_H
#define CS_SETTLEMENT_VERIFY_PARTS_H

#include "common/ledger/note.h"
#include "common/settlement/findings.h"
#include "common/settlement/fold.h"
#include "common/settlement/tile_builder.h"
#include "common/settlement/verify.h"

/* symbol, stable word: in the order of the report */
#define CHECK_TABLE(X)                                                                                                 \
    X(KEYS, "keys")                                                                                                    \
    X(CHECKPOINT, "checkpoint")                                                                                        \
    X(TREE, "tree")                                                                                                    \
    X(ENTRIES, "entries")                                                                                              \
    X(DECISIONS, "decisions")                                                                                          \
    X(OPENINGS, "openings")                                                                                            \
    X(STATEMENTS, "statements")                                                                                        \
    X(LINES, "lines")                                                                                                  \
    X(HEADS, "heads")                                                                                                  \
    X(RESPONSES, "responses")                                                                                          \
    X(ROOTLOG, "rootlog")                                                                                              \
    X(FILES, "files")

enum check {
#define X(symbol, word) CHECK_##symbol,
    CHECK_TABLE(X)
#undef X
        CHECKS
};

enum { PATH_CAP = 192, KEYS_CAP = 64, PARTIES_CAP = 8, ANSWERERS_CAP = 8, OPERATORS_CAP = 4, OLD_TERMS = 4 };

/* The published keys. */
struct key_set {
    struct buf text;               /* log/keys: what the names point into */
    struct note_key log[KEYS_CAP]; /* of this contract's log, then of the root log */
    size_t n_contract, n_root;
    struct span root_origin, origin;
    uint8_t statement[KEYS_CAP][ED25519_KEY_LEN];
    size_t n_statement;
};

/* One statement as the log tells it. */
struct closed {
    char id[LIMIT_ID + 1];
    struct hash sha256; /* of the payload, as the entry says */
    bool has_note, in_root_log;
    struct hash note_sha256; /* of the checkpoint note: a leaf of the root log */
    uint8_t answered;        /* bit 0: the advertiser, bit 1: the publisher */
};

/* Recently used bundles, for look-ups of clicks: memory does not grow with their number. */
enum { BUNDLES = 8 };
struct bundle_cache {
    struct {
        bool used;
        uint64_t n;
        struct buf bytes;
    } slot[BUNDLES];
    unsigned next;
};

/* The openings file, read in pieces. */
struct openings {
    const struct mirror *mirror;
    char path[PATH_CAP];
    uint64_t offset; /* of what is not read yet */
    struct buf bytes;
    size_t taken; /* of bytes */
    bool ended;
};

struct audit {
    const struct mirror *mirror;
    struct finding finding[CHECKS];
    char contract[LIMIT_ID + 1];
    struct key_set keys;
    struct checkpoint head; /* of the contract's log; its origin points into head_text */
    struct buf head_text;

    struct fold fold;
    struct rows_map *rows;
    struct view view;
    struct bundle_cache bundles;
    uint64_t at; /* index of the entry that is being folded */
    struct {
        struct terms *terms;
        int64_t replaced_ms;
    } old_terms[OLD_TERMS]; /* the latest first: leads may have been read under them */
    char advertiser[LIMIT_ID + 1], publisher[LIMIT_ID + 1], campaign[LIMIT_ID + 1];
    struct {
        char party[LIMIT_ID + 1];
        uint8_t pub[ED25519_KEY_LEN];
        uint64_t changes, changed_at; /* how often it became another one, and the entry that did it last */
    } party_key[PARTIES_CAP];         /* in force at `at` */
    size_t n_party_keys;
    struct {
        char party[LIMIT_ID + 1];
        uint8_t pub[ED25519_KEY_LEN];
    } answerer[ANSWERERS_CAP]; /* each key that signed an answer */
    size_t n_answerers;
    bool more_answerers;
    struct {
        char party[LIMIT_ID + 1];
        uint64_t n;
    } operator[OPERATORS_CAP]; /* who else than the advertiser said what became of leads */
    size_t n_operators;
    uint64_t other_operators;
    struct openings openings;
    bool stopped; /* an entry could not be folded: nothing after it was looked at */

    struct closed *closed;
    size_t n_closed;
    uint64_t kinds[ENTRY_KINDS], decided, foreign, unopened, opened, dispositions, lines, root_size;
};

/* Reads a file of the mirror into *out (cleared first). false: it is not there; noted as a doubt of `c`. */
MUST_CHECK bool audit_read(struct audit *a, enum check c, const char *path, struct buf *out);
MUST_CHECK bool audit_read_from(struct audit *a, enum check c, const char *path, uint64_t offset, size_t max,
                                struct buf *out);

/* verify_keys.c */
void verify_keys(struct audit *a);
/* Opens a note strictly: our text, one signature line, by a key of the contract's log or (root) of the root log. Notes
 * a failure of `c` otherwise. */
MUST_CHECK bool verify_note(struct audit *a, enum check c, const char *path, struct span note, bool root,
                            struct checkpoint *out);
const uint8_t *audit_statement_key(const struct audit *a, const char kid[43]); /* NULL when it is not published */

/* verify_log.c: walks a log's bundles ("log/C" or "log") up to `head`, rebuilds its tree, compares tiles and root.
 * each() gets every entry, and the tree before it. false when a piece was missing or cut, so that not all entries were
 * seen. */
MUST_CHECK bool verify_log(struct audit *a, enum check c, const char *base, const struct checkpoint *head,
                           void (*each)(struct audit *a, uint64_t index, struct span entry,
                                        const struct frontier *before));
/* An entry of the contract's log; ERR_NOT_FOUND at a->at and past it. ERR_IO: its bundle could not be read again, noted
 * as a doubt. The span lives until the next call. */
MUST_CHECK enum err audit_entry(struct audit *a, uint64_t index, struct span *out);
void bundle_cache_free(struct bundle_cache *c);

/* verify_openings.c: the lines in order. `peek` gives the next one without its newline; false at the end, *cut set when
 * its newline is missing. */
void openings_open(struct audit *a);
MUST_CHECK bool openings_peek(struct openings *o, struct span *line, bool *cut);
void openings_skip(struct openings *o, struct span line);
MUST_CHECK bool openings_left(struct openings *o);
void openings_close(struct openings *o);

/* verify_fold.c: the fold, and what only an auditor asks of an entry. */
void audit_fold_open(struct audit *a);
void audit_fold_entry(struct audit *a, uint64_t index, struct span bytes, const struct frontier *before);
void audit_fold_close(struct audit *a);

/* verify_inputs.c: what a lead's decision rested on, and who made a disposition. `line` is the opening's. */
void verify_inputs(struct audit *a, uint64_t index, const struct entry *e, const struct opening *opening,
                   struct span line);
void verify_speaker(struct audit *a, uint64_t index, const struct entry_disposition *d);

/* verify_statement.c: a statement entry at its index, the fold standing right before it; an answer to one. */
void verify_statement(struct audit *a, uint64_t index, const struct entry *e, const struct frontier *before);
void verify_response(struct audit *a, uint64_t index, const struct entry *e);

/* verify_files.c: no file beside those that the checkpoints and entries call for. */
void verify_files(struct audit *a, const struct checkpoint *root_head);

#endif
