/* What opens commitments and click ids. Nobody signs these files, and openings may be erased on purpose: what is gone
 * is gone, but what is there says what it said when the mirror got it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/json_read.h"
#include "common/base/text.h"
#include "common/ledger/commitment.h"
#include "common/ledger/entry.h"
#include "server/cmd/pull_private.h"
#include "server/cmd/staging.h"
#include "server/system/log.h"

enum { PIECE = 1 << 17 };

/* ---- the openings that the mirror has, line by line ---- */

struct before {
    struct pull *pull;
    const char *path;
    struct buf bytes;
    size_t taken;
    uint64_t offset;
    bool ended;
};

/* The next line without its newline; false at the end, and where no opening can be so long. */
static bool peek(struct before *b, struct span *line)
{
    struct mirror m = folder_mirror(b->pull->folder);
    for (;;) {
        struct span rest = span_of(b->bytes.ptr + b->taken, b->bytes.len - b->taken);
        const char *end = rest.len > 0 ? memchr(rest.ptr, '\n', rest.len) : NULL;
        if (end != NULL) {
            *line = span_of(rest.ptr, (size_t)(end - rest.ptr));
            return true;
        }
        if (b->ended || rest.len > LIMIT_OPENING)
            return false;
        if (rest.len > 0)
            memmove(b->bytes.ptr, rest.ptr, rest.len);
        b->bytes.len = rest.len;
        b->taken = 0;
        enum err err = m.read(m.ctx, b->path, b->offset, PIECE, &b->bytes);
        if (err != ERR_OK && err != ERR_NOT_FOUND && err != ERR_CONFLICT) /* what is in the way, staging says */
            die("cannot read %s/%s", b->pull->dir, b->path);
        b->ended = b->bytes.len == rest.len;
        b->offset += b->bytes.len - rest.len;
    }
}

static void skip(struct before *b, struct span line)
{
    b->taken += line.len + 1;
}

static bool index_of(struct span line, uint64_t *out)
{
    json_t *json = NULL;
    int64_t index = -1;
    bool good = json_read(line, &json, NULL) == ERR_OK &&
                json_get_int(json, "", "index", 0, JSON_INT_MAX, &index, NULL, NULL) == ERR_OK && index >= 0;
    json_decref(json);
    *out = (uint64_t)index;
    return good;
}

/* What the entry of the mirror's log committed to. */
static bool committed(struct pull *p, uint64_t index, struct hash *out)
{
    struct tile t = {.level = TILE_ENTRIES, .n = index / TILE_WIDTH};
    struct span rest, bytes = SPAN("");
    struct buf bundle;
    char name[NAME_CAP];
    struct entry e;
    enum err err = ERR_OK;
    bool found = false;
    if (index >= p->log.before.size)
        return false;
    t.width = tile_width(t.level, t.n, p->log.before.size);
    tile_in(name, p->log.base, &t);
    buf_heap(&bundle);
    if (pull_old(p, name, tile_most(&t), &bundle) == ERR_OK) {
        rest = buf_span(&bundle);
        for (uint64_t i = 0; i <= index % TILE_WIDTH; i++)
            found = bundle_next(&rest, &bytes, &err);
    }
    if (found && entry_read(bytes, &e, NULL) == ERR_OK) {
        const struct hash *commitment = entry_commitment(&e);
        found = commitment != NULL;
        if (found)
            *out = *commitment;
        entry_close(&e);
    }
    buf_free(&bundle);
    return found;
}

static bool opens(struct span line, const struct hash *commitment)
{
    struct opening o;
    return opening_read(line, &o) == ERR_OK && memcmp(o.commitment.b, commitment->b, HASH_LEN) == 0;
}

/* Whoever may see less is shown less of an opening, which fits its commitment all the same. */
static void compare(struct pull *p, uint64_t index, struct span old, struct span now)
{
    struct hash commitment;
    if (!committed(p, index, &commitment) || !opens(old, &commitment) || opens(now, &commitment))
        return;
    p->unsigned_file = p->refusal[0] == '\0';
    pull_doubt(p,
               "the opening of entry %" PRIu64 " is another one than at an earlier pull, and does not open what the "
               "log committed to, as the mirror's does; an opening may be erased, never changed",
               index);
}

/* ---- those that come ---- */

