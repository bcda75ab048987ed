/* Deliveries to webhooks: both sides of a contract read what was attempted. Rows of a contract stand newest first;
 * those of the contracts that a caller may read are merged. */
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "common/commit/crm.h"
#include "server/api/api.h"
#include "server/api/body.h"
#include "server/api/call.h"
#include "server/api/list.h"
#include "server/commit/outbox.h"
#include "server/outgoing/letter.h"

enum { PLACE_LEN = 8 + 4 + 8 + 4, CURSOR_LEN = 2 * PLACE_LEN }; /* time, contract, index, target; hex */

/* A contract's next row; contract 0: tests. */
struct front {
    struct delivery_place at;
    struct delivery row;
    uint8_t place[PLACE_LEN]; /* in the list of all */
};

struct wanted {
    const struct contract *contract;
    const struct party *party;
    int event, state; /* -1: any */
};

struct merged {
    struct request *rq;
    struct txn *txn;
    struct wanted wanted;
    bool begun; /* from behind `start` on */
    uint8_t start[PLACE_LEN], last[PLACE_LEN];
    struct front *head;
    size_t n, seen;
    struct list list;
};

/* ---- output ---- */

static void jw_attempts(struct jw *w, const struct delivery *d)
{
    jw_key(w, "attempts");
    jw_array(w);
    for (size_t i = 0; i < d->n; i++) {
        jw_object(w);
        jw_ktime(w, "at", d->attempt[i].at_ms);
        jw_kstr(w, "error", span_str(delivery_error_word(d->attempt[i].error)));
        jw_kint(w, "ms", d->attempt[i].ms);
        jw_kint(w, "status", d->attempt[i].status);
        jw_object_end(w);
    }
    jw_array_end(w);
}

/* Of another's only where it leads. */
static struct span target_shown(const struct request *rq, const struct aim *aim)
{
    bool whole = rq->caller->number == aim->party->number || caller_is(rq, ROLE_OPERATOR);
    return whole ? aim->url : delivery_host(aim->url);
}

/* One that is newer than the call's snapshot, of which only tests can be there yet, is nobody's. */
static struct aim aim_of(const struct catalog *c, uint32_t target)
{
    static const struct party newer;
    struct aim aim = {.party = &newer, .id = newer.id, .url = SPAN("")};
    return aim_at(c, target, &aim) ? aim : (struct aim){.party = &newer, .id = newer.id, .url = SPAN("")};
}

/* What a caller may see beside what both sides do; empty: nothing. */
struct bodies {
    struct span body, sent;
};

static void jw_delivery(struct jw *w, const struct request *rq, const struct front *h, const struct bodies *more)
{
    const struct catalog *c = rq->catalog;
    const struct contract *k = catalog_contract_number(c, h->at.contract);
    const struct aim aim = aim_of(c, h->at.target);
    char id[DELIVERY_ID_CAP];
    delivery_id(k != NULL ? span_str(k->id) : SPAN(""), h->at.index, span_str(aim.id), id);
    jw_object(w);
    jw_ktime(w, "at", h->at.at_ms);
    jw_attempts(w, &h->row);
    if (h->row.forgotten > 0)
        jw_kint(w, "attempts_forgotten", h->row.forgotten);
    if (more != NULL) {
        jw_key(w, "body");
        jw_raw(w, more->body);
    }
    if (aim.campaign != NULL)
        jw_kstr(w, "campaign", span_str(aim.campaign->id));
    if (k != NULL)
        jw_kstr(w, "contract", span_str(k->id));
    jw_kstr(w, "event", span_str(delivery_event_word(h->row.event)));
    jw_kstr(w, "id", span_str(id));
    if (k != NULL)
        jw_kint(w, "index", (int64_t)h->at.index);
    if (h->row.state == DELIVERY_PENDING)
        jw_ktime(w, "next_at", h->row.due_ms);
    jw_kstr(w, "party", span_str(aim.party->id));
    if (more != NULL && !span_empty(more->sent))
        jw_kstr(w, "sent", more->sent);
    jw_kstr(w, "state", span_str(delivery_state_word(h->row.state)));
    jw_kstr(w, "target", target_shown(rq, &aim));
    jw_object_end(w);
}

/* ---- the heads ---- */

