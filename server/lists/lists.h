/* What the operator's files say of an address: whether it is a hosting network's, and its country. A snapshot of all
 * lists is immutable; a reload makes another, and each worker goes over to it between two requests, without waiting
 * for anybody. */
#ifndef CS_SERVER_LISTS_LISTS_H
#define CS_SERVER_LISTS_LISTS_H

#include <stdbool.h>

#include "common/base/problem.h"

/* Paths; empty: there is no such list. */
struct list_files {
    const char *datacenters; /* networks.h */
    const char *countries;   /* countries.h */
};

struct lists;
struct lists_slot;

/* Reads all files. An error says in *p which one and why; nothing is made then. */
MUST_CHECK enum err lists_open(const struct list_files *files, struct lists_slot **out, struct problem *p);
void lists_close(struct lists_slot *s); /* NULL-safe; nobody follows it any more */
/* Reads all files again, which may be others. After an error the lists are those from before, all of them. Any thread.
 */
MUST_CHECK enum err lists_reload(struct lists_slot *s, const struct list_files *files, struct problem *p);
/* How many ranges each has now, 0 without a file. */
void lists_sizes(struct lists_slot *s, size_t *datacenters, size_t *countries);

/* Makes *mine, NULL at first, the present snapshot. One load when it is that already. */
void lists_follow(struct lists_slot *s, const struct lists **mine);
void lists_leave(struct lists_slot *s, const struct lists **mine);

struct origin {
    bool datacenter;
    char country[3]; /* NUL-ended, empty: not known */
};
/* Of an address as text; of what is none, nothing is known. */
struct origin lists_origin(const struct lists *l, const char *ip);

#endif
