#include "server/cmd/spill.h"

#include <assert.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/mem.h"

/* It grows by so much at once; of the file, where the disk must have room for it. */
#define STEP ((size_t)512 << 10)

struct spill_file {
    const struct ahead *ahead; /* NULL: none */
    void *walk;
    struct spill_room room;
    int fd;        /* -1: there is none */
    int statm_fd;  /* -1: it cannot be told what is mapped */
    char **made;   /* steps that are not in use yet: n at n % ahead->room; NULL: none */
    bool open;     /* all above are there */
    bool full;     /* there will be no further step */
    char **step;   /* those in use; the first ones are memory */
    size_t n, cap; /* of `step` */
    size_t used;   /* bytes of the last one */
    size_t next;   /* step of the file to be taken out of memory */
    char *given;   /* the chunk given back last, which begins with the address of the one before; NULL: none */
};

static size_t in_front(const struct spill_file *f)
{
    return f->room.front / STEP;
}

static unsigned ahead_room(const struct spill_file *f)
{
    return f->ahead != NULL ? f->ahead->room : 1;
}

struct spill_file *spill_open(const struct spill_room *room, const struct ahead *ahead)
{
    struct spill_file *f = xcalloc(1, sizeof *f);
    *f = (struct spill_file){.ahead = ahead, .room = *room, .fd = -1, .statm_fd = -1};
    f->made = xcalloc(ahead_room(f), sizeof *f->made);
    return f;
}

void spill_close(struct spill_file *f)
{
    if (f == NULL)
        return;
    if (f->walk != NULL)
        f->ahead->close(f->walk);
    for (unsigned i = 0; i < ahead_room(f); i++)
        if (f->made[i] != NULL)
            munmap(f->made[i], STEP);
    for (size_t i = 0; i < f->n; i++)
        munmap(f->step[i], STEP);
    if (f->fd >= 0)
        close(f->fd);
    if (f->statm_fd >= 0)
        close(f->statm_fd);
    free(f->made);
    free(f->step);
    free(f);
}

static int open_nameless(void)
{
    const char *dir = getenv("TMPDIR");
    char path[4096];
    if (dir == NULL || dir[0] == '\0')
        dir = "/var/tmp";
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || snprintf(path, sizeof path, "%s/countersign-XXXXXX", dir) >= (int)sizeof path)
        return fd;
    fd = mkostemp(path, O_CLOEXEC); /* where the file system has no files without names */
    if (fd >= 0)
        unlink(path);
    return fd;
}

/* On any thread. */
static char *map_step(const struct spill_file *f, uint64_t n)
{
    char *at = MAP_FAILED;
    off_t begin = (off_t)(n - in_front(f)) * (off_t)STEP;
    if (n < in_front(f))
        at = mmap(NULL, STEP, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    else if (f->fd >= 0 && posix_fallocate(f->fd, begin, (off_t)STEP) == 0)
        at = mmap(NULL, STEP, PROT_READ | PROT_WRITE, MAP_SHARED, f->fd, begin);
    if (at == MAP_FAILED)
        return NULL;
    if (n >= in_front(f))
        madvise(at, STEP, MADV_RANDOM);
    madvise(at, STEP, MADV_POPULATE_WRITE); /* where the kernel can: sooner than page by page */
    for (size_t i = 0; i < STEP; i += PAGE_LEN)
        *(volatile char *)(at + i) = 0;
    return at;
}

static void make(void *arg, uint64_t n)
{
    struct spill_file *f = arg;
    f->made[n % ahead_room(f)] = map_step(f, n);
}

static void begin(struct spill_file *f)
{
    f->fd = open_nameless();
    f->statm_fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (f->ahead != NULL)
        f->walk = f->ahead->open(f->ahead->ctx, UINT64_MAX, make, f);
    f->open = true;
}

static bool grow(struct spill_file *f)
{
    if (!f->open)
        begin(f);
    if (f->walk != NULL)
        f->ahead->take(f->walk, f->n);
    else
        make(f, f->n);
    char **made = &f->made[f->n % ahead_room(f)];
    if (*made == NULL)
        return false;
    if (f->n == f->cap) {
        f->cap = f->cap ? 2 * f->cap : 64;
        f->step = xrealloc(f->step, f->cap * sizeof *f->step);
    }
    f->step[f->n++] = *made;
    *made = NULL;
    f->used = 0;
    return true;
}

static void *take(void *ctx)
{
    struct spill_file *f = ctx;
    char *chunk = f->given;
    static_assert(STEP % PAGE_CHUNK == 0, "chunks fill a step");
    if (chunk != NULL) {
        memcpy(&f->given, chunk, sizeof f->given);
        return chunk;
    }
    if (f->full || ((f->n == 0 || f->used == STEP) && !grow(f))) {
        f->full = true;
        return NULL;
    }
    f->used += PAGE_CHUNK;
    return f->step[f->n - 1] + f->used - PAGE_CHUNK;
}

static void give(void *ctx, void *chunk)
{
    struct spill_file *f = ctx;
    memcpy(chunk, &f->given, sizeof f->given);
    f->given = chunk;
}

/* Pages of files that are mapped here, of which one can be taken back at any time. */
static size_t mapped(const struct spill_file *f)
{
    char text[128];
    unsigned long resident, of_files;
    ssize_t n = pread(f->statm_fd, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    return sscanf(text, "%*u %lu %lu", &resident, &of_files) == 2 ? of_files * (size_t)sysconf(_SC_PAGESIZE) : 0;
}

static void rest(void *ctx)
{
    enum { AT_ONCE = 16 };
    struct spill_file *f = ctx;
    const size_t front = in_front(f), n = f->n > front ? f->n - front : 0;
    for (size_t i = 0; i < n && (i % AT_ONCE > 0 || mapped(f) > f->room.window); i++)
        madvise(f->step[front + f->next++ % n], STEP, MADV_DONTNEED); /* of a shared mapping: it stays in the file */
}

struct spill spill_of(struct spill_file *f)
{
    return (struct spill){.take = take, .give = give, .rest = rest, .ctx = f};
}
