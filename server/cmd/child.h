/* LMDB has no checksums of its own: a damaged file may kill who reads it, so that is done in a child process. */
#ifndef CS_SERVER_CMD_CHILD_H
#define CS_SERVER_CMD_CHILD_H

/* The child exits with what `run` returns. Returns its status as waitpid(2) has it. */
int child_run(int (*run)(const void *ctx), const void *ctx);

#endif
