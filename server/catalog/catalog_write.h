/* Control rows: the only writer of their canonical JSON (catalog.c reads it). Within a write transaction; ERR_FULL or
 * ERR_IO. After a change inside the committer set commit.catalog_changed. */
#ifndef CS_SERVER_CATALOG_CATALOG_WRITE_H
#define CS_SERVER_CATALOG_CATALOG_WRITE_H

#include "server/catalog/catalog.h"

/* number, id, role, name, created_ms; key with its JWS, and postback_key with its blocks, where set. */
MUST_CHECK enum err catalog_put_party(struct txn *t, const struct party *p);
/* The row's key is the SHA-256 of the token's text: the token itself is nowhere. */
MUST_CHECK enum err catalog_put_token(struct txn *t, const struct api_token *token);
/* kid, party, by, sealed (in vault.h's way), retired, created_ms. */
MUST_CHECK enum err catalog_put_secret(struct txn *t, const struct secret *s);
/* number, partition, id, advertiser, document, direct, created_ms. */
MUST_CHECK enum err catalog_put_campaign(struct txn *t, const struct campaign *c);
/* number, id, campaign, publisher, document, created_ms: which terms are in force is a row of their own. */
MUST_CHECK enum err catalog_put_contract(struct txn *t, const struct contract *k);
MUST_CHECK enum err catalog_put_code(struct txn *t, uint32_t contract, const struct code *c);
MUST_CHECK enum err catalog_put_grant(struct txn *t, const struct grant *g);

/* A fresh API token, "cst_" and 32 random bytes in base64url, NUL-ended. */
enum { API_TOKEN_LEN = 4 + 43 };
void api_token_new(char out[API_TOKEN_LEN + 1]);
void api_token_hash(const char token[API_TOKEN_LEN + 1], uint8_t out[HASH_LEN]);

const char *role_word(enum role r); /* advertiser publisher auditor operator: the `kind` of a party */
MUST_CHECK enum err role_parse(struct span word, enum role *out);

#endif
