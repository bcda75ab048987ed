/* Random traffic of two contracts of one campaign through gather, decide and apply, once as the server holds it (both
 * contracts in one set of rows) and once as each contract's auditor does (its own log alone). */
#include "tests/support/chance.h"
#include "tests/support/world.h"

enum { CONTRACTS = 2, STEPS = 1500, PERSONS = 12, DEDUPE_DAYS = 20, CAMPAIGN_NUMBER = 7 };

struct lead_seen {
    size_t number; /* of the lead that it is a part of */
    int contract;
    uint64_t index;
    int64_t at_ms;
    uint8_t email, phone, txid; /* 0: none */
    bool found, lost;           /* the click */
    uint64_t click;
    enum status status; /* as it should be now */
};

struct log {
    struct terms *terms;
    uint64_t terms_index, size;
    struct fold_context server, audit;
    struct world alone;
};

struct campaign_run {
    struct log logs[CONTRACTS];
    struct world world;
    struct lead_seen leads[CONTRACTS * STEPS];
    size_t n, numbers;
    const char *model; /* of the campaign */
    int64_t now_ms;
};

static struct terms *some_terms(const char *model, const char *contract_id)
{
    static const char *const campaigns[] = {
        "",
        ",'lead':{'require':['email'],'disposable_email':'hold','hold_below_s':3600,'rules':[{'field':'country','in':['"
        "FR','BE']}]}",
        ",'return_days':1,'review':{'mode':'manual'},'lead':{'require_any':[],'require':['country']}",
        ",'review':{'auto_approve_days':0},'lead':{'require_any':[]}",
        ",'review':{'auto_approve_days':2},'lead':{'disposable_email':'reject','require':['email','phone'],'min_click_"
        "to_lead_s':60}",
    };
    char campaign[512];
    snprintf(
        campaign, sizeof campaign,
        "%s,'dedupe':{'by':['email','phone'],'days':%d},'attribution':{'model':'%s','click_days':9,'half_life_days':1}",
        campaigns[below(5)], DEDUPE_DAYS, model);
    return terms_of(
        campaign, ",'price':{'lead':[{'when':{'field':'country','equals':'FR'},'micros':12000000},{'micros':8000001}]}",
        contract_id);
}

static void start(struct campaign_run *c)
{
    static unsigned started; /* each model has its turn */
    static const char *const ids[CONTRACTS] = {"C1", "C2"};
    *c = (struct campaign_run){
        .world = world_new(), .now_ms = NOW, .model = attribution_words[started++ % ATTRIBUTION_COUNT]};
    for (uint32_t i = 0; i < CONTRACTS; i++)
        c->logs[i] = (struct log){
            .terms = some_terms(c->model, ids[i]),
            .size = 1,
            .server = {i + 1, CAMPAIGN_NUMBER, span_str(ids[i]), 9},
            .audit = {1, 1, span_str(ids[i]), 1},
            .alone = world_new(),
        };
}

static void stop(struct campaign_run *c)
{
    for (int i = 0; i < CONTRACTS; i++) {
        terms_free(c->logs[i].terms);
        world_free(&c->logs[i].alone);
    }
    world_free(&c->world);
}

static void append(struct campaign_run *c, struct log *l, const struct entry *e, const struct private_part *priv)
{
    assert_int_equal(world_apply(&c->world, &l->server, l->terms, l->size, e, priv), ERR_OK);
    assert_int_equal(world_apply(&l->alone, &l->audit, l->terms, l->size, e, priv), ERR_OK);
    l->size++;
}

static void click(struct campaign_run *c)
{
    struct log *l = &c->logs[below(CONTRACTS)];
    struct world_click k = {
        .contract = l->server.contract, .index = l->size++, .at_ms = c->now_ms, .placement = (uint32_t)below(5)};
    world_click(&c->world, k);
    k.contract = l->audit.contract;
    world_click(&l->alone, k);
}

static void some_touches(const struct campaign_run *c, struct lead_report *r)
{
    r->n_touches = below(4);
    r->claimed = r->n_touches > 0;
    for (size_t i = 0; i < r->n_touches; i++) {
        struct pointer *p = &r->touches[i];
        *p = (struct pointer){.contract = (uint32_t)(1 + below(CONTRACTS)), .index = (UINT64_C(1) << 60) + below(1000)};
        if (one_in(10))
            p->flags = CLICK_UNRECORDED, p->at_s = (uint32_t)(c->now_ms / 1000 - (int64_t)below(3 * 86400));
        else if (c->world.n > 0 && !one_in(10)) {
            const struct world_click *k = &c->world.clicks[c->world.n - 1 - below(c->world.n < 20 ? c->world.n : 20)];
            *p = (struct pointer){.contract = k->contract, .index = k->index};
        }
    }
}

