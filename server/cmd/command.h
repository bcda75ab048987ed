/* The subcommands beside `serve`: one small file each, one row of main.c's table. argv[0] is the command's name; the
 * result is the exit status. And the parser of their few flags. */
#ifndef CS_SERVER_CMD_COMMAND_H
#define CS_SERVER_CMD_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

int serve(int argc, char **argv); /* cmd_serve.c */
int cmd_init(int argc, char **argv);
int cmd_token(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_pull(int argc, char **argv);
int cmd_verify(int argc, char **argv);

/* What a command takes. Rows of `words` fill the plain words in order; each is required. `on` is a switch. */
struct arg {
    const char *name; /* "--data", or "DIR" of a plain word */
    const char **text;
    bool *on;
    bool required;
    const char *help;
};
/* Fills the texts from argv; unset ones stay as they are. --help prints and exits 0; anything unknown, missing or
 * double is one line on stderr and exit 2. */
void args_parse(int argc, char **argv, const char *summary, const struct arg *args, size_t n);

#endif
