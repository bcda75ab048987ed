/* One person, however reported: emails, phones, order numbers and clicks of a few persons in any mixture, from both
 * sides and from pixels, over two contracts, refused, returned and reinstated in between, also while the clock steps.
 * What stands is held against a model of its own, which looks at all reports and follows every way; what one contract's
 * log tells against its auditor. */
#include "tests/support/chance.h"
#include "tests/support/world.h"

enum { CONTRACTS = 2, CLICKS = 8, STEPS = 90, RUNS = 60, WINDOW_DAYS = 20, CAMPAIGN_NUMBER = 7 };

struct report {
    uint32_t contract; /* from 1 */
    uint8_t email, phone, txid;
    uint64_t click;
    bool pixel;
    uint64_t index;
    int64_t at_ms;
    uint32_t steps;
    bool unsure;
    enum status status;
    bool here;         /* a duplicate, and its log tells of what */
    bool reach[STEPS]; /* a duplicate: what it may have repeated */
};

struct run {
    struct terms *terms[CONTRACTS + 1];
    struct world all, alone[CONTRACTS + 1];
    uint64_t size[CONTRACTS + 1];
    struct report said[STEPS];
    size_t n;
    unsigned by;
    int64_t now_ms;
    uint32_t steps; /* of the clock */
    bool unsure;
    bool forgets; /* what duplicates tell: the control */
    unsigned twice, duplicates, far, reinstated, refused, sometime;
};

/* ---- the model ---- */

static unsigned kinds(const struct report *r)
{
    return (r->email ? 1u : 0) | (r->phone ? 2u : 0);
}

static bool equal_email(const struct report *a, const struct report *b)
{
    return a->email && a->email == b->email;
}

static bool equal_phone(const struct report *a, const struct report *b)
{
    return a->phone && a->phone == b->phone;
}

static unsigned told_by_both(const struct run *c, const struct report *a, const struct report *b)
{
    return kinds(a) & kinds(b) & (c->by ? c->by : 3);
}

static bool told_apart(const struct run *c, const struct report *a, const struct report *b)
{
    unsigned both = told_by_both(c, a, b);
    return both && !(both & 1 && equal_email(a, b)) && !(both & 2 && equal_phone(a, b));
}

enum { STRANGERS, WEAKLY, SURELY };

static int match(const struct run *c, const struct report *a, const struct report *b)
{
    if ((c->by & 1 && equal_email(a, b)) || (c->by & 2 && equal_phone(a, b)))
        return SURELY;
    if (a->contract != b->contract || told_by_both(c, a, b))
        return STRANGERS;
    return a->click == b->click || (a->txid && a->txid == b->txid) ? WEAKLY : STRANGERS;
}

/* In the way of other pixels' reports alone. */
static bool waits(const struct report *r)
{
    return r->pixel && r->status == STATUS_HELD;
}

static bool stands(const struct report *r)
{
    return status_stands(r->status) && !waits(r);
}

static bool leads_on(const struct report *r)
{
    return r->status == STATUS_DUPLICATE && !r->pixel;
}

struct asked {
    const struct report *who;
    int64_t from_ms, to_ms;
    bool here, targets; /* only along what its own log tells; also to what duplicates repeated once */
    bool reported;      /* not reinstated */
    bool sometime;      /* about leads of unknown times */
    bool met[STEPS];    /* out: the leads that it comes to along duplicates */
};

static bool in_time(const struct asked *q, const struct report *r)
{
    return q->sometime || (r->at_ms >= q->from_ms && r->at_ms <= q->to_ms);
}

/* Steps lay between the two, and at one of them the clock was not sure. */
static bool asked_about(const struct asked *q, const struct report *r)
{
    bool unknown = q->reported && r->steps != q->who->steps && (r->unsure || q->who->unsure);
    return unknown == q->sometime && in_time(q, r);
}

static void go(const struct run *c, struct asked *q, const struct report *at, bool weak, bool (*been)[2])
{
    for (size_t i = 0; i < c->n; i++) {
        const struct report *r = &c->said[i];
        int m = match(c, at, r);
        bool target = q->targets && at != q->who && at->reach[i];
        if (!in_time(q, r) || (q->here && r->contract != q->who->contract))
            continue;
        if (stands(r) && asked_about(q, r) && at != q->who && (m || target) &&
            (!(weak || m == WEAKLY) || target || !told_apart(c, q->who, r)))
            q->met[i] = true;
        bool next = weak || m == WEAKLY;
        if (m && leads_on(r) && (!q->here || r->here) && !been[i][next]) {
            been[i][next] = true;
            go(c, q, r, next, been);
        }
    }
}

