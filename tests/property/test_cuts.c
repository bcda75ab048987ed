/* Random amounts of one contract, settled at random times, several times in a row: a statement closes what a model adds
 * up by itself, in 128 bits over a plain list, and all of them together pay everything once. */
#include "common/base/money.h"
#include "common/settlement/fold.h"
#include "tests/support/chance.h"
#include "tests/support/world.h"

enum { CONTRACT = 1, STEPS = 900 };

struct amount {
    int64_t micros;  /* what the entry moves */
    bool adjustment; /* takes something back */
    uint64_t gap;
};

struct run {
    struct world world;
    struct view view;
    struct fold fold;
    struct frontier tree;
    struct terms *terms;
    struct amount entry[2 * STEPS];
    uint64_t n, from, lead[STEPS], leads;
    int64_t now_ms;
    wide_micros settled, moved;
    uint64_t statements, prefixes, left;
    int64_t at_ms[2 * STEPS];
    uint64_t cut[2 * STEPS], n_cuts, base; /* the model: where the open log is cut, what is counted from where */
    uint64_t end[STEPS];                   /* where statements that are still to come will end, by number; 0: unsaid */
};

/* A statement that is still to come ends a little further on, or that is not known yet. */
static enum err end_of(void *ctx, uint64_t number, uint64_t *to)
{
    struct run *r = ctx;
    if (number >= STEPS || one_in(3))
        return ERR_NOT_FOUND;
    *to = r->end[number] = (r->end[number - 1] > r->n ? r->end[number - 1] : r->n) + below(40);
    return ERR_OK;
}

/* Whether an entry more passes what a statement can say. */
static bool passes(const struct run *r, uint64_t from, uint64_t to)
{
    wide_micros sum = 0, gaps = 0;
    for (uint64_t i = from; i < to; i++) {
        sum += r->entry[i].micros < 0 ? -r->entry[i].micros : r->entry[i].micros;
        gaps += r->entry[i].gap;
    }
    return sum > STATEMENT_MOST_MICROS || gaps > JSON_INT_MAX;
}

static void append(struct run *r, const struct entry *e, struct amount a)
{
    char text[LIMIT_ENTRY];
    struct buf b;
    struct hash leaf;
    buf_fixed(&b, text, sizeof text);
    entry_write(&b, e);
    merkle_leaf(buf_span(&b), &leaf);
    assert_ok(fold_apply(&r->fold, r->n, e, &r->tree, NULL));
    frontier_append(&r->tree, &leaf, NULL, NULL);
    world_keep(&r->world, CONTRACT, r->n, e);
    r->at_ms[r->n] = e->at_ms;
    r->entry[r->n++] = a;
    if (passes(r, r->base, r->n))
        r->cut[r->n_cuts++] = r->base = r->n - 1;
    r->moved += a.micros;
    r->now_ms += 1000;
}

static bool plain; /* amounts are those of every day */

static void traffic(struct run *r)
{
    bool shown = one_in(2);
    struct entry e = {.kind = shown ? ENTRY_IMPRESSION : ENTRY_CLICK, .at_ms = r->now_ms};
    append(r, &e, (struct amount){.micros = shown ? r->terms->impression_micros : r->terms->click_micros});
}

static void gap(struct run *r)
{
    struct entry e = {.kind = ENTRY_GAP, .at_ms = r->now_ms, .gap = {.from_ms = 1, .to_ms = 2}};
    e.gap.clicks = !plain && one_in(3) ? below((uint64_t)JSON_INT_MAX) : below(1000);
    append(r, &e, (struct amount){.gap = e.gap.clicks});
}

static int64_t some_micros(void)
{
    if (plain)
        return (int64_t)below(STATEMENT_MOST_MICROS / 20);
    return one_in(4)   ? (int64_t)below((uint64_t)STATEMENT_MOST_MICROS + 1)
           : one_in(3) ? STATEMENT_MOST_MICROS
                       : (int64_t)below(1000000000000);
}

static void lead(struct run *r)
{
    struct entry e = {.kind = ENTRY_LEAD, .at_ms = r->now_ms, .lead = {.party = SPAN("P1"), .tier = -1}};
    e.lead.status = one_in(2) ? STATUS_APPROVED : STATUS_PENDING;
    e.lead.payout_micros = some_micros();
    r->lead[r->leads++] = r->n;
    append(r, &e, (struct amount){.micros = e.lead.status == STATUS_APPROVED ? e.lead.payout_micros : 0});
}

