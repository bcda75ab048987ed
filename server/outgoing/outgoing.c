/* Each target has one delivery under way at a time, in the order in which they are due: one that failed steps aside
 * until it is due again, and after a failure its target rests. Nothing that a target does holds up another one: a party
 * has an eighth of the places at most, however many campaigns have a CRM, and targets take turns. */
#include "server/outgoing/outgoing.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/json_read.h"
#include "common/base/mem.h"
#include "server/commit/outbox.h"
#include "server/courier/fleet.h"
#include "server/outgoing/draft.h"
#include "server/system/log.h"
#include "server/system/system.h"

enum { LOOK_MS = 200, TELL_AGAIN_MS = 30000, REST_MOST_MS = 60000, RETRY_AFTER_MOST_S = 12 * 3600 };
enum { TOLD_MOST = 16, PARTY_MOST = FLEET_MOST / 8 };
enum { PRUNE_ROUND_MS = 600000, PRUNE_STEP_MS = 1000, PRUNE_ROWS = 4096 };

/* A result on its way to a commit: until its row is gone it is not sent again. */
struct told {
    struct delivery_place at;
    int64_t due_ms, told_ms;
    uint8_t result[DELIVERY_RESULT_LEN];
};

/* To one target. */
struct line {
    struct line *owner;       /* its party's own, while it flies; else NULL */
    unsigned out;             /* of a party: how many fly to its webhook and CRMs */
    struct delivery_place at; /* of what is flying, and below */
    int64_t due_ms, until_ms, hook_ms, began_ms;
    unsigned tries;
    int there;              /* a status that is as good as 2xx; 0: none */
    unsigned fails;         /* in a row */
    int64_t rests_until_ms; /* monotonic */
    struct told told[TOLD_MOST];
    size_t n_told;
};

/* Of its thread, but for what outgoing_stop looks at. */
struct outgoing {
    struct instance *instance;
    struct attempts *attempts;
    struct target_rules rules; /* of this thread */
    struct {
        pthread_mutex_t lock;
        struct target_rules rules;
        bool come; /* to be taken over */
    } next;
    struct fleet *fleet;
    struct tokens *tokens;
    struct sealer *sealer;
    struct signer *signer;
    struct letter letter;
    struct draft draft;
    struct lines {
        struct line **line; /* by number; NULL: it had nothing to send */
        size_t n;
    } parties, crms;                      /* CRMs by campaign */
    uint32_t turn;                        /* the target that is looked at first: behind the one that was sent to last */
    uint8_t prune_from[DELIVERY_KEY_LEN]; /* where the round over old rows goes on */
    size_t prune_seen;                    /* of that contract */
    int64_t prune_ms, look_ms;            /* monotonic: its next step; the next look for what is due */
    uint8_t count_from[OUTBOX_KEY_LEN];   /* where the round over what waits goes on */
    struct outgoing_state counting;       /* of that round */
    int64_t count_ms;                     /* monotonic: its next step */
    struct counters *counters;
    _Atomic uint64_t due; /* of the last round, for any thread; and below */
    _Atomic int64_t oldest_ms;
    pthread_t thread;
    atomic_bool stop;
};

static int64_t monotonic_ms(void)
{
    return clock_monotonic_us() / 1000;
}

static struct line *line_of(struct outgoing *o, uint32_t target)
{
    struct lines *all = target & DELIVERY_CRM ? &o->crms : &o->parties;
    size_t at = target & ~DELIVERY_CRM;
    if (at >= all->n) {
        size_t n = at + 64;
        all->line = xrealloc(all->line, n * sizeof *all->line);
        memset(all->line + all->n, 0, (n - all->n) * sizeof *all->line);
        all->n = n;
    }
    if (all->line[at] == NULL)
        all->line[at] = xcalloc(1, sizeof **all->line);
    return all->line[at];
}

static void lines_free(struct lines *all)
{
    for (size_t i = 0; i < all->n; i++)
        free(all->line[i]);
    free(all->line);
}

/* ---- results ---- */

