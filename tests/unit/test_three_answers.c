/* Whatever reads rows through a view: when the n-th read cannot tell, meets a row that does not read, or does not find
 * a lead that another row names, nothing comes of it, for every n; without a fault the same story comes out. */
#include <stdio.h>

#include "common/decisions/address.h"
#include "common/settlement/fold.h"
#include "common/settlement/statement.h"
#include "tests/support/world.h"

enum { CONTRACT = 3, CAMPAIGN = 7, LEADS = 9, PERSON = 4, PHONE = 77 };
static const struct fold_context cx = {CONTRACT, CAMPAIGN, SPAN("C1")};

/* ---- a view whose n-th read fails ---- */

/* FAULT_GONE: of leads alone. FAULT_ABSENT is the lie that must not pass: see the control. */
enum fault { FAULT_FAILS, FAULT_GARBAGE, FAULT_GONE, FAULT_ABSENT };

struct faulty {
    struct view real;
    enum fault fault;
    unsigned left; /* reads until the one that fails; 0: none does */
    bool fired;
};

static enum err answer(struct faulty *f, bool of_lead, enum err err, struct span *value)
{
    if (f->fault == FAULT_GONE && !of_lead)
        return err;
    if (f->left == 0 || --f->left > 0)
        return err;
    if (f->fault == FAULT_GARBAGE && err != ERR_OK)
        return err; /* there is no row to damage */
    f->fired = true;
    if (f->fault == FAULT_GARBAGE && value != NULL) {
        *value = SPAN("garbage");
        return ERR_OK;
    }
    return f->fault == FAULT_FAILS ? ERR_IO : f->fault == FAULT_GARBAGE ? ERR_CORRUPT : ERR_NOT_FOUND;
}

static enum err faulty_get(void *ctx, enum row_table t, struct span key, struct span *value)
{
    struct faulty *f = ctx;
    return answer(f, t == ROW_LEADS, f->real.get(f->real.ctx, t, key, value), value);
}

/* Of the row behind those of a key it is seen that it is another's, and no more. */
static bool is_behind(enum row_table t, struct span from, struct span found)
{
    enum { KEY_LEN = 4 + 1 + TOKEN_LEN + 1 }; /* scope, kind, token, layer */
    return t == ROW_DEDUPE && memcmp(found.ptr, from.ptr, KEY_LEN) != 0;
}

static enum err faulty_seek(void *ctx, enum row_table t, struct span from, struct span *key, struct span *value)
{
    struct faulty *f = ctx;
    enum err err = f->real.seek(f->real.ctx, t, from, key, value);
    bool fired = f->fired, bare = err == ERR_OK && value->len == 0;
    if (f->fault == FAULT_GARBAGE && err == ERR_OK && is_behind(t, from, *key))
        return err;
    err = answer(f, t == ROW_LEADS, err, value);
    if (bare && err == ERR_OK && f->fired && !fired)
        *key = SPAN("garbage"); /* all that there is of such a row */
    return err;
}

static enum err faulty_click(void *ctx, uint32_t contract, uint64_t index, struct clicked *out)
{
    struct faulty *f = ctx;
    return answer(f, false, f->real.click(f->real.ctx, contract, index, out), NULL);
}

static enum err faulty_leaf(void *ctx, uint32_t contract, uint64_t index, struct hash *out)
{
    struct faulty *f = ctx;
    return answer(f, false, f->real.leaf(f->real.ctx, contract, index, out), NULL);
}

static enum err faulty_entry(void *ctx, uint32_t contract, uint64_t index, struct span *out)
{
    struct faulty *f = ctx;
    return answer(f, false, f->real.entry(f->real.ctx, contract, index, out), out);
}

/* ---- the story: clicks 0 to 2, leads, dispositions ---- */

struct story {
    struct world world;
    struct terms *terms;
    struct tally tally;
    uint64_t size;
};

static uint8_t person_token(unsigned person, uint8_t token[TOKEN_LEN])
{
    memset(token, (int)person, TOKEN_LEN);
    return token[0];
}

/* A person has a number as e-mail address and one as telephone number; 0: none. */
static uint64_t append(struct story *s, struct entry e, unsigned person, unsigned phone)
{
    struct private_part priv = {.lead = true, .has_email = person > 0, .has_phone = phone > 0};
    e.at_ms = NOW + (int64_t)s->size * 1000;
    person_token(person, priv.email);
    person_token(phone, priv.phone);
    assert_ok(world_apply(&s->world, &cx, s->terms, s->size, &e, e.kind == ENTRY_LEAD ? &priv : NULL));
    struct tallied x = tallied_of(&e);
    assert_true(tally_add(&s->tally, s->terms, &x));
    return s->size++;
}

