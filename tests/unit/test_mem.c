/* Out of memory: the last words, in each form, and the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/json_read.h"
#include "common/base/mem.h"
#include "server/system/log.h"
#include "tests/support/spans.h"

static void write_at_exit(void)
{
    fputs("something ran at exit\n", stderr);
}

static _Noreturn void run_out(void (*words)(void))
{
    atexit(write_at_exit);
    printf("never flushed");
    log_set_command("check");
    if (words != NULL)
        mem_last_words(words);
    mem_exhausted();
}

/* What a process says on stdout and stderr that runs out of memory; its status must be 1. */
static void last_words(void (*words)(void), char *out, size_t cap)
{
    int fds[2], status;
    size_t len = 0;
    assert_int_equal(pipe(fds), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(fds[1], STDOUT_FILENO);
        dup2(fds[1], STDERR_FILENO);
        run_out(words);
    }
    close(fds[1]);
    for (ssize_t n; (n = read(fds[0], out + len, cap - 1 - len)) > 0;)
        len += (size_t)n;
    out[len] = '\0';
    close(fds[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1);
}

static void who_runs_out_of_memory_says_one_line_and_ends(void **state)
{
    char said[1024];
    (void)state;
    last_words(NULL, said, sizeof said);
    assert_string_equal(said, "out of memory\n");
    last_words(complain_out_of_memory, said, sizeof said);
    assert_string_equal(said, "countersign check: no memory is left\n");
}

static void a_server_says_it_in_its_log(void **state)
{
    char said[1024];
    json_t *line;
    (void)state;
    last_words(log_out_of_memory, said, sizeof said);
    assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
    assert_int_equal(json_read_any_number(span_str(said), &line, NULL), ERR_OK);
    assert_string_equal(json_string_value(json_object_get(line, "event")), "out_of_memory");
    assert_string_equal(json_string_value(json_object_get(line, "level")), "error");
    json_decref(line);
}

static void jansson_is_given_our_memory(void **state)
{
    json_malloc_t take;
    json_free_t give_back;
    (void)state;
    json_get_alloc_funcs(&take, &give_back);
    assert_ptr_not_equal(take, xmalloc);
    json_use_mem();
    json_get_alloc_funcs(&take, &give_back);
    assert_ptr_equal(take, xmalloc);
    json_t *text = json_pack("{s:s}", "name", "value");
    char *dumped = json_dumps(text, JSON_COMPACT);
    assert_string_equal(dumped, "{\"name\":\"value\"}");
    free(dumped);
    json_decref(text);
}

static void memory_is_aligned_and_text_is_formatted(void **state)
{
    (void)state;
    void *line = xaligned(64, 3);
    assert_int_equal((uintptr_t)line % 64, 0);
    free(line);
    char *text = xasprintf("%s/%d", "a", 7);
    assert_string_equal(text, "a/7");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_runs_out_of_memory_says_one_line_and_ends),
        cmocka_unit_test(a_server_says_it_in_its_log),
        cmocka_unit_test(jansson_is_given_our_memory),
        cmocka_unit_test(memory_is_aligned_and_text_is_formatted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
