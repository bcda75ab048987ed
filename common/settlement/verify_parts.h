/* What the files of verify share: the findings of each check, the keys, and one audit's state. Not for others. */
#ifndef CS_SETTLEMENT_VERIFY_PARTS_H
#define CS_SETTLEMENT_VERIFY_PARTS_H

#include "common/base/limits.h"
#include "common/ledger/note.h"
#include "common/ledger/root_log.h"
#include "common/ledger/server_keys.h"
#include "common/settlement/byte_map.h"
#include "common/settlement/campaign_parts.h"
#include "common/settlement/corrections.h"
#include "common/settlement/findings.h"
#include "common/settlement/fold.h"
#include "common/settlement/persons.h"
#include "common/settlement/tile_builder.h"
#include "common/settlement/verify_told.h"

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
    X(HISTORY, "history")                                                                                              \
    X(FILES, "files")                                                                                                  \
    X(PINS, "pins")                                                                                                    \
    X(AGAINST, "against")                                                                                              \
    X(WITNESSES, "witnesses")                                                                                          \
    X(AGE, "age")                                                                                                      \
    X(RECEIPTS, "receipts")                                                                                            \
    X(CLICKS, "clicks")                                                                                                \
    X(RECONCILE, "reconcile")

enum check {
#define X(symbol, word) CHECK_##symbol,
    CHECK_TABLE(X)
#undef X
        CHECKS
};

/* A lead is read under the terms that stood when it arrived; newer ones may stand in the log before it. */
#define TERMS_GRACE_MS (60 * 1000)
enum { PATH_CAP = 192, KEYS_CAP = NOTE_KEYS_MAX, PARTIES_CAP = 8, ANSWERERS_CAP = 8, OPERATORS_CAP = 4, OLD_TERMS = 4 };

/* Who says what became of a lead. */
enum sayer { SAYER_SYSTEM, SAYER_COUNTERSIGNED, SAYER_ADVERTISER, SAYERS };

enum log { LOG_CONTRACT, LOG_ROOT, LOGS };

/* A head that somebody was shown before, and one log's, by their size: those before `next` were compared. */
struct known_head {
    uint64_t size;
    struct hash root;
    enum check check; /* CHECK_HISTORY: kept by a pull; CHECK_PINS; CHECK_WITNESSES */
    uint64_t line;    /* of the pins */
};
struct known {
    struct known_head *head;
    size_t n, room, next;
};

/* log/witnessed, log/{contract}/witnessed. */
struct witnessed {
    struct buf note; /* what the spans below, and the head's, point into */
    struct span text, lines;
    bool has_root, has_head, is_held; /* held: the head is an entry of the root */
    struct checkpoint root;
    uint64_t size; /* of the contract's head */
    struct hash leaf;
    uint64_t n_cosigned, oldest_s;
    size_t n_witnesses;
};

/* The published keys. */
struct key_set {
    struct buf names;              /* what the names below point into */
    struct note_key log[KEYS_CAP]; /* of this contract's log, then of the root log */
    size_t n_contract, n_root;
    struct span root_origin, origin;
    uint8_t statement[KEYS_CAP][ED25519_KEY_LEN];
    size_t n_statement;
    uint64_t used_log, used_statement; /* a bit for each that signed something here */
};

/* The keys that sign from an entry on: the first of these from the start, the others by their `server_keys` entry. */
enum { KEY_STATES = 64 };
struct key_state {
    uint64_t from, root; /* the entry, and its leaf's index in the root log */
    struct server_keys keys;
    struct hash leaf;
    bool in_root;
};

/* A checkpoint that was opened: whether these keys sign trees of that size is known at the end. */
struct signed_note {
    enum check check;
    enum log log;
    uint64_t size, by; /* a bit for each key of that log */
    char path[PATH_CAP];
};

struct signers {
    struct key_state of[KEY_STATES];
    size_t n;    /* 0: no keys could be read */
    bool walked; /* the log was, to its end: there are no others */
    bool others; /* the root log has a change of keys that is none of these, at: */
    uint64_t other;
    struct signed_note *note;
    size_t n_notes, room;
};

