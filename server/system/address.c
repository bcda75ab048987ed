#include "server/system/address.h"

#include <arpa/inet.h>
#include <string.h>

#include "common/base/bytes.h"

static bool read_as(struct span text, address *out, bool *v4)
{
    char z[ADDRESS_TEXT];
    uint8_t b[16];
    if (text.len == 0 || text.len >= sizeof z || memchr(text.ptr, '\0', text.len) != NULL)
        return false;
    memcpy(z, text.ptr, text.len);
    z[text.len] = '\0';
    *v4 = memchr(z, ':', text.len) == NULL;
    if (inet_pton(*v4 ? AF_INET : AF_INET6, z, b) != 1)
        return false;
    *out = *v4 ? ADDRESS_V4 | load_be32(b) : (address)load_be64(b) << 64 | load_be64(b + 8);
    return true;
}

bool address_read(struct span text, address *out)
{
    bool v4;
    return read_as(text, out, &v4);
}

static bool is_v4(address a)
{
    return a >> 32 == ADDRESS_V4 >> 32;
}

bool address_block_has(address first, address last, address a)
{
    return first <= a && a <= last && is_v4(a) == is_v4(first);
}

void address_write(address a, char out[ADDRESS_TEXT])
{
    uint8_t b[16];
    bool v4 = is_v4(a);
    store_be64(b, (uint64_t)(a >> 64));
    store_be64(b + 8, (uint64_t)a);
    inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? b + 12 : b, out, ADDRESS_TEXT);
}

uint64_t address_subscriber(address a)
{
    return is_v4(a) ? (uint64_t)a : (uint64_t)(a >> 64);
}

bool address_block_read(struct span text, address *first, address *last)
{
    const char *slash = memchr(text.ptr, '/', text.len);
    struct span own = slash != NULL ? span_of(text.ptr, (size_t)(slash - text.ptr)) : text;
    address a;
    bool v4;
    if (!read_as(own, &a, &v4))
        return false;
    uint64_t most = v4 ? 32 : 128, bits = most;
    if (slash != NULL && (parse_u64(span_of(slash + 1, text.len - own.len - 1), &bits) != ERR_OK || bits > most))
        return false;
    if (!v4 && is_v4(a) && bits < 96)
        return false;
    address rest = most == bits ? 0 : ~(address)0 >> (128 - (most - bits));
    *first = a & ~rest;
    *last = a | rest;
    return true;
}
