#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/text.h"
#include "server/cmd/command.h"
#include "server/system/options.h"
#include "server/system/system.h"
#include "tests/support/ok.h"

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
#define X(name, type, change, def, help) FLAG_##name,
    OPTION_TABLE(X)
#undef X
        FLAGS
};

static void defaults_hold_where_nothing_is_said(void **state)
{
    (void)state;
    struct options o;
    struct option_fault fault;
    assert_ok(options_read(&o, NULL, (const char *[FLAGS]){[FLAG_data] = "d"}, &fault));
    assert_string_equal(o.data.text, "d");
    assert_string_equal(o.listen.text, "127.0.0.1:8080");
    assert_int_equal(o.workers.number, 2);
    options_free(&o);
}

static void a_flag_wins_over_the_environment_over_the_file_over_the_default(void **state)
{
    (void)state;
    struct options o;
    struct option_fault fault;
    write_config("# a comment\n\n  # another one\n \t\n workers = 3\r\nsweep-ms=20\nqueue_size = "
                 "32\nadmin_listen=\ntrusted_proxies = a = b");
    setenv("COUNTERSIGN_SWEEP_MS", "30", 1);
    setenv("COUNTERSIGN_QUEUE_SIZE", "64", 1);
    assert_ok(options_read(&o, config, (const char *[FLAGS]){[FLAG_queue_size] = "128"}, &fault));
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
    struct option_fault fault;
    write_config("workers = 5\n");
    setenv("COUNTERSIGN_CONFIG", config, 1);
    assert_string_equal(options_config(NULL), config);
    assert_ok(options_read(&o, options_config(NULL), (const char *[FLAGS]){NULL}, &fault));
    assert_int_equal(o.workers.number, 5);
    options_free(&o);
    assert_null(options_config("")); /* no file after all */
    assert_string_equal(options_config("other"), "other");
    unsetenv("COUNTERSIGN_CONFIG");
    assert_null(options_config(NULL));
}

static void fault_is(const struct option_fault *fault, const char *said)
{
    struct buf text;
    buf_heap(&text);
    option_fault_write(fault, &text);
    buf_byte(&text, '\0');
    const char *at = text.ptr, *name = strstr(text.ptr, config);
    if (said[0] == '@') { /* stands for the file */
        assert_ptr_equal(name, text.ptr);
        at += strlen(config);
        said++;
    }
    if (strncmp(at, said, strlen(said)) != 0)
        fail_msg("\"%s\" is not \"%s\"", at, said);
    buf_free(&text);
}

