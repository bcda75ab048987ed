#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/cmd/command.h"
#include "server/cmd/data_folder.h"
#include "server/cmd/made_folder.h"
#include "server/instance/instance_copy.h"
#include "server/system/bounds.h"
#include "server/system/log.h"
#include "server/system/options.h"
#include "server/system/system.h"
#include "server/upkeep/notes.h"

enum { DATA, TO, HEADS_LOST, ARGS };

static const struct arg args[ARGS] = {
    [DATA] = {.name = "--data",
              .value = "DIR",
              .required = true,
              .help = "the server's data folder; the server may run"},
    [TO] = {.name = "TO", .required = true, .help = "folder to make, which has all that a restore needs, secrets too"},
    [HEADS_LOST] = {.name = "--signed-heads-lost",
                    .help = "on your word: DIR/signed-heads is gone or damaged for good, and its store is the newest "
                            "there was"},
};

static int make(const struct making *m, const char *folder)
{
    const char *const *given = m->ctx, *what;
    enum err err = instance_backup(m->from, options_map_size(), given[HEADS_LOST] != NULL, clock_ms(), folder, &what);
    if (err == ERR_CORRUPT && strcmp(what, "signed-heads") == 0)
        die("signed-heads of %s is gone, emptied, damaged or an old copy (`countersign check --data %s` says which): "
            "put "
            "the newest back. If it is lost for good, and on your word that the store is the newest there was, say "
            "--signed-heads-lost",
            m->from, m->from);
    if (err == ERR_FULL)
        die("there is no room for %s in %s: free some, or choose another disk%s", what, m->dir, bounds_of_files());
    if (err != ERR_OK)
        data_folder_cannot(m->from, what, err, "wait for it to end");
    return STATUS_DONE;
}

static void note(const struct making *m, int64_t began_us)
{
    struct upkeep_note n = {
        .at_ms = clock_ms(), .took_ms = (clock_monotonic_us() - began_us) / 1000, .verdict = "holds"};
    char *path = realpath(m->dir, NULL);
    snprintf(n.text, sizeof n.text, "%s", path != NULL ? path : m->dir);
    free(path);
    note_write(m->from, UPKEEP_BACKUP, &n);
}

static int backup(const char *const given[])
{
    const struct making m = {.from = given[DATA], .dir = given[TO], .make = make, .ctx = given};
    int64_t began_us = clock_monotonic_us();
    struct instance_mark mark = made_folder(&m);
    note(&m, began_us);
    printf("%s is a copy of %s that holds, of instance %s up to batch %" PRIu64
           ". It has the keys: keep it as you keep those\n",
           m.dir, m.from, mark.id, mark.batch);
    return STATUS_DONE;
}

const struct command cmd_backup = {
    .name = "backup",
    .summary = "copy a data folder while it is served",
    .help =
        "Makes a copy of a data folder, of one moment, while the server runs: store, keys, the months' keys, and what "
        "was signed by\nthen. It is checked like `countersign check` does before it gets its name, and free pages of "
        "the store are left out.\nExit status: 0 it is there and holds, 1 it is not there, 2 cannot tell.",
    .args = args,
    .n_args = ARGS,
    .run = backup,
};
