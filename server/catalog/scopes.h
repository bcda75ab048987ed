/* What an API token may beside what all may (RFC 6749, 3.3). Without any scope it reads what its party may read,
 * reports leads and what became of them, sends what its party's key has signed, shares statements, and ends itself. */
#ifndef CS_SERVER_CATALOG_SCOPES_H
#define CS_SERVER_CATALOG_SCOPES_H

#include "common/base/buf.h"
#include "common/base/problem.h"

enum role { ROLE_OPERATOR = 1, ROLE_ADVERTISER = 2, ROLE_PUBLISHER = 4, ROLE_AUDITOR = 8 };
enum { ROLE_ANY = ROLE_OPERATOR | ROLE_ADVERTISER | ROLE_PUBLISHER | ROLE_AUDITOR };

/* symbol, word, roles that have calls of it, what it lets. In the order of words. */
#define SCOPE_TABLE(X)                                                                                                 \
    X(CAMPAIGNS, "campaigns", ROLE_OPERATOR | ROLE_ADVERTISER, "make and change campaigns and contracts")              \
    X(CLOCK, "clock", ROLE_OPERATOR, "say that the clock is right")                                                    \
    X(CODES, "codes", ROLE_OPERATOR | ROLE_ADVERTISER | ROLE_PUBLISHER, "make and change tracking codes")              \
    X(CREDENTIALS, "credentials", ROLE_ANY, "make and end tokens, secrets and keys, and lock a party")                 \
    X(ERASURES, "erasures", ROLE_OPERATOR | ROLE_ADVERTISER, "destroy what is sealed of persons")                      \
    X(GRANTS, "grants", ROLE_OPERATOR, "let auditors read, and no longer")                                             \
    X(OPERATORS, "operators", ROLE_OPERATOR, "make operators, end their credentials and lock them")                    \
    X(PARTIES, "parties", ROLE_ANY, "say who a party is by law, and rename one")                                       \
    X(SETTLEMENT, "settlement", ROLE_OPERATOR, "issue statements and corrections in money")                            \
    X(UPKEEP, "upkeep", ROLE_OPERATOR, "have the server's folder copied and checked")

enum {
#define X(symbol, word, roles, lets) SCOPE_PLACE_##symbol,
    SCOPE_TABLE(X)
#undef X
        SCOPES
};

/* Bits above those of roles and routes. */
enum {
    SCOPE_FIRST = 1 << 16,
#define X(symbol, word, roles, lets) MAY_##symbol = SCOPE_FIRST << SCOPE_PLACE_##symbol,
    SCOPE_TABLE(X)
#undef X
        SCOPE_ALL = (SCOPE_FIRST << SCOPES) - SCOPE_FIRST
};

enum { SCOPES_TEXT_MAX = 128 };

/* Words with blanks between. ERR_INVALID: one that is none. */
MUST_CHECK enum err scopes_read(struct span text, unsigned *out);
void scopes_write(struct buf *out, unsigned scopes);
unsigned scopes_of(enum role r); /* all that it has calls of */
/* ERR_FORBIDDEN, saying the first of `wanted` that a token with `has` lacks. */
MUST_CHECK enum err scopes_want(unsigned wanted, unsigned has, struct problem *p);

#endif
