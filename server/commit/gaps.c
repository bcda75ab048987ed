#include "server/commit/gaps.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"

struct gaps {
    pthread_mutex_t lock;
    struct gap_count *count; /* by contract number; all zero: nothing counted */
    size_t n, counted;       /* contracts with something counted */
};

struct gaps *gaps_new(void)
{
    struct gaps *g = xcalloc(1, sizeof *g);
    pthread_mutex_init(&g->lock, NULL);
    return g;
}

void gaps_free(struct gaps *g)
{
    if (g == NULL)
        return;
    free(g->count);
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

void gaps_add(struct gaps *g, const struct gap_count *more)
{
    pthread_mutex_lock(&g->lock);
    struct gap_count *c = slot(g, more->contract);
    bool first = !is_counted(c);
    g->counted += first;
    c->contract = more->contract;
    c->advertiser = more->advertiser;
    c->gap.from_ms = first || more->gap.from_ms < c->gap.from_ms ? more->gap.from_ms : c->gap.from_ms;
    c->gap.to_ms = first || more->gap.to_ms > c->gap.to_ms ? more->gap.to_ms : c->gap.to_ms;
    c->gap.clicks += more->gap.clicks;
    c->gap.views += more->gap.views;
    c->gap.impressions += more->gap.impressions;
    c->gap.late_clicks += more->gap.late_clicks;
    pthread_mutex_unlock(&g->lock);
}

bool gaps_take(struct gaps *g, struct gap_count *out)
{
    bool taken = false;
    pthread_mutex_lock(&g->lock);
    for (size_t i = 0; g->counted > 0 && i < g->n && !taken; i++) {
        if (!is_counted(&g->count[i]))
            continue;
        *out = g->count[i];
        g->count[i] = (struct gap_count){0};
        g->counted--;
        taken = true;
    }
    pthread_mutex_unlock(&g->lock);
    return taken;
}

bool gaps_any(struct gaps *g)
{
    pthread_mutex_lock(&g->lock);
    bool any = g->counted > 0;
    pthread_mutex_unlock(&g->lock);
    return any;
}
