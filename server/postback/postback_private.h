/* Shared by the postback*.c files: a postback from its bytes to its job. Worker thread; all memory is the request's
 * arena.
 *
 *   postback_query.c, postback_json.c   who sends it, proved by a signature; the fields
 *   postback_names.c                    which field a name stands for, was meant for, or none
 *   postback_fields.c                   the table of fields and their checks
 *   postback_lead.c, postback_state.c   the job: a new lead, or a disposition
 *   postback_answer.c                   the answer, after the commit
 *   postback_explain.c, postback_search.c  what would become of one; by which mistake its signature is what it is */
#ifndef CS_SERVER_POSTBACK_POSTBACK_PRIVATE_H
#define CS_SERVER_POSTBACK_POSTBACK_PRIVATE_H

#include "common/commit/crm.h"
#include "server/postback/postback.h"

/* symbol, name, most bytes, kind, whose: of a new lead, of what became of one, of both; in byte order of the names */
#define FIELD_TABLE(X)                                                                                                 \
    X(AMOUNT, "amount", 32, MACHINE, LATER)                                                                            \
    X(CAMPAIGN, "campaign", LIMIT_ID, MACHINE, BOTH)                                                                   \
    X(CLICK_ID, "click_id", LIMIT_PARAM, MACHINE, BOTH)                                                                \
    X(CONTRACT, "contract", LIMIT_ID, MACHINE, BOTH)                                                                   \
    X(COUNTRY, "country", LIMIT_FIELD, MACHINE, NEW)                                                                   \
    X(CURRENCY, "currency", 3, MACHINE, LATER)                                                                         \
    X(EMAIL, "email", LIMIT_FIELD, CONTACT, NEW)                                                                       \
    X(EVENT, "event", 16, MACHINE, BOTH)                                                                               \
    X(FIRST_NAME, "first_name", LIMIT_FIELD, WORDS, NEW)                                                               \
    X(JWS, "jws", LIMIT_PARTY_JWS, MACHINE, LATER)                                                                     \
    X(LAST_NAME, "last_name", LIMIT_FIELD, WORDS, NEW)                                                                 \
    X(LEAD, "lead", 64, MACHINE, LATER)                                                                                \
    X(PHONE, "phone", LIMIT_FIELD, CONTACT, NEW)                                                                       \
    X(REASON, "reason", LIMIT_FIELD, WORDS, LATER)                                                                     \
    X(RETURN, "return", LIMIT_FIELD, EXACT, BOTH)                                                                      \
    X(STATUS, "status", 16, MACHINE, LATER)                                                                            \
    X(SUB1, "sub1", LIMIT_PARAM, WORDS, NEW)                                                                           \
    X(SUB2, "sub2", LIMIT_PARAM, WORDS, NEW)                                                                           \
    X(SUB3, "sub3", LIMIT_PARAM, WORDS, NEW)                                                                           \
    X(SUB4, "sub4", LIMIT_PARAM, WORDS, NEW)                                                                           \
    X(SUB5, "sub5", LIMIT_PARAM, WORDS, NEW)                                                                           \
    X(TEST, "test", 8, MACHINE, NEW)                                                                                   \
    X(TOUCHES, "touches", 1024, MACHINE, NEW)                                                                          \
    X(TXID, "txid", LIMIT_TXID, MACHINE, BOTH)

/* Of what a machine fills in, a macro that was not replaced, a control character or too long a value is a fault. A
 * person's words are cleaned of control characters and cut, and what is no UTF-8 in them becomes U+FFFD, which the
 * answer tells; so are contacts, of which a macro is a fault all the same. `return` is taken as it is, or not. */
enum field_kind { FIELD_MACHINE, FIELD_CONTACT, FIELD_WORDS, FIELD_EXACT };
enum field_whose { FIELD_NEW = 1, FIELD_LATER = 2, FIELD_BOTH = FIELD_NEW | FIELD_LATER };

enum field {
#define X(symbol, name, most, kind, whose) FIELD_##symbol,
    FIELD_TABLE(X)
#undef X
        FIELDS
};

/* Form fields that are looked at, of which LIMIT_FIELDS are kept; names that an answer lists as ignored. */
enum { FORM_READ = 128, IGNORED_NAMES = 32 };

struct postback {
    struct request *rq;
    const struct party *party;
    const struct crm_words *crm; /* whose names and words it has; NULL: ours */
    enum trust trust;
    struct nonce_use nonce;
    struct hash request; /* of what was sent, as receipts and entries name it (FORMATS "Requests") */
    /* Valid UTF-8 in form C, without control characters and blanks around it; ptr NULL: not given; empty ones likewise.
     */
    struct span field[FIELDS];
    struct fact form[FORM_READ]; /* f_NAME, not empty, in name order */
    size_t n_form;
    struct span ignored[IGNORED_NAMES]; /* what the answer names so: no field here, or not all of it was taken */
    size_t n_ignored;
    uint32_t named; /* number of the contract that a new lead names; 0: none */
    bool test;
};

