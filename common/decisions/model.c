#include "common/decisions/model.h"

#include "common/base/ascii.h"
#include "common/base/bytes.h"
#include "common/base/when.h"
#include "common/ledger/entry.h"

/* ---- what a lead says ---- */

enum { NUMBER = 24, MS_PER_HOUR = 3600 * MS_PER_S, HOURS = 24 };

static struct span number(char mem[NUMBER], int64_t n)
{
    struct buf b;
    buf_fixed(&b, mem, NUMBER);
    buf_i64(&b, n);
    return buf_span(&b);
}

/* Asked for in the order in which the entry has them; `next`: from which on to look. */
static struct span fact_value(const struct entry_lead *l, struct span name, size_t *next)
{
    int order = -1;
    while (*next < l->n_facts && (order = span_order(l->facts[*next].name, name)) < 0)
        (*next)++;
    return order == 0 ? l->facts[*next].value : SPAN("");
}

/* Times are the clock's, as of all that is judged by time. */
static struct span waited(const struct entry *e, char mem[NUMBER])
{
    int64_t ms = entry_clock(e) - e->lead.clicked_ms;
    return e->lead.has_click && ms >= 0 ? number(mem, ms / MS_PER_S) : SPAN("");
}

static struct span value_of(const struct entry *e, enum score_value value, char mem[NUMBER])
{
    const struct entry_lead *l = &e->lead;
    switch (value) {
    case SCORE_PLACEMENT:
        return l->placement ? number(mem, l->placement) : SPAN("");
    case SCORE_HOUR:
        return number(mem, entry_clock(e) / MS_PER_HOUR % HOURS);
    case SCORE_WAIT:
        return waited(e, mem);
    case SCORE_TRUST:
        return span_str(trust_word(l->trust));
    case SCORE_UTM_SOURCE:
        return l->utm_source;
    default:
        return l->sub[value - SCORE_SUB1];
    }
}

void model_tokens(const struct terms *t, const struct entry *lead, struct score_tokens *out)
{
    const struct score_terms *s = t->score;
    char mem[SCORE_FIELDS][NUMBER];
    struct span value[SCORE_FIELDS];
    size_t next = 0;
    for (size_t i = 0; i < s->n_facts; i++) {
        size_t f = s->by_name[i];
        value[f] = s->value[f] == SCORE_FACT ? fact_value(&lead->lead, s->facts[f], &next)
                                             : value_of(lead, (enum score_value)s->value[f], mem[f]);
    }
    value[s->n_facts] = t->contract;
    score_tokens(&s->shape, value, out);
}

/* ---- what it teaches ---- */

static bool fits(const struct score_model *m, const struct terms *t)
{
    return m != NULL && m->on && memcmp(m->asked.b, t->score->asked.b, HASH_LEN) == 0;
}

const struct score_state *model_state(const struct score_model *m, const struct terms *t)
{
    return fits(m, t) ? &m->state : NULL;
}

bool model_scores(const struct entry *lead)
{
    enum status s = lead->lead.status;
    return s == STATUS_PENDING || s == STATUS_HELD || s == STATUS_APPROVED;
}

int model_label(enum status s)
{
    return status_payable(s) ? 1 : s == STATUS_REJECTED || s == STATUS_RETURNED ? 0 : SCORE_UNTAUGHT;
}

static void begin(struct score_model *m, const struct terms *t, uint64_t index)
{
    m->on = true;
    m->seeded = false;
    m->since = index;
    m->asked = t->score->asked;
    score_begin(&t->score->shape, &m->state);
}

void model_say(const struct score_model *m, const struct terms *t, const struct entry *lead, struct scored *out)
{
    model_tokens(t, lead, &out->tokens);
    score_say(&t->score->shape, model_state(m, t), &out->tokens, &out->said);
    out->known = true;
}

bool model_low(const struct score_model *m, const struct terms *t, const struct entry *lead,
               const struct scored *scored)
{
    return lead->lead.share_to == 0 && score_low(model_state(m, t), &scored->said, score_terms_hold(t->score));
}

static void fold_lead(struct score_model *m, const struct terms *t, const struct entry *e, const struct scored *known)
{
    const struct score_terms *s = t->score;
    struct scored own;
    if (known == NULL || !known->known) {
        model_say(m, t, e, &own);
        known = &own;
    }
    score_note(&s->shape, &m->state, &known->said, model_low(m, t, e, known));
    if (e->lead.status == STATUS_APPROVED)
        score_learn(&s->shape, &m->state, &known->tokens, &known->said, 1, SCORE_UNTAUGHT);
}

