#include "common/reports/rollup.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "common/base/when.h"
#include "common/base/xxh64.h"
#include "common/reports/channel.h"
#include "common/reports/hashed.h"

enum { LEAD_STATE = 4 + 8 + 8 + 8, LOGS_FIRST = 64, KEEP_MAX = DIMENSIONS * (LIMIT_PARAM + 2) + 32 };
enum { UTM_NEAR = 45, NEAR = 256, LEAD_WEIGHT = 8 };

struct lead {
    uint32_t contract;
    bool several;
    uint64_t index;
    struct lead_state state;
};

struct log_of {
    uint64_t size; /* entries that are counted */
    bool grew;
    struct cell_day *day; /* the latest */
    uint32_t of_day;
};

/* utm_source and utm_medium of a click whose channel those alone told. */
struct near {
    char utm[UTM_NEAR];
    uint8_t source_len, medium_len, channel;
};

struct rollup {
    struct rollup_source source;
    struct cell_set *cells;
    struct hashed leads; /* that changed */
    struct near near[NEAR];
    struct log_of *logs; /* by contract number */
    size_t n_logs;
    uint64_t reaches;
};

struct rollup *rollup_new(const struct rollup_source *source)
{
    struct rollup *r = xcalloc(1, sizeof *r);
    r->source = *source;
    r->cells = cell_set_new(source);
    return r;
}

static void forget_leads(struct rollup *r)
{
    for (size_t i = 0; i < r->leads.room; i++)
        free(r->leads.slot[i].what);
    hashed_free(&r->leads);
}

void rollup_free(struct rollup *r)
{
    if (r == NULL)
        return;
    forget_leads(r);
    cell_set_free(r->cells);
    free(r->logs);
    free(r);
}

size_t rollup_bytes(const struct rollup *r)
{
    return cell_set_bytes(r->cells) + r->n_logs * sizeof *r->logs;
}

size_t rollup_unwritten(const struct rollup *r)
{
    return cell_set_n_changed(r->cells) + LEAD_WEIGHT * r->leads.n;
}

void rollup_keep(struct rollup *r, size_t most)
{
    const size_t logs = r->n_logs * sizeof *r->logs;
    if (cell_set_keep(r->cells, most > logs ? most - logs : 0))
        for (size_t i = 0; i < r->n_logs; i++)
            r->logs[i].day = NULL;
}

static struct log_of *log_of(struct rollup *r, uint32_t contract)
{
    if (contract >= r->n_logs) {
        size_t n = r->n_logs > 0 ? r->n_logs : LOGS_FIRST;
        while (n <= contract)
            n *= 2;
        r->logs = xrealloc(r->logs, n * sizeof *r->logs);
        memset(r->logs + r->n_logs, 0, (n - r->n_logs) * sizeof *r->logs);
        r->n_logs = n;
    }
    return &r->logs[contract];
}

/* ---- where something is counted ---- */

/* What an entry says of itself, or its click of it; empty where it says nothing. */
struct values {
    struct span of[DIMENSIONS];
    char code[VALUE_CODE_MAX];
};

static void set_code(struct values *v, uint32_t placement)
{
    struct buf b;
    if (placement == 0)
        return;
    buf_fixed(&b, v->code, sizeof v->code);
    buf_u64(&b, placement);
    v->of[DIMENSION_CODE] = buf_span(&b);
}

static void values_of_click(struct values *v, const struct entry_click *c, enum channel channel)
{
    set_code(v, c->placement);
    for (int i = 0; i < LIMIT_SUBS; i++)
        v->of[DIMENSION_SUB1 + i] = c->sub[i];
    for (int i = 0; i < LIMIT_UTMS; i++)
        v->of[DIMENSION_UTM_SOURCE + i] = c->utm[i];
    v->of[DIMENSION_COUNTRY] = c->country;
    v->of[DIMENSION_DEVICE] = span_str(device_word(c->device));
    v->of[DIMENSION_CHANNEL] = span_str(channel_word(channel));
}

static_assert(CHANNEL_DIRECT == 0, "a place that is new is as behind a click that said nothing");

static enum channel channel(const struct entry_click *c)
{
    return channel_of(c->utm[0], c->utm[1], c->to);
}