/* One field as sent, decoded. ERR_MALFORMED names the field and the cure. */
MUST_CHECK enum err postback_field(struct postback *pb, struct span name, struct span value);
/* By its name or an alias; not f_NAME. */
bool postback_field_find(struct span name, enum field *out);
bool postback_field_known(struct span name); /* a field's, or a form's: no word of the sender's own */
const char *postback_field_name(enum field f);
enum field_kind postback_field_kind(enum field f);
/* A person's words or contacts, or no field at all: what cannot be read of it loses no lead. */
bool postback_is_words(struct span name);
/* Fields of the other kind of postback are no facts here: they are left out, and told. */
void postback_only(struct postback *pb, enum field_whose whose);
/* A name that is no field: a close miss is refused with the cure, another one ignored and told. */
MUST_CHECK enum err postback_unknown(struct postback *pb, struct span name);
/* Meant as f_NAME, and written otherwise: f-age, F_age, fields[age]. */
bool postback_form_missed(struct span name);
void postback_ignore(struct postback *pb, struct span name);
enum err postback_refuse_field(struct postback *pb, struct span name, const char *what);
/* SHA-256 over the canonical JSON object of all facts: every field but `return`, with its form fields. `event=lead` and
 * a `test` that is none are the defaults, and not told apart from their absence. */
void postback_facts(const struct postback *pb, const uint8_t pepper[32], uint8_t out[HASH_LEN]);

/* Who sent it, by its signature or key; then its fields. */
MUST_CHECK enum err postback_query_prove(struct postback *pb);
MUST_CHECK enum err postback_query_fields(struct postback *pb);
MUST_CHECK enum err postback_json_prove(struct postback *pb);
MUST_CHECK enum err postback_json_body(struct postback *pb);

/* The one answer to everything that does not prove its sender; why is for the logs alone. */
enum err postback_refuse(struct request *rq, const char *why);
/* An active secret of this kid; NULL when there is none, which *why explains. Notes the sender. */
const struct secret *postback_secret(struct request *rq, struct span kid, const char **why);
/* The sender's signature holds and is fresh: nobody who once saw it says so again later; or its key does, from one of
 * its addresses. The hash is of what was sent. */
void postback_prove(struct postback *pb, const struct party *party, enum trust trust, const uint8_t sha256[HASH_LEN]);
/* It holds, but is not fresh: postback_refuse. */
enum err postback_late(struct postback *pb, const struct secret *s, const char *why);
bool postback_in_window(struct request *rq, int64_t ts_s);
/* The text that stands for a request to a URL: what a signed query signs. `target` and `body` as they came. */
enum { REQUEST_TEXT_PARTS = 8, REQUEST_TEXT_MORE = 2 };
struct request_text {
    struct span part[REQUEST_TEXT_PARTS + REQUEST_TEXT_MORE]; /* behind the text there is room for a line */
    char body_sha256[2 * HASH_LEN];
};
void postback_text(const struct request *rq, struct span target, struct span body, struct request_text *out);
/* Fills pb->request of what came by token; `body` is the row's where there are many. */
void postback_by_token(struct postback *pb, struct span body);
/* Fills pb->nonce but for its hash: a nonce of pb->party, kept for keep_s (nonces.h) from ts_s or the arrival. */
void postback_nonce(struct postback *pb, struct span nonce, int64_t ts_s, int64_t keep_s);

/* Keeps for the answer, in rq->kept, what it says beside the decision: call last. */
void postback_keep_answer(struct postback *pb);
/* Makes the job. */
MUST_CHECK enum err postback_lead(struct postback *pb, struct job **out);
MUST_CHECK enum err postback_disposition(struct postback *pb, struct job **out);
/* Either, which `event` and `status` say. */
MUST_CHECK enum err postback_job(struct postback *pb, struct job **out);
/* Makes it and submits it. ERR_PENDING. */
MUST_CHECK enum err postback_submit(struct postback *pb);

/* ---- postback_search.c ---- */

void explained_note(struct explained *x, const char *part, struct span hint);
struct span postback_joined(struct arena *arena, const struct span *part, size_t n); /* in the arena */

/* Notes in *x by which mistakes a signature comes about that does not hold. `target` without the signature. */
void postback_search_query(struct request *rq, const struct secret *s, struct span target, struct span sig,
                           struct span host, struct explained *x);
void postback_search_webhook(struct request *rq, const struct secret *s, struct explained *x);

/* The members of a JSON object, as fields. */
MUST_CHECK enum err postback_json_fields(struct postback *pb, struct span object);
/* In the request's arena. */
struct ignored postback_ignored(struct postback *pb);

#endif
