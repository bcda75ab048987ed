/* common/base: writing and reading JSON. The property test of the two together is tests/property/test_json.c. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/json_read.h"
#include "common/base/limits.h"
#include "tests/support/spans.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void writes_canonical_bytes(void **state)
{
    struct buf b;
    struct jw w;
    (void)state;
    buf_heap(&b);
    jw_open(&w, &b);
    jw_object(&w);
    jw_key(&w, "A");
    jw_array(&w);
    jw_array_end(&w);
    jw_key(&w, "a");
    jw_array(&w);
    jw_int(&w, -JSON_INT_MAX);
    jw_bool(&w, true);
    jw_object(&w);
    jw_object_end(&w);
    jw_raw(&w, SPAN("{\"x\":1}"));
    jw_array_end(&w);
    jw_kb64url(&w, "aa", "\xff\xff", 2);
    jw_kbool(&w, "b", false);
    jw_khex(&w, "c", "\xff\x01", 2);
    jw_kint(&w, "d", 0);
    jw_kstr(&w, "e", SPAN("\b\t\n\f\r\"\\/\x01\x1f\x7f\xe2\x82\xac"));
    jw_object_end(&w);
    jw_close(&w);
    assert_span(
        buf_span(&b),
        "{\"A\":[],\"a\":[-9007199254740991,true,{},{\"x\":1}],\"aa\":\"__8\",\"b\":false,\"c\":\"ff01\",\"d\":0,"
        "\"e\":\"\\b\\t\\n\\f\\r\\\"\\\\/\\u0001\\u001f\x7f\xe2\x82\xac\"}");
    buf_free(&b);
}

/* RFC 8785, 3.2.2.2, byte by byte. */
static void quote_slowly(struct buf *out, const char *s, size_t len)
{
    static const char named[] = "\b\t\n\f\r", letters[] = "btnfr";
    buf_byte(out, '"');
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        const char *name = c != 0 ? strchr(named, c) : NULL;
        if (c == '"' || c == '\\')
            buf_byte(out, '\\'), buf_byte(out, c);
        else if (name != NULL)
            buf_byte(out, '\\'), buf_byte(out, (uint8_t)letters[name - named]);
        else if (c < 0x20)
            buf_printf(out, "\\u%04x", c);
        else
            buf_byte(out, c);
    }
    buf_byte(out, '"');
}

/* Texts are looked at in words that overlap: at whatever place of whatever length, no byte is passed over. */
static void every_byte_is_seen_at_every_place(void **state)
{
    enum { LONGEST = 26 };
    (void)state;
    for (size_t len = 0; len <= LONGEST; len++)
        for (size_t at = 0; at < (len ? len : 1); at++)
            for (int byte = 0; byte < 256; byte++) {
                char text[LONGEST];
                struct buf fast, slow;
                struct jw w;
                memset(text, byte % 3 ? '!' : '\xff', sizeof text); /* neighbours that a borrow could come from */
                text[at] = (char)byte;
                buf_heap(&fast), buf_heap(&slow);
                jw_open(&w, &fast);
                jw_str(&w, span_of(text, len));
                jw_close(&w);
                quote_slowly(&slow, text, len);
                if (!span_eq(buf_span(&fast), buf_span(&slow)))
                    fail_msg("byte %d at %zu of %zu", byte, at, len);
                buf_free(&fast), buf_free(&slow);
            }
}

/* What a caller must not do, each as a step of its own on an open object whose key "k" is written. */
static void key_twice(struct jw *w)
{
    jw_int(w, 1), jw_kint(w, "k", 2);
}
static void key_descends(struct jw *w)
{
    jw_int(w, 1), jw_kint(w, "b", 2);
}
static void key_is_a_prefix(struct jw *w)
{
    jw_int(w, 1), jw_kint(w, "", 2);
}
static void key_after_key(struct jw *w)
{
    jw_key(w, "l");
}
static void value_without_key(struct jw *w)
{
    jw_int(w, 1), jw_int(w, 2);
}
static void too_large(struct jw *w)
{
    jw_int(w, JSON_INT_MAX + 1);
}
static void too_small(struct jw *w)
{
    jw_int(w, -JSON_INT_MAX - 1);
}
static void wrong_end(struct jw *w)
{
    jw_int(w, 1), jw_array_end(w);
}
static void key_in_array(struct jw *w)
{
    jw_array(w), jw_key(w, "z");
}
static void end_after_key(struct jw *w)
{
    jw_object_end(w);
}
static void left_open(struct jw *w)
{
    jw_int(w, 1), jw_close(w);
}
static void two_values(struct jw *w)
{
    jw_int(w, 1), jw_object_end(w), jw_bool(w, true);
}
static void too_deep(struct jw *w)
{
    for (int i = 0; i < JSON_DEPTH; i++)
        jw_array(w);
}

