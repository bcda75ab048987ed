#include "server/http/proxies.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "common/base/text.h"

/* IPv4 stands as ::ffff:a.b.c.d, so that one comparison does for both. */
struct block {
    uint8_t address[16];
    unsigned bits;
};

struct proxies {
    size_t n;
    struct block block[];
};

static bool address_read(struct span text, uint8_t out[16], bool *v4)
{
    char z[46];
    if (text.len == 0 || text.len >= sizeof z || memchr(text.ptr, '\0', text.len) != NULL)
        return false;
    memcpy(z, text.ptr, text.len);
    z[text.len] = '\0';
    *v4 = inet_pton(AF_INET, z, out + 12) == 1;
    if (!*v4)
        return inet_pton(AF_INET6, z, out) == 1;
    memset(out, 0, 10);
    out[10] = out[11] = 0xff;
    return true;
}

static bool block_read(struct span text, struct block *out)
{
    const char *slash = memchr(text.ptr, '/', text.len);
    struct span address = slash != NULL ? span_of(text.ptr, (size_t)(slash - text.ptr)) : text;
    uint64_t bits;
    bool v4;
    if (!address_read(address, out->address, &v4))
        return false;
    bits = v4 ? 32 : 128;
    uint64_t most = bits;
    if (slash != NULL && (parse_u64(span_of(slash + 1, text.len - address.len - 1), &bits) != ERR_OK || bits > most))
        return false;
    out->bits = (unsigned)bits + (v4 ? 96 : 0);
    return true;
}

enum err proxies_parse(struct span text, struct proxies **out, struct problem *p)
{
    size_t most = 1;
    for (size_t i = 0; i < text.len; i++)
        most += text.ptr[i] == ',';
    if (span_empty(text_trim(text, HTTP_BLANKS))) {
        *out = NULL;
        return ERR_OK;
    }
    struct proxies *x = xcalloc(1, sizeof *x + most * sizeof x->block[0]);
    while (text.len > 0) {
        struct span one = text_take(&text, ',');
        if (!block_read(text_trim(one, HTTP_BLANKS), &x->block[x->n++])) {
            free(x);
            return problem(p, ERR_INVALID, "trusted_proxies", "must be addresses or CIDR blocks, separated by commas");
        }
    }
    *out = x;
    return ERR_OK;
}

void proxies_free(struct proxies *x)
{
    free(x);
}

static bool block_holds(const struct block *b, const uint8_t address[16])
{
    size_t whole = b->bits / 8;
    unsigned rest = b->bits % 8;
    if (memcmp(b->address, address, whole) != 0)
        return false;
    return rest == 0 || (b->address[whole] ^ address[whole]) >> (8 - rest) == 0;
}

static bool trusts(const struct proxies *x, const uint8_t address[16])
{
    for (size_t i = 0; i < x->n; i++)
        if (block_holds(&x->block[i], address))
            return true;
    return false;
}

bool proxies_trust(const struct proxies *x, const char *ip)
{
    uint8_t address[16];
    bool v4;
    return x != NULL && address_read(span_str(ip), address, &v4) && trusts(x, address);
}

void proxies_client(const struct proxies *x, struct span forwarded_for, char ip[46])
{
    struct span rest = forwarded_for;
    while (rest.len > 0) {
        const char *comma = memrchr(rest.ptr, ',', rest.len);
        size_t from = comma != NULL ? (size_t)(comma + 1 - rest.ptr) : 0;
        struct span one = text_trim(span_skip(rest, from), HTTP_BLANKS);
        uint8_t address[16];
        bool v4;
        rest.len = comma != NULL ? from - 1 : 0;
        if (!address_read(one, address, &v4))
            return; /* whoever wrote this is not to be believed further */
        inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? address + 12 : address, ip, 46);
        if (!trusts(x, address))
            return;
    }
}
