/* Stored statements: parts under one id (TABLE_STATEMENTS), and their answers (TABLE_COSIGNED). */
#ifndef CS_SERVER_SETTLEMENT_STATEMENTS_H
#define CS_SERVER_SETTLEMENT_STATEMENTS_H

#include "common/base/accept.h"
#include "common/base/id.h"
#include "server/worker/dispatch.h"

/* jws: General JWS. lines: bundles of line items (statement_bundle). checkpoint: the note over the tree that the
 * statement closes. answered: ids of the parties whose answers stand in TABLE_COSIGNED, a 00 behind each; absent:
 * nobody's. */
MUST_CHECK enum err statement_part(struct txn *t, struct span id, const char *part,
                                   struct span *out); /* ERR_NOT_FOUND */

struct statement_meta {
    const struct contract *contract;
    uint64_t number, from, to;
    struct hash sha256; /* of the payload */
    int64_t from_ms, to_ms, issued_ms;
};
/* From the payload, whose signature is not looked at. ERR_NOT_FOUND also when the statement's contract is not in this
 * catalog. */
MUST_CHECK enum err statement_meta_read(struct txn *t, const struct catalog *c, struct span id,
                                        struct statement_meta *out);
/* The same; also appends the summary that lists show, if there is a place for it. known: of this thread, or NULL. */
MUST_CHECK enum err statement_summed(struct summaries *known, struct txn *t, const struct catalog *c, struct span id,
                                     struct statement_meta *out, struct buf *summary);
/* Worker: as above for one the caller may see, else ERR_NOT_FOUND with the problem set. */
MUST_CHECK enum err statement_find(struct request *rq, struct txn *t, struct span id, struct statement_meta *out);

/* statement_make.c: whether there is nothing that a statement would count which ends there. */
MUST_CHECK enum err statement_nothing(struct worker *w, const struct contract *k, int64_t until_ms, int64_t now_ms,
                                      bool *nothing);
/* statement_make.c, on a thread that reads, of a log that was brought up to now_ms (RECORD_FRESH_HEAD): fills in a
 * RECORD_STATEMENT, whose spans are the arena's. Errors with the problem set: ERR_CONFLICT, there is no such period to
 * close; as statement_build. */
MUST_CHECK enum err statement_make(struct worker *w, struct arena *arena, uint32_t contract, int64_t until_ms,
                                   int64_t now_ms, struct record *out, struct problem *p);
enum { STATEMENT_ATTEMPTS = 8 }; /* at one whose premises change while it is made */
/* Of the legal data of both parties. */
void statement_legal(const struct catalog *c, const struct contract *k, uint8_t out[HASH_LEN]);

/* A statement in a list: appends canonical JSON {carried_micros, contract, currency, due_at, from, from_at, id,
 * issued_at, lines, net_micros, number, payable_by, payable_minor, sha256, to, to_at, to_pay_minor, vat_minor}, all
 * from its payload. ERR_CORRUPT when that does not read. */
MUST_CHECK enum err statement_summary(struct span payload, struct buf *out);

/* The same with what was answered and what corrects it, as GET /v1/statements shows it. */
struct jw;
MUST_CHECK enum err statement_listed(struct jw *w, struct txn *t, const struct catalog *c, struct span id);

/* id 00 suffix, the key of both tables; ERR_NOT_FOUND when id cannot be one. */
enum { STATEMENT_KEY_MAX = 2 * LIMIT_ID + 2 };
MUST_CHECK enum err statement_key(struct span id, struct span suffix, char out[STATEMENT_KEY_MAX], struct span *key);
/* Of an answer whose place a later one took: given at that time, of which a party has one each. */
enum { ANSWER_KEY_MAX = STATEMENT_KEY_MAX + 9 };
MUST_CHECK enum err answer_key(struct span id, struct span party, int64_t at_ms, char out[ANSWER_KEY_MAX],
                               struct span *key);

/* Which parties answered it: `answered`, empty also when nobody did. */
MUST_CHECK enum err answered_read(struct txn *t, struct span statement, struct span *ids);
/* Of `answered`: takes the first id off; false when there is none. */
bool answered_take(struct span *ids, struct span *id);
bool answered_has(struct span ids, struct span party);

/* A party's last answer as it is stored, and when it was given. ERR_NOT_FOUND: it gave none. */
MUST_CHECK enum err statement_answer(struct txn *t, struct span statement, const struct who *p,
                                     const struct statement_meta *m, struct span *jws, int64_t *at_ms);

/* statements_show.c: the statement as a page, with what was answered, its line items as CSV, or as they were signed, in
 * the reply, which goes on in pieces. Spans are the arena's. `address`: of the page, to put further parameters behind;
 * `texts`: with what senders wrote themselves. */
enum form { FORM_PAGE, FORM_CSV, FORM_LINES };
/* On a page, unless all are asked for: of lines that move money, and of adjustments. */
enum { LINES_SHOWN = 50, ADJUSTMENTS_SHOWN = 50 };
struct shown {
    enum form form;
    struct span id, payload, bundles, address;
    struct span share; /* by which it is shown; empty: by token */
    struct statement_meta meta;
    enum language language;
    bool all_lines, texts;
};
MUST_CHECK enum err statement_show(struct request *rq, struct reply *reply, struct txn *t, const struct shown *s);
/* The page in its place where a share link opens nothing any more: a 404 for people. */
void statement_show_over(struct request *rq, struct reply *reply, enum language language);

/* What a party signed, as a body: the compact JWS by itself, or {"jws":"..."}. */
MUST_CHECK enum err word_body(struct request *rq, size_t max, struct span *jws);
/* The number of a version in a path, whether or not there is one. */
MUST_CHECK enum err version_asked(struct request *rq, struct span text, uint32_t *version);

/* ---- shares.c: the right to read one statement, as a link ---- */

/* What stands behind `share=`: the link's id and a MAC over it and the statement's. */
enum { SHARE_MAC_LEN = 43, SHARE_LEN = 1 + ID_DIGITS + SHARE_MAC_LEN };
void share_write(const struct keys *k, struct span statement, const char *id, char out[SHARE_LEN]);
/* Without the store: whether it was once given out for that statement. */
MUST_CHECK bool share_is_ours(const struct keys *k, struct span statement, struct span share);
/* Whether it opens the statement when the request came, by what is known now of who made it, and with what senders
 * wrote themselves; ERR_NOT_FOUND with the problem set when it expired or was ended. */
MUST_CHECK enum err share_opens(struct request *rq, struct txn *t, struct span statement, struct span share,
                                bool *texts);

#endif
