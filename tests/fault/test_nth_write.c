/* Every write of the store refused once, one after the other, under every call that writes: the call says 503, nothing
 * of it is there, and sent again it succeeds. */
#include <dlfcn.h>
#include <errno.h>
#include <lmdb.h>
#include <sys/syscall.h>

#include "common/crypto/crypto.h"
#include "common/ledger/jws.h"
#include "server/commit/uses.h"
#include "tests/support/live_server.h"
#include "tests/support/party_words.h"

enum { WRITES_MAX = 200, RETRY_US = 400000 };

/* ---- in place of the libraries' ---- */

static atomic_int countdown; /* the write that brings it to 0 is refused; 0: none is */
static atomic_bool refused;
static atomic_llong skew_us; /* how far the monotonic clock was moved, so that no test waits for a retry */

static _Thread_local int written; /* in the transaction under way: a commit of nothing is no write */

static bool refuse(void)
{
    written++;
    int n = atomic_load(&countdown);
    if (n == 0 || atomic_fetch_sub(&countdown, 1) != 1)
        return false;
    atomic_store(&refused, true);
    return true;
}

int mdb_put(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data, unsigned flags)
{
    static int (*real)(MDB_txn *, MDB_dbi, MDB_val *, MDB_val *, unsigned);
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "mdb_put");
    return refuse() ? MDB_MAP_FULL : real(txn, dbi, key, data, flags);
}

int mdb_del(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data)
{
    static int (*real)(MDB_txn *, MDB_dbi, MDB_val *, MDB_val *);
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "mdb_del");
    return refuse() ? MDB_MAP_FULL : real(txn, dbi, key, data);
}

int mdb_txn_commit(MDB_txn *txn)
{
    static int (*real)(MDB_txn *);
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "mdb_txn_commit");
    bool full = written > 0 && refuse();
    written = 0;
    if (!full)
        return real(txn);
    mdb_txn_abort(txn);
    return ENOSPC;
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
    int rc = (int)syscall(SYS_clock_gettime, id, ts);
    if (rc == 0 && id == CLOCK_MONOTONIC) {
        long long us = ts->tv_sec * 1000000LL + ts->tv_nsec / 1000 + atomic_load(&skew_us);
        ts->tv_sec = us / 1000000;
        ts->tv_nsec = us % 1000000 * 1000;
    }
    return rc;
}

/* ---- the client ---- */

static struct live *live;
static struct answer answer;
static char token[LIVE_PARTIES][API_TOKEN_LEN + 1];
enum { TO_END = 8 };
static char to_end[TO_END][LIMIT_ID + 1]; /* tokens: to end one again writes nothing */
static size_t n_ended;
static char click[128], lead[LEAD_REF_LEN + 1], statement[LIMIT_ID + 1], payload_sha256[2 * HASH_LEN + 1],
    auditor[LIMIT_ID + 1];

static void call_as(int who, const char *method, const char *path, const char *type, const char *body)
{
    char raw[8192], key[64] = "";
    if (strcmp(method, "POST") == 0) { /* the same call comes again under the same key */
        struct hash hash;
        sha256v((struct span[]){span_str(path), span_str(body)}, 2, hash.b);
        snprintf(key, sizeof key, "Idempotency-Key: nth-%016llx\r\n", (unsigned long long)load_be64(hash.b));
    }
    snprintf(raw, sizeof raw,
             "%s %s HTTP/1.1\r\nHost: " LIVE_HOST "\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\n%s"
             "Content-Length: %zu\r\n\r\n%s",
             method, path, token[who], type, key, strlen(body), body);
    live_ask(live, &answer, raw);
}

static void call(int who, const char *method, const char *path, const char *body)
{
    call_as(who, method, path, "application/json", body);
}

static void member(const char *name, char *out, size_t cap)
{
    char key[32];
    snprintf(key, sizeof key, "\"%s\":\"", name);
    const char *at = strstr(answer.body, key);
    assert_non_null(at);
    at += strlen(key);
    snprintf(out, cap, "%.*s", (int)strcspn(at, "\""), at);
}

