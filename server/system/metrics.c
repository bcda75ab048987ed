#include "server/system/metrics.h"

#include <stdlib.h>

#include "common/base/mem.h"

struct slot {
    _Alignas(64) struct counters counters;
};

struct metrics {
    size_t threads;
    struct slot *slot;
};

struct metrics *metrics_new(size_t threads)
{
    struct metrics *m = xcalloc(1, sizeof *m);
    m->threads = threads;
    m->slot = xaligned(_Alignof(struct slot), threads * sizeof *m->slot);
    memset(m->slot, 0, threads * sizeof *m->slot);
    return m;
}

void metrics_free(struct metrics *m)
{
    if (m == NULL)
        return;
    free(m->slot);
    free(m);
}

struct counters *metrics_thread(struct metrics *m, size_t number)
{
    if (number >= m->threads)
        abort();
    return &m->slot[number].counters;
}

void metrics_write(struct metrics *m, struct buf *out)
{
    uint64_t sum;
#define X(name, wire, help)                                                                                            \
    sum = 0;                                                                                                           \
    for (size_t i = 0; i < m->threads; i++)                                                                            \
        sum += atomic_load_explicit(&m->slot[i].counters.name, memory_order_relaxed);                                  \
    buf_str(out, "# HELP " wire " " help "\n# TYPE " wire " counter\n" wire " ");                                      \
    buf_u64(out, sum);                                                                                                 \
    buf_byte(out, '\n');
    METRIC_TABLE(X)
#undef X
}
