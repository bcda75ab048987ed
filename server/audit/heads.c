/* GET /log/{contract}/heads?from=&to=: the contract's heads that the root log holds from leaf to leaf, JSON lines in
 * their order. At most PAGE a call; when there may be more, a Link header names the next call. */
#include "common/ledger/root_log.h"
#include "server/api/call.h"
#include "server/audit/audit.h"

enum { PAGE = 1000 };

/* Each is a leaf of a pair, so that PAGE of them are the same range of indexes that `pull` asks of openings, at least.
 */
static enum err heads_write(struct txn *t, uint32_t contract, uint64_t *from, uint64_t to, struct buf *lines,
                            bool *more)
{
    struct span note;
    enum err err;
    size_t n = 0;
    *more = false;
    while (*from < to && (err = ledger_next_leaf(t, contract, from, &note)) != ERR_NOT_FOUND) {
        if (err != ERR_OK)
            return err;
        if (*from >= to)
            break;
        *more = n++ == PAGE;
        if (*more)
            break;
        root_head_write(lines, *from, note);
        buf_byte(lines, '\n');
        *from += ROOT_PAIR;
    }
    return ERR_OK;
}

enum err heads_get(struct request *rq, struct reply *reply)
{
    const struct contract *k;
    struct txn *t;
    struct buf lines;
    uint64_t from, to;
    bool more;
    enum err err;
    if ((err = audit_range(rq, &from, &to)) != ERR_OK || (err = call_contract(rq, rq->param[0], &k)) != ERR_OK ||
        (err = worker_reader(rq->worker, &t)) != ERR_OK)
        return err;
    buf_heap(&lines);
    if ((err = heads_write(t, k->number, &from, to, &lines, &more)) == ERR_OK) {
        reply_body_take(reply, "application/x-ndjson", &lines);
        reply_header(reply, "Cache-Control", SPAN("private, no-cache"));
        if (more)
            reply_header(reply, "Link", audit_next(rq, k, "heads", from, to));
    }
    buf_free(&lines);
    return err;
}
