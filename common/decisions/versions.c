#include "common/decisions/versions.h"

#include <string.h>

#include "common/base/when.h"
#include "common/decisions/terms.h"

static size_t in_force(const struct versions *vs, int64_t at_ms)
{
    size_t i = vs->n - 1;
    while (i > 0 && vs->v[i].from_ms > at_ms)
        i--;
    return i;
}

const struct version *versions_at(const struct versions *vs, int64_t at_ms)
{
    return vs->n > 0 ? &vs->v[in_force(vs, at_ms)] : NULL;
}

const struct version *versions_newest(const struct versions *vs)
{
    return vs->n > 0 ? &vs->v[vs->n - 1] : NULL;
}

bool versions_wait(const struct versions *vs, int64_t at_ms)
{
    return vs->n > 1 && vs->v[vs->n - 1].from_ms > at_ms;
}

static enum err may_wait(const struct versions *vs, int64_t at_ms, int64_t effective_ms, struct problem *p)
{
    char last[32] = "";
    struct buf text;
    if (vs->n == 0 || effective_ms <= at_ms || effective_ms >= TIME_END_MS)
        return problem(p, ERR_INVALID, "effective_at", "must be in the future: leave it out for at once");
    if (!versions_wait(vs, at_ms))
        return ERR_OK;
    const struct version *newest = &vs->v[vs->n - 1];
    buf_fixed(&text, last, sizeof last - 1);
    time_rfc3339(&text, newest->from_ms);
    if (effective_ms < newest->from_ms)
        return problem(
            p, ERR_CONFLICT, "effective_at",
            "version %lld takes effect at %s, and a later version cannot do so before: give that time, which "
            "takes its place, or a later one",
            (long long)newest->number, last);
    if (effective_ms > newest->from_ms && vs->n - 1 - in_force(vs, at_ms) == LIMIT_WAITING)
        return problem(p, ERR_CONFLICT, "effective_at",
                       "%d versions wait for their time: give that of the last, %s, which takes its place",
                       LIMIT_WAITING, last);
    return ERR_OK;
}

/* Takes out n from the i-th on. */
static void take_out(struct versions *vs, size_t i, size_t n, struct versions *gone)
{
    if (gone != NULL) {
        memcpy(gone->v + gone->n, vs->v + i, n * sizeof *vs->v);
        gone->n += n;
    }
    memmove(vs->v + i, vs->v + i + n, (vs->n - i - n) * sizeof *vs->v);
    vs->n -= n;
}

enum err versions_add(struct versions *vs, const struct version *next, int64_t effective_ms, struct versions *gone,
                      struct problem *p)
{
    struct version added = *next;
    enum err err = effective_ms ? may_wait(vs, next->at_ms, effective_ms, p) : ERR_OK;
    if (err != ERR_OK)
        return err;
    if (gone != NULL)
        gone->n = 0;
    added.from_ms = effective_ms ? effective_ms : next->at_ms;
    if (!effective_ms) {
        take_out(vs, 0, vs->n, gone);
    } else {
        take_out(vs, 0, in_force(vs, next->at_ms), gone);
        if (versions_wait(vs, next->at_ms) && vs->v[vs->n - 1].from_ms == effective_ms)
            take_out(vs, vs->n - 1, 1, gone);
    }
    vs->v[vs->n++] = added;
    return ERR_OK;
}

void versions_free(struct versions *vs)
{
    for (size_t i = 0; i < vs->n; i++)
        terms_free(vs->v[i].terms);
    vs->n = 0;
}
