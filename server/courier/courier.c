#include "server/courier/courier.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/bytes.h"
#include "common/base/limits.h"
#include "common/base/mem.h"
#include "common/base/text.h"
#include "common/ledger/policy.h"
#include "common/ledger/witness.h"
#include "server/courier/post.h"
#include "server/ledger/ledger.h"
#include "server/system/log.h"
#include "server/system/system.h"

enum { TICK_MS = 500, TIMEOUT_MS = 10000, ANSWER_MAX = 65536 };
/* A head that stays is cosigned again, so that a note tells how fresh it is. */
enum { REFRESH_MS = 600000, RETRY_LEAST_MS = 2000, RETRY_MOST_MS = 300000 };

enum mood { UNKNOWN, GOOD, SILENT, CONFLICTING };

/* Of the courier's thread. */
struct peer {
    char *url;
    uint64_t old; /* the size that it cosigned last, as far as we know */
    int64_t due_ms, retry_ms;
    enum mood mood;
    uint64_t size; /* of the head below; 0: none */
    struct buf line;
    uint64_t time_s;
};

/* What a quorum cosigned. */
struct cosigned {
    struct buf note;
    int64_t quorum_s;
    uint64_t *covered; /* by contract number: one more than the leaf of its last head; 0: none */
    size_t n;
};

struct courier {
    struct instance *instance;
    struct buf policy_text;
    struct policy policy;
    struct post *post;
    pthread_t thread;
    bool started;
    atomic_bool stop;
    pthread_mutex_t lock; /* of wake, and of what stands below */
    pthread_cond_t wake;
    struct cosigned *cosigned; /* NULL: none yet */
    struct courier_state state;
    /* of the thread alone */
    struct peer peer[POLICY_MAX];
    struct buf note, body, answer;
    struct checkpoint head; /* of `note` */
    uint64_t *covered;
    size_t n_covered;
};

/* ---- life ---- */

static uint32_t reachable(struct courier *c)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < c->policy.n_witnesses; i++) {
        struct span url = c->policy.witness[i].url;
        while (url.len > 0 && url.ptr[url.len - 1] == '/')
            url.len--;
        if (span_empty(url))
            continue;
        c->peer[i].url = xasprintf("%.*s/add-checkpoint", (int)url.len, url.ptr);
        bits |= UINT32_C(1) << i;
    }
    return bits;
}

static enum err read_policy(struct courier *c, struct span text, struct problem *p)
{
    buf_span_add(&c->policy_text, text);
    enum err err = policy_read(buf_span(&c->policy_text), &c->policy, p);
    if (err == ERR_OK && !policy_met(&c->policy, reachable(c)))
        err = problem(p, ERR_MALFORMED, "", "the witnesses that have a URL make no quorum: add URLs");
    return err;
}

enum err courier_open(struct instance *in, struct span policy, struct courier **out, struct problem *p)
{
    struct courier *c = xcalloc(1, sizeof *c);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    c->instance = in;
    buf_heap(&c->policy_text);
    buf_heap(&c->note);
    buf_heap(&c->body);
    buf_heap(&c->answer);
    for (size_t i = 0; i < POLICY_MAX; i++)
        buf_heap(&c->peer[i].line);
    c->post = post_open(&c->stop);
    enum err err = read_policy(c, policy, p);
    c->state.witnesses = c->policy.n_witnesses;
    if (err == ERR_OK)
        *out = c;
    else
        courier_close(c);
    return err;
}

static void cosigned_free(struct cosigned *s)
{
    if (s == NULL)
        return;
    buf_free(&s->note);
    free(s->covered);
    free(s);
}

void courier_close(struct courier *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < POLICY_MAX; i++) {
        free(c->peer[i].url);
        buf_free(&c->peer[i].line);
    }
    cosigned_free(c->cosigned);
    free(c->covered);
    buf_free(&c->policy_text);
    buf_free(&c->note);
    buf_free(&c->body);
    buf_free(&c->answer);
    post_close(c->post);
    pthread_cond_destroy(&c->wake);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

