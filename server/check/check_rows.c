#include <stdarg.h>
#include <stdio.h>

#include "server/check/check_private.h"

/* ---- findings about rows ---- */

struct finding *check_finding(struct check *c, enum table t)
{
    static const enum store_check checks[TABLE_ROWS] = {
        [TABLE_META] = STORE_CHECK_CATALOG,        [TABLE_JOURNAL] = STORE_CHECK_JOURNAL,
        [TABLE_TILES] = STORE_CHECK_TREES,         [TABLE_SEQS] = STORE_CHECK_TREES,
        [TABLE_HEADS] = STORE_CHECK_TREES,         [TABLE_DAY_KEYS] = STORE_CHECK_PRIVATE,
        [TABLE_LEAVES] = STORE_CHECK_TREES,        [TABLE_NONCES] = STORE_CHECK_REPLAYS,
        [TABLE_PARTIES] = STORE_CHECK_CATALOG,     [TABLE_CAMPAIGNS] = STORE_CHECK_CATALOG,
        [TABLE_CONTRACTS] = STORE_CHECK_CATALOG,   [TABLE_CODES] = STORE_CHECK_CATALOG,
        [TABLE_TOKENS] = STORE_CHECK_CATALOG,      [TABLE_SECRETS] = STORE_CHECK_CATALOG,
        [TABLE_GRANTS] = STORE_CHECK_CATALOG,      [TABLE_STATEMENTS] = STORE_CHECK_STATEMENTS,
        [TABLE_IDEMPOTENCY] = STORE_CHECK_REPLAYS, [TABLE_COSIGNED] = STORE_CHECK_STATEMENTS,
        [TABLE_REFUSED] = STORE_CHECK_REPLAYS,     [TABLE_CLOCK] = STORE_CHECK_CATALOG,
        [TABLE_UNTOLD] = STORE_CHECK_CATALOG,      [TABLE_LINKS] = STORE_CHECK_CATALOG,
        [TABLE_PRIVATE] = STORE_CHECK_PRIVATE,     [TABLE_USES] = STORE_CHECK_CATALOG,
        [TABLE_OUTBOX] = STORE_CHECK_REPLAYS,      [TABLE_DELIVERIES] = STORE_CHECK_REPLAYS,
        [TABLE_ROLLUPS] = STORE_CHECK_ROWS,        [TABLE_NOTICES] = STORE_CHECK_CATALOG,
        [TABLE_MODELS] = STORE_CHECK_ROWS,         [TABLE_STATES] = STORE_CHECK_TREES,
        [TABLE_SEEDS] = STORE_CHECK_ROWS,          [TABLE_CHANGES] = STORE_CHECK_CATALOG,
        [TABLE_UNFINISHED] = STORE_CHECK_CATALOG,
    };
    return &c->finding[t < TABLE_ROWS ? checks[t] : STORE_CHECK_ROWS];
}

void check_row_fails(struct check *c, enum table t, struct span key, const char *fmt, ...)
{
    char name[ROW_NAME], text[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    table_row_name(t, key, name);
    finds_failure(check_finding(c, t), "%s %s", name, text);
}

void check_row_doubt(struct check *c, enum table t, struct span key, const char *fmt, ...)
{
    char name[ROW_NAME], text[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    table_row_name(t, key, name);
    finds_doubt(check_finding(c, t), "%s %s", name, text);
}

void check_row_is_other(struct check *c, enum table t, struct span key)
{
    check_row_fails(c, t, key, "is not as it was written: its checksum does not fit");
}

/* ---- reading them ---- */

enum err check_get(struct check *c, enum table t, struct span key, struct span *value)
{
    enum err err = store_get(c->txn, t, key, value);
    if (err == ERR_CORRUPT && txn_damage(c->txn) == DAMAGE_OTHER_ROW)
        check_row_is_other(c, t, key);
    else if (err == ERR_CORRUPT && txn_damage(c->txn) == DAMAGE_BLOCK)
        check_row_fails(c, t, key, "cannot be told: a block of rows is not as it was written");
    else if (err != ERR_OK && err != ERR_NOT_FOUND)
        check_row_doubt(c, t, key, "cannot be read (%s)", err_word(err));
    return err;
}

bool check_need(struct check *c, enum table t, struct span key, struct span *value)
{
    enum err err = check_get(c, t, key, value);
    if (err == ERR_NOT_FOUND)
        check_row_fails(c, t, key, "is missing");
    return err == ERR_OK;
}

void check_each(struct check *c, enum table t, check_row *each)
{
    struct cursor *cursor = NULL;
    struct span key, value;
    uint64_t n = 0;
    enum err err = cursor_open(c->txn, t, &cursor);
    if (err == ERR_OK) {
        for (err = cursor_seek(cursor, SPAN(""), &key, &value);
             err == ERR_OK || (err == ERR_CORRUPT && txn_damage(c->txn) == DAMAGE_OTHER_ROW);
             err = cursor_next(cursor, &key, &value), n++)
            if (err == ERR_OK)
                each(c, t, key, value);
            else
                check_row_is_other(c, t, key);
        err = cursor_end(err);
    }
    cursor_close(cursor);
    if (err == ERR_CORRUPT && txn_damage(c->txn) == DAMAGE_FEWER_ROWS)
        finds_failure(check_finding(c, t), "%s has %llu rows, which is not as many as were written",
                      table_info(t)->name, (unsigned long long)n);
    else if (err == ERR_CORRUPT && txn_damage(c->txn) == DAMAGE_BLOCK)
        finds_failure(check_finding(c, t),
                      "%s cannot be read past %llu rows: a block of them is not as it was written, its checksum does "
                      "not fit",
                      table_info(t)->name, (unsigned long long)n);
    else if (err != ERR_OK)
        finds_doubt(check_finding(c, t), "%s cannot be read past %llu rows (%s)", table_info(t)->name,
                    (unsigned long long)n, err_word(err));
}

/* ---- sets and folds ---- */

static struct row_set *wanted(struct check *c, enum table t)
{
    return t == TABLE_STATEMENTS ? c->statements : c->answers;
}

static void is_wanted(struct check *c, enum table t, struct span key, struct span value)
{
    (void)value;
    if (!row_set_has(wanted(c, t), key))
        check_row_fails(c, t, key, "is none that the entries call for");
}

void check_set(struct check *c, enum table t)
{
    struct row_set *want = wanted(c, t);
    struct span value;
    for (size_t i = 0; i < row_set_count(want); i++)
        check_need(c, t, row_set_at(want, i), &value);
    check_each(c, t, is_wanted);
}

static void is_folded(struct check *c, enum table t, struct span key, struct span value)
{
    struct span mine;
    if (rows_map_get(c->rows, (enum row_table)(t - TABLE_ROWS), key, &mine) != ERR_OK)
        check_row_fails(c, t, key, "is none that the entries give");
    else if (!span_eq(mine, value))
        check_row_fails(c, t, key, "is not what the entries give");
}

void prove_fold_rows(struct check *c, enum table t)
{
    enum row_table rows = (enum row_table)(t - TABLE_ROWS);
    struct span key, mine, value;
    char after[sizeof((struct row_op *)0)->key + 1] = "";
    size_t len = 0;
    check_each(c, t, is_folded);
    while (rows_map_seek(c->rows, rows, span_of(after, len), &key, &mine) == ERR_OK) {
        check_need(c, t, key, &value);
        memcpy(after, key.ptr, key.len);
        after[key.len] = '\0'; /* the least key that is greater */
        len = key.len + 1;
    }
}
