/* Mirrors one contract: FORMATS.md "Mirror". What the pull's checkpoint covers is fetched, nothing else; the same
 * folder can be pulled into again. The server is not trusted: whatever it sends is held to what it can be, as it comes.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/bytes.h"
#include "common/base/id.h"
#include "common/base/limits.h"
#include "common/base/text.h"
#include "common/ledger/entry.h"
#include "common/ledger/merkle.h"
#include "common/ledger/note.h"
#include "common/ledger/tile.h"
#include "server/cmd/command.h"
#include "server/cmd/download.h"
#include "server/cmd/folder.h"
#include "server/cmd/staging.h"
#include "server/system/log.h"

enum { NAME_CAP = 192 };

/* A served checkpoint is at most one second behind its log (INTERFACE section 4): after this wait it covers all that
 * came before the pull. */
enum { LAG_US = 1100 * 1000 };

/* The least that an entry costs to fetch: its leaf hash, and its length in the bundle. */
enum { ENTRY_LEAST = HASH_LEN + 2 };

/* A page of openings covers 10,000 of them (FORMATS.md); a server that gives so few keeps its client busy. */
enum { PAGE_LEAST = 1000 };

struct pull {
    struct download *from;
    struct folder *folder;
    const char *dir, *contract;
    bool made_dir;
    uint64_t files;
    struct buf body; /* of the last answer that was taken whole */
};

/* ---- answers ---- */

static const char *take_whole(void *ctx, struct span bytes)
{
    buf_span_add(ctx, bytes);
    return NULL;
}

/* Fetches URL/what; the span lives until the next call. */
static struct span fetch(struct pull *p, const char *what, uint64_t most)
{
    buf_clear(&p->body);
    download_get(p->from, what, most, take_whole, &p->body);
    return buf_span(&p->body);
}

static void keep(struct pull *p, const char *path, struct span bytes)
{
    staging_write(path, bytes);
    p->files++;
}

static _Noreturn void refuse(const struct pull *p, const char *what, const char *is_no)
{
    die("%s%s is not %s: nothing of this pull was kept", download_url(p->from), what, is_no);
}

/* Lines on their way into a file: `good` looks at each as it comes. */
struct lines_in {
    int fd;
    size_t longest;
    uint64_t left; /* lines that may still come */
    const char *(*good)(struct span line);
    struct buf line; /* as much of it as has come */
};

static const char *write_all(int fd, struct span bytes)
{
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.ptr, bytes.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == ENOSPC || errno == EDQUOT ? "the disk is full: free some space and pull again"
                                                      : "it cannot be written to the disk";
        bytes = span_skip(bytes, (size_t)n);
    }
    return NULL;
}

static const char *take_lines(void *ctx, struct span bytes)
{
    struct lines_in *l = ctx;
    struct span rest = bytes, front;
    bool whole = true;
    while (whole && rest.len > 0) {
        whole = text_cut(&rest, '\n', &front);
        if (!whole)
            front = rest;
        if (front.len > l->longest - l->line.len)
            return "it holds a line longer than any can be";
        buf_span_add(&l->line, front);
        if (!whole)
            break;
        const char *wrong = l->left-- == 0 ? "it holds more lines than it can have" : l->good(buf_span(&l->line));
        if (wrong != NULL)
            return wrong;
        buf_clear(&l->line);
    }
    return write_all(l->fd, bytes);
}

static const char *good_object(struct span line)
{
    bool object = line.len >= 2 && line.ptr[0] == '{' && line.ptr[line.len - 1] == '}';
    return object ? NULL : "it holds a line that is no JSON object";
}

static const char *good_key(struct span line)
{
    struct note_key key;
    return note_vkey_parse(line, &key) == ERR_OK ? NULL : "it holds a line that is no verifier key";
}

static void lines_begin(struct lines_in *l, const char *path)
{
    buf_heap(&l->line);
    l->fd = staging_create(path);
}

static void lines_fetch(struct pull *p, struct lines_in *l, const char *what, uint64_t most)
{
    download_get(p->from, what, most, take_lines, l);
    if (l->line.len > 0)
        refuse(p, what, "whole: its last line has no end");
}

static void lines_end(struct pull *p, struct lines_in *l, const char *path)
{
    if (close(l->fd) != 0)
        die("cannot write %s/%s: %s", p->dir, path, strerror(errno));
    buf_free(&l->line);
    p->files++;
}