/* A mailbox that is full has it another time: its row is there until then. */
static void tell(struct outgoing *o, struct line *l, const struct delivery_result *r)
{
    struct told *t = &l->told[l->n_told++];
    struct buf b;
    *t = (struct told){.at = r->place, .due_ms = r->was_due_ms, .told_ms = monotonic_ms()};
    buf_fixed(&b, t->result, sizeof t->result);
    delivery_result_write(&b, r);
    (void)attempts_add(o->attempts, buf_span(&b));
}

static bool is_told(const struct line *l, const struct delivery_place *at, int64_t due_ms)
{
    bool told = false;
    for (size_t i = 0; i < l->n_told; i++)
        told |= l->told[i].due_ms == due_ms && l->told[i].at.contract == at->contract &&
                l->told[i].at.index == at->index && l->told[i].at.at_ms == at->at_ms;
    return told;
}

static void forget_committed(struct outgoing *o, struct txn *t, struct line *l)
{
    size_t kept = 0;
    for (size_t i = 0; i < l->n_told; i++) {
        struct told *told = &l->told[i];
        uint8_t key[OUTBOX_KEY_LEN];
        struct span value;
        outbox_key(&told->at, told->due_ms, key);
        if (store_get(t, TABLE_OUTBOX, span_of(key, sizeof key), &value) == ERR_NOT_FOUND)
            continue;
        if (monotonic_ms() - told->told_ms > TELL_AGAIN_MS &&
            attempts_add(o->attempts, span_of(told->result, sizeof told->result)))
            told->told_ms = monotonic_ms();
        l->told[kept++] = *told;
    }
    l->n_told = kept;
}

static struct delivery_result result_of(const struct line *l)
{
    return (struct delivery_result){.place = l->at, .was_due_ms = l->due_ms, .hook_ms = l->hook_ms};
}

/* Without an attempt. */
static void end(struct outgoing *o, struct line *l, enum delivery_state state)
{
    struct delivery_result r = result_of(l);
    r.state = state;
    tell(o, l, &r);
}

/* When a failed one comes again; 0: no more. */
static int64_t next_ms(const struct line *l, int64_t now_ms, int64_t retry_after_s)
{
    uint32_t jitter;
    random_bytes(&jitter, sizeof jitter);
    int64_t pause_ms = delivery_pause_ms(l->tries + 1, jitter);
    if (pause_ms < retry_after_s * 1000)
        pause_ms = retry_after_s * 1000;
    return now_ms + pause_ms < l->until_ms ? now_ms + pause_ms : 0;
}

static void rest(struct line *l, int64_t retry_after_s)
{
    int64_t ms = 1000;
    for (unsigned i = 0; i < l->fails && ms < REST_MOST_MS; i++)
        ms *= 2;
    l->fails++;
    if (ms < retry_after_s * 1000)
        ms = retry_after_s * 1000;
    l->rests_until_ms = monotonic_ms() + ms;
}

static void tell_failing(uint32_t target, const struct fleet_outcome *f)
{
    log_line(LOG_WARN, 0, "webhook_failing", "%s number %u: %s%s%s, status %u%s",
             target & DELIVERY_CRM ? "CRM of campaign" : "party", target & ~DELIVERY_CRM, delivery_error_word(f->error),
             f->error == DELIVERY_ERROR_ADDRESS ? ": " : "", f->error == DELIVERY_ERROR_ADDRESS ? f->address : "",
             f->status, f->gone ? ": nothing more goes there" : "");
}

