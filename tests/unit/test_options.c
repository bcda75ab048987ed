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
    snprintf(config, sizeof config, "%s/countersign-options-XXXXXX",
             getenv("TMPDIR") != NULL ? getenv("TMPDIR") : P_tmpdir);
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

enum {
#define X(name, type, def, help) FLAG_##name,
    OPTION_TABLE(X)
#undef X
        FLAGS
};

static void defaults_hold_where_nothing_is_said(void **state)
{
    (void)state;
    struct options o;
    options_read(&o, NULL, (const char *[FLAGS]){[FLAG_data] = "d"});
    assert_string_equal(o.data.text, "d");
    assert_string_equal(o.listen.text, "127.0.0.1:8080");
    assert_int_equal(o.workers.number, 2);
    options_free(&o);
}

static void a_flag_wins_over_the_environment_over_the_file_over_the_default(void **state)
{
    (void)state;
    struct options o;
    write_config("# a comment\n\n  # another one\n \t\n workers = 3\r\nsweep-ms=20\nqueue_size = "
                 "32\nadmin_listen=\ntrusted_proxies = a = b");
    setenv("COUNTERSIGN_SWEEP_MS", "30", 1);
    setenv("COUNTERSIGN_QUEUE_SIZE", "64", 1);
    options_read(&o, config, (const char *[FLAGS]){[FLAG_queue_size] = "128"});
    unsetenv("COUNTERSIGN_SWEEP_MS");
    unsetenv("COUNTERSIGN_QUEUE_SIZE");
    assert_int_equal(o.workers.number, 3);
    assert_int_equal(o.sweep_ms.number, 30);
    assert_int_equal(o.queue_size.number, 128);
    assert_int_equal(o.max_connections.number, 10000);
    assert_string_equal(o.admin_listen.text, "");
    assert_string_equal(o.trusted_proxies.text, "a = b");
    options_free(&o);
}

static void the_environment_may_name_the_file(void **state)
{
    (void)state;
    struct options o;
    write_config("workers = 5\n");
    setenv("COUNTERSIGN_CONFIG", config, 1);
    options_read(&o, NULL, (const char *[FLAGS]){NULL});
    assert_int_equal(o.workers.number, 5);
    options_free(&o);
    options_read(&o, "", (const char *[FLAGS]){NULL}); /* no file after all */
    assert_int_equal(o.workers.number, 2);
    options_free(&o);
    unsetenv("COUNTERSIGN_CONFIG");
}

/* Runs f in a child with its output thrown away; answers its exit status. */
static int status_of(void (*f)(const void *arg), const void *arg)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        if (freopen("/dev/null", "w", stderr) == NULL || freopen("/dev/null", "w", stdout) == NULL)
            _exit(99);
        f(arg);
        _exit(77);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

struct setting {
    int status;
    const char *file;
    const char *flags[FLAGS];
};

static void read_options(const void *arg)
{
    const struct setting *s = arg;
    struct options o;
    options_read(&o, s->file != NULL ? config : NULL, s->flags);
}

static void bad_settings_are_refused(void **state)
{
    (void)state;
    static const struct setting cases[] = {
        {77, NULL, {[FLAG_workers] = "64"}}, {2, NULL, {[FLAG_workers] = "0"}},
        {2, NULL, {[FLAG_workers] = "65"}},  {2, NULL, {[FLAG_workers] = "two"}},
        {2, NULL, {[FLAG_workers] = ""}},    {2, NULL, {[FLAG_log_level] = "loud"}},
        {77, "workers = 64", {NULL}},        {77, "#no_such_key = 1", {NULL}},
        {2, "no_such_key = 1", {NULL}},      {2, "workers", {NULL}},
        {2, "workers = 65", {NULL}},         {2, "= 1", {NULL}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_config(cases[i].file != NULL ? cases[i].file : "");
        if (status_of(read_options, &cases[i]) != cases[i].status)
            fail_msg("case %zu: another exit status than %d", i, cases[i].status);
    }
    assert_int_equal(file_write_atomic(config, SPAN("workers = 3\n\0"), 0600), ERR_OK);
    assert_int_equal(status_of(read_options, &(struct setting){.file = ""}), 2);
}

static void read_nowhere(const void *arg)
{
    struct options o;
    options_read(&o, "/nowhere", arg);
}

static void a_file_that_is_not_there_is_refused(void **state)
{
    (void)state;
    assert_int_equal(status_of(read_nowhere, (const char *[FLAGS]){NULL}), 2);
}

enum { DATA, WORD, SIZE, JSON, ARGS };
static const struct arg args[ARGS] = {
    [DATA] = {.name = "--data", .value = "DIR", .required = true, .help = "a folder"},
    [WORD] = {.name = "WORD", .help = "a word"},
    [SIZE] = {.name = "--map_size", .value = "N", .help = "a size"},
    [JSON] = {.name = "--json", .help = "a switch"},
};

/* 0: what was given is what the command gets. */
static int run(const char *const given[])
{
    bool good = strcmp(given[DATA], "d") == 0 && (given[WORD] == NULL || strcmp(given[WORD], "w") == 0) &&
                (given[SIZE] == NULL || strcmp(given[SIZE], "7") == 0 || given[SIZE][0] == '\0');
    return good ? given[JSON] != NULL ? 70 : 71 : 98;
}

static const struct command small = {
    .name = "small", .summary = "a command", .help = "A command.", .args = args, .n_args = ARGS, .run = run};

static void run_small(const void *arg)
{
    char **argv = (char **)arg;
    int n = 0;
    while (argv[n] != NULL)
        n++;
    _exit(command_run(&small, n, argv));
}

static void commands_take_what_their_entry_names(void **state)
{
    (void)state;
    static const struct {
        int status;
        char *argv[8];
    } cases[] = {
        {71, {"small", "--data", "d"}},
        {71, {"small", "--data", "d", "w"}},
        {70, {"small", "w", "--data=d", "--json"}},
        {71, {"small", "--data", "d", "--map-size", "7"}},
        {71, {"small", "--data", "d", "--map_size=7"}},
        {71, {"small", "--data", "d", "--map-size="}}, /* may be empty: takes back what the environment says */
        {0, {"small", "--help"}},
        {2, {"small"}},
        {2, {"small", "w"}},
        {2, {"small", "--data"}},
        {2, {"small", "--data="}},
        {2, {"small", "--data", "d", "--map-size"}},
        {2, {"small", "--data", "d", "--data", "d"}},
        {2, {"small", "--data", "d", "w", "v"}},
        {2, {"small", "--data", "d", "--verbose"}},
        {2, {"small", "--data", "d", "-json"}},
        {2, {"small", "--data", "d", "--WORD", "w"}},
        {2, {"small", "--data", "d", "--json=1"}},
        {2, {"small", "--data", "d", "--json", "--json"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (status_of(run_small, cases[i].argv) != cases[i].status)
            fail_msg("case %zu: another exit status than %d", i, cases[i].status);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_hold_where_nothing_is_said),
        cmocka_unit_test_setup_teardown(a_flag_wins_over_the_environment_over_the_file_over_the_default, make_config,
                                        remove_config),
        cmocka_unit_test_setup_teardown(the_environment_may_name_the_file, make_config, remove_config),
        cmocka_unit_test_setup_teardown(bad_settings_are_refused, make_config, remove_config),
        cmocka_unit_test(a_file_that_is_not_there_is_refused),
        cmocka_unit_test(commands_take_what_their_entry_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