/* ---- logs ---- */

/* The size that the checkpoint in the folder names, 0 when there is none. */
static uint64_t size_before(struct pull *p, const char *path)
{
    struct mirror m = folder_mirror(p->folder);
    struct checkpoint head = {.size = 0};
    buf_clear(&p->body);
    enum err err = m.read(m.ctx, path, 0, LIMIT_NOTE + 1, &p->body);
    if (err == ERR_NOT_FOUND)
        return 0;
    if (err != ERR_OK)
        die("cannot read %s/%s: %s", p->dir, path, strerror(errno));
    if (checkpoint_peek(buf_span(&p->body), &head) != ERR_OK)
        die("%s/%s is damaged: what the log was then is not known; pull into another folder", p->dir, path);
    return head.size;
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

static uint64_t tile_most(const struct tile *t)
{
    return t->width * (t->level == TILE_ENTRIES ? 2 + UINT16_MAX : HASH_LEN);
}

static bool is_bundle(struct span bytes, unsigned width)
{
    struct span entry;
    enum err err = ERR_OK;
    unsigned n = 0;
    while (n < width && bundle_next(&bytes, &entry, &err))
        n++;
    return n == width && bytes.len == 0;
}

static void get_tile(struct pull *p, const char *name, const struct tile *t)
{
    struct span bytes = fetch(p, name, tile_most(t));
    if (t->level == TILE_ENTRIES && !is_bundle(bytes, t->width))
        refuse(p, name, "a bundle of as many entries as it must be");
    if (t->level != TILE_ENTRIES && bytes.len != tile_most(t))
        refuse(p, name, "a tile of as many hashes as it must be");
    keep(p, name, bytes);
}

/* The hashes of a full tile, or those of a full bundle's entries. False: they are not as many. */
static bool tile_hashes(const struct tile *t, struct span bytes, struct hash out[TILE_WIDTH])
{
    struct span entry;
    enum err err = ERR_OK;
    size_t n = 0;
    if (t->level != TILE_ENTRIES) {
        if (bytes.len == TILE_WIDTH * HASH_LEN)
            memcpy(out, bytes.ptr, bytes.len);
        return bytes.len == TILE_WIDTH * HASH_LEN;
    }
    while (n < TILE_WIDTH && bundle_next(&bytes, &entry, &err))
        merkle_leaf(entry, &out[n++]);
    return n == TILE_WIDTH && bytes.len == 0;
}

/* Whether the mirror has this full tile, whole: whether it is the one that the tile above names, which is fetched or
 * kept by now. */
static bool is_kept(struct pull *p, const char *base, const char *name, const struct tile *t, uint64_t size)
{
    struct mirror m = folder_mirror(p->folder);
    struct tile up = {.level = t->level + 1, .n = t->level == TILE_ENTRIES ? t->n : t->n / TILE_WIDTH};
    struct hash hashes[TILE_WIDTH];
    struct buf above;
    char up_name[NAME_CAP];
    size_t at = 0, n = TILE_WIDTH;
    buf_clear(&p->body);
    if (t->width != TILE_WIDTH || m.read(m.ctx, name, 0, tile_most(t) + 1, &p->body) != ERR_OK ||
        !tile_hashes(t, buf_span(&p->body), hashes))
        return false;
    if (t->level != TILE_ENTRIES) {
        merkle_perfect(hashes, TILE_WIDTH);
        at = t->n % TILE_WIDTH;
        n = 1;
    }
    up.width = tile_width(up.level, up.n, size);
    tile_name(up_name, base, &up);
    buf_heap(&above);
    bool same = staging_read(up_name, tile_most(&up), &above) == ERR_OK && above.len >= (at + n) * HASH_LEN &&
                memcmp(above.ptr + at * HASH_LEN, hashes, n * HASH_LEN) == 0;
    buf_free(&above);
    return same;
}

/* From the top down. */
static void get_tiles(struct pull *p, const char *base, uint64_t size)
{
    for (int level = 7; level >= TILE_ENTRIES; level--) {
        struct tile t = {.level = level};
        for (; (t.width = tile_width(level, t.n, size)) > 0; t.n++) {
            char name[NAME_CAP];
            tile_name(name, base, &t);
            if (!is_kept(p, base, name, &t, size))
                get_tile(p, name, &t);
        }
    }
}

/* ".../log/Cxyz" for log/Cxyz */
static bool is_origin_of(struct span origin, const char *base)
{
    size_t n = strlen(base);
    return origin.len > n + 1 && memcmp(origin.ptr + origin.len - n, base, n) == 0 &&
           origin.ptr[origin.len - n - 1] == '/';
}

/* A log, as its new checkpoint tells it. The signature is `verify`'s matter. */
struct log {
    char base[64], path[80]; /* log/C, log/C/checkpoint */
    struct buf note;
    uint64_t size;
};

static void get_head(struct pull *p, struct log *l, const char *base)
{
    struct checkpoint head;
    snprintf(l->base, sizeof l->base, "%s", base);
    snprintf(l->path, sizeof l->path, "%s/checkpoint", base);
    buf_heap(&l->note);
    buf_span_add(&l->note, fetch(p, l->path, LIMIT_NOTE));
    if (checkpoint_peek(buf_span(&l->note), &head) != ERR_OK)
        refuse(p, l->path, "a checkpoint");
    if (!is_origin_of(head.origin, base))
        refuse(p, l->path, "a checkpoint of that log, but of another");
    l->size = head.size;
}

static void get_log(struct pull *p, const struct log *l)
{
    uint64_t had = size_before(p, l->path);
    if (l->size < had)
        die("the log %s had %" PRIu64 " entries at the last pull and now claims %" PRIu64
            ": a log never shrinks; keep both and ask the operator",
            l->base, had, l->size);
    if (l->size - had > download_left(p->from) / ENTRY_LEAST)
        die("the log %s claims %" PRIu64 " entries, more than --max-mib allows: raise it if that is true", l->base,
            l->size);
    keep(p, l->path, buf_span(&l->note));
    get_tiles(p, l->base, l->size);
}

/* What an earlier pull left: partial tiles of another size than the mirror's. */
struct stale {
    const struct pull *pull;
    const struct log *log;
};

static void remove_stale(void *arg, const char *path)
{
    const struct stale *s = arg;
    size_t n = strlen(s->log->base);
    struct tile t;
    bool outdated = strncmp(path, s->log->base, n) == 0 && path[n] == '/' &&
                    tile_parse(span_str(path + n + 1), &t) == ERR_OK && t.width < TILE_WIDTH &&
                    t.width != tile_width(t.level, t.n, s->log->size);
    if (outdated && folder_remove(s->pull->folder, path) != ERR_OK)
        die("cannot remove the outdated %s/%s: %s; pull again", s->pull->dir, path, strerror(errno));
}

static void remove_outdated(const struct pull *p, const struct log *l)
{
    struct stale stale = {p, l};
    if (folder_list(p->folder, l->base, remove_stale, &stale) != ERR_OK)
        die("cannot read the folder %s to its end: %s; pull again", p->dir, strerror(errno));
}

/* ---- openings, statements, keys ---- */

/* from={N}&to={size} on the same path, where N has grown as a page of openings makes it. */
static bool is_next_page(struct span next, const char *path, uint64_t size, uint64_t *from)
{
    char want[32];
    struct span number;
    uint64_t n;
    snprintf(want, sizeof want, "to=%" PRIu64, size);
    if (!span_starts(next, path))
        return false;
    next = span_skip(next, strlen(path));
    if (!span_starts(next, "?from=") || !text_cut(&next, '&', &number) || !span_is(next, want) ||
        parse_u64(span_skip(number, 6), &n) != ERR_OK || n < *from + PAGE_LEAST || n > size)
        return false;
    *from = n;
    return true;
}

static void get_openings(struct pull *p, uint64_t size)
{
    struct lines_in l = {.longest = LIMIT_OPENING, .left = size, .good = good_object};
    char path[NAME_CAP], query[NAME_CAP + 64];
    uint64_t from = 0;
    const char *next;
    snprintf(path, sizeof path, "log/%s/openings", p->contract);
    snprintf(query, sizeof query, "%s?from=0&to=%" PRIu64, path, size);
    lines_begin(&l, path);
    lines_fetch(p, &l, query, UINT64_MAX);
    while ((next = download_next(p->from)) != NULL) {
        if (!is_next_page(span_str(next), path, size, &from))
            die("%s%s goes on with a page that does not follow it: \"%.100s\"", download_url(p->from), path, next);
        snprintf(query, sizeof query, "%s?from=%" PRIu64 "&to=%" PRIu64, path, from, size);
        lines_fetch(p, &l, query, UINT64_MAX);
    }
    lines_end(p, &l, path);
}

static void get_statement_lines(struct pull *p, const char *path, uint64_t most)
{
    struct lines_in l = {.longest = LIMIT_LINE_ITEM, .left = most, .good = good_object};
    lines_begin(&l, path);
    lines_fetch(p, &l, path, most * (LIMIT_LINE_ITEM + 1));
    lines_end(p, &l, path);
}

static void get_statement(struct pull *p, const struct entry_statement *s, uint64_t size)
{
    char url[64], path[96];
    struct checkpoint head;
    if (!id_is_plain(s->id))
        die("the log names a statement \"%.*s\", which is no id", (int)s->id.len, s->id.ptr);
    if (s->from > s->to || s->to > size)
        die("the log names a statement over entries that it does not have");
    snprintf(url, sizeof url, "v1/statements/%.*s", (int)s->id.len, s->id.ptr);
    snprintf(path, sizeof path, "%s.jws", url);
    if (staging_has(path))
        return; /* a log that names it twice is for `verify` to judge */
    struct span jws = fetch(p, url, LIMIT_STATEMENT + (s->to - s->from) * LIMIT_ADJUSTMENT);
    if (good_object(jws) != NULL)
        refuse(p, url, "a signed statement");
    keep(p, path, jws);
    snprintf(path, sizeof path, "%s/lines", url);
    get_statement_lines(p, path, s->to - s->from + 1);
    snprintf(path, sizeof path, "%s/checkpoint", url);
    struct span note = fetch(p, path, LIMIT_NOTE);
    if (checkpoint_peek(note, &head) != ERR_OK || head.size < s->to || head.size >= size)
        refuse(p, path, "a checkpoint of the tree in front of the statement");
    keep(p, path, note);
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
        buf_clear(&bundle);
        if (staging_read(name, tile_most(&t) + 1, &bundle) != ERR_OK)
            die("cannot read %s/%s: %s", p->dir, name, strerror(errno));
        struct span rest = buf_span(&bundle), bytes;
        enum err err;
        while (bundle_next(&rest, &bytes, &err)) {
            struct entry e;
            if (memmem(bytes.ptr, bytes.len, "\"kind\":\"statement\"", 18) == NULL ||
                entry_read(bytes, &e, NULL) != ERR_OK)
                continue;
            if (e.kind == ENTRY_STATEMENT)
                get_statement(p, &e.statement, size);
            entry_close(&e);
        }
    }
    buf_free(&bundle);
}