static void some_person(struct lead_report *r, struct lead_seen *s)
{
    s->email = one_in(6) ? 0 : (uint8_t)(1 + below(PERSONS));
    s->phone = one_in(6) ? 0 : (uint8_t)(1 + below(PERSONS));
    r->has_email = s->email;
    r->has_phone = s->phone;
    memset(r->email, s->email, TOKEN_LEN);
    memset(r->phone, s->phone, TOKEN_LEN);
    r->given = (s->email ? CONTACT_EMAIL : 0u) | (s->phone ? CONTACT_PHONE : 0u);
    if (one_in(8)) {
        r->given |= CONTACT_EMAIL | CONTACT_PHONE;
        r->bad = (s->email ? 0u : CONTACT_EMAIL) | (s->phone ? 0u : CONTACT_PHONE);
    }
}

static void decided_again_by(struct world *w, const struct fold_context *cx, const struct log *l, const struct entry *e,
                             const struct lead_report *r)
{
    struct opening tokens = {.lead = true, .has_email = r->has_email, .has_phone = r->has_phone};
    struct view v = world_view(w);
    struct buf recorded, again;
    struct entry out;
    char source[LIMIT_PARAM];
    bool foreign;

    memcpy(tokens.email, r->email, TOKEN_LEN);
    memcpy(tokens.phone, r->phone, TOKEN_LEN);
    assert_ok(redecide_lead(cx, &v, l->terms, l->terms_index, e, &tokens, source, &out, &foreign));
    buf_heap(&recorded), buf_heap(&again);
    entry_write(&recorded, e);
    entry_write(&again, &out);
    if (!span_eq(buf_span(&recorded), buf_span(&again)))
        fail_msg("recorded %.*s\nagain    %.*s", (int)recorded.len, recorded.ptr, (int)again.len, again.ptr);
    buf_free(&recorded), buf_free(&again);
}

/* The auditor, who sees one contract and the tokens, decides the same bytes. */
static void decided_again(struct log *l, const struct entry *e, const struct lead_report *r)
{
    decided_again_by(&l->alone, &l->audit, l, e, r);
}

/* Whose it is: of how many contracts. */
static size_t deal(const struct campaign_run *c, const struct lead_facts *f, struct lead_facts out[CONTRACTS])
{
    struct credit credits[LIMIT_TOUCHES];
    const struct terms *t = f->found ? c->logs[f->credit.click.contract - 1].terms : NULL;
    size_t n = t != NULL && credit_looks_back(t) ? credits_of(t, f->touches, f->n_touches, c->now_ms, 0, credits) : 0;
    for (size_t i = 0; i < n; i++) {
        out[i] = *f;
        out[i].credit = credits[i];
    }
    if (n == 0)
        out[0] = *f;
    return n > 0 ? n : 1;
}

static unsigned shared;

/* Whatever the model: the parts adjoin and make the whole, and what they pay makes the price. */
static void parts_make_the_whole(const struct entry *e, size_t n)
{
    uint32_t to = 0;
    int64_t paid = 0, price = 0;
    bool all = true;
    for (size_t i = 0; i < n; i++) {
        const struct entry_lead *l = &e[i].lead;
        assert_int_equal(l->share_from, to);
        to = l->share_to;
        paid += l->payout_micros;
        all &= l->tier >= 0;
        price = l->tier == 0 ? 12000000 : 8000001;
    }
    assert_int_equal(to, n > 1 ? SHARE_WHOLE : 0);
    if (all)
        assert_int_equal(paid, price);
    shared += n > 1;
}

