/* What a campaign's logs teach all together: their leads and what became of them, in the order of their times. */
#include <assert.h>
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "server/ledger/ledger_private.h"

/* ---- stored ---- */

enum { LOG_BYTES = 4 + LIMIT_ID + 8 + 1 + 8 };

struct span seed_key(uint8_t key[4 + HASH_LEN], uint32_t campaign, const struct hash *asked)
{
    store_be32(key, campaign);
    memcpy(key + 4, asked->b, HASH_LEN);
    return span_of(key, 4 + HASH_LEN);
}

void seed_write(const struct seed *s, struct buf *out)
{
    uint8_t state[SCORE_STATE_MAX], n[4];
    store_be32(n, (uint32_t)s->n);
    buf_add(out, n, sizeof n);
    for (size_t i = 0; i < s->n; i++) {
        const struct seed_log *l = &s->log[i];
        uint8_t one[LOG_BYTES] = {0};
        store_be32(one, l->contract);
        memcpy(one + 4, l->id, strlen(l->id));
        store_be64(one + 4 + LIMIT_ID, l->size);
        one[12 + LIMIT_ID] = l->joined.on;
        store_be64(one + 13 + LIMIT_ID, l->joined.since);
        buf_add(out, one, sizeof one);
    }
    buf_add(out, state, score_write(&s->known.state, state));
}

static bool log_read(const uint8_t *at, struct seed_log *l)
{
    *l = (struct seed_log){.contract = load_be32(at), .size = load_be64(at + 4 + LIMIT_ID)};
    memcpy(l->id, at + 4, LIMIT_ID);
    l->joined = (struct joined){at[12 + LIMIT_ID] == 1, load_be64(at + 13 + LIMIT_ID)};
    return at[12 + LIMIT_ID] <= 1 && l->contract > 0 && l->size > 0 && l->joined.since < l->size;
}

enum err seed_read(struct span row, struct seed *out)
{
    const uint8_t *at = (const uint8_t *)row.ptr;
    out->n = row.len >= 4 ? load_be32(at) : 0;
    if (out->n == 0 || out->n > LIMIT_SEED_CONTRACTS || row.len < 4 + out->n * LOG_BYTES)
        return ERR_CORRUPT;
    for (size_t i = 0; i < out->n; i++)
        if (!log_read(at + 4 + i * LOG_BYTES, &out->log[i]) ||
            (i > 0 && strcmp(out->log[i - 1].id, out->log[i].id) >= 0))
            return ERR_CORRUPT;
    out->known.on = true;
    return score_read(span_skip(row, 4 + out->n * LOG_BYTES), &out->known.state);
}

enum err seed_load(struct txn *t, uint32_t campaign, const struct hash *asked, struct seed *out)
{
    uint8_t key[4 + HASH_LEN];
    struct span row;
    *out = (struct seed){.known = {.on = true, .asked = *asked}};
    enum err err = store_get(t, TABLE_SEEDS, seed_key(key, campaign, asked), &row);
    return err == ERR_OK ? seed_read(row, out) : err == ERR_NOT_FOUND ? ERR_OK : err;
}

void seed_from(const struct seed *s, struct buf *out)
{
    for (size_t i = 0; i < s->n; i++)
        entry_prefix_add(out, &(struct entry_prefix){span_str(s->log[i].id), s->log[i].size});
}

size_t seed_bytes(const struct seed *s, uint8_t out[SCORE_STATE_MAX])
{
    struct score_state shared;
    score_shared(&s->known.state, &shared);
    return score_write(&shared, out);
}

/* ---- learning on ---- */

/* A log on its way: all in front of `next` is done, and that is a lead or a disposition, if it is not at its end. */
struct way {
    struct versions versions;
    uint64_t next, end;
    int64_t at_ms;
    bool found;
};

struct seed_walk {
    struct seed *seed;
    struct way way[LIMIT_SEED_CONTRACTS]; /* as seed->log */
};

struct seed_walk *seed_walk_new(struct seed *s)
{
    struct seed_walk *w = xcalloc(1, sizeof *w);
    w->seed = s;
    for (size_t i = 0; i < s->n; i++)
        w->way[i].next = w->way[i].end = s->log[i].size;
    return w;
}

void seed_walk_free(struct seed_walk *w)
{
    for (size_t i = 0; w != NULL && i < w->seed->n; i++)
        versions_free(&w->way[i].versions);
    free(w);
}

