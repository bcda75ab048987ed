/* Whatever is asked of them, rows of a report are the cells brought together: against plain sums over what was counted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <jansson.h>

#include "common/base/when.h"
#include "common/reports/report.h"
#include "tests/support/chance.h"
#include "tests/support/ok.h"

enum {
    PLACES = 2,
    DAYS = 4,
    VALUES = 7,
    REST = VALUES - 1,
    CLASSES = 2,
    FACTS = 300,
    FROM_DAY = 20000,
    ROWS_MOST = 4000
};

static const char *const contracts[PLACES] = {"C1", "C2"};
static const char *const values[VALUES] = {"", "a", "b", "c", "d", "e", ""}; /* the last: all others */
static const enum class classes[CLASSES] = {CLASS_OK, CLASS_BOT};

/* So many clicks of each: now, and in the period before. */
static int64_t n_of[2][PLACES][DAYS][VALUES][CLASSES][QUARTERS];

static struct asked {
    struct report_asked a;
    enum group time; /* GROUPS: none */
    bool by_contract, by_class, by_value;
    int value;         /* of the filter; -1: none */
    int first, behind; /* quarters of the days */
} q;

static void ask(void)
{
    memset(&q, 0, sizeof q);
    q.a = (struct report_asked){.class = one_in(4) ? (int)CLASS_BOT : -1, .status = -1, .reason = -1};
    q.time = one_in(2) ? GROUPS : one_in(2) ? GROUP_DAY : GROUP_HOUR;
    q.by_contract = one_in(2);
    q.by_class = one_in(2);
    q.by_value = !one_in(3);
    q.value = one_in(4) ? (int)below(REST) : -1;
    q.first = one_in(3) ? 0 : (int)below(DAYS * QUARTERS);
    q.behind = one_in(3) ? DAYS * QUARTERS : q.first + 1 + (int)below((uint64_t)(DAYS * QUARTERS - q.first));
    if (q.by_class)
        q.a.group[q.a.n++] = GROUP_CLASS;
    if (q.by_value)
        q.a.group[q.a.n++] = GROUP_VALUE;
    if (q.time != GROUPS)
        q.a.group[q.a.n++] = q.time;
    if (q.by_contract)
        q.a.group[q.a.n++] = GROUP_CONTRACT;
    q.a.dimension = q.by_value || q.value >= 0 ? DIMENSION_SUB1 : DIMENSION_ALL;
    q.a.values = one_in(2) ? 1 + below(4) : 1000;
    q.a.compare = q.time == GROUPS && one_in(2);
    q.a.by_value = q.value >= 0;
    q.a.value = span_str(q.value >= 0 ? values[q.value] : "");
}

/* ---- cells ---- */

static void feed_cell(struct report *r, bool before, int place, int day, int from, int to)
{
    const bool all = to - from == VALUES;
    struct cell_key k = {.contract = (uint32_t)place + 1,
                         .dimension = all ? DIMENSION_ALL : DIMENSION_SUB1,
                         .day = FROM_DAY + (uint32_t)day,
                         .named = from != REST,
                         .value = span_str(all ? "" : values[from])};
    struct report_day times = {.whole = true};
    struct buf b;
    buf_heap(&b);
    if (!k.named)
        buf_be32(&b, 1000);
    const size_t head = b.len;
    for (int c = 0; c < CLASSES; c++) {
        struct count count[QUARTERS];
        for (int i = 0; i < QUARTERS; i++) {
            count[i] =
                (struct count){.number = count_number(&(struct count_what){.kind = COUNT_CLICKS, .class = classes[c]}),
                               .quarter = (uint8_t)i};
            for (int v = from; v < to; v++)
                count[i].n += n_of[before][place][day][v][c][i];
        }
        counts_write(&b, count, QUARTERS);
    }
    for (int i = 0; i < QUARTERS; i++) {
        const int at = day * QUARTERS + i;
        times.time[i] = at >= q.first && at < q.behind
                            ? report_time(&q.a, (int64_t)(FROM_DAY + day) * MS_PER_DAY + (int64_t)i * QUARTER_MS, 0)
                            : REPORT_OUT;
        times.whole &= times.time[i] == times.time[0];
    }
    if (b.len > head)
        assert_ok(report_cell(r, &k, buf_span(&b), &times));
    buf_free(&b);
}

/* In the order in which the table has them. */
static void feed(struct report *r, bool before, int place)
{
    report_at(r, &(struct report_place){SPAN("A"), span_str(contracts[place]), SPAN("P"), SPAN("EUR")}, before);
    for (int day = 0; q.value <= 0 && day < DAYS; day++)
        feed_cell(r, before, place, day, 0, VALUES);
    for (int day = 0; q.a.dimension != DIMENSION_ALL && day < DAYS; day++) {
        if (q.value <= 0)
            feed_cell(r, before, place, day, REST, VALUES);
        for (int v = 1; v < REST; v++)
            if (q.value <= 0 || q.value == v)
                feed_cell(r, before, place, day, v, v + 1);
    }
}

