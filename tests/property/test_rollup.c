/* However often rollups are told and taken up again from their rows, they come to the same as in one go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "common/base/when.h"
#include "common/reports/hashed.h"
#include "common/reports/rollup.h"
#include "tests/support/chance.h"
#include "tests/support/ok.h"

enum { CONTRACTS = 2, ENTRIES = 9000, POOL = 6000, ROWS_MOST = 1 << 15, FROM_DAY = 20000 };

/* ---- rows, in the order of their keys ---- */

struct row {
    struct span key, value;
};

struct rows {
    struct row *row;
    size_t n;
};

static int by_bytes(struct span a, struct span b)
{
    int order = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static size_t rank(const struct rows *r, struct span key)
{
    size_t low = 0, high = r->n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (by_bytes(r->row[middle].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct span copied(struct span s)
{
    char *mem = xmalloc(s.len + 1);
    memcpy(mem, s.ptr, s.len);
    return span_of(mem, s.len);
}

static enum err put(void *ctx, struct span key, struct span value)
{
    struct rows *r = ctx;
    size_t at = rank(r, key);
    if (at < r->n && span_eq(r->row[at].key, key))
        free((char *)r->row[at].value.ptr);
    else {
        assert_true(r->n < ROWS_MOST);
        memmove(r->row + at + 1, r->row + at, (r->n - at) * sizeof *r->row);
        r->row[at].key = copied(key);
        r->n++;
    }
    r->row[at].value = copied(value);
    return ERR_OK;
}

static void forget(struct rows *r)
{
    for (size_t i = 0; i < r->n; i++) {
        free((char *)r->row[i].key.ptr);
        free((char *)r->row[i].value.ptr);
    }
    free(r->row);
}

/* ---- what happens ---- */

static struct story {
    struct rows stored;
    struct span entry[CONTRACTS + 1][ENTRIES];
    enum entry_kind kind[CONTRACTS + 1][ENTRIES];
    uint64_t n[CONTRACTS + 1];
} a;

static enum err stored_row(void *ctx, struct span key, struct span *value)
{
    const struct rows *r = ctx;
    size_t at = rank(r, key);
    if (at == r->n || !span_eq(r->row[at].key, key))
        return ERR_NOT_FOUND;
    *value = r->row[at].value;
    return ERR_OK;
}

static enum err key_from(void *ctx, struct span from, struct span *key)
{
    const struct rows *r = ctx;
    size_t at = rank(r, from);
    if (at == r->n)
        return ERR_NOT_FOUND;
    *key = r->row[at].key;
    return ERR_OK;
}

static enum err no_row(void *ctx, struct span key, struct span *value)
{
    (void)ctx, (void)key, (void)value;
    return ERR_NOT_FOUND;
}

static enum err entry_of(void *ctx, uint32_t contract, uint64_t index, struct span *out)
{
    (void)ctx;
    *out = a.entry[contract][index];
    return index < a.n[contract] ? ERR_OK : ERR_NOT_FOUND;
}

/* One of that kind among those of the contract, or the next index: there is none. */
static uint64_t some(uint32_t contract, enum entry_kind kind)
{
    uint64_t n = a.n[contract], i = n > 0 ? below(n) : 0;
    for (uint64_t tried = 0; tried < n; tried++, i = (i + 1) % n)
        if (a.kind[contract][i] == kind)
            return i;
    return n;
}

static char texts[3][16];

static struct span value(int which, unsigned of)
{
    snprintf(texts[which], sizeof texts[which], "v%u", (unsigned)(one_in(2) ? below(of) : below(of) * below(of) / of));
    return span_str(texts[which]);
}

static void make_click(struct entry *e)
{
    e->kind = ENTRY_CLICK;
    e->click = (struct entry_click){.class = one_in(5) ? CLASS_BOT : CLASS_OK, .placement = 1 + (uint32_t)below(3)};
    if (!one_in(4))
        e->click.sub[0] = value(0, POOL);
    if (one_in(2))
        e->click.utm[0] = value(1, 20);
    if (one_in(3))
        e->click.utm[1] = one_in(2) ? SPAN("cpc") : value(2, 5);
    if (one_in(2))
        e->click.country = one_in(2) ? SPAN("FR") : SPAN("BE");
}

static void make_lead(uint32_t contract, struct entry *e)
{
    uint64_t click = some(contract, ENTRY_CLICK);
    e->kind = ENTRY_LEAD;
    e->lead = (struct entry_lead){.party = SPAN("PAAAAAAAAAAAA"),
                                  .trust = TRUST_SIGNED,
                                  .status = one_in(3) ? STATUS_REJECTED : STATUS_PENDING,
                                  .tier = -1,
                                  .has_click = click < a.n[contract],
                                  .click = click < a.n[contract] ? click : 0};
    e->lead.other_touches = e->lead.has_click && one_in(3) ? 1 + (uint32_t)below(9) : 0;
    if (e->lead.status == STATUS_REJECTED) {
        e->lead.reason = REASON_CAP_DAY;
    } else if (one_in(2)) {
        e->lead.scored = e->lead.scored_high = true;
        e->lead.score = e->lead.score_high = one_in(3) ? 1000 : e->lead.click % 1000;
    }
}

static void make_disposition(uint32_t contract, struct entry *e)
{
    uint64_t lead = some(contract, ENTRY_LEAD);
    if (lead == a.n[contract]) {
        make_click(e);
        return;
    }
    e->kind = ENTRY_DISPOSITION;
    e->disposition = (struct entry_disposition){
        .party = SPAN("PAAAAAAAAAAAA"), .trust = TRUST_SIGNED, .lead = lead, .status = STATUS_APPROVED};
    if (one_in(3)) {
        e->disposition.status = STATUS_CONVERTED;
        e->disposition.amount_micros = 1000000 * (1 + (int64_t)below(9));
        e->disposition.currency = one_in(2) ? SPAN("EUR") : SPAN("USD");
    }
}

static uint32_t happens(int i, struct entry *e)
{
    uint32_t contract = 1 + (uint32_t)one_in(4);
    *e = (struct entry){.at_ms = (int64_t)FROM_DAY * MS_PER_DAY + (int64_t)i * 2 * MS_PER_DAY / ENTRIES};
    switch (below(20)) {
    case 0:
    case 1:
        make_lead(contract, e);
        break;
    case 2:
    case 3:
        make_disposition(contract, e);
        break;
    case 4:
        e->kind = ENTRY_GAP;
        e->gap = (struct entry_gap){.from_ms = e->at_ms, .to_ms = e->at_ms, .clicks = 1 + below(5)};
        break;
    default:
        make_click(e);
    }
    return contract;
}

static void keep(uint32_t contract, const struct entry *e)
{
    struct buf b;
    buf_heap(&b);
    entry_write(&b, e);
    a.kind[contract][a.n[contract]] = e->kind;
    a.entry[contract][a.n[contract]++] = copied(buf_span(&b));
    buf_free(&b);
}

/* ---- */

static void assert_same(const struct rows *x, const struct rows *y)
{
    assert_int_equal(x->n, y->n);
    for (size_t i = 0; i < x->n; i++)
        if (!span_eq(x->row[i].key, y->row[i].key) || !span_eq(x->row[i].value, y->row[i].value))
            fail_msg("row %zu of %zu differs", i, x->n);
}

/* Clicks with a sub1 in the cells of it, and how many values have cells of their own on a day at most. */
static uint64_t clicks_in_sub1(const struct rows *r, uint64_t *most)
{
    uint64_t clicks = 0, values[CONTRACTS + 1][4] = {{0}};
    struct cell_key k;
    struct counts c;
    struct count_what what;
    *most = 0;
    for (size_t i = 0; i < r->n; i++) {
        struct span rest = r->row[i].value;
        if (cell_key_read(r->row[i].key, &k) != ERR_OK || k.dimension != DIMENSION_SUB1)
            continue;
        uint64_t *n = &values[k.contract][k.day - FROM_DAY];
        *n += k.named;
        *most = *n > *most ? *n : *most;
        rest = k.named ? rest : span_skip(rest, 4);
        while (counts_read(&rest, &c) == ERR_OK)
            clicks += count_what(c.sum.number, &what) && what.kind == COUNT_CLICKS ? (uint64_t)c.sum.n : 0;
    }
    return clicks;
}

/* Each lead has one row, and is counted once where all there is is counted: those that several clicks led to apart. */
static void assert_leads(const struct rows *r, const uint64_t leads[2])
{
    uint64_t rows[2] = {0}, counted[2] = {0};
    for (size_t i = 0; i < r->n; i++) {
        struct span key = r->row[i].key, rest = r->row[i].value;
        const uint8_t dimension = (uint8_t)key.ptr[4];
        struct count_what what;
        struct lead_state s;
        struct counts c;
        if (dimension == ROLLUP_LEAD || dimension == ROLLUP_SEVERAL) {
            assert_ok(lead_state_read(rest, &s));
            assert_true(count_what(s.number, &what));
            assert_int_equal(what.kind, dimension == ROLLUP_SEVERAL ? COUNT_SEVERAL : COUNT_LEADS);
            rows[dimension == ROLLUP_SEVERAL]++;
        }
        while (dimension == DIMENSION_ALL && counts_read(&rest, &c) == ERR_OK)
            if (count_what(c.sum.number, &what) && count_is_leads(what.kind))
                counted[what.kind == COUNT_SEVERAL] += (uint64_t)c.sum.n;
    }
    for (int several = 0; several < 2; several++) {
        assert_int_equal(rows[several], leads[several]);
        assert_int_equal(counted[several], leads[several]);
    }
}

static void told_often_is_told_at_once(void **state)
{
    (void)state;
    struct rows once = {.row = xcalloc(ROWS_MOST, sizeof *once.row)};
    memset(&a, 0, sizeof a);
    a.stored.row = xcalloc(ROWS_MOST, sizeof *a.stored.row);
    const struct rollup_source none = {.row = no_row, .entry = entry_of},
                               stored = {stored_row, key_from, entry_of, &a.stored};
    struct rollup *whole = rollup_new(&none), *parts = rollup_new(&stored);
    uint64_t with_sub1 = 0, leads[2] = {0}, most;
    for (int i = 0; i < ENTRIES; i++) {
        struct entry e;
        uint32_t contract = happens(i, &e);
        assert_ok(rollup_add(whole, contract, a.n[contract], &e, NULL));
        assert_ok(rollup_add(parts, contract, a.n[contract], &e, NULL));
        with_sub1 += e.kind == ENTRY_CLICK && !span_empty(e.click.sub[0]);
        if (e.kind == ENTRY_LEAD)
            leads[e.lead.other_touches > 0]++;
        keep(contract, &e);
        if (!one_in(100))
            continue;
        rollup_reaches(parts, (uint64_t)i + 1);
        assert_ok(rollup_changed(parts, put, &a.stored));
        if (one_in(3)) {
            rollup_free(parts);
            parts = rollup_new(&stored);
        } else if (one_in(2)) {
            rollup_keep(parts, one_in(2) ? 0 : rollup_bytes(parts) / 2);
        }
    }
    rollup_reaches(whole, ENTRIES);
    rollup_reaches(parts, ENTRIES);
    assert_ok(rollup_changed(parts, put, &a.stored));
    assert_ok(rollup_changed(whole, put, &once));
    assert_same(&once, &a.stored);
    assert_leads(&once, leads);
    assert_int_equal(clicks_in_sub1(&once, &most), with_sub1);
    assert_int_equal(most, ROLLUP_VALUES); /* more came */
    rollup_free(whole);
    rollup_free(parts);
    forget(&once);
    forget(&a.stored);
    for (int c = 1; c <= CONTRACTS; c++)
        for (uint64_t i = 0; i < a.n[c]; i++)
            free((char *)a.entry[c][i].ptr);
}

/* Also in the sums of a row, there and back. */
static void a_sum_past_what_it_holds_is_beyond_for_good(void **state)
{
    static const struct {
        int64_t a, b, sum;
    } of[] = {{INT64_MAX - 1, 1, INT64_MAX},           {INT64_MAX, 1, COUNT_BEYOND},    {-INT64_MAX, -2, COUNT_BEYOND},
              {COUNT_BEYOND, INT64_MAX, COUNT_BEYOND}, {5, COUNT_BEYOND, COUNT_BEYOND}, {-INT64_MAX, INT64_MAX, 0}};
    (void)state;
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        const struct count c[] = {{.quarter = 3, .n = 1, .revenue = of[i].a},
                                  {.quarter = 95, .n = 1, .micros = of[i].b, .revenue = of[i].b}};
        struct counts read;
        struct count one;
        struct buf b;
        buf_heap(&b);
        counts_write(&b, c, 2);
        struct span rest = buf_span(&b);
        assert_ok(counts_read(&rest, &read));
        assert_int_equal(rest.len, 0);
        assert_int_equal(read.sum.n, 2);
        assert_int_equal(read.sum.micros, of[i].b);
        assert_int_equal(read.sum.revenue, of[i].sum);
        for (int k = 0; k < 2; k++) {
            assert_ok(count_read(&read, &one));
            assert_int_equal(one.quarter, c[k].quarter);
            assert_int_equal(one.revenue, c[k].revenue);
        }
        assert_int_equal(count_read(&read, &one), ERR_NOT_FOUND);
        buf_free(&b);
    }
}

static const struct {
    const char *bytes;
    size_t len;
    enum err counts, first; /* first: of its quarters */
} unread[] = {
#define ROW(bytes) bytes, sizeof bytes - 1
    {ROW("\0\2\4\0\0\1\2"), ERR_OK, ERR_OK},          {ROW(""), ERR_NOT_FOUND, ERR_OK},
    {ROW("\0\0\4\0\0"), ERR_CORRUPT, ERR_OK},         /* no quarter */
    {ROW("\0\3\4\0\0\1\2"), ERR_CORRUPT, ERR_OK},     /* more than there is */
    {ROW("\0\2\4\0"), ERR_CORRUPT, ERR_OK},           /* a sum less */
    {ROW("\x80\0\2\4\0\0\1\2"), ERR_CORRUPT, ERR_OK}, /* a longer spelling */
    {ROW("\0\1\4\0\0\1"), ERR_OK, ERR_CORRUPT},       /* a quarter without n */
    {ROW("\0\2\4\0\0\x60\2"), ERR_OK, ERR_CORRUPT},   /* the 97th */
    {ROW("\0\3\4\2\0\x81\4\2"), ERR_OK, ERR_CORRUPT}, /* money without revenue */
    {ROW("\0\3\4\0\0\1\x82\0"), ERR_OK, ERR_CORRUPT}, /* a longer spelling */
#undef ROW
};

static void what_is_no_row_does_not_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof unread / sizeof *unread; i++) {
        struct span rest = span_of(unread[i].bytes, unread[i].len);
        struct counts of;
        struct count c;
        assert_int_equal(counts_read(&rest, &of), unread[i].counts);
        if (unread[i].counts == ERR_OK)
            assert_int_equal(count_read(&of, &c), unread[i].first);
    }
}

static enum err the_row(void *ctx, struct span key, struct span *value)
{
    struct cell_key k;
    if (cell_key_read(key, &k) != ERR_OK || k.dimension != DIMENSION_ALL)
        return ERR_NOT_FOUND;
    *value = *(struct span *)ctx;
    return ERR_OK;
}

/* It is read by the sums as by the quarters: so they may not differ. */
static void sums_that_are_not_those_of_the_quarters_do_not_read(void **state)
{
    static const struct {
        const char bytes[10];
        size_t len;
        enum err err;
    } of[] = {{"\0\2\2\0\0\1\2", 7, ERR_OK},
              {"\0\2\4\0\0\1\2", 7, ERR_CORRUPT},
              {"\0\2\2\2\0\1\2", 7, ERR_CORRUPT},
              {"\0\2\2\0\2\1\2", 7, ERR_CORRUPT},
              {"\x48\2\2\0\0\1\2", 7, ERR_CORRUPT}}; /* of nothing that is counted */
    const struct entry e = {.kind = ENTRY_CLICK, .at_ms = MS_PER_DAY, .click = {.class = CLASS_OK}};
    (void)state;
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        struct span row = span_of(of[i].bytes, of[i].len);
        struct rollup *r = rollup_new(&(struct rollup_source){.row = the_row, .key_from = key_from, .ctx = &row});
        assert_int_equal(rollup_add(r, 1, 0, &e, NULL), of[i].err);
        rollup_free(r);
    }
}

