/* A damaged file may kill who has it mapped, LMDB's as a mirror's: so what reads it is a child process. */
#ifndef CS_SERVER_CMD_CHILD_H
#define CS_SERVER_CMD_CHILD_H

/* The child exits with what `run` returns. Returns its status as waitpid(2) has it; `called` is what it is in words. */
int child_run(const char *called, int (*run)(const void *ctx), const void *ctx);
/* The same, but for -1 where it could not be started or waited for, once that is said: for who has to clear up. */
int child_tried(const char *called, int (*run)(const void *ctx), const void *ctx);

#endif
