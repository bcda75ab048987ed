#include "server/commit/batch.h"

#include "common/base/bytes.h"
#include "common/base/when.h"
#include "server/commit/credentials.h"
#include "server/commit/nonces.h"
#include "server/commit/rollups.h"
#include "server/ledger/ledger_rows.h"
#include "tests/support/live_server.h"

enum { ADVERTISER_DIRECT = 1, CONTRACT = 2, ENDED = 3, OTHERS = 4 };
#define NOW ((int64_t)1790000000000)

static struct live live; /* its control rows only: no thread runs */
static struct batch cx;
static struct arena *arena;

static void begin(void)
{
    cx.txn = fixture_begin(&live.f, true);
    cx.now_ms = NOW;
    cx.view = ledger_view(&cx.within, cx.ledger, cx.txn);
}

/* As the committer runs it. */
static enum err pipeline_run(struct batch *b, struct job *job)
{
    b->record = &job->record;
    return job_runs[job->record.kind](b, job);
}

static void commit_swept(void)
{
    assert_ok(txn_commit(cx.txn));
    begin();
    assert_ok(ledger_sweep(cx.ledger, cx.txn));
    assert_ok(txn_commit(cx.txn));
    ledger_swept(cx.ledger);
    begin();
}

static int setup(void **state)
{
    (void)state;
    memset(&live, 0, sizeof live);
    fixture_open(&live.f);
    live_make(&live, ",\"lead\":{\"require\":[\"email\"]},\"review\":{\"mode\":\"auto\",\"auto_approve_days\":14}");
    fixture_instance(&live.f, &live.sh.instance);
    arena = arena_new();
    cx = (struct batch){.instance = &live.sh.instance};
    cx.rollups = rollups_new(&cx);
    begin();
    assert_ok(ledger_open(cx.txn, &cx.ledger));
    cx.view = ledger_view(&cx.within, cx.ledger, cx.txn);
    cx.catalog = catalog_hold(live.sh.instance.catalog);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    txn_abort(cx.txn);
    ledger_close(cx.ledger);
    rollups_free(cx.rollups);
    catalog_unref(cx.catalog);
    arena_free(arena);
    tokens_free(live.tokens);
    fixture_instance_close(&live.f, &live.sh.instance);
    fixture_close(&live.f);
    return 0;
}

/* ---- jobs ---- */

static struct job job_of(enum record_kind kind, int64_t at_ms)
{
    return (struct job){
        .arena = arena,
        .record = {.kind = kind, .advertiser = LIVE_ADVERTISER + 1, .arrived_ms = at_ms, .now_ms = NOW}};
}

static struct job track(uint32_t contract, enum entry_kind kind, int64_t at_ms)
{
    struct job job = job_of(kind == ENTRY_CLICK ? RECORD_CLICK : RECORD_VIEW, at_ms);
    job.record.track.contract = contract;
    job.record.track.entry = (struct entry){.kind = kind, .at_ms = at_ms};
    return job;
}

static uint64_t click(uint32_t contract)
{
    struct job job = track(contract, ENTRY_CLICK, NOW - 60000);
    assert_ok(pipeline_run(&cx, &job));
    return job.index;
}

/* A complete lead by P3 for a person, with the click it claims (none: UINT64_MAX). */
static struct job lead(const char *txid, char person, uint32_t contract, uint64_t click_index)
{
    struct job job = job_of(RECORD_LEAD, NOW);
    struct lead_report *r = &job.record.lead.report;
    job.record.lead.fallback_contract = CONTRACT;
    *r = (struct lead_report){.party = SPAN("P3"), .txid = span_str(txid), .given = CONTACT_EMAIL, .has_email = true};
    memset(r->email, person, TOKEN_LEN);
    sha256(&person, 1, r->facts_sha256);
    if (click_index != UINT64_MAX) {
        r->claimed = true;
        r->touches[r->n_touches++] = (struct pointer){.contract = contract, .index = click_index};
    }
    return job;
}

static struct job good_lead(const char *txid, char person)
{
    return lead(txid, person, CONTRACT, click(CONTRACT));
}

static struct job disposition(size_t by, enum status status)
{
    struct job job = job_of(RECORD_DISPOSITION, NOW);
    job.record.disposition.party = (uint32_t)by + 1;
    job.record.disposition.report = (struct disposition_report){
        .party = span_str(catalog_party_number(cx.catalog, (uint32_t)by + 1)->id), .status = status};
    return job;
}

static struct job disposition_of(uint64_t lead_index, size_t by, enum status status)
{
    struct job job = disposition(by, status);
    job.record.disposition.by_lead = true;
    job.record.disposition.pointer = (struct pointer){.contract = CONTRACT, .index = lead_index};
    return job;
}

static void use_nonce(struct nonce_use *n, char key, char request)
{
    n->used = true;
    n->keep_s = NONCE_QUERY_KEEP_S;
    memset(n->key, key, sizeof n->key);
    memset(n->request_sha256, request, sizeof n->request_sha256);
}

static struct entry_lead decided(const struct job *job)
{
    struct entry e;
    struct problem p;
    assert_ok(entry_read(job->entry, &e, &p));
    struct entry_lead l = e.lead;
    entry_close(&e); /* its numbers outlive its spans */
    return l;
}

/* The lead that the answer is about. */
static uint64_t lead_of(const struct job *job)
{
    struct entry e;
    assert_ok(entry_read(job->entry, &e, NULL));
    uint64_t lead = e.kind == ENTRY_DISPOSITION ? e.disposition.lead : job->index;
    entry_close(&e);
    return lead;
}

static enum status status_of(uint64_t lead_index)
{
    struct lead_row row;
    assert_ok(row_lead(&cx.view, CONTRACT, lead_index, &row));
    return row.status;
}

/* The job's "no" left everything as it was. */
static void assert_refused(struct job *job, enum err expected)
{
    uint64_t seq = ledger_next_seq(cx.ledger), changes = ledger_changes(cx.ledger);
    assert_err(pipeline_run(&cx, job), expected);
    assert_int_equal(ledger_next_seq(cx.ledger), seq);
    assert_int_equal(ledger_changes(cx.ledger), changes);
}

/* ---- clicks and views ---- */

static void a_click_is_the_next_entry_of_its_contract(void **state)
{
    (void)state;
    assert_int_equal(click(CONTRACT), 0);
    assert_int_equal(click(OTHERS), 0);
    assert_int_equal(click(CONTRACT), 1);
}

/* The worker took it when its contract was in force. */
static void traffic_is_recorded_whatever_became_of_its_contract_meanwhile(void **state)
{
    (void)state;
    static const enum entry_kind kinds[] = {ENTRY_CLICK, ENTRY_VIEW};
    for (size_t i = 0; i < 2; i++) {
        struct job ended = track(ENDED, kinds[i], NOW);
        struct envelope env;
        assert_ok(pipeline_run(&cx, &ended));
        assert_ok(ledger_get(cx.ledger, cx.txn, ENDED, ended.index, &env));
        assert_int_equal(env.kind, kinds[i]);
        assert_int_equal(env.class, CLASS_ENDED);
    }
}

