#include <stdio.h>
#include <string.h>

#include "server/cmd/command.h"
#include "server/system/log.h"

static const struct command {
    const char *name, *help;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"init", "make a data folder: keys, store, operator token", cmd_init},
    {"serve", "answer clicks, pixels, postbacks and the API", serve},
    {"token", "mint another API token of a party, offline", cmd_token},
    {"check", "check a data folder through and through", cmd_check},
    {"pull", "mirror one contract's log, statements, keys and openings", cmd_pull},
    {"verify", "audit a mirror offline, with nothing but public keys", cmd_verify},
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static int help(void)
{
    printf("usage: countersign COMMAND [--help]\n\n"
           "Tracking and postback server for pay-per-lead attribution whose numbers both sides can check.\n\n");
    for (size_t i = 0; i < COMMANDS; i++)
        printf("  %-8s %s\n", commands[i].name, commands[i].help);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        die("which command? `countersign --help` lists all");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
        return help();
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    die("there is no command \"%s\": `countersign --help` lists all", argv[1]);
}
