/* Control rows: what catalog_write puts, catalog_load gives back; nothing else loads. */
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "common/base/bytes.h"
#include "server/catalog/catalog.h"
#include "server/catalog/catalog_write.h"
#include "tests/support/store_fixture.h"

enum { OPERATOR, ADVERTISER, PUBLISHER, AUDITOR, STRANGER, PARTIES };

static const char CAMPAIGN_IN[] = "{\"advertiser\":\"P2\",\"name\":\"Offer\",\"currency\":\"EUR\","
                                  "\"landing_url\":\"https://shop.example/land\"}";

struct market {
    struct fixture f;
    struct keys *keys;
    struct who who[PARTIES];
    struct party party[PARTIES];
    struct which which;
    struct campaign campaign;
    struct contract direct, contract;
    struct secret secret;
    struct code code[2];
    char token[API_TOKEN_LEN + 1];
    struct buf document[3];
};

static struct buf document(enum err (*complete)(const json_t *, struct span, struct buf *, struct problem *),
                           const char *text, const char *id)
{
    json_t *in = NULL;
    struct buf out;
    buf_heap(&out);
    assert_ok(json_read(span_str(text), &in, NULL));
    assert_ok(complete(in, span_str(id), &out, NULL));
    json_decref(in);
    return out;
}

static void market_fill(struct market *m)
{
    static const enum role roles[PARTIES] = {ROLE_OPERATOR, ROLE_ADVERTISER, ROLE_PUBLISHER, ROLE_AUDITOR,
                                             ROLE_AUDITOR};
    for (uint32_t i = 0; i < PARTIES; i++) {
        m->party[i] =
            (struct party){.number = i + 1, .role = roles[i], .name = SPAN("Léa & Co"), .created_ms = 1000 + i};
        snprintf(m->party[i].id, sizeof m->party[i].id, "P%u", i + 1);
        m->who[i] = party_who(&m->party[i]);
        m->party[i].who = &m->who[i];
    }
    m->party[PUBLISHER].has_key = true;
    m->party[PUBLISHER].key_jws = SPAN("a.b.c");
    memset(m->party[PUBLISHER].pub, 7, ED25519_KEY_LEN);
    m->document[0] = document(campaign_document, CAMPAIGN_IN, "A1");
    m->document[1] = document(contract_document, "{\"campaign\":\"A1\"}", "C1");
    m->document[2] = document(contract_document,
                              "{\"campaign\":\"A1\",\"publisher\":\"P3\",\"price\":{\"lead\":[{\"micros\":5}]}}", "C2");
    m->campaign = (struct campaign){.number = 1,
                                    .id = "A1",
                                    .which = &m->which,
                                    .advertiser = &m->who[ADVERTISER],
                                    .document = buf_span(&m->document[0]),
                                    .direct = 1,
                                    .created_ms = 2000};
    m->which = campaign_which(&m->campaign);
    m->direct = (struct contract){.number = 1,
                                  .id = "C1",
                                  .campaign = &m->which,
                                  .document = buf_span(&m->document[1]),
                                  .versions = {.v = {{.number = 3}}, .n = 1, .made = 3},
                                  .created_ms = 2000};
    m->contract = (struct contract){.number = 2,
                                    .id = "C2",
                                    .campaign = &m->which,
                                    .publisher = &m->who[PUBLISHER],
                                    .document = buf_span(&m->document[2]),
                                    .versions = {.v = {{.number = 3}}, .n = 1, .made = 3},
                                    .created_ms = 3000};
    m->secret = (struct secret){.kid = "K1", .party = &m->party[PUBLISHER], .len = 32, .created_ms = 4000};
    memset(m->secret.key, 0xa5, 32);
    m->code[0] = (struct code){1, SPAN("newsletter"), {0}, 5000};
    m->code[1] = (struct code){2, SPAN("banner"), SPAN("https://shop.example/b"), 6000};
    api_token_new(m->token);
}

static void market_put(struct market *m)
{
    struct txn *t = fixture_begin(&m->f, true);
    for (int i = 0; i < PARTIES; i++)
        assert_ok(catalog_put_party(t, &m->party[i]));
    assert_ok(catalog_put_campaign(t, &m->campaign));
    assert_ok(catalog_put_contract(t, &m->direct));
    assert_ok(catalog_put_contract(t, &m->contract));
    for (uint32_t version = 1; version <= 3; version++) {
        assert_ok(fixture_put_terms(t, 1, version, version));
        assert_ok(fixture_put_terms(t, 2, version, 3 * version));
    }
    assert_ok(catalog_put_code(t, 2, &m->code[0]));
    assert_ok(catalog_put_code(t, 2, &m->code[1]));
    assert_ok(fixture_put_secret(t, m->keys, &m->secret));
    assert_ok(fixture_put_token(t, m->token, 3, 7000));
    assert_ok(
        catalog_put_grant(t, &(struct grant){.contract = 2, .party = 4, .number = 1, .by = 1, .created_ms = 8000}));
    assert_ok(txn_commit(t));
}

static int set_up(void **state)
{
    struct market *m = calloc(1, sizeof *m);
    fixture_open(&m->f);
    assert_ok(keys_create(m->f.dir));
    assert_ok(keys_load(m->f.dir, &m->keys));
    market_fill(m);
    market_put(m);
    *state = m;
    return 0;
}

static int tear_down(void **state)
{
    struct market *m = *state;
    for (int i = 0; i < 3; i++)
        buf_free(&m->document[i]);
    keys_free(m->keys);
    fixture_close(&m->f);
    free(m);
    return 0;
}

