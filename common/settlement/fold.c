#include "common/settlement/fold.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/ascii.h"
#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "common/decisions/countersigned.h"
#include "common/decisions/rules.h"
#include "common/settlement/legal.h"

/* A request waits no longer than that between its arrival and its entry. */

void fold_open(struct fold *f, const struct fold_context *cx, const struct view *view, struct rows_map *rows)
{
    *f = (struct fold){.cx = *cx, .view = view, .rows = rows};
    period_open(&f->period);
    buf_heap(&f->legal[0]);
    buf_heap(&f->legal[1]);
    buf_heap(&f->scratch);
}

void fold_close(struct fold *f)
{
    versions_free(&f->versions);
    period_close(&f->period);
    buf_free(&f->legal[0]);
    buf_free(&f->legal[1]);
    buf_free(&f->scratch);
    byte_map_free(f->erased);
    f->erased = NULL;
    byte_map_free(f->tokens);
    free(f->book);
    free(f->model);
    free(f->scored);
    f->tokens = NULL;
    f->book = NULL;
    f->model = NULL;
    f->scored = NULL;
    f->terms = NULL;
}

void fold_at(struct fold *f, int64_t at_ms)
{
    const struct version *v = versions_at(&f->versions, at_ms);
    f->terms = v != NULL ? v->terms : NULL;
    f->binds = versions_bind(&f->versions, at_ms);
    f->terms_index = v != NULL ? v->index : 0;
}

enum err fold_terms(struct fold *f, uint64_t index, const struct entry *e, struct versions *gone)
{
    struct version next = {.index = index,
                           .number = e->terms.version,
                           .rules = e->terms.rules,
                           .at_ms = e->at_ms,
                           .terms = NULL,
                           .on_assent = e->terms.on_assent};
    if (next.number != f->versions.made + 1)
        return ERR_CORRUPT;
    enum err err = rules_compile(&e->terms, &next.terms, NULL);
    if (err != ERR_OK)
        return err == ERR_NOT_IMPLEMENTED ? err : ERR_CORRUPT;
    version_tells(&next, next.terms);
    buf_clear(&f->scratch);
    entry_write(&f->scratch, e);
    merkle_leaf(buf_span(&f->scratch), &next.leaf);
    if (!span_eq(next.terms->contract, f->cx.contract_id) || next.on_assent != versions_ask(&f->versions, &next) ||
        versions_add(&f->versions, &next, e->terms.effective_ms, gone, NULL) != ERR_OK) {
        terms_free(next.terms);
        return ERR_CORRUPT;
    }
    fold_at(f, e->at_ms);
    return ERR_OK;
}

enum err fold_party(struct fold *f, const struct entry_party *p)
{
    int side = f->terms == NULL                          ? -1
               : span_eq(p->party, f->terms->advertiser) ? 0
               : span_eq(p->party, f->terms->publisher)  ? 1
                                                         : -1;
    if (side < 0 || span_empty(p->party) || span_empty(p->by) || !legal_is(p->legal) ||
        span_eq(p->by, side == 0 ? f->terms->publisher : f->terms->advertiser) ||
        p->other != trader_is_other(buf_span(&f->legal[side]), p->legal))
        return ERR_INVALID;
    buf_clear(&f->legal[side]);
    buf_span_add(&f->legal[side], p->legal);
    return ERR_OK;
}

bool fold_may(const struct fold *f, const struct entry *e)
{
    switch (e->kind) {
    case ENTRY_TERMS:
    case ENTRY_KEY:
    case ENTRY_ASSENT:
    case ENTRY_WITHDRAWAL:
    case ENTRY_GAP:
    case ENTRY_SERVER_KEYS:
    case ENTRY_CREDENTIAL:
    case ENTRY_PARTY:
    case ENTRY_CLOCK:
        return true;
    default:
        return f->binds;
    }
}

/* Of the versions that may bind; NULL: it is none of them. */
static const struct version *may_bind(const struct fold *f, int64_t number)
{
    const struct versions *vs = &f->versions;
    for (size_t i = 0; i < vs->n; i++)
        if (vs->v[i].number == number)
            return &vs->v[i];
    return NULL;
}

/* What the entry is about, as an assent to it must say. */
static enum err assented_of(const struct fold *f, const struct entry_assent *a, unsigned side, struct assented *out,
                            struct problem *p)
{
    const struct version *v = may_bind(f, a->version);
    struct adjustment_row row;
    if (a->adjustment == 0 && v == NULL)
        return problem(p, ERR_INVALID, "version", "is none that may bind");
    if (a->adjustment == 0) {
        *out = (struct assented){.version = a->version, .leaf = v->leaf, .at_ms = v->at_ms};
        return a->payable_micros == 0 ? ERR_OK : problem(p, ERR_INVALID, "payable_micros", "is not of an adjustment");
    }
    enum err err = row_adjustment(f->view, f->cx.contract, a->adjustment, &row);
    if (err == ERR_NOT_FOUND || (err == ERR_OK && (a->version != 0 || !row.on_assent)))
        return problem(p, ERR_INVALID, "adjustment", "is none that asks for assents");
    if (err != ERR_OK)
        return err;
    size_t own = side == SIDE_PUBLISHER;
    if (row.assent[own].index > 0)
        return problem(p, ERR_INVALID, "adjustment", "has the assent of that party already");
    if (a->payable_micros != (row.assent[1 - own].index > 0 ? row.micros : 0))
        return problem(p, ERR_INVALID, "payable_micros", "is not what the adjustment comes to by it");
    *out = (struct assented){.adjustment = a->adjustment, .leaf = row.leaf, .at_ms = row.at_ms};
    return ERR_OK;
}