static void story_open(struct story *s)
{
    *s = (struct story){.world = world_new(), .terms = terms_of("", ",'price':{'click_micros':1000}", "C1")};
    for (uint64_t i = 0; i < 3; i++) {
        world_click(&s->world, (struct world_click){CONTRACT, 1, i, NOW + (int64_t)i * 1000, CLASS_OK});
        append(s, (struct entry){.kind = ENTRY_CLICK}, 0, 0);
    }
    for (unsigned i = 0; i < LEADS; i++) {
        uint64_t lead = append(s,
                               (struct entry){.kind = ENTRY_LEAD,
                                              .lead = {.party = SPAN("P1"),
                                                       .trust = TRUST_SIGNED,
                                                       .txid = span_str(i % 2 ? "t1" : ""),
                                                       .status = STATUS_PENDING,
                                                       .has_click = true,
                                                       .click = i % 3,
                                                       .payout_micros = 1000000,
                                                       .tier = -1}},
                               i + 1, 0);
        if (i + 1 == PERSON)
            append(s,
                   (struct entry){.kind = ENTRY_LEAD,
                                  .lead = {.party = SPAN("P1"),
                                           .trust = TRUST_SIGNED,
                                           .status = STATUS_DUPLICATE,
                                           .dup_contract = SPAN("C1"),
                                           .dup_index = lead,
                                           .tier = -1}},
                   PERSON, PHONE);
        if (i % 3 == 0)
            append(s,
                   (struct entry){.kind = ENTRY_DISPOSITION,
                                  .disposition = {.lead = lead, .status = STATUS_APPROVED, .payable_micros = 1000000}},
                   0, 0);
    }
    append(s, (struct entry){.kind = ENTRY_TERMS, .terms = {.version = 1}}, 0, 0);
    append(s, (struct entry){.kind = ENTRY_TERMS, .terms = {.version = 2}}, 0, 0);
    append(s, (struct entry){.kind = ENTRY_KEY, .key = {.party = SPAN("P1"), .pub = {1}}}, 0, 0);
}

static void story_close(struct story *s)
{
    world_free(&s->world);
    terms_free(s->terms);
}

/* ---- what reads: each writes what it found into *out ---- */

typedef enum err reading(struct story *s, const struct view *v, struct buf *out);

static enum err builds_a_statement(struct story *s, const struct view *v, struct buf *out)
{
    struct statement_out built = {0};
    struct problem p = {0};
    const struct statement_in in = {.id = SPAN("S1"),
                                    .issuer = SPAN("https://track.example"),
                                    .number = 1,
                                    .terms = s->terms,
                                    .to = s->size,
                                    .to_ms = NOW + MS_PER_DAY,
                                    .tally = &s->tally,
                                    .view = v,
                                    .contract = CONTRACT,
                                    .issued_ms = NOW + MS_PER_DAY};
    enum err err = statement_build(&in, &built, &p);
    if (err == ERR_OK) {
        buf_span_add(out, buf_span(&built.payload));
        buf_span_add(out, buf_span(&built.lines.text));
    }
    statement_free(&built);
    return err;
}

/* By three clicks of which one is none, or by none. */
static enum err decide(struct story *s, const struct view *v, bool clicked, unsigned person, unsigned phone,
                       struct buf *out)
{
    struct lead_report r = {
        .party = SPAN("P1"), .trust = TRUST_SIGNED, .claimed = true, .given = CONTACT_EMAIL | CONTACT_PHONE};
    struct lead_facts f;
    struct entry e;
    const uint64_t clicks[] = {2, UINT64_C(1) << 60, 0};
    for (size_t i = 0; i < 3 && clicked; i++)
        r.touches[r.n_touches++] = (struct pointer){.contract = CONTRACT, .index = clicks[i]};
    r.has_email = person > 0;
    r.has_phone = true;
    person_token(person, r.email);
    person_token(phone, r.phone);
    int64_t now_ms = NOW + 60000;
    enum err err = gather_touches(v, &r, &f);
    if (err == ERR_OK)
        err = gather_person(v, &cx, s->terms, &r, now_ms, &f);
    if (err != ERR_OK)
        return err;
    decide_lead(s->terms, 0, &r, &f, now_ms, &e);
    entry_write(out, &e);
    buf_printf(out, " %d %llu", f.has_dup, (unsigned long long)f.dup.index);
    return ERR_OK;
}