/* A duplicate may ask about itself: then it leads on from itself. */
static bool along_duplicates(const struct run *c, struct asked *q)
{
    bool been[STEPS][2] = {{false}}, any = false;
    const struct report start = *q->who;
    const struct report *who = q->who;
    q->who = &start;
    memset(q->met, 0, sizeof q->met);
    go(c, q, &start, false, been);
    for (size_t i = 0; i < c->n; i++)
        any |= q->met[i];
    q->who = who;
    return any;
}

static const struct report *directly(const struct run *c, const struct asked *q)
{
    const struct report *latest = NULL;
    for (size_t i = 0; i < c->n; i++) {
        const struct report *r = &c->said[i];
        int m = match(c, q->who, r);
        bool timely = m == WEAKLY ? !q->sometime : asked_about(q, r);
        bool rival = stands(r) || (q->reported && q->who->pixel && waits(r));
        if (rival && m && timely && (latest == NULL || r->at_ms > latest->at_ms))
            latest = r;
    }
    return latest;
}

/* ---- the run ---- */

static struct fold_context server_of(uint32_t contract)
{
    return (struct fold_context){contract, CAMPAIGN_NUMBER, contract == 1 ? SPAN("C1") : SPAN("C2"), 9};
}

static struct fold_context auditor_of(uint32_t contract)
{
    return (struct fold_context){1, 1, contract == 1 ? SPAN("C1") : SPAN("C2"), 1, true};
}

static void apply_to(const struct run *c, struct world *w, const struct fold_context *cx, uint32_t contract,
                     const struct entry *e, const struct private_part *priv)
{
    struct view v = world_view(w);
    struct row_ops ops;
    assert_ok(apply(cx, &v, c->terms[contract], c->size[contract], e, priv, &ops));
    for (size_t i = 0; c->forgets && i < ops.n; i++)
        if (ops.op[i].table == ROW_DEDUPE && ops.op[i].value_len > 0)
            ops.op[i--] = ops.op[--ops.n];
    rows_map_write(w->rows, &ops);
}

static void append(struct run *c, uint32_t contract, const struct entry *e, const struct private_part *priv)
{
    const struct fold_context server = server_of(contract), auditor = auditor_of(contract);
    apply_to(c, &c->all, &server, contract, e, priv);
    apply_to(c, &c->alone[contract], &auditor, contract, e, priv);
    c->size[contract]++;
}

/* Whoever reports clicked just before, whatever the clock did. */
static void click_again(struct run *c)
{
    c->all.n = 0;
    for (uint32_t k = 1; k <= CONTRACTS; k++) {
        c->alone[k].n = 0;
        for (uint64_t i = 1; i <= CLICKS; i++) {
            struct world_click click = {.contract = k, .index = i, .at_ms = c->now_ms - 1000, .clock_steps = c->steps};
            world_click(&c->all, click);
            click.contract = 1;
            world_click(&c->alone[k], click);
        }
    }
}

static void start(struct run *c, bool forgets)
{
    static const char *const bys[] = {"", "'email'", "'phone'", "'email','phone'"};
    char campaign[256];
    *c = (struct run){.by = one_in(3) ? (unsigned)below(4) : 3, .all = world_new(), .now_ms = NOW, .forgets = forgets};
    snprintf(campaign, sizeof campaign,
             ",'pixel_leads':'hold','return_days':365,'attribution':{'click_days':365},'lead':{'require_any':[]},"
             "'dedupe':{'by':[%s],'days':%d}",
             bys[c->by], WINDOW_DAYS);
    for (uint32_t k = 1; k <= CONTRACTS; k++) {
        c->terms[k] = terms_of(campaign, ",'price':{'lead':[{'micros':5}]}", k == 1 ? "C1" : "C2");
        c->alone[k] = world_new();
        c->size[k] = CLICKS + 1;
    }
    click_again(c);
}

static void stop(struct run *c)
{
    for (uint32_t k = 1; k <= CONTRACTS; k++) {
        terms_free(c->terms[k]);
        world_free(&c->alone[k]);
    }
    world_free(&c->all);
}

static void decided_again(struct run *c, const struct report *r, const struct entry *e, const struct private_part *priv)
{
    struct opening tokens = {.lead = true, .has_email = priv->has_email, .has_phone = priv->has_phone};
    const struct fold_context cx = auditor_of(r->contract);
    struct view v = world_view(&c->alone[r->contract]);
    struct buf recorded, again;
    struct entry out;
    char source[LIMIT_PARAM];
    bool foreign;
    memcpy(tokens.email, priv->email, TOKEN_LEN);
    memcpy(tokens.phone, priv->phone, TOKEN_LEN);
    assert_ok(redecide_lead(&cx, &v, c->terms[r->contract], 0, e, &tokens, source, &out, &foreign));
    buf_heap(&recorded), buf_heap(&again);
    entry_write(&recorded, e);
    entry_write(&again, &out);
    if (!span_eq(buf_span(&recorded), buf_span(&again)))
        fail_msg("recorded %.*s\nagain    %.*s", (int)recorded.len, recorded.ptr, (int)again.len, again.ptr);
    buf_free(&recorded), buf_free(&again);
}