static void disposition(struct run *r)
{
    static const enum status wishes[] = {STATUS_APPROVED, STATUS_REJECTED, STATUS_RETURNED, STATUS_CONVERTED};
    if (r->leads == 0)
        return;
    struct disposition_report d = {.party = SPAN("A1"), .status = wishes[below(4)], .lead = r->lead[below(r->leads)]};
    const struct disposition_facts facts = {.advertiser = true};
    struct lead_row row;
    struct entry e;
    bool same;
    d.amount_micros = d.status == STATUS_CONVERTED ? some_micros() : 0;
    assert_ok(row_lead(&r->view, CONTRACT, d.lead, &row));
    bool stood = status_stands(row.status);
    bool paid = status_payable(row.status), pays = status_payable(d.status);
    enum err err = decide_disposition(0, &d, &row, &facts, r->now_ms, &e, &same, NULL);
    if (err != ERR_OK || same)
        return;
    /* the price by its state, and of a sale the share: by hand */
    wide_micros micros = (pays ? row.payout_micros : 0) - (paid ? row.payout_micros : 0) - row.sale_micros;
    if (d.status == STATUS_CONVERTED)
        micros += (wide_micros)d.amount_micros * r->terms->sale_ppm / 1000000;
    assert_true(e.disposition.payable_micros == micros);
    append(r, &e, (struct amount){.micros = (int64_t)micros, .adjustment = micros < 0 || (!stood && pays)});
}

/* Where the next one ends: where it was said to, or at all there is; but not behind a cut. */
static uint64_t model_end(const struct run *r)
{
    uint64_t said = r->statements + 1 < STEPS ? r->end[r->statements + 1] : 0;
    uint64_t to = said > r->from && said < r->n ? said : r->n;
    return r->n_cuts > 0 && r->cut[0] < to ? r->cut[0] : to;
}

static void model_close(struct run *r, uint64_t to)
{
    r->from = to;
    while (r->n_cuts > 0 && r->cut[0] <= to)
        memmove(r->cut, r->cut + 1, --r->n_cuts * sizeof r->cut[0]);
    if (r->base < to)
        r->base = to;
    if (r->n_cuts == 0)
        for (r->base = to; passes(r, r->base, r->n);)
            fail_msg("what is left at %llu is not one statement", (unsigned long long)to);
}

static void refuse(struct run *r, struct entry *e, const struct hash *root)
{
    struct statement_out out;
    assert_int_not_equal(fold_statement(&r->fold, r->n, e, root, SPAN("https://x"), &out, NULL), ERR_OK);
}

/* No other end, and no time that is not that of its end. */
static void refuse_others(struct run *r, const struct entry *right, const struct hash *root, bool cut)
{
    const uint64_t to = right->statement.to;
    struct entry e = *right;
    for (uint64_t wrong = to - 1; wrong <= to + 1; wrong += 2) {
        e.statement.to = wrong;
        bool fits = wrong < to ? e.statement.to_ms <= r->at_ms[wrong] + 1
                               : !cut && to < r->n && e.statement.to_ms > r->at_ms[to];
        if (wrong != r->from && !fits)
            refuse(r, &e, root);
    }
    e = *right;
    const int64_t wrong_ms[] = {to > r->from ? r->at_ms[to - 1] : -1, to < r->n ? r->at_ms[to] + 2 : -1,
                                cut ? right->statement.to_ms + 1 : -1, e.statement.issued_ms + 2};
    for (size_t i = 0; i < sizeof wrong_ms / sizeof wrong_ms[0]; i++) {
        e.statement.to_ms = wrong_ms[i];
        if (wrong_ms[i] >= 0)
            refuse(r, &e, root);
    }
    e = *right;
    e.statement.issued_ms = e.at_ms + 1;
    refuse(r, &e, root);
    e.statement.issued_ms = e.at_ms - 3600001;
    refuse(r, &e, root);
}