static void lead(struct campaign_run *c)
{
    static const char *const countries[] = {"FR", "be", "DE", ""}, *const txids[] = {"", "1", "2", "3", "4", "5", "6"};
    struct view v = world_view(&c->world);
    struct lead_report r = {.party = SPAN("P1"), .test = one_in(30), .honeypot = one_in(30), .disposable = one_in(10)};
    struct private_part priv = {.lead = true};
    struct lead_seen told = {.number = c->numbers++};
    struct lead_facts f, facts[CONTRACTS];
    struct entry e[CONTRACTS];
    struct log *l[CONTRACTS];

    some_touches(c, &r);
    some_person(&r, &told);
    told.txid = (uint8_t)below(7);
    r.txid = span_str(txids[told.txid]);
    memcpy(r.commitment.b, &told.number, sizeof told.number);
    if (!one_in(4))
        r.facts[r.n_facts++] = (struct fact){SPAN("country"), span_str(countries[below(4)])};
    assert_ok(gather_touches(&v, &r, &f));
    size_t n = deal(c, &f, facts), any = below(CONTRACTS);
    for (size_t i = 0; i < n; i++) {
        l[i] = &c->logs[f.found ? facts[i].credit.click.contract - 1 : any];
        assert_ok(gather_person(&v, &l[i]->server, l[i]->terms, &r, c->now_ms, &facts[i]));
        decide_lead(l[i]->terms, l[i]->terms_index, &r, &facts[i], c->now_ms, &e[i]);
    }
    parts_make_the_whole(e, n);

    priv.has_email = r.has_email;
    priv.has_phone = r.has_phone;
    memcpy(priv.email, r.email, TOKEN_LEN);
    memcpy(priv.phone, r.phone, TOKEN_LEN);
    for (size_t i = 0; i < n; i++) {
        struct lead_seen *s = &c->leads[c->n++];
        *s = told;
        s->contract = (int)(l[i] - c->logs);
        s->index = l[i]->size;
        s->at_ms = c->now_ms;
        s->status = e[i].lead.status;
        s->found = f.found;
        s->lost = facts[i].credit.click.unrecorded;
        s->click = facts[i].credit.click.index;
        decided_again(l[i], &e[i], &r);
        decided_again_by(&c->world, &l[i]->server, l[i], &e[i], &r); /* who sees all sees the parts before it, too */
        append(c, l[i], &e[i], &priv);
    }
}

static unsigned taken_back;

static void disposition(struct campaign_run *c)
{
    static const enum status wishes[] = {STATUS_APPROVED, STATUS_REJECTED, STATUS_RETURNED, STATUS_CONVERTED};
    struct view v = world_view(&c->world);
    if (c->n == 0)
        return;
    struct lead_seen *s = &c->leads[below(c->n)];
    struct log *l = &c->logs[s->contract];
    struct disposition_report r = {.party = SPAN("A1"), .status = wishes[below(4)], .lead = s->index};
    struct lead_row row;
    struct entry e;
    bool same;

    assert_ok(row_lead(&v, l->server.contract, s->index, &row));
    struct disposition_facts f, alone;
    assert_ok(gather_disposition(&v, &l->server, l->terms, &r, &row, &f));
    if (decide_disposition(l->terms_index, &r, &row, &f, c->now_ms, &e, &same, NULL) != ERR_OK || same)
        return;
    taken_back += !status_stands(s->status);
    s->status = r.status;
    struct view own = world_view(&l->alone); /* who sees this contract alone knows nothing against it */
    assert_ok(gather_disposition(&own, &l->audit, l->terms, &r, &row, &alone));
    assert_ok(decide_disposition(l->terms_index, &r, &row, &alone, c->now_ms, &e, &same, NULL));
    append(c, l, &e, NULL);
}

static struct lead_seen *seen(struct campaign_run *c, uint32_t contract, uint64_t index)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->leads[i].contract == (int)contract - 1 && c->leads[i].index == index)
            return &c->leads[i];
    fail_msg("a row of a lead that never was");
    return NULL;
}

static void due(struct campaign_run *c)
{
    struct view v = world_view(&c->world);
    struct span key, value;
    while (v.seek(v.ctx, ROW_DUE, SPAN(""), &key, &value) == ERR_OK) {
        int64_t due_ms;
        uint32_t contract;
        uint64_t index;
        struct lead_row row;
        struct entry e;
        assert_int_equal(due_key_read(key, &due_ms, &contract, &index), ERR_OK);
        if (due_ms > c->now_ms)
            break;
        assert_ok(row_lead(&v, contract, index, &row));
        assert_true(decide_due(0, index, &row, c->now_ms, &e));
        seen(c, contract, index)->status = STATUS_APPROVED;
        append(c, &c->logs[contract - 1], &e, NULL);
    }
}

