#include <stdlib.h>

#include "common/ledger/jws.h"
#include "common/settlement/statement.h"
#include "server/check/check.h"
#include "server/settlement/statements.h"

enum { PUBLICS = 16 };

/* The signed payload as stored. */
static bool open_jws(struct check *c, struct span id, struct buf *payload)
{
    uint8_t pubs[PUBLICS][ED25519_KEY_LEN];
    size_t n = keys_statement_publics(c->in.keys, pubs, PUBLICS);
    struct span jws;
    if (statement_part(c->txn, id, "jws", &jws) != ERR_OK)
        return false;
    for (size_t i = 0; i < n; i++)
        if (jws_general_open(jws, pubs[i], STATEMENT_TYP, payload, NULL) == ERR_OK)
            return true;
    return false;
}

static bool part_is(struct check *c, struct span id, const char *part, struct span want)
{
    struct span stored;
    return statement_part(c->txn, id, part, &stored) == ERR_OK && span_eq(stored, want);
}

void check_statement(struct check *c, struct checked_log *log, const struct contract *k, uint64_t index,
                     const struct entry *e)
{
    const struct entry_statement *s = &e->statement;
    struct finding *found = &c->finding[STORE_CHECK_STATEMENTS];
    struct statement_out out = {0};
    struct problem why = {0};
    struct hash root;
    struct buf payload;
    frontier_root(&log->tree.frontier, &root);
    buf_heap(&payload);
    enum err err = fold_statement(&log->fold, index, e, &root, span_str(c->in.public_url), &out, &why);
    if (err == ERR_CONFLICT) {
        finds_failure(found, "contract %s: statement %.*s closes another interval than the open one", k->id,
                      (int)s->id.len, s->id.ptr);
        return;
    }
    if (err != ERR_OK) {
        finds_failure(found, "statement %.*s cannot be built from its log: %.150s", (int)s->id.len, s->id.ptr,
                      why.detail);
    } else if (!open_jws(c, s->id, &payload) || !span_eq(buf_span(&payload), buf_span(&out.payload)) ||
               memcmp(out.sha256.b, s->sha256.b, HASH_LEN) != 0 ||
               !part_is(c, s->id, "lines", buf_span(&out.lines.text)))
        finds_failure(found, "statement %.*s is not signed, or not what the entries give", (int)s->id.len, s->id.ptr);
    memcpy(log->last_statement, s->id.ptr, s->id.len);
    log->last_statement[s->id.len] = '\0';
    period_next(&log->fold.period, s, &root, err == ERR_OK ? &out : NULL);
    statement_free(&out);
    buf_free(&payload);
}
