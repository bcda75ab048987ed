/* Seeds of the lead score, made again of all logs: what leads said and what became of them, in the order of their
 * times. FORMATS.md, "Score". */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/decisions/model.h"
#include "common/score/score_book.h"
#include "common/settlement/campaign_parts.h"

/* By what leads were scored: of few versions of the terms. */
struct joined_score {
    struct hash asked;
    struct score_shape shape;
    struct score_hold hold;
};

/* A lead or a disposition. */
struct lesson {
    int64_t at_ms, clocked_ms;
    uint64_t index, lead; /* lead: that it is, or is about */
    size_t score;         /* of the terms that bind it, in `score` from 1 on; 0: they score nothing */
    size_t tokens;        /* of a lead that is scored, where in `kept`; from 1 on */
    int8_t label, before; /* that it teaches now, and taught before: SCORE_UNTAUGHT if none */
    bool is_lead, shared;
};

struct told_seed {
    uint32_t member;
    int64_t clocked_ms;
    uint64_t index, leads, labels, total; /* total: of the sizes that it names */
    size_t score;
    struct hash sha256;
    struct buf from;
    bool done;
};

struct member_lessons {
    size_t first, n;
};

struct lessons {
    struct joined_score *score;
    struct lesson *lesson;
    struct score_book *book;
    struct buf kept; /* what leads say, as the book writes it */
    struct told_seed *seed;
    struct member_lessons *of; /* by member */
    size_t n_scores, n, room, n_seeds, n_of;
};

void campaign_lessons_free(struct lessons *l)
{
    for (size_t i = 0; l != NULL && i < l->n_seeds; i++)
        buf_free(&l->seed[i].from);
    if (l == NULL)
        return;
    free(l->score);
    free(l->lesson);
    free(l->book);
    buf_free(&l->kept);
    free(l->seed);
    free(l->of);
    free(l);
}

/* ---- what the audits tell ---- */

static struct lessons *lessons_of(struct campaign *c)
{
    if (c->lessons == NULL) {
        c->lessons = xcalloc(1, sizeof *c->lessons);
        c->lessons->book = xcalloc(1, sizeof *c->lessons->book);
        buf_heap(&c->lessons->kept);
    }
    struct lessons *l = c->lessons;
    while (l->n_of < c->n_members) {
        l->of = xrealloc(l->of, (l->n_of + 1) * sizeof *l->of);
        l->of[l->n_of++] = (struct member_lessons){l->n, 0};
    }
    return l;
}

static size_t score_of(struct lessons *l, const struct terms *t)
{
    if (t == NULL || t->score == NULL)
        return 0;
    const struct score_hold hold = score_terms_hold(t->score);
    for (size_t i = 0; i < l->n_scores; i++)
        if (memcmp(l->score[i].asked.b, t->score->asked.b, HASH_LEN) == 0 && l->score[i].hold.below == hold.below &&
            l->score[i].hold.max_permille == hold.max_permille)
            return i + 1;
    l->score = xrealloc(l->score, (l->n_scores + 1) * sizeof *l->score);
    l->score[l->n_scores++] = (struct joined_score){t->score->asked, t->score->shape, hold};
    return l->n_scores;
}

static size_t keep_tokens(struct lessons *l, const struct terms *t, const struct entry *lead)
{
    struct score_tokens tokens;
    uint8_t kept[BOOK_LEAD_MAX];
    size_t at = l->kept.len;
    model_tokens(t, lead, &tokens);
    buf_span_add(&l->kept, span_of(kept, score_book_write(l->book, &t->score->shape, &tokens, kept)));
    return at + 1;
}