static void near_keep(struct near *n, const struct entry_click *c)
{
    struct buf b;
    buf_fixed(&b, n->utm, UTM_NEAR);
    buf_span_add(&b, c->utm[0]);
    buf_span_add(&b, c->utm[1]);
    n->source_len = (uint8_t)c->utm[0].len;
    n->medium_len = (uint8_t)c->utm[1].len;
    n->channel = (uint8_t)channel(c);
}

/* Mostly that of a click before. */
static enum channel channel_near(struct rollup *r, const struct entry_click *c)
{
    const struct span source = c->utm[0], medium = c->utm[1];
    if (!span_empty(c->to) || source.len + medium.len > UTM_NEAR)
        return channel(c);
    struct near *n = &r->near[xxh64(xxh64(0, source), medium) % NEAR];
    if (!span_eq(source, span_of(n->utm, n->source_len)) ||
        !span_eq(medium, span_of(n->utm + n->source_len, n->medium_len)))
        near_keep(n, c);
    return (enum channel)n->channel;
}

/* What it says itself where no click does. */
static void values_of_lead(struct values *v, const struct entry_lead *l)
{
    set_code(v, l->placement);
    for (int i = 0; i < LIMIT_SUBS; i++)
        v->of[DIMENSION_SUB1 + i] = l->sub[i];
    for (size_t i = 0; i < l->n_facts; i++)
        if (span_is(l->facts[i].name, "country") && l->facts[i].value.len == 2)
            v->of[DIMENSION_COUNTRY] = l->facts[i].value;
}

/* By hundreds; the best are with 900. */
static struct span band(uint64_t score)
{
    static const char *const bands[] = {"0-99",    "100-199", "200-299", "300-399", "400-499",
                                        "500-599", "600-699", "700-799", "800-899", "900-1000"};
    enum { BANDS = sizeof bands / sizeof *bands };
    return span_str(bands[score < 100 * BANDS ? score / 100 : BANDS - 1]);
}

struct span rollup_own_value(const struct entry_lead *l, enum dimension d)
{
    return d == DIMENSION_SCORE && l->scored ? band(l->score) : SPAN("");
}

struct span rollup_value(const struct entry *e, enum dimension d, char mem[VALUE_CODE_MAX])
{
    struct values v = {0};
    assert(e->kind == ENTRY_CLICK || e->kind == ENTRY_LEAD);
    if (e->kind == ENTRY_CLICK)
        values_of_click(&v, &e->click, channel(&e->click));
    else
        values_of_lead(&v, &e->lead);
    if (d != DIMENSION_CODE || span_empty(v.of[d]))
        return v.of[d];
    memcpy(mem, v.of[d].ptr, v.of[d].len);
    return span_of(mem, v.of[d].len);
}

/* The spans move into memory that outlives the entry. */
static void values_keep(struct values *v, char mem[KEEP_MAX])
{
    size_t len = 0;
    for (int d = 0; d < DIMENSIONS; d++) {
        if (v->of[d].len == 0)
            continue;
        memcpy(mem + len, v->of[d].ptr, v->of[d].len);
        v->of[d].ptr = mem + len;
        len += v->of[d].len;
    }
}

static enum err entry_at(struct rollup *r, uint32_t contract, uint64_t index, enum entry_kind kind, struct entry *out)
{
    struct span bytes;
    enum err err = r->source.entry(r->source.ctx, contract, index, &bytes);
    if (err == ERR_OK)
        err = entry_read(bytes, out, NULL);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    if (out->kind == kind)
        return ERR_OK;
    entry_close(out);
    return ERR_CORRUPT;
}

struct when {
    uint32_t contract, day;
    uint8_t quarter;
};

static struct when when_of(uint32_t contract, int64_t at_ms)
{
    return (struct when){contract, (uint32_t)(at_ms / MS_PER_DAY), (uint8_t)(at_ms % MS_PER_DAY / QUARTER_MS)};
}

