/* Which runs have not what is looked for: Bloom filters, all bits of a head in one cache line. In memory alone, and
 * made again after a start. */
#include <stdlib.h>

#include "common/base/mem.h"
#include "server/store/spread_private.h"

/* One look-up of a hundred goes to a run for nothing. Past the most, the largest runs do without. */
enum { BITS_A_ROW = 10, PROBES = 6, LINE_BITS = 512 };
#define FILTER_BYTES_MOST ((size_t)256 << 20)

static struct filter *slot(struct spread *s, int level, uint64_t run)
{
    return &s->filter[level][run % SPREAD_RUNS];
}

static void filter_free(struct spread *s, struct filter *f)
{
    s->filter_bytes -= f->lines * sizeof *f->line;
    free(f->line);
    *f = (struct filter){.line = NULL};
}

struct filter *filter_new(struct spread *s, int level, uint64_t run, uint64_t rows)
{
    struct filter *f = slot(s, level, run);
    size_t lines = (size_t)(rows * BITS_A_ROW / LINE_BITS) + 1;
    filter_free(s, f);
    if (lines > (FILTER_BYTES_MOST - s->filter_bytes) / sizeof *f->line)
        return NULL;
    *f = (struct filter){.run = run, .lines = lines, .line = xcalloc(lines, sizeof *f->line)};
    s->filter_bytes += lines * sizeof *f->line;
    return f;
}

struct filter *filter_of(struct spread *s, int level, uint64_t run)
{
    struct filter *f = slot(s, level, run);
    return f->line != NULL && f->run == run ? f : NULL;
}

/* The upper bits choose the line, those of a product with it the bits. */
static uint64_t *line_of(const struct filter *f, uint64_t hash)
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
    uint64_t *line = line_of(f, hash), steps = steps_of(hash);
    for (int i = 0; i < PROBES; i++, steps >>= 9)
        line[steps >> 6 & 7] |= UINT64_C(1) << (steps & 63);
}

const uint64_t *filter_line(struct spread *s, int level, uint64_t run, uint64_t hash)
{
    const struct filter *f = filter_of(s, level, run);
    if (f == NULL || !f->whole)
        return NULL;
    const uint64_t *line = line_of(f, hash);
    __builtin_prefetch(line);
    return line;
}

bool filter_may_have(const uint64_t *line, uint64_t hash)
{
    uint64_t steps = steps_of(hash);
    for (int i = 0; i < PROBES; i++, steps >>= 9)
        if (!(line[steps >> 6 & 7] >> (steps & 63) & 1))
            return false;
    return true;
}

void filters_drop(struct spread *s, const struct spread_view *v)
{
    for (int i = 1; i <= SPREAD_LEVELS; i++)
        for (size_t k = 0; k < SPREAD_RUNS; k++) {
            struct filter *f = &s->filter[i][k];
            if (f->line != NULL && (v == NULL || f->run < v->level[i].first || f->run > v->level[i].end))
                filter_free(s, f);
        }
}
