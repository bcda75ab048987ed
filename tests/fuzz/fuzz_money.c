/* common/base/money: a decimal is what the C library says it is, to the micro; rounding to minor units loses none. */
#include <stdlib.h>

#include "common/base/money.h"
#include "tests/fuzz/fuzz.h"

/* The micros of a text, not yet whole: near enough to round to them, a long double's 64 bits hold 2^53. */
static long double micros_of(struct span text)
{
    char z[512];
    memcpy(z, text.ptr, text.len);
    z[text.len] = '\0';
    return strtold(z, NULL) * 1000000;
}

static void writes_the_same(int64_t micros)
{
    struct buf text;
    int64_t again = 0;
    buf_heap(&text);
    buf_printf(&text, "%s%lld.%06lld", micros < 0 ? "-" : "", llabs(micros / 1000000), llabs(micros % 1000000));
    struct span exact = fuzz_copy(buf_span(&text));
    HOLDS(money_parse(exact, &again) == ERR_OK && again == micros);
    fuzz_drop(exact);
    buf_free(&text);
}

static void rounds_without_loss(int64_t micros)
{
    for (int exponent = 0; exponent <= 4; exponent++) {
        int64_t minor, carried, unit = micros_per_minor(exponent);
        money_to_minor(micros, 999999, exponent, &minor, &carried);
        HOLDS(carried >= 0 && carried < unit && minor * unit + carried == micros + 999999);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = span_of(data, size);
    int64_t micros = -7;
    enum err err = money_parse(text, &micros);
    int exponent = currency_exponent(text);

    HOLDS(exponent == -1 || (exponent >= 0 && exponent <= 4 && size == 3));
    HOLDS(err == ERR_OK || ((err == ERR_MALFORMED || err == ERR_INVALID) && micros == -7));
    if (size > 500 || err == ERR_MALFORMED)
        return 0;
    long double about = micros_of(text);
    long double magnitude = about < 0 ? -about : about;
    HOLDS((err == ERR_OK) == (magnitude < MONEY_MAX_MICROS + 0.5L));
    if (err != ERR_OK)
        return 0;
    fuzz_accepted++;
    HOLDS(micros == (int64_t)(about + (about < 0 ? -0.5L : 0.5L)));
    writes_the_same(micros);
    rounds_without_loss(micros);
    return 0;
}
