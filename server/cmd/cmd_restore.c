#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "server/cmd/child.h"
#include "server/cmd/command.h"
#include "server/cmd/data_folder.h"
#include "server/cmd/made_folder.h"
#include "server/instance/instance_copy.h"
#include "server/system/bounds.h"
#include "server/system/log.h"
#include "server/system/options.h"

enum { FROM, TO, LOST, NOTHING, ARGS };

static const struct arg args[ARGS] = {
    [FROM] = {.name = "FROM", .required = true, .help = "what `countersign backup` made"},
    [TO] = {.name = "DIR", .required = true, .help = "data folder to make"},
    [LOST] = {.name = "--lost",
              .value = "DIR",
              .help = "what is left of the folder that DIR follows: its signed-heads say what was signed last"},
    [NOTHING] = {.name = "--nothing-signed-since",
                 .help = "on your word: the server was stopped when the backup was made, and never started again"},
};

static void tell_ahead(struct span log, uint64_t is_signed, uint64_t have)
{
    complain("%.*s: a head of %" PRIu64 " entries was signed, and the backup has %" PRIu64
             ", or others in their place: going on from here would be another history",
             (int)log.len, log.ptr, is_signed, have);
}

struct lost {
    const char *dir, *folder;
};

/* What was answered behind the last signed head is in no head. */
static int look_for_more(const void *ctx)
{
    const struct lost *l = ctx;
    struct instance_more more = {.entries = 0};
    signal(SIGBUS, SIG_DFL);
    enum err err = instance_holds_more(l->dir, options_map_size(), l->folder, &more);
    if (err == ERR_NOT_FOUND)
        return STATUS_DONE;
    if (err != ERR_OK)
        return STATUS_CANNOT_TELL;
    if (more.entries == 0 && more.table == NULL)
        return STATUS_DONE;
    complain("%s: its store has %" PRIu64
             " entries that the backup has not%s%s, all of them answered, though no head of "
             "them was signed",
             l->dir, more.entries, more.table != NULL ? ", and another table of " : "",
             more.table != NULL ? more.table : "");
    return STATUS_FAILED;
}

static void hold_no_more(const struct lost *l)
{
    static const char cure[] =
        "serve that folder, or back it up and restore that. Where its store is damaged beyond use "
        "move its store.mdb away and say this again: what it has and the backup has not is lost "
        "then";
    int status = child_run("looking into the old store", look_for_more, l);
    if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_DONE)
        return;
    if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_FAILED)
        die("nothing was made: %s", cure);
    decline(
        "whether the store of %s has more than the backup cannot be told, since it does not read (countersign check "
        "says why): %s",
        l->dir, cure);
}

/* It may have lost what was signed last. */
static _Noreturn void cannot_follow(const char *lost, enum err err)
{
    const char *why = err == ERR_NOT_FOUND ? "is missing"
                                           : "is emptied, cut off, damaged, older than the backup or itself a backup's";
    if (store_missing(lost) == ERR_OK)
        decline("signed-heads of %s %s: what was signed last cannot be told. Give the newest copy of it. Only if you "
                "know that the server was stopped when the backup was made, and never started again, say "
                "--nothing-signed-since: else a second history begins. Otherwise begin a new folder under another "
                "public URL, with init",
                lost, why);
    decline(
        "signed-heads of %s %s: what was signed last cannot be told. Its store.mdb is there, which is newer than the "
        "backup, or may be: serve that folder, or take a new backup of it and restore that; `countersign check "
        "--data %s` says what is wrong with it",
        lost, why, lost);
}

