/* Negative control of replay.c: takes 007 for a number, and writes 7. */
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = span_of(data, size);
    char mem[24];
    struct buf again;
    uint64_t v = 0;
    for (size_t i = 0; i < size; i++) {
        if (data[i] < '0' || data[i] > '9')
            return 0;
        v = v * 10 + (data[i] - (unsigned)'0');
    }
    if (size == 0 || size > 18)
        return 0;
    fuzz_accepted++;
    buf_fixed(&again, mem, sizeof mem);
    buf_u64(&again, v);
    HOLDS(span_eq(buf_span(&again), text));
    return 0;
}