static enum err load(struct market *m, struct catalog **out)
{
    struct txn *t = fixture_begin(&m->f, false);
    enum err err = catalog_load(t, m->keys, out);
    txn_abort(t);
    return err;
}

static struct catalog *loaded(struct market *m)
{
    struct catalog *c = NULL;
    assert_ok(load(m, &c));
    return c;
}

static void assert_span(struct span got, struct span wanted)
{
    if (!span_eq(got, wanted))
        fail_msg("got \"%.*s\", wanted \"%.*s\"", (int)got.len, got.ptr, (int)wanted.len, wanted.ptr);
}

static void parties_come_back(void **state)
{
    struct market *m = *state;
    struct catalog *c = loaded(m);
    assert_int_equal(c->n_parties, PARTIES);
    for (int i = 0; i < PARTIES; i++) {
        const struct party *p = catalog_party(c, span_str(m->party[i].id));
        assert_ptr_equal(p, catalog_party_number(c, (uint32_t)i + 1));
        assert_int_equal(p->role, m->party[i].role);
        assert_int_equal(p->created_ms, m->party[i].created_ms);
        assert_int_equal(p->has_key, m->party[i].has_key);
        assert_memory_equal(p->pub, m->party[i].pub, ED25519_KEY_LEN);
        assert_span(p->key_jws, m->party[i].key_jws);
        assert_span(p->name, m->party[i].name);
    }
    catalog_unref(c);
}

static void campaigns_and_contracts_come_back(void **state)
{
    struct market *m = *state;
    struct catalog *c = loaded(m);
    uint8_t pepper[32];
    const struct campaign *campaign = catalog_campaign(c, SPAN("A1"));
    const struct contract *k = catalog_contract(c, SPAN("C2"));
    keys_pepper(m->keys, SPAN("A1"), pepper);
    assert_span(campaign->document, m->campaign.document);
    assert_memory_equal(campaign->which->pepper, pepper, sizeof pepper);
    assert_ptr_equal(catalog_contract_number(c, campaign->direct), catalog_contract(c, SPAN("C1")));
    assert_null(catalog_contract(c, SPAN("C1"))->publisher);
    assert_ptr_equal(k->campaign, campaign->which);
    assert_ptr_equal(catalog_who(c, k->publisher), catalog_party_number(c, PUBLISHER + 1));
    assert_span(k->document, m->contract.document);
    assert_int_equal(k->versions.n, 1);
    assert_int_equal(k->versions.v[0].index, 9);
    assert_int_equal(k->versions.v[0].number, 3);
    assert_span(k->versions.v[0].terms->currency, SPAN("EUR"));
    catalog_unref(c);
}

static void codes_come_back(void **state)
{
    struct market *m = *state;
    struct catalog *c = loaded(m);
    const struct contract *k = catalog_contract(c, SPAN("C2"));
    assert_int_equal(k->n_codes, 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(k->codes[i]->placement, i + 1);
        assert_span(k->codes[i]->label, m->code[i].label);
        assert_span(k->codes[i]->landing_url, m->code[i].landing_url);
    }
    catalog_unref(c);
}

static void secrets_come_back_opened(void **state)
{
    struct market *m = *state;
    struct catalog *c = loaded(m);
    const struct secret *s = catalog_secret(c, SPAN("K1"));
    assert_ptr_equal(s->party, catalog_party_number(c, PUBLISHER + 1));
    assert_int_equal(s->len, 32);
    assert_memory_equal(s->key, m->secret.key, 32);
    assert_false(s->retired);
    catalog_unref(c);
}

static void tokens_tell_who_presents_them(void **state)
{
    struct market *m = *state;
    struct catalog *c = loaded(m);
    char other[API_TOKEN_LEN + 1];
    api_token_new(other);
    assert_ptr_equal(catalog_token(c, span_str(m->token))->party, catalog_party_number(c, PUBLISHER + 1));
    assert_null(catalog_token(c, span_str(other)));
    assert_null(catalog_token(c, span_of(m->token, API_TOKEN_LEN - 1)));
    assert_null(catalog_token(c, SPAN("")));
    catalog_unref(c);
}

static void strange_ids_find_nothing(void **state)
{
    struct catalog *c = loaded(*state);
    const struct span ids[] = {SPAN(""),     SPAN("P"),  SPAN("P99"), SPAN("p1"),
                               SPAN("P1\0"), SPAN("A1"), SPAN("C1"),  SPAN("P1234567890123456789")};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        assert_null(catalog_party(c, ids[i]));
        if (!span_is(ids[i], "A1"))
            assert_null(catalog_campaign(c, ids[i]));
        if (!span_is(ids[i], "C1"))
            assert_null(catalog_contract(c, ids[i]));
        assert_null(catalog_secret(c, ids[i]));
    }
    assert_null(catalog_contract_number(c, 0));
    assert_null(catalog_contract_number(c, 3));
    catalog_unref(c);
}

static void its_parties_and_who_was_granted_it_read_a_contract(void **state)
{
    static const bool direct[PARTIES] = {[OPERATOR] = true, [ADVERTISER] = true};
    static const bool contract[PARTIES] = {true, true, true, [AUDITOR] = true, [STRANGER] = false};
    struct catalog *c = loaded(*state);
    for (int i = 0; i < PARTIES; i++) {
        assert_int_equal(catalog_may_read(c, catalog_party_number(c, (uint32_t)i + 1), catalog_contract(c, SPAN("C1"))),
                         direct[i]);
        assert_int_equal(catalog_may_read(c, catalog_party_number(c, (uint32_t)i + 1), catalog_contract(c, SPAN("C2"))),
                         contract[i]);
    }
    catalog_unref(c);
}

