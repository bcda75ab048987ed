#include <inttypes.h>

#include "server/check/check.h"
#include "server/keys/day_keys.h"

static bool view_get(void *ctx, enum row_table t, struct span key, struct span *value)
{
    return rows_map_get(((struct check *)ctx)->rows, t, key, value);
}

static bool view_seek(void *ctx, enum row_table t, struct span from, struct span *key, struct span *value)
{
    return rows_map_seek(((struct check *)ctx)->rows, t, from, key, value);
}

static bool view_click(void *ctx, uint32_t contract, uint64_t index, enum class *class, int64_t *at_ms,
                       uint32_t *placement)
{
    struct check *c = ctx;
    struct envelope env;
    struct entry e;
    if (index >= check_log(c, contract)->tree.frontier.size || ledger_read(c->txn, contract, index, &env) != ERR_OK ||
        env.kind != ENTRY_CLICK || entry_read(env.entry, &e, NULL) != ERR_OK)
        return false;
    *class = e.click.class;
    *at_ms = e.at_ms;
    *placement = e.click.placement;
    entry_close(&e);
    return true;
}

void check_fold_open(struct check *c)
{
    c->rows = rows_map_new();
    c->view = (struct view){view_get, view_seek, view_click, c};
}

static const struct hash *commit_of(const struct entry *e)
{
    return e->kind == ENTRY_CLICK  ? &e->click.commit
           : e->kind == ENTRY_VIEW ? &e->view.commit
           : e->kind == ENTRY_LEAD ? &e->lead.commit
                                   : NULL;
}

static enum class class_of(const struct entry *e) {
    return e->kind == ENTRY_CLICK  ? e->click.class
           : e->kind == ENTRY_VIEW ? e->view.class
                                   : CLASS_OK;
}

/* Opens and checks the private part; false when there is none (any more). *priv is to be closed. */
static bool open_private(struct check *c, const struct envelope *env, const struct entry *e, struct private_part *priv)
{
    const struct hash *commit = commit_of(e);
    if (commit == NULL || span_empty(env->sealed)) {
        if (!span_empty(env->sealed))
            finds_failure(&c->finding[STORE_CHECK_PRIVATE],
                          "journal row %" PRIu64 " has a sealed part that nothing commits to", c->seq);
        return false;
    }
    struct hash opened;
    buf_clear(&c->scratch);
    enum err err = sealer_open(c->sealer, c->txn, env->day, commit, env->sealed, &c->scratch);
    if (err == ERR_NOT_FOUND) {
        finds_doubt(&c->finding[STORE_CHECK_PRIVATE],
                    "the key of day %" PRIu32 " is gone: its sealed parts cannot be compared", env->day);
        return false;
    }
    if (err != ERR_OK || private_read(buf_span(&c->scratch), priv) != ERR_OK) {
        finds_failure(&c->finding[STORE_CHECK_PRIVATE], "the sealed part of journal row %" PRIu64 " does not open",
                      c->seq);
        return false;
    }
    private_commit(priv, &opened);
    if (memcmp(opened.b, commit->b, HASH_LEN) != 0 || priv->lead != (e->kind == ENTRY_LEAD))
        finds_failure(&c->finding[STORE_CHECK_PRIVATE],
                      "the sealed part of journal row %" PRIu64 " is not what its entry commits to", c->seq);
    return true;
}

static void judge_terms(struct check *c, struct checked_log *log, const struct contract *k, uint64_t index,
                        const struct entry *e)
{
    struct terms *before = NULL;
    if (fold_terms(&log->fold, index, &e->terms, &before) != ERR_OK)
        finds_failure(&c->finding[STORE_CHECK_ENTRIES],
                      "contract %s: the terms at entry %" PRIu64 " are not its own, the next version, or complete",
                      k->id, index);
    terms_free(before);
}

static void judge_lead(struct check *c, struct checked_log *log, const struct contract *k, uint64_t index,
                       const struct entry *e, struct span bytes, const struct private_part *priv)
{
    struct opening tokens = {.index = index, .lead = true};
    struct entry again;
    bool foreign;
    if (priv != NULL) {
        tokens.has_email = priv->has_email;
        tokens.has_phone = priv->has_phone;
        memcpy(tokens.email, priv->email, TOKEN_LEN);
        memcpy(tokens.phone, priv->phone, TOKEN_LEN);
    }
    if (!fold_lead(&log->fold, e, bytes, priv != NULL ? &tokens : NULL, &again, &foreign))
        finds_failure(&c->finding[STORE_CHECK_DECISIONS],
                      "contract %s: lead %" PRIu64
                      " is recorded as %s %s, decided again it is %s %s, or has another price or time",
                      k->id, index, status_word(e->lead.status), reason_word(e->lead.reason),
                      status_word(again.lead.status), reason_word(again.lead.reason));
}

