#include "server/worker/dispatch.h"

#include <assert.h>

#include "common/base/ascii.h"
#include "common/base/bytes.h"
#include "common/base/text.h"
#include "common/crypto/crypto.h"
#include "server/system/address.h"
#include "server/system/budgets.h"
#include "server/system/log.h"
#include "server/system/system.h"
#include "server/worker/cors.h"
#include "server/worker/readers.h"
#include "server/worker/session.h"
#include "server/worker/streams.h"

static bool matches(const char *pattern, struct span path, struct span param[3])
{
    size_t at = 0, n = 0;
    while (*pattern) {
        if (*pattern != '{') {
            if (at == path.len || path.ptr[at] != *pattern)
                return false;
            pattern++, at++;
            continue;
        }
        bool rest = pattern[1] == '*';
        size_t from = at;
        while (at < path.len && (rest || path.ptr[at] != '/'))
            at++;
        if (at == from && !rest)
            return false;
        param[n++] = span_of(path.ptr + from, at - from);
        pattern += rest ? 3 : 2;
    }
    return at == path.len;
}

enum err dispatch_find(const struct routes *routes, struct request *rq, unsigned *allow, const struct route **like)
{
    unsigned others = 0;
    for (size_t i = 0; i < routes->n; i++) {
        const struct route *r = &routes->route[i];
        struct span param[3] = {{0}};
        if (!matches(r->pattern, rq->path, param))
            continue;
        if (r->methods & rq->method) {
            memcpy(rq->param, param, sizeof param);
            rq->route = *like = r;
            return ERR_OK;
        }
        if (others == 0)
            *like = r;
        others |= r->methods;
    }
    if (!others)
        return ERR_NOT_FOUND;
    *allow = others;
    return ERR_METHOD;
}

static struct span allow_text(struct request *rq, unsigned methods)
{
    struct buf b;
    arena_buf(rq->arena, &b, 64);
    for (unsigned bit = 1; bit < METHODS_END; bit <<= 1) {
        if (!(methods & bit))
            continue;
        buf_str(&b, b.len ? ", " : "");
        buf_str(&b, method_name((enum method)bit));
    }
    return buf_span(&b);
}

static void call_as(struct request *rq, const struct api_token *token)
{
    rq->token = token;
    rq->caller = token->party;
    source_used(rq->worker->server->source, token->sha256, rq->arrived_ms);
}

enum err dispatch_caller(struct request *rq)
{
    struct span text;
    if (!bearer_token(rq->authorization, &text))
        return problem(&rq->problem, ERR_UNAUTHORIZED, "", "send Authorization: Bearer and an API token");
    const struct api_token *token = catalog_token(rq->catalog, text);
    enum err err = api_token_opens(rq->catalog, token, rq->arrived_ms, &rq->problem);
    if (err == ERR_OK)
        call_as(rq, token);
    return err;
}

enum err dispatch_scopes(struct request *rq, unsigned wanted)
{
    enum err err = scopes_want(wanted, rq->token->scopes, &rq->problem);
    rq->lacks = err != ERR_OK ? wanted : 0;
    return err;
}

static enum err authenticate(struct request *rq)
{
    const enum err err = dispatch_caller(rq);
    if (err != ERR_OK)
        return err;
    if (!(rq->route->roles & rq->caller->role))
        return problem(&rq->problem, ERR_FORBIDDEN, "", "this call is not for your role");
    return dispatch_scopes(rq, rq->route->roles & SCOPE_ALL);
}

/* A read that anybody may ask for: a party takes its own turn for it. */
static void recognise(struct request *rq)
{
    struct span text;
    const struct api_token *token = NULL;
    if (bearer_token(rq->authorization, &text))
        token = catalog_token(rq->catalog, text);
    if (api_token_opens(rq->catalog, token, rq->arrived_ms, NULL) == ERR_OK)
        call_as(rq, token);
}

/* By the cookie alone: whoever makes a browser send something cannot make it add a token. */
static void resume(struct request *rq)
{
    const struct session *s = session_of(rq);
    const struct api_token *token = s != NULL ? catalog_token_hashed(rq->catalog, s->token) : NULL;
    if (api_token_opens(rq->catalog, token, rq->arrived_ms, NULL) != ERR_OK)
        return;
    call_as(rq, token);
    rq->session = s;
}