/* ---- plain sums ---- */

static struct told {
    char key[64];
    int64_t n[2];
} want[ROWS_MOST];
static size_t n_want;

static struct told *told(const char *contract, const char *class, const char *when, const char *value, bool other)
{
    struct told t = {.n = {0}};
    snprintf(t.key, sizeof t.key, "%s|%s|%s|%s|%d", contract, class, when, value, other);
    for (size_t i = 0; i < n_want; i++)
        if (strcmp(want[i].key, t.key) == 0)
            return &want[i];
    assert_true(n_want < ROWS_MOST);
    want[n_want] = t;
    return &want[n_want++];
}

/* Whether fewer than those asked for are larger. */
static bool has_row(const int64_t *size, int v)
{
    size_t larger = 0;
    for (int i = 1; i < REST; i++)
        larger += size[i] > 0 && (size[i] >> 32 > size[v] >> 32 || (size[i] >> 32 == size[v] >> 32 && i < v));
    return larger < q.a.values;
}

static void when_text(char out[32], int day, int quarter)
{
    time_t at = (time_t)(FROM_DAY + day) * 86400 + (time_t)quarter * 900;
    struct tm tm;
    gmtime_r(&at, &tm);
    strftime(out, 32, q.time == GROUPS ? "" : q.time == GROUP_DAY ? "%Y-%m-%d" : "%Y-%m-%dT%H:00+00:00", &tm);
}

static void each_fact(void (*take)(const int at[6], int64_t n, void *), void *ctx)
{
    int at[6];
    for (at[0] = 0; at[0] <= q.a.compare; at[0]++)
        for (at[1] = 0; at[1] < PLACES; at[1]++)
            for (at[2] = 0; at[2] < DAYS; at[2]++)
                for (at[3] = 0; at[3] < VALUES; at[3]++)
                    for (at[4] = 0; at[4] < CLASSES; at[4]++)
                        for (at[5] = 0; at[5] < QUARTERS; at[5]++) {
                            int64_t n = n_of[at[0]][at[1]][at[2]][at[3]][at[4]][at[5]];
                            int quarter = at[2] * QUARTERS + at[5];
                            if (n != 0 && quarter >= q.first && quarter < q.behind &&
                                (q.value < 0 || q.value == at[3]) &&
                                (q.a.class < 0 || (enum class)q.a.class == classes[at[4]]))
                                take(at, n, ctx);
                        }
}

static void take_size(const int at[6], int64_t n, void *ctx)
{
    int64_t *size = ctx;
    size[at[3]] += 1 + (at[0] == 0 ? n << 32 : 0); /* one that there was in the period before alone is there too */
}

static void take_fact(const int at[6], int64_t n, void *ctx)
{
    const int v = at[3];
    const bool other = q.by_value && (v == REST || (v > 0 && !has_row(ctx, v)));
    char when[32];
    when_text(when, at[2], at[5]);
    told(q.by_contract ? contracts[at[1]] : "", q.by_class ? class_word(classes[at[4]]) : "", when,
         q.by_value && !other ? values[v] : "", other)
        ->n[at[0]] += n;
}

/* ---- */

static const char *text_of(json_t *row, const char *group)
{
    const char *s = json_string_value(json_object_get(json_object_get(row, "key"), group));
    return s != NULL ? s : "";
}

static int64_t clicks_of(json_t *row)
{
    return json_integer_value(json_object_get(json_object_get(row, "clicks"), "total"));
}

static int class_rank(const char *word)
{
    for (int i = 0; i < CLASSES; i++)
        if (strcmp(word, class_word(classes[i])) == 0)
            return 1 + (int)classes[i];
    return 0;
}

/* As the groups are asked for; what has no value first, all other values last. */
static int order(json_t *a, json_t *b)
{
    int by = 0;
    for (size_t i = 0; i < q.a.n && by == 0; i++) {
        const char *name = report_group_name(&q.a, i), *x = text_of(a, name), *y = text_of(b, name);
        if (q.a.group[i] == GROUP_VALUE)
            by = json_is_true(json_object_get(a, "other")) - json_is_true(json_object_get(b, "other"));
        if (by == 0)
            by = q.a.group[i] == GROUP_CLASS ? class_rank(x) - class_rank(y) : strcmp(x, y);
    }
    return by;
}