static void traffic_of_a_contract_that_never_was_is_refused(void **state)
{
    (void)state;
    struct job unknown = track(99, ENTRY_VIEW, NOW);
    assert_refused(&unknown, ERR_CORRUPT);
}

static void a_view_names_its_click_only_when_it_exists_and_has_its_placement(void **state)
{
    (void)state;
    struct job seen = track(CONTRACT, ENTRY_CLICK, NOW - 60000);
    seen.record.track.entry.click.placement = 3;
    assert_ok(pipeline_run(&cx, &seen));
    uint64_t existing = seen.index;
    const struct {
        uint64_t claim;
        bool found;
    } cases[] = {{existing, true}, {UINT64_C(1) << 63, false}};
    for (size_t i = 0; i < 2; i++) {
        struct job view = track(CONTRACT, ENTRY_VIEW, NOW);
        view.record.track.has_click_claim = true;
        view.record.track.click_claim = cases[i].claim;
        view.record.track.entry.view.placement = 2;
        assert_ok(pipeline_run(&cx, &view));
        struct envelope env;
        assert_ok(ledger_get(cx.ledger, cx.txn, CONTRACT, view.index, &env));
        assert_int_equal(memmem(env.entry.ptr, env.entry.len, "\"click\"", 7) != NULL, cases[i].found);
        const char *placement = cases[i].found ? "\"placement\":3" : "\"placement\":2";
        assert_non_null(memmem(env.entry.ptr, env.entry.len, placement, strlen(placement)));
    }
}

/* Its id is genuine: it was on disk before anybody got it. */
static void what_names_a_click_that_is_gone_is_not_recorded(void **state)
{
    (void)state;
    uint64_t not_one = click(CONTRACT);
    struct job view = track(CONTRACT, ENTRY_VIEW, NOW), other = view;
    assert_ok(pipeline_run(&cx, &view));
    not_one = view.index;
    other.record.track.has_click_claim = true;
    other.record.track.click_claim = not_one;
    struct job none = lead("t1", 'a', CONTRACT, 77), early = lead("t2", 'b', CONTRACT, click(CONTRACT)),
               no_click = lead("t3", 'c', CONTRACT, not_one);
    early.record.lead.report.touches[0].at_s = (uint32_t)(NOW / 1000 + 86400);
    assert_refused(&other, ERR_CORRUPT);
    assert_refused(&none, ERR_CORRUPT);
    assert_refused(&early, ERR_CORRUPT);
    assert_refused(&no_click, ERR_CORRUPT);
}

/* The last row of a table is no more what it was. */
static void damage_last(enum table table)
{
    char copy[STORE_KEY_MAX];
    size_t len = 0;
    struct cursor *c;
    struct span key, value;
    assert_ok(cursor_open(cx.txn, table, &c));
    for (enum err err = cursor_seek(c, SPAN(""), &key, &value); err == ERR_OK; err = cursor_next(c, &key, &value))
        memcpy(copy, key.ptr, len = key.len);
    cursor_close(c);
    assert_ok(store_put(cx.txn, table, span_of(copy, len), SPAN("x")));
}

static void a_view_is_not_recorded_without_its_click_because_that_does_not_read(void **state)
{
    (void)state;
    struct job view = track(CONTRACT, ENTRY_VIEW, NOW);
    view.record.track.has_click_claim = true;
    view.record.track.click_claim = click(CONTRACT);
    damage_last(TABLE_JOURNAL);
    assert_refused(&view, ERR_CORRUPT);
}

/* ---- leads ---- */

/* What decides about it stands in front of its entry, or is found in it by name: a text that is no JSON decides alike.
 */
static void no_lead_parses_its_clicks_json(void **state)
{
    (void)state;
    uint64_t at = click(CONTRACT);
    uint8_t key[SEQ_LEN];
    struct buf changed;
    struct envelope env;
    struct entry e;
    struct span row;
    seq_key(key, ledger_next_seq(cx.ledger) - 1);
    assert_ok(store_get(cx.txn, TABLE_JOURNAL, span_of(key, sizeof key), &row));
    buf_heap(&changed);
    buf_span_add(&changed, row);
    assert_int_equal(changed.ptr[changed.len - 1], '}');
    changed.ptr[changed.len - 1] = ',';
    assert_ok(store_put(cx.txn, TABLE_JOURNAL, span_of(key, sizeof key), buf_span(&changed)));
    buf_free(&changed);
    assert_ok(ledger_get(cx.ledger, cx.txn, CONTRACT, at, &env));
    assert_int_not_equal(entry_read(env.entry, &e, NULL), ERR_OK); /* control: who parses it notices */
    struct job job = lead("t1", 'a', CONTRACT, at);
    assert_ok(pipeline_run(&cx, &job));
    assert_int_equal(job.out_contract, CONTRACT);
    assert_int_equal(decided(&job).status, STATUS_PENDING);
    assert_int_equal(decided(&job).click, at);
}

static void a_lead_goes_to_its_clicks_contract(void **state)
{
    (void)state;
    struct job job = lead("t1", 'a', OTHERS, click(OTHERS));
    assert_ok(pipeline_run(&cx, &job));
    assert_int_equal(job.out_contract, OTHERS);
    assert_int_equal(decided(&job).status, STATUS_PENDING);
    assert_int_equal(decided(&job).payout_micros, 5);
}

static void a_lead_without_a_known_click_goes_to_the_fallback(void **state)
{
    (void)state;
    struct job none = lead("t1", 'a', CONTRACT, UINT64_MAX), unknown = lead("t2", 'b', OTHERS, UINT64_C(1) << 63);
    assert_ok(pipeline_run(&cx, &none));
    assert_ok(pipeline_run(&cx, &unknown));
    assert_int_equal(none.out_contract, CONTRACT);
    assert_int_equal(decided(&none).reason, REASON_NO_CLICK);
    assert_int_equal(decided(&unknown).reason, REASON_UNKNOWN_CLICK);
}

static void two_copies_of_a_person_in_one_batch_see_each_other(void **state)
{
    (void)state;
    struct job first = good_lead("t1", 'a'), second = good_lead("t2", 'a');
    assert_ok(pipeline_run(&cx, &first));
    assert_ok(pipeline_run(&cx, &second));
    assert_int_equal(decided(&first).status, STATUS_PENDING);
    assert_int_equal(decided(&second).status, STATUS_DUPLICATE);
    assert_int_equal(decided(&second).dup_index, first.index);
}

