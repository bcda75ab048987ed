#include "server/worker/code_cache.h"

#include <stdlib.h>

#include "common/base/mem.h"

enum { SLOTS = 512 };

struct code_cache {
    struct slot {
        char text[CODE_LEN]; /* empty: starts with NUL */
        struct tracking_code code;
    } slot[SLOTS];
};

struct code_cache *code_cache_new(void)
{
    return xcalloc(1, sizeof(struct code_cache));
}

void code_cache_free(struct code_cache *c)
{
    free(c);
}

/* By the tag's characters, as good as random. Who picks texts to collide only makes his own requests slow. */
static struct slot *slot_of(struct code_cache *c, struct span text)
{
    uint32_t h;
    memcpy(&h, text.ptr + CODE_LEN - 6, sizeof h);
    return &c->slot[h * 2654435761u >> 23];
}

enum err code_cache_read(struct code_cache *c, struct tokens *t, struct span text, struct tracking_code *out)
{
    if (text.len != CODE_LEN)
        return ERR_NOT_FOUND;
    struct slot *s = slot_of(c, text);
    if (memcmp(s->text, text.ptr, CODE_LEN) != 0) {
        struct tracking_code code;
        enum err err = code_read(t, text, &code);
        if (err != ERR_OK)
            return err;
        s->code = code;
        memcpy(s->text, text.ptr, CODE_LEN);
    }
    *out = s->code;
    return ERR_OK;
}
