#include "common/base/query.h"

#include "common/base/ascii.h"
#include "common/base/text.h"

void query_open(struct query *q, struct span text)
{
    q->rest = text;
}

bool query_next(struct query *q, struct span *name, struct span *value)
{
    while (q->rest.len) {
        struct span pair = text_take(&q->rest, '&');
        if (pair.len == 0)
            continue;
        *name = text_take(&pair, '=');
        *value = pair;
        return true;
    }
    return false;
}

/* The byte that an escape at in.ptr[i] stands for, or -1. */
static int escape(struct span in, size_t i)
{
    if (in.len - i < 3)
        return -1;
    int high = ascii_nibble(in.ptr[i + 1]), low = ascii_nibble(in.ptr[i + 2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

static size_t decoded_len(struct span in)
{
    size_t len = in.len;
    for (size_t i = 0; i < in.len; i++)
        if (in.ptr[i] == '%' && escape(in, i) >= 0) {
            len -= 2;
            i += 2;
        }
    return len;
}

static enum err decode(struct buf *out, struct span in, bool strict)
{
    char *to = in.len ? buf_room(out, decoded_len(in)) : NULL;
    if (to == NULL)
        return ERR_OK;
    for (size_t i = 0; i < in.len; i++) {
        int c = (unsigned char)in.ptr[i];
        if (strict && (c < 0x20 || c > 0x7e))
            return ERR_MALFORMED;
        if (c == '+') {
            c = ' ';
        } else if (c == '%') {
            int byte = escape(in, i);
            if (byte < 0 && strict)
                return ERR_MALFORMED;
            if (byte >= 0) {
                c = byte;
                i += 2;
            }
        }
        *to++ = (char)c;
    }
    out->len = (size_t)(to - out->ptr);
    return ERR_OK;
}

enum err query_decode(struct buf *out, struct span encoded)
{
    return decode(out, encoded, true);
}

void query_decode_lenient(struct buf *out, struct span encoded)
{
    enum err err = decode(out, encoded, false);
    (void)err; /* nothing is refused */
}

size_t query_unescape(struct span in, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < in.len; i++) {
        int byte = in.ptr[i] == '%' ? escape(in, i) : -1;
        out[n++] = byte >= 0 ? (char)byte : in.ptr[i];
        i += byte >= 0 ? 2 : 0;
    }
    return n;
}

void query_escape(struct buf *out, uint8_t byte)
{
    static const char digit[] = "0123456789ABCDEF";
    buf_add(out, (char[]){'%', digit[byte >> 4], digit[byte & 15]}, 3);
}

bool query_name_is(struct span encoded, struct span plain)
{
    size_t n = 0;
    for (size_t i = 0; i < encoded.len; i++, n++) {
        int byte = encoded.ptr[i] == '%' ? escape(encoded, i) : -1;
        char c = byte >= 0 ? (char)byte : encoded.ptr[i] == '+' ? ' ' : encoded.ptr[i];
        if (n == plain.len || plain.ptr[n] != c)
            return false;
        i += byte >= 0 ? 2 : 0;
    }
    return n == plain.len;
}

/* RFC 3986, 2.3 */
static const bool unreserved[256] = {['-'] = true,         ['.'] = true,         ['_'] = true,        ['~'] = true,
                                     ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true};

void query_encode(struct buf *out, struct span s)
{
    size_t plain = 0; /* [plain, i) stands for itself and is not yet copied */
    if (s.len == 0)
        return;
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (unreserved[c])
            continue;
        buf_add(out, s.ptr + plain, i - plain);
        query_escape(out, c);
        plain = i + 1;
    }
    buf_add(out, s.ptr + plain, s.len - plain);
}
