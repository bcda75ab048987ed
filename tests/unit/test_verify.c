#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/mirror.h"

/* What one run reported. */
struct told {
    enum verdict verdict[16];
    char check[16][24], sentence[16][400];
    size_t n;
};

static void take(void *ctx, const char *check, enum verdict v, const char *sentence)
{
    struct told *t = ctx;
    assert_true(t->n < 16);
    t->verdict[t->n] = v;
    snprintf(t->check[t->n], sizeof t->check[0], "%s", check);
    snprintf(t->sentence[t->n], sizeof t->sentence[0], "%s", sentence);
    t->n++;
}

static enum verdict verify(struct story *s, struct told *t)
{
    struct mirror m = story_mirror(s);
    t->n = 0;
    return verify_mirror(&m, take, t);
}

static void print(const struct told *t)
{
    for (size_t i = 0; i < t->n; i++)
        print_message("%s %d %s\n", t->check[i], (int)t->verdict[i], t->sentence[i]);
}

static enum verdict verdict_of(const struct told *t, const char *check)
{
    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->check[i], check) == 0)
            return t->verdict[i];
    fail_msg("no check is called %s", check);
    return FAILS;
}

static struct story *written(struct story *s)
{
    write_logs(s);
    return s;
}

static void assert_holds(struct story *s)
{
    struct told t;
    if (verify(s, &t) != HOLDS) {
        print(&t);
        fail_msg("an honest mirror must hold");
    }
}

static void test_honest_mirror_holds(void **state)
{
    (void)state;
    struct story *told[] = {story_short(), story_long(0), story_long(300)};
    for (size_t i = 0; i < 3; i++) {
        write_logs(told[i]);
        assert_holds(told[i]);
        story_free(told[i]);
    }
}

static void test_report_is_one_line_per_check_in_order(void **state)
{
    (void)state;
    static const char *const order[] = {"keys",       "checkpoint", "tree",  "entries",   "decisions", "openings",
                                        "statements", "lines",      "heads", "responses", "rootlog",   "files"};
    struct story *s = written(story_short());
    struct told t;
    assert_int_equal(verify(s, &t), HOLDS);
    assert_int_equal(t.n, sizeof order / sizeof order[0]);
    for (size_t i = 0; i < t.n; i++) {
        assert_string_equal(t.check[i], order[i]);
        assert_true(t.sentence[i][0] != '\0');
    }
    story_free(s);
}

/* One bit of every step-th byte of every file in turn. */
static void flip_all(struct story *s, size_t step)
{
    struct told t;
    size_t flips = 0;
    for (size_t f = 0; f < s->n_files; f++) {
        struct buf *b = &s->file[f].bytes;
        for (size_t i = flips % step; i < b->len; i += step, flips++) {
            char bit = (char)(1 << (i % 7 + (i % 7 > 4)));
            b->ptr[i] ^= bit;
            if (verify(s, &t) != FAILS) {
                print(&t);
                fail_msg("a flipped bit of byte %zu of %s was not caught", i, s->file[f].path);
            }
            b->ptr[i] ^= bit;
        }
    }
    assert_holds(s);
    print_message("%zu flips caught\n", flips);
}

static void test_every_changed_byte_is_caught(void **state)
{
    (void)state;
    struct story *s = written(story_short());
    flip_all(s, 1);
    story_free(s);
}

static void test_changed_bytes_of_a_long_story_are_caught(void **state)
{
    (void)state;
    struct story *s = written(story_long(0));
    flip_all(s, 29);
    story_free(s);
}

static void test_changed_bytes_of_full_tiles_are_caught(void **state)
{
    (void)state;
    struct story *s = written(story_long(300));
    flip_all(s, 499);
    story_free(s);
}

static void test_missing_file_cannot_be_told(void **state)
{
    (void)state;
    struct story *s = written(story_short());
    for (size_t f = 0; f < s->n_files; f++) {
        struct told t;
        s->file[f].gone = true;
        if (verify(s, &t) != CANNOT_TELL) {
            print(&t);
            fail_msg("without %s nothing is proved wrong, and not all can hold", s->file[f].path);
        }
        s->file[f].gone = false;
    }
    assert_holds(s);
    story_free(s);
}

static void test_strange_file_is_found(void **state)
{
    (void)state;
    static const char *const strange[] = {"log/" CONTRACT "/tile/0/000.p/3", "v1/statements/S3.jws", "log/C2/openings",
                                          "README"};
    for (size_t i = 0; i < sizeof strange / sizeof strange[0]; i++) {
        struct story *s = written(story_short());
        struct told t;
        buf_str(story_file(s, strange[i]), "x");
        assert_int_equal(verify(s, &t), FAILS);
        assert_int_equal(verdict_of(&t, "files"), FAILS);
        story_free(s);
    }
}