static void misuse_of_the_writer_aborts(void **state)
{
    static void (*const misuses[])(struct jw *) = {
        key_twice, key_descends, key_is_a_prefix, key_after_key, value_without_key, too_large, too_small,
        wrong_end, key_in_array, end_after_key,   left_open,     two_values,        too_deep};
    (void)state;
    for (size_t i = 0; i < COUNT(misuses); i++) {
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            char mem[256];
            struct buf b;
            struct jw w;
            signal(SIGABRT, SIG_DFL);
            if (freopen("/dev/null", "w", stderr) == NULL)
                _exit(1);
            buf_fixed(&b, mem, sizeof mem);
            jw_open(&w, &b);
            jw_object(&w);
            jw_key(&w, "k");
            misuses[i](&w);
            _exit(0);
        }
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
            fail_msg("misuse %zu did not abort", i);
    }
}

static void refuses_what_is_not_our_json(void **state)
{
    static const struct {
        const char *text, *field;
    } bad[] = {
        {"", ""},
        {"[]", ""},
        {"1", ""},
        {"{", ""},
        {"{} {}", ""},
        {"{\"a\":1,\"a\":2}", ""},
        {"{\"a\":1.0}", "a"},
        {"{\"a\":{\"b\":[1,2e3]}}", "a.b[1]"},
        {"{\"a\":9007199254740992}", "a"},
        {"{\"a\":99999999999999999999}", "a"},
        {"{\"t\":\"99999999999999999999\",\"a\":{\"b\":[1,-9223372036854775809]}}", "a.b[1]"},
        {"{\"a\":[9223372036854775807,99999999999999999999]}", "a[0]"},
        {"{\"a\":{\"b\":1e999}}", "a.b"},
        {"{\"a\":99999999999999999999", ""},
        {"{\"a\":[null]}", "a[0]"},
        {"{\"a\":\"\\u0000\"}", ""},
        {"{\"a\":\"\\ud800\"}", "a"},
        {"{\"b\":[\"\\\\\\ud83d\\uDE00\"],\"a\":{\"c\":\"\\\\\\udFFFx\"}}", "a"},
        {"{\"a\":\"\\ud8\"}", ""},
        {"{\"a b\":\"\\ud83d\\n\"}", "a b"},
        {"{\"a\":\"\xff\"}", ""},
        {"{\"a\":\"\xed\xa0\x80\"}", ""},
        {"{'a':1}", ""},
        {"{\"a\":01}", ""},
        {"{\"a\":NaN}", ""},
        {"{\"a\":\"line\nbreak\"}", ""},
        {"{\"a\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}", "a[0][0][0][0][0][0][0][0][0][0][0][0][0][0][0]"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        json_t *v = NULL;
        struct problem p = {0};
        if (json_read(span_str(bad[i].text), &v, &p) != ERR_MALFORMED)
            fail_msg("taken: %s", bad[i].text);
        assert_null(v);
        assert_string_equal(p.field, bad[i].field);
        assert_true(p.detail[0]);
    }
}

/* A problem's field has room for so much; what is longer is cut, wherever the cut falls. */
static void long_paths_are_cut(void **state)
{
    (void)state;
    struct problem p;
    char text[400], key[200];
    for (int len = 1; len < (int)sizeof key; len++) {
        json_t *v = NULL;
        memset(key, 'a', sizeof key);
        snprintf(text, sizeof text, "{\"%.*s\":[[1.5]]}", len, key);
        memset(&p, 0, sizeof p);
        assert_int_equal(json_read(span_str(text), &v, &p), ERR_MALFORMED);
        char whole[256];
        snprintf(whole, sizeof whole, "%.*s[0][0]", len, key);
        assert_memory_equal(p.field, whole, strlen(p.field));
        assert_true(strlen(p.field) == strlen(whole) || strlen(p.field) >= sizeof p.field - 8);
    }
}

static void any_number_is_taken_where_asked_for(void **state)
{
    static const char *const taken[] = {"{\"a\":1.5}", "{\"a\":[{\"b\":-1e-3}],\"c\":9223372036854775807}"};
    static const char *const refused[] = {"[1.5]",
                                          "{\"a\":1.5,\"a\":2}",
                                          "{\"a\":1e999,}",
                                          "{\"a\":-}",
                                          "{\"a\":9223372036854775808,\"b\":01}",
                                          "{9223372036854775808:1}x",
                                          "{\"a\":9223372036854775808,\"b\":1.}"};
    json_t *v;
    struct problem p;
    (void)state;
    for (size_t i = 0; i < COUNT(taken); i++) {
        assert_int_equal(json_read(span_str(taken[i]), &v, &p), ERR_MALFORMED);
        assert_int_equal(json_read_any_number(span_str(taken[i]), &v, &p), ERR_OK);
        json_decref(v);
    }
    for (size_t i = 0; i < COUNT(refused); i++)
        assert_int_equal(json_read_any_number(span_str(refused[i]), &v, &p), ERR_MALFORMED);
}

static void a_number_that_fits_nothing_is_its_digits(void **state)
{
    static const struct {
        const char *text, *a;
    } cases[] = {{"{\"a\":9223372036854775808}", "9223372036854775808"},
                 {"{\"b\":[-1e999,{\"c\":\"say \\\"9223372036854775808\\\\\"}],\"a\":-12345678901234567890.50}",
                  "-12345678901234567890.50"},
                 {"{\"x\":1e999,\"a\":7}", "7"},
                 {"{\"x\":1e+999,\"a\":\"7 \\u0000\"}", "7 "}};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct problem p = {0};
        json_t *v = NULL;
        assert_int_equal(json_read(span_str(cases[i].text), &v, &p), ERR_MALFORMED);
        assert_int_equal(json_read_any_number(span_str(cases[i].text), &v, &p), ERR_OK);
        assert_string_equal(json_string_value(json_object_get(v, "a")), cases[i].a);
        const json_t *c = json_object_get(json_array_get(json_object_get(v, "b"), 1), "c");
        if (c != NULL)
            assert_string_equal(json_string_value(c), "say \"9223372036854775808\\");
        json_decref(v);
    }
}