/* So many requests and rows, and so many bytes under way, of which the first request may be any number. */
static const struct limit {
    enum http_account account;
    enum budget requests, bytes;
} party_limit = {ACCOUNT_PARTY, BUDGET_PARTY, BUDGET_PARTY_BYTES},
  address_limit = {ACCOUNT_ADDRESS, BUDGET_ADDRESS, BUDGET_ADDRESS_BYTES};

static enum err over(struct request *rq, enum budget which)
{
    struct worker *w = rq->worker;
    const struct options *o = &w->settings->options;
    METRIC_ADD(w->counters, over_budget[which], 1);
    if (which == BUDGET_PARTY_BYTES || which == BUDGET_ADDRESS_BYTES)
        return problem(&rq->problem, ERR_RATE, "",
                       "more than %lld KiB of your requests and their answers are under way: take the answers, and "
                       "send this again then",
                       (long long)o->budget_bytes_kib.number);
    return problem(&rq->problem, ERR_RATE, "",
                   "you ask for more than %lld %s a second: wait for Retry-After, and send them slower",
                   (long long)(which == BUDGET_PARTY     ? o->budget_party
                               : which == BUDGET_ADDRESS ? o->budget_address
                                                         : o->budget_explain)
                       .number,
                   which == BUDGET_EXPLAINED ? "explanations" : "requests or rows");
}

/* Whose bytes its own are, from now on. */
static enum err have_under_way(struct request *rq, const struct limit *l, uint64_t key)
{
    const struct worker *w = rq->worker;
    size_t others = w->http != NULL ? http_account(w->http, rq, l->account, key) : 0;
    return others > (uint64_t)w->settings->options.budget_bytes_kib.number << 10 ? over(rq, l->bytes) : ERR_OK;
}

static enum err spend(struct request *rq, const struct limit *l, struct budgets *b, uint64_t key, uint32_t n)
{
    enum err err = have_under_way(rq, l, key);
    if (err != ERR_OK)
        return err;
    return budgets_take(b, key, n, &rq->retry_after_s) ? ERR_OK : over(rq, l->requests);
}

enum err party_may(struct request *rq, const struct party *p, uint32_t n)
{
    enum err err = spend(rq, &party_limit, rq->worker->parties, p->number, n);
    rq->spent += err == ERR_OK ? n : 0;
    return err;
}

void party_may_again(struct request *rq, const struct party *p, uint32_t n)
{
    budgets_give(rq->worker->parties, p->number, n);
}

enum err party_may_have_explained(struct request *rq)
{
    return budgets_take(rq->worker->explained, rq->caller->number, 1, &rq->retry_after_s) ? ERR_OK
                                                                                          : over(rq, BUDGET_EXPLAINED);
}

/* ---- the edge: every request ends here, whatever became of it ---- */

enum { SAID_EVERY_US = 1000000 };

/* Of each worker's log lines: so many at once, so many a second in the long run. */
static const struct {
    uint32_t at_once, per_s;
    const char *what;
} tellings[] = {
    [TELL_STRANGERS] = {2000, 20, "refusals of strangers, and of what was refused before"},
    [TELL_BUSY] = {1000, 20, "answers that this server is busy"},
    [TELL_FAILURES] = {1000, 20, "failures"},
    [TELL_SENDERS] = {1000, 20, "refusals of a sender whose signature holds"},
};

/* What is said of a request that ended. */
struct outcome {
    const struct route *route; /* whose pattern its target has, or begins with; NULL: none */
    int status;
    enum err err;
    struct span reason, field, cause;
    bool fault;             /* it is no request */
    bool failed;            /* a 5xx that nobody meant */
    bool cut;               /* its answer was begun already */
    bool refused;           /* a postback or pixel: it stands in the refused log */
    enum standing standing; /* of its sender, then */
};

static void count(struct worker *w, const struct request *rq, const struct route *route, int status, int64_t now_us)
{
    size_t row = route == NULL ? 0 : (size_t)(route - w->server->routes.route) + 1;
    enum http_status_place code = http_status_place(status);
    assert(row < METRIC_ROUTES && code < HTTP_STATUSES);
    METRIC_ADD(w->counters, requests[row][code], 1);
    metric_seconds(&w->counters->request_seconds, now_us - rq->arrived_us);
}