/* ---- what is read back from disk is checked ---- */

static void overwrite(struct market *m, enum table table, struct span key, struct span value)
{
    struct txn *t = fixture_begin(&m->f, true);
    assert_ok(store_put(t, table, key, value));
    assert_ok(txn_commit(t));
}

#define KEY(literal) SPAN(literal)

static void damaged_rows_do_not_load(void **state)
{
    static const struct {
        const char *what;
        enum table table;
        struct span key, value;
    } cases[] = {
        {"no JSON", TABLE_PARTIES, KEY("\0\0\0\1"), SPAN("x")},
        {"not canonical", TABLE_PARTIES, KEY("\0\0\0\1"),
         SPAN("{\"created\":1, \"id\":\"P1\",\"kind\":\"operator\",\"name\":\"n\"}")},
        {"unknown kind", TABLE_PARTIES, KEY("\0\0\0\1"),
         SPAN("{\"created\":1,\"id\":\"P1\",\"kind\":\"king\",\"name\":\"n\"}")},
        {"no id", TABLE_PARTIES, KEY("\0\0\0\1"), SPAN("{\"created\":1,\"kind\":\"operator\",\"name\":\"n\"}")},
        {"an id twice", TABLE_PARTIES, KEY("\0\0\0\1"),
         SPAN("{\"created\":1,\"id\":\"P2\",\"kind\":\"operator\",\"name\":\"n\"}")},
        {"short key", TABLE_PARTIES, KEY("\0\0\0\1"),
         SPAN("{\"created\":1,\"id\":\"P1\",\"key\":\"AAAA\",\"kind\":\"operator\",\"name\":\"n\"}")},
        {"a hole in the numbers", TABLE_PARTIES, KEY("\0\0\0\7"),
         SPAN("{\"created\":1,\"id\":\"P7\",\"kind\":\"operator\",\"name\":\"n\"}")},
        {"a campaign of nobody", TABLE_CAMPAIGNS, KEY("\0\0\0\1"),
         SPAN("{\"advertiser\":99,\"created\":1,\"direct\":1,\"document\":{},\"id\":\"A1\"}")},
        {"a contract of no campaign", TABLE_CONTRACTS, KEY("\0\0\0\1"),
         SPAN("{\"campaign\":2,\"created\":1,\"document\":{},\"id\":\"C1\",\"terms\":0,\"version\":1}")},
        {"a document that is none", TABLE_CONTRACTS, KEY("\0\0\0\1"),
         SPAN("{\"campaign\":1,\"created\":1,\"document\":{},\"id\":\"C1\",\"terms\":0,\"version\":1}")},
        {"a code of no contract", TABLE_CODES, KEY("\0\0\0\7\0\0\0\1"), SPAN("{\"created\":1,\"label\":\"l\"}")},
        {"a hole in the placements", TABLE_CODES, KEY("\0\0\0\2\0\0\0\7"), SPAN("{\"created\":1,\"label\":\"l\"}")},
        {"a token of nobody", TABLE_TOKENS, KEY("01234567890123456789012345678901"),
         SPAN("{\"created\":1,\"party\":99}")},
        {"a token with a short hash", TABLE_TOKENS, KEY("0123"), SPAN("{\"created\":1,\"party\":1}")},
        {"a secret that was not sealed", TABLE_SECRETS, KEY("K1"),
         SPAN("{\"created\":1,\"party\":1,\"sealed\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}")},
        {"a party that nobody locked", TABLE_PARTIES, KEY("\0\0\0\1"),
         SPAN("{\"created\":1,\"id\":\"P1\",\"kind\":\"operator\",\"lock\":\"LK1\",\"locked\":1,\"locked_by\":99,"
              "\"name\":\"n\"}")},
        {"a grant of half a key", TABLE_GRANTS, KEY("\0\0\0\1"), SPAN("{\"by\":1,\"created\":1}")},
        {"a grant of nobody", TABLE_GRANTS, KEY("\0\0\0\1\0\0\0\4\0\0\0\1"), SPAN("{\"by\":99,\"created\":1}")},
        {"a hole in the grants", TABLE_GRANTS, KEY("\0\0\0\1\0\0\0\4\0\0\0\2"), SPAN("{\"by\":1,\"created\":1}")},
        {"a grant behind an open one", TABLE_GRANTS, KEY("\0\0\0\2\0\0\0\4\0\0\0\2"), SPAN("{\"by\":1,\"created\":1}")},
        {"a grant that nobody revoked", TABLE_GRANTS, KEY("\0\0\0\1\0\0\0\4\0\0\0\1"),
         SPAN("{\"by\":1,\"created\":1,\"ended\":2}")},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        void *own = NULL;
        struct catalog *c = NULL;
        set_up(&own);
        overwrite(own, cases[i].table, cases[i].key, cases[i].value);
        enum err err = load(own, &c);
        if (err != ERR_CORRUPT)
            fail_msg("%s: %s", cases[i].what, err_word(err));
        assert_null(c);
        tear_down(&own);
    }
    (void)state;
}

/* Else an older version would be paid by what the newest says, or the other way about. */
static void the_newest_version_is_the_one_that_the_contract_names(void **state)
{
    (void)state;
    for (int more = 0; more < 2; more++) {
        void *own = NULL;
        struct catalog *c = NULL;
        uint8_t key[TERMS_KEY_LEN];
        set_up(&own);
        struct market *m = own;
        struct txn *t = fixture_begin(&m->f, true);
        row_terms_key(key, 2, 3);
        if (more)
            assert_ok(fixture_put_terms(t, 2, 4, 12));
        else
            assert_ok(store_del(t, (enum table)(TABLE_ROWS + ROW_TERMS), span_of(key, sizeof key)));
        assert_ok(txn_commit(t));
        assert_err(load(m, &c), ERR_CORRUPT);
        tear_down(&own);
    }
}