/* One statement as the log tells it. */
struct closed {
    char id[LIMIT_ID + 1];
    struct hash sha256; /* of the payload, as the entry says */
    bool has_note, in_root_log;
    struct hash note_sha256; /* of the checkpoint note: a leaf of the root log */
    uint64_t from, to;
    int64_t issued_ms, answered_ms[2]; /* when the advertiser, the publisher said its last answer; 0: none */
    uint8_t answered;                  /* bit 0: the advertiser, bit 1: the publisher */
    uint8_t disputed;                  /* likewise, of those: who does not accept it, by its last answer */
    struct correction_sums since;      /* what corrects it, on later statements or on none so far */
};

/* What a statement says, as far as it was read, and what its parties (advertiser, publisher) said of it last. */
struct said {
    bool read;
    int64_t from_ms, to_ms, due_ms, gross_micros, net_micros, payable_minor, vat_minor, exponent;
    int64_t brought_micros, carried_micros;
    uint64_t number, from, to;
    struct correction_sums sums; /* on it, of others */
    struct {
        uint64_t index;
        char *payload; /* NULL: no answer */
    } answer[2];
};

/* Where the entries end in the bundles that were looked into last: so that one can be read again without its
 * neighbours, which a hostile log makes as large as may be. Memory does not grow with their number; 4 million entries
 * fit. */
enum { BUNDLES = 1 << 14 };
struct bundle_ends {
    bool known; /* the rest says something */
    uint64_t n;
    uint32_t end[TILE_WIDTH];
};

/* A click that was walked, or an entry that was looked at as somebody's click, whichever came last: many may name the
 * same, and it may be as long as an entry can be. Memory does not grow with their number. */
enum { LOOKED = 1 << 16 };
struct looked {
    bool known, is_click;
    uint64_t index;
    struct clicked clicked;
};

/* A file of lines, read in pieces: memory holds one piece and one line. */
struct lines {
    const struct mirror *mirror;
    struct finding *finding;
    const char *what; /* a line is called so: "opening" */
    char path[PATH_CAP];
    uint64_t offset; /* of what is not read yet */
    size_t longest;  /* bytes that a line may have */
    struct buf bytes;
    size_t taken;  /* of bytes */
    size_t looked; /* of bytes behind `taken`: no newline there */
    bool saved;    /* by people and their programs, who may put a byte order mark in front */
    bool ended, broken;
};

/* Secrets, tokens or keys of one party, made by one side. */
enum { CREDENTIAL_IDS = 8 };
struct credential_count {
    uint64_t made, retired, last_at; /* last_at: the entry of the one made last */
    int64_t last_ms;
    char id[CREDENTIAL_IDS][LIMIT_ID + 1]; /* of the n-th made at n % CREDENTIAL_IDS */
};

/* A `clock` entry: the steps that it tells, and what crossed them. */
struct clock_entry_told {
    uint64_t index, leads, dispositions, approvals;
    uint32_t steps, fresh; /* in all; of them new with it */
    int64_t from_ms, to_ms, confirmed_ms;
    bool unsure, before; /* before: the log began */
    char by[LIMIT_ID + 1];
};
struct clock_told {
    struct clock_entry_told entry[TOLD_MOST]; /* at told_slot */
    uint64_t n, last_step;                    /* of them; the last that tells of a step */
    uint64_t leads, held, meanwhile, dispositions, approvals;
};

/* log/{contract}/heads, once beside each of the two logs. */
struct root_heads {
    struct lines lines;
    struct buf note; /* what `head` points into: that of the line that waits to be compared, if `has` */
    struct checkpoint head;
    uint64_t leaf, n, size; /* size: the largest so far */
    uint64_t seen, beyond;  /* lines; the size of the last that this log does not reach, 0: there is none */
    bool opened, has, broken;
    struct hash even; /* the leaf of the root log whose tag comes next */
};

