/* Links by e-mail that sign a browser in: who asked for one, which are open, each used once. In memory alone: a restart
 * ends them, and whoever wants one asks again. Any thread; one lock. */
#ifndef CS_SERVER_WORKER_MAIL_LINKS_H
#define CS_SERVER_WORKER_MAIL_LINKS_H

#include <stdbool.h>

#include "common/base/span.h"
#include "common/commit/notice.h"
#include "common/crypto/crypto.h"

#define MAIL_LINK_MS (15 * 60 * 1000LL)
enum {
    MAIL_LINK_LEN = 43,
    MAIL_LINKS_ASKED = 64,
    MAIL_LINKS_ASKED_OF_ONE = 8,
    MAIL_LINKS_OPEN = 1024,
    MAIL_LINKS_OF_TOKEN = 3
};

struct mail_links;

struct mail_links *mail_links_new(void);
void mail_links_free(struct mail_links *l); /* NULL-safe */

/* Somebody, known by a number, asks for one to an address that may be anybody's. False: too many wait, or of theirs. */
MUST_CHECK bool mail_links_ask(struct mail_links *l, struct span email, enum language language, uint64_t who);
/* The next one that was asked for, to whom is to be looked up. False: none. */
bool mail_links_asked(struct mail_links *l, char email[MAIL_ADDRESS_MAX + 1], enum language *language);
/* A new one for that API token, base64url. False: it has MAIL_LINKS_OF_TOKEN that are open, or there are too many. */
MUST_CHECK bool mail_links_make(struct mail_links *l, const uint8_t token[HASH_LEN], int64_t now_ms,
                                char out[MAIL_LINK_LEN]);
/* Whether it is open, and for which token; `use`: it is used up by that. */
MUST_CHECK bool mail_links_open(struct mail_links *l, struct span text, int64_t now_ms, bool use,
                                uint8_t token[HASH_LEN]);

#endif
