#include "server/worker/repeats.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/bytes.h"
#include "common/base/limits.h"
#include "common/base/mem.h"
#include "common/crypto/crypto.h"
#include "server/system/system.h"

enum { PLACES = 8, LOCKS = 64, AGENT_MAX = LIMIT_USER_AGENT, IP_MAX = 46 };

/* A cache line. */
struct bucket {
    struct seen {
        uint32_t visitor, at_s; /* at_s 0: nobody */
    } seen[PLACES];
};

struct repeats {
    uint8_t key[SIPHASH_KEY_LEN];
    size_t mask; /* buckets less one: a power of two */
    struct bucket *bucket;
    pthread_mutex_t lock[LOCKS]; /* each of every LOCKS-th bucket */
};

struct repeats *repeats_new(size_t bytes)
{
    struct repeats *r = xcalloc(1, sizeof *r);
    size_t n = LOCKS;
    while (2 * n * sizeof *r->bucket <= bytes)
        n *= 2;
    r->mask = n - 1;
    r->bucket = xcalloc(n, sizeof *r->bucket);
    random_bytes(r->key, sizeof r->key);
    for (size_t i = 0; i < LOCKS; i++)
        pthread_mutex_init(&r->lock[i], NULL);
    return r;
}

void repeats_free(struct repeats *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < LOCKS; i++)
        pthread_mutex_destroy(&r->lock[i]);
    free(r->bucket);
    free(r);
}

uint64_t repeats_visitor(const struct repeats *r, struct span ip, struct span agent, uint32_t contract,
                         uint32_t placement)
{
    char text[8 + IP_MAX + AGENT_MAX];
    size_t n = 8, agent_len = agent.len < AGENT_MAX ? agent.len : AGENT_MAX;
    store_be32(text, contract);
    store_be32(text + 4, placement);
    memcpy(text + n, ip.ptr, ip.len);
    n += ip.len;
    text[n++] = '\0';
    memcpy(text + n, agent.ptr, agent_len);
    return siphash(r->key, text, n + agent_len);
}

static struct bucket *bucket_of(struct repeats *r, uint64_t visitor, pthread_mutex_t **lock)
{
    size_t i = (visitor >> 32) & r->mask;
    *lock = &r->lock[i % LOCKS];
    pthread_mutex_lock(*lock);
    return &r->bucket[i];
}

/* The visitor's own place, else the one that is given away next. */
static struct seen *place_of(struct bucket *b, uint32_t visitor)
{
    struct seen *oldest = &b->seen[0];
    for (size_t i = 0; i < PLACES; i++) {
        if (b->seen[i].visitor == visitor && b->seen[i].at_s != 0)
            return &b->seen[i];
        if (b->seen[i].at_s < oldest->at_s)
            oldest = &b->seen[i];
    }
    return oldest;
}

bool repeats_again(struct repeats *r, uint64_t visitor, int64_t now_s, int64_t window_s)
{
    pthread_mutex_t *lock;
    struct seen *s = place_of(bucket_of(r, visitor, &lock), (uint32_t)visitor);
    bool again = s->at_s != 0 && s->visitor == (uint32_t)visitor && now_s - (int64_t)s->at_s <= window_s;
    *s = (struct seen){(uint32_t)visitor, (uint32_t)now_s};
    pthread_mutex_unlock(lock);
    return again;
}

void repeats_forget(struct repeats *r, uint64_t visitor)
{
    pthread_mutex_t *lock;
    struct seen *s = place_of(bucket_of(r, visitor, &lock), (uint32_t)visitor);
    if (s->visitor == (uint32_t)visitor)
        *s = (struct seen){0, 0};
    pthread_mutex_unlock(lock);
}