struct audit {
    const struct mirror *mirror;
    size_t scheme_len; /* of the issuer that was named first: "https://" or "http://"; 0: none was */
    const struct verify_asked *asked;
    struct finding finding[CHECKS];
    struct known known[LOGS];
    struct receipts *receipts; /* NULL: none are asked about */
    struct clicks *clicks;
    struct own_rows *own_rows;
    struct witnessed witnessed;
    struct root_heads heads;
    uint64_t n_kept, n_pinned, other_size[LOGS];
    bool pins_elsewhere;  /* those that name logs are all about others */
    uint64_t n_strangers; /* files of names that no mirror has */
    char stranger[160];   /* the first of them, cut */
    char contract[LIMIT_ID + 1];
    struct key_set keys;
    struct signers signers;
    struct checkpoint head; /* of the contract's log; its origin points into head_text */
    struct buf head_text;

    struct fold fold;
    struct rows_map *rows;
    struct view view;
    struct bundle_ends **bundles; /* BUNDLES of them, bundle n at n % BUNDLES; NULL until one is looked into */
    struct looked *looked;        /* LOOKED of them, entry n at n % LOOKED; NULL until one is looked at */
    struct buf again;             /* an entry, or a bundle, that is read again */
    uint64_t at;                  /* index of the entry that is being folded */
    struct {
        struct terms *terms;
        int64_t replaced_ms;
    } old_terms[OLD_TERMS], /* the latest first: leads may have been read under them */
        withdrawn;          /* likewise, right before its time would have come; at replaced_ms */
    struct buf assents;     /* SIDE_* of each version of the terms, a byte each: who assented to it */
    struct tale tale;       /* what is told beside the checks */
    char advertiser[LIMIT_ID + 1], publisher[LIMIT_ID + 1], campaign[LIMIT_ID + 1], currency[LIMIT_ID + 1];
    struct {
        char party[LIMIT_ID + 1];
        uint8_t pub[ED25519_KEY_LEN];
        int64_t said_ms;              /* when the party showed it */
        uint64_t changes, changed_at; /* how often it became another one, and the entry that did it last */
    } party_key[PARTIES_CAP];         /* in force at `at` */
    size_t n_party_keys;
    /* of advertiser, publisher; that the operator made, that the party had made */
    struct credential_count credential[2][2][CREDENTIAL_COUNT];
    struct byte_map *credentials; /* by id: what was told of it; NULL: of none */
    struct {
        char party[LIMIT_ID + 1];
        uint8_t pub[ED25519_KEY_LEN];
    } answerer[ANSWERERS_CAP]; /* each key that signed an answer */
    size_t n_answerers;
    bool more_answerers;
    struct {
        char party[LIMIT_ID + 1];
        uint64_t n, said[STATUS_COUNT];
    } operator[OPERATORS_CAP]; /* who else than the advertiser said what became of leads */
    size_t n_operators;
    uint64_t other_operators;
    uint64_t received[STATUS_COUNT]; /* leads, by what the rules made of each as it came */
    uint64_t said[SAYERS][STATUS_COUNT];
    int64_t first_ms; /* time of the first entry */
    struct {
        bool waits; /* a lead waits for its automatic approval: this one the longest */
        int64_t due_ms;
        uint64_t lead;
        int64_t seen_ms; /* time of the first entry that found it overdue; 0: none */
        bool unsure;     /* of the clock: nothing is approved by itself */
    } due;
    struct {
        unsigned by;       /* SETTLE_*, by the terms in force */
        bool manual, kept; /* by some of them the operator chooses, by some not */
        bool open, told;   /* something counts in the open period, of which one was told: */
        uint64_t since;    /* at this entry, or in front of it */
        int64_t since_ms;
        int64_t seen_ms; /* time of the first entry a day behind its end; 0: none */
    } settle;
    struct clock_told clock;
    struct persons persons;  /* of leads whose contact fields are open */
    uint64_t contacts_open;  /* such leads */
    struct buf shown;        /* a bit for each entry: its opening shows what was sealed */
    struct byte_map *states; /* hashes that model entries name, in hex */
    struct buf state;        /* the bytes of one of them */
    uint64_t seeds;          /* of these */
    bool began;              /* scores are worked out again, from where that was asked to begin */
    uint64_t erased_leads;
    uint64_t withdrawn_unsigned; /* versions, by somebody's word alone */
    bool joined;                 /* the campaign that is asked about has its first terms */
    int64_t joined_version;      /* and was told of its versions up to this one */
    struct openings *openings;   /* NULL: none are open */
    uint64_t next_opening;       /* no line of it is for an entry before this one */
    bool stopped;                /* an entry could not be folded: nothing after it was looked at */

