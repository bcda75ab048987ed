/* The management API from request to reply, with the real routes, store and committer; only HTTP is missing: a worker
 * that this test drives. */
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>

#include "common/base/when.h"
#include "common/ledger/jws.h"
#include "common/settlement/statement.h"
#include "server/catalog/catalog_write.h"
#include "server/commit/committer.h"
#include "server/commit/credentials.h"
#include "server/commit/schedule.h"
#include "server/jobs.h"
#include "server/routes.h"
#include "server/settlement/settlement.h"
#include "server/settlement/statements.h"
#include "server/system/arena.h"
#include "server/system/system.h"
#include "tests/support/ample.h"
#include "tests/support/party_words.h"
#include "tests/support/store_fixture.h"

/* ---- a server without sockets ---- */

struct api {
    struct fixture f;
    struct settings *settings; /* the server's */
    struct pace pace;
    struct server shared;
    struct worker worker;
    struct arena *arena;
    struct committer *committer;
    struct request rq;
    int64_t now_ms;
    struct catalog *stale; /* for the next call, which takes it over: what its worker saw; NULL: the newest */
    /* the last answer */
    int status;
    json_t *json;     /* NULL when it is none */
    struct span body; /* in the arena: until the next call */
    struct reply reply;
    char operator[API_TOKEN_LEN + 1];
};

/* So many statements find another one before them than they were made for. */
static atomic_uint surprises, statements_run;

static enum err surprised_statement(struct batch *cx, struct job *job)
{
    atomic_fetch_add(&statements_run, 1);
    if (atomic_load(&surprises) > 0) {
        atomic_fetch_sub(&surprises, 1);
        job->record.statement.prev_sha256[0] ^= 1;
    }
    return statement_run(cx, job);
}

static void fill_store(struct api *a)
{
    struct party operator= {.number = 1, .id = "P0", .role = ROLE_OPERATOR, .name = SPAN("operator"), .created_ms = 1};
    struct txn *t = fixture_begin(&a->f, true);
    struct keys *keys;
    api_token_new(a->operator);
    assert_ok(keys_load(a->f.dir, &keys));
    assert_ok(instance_put_meta(t, keys, SPAN("http://t.example"), SPAN("I000000000001")));
    keys_free(keys);
    assert_ok(catalog_put_party(t, &operator));
    assert_ok(fixture_put_token(t, a->operator, 1, 1));
    assert_ok(txn_commit(t));
}

static void start(struct api *a)
{
    static job_run *runs[RECORD_KINDS];
    struct server *sv = &a->shared;
    a->settings = settings_new();
    limits_ample(&a->settings->options);
    *sv = (struct server){.settings = settings_open(a->settings), .routes = all_routes};
    a->pace.sweep_ms = 10;
    memcpy(runs, job_runs, sizeof runs);
    runs[RECORD_STATEMENT] = surprised_statement;
    fixture_instance(&a->f, &sv->instance);
    sv->metrics = metrics_new(2);
    assert_ok(lists_open(&(struct list_files){"", ""}, &sv->lists, NULL));
    const struct source_setup source = {
        .instance = &sv->instance,
        .workers = 1,
        .queue_size = 64,
        .pace = &a->pace,
        .counters = metrics_thread(sv->metrics, 1),
    };
    sv->source = source_new(&source);
    const struct committer_setup setup = {&sv->instance, runs, sv->source};
    assert_ok(committer_start(&setup, &a->committer));
    worker_open(&a->worker, sv, 0);
}

static int set_up(void **state)
{
    struct api *a = calloc(1, sizeof *a);
    fixture_open(&a->f);
    assert_ok(keys_create(a->f.dir));
    fill_store(a);
    start(a);
    a->arena = arena_new();
    a->now_ms = clock_ms();
    *state = a;
    return 0;
}

static int tear_down(void **state)
{
    struct api *a = *state;
    struct server *sh = &a->shared;
    compiled_list_free(a->rq.compiled);
    source_stop(sh->source);
    committer_stop(a->committer);
    source_free(sh->source);
    worker_close(&a->worker);
    fixture_instance_close(&a->f, &sh->instance);
    metrics_free(sh->metrics);
    lists_close(sh->lists);
    settings_close(sh->settings);
    json_decref(a->json);
    free(a->reply.heap);
    arena_free(a->arena);
    fixture_close(&a->f);
    free(a);
    return 0;
}

static struct job *finished_job(struct worker *w)
{
    uint64_t n;
    struct pollfd p = {.fd = source_fd(w->server->source, 0), .events = POLLIN};
    assert_int_equal(poll(&p, 1, 20000), 1);
    assert_int_equal(read(p.fd, &n, sizeof n), sizeof n);
    struct job *job = source_finished(w->server->source, 0);
    assert_non_null(job);
    assert_null(source_finished(w->server->source, 0));
    return job;
}

struct call {
    enum method method;
    const char *path, *query, *body, *type, *accept, *key;
    const char *token; /* NULL: nobody's */
};

static void prepare(struct api *a, const struct call *c)
{
    struct request *rq = &a->rq;
    static char authorization[256], target[512];
    compiled_list_free(a->rq.compiled);
    arena_reset(a->arena);
    json_decref(a->json);
    a->json = NULL;
    snprintf(authorization, sizeof authorization, "Bearer %s", c->token != NULL ? c->token : "");
    snprintf(target, sizeof target, "%s%s%s", c->path, c->query != NULL ? "?" : "", c->query != NULL ? c->query : "");
    a->rq = (struct request){0};
    rq->method = c->method;
    rq->path = arena_copy(a->arena, span_str(c->path));
    rq->query = arena_copy(a->arena, span_str(c->query));
    rq->target = arena_copy(a->arena, span_str(target));
    rq->body = arena_copy(a->arena, span_str(c->body));
    rq->content_type = span_str(c->type != NULL ? c->type : "application/json");
    rq->accept = span_str(c->accept);
    rq->idempotency_key = span_str(c->key);
    rq->authorization = c->token != NULL ? span_str(authorization) : (struct span){0};
    rq->arrived_ms = a->now_ms;
    rq->arena = a->arena;
    rq->worker = &a->worker;
    rq->catalog = a->stale != NULL ? a->stale : catalog_hold(a->shared.instance.catalog);
    a->stale = NULL;
    snprintf(rq->ip, sizeof rq->ip, "127.0.0.1");
}

static void run(struct api *a, struct call c)
{
    struct request *rq = &a->rq;
    prepare(a, &c);
    free(a->reply.heap);
    a->reply = (struct reply){0};
    bool done = dispatch(&a->worker, rq, &a->reply);
    while (!done)
        done = dispatch_finish(&a->worker, rq, finished_job(&a->worker), &a->reply);
    catalog_unref(rq->catalog);
    a->status = a->reply.status ? a->reply.status : 200;
    a->body = a->reply.body;
    a->json = json_loadb(a->body.ptr != NULL ? a->body.ptr : "", a->body.len, 0, NULL);
}

static void expect(struct api *a, int status, struct call c)
{
    run(a, c);
    if (a->status != status)
        fail_msg("%s: %d instead of %d: %.*s", c.path, a->status, status, (int)a->body.len, a->body.ptr);
}

#define GET(who, where, ...) ((struct call){METHOD_GET, where, .token = who, __VA_ARGS__})
#define POST(who, where, what, ...) ((struct call){METHOD_POST, where, .body = what, .token = who, __VA_ARGS__})

static const char *text(const struct api *a, const char *name)
{
    const char *s = json_string_value(json_object_get(a->json, name));
    if (s == NULL)
        fail_msg("no %s in %.*s", name, (int)a->body.len, a->body.ptr);
    return s;
}

static const char *header(const struct api *a, const char *name)
{
    static char value[256];
    for (size_t i = 0; i < a->reply.n_headers; i++)
        if (strcmp(a->reply.header[i].name, name) == 0) {
            snprintf(value, sizeof value, "%.*s", (int)a->reply.header[i].value.len, a->reply.header[i].value.ptr);
            return value;
        }
    return "";
}

/* ---- a market ---- */

struct market {
    struct member {
        char id[32], token[64];
        uint8_t seed[SEED_LEN];
    } advertiser, publisher;
    char campaign[32], direct[32], contract[32];
};

static struct member member(struct api *a, const char *kind)
{
    struct member m = {0};
    char body[128];
    snprintf(body, sizeof body, "{\"kind\":\"%s\",\"name\":\"%s\"}", kind, kind);
    expect(a, 201, POST(a->operator, "/v1/parties", body));
    snprintf(m.id, sizeof m.id, "%s", text(a, "id"));
    snprintf(m.token, sizeof m.token, "%s", text(a, "token"));
    random_bytes(m.seed, sizeof m.seed);
    return m;
}

static struct market market(struct api *a)
{
    struct market m = {.advertiser = member(a, "advertiser"), .publisher = member(a, "publisher")};
    char body[512];
    snprintf(body, sizeof body,
             "{\"advertiser\":\"%s\",\"name\":\"n\",\"currency\":\"EUR\",\"landing_url\":\"https://l.example/\"}",
             m.advertiser.id);
    expect(a, 201, POST(m.advertiser.token, "/v1/campaigns", body));
    snprintf(m.campaign, sizeof m.campaign, "%s", text(a, "id"));
    snprintf(m.direct, sizeof m.direct, "%s", text(a, "direct_contract"));
    snprintf(body, sizeof body,
             "{\"campaign\":\"%s\",\"publisher\":\"%s\",\"price\":{\"lead\":[{\"micros\":5000000}]}}", m.campaign,
             m.publisher.id);
    expect(a, 201, POST(a->operator, "/v1/contracts", body));
    snprintf(m.contract, sizeof m.contract, "%s", text(a, "id"));
    return m;
}

static void put_key(struct api *a, const struct member *who)
{
    char path[64], body[2048];
    struct buf b;
    struct signer *s = signer_new(who->seed);
    buf_fixed(&b, body, sizeof body - 1);
    key_body(&b, s, NULL, a->shared.instance.public_url, who->id, a->now_ms);
    body[b.len] = '\0';
    signer_free(s);
    snprintf(path, sizeof path, "/v1/parties/%s/key", who->id);
    expect(a, 200, (struct call){METHOD_PUT, path, .body = body, .token = who->token});
}

static const char *path_of(const char *format, const char *id)
{
    static char path[2][128];
    static int turn;
    turn = !turn;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(path[turn], sizeof path[turn], format, id);
#pragma GCC diagnostic pop
    return path[turn];
}

/* The kinds of a contract's entries but credentials, e.g. "terms key ". */
static const char *kinds(struct api *a, const char *contract)
{
    static char out[256];
    struct catalog *c = catalog_hold(a->shared.instance.catalog);
    const struct contract *k = catalog_contract(c, span_str(contract));
    struct txn *t = fixture_begin(&a->f, false);
    struct envelope env;
    struct buf words;
    buf_fixed(&words, out, sizeof out);
    for (uint64_t i = 0; ledger_read(t, k->number, i, &env) == ERR_OK; i++) {
        if (env.kind == ENTRY_CREDENTIAL)
            continue;
        buf_str(&words, entry_kind_word(env.kind));
        buf_byte(&words, ' ');
    }
    buf_byte(&words, '\0');
    assert_false(words.failed);
    txn_abort(t);
    catalog_unref(c);
    return out;
}

