/* Mirrors one contract: FORMATS.md "Mirror". What the pull's checkpoint covers is fetched, nothing else; the same
 * folder can be pulled into again. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/bytes.h"
#include "common/base/id.h"
#include "common/base/mem.h"
#include "common/base/text.h"
#include "common/ledger/entry.h"
#include "common/ledger/tile.h"
#include "server/cmd/command.h"
#include "server/cmd/download.h"
#include "server/cmd/folder.h"
#include "server/system/log.h"
#include "server/system/system.h"

enum { NAME_CAP = 192 };

/* A served checkpoint is at most one second behind its log (INTERFACE section 4): after this wait it covers all that
 * came before the pull. */
enum { LAG_US = 1100 * 1000 };

struct pull {
    struct download *from;
    const char *dir, *contract;
    uint64_t files;
};

/* Fetches URL/path into DIR/path. */
static void get(struct pull *p, const char *path)
{
    download_file(p->from, path, p->dir, path);
    p->files++;
}

/* The size that a checkpoint in the folder names; false when there is none. Its signature is `verify`'s matter. */
static bool checkpoint_size(const struct pull *p, const char *path, uint64_t *size)
{
    struct buf note;
    buf_heap(&note);
    char *whole = folder_path(p->dir, path);
    bool good = false;
    if (file_read(whole, &note) == ERR_OK) {
        struct span rest = buf_span(&note), line;
        good = text_cut(&rest, '\n', &line) && text_cut(&rest, '\n', &line) && parse_u64(line, size) == ERR_OK;
    }
    free(whole);
    buf_free(&note);
    return good;
}

static void tile_name(char name[NAME_CAP], const char *base, const struct tile *t)
{
    char mem[96];
    struct buf b;
    buf_fixed(&b, mem, sizeof mem - 1);
    tile_path(&b, t);
    mem[b.len] = '\0';
    snprintf(name, NAME_CAP, "%.80s/%s", base, mem);
}

static bool is_there(const struct pull *p, const char *path)
{
    char *whole = folder_path(p->dir, path);
    bool there = access(whole, F_OK) == 0;
    free(whole);
    return there;
}

/* All tiles of a tree. Full ones never change: those below the size of the last finished pull are kept. */
static void get_tiles(struct pull *p, const char *base, uint64_t had, uint64_t size)
{
    for (int level = TILE_ENTRIES; level < 8; level++) {
        struct tile t = {.level = level};
        for (; (t.width = tile_width(level, t.n, size)) > 0; t.n++) {
            char name[NAME_CAP];
            tile_name(name, base, &t);
            bool kept = t.width == 256 && tile_width(level, t.n, had) == 256 && is_there(p, name);
            if (!kept)
                get(p, name);
        }
    }
}

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    return n >= m && strcmp(s + n - m, end) == 0;
}

/* What an earlier pull left: partial tiles of another size than the mirror's, and side files if it was cut short. */
struct stale {
    const struct pull *pull;
    const char *base;
    uint64_t size;
};

static void remove_stale(void *arg, const char *path)
{
    const struct stale *s = arg;
    size_t n = strlen(s->base);
    struct tile t;
    bool outdated = strncmp(path, s->base, n) == 0 && path[n] == '/' &&
                    tile_parse(span_str(path + n + 1), &t) == ERR_OK && t.width < 256 &&
                    t.width != tile_width(t.level, t.n, s->size);
    if (!outdated && !ends_with(path, ".part") && !ends_with(path, ".tmp"))
        return;
    char *whole = folder_path(s->pull->dir, path);
    if (unlink(whole) != 0)
        die("cannot remove the outdated %s: %s", whole, strerror(errno));
    *strrchr(whole, '/') = '\0';
    rmdir(whole); /* fails while other partial tiles are in it */
    free(whole);
}

/* One log: the head first, under a side name; the head takes its place when all that it covers is there. */
static uint64_t get_log(struct pull *p, const char *base)
{
    char url[NAME_CAP], fresh[NAME_CAP];
    uint64_t had, size;
    snprintf(url, sizeof url, "%.80s/checkpoint", base);
    snprintf(fresh, sizeof fresh, "%.80s/checkpoint.new", base);
    if (!checkpoint_size(p, url, &had))
        had = 0; /* the first pull, or one that was cut short */
    download_file(p->from, url, p->dir, fresh);
    p->files++;
    if (!checkpoint_size(p, fresh, &size))
        die("%s%s is not a checkpoint", download_url(p->from), url);
    if (size < had)
        die("the log %s had %" PRIu64 " entries at the last pull and now claims %" PRIu64
            ": a log never shrinks; keep both and ask the operator",
            base, had, size);
    get_tiles(p, base, had, size);

    char *from = folder_path(p->dir, fresh), *to = folder_path(p->dir, url);
    if (rename(from, to) != 0)
        die("cannot rename %s: %s", from, strerror(errno));
    free(from);
    free(to);
    struct stale stale = {p, base, size};
    struct mirror folder = folder_mirror(p->dir);
    if (folder.list(folder.ctx, remove_stale, &stale) != ERR_OK)
        die("cannot read the folder %s to its end", p->dir);
    return size;
}

