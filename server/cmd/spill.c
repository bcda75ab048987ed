#include "server/cmd/spill.h"

#include <assert.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/mem.h"

/* The file grows by so much at once, for which the disk must have room. */
#define STEP ((size_t)8 << 20)

struct spill_file {
    int fd; /* -1: there is none yet */
    bool full;
    size_t window;
    char **step; /* the file's steps, where they are mapped */
    size_t n, room;
    size_t used;  /* of the last one */
    size_t next;  /* to be taken out of memory */
    int statm_fd; /* -1: it cannot be told what is mapped */
};

struct spill_file *spill_open(size_t window)
{
    struct spill_file *f = xcalloc(1, sizeof *f);
    *f = (struct spill_file){.fd = -1, .window = window, .statm_fd = -1};
    return f;
}

void spill_close(struct spill_file *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; i < f->n; i++)
        munmap(f->step[i], STEP);
    if (f->fd >= 0)
        close(f->fd);
    if (f->statm_fd >= 0)
        close(f->statm_fd);
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

static bool grow(struct spill_file *f)
{
    if (f->fd < 0 && (f->fd = open_nameless()) < 0)
        return false;
    if (f->statm_fd < 0)
        f->statm_fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    off_t end = (off_t)(f->n * STEP);
    if (posix_fallocate(f->fd, end, (off_t)STEP) != 0)
        return false;
    void *at = mmap(NULL, STEP, PROT_READ | PROT_WRITE, MAP_SHARED, f->fd, end);
    if (at == MAP_FAILED)
        return false;
    madvise(at, STEP, MADV_RANDOM);
    if (f->n == f->room) {
        f->room = f->n ? 2 * f->n : 4;
        f->step = xrealloc(f->step, f->room * sizeof *f->step);
    }
    f->step[f->n++] = at;
    f->used = 0;
    return true;
}

static void *take(void *ctx, size_t len)
{
    struct spill_file *f = ctx;
    assert(len <= STEP);
    if (f->full || ((f->n == 0 || STEP - f->used < len) && !grow(f))) {
        f->full = true;
        return NULL;
    }
    f->used += len;
    return f->step[f->n - 1] + f->used - len;
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
    struct spill_file *f = ctx;
    for (size_t i = 0; i < f->n && mapped(f) > f->window; i++)
        madvise(f->step[f->next++ % f->n], STEP, MADV_DONTNEED); /* of a shared mapping: it stays in the file */
}

struct spill spill_of(struct spill_file *f, size_t front)
{
    return (struct spill){.front = front, .take = take, .rest = rest, .ctx = f};
}