/* Adds up in the cell of each dimension that it has a value of. */
static enum err count(struct rollup *r, const struct when *w, const struct values *v, const struct count_what *what,
                      struct count add)
{
    struct log_of *log = log_of(r, w->contract);
    add.quarter = w->quarter;
    add.number = count_number(what);
    if (log->day == NULL || log->of_day != w->day) {
        log->day = cell_set_day(r->cells, w->contract, w->day);
        log->of_day = w->day;
    }
    static const struct values nothing;
    return cell_set_add(r->cells, log->day, v != NULL ? v->of : nothing.of, &add);
}

/* ---- traffic ---- */

static int64_t click_micros(const struct terms *t, enum class class)
{
    return t != NULL && terms_pays(t, class) ? t->click_micros : 0;
}

static enum err add_click(struct rollup *r, const struct when *w, const struct entry_click *c, const struct terms *t)
{
    struct values v = {0};
    values_of_click(&v, c, channel_near(r, c));
    return count(r, w, &v, &(struct count_what){.kind = COUNT_CLICKS, .class = c->class},
                 (struct count){.n = 1, .micros = click_micros(t, c->class)});
}

static enum err add_view(struct rollup *r, const struct when *w, const struct entry_view *view)
{
    const struct count_what what = {.kind = COUNT_VIEWS, .class = view->class};
    struct values v = {0};
    struct entry click;
    if (!view->has_click) {
        set_code(&v, view->placement);
        return count(r, w, &v, &what, (struct count){.n = 1});
    }
    enum err err = entry_at(r, w->contract, view->click, ENTRY_CLICK, &click);
    if (err != ERR_OK)
        return err;
    values_of_click(&v, &click.click, channel(&click.click));
    char mem[KEEP_MAX];
    values_keep(&v, mem);
    entry_close(&click);
    return count(r, w, &v, &what, (struct count){.n = 1});
}

static enum err add_impression(struct rollup *r, const struct when *w, const struct entry_view *view,
                               const struct terms *t)
{
    struct values v = {0};
    const bool pays = t != NULL && terms_pays(t, view->class);
    set_code(&v, view->placement);
    return count(r, w, &v, &(struct count_what){.kind = COUNT_IMPRESSIONS, .class = view->class},
                 (struct count){.n = 1, .micros = pays ? t->impression_micros : 0});
}

/* ---- leads ---- */

static struct span state_write(const struct lead_state *s, uint8_t out[LEAD_STATE])
{
    store_be32(out, s->quarter);
    store_be64(out + 4, s->number);
    store_be64(out + 12, (uint64_t)s->micros);
    store_be64(out + 20, (uint64_t)s->revenue);
    return span_of(out, LEAD_STATE);
}

enum err lead_state_read(struct span row, struct lead_state *out)
{
    struct count_what what;
    if (row.len != LEAD_STATE)
        return ERR_CORRUPT;
    *out = (struct lead_state){load_be32(row.ptr), load_be64(row.ptr + 4), (int64_t)load_be64(row.ptr + 12),
                               (int64_t)load_be64(row.ptr + 20)};
    return count_what(out->number, &what) && count_is_leads(what.kind) ? ERR_OK : ERR_CORRUPT;
}

static struct lead *find_lead(const struct rollup *r, uint32_t contract, uint64_t index)
{
    size_t at = 0;
    for (struct lead *l; (l = hashed_next(&r->leads, scatter(index, contract), &at)) != NULL;)
        if (l->contract == contract && l->index == index)
            return l;
    return NULL;
}

static void put_state(struct rollup *r, uint32_t contract, uint64_t index, bool several, const struct lead_state *s)
{
    struct lead *l = find_lead(r, contract, index);
    if (l == NULL) {
        l = xmalloc(sizeof *l);
        l->contract = contract;
        l->index = index;
        l->several = several;
        hashed_add(&r->leads, scatter(index, contract), l);
    }
    l->state = *s;
}

