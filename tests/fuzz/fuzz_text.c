/* common/base: two values of a form, divided by a newline. What is stripped or in form C stays as it is; numbers have
 * one order; what is no UTF-8 comes out as it went in. */
#include <stdlib.h>

#include "common/base/country.h"
#include "common/base/decimal.h"
#include "common/base/text.h"
#include "common/base/utf8.h"
#include "tests/fuzz/fuzz.h"

static struct span form_c(struct span s)
{
    struct buf b;
    buf_heap(&b);
    text_nfc(&b, s);
    struct span out = fuzz_copy(buf_span(&b));
    buf_free(&b);
    return out;
}

static void one(struct span s)
{
    char code[2], again[2];
    struct span bare = text_strip(s);
    HOLDS(fuzz_inside(bare, s) && span_eq(text_strip(bare), bare));
    struct span c = form_c(bare), twice = form_c(c);
    HOLDS(span_eq(c, twice) && c.len <= NFC_GROWTH * bare.len && utf8_valid(c) == utf8_valid(bare));
    HOLDS(utf8_valid(bare) || span_eq(c, bare));
    if (country_read(s, code))
        HOLDS(country_read(span_of(code, 2), again) && memcmp(code, again, 2) == 0);
    fuzz_drop(c);
    fuzz_drop(twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span rest = span_of((const char *)data, size), a = fuzz_take(&rest, '\n'), b = rest;
    struct decimal x, y;
    one(a);
    one(b);
    if (decimal_read(a, &x) && decimal_read(b, &y)) {
        fuzz_accepted++;
        HOLDS(decimal_order(x, y) == -decimal_order(y, x) && decimal_order(x, x) == 0);
        HOLDS(!span_eq(text_strip(a), text_strip(b)) || decimal_order(x, y) == 0);
    }
    return 0;
}
