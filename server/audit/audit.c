#include "server/audit/audit.h"

#include <inttypes.h>

#include "common/base/bytes.h"
#include "common/ledger/note.h"
#include "server/api/call.h"
#include "server/api/list.h"

/* ---- checkpoints ---- */

static enum err head_or_empty(struct txn *t, uint32_t log, struct head *head, struct hash *root)
{
    enum err err = head_root(t, log, head, root);
    if (err != ERR_NOT_FOUND)
        return err;
    *head = (struct head){0}; /* younger than the last sweep */
    edges_root(NULL, 0, root);
    return ERR_OK;
}

enum err audit_checkpoint(struct request *rq, uint32_t log, struct txn **reader, struct head *head, struct buf *note)
{
    enum { ATTEMPTS = 5 };
    struct server *sh = rq->worker->server;
    char origin[ORIGIN_CAP];
    struct checkpoint c;
    c.origin =
        instance_log_name(&sh->instance, log == ROOT_LOG ? NULL : catalog_contract_number(rq->catalog, log), origin);
    enum err err = worker_reader(rq->worker, reader);
    for (int i = 0; i < ATTEMPTS && err == ERR_OK; i++) {
        if ((err = head_or_empty(*reader, log, head, &c.root)) != ERR_OK)
            break;
        c.size = head->size;
        err = heads_sign(sh->instance.heads, log, &c, note);
        if (err != ERR_OK)
            err = worker_fails(rq, err, "the head of log %u at size %llu was not signed: signed-heads", log,
                               (unsigned long long)c.size);
        if (err != ERR_CORRUPT)
            break;
        txn_reset(*reader);
        if (txn_renew(*reader) != ERR_OK)
            return ERR_IO;
        if (i + 1 < ATTEMPTS)
            err = ERR_OK;
    }
    return err;
}

void audit_reply(struct request *rq, struct reply *reply, struct span text, bool open)
{
    enum { TAG_BYTES = 16 };
    uint8_t sum[HASH_LEN];
    struct buf tag;
    sha256(text.ptr, text.len, sum);
    arena_buf(rq->arena, &tag, 2 * TAG_BYTES + 2);
    buf_byte(&tag, '"');
    buf_hex(&tag, sum, TAG_BYTES);
    buf_byte(&tag, '"');
    if (etag_listed(rq->if_none_match, buf_span(&tag)))
        *reply = (struct reply){.status = 304};
    else
        reply_body(rq, reply, "text/plain; charset=utf-8", text);
    reply_header(reply, "ETag", buf_span(&tag));
    reply_header(reply, "Cache-Control", open ? SPAN("public, no-cache") : SPAN("private, no-cache"));
}

static enum err checkpoint_reply(struct request *rq, struct reply *reply, uint32_t log)
{
    struct txn *reader;
    struct head head;
    struct buf note;
    buf_heap(&note);
    enum err err = audit_checkpoint(rq, log, &reader, &head, &note);
    if (err == ERR_OK)
        audit_reply(rq, reply, buf_span(&note), log == ROOT_LOG);
    buf_free(&note);
    return err;
}

enum err root_checkpoint_get(struct request *rq, struct reply *reply)
{
    enum err err = params_read(rq, NULL, 0);
    return err == ERR_OK ? checkpoint_reply(rq, reply, ROOT_LOG) : err;
}

enum err checkpoint_get(struct request *rq, struct reply *reply)
{
    const struct contract *k;
    enum err err;
    if ((err = params_read(rq, NULL, 0)) != ERR_OK || (err = call_contract(rq, rq->param[0], &k)) != ERR_OK)
        return err;
    return checkpoint_reply(rq, reply, k->number);
}

/* ---- ranges ---- */

enum err audit_range(struct request *rq, uint64_t *from, uint64_t *to)
{
    struct param p[] = {{.name = "from"}, {.name = "to"}};
    enum err err = params_read(rq, p, 2);
    *from = 0;
    *to = UINT64_MAX;
    if (err != ERR_OK)
        return err;
    if (p[0].given && parse_u64(p[0].value, from) != ERR_OK)
        return problem(&rq->problem, ERR_MALFORMED, "from", "must be an index");
    if (p[1].given && parse_u64(p[1].value, to) != ERR_OK)
        return problem(&rq->problem, ERR_MALFORMED, "to", "must be an index");
    if (*from > *to)
        return problem(&rq->problem, ERR_MALFORMED, "to", "must not be before from");
    return ERR_OK;
}

struct span audit_next(struct request *rq, const struct contract *k, const char *what, uint64_t from, uint64_t to)
{
    struct buf b;
    arena_buf(rq->arena, &b, 160);
    buf_printf(&b, "</log/%s/%s?from=%" PRIu64 "&to=%" PRIu64 ">; rel=\"next\"", k->id, what, from, to);
    return buf_span(&b);
}