static const char *take_opening(void *ctx, struct span line)
{
    struct before *b = ctx;
    struct span old;
    uint64_t index, had;
    const char *wrong = pull_good_object(NULL, line);
    if (wrong != NULL || !peek(b, &old) || (!span_eq(old, line) && !index_of(line, &index)))
        return wrong;             /* what is none, `verify` says */
    while (!span_eq(old, line)) { /* those that were erased are passed over */
        if (index_of(old, &had) && had >= index) {
            if (had == index)
                compare(b->pull, index, old, line);
            return NULL;
        }
        skip(b, old);
        if (!peek(b, &old))
            return NULL;
    }
    skip(b, old);
    return NULL;
}

void pull_openings(struct pull *p)
{
    const uint64_t size = p->log.head.size;
    char path[NAME_CAP], query[NAME_CAP + 64];
    struct before before = {.pull = p, .path = path};
    struct pull_lines l = {.longest = LIMIT_OPENING, .left = size, .good = take_opening, .ctx = &before};
    uint64_t from = 0;
    const char *next;
    snprintf(path, sizeof path, "log/%s/openings", p->contract);
    snprintf(query, sizeof query, "%s?from=0&to=%" PRIu64, path, size);
    buf_heap(&before.bytes);
    pull_lines_begin(&l, path);
    pull_lines_fetch(p, &l, query, UINT64_MAX);
    while ((next = download_next(p->from, path)) != NULL) {
        if (!pull_is_next_page(span_str(next), path, size, &from))
            die("%s%s goes on with a page that does not follow it: \"%.100s\"", download_url(p->from), path, next);
        snprintf(query, sizeof query, "%s?from=%" PRIu64 "&to=%" PRIu64, path, from, size);
        pull_lines_fetch(p, &l, query, UINT64_MAX);
    }
    pull_lines_end(p, &l, path);
    buf_free(&before.bytes);
}

/* ---- click keys ---- */

/* The key of that number; empty: there is none. */
static struct span key_of(const json_t *doc, int64_t wanted)
{
    const json_t *one;
    size_t i;
    json_array_foreach(json_object_get(doc, "keys"), i, one)
    {
        struct span key = SPAN("");
        int64_t kid = -1;
        if (json_get_int(one, "", "kid", 0, UINT8_MAX, &kid, NULL, NULL) == ERR_OK && kid == wanted &&
            json_get_str(one, "", "key", 64, &key, NULL, NULL) == ERR_OK)
            return key;
    }
    return SPAN("");
}

static void compare_keys(struct pull *p, const char *path, struct span served)
{
    json_t *had = NULL, *has = NULL;
    struct buf old;
    buf_heap(&old);
    if (pull_old(p, path, LIMIT_CLICK_KEYS, &old) == ERR_OK && json_read(buf_span(&old), &had, NULL) == ERR_OK &&
        json_read(served, &has, NULL) == ERR_OK)
        for (int64_t kid = 0; kid <= UINT8_MAX; kid++) {
            struct span before = key_of(had, kid), now = key_of(has, kid);
            if (span_empty(before) || span_eq(before, now))
                continue;
            p->unsigned_file = p->refusal[0] == '\0';
            pull_doubt(p,
                       "the click key %" PRId64 " %s at an earlier pull: what opened click ids goes on to open them, "
                       "and with another key each click of a visitor could be denied (if %s was damaged here, move it "
                       "away)",
                       kid, span_empty(now) ? "is not served any more, as it was" : "is another one than", path);
        }
    json_decref(had);
    json_decref(has);
    buf_free(&old);
}

void pull_click_key(struct pull *p)
{
    char path[NAME_CAP], begins[64];
    snprintf(path, sizeof path, "v1/contracts/%s/click-key", p->contract);
    snprintf(begins, sizeof begins, "{\"contract\":\"%s\",\"keys\":[", p->contract);
    if (!pull_fetch_unless(p, 403, path, LIMIT_CLICK_KEYS))
        return; /* a party's alone, so an auditor's mirror has none */
    if (!span_starts(buf_span(&p->body), begins) || pull_good_object(NULL, buf_span(&p->body)) != NULL)
        pull_refuse(p, path, "the click keys of this contract");
    pull_keep(p, path, buf_span(&p->body));
    compare_keys(p, path, buf_span(&p->body));
}
