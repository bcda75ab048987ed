/* What entries that are stored add up to: for recovery, and for a statement that leaves some of them open. */
#include "common/decisions/rules.h"
#include "common/settlement/assent.h"
#include "server/ledger/ledger_private.h"

static enum err add_version(struct versions *vs, uint64_t index, const struct entry *e)
{
    struct versions gone = {.n = 0};
    struct version next = {
        .index = index, .number = e->terms.version, .at_ms = e->at_ms, .on_assent = e->terms.on_assent};
    enum err err = rules_compile(&e->terms, &next.terms, NULL);
    if (err != ERR_OK)
        return err;
    if (versions_add(vs, &next, e->terms.effective_ms, &gone, NULL) != ERR_OK) {
        terms_free(next.terms);
        return ERR_CORRUPT;
    }
    versions_free(&gone);
    return ERR_OK;
}

/* A party has one bit in each of them: which party it is, the terms say. */
static enum err add_assent(struct versions *vs, const struct entry *e)
{
    unsigned side = assent_side(versions_newest(vs)->terms, e->assent.party);
    return side == 0 || versions_assent(vs, e->assent.version, side, e->at_ms) != ERR_OK ? ERR_CORRUPT : ERR_OK;
}

static enum err add_withdrawal(struct versions *vs, const struct entry *e)
{
    const struct entry_withdrawal *w = &e->withdrawal;
    struct versions gone;
    unsigned side = span_empty(w->jws) ? 0 : assent_side(versions_newest(vs)->terms, w->by);
    if ((side == 0 && !span_empty(w->jws)) || versions_withdraw(vs, w->version, side, e->at_ms, &gone, NULL) != ERR_OK)
        return ERR_CORRUPT;
    versions_free(&gone);
    return ERR_OK;
}

enum err ledger_bind(struct versions *vs, uint64_t index, const struct entry *e)
{
    if (e->kind == ENTRY_TERMS)
        return add_version(vs, index, e);
    if (e->kind == ENTRY_WITHDRAWAL)
        return add_withdrawal(vs, e);
    return e->kind == ENTRY_ASSENT && e->assent.adjustment == 0 ? add_assent(vs, e) : ERR_OK;
}

/* What counts of an entry, of traffic without parsing it. */
enum err ledger_tallied(const struct envelope *env, struct tallied *out)
{
    struct entry e;
    *out = (struct tallied){.kind = env->kind, .class = env->class};
    if (env->kind != ENTRY_GAP && env->kind != ENTRY_LEAD && env->kind != ENTRY_DISPOSITION &&
        env->kind != ENTRY_ADJUSTMENT && env->kind != ENTRY_ASSENT && env->kind != ENTRY_PARTY)
        return envelope_time(env, &out->at_ms);
    enum err err = entry_read(env->entry, &e, NULL);
    if (err != ERR_OK)
        return err;
    *out = tallied_of(&e);
    entry_close(&e);
    return ERR_OK;
}

static enum err read_entry(struct ledger_view *v, uint32_t contract, uint64_t index, struct envelope *out)
{
    enum err err = v->ledger != NULL ? ledger_get(v->ledger, v->txn, contract, index, out)
                                     : ledger_read(v->txn, contract, index, out);
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

bool ledger_binds(enum entry_kind k)
{
    return k == ENTRY_TERMS || k == ENTRY_ASSENT || k == ENTRY_WITHDRAWAL;
}

static enum err add_entry(struct versions *vs, const struct envelope *env, struct tally *sum)
{
    struct tallied x;
    struct entry e;
    enum err err = ledger_tallied(env, &x);
    if (err == ERR_OK && ledger_binds(env->kind) && (err = entry_read(env->entry, &e, NULL)) == ERR_OK) {
        err = ledger_bind(vs, env->index, &e);
        entry_close(&e);
    }
    const struct version *bound = err == ERR_OK ? versions_at(vs, x.at_ms) : NULL;
    return err == ERR_OK && !tally_add(sum, bound != NULL ? bound->terms : NULL, &x) ? ERR_CORRUPT : err;
}

enum err ledger_sum(struct ledger_view *v, uint32_t contract, uint64_t from, uint64_t to, struct tally *out)
{
    struct versions vs;
    struct tally sum = {0};
    struct envelope env;
    if (from == to) {
        *out = sum;
        return ERR_OK;
    }
    enum err err = ledger_versions(v->txn, contract, from, &vs);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    for (uint64_t i = from; i < to && err == ERR_OK; i++)
        if ((err = read_entry(v, contract, i, &env)) == ERR_OK)
            err = add_entry(&vs, &env, &sum);
    versions_free(&vs);
    if (err == ERR_OK)
        *out = sum;
    return err;
}

enum err ledger_time(struct ledger_view *v, uint32_t contract, uint64_t index, int64_t *at_ms)
{
    struct envelope env;
    enum err err = read_entry(v, contract, index, &env);
    return err == ERR_OK ? envelope_time(&env, at_ms) : err;
}

enum err ledger_before(struct ledger_view *v, uint32_t contract, uint64_t from, uint64_t size, int64_t ms,
                       uint64_t *out)
{
    while (from < size) {
        uint64_t middle = from + (size - from) / 2;
        int64_t at_ms;
        enum err err = ledger_time(v, contract, middle, &at_ms);
        if (err != ERR_OK)
            return err;
        if (at_ms < ms)
            from = middle + 1;
        else
            size = middle;
    }
    *out = from;
    return ERR_OK;
}
