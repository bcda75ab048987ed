/* Leads from the newest to the oldest, of one contract or of many as one: by the times of their entries, and of one
 * time by the contract's number. */
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "server/api/lead_json.h"
#include "server/api/lead_list.h"

enum { FIRST_STEP = 16, FEW = 64 };

/* One contract, from `at` down to `from`: the leads below that were found, the newest last, and the time of that. */
struct source {
    const struct contract *k;
    uint64_t from, at, step;
    struct found {
        uint64_t index;
        struct lead_row row;
    } * lead;
    size_t n;
    int64_t head_ms;
    bool doubtful; /* what stands before the cursor may be among them */
};

struct merging {
    struct leads *l;
    struct source *of;
    size_t n;
    struct pointer after;
    int64_t after_ms;
    bool many; /* times are looked at */
    struct found *room;
};

/* ---- where each begins ---- */

/* Behind the contract's last row of that table, unless *end is. */
static enum err end_of(struct leads *l, uint32_t contract, enum table table, uint64_t *end)
{
    enum { KEY_LEN = 12 };
    uint8_t mem[KEY_LEN] = {0};
    struct span key, value;
    struct cursor *c;
    enum err err = cursor_open(l->txn, table, &c);
    if (err != ERR_OK)
        return err;
    store_be32(mem, contract + 1);
    err = cursor_seek(c, span_of(mem, sizeof mem), &key, &value);
    if (err == ERR_OK || err == ERR_NOT_FOUND)
        err = err == ERR_OK ? cursor_prev(c, &key, &value) : cursor_last(c, &key, &value);
    if (err == ERR_OK && key.len == KEY_LEN && load_be32(key.ptr) == contract && load_be64(key.ptr + 4) >= *end)
        *end = load_be64(key.ptr + 4) + 1;
    cursor_close(c);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Nothing from that time on. */
static enum err bound_by(struct leads *l, struct source *s, int64_t ms, bool *last)
{
    uint64_t bound;
    enum err err = leads_first_index(l, s->k, ms, &bound, last);
    if (err == ERR_OK && !*last && bound < s->at)
        s->at = bound;
    return err;
}

/* What is of the cursor's very time comes after it in contracts of higher numbers alone. */
static enum err begin_behind(struct merging *m, struct source *s)
{
    if (m->after.contract == 0)
        return ERR_OK;
    if (s->k->number == m->after.contract) {
        s->at = m->after.index < s->at ? m->after.index : s->at;
        return ERR_OK;
    }
    return bound_by(m->l, s, m->after_ms + (s->k->number > m->after.contract), &s->doubtful);
}

/* Behind the last row of both tables, so that one which is gone from either is missed. */
static enum err begin(struct merging *m, const struct contract *k, struct source *s)
{
    struct leads *l = m->l;
    bool last;
    *s = (struct source){.k = k, .step = FIRST_STEP};
    enum err err = end_of(l, k->number, (enum table)(TABLE_ROWS + ROW_LEADS), &s->at);
    if (err == ERR_OK)
        err = end_of(l, k->number, (enum table)(TABLE_ROWS + ROW_MOVES), &s->at);
    if (err == ERR_OK && l->from_ms != INT64_MIN)
        err = leads_first_index(l, k, l->from_ms, &s->from, &last);
    if (err == ERR_OK && l->to_ms != INT64_MAX)
        err = bound_by(l, s, l->to_ms, &last);
    return err == ERR_OK ? begin_behind(m, s) : err;
}

/* ---- the next of each ---- */

/* Those of [from, s->at), into the room. */
static enum err stretch_read(struct merging *m, struct source *s, uint64_t from, size_t *looked_at, bool *paused)
{
    struct view v = store_view(m->l->txn);
    struct lead_walk walk = {.view = &v, .contract = s->k->number, .at = from, .rows = LEADS_SCAN};
    enum err step = ERR_OK;
    size_t n = 0;
    while (step == ERR_OK && n < LEADS_SCAN)
        if ((step = lead_walk_next(&walk, s->at, &m->room[n].index, &m->room[n].row)) == ERR_OK)
            n++;
    *looked_at = LEADS_SCAN - walk.rows;
    *paused = lead_walk_paused(&walk, s->at) || step == ERR_OK;
    s->n = *paused ? 0 : n;
    return step == ERR_NOT_FOUND ? ERR_OK : step;
}

static enum err head_time(struct merging *m, struct source *s)
{
    return m->many && s->n > 0 ? leads_entry_time(m->l, s->k, s->lead[s->n - 1].index, &s->head_ms) : ERR_OK;
}

/* Rows are walked forwards alone: so many indexes at a time, more where they hold few leads. */
static enum err fill(struct merging *m, struct source *s)
{
    enum err err = ERR_OK;
    while (err == ERR_OK && s->n == 0 && s->at > s->from) {
        uint64_t from = s->at - s->from > s->step ? s->at - s->step : s->from;
        size_t looked_at;
        bool paused;
        if ((err = stretch_read(m, s, from, &looked_at, &paused)) != ERR_OK)
            break;
        if (paused) {
            s->step /= 2;
            continue;
        }
        s->step = looked_at < FEW ? 2 * s->step : s->step;
        m->l->left -= looked_at < m->l->left ? looked_at : m->l->left;
        s->at = from;
    }
    if (err != ERR_OK || s->n == 0)
        return err;
    s->lead = xrealloc(s->lead, s->n * sizeof *s->lead);
    memcpy(s->lead, m->room, s->n * sizeof *s->lead);
    return head_time(m, s);
}

/* Of what no head covers the place of a time is not known: it is told one by one. */
static bool is_behind(const struct merging *m, const struct source *s)
{
    return !s->doubtful || s->head_ms < m->after_ms || (s->head_ms == m->after_ms && s->k->number > m->after.contract);
}

/* NULL: there is none left. */
static struct source *newest(struct merging *m)
{
    struct source *best = NULL;
    for (size_t i = 0; i < m->n; i++) {
        struct source *s = &m->of[i];
        if (s->n > 0 && (best == NULL || s->head_ms > best->head_ms))
            best = s;
    }
    return best;
}

/* ---- the list ---- */

/* False: it is full. */
static enum err write_one(struct merging *m, const struct source *s, bool *room)
{
    struct leads *l = m->l;
    const struct found *f = &s->lead[s->n - 1];
    bool wanted, ended;
    if (!is_behind(m, s))
        return ERR_OK;
    enum err err = leads_want(l, s->k, f->index, &f->row, &wanted, &ended);
    if (err != ERR_OK)
        return err;
    *room = !wanted || list_item(&l->list);
    if (wanted && *room)
        err = lead_json(&l->list.w, l->rq, l->txn, s->k, f->index, &f->row, false);
    if (*room)
        l->last = (struct pointer){.contract = s->k->number, .index = f->index};
    return err;
}

static enum err merge(struct merging *m)
{
    struct source *s = NULL;
    bool room = true;
    enum err err = ERR_OK;
    while (err == ERR_OK && (s = newest(m)) != NULL && (m->l->left > 0 || m->l->last.contract == 0)) {
        if ((err = write_one(m, s, &room)) != ERR_OK || !room)
            break;
        s->n--;
        err = s->n > 0 ? head_time(m, s) : fill(m, s);
    }
    m->l->list.more = err == ERR_OK && s != NULL;
    return err;
}

enum err leads_write_newest(struct leads *l, const struct pointer *after)
{
    const struct contract_list reads = catalog_reads(l->rq->catalog, l->rq->caller);
    struct merging m = {.l = l, .after = *after, .of = xcalloc(reads.n + 1, sizeof *m.of)};
    enum err err = ERR_OK;
    m.room = xcalloc(LEADS_SCAN, sizeof *m.room);
    for (size_t i = 0; i < reads.n; i++)
        if (leads_of(l, catalog_listed(l->rq->catalog, &reads, i)))
            m.of[m.n++].k = catalog_listed(l->rq->catalog, &reads, i);
    m.many = m.n > 1 || (m.n == 1 && after->contract != 0 && after->contract != m.of[0].k->number);
    if (m.many && after->contract != 0) {
        const struct contract *k = catalog_contract_number(l->rq->catalog, after->contract);
        err = k == NULL ? problem(&l->rq->problem, ERR_MALFORMED, "after", "must be the `next` of the answer before")
                        : leads_entry_time(l, k, after->index, &m.after_ms);
    }
    for (size_t i = 0; i < m.n && err == ERR_OK; i++)
        if ((err = begin(&m, m.of[i].k, &m.of[i])) == ERR_OK)
            err = fill(&m, &m.of[i]);
    l->left = LEADS_SCAN; /* what finding the heads of many contracts looked at is no part of the list */
    if (err == ERR_OK)
        err = merge(&m);
    for (size_t i = 0; i < m.n; i++)
        free(m.of[i].lead);
    free(m.of);
    free(m.room);
    return err;
}
