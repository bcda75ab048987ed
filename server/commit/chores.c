/* What the committer does beside batches. One table: each chore has its period and its own transactions. */
#include "common/base/when.h"
#include "server/commit/committer.h"
#include "server/keys/day_keys.h"
#include "server/system/log.h"
#include "server/system/system.h"

static const struct span probe_name = {"probe", 5};

enum { PROBE_LEN = 256 * 1024, DUE_STEP = 256, PRUNE_STEP = 2000, PUBLISH_STEP = 8 };
enum { PRUNE_MS = 200, SECOND_MS = 1000, READERS_MS = 30000, ROUND_MS = 60000 };

/* ---- day keys ---- */

static enum err make_day_keys(struct committer *c, void *arg)
{
    uint8_t wrap[32];
    keys_day_wrap(c->cx.instance->keys, wrap);
    enum err err = day_keys_ensure(c->cx.instance->day_keys, c->cx.txn, wrap, *(uint32_t *)arg);
    crypto_wipe(wrap, sizeof wrap);
    return err;
}

static enum err ensure_day_keys(struct committer *c)
{
    uint32_t day = (uint32_t)(clock_ms() / MS_PER_DAY);
    if (day == c->day_keys_made)
        return ERR_OK;
    enum err err = transaction(c, make_day_keys, &day);
    if (err == ERR_OK)
        c->day_keys_made = day;
    return err;
}

/* ---- approvals, nonces ---- */

static enum err approve_due(struct committer *c, void *arg)
{
    return pipeline_due(&c->cx, DUE_STEP, arg);
}

enum err chores_approve(struct committer *c, bool *more)
{
    size_t n = 0;
    enum err err = transaction(c, approve_due, &n);
    *more = err == ERR_OK && n == DUE_STEP;
    return err;
}

static enum err approve(struct committer *c)
{
    bool more;
    return chores_approve(c, &more);
}

/* Up to 10,000 a second: more than come in. Their keys are scattered over the table, so that 2,000 dirty as many pages,
 * and a larger step would hold up batches for long. */
static enum err prune_nonces(struct committer *c, void *arg)
{
    int64_t now_s =
        nonce_clock_read(&c->nonce_clock, c->cx.now_ms / MS_PER_S, clock_monotonic_us() / (1000 * MS_PER_S));
    return nonces_prune(c->cx.txn, now_s, PRUNE_STEP, arg);
}

static enum err prune(struct committer *c)
{
    size_t n;
    return transaction(c, prune_nonces, &n);
}

/* ---- sweep and root log ---- */

/* The next few contracts of this round whose head grew since it was in the root log. Signing syncs a file: few at a
 * time, so that no batch waits long. */
static enum err publish_some(struct committer *c, void *arg)
{
    struct commit *cx = &c->cx;
    size_t *next = arg;
    char mem[1024];
    for (int published = 0; *next < cx->catalog->n_contracts && published < PUBLISH_STEP; ++*next) {
        const struct contract *k = &cx->catalog->contracts[*next];
        if (ledger_size(cx->ledger, k->number) == ledger_published(cx->ledger, k->number))
            continue;
        struct buf note;
        buf_fixed(&note, mem, sizeof mem);
        enum err err = pipeline_publish_head(cx, k, &note);
        if (err != ERR_OK)
            return err;
        published++;
    }
    return ERR_OK;
}

static bool round_has_more(struct committer *c)
{
    const struct catalog *catalog = c->catalog;
    for (; c->next_publish < catalog->n_contracts; c->next_publish++) {
        uint32_t number = catalog->contracts[c->next_publish].number;
        if (ledger_size(c->cx.ledger, number) != ledger_published(c->cx.ledger, number))
            return true;
    }
    return false;
}

/* Right after the sweep's commit every head is durable: the moment at which heads can be signed. */
static enum err sweep(struct committer *c)
{
    enum err err = transaction_sweep(c);
    if (err != ERR_OK || !round_has_more(c))
        return err;
    size_t next = c->next_publish;
    err = transaction(c, publish_some, &next);
    if (err == ERR_OK)
        c->next_publish = next;
    return err;
}

static enum err start_round(struct committer *c)
{
    c->next_publish = 0;
    return ERR_OK;
}

static enum err check_readers(struct committer *c)
{
    store_check_readers(c->cx.instance->store);
    return ERR_OK;
}

/* ---- full storage ---- */

static enum err append_gaps(struct committer *c, void *arg)
{
    (void)arg;
    return gaps_append(c->gaps, &c->cx);
}

