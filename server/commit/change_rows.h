/* Who changed what of control data: a row a change, written with it. FORMATS.md "Rows of control data". */
#ifndef CS_SERVER_COMMIT_CHANGE_ROWS_H
#define CS_SERVER_COMMIT_CHANGE_ROWS_H

#include "server/commit/batch.h"

/* symbol, word */
#define CHANGE_TABLE(X)                                                                                                \
    X(PARTY, "party")                                                                                                  \
    X(RENAME, "rename")                                                                                                \
    X(LEGAL, "legal")                                                                                                  \
    X(LOCK, "lock")                                                                                                    \
    X(UNLOCK, "unlock")                                                                                                \
    X(PARTY_KEY, "party_key")                                                                                          \
    X(TOKEN, "token")                                                                                                  \
    X(TOKEN_END, "token_end")                                                                                          \
    X(INVITATION, "invitation")                                                                                        \
    X(INVITATION_END, "invitation_end")                                                                                \
    X(ACCEPT, "accept")                                                                                                \
    X(SECRET, "secret")                                                                                                \
    X(SECRET_END, "secret_end")                                                                                        \
    X(POSTBACK_KEY, "postback_key")                                                                                    \
    X(WEBHOOK, "webhook")                                                                                              \
    X(NOTICES, "notices")                                                                                              \
    X(CAMPAIGN, "campaign")                                                                                            \
    X(CAMPAIGN_CHANGE, "campaign_change")                                                                              \
    X(CRM, "crm")                                                                                                      \
    X(CONTRACT, "contract")                                                                                            \
    X(CONTRACT_CHANGE, "contract_change")                                                                              \
    X(ASSENT, "assent")                                                                                                \
    X(WITHDRAWAL, "withdrawal")                                                                                        \
    X(GRANT, "grant")                                                                                                  \
    X(GRANT_END, "grant_end")                                                                                          \
    X(CODE, "code")                                                                                                    \
    X(CODE_CHANGE, "code_change")                                                                                      \
    X(SHARE, "share")                                                                                                  \
    X(SHARE_END, "share_end")                                                                                          \
    X(CLOCK, "clock")                                                                                                  \
    X(SERVER_KEYS, "server_keys")                                                                                      \
    X(UPKEEP, "upkeep")

enum change {
#define X(symbol, word) CHANGE_##symbol,
    CHANGE_TABLE(X)
#undef X
        CHANGES
};
const char *change_word(enum change c);
MUST_CHECK enum err change_parse(struct span word, enum change *out); /* ERR_NOT_FOUND */

/* Texts of a row that is read point into *json (json_decref). */
struct change_row {
    int64_t at_ms;
    enum change kind;
    uint32_t by;                                    /* 0: nobody by a token; who has the server's machine */
    struct span maker;                              /* base64url of the SHA-256 of that token; empty: none */
    struct span party, campaign, contract, subject; /* ids of what it is about; empty: none */
    struct span what, was;                          /* its label, name or change, in words; empty: none */
};

enum { CHANGE_KEY_LEN = 16, CHANGE_PLACE_LEN = 10, CHANGE_WHAT_MAX = 512 }; /* place: what of a key no other has */

/* As it is, behind all others of its moment. */
MUST_CHECK enum err change_put(struct txn *t, const struct change_row *c);
/* Of the record that ran, whose now_ms it bears; nothing where it changes no control data. Behind what it wrote. */
MUST_CHECK enum err changes_put(struct batch *cx, const struct record *r);
/* ERR_CORRUPT unless it is a row as changes_put writes it. */
MUST_CHECK enum err change_read(struct span key, struct span value, json_t **json, struct change_row *out);

#endif
