/* One log of random leads, decisions and adjustments, cut into the months of random zones, into random periods, and
 * into one: in currencies of every number of decimals, what is payable and what is carried say all that a model adds up
 * by itself, however it was cut. */
#include <stdlib.h>
#include <time.h>

#include "common/base/money.h"
#include "common/settlement/fold.h"
#include "tests/support/chance.h"
#include "tests/support/world.h"

enum { CONTRACT = 1, EVENTS = 500, ENDS = 64, SLOTS = EVENTS + ENDS, NOBODY = EVENTS };

/* What happens; it names others by their places in the list. */
struct event {
    struct entry e;
    size_t lead, adjustment;
    int64_t micros; /* what it moves */
};

struct story {
    struct event of[EVENTS];
    size_t n, leads[EVENTS], n_leads, waits; /* waits: an adjustment that lacks the second assent; NOBODY: none */
    struct terms *terms;
    int exponent;
    bool set_off;
    wide_micros moved;
};

struct replay {
    struct world world;
    struct fold fold;
    struct frontier tree;
    uint64_t n, index[EVENTS], to[ENDS + 1], n_to;
    int64_t at_ms[SLOTS], micros[SLOTS], carried_micros;
    wide_micros payable_micros, nets;
};

static uint64_t seen_returned, seen_reinstated, seen_assented, seen_carried[5], seen_cuts;

/* ---- the log ---- */

static void open_replay(struct replay *r, const struct story *s)
{
    static const struct fold_context cx = {CONTRACT, 7, SPAN("C1")};
    static struct view view;
    *r = (struct replay){.world = world_new()};
    view = world_view(&r->world);
    fold_open(&r->fold, &cx, &view, r->world.rows);
    r->fold.terms = s->terms;
}

static void close_replay(struct replay *r)
{
    fold_close(&r->fold);
    world_free(&r->world);
}

static void append(struct replay *r, const struct entry *e, int64_t micros)
{
    char text[LIMIT_ENTRY];
    struct buf b;
    struct hash leaf;
    buf_fixed(&b, text, sizeof text);
    entry_write(&b, e);
    merkle_leaf(buf_span(&b), &leaf);
    enum err err = fold_apply(&r->fold, r->n, e, &r->tree, NULL);
    if (err != ERR_OK)
        fail_msg("entry %llu: %s: %.*s", (unsigned long long)r->n, err_word(err), (int)b.len, text);
    frontier_append(&r->tree, &leaf, NULL, NULL);
    world_keep(&r->world, CONTRACT, r->n, e);
    r->at_ms[r->n] = e->at_ms;
    r->micros[r->n++] = micros;
}

/* An event as it stands in this log. */
static void happen(struct replay *r, const struct story *s, size_t i)
{
    struct entry e = s->of[i].e;
    if (e.kind == ENTRY_DISPOSITION)
        e.disposition.lead = r->index[s->of[i].lead];
    if (e.kind == ENTRY_ADJUSTMENT && s->of[i].lead != NOBODY)
        e.adjustment.lead = r->index[s->of[i].lead];
    if (e.kind == ENTRY_ASSENT)
        e.assent.adjustment = r->index[s->of[i].adjustment];
    r->index[i] = r->n;
    append(r, &e, s->of[i].micros);
}

/* ---- what happens ---- */

static struct event lead(void)
{
    struct event v = {.e = {.kind = ENTRY_LEAD, .lead = {.party = SPAN("P1"), .tier = -1}}};
    v.e.lead.status = one_in(2) ? STATUS_APPROVED : STATUS_PENDING;
    v.e.lead.payout_micros = (int64_t)below(one_in(2) ? 40000000 : 3000);
    v.micros = v.e.lead.status == STATUS_APPROVED ? v.e.lead.payout_micros : 0;
    return v;
}