    struct closed *closed;
    size_t n_closed, closed_room;
    struct said statement[TOLD_MOST];               /* of `closed`, at told_slot */
    struct byte_map *closed_by_id, *closed_by_note; /* to the index in `closed`, in this machine's bytes */
    uint64_t movable;      /* entries of the open period that move leads or money: so many quantities and adjustments */
    struct entry_gap gaps; /* what all of them count */
    uint64_t kinds[ENTRY_KINDS], decided, foreign, unopened, opened, dispositions, lines, root_size;
};

/* Reads a file of the mirror into *out (cleared first). false: it is not there or cannot be read, noted as a doubt of
 * `c`; or it has more than `most` bytes, noted as a failure. */
MUST_CHECK bool audit_read(struct audit *a, enum check c, const char *path, size_t most, struct buf *out);
/* Ends of words: "1 click", "2 clicks"; "1 lead rests", "2 leads rest". */
static inline const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

static inline const char *verb(uint64_t n)
{
    return n == 1 ? "s" : "";
}

/* Notes as a doubt why a file could not be read; as a failure that it has more than `most` bytes. */
void audit_unread(struct finding *f, const char *path, enum err err);
void audit_too_long(struct finding *f, const char *path, size_t most);

/* verify_keys.c */
void verify_keys(struct audit *a);
/* Opens a note strictly: our text, one signature line, by a key of the contract's log or (root) of the root log. Notes
 * a failure of `c` otherwise. */
MUST_CHECK bool verify_note(struct audit *a, enum check c, const char *path, struct span note, bool root,
                            struct checkpoint *out);
/* verify_server_keys.c: the states of the server's keys. `open` when the published ones are read; an entry of theirs;
 * a note that was opened; a leaf of the root log; `end` when both logs were walked, of the root log to its end or not.
 */
void verify_signers_open(struct audit *a);
void verify_server_keys(struct audit *a, uint64_t index, const struct entry *e);
void verify_signers_note(struct audit *a, const struct signed_note *note);
void verify_signers_leaf(struct audit *a, uint64_t index, struct span leaf);
/* Whether just these keys of the contract's log, a bit for each, sign a tree that ends with the last entry so far. */
bool verify_signers_now(const struct audit *a, uint64_t by);
void verify_signers_end(struct audit *a, bool complete);
void verify_signers_free(struct audit *a);
/* Whether that published key signs a statement that comes now; receipts for the entry at `index` (once all were
 * walked). *stolen: it was reported so. */
bool audit_signs_statements(const struct audit *a, size_t key);
bool audit_answers_for(const struct audit *a, size_t key, uint64_t index, bool *stolen);
/* What is said behind a key: from where to where it is valid; nothing while there were no others. */
void verify_signers_statement_range(const struct audit *a, size_t key, struct buf *out);
void verify_signers_log_range(const struct audit *a, const uint8_t pub[ED25519_KEY_LEN], struct buf *out);

/* verify_history.c: heads that were seen before, of kept checkpoints and pins. `open` when the keys are known; `look`
 * at each tree on the way; `end` where the walk ended. */
void verify_known_open(struct audit *a);
void verify_known_add(struct known *k, const struct known_head *head);
void verify_known_look(struct audit *a, struct known *k, const struct frontier *tree);
void verify_known_end(struct audit *a, enum log log, bool complete, uint64_t size);

/* verify_heads.c: what the root log holds of the contract. `look` at each tree of its log on the way, `end` where that
 * walk ended; then each pair of the root log. */