/* A person known already. */
static enum err decides_a_lead(struct story *s, const struct view *v, struct buf *out)
{
    return decide(s, v, true, PERSON, 99, out);
}

/* One who is known by what a duplicate has alone. */
static enum err decides_a_lead_past_a_duplicate(struct story *s, const struct view *v, struct buf *out)
{
    return decide(s, v, false, 0, PHONE, out);
}

static struct entry disposition(void)
{
    return (struct entry){.kind = ENTRY_DISPOSITION,
                          .at_ms = NOW + 60000,
                          .disposition = {.lead = 3, .status = STATUS_CONVERTED, .payable_micros = 0}};
}

static enum err applies_a_disposition(struct story *s, const struct view *v, struct buf *out)
{
    const struct entry e = disposition();
    struct row_ops ops;
    enum err err = apply(&cx, v, s->terms, s->size, &e, NULL, &ops);
    for (size_t i = 0; err == ERR_OK && i < ops.n; i++)
        buf_add(out, ops.op[i].value, ops.op[i].value_len);
    return err;
}

static enum err folds_a_disposition(struct story *s, const struct view *v, struct buf *out)
{
    struct fold f;
    const struct entry e = disposition();
    fold_open(&f, &cx, v, s->world.rows);
    f.terms = s->terms; /* borrowed */
    enum err err = fold_disposition(&f, &e, SPAN("other bytes"));
    buf_str(out, err_word(err));
    f.terms = NULL;
    fold_close(&f);
    return err == ERR_CONFLICT ? ERR_OK : err; /* that it is another is the right answer here */
}

/* What a fold asks before an entry is applied: none of it is refused for what cannot be read. */
static enum err folds_what_is_asked(struct story *s, const struct view *v, struct buf *out)
{
    struct fold f;
    const struct entry adjustment = {.kind = ENTRY_ADJUSTMENT,
                                     .at_ms = NOW + 60000,
                                     .adjustment = {.by = SPAN("P0"), .reason = SPAN("r"), .micros = 1, .lead = 3}};
    const struct entry lead = {.kind = ENTRY_LEAD, .lead = {.party = SPAN("P1"), .txid = SPAN("t1")}};
    const struct entry_view view = {.has_click = true, .click = 1, .placement = 1};
    fold_open(&f, &cx, v, s->world.rows);
    f.terms = s->terms; /* borrowed */
    enum err err = fold_adjustment(&f, &adjustment, NULL);
    buf_str(out, err_word(err));
    if (err == ERR_OK)
        err = fold_view(&f, &view);
    if (err == ERR_OK && (err = fold_txid(&f, &lead)) == ERR_CONFLICT) {
        buf_str(out, err_word(err)); /* the right answer here */
        err = ERR_OK;
    }
    f.terms = NULL;
    fold_close(&f);
    return err;
}

static enum err decides_a_lead_again(struct story *s, const struct view *v, struct buf *out)
{
    const struct entry recorded = {.kind = ENTRY_LEAD,
                                   .at_ms = NOW + 60000,
                                   .lead = {.party = SPAN("P1"), .claimed = true, .has_click = true, .click = 2}};
    struct opening tokens = {.lead = true, .has_email = true};
    struct entry again;
    char source[LIMIT_PARAM];
    bool foreign;
    person_token(4, tokens.email);
    enum err err = redecide_lead(&cx, v, s->terms, 0, &recorded, &tokens, source, &again, &foreign);
    if (err == ERR_OK)
        entry_write(out, &again);
    return err;
}

static enum err finds_a_lead(struct story *s, const struct view *v, struct buf *out)
{
    const struct address both = {
        .advertiser_id = SPAN("A1"), .txid = SPAN("t1"), .by_click = true, .click = {.contract = CONTRACT, .index = 1}};
    struct addressed at = {0};
    struct problem p = {0};
    (void)s;
    enum err err = address_find(v, &both, &at, &p);
    buf_printf(out, "%s %llu", p.detail, (unsigned long long)at.index);
    return err == ERR_CONFLICT ? ERR_OK : err; /* the right answer, where it is one */
}

