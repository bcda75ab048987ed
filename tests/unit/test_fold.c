/* What may stand in a log behind what stands there, as verify and check ask it of each entry: every condition is broken
 * by itself, and the refusal names the member. And what no row can follow from is corrupt. */
#include <stdio.h>

#include "common/decisions/rules.h"
#include "common/settlement/fold.h"
#include "tests/support/party_words.h"
#include "tests/support/world.h"

enum { CONTRACT = 3, HOUR = PERIOD_ISSUE_MS };
static const struct fold_context cx = {CONTRACT, 7, SPAN("C1"), 2};

/* ---- time and the server's clock ---- */

static void a_clock_entry_follows_from_those_before(void **state)
{
    (void)state;
    const struct fold first = {.has_first = true, .clocked_ms = NOW};
    const struct fold calm = {.has_first = true, .has_second = true, .clocked_ms = NOW, .clock_steps = 2};
    struct fold unsure = calm;
    unsure.clock_unsure = true;
    const struct {
        const struct fold *fold;
        struct entry_clock clock;
        bool follows;
    } cases[] = {
        {&calm, {3, NOW, NOW + CLOCK_STEP_MS}, true},
        {&calm, {3, NOW + CLOCK_STEP_MS, NOW}, true},
        {&calm, {3, NOW, NOW + CLOCK_STEP_MS - 1}, false}, /* no step */
        {&calm, {3, NOW, NOW + CLOCK_LARGE_MS, true}, true},
        {&calm, {3, NOW, NOW + CLOCK_LARGE_MS}, false}, /* which waits for a word */
        {&calm, {3, NOW, NOW + CLOCK_STEP_MS, true}, false},
        {&unsure, {3, NOW, NOW + CLOCK_STEP_MS, true}, true},
        {&unsure, {3, NOW, NOW + CLOCK_STEP_MS}, false},
        {&calm, {3, NOW, NOW + CLOCK_LARGE_MS, false, SPAN("O1"), NOW}, true},
        {&calm, {3, NOW, NOW + CLOCK_LARGE_MS, false, SPAN("O1"), 0}, false},              /* a word without a time, */
        {&calm, {3, NOW, NOW + CLOCK_STEP_MS, false, SPAN(""), NOW}, false},               /* a time without a word, */
        {&calm, {3, NOW, NOW + CLOCK_LARGE_MS, true, SPAN("O1"), NOW}, false},             /* and it waits still, */
        {&calm, {3, NOW, NOW + CLOCK_LARGE_MS, false, SPAN("O1"), NOW + 2 * HOUR}, false}, /* or given later */
        {&calm, {1, NOW, NOW + CLOCK_STEP_MS}, false},
        {&calm, {3, 0, NOW}, false},
        {&calm, {3, NOW, 0}, false},
        {&calm, {3, TIME_END_MS, NOW}, false},
        {&calm, {3, NOW, TIME_END_MS}, false},
        {&calm, {3, NOW - HOUR, NOW}, false},
        {&calm, {3, NOW - HOUR - 1, NOW, true}, false}, /* before what the log knows */
        {&calm, {5, NOW, NOW}, true},                   /* several, which may have gone back and forth */
        {&calm, {5, NOW, NOW, true}, true},
        {&unsure, {5, NOW, NOW}, false},
        {&unsure, {5, NOW, NOW, true}, true},
        {&first, {1, NOW, NOW}, true}, /* right behind its first terms */
        {&first, {1, NOW, NOW + 1}, false},
        {&calm, {3, NOW, NOW}, false},
        {&unsure, {2, 0, 0, false, SPAN("O1"), NOW}, true}, /* the word alone */
        {&calm, {2, 0, 0, false, SPAN("O1"), NOW}, false},
        {&unsure, {2, 0, 0, true}, false},
        {&unsure, {2, NOW, 0, false, SPAN("O1"), NOW}, false},
        {&unsure, {2, 0, NOW, false, SPAN("O1"), NOW}, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct entry e = {.kind = ENTRY_CLOCK, .at_ms = NOW, .clock = cases[i].clock};
        if (fold_clock(cases[i].fold, &e) != cases[i].follows)
            fail_msg("clock entry %zu", i);
    }
}

static void entries_say_of_the_clock_what_it_is(void **state)
{
    (void)state;
    const struct fold sure = {.clock_steps = 2}, unsure = {.clock_steps = 2, .clock_unsure = true};
    const struct {
        struct entry entry;
        bool sure, unsure;
    } cases[] = {
        {{.kind = ENTRY_CLICK, .click.clock_steps = 2}, true, true},
        {{.kind = ENTRY_CLICK, .click.clock_steps = 1}, false, false},
        {{.kind = ENTRY_LEAD, .lead.clock_steps = 2}, true, false},
        {{.kind = ENTRY_LEAD, .lead = {.clock_steps = 2, .clock_unsure = true}}, false, true},
        {{.kind = ENTRY_LEAD, .lead.clock_steps = 3}, false, false},
        {{.kind = ENTRY_DISPOSITION, .disposition.trust = TRUST_SYSTEM}, true, false},
        {{.kind = ENTRY_DISPOSITION, .disposition.trust = TRUST_API}, true, true},
        {{.kind = ENTRY_STATEMENT}, true, false},
        {{.kind = ENTRY_WITHDRAWAL}, true, false},
        {{.kind = ENTRY_VIEW}, true, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(fold_clock(&sure, &cases[i].entry), cases[i].sure);
        assert_int_equal(fold_clock(&unsure, &cases[i].entry), cases[i].unsure);
    }
}

static void no_entry_is_earlier_than_those_before(void **state)
{
    (void)state;
    const struct fold f = {.last_ms = NOW, .clocked_ms = NOW};
    struct entry e = {.kind = ENTRY_VIEW, .at_ms = NOW};
    assert_true(fold_dated(&f, &e));
    e.at_ms = NOW - 1;
    assert_false(fold_dated(&f, &e));
    struct entry lead = {.kind = ENTRY_LEAD, .at_ms = NOW, .lead = {.clicked_ms = NOW + HOUR, .n_touches = 1}};
    lead.lead.touches[0].clicked_ms = NOW + HOUR;
    assert_true(fold_dated(&f, &lead));
    lead.lead.clicked_ms++;
    assert_false(fold_dated(&f, &lead)); /* before its click, */
    lead.lead.clicked_ms--;
    lead.lead.touches[0].clicked_ms++;
    assert_false(fold_dated(&f, &lead)); /* or another touch */
    lead.lead.clock_steps = 1;
    assert_true(fold_dated(&f, &lead)); /* of a clock that stepped nothing is known */
    const struct entry step = {.kind = ENTRY_CLOCK, .at_ms = NOW, .clock = {1, NOW, NOW + 2 * HOUR}};
    assert_false(fold_dated(&f, &step)); /* its own time is not that which the step leads to */
}

static void a_gap_is_what_a_server_can_have_missed(void **state)
{
    (void)state;
    const struct fold f = {.clock_steps = 0},
                      behind = {.after_gap = true, .gap = {.from_ms = NOW - 1000, .to_ms = NOW - 1}};
    const struct {
        struct entry_gap gap;
        bool fits;
    } cases[] = {
        {{NOW - 1000, NOW, 1, 0, 0}, true},
        {{NOW - 1000, NOW, 0, 0, 0}, true},
        {{NOW, NOW - 1, 1, 0, 0}, false},
        {{NOW - 11 * 60 * 1000, NOW, 1, 0, 0}, false},
        {{NOW - 1000, NOW, 1 << 30, 0, 0}, false},
        {{NOW - 1000, NOW, 0, 0, 0, UINT64_MAX}, false},
        {{NOW + 2 * HOUR, NOW + 2 * HOUR, 1, 0, 0}, false}, /* ahead of its entry */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct entry e = {.kind = ENTRY_GAP, .at_ms = NOW, .gap = cases[i].gap};
        if (fold_gap(&f, &e) != cases[i].fits)
            fail_msg("gap %zu", i);
    }
    struct entry lead = {.kind = ENTRY_LEAD, .at_ms = NOW, .lead = {.clicked_ms = NOW - 1000, .n_touches = 1}};
    assert_false(fold_gap(&behind, &lead)); /* one that counts nothing, for a lead that needs none, */
    lead.lead.click_unrecorded = true;
    assert_true(fold_gap(&behind, &lead));
    lead.lead.touches[0] = (struct entry_touch){9, true, NOW - 9000};
    assert_false(fold_gap(&behind, &lead)); /* or another one */
    const struct entry view = {.kind = ENTRY_VIEW, .at_ms = NOW};
    assert_false(fold_gap(&behind, &view));
    assert_true(fold_gap(&f, &view));
}

static void a_lost_click_stands_in_the_gap_before_its_lead(void **state)
{
    (void)state;
    const struct fold f = {.after_gap = true, .gap = {.from_ms = NOW, .to_ms = NOW + 1999}};
    struct entry_lead l = {.clicked_ms = NOW + 9000, .n_touches = 1};
    l.touches[0].clicked_ms = NOW + 9000;
    assert_true(fold_unrecorded(&f, &l));
    l.click_unrecorded = true;
    assert_false(fold_unrecorded(&f, &l));
    l.clicked_ms = NOW + 1000;
    assert_true(fold_unrecorded(&f, &l));
    l.touches[0].click_unrecorded = true;
    assert_false(fold_unrecorded(&f, &l));
    l.touches[0].clicked_ms = NOW;
    assert_true(fold_unrecorded(&f, &l));
}

static void nothing_is_counted_before_terms_bind(void **state)
{
    (void)state;
    const struct fold bound = {.binds = true}, unbound = {.binds = false};
    const uint32_t before = 1u << ENTRY_TERMS | 1u << ENTRY_KEY | 1u << ENTRY_ASSENT | 1u << ENTRY_WITHDRAWAL |
                            1u << ENTRY_GAP | 1u << ENTRY_SERVER_KEYS | 1u << ENTRY_CREDENTIAL | 1u << ENTRY_PARTY |
                            1u << ENTRY_CLOCK;
    for (unsigned kind = 0; kind < ENTRY_KINDS; kind++) {
        const struct entry e = {.kind = kind};
        assert_true(fold_may(&bound, &e));
        assert_int_equal(fold_may(&unbound, &e), before >> kind & 1);
    }
}

/* ---- a log with terms, keys and a lead ---- */

enum { TERMS, KEY_A, KEY_P, CLICK, LEAD, ADJUSTMENT, END };

struct log_of {
    struct world world;
    struct view view;
    struct fold fold;
    struct signer *key[2];
    uint64_t n;
};

static void tell_it(struct log_of *l, struct entry e, const struct private_part *priv)
{
    const struct frontier before = {.size = 0};
    e.at_ms = NOW + (int64_t)l->n * 1000;
    if (e.kind == ENTRY_TERMS) {
        struct versions gone = {.n = 0};
        assert_ok(fold_terms(&l->fold, l->n, &e, &gone));
        versions_free(&gone);
    }
    world_keep(&l->world, CONTRACT, l->n, &e);
    assert_ok(fold_apply(&l->fold, l->n++, &e, &before, priv));
    fold_at(&l->fold, e.at_ms);
}

static struct entry terms_entry(struct buf docs[2], const char *members, int64_t version)
{
    char text[512];
    snprintf(text, sizeof text, "{'campaign':'K1','publisher':'P1','price':{'lead':[{'micros':5}]}%s}", members);
    docs[0] = document_of(campaign_document, "{" CAMPAIGN_HEAD "}", "K1");
    docs[1] = document_of(contract_document, text, "C1");
    return (struct entry){
        .kind = ENTRY_TERMS,
        .at_ms = NOW,
        .terms = {
            .version = version, .rules = RULES_NOW, .campaign = buf_span(&docs[0]), .contract = buf_span(&docs[1])}};
}

static void docs_free(struct buf docs[2])
{
    buf_free(&docs[0]);
    buf_free(&docs[1]);
}

/* With an adjustment that asks for both assents, of 500 about the lead. */
static void log_open(struct log_of *l)
{
    struct buf docs[2];
    *l = (struct log_of){.world = world_new(),
                         .key = {signer_new((const uint8_t *)"seed of the advertiser's key...."),
                                 signer_new((const uint8_t *)"seed of the publisher's key.....")}};
    l->view = world_view(&l->world);
    fold_open(&l->fold, &cx, &l->view, l->world.rows);
    tell_it(l, terms_entry(docs, "", 1), NULL);
    docs_free(docs);
    for (int i = 0; i < 2; i++) {
        struct entry e = {.kind = ENTRY_KEY, .key = {.party = i ? SPAN("P1") : SPAN("A1")}};
        memcpy(e.key.pub, signer_public(l->key[i]), ED25519_KEY_LEN);
        tell_it(l, e, NULL);
    }
    tell_it(l, (struct entry){.kind = ENTRY_CLICK, .click.placement = 1}, NULL);
    world_click(&l->world, (struct world_click){.contract = CONTRACT, .placement = 1, .index = CLICK, .at_ms = NOW});
    tell_it(l,
            (struct entry){.kind = ENTRY_LEAD,
                           .lead = {.party = SPAN("P1"),
                                    .txid = SPAN("t1"),
                                    .status = STATUS_PENDING,
                                    .payout_micros = 5,
                                    .tier = 0,
                                    .terms = TERMS}},
            NULL);
    tell_it(
        l,
        (struct entry){
            .kind = ENTRY_ADJUSTMENT,
            .adjustment = {.by = SPAN("O1"), .micros = 500, .reason = SPAN("why"), .lead = LEAD, .on_assent = true}},
        NULL);
}

static void log_close(struct log_of *l)
{
    fold_close(&l->fold);
    world_free(&l->world);
    signer_free(l->key[0]);
    signer_free(l->key[1]);
}

static void assert_refused(enum err err, const struct problem *p, const char *field, size_t i)
{
    if (field == NULL ? err != ERR_OK : err != ERR_INVALID || strcmp(p->field, field) != 0)
        fail_msg("case %zu: %s, of %s; not %s", i, err_word(err), p->field, field != NULL ? field : "none");
}

static void an_adjustment_is_an_operators_and_of_what_can_be(void **state)
{
    (void)state;
    static const struct {
        struct entry_adjustment a;
        const char *field;
    } cases[] = {
        {{SPAN("O1"), 1, SPAN("why")}, NULL},
        {{SPAN("O1"), -1, SPAN("why"), .lead = LEAD}, NULL},
        {{SPAN(""), 1, SPAN("why")}, "by"},
        {{SPAN("A1"), 1, SPAN("why")}, "by"},
        {{SPAN("P1"), 1, SPAN("why")}, "by"},
        {{SPAN("O1"), 0, SPAN("why")}, "micros"},
        {{SPAN("O1"), STATEMENT_MOST_MICROS + 1, SPAN("why")}, "micros"},
        {{SPAN("O1"), -STATEMENT_MOST_MICROS - 1, SPAN("why")}, "micros"},
        {{SPAN("O1"), 1, SPAN("")}, "reason"},
        {{SPAN("O1"), 1, SPAN("wh\ny")}, "reason"},
        {{SPAN("O1"), 1, SPAN("why"), .on_assent = true}, "on_assent"},
        {{SPAN("O1"), 1, SPAN("why"), .lead = CLICK}, "lead"},
    };
    struct log_of l;
    log_open(&l);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct problem p = {0};
        const struct entry e = {.kind = ENTRY_ADJUSTMENT, .at_ms = NOW, .adjustment = cases[i].a};
        assert_refused(fold_adjustment(&l.fold, &e, &p), &p, cases[i].field, i);
    }
    log_close(&l);
}

static void legal_data_are_a_partys_and_not_the_other_ones_word(void **state)
{
    (void)state;
    static const struct {
        struct entry_party party;
        bool taken;
    } cases[] = {
        {{SPAN("P1"), SPAN("P1"), SPAN("{\"name\":\"P\"}")}, true},
        {{SPAN("A1"), SPAN("O1"), SPAN("{\"name\":\"A\"}")}, true},
        {{SPAN("P2"), SPAN("O1"), SPAN("{\"name\":\"P\"}")}, false},
        {{SPAN(""), SPAN("O1"), SPAN("{\"name\":\"P\"}")}, false},
        {{SPAN("P1"), SPAN(""), SPAN("{\"name\":\"P\"}")}, false},
        {{SPAN("P1"), SPAN("A1"), SPAN("{\"name\":\"P\"}")}, false},
        {{SPAN("A1"), SPAN("P1"), SPAN("{\"name\":\"P\"}")}, false},
        {{SPAN("P1"), SPAN("P1"), SPAN("{\"name\": \"P\"}")}, false},
        {{SPAN("P1"), SPAN("P1"), SPAN("{\"name\":7}")}, false},
        {{SPAN("P1"), SPAN("P1"), SPAN("no JSON")}, false},
        {{SPAN("P1"), SPAN("P1"), SPAN("{\"name\":\"P\"}"), true}, false}, /* it told of no other before */
    };
    struct log_of l;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        log_open(&l);
        if ((fold_party(&l.fold, &cases[i].party) == ERR_OK) != cases[i].taken)
            fail_msg("party %zu", i);
        log_close(&l);
    }
    struct fold empty = {.terms = NULL};
    assert_err(fold_party(&empty, &cases[0].party), ERR_INVALID);
}

