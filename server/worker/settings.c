#include "server/worker/settings.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/decisions/disposable.h"

struct settings_slot {
    struct settings *first; /* held by the slot, as is: */
    struct settings *_Atomic now;
    pthread_mutex_t lock;
};

struct settings *settings_new(void)
{
    return xcalloc(1, sizeof(struct settings));
}

void settings_free(struct settings *s)
{
    if (s == NULL)
        return;
    proxies_free(s->proxies);
    disposable_free(s->disposable);
    options_free(&s->options);
    free(s);
}

/* Under the lock. */
static void drop(const struct settings *held)
{
    struct settings *s = (struct settings *)(uintptr_t)held;
    if (s != NULL && --s->holders == 0)
        settings_free(s);
}

struct settings_slot *settings_open(struct settings *first)
{
    struct settings_slot *s = xcalloc(1, sizeof *s);
    first->holders = 2;
    s->first = first;
    atomic_init(&s->now, first);
    pthread_mutex_init(&s->lock, NULL);
    return s;
}

void settings_close(struct settings_slot *s)
{
    if (s == NULL)
        return;
    drop(atomic_load(&s->now));
    drop(s->first);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

void settings_publish(struct settings_slot *s, struct settings *next)
{
    next->holders = 1;
    pthread_mutex_lock(&s->lock);
    drop(atomic_exchange(&s->now, next));
    pthread_mutex_unlock(&s->lock);
}

bool settings_follow(struct settings_slot *s, const struct settings **mine)
{
    if (atomic_load_explicit(&s->now, memory_order_acquire) == *mine)
        return false; /* who holds it keeps its address from being another's */
    pthread_mutex_lock(&s->lock);
    struct settings *now = atomic_load(&s->now);
    now->holders++;
    drop(*mine);
    *mine = now;
    pthread_mutex_unlock(&s->lock);
    return true;
}

void settings_leave(struct settings_slot *s, const struct settings **mine)
{
    pthread_mutex_lock(&s->lock);
    drop(*mine);
    *mine = NULL;
    pthread_mutex_unlock(&s->lock);
}
