/* The folder of a mirror: what may stand in it, how a pull is put in its place, and how one that may not be is put
 * beside it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/bytes.h"
#include "common/base/id.h"
#include "common/base/mem.h"
#include "common/base/text.h"
#include "server/cmd/pull_private.h"
#include "server/cmd/staging.h"
#include "server/system/log.h"

/* ---- what may stand in it ---- */

/* A mirror is of one contract, and made of files. */
static void look_at_old(void *arg, const char *path)
{
    const struct pull *p = arg;
    uint64_t size;
    const char *slash = strncmp(path, "log/", 4) == 0 ? strchr(path + 4, '/') : NULL;
    if (slash != NULL && strcmp(slash, "/checkpoint") == 0 &&
        !span_eq(span_of(path + 4, (size_t)(slash - path - 4)), span_str(p->contract)))
        die("%s holds the mirror of another contract (%s): choose another folder", p->dir, path);
    enum err err = folder_size(p->folder, path, &size);
    if (err == ERR_CONFLICT)
        die("%s/%s is a link or a device, which a mirror has none of: move it away, or choose another folder", p->dir,
            path);
    if (err != ERR_OK && err != ERR_NOT_FOUND && strstr(path, "/tile/") == NULL) /* a tile is fetched again */
        die("cannot read %s/%s: %s", p->dir, path, strerror(errno));
}

/* What an earlier pull left will be removed, or put in its place. */
static void look_at_side(void *arg, const char *path)
{
    const struct pull *p = arg;
    struct span name = span_str(path);
    name = span_skip(name, name.len > sizeof MIRROR_SIDE ? sizeof MIRROR_SIDE : name.len);
    if (!span_is(name, MIRROR_HALFWAY_NAME) && !mirror_has_name(name))
        die("%s/%s was not left by a pull: move it away, or choose another folder", p->dir, path);
}

static bool is_there(const struct pull *p, const char *path)
{
    uint64_t size;
    enum err err = folder_size(p->folder, path, &size);
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        die("cannot read %s/%s: %s; pull again", p->dir, path, strerror(errno));
    return err == ERR_OK;
}

/* Refuses a folder that holds something, but not this contract's mirror. */
static void look_at_all(struct pull *p)
{
    static const char *const tops[] = {"log", "v1", ".well-known"};
    char head[96];
    for (size_t i = 0; i < sizeof tops / sizeof tops[0]; i++)
        if (folder_list(p->folder, tops[i], look_at_old, p) != ERR_OK)
            die("cannot read the folder %s/%s to its end: %s", p->dir, folder_unlisted(p->folder), strerror(errno));
    if (folder_list(p->folder, MIRROR_SIDE, look_at_side, p) != ERR_OK)
        die("cannot read the folder %s/%s to its end: %s", p->dir, folder_unlisted(p->folder), strerror(errno));
    snprintf(head, sizeof head, "log/%s/checkpoint", p->contract);
    if (!is_there(p, head) && !is_there(p, MIRROR_HALFWAY) && !folder_is_empty(p->folder, MIRROR_SIDE))
        die("%s is not empty, and no mirror of contract %s: choose another folder", p->dir, p->contract);
}

/* ---- in its place ---- */

/* What an earlier pull left: partial tiles of another size than the mirror's. */
struct outdated {
    const struct pull *pull;
    const char *base;
    uint64_t size;
};

static void remove_outdated(void *arg, const char *path)
{
    const struct outdated *o = arg;
    size_t n = strlen(o->base);
    struct tile t;
    bool outdated = strncmp(path, o->base, n) == 0 && path[n] == '/' &&
                    tile_parse(span_str(path + n + 1), &t) == ERR_OK && t.width < TILE_WIDTH &&
                    t.width != tile_width(t.level, t.n, o->size);
    if (outdated && folder_remove(o->pull->folder, path) != ERR_OK)
        die("cannot remove the outdated %s/%s: %s; pull again", o->pull->dir, path, strerror(errno));
}

/* Heads last; then nothing that they do not name. Goes on where one was cut short. */
static void place(struct pull *p)
{
    char base[2][64], path[2][80];
    struct checkpoint head;
    struct buf note;
    snprintf(base[0], sizeof base[0], "log/%s", p->contract);
    snprintf(base[1], sizeof base[1], "log");
    for (int i = 0; i < 2; i++)
        snprintf(path[i], sizeof path[i], "%s/checkpoint", base[i]);
    staging_place((const char *const[]){path[0], path[1]}, 2);
    buf_heap(&note);
    for (int i = 0; i < 2; i++) {
        struct outdated o = {.pull = p, .base = base[i]};
        if (pull_old(p, path[i], LIMIT_NOTE + 1, &note) != ERR_OK || checkpoint_peek(buf_span(&note), &head) != ERR_OK)
            die("%s/%s is damaged: pull into another folder", p->dir, path[i]);
        o.size = head.size;
        if (folder_list(p->folder, base[i], remove_outdated, &o) != ERR_OK)
            die("cannot read the folder %s/%s to its end: %s; pull again", p->dir, folder_unlisted(p->folder),
                strerror(errno));
    }
    buf_free(&note);
    staging_close();
}