enum err fold_assent(struct fold *f, const struct entry *e, struct assent *out, struct problem *p)
{
    const struct entry_assent *a = &e->assent;
    unsigned side = assent_side(f->terms, a->party);
    uint8_t pub[ED25519_KEY_LEN];
    struct assented to;
    struct assent said;
    if (side == 0)
        return problem(p, ERR_INVALID, "party", "is neither the advertiser nor the publisher");
    enum err err = row_party_key(f->view, f->cx.contract, a->party, pub);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? problem(p, ERR_INVALID, "party", "has no key in this log") : err;
    if ((err = assented_of(f, a, side, &to, p)) != ERR_OK)
        return err;
    if ((err = assent_open(a->jws, pub, ASSENT_TYP, a->party, &said, p)) != ERR_OK)
        return err == ERR_UNAUTHORIZED
                   ? problem(p, ERR_INVALID, "jws", "is not signed by the key that the party had then")
                   : err;
    err = assent_fits(&said, f->cx.contract_id, &to, entry_clock(e), p);
    if (err == ERR_OK && a->adjustment == 0 && versions_assent(&f->versions, a->version, side, e->at_ms) != ERR_OK)
        err = problem(p, ERR_INVALID, "version", "binds no more, or has the assent of that party already");
    if (err != ERR_OK) {
        assent_close(&said);
        return err;
    }
    fold_at(f, e->at_ms);
    *out = said;
    return ERR_OK;
}

/* The word of the party itself. */
static enum err taken_back(const struct fold *f, const struct entry *e, unsigned side, struct assent *out,
                           struct problem *p)
{
    const struct entry_withdrawal *w = &e->withdrawal;
    const struct version *v = may_bind(f, w->version);
    uint8_t pub[ED25519_KEY_LEN];
    struct assent said;
    if (side == 0)
        return problem(p, ERR_INVALID, "by", "is neither the advertiser nor the publisher");
    if (v == NULL)
        return problem(p, ERR_INVALID, "version", "is none that may bind");
    enum err err = row_party_key(f->view, f->cx.contract, w->by, pub);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? problem(p, ERR_INVALID, "by", "has no key in this log") : err;
    if ((err = assent_open(w->jws, pub, WITHDRAWAL_TYP, w->by, &said, p)) != ERR_OK)
        return err == ERR_UNAUTHORIZED
                   ? problem(p, ERR_INVALID, "jws", "is not signed by the key that the party had then")
                   : err;
    const struct assented of = {.version = v->number, .leaf = v->leaf, .at_ms = v->at_ms};
    err = assent_fits(&said, f->cx.contract_id, &of, entry_clock(e), p);
    if (err == ERR_OK)
        *out = said;
    else
        assent_close(&said);
    return err;
}

enum err fold_withdrawal(struct fold *f, const struct entry *e, struct assent *out, struct versions *gone,
                         struct problem *p)
{
    const struct entry_withdrawal *w = &e->withdrawal;
    unsigned side = assent_side(f->terms, w->by);
    bool own = !span_empty(w->jws);
    struct assent said = {.to = {0}};
    gone->n = 0;
    if (span_empty(w->by) || (!own && side == SIDE_PUBLISHER))
        return problem(p, ERR_INVALID, "by", "is nobody who may change the terms");
    enum err err = own ? taken_back(f, e, side, &said, p) : ERR_OK;
    if (err != ERR_OK)
        return err;
    if (versions_withdraw(&f->versions, w->version, own ? side : 0, e->at_ms, gone, p) != ERR_OK) {
        assent_close(&said);
        return ERR_INVALID;
    }
    fold_at(f, e->at_ms);
    *out = said;
    return ERR_OK;
}

enum err fold_adjustment(const struct fold *f, const struct entry *e, struct problem *p)
{
    const struct entry_adjustment *a = &e->adjustment;
    struct lead_row lead;
    if (span_empty(f->terms->publisher))
        return problem(p, ERR_INVALID, "", "is of a campaign's own contract, which pays nobody");
    if (span_empty(a->by) || assent_side(f->terms, a->by) != 0)
        return problem(p, ERR_INVALID, "by", "is no operator");
    if (a->micros == 0 || a->micros < -STATEMENT_MOST_MICROS || a->micros > STATEMENT_MOST_MICROS)
        return problem(p, ERR_INVALID, "micros", "is 0, or more than a statement can say");
    if (span_empty(a->reason) || ascii_has_control(a->reason))
        return problem(p, ERR_INVALID, "reason", "is empty, or has control characters");
    if (a->on_assent != (f->terms->assent == ASSENT_BOTH))
        return problem(p, ERR_INVALID, "on_assent", "is not what the terms in force ask for");
    if (a->lead == 0)
        return ERR_OK;
    enum err err = row_lead(f->view, f->cx.contract, a->lead, &lead);
    return err == ERR_NOT_FOUND ? problem(p, ERR_INVALID, "lead", "is no lead of this log") : err;
}

