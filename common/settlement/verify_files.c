#include "common/base/bytes.h"
#include "common/settlement/verify_parts.h"

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

static bool is_log_file(struct span path, uint64_t size)
{
    struct span seen = below(path, MIRROR_SEEN);
    uint64_t n;
    return span_is(path, "checkpoint") || span_is(path, "witnessed") || is_tile_of(path, size) ||
           parse_u64(seen, &n) == ERR_OK;
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

static void look_at(void *arg, const char *path)
{
    struct look *l = arg;
    struct span p = span_str(path), in_log = below(p, "log"), in_contract = below(in_log, l->a->contract);
    bool expected = span_is(p, ".well-known/jwks.json") || span_is(p, "log/keys") ||
                    is_log_file(in_log, l->root_head->size) || is_log_file(in_contract, l->a->head.size) ||
                    span_is(in_contract, "openings") || is_statement_file(l->a, below(p, "v1/statements")) ||
                    span_is(below(below(p, "v1/contracts"), l->a->contract), "click-key");
    if (!span_empty(below(p, MIRROR_SIDE)))
        finds_doubt(&l->a->finding[CHECK_FILES], "%.150s is left of a pull that was cut short: pull again", path);
    else if (!expected)
        finds_failure(&l->a->finding[CHECK_FILES], "%.150s does not belong to this mirror", path);
}

void verify_files(struct audit *a, const struct checkpoint *root_head)
{
    struct look l = {a, root_head};
    if (a->mirror->list(a->mirror->ctx, look_at, &l) != ERR_OK)
        finds_doubt(&a->finding[CHECK_FILES], "the folder could not be read to its end");
}
