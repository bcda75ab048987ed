/* The rows of a report: their memory, how they are found by their key, and their order. */
#include <stdlib.h>
#include <string.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "common/base/xxh64.h"
#include "common/reports/report_private.h"

enum { CHUNK = 1 << 16, ROWS_FIRST = 1024 };

struct report_chunk {
    struct report_chunk *before;
    uint64_t mem[];
};

/* ---- memory ---- */

static void *mem(struct report *r, size_t words)
{
    if (r->chunk == NULL || r->chunk_used + words > CHUNK / sizeof *r->chunk->mem) {
        struct report_chunk *more = xcalloc(1, sizeof *more + CHUNK);
        more->before = r->chunk;
        r->chunk = more;
        r->chunk_used = 0;
    }
    void *at = r->chunk->mem + r->chunk_used;
    r->chunk_used += words;
    return at;
}

static size_t words_of(size_t len)
{
    return (len + sizeof(uint64_t) - 1) / sizeof(uint64_t);
}

/* Kept once, however many rows are of it. */
static struct report_value *value_of(struct report *r, struct span text)
{
    const uint64_t hash = xxh64(0, text);
    size_t at = 0;
    struct report_value *v;
    while ((v = hashed_next(&r->values, hash, &at)) != NULL)
        if (span_eq(v->text, text))
            return v;
    v = mem(r, words_of(sizeof *v + text.len));
    memcpy(v->bytes, text.ptr, text.len);
    v->text = span_of(v->bytes, text.len);
    hashed_add(&r->values, hash, v);
    return v;
}

struct report_value **report_values(const struct report *r)
{
    struct report_value **all = xmalloc((r->values.n + 1) * sizeof *all);
    size_t n = 0;
    for (size_t i = 0; i < r->values.room; i++)
        if (r->values.slot[i].what != NULL)
            all[n++] = r->values.slot[i].what;
    return all;
}

struct report_row *report_new_row(struct report *r, const struct report_key *k)
{
    struct report_row *row = mem(r, words_of(sizeof *row + report_periods(r) * sizeof *row->sums));
    row->key = *k;
    if (!span_empty(k->value)) {
        row->value = value_of(r, k->value);
        row->key.value = row->value->text;
    }
    return row;
}

struct rare *report_rare(struct report *r, struct sums *s)
{
    if (s->rare == NULL)
        s->rare = mem(r, words_of(sizeof *s->rare));
    return s->rare;
}

int64_t *report_reasons(struct report *r, struct rare *s)
{
    if (s->reasons == NULL)
        s->reasons = mem(r, REASON_COUNT);
    return s->reasons;
}

struct report_chain *report_chain(struct report *r, struct report_row *row)
{
    if (row->chain == NULL)
        row->chain = mem(r, words_of(sizeof *row->chain));
    return row->chain;
}

void report_rows_free(struct report *r)
{
    while (r->chunk != NULL) {
        struct report_chunk *before = r->chunk->before;
        free(r->chunk);
        r->chunk = before;
    }
    free(r->row);
    hashed_free(&r->rows);
    hashed_free(&r->values);
}

/* ---- by key ---- */

static uint64_t key_hash(const struct report_key *k)
{
    uint64_t h = scatter((uint64_t)k->time ^ (uint64_t)k->currency << 40,
                         (uint64_t)k->class << 24 | (uint64_t)k->status << 16 | (uint64_t)k->reason << 8 | k->rest);
    const struct span of[] = {k->campaign, k->contract, k->publisher, k->value};
    for (size_t i = 0; i < sizeof of / sizeof *of; i++)
        if (!span_empty(of[i]))
            h = xxh64(h + i, of[i]);
    return h;
}

static bool same_text(struct span a, struct span b)
{
    return a.len == b.len && (a.ptr == b.ptr || span_eq(a, b));
}

bool report_same_key(const struct report_key *a, const struct report_key *b)
{
    return a->time == b->time && a->currency == b->currency && a->class == b->class && a->status == b->status &&
           a->reason == b->reason && a->rest == b->rest && same_text(a->value, b->value) &&
           same_text(a->contract, b->contract) && same_text(a->campaign, b->campaign) &&
           same_text(a->publisher, b->publisher);
}

