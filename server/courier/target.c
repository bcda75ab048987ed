#include "server/courier/target.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "common/base/bytes.h"
#include "common/base/text.h"

/* IANA's registries of special addresses, and what embeds an IPv4 address that a gateway would go on to. */
static const struct {
    const char *block, *what;
} special[] = {
    {"0.0.0.0/8", "of this network"},
    {"10.0.0.0/8", "private"},
    {"100.64.0.0/10", "of a carrier's NAT"},
    {"127.0.0.0/8", "loopback"},
    {"169.254.0.0/16", "link-local"},
    {"172.16.0.0/12", "private"},
    {"192.0.0.0/24", "of protocols"},
    {"192.0.2.0/24", "for documentation"},
    {"192.88.99.0/24", "of 6to4 relays"},
    {"192.168.0.0/16", "private"},
    {"198.18.0.0/15", "for benchmarks"},
    {"198.51.100.0/24", "for documentation"},
    {"203.0.113.0/24", "for documentation"},
    {"224.0.0.0/4", "multicast"},
    {"240.0.0.0/4", "reserved"},
    {"::/128", "of no host"},
    {"::1/128", "loopback"},
    {"64:ff9b::/96", "NAT64"},
    {"64:ff9b:1::/48", "NAT64"},
    {"2001::/32", "Teredo"},
    {"2001::/23", "of protocols"},
    {"2001:db8::/32", "for documentation"},
    {"2002::/16", "6to4"},
    {"3fff::/20", "for documentation"},
    {"fc00::/7", "private"},
    {"fe80::/10", "link-local"},
    {"fec0::/10", "site-local"},
    {"ff00::/8", "multicast"},
};

enum err target_rules_read(struct span text, struct target_rules *out, struct problem *p)
{
    *out = (struct target_rules){.none = span_is(text_trim(text, " \t"), "none")};
    if (out->none)
        return ERR_OK;
    while (text.len > 0) {
        struct span block = text_trim(text_take(&text, ','), " \t");
        if (span_empty(block))
            continue;
        if (out->n == TARGET_BLOCKS)
            return problem(p, ERR_MALFORMED, "webhook_allow", "names more than %d blocks", TARGET_BLOCKS);
        if (!address_block_read(block, &out->allow[out->n].first, &out->allow[out->n].last))
            return problem(p, ERR_MALFORMED, "webhook_allow",
                           "must be addresses or blocks such as 10.1.0.0/16, with commas between, or none");
        out->n++;
    }
    return ERR_OK;
}

bool target_allowed(const struct target_rules *r, address a)
{
    bool allowed = false;
    for (size_t i = 0; i < r->n; i++)
        allowed |= address_block_has(r->allow[i].first, r->allow[i].last, a);
    return allowed;
}

static bool lies_in(const char *block, address a)
{
    address first, last;
    return address_block_read(span_str(block), &first, &last) && address_block_has(first, last, a);
}

const char *target_special(address a)
{
    for (size_t i = 0; i < sizeof special / sizeof *special; i++)
        if (lies_in(special[i].block, a))
            return special[i].what;
    bool v4 = ADDRESS_V4 <= a && a <= ADDRESS_V4_LAST;
    return v4 || lies_in("2000::/3", a) ? NULL : "not of the public Internet";
}

bool target_own(const struct sockaddr *to, socklen_t len)
{
    struct sockaddr_storage at;
    if (len > sizeof at)
        return true;
    memcpy(&at, to, len);
    if (at.ss_family == AF_INET)
        ((struct sockaddr_in *)&at)->sin_port = 0;
    else
        ((struct sockaddr_in6 *)&at)->sin6_port = 0;
    int fd = socket(at.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return true; /* it cannot be told */
    /* only an address of ours can be bound; of others the kernel says that they are not here */
    bool own = bind(fd, (const struct sockaddr *)&at, len) == 0 || errno != EADDRNOTAVAIL;
    close(fd);
    return own;
}

static bool address_of(const struct sockaddr *to, socklen_t len, address *out, bool *mapped)
{
    *mapped = false;
    if (to->sa_family == AF_INET && len >= sizeof(struct sockaddr_in)) {
        *out = ADDRESS_V4 | load_be32(&((const struct sockaddr_in *)to)->sin_addr);
        return true;
    }
    if (to->sa_family != AF_INET6 || len < sizeof(struct sockaddr_in6))
        return false;
    const uint8_t *b = ((const struct sockaddr_in6 *)to)->sin6_addr.s6_addr;
    *out = (address)load_be64(b) << 64 | load_be64(b + 8);
    *mapped = ADDRESS_V4 <= *out && *out <= ADDRESS_V4_LAST;
    return true;
}

const char *target_refuses(const struct target_rules *r, const struct sockaddr *to, socklen_t len, bool plain)
{
    address a;
    bool mapped;
    if (!address_of(to, len, &a, &mapped))
        return "of no Internet protocol";
    if (target_allowed(r, a))
        return NULL;
    if (plain)
        return "called without TLS";
    if (mapped)
        return "IPv4 in IPv6";
    const char *what = target_special(a);
    return what != NULL ? what : target_own(to, len) ? "the server's own" : NULL;
}
