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

/* The next period starts from what the statement must have been. */
static void go_on(struct checked_log *log, const struct entry_statement *s, const struct statement_out *out,
                  const struct hash *root)
{
    log->last = (struct last_statement){
        .to = s->to, .carried_micros = out->carried_micros, .to_ms = out->to_ms, .sha256 = s->sha256};
    memcpy(log->last.id, s->id.ptr, s->id.len);
    log->from = s->to;
    log->from_root = *root;
    memset(&log->tally, 0, sizeof log->tally);
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
    struct statement_in in = {.id = s->id,
                              .issuer = span_str(c->in.public_url),
                              .terms = log->terms,
                              .terms_index = log->terms_index,
                              .from = log->from,
                              .to = s->to,
                              .from_root = log->from_root,
                              .to_root = root,
                              .tally = &log->tally,
                              .view = &c->view,
                              .contract = k->number,
                              .carried_in_micros = log->last.carried_micros,
                              .has_prev = log->last.id[0] != '\0',
                              .prev_sha256 = log->last.sha256,
                              .prev_to_ms = log->last.to_ms,
                              .issued_ms = e->at_ms};
    buf_heap(&payload);
    if (s->from != log->from || s->to != index || s->id.len > LIMIT_ID) {
        finds_failure(found, "contract %s: statement %.*s closes another interval than the open one", k->id,
                      (int)s->id.len, s->id.ptr);
    } else if (statement_build(&in, &out, &why) != ERR_OK) {
        finds_failure(found, "statement %.*s cannot be built from its log: %.150s", (int)s->id.len, s->id.ptr,
                      why.detail);
    } else {
        if (!open_jws(c, s->id, &payload) || memcmp(out.sha256.b, s->sha256.b, HASH_LEN) != 0 ||
            !span_eq(buf_span(&payload), buf_span(&out.payload)) ||
            !part_is(c, s->id, "lines", buf_span(&out.lines.text)))
            finds_failure(found, "statement %.*s is not what its log gives, or not signed", (int)s->id.len, s->id.ptr);
        go_on(log, s, &out, &root);
        statement_free(&out);
    }
    buf_free(&payload);
}