static void postback(const char *query)
{
    static int serial;
    char target[1024], text[1280];
    uint8_t key[32], hash[HASH_LEN], mac[HASH_LEN];
    struct buf b;
    snprintf(target, sizeof target, "/postback?kid=K3&ts=%lld&nonce=nth-write-0123456789-%d&%s",
             (long long)(clock_ms() / 1000), ++serial, query);
    memset(key, 3, sizeof key);
    sha256("", 0, hash);
    buf_fixed(&b, text, sizeof text);
    buf_printf(&b, "PBv1\nGET\n" LIVE_HOST "\n%s\n", target);
    buf_hex(&b, hash, sizeof hash);
    struct hmac *h = hmac_new(key, sizeof key);
    struct span whole = buf_span(&b);
    hmac_sign(h, &whole, 1, mac);
    hmac_free(h);
    buf_fixed(&b, target + strlen(target), sizeof target - strlen(target) - 1);
    buf_str(&b, "&sig=");
    buf_hex(&b, mac, sizeof mac);
    b.ptr[b.len] = '\0';
    live_get(live, &answer, "GET", target, "");
}

/* ---- the calls: each may be made any number of times until it succeeds ---- */

static void report_lead(void)
{
    char query[256];
    snprintf(query, sizeof query, "txid=nth&email=nth@example.com&phone=%%2B33612345678&f_age=40&click_id=%s", click);
    postback(query);
}

static void prove_lead(void)
{
    char path[128];
    snprintf(path, sizeof path, "/v1/leads/%s/proof", lead);
    call(LIVE_PUBLISHER, "GET", path, "");
}

static void approve_lead(void)
{
    char path[128];
    snprintf(path, sizeof path, "/v1/leads/%s/dispositions", lead);
    call(LIVE_ADVERTISER, "POST", path, "{\"status\":\"approved\"}");
}

static void make_party(void)
{
    call(LIVE_OPERATOR, "POST", "/v1/parties", "{\"name\":\"late\",\"kind\":\"publisher\"}");
}

static void make_secret(void)
{
    call(LIVE_OTHER, "POST", "/v1/parties/P4/secrets", "{}");
}

static void retire_secret(void)
{
    call(LIVE_OTHER, "DELETE", "/v1/parties/P4/secrets/K4", "");
}

static void end_token(void)
{
    char path[96];
    assert_true(n_ended < TO_END);
    snprintf(path, sizeof path, "/v1/parties/P4/tokens/%s", to_end[n_ended]);
    call(LIVE_OTHER, "DELETE", path, "");
    n_ended += answer.status == 200;
}

static void make_token(void)
{
    call(LIVE_OTHER, "POST", "/v1/parties/P4/tokens", "{}");
}

static uint8_t key_seed = 3;

static struct signer *publisher_key(void)
{
    return signer_new((const uint8_t[32]){key_seed});
}

static void put_key(void)
{
    char body[2048];
    struct buf b;
    struct signer *s = publisher_key();
    buf_fixed(&b, body, sizeof body - 1);
    key_body(&b, s, NULL, LIVE_URL, "P3", clock_ms());
    body[b.len] = '\0';
    signer_free(s);
    call(LIVE_PUBLISHER, "PUT", "/v1/parties/P3/key", body);
}

static void make_campaign(void)
{
    call(LIVE_ADVERTISER, "POST", "/v1/campaigns",
         "{\"advertiser\":\"P2\",\"name\":\"late\",\"currency\":\"EUR\",\"landing_url\":\"https://shop.example/\"}");
}

static void change_campaign(void)
{
    call(LIVE_ADVERTISER, "PATCH", "/v1/campaigns/A1", "{\"name\":\"renamed\"}");
}

static void make_contract(void)
{
    call(LIVE_OPERATOR, "POST", "/v1/contracts",
         "{\"campaign\":\"A1\",\"publisher\":\"P4\",\"price\":{\"lead\":[{\"micros\":1}]},"
         "\"ends_at\":\"2020-01-01T00:00:00Z\"}");
}

static void change_contract(void)
{
    call(LIVE_OPERATOR, "PATCH", "/v1/contracts/C2", "{\"ends_at\":\"2099-01-01T00:00:00Z\"}");
}

static void make_grant(void)
{
    char body[64];
    snprintf(body, sizeof body, "{\"party\":\"%s\"}", auditor);
    call(LIVE_OPERATOR, "POST", "/v1/contracts/C2/grants", body);
}

static void make_code(void)
{
    call(LIVE_PUBLISHER, "POST", "/v1/contracts/C2/codes", "{\"label\":\"late\"}");
}

