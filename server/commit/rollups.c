#include "server/commit/rollups.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "common/reports/rollup.h"
#include "server/ledger/ledger_rows.h"
#include "server/system/log.h"

/* Which terms bind the entries of a log that are folded: as the catalog has them, unless some came among these. */
struct bound {
    bool known, own;
    const struct versions *versions;
    struct versions made; /* own */
};

enum { BEHIND_MOST = 1 << 14, MEMORY_MOST = 64 << 20, UNWRITTEN_MOST = 4096 };

/* What is counted as it is appended. A batch that fails takes all of it along: the journal has what was committed. */
struct rollups {
    struct rollup_source source;
    struct rollup *rollup; /* NULL: nothing is counted yet */
    uint64_t end;          /* journal rows below it are counted, here or in the store */
    bool end_known;
    bool whole; /* all that was appended is counted */
    bool stay;  /* what they rest on did not read at the last sweep: they are as they were, and reports fail */
};

/* Journal rows that are counted as they are read back. */
struct folding {
    struct batch *cx;
    struct rollup *rollup;
    struct bound *bound; /* by contract number */
    size_t n;
};

enum err rollups_reach(struct txn *t, uint32_t contract, uint64_t *n)
{
    uint8_t key[ROLLUP_HEAD_KEY];
    struct span row;
    struct head head = {.size = 0};
    enum err err = store_get(t, TABLE_ROLLUPS, rollup_head_key(key, contract), &row);
    if (err == ERR_NOT_FOUND && contract != ROOT_LOG) { /* of a log that no sweep has met yet */
        *n = 0;
        err = head_read(t, contract, &head);
        return err == ERR_NOT_FOUND ? ERR_OK : err == ERR_OK && head.size > 0 ? ERR_CORRUPT : err;
    }
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    if (row.len != sizeof *n)
        return ERR_CORRUPT;
    *n = load_be64(row.ptr);
    return ERR_OK;
}

static enum err stored_row(void *ctx, struct span key, struct span *value)
{
    const struct batch *cx = ctx;
    return store_get(cx->txn, TABLE_ROLLUPS, key, value);
}

static enum err stored_key(void *ctx, struct span from, struct span *key)
{
    const struct batch *cx = ctx;
    struct span value;
    return store_seek(cx->txn, TABLE_ROLLUPS, from, key, &value);
}

static enum err stored_entry(void *ctx, uint32_t contract, uint64_t index, struct span *out)
{
    const struct batch *cx = ctx;
    return ledger_clicked(&cx->within, contract, index, out) ? ERR_OK
                                                             : cx->view.entry(cx->view.ctx, contract, index, out);
}

/* The catalog's versions are those after all of these entries: so they bind each, unless one of these made them. */
static enum err bind(struct folding *f, struct bound *b, const struct envelope *env)
{
    const struct contract *k = catalog_contract_number(f->cx->catalog, env->contract);
    if (k == NULL)
        return ERR_CORRUPT;
    b->known = true;
    b->versions = &k->versions;
    b->own = k->versions.made_index >= env->index || k->assented >= env->index;
    if (!b->own)
        return ERR_OK;
    b->versions = &b->made;
    enum err err = ledger_versions(f->cx->txn, env->contract, env->index, &b->made);
    return err == ERR_NOT_FOUND ? ERR_OK : err; /* its first are among these */
}

static const struct terms *terms_at(const struct bound *b, int64_t at_ms)
{
    const struct version *v = versions_at(b->versions, at_ms);
    return v != NULL ? v->terms : NULL;
}

static enum err take_entry(struct folding *f, struct bound *b, const struct envelope *env)
{
    struct entry e;
    enum err err = entry_read(env->entry, &e, NULL);
    if (err != ERR_OK)
        return err;
    if (b->own && ledger_binds(e.kind))
        err = ledger_bind(&b->made, env->index, &e);
    if (err == ERR_OK)
        err = rollup_add(f->rollup, env->contract, env->index, &e, terms_at(b, e.at_ms));
    entry_close(&e);
    return err;
}

static enum err take_row(struct folding *f, struct span row)
{
    struct envelope env;
    enum err err = envelope_read(row, &env);
    if (err != ERR_OK || env.contract == ROOT_LOG)
        return err;
    if (env.contract >= f->n)
        return ERR_CORRUPT;
    struct bound *b = &f->bound[env.contract];
    if (!b->known)
        err = bind(f, b, &env);
    return err == ERR_OK ? take_entry(f, b, &env) : err;
}

/* Rows [from, to) of the journal. */
static enum err take_journal(struct folding *f, uint64_t from, uint64_t to)
{
    uint8_t first[SEQ_LEN];
    struct cursor *c;
    struct span key, row;
    enum err step, err = cursor_open(f->cx->txn, TABLE_JOURNAL, &c);
    if (err != ERR_OK)
        return err;
    for (step = cursor_seek(c, seq_key(first, from), &key, &row); step == ERR_OK && err == ERR_OK && from < to;
         step = cursor_next(c, &key, &row)) {
        uint64_t seq;
        err = seq_of(key, &seq) && seq == from ? take_row(f, row) : ERR_CORRUPT;
        from++;
    }
    cursor_close(c);
    if (err == ERR_OK && step != ERR_OK)
        err = cursor_end(step);
    return err == ERR_OK && from != to ? ERR_CORRUPT : err;
}

static enum err write_row(void *ctx, struct span key, struct span value)
{
    return store_put(ctx, TABLE_ROLLUPS, key, value);
}

enum err rollups_write(struct txn *t, struct rollup *r)
{
    return rollup_changed(r, write_row, t);
}

