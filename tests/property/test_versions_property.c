/* Which terms bind when, against a model that keeps every version that ever was and asks each of them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/decisions/versions.h"
#include "tests/support/chance.h"
#include "tests/support/ok.h"

enum { STORY = 60, LONG = 1000 };

/* The model: one array, nothing is ever taken out of it. */
struct told {
    int64_t at_ms, effective_ms, from_ms;
    bool void_; /* it never binds: another came in its place before its time */
    bool lacks; /* assents, so far */
    bool given[2];
    bool asked; /* for assents */
    bool back[2];
};
struct model {
    struct told v[STORY];
    size_t n;
};

static bool waits(const struct model *m, size_t i, int64_t at_ms)
{
    return !m->v[i].void_ && !m->v[i].lacks && m->v[i].from_ms > at_ms;
}

static bool model_takes(const struct model *m, int64_t at_ms, int64_t effective_ms, bool on_assent)
{
    size_t waiting = 0;
    int64_t last_ms = 0;
    for (size_t i = 0; i < m->n; i++)
        if (waits(m, i, at_ms)) {
            waiting++;
            last_ms = m->v[i].from_ms;
        }
    if (effective_ms == 0)
        return !on_assent || waiting == 0;
    if (m->n == 0 || effective_ms <= at_ms || effective_ms < last_ms)
        return false;
    return (effective_ms == last_ms && !on_assent) || waiting < LIMIT_WAITING;
}

static void model_add(struct model *m, int64_t at_ms, int64_t effective_ms, bool on_assent)
{
    for (size_t i = 0; i < m->n; i++) {
        bool replaced = waits(m, i, at_ms) && !on_assent && (effective_ms == 0 || m->v[i].from_ms == effective_ms);
        if (m->v[i].lacks || replaced)
            m->v[i].void_ = true;
        m->v[i].lacks = false;
    }
    m->v[m->n++] = (struct told){.at_ms = at_ms,
                                 .effective_ms = effective_ms,
                                 .from_ms = effective_ms ? effective_ms : at_ms,
                                 .lacks = on_assent,
                                 .asked = on_assent};
}

/* Whether the party's assent is taken. */
static bool model_assent(struct model *m, size_t i, size_t side, int64_t at_ms)
{
    struct told *t = &m->v[i];
    for (size_t later = i + 1; later < m->n; later++) /* one that binds ends those before it */
        if (!m->v[later].void_ && !m->v[later].lacks && m->v[later].from_ms <= at_ms)
            return false;
    if (t->void_ || t->given[side])
        return false;
    t->given[side] = true;
    if (t->lacks && t->given[0] && t->given[1]) {
        t->lacks = false;
        t->from_ms = t->effective_ms > at_ms ? t->effective_ms : at_ms;
    }
    return true;
}

/* The last that may bind later; m->n: there is none. */
static size_t model_last(const struct model *m, int64_t at_ms)
{
    for (size_t i = m->n; i-- > 0;)
        if (!m->v[i].void_)
            return m->v[i].lacks || m->v[i].from_ms > at_ms ? i : m->n;
    return m->n;
}

/* Whether there is anything in front of it that goes on. */
static bool model_falls_back(const struct model *m, size_t i)
{
    while (i-- > 0)
        if (!m->v[i].void_ && !m->v[i].lacks)
            return true;
    return false;
}

/* Whether it is taken; side 2: by the word of who may change terms. */
static bool model_withdraw(struct model *m, size_t i, size_t side, int64_t at_ms)
{
    struct told *t = &m->v[i];
    bool agreed = t->asked && t->given[0] && t->given[1];
    if (model_last(m, at_ms) != i || !model_falls_back(m, i) || agreed != (side < 2) || (side < 2 && t->back[side]))
        return false;
    if (side < 2)
        t->back[side] = true;
    t->void_ = side == 2 || (t->back[0] && t->back[1]);
    return true;
}

/* The number of the version that binds an entry of that time, behind all that was told so far. */
static int64_t model_at(const struct model *m, int64_t at_ms)
{
    int64_t found = 0;
    for (size_t i = 0; i < m->n; i++)
        if (!m->v[i].void_ && !m->v[i].lacks && m->v[i].from_ms <= at_ms)
            found = (int64_t)i + 1;
    return found;
}

