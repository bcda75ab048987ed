#include "server/commit/gaps.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "server/commit/gaps_file.h"
#include "server/ledger/journal.h"
#include "server/system/log.h"
#include "server/system/system.h"

/* Some of them, in no order. */
struct gap_list {
    struct gap_count *count;
    size_t n, room;
};

struct gaps {
    pthread_mutex_t lock;
    struct gap_count *count; /* by contract number; all zero: nothing counted */
    size_t n, counted;       /* contracts with something counted */
    struct gap_list full;    /* as wide as one may be */
    struct gap_list taken;   /* of which nobody knows whether they are recorded */
    struct gaps_file *file;  /* NULL: they are not kept */
    pthread_t keeper;        /* its thread: */
    pthread_cond_t changed;
    bool unkept, ends;
};

struct gaps *gaps_new(void)
{
    struct gaps *g = xcalloc(1, sizeof *g);
    pthread_mutex_init(&g->lock, NULL);
    pthread_cond_init(&g->changed, NULL);
    return g;
}

void gaps_free(struct gaps *g)
{
    if (g == NULL)
        return;
    if (g->file != NULL) {
        pthread_mutex_lock(&g->lock);
        g->ends = true;
        pthread_cond_signal(&g->changed);
        pthread_mutex_unlock(&g->lock);
        pthread_join(g->keeper, NULL);
    }
    gaps_file_close(g->file);
    free(g->count);
    free(g->full.count);
    free(g->taken.count);
    pthread_cond_destroy(&g->changed);
    pthread_mutex_destroy(&g->lock);
    free(g);
}

static bool is_counted(const struct gap_count *c)
{
    return c->gap.clicks + c->gap.views + c->gap.impressions + c->gap.late_clicks != 0;
}

static struct gap_count *slot(struct gaps *g, uint32_t contract)
{
    if (contract >= g->n) {
        size_t n = (size_t)contract + contract / 2 + 16;
        g->count = xrealloc(g->count, n * sizeof *g->count);
        memset(g->count + g->n, 0, (n - g->n) * sizeof *g->count);
        g->n = n;
    }
    return &g->count[contract];
}

/* Both in one, which may be too wide. */
static struct entry_gap together(const struct entry_gap *a, const struct entry_gap *b)
{
    return (struct entry_gap){.from_ms = a->from_ms < b->from_ms ? a->from_ms : b->from_ms,
                              .to_ms = a->to_ms > b->to_ms ? a->to_ms : b->to_ms,
                              .clicks = a->clicks + b->clicks,
                              .views = a->views + b->views,
                              .impressions = a->impressions + b->impressions,
                              .late_clicks = a->late_clicks + b->late_clicks};
}

static void list_add(struct gap_list *l, const struct gap_count *c)
{
    if (l->n == l->room) {
        l->room = 2 * l->room + 16;
        l->count = xrealloc(l->count, l->room * sizeof *l->count);
    }
    l->count[l->n++] = *c;
}

static void changed(struct gaps *g)
{
    g->unkept = true;
    if (g->file != NULL)
        pthread_cond_signal(&g->changed);
}

static void add(struct gaps *g, const struct gap_count *more)
{
    struct gap_count *c = slot(g, more->contract);
    const struct entry_gap both = together(&c->gap, &more->gap);
    if (!is_counted(c)) {
        *c = *more;
        g->counted++;
    } else if (gap_fits(&both)) {
        c->gap = both;
    } else {
        list_add(&g->full, c);
        *c = *more;
    }
}

void gaps_add(struct gaps *g, const struct gap_count *more)
{
    pthread_mutex_lock(&g->lock);
    add(g, more);
    changed(g);
    pthread_mutex_unlock(&g->lock);
}

bool gaps_take(struct gaps *g, struct gap_count *out)
{
    bool taken = false;
    pthread_mutex_lock(&g->lock);
    if (g->full.n > 0) {
        *out = g->full.count[--g->full.n];
        taken = true;
    }
    for (size_t i = 0; g->counted > 0 && i < g->n && !taken; i++) {
        if (!is_counted(&g->count[i]))
            continue;
        *out = g->count[i];
        g->count[i] = (struct gap_count){0};
        g->counted--;
        taken = true;
    }
    if (taken)
        list_add(&g->taken, out);
    pthread_mutex_unlock(&g->lock);
    return taken;
}

static bool is_same(const struct gap_count *a, const struct gap_count *b)
{
    return a->contract == b->contract && a->gap.from_ms == b->gap.from_ms && a->gap.to_ms == b->gap.to_ms;
}

void gaps_taken(struct gaps *g, const struct gap_count *c, bool recorded)
{
    size_t i = 0;
    pthread_mutex_lock(&g->lock);
    while (i < g->taken.n && !is_same(&g->taken.count[i], c))
        i++;
    assert(i < g->taken.n);
    g->taken.count[i] = g->taken.count[--g->taken.n];
    if (!recorded)
        add(g, c);
    changed(g);
    pthread_mutex_unlock(&g->lock);
}

