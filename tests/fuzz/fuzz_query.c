/* common/base/query: the pairs are the input's own bytes, decoding never grows and undoes encoding. */
#include "common/base/mem.h"
#include "common/base/query.h"
#include "tests/fuzz/fuzz.h"

/* Into a block of exactly `cap` bytes. */
static bool decodes_within(struct span s, size_t cap, bool strict)
{
    struct span block = fuzz_copy(span_of(s.ptr, cap)); /* cap is at most s.len */
    struct buf b;
    buf_fixed(&b, (void *)block.ptr, cap);
    enum err err = ERR_OK;
    if (strict)
        err = query_decode(&b, s);
    else
        query_decode_lenient(&b, s);
    bool good = err == ERR_OK && !b.failed && b.len == cap;
    HOLDS(b.len <= cap);
    fuzz_drop(block);
    return good;
}

static void encodes_back(struct span decoded)
{
    struct buf encoded, back;
    buf_heap(&encoded);
    buf_heap(&back);
    query_encode(&encoded, decoded);
    for (size_t i = 0; i < encoded.len; i++)
        HOLDS(encoded.ptr[i] > ' ' && encoded.ptr[i] < 0x7f && strchr("&=+#?/", encoded.ptr[i]) == NULL);
    HOLDS(query_decode(&back, buf_span(&encoded)) == ERR_OK);
    HOLDS(span_eq(buf_span(&back), decoded));
    buf_free(&encoded);
    buf_free(&back);
}

static bool decode(struct span encoded)
{
    struct buf strict, lenient;
    struct span s = fuzz_copy(encoded);
    buf_heap(&strict);
    buf_heap(&lenient);
    enum err err = query_decode(&strict, s);
    query_decode_lenient(&lenient, s);
    HOLDS(err == ERR_OK || (err == ERR_MALFORMED && strict.len == 0));
    HOLDS(err != ERR_OK || span_eq(buf_span(&strict), buf_span(&lenient)));
    HOLDS(lenient.len <= s.len);
    HOLDS(lenient.len == 0 || decodes_within(s, lenient.len, false));
    HOLDS(lenient.len == 0 || err != ERR_OK || decodes_within(s, lenient.len, true));
    HOLDS(lenient.len < 2 || !decodes_within(s, lenient.len - 1, false));
    encodes_back(buf_span(&lenient));
    buf_free(&strict);
    buf_free(&lenient);
    fuzz_drop(s);
    return err == ERR_OK;
}

/* The text without its empty pairs. */
static void tidy(struct buf *out, struct span text)
{
    while (text.len) {
        struct span pair = fuzz_take(&text, '&');
        if (pair.len == 0)
            continue;
        if (out->len)
            buf_byte(out, '&');
        buf_span_add(out, pair);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = span_of(data, size), name, value;
    struct buf joined, tidied;
    struct query q;
    bool good = true;
    buf_heap(&joined);
    buf_heap(&tidied);
    query_open(&q, text);
    while (query_next(&q, &name, &value)) {
        HOLDS(fuzz_inside(name, text) && (value.len == 0 || fuzz_inside(value, text)));
        HOLDS(memchr(name.ptr, '&', name.len) == NULL && memchr(name.ptr, '=', name.len) == NULL);
        bool name_reads = decode(name), value_reads = decode(value);
        good = good && name_reads && value_reads;
        if (joined.len)
            buf_byte(&joined, '&');
        buf_span_add(&joined, name);
        if (value.ptr != NULL)
            buf_byte(&joined, '=');
        buf_span_add(&joined, value);
    }
    HOLDS(!query_next(&q, &name, &value));
    tidy(&tidied, text);
    HOLDS(span_eq(buf_span(&joined), buf_span(&tidied)));
    fuzz_accepted += good && joined.len > 0;
    buf_free(&joined);
    buf_free(&tidied);
    return 0;
}