struct report_row *report_row(struct report *r, const struct report_key *k)
{
    const uint64_t hash = key_hash(k);
    size_t at = 0;
    struct report_row *row;
    while ((row = hashed_next(&r->rows, hash, &at)) != NULL)
        if (report_same_key(&row->key, k))
            return row;
    if (r->n >= REPORT_ROWS_MOST && !r->merging)
        return NULL;
    if (r->n % ROWS_FIRST == 0)
        r->row = xrealloc(r->row, (r->n + ROWS_FIRST) * sizeof(struct report_row *));
    row = report_new_row(r, k);
    r->row[r->n++] = row;
    hashed_add(&r->rows, hash, row);
    return row;
}

/* ---- in order ---- */

static int by_text(const void *a, const void *b)
{
    return span_order((*(struct report_value *const *)a)->text, (*(struct report_value *const *)b)->text);
}

/* So that rows compare numbers. */
static void rank_values(const struct report *r)
{
    struct report_value **all = report_values(r);
    qsort(all, r->values.n, sizeof *all, by_text);
    for (size_t i = 0; i < r->values.n; i++)
        all[i]->rank = (uint32_t)i + 1;
    free(all);
}

static uint32_t rank_of(const struct report_row *row)
{
    return row->value != NULL ? row->value->rank : 0;
}

static int text_order(struct span a, struct span b)
{
    return a.ptr == b.ptr ? 0 : span_order(a, b);
}

static int order_of(const struct report_row *p, const struct report_row *q, enum group g)
{
    const struct report_key *x = &p->key, *y = &q->key;
    switch (g) {
    case GROUP_HOUR:
    case GROUP_DAY:
    case GROUP_WEEK:
    case GROUP_MONTH:
        return (x->time > y->time) - (x->time < y->time);
    case GROUP_CAMPAIGN:
        return text_order(x->campaign, y->campaign);
    case GROUP_CONTRACT:
        return text_order(x->contract, y->contract);
    case GROUP_PUBLISHER:
        return text_order(x->publisher, y->publisher);
    case GROUP_CLASS:
        return x->class - y->class;
    case GROUP_STATUS:
        return x->status - y->status;
    case GROUP_REASON:
        return x->reason - y->reason;
    case GROUP_VALUE:
        return x->rest != y->rest ? x->rest - y->rest : (rank_of(p) > rank_of(q)) - (rank_of(p) < rank_of(q));
    case GROUPS:
        break;
    }
    return 0;
}

static int row_order(const struct report_asked *a, const struct report_row *p, const struct report_row *q)
{
    const uint32_t x = p->key.currency, y = q->key.currency;
    int order = 0;
    for (size_t i = 0; i < a->n && order == 0; i++)
        order = order_of(p, q, a->group[i]);
    return order != 0 ? order : (x > y) - (x < y);
}

static void merge_runs(const struct report_asked *a, struct report_row *const *from, size_t at, size_t middle,
                       size_t end, struct report_row **to)
{
    for (size_t left = at, right = middle, i = at; i < end; i++) {
        bool first = left < middle && (right == end || row_order(a, from[left], from[right]) <= 0);
        to[i] = first ? from[left++] : from[right++];
    }
}

/* Where runs of rows that are in order end; how many there are. */
static size_t find_runs(const struct report *r, size_t n, size_t *end)
{
    size_t runs = 0;
    for (size_t i = 1; i <= n; i++)
        if (i == n || row_order(&r->asked, r->row[i - 1], r->row[i]) > 0)
            end[runs++] = i;
    return runs;
}

/* They come mostly in order, a run from each contract and day: two and two become one. */
void report_sort(struct report *r, size_t n)
{
    size_t *end = xmalloc((n + 1) * sizeof *end);
    struct report_row **to = xmalloc((n + 1) * sizeof *to);
    rank_values(r);
    for (size_t runs = find_runs(r, n, end); runs > 1; runs = (runs + 1) / 2) {
        for (size_t i = 0; i < runs; i += 2) {
            const size_t at = i > 0 ? end[i - 1] : 0, last = i + 1 < runs ? end[i + 1] : end[i];
            merge_runs(&r->asked, r->row, at, end[i], last, to);
            end[i / 2] = last; /* in front of what is still to be looked at */
        }
        memcpy(r->row, to, n * sizeof *to);
    }
    free(to);
    free(end);
}
