#include <stdio.h>
#include <string.h>

#include "common/base/json_read.h"
#include "common/base/mem.h"
#include "common/crypto/crypto.h"
#include "server/cmd/command.h"
#include "server/instance/instance.h"
#include "server/system/confine.h"
#include "server/system/log.h"

static const struct command *const commands[] = {
    &cmd_init,    &cmd_serve, &cmd_token,  &cmd_keys,   &cmd_check, &cmd_backup,  &cmd_restore,
    &cmd_compact, &cmd_pull,  &cmd_verify, &cmd_keygen, &cmd_enrol, &cmd_dispose, &cmd_sign,
    &cmd_settle,  &cmd_leads, &cmd_tail,   &cmd_report, &cmd_erase,
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static int overview(void)
{
    printf("usage: countersign COMMAND [--help]\n"
           "       countersign --version\n\n"
           "Tracking and postback server for pay-per-lead attribution whose numbers both sides can check.\n\n");
    for (size_t i = 0; i < COMMANDS; i++)
        printf("  %-8s %s\n", commands[i]->name, commands[i]->summary);
    return command_end(NULL, STATUS_DONE);
}

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(name, commands[i]->name) == 0)
            return commands[i];
    decline("there is no command \"%s\": `countersign --help` lists all", name);
}

int main(int argc, char **argv)
{
    command_begin();
    confine_memory();
    mem_last_words(complain_out_of_memory);
    json_use_mem();
    crypto_use_mem();
    if (argc < 2)
        decline("which command? `countersign --help` lists all");
    bool help = strcmp(argv[1], "help") == 0;
    if (strcmp(argv[1], "--help") == 0 || (help && argc == 2))
        return overview();
    if (strcmp(argv[1], "--version") == 0) {
        printf("countersign %s, store format %s\n", CS_VERSION, STORE_FORMAT);
        return command_end(NULL, STATUS_DONE);
    }
    const struct command *c = find(argv[help ? 2 : 1]);
    if (!help)
        return command_run(c, argc - 1, argv + 1);
    args_help(c);
    return command_end(NULL, STATUS_DONE);
}