static void new_terms(struct campaign_run *c)
{
    struct log *l = &c->logs[below(CONTRACTS)];
    terms_free(l->terms);
    l->terms = some_terms(c->model, l->server.contract_id.ptr);
    l->terms_index = l->size++;
}

static bool one_person(const struct lead_seen *a, const struct lead_seen *b)
{
    bool email = a->email && b->email, phone = a->phone && b->phone;
    int64_t apart_ms = a->at_ms > b->at_ms ? a->at_ms - b->at_ms : b->at_ms - a->at_ms;
    if (((email && a->email == b->email) || (phone && a->phone == b->phone)) && apart_ms <= DEDUPE_DAYS * MS_PER_DAY)
        return true;
    if (a->contract != b->contract)
        return false;
    bool txid = a->txid && a->txid == b->txid;
    bool click = a->found && b->found && a->click == b->click && a->lost == b->lost;
    return (txid || click) && !email && !phone;
}

static void nobody_stands_twice(const struct campaign_run *c)
{
    for (size_t i = 0; i < c->n; i++)
        for (size_t k = i + 1; k < c->n; k++) {
            const struct lead_seen *a = &c->leads[i], *b = &c->leads[k];
            if (a->number != b->number && status_stands(a->status) && status_stands(b->status) && one_person(a, b))
                fail_msg("leads %zu and %zu", i, k);
        }
}

static void rows_say_what_happened(const struct campaign_run *c)
{
    size_t pending_due = 0;
    for (size_t i = 0; i < c->n; i++) {
        const struct log *l = &c->logs[c->leads[i].contract];
        uint8_t key[12];
        struct span server_row, audit_row;
        struct lead_row server;
        row_index_key(key, l->server.contract, c->leads[i].index);
        assert_ok(rows_map_get(c->world.rows, ROW_LEADS, span_of(key, sizeof key), &server_row));
        row_index_key(key, l->audit.contract, c->leads[i].index);
        assert_ok(rows_map_get(l->alone.rows, ROW_LEADS, span_of(key, sizeof key), &audit_row));
        assert_true(span_eq(server_row, audit_row));
        assert_int_equal(lead_row_read(server_row, &server), ERR_OK);
        assert_int_equal(server.status, c->leads[i].status);
        pending_due += server.status == STATUS_PENDING && server.due_ms;
    }
    assert_int_equal(rows_map_count(c->world.rows, ROW_DUE), pending_due);
    assert_int_equal(rows_map_count(c->world.rows, ROW_LEADS), c->n);
}

static void random_traffic_keeps_the_rules(void **state)
{
    static struct campaign_run c;
    unsigned kept[STATUS_COUNT] = {0};

    (void)state;
    start(&c);
    for (int i = 0; i < STEPS; i++) {
        uint64_t what = below(100);
        if (what < 35)
            click(&c);
        else if (what < 75)
            lead(&c);
        else if (what < 97)
            disposition(&c);
        else
            new_terms(&c);
        c.now_ms += one_in(50) ? -(int64_t)below(10 * MS_PER_DAY) : (int64_t)below(MS_PER_DAY);
        due(&c);
    }
    nobody_stands_twice(&c);
    rows_say_what_happened(&c);
    for (size_t i = 0; i < c.n; i++)
        kept[c.leads[i].status]++;
    for (int s = 0; s < STATUS_COUNT; s++)
        printf("%s %u%s", status_word((enum status)s), kept[s], s + 1 < STATUS_COUNT ? ", " : "\n");
    stop(&c);
}

static void the_runs_took_something_back_and_shared_something(void **state)
{
    (void)state;
    assert_true(taken_back > 0);
    assert_true(shared > 0);
}

/* ---- one person, however often and by whomever reported ---- */

enum { CROWD = 40, REPORTS_MOST = 6 };

/* Contacts, or the one click of somebody who told none that counts. */
struct somebody {
    uint8_t email, phone; /* 0: none */
    struct pointer click[2];
    unsigned standing;
};

struct report {
    size_t who;
    struct pointer click;
    const char *party, *txid;
};

static struct pointer new_click(struct campaign_run *c, int contract)
{
    struct log *l = &c->logs[contract];
    struct world_click k = {.contract = l->server.contract, .index = l->size++, .at_ms = c->now_ms};
    world_click(&c->world, k);
    const struct pointer p = {.contract = k.contract, .index = k.index};
    k.contract = l->audit.contract;
    world_click(&l->alone, k);
    return p;
}