void verify_heads_open(struct audit *a);
void verify_heads_look(struct audit *a, const struct frontier *tree);
void verify_heads_end(struct audit *a, bool complete);
void verify_heads_root_open(struct audit *a);
void verify_heads_pair(struct audit *a, uint64_t leaf, const struct hash *sha256_of, const struct hash *tag);
void verify_heads_root_end(struct audit *a, bool complete);
void verify_heads_sentence(const struct audit *a, struct buf *out);

/* verify_pins.c: the reader's pins. Their heads are for the walk; `statement` is asked of each statement's key; the
 * rest at the end. */
void verify_pins_heads(struct audit *a);
void verify_pins_statement(struct audit *a, const char *id, const char kid[43]);
void verify_pins(struct audit *a);
void verify_pins_write(struct audit *a, struct buf *out); /* what to pin of this mirror */

/* verify_against.c: the other mirror, if there is one to compare with. */
void verify_against(struct audit *a, const struct checkpoint *root_head);
/* The published key of that kid; n_statement when there is none. */
size_t audit_statement_key(const struct audit *a, const char kid[43]);
void verify_keys_tell(const struct audit *a, struct buf *out);                     /* which of them signed something */
bool audit_servers_key(const struct audit *a, const uint8_t pub[ED25519_KEY_LEN]); /* one that the server publishes */
/* The issuer is the public URL: the logs are named by the same URL without its scheme, http or https, which is that of
 * the first that was asked about. */
bool audit_issuer_fits(struct audit *a, struct span issuer);

/* verify_receipts.c, verify_clicks.c: what a sender and a party kept. `open` reads it, when the keys are known; each
 * entry is compared on the way; `end` where the walk ended. Nothing of it where it is not asked about. */
void verify_receipts_open(struct audit *a);
void verify_receipts_entry(struct audit *a, uint64_t index, const struct entry *e, struct span bytes);
void verify_receipts_end(struct audit *a, bool complete);
void verify_receipts_sentence(const struct audit *a, struct buf *out);
void verify_receipts_free(struct audit *a);
void verify_clicks_open(struct audit *a);
void verify_clicks_entry(struct audit *a, uint64_t index, const struct entry *e);
void verify_clicks_end(struct audit *a, bool complete);
void verify_clicks_sentence(const struct audit *a, struct buf *out);
void verify_clicks_free(struct audit *a);
/* The mirror's click keys by kid, the caller's to free; false, with a doubt of f, when it has none. */
bool audit_click_keys(struct audit *a, struct finding *f, struct block_cipher *keys[256]);

/* verify_model.c: what was learnt of leads, in front of each entry; the bytes that a model entry names, until the next
 * call; where the walk ended; and what is taken at its word. */
void verify_model(struct audit *a, uint64_t index, const struct entry *e);
MUST_CHECK enum err verify_state(struct audit *a, const struct hash *sha256_of, struct span *out);
void verify_model_end(struct audit *a);
void verify_model_hidden(const struct audit *a, struct buf *out);

/* verify_reconcile.c: a party's own rows (common/reconcile). Each entry on the way, once it is folded; where the walk
 * ended; what is told. Nothing of it where it is not asked about. */
void verify_reconcile_entry(struct audit *a, uint64_t index, const struct entry *e);
void verify_reconcile_end(struct audit *a, bool complete);
void verify_reconcile_sentence(const struct audit *a, struct buf *out);
void verify_reconcile_tell(struct audit *a);
void verify_reconcile_free(struct audit *a);

/* verify_bundles.c: a log's bundles, made ahead of the walk: what is to be done with each entry in any order. */
struct bundle_entry {
    struct span bytes;
    bool read; /* `entry` is what the bytes say. Else who wants that reads them: they are canonical or not. */
    struct entry entry;
};
struct bundle {
    char path[PATH_CAP];
    enum err err; /* it could not be read */
    bool too_long, whole;
    struct buf bytes;
    unsigned n; /* entries in front of what is wrong with it */
    struct bundle_entry *entry;
    struct hash leaf[TILE_WIDTH], node[TILE_NODES]; /* their tree */
    enum err tile_err;
    struct buf tile; /* of a full one: what the mirror has of their hashes, unless it could not be read */
};
struct bundles;
/* `entries`: they are entries of a contract's log, and read. */
struct bundles *bundles_open(const struct verify_asked *asked, const struct mirror *m, const char *base, uint64_t size,
                             bool entries);