/* Only who has the other lead's entry finds it. */
static void a_duplicate_elsewhere_commits_to_the_other_lead(void **state)
{
    (void)state;
    struct job first = good_lead("t1", 'a'), second = lead("t2", 'a', OTHERS, click(OTHERS));
    struct hash again;
    memset(second.record.lead.report.commitment.b, 9, HASH_LEN);
    assert_ok(pipeline_run(&cx, &first));
    assert_ok(pipeline_run(&cx, &second));
    assert_int_equal(decided(&second).status, STATUS_DUPLICATE);
    dup_commitment(&second.record.lead.report.commitment, &first.leaf, &again);
    assert_memory_equal(decided(&second).dup_commit.b, again.b, HASH_LEN);
}

static void the_same_txid_answers_the_first_lead_or_conflicts(void **state)
{
    (void)state;
    struct job first = good_lead("t1", 'a'), again = good_lead("t1", 'a'), changed = good_lead("t1", 'b');
    assert_ok(pipeline_run(&cx, &first));
    uint64_t seq = ledger_next_seq(cx.ledger);
    assert_ok(pipeline_run(&cx, &again));
    assert_int_equal(ledger_next_seq(cx.ledger), seq);
    assert_true(again.replayed);
    assert_int_equal(again.index, first.index);
    assert_true(span_eq(again.entry, first.entry));
    assert_memory_equal(again.leaf.b, first.leaf.b, HASH_LEN);
    assert_refused(&changed, ERR_CONFLICT);
    assert_string_equal(changed.problem.field, "txid");
}

static void the_same_nonce_answers_the_same_request_only(void **state)
{
    (void)state;
    struct job first = good_lead("", 'a'), again = good_lead("", 'a'), changed = good_lead("", 'b');
    use_nonce(&first.record.lead.nonce, 'n', 1);
    use_nonce(&again.record.lead.nonce, 'n', 1);
    use_nonce(&changed.record.lead.nonce, 'n', 2);
    assert_ok(pipeline_run(&cx, &first));
    assert_ok(pipeline_run(&cx, &again));
    assert_true(again.replayed);
    assert_true(span_eq(again.entry, first.entry));
    assert_int_equal(lead_of(&again), first.index);
    assert_refused(&changed, ERR_CONFLICT);
}

static void an_entry_past_the_limit_is_refused(void **state)
{
    (void)state;
    static char names[LIMIT_FIELDS][6], value[LIMIT_FIELD];
    memset(value, 1, sizeof value); /* six bytes each in JSON */
    struct job job = good_lead("t1", 'a');
    struct lead_report *r = &job.record.lead.report;
    for (int i = 0; i < LIMIT_FIELDS; i++) {
        snprintf(names[i], sizeof names[i], "f_%02d", i);
        r->facts[r->n_facts++] = (struct fact){span_str(names[i]), span_of(value, sizeof value)};
    }
    assert_refused(&job, ERR_TOO_LARGE);
}

/* ---- dispositions ---- */

static void an_advertiser_approves_by_ref_txid_or_click(void **state)
{
    (void)state;
    for (int by = 0; by < 3; by++) {
        char txid[] = {'t', (char)('0' + by), 0};
        struct job l = good_lead(txid, (char)('a' + by));
        if (by == 1) /* a txid belongs to who sent it */
            l.record.lead.report.party = SPAN("P2");
        assert_ok(pipeline_run(&cx, &l));
        struct job d = by == 0 ? disposition_of(l.index, LIVE_ADVERTISER, STATUS_APPROVED)
                               : disposition(LIVE_ADVERTISER, STATUS_APPROVED);
        d.record.disposition.report.txid = by == 1 ? span_str(txid) : SPAN("");
        if (by == 2) {
            d.record.disposition.by_click = true;
            d.record.disposition.pointer = l.record.lead.report.touches[0];
        }
        assert_ok(pipeline_run(&cx, &d));
        assert_int_equal(lead_of(&d), l.index);
        assert_int_equal(status_of(l.index), STATUS_APPROVED);
    }
}

static void who_may_not_or_names_no_lead_is_refused(void **state)
{
    (void)state;
    uint64_t shared = click(CONTRACT);
    struct job l = lead("t1", 'a', CONTRACT, shared), l2 = lead("t2", 'b', CONTRACT, shared);
    assert_ok(pipeline_run(&cx, &l));
    assert_ok(pipeline_run(&cx, &l2));
    struct job publisher = disposition_of(l.index, LIVE_PUBLISHER, STATUS_APPROVED);
    struct job missing = disposition_of(l.index + 100, LIVE_ADVERTISER, STATUS_APPROVED);
    struct job a_click = disposition_of(shared, LIVE_ADVERTISER, STATUS_APPROVED);
    struct job unknown_txid = disposition(LIVE_ADVERTISER, STATUS_APPROVED);
    struct job publishers_txid = disposition(LIVE_PUBLISHER, STATUS_APPROVED);
    struct job others_txid = disposition(LIVE_OTHER, STATUS_APPROVED);
    struct job two_leads = disposition(LIVE_ADVERTISER, STATUS_APPROVED);
    struct job too_early = disposition_of(l.index, LIVE_ADVERTISER, STATUS_RETURNED);
    unknown_txid.record.disposition.report.txid = SPAN("t9");
    publishers_txid.record.disposition.report.txid = SPAN("t1");
    others_txid.record.disposition.report.txid = SPAN("t1");
    two_leads.record.disposition.by_click = true;
    two_leads.record.disposition.pointer = (struct pointer){.contract = CONTRACT, .index = shared};
    assert_refused(&publisher, ERR_FORBIDDEN);
    assert_refused(&missing, ERR_NOT_FOUND);
    assert_refused(&a_click, ERR_NOT_FOUND);
    assert_refused(&unknown_txid, ERR_NOT_FOUND);
    assert_refused(&publishers_txid, ERR_FORBIDDEN);
    assert_refused(&others_txid, ERR_FORBIDDEN); /* publishers decide none, whatever they name */
    assert_refused(&two_leads, ERR_CONFLICT);
    assert_refused(&too_early, ERR_CONFLICT);
}

static void a_status_it_has_already_is_answered_by_its_entry(void **state)
{
    (void)state;
    struct job l = good_lead("t1", 'a');
    assert_ok(pipeline_run(&cx, &l));
    struct job first = disposition_of(l.index, LIVE_ADVERTISER, STATUS_APPROVED), again = first;
    assert_ok(pipeline_run(&cx, &first));
    uint64_t seq = ledger_next_seq(cx.ledger);
    assert_ok(pipeline_run(&cx, &again));
    assert_int_equal(ledger_next_seq(cx.ledger), seq);
    assert_int_equal(again.index, first.index);
    assert_int_equal(lead_of(&again), l.index);
    assert_true(span_eq(again.entry, first.entry));
}

static struct job by_txid(size_t by, const char *txid, const struct pointer *click_id)
{
    struct job d = disposition(by, STATUS_CONVERTED);
    d.record.disposition.report.txid = span_str(txid);
    d.record.disposition.by_click = click_id != NULL;
    if (click_id != NULL)
        d.record.disposition.pointer = *click_id;
    return d;
}