/* What the read transaction that is about to end says of its failure. */
static void note_cause(struct worker *w, struct request *rq, enum err err)
{
    struct buf b;
    if (!w->reading || !span_empty(rq->cause) || (err != ERR_IO && err != ERR_CORRUPT))
        return;
    arena_buf(rq->arena, &b, CAUSE_MAX);
    txn_cause(w->reader, &b);
    rq->cause = buf_span(&b);
}

/* What failed, best told first: by who noted it, by the transaction it failed in, by the kind of error. */
static struct span cause_of(struct worker *w, struct request *rq, const struct job *job, enum err err)
{
    if (!span_empty(rq->cause))
        return rq->cause;
    if (job != NULL && !span_empty(job->cause))
        return job->cause;
    if (err == ERR_FULL)
        return SPAN(
            "storage is full: the disk, the map of map_size_gib, or what the limit on the size of a file allows");
    note_cause(w, rq, err);
    if (!span_empty(rq->cause))
        return rq->cause;
    return span_str(rq->problem.detail[0] ? rq->problem.detail : err_title(err));
}

/* A word of ours, or a form field's name: what could be more, as a telephone number, is not repeated. */
static struct span field_name(const struct request *rq)
{
    enum { DIGITS = 5 };
    const char *f = rq->problem.field;
    bool name = !rq->problem.foreign && ascii_is_alnum(f[0]) && !ascii_is_digit(f[0]);
    for (size_t i = 0, run = 0; f[i] && name; i++) {
        run = ascii_is_digit(f[i]) ? run + 1 : 0;
        name = ascii_is_alnum_or(f[i], "_-.[]") && run < DIGITS;
    }
    return name ? span_str(f) : SPAN("");
}

void dispatch_say_withheld(struct worker *w)
{
    for (size_t i = 0; i < TELLINGS; i++) {
        if (w->telling[i].withheld > 0)
            log_line(LOG_WARN, 0, "withheld", "%llu lines were withheld: %s",
                     (unsigned long long)w->telling[i].withheld, tellings[i < TELL_SENDERS ? i : TELL_SENDERS].what);
        w->telling[i].withheld = 0;
    }
}

static enum telling telling_of(const struct outcome *o)
{
    if (o->failed && o->err != ERR_OK && !o->fault)
        return o->err == ERR_BUSY ? TELL_BUSY : TELL_FAILURES;
    return o->standing == STANDING_PROVEN || o->standing == STANDING_LATE ? TELL_SENDERS : TELL_STRANGERS;
}

/* A line is written as long as the allowance of its kind lasts; a later one, of any, says how many were not. */
static bool may_tell(struct worker *w, const struct request *rq, const struct outcome *o, int64_t now_us)
{
    enum telling kind = telling_of(o);
    size_t i = kind == TELL_SENDERS ? kind + rq->sender.party->number % (TELLINGS - TELL_SENDERS) : kind;
    if (!allowance_take(&w->telling[i], tellings[kind].at_once, tellings[kind].per_s, now_us)) {
        METRIC_ADD(w->counters, log_withheld, 1);
        return false;
    }
    if (now_us - w->withheld_said_us >= SAID_EVERY_US) {
        dispatch_say_withheld(w);
        w->withheld_said_us = now_us;
    }
    return true;
}

static enum log_level level_of(const struct outcome *o)
{
    if (o->failed)
        return LOG_ERROR;
    return o->refused && o->route->roles & ROUTE_SIGNED ? LOG_INFO : LOG_DEBUG;
}

static const char *const standing_words[STANDINGS] = {
    [STANDING_NAMED] = "no", [STANDING_PROVEN] = "yes", [STANDING_LATE] = "late", [STANDING_AGAIN] = "again"};