static enum err take_rows(struct batch *cx, struct rollup *r, uint64_t from, uint64_t to)
{
    struct folding f = {.cx = cx, .rollup = r, .n = cx->catalog->n_contracts + 1};
    f.bound = xcalloc(f.n, sizeof *f.bound);
    enum err err = take_journal(&f, from, to);
    for (size_t i = 0; i < f.n; i++)
        if (f.bound[i].own)
            versions_free(&f.bound[i].made);
    free(f.bound);
    return err;
}

/* ---- as it is appended ---- */

struct rollups *rollups_new(struct batch *cx)
{
    struct rollups *r = xcalloc(1, sizeof *r);
    r->source = (struct rollup_source){stored_row, stored_key, stored_entry, cx};
    return r;
}

void rollups_begin(struct rollups *r, struct txn *t)
{
    r->end_known = rollups_reach(t, ROOT_LOG, &r->end) == ERR_OK; /* else the first sweep tells */
}

void rollups_free(struct rollups *r)
{
    if (r != NULL)
        rollup_free(r->rollup);
    free(r);
}

void rollups_forget(struct rollups *r)
{
    rollup_free(r->rollup);
    r->rollup = NULL;
    r->end_known = r->whole = false;
}

/* Some in front of it are not counted: the sweep reads them all. */
static bool comes_next(const struct rollups *r, uint64_t seq)
{
    assert(!r->whole || r->end == seq);
    return r->end_known && r->end == seq;
}

void rollups_entry(struct rollups *r, uint64_t seq, uint32_t contract, uint64_t index, const struct entry *e,
                   const struct terms *terms)
{
    if (!comes_next(r, seq))
        return;
    if (r->rollup == NULL)
        r->rollup = rollup_new(&r->source);
    r->end = seq + 1;
    if (rollup_add(r->rollup, contract, index, e, terms) != ERR_OK)
        rollups_forget(r);
}

void rollups_root(struct rollups *r, uint64_t from, uint64_t to)
{
    if (comes_next(r, from))
        r->end = to;
}

/* What did not read may read again, but nobody counts the same rows once a second for ever. */
static enum err catch_up(struct batch *cx, struct rollups *r)
{
    uint64_t to = ledger_next_seq(cx->ledger);
    enum err err = r->end_known ? ERR_OK : rollups_reach(cx->txn, ROOT_LOG, &r->end);
    if (err != ERR_OK)
        return err;
    if (r->end > to || (r->stay && to - r->end > BEHIND_MOST))
        return ERR_CORRUPT;
    if (r->rollup == NULL)
        r->rollup = rollup_new(&r->source);
    if (r->end < to)
        err = take_rows(cx, r->rollup, r->end, to);
    r->end = to;
    r->end_known = r->whole = true;
    rollup_reaches(r->rollup, to);
    return err;
}

enum err rollups_sweep(struct batch *cx)
{
    struct rollups *r = cx->rollups;
    enum err err = catch_up(cx, r);
    const bool known = r->stay;
    r->stay = err != ERR_OK;
    if (err == ERR_OK) {
        err = rollups_write(cx->txn, r->rollup);
        if (err == ERR_OK)
            rollup_keep(r->rollup, MEMORY_MOST);
        return err;
    }
    rollups_forget(r);
    if (err != ERR_IO && !known)
        log_line(LOG_ERROR, 0, "rollups",
                 "what reports are made of does not read (%s): they are answered with 500, all else goes on; run "
                 "countersign check, then with the server stopped check --rebuild",
                 err_word(err));
    return err == ERR_IO ? err : ERR_OK;
}

bool rollups_many(const struct rollups *r)
{
    return r->rollup != NULL && rollup_unwritten(r->rollup) >= UNWRITTEN_MOST;
}

bool rollups_stay(const struct rollups *r)
{
    return r->stay;
}

/* ---- all of it again ---- */

static enum err no_row(void *ctx, struct span key, struct span *value)
{
    (void)ctx, (void)key, (void)value;
    return ERR_NOT_FOUND;
}

/* Also one that is not as it was written. */
static enum err first_key(struct txn *t, uint8_t key[STORE_KEY_MAX], size_t *len)
{
    struct cursor *c;
    struct span at, value;
    enum err err = cursor_open(t, TABLE_ROLLUPS, &c);
    if (err != ERR_OK)
        return err;
    err = cursor_seek(c, SPAN(""), &at, &value);
    if (err == ERR_CORRUPT && txn_damage(t) == DAMAGE_OTHER_ROW)
        err = ERR_OK;
    if (err == ERR_OK) {
        memcpy(key, at.ptr, at.len);
        *len = at.len;
    }
    cursor_close(c);
    return err;
}

static enum err delete_all(struct txn *t)
{
    uint8_t key[STORE_KEY_MAX];
    size_t len;
    enum err err;
    while ((err = first_key(t, key, &len)) == ERR_OK)
        if ((err = store_del(t, TABLE_ROLLUPS, span_of(key, len))) != ERR_OK)
            return err;
    return cursor_end(err);
}

enum err rollups_rebuild(struct instance *in, struct txn *t)
{
    struct batch cx = {.instance = in, .txn = t, .catalog = catalog_hold(in->catalog)};
    const struct rollup_source source = {.row = no_row, .entry = stored_entry, .ctx = &cx};
    struct rollup *r = rollup_new(&source);
    uint64_t swept;
    cx.view = ledger_view(&cx.within, NULL, t);
    enum err err = watermark_read(t, &swept);
    if (err == ERR_OK && swept > 0)
        err = take_rows(&cx, r, 0, swept);
    rollup_reaches(r, swept);
    if (err == ERR_OK)
        err = delete_all(t);
    if (err == ERR_OK)
        err = rollups_write(t, r);
    rollup_free(r);
    catalog_unref(cx.catalog);
    return err;
}
