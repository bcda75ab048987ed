/* Random leads, dispositions and traffic of one contract, cut into consecutive statements at random places. */
#include "common/base/money.h"
#include "common/settlement/statement.h"
#include "tests/support/chance.h"
#include "tests/support/world.h"

enum { CONTRACT = 3, STEPS = 1200, CUTS = 200 };
enum { PRICE = 5000001 }; /* of what was refused, should it be taken back */
static const struct fold_context cx = {CONTRACT, 7, SPAN("C1")};

struct lead_seen {
    uint64_t index;
    enum status status;
    int64_t payout_micros;
};

struct past { /* a statement that was issued */
    struct statement_in in;
    struct tally tally;
    struct buf payload;
};

struct ledger_run {
    struct world world;
    struct view view;
    struct terms *terms;
    struct tally tally;
    struct lead_seen leads[STEPS];
    size_t n, cut_leads;
    uint64_t size, from;
    int64_t now_ms, traffic_micros;
    bool pays[CLASS_COUNT];
    /* the chain */
    struct past past[CUTS];
    size_t cuts;
    int64_t net_micros, payable_minor, carried_micros, to_ms;
    struct hash sha256;
    struct waiting waiting;
    int64_t waits[2]; /* by the model: micros, leads */
    uint64_t lines;
};

static void append(struct ledger_run *r, struct entry e, enum class class)
{
    e.at_ms = r->now_ms;
    assert_int_equal(world_apply(&r->world, &cx, r->terms, r->size, &e, NULL), ERR_OK);
    struct tallied x = tallied_of(&e);
    x.class = class;
    assert_true(tally_add(&r->tally, r->terms, &x));
    r->size++;
}

static void traffic(struct ledger_run *r)
{
    enum class class = (enum class)below(CLASS_COUNT);
    static const enum entry_kind kinds[] = {ENTRY_CLICK, ENTRY_VIEW, ENTRY_IMPRESSION};
    const int64_t price[] = {r->terms->click_micros, 0, r->terms->impression_micros};
    size_t kind = below(3);
    append(r, (struct entry){.kind = kinds[kind]}, class);
    if (r->pays[class])
        r->traffic_micros += price[kind];
}

static void lead(struct ledger_run *r)
{
    static const enum status first[] = {STATUS_PENDING, STATUS_HELD, STATUS_APPROVED, STATUS_REJECTED,
                                        STATUS_DUPLICATE};
    struct entry e = {.kind = ENTRY_LEAD, .lead = {.tier = -1}};
    e.lead.status = first[below(5)];
    e.lead.reason = e.lead.status == STATUS_REJECTED    ? (enum reason)(1 + below(REASON_COUNT - 1))
                    : e.lead.status == STATUS_DUPLICATE ? REASON_DUPLICATE
                                                        : REASON_NONE;
    if (e.lead.status != STATUS_REJECTED && e.lead.status != STATUS_DUPLICATE)
        e.lead.payout_micros = (int64_t)below(20000000);
    bool refused = e.lead.status == STATUS_REJECTED || e.lead.status == STATUS_DUPLICATE;
    r->leads[r->n++] = (struct lead_seen){r->size, e.lead.status, refused ? PRICE : e.lead.payout_micros};
    append(r, e, CLASS_OK);
}

static void disposition(struct ledger_run *r)
{
    static const enum status wishes[] = {STATUS_APPROVED, STATUS_REJECTED, STATUS_RETURNED, STATUS_CONVERTED};
    if (r->n == 0)
        return;
    struct lead_seen *s = &r->leads[below(r->n)];
    struct disposition_report d = {.party = SPAN("A1"), .status = wishes[below(4)], .lead = s->index};
    struct lead_row row;
    struct entry e;
    bool same;
    assert_ok(row_lead(&r->view, CONTRACT, s->index, &row));
    const struct disposition_facts facts = {.advertiser = !one_in(3), .known = one_in(3)};
    if (decide_disposition(0, &d, &row, &facts, r->now_ms, &e, &same, NULL) != ERR_OK || same)
        return;
    s->status = d.status;
    append(r, e, CLASS_OK);
}

/* Sums every number below an object but its "total". */
static int64_t buckets(const json_t *counts)
{
    const char *name;
    json_t *v;
    int64_t sum = 0;
    json_object_foreach((json_t *)counts, name, v) if (strcmp(name, "total") != 0) sum +=
        json_is_object(v) ? buckets(v) : json_integer_value(v);
    return sum;
}

