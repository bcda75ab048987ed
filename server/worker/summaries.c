#include "server/worker/summaries.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"

enum { SLOTS = 128, TEXT_MOST = 4096 /* those that say more are read each time */ };

struct summaries {
    struct slot {
        bool used;
        struct hash jws;
        struct summary of;
        char *text;
    } slot[SLOTS];
};

struct summaries *summaries_new(void)
{
    return xcalloc(1, sizeof(struct summaries));
}

void summaries_free(struct summaries *s)
{
    for (size_t i = 0; s != NULL && i < SLOTS; i++)
        free(s->slot[i].text);
    free(s);
}

const struct summary *summaries_known(const struct summaries *s, const struct hash *jws)
{
    const struct slot *at = &s->slot[jws->b[0] % SLOTS];
    return at->used && memcmp(at->jws.b, jws->b, HASH_LEN) == 0 ? &at->of : NULL;
}

void summaries_keep(struct summaries *s, const struct hash *jws, const struct summary *one)
{
    struct slot *at = &s->slot[jws->b[0] % SLOTS];
    if (one->text.len > TEXT_MOST)
        return;
    at->text = xrealloc(at->text, one->text.len + 1);
    memcpy(at->text, one->text.ptr, one->text.len);
    at->used = true;
    at->jws = *jws;
    at->of = *one;
    at->of.text = span_of(at->text, one->text.len);
}
