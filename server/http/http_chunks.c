#include "server/http/http_chunks.h"

#include <string.h>

#include "common/base/ascii.h"

enum { DIGITS_MAX = 8 };

/* One byte of what stands between chunks. False: it does not belong there. */
static bool framing(struct chunks *c, char byte)
{
    int digit = ascii_nibble(byte);
    switch (c->state) {
    case CHUNK_SIZE:
        if (digit >= 0 && c->digits < DIGITS_MAX) {
            c->left = c->left * 16 + (size_t)digit;
            c->digits++;
            return true;
        }
        c->state = CHUNK_SIZE_LF;
        return byte == '\r' && c->digits > 0;
    case CHUNK_SIZE_LF:
        c->state = c->left > 0 ? CHUNK_DATA : CHUNK_END_CR;
        return byte == '\n';
    case CHUNK_CR:
        c->state = CHUNK_LF;
        return byte == '\r';
    case CHUNK_LF:
        c->state = CHUNK_SIZE;
        c->digits = 0;
        return byte == '\n';
    case CHUNK_END_CR:
        c->state = CHUNK_END_LF;
        return byte == '\r';
    case CHUNK_END_LF:
        c->state = CHUNK_DONE;
        return byte == '\n';
    case CHUNK_DATA:
    case CHUNK_DONE:
        break;
    }
    return false;
}

static size_t take_data(struct chunks *c, char *bytes, size_t at, size_t n)
{
    size_t len = c->left < n - at ? c->left : n - at;
    memmove(bytes + c->len, bytes + at, len);
    c->len += len;
    c->left -= len;
    if (c->left == 0)
        c->state = CHUNK_CR;
    return len;
}

int chunks_take(struct chunks *c, char *bytes, size_t *n, size_t limit)
{
    size_t at = c->len;
    while (at < *n && c->state != CHUNK_DONE) {
        if (c->state == CHUNK_DATA)
            at += take_data(c, bytes, at, *n);
        else if (!framing(c, bytes[at++]))
            return 400;
        if (c->state == CHUNK_DATA && c->left > limit - c->len)
            return 413;
    }
    memmove(bytes + c->len, bytes + at, *n - at);
    *n = c->len + *n - at;
    return 0;
}