static void problems_do_not_quote_the_input(void **state)
{
    json_t *v;
    struct problem p;
    (void)state;
    assert_int_equal(json_read(SPAN("{\"email\": anna@example.com}"), &v, &p), ERR_MALFORMED);
    assert_null(strstr(p.detail, "anna"));
}

static void canonical_means_exactly_those_bytes(void **state)
{
    static const char *const bad[] = {
        "{ }",          "{\"a\":1 }",          "{\"b\":1,\"a\":2}",
        "{\"a\":null}", "{\"a\":\"\\/\"}",     "{\"a\":\"\\u0041\"}",
        "{\"a\":-0}",   "{\"a\":\"\\u001F\"}", "{\"\xc3\xa9\":1}",
        "{\"a\":1}\n",
    };
    static const char *const good[] = {"{}", "{\"a\":1,\"b\":[{\"B\":\"\xc3\xa9\",\"a\":true}]}"};
    struct problem p;
    json_t *v = NULL;
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        if (json_read_canonical(span_str(bad[i]), &v, &p) != ERR_CORRUPT)
            fail_msg("taken: %s", bad[i]);
    assert_null(v);
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_int_equal(json_read_canonical(span_str(good[i]), &v, &p), ERR_OK);
        json_decref(v);
    }
}

static void rewriting_sorts_and_drops_nulls(void **state)
{
    struct problem p;
    struct buf b;
    struct jw w;
    json_t *v;
    (void)state;
    assert_int_equal(json_read(SPAN("{\"b\" : [1, \"x\"], \"a\" : {\"z\" : null, \"y\" : false}, \"\" : -5}"), &v, &p),
                     ERR_OK);
    buf_heap(&b);
    jw_open(&w, &b);
    jw_value(&w, v);
    jw_close(&w);
    assert_span(buf_span(&b), "{\"\":-5,\"a\":{\"y\":false},\"b\":[1,\"x\"]}");
    buf_free(&b);
    json_decref(v);
}

