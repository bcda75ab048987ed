/* server/http/http_chunks: the same however the bytes are cut; never more decoded than allowed; what follows the body
 * is left as it is. Input: a byte for the cut, then the body. */
#include <stdlib.h>
#include <string.h>

#include "server/http/http_chunks.h"
#include "tests/fuzz/fuzz.h"

enum { MOST = 512 };

struct outcome {
    struct chunks c;
    int status;
    struct span block, bytes;
};

static struct outcome decode(struct span raw, size_t step)
{
    struct outcome o = {.status = 0};
    struct span block = fuzz_copy(raw);
    char *bytes = (char *)(uintptr_t)block.ptr;
    size_t n = 0;
    for (size_t at = 0; at < raw.len && o.status == 0; at += step) {
        size_t piece = raw.len - at < step ? raw.len - at : step;
        memmove(bytes + n, raw.ptr + at, piece);
        n += piece;
        if (o.c.state != CHUNK_DONE)
            o.status = chunks_take(&o.c, bytes, &n, MOST);
    }
    HOLDS(o.c.len <= MOST && o.c.len <= n && n <= raw.len);
    HOLDS(o.status == 0 || o.status == 400 || o.status == 413);
    o.block = block;
    o.bytes = span_of(block.ptr, n);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct span raw = span_of(data + 1, size - 1);
    struct outcome all = decode(raw, raw.len + 1), cut = decode(raw, data[0] % 16 + 1u);
    HOLDS(all.status == cut.status);
    HOLDS(all.status != 0 || (all.c.state == cut.c.state && all.c.len == cut.c.len && span_eq(all.bytes, cut.bytes)));
    if (all.status == 0 && all.c.state == CHUNK_DONE) {
        size_t rest = all.bytes.len - all.c.len;
        HOLDS(memcmp(all.bytes.ptr + all.c.len, raw.ptr + raw.len - rest, rest) == 0);
        fuzz_accepted++;
    }
    fuzz_drop(all.block);
    fuzz_drop(cut.block);
    return 0;
}