/* ---- the head ---- */

/* How much of each contract the root log at this head covers. */
static enum err look_at_contracts(struct courier *c, struct txn *t)
{
    struct catalog *catalog = catalog_hold(c->instance->catalog);
    size_t n = catalog->n_contracts;
    enum err err = ERR_OK;
    catalog_unref(catalog);
    c->covered = xrealloc(c->covered, (n + 1) * sizeof *c->covered);
    c->n_covered = n + 1;
    memset(c->covered, 0, c->n_covered * sizeof *c->covered);
    for (size_t i = 1; i <= n && err == ERR_OK; i++) {
        uint64_t size, leaf;
        err = ledger_published_at(t, (uint32_t)i, &size, &leaf);
        if (err == ERR_OK)
            c->covered[i] = leaf + 1;
        else if (err == ERR_NOT_FOUND)
            err = ERR_OK;
    }
    return err;
}

/* Reads the root log's head and signs it. ERR_NOT_FOUND: it is empty, or as it was. */
static enum err look_at_head(struct courier *c, struct txn *t)
{
    struct head head;
    char origin[ORIGIN_CAP];
    struct checkpoint now = {.origin = instance_log_name(c->instance, NULL, origin)};
    enum err err = head_root(t, ROOT_LOG, &head, &now.root);
    if (err != ERR_OK)
        return err;
    now.size = head.size;
    if (now.size == 0 || (c->note.len > 0 && now.size == c->head.size))
        return ERR_NOT_FOUND;
    buf_clear(&c->note);
    if ((err = heads_sign(c->instance->heads, ROOT_LOG, &now, &c->note)) != ERR_OK ||
        (err = look_at_contracts(c, t)) != ERR_OK)
        buf_clear(&c->note); /* a newer one was signed meanwhile, or none can be: the next tick looks again */
    else
        err = checkpoint_peek(buf_span(&c->note), &c->head);
    return err;
}

/* ---- one witness ---- */

static const char *name_of(const struct courier *c, const struct peer *w, int *len)
{
    struct span name = c->policy.witness[w - c->peer].name;
    *len = (int)name.len;
    return name.ptr;
}

/* Its mood, told when it changes. */
static void feel(struct courier *c, struct peer *w, enum mood mood, const char *why)
{
    int len;
    const char *name = name_of(c, w, &len);
    if (mood == GOOD && w->mood != GOOD)
        log_line(LOG_INFO, 0, "witness", "%.*s cosigned the root log's head of size %llu", len, name,
                 (unsigned long long)c->head.size);
    else if (mood != w->mood)
        log_line(mood == CONFLICTING ? LOG_ERROR : LOG_WARN, 0, "witness", "%.*s: %s", len, name, why);
    w->mood = mood;
    if (mood == GOOD) {
        w->retry_ms = RETRY_LEAST_MS;
        w->due_ms = clock_monotonic_us() / 1000 + REFRESH_MS;
        return;
    }
    w->retry_ms = w->retry_ms < RETRY_LEAST_MS ? RETRY_LEAST_MS : 2 * w->retry_ms;
    if (w->retry_ms > RETRY_MOST_MS)
        w->retry_ms = RETRY_MOST_MS;
    w->due_ms = clock_monotonic_us() / 1000 + w->retry_ms;
}

static enum err prove(struct courier *c, struct add_checkpoint *a)
{
    struct txn *t;
    struct tile_source source = {.contract = ROOT_LOG};
    a->n = 0;
    a->note = buf_span(&c->note);
    if (a->old == 0 || a->old == c->head.size)
        return ERR_OK;
    enum err err = txn_begin(c->instance->store, false, &t);
    if (err != ERR_OK)
        return err;
    source.txn = t;
    struct merkle_reader nodes = ledger_nodes(&source);
    struct hash path[MERKLE_HEIGHT + 1];
    err = merkle_consistency(&nodes, a->old, c->head.size, path, &a->n);
    txn_abort(t);
    if (err == ERR_OK && a->n > WITNESS_PROOF_MAX)
        err = ERR_TOO_LARGE;
    if (err == ERR_OK)
        memcpy(a->proof, path, a->n * sizeof *path);
    return err;
}

