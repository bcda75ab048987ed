#include "server/cmd/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/mem.h"

/* A path of a mirror has 10 parts at most: log/{contract}/tile/entries/x…/…/N.p/W. */
enum { DEPTH = 16, CHUNK = 1 << 16, PIECE_LEAST = 1 << 12, NAME_LEN = 256, NEAR = 4 };

struct folder {
    int fd;
    struct near {
        char *path; /* NULL: none */
        int fd;
        unsigned users; /* files that are being opened in it */
    } near[NEAR];       /* folders below it that were read from last: more than threads that read */
    unsigned turn;
    pthread_mutex_t near_lock; /* readers of the mirror share what is above */
    char *unlisted;            /* where the last listing failed; NULL: nowhere */
};

static enum err why(void)
{
    return errno == ENOENT                                         ? ERR_NOT_FOUND
           : errno == ENOTDIR || errno == ELOOP || errno == EISDIR ? ERR_CONFLICT
                                                                   : ERR_IO;
}

enum err folder_open(const char *dir, struct folder **out)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return why();
    *out = xcalloc(1, sizeof **out);
    (*out)->fd = fd;
    pthread_mutex_init(&(*out)->near_lock, NULL);
    return ERR_OK;
}

/* Whatever moves or removes something calls it: a folder may be gone, or another one. So does what needs open files
 * itself. */
static void forget(struct folder *f)
{
    for (size_t i = 0; i < NEAR; i++) {
        if (f->near[i].path != NULL)
            close(f->near[i].fd);
        free(f->near[i].path);
        f->near[i].path = NULL;
    }
}

void folder_close(struct folder *f)
{
    if (f != NULL) {
        forget(f);
        close(f->fd);
        pthread_mutex_destroy(&f->near_lock);
        free(f->unlisted);
    }
    free(f);
}

