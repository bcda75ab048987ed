#include "server/ledger/ledger.h"

#include <time.h>

#include "common/base/mem.h"
#include "common/decisions/rules.h"
#include "server/ledger/ledger_rows.h"
#include "tests/support/store_fixture.h"

enum { LOGS = 3, MOST = 70000 };

static struct fixture f;
static struct ledger *ledger;

/* What the logs must hold, kept by the simplest means. */
static struct {
    struct hash *leaf; /* room for MOST */
    size_t n;
} model[LOGS];

static void open_ledger(void)
{
    struct txn *t = fixture_begin(&f, false);
    ledger_close(ledger);
    ledger = NULL;
    assert_ok(ledger_open(t, &ledger));
    txn_abort(t);
}

static int setup(void **state)
{
    (void)state;
    fixture_open(&f);
    open_ledger();
    for (int i = 0; i < LOGS; i++)
        model[i].leaf = xmalloc(MOST * sizeof *model[i].leaf);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ledger_close(ledger);
    ledger = NULL;
    for (int i = 0; i < LOGS; i++)
        free(model[i].leaf);
    memset(model, 0, sizeof model);
    fixture_close(&f);
    return 0;
}

/* ---- appending ---- */

static void append(struct txn *t, uint32_t contract, const struct entry *e, const struct terms *terms)
{
    char mem[4096];
    struct buf bytes;
    uint64_t index;
    struct hash leaf, expected;
    buf_fixed(&bytes, mem, sizeof mem);
    entry_write(&bytes, e);
    assert_ok(ledger_ready(ledger, t, contract));
    assert_ok(ledger_append(ledger, t, contract, e, buf_span(&bytes), NULL, terms, &index, &leaf));
    merkle_leaf(buf_span(&bytes), &expected);
    assert_memory_equal(leaf.b, expected.b, HASH_LEN);
    assert_int_equal(index, model[contract].n);
    assert_true(model[contract].n < MOST);
    model[contract].leaf[model[contract].n++] = leaf;
}

static struct entry click(int64_t at_ms, enum class class)
{
    return (struct entry){
        .kind = ENTRY_CLICK, .at_ms = at_ms, .click = {.class = class, .placement = 9, .device = DEVICE_TABLET}};
}

static void append_clicks(uint32_t contract, size_t n)
{
    struct txn *t = fixture_begin(&f, true);
    for (size_t i = 0; i < n; i++) {
        struct entry e = click((int64_t)(1000 + model[contract].n), CLASS_OK);
        append(t, contract, &e, NULL);
    }
    assert_ok(txn_commit(t));
}

static void sweep(void)
{
    struct txn *t = fixture_begin(&f, true);
    assert_ok(ledger_sweep(ledger, t));
    assert_ok(txn_commit(t));
    ledger_swept(ledger);
}

/* ---- comparing ---- */

/* RFC 6962 section 2.1, word by word. */
static struct hash tree_hash(const struct hash *leaf, size_t n)
{
    struct hash out, left, right;
    size_t k = 1;
    if (n == 0) {
        sha256("", 0, out.b);
        return out;
    }
    if (n == 1)
        return leaf[0];
    while (k * 2 < n)
        k *= 2;
    left = tree_hash(leaf, k);
    right = tree_hash(leaf + k, n - k);
    merkle_node(&left, &right, &out);
    return out;
}

static void assert_root(uint32_t contract, size_t size, const struct hash *root)
{
    struct hash expected = tree_hash(model[contract].leaf, size);
    assert_memory_equal(root->b, expected.b, HASH_LEN);
}

static void assert_state(void)
{
    size_t total = 0;
    for (uint32_t c = 0; c < LOGS; c++) {
        struct hash root;
        ledger_root(ledger, c, &root);
        assert_int_equal(ledger_size(ledger, c), model[c].n);
        assert_root(c, model[c].n, &root);
        total += model[c].n;
    }
    assert_int_equal(ledger_next_seq(ledger), total);
}

static void assert_readable(uint32_t contract, uint64_t index)
{
    struct txn *t = fixture_begin(&f, false);
    struct envelope inside, outside;
    struct hash leaf;
    assert_ok(ledger_get(ledger, t, contract, index, &inside));
    assert_ok(ledger_read(t, contract, index, &outside));
    assert_true(span_eq(inside.entry, outside.entry));
    merkle_leaf(outside.entry, &leaf);
    assert_memory_equal(leaf.b, model[contract].leaf[index].b, HASH_LEN);
    txn_abort(t);
}