/* No query, no body, no address: a path's pattern, and of what was sent only a kid and the name of a field. */
static void tell(struct worker *w, const struct request *rq, const struct outcome *o, enum log_level level,
                 int64_t now_us)
{
    const struct party *p = rq->caller != NULL ? rq->caller : rq->sender.party;
    if (level >= LOG_INFO && !may_tell(w, rq, o, now_us))
        return;
#define TEXT(label, said)                                                                                              \
    {                                                                                                                  \
        .name = label, .text = said                                                                                    \
    }
#define NUMBER(label, n)                                                                                               \
    {                                                                                                                  \
        .name = label, .is_number = true, .number = n                                                                  \
    }
    const struct log_member members[] = {
        TEXT("method", span_str(span_empty(rq->target) ? "" : method_name(rq->method))),
        TEXT("route", span_str(o->route != NULL ? o->route->pattern : "none")),
        NUMBER("status", o->status),
        TEXT("error", span_str(o->err != ERR_OK ? err_word(o->err) : "")),
        TEXT("field", o->field),
        TEXT("reason", o->reason),
        TEXT("cause", o->cause),
        TEXT("party", span_str(p != NULL ? p->id : "")),
        TEXT("kid", span_str(rq->sender.kid)),
        TEXT("proven", span_str(rq->sender.party == NULL ? ""
                                : o->refused             ? standing_words[o->standing]
                                : rq->sender.proven      ? "yes"
                                                         : "no")),
        NUMBER("took_us", now_us - rq->arrived_us),
    };
#undef TEXT
#undef NUMBER
    log_members(level, rq->id,
                o->cut       ? "cut_off"
                : o->refused ? "refused"
                             : "answered",
                members, sizeof members / sizeof *members);
}

/* The same bytes refused for the same reason. */
static uint64_t digest_of(const struct request *rq, const struct outcome *o)
{
    uint8_t digest[HASH_LEN], bytes[8];
    store_be64(bytes, rq->sender.digest);
    sha256v((const struct span[]){span_of(bytes, sizeof bytes), span_str(rq->sender.kid), o->reason}, 3, digest);
    return load_be64(digest);
}

static void keep_refusal(struct worker *w, const struct request *rq, struct outcome *o)
{
    struct refusal one = {
        .room = {rq->sender.party != NULL ? rq->sender.party->number : 0, STANDING_NAMED},
        .at_ms = clock_ms(),
        .request_id = rq->id,
        .status = (uint16_t)o->status,
        .kid = span_str(rq->sender.kid),
        .route = span_str(o->route->pattern),
        .field = o->field,
        .reason = o->reason,
    };
    if (rq->sender.proven) {
        one.room.standing = rq->sender.late ? STANDING_LATE : STANDING_PROVEN;
        one.digest = digest_of(rq, o);
    }
    if (!source_refused(w->server->source, &one))
        METRIC_ADD(w->counters, refused_dropped, 1);
    o->standing = one.room.standing;
    if (one.room.standing == STANDING_AGAIN && rq->spent > 0) /* as a replay of what was taken: postback_finish */
        budgets_give(w->parties, one.room.party, rq->spent);
}

/* 501 and 505 of what is no request are the doing of whoever sent it; a 429 is no refusal, as it may come again. */
static bool is_senders(const struct outcome *o)
{
    return o->status >= 400 && o->err != ERR_RATE && (o->status < 500 || (o->fault && o->err != ERR_BUSY));
}

static void find_refusal(struct request *rq, struct outcome *o)
{
    const struct route *r = o->route;
    o->refused = r != NULL && (rq->refused || (r->roles & ROUTE_SIGNED && is_senders(o)));
    if (o->refused && rq->sender.party == NULL && r->sender != NULL)
        r->sender(rq);
}

static void edge(struct worker *w, struct request *rq, const struct job *job, struct reply *reply, struct outcome *o)
{
    int64_t now_us = w->now_us != 0 ? w->now_us : clock_monotonic_us();
    char *id = arena_alloc(rq->arena, REQUEST_ID_LEN);
    request_id_write(rq->id, id);
    cors_answer(rq, o->route, reply);
    reply_header(reply, "Request-Id", span_of(id, REQUEST_ID_LEN));
    o->status = reply_status(reply);
    o->failed = o->status >= 500 && !reply->meant && !is_senders(o);
    count(w, rq, o->route, o->status, now_us);
    find_refusal(rq, o);
    if (o->failed)
        o->cause = cause_of(w, rq, job, o->err);
    else if (o->status >= 400 || o->refused)
        o->reason = span_str(rq->why != NULL         ? rq->why
                             : rq->problem.detail[0] ? rq->problem.detail
                                                     : err_title(o->err));
    if (o->status >= 400 || o->refused)
        o->field = field_name(rq);
    worker_reader_end(w);
    if (o->refused)
        keep_refusal(w, rq, o);
    enum log_level level = level_of(o);
    if (log_wants(level))
        tell(w, rq, o, level, now_us);
}

/* ---- to the edge ---- */

