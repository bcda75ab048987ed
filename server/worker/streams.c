#include "server/worker/streams.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/bytes.h"
#include "server/commit/news.h"
#include "server/system/system.h"
#include "server/worker/dispatch.h"
#include "server/worker/session.h"

enum { ROUND_MS = 250, STEPS_MOST = 25, STEP_LEAST = 16 }; /* steps of a round; streams that are worth one */
enum { BEATS_A_STEP = 16 }; /* of many that fell silent together, the others have their turn a round later */

#define SECOND_US ((int64_t)1000000)

/* ---- pieces ---- */

void stream_id(struct worker *w, const struct event_place *place, struct buf *out)
{
    char id[EVENT_ID_LEN];
    uint16_t blur;
    random_bytes(&blur, sizeof blur);
    event_id_write(w->tokens, place, blur, id);
    buf_str(out, "id: ");
    buf_add(out, id, sizeof id);
    buf_byte(out, '\n');
}

static void put(struct reply *reply, struct buf *text)
{
    free(reply->heap);
    reply->heap = NULL;
    reply_body_take(reply, "text/event-stream", text);
}

void stream_end(struct reply *reply, const char *why)
{
    struct buf text;
    buf_heap(&text);
    buf_printf(&text, ": this stream ends: %s\n\n", why);
    put(reply, &text);
    reply->more = NULL;
}

static void send_now(struct worker *w, struct stream *s)
{
    s->state = STREAM_SENDS;
    s->sent_us = clock_monotonic_us();
    http_answer(w->http, s->rq);
}

static void beat(struct worker *w, struct stream *s)
{
    struct buf text;
    buf_heap(&text);
    stream_id(w, &s->place, &text);
    buf_str(&text, ":\n\n");
    put(http_reply(s->rq), &text);
    send_now(w, s);
}

/* One whose piece is not taken is not told why. */
static void end_now(struct worker *w, struct stream *s, const char *why)
{
    if (s->state == STREAM_SENDS) {
        http_cut(s->rq);
        return;
    }
    stream_end(http_reply(s->rq), why);
    send_now(w, s);
}

/* ---- who waits ---- */

static size_t streams_of(const struct worker *w, uint32_t party)
{
    const struct stream *s;
    size_t n = 0;
    TAILQ_FOREACH(s, &w->streams.all, next)
    n += s->party == party;
    return n;
}

static enum err has_room(struct request *rq)
{
    struct worker *w = rq->worker;
    const struct options *o = &w->settings->options;
    rq->retry_after_s = STREAM_BEAT_S;
    if (streams_of(w, rq->caller->number) >= (size_t)o->live_party.number)
        return problem(&rq->problem, ERR_RATE, "", "%lld streams of yours are open here: end one of them",
                       (long long)o->live_party.number);
    if (w->streams.n >= (size_t)o->max_connections.number / 2)
        return problem(&rq->problem, ERR_BUSY, "", "as many streams are open as half of all connections: ask again");
    return ERR_OK;
}

enum err streams_open(struct request *rq, struct reply *reply, uint32_t contract, const struct event_place *place)
{
    struct worker *w = rq->worker;
    struct buf text;
    enum err err = has_room(rq);
    if (err != ERR_OK)
        return err;
    struct stream *s = arena_alloc(rq->arena, sizeof *s);
    *s = (struct stream){.rq = rq,
                         .party = rq->caller->number,
                         .contract = contract,
                         .due = {true, true, rq->caller->role != ROLE_AUDITOR && contract == 0},
                         .sent_us = clock_monotonic_us(),
                         .round = w->streams.rounds,
                         .place = *place};
    memcpy(s->token, rq->token->sha256, sizeof s->token);
    TAILQ_INSERT_TAIL(&w->streams.all, s, next);
    w->streams.n++;
    atomic_fetch_add_explicit(&w->server->n_streams, 1, memory_order_relaxed);
    rq->stream = s;
    buf_heap(&text);
    buf_printf(&text, "retry: %d\n", STREAM_RETRY_MS);
    stream_id(w, place, &text);
    buf_str(&text, "\n");
    put(reply, &text);
    reply->stream = true;
    return ERR_OK;
}

void streams_forget(struct request *rq)
{
    struct stream *s = rq->stream;
    struct worker *w = rq->worker;
    if (s == NULL)
        return;
    TAILQ_REMOVE(&w->streams.all, s, next);
    w->streams.n--;
    atomic_fetch_sub_explicit(&w->server->n_streams, 1, memory_order_relaxed);
    rq->stream = NULL;
}

