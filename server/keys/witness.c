/* DATA/witnessed: for each log a line "size root origin" (root in base64), in no order, then "sha256" and the hex of
 * SHA-256 over the lines before. Written whole each time. */
#include "server/keys/witness.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "common/base/text.h"
#include "common/ledger/witness.h"
#include "server/system/log.h"
#include "server/system/system.h"

enum { LOGS_MAX = 1024, STATE_MAX = 16 << 20, NAME_MAX_LEN = 1024 };

struct witness {
    char path[PATH_MAX];
    pthread_mutex_t lock;
    struct signer *signer;
    struct buf name;
    struct buf text; /* of the list: what the keys' names point into */
    struct note_key *key;
    size_t n_keys;
    struct buf state; /* the file's text: what the origins below point into */
    struct checkpoint *last;
    size_t n_last;
    struct hash told; /* the root of the fork that was told last */
};

/* ---- the list of logs ---- */

static enum err read_log_line(struct witness *w, struct span line, const char *field, struct problem *p)
{
    struct note_key key;
    line = text_trim(line, TYPED_BLANKS);
    if (span_empty(line) || line.ptr[0] == '#')
        return ERR_OK;
    if (note_vkey_parse(line, &key) != ERR_OK || !ed25519_key_ok(key.pub) || key.name.len > NAME_MAX_LEN)
        return problem(p, ERR_MALFORMED, field, "is not the verifier key of a log: copy one from its /log/keys");
    if (w->n_keys == LOGS_MAX)
        return problem(p, ERR_MALFORMED, field, "these are more than %d keys", LOGS_MAX);
    w->key = xrealloc(w->key, (w->n_keys + 1) * sizeof *w->key);
    w->key[w->n_keys++] = key;
    return ERR_OK;
}

static enum err read_logs(struct witness *w, struct span logs, struct problem *p)
{
    buf_span_add(&w->text, logs);
    struct span rest = buf_span(&w->text);
    enum err err = ERR_OK;
    for (int n = 1; err == ERR_OK && !span_empty(rest); n++) {
        char field[32];
        snprintf(field, sizeof field, "line %d", n);
        err = read_log_line(w, text_take(&rest, '\n'), field, p);
    }
    return err;
}

/* Its keys are put in front, in `ours`. */
static size_t keys_of(const struct witness *w, struct span origin, struct note_key *ours)
{
    size_t n = 0;
    for (size_t i = 0; i < w->n_keys; i++)
        if (span_eq(w->key[i].name, origin))
            ours[n++] = w->key[i];
    return n;
}

/* ---- what was cosigned last ---- */

static bool read_last(struct span line, struct checkpoint *out)
{
    struct span size, root;
    size_t len;
    if (!text_cut(&line, ' ', &size) || !text_cut(&line, ' ', &root) || parse_u64(size, &out->size) != ERR_OK ||
        b64_decode(root, out->root.b, HASH_LEN, &len) != ERR_OK || len != HASH_LEN)
        return false;
    out->origin = line;
    return line.len > 0;
}

/* The lines in front of the sum, if that is theirs. */
static bool check_sum(struct span text, struct span *lines)
{
    enum { SUM_LEN = 7 + 2 * HASH_LEN + 1 };
    uint8_t sum[HASH_LEN], said[HASH_LEN];
    size_t len;
    if (text.len < SUM_LEN)
        return false;
    *lines = span_of(text.ptr, text.len - SUM_LEN);
    struct span last = span_skip(text, lines->len);
    sha256(lines->ptr, lines->len, sum);
    return span_starts(last, "sha256 ") && last.ptr[last.len - 1] == '\n' &&
           hex_decode(span_of(last.ptr + 7, 2 * HASH_LEN), said, sizeof said, &len) == ERR_OK &&
           memcmp(sum, said, sizeof sum) == 0;
}

/* What the text in w->state says is what it remembers. */
static enum err take_state(struct witness *w)
{
    struct span lines, line;
    if (!check_sum(buf_span(&w->state), &lines))
        return ERR_CORRUPT;
    w->n_last = 0;
    while (text_cut(&lines, '\n', &line)) {
        w->last = xrealloc(w->last, (w->n_last + 1) * sizeof *w->last);
        if (!read_last(line, &w->last[w->n_last++]))
            return ERR_CORRUPT;
    }
    return span_empty(lines) ? ERR_OK : ERR_CORRUPT;
}

static void put_last(struct buf *out, const struct checkpoint *c)
{
    buf_u64(out, c->size);
    buf_byte(out, ' ');
    buf_b64(out, c->root.b, HASH_LEN);
    buf_byte(out, ' ');
    buf_span_add(out, c->origin);
    buf_byte(out, '\n');
}

static enum err read_state(struct witness *w)
{
    enum err err = file_read(w->path, STATE_MAX, &w->state);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    return take_state(w);
}

/* The file with `c` in the place of its log's line, then memory as that: not by reading it, which may fail and would
 * leave a witness that remembers nothing. */
