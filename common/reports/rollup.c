#include "common/reports/rollup.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "common/base/when.h"
#include "common/base/xxh64.h"
#include "common/reports/channel.h"

enum {
    CHUNK = 1 << 16,
    LEAD_STATE = 4 + 8 + 8 + 8,
    NEAR = 4,
    ALIKE_MOST = 1 << 16,
    NAME_HEAD = 4 + 4 + 1 + 8,
    KEEP_MAX = DIMENSIONS * (LIMIT_PARAM + 2) + 32
};

/* ---- memory: what is made lives until the fold ends ---- */

struct chunk {
    struct chunk *before;
    size_t used;
    max_align_t mem[CHUNK / sizeof(max_align_t)];
};

static void *make(struct chunk **chunks, size_t len)
{
    size_t whole = (len + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    assert(whole <= CHUNK);
    if (*chunks == NULL || (*chunks)->used + whole > CHUNK) {
        struct chunk *c = xmalloc(sizeof *c);
        c->before = *chunks;
        c->used = 0;
        *chunks = c;
    }
    void *out = (char *)(*chunks)->mem + (*chunks)->used;
    (*chunks)->used += whole;
    return out;
}

/* What is found by its bytes: the first member of what it holds. */
struct named {
    uint64_t hash;
    struct span name;
};

struct table {
    struct named **slot;
    size_t n, room; /* a power of two */
};

static void grow(struct table *t)
{
    size_t room = t->room ? 2 * t->room : 256;
    struct named **slot = xcalloc(room, sizeof(struct named *));
    for (size_t i = 0; i < t->room; i++) {
        if (t->slot[i] == NULL)
            continue;
        size_t at = t->slot[i]->hash & (room - 1);
        while (slot[at] != NULL)
            at = (at + 1) & (room - 1);
        slot[at] = t->slot[i];
    }
    free(t->slot);
    t->slot = slot;
    t->room = room;
}

/* Of that name; NULL: there is none. */
static void *table_get(const struct table *t, uint64_t hash, struct span name)
{
    if (t->room == 0)
        return NULL;
    for (size_t at = hash & (t->room - 1); t->slot[at] != NULL; at = (at + 1) & (t->room - 1))
        if (t->slot[at]->hash == hash && span_eq(t->slot[at]->name, name))
            return t->slot[at];
    return NULL;
}

static void *table_add(struct table *t, struct chunk **chunks, uint64_t hash, struct span name, size_t size)
{
    if (2 * t->n >= t->room)
        grow(t);
    struct named *x = make(chunks, size);
    char *mem = make(chunks, name.len + 1);
    memset(x, 0, size);
    memcpy(mem, name.ptr, name.len);
    x->hash = hash;
    x->name = span_of(mem, name.len);
    size_t at = hash & (t->room - 1);
    while (t->slot[at] != NULL)
        at = (at + 1) & (t->room - 1);
    t->slot[at] = x;
    t->n++;
    return x;
}

/* ---- the fold's state ---- */

struct tally_of { /* one count of a cell, wherever it is stored */
    struct named of;
    struct count count;
    struct tally_of *next;
};

struct cell {
    struct named of;
    struct tally_of *first;
    size_t n;
    uint32_t values; /* of that of all other values: so many have one of their own */
    bool rest;       /* it is that */
};

struct plain { /* a row that is no cell */
    struct named of;
    uint8_t value[LEAD_STATE];
    size_t len;
};

/* Clicks that differ by nothing that is counted: mostly a great many. */
struct alike {
    struct named of;
    struct count *count[DIMENSIONS];
    size_t n;
    int64_t micros;
};

struct rollup {
    struct rollup_source source;
    struct table cells, counts, plains, alike;
    struct chunk *chunks;
    struct plain *sized; /* the row of that log's size, which was put last */
    uint32_t sized_of;
    struct buf scratch;
};

struct rollup *rollup_new(const struct rollup_source *source)
{
    struct rollup *r = xcalloc(1, sizeof *r);
    r->source = *source;
    buf_heap(&r->scratch);
    return r;
}

void rollup_free(struct rollup *r)
{
    if (r == NULL)
        return;
    while (r->chunks != NULL) {
        struct chunk *c = r->chunks;
        r->chunks = c->before;
        free(c);
    }
    free(r->cells.slot);
    free(r->counts.slot);
    free(r->plains.slot);
    free(r->alike.slot);
    buf_free(&r->scratch);
    free(r);
}

/* ---- cells ---- */

/* Mostly it is one of those that were made last: what is hashed is far away. */
static struct count *count_near(const struct cell *cell, uint8_t quarter, uint64_t number)
{
    struct tally_of *t = cell->first;
    for (int i = 0; i < NEAR && t != NULL; i++, t = t->next)
        if (t->count.quarter == quarter && t->count.number == number)
            return &t->count;
    return NULL;
}

static struct count *count_in(struct rollup *r, struct cell *cell, uint8_t quarter, uint64_t number)
{
    struct count *near = count_near(cell, quarter, number);
    if (near != NULL)
        return near;
    uint8_t name[sizeof cell + 1 + 8];
    memcpy(name, &cell, sizeof cell);
    name[sizeof cell] = quarter;
    store_be64(name + sizeof cell + 1, number);
    const struct span key = span_of(name, sizeof name);
    uint64_t hash = scatter((uint64_t)(uintptr_t)cell + quarter, number);
    struct tally_of *t = table_get(&r->counts, hash, key);
    if (t == NULL) {
        t = table_add(&r->counts, &r->chunks, hash, key, sizeof *t);
        t->count.quarter = quarter;
        t->count.number = number;
        t->next = cell->first;
        cell->first = t;
        cell->n++;
    }
    return &t->count;
}

static enum err cell_load(struct rollup *r, struct cell *cell, struct span row)
{
    struct count c;
    struct count_what what;
    enum err err;
    if (cell->rest) {
        if (row.len < 4)
            return ERR_CORRUPT;
        cell->values = load_be32(row.ptr);
        row = span_skip(row, 4);
    }
    while ((err = count_read(&row, &c)) == ERR_OK) {
        if (!count_what(c.number, &what))
            return ERR_CORRUPT;
        *count_in(r, cell, c.quarter, c.number) = c;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* The cell of that key, in memory or as it is stored; ERR_NOT_FOUND: there is none so far. */
static enum err cell_find(struct rollup *r, uint64_t hash, struct span key, bool rest, struct cell **out)
{
    struct span row;
    if ((*out = table_get(&r->cells, hash, key)) != NULL)
        return ERR_OK;
    enum err err = r->source.row(r->source.ctx, key, &row);
    if (err != ERR_OK)
        return err;
    *out = table_add(&r->cells, &r->chunks, hash, key, sizeof **out);
    (*out)->rest = rest;
    return cell_load(r, *out, row);
}

static enum err cell_rest(struct rollup *r, struct cell_key k, struct cell **out)
{
    uint8_t mem[ROLLUP_KEY_MAX];
    k.named = false;
    k.value = SPAN("");
    struct span key = cell_key_write(mem, &k);
    uint64_t hash = xxh64(0, key);
    enum err err = cell_find(r, hash, key, true, out);
    if (err != ERR_NOT_FOUND)
        return err;
    *out = table_add(&r->cells, &r->chunks, hash, key, sizeof **out);
    (*out)->rest = true;
    return ERR_OK;
}

/* Where a value is counted on a day: what was counted by itself once goes on so. */
static enum err cell_of(struct rollup *r, const struct cell_key *k, struct cell **out)
{
    uint8_t mem[ROLLUP_KEY_MAX];
    struct span key = cell_key_write(mem, k);
    uint64_t hash = xxh64(0, key);
    struct cell *rest = NULL;
    enum err err = cell_find(r, hash, key, false, out);
    if (err != ERR_NOT_FOUND)
        return err;
    if (k->dimension != DIMENSION_ALL && (err = cell_rest(r, *k, &rest)) != ERR_OK)
        return err;
    if (rest != NULL && rest->values >= ROLLUP_VALUES) {
        *out = rest;
        return ERR_OK;
    }
    if (rest != NULL)
        rest->values++;
    *out = table_add(&r->cells, &r->chunks, hash, key, sizeof **out);
    return ERR_OK;
}

/* ---- where something is counted ---- */

/* What an entry says of itself, or its click of it; empty where it says nothing. */
struct values {
    struct span of[DIMENSIONS];
    char code[12];
};

static void set_code(struct values *v, uint32_t placement)
{
    int len = placement > 0 ? snprintf(v->code, sizeof v->code, "%u", (unsigned)placement) : 0;
    v->of[DIMENSION_CODE] = span_of(v->code, (size_t)len);
}

static void values_of_click(struct values *v, const struct entry_click *c)
{
    set_code(v, c->placement);
    for (int i = 0; i < LIMIT_SUBS; i++)
        v->of[DIMENSION_SUB1 + i] = c->sub[i];
    for (int i = 0; i < LIMIT_UTMS; i++)
        v->of[DIMENSION_UTM_SOURCE + i] = c->utm[i];
    v->of[DIMENSION_COUNTRY] = c->country;
    v->of[DIMENSION_DEVICE] = span_str(device_word(c->device));
    v->of[DIMENSION_CHANNEL] = span_str(channel_word(channel_of(c->utm[0], c->utm[1], c->to)));
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

/* Its count in the cell of each dimension that it has a value of; the whole contract is the first. */
static enum err counts_of(struct rollup *r, const struct when *w, const struct values *v, uint64_t number,
                          struct count *out[DIMENSIONS], size_t *n)
{
    *n = 0;
    for (int d = 0; d < DIMENSIONS; d++) {
        struct cell *cell;
        if (d != DIMENSION_ALL && (v == NULL || span_empty(v->of[d])))
            continue;
        const struct cell_key k = {.contract = w->contract,
                                   .dimension = (enum dimension)d,
                                   .day = w->day,
                                   .named = true,
                                   .value = d == DIMENSION_ALL ? SPAN("") : v->of[d]};
        enum err err = cell_of(r, &k, &cell);
        if (err != ERR_OK)
            return err;
        out[(*n)++] = count_in(r, cell, w->quarter, number);
    }
    return ERR_OK;
}

static enum err count(struct rollup *r, const struct when *w, const struct values *v, const struct count_what *what,
                      struct count add)
{
    struct count *to[DIMENSIONS];
    size_t n;
    enum err err = counts_of(r, w, v, count_number(what), to, &n);
    for (size_t i = 0; i < n && err == ERR_OK; i++) {
        to[i]->n += add.n;
        to[i]->micros += add.micros;
        to[i]->revenue += add.revenue;
    }
    return err;
}

/* ---- rows that are no cells ---- */

static void put_plain(struct rollup *r, struct span key, struct span value)
{
    uint64_t hash = xxh64(0, key);
    struct plain *p = table_get(&r->plains, hash, key);
    if (p == NULL)
        p = table_add(&r->plains, &r->chunks, hash, key, sizeof *p);
    assert(value.len <= sizeof p->value);
    memcpy(p->value, value.ptr, value.len);
    p->len = value.len;
}

/* Of one log, which grows: mostly it is the one before. */
static void put_size(struct rollup *r, uint32_t contract, uint64_t size)
{
    uint8_t key[ROLLUP_HEAD_KEY], value[8];
    store_be64(value, size);
    if (r->sized != NULL && r->sized_of == contract) {
        memcpy(r->sized->value, value, sizeof value);
        return;
    }
    struct span name = rollup_head_key(key, contract);
    put_plain(r, name, span_of(value, sizeof value));
    r->sized = table_get(&r->plains, xxh64(0, name), name);
    r->sized_of = contract;
}

/* ---- traffic ---- */

/* Everything that a click says but when it came and what it commits to, and what it earns. False: these stand not where
 * most have them. */
static bool name_click(struct rollup *r, const struct when *w, struct span bytes, int64_t micros)
{
    static const char mark[] = ",\"commit\":\"";
    enum { COMMIT = sizeof mark - 1 + 43 };
    const char *comma = memchr(bytes.ptr, ',', bytes.len);
    const char *commit =
        comma != NULL ? memmem(comma, (size_t)(bytes.ptr + bytes.len - comma), mark, sizeof mark - 1) : NULL;
    if (commit == NULL || commit + COMMIT > bytes.ptr + bytes.len)
        return false;
    struct span rest = span_skip(bytes, (size_t)(commit - bytes.ptr) + COMMIT);
    buf_clear(&r->scratch);
    char *to = buf_room(&r->scratch, NAME_HEAD + bytes.len);
    store_be32(to, w->contract);
    store_be32(to + 4, w->day);
    to[8] = (char)w->quarter;
    store_be64(to + 9, (uint64_t)micros);
    memcpy(to + NAME_HEAD, comma, (size_t)(commit - comma));
    memcpy(to + NAME_HEAD + (commit - comma), rest.ptr, rest.len);
    r->scratch.len += NAME_HEAD + (size_t)(commit - comma) + rest.len;
    return true;
}

static int64_t click_micros(const struct terms *t, enum class class)
{
    return t != NULL && terms_pays(t, class) ? t->click_micros : 0;
}

static void add_alike(const struct alike *a)
{
    for (size_t i = 0; i < a->n; i++) {
        a->count[i]->n++;
        a->count[i]->micros += a->micros;
    }
}

bool rollup_alike(struct rollup *r, uint32_t contract, uint64_t index, const struct rollup_click *c,
                  const struct terms *t)
{
    const struct when w = when_of(contract, c->at_ms);
    if (!name_click(r, &w, c->bytes, click_micros(t, c->class)))
        return false;
    const struct alike *a = table_get(&r->alike, xxh64(0, buf_span(&r->scratch)), buf_span(&r->scratch));
    if (a == NULL)
        return false;
    add_alike(a);
    put_size(r, contract, index + 1);
    return true;
}

static enum err add_click(struct rollup *r, const struct when *w, const struct entry_click *c, struct span bytes,
                          const struct terms *t)
{
    struct alike found = {.micros = click_micros(t, c->class)};
    struct values v = {0};
    values_of_click(&v, c);
    const struct count_what what = {.kind = COUNT_CLICKS, .class = c->class};
    enum err err = counts_of(r, w, &v, count_number(&what), found.count, &found.n);
    if (err != ERR_OK)
        return err;
    add_alike(&found);
    if (r->alike.n == ALIKE_MOST || !name_click(r, w, bytes, found.micros))
        return ERR_OK;
    uint64_t hash = xxh64(0, buf_span(&r->scratch));
    struct alike *a = table_get(&r->alike, hash, buf_span(&r->scratch));
    if (a == NULL) {
        a = table_add(&r->alike, &r->chunks, hash, buf_span(&r->scratch), sizeof *a);
        memcpy(a->count, found.count, sizeof a->count);
        a->n = found.n;
        a->micros = found.micros;
    }
    return ERR_OK;
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
    values_of_click(&v, &click.click);
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

/* How one is counted now. */
struct lead_state {
    uint32_t quarter; /* since 1970-01-01 */
    uint64_t number;
    int64_t micros, revenue;
};

static struct span state_write(const struct lead_state *s, uint8_t out[LEAD_STATE])
{
    store_be32(out, s->quarter);
    store_be64(out + 4, s->number);
    store_be64(out + 12, (uint64_t)s->micros);
    store_be64(out + 20, (uint64_t)s->revenue);
    return span_of(out, LEAD_STATE);
}

static enum err state_read(struct span row, struct lead_state *out)
{
    struct count_what what;
    if (row.len != LEAD_STATE)
        return ERR_CORRUPT;
    *out = (struct lead_state){load_be32(row.ptr), load_be64(row.ptr + 4), (int64_t)load_be64(row.ptr + 12),
                               (int64_t)load_be64(row.ptr + 20)};
    return count_what(out->number, &what) && what.kind == COUNT_LEADS ? ERR_OK : ERR_CORRUPT;
}

static void put_state(struct rollup *r, uint32_t contract, uint64_t index, const struct lead_state *s)
{
    uint8_t key[ROLLUP_LEAD_KEY], value[LEAD_STATE];
    put_plain(r, rollup_lead_key(key, contract, index), state_write(s, value));
}

static enum err get_state(struct rollup *r, uint32_t contract, uint64_t index, struct lead_state *out)
{
    uint8_t mem[ROLLUP_LEAD_KEY];
    struct span row, key = rollup_lead_key(mem, contract, index);
    const struct plain *p = table_get(&r->plains, xxh64(0, key), key);
    if (p != NULL)
        return state_read(span_of(p->value, p->len), out);
    enum err err = r->source.row(r->source.ctx, key, &row);
    return err == ERR_OK ? state_read(row, out) : err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

/* What its click says of it, and how long after that it came, where both are known. */
static enum err read_lead(struct rollup *r, uint32_t contract, const struct entry *e, struct values *v,
                          char mem[KEEP_MAX], unsigned *class, unsigned *lag)
{
    const struct entry_lead *l = &e->lead;
    struct entry click;
    *class = CLASS_NONE;
    *lag = 0;
    if (!l->has_click || l->click_unrecorded) {
        values_of_lead(v, l);
        values_keep(v, mem);
        return ERR_OK;
    }
    enum err err = entry_at(r, contract, l->click, ENTRY_CLICK, &click);
    if (err != ERR_OK)
        return err;
    values_of_click(v, &click.click);
    values_keep(v, mem);
    *class = click.click.class;
    if (click.click.clock_steps == l->clock_steps && entry_clock(e) >= entry_clock(&click))
        *lag = lag_bucket(entry_clock(e) - entry_clock(&click));
    entry_close(&click);
    return ERR_OK;
}

static enum err add_lead(struct rollup *r, const struct when *w, uint64_t index, const struct entry *e)
{
    char mem[KEEP_MAX];
    struct values v = {0};
    struct count_what what = {.kind = COUNT_LEADS, .status = e->lead.status, .reason = e->lead.reason};
    enum err err = read_lead(r, w->contract, e, &v, mem, &what.class, &what.lag);
    if (err != ERR_OK)
        return err;
    const struct lead_state s = {
        .quarter = (uint32_t)(e->at_ms / QUARTER_MS), .number = count_number(&what), .micros = entry_payable_micros(e)};
    put_state(r, w->contract, index, &s);
    return count(r, w, &v, &what, (struct count){.n = 1, .micros = s.micros});
}

/* It is counted when it came, as what it is now. */
static enum err move_lead(struct rollup *r, uint32_t contract, const struct entry *e, const struct values *v)
{
    const struct entry_disposition *d = &e->disposition;
    struct lead_state s;
    struct count_what what;
    enum err err = get_state(r, contract, d->lead, &s);
    if (err != ERR_OK || !count_what(s.number, &what))
        return err == ERR_OK ? ERR_CORRUPT : err;
    const struct when w = when_of(contract, (int64_t)s.quarter * QUARTER_MS);
    err = count(r, &w, v, &what, (struct count){.n = -1, .micros = -s.micros, .revenue = -s.revenue});
    if (err != ERR_OK)
        return err;
    bool sold = d->status == STATUS_CONVERTED && d->amount_micros > 0;
    what.status = d->status;
    what.currency = sold ? currency_number(d->currency) : 0;
    s.number = count_number(&what);
    s.micros += entry_payable_micros(e);
    s.revenue = sold && what.currency != 0 ? d->amount_micros : 0;
    put_state(r, contract, d->lead, &s);
    return count(r, &w, v, &what, (struct count){.n = 1, .micros = s.micros, .revenue = s.revenue});
}

static enum err add_disposition(struct rollup *r, uint32_t contract, const struct entry *e)
{
    char mem[KEEP_MAX];
    struct values v = {0};
    struct entry lead;
    struct span bytes;
    unsigned class, lag;
    enum err err = r->source.entry(r->source.ctx, contract, e->disposition.lead, &bytes);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    struct buf own; /* its click is asked for while it is read */
    buf_heap(&own);
    buf_span_add(&own, bytes);
    err = entry_read(buf_span(&own), &lead, NULL);
    if (err == ERR_OK) {
        err = lead.kind == ENTRY_LEAD ? read_lead(r, contract, &lead, &v, mem, &class, &lag) : ERR_CORRUPT;
        entry_close(&lead);
    }
    buf_free(&own);
    return err == ERR_OK ? move_lead(r, contract, e, &v) : err;
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

enum err rollup_add(struct rollup *r, uint32_t contract, uint64_t index, const struct entry *e, struct span bytes,
                    const struct terms *terms)
{
    const struct when w = when_of(contract, e->at_ms);
    put_size(r, contract, index + 1);
    switch (e->kind) {
    case ENTRY_CLICK:
        return add_click(r, &w, &e->click, bytes, terms);
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
    uint8_t key[ROLLUP_HEAD_KEY], value[8];
    store_be64(value, seq);
    put_plain(r, rollup_head_key(key, 0), span_of(value, sizeof value));
}

/* ---- what became of it ---- */

static int by_place(const void *a, const void *b)
{
    const struct count *x = a, *y = b;
    if (x->quarter != y->quarter)
        return x->quarter < y->quarter ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

/* What nothing is left of is not kept: a lead that moved on leaves no trace where it was. */
static void cell_write(struct buf *out, const struct cell *cell)
{
    struct count *all = xmalloc((cell->n + 1) * sizeof *all);
    size_t n = 0;
    for (const struct tally_of *t = cell->first; t != NULL; t = t->next)
        if (t->count.n != 0 || t->count.micros != 0 || t->count.revenue != 0)
            all[n++] = t->count;
    if (n > 1)
        qsort(all, n, sizeof *all, by_place);
    buf_clear(out);
    if (cell->rest)
        buf_be32(out, cell->values);
    for (size_t i = 0; i < n; i++)
        count_write(out, &all[i]);
    free(all);
}

enum err rollup_each(struct rollup *r, rollup_row *each, void *ctx)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < r->cells.room && err == ERR_OK; i++) {
        const struct cell *cell = (const struct cell *)r->cells.slot[i];
        if (cell == NULL)
            continue;
        cell_write(&r->scratch, cell);
        err = each(ctx, cell->of.name, buf_span(&r->scratch));
    }
    for (size_t i = 0; i < r->plains.room && err == ERR_OK; i++) {
        const struct plain *p = (const struct plain *)r->plains.slot[i];
        if (p != NULL)
            err = each(ctx, p->of.name, span_of(p->value, p->len));
    }
    return err;
}