static void settle(struct run *r)
{
    char id[LIMIT_ID + 1];
    statement_id(SPAN("C1"), r->statements + 1, id);
    struct entry e = {.kind = ENTRY_STATEMENT,
                      .at_ms = r->now_ms,
                      .statement = {.id = span_str(id), .number = r->statements + 1, .issued_ms = r->now_ms}};
    struct statement_out out;
    struct statement said;
    struct hash root;
    struct closing closes;
    wide_micros gross = 0, net = 0;
    if (r->n == 0)
        return;
    uint64_t to = e.statement.to = model_end(r);
    bool cut = r->n_cuts > 0 && r->cut[0] == to;
    e.statement.from = r->from;
    frontier_root(&r->tree, &root);
    assert_ok(fold_closes(&r->fold, r->n, to, &root, &closes));
    if (closes.is.to != to || closes.at_cut != cut)
        fail_msg("[%llu, %llu) and not to %llu", (unsigned long long)r->from, (unsigned long long)closes.is.to,
                 (unsigned long long)to);
    e.statement.to_ms = period_latest_end(&r->fold.period, &closes, r->now_ms);
    if (to < r->n && !cut)
        e.statement.to_ms = one_in(3) ? r->at_ms[to] + 1 : one_in(2) ? r->at_ms[to] : r->at_ms[to - 1] + 1;
    refuse_others(r, &e, &root, cut);
    assert_ok(fold_statement(&r->fold, r->n, &e, &root, SPAN("https://x.example"), &out, NULL));
    for (uint64_t i = r->from; i < to; i++) {
        net += r->entry[i].micros;
        gross += r->entry[i].adjustment ? 0 : r->entry[i].micros;
    }
    assert_ok(statement_read(buf_span(&out.payload), &said));
    assert_true(said.net_micros == net && said.gross_micros == gross && said.to == to && said.from == r->from);
    statement_close(&said);
    r->settled += net;
    r->statements++;
    r->prefixes += cut;
    r->left += to < r->n && !cut;
    e.statement.sha256 = out.sha256;
    assert_ok(fold_next(&r->fold, r->n, &e, &root, &out));
    model_close(r, to);
    append(r, &e, (struct amount){0});
    statement_free(&out);
}

static uint64_t prefixes, statements, left;

static void every_contract_can_be_settled(void **state)
{
    static struct run r;
    static const struct fold_context cx = {CONTRACT, 7, SPAN("C1")};
    char contract[200];
    (void)state;
    plain = !plain;
    r = (struct run){.world = world_new(), .now_ms = NOW};
    snprintf(contract, sizeof contract,
             ",'price':{'click_micros':10000000000,'impression_micros':%llu,'sale_ppm':%llu}",
             (unsigned long long)below(1000000), (unsigned long long)below(1000001));
    r.terms = terms_of(",'return_days':365", contract, "C1");
    r.view = world_view(&r.world);
    fold_open(&r.fold, &cx, &r.view, r.world.rows);
    r.fold.terms = r.terms;
    r.fold.end_of = end_of;
    r.fold.end_ctx = &r;
    for (int i = 0; i < STEPS; i++) {
        uint64_t what = below(100);
        if (what < 30)
            traffic(&r);
        else if (what < 35)
            gap(&r);
        else if (what < 65)
            lead(&r);
        else if (what < 90)
            disposition(&r);
        else
            settle(&r);
    }
    r.fold.end_of = NULL;
    memset(r.end, 0, sizeof r.end);
    while (r.from < r.n - 1)
        settle(&r);
    assert_int_equal(rows_map_count(r.world.rows, ROW_CUTS), 0);
    assert_true(r.settled == r.moved);
    prefixes += r.prefixes;
    statements += r.statements;
    left += r.left;
    fold_close(&r.fold);
    terms_free(r.terms);
    world_free(&r.world);
}

static void the_runs_met_cuts_and_later_entries(void **state)
{
    (void)state;
    printf("%llu statements, %llu of a prefix, %llu that leave what came later\n", (unsigned long long)statements,
           (unsigned long long)prefixes, (unsigned long long)left);
    assert_true(prefixes > 0 && left > 0 && statements > prefixes + left);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_contract_can_be_settled),       cmocka_unit_test(every_contract_can_be_settled),
        cmocka_unit_test(every_contract_can_be_settled),       cmocka_unit_test(every_contract_can_be_settled),
        cmocka_unit_test(the_runs_met_cuts_and_later_entries),
    };
    chance_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
