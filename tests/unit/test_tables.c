/* Every table is the only home of its facts: no word stands twice, and each row says what it is for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "common/base/text.h"
#include "common/decisions/reason.h"
#include "common/decisions/rows.h"
#include "common/ledger/entry.h"
#include "server/routes.h"
#include "server/store/store.h"
#include "server/system/metrics.h"
#include "server/system/options.h"

/* main.c's list, which nothing else may link */
int countersign_main(int argc, char **argv);
#define main countersign_main
#include "server/main.c"
#undef main

struct row {
    const char *word, *help;
};

#define ROW3(symbol, word, help) {word, help},
#define ROW6(symbol, word, help, proof, tells, how) {word, help},
#define HOW6(symbol, word, help, proof, tells, how) {word, how},
static const struct row reasons[] = {REASON_TABLE(ROW3)}, statuses[] = {STATUS_TABLE(ROW3)},
                        classes[] = {CLASS_TABLE(ROW3)}, trusts[] = {TRUST_TABLE(ROW3)},
                        devices[] = {DEVICE_TABLE(ROW3)}, rows[] = {ROW_TABLE(ROW3)},
                        stores[] = {STORE_TABLE(ROW6) ROW_TABLE(ROW3)}, hows[] = {STORE_TABLE(HOW6)},
                        proofs[] = {PROOF_TABLE(ROW3)}, click_faults[] = {CLICK_FAULT_TABLE(ROW3)},
                        pixel_faults[] = {PIXEL_FAULT_TABLE(ROW3)};
#define METRIC_ROW(symbol, word, help, shape) {word, help},
static const struct row metrics[] = {METRIC_TABLE(METRIC_ROW)};
#define ERR_ROW(symbol, word, status, title) {word, title},
static const struct row errs[] = {ERR_TABLE(ERR_ROW)};
#define KIND_ROW(symbol, number, word, help) {word, help},
static const struct row kinds[] = {ENTRY_KIND_TABLE(KIND_ROW)};
#define OPTION_ROW(name, type, change, def, help) {#name, help},
static const struct row options[] = {OPTION_TABLE(OPTION_ROW)};

#define TABLE(rows)                                                                                                    \
    {                                                                                                                  \
#rows, rows, sizeof rows / sizeof *rows                                                                        \
    }
static const struct {
    const char *name;
    const struct row *rows;
    size_t n;
} tables[] = {
    TABLE(reasons),      TABLE(statuses),     TABLE(classes), TABLE(trusts), TABLE(devices),
    TABLE(rows),         TABLE(stores),       TABLE(hows),    TABLE(proofs), TABLE(metrics),
    TABLE(click_faults), TABLE(pixel_faults), TABLE(errs),    TABLE(kinds),  TABLE(options),
};

static void words_are_unique_and_explained(void **state)
{
    (void)state;
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
        for (size_t i = 0; i < tables[t].n; i++) {
            const struct row *row = &tables[t].rows[i];
            if (!row->help[0] && row->word[0]) /* the empty reason explains itself */
                fail_msg("%s: %s has no help", tables[t].name, row->word);
            for (size_t k = 0; k < i; k++)
                if (strcmp(row->word, tables[t].rows[k].word) == 0)
                    fail_msg("%s: %s stands twice", tables[t].name, row->word);
        }
}

static void routes_do_not_overlap(void **state)
{
    size_t n = all_routes.n;
    const struct route *r = all_routes.route;
    (void)state;
    assert_true(n > 10);
    for (size_t i = 0; i < n; i++) {
        assert_true(r[i].methods && r[i].handle != NULL && r[i].pattern[0] == '/' && r[i].summary != NULL &&
                    r[i].summary[0]);
        for (size_t k = 0; k < i; k++)
            if (r[i].methods & r[k].methods && strcmp(r[i].pattern, r[k].pattern) == 0)
                fail_msg("%s stands twice", r[i].pattern);
    }
}

static void arguments_are_unique_and_explained(const struct command *c)
{
    bool optional_word = false;
    for (size_t i = 0; i < c->n_args; i++) {
        const struct arg *a = &c->args[i];
        bool flag = strncmp(a->name, "--", 2) == 0;
        if (a->help == NULL || !a->help[0])
            fail_msg("%s %s has no help", c->name, a->name);
        if (!flag && (a->name[0] == '-' || a->value != NULL))
            fail_msg("%s: %s is neither a flag nor a plain word", c->name, a->name);
        if (!flag && a->required && optional_word)
            fail_msg("%s: nobody can leave out what stands before %s", c->name, a->name);
        optional_word |= !flag && !a->required;
        if (flag && a->required && a->value == NULL)
            fail_msg("%s: %s says nothing if it must be there", c->name, a->name);
        if (strcmp(a->name, "--help") == 0)
            fail_msg("%s: --help is every command's", c->name);
        for (size_t k = 0; k < i; k++)
            if (text_names(span_str(a->name), c->args[k].name) || text_names(span_str(c->args[k].name), a->name))
                fail_msg("%s: %s stands twice", c->name, a->name);
    }
}

static void commands_are_unique_and_explained(void **state)
{
    (void)state;
    assert_true(COMMANDS >= 6);
    for (size_t i = 0; i < COMMANDS; i++) {
        const struct command *c = commands[i];
        if (!c->name[0] || c->name[0] == '-' || strcmp(c->name, "help") == 0)
            fail_msg("\"%s\" cannot be called", c->name);
        if (!c->summary[0] || strchr(c->summary, '\n') != NULL || !c->help[0] || c->run == NULL)
            fail_msg("%s lacks its summary of one line, its help, or what it runs", c->name);
        assert_in_range(c->n_args, 1, ARGS_MAX);
        arguments_are_unique_and_explained(c);
        for (size_t k = 0; k < i; k++)
            if (strcmp(c->name, commands[k]->name) == 0)
                fail_msg("%s stands twice", c->name);
    }
}

static void row_of_architecture(enum table t, char *out, size_t cap)
{
    static const char *const words[] = {"value", "key", "gone", "added"};
    const struct table_info *info = table_info(t);
    char tells[64] = "";
    for (size_t i = 0; i < 4; i++)
        if (info->tells & 1u << i) {
            size_t len = strlen(tells);
            snprintf(tells + len, sizeof tells - len, "%s%s", len > 0 ? " " : "", words[i]);
        }
    snprintf(out, cap, "| `%s` | %s | %s | %s |", info->name, proof_word(info->proof),
             info->tells == TELLS_ALL ? "all" : tells, info->how);
}

static void architecture_says_how_check_proves_each_table(void **state)
{
    static char text[1 << 17];
    (void)state;
    FILE *f = fopen(SOURCE_DIR "/server/ARCHITECTURE.md", "r");
    assert_non_null(f);
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    assert_true(n > 0 && n < sizeof text - 1);
    for (int t = 0; t < TABLE_COUNT; t++) {
        char row[1024];
        row_of_architecture((enum table)t, row, sizeof row);
        if (strstr(text, row) == NULL)
            fail_msg("server/ARCHITECTURE.md lacks this row:\n%s", row);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_unique_and_explained),
        cmocka_unit_test(routes_do_not_overlap),
        cmocka_unit_test(commands_are_unique_and_explained),
        cmocka_unit_test(architecture_says_how_check_proves_each_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