/* Writes a row that no hole in the file has room for, so that the file must grow. */
static enum err put_probe(struct committer *c, void *arg)
{
    (void)arg;
    static const char zeros[PROBE_LEN];
    return store_put(c->cx.txn, TABLE_META, probe_name, span_of(zeros, sizeof zeros));
}

static enum err remove_probe(struct committer *c, void *arg)
{
    (void)arg;
    return store_del(c->cx.txn, TABLE_META, probe_name);
}

/* Gap entries do not wait for the next request; and while nobody asks, this finds out that writing works again. */
static enum err settle_gaps(struct committer *c)
{
    if (gaps_any(c->gaps))
        return transaction(c, append_gaps, NULL);
    if (!atomic_load(&c->full))
        return ERR_OK;
    enum err err = transaction(c, put_probe, NULL);
    if (err != ERR_OK)
        return err;
    transaction_writable(c);
    return transaction(c, remove_probe, NULL);
}

/* name, period in ms (0: the option sweep-ms), what it does */
#define CHORE_TABLE(X)                                                                                                 \
    X(day_keys, SECOND_MS, ensure_day_keys)                                                                            \
    X(due, SECOND_MS, approve)                                                                                         \
    X(sweep, 0, sweep)                                                                                                 \
    X(root_log, ROUND_MS, start_round)                                                                                 \
    X(nonces, PRUNE_MS, prune)                                                                                         \
    X(gaps, SECOND_MS, settle_gaps)                                                                                    \
    X(readers, READERS_MS, check_readers)

static const struct chore {
    const char *name;
    int64_t period_ms;
    enum err (*run)(struct committer *c);
} chores[] = {
#define X(name, period_ms, run) {#name, period_ms, run},
    CHORE_TABLE(X)
#undef X
};
_Static_assert(sizeof chores / sizeof *chores == CHORES_MAX, "committer.h keeps a time for each");

int64_t chores_run(struct committer *c)
{
    int64_t now_ms = clock_monotonic_us() / 1000, next_ms = INT64_MAX;
    for (int i = 0; i < CHORES_MAX; i++) {
        if (now_ms >= c->chore_due_ms[i]) {
            int64_t period_ms = chores[i].period_ms != 0 ? chores[i].period_ms : c->sweep_ms;
            c->chore_due_ms[i] = now_ms + period_ms;
            enum err err = chores[i].run(c);
            if (err != ERR_OK && err != ERR_FULL) /* a full disk is logged where it is met */
                log_line(LOG_ERROR, 0, "chore", "%s: %s", chores[i].name, err_word(err));
        }
        if (c->chore_due_ms[i] < next_ms)
            next_ms = c->chore_due_ms[i];
    }
    return next_ms > now_ms ? next_ms - now_ms : 0;
}

void chores_stop(struct committer *c)
{
    if (settle_gaps(c) != ERR_OK || transaction_sweep(c) != ERR_OK)
        log_line(LOG_WARN, 0, "last_sweep",
                 "storage is full: gaps are not recorded, the next start replays the journal");
}

/* ---- before the thread starts ---- */

/* A store put back from a backup is behind what was signed, or grew differently since: signing on would fork it. */
static enum err check_head(struct committer *c, struct txn *t, uint32_t log)
{
    uint64_t size;
    struct hash signed_root, root;
    enum err err = heads_last(c->cx.instance->heads, log, &size, &signed_root);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    if (err == ERR_OK)
        err = ledger_root_at(t, log, size, &root);
    if (err == ERR_OK && memcmp(root.b, signed_root.b, HASH_LEN) == 0)
        return ERR_OK;
    log_line(LOG_ERROR, 0, "signed_heads",
             "log %u does not extend the head of size %llu that was signed: is this an old copy of the store?", log,
             (unsigned long long)size);
    return ERR_CORRUPT;
}

static enum err check_heads(struct committer *c)
{
    struct txn *t;
    enum err err = txn_begin(c->cx.instance->store, false, &t);
    if (err != ERR_OK)
        return err;
    err = check_head(c, t, ROOT_LOG);
    for (size_t i = 0; i < c->catalog->n_contracts && err == ERR_OK; i++)
        err = check_head(c, t, c->catalog->contracts[i].number);
    txn_abort(t);
    return err;
}

enum err chores_start(struct committer *c)
{
    enum err err = check_heads(c);
    return err == ERR_OK ? ensure_day_keys(c) : err;
}
