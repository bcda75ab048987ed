#include "server/worker/ended_sessions.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"

/* A set of places by the secret's first bytes, which were drawn: in each the newest are kept. */
enum { PLACES = 8, SETS = ENDED_SESSIONS / PLACES };

struct ended {
    uint8_t secret[SESSION_SECRET_LEN];
    int64_t from_ms; /* 0: none stands here */
};

struct ended_sessions {
    pthread_mutex_t lock;
    struct ended of[SETS][PLACES];
};

struct ended_sessions *ended_sessions_new(void)
{
    struct ended_sessions *e = xcalloc(1, sizeof *e);
    pthread_mutex_init(&e->lock, NULL);
    return e;
}

void ended_sessions_free(struct ended_sessions *e)
{
    if (e == NULL)
        return;
    pthread_mutex_destroy(&e->lock);
    free(e);
}

static struct ended *set_of(struct ended_sessions *e, const struct session *s)
{
    return e->of[load_be32(s->secret) % SETS];
}

static bool has(const struct ended *set, const struct session *s)
{
    for (size_t i = 0; i < PLACES; i++)
        if (set[i].from_ms != 0 && memcmp(set[i].secret, s->secret, sizeof s->secret) == 0)
            return true;
    return false;
}

void ended_sessions_add(struct ended_sessions *e, const struct session *s)
{
    if (e == NULL)
        return;
    pthread_mutex_lock(&e->lock);
    struct ended *set = set_of(e, s);
    if (!has(set, s)) {
        memmove(set + 1, set, (PLACES - 1) * sizeof *set);
        set[0].from_ms = s->from_ms;
        memcpy(set[0].secret, s->secret, sizeof s->secret);
    }
    pthread_mutex_unlock(&e->lock);
}

bool ended_sessions_has(struct ended_sessions *e, const struct session *s)
{
    if (e == NULL)
        return false;
    pthread_mutex_lock(&e->lock);
    bool found = has(set_of(e, s), s);
    pthread_mutex_unlock(&e->lock);
    return found;
}
