/* A record on its way through the committer, and what came of it. Made by a worker in the request's arena, handed over
 * by the source, handed back after the commit. Between the two only the committer touches it. */
#ifndef CS_SERVER_COMMIT_JOB_H
#define CS_SERVER_COMMIT_JOB_H

#include "common/commit/record.h"
#include "server/system/arena.h"

struct compiled_of;
struct request; /* the worker's own, opaque here */

enum { CAUSE_MAX = 256 }; /* bytes of a cause */

struct job {
    struct record record;
    int64_t arrived_us;  /* monotonic: of the request; 0: none */
    struct arena *arena; /* for the outcome; NULL for chores, which have none */
    struct request *request;
    const struct compiled_of *compiled; /* of the record's documents, by who made it; the request's */
    bool chore;                         /* the source's own */
    bool behind;                        /* a row of a call that has very many: others' come between */
    size_t worker;                      /* who gets it back */
    /* outcome, valid after the commit */
    enum err err; /* ERR_FULL: storage is full, nothing was recorded */
    struct problem problem;
    struct span cause; /* of an err that is answered with a 5xx: what failed in the transaction; in the arena */
    uint32_t out_contract;
    uint64_t index; /* of the entry; of a chore, where to go on; FRESH_HEAD: entries in no statement */
    struct hash leaf;
    struct span entry; /* LEAD, DISPOSITION, DISPOSE: the entry's bytes, in the arena */
    bool replayed;
    bool more;           /* a chore that did all its steps: there may be more to do */
    bool spared;         /* it ran by itself, out of the reserve, and its err stands whatever its batch's */
    uint64_t unfinished; /* the row of what it began, until which is whole nobody hears of it; of the chore that goes
                            on, of what it made whole; 0: none */
    bool outdated;       /* with an error: what the record rests on is so no more, and it may be made again */
    struct span answer;  /* of a management call: JSON */
    int answer_status;
};

#endif