static enum err erasable(const struct fold *f, uint64_t index, uint64_t erased, uint64_t *leads, struct problem *p)
{
    uint8_t key[8];
    struct span bytes, found;
    struct entry e;
    store_be64(key, erased);
    if (erased >= index)
        return problem(p, ERR_INVALID, "entries", "has %" PRIu64 ", which is not in front of it", erased);
    if (f->erased != NULL && byte_map_get(f->erased, span_of(key, sizeof key), &found))
        return problem(p, ERR_INVALID, "entries", "has %" PRIu64 ", which entry %" PRIu64 " erased", erased,
                       load_be64(found.ptr));
    enum err err = f->view->entry(f->view->ctx, f->cx.contract, erased, &bytes);
    if (err == ERR_OK)
        err = entry_read(bytes, &e, NULL);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    bool has = entry_commitment(&e) != NULL;
    *leads += e.kind == ENTRY_LEAD;
    entry_close(&e);
    return has ? ERR_OK : problem(p, ERR_INVALID, "entries", "has %" PRIu64 ", which has no private part", erased);
}

enum err fold_erase(struct fold *f, uint64_t index, const struct entry_erase *e, uint64_t *leads, struct problem *p)
{
    uint64_t n = 0;
    uint8_t key[8], value[8];
    enum err err = ERR_OK;
    if (span_empty(e->by) || span_eq(e->by, f->terms->publisher))
        return problem(p, ERR_INVALID, "by", "is neither an operator nor the advertiser");
    for (size_t i = 0; i < e->n && err == ERR_OK; i++)
        err = erasable(f, index, e->entries[i], &n, p);
    if (err != ERR_OK)
        return err;
    if (f->erased == NULL)
        f->erased = byte_map_new(NULL);
    store_be64(value, index);
    for (size_t i = 0; i < e->n; i++) {
        store_be64(key, e->entries[i]);
        byte_map_put(f->erased, span_of(key, sizeof key), span_of(value, sizeof value));
    }
    *leads = n;
    return ERR_OK;
}

/* What is new moves the latest time as it moved the clock. */
static int64_t latest_ms(const struct fold *f, const struct entry *e)
{
    return f->clocked_ms + (e->kind == ENTRY_CLOCK ? e->clock.to_ms - e->clock.from_ms : 0);
}

bool fold_clock_begins(const struct fold *f, const struct entry_clock *c)
{
    return f->has_first && !f->has_second && c->from_ms == f->clocked_ms && c->to_ms == f->clocked_ms;
}

/* `steps` more than were told, of which nothing but the sum is told if they are several. */
static bool steps_follow(const struct fold *f, const struct entry_clock *c, uint32_t steps)
{
    int64_t off_ms = c->to_ms > c->from_ms ? c->to_ms - c->from_ms : c->from_ms - c->to_ms;
    bool waits = c->unsure || !span_empty(c->by);
    if (c->from_ms <= 0 || c->from_ms >= TIME_END_MS || c->to_ms <= 0 || c->to_ms >= TIME_END_MS ||
        c->from_ms < f->clocked_ms - PERIOD_ISSUE_MS)
        return false;
    if (fold_clock_begins(f, c))
        return true;
    if (steps > 1)
        return waits || !f->clock_unsure;
    return off_ms >= CLOCK_STEP_MS && waits == (f->clock_unsure || off_ms >= CLOCK_LARGE_MS);
}

static bool clock_follows(const struct fold *f, const struct entry *e)
{
    const struct entry_clock *c = &e->clock;
    bool confirmed = !span_empty(c->by);
    if (confirmed != (c->confirmed_ms > 0) || (confirmed && c->unsure) ||
        c->confirmed_ms > entry_clock(e) + PERIOD_ISSUE_MS || c->steps < f->clock_steps)
        return false;
    if (c->steps > f->clock_steps)
        return steps_follow(f, c, c->steps - f->clock_steps);
    return f->clock_unsure && confirmed && c->from_ms == 0 && c->to_ms == 0;
}

bool fold_clock(const struct fold *f, const struct entry *e)
{
    switch (e->kind) {
    case ENTRY_CLOCK:
        return clock_follows(f, e);
    case ENTRY_CLICK:
        return e->click.clock_steps == f->clock_steps;
    case ENTRY_LEAD:
        return e->lead.clock_steps == f->clock_steps && e->lead.clock_unsure == f->clock_unsure;
    case ENTRY_DISPOSITION:
        return e->disposition.trust != TRUST_SYSTEM || !f->clock_unsure;
    case ENTRY_STATEMENT:
    case ENTRY_WITHDRAWAL:
        return !f->clock_unsure;
    default:
        return true;
    }
}