static enum err put_lead(void *ctx, struct span key, struct span value)
{
    if (key.len == ROLLUP_LEAD_KEY)
        assert_ok(lead_state_read(value, ctx));
    return ERR_OK;
}

/* Clocks that stepped between them, or a lead that is before its click, tell no time. */
static void the_time_to_a_lead_is_that_of_one_clock(void **state)
{
    static const struct {
        uint32_t steps;
        int64_t after_ms;
        unsigned lag;
    } of[] = {{1, 4000, 4}, {2, 4000, 0}, {1, -1, 0}, {1, 0, 1}};
    const struct rollup_source source = {.row = no_row, .entry = entry_of};
    (void)state;
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        struct entry click = {.kind = ENTRY_CLICK, .at_ms = MS_PER_DAY, .click = {.clock_steps = 1, .placement = 1}};
        struct entry lead = {.kind = ENTRY_LEAD,
                             .at_ms = MS_PER_DAY + of[i].after_ms,
                             .lead = {.party = SPAN("PAAAAAAAAAAAA"),
                                      .trust = TRUST_SIGNED,
                                      .tier = -1,
                                      .has_click = true,
                                      .clock_steps = of[i].steps}};
        struct lead_state s = {.number = 0};
        struct count_what what;
        struct rollup *r = rollup_new(&source);
        memset(&a, 0, sizeof a);
        keep(1, &click);
        assert_ok(rollup_add(r, 1, 0, &click, NULL));
        assert_ok(rollup_add(r, 1, 1, &lead, NULL));
        assert_ok(rollup_changed(r, put_lead, &s));
        assert_true(count_what(s.number, &what));
        assert_int_equal(what.lag, of[i].lag);
        rollup_free(r);
        free((char *)a.entry[1][0].ptr);
    }
}

