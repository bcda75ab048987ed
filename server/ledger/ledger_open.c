/* Recovery: the heads of the last sweep, and the journal from the watermark. */
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "server/ledger/ledger_private.h"

static enum err load_heads(struct ledger *l, struct txn *t)
{
    struct cursor *c;
    enum err err = cursor_open(t, TABLE_HEADS, &c);
    if (err != ERR_OK)
        return err;
    struct span key, value;
    enum err step;
    for (step = cursor_seek(c, SPAN(""), &key, &value); step == ERR_OK; step = cursor_next(c, &key, &value)) {
        struct stored_head head;
        struct hash edge[MERKLE_HEIGHT];
        uint32_t contract = key.len == sizeof(uint32_t) ? load_be32(key.ptr) : 0;
        err = key.len == sizeof(uint32_t) ? head_decode(value, contract, &head, edge) : ERR_CORRUPT;
        if (err != ERR_OK)
            break;
        struct log *log = ledger_log(l, contract);
        log->now = head;
        log->edge = xrealloc(log->edge, merkle_room(head.head.size) * sizeof *edge);
        memcpy(log->edge, edge, (size_t)__builtin_popcountll(head.head.size) * sizeof *edge);
        log->saved = log->swept = head.head.size;
    }
    cursor_close(c);
    return err == ERR_OK ? cursor_end(step) : err;
}

/* The terms as they stood at the head that the replay begins with: the newest alone where they bound at once, so that
 * rows are needed only where they say more. */
static enum err load_versions(struct ledger *l, struct txn *t, struct log *log, uint32_t contract)
{
    struct envelope env;
    struct entry e;
    if (!log->now.has_terms || log->replaying->versions.n > 0)
        return ERR_OK;
    enum err err = ledger_get(l, t, contract, log->now.terms, &env);
    if (err == ERR_OK)
        err = entry_read(env.entry, &e, NULL);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    bool alone = e.kind == ENTRY_TERMS && !e.terms.effective_ms && !e.terms.on_assent;
    if (alone)
        err = ledger_bind(&log->replaying->versions, log->now.terms, &e);
    entry_close(&e);
    if (alone)
        return err;
    err = ledger_versions(t, contract, log->now.head.size, &log->replaying->versions);
    bool same = err == ERR_OK && log->replaying->versions.made_index == log->now.terms;
    return err == ERR_NOT_FOUND || (err == ERR_OK && !same) ? ERR_CORRUPT : err;
}

/* Where the log was cut has a row already. */
static enum err replay_fold(struct ledger *l, struct txn *t, struct log *log, const struct envelope *env)
{
    struct tallied x;
    struct tally full;
    struct entry e;
    enum err err = ledger_tallied(env, &x);
    if (err == ERR_OK)
        err = load_versions(l, t, log, env->contract);
    bool said = ledger_binds(env->kind) || env->kind == ENTRY_CLOCK;
    if (err == ERR_OK && said && (err = entry_read(env->entry, &e, NULL)) == ERR_OK) {
        if (e.kind == ENTRY_CLOCK)
            ledger_take_clock(log, &e);
        else
            err = ledger_bind(&log->replaying->versions, env->index, &e);
        entry_close(&e);
    }
    if (err == ERR_OK) {
        const struct version *bound = versions_at(&log->replaying->versions, x.at_ms);
        ledger_fold(log, bound != NULL ? bound->terms : NULL, &x, &full);
    }
    return err;
}

/* An entry's leaf hash: from its tile where that was written, since hashing is most of what a replay costs. */
static enum err replay_leaf(struct txn *t, struct log *log, const struct envelope *env, struct hash *out)
{
    struct replaying *r = log->replaying;
    unsigned slot = env->index % TILE_WIDTH;
    if (slot == 0 || log->now.head.size == log->saved) {
        enum err err = tile_filled(t, env->contract, env->index / TILE_WIDTH, &r->leaves, &r->last);
        if (err != ERR_OK)
            return err;
    }
    if (r->leaves == NULL)
        merkle_leaf(env->entry, out);
    else
        memcpy(out->b, slot < TILE_ROW_LEAVES ? r->leaves + slot * HASH_LEN : r->last, HASH_LEN);
    return ERR_OK;
}

static bool may_learn(const struct log *log)
{
    bool asked = log->model != NULL;
    for (size_t i = 0; i < log->replaying->versions.n; i++)
        asked |= log->replaying->versions.v[i].terms->score != NULL;
    return asked;
}