/* ---- what stands in a contract's log ---- */

static void entry_0_is_the_terms(void **state)
{
    struct api *a = *state;
    struct market m = market(a);
    assert_string_equal(kinds(a, m.contract), "terms ");
    assert_string_equal(kinds(a, m.direct), "terms ");
}

static void a_key_goes_to_every_contract_of_its_party(void **state)
{
    struct api *a = *state;
    struct market m = market(a);
    put_key(a, &m.publisher);
    put_key(a, &m.publisher); /* the same again says nothing new */
    assert_string_equal(kinds(a, m.contract), "terms key ");
    assert_string_equal(kinds(a, m.direct), "terms ");
    put_key(a, &m.advertiser);
    assert_string_equal(kinds(a, m.contract), "terms key key ");
    assert_string_equal(kinds(a, m.direct), "terms key ");
}

/* Beside the market's own: one of a campaign and publisher is open at a time. */
#define ENDED_CONTRACT                                                                                                 \
    "{\"campaign\":\"%s\",\"publisher\":\"%s\",\"price\":{\"lead\":[]},\"ends_at\":\"2020-01-01T00:00:00Z\"}"

static void later_contracts_start_with_the_keys(void **state)
{
    struct api *a = *state;
    struct market m = market(a);
    char body[256];
    put_key(a, &m.publisher);
    put_key(a, &m.advertiser);
    snprintf(body, sizeof body, ENDED_CONTRACT, m.campaign, m.publisher.id);
    expect(a, 201, POST(a->operator, "/v1/contracts", body));
    char id[32];
    snprintf(id, sizeof id, "%s", text(a, "id"));
    assert_string_equal(kinds(a, id), "terms key key ");
}

static void a_campaign_change_is_new_terms_in_every_contract(void **state)
{
    struct api *a = *state;
    struct market m = market(a);
    struct call change = {METHOD_PATCH, path_of("/v1/campaigns/%s", m.campaign), .body = "{\"name\":\"new\"}",
                          .token = m.advertiser.token};
    expect(a, 200, change);
    assert_string_equal(text(a, "name"), "new");
    expect(a, 200, change); /* no change, no version */
    assert_string_equal(kinds(a, m.contract), "terms terms ");
    assert_string_equal(kinds(a, m.direct), "terms terms ");
    expect(a, 200, GET(m.publisher.token, path_of("/v1/contracts/%s", m.contract)));
    assert_int_equal(json_integer_value(json_object_get(a->json, "terms_version")), 2);
    assert_int_equal(json_integer_value(json_object_get(a->json, "terms_index")), 5);
}

static void a_contract_change_is_new_terms_in_that_contract(void **state)
{
    struct api *a = *state;
    struct market m = market(a);
    expect(a, 200, (struct call){METHOD_PATCH, path_of("/v1/contracts/%s", m.contract), .token = a->operator,
                                 .body = "{\"price\":{\"lead\":[{\"micros\":7}]}}"});
    assert_string_equal(kinds(a, m.contract), "terms terms ");
    assert_string_equal(kinds(a, m.direct), "terms ");
}

/* Whether the newest terms of a contract are those, in the same memory, that the worker of the last call compiled; and
 * their campaign's document. */
static bool compiled_once(struct api *a, const char *contract, struct buf *campaign)
{
    struct catalog *c = catalog_hold(a->shared.instance.catalog);
    const struct contract *k = catalog_contract(c, span_str(contract));
    const struct span document = catalog_which(c, k->campaign)->document;
    struct compiled_pool pool = {.handed = a->rq.compiled};
    struct compiled *compiled;
    assert_ok(compiled_get(&pool, NULL, document, k->document, &compiled, NULL));
    bool once = !pool.used && compiled->terms == versions_newest(&k->versions)->terms;
    campaign->len = 0;
    terms_document(versions_newest(&k->versions)->terms, 0, campaign);
    assert_true(span_eq(buf_span(campaign), document));
    compiled_clear(&pool);
    catalog_unref(c);
    return once;
}

/* What the worker saw may have changed meanwhile: then by what is committed. */
static void terms_are_compiled_once_and_by_what_is_committed(void **state)
{
    struct api *a = *state;
    const struct market m = market(a);
    struct buf campaign;
    buf_heap(&campaign);
    assert_true(compiled_once(a, m.contract, &campaign));
    const char *one = path_of("/v1/contracts/%s", m.contract);
    const struct call seven = {METHOD_PATCH, one, .token = a->operator,
                               .body = "{\"price\":{\"lead\":[{\"micros\":7}]}}" };
    const struct call eight = {METHOD_PATCH, one, .token = a->operator,
                               .body = "{\"price\":{\"lead\":[{\"micros\":8}]}}" };
    struct catalog *before = catalog_hold(a->shared.instance.catalog);
    expect(a, 200, (struct call){METHOD_PATCH, path_of("/v1/campaigns/%s", m.campaign), .body = "{\"name\":\"new\"}",
                                 .token = a->operator});
    a->stale = before;
    expect(a, 200, seven);
    assert_false(compiled_once(a, m.contract, &campaign));
    assert_non_null(memmem(campaign.ptr, campaign.len, "\"new\"", 5));
    expect(a, 200, eight);
    assert_true(compiled_once(a, m.contract, &campaign));
    buf_free(&campaign);
}

static void a_refused_change_leaves_no_entry(void **state)
{
    struct api *a = *state;
    struct market m = market(a);
    expect(a, 422,
           (struct call){METHOD_PATCH, path_of("/v1/campaigns/%s", m.campaign), .body = "{\"colour\":1}",
                         .token = m.advertiser.token});
    assert_string_equal(text(a, "field"), "colour");
    assert_string_equal(kinds(a, m.contract), "terms ");
}

/* ---- credentials ---- */

/* The credentials of a log from entry `from` on: for whom (a role's letter), what, by whom, whether withdrawn. */
static const char *credentials(struct api *a, const struct market *m, const char *contract, uint64_t from)
{
    static char out[512];
    struct catalog *c = catalog_hold(a->shared.instance.catalog);
    struct txn *t = fixture_begin(&a->f, false);
    struct envelope env;
    struct entry e;
    struct buf words;
    buf_fixed(&words, out, sizeof out);
    for (uint64_t i = from; ledger_read(t, catalog_contract(c, span_str(contract))->number, i, &env) == ERR_OK; i++) {
        if (env.kind != ENTRY_CREDENTIAL)
            continue;
        assert_ok(entry_read(env.entry, &e, NULL));
        const struct entry_credential *x = &e.credential;
        buf_str(&words, span_is(x->party, m->advertiser.id) ? "A:" : span_is(x->party, m->publisher.id) ? "P:" : "?:");
        buf_str(&words, credential_word(x->what));
        buf_str(&words, span_eq(x->by, x->party) ? " by itself" : "");
        buf_str(&words, x->retired ? " retired" : "");
        buf_str(&words, ", ");
        entry_close(&e);
    }
    buf_byte(&words, '\0');
    assert_false(words.failed);
    txn_abort(t);
    catalog_unref(c);
    return out;
}

/* A chore of the server's does it, once a second. */
static void tells(struct api *a, const struct market *m, const char *contract, uint64_t from, const char *want)
{
    for (int i = 0; i < 2000 && strcmp(credentials(a, m, contract, from), want) != 0; i++)
        usleep(10000);
    assert_string_equal(credentials(a, m, contract, from), want);
}

static void what_is_made_for_a_party_stands_in_its_logs(void **state)
{
    struct api *a = *state;
    struct market m = market(a);
    char path[64], other[32], body[256];
    assert_string_equal(credentials(a, &m, m.direct, 0), "A:secret, A:token, ");
    assert_string_equal(credentials(a, &m, m.contract, 0), "A:secret, A:token, P:secret, P:token, ");
    snprintf(path, sizeof path, "/v1/parties/%s/tokens", m.publisher.id);
    expect(a, 201, POST(a->operator, path, "{}"));
    expect(a, 201, POST(m.publisher.token, path, "{}"));
    snprintf(path, sizeof path, "/v1/parties/%s/secrets", m.advertiser.id);
    expect(a, 201, POST(a->operator, path, "{}"));
    snprintf(path, sizeof path, "/v1/parties/%s/secrets/%s", m.advertiser.id, text(a, "kid"));
    for (int i = 0; i < 2; i++) /* again says nothing new */
        expect(a, 200, (struct call){METHOD_DELETE, path, .token = m.advertiser.token});
    snprintf(path, sizeof path, "/v1/parties/%s/postback-key", m.publisher.id);
    static const char *const blocks[] = {"{\"cidrs\":[\"192.0.2.1\"]}", "{\"cidrs\":[\"192.0.2.2\"]}"};
    for (int i = 0; i < 2; i++) /* other addresses, the same key */
        expect(a, 200, (struct call){METHOD_PUT, path, .body = blocks[i], .token = m.publisher.token});
    tells(a, &m, m.contract, 5,
          "P:token, P:token by itself, A:secret, A:secret by itself retired, P:postback_key by itself, ");
    tells(a, &m, m.direct, 3, "A:secret, A:secret by itself retired, ");
    snprintf(body, sizeof body, ENDED_CONTRACT, m.campaign, m.publisher.id);
    expect(a, 201, POST(a->operator, "/v1/contracts", body));
    snprintf(other, sizeof other, "%s", text(a, "id"));
    expect(a, 200, (struct call){METHOD_DELETE, path, .token = a->operator});
    tells(a, &m, other, 7, "P:postback_key by itself, P:postback_key retired, ");
    assert_int_equal(strncmp(credentials(a, &m, other, 0), "A:secret, A:token, P:secret, P:token", 36), 0);
}

static size_t count_credentials(struct api *a, const char *contract)
{
    struct catalog *c = catalog_hold(a->shared.instance.catalog);
    struct txn *t = fixture_begin(&a->f, false);
    struct envelope env;
    size_t n = 0;
    for (uint64_t i = 0; ledger_read(t, catalog_contract(c, span_str(contract))->number, i, &env) == ERR_OK; i++)
        n += env.kind == ENTRY_CREDENTIAL;
    txn_abort(t);
    catalog_unref(c);
    return n;
}

static void comes_to(struct api *a, const char *contract, size_t want)
{
    for (int i = 0; i < 2000 && count_credentials(a, contract) < want; i++)
        usleep(10000);
    assert_int_equal(count_credentials(a, contract), want);
}