/* ---- tiles ---- */

/* A full tile never changes; a partial one is soon outdated. */
static struct span tile_cache(uint32_t log, const struct tile *t)
{
    bool full = t->width == TILE_WIDTH;
    if (log == ROOT_LOG)
        return full ? SPAN("public, max-age=31536000, immutable") : SPAN("public, max-age=60");
    return full ? SPAN("private, max-age=31536000, immutable") : SPAN("private, max-age=60");
}

/* path is what follows /log/ or /log/{contract}/: "tile/...". */
static enum err tile_reply(struct request *rq, struct reply *reply, uint32_t log, struct span path)
{
    struct txn *reader;
    struct tile tile;
    struct buf bytes;
    enum err err;
    if ((err = params_read(rq, NULL, 0)) != ERR_OK)
        return err;
    if (tile_parse(path, &tile) != ERR_OK)
        return problem(&rq->problem, ERR_NOT_FOUND, "", "this is not the path of a tile");
    if ((err = worker_reader(rq->worker, &reader)) != ERR_OK)
        return err;
    buf_heap(&bytes);
    err = ledger_tile(reader, log, &tile, &bytes);
    if (err == ERR_OK) {
        reply_body(rq, reply, "application/octet-stream", buf_span(&bytes));
        reply_header(reply, "Cache-Control", tile_cache(log, &tile));
    } else if (err == ERR_NOT_FOUND) {
        err = problem(&rq->problem, err, "", "the log has no such tile (yet)");
    }
    buf_free(&bytes);
    return err;
}

static struct span path_from(const struct request *rq, size_t offset)
{
    return span_of(rq->path.ptr + offset, rq->path.len - offset);
}

enum err root_tile_get(struct request *rq, struct reply *reply)
{
    return tile_reply(rq, reply, ROOT_LOG, path_from(rq, strlen("/log/")));
}

enum err tile_get(struct request *rq, struct reply *reply)
{
    const struct contract *k;
    enum err err = call_contract(rq, rq->param[0], &k);
    if (err != ERR_OK)
        return err;
    return tile_reply(rq, reply, k->number, path_from(rq, strlen("/log/") + rq->param[0].len + 1));
}

/* ---- what leads are scored by ---- */

enum err state_get(struct request *rq, struct reply *reply)
{
    const struct contract *k;
    struct hash sha256;
    struct span bytes;
    struct txn *reader;
    size_t len = 0;
    enum err err;
    if ((err = params_read(rq, NULL, 0)) != ERR_OK || (err = call_contract(rq, rq->param[0], &k)) != ERR_OK)
        return err;
    if (hex_decode(rq->param[1], sha256.b, sizeof sha256.b, &len) != ERR_OK || len != HASH_LEN)
        return problem(&rq->problem, ERR_NOT_FOUND, "", "this is no SHA-256 in hexadecimal");
    if ((err = worker_reader(rq->worker, &reader)) != ERR_OK)
        return err;
    err = ledger_state(reader, k->number, &sha256, &bytes);
    if (err == ERR_NOT_FOUND)
        return problem(&rq->problem, err, "", "no model entry of this contract names such a state");
    if (err != ERR_OK)
        return err;
    reply_body(rq, reply, "application/octet-stream", bytes);
    reply_header(reply, "Cache-Control", SPAN("private, max-age=31536000, immutable"));
    return ERR_OK;
}

/* ---- keys ---- */

enum err jwks_get(struct request *rq, struct reply *reply)
{
    struct buf text;
    buf_heap(&text);
    keys_jwks(rq->worker->server->instance.keys, &text);
    reply_body(rq, reply, "application/jwk-set+json", buf_span(&text));
    reply_header(reply, "Cache-Control", SPAN("public, max-age=300"));
    buf_free(&text);
    return ERR_OK;
}

void audit_root_keys(struct buf *out, const struct server *sh)
{
    uint8_t pubs[KEYS_MAX][ED25519_KEY_LEN];
    size_t n = keys_log_publics(sh->instance.keys, pubs, KEYS_MAX);
    char name[ORIGIN_CAP];
    struct note_key key = {.name = instance_log_name(&sh->instance, NULL, name)};
    for (size_t i = 0; i < n; i++) {
        memcpy(key.pub, pubs[i], sizeof key.pub);
        note_vkey(out, &key);
        buf_byte(out, '\n');
    }
}

enum err log_keys_get(struct request *rq, struct reply *reply)
{
    struct buf text;
    buf_heap(&text);
    audit_root_keys(&text, rq->worker->server);
    audit_reply(rq, reply, buf_span(&text), true);
    buf_free(&text);
    return ERR_OK;
}
