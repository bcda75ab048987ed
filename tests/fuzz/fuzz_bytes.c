/* common/base/bytes and utf8: each value has one spelling; decoding fills no more than it was given; repaired text is
 * valid. */
#include "common/base/bytes.h"
#include "common/base/utf8.h"
#include "tests/fuzz/fuzz.h"

typedef enum err (*decoding)(struct span in, void *out, size_t cap, size_t *len);
typedef void (*encoding)(struct buf *b, const void *ptr, size_t len);

static void decode(struct span text, decoding read, encoding write)
{
    struct span most = fuzz_copy(text); /* no code here makes text shorter */
    struct buf again;
    size_t len = 0;
    enum err err = read(text, (void *)most.ptr, most.len, &len);
    HOLDS(err == ERR_OK || err == ERR_MALFORMED);
    if (err == ERR_OK) {
        struct span exact = fuzz_copy(span_of(most.ptr, len));
        HOLDS(read(text, (void *)exact.ptr, len, &len) == ERR_OK && len == exact.len);
        HOLDS(len == 0 || read(text, (void *)exact.ptr, len - 1, &len) == ERR_TOO_LARGE);
        buf_heap(&again);
        write(&again, most.ptr, len);
        HOLDS(span_eq(buf_span(&again), text));
        buf_free(&again);
        fuzz_drop(exact);
        fuzz_accepted++;
    }
    fuzz_drop(most);
}

static void numbers(struct span text)
{
    struct buf again;
    uint64_t u;
    int64_t i;
    buf_heap(&again);
    if (parse_u64(text, &u) == ERR_OK) {
        buf_u64(&again, u);
        HOLDS(span_eq(buf_span(&again), text));
    }
    buf_clear(&again);
    if (parse_i64(text, &i) == ERR_OK) {
        buf_i64(&again, i);
        HOLDS(span_eq(buf_span(&again), text));
    }
    buf_free(&again);
}

/* RFC 3629, the other way round: the one spelling of a code point that is a character. */
static bool utf8_by_code_points(struct span s)
{
    const uint8_t *p = (const uint8_t *)s.ptr;
    for (size_t i = 0, n; i < s.len; i += n) {
        n = p[i] < 0x80 ? 1 : p[i] >> 5 == 6 ? 2 : p[i] >> 4 == 14 ? 3 : p[i] >> 3 == 30 ? 4 : 9;
        if (n > 4 || n > s.len - i)
            return false;
        uint32_t c = n == 1 ? p[i] : p[i] & (0x7fu >> n), least[] = {0, 1, 0x80, 0x800, 0x10000};
        for (size_t k = 1; k < n; k++) {
            if (p[i + k] >> 6 != 2)
                return false;
            c = c << 6 | (p[i + k] & 0x3f);
        }
        if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
            return false;
    }
    return true;
}

static void characters(struct span text)
{
    struct buf whole, part;
    size_t max = text.len / 2;
    HOLDS(utf8_valid(text) == utf8_by_code_points(text));
    buf_heap(&whole);
    buf_heap(&part);
    utf8_repair(&whole, text, 3 * text.len);
    utf8_repair(&part, text, max);
    HOLDS(utf8_valid(buf_span(&whole)) && utf8_valid(buf_span(&part)) && part.len <= max);
    HOLDS(part.len == 0 || memcmp(whole.ptr, part.ptr, part.len) == 0);
    HOLDS(!span_eq(buf_span(&whole), text) || utf8_valid(text));
    if (utf8_valid(text)) {
        struct span cut = utf8_cut(text, max);
        HOLDS(cut.ptr == text.ptr && cut.len <= max && cut.len + 4 > max && utf8_valid(cut));
    }
    buf_free(&whole);
    buf_free(&part);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = span_of(data, size);
    decode(text, b64url_decode, buf_b64url);
    decode(text, b64_decode, buf_b64);
    decode(text, hex_decode, buf_hex);
    numbers(text);
    characters(text);
    return 0;
}