static void bad_settings_are_refused_by_where_they_stand(void **state)
{
    (void)state;
    static const struct {
        const char *said, *file; /* NULL: it is taken */
        const char *flags[FLAGS];
    } cases[] = {
        {NULL, NULL, {[FLAG_workers] = "64"}},
        {"flag: workers is \"0\"", NULL, {[FLAG_workers] = "0"}},
        {"flag: workers is \"65\"", NULL, {[FLAG_workers] = "65"}},
        {"flag: workers is \"two\"", NULL, {[FLAG_workers] = "two"}},
        {"flag: workers is \"\"", NULL, {[FLAG_workers] = ""}},
        {"log_level is \"loud\"", NULL, {[FLAG_log_level] = "loud"}},
        {NULL, "workers = 64", {NULL}},
        {NULL, "#no_such_key = 1", {NULL}},
        {"@ line 2: there is no setting \"no_such_key\"", "\nno_such_key = 1", {NULL}},
        {"@ line 1: write `key = value`", "workers", {NULL}},
        {"@ line 3: workers is \"65\"", "# a\n\nworkers = 65\nworkers = 66", {NULL}},
        {"@ line 1: there is no setting \"\"", "= 1", {NULL}},
        {"@ line 2: log_level is \"loud\"", "workers = 3\nlog_level = loud\n", {NULL}},
        {"flag: workers is \"0\"", "workers = 3", {[FLAG_workers] = "0"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct options o;
        struct option_fault fault = {.source = NULL};
        write_config(cases[i].file != NULL ? cases[i].file : "");
        enum err err = options_read(&o, config, cases[i].flags, &fault);
        if ((err == ERR_OK) != (cases[i].said == NULL))
            fail_msg("case %zu: %s", i, err_word(err));
        if (cases[i].said != NULL)
            fault_is(&fault, cases[i].said);
        options_free(&o);
    }
}

static void a_file_that_does_not_read_is_refused(void **state)
{
    (void)state;
    struct options o;
    struct option_fault fault = {.source = NULL};
    assert_int_equal(options_read(&o, "/nowhere", (const char *[FLAGS]){NULL}, &fault), ERR_NOT_FOUND);
    fault_is(&fault, "/nowhere: this config file cannot be read: there is none");
    options_free(&o);
    assert_int_equal(file_write_atomic(config, SPAN("workers = 3\n\0"), 0600), ERR_OK);
    assert_int_equal(options_read(&o, config, (const char *[FLAGS]){NULL}, &fault), ERR_MALFORMED);
    fault_is(&fault, "@: it holds a NUL byte");
    options_free(&o);
}

/* What is wrong with a setting's meaning is told later, by whoever reads it. */
static void a_setting_is_found_where_it_was_said_last(void **state)
{
    (void)state;
    struct options o;
    struct option_fault fault = {.source = NULL};
    write_config("cors_origins = a\n# more\ncors_origins = b\nsmtp_from = c\n");
    assert_ok(options_read(&o, config, (const char *[FLAGS]){[FLAG_smtp_from] = "d"}, &fault));
    problem(&fault.p, ERR_INVALID, "cors_origins", "is wrong");
    options_locate(&o, config, &fault);
    fault_is(&fault, "@ line 3: is wrong");
    problem(&fault.p, ERR_INVALID, "smtp_from", "smtp_from is wrong");
    options_locate(&o, config, &fault);
    fault_is(&fault, "smtp_from is wrong");
    options_free(&o);
}

static const struct {
    const char *name;
    bool is_number;
    int64_t least, most;
    bool on_hup;
    const char *off, *def;
} rows[FLAGS] = {
#define TEXT false, 0, 0
#define NUMBER(least, most) true, least, most
#define START false, NULL
#define HUP true, NULL
#define HUP_BUT(off) true, off
#define X(name, type, change, def, help) {#name, type, change, def},
    OPTION_TABLE(X)
#undef X
};

static const char *text_of(const struct options *o, size_t row)
{
    const char *const texts[FLAGS] = {
#define X(name, type, change, def, help) o->name.text,
        OPTION_TABLE(X)
#undef X
    };
    return texts[row];
}

/* One setting says `before`, then `after`: which of the lists has it, and what counts from then on. */
static void change(size_t row, const char *before, const char *after, bool counts)
{
    struct options now, next;
    struct option_fault fault;
    struct buf waits, changes;
    const char *flags[FLAGS] = {[FLAG_map_size_gib] = "7"};
    buf_heap(&waits);
    buf_heap(&changes);
    flags[row] = before;
    assert_ok(options_read(&now, NULL, flags, &fault));
    flags[row] = after;
    assert_ok(options_read(&next, NULL, flags, &fault));
    options_keep(&next, &now, &waits, &changes);
    struct buf *has = counts ? &changes : &waits, *has_not = counts ? &waits : &changes;
    if (!text_names(buf_span(has), rows[row].name) || has_not->len != 0)
        fail_msg("%s from \"%s\" to \"%s\" is not one that %s", rows[row].name, before, after,
                 counts ? "counts at once" : "waits");
    assert_string_equal(text_of(&next, row), counts ? after : before);
    buf_free(&waits);
    buf_free(&changes);
    options_free(&now);
    options_free(&next);
}

static void each_setting_counts_at_once_or_waits_for_a_restart(void **state)
{
    (void)state;
    for (size_t i = 0; i < FLAGS; i++) {
        char number[32];
        snprintf(number, sizeof number, "%lld", (long long)rows[i].least);
        if (strcmp(number, rows[i].def) == 0)
            snprintf(number, sizeof number, "%lld", (long long)rows[i].least + 1);
        const char *one = rows[i].is_number ? number : i == FLAG_log_level ? "warn" : "one";
        const char *other = i == FLAG_log_level ? "error" : "other";
        change(i, rows[i].def, one, rows[i].on_hup && (rows[i].off == NULL || strcmp(rows[i].off, rows[i].def) != 0));
        if (!rows[i].is_number)
            change(i, one, other, rows[i].on_hup);
        if (rows[i].off != NULL) {
            change(i, rows[i].off, one, false);
            change(i, one, rows[i].off, false);
        }
    }
}

/* A flag of the command line stands whatever the file says. */
static void what_does_not_change_is_in_no_list(void **state)
{
    (void)state;
    struct options now, next;
    struct option_fault fault;
    struct buf waits, changes;
    const char *const flags[FLAGS] = {[FLAG_workers] = "3", [FLAG_notice_s] = "7"};
    buf_heap(&waits);
    buf_heap(&changes);
    write_config("workers = 4\nnotice_s = 8\n");
    assert_ok(options_read(&now, config, flags, &fault));
    write_config("workers = 5\nnotice_s = 9\nworkers = 6\n");
    assert_ok(options_read(&next, config, flags, &fault));
    options_keep(&next, &now, &waits, &changes);
    assert_int_equal(waits.len + changes.len, 0);
    write_config("listen = 127.0.0.1:1\nbudget_party = 9\nreaders = 7\nbudget_address = 9\n");
    options_free(&next);
    assert_ok(options_read(&next, config, flags, &fault));
    options_keep(&next, &now, &waits, &changes);
    assert_true(span_is(buf_span(&waits), "listen, readers"));
    assert_true(span_is(buf_span(&changes), "budget_party, budget_address"));
    assert_int_equal(next.readers.number, 2);
    assert_int_equal(next.budget_address.number, 9);
    options_free(&now);
    options_free(&next);
    buf_free(&waits);
    buf_free(&changes);
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
        cmocka_unit_test_setup_teardown(bad_settings_are_refused_by_where_they_stand, make_config, remove_config),
        cmocka_unit_test_setup_teardown(a_file_that_does_not_read_is_refused, make_config, remove_config),
        cmocka_unit_test_setup_teardown(a_setting_is_found_where_it_was_said_last, make_config, remove_config),
        cmocka_unit_test(each_setting_counts_at_once_or_waits_for_a_restart),
        cmocka_unit_test_setup_teardown(what_does_not_change_is_in_no_list, make_config, remove_config),
        cmocka_unit_test(commands_take_what_their_entry_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
