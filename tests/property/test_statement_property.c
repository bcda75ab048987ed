/* Random leads, dispositions, adjustments and traffic of one contract, under rates of VAT and legal data that change,
 * cut into consecutive statements at random places. */
#include "common/base/money.h"
#include "common/settlement/legal.h"
#include "common/settlement/statement.h"
#include "tests/support/chance.h"
#include "tests/support/world.h"

enum { CONTRACT = 3, STEPS = 1200, CUTS = 200, RATES = 3 };
enum { PRICE = 5000001 }; /* of what was refused, should it be taken back */
static const struct fold_context cx = {CONTRACT, 7, SPAN("C1")};

struct lead_seen {
    uint64_t index;
    enum status status;
    int64_t payout_micros;
    bool paid; /* it became payable, and then: */
    size_t paid_in, rate;
};

/* Who the publisher is; the advertiser is one in France. */
enum { WHOS = 4, OPEN = WHOS };
static const char advertiser[] = "{\"country\":\"FR\",\"vat_id\":\"FR48999000102\"}";
static const struct {
    const char *legal;
    enum tax kind;
} whos[WHOS] = {{"{}", TAX_NONE},
                {"{\"country\":\"FR\",\"name\":\"Alpha\",\"vat_id\":\"FR40999000129\"}", TAX_DOMESTIC},
                {"{\"country\":\"BE\",\"name\":\"Alpha\",\"vat_id\":\"BE0999000129\"}", TAX_REVERSE_CHARGE},
                {"{\"country\":\"FR\",\"name\":\"Alpha\",\"vat_id\":\"FR62999000128\"}", TAX_DOMESTIC}};

/* Sums by what the model knows: whose (the last: of who it is on the statement that is still to come), the rate that
 * was agreed. */
struct model {
    int64_t micros[WHOS + 1][RATES];
    bool moved[WHOS + 1][RATES]; /* something was, also where it comes to 0 */
};

static uint64_t seen_charged, seen_zero_rows, seen_about, seen_credited;

struct past { /* a statement that was issued */
    struct statement_in in;
    struct tally tally;
    struct buf payload;
    char id[LIMIT_ID + 1];
    struct taxed_sums brought;
    size_t who, rate; /* of its greatest sum of that one */
};

