#include "server/http/proxies.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/ascii.h"
#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "common/base/text.h"
#include "server/system/address.h"

struct proxies {
    size_t n;
    struct block {
        address first, last;
    } block[];
};

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
        struct span one = text_trim(text_take(&text, ','), HTTP_BLANKS);
        struct block *b = &x->block[x->n++];
        if (!address_block_read(one, &b->first, &b->last)) {
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

static bool trusts(const struct proxies *x, address a)
{
    for (size_t i = 0; i < x->n; i++)
        if (address_block_has(x->block[i].first, x->block[i].last, a))
            return true;
    return false;
}

bool proxies_trust(const struct proxies *x, const char *ip)
{
    address a;
    return x != NULL && address_read(span_str(ip), &a) && trusts(x, a);
}

/* ---- whom a header names ---- */

/* A port, or what stands for one: RFC 7239 section 6. */
static bool is_port(struct span s)
{
    bool obscured = span_starts(s, "_");
    uint64_t port = UINT64_MAX;
    return obscured ? s.len > 1 && ascii_all_alnum_or(s, "._-")
                    : s.len <= 5 && ascii_all_digits(s) && parse_u64(s, &port) == ERR_OK && port <= UINT16_MAX;
}

/* "192.0.2.1:1234", "[2001:db8::1]:1234", "[2001:db8::1]": proxies name the port too, and then or anyway IPv6 in
 * brackets. What is in another form stays as it is. */
static struct span without_port(struct span one)
{
    if (span_empty(one))
        return one;
    const char *colon = memchr(one.ptr, ':', one.len), *bracket = memchr(one.ptr, ']', one.len);
    bool literal = span_starts(one, "[");
    if (colon == NULL ||
        (literal ? bracket == NULL || colon > bracket : memchr(one.ptr, '.', (size_t)(colon - one.ptr)) == NULL))
        return one;
    const char *end = literal ? bracket : colon;
    struct span rest = span_skip(one, (size_t)(end - one.ptr) + (literal ? 1 : 0));
    if (!span_empty(rest) && (rest.ptr[0] != ':' || !is_port(span_skip(rest, 1))))
        return one;
    return literal ? span_of(one.ptr + 1, (size_t)(end - one.ptr) - 1) : span_of(one.ptr, (size_t)(end - one.ptr));
}

/* Whom the elements up to here name, seen from their right end; the empty address: nobody. */
struct named {
    bool any;
    address who;
};

/* One element more on the right: who walks from there stops at it, unless it is trusted and somebody stands behind. */
static void pass(const struct proxies *x, struct named *left, struct span node)
{
    address a;
    bool reads = address_read(without_port(node), &a);
    if (!reads || !left->any || !trusts(x, a))
        *left = (struct named){reads, reads ? a : left->who};
}

static void by_list(const struct proxies *x, struct span rest, struct named *named)
{
    struct span one;
    while (text_cut(&rest, ',', &one))
        pass(x, named, text_trim(one, HTTP_BLANKS));
    pass(x, named, text_trim(rest, HTTP_BLANKS));
}

/* ---- Forwarded, RFC 7239 section 4 ---- */

enum { NODE_MAX = 64 };

#define TOKEN "!#$%&'*+-.^_`|~" /* beside letters and digits, RFC 9110 section 5.6.2 */

static void skip_blanks(struct span *rest)
{
    while (span_starts(*rest, " ") || span_starts(*rest, "\t"))
        *rest = span_skip(*rest, 1);
}

static struct span take_token(struct span *rest, const char *others)
{
    size_t n = 0;
    while (n < rest->len && ascii_is_alnum_or(rest->ptr[n], others))
        n++;
    struct span token = span_of(rest->ptr, n);
    *rest = span_skip(*rest, n);
    return token;
}

/* From behind the first quote to behind the last. What does not fit into out is none that names an address. */
static bool take_quoted(struct span *rest, struct buf *out)
{
    for (size_t i = 0; i < rest->len; i++) {
        char c = rest->ptr[i];
        if (c == '"') {
            *rest = span_skip(*rest, i + 1);
            return true;
        }
        if (c == '\\' && ++i == rest->len)
            return false;
        buf_byte(out, (unsigned char)rest->ptr[i]);
    }
    return false;
}

/* name=value, where a value may be quoted, and must be with a port or of IPv6. */
static bool take_pair(struct span *rest, struct span *name, struct buf *value)
{
    *name = take_token(rest, TOKEN);
    if (span_empty(*name) || !span_starts(*rest, "="))
        return false;
    *rest = span_skip(*rest, 1);
    if (span_starts(*rest, "\"")) {
        *rest = span_skip(*rest, 1);
        return take_quoted(rest, value);
    }
    struct span token = take_token(rest, TOKEN);
    buf_span_add(value, token);
    return !span_empty(token);
}

static bool ends(struct span rest)
{
    return span_empty(rest) || span_starts(rest, ",");
}

/* Pairs up to a comma or the end, any of them empty. node: what `for` says, which is there once; empty without it. */
static bool take_element(struct span *rest, struct buf *node)
{
    bool told = false;
    for (skip_blanks(rest); !ends(*rest); skip_blanks(rest)) {
        char mem[NODE_MAX];
        struct buf value;
        struct span name;
        if (span_starts(*rest, ";")) {
            *rest = span_skip(*rest, 1);
            continue;
        }
        buf_fixed(&value, mem, sizeof mem);
        if (!take_pair(rest, &name, &value))
            return false;
        bool is_for = ascii_is(name, "for");
        if (is_for && told)
            return false;
        if (is_for && !value.failed)
            buf_span_add(node, buf_span(&value));
        told = told || is_for;
        skip_blanks(rest);
        if (!ends(*rest) && !span_starts(*rest, ";"))
            return false;
    }
    return true;
}

/* From the left, where quotes begin: a quote that a client left open swallows what its proxy wrote, and then nothing is
 * well formed. */
static void by_elements(const struct proxies *x, struct span rest, struct named *named)
{
    bool more;
    do {
        char mem[NODE_MAX];
        struct buf node;
        buf_fixed(&node, mem, sizeof mem);
        if (!take_element(&rest, &node)) {
            *named = (struct named){0};
            return;
        }
        pass(x, named, buf_span(&node));
        more = !span_empty(rest);
        rest = span_skip(rest, more);
    } while (more);
}

enum err proxies_header_read(struct span name, enum proxies_header *out, struct problem *p)
{
    if (ascii_is(name, "x-forwarded-for"))
        *out = PROXIES_X_FORWARDED_FOR;
    else if (ascii_is(name, "forwarded"))
        *out = PROXIES_FORWARDED;
    else
        return problem(p, ERR_INVALID, "proxy_header", "must be X-Forwarded-For or Forwarded");
    return ERR_OK;
}

void proxies_client(const struct proxies *x, enum proxies_header kind, struct span header, char ip[46])
{
    struct named named = {0};
    bool more;
    do {
        struct span line = header;
        more = text_cut(&header, '\n', &line);
        (kind == PROXIES_FORWARDED ? by_elements : by_list)(x, more ? line : header, &named);
    } while (more);
    if (named.any)
        address_write(named.who, ip);
}