/* What the gross is made of comes to it, and each line to its price. */
static void quantities_hold(const struct statement *s)
{
    const json_t *q;
    size_t i;
    int64_t sum = 0;
    json_array_foreach(s->quantities, i, q)
    {
        int64_t n = json_integer_value(json_object_get(q, "n")),
                micros = json_integer_value(json_object_get(q, "micros"));
        int64_t unit = json_integer_value(json_object_get(q, "unit_micros"));
        assert_true(n > 0 && (unit == 0 || n * unit == micros));
        sum += micros;
    }
    assert_int_equal(sum, s->gross_micros);
}

static int64_t of(const json_t *object, const char *name, const char *member)
{
    return json_integer_value(json_object_get(json_object_get(object, name), member));
}

/* From what waited to what waits: the model looks at each lead. */
static void bridge_holds(struct ledger_run *r, const struct statement *s)
{
    static const char *const members[] = {"micros", "n"};
    int64_t waits[2] = {0, 0}, before[2], held = 0;
    for (size_t i = 0; i < r->n; i++) {
        bool waiting = r->leads[i].status == STATUS_PENDING || r->leads[i].status == STATUS_HELD;
        waits[0] += waiting ? r->leads[i].payout_micros : 0;
        waits[1] += waiting;
        held += r->leads[i].status == STATUS_HELD;
    }
    before[0] = of(s->json, "opening", "micros");
    before[1] = of(s->json, "opening", "pending") + of(s->json, "opening", "held");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(before[i], r->waits[i]);
        assert_int_equal(before[i] + of(s->bridge, "received", members[i]) - of(s->bridge, "approved", members[i]) -
                             of(s->bridge, "rejected", members[i]),
                         waits[i]);
        r->waits[i] = waits[i];
    }
    assert_int_equal(of(s->json, "closing", "micros"), waits[0]);
    assert_int_equal(of(s->json, "closing", "held"), held);
    assert_int_equal(of(s->json, "closing", "pending"), waits[1] - held);
}

static void sums_hold(struct ledger_run *r, const struct statement *s)
{
    static const char *const groups[] = {"leads", "clicks", "views", "impressions"};
    const json_t *a;
    size_t i;
    int64_t adjusted = 0;

    for (i = 0; i < sizeof groups / sizeof *groups; i++) {
        const json_t *group = json_object_get(s->counts, groups[i]);
        assert_int_equal(buckets(group), json_integer_value(json_object_get(group, "total")));
    }
    assert_int_equal(json_integer_value(json_object_get(json_object_get(s->counts, "leads"), "total")),
                     r->n - r->cut_leads);
    json_array_foreach(s->adjustments, i, a) adjusted += json_integer_value(json_object_get(a, "micros"));
    assert_int_equal(s->gross_micros + adjusted, s->net_micros);
    assert_true(s->net_micros ==
                s->payable_minor * micros_per_minor((int)s->exponent) + s->carried_micros - r->carried_micros);
    quantities_hold(s);
    bridge_holds(r, s);
}

static void cut(struct ledger_run *r)
{
    struct past *p = &r->past[r->cuts];
    struct statement_out out;
    struct statement s;

    p->tally = r->tally;
    p->in = (struct statement_in){
        .id = SPAN("S1"),
        .issuer = SPAN("https://track.example"),
        .number = r->cuts + 1,
        .to_ms = r->now_ms + 1,
        .waiting = r->waiting,
        .terms = r->terms,
        .from = r->from,
        .to = r->size,
        .tally = &p->tally,
        .view = &r->view,
        .contract = CONTRACT,
        .carried_in_micros = r->carried_micros,
        .has_prev = r->cuts > 0,
        .prev_sha256 = r->sha256,
        .prev_to_ms = r->to_ms,
        .issued_ms = r->now_ms,
    };
    assert_int_equal(statement_build(&p->in, &out, NULL), ERR_OK);
    assert_int_equal(statement_read(buf_span(&out.payload), &s), ERR_OK);
    sums_hold(r, &s);
    statement_close(&s);
    r->net_micros += out.net_micros;
    r->payable_minor += out.payable_minor;
    r->carried_micros = out.carried_micros;
    r->sha256 = out.sha256;
    r->to_ms = p->in.to_ms;
    r->waiting = out.waiting;
    r->lines += out.lines.n;
    p->payload = out.payload;
    buf_heap(&out.payload); /* it is kept */
    statement_free(&out);
    r->cuts++;
    if (r->size > 0)
        settled(&r->world, CONTRACT, r->size);
    r->from = r->size;
    r->cut_leads = r->n;
    r->tally = (struct tally){0};
}

static struct statement_draft *draft_in_steps(const struct statement_in *in)
{
    struct statement_draft *d = statement_draft_new(in->contract, in->from, LINES_TEXT);
    for (uint64_t to = in->from; to < in->to && !one_in(4); to += 1 + below((size_t)(in->to - to)))
        assert_int_equal(statement_draft_fold(d, in->view, to, NULL), ERR_OK);
    return d;
}