struct ledger_run {
    struct world world;
    struct view view;
    struct terms *agreed[RATES];
    size_t rate, who;
    uint64_t told[WHOS];       /* the entry that told so first */
    const struct terms *terms; /* agreed[rate] */
    struct model open, brought;
    struct model owed, charged; /* over all statements: what lines moved, what rows said */
    int64_t adjusted_micros;
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

static void owe(struct ledger_run *r, size_t who, size_t rate, int64_t micros)
{
    r->open.micros[who][rate] += micros;
    r->open.moved[who][rate] |= micros != 0;
}

/* As the lead was charged, if it was. */
static void owe_again(struct ledger_run *r, const struct lead_seen *s, int64_t micros)
{
    if (s != NULL && s->paid)
        owe(r, s->paid_in < r->cuts ? r->past[s->paid_in].who : OPEN, s->rate, micros);
    else
        owe(r, OPEN, r->rate, micros);
}

static void becomes_payable(struct ledger_run *r, struct lead_seen *s)
{
    if (s->paid)
        return;
    s->paid = true;
    s->paid_in = r->cuts;
    s->rate = r->rate;
}

static void traffic(struct ledger_run *r)
{
    enum class class = (enum class)below(CLASS_COUNT);
    static const enum entry_kind kinds[] = {ENTRY_CLICK, ENTRY_VIEW, ENTRY_IMPRESSION};
    const int64_t price[] = {r->terms->click_micros, 0, r->terms->impression_micros};
    size_t kind = below(3);
    append(r, (struct entry){.kind = kinds[kind]}, class);
    if (r->pays[class]) {
        r->traffic_micros += price[kind];
        owe(r, OPEN, r->rate, price[kind]);
    }
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
    struct lead_seen *s = &r->leads[r->n++];
    *s = (struct lead_seen){r->size, e.lead.status, refused ? PRICE : e.lead.payout_micros, false, 0, 0};
    if (e.lead.status == STATUS_APPROVED) {
        becomes_payable(r, s);
        owe(r, OPEN, r->rate, e.lead.payout_micros);
    }
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
    bool reinstates = s->status == STATUS_REJECTED || s->status == STATUS_DUPLICATE || s->status == STATUS_RETURNED;
    if (reinstates || e.disposition.payable_micros < 0)
        owe_again(r, s, e.disposition.payable_micros);
    else
        owe(r, OPEN, r->rate, e.disposition.payable_micros);
    if (d.status == STATUS_APPROVED || d.status == STATUS_CONVERTED)
        becomes_payable(r, s);
    s->status = d.status;
    append(r, e, CLASS_OK);
}

/* Of a lead, or of a statement, or of nothing; of a lead that was never charged and a statement as of that. */
static void adjustment(struct ledger_run *r)
{
    struct lead_seen *s = r->n > 0 && one_in(2) ? &r->leads[below(r->n)] : NULL;
    const struct past *of = r->cuts > 0 && one_in(2) ? &r->past[below(r->cuts)] : NULL;
    struct entry e = {.kind = ENTRY_ADJUSTMENT,
                      .adjustment = {.by = SPAN("O1"), .reason = SPAN("r"), .micros = 1 + (int64_t)below(9000000)}};
    if (one_in(2))
        e.adjustment.micros = -e.adjustment.micros;
    if (s != NULL)
        e.adjustment.lead = s->index;
    if (of != NULL)
        e.adjustment.statement = span_str(of->id);
    if (of != NULL && (s == NULL || !s->paid))
        owe(r, of->who, of->rate, e.adjustment.micros);
    else
        owe_again(r, s, e.adjustment.micros);
    r->adjusted_micros += e.adjustment.micros;
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

/* ---- VAT ---- */

static const int64_t rates[RATES] = {0, 190000, 200000};

static bool in_front(const struct taxed *a, const struct taxed *b)
{
    return a->kind != b->kind         ? a->kind < b->kind
           : a->vat_ppm != b->vat_ppm ? a->vat_ppm < b->vat_ppm
           : a->as[1] != b->as[1]     ? a->as[1] < b->as[1]
                                      : a->about < b->about;
}

/* The model's sums as the statement must have them, in order. */
static size_t parts_of(struct ledger_run *r, size_t own, struct taxed out[WHOS * RATES])
{
    size_t n = 0;
    for (size_t rate = 0; rate < RATES; rate++) { /* what is open is of the one that it is now */
        r->open.micros[own][rate] += r->open.micros[OPEN][rate];
        r->open.moved[own][rate] |= r->open.moved[OPEN][rate];
    }
    for (size_t who = 0; who < WHOS; who++)
        for (size_t rate = 1; rate < RATES && whos[who].kind != TAX_DOMESTIC; rate++) {
            r->open.micros[who][0] += r->open.micros[who][rate];
            r->open.moved[who][0] |= r->open.moved[who][rate];
            r->open.micros[who][rate] = r->open.moved[who][rate] = 0;
        }
    for (size_t who = 0; who < WHOS; who++)
        for (size_t rate = 0; rate < RATES; rate++) {
            struct taxed x = {whos[who].kind,
                              rates[rate],
                              r->open.micros[who][rate] + r->brought.micros[who][rate],
                              {1, r->told[who]}};
            size_t at = n;
            r->owed.micros[who][rate] += r->open.micros[who][rate];
            if (!r->open.moved[who][rate] && r->brought.micros[who][rate] == 0)
                continue;
            for (; at > 0 && in_front(&x, &out[at - 1]); at--)
                out[at] = out[at - 1];
            out[at] = x;
            n++;
        }
    return n;
}

static size_t rate_of(int64_t vat_ppm)
{
    return vat_ppm == 0 ? 0 : vat_ppm == rates[1] ? 1 : 2;
}

static size_t who_of(const struct ledger_run *r, const uint64_t as[2])
{
    size_t who = 0;
    assert_int_equal(as[0], 1);
    while (who + 1 < WHOS && (r->told[who] != as[1] || (who > 0 && as[1] == 0)))
        who++;
    assert_int_equal(r->told[who], as[1]);
    return who;
}

/* Halves away from zero, by other means than the code: by what is left of a division. */
static int64_t vat_of(int64_t net_minor, int64_t ppm)
{
    int64_t size = net_minor < 0 ? -net_minor : net_minor, whole = size / 1000000 * ppm;
    int64_t part = size % 1000000 * ppm, vat = whole + part / 1000000 + (part % 1000000 >= 500000);
    return net_minor < 0 ? -vat : vat;
}

/* What is negative is credited as far as there is something to credit it against, a micro at a time as it were: what
 * stands in front goes first. */
static void set_off(const struct ledger_run *r, struct taxed *part, size_t n, int64_t rest, struct model *brought)
{
    int64_t above = 0;
    bool first = true;
    memset(brought, 0, sizeof *brought);
    for (size_t i = 0; i < n; i++)
        above += part[i].micros > 0 ? part[i].micros : 0;
    for (size_t i = 0; i < n; i++) {
        if (part[i].micros >= 0)
            continue;
        int64_t here = above < -part[i].micros ? above : -part[i].micros, carried = part[i].micros + here;
        above -= here;
        part[i].micros = -here;
        if (carried == 0)
            continue;
        brought->micros[who_of(r, part[i].as)][rate_of(part[i].vat_ppm)] = carried + (first ? rest : 0);
        first = false;
    }
}

static void carried_holds(const struct ledger_run *r, const struct statement *s)
{
    struct model said = {.micros = {{0}}};
    for (size_t i = 0; i < s->carried.n; i++) {
        const struct taxed *x = &s->carried.of[i];
        assert_true(i == 0 || in_front(&s->carried.of[i - 1], x));
        assert_int_equal(x->kind, whos[who_of(r, x->as)].kind);
        said.micros[who_of(r, x->as)][rate_of(x->vat_ppm)] += x->micros;
    }
    assert_memory_equal(said.micros, r->brought.micros, sizeof said.micros);
}

/* Each row is the model's sum to within a minor unit, none that is farther from it is rounded up where one that is
 * nearer is not, and they come to what is payable. */
static void rows_hold(struct ledger_run *r, const struct statement *s, const struct taxed *part, size_t n)
{
    int64_t unit = micros_per_minor((int)s->exponent), net = 0, vat = 0, least_up = unit, most_down = -1;
    assert_int_equal(s->n_rows, n);
    for (size_t i = 0; i < n; i++) {
        const struct tax_row *row = &s->rows[i];
        int64_t off = row->net_minor * unit - part[i].micros, left = off > 0 ? unit - off : -off;
        assert_int_equal(row->kind, part[i].kind);
        assert_int_equal(row->vat_ppm, part[i].vat_ppm);
        assert_true(off > -unit && off < unit);
        if (off > 0)
            least_up = left < least_up ? left : least_up;
        else
            most_down = left > most_down ? left : most_down;
        assert_int_equal(row->vat_minor, vat_of(row->net_minor, row->vat_ppm));
        assert_int_equal(row->supplied_vat_minor, vat_of(row->supplied_minor, row->vat_ppm));
        assert_true(row->supplied_minor >= 0 &&
                    (s->n_corrects > 0 || s->brought.n > 0 || json_array_size(s->adjustments) > 0 ||
                     row->supplied_minor == row->net_minor));
        net += row->net_minor;
        vat += row->vat_minor;
        seen_zero_rows += row->net_minor == 0;
        assert_memory_equal(row->as, part[i].as, sizeof row->as);
        r->charged.micros[who_of(r, row->as)][rate_of(row->vat_ppm)] += row->net_minor * unit;
    }
    assert_true(least_up >= most_down);
    assert_int_equal(net, s->payable_minor);
    assert_int_equal(vat, s->vat_minor);
    assert_int_equal(s->to_pay_minor, net + vat);
    assert_true(span_is(s->payable_by, net + vat > 0 ? "advertiser" : net + vat < 0 ? "publisher" : ""));
}

/* However it was cut: under each VAT what was charged so far and what is carried is what moved, but for less than a
 * unit of each statement, twice where a remainder was carried with a part. */
static void all_is_charged_once(const struct ledger_run *r, int64_t unit)
{
    int64_t most = 2 * unit * ((int64_t)r->cuts + 1);
    for (size_t who = 0; who < WHOS; who++)
        for (size_t rate = 0; rate < RATES; rate++) {
            int64_t off = r->charged.micros[who][rate] + r->brought.micros[who][rate] - r->owed.micros[who][rate];
            assert_true(off > -most && off < most);
        }
}

/* Each of those that its parts name, once. */
static void traders_hold(const struct ledger_run *r, const struct statement *s)
{
    bool named[WHOS] = {false};
    uint64_t before = 0;
    const json_t *one;
    size_t i;
    named[who_of(r, s->as)] = true;
    for (i = 0; i < s->n_rows; i++)
        named[who_of(r, s->rows[i].as)] = true;
    for (i = 0; i < s->brought.n; i++)
        named[who_of(r, s->brought.of[i].as)] = true;
    json_array_foreach((json_t *)s->traders, i, one)
    {
        uint64_t entry = (uint64_t)json_integer_value(json_object_get(one, "entry"));
        assert_true(entry > before);
        before = entry;
        if (entry != 1)
            named[who_of(r, (const uint64_t[2]){1, entry})] ^= true;
    }
    for (i = 1; i < WHOS; i++)
        assert_false(named[i]);
}

/* What issues goes on from what the payload says of its carried parts, what replays from what it made: they are the
 * same, and so is what is built of either. */
static void goes_on_from_the_payload(const struct statement_in *in, const struct statement *before,
                                     const struct statement_out *now)
{
    struct statement_in issuing = *in;
    struct statement_out again;
    issuing.brought = &before->carried;
    assert_int_equal(statement_build(&issuing, &again, NULL), ERR_OK);
    assert_true(span_eq(buf_span(&again.payload), buf_span(&now->payload)));
    statement_free(&again);
}

/* What corrections of one VAT are about, by number of the statement: 0 none. */
struct credits {
    int64_t micros[CUTS + 1], carried[CUTS + 1];
};

static size_t number_of(const struct ledger_run *r, const json_t *id)
{
    for (size_t i = 0; i < r->cuts && id != NULL; i++)
        if (strcmp(r->past[i].id, json_string_value(id)) == 0)
            return i + 1;
    assert_null(id);
    return 0;
}

/* As an adjustment says it, or else as the statement says of itself. */
static int64_t said_of(const json_t *a, const char *name, uint64_t own)
{
    const json_t *v = json_object_get(a, name);
    return v != NULL ? json_integer_value(v) : (int64_t)own;
}

static void add_credits(const struct ledger_run *r, const struct statement *s, size_t who, int64_t vat_ppm,
                        struct credits *out)
{
    const json_t *a;
    size_t i;
    memset(out, 0, sizeof *out);
    json_array_foreach((json_t *)s->adjustments, i, a)
    {
        const uint64_t as[2] = {s->as[0], (uint64_t)said_of(a, "vat_publisher", s->as[1])};
        if (who_of(r, as) == who && said_of(a, "vat_ppm", 0) == vat_ppm)
            out->micros[number_of(r, json_object_get(a, "statement"))] +=
                json_integer_value(json_object_get(a, "micros"));
    }
    for (i = 0; i < s->brought.n; i++)
        if (who_of(r, s->brought.of[i].as) == who && s->brought.of[i].vat_ppm == vat_ppm)
            out->micros[s->brought.of[i].about] += s->brought.of[i].micros;
    for (i = 0; i < s->carried.n; i++)
        if (who_of(r, s->carried.of[i].as) == who && s->carried.of[i].vat_ppm == vat_ppm)
            out->carried[s->carried.of[i].about] = s->carried.of[i].micros;
}

/* Nothing is carried about a statement that was not credited, and nothing about a later one is credited before all
 * that is about the earlier ones. */
static void carried_is_about_what_was_credited(const struct ledger_run *r, const struct statement *s)
{
    struct credits c;
    for (size_t who = 0; who < WHOS; who++)
        for (size_t rate = 0; rate < RATES; rate++) {
            bool any = false;
            add_credits(r, s, who, rates[rate], &c);
            for (size_t n = 0; n <= r->cuts; n++) {
                if (c.carried[n] >= 0) {
                    assert_true(!any || c.micros[n] >= 0);
                    continue;
                }
                assert_true(c.carried[n] >= c.micros[n]);
                assert_true(!any || c.carried[n] == c.micros[n]);
                any = true;
                seen_about += n > 0;
            }
        }
}

static bool is_credited(const struct statement *s, const struct taxed *brought)
{
    for (size_t i = 0; i < s->carried.n; i++)
        if (memcmp(s->carried.of[i].as, brought->as, sizeof brought->as) == 0 &&
            s->carried.of[i].vat_ppm == brought->vat_ppm && s->carried.of[i].about == brought->about &&
            s->carried.of[i].micros == brought->micros)
            return false;
    return true;
}

/* Whoever credits says what (article 219), and names nothing else. */
static void names_what_it_corrects(const struct ledger_run *r, const struct statement *s)
{
    bool named[CUTS + 1] = {false};
    const json_t *a;
    size_t i, n = 0;
    json_array_foreach((json_t *)s->adjustments, i, a) named[number_of(r, json_object_get(a, "statement"))] = true;
    for (i = 0; i < s->brought.n; i++)
        if (is_credited(s, &s->brought.of[i])) {
            named[s->brought.of[i].about] = true;
            seen_credited += s->brought.of[i].about > 0;
        }
    for (i = 1; i <= r->cuts; i++) {
        if (!named[i])
            continue;
        assert_true(n < s->n_corrects);
        const struct earlier *e = &s->corrects[n++];
        assert_int_equal(e->number, i);
        assert_string_equal(e->id, r->past[i - 1].id);
        assert_int_equal(e->issued_ms, r->past[i - 1].in.issued_ms);
    }
    assert_int_equal(n, s->n_corrects);
}

static void vat_holds(struct ledger_run *r, const struct statement *s, struct past *p)
{
    struct taxed part[WHOS * RATES];
    size_t n = parts_of(r, p->who, part);
    int64_t rest = r->carried_micros, most = 0;
    for (size_t who = 0; who < WHOS; who++)
        for (size_t rate = 0; rate < RATES; rate++)
            rest -= r->brought.micros[who][rate];
    p->rate = whos[p->who].kind == TAX_DOMESTIC ? r->rate : 0;
    for (size_t i = 0; i < n; i++) {
        int64_t size = part[i].micros < 0 ? -part[i].micros : part[i].micros;
        if (part[i].as[1] == r->told[p->who] && size > most) {
            most = size;
            p->rate = rate_of(part[i].vat_ppm);
        }
    }
    assert_int_equal(s->tax, whos[p->who].kind);
    assert_int_equal(s->as[1], r->told[p->who]);
    memset(&r->brought, 0, sizeof r->brought);
    if (s->carried_micros < 0) {
        set_off(r, part, n, rest, &r->brought);
        for (size_t i = 0; i < n; i++)
            seen_charged += part[i].micros > 0;
    }
    carried_holds(r, s);
    carried_is_about_what_was_credited(r, s);
    names_what_it_corrects(r, s);
    traders_hold(r, s);
    rows_hold(r, s, part, n);
    all_is_charged_once(r, micros_per_minor((int)s->exponent));
    memset(&r->open, 0, sizeof r->open);
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

    p->who = r->who;
    statement_id(SPAN("C1"), r->cuts + 1, p->id);
    p->tally = r->tally;
    p->in = (struct statement_in){
        .id = span_str(p->id),
        .legal = {SPAN(advertiser), span_str(whos[r->who].legal)},
        .brought = &p->brought,
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
    assert_ok(trade_at(&r->view, CONTRACT, (const struct span[2]){SPAN("A1"), SPAN("P1")}, r->size, &p->in.trade));
    assert_int_equal(statement_build(&p->in, &out, NULL), ERR_OK);
    assert_int_equal(statement_read(buf_span(&out.payload), &s), ERR_OK);
    sums_hold(r, &s);
    vat_holds(r, &s, p);
    assert_int_equal(out.carried.n, s.carried.n);
    if (r->cuts > 0) {
        struct statement before;
        assert_int_equal(statement_read(buf_span(&p[-1].payload), &before), ERR_OK);
        goes_on_from_the_payload(&p->in, &before, &out);
        statement_close(&before);
    }
    assert_int_equal(out.vat_kind, whos[p->who].kind);
    assert_int_equal(out.vat_ppm, rates[p->rate]);
    statement_close(&s);
    r->net_micros += out.net_micros;
    r->payable_minor += out.payable_minor;
    r->carried_micros = out.carried_micros;
    r->sha256 = out.sha256;
    r->to_ms = p->in.to_ms;
    r->waiting = out.waiting;
    r->lines += out.lines.n;
    r->past[r->cuts + 1].brought = (struct taxed_sums){.n = 0};
    taxed_copy(&r->past[r->cuts + 1].brought, &out.carried);
    p->payload = out.payload;
    buf_heap(&out.payload); /* it is kept */
    statement_free(&out);
    r->cuts++;
    r->from = r->size;
    r->cut_leads = r->n;
    r->tally = (struct tally){0};
    append(r,
           (struct entry){.kind = ENTRY_STATEMENT,
                          .statement = {.id = span_str(p->id),
                                        .number = r->cuts,
                                        .from = p->in.from,
                                        .to = p->in.to,
                                        .issued_ms = p->in.issued_ms,
                                        .vat_kind = whos[p->who].kind,
                                        .vat_ppm = rates[p->rate],
                                        .vat_advertiser = 1,
                                        .vat_publisher = r->told[p->who]}},
           CLASS_OK);
}

static void tell(struct ledger_run *r, const char *party, const char *legal, bool other)
{
    struct entry e = {
        .kind = ENTRY_PARTY,
        .party = {.party = span_str(party), .by = span_str(party), .legal = span_str(legal), .other = other}};
    e.at_ms = r->now_ms;
    world_keep(&r->world, CONTRACT, r->size, &e);
    append(r, e, CLASS_OK);
}

/* What was new of the one that it was is on a statement of its own; what was new of nobody becomes its. */
static void become(struct ledger_run *r, size_t who)
{
    bool other = r->who != 0;
    if (who == r->who)
        return;
    if (other) {
        struct tallied x = {.kind = ENTRY_PARTY, .at_ms = r->now_ms, .other = true};
        struct tally full = r->tally;
        if (!tally_add(&full, r->terms, &x))
            cut(r);
    }
    if (who > 0 && r->told[who] == 0)
        r->told[who] = r->size;
    tell(r, "P1", whos[who].legal, other);
    r->who = who;
}

static struct statement_draft *draft_in_steps(const struct statement_in *in)
{
    struct statement_draft *d = statement_draft_new(in->contract, in->from, &in->trade, LINES_TEXT);
    for (uint64_t to = in->from; to < in->to && !one_in(4); to += 1 + below((size_t)(in->to - to)))
        assert_int_equal(statement_draft_fold(d, in->view, to, UINT64_MAX, NULL), ERR_OK);
    return d;
}

/* By a draft that is kept, goes on by a few moves at a time, and of which a copy is finished. */
static void a_copied_draft_comes_to_the_same(struct statement_in in)
{
    struct statement_out whole, out;
    struct statement_draft *d = statement_draft_new(in.contract, in.from, &in.trade, LINES_COUNT);
    in.lines = LINES_COUNT;
    while (statement_draft_to(d) < in.to) {
        const uint64_t moves = statement_draft_moves(d), most = below(40);
        assert_int_equal(statement_draft_fold(d, in.view, in.to, most, NULL), ERR_OK);
        assert_true(statement_draft_moves(d) - moves <= most);
        if (one_in(8)) {
            struct statement_draft *copy = statement_draft_copy(d);
            assert_int_equal(statement_finish(copy, &in, &out, NULL), ERR_OK);
            statement_draft_free(copy);
            statement_free(&out);
        }
    }
    assert_int_equal(statement_finish(d, &in, &out, NULL), ERR_OK);
    assert_int_equal(statement_build(&in, &whole, NULL), ERR_OK);
    assert_true(span_eq(buf_span(&out.payload), buf_span(&whole.payload)));
    statement_draft_free(d);
    statement_free(&out);
    statement_free(&whole);
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
        a_copied_draft_comes_to_the_same(r->past[i].in);
        buf_free(&r->past[i].payload);
        taxed_free(&r->past[i].brought);
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

static struct terms *terms_in(const char *currency, const char *payable, const char *set_off, int64_t vat_ppm)
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
        "'impression_micros':77},'vat_ppm':%lld}",
        set_off, (long long)vat_ppm);
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
    const char *currency = draw_currency(), *payable = draw_payable(pays), *set_off = one_in(2) ? "owed" : "next";
    r = (struct ledger_run){.world = world_new(), .now_ms = NOW};
    for (size_t i = 0; i < RATES; i++)
        r.agreed[i] = terms_in(currency, payable, set_off, rates[i]);
    r.terms = r.agreed[0];
    memcpy(r.pays, pays, sizeof pays);
    r.view = world_view(&r.world);
    traffic(&r); /* no lead is entry 0 */
    tell(&r, "A1", advertiser, false);
    for (int i = 0; i < STEPS; i++) {
        uint64_t what = below(100);
        if (one_in(40)) {
            r.rate = below(RATES);
            r.terms = r.agreed[r.rate];
        }
        if (one_in(60) && r.cuts < CUTS - 4)
            become(&r, below(WHOS));
        if (what < 20)
            traffic(&r);
        else if (what < 60)
            lead(&r);
        else if (what < 88 || r.cuts >= CUTS - 2)
            disposition(&r);
        else if (what < 94)
            adjustment(&r);
        else
            cut(&r);
        r.now_ms += (int64_t)below(8 * 3600000);
    }
    cut(&r);

    owed = r.traffic_micros + r.adjusted_micros;
    for (size_t i = 0; i < r.n; i++)
        if (r.leads[i].status == STATUS_APPROVED || r.leads[i].status == STATUS_CONVERTED)
            owed += r.leads[i].payout_micros;
    assert_int_equal(r.net_micros, owed);
    int exponent = currency_exponent(r.terms->currency);
    assert_int_equal(r.payable_minor * micros_per_minor(exponent) + r.carried_micros, owed);
    printf("%llu parts charged where all is carried, %llu rows of 0, %llu carried about a statement, %llu credited; ",
           (unsigned long long)seen_charged, (unsigned long long)seen_zero_rows, (unsigned long long)seen_about,
           (unsigned long long)seen_credited);
    printf("%.3s, %s: ", r.terms->currency.ptr, r.terms->set_off == SET_OFF_NEXT ? "set off" : "owed");
    old_statements_come_out_the_same(&r);
    printf("%zu statements over %llu lines\n", r.cuts, (unsigned long long)r.lines);
    for (size_t i = 0; i < RATES; i++)
        terms_free(r.agreed[i]);
    taxed_free(&r.past[r.cuts].brought);
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
