#include "server/commit/outbox.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "common/decisions/identity.h"
#include "server/catalog/catalog_write.h"
#include "server/system/log.h"

/* ---- targets ---- */

bool aim_at(const struct catalog *c, uint32_t target, struct aim *out)
{
    if (target & DELIVERY_CRM) {
        const struct campaign *of = catalog_campaign_number(c, target & ~DELIVERY_CRM);
        if (of != NULL)
            *out =
                (struct aim){catalog_who(c, of->advertiser), of, of->id, of->crm_url, of->crm_since_ms, of->crm_off_ms};
        return of != NULL;
    }
    const struct party *p = catalog_party_number(c, target);
    if (p != NULL)
        *out = (struct aim){p, NULL, p->id, p->webhook, p->webhook_since_ms, p->webhook_off_ms};
    return p != NULL;
}

/* ---- rows ---- */

enum err delivery_get(struct txn *t, const struct delivery_place *at, struct delivery *out)
{
    uint8_t key[DELIVERY_KEY_LEN];
    struct span row;
    delivery_key(at, key);
    enum err err = store_get(t, TABLE_DELIVERIES, span_of(key, sizeof key), &row);
    return err == ERR_OK ? delivery_read(row, out) : err;
}

static enum err delivery_put(struct txn *t, const struct delivery_place *at, const struct delivery *d)
{
    uint8_t key[DELIVERY_KEY_LEN];
    char mem[DELIVERY_ROW_MOST];
    struct buf row;
    buf_fixed(&row, mem, sizeof mem);
    delivery_key(at, key);
    delivery_write(&row, d);
    assert(!row.failed);
    return store_put(t, TABLE_DELIVERIES, span_of(key, sizeof key), buf_span(&row));
}

static enum err due_put(struct txn *t, const struct delivery_place *at, const struct delivery *d)
{
    uint8_t key[OUTBOX_KEY_LEN], until[OUTBOX_ROW_LEN];
    outbox_key(at, d->due_ms, key);
    store_be64(until, (uint64_t)d->until_ms);
    return store_put(t, TABLE_OUTBOX, span_of(key, sizeof key), span_of(until, sizeof until));
}

static enum err due_del(struct txn *t, const struct delivery_place *at, int64_t due_ms)
{
    uint8_t key[OUTBOX_KEY_LEN];
    outbox_key(at, due_ms, key);
    return store_del(t, TABLE_OUTBOX, span_of(key, sizeof key));
}

/* ---- what is due ---- */

static enum err put_due(struct batch *cx, const struct delivery_place *at, struct delivery *d)
{
    d->state = DELIVERY_PENDING;
    d->due_ms = cx->now_ms;
    d->until_ms = cx->now_ms + DELIVERY_TRY_MS;
    d->tries = 0;
    enum err err = delivery_put(cx->txn, at, d);
    return err == ERR_OK ? due_put(cx->txn, at, d) : err;
}

enum err outbox_send(struct batch *cx, const struct delivery_place *at, enum delivery_event event)
{
    struct delivery d;
    enum err err = delivery_get(cx->txn, at, &d);
    if (err == ERR_NOT_FOUND)
        d = (struct delivery){.event = event};
    else if (err != ERR_OK)
        return err;
    if (err == ERR_OK && d.state == DELIVERY_PENDING)
        err = due_del(cx->txn, at, d.due_ms);
    return err == ERR_OK || err == ERR_NOT_FOUND ? put_due(cx, at, &d) : err;
}

/* A macro URL is told of leads alone: a statement has nothing that its macros stand for. */
static enum err due_to(struct batch *cx, const struct contract *k, const struct who *who, const struct entry *e,
                       uint64_t index, enum delivery_event event)
{
    const struct party *p = catalog_who(cx->catalog, who);
    if (p == NULL || span_empty(p->webhook) || p->webhook_off_ms != 0 ||
        (p->webhook_macro && event == DELIVERY_STATEMENT))
        return ERR_OK;
    const struct delivery_place at = {k->number, e->at_ms, index, p->number};
    struct delivery d = {.event = event};
    return put_due(cx, &at, &d);
}

/* A CRM has a person once, however many contracts share the lead, and nobody who was refused, or is none. */
static enum err due_to_crm(struct batch *cx, const struct contract *k, const struct entry *e, uint64_t index)
{
    const struct campaign *c = catalog_which(cx->catalog, k->campaign);
    const struct entry_lead *l = &e->lead;
    if (span_empty(c->crm) || c->crm_off_ms != 0 || l->test || l->share_from != 0 || !status_stands(l->status))
        return ERR_OK;
    const struct delivery_place at = {k->number, e->at_ms, index, DELIVERY_CRM | c->number};
    struct delivery d = {.event = DELIVERY_LEAD};
    return put_due(cx, &at, &d);
}

enum err outbox_entry(struct batch *cx, const struct contract *k, const struct entry *e, uint64_t index)
{
    const struct who *advertiser = k->campaign->advertiser;
    enum err err;
    switch (e->kind) {
    case ENTRY_LEAD: /* its first status is one too */
        err = due_to(cx, k, advertiser, e, index, DELIVERY_LEAD);
        if (err == ERR_OK)
            err = due_to_crm(cx, k, e, index);
        return err == ERR_OK ? due_to(cx, k, k->publisher, e, index, DELIVERY_LEAD) : err;
    case ENTRY_DISPOSITION:
        return due_to(cx, k, k->publisher, e, index, DELIVERY_DISPOSITION);
    case ENTRY_STATEMENT:
        err = due_to(cx, k, advertiser, e, index, DELIVERY_STATEMENT);
        return err == ERR_OK ? due_to(cx, k, k->publisher, e, index, DELIVERY_STATEMENT) : err;
    default:
        return ERR_OK;
    }
}