static void get_keys(struct pull *p)
{
    static const char jwks_path[] = ".well-known/jwks.json", keys_path[] = "log/keys";
    struct lines_in l = {.longest = LIMIT_LOG_KEY, .left = LIMIT_LOG_KEYS, .good = good_key};
    lines_begin(&l, keys_path);
    lines_fetch(p, &l, keys_path, LIMIT_LOG_KEYS);
    lines_end(p, &l, keys_path);
    struct span jwks = fetch(p, jwks_path, LIMIT_JWKS);
    if (!span_starts(jwks, "{\"keys\":[") || good_object(jwks) != NULL)
        refuse(p, jwks_path, "a set of keys");
    keep(p, jwks_path, jwks);
}

/* What opens the contract's click ids: its parties' alone, so an auditor's mirror has none. */
static void get_click_key(struct pull *p)
{
    char path[NAME_CAP], begins[64];
    snprintf(path, sizeof path, "v1/contracts/%s/click-key", p->contract);
    snprintf(begins, sizeof begins, "{\"contract\":\"%s\",\"keys\":[", p->contract);
    buf_clear(&p->body);
    if (!download_get_if_allowed(p->from, path, LIMIT_CLICK_KEYS, take_whole, &p->body))
        return;
    if (!span_starts(buf_span(&p->body), begins) || good_object(buf_span(&p->body)) != NULL)
        refuse(p, path, "the click keys of this contract");
    keep(p, path, buf_span(&p->body));
}

