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
    struct party party[PARTIES];
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
                                    .advertiser = &m->party[ADVERTISER],
                                    .document = buf_span(&m->document[0]),
                                    .direct = 1,
                                    .created_ms = 2000};
    m->direct = (struct contract){.number = 1,
                                  .id = "C1",
                                  .campaign = &m->campaign,
                                  .document = buf_span(&m->document[1]),
                                  .versions = {.v = {{.number = 3}}, .n = 1, .made = 3},
                                  .created_ms = 2000};
    m->contract = (struct contract){.number = 2,
                                    .id = "C2",
                                    .campaign = &m->campaign,
                                    .publisher = &m->party[PUBLISHER],
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
        assert_ptr_equal(p, &c->parties[i]);
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
    assert_memory_equal(campaign->pepper, pepper, sizeof pepper);
    assert_ptr_equal(catalog_contract_number(c, campaign->direct), catalog_contract(c, SPAN("C1")));
    assert_null(catalog_contract(c, SPAN("C1"))->publisher);
    assert_ptr_equal(k->campaign, campaign);
    assert_ptr_equal(k->publisher, &c->parties[PUBLISHER]);
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
        assert_int_equal(k->codes[i].placement, i + 1);
        assert_span(k->codes[i].label, m->code[i].label);
        assert_span(k->codes[i].landing_url, m->code[i].landing_url);
    }
    catalog_unref(c);
}

