/* Leads from the newest to the oldest, of one contract or of many as one: by the times of their entries, and of one
 * time by the contract's number. */
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "server/api/lead_json.h"
#include "server/api/lead_list.h"

/* Leads that are read of a contract at once: more each time, for most of many are not needed at all. Past so many rows
 * for each, those that were found will do. */
enum { FIRST_STEP = 8, MOST = 256, ROWS_A_LEAD = 16, KEY_LEN = 12 };

/* One contract, from `at` down to `from`: the leads below that were found, the newest last, and the time of that. */
struct source {
    const struct contract *k;
    uint64_t from, at;
    size_t step;
    struct found {
        uint64_t index;
        struct lead_row row;
    } * lead;
    size_t n;
    int64_t head_ms;
    bool doubtful; /* what stands before the cursor may be among them */
};

/* Backwards through the rows of a contract in one table. */
struct back {
    struct cursor *c;
    bool there;
    uint64_t index;
    struct span value;
};

struct merging {
    struct leads *l;
    struct source *of;
    size_t n;
    struct pointer after;
    int64_t after_ms;
    bool many; /* times are looked at */
    struct back leads, moves;
    struct found *room; /* MOST */
};

/* ---- where each begins ---- */

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

static enum err begin(struct merging *m, const struct contract *k, struct source *s)
{
    struct leads *l = m->l;
    bool last;
    enum err err = ERR_OK;
    *s = (struct source){.k = k, .at = UINT64_MAX, .step = FIRST_STEP};
    if (l->from_ms != INT64_MIN)
        err = leads_first_index(l, k, l->from_ms, &s->from, &last);
    if (err == ERR_OK && l->to_ms != INT64_MAX)
        err = bound_by(l, s, l->to_ms, &last);
    return err == ERR_OK ? begin_behind(m, s) : err;
}

/* ---- the next of each ---- */

/* What a step of its cursor came upon. */
static enum err back_read(struct back *b, const struct source *s, enum err step, struct span key)
{
    b->there = false;
    if (step != ERR_OK)
        return step == ERR_NOT_FOUND ? ERR_OK : step;
    if (key.len < 4 || (load_be32(key.ptr) == s->k->number && key.len != KEY_LEN))
        return ERR_CORRUPT;
    if (load_be32(key.ptr) != s->k->number)
        return ERR_OK;
    b->index = load_be64(key.ptr + 4);
    b->there = b->index >= s->from;
    return ERR_OK;
}

/* The last row below s->at. */
static enum err back_begin(struct back *b, const struct source *s)
{
    uint8_t mem[KEY_LEN];
    struct span key = SPAN("");
    row_index_key(mem, s->k->number, s->at);
    enum err step = cursor_seek(b->c, span_of(mem, sizeof mem), &key, &b->value);
    if (step == ERR_OK)
        step = cursor_prev(b->c, &key, &b->value);
    else if (step == ERR_NOT_FOUND)
        step = cursor_last(b->c, &key, &b->value);
    return back_read(b, s, step, key);
}

static enum err back_next(struct back *b, const struct source *s)
{
    struct span key = SPAN("");
    enum err step = cursor_prev(b->c, &key, &b->value);
    return back_read(b, s, step, key);
}

/* A move, which is a lead's where that stands under the same index, and none else: so a row that is gone from either
 * table makes no list shorter. */
static enum err pass_move(struct merging *m, struct source *s)
{
    struct move_row move;
    const bool lead = m->leads.there && m->leads.index == m->moves.index;
    enum err err = move_row_read(m->moves.value, &move);
    if (err == ERR_OK && (lead != (move.kind == ENTRY_LEAD) || (m->leads.there && m->leads.index > m->moves.index)))
        err = ERR_CORRUPT;
    s->at = m->moves.index;
    if (err == ERR_OK && lead) {
        m->room[s->n].index = m->leads.index;
        if ((err = lead_row_read(m->leads.value, &m->room[s->n].row)) == ERR_OK)
            err = back_next(&m->leads, s);
        s->n++;
    }
    return err == ERR_OK ? back_next(&m->moves, s) : err;
}