enum err seed_walk_to(struct seed_walk *w, uint32_t contract, const char *id, uint64_t size)
{
    struct seed *s = w->seed;
    size_t at = 0;
    while (at < s->n && strcmp(s->log[at].id, id) < 0)
        at++;
    if (at == s->n || strcmp(s->log[at].id, id) != 0) {
        if (s->n == LIMIT_SEED_CONTRACTS)
            return ERR_TOO_LARGE;
        memmove(&s->log[at + 1], &s->log[at], (s->n - at) * sizeof s->log[0]);
        memmove(&w->way[at + 1], &w->way[at], (s->n - at) * sizeof w->way[0]);
        s->n++;
        s->log[at] = (struct seed_log){.contract = contract};
        memcpy(s->log[at].id, id, strlen(id));
        w->way[at] = (struct way){.next = 0};
    }
    if (size < w->way[at].next || s->log[at].contract != contract)
        return ERR_CORRUPT;
    w->way[at].end = s->log[at].size = size;
    return ERR_OK;
}

/* Entries of a log in their order: what it says of terms is taken on the way. */
static enum err look_ahead(struct way *y, struct ledger_view *v, uint32_t contract, size_t *left)
{
    struct envelope env;
    struct entry e;
    enum err err = ERR_OK;
    if (y->versions.n == 0 && y->next > 0 && y->next < y->end)
        err = ledger_versions(v->txn, contract, y->next, &y->versions);
    for (; err == ERR_OK && !y->found && y->next<y->end && * left> 0; y->next += !y->found, --*left) {
        err = ledger_read(v->txn, contract, y->next, &env);
        if (err == ERR_OK && ledger_binds(env.kind) && (err = entry_read(env.entry, &e, NULL)) == ERR_OK) {
            err = ledger_bind(&y->versions, env.index, &e);
            entry_close(&e);
        }
        if (err == ERR_OK && (env.kind == ENTRY_LEAD || env.kind == ENTRY_DISPOSITION))
            err = envelope_time(&env, &y->at_ms);
        y->found = env.kind == ENTRY_LEAD || env.kind == ENTRY_DISPOSITION;
    }
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

/* The earliest of all, of equals that of the first log; NULL: none is left. */
static struct way *earliest(struct seed_walk *w)
{
    struct way *first = NULL;
    for (size_t i = 0; i < w->seed->n; i++)
        if (w->way[i].found && (first == NULL || w->way[i].at_ms < first->at_ms))
            first = &w->way[i];
    return first;
}

static bool asks_for(const struct seed *s, const struct version *bound)
{
    return bound != NULL && bound->terms->score != NULL &&
           memcmp(bound->terms->score->asked.b, s->known.asked.b, HASH_LEN) == 0;
}

static enum err take(struct seed_walk *w, struct way *y, struct txn *t, const struct view *v)
{
    struct seed_log *l = &w->seed->log[y - w->way];
    const struct version *bound = versions_at(&y->versions, y->at_ms);
    struct envelope env;
    struct entry e;
    enum err err = ledger_read(t, l->contract, y->next, &env);
    if (err == ERR_OK)
        err = entry_read(env.entry, &e, NULL);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    if (w->seed->known.state.fields == 0 && asks_for(w->seed, bound))
        score_begin(&bound->terms->score->shape, &w->seed->known.state);
    err = model_join(&w->seed->known, &l->joined, v, l->contract, bound != NULL ? bound->terms : NULL, y->next, &e);
    entry_close(&e);
    y->found = false;
    y->next++;
    return err;
}

enum err seed_walk_step(struct seed_walk *w, struct txn *t, size_t entries, bool *done)
{
    struct ledger_view memory;
    enum err err = ERR_OK;
    const struct view v = ledger_view(&memory, NULL, t);
    *done = false;
    while (err == ERR_OK && entries > 0 && !*done) {
        bool whole = true;
        for (size_t i = 0; i < w->seed->n && err == ERR_OK; i++) {
            err = look_ahead(&w->way[i], &memory, w->seed->log[i].contract, &entries);
            whole &= w->way[i].found || w->way[i].next == w->way[i].end;
        }
        struct way *y = err == ERR_OK && whole ? earliest(w) : NULL;
        if (y != NULL)
            err = take(w, y, t, &v);
        *done = err == ERR_OK && whole && y == NULL;
    }
    return err;
}
