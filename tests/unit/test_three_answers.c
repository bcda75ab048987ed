/* Whatever reads rows through a view: when the n-th read cannot tell, or meets a row that does not read, nothing comes
 * of it, for every n; without a fault the same story comes out. */
#include <stdio.h>

#include "common/decisions/address.h"
#include "common/settlement/fold.h"
#include "common/settlement/statement.h"
#include "tests/support/world.h"

enum { CONTRACT = 3, CAMPAIGN = 7, LEADS = 9 };
static const struct fold_context cx = {CONTRACT, CAMPAIGN, SPAN("C1")};

/* ---- a view whose n-th read fails ---- */

enum fault { FAULT_FAILS, FAULT_GARBAGE, FAULT_ABSENT }; /* the last is the lie that must not pass: see the control */

struct faulty {
    struct view real;
    enum fault fault;
    unsigned left; /* reads until the one that fails; 0: none does */
    bool fired;
};

static enum err answer(struct faulty *f, enum err err, struct span *value)
{
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
    return answer(f, f->real.get(f->real.ctx, t, key, value), value);
}

static enum err faulty_seek(void *ctx, enum row_table t, struct span from, struct span *key, struct span *value)
{
    struct faulty *f = ctx;
    enum err err = f->real.seek(f->real.ctx, t, from, key, value);
    bool fired = f->fired, bare = err == ERR_OK && value->len == 0;
    err = answer(f, err, value);
    if (bare && err == ERR_OK && f->fired && !fired)
        *key = SPAN("garbage"); /* all that there is of such a row */
    return err;
}

static enum err faulty_click(void *ctx, uint32_t contract, uint64_t index, struct clicked *out)
{
    struct faulty *f = ctx;
    return answer(f, f->real.click(f->real.ctx, contract, index, out), NULL);
}

static enum err faulty_leaf(void *ctx, uint32_t contract, uint64_t index, struct hash *out)
{
    struct faulty *f = ctx;
    return answer(f, f->real.leaf(f->real.ctx, contract, index, out), NULL);
}

static enum err faulty_entry(void *ctx, uint32_t contract, uint64_t index, struct span *out)
{
    struct faulty *f = ctx;
    return answer(f, f->real.entry(f->real.ctx, contract, index, out), out);
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

static uint64_t append(struct story *s, struct entry e, unsigned person)
{
    struct private_part priv = {.lead = true, .has_email = person > 0};
    e.at_ms = NOW + (int64_t)s->size * 1000;
    person_token(person, priv.email);
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
        append(s, (struct entry){.kind = ENTRY_CLICK}, 0);
    }
    for (unsigned i = 0; i < LEADS; i++) {
        uint64_t lead = append(s,
                               (struct entry){.kind = ENTRY_LEAD,
                                              .lead = {.party = SPAN("P1"),
                                                       .txid = span_str(i % 2 ? "t1" : ""),
                                                       .status = STATUS_PENDING,
                                                       .has_click = true,
                                                       .click = i % 3,
                                                       .payout_micros = 1000000,
                                                       .tier = -1}},
                               i + 1);
        if (i % 3 == 0)
            append(s,
                   (struct entry){.kind = ENTRY_DISPOSITION,
                                  .disposition = {.lead = lead, .status = STATUS_APPROVED, .payable_micros = 1000000}},
                   0);
    }
    append(s, (struct entry){.kind = ENTRY_TERMS, .terms = {.version = 1}}, 0);
    append(s, (struct entry){.kind = ENTRY_TERMS, .terms = {.version = 2}}, 0);
    append(s, (struct entry){.kind = ENTRY_KEY, .key = {.party = SPAN("P1"), .pub = {1}}}, 0);
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

/* A person known already, by three clicks of which one is none. */
static enum err decides_a_lead(struct story *s, const struct view *v, struct buf *out)
{
    struct lead_report r = {.party = SPAN("P1"), .claimed = true, .given = CONTACT_EMAIL | CONTACT_PHONE};
    struct lead_facts f;
    struct entry e;
    const uint64_t clicks[] = {2, UINT64_C(1) << 60, 0};
    for (size_t i = 0; i < 3; i++)
        r.touches[r.n_touches++] = (struct pointer){.contract = CONTRACT, .index = clicks[i]};
    r.has_email = r.has_phone = true;
    person_token(4, r.email);
    person_token(99, r.phone);
    int64_t now_ms = NOW + 60000;
    enum err err = gather_touches(v, &r, &f);
    if (err == ERR_OK)
        err = gather_person(v, &cx, s->terms, &r, now_ms, &f);
    if (err != ERR_OK)
        return err;
    decide_lead(s->terms, 0, &r, &f, now_ms, &e);
    entry_write(out, &e);
    return ERR_OK;
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
    bool foreign;
    person_token(4, tokens.email);
    enum err err = redecide_lead(&cx, v, s->terms, 0, &recorded, &tokens, &again, &foreign);
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
} readings[] = {
    {"builds_a_statement", builds_a_statement},
    {"decides_a_lead", decides_a_lead},
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
        v = (struct view){faulty_get, faulty_seek, faulty_click, faulty_leaf, faulty_entry, &f};
        buf_clear(&out);
        enum err err = read(&s, &v, &out);
        met = f.left == 0;
        *fired += f.fired;
        if (f.fired)
            wrong += err != (fault == FAULT_GARBAGE ? ERR_CORRUPT : ERR_IO);
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
        cmocka_unit_test(a_failure_taken_for_absence_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