static struct pull *unfinished;

static void enter(struct pull *p)
{
    if (folder_open(p->dir, &p->folder) != ERR_OK)
        die("cannot open the folder %s: %s", p->dir, strerror(errno));
    look_at_all(p);
}

void pull_folder_look(struct pull *p)
{
    struct stat st;
    if (stat(p->dir, &st) != 0) {
        if (errno != ENOENT)
            die("cannot open the folder %s: %s", p->dir, strerror(errno));
        return;
    }
    enter(p);
    if (is_there(p, MIRROR_HALFWAY) && folder_hold(p->folder)) {
        staging_resume(p->folder, p->dir);
        place(p);
    }
    folder_close(p->folder);
    p->folder = NULL;
}

void pull_folder_place(struct pull *p)
{
    place(p);
    unfinished = NULL;
}

/* ---- beside it ---- */

/* Whether that folder holds the very checkpoint that this pull has got. */
static bool has_same(const char *dir, const struct pull *p)
{
    struct folder *f = NULL;
    struct buf note;
    bool same = false;
    buf_heap(&note);
    if (folder_open(dir, &f) == ERR_OK) {
        struct mirror m = folder_mirror(f);
        same = m.read(m.ctx, p->log.path, 0, LIMIT_NOTE + 1, &note) == ERR_OK &&
               span_eq(buf_span(&note), buf_span(&p->log.note));
    }
    folder_close(f);
    buf_free(&note);
    return same;
}

/* The folder that what was fetched stands in now, NULL when it could not be put anywhere. */
static char *put_beside(struct pull *p)
{
    struct stat st;
    for (unsigned n = 1; n <= FOLDER_REFUSED; n++) {
        char *name = folder_refused(p->dir, n);
        bool there = lstat(name, &st) == 0;
        if (there ? has_same(name, p) : staging_move_out(name) == ERR_OK)
            return name;
        free(name);
        if (!there)
            return NULL;
    }
    return NULL;
}

static void tell(const struct pull *p, char *beside)
{
    bool known = pull_keys_know(&p->old_keys, &p->log) || p->old_keys.n == 0;
    if (beside == NULL) {
        complain("REFUSED: %s. %s is as it was; what the server shows could not be put beside it (no space, or as many "
                 "refused folders as may be): make room, and pull again before you settle anything",
                 p->refusal, p->dir);
        return;
    }
    if (p->unsigned_file) {
        complain("REFUSED: %s. %s is as it was, what the server shows now is in %s. Nobody signs that file: keep both, "
                 "ask the operator why it changed, and show both to the other party and to an auditor: `countersign "
                 "verify` of each says which one fits the log (of click keys with --clicks and ids that you kept)",
                 p->refusal, p->dir, beside);
        free(beside);
        return;
    }
    complain(
        "REFUSED: %s. %s is as it was, what the server shows now is in %s; %s. Keep both, sign and pay nothing by "
        "either, and show both to the other party and to an auditor: `countersign verify %s%s%s` says what is wrong",
        p->refusal, p->dir, beside,
        known ? "it is signed by a key of the log, so its holder cannot deny it"
              : "it is signed by none of the keys that this mirror knows: ask the operator by another way than this "
                "server whether it changed them",
        p->parts ? p->dir : beside, p->parts ? " --against " : "", p->parts ? beside : "");
    free(beside);
}

char *pull_folder_refused(const struct pull *p)
{
    struct stat st;
    char *name = folder_refused(p->dir, 1);
    if (lstat(name, &st) == 0 || errno != ENOENT) /* be it that nobody can tell */
        return name;
    free(name);
    return NULL;
}

static void copy_missing(struct pull *p, const char *name)
{
    struct buf bytes;
    if (staging_has(name))
        return;
    buf_heap(&bytes);
    enum err err = pull_old(p, name, SIZE_MAX, &bytes);
    if (err == ERR_OK)
        staging_write(name, buf_span(&bytes));
    else if (err != ERR_NOT_FOUND)
        complain("cannot read %s/%s: %s; it will be missing from what is put aside", p->dir, name, strerror(errno));
    buf_free(&bytes);
}

void pull_folder_set_aside(struct pull *p)
{
    pull_each_tile(p, &p->log, copy_missing);
    pull_each_tile(p, &p->root, copy_missing);
    exit(STATUS_FAILED); /* clean_up does the rest, as after any other end */
}

/* However a pull ends before its time, its folder is as it was; what it has to show is not lost. */
static void clean_up(void)
{
    struct pull *p = unfinished;
    if (p == NULL)
        return;
    unfinished = NULL;
    if (p->refusal[0] != '\0')
        tell(p, put_beside(p));
    staging_drop();
    if (p->made_dir)
        rmdir(p->dir); /* fails when the pull has begun to fill it */
}

void pull_folder_open(struct pull *p)
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
