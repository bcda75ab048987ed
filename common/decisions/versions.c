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

static bool lacks(const struct version *v)
{
    return v->from_ms == VERSION_LACKS;
}

const struct version *versions_proposal(const struct versions *vs)
{
    return vs->n > 0 && lacks(&vs->v[vs->n - 1]) ? &vs->v[vs->n - 1] : NULL;
}

const struct version *versions_before(const struct versions *vs, int64_t at_ms, int64_t effective_ms)
{
    const struct version *found = NULL;
    int64_t last_ms = effective_ms > 0 ? effective_ms - 1 : at_ms;
    for (const struct version *v = vs->v; v < vs->v + vs->n; v++)
        found = !lacks(v) && v->from_ms <= last_ms ? v : found;
    return found;
}

bool versions_wait(const struct versions *vs, int64_t at_ms)
{
    size_t n = vs->n - (versions_proposal(vs) != NULL);
    return n > 1 && vs->v[n - 1].from_ms > at_ms;
}

bool versions_bind(const struct versions *vs, int64_t at_ms)
{
    const struct version *v = versions_at(vs, at_ms);
    return v != NULL && (!v->on_assent || (!lacks(v) && v->effective_ms <= at_ms));
}

void version_tells(struct version *v, const struct terms *t)
{
    v->both = t->assent == ASSENT_BOTH;
    terms_says(t, &v->says);
}

bool versions_ask(const struct versions *vs, const struct version *next)
{
    bool both = next->both;
    if (vs->n == 0)
        return both;
    const struct version *now = versions_at(vs, next->at_ms);
    for (const struct version *v = now; v < vs->v + vs->n; v++)
        both |= v->both;
    return both && !(versions_bind(vs, next->at_ms) && memcmp(now->says.b, next->says.b, HASH_LEN) == 0);
}

enum err versions_assent(struct versions *vs, int64_t number, unsigned side, int64_t at_ms)
{
    for (struct version *v = vs->v + in_force(vs, at_ms); v < vs->v + vs->n; v++) {
        if (v->number != number)
            continue;
        if (v->assents & side)
            return ERR_CONFLICT;
        v->assents |= side;
        if (lacks(v) && v->assents == SIDE_BOTH)
            v->from_ms = v->effective_ms > at_ms ? v->effective_ms : at_ms;
        return ERR_OK;
    }
    return ERR_NOT_FOUND;
}

static bool agreed(const struct version *v)
{
    return v->on_assent && v->assents == SIDE_BOTH;
}

static enum err may_withdraw(const struct versions *vs, int64_t number, unsigned side, int64_t at_ms, struct problem *p)
{
    const struct version *newest = &vs->v[vs->n - 1];
    size_t now = in_force(vs, at_ms);
    bool stands = false;
    for (size_t i = 0; i < vs->n; i++)
        stands |= vs->v[i].number == number && i > now;
    if (number > vs->made)
        return problem(p, ERR_NOT_FOUND, "", "there is no such version");
    if (number == vs->v[now].number && versions_bind(vs, at_ms))
        return problem(p, ERR_CONFLICT, "version", "is in force: a change of terms takes its place");
    if (number == vs->v[now].number)
        return problem(p, ERR_CONFLICT, "version", "has none before it to go back to: a newer one takes its place");
    if (!stands)
        return problem(p, ERR_CONFLICT, "version", "binds no more: there is nothing to withdraw");
    if (number != newest->number)
        return problem(p, ERR_CONFLICT, "version", "has version %lld behind it: withdraw that first",
                       (long long)newest->number);
    if (agreed(newest) && side == 0)
        return problem(p, ERR_FORBIDDEN, "version",
                       "is what both parties assented to: they alone take it back, each by its own key");
    if (!agreed(newest) && side != 0)
        return problem(p, ERR_FORBIDDEN, "version",
                       "is not one that both parties had to assent to, and did: who may change the terms withdraws it");
    return newest->taken_back & side ? problem(p, ERR_CONFLICT, "version", "was taken back by this party already")
                                     : ERR_OK;
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

enum err versions_withdraw(struct versions *vs, int64_t number, unsigned side, int64_t at_ms, struct versions *gone,
                           struct problem *p)
{
    if (vs->n == 0)
        return problem(p, ERR_NOT_FOUND, "", "there is no such version");
    enum err err = may_withdraw(vs, number, side, at_ms, p);
    if (err != ERR_OK)
        return err;
    if (gone != NULL)
        gone->n = 0;
    vs->v[vs->n - 1].taken_back |= side;
    if (side == 0 || vs->v[vs->n - 1].taken_back == SIDE_BOTH)
        take_out(vs, vs->n - 1, 1, gone);
    return ERR_OK;
}

static enum err may_wait(const struct versions *vs, const struct version *next, int64_t effective_ms, struct problem *p)
{
    char last[32] = "";
    struct buf text;
    if (effective_ms <= next->at_ms || effective_ms >= TIME_END_MS)
        return problem(p, ERR_INVALID, "effective_at", "must be in the future: leave it out for at once");
    if (!versions_wait(vs, next->at_ms))
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
    bool one_more = effective_ms > newest->from_ms || next->on_assent;
    if (one_more && vs->n - 1 - in_force(vs, next->at_ms) == LIMIT_WAITING)
        return problem(p, ERR_CONFLICT, "effective_at",
                       "%d versions wait for their time: give that of the last, %s, which takes its place",
                       LIMIT_WAITING, last);
    return ERR_OK;
}

static enum err may_follow(const struct versions *vs, const struct version *next, int64_t effective_ms,
                           struct problem *p)
{
    struct versions kept = *vs;
    if (effective_ms && vs->n == 0)
        return problem(p, ERR_INVALID, "effective_at", "is not the first version's: say when it starts as starts_at");
    kept.n -= versions_proposal(vs) != NULL;
    if (effective_ms)
        return may_wait(&kept, next, effective_ms, p);
    if (next->on_assent && versions_wait(&kept, next->at_ms))
        return problem(p, ERR_CONFLICT, "effective_at", "must not be before that of the versions that wait");
    return ERR_OK;
}

enum err versions_add(struct versions *vs, const struct version *next, int64_t effective_ms, struct versions *gone,
                      struct problem *p)
{
    struct version added = *next;
    enum err err = may_follow(vs, next, effective_ms, p);
    if (err != ERR_OK)
        return err;
    if (gone != NULL)
        gone->n = 0;
    added.effective_ms = effective_ms;
    added.from_ms = next->on_assent ? VERSION_LACKS : effective_ms ? effective_ms : next->at_ms;
    bool given_up = versions_proposal(vs) != NULL;
    size_t kept = vs->n - given_up, before = kept == 0 ? 0 : in_force(vs, next->at_ms);
    if (!effective_ms && !next->on_assent)
        before = kept;
    take_out(vs, 0, before, gone);
    for (kept -= before; kept > 1 && vs->v[kept - 1].from_ms == effective_ms && !next->on_assent;)
        kept--;
    take_out(vs, kept, vs->n - kept, gone);
    vs->v[vs->n++] = added;
    vs->made = added.number;
    vs->made_index = added.index;
    return ERR_OK;
}

void versions_free(struct versions *vs)
{
    for (size_t i = 0; i < vs->n; i++)
        terms_free(vs->v[i].terms);
    vs->n = 0;
}
