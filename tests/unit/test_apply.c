#include <stdio.h>

#include "common/base/bytes.h"
#include "common/base/money.h"
#include "tests/support/world.h"

enum { CONTRACT = 3, CAMPAIGN_NUMBER = 7, ADVERTISER = 2 };
static const struct fold_context cx = {CONTRACT, CAMPAIGN_NUMBER, SPAN("C1"), ADVERTISER};

static struct entry lead_entry(enum status s)
{
    return (struct entry){.kind = ENTRY_LEAD,
                          .at_ms = NOW,
                          .lead = {.party = SPAN("P1"),
                                   .txid = SPAN("t1"),
                                   .has_click = true,
                                   .click = 2,
                                   .clicked_ms = NOW - 1000,
                                   .status = s,
                                   .reason = s == STATUS_REJECTED ? REASON_TEST : REASON_NONE,
                                   .payout_micros = s == STATUS_REJECTED || s == STATUS_DUPLICATE ? 0 : 500,
                                   .tier = -1,
                                   .due_ms = s == STATUS_PENDING ? NOW + MS_PER_DAY : 0}};
}

static const struct private_part person = {
    .lead = true, .has_email = true, .has_phone = true, .email = {1}, .phone = {2}, .facts_sha256 = {3}};

static struct world after_lead(enum status s)
{
    struct world w = world_new();
    struct entry e = lead_entry(s);
    assert_int_equal(world_apply(&w, &cx, NULL, 5, &e, &person), ERR_OK);
    return w;
}

static struct entry disposition(enum status s, int64_t payable, int64_t at_ms)
{
    return (struct entry){.kind = ENTRY_DISPOSITION,
                          .at_ms = at_ms,
                          .disposition = {.party = SPAN("A1"), .lead = 5, .status = s, .payable_micros = payable}};
}

/* ---- leads ---- */