static void place_of(struct front *h)
{
    store_be64(h->place, ~(uint64_t)h->at.at_ms);
    store_be32(h->place + 8, h->at.contract);
    store_be64(h->place + 12, ~h->at.index);
    store_be32(h->place + 20, h->at.target);
}

/* The first row of that contract from this key on. */
static enum err seek(struct merged *m, uint32_t contract, const uint8_t from[DELIVERY_KEY_LEN], struct front *out)
{
    struct cursor *c;
    struct span key, value;
    enum err err = cursor_open(m->txn, TABLE_DELIVERIES, &c);
    if (err != ERR_OK)
        return err;
    if ((err = cursor_seek(c, span_of(from, DELIVERY_KEY_LEN), &key, &value)) == ERR_OK &&
        (err = delivery_key_read(key, &out->at)) == ERR_OK)
        err = out->at.contract != contract ? ERR_NOT_FOUND : delivery_read(value, &out->row);
    cursor_close(c);
    if (err == ERR_OK)
        place_of(out);
    return err;
}

/* The least key that is greater. */
static void behind(uint8_t key[DELIVERY_KEY_LEN])
{
    for (size_t i = DELIVERY_KEY_LEN; i-- > 4 && ++key[i] == 0;)
        ;
}

/* Where the contract's rows go on behind the place that the list ended at. */
static void first_key(const struct merged *m, uint32_t contract, uint8_t key[DELIVERY_KEY_LEN])
{
    uint32_t ended = load_be32(m->start + 8);
    memset(key, 0, DELIVERY_KEY_LEN);
    store_be32(key, contract);
    if (!m->begun)
        return;
    memcpy(key + 4, m->start, 8);
    if (contract < ended)
        memset(key + 12, 0xff, 12);
    if (contract == ended)
        memcpy(key + 12, m->start + 12, 12);
    if (contract <= ended)
        behind(key);
}