static void what_is_erased_was_there_once(void **state)
{
    (void)state;
    static const struct {
        struct entry_erase erase;
        enum err err;
    } cases[] = {
        {{SPAN("P1"), {LEAD}, 1}, ERR_INVALID},        {{SPAN(""), {LEAD}, 1}, ERR_INVALID},
        {{SPAN("O1"), {END}, 1}, ERR_INVALID},   /* not in front of it */
        {{SPAN("O1"), {TERMS}, 1}, ERR_INVALID}, /* without a private part */
        {{SPAN("O1"), {LEAD, KEY_A}, 2}, ERR_INVALID}, {{SPAN("O1"), {CLICK, LEAD}, 2}, ERR_OK},
        {{SPAN("A1"), {LEAD}, 1}, ERR_INVALID}, /* again */
    };
    struct log_of l;
    uint64_t leads = 7;
    log_open(&l);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct problem p = {0};
        if (fold_erase(&l.fold, END, &cases[i].erase, &leads, &p) != cases[i].err)
            fail_msg("erase %zu", i);
        assert_int_equal(leads, i < 5 ? 7 : 1);
    }
    l.world.entries[ADJUSTMENT].contract = 0; /* rows and the log are one: what is not there is no refusal */
    const struct entry_erase gone = {SPAN("A1"), {ADJUSTMENT}, 1};
    assert_err(fold_erase(&l.fold, END, &gone, &leads, NULL), ERR_CORRUPT);
    log_close(&l);
}

