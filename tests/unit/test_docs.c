/* server/ARCHITECTURE.md and the tree: every source of the server is named there, and every file and test that is named
 * there exists. A name is a word in backticks; it may leave folders out in front and hold *, ? and [ch]. */
#include <fnmatch.h>
#include <fts.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/base/buf.h"

static size_t faults;
static bool expected; /* faults are what the test wants */

static void fault(const char *what, const char *rule)
{
    if (!expected)
        print_error("%s: %s\n", what, rule);
    faults++;
}

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    return n >= m && strcmp(s + n - m, end) == 0;
}

/* Whether a word names a path, or the last parts of it. */
static bool names(const char *word, const char *path)
{
    for (const char *rest = path; rest != NULL; rest = strchr(rest, '/')) {
        rest += *rest == '/';
        if (fnmatch(word, rest, FNM_PATHNAME) == 0)
            return true;
    }
    return false;
}

/* The words in backticks on the way through a text, outside of fenced blocks. */
struct words {
    const char *rest;
    char word[128];
};

static bool next_word(struct words *w)
{
    for (const char *open; (open = strchr(w->rest, '`')) != NULL;) {
        const char *mark = strncmp(open, "```", 3) == 0 ? "```" : "`", *start = open + strlen(mark);
        const char *close = strstr(start, mark);
        if (close == NULL)
            return false;
        w->rest = close + strlen(mark);
        if (strlen(mark) == 1 && (size_t)(close - start) < sizeof w->word) {
            snprintf(w->word, sizeof w->word, "%.*s", (int)(close - start), start);
            return true;
        }
    }
    return false;
}

static bool is_named(const char *text, const char *path)
{
    struct words w = {.rest = text};
    while (next_word(&w))
        if (names(w.word, path))
            return true;
    return false;
}

/* ---- the tree ---- */

static char **paths; /* from the top, sorted by nobody */
static size_t n_paths;

static void read_tree(void)
{
    static const char *const folders[] = {"common", "server", "loadtest", "scripts", "tests"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        char root[4096];
        snprintf(root, sizeof root, "%s/%s", SOURCE_DIR, folders[i]);
        char *const roots[] = {root, NULL};
        FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
        assert_non_null(walk);
        for (FTSENT *e; (e = fts_read(walk)) != NULL;) {
            if (e->fts_info == FTS_D && strcmp(e->fts_name, "node_modules") == 0)
                fts_set(walk, e, FTS_SKIP);
            if (e->fts_info != FTS_F)
                continue;
            paths = realloc(paths, (n_paths + 1) * sizeof *paths);
            assert_non_null(paths);
            paths[n_paths++] = strdup(e->fts_path + strlen(SOURCE_DIR) + 1);
        }
        fts_close(walk);
    }
}

/* "server/main.c" to "server/main". */
static void without_ending(const char *path, char out[512])
{
    snprintf(out, 512, "%s", path);
    char *dot = strrchr(out, '.');
    if (dot != NULL && strchr(dot, '/') == NULL)
        *dot = '\0';
}

static bool exists(const char *word, bool with_ending)
{
    for (size_t i = 0; i < n_paths; i++) {
        char stem[512];
        without_ending(paths[i], stem);
        if (names(word, with_ending ? paths[i] : stem))
            return true;
    }
    return false;
}

/* ---- the rules ---- */

static void every_source_is_named(const char *text)
{
    for (size_t i = 0; i < n_paths; i++)
        if (strncmp(paths[i], "server/", 7) == 0 && ends_with(paths[i], ".c") && !is_named(text, paths[i]))
            fault(paths[i], "is not named");
}

static bool is_file_name(const char *word)
{
    static const char *const endings[] = {".c", ".h", ".[ch]", ".js", ".json", ".py"};
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
        if (ends_with(word, endings[i]) && word[0] != '/' && word[0] != '.')
            return true;
    return false;
}

static bool is_test_name(const char *word)
{
    const char *last = strrchr(word, '/');
    return last != NULL && strncmp(last, "/test_", 6) == 0;
}

/* Headers of libraries are no files of ours. */
static bool is_library(const char *word)
{
    static const char *const libraries[] = {"lmdb.h", "jansson.h", "idn2.h"};
    for (size_t i = 0; i < sizeof libraries / sizeof libraries[0]; i++)
        if (strcmp(word, libraries[i]) == 0)
            return true;
    return false;
}

static void every_name_leads_somewhere(const char *text)
{
    struct words w = {.rest = text};
    while (next_word(&w))
        if (is_file_name(w.word) ? !is_library(w.word) && !exists(w.word, true)
                                 : is_test_name(w.word) && !exists(w.word, false))
            fault(w.word, "is named, but there is no such file");
}

/* ---- the tests ---- */

static char *architecture(void)
{
    FILE *f = fopen(SOURCE_DIR "/server/ARCHITECTURE.md", "r");
    struct buf text;
    size_t n;
    assert_non_null(f);
    buf_heap(&text);
    while ((n = fread(buf_room(&text, 4096), 1, 4096, f)) > 0)
        text.len += n;
    fclose(f);
    buf_byte(&text, '\0');
    return text.ptr;
}

static size_t faults_of(void (*rule)(const char *text), const char *text)
{
    faults = 0;
    rule(text);
    return faults;
}

static void every_source_of_the_server_is_named(void **state)
{
    assert_int_equal(faults_of(every_source_is_named, *state), 0);
}

static void every_file_and_test_that_is_named_exists(void **state)
{
    assert_int_equal(faults_of(every_name_leads_somewhere, *state), 0);
}

static void the_rules_bite(void **state)
{
    (void)state;
    size_t sources = 0, rooms = 0;
    expected = true;
    for (size_t i = 0; i < n_paths; i++)
        if (strncmp(paths[i], "server/", 7) == 0 && ends_with(paths[i], ".c")) {
            sources++;
            rooms += strchr(paths[i] + 7, '/') != NULL;
        }
    assert_true(sources > 50);
    assert_int_equal(faults_of(every_source_is_named, "main.c, and `dreams.c`"), sources);
    assert_int_equal(faults_of(every_source_is_named, "```\n`main.c`\n``` `main.c`"), sources - 1);
    assert_int_equal(faults_of(every_source_is_named, "`server/main.[ch]`"), sources - 1);
    assert_int_equal(faults_of(every_source_is_named, "`server/*.c`"), rooms);
    assert_int_equal(faults_of(every_name_leads_somewhere, "`main.c` `dreams.c` `lmdb.h` `/c/` `unit/test_docs`"), 1);
    assert_int_equal(faults_of(every_name_leads_somewhere, "`unit/test_dreams` `dream_*.[ch]`"), 2);
    expected = false;
}

static int set_up(void **state)
{
    read_tree();
    *state = architecture();
    return 0;
}

static int tear_down(void **state)
{
    for (size_t i = 0; i < n_paths; i++)
        free(paths[i]);
    free(paths);
    free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_source_of_the_server_is_named),
        cmocka_unit_test(every_file_and_test_that_is_named_exists),
        cmocka_unit_test(the_rules_bite),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