static enum err keep(struct witness *w, const struct checkpoint *c)
{
    struct buf text;
    uint8_t sum[HASH_LEN];
    buf_heap(&text);
    for (size_t i = 0; i < w->n_last; i++)
        if (!span_eq(w->last[i].origin, c->origin))
            put_last(&text, &w->last[i]);
    put_last(&text, c);
    sha256(text.ptr, text.len, sum);
    buf_str(&text, "sha256 ");
    buf_hex(&text, sum, sizeof sum);
    buf_byte(&text, '\n');
    enum err err = text.len > STATE_MAX ? ERR_FULL : file_write_atomic(w->path, buf_span(&text), 0600);
    struct buf old = w->state;
    if (err == ERR_OK)
        w->state = text;
    buf_free(err == ERR_OK ? &old : &text);
    return err == ERR_OK ? take_state(w) : err;
}

static struct checkpoint last_of(const struct witness *w, struct span origin)
{
    for (size_t i = 0; i < w->n_last; i++)
        if (span_eq(w->last[i].origin, origin))
            return w->last[i];
    return (struct checkpoint){.origin = origin};
}

/* ---- life ---- */

enum err witness_open(const char *data_dir, const struct keys *k, const char *origin, struct span logs,
                      struct witness **out, struct problem *p)
{
    struct witness *w = xcalloc(1, sizeof *w);
    uint8_t seed[SEED_LEN];
    snprintf(w->path, sizeof w->path, "%s/witnessed", data_dir);
    pthread_mutex_init(&w->lock, NULL);
    buf_heap(&w->name);
    buf_heap(&w->text);
    buf_heap(&w->state);
    buf_str(&w->name, origin);
    buf_str(&w->name, "/witness");
    keys_subkey(k, "countersign/v1/witness", seed);
    w->signer = signer_new(seed);
    crypto_wipe(seed, sizeof seed);
    enum err err = read_logs(w, logs, p);
    if (err == ERR_OK)
        err = read_state(w);
    if (err == ERR_OK)
        *out = w;
    else
        witness_close(w);
    return err;
}

void witness_close(struct witness *w)
{
    if (w == NULL)
        return;
    signer_free(w->signer);
    buf_free(&w->name);
    buf_free(&w->text);
    buf_free(&w->state);
    free(w->key);
    free(w->last);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

size_t witness_logs(const struct witness *w)
{
    return w->n_keys;
}

void witness_key(const struct witness *w, struct buf *out)
{
    struct note_key k = {.name = buf_span(&w->name)};
    memcpy(k.pub, signer_public(w->signer), ED25519_KEY_LEN);
    witness_vkey(out, &k);
}

/* ---- cosigning ---- */

/* Two trees of one size, both signed: nobody but the log can bring that about. Once, however often it is shown. */
static void tell_fork(struct witness *w, const struct checkpoint *c, const struct checkpoint *last)
{
    struct buf roots;
    if (memcmp(w->told.b, c->root.b, HASH_LEN) == 0)
        return;
    w->told = c->root;
    buf_heap(&roots);
    buf_b64(&roots, last->root.b, HASH_LEN);
    buf_str(&roots, " and ");
    buf_b64(&roots, c->root.b, HASH_LEN);
    log_line(LOG_ERROR, 0, "witness", "log %.*s signed two histories of %llu entries, of roots %.*s",
             (int)c->origin.len, c->origin.ptr, (unsigned long long)c->size, (int)roots.len, roots.ptr);
    buf_free(&roots);
}

/* With the lock: look, judge, keep and sign are one step. */
static enum err advance(struct witness *w, const struct add_checkpoint *a, const struct checkpoint *c, int64_t now_ms,
                        struct buf *line, uint64_t *size)
{
    struct span text, lines;
    const struct checkpoint last = last_of(w, c->origin);
    enum err err = add_checkpoint_judge(a, c, &last);
    if (err == ERR_CONFLICT)
        *size = last.size;
    if (err == ERR_CONFLICT && c->size == last.size && memcmp(c->root.b, last.root.b, HASH_LEN) != 0)
        tell_fork(w, c, &last);
    if (err == ERR_OK && (c->size != last.size || last.size == 0))
        err = keep(w, c); /* one that fails may be on the disk all the same: a tree that extends the last, uncosigned */
    if (err == ERR_OK)
        err = note_split(a->note, &text, &lines);
    if (err == ERR_OK)
        cosign(line, text, buf_span(&w->name), w->signer, (uint64_t)now_ms / 1000);
    return err;
}

enum err witness_cosign(struct witness *w, struct span body, int64_t now_ms, struct buf *line, uint64_t *size)
{
    struct add_checkpoint a;
    struct checkpoint c;
    if (add_checkpoint_read(body, &a) != ERR_OK || checkpoint_peek(a.note, &c) != ERR_OK)
        return ERR_MALFORMED;
    struct note_key *ours = xcalloc(w->n_keys + 1, sizeof *ours);
    size_t n = keys_of(w, c.origin, ours);
    enum err err = n == 0 ? ERR_NOT_FOUND : checkpoint_open(a.note, ours, n, &c);
    free(ours);
    if (err == ERR_UNAUTHORIZED)
        err = ERR_FORBIDDEN;
    if (err != ERR_OK)
        return err;
    pthread_mutex_lock(&w->lock);
    err = advance(w, &a, &c, now_ms, line, size);
    pthread_mutex_unlock(&w->lock);
    return err;
}
