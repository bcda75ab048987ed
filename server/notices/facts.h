/* What there is to tell a party of, kind by kind, in a state that stands committed. */
#ifndef CS_SERVER_NOTICES_FACTS_H
#define CS_SERVER_NOTICES_FACTS_H

#include "common/commit/notice.h"
#include "server/worker/server.h"

enum { QUIET_CLICKS = 100, REFUSED_LEAST = 10, FAILING_TRIES = 4 };

struct facts {
    struct worker *w;
    struct txn *txn;
    const struct catalog *catalog;
    const struct party *party;
    enum language language;
    int64_t now_ms;
    struct buf *lines;  /* one each, behind the other; empty: there is nothing */
    struct buf *digest; /* what tells these facts from others */
};
MUST_CHECK enum err facts_find(struct facts *f, enum notice kind);

#endif