static void a_secret_is_sealed_to_its_kid(void **state)
{
    struct market *m = *state;
    struct span value;
    struct txn *t = fixture_begin(&m->f, true);
    assert_ok(store_get(t, TABLE_SECRETS, SPAN("K1"), &value));
    assert_null(memmem(value.ptr, value.len, m->secret.key, 8));
    char copy[512];
    assert_true(value.len <= sizeof copy);
    memcpy(copy, value.ptr, value.len);
    assert_ok(store_put(t, TABLE_SECRETS, SPAN("K2"), span_of(copy, value.len)));
    assert_ok(txn_commit(t));
    struct catalog *c = NULL;
    assert_err(load(m, &c), ERR_CORRUPT);
}

/* ---- the published snapshot ---- */

typedef void change_fn(struct market *m, struct txn *t);

/* As the committer does it: the transaction's changes, read again in it, published once it stands. */
static void change(struct market *m, struct catalog_slot *slot, change_fn *what)
{
    struct catalog *before = catalog_hold(slot), *c = NULL;
    struct txn *t = fixture_begin(&m->f, true);
    what(m, t);
    assert_ok(catalog_reload(t, m->keys, NULL, before, &c));
    assert_ok(txn_commit(t));
    catalog_publish(slot, c);
    catalog_unref(before);
}

static void change_operator(struct market *m, struct txn *t)
{
    m->party[OPERATOR].created_ms++;
    assert_ok(catalog_put_party(t, &m->party[OPERATOR]));
}

enum { READS = 20000, PUBLISHED = 50 };

static void *hold_and_read(void *arg)
{
    int64_t last = 0;
    for (int i = 0; i < READS; i++) {
        struct catalog *c = catalog_hold(arg);
        const struct party *p = catalog_party(c, SPAN("P1"));
        if (p == NULL || p->created_ms < last)
            abort();
        last = p->created_ms;
        catalog_unref(c);
    }
    return NULL;
}

static void readers_keep_what_they_hold(void **state)
{
    struct market *m = *state;
    struct catalog_slot *slot = catalog_slot_new();
    pthread_t readers[2];
    catalog_publish(slot, loaded(m));
    struct catalog *first = catalog_hold(slot);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, hold_and_read, slot), 0);
    for (int g = 0; g < PUBLISHED; g++)
        change(m, slot, change_operator);
    for (int i = 0; i < 2; i++)
        pthread_join(readers[i], NULL);
    assert_int_equal(catalog_party(first, SPAN("P1"))->created_ms, 1000);
    catalog_unref(first);
    catalog_slot_free(slot);
}

/* ---- reload ---- */

/* Every kind of change at once: a key, a new party, a new campaign document, a new code, a retired secret, a token, a
 * grant. */
static void change_everything(struct market *m, struct txn *t)
{
    struct party late = {
        .number = PARTIES + 1, .id = "P9", .role = ROLE_AUDITOR, .name = SPAN("late"), .created_ms = 9};
    struct buf doc = document(campaign_document,
                              "{\"advertiser\":\"P2\",\"name\":\"Changed\",\"currency\":\"EUR\",\"landing_url\":"
                              "\"https://shop.example/new\"}",
                              "A1");
    struct code code = {3, SPAN("third"), {0}, 7000};
    m->party[ADVERTISER].has_key = true;
    m->party[ADVERTISER].key_jws = SPAN("d.e.f");
    m->campaign.document = buf_span(&doc);
    m->secret.retired = true;
    assert_ok(catalog_put_party(t, &m->party[ADVERTISER]));
    assert_ok(catalog_put_party(t, &late));
    assert_ok(catalog_put_campaign(t, &m->campaign));
    m->direct.versions.v[0].number = m->contract.versions.v[0].number = 4;
    m->direct.versions.made = m->contract.versions.made = 4;
    assert_ok(catalog_put_contract(t, &m->direct));
    assert_ok(catalog_put_contract(t, &m->contract));
    assert_ok(fixture_put_terms(t, 1, 4, 20));
    assert_ok(fixture_put_terms(t, 2, 4, 20));
    assert_ok(catalog_put_code(t, 2, &code));
    assert_ok(fixture_put_secret(t, m->keys, &m->secret));
    assert_ok(fixture_put_token(t, "cst_0123456789012345678901234567890123456789012", 1, 1));
    assert_ok(catalog_put_grant(
        t, &(struct grant){.contract = 1, .party = PARTIES + 1, .number = 1, .by = 1, .created_ms = 1}));
    buf_free(&doc);
}

static void assert_same_contract(const struct contract *a, const struct contract *b)
{
    assert_string_equal(a->id, b->id);
    assert_span(a->document, b->document);
    assert_int_equal(a->versions.n, b->versions.n);
    assert_span(versions_newest(&a->versions)->terms->name, versions_newest(&b->versions)->terms->name);
    assert_string_equal(a->campaign->id, b->campaign->id);
    assert_int_equal(a->publisher != NULL ? a->publisher->number : 0, b->publisher != NULL ? b->publisher->number : 0);
    assert_int_equal(a->n_codes, b->n_codes);
    for (size_t i = 0; i < a->n_codes; i++) {
        assert_int_equal(a->codes[i]->placement, b->codes[i]->placement);
        assert_span(a->codes[i]->label, b->codes[i]->label);
        assert_span(a->codes[i]->landing_url, b->codes[i]->landing_url);
    }
}

