/* server/http/proxies: the setting, newline, the X-Forwarded-For or Forwarded of a request. Each block trusts its own
 * address; the client is an address that stands in the header, and no trusted one while another stands before it. */
#include <arpa/inet.h>
#include <stdio.h>

#include "server/http/proxies.h"
#include "tests/fuzz/fuzz.h"

/* Out of "10.0.0.0/8" the address. */
static void address_of(struct span block, char out[46])
{
    while (block.len > 0 && strchr(" \t", block.ptr[0]) != NULL)
        block = span_of(block.ptr + 1, block.len - 1);
    struct span address = fuzz_take(&block, '/');
    while (address.len > 0 && strchr(" \t", address.ptr[address.len - 1]) != NULL)
        address.len--;
    HOLDS(address.len > 0 && address.len < 46);
    snprintf(out, 46, "%.*s", (int)address.len, address.ptr);
    HOLDS(strlen(out) == address.len);
}

static void blocks_trust_themselves(const struct proxies *x, struct span setting)
{
    while (setting.len > 0) {
        char address[46];
        address_of(fuzz_take(&setting, ','), address);
        HOLDS(proxies_trust(x, address));
    }
}

static bool is_address(const char *text)
{
    uint8_t bytes[16];
    char again[46];
    int family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
    return inet_pton(family, text, bytes) == 1 && inet_ntop(family, bytes, again, sizeof again) != NULL &&
           strcmp(again, text) == 0;
}

/* An address as an element of a header: for=, quotes, brackets and a port as the kind wants or allows. */
static void write_element(enum proxies_header kind, const char *ip, bool port, char out[80])
{
    bool literal = strchr(ip, ':') != NULL;
    const char *quote = kind == PROXIES_FORWARDED ? "\"" : "";
    snprintf(out, 80, "%s%s%s%s%s%s%s", kind == PROXIES_FORWARDED ? "for=" : "", quote, literal ? "[" : "", ip,
             literal ? "]" : "", port ? ":443" : "", quote);
}

static void client(const struct proxies *x, enum proxies_header kind, struct span header)
{
    char ip[46] = "192.0.2.1";
    proxies_client(x, kind, header, ip);
    HOLDS(is_address(ip));

    for (int port = 0; port < 2; port++) {
        char element[80], again[46] = "192.0.2.1";
        write_element(kind, ip, port, element);
        proxies_client(x, kind, span_str(element), again);
        HOLDS(strcmp(ip, again) == 0);
    }

    /* what a client wrote to the left of a stranger's address is nothing */
    struct buf longer;
    char same[46] = "192.0.2.1", before[80];
    write_element(kind, "203.0.113.9", false, before);
    buf_heap(&longer);
    buf_str(&longer, before);
    buf_str(&longer, ", ");
    buf_span_add(&longer, header);
    proxies_client(x, kind, buf_span(&longer), same);
    HOLDS(proxies_trust(x, ip) || strcmp(ip, "192.0.2.1") == 0 || strcmp(ip, same) == 0);

    /* nor is it whatever it is, where a stranger's address is written behind it: that, or nobody */
    char stranger[46] = "192.0.2.1", behind[80];
    write_element(kind, "198.51.100.7", false, behind);
    buf_clear(&longer);
    buf_span_add(&longer, header);
    buf_str(&longer, ", ");
    buf_str(&longer, behind);
    proxies_client(x, kind, buf_span(&longer), stranger);
    HOLDS(proxies_trust(x, "198.51.100.7") || strcmp(stranger, "198.51.100.7") == 0 ||
          strcmp(stranger, "192.0.2.1") == 0);
    buf_free(&longer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span header = span_of(data, size), setting = fuzz_copy(fuzz_take(&header, '\n'));
    struct proxies *x = NULL;
    struct problem p = {0};
    if (proxies_parse(setting, &x, &p) != ERR_OK) {
        fuzz_problem(&p);
    } else if (x != NULL) {
        fuzz_accepted++;
        blocks_trust_themselves(x, setting);
        client(x, PROXIES_X_FORWARDED_FOR, header);
        client(x, PROXIES_FORWARDED, header);
        proxies_free(x);
    }
    fuzz_drop(setting);
    return 0;
}