/* Its status; 0: there was no answer, *why says why not. */
static int ask(struct courier *c, const struct peer *w, uint64_t old, const char **why)
{
    struct add_checkpoint a = {.old = old};
    if (prove(c, &a) != ERR_OK) {
        *why = "our own log does not read: run countersign check";
        return 0;
    }
    buf_clear(&c->body);
    buf_clear(&c->answer);
    add_checkpoint_write(&c->body, &a);
    return post_send(c->post, w->url, buf_span(&c->body), TIMEOUT_MS, ANSWER_MAX, &c->answer, why);
}

/* The size that a 409 names. */
static bool size_named(const struct courier *c, uint64_t *size)
{
    struct span body = buf_span(&c->answer), line;
    return text_cut(&body, '\n', &line) && span_empty(body) && parse_u64(line, size) == ERR_OK;
}

static void take_cosignature(struct courier *c, struct peer *w)
{
    struct span text, own, line;
    uint64_t time_s;
    enum err err = note_split(buf_span(&c->note), &text, &own);
    if (err == ERR_OK)
        err = cosignature_find(buf_span(&c->answer), text, &c->policy.witness[w - c->peer].key, &time_s, &line);
    if (err != ERR_OK) {
        feel(c, w, SILENT, "it answered 200 without a cosignature of its key over our head");
        return;
    }
    buf_clear(&w->line);
    buf_span_add(&w->line, line);
    buf_byte(&w->line, '\n');
    w->time_s = time_s;
    w->old = w->size = c->head.size;
    feel(c, w, GOOD, "");
}

/* The answer to what was asked from `old` on; `named`: it named that size itself. */
static void take_answer(struct courier *c, struct peer *w, int status, uint64_t old, bool named, const char *why)
{
    char text[160];
    uint64_t size;
    if (status == 200) {
        take_cosignature(c, w);
        return;
    }
    if (status == 409 && size_named(c, &size)) {
        snprintf(text, sizeof text,
                 "it cosigned a root log of %llu entries under our name, of which ours of %llu is no continuation: is "
                 "this an old copy of the store, or another server with its keys?",
                 (unsigned long long)size, (unsigned long long)c->head.size);
        feel(c, w, CONFLICTING, text);
        return;
    }
    if (status == 422 && named && old > 0) {
        snprintf(text, sizeof text,
                 "it cosigned another root log of %llu entries under our name than the one that ours of %llu extends",
                 (unsigned long long)old, (unsigned long long)c->head.size);
        feel(c, w, CONFLICTING, text);
        return;
    }
    if (status == 0)
        snprintf(text, sizeof text, "it did not answer: %.100s", why);
    else
        snprintf(text, sizeof text, "it did not cosign our head, but answered %d", status);
    feel(c, w, SILENT, text);
}

/* From the size that it cosigned last as far as we know; of another it names, the proof is made anew, once. */
static void visit(struct courier *c, struct peer *w)
{
    const char *why = "";
    uint64_t old = w->old <= c->head.size ? w->old : 0, size;
    int status = ask(c, w, old, &why);
    bool named = false;
    if (status == 409 && size_named(c, &size) && size != old && size <= c->head.size) {
        old = size;
        named = true;
        status = ask(c, w, old, &why);
    }
    take_answer(c, w, status, old, named || old > 0, why);
}

/* ---- the round ---- */