/* Many with the same hash, or the one beside it. */
static void what_is_removed_is_gone_alone(void **state)
{
    enum { THINGS = 200 };
    struct hashed h = {.n = 0};
    bool in[THINGS] = {false};
    (void)state;
    for (int i = 0; i < 20000; i++) {
        size_t n = (size_t)below(THINGS), at = 0;
        uint64_t hash = n % 50 + (n % 3 == 0 ? 40 : 0);
        const void *found;
        while ((found = hashed_next(&h, hash, &at)) != NULL && found != &in[n])
            continue;
        assert_int_equal(found != NULL, in[n]);
        if (in[n])
            hashed_remove(&h, hash, &in[n]);
        else
            hashed_add(&h, hash, &in[n]);
        in[n] = !in[n];
    }
    hashed_free(&h);
}

int main(void)
{
    chance_seed();
    const struct CMUnitTest tests[] = {cmocka_unit_test(told_often_is_told_at_once),
                                       cmocka_unit_test(a_sum_past_what_it_holds_is_beyond_for_good),
                                       cmocka_unit_test(what_is_no_row_does_not_read),
                                       cmocka_unit_test(sums_that_are_not_those_of_the_quarters_do_not_read),
                                       cmocka_unit_test(the_time_to_a_lead_is_that_of_one_clock),
                                       cmocka_unit_test(what_is_removed_is_gone_alone)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