static void tried(struct outgoing *o, struct line *l, const struct fleet_outcome *f)
{
    struct delivery_result r = result_of(l);
    int64_t now_ms = clock_ms(), wait_s = f->retry_after_s < RETRY_AFTER_MOST_S ? f->retry_after_s : RETRY_AFTER_MOST_S;
    bool there = f->error == DELIVERY_ERROR_STATUS && l->there != 0 && f->status == l->there;
    r.tried = true;
    r.attempt = (struct delivery_attempt){l->began_ms, f->status, f->ms, there ? DELIVERY_ERROR_NONE : f->error};
    r.gone = f->gone;
    r.state = DELIVERY_DELIVERED;
    if (r.attempt.error != DELIVERY_ERROR_NONE) {
        r.due_ms = r.gone ? 0 : next_ms(l, now_ms, wait_s);
        r.state = r.due_ms != 0 ? DELIVERY_PENDING : DELIVERY_FAILED;
        if (l->fails == 0 || r.gone)
            tell_failing(l->at.target, f);
        rest(l, wait_s);
    } else {
        l->fails = 0;
    }
    if (l->owner != NULL)
        l->owner->out--;
    l->owner = NULL;
    if (o->counters != NULL) {
        METRIC_ADD(o->counters, delivered, r.state == DELIVERY_DELIVERED);
        METRIC_ADD(o->counters, delivery_failures, r.state != DELIVERY_DELIVERED);
        METRIC_ADD(o->counters, deliveries_given_up, r.state == DELIVERY_FAILED);
    }
    tell(o, l, &r);
}

/* Where one is done the next of that target may go. */
static void take_outcomes(struct outgoing *o)
{
    struct fleet_outcome f;
    while (fleet_take(o->fleet, &f)) {
        tried(o, line_of(o, (uint32_t)f.tag), &f);
        o->look_ms = 0;
    }
}

/* ---- sending ---- */

/* An attempt that came to nothing here. */
static void unreadable(struct outgoing *o, struct line *l)
{
    const struct fleet_outcome f = {.error = DELIVERY_ERROR_UNREADABLE};
    tried(o, l, &f);
}

static void send_off(struct outgoing *o, struct line *l, const struct letter_desk *desk, const struct aim *aim,
                     enum delivery_event event)
{
    const struct contract *k = catalog_contract_number(desk->catalog, l->at.contract);
    struct draft *d = &o->draft;
    char id[DELIVERY_ID_CAP];
    bool contact = k != NULL && k->campaign->advertiser == aim->party->who;
    enum err err = letter_write(desk, &l->at, event, contact, &o->letter);
    if (err == ERR_OK && aim->campaign != NULL && o->letter.gone) {
        end(o, l, DELIVERY_DROPPED); /* a CRM is sent persons */
        return;
    }
    delivery_id(k != NULL ? span_str(k->id) : SPAN(""), l->at.index, span_str(aim->id), id);
    if (err == ERR_OK)
        err = draft_write(d, o->instance->keys, o->signer, aim, &o->letter, span_str(id), l->began_ms / 1000);
    l->there = d->there;
    if (err != ERR_OK) {
        unreadable(o, l);
        return;
    }
    fleet_send(o->fleet, &(struct fleet_request){.url = d->url.ptr,
                                                 .post = d->post,
                                                 .body = buf_span(&d->body),
                                                 .headers = d->headers,
                                                 .tag = l->at.target});
    draft_clear(d);
    l->owner = line_of(o, aim->party->number);
    l->owner->out++;
    o->turn = l->at.target + 1;
}

/* What the state that is read says: the snapshot of the control data may be of a commit before it. */
static enum err target_stands(struct txn *t, uint32_t target, bool *stands)
{
    bool crm = target & DELIVERY_CRM;
    uint8_t key[4];
    struct span value;
    json_t *row;
    store_be32(key, target & ~DELIVERY_CRM);
    enum err err = store_get(t, crm ? TABLE_CAMPAIGNS : TABLE_PARTIES, span_of(key, sizeof key), &value);
    if (err == ERR_OK)
        err = json_read_canonical(value, &row, NULL);
    if (err != ERR_OK)
        return err;
    *stands = json_object_get(row, crm ? "crm" : "webhook") != NULL &&
              json_object_get(row, crm ? "crm_off" : "webhook_off") == NULL;
    json_decref(row);
    return ERR_OK;
}