static enum err head_time(struct merging *m, struct source *s)
{
    return m->many && s->n > 0 ? leads_entry_time(m->l, s->k, s->lead[s->n - 1].index, &s->head_ms) : ERR_OK;
}

static void keep(const struct merging *m, struct source *s)
{
    s->lead = xrealloc(s->lead, s->n * sizeof *s->lead);
    for (size_t i = 0; i < s->n; i++)
        s->lead[i] = m->room[s->n - 1 - i];
}

/* The next of it; none: there are no more. */
static enum err fill(struct merging *m, struct source *s)
{
    size_t looked_at = 0;
    if (s->at <= s->from)
        return ERR_OK;
    enum err err = back_begin(&m->leads, s);
    if (err == ERR_OK)
        err = back_begin(&m->moves, s);
    for (; err == ERR_OK && m->moves.there && s->n < s->step && (s->n == 0 || looked_at < s->step * ROWS_A_LEAD);
         looked_at++)
        err = pass_move(m, s);
    if (err == ERR_OK && !m->moves.there) {
        err = m->leads.there ? ERR_CORRUPT : ERR_OK;
        s->at = s->from;
    }
    if (err != ERR_OK || s->n == 0)
        return err;
    m->l->left -= looked_at < m->l->left ? looked_at : m->l->left;
    s->step = 2 * s->step < MOST ? 2 * s->step : MOST;
    keep(m, s);
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

/* Those that the list is of, in the order of their numbers. */
static enum err open_merging(struct merging *m)
{
    struct leads *l = m->l;
    const struct contract_list reads = catalog_reads(l->rq->catalog, l->rq->caller);
    m->of = xcalloc(reads.n + 1, sizeof *m->of);
    m->room = xcalloc(MOST, sizeof *m->room);
    for (size_t i = 0; i < reads.n; i++)
        if (leads_of(l, catalog_listed(l->rq->catalog, &reads, i)))
            m->of[m->n++].k = catalog_listed(l->rq->catalog, &reads, i);
    m->many = m->n > 1 || (m->n == 1 && m->after.contract != 0 && m->after.contract != m->of[0].k->number);
    enum err err = cursor_open(l->txn, (enum table)(TABLE_ROWS + ROW_LEADS), &m->leads.c);
    return err == ERR_OK ? cursor_open(l->txn, (enum table)(TABLE_ROWS + ROW_MOVES), &m->moves.c) : err;
}

static void close_merging(struct merging *m)
{
    for (size_t i = 0; i < m->n; i++)
        free(m->of[i].lead);
    free(m->of);
    free(m->room);
    cursor_close(m->leads.c);
    cursor_close(m->moves.c);
}

static enum err after_time(struct merging *m)
{
    const struct leads *l = m->l;
    const struct contract *k = catalog_contract_number(l->rq->catalog, m->after.contract);
    if (k == NULL)
        return problem(&l->rq->problem, ERR_MALFORMED, "after", "must be the `next` of the answer before");
    return leads_entry_time(m->l, k, m->after.index, &m->after_ms);
}

enum err leads_write_newest(struct leads *l, const struct pointer *after)
{
    struct merging m = {.l = l, .after = *after};
    enum err err = open_merging(&m);
    if (err == ERR_OK && m.many && after->contract != 0)
        err = after_time(&m);
    for (size_t i = 0; i < m.n && err == ERR_OK; i++)
        if ((err = begin(&m, m.of[i].k, &m.of[i])) == ERR_OK)
            err = fill(&m, &m.of[i]);
    /* what finding the heads of many contracts looked at is no part of the list */
    l->left = l->entry.any ? ENTRIES_SCAN : LEADS_SCAN;
    if (err == ERR_OK)
        err = merge(&m);
    close_merging(&m);
    return err;
}