/* An auditor who builds an old statement from today's rows gets the bytes of that day; also in any steps. */
static void old_statements_come_out_the_same(struct ledger_run *r)
{
    for (size_t i = 0; i < r->cuts; i++) {
        struct statement_out out;
        assert_int_equal(statement_build(&r->past[i].in, &out, NULL), ERR_OK);
        assert_true(span_eq(buf_span(&out.payload), buf_span(&r->past[i].payload)));
        struct statement_draft *d = draft_in_steps(&r->past[i].in);
        struct statement_out again;
        assert_int_equal(statement_finish(d, &r->past[i].in, &again, NULL), ERR_OK);
        assert_true(span_eq(buf_span(&again.payload), buf_span(&r->past[i].payload)));
        assert_true(span_eq(buf_span(&again.lines.text), buf_span(&out.lines.text)));
        statement_draft_free(d);
        statement_free(&again);
        statement_free(&out);
        buf_free(&r->past[i].payload);
    }
}

/* Any of the classes that may pay: as a member of a campaign. */
static const char *draw_payable(bool pays[CLASS_COUNT])
{
    static const enum class may[] = {CLASS_OK, CLASS_BOT, CLASS_DATACENTER, CLASS_EMBEDDED, CLASS_REPEAT};
    static char text[200];
    size_t n = (size_t)snprintf(text, sizeof text, ",'payable_classes':[");
    bool any = false;
    for (size_t i = 0; i < sizeof may / sizeof *may; i++)
        if ((pays[may[i]] = one_in(2))) {
            n += (size_t)snprintf(text + n, sizeof text - n, "%s'%s'", any ? "," : "", class_word(may[i]));
            any = true;
        }
    snprintf(text + n, sizeof text - n, "]");
    return text;
}

/* Of each number of decimals. */
static const char *draw_currency(void)
{
    static const char *const currencies[] = {"JPY", "EUR", "KWD", "CLF"};
    return currencies[below(4)];
}

static struct terms *terms_in(const char *currency, const char *payable)
{
    char text[1024];
    struct terms *t = NULL;
    snprintf(text, sizeof text,
             "{'advertiser':'A1','name':'Test','currency':'%s','landing_url':'https://shop.example/land'%s}", currency,
             payable);
    struct buf campaign = document_of(campaign_document, text, "K1");
    snprintf(
        text, sizeof text,
        "{'campaign':'K1','publisher':'P1','set_off':'%s','price':{'lead':[{'micros':5000001}],'click_micros':1234,"
        "'impression_micros':77}}",
        one_in(2) ? "owed" : "next");
    struct buf contract = document_of(contract_document, text, "C1");
    assert_ok(terms_compile(buf_span(&campaign), buf_span(&contract), &t, NULL));
    buf_free(&campaign);
    buf_free(&contract);
    return t;
}

static void consecutive_statements_pay_everything_once(void **state)
{
    static struct ledger_run r;
    bool pays[CLASS_COUNT] = {false};
    int64_t owed;

    (void)state;
    r = (struct ledger_run){
        .world = world_new(), .now_ms = NOW, .terms = terms_in(draw_currency(), draw_payable(pays))};
    memcpy(r.pays, pays, sizeof pays);
    r.view = world_view(&r.world);
    for (int i = 0; i < STEPS; i++) {
        uint64_t what = below(100);
        if (what < 20)
            traffic(&r);
        else if (what < 60)
            lead(&r);
        else if (what < 94 || r.cuts == CUTS - 1)
            disposition(&r);
        else
            cut(&r);
        r.now_ms += (int64_t)below(8 * 3600000);
    }
    cut(&r);

    owed = r.traffic_micros;
    for (size_t i = 0; i < r.n; i++)
        if (r.leads[i].status == STATUS_APPROVED || r.leads[i].status == STATUS_CONVERTED)
            owed += r.leads[i].payout_micros;
    assert_int_equal(r.net_micros, owed);
    int exponent = currency_exponent(r.terms->currency);
    assert_int_equal(r.payable_minor * micros_per_minor(exponent) + r.carried_micros, owed);
    printf("%.3s, %s: ", r.terms->currency.ptr, r.terms->set_off == SET_OFF_NEXT ? "set off" : "owed");
    old_statements_come_out_the_same(&r);
    printf("%zu statements over %llu lines\n", r.cuts, (unsigned long long)r.lines);
    terms_free(r.terms);
    world_free(&r.world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(consecutive_statements_pay_everything_once),
        cmocka_unit_test(consecutive_statements_pay_everything_once),
        cmocka_unit_test(consecutive_statements_pay_everything_once),
    };
    chance_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