static void get_openings(struct pull *p, uint64_t size)
{
    char path[NAME_CAP], query[NAME_CAP + 64];
    snprintf(path, sizeof path, "log/%s/openings", p->contract);
    snprintf(query, sizeof query, "%s?from=0&to=%" PRIu64, path, size);
    download_file(p->from, query, p->dir, path);
    p->files++;
}

static void get_statement(struct pull *p, struct span id)
{
    char url[64], path[96];
    if (!id_is_plain(id))
        die("the log names a statement \"%.*s\", which is no id", (int)id.len, id.ptr);
    snprintf(url, sizeof url, "v1/statements/%.*s", (int)id.len, id.ptr);
    snprintf(path, sizeof path, "%s.jws", url);
    download_file(p->from, url, p->dir, path);
    p->files++;
    snprintf(path, sizeof path, "%s/lines", url);
    get(p, path);
    snprintf(path, sizeof path, "%s/checkpoint", url);
    get(p, path);
}

/* The statements are those that the log names. */
static void get_statements(struct pull *p, const char *base, uint64_t size)
{
    struct buf bundle;
    buf_heap(&bundle);
    struct tile t = {.level = TILE_ENTRIES};
    for (; (t.width = tile_width(TILE_ENTRIES, t.n, size)) > 0; t.n++) {
        char name[NAME_CAP];
        tile_name(name, base, &t);
        char *whole = folder_path(p->dir, name);
        buf_clear(&bundle);
        if (file_read(whole, &bundle) != ERR_OK)
            die("cannot read %s", whole);
        free(whole);
        struct span rest = buf_span(&bundle), bytes;
        enum err err;
        while (bundle_next(&rest, &bytes, &err)) {
            struct entry e;
            if (memmem(bytes.ptr, bytes.len, "\"kind\":\"statement\"", 18) == NULL ||
                entry_read(bytes, &e, NULL) != ERR_OK)
                continue;
            if (e.kind == ENTRY_STATEMENT)
                get_statement(p, e.statement.id);
            entry_close(&e);
        }
    }
    buf_free(&bundle);
}

/* A mirror is of one contract. */
static void refuse_other(void *arg, const char *path)
{
    const struct pull *p = arg;
    const char *slash = strncmp(path, "log/", 4) == 0 ? strchr(path + 4, '/') : NULL;
    if (slash != NULL && strcmp(slash, "/checkpoint") == 0 &&
        !span_eq(span_of(path + 4, (size_t)(slash - path - 4)), span_str(p->contract)))
        die("%s holds the mirror of another contract (%s): choose another folder", p->dir, path);
}

static void pull_all(struct pull *p)
{
    char base[64];
    snprintf(base, sizeof base, "log/%s", p->contract);
    struct mirror folder = folder_mirror(p->dir);
    if (folder.list(folder.ctx, refuse_other, p) != ERR_OK)
        die("cannot read the folder %s", p->dir);
    usleep(LAG_US);
    uint64_t size = get_log(p, base);
    get_openings(p, size);
    get_statements(p, base, size);
    uint64_t root_size = get_log(p, "log"); /* last: it holds the heads of all statements above */
    get(p, "log/keys");
    get(p, ".well-known/jwks.json");
    printf("%s: %" PRIu64 " entries of contract %s, root log of %" PRIu64 ", %" PRIu64
           " files fetched\nnext: countersign verify %s\n",
           p->dir, size, p->contract, root_size, p->files, p->dir);
}

enum { URL, DIR, CONTRACT, TOKEN, ARGS };

static const struct arg args[ARGS] = {
    [URL] = {.name = "URL", .required = true, .help = "public URL of the server"},
    [DIR] = {.name = "DIR",
             .required = true,
             .help = "folder of the mirror; made if it is not there, updated if it is"},
    [CONTRACT] = {.name = "--contract", .value = "ID", .required = true, .help = "id of the contract"},
    [TOKEN] = {.name = "--token",
               .value = "T",
               .help = "API token of a party or auditor; else the variable COUNTERSIGN_TOKEN"},
};

static int pull(const char *const given[])
{
    struct pull p = {.dir = given[DIR], .contract = given[CONTRACT]};
    const char *token = given[TOKEN] != NULL ? given[TOKEN] : getenv("COUNTERSIGN_TOKEN");
    if (token == NULL || !*token)
        decline("whose eyes? Give --token T or set COUNTERSIGN_TOKEN");
    if (!id_is_plain(span_str(p.contract)))
        decline("--contract \"%s\" is not a contract id", p.contract);
    if (mkdir(p.dir, 0755) != 0 && errno != EEXIST)
        die("cannot make the folder %s: %s", p.dir, strerror(errno));
    p.from = download_open(given[URL], token);
    pull_all(&p);
    download_close(p.from);
    return STATUS_DONE;
}

const struct command cmd_pull = {
    .name = "pull",
    .summary = "mirror one contract's log, statements, keys and openings",
    .help = "Mirrors a contract's log, statements, terms, keys and openings, laid out like the URLs.",
    .args = args,
    .n_args = ARGS,
    .run = pull,
};