void campaign_lesson(struct campaign *c, uint64_t index, const struct entry *e, const struct terms *t, enum status was)
{
    struct lessons *l = lessons_of(c);
    bool is_lead = e->kind == ENTRY_LEAD;
    struct lesson x = {.at_ms = e->at_ms,
                       .clocked_ms = entry_clock(e),
                       .index = index,
                       .lead = is_lead ? index : e->disposition.lead,
                       .score = score_of(l, t),
                       .is_lead = is_lead,
                       .shared = is_lead && e->lead.share_to != 0,
                       .label = (int8_t)model_label(is_lead ? e->lead.status : e->disposition.status),
                       .before = (int8_t)(is_lead ? SCORE_UNTAUGHT : model_label(was))};
    if (is_lead && x.score > 0 && model_scores(e))
        x.tokens = keep_tokens(l, t, e);
    if (l->n == l->room) {
        l->room = 2 * l->room + 64;
        l->lesson = xrealloc(l->lesson, l->room * sizeof *l->lesson);
    }
    l->lesson[l->n++] = x;
    l->of[c->n_members - 1].n++;
}

void campaign_seed(struct campaign *c, uint64_t index, const struct entry *e, const struct terms *t)
{
    const struct entry_model *m = &e->model;
    struct lessons *l = lessons_of(c);
    struct entry_prefix p;
    l->seed = xrealloc(l->seed, (l->n_seeds + 1) * sizeof *l->seed);
    struct told_seed *s = &l->seed[l->n_seeds++];
    *s = (struct told_seed){.member = (uint32_t)(c->n_members - 1),
                            .clocked_ms = entry_clock(e),
                            .index = index,
                            .leads = m->leads,
                            .labels = m->labels,
                            .score = score_of(l, t),
                            .sha256 = m->sha256};
    buf_heap(&s->from);
    buf_span_add(&s->from, m->from);
    for (struct span rest = m->from; entry_prefix_next(&rest, &p);)
        s->total += p.size;
}

/* ---- made again ---- */

/* One campaign's state on its way: of each member its lessons in front of `next` are done, up to entry `size`. */
struct rest {
    size_t next;
    uint64_t size, to, since;
    bool on;
};
struct making {
    struct campaign *c;
    const struct joined_score *asked;
    struct score_state state;
    struct rest *of;
};

/* The last one of that member's below this index; NULL: none. */
static const struct lesson *last_below(const struct lessons *l, size_t member, uint64_t index)
{
    size_t first = l->of[member].first, from = first, to = from + l->of[member].n;
    while (from < to) {
        size_t at = from + (to - from) / 2;
        if (l->lesson[at].index < index)
            from = at + 1;
        else
            to = at;
    }
    return from > first ? &l->lesson[from - 1] : NULL;
}

static const struct lesson *lead_of(const struct making *m, size_t member, uint64_t index)
{
    const struct lesson *x = last_below(m->c->lessons, member, index + 1);
    return x != NULL && x->index == index && x->is_lead ? x : NULL;
}

/* They were kept under terms that ask the same, and so for as many fields. */
static void tokens_of(const struct making *m, const struct lesson *lead, struct score_tokens *out)
{
    const struct lessons *l = m->c->lessons;
    size_t read = score_book_read(l->book, &m->asked->shape, span_skip(buf_span(&l->kept), lead->tokens - 1), out);
    assert(read > 0);
}

static void learn(struct making *m, size_t member, const struct lesson *x)
{
    const struct lessons *l = m->c->lessons;
    const struct joined_score *by = x->score > 0 ? &l->score[x->score - 1] : NULL;
    struct rest *r = &m->of[member];
    struct score_tokens tokens;
    struct score_said said;
    bool asks = by != NULL && memcmp(by->asked.b, m->asked->asked.b, HASH_LEN) == 0;
    if (asks && !r->on)
        r->since = x->index;
    r->on = asks;
    const struct lesson *lead = asks && x->lead >= r->since ? x->is_lead ? x : lead_of(m, member, x->lead) : NULL;
    if (lead == NULL || lead->tokens == 0)
        return;
    tokens_of(m, lead, &tokens);
    if (x->is_lead) {
        score_say(&m->asked->shape, &m->state, &tokens, &said);
        score_note(&m->asked->shape, &m->state, &said, !x->shared && score_low(&m->state, &said, by->hold));
    }
    if (x->label != SCORE_UNTAUGHT)
        score_learn(&m->asked->shape, &m->state, &tokens, x->is_lead ? &said : NULL, x->label, x->before);
}