/* ---- the folder ---- */

/* A mirror is of one contract, and made of files. */
static void look_at_old(void *arg, const char *path)
{
    const struct pull *p = arg;
    uint64_t size;
    const char *slash = strncmp(path, "log/", 4) == 0 ? strchr(path + 4, '/') : NULL;
    if (slash != NULL && strcmp(slash, "/checkpoint") == 0 &&
        !span_eq(span_of(path + 4, (size_t)(slash - path - 4)), span_str(p->contract)))
        die("%s holds the mirror of another contract (%s): choose another folder", p->dir, path);
    if (folder_size(p->folder, path, &size) == ERR_CONFLICT)
        die("%s/%s is a link or a device, which a mirror has none of: move it away, or choose another folder", p->dir,
            path);
}

/* Whether a pull stages a file of that name. */
static bool is_staged_name(struct span path)
{
    static const struct span statements = {"v1/statements/", 14}, contracts = {"v1/contracts/", 13};
    struct tile t;
    struct span id;
    if (span_is(path, MIRROR_HALFWAY_NAME) || span_is(path, ".well-known/jwks.json") || span_is(path, "log/keys"))
        return true;
    if (span_starts(path, statements.ptr)) {
        path = span_skip(path, statements.len);
        if (path.len > 4 && memcmp(path.ptr + path.len - 4, ".jws", 4) == 0)
            return id_is_plain(span_of(path.ptr, path.len - 4));
        return text_cut(&path, '/', &id) && id_is_plain(id) && (span_is(path, "lines") || span_is(path, "checkpoint"));
    }
    if (span_starts(path, contracts.ptr)) {
        path = span_skip(path, contracts.len);
        return text_cut(&path, '/', &id) && id_is_plain(id) && span_is(path, "click-key");
    }
    if (!span_starts(path, "log/"))
        return false;
    path = span_skip(path, 4);
    if (span_is(path, "checkpoint") || tile_parse(path, &t) == ERR_OK)
        return true;
    return text_cut(&path, '/', &id) && id_is_plain(id) &&
           (span_is(path, "checkpoint") || span_is(path, "openings") || tile_parse(path, &t) == ERR_OK);
}