static void judge_disposition(struct check *c, struct checked_log *log, const struct contract *k, uint64_t index,
                              const struct entry *e, struct span bytes)
{
    if (fold_disposition(&log->fold, e, bytes) != ERR_OK)
        finds_failure(&c->finding[STORE_CHECK_DECISIONS],
                      "contract %s: entry %" PRIu64 " (%s of lead %" PRIu64 ") is not what the terms allow then", k->id,
                      index, status_word(e->disposition.status), e->disposition.lead);
}

static void fold_entry(struct check *c, struct checked_log *log, const struct contract *k, const struct envelope *env,
                       const struct entry *e)
{
    uint64_t index = env->index;
    if (e->kind == ENTRY_TERMS)
        judge_terms(c, log, k, index, e);
    if (log->fold.terms == NULL) {
        finds_failure(&c->finding[STORE_CHECK_ENTRIES], "contract %s: entry %" PRIu64 " comes before any terms", k->id,
                      index);
        return;
    }
    struct private_part priv = {0};
    bool opened = open_private(c, env, e, &priv);
    if (e->kind == ENTRY_LEAD)
        judge_lead(c, log, k, index, e, env->entry, opened ? &priv : NULL);
    if (e->kind == ENTRY_DISPOSITION)
        judge_disposition(c, log, k, index, e, env->entry);
    if (e->kind == ENTRY_STATEMENT)
        check_statement(c, log, k, index, e);
    if (fold_apply(&log->fold, index, e, opened ? &priv : NULL) != ERR_OK)
        finds_failure(&c->finding[STORE_CHECK_ENTRIES], "contract %s: entry %" PRIu64 " cannot follow those before it",
                      k->id, index);
    private_close(&priv);
}

void check_fold(struct check *c, struct checked_log *log, const struct envelope *env)
{
    const struct contract *k = catalog_contract_number(c->catalog, env->contract);
    struct entry e;
    if (env->contract == ROOT_LOG) {
        if (env->kind != ENTRY_ROOT || env->entry.len != HASH_LEN)
            finds_failure(&c->finding[STORE_CHECK_ENTRIES],
                          "root log: entry %" PRIu64 " is not the hash of a checkpoint", env->index);
        return;
    }
    if (k == NULL || entry_read(env->entry, &e, NULL) != ERR_OK) {
        finds_failure(&c->finding[STORE_CHECK_ENTRIES],
                      "log %" PRIu32 ": entry %" PRIu64 " is not canonical, or of no known contract", env->contract,
                      env->index);
        return;
    }
    if (e.kind != env->kind || class_of(&e) != env->class)
        finds_failure(&c->finding[STORE_CHECK_ENTRIES],
                      "contract %s: the envelope of entry %" PRIu64 " says another kind or class", k->id, env->index);
    fold_entry(c, log, k, env, &e);
    entry_close(&e);
}

static void compare_table(struct check *c, enum row_table t)
{
    struct cursor *cursor = NULL;
    struct span key, value, mine;
    size_t n = 0;
    if (cursor_open(c->txn, (enum table)(TABLE_ROWS + (int)t), &cursor) != ERR_OK) {
        finds_doubt(&c->finding[STORE_CHECK_ROWS], "the table %s cannot be read", row_table_name(t));
        return;
    }
    for (bool more = cursor_seek(cursor, SPAN(""), &key, &value); more; more = cursor_next(cursor, &key, &value), n++)
        if (!rows_map_get(c->rows, t, key, &mine) || !span_eq(mine, value))
            finds_failure(&c->finding[STORE_CHECK_ROWS], "row %zu of %s is not what the entries give", n,
                          row_table_name(t));
    if (n != rows_map_count(c->rows, t))
        finds_failure(&c->finding[STORE_CHECK_ROWS], "%s has %zu rows, the entries give %zu", row_table_name(t), n,
                      rows_map_count(c->rows, t));
    cursor_close(cursor);
}

void check_rows(struct check *c)
{
    for (int t = 0; t < ROW_TABLES; t++)
        compare_table(c, (enum row_table)t);
}
