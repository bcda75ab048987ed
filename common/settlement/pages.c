#include "common/settlement/pages.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"

enum { CHUNK = PAGE_CHUNK / PAGE_LEN };

struct chunk {
    uint8_t *bytes;
    bool spilt;
};

struct pages {
    const struct spill *spill;
    struct chunk *chunk;
    size_t room;    /* of `chunk` */
    uint32_t n;     /* pages made so far */
    uint32_t given; /* the one given back last, which holds the number of the one before; PAGE_NONE: none */
};

struct pages *pages_new(const struct spill *spill)
{
    struct pages *p = xcalloc(1, sizeof *p);
    p->spill = spill;
    p->given = PAGE_NONE;
    return p;
}

void pages_free(struct pages *p)
{
    for (size_t i = 0; p != NULL && i < p->n / CHUNK; i++)
        if (p->chunk[i].spilt)
            p->spill->give(p->spill->ctx, p->chunk[i].bytes);
        else
            free(p->chunk[i].bytes);
    if (p != NULL)
        free(p->chunk);
    free(p);
}

void *pages_at(const struct pages *p, uint32_t page)
{
    return p->chunk[page / CHUNK].bytes + (size_t)(page % CHUNK) * PAGE_LEN;
}

void pages_give(struct pages *p, uint32_t page)
{
    memcpy(pages_at(p, page), &p->given, sizeof p->given);
    p->given = page;
}

static void add_chunk(struct pages *p)
{
    struct chunk c = {.bytes = NULL};
    size_t at = p->n / CHUNK;
    assert(p->n < PAGE_NONE - CHUNK);
    if (at == p->room) {
        p->room = at ? 2 * at : 4;
        p->chunk = xrealloc(p->chunk, p->room * sizeof *p->chunk);
    }
    if (p->spill != NULL)
        c.bytes = p->spill->take(p->spill->ctx);
    c.spilt = c.bytes != NULL;
    if (!c.spilt)
        c.bytes = xmalloc(PAGE_CHUNK);
    p->chunk[at] = c;
    p->n += CHUNK;
    for (uint32_t i = 1; i <= CHUNK; i++)
        pages_give(p, p->n - i);
}

uint32_t pages_take(struct pages *p)
{
    if (p->given == PAGE_NONE)
        add_chunk(p);
    uint32_t page = p->given;
    memcpy(&p->given, pages_at(p, page), sizeof p->given);
    return page;
}