bool streams_drop(struct worker *w, struct request *rq)
{
    if (rq->stream->state == STREAM_READS)
        return false;
    http_release(w->http, rq);
    return true;
}

/* ---- what there is for them ---- */

static bool is_due(const struct stream *s, int64_t now_us)
{
    return s->state == STREAM_WAITS &&
           (s->behind || s->due.events || s->due.refused ||
            (s->due.counters && now_us - s->counted_us >= STREAM_COUNTERS_MS * (SECOND_US / 1000)));
}

static void read_now(struct worker *w, struct stream *s, int64_t now_us)
{
    bool counters = s->due.counters && now_us - s->counted_us >= STREAM_COUNTERS_MS * (SECOND_US / 1000);
    s->asked = (struct stream_due){s->due.events || s->behind, counters, s->due.refused || s->behind};
    s->due = (struct stream_due){.counters = s->due.counters && !counters};
    if (counters)
        s->counted_us = now_us;
    s->behind = false;
    s->state = STREAM_READS;
    if (dispatch_more(w, s->rq, http_reply(s->rq)))
        send_now(w, s);
}

void streams_made(struct worker *w, struct request *rq)
{
    send_now(w, rq->stream);
}

void streams_wait(struct worker *w, struct request *rq)
{
    struct stream *s = rq->stream;
    int64_t now_us = clock_monotonic_us();
    s->state = STREAM_WAITS;
    s->due.counters |= s->recount || s->count_from != 0;
    s->recount = false;
    if (s->count_from != 0)
        s->counted_us = 0; /* the others of the same second */
    if (atomic_load(&w->stopping))
        end_now(w, s, "this server is going down");
    else if (is_due(s, now_us))
        read_now(w, s, now_us);
}

static bool reads_one(const struct catalog *c, const struct contract_list *reads, uint32_t contract)
{
    size_t i = contracts_behind(reads, contract - 1);
    return i < reads->n && catalog_listed(c, reads, i)->number == contract;
}

/* Whether anything came in what the party may read: by its list or by that of what came, whichever is shorter. */
static uint8_t came_of(const struct news_look *look, const struct catalog *c, const struct party *p)
{
    const struct contract_list reads = catalog_reads(c, p);
    const bool by_came = look->n_came < reads.n;
    uint8_t came = look->all ? 3 : 0;
    for (size_t i = 0; i < (by_came ? look->n_came : reads.n) && came != 3; i++) {
        uint32_t k = by_came ? look->came[i] : catalog_listed(c, &reads, i)->number;
        if (k < look->n_contracts && (look->contract[k] | came) != came && (!by_came || reads_one(c, &reads, k)))
            came |= look->contract[k];
    }
    return came;
}

/* Of many streams of a party it is found once. */
static uint8_t came_once(struct streams *all, const struct catalog *c, const struct party *p)
{
    struct party_came *known = &all->came_to[p->number % STREAM_PARTIES];
    if (known->party != p->number)
        *known = (struct party_came){p->number, came_of(&all->look, c, p)};
    return known->what;
}

static uint8_t came_to_one(const struct news_look *look, const struct catalog *c, const struct stream *s)
{
    const struct party *p = catalog_party_number(c, s->party);
    if (!catalog_may_read(c, p, catalog_contract_number(c, s->contract)))
        return 0;
    return look->all ? 3 : s->contract < look->n_contracts ? look->contract[s->contract] : 0;
}

/* Of one contract, or of all that the party may read: whether anything came. */
static void find_due(struct streams *all, const struct catalog *c, struct stream *s)
{
    const struct news_look *look = &all->look;
    const struct party *p = catalog_party_number(c, s->party);
    const uint8_t came = s->contract != 0 ? came_to_one(look, c, s) : came_once(all, c, p);
    s->due.events |= (came & 1) != 0;
    s->due.counters |= came != 0;
    if (p->role == ROLE_AUDITOR || s->contract != 0)
        return;
    s->due.refused |= look->all;
    for (size_t i = 0; i < look->n_refused && !s->due.refused; i++)
        s->due.refused = p->role == ROLE_OPERATOR || look->refused[i] == s->party;
}

