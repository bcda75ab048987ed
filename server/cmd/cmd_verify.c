#include "server/cmd/command.h"
#include "server/cmd/folder.h"
#include "server/cmd/verdict.h"

int cmd_verify(int argc, char **argv)
{
    const char *dir = NULL;
    bool json = false;
    const struct arg args[] = {
        {"DIR", &dir, NULL, true, "a folder that `countersign pull` made"},
        {"--json", NULL, &json, false, "one JSON object instead of lines"},
    };
    args_parse(argc, argv,
               "Audits a mirror offline: signatures, tree, every decision, every statement. One line per check.\n"
               "Exit status: 0 all holds, 1 something does not, 2 cannot tell (unreadable, missing).",
               args, 2);
    struct mirror mirror = folder_mirror(dir);
    struct verdict_printer printer;
    verdict_open(&printer, json);
    return verdict_close(&printer, verify_mirror(&mirror, verdict_line, &printer));
}