/* `by` as the campaign's dedupe.by. */
static void meet(struct campaign_run *c, struct somebody *s, uint8_t n, unsigned by)
{
    unsigned contacts = (unsigned)below(4);
    s->email = contacts & 1 ? n : 0;
    s->phone = contacts & 2 ? n : 0;
    s->click[0] = new_click(c, (int)below(CONTRACTS));
    s->click[1] = contacts & by ? new_click(c, (int)below(CONTRACTS)) : s->click[0];
}

/* Each sender numbers its own orders: a person has one number, whoever says it. */
static struct report some_report(const struct somebody *crowd, size_t who, char number[8])
{
    static const char *const parties[] = {"P1", "A1"};
    snprintf(number, 8, "%zu", who);
    return (struct report){who, crowd[who].click[below(2)], parties[below(2)], one_in(3) ? "" : number};
}

static void say(struct campaign_run *c, struct somebody *crowd, const struct report *said, struct lead_seen *seen)
{
    struct somebody *s = &crowd[said->who];
    struct view v = world_view(&c->world);
    struct log *l = &c->logs[said->click.contract - 1];
    struct lead_report r = {.party = span_str(said->party),
                            .txid = span_str(said->txid),
                            .claimed = true,
                            .touches = {said->click},
                            .n_touches = 1,
                            .given = (s->email ? CONTACT_EMAIL : 0u) | (s->phone ? CONTACT_PHONE : 0u),
                            .has_email = s->email,
                            .has_phone = s->phone};
    struct private_part priv = {.lead = true, .has_email = s->email, .has_phone = s->phone};
    struct lead_facts f;
    struct entry e;
    memset(r.email, s->email, TOKEN_LEN);
    memset(r.phone, s->phone, TOKEN_LEN);
    memcpy(priv.email, r.email, TOKEN_LEN);
    memcpy(priv.phone, r.phone, TOKEN_LEN);
    assert_ok(gather_touches(&v, &r, &f));
    assert_ok(gather_person(&v, &l->server, l->terms, &r, c->now_ms, &f));
    decide_lead(l->terms, l->terms_index, &r, &f, c->now_ms, &e);
    decided_again(l, &e, &r);
    *seen = (struct lead_seen){.contract = (int)said->click.contract - 1, .index = l->size, .status = e.lead.status};
    append(c, l, &e, &priv);
    s->standing += status_stands(e.lead.status);
    assert_true(status_stands(e.lead.status) || e.lead.status == STATUS_DUPLICATE);
    c->now_ms += (int64_t)below(3600 * 1000);
}

/* Rejects the lead, or approves and returns it: the person is free again. */
static void let_go(struct campaign_run *c, const struct lead_seen *seen)
{
    static const enum status ways[2][2] = {{STATUS_REJECTED, STATUS_COUNT}, {STATUS_APPROVED, STATUS_RETURNED}};
    struct view v = world_view(&c->world);
    struct log *l = &c->logs[seen->contract];
    const enum status *way = ways[below(2)];
    for (int i = 0; i < 2 && way[i] != STATUS_COUNT; i++) {
        struct disposition_report r = {.party = SPAN("A1"), .status = way[i], .lead = seen->index};
        const struct disposition_facts f = {.advertiser = true};
        struct lead_row row;
        struct entry e;
        bool same;
        assert_ok(row_lead(&v, l->server.contract, seen->index, &row));
        assert_ok(decide_disposition(l->terms_index, &r, &row, &f, c->now_ms, &e, &same, NULL));
        append(c, l, &e, NULL);
    }
}

/* Any permutation, repetition and split over senders, contracts and clicks: one payable lead each. Who is let go of and
 * reported again has one again. */
