/* Preloaded into a real `countersign serve`: while the file that COUNTERSIGN_STALL names is there, no cursor of a
 * reader thread moves: as from a disk that does not answer. The first that stands makes a file of that name and ".met".
 * While there is one with ".fails", each of their cursors fails; with ".tells", none of them gets to tell its worker of
 * an answer. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_reader(void)
{
    char name[16] = "";
    pthread_getname_np(pthread_self(), name, sizeof name);
    return strcmp(name, "reader") == 0;
}

/* Stands as long as there is that file; the first time it makes the one with ".met". */
static void stand_by(const char *stalled, const char *path)
{
    char met[4096];
    snprintf(met, sizeof met, "%s.met", stalled);
    for (int fd = -1; access(path, F_OK) == 0; usleep(2000))
        if (fd < 0 && (fd = open(met, O_CREAT | O_WRONLY, 0600)) >= 0)
            close(fd);
}

ssize_t write(int fd, const void *bytes, size_t n)
{
    static ssize_t (*real)(int, const void *, size_t);
    const char *stalled = getenv("COUNTERSIGN_STALL");
    char tells[4096];
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "write");
    if (stalled != NULL && n == 8 && is_reader()) { /* an eventfd takes eight bytes */
        snprintf(tells, sizeof tells, "%s.tells", stalled);
        stand_by(stalled, tells);
    }
    return real(fd, bytes, n);
}

int mdb_cursor_get(MDB_cursor *cursor, MDB_val *key, MDB_val *data, MDB_cursor_op op)
{
    static int (*real)(MDB_cursor *, MDB_val *, MDB_val *, MDB_cursor_op);
    const char *stalled = getenv("COUNTERSIGN_STALL");
    if (stalled != NULL && is_reader())
        stand_by(stalled, stalled);
    char fails[4096];
    snprintf(fails, sizeof fails, "%s.fails", stalled != NULL ? stalled : "");
    if (stalled != NULL && is_reader() && access(fails, F_OK) == 0)
        return EIO;
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "mdb_cursor_get");
    return real(cursor, key, data, op);
}