/* Persons have an email, a phone and an order of their own, and are many or few; a report tells some of that, and now
 * and then what is another's. */
static struct report some_report(const struct run *c, uint64_t persons)
{
    uint64_t who = 1 + below(persons), tells = below(8);
    struct report r = {.contract = 1 + (uint32_t)below(CONTRACTS),
                       .click = 1 + below(CLICKS),
                       .at_ms = c->now_ms,
                       .steps = c->steps,
                       .unsure = c->unsure};
    if (tells & 1)
        r.email = (uint8_t)(one_in(8) ? 1 + below(persons) : who);
    if (tells & 2)
        r.phone = (uint8_t)(one_in(8) ? 1 + below(persons) : who);
    if (tells & 4)
        r.txid = (uint8_t)(one_in(8) ? 1 + below(persons) : who);
    if (!one_in(4))
        r.click = 1 + who % CLICKS;
    if (one_in(6))
        r.pixel = true, r.email = r.phone = 0;
    return r;
}

/* The bounds: what one live way leads to is a duplicate; and nothing is one that no way leads to, of those that led
 * anywhere once. */
static void held_against_the_model(struct run *c, struct asked *q, bool found, const char *what)
{
    bool direct = directly(c, q) != NULL;
    q->here = q->targets = false;
    bool along = along_duplicates(c, q);
    q->targets = true;
    bool ever = along_duplicates(c, q);
    if (!found && (direct || along))
        c->twice++;
    if (!found && (direct || along) && !c->forgets)
        fail_msg("%s %zu stands beside another of the person", what, c->n);
    if (found && !direct && !ever)
        fail_msg("%s %zu is nobody's duplicate", what, c->n);
    c->far += found && !direct;
}

static void names_what_its_log_tells(struct run *c, struct asked *q, const struct report *r, const struct entry *e)
{
    const struct report *direct = directly(c, q);
    q->here = true, q->targets = false;
    bool here = direct != NULL ? direct->contract == r->contract : along_duplicates(c, q);
    q->targets = true;
    bool ever = direct != NULL ? here : along_duplicates(c, q);
    if (r->here ? !ever : here)
        fail_msg("report %zu names %.*s", c->n, (int)e->lead.dup_contract.len, e->lead.dup_contract.ptr);
    q->here = false;
}

