/* Copies and checks of the folder that is served. A helper makes them, a process of its own, which `serve` starts
 * before it gives up other processes and folders: it runs the commands `backup` and `check` themselves, so that a
 * damaged store kills that process and not the server, and so that who breaks into the server reaches no copy. */
#ifndef CS_SERVER_UPKEEP_UPKEEP_H
#define CS_SERVER_UPKEEP_UPKEEP_H

#include <stdint.h>
#include <sys/types.h>

#include "common/base/problem.h"
#include "server/upkeep/notes.h"

/* What the helper says, one packet each. */
enum { UPKEEP_WORDS = 480 };
struct upkeep_told {
    uint8_t kind;                 /* enum upkeep_kind */
    bool ended, checks;           /* checks: a backup is copied, and is being checked */
    uint64_t bytes;               /* of the copy, so far */
    int status;                   /* of the command, once it ended; -1: it was killed */
    char words[UPKEEP_WORDS + 1]; /* what it said to whoever would have run it, once it ended */
};

struct upkeep;

/* Takes the socket to the helper over, and its process. backup_dir: "" where none is set. A thread of its own. */
struct upkeep *upkeep_start(int helper, pid_t process, const char *backup_dir);
void upkeep_stop(struct upkeep *u); /* ends the helper, and what it is at; NULL-safe */

/* Of one kind, as any thread sees it. */
struct upkeep_state {
    bool running, checks;
    uint64_t bytes;
    int64_t since_ms;  /* it was asked for */
    int64_t failed_ms; /* the last one since the start brought nothing; 0: it did, or there was none */
    char words[UPKEEP_WORDS + 1];
};
void upkeep_state(struct upkeep *u, enum upkeep_kind kind, struct upkeep_state *out);
/* ERR_CONFLICT, in words: no folder is set, or the helper is gone. *runs: it is at one. u may be NULL (tests). */
MUST_CHECK enum err upkeep_can(struct upkeep *u, enum upkeep_kind kind, bool *runs, struct problem *p);
/* Has it made; what runs already is not begun again. Behind upkeep_can. */
void upkeep_ask(struct upkeep *u, enum upkeep_kind kind, int64_t now_ms);

#endif