/* More contracts, and more credentials of one contract's parties, than one step tells. */
static void however_much_is_made_is_told_once_in_each_log(void **state)
{
    enum { MANY = TELL_STEPS + 4 };
    struct api *a = *state;
    struct market m = market(a);
    struct member other = member(a, "publisher");
    char path[64], body[256], ids[MANY][32];
    snprintf(body, sizeof body, ENDED_CONTRACT, m.campaign, m.publisher.id);
    for (int i = 0; i < MANY; i++) {
        expect(a, 201, POST(a->operator, "/v1/contracts", body));
        snprintf(ids[i], sizeof ids[i], "%s", text(a, "id"));
    }
    snprintf(path, sizeof path, "/v1/parties/%s/tokens", m.publisher.id);
    expect(a, 201, POST(a->operator, path, "{}"));
    comes_to(a, ids[MANY - 1], 5);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(count_credentials(a, ids[i]), 5);

    snprintf(path, sizeof path, "/v1/parties/%s/tokens", other.id);
    for (int i = 0; i < MANY; i++)
        expect(a, 201, POST(a->operator, path, "{}"));
    snprintf(body, sizeof body, "{\"campaign\":\"%s\",\"publisher\":\"%s\",\"price\":{\"lead\":[]}}", m.campaign,
             other.id);
    expect(a, 201, POST(a->operator, "/v1/contracts", body));
    snprintf(ids[0], sizeof ids[0], "%s", text(a, "id"));
    comes_to(a, ids[0], 4 + MANY);
    expect(a, 201, POST(a->operator, path, "{}"));
    comes_to(a, ids[0], 5 + MANY);
}

/* ---- secrets ---- */

static void a_retired_secret_is_gone_and_the_new_one_stays(void **state)
{
    struct api *a = *state;
    struct market m = market(a);
    const char *path = path_of("/v1/parties/%s/secrets", m.publisher.id);
    char old[32], gone[96];
    expect(a, 201, POST(m.publisher.token, path, "{}"));
    snprintf(old, sizeof old, "%s", text(a, "kid"));
    snprintf(gone, sizeof gone, "%s/%s", path, old);
    expect(a, 200, (struct call){METHOD_DELETE, gone, .token = m.publisher.token});
    expect(a, 404, (struct call){METHOD_DELETE, gone, .token = m.advertiser.token});
    snprintf(gone, sizeof gone, "%s/KNOBODYS", path);
    expect(a, 404, (struct call){METHOD_DELETE, gone, .token = m.publisher.token});
    expect(a, 200, GET(m.publisher.token, path_of("/v1/parties/%s", m.publisher.id)));
    json_t *kids = json_object_get(a->json, "kids");
    assert_int_equal(json_array_size(kids), 1);
    assert_string_not_equal(json_string_value(json_array_get(kids, 0)), old);
}

/* ---- API tokens ---- */

struct minted {
    char id[32], text[64];
};

static struct minted mint(struct api *a, const char *who, const char *party, const char *body)
{
    struct minted m;
    expect(a, 201, POST(who, path_of("/v1/parties/%s/tokens", party), body));
    snprintf(m.id, sizeof m.id, "%s", text(a, "id"));
    snprintf(m.text, sizeof m.text, "%s", text(a, "token"));
    return m;
}

/* The same token again ends nothing new, and no log tells of it twice. */
static void a_token_that_was_ended_opens_nothing_and_the_logs_tell_of_it(void **state)
{
    struct api *a = *state;
    struct market m = market(a);
    const char *party = path_of("/v1/parties/%s", m.publisher.id);
    char path[96], ended[64];
    struct minted t = mint(a, a->operator, m.publisher.id, "{\"label\":\"CRM\"}");
    assert_string_equal(text(a, "label"), "CRM");
    assert_null(json_object_get(a->json, "scope"));
    expect(a, 200, GET(t.text, party));
    snprintf(path, sizeof path, "/v1/parties/%s/tokens/%s", m.publisher.id, t.id);
    expect(a, 404, (struct call){METHOD_DELETE, path, .token = m.advertiser.token});
    expect(a, 200, (struct call){METHOD_DELETE, path, .token = m.publisher.token});
    snprintf(ended, sizeof ended, "%s", text(a, "ended_at"));
    expect(a, 401, GET(t.text, party));
    expect(a, 200, (struct call){METHOD_DELETE, path, .token = m.publisher.token});
    assert_string_equal(text(a, "ended_at"), ended);
    tells(a, &m, m.contract, 5, "P:token, P:token by itself retired, ");
    expect(a, 200, GET(m.publisher.token, party));
    snprintf(path, sizeof path, "/v1/parties/%s/tokens/unknown", m.publisher.id);
    expect(a, 404, (struct call){METHOD_DELETE, path, .token = m.publisher.token});
}

/* Whoever catches one that runs unattended can call, and open no further doors; he can give it up. */
static void a_token_without_the_scope_makes_and_ends_no_credentials(void **state)
{
    struct api *a = *state;
    struct market m = market(a);
    char path[128];
    struct minted plain = mint(a, m.publisher.token, m.publisher.id, "{}");
    struct minted other = mint(a, m.publisher.token, m.publisher.id, "{\"scope\":\"credentials\"}");
    assert_string_equal(text(a, "scope"), "credentials");
    const struct {
        enum method method;
        const char *path, *body;
    } calls[] = {
        {METHOD_POST, "/v1/parties/%s/tokens", "{}"},
        {METHOD_POST, "/v1/parties/%s/secrets", "{}"},
        {METHOD_DELETE, "/v1/parties/%s/secrets/K1", ""},
        {METHOD_PUT, "/v1/parties/%s/key", "{}"},
        {METHOD_PUT, "/v1/parties/%s/postback-key", "{\"cidrs\":[\"192.0.2.1\"]}"},
        {METHOD_DELETE, "/v1/parties/%s/postback-key", ""},
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        expect(a, 403,
               (struct call){calls[i].method, path_of(calls[i].path, m.publisher.id), .body = calls[i].body,
                             .token = plain.text});
    snprintf(path, sizeof path, "/v1/parties/%s/tokens/%s", m.publisher.id, other.id);
    expect(a, 403, (struct call){METHOD_DELETE, path, .token = plain.text});
    expect(a, 201, POST(other.text, path_of("/v1/parties/%s/tokens", m.publisher.id), "{}"));
    snprintf(path, sizeof path, "/v1/parties/%s/tokens/%s", m.publisher.id, plain.id);
    expect(a, 200, (struct call){METHOD_DELETE, path, .token = plain.text});
    expect(a, 401, (struct call){METHOD_DELETE, path, .token = plain.text});
    expect(a, 200, GET(a->operator, "/v1/parties", .query = "limit=1"));
    snprintf(path, sizeof path, "%s",
             json_string_value(json_object_get(json_array_get(json_object_get(a->json, "data"), 0), "id")));
    struct minted operators = mint(a, a->operator, path, "{}");
    expect(a, 403, POST(operators.text, "/v1/parties", "{\"kind\":\"publisher\",\"name\":\"p\"}"));
}

static void tokens_are_listed_until_they_end_page_by_page(void **state)
{
    struct api *a = *state;
    struct market m = market(a);
    enum { MADE = 4 };
    char after[32] = "", path[160], seen[8][32];
    struct minted t[MADE];
    size_t n = 0;
    for (size_t i = 0; i < MADE; i++)
        t[i] = mint(a, m.publisher.token, m.publisher.id, "{}");
    mint(a, m.advertiser.token, m.advertiser.id, "{}");
    snprintf(path, sizeof path, "/v1/parties/%s/tokens/%s", m.publisher.id, t[0].id);
    expect(a, 200, (struct call){METHOD_DELETE, path, .token = m.publisher.token});
    do {
        snprintf(path, sizeof path, "limit=2%s%s", after[0] ? "&after=" : "", after);
        expect(a, 200, GET(m.publisher.token, path_of("/v1/parties/%s/tokens", m.publisher.id), .query = path));
        const json_t *list = json_object_get(a->json, "data");
        for (size_t i = 0; i < json_array_size(list); i++, n++) {
            assert_true(n < 8);
            snprintf(seen[n], sizeof seen[n], "%s", json_string_value(json_object_get(json_array_get(list, i), "id")));
            assert_null(json_object_get(json_array_get(list, i), "token"));
        }
        const char *next = json_string_value(json_object_get(a->json, "next"));
        snprintf(after, sizeof after, "%s", next != NULL ? next : "");
    } while (after[0] != '\0');
    assert_int_equal(n, MADE); /* the one it began with, and three */
    for (size_t i = 1; i < MADE; i++) {
        size_t at = 0;
        while (at < n && strcmp(seen[at], t[i].id) != 0)
            at++;
        assert_true(at < n);
    }
    expect(a, 400, GET(m.publisher.token, path_of("/v1/parties/%s/tokens", m.publisher.id), .query = "after=unknown"));
}

static void a_party_has_so_many_tokens(void **state)
{
    struct api *a = *state;
    struct market m = market(a);
    const char *path = path_of("/v1/parties/%s/tokens", m.publisher.id);
    struct minted t = {.id = ""};
    char gone[96];
    a->settings->options.quota_tokens.number = 4;
    for (int i = 1; i < 4; i++)
        t = mint(a, m.publisher.token, m.publisher.id, "{}");
    expect(a, 409, POST(m.publisher.token, path, "{}"));
    snprintf(gone, sizeof gone, "/v1/parties/%s/tokens/%s", m.publisher.id, t.id);
    expect(a, 200, (struct call){METHOD_DELETE, gone, .token = m.publisher.token});
    expect(a, 409, POST(m.publisher.token, path, "{}")); /* it was made today */
    a->settings->options.quota_tokens.number = 5;
    expect(a, 201, POST(m.publisher.token, path, "{}"));
}

/* The call came while its token stood, and is folded when it no longer does. */
static void expect_late(struct api *a, struct catalog *before, int status, struct call c)
{
    atomic_fetch_add(&before->users, 1);
    a->stale = before;
    expect(a, status, c);
}

static size_t tokens_of(struct api *a, const char *party)
{
    expect(a, 200, GET(a->operator, path_of("/v1/parties/%s/tokens", party)));
    return json_array_size(json_object_get(a->json, "data"));
}

static void what_came_by_a_token_that_ended_meanwhile_changes_nothing(void **state)
{
    struct api *a = *state;
    struct market m = market(a);
    char path[128], patch[64];
    struct minted t = mint(a, a->operator, m.publisher.id, "{\"scope\":\"credentials parties codes\"}");
    snprintf(patch, sizeof patch, "/v1/parties/%s", m.publisher.id);
    const struct {
        enum method method;
        const char *path, *body, *key;
    } calls[] = {
        {METHOD_POST, "/v1/parties/%s/tokens", "{}", NULL},
        {METHOD_POST, "/v1/parties/%s/tokens", "{}", "before"},
        {METHOD_POST, "/v1/parties/%s/secrets", "{}", NULL},
        {METHOD_PATCH, "/v1/parties/%s", "{\"legal\":{\"name\":\"P\"}}", NULL},
        {METHOD_PUT, "/v1/parties/%s/postback-key", "{\"cidrs\":[\"192.0.2.1\"]}", NULL},
    };
    expect(a, 201, POST(t.text, path_of("/v1/parties/%s/tokens", m.publisher.id), "{}", .key = "before"));
    struct catalog *before = catalog_hold(a->shared.instance.catalog);
    snprintf(path, sizeof path, "/v1/parties/%s/tokens/%s", m.publisher.id, t.id);
    expect(a, 200, (struct call){METHOD_DELETE, path, .token = m.publisher.token});
    size_t n = tokens_of(a, m.publisher.id);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        expect_late(a, before, 401,
                    (struct call){calls[i].method, path_of(calls[i].path, m.publisher.id), .body = calls[i].body,
                                  .token = t.text, .key = calls[i].key});
        assert_string_equal(text(a, "detail"), "this API token is not known");
        assert_string_equal(header(a, "WWW-Authenticate"), "Bearer error=\"invalid_token\"");
    }
    expect_late(a, before, 401, (struct call){METHOD_DELETE, path, .token = t.text});
    expect_late(a, before, 401, POST(t.text, path_of("/v1/contracts/%s/codes", m.contract), "{\"label\":\"x\"}"));
    expect_late(a, before, 200, POST(t.text, "/v1/leads", "[{\"email\":\"a@example.com\"}]"));
    const json_t *row = json_array_get(json_object_get(a->json, "data"), 0);
    assert_int_equal(json_integer_value(json_object_get(row, "status")), 401);
    catalog_unref(before);
    assert_int_equal(tokens_of(a, m.publisher.id), n);
    expect(a, 200, GET(a->operator, path_of("/v1/contracts/%s/codes", m.contract)));
    assert_int_equal(json_array_size(json_object_get(a->json, "data")), 0);
    expect(a, 200, GET(a->operator, path_of("/v1/contracts/%s/leads", m.contract)));
    assert_int_equal(json_array_size(json_object_get(a->json, "data")), 0);
    tells(a, &m, m.contract, 5, "P:token, P:token by itself, P:token by itself retired, ");
}

