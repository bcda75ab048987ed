/* Which runs have not what is looked for: Bloom filters, all bits of a head in one cache line. In memory alone, and
 * made of runs that are committed: after a start of all of them. Small runs share one, so that a look-up asks few. */
#include <stdlib.h>

#include "common/base/mem.h"
#include "server/store/spread_private.h"

/* One look-up of some 500 goes to runs for nothing. Past the most, the largest runs do without. */
enum { BITS_A_ROW = 16, PROBES = 7, LINE_BITS = 64 * FILTER_WORDS };
#define FILTER_BYTES_MOST ((size_t)256 << 20)

uint64_t filter_runs(int level)
{
    static const uint64_t runs[SPREAD_LEVELS + 1] = {0, SPREAD_FAN, SPREAD_FAN / 4, 1, 1};
    return runs[level];
}

static uint64_t first_of(int level, uint64_t run)
{
    return run - run % filter_runs(level);
}

static struct filter *slot(struct spread *s, int level, uint64_t run)
{
    return &s->filter[level][first_of(level, run) % SPREAD_RUNS];
}

static void filter_free(struct spread *s, struct filter *f)
{
    s->filter_bytes -= f->lines * sizeof *f->line;
    free(f->line);
    *f = (struct filter){.line = NULL};
}

struct filter *filter_of(struct spread *s, int level, uint64_t run)
{
    struct filter *f = slot(s, level, run);
    return f->line != NULL && f->first == first_of(level, run) ? f : NULL;
}

struct filter *filter_new(struct spread *s, int level, uint64_t run, uint64_t rows)
{
    struct filter *f = slot(s, level, run);
    uint64_t first = first_of(level, run);
    size_t lines = (size_t)(rows * filter_runs(level) * BITS_A_ROW / LINE_BITS) + 1;
    filter_free(s, f);
    if (lines > (FILTER_BYTES_MOST - s->filter_bytes) / sizeof *f->line)
        return NULL;
    *f = (struct filter){.first = first, .done = first, .lines = lines, .line = xcalloc(lines, sizeof *f->line)};
    s->filter_bytes += lines * sizeof *f->line;
    return f;
}

/* The upper bits choose the line, those of a product with it the bits. */
static filter_word *line_of(const struct filter *f, uint64_t hash)
{
    __extension__ typedef unsigned __int128 wide;
    return f->line[(size_t)((wide)hash * f->lines >> 64)];
}

static uint64_t steps_of(uint64_t hash)
{
    return hash * UINT64_C(0x9e3779b97f4a7c15);
}

void filter_add(struct filter *f, uint64_t hash)
{
    filter_word *line = line_of(f, hash);
    uint64_t steps = steps_of(hash);
    for (int i = 0; i < PROBES; i++, steps >>= 9) { /* one thread alone writes */
        filter_word *word = &line[steps >> 6 & 7];
        uint64_t bits = atomic_load_explicit(word, memory_order_relaxed) | UINT64_C(1) << (steps & 63);
        atomic_store_explicit(word, bits, memory_order_relaxed);
    }
}

const filter_word *filter_line(const struct filter *f, uint64_t hash)
{
    const filter_word *line = line_of(f, hash);
    __builtin_prefetch(line);
    return line;
}

bool filter_may_have(const filter_word *line, uint64_t hash)
{
    uint64_t steps = steps_of(hash);
    for (int i = 0; i < PROBES; i++, steps >>= 9)
        if (!(atomic_load_explicit(&line[steps >> 6 & 7], memory_order_relaxed) >> (steps & 63) & 1))
            return false;
    return true;
}

void filters_drop(struct spread *s, const struct spread_view *v)
{
    for (int i = 1; i <= SPREAD_LEVELS; i++)
        for (size_t k = 0; k < SPREAD_RUNS; k++) {
            struct filter *f = &s->filter[i][k];
            bool stale = v == NULL || f->first + filter_runs(i) <= v->level[i].first || f->first >= v->level[i].end;
            if (f->line != NULL && stale)
                filter_free(s, f);
        }
}
