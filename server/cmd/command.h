/* What every subcommand is: one const entry in its own file, named in main.c's list. Its arguments are read from that
 * entry alone, in args.c. */
#ifndef CS_SERVER_CMD_COMMAND_H
#define CS_SERVER_CMD_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

struct arg {
    const char *name;  /* "--data", where '_' is written '-'; or "DIR": a plain word, taken in the order of the rows */
    const char *value; /* of a flag, what the help calls its value; NULL: a switch */
    bool required;
    const char *help;
    const char *range, *def, *note; /* "1 to 64", "2", words; NULL or "" when there is nothing to say */
    const char **more; /* of the last plain word: gets those that follow, ARGS_MORE at most, NULL behind them */
};

enum { ARGS_MAX = 64, ARGS_MORE = 64 };

struct command {
    const char *name, *summary; /* one line, for the overview */
    const char *help;           /* whole sentences, with line breaks where they are needed */
    const struct arg *args;
    size_t n_args; /* at most ARGS_MAX */
    bool judges;   /* its exit status is a verdict: one that could not be told is 2 */
    bool as_owner; /* run by root it acts as whose the folder is that --data names (data_folder_as_owner) */
    /* given[i] is the text of args[i], NULL where it was not given; a switch's is never NULL when it was. Returns the
     * exit status: 0 done, 1 it does not hold or failed, 2 cannot tell. */
    int (*run)(const char *const given[]);
};

extern const struct command cmd_init, cmd_serve, cmd_token, cmd_keys, cmd_check, cmd_pull, cmd_verify, cmd_keygen,
    cmd_enrol, cmd_sign, cmd_settle, cmd_leads, cmd_tail, cmd_report, cmd_erase, cmd_backup, cmd_restore, cmd_compact,
    cmd_dispose;

/* Before anything else: a closed standard stream must not become the number of a file, and no signal ends what can be
 * told as an error. */
void command_begin(void);
/* The exit status when all is written: another one, and a line that says so, when the output could not be. c NULL:
 * none.
 */
int command_end(const struct command *c, int status);
void args_help(const struct command *c);
/* Reads argv, of which [0] is the command's name, and runs it. --help prints and exits 0; what is unknown, missing or
 * double is refused by name: one line on stderr, exit 2. */
int command_run(const struct command *c, int argc, char **argv);

#endif
