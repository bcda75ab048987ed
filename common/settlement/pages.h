/* Pages of one size, by number: what maps are built of. They are where their owner says (struct spill), so that memory
 * need not grow with them, or on the heap. Owned by one thread. */
#ifndef CS_SETTLEMENT_PAGES_H
#define CS_SETTLEMENT_PAGES_H

#include <stddef.h>
#include <stdint.h>

enum { PAGE_LEN = 4096, PAGE_CHUNK = 16 * PAGE_LEN, PAGE_NONE = UINT32_MAX };

/* Room that the kernel may write to a disk and take back. */
struct spill {
    void *(*take)(void *ctx);             /* PAGE_CHUNK bytes; NULL: there are no more */
    void (*give)(void *ctx, void *chunk); /* which was taken: another may have it */
    /* To be called now and then: what was looked at need not stay in memory. Pointers stay good. */
    void (*rest)(void *ctx);
    void *ctx;
};

struct pages;
struct pages *pages_new(const struct spill *spill); /* which outlives them; NULL: the heap */
void pages_free(struct pages *p);                   /* NULL-safe */
uint32_t pages_take(struct pages *p);
void pages_give(struct pages *p, uint32_t page);
/* Its bytes, which stay in their place: anything, when it was just taken. */
void *pages_at(const struct pages *p, uint32_t page);

#endif