/* ---- assents ---- */

struct word {
    int signer; /* whose key */
    const char *party;
    const char *typ;
    struct entry_assent entry; /* what the entry says */
    uint64_t adjustment;       /* what was signed */
    int64_t version;
    const char *contract;
    int64_t at_ms;
    const char *field; /* of the refusal; NULL: it is taken */
};

static void sign_word(const struct log_of *l, const struct word *w, struct buf *jws)
{
    struct adjustment_row row;
    struct buf payload;
    struct assented to = {.version = w->version, .adjustment = w->adjustment, .at_ms = NOW};
    assert_ok(row_adjustment(&l->view, CONTRACT, ADJUSTMENT, &row));
    to.leaf = w->adjustment > 0 ? row.leaf : l->fold.versions.v[0].leaf;
    buf_heap(&payload);
    assent_payload(&payload, w->typ, SPAN("https://track.example"), span_str(w->party), span_str(w->contract), &to,
                   w->at_ms);
    jws_compact(jws, l->key[w->signer], w->typ, buf_span(&payload));
    buf_free(&payload);
}

/* What the fold says of an entry of that party with this word. */
static enum err word_folded(const struct word *w, struct span party, struct problem *p)
{
    struct log_of l;
    struct buf jws;
    struct assent said;
    buf_heap(&jws);
    log_open(&l);
    sign_word(&l, w, &jws);
    struct entry e = {.kind = ENTRY_ASSENT, .at_ms = NOW + 10000, .assent = w->entry};
    e.assent.party = party;
    e.assent.jws = buf_span(&jws);
    enum err err = fold_assent(&l.fold, &e, &said, p);
    if (err == ERR_OK)
        assent_close(&said);
    log_close(&l);
    buf_free(&jws);
    return err;
}