/* What an earlier pull left will be removed. */
static void look_at_side(void *arg, const char *path)
{
    const struct pull *p = arg;
    struct span name = span_str(path);
    name = span_skip(name, name.len > sizeof MIRROR_SIDE ? sizeof MIRROR_SIDE : name.len);
    if (!is_staged_name(name))
        die("%s/%s was not left by a pull: move it away, or choose another folder", p->dir, path);
}

/* Refuses a folder that holds something, but not this contract's mirror. */
static void look_at_folder(struct pull *p)
{
    static const char *const tops[] = {"log", "v1", ".well-known"};
    char head[96];
    uint64_t size;
    for (size_t i = 0; i < sizeof tops / sizeof tops[0]; i++)
        if (folder_list(p->folder, tops[i], look_at_old, p) != ERR_OK)
            die("cannot read the folder %s/%s to its end: %s", p->dir, tops[i], strerror(errno));
    if (folder_list(p->folder, MIRROR_SIDE, look_at_side, p) != ERR_OK)
        die("cannot read the folder %s/%s to its end: %s", p->dir, MIRROR_SIDE, strerror(errno));
    snprintf(head, sizeof head, "log/%s/checkpoint", p->contract);
    if (folder_size(p->folder, head, &size) != ERR_OK && folder_size(p->folder, MIRROR_HALFWAY, &size) != ERR_OK &&
        !folder_is_empty(p->folder, MIRROR_SIDE))
        die("%s is not empty, and no mirror of contract %s: choose another folder", p->dir, p->contract);
}

static struct pull *unfinished;

/* However a pull ends before its time, its folder is as it was. */
static void clean_up(void)
{
    if (unfinished == NULL)
        return;
    staging_drop();
    if (unfinished->made_dir)
        rmdir(unfinished->dir); /* fails when the pull has begun to fill it */
}

static void on_signal(int number)
{
    (void)number;
    download_interrupt();
}

static void enter(struct pull *p)
{
    if (folder_open(p->dir, &p->folder) != ERR_OK)
        die("cannot open the folder %s: %s", p->dir, strerror(errno));
    look_at_folder(p);
}

static void look_before(struct pull *p)
{
    struct stat st;
    if (stat(p->dir, &st) != 0)
        return;
    enter(p);
    folder_close(p->folder);
    p->folder = NULL;
}

static void open_folder(struct pull *p)
{
    p->made_dir = mkdir(p->dir, 0700) == 0;
    if (!p->made_dir && errno != EEXIST)
        die("cannot make the folder %s: %s", p->dir, strerror(errno));
    unfinished = p;
    atexit(clean_up);
    enter(p);
    if (!folder_hold(p->folder))
        die("another pull is writing to %s", p->dir);
    staging_open(p->folder, p->dir);
}

