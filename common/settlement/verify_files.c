#include <inttypes.h>
#include <stdio.h>

#include "common/base/bytes.h"
#include "common/base/id.h"
#include "common/base/text.h"
#include "common/settlement/verify_parts.h"

/* ---- names of a mirror, whatever its contract, size and statements ---- */

static bool is_log_name(struct span path)
{
    struct tile t;
    uint64_t n;
    return span_is(path, "checkpoint") || span_is(path, "witnessed") || tile_parse(path, &t) == ERR_OK ||
           (span_starts(path, MIRROR_SEEN "/") && parse_u64(span_skip(path, sizeof MIRROR_SEEN), &n) == ERR_OK);
}

static bool is_state_name(struct span path)
{
    struct hash sha256;
    size_t len = 0;
    return span_starts(path, "models/") && hex_decode(span_skip(path, 7), sha256.b, HASH_LEN, &len) == ERR_OK &&
           len == HASH_LEN;
}

bool mirror_has_name(struct span path)
{
    static const struct span statements = {"v1/statements/", 14}, contracts = {"v1/contracts/", 13};
    struct span id;
    if (span_is(path, ".well-known/jwks.json") || span_is(path, "log/keys"))
        return true;
    if (span_starts(path, statements.ptr)) {
        path = span_skip(path, statements.len);
        if (path.len > 4 && memcmp(path.ptr + path.len - 4, ".jws", 4) == 0)
            return id_is_plain(span_of(path.ptr, path.len - 4));
        return text_cut(&path, '/', &id) && id_is_plain(id) && (span_is(path, "lines") || span_is(path, "checkpoint"));
    }
    if (span_starts(path, contracts.ptr)) {
        path = span_skip(path, contracts.len);
        return text_cut(&path, '/', &id) && id_is_plain(id) && (span_is(path, "click-key") || is_state_name(path));
    }
    if (!span_starts(path, "log/"))
        return false;
    path = span_skip(path, 4);
    return is_log_name(path) || (text_cut(&path, '/', &id) && id_is_plain(id) &&
                                 (is_log_name(path) || span_is(path, "openings") || span_is(path, "heads")));
}

/* ---- the files of this one ---- */

struct look {
    struct audit *a;
    const struct checkpoint *root_head;
};

/* The path behind "prefix/", or an empty span. */
static struct span below(struct span path, const char *prefix)
{
    size_t n = strlen(prefix);
    if (!span_starts(path, prefix) || path.len <= n + 1 || path.ptr[n] != '/')
        return SPAN("");
    return span_of(path.ptr + n + 1, path.len - n - 1);
}

static bool is_tile_of(struct span path, uint64_t size)
{
    struct tile t;
    return tile_parse(path, &t) == ERR_OK && t.width == tile_width(t.level, t.n, size);
}

static bool is_log_file(struct span path)
{
    uint64_t n;
    return span_is(path, "checkpoint") || span_is(path, "witnessed") ||
           parse_u64(below(path, MIRROR_SEEN), &n) == ERR_OK;
}

static bool is_statement_file(const struct audit *a, struct span path)
{
    size_t n = 0;
    while (n < path.len && path.ptr[n] != '.' && path.ptr[n] != '/')
        n++;
    struct span rest = span_skip(path, n);
    return audit_closed(a, span_of(path.ptr, n)) != NULL &&
           (span_is(rest, ".jws") || span_is(rest, "/lines") || span_is(rest, "/checkpoint"));
}

/* What systems and people leave in folders. The first by name is kept, so that the order of the folder tells nothing.
 */
static void keep_stranger(struct audit *a, const char *path)
{
    if (a->n_strangers++ == 0 || strncmp(path, a->stranger, sizeof a->stranger - 1) < 0)
        snprintf(a->stranger, sizeof a->stranger, "%s", path);
}

/* Where the files stand that a mirror may lack, so that nobody misses them. */
static bool is_folder(const struct audit *a, struct span path)
{
    struct span v1 = below(path, "v1");
    return span_is(path, "v1") || span_is(v1, "statements") || span_is(v1, "contracts") ||
           span_is(below(v1, "contracts"), a->contract) ||
           span_is(below(below(v1, "contracts"), a->contract), "models") || span_is(path, MIRROR_SIDE);
}

/* What is there can be opened, whoever reads it. */
static void open_it(struct audit *a, struct span p)
{
    char path[PATH_CAP];
    struct buf none;
    buf_heap(&none);
    snprintf(path, sizeof path, "%.*s", (int)p.len, p.ptr);
    enum err err = a->mirror->read(a->mirror->ctx, path, 0, 0, &none);
    if (err != ERR_OK)
        audit_unread(&a->finding[CHECK_FILES], path, err);
    buf_free(&none);
}

static bool is_state_file(const struct audit *a, struct span name)
{
    struct span none;
    return byte_map_get(a->states, name, &none);
}

/* Tiles are opened by who walks the tree. */
static bool is_expected(const struct look *l, struct span p, bool *tile)
{
    struct span in_log = below(p, "log"), in_contract = below(in_log, l->a->contract);
    struct span in_api = below(below(p, "v1/contracts"), l->a->contract);
    *tile = is_tile_of(in_log, l->root_head->size) || is_tile_of(in_contract, l->a->head.size);
    return *tile || span_is(p, ".well-known/jwks.json") || span_is(p, "log/keys") || is_log_file(in_log) ||
           is_log_file(in_contract) || span_is(in_contract, "openings") || span_is(in_contract, "heads") ||
           is_statement_file(l->a, below(p, "v1/statements")) || span_is(in_api, "click-key") ||
           is_state_file(l->a, below(in_api, "models"));
}

static void look_at(void *arg, const char *path)
{
    const struct look *l = arg;
    struct finding *f = &l->a->finding[CHECK_FILES];
    struct span p = span_str(path);
    bool folder = p.ptr[p.len - 1] == '/', tile;
    p.len -= folder;
    if (!span_empty(below(p, MIRROR_SIDE)))
        finds_doubt(f, "%.150s is left of a pull that was cut short: pull again", path);
    else if (is_expected(l, p, &tile) && !tile)
        open_it(l->a, p);
    else if (folder ? mirror_has_name(p) && !tile : is_folder(l->a, p))
        finds_doubt(f, folder ? "%.150s is a folder, not a file" : "%.150s is no folder", path);
    else if (!folder && !tile && mirror_has_name(p))
        finds_failure(f, "%.150s does not belong to this mirror", path);
    else if (!folder && !tile)
        keep_stranger(l->a, path);
}

void verify_files(struct audit *a, const struct checkpoint *root_head)
{
    struct look l = {a, root_head};
    if (a->mirror->list(a->mirror->ctx, look_at, &l) != ERR_OK)
        finds_doubt(&a->finding[CHECK_FILES], "the folder could not be read to its end");
}

void verify_files_sentence(const struct audit *a, struct buf *out)
{
    buf_str(out, "of a mirror's files those that the checkpoints and entries call for, and no others");
    if (a->n_strangers > 0)
        buf_printf(out, "; beside them nobody looked at %s", a->stranger);
    if (a->n_strangers > 1)
        buf_printf(out, " and %" PRIu64 " more of no mirror's name", a->n_strangers - 1);
}