/* By the time of the batch: the worker's, of its arrival, was before. */
static void what_came_by_a_token_that_expired_meanwhile_changes_nothing(void **state)
{
    struct api *a = *state;
    struct market m = market(a);
    char body[96];
    struct buf b;
    a->now_ms -= 60000;
    buf_fixed(&b, body, sizeof body - 1);
    buf_str(&b, "{\"scope\":\"credentials\",\"expires_at\":\"");
    time_rfc3339(&b, a->now_ms + 1000);
    buf_str(&b, "\"}");
    body[b.len] = '\0';
    struct minted t = mint(a, m.publisher.token, m.publisher.id, body);
    expect(a, 200, GET(t.text, path_of("/v1/parties/%s", m.publisher.id)));
    expect(a, 401, POST(t.text, path_of("/v1/parties/%s/tokens", m.publisher.id), "{}"));
    assert_string_equal(text(a, "detail"), "this API token has expired: have another one made");
    assert_int_equal(tokens_of(a, m.publisher.id), 2);
}

static enum err a_piece(struct request *rq, struct reply *reply)
{
    reply_body(rq, reply, "text/plain", SPAN("piece"));
    reply->more = a_piece;
    return ERR_OK;
}

static enum err looks_thrice(struct request *rq, struct reply *reply)
{
    size_t *turns = reply->making;
    if (++*turns == 3)
        reply_body(rq, reply, "text/plain", SPAN("found"));
    else
        reply->body = SPAN("");
    reply->more = looks_thrice;
    return ERR_OK;
}

/* What found nothing yet is asked again, in a turn of its own, and nobody is sent an empty piece. */
static void an_empty_piece_is_followed_by_the_next(void **state)
{
    struct api *a = *state;
    struct market m = market(a);
    const struct call c = GET(m.publisher.token, path_of("/v1/contracts/%s/leads", m.contract));
    size_t turns = 0;
    prepare(a, &c);
    a->reply = (struct reply){0};
    assert_true(dispatch(&a->worker, &a->rq, &a->reply));
    struct request waits = a->rq;
    struct reply reply = {.more = looks_thrice, .making = &turns};
    assert_true(dispatch_more(&a->worker, &waits, &reply));
    assert_false(reply.cut);
    assert_int_equal(turns, 3);
    assert_int_equal(reply.body.len, 5);
    catalog_unref(waits.catalog);
}

/* A read that waited for its turn, and one that goes on in pieces. */
static void reads_end_with_their_token(void **state)
{
    struct api *a = *state;
    struct market m = market(a);
    char path[128];
    struct minted t = mint(a, m.publisher.token, m.publisher.id, "{}");
    snprintf(path, sizeof path, "/v1/parties/%s/tokens/%s", m.publisher.id, t.id);
    for (int ended = 0; ended < 2; ended++) {
        const struct call c = GET(t.text, path_of("/v1/contracts/%s/leads", m.contract));
        prepare(a, &c);
        a->reply = (struct reply){0};
        assert_true(dispatch(&a->worker, &a->rq, &a->reply));
        struct request waits = a->rq;
        if (ended)
            expect(a, 200, (struct call){METHOD_DELETE, path, .token = t.text});
        struct reply reply = {0};
        assert_int_equal(dispatch_read(&a->worker, &waits, &reply), ended ? ERR_UNAUTHORIZED : ERR_OK);
        free(reply.heap);
        reply = (struct reply){.more = a_piece};
        assert_true(dispatch_more(&a->worker, &waits, &reply));
        assert_int_equal(reply.cut, ended);
        assert_int_equal(reply.body.len, ended ? 0 : 5);
        catalog_unref(waits.catalog);
    }
}

static void a_lock_is_told_and_keeps_all_of_a_partys_tokens_out(void **state)
{
    struct api *a = *state;
    struct market m = market(a);
    char path[96], token[96], party[96], later[32], body[512];
    snprintf(path, sizeof path, "/v1/parties/%s/lock", m.publisher.id);
    snprintf(token, sizeof token, "/v1/parties/%s/tokens", m.publisher.id);
    snprintf(party, sizeof party, "/v1/parties/%s", m.publisher.id);
    struct minted plain = mint(a, m.publisher.token, m.publisher.id, "{\"scope\":\"codes\"}");
    tells(a, &m, m.contract, 5, "P:token by itself, ");
    struct catalog *before = catalog_hold(a->shared.instance.catalog);
    expect(a, 403, POST(plain.text, path, "{}"));
    expect(a, 403, (struct call){METHOD_DELETE, path, .token = m.publisher.token});
    expect(a, 404, POST(m.advertiser.token, path, "{}"));
    expect(a, 200, POST(m.publisher.token, path, "{}"));
    assert_string_equal(text(a, "locked_by"), m.publisher.id);
    expect(a, 403, GET(m.publisher.token, party));
    expect(a, 403, POST(m.publisher.token, path, "{}"));
    expect_late(a, before, 403, POST(m.publisher.token, token, "{}"));
    expect_late(a, before, 403, POST(plain.text, path_of("/v1/contracts/%s/codes", m.contract), "{\"label\":\"x\"}"));
    assert_int_equal(strncmp(text(a, "detail"), "this party is locked", 20), 0);
    catalog_unref(before);
    tells(a, &m, m.contract, 5, "P:token by itself, P:lock by itself, ");
    expect(a, 200, POST(a->operator, path, "{}"));
    expect(a, 201, POST(a->operator, token, "{}"));
    tells(a, &m, m.contract, 5, "P:token by itself, P:lock by itself, P:token, ");
    snprintf(body, sizeof body, ENDED_CONTRACT, m.campaign, m.publisher.id);
    expect(a, 201, POST(a->operator, "/v1/contracts", body));
    snprintf(later, sizeof later, "%s", text(a, "id"));
    assert_int_equal(strncmp(credentials(a, &m, later, 0), "A:secret, A:token, P:secret, P:token", 36), 0);
    assert_non_null(strstr(credentials(a, &m, later, 0), "P:lock by itself, "));
    expect(a, 200, (struct call){METHOD_DELETE, path, .token = a->operator});
    assert_null(json_object_get(a->json, "locked_at"));
    expect(a, 200, (struct call){METHOD_DELETE, path, .token = a->operator});
    expect(a, 200, GET(m.publisher.token, party));
    tells(a, &m, m.contract, 5, "P:token by itself, P:lock by itself, P:token, P:lock retired, ");
    expect(a, 409, POST(a->operator, path_of("/v1/parties/%s/lock", "P0"), "{}"));
}

/* ---- a leaked token ---- */

static void end_made(struct api *a, int status, const char *who, const char *party, const char *id, int64_t since_ms)
{
    char path[128], query[64] = "made_since=";
    struct buf b;
    buf_fixed(&b, query + 11, sizeof query - 12);
    time_rfc3339(&b, since_ms);
    query[11 + b.len] = '\0';
    a->now_ms = clock_ms(); /* what is to come made nothing */
    snprintf(path, sizeof path, "/v1/parties/%s/tokens/%s", party, id);
    expect(a, status, (struct call){METHOD_DELETE, path, .query = query, .token = who});
}

static size_t ended_with_it(struct api *a, const char *what)
{
    const json_t *made = json_object_get(a->json, "made"), *one;
    size_t i, n = 0;
    json_array_foreach(made, i, one) n += strcmp(json_string_value(json_object_get(one, "what")), what) == 0;
    return n;
}

/* A moment behind all that was made so far, before all that comes. */
static int64_t moment(void)
{
    int64_t ms = clock_ms() + 1;
    while (clock_ms() <= ms)
        continue;
    return ms;
}

/* Also what a token of it made; not what it made before, nor what others made. */
static void a_leaked_token_is_stopped_with_all_that_it_made(void **state)
{
    struct api *a = *state;
    struct market m = market(a);
    const char *scope = "{\"scope\":\"credentials\"}", *party = m.publisher.id;
    char own[64], secrets[64], key[64];
    snprintf(own, sizeof own, "/v1/parties/%s", party);
    snprintf(secrets, sizeof secrets, "%s/secrets", own);
    snprintf(key, sizeof key, "%s/postback-key", own);
    struct minted leaked = mint(a, m.publisher.token, party, scope), before = mint(a, leaked.text, party, "{}");
    int64_t leaked_ms = moment();
    struct minted thiefs = mint(a, leaked.text, party, scope);
    assert_string_equal(text(a, "made_by"), leaked.id);
    struct minted second = mint(a, thiefs.text, party, "{}"), other = mint(a, m.publisher.token, party, "{}");
    expect(a, 201, POST(thiefs.text, secrets, "{}"));
    expect(a, 201, POST(m.publisher.token, secrets, "{}"));
    expect(a, 200, (struct call){METHOD_PUT, key, .body = "{\"cidrs\":[\"192.0.2.1\"]}", .token = thiefs.text});
    end_made(a, 404, m.advertiser.token, party, leaked.id, leaked_ms);
    end_made(a, 403, second.text, party, leaked.id, leaked_ms);
    end_made(a, 200, m.publisher.token, party, leaked.id, leaked_ms);
    assert_int_equal(ended_with_it(a, "token"), 2);
    assert_int_equal(ended_with_it(a, "secret"), 1);
    assert_int_equal(ended_with_it(a, "postback_key"), 1);
    expect(a, 401, GET(leaked.text, own));
    expect(a, 401, GET(thiefs.text, own));
    expect(a, 401, GET(second.text, own));
    expect(a, 200, GET(before.text, own));
    expect(a, 200, GET(other.text, own));
    expect(a, 200, GET(m.publisher.token, own));
    assert_int_equal(json_array_size(json_object_get(a->json, "kids")), 2);
    assert_null(json_object_get(a->json, "postback_key"));
    end_made(a, 200, m.publisher.token, party, leaked.id, leaked_ms);
    assert_int_equal(json_array_size(json_object_get(a->json, "made")), 0);
    end_made(a, 200, m.publisher.token, party, leaked.id, 1); /* it ended: what else it made may end after it */
    assert_int_equal(ended_with_it(a, "token"), 1);
    expect(a, 401, GET(before.text, own));
}