static void test_empty_folder_cannot_be_told(void **state)
{
    (void)state;
    struct story s = {.n_files = 0};
    struct told t;
    assert_int_equal(verify(&s, &t), CANNOT_TELL);
}

/* The operator signs whatever it likes, and everything fits together but the decisions: a lead's entry is written
 * otherwise before the log is built. */
struct lie {
    const char *what, *check;
    void (*tell)(struct story *s);
};

static void lie_lead(struct story *s)
{
    uint64_t click = tell_click(s, CLASS_OK);
    struct private_part priv = {.lead = true, .contact = SPAN("{}")};
    struct entry e = {.kind = ENTRY_LEAD,
                      .at_ms = s->now_ms,
                      .lead = {.party = SPAN("P1"),
                               .txid = SPAN("x"),
                               .claimed = true,
                               .has_click = true,
                               .click = click,
                               .clicked_ms = s->now_ms - 1000,
                               .placement = 1,
                               .given = CONTACT_EMAIL,
                               .status = STATUS_REJECTED,
                               .reason = REASON_OUTSIDE_WINDOW,
                               .tier = -1}};
    private_commit(&priv, &e.lead.commit);
    opening_write(&s->openings, s->n, &priv, (struct opening_scope){.contact = true});
    buf_byte(&s->openings, '\n');
    tell(s, &e, &priv);
}

static void lie_view(struct story *s)
{
    tell_view(s, true, 0);
}

static void lie_response(struct story *s)
{
    tell_response(s, 1); /* a second answer of the publisher to the second statement */
}

static void lie_disposition_of_publisher(struct story *s)
{
    uint64_t click = tell_click(s, CLASS_OK), lead = tell_lead(s, click, 9);
    struct view v = world_view(&s->world);
    struct disposition_report r = {.party = SPAN("P1"), .trust = TRUST_SIGNED, .status = STATUS_APPROVED, .lead = lead};
    struct lead_row row;
    struct entry e;
    bool same;
    assert_true(row_lead(&v, 1, lead, &row));
    assert_int_equal(decide_disposition(0, &r, &row, s->now_ms, &e, &same, NULL), ERR_OK);
    tell(s, &e, NULL);
}

static void lie_statement_tally(struct story *s)
{
    s->tally.click_micros += 5000000;
    tell_statement(s);
}

static void lie_statement_carried(struct story *s)
{
    s->carried_micros += 1;
    tell_statement(s);
}

static void lie_overdue(struct story *s)
{
    uint64_t click = tell_click(s, CLASS_OK);
    tell_lead(s, click, 8);
    s->now_ms += 15 * MS_PER_DAY;
    tell_statement(s);
}

static void lie_unpublished_head(struct story *s)
{
    struct tile_builder root = s->root;
    struct hash other = {{1}};
    tell_statement(s);
    s->root.frontier = root.frontier;
    s->root.width[0] = root.width[0];
    s->root_bundle.len -= 2 + HASH_LEN;
    bundle_add(&s->root_bundle, span_of(other.b, HASH_LEN));
    merkle_leaf(span_of(other.b, HASH_LEN), &other);
    tile_builder_leaf(&s->root, &other);
}

static void test_signed_lies_are_found(void **state)
{
    (void)state;
    static const struct lie lies[] = {
        {"a lead refused without reason", "decisions", lie_lead},
        {"a view of no click", "entries", lie_view},
        {"a second answer", "responses", lie_response},
        {"a publisher approves its own lead", "decisions", lie_disposition_of_publisher},
        {"traffic that never was", "statements", lie_statement_tally},
        {"a remainder that is not carried", "statements", lie_statement_carried},
        {"an approval kept back", "decisions", lie_overdue},
        {"a head shown to nobody else", "heads", lie_unpublished_head},
    };
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        struct story *s = story_long(0);
        struct told t;
        lies[i].tell(s);
        write_logs(s);
        if (verify(s, &t) != FAILS || verdict_of(&t, lies[i].check) != FAILS || verdict_of(&t, "tree") != HOLDS) {
            print(&t);
            fail_msg("%s: not found by %s", lies[i].what, lies[i].check);
        }
        story_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_honest_mirror_holds),
        cmocka_unit_test(test_report_is_one_line_per_check_in_order),
        cmocka_unit_test(test_every_changed_byte_is_caught),
        cmocka_unit_test(test_changed_bytes_of_a_long_story_are_caught),
        cmocka_unit_test(test_changed_bytes_of_full_tiles_are_caught),
        cmocka_unit_test(test_missing_file_cannot_be_told),
        cmocka_unit_test(test_strange_file_is_found),
        cmocka_unit_test(test_empty_folder_cannot_be_told),
        cmocka_unit_test(test_signed_lies_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
