/* Which notices a party wants by e-mail, and which were sent: rows of the table `notices`. */
#ifndef CS_SERVER_COMMIT_NOTICE_ROWS_H
#define CS_SERVER_COMMIT_NOTICE_ROWS_H

#include "common/commit/notice.h"
#include "common/crypto/crypto.h"
#include "server/store/store.h"

/* The last one of a kind. */
struct notice_sent {
    int64_t day;              /* since 1970-01-01, UTC; 0: none was sent */
    uint8_t digest[HASH_LEN]; /* of what it told of */
};
struct notice_row {
    uint32_t by;             /* number of the party that asked for them */
    uint8_t maker[HASH_LEN]; /* SHA-256 of the API token that it asked by; zeros: by none */
    int64_t since_ms;
    char email[MAIL_ADDRESS_MAX + 1];
    enum language language;
    unsigned kinds; /* bits by enum notice */
    struct notice_sent sent[NOTICES];
};
MUST_CHECK enum err notice_row_get(struct txn *t, uint32_t party, struct notice_row *out); /* ERR_NOT_FOUND */
MUST_CHECK enum err notice_row_put(struct txn *t, uint32_t party, const struct notice_row *row);
MUST_CHECK enum err notice_row_del(struct txn *t, uint32_t party);
/* The next party behind this number that has one. ERR_NOT_FOUND. */
MUST_CHECK enum err notice_row_next(struct txn *t, uint32_t *party);

/* Comma-separated words, as rows and links have them. */
void notice_kinds_write(struct buf *out, unsigned kinds);

/* What stands behind /unsubscribe/: the party's number and a MAC over it and the address. */
enum { UNSUBSCRIBE_LEN = 27 };
struct keys;
void unsubscribe_write(const struct keys *k, uint32_t party, const char *email, char out[UNSUBSCRIBE_LEN]);
/* The party, whose address at that time the text was made for, is to be looked at. ERR_NOT_FOUND: it is none. */
MUST_CHECK enum err unsubscribe_party(struct span text, uint32_t *party);

#endif
