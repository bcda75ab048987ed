/* Preloaded into a real `countersign`: makes the n-th call of a kind fail, once or from then on, as a page shared with
 * the test says. The page is the file that COUNTERSIGN_FAULTS names; without it nothing is touched. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <lmdb.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum kind {
    MEMORY = 1,      /* malloc and its family, of the product and of every library in it */
    LOOKUP = 2,      /* mdb_get */
    STEP = 4,        /* mdb_cursor_get */
    TRANSACTION = 8, /* mdb_txn_begin, mdb_txn_renew */
    CHANGE = 16,     /* mdb_put, mdb_del, mdb_txn_commit */
    WRITE = 32,      /* write, pwrite, writev, pwritev to a regular file that is no log */
    SYNC = 64,       /* fsync, fdatasync, msync */
    CURSOR = 128,    /* mdb_cursor_open */
    FILES = 256,     /* open, stat, access of any path; read of a regular file; opendir, readdir */
};

/* tests/fault/faulty.py writes and reads it by these places. */
struct page {
    _Atomic uint64_t kinds;   /* armed for; 0: for none */
    _Atomic uint64_t nth;     /* the call that fails, counted from 1 */
    _Atomic uint64_t lasting; /* those after it as well */
    _Atomic int64_t error;    /* what LMDB's calls answer, and the errno of the others */
    _Atomic uint64_t met, fired;
    _Atomic uint64_t unguarded; /* libraries are not given the product's fail-stop memory: the negative control */
    _Atomic uint64_t told;
    _Atomic uint64_t stalled, waiting; /* syncs come to no end while it is set; how many do */
    char where[1024];                  /* the calls under way when the first one failed */
};

static struct page *page;
static _Thread_local bool busy; /* telling where: what that allocates is not counted */

static void tell_where(void)
{
    void *frame[32];
    size_t len = 0;
    busy = true;
    int n = backtrace(frame, 32);
    for (int i = 2; i < n && len < sizeof page->where - 1; i++) {
        Dl_info info;
        if (dladdr(frame[i], &info) == 0 || info.dli_fname == NULL)
            continue;
        const char *slash = strrchr(info.dli_fname, '/');
        int put = snprintf(page->where + len, sizeof page->where - len, "%s+%#lx ",
                           slash != NULL ? slash + 1 : info.dli_fname,
                           (unsigned long)((char *)frame[i] - (char *)info.dli_fbase));
        len += put > 0 ? (size_t)put : 0;
    }
    atomic_store(&page->told, 1);
    busy = false;
}

static bool fails(enum kind kind)
{
    if (page == NULL || busy || !(atomic_load(&page->kinds) & kind))
        return false;
    uint64_t met = atomic_fetch_add(&page->met, 1) + 1, nth = atomic_load(&page->nth);
    if (met < nth || (met > nth && !atomic_load(&page->lasting)))
        return false;
    if (atomic_fetch_add(&page->fired, 1) == 0)
        tell_where();
    return true;
}

/* What a call of LMDB answers; errno is that of the system call behind it. */
static int error(void)
{
    return errno = (int)atomic_load(&page->error);
}

static int refuse(void)
{
    error();
    return -1;
}

/* ---- memory: glibc's own under its other names ---- */

void *__libc_malloc(size_t len);
void *__libc_calloc(size_t n, size_t len);
void *__libc_realloc(void *ptr, size_t len);
void *__libc_memalign(size_t alignment, size_t len);

static void *none(void)
{
    errno = ENOMEM;
    return NULL;
}

void *malloc(size_t len)
{
    return fails(MEMORY) ? none() : __libc_malloc(len);
}

void *calloc(size_t n, size_t len)
{
    return fails(MEMORY) ? none() : __libc_calloc(n, len);
}

void *realloc(void *ptr, size_t len)
{
    return fails(MEMORY) ? none() : __libc_realloc(ptr, len);
}

void *reallocarray(void *ptr, size_t n, size_t len)
{
    size_t all;
    return __builtin_mul_overflow(n, len, &all) || fails(MEMORY) ? none() : __libc_realloc(ptr, all);
}

void *memalign(size_t alignment, size_t len)
{
    return fails(MEMORY) ? none() : __libc_memalign(alignment, len);
}

void *aligned_alloc(size_t alignment, size_t len)
{
    return fails(MEMORY) ? none() : __libc_memalign(alignment, len);
}

int posix_memalign(void **out, size_t alignment, size_t len)
{
    void *ptr = fails(MEMORY) ? NULL : __libc_memalign(alignment, len);
    if (ptr == NULL)
        return ENOMEM;
    *out = ptr;
    return 0;
}

/* ---- the rest: whatever comes after this library ---- */

