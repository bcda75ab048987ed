/* Answering by a party's own key: `sign`, file by file. What is shown and signed is what `verify --json` says of the
 * mirror; every failure ends the process with one line. */
#ifndef CS_SERVER_CMD_SIGN_PRIVATE_H
#define CS_SERVER_CMD_SIGN_PRIVATE_H

#include "common/base/id.h"
#include "common/base/json_read.h"
#include "common/ledger/jws.h"
#include "common/settlement/statement.h"
#include "server/cmd/pull_private.h"

/* Of the command line: what `given` has. */
enum {
    URL,
    STATEMENT,
    TOKEN,
    KEY,
    ACCEPT,
    DISPUTE,
    REASON,
    AGAIN,
    ALL,
    ADJUSTMENT,
    TERMS,
    WITHDRAW,
    CONTRACT,
    MIRRORS,
    YES,
    ARGS
};
enum { SIGN_ANSWER_MAX = 65536, SIGN_SLACK_S = 60 };

/* What is to be signed, and by whom. */
struct signing {
    const char *const *given;
    char contract[LIMIT_ID + 1], party[LIMIT_ID + 1];
    const char *token, *role;
    char *dir; /* of the contract's mirror */
    struct signer *key;
    struct folder *folder;
    json_t *report; /* of verify */
    uint64_t disputed[LIMIT_DISPUTED];
    size_t n_disputed;
    uint64_t adjustment, version; /* to be assented to; 0, 0: statements are answered */
    bool withdraws;               /* the assent to the version is taken back */
    uint64_t size;                /* of the log */
    json_t *said;                 /* sign_said.c: what this party has said in it; facts that were not told */
    json_t *made;
    uint64_t n_statements;
};

/* ---- sign_contracts.c: of which contracts ---- */

struct contracts {
    char (*id)[LIMIT_ID + 1];
    size_t n, room;
    size_t n_told; /* of them those that the server named; the others have a mirror here */
};
/* Where this party's mirrors are, one a contract; the caller frees it. */
char *sign_mirrors(const struct signing *s);
/* That of --contract; else the server is asked which one the statement is of, or, for --all, which have statements that
 * somebody has not answered: then each that has a mirror is looked at too, whatever the server says. The caller frees
 * `id`. */
void sign_contracts(const struct signing *s, struct contracts *out);
/* After --all, what was looked at and what was not. */
void sign_contracts_tell(const struct signing *s, const struct contracts *c);

/* ---- sign_mirror.c: what is known ---- */

/* Pulls into s->dir, and ends the process unless all that is there holds: s->report. The exit status of the pull. */
MUST_CHECK int sign_pull(struct signing *s);
/* The log says whose key it is, the server is not asked: s->party, s->role, s->size. */
void sign_find_party(struct signing *s);
/* Dies unless the token is of the party whose key it is: the server would refuse the answer. */
void sign_check_token(const struct signing *s);
/* The next fact of a topic from *from on; NULL: none. */
const json_t *sign_fact(const struct signing *s, const char *topic, size_t *from);
void sign_read_file(const struct signing *s, const char *path, size_t most, struct buf *out);
/* Each line item of a statement, as the mirror has it. */
void sign_lines(const struct signing *s, const char *id, void (*take)(void *ctx, struct span line), void *ctx);
/* All entries, a bundle at a time, each with the index of its first. */
void sign_bundles(const struct signing *s, void (*take)(void *ctx, uint64_t first, struct span bundle), void *ctx);
const char *sign_text(const json_t *v, const char *name); /* "" where there is none */
int64_t sign_number(const json_t *v, const char *name);   /* -1 likewise */

/* ---- sign_said.c: what this party has said so far, and statements by number, told or not ---- */

enum { SIGN_WORD_LEN = 40 };
/* Looks it up: s->said has by the id of each statement that it answered {"entry","verdict"} of its last answer, and its
 * other words; s->n_statements are numbered from 1. */
void sign_find_said(struct signing *s);
void sign_forget_said(struct signing *s);
/* Of an "adjustment" by its entry, of a "version" or its "withdrawal" by its number. */
bool sign_said(const struct signing *s, const char *what, uint64_t number);
/* Its fact, or one in its place: it lives as long as s->said. */
const json_t *sign_statement(struct signing *s, uint64_t number);
/* To be closed. */
void sign_read_statement(const struct signing *s, const char *id, struct statement *st);

/* ---- sign_show.c: what a statement says ---- */

void sign_show(const struct signing *s, const json_t *statement);
/* The payload of a statement that ends at `to`, of which the log has the hash: verify has compared them. */
void sign_payload(const struct signing *s, const char *id, int64_t to, struct buf *out);

/* ---- sign_corrected.c: which leads are corrected beyond what they charged, or again ---- */

void sign_show_corrected(const struct signing *s, const char *id, int64_t number);

/* ---- sign_statements.c, sign_assents.c ---- */

/* Shows what waits or was named, asks, signs, sends. The exit status. */
MUST_CHECK int sign_statements(struct signing *s);
MUST_CHECK int sign_assent(const struct signing *s);
void sign_show_adjustments(const struct signing *s); /* that wait for this party's assent */

/* ---- cmd_sign.c ---- */

MUST_CHECK bool sign_asked(const struct signing *s, size_t n);
/* Sends {"jws": said, signed}; dies unless it is taken. */
void sign_send(const struct signing *s, struct download *d, const char *path, const char *typ, struct span said,
               json_t *must);

#endif
