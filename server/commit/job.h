/* A request on its way through the committer. Made by a worker in the exchange's arena, handed over through its queue,
 * handed back after the commit. Between the two only the committer touches it. */
#ifndef CS_SERVER_COMMIT_JOB_H
#define CS_SERVER_COMMIT_JOB_H

#include "common/decisions/decide.h"
#include "server/http/request.h"

enum job_kind { JOB_TRACK, JOB_LEAD, JOB_DISPOSITION, JOB_CONTROL };

struct private_sealed {
    uint32_t day;
    struct span bytes; /* nonce, ciphertext, tag */
};

/* A click or view: the entry is complete but for what the committer finds (view: whether the click exists). */
struct track_job {
    struct entry entry;
    bool has_click_claim; /* view: a click id of this contract was given */
    uint64_t click_claim;
    struct private_sealed sealed;
};

/* Replay protection of a postback. */
struct nonce_use {
    bool used;                        /* false for management calls and unsigned senders */
    uint8_t key[16];                  /* SHA-256(party 00 nonce)[:16] */
    uint8_t request_sha256[HASH_LEN]; /* over everything that was signed */
    int64_t forget_s;                 /* Unix time after which it may be forgotten */
    bool webhook;                     /* a webhook-id, for the text of a conflict */
};

struct lead_job {
    struct lead_report report;
    uint32_t fallback_contract; /* ledger for a lead whose clicks do not exist: the publisher's, or the campaign's
                                   direct one */
    struct private_part priv;
    struct private_sealed sealed;
    struct nonce_use nonce;
};

struct disposition_job {
    struct disposition_report report; /* report.lead is filled by the committer */
    const struct party *party;
    bool by_lead, by_click; /* pointer is a lead ref, or a click id for where report.txid is empty or not known */
    struct pointer pointer;
    struct nonce_use nonce;
};

struct job;
struct commit; /* the committer's batch, commit.h */
struct control_job {
    /* Checks first, writes last: an error return promises that nothing was written. Answers through job->answer (arena
     * memory). */
    enum err (*run)(struct commit *cx, struct job *job);
    void *arg;
    /* Run first in its batch, right after a sweep was committed: every log's durable head is then its present one, so
     * that it can be signed and cut (statements). At most one such job a batch. */
    bool after_sweep;
};

struct job {
    struct job *next;
    struct worker *worker;
    struct exchange *exchange; /* the worker's own */
    struct arena *arena;
    enum job_kind kind;
    int64_t now_ms;    /* arrival */
    uint32_t contract; /* JOB_TRACK */
    union {
        struct track_job track;
        struct lead_job lead;
        struct disposition_job disposition;
        struct control_job control;
    };
    /* outcome, valid after the commit */
    enum err err; /* ERR_FULL: storage is full, nothing was recorded */
    struct problem problem;
    uint32_t out_contract;
    uint64_t index;
    struct hash leaf;
    struct span entry; /* JOB_LEAD, JOB_DISPOSITION: the entry's bytes, in the arena */
    uint64_t lead_index;
    bool replayed;
    struct span answer; /* JOB_CONTROL: JSON */
    int answer_status;
};

/* Hands the job to the committer. ERR_PENDING, or ERR_BUSY when the queue is full. */
MUST_CHECK enum err job_submit(struct request *rq, struct job *job);
struct job *job_new(struct request *rq, enum job_kind kind); /* cleared */

#endif
