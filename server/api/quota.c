#include "server/api/quota.h"

#include "common/base/when.h"

static const struct {
    const char *setting, *what, *cure;
} quotas[QUOTAS] = {
#define X(symbol, setting, what, cure) {#setting, what, cure},
    QUOTA_TABLE(X)
#undef X
};

uint32_t quota_limit(const struct request *rq, enum quota q)
{
    const struct options *o = &rq->worker->settings->options;
    const int64_t limit[QUOTAS] = {
#define X(symbol, setting, what, cure) o->setting.number,
        QUOTA_TABLE(X)
#undef X
    };
    return (uint32_t)limit[q];
}

void quota_say(struct request *rq, struct job *job, enum quota q)
{
    job->record.quota = quota_limit(rq, q);
}

enum err quota_leaves(struct job *job, enum quota q, const struct party *p, size_t n)
{
    return quota_leaves_of(job->record.quota, job, q, p, n);
}

enum err quota_leaves_of(uint32_t limit, struct job *job, enum quota q, const struct party *p, size_t n)
{
    return n < limit ? ERR_OK
                     : problem(&job->problem, ERR_QUOTA, "", "%s has %zu %s, and %s allows %u: %s", p->id, n,
                               quotas[q].what, quotas[q].setting, limit, quotas[q].cure);
}

bool quota_recent(const struct batch *cx, uint32_t by, int64_t at_ms, int64_t days)
{
    return catalog_party_number(cx->catalog, by)->role != ROLE_OPERATOR && at_ms > cx->now_ms - days * MS_PER_DAY;
}