static struct member second_operator(struct api *a)
{
    struct member m = {0};
    expect(a, 201, POST(a->operator, "/v1/parties", "{\"kind\":\"operator\",\"name\":\"other\"}"));
    snprintf(m.id, sizeof m.id, "%s", text(a, "id"));
    snprintf(m.token, sizeof m.token, "%s", text(a, "token"));
    return m;
}

static void operators_are_governed_by_who_has_the_scope(void **state)
{
    struct api *a = *state;
    struct minted plain = mint(a, a->operator, "P0", "{\"scope\":\"credentials\"}");
    struct minted own = mint(a, plain.text, "P0", "{}");
    char path[128];
    expect(a, 403, POST(plain.text, "/v1/parties", "{\"kind\":\"operator\",\"name\":\"thief\"}"));
    expect(a, 201, POST(plain.text, "/v1/parties", "{\"kind\":\"publisher\",\"name\":\"p\"}"));
    struct member other = second_operator(a);
    expect(a, 403, POST(plain.text, path_of("/v1/parties/%s/tokens", other.id), "{}"));
    expect(a, 403, POST(plain.text, path_of("/v1/parties/%s/secrets", other.id), "{}"));
    expect(a, 403, POST(plain.text, path_of("/v1/parties/%s/lock", other.id), "{}"));
    expect(a, 403, POST(plain.text, path_of("/v1/parties/%s/lock", "P0"), "{}"));
    struct minted others = mint(a, other.token, other.id, "{}");
    snprintf(path, sizeof path, "/v1/parties/%s/tokens/%s", other.id, others.id);
    expect(a, 403, (struct call){METHOD_DELETE, path, .token = plain.text});
    expect(a, 200, (struct call){METHOD_DELETE, path, .token = a->operator});
    snprintf(path, sizeof path, "/v1/parties/P0/tokens/%s", own.id);
    expect(a, 200, (struct call){METHOD_DELETE, path, .token = plain.text});
}

static void an_operator_is_locked_as_long_as_another_is_left(void **state)
{
    struct api *a = *state;
    struct member other = second_operator(a);
    char lock[64];
    snprintf(lock, sizeof lock, "/v1/parties/%s/lock", other.id);
    expect(a, 200, POST(a->operator, lock, "{}"));
    expect(a, 403, GET(other.token, "/v1/parties"));
    expect(a, 409, POST(a->operator, "/v1/parties/P0/lock", "{}")); /* the other one is locked */
    expect(a, 200, (struct call){METHOD_DELETE, lock, .token = a->operator});
    expect(a, 200, POST(other.token, "/v1/parties/P0/lock", "{}"));
    expect(a, 403, GET(a->operator, "/v1/parties"));
    expect(a, 409, POST(other.token, lock, "{}"));
    expect(a, 200, (struct call){METHOD_DELETE, "/v1/parties/P0/lock", .token = other.token});
    struct minted plain = mint(a, other.token, other.id, "{\"scope\":\"credentials\"}");
    char path[128];
    expect(a, 200, GET(other.token, path_of("/v1/parties/%s/tokens", other.id)));
    const json_t *data = json_object_get(a->json, "data"), *one;
    size_t i;
    path[0] = '\0';
    json_array_foreach(data, i, one) if (strcmp(json_string_value(json_object_get(one, "id")), plain.id) != 0) snprintf(
        path, sizeof path, "/v1/parties/%s/tokens/%s", other.id, json_string_value(json_object_get(one, "id")));
    expect(a, 200, (struct call){METHOD_DELETE, path, .token = a->operator});
    expect(a, 200, GET(plain.text, "/v1/parties"));
    expect(a, 409, POST(a->operator, "/v1/parties/P0/lock", "{}")); /* nobody with the scope to unlock it is left */
}

/* The id of the one token of the party. */
static void only_id(struct api *a, const char *token, const char *party, char id[32])
{
    expect(a, 200, GET(token, path_of("/v1/parties/%s/tokens", party)));
    const json_t *data = json_object_get(a->json, "data");
    assert_int_equal(json_array_size(data), 1);
    snprintf(id, 32, "%s", json_string_value(json_object_get(json_array_get(data, 0), "id")));
}

static void end_token(struct api *a, int status, const char *who, const char *party, const char *id)
{
    char path[96];
    snprintf(path, sizeof path, "/v1/parties/%s/tokens/%s", party, id);
    expect(a, status, (struct call){METHOD_DELETE, path, .token = who});
}

/* Else nobody would be left who could make another, until the server is stopped. */
static void the_last_token_that_makes_others_is_replaced_and_not_ended(void **state)
{
    struct api *a = *state;
    char first[32], body[96];
    only_id(a, a->operator, "P0", first);
    struct minted plain = mint(a, a->operator, "P0", "{\"scope\":\"credentials\"}");
    end_token(a, 409, a->operator, "P0", first);
    end_token(a, 409, plain.text, "P0", first);
    end_made(a, 409, a->operator, "P0", first, 1);
    assert_non_null(strstr(text(a, "detail"), "replaces"));
    snprintf(body, sizeof body, "{\"replaces\":\"%s\"}", first);
    expect(a, 409, POST(a->operator, "/v1/parties/P0/tokens", body)); /* which would have no scope */
    assert_string_equal(text(a, "field"), "scope");
    expect(a, 200, GET(plain.text, "/v1/parties")); /* none of these changed anything */
    struct member other = second_operator(a);
    expect(a, 200, POST(a->operator, path_of("/v1/parties/%s/lock", other.id), "{}"));
    end_token(a, 409, a->operator, "P0", first); /* the other one is locked */
    snprintf(body, sizeof body, "{\"replaces\":\"%s\",\"scope\":\"credentials operators\"}", first);
    expect(a, 201, POST(a->operator, "/v1/parties/P0/tokens", body));
    char newest[64];
    snprintf(newest, sizeof newest, "%s", text(a, "token"));
    expect(a, 401, GET(a->operator, "/v1/parties"));
    end_token(a, 200, plain.text, "P0", plain.id);
    expect(a, 200, (struct call){METHOD_DELETE, path_of("/v1/parties/%s/lock", other.id), .token = newest});
    expect(a, 200, GET(newest, path_of("/v1/parties/%s/tokens", "P0")));
    only_id(a, newest, "P0", first);
    end_token(a, 200, newest, "P0", first); /* the other one has another */
    only_id(a, other.token, other.id, first);
    end_token(a, 409, other.token, other.id, first);
}

/* He makes himself a new one by the token that leaked, and stops that with all that it made since. */
static void who_stops_a_thief_is_not_locked_out_with_it(void **state)
{
    struct api *a = *state;
    char leaked[32];
    const char *all = "{\"scope\":\"credentials operators\"}";
    only_id(a, a->operator, "P0", leaked);
    int64_t since_ms = moment();
    struct minted thiefs = mint(a, a->operator, "P0", all), own = mint(a, a->operator, "P0", all);
    struct minted owns = mint(a, own.text, "P0", "{}");
    end_made(a, 200, own.text, "P0", leaked, since_ms);
    assert_int_equal(ended_with_it(a, "token"), 1);
    expect(a, 401, GET(a->operator, "/v1/parties"));
    expect(a, 401, GET(thiefs.text, "/v1/parties"));
    expect(a, 200, GET(own.text, "/v1/parties"));
    expect(a, 200, GET(owns.text, "/v1/parties"));
    end_made(a, 409, own.text, "P0", own.id, since_ms); /* his own he names */
}

