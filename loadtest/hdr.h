/* A histogram of latencies in logarithmic buckets, as HdrHistogram counts: 128 to every power of two, so that a value
 * is known to better than 1 %, from 1 ns to centuries, in fixed memory and constant time. */
#ifndef CS_LOADTEST_HDR_H
#define CS_LOADTEST_HDR_H

#include <stdint.h>

enum { HDR_SUB_BITS = 7, HDR_SUB = 1 << HDR_SUB_BITS, HDR_BUCKETS = (64 - HDR_SUB_BITS + 1) * HDR_SUB };

struct hdr {
    uint64_t n, max;
    uint64_t count[HDR_BUCKETS];
};

void hdr_record(struct hdr *h, uint64_t value);
void hdr_merge(struct hdr *into, const struct hdr *from);
/* The largest value that is equivalent to the one at this rank (ppm of 1,000,000; 500000 is the median), never above
 * the true maximum; 0 when nothing was recorded. */
uint64_t hdr_at(const struct hdr *h, uint32_t ppm);

#endif