static bool disposition(const struct story *s, const struct replay *now, int64_t at_ms, struct event *v)
{
    static const enum status wishes[] = {STATUS_APPROVED, STATUS_REJECTED, STATUS_RETURNED, STATUS_CONVERTED};
    const struct disposition_facts facts = {.advertiser = true};
    struct view view = world_view((struct world *)(uintptr_t)&now->world);
    struct lead_row row;
    bool same;
    if (s->n_leads == 0)
        return false;
    *v = (struct event){.lead = s->leads[below(s->n_leads)]};
    struct disposition_report d = {.party = SPAN("A1"), .status = wishes[below(4)], .lead = now->index[v->lead]};
    d.amount_micros = d.status == STATUS_CONVERTED ? (int64_t)below(100000000) : 0;
    assert_ok(row_lead(&view, CONTRACT, d.lead, &row));
    if (decide_disposition(0, &d, &row, &facts, at_ms, &v->e, &same, NULL) != ERR_OK || same)
        return false;
    wide_micros was = (status_payable(row.status) ? row.payout_micros : 0) + row.sale_micros;
    v->micros = (int64_t)((status_payable(d.status) ? row.payout_micros : 0) +
                          (wide_micros)d.amount_micros * s->terms->sale_ppm / 1000000 - was);
    seen_returned += d.status == STATUS_RETURNED;
    seen_reinstated += row.status == STATUS_RETURNED && d.status == STATUS_APPROVED;
    return true;
}

static struct event adjustment(const struct story *s)
{
    int64_t micros = 1 + (int64_t)below(one_in(2) ? 90000000 : 900);
    struct event v = {.lead = s->n_leads > 0 && one_in(2) ? s->leads[below(s->n_leads)] : NOBODY};
    v.e = (struct entry){.kind = ENTRY_ADJUSTMENT,
                         .adjustment = {.by = SPAN("O1"),
                                        .micros = one_in(3) ? micros : -micros,
                                        .reason = SPAN("as agreed"),
                                        .on_assent = s->waits == NOBODY && one_in(2)}};
    v.micros = v.e.adjustment.on_assent ? 0 : v.e.adjustment.micros;
    return v;
}

/* The advertiser's, or the publisher's, which makes it count. */
static struct event assent(const struct story *s, size_t of, bool second)
{
    struct event v = {.adjustment = of};
    v.micros = second ? s->of[of].e.adjustment.micros : 0;
    v.e = (struct entry){
        .kind = ENTRY_ASSENT,
        .assent = {.party = second ? SPAN("P1") : SPAN("A1"), .jws = SPAN("a.b.c"), .payable_micros = v.micros}};
    seen_assented += second;
    return v;
}

static bool some_event(struct story *s, const struct replay *now, int64_t at_ms, bool *first_given, struct event *v)
{
    uint64_t what = s->n == 0 ? 0 : below(100); /* entry 0 is nothing that another could name */
    if (what < 45) {
        *v = lead();
    } else if (what < 80) {
        return disposition(s, now, at_ms, v);
    } else if (what < 92) {
        *v = adjustment(s);
        *first_given = v->e.adjustment.on_assent ? false : *first_given;
    } else if (s->waits != NOBODY) {
        *v = assent(s, s->waits, *first_given);
        s->waits = *first_given ? NOBODY : s->waits;
        *first_given = true;
    } else {
        return false;
    }
    return true;
}

static void tell(struct story *s, int64_t at_ms)
{
    static struct replay now;
    bool first_given = false;
    open_replay(&now, s);
    while (s->n < EVENTS) {
        struct event v = {.lead = NOBODY};
        at_ms += (int64_t)below(2 * 86400000);
        if (!some_event(s, &now, at_ms, &first_given, &v))
            continue;
        v.e.at_ms = at_ms;
        if (v.e.kind == ENTRY_LEAD)
            s->leads[s->n_leads++] = s->n;
        if (v.e.kind == ENTRY_ADJUSTMENT && v.e.adjustment.on_assent)
            s->waits = s->n;
        s->of[s->n] = v;
        happen(&now, s, s->n++);
        s->moved += v.micros;
    }
    close_replay(&now);
}

/* ---- where it is cut ---- */

struct ends {
    int64_t end_ms[ENDS], delay_ms[ENDS]; /* the statement comes so much later */
    size_t n;
};

static void add_end(struct ends *x, int64_t end_ms)
{
    if (x->n < ENDS && (x->n == 0 || end_ms > x->end_ms[x->n - 1])) {
        x->delay_ms[x->n] = one_in(2) ? 0 : (int64_t)below(20 * 86400000ull);
        if (x->n > 0 && end_ms + x->delay_ms[x->n] < x->end_ms[x->n - 1] + x->delay_ms[x->n - 1])
            x->delay_ms[x->n] = x->end_ms[x->n - 1] + x->delay_ms[x->n - 1] - end_ms;
        x->end_ms[x->n++] = end_ms;
    }
}

