#include "common/settlement/period.h"

void period_open(struct period *p)
{
    const struct frontier empty = {0};
    *p = (struct period){0};
    frontier_root(&empty, &p->from_root);
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

void period_statement(const struct period *p, const struct cut *c, struct statement_in *in)
{
    in->number = p->number + 1;
    in->waiting = p->waiting;
    in->from = p->from;
    in->to = c->to;
    in->from_root = p->from_root;
    in->to_root = c->root;
    in->tally = &c->tally;
    in->carried_in_micros = p->carried_micros;
    in->has_prev = p->has_prev;
    in->prev_sha256 = p->prev_sha256;
    in->prev_to_ms = p->prev_to_ms;
}

int64_t period_latest_end(const struct period *p, const struct cut *c, bool whole, int64_t issued_ms)
{
    int64_t behind_ms = c->tally.to_ms + 1;
    if (!whole)
        return behind_ms;
    if (c->tally.entries > 0 && behind_ms > issued_ms)
        issued_ms = behind_ms;
    return issued_ms > p->prev_to_ms ? issued_ms : p->prev_to_ms;
}

bool period_ends(const struct period *p, const struct cut *c, bool whole, int64_t to_ms, int64_t issued_ms)
{
    int64_t latest_ms = period_latest_end(p, c, whole, issued_ms);
    return to_ms <= latest_ms && to_ms >= p->prev_to_ms &&
           (whole ? c->tally.entries == 0 || to_ms > c->tally.to_ms : to_ms == latest_ms);
}

void period_next(struct period *p, const struct entry_statement *s, const struct cut *c, bool whole,
                 const struct statement_out *said)
{
    const struct tally behind = p->tally;
    *p = (struct period){
        .from = c->to,
        .from_root = c->root,
        .has_prev = true,
        .prev_sha256 = s->sha256,
        .number = s->number,
        .prev_to_ms = s->to_ms,
        .waiting = said != NULL ? said->waiting : p->waiting,
        .carried_micros = said != NULL ? said->carried_micros : p->carried_micros,
    };
    if (!whole)
        p->tally = behind;
}