static void each_status_leaves_its_rows(void **state)
{
    static const struct {
        enum status status;
        size_t dedupe, due;
        int64_t micros, approved_ms;
    } cases[] = {
        {STATUS_PENDING, 4, 1, 0, 0},  {STATUS_HELD, 4, 0, 0, 0},      {STATUS_APPROVED, 4, 0, 500, NOW},
        {STATUS_REJECTED, 0, 0, 0, 0}, {STATUS_DUPLICATE, 0, 0, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world w = after_lead(cases[i].status);
        struct view v = world_view(&w);
        struct lead_row lead;
        struct move_row move;
        struct span value;
        uint8_t key[12];
        struct txid_row txid;

        assert_ok(row_lead(&v, CONTRACT, 5, &lead));
        assert_int_equal(lead.status, cases[i].status);
        assert_int_equal(lead.last, 5);
        assert_int_equal(lead.approved_ms, cases[i].approved_ms);
        assert_int_equal(rows_map_count(w.rows, ROW_DEDUPE), cases[i].dedupe);
        assert_int_equal(rows_map_count(w.rows, ROW_DUE), cases[i].due);
        row_index_key(key, CONTRACT, 5);
        assert_ok(rows_map_get(w.rows, ROW_MOVES, span_of(key, sizeof key), &value));
        assert_int_equal(move_row_read(value, &move), ERR_OK);
        assert_int_equal(move.kind, ENTRY_LEAD);
        assert_int_equal(move.lead, 5);
        assert_int_equal(move.micros, cases[i].micros);
        assert_ok(row_txid(&v, ADVERTISER, CAMPAIGN_NUMBER, SPAN("P1"), SPAN("t1"), &txid));
        assert_int_equal(txid.contract, CONTRACT);
        assert_int_equal(txid.index, 5);
        assert_memory_equal(txid.facts_sha256, person.facts_sha256, HASH_LEN);
        world_free(&w);
    }
}

static void txids_are_each_senders_own_in_each_campaign(void **state)
{
    struct world w = after_lead(STATUS_PENDING);
    struct view v = world_view(&w);
    struct txid_row row = {.party = ""};
    struct entry e = lead_entry(STATUS_PENDING);
    const struct fold_context others[] = {{CONTRACT + 1, CAMPAIGN_NUMBER, SPAN("C2"), ADVERTISER},
                                          {CONTRACT + 2, CAMPAIGN_NUMBER + 1, SPAN("C3"), ADVERTISER},
                                          {CONTRACT + 3, CAMPAIGN_NUMBER + 2, SPAN("C4"), ADVERTISER + 1}};
    static const char *const senders[] = {"P10", "P1", "P1"};
    (void)state;
    assert_int_equal(row_txid(&v, ADVERTISER, CAMPAIGN_NUMBER, SPAN("P2"), SPAN("t1"), &row), ERR_NOT_FOUND);
    assert_int_equal(row_txid(&v, ADVERTISER, CAMPAIGN_NUMBER, SPAN("P1"), SPAN("t2"), &row), ERR_NOT_FOUND);
    assert_int_equal(row_txid(&v, ADVERTISER + 1, CAMPAIGN_NUMBER, SPAN("P1"), SPAN("t1"), &row), ERR_NOT_FOUND);
    for (size_t i = 0; i < 3; i++) {
        e.lead.party = span_str(senders[i]);
        assert_ok(world_apply(&w, &others[i], NULL, 6 + i, &e, &person));
    }
    static const struct {
        const char *party;
        uint64_t index;
    } found[] = {{"P1", 5}, {"P10", 6}, {"P1", 7}}; /* by campaign, then sender; the other advertiser's is not there */
    for (size_t i = 0; i < 3; i++) {
        assert_ok(row_txid_next(&v, ADVERTISER, SPAN("t1"), &row));
        assert_string_equal(row.party, found[i].party);
        assert_int_equal(row.index, found[i].index);
    }
    assert_int_equal(row_txid_next(&v, ADVERTISER, SPAN("t1"), &row), ERR_NOT_FOUND);
    world_free(&w);
}

static void an_erased_lead_leaves_no_person(void **state)
{
    struct world w = world_new();
    struct entry e = lead_entry(STATUS_PENDING);
    (void)state;
    assert_int_equal(world_apply(&w, &cx, NULL, 5, &e, NULL), ERR_OK);
    assert_int_equal(rows_map_count(w.rows, ROW_DEDUPE), 0);
    assert_int_equal(rows_map_count(w.rows, ROW_LEADS), 1);
    world_free(&w);
}

static size_t leads_of_click(const struct view *v, uint64_t click)
{
    uint64_t lead = 0;
    size_t n = 0;
    for (; row_click_lead_from(v, CONTRACT, click, lead, &lead) == ERR_OK; lead++)
        n++;
    return n;
}

static void a_click_has_the_leads_that_it_got(void **state)
{
    struct world w = world_new();
    struct view v = world_view(&w);
    struct entry e = lead_entry(STATUS_PENDING);
    uint64_t first = 0;

    (void)state;
    assert_int_equal(leads_of_click(&v, 2), 0);
    e.lead.click = 3;
    assert_int_equal(world_apply(&w, &cx, NULL, 4, &e, NULL), ERR_OK); /* a neighbour's */
    e.lead.click = 2;
    assert_int_equal(world_apply(&w, &cx, NULL, 5, &e, NULL), ERR_OK);
    assert_int_equal(world_apply(&w, &cx, NULL, 9, &e, NULL), ERR_OK);
    assert_int_equal(leads_of_click(&v, 2), 2);
    assert_ok(row_click_lead_from(&v, CONTRACT, 2, 0, &first));
    assert_int_equal(first, 5);
    e.lead.click_unrecorded = true;
    e.lead.click = 0;
    assert_int_equal(world_apply(&w, &cx, NULL, 12, &e, NULL), ERR_OK);
    assert_int_equal(leads_of_click(&v, 0), 0);
    world_free(&w);
}

/* ---- dispositions ---- */

static void a_lead_that_leaves_review_is_no_longer_due(void **state)
{
    static const enum status to[] = {STATUS_APPROVED, STATUS_REJECTED};
    struct terms *t = terms_of("", "", "C1");
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct world w = after_lead(STATUS_PENDING);
        struct view v = world_view(&w);
        struct entry e = disposition(to[i], to[i] == STATUS_APPROVED ? 500 : 0, NOW + 1);
        struct lead_row lead;
        assert_int_equal(world_apply(&w, &cx, t, 6, &e, NULL), ERR_OK);
        assert_int_equal(rows_map_count(w.rows, ROW_DUE), 0);
        assert_ok(row_lead(&v, CONTRACT, 5, &lead));
        assert_int_equal(lead.status, to[i]);
        assert_int_equal(lead.due_ms, 0);
        assert_int_equal(lead.last, 6);
        assert_int_equal(lead.approved_ms, to[i] == STATUS_APPROVED ? NOW + 1 : 0);
        assert_int_equal(rows_map_count(w.rows, ROW_MOVES), 2);
        world_free(&w);
    }
    terms_free(t);
}

