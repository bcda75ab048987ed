#include "server/settlement/drafts.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/base/mem.h"

struct kept {
    struct statement_draft *draft; /* NULL: none stands here */
    uint32_t contract;
    int64_t until_ms;
    uint64_t kept; /* when, by the count of all */
};

struct drafts {
    pthread_mutex_t lock;
    uint64_t count;
    size_t bytes;
    struct kept of[DRAFTS_MAX];
};

struct drafts *drafts_new(void)
{
    struct drafts *d = xcalloc(1, sizeof *d);
    pthread_mutex_init(&d->lock, NULL);
    return d;
}

void drafts_free(struct drafts *d)
{
    if (d == NULL)
        return;
    for (size_t i = 0; i < DRAFTS_MAX; i++)
        statement_draft_free(d->of[i].draft);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

static struct statement_draft *out_of(struct drafts *d, struct kept *at)
{
    struct statement_draft *draft = at->draft;
    d->bytes -= statement_draft_bytes(draft);
    *at = (struct kept){.draft = NULL};
    return draft;
}

static struct statement_draft *find(struct drafts *d, const struct premises *on)
{
    for (size_t i = 0; i < DRAFTS_MAX; i++) {
        struct kept *at = &d->of[i];
        if (at->draft != NULL && at->contract == on->k->number && at->until_ms == on->until_ms)
            return out_of(d, at);
    }
    return NULL;
}

/* A statement may have been issued meanwhile, a party may have told other legal data, and a snapshot may be older. */
static bool goes_on(const struct statement_draft *draft, const struct premises *on)
{
    return statement_draft_is(draft, on->k->number, on->head.last.to, &on->trade) &&
           statement_draft_to(draft) <= on->closes.is.to;
}

struct statement_draft *drafts_take(struct drafts *d, const struct premises *on)
{
    struct statement_draft *draft = NULL;
    if (d != NULL) {
        pthread_mutex_lock(&d->lock);
        draft = find(d, on);
        pthread_mutex_unlock(&d->lock);
    }
    if (draft != NULL && goes_on(draft, on))
        return draft;
    statement_draft_free(draft);
    return statement_draft_new(on->k->number, on->head.last.to, &on->trade, LINES_COUNT);
}

static struct kept *longest_ago(struct drafts *d)
{
    struct kept *first = NULL;
    for (size_t i = 0; i < DRAFTS_MAX; i++)
        if (d->of[i].draft != NULL && (first == NULL || d->of[i].kept < first->kept))
            first = &d->of[i];
    return first;
}

static struct kept *room_for(struct drafts *d, size_t bytes)
{
    while (d->bytes + bytes > DRAFTS_BYTES)
        statement_draft_free(out_of(d, longest_ago(d)));
    for (size_t i = 0; i < DRAFTS_MAX; i++)
        if (d->of[i].draft == NULL)
            return &d->of[i];
    struct kept *first = longest_ago(d);
    statement_draft_free(out_of(d, first));
    return first;
}

void drafts_keep(struct drafts *d, const struct premises *on, struct statement_draft *draft)
{
    const size_t bytes = statement_draft_bytes(draft);
    if (d == NULL || bytes > DRAFTS_BYTES) {
        statement_draft_free(draft);
        return;
    }
    pthread_mutex_lock(&d->lock);
    statement_draft_free(find(d, on)); /* of who looked at the same time */
    *room_for(d, bytes) = (struct kept){draft, on->k->number, on->until_ms, ++d->count};
    d->bytes += bytes;
    pthread_mutex_unlock(&d->lock);
}