bool folder_hold(struct folder *f)
{
    return flock(f->fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK; /* where there are no locks nobody holds it */
}

/* A folder right below another. */
static int open_below(int dir, const char *name)
{
    return openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

/* Opens the folder that holds the last part of `path`, and copies that part. -1 with errno. */
static int open_parent(struct folder *f, const char *path, bool make, char name[NAME_LEN])
{
    int dir = dup(f->fd);
    for (const char *slash; dir >= 0 && (slash = strchr(path, '/')) != NULL; path = slash + 1) {
        snprintf(name, NAME_LEN, "%.*s", (int)(slash - path), path);
        int next = make && mkdirat(dir, name, 0700) != 0 && errno != EEXIST ? -1 : open_below(dir, name);
        int saved = errno;
        close(dir);
        errno = saved;
        dir = next;
    }
    snprintf(name, NAME_LEN, "%s", path);
    return dir;
}

/* close() of a folder that is only looked at, without losing errno. */
static void shut(int fd)
{
    int saved = errno;
    if (fd >= 0)
        close(fd);
    errno = saved;
}

/* The same for reading, which comes back to few folders. NULL with errno. */
static struct near *find_near(struct folder *f, const char *path, char name[NAME_LEN])
{
    const char *slash = strrchr(path, '/');
    size_t len = slash != NULL ? (size_t)(slash - path) : 0;
    for (size_t i = 0; i < NEAR; i++) {
        const char *kept = f->near[i].path;
        if (kept != NULL && strncmp(kept, path, len) == 0 && kept[len] == '\0') {
            snprintf(name, NAME_LEN, "%s", path + len + (slash != NULL));
            return &f->near[i];
        }
    }
    int dir = open_parent(f, path, false, name);
    if (dir < 0)
        return NULL;
    struct near *near;
    do
        near = &f->near[f->turn++ % NEAR];
    while (near->users > 0);
    if (near->path != NULL)
        close(near->fd);
    free(near->path);
    near->path = xstrdup(path);
    near->path[len] = '\0';
    near->fd = dir;
    return near;
}

static struct near *take_near(struct folder *f, const char *path, char name[NAME_LEN])
{
    pthread_mutex_lock(&f->near_lock);
    struct near *near = find_near(f, path, name);
    if (near != NULL)
        near->users++;
    pthread_mutex_unlock(&f->near_lock);
    return near;
}

static void give_near(struct folder *f, struct near *near)
{
    pthread_mutex_lock(&f->near_lock);
    near->users--;
    pthread_mutex_unlock(&f->near_lock);
}

/* Nothing but a regular file is opened: a FIFO would wait, a device might act. */
static enum err open_in(int dir, const char *name, int *fd)
{
    struct stat st;
    enum err err = ERR_OK;
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        err = why();
    else if (!S_ISREG(st.st_mode))
        err = ERR_CONFLICT;
    else if ((*fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)) < 0)
        err = why();
    else if (fstat(*fd, &st) != 0)
        err = ERR_IO;
    else if (!S_ISREG(st.st_mode))
        err = ERR_CONFLICT;
    return err;
}

static enum err open_file(struct folder *f, const char *path, int *fd)
{
    char name[NAME_LEN];
    struct near *near = take_near(f, path, name);
    if (near == NULL)
        return why();
    enum err err = open_in(near->fd, name, fd);
    give_near(f, near);
    return err;
}

/* The room that is left is filled before more is taken: a small file's end is found without. */
static size_t piece_of(const struct buf *out, size_t max)
{
    size_t want = max < CHUNK ? max : CHUNK, left = out->cap - out->len;
    return left >= PIECE_LEAST && left < want ? left : want;
}

static enum err read_piece(int fd, uint64_t offset, size_t max, struct buf *out)
{
    while (max > 0) {
        size_t want = piece_of(out, max);
        ssize_t n = pread(fd, buf_room(out, want), want, (off_t)offset);
        if (n == 0)
            break;
        if (n > 0) {
            out->len += (size_t)n;
            offset += (uint64_t)n;
            max -= (size_t)n;
        } else if (errno != EINTR) {
            return ERR_IO;
        }
    }
    return ERR_OK;
}

static enum err folder_read(void *ctx, const char *path, uint64_t offset, size_t max, struct buf *out)
{
    int fd = -1;
    enum err err = open_file(ctx, path, &fd);
    if (err == ERR_OK)
        err = read_piece(fd, offset, max, out);
    shut(fd);
    return err;
}

enum err folder_size(struct folder *f, const char *path, uint64_t *size)
{
    int fd = -1;
    struct stat st;
    enum err err = open_file(f, path, &fd);
    if (err == ERR_OK && fstat(fd, &st) != 0)
        err = ERR_IO;
    if (err == ERR_OK)
        *size = (uint64_t)st.st_size;
    shut(fd);
    return err;
}

/* ---- walking ---- */

struct walk {
    struct folder *of;
    void (*each)(void *arg, const char *path);
    void *arg;
    bool folders; /* they are told too, with a slash at their end */
};

static enum err walk_folder(const struct walk *w, int dir, const char *below, int depth);

static enum err fail_at(const struct walk *w, const char *path)
{
    int saved = errno;
    free(w->of->unlisted);
    w->of->unlisted = xstrdup(path);
    errno = saved;
    return ERR_IO;
}

/* With errno as it was where it failed. */
static enum err walk_below(const struct walk *w, int dir, const char *name, char *path, int depth)
{
    int inner = open_below(dir, name);
    if (inner < 0)
        return fail_at(w, path);
    enum err err = walk_folder(w, inner, path, depth + 1);
    int saved = errno;
    if (w->folders && err == ERR_OK) {
        char *told = NULL;
        if (asprintf(&told, "%s/", path) < 0)
            mem_exhausted();
        w->each(w->arg, told);
        free(told);
    }
    errno = saved;
    return err;
}

/* As what the folder has it, where its file system says that (DT_UNKNOWN: it does not). */
static bool is_folder(int dir, const char *name, unsigned char type, bool *out)
{
    struct stat st;
    *out = type == DT_DIR;
    if (type != DT_UNKNOWN)
        return true;
    bool there = fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
    *out = there && S_ISDIR(st.st_mode);
    return there;
}

static enum err walk_entry(const struct walk *w, int dir, const char *below, const char *name, unsigned char type,
                           int depth)
{
    bool folder;
    char *path = NULL;
    if (asprintf(&path, "%s%s%s", below, *below ? "/" : "", name) < 0)
        mem_exhausted();
    enum err err = ERR_OK;
    if (!is_folder(dir, name, type, &folder)) {
        err = errno == ENOENT ? ERR_OK : fail_at(w, path); /* gone meanwhile */
    } else if (folder && depth < DEPTH) {
        err = walk_below(w, dir, name, path, depth);
    } else {
        w->each(w->arg, path);
    }
    free(path);
    return err;
}

/* Takes over `dir`. Everything that is not a folder is told, links and devices too: nothing may hide. */
static enum err walk_folder(const struct walk *w, int dir, const char *below, int depth)
{
    DIR *d = fdopendir(dir);
    if (d == NULL) {
        shut(dir);
        return fail_at(w, below);
    }
    enum err err = ERR_OK;
    while (err == ERR_OK) {
        errno = 0;
        const struct dirent *entry = readdir(d);
        if (entry == NULL && errno != 0)
            err = fail_at(w, below);
        if (entry == NULL)
            break;
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            err = walk_entry(w, dirfd(d), below, entry->d_name, entry->d_type, depth);
    }
    int saved = errno;
    closedir(d);
    errno = saved;
    return err;
}

static enum err list(struct walk w, const char *top)
{
    char name[NAME_LEN];
    forget(w.of);
    if (*top == '\0') {
        int dir = open_below(w.of->fd, ".");
        return dir >= 0 ? walk_folder(&w, dir, "", 0) : fail_at(&w, "");
    }
    int parent = open_parent(w.of, top, false, name);
    if (parent < 0)
        return errno == ENOENT ? ERR_OK : fail_at(&w, top);
    char *above = xstrdup(top), *slash = strrchr(above, '/');
    *(slash != NULL ? slash : above) = '\0';
    enum err err = walk_entry(&w, parent, above, name, DT_UNKNOWN, 0);
    free(above);
    shut(parent);
    return err;
}

enum err folder_list(struct folder *f, const char *top, void (*each)(void *arg, const char *path), void *arg)
{
    return list((struct walk){.of = f, .each = each, .arg = arg}, top);
}

const char *folder_unlisted(const struct folder *f)
{
    return f->unlisted != NULL ? f->unlisted : "";
}

static enum err list_all(void *ctx, void (*each)(void *arg, const char *path), void *arg)
{
    return list((struct walk){.of = ctx, .each = each, .arg = arg, .folders = true}, "");
}

bool folder_is_empty(struct folder *f, const char *but_for)
{
    int dir = open_below(f->fd, ".");
    DIR *d = dir >= 0 ? fdopendir(dir) : NULL;
    bool empty = d != NULL;
    const struct dirent *entry;
    errno = 0;
    while (empty && (entry = readdir(d)) != NULL)
        empty =
            strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 || strcmp(entry->d_name, but_for) == 0;
    empty = empty && errno == 0;
    if (d != NULL)
        closedir(d);
    else
        shut(dir);
    return empty;
}

struct mirror folder_mirror(struct folder *f)
{
    return (struct mirror){.read = folder_read, .list = list_all, .ctx = f};
}

/* ---- what stands beside it ---- */

/* DIR without the slashes at its end; "." and the like by their own name. */
char *folder_refused(const char *dir, unsigned n)
{
    char *name = NULL, *real = NULL;
    size_t len = strlen(dir);
    while (len > 1 && dir[len - 1] == '/')
        len--;
    if ((len == 1 && dir[0] == '/') || dir[len - 1] == '.')
        real = realpath(dir, NULL);
    if (asprintf(&name, "%.*s.refused-%u", real != NULL ? (int)strlen(real) : (int)len, real != NULL ? real : dir, n) <
        0)
        mem_exhausted();
    free(real);
    return name;
}

/* ---- writing ---- */

int folder_create(struct folder *f, const char *path)
{
    char name[NAME_LEN];
    int dir = open_parent(f, path, true, name), fd = -1;
    if (dir < 0)
        return -1;
    if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
        fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    shut(dir);
    return fd;
}

enum err folder_move(struct folder *f, const char *from, const char *to)
{
    char old[NAME_LEN], new[NAME_LEN];
    forget(f);
    int source = open_parent(f, from, false, old), target = source >= 0 ? open_parent(f, to, true, new) : -1;
    enum err err = source >= 0 && target >= 0 && renameat(source, old, target, new) == 0 ? ERR_OK : why();
    shut(source);
    shut(target);
    return err;
}

enum err folder_move_out(struct folder *f, const char *name, const char *to)
{
    forget(f);
    return renameat(f->fd, name, AT_FDCWD, to) == 0 ? ERR_OK : why();
}

enum err folder_remove(struct folder *f, const char *path)
{
    char name[NAME_LEN], *above = xstrdup(path), *slash = strrchr(above, '/');
    forget(f);
    int dir = open_parent(f, path, false, name);
    enum err err = dir >= 0 && unlinkat(dir, name, 0) == 0 ? ERR_OK : why();
    shut(dir);
    if (err == ERR_OK && slash != NULL) {
        *slash = '\0';
        dir = open_parent(f, above, false, name);
        if (dir >= 0)
            unlinkat(dir, name, AT_REMOVEDIR); /* fails while something else is in it */
        shut(dir);
    }
    free(above);
    return err;
}

/* Takes over `dir`. */
static enum err empty_folder(int dir)
{
    DIR *d = fdopendir(dir);
    if (d == NULL) {
        shut(dir);
        return ERR_IO;
    }
    enum err err = ERR_OK;
    const struct dirent *entry;
    for (errno = 0; err == ERR_OK && (entry = readdir(d)) != NULL; errno = 0) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || unlinkat(dirfd(d), name, 0) == 0)
            continue;
        int inner = errno == EISDIR ? open_below(dirfd(d), name) : -1;
        err = inner >= 0 ? empty_folder(inner) : ERR_IO;
        if (err == ERR_OK && unlinkat(dirfd(d), name, AT_REMOVEDIR) != 0)
            err = ERR_IO;
    }
    if (err == ERR_OK && errno != 0)
        err = ERR_IO;
    closedir(d);
    return err;
}

enum err folder_remove_tree(struct folder *f, const char *path)
{
    char name[NAME_LEN];
    forget(f);
    int dir = open_parent(f, path, false, name);
    if (dir < 0)
        return errno == ENOENT ? ERR_OK : why();
    int inner = open_below(dir, name);
    enum err err = inner >= 0 ? empty_folder(inner) : why();
    if (err == ERR_OK && unlinkat(dir, name, AT_REMOVEDIR) != 0)
        err = why();
    shut(dir);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err folder_sync(struct folder *f)
{
    return syncfs(f->fd) == 0 ? ERR_OK : ERR_IO;
}