static void an_assent_is_the_partys_own_to_what_asks_for_it(void **state)
{
    (void)state;
    static const struct word cases[] = {
        {0, "A1", ASSENT_TYP, {.adjustment = ADJUSTMENT}, ADJUSTMENT, 0, "C1", NOW + 9000, NULL},
        {1, "P1", ASSENT_TYP, {.adjustment = ADJUSTMENT}, ADJUSTMENT, 0, "C1", NOW + 9000, NULL},
        {1, "A1", ASSENT_TYP, {.adjustment = ADJUSTMENT}, ADJUSTMENT, 0, "C1", NOW + 9000, "kid"},
        {0, "O1", ASSENT_TYP, {.adjustment = ADJUSTMENT}, ADJUSTMENT, 0, "C1", NOW + 9000, "party"},
        {0, "A1", ASSENT_TYP, {.adjustment = LEAD}, ADJUSTMENT, 0, "C1", NOW + 9000, "adjustment"},
        {0, "A1", ASSENT_TYP, {.adjustment = ADJUSTMENT, .version = 1}, ADJUSTMENT, 0, "C1", NOW + 9000, "adjustment"},
        {0,
         "A1",
         ASSENT_TYP,
         {.adjustment = ADJUSTMENT, .payable_micros = 500},
         ADJUSTMENT,
         0,
         "C1",
         NOW + 9000,
         "payable_micros"},
        {0, "A1", ASSENT_TYP, {.version = 7}, 0, 7, "C1", NOW + 9000, "version"},
        {0, "A1", ASSENT_TYP, {.version = 1, .payable_micros = 1}, 0, 1, "C1", NOW + 9000, "payable_micros"},
        {0, "A1", ASSENT_TYP, {.version = 1}, 0, 1, "C1", NOW + 9000, NULL}, /* though it asks for none */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct problem p = {0};
        assert_refused(word_folded(&cases[i], span_str(cases[i].party), &p), &p, cases[i].field, i);
    }
}