static void a_person_is_paid_once_however_reported(void **state)
{
    static struct campaign_run c;
    static struct somebody crowd[CROWD];
    static struct report reports[CROWD * REPORTS_MOST];
    static char numbers[CROWD * REPORTS_MOST][8];
    static const char *const bys[] = {"", "'email'", "'phone'", "'email','phone'"};
    unsigned by = 1 + (unsigned)below(3);
    char campaign[128];
    size_t n = 0, freed = 0;
    (void)state;
    snprintf(campaign, sizeof campaign, ",'lead':{'require_any':[]},'dedupe':{'by':[%s],'days':90}", bys[by]);
    start(&c);
    for (int i = 0; i < CONTRACTS; i++) {
        terms_free(c.logs[i].terms);
        c.logs[i].terms = terms_of(campaign, ",'price':{'lead':[{'micros':5}]}", i ? "C2" : "C1");
    }
    for (size_t i = 0; i < CROWD; i++) {
        crowd[i] = (struct somebody){0};
        meet(&c, &crowd[i], (uint8_t)(i + 1), by);
        for (uint64_t k = 1 + below(REPORTS_MOST); k > 0; k--, n++)
            reports[n] = some_report(crowd, i, numbers[n]);
    }
    for (int round = 0; round < 3; round++) {
        for (size_t i = n; i > 1; i--) {
            size_t other = below(i);
            struct report swap = reports[i - 1];
            reports[i - 1] = reports[other];
            reports[other] = swap;
        }
        for (size_t i = 0; i < n; i++) {
            struct lead_seen seen;
            say(&c, crowd, &reports[i], &seen);
            if (status_stands(seen.status) && one_in(4)) {
                let_go(&c, &seen);
                crowd[reports[i].who].standing--;
                freed++;
            }
            if (crowd[reports[i].who].standing > 1)
                fail_msg("round %d, report %zu: person %zu stands %u times", round, i, reports[i].who,
                         crowd[reports[i].who].standing);
        }
    }
    for (size_t i = 0; i < n; i++) { /* and once more, nobody let go of */
        struct lead_seen seen;
        say(&c, crowd, &reports[i], &seen);
    }
    for (size_t i = 0; i < CROWD; i++)
        if (crowd[i].standing != 1)
            fail_msg("person %zu stands %u times", i, crowd[i].standing);
    assert_true(freed > 0);
    stop(&c);
}

/* The negative control of the auditor: one fact changed in a recorded lead is decided otherwise. */
static void a_changed_decision_is_noticed(void **state)
{
    static struct campaign_run c;
    (void)state;
    start(&c);
    struct log *l = &c.logs[0];
    struct lead_report r = {.party = SPAN("P1"),
                            .claimed = true,
                            .n_touches = 1,
                            .touches = {{.contract = 1, .index = 1}},
                            .given = CONTACT_EMAIL | CONTACT_PHONE};
    struct view v = world_view(&c.world), own = world_view(&l->alone);
    struct lead_facts f;
    struct entry e, out;
    bool foreign;

    terms_free(l->terms);
    l->terms = terms_of("", ",'price':{'lead':[{'micros':5}]}", "C1");
    world_click(&c.world, (struct world_click){.contract = 1, .index = 1, .at_ms = NOW - 1000});
    world_click(&l->alone, (struct world_click){.contract = 1, .index = 1, .at_ms = NOW - 1000});
    assert_ok(gather_touches(&v, &r, &f));
    decide_lead(l->terms, 0, &r, &f, NOW, &e);
    assert_int_equal(e.lead.status, STATUS_PENDING);

    struct entry shaved[] = {e, e, e, e, e};
    char source[LIMIT_PARAM];
    shaved[0].lead.payout_micros = 4;
    shaved[1].lead.status = STATUS_REJECTED;
    shaved[2].lead.click = 2;                                                           /* no such click */
    shaved[3].lead.dup_contract = SPAN("C1"), shaved[3].lead.status = STATUS_DUPLICATE; /* no such earlier lead */
    shaved[4].lead.due_ms++;
    for (size_t i = 0; i < sizeof shaved / sizeof *shaved; i++) {
        struct opening tokens = {.lead = true};
        struct buf a, b;
        assert_ok(redecide_lead(&l->audit, &own, l->terms, 0, &shaved[i], &tokens, source, &out, &foreign));
        buf_heap(&a), buf_heap(&b);
        entry_write(&a, &shaved[i]);
        entry_write(&b, &out);
        if (span_eq(buf_span(&a), buf_span(&b)))
            fail_msg("case %zu", i);
        buf_free(&a), buf_free(&b);
    }
    stop(&c);
}