bool gaps_any(struct gaps *g)
{
    pthread_mutex_lock(&g->lock);
    bool any = g->counted > 0 || g->full.n > 0;
    pthread_mutex_unlock(&g->lock);
    return any;
}

/* ---- what outlives the process ---- */

static void list_all(struct gaps *g, struct gap_list *out)
{
    out->n = 0;
    for (size_t i = 0; i < g->full.n; i++)
        list_add(out, &g->full.count[i]);
    for (size_t i = 0; i < g->taken.n; i++)
        list_add(out, &g->taken.count[i]);
    for (size_t i = 0; g->counted > 0 && i < g->n; i++)
        if (is_counted(&g->count[i]))
            list_add(out, &g->count[i]);
}

/* Writes without the lock: a disk that does not answer stops this thread alone. */
static void *keeper_main(void *arg)
{
    struct gaps *g = arg;
    struct gap_list all = {.n = 0};
    thread_is("gaps", THREAD_EQUAL);
    pthread_mutex_lock(&g->lock);
    while (!g->ends || g->unkept) {
        if (!g->unkept) {
            pthread_cond_wait(&g->changed, &g->lock);
            continue;
        }
        g->unkept = false;
        list_all(g, &all);
        pthread_mutex_unlock(&g->lock);
        enum err err = gaps_file_write(g->file, all.count, all.n);
        if (err != ERR_OK)
            log_line(LOG_WARN, 0, "gaps_unkept", "what could not be recorded is not kept in DATA/gaps: %s",
                     err_word(err));
        pthread_mutex_lock(&g->lock);
    }
    pthread_mutex_unlock(&g->lock);
    free(all.count);
    return NULL;
}

/* What an entry says covers it, if its process ended before it could say so here. */
static bool tells(const struct entry_gap *e, const struct entry_gap *g)
{
    return e->from_ms <= g->from_ms && e->to_ms >= g->to_ms && e->clicks >= g->clicks && e->views >= g->views &&
           e->impressions >= g->impressions && e->late_clicks >= g->late_clicks;
}

static void drop_told(struct gap_list *left, uint32_t contract, const struct entry_gap *e)
{
    for (size_t i = 0; i < left->n;)
        if (left->count[i].contract == contract && tells(e, &left->count[i].gap))
            left->count[i] = left->count[--left->n];
        else
            i++;
}

static int64_t first_of(const struct gap_list *l)
{
    int64_t first_ms = INT64_MAX;
    for (size_t i = 0; i < l->n; i++)
        if (l->count[i].gap.from_ms < first_ms)
            first_ms = l->count[i].gap.from_ms;
    return first_ms;
}

/* A gap's entry is younger than what it counts: back to an entry of before the first of them. The time of an entry may
 * be an hour behind another log's. */
static enum err drop_recorded(struct store *s, struct gap_list *left)
{
    enum { APART_MS = 3600 * 1000 };
    struct txn *t;
    struct cursor *c = NULL;
    struct span key, row;
    struct envelope env;
    struct entry e;
    enum err err = txn_begin(s, false, &t), step = ERR_OK;
    if (err != ERR_OK)
        return err;
    err = cursor_open(t, TABLE_JOURNAL, &c);
    if (err == ERR_OK)
        step = cursor_last(c, &key, &row);
    for (bool older = false; err == ERR_OK && step == ERR_OK && left->n > 0 && !older;
         step = cursor_prev(c, &key, &row)) {
        if ((err = envelope_read(row, &env)) != ERR_OK || env.contract == 0)
            continue;
        if ((err = entry_read(env.entry, &e, NULL)) != ERR_OK)
            continue;
        older = e.at_ms < first_of(left) - APART_MS;
        if (e.kind == ENTRY_GAP)
            drop_told(left, env.contract, &e.gap);
        entry_close(&e);
    }
    cursor_close(c);
    txn_abort(t);
    return err != ERR_OK ? err : step == ERR_NOT_FOUND ? ERR_OK : step;
}

static void take_over(struct gaps *g, struct gaps_file *f, struct store *s)
{
    struct gap_list left = {.count = xmalloc(GAPS_KEPT * sizeof *left.count), .room = GAPS_KEPT};
    enum err err = gaps_file_read(f, left.count, &left.n);
    g->unkept = left.n > 0; /* those that are told go */
    if (err == ERR_OK && left.n > 0)
        err = drop_recorded(s, &left);
    if (err != ERR_OK)
        log_line(LOG_WARN, 0, "gaps_lost", "DATA/gaps: what could not be recorded before this start is not known: %s",
                 err_word(err));
    for (size_t i = 0; i < left.n && err == ERR_OK; i++)
        add(g, &left.count[i]);
    free(left.count);
}

void gaps_keep(struct gaps *g, const char *data_dir, struct store *s)
{
    struct gaps_file *f;
    enum err err = gaps_file_open(data_dir, &f);
    if (err != ERR_OK) {
        log_line(LOG_WARN, 0, "gaps_unkept", "what cannot be recorded is not kept in DATA/gaps: %s", err_word(err));
        return;
    }
    take_over(g, f, s);
    g->file = f;
    thread_start(&g->keeper, keeper_main, g);
}
