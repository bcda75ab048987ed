#include <unistd.h>

#include "server/commit/committer.h"
#include "server/keys/day_keys.h"
#include "server/system/log.h"
#include "server/system/system.h"

static _Noreturn void stop_at_once(const char *what, enum err err)
{
    log_line(LOG_ERROR, 0, "storage_failed", "%s: %s; nothing more is acknowledged, restart to recover from disk", what,
             err_word(err));
    _exit(1);
}

void transaction_writable(struct committer *c)
{
    if (atomic_exchange(&c->full, false))
        log_line(LOG_INFO, 0, "storage_writable", "recording again");
}

static void reopen_ledger(struct committer *c)
{
    struct txn *t;
    struct ledger *fresh;
    enum err err = txn_begin(c->cx.instance->store, false, &t);
    if (err != ERR_OK)
        stop_at_once("reopen", err);
    err = ledger_open(t, &fresh);
    txn_abort(t);
    if (err != ERR_OK)
        stop_at_once("reopen", err);
    ledger_close(c->cx.ledger);
    c->cx.ledger = fresh;
}

/* Only what wrote to a log shows that there is room again: an idle chore's transaction writes nothing. */
static void committed(struct committer *c, bool wrote)
{
    struct catalog_slot *slot = c->cx.instance->catalog;
    if (c->cx.catalog != c->catalog) {
        catalog_publish(slot, c->cx.catalog);
        catalog_unref(c->catalog);
        c->catalog = c->cx.catalog = catalog_hold(slot);
    }
    day_keys_publish(c->cx.instance->day_keys);
    gaps_committed(c->gaps);
    if (wrote)
        transaction_writable(c);
}

static void aborted(struct committer *c, enum err err, uint64_t changes_before)
{
    if (c->cx.catalog != c->catalog) {
        catalog_unref(c->cx.catalog);
        c->cx.catalog = c->catalog;
    }
    gaps_aborted(c->gaps);
    day_keys_forget(c->cx.instance->day_keys);
    if (ledger_changes(c->cx.ledger) != changes_before)
        reopen_ledger(c);
    if (err != ERR_FULL)
        return;
    c->retry_ms = clock_monotonic_us() / 1000 + FULL_RETRY_MS;
    if (!atomic_exchange(&c->full, true))
        log_line(LOG_ERROR, 0, "storage_full", "free disk space or raise map-size-gib; until then nothing is recorded");
}

enum err transaction_reload(struct committer *c)
{
    struct commit *cx = &c->cx;
    struct catalog *fresh;
    enum err err = catalog_reload(cx->txn, cx->instance->keys, cx->catalog, &fresh);
    if (err != ERR_OK)
        return err;
    if (cx->catalog != c->catalog)
        catalog_unref(cx->catalog);
    cx->catalog = fresh;
    cx->catalog_changed = false;
    return ERR_OK;
}

enum err transaction(struct committer *c, enum err (*run)(struct committer *c, void *arg), void *arg)
{
    struct commit *cx = &c->cx;
    uint64_t changes = ledger_changes(cx->ledger);
    if (atomic_load(&c->full) && clock_monotonic_us() / 1000 < c->retry_ms)
        return ERR_FULL;
    cx->now_ms = clock_ms();
    cx->catalog_changed = false;
    enum err err = txn_begin(cx->instance->store, true, &cx->txn);
    if (err == ERR_OK) {
        err = run(c, arg);
        if (err == ERR_OK)
            err = txn_commit(cx->txn);
        else
            txn_abort(cx->txn);
        cx->txn = NULL;
    }
    if (err == ERR_IO)
        stop_at_once("write", err);
    if (err == ERR_OK)
        committed(c, ledger_changes(cx->ledger) != changes);
    else
        aborted(c, err, changes);
    return err;
}

static enum err sweep(struct committer *c, void *arg)
{
    (void)arg;
    return ledger_sweep(c->cx.ledger, c->cx.txn);
}

enum err transaction_sweep(struct committer *c)
{
    if (!ledger_dirty(c->cx.ledger))
        return ERR_OK;
    enum err err = transaction(c, sweep, NULL);
    if (err == ERR_OK) {
        ledger_swept(c->cx.ledger);
        METRIC_ADD(c->counters, sweeps, 1);
    }
    return err;
}