static void what_cannot_follow_is_corrupt(void **state)
{
    struct terms *t = terms_of("", "", "C1");
    struct entry system = disposition(STATUS_APPROVED, 500, NOW + MS_PER_DAY - 1), early = system, due = system,
                 absent = disposition(STATUS_APPROVED, 500, NOW);
    struct entry wrong_sum = disposition(STATUS_APPROVED, 499, NOW),
                 not_allowed = disposition(STATUS_RETURNED, -500, NOW), good = disposition(STATUS_APPROVED, 500, NOW);
    struct world w = after_lead(STATUS_PENDING);

    (void)state;
    early.disposition.trust = due.disposition.trust = TRUST_SYSTEM;
    due.at_ms++;
    absent.disposition.lead = 4;
    assert_int_equal(world_apply(&w, &cx, t, 6, &absent, NULL), ERR_CORRUPT);
    assert_int_equal(world_apply(&w, &cx, t, 6, &wrong_sum, NULL), ERR_CORRUPT);
    assert_int_equal(world_apply(&w, &cx, t, 6, &not_allowed, NULL), ERR_CORRUPT);
    assert_int_equal(world_apply(&w, &cx, t, 6, &early, NULL), ERR_CORRUPT);
    assert_int_equal(world_apply(&w, &cx, t, 5, &good, NULL), ERR_CORRUPT); /* before its lead */
    assert_int_equal(world_apply(&w, &cx, t, 6, &due, NULL), ERR_OK);
    assert_int_equal(world_apply(&w, &cx, t, 7, &good, NULL), ERR_CORRUPT); /* it is that already */
    world_free(&w);
    terms_free(t);
}

static void terms_and_keys_are_known_by_their_newest_entry(void **state)
{
    struct world w = world_new();
    struct view v = world_view(&w);
    struct versions versions;
    uint8_t pub[ED25519_KEY_LEN];
    (void)state;
    assert_int_equal(row_versions(&v, CONTRACT, UINT64_MAX, &versions), ERR_NOT_FOUND);
    for (int64_t i = 1; i <= 3; i++) {
        struct entry t = {.kind = ENTRY_TERMS, .at_ms = NOW, .terms.version = i};
        assert_int_equal(world_apply(&w, &cx, NULL, (uint64_t)(10 * i), &t, NULL), ERR_OK);
        assert_int_equal(row_versions(&v, CONTRACT, UINT64_MAX, &versions), ERR_OK);
        assert_int_equal(versions.n, 1);
        assert_int_equal(versions.v[0].number, i);
        assert_int_equal(versions.v[0].index, 10 * i);
    }
    struct entry later = {.kind = ENTRY_TERMS, .at_ms = NOW, .terms = {.version = 4, .effective_ms = NOW + 5}};
    assert_int_equal(world_apply(&w, &cx, NULL, 35, &later, NULL), ERR_OK);
    assert_int_equal(row_versions(&v, CONTRACT, UINT64_MAX, &versions), ERR_OK);
    assert_int_equal(versions.n, 2);
    assert_int_equal(versions_at(&versions, NOW + 4)->number, 3);
    assert_int_equal(versions_at(&versions, NOW + 5)->number, 4);
    assert_int_equal(row_versions(&v, CONTRACT, 35, &versions), ERR_OK);
    assert_int_equal(versions_newest(&versions)->number, 3);
    assert_int_equal(row_versions(&v, CONTRACT + 1, UINT64_MAX, &versions), ERR_NOT_FOUND);
    struct entry none = {.kind = ENTRY_TERMS, .at_ms = NOW}, nobody = {.kind = ENTRY_KEY, .at_ms = NOW};
    assert_int_equal(world_apply(&w, &cx, NULL, 40, &none, NULL), ERR_CORRUPT);
    assert_int_equal(world_apply(&w, &cx, NULL, 40, &nobody, NULL), ERR_CORRUPT);

    assert_int_equal(row_party_key(&v, CONTRACT, SPAN("P1"), pub), ERR_NOT_FOUND);
    for (uint8_t i = 1; i <= 2; i++) {
        struct entry k = {.kind = ENTRY_KEY, .at_ms = NOW, .key = {.party = SPAN("P1"), .pub = {i}}};
        assert_int_equal(world_apply(&w, &cx, NULL, 50u + i, &k, NULL), ERR_OK);
        assert_int_equal(row_party_key(&v, CONTRACT, SPAN("P1"), pub), ERR_OK);
        assert_int_equal(pub[0], i);
    }
    assert_int_equal(row_party_key(&v, CONTRACT, SPAN("P2"), pub), ERR_NOT_FOUND);
    world_free(&w);
}