/* The earliest lesson that is left, of equals that of the contract whose id is first; SIZE_MAX: none. */
static size_t earliest(const struct making *m)
{
    const struct lessons *l = m->c->lessons;
    size_t first = SIZE_MAX;
    for (size_t i = 0; i < l->n_of; i++) {
        const struct rest *r = &m->of[i];
        const struct lesson *x = &l->lesson[l->of[i].first + r->next];
        if (r->next == l->of[i].n || x->index >= r->to)
            continue;
        const struct lesson *y = first == SIZE_MAX ? NULL : &l->lesson[l->of[first].first + m->of[first].next];
        if (y == NULL || x->at_ms < y->at_ms ||
            (x->at_ms == y->at_ms && strcmp(m->c->member[i]->contract, m->c->member[first]->contract) < 0))
            first = i;
    }
    return first;
}

/* Where each log is to be learnt up to. ERR_NOT_FOUND: one is not here, or not so far; *early: that one's mirror was
 * pulled before the seed came, NULL unless all are such. ERR_CONFLICT: there was more before. */
static enum err aim(struct making *m, const struct told_seed *s, const struct member **early)
{
    struct span rest = buf_span(&s->from);
    struct entry_prefix p;
    for (size_t i = 0; i < m->c->n_members; i++)
        m->of[i].to = 0;
    while (entry_prefix_next(&rest, &p)) {
        size_t at = 0;
        while (at < m->c->n_members && !span_is(p.contract, m->c->member[at]->contract))
            at++;
        if (at == m->c->n_members ||
            (p.size > m->c->member[at]->entries && m->c->member[at]->last_ms > s->clocked_ms + CAMPAIGN_APART_MS &&
             !m->c->clock_stepped)) {
            *early = NULL;
            return ERR_NOT_FOUND;
        }
        if (p.size > m->c->member[at]->entries)
            *early = m->c->member[at];
        else
            m->of[at].to = p.size;
    }
    if (*early != NULL)
        return ERR_NOT_FOUND;
    for (size_t i = 0; i < m->c->n_members; i++)
        if (m->of[i].to < m->of[i].size)
            return ERR_CONFLICT;
    return ERR_OK;
}

static void compare(struct making *m, const struct told_seed *s)
{
    struct score_state shared;
    struct hash is;
    score_shared(&m->state, &shared);
    score_hash(&shared, is.b);
    uint64_t labels = (uint64_t)m->state.labels[0] + m->state.labels[1];
    m->c->seeded++;
    if (memcmp(is.b, s->sha256.b, HASH_LEN) == 0 && s->leads == m->state.leads && s->labels == labels)
        return;
    char stands[2 * HASH_LEN + 1] = "", made[2 * HASH_LEN + 1] = "";
    struct buf b;
    buf_fixed(&b, stands, sizeof stands - 1);
    buf_hex(&b, s->sha256.b, HASH_LEN);
    buf_fixed(&b, made, sizeof made - 1);
    buf_hex(&b, is.b, HASH_LEN);
    finds_failure(&m->c->finding[CAMPAIGN_SEEDS],
                  "entry %" PRIu64 " of %s brings in a seed of %" PRIu64 " leads and %" PRIu64
                  " labels with hash %s; the campaign's logs give %" PRIu32 ", %" PRIu64 " and %s",
                  s->index, m->c->member[s->member]->contract, s->leads, s->labels, stands, m->state.leads, labels,
                  made);
}

