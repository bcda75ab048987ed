#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/cmd/command.h"
#include "server/system/options.h"
#include "server/system/system.h"

static char config[256];

static int make_config(void **state)
{
    (void)state;
    snprintf(config, sizeof config, "%s/countersign-options-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : P_tmpdir);
    int fd = mkstemp(config);
    return fd < 0 ? -1 : close(fd);
}

static int remove_config(void **state)
{
    (void)state;
    return unlink(config);
}

static void write_config(const char *text)
{
    assert_int_equal(file_write_atomic(config, span_str(text), 0600), ERR_OK);
}

static void test_defaults(void **state)
{
    (void)state;
    struct options o;
    options_parse(&o, 3, (char *[]){"serve", "--data", "d"});
    assert_string_equal(o.data.text, "d");
    assert_string_equal(o.listen.text, "127.0.0.1:8080");
    assert_int_equal(o.workers.number, 2);
    options_free(&o);
}

/* Each source wins over those before it. */
static void test_flag_over_environment_over_file_over_default(void **state)
{
    (void)state;
    struct options o;
    write_config("# a comment\n\n  # another one\n \t\n workers = 3\r\nsweep-ms=20\nqueue_size = 32\n");
    setenv("COUNTERSIGN_SWEEP_MS", "30", 1);
    setenv("COUNTERSIGN_QUEUE_SIZE", "64", 1);
    options_parse(&o, 6, (char *[]){"serve", "--data=d", "--config", config, "--queue-size", "128"});
    unsetenv("COUNTERSIGN_SWEEP_MS");
    unsetenv("COUNTERSIGN_QUEUE_SIZE");
    assert_int_equal(o.workers.number, 3);
    assert_int_equal(o.sweep_ms.number, 30);
    assert_int_equal(o.queue_size.number, 128);
    assert_int_equal(o.max_connections.number, 10000);
    options_free(&o);
}

/* Runs f in a child with its output thrown away; answers its exit status. */
static int status_of(void (*f)(char **argv), char **argv)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        if (!freopen("/dev/null", "w", stderr) || !freopen("/dev/null", "w", stdout))
            _exit(99);
        f(argv);
        _exit(77);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int count(char **argv)
{
    int n = 0;
    while (argv[n])
        n++;
    return n;
}

static void parse(char **argv)
{
    struct options o;
    options_parse(&o, count(argv), argv);
}

static void test_bad_command_lines_are_refused(void **state)
{
    (void)state;
    write_config("no_such_key = 1\n");
    static const struct {
        int status;
        char *argv[6];
    } cases[] = {
        {1, {"serve"}},
        {1, {"serve", "--data", "d", "--nonsense", "1"}},
        {1, {"serve", "--data", "d", "stray"}},
        {1, {"serve", "--data"}},
        {1, {"serve", "--data", "d", "--workers", "0"}},
        {1, {"serve", "--data", "d", "--workers", "65"}},
        {1, {"serve", "--data", "d", "--workers", "two"}},
        {1, {"serve", "--data", "d", "--log-level", "loud"}},
        {1, {"serve", "--data", "d", "--config", config}},
        {1, {"serve", "--data", "d", "--config", "/nowhere"}},
        {0, {"serve", "--help"}},
        {77, {"serve", "--print-config"}},
        {77, {"serve", "--data", "d", "--workers=64"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (status_of(parse, (char **)cases[i].argv) != cases[i].status)
            fail_msg("case %zu: another exit status than %d", i, cases[i].status);
}

static void parse_small(char **argv)
{
    const char *data = NULL, *word = NULL;
    bool json = false;
    const struct arg args[] = {
        {"--data", &data, NULL, true, "a folder"},
        {"WORD", &word, NULL, false, "a word"},
        {"--json", NULL, &json, false, "a switch"},
    };
    args_parse(count(argv), argv, "A command.", args, 3);
    if (!data || (word && strcmp(word, "w") != 0))
        _exit(98);
}

static void test_small_commands_take_what_they_name(void **state)
{
    (void)state;
    static const struct {
        int status;
        char *argv[8];
    } cases[] = {
        {77, {"c", "--data", "d"}},
        {77, {"c", "w", "--data=d", "--json"}},
        {0, {"c", "--help"}},
        {2, {"c"}},
        {2, {"c", "--data"}},
        {2, {"c", "--data", "d", "--data", "e"}},
        {2, {"c", "--data", "d", "w", "v"}},
        {2, {"c", "--data", "d", "--verbose"}},
        {2, {"c", "--data", "d", "--json=1"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (status_of(parse_small, (char **)cases[i].argv) != cases[i].status)
            fail_msg("case %zu: another exit status than %d", i, cases[i].status);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test_setup_teardown(test_flag_over_environment_over_file_over_default, make_config, remove_config),
        cmocka_unit_test_setup_teardown(test_bad_command_lines_are_refused, make_config, remove_config),
        cmocka_unit_test(test_small_commands_take_what_they_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
