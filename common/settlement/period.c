#include "common/settlement/period.h"

void period_open(struct period *p)
{
    const struct frontier empty = {0};
    *p = (struct period){0};
    frontier_root(&empty, &p->from_root);
}

void period_add(struct period *p, const struct terms *terms, const struct entry *e)
{
    tally_add(&p->tally, terms, e->kind, entry_class(e), e->at_ms, e->kind == ENTRY_GAP ? &e->gap : NULL);
}

void period_statement(const struct period *p, uint64_t to, const struct hash *to_root, struct statement_in *in)
{
    in->from = p->from;
    in->to = to;
    in->from_root = p->from_root;
    in->to_root = *to_root;
    in->tally = &p->tally;
    in->carried_in_micros = p->carried_micros;
    in->has_prev = p->has_prev;
    in->prev_sha256 = p->prev_sha256;
    in->prev_to_ms = p->prev_to_ms;
}

void period_next(struct period *p, const struct entry_statement *s, const struct hash *to_root,
                 const struct statement_out *said)
{
    *p = (struct period){
        .from = s->to,
        .from_root = *to_root,
        .has_prev = true,
        .prev_sha256 = s->sha256,
        .prev_to_ms = said != NULL ? said->to_ms : p->prev_to_ms,
        .carried_micros = said != NULL ? said->carried_micros : p->carried_micros,
    };
}