/* ---- the pull ---- */

/* The first answer is asked for before the folder is touched and without a wait, so that a wrong URL or token is told
 * at once and leaves no trace. */
static void pull_all(struct pull *p)
{
    struct log log, root;
    char base[64];
    snprintf(base, sizeof base, "log/%s", p->contract);
    look_before(p);
    get_head(p, &log, base);
    buf_free(&log.note);
    usleep(LAG_US);
    get_head(p, &log, base);
    open_folder(p);
    get_log(p, &log);
    get_openings(p, log.size);
    get_statements(p, base, log.size);
    get_head(p, &root, "log"); /* last: it holds the heads of all statements above */
    get_log(p, &root);
    get_keys(p);
    get_click_key(p);
    staging_place((const char *const[]){log.path, root.path}, 2);
    remove_outdated(p, &log);
    remove_outdated(p, &root);
    staging_close();
    printf("%s: %" PRIu64 " entries of contract %s, root log of %" PRIu64 ", %" PRIu64
           " files fetched\nnext: countersign verify %s\n",
           p->dir, log.size, p->contract, root.size, p->files, p->dir);
    buf_free(&log.note);
    buf_free(&root.note);
}

enum { URL, DIR, CONTRACT, TOKEN, TIMEOUT, MAX_MIB, ARGS };
enum { TIMEOUT_S = 60, TIMEOUT_MOST_S = 86400, MIB_MOST = 1 << 24 };
#define MAX_MIB_DEFAULT 65536 /* what a server's default map_size_gib can hold */

static const struct arg args[ARGS] = {
    [URL] = {.name = "URL", .required = true, .help = "public URL of the server"},
    [DIR] = {.name = "DIR",
             .required = true,
             .help = "folder of the mirror; made if it is not there, updated if it is"},
    [CONTRACT] = {.name = "--contract", .value = "ID", .required = true, .help = "id of the contract"},
    [TOKEN] = {.name = "--token",
               .value = "T",
               .help = "API token of a party or auditor; else the variable COUNTERSIGN_TOKEN"},
    [TIMEOUT] = {.name = "--timeout",
                 .value = "S",
                 .help = "seconds that the server may fall behind a file and 16 KiB a second",
                 .range = "1 to 86400",
                 .def = "60"},
    [MAX_MIB] = {.name = "--max-mib",
                 .value = "N",
                 .help = "MiB that this pull may fetch",
                 .range = "1 to 16777216",
                 .def = "65536"},
};

static uint64_t number(const char *const given[], int arg, uint64_t most, uint64_t otherwise)
{
    uint64_t n = otherwise;
    if (given[arg] != NULL && (parse_u64(span_str(given[arg]), &n) != ERR_OK || n < 1 || n > most))
        decline("%s is \"%.40s\": write a whole number from 1 to %" PRIu64, args[arg].name, given[arg], most);
    return n;
}

static int pull(const char *const given[])
{
    static struct pull p; /* static: looked at when the process ends */
    const char *token = given[TOKEN] != NULL ? given[TOKEN] : getenv("COUNTERSIGN_TOKEN");
    struct download_limits limits = {.slack_s = number(given, TIMEOUT, TIMEOUT_MOST_S, TIMEOUT_S),
                                     .bytes = number(given, MAX_MIB, MIB_MOST, MAX_MIB_DEFAULT) << 20};
    p.dir = given[DIR];
    p.contract = given[CONTRACT];
    if (token == NULL || !*token)
        decline("whose eyes? Give --token T or set COUNTERSIGN_TOKEN");
    if (!id_is_plain(span_str(p.contract)))
        decline("--contract \"%s\" is not a contract id", p.contract);
    buf_heap(&p.body);
    p.from = download_open(given[URL], token, limits);
    const struct sigaction act = {.sa_handler = on_signal};
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGHUP, &act, NULL);
    pull_all(&p);
    unfinished = NULL;
    folder_close(p.folder);
    download_close(p.from);
    buf_free(&p.body);
    return STATUS_DONE;
}

const struct command cmd_pull = {
    .name = "pull",
    .summary = "mirror one contract's log, statements, keys and openings",
    .help =
        "Mirrors a contract's log, statements, terms, keys and openings, laid out like the URLs; for its parties also\n"
        "what opens its click ids.",
    .args = args,
    .n_args = ARGS,
    .run = pull,
};