static void compare(const struct versions *vs, const struct model *m, int64_t now_ms)
{
    for (int64_t at_ms = now_ms; at_ms < now_ms + 40; at_ms++) {
        const struct version *before = versions_before(vs, now_ms, at_ms + 1);
        assert_int_equal(versions_at(vs, at_ms)->number, model_at(m, at_ms));
        assert_int_equal(before != NULL ? before->number : 0, model_at(m, at_ms));
    }
    assert_int_equal(versions_before(vs, now_ms, 0)->number, model_at(m, now_ms));
    assert_int_equal(vs->made, (int64_t)m->n);
    size_t last = m->n;
    while (last > 1 && m->v[last - 1].void_)
        last--;
    assert_int_equal(versions_newest(vs)->number, (int64_t)last);
    assert_true(vs->n <= VERSIONS_MAX);
    for (size_t i = 1; i < vs->n; i++)
        assert_true(vs->v[i - 1].from_ms <= vs->v[i].from_ms && vs->v[i - 1].number < vs->v[i].number);
}

static void run(unsigned *refused, unsigned *at_capacity, unsigned *withdrawn)
{
    struct versions vs = {.n = 0}, gone;
    struct model m = {.n = 0};
    const uint64_t pace = 1 + below(6), ahead = 10 + below(90), late = 1 + below(3);
    int64_t now_ms = 1000;
    size_t kept = 0, left = 0;
    while (m.n < STORY) {
        now_ms += (int64_t)below(pace);
        int64_t effective_ms = one_in(20 * late) || m.n == 0 ? 0 : now_ms - 2 + (int64_t)below(ahead);
        bool on_assent = m.n > 0 && one_in(3);
        struct version next = {.number = (int64_t)m.n + 1, .index = m.n, .at_ms = now_ms, .on_assent = on_assent};
        bool takes = model_takes(&m, now_ms, effective_ms, on_assent);
        const struct versions before = vs;
        enum err err = versions_add(&vs, &next, effective_ms, &gone, NULL);
        assert_int_equal(err == ERR_OK, takes);
        if (err != ERR_OK) {
            assert_memory_equal(&before, &vs, sizeof vs); /* nothing happened */
            *refused += 1;
        } else {
            model_add(&m, now_ms, effective_ms, on_assent);
            left += gone.n;
            kept++;
        }
        if (m.n == 0)
            continue;
        for (int i = 0; i < 3; i++) {
            size_t version = m.n - 1 - below(m.n < 3 ? m.n : 3), side = below(2);
            now_ms += (int64_t)below(2);
            bool given = model_assent(&m, version, side, now_ms);
            assert_int_equal(versions_assent(&vs, (int64_t)version + 1, 1u << side, now_ms) == ERR_OK, given);
        }
        for (int i = 0; i < 2; i++) {
            size_t version = m.n - 1 - below(m.n < 3 ? m.n : 3), side = below(3);
            now_ms += (int64_t)below(2);
            bool taken = model_withdraw(&m, version, side, now_ms);
            unsigned bit = side < 2 ? 1u << side : 0;
            assert_int_equal(versions_withdraw(&vs, (int64_t)version + 1, bit, now_ms, &gone, NULL) == ERR_OK, taken);
            left += taken ? gone.n : 0;
            *withdrawn += taken && gone.n > 0;
        }
        *at_capacity += vs.n == VERSIONS_MAX;
        compare(&vs, &m, now_ms);
        assert_int_equal(vs.n + left, kept); /* each is kept, or was handed out once */
    }
}

static void the_model_is_followed(void **state)
{
    (void)state;
    unsigned refused = 0, at_capacity = 0, withdrawn = 0;
    for (int i = 0; i < LONG; i++)
        run(&refused, &at_capacity, &withdrawn);
    assert_true(refused > LONG && at_capacity > 0 && withdrawn > LONG); /* the walk goes where it is interesting */
}

static void refusals_name_the_member_and_the_cure(void **state)
{
    (void)state;
    struct versions vs = {.n = 0};
    struct problem p = {0};
    const struct version first = {.number = 1, .at_ms = 1000}, next = {.number = 2, .at_ms = 2000};
    assert_ok(versions_add(&vs, &first, 0, NULL, NULL));
    assert_int_equal(versions_add(&vs, &next, 2000, NULL, &p), ERR_INVALID);
    assert_string_equal(p.field, "effective_at");
    assert_ok(versions_add(&vs, &next, 5000, NULL, NULL));
    assert_int_equal(versions_add(&vs, &next, 4999, NULL, &p), ERR_CONFLICT);
    assert_string_equal(p.field, "effective_at");
    assert_non_null(strstr(p.detail, "1970-01-01T00:00:05.000Z"));
    assert_int_equal(versions_at(&vs, 4999)->number, 1);
    assert_int_equal(versions_at(&vs, 5000)->number, 2);
}

