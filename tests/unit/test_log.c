/* Lines of the log: one JSON object each, whatever got into them; and how a request id is spelled. */
#include "server/system/log.h"

#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/system/system.h"
#include "tests/support/store_fixture.h"

enum { LINES_MAX = 1 << 20 };

static int file, terminal;

static int catch_log(void **state)
{
    (void)state;
    char path[] = "/tmp/countersign-log-XXXXXX";
    file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(unlink(path), 0);
    terminal = dup(STDERR_FILENO);
    assert_true(dup2(file, STDERR_FILENO) >= 0);
    return 0;
}

static int release_log(void **state)
{
    (void)state;
    dup2(terminal, STDERR_FILENO);
    close(terminal);
    close(file);
    log_set_level(LOG_INFO);
    return 0;
}

/* The one line that was written; NULL: none was. */
static json_t *line(void)
{
    static char text[LINES_MAX];
    ssize_t n = pread(file, text, sizeof text - 1, 0);
    assert_true(n >= 0);
    assert_int_equal(ftruncate(file, 0), 0);
    lseek(file, 0, SEEK_SET);
    if (n == 0)
        return NULL;
    text[n] = '\0';
    assert_ptr_equal(strchr(text, '\n'), text + n - 1);
    json_t *v = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(v);
    assert_memory_equal(text, "{\"request_id\":\"", 15);
    return v;
}

static void a_request_id_is_sixteen_lowercase_hex_digits(void **state)
{
    (void)state;
    static const uint64_t edges[] = {0, 1, 9, 10, 15, 16, 0x0123456789abcdef, 0xfedcba9876543210, UINT64_MAX};
    for (size_t i = 0; i < 1000; i++) {
        uint64_t id = 0;
        char said[REQUEST_ID_LEN + 1] = "", wanted[REQUEST_ID_LEN + 1];
        if (i < sizeof edges / sizeof *edges)
            id = edges[i];
        else
            random_bytes(&id, sizeof id);
        request_id_write(id, said);
        snprintf(wanted, sizeof wanted, "%016llx", (unsigned long long)id);
        assert_string_equal(said, wanted);
    }
}

static void a_line_is_one_object_whatever_is_in_it(void **state)
{
    (void)state;
    static char all[4 * LOG_TEXT];
    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (char)i;
    struct log_member members[LOG_MEMBERS];
    char names[LOG_MEMBERS][8];
    for (size_t i = 0; i < LOG_MEMBERS; i++) {
        snprintf(names[i], sizeof names[i], "m%zu", i);
        members[i] = (struct log_member){.name = names[i], .text = span_of(all, sizeof all)};
    }
    log_members(LOG_ERROR, 7, "test", members, LOG_MEMBERS);
    json_t *v = line();
    assert_int_equal(json_object_size(v), 4 + LOG_MEMBERS);
    assert_string_equal(json_string_value(json_object_get(v, "request_id")), "0000000000000007");
    json_decref(v);
    memset(all, '"', sizeof all - 1);
    all[sizeof all - 1] = '\0';
    log_line(LOG_ERROR, 0, "test", "%s", all);
    v = line();
    assert_string_equal(json_string_value(json_object_get(v, "request_id")), "");
    assert_true(json_string_length(json_object_get(v, "detail")) > 0);
    json_decref(v);
}

static void members_are_numbers_or_texts_and_empty_ones_are_left_out(void **state)
{
    (void)state;
    const struct log_member members[] = {{.name = "n", .is_number = true, .number = -5},
                                         {.name = "none"},
                                         {.name = "empty", .text = SPAN("")},
                                         {.name = "t", .text = SPAN("text")}};
    log_members(LOG_INFO, 1, "test", members, 4);
    json_t *v = line();
    assert_int_equal(json_integer_value(json_object_get(v, "n")), -5);
    assert_string_equal(json_string_value(json_object_get(v, "t")), "text");
    assert_null(json_object_get(v, "none"));
    assert_null(json_object_get(v, "empty"));
    json_decref(v);
}

static void lines_below_the_level_are_not_written(void **state)
{
    (void)state;
    log_set_level(LOG_WARN);
    assert_false(log_wants(LOG_INFO));
    log_line(LOG_INFO, 1, "test", "no");
    log_members(LOG_DEBUG, 1, "test", NULL, 0);
    assert_null(line());
    log_line(LOG_WARN, 1, "test", "yes");
    json_decref(line());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_id_is_sixteen_lowercase_hex_digits),
        cmocka_unit_test_setup_teardown(a_line_is_one_object_whatever_is_in_it, catch_log, release_log),
        cmocka_unit_test_setup_teardown(members_are_numbers_or_texts_and_empty_ones_are_left_out, catch_log,
                                        release_log),
        cmocka_unit_test_setup_teardown(lines_below_the_level_are_not_written, catch_log, release_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