static void a_publishers_txid_names_a_lead_when_one_publisher_used_it(void **state)
{
    (void)state;
    struct job p3 = good_lead("t1", 'a'), p4 = lead("t1", 'b', OTHERS, click(OTHERS)), own = good_lead("t1", 'c');
    p4.record.lead.report.party = SPAN("P4");
    own.record.lead.report.party = SPAN("P2");
    assert_ok(pipeline_run(&cx, &p3));
    struct job by_operator = by_txid(LIVE_OPERATOR, "t1", NULL), d = by_txid(LIVE_ADVERTISER, "t1", NULL);
    assert_ok(pipeline_run(&cx, &d));
    assert_int_equal(lead_of(&d), p3.index);
    assert_ok(pipeline_run(&cx, &by_operator));
    assert_int_equal(lead_of(&by_operator), p3.index);

    assert_ok(pipeline_run(&cx, &p4));
    struct job two = by_txid(LIVE_ADVERTISER, "t1", NULL);
    assert_refused(&two, ERR_CONFLICT);
    assert_string_equal(two.problem.field, "txid");

    assert_ok(pipeline_run(&cx, &own)); /* the sender's own comes first */
    struct job mine = by_txid(LIVE_ADVERTISER, "t1", NULL);
    assert_ok(pipeline_run(&cx, &mine));
    assert_int_equal(lead_of(&mine), own.index);
}

/* "No lead of yours" would be final: the sender would not ask again. */
static void a_txid_whose_row_does_not_read_is_not_unknown(void **state)
{
    (void)state;
    struct job reported = good_lead("t1", 'a');
    assert_ok(pipeline_run(&cx, &reported));
    damage_last((enum table)(TABLE_ROWS + ROW_TXIDS));
    struct job approved = disposition(LIVE_ADVERTISER, STATUS_APPROVED);
    approved.record.disposition.report.txid = SPAN("t1");
    assert_refused(&approved, ERR_CORRUPT);
}

static void a_new_txid_leaves_the_word_to_the_click(void **state)
{
    (void)state;
    struct job l = good_lead("t1", 'a'), other = good_lead("t2", 'b');
    assert_ok(pipeline_run(&cx, &l));
    assert_ok(pipeline_run(&cx, &other));
    const struct pointer *click_id = &l.record.lead.report.touches[0];
    const struct pointer leadless = {.contract = CONTRACT, .index = click(CONTRACT)};
    struct job sale = by_txid(LIVE_ADVERTISER, "order-1", click_id);
    assert_ok(pipeline_run(&cx, &sale));
    assert_int_equal(lead_of(&sale), l.index);
    struct job taken = by_txid(LIVE_ADVERTISER, "t2", click_id); /* a publisher's txid beside the click's lead */
    assert_refused(&taken, ERR_CONFLICT);
    assert_string_equal(taken.problem.field, "status"); /* sold already */
    struct job nothing = by_txid(LIVE_ADVERTISER, "order-2", &leadless);
    assert_refused(&nothing, ERR_NOT_FOUND);
    struct job neither =
        by_txid(LIVE_ADVERTISER, "t2", &leadless); /* a publisher's txid, and a click that is not its */
    assert_refused(&neither, ERR_CONFLICT);
    assert_string_equal(neither.problem.field, "click_id");
}

/* By its own number the advertiser means the lead that its report repeats; a refused one comes back by no guess. */
static void a_number_of_ones_own_reaches_what_it_repeats_and_a_guess_brings_nothing_back(void **state)
{
    (void)state;
    uint64_t clicked = click(CONTRACT);
    struct job first = lead("t1", 'a', CONTRACT, clicked), own = lead("order-1", 'a', CONTRACT, clicked),
               junk = lead("order-2", 'b', CONTRACT, UINT64_MAX);
    own.record.lead.report.party = SPAN("P2");
    assert_ok(pipeline_run(&cx, &first));
    assert_ok(pipeline_run(&cx, &own));
    assert_int_equal(decided(&own).status, STATUS_DUPLICATE);
    assert_ok(pipeline_run(&cx, &junk));
    struct job rejected = disposition(LIVE_ADVERTISER, STATUS_REJECTED),
               approved = disposition(LIVE_ADVERTISER, STATUS_APPROVED);
    rejected.record.disposition.report.txid = SPAN("order-1");
    approved.record.disposition.report.txid = SPAN("order-2");
    assert_ok(pipeline_run(&cx, &rejected));
    assert_int_equal(lead_of(&rejected), first.index);
    assert_refused(&approved, ERR_CONFLICT);
    assert_string_equal(approved.problem.field, "txid");
}

static void a_lead_is_sold_once(void **state)
{
    (void)state;
    struct job l = good_lead("t1", 'a');
    assert_ok(pipeline_run(&cx, &l));
    const struct {
        const char *txid, *currency;
        int64_t micros;
        enum err err;
        const char *field;
    } sales[] = {
        {"s1", "USD", 5000000, ERR_MALFORMED, "currency"},
        {"s1", "EUR", 5000000, ERR_OK, ""},
        {"s1", "EUR", 5000000, ERR_OK, ""},
        {"", "EUR", 5000000, ERR_OK, ""},
        {"s2", "EUR", 5000000, ERR_CONFLICT, "status"},
        {"s1", "EUR", 6000000, ERR_CONFLICT, "status"},
        {"", "EUR", 6000000, ERR_CONFLICT, "status"},
        {"s1", "", 0, ERR_OK, ""},
        {"s3", "", 0, ERR_CONFLICT, "status"},
        {"s1", "USD", 5000000, ERR_MALFORMED, "currency"},
    };
    uint64_t first = 0;
    for (size_t i = 0; i < sizeof sales / sizeof *sales; i++) {
        struct job d = disposition_of(l.index, LIVE_ADVERTISER, STATUS_CONVERTED);
        d.record.disposition.report.txid = span_str(sales[i].txid);
        d.record.disposition.report.currency = span_str(sales[i].currency);
        d.record.disposition.report.amount_micros = sales[i].micros;
        if (sales[i].err != ERR_OK) {
            assert_refused(&d, sales[i].err);
            assert_string_equal(d.problem.field, sales[i].field);
            continue;
        }
        assert_ok(pipeline_run(&cx, &d));
        assert_int_equal(d.replayed, first != 0);
        first = first != 0 ? first : d.index;
        assert_int_equal(d.index, first);
    }
}