static void secrets_come_back_opened(void **state)
{
    struct market *m = *state;
    struct catalog *c = loaded(m);
    const struct secret *s = catalog_secret(c, SPAN("K1"));
    assert_ptr_equal(s->party, &c->parties[PUBLISHER]);
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
    assert_ptr_equal(catalog_token(c, span_str(m->token))->party, &c->parties[PUBLISHER]);
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
        assert_int_equal(catalog_may_read(c, &c->parties[i], catalog_contract(c, SPAN("C1"))), direct[i]);
        assert_int_equal(catalog_may_read(c, &c->parties[i], catalog_contract(c, SPAN("C2"))), contract[i]);
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

enum { READS = 20000, PUBLISHED = 50 };

static void *hold_and_read(void *arg)
{
    int64_t last = 0;
    for (int i = 0; i < READS; i++) {
        struct catalog *c = catalog_hold(arg);
        if (c->parties[0].created_ms < last || catalog_party(c, SPAN("P1")) == NULL)
            abort();
        last = c->parties[0].created_ms;
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
    for (int64_t g = 2; g < PUBLISHED; g++) {
        struct catalog *c = loaded(m);
        c->parties[0].created_ms += g;
        catalog_publish(slot, c);
    }
    for (int i = 0; i < 2; i++)
        pthread_join(readers[i], NULL);
    assert_non_null(catalog_party(first, SPAN("P1")));
    catalog_unref(first);
    catalog_slot_free(slot);
}

/* ---- reload ---- */

/* Every kind of change at once: a key, a new party, a new campaign document, a new code, a retired secret, a token, a
 * grant. */
static void change_everything(struct market *m)
{
    struct party late = {
        .number = PARTIES + 1, .id = "P9", .role = ROLE_AUDITOR, .name = SPAN("late"), .created_ms = 9};
    struct buf doc = document(campaign_document,
                              "{\"advertiser\":\"P2\",\"name\":\"Changed\",\"currency\":\"EUR\",\"landing_url\":"
                              "\"https://shop.example/new\"}",
                              "A1");
    struct code code = {3, SPAN("third"), {0}, 7000};
    struct txn *t = fixture_begin(&m->f, true);
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
    assert_ok(txn_commit(t));
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
        assert_int_equal(a->codes[i].placement, b->codes[i].placement);
        assert_span(a->codes[i].label, b->codes[i].label);
        assert_span(a->codes[i].landing_url, b->codes[i].landing_url);
    }
}

static void assert_same(const struct catalog *a, const struct catalog *b)
{
    assert_int_equal(a->n_parties, b->n_parties);
    assert_int_equal(a->n_campaigns, b->n_campaigns);
    assert_int_equal(a->n_contracts, b->n_contracts);
    assert_int_equal(a->n_secrets, b->n_secrets);
    for (size_t i = 0; i < a->n_parties; i++) {
        assert_string_equal(a->parties[i].id, b->parties[i].id);
        assert_span(a->parties[i].name, b->parties[i].name);
        assert_int_equal(a->parties[i].has_key, b->parties[i].has_key);
        for (size_t k = 0; k < a->n_contracts; k++)
            assert_int_equal(catalog_may_read(a, &a->parties[i], &a->contracts[k]),
                             catalog_may_read(b, &b->parties[i], &b->contracts[k]));
    }
    assert_span(a->campaigns[0].document, b->campaigns[0].document);
    assert_memory_equal(a->campaigns[0].pepper, b->campaigns[0].pepper, 32);
    for (size_t i = 0; i < a->n_contracts; i++)
        assert_same_contract(&a->contracts[i], &b->contracts[i]);
    assert_int_equal(a->secrets[0].retired, b->secrets[0].retired);
    assert_memory_equal(a->secrets[0].key, b->secrets[0].key, 64);
    assert_ptr_equal(a->secrets[0].party, &a->parties[PUBLISHER]);
}

static struct catalog *reloaded(struct market *m, const struct catalog *before)
{
    struct catalog *c = NULL;
    struct txn *t = fixture_begin(&m->f, false);
    assert_ok(catalog_reload(t, m->keys, before, &c));
    txn_abort(t);
    return c;
}

static void a_reload_is_a_load(void **state)
{
    struct market *m = *state;
    struct catalog *first = loaded(m), *unchanged = reloaded(m, first);
    assert_same(unchanged, first);
    catalog_unref(first); /* nothing of it may be needed any more */
    change_everything(m);
    struct catalog *fresh = loaded(m), *second = reloaded(m, unchanged);
    catalog_unref(unchanged);
    assert_same(second, fresh);
    assert_span(second->contracts[1].versions.v[0].terms->name, SPAN("Changed"));
    assert_ptr_equal(catalog_token(second, span_str(m->token))->party, &second->parties[PUBLISHER]);
    catalog_unref(fresh);
    catalog_unref(second);
}

/* ---- which contracts go together ---- */

enum { CROWD = 9, CAMPAIGNS = 5, CONTRACTS = 80 };

/* Parties of three roles, campaigns of some of them, contracts and grants of chance. */
static void market_crowd(struct market *m, struct party party[CROWD], struct campaign campaign[CAMPAIGNS])
{
    static const enum role roles[] = {ROLE_ADVERTISER, ROLE_PUBLISHER, ROLE_AUDITOR};
    struct txn *t = fixture_begin(&m->f, true);
    uint32_t n = 2;
    for (uint32_t i = 0; i < CROWD; i++) {
        party[i] =
            (struct party){.number = PARTIES + 1 + i, .role = roles[i % 3], .name = SPAN("Somebody"), .created_ms = 1};
        snprintf(party[i].id, sizeof party[i].id, "P%u", party[i].number);
        assert_ok(catalog_put_party(t, &party[i]));
    }
    for (uint32_t i = 0; i < CAMPAIGNS; i++) {
        struct contract direct = m->direct;
        campaign[i] = m->campaign;
        campaign[i].number = 2 + i;
        campaign[i].advertiser = &party[3 * (random() % (CROWD / 3))];
        campaign[i].direct = direct.number = ++n;
        snprintf(campaign[i].id, sizeof campaign[i].id, "A%u", campaign[i].number);
        snprintf(direct.id, sizeof direct.id, "C%u", n);
        direct.campaign = &campaign[i];
        direct.versions.v[0].number = direct.versions.made = 1;
        assert_ok(catalog_put_campaign(t, &campaign[i]));
        assert_ok(catalog_put_contract(t, &direct));
        assert_ok(fixture_put_terms(t, n, 1, 0));
    }
    while (n < CONTRACTS) {
        struct contract k = m->contract;
        k.number = ++n;
        snprintf(k.id, sizeof k.id, "C%u", n);
        k.versions.v[0].number = k.versions.made = 1;
        k.campaign = &campaign[random() % (CAMPAIGNS - 1)]; /* one has none */
        k.publisher = &party[1 + 3 * (random() % (CROWD / 3))];
        assert_ok(catalog_put_contract(t, &k));
        assert_ok(fixture_put_terms(t, n, 1, 0));
        if (random() % 4 == 0)
            assert_ok(catalog_put_grant(t, &(struct grant){.contract = n,
                                                           .party = party[2 + 3 * (random() % (CROWD / 3))].number,
                                                           .number = 1,
                                                           .by = 1,
                                                           .created_ms = 1}));
    }
    assert_ok(txn_commit(t));
}

/* By a walk over all. */
static void assert_party_lists(const struct catalog *c, const struct party *p)
{
    const struct campaign *takes = NULL;
    bool several = false;
    size_t n = 0;
    for (size_t i = 0; i < c->n_contracts; i++) {
        const struct contract *k = &c->contracts[i];
        if (catalog_may_read(c, p, k)) {
            assert_true(n < p->reads.n);
            assert_ptr_equal(p->reads.k[n], k);
            assert_int_equal(contracts_behind(&p->reads, k->number), ++n);
        }
        if (k->campaign->advertiser == p || k->publisher == p) {
            several |= takes != NULL && takes != k->campaign;
            takes = takes != NULL ? takes : k->campaign;
        }
    }
    assert_int_equal(p->reads.n, n);
    assert_ptr_equal(p->takes, takes);
    assert_int_equal(p->takes_several, several);
}

static void assert_campaign_lists(const struct catalog *c, const struct campaign *g)
{
    size_t all = 1;
    assert_int_equal(g->contracts.k[0]->number, g->direct);
    for (size_t i = 0; i < c->n_parties; i++) {
        const struct party *p = &c->parties[i];
        const struct contract_list of = campaign_contracts_of(g, p);
        size_t n = 0;
        for (size_t k = 0; k < c->n_contracts; k++)
            if (c->contracts[k].campaign == g && c->contracts[k].publisher == p) {
                assert_true(n < of.n);
                assert_ptr_equal(of.k[n++], &c->contracts[k]);
            }
        assert_int_equal(of.n, n);
        all += n;
    }
    assert_int_equal(g->contracts.n, all);
}

static void lists_hold_what_a_walk_over_all_finds(void **state)
{
    struct market *m = *state;
    struct party party[CROWD];
    struct campaign campaign[CAMPAIGNS];
    unsigned seed = (unsigned)time(NULL);
    print_message("seed %u\n", seed);
    srandom(seed);
    market_crowd(m, party, campaign);
    struct catalog *first = loaded(m);
    struct catalog *again = reloaded(m, first);
    catalog_unref(first);
    for (size_t i = 0; i < again->n_parties; i++)
        assert_party_lists(again, &again->parties[i]);
    for (size_t i = 0; i < again->n_campaigns; i++)
        assert_campaign_lists(again, &again->campaigns[i]);
    catalog_unref(again);
}

/* What has the wrong role, or nobody, would be in no list. */
static void who_takes_part_has_the_role(void **state)
{
    struct market *m = *state;
    struct contract k = m->contract;
    struct campaign another = m->campaign;
    const struct {
        const struct party *publisher;
        const struct party *advertiser;
        enum err err;
    } rows[] = {{&m->party[PUBLISHER], &m->party[ADVERTISER], ERR_OK},
                {NULL, &m->party[ADVERTISER], ERR_CORRUPT},
                {&m->party[AUDITOR], &m->party[ADVERTISER], ERR_CORRUPT},
                {&m->party[PUBLISHER], &m->party[OPERATOR], ERR_CORRUPT}};
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
    clock_gettime(CLOCK_MONOTONIC, &from);
    struct catalog *again = reloaded(m, c);
    print_message("%d contracts: load %.1f ms, reload %.1f ms\n", MANY, load_ms, ms_since(&from));
    catalog_unref(again);
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
        T(lists_hold_what_a_walk_over_all_finds),
        T(who_takes_part_has_the_role),
        T(many_contracts_come_back_by_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