static enum err looks_rows_up(struct story *s, const struct view *v, struct buf *out)
{
    uint8_t bytes[ED25519_KEY_LEN];
    uint64_t first = 0;
    struct versions versions = {.n = 1};
    struct txid_row txid = {.party = ""};
    (void)s;
    enum err err = row_txid(v, 0, CAMPAIGN, SPAN("P1"), SPAN("t1"), &txid);
    if (err == ERR_OK)
        err = row_click_lead_from(v, CONTRACT, 1, 0, &first);
    buf_printf(out, "%u %llu %llu", txid.contract, (unsigned long long)txid.index, (unsigned long long)first);
    if (err == ERR_OK)
        err = row_versions(v, CONTRACT, UINT64_MAX, &versions);
    buf_printf(out, " %lld %llu", (long long)versions.v[0].number, (unsigned long long)versions.v[0].index);
    return err == ERR_OK ? row_party_key(v, CONTRACT, SPAN("P1"), bytes) : err;
}

static const struct {
    const char *name;
    reading *read;
    bool named; /* each lead that it looks for is named by another row */
} readings[] = {
    {"builds_a_statement", builds_a_statement, true},
    {"decides_a_lead", decides_a_lead},
    {"decides_a_lead_past_a_duplicate", decides_a_lead_past_a_duplicate, true},
    {"applies_a_disposition", applies_a_disposition},
    {"folds_a_disposition", folds_a_disposition},
    {"folds_what_is_asked", folds_what_is_asked},
    {"decides_a_lead_again", decides_a_lead_again},
    {"looks_rows_up", looks_rows_up},
    {"finds_a_lead", finds_a_lead},
};

/* ---- every n ---- */

/* How many n gave another outcome than the fault's own error; *fired counts all. */
static unsigned wrong_outcomes(reading *read, enum fault fault, unsigned *fired)
{
    struct story s;
    struct buf right, out;
    unsigned wrong = 0;
    story_open(&s);
    buf_heap(&right), buf_heap(&out);
    struct view v = world_view(&s.world);
    assert_ok(read(&s, &v, &right));
    *fired = 0;
    for (unsigned n = 1, met = 1; met; n++) {
        struct faulty f = {.real = world_view(&s.world), .fault = fault, .left = n};
        v = (struct view){faulty_get, faulty_seek, faulty_click, faulty_leaf, faulty_entry, NULL, &f};
        buf_clear(&out);
        enum err err = read(&s, &v, &out);
        met = f.left == 0;
        *fired += f.fired;
        if (f.fired)
            wrong += err != (fault == FAULT_GARBAGE || fault == FAULT_GONE ? ERR_CORRUPT : ERR_IO);
        else
            wrong += err != ERR_OK || !span_eq(buf_span(&out), buf_span(&right));
    }
    buf_free(&right), buf_free(&out);
    story_close(&s);
    return wrong;
}

static void nothing_comes_of_a_read_that_fails(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof readings / sizeof *readings; i++) {
        unsigned fired, wrong = wrong_outcomes(readings[i].read, FAULT_FAILS, &fired);
        if (wrong > 0 || fired == 0)
            fail_msg("%s: %u of %u faults came out as something else", readings[i].name, wrong, fired);
    }
}

static void nothing_comes_of_a_row_that_does_not_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof readings / sizeof *readings; i++) {
        unsigned fired, wrong = wrong_outcomes(readings[i].read, FAULT_GARBAGE, &fired);
        if (wrong > 0 || fired == 0)
            fail_msg("%s: %u of %u bad rows came out as something else", readings[i].name, wrong, fired);
    }
}

static void nothing_comes_of_a_lead_that_is_named_and_gone(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof readings / sizeof *readings; i++) {
        unsigned fired = 1, wrong = readings[i].named ? wrong_outcomes(readings[i].read, FAULT_GONE, &fired) : 0;
        if (wrong > 0 || fired == 0)
            fail_msg("%s: %u of %u leads that are gone came out as something else", readings[i].name, wrong, fired);
    }
}

/* The control: an error taken for absence, as a bool would, is seen in every one of them. */
static void a_failure_taken_for_absence_is_seen(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof readings / sizeof *readings; i++) {
        unsigned fired, wrong = wrong_outcomes(readings[i].read, FAULT_ABSENT, &fired);
        if (wrong == 0)
            fail_msg("%s: %u lies went by", readings[i].name, fired);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_comes_of_a_read_that_fails),
        cmocka_unit_test(nothing_comes_of_a_row_that_does_not_read),
        cmocka_unit_test(nothing_comes_of_a_lead_that_is_named_and_gone),
        cmocka_unit_test(a_failure_taken_for_absence_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
