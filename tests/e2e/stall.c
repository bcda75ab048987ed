/* Preloaded into a real `countersign serve`: while the file that COUNTERSIGN_STALL names is there, no cursor of a
 * reader thread moves: as from a disk that does not answer. The first that stands makes a file of that name and ".met".
 * While there is one with ".fails", each of their cursors fails. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int mdb_cursor_get(MDB_cursor *cursor, MDB_val *key, MDB_val *data, MDB_cursor_op op)
{
    static int (*real)(MDB_cursor *, MDB_val *, MDB_val *, MDB_cursor_op);
    const char *stalled = getenv("COUNTERSIGN_STALL");
    char name[16] = "";
    pthread_getname_np(pthread_self(), name, sizeof name);
    for (int met = -1; stalled != NULL && strcmp(name, "reader") == 0 && access(stalled, F_OK) == 0; usleep(2000)) {
        char path[4096];
        snprintf(path, sizeof path, "%s.met", stalled);
        if (met < 0 && (met = open(path, O_CREAT | O_WRONLY, 0600)) >= 0)
            close(met);
    }
    char fails[4096];
    snprintf(fails, sizeof fails, "%s.fails", stalled != NULL ? stalled : "");
    if (stalled != NULL && strcmp(name, "reader") == 0 && access(fails, F_OK) == 0)
        return EIO;
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "mdb_cursor_get");
    return real(cursor, key, data, op);
}