static void other_entries_leave_no_rows(void **state)
{
    static const enum entry_kind kinds[] = {ENTRY_CLICK,    ENTRY_VIEW, ENTRY_IMPRESSION,
                                            ENTRY_RESPONSE, ENTRY_GAP,  ENTRY_ERASE};
    struct world w = world_new();
    struct view v = world_view(&w);
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct entry e = {.kind = kinds[i], .at_ms = NOW};
        struct row_ops ops;
        assert_int_equal(apply(&cx, &v, NULL, i, &e, NULL, &ops), ERR_OK);
        assert_int_equal(ops.n, 0);
    }
    world_free(&w);
}

/* ---- row codecs: a changed length or an unknown word does not read ---- */

static void damaged_rows_do_not_read(void **state)
{
    struct world w = after_lead(STATUS_PENDING);
    uint8_t key[12], bytes[sizeof((struct row_op *)0)->value];
    struct span value, due_key;
    struct lead_row lead;
    struct move_row move;
    int64_t due;
    uint32_t contract;
    uint64_t index;

    (void)state;
    row_index_key(key, CONTRACT, 5);
    assert_ok(rows_map_get(w.rows, ROW_LEADS, span_of(key, sizeof key), &value));
    memcpy(bytes, value.ptr, value.len);
    assert_int_equal(lead_row_read(span_of(bytes, value.len - 1), &lead), ERR_CORRUPT);
    static const struct {
        size_t at;
        uint64_t number;
    } cannot_be[] = {
        {4, 0},                     /* no time, */
        {4, UINT64_MAX},            /* one before all, */
        {12, (uint64_t)-1},         /* a lead that costs its publisher, */
        {12, MONEY_MAX_MICROS + 1}, /* more than there is, */
        {20, (uint64_t)JSON_INT_MAX + 1},
        {28, (uint64_t)-1},
        {36, (uint64_t)JSON_INT_MAX + 1},
        {44, (uint64_t)JSON_INT_MAX + 1},
        {52, (uint64_t)JSON_INT_MAX + 1},
        {60, (uint64_t)(LIMIT_RETURN_DAYS + 1) << 32}, /* returned for longer than terms allow, */
        {64, 0},
        {116, 93601}, /* farther ahead than any zone, */
        {160, UINT64_MAX},
    };
    for (size_t i = 0; i < sizeof cannot_be / sizeof *cannot_be; i++) {
        memcpy(bytes, value.ptr, value.len);
        assert_int_equal(lead_row_read(span_of(bytes, value.len), &lead), ERR_OK);
        store_be64(bytes + cannot_be[i].at, cannot_be[i].number);
        if (lead_row_read(span_of(bytes, value.len), &lead) != ERR_CORRUPT)
            fail_msg("number %zu", i);
    }
    memcpy(bytes, value.ptr, value.len);
    for (uint8_t flag = 1; flag != 0; flag = (uint8_t)(flag << 1)) { /* one that is not known, or belies the rest */
        bytes[2] ^= flag;
        bool alone = flag == 16 || flag == 32 || flag == 64; /* unrecorded click, unknown identity, unproven: can be */
        assert_int_equal(lead_row_read(span_of(bytes, value.len), &lead), alone ? ERR_OK : ERR_CORRUPT);
        bytes[2] ^= flag;
    }
    bytes[0] = STATUS_COUNT;
    assert_int_equal(lead_row_read(span_of(bytes, value.len), &lead), ERR_CORRUPT);
    assert_ok(rows_map_get(w.rows, ROW_MOVES, span_of(key, sizeof key), &value));
    memcpy(bytes, value.ptr, value.len);
    assert_int_equal(move_row_read(span_of(bytes, value.len - 1), &move), ERR_CORRUPT);
    bytes[0] = ENTRY_CLICK;
    assert_int_equal(move_row_read(span_of(bytes, value.len), &move), ERR_CORRUPT);
    assert_ok(rows_map_seek(w.rows, ROW_DUE, SPAN(""), &due_key, &value));
    assert_int_equal(due_key_read(due_key, &due, &contract, &index), ERR_OK);
    assert_int_equal(due, NOW + MS_PER_DAY);
    assert_int_equal(contract, CONTRACT);
    assert_int_equal(index, 5);
    assert_int_equal(due_key_read(span_of(due_key.ptr, due_key.len - 1), &due, &contract, &index), ERR_CORRUPT);

    struct row_ops of_click = {.op = {{.table = ROW_CLICK_LEADS, .key_len = 20}}, .n = 1};
    struct view v = world_view(&w);
    row_index_key(of_click.op[0].key, CONTRACT, 9);
    store_be64(of_click.op[0].key + 12, 9); /* a lead is after its click */
    rows_map_write(w.rows, &of_click);
    assert_int_equal(row_click_lead_from(&v, CONTRACT, 9, 0, &index), ERR_CORRUPT);
    world_free(&w);
}