static void what_an_assent_says_fits_its_entry(void **state)
{
    (void)state;
    static const struct word cases[] = {
        {0, "A1", ASSENT_TYP, {.adjustment = ADJUSTMENT}, ADJUSTMENT, 0, "C2", NOW + 9000, NULL},
        {0, "A1", ASSENT_TYP, {.adjustment = ADJUSTMENT}, LEAD, 0, "C1", NOW + 9000, NULL},
        {0, "A1", ASSENT_TYP, {.adjustment = ADJUSTMENT}, 0, 1, "C1", NOW + 9000, NULL},
        {0, "A1", ASSENT_TYP, {.adjustment = ADJUSTMENT}, ADJUSTMENT, 0, "C1", NOW - HOUR, NULL},
        {0, "A1", ASSENT_TYP, {.adjustment = ADJUSTMENT}, ADJUSTMENT, 0, "C1", NOW + HOUR, NULL},
        {0, "P1", ASSENT_TYP, {.adjustment = ADJUSTMENT}, ADJUSTMENT, 0, "C1", NOW + 9000, NULL},
        {0, "A1", WITHDRAWAL_TYP, {.adjustment = ADJUSTMENT}, 0, 1, "C1", NOW + 9000, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct problem p = {0};
        enum err err = word_folded(&cases[i], SPAN("A1"), &p);
        if (err == ERR_OK || fold_untold(err))
            fail_msg("assent %zu: %s", i, err_word(err));
    }
}

static void terms_are_taken_back_by_who_may(void **state)
{
    (void)state;
    static const struct {
        struct entry_withdrawal w;
        bool own;
        const char *field;
    } cases[] = {
        {{SPAN(""), 1}, false, "by"},        {{SPAN("P1"), 1}, false, "by"},     /* who may not change them */
        {{SPAN("O1"), 1}, true, "by"},                                           /* the word of no party */
        {{SPAN("A1"), 7}, true, "version"},  {{SPAN("A1"), 1}, true, "version"}, /* it binds */
        {{SPAN("A1"), 1}, false, "version"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct log_of l;
        struct buf jws;
        struct problem p = {0};
        struct versions gone = {.n = 0};
        struct assent said;
        const struct word word = {
            0, "A1", WITHDRAWAL_TYP, .version = cases[i].w.version, .contract = "C1", .at_ms = NOW + 9000};
        buf_heap(&jws);
        log_open(&l);
        sign_word(&l, &word, &jws);
        struct entry e = {.kind = ENTRY_WITHDRAWAL, .at_ms = NOW + 10000, .withdrawal = cases[i].w};
        e.withdrawal.jws = cases[i].own ? buf_span(&jws) : SPAN("");
        assert_refused(fold_withdrawal(&l.fold, &e, &said, &gone, &p), &p, cases[i].field, i);
        versions_free(&gone);
        log_close(&l);
        buf_free(&jws);
    }
}

static void only_the_next_version_of_its_own_contract_follows(void **state)
{
    (void)state;
    struct log_of l;
    struct buf docs[2], others[2];
    struct versions gone = {.n = 0};
    log_open(&l);
    struct entry e = terms_entry(docs, "", 3);
    e.at_ms = NOW + 60000;
    assert_err(fold_terms(&l.fold, END, &e, &gone), ERR_CORRUPT);
    e.terms.version = 2;
    e.terms.rules = RULES_NOW + 1;
    assert_err(fold_terms(&l.fold, END, &e, &gone), ERR_NOT_IMPLEMENTED);
    e.terms.rules = RULES_NOW;
    e.terms.on_assent = true; /* which they do not ask for */
    assert_err(fold_terms(&l.fold, END, &e, &gone), ERR_CORRUPT);
    e.terms.on_assent = false;
    e.terms.effective_ms = NOW; /* before they came */
    assert_err(fold_terms(&l.fold, END, &e, &gone), ERR_CORRUPT);
    e.terms.effective_ms = 0;
    e.terms.contract = SPAN("{}");
    assert_err(fold_terms(&l.fold, END, &e, &gone), ERR_CORRUPT);
    others[0] = document_of(campaign_document, "{" CAMPAIGN_HEAD "}", "K1");
    others[1] = document_of(contract_document, "{'campaign':'K1','publisher':'P1'}", "C2");
    e.terms.contract = buf_span(&others[1]);
    assert_err(fold_terms(&l.fold, END, &e, &gone), ERR_CORRUPT);
    e.terms.contract = buf_span(&docs[1]);
    assert_ok(fold_terms(&l.fold, END, &e, &gone));
    versions_free(&gone);
    docs_free(docs);
    docs_free(others);
    log_close(&l);
}

/* ---- what no row can follow from ---- */

static void what_cannot_follow_leaves_no_rows(void **state)
{
    (void)state;
    char longer[LIMIT_ID + 2], wordy[LIMIT_FIELD + 2];
    memset(longer, 'A', sizeof longer - 1), memset(wordy, 'a', sizeof wordy - 1);
    longer[sizeof longer - 1] = wordy[sizeof wordy - 1] = '\0';
    const struct entry cases[] = {
        {.kind = ENTRY_TERMS, .terms.version = 0},
        {.kind = ENTRY_TERMS, .terms.version = (int64_t)UINT32_MAX + 1},
        {.kind = ENTRY_TERMS, .terms = {.version = 2, .rules = (int64_t)UINT32_MAX + 1}},
        {.kind = ENTRY_KEY, .key.party = SPAN("")},
        {.kind = ENTRY_KEY, .key.party = span_str(longer)},
        {.kind = ENTRY_STATEMENT, .statement.id = SPAN("")},
        {.kind = ENTRY_STATEMENT, .statement.id = span_str(longer)},
        {.kind = ENTRY_STATEMENT, .statement = {.id = SPAN("S1"), .vat_ppm = VAT_MAX_PPM + 1}},
        {.kind = ENTRY_STATEMENT, .statement = {.id = SPAN("S1"), .issued_ms = -1}},
        {.kind = ENTRY_STATEMENT, .statement = {.id = SPAN("S1"), .issued_ms = TIME_END_MS}},
        {.kind = ENTRY_ADJUSTMENT, .adjustment = {.micros = 1, .reason = SPAN("")}},
        {.kind = ENTRY_ADJUSTMENT, .adjustment = {.micros = 1, .reason = span_str(wordy)}},
        {.kind = ENTRY_ADJUSTMENT, .adjustment = {.micros = 1, .reason = SPAN("r"), .statement = span_str(longer)}},
        {.kind = ENTRY_ADJUSTMENT, .adjustment = {.micros = 1, .reason = SPAN("r"), .statement = SPAN("S9")}},
        {.kind = ENTRY_ADJUSTMENT, .adjustment = {.micros = 1, .reason = SPAN("r"), .lead = CLICK}},
        {.kind = ENTRY_ASSENT, .assent = {.party = SPAN("A1")}},
        {.kind = ENTRY_ASSENT, .assent = {.party = SPAN("A1"), .version = 1, .adjustment = ADJUSTMENT}},
        {.kind = ENTRY_ASSENT, .assent = {.party = SPAN("A1"), .version = (int64_t)UINT32_MAX + 2}},
        {.kind = ENTRY_ASSENT, .assent = {.party = SPAN("A1"), .version = 7}},
        {.kind = ENTRY_ASSENT, .assent = {.party = SPAN("A1"), .version = 1, .payable_micros = 1}},
        {.kind = ENTRY_ASSENT, .assent = {.party = SPAN("A1"), .adjustment = LEAD}},
        {.kind = ENTRY_ASSENT, .assent = {.party = SPAN("A1"), .adjustment = ADJUSTMENT, .payable_micros = 500}},
        {.kind = ENTRY_WITHDRAWAL, .withdrawal = {SPAN("A1"), 0}},
        {.kind = ENTRY_WITHDRAWAL, .withdrawal = {SPAN("A1"), (int64_t)UINT32_MAX + 2}},
        {.kind = ENTRY_WITHDRAWAL, .withdrawal = {SPAN("A1"), 7}},
        {.kind = ENTRY_LEAD, .lead.tier = LIMIT_TIERS},
        {.kind = ENTRY_LEAD, .lead = {.tier = -1, .share_to = 10}}, /* a part without a click, */
        {.kind = ENTRY_LEAD, .lead = {.tier = -1, .share_from = 10, .share_to = 10, .has_click = true}},
        {.kind = ENTRY_LEAD, .lead = {.tier = -1, .n_touches = 1, .has_click = true}}, /* touches without a part */
        {.kind = ENTRY_DISPOSITION, .disposition = {.lead = CLICK, .status = STATUS_REJECTED}},
        {.kind = ENTRY_DISPOSITION, .disposition = {.lead = LEAD, .status = STATUS_REJECTED, .payable_micros = 5}},
        {.kind = ENTRY_DISPOSITION,
         .disposition = {.lead = LEAD, .trust = TRUST_COUNTERSIGNED, .status = STATUS_REJECTED, .jws = SPAN("x")}},
    };
    struct log_of l;
    log_open(&l);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct row_ops ops;
        struct entry e = cases[i];
        e.at_ms = NOW + 60000;
        if (apply(&cx, &l.view, l.fold.terms, END, &e, NULL, &ops) != ERR_CORRUPT)
            fail_msg("entry %zu follows", i);
    }
    log_close(&l);
}

static void an_adjustment_counts_with_the_second_assent(void **state)
{
    (void)state;
    struct log_of l;
    struct correction_row unsigned_by[2];
    struct adjustment_row row;
    struct move_row move;
    log_open(&l);
    for (size_t side = 0; side < 2; side++) {
        assert_ok(row_unsigned(&l.view, CONTRACT, side, &unsigned_by[side]));
        assert_int_equal(unsigned_by[side].of[CORRECTION_ADJUSTED].n, 1);
        assert_int_equal(unsigned_by[side].of[CORRECTION_ADJUSTED].micros, 500);
    }
    struct entry_assent a = {.party = SPAN("P1"), .adjustment = ADJUSTMENT};
    tell_it(&l, (struct entry){.kind = ENTRY_ASSENT, .assent = a}, NULL);
    assert_ok(row_adjustment(&l.view, CONTRACT, ADJUSTMENT, &row));
    assert_int_equal(row.counts, 0);
    assert_none(row_move(&l.view, CONTRACT, END, &move));
    struct row_ops ops;
    struct entry again = {.kind = ENTRY_ASSENT, .at_ms = NOW + 60000, .assent = a};
    assert_err(apply(&cx, &l.view, l.fold.terms, l.n, &again, NULL, &ops), ERR_CORRUPT);
    a.party = SPAN("A1");
    a.payable_micros = 500;
    tell_it(&l, (struct entry){.kind = ENTRY_ASSENT, .assent = a}, NULL);
    assert_ok(row_adjustment(&l.view, CONTRACT, ADJUSTMENT, &row));
    assert_int_equal(row.counts, END + 1);
    assert_ok(row_move(&l.view, CONTRACT, END + 1, &move));
    assert_int_equal(move.micros, 500);
    for (size_t side = 0; side < 2; side++) {
        assert_ok(row_unsigned(&l.view, CONTRACT, side, &unsigned_by[side]));
        assert_int_equal(unsigned_by[side].of[CORRECTION_ADJUSTED].n, 0);
    }
    log_close(&l);
}

static void a_txid_names_one_lead(void **state)
{
    (void)state;
    struct log_of l;
    struct entry e = {.kind = ENTRY_LEAD, .lead = {.party = SPAN("P1"), .txid = SPAN("t1")}};
    log_open(&l);
    assert_err(fold_txid(&l.fold, &e), ERR_CONFLICT);
    e.lead.trust = TRUST_PIXEL;
    e.lead.party = SPAN("P1");
    assert_err(fold_txid(&l.fold, &e), ERR_CONFLICT); /* the same contract's, of no duplicate */
    e.lead.txid = SPAN("t2");
    assert_ok(fold_txid(&l.fold, &e));
    e.lead.txid = SPAN("");
    assert_ok(fold_txid(&l.fold, &e));
    const struct {
        enum status status;
        enum reason reason;
        enum trust trust;
        enum err err;
    } before[] = {{STATUS_REJECTED, REASON_OUTSIDE_PROFILE, TRUST_SIGNED, ERR_CONFLICT},
                  {STATUS_DUPLICATE, REASON_DUPLICATE, TRUST_SIGNED, ERR_CONFLICT},
                  {STATUS_DUPLICATE, REASON_DUPLICATE, TRUST_PIXEL, ERR_OK}};
    for (size_t i = 0; i < 3; i++) {
        char txid[8];
        snprintf(txid, sizeof txid, "u%zu", i);
        tell_it(&l,
                (struct entry){.kind = ENTRY_LEAD,
                               .lead = {.party = SPAN("P1"),
                                        .txid = span_str(txid),
                                        .status = before[i].status,
                                        .reason = before[i].reason,
                                        .tier = -1}},
                NULL);
        e.lead.txid = span_str(txid);
        e.lead.trust = before[i].trust;
        assert_err(fold_txid(&l.fold, &e), before[i].err);
    }
    log_close(&l);
}

/* ---- a read that fails ---- */

struct failing {
    struct view real;
    unsigned left; /* reads until the one that fails; 0: it has failed */
};

static bool fails(struct failing *f)
{
    return f->left > 0 && --f->left == 0;
}

static enum err failing_get(void *ctx, enum row_table t, struct span key, struct span *value)
{
    struct failing *f = ctx;
    return fails(f) ? ERR_IO : f->real.get(f->real.ctx, t, key, value);
}

static enum err failing_seek(void *ctx, enum row_table t, struct span from, struct span *key, struct span *value)
{
    struct failing *f = ctx;
    return fails(f) ? ERR_IO : f->real.seek(f->real.ctx, t, from, key, value);
}

static enum err failing_click(void *ctx, uint32_t contract, uint64_t index, struct clicked *out)
{
    struct failing *f = ctx;
    return fails(f) ? ERR_IO : f->real.click(f->real.ctx, contract, index, out);
}

static enum err failing_entry(void *ctx, uint32_t contract, uint64_t index, struct span *out)
{
    struct failing *f = ctx;
    return fails(f) ? ERR_IO : f->real.entry(f->real.ctx, contract, index, out);
}

/* Whatever an entry's rows follow from: when a read cannot tell, for each of them, nothing follows. */
static void no_entry_follows_from_a_read_that_fails(void **state)
{
    (void)state;
    const struct entry cases[] = {
        {.kind = ENTRY_ADJUSTMENT, .adjustment = {.micros = 1, .reason = SPAN("r"), .lead = LEAD}},
        {.kind = ENTRY_ADJUSTMENT, .adjustment = {.micros = 1, .reason = SPAN("r"), .statement = SPAN("S0")}},
        {.kind = ENTRY_ADJUSTMENT, .adjustment = {.micros = 1, .reason = SPAN("r"), .lead = LEAD, .on_assent = true}},
        {.kind = ENTRY_ASSENT, .assent = {.party = SPAN("A1"), .adjustment = ADJUSTMENT, .payable_micros = 500}},
        {.kind = ENTRY_ASSENT, .assent = {.party = SPAN("A1"), .version = 1}},
        {.kind = ENTRY_WITHDRAWAL, .withdrawal = {SPAN("A1"), 1}},
        {.kind = ENTRY_PARTY, .party = {SPAN("P1"), SPAN("P1"), SPAN("{\"name\":\"P\"}")}},
        {.kind = ENTRY_DISPOSITION, .disposition = {.lead = LEAD, .status = STATUS_RETURNED, .payable_micros = -5}},
        {.kind = ENTRY_LEAD, .lead = {.tier = -1, .share_to = 10, .has_click = true, .click = CLICK}},
        {.kind = ENTRY_LEAD,
         .lead = {.tier = -1,
                  .status = STATUS_DUPLICATE,
                  .has_click = true,
                  .click = CLICK,
                  .dup_contract = SPAN("C1"),
                  .dup_index = LEAD}},
    };
    const struct private_part person = {.lead = true, .has_email = true, .email = {1}};
    struct log_of l;
    log_open(&l);
    tell_it(&l,
            (struct entry){
                .kind = ENTRY_DISPOSITION,
                .disposition = {.party = SPAN("A1"), .lead = LEAD, .status = STATUS_APPROVED, .payable_micros = 5}},
            NULL);
    struct entry_assent first = {.party = SPAN("P1"), .adjustment = ADJUSTMENT};
    tell_it(&l, (struct entry){.kind = ENTRY_ASSENT, .assent = first}, NULL);
    settled(&l.world, CONTRACT, l.n);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct entry e = cases[i];
        struct row_ops ops;
        unsigned n = 0;
        bool failed = true;
        e.at_ms = NOW + 60000;
        while (failed) {
            struct failing f = {.real = l.view, .left = ++n};
            const struct view v = {.get = failing_get,
                                   .seek = failing_seek,
                                   .click = failing_click,
                                   .leaf = world_leaf,
                                   .entry = failing_entry,
                                   .ctx = &f};
            enum err err = apply(&cx, &v, l.fold.terms, l.n, &e, e.kind == ENTRY_LEAD ? &person : NULL, &ops);
            failed = f.left == 0;
            if (err != (failed ? ERR_IO : ERR_OK))
                fail_msg("entry %zu, read %u: %s", i, n, err_word(err));
        }
        assert_true(n > 1);
    }
    log_close(&l);
}