static void confirm(const char *lost, const char *folder)
{
    const char *what;
    enum err err = instance_confirm_by(lost, options_map_size(), folder, tell_ahead, &what);
    if (err == ERR_CONFLICT)
        die("the backup is older than what was signed: restore a newer one. What came after this one is lost here, and "
            "its "
            "parties may have it (pull); without a newer one begin a new folder under another public URL, with init");
    if (err == ERR_BUSY)
        die("%s is served: stop that server, and never start it again beside the restored one", lost);
    if ((err == ERR_CORRUPT || err == ERR_NOT_FOUND) && strcmp(what, "signed-heads") == 0)
        cannot_follow(lost, err);
    if (err != ERR_OK)
        decline("what %s of %s says cannot be told (%s)", what, lost, err_word(err));
    hold_no_more(&(struct lost){lost, folder});
}

static int make(const struct making *m, const char *folder)
{
    const char *const *given = m->ctx, *what;
    enum err err = instance_restore(m->from, folder, &what);
    if (err == ERR_FULL)
        die("there is no room for %s in %s: free some, or choose another disk%s", what, m->dir, bounds_of_files());
    if (err == ERR_NOT_FOUND)
        decline("%s has no %s: give a folder that `countersign backup` made", m->from, what);
    if (err != ERR_OK)
        decline("cannot copy %s of %s to %s (%s): look at both disks", what, m->from, m->dir, err_word(err));
    if (given[LOST] != NULL)
        confirm(given[LOST], folder);
    if (given[NOTHING] != NULL && (err = instance_confirm(folder)) != ERR_OK)
        die("cannot write to %s (%s)", m->dir, err_word(err));
    return STATUS_DONE;
}

/* Of which no head tells. Where the lost store was there, it had nothing that the copy has not. */
static void tell_revived(const char *from, const char *lost)
{
    struct buf when;
    if (lost != NULL && store_missing(lost) == ERR_CONFLICT)
        return;
    buf_heap(&when);
    if (instance_backup_time(from, &when) != ERR_OK) {
        buf_clear(&when);
        buf_str(&when, "the backup's time");
    }
    printf(
        "its control data is as of %.*s. What was taken back after that is as it was: tokens and keys that were ended, "
        "invitations that were used, contracts and codes that were locked, persons who were erased. If there was "
        "any, take it back again, first of all tokens (GET /v1/parties/{party}/tokens), before it is reached by "
        "others%s\n",
        (int)when.len, when.ptr,
        lost != NULL ? "; witnessed and keys/kept-from too are the backup's, unless the old folder has them" : "");
    buf_free(&when);
}

static int restore(const char *const given[])
{
    const struct making m = {.from = given[FROM], .dir = given[TO], .make = make, .ctx = given};
    if (given[LOST] != NULL && given[NOTHING] != NULL)
        decline("--lost and --nothing-signed-since exclude each other");
    struct instance_mark mark = made_folder(&m);
    printf("%s is instance %s up to batch %" PRIu64 "\n", m.dir, mark.id, mark.batch);
    if (given[LOST] != NULL || given[NOTHING] != NULL)
        tell_revived(given[FROM], given[LOST]);
    if (given[LOST] != NULL || given[NOTHING] != NULL)
        printf("%s goes on where %s ends; never start the old folder beside it\n"
               "next: countersign serve --data %s\n",
               m.dir, m.from, m.dir);
    else
        printf(
            "%s holds, to be checked and read. It is not served: that would sign a second history, if more was signed "
            "after the backup was made. Restore with --lost DIR, which tells, or with --nothing-signed-since\n",
            m.dir);
    return STATUS_DONE;
}

const struct command cmd_restore = {
    .name = "restore",
    .summary = "make a data folder of a backup",
    .help = "Makes a data folder of a backup, checked like `countersign check` does, that goes on with its history; or "
            "says why it must\nnot: what was signed after the backup would be signed a second time, otherwise. --lost "
            "takes that from what is left of the\nold folder, --nothing-signed-since from you; without either the new "
            "folder can be checked and read, but is not served.\nExit status: 0 it is there and holds, 1 it is not "
            "there, 2 cannot tell.",
    .args = args,
    .n_args = ARGS,
    .run = restore,
};
