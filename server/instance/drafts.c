#include "server/instance/drafts.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"

enum { DRAFTS = 32, LEAST_MOVES = 64 };

struct drafts {
    pthread_mutex_t lock;
    struct statement_draft *draft[DRAFTS]; /* the newest first */
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
    for (size_t i = 0; i < DRAFTS; i++)
        statement_draft_free(d->draft[i]);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

static struct statement_draft *take(struct drafts *d, uint32_t contract)
{
    size_t i = 0;
    while (i < DRAFTS && d->draft[i] != NULL && statement_draft_contract(d->draft[i]) != contract)
        i++;
    if (i == DRAFTS || d->draft[i] == NULL)
        return NULL;
    struct statement_draft *draft = d->draft[i];
    memmove(d->draft + i, d->draft + i + 1, (DRAFTS - 1 - i) * sizeof d->draft[0]);
    d->draft[DRAFTS - 1] = NULL;
    return draft;
}

void drafts_put(struct drafts *d, struct statement_draft *draft)
{
    if (statement_draft_moves(draft) < LEAST_MOVES) {
        statement_draft_free(draft);
        return;
    }
    pthread_mutex_lock(&d->lock);
    struct statement_draft *last = take(d, statement_draft_contract(draft)), *oldest = d->draft[DRAFTS - 1];
    memmove(d->draft + 1, d->draft, (DRAFTS - 1) * sizeof d->draft[0]);
    d->draft[0] = draft;
    pthread_mutex_unlock(&d->lock);
    statement_draft_free(last);
    statement_draft_free(oldest);
}

struct statement_draft *drafts_take(struct drafts *d, uint32_t contract)
{
    pthread_mutex_lock(&d->lock);
    struct statement_draft *draft = take(d, contract);
    pthread_mutex_unlock(&d->lock);
    return draft;
}