struct bundle *bundles_take(struct bundles *b, uint64_t n); /* in order; it lives until the next call */
void bundles_close(struct bundles *b);

/* verify_log.c: walks a log's bundles ("log/C" or "log") up to `head`, rebuilds its tree, compares tiles and root.
 * each() gets every entry, and the tree before it. false when a piece was missing or cut, so that not all entries were
 * seen. */
typedef void each_entry(struct audit *a, uint64_t index, struct bundle_entry *e, const struct frontier *before);
MUST_CHECK bool verify_log(struct audit *a, enum check c, const char *base, const struct checkpoint *head,
                           each_entry *each);

/* verify_again.c: an entry of the contract's log below a->at, read again. ERR_NOT_FOUND when it is none; another error,
 * noted as a doubt, when that cannot be. The span lives until the next call. */
MUST_CHECK enum err audit_entry(struct audit *a, uint64_t index, struct span *out);
void audit_again_free(struct audit *a);
void audit_entry_changed(struct audit *a, uint64_t index); /* notes that it is another one than was walked */

/* verify_lines.c: a file's lines in order. `peek` gives the next one without its newline; false at the end, *cut set
 * when its newline is missing. What cannot be read, or is longer than a line may be, ends the lines; it is noted. */
void lines_open(struct lines *l, const struct mirror *m, struct finding *f, const char *path, const char *what,
                size_t longest);
MUST_CHECK bool lines_peek(struct lines *l, struct span *line, bool *cut);
void lines_skip(struct lines *l, struct span line);
MUST_CHECK bool lines_left(struct lines *l);
MUST_CHECK bool lines_all_read(const struct lines *l); /* so far: nothing was noted */
void lines_close(struct lines *l);

/* The files of what a reader kept, receipts or click ids; the name is "" where that is one file. */
struct kept_files {
    char **name;
    size_t n;
};
/* Begins with nothing in it. As mirror.list: with an error not all are there. */
MUST_CHECK enum err kept_files_list(struct kept_files *f, const struct mirror *m);
void kept_files_free(struct kept_files *f);

/* verify_openings.c: the lines of a log's openings, in their order. NULL at the end; what cannot be read, or is longer
 * than a line may be, ends them, and is noted. A line lives until the next is looked at. */
struct opening_line {
    struct span line; /* without its newline */
    bool whole;       /* that newline is there */
    bool reads;       /* `opening` is what it opens */
    struct opening opening;
};
struct openings *openings_open(const struct verify_asked *asked, const struct mirror *m, struct finding *f,
                               const char *path);
MUST_CHECK const struct opening_line *openings_peek(struct openings *o);
void openings_skip(struct openings *o);  /* that one */
void openings_close(struct openings *o); /* NULL-safe */

/* verify_fold.c: the fold, and what only an auditor asks of an entry. */
void audit_fold_open(struct audit *a);
void audit_fold_entry(struct audit *a, uint64_t index, struct bundle_entry *e, const struct frontier *before);
void audit_fold_close(struct audit *a);
/* Notes a failure of `c`: nothing after this entry can be judged. */
void audit_stop(struct audit *a, enum check c, uint64_t index, const char *why);
/* Whether what was asked about the entry cannot be told: then it is a doubt of `c`, and nothing after it is judged. */
MUST_CHECK bool audit_untold(struct audit *a, enum check c, uint64_t index, enum err err);

/* verify_terms.c: tells a version of the terms, with what it says otherwise than the one `before` it (NULL: it is the
 * first). */
void verify_version(struct audit *a, uint64_t index, const struct entry *e, const struct terms *before,
                    const struct terms *now, const struct versions *gone);

/* Tells an assent that was taken. */
void verify_assent(struct audit *a, uint64_t index, const struct entry *e);
/* A version of the terms, taken back; `gone`: from here on it binds nobody. */
void verify_withdrawal(struct audit *a, uint64_t index, const struct entry *e, bool gone);