/* ---- tests ---- */

static void any_course_of_events_gives_the_same_tree(void **state)
{
    (void)state;
    const char *given = getenv("SEED");
    unsigned seed = given != NULL ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
    print_message("SEED=%u\n", seed);
    for (int step = 0; step < 60; step++) {
        switch (rand_r(&seed) % 4) {
        case 0:
            sweep();
            break;
        case 1:
            open_ledger(); /* as after a crash */
            break;
        default:
            append_clicks((uint32_t)(1 + rand_r(&seed) % (LOGS - 1)), (size_t)(rand_r(&seed) % 400));
        }
        assert_state();
        for (uint32_t c = 0; c < LOGS; c++)
            if (model[c].n > 0)
                assert_readable(c, (uint64_t)rand_r(&seed) % model[c].n);
    }
}

static void levels_above_the_second_survive_a_replay(void **state)
{
    (void)state;
    append_clicks(1, 65536 + 300);
    open_ledger();
    append_clicks(1, 300);
    sweep();
    open_ledger();
    append_clicks(1, 10);
    assert_state();
    assert_readable(1, 65536 + 5);
}

static void an_aborted_batch_leaves_no_trace_after_reopening(void **state)
{
    (void)state;
    append_clicks(1, 300);
    size_t before = model[1].n;
    uint64_t changes = ledger_changes(ledger);
    struct txn *t = fixture_begin(&f, true);
    struct entry e = click(5, CLASS_OK);
    append(t, 1, &e, NULL);
    assert_true(ledger_changes(ledger) > changes);
    txn_abort(t);
    model[1].n = before;
    open_ledger();
    assert_state();
}

static void what_is_not_swept_is_not_served(void **state)
{
    (void)state;
    struct head head;
    struct buf out;
    append_clicks(1, 300);
    assert_false(ledger_is_swept(ledger, 1));
    struct txn *t = fixture_begin(&f, false);
    buf_heap(&out);
    assert_err(head_read(t, 1, &head), ERR_NOT_FOUND);
    assert_err(ledger_tile(t, 1, &(struct tile){0, 0, TILE_WIDTH}, &out), ERR_NOT_FOUND);
    txn_abort(t);
    sweep();
    assert_true(ledger_is_swept(ledger, 1));
    append_clicks(1, 100);
    t = fixture_begin(&f, false);
    assert_ok(head_read(t, 1, &head));
    assert_int_equal(head.size, 300);
    assert_int_equal(head.seq, 300);
    assert_ok(ledger_tile(t, 1, &(struct tile){0, 1, 300 - TILE_WIDTH}, &out));
    assert_err(ledger_tile(t, 1, &(struct tile){0, 1, 300 - TILE_WIDTH + 1}, &out), ERR_NOT_FOUND);
    assert_err(ledger_tile(t, 1, &(struct tile){TILE_ENTRIES, 1, 300 - TILE_WIDTH + 1}, &out), ERR_NOT_FOUND);
    buf_free(&out);
    txn_abort(t);
}

static void tiles_hold_the_leaves_of_their_bundles(void **state)
{
    (void)state;
    struct buf hashes, bundle;
    append_clicks(1, 700);
    sweep();
    append_clicks(1, 100);
    sweep();
    struct txn *t = fixture_begin(&f, false);
    buf_heap(&hashes);
    buf_heap(&bundle);
    const struct tile cases[] = {{0, 0, 256}, {0, 2, 256}, {0, 3, 32}, {0, 3, 1}, {0, 2, 188}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tile entries = {TILE_ENTRIES, cases[i].n, cases[i].width};
        buf_clear(&hashes);
        buf_clear(&bundle);
        assert_ok(ledger_tile(t, 1, &cases[i], &hashes));
        assert_ok(ledger_tile(t, 1, &entries, &bundle));
        assert_int_equal(hashes.len, cases[i].width * HASH_LEN);
        struct span rest = buf_span(&bundle), entry;
        enum err err = ERR_OK;
        unsigned n = 0;
        for (; bundle_next(&rest, &entry, &err); n++) {
            struct hash leaf;
            merkle_leaf(entry, &leaf);
            assert_memory_equal(leaf.b, hashes.ptr + n * HASH_LEN, HASH_LEN);
        }
        assert_ok(err);
        assert_int_equal(n, cases[i].width);
    }
    buf_clear(&hashes);
    assert_ok(ledger_tile(t, 1, &(struct tile){1, 0, 3}, &hashes));
    struct hash third = tree_hash(model[1].leaf + 512, 256);
    assert_memory_equal(hashes.ptr + 2 * HASH_LEN, third.b, HASH_LEN);
    buf_free(&hashes);
    buf_free(&bundle);
    txn_abort(t);
}

