#include "common/settlement/period.h"

#include <stdlib.h>

#include "common/base/mem.h"

void period_open(struct period *p)
{
    const struct frontier empty = {0};
    *p = (struct period){0};
    frontier_root(&empty, &p->from_root);
}

void period_close(struct period *p)
{
    free(p->mark);
    taxed_free(&p->brought);
    p->mark = NULL;
    p->n_marks = p->mark_room = 0;
}

enum err period_add(struct period *p, const struct terms *terms, const struct entry *e, bool *cut, struct tally *full)
{
    struct tallied x = tallied_of(e);
    *cut = !tally_add(&p->tally, terms, &x);
    if (!*cut)
        return ERR_OK;
    struct tally next = {0};
    if (!tally_add(&next, terms, &x))
        return ERR_CORRUPT;
    *full = p->tally;
    p->tally = next;
    return ERR_OK;
}

void period_mark(struct period *p, uint64_t index, const struct frontier *before, int64_t at_ms)
{
    if (p->n_marks == p->mark_room) {
        p->mark_room = p->mark_room ? 2 * p->mark_room : 4;
        p->mark = xrealloc(p->mark, p->mark_room * sizeof *p->mark);
    }
    struct mark *m = &p->mark[p->n_marks++];
    *m = (struct mark){.cut = {.to = index, .tally = p->tally}, .next_ms = at_ms};
    frontier_root(before, &m->cut.root);
}

const struct mark *period_marked(const struct period *p, uint64_t index)
{
    for (size_t i = 0; i < p->n_marks; i++)
        if (p->mark[i].cut.to == index)
            return &p->mark[i];
    return NULL;
}

void period_statement(const struct period *p, const struct closing *c, struct statement_in *in)
{
    in->number = p->number + 1;
    in->waiting = p->waiting;
    in->from = p->from;
    in->to = c->is.to;
    in->from_root = p->from_root;
    in->to_root = c->is.root;
    in->tally = &c->is.tally;
    in->carried_in_micros = p->carried_micros;
    in->brought = &p->brought;
    in->has_prev = p->has_prev;
    in->prev_sha256 = p->prev_sha256;
    in->prev_to_ms = p->prev_to_ms;
}

int64_t period_latest_end(const struct period *p, const struct closing *c, int64_t issued_ms)
{
    int64_t behind_ms = c->is.tally.to_ms + 1;
    if (c->at_cut)
        return behind_ms;
    int64_t latest_ms = issued_ms > p->prev_to_ms ? issued_ms : p->prev_to_ms;
    if (c->is.tally.entries > 0 && behind_ms > latest_ms)
        latest_ms = behind_ms;
    return c->next_ms > 0 && latest_ms > c->next_ms + 1 ? c->next_ms + 1 : latest_ms;
}

bool period_ends(const struct period *p, const struct closing *c, int64_t to_ms, int64_t issued_ms)
{
    int64_t latest_ms = period_latest_end(p, c, issued_ms);
    if (to_ms > latest_ms || to_ms < p->prev_to_ms)
        return false;
    if (c->at_cut)
        return to_ms == latest_ms;
    return c->is.tally.entries == 0 || to_ms > c->is.tally.to_ms;
}

/* What was counted from the period's beginning on now counts from behind *c. */
static enum err count_from(struct period *p, const struct closing *c, int64_t next_ms, struct cut *behind)
{
    size_t kept = 0;
    bool fits = true;
    for (size_t i = 0; i < p->n_marks; i++) {
        struct mark m = p->mark[i];
        if (m.cut.to <= c->is.to)
            continue;
        if (!c->at_cut && (behind == NULL || m.cut.to <= behind->to))
            fits = fits && tally_less(&m.cut.tally, &c->is.tally, next_ms, m.cut.tally.to_ms, &m.cut.tally);
        p->mark[kept++] = m;
    }
    p->n_marks = kept;
    struct tally *first = behind != NULL ? &behind->tally : &p->tally;
    if (!c->at_cut)
        fits = fits && tally_less(first, &c->is.tally, next_ms, first->to_ms, first);
    return fits ? ERR_OK : ERR_CORRUPT;
}

enum err period_next(struct period *p, const struct entry *e, const struct closing *c, struct cut *behind,
                     const struct statement_out *said)
{
    const struct entry_statement *s = &e->statement;
    int64_t next_ms = c->next_ms != 0 ? c->next_ms : e->at_ms;
    if (c->at_cut)
        next_ms = behind != NULL ? behind->tally.from_ms : p->tally.from_ms;
    enum err err = count_from(p, c, next_ms, behind);
    if (err != ERR_OK)
        return err;
    p->from = c->is.to;
    p->from_ms = next_ms;
    p->from_root = c->is.root;
    p->has_prev = true;
    p->prev_sha256 = s->sha256;
    p->number = s->number;
    p->prev_to_ms = s->to_ms;
    if (said != NULL) {
        p->waiting = said->waiting;
        p->carried_micros = said->carried_micros;
        taxed_copy(&p->brought, &said->carried);
    }
    return ERR_OK;
}
