/* Full integrity check of a store. Runs in a child process: LMDB has no checksums, a damaged file may kill who reads
 * it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/bytes.h"
#include "server/check/check.h"
#include "server/cmd/command.h"
#include "server/cmd/verdict.h"
#include "server/keys/day_keys.h"
#include "server/system/log.h"
#include "server/system/options.h"

static bool open_store(struct check *c)
{
    const char *what;
    enum err err = instance_open(&c->in, c->dir, STORE_READ, options_map_size(), &what);
    if (err == ERR_OK && (what = "the watermark", err = txn_begin(c->in.store, false, &c->txn)) == ERR_OK &&
        (err = watermark_read(c->txn, &c->watermark)) == ERR_OK) {
        c->catalog = catalog_hold(c->in.catalog);
        return true;
    }
    struct finding *found = &c->finding[STORE_CHECK_OPEN];
    if (err == ERR_CORRUPT)
        finds_failure(found, "%s: what is stored does not read", what);
    else
        finds_doubt(found, "%s cannot be read (%s): is %s a folder made by `countersign init`, and readable?", what,
                    err_word(err), c->dir);
    for (int i = 1; i < STORE_CHECKS; i++)
        finds_doubt(&c->finding[i], "the store could not be opened");
    return false;
}

/* One row of the journal: it continues the journal and its log, then it is folded and appended to its tree. */
static bool check_row(struct check *c, struct span key, struct span row)
{
    struct finding *found = &c->finding[STORE_CHECK_JOURNAL];
    struct envelope env;
    if (key.len != SEQ_LEN || load_be64(key.ptr) != c->seq) {
        finds_failure(found, "row %" PRIu64 " of the journal is missing", c->seq);
        return false;
    }
    if (envelope_read(row, &env) != ERR_OK) {
        finds_failure(found, "row %" PRIu64 " of the journal does not read", c->seq);
        return false;
    }
    struct checked_log *log = check_log(c, env.contract);
    if (env.index != log->tree.frontier.size) {
        finds_failure(found,
                      "row %" PRIu64 " of the journal is entry %" PRIu64 " of log %" PRIu32 ", which has %" PRIu64,
                      c->seq, env.index, env.contract, log->tree.frontier.size);
        return false;
    }
    check_fold(c, log, &env);
    check_tree_append(c, log, env.entry);
    c->seq++;
    return true;
}

/* false when it ended early: what follows from all entries cannot be told then. */
static bool check_journal(struct check *c)
{
    struct cursor *cursor = NULL;
    struct span key, row;
    bool good = cursor_open(c->txn, TABLE_JOURNAL, &cursor) == ERR_OK;
    if (!good)
        finds_doubt(&c->finding[STORE_CHECK_JOURNAL], "the journal cannot be read");
    for (bool more = good && cursor_seek(cursor, SPAN(""), &key, &row); more && good;
         more = cursor_next(cursor, &key, &row))
        good = check_row(c, key, row);
    /* a cursor that met a damaged page ends like one that met the end */
    uint64_t end = good && cursor_last(cursor, &key, &row) && key.len == SEQ_LEN ? load_be64(key.ptr) + 1 : 0;
    cursor_close(cursor);
    if (good && (c->seq < c->watermark || c->seq != end)) {
        finds_failure(&c->finding[STORE_CHECK_JOURNAL],
                      "the journal could be read up to row %" PRIu64 ", but its last is %" PRIu64
                      " and the watermark %" PRIu64,
                      c->seq, end, c->watermark);
        good = false;
    }
    return good;
}

static void check_catalog(struct check *c)
{
    for (size_t i = 0; i < c->catalog->n_contracts; i++) {
        const struct contract *k = &c->catalog->contracts[i];
        const struct checked_log *log = check_log(c, k->number);
        if (log->fold.terms == NULL || log->fold.terms_index != k->terms_index)
            finds_failure(&c->finding[STORE_CHECK_CATALOG],
                          "contract %s works by terms %" PRIu64 ", its log's last terms are entry %" PRIu64, k->id,
                          k->terms_index, log->fold.terms_index);
    }
}

static void run_checks(struct check *c)
{
    if (!open_store(c))
        return;
    c->sealer = instance_sealer(&c->in);
    check_fold_open(c);
    if (check_journal(c)) {
        check_tree_end(c);
        check_rows(c);
        check_catalog(c);
        return;
    }
    finds_doubt(&c->finding[STORE_CHECK_TREES], "the journal could not be read to its end");
    finds_doubt(&c->finding[STORE_CHECK_ROWS], "the journal could not be read to its end");
    finds_doubt(&c->finding[STORE_CHECK_CATALOG], "the journal could not be read to its end");
}

static int tell(const struct check *c, bool json)
{
    static const struct {
        const char *word, *good;
    } checks[] = {
#define X(symbol, word, good) {word, good},
        STORE_CHECK_TABLE(X)
#undef X
    };
    struct verdict_printer printer;
    enum verdict all = HOLDS;
    verdict_open(&printer, json);
    for (int i = 0; i < STORE_CHECKS; i++)
        all =
            verdict_worse(all, finding_report(&c->finding[i], checks[i].word, checks[i].good, verdict_line, &printer));
    if (!json)
        printf("%" PRIu64 " journal rows, watermark %" PRIu64 "\n", c->seq, c->watermark);
    return verdict_close(&printer, all);
}

static int check_store(const char *dir, bool json)
{
    struct check c = {.dir = dir};
    buf_heap(&c.scratch);
    run_checks(&c);
    int status = tell(&c, json);
    check_logs_free(&c);
    rows_map_free(c.rows);
    sealer_free(c.sealer);
    catalog_unref(c.catalog);
    txn_abort(c.txn);
    instance_close(&c.in);
    buf_free(&c.scratch);
    return status;
}

int cmd_check(int argc, char **argv)
{
    const char *dir = NULL;
    bool json = false;
    const struct arg args[] = {
        {"--data", &dir, NULL, true, "the server's data folder; the server may run"},
        {"--json", NULL, &json, false, "one JSON object instead of lines"},
    };
    args_parse(
        argc, argv,
        "Checks a store through and through: replays its journal and compares every table with what that gives.\n"
        "Exit status: 0 all holds, 1 something does not, 2 cannot tell (unreadable, missing).",
        args, 2);
    fflush(stdout);
    pid_t child = fork();
    if (child < 0)
        die("cannot start the checking process");
    if (child == 0)
        exit(check_store(dir, json));
    int status = 0;
    if (waitpid(child, &status, 0) != child)
        die("cannot wait for the checking process");
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    struct verdict_printer printer;
    struct finding damage = {.failures = 0};
    finds_failure(&damage, "the database file is damaged: the checking process died of signal %d (%s)",
                  WTERMSIG(status), strsignal(WTERMSIG(status)));
    verdict_open(&printer, json);
    return verdict_close(&printer, finding_report(&damage, "open", "", verdict_line, &printer));
}