static void assert_same_party(const struct catalog *a, const struct catalog *b, uint32_t number)
{
    const struct party *p = catalog_party_number(a, number), *q = catalog_party_number(b, number);
    const struct token_list tokens = catalog_tokens_of(a, p), others = catalog_tokens_of(b, q);
    assert_string_equal(p->id, q->id);
    assert_span(p->name, q->name);
    assert_int_equal(p->has_key, q->has_key);
    assert_int_equal(p->locked_ms, q->locked_ms);
    assert_span(p->postback_cidrs, q->postback_cidrs);
    for (uint32_t k = 1; k <= a->n_contracts; k++)
        assert_int_equal(catalog_may_read(a, p, catalog_contract_number(a, k)),
                         catalog_may_read(b, q, catalog_contract_number(b, k)));
    assert_int_equal(tokens.n, others.n);
    for (size_t i = 0; i < tokens.n; i++) {
        assert_memory_equal(tokens.t[i]->sha256, others.t[i]->sha256, HASH_LEN);
        assert_int_equal(tokens.t[i]->ended_ms, others.t[i]->ended_ms);
        assert_ptr_equal(tokens.t[i]->party, p);
        assert_ptr_equal(catalog_token_hashed(a, tokens.t[i]->sha256), tokens.t[i]);
    }
}

static void assert_same_secrets(const struct catalog *a, const struct catalog *b)
{
    const struct secret_list all = catalog_secrets(a), others = catalog_secrets(b);
    assert_int_equal(all.n, others.n);
    for (size_t i = 0; i < all.n; i++) {
        const struct secret *s = all.s[i], *o = others.s[i];
        assert_string_equal(s->kid, o->kid);
        assert_int_equal(s->retired, o->retired);
        assert_memory_equal(s->key, o->key, 64);
        assert_ptr_equal(s->party, catalog_party_number(a, s->party->number));
        assert_ptr_equal(catalog_secret(a, span_str(s->kid)), s);
    }
}

static uint64_t seen_of(const struct catalog *a, const struct campaign *c)
{
    const struct contract_list all = catalog_contracts_of(a, c->which);
    uint64_t seen = 0;
    for (size_t i = 0; i < all.n; i++)
        seen += contract_seen(catalog_listed(a, &all, i));
    return seen;
}

static void assert_same(const struct catalog *a, const struct catalog *b)
{
    assert_int_equal(a->n_parties, b->n_parties);
    assert_int_equal(a->n_campaigns, b->n_campaigns);
    assert_int_equal(a->n_contracts, b->n_contracts);
    for (uint32_t n = 1; n <= a->n_parties; n++)
        assert_same_party(a, b, n);
    for (uint32_t n = 1; n <= a->n_campaigns; n++) {
        const struct campaign *c = catalog_campaign_number(a, n), *o = catalog_campaign_number(b, n);
        assert_span(c->document, o->document);
        assert_int_equal(c->seen, seen_of(a, c));
        assert_int_equal(c->seen, o->seen);
        assert_memory_equal(c->which->pepper, o->which->pepper, 32);
        assert_string_equal(c->which->id, c->id);
        assert_ptr_equal(c->advertiser, catalog_who(a, c->advertiser)->who);
        assert_ptr_equal(c->advertiser, c->which->advertiser);
    }
    for (uint32_t n = 1; n <= a->n_contracts; n++) {
        const struct contract *k = catalog_contract_number(a, n);
        assert_same_contract(k, catalog_contract_number(b, n));
        assert_int_equal(contract_locked(a, k), contract_locked(b, catalog_contract_number(b, n)));
        assert_ptr_equal(k->campaign, catalog_which(a, k->campaign)->which);
        assert_true(k->publisher == NULL || k->publisher == catalog_who(a, k->publisher)->who);
    }
    assert_same_secrets(a, b);
}

static void change_nothing(struct market *m, struct txn *t)
{
    (void)m;
    (void)t;
}

static void assert_as_loaded(struct market *m, struct catalog_slot *slot)
{
    struct catalog *fresh = loaded(m), *newest = catalog_hold(slot);
    assert_same(newest, fresh);
    catalog_unref(fresh);
    catalog_unref(newest);
}

static void a_reload_is_a_load(void **state)
{
    struct market *m = *state;
    struct catalog_slot *slot = catalog_slot_new();
    catalog_publish(slot, loaded(m));
    change(m, slot, change_nothing);
    assert_as_loaded(m, slot);
    change(m, slot, change_everything);
    assert_as_loaded(m, slot);
    struct catalog *c = catalog_hold(slot);
    catalog_slot_free(slot);
    assert_span(catalog_contract_number(c, 2)->versions.v[0].terms->name, SPAN("Changed"));
    assert_ptr_equal(catalog_token(c, span_str(m->token))->party, catalog_party_number(c, PUBLISHER + 1));
    catalog_unref(c);
}

/* ---- which contracts go together ---- */

enum { CROWD = 9, CAMPAIGNS = 5, CONTRACTS = 80 };

/* Parties of three roles, campaigns of some of them, contracts and grants of chance. */
static struct party crowd[CROWD];
static struct who crowd_who[CROWD];
static struct campaign crowd_campaign[CAMPAIGNS];
static struct which crowd_which[CAMPAIGNS];
static struct contract crowd_contract[CONTRACTS + 1];