/* As the C library knows the zone. */
static void months_of(const char *zone, int64_t from_ms, int64_t to_ms, struct ends *x)
{
    time_t from = (time_t)(from_ms / 1000);
    struct tm begins;
    assert_int_equal(setenv("TZ", zone, 1), 0);
    tzset();
    localtime_r(&from, &begins);
    for (int month = 1; month <= 60; month++) {
        struct tm tm = {.tm_year = begins.tm_year, .tm_mon = begins.tm_mon + month, .tm_mday = 1, .tm_isdst = -1};
        int64_t end_ms = (int64_t)mktime(&tm) * 1000;
        add_end(x, end_ms);
        if (end_ms > to_ms)
            break;
    }
}

static void some_ends(int64_t from_ms, int64_t to_ms, struct ends *x)
{
    size_t most = 1 + below(ENDS - 2);
    for (size_t i = 0; i < most; i++)
        add_end(x, from_ms + (to_ms - from_ms) * (int64_t)(i + 1) / (int64_t)(most + 1) + (int64_t)below(1000000));
    add_end(x, to_ms + 1000000000);
}

/* ---- statements ---- */

static enum err end_of(void *ctx, uint64_t number, uint64_t *to)
{
    const struct replay *r = ctx;
    if (number > r->n_to)
        return ERR_NOT_FOUND;
    *to = r->to[number];
    return ERR_OK;
}

/* The index of each event and statement, by their times alone: where each period ends. Those that would be empty go. */
static void lay_out(struct replay *r, const struct story *s, struct ends *x)
{
    int64_t at_ms[SLOTS];
    uint64_t from = 0, n = 0;
    size_t i = 0, kept = 0;
    for (size_t k = 0; k < x->n; k++) {
        uint64_t to = from;
        while (i < s->n && s->of[i].e.at_ms < x->end_ms[k] + x->delay_ms[k])
            at_ms[n++] = s->of[i++].e.at_ms;
        while (to < n && at_ms[to] < x->end_ms[k])
            to++;
        if (to == from)
            continue;
        at_ms[n++] = x->end_ms[k] + x->delay_ms[k];
        x->end_ms[kept] = x->end_ms[k];
        x->delay_ms[kept++] = x->delay_ms[k];
        r->to[kept] = from = to;
    }
    x->n = r->n_to = kept;
}

static int64_t floor_of(wide_micros a, int64_t unit)
{
    return (int64_t)((a - ((a % unit) + unit) % unit) / unit);
}

static void settle(struct replay *r, const struct story *s, uint64_t number, int64_t to_ms, int64_t now_ms)
{
    char id[LIMIT_ID + 1];
    struct statement_out out;
    struct statement said;
    struct hash root;
    struct closing closes;
    struct entry e = {.kind = ENTRY_STATEMENT, .at_ms = now_ms};
    int64_t unit = micros_per_minor(s->exponent);
    wide_micros net = 0;
    statement_id(SPAN("C1"), number, id);
    e.statement.id = span_str(id);
    e.statement.number = number;
    e.statement.from = r->to[number - 1];
    e.statement.to = r->to[number];
    e.statement.to_ms = to_ms;
    e.statement.issued_ms = now_ms;
    for (uint64_t i = e.statement.from; i < e.statement.to; i++)
        net += r->micros[i];
    frontier_root(&r->tree, &root);
    assert_ok(fold_closes(&r->fold, r->n, e.statement.to, &root, &closes));
    assert_ok(fold_statement(&r->fold, r->n, &e, &root, SPAN("https://x.example"), &out, NULL));
    assert_ok(statement_read(buf_span(&out.payload), &said));
    wide_micros whole = net + r->carried_micros;
    int64_t payable = s->set_off && whole < 0 ? 0 : floor_of(whole, unit);
    int64_t carried = (int64_t)(whole - (wide_micros)payable * unit);
    if (said.net_micros != net || said.payable_minor != payable || said.carried_micros != carried)
        fail_msg("statement %llu: net %lld, payable %lld, carried %lld, not %lld, %lld, %lld",
                 (unsigned long long)number, (long long)said.net_micros, (long long)said.payable_minor,
                 (long long)said.carried_micros, (long long)net, (long long)payable, (long long)carried);
    assert_int_equal(said.exponent, s->exponent);
    r->nets += said.net_micros;
    r->payable_micros += (wide_micros)said.payable_minor * unit;
    r->carried_micros = said.carried_micros;
    seen_carried[s->exponent] += said.carried_micros != 0;
    statement_close(&said);
    e.statement.sha256 = out.sha256;
    assert_ok(fold_next(&r->fold, r->n, &e, &root, &out));
    append(r, &e, 0);
    statement_free(&out);
}