/* verify_erase.c: an opening that was taken; an `erase` entry; what is not open, and why, at the end. */
void verify_shown(struct audit *a, uint64_t index, const struct opening *o);
void verify_erase(struct audit *a, uint64_t index, const struct entry *e);
void verify_erase_tell(struct audit *a);
/* verify_adjustment.c: a correction in money; an assent to one, that was taken. */
void verify_adjustment(struct audit *a, uint64_t index, const struct entry *e);
void verify_adjustment_assent(struct audit *a, uint64_t index, const struct entry *e);
/* Counts what corrects earlier statements: on one that was read; at the end what none has so far. */
void verify_corrections(struct audit *a, const struct statement *said);
void verify_corrections_open(struct audit *a);

/* verify_facts.c: what is told once all was walked. */
void verify_facts(struct audit *a);

/* verify_inputs.c: what a lead's decision rested on, and who made a disposition. `line` is the opening's. */
void verify_inputs(struct audit *a, uint64_t index, const struct entry *e, const struct opening *opening,
                   struct span line);
void verify_speaker(struct audit *a, uint64_t index, const struct entry *e);

/* verify_due.c: automatic approvals that are withheld. Before the entry at `index` is folded; after a lead or
 * disposition was. */
void verify_due(struct audit *a, uint64_t index, const struct entry *e);
void verify_due_next(struct audit *a);
/* verify_settle.c: periods that the terms end, and no statement did. After the entry was folded. */
MUST_CHECK enum err verify_settle(struct audit *a, uint64_t index, const struct entry *e);
/* verify_clock.c: steps of the server's clock. Before the entry at `index` is folded; at the end. */
void verify_clock(struct audit *a, uint64_t index, const struct entry *e);
void verify_clock_tell(struct audit *a);
/* verify_party.c: a party's key in a log; the one in force at a->at, NULL: none. */
void verify_party_key(struct audit *a, uint64_t index, const struct entry *e);
const uint8_t *audit_party_key(const struct audit *a, struct span party);
/* "saying: ..." or, of one that is blank, "no reason given". */
void verify_reason(struct buf *text, struct span said);
/* Tells a party's legal data, that were taken. */
void verify_legal(struct audit *a, uint64_t index, const struct entry *e);

/* verify_credentials.c: a secret, token or key of a party; what is told of all. */
void verify_credential(struct audit *a, uint64_t index, const struct entry *e);
void verify_credentials_tell(struct audit *a);
void verify_credentials_free(struct audit *a);

/* verify_statement.c: a statement entry at its index, the fold standing right before it; an answer to one. */
void verify_statement(struct audit *a, uint64_t index, const struct entry *e, const struct frontier *before);
void verify_response(struct audit *a, uint64_t index, const struct entry *e);
/* For fold.end_of: what the mirror has of it says. */
MUST_CHECK enum err audit_end_of(void *ctx, uint64_t number, uint64_t *to);
/* The statement of that id, or whose note has that hash; NULL when there is none. */
struct closed *audit_closed(const struct audit *a, struct span id);
struct closed *audit_closed_by_note(const struct audit *a, struct span sha256);
void audit_closed_free(struct audit *a);

/* verify_witnesses.c: what was witnessed; before the logs are walked, with each entry of the root log, and behind it.
 * `any`: whether something is to be told. */
void verify_witnessed_open(struct audit *a);
void verify_witnessed_leaf(struct audit *a, uint64_t index, struct span leaf);
void verify_witnesses(struct audit *a, bool complete);
bool verify_witnessed_any(const struct audit *a);
void verify_witnesses_sentence(const struct audit *a, struct buf *out);
void verify_age(struct buf *out, int64_t ms); /* verify.c: days and hours, or less */

/* verify_files.c: no file of a mirror's name beside those that the checkpoints and entries call for. */
void verify_files(struct audit *a, const struct checkpoint *root_head);
void verify_files_sentence(const struct audit *a, struct buf *out);

#endif