/* An id whose record was lost says its second by itself, of a clock that is known only where it never stepped. */
static bool before_its_click(const struct entry *e)
{
    const struct entry_lead *l = &e->lead;
    int64_t latest_ms = entry_clock(e) + PERIOD_ISSUE_MS;
    if (e->kind != ENTRY_LEAD || l->clock_steps > 0)
        return false;
    bool before = l->clicked_ms > latest_ms;
    for (size_t i = 0; i < l->n_touches; i++)
        before |= l->touches[i].clicked_ms > latest_ms;
    return before;
}

bool fold_dated(const struct fold *f, const struct entry *e)
{
    return entry_follows(e, f->last_ms) && !before_its_click(e) && entry_clock(e) >= latest_ms(f, e) - PERIOD_ISSUE_MS;
}

/* What later entries are held against. */
static void follow_clock(struct fold *f, const struct entry *e)
{
    int64_t latest = latest_ms(f, e);
    if (e->kind == ENTRY_CLOCK) {
        f->clock_steps = e->clock.steps;
        f->clock_unsure = e->clock.unsure;
    }
    f->clocked_ms = entry_clock(e) > latest ? entry_clock(e) : latest;
}

static bool same_lead(const struct entry_lead *l, const struct lead_row *row)
{
    return l->share_to != 0 && row->share.to != 0 && memcmp(row->share.lead, l->commitment.b, TOKEN_LEN) == 0;
}

enum err fold_txid(const struct fold *f, const struct entry *lead)
{
    const struct entry_lead *l = &lead->lead;
    bool pixel = l->trust == TRUST_PIXEL;
    struct txid_row last;
    struct lead_row row;
    if (span_empty(l->txid))
        return ERR_OK;
    enum err err = row_txid(f->view, f->cx.advertiser, f->cx.campaign, l->party, l->txid, &last);
    if (err == ERR_OK)
        err = row_lead(f->view, last.contract, last.index, &row);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    bool mended = row.status == STATUS_REJECTED && reason_is_technical(row.reason);
    bool by_anybody = pixel && (last.contract != f->cx.contract || row.status == STATUS_DUPLICATE);
    return mended || by_anybody || same_lead(l, &row) ? ERR_OK : ERR_CONFLICT;
}

bool fold_unrecorded(const struct fold *f, const struct entry_lead *l)
{
    bool covered = !l->click_unrecorded || gap_covers(&f->gap, l->clicked_ms);
    for (size_t i = 0; i < l->n_touches; i++)
        covered &= !l->touches[i].click_unrecorded || gap_covers(&f->gap, l->touches[i].clicked_ms);
    return covered;
}

static bool is_needed(const struct entry *e, const struct entry_gap *gap)
{
    struct entry_gap own;
    return e->kind == ENTRY_LEAD && gap_of_lead(&e->lead, &own) && own.from_ms == gap->from_ms &&
           own.to_ms == gap->to_ms;
}

bool fold_gap(const struct fold *f, const struct entry *e)
{
    bool early = e->kind == ENTRY_GAP && f->clock_steps == 0 && e->gap.to_ms > entry_clock(e) + PERIOD_ISSUE_MS;
    bool empty_before = f->after_gap && gap_total(&f->gap) == 0;
    return !early && (e->kind != ENTRY_GAP || gap_total(&e->gap) == 0 || gap_fits(&e->gap)) &&
           (!empty_before || is_needed(e, &f->gap));
}

enum err fold_view(const struct fold *f, const struct entry_view *v)
{
    struct clicked click;
    if (!v->has_click)
        return ERR_OK;
    enum err err = f->view->click(f->view->ctx, f->cx.contract, v->click, &click);
    return err == ERR_OK && click.placement != v->placement ? ERR_CONFLICT : err;
}

/* True when the entry written anew is the recorded one. */
static bool writes(struct fold *f, const struct entry *e, struct span bytes)
{
    buf_clear(&f->scratch);
    entry_write(&f->scratch, e);
    return span_eq(buf_span(&f->scratch), bytes);
}

/* Room for what leads are scored by, once terms ask for it. */
static void may_score(struct fold *f)
{
    if (f->terms == NULL || f->terms->score == NULL || f->model != NULL)
        return;
    f->model = xcalloc(1, sizeof *f->model);
    f->model->blind = f->begin > 0;
    f->scored = xcalloc(1, sizeof *f->scored);
}

/* Whether an entry counts what its bytes count. */
static enum err counted(const struct entry_model *m, const struct score_state *s, struct problem *p)
{
    uint64_t labels = (uint64_t)s->labels[0] + s->labels[1];
    if (m->leads != s->leads)
        return problem(p, ERR_INVALID, "leads", "is %" PRIu64 ", its bytes have %" PRIu32, m->leads, s->leads);
    if (m->labels != labels)
        return problem(p, ERR_INVALID, "labels", "is %" PRIu64 ", its bytes have %" PRIu64, m->labels, labels);
    return ERR_OK;
}

