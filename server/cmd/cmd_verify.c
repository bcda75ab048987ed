#include "server/cmd/command.h"
#include "server/cmd/folder.h"
#include "server/cmd/verdict.h"

enum { DIR, JSON, ARGS };

static const struct arg args[ARGS] = {
    [DIR] = {.name = "DIR", .required = true, .help = "a folder that `countersign pull` made"},
    [JSON] = {.name = "--json", .help = "one JSON object instead of lines"},
};

static int verify(const char *const given[])
{
    struct mirror mirror = folder_mirror(given[DIR]);
    struct verdict_printer printer;
    verdict_open(&printer, given[JSON] != NULL);
    return verdict_close(&printer, verify_mirror(&mirror, verdict_line, &printer));
}

const struct command cmd_verify = {
    .name = "verify",
    .summary = "audit a mirror offline, with nothing but public keys",
    .help = "Audits a mirror offline: signatures, tree, every decision, every statement. One line per check.\n"
            "Exit status: 0 all holds, 1 something does not, 2 cannot tell (unreadable, missing).",
    .args = args,
    .n_args = ARGS,
    .run = verify,
};