static enum err open_contract(struct merged *m, uint32_t contract)
{
    uint8_t from[DELIVERY_KEY_LEN];
    struct front h;
    first_key(m, contract, from);
    enum err err = seek(m, contract, from, &h);
    if (err == ERR_OK) {
        m->head = xrealloc(m->head, (m->n + 1) * sizeof *m->head);
        m->head[m->n++] = h;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err open_all(struct merged *m)
{
    const struct request *rq = m->rq;
    enum err err = ERR_OK;
    if (m->wanted.contract != NULL)
        return open_contract(m, m->wanted.contract->number);
    err = open_contract(m, 0);
    for (uint32_t i = 1; caller_is(rq, ROLE_OPERATOR) && i <= rq->catalog->n_contracts && err == ERR_OK; i++)
        err = open_contract(m, i);
    const struct contract_list reads = catalog_reads(rq->catalog, rq->caller);
    for (size_t i = 0; !caller_is(rq, ROLE_OPERATOR) && i < reads.n && err == ERR_OK; i++)
        err = open_contract(m, catalog_listed(rq->catalog, &reads, i)->number);
    return err;
}

static size_t newest(const struct merged *m)
{
    size_t best = 0;
    for (size_t i = 1; i < m->n; i++)
        if (memcmp(m->head[i].place, m->head[best].place, PLACE_LEN) < 0)
            best = i;
    return best;
}

/* Tests are their party's own. */
static bool is_wanted(const struct merged *m, const struct front *h)
{
    const struct wanted *w = &m->wanted;
    uint32_t party = aim_of(m->rq->catalog, h->at.target).party->number;
    return (h->at.contract != 0 || party == m->rq->caller->number || caller_is(m->rq, ROLE_OPERATOR)) &&
           (w->party == NULL || w->party->number == party) && (w->event < 0 || w->event == (int)h->row.event) &&
           (w->state < 0 || w->state == (int)h->row.state);
}

/* An answer may have less than it could, and go on: it looks at so many rows at most. */
static enum err write_items(struct merged *m)
{
    enum err err = ERR_OK;
    while (m->n > 0 && err == ERR_OK) {
        struct front *h = &m->head[newest(m)];
        uint8_t key[DELIVERY_KEY_LEN];
        if (++m->seen > READ_SLICE) {
            m->list.more = true;
            return ERR_OK;
        }
        if (is_wanted(m, h)) {
            if (!list_item(&m->list))
                return ERR_OK;
            jw_delivery(&m->list.w, m->rq, h, NULL);
        }
        memcpy(m->last, h->place, PLACE_LEN);
        delivery_key(&h->at, key);
        behind(key);
        err = seek(m, h->at.contract, key, h);
        if (err == ERR_NOT_FOUND) {
            *h = m->head[--m->n];
            err = ERR_OK;
        }
    }
    return err;
}

/* ---- GET /v1/deliveries ---- */

static enum err read_word(struct request *rq, const struct param *p, const char *(*word)(unsigned), unsigned n,
                          int *out)
{
    *out = -1;
    for (unsigned i = 0; p->given && i < n; i++)
        if (span_is(p->value, word(i)))
            *out = (int)i;
    return p->given && *out < 0
               ? problem(&rq->problem, ERR_MALFORMED, p->name, "is none of the words that deliveries have")
               : ERR_OK;
}

static const char *event_word(unsigned i)
{
    return delivery_event_word((enum delivery_event)i);
}

static const char *state_word(unsigned i)
{
    return delivery_state_word((enum delivery_state)i);
}

/* Itself, and with whom it has a contract; the operator: all. */
static bool sees_party(const struct request *rq, const struct party *p)
{
    const struct contract_list reads = catalog_reads(rq->catalog, rq->caller);
    if (p == rq->caller || caller_is(rq, ROLE_OPERATOR))
        return true;
    for (size_t i = 0; i < reads.n; i++) {
        const struct contract *k = catalog_listed(rq->catalog, &reads, i);
        if (k->publisher == p->who || k->campaign->advertiser == p->who)
            return true;
    }
    return false;
}

static enum err read_window(struct merged *m, struct window *window)
{
    struct param more[] = {{.name = "contract"}, {.name = "event"}, {.name = "party"}, {.name = "state"}};
    struct request *rq = m->rq;
    struct wanted *w = &m->wanted;
    size_t len;
    enum err err = window_read(rq, more, sizeof more / sizeof *more, window);
    if (err == ERR_OK && more[0].given)
        err = call_contract(rq, more[0].value, &w->contract);
    if (err == ERR_OK)
        err = read_word(rq, &more[1], event_word, DELIVERY_EVENTS, &w->event);
    if (err == ERR_OK)
        err = read_word(rq, &more[3], state_word, DELIVERY_STATES, &w->state);
    if (err != ERR_OK)
        return err;
    w->party = more[2].given ? catalog_party(rq->catalog, more[2].value) : NULL;
    if (more[2].given && (w->party == NULL || !sees_party(rq, w->party)))
        return problem(&rq->problem, ERR_NOT_FOUND, "party", "there is no such party, or it is not yours to see");
    m->begun = !span_empty(window->after);
    if (m->begun &&
        (window->after.len != CURSOR_LEN || hex_decode(window->after, m->start, sizeof m->start, &len) != ERR_OK))
        return problem(&rq->problem, ERR_MALFORMED, "after", "must be the `next` of the answer before");
    return ERR_OK;
}

enum err deliveries_list(struct request *rq, struct reply *reply)
{
    struct merged m = {.rq = rq};
    struct window window;
    char next[CURSOR_LEN];
    struct buf text;
    enum err err;
    if ((err = read_window(&m, &window)) != ERR_OK || (err = worker_reader(rq->worker, &m.txn)) != ERR_OK)
        return err;
    list_open(&m.list, &window);
    if ((err = open_all(&m)) == ERR_OK)
        err = write_items(&m);
    buf_fixed(&text, next, sizeof next);
    buf_hex(&text, m.last, sizeof m.last);
    if (err == ERR_OK)
        list_reply(rq, reply, &m.list, buf_span(&text));
    else
        list_abandon(&m.list);
    free(m.head);
    return err;
}

/* ---- one ---- */

static enum err unseen(struct request *rq)
{
    return problem(&rq->problem, ERR_NOT_FOUND, "", "there is no such delivery, or it is not yours to see");
}

/* Of the id in the path: whom it is for, and where its row is; the time of its entry is in the log. */
static enum err find(struct request *rq, struct txn *t, struct front *out)
{
    struct span contract, target;
    uint64_t index;
    if (delivery_id_read(rq->param[0], &contract, &index, &target) != ERR_OK)
        return unseen(rq);
    const struct contract *k = catalog_contract(rq->catalog, contract);
    const struct campaign *c = catalog_campaign(rq->catalog, target);
    const struct party *p = c != NULL ? catalog_who(rq->catalog, c->advertiser) : catalog_party(rq->catalog, target);
    bool test = span_empty(contract);
    if (p == NULL || (test ? p->number != rq->caller->number && !caller_is(rq, ROLE_OPERATOR)
                           : k == NULL || !catalog_may_read(rq->catalog, rq->caller, k)))
        return unseen(rq);
    out->at = (struct delivery_place){k != NULL ? k->number : 0, (int64_t)(index & INT64_MAX), index,
                                      c != NULL ? DELIVERY_CRM | c->number : p->number};
    if (k != NULL) {
        struct envelope env;
        struct entry e;
        enum err err = ledger_read(t, k->number, index, &env);
        if (err == ERR_OK)
            err = entry_read(env.entry, &e, NULL);
        if (err != ERR_OK)
            return err == ERR_NOT_FOUND ? unseen(rq) : err;
        out->at.at_ms = e.at_ms;
        entry_close(&e);
    }
    enum err err = delivery_get(t, &out->at, &out->row);
    return err == ERR_NOT_FOUND ? unseen(rq) : err;
}

/* The body as the caller may see it: contact fields are for the advertiser alone. */
static enum err write_body(struct request *rq, struct txn *t, const struct front *h, struct letter *l)
{
    const struct contract *k = catalog_contract_number(rq->catalog, h->at.contract);
    const struct letter_desk desk = {rq->worker->tokens, rq->worker->sealer, rq->catalog, t};
    uint32_t advertiser = k != NULL ? k->campaign->advertiser->number : 0;
    bool contact = aim_of(rq->catalog, h->at.target).party->number == advertiser && rq->caller->number == advertiser;
    return letter_write(&desk, &h->at, h->row.event, contact, l);
}

/* What is sent to a CRM, as its document is now, to who may see the person. */
static enum err write_sent(struct request *rq, const struct front *h, const struct letter *l, struct buf *out)
{
    const struct aim aim = aim_of(rq->catalog, h->at.target);
    struct crm crm;
    if (aim.campaign == NULL || aim.party->number != rq->caller->number || span_empty(aim.campaign->crm) || l->gone)
        return ERR_OK;
    enum err err = crm_read(aim.campaign->crm, &crm, NULL);
    if (err != ERR_OK)
        return ERR_CORRUPT;
    crm_body(&crm, l->macro, l->n, out);
    crm_close(&crm);
    return ERR_OK;
}

enum err deliveries_get(struct request *rq, struct reply *reply)
{
    struct front h;
    struct letter l;
    struct answer a;
    struct buf sent;
    struct txn *t;
    enum err err = params_read(rq, NULL, 0);
    if (err != ERR_OK || (err = worker_reader(rq->worker, &t)) != ERR_OK || (err = find(rq, t, &h)) != ERR_OK)
        return err;
    letter_open(&l);
    buf_heap(&sent);
    if ((err = write_body(rq, t, &h, &l)) == ERR_OK && (err = write_sent(rq, &h, &l, &sent)) == ERR_OK) {
        answer_open(&a);
        jw_delivery(&a.w, rq, &h, &(struct bodies){buf_span(&l.body), buf_span(&sent)});
        answer_reply(&a, rq, reply);
    }
    buf_free(&sent);
    letter_close(&l);
    return err;
}

enum err deliveries_resend(struct request *rq, struct reply *reply)
{
    (void)reply;
    static const struct body_member none[] = {{NULL}};
    struct front h;
    struct txn *t;
    enum err err = worker_reader(rq->worker, &t);
    if (err == ERR_OK)
        err = find(rq, t, &h);
    if (err == ERR_OK && aim_of(rq->catalog, h.at.target).party->number != rq->caller->number)
        err = problem(&rq->problem, ERR_FORBIDDEN, "",
                      "only the party whose webhook or CRM it is for may have it sent again");
    if (err == ERR_OK)
        err = body_read(rq, none, NULL);
    if (err != ERR_OK)
        return err;
    struct job *job = worker_job(rq, RECORD_DELIVER, NULL);
    job->record.deliver.contract = h.at.contract;
    job->record.deliver.target = h.at.target;
    job->record.deliver.by = rq->caller->number;
    job->record.deliver.at_ms = h.at.at_ms;
    job->record.deliver.index = h.at.index;
    return call_submit(rq, job);
}