static void market_crowd(struct market *m, struct txn *t)
{
    struct party *party = crowd;
    struct campaign *campaign = crowd_campaign;
    static const enum role roles[] = {ROLE_ADVERTISER, ROLE_PUBLISHER, ROLE_AUDITOR};
    uint32_t n = 2;
    for (uint32_t i = 0; i < CROWD; i++) {
        party[i] =
            (struct party){.number = PARTIES + 1 + i, .role = roles[i % 3], .name = SPAN("Somebody"), .created_ms = 1};
        snprintf(party[i].id, sizeof party[i].id, "P%u", party[i].number);
        crowd_who[i] = party_who(&party[i]);
        assert_ok(catalog_put_party(t, &party[i]));
    }
    for (uint32_t i = 0; i < CAMPAIGNS; i++) {
        struct contract direct = m->direct;
        campaign[i] = m->campaign;
        campaign[i].number = 2 + i;
        campaign[i].advertiser = &crowd_who[3 * (random() % (CROWD / 3))];
        campaign[i].direct = direct.number = ++n;
        snprintf(campaign[i].id, sizeof campaign[i].id, "A%u", campaign[i].number);
        snprintf(direct.id, sizeof direct.id, "C%u", n);
        crowd_which[i] = campaign_which(&campaign[i]);
        direct.campaign = &crowd_which[i];
        direct.versions.v[0].number = direct.versions.made = 1;
        assert_ok(catalog_put_campaign(t, &campaign[i]));
        assert_ok(catalog_put_contract(t, &direct));
        assert_ok(fixture_put_terms(t, n, 1, 0));
        crowd_contract[n] = direct;
    }
    while (n < CONTRACTS) {
        struct contract k = m->contract;
        k.number = ++n;
        snprintf(k.id, sizeof k.id, "C%u", n);
        k.versions.v[0].number = k.versions.made = 1;
        k.campaign = &crowd_which[random() % (CAMPAIGNS - 1)]; /* one has none */
        k.publisher = &crowd_who[1 + 3 * (random() % (CROWD / 3))];
        assert_ok(catalog_put_contract(t, &k));
        crowd_contract[n] = k;
        assert_ok(fixture_put_terms(t, n, 1, 0));
        if (random() % 4 == 0)
            assert_ok(catalog_put_grant(t, &(struct grant){.contract = n,
                                                           .party = party[2 + 3 * (random() % (CROWD / 3))].number,
                                                           .number = 1,
                                                           .by = 1,
                                                           .created_ms = 1}));
    }
}

/* By a walk over all. */
static void assert_own_campaigns(const struct catalog *c, const struct party *p)
{
    const struct campaign_list own = catalog_campaigns_of(c, p);
    size_t n = 0;
    for (uint32_t i = 1; i <= c->n_campaigns; i++)
        if (catalog_campaign_number(c, i)->advertiser == p->who) {
            assert_true(n < own.n);
            assert_int_equal(own.number[n++], i);
        }
    assert_int_equal(own.n, n);
}

static void assert_party_lists(const struct catalog *c, const struct party *p)
{
    const struct contract_list reads = catalog_reads(c, p);
    const struct which *first = NULL, *takes;
    bool more = false, several;
    size_t n = 0;
    for (uint32_t i = 1; i <= c->n_contracts; i++) {
        const struct contract *k = catalog_contract_number(c, i);
        if (catalog_may_read(c, p, k)) {
            assert_true(n < reads.n);
            assert_ptr_equal(catalog_listed(c, &reads, n), k);
            assert_int_equal(contracts_behind(&reads, i), ++n);
        }
        if (k->campaign->advertiser == p->who || k->publisher == p->who) {
            more |= first != NULL && first != k->campaign;
            first = first != NULL ? first : k->campaign;
        }
    }
    takes = catalog_takes(c, p, &several);
    assert_int_equal(reads.n, n);
    assert_ptr_equal(takes, first);
    assert_int_equal(several, more);
}

static void assert_campaign_lists(const struct catalog *c, const struct campaign *g)
{
    const struct contract_list list = catalog_contracts_of(c, g->which);
    size_t all = 1;
    assert_int_equal(list.number[0], g->direct);
    for (uint32_t i = 1; i <= c->n_parties; i++) {
        const struct party *p = catalog_party_number(c, i);
        const struct contract_list of = campaign_contracts_of(c, g->which, p->who);
        size_t n = 0;
        for (uint32_t k = 1; k <= c->n_contracts; k++) {
            const struct contract *x = catalog_contract_number(c, k);
            if (x->campaign == g->which && x->publisher == p->who) {
                assert_true(n < of.n);
                assert_int_equal(of.number[n++], k);
            }
        }
        assert_int_equal(of.n, n);
        all += n;
    }
    assert_int_equal(list.n, all);
}

static void assert_lists(struct catalog_slot *slot)
{
    struct catalog *c = catalog_hold(slot);
    for (uint32_t i = 1; i <= c->n_parties; i++) {
        assert_own_campaigns(c, catalog_party_number(c, i));
        assert_party_lists(c, catalog_party_number(c, i));
    }
    for (uint32_t i = 1; i <= c->n_campaigns; i++)
        assert_campaign_lists(c, catalog_campaign_number(c, i));
    catalog_unref(c);
}

static unsigned seeded(void)
{
    unsigned seed = (unsigned)time(NULL);
    print_message("seed %u\n", seed);
    srandom(seed);
    return seed;
}

