/* The rollups, counted again from the entries up to the watermark: they are written with every sweep. */
#include "common/base/bytes.h"
#include "server/check/check_private.h"
#include "server/commit/rollups.h"

static enum err folded_row(void *ctx, struct span key, struct span *value)
{
    (void)ctx, (void)key, (void)value;
    return ERR_NOT_FOUND; /* all of it is in the fold's memory */
}

static enum err folded_entry(void *ctx, uint32_t contract, uint64_t index, struct span *out)
{
    const struct check *c = ctx;
    return c->view.entry(c->view.ctx, contract, index, out);
}

void check_rollups_open(struct check *c)
{
    const struct rollup_source source = {.row = folded_row, .entry = folded_entry, .ctx = c};
    c->rollup = rollup_new(&source);
    c->counted = true;
}

void check_rollup(struct check *c, const struct checked_log *log, const struct envelope *env, const struct entry *e)
{
    if (c->counted && c->seq < c->watermark)
        c->counted = rollup_add(c->rollup, log->number, env->index, e, log->fold.terms) == ERR_OK;
}

static enum err want(void *ctx, struct span key, struct span value)
{
    struct check *c = ctx;
    struct span stored;
    char mem[ROLLUP_KEY_MAX];
    memcpy(mem, key.ptr, key.len);
    row_set_add(c->rolled, key);
    if (!check_need(c, TABLE_ROLLUPS, key, &stored))
        return ERR_OK;
    if (!span_eq(stored, value))
        check_row_fails(c, TABLE_ROLLUPS, key, "is not what the entries give");
    return ERR_OK;
}

static void is_wanted(struct check *c, enum table t, struct span key, struct span value)
{
    (void)value;
    if (!row_set_has(c->rolled, key))
        check_row_fails(c, t, key, "is none that the entries give");
}

void prove_rollups(struct check *c)
{
    rollup_reaches(c->rollup, c->watermark);
    if (!c->counted || rollup_changed(c->rollup, want, c) != ERR_OK)
        finds_doubt(check_finding(c, TABLE_ROLLUPS), "rollups cannot be counted again: what an entry rests on "
                                                     "does not read");
    check_each(c, TABLE_ROLLUPS, is_wanted);
}