/* What came behind it, it cannot have known; whoever writes it in later scores by what became of leads. */
static void look_ahead(const struct making *m, const struct told_seed *s)
{
    for (size_t i = 0; i < m->c->n_members; i++) {
        const struct lesson *x = last_below(m->c->lessons, i, m->of[i].to);
        if (x == NULL || x->clocked_ms <= s->clocked_ms + CAMPAIGN_APART_MS)
            continue;
        (m->c->clock_stepped ? finds_doubt : finds_failure)(
            &m->c->finding[CAMPAIGN_SEEDS],
            "entry %" PRIu64 " of %s brings in a seed that knows entry %" PRIu64 " of %s, which came more than ten "
            "minutes later",
            s->index, m->c->member[s->member]->contract, x->index, m->c->member[i]->contract);
    }
}

static void take(struct making *m, const struct told_seed *s)
{
    const struct member *early = NULL;
    enum err err = aim(m, s, &early);
    if (err == ERR_CONFLICT)
        finds_failure(&m->c->finding[CAMPAIGN_SEEDS],
                      "entry %" PRIu64 " of %s brings in a seed that leaves out what an earlier one had learnt",
                      s->index, m->c->member[s->member]->contract);
    else if (err != ERR_OK && m->c->whole && early != NULL)
        finds_doubt(&m->c->finding[CAMPAIGN_SEEDS],
                    "entry %" PRIu64 " of %s brings in a seed of more of %s than its mirror has, of which another pull "
                    "may tell more",
                    s->index, m->c->member[s->member]->contract, early->contract);
    else if (err != ERR_OK && m->c->whole)
        finds_failure(&m->c->finding[CAMPAIGN_SEEDS],
                      "entry %" PRIu64 " of %s brings in a seed of logs, or parts of logs, that are not here", s->index,
                      m->c->member[s->member]->contract);
    if (err != ERR_OK) {
        m->asked = NULL; /* what comes behind rests on it */
        return;
    }
    look_ahead(m, s);
    for (size_t i; (i = earliest(m)) != SIZE_MAX; m->of[i].next++)
        learn(m, i, &m->c->lessons->lesson[m->c->lessons->of[i].first + m->of[i].next]);
    for (size_t i = 0; i < m->c->n_members; i++)
        m->of[i].size = m->of[i].to;
    compare(m, s);
}

/* Of those that ask the same, the one that is next; NULL: all are done. */
static struct told_seed *next_of(const struct lessons *l, const struct hash *asked)
{
    struct told_seed *least = NULL;
    for (size_t i = 0; i < l->n_seeds; i++) {
        struct told_seed *s = &l->seed[i];
        if (!s->done && memcmp(l->score[s->score - 1].asked.b, asked->b, HASH_LEN) == 0 &&
            (least == NULL || s->total < least->total))
            least = s;
    }
    return least;
}

static void make_chain(struct campaign *c, const struct joined_score *asked)
{
    struct told_seed *s;
    struct making *m = xcalloc(1, sizeof *m);
    *m = (struct making){.c = c, .asked = asked, .of = xcalloc(c->n_members, sizeof *m->of)};
    score_begin(&asked->shape, &m->state);
    while ((s = next_of(c->lessons, &asked->asked)) != NULL) {
        s->done = true;
        if (m->asked != NULL)
            take(m, s);
    }
    free(m->of);
    free(m);
}

void campaign_seeds(struct campaign *c)
{
    if (c->lessons == NULL || c->lessons->n_seeds == 0)
        return;
    (void)lessons_of(c); /* members that taught nothing are there too */
    for (size_t i = 0; i < c->lessons->n_seeds; i++)
        if (!c->lessons->seed[i].done)
            make_chain(c, &c->lessons->score[c->lessons->seed[i].score - 1]);
}

uint64_t campaign_seeds_told(const struct campaign *c)
{
    return c->lessons != NULL ? c->lessons->n_seeds : 0;
}