/* What a handler's ERR_NOT_FOUND means where it does not say. */
static void say_not_found(struct request *rq)
{
    if (rq->problem.detail[0] != '\0')
        return;
    problem(&rq->problem, ERR_NOT_FOUND, "",
            rq->route != NULL ? "there is nothing of this name, or it is not yours to see"
                              : "there is no such path: /openapi.json lists all");
}

/* RFC 6750, section 3: an error is named where a token was sent at all. */
static void challenge(struct request *rq, enum err err, struct reply *reply)
{
    struct span sent;
    struct buf b;
    bool unknown = err == ERR_UNAUTHORIZED && !(rq->route->roles & ROUTE_SIGNED);
    if (!unknown && !(err == ERR_FORBIDDEN && rq->lacks != 0))
        return;
    arena_buf(rq->arena, &b, 64 + SCOPES_TEXT_MAX);
    buf_str(&b, "Bearer");
    if (!unknown) {
        buf_str(&b, " error=\"insufficient_scope\", scope=\"");
        scopes_write(&b, rq->lacks);
        buf_str(&b, "\"");
    } else if (bearer_token(rq->authorization, &sent)) {
        buf_str(&b, " error=\"invalid_token\"");
    }
    reply_header(reply, "WWW-Authenticate", buf_span(&b));
}

static struct span first_segment(struct span path)
{
    struct span rest = span_skip(path, path.len > 0);
    return text_take(&rest, '/');
}

/* Whether calls of the API stand beside this path. */
static bool is_among_calls(const struct routes *routes, struct span path)
{
    for (size_t i = 0; i < routes->n; i++)
        if (!(routes->route[i].roles & ROUTE_PAGE) &&
            span_eq(first_segment(span_str(routes->route[i].pattern)), first_segment(path)))
            return true;
    return false;
}

/* On a page's path, and where there is nothing at all, a browser is told in a page. route: which has that path, or
 * begins as it does; NULL: none. */
static void tell_people(struct worker *w, struct request *rq, const struct route *route, struct span path, enum err err,
                        struct reply *reply)
{
    const struct routes *routes = &w->server->routes;
    bool nowhere = route == NULL && !is_among_calls(routes, path);
    void (*fail)(struct request *, enum err, struct reply *) = route != NULL ? route->fail
                                                               : nowhere     ? routes->fail
                                                                             : NULL;
    if (fail != NULL && rq->door != DOOR_ADMIN) /* which has no pages */
        fail(rq, err, reply);
}

/* False for ERR_PENDING. */
static bool end(struct worker *w, struct request *rq, const struct job *job, struct reply *reply, enum err err)
{
    struct outcome o = {.route = rq->route, .err = err};
    if (err == ERR_PENDING) {
        worker_reader_end(w);
        return false;
    }
    if (err == ERR_NOT_FOUND)
        say_not_found(rq);
    if (err != ERR_OK) {
        reply_problem(rq, reply, err);
        challenge(rq, err, reply);
        tell_people(w, rq, rq->route, rq->path, err, reply);
    }
    edge(w, rq, job, reply, &o);
    return true;
}

/* The path has a route, for other methods. */
static void end_method(struct worker *w, struct request *rq, struct reply *reply, unsigned allow,
                       const struct route *route)
{
    struct span methods = allow_text(rq, allow);
    struct outcome o = {.route = route, .err = ERR_METHOD};
    problem(&rq->problem, ERR_METHOD, "", "this path takes %.*s", (int)methods.len, methods.ptr);
    reply_problem(rq, reply, ERR_METHOD);
    reply_header(reply, "Allow", methods);
    tell_people(w, rq, route, rq->path, ERR_METHOD, reply);
    edge(w, rq, NULL, reply, &o);
}

/* What the path takes, RFC 9110 section 9.3.7, and what a page of another origin may send. */
static void end_options(struct worker *w, struct request *rq, struct reply *reply, unsigned allow,
                        const struct route *route)
{
    struct span methods = allow_text(rq, allow | METHOD_OPTIONS);
    struct outcome o = {.route = route};
    reply->status = 204;
    reply_header(reply, "Allow", methods);
    cors_preflight(rq, route, methods, reply);
    edge(w, rq, NULL, reply, &o);
}

static enum err left(struct request *rq)
{
    return problem(&rq->problem, ERR_GONE, "", "its connection ended before its turn came");
}

/* ERR_PENDING: it comes back. */
static enum err read_later(struct worker *w, struct request *rq, struct reply *reply)
{
    return w->http != NULL && http_peer_gone(rq) ? left(rq) : readers_push(w->server->readers, w, rq, reply);
}