/* Programs say that a lead was converted, and later for how much. */
static void a_conversion_gets_its_amount_later_and_once(void **state)
{
    (void)state;
    struct job l = good_lead("t1", 'a'), d;
    assert_ok(pipeline_run(&cx, &l));
    const struct {
        int64_t micros;
        bool replayed;
        enum err err;
    } said[] = {{0, false, ERR_OK},      {0, true, ERR_OK}, {5000000, false, ERR_OK},
                {5000000, true, ERR_OK}, {0, true, ERR_OK}, {6000000, false, ERR_CONFLICT}};
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        d = disposition_of(l.index, LIVE_ADVERTISER, STATUS_CONVERTED);
        d.record.disposition.report.amount_micros = said[i].micros;
        d.record.disposition.report.currency = said[i].micros ? SPAN("EUR") : SPAN("");
        if (said[i].err != ERR_OK) {
            assert_refused(&d, said[i].err);
            assert_non_null(strstr(d.problem.detail, "returned, approved and converted again"));
            continue;
        }
        assert_ok(pipeline_run(&cx, &d));
        assert_int_equal(d.replayed, said[i].replayed);
    }
}

/* ---- the server's own ---- */

/* One step of approvals at this time: how many there were. */
static uint64_t approve(uint32_t steps, int64_t now_ms)
{
    struct job job = job_of(RECORD_APPROVE, now_ms);
    uint64_t before = ledger_next_seq(cx.ledger);
    job.record.approve.steps = steps;
    cx.now_ms = now_ms;
    assert_ok(pipeline_run(&cx, &job));
    uint64_t n = ledger_next_seq(cx.ledger) - before;
    assert_int_equal(job.more, n == steps);
    return n;
}

static void a_pending_lead_is_approved_when_due(void **state)
{
    (void)state;
    struct job l = good_lead("t1", 'a'), early = good_lead("t2", 'b');
    assert_ok(pipeline_run(&cx, &l));
    assert_ok(pipeline_run(&cx, &early));
    struct job rejected = disposition_of(early.index, LIVE_ADVERTISER, STATUS_REJECTED);
    assert_ok(pipeline_run(&cx, &rejected));
    assert_int_equal(approve(10, NOW + 14 * MS_PER_DAY - 1), 0);
    assert_int_equal(approve(10, NOW + 14 * MS_PER_DAY), 1);
    assert_int_equal(status_of(l.index), STATUS_APPROVED);
    assert_int_equal(status_of(early.index), STATUS_REJECTED);
    assert_int_equal(approve(10, NOW + 14 * MS_PER_DAY), 0);
}

static void due_leads_come_in_steps(void **state)
{
    (void)state;
    for (char p = 'a'; p < 'f'; p++) {
        struct job l = good_lead("", p);
        assert_ok(pipeline_run(&cx, &l));
    }
    assert_int_equal(approve(3, NOW + 30 * MS_PER_DAY), 3);
    assert_int_equal(approve(3, NOW + 30 * MS_PER_DAY), 2);
}

static void old_nonces_are_forgotten(void **state)
{
    (void)state;
    struct nonce_use use;
    struct nonce_row row;
    use_nonce(&use, 2, 2);
    assert_ok(nonce_record(cx.txn, &use, 1002, CONTRACT, 7));
    assert_ok(nonce_find(cx.txn, &use, 1002, &row));
    assert_int_equal(row.index, 7);
    assert_err(nonce_find(cx.txn, &use, 1003, &row), ERR_NOT_FOUND);
    store_spread_recent(cx.instance->store, 1);
    assert_ok(store_tidy(cx.txn, 1002, 10));
    assert_ok(nonce_find(cx.txn, &use, 1002, &row));
    use_nonce(&use, 3, 3);
    assert_ok(nonce_record(cx.txn, &use, 1001, CONTRACT, 8));
    assert_ok(store_tidy(cx.txn, 1002, 10));
    assert_err(nonce_find(cx.txn, &use, 1, &row), ERR_NOT_FOUND);
}

static int64_t time_of(uint64_t index)
{
    struct envelope env;
    struct entry e;
    assert_ok(ledger_get(cx.ledger, cx.txn, CONTRACT, index, &env));
    assert_ok(entry_read(env.entry, &e, NULL));
    int64_t at_ms = e.at_ms;
    entry_close(&e);
    return at_ms;
}

static void close_period(void)
{
    static const struct record closing = {.kind = RECORD_STATEMENT, .advertiser = LIVE_ADVERTISER + 1, .now_ms = NOW};
    cx.record = &closing; /* that of the job before is gone */
    const uint64_t to = ledger_size(cx.ledger, CONTRACT);
    const struct last_statement closed = {.number = 1, .to = to, .to_ms = NOW + 5000};
    const struct entry e = {.kind = ENTRY_STATEMENT,
                            .at_ms = NOW + 5000,
                            .statement = {.id = SPAN("S1"), .number = 1, .to = to, .to_ms = NOW + 5000}};
    const struct tally all = *ledger_tally(cx.ledger, CONTRACT);
    assert_ok(pipeline_close_period(&cx, catalog_contract_number(cx.catalog, CONTRACT), &e, &closed, &all, 0));
}

/* The clock was set back after a statement: clicks, leads and dispositions are dated at its end, not into what it
 * closed. */
static void nothing_is_dated_into_a_closed_period(void **state)
{
    (void)state;
    struct job before = good_lead("t1", 'a');
    assert_ok(pipeline_run(&cx, &before));
    assert_int_equal(time_of(before.index), NOW);
    close_period();
    struct job after = good_lead("t2", 'b');
    assert_ok(pipeline_run(&cx, &after));
    struct job approval = disposition_of(before.index, 1, STATUS_APPROVED);
    assert_ok(pipeline_run(&cx, &approval));
    assert_int_equal(time_of(after.index - 1), NOW + 5000); /* its click */
    assert_int_equal(time_of(after.index), NOW + 5000);
    assert_int_equal(time_of(approval.index), NOW + 5000);
}

/* 30 days stood in the terms when the lead was decided; a change to none at all does not reach back to it. */
static void a_change_of_terms_does_not_reach_back_to_return_times(void **state)
{
    (void)state;
    const struct contract *k = catalog_contract_number(cx.catalog, CONTRACT);
    struct job job = good_lead("t1", 'a');
    assert_ok(pipeline_run(&cx, &job));
    struct job approval = disposition_of(job.index, 1, STATUS_APPROVED);
    assert_ok(pipeline_run(&cx, &approval));
    struct terms *terms = k->versions.v[0].terms;
    assert_int_equal(terms->return_days, 30);
    terms->return_days = 0;
    struct job back = disposition_of(job.index, 1, STATUS_RETURNED);
    back.record.arrived_ms = NOW + 29 * MS_PER_DAY;
    assert_ok(pipeline_run(&cx, &back));
}

/* ---- leads that contracts share ---- */

static void share_by(enum attribution model)
{
    for (uint32_t i = ADVERTISER_DIRECT; i <= OTHERS; i++)
        catalog_contract_number(cx.catalog, i)->versions.v[0].terms->attribution = model;
}