static void earlier_roots_and_proofs_come_from_tiles(void **state)
{
    (void)state;
    enum { SIZE = 700 };
    struct hash root, proof[65];
    size_t n;
    append_clicks(2, SIZE);
    sweep();
    struct txn *t = fixture_begin(&f, false);
    struct tile_source src = {t, 2};
    struct merkle_reader nodes = ledger_nodes(&src);
    struct hash newest = tree_hash(model[2].leaf, SIZE);
    for (size_t size = 0; size <= SIZE; size += size < 10 || size > 690 ? 1 : 17) {
        assert_ok(ledger_root_at(t, 2, size, &root));
        assert_root(2, size, &root);
    }
    for (uint64_t i = 0; i < SIZE; i += 23) {
        assert_ok(merkle_inclusion(&nodes, i, SIZE, proof, &n));
        assert_true(merkle_check_inclusion(i, SIZE, &model[2].leaf[i], proof, n, &newest));
    }
    assert_err(ledger_root_at(t, 2, SIZE + 1, &root), ERR_NOT_FOUND);
    assert_none(nodes.node(nodes.ctx, 0, SIZE, &root));
    assert_none(nodes.node(nodes.ctx, 10, 0, &root));
    txn_abort(t);
}

/* ---- tallies and statements ---- */

static struct terms *make_terms(struct buf *campaign, struct buf *contract, const char *price)
{
    json_t *in = NULL;
    struct problem p;
    struct terms *terms;
    buf_heap(campaign);
    buf_heap(contract);
    assert_ok(json_read(SPAN("{\"advertiser\":\"A\",\"name\":\"n\",\"currency\":\"EUR\","
                             "\"landing_url\":\"https://example.com/\"}"),
                        &in, &p));
    assert_ok(campaign_document(in, SPAN("K1"), campaign, &p));
    json_decref(in);
    assert_ok(json_read(span_str(price), &in, &p));
    assert_ok(contract_document(in, SPAN("C1"), contract, &p));
    json_decref(in);
    assert_ok(terms_compile(buf_span(campaign), buf_span(contract), &terms, &p));
    return terms;
}

static void append_terms_and_clicks(struct txn *t, int64_t version, const char *price, size_t clicks)
{
    struct buf campaign, contract;
    struct terms *terms = make_terms(&campaign, &contract, price);
    struct entry e = {
        .kind = ENTRY_TERMS, .at_ms = 1, .terms = {version, buf_span(&campaign), buf_span(&contract), RULES_NOW}};
    assert_ok(fixture_put_terms(t, 1, (uint32_t)version, model[1].n));
    append(t, 1, &e, terms);
    for (size_t i = 0; i < clicks; i++) {
        e = click(1000 + (int64_t)i, i % 3 == 0 ? CLASS_BOT : CLASS_OK);
        append(t, 1, &e, terms);
    }
    terms_free(terms);
    buf_free(&campaign);
    buf_free(&contract);
}

#define PRICE(micros)                                                                                                  \
    "{\"campaign\":\"K1\",\"publisher\":\"P\",\"price\":{\"click_micros\":" #micros ",\"lead\":[{\"micros\":1}]}}"