static enum err submit(struct worker *w, struct request *rq, struct reply *reply);

/* request.read, and what follows; likewise. */
static enum err read_on(struct worker *w, struct request *rq, struct reply *reply)
{
    worker_reader_end(w);
    if (w->server->readers != NULL)
        return read_later(w, rq, reply);
    enum err err = dispatch_read(w, rq, reply);
    return err == ERR_PENDING ? submit(w, rq, reply) : err;
}

/* Its finish has no job yet: it submits, or says what else is to be read. */
static enum err submit(struct worker *w, struct request *rq, struct reply *reply)
{
    enum err err = rq->route->finish(rq, NULL, reply);
    return err == ERR_PENDING && rq->read != NULL ? read_on(w, rq, reply) : err;
}

/* A form of many rows; it is not kept until somebody has signed in, as others are. */
static enum err session_over(struct request *rq)
{
    return problem(&rq->problem, ERR_UNAUTHORIZED, "",
                   "your session is over: sign in in another window, go back here, and send it once more");
}

static bool is_large_form(const struct route *route, size_t len)
{
    return (route->roles & (ROUTE_SESSION | ROUTE_ROWS)) == (ROUTE_SESSION | ROUTE_ROWS) && len > LIMIT_BODY;
}

static enum err handle(struct worker *w, struct request *rq, struct reply *reply)
{
    struct readers *readers = w->server->readers;
    unsigned roles = rq->route->roles;
    bool reads = readers != NULL && (roles & ROUTE_READS || (roles & ROUTE_ROWS && rq->body.len > LIMIT_BODY));
    enum err err = is_large_form(rq->route, rq->body.len) && rq->session == NULL ? session_over(rq)
                   : rq->route->admit != NULL                                    ? rq->route->admit(rq)
                                                                                 : ERR_OK;
    if (err != ERR_OK)
        return err;
    if (reads)
        return read_later(w, rq, reply);
    err = rq->route->handle(rq, reply);
    if (err == ERR_PENDING && rq->read != NULL)
        return read_on(w, rq, reply);
    return err == ERR_PENDING && roles & ROUTE_ROWS ? submit(w, rq, reply) : err;
}

/* Clicks and pixels are counted against nobody, and the operator's own listener is for the operator. False: it is
 * nobody's. */
static bool address_of(struct worker *w, struct request *rq, const struct route *like, uint64_t *key)
{
    address ip;
    bool unbounded = rq->door == DOOR_ADMIN || (like != NULL && like->roles & ROUTE_VISITORS);
    for (size_t i = 0; w->http != NULL && i < ACCOUNTS; i++) /* what its connection had before is another's, perhaps */
        (void)http_account(w->http, rq, (enum http_account)i, 0);
    bool known = !unbounded && address_read(span_str(rq->ip), &ip);
    *key = known ? address_subscriber(ip) : 0;
    return known;
}

static bool stranger_may(struct worker *w, struct request *rq, const struct route *like)
{
    uint64_t key;
    return !address_of(w, rq, like, &key) || spend(rq, &address_limit, w->strangers, key, 1) == ERR_OK;
}

/* To the same target by TLS, with method and body. What a target may hold beyond a URL's bytes is percent-encoded. */
static void redirect(struct worker *w, struct request *rq, struct reply *reply)
{
    struct outcome o = {0};
    struct buf to;
    arena_buf(rq->arena, &to, sizeof w->server->instance.host + 3 * rq->target.len + 8);
    buf_str(&to, "https://");
    buf_str(&to, w->server->instance.host);
    for (size_t i = 0; i < rq->target.len; i++) {
        unsigned char c = (unsigned char)rq->target.ptr[i];
        if (c > ' ' && c < 0x7f)
            buf_byte(&to, c);
        else
            buf_printf(&to, "%%%02X", c);
    }
    reply->status = 308;
    reply_header(reply, "Location", buf_span(&to));
    edge(w, rq, NULL, reply, &o);
}