static void make_statement(void)
{
    call(LIVE_OPERATOR, "POST", "/v1/contracts/C2/statements", "{}");
}

static void answer_statement(void)
{
    char path[128], jws[1024];
    struct buf b;
    snprintf(path, sizeof path, "/v1/statements/%s/responses", statement);
    struct signer *s = publisher_key();
    buf_fixed(&b, jws, sizeof jws - 1);
    response_jws(&b, s, LIVE_URL, "P3", payload_sha256, "accept", "", "", clock_ms());
    jws[b.len] = '\0';
    signer_free(s);
    call_as(LIVE_PUBLISHER, "POST", path, "application/jose", jws);
}

/* ---- what must hold ---- */

/* All that the calls above could change, as the operator reads it. */
static void snapshot(struct hash *out)
{
    static const char *const lists[] = {"/v1/parties",
                                        "/v1/campaigns",
                                        "/v1/contracts",
                                        "/v1/statements",
                                        "/v1/contracts/C2/codes",
                                        "/v1/contracts/C2/leads",
                                        "/v1/statements/%s/responses"};
    struct hash hash;
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s", lists[i]);
        if (strstr(path, "%s") != NULL)
            snprintf(path, sizeof path, "/v1/statements/%s/responses", statement[0] ? statement : "none");
        call(LIVE_OPERATOR, "GET", path, "");
        size_t len = answer.status == 200 ? strlen(answer.body) : 0; /* a problem names its request */
        sha256(answer.body, len, hash.b);
        sha256v((struct span[]){span_of(out->b, HASH_LEN), span_of(hash.b, HASH_LEN)}, 2, out->b);
    }
}

static void click_on(const char *code)
{
    char path[64];
    snprintf(path, sizeof path, "/c/%s", code);
    live_get(live, &answer, "GET", path, "");
}

/* Room is found by the next write once the retry is due: a click of a contract that no call is about. Then what a sweep
 * has to write is as much as before; the lead still completes a tile. */
static void heal(void)
{
    atomic_fetch_add(&skew_us, RETRY_US);
    for (int i = 0; i < 400 && source_unready(live->sh.source) != NULL; i++) {
        click_on(live->code[3]);
        usleep(5000);
    }
    assert_null(source_unready(live->sh.source));
    if (lead[0] != '\0')
        click_on(live->code[0]);
}

/* Answers how many writes the call made. What is answered may be followed by a write of the server's own, which is
 * refused then: such a call is made again, and a refused write of its own would be refused again. */
static int refuse_each_write(void (*make)(void), const char *name)
{
    enum { OTHERS = 3 };
    int others = 0;
    for (int n = 1; n <= WRITES_MAX; n++) {
        struct hash before, after;
        uint64_t recorded = live_recorded(live);
        snapshot(&before);
        atomic_store(&refused, false);
        atomic_store(&countdown, n);
        make();
        atomic_store(&countdown, 0);
        if (!atomic_load(&refused)) {
            if (answer.status / 100 != 2)
                fail_msg("%s: %d when nothing is refused: %s", name, answer.status, answer.body);
            return n - 1;
        }
        if (answer.status / 100 == 2 && ++others < OTHERS) {
            heal();
            n--;
            continue;
        }
        others = 0;
        if (answer.status != 503 || strstr(answer.body, "storage_full") == NULL)
            fail_msg("%s, write %d refused: %d %s", name, n, answer.status, answer.body);
        assert_int_equal(live_recorded(live), recorded);
        snapshot(&after);
        if (memcmp(before.b, after.b, HASH_LEN) != 0)
            fail_msg("%s, write %d refused: something of it is there", name, n);
        heal();
    }
    fail_msg("%s makes more than %d writes", name, WRITES_MAX);
    return 0;
}

