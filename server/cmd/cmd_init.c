#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/ascii.h"
#include "server/catalog/catalog_write.h"
#include "server/cmd/command.h"
#include "server/instance/instance.h"
#include "server/system/log.h"
#include "server/system/options.h"
#include "server/system/system.h"

enum { PATH_CAP = 4096 };

/* scheme://host[:port][/path], lower case up to the path, without query, fragment or user; a trailing slash is cut.
 * Declines with what to write instead. */
static struct span take_public_url(const char *given, char url[URL_CAP])
{
    size_t len = strlen(given);
    while (len > 0 && given[len - 1] == '/')
        len--;
    size_t scheme = strncmp(given, "http://", 7) == 0 ? 7 : strncmp(given, "https://", 8) == 0 ? 8 : 0;
    if (scheme == 0 || len <= scheme || given[scheme] == '/' || given[scheme] == ':')
        decline("--public-url \"%s\": write it as https://host or https://host:port", given);
    if (len >= URL_CAP)
        decline("--public-url is longer than %d bytes: use a shorter host or path", URL_CAP - 1);
    bool in_path = false;
    for (size_t i = 0; i < len; i++) {
        in_path |= i >= scheme && given[i] == '/';
        bool good = ascii_is_alnum_or(given[i], in_path ? ".-:/[]_~" : i >= scheme ? ".-:/[]" : ".-:/");
        if (!good || (!in_path && ascii_is_upper(given[i])))
            decline(
                "--public-url \"%s\": the character %zu does not belong there: scheme, lower-case host, port and path "
                "are all it may hold",
                given, i + 1);
        url[i] = given[i];
    }
    return span_of(url, len);
}

static void make_folder(const char *dir)
{
    struct stat st;
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        die("cannot make the folder %s: %s; choose another --data", dir, strerror(errno));
    if (stat(dir, &st) != 0 || !S_ISDIR(st.st_mode))
        die("%s is not a folder: choose another --data", dir);
}

static bool has_file(const char *dir, const char *name)
{
    char path[PATH_CAP];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return access(path, F_OK) == 0;
}

static _Noreturn void cannot_make(const char *dir, enum err err)
{
    bool keys = has_file(dir, "keys.json"), store = has_file(dir, "store.mdb");
    if (err == ERR_CONFLICT && keys && store)
        die("%s is initialised already: start it with `countersign serve --data %s`, or choose another folder", dir,
            dir);
    if (err == ERR_CONFLICT && store)
        die("%s holds a store without its keys.json: put that back, or choose another folder", dir);
    if (err == ERR_CONFLICT)
        die("%s holds a keys.json without its store: put that back; or, where an init did not end, remove keys.json "
            "and run "
            "init again",
            dir);
    if (err == ERR_BUSY)
        die("%s is in use by another countersign: choose another folder", dir);
    die("cannot make keys and store in %s (%s): %s, remove keys.json and store.mdb if they are there, and run init "
        "again",
        dir, err_word(err),
        err == ERR_FULL ? "free some space" : "look at the disk, and whether this user may write there");
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
    uint8_t hash[HASH_LEN];
    const char *dir = given[DATA];
    char url_mem[URL_CAP], path[PATH_CAP], token[API_TOKEN_LEN + 1], line[API_TOKEN_LEN + 2];
    struct span url = take_public_url(given[PUBLIC_URL], url_mem);
    if (snprintf(path, sizeof path, "%s/operator.token", dir) >= (int)sizeof path)
        decline("--data is too long a path");

    make_folder(dir);
    struct party operator= {.number = 1, .role = ROLE_OPERATOR, .name = SPAN("operator"), .created_ms = clock_ms()};
    random_id('P', operator.id);
    api_token_new(token);
    api_token_hash(token, hash);
    enum err err = has_file(dir, "keys.json") ? ERR_CONFLICT : store_missing(dir);
    if (err != ERR_OK)
        cannot_make(dir, err);
    snprintf(line, sizeof line, "%s\n", token);
    if (file_write_atomic(path, span_str(line), 0600) != ERR_OK) /* first: no store without a token that somebody has */
        die("cannot write %s: look at the disk, and run init again", path);
    if ((err = instance_create(dir, options_map_size(), url, &operator, hash)) != ERR_OK)
        cannot_make(dir, err);
    printf("%s is ready for %.*s\n"
           "operator %s, API token (kept in %s):\n%s\n"
           "next: countersign serve --data %s\n",
           dir, (int)url.len, url.ptr, operator.id, path, token, dir);
    if (fflush(stdout) != 0)
        die("%s is ready, but that cannot be written to the output: the API token stands in %s", dir, path);
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