bool dispatch(struct worker *w, struct request *rq, struct reply *reply)
{
    unsigned allow = 0;
    const struct route *like = NULL;
    if (rq->door == DOOR_REDIRECT) {
        redirect(w, rq, reply);
        return true;
    }
    enum err err = dispatch_find(&w->server->routes, rq, &allow, &like);
    if (!stranger_may(w, rq, like))
        return end(w, rq, NULL, reply, ERR_RATE);
    if (err != ERR_NOT_FOUND && w->server->admin_listen[0] && (rq->door == DOOR_ADMIN) != !!(like->roles & ROUTE_OPS)) {
        err = ERR_NOT_FOUND; /* not here */
        rq->route = NULL;
    }
    if (err == ERR_METHOD) {
        (rq->method == METHOD_OPTIONS ? end_options : end_method)(w, rq, reply, allow, like);
        return true;
    }
    if (err == ERR_OK && rq->route->roles & ROUTE_ANY_PARTY)
        err = authenticate(rq);
    else if (err == ERR_OK && rq->route->roles & ROUTE_SESSION)
        resume(rq);
    else if (err == ERR_OK && rq->route->roles & ROUTE_READS)
        recognise(rq);
    if (err == ERR_OK && rq->caller != NULL)
        err = party_may(rq, rq->caller, 1);
    if (err == ERR_OK)
        err = handle(w, rq, reply);
    return end(w, rq, NULL, reply, err);
}

/* What has no route is told so by dispatch, for which it needs no body. */
bool dispatch_head(struct worker *w, struct request *rq, struct reply *reply)
{
    unsigned allow = 0;
    uint64_t key;
    const struct route *like = NULL;
    enum err err = rq->door == DOOR_REDIRECT ? ERR_NOT_FOUND : dispatch_find(&w->server->routes, rq, &allow, &like);
    if (err != ERR_OK)
        return dispatch(w, rq, reply);
    if (address_of(w, rq, like, &key))
        err = have_under_way(rq, &address_limit, key);
    if (err == ERR_OK && rq->route->roles & ROUTE_ANY_PARTY)
        err = authenticate(rq);
    else if (err == ERR_OK && rq->route->roles & ROUTE_SESSION)
        resume(rq);
    if (err == ERR_OK && rq->session == NULL && is_large_form(rq->route, http_announced(rq, LIMIT_BODY)))
        err = session_over(rq);
    if (err == ERR_OK && rq->caller != NULL)
        err = have_under_way(rq, &party_limit, rq->caller->number);
    return err != ERR_OK && end(w, rq, NULL, reply, err);
}

bool dispatch_finish(struct worker *w, struct request *rq, struct job *job, struct reply *reply)
{
    enum err err = rq->route->finish(rq, job, reply);
    if (err != ERR_OK && err != ERR_PENDING && job != NULL && rq->problem.detail[0] == '\0')
        rq->problem = job->problem;
    if (err == ERR_PENDING && rq->read != NULL) {
        err = read_on(w, rq, reply);
        job = NULL;
    }
    return end(w, rq, job, reply, err);
}

static bool sees_still(const struct request *rq, const struct catalog *newest)
{
    return rq->seen == 0 || catalog_may_read(newest, catalog_party_number(newest, rq->caller->number),
                                             catalog_contract_number(newest, rq->seen));
}

/* A read that waited for its turn, what it came to, and each further piece: not by a token that was ended meanwhile,
 * nor of a contract whose grant was revoked. */
static enum err opens_still(struct request *rq)
{
    if (rq->token == NULL)
        return ERR_OK;
    struct catalog *newest = catalog_hold(rq->worker->server->instance.catalog);
    enum err err = api_token_opens(newest, catalog_token_hashed(newest, rq->token->sha256), clock_ms(), &rq->problem);
    if (err == ERR_OK && !sees_still(rq, newest))
        err = problem(&rq->problem, ERR_NOT_FOUND, "", "%s", rq->unseen);
    catalog_unref(newest);
    return err;
}

/* One that may not go on, or not here, is told so: what it had before was whole. What failed stays an error. */
static enum err end_stream(const struct request *rq, enum err err, struct reply *reply)
{
    if (rq->stream == NULL || !rq->goes_on || err == ERR_OK || (err_status(err) >= 500 && err != ERR_BUSY))
        return err;
    stream_end(reply, rq->problem.detail[0] ? rq->problem.detail : "this server is going down");
    return ERR_OK;
}

/* What the one of a large body says is to be read behind it is read at once. */
static enum err read_all(struct request *rq, struct reply *reply)
{
    enum err err;
    enum err (*read)(struct request *, struct reply *);
    do {
        read = rq->read;
        err = (read != NULL ? read : rq->route->handle)(rq, reply);
    } while (err == ERR_PENDING && rq->read != read);
    return err;
}

