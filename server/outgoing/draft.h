/* The request that a delivery is: to a webhook, to a macro URL, or to a CRM by its recipe. One thread. */
#ifndef CS_SERVER_OUTGOING_DRAFT_H
#define CS_SERVER_OUTGOING_DRAFT_H

#include "common/commit/crm.h"
#include "server/commit/outbox.h"
#include "server/outgoing/letter.h"

enum { DRAFT_HEADERS = 6, DRAFT_HEADER_MOST = CRM_TOKEN_MAX + 64 };
struct draft {
    struct buf url, body; /* the URL ends with NUL */
    bool post;            /* else GET */
    int there;            /* a status that is as good as 2xx: the target has it already; 0: none */
    char mem[DRAFT_HEADERS][DRAFT_HEADER_MOST];
    const char *headers[DRAFT_HEADERS + 1];
    size_t n;
};

void draft_open(struct draft *d);
void draft_clear(struct draft *d); /* wipes what opens the target */
void draft_close(struct draft *d);
/* ERR_CORRUPT: what opens the target, or its document, does not read. */
MUST_CHECK enum err draft_write(struct draft *d, const struct keys *k, struct signer *s, const struct aim *aim,
                                const struct letter *l, struct span id, int64_t at_s);

#endif