static enum err get_state(struct rollup *r, uint32_t contract, uint64_t index, bool several, struct lead_state *out)
{
    uint8_t mem[ROLLUP_LEAD_KEY];
    struct span row;
    const struct lead *l = find_lead(r, contract, index);
    if (l != NULL) {
        *out = l->state;
        return ERR_OK;
    }
    enum err err = r->source.row(r->source.ctx, rollup_lead_key(mem, contract, several, index), &row);
    return err == ERR_OK ? lead_state_read(row, out) : err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

bool rollup_several(const struct entry_lead *l)
{
    return l->other_touches > 0 || l->share_to > 0;
}

/* What its click says of it, and how long after that it came, where both are known. */
static enum err read_lead(struct rollup *r, uint32_t contract, const struct entry *e, struct values *v,
                          char mem[KEEP_MAX], unsigned *class, unsigned *lag)
{
    const struct entry_lead *l = &e->lead;
    struct entry click;
    *class = CLASS_NONE;
    *lag = 0;
    v->of[DIMENSION_SCORE] = rollup_own_value(l, DIMENSION_SCORE);
    if (!l->has_click || l->click_unrecorded) {
        values_of_lead(v, l);
        values_keep(v, mem);
        return ERR_OK;
    }
    enum err err = entry_at(r, contract, l->click, ENTRY_CLICK, &click);
    if (err != ERR_OK)
        return err;
    values_of_click(v, &click.click, channel(&click.click));
    values_keep(v, mem);
    *class = click.click.class;
    if (click.click.clock_steps == l->clock_steps && entry_clock(e) >= entry_clock(&click))
        *lag = lag_bucket(entry_clock(e) - entry_clock(&click));
    entry_close(&click);
    return ERR_OK;
}

/* A lead comes (n 1) or is taken out of its count (-1), and so is its score. */
static enum err count_lead(struct rollup *r, const struct when *w, const struct values *v,
                           const struct count_what *what, const struct lead_state *s, int64_t n, const int64_t *score)
{
    struct count_what scores = *what;
    enum err err = count(r, w, v, what, (struct count){.n = n, .micros = n * s->micros, .revenue = n * s->revenue});
    if (err != ERR_OK || score == NULL)
        return err;
    scores.kind = COUNT_SCORES;
    scores.lag = 0;
    scores.currency = 0;
    return count(r, w, v, &scores, (struct count){.n = n, .micros = n * *score});
}

static enum err add_lead(struct rollup *r, const struct when *w, uint64_t index, const struct entry *e)
{
    char mem[KEEP_MAX];
    struct values v = {0};
    const bool several = rollup_several(&e->lead);
    struct count_what what = {
        .kind = several ? COUNT_SEVERAL : COUNT_LEADS, .status = e->lead.status, .reason = e->lead.reason};
    enum err err = read_lead(r, w->contract, e, &v, mem, &what.class, &what.lag);
    if (err != ERR_OK)
        return err;
    const struct lead_state s = {
        .quarter = (uint32_t)(e->at_ms / QUARTER_MS), .number = count_number(&what), .micros = entry_payable_micros(e)};
    const int64_t score = (int64_t)e->lead.score;
    put_state(r, w->contract, index, several, &s);
    return count_lead(r, w, &v, &what, &s, 1, e->lead.scored ? &score : NULL);
}

/* It is counted when it came, as what it is now. */
static enum err move_lead(struct rollup *r, uint32_t contract, const struct entry *e, bool several,
                          const struct values *v, const int64_t *score)
{
    const struct entry_disposition *d = &e->disposition;
    struct lead_state s;
    struct count_what what;
    enum err err = get_state(r, contract, d->lead, several, &s);
    if (err != ERR_OK || !count_what(s.number, &what))
        return err == ERR_OK ? ERR_CORRUPT : err;
    const struct when w = when_of(contract, (int64_t)s.quarter * QUARTER_MS);
    err = count_lead(r, &w, v, &what, &s, -1, score);
    if (err != ERR_OK)
        return err;
    bool sold = d->status == STATUS_CONVERTED && d->amount_micros > 0;
    what.status = d->status;
    what.currency = sold ? currency_number(d->currency) : 0;
    s.number = count_number(&what);
    s.micros += entry_payable_micros(e);
    s.revenue = sold && what.currency != 0 ? d->amount_micros : 0;
    put_state(r, contract, d->lead, several, &s);
    return count_lead(r, &w, v, &what, &s, 1, score);
}

static enum err add_disposition(struct rollup *r, uint32_t contract, const struct entry *e)
{
    char mem[KEEP_MAX];
    struct values v = {0};
    struct entry lead;
    struct span bytes;
    unsigned class, lag;
    bool scored = false, several = false;
    int64_t score = 0;
    enum err err = r->source.entry(r->source.ctx, contract, e->disposition.lead, &bytes);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    struct buf own; /* its click is asked for while it is read */
    buf_heap(&own);
    buf_span_add(&own, bytes);
    err = entry_read(buf_span(&own), &lead, NULL);
    if (err == ERR_OK) {
        err = lead.kind == ENTRY_LEAD ? read_lead(r, contract, &lead, &v, mem, &class, &lag) : ERR_CORRUPT;
        scored = err == ERR_OK && lead.lead.scored;
        several = err == ERR_OK && rollup_several(&lead.lead);
        score = scored ? (int64_t)lead.lead.score : 0;
        entry_close(&lead);
    }
    buf_free(&own);
    return err == ERR_OK ? move_lead(r, contract, e, several, &v, scored ? &score : NULL) : err;
}

/* ---- the rest ---- */

static enum err add_gap(struct rollup *r, const struct when *w, const struct entry_gap *g)
{
    const uint64_t n[] = {g->clicks, g->views, g->impressions};
    enum err err = ERR_OK;
    for (unsigned i = 0; i < 3 && err == ERR_OK; i++)
        if (n[i] > 0)
            err = count(r, w, NULL, &(struct count_what){.kind = COUNT_GAPS, .class = i},
                        (struct count){.n = (int64_t)n[i]});
    return err;
}

static enum err add_money(struct rollup *r, const struct when *w, const struct entry *e)
{
    int64_t micros = entry_payable_micros(e);
    if (micros == 0)
        return ERR_OK;
    return count(r, w, NULL, &(struct count_what){.kind = COUNT_ADJUSTMENTS}, (struct count){.n = 1, .micros = micros});
}

enum err rollup_add(struct rollup *r, uint32_t contract, uint64_t index, const struct entry *e,
                    const struct terms *terms)
{
    const struct when w = when_of(contract, e->at_ms);
    struct log_of *log = log_of(r, contract);
    log->size = index + 1;
    log->grew = true;
    switch (e->kind) {
    case ENTRY_CLICK:
        return add_click(r, &w, &e->click, terms);
    case ENTRY_VIEW:
        return add_view(r, &w, &e->view);
    case ENTRY_IMPRESSION:
        return add_impression(r, &w, &e->view, terms);
    case ENTRY_LEAD:
        return add_lead(r, &w, index, e);
    case ENTRY_DISPOSITION:
        return add_disposition(r, contract, e);
    case ENTRY_GAP:
        return add_gap(r, &w, &e->gap);
    case ENTRY_ADJUSTMENT:
    case ENTRY_ASSENT:
        return add_money(r, &w, e);
    default:
        return ERR_OK;
    }
}

void rollup_reaches(struct rollup *r, uint64_t seq)
{
    r->reaches = seq;
}

/* ---- what became of it ---- */

static enum err tell_number(uint32_t contract, uint64_t n, rollup_row *each, void *ctx)
{
    uint8_t key[ROLLUP_HEAD_KEY], value[8];
    store_be64(value, n);
    return each(ctx, rollup_head_key(key, contract), span_of(value, sizeof value));
}

static enum err tell_leads(struct rollup *r, rollup_row *each, void *ctx)
{
    uint8_t key[ROLLUP_LEAD_KEY], value[LEAD_STATE];
    enum err err = ERR_OK;
    for (size_t i = 0; i < r->leads.room && err == ERR_OK; i++) {
        const struct lead *l = r->leads.slot[i].what;
        if (l != NULL)
            err = each(ctx, rollup_lead_key(key, l->contract, l->several, l->index), state_write(&l->state, value));
    }
    forget_leads(r);
    return err;
}

enum err rollup_changed(struct rollup *r, rollup_row *each, void *ctx)
{
    enum err err = cell_set_changed(r->cells, each, ctx);
    if (err == ERR_OK)
        err = tell_leads(r, each, ctx);
    for (uint32_t i = 0; i < r->n_logs && err == ERR_OK; i++) {
        if (!r->logs[i].grew)
            continue;
        r->logs[i].grew = false;
        err = tell_number(i, r->logs[i].size, each, ctx);
    }
    return err == ERR_OK ? tell_number(0, r->reaches, each, ctx) : err;
}