static void members_are_typed(void **state)
{
    struct problem p = {0};
    struct span s = SPAN("before");
    const json_t *inner;
    int64_t n = 77;
    bool flag = true, found = true;
    json_t *v;
    (void)state;
    assert_int_equal(json_read(SPAN("{\"s\":\"text\",\"n\":5,\"f\":false,\"a\":[1,2],\"o\":{},\"z\":null}"), &v, &p),
                     ERR_OK);

    assert_int_equal(json_get_str(v, "", "s", 4, &s, &found, &p), ERR_OK);
    assert_true(found && span_is(s, "text"));
    assert_int_equal(json_get_int(v, "", "n", 5, 5, &n, NULL, &p), ERR_OK);
    assert_int_equal(n, 5);
    assert_int_equal(json_get_bool(v, "", "f", &flag, &found, &p), ERR_OK);
    assert_true(found && !flag);
    assert_int_equal(json_get_array(v, "", "a", 2, &inner, &found, &p), ERR_OK);
    assert_int_equal(json_array_size(inner), 2);
    assert_int_equal(json_get_object(v, "", "o", &inner, &found, &p), ERR_OK);
    assert_true(json_is_object(inner));

    assert_int_equal(json_get_int(v, "", "z", 0, 9, &n, &found, &p), ERR_OK); /* null is absent */
    assert_false(found);
    assert_int_equal(json_get_str(v, "", "none", 9, &s, &found, &p), ERR_OK);
    assert_true(!found && span_is(s, "text") && n == 5);

    assert_int_equal(json_get_str(v, "at", "s", 3, &s, &found, &p), ERR_INVALID);
    assert_string_equal(p.field, "at.s");
    assert_string_equal(p.detail, "must not be longer than 3 bytes");
    assert_int_equal(json_get_int(v, "at[2]", "n", 6, 9, &n, &found, &p), ERR_INVALID);
    assert_string_equal(p.field, "at[2].n");
    assert_int_equal(json_get_int(v, "", "s", 0, 9, &n, &found, &p), ERR_INVALID);
    assert_string_equal(p.field, "s");
    assert_int_equal(json_get_str(v, "", "n", 9, &s, &found, &p), ERR_INVALID);
    assert_int_equal(json_get_bool(v, "", "n", &flag, &found, &p), ERR_INVALID);
    assert_int_equal(json_get_array(v, "", "a", 1, &inner, &found, &p), ERR_INVALID);
    assert_int_equal(json_get_object(v, "", "a", &inner, &found, &p), ERR_INVALID);
    json_decref(v);
}

static void unknown_members_are_named(void **state)
{
    static const char *const all[] = {"a", "b", NULL}, *const some[] = {"a", NULL};
    struct problem p;
    json_t *v;
    (void)state;
    assert_int_equal(json_read(SPAN("{\"a\":1,\"b\":null}"), &v, &p), ERR_OK);
    assert_int_equal(json_only(v, "lead", all, &p), ERR_OK);
    assert_int_equal(json_only(v, "lead", some, &p), ERR_INVALID);
    assert_string_equal(p.field, "lead.b");
    json_decref(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_canonical_bytes),
        cmocka_unit_test(every_byte_is_seen_at_every_place),
        cmocka_unit_test(misuse_of_the_writer_aborts),
        cmocka_unit_test(refuses_what_is_not_our_json),
        cmocka_unit_test(long_paths_are_cut),
        cmocka_unit_test(any_number_is_taken_where_asked_for),
        cmocka_unit_test(a_number_that_fits_nothing_is_its_digits),
        cmocka_unit_test(problems_do_not_quote_the_input),
        cmocka_unit_test(canonical_means_exactly_those_bytes),
        cmocka_unit_test(rewriting_sorts_and_drops_nulls),
        cmocka_unit_test(members_are_typed),
        cmocka_unit_test(unknown_members_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