static void cut(const struct story *s, struct ends x)
{
    static struct replay r;
    size_t i = 0;
    open_replay(&r, s);
    lay_out(&r, s, &x);
    r.fold.end_of = end_of;
    r.fold.end_ctx = &r;
    for (size_t k = 0; k < x.n; k++) {
        while (i < s->n && s->of[i].e.at_ms < x.end_ms[k] + x.delay_ms[k])
            happen(&r, s, i++);
        settle(&r, s, k + 1, x.end_ms[k], x.end_ms[k] + x.delay_ms[k]);
    }
    assert_int_equal(i, s->n);
    assert_true(r.nets == s->moved);
    assert_true(r.payable_micros + r.carried_micros == r.nets);
    seen_cuts += x.n;
    close_replay(&r);
}

/* ---- the test ---- */

static struct terms *some_terms(const char *currency, const char *zone, bool set_off)
{
    char text[1000];
    struct terms *t = NULL;
    struct buf docs[2];
    snprintf(text, sizeof text,
             "{'advertiser':'A1','name':'Test','currency':'%s','landing_url':'https://shop.example/','timezone':'%s',"
             "'return_days':365}",
             currency, zone);
    docs[0] = document_of(campaign_document, text, "K1");
    snprintf(text, sizeof text, "{'campaign':'K1','publisher':'P1','set_off':'%s','price':{'sale_ppm':%d}}",
             set_off ? "next" : "owed", (int)below(200000));
    docs[1] = document_of(contract_document, text, "C1");
    assert_ok(terms_compile(buf_span(&docs[0]), buf_span(&docs[1]), &t, NULL));
    buf_free(&docs[0]);
    buf_free(&docs[1]);
    return t;
}

static void any_cut_pays_and_carries_the_sum_of_the_nets(void **state)
{
    static const char *const zones[] = {"UTC",
                                        "Europe/Paris",
                                        "America/New_York",
                                        "Asia/Kolkata",
                                        "Asia/Kathmandu",
                                        "Pacific/Chatham",
                                        "Pacific/Kiritimati"};
    static const struct {
        const char *currency;
        int exponent;
    } currencies[] = {{"JPY", 0}, {"EUR", 2}, {"KWD", 3}, {"CLF", 4}};
    static struct story s;
    (void)state;
    for (size_t c = 0; c < 2 * sizeof currencies / sizeof *currencies; c++) {
        int64_t from_ms = NOW + (int64_t)below(365ull * 86400000);
        s = (struct story){.exponent = currencies[c / 2].exponent, .set_off = c % 2, .waits = NOBODY};
        s.terms = some_terms(currencies[c / 2].currency, zones[below(7)], s.set_off);
        tell(&s, from_ms);
        int64_t to_ms = s.of[s.n - 1].e.at_ms;
        for (int i = 0; i < 4; i++) {
            struct ends x = {.n = 0};
            if (i < 2)
                months_of(zones[below(7)], from_ms, to_ms, &x);
            else if (i == 2)
                some_ends(from_ms, to_ms, &x);
            else
                add_end(&x, to_ms + 1);
            cut(&s, x);
        }
        terms_free(s.terms);
    }
}

static void the_runs_met_all_of_it(void **state)
{
    (void)state;
    printf("%llu statements, %llu returned, %llu reinstated, %llu assented to\n", (unsigned long long)seen_cuts,
           (unsigned long long)seen_returned, (unsigned long long)seen_reinstated, (unsigned long long)seen_assented);
    assert_true(seen_cuts > 100 && seen_returned > 20 && seen_reinstated > 5 && seen_assented > 20);
    assert_true(seen_carried[0] > 0 && seen_carried[2] > 0 && seen_carried[3] > 0 && seen_carried[4] > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_cut_pays_and_carries_the_sum_of_the_nets),
        cmocka_unit_test(the_runs_met_all_of_it),
    };
    chance_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
