#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "common/base/mem.h"
#include "common/base/utf8.h"
#include "common/settlement/findings.h"
#include "server/check/check.h"
#include "server/cmd/child.h"
#include "server/cmd/command.h"
#include "server/cmd/data_folder.h"
#include "server/cmd/verdict.h"
#include "server/commit/rollups.h"
#include "server/store/store.h"
#include "server/system/bounds.h"
#include "server/system/log.h"
#include "server/system/options.h"
#include "server/system/system.h"
#include "server/upkeep/notes.h"

/* What is printed, and what is noted in the folder. */
struct telling {
    struct verdict_printer printer;
    struct upkeep_note note;
    int64_t began_us;
};

static void telling_open(struct telling *t, bool json)
{
    verdict_open(&t->printer, json);
    t->note = (struct upkeep_note){.text = ""};
    t->began_us = clock_monotonic_us();
}

static void tell_line(void *telling, const struct report_line *line)
{
    struct telling *t = telling;
    verdict_line(&t->printer, line);
    if (line->judged && line->verdict != HOLDS && t->note.text[0] == '\0') {
        struct buf text;
        buf_fixed(&text, t->note.text, sizeof t->note.text - 1);
        utf8_show(&text, line->sentence, sizeof t->note.text - 1);
        t->note.text[text.len] = '\0';
    }
}

static int telling_close(struct telling *t, const char *dir, enum verdict all)
{
    t->note.at_ms = clock_ms();
    t->note.took_ms = (clock_monotonic_us() - t->began_us) / 1000;
    snprintf(t->note.verdict, sizeof t->note.verdict, "%s", verdict_word(all));
    note_write(dir, UPKEEP_CHECK, &t->note);
    return verdict_close(&t->printer, all);
}

static int check_store(const char *dir, bool json)
{
    struct telling t;
    struct check_figures figures;
    telling_open(&t, json);
    enum verdict all = check_folder(dir, options_map_size(), tell_line, &t, &figures);
    if (!json)
        printf("%" PRIu64 " journal rows, watermark %" PRIu64 "\n", figures.journal_rows, figures.watermark);
    return telling_close(&t, dir, all);
}

/* Damage shows as an access past the file, or as an assertion of LMDB's; other signals come from outside. A disk that
 * does not read the file ends who has it mapped as its end does: reading it through tells them apart. */
static int tell_death(int status, const char *dir, bool json)
{
    struct telling t;
    struct finding damage = {.failures = 0};
    int sig = WTERMSIG(status);
    if (sig == SIGBUS && store_reads(dir) != ERR_OK)
        finds_doubt(&damage, "the disk does not read the database file through: copy what it still reads to another, "
                             "or put back a copy that holds");
    else if (sig == SIGBUS || sig == SIGSEGV || sig == SIGABRT)
        finds_failure(&damage, "the database file is damaged: the checking process died of signal %d (%s)", sig,
                      strsignal(sig));
    else
        finds_doubt(&damage, "the checking process was ended by signal %d (%s)", sig, strsignal(sig));
    telling_open(&t, json);
    return telling_close(&t, dir, finding_report(&damage, "open", "", tell_line, &t));
}

enum { DATA, JSON, REBUILD, ARGS };

static const struct arg args[ARGS] = {
    [DATA] = {.name = "--data",
              .value = "DIR",
              .required = true,
              .help = "the server's data folder; the server may run"},
    [JSON] = {.name = "--json", .help = "one JSON object instead of lines"},
    [REBUILD] = {.name = "--rebuild",
                 .help = "first count again what reports are made of, from the journal; the server is stopped"},
};

struct asked {
    const char *dir;
    bool json, rebuild;
};

/* In a transaction: whatever ends it leaves what was there. */
static void rebuild(const char *dir)
{
    struct instance in;
    struct txn *t;
    data_folder_open(&in, dir, options_map_size(), "stop it first", data_folder_damaged);
    enum err err = txn_begin(in.store, true, &t);
    if (err == ERR_OK && (err = rollups_rebuild(&in, t)) == ERR_OK)
        err = txn_commit(t);
    else if (err != ERR_OK)
        txn_abort(t);
    instance_close(&in);
    if (err == ERR_CORRUPT)
        die("the journal of %s does not read, so nothing was counted again: run `countersign check --data %s`", dir,
            dir);
    if (err == ERR_FULL)
        die("the disk or the map of %s is full: free some space, or set map_size_gib higher%s", dir, bounds_of_files());
    if (err != ERR_OK)
        decline("the store of %s cannot be written (%s): nothing was changed", dir, err_word(err));
}

static int check_alone(const void *ctx)
{
    const struct asked *a = ctx;
    mem_last_words(verdict_out_of_memory);
    if (a->rebuild)
        rebuild(a->dir);
    store_last_words(NULL);
    signal(SIGBUS, SIG_DFL);
    return command_end(&cmd_check, check_store(a->dir, a->json));
}

static int check(const char *const given[])
{
    const struct asked a = {given[DATA], given[JSON] != NULL, given[REBUILD] != NULL};
    int status = child_run("the checking process", check_alone, &a);
    return WIFEXITED(status) ? WEXITSTATUS(status) : tell_death(status, a.dir, a.json);
}

const struct command cmd_check = {
    .name = "check",
    .summary = "check a data folder through and through",
    .help = "Checks a store through and through: replays its journal and compares every table with what that gives.\n"
            "With --rebuild it first counts again what reports are made of (rollups), which nothing else rests on.\n"
            "Exit status: 0 all holds, 1 something does not, 2 cannot tell (unreadable, missing).",
    .args = args,
    .n_args = ARGS,
    .as_owner = true,
    .judges = true,
    .run = check,
};
