/* Shared by the postback*.c files: a postback from its bytes to its job. Worker thread; all memory is the request's
 * arena.
 *
 *   postback_query.c, postback_json.c   who sends it, proved by a signature; the fields
 *   postback_fields.c                   the table of fields and their checks
 *   postback_lead.c, postback_state.c   the job: a new lead, or a disposition
 *   postback_answer.c                   the answer, after the commit */
#ifndef CS_SERVER_POSTBACK_POSTBACK_PRIVATE_H
#define CS_SERVER_POSTBACK_POSTBACK_PRIVATE_H

#include "server/postback/postback.h"

/* symbol, name, most bytes; in byte order of the names */
#define FIELD_TABLE(X)                                                                                                 \
    X(AMOUNT, "amount", 32)                                                                                            \
    X(CAMPAIGN, "campaign", LIMIT_ID)                                                                                  \
    X(CLICK_ID, "click_id", LIMIT_PARAM)                                                                               \
    X(CONTRACT, "contract", LIMIT_ID)                                                                                  \
    X(COUNTRY, "country", LIMIT_FIELD)                                                                                 \
    X(CURRENCY, "currency", 3)                                                                                         \
    X(EMAIL, "email", LIMIT_FIELD)                                                                                     \
    X(EVENT, "event", 16)                                                                                              \
    X(FIRST_NAME, "first_name", LIMIT_FIELD)                                                                           \
    X(LAST_NAME, "last_name", LIMIT_FIELD)                                                                             \
    X(LEAD, "lead", 64)                                                                                                \
    X(PHONE, "phone", LIMIT_FIELD)                                                                                     \
    X(REASON, "reason", LIMIT_FIELD)                                                                                   \
    X(RETURN, "return", LIMIT_FIELD)                                                                                   \
    X(STATUS, "status", 16)                                                                                            \
    X(SUB1, "sub1", LIMIT_PARAM)                                                                                       \
    X(SUB2, "sub2", LIMIT_PARAM)                                                                                       \
    X(SUB3, "sub3", LIMIT_PARAM)                                                                                       \
    X(SUB4, "sub4", LIMIT_PARAM)                                                                                       \
    X(SUB5, "sub5", LIMIT_PARAM)                                                                                       \
    X(TEST, "test", 8)                                                                                                 \
    X(TOUCHES, "touches", 1024)                                                                                        \
    X(TXID, "txid", LIMIT_TXID)

enum field {
#define X(symbol, name, most) FIELD_##symbol,
    FIELD_TABLE(X)
#undef X
        FIELDS
};

struct postback {
    struct request *rq;
    const struct party *party;
    struct nonce_use nonce;
    struct span
        field[FIELDS]; /* in form C, without control characters, blanks around it; ptr NULL: not given, or blank */
    unsigned given;    /* bit of each field that was named at all */
    struct fact form[LIMIT_FIELDS]; /* f_NAME, likewise, in name order */
    size_t n_form;
    bool test;
};
_Static_assert(FIELDS <= 32, "given is a 32-bit set");

/* One field as sent, decoded. Unknown names are ignored, as senders add their own; an unreplaced {macro} is refused
 * everywhere. ERR_MALFORMED names the field. */
MUST_CHECK enum err postback_field(struct postback *pb, struct span name, struct span value);
bool postback_field_known(struct span name);
/* SHA-256 over the canonical JSON object of all facts: every field but `return`, with its form fields. */
void postback_facts_sha256(const struct postback *pb, uint8_t out[HASH_LEN]);

/* The one answer to everything that does not prove its sender; why is for the logs alone. */
enum err postback_refuse(struct request *rq, const char *why);
/* An active secret of this kid; NULL when there is none, which *why explains. Notes the sender. */
const struct secret *postback_secret(struct request *rq, struct span kid, const char **why);
/* The sender's signature holds and is fresh: nobody who once saw it says so again later. */
void postback_prove(struct postback *pb, const struct secret *s);
bool postback_type_is(const struct request *rq, const char *media_type); /* Content-Type, without its parameters */
bool postback_in_window(struct request *rq, int64_t ts_s);
/* Fills pb->nonce but for its hash: a nonce of pb->party, kept for keep_s (nonces.h) from ts_s or the arrival. */
void postback_nonce(struct postback *pb, struct span nonce, int64_t ts_s, int64_t keep_s);

/* Makes and submits the job. ERR_PENDING. */
MUST_CHECK enum err postback_submit_lead(struct postback *pb);
MUST_CHECK enum err postback_submit_disposition(struct postback *pb);
/* Either; keeps the text of `return` in rq->kept for the answer. */
MUST_CHECK enum err postback_submit(struct postback *pb);

#endif