static void no_token_gives_a_scope_that_it_lacks(void **state)
{
    struct api *a = *state;
    struct market m = market(a);
    struct minted some = mint(a, m.advertiser.token, m.advertiser.id, "{\"scope\":\"credentials  codes\"}");
    assert_string_equal(text(a, "scope"), "codes credentials");
    const char *path = path_of("/v1/parties/%s/tokens", m.advertiser.id);
    static const struct {
        const char *body;
        int status;
    } rows[] = {
        {"{\"scope\":\"codes\"}", 201},     {"{\"scope\":\"codes credentials\"}", 201},
        {"{\"scope\":\"campaigns\"}", 403}, {"{\"scope\":\"codes campaigns\"}", 403},
        {"{\"scope\":\"clock\"}", 422},     {"{\"scope\":\"operators\"}", 422},
        {"{\"scope\":\"Codes\"}", 422},     {"{\"scope\":\"codes,credentials\"}", 422},
        {"{\"scope\":\"\"}", 422},          {"{\"scope\":7}", 422},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect(a, rows[i].status, POST(some.text, path, rows[i].body));
}

/* Somebody with its token has used all of a day's. */
static void a_party_whose_quota_a_thief_used_up_still_changes_its_credentials(void **state)
{
    struct api *a = *state;
    struct market m = market(a);
    char tokens[64], secrets[64], body[64], old[32], own[64];
    snprintf(own, sizeof own, "/v1/parties/%s", m.publisher.id);
    snprintf(tokens, sizeof tokens, "%s/tokens", own);
    snprintf(secrets, sizeof secrets, "%s/secrets", own);
    a->settings->options.quota_tokens.number = a->settings->options.quota_secrets.number = 2;
    expect(a, 200, GET(m.publisher.token, own));
    snprintf(old, sizeof old, "%s", json_string_value(json_array_get(json_object_get(a->json, "kids"), 0)));
    struct minted thiefs = mint(a, m.publisher.token, m.publisher.id, "{\"scope\":\"credentials\"}");
    expect(a, 201, POST(thiefs.text, secrets, "{}"));
    expect(a, 409, POST(m.publisher.token, tokens, "{}"));
    expect(a, 409, POST(m.publisher.token, secrets, "{}"));
    snprintf(body, sizeof body, "{\"replaces\":\"%s\"}", thiefs.id);
    expect(a, 409, POST(m.publisher.token, tokens, body)); /* it was made today, and counts for as long */
    expect(a, 409, POST(a->operator, tokens, "{}"));       /* so many are good */
    expect(a, 201, POST(a->operator, tokens, body));
    expect(a, 401, GET(thiefs.text, own));
    expect(a, 409, POST(a->operator, tokens, body)); /* it has ended */
    snprintf(body, sizeof body, "{\"replaces\":\"%s\"}", old);
    expect(a, 201, POST(a->operator, secrets, body));
    expect(a, 409, POST(a->operator, secrets, body));
    snprintf(body, sizeof body, "{\"replaces\":\"%s\"}", "KNOBODYS");
    expect(a, 409, POST(a->operator, secrets, body));
    expect(a, 200, GET(m.publisher.token, own));
    assert_int_equal(json_array_size(json_object_get(a->json, "kids")), 2);
}

/* By who is no operator one that was switched off counts for a month more. */
static void codes_that_are_off_make_room(void **state)
{
    struct api *a = *state;
    struct market m = market(a);
    char codes[96], one[192];
    snprintf(codes, sizeof codes, "/v1/contracts/%s/codes", m.contract);
    a->settings->options.quota_codes.number = 1;
    expect(a, 201, POST(m.publisher.token, codes, "{\"label\":\"a\"}"));
    snprintf(one, sizeof one, "%s/%s", codes, text(a, "code"));
    expect(a, 409, POST(a->operator, codes, "{\"label\":\"b\"}"));
    expect(a, 200, (struct call){METHOD_PATCH, one, .body = "{\"off\":true}", .token = m.publisher.token});
    expect(a, 409, POST(m.publisher.token, codes, "{\"label\":\"b\"}"));
    expect(a, 201, POST(a->operator, codes, "{\"label\":\"b\"}"));
    expect(a, 409, (struct call){METHOD_PATCH, one, .body = "{\"off\":false}", .token = a->operator});
    expect(a, 200, (struct call){METHOD_PATCH, one, .body = "{\"label\":\"c\",\"off\":true}", .token = a->operator});
}

/* Of its own names a party says the legal one itself. */
static void a_name_is_the_operators_to_change_and_stands_in_no_log(void **state)
{
    struct api *a = *state;
    struct market m = market(a);
    char path[96], before[512];
    snprintf(path, sizeof path, "/v1/parties/%s", m.publisher.id);
    snprintf(before, sizeof before, "%s", kinds(a, m.contract));
    expect(a, 200, (struct call){METHOD_PATCH, path, .body = "{\"name\":\"Nova\"}", .token = a->operator});
    assert_string_equal(text(a, "name"), "Nova");
    expect(a, 403, (struct call){METHOD_PATCH, path, .body = "{\"name\":\"Mine\"}", .token = m.publisher.token});
    expect(a, 400, (struct call){METHOD_PATCH, path, .body = "{}", .token = a->operator});
    expect(a, 422, (struct call){METHOD_PATCH, path, .body = "{\"name\":\" \"}", .token = a->operator});
    assert_string_equal(kinds(a, m.contract), before);
    expect(a, 200,
           (struct call){METHOD_PATCH, path, .body = "{\"legal\":{\"name\":\"Nova SA\"}}", .token = m.publisher.token});
    assert_string_equal(text(a, "name"), "Nova");
    assert_string_not_equal(kinds(a, m.contract), before);
}

/* As the list has it once the server wrote it down, in about a second; "": it has not been used. */
static const char *last_used(struct api *a, const char *party, const char *id)
{
    static char at[64];
    json_t *t;
    size_t i;
    at[0] = '\0';
    expect(a, 200, GET(a->operator, path_of("/v1/parties/%s/tokens", party)));
    json_array_foreach(json_object_get(a->json, "data"), i, t)
    {
        const char *said = json_string_value(json_object_get(t, "last_used_at"));
        if (strcmp(json_string_value(json_object_get(t, "id")), id) == 0 && said != NULL)
            snprintf(at, sizeof at, "%s", said);
    }
    return at;
}

static void last_use_is_told(void **state)
{
    struct api *a = *state;
    struct market m = market(a);
    struct minted t = mint(a, m.publisher.token, m.publisher.id, "{}");
    char want[64];
    struct buf b;
    buf_fixed(&b, want, sizeof want - 1);
    time_rfc3339(&b, a->now_ms);
    want[b.len] = '\0';
    assert_string_equal(last_used(a, m.publisher.id, t.id), "");
    expect(a, 200, GET(t.text, path_of("/v1/parties/%s", m.publisher.id)));
    for (int n = 0; n < 1000 && last_used(a, m.publisher.id, t.id)[0] == '\0'; n++)
        usleep(10000);
    assert_string_equal(last_used(a, m.publisher.id, t.id), want);
}

static void an_expiry_is_a_time_to_come(void **state)
{
    struct api *a = *state;
    struct market m = market(a);
    static const char *const bad[] = {"{\"expires_at\":\"tomorrow\"}",
                                      "{\"expires_at\":\"2020-01-01T00:00:00Z\"}",
                                      "{\"expires_at\":1}",
                                      "{\"scope\":\"all\"}",
                                      "{\"scope\":\"\"}",
                                      "{\"name\":\"x\"}"};
    const char *path = path_of("/v1/parties/%s/tokens", m.publisher.id);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        run(a, POST(m.publisher.token, path, bad[i]));
        assert_in_set(a->status, ((LargestIntegralType[]){400, 422}), 2);
    }
    expect(a, 201, POST(m.publisher.token, path, "{\"expires_at\":\"2100-01-01T00:00:00+01:00\"}"));
    assert_string_equal(text(a, "expires_at"), "2099-12-31T23:00:00.000Z");
}

/* ---- Idempotency-Key ---- */

static const char PARTY[] = "{\"kind\":\"publisher\",\"name\":\"p\"}";

static void the_same_key_gets_the_first_answer(void **state)
{
    struct api *a = *state;
    char first[1024];
    expect(a, 201, POST(a->operator, "/v1/parties", PARTY, .key = "k1"));
    snprintf(first, sizeof first, "%.*s", (int)a->body.len, a->body.ptr);
    expect(a, 201, POST(a->operator, "/v1/parties", PARTY, .key = "k1"));
    assert_int_equal(a->body.len, strlen(first));
    assert_memory_equal(a->body.ptr, first, a->body.len);
    assert_string_equal(header(a, "Idempotent-Replayed"), "true");
}

static void the_same_key_for_another_request_is_a_conflict(void **state)
{
    struct api *a = *state;
    expect(a, 201, POST(a->operator, "/v1/parties", PARTY, .key = "k1"));
    expect(a, 409, POST(a->operator, "/v1/parties", "{\"kind\":\"auditor\",\"name\":\"p\"}", .key = "k1"));
    expect(a, 409, POST(a->operator, path_of("/v1/parties/%s/tokens", "P0"), "{}", .key = "k1"));
}

static void a_failed_request_keeps_no_answer(void **state)
{
    struct api *a = *state;
    expect(a, 422, POST(a->operator, "/v1/parties", "{\"kind\":\"king\",\"name\":\"p\"}", .key = "k1"));
    expect(a, 201, POST(a->operator, "/v1/parties", PARTY, .key = "k1"));
}

static void a_stored_answer_is_sealed(void **state)
{
    struct api *a = *state;
    struct cursor *c;
    struct span key, value;
    expect(a, 201, POST(a->operator, "/v1/parties", PARTY, .key = "k1"));
    struct txn *t = fixture_begin(&a->f, false);
    assert_ok(cursor_open(t, TABLE_IDEMPOTENCY, &c));
    assert_ok(cursor_seek(c, SPAN(""), &key, &value));
    assert_null(memmem(value.ptr, value.len, "whsec_", 6));
    assert_null(memmem(value.ptr, value.len, "\"token\"", 7));
    cursor_close(c);
    txn_abort(t);
}

/* Of what is not sealed, the status is told to the caller. */
static void a_stored_answer_that_was_no_success_is_damage(void **state)
{
    enum { STATUS_AT = 8 + HASH_LEN };
    static const uint16_t statuses[] = {0, 199, 300, 404};
    struct api *a = *state;
    struct buf row;
    struct span key, value;
    buf_heap(&row);
    expect(a, 201, POST(a->operator, "/v1/parties", PARTY, .key = "k1"));
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        struct txn *t = fixture_begin(&a->f, true);
        struct cursor *c;
        assert_ok(cursor_open(t, TABLE_IDEMPOTENCY, &c));
        assert_ok(cursor_seek(c, SPAN(""), &key, &value));
        uint8_t own[16];
        memcpy(own, key.ptr, sizeof own);
        buf_clear(&row);
        buf_span_add(&row, value);
        cursor_close(c);
        store_be16(row.ptr + STATUS_AT, statuses[i]);
        assert_ok(store_put(t, TABLE_IDEMPOTENCY, span_of(own, sizeof own), buf_span(&row)));
        assert_ok(txn_commit(t));
        expect(a, 500, POST(a->operator, "/v1/parties", PARTY, .key = "k1"));
    }
    buf_free(&row);
}

static size_t idempotency_rows(struct api *a)
{
    struct cursor *c;
    struct span key, value;
    size_t n = 0;
    struct txn *t = fixture_begin(&a->f, false);
    assert_ok(cursor_open(t, TABLE_IDEMPOTENCY, &c));
    enum err step;
    for (step = cursor_seek(c, SPAN(""), &key, &value); step == ERR_OK; step = cursor_next(c, &key, &value))
        n++;
    assert_ok(cursor_end(step));
    cursor_close(c);
    txn_abort(t);
    return n;
}

static void keys_are_forgotten_after_a_day(void **state)
{
    struct api *a = *state;
    char key[16];
    for (int i = 0; i < 20; i++) {
        snprintf(key, sizeof key, "old%d", i);
        expect(a, 201, POST(a->operator, "/v1/parties", PARTY, .key = key));
    }
    a->now_ms += MS_PER_DAY + 1;
    expect(a, 201, POST(a->operator, "/v1/parties", "{\"kind\":\"auditor\",\"name\":\"p\"}", .key = "old0"));
    assert_string_equal(header(a, "Idempotent-Replayed"), "");
    for (int i = 0; i < 20; i++) {
        snprintf(key, sizeof key, "new%d", i);
        expect(a, 201, POST(a->operator, "/v1/parties", PARTY, .key = key));
    }
    assert_in_range(idempotency_rows(a), 20, 32); /* 41 without pruning */
}

static void idempotency_keys_past_their_bounds_are_refused(void **state)
{
    struct api *a = *state;
    char longest[300];
    memset(longest, 'k', sizeof longest);
    longest[255] = '\0';
    expect(a, 201, POST(a->operator, "/v1/parties", PARTY, .key = longest));
    longest[255] = 'k';
    longest[256] = '\0';
    const char *keys[] = {"", "a\tb", "\xc3\xa9", longest};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        expect(a, 400, POST(a->operator, "/v1/parties", PARTY, .key = keys[i]));
        assert_string_equal(text(a, "field"), "Idempotency-Key");
    }
}