enum err dispatch_read(struct worker *reader, struct request *rq, struct reply *reply)
{
    rq->worker = reader;
    enum err err = opens_still(rq);
    if (err == ERR_OK)
        err = read_all(rq, reply);
    if (err == ERR_OK)
        err = opens_still(rq);
    assert(err != ERR_PENDING || rq->read != NULL || rq->route->roles & ROUTE_ROWS);
    err = end_stream(rq, err, reply);
    rq->read = NULL;
    note_cause(reader, rq, err);
    worker_reader_end(reader);
    return err;
}

/* A piece of an answer whose status is out, and was counted and told. */
static void end_piece(struct worker *w, struct request *rq, enum err err, struct reply *reply)
{
    struct outcome o = {.route = rq->route, .status = reply_status(reply), .err = err, .cut = true};
    int64_t now_us = w->now_us != 0 ? w->now_us : clock_monotonic_us();
    reply->cut = err != ERR_OK;
    o.failed = err != ERR_OK && err_status(err) >= 500;
    if (o.failed)
        o.cause = cause_of(w, rq, NULL, err);
    if (o.failed && log_wants(LOG_ERROR))
        tell(w, rq, &o, LOG_ERROR, now_us);
}

/* It looked as far as one turn goes, and found nothing: others come between. */
static bool looks_on(const struct reply *reply, enum err err)
{
    return err == ERR_OK && reply->more != NULL && reply->body.len == 0;
}

bool dispatch_more(struct worker *w, struct request *rq, struct reply *reply)
{
    struct readers *readers = w->server->readers;
    enum err err;
    rq->goes_on = true;
    do {
        rq->read = reply->more;
        reply->more = NULL;
        err = w->http != NULL && http_peer_gone(rq) ? left(rq)
              : readers != NULL                     ? readers_push(readers, w, rq, reply)
                                                    : dispatch_read(w, rq, reply);
    } while (looks_on(reply, err));
    return err != ERR_PENDING && dispatch_read_finish(w, rq, err, reply);
}

bool dispatch_read_finish(struct worker *w, struct request *rq, enum err err, struct reply *reply)
{
    err = end_stream(rq, err, reply); /* of one that was not read at all */
    if (rq->goes_on && looks_on(reply, err))
        return dispatch_more(w, rq, reply);
    if (rq->goes_on) {
        end_piece(w, rq, err, reply);
        return true;
    }
    if (err == ERR_PENDING)
        err = submit(w, rq, reply);
    return end(w, rq, NULL, reply, err);
}

void dispatch_read_dropped(struct worker *w, struct request *rq, struct reply *reply)
{
    bool ended = dispatch_read_finish(w, rq, left(rq), reply);
    assert(ended);
    (void)ended;
}

static struct span path_of(struct span target)
{
    return text_take(&target, '?');
}

/* The route whose targets begin as this one does: its path is a route's, or the beginning of one's. */
static const struct route *route_like(const struct routes *routes, struct span path)
{
    struct span param[3];
    for (size_t i = 0; i < routes->n; i++) {
        const char *pattern = routes->route[i].pattern;
        size_t n = strcspn(pattern, "{");
        if (matches(pattern, path, param) || (pattern[n] != '\0' && path.len >= n && memcmp(path.ptr, pattern, n) == 0))
            return &routes->route[i];
    }
    return NULL;
}

void dispatch_fault(struct worker *w, struct request *rq, const struct http_fault *fault, struct reply *reply)
{
    struct outcome o = {.fault = true};
    const struct span path = path_of(rq->target);
    if (!span_empty(path))
        o.route = route_like(&w->server->routes, path);
    o.err = reply_fault(rq, reply, fault); /* also says why */
    struct reply own = {0};
    rq->path = SPAN("/"); /* what is no target is no link either */
    rq->query = SPAN("");
    if (fault->cut && rq->accept.ptr == NULL)
        rq->accept = SPAN("text/html"); /* programs say more of themselves in less */
    if (o.route != NULL && o.route->fault != NULL && o.route->fault(rq, fault, &own))
        *reply = own;
    else if (!span_empty(path))
        tell_people(w, rq, o.route, path, o.err, reply);
    edge(w, rq, NULL, reply, &o);
}
