#include "server/worker/agent_cache.h"

#include <stdint.h>
#include <stdlib.h>

#include "common/base/mem.h"

enum { SLOTS = 1024, LONGEST = 256 }; /* longer texts are rare, and read each time */

struct agent_cache {
    struct slot {
        uint16_t len; /* 0: nothing yet */
        struct agent agent;
        char text[LONGEST];
    } slot[SLOTS];
};

struct agent_cache *agent_cache_new(void)
{
    return xcalloc(1, sizeof(struct agent_cache));
}

void agent_cache_free(struct agent_cache *c)
{
    free(c);
}

/* Of at least 8 bytes. Who picks texts to collide only makes his own requests slow. */
static uint32_t hash_of(struct span text)
{
    uint64_t h = text.len, x;
    size_t i = 0;
    for (; i + 8 <= text.len; i += 8) {
        memcpy(&x, text.ptr + i, 8);
        h = (h ^ x) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 32;
    }
    memcpy(&x, text.ptr + text.len - 8, 8);
    h = (h ^ x) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(h >> 32);
}

struct agent agent_cache_read(struct agent_cache *c, struct span text)
{
    if (text.len < 8 || text.len > LONGEST)
        return agent_read(text);
    struct slot *s = &c->slot[hash_of(text) % SLOTS];
    if (!span_eq(span_of(s->text, s->len), text)) {
        s->agent = agent_read(text);
        s->len = (uint16_t)text.len;
        memcpy(s->text, text.ptr, text.len);
    }
    return s->agent;
}
