#include "loadtest/hdr.h"

#include <stddef.h>

static size_t bucket_of(uint64_t v)
{
    if (v < HDR_SUB)
        return (size_t)v;
    unsigned shift = 63 - (unsigned)__builtin_clzll(v) - HDR_SUB_BITS;
    return (size_t)shift * HDR_SUB + (size_t)(v >> shift);
}

static uint64_t highest_in(size_t bucket)
{
    if (bucket < 2 * HDR_SUB)
        return bucket;
    unsigned shift = (unsigned)(bucket / HDR_SUB) - 1;
    uint64_t lowest = (uint64_t)(bucket % HDR_SUB + HDR_SUB) << shift;
    return lowest + (((uint64_t)1 << shift) - 1);
}

void hdr_record(struct hdr *h, uint64_t value)
{
    h->count[bucket_of(value)]++;
    h->n++;
    if (value > h->max)
        h->max = value;
}

void hdr_merge(struct hdr *into, const struct hdr *from)
{
    for (size_t i = 0; i < HDR_BUCKETS; i++)
        into->count[i] += from->count[i];
    into->n += from->n;
    if (from->max > into->max)
        into->max = from->max;
}

uint64_t hdr_at(const struct hdr *h, uint32_t ppm)
{
    /* the smallest rank that has this share at or below it, counted from 1 */
    uint64_t rank = (uint64_t)(((unsigned __int128)h->n * ppm + 999999) / 1000000), seen = 0;
    if (h->n == 0)
        return 0;
    if (rank == 0)
        rank = 1;
    for (size_t i = 0; i < HDR_BUCKETS; i++) {
        seen += h->count[i];
        if (seen >= rank)
            return highest_in(i) < h->max ? highest_in(i) : h->max;
    }
    return h->max;
}
