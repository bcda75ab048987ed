#include <assert.h>
#include <stdio.h>

#include "common/base/ascii.h"
#include "common/base/bytes.h"
#include "common/base/text.h"
#include "common/ledger/merkle.h"
#include "common/ledger/tile.h"

enum { TILE_LEVELS = 8, PATH_MAX_LEN = 64 };

static void add_three_digits(struct buf *out, unsigned v)
{
    buf_byte(out, (uint8_t)('0' + v / 100));
    buf_byte(out, (uint8_t)('0' + v / 10 % 10));
    buf_byte(out, (uint8_t)('0' + v % 10));
}

void tile_path(struct buf *out, const struct tile *t)
{
    assert(t->level >= TILE_ENTRIES && t->level < TILE_LEVELS && t->width >= 1 && t->width <= TILE_WIDTH);
    buf_str(out, "tile/");
    if (t->level == TILE_ENTRIES) {
        buf_str(out, "entries");
    } else {
        buf_u64(out, (uint64_t)t->level);
    }
    uint64_t unit = 1;
    while (t->n / unit >= 1000) {
        unit *= 1000;
    }
    for (; unit > 0; unit /= 1000) {
        buf_str(out, unit > 1 ? "/x" : "/");
        add_three_digits(out, (unsigned)(t->n / unit % 1000));
    }
    if (t->width < TILE_WIDTH) {
        buf_str(out, ".p/");
        buf_u64(out, t->width);
    }
}

/* Reads generously what tile_path could have meant, then demands that it would have written exactly this. */
void tile_in(char out[TILE_IN_CAP], const char *base, const struct tile *t)
{
    char mem[PATH_MAX_LEN];
    struct buf b;
    buf_fixed(&b, mem, sizeof mem);
    tile_path(&b, t);
    snprintf(out, TILE_IN_CAP, "%.100s/%.*s", base, (int)b.len, b.ptr);
}

uint64_t tile_most(const struct tile *t)
{
    return t->width * (t->level == TILE_ENTRIES ? sizeof(uint16_t) + UINT16_MAX : (uint64_t)HASH_LEN);
}

enum err tile_parse(struct span path, struct tile *out)
{
    struct tile t = {.width = TILE_WIDTH};
    struct span rest = path;
    if (path.len > PATH_MAX_LEN || !span_is(text_take(&rest, '/'), "tile")) {
        return ERR_NOT_FOUND;
    }
    struct span level = text_take(&rest, '/');
    uint64_t number = 0;
    if (span_is(level, "entries")) {
        t.level = TILE_ENTRIES;
    } else if (parse_u64(level, &number) != ERR_OK || number >= TILE_LEVELS) {
        return ERR_NOT_FOUND;
    } else {
        t.level = (int)number;
    }
    bool more = true;
    while (more) {
        struct span part = text_take(&rest, '/');
        more = span_starts(part, "x");
        if (part.len < 3u + more || t.n > UINT64_MAX / 1000 - 1) {
            return ERR_NOT_FOUND;
        }
        const char *digits = part.ptr + more;
        if (!ascii_all_digits(span_of(digits, 3))) {
            return ERR_NOT_FOUND;
        }
        t.n = t.n * 1000 + (uint64_t)(digits[0] - '0') * 100 + (uint64_t)(digits[1] - '0') * 10 +
              (uint64_t)(digits[2] - '0');
        if (!more && part.len > 3 && parse_u64(text_take(&rest, '/'), &number) == ERR_OK && number >= 1 &&
            number < TILE_WIDTH) {
            t.width = (unsigned)number;
        }
    }
    char mem[PATH_MAX_LEN];
    struct buf again;
    buf_fixed(&again, mem, sizeof(mem));
    tile_path(&again, &t);
    if (again.failed || !span_eq(buf_span(&again), path)) {
        return ERR_NOT_FOUND;
    }
    *out = t;
    return ERR_OK;
}

unsigned tile_width(int level, uint64_t n, uint64_t tree_size)
{
    assert(level >= TILE_ENTRIES && level < TILE_LEVELS);
    uint64_t nodes = level == TILE_ENTRIES ? tree_size : tree_size >> (TILE_HEIGHT * level);
    uint64_t full = nodes / TILE_WIDTH;
    return n < full ? TILE_WIDTH : n == full ? (unsigned)(nodes % TILE_WIDTH) : 0;
}

void bundle_add(struct buf *out, struct span entry)
{
    assert(entry.len <= UINT16_MAX);
    buf_be16(out, (uint16_t)entry.len);
    buf_span_add(out, entry);
}

bool bundle_next(struct span *rest, struct span *entry, enum err *err)
{
    *err = ERR_OK;
    if (rest->len == 0) {
        return false;
    }
    if (rest->len < 2 || rest->len - 2 < load_be16(rest->ptr)) {
        *err = ERR_CORRUPT;
        return false;
    }
    size_t len = load_be16(rest->ptr);
    *entry = span_of(rest->ptr + 2, len);
    *rest = span_of(rest->ptr + 2 + len, rest->len - 2 - len);
    return true;
}
