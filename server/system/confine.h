/* What a process gives up for good before strangers reach it, as far as its kernel lets it: what it never does itself
 * must not be done in its name. Before any thread is started. */
#ifndef CS_SERVER_SYSTEM_CONFINE_H
#define CS_SERVER_SYSTEM_CONFINE_H

#include <stdbool.h>
#include <stddef.h>

/* No core dumps, and nobody but root reads this process's memory: it has keys. */
void confine_memory(void);

enum { CONFINE_FILES = 8, CONFINE_PORTS = 3 };
struct confinement {
    const char *data;                 /* the folder that may be written to */
    const char *also;                 /* another one; NULL or "": none */
    const char *files[CONFINE_FILES]; /* to be read, again and again, by these names; "": none */
    unsigned ports[CONFINE_PORTS];    /* to listen on; 0: none */
    bool connects;                    /* it calls others */
    bool forks;                       /* it makes processes: all calls are left to it */
};
/* What came of it, for the log. */
struct confined {
    int landlock; /* the kernel's ABI; 0: it has none */
    bool seccomp;
};
/* Files (Landlock): `data` alone, and `also`, are written to; read are the system's folders, and those that the files
 * stand in, by their names and by what these lead to. From ABI 4 on: no other ports are listened on, and none is called
 * unless it connects; from 6: no signals to other processes. Calls (seccomp): no program is run and no process made,
 * nothing is traced, mounted or loaded. */
struct confined confine(const struct confinement *c);

#endif
