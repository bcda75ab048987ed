#include "server/commit/uses.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"

/* ---- on the way ---- */

enum { WAYS = 4, ROWS = USES_KEPT / WAYS };

struct use {
    uint8_t sha256[HASH_LEN];
    int64_t at_ms; /* 0: nobody's */
    bool waits;    /* for a record */
};

struct uses {
    pthread_mutex_t lock;
    struct use place[ROWS][WAYS];
    size_t n_waiting;
};

struct uses *uses_new(void)
{
    struct uses *u = xcalloc(1, sizeof *u);
    pthread_mutex_init(&u->lock, NULL);
    return u;
}

void uses_free(struct uses *u)
{
    if (u == NULL)
        return;
    pthread_mutex_destroy(&u->lock);
    free(u);
}

/* Its own, else the one that was used least lately of those that do not wait; NULL: all wait. */
static struct use *place_of(struct uses *u, const uint8_t sha256[HASH_LEN])
{
    struct use *row = u->place[load_be32(sha256) % ROWS], *found = NULL;
    for (size_t i = 0; i < WAYS; i++) {
        if (memcmp(row[i].sha256, sha256, HASH_LEN) == 0)
            return &row[i];
        if (!row[i].waits && (found == NULL || row[i].at_ms < found->at_ms))
            found = &row[i];
    }
    return found;
}

void uses_note(struct uses *u, const uint8_t sha256[HASH_LEN], int64_t at_ms)
{
    pthread_mutex_lock(&u->lock);
    struct use *p = place_of(u, sha256);
    bool known = p != NULL && memcmp(p->sha256, sha256, HASH_LEN) == 0;
    if (p != NULL && !(known && (p->waits || llabs(at_ms - p->at_ms) < USE_EVERY_MS))) {
        memcpy(p->sha256, sha256, HASH_LEN);
        p->at_ms = at_ms;
        p->waits = true;
        u->n_waiting++;
    }
    pthread_mutex_unlock(&u->lock);
}

bool uses_any(struct uses *u)
{
    pthread_mutex_lock(&u->lock);
    bool any = u->n_waiting > 0;
    pthread_mutex_unlock(&u->lock);
    return any;
}

static int by_hash(const void *a, const void *b)
{
    return memcmp(a, b, HASH_LEN);
}

void uses_take(struct uses *u, struct buf *uses)
{
    struct use *p = &u->place[0][0];
    size_t n = 0, from = uses->len;
    pthread_mutex_lock(&u->lock);
    for (size_t i = 0; i < USES_KEPT && u->n_waiting > 0 && n < RECORD_USES; i++) {
        if (!p[i].waits)
            continue;
        buf_add(uses, p[i].sha256, HASH_LEN);
        buf_be64(uses, (uint64_t)p[i].at_ms);
        p[i].waits = false;
        u->n_waiting--;
        n++;
    }
    pthread_mutex_unlock(&u->lock);
    if (n > 1)
        qsort(uses->ptr + from, n, RECORD_USE, by_hash);
}

/* ---- the table ---- */

enum err token_use_read(struct span row, int64_t *ms)
{
    if (row.len != TOKEN_USE_ROW_LEN || load_be64(row.ptr) > INT64_MAX)
        return ERR_CORRUPT;
    *ms = (int64_t)load_be64(row.ptr);
    return ERR_OK;
}

enum err token_used(struct txn *t, const uint8_t sha256[HASH_LEN], int64_t *ms)
{
    struct span row;
    enum err err = store_get(t, TABLE_USES, span_of(sha256, HASH_LEN), &row);
    return err == ERR_OK ? token_use_read(row, ms) : err;
}

/* Whether it is to be written. A row that does not read stays as it is, for `check` to name. */
static enum err is_news(struct batch *cx, const uint8_t *use, bool *news)
{
    int64_t before, at_ms = (int64_t)load_be64(use + HASH_LEN);
    *news = false;
    if (catalog_token_hashed(cx->catalog, use) == NULL)
        return ERR_OK;
    enum err err = token_used(cx->txn, use, &before);
    if (err == ERR_CORRUPT)
        return ERR_OK;
    *news = err == ERR_NOT_FOUND || (err == ERR_OK && llabs(at_ms - before) >= USE_EVERY_MS);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err chore_used(struct batch *cx, struct job *job)
{
    struct span uses = job->record.used.uses;
    const uint8_t *use = (const uint8_t *)uses.ptr;
    size_t n = uses.len / RECORD_USE;
    bool news[RECORD_USES];
    enum err err = ERR_OK;
    assert(n <= RECORD_USES);
    for (size_t i = 0; i < n && err == ERR_OK; i++)
        err = is_news(cx, use + i * RECORD_USE, &news[i]);
    if (err != ERR_OK)
        return err == ERR_IO ? ERR_CORRUPT : err; /* nothing is written yet, and nothing needs this table */
    for (size_t i = 0; i < n && err == ERR_OK; i++) {
        const uint8_t *at = use + i * RECORD_USE;
        if (news[i])
            err = store_put(cx->txn, TABLE_USES, span_of((const char *)at, HASH_LEN),
                            span_of((const char *)at + HASH_LEN, TOKEN_USE_ROW_LEN));
    }
    return err;
}