/* ---- lists ---- */

static void bad_query_parameters_are_refused_by_name(void **state)
{
    static const struct {
        const char *query, *field;
    } cases[] = {{"colour=1", "colour"},       {"limit=0", "limit"},   {"limit=201", "limit"},
                 {"limit=1&limit=2", "limit"}, {"limit=%zz", "limit"}, {"after=P99", "after"},
                 {"after=%ff", "after"},       {"limit=-1", "limit"},  {"limit=", "limit"}};
    struct api *a = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        expect(a, 400, GET(a->operator, "/v1/parties", .query = cases[i].query));
        assert_string_equal(text(a, "field"), cases[i].field);
    }
}

static void pages_of_codes_end(void **state)
{
    enum { CODES = 7, PAGE = 3 };
    struct api *a = *state;
    struct market m = market(a);
    char path[64], query[128] = "limit=3";
    snprintf(path, sizeof path, "/v1/contracts/%s/codes", m.contract);
    for (int i = 0; i < CODES; i++)
        expect(a, 201, POST(m.publisher.token, path, "{\"label\":\"l\"}"));
    size_t seen = 0, pages = 0;
    for (;; pages++) {
        expect(a, 200, GET(m.publisher.token, path, .query = query));
        seen += json_array_size(json_object_get(a->json, "data"));
        if (json_object_get(a->json, "next") == NULL)
            break;
        assert_int_equal(seen, (pages + 1) * PAGE);
        snprintf(query, sizeof query, "limit=3&after=%s", text(a, "next"));
    }
    assert_int_equal(seen, CODES);
    assert_int_equal(pages, CODES / PAGE);
}

static void bodies_of_other_types_are_refused(void **state)
{
    struct api *a = *state;
    expect(a, 415, POST(a->operator, "/v1/parties", PARTY, .type = "text/plain"));
    expect(a, 201, POST(a->operator, "/v1/parties", PARTY, .type = "application/json; charset=utf-8"));
}

/* ---- statements ---- */

/* Else there is nothing for a second statement. */
static void earn(struct api *a, const struct market *m)
{
    expect(a, 201,
           POST(a->operator, path_of("/v1/contracts/%s/adjustments", m->contract), "{\"micros\":1,\"reason\":\"r\"}"));
}

static void settle(struct api *a, const struct market *m, char id[32])
{
    expect(a, 201, POST(a->operator, path_of("/v1/contracts/%s/statements", m->contract), "{}"));
    snprintf(id, 32, "%s", text(a, "id"));
}

static void statements_are_listed_in_order_of_issue(void **state)
{
    struct api *a = *state;
    struct market m = market(a);
    char id[4][32];
    for (int i = 0; i < 4; i++) {
        earn(a, &m);
        settle(a, &m, id[i]);
    }
    expect(a, 200, GET(m.publisher.token, "/v1/statements", .query = "limit=3"));
    assert_string_equal(text(a, "next"), id[2]);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(
            json_string_value(json_object_get(json_array_get(json_object_get(a->json, "data"), i), "id")), id[i]);
}

/* id 00 part. */
static void a_statements_parts_stand_under_its_id(void **state)
{
    static const char *const parts[] = {"jws", "lines", "checkpoint"};
    struct api *a = *state;
    struct market m = market(a);
    char id[32], key[64];
    settle(a, &m, id);
    struct txn *t = fixture_begin(&a->f, false);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        struct span value;
        int len = snprintf(key, sizeof key, "%s%c%s", id, '\0', parts[i]);
        assert_ok(store_get(t, TABLE_STATEMENTS, span_of(key, (size_t)len), &value));
    }
    txn_abort(t);
}

/* Of another contract's statement as well: its rows are not written over. */
static void a_statement_takes_no_id_that_is_taken(void **state)
{
    struct api *a = *state;
    struct market m = market(a);
    char id[LIMIT_ID + 1], room[STATEMENT_KEY_MAX];
    struct span key;
    statement_id(span_str(m.contract), 1, id);
    assert_ok(statement_key(span_str(id), SPAN("jws"), room, &key));
    struct txn *t = fixture_begin(&a->f, true);
    assert_ok(store_put(t, TABLE_STATEMENTS, key, SPAN("another's")));
    assert_ok(txn_commit(t));
    expect(a, 500, POST(a->operator, path_of("/v1/contracts/%s/statements", m.contract), "{}"));
}

static void a_statement_that_rests_on_what_changes_is_made_again_eight_times(void **state)
{
    static const struct {
        const char *key;
        unsigned surprises, runs;
        int status;
    } cases[] = {{"1", 1, 2, 201}, {"2", 7, 8, 201}, {"3", 9, 8, 503}};
    struct api *a = *state;
    struct market m = market(a);
    char path[128];
    snprintf(path, sizeof path, "/v1/contracts/%s/statements", m.contract);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        earn(a, &m);
        atomic_store(&surprises, cases[i].surprises);
        atomic_store(&statements_run, 0);
        expect(a, cases[i].status, POST(a->operator, path, "{}", .key = cases[i].key));
        assert_int_equal(atomic_load(&statements_run), cases[i].runs);
    }
    assert_string_equal(header(a, "Retry-After"), "1");
    atomic_store(&surprises, 0);
    expect(a, 201, POST(a->operator, path, "{}", .key = "1"));
    assert_string_equal(header(a, "Idempotent-Replayed"), "true");
    expect(a, 201, POST(a->operator, path, "{}", .key = "3"));
    assert_int_equal(json_integer_value(json_object_get(a->json, "number")), 3);
}

static void a_statement_comes_in_the_format_asked_for(void **state)
{
    static const struct {
        const char *accept, *query, *type;
    } cases[] = {
        {NULL, NULL, "application/jose+json"},
        {"*/*", NULL, "application/jose+json"},
        {"application/jose+json", NULL, "application/jose+json"},
        {"text/html,application/xhtml+xml,*/*;q=0.8", NULL, "text/html; charset=utf-8"},
        {"text/csv", NULL, "text/csv; charset=utf-8"},
        {"text/csv, text/html", NULL, "text/csv; charset=utf-8"},
        {"text/csv", "format=html", "text/html; charset=utf-8"},
        {"text/html", "format=jws", "application/jose+json"},
        {"text/html", "format=jose", "application/jose+json"},
        {"Text/HTML", NULL, "text/html; charset=utf-8"},
        {"text/html;q=0.5, text/csv", NULL, "text/csv; charset=utf-8"},
        {"text/html;q=0.5,\ttext/csv;Q=0.51", NULL, "text/csv; charset=utf-8"},
        {"text/csv;q=0.8,text/html;q=0.8", NULL, "text/csv; charset=utf-8"},
        {"text/html;level=1;q=0.1, */*;q=0.2", NULL, "application/jose+json"},
        {"text/html;q=0", NULL, "application/jose+json"},
        {"text/html;q=2, text/csv;q=0.001", NULL, "text/csv; charset=utf-8"},
        {"text/htmlx, text/csv;q=0.3", NULL, "text/csv; charset=utf-8"},
        {"text/*", NULL, "text/html; charset=utf-8"},
        {"application/pdf", NULL, "application/jose+json"},
        {",;,/;q=", NULL, "application/jose+json"},
    };
    struct api *a = *state;
    struct market m = market(a);
    char id[32];
    settle(a, &m, id);
    const char *path = path_of("/v1/statements/%s", id);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        expect(a, 200, GET(m.publisher.token, path, .accept = cases[i].accept, .query = cases[i].query));
        assert_int_equal(a->reply.content_type.len, strlen(cases[i].type));
        assert_memory_equal(a->reply.content_type.ptr, cases[i].type, strlen(cases[i].type));
    }
    expect(a, 400, GET(m.publisher.token, path, .query = "format=pdf"));
    expect(a, 401, GET(NULL, path));
    expect(a, 401, GET("cst_nobody", path));
}

/* ---- a page read again, which proves nothing again that was proved ---- */

static enum err stored(struct api *a, struct span key, struct span value)
{
    struct txn *t = fixture_begin(&a->f, true);
    enum err err = store_put(t, TABLE_STATEMENTS, key, value);
    return err == ERR_OK ? txn_commit(t) : err;
}

/* The row's bytes with one bit of byte `at` changed, or with one more byte, as the statement is read between. */
static void is_refused_with_another_byte(struct api *a, const char *path, const char *token, struct span key,
                                         const struct buf *row, size_t at)
{
    struct buf other;
    buf_heap(&other);
    buf_span_add(&other, buf_span(row));
    if (at < row->len)
        other.ptr[at] = (char)(other.ptr[at] ^ 1);
    else
        buf_byte(&other, '\n');
    assert_ok(stored(a, key, buf_span(&other)));
    run(a, GET(token, path, .query = "format=html"));
    if (a->status == 200)
        fail_msg("%.*s with another byte %zu is shown", (int)key.len, key.ptr, at);
    assert_ok(stored(a, key, buf_span(row)));
    expect(a, 200, GET(token, path, .query = "format=html"));
    buf_free(&other);
}

static void a_statement_that_was_proved_is_proved_again_with_another_byte(void **state)
{
    static const char *const parts[] = {"jws", "lines", "checkpoint"};
    enum { EACH = 7 }; /* bytes; the last ones too */
    struct api *a = *state;
    struct market m = market(a);
    char id[32];
    earn(a, &m);
    settle(a, &m, id);
    const char *path = path_of("/v1/statements/%s", id);
    expect(a, 200, GET(m.publisher.token, path, .query = "format=html"));
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char room[STATEMENT_KEY_MAX];
        struct span key, value;
        struct buf row;
        buf_heap(&row);
        assert_ok(statement_key(span_str(id), span_str(parts[i]), room, &key));
        struct txn *t = fixture_begin(&a->f, false);
        assert_ok(store_get(t, TABLE_STATEMENTS, key, &value));
        buf_span_add(&row, value);
        txn_abort(t);
        for (size_t at = i == 1 ? BUNDLE_LEN - HASH_LEN : 0; at < row.len; at += row.len - at <= EACH ? 1 : EACH)
            is_refused_with_another_byte(a, path, m.publisher.token, key, &row, at);
        is_refused_with_another_byte(a, path, m.publisher.token, key, &row, row.len);
        buf_free(&row);
    }
}

