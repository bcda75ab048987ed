#include "server/http/proxies.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/ascii.h"
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
        if (x->block[i].first <= a && a <= x->block[i].last)
            return true;
    return false;
}

bool proxies_trust(const struct proxies *x, const char *ip)
{
    address a;
    return x != NULL && address_read(span_str(ip), &a) && trusts(x, a);
}

/* "192.0.2.1:1234", "[2001:db8::1]:1234", "[2001:db8::1]": proxies name the port too, and then or anyway IPv6 in
 * brackets. What is in another form stays as it is. */
static struct span without_port(struct span one)
{
    const char *colon = memchr(one.ptr, ':', one.len), *bracket = memchr(one.ptr, ']', one.len);
    bool literal = span_starts(one, "[");
    if (colon == NULL ||
        (literal ? bracket == NULL || colon > bracket : memchr(one.ptr, '.', (size_t)(colon - one.ptr)) == NULL))
        return one;
    const char *end = literal ? bracket : colon;
    struct span rest = span_skip(one, (size_t)(end - one.ptr) + (literal ? 1 : 0));
    if (!span_empty(rest) &&
        (rest.ptr[0] != ':' || rest.len < 2 || rest.len > 6 || !ascii_all_digits(span_skip(rest, 1))))
        return one;
    return literal ? span_of(one.ptr + 1, (size_t)(end - one.ptr) - 1) : span_of(one.ptr, (size_t)(end - one.ptr));
}

void proxies_client(const struct proxies *x, struct span forwarded_for, char ip[46])
{
    struct span rest = forwarded_for;
    while (rest.len > 0) {
        const char *comma = memrchr(rest.ptr, ',', rest.len);
        size_t from = comma != NULL ? (size_t)(comma + 1 - rest.ptr) : 0;
        struct span one = text_trim(span_skip(rest, from), HTTP_BLANKS);
        address a;
        rest.len = comma != NULL ? from - 1 : 0;
        if (!address_read(without_port(one), &a))
            return; /* whoever wrote this is not to be believed further */
        address_write(a, ip);
        if (!trusts(x, a))
            return;
    }
}
