/* The settings of a server that runs, and what is made of their texts. A snapshot is immutable; HUP makes another, and
 * each thread goes over to it between two requests, without waiting for anybody: so what it reads of one request is of
 * one file. */
#ifndef CS_SERVER_WORKER_SETTINGS_H
#define CS_SERVER_WORKER_SETTINGS_H

#include "server/http/proxies.h"
#include "server/system/options.h"

struct disposable; /* decisions/disposable.h */

struct settings {
    struct options options;
    struct proxies *proxies; /* NULL: the peer is the client */
    enum proxies_header proxies_header;
    struct disposable *disposable; /* NULL: the list that comes with the program */
    uint64_t files_needed; /* open ones for all of max_connections, of which there are fewer; 0: there is room */
    size_t holders;        /* under the slot's lock */
};
struct settings_slot;

struct settings *settings_new(void);    /* zeros, to be filled */
void settings_free(struct settings *s); /* of one that no slot has; NULL-safe */

/* `first` is the slot's from now on, until its end: what was started has texts of it. */
struct settings_slot *settings_open(struct settings *first);
void settings_close(struct settings_slot *s);                          /* NULL-safe; nobody follows it any more */
void settings_publish(struct settings_slot *s, struct settings *next); /* takes it over; any thread */

/* Makes *mine, NULL at first, the present snapshot: true where it was another. One load when it is that already. */
bool settings_follow(struct settings_slot *s, const struct settings **mine);
void settings_leave(struct settings_slot *s, const struct settings **mine);

#endif