static void all_that_a_proof_stands_on_is_in_its_sum(void **state)
{
    (void)state;
    uint8_t keys[3][ED25519_KEY_LEN] = {{1}, {2}, {3}};
    const struct note_key log[2] = {{SPAN("a"), {1}}, {SPAN("a"), {2}}}, renamed[2] = {{SPAN("b"), {1}}, log[1]};
    const struct fitting_on on[] = {
        {SPAN("jws"), SPAN("bundle"), SPAN("note"), keys, 2, log, 2},
        {SPAN("jwt"), SPAN("bundle"), SPAN("note"), keys, 2, log, 2},
        {SPAN("jws"), SPAN("bundlf"), SPAN("note"), keys, 2, log, 2},
        {SPAN("jws"), SPAN("bundle"), SPAN("notf"), keys, 2, log, 2},
        {SPAN("jwsb"), SPAN("undle"), SPAN("note"), keys, 2, log, 2}, /* the same bytes, cut elsewhere */
        {SPAN("jws"), SPAN("bundlen"), SPAN("ote"), keys, 2, log, 2},
        {SPAN("jws"), SPAN("bundle"), SPAN("note"), keys + 1, 2, log, 2},
        {SPAN("jws"), SPAN("bundle"), SPAN("note"), keys, 1, log, 2},
        {SPAN("jws"), SPAN("bundle"), SPAN("note"), keys, 2, log, 1},
        {SPAN("jws"), SPAN("bundle"), SPAN("note"), keys, 2, log + 1, 1},
        {SPAN("jws"), SPAN("bundle"), SPAN("note"), keys, 2, renamed, 2},
    };
    enum { N = sizeof on / sizeof *on };
    struct hash sum[N], root;
    struct fitting *f = fitting_new();
    uint64_t size;
    for (size_t i = 0; i < N; i++) {
        fitting_sum(&on[i], &sum[i]);
        for (size_t k = 0; k < i; k++)
            if (memcmp(sum[i].b, sum[k].b, HASH_LEN) == 0)
                fail_msg("%zu and %zu have one sum", k, i);
    }
    assert_false(fitting_known(f, &(struct hash){{0}}, &size, &root)); /* no place is taken at first */
    fitting_keep(f, &sum[0], 7, &sum[1]);
    assert_true(fitting_known(f, &sum[0], &size, &root));
    assert_true(size == 7 && memcmp(root.b, sum[1].b, HASH_LEN) == 0);
    for (size_t byte = 0; byte < HASH_LEN; byte++) {
        struct hash other = sum[0];
        other.b[byte] ^= 1;
        assert_false(fitting_known(f, &other, &size, &root));
    }
    fitting_free(f);
    fitting_free(NULL);
}

static void a_share_link_opens_its_statement_alone(void **state)
{
    struct api *a = *state;
    struct market m = market(a);
    char first[32], second[32], query[128];
    settle(a, &m, first);
    earn(a, &m);
    settle(a, &m, second);
    expect(a, 201, POST(m.publisher.token, path_of("/v1/statements/%s/shares", first), "{}"));
    snprintf(query, sizeof query, "%s", strstr(json_string_value(json_object_get(a->json, "url")), "share="));
    expect(a, 200, GET(NULL, path_of("/v1/statements/%s", first), .query = query));
    expect(a, 404, GET(NULL, path_of("/v1/statements/%s", second), .query = query));
    expect(a, 401, GET(NULL, path_of("/v1/statements/%s/lines", first)));
    query[strlen(query) - 1] ^= 1;
    expect(a, 404, GET(NULL, path_of("/v1/statements/%s", first), .query = query));
}

static const char *response(struct api *a, const struct member *who, const char *statement, const char *verdict,
                            int64_t at_ms)
{
    static char jws[2048];
    char sha256[80];
    struct buf b;
    expect(a, 200, GET(a->operator, "/v1/statements"));
    json_t *rows = json_object_get(a->json, "data"), *row;
    size_t i;
    json_array_foreach(rows, i, row) if (strcmp(json_string_value(json_object_get(row, "id")), statement) == 0)
        snprintf(sha256, sizeof sha256, "%s", json_string_value(json_object_get(row, "sha256")));
    struct signer *s = signer_new(who->seed);
    buf_fixed(&b, jws, sizeof jws - 1);
    response_jws(&b, s, a->shared.instance.public_url, who->id, sha256, verdict, "",
                 strcmp(verdict, "dispute") == 0 ? "none of it" : "", at_ms);
    jws[b.len] = '\0';
    signer_free(s);
    return jws;
}

static void the_last_answer_of_a_side_counts(void **state)
{
    struct api *a = *state;
    struct market m = market(a);
    char id[32], path[64];
    put_key(a, &m.publisher);
    settle(a, &m, id);
    snprintf(path, sizeof path, "/v1/statements/%s/responses", id);
    expect(a, 409,
           POST(m.advertiser.token, path, response(a, &m.advertiser, id, "accept", a->now_ms))); /* no key yet */
    const struct {
        int status;
        const char *verdict;
        int64_t at_ms;
    } said[] = {{201, "accept", 2000},  {200, "accept", 2000}, {422, "dispute", 2000}, {422, "dispute", 1999},
                {201, "dispute", 2001}, {422, "accept", 2000}, {200, "dispute", 2001}};
    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        expect(a, said[i].status,
               POST(m.publisher.token, path, response(a, &m.publisher, id, said[i].verdict, a->now_ms + said[i].at_ms),
                    .type = "application/jose"));
    expect(a, 200, GET(m.advertiser.token, path)); /* also who is silent */
    assert_int_equal(json_array_size(json_object_get(a->json, "data")), 2);
    assert_string_equal(kinds(a, m.contract), "terms key statement response response ");
}

/* ---- answers ---- */

static void a_new_key_leaves_the_kids(void **state)
{
    struct api *a = *state;
    struct market m = market(a);
    char path[64];
    put_key(a, &m.publisher);
    assert_int_equal(json_array_size(json_object_get(a->json, "kids")), 1);
    json_t *answer = json_incref(a->json);
    snprintf(path, sizeof path, "/v1/parties/%s", m.publisher.id);
    expect(a, 200, GET(m.publisher.token, path));
    assert_true(json_equal(a->json, answer));
    json_decref(answer);
}

static void a_grant_names_a_party_or_an_auditor(void **state)
{
    struct api *a = *state;
    struct market m = market(a);
    struct member auditor = member(a, "auditor");
    char path[64], body[128];
    snprintf(path, sizeof path, "/v1/contracts/%s/grants", m.contract);
    snprintf(body, sizeof body, "{\"auditor\":\"%s\"}", auditor.id);
    expect(a, 201, POST(a->operator, path, body));
    assert_string_equal(text(a, "party"), auditor.id);
    snprintf(body, sizeof body, "{\"party\":\"%s\"}", auditor.id);
    expect(a, 200, POST(a->operator, path, body)); /* it stands */
    snprintf(body, sizeof body, "{\"auditor\":\"%s\",\"party\":\"%s\"}", auditor.id, auditor.id);
    expect(a, 422, POST(a->operator, path, body));
    assert_string_equal(text(a, "field"), "auditor");
    snprintf(body, sizeof body, "{\"auditor\":\"%s\"}", m.publisher.id);
    expect(a, 422, POST(a->operator, path, body));
    assert_string_equal(text(a, "field"), "auditor");
    expect(a, 422, POST(a->operator, path, "{}"));
    assert_string_equal(text(a, "field"), "party");
}

static void open_times_are_left_out(void **state)
{
    struct api *a = *state;
    struct market m = market(a);
    char path[64];
    snprintf(path, sizeof path, "/v1/contracts/%s", m.contract);
    expect(a, 200, GET(a->operator, path));
    assert_null(json_object_get(a->json, "starts_at"));
    assert_null(json_object_get(a->json, "ends_at"));
    expect(a, 200, (struct call){METHOD_PATCH, path, .body = "{\"ends_at\":\"2100-01-01T00:00:00Z\"}", .token = a->operator});
    assert_string_equal(text(a, "ends_at"), "2100-01-01T00:00:00.000Z");
    assert_null(json_object_get(a->json, "starts_at"));
}

/* ---- checkpoints ---- */

static void a_log_before_its_first_sweep_is_empty(void **state)
{
    struct api *a = *state;
    struct market m = market(a);
    char path[64];
    snprintf(path, sizeof path, "/log/%s/checkpoint", m.contract);
    expect(a, 200, GET(m.publisher.token, path));
    assert_true(span_starts(a->body, "t.example/log/"));
    expect(a, 404, GET(member(a, "publisher").token, path));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(entry_0_is_the_terms),
        T(what_is_made_for_a_party_stands_in_its_logs),
        T(however_much_is_made_is_told_once_in_each_log),
        T(a_key_goes_to_every_contract_of_its_party),
        T(later_contracts_start_with_the_keys),
        T(a_campaign_change_is_new_terms_in_every_contract),
        T(a_contract_change_is_new_terms_in_that_contract),
        T(terms_are_compiled_once_and_by_what_is_committed),
        T(a_refused_change_leaves_no_entry),
        T(a_retired_secret_is_gone_and_the_new_one_stays),
        T(a_token_that_was_ended_opens_nothing_and_the_logs_tell_of_it),
        T(a_token_without_the_scope_makes_and_ends_no_credentials),
        T(a_leaked_token_is_stopped_with_all_that_it_made),
        T(operators_are_governed_by_who_has_the_scope),
        T(an_operator_is_locked_as_long_as_another_is_left),
        T(the_last_token_that_makes_others_is_replaced_and_not_ended),
        T(who_stops_a_thief_is_not_locked_out_with_it),
        T(no_token_gives_a_scope_that_it_lacks),
        T(a_party_whose_quota_a_thief_used_up_still_changes_its_credentials),
        T(codes_that_are_off_make_room),
        T(tokens_are_listed_until_they_end_page_by_page),
        T(a_party_has_so_many_tokens),
        T(what_came_by_a_token_that_ended_meanwhile_changes_nothing),
        T(what_came_by_a_token_that_expired_meanwhile_changes_nothing),
        T(an_empty_piece_is_followed_by_the_next),
        T(reads_end_with_their_token),
        T(a_lock_is_told_and_keeps_all_of_a_partys_tokens_out),
        T(a_name_is_the_operators_to_change_and_stands_in_no_log),
        T(last_use_is_told),
        T(an_expiry_is_a_time_to_come),
        T(the_same_key_gets_the_first_answer),
        T(the_same_key_for_another_request_is_a_conflict),
        T(a_failed_request_keeps_no_answer),
        T(a_stored_answer_is_sealed),
        T(a_stored_answer_that_was_no_success_is_damage),
        T(keys_are_forgotten_after_a_day),
        T(idempotency_keys_past_their_bounds_are_refused),
        T(bad_query_parameters_are_refused_by_name),
        T(pages_of_codes_end),
        T(bodies_of_other_types_are_refused),
        T(statements_are_listed_in_order_of_issue),
        T(a_statements_parts_stand_under_its_id),
        T(a_statement_takes_no_id_that_is_taken),
        T(a_statement_that_rests_on_what_changes_is_made_again_eight_times),
        T(a_statement_comes_in_the_format_asked_for),
        T(a_statement_that_was_proved_is_proved_again_with_another_byte),
        T(all_that_a_proof_stands_on_is_in_its_sum),
        T(a_share_link_opens_its_statement_alone),
        T(the_last_answer_of_a_side_counts),
        T(a_new_key_leaves_the_kids),
        T(a_grant_names_a_party_or_an_auditor),
        T(open_times_are_left_out),
        T(a_log_before_its_first_sweep_is_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