/* Puts the note together, if it has its quorum. */
static void put_together(struct courier *c)
{
    uint32_t have = 0;
    uint64_t oldest_s = UINT64_MAX;
    for (size_t i = 0; i < c->policy.n_witnesses; i++)
        if (c->peer[i].size == c->head.size) {
            have |= UINT32_C(1) << i;
            if (c->peer[i].time_s < oldest_s)
                oldest_s = c->peer[i].time_s;
        }
    if (have == 0 || !policy_met(&c->policy, have))
        return;
    struct cosigned *s = xcalloc(1, sizeof *s), *before;
    buf_heap(&s->note);
    buf_span_add(&s->note, buf_span(&c->note));
    for (size_t i = 0; i < c->policy.n_witnesses; i++)
        if (have & UINT32_C(1) << i)
            buf_span_add(&s->note, buf_span(&c->peer[i].line));
    s->quorum_s = (int64_t)oldest_s;
    s->n = c->n_covered;
    s->covered = xmalloc(s->n * sizeof *s->covered);
    memcpy(s->covered, c->covered, s->n * sizeof *s->covered);
    pthread_mutex_lock(&c->lock);
    before = c->cosigned;
    c->cosigned = s;
    pthread_mutex_unlock(&c->lock);
    cosigned_free(before);
}

static void tell_state(struct courier *c)
{
    size_t conflicting = 0;
    for (size_t i = 0; i < c->policy.n_witnesses; i++)
        conflicting += c->peer[i].mood == CONFLICTING;
    pthread_mutex_lock(&c->lock);
    c->state.conflicting = conflicting;
    if (c->cosigned != NULL)
        c->state.quorum_s = c->cosigned->quorum_s;
    pthread_mutex_unlock(&c->lock);
}

static void round_of(struct courier *c)
{
    struct txn *t;
    int64_t now_ms = clock_monotonic_us() / 1000;
    if (txn_begin(c->instance->store, false, &t) != ERR_OK)
        return;
    enum err err = look_at_head(c, t);
    txn_abort(t);
    if (c->note.len == 0)
        return;
    bool asked = false;
    for (size_t i = 0; i < c->policy.n_witnesses && !atomic_load(&c->stop); i++) {
        struct peer *w = &c->peer[i];
        if (w->url == NULL || (now_ms < w->due_ms && !(err == ERR_OK && w->mood == GOOD)))
            continue;
        visit(c, w);
        asked = true;
    }
    if (asked) {
        put_together(c);
        tell_state(c);
    }
}

static void *courier_main(void *arg)
{
    struct courier *c = arg;
    thread_is("courier", THREAD_BEHIND);
    while (!atomic_load(&c->stop)) {
        struct timespec until;
        round_of(c);
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += TICK_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        pthread_mutex_lock(&c->lock);
        while (!atomic_load(&c->stop) && pthread_cond_timedwait(&c->wake, &c->lock, &until) == 0)
            continue;
        pthread_mutex_unlock(&c->lock);
    }
    return NULL;
}

void courier_start(struct courier *c)
{
    thread_start(&c->thread, courier_main, c);
    c->started = true;
}

void courier_stop(struct courier *c)
{
    if (c == NULL || !c->started)
        return;
    pthread_mutex_lock(&c->lock);
    atomic_store(&c->stop, true);
    pthread_cond_signal(&c->wake);
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->thread, NULL);
    c->started = false;
}

/* ---- any thread ---- */

enum err courier_note(struct courier *c, struct buf *note)
{
    enum err err = ERR_NOT_FOUND;
    if (c == NULL)
        return err;
    pthread_mutex_lock(&c->lock);
    if (c->cosigned != NULL) {
        buf_span_add(note, buf_span(&c->cosigned->note));
        err = ERR_OK;
    }
    pthread_mutex_unlock(&c->lock);
    return err;
}

enum err courier_covered(struct courier *c, uint32_t contract, uint64_t *leaf)
{
    if (c == NULL)
        return ERR_NOT_FOUND;
    pthread_mutex_lock(&c->lock);
    const struct cosigned *s = c->cosigned;
    uint64_t covered = s != NULL && contract < s->n ? s->covered[contract] : 0;
    pthread_mutex_unlock(&c->lock);
    if (covered == 0)
        return ERR_NOT_FOUND;
    *leaf = covered - 1;
    return ERR_OK;
}

void courier_look(struct courier *c, struct courier_state *out)
{
    *out = (struct courier_state){.witnesses = 0};
    if (c == NULL)
        return;
    pthread_mutex_lock(&c->lock);
    *out = c->state;
    pthread_mutex_unlock(&c->lock);
}
