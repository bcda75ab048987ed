/* What is typed into a form becomes the body of a call by its table alone, or the field is named that does not do. */
#include <stdlib.h>

#include "server/pages/act.h"
#include "tests/support/ok.h"
#include "tests/support/spans.h"

static const struct act_field fields[] = {
    {"name", "name", ACT_TEXT},
    {"days", "notice_days", ACT_INTEGER},
    {"price", "price.lead", ACT_MONEY},
    {"cap", "price.cap.day", ACT_INTEGER},
    {"open", "open", ACT_SWITCH},
    {"on", "on", ACT_LIST},
    {"from", "from", ACT_TIME},
    {"rules", "rules", ACT_JSON},
    {NULL},
};

static struct form form_of(const char *const (*pairs)[2])
{
    struct form f = {.n = 0};
    for (; (*pairs)[0] != NULL; pairs++)
        f.field[f.n++] = (struct field){span_str((*pairs)[0]), span_str((*pairs)[1])};
    return f;
}

static enum err body_of(const char *const (*pairs)[2], const struct act *a, char *out, size_t room, struct problem *p)
{
    struct arena *arena = arena_new();
    struct span body = SPAN("");
    struct form f = form_of(pairs);
    enum err err = act_body(a, &f, arena, &body, p);
    snprintf(out, room, "%.*s", (int)body.len, body.ptr);
    arena_free(arena);
    return err;
}

static void each_field_is_the_member_that_its_row_says(void **state)
{
    (void)state;
    static const struct {
        const char *pairs[6][2];
        const char *body;
    } rows[] = {
        {{{NULL}}, "{\"open\":false}"},
        {{{"name", "A \"b\" é"}, {"other", "x"}}, "{\"name\":\"A \\\"b\\\" é\",\"open\":false}"},
        {{{"name", "a\r\nb\rc\n"}}, "{\"name\":\"a\\nb\\rc\\n\",\"open\":false}"},
        {{{"name", ""}, {"days", " "}, {"open", "true"}}, "{\"open\":true}"},
        {{{"open", "false"}, {"days", "30"}}, "{\"notice_days\":30,\"open\":false}"},
        {{{"days", "-3"}}, "{\"notice_days\":-3,\"open\":false}"},
        {{{"price", "12.50"}, {"cap", "7"}}, "{\"price\":{\"lead\":12500000,\"cap\":{\"day\":7}},\"open\":false}"},
        {{{"price", " 12,5 "}}, "{\"price\":{\"lead\":12500000},\"open\":false}"},
        {{{"price", "0,125"}}, "{\"price\":{\"lead\":125000},\"open\":false}"},
        {{{"price", "1234.5"}}, "{\"price\":{\"lead\":1234500000},\"open\":false}"},
        {{{"on", "a, b\r\n\r\nc"}, {"on", "d"}}, "{\"open\":false,\"on\":[\"a\",\"b\",\"c\",\"d\"]}"},
        {{{"on", " , \n"}}, "{\"open\":false}"},
        {{{"from", "2027-01-31"}}, "{\"open\":false,\"from\":\"2027-01-31T00:00:00Z\"}"},
        {{{"from", "2027-01-31T12:05"}}, "{\"open\":false,\"from\":\"2027-01-31T12:05:00Z\"}"},
        {{{"from", "2027-01-31T12:05:00+02:00"}}, "{\"open\":false,\"from\":\"2027-01-31T12:05:00+02:00\"}"},
        {{{"rules", "[{\"a\":1}]"}}, "{\"open\":false,\"rules\":[{\"a\":1}]}"},
    };
    const struct act a = {.fields = fields};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char body[512];
        struct problem p = {{0}};
        assert_ok(body_of(rows[i].pairs, &a, body, sizeof body, &p));
        assert_string_equal(body, rows[i].body);
    }
}

static void what_does_not_do_names_its_member(void **state)
{
    (void)state;
    static const struct {
        const char *pairs[2][2];
        const char *member;
    } rows[] = {
        {{{"days", "1.5"}}, "notice_days"},      {{{"days", "1,000"}}, "notice_days"},
        {{{"days", "-"}}, "notice_days"},        {{{"days", "1234567890123456"}}, "notice_days"},
        {{{"price", "1,234"}}, "price.lead"},    {{{"price", "12,345"}}, "price.lead"},
        {{{"price", "1,234.50"}}, "price.lead"}, {{{"price", "1.0000001"}}, "price.lead"},
        {{{"price", "12 EUR"}}, "price.lead"},   {{{"from", "31.1.2027"}}, "from"},
        {{{"from", "2027-02-30"}}, "from"},      {{{"rules", "[1,"}}, "rules"},
        {{{"rules", "1},\"w\":{}"}}, "rules"},   {{{"rules", "1,\"w\":2"}}, "rules"},
        {{{"rules", "1.5"}}, "rules"},
    };
    const struct act a = {.fields = fields};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char body[512];
        struct problem p = {{0}};
        const char *pairs[][2] = {{rows[i].pairs[0][0], rows[i].pairs[0][1]}, {NULL}};
        assert_int_equal(body_of(pairs, &a, body, sizeof body, &p), ERR_INVALID);
        assert_string_equal(p.field, rows[i].member);
    }
}

static void add_rows(const struct form *f, json_t *body)
{
    json_object_set_new(body, "n", json_integer((json_int_t)f->n));
}

static void what_is_always_sent_is_sent_empty_and_more_is_added(void **state)
{
    (void)state;
    static const struct act_field all[] = {{"name", "name", ACT_TEXT, true}, {"on", "on", ACT_LIST, true}, {NULL}};
    const char *pairs[][2] = {{"name", ""}, {NULL}};
    char body[128];
    struct problem p = {{0}};
    assert_ok(body_of(pairs, &(struct act){.fields = all, .more = add_rows}, body, sizeof body, &p));
    assert_string_equal(body, "{\"name\":\"\",\"on\":[],\"n\":1}");
    assert_ok(body_of(pairs, &(struct act){.name = "none"}, body, sizeof body, &p));
    assert_string_equal(body, "{}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_field_is_the_member_that_its_row_says),
        cmocka_unit_test(what_does_not_do_names_its_member),
        cmocka_unit_test(what_is_always_sent_is_sent_empty_and_more_is_added),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
