#include <inttypes.h>
#include <stdio.h>

#include "server/cmd/command.h"
#include "server/cmd/data_folder.h"
#include "server/instance/instance_copy.h"
#include "server/system/log.h"
#include "server/system/options.h"

enum { DATA, ARGS };

static const struct arg args[ARGS] = {
    [DATA] = {.name = "--data", .value = "DIR", .required = true, .help = "the server's data folder; it is stopped"},
};

static int compact(const char *const given[])
{
    const char *dir = given[DATA], *what;
    struct compacted done;
    store_last_words(data_folder_damaged);
    enum err err = instance_compact(dir, options_map_size(), &done, &what);
    if (err == ERR_FULL)
        die("there is no room beside the store of %s for a copy of it without its free pages: free some", dir);
    if (err != ERR_OK)
        data_folder_cannot(dir, what, err, "stop it first, and wait for whoever reads it");
    printf("the store of %s has %" PRIu64 " MiB, and had %" PRIu64 "\n", dir, done.after >> 20, done.before >> 20);
    return STATUS_DONE;
}

const struct command cmd_compact = {
    .name = "compact",
    .summary = "leave out the free pages of a store",
    .help =
        "Makes the store of a stopped server as small as its rows: it is copied beside itself without the pages that "
        "are free,\ncompared row by row, and put in its place at once. Whatever ends this before leaves it as it was. "
        "It takes room for the copy.",
    .args = args,
    .n_args = ARGS,
    .as_owner = true,
    .run = compact,
};
