#include "server/commit/gaps.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"

struct gaps {
    pthread_mutex_t lock;
    struct gap_count *count; /* by contract number; all zero: nothing counted */
    size_t n, counted;       /* contracts with something counted */
    struct gap_count *full;  /* as wide as one may be */
    size_t n_full, room;
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
    free(g->full);
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

static void put_aside(struct gaps *g, const struct gap_count *c)
{
    if (g->n_full == g->room) {
        g->room = 2 * g->room + 16;
        g->full = xrealloc(g->full, g->room * sizeof *g->full);
    }
    g->full[g->n_full++] = *c;
}

void gaps_add(struct gaps *g, const struct gap_count *more)
{
    pthread_mutex_lock(&g->lock);
    struct gap_count *c = slot(g, more->contract);
    const struct entry_gap both = together(&c->gap, &more->gap);
    if (!is_counted(c)) {
        *c = *more;
        g->counted++;
    } else if (gap_fits(&both)) {
        c->gap = both;
    } else {
        put_aside(g, c);
        *c = *more;
    }
    pthread_mutex_unlock(&g->lock);
}

bool gaps_take(struct gaps *g, struct gap_count *out)
{
    bool taken = false;
    pthread_mutex_lock(&g->lock);
    if (g->n_full > 0) {
        *out = g->full[--g->n_full];
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
    pthread_mutex_unlock(&g->lock);
    return taken;
}

bool gaps_any(struct gaps *g)
{
    pthread_mutex_lock(&g->lock);
    bool any = g->counted > 0 || g->n_full > 0;
    pthread_mutex_unlock(&g->lock);
    return any;
}