/* Whether it goes to nobody. Where the snapshot knows of no target and the state does, the next look has both. */
static bool is_dropped(const struct letter_desk *desk, const struct aim *aim, uint32_t target, bool *waits)
{
    bool stands = true;
    *waits = false;
    if (!span_empty(aim->url) && aim->off_ms == 0)
        return false;
    *waits = target_stands(desk->txn, target, &stands) != ERR_OK || stands;
    return !*waits;
}

/* One that is due. Without a row of `deliveries` there is nothing to tell of: the result takes the other one away. */
static void begin(struct outgoing *o, struct line *l, const struct letter_desk *desk, const struct aim *aim,
                  const struct delivery_place *at, int64_t due_ms)
{
    struct delivery d;
    bool waits;
    if (at->contract > desk->catalog->n_contracts)
        return; /* of a contract that the snapshot does not know yet */
    bool dropped = is_dropped(desk, aim, at->target, &waits) || aim_tested_before(aim, at);
    if (waits)
        return;
    enum err err = delivery_get(desk->txn, at, &d);
    l->at = *at;
    l->due_ms = due_ms;
    l->began_ms = clock_ms();
    l->hook_ms = aim->since_ms;
    if (err != ERR_OK || dropped) {
        end(o, l, DELIVERY_DROPPED);
        return;
    }
    l->until_ms = d.until_ms;
    l->tries = d.tries;
    if (l->began_ms >= d.until_ms) {
        if (o->counters != NULL)
            METRIC_ADD(o->counters, deliveries_given_up, 1);
        end(o, l, DELIVERY_FAILED);
    } else {
        send_off(o, l, desk, aim, d.event);
    }
}

/* ---- looking ---- */

/* Targets that failed last leave a quarter of the places to those that work, however many they are. */
static bool may_begin(const struct outgoing *o, const struct line *l, const struct line *owner)
{
    size_t kept = l->fails > 0 ? FLEET_MOST / 4 : 0;
    return l->owner == NULL && owner->out < PARTY_MOST && l->n_told < TOLD_MOST &&
           monotonic_ms() >= l->rests_until_ms && fleet_room(o->fleet) > kept;
}

/* Another target, or the same one that was set again, has not failed yet. */
static void rest_no_more(struct line *l, const struct aim *aim)
{
    if (aim->since_ms == l->hook_ms || l->owner != NULL)
        return;
    l->hook_ms = aim->since_ms;
    l->fails = 0;
    l->rests_until_ms = 0;
}

/* The target's rows, in the order in which they are due, until one flies. */
static enum err look_at_line(struct outgoing *o, const struct letter_desk *desk, struct cursor *c, uint32_t target)
{
    const struct delivery_place first = {.target = target};
    struct aim aim;
    uint8_t from[OUTBOX_KEY_LEN];
    struct span key, value;
    int64_t now_ms = clock_ms();
    if (!aim_at(desk->catalog, target, &aim)) /* of the commit under way */
        return ERR_OK;
    struct line *l = line_of(o, target), *owner = line_of(o, aim.party->number);
    forget_committed(o, desk->txn, l);
    if (aim.party->locked_ms != 0) /* nothing is told to whoever acts as one that is locked */
        return ERR_OK;
    rest_no_more(l, &aim);
    outbox_key(&first, 0, from);
    enum err step = cursor_seek(c, span_of(from, sizeof from), &key, &value);
    for (; step == ERR_OK && may_begin(o, l, owner); step = cursor_next(c, &key, &value)) {
        struct delivery_place at;
        int64_t due_ms;
        if (outbox_key_read(key, &at, &due_ms) != ERR_OK || at.target != target || due_ms > now_ms)
            break;
        if (!is_told(l, &at, due_ms))
            begin(o, l, desk, &aim, &at, due_ms);
    }
    return cursor_end(step);
}

/* Those from `target` to `last`. */
static enum err look_at_some(struct outgoing *o, const struct letter_desk *desk, struct cursor *c, uint32_t target,
                             uint32_t last)
{
    struct span key, value;
    enum err err = ERR_OK;
    while (err == ERR_OK && target != 0 && target <= last) {
        uint8_t from[4];
        store_be32(from, target);
        enum err step = cursor_seek(c, span_of(from, sizeof from), &key, &value);
        if (step != ERR_OK)
            return cursor_end(step);
        target = key.len >= 4 ? load_be32(key.ptr) : target;
        if (target <= last)
            err = look_at_line(o, desk, c, target);
        target++;
    }
    return err;
}