/* Of both open contracts, a click each, as their advertiser reports it. */
static struct job shared_lead(const char *txid, char person)
{
    struct job job = lead(txid, person, OTHERS, click(OTHERS));
    struct lead_report *r = &job.record.lead.report;
    r->party = SPAN("P2");
    memset(r->commitment.b, person, HASH_LEN);
    r->touches[r->n_touches++] = (struct pointer){.contract = CONTRACT, .index = click(CONTRACT)};
    return job;
}

struct parted {
    struct place at[LIMIT_TOUCHES];
    struct lead_row row[LIMIT_TOUCHES];
    size_t n;
};

static struct parted parts_of(char person)
{
    struct parted p;
    struct share share = {.to = 1};
    memset(share.lead, person, TOKEN_LEN);
    assert_ok(row_parts(&cx.view, 1, &share, p.at, &p.n));
    for (size_t i = 0; i < p.n; i++)
        assert_ok(row_lead(&cx.view, p.at[i].contract, p.at[i].index, &p.row[i]));
    return p;
}

static void assert_parts(char person, enum status status)
{
    struct parted p = parts_of(person);
    assert_int_equal(p.n, 2);
    for (size_t i = 0; i < p.n; i++)
        assert_int_equal(p.row[i].status, status);
    assert_int_equal(p.row[0].share.to - p.row[0].share.from + p.row[1].share.to - p.row[1].share.from, SHARE_WHOLE);
}

static void a_shared_lead_has_a_part_in_each_contract_and_one_answer(void **state)
{
    (void)state;
    share_by(ATTRIBUTION_LINEAR);
    struct job job = shared_lead("t1", 'a');
    assert_ok(pipeline_run(&cx, &job));
    assert_parts('a', STATUS_PENDING);
    assert_int_equal(job.out_contract, OTHERS); /* of one millisecond the greater number is later */
    assert_int_equal(decided(&job).share_from, 500000);
    assert_int_equal(decided(&job).share_to, 1000000);
    struct job again = job_of(RECORD_LEAD, NOW);
    again.record.lead = job.record.lead;
    uint64_t seq = ledger_next_seq(cx.ledger);
    assert_ok(pipeline_run(&cx, &again));
    assert_true(again.replayed && again.index == job.index && again.out_contract == OTHERS);
    assert_int_equal(ledger_next_seq(cx.ledger), seq);
}

static void parts_are_approved_in_one_step_when_due(void **state)
{
    (void)state;
    share_by(ATTRIBUTION_LINEAR);
    struct job job = shared_lead("t1", 'a'), step = job_of(RECORD_APPROVE, NOW);
    assert_ok(pipeline_run(&cx, &job));
    step.record.approve.steps = 1;
    cx.now_ms = NOW + 14 * MS_PER_DAY;
    assert_ok(pipeline_run(&cx, &step));
    assert_parts('a', STATUS_APPROVED);
    assert_int_equal(approve(10, NOW + 14 * MS_PER_DAY), 0);
}

static void parts_have_one_time_whatever_their_logs_were_closed_at(void **state)
{
    (void)state;
    share_by(ATTRIBUTION_POSITION);
    click(CONTRACT);
    close_period();
    struct job job = shared_lead("t1", 'a');
    assert_ok(pipeline_run(&cx, &job));
    struct parted p = parts_of('a');
    assert_int_equal(p.row[0].at_ms, job.record.arrived_ms);
    assert_int_equal(p.row[1].at_ms, job.record.arrived_ms);
    struct job approval = disposition_of(job.index, LIVE_ADVERTISER, STATUS_APPROVED);
    approval.record.disposition.pointer.contract = job.out_contract;
    assert_ok(pipeline_run(&cx, &approval));
    p = parts_of('a');
    assert_int_equal(p.row[0].approved_ms, approval.record.arrived_ms);
    assert_int_equal(p.row[1].approved_ms, approval.record.arrived_ms);
}

/* What one part cannot be is no part's. */
static void a_shared_lead_is_recorded_whole_or_not_at_all(void **state)
{
    (void)state;
    static char names[LIMIT_FIELDS][6], value[LIMIT_FIELD];
    share_by(ATTRIBUTION_LINEAR);
    memset(value, 1, sizeof value);
    struct job job = shared_lead("t1", 'a');
    struct lead_report *r = &job.record.lead.report;
    for (int i = 0; i < LIMIT_FIELDS; i++) {
        snprintf(names[i], sizeof names[i], "f_%02d", i);
        r->facts[r->n_facts++] = (struct fact){span_str(names[i]), span_of(value, sizeof value)};
    }
    assert_refused(&job, ERR_TOO_LARGE);
}

static struct job disposition_of_part(const struct place *at, enum status status)
{
    struct job d = disposition_of(at->index, LIVE_ADVERTISER, status);
    d.record.disposition.pointer.contract = at->contract;
    return d;
}

static enum entry_kind kind_before(const struct place *at)
{
    struct envelope env;
    assert_ok(ledger_get(cx.ledger, cx.txn, at->contract, at->index - 1, &env));
    return env.kind;
}

/* Also one that was held for a click of its own. */
static void parts_that_stand_move_together(void **state)
{
    (void)state;
    share_by(ATTRIBUTION_LINEAR);
    struct job job = shared_lead("t1", 'a');
    job.record.lead.report.touches[1].flags = CLICK_UNRECORDED;
    job.record.lead.report.touches[1].at_s = (uint32_t)(NOW / MS_PER_S - 60);
    assert_ok(pipeline_run(&cx, &job));
    struct parted p = parts_of('a');
    assert_int_equal(p.row[0].status, STATUS_HELD);
    assert_int_equal(p.row[1].status, STATUS_PENDING);
    assert_int_equal(kind_before(&p.at[0]), ENTRY_GAP); /* that such an id left */
    assert_int_not_equal(kind_before(&p.at[1]), ENTRY_GAP);
    static const enum status steps[] = {STATUS_APPROVED, STATUS_RETURNED, STATUS_APPROVED, STATUS_CONVERTED};
    for (size_t i = 0; i < 4; i++) {
        struct job d = disposition_of_part(&p.at[i % 2], steps[i]);
        assert_ok(pipeline_run(&cx, &d));
        assert_parts('a', steps[i]);
    }
}

/* It may come back by itself, beside the parts that stand. */
static void a_part_that_was_refused_alone_stays_refused(void **state)
{
    (void)state;
    share_by(ATTRIBUTION_LINEAR);
    struct job job = shared_lead("t1", 'a');
    struct terms *t = catalog_contract_number(cx.catalog, CONTRACT)->versions.v[0].terms;
    t->ends_ms = NOW;
    assert_ok(pipeline_run(&cx, &job));
    t->ends_ms = 0;
    struct parted p = parts_of('a');
    assert_int_equal(p.row[0].reason, REASON_CONTRACT_ENDED);
    static const enum status steps[] = {STATUS_REJECTED, STATUS_APPROVED, STATUS_RETURNED, STATUS_APPROVED};
    for (size_t i = 0; i < 4; i++) {
        struct job d = disposition_of_part(&p.at[1], steps[i]);
        assert_ok(pipeline_run(&cx, &d));
        struct parted now = parts_of('a');
        assert_int_equal(now.row[0].status, STATUS_REJECTED);
        assert_int_equal(now.row[1].status, steps[i]);
    }
    struct job d = disposition_of_part(&p.at[0], STATUS_APPROVED);
    assert_ok(pipeline_run(&cx, &d));
    assert_parts('a', STATUS_APPROVED);
}