static void a_replayed_tally_is_the_live_one(void **state)
{
    (void)state;
    struct entry gap = {.kind = ENTRY_GAP, .at_ms = 5000, .gap = {4000, 4999, 7, 3}};
    const struct entry moved[] = {
        {.kind = ENTRY_LEAD, .at_ms = 5000, .lead = {.status = STATUS_APPROVED, .payout_micros = 1, .tier = 0}},
        {.kind = ENTRY_DISPOSITION, .at_ms = 5000, .disposition = {.status = STATUS_RETURNED, .payable_micros = -10}},
        {.kind = ENTRY_ADJUSTMENT, .at_ms = 5000, .adjustment = {.by = SPAN("O"), .micros = 100, .reason = SPAN("r")}},
        {.kind = ENTRY_ADJUSTMENT, .at_ms = 5000, .adjustment = {.by = SPAN("O"), .micros = 7, .on_assent = true}},
        {.kind = ENTRY_ASSENT, .at_ms = 5000, .assent = {.party = SPAN("A"), .adjustment = 9, .payable_micros = 1000}},
    };
    struct txn *t = fixture_begin(&f, true);
    append_terms_and_clicks(t, 1, PRICE(100), 6);
    assert_ok(txn_commit(t));
    sweep();
    t = fixture_begin(&f, true);
    struct buf campaign, contract;
    struct terms *terms = make_terms(&campaign, &contract, PRICE(100));
    struct entry e = click(2000, CLASS_OK); /* under terms that were swept before */
    append(t, 1, &e, terms);
    append(t, 1, &gap, terms);
    for (size_t i = 0; i < sizeof moved / sizeof moved[0]; i++)
        append(t, 1, &moved[i], terms);
    append_terms_and_clicks(t, 2, PRICE(5000), 3);
    assert_ok(txn_commit(t));
    terms_free(terms);
    buf_free(&campaign);
    buf_free(&contract);

    struct tally live = *ledger_tally(ledger, 1);
    assert_int_equal(live.clicks[CLASS_OK], 4 + 1 + 2);
    assert_int_equal(live.clicks[CLASS_BOT], 3);
    assert_int_equal(live.click_micros, 5 * 100 + 2 * 5000);
    assert_int_equal(live.gap_clicks, 7);
    assert_int_equal(live.moves, 4);
    assert_int_equal(live.moved_micros, 1 + 10 + 100 + 1000);
    open_ledger();
    assert_memory_equal(ledger_tally(ledger, 1), &live, sizeof live);
    sweep();
    open_ledger();
    assert_memory_equal(ledger_tally(ledger, 1), &live, sizeof live);
}

/* A step of a log: terms, of the next version, or a click and what it earns. */
static const struct step {
    int64_t at_ms, effective_ms;
    const char *price; /* NULL: a click */
    int64_t earns;
    bool sweep;
} steps[] = {
    {1000, 0, PRICE(100), 0, true},     {1001, 1010, PRICE(200), 0, false}, {1005, 0, NULL, 100, true},
    {1006, 1010, PRICE(300), 0, false}, /* in the place of the one before, and the first to be replayed */
    {1009, 0, NULL, 100, false},        {1010, 0, NULL, 300, true},         {1011, 1020, PRICE(400), 0, true},
    {1019, 0, NULL, 300, false},        {1020, 0, NULL, 400, false},
};

static void step_append(struct txn *t, const struct step *s, int64_t version)
{
    static const struct fold_context of = {.contract = 1, .contract_id = {"C1", 2}};
    struct ledger_view within;
    struct view v = ledger_view(&within, ledger, t);
    struct buf campaign, contract;
    struct terms *terms = make_terms(&campaign, &contract, s->price);
    struct entry e = {.kind = ENTRY_TERMS,
                      .at_ms = s->at_ms,
                      .terms = {version, buf_span(&campaign), buf_span(&contract), RULES_NOW, s->effective_ms}};
    struct row_ops ops;
    assert_ok(apply(&of, &v, NULL, model[1].n, &e, NULL, &ops));
    assert_ok(store_rows_write(t, &ops));
    append(t, 1, &e, NULL);
    terms_free(terms);
    buf_free(&campaign);
    buf_free(&contract);
}

/* What a click earns live is this test's word; replayed it is that of the version in force then. */
static void versions_that_wait_bind_in_a_replay_too(void **state)
{
    (void)state;
    int64_t version = 0;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        const struct step *s = &steps[i];
        struct txn *t = fixture_begin(&f, true);
        if (s->price != NULL) {
            step_append(t, s, ++version);
        } else {
            struct entry e = click(s->at_ms, CLASS_OK);
            struct terms now = {.payable_classes = 1, .click_micros = s->earns};
            append(t, 1, &e, &now);
        }
        assert_ok(txn_commit(t));
        struct tally live = *ledger_tally(ledger, 1);
        open_ledger();
        assert_memory_equal(ledger_tally(ledger, 1), &live, sizeof live);
        if (s->sweep)
            sweep();
    }
}