static void rename_all(struct market *m, struct txn *t)
{
    (void)m;
    for (uint32_t i = 0; i < CROWD; i++) {
        struct party p = crowd[i];
        p.name = SPAN("Somebody else");
        assert_ok(catalog_put_party(t, &p));
    }
    for (uint32_t i = 0; i < CAMPAIGNS; i++) {
        struct campaign c = crowd_campaign[i];
        c.created_ms++;
        assert_ok(catalog_put_campaign(t, &c));
    }
}

/* What it costs is what changes, and not what hangs on that: which may be any number of contracts. */
static void a_change_of_parties_and_campaigns_makes_no_contract_anew(void **state)
{
    struct market *m = *state;
    struct catalog_slot *slot = catalog_slot_new();
    catalog_publish(slot, loaded(m));
    change(m, slot, market_crowd);
    struct catalog *before = catalog_hold(slot);
    change(m, slot, rename_all);
    struct catalog *now = catalog_hold(slot);
    for (uint32_t n = 1; n <= now->n_contracts; n++)
        assert_ptr_equal(catalog_contract_number(now, n), catalog_contract_number(before, n));
    const struct who *advertiser = catalog_contract_number(now, CONTRACTS)->campaign->advertiser;
    assert_span(catalog_who(before, advertiser)->name, SPAN("Somebody"));
    assert_span(catalog_who(now, advertiser)->name, SPAN("Somebody else"));
    catalog_unref(before);
    catalog_unref(now);
    catalog_slot_free(slot);
}

static void lists_hold_what_a_walk_over_all_finds(void **state)
{
    struct market *m = *state;
    struct catalog_slot *slot = catalog_slot_new();
    seeded();
    catalog_publish(slot, loaded(m));
    change(m, slot, market_crowd);
    assert_lists(slot);
    catalog_publish(slot, loaded(m));
    assert_lists(slot);
    catalog_slot_free(slot);
}

/* ---- one change after the other ---- */

static void step_party(struct market *m, struct txn *t)
{
    struct party *p = &crowd[random() % CROWD];
    (void)m;
    p->locked_ms = random() % 2 ? 5 : 0;
    p->locked_by = p->locked_ms != 0;
    memcpy(p->lock, "LK", 3);
    p->postback_by = 1;
    p->postback_cidrs = random() % 2 ? SPAN("192.0.2.0/24") : SPAN("");
    p->postback_key[0] = (uint8_t)random();
    p->name = random() % 2 ? SPAN("Another name") : SPAN("One more");
    assert_ok(catalog_put_party(t, p));
}

static void step_code(struct market *m, struct txn *t)
{
    static uint32_t codes[CONTRACTS + 1];
    uint32_t n = 3 + (uint32_t)random() % (CONTRACTS - 3);
    struct code code = {.label = random() % 2 ? SPAN("a label") : SPAN("another"), .created_ms = 1};
    (void)m;
    code.placement = codes[n] > 0 && random() % 2 ? 1 + (uint32_t)random() % codes[n] : ++codes[n];
    assert_ok(catalog_put_code(t, n, &code));
}

static void step_token(struct market *m, struct txn *t)
{
    struct api_token token = {.party = &crowd[random() % CROWD], .by = 1, .created_ms = 1, .label = SPAN("it")};
    (void)m;
    token.sha256[0] = (uint8_t)(random() % 4);
    token.sha256[1] = (uint8_t)token.party->number; /* one of four of its party, made or ended */
    token.ended_ms = random() % 2;
    assert_ok(catalog_put_token(t, &token));
}

static void step_secret(struct market *m, struct txn *t)
{
    struct secret s = {.party = &crowd[random() % CROWD], .len = 32, .created_ms = 1, .retired = random() % 2};
    snprintf(s.kid, sizeof s.kid, "K%u-%d", s.party->number, (int)(random() % 4));
    assert_ok(fixture_put_secret(t, m->keys, &s));
}

/* The next version of its terms. */
static void renew(struct txn *t, struct contract *k)
{
    int64_t next = ++k->versions.made;
    k->versions.v[0].number = next;
    assert_ok(catalog_put_contract(t, k));
    assert_ok(fixture_put_terms(t, k->number, (uint32_t)next, (uint64_t)next));
}

/* Another document, and with it other terms of its contracts; or the same with another time. */
static void step_campaign(struct market *m, struct txn *t)
{
    struct campaign *c = &crowd_campaign[random() % CAMPAIGNS];
    char text[1024], more[400];
    bool other = random() % 2;
    (void)m;
    memset(more, 'r', sizeof more);
    c->created_ms += other ? 1000 : 1;
    snprintf(text, sizeof text,
             "{\"advertiser\":\"P2\",\"name\":\"Offer%.*s\",\"currency\":\"EUR\",\"landing_url\":"
             "\"https://shop.example/land\"}",
             (int)(c->created_ms / 1000) - 2, more);
    struct buf doc = document(campaign_document, text, "A1");
    c->document = buf_span(&doc);
    assert_ok(catalog_put_campaign(t, c));
    for (uint32_t n = 3; other && n <= CONTRACTS; n++)
        if (crowd_contract[n].campaign->number == c->number)
            renew(t, &crowd_contract[n]);
    buf_free(&doc);
}