/* Also where it is addressed by the part that was refused already, of which nothing is recorded. */
static void a_rejection_reaches_all_parts_that_stand(void **state)
{
    (void)state;
    share_by(ATTRIBUTION_LINEAR);
    struct job job = shared_lead("t1", 'a');
    struct terms *t = catalog_contract_number(cx.catalog, CONTRACT)->versions.v[0].terms;
    t->ends_ms = NOW;
    assert_ok(pipeline_run(&cx, &job));
    t->ends_ms = 0;
    struct parted p = parts_of('a');
    assert_int_equal(p.row[0].status, STATUS_REJECTED);
    assert_int_equal(p.row[1].status, STATUS_PENDING);
    struct job d = disposition_of_part(&p.at[0], STATUS_REJECTED);
    uint64_t seq = ledger_next_seq(cx.ledger);
    assert_ok(pipeline_run(&cx, &d));
    assert_int_equal(ledger_next_seq(cx.ledger), seq + 1);
    assert_parts('a', STATUS_REJECTED);
}

/* Nobody is paid for twice, whichever part the person is found by. */
static void a_person_stands_by_any_part(void **state)
{
    (void)state;
    share_by(ATTRIBUTION_LINEAR);
    struct job job = shared_lead("t1", 'a');
    struct terms *t = catalog_contract_number(cx.catalog, OTHERS)->versions.v[0].terms;
    t->ends_ms = NOW;
    assert_ok(pipeline_run(&cx, &job));
    t->ends_ms = 0;
    for (uint32_t k = CONTRACT; k <= OTHERS; k += OTHERS - CONTRACT) {
        struct job again = lead(k == OTHERS ? "t2" : "t3", 'a', k, click(k));
        assert_ok(pipeline_run(&cx, &again));
        assert_int_equal(decided(&again).status, STATUS_DUPLICATE);
    }
}

/* ---- nothing reaches beyond one advertiser ---- */

static struct view inner;
static size_t looked[ROW_TABLES], clicks_looked;

/* Whose rows a key is of: every key begins with that number, but for caps, whose scope stands in front. The advertiser
 * is 2; its contracts 1 to 4, its campaign 1. */
static void assert_own(enum row_table t, struct span key)
{
    uint32_t number = load_be32(key.ptr + (t == ROW_CAPS));
    assert_true(key.len > sizeof number && t != ROW_DUE);
    assert_true(t == ROW_TXIDS ? number == LIVE_ADVERTISER + 1 : number >= ADVERTISER_DIRECT && number <= OTHERS);
    looked[t]++;
}

static enum err spy_get(void *ctx, enum row_table t, struct span key, struct span *value)
{
    assert_own(t, key);
    return inner.get(ctx, t, key, value);
}

static enum err spy_seek(void *ctx, enum row_table t, struct span from, struct span *key, struct span *value)
{
    assert_own(t, from);
    return inner.seek(ctx, t, from, key, value);
}

static enum err spy_click(void *ctx, uint32_t contract, uint64_t index, struct clicked *out)
{
    assert_true(contract >= ADVERTISER_DIRECT && contract <= OTHERS);
    clicks_looked++;
    return inner.click(ctx, contract, index, out);
}

static void no_look_up_reaches_beyond_one_advertiser(void **state)
{
    (void)state;
    uint64_t seen = click(CONTRACT);
    inner = cx.view;
    cx.view.get = spy_get;
    cx.view.seek = spy_seek;
    cx.view.click = spy_click;
    struct job first = lead("t1", 'a', CONTRACT, seen), again = lead("t1", 'a', CONTRACT, seen),
               other = lead("t2", 'a', CONTRACT, seen);
    assert_ok(pipeline_run(&cx, &first));
    assert_ok(pipeline_run(&cx, &again));
    assert_true(again.replayed);
    assert_ok(pipeline_run(&cx, &other));
    struct job by_lead = disposition_of(first.index, 1, STATUS_APPROVED), by_txid = disposition(1, STATUS_RETURNED),
               by_click = disposition(1, STATUS_APPROVED);
    by_txid.record.disposition.report.txid = SPAN("t1");
    by_click.record.disposition.by_click = true;
    by_click.record.disposition.pointer = (struct pointer){.contract = CONTRACT, .index = seen};
    assert_ok(pipeline_run(&cx, &by_lead));
    assert_ok(pipeline_run(&cx, &by_txid));
    assert_ok(pipeline_run(&cx, &by_click));
    assert_true(looked[ROW_TXIDS] && looked[ROW_DEDUPE] && looked[ROW_CLICK_LEADS] && looked[ROW_LEADS] &&
                clicks_looked);
}

/* The note of the contract's log at `size`, over the tree of two clicks. */
static struct job head_job(uint64_t size, struct buf *note)
{
    struct job job = job_of(RECORD_PUBLISH, NOW);
    struct checkpoint c = {.origin = SPAN(LIVE_HOST "/log/C2"), .size = size};
    ledger_root(cx.ledger, CONTRACT, &c.root);
    buf_clear(note);
    assert_ok(heads_sign(live.sh.instance.heads, CONTRACT, &c, note));
    job.record.publish.contract = CONTRACT;
    job.record.publish.note = buf_span(note);
    return job;
}

/* Of the contract's heads in the root log none is left out, whichever of their rows is gone. */
static void a_lost_row_is_missed(void)
{
    char mem[1024];
    struct buf note;
    struct span shown;
    uint64_t leaf = 0;
    uint8_t key[LEAVES_KEY_LEN];
    buf_fixed(&note, mem, sizeof mem);
    for (uint64_t size = 3; size <= 4; size++) {
        click(CONTRACT);
        commit_swept();
        struct job job = head_job(size, &note);
        assert_ok(pipeline_run(&cx, &job));
    }
    for (; leaf < 6; leaf += 2)
        assert_ok(ledger_next_leaf(cx.txn, CONTRACT, &leaf, &shown));
    assert_err(ledger_next_leaf(cx.txn, CONTRACT, &leaf, &shown), ERR_NOT_FOUND);
    assert_ok(txn_commit(cx.txn));
    for (uint64_t lost = 0; lost < 6; lost += 2) {
        begin();
        assert_ok(store_del(cx.txn, TABLE_LEAVES, leaves_key(key, CONTRACT, lost)));
        enum err err = ERR_OK;
        for (leaf = 0; err == ERR_OK; leaf += 2)
            err = ledger_next_leaf(cx.txn, CONTRACT, &leaf, &shown);
        assert_err(err, ERR_CORRUPT);
        txn_abort(cx.txn);
    }
    begin();
}