/* What was learnt up to here is taken at this entry's word. */
static enum err begin(struct fold *f, const struct entry_model *m, struct problem *p)
{
    struct span bytes;
    if (f->model == NULL || !f->model->on || f->terms->score == NULL)
        return ERR_NOT_FOUND;
    const struct score_shape *shape = &f->terms->score->shape;
    struct score_state *state = &f->model->state;
    enum err err = f->view->state(f->view->ctx, f->cx.contract, &m->sha256, &bytes);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_IO : err;
    if (score_read(bytes, state) != ERR_OK || state->fields != shape->fields || state->pairs != shape->pairs)
        return problem(p, ERR_INVALID, "sha256", "names bytes that are no state of the facts that its terms ask for");
    err = counted(m, state, p);
    f->model->blind = err != ERR_OK;
    return err;
}

static bool says(const struct entry *e, const struct entry *due)
{
    const struct entry_model *a = &e->model, *b = &due->model;
    return e->kind == ENTRY_MODEL && a->origin == b->origin && a->leads == b->leads && a->labels == b->labels &&
           a->terms == b->terms && memcmp(a->sha256.b, b->sha256.b, HASH_LEN) == 0 && e->at_ms == due->at_ms &&
           e->clocked_ms == due->clocked_ms;
}

/* Whether the bytes that it names can be brought in; nothing is. */
static enum err seed_taken(const struct fold *f, uint64_t index, const struct entry_model *m, struct problem *p)
{
    struct score_model *copy = xcalloc(1, sizeof *copy);
    struct score_state *seed = xcalloc(1, sizeof *seed);
    struct span bytes;
    enum err err = f->view->state(f->view->ctx, f->cx.contract, &m->sha256, &bytes);
    bool read = err == ERR_OK;
    if (f->model != NULL)
        *copy = *f->model;
    if (read)
        err = model_seed(copy, f->terms, index, bytes);
    if (read && err == ERR_CORRUPT)
        err = problem(p, ERR_INVALID, "sha256", "names bytes that are no seed of the facts that its terms ask for");
    else if (read && err == ERR_CONFLICT)
        err = problem(p, ERR_INVALID, "origin",
                      "is seed, and another one came since the last statement, or since the state began");
    else if (read && err == ERR_OK && (err = score_read(bytes, seed)) == ERR_OK)
        err = counted(m, seed, p);
    free(seed);
    free(copy);
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

static enum err seed_fits(const struct fold *f, uint64_t index, const struct entry_model *m, bool blind,
                          struct problem *p)
{
    struct entry_prefix of;
    if (f->terms == NULL || f->terms->score == NULL)
        return problem(p, ERR_INVALID, "origin", "is seed, and the terms in force ask for no score");
    if (m->terms != f->terms_index)
        return problem(p, ERR_INVALID, "terms", "is %" PRIu64 ", and those in force are of entry %" PRIu64, m->terms,
                       f->terms_index);
    for (struct span rest = m->from; entry_prefix_next(&rest, &of);)
        if (span_eq(of.contract, f->cx.contract_id) && of.size > index)
            return problem(p, ERR_INVALID, "from",
                           "has %" PRIu64 " entries of this log, and %" PRIu64 " stand in front of it", of.size, index);
    return blind ? ERR_OK : seed_taken(f, index, m, p);
}

enum err fold_model(struct fold *f, uint64_t index, const struct entry *e, struct entry *due, struct problem *p)
{
    bool learnt = e->kind == ENTRY_MODEL && e->model.origin == ORIGIN_FOLD;
    bool blind = f->begin > 0 && (f->model == NULL || f->model->blind);
    enum err err = ERR_OK;
    if (e->kind == ENTRY_MODEL && !learnt)
        err = seed_fits(f, index, &e->model, blind, p);
    else if (learnt && blind && index == f->begin)
        err = begin(f, &e->model, p);
    if (err != ERR_OK || blind)
        return err;
    if (f->model == NULL || !f->model->due)
        return learnt ? ERR_NOT_FOUND : ERR_OK;
    model_entry(f->model, f->terms_index, due);
    entry_date(due, f->last_clock_ms, f->last_ms);
    return says(e, due) ? ERR_OK : ERR_CONFLICT;
}

enum err fold_lead(struct fold *f, const struct entry *e, struct span bytes, const struct opening *tokens,
                   struct entry *again, bool *foreign)
{
    assert(f->terms != NULL);
    may_score(f);
    buf_clear(&f->scratch);
    f->cx.model = f->model;
    f->cx.scored = f->scored;
    f->cx.score_told = f->model != NULL && f->model->blind;
    enum err err = redecide_lead(&f->cx, f->view, f->terms, f->terms_index, e, tokens, f->source, again, foreign);
    if (err == ERR_OK && !writes(f, again, bytes))
        err = ERR_CONFLICT;
    if (err != ERR_OK && f->scored != NULL)
        f->scored->known = false; /* of what should stand there */
    return err;
}

/* What a disposition's own signature says: made by the key that the party had then, about this lead, saying what the
 * entry says, and not later than the entry. ERR_CONFLICT: it is not so. */
static enum err disposition_signed(const struct fold *f, const struct entry *e, const struct lead_row *lead,
                                   int64_t *signed_ms)
{
    const struct entry_disposition *d = &e->disposition;
    const struct disposition_report r = {.party = d->party,
                                         .txid = d->txid,
                                         .text = d->text,
                                         .currency = d->currency,
                                         .status = d->status,
                                         .amount_micros = d->amount_micros,
                                         .jws = d->jws};
    uint8_t pub[ED25519_KEY_LEN];
    struct countersigned c;
    if (d->trust != TRUST_COUNTERSIGNED)
        return span_empty(d->jws) ? ERR_OK : ERR_CONFLICT;
    enum err err = row_party_key(f->view, f->cx.contract, d->party, pub);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CONFLICT : err;
    if (countersigned_open(&r, pub, &c, NULL) != ERR_OK)
        return ERR_CONFLICT;
    bool good = countersigned_about(&c, f->cx.contract_id, d->lead, lead->share.to != 0) &&
                c.said.at_ms <= entry_clock(e) + PARTY_CLOCK_S * MS_PER_S;
    *signed_ms = c.said.at_ms;
    countersigned_close(&c);
    return good ? ERR_OK : ERR_CONFLICT;
}

enum err fold_disposition(struct fold *f, const struct entry *e, struct span bytes)
{
    const struct entry_disposition *d = &e->disposition;
    struct disposition_report r = {.party = d->party,
                                   .trust = d->trust,
                                   .txid = d->txid,
                                   .text = d->text,
                                   .currency = d->currency,
                                   .status = d->status,
                                   .amount_micros = d->amount_micros,
                                   .lead = d->lead,
                                   .request = d->request,
                                   .jws = d->jws};
    struct disposition_facts facts;
    struct lead_row lead;
    struct entry again;
    bool same = false, good;
    buf_clear(&f->scratch);
    if (!span_empty(d->currency) && !span_eq(d->currency, f->terms->currency))
        return ERR_CONFLICT;
    enum err err = row_lead(f->view, f->cx.contract, d->lead, &lead);
    if (err == ERR_OK)
        err = disposition_signed(f, e, &lead, &r.signed_ms);
    if (err == ERR_OK)
        err = gather_disposition(f->view, &f->cx, f->terms, &r, &lead, &facts);
    if (err != ERR_OK)
        return err;
    if (d->trust == TRUST_SYSTEM)
        good = f->terms->ruleset->due(f->terms_index, d->lead, &lead, entry_clock(e), &again);
    else
        good = f->terms->ruleset->disposition(f->terms_index, &r, &lead, &facts, entry_clock(e), &again, &same, NULL) ==
                   ERR_OK &&
               !same;
    if (good)
        entry_date(&again, entry_clock(e), e->at_ms);
    return good && writes(f, &again, bytes) ? ERR_OK : ERR_CONFLICT;
}

struct span fold_again(const struct fold *f)
{
    return buf_span(&f->scratch);
}

enum err fold_closes(const struct fold *f, uint64_t index, uint64_t to, const struct hash *root, struct closing *out)
{
    const struct period *p = &f->period;
    const struct mark *m = period_marked(p, to);
    struct cut cut;
    enum err err = row_cut(f->view, f->cx.contract, p->from, &cut);
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    if (to < p->from || to > index || to == 0)
        return ERR_CONFLICT;
    if (err == ERR_OK && cut.to <= to)
        *out = (struct closing){.is = cut, .at_cut = true};
    else if (to == p->from)
        *out = (struct closing){.is = {.to = to, .root = p->from_root}, .next_ms = to < index ? p->from_ms : 0};
    else if (to == index && err == ERR_NOT_FOUND)
        *out = (struct closing){.is = {.to = to, .root = *root, .tally = p->tally}};
    else if (m != NULL)
        *out = (struct closing){.is = m->cut, .next_ms = m->next_ms};
    else
        return ERR_NOT_FOUND;
    return ERR_OK;
}

enum err fold_is_open(const struct fold *f, bool *open)
{
    struct cut cut;
    enum err err = row_cut(f->view, f->cx.contract, f->period.from, &cut);
    *open = err == ERR_OK || !tally_is_empty(&f->period.tally);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* What the entry says itself follows from what stands before it. */
static MUST_CHECK enum err statement_follows(const struct fold *f, const struct entry *e, const struct closing *closes,
                                             struct problem *p)
{
    const struct entry_statement *s = &e->statement;
    char id[LIMIT_ID + 1];
    statement_id(f->cx.contract_id, s->number, id);
    if (s->from != f->period.from || s->to != closes->is.to)
        return problem(p, ERR_CONFLICT, s->from != f->period.from ? "from" : "to",
                       "it closes [%" PRIu64 ", %" PRIu64 "), what is open and fits one statement is [%" PRIu64
                       ", %" PRIu64 ")",
                       s->from, s->to, f->period.from, closes->is.to);
    if (s->number != f->period.number + 1)
        return problem(p, ERR_CONFLICT, "number", "it is number %" PRIu64 ", the next of its contract is %" PRIu64,
                       s->number, f->period.number + 1);
    if (!span_is(s->id, id))
        return problem(p, ERR_CONFLICT, "id", "number %" PRIu64 " of its contract has the id %s", s->number, id);
    if (s->issued_ms > e->at_ms || s->issued_ms < e->at_ms - PERIOD_ISSUE_MS || s->issued_ms < closes->is.tally.to_ms)
        return problem(p, ERR_CONFLICT, "issued_ms",
                       "it was issued at %" PRId64
                       " ms, which is before its last entry, or not in the hour in front of "
                       "its own",
                       s->issued_ms);
    if (!period_ends(&f->period, closes, s->to_ms, s->issued_ms))
        return problem(p, ERR_CONFLICT, "to_ms",
                       "its period ends at %" PRId64
                       " ms, which is before its last entry or the period before it, after "
                       "its issue, or behind an entry that it leaves open",
                       s->to_ms);
    return ERR_OK;
}

enum err fold_statement(const struct fold *f, uint64_t index, const struct entry *e, const struct hash *root,
                        struct span issuer, struct statement_out *out, struct problem *p)
{
    const struct entry_statement *s = &e->statement;
    struct statement_in in = {.id = s->id,
                              .issuer = issuer,
                              .terms = f->terms,
                              .terms_index = f->terms_index,
                              .view = f->view,
                              .contract = f->cx.contract,
                              .to_ms = s->to_ms,
                              .legal = {buf_span(&f->legal[0]), buf_span(&f->legal[1])},
                              .utc_offset_s = s->utc_offset_s,
                              .issued_ms = s->issued_ms};
    struct closing closes;
    assert(f->terms != NULL);
    enum err err = fold_closes(f, index, s->to, root, &closes);
    if (err != ERR_OK)
        return problem(p, err, "to",
                       err == ERR_CONFLICT    ? "it ends before it begins, or behind its own entry"
                       : err == ERR_NOT_FOUND ? "what there was where it ends is not known"
                                              : "where it must end does not read");
    if ((err = statement_follows(f, e, &closes, p)) != ERR_OK)
        return err;
    period_statement(&f->period, &closes, &in);
    const struct span parties[2] = {f->terms->advertiser, f->terms->publisher};
    err = trade_at(f->view, f->cx.contract, parties, closes.is.to, &in.trade);
    if (err != ERR_OK)
        return problem(p, err, "", "who the parties are does not read");
    if ((err = statement_build(&in, out, p)) != ERR_OK ||
        (out->vat_kind == s->vat_kind && out->vat_ppm == s->vat_ppm && in.trade.as[0] == s->vat_advertiser &&
         in.trade.as[1] == s->vat_publisher))
        return err;
    statement_free(out);
    *out = (struct statement_out){.net_micros = 0};
    return problem(p, ERR_CONFLICT, "vat_ppm", "its VAT is another one than the entries give");
}

static void put_cut(struct fold *f, const struct cut *cut)
{
    uint8_t key[CUT_KEY_LEN], value[CUT_ROW_LEN];
    row_index_key(key, f->cx.contract, cut->to);
    rows_map_put(f->rows, ROW_CUTS, span_of(key, sizeof key), span_of(value, cut_row_write(cut, value)));
}

enum err fold_next(struct fold *f, uint64_t index, const struct entry *e, const struct hash *root,
                   const struct statement_out *said)
{
    struct closing closes;
    struct cut behind;
    enum err err = fold_closes(f, index, e->statement.to, root, &closes);
    if (err != ERR_OK)
        return err;
    err = row_cut(f->view, f->cx.contract, closes.is.to, &behind);
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    bool any = err == ERR_OK;
    err = period_next(&f->period, e, &closes, any ? &behind : NULL, said);
    if (err == ERR_OK && any)
        put_cut(f, &behind);
    f->no_end = false;
    if (f->asked <= f->period.number) { /* what was said of its end has no use any more */
        f->asked = f->period.number;
        f->has_end = false;
    }
    return err;
}

/* Where statements that are still to come end. */
static void mark_ends(struct fold *f, uint64_t index, const struct entry *e, const struct frontier *before)
{
    while (f->end_of != NULL) {
        if (!f->has_end && (f->no_end || f->end_of(f->end_ctx, f->asked + 1, &f->end) != ERR_OK)) {
            f->no_end = true;
            return;
        }
        f->asked += !f->has_end;
        f->has_end = true;
        if (f->end > index)
            return;
        if (f->end == index && f->end > f->period.from)
            period_mark(&f->period, index, before, e->at_ms);
        f->has_end = false;
    }
}

static void keep_tokens(struct fold *f, uint64_t index, const struct entry *e)
{
    const struct score_shape *shape = &f->terms->score->shape;
    uint8_t key[8], value[BOOK_LEAD_MAX];
    if (f->tokens == NULL || !model_scores(e))
        return;
    if (f->book == NULL)
        f->book = xcalloc(1, sizeof *f->book);
    if (!f->scored->known)
        model_tokens(f->terms, e, &f->scored->tokens);
    store_be64(key, index);
    byte_map_put(f->tokens, span_of(key, sizeof key),
                 span_of(value, score_book_write(f->book, shape, &f->scored->tokens, value)));
}

/* False: of terms that asked for other fields, or not kept. */
static bool kept_tokens(struct fold *f, uint64_t lead)
{
    uint8_t key[8];
    struct span value;
    store_be64(key, lead);
    return f->tokens != NULL && byte_map_get(f->tokens, span_of(key, sizeof key), &value) &&
           score_book_read(f->book, &f->terms->score->shape, value, &f->scored->tokens) == value.len;
}

/* Behind the entry's rows. */
static enum err learn(struct fold *f, uint64_t index, const struct entry *e)
{
    bool changed = false, scores = f->terms != NULL && f->terms->score != NULL;
    if (f->model == NULL && !scores)
        return ERR_OK;
    may_score(f);
    if (scores && e->kind == ENTRY_DISPOSITION)
        f->scored->known = kept_tokens(f, e->disposition.lead);
    enum err err = model_fold(f->model, f->view, f->cx.contract, f->terms, index, e, f->scored, &changed);
    if (err == ERR_OK && scores && e->kind == ENTRY_LEAD)
        keep_tokens(f, index, e);
    f->scored->known = false;
    return err;
}

enum err fold_apply(struct fold *f, uint64_t index, const struct entry *e, const struct frontier *before,
                    const struct private_part *priv)
{
    struct row_ops ops;
    struct tally full;
    bool cut;
    mark_ends(f, index, e, before);
    enum err err = apply(&f->cx, f->view, f->terms, index, e, priv, &ops);
    if (err == ERR_OK)
        err = period_add(&f->period, f->terms, e, &cut, &full);
    if (err != ERR_OK)
        return err;
    if (index == 0)
        f->period.from_ms = e->at_ms;
    if (cut) {
        struct cut filled = {.to = index, .tally = full}; /* the open entries fill one statement */
        frontier_root(before, &filled.root);
        put_cut(f, &filled);
    }
    rows_map_write(f->rows, &ops);
    if ((err = learn(f, index, e)) != ERR_OK)
        return err;
    f->last_ms = e->at_ms;
    f->last_clock_ms = entry_clock(e);
    f->has_second = f->has_first;
    f->has_first = true;
    f->after_gap = e->kind == ENTRY_GAP;
    f->gap = e->kind == ENTRY_GAP ? e->gap : (struct entry_gap){0};
    follow_clock(f, e);
    return ERR_OK;
}

bool fold_difference(struct span recorded, struct span built, char *member, size_t cap)
{
    json_t *a = NULL, *b = NULL, *value;
    const char *name;
    if (span_eq(recorded, built))
        return false;
    snprintf(member, cap, "its form");
    if (json_read(recorded, &a, NULL) == ERR_OK && json_read(built, &b, NULL) == ERR_OK)
        json_object_foreach(b, name, value)
        {
            if (!json_equal(value, json_object_get(a, name))) {
                snprintf(member, cap, "%s", name);
                break;
            }
        }
    json_decref(a);
    json_decref(b);
    return true;
}

/* Cut where the value, or all of them, are long. */
static void member_words(const char *name, const json_t *value, char words[FOLD_WORDS])
{
    enum { VALUE_WORDS = 200 };
    size_t len = strlen(words);
    const char *comma = len > 0 ? ", " : "";
    if (value == NULL) {
        snprintf(words + len, FOLD_WORDS - len, "%sno %s", comma, name);
        return;
    }
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_ENSURE_ASCII | JSON_SORT_KEYS);
    snprintf(words + len, FOLD_WORDS - len, "%s%s %.*s", comma, name, VALUE_WORDS, text != NULL ? text : "");
    free(text);
}

void fold_differences(struct span recorded, struct span built, char stands[FOLD_WORDS], char gives[FOLD_WORDS])
{
    json_t *a = NULL, *b = NULL, *all = NULL, *value;
    const char *name;
    stands[0] = gives[0] = '\0';
    if (json_read(recorded, &a, NULL) == ERR_OK && json_read(built, &b, NULL) == ERR_OK) {
        all = json_copy(a);
        json_object_update_missing(all, b);
    }
    json_object_foreach(all, name, value)
    {
        const json_t *one = json_object_get(a, name), *other = json_object_get(b, name);
        if (one != NULL && other != NULL && json_equal(one, other))
            continue;
        member_words(name, one, stands);
        member_words(name, other, gives);
    }
    json_decref(all);
    json_decref(a);
    json_decref(b);
}
