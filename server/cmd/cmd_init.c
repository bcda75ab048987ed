#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/ascii.h"
#include "common/base/bytes.h"
#include "common/base/text.h"
#include "server/catalog/catalog_write.h"
#include "server/cmd/command.h"
#include "server/instance/instance.h"
#include "server/system/address.h"
#include "server/system/bounds.h"
#include "server/system/log.h"
#include "server/system/options.h"
#include "server/system/system.h"

/* The port of "host:port", cut off; 0: none is written. Declines what is no port. */
static uint64_t cut_port(const char *given, struct span *host)
{
    size_t at = host->len;
    uint64_t port = 0;
    while (at > 0 && ascii_is_digit(host->ptr[at - 1]))
        at--;
    if (at == 0 || host->ptr[at - 1] != ':' || (host->ptr[0] == '[' && host->ptr[host->len - 1] == ']'))
        return 0;
    struct span digits = span_skip(*host, at);
    if (digits.len > 0 && (parse_u64(digits, &port) != ERR_OK || port == 0 || port > 65535))
        decline("--public-url \"%s\": the port must be a number from 1 to 65535, without leading zeros", given);
    host->len = at - 1;
    return port;
}

/* A name or IPv4 address in lower case, or an IPv6 address in brackets as RFC 5952 writes it. */
static void add_host(const char *given, struct span host, struct buf *out)
{
    char text[ADDRESS_TEXT];
    address a;
    bool literal = host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
    struct span inner = literal ? span_of(host.ptr + 1, host.len - 2) : host;
    if (literal && memchr(inner.ptr, ':', inner.len) != NULL && address_read(inner, &a)) {
        address_write(a, text);
        buf_printf(out, memchr(text, ':', strlen(text)) != NULL ? "[%s]" : "[::ffff:%s]", text);
        return;
    }
    if (literal || host.len == 0 || !ascii_all_alnum_or(host, ".-"))
        decline(
            "--public-url \"%s\": \"%.*s\" is no host: write a name, an IPv4 address, or an IPv6 address in brackets",
            given, (int)host.len, host.ptr);
    for (size_t i = 0; i < host.len; i++)
        buf_byte(out, (uint8_t)ascii_to_lower(host.ptr[i]));
}

/* scheme://host[:port][/path] in one spelling, as it stands in signatures and names of logs: scheme and host in lower
 * case, no port that the scheme has anyway, no slash at the end. Without query, fragment or user. Declines with what to
 * write instead. */
static struct span take_public_url(const char *given, char url[URL_CAP])
{
    struct span rest = span_str(given), host;
    struct buf out;
    while (rest.len > 0 && rest.ptr[rest.len - 1] == '/')
        rest.len--;
    size_t scheme = ascii_starts(rest, "http://") ? 7 : ascii_starts(rest, "https://") ? 8 : 0;
    if (scheme == 0 || rest.len <= scheme)
        decline("--public-url \"%s\": write it as https://host or https://host:port", given);
    rest = span_skip(rest, scheme);
    host = text_take(&rest, '/');
    uint64_t port = cut_port(given, &host);
    buf_fixed(&out, url, URL_CAP - 1);
    buf_str(&out, scheme == 7 ? "http://" : "https://");
    add_host(given, host, &out);
    if (port != 0 && port != (scheme == 7 ? 80 : 443))
        buf_printf(&out, ":%llu", (unsigned long long)port);
    for (size_t i = 0; i < rest.len; i++)
        if (!ascii_is_alnum_or(rest.ptr[i], ".-:/_~"))
            decline("--public-url \"%s\": the character \"%c\" does not belong into its path, and a query or fragment "
                    "is none of it",
                    given, rest.ptr[i]);
    buf_str(&out, rest.len > 0 ? "/" : "");
    buf_span_add(&out, rest);
    if (out.failed)
        decline("--public-url is longer than %d bytes: use a shorter host or path", URL_CAP - 1);
    if (!instance_url_ok(buf_span(&out)))
        decline("--public-url \"%s\": a path has no \".\" or \"..\" between its slashes, which lead elsewhere", given);
    return buf_span(&out);
}

static void make_folder(const char *dir)
{
    struct stat st;
    bool made = mkdir(dir, 0700) == 0;
    if (!made && errno != EEXIST)
        die("cannot make the folder %s: %s; choose another --data", dir, strerror(errno));
    bool named = name_sync(dir) == ERR_OK; /* also one that an init made which was cut off */
    if (made && !named)
        die("cannot sync the folder in which %s is: %s; choose another --data", dir, strerror(errno));
    if (stat(dir, &st) != 0 || !S_ISDIR(st.st_mode))
        die("%s is not a folder: choose another --data", dir);
}

static bool has_keys(const char *dir)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/keys.json", dir);
    return access(path, F_OK) == 0 || errno != ENOENT;
}

static _Noreturn void cannot_make(const char *dir, const char *what, enum err err)
{
    if (err == ERR_CONFLICT && strcmp(what, "store.mdb") == 0 && !has_keys(dir))
        die("%s holds a store without its keys.json: put that back, or choose another folder", dir);
    if (err == ERR_CONFLICT && strcmp(what, "store.mdb") == 0)
        die("%s is initialised already: start it with `countersign serve --data %s`, or choose another folder", dir,
            dir);
    if (err == ERR_CONFLICT)
        die("%s holds a keys.json without its store: put that back, or choose another folder", dir);
    if (err == ERR_TOO_LARGE)
        decline("--data is too long a path");
    if (err == ERR_BUSY)
        die("another init is making %s: wait for it, or choose another folder", dir);
    die("cannot make %s in %s (%s): %s, and run init again%s", what, dir, err_word(err),
        err == ERR_FULL ? "free some space" : "look at the disk, and whether this user may write there",
        err == ERR_FULL ? bounds_of_files() : "");
}

enum { DATA, PUBLIC_URL, ARGS };

static const struct arg args[ARGS] = {
    [DATA] = {.name = "--data", .value = "DIR", .required = true, .help = "folder to make; it will hold everything"},
    [PUBLIC_URL] = {.name = "--public-url",
                    .value = "URL",
                    .required = true,
                    .help = "how the world reaches the server, e.g. https://track.example.com"},
};

static int init(const char *const given[])
{
    const char *dir = given[DATA], *what;
    char url_mem[URL_CAP], token[API_TOKEN_LEN + 1], id[LIMIT_ID + 1];
    struct span url = take_public_url(given[PUBLIC_URL], url_mem);

    make_folder(dir);
    struct party operator= {.number = 1, .role = ROLE_OPERATOR, .name = SPAN("operator"), .created_ms = clock_ms()};
    random_id('P', operator.id);
    random_id('I', id);
    api_token_new(token);
    struct founding f = {.id = span_str(id), .url = url, .operator= & operator, .token = token };
    enum err err = instance_create(dir, options_map_size(), &f, &what);
    if (err != ERR_OK)
        cannot_make(dir, what, err);
    printf("%s is ready for %.*s\n"
           "operator %s, API token (kept in %s/operator.token):\n%s\n"
           "next: countersign serve --data %s\n",
           dir, (int)url.len, url.ptr, operator.id, dir, token, dir);
    if (fflush(stdout) != 0)
        die("%s is ready, but that cannot be written to the output: the API token stands in %s/operator.token", dir,
            dir);
    return STATUS_DONE;
}

const struct command cmd_init = {
    .name = "init",
    .summary = "make a data folder: keys, store, operator token",
    .help = "Makes a data folder: keys, store, and the operator's API token (printed once).",
    .args = args,
    .n_args = ARGS,
    .run = init,
};