/* ---- tally ---- */

static void the_tally_adds_up_traffic(void **state)
{
    struct terms *t =
        terms_of(",'payable_classes':['ok','repeat']", ",'price':{'click_micros':10,'impression_micros':3}", "C1");
    struct entry_gap gap = {.clicks = 4, .views = 5, .impressions = 6};
    struct tally a = {0};

    (void)state;
    assert_true(tally_add(&a, t, &(struct tallied){ENTRY_CLICK, CLASS_OK, NOW}));
    assert_true(tally_add(&a, t, &(struct tallied){ENTRY_CLICK, CLASS_OK, NOW + 1}));
    assert_true(tally_add(&a, t, &(struct tallied){ENTRY_CLICK, CLASS_BOT, NOW + 2}));
    assert_true(tally_add(&a, t, &(struct tallied){ENTRY_VIEW, CLASS_OK, NOW + 3}));
    assert_true(tally_add(&a, t, &(struct tallied){ENTRY_VIEW, CLASS_PREFETCH, NOW + 4}));
    assert_true(tally_add(&a, t, &(struct tallied){ENTRY_IMPRESSION, CLASS_OK, NOW + 4}));
    assert_true(tally_add(&a, t, &(struct tallied){ENTRY_IMPRESSION, CLASS_BOT, NOW + 4}));
    assert_true(tally_add(&a, t, &(struct tallied){ENTRY_LEAD, CLASS_OK, NOW + 5}));
    assert_true(tally_add(&a, NULL, &(struct tallied){ENTRY_CLICK, CLASS_OK, NOW + 6}));
    assert_true(tally_add(&a, t, &(struct tallied){ENTRY_GAP, CLASS_OK, NOW + 7, .gap = gap}));
    assert_true(tally_add(&a, t, &(struct tallied){ENTRY_CLICK, CLASS_REPEAT, NOW + 8}));
    assert_true(tally_add(&a, t, &(struct tallied){ENTRY_CLICK, CLASS_ENDED, NOW + 9}));
    assert_int_equal(a.clicks[CLASS_OK], 3);
    assert_int_equal(a.clicks[CLASS_BOT], 1);
    assert_int_equal(a.views[CLASS_OK], 1);
    assert_int_equal(a.views[CLASS_PREFETCH], 1);
    assert_int_equal(a.clicks[CLASS_REPEAT], 1);
    assert_int_equal(a.payable_clicks, 3);
    assert_int_equal(a.payable_impressions, 1);
    assert_int_equal(a.click_micros, 30);
    assert_int_equal(a.impression_micros, 3);
    assert_int_equal(a.gap_clicks, 4);
    assert_int_equal(a.gap_views, 5);
    assert_int_equal(a.gap_impressions, 6);
    assert_int_equal(a.impressions[CLASS_OK], 1);
    assert_int_equal(a.impressions[CLASS_BOT], 1);
    assert_int_equal(a.from_ms, NOW);
    assert_int_equal(a.to_ms, NOW + 9);
    terms_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_status_leaves_its_rows),
        cmocka_unit_test(txids_are_each_senders_own_in_each_campaign),
        cmocka_unit_test(an_erased_lead_leaves_no_person),
        cmocka_unit_test(a_click_has_the_leads_that_it_got),
        cmocka_unit_test(a_lead_that_leaves_review_is_no_longer_due),
        cmocka_unit_test(what_cannot_follow_is_corrupt),
        cmocka_unit_test(terms_and_keys_are_known_by_their_newest_entry),
        cmocka_unit_test(other_entries_leave_no_rows),
        cmocka_unit_test(damaged_rows_do_not_read),
        cmocka_unit_test(the_tally_adds_up_traffic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