/* Likewise of the questions that are asked before. */
static void no_question_is_answered_by_a_read_that_fails(void **state)
{
    (void)state;
    for (int question = 0; question < 6; question++) {
        bool failed = true;
        for (unsigned n = 1; failed; n++) {
            struct log_of l;
            struct buf jws;
            struct assent said;
            uint64_t leads;
            const struct word word = {0, "A1", ASSENT_TYP, {.adjustment = ADJUSTMENT}, ADJUSTMENT, 0, "C1", NOW + 9000};
            const struct entry_erase erase = {SPAN("O1"), {LEAD}, 1};
            struct entry e = {.kind = ENTRY_ASSENT, .at_ms = NOW + 10000, .assent = word.entry};
            buf_heap(&jws);
            log_open(&l);
            sign_word(&l, &word, &jws);
            e.assent.party = SPAN("A1");
            e.assent.jws = buf_span(&jws);
            struct failing f = {.real = l.view, .left = n};
            const struct view v = {.get = failing_get,
                                   .seek = failing_seek,
                                   .click = failing_click,
                                   .leaf = world_leaf,
                                   .entry = failing_entry,
                                   .ctx = &f};
            l.fold.view = &v;
            struct problem p = {0};
            struct closing closes;
            bool open;
            const struct hash root = {{0}};
            const struct entry_view view = {.placement = 1, .has_click = true, .click = CLICK};
            const struct entry lead = {.kind = ENTRY_LEAD, .lead = {.party = SPAN("P1"), .txid = SPAN("t9")}};
            enum err err = question == 0   ? fold_assent(&l.fold, &e, &said, &p)
                           : question == 1 ? fold_erase(&l.fold, END, &erase, &leads, &p)
                           : question == 2 ? fold_closes(&l.fold, END, END, &root, &closes)
                           : question == 3 ? fold_view(&l.fold, &view)
                           : question == 4 ? fold_is_open(&l.fold, &open)
                                           : fold_txid(&l.fold, &lead);
            failed = f.left == 0;
            if (err != (failed ? ERR_IO : ERR_OK))
                fail_msg("question %d, read %u: %s", question, n, err_word(err));
            if (question == 0 && err == ERR_OK)
                assent_close(&said);
            l.fold.view = &l.view;
            log_close(&l);
            buf_free(&jws);
        }
    }
}