/* ---- what came of it ---- */

/* A row that is another by now was tried by somebody else, or sent again meanwhile: the attempt stays untold then, as
 * one whose answer nobody saw. */
static enum err keep_result(struct batch *cx, const struct delivery_result *r)
{
    struct delivery d;
    enum err err = delivery_get(cx->txn, &r->place, &d);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? due_del(cx->txn, &r->place, r->was_due_ms) : err;
    if (d.state != DELIVERY_PENDING || d.due_ms != r->was_due_ms)
        return due_del(cx->txn, &r->place, r->was_due_ms);
    if (r->tried)
        delivery_add(&d, &r->attempt);
    d.state = r->state;
    d.due_ms = r->state == DELIVERY_PENDING ? r->due_ms : 0;
    d.until_ms = r->state == DELIVERY_PENDING ? d.until_ms : 0;
    err = due_del(cx->txn, &r->place, r->was_due_ms);
    if (err == ERR_OK)
        err = delivery_put(cx->txn, &r->place, &d);
    return err == ERR_OK && r->state == DELIVERY_PENDING ? due_put(cx->txn, &r->place, &d) : err;
}

/* It answered 410, as that webhook or CRM was then. */
static enum err switch_off(struct batch *cx, const struct delivery_result *r)
{
    struct aim aim;
    if (!r->gone || !aim_at(cx->catalog, r->place.target, &aim) || span_empty(aim.url) || aim.since_ms != r->hook_ms ||
        aim.off_ms != 0)
        return ERR_OK;
    cx->catalog_changed = true;
    if (aim.campaign != NULL) {
        struct campaign c = *aim.campaign;
        c.crm_off_ms = cx->now_ms;
        return catalog_put_campaign(cx->txn, &c);
    }
    struct party p = *aim.party;
    p.webhook_off_ms = cx->now_ms;
    return catalog_put_party(cx->txn, &p);
}

static enum err forget(struct batch *cx, struct span key)
{
    struct delivery_place at;
    struct delivery d;
    enum err err = delivery_key_read(key, &at);
    if (err == ERR_OK && delivery_get(cx->txn, &at, &d) == ERR_OK && d.state == DELIVERY_PENDING)
        err = due_del(cx->txn, &at, d.due_ms);
    return err == ERR_OK ? store_del(cx->txn, TABLE_DELIVERIES, key) : err;
}

/* Clicks and leads do not need these tables: a row that does not read is left as it is, for `check` to name. */
static enum err past(enum err err)
{
    return err == ERR_CORRUPT ? ERR_OK : err;
}

enum err chore_attempted(struct batch *cx, struct job *job)
{
    struct span results = job->record.attempted.results, gone = job->record.attempted.gone;
    enum err err = ERR_OK;
    while (results.len > 0 && err == ERR_OK) {
        struct delivery_result r;
        err = delivery_result_take(&results, &r);
        assert(err == ERR_OK); /* the outgoing thread wrote it */
        err = past(keep_result(cx, &r));
        if (err == ERR_OK)
            err = switch_off(cx, &r);
    }
    for (size_t at = 0; at < gone.len && err == ERR_OK; at += DELIVERY_KEY_LEN)
        err = past(forget(cx, span_of(gone.ptr + at, DELIVERY_KEY_LEN)));
    return err;
}

/* ---- on the way ---- */

struct attempts {
    pthread_mutex_t lock;
    struct buf results, gone;
};

struct attempts *attempts_new(void)
{
    struct attempts *a = xcalloc(1, sizeof *a);
    pthread_mutex_init(&a->lock, NULL);
    buf_heap(&a->results);
    buf_heap(&a->gone);
    return a;
}

void attempts_free(struct attempts *a)
{
    if (a == NULL)
        return;
    pthread_mutex_destroy(&a->lock);
    buf_free(&a->results);
    buf_free(&a->gone);
    free(a);
}

static bool add(struct attempts *a, struct buf *to, struct span what, size_t most)
{
    pthread_mutex_lock(&a->lock);
    bool room = to->len + what.len <= most * what.len;
    if (room)
        buf_span_add(to, what);
    pthread_mutex_unlock(&a->lock);
    return room;
}

bool attempts_add(struct attempts *a, struct span result)
{
    return add(a, &a->results, result, DELIVERY_RESULTS);
}

bool attempts_forget(struct attempts *a, struct span key)
{
    return add(a, &a->gone, key, RECORD_GONE);
}

bool attempts_any(struct attempts *a)
{
    pthread_mutex_lock(&a->lock);
    bool any = a->results.len + a->gone.len > 0;
    pthread_mutex_unlock(&a->lock);
    return any;
}

void attempts_take(struct attempts *a, struct buf *results, struct buf *gone)
{
    pthread_mutex_lock(&a->lock);
    buf_span_add(results, buf_span(&a->results));
    buf_span_add(gone, buf_span(&a->gone));
    buf_clear(&a->results);
    buf_clear(&a->gone);
    pthread_mutex_unlock(&a->lock);
}