static enum err lead_again(const struct view *v, uint32_t contract, uint64_t index, struct entry *out)
{
    struct span bytes;
    enum err err = v->entry(v->ctx, contract, index, &bytes);
    if (err == ERR_OK)
        err = entry_read(bytes, out, NULL);
    if (err == ERR_OK && out->kind != ENTRY_LEAD) {
        entry_close(out);
        err = ERR_CORRUPT;
    }
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

/* The tokens of a lead that teaches; false: no rule let it teach. */
static enum err tokens_again(const struct view *v, uint32_t contract, const struct terms *t, uint64_t index,
                             struct score_tokens *out, bool *teaches)
{
    struct entry lead;
    enum err err = lead_again(v, contract, index, &lead);
    if (err != ERR_OK)
        return err;
    *teaches = model_scores(&lead);
    if (*teaches)
        model_tokens(t, &lead, out);
    entry_close(&lead);
    return ERR_OK;
}

/* A lead that was scored before what is known now began teaches nothing. */
static enum err fold_disposition(struct score_model *m, const struct view *v, uint32_t contract, const struct terms *t,
                                 uint64_t index, const struct entry_disposition *d, const struct scored *known,
                                 bool *changed)
{
    struct score_tokens read;
    struct move_row move;
    bool teaches = known != NULL && known->known;
    if (d->lead < m->since)
        return ERR_OK;
    enum err err = row_move(v, contract, index, &move);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    int before = model_label(move.was), label = model_label(d->status);
    if (label == before)
        return ERR_OK;
    const struct score_tokens *tokens = teaches ? &known->tokens : &read;
    if (!teaches && (err = tokens_again(v, contract, t, d->lead, &read, &teaches)) != ERR_OK)
        return err;
    if (teaches)
        score_learn(&t->score->shape, &m->state, tokens, NULL, label, before);
    *changed |= teaches;
    return ERR_OK;
}

static uint64_t labels_of(const struct score_state *s)
{
    return (uint64_t)s->labels[0] + s->labels[1];
}

void model_entry(const struct score_model *m, uint64_t terms, struct entry *out)
{
    *out = (struct entry){.kind = ENTRY_MODEL,
                          .model = {.origin = ORIGIN_FOLD,
                                    .leads = m->state.leads,
                                    .labels = labels_of(&m->state),
                                    .terms = terms,
                                    .from = SPAN("")}};
    score_hash(&m->state, out->model.sha256.b);
}

enum err model_seed(struct score_model *m, const struct terms *t, uint64_t index, struct span bytes)
{
    struct score_state seed, begun;
    if (fits(m, t) && m->seeded)
        return ERR_CONFLICT;
    enum err err = score_read(bytes, &seed);
    if (err != ERR_OK)
        return err;
    score_begin(&t->score->shape, &begun);
    if (!score_take_seed(&begun, &seed))
        return ERR_CORRUPT;
    if (!fits(m, t))
        begin(m, t, index);
    bool taken = score_take_seed(&m->state, &seed);
    m->seeded = true;
    return taken ? ERR_OK : ERR_CORRUPT;
}

static enum err fold_seed(struct score_model *m, const struct view *v, uint32_t contract, const struct terms *t,
                          uint64_t index, const struct entry_model *seed, bool *changed)
{
    struct span bytes;
    if (t == NULL || t->score == NULL)
        return ERR_CORRUPT;
    enum err err = v->state(v->ctx, contract, &seed->sha256, &bytes);
    if (err == ERR_OK)
        err = model_seed(m, t, index, bytes);
    *changed |= err == ERR_OK;
    return err == ERR_NOT_FOUND || err == ERR_CONFLICT ? ERR_CORRUPT : err;
}

static enum err fold_entry(struct score_model *m, const struct view *v, uint32_t contract, const struct terms *t,
                           uint64_t index, const struct entry *e, const struct scored *known, bool *changed)
{
    if (e->kind == ENTRY_DISPOSITION)
        return fold_disposition(m, v, contract, t, index, &e->disposition, known, changed);
    if (model_scores(e)) {
        fold_lead(m, t, e, known);
        *changed = true;
    }
    return ERR_OK;
}

enum err model_join(struct score_model *campaign, struct joined *of, const struct view *v, uint32_t contract,
                    const struct terms *t, uint64_t index, const struct entry *e)
{
    bool changed = false;
    if (e->kind != ENTRY_LEAD && e->kind != ENTRY_DISPOSITION)
        return ERR_OK;
    bool asks = t != NULL && t->score != NULL && fits(campaign, t);
    if (asks && !of->on)
        of->since = index;
    of->on = asks;
    campaign->since = of->since;
    return asks ? fold_entry(campaign, v, contract, t, index, e, NULL, &changed) : ERR_OK;
}

enum err model_fold(struct score_model *m, const struct view *v, uint32_t contract, const struct terms *t,
                    uint64_t index, const struct entry *e, const struct scored *known, bool *changed)
{
    m->due = false;
    if (e->kind == ENTRY_STATEMENT) {
        *changed |= m->on && m->seeded;
        m->seeded = false;
    }
    if (e->kind == ENTRY_MODEL && e->model.origin == ORIGIN_SEED && !m->blind)
        return fold_seed(m, v, contract, t, index, &e->model, changed);
    if (e->kind != ENTRY_LEAD && e->kind != ENTRY_DISPOSITION)
        return ERR_OK;
    if (t == NULL || t->score == NULL) {
        *changed |= m->on;
        m->on = false;
        return ERR_OK;
    }
    if (!fits(m, t)) {
        begin(m, t, index);
        *changed = true;
    }
    if (m->blind)
        return ERR_OK;
    const uint64_t before = labels_of(&m->state);
    enum err err = fold_entry(m, v, contract, t, index, e, known, changed);
    m->due = labels_of(&m->state) > before && labels_of(&m->state) % MODEL_LABELS == 0;
    return err;
}

/* ---- stored ---- */

size_t model_write(const struct score_model *m, uint8_t out[MODEL_MAX])
{
    store_be64(out, m->since);
    memcpy(out + 8, m->asked.b, HASH_LEN);
    out[8 + HASH_LEN] = m->seeded;
    return MODEL_HEAD + score_write(&m->state, out + MODEL_HEAD);
}

enum err model_read(struct span row, struct score_model *out)
{
    uint8_t seeded = row.len < MODEL_HEAD ? 2 : (uint8_t)row.ptr[MODEL_HEAD - 1];
    if (seeded > 1)
        return ERR_CORRUPT;
    out->on = true;
    out->due = out->blind = false;
    out->seeded = seeded;
    out->since = load_be64(row.ptr);
    memcpy(out->asked.b, row.ptr + 8, HASH_LEN);
    return score_read(span_skip(row, MODEL_HEAD), &out->state);
}