static void assert_rows(struct report *r)
{
    struct problem p;
    struct buf text;
    json_error_t why;
    int64_t size[VALUES] = {0};
    buf_heap(&text);
    assert_ok(report_json(r, &(struct report_head){.timezone = SPAN("UTC"), .to_ms = INT64_MAX}, &text, &p));
    json_t *all = json_loadb(text.ptr, text.len, 0, &why), *rows = json_object_get(all, "rows"), *row;
    assert_non_null(all);
    n_want = 0;
    each_fact(take_size, size);
    each_fact(take_fact, size);
    size_t i, n = n_want;
    json_array_foreach(rows, i, row)
    {
        const char *when = text_of(row, q.time == GROUP_DAY ? "day" : "hour");
        const struct told *t = told(text_of(row, "contract"), text_of(row, "class"), when, text_of(row, "sub1"),
                                    json_is_true(json_object_get(row, "other")));
        if (n_want != n)
            fail_msg("a row %s that nothing was counted in", want[n].key);
        if (i > 0)
            assert_true(order(json_array_get(rows, i - 1), row) < 0);
        assert_int_equal(clicks_of(row), t->n[0]);
        assert_int_equal(clicks_of(json_object_get(row, "before")), t->n[1]);
    }
    assert_int_equal(json_array_size(rows), n);
    json_decref(all);
    buf_free(&text);
}

static void rows_are_the_plain_sums(void **state)
{
    (void)state;
    for (int round = 0; round < 60; round++) {
        memset(n_of, 0, sizeof n_of);
        for (int i = 0; i < FACTS; i++)
            n_of[below(2)][below(PLACES)][below(DAYS)][one_in(2) ? below(VALUES) : below(3)][below(CLASSES)]
                [below(QUARTERS)] += 1 + (int64_t)below(1 + below(200));
        for (int i = 0; i < 20; i++) {
            ask();
            struct report *r = report_open(&q.a);
            for (int before = 0; before <= q.a.compare; before++)
                for (int place = 0; place < PLACES; place++)
                    feed(r, before, place);
            assert_rows(r);
            report_close(r);
        }
    }
}

/* ---- models ---- */

/* A day of so many leads that one click each led to, and of so many clicks. */
static void feed_leads(struct report *r, const char *publisher, enum status status, int64_t leads, int64_t clicks)
{
    const struct cell_key k = {.contract = 1, .dimension = DIMENSION_ALL, .day = FROM_DAY, .named = true};
    const struct count c[] = {
        {.number = count_number(&(struct count_what){.kind = COUNT_CLICKS}), .n = clicks},
        {.number = count_number(&(struct count_what){.kind = COUNT_LEADS, .status = status}), .n = leads, .micros = 7}};
    struct report_day times = {.whole = true};
    struct buf b;
    buf_heap(&b);
    counts_write(&b, &c[0], 1);
    counts_write(&b, &c[1], 1);
    report_at(r, &(struct report_place){SPAN("A"), SPAN("C"), span_str(publisher), SPAN("EUR")}, false);
    assert_ok(report_cell(r, &k, buf_span(&b), &times));
    buf_free(&b);
}

/* More than what its sums hold is refused, and what they hold goes: both by the last lead. */
static void markov_takes_as_many_leads_as_its_sums_hold(void **state)
{
    static const struct {
        int64_t leads, lost, clicks;
        enum err err;
    } of[] = {{9000000, 0, 1, ERR_OK},
              {8999999, 1, 1, ERR_OK},
              {1, 8999999, 1, ERR_OK},
              {9000000, 1, 1, ERR_INVALID},
              {1, 9000000, 1, ERR_INVALID},
              {1, 1, INT64_C(80000000), ERR_OK},
              {1, 1, INT64_C(90000000), ERR_INVALID}};
    (void)state;
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        const struct report_asked a = {.group = {GROUP_PUBLISHER},
                                       .n = 1,
                                       .class = -1,
                                       .status = -1,
                                       .reason = -1,
                                       .model = REPORT_MARKOV,
                                       .values = 1000};
        struct report *r = report_open(&a);
        struct problem p;
        struct buf text;
        buf_heap(&text);
        feed_leads(r, "P1", STATUS_APPROVED, of[i].leads, of[i].clicks);
        feed_leads(r, "P2", STATUS_REJECTED, of[i].lost, of[i].clicks);
        enum err err = report_json(r, &(struct report_head){.timezone = SPAN("UTC"), .to_ms = INT64_MAX}, &text, &p);
        assert_int_equal(err, of[i].err);
        if (err == ERR_OK) {
            json_error_t why;
            json_t *all = json_loadb(text.ptr, text.len, 0, &why);
            json_t *total = json_array_get(json_object_get(all, "totals"), 0);
            assert_int_equal(json_integer_value(json_object_get(json_object_get(total, "credit"), "total")),
                             of[i].leads * 1000000);
            assert_int_equal(json_integer_value(json_object_get(total, "lead_micros")), of[i].leads > 0 ? 7 : 0);
            json_decref(all);
        } else {
            assert_string_equal(p.field, "from");
        }
        buf_free(&text);
        report_close(r);
    }
}

int main(void)
{
    chance_seed();
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_are_the_plain_sums),
                                       cmocka_unit_test(markov_takes_as_many_leads_as_its_sums_hold)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