static void a_statement_ends_where_what_is_open_does(void **state)
{
    (void)state;
    struct log_of l;
    struct closing closes;
    const struct hash root = {{7}};
    log_open(&l);
    assert_ok(fold_closes(&l.fold, END, END, &root, &closes));
    assert_memory_equal(closes.is.root.b, root.b, HASH_LEN);
    assert_err(fold_closes(&l.fold, END, END + 1, &root, &closes), ERR_CONFLICT); /* behind itself */
    assert_err(fold_closes(&l.fold, END, 0, &root, &closes), ERR_CONFLICT);
    assert_none(fold_closes(&l.fold, END, LEAD, &root, &closes)); /* what there was is not known */
    const struct entry_statement good = {
        .id = SPAN(""), .number = 1, .to = END, .to_ms = NOW + 60000, .issued_ms = NOW + 60000};
    char id[LIMIT_ID + 1];
    statement_id(SPAN("C1"), 1, id);
    static const char *const fields[] = {"from", "to", "number", "id", "issued_ms", "issued_ms", "issued_ms", "to_ms"};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        struct entry e = {.kind = ENTRY_STATEMENT, .at_ms = NOW + 60000, .statement = good};
        struct statement_out out;
        struct problem p = {0};
        e.statement.id = i == 3 ? SPAN("S0") : span_str(id);
        e.statement.from += i == 0;
        e.statement.to += i == 1;
        e.statement.number += i == 2;
        e.statement.issued_ms = i == 4 ? e.at_ms + 1 : i == 5 ? NOW : i == 6 ? e.at_ms - HOUR - 1 : e.at_ms;
        e.statement.to_ms = i == 7 ? NOW : e.statement.to_ms;
        assert_err(fold_statement(&l.fold, END, &e, &root, SPAN("https://track.example"), &out, &p), ERR_CONFLICT);
        assert_string_equal(p.field, fields[i]);
    }
    log_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clock_entry_follows_from_those_before),
        cmocka_unit_test(entries_say_of_the_clock_what_it_is),
        cmocka_unit_test(no_entry_is_earlier_than_those_before),
        cmocka_unit_test(a_gap_is_what_a_server_can_have_missed),
        cmocka_unit_test(a_lost_click_stands_in_the_gap_before_its_lead),
        cmocka_unit_test(nothing_is_counted_before_terms_bind),
        cmocka_unit_test(an_adjustment_is_an_operators_and_of_what_can_be),
        cmocka_unit_test(legal_data_are_a_partys_and_not_the_other_ones_word),
        cmocka_unit_test(what_is_erased_was_there_once),
        cmocka_unit_test(an_assent_is_the_partys_own_to_what_asks_for_it),
        cmocka_unit_test(what_an_assent_says_fits_its_entry),
        cmocka_unit_test(terms_are_taken_back_by_who_may),
        cmocka_unit_test(only_the_next_version_of_its_own_contract_follows),
        cmocka_unit_test(what_cannot_follow_leaves_no_rows),
        cmocka_unit_test(an_adjustment_counts_with_the_second_assent),
        cmocka_unit_test(a_txid_names_one_lead),
        cmocka_unit_test(no_entry_follows_from_a_read_that_fails),
        cmocka_unit_test(no_question_is_answered_by_a_read_that_fails),
        cmocka_unit_test(a_statement_ends_where_what_is_open_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