static enum err look_at_all(struct outgoing *o, const struct letter_desk *desk)
{
    const uint32_t first = o->turn != 0 ? o->turn : 1;
    struct cursor *c;
    enum err err = cursor_open(desk->txn, TABLE_OUTBOX, &c);
    if (err != ERR_OK)
        return err;
    err = look_at_some(o, desk, c, first, UINT32_MAX);
    if (err == ERR_OK)
        err = look_at_some(o, desk, c, 1, first - 1);
    cursor_close(c);
    return err;
}

static void with_state(struct outgoing *o, enum err (*what)(struct outgoing *o, const struct letter_desk *desk))
{
    struct letter_desk desk = {.tokens = o->tokens, .sealer = o->sealer};
    enum err err = txn_begin(o->instance->store, false, &desk.txn);
    if (err == ERR_OK) {
        struct catalog *catalog = catalog_hold(o->instance->catalog);
        desk.catalog = catalog;
        err = what(o, &desk);
        catalog_unref(catalog);
        txn_abort(desk.txn);
    }
    if (err != ERR_OK)
        log_line(LOG_ERROR, 0, "outgoing", "%s: what is to be delivered does not read: run countersign check",
                 err_word(err));
}

/* ---- old ones ---- */

/* Of a contract the row that is the seen-th, newest first. What is pending stays until it is not. */
static bool is_past(const struct delivery_place *at, struct span value, size_t seen, int64_t now_ms)
{
    struct delivery d;
    return at->at_ms < now_ms - DELIVERY_KEEP_MS ||
           (seen > DELIVERY_KEEP_ROWS && delivery_read(value, &d) == ERR_OK && d.state != DELIVERY_PENDING);
}

/* Where the next step begins: behind that key, of that many bytes. */
static void key_behind(uint8_t *from, size_t len, struct span key)
{
    memcpy(from, key.ptr, len);
    for (size_t i = len; i-- > 0 && ++from[i] == 0;)
        ;
}

/* A slice of the table: of each contract those past their time or number. */
static enum err prune_step(struct outgoing *o, const struct letter_desk *desk)
{
    struct cursor *c;
    struct span key, value;
    size_t left = PRUNE_ROWS;
    int64_t now_ms = clock_ms();
    enum err err = cursor_open(desk->txn, TABLE_DELIVERIES, &c);
    if (err != ERR_OK)
        return err;
    enum err step = cursor_seek(c, span_of(o->prune_from, sizeof o->prune_from), &key, &value);
    for (; step == ERR_OK && left > 0; step = cursor_next(c, &key, &value), left--) {
        struct delivery_place at;
        if (delivery_key_read(key, &at) != ERR_OK)
            continue;
        size_t seen = at.contract == load_be32(o->prune_from) ? o->prune_seen + 1 : 1;
        if (is_past(&at, value, seen, now_ms) && !attempts_forget(o->attempts, key))
            break;
        o->prune_seen = seen;
        key_behind(o->prune_from, sizeof o->prune_from, key);
    }
    cursor_close(c);
    bool ended = step == ERR_NOT_FOUND;
    o->prune_ms = monotonic_ms() + (ended ? PRUNE_ROUND_MS : PRUNE_STEP_MS);
    if (ended) {
        memset(o->prune_from, 0, sizeof o->prune_from);
        o->prune_seen = 0;
    }
    return cursor_end(step);
}

/* ---- what waits ---- */

