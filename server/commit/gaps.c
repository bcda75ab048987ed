#include "server/commit/gaps.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/base/mem.h"

struct tray { /* by contract number */
    struct entry_gap *gap;
    size_t n;
};

struct gaps {
    pthread_mutex_t lock; /* of `counting`; nobody waits for it while storage works */
    struct tray counting;
    struct tray written; /* the committer's: in entries of the transaction under way */
};

struct gaps *gaps_new(void)
{
    struct gaps *g = xcalloc(1, sizeof *g);
    pthread_mutex_init(&g->lock, NULL);
    return g;
}

static void tray_clear(struct tray *t)
{
    free(t->gap);
    *t = (struct tray){0};
}

void gaps_free(struct gaps *g)
{
    if (g == NULL)
        return;
    tray_clear(&g->counting);
    tray_clear(&g->written);
    pthread_mutex_destroy(&g->lock);
    free(g);
}

static void tray_add(struct tray *t, uint32_t contract, const struct entry_gap *more)
{
    if (contract >= t->n) {
        size_t n = (size_t)contract + contract / 2 + 16;
        t->gap = xrealloc(t->gap, n * sizeof *t->gap);
        memset(t->gap + t->n, 0, (n - t->n) * sizeof *t->gap);
        t->n = n;
    }
    struct entry_gap *g = &t->gap[contract];
    bool first = g->clicks + g->views == 0;
    g->from_ms = first || more->from_ms < g->from_ms ? more->from_ms : g->from_ms;
    g->to_ms = first || more->to_ms > g->to_ms ? more->to_ms : g->to_ms;
    g->clicks += more->clicks;
    g->views += more->views;
}

void gaps_count(struct gaps *g, uint32_t contract, enum entry_kind kind, int64_t at_ms)
{
    struct entry_gap one = {at_ms, at_ms, kind == ENTRY_CLICK, kind == ENTRY_VIEW};
    pthread_mutex_lock(&g->lock);
    tray_add(&g->counting, contract, &one);
    pthread_mutex_unlock(&g->lock);
}

bool gaps_any(struct gaps *g)
{
    pthread_mutex_lock(&g->lock);
    bool any = g->counting.n != 0;
    pthread_mutex_unlock(&g->lock);
    return any;
}

enum err gaps_append(struct gaps *g, struct commit *cx)
{
    pthread_mutex_lock(&g->lock);
    g->written = g->counting;
    g->counting = (struct tray){0};
    pthread_mutex_unlock(&g->lock);
    for (size_t i = 0; i < g->written.n; i++) {
        const struct entry_gap *gap = &g->written.gap[i];
        const struct contract *k = catalog_contract_number(cx->catalog, (uint32_t)i);
        if (gap->clicks + gap->views == 0 || k == NULL || !terms_active(k->terms, gap->from_ms))
            continue; /* an ended contract would have recorded nothing */
        struct entry e = {.kind = ENTRY_GAP, .at_ms = cx->now_ms, .gap = *gap};
        enum err err = pipeline_append(cx, k, &e, NULL, NULL);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

void gaps_committed(struct gaps *g)
{
    tray_clear(&g->written);
}

void gaps_aborted(struct gaps *g)
{
    pthread_mutex_lock(&g->lock);
    for (size_t i = 0; i < g->written.n; i++)
        if (g->written.gap[i].clicks + g->written.gap[i].views != 0)
            tray_add(&g->counting, (uint32_t)i, &g->written.gap[i]);
    pthread_mutex_unlock(&g->lock);
    tray_clear(&g->written);
}