static void a_first_version_binds_nobody_until_both_have_assented(void **state)
{
    (void)state;
    struct versions vs = {.n = 0};
    const struct version first = {.number = 1, .at_ms = 1000, .on_assent = true, .both = true};
    struct version next = {.number = 2, .at_ms = 2000};
    assert_true(versions_ask(&vs, &first));
    assert_ok(versions_add(&vs, &first, 0, NULL, NULL));
    assert_ok(versions_assent(&vs, 1, SIDE_PUBLISHER, 1500));
    assert_int_equal(versions_assent(&vs, 1, SIDE_PUBLISHER, 1600), ERR_CONFLICT);
    assert_false(versions_bind(&vs, 9000));
    assert_true(versions_ask(&vs, &next)); /* though it says the same: nothing is in force */
    assert_ok(versions_assent(&vs, 1, SIDE_ADVERTISER, 1700));
    assert_true(versions_bind(&vs, 1700) && versions_bind(&vs, 0)); /* also by a clock that was set back */
    assert_false(versions_ask(&vs, &next));
    next.says.b[0] = 1;
    assert_true(versions_ask(&vs, &next));
}

static void what_is_withdrawn_is_over_and_what_is_in_force_is_not_withdrawn(void **state)
{
    (void)state;
    struct versions vs = {.n = 0};
    struct problem p = {0};
    const struct version first = {.number = 1, .at_ms = 1000}, next = {.number = 2, .at_ms = 2000},
                         third = {.number = 3, .at_ms = 3000, .on_assent = true};
    assert_ok(versions_add(&vs, &first, 0, NULL, NULL));
    assert_int_equal(versions_withdraw(&vs, 2, 0, 1500, NULL, &p), ERR_NOT_FOUND);
    assert_ok(versions_add(&vs, &next, 5000, NULL, NULL));
    assert_ok(versions_add(&vs, &third, 6000, NULL, NULL));
    assert_int_equal(versions_withdraw(&vs, 1, 0, 3000, NULL, &p), ERR_CONFLICT);
    assert_string_equal(p.detail, "is in force: a change of terms takes its place");
    assert_int_equal(versions_withdraw(&vs, 2, 0, 3000, NULL, &p), ERR_CONFLICT);
    assert_string_equal(p.detail, "has version 3 behind it: withdraw that first");
    assert_ok(versions_assent(&vs, 3, SIDE_PUBLISHER, 3100));
    assert_int_equal(versions_withdraw(&vs, 3, SIDE_PUBLISHER, 3200, NULL, &p), ERR_FORBIDDEN);
    assert_ok(versions_assent(&vs, 3, SIDE_ADVERTISER, 3300));
    assert_int_equal(versions_withdraw(&vs, 3, 0, 3400, NULL, &p), ERR_FORBIDDEN);
    assert_ok(versions_withdraw(&vs, 3, SIDE_PUBLISHER, 3500, NULL, &p));
    assert_int_equal(versions_at(&vs, 6000)->number, 3); /* one word alone changes nothing */
    assert_ok(versions_withdraw(&vs, 3, SIDE_ADVERTISER, 3600, NULL, &p));
    assert_int_equal(versions_at(&vs, 6000)->number, 2);
    const struct versions before = vs;
    assert_int_equal(versions_withdraw(&vs, 2, 0, 5000, NULL, &p), ERR_CONFLICT); /* its time has come */
    assert_memory_equal(&before, &vs, sizeof vs);
    assert_ok(versions_withdraw(&vs, 2, 0, 4999, NULL, &p));
    assert_int_equal(versions_withdraw(&vs, 2, 0, 4999, NULL, &p), ERR_CONFLICT);
    assert_string_equal(p.detail, "binds no more: there is nothing to withdraw");
    assert_int_equal(vs.made, 3);
}

int main(void)
{
    chance_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_model_is_followed),
        cmocka_unit_test(a_first_version_binds_nobody_until_both_have_assented),
        cmocka_unit_test(what_is_withdrawn_is_over_and_what_is_in_force_is_not_withdrawn),
        cmocka_unit_test(refusals_name_the_member_and_the_cure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