/* A slice of the table. */
static enum err count_step(struct outgoing *o, const struct letter_desk *desk)
{
    struct cursor *c;
    struct span key, value;
    size_t left = PRUNE_ROWS;
    enum err err = cursor_open(desk->txn, TABLE_OUTBOX, &c);
    if (err != ERR_OK)
        return err;
    enum err step = cursor_seek(c, span_of(o->count_from, sizeof o->count_from), &key, &value);
    for (; step == ERR_OK && left > 0; step = cursor_next(c, &key, &value), left--) {
        struct delivery_place at;
        int64_t due_ms;
        if (outbox_key_read(key, &at, &due_ms) != ERR_OK)
            continue;
        o->counting.due++;
        if (o->counting.oldest_ms == 0 || at.at_ms < o->counting.oldest_ms)
            o->counting.oldest_ms = at.at_ms;
        key_behind(o->count_from, sizeof o->count_from, key);
    }
    cursor_close(c);
    o->count_ms = monotonic_ms() + PRUNE_STEP_MS;
    if (step == ERR_NOT_FOUND) {
        atomic_store(&o->due, o->counting.due);
        atomic_store(&o->oldest_ms, o->counting.oldest_ms);
        o->counting = (struct outgoing_state){.due = 0};
        memset(o->count_from, 0, sizeof o->count_from);
    }
    return cursor_end(step);
}

void outgoing_look(struct outgoing *o, struct outgoing_state *out)
{
    *out = (struct outgoing_state){.due = 0};
    if (o != NULL)
        *out = (struct outgoing_state){atomic_load(&o->due), atomic_load(&o->oldest_ms)};
}

/* ---- the thread ---- */

void outgoing_allow(struct outgoing *o, const struct target_rules *rules)
{
    if (o == NULL)
        return;
    pthread_mutex_lock(&o->next.lock);
    o->next.rules = *rules;
    o->next.come = true;
    pthread_mutex_unlock(&o->next.lock);
}

static void take_rules(struct outgoing *o)
{
    pthread_mutex_lock(&o->next.lock);
    if (o->next.come) {
        o->rules = o->next.rules;
        fleet_forget(o->fleet);
    }
    o->next.come = false;
    pthread_mutex_unlock(&o->next.lock);
}

static void *outgoing_main(void *arg)
{
    struct outgoing *o = arg;
    thread_is("outgoing", THREAD_BEHIND);
    o->prune_ms = monotonic_ms() + PRUNE_STEP_MS;
    while (!atomic_load(&o->stop)) {
        take_rules(o);
        take_outcomes(o);
        if (monotonic_ms() >= o->look_ms) {
            o->look_ms = monotonic_ms() + LOOK_MS;
            with_state(o, look_at_all);
        }
        if (monotonic_ms() >= o->prune_ms)
            with_state(o, prune_step);
        if (monotonic_ms() >= o->count_ms)
            with_state(o, count_step);
        fleet_turn(o->fleet, LOOK_MS);
    }
    return NULL;
}

struct outgoing *outgoing_start(struct instance *in, struct attempts *attempts, const struct target_rules *rules,
                                struct counters *counters)
{
    struct outgoing *o = xcalloc(1, sizeof *o);
    o->instance = in;
    o->attempts = attempts;
    o->rules = *rules;
    pthread_mutex_init(&o->next.lock, NULL);
    o->counters = counters;
    o->fleet = fleet_open(&o->rules);
    o->tokens = keys_new_tokens(in->keys);
    o->sealer = instance_sealer(in);
    o->signer = webhook_signer(in->keys);
    letter_open(&o->letter);
    draft_open(&o->draft);
    thread_start(&o->thread, outgoing_main, o);
    return o;
}

void outgoing_stop(struct outgoing *o)
{
    if (o == NULL)
        return;
    atomic_store(&o->stop, true);
    fleet_wake(o->fleet);
    pthread_join(o->thread, NULL);
}

void outgoing_close(struct outgoing *o)
{
    if (o == NULL)
        return;
    fleet_close(o->fleet);
    tokens_free(o->tokens);
    sealer_free(o->sealer);
    signer_free(o->signer);
    letter_close(&o->letter);
    draft_close(&o->draft);
    pthread_mutex_destroy(&o->next.lock);
    lines_free(&o->parties);
    lines_free(&o->crms);
    free(o);
}