/* What it teaches, by its rows, which are there. */
static enum err replay_lesson(struct ledger *l, struct txn *t, const struct log *log, const struct envelope *env)
{
    struct ledger_view memory;
    struct entry e;
    if ((env->kind != ENTRY_LEAD && env->kind != ENTRY_DISPOSITION && env->kind != ENTRY_MODEL) || !may_learn(log))
        return ERR_OK;
    enum err err = entry_read(env->entry, &e, NULL);
    if (err != ERR_OK)
        return err;
    const struct view v = ledger_view(&memory, l, t);
    const struct version *bound = versions_at(&log->replaying->versions, e.at_ms);
    err = ledger_learn(l, &v, env->contract, bound != NULL ? bound->terms : NULL, env->index, &e, NULL);
    entry_close(&e);
    return err;
}

static enum err replay_row(struct ledger *l, struct txn *t, uint64_t seq, struct span row)
{
    struct envelope env;
    enum err err = envelope_read(row, &env);
    if (err != ERR_OK)
        return err;
    struct log *log = ledger_log(l, env.contract);
    if (env.index < log->now.head.size) /* its head was saved after it, with a statement or leaf */
        return ERR_OK;
    if (env.index > log->now.head.size || env.kind == ENTRY_STATEMENT || env.kind == ENTRY_ROOT)
        return ERR_CORRUPT;
    struct hash leaf;
    if (log->replaying == NULL)
        log->replaying = xcalloc(1, sizeof *log->replaying);
    err = replay_leaf(t, log, &env, &leaf);
    if (err == ERR_OK)
        err = ledger_ready(l, t, env.contract);
    if (err == ERR_OK)
        err = replay_fold(l, t, log, &env);
    if (err == ERR_OK)
        err = ledger_extend(l, t, log, env.contract, seq, &leaf);
    return err == ERR_OK ? replay_lesson(l, t, log, &env) : err;
}

static enum err replay(struct ledger *l, struct txn *t)
{
    uint8_t from[SEQ_LEN];
    struct cursor *c;
    struct span key, row;
    enum err step, err = watermark_read(t, &l->next_seq);
    if (err == ERR_OK)
        err = cursor_open(t, TABLE_JOURNAL, &c);
    if (err != ERR_OK)
        return err;
    for (step = cursor_seek(c, seq_key(from, l->next_seq), &key, &row); step == ERR_OK && err == ERR_OK;
         step = cursor_next(c, &key, &row)) {
        uint64_t seq;
        if (!seq_of(key, &seq) || seq != l->next_seq)
            err = ERR_CORRUPT;
        else
            err = replay_row(l, t, l->next_seq++, row);
    }
    cursor_close(c);
    return err == ERR_OK ? cursor_end(step) : err;
}

/* The journal reaches up to the watermark: what goes on behind it must not leave a hole. */
static enum err reaches(struct txn *t, uint64_t next_seq)
{
    struct cursor *c;
    struct span key, row;
    uint64_t seq;
    enum err err = cursor_open(t, TABLE_JOURNAL, &c);
    if (err != ERR_OK)
        return err;
    err = cursor_last(c, &key, &row);
    cursor_close(c);
    if (err == ERR_NOT_FOUND)
        return next_seq == 0 ? ERR_OK : ERR_CORRUPT;
    if (err != ERR_OK)
        return err;
    return seq_of(key, &seq) && seq + 1 == next_seq ? ERR_OK : ERR_CORRUPT;
}

static void replaying_free(struct replaying *r)
{
    if (r != NULL)
        versions_free(&r->versions);
    free(r);
}

enum err ledger_open(struct txn *t, struct ledger **out)
{
    struct ledger *l = xcalloc(1, sizeof *l);
    l->replaying = true;
    enum err err = load_heads(l, t);
    if (err == ERR_OK)
        err = replay(l, t);
    if (err == ERR_OK)
        err = reaches(t, l->next_seq);
    l->replaying = false;
    for (size_t i = 0; i < l->n_logs; i++) {
        if (l->logs[i] == NULL)
            continue;
        replaying_free(l->logs[i]->replaying);
        l->logs[i]->replaying = NULL;
    }
    if (err != ERR_OK)
        ledger_close(l);
    else
        *out = l;
    return err;
}