enum err stream_follow(struct request *rq)
{
    struct catalog *newest = catalog_hold(rq->worker->server->instance.catalog);
    const struct api_token *token = catalog_token_hashed(newest, rq->token->sha256);
    if (token == NULL) {
        catalog_unref(newest);
        return problem(&rq->problem, ERR_UNAUTHORIZED, "", "its token is gone");
    }
    catalog_unref(rq->catalog);
    rq->catalog = newest;
    rq->token = token;
    rq->caller = token->party;
    return ERR_OK;
}

/* What ends a stream from outside: NULL, nothing did. */
static const char *is_over(const struct stream *s, const struct catalog *c)
{
    struct problem p;
    const struct party *party = catalog_party_number(c, s->party);
    if (s->rq->catalog != c && stream_follow(s->rq) != ERR_OK)
        return "its token is gone";
    if (s->rq->session != NULL && clock_ms() >= s->rq->session->from_ms + SESSION_MS)
        return "its session is over";
    if (api_token_opens(c, catalog_token_hashed(c, s->token), clock_ms(), &p) != ERR_OK)
        return "its token opens no calls any more";
    if (s->contract != 0 && !catalog_may_read(c, party, catalog_contract_number(c, s->contract)))
        return "there is no such contract any more that you may read";
    return NULL;
}

/* One after the other from the front, each to the end: what is sent to one may end any other. */
static struct stream *take_turn(struct worker *w)
{
    struct stream *s = TAILQ_FIRST(&w->streams.all);
    if (s != NULL) {
        TAILQ_REMOVE(&w->streams.all, s, next);
        TAILQ_INSERT_TAIL(&w->streams.all, s, next);
    }
    return s;
}

static void look_after(struct worker *w, struct stream *s, int64_t now_us, size_t *beats)
{
    if (s->state != STREAM_WAITS)
        return;
    if (!s->due.events && !s->behind && s->place.seq < w->streams.look.end)
        s->place.seq = w->streams.look.end; /* it has nothing to do with what came */
    if (is_due(s, now_us)) {
        read_now(w, s, now_us);
    } else if (now_us - s->sent_us >= STREAM_BEAT_S * SECOND_US && *beats < BEATS_A_STEP) {
        ++*beats;
        beat(w, s);
    }
}

static void round_begin(struct worker *w, int64_t now_us)
{
    struct streams *all = &w->streams;
    all->came = news_look(w->server->news, &all->look);
    all->round = catalog_hold(w->server->instance.catalog); /* then: it has every contract of what came */
    memset(all->came_to, 0, sizeof all->came_to);
    all->changed = all->round != all->checked || now_us - all->checked_us >= SECOND_US;
    all->rounds++;
    all->step = all->n / STEPS_MOST + 1 > STEP_LEAST ? all->n / STEPS_MOST + 1 : STEP_LEAST;
}

static bool has_next(const struct streams *all)
{
    const struct stream *s = TAILQ_FIRST(&all->all);
    return s != NULL && s->round != all->rounds;
}

static void round_end(struct streams *all, int64_t now_us)
{
    catalog_unref(all->checked); /* held until here, so that no other has its address */
    all->checked = all->round;
    all->round = NULL;
    if (all->changed)
        all->checked_us = now_us;
}

static void go_to(struct worker *w, struct stream *s, int64_t now_us, size_t *beats)
{
    const struct streams *all = &w->streams;
    s->round = all->rounds;
    bool asks = s->state != STREAM_READS && (all->changed || s->rq->catalog != all->round);
    const char *over = asks ? is_over(s, all->round) : NULL;
    if (all->came)
        find_due(&w->streams, all->round, s);
    if (over != NULL)
        end_now(w, s, over);
    else
        look_after(w, s, now_us, beats);
}

unsigned streams_tick(struct worker *w)
{
    struct streams *all = &w->streams;
    int64_t now_us = clock_monotonic_us();
    size_t beats = 0;
    if ((all->n == 0 && all->round == NULL) || w->server->news == NULL || atomic_load(&w->stopping))
        return ROUND_MS;
    if (all->round == NULL)
        round_begin(w, now_us);
    unsigned pause_ms = (unsigned)(ROUND_MS * all->step / (all->step > all->n ? all->step : all->n));
    for (size_t i = all->step; i > 0 && has_next(all); i--)
        go_to(w, take_turn(w), now_us, &beats);
    if (!has_next(all))
        round_end(all, now_us);
    return pause_ms;
}

void streams_stop(struct worker *w)
{
    struct stream *s;
    for (size_t i = w->streams.n; i > 0 && (s = take_turn(w)) != NULL; i--)
        if (s->state == STREAM_WAITS)
            end_now(w, s, "this server is going down");
}