static void a_refused_write_leaves_nothing_of_its_call(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        void (*make)(void);
        const char *member; /* of the answer, kept in `keep` */
        char *keep;
        size_t cap;
    } calls[] = {
        {"lead", report_lead, "lead", lead, sizeof lead},
        {"proof", prove_lead},
        {"disposition", approve_lead},
        {"party", make_party},
        {"secret", make_secret},
        {"retired secret", retire_secret},
        {"token", make_token},
        {"ended token", end_token},
        {"key", put_key},
        {"campaign", make_campaign},
        {"changed campaign", change_campaign},
        {"contract", make_contract},
        {"changed contract", change_contract},
        {"grant", make_grant},
        {"code", make_code},
        {"statement", make_statement, "id", statement, sizeof statement},
        {"countersignature", answer_statement},
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        int writes = refuse_each_write(calls[i].make, calls[i].name);
        print_message("%s: %d writes\n", calls[i].name, writes);
        assert_true(writes > 0);
        if (calls[i].member != NULL)
            member(calls[i].member, calls[i].keep, calls[i].cap);
        if (calls[i].make == make_statement)
            member("sha256", payload_sha256, sizeof payload_sha256);
    }
}

static void the_tree_is_what_its_entries_give(void **state)
{
    (void)state;
    enum { CONTRACT = 2 };
    struct head head;
    struct frontier tree = {0};
    struct hash root, stored;
    call(LIVE_OPERATOR, "POST", "/v1/contracts/C2/statements", ""); /* sweeps */
    assert_int_equal(answer.status, 201);
    struct txn *t = fixture_begin(&live->f, false);
    assert_ok(head_root(t, CONTRACT, &head, &stored));
    assert_true(head.size > TILE_WIDTH);
    for (uint64_t i = 0; i < head.size; i++) {
        struct envelope env;
        struct hash leaf;
        assert_ok(ledger_read(t, CONTRACT, i, &env));
        merkle_leaf(env.entry, &leaf);
        frontier_append(&tree, &leaf, NULL, NULL);
    }
    frontier_root(&tree, &root);
    assert_memory_equal(root.b, stored.b, HASH_LEN);
    txn_abort(t);
}

/* That they were used is written down by the server itself, once a minute: before writes are counted. */
static void use_tokens(void)
{
    for (int i = 0; i < LIVE_PARTIES; i++) {
        uint8_t hash[HASH_LEN];
        int64_t ms;
        enum err err = ERR_NOT_FOUND;
        api_token_hash(token[i], hash);
        call(i, "GET", "/v1/parties", "");
        assert_int_equal(answer.status, 200);
        for (int n = 0; n < 4000 && err == ERR_NOT_FOUND; n++) {
            struct txn *t = fixture_begin(&live->f, false);
            err = token_used(t, hash, &ms);
            txn_abort(t);
            atomic_fetch_add(&skew_us, 100000);
            usleep(1000);
        }
        assert_ok(err);
    }
}

static int setup(void **state)
{
    (void)state;
    live = calloc(1, sizeof *live);
    live->options.sweep_ms.number = 600000; /* no sweep but those that calls ask for */
    live_start(live, "");
    memcpy(token[LIVE_OPERATOR], live->operator_token, sizeof token[0]);
    for (int i = LIVE_ADVERTISER; i < LIVE_PARTIES; i++) {
        char path[64];
        snprintf(path, sizeof path, "/v1/parties/P%d/tokens", i + 1);
        call(LIVE_OPERATOR, "POST", path,
             i == LIVE_ADVERTISER ? "{\"scope\":\"campaigns codes credentials erasures parties\"}"
                                  : "{\"scope\":\"codes credentials parties\"}");
        member("token", token[i], sizeof token[i]);
    }
    for (size_t i = 0; i < TO_END; i++) {
        char body[32];
        snprintf(body, sizeof body, "{\"label\":\"%zu\"}", i);
        call(LIVE_OTHER, "POST", "/v1/parties/P4/tokens", body);
        member("id", to_end[i], sizeof to_end[i]);
    }
    call(LIVE_OPERATOR, "POST", "/v1/parties", "{\"name\":\"auditor\",\"kind\":\"auditor\"}");
    member("id", auditor, sizeof auditor);
    use_tokens();
    char location[1024];
    for (int i = 1; i < TILE_WIDTH; i++) /* so that the lead completes a tile */
        click_on(live->code[0]);
    assert_true(live_header(&answer, "Location", location, sizeof location));
    const char *at = strstr(location, "click_id=");
    assert_non_null(at);
    snprintf(click, sizeof click, "%.*s", (int)strcspn(at + 9, "&#"), at + 9);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    live_stop(live);
    free(live);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refused_write_leaves_nothing_of_its_call),
        cmocka_unit_test(the_tree_is_what_its_entries_give),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