/* The same as if all were loaded anew, whoever still holds an older one. */
static void any_changes_come_to_a_load(void **state)
{
    static change_fn *const steps[] = {step_party, step_code, step_token, step_secret, step_campaign, change_operator};
    enum { STEPS = 400, HELD = 7 };
    struct market *m = *state;
    struct catalog_slot *slot = catalog_slot_new();
    struct catalog *held[HELD] = {NULL};
    seeded();
    catalog_publish(slot, loaded(m));
    change(m, slot, market_crowd);
    for (int i = 0; i < STEPS; i++) {
        int which = (int)(random() % HELD);
        catalog_unref(held[which]);
        held[which] = random() % 3 ? catalog_hold(slot) : NULL;
        change(m, slot, steps[random() % (long)(sizeof steps / sizeof *steps)]);
        assert_as_loaded(m, slot);
        for (int h = 0; h < HELD; h++)
            if (held[h] != NULL)
                assert_same(held[h], held[h]); /* nothing of it is gone */
    }
    assert_lists(slot);
    catalog_slot_free(slot);
    for (int h = 0; h < HELD; h++)
        catalog_unref(held[h]);
}

/* Several changes of one transaction, and then none of them. */
static void what_is_dropped_leaves_nothing(void **state)
{
    struct market *m = *state;
    struct catalog_slot *slot = catalog_slot_new();
    struct catalog *before, *c = NULL;
    catalog_publish(slot, loaded(m));
    before = catalog_hold(slot);
    struct txn *t = fixture_begin(&m->f, true);
    change_everything(m, t);
    assert_ok(catalog_reload(t, m->keys, NULL, before, &c));
    change_operator(m, t);
    struct catalog *again = c;
    assert_ok(catalog_reload(t, m->keys, NULL, c, &again));
    assert_ptr_equal(again, c);
    assert_int_equal(c->n_parties, PARTIES + 1);
    catalog_unref(c);
    txn_abort(t);
    catalog_unref(before);
    assert_as_loaded(m, slot);
    catalog_slot_free(slot);
}

/* What has the wrong role, or nobody, would be in no list. */
static void who_takes_part_has_the_role(void **state)
{
    struct market *m = *state;
    struct contract k = m->contract;
    struct campaign another = m->campaign;
    const struct {
        const struct who *publisher, *advertiser;
        enum err err;
    } rows[] = {{&m->who[PUBLISHER], &m->who[ADVERTISER], ERR_OK},
                {NULL, &m->who[ADVERTISER], ERR_CORRUPT},
                {&m->who[AUDITOR], &m->who[ADVERTISER], ERR_CORRUPT},
                {&m->who[PUBLISHER], &m->who[OPERATOR], ERR_CORRUPT}};
    k.number = 3;
    k.versions.v[0].number = k.versions.made = 1;
    memcpy(k.id, "C3", sizeof "C3");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct catalog *c = NULL;
        struct txn *t = fixture_begin(&m->f, true);
        k.publisher = rows[i].publisher;
        another.advertiser = rows[i].advertiser;
        assert_ok(catalog_put_campaign(t, &another));
        assert_ok(catalog_put_contract(t, &k));
        assert_ok(fixture_put_terms(t, 3, 1, 0));
        assert_int_equal(catalog_load(t, m->keys, &c), rows[i].err);
        catalog_unref(c);
        txn_abort(t);
    }
}

/* ---- some thousands of contracts ---- */

static double ms_since(const struct timespec *from)
{
    struct timespec to;
    clock_gettime(CLOCK_MONOTONIC, &to);
    return (double)(to.tv_sec - from->tv_sec) * 1e3 + (double)(to.tv_nsec - from->tv_nsec) / 1e6;
}

static void many_contracts_come_back_by_number(void **state)
{
    enum { MANY = 3000 };
    struct market *m = *state;
    struct timespec from;
    struct txn *t = fixture_begin(&m->f, true);
    for (uint32_t n = 3; n <= MANY; n++) {
        char id[16], text[128];
        struct contract k = m->contract;
        snprintf(id, sizeof id, "C%u", n);
        snprintf(text, sizeof text, "{\"campaign\":\"A1\",\"publisher\":\"P3\",\"price\":{\"lead\":[{\"micros\":%u}]}}",
                 n);
        struct buf doc = document(contract_document, text, id);
        k.number = n;
        k.versions.v[0].number = k.versions.made = 1;
        snprintf(k.id, sizeof k.id, "%s", id);
        k.document = buf_span(&doc);
        assert_ok(catalog_put_contract(t, &k));
        assert_ok(fixture_put_terms(t, k.number, 1, 0));
        buf_free(&doc);
    }
    assert_ok(txn_commit(t));
    clock_gettime(CLOCK_MONOTONIC, &from);
    struct catalog *c = loaded(m);
    double load_ms = ms_since(&from);
    print_message("%d contracts: load %.1f ms\n", MANY, load_ms);
    assert_int_equal(c->n_contracts, MANY);
    for (uint32_t n = 1; n <= MANY; n++) {
        char id[16];
        snprintf(id, sizeof id, "C%u", n);
        assert_int_equal(catalog_contract(c, span_str(id))->number, n);
    }
    catalog_unref(c);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(parties_come_back),
        T(campaigns_and_contracts_come_back),
        T(codes_come_back),
        T(secrets_come_back_opened),
        T(tokens_tell_who_presents_them),
        T(strange_ids_find_nothing),
        T(its_parties_and_who_was_granted_it_read_a_contract),
        cmocka_unit_test(damaged_rows_do_not_load),
        cmocka_unit_test(the_newest_version_is_the_one_that_the_contract_names),
        T(a_secret_is_sealed_to_its_kid),
        T(readers_keep_what_they_hold),
        T(a_reload_is_a_load),
        T(any_changes_come_to_a_load),
        T(what_is_dropped_leaves_nothing),
        T(a_change_of_parties_and_campaigns_makes_no_contract_anew),
        T(lists_hold_what_a_walk_over_all_finds),
        T(who_takes_part_has_the_role),
        T(many_contracts_come_back_by_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
