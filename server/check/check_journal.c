/* The replay: the journal row by row, each folded into its log. */
#include <inttypes.h>
#include <stdio.h>

#include "common/base/bytes.h"
#include "server/check/check_private.h"

/* A row that is missing, or made out to be by a damaged one. */
static void row_is_missing(struct check *c, const char *why)
{
    uint8_t key[SEQ_LEN];
    check_row_fails(c, TABLE_JOURNAL, seq_key(key, c->seq), "is missing%s", why);
}

static bool names_a_log(struct check *c, const struct envelope *env, struct span key)
{
    char name[ROW_NAME];
    uint8_t contract[4];
    if (env->contract <= c->catalog->n_contracts)
        return true;
    table_row_name(TABLE_CONTRACTS, contract_key(contract, env->contract), name);
    check_row_fails(c, TABLE_JOURNAL, key, "is of a contract that is not there: %s", name);
    return false;
}

/* It continues the journal and its log, then it is folded and appended to its tree. */
static bool take_row(struct check *c, struct span key, struct span row)
{
    struct envelope env;
    uint64_t seq;
    if (!seq_of(key, &seq) || seq != c->seq) {
        char name[ROW_NAME], why[ROW_NAME + 16];
        table_row_name(TABLE_JOURNAL, key, name);
        snprintf(why, sizeof why, ": %s follows", name);
        row_is_missing(c, why);
        return false;
    }
    if (envelope_read(row, &env) != ERR_OK) {
        check_row_fails(c, TABLE_JOURNAL, key, "does not read");
        return false;
    }
    if (!names_a_log(c, &env, key))
        return false;
    struct checked_log *log = check_log(c, env.contract);
    env.seq = c->seq;
    if (env.index != log->tree.frontier.size) {
        check_row_fails(c, TABLE_JOURNAL, key, "is entry %" PRIu64 " of log %" PRIu32 ", which has %" PRIu64, env.index,
                        env.contract, log->tree.frontier.size);
        return false;
    }
    check_fold(c, log, &env);
    check_tree_append(c, log, &env);
    c->seq++;
    return true;
}

/* Ends early with what does not continue it: what follows from all entries cannot be told then. */
static bool replay(struct check *c)
{
    struct cursor *cursor = NULL;
    struct span key = SPAN(""), row;
    bool good = true;
    enum err err = cursor_open(c->txn, TABLE_JOURNAL, &cursor);
    if (err == ERR_OK) {
        for (err = cursor_seek(cursor, SPAN(""), &key, &row); err == ERR_OK && good;
             err = cursor_next(cursor, &key, &row))
            good = take_row(c, key, row);
        err = cursor_end(err);
    }
    cursor_close(cursor);
    if (!good)
        return false;
    if (err == ERR_CORRUPT && txn_damage(c->txn) == DAMAGE_OTHER_ROW)
        check_row_is_other(c, TABLE_JOURNAL, key);
    else if (err == ERR_CORRUPT && txn_damage(c->txn) == DAMAGE_FEWER_ROWS)
        row_is_missing(c, ": fewer are there than were written");
    else if (err != ERR_OK)
        finds_doubt(&c->finding[STORE_CHECK_JOURNAL], "the journal cannot be read past row %" PRIu64 " (%s)", c->seq,
                    err_word(err));
    return err == ERR_OK;
}

void prove_journal(struct check *c)
{
    c->complete = replay(c);
    if (c->complete)
        check_shares_end(c);
    if (c->complete && c->seq < c->watermark)
        row_is_missing(c, ", or row watermark of meta is wrong, which counts more");
}
