/* Negative control of replay.c under AddressSanitizer: looks for a semicolon that need not be there. */
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t n = 0;
    while (data[n] != ';')
        n++;
    fuzz_accepted += n < size;
    return 0;
}