static bool decided_alike(const struct log *l, const struct view *v, const struct entry *e)
{
    struct opening tokens = {.lead = true};
    struct entry out;
    char source[LIMIT_PARAM];
    struct buf a, b;
    bool foreign;
    assert_ok(redecide_lead(&l->audit, v, l->terms, 0, e, &tokens, source, &out, &foreign));
    assert_true(foreign || e->lead.share_to == 0);
    buf_heap(&a), buf_heap(&b);
    entry_write(&a, e);
    entry_write(&b, &out);
    bool alike = span_eq(buf_span(&a), buf_span(&b));
    buf_free(&a), buf_free(&b);
    return alike;
}

/* What one contract's log tells of its part, and what cannot be true whatever the others say. */
static void a_changed_part_is_noticed(void **state)
{
    static struct campaign_run c;
    (void)state;
    start(&c);
    struct log *l = &c.logs[0];
    struct view own = world_view(&l->alone);
    const struct lead_report r = {
        .party = SPAN("A1"), .claimed = true, .given = CONTACT_EMAIL | CONTACT_PHONE, .n_touches = 0};
    struct lead_facts f = {.found = true, .others = 3};
    struct entry e;
    for (uint64_t i = 1; i <= 4; i++)
        world_click(&l->alone, (struct world_click){.contract = 1, .index = i, .at_ms = NOW - (5 - (int64_t)i) * 1000});
    world_click(&l->alone, (struct world_click){.contract = 1, .index = 5, .at_ms = NOW - 31 * MS_PER_DAY});
    f.credit = (struct credit){.click = {.contract = 1, .index = 3, .at_ms = NOW - 2000},
                               .from = 250000,
                               .to = 1000000,
                               .n_touches = 2,
                               .touches = {{.contract = 1, .index = 1, .at_ms = NOW - 4000},
                                           {.contract = 1, .index = 2, .at_ms = NOW - 3000}}};
    terms_free(l->terms);
    l->terms = terms_of(",'attribution':{'model':'linear'}", ",'price':{'lead':[{'micros':11}]}", "C1");
    decide_lead(l->terms, 0, &r, &f, NOW, &e);
    assert_int_equal(e.lead.status, STATUS_PENDING);
    assert_int_equal(e.lead.payout_micros, 11 - 2);
    assert_true(decided_alike(l, &own, &e));

    struct entry lie[12];
    for (size_t i = 0; i < 12; i++)
        lie[i] = e;
    lie[0].lead.payout_micros++;                                                    /* of another price */
    lie[1].lead.share_from = 0;                                                     /* the whole, called a part */
    lie[2].lead.share_from = 1000000;                                               /* nothing */
    lie[3].lead.share_to = 1000001;                                                 /* more than there is */
    lie[4].lead.share_from = 800001;                                                /* paid for more than it is */
    lie[5].lead.touches[0].click = 6;                                               /* no click of the log */
    lie[6].lead.touches[0].clicked_ms++;                                            /* at another time */
    lie[7].lead.touches[0] = lie[7].lead.touches[1];                                /* twice */
    lie[8].lead.touches[1] = (struct entry_touch){4, false, NOW - 1000};            /* behind its click */
    lie[9].lead.touches[0] = (struct entry_touch){5, false, NOW - 31 * MS_PER_DAY}; /* outside the window */
    lie[10].lead.touches[0].click_unrecorded = true;                                /* not held for it */
    lie[11].lead.share_from = lie[11].lead.share_to = 0; /* touches of a lead that is not shared */
    for (size_t i = 0; i < 12; i++)
        if (decided_alike(l, &own, &lie[i]))
            fail_msg("case %zu", i);
    terms_free(l->terms);
    l->terms = terms_of("", ",'price':{'lead':[{'micros':11}]}", "C1"); /* the model shares nothing */
    assert_false(decided_alike(l, &own, &e));
    stop(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_traffic_keeps_the_rules),
        cmocka_unit_test(random_traffic_keeps_the_rules),
        cmocka_unit_test(random_traffic_keeps_the_rules),
        cmocka_unit_test(random_traffic_keeps_the_rules),
        cmocka_unit_test(random_traffic_keeps_the_rules),
        cmocka_unit_test(random_traffic_keeps_the_rules),
        cmocka_unit_test(the_runs_took_something_back_and_shared_something),
        cmocka_unit_test(a_person_is_paid_once_however_reported),
        cmocka_unit_test(a_person_is_paid_once_however_reported),
        cmocka_unit_test(a_person_is_paid_once_however_reported),
        cmocka_unit_test(a_changed_decision_is_noticed),
        cmocka_unit_test(a_changed_part_is_noticed),
    };
    chance_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