static void a_published_head_is_a_leaf_of_the_root_log_once(void **state)
{
    (void)state;
    char mem[1024], *digit;
    struct buf note;
    struct envelope env;
    uint8_t sha[HASH_LEN];
    buf_fixed(&note, mem, sizeof mem);
    click(CONTRACT);
    click(CONTRACT);
    struct job job = head_job(2, &note);
    assert_err(pipeline_run(&cx, &job), ERR_CORRUPT); /* it is not durable */
    commit_swept();
    assert_ok(pipeline_run(&cx, &job));
    assert_ok(pipeline_run(&cx, &job));
    assert_int_equal(ledger_size(cx.ledger, ROOT_LOG), 2);
    assert_int_equal(ledger_published(cx.ledger, CONTRACT, NULL), 2);
    assert_ok(ledger_get(cx.ledger, cx.txn, ROOT_LOG, 0, &env));
    sha256(note.ptr, note.len, sha);
    assert_true(span_eq(env.entry, span_of(sha, sizeof sha)));
    assert_true(span_eq(env.beside, buf_span(&note)));
    assert_ok(ledger_get(cx.ledger, cx.txn, ROOT_LOG, 1, &env));
    sha256v((struct span[]){SPAN("countersign/v1/root leaf\0"), SPAN(LIVE_HOST "/log/C2"), SPAN("\0\0\0\0\0\0\0\0\0")},
            3, sha);
    assert_true(span_eq(env.entry, span_of(sha, sizeof sha)));
    assert_int_equal(env.beside.len, 0);
    a_lost_row_is_missed();
    click(CONTRACT);
    commit_swept();
    job = head_job(5, &note);
    digit = memchr(mem, '\n', sizeof mem);
    digit[1] = '2'; /* with the root of five */
    assert_err(pipeline_run(&cx, &job), ERR_CORRUPT);
    digit[1] = '9';
    assert_err(pipeline_run(&cx, &job), ERR_CORRUPT);
    assert_int_equal(ledger_size(cx.ledger, ROOT_LOG), 6);
}

static void the_heads_that_are_served_have_the_keys_that_sign_them_at_once(void **state)
{
    (void)state;
    struct job job = job_of(RECORD_SERVER_KEYS, NOW);
    struct head head;
    job.record.server_keys.jws = SPAN("of keys");
    click(CONTRACT);
    assert_ok(pipeline_run(&cx, &job));
    assert_true(cx.swept);
    assert_ok(head_read(cx.txn, CONTRACT, &head));
    assert_int_equal(head.size, ledger_size(cx.ledger, CONTRACT));
    assert_ok(head_read(cx.txn, ROOT_LOG, &head));
    assert_int_equal(head.size, 2);
}

/* The others wait for the chore. */
static void a_new_log_begins_with_as_many_credentials_as_one_step_tells(void **state)
{
    (void)state;
    char token[API_TOKEN_LEN + 1];
    struct job job = job_of(RECORD_TELL, NOW);
    for (int i = 0; i < TELL_STEPS; i++) { /* beside a secret of each party */
        api_token_new(token);
        assert_ok(fixture_put_token(cx.txn, token, LIVE_PUBLISHER + 1, 1));
    }
    catalog_unref(cx.catalog);
    assert_ok(catalog_load(cx.txn, live.sh.instance.keys, &cx.catalog));
    const struct contract *k = catalog_contract_number(cx.catalog, CONTRACT);
    assert_ok(pipeline_ready(&cx, k));
    uint64_t before = ledger_size(cx.ledger, CONTRACT);
    cx.record = &job.record;
    assert_ok(credentials_open(&cx, k));
    assert_int_equal(ledger_size(cx.ledger, CONTRACT) - before, TELL_STEPS);
    job.record.tell.steps = TELL_STEPS;
    assert_ok(pipeline_run(&cx, &job));
    assert_int_equal(ledger_size(cx.ledger, CONTRACT) - before, TELL_STEPS + 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_click_is_the_next_entry_of_its_contract),
        TEST(traffic_is_recorded_whatever_became_of_its_contract_meanwhile),
        TEST(traffic_of_a_contract_that_never_was_is_refused),
        TEST(a_view_names_its_click_only_when_it_exists_and_has_its_placement),
        TEST(what_names_a_click_that_is_gone_is_not_recorded),
        TEST(a_view_is_not_recorded_without_its_click_because_that_does_not_read),
        TEST(no_lead_parses_its_clicks_json),
        TEST(a_lead_goes_to_its_clicks_contract),
        TEST(a_lead_without_a_known_click_goes_to_the_fallback),
        TEST(two_copies_of_a_person_in_one_batch_see_each_other),
        TEST(a_duplicate_elsewhere_commits_to_the_other_lead),
        TEST(the_same_txid_answers_the_first_lead_or_conflicts),
        TEST(the_same_nonce_answers_the_same_request_only),
        TEST(an_entry_past_the_limit_is_refused),
        TEST(an_advertiser_approves_by_ref_txid_or_click),
        TEST(who_may_not_or_names_no_lead_is_refused),
        TEST(a_status_it_has_already_is_answered_by_its_entry),
        TEST(a_publishers_txid_names_a_lead_when_one_publisher_used_it),
        TEST(a_txid_whose_row_does_not_read_is_not_unknown),
        TEST(a_new_txid_leaves_the_word_to_the_click),
        TEST(a_number_of_ones_own_reaches_what_it_repeats_and_a_guess_brings_nothing_back),
        TEST(a_lead_is_sold_once),
        TEST(a_conversion_gets_its_amount_later_and_once),
        TEST(a_pending_lead_is_approved_when_due),
        TEST(due_leads_come_in_steps),
        TEST(old_nonces_are_forgotten),
        TEST(nothing_is_dated_into_a_closed_period),
        TEST(a_change_of_terms_does_not_reach_back_to_return_times),
        TEST(a_shared_lead_has_a_part_in_each_contract_and_one_answer),
        TEST(parts_are_approved_in_one_step_when_due),
        TEST(parts_have_one_time_whatever_their_logs_were_closed_at),
        TEST(a_shared_lead_is_recorded_whole_or_not_at_all),
        TEST(parts_that_stand_move_together),
        TEST(a_part_that_was_refused_alone_stays_refused),
        TEST(a_rejection_reaches_all_parts_that_stand),
        TEST(a_person_stands_by_any_part),
        TEST(no_look_up_reaches_beyond_one_advertiser),
        TEST(a_published_head_is_a_leaf_of_the_root_log_once),
        TEST(the_heads_that_are_served_have_the_keys_that_sign_them_at_once),
        TEST(a_new_log_begins_with_as_many_credentials_as_one_step_tells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
