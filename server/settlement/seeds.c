#include "server/settlement/seeds.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "server/commit/clock_rows.h"

enum { STEP = 4096 }; /* entries that a seed learns within one read transaction */

static const struct terms *scored_by(const struct contract *k, int64_t at_ms)
{
    const struct terms *t = contract_binds(k, at_ms) ? contract_terms(k, at_ms) : NULL;
    return t != NULL && t->score != NULL ? t : NULL;
}

/* ---- whether ---- */

/* Whether some contract of the campaign has learnt from a label, under terms that ask the same. */
static enum err has_learnt(struct txn *t, const struct catalog *c, const struct contract *k, const struct hash *asked,
                           bool *learnt)
{
    const struct contract_list list = catalog_contracts_of(c, k->campaign);
    struct score_model *m = xcalloc(1, sizeof *m);
    enum err err = ERR_OK;
    *learnt = false;
    for (size_t i = 0; i < list.n && err == ERR_OK && !*learnt; i++) {
        err = ledger_model_read(t, catalog_listed(c, &list, i)->number, m);
        *learnt =
            err == ERR_OK && memcmp(m->asked.b, asked->b, HASH_LEN) == 0 && m->state.labels[0] + m->state.labels[1] > 0;
        err = err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    free(m);
    return err;
}

/* Its own state: none, one without leads, or one that a statement has opened to a seed. */
static enum err may_have(struct txn *t, const struct contract *k, const struct hash *asked, bool *may)
{
    struct score_model *m = xcalloc(1, sizeof *m);
    struct head head;
    enum err err = head_read(t, k->number, &head);
    *may = false;
    if (err == ERR_OK) {
        err = ledger_model_read(t, k->number, m);
        bool other = err == ERR_NOT_FOUND || memcmp(m->asked.b, asked->b, HASH_LEN) != 0;
        *may = other || (!m->seeded && (m->state.leads == 0 || head.last.number > 0));
    }
    free(m);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err seed_wanted(struct txn *t, const struct catalog *c, const struct contract *k, int64_t now_ms, bool *wanted)
{
    const struct terms *terms = scored_by(k, now_ms);
    *wanted = false;
    if (terms == NULL || catalog_contracts_of(c, k->campaign).n < 2)
        return ERR_OK;
    enum err err = may_have(t, k, &terms->score->asked, wanted);
    return err == ERR_OK && *wanted ? has_learnt(t, c, k, &terms->score->asked, wanted) : err;
}

/* ---- making it ---- */

/* As far as all logs of the campaign are swept. */
static enum err aim(struct txn *t, const struct catalog *c, const struct contract *k, struct seed_walk *walk)
{
    const struct contract_list list = catalog_contracts_of(c, k->campaign);
    struct head head;
    enum err err = ERR_OK;
    for (size_t i = 0; i < list.n && err == ERR_OK; i++) {
        err = head_read(t, catalog_listed(c, &list, i)->number, &head);
        if (err == ERR_OK && head.size > 0)
            err = seed_walk_to(walk, catalog_listed(c, &list, i)->number, catalog_listed(c, &list, i)->id, head.size);
        err = err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    return err == ERR_TOO_LARGE ? ERR_NOT_FOUND : err;
}

static enum err learn(struct worker *w, const struct catalog *c, const struct contract *k, struct seed *s,
                      struct problem *p)
{
    struct seed_walk *walk = seed_walk_new(s);
    struct txn *t;
    bool done = false;
    enum err err = worker_reader(w, &t);
    if (err == ERR_OK)
        err = aim(t, c, k, walk);
    while (err == ERR_OK && !done)
        if ((err = worker_reader_anew(w, &t, p)) == ERR_OK)
            err = seed_walk_step(walk, t, STEP, &done);
    seed_walk_free(walk);
    return err;
}

static void base_of(struct span row, uint8_t out[HASH_LEN])
{
    sha256(row.ptr, row.len, out);
}

static enum err base_at(struct txn *t, uint32_t campaign, const struct hash *asked, uint8_t out[HASH_LEN])
{
    uint8_t key[4 + HASH_LEN];
    struct span row;
    memset(out, 0, HASH_LEN);
    enum err err = store_get(t, TABLE_SEEDS, seed_key(key, campaign, asked), &row);
    if (err == ERR_OK)
        base_of(row, out);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static void write_record(const struct seed *s, uint32_t contract, const uint8_t base[HASH_LEN], struct arena *arena,
                         struct record *out)
{
    uint8_t state[SCORE_STATE_MAX];
    struct buf text;
    buf_heap(&text);
    out->seed.contract = contract;
    out->seed.leads = s->known.state.leads;
    out->seed.labels = (uint64_t)s->known.state.labels[0] + s->known.state.labels[1];
    memcpy(out->seed.asked, s->known.asked.b, HASH_LEN);
    memcpy(out->seed.base, base, HASH_LEN);
    out->seed.state = arena_copy(arena, span_of(state, seed_bytes(s, state)));
    seed_from(s, &text);
    out->seed.from = arena_copy(arena, buf_span(&text));
    buf_clear(&text);
    seed_write(s, &text);
    out->seed.row = arena_copy(arena, buf_span(&text));
    buf_free(&text);
}

static enum err make(struct worker *w, struct arena *arena, const struct catalog *c, const struct contract *k,
                     const struct hash *asked, struct seed *s, struct record *out, struct problem *p)
{
    uint8_t base[HASH_LEN];
    struct txn *t;
    enum err err = worker_reader(w, &t);
    if (err == ERR_OK)
        err = base_at(t, k->campaign->number, asked, base);
    if (err == ERR_OK)
        err = seed_load(t, k->campaign->number, asked, s);
    if (err == ERR_OK)
        err = learn(w, c, k, s, p);
    if (err == ERR_OK && s->known.state.labels[0] + s->known.state.labels[1] == 0)
        err = ERR_NOT_FOUND;
    if (err == ERR_OK)
        write_record(s, k->number, base, arena, out);
    return err;
}

enum err seed_make(struct worker *w, struct arena *arena, uint32_t contract, int64_t now_ms, struct record *out,
                   struct problem *p)
{
    struct catalog *c = catalog_hold(w->server->instance.catalog);
    const struct contract *k = catalog_contract_number(c, contract);
    const struct terms *terms = scored_by(k, now_ms);
    struct seed *s = xcalloc(1, sizeof *s);
    enum err err = terms != NULL ? make(w, arena, c, k, &terms->score->asked, s, out, p) : ERR_NOT_FOUND;
    free(s);
    catalog_unref(c);
    return err;
}

/* ---- taking it ---- */

/* Whether all that it was made from is still so: what its terms ask, what the campaign knew before, and that none came
 * meanwhile. */
static enum err rests(struct batch *cx, const struct contract *k, const struct terms *terms, struct job *job)
{
    const struct score_model *m = ledger_model(cx->ledger, k->number);
    struct hash asked;
    uint8_t base[HASH_LEN];
    memcpy(asked.b, job->record.seed.asked, HASH_LEN);
    enum err err = base_at(cx->txn, k->campaign->number, &asked, base);
    if (err != ERR_OK)
        return err;
    bool other = terms == NULL || memcmp(terms->score->asked.b, asked.b, HASH_LEN) != 0;
    if (!other && memcmp(base, job->record.seed.base, HASH_LEN) == 0 && (model_state(m, terms) == NULL || !m->seeded))
        return ERR_OK;
    job->outdated = true;
    return problem(&job->problem, ERR_CONFLICT, "", "what this seed rests on has changed while it was made");
}

enum err seed_run(struct batch *cx, struct job *job)
{
    const struct contract *k = catalog_contract_number(cx->catalog, job->record.seed.contract);
    int64_t at_ms = pipeline_dated(cx, k, cx->now_ms);
    const struct terms *terms = scored_by(k, at_ms);
    uint8_t key[4 + HASH_LEN];
    struct hash asked;
    assert(batch_may_touch(cx, k));
    enum err err = pipeline_ready(cx, k);
    if (err == ERR_OK)
        err = rests(cx, k, terms, job);
    if (err != ERR_OK)
        return err;
    struct entry_model m = {.origin = ORIGIN_SEED,
                            .leads = job->record.seed.leads,
                            .labels = job->record.seed.labels,
                            .terms = versions_at(&k->versions, at_ms)->index,
                            .from = job->record.seed.from};
    sha256(job->record.seed.state.ptr, job->record.seed.state.len, m.sha256.b);
    memcpy(asked.b, job->record.seed.asked, HASH_LEN);
    err = pipeline_seed(cx, k, &m, job->record.seed.state);
    if (err == ERR_OK)
        err = store_put(cx->txn, TABLE_SEEDS, seed_key(key, k->campaign->number, &asked), job->record.seed.row);
    return err == ERR_OK || err == ERR_FULL ? err : ERR_IO;
}