static void a_statement_starts_a_new_tally_and_is_never_forgotten(void **state)
{
    (void)state;
    struct last_statement last = {
        .number = 1, .to = 300, .carried_micros = 42, .to_ms = 99, .waiting = {3, 2, (wide_micros)7 << 64}};
    struct entry e = {.kind = ENTRY_STATEMENT, .at_ms = 2000, .statement = {.id = SPAN("S1"), .number = 1, .to = 300}};
    append_clicks(1, 300);
    struct txn *t = fixture_begin(&f, true);
    const struct tally all = *ledger_tally(ledger, 1);
    assert_ok(ledger_statement(ledger, t, 1, &last, &all, 0));
    append(t, 1, &e, NULL);
    assert_ok(txn_commit(t));
    append_clicks(1, 10);
    for (int i = 0; i < 2; i++) { /* live, then replayed without a sweep */
        assert_int_equal(ledger_tally(ledger, 1)->clicks[CLASS_OK], 10);
        assert_int_equal(ledger_last_statement(ledger, 1)->carried_micros, 42);
        assert_int_equal(ledger_last_statement(ledger, 1)->number, 1);
        assert_int_equal(ledger_last_statement(ledger, 1)->waiting.held, 2);
        assert_true(ledger_last_statement(ledger, 1)->waiting.micros == (wide_micros)7 << 64);
        assert_state();
        open_ledger();
    }
}

static void append_paid(uint64_t n, int64_t micros)
{
    struct txn *t = fixture_begin(&f, true);
    for (uint64_t i = 0; i < n; i++) {
        struct entry e = {
            .kind = ENTRY_LEAD,
            .at_ms = 3000,
            .lead = {.party = SPAN("P1"), .status = STATUS_APPROVED, .tier = -1, .payout_micros = micros}};
        append(t, 1, &e, NULL);
    }
    assert_ok(txn_commit(t));
}

static void first_cut(uint64_t from, struct cut *out)
{
    struct txn *t = fixture_begin(&f, false);
    struct view v = store_view(t);
    assert_ok(row_cut(&v, 1, from, out));
    txn_abort(t);
}

/* Each lead fills a statement. */
static void a_log_is_cut_and_goes_on_alike_after_a_replay(void **state)
{
    (void)state;
    struct cut cut;
    struct hash root;
    append_clicks(1, 300);
    ledger_root(ledger, 1, &root);
    append_paid(1, STATEMENT_MOST_MICROS);
    assert_int_equal(ledger_tally(ledger, 1)->clicks[CLASS_OK], 300);
    append_paid(2, STATEMENT_MOST_MICROS);
    for (int i = 0; i < 2; i++) { /* live, then replayed without a sweep */
        assert_int_equal(ledger_tally(ledger, 1)->clicks[CLASS_OK], 0);
        assert_int_equal(ledger_tally(ledger, 1)->moved_micros, STATEMENT_MOST_MICROS);
        first_cut(0, &cut);
        assert_int_equal(cut.to, 301);
        assert_int_equal(cut.tally.clicks[CLASS_OK], 300);
        assert_int_equal(cut.tally.moved_micros, STATEMENT_MOST_MICROS);
        assert_memory_not_equal(cut.root.b, root.b, HASH_LEN); /* of one entry more */
        first_cut(301, &cut);
        assert_int_equal(cut.to, 302);
        open_ledger();
    }
    struct last_statement last = {.number = 1, .to = 301, .to_ms = 99};
    struct entry e = {.kind = ENTRY_STATEMENT, .at_ms = 4000, .statement = {.id = SPAN("S1"), .to = 301}};
    struct txn *t = fixture_begin(&f, true);
    assert_ok(ledger_statement(ledger, t, 1, &last, NULL, 0));
    append(t, 1, &e, NULL);
    assert_ok(txn_commit(t));
    for (int i = 0; i < 2; i++) { /* what stands behind the last cut stays as it is */
        assert_int_equal(ledger_tally(ledger, 1)->moved_micros, STATEMENT_MOST_MICROS);
        assert_int_equal(ledger_tally(ledger, 1)->to_ms, 4000);
        assert_int_equal(ledger_last_statement(ledger, 1)->to, 301);
        open_ledger();
    }
}

static void a_publication_is_remembered_with_its_commit(void **state)
{
    (void)state;
    uint64_t size, leaf;
    append_clicks(1, 3);
    sweep();
    append_clicks(1, 2);
    assert_int_equal(ledger_published(ledger, 1, NULL), 0);
    struct txn *t = fixture_begin(&f, true);
    assert_ok(ledger_publish(ledger, t, 1, 3, 6));
    assert_ok(txn_commit(t));
    open_ledger();
    assert_int_equal(ledger_published(ledger, 1, NULL), 3);
    assert_int_equal(ledger_size(ledger, 1), 5);
    t = fixture_begin(&f, false);
    assert_ok(ledger_published_at(t, 1, &size, &leaf));
    txn_abort(t);
    assert_int_equal(size, 3);
    assert_int_equal(leaf, 6);
}

