/* What the files of `pull` share. A pull dies with one line wherever it cannot go on: its folder is as it was then, or
 * what it has to show is put aside (pull_folder.c). One a process. */
#ifndef CS_SERVER_CMD_PULL_PRIVATE_H
#define CS_SERVER_CMD_PULL_PRIVATE_H

#include "common/base/limits.h"
#include "common/ledger/note.h"
#include "common/ledger/tile.h"
#include "server/cmd/download.h"
#include "server/cmd/folder.h"

enum { NAME_CAP = 192, PULL_KEYS = 64 };

/* The keys of one log/keys, each under the name of the root log and under that of this contract's. */
struct pull_keys {
    struct buf names; /* of the root log, then of the contract's: what the keys' names point into */
    struct note_key key[PULL_KEYS];
    size_t n;
};

/* A log, as its new checkpoint tells it, and as it was. The root log, or the contract's. */
struct pull_log {
    char base[64], path[80]; /* log/C, log/C/checkpoint */
    struct buf note, old;    /* old: the mirror's note; empty where there is none */
    struct checkpoint head, before;
};

struct pull {
    struct download *from;
    struct folder *folder;
    const char *dir, *contract;
    bool made_dir;
    uint64_t files;
    struct buf body; /* of the last answer that was taken whole */
    struct pull_log log, root;
    struct buf witnessed; /* log/C/witnessed as it was then; empty: there was none */
    struct buf first;     /* the contract's checkpoint as it was first asked for */
    uint64_t heads_most;  /* entries of the contract's largest head in the root log */
    uint64_t key_steps;   /* changes of the server's keys that the contract's log has */
    struct pull_keys keys, old_keys;
    bool parts;         /* the mirror's entries and the server's part somewhere */
    bool differs;       /* `refusal` is nothing that an older state of the server gives a reason for too */
    bool unsigned_file; /* `refusal` is about a file that nobody signs */
    char older[256];    /* the server shows the beginning of what the mirror holds; empty: it does not */
    char refusal[1024]; /* why what the server shows now may not follow what the mirror holds; empty: it may */
};

/* ---- pull.c ---- */

/* Fetches URL/what; the span lives until the next call. */
struct span pull_fetch(struct pull *p, const char *what, uint64_t most);
/* The same into p->body; false when the server answers `no`, 404 or 403. */
MUST_CHECK bool pull_fetch_unless(struct pull *p, long no, const char *what, uint64_t most);
void pull_keep(struct pull *p, const char *path, struct span bytes);
_Noreturn void pull_refuse(const struct pull *p, const char *what, const char *is_no);
/* Notes the first reason not to follow this server. */
void pull_doubt(struct pull *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same of what an older state of the server lacks too. */
void pull_miss(struct pull *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A file of the mirror as it was; ERR_NOT_FOUND when there is none. What cannot be read dies. */
MUST_CHECK enum err pull_old(struct pull *p, const char *path, size_t most, struct buf *out);

/* Lines on their way into a file: `good` looks at each as it comes, and says what is wrong with it. */
struct pull_lines {
    int fd;
    size_t longest;
    uint64_t left; /* lines that may still come */
    const char *(*good)(void *ctx, struct span line);
    void *ctx;
    struct buf line; /* as much of it as has come */
};
const char *pull_good_object(void *ctx, struct span line);
void pull_lines_begin(struct pull_lines *l, const char *path);
/* What is wrong with them, or with writing them; NULL: nothing. */
MUST_CHECK const char *pull_lines_take(struct pull_lines *l, struct span bytes);
void pull_lines_fetch(struct pull *p, struct pull_lines *l, const char *what, uint64_t most);
void pull_lines_end(struct pull *p, struct pull_lines *l, const char *path);

/* Whether `next`, which a page of `path` names, goes on with from={N}&to={to} where a page that began at *from ends. */
MUST_CHECK bool pull_is_next_page(struct span next, const char *path, uint64_t to, uint64_t *from);

/* ---- pull_heads.c ---- */

/* The contract's heads in the root log, behind those that the mirror has; once the root log's tiles are there. */
void pull_root_heads(struct pull *p);
/* Whether the root log is ahead of the contract's as they were pulled; *size: what that had at least then. */
MUST_CHECK bool pull_is_behind(struct pull *p, uint64_t *size);

/* ---- pull_log.c ---- */

void pull_log_open(struct pull_log *l, const char *base);
void pull_log_close(struct pull_log *l);
void pull_head(struct pull *p, struct pull_log *l); /* asks for its checkpoint */
/* The tiles of its tree, each held to the root, and whether that tree extends what the mirror has. */
void pull_tiles(struct pull *p, struct pull_log *l);
/* The checkpoint that the mirror has, and the keys that it knows it by. */
void pull_log_before(struct pull *p, struct pull_log *l);
/* Whether the tree of the new head had this one on its way. */
void pull_log_extends(struct pull *p, const struct pull_log *l, const struct checkpoint *before, const char *whose);
/* Calls each(p, name) for every tile and bundle that a log of that size has. */
void pull_each_tile(struct pull *p, const struct pull_log *l, void (*each)(struct pull *p, const char *name));

/* ---- pull_keys.c ---- */

void pull_keys_before(struct pull *p); /* of the mirror; none when there is no mirror */
void pull_keys_fetch(struct pull *p);
/* Opens a note by a key of this log: ERR_UNAUTHORIZED when none of them signed it. */
MUST_CHECK enum err pull_keys_open(const struct pull_keys *k, struct span note, struct checkpoint *out);
/* Dies unless a new note is signed by a key that the server publishes or the mirror knows. */
void pull_keys_check(struct pull *p, const char *path, struct span note);
/* Notes a doubt where the new head is by an older key than the old one, which is there. */
void pull_keys_go_on(struct pull *p, const struct pull_log *l);
bool pull_keys_know(const struct pull_keys *k, const struct pull_log *l); /* by whom its new head is signed */
void pull_keys_free(struct pull_keys *k);                                 /* there are none then */

/* ---- pull_opened.c ---- */

void pull_openings(struct pull *p); /* of the contract's log; each held to the mirror's */
void pull_click_key(struct pull *p);

/* ---- pull_folder.c ---- */

/* Refuses a folder that is no place for this contract's mirror, and ends what a pull before began to put in place. */
void pull_folder_look(struct pull *p);
void pull_folder_open(struct pull *p);
void pull_folder_place(struct pull *p);
/* The first folder beside the mirror that an earlier pull refused, the caller's to free; NULL when there is none. */
MUST_CHECK char *pull_folder_refused(const struct pull *p);
/* Puts what was fetched beside the mirror, in a folder of its own, and dies with the refusal. */
_Noreturn void pull_folder_set_aside(struct pull *p);

#endif