/* Calls the function of that name, of this one's type. */
#define NEXT(name, ...)                                                                                                \
    ({                                                                                                                 \
        static __typeof__(name) *next_##name;                                                                          \
        if (next_##name == NULL)                                                                                       \
            *(void **)&next_##name = dlsym(RTLD_NEXT, #name);                                                          \
        next_##name(__VA_ARGS__);                                                                                      \
    })

int mdb_get(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data)
{
    return fails(LOOKUP) ? error() : NEXT(mdb_get, txn, dbi, key, data);
}

int mdb_cursor_open(MDB_txn *txn, MDB_dbi dbi, MDB_cursor **cursor)
{
    return fails(CURSOR) ? error() : NEXT(mdb_cursor_open, txn, dbi, cursor);
}

int mdb_cursor_get(MDB_cursor *cursor, MDB_val *key, MDB_val *data, MDB_cursor_op op)
{
    return fails(STEP) ? error() : NEXT(mdb_cursor_get, cursor, key, data, op);
}

int mdb_txn_begin(MDB_env *env, MDB_txn *parent, unsigned flags, MDB_txn **txn)
{
    return fails(TRANSACTION) ? error() : NEXT(mdb_txn_begin, env, parent, flags, txn);
}

int mdb_txn_renew(MDB_txn *txn)
{
    return fails(TRANSACTION) ? error() : NEXT(mdb_txn_renew, txn);
}

int mdb_put(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data, unsigned flags)
{
    return fails(CHANGE) ? error() : NEXT(mdb_put, txn, dbi, key, data, flags);
}

int mdb_del(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data)
{
    return fails(CHANGE) ? error() : NEXT(mdb_del, txn, dbi, key, data);
}

int mdb_txn_commit(MDB_txn *txn)
{
    if (!fails(CHANGE))
        return NEXT(mdb_txn_commit, txn);
    mdb_txn_abort(txn);
    return error();
}

static bool is_file(int fd)
{
    struct stat st;
    return fd > STDERR_FILENO && NEXT(fstat, fd, &st) == 0 && S_ISREG(st.st_mode);
}

static bool fails_to_write(int fd)
{
    return page != NULL && (atomic_load(&page->kinds) & WRITE) != 0 && is_file(fd) && fails(WRITE);
}

ssize_t write(int fd, const void *bytes, size_t len)
{
    return fails_to_write(fd) ? refuse() : NEXT(write, fd, bytes, len);
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
    return fails_to_write(fd) ? refuse() : NEXT(pwrite, fd, bytes, len, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t at)
{
    return fails_to_write(fd) ? refuse() : NEXT(pwrite64, fd, bytes, len, at);
}

ssize_t writev(int fd, const struct iovec *parts, int n)
{
    return fails_to_write(fd) ? refuse() : NEXT(writev, fd, parts, n);
}

ssize_t pwritev(int fd, const struct iovec *parts, int n, off_t at)
{
    return fails_to_write(fd) ? refuse() : NEXT(pwritev, fd, parts, n, at);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int n, off64_t at)
{
    return fails_to_write(fd) ? refuse() : NEXT(pwritev64, fd, parts, n, at);
}

/* A disk that neither answers nor fails. */
static void wait_for_the_disk(void)
{
    static const struct timespec a_while = {0, 1000000};
    if (page == NULL || atomic_load(&page->stalled) == 0)
        return;
    atomic_fetch_add(&page->waiting, 1);
    while (atomic_load(&page->stalled) != 0)
        nanosleep(&a_while, NULL);
    atomic_fetch_sub(&page->waiting, 1);
}

int fsync(int fd)
{
    wait_for_the_disk();
    return fails(SYNC) ? refuse() : NEXT(fsync, fd);
}

int fdatasync(int fd)
{
    wait_for_the_disk();
    return fails(SYNC) ? refuse() : NEXT(fdatasync, fd);
}

int msync(void *ptr, size_t len, int flags)
{
    wait_for_the_disk();
    return fails(SYNC) ? refuse() : NEXT(msync, ptr, len, flags);
}

static bool fails_to_read(int fd)
{
    return page != NULL && (atomic_load(&page->kinds) & FILES) != 0 && is_file(fd) && fails(FILES);
}

ssize_t read(int fd, void *bytes, size_t len)
{
    return fails_to_read(fd) ? refuse() : NEXT(read, fd, bytes, len);
}

ssize_t __read_chk(int fd, void *bytes, size_t len, size_t room);
ssize_t __read_chk(int fd, void *bytes, size_t len, size_t room)
{
    return fails_to_read(fd) ? refuse() : NEXT(__read_chk, fd, bytes, len, room);
}

ssize_t pread(int fd, void *bytes, size_t len, off_t at)
{
    return fails_to_read(fd) ? refuse() : NEXT(pread, fd, bytes, len, at);
}

ssize_t pread64(int fd, void *bytes, size_t len, off64_t at)
{
    return fails_to_read(fd) ? refuse() : NEXT(pread64, fd, bytes, len, at);
}

ssize_t __pread_chk(int fd, void *bytes, size_t len, off_t at, size_t room);
ssize_t __pread_chk(int fd, void *bytes, size_t len, off_t at, size_t room)
{
    return fails_to_read(fd) ? refuse() : NEXT(__pread_chk, fd, bytes, len, at, room);
}

/* The mode that follows the flags, when a file may be made. */
static mode_t mode_in(int flags, va_list args)
{
    return flags & (O_CREAT | __O_TMPFILE) ? va_arg(args, mode_t) : 0;
}

/* Defines the call of that name, whose parameters end in flags and perhaps a mode. */
#define OPENS(name, parameters, ...)                                                                                   \
    int name parameters                                                                                                \
    {                                                                                                                  \
        va_list args;                                                                                                  \
        va_start(args, flags);                                                                                         \
        mode_t mode = mode_in(flags, args);                                                                            \
        va_end(args);                                                                                                  \
        return fails(FILES) ? refuse() : NEXT(name, __VA_ARGS__, flags, mode);                                         \
    }

OPENS(open, (const char *path, int flags, ...), path)
OPENS(open64, (const char *path, int flags, ...), path)
OPENS(openat, (int dir, const char *path, int flags, ...), dir, path)
OPENS(openat64, (int dir, const char *path, int flags, ...), dir, path)

FILE *fopen(const char *path, const char *mode)
{
    return fails(FILES) ? refuse(), NULL : NEXT(fopen, path, mode);
}

FILE *fopen64(const char *path, const char *mode)
{
    return fails(FILES) ? refuse(), NULL : NEXT(fopen64, path, mode);
}

int access(const char *path, int mode)
{
    return fails(FILES) ? refuse() : NEXT(access, path, mode);
}

int stat(const char *path, struct stat *out)
{
    return fails(FILES) ? refuse() : NEXT(stat, path, out);
}

int lstat(const char *path, struct stat *out)
{
    return fails(FILES) ? refuse() : NEXT(lstat, path, out);
}

int fstat(int fd, struct stat *out)
{
    return fails(FILES) ? refuse() : NEXT(fstat, fd, out);
}

int fstatat(int dir, const char *path, struct stat *out, int flags)
{
    return fails(FILES) ? refuse() : NEXT(fstatat, dir, path, out, flags);
}

DIR *opendir(const char *path)
{
    return fails(FILES) ? refuse(), NULL : NEXT(opendir, path);
}

DIR *fdopendir(int fd)
{
    return fails(FILES) ? refuse(), NULL : NEXT(fdopendir, fd);
}

struct dirent *readdir(DIR *dir)
{
    return fails(FILES) ? refuse(), NULL : NEXT(readdir, dir);
}

/* ---- no time is lost: `pull` gives its server a second to cover what others do, and nobody does anything ---- */

int usleep(useconds_t us)
{
    return page == NULL ? NEXT(usleep, us) : 0;
}

/* ---- the negative control ---- */

static bool unguarded(void)
{
    return page != NULL && atomic_load(&page->unguarded) != 0;
}

void json_set_alloc_funcs(void *(*take)(size_t), void (*give_back)(void *))
{
    if (!unguarded())
        NEXT(json_set_alloc_funcs, take, give_back);
}

void event_set_mem_functions(void *(*take)(size_t), void *(*resize)(void *, size_t), void (*give_back)(void *))
{
    if (!unguarded())
        NEXT(event_set_mem_functions, take, resize, give_back);
}

int CRYPTO_set_mem_functions(void *(*take)(size_t, const char *, int),
                             void *(*resize)(void *, size_t, const char *, int),
                             void (*give_back)(void *, const char *, int))
{
    return unguarded() ? 1 : NEXT(CRYPTO_set_mem_functions, take, resize, give_back);
}

/* ---- life ---- */

static __attribute__((constructor)) void begin(void)
{
    const char *path = getenv("COUNTERSIGN_FAULTS");
    if (path == NULL)
        return;
    void *frame[1];
    backtrace(frame, 1); /* loads what it needs now: later it may not allocate */
    int fd = open(path, O_RDWR | O_CLOEXEC);
    struct page *p = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *p, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED) {
        fprintf(stderr, "cannot map COUNTERSIGN_FAULTS=%s\n", path);
        abort();
    }
    close(fd);
    page = p;
}