static void a_hole_in_the_journal_is_corrupt(void **state)
{
    (void)state;
    struct ledger *other;
    uint8_t key[SEQ_LEN];
    append_clicks(1, 10);
    struct txn *t = fixture_begin(&f, true);
    assert_ok(store_del(t, TABLE_JOURNAL, seq_key(key, 4)));
    assert_err(ledger_open(t, &other), ERR_CORRUPT);
    txn_abort(t);
}

/* What was swept reaches further than the journal: the next entry would leave a hole. */
static void a_journal_that_ends_before_its_watermark_is_corrupt(void **state)
{
    (void)state;
    struct ledger *other;
    uint8_t key[SEQ_LEN];
    append_clicks(1, 10);
    sweep();
    struct txn *t = fixture_begin(&f, true);
    assert_ok(store_del(t, TABLE_JOURNAL, seq_key(key, 9)));
    assert_err(ledger_open(t, &other), ERR_CORRUPT);
    for (uint64_t seq = 0; seq < 9; seq++)
        assert_ok(store_del(t, TABLE_JOURNAL, seq_key(key, seq)));
    assert_err(ledger_open(t, &other), ERR_CORRUPT);
    txn_abort(t);
}

static void a_cut_head_is_corrupt(void **state)
{
    (void)state;
    char mem[HEAD_MAX];
    struct buf row;
    struct stored_head out, head = {.published = 3, .head.size = 5, .head.last.number = 1};
    const struct hash edge[2] = {{.b = {1}}, {.b = {2}}};
    struct hash read[MERKLE_HEIGHT];
    buf_fixed(&row, mem, sizeof mem);
    head_encode(&head, edge, &row);
    assert_ok(head_decode(buf_span(&row), 1, &out, read));
    assert_int_equal(out.published, 3);
    assert_memory_equal(read, edge, sizeof edge);
    for (size_t len = 0; len < row.len; len++)
        assert_err(head_decode(span_of(row.ptr, len), 1, &out, NULL), ERR_CORRUPT);
}

static void the_view_knows_clicks_only(void **state)
{
    (void)state;
    struct clicked seen;
    struct entry v = {.kind = ENTRY_VIEW, .at_ms = 7};
    append_clicks(1, 1);
    struct txn *t = fixture_begin(&f, true);
    append(t, 1, &v, NULL);
    struct entry claims = click(8, CLASS_BOT); /* what the publisher says is no member */
    claims.click.sub[0] = SPAN("\",\"placement\":7,\"");
    claims.click.device = DEVICE_PHONE;
    append(t, 2, &claims, NULL);
    struct ledger_view within;
    struct view view = ledger_view(&within, ledger, t);
    assert_ok(view.click(view.ctx, 2, 0, &seen));
    assert_int_equal(seen.class, CLASS_BOT);
    assert_int_equal(seen.device, DEVICE_PHONE);
    assert_int_equal(seen.at_ms, 8);
    assert_int_equal(seen.placement, 9);
    assert_ok(view.click(view.ctx, 1, 0, &seen));
    assert_int_equal(seen.at_ms, 1000);
    assert_int_equal(seen.placement, 9);
    assert_int_equal(seen.class, CLASS_OK);
    assert_int_equal(seen.device, DEVICE_TABLET);
    assert_none(view.click(view.ctx, 1, 1, &seen));
    assert_none(view.click(view.ctx, 1, 2, &seen));
    assert_none(view.click(view.ctx, 77, 0, &seen));
    txn_abort(t);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(any_course_of_events_gives_the_same_tree),
        TEST(levels_above_the_second_survive_a_replay),
        TEST(an_aborted_batch_leaves_no_trace_after_reopening),
        TEST(what_is_not_swept_is_not_served),
        TEST(tiles_hold_the_leaves_of_their_bundles),
        TEST(earlier_roots_and_proofs_come_from_tiles),
        TEST(a_replayed_tally_is_the_live_one),
        TEST(versions_that_wait_bind_in_a_replay_too),
        TEST(a_statement_starts_a_new_tally_and_is_never_forgotten),
        TEST(a_log_is_cut_and_goes_on_alike_after_a_replay),
        TEST(a_publication_is_remembered_with_its_commit),
        TEST(a_hole_in_the_journal_is_corrupt),
        TEST(a_journal_that_ends_before_its_watermark_is_corrupt),
        TEST(a_cut_head_is_corrupt),
        TEST(the_view_knows_clicks_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