static void say(struct run *c, uint64_t persons)
{
    static const char *const txids[] = {"", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13"};
    struct report r = some_report(c, persons);
    struct lead_report in = {.party = r.pixel     ? SPAN("")
                                      : one_in(2) ? SPAN("P1")
                                                  : SPAN("A1"),
                             .trust = r.pixel ? TRUST_PIXEL : TRUST_SIGNED,
                             .txid = span_str(txids[r.txid]),
                             .claimed = true,
                             .touches = {{.contract = r.contract, .index = r.click}},
                             .n_touches = 1,
                             .given = kinds(&r),
                             .has_email = r.email,
                             .has_phone = r.phone,
                             .clock_steps = r.steps,
                             .clock_unsure = r.unsure};
    struct private_part priv = {.lead = true, .has_email = r.email, .has_phone = r.phone};
    const struct fold_context cx = server_of(r.contract);
    struct view v = world_view(&c->all);
    struct lead_facts f;
    struct entry e;
    memset(in.email, r.email, TOKEN_LEN);
    memset(in.phone, r.phone, TOKEN_LEN);
    memcpy(priv.email, in.email, TOKEN_LEN);
    memcpy(priv.phone, in.phone, TOKEN_LEN);
    assert_ok(gather_touches(&v, &in, &f));
    assert_ok(gather_person(&v, &cx, c->terms[r.contract], &in, c->now_ms, &f));
    decide_lead(c->terms[r.contract], 0, &in, &f, c->now_ms, &e);
    if (!c->forgets)
        decided_again(c, &r, &e, &priv);
    r.status = e.lead.status;
    r.here = span_eq(e.lead.dup_contract, cx.contract_id);
    r.index = c->size[r.contract];
    assert_true(status_stands(r.status) || r.status == STATUS_DUPLICATE);

    struct asked q = {&r, c->now_ms - WINDOW_DAYS * MS_PER_DAY, INT64_MAX, false, false, true, false, {false}};
    held_against_the_model(c, &q, r.status == STATUS_DUPLICATE, "report");
    q.sometime = q.targets = false;
    if (r.status != STATUS_DUPLICATE) {
        q.sometime = true;
        held_against_the_model(c, &q, f.dup_sometime, "unknown");
        assert_int_equal(r.status == STATUS_HELD, f.dup_sometime || r.pixel);
        c->sometime += f.dup_sometime;
    } else {
        c->duplicates++;
        if (!c->forgets)
            names_what_its_log_tells(c, &q, &r, &e);
        q.targets = true;
        (void)along_duplicates(c, &q);
        memcpy(r.reach, q.met, sizeof r.reach);
        for (size_t i = 0; i < c->n; i++)
            r.reach[i] |= stands(&c->said[i]) && match(c, &r, &c->said[i]);
    }
    append(c, r.contract, &e, &priv);
    c->said[c->n++] = r;
}

static void dispose(struct run *c)
{
    static const enum status wishes[] = {STATUS_APPROVED, STATUS_REJECTED, STATUS_RETURNED};
    if (c->n == 0)
        return;
    struct report *r = &c->said[below(c->n)];
    const struct fold_context cx = server_of(r->contract);
    struct disposition_report in = {.party = SPAN("A1"), .status = wishes[below(3)], .lead = r->index};
    struct view v = world_view(&c->all);
    struct disposition_facts f;
    struct lead_row row;
    struct entry e;
    bool same;
    assert_ok(row_lead(&v, r->contract, r->index, &row));
    assert_ok(gather_disposition(&v, &cx, c->terms[r->contract], &in, &row, &f));
    if (!stands(r)) {
        struct asked q = {r,
                          r->at_ms - WINDOW_DAYS * MS_PER_DAY,
                          r->at_ms + WINDOW_DAYS * MS_PER_DAY,
                          false,
                          false,
                          false,
                          false,
                          {false}};
        held_against_the_model(c, &q, f.known, "reinstated");
    }
    bool stood = stands(r);
    if (decide_disposition(0, &in, &row, &f, c->now_ms, &e, &same, NULL) != ERR_OK || same) {
        c->refused += f.known && in.status == STATUS_APPROVED;
        return;
    }
    c->reinstated += !stood && in.status == STATUS_APPROVED;
    r->status = in.status;
    append(c, r->contract, &e, NULL);
}

/* By hours or by more than a person is known; or somebody confirms that the clock is right. */
static void step(struct run *c)
{
    static const int64_t far[] = {2 * MS_PER_S, 3600 * 1000, 40 * MS_PER_DAY};
    if (c->unsure && one_in(2)) {
        c->unsure = false;
        return;
    }
    int64_t by_ms = far[below(3)];
    c->now_ms += one_in(2) ? by_ms : -by_ms;
    c->steps++;
    c->unsure |= by_ms >= 60 * MS_PER_S;
    click_again(c);
}

static struct run c;

static void runs(bool forgets, bool stepping, unsigned sums[6])
{
    for (int i = 0; i < RUNS; i++) {
        uint64_t persons = 2 + below(12);
        start(&c, forgets);
        for (int k = 0; k < STEPS; k++) {
            if (stepping && one_in(12))
                step(&c);
            else if (one_in(4))
                dispose(&c);
            else
                say(&c, persons);
            c.now_ms += one_in(40) ? (int64_t)below(15 * MS_PER_DAY) : (int64_t)below(3600 * 1000);
        }
        const unsigned counts[] = {c.twice, c.duplicates, c.far, c.reinstated, c.refused, c.sometime};
        for (int k = 0; k < 6; k++)
            sums[k] += counts[k];
        stop(&c);
    }
}

static void a_person_stands_once_along_every_way(void **state)
{
    unsigned sums[6] = {0};
    (void)state;
    runs(false, false, sums);
    printf("%u duplicates, %u of them or of the refused along others, %u reinstated, %u not\n", sums[1], sums[2],
           sums[3], sums[4]);
    for (int i = 1; i < 5; i++)
        assert_true(sums[i] > 0);
    assert_int_equal(sums[5], 0);
}

static void who_came_at_an_unknown_time_holds_and_never_refuses(void **state)
{
    unsigned sums[6] = {0};
    (void)state;
    runs(false, true, sums);
    printf("%u duplicates, %u of them or of the refused along others, %u held\n", sums[1], sums[2], sums[5]);
    assert_true(sums[1] > 0 && sums[2] > 0 && sums[5] > 0);
}

static void without_what_duplicates_tell_it_stands_twice(void **state)
{
    unsigned sums[6] = {0};
    (void)state;
    runs(true, false, sums);
    assert_true(sums[0] > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_person_stands_once_along_every_way),
        cmocka_unit_test(who_came_at_an_unknown_time_holds_and_never_refuses),
        cmocka_unit_test(without_what_duplicates_tell_it_stands_twice),
    };
    chance_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
