/* Files that lie where others expect them: nothing waits, nothing is followed, nothing is written that was there. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/cmd/staging.h"
#include "server/system/system.h"

enum { HANG_S = 20 };

static int renames_left = -1; /* -1: all that are wanted */

/* In place of the C library's. */
int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    if (renames_left == 0) {
        errno = EIO;
        return -1;
    }
    renames_left -= renames_left > 0;
    return (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, 0);
}

static int reads_left = -1; /* likewise, of files and folders */
static bool read_failed;

/* One fails; those behind it do not. */
static bool may_read(void)
{
    bool fails = reads_left == 0;
    reads_left -= reads_left >= 0;
    if (fails)
        errno = EIO;
    read_failed |= fails;
    return !fails;
}

ssize_t read(int fd, void *out, size_t len)
{
    return may_read() ? syscall(SYS_read, fd, out, len) : -1;
}

ssize_t pread(int fd, void *out, size_t len, off_t offset)
{
    return may_read() ? syscall(SYS_pread64, fd, out, len, offset) : -1;
}

struct dirent *readdir(DIR *d)
{
    static struct dirent *(*real)(DIR *);
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "readdir");
    return may_read() ? real(d) : NULL;
}

struct place {
    char dir[64], outside[96], inside[96];
    struct folder *folder;
};

static char *at(const char *dir, const char *name)
{
    static char path[4][256];
    static unsigned next;
    char *out = path[next++ % 4];
    snprintf(out, sizeof path[0], "%s/%s", dir, name);
    return out;
}

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static void assert_holds(const char *path, const char *text)
{
    struct buf b;
    buf_heap(&b);
    assert_int_equal(file_read(path, 1 << 20, &b), ERR_OK);
    assert_true(span_is(buf_span(&b), text));
    buf_free(&b);
}

/* `inside` is the folder; `outside` is what must not be reached from it. */
static int setup(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    snprintf(p->dir, sizeof p->dir, "/tmp/countersign-files-XXXXXX");
    assert_non_null(mkdtemp(p->dir));
    snprintf(p->inside, sizeof p->inside, "%s/inside", p->dir);
    snprintf(p->outside, sizeof p->outside, "%s/outside", p->dir);
    assert_int_equal(mkdir(p->inside, 0700), 0);
    assert_int_equal(mkdir(p->outside, 0700), 0);
    write_file(at(p->outside, "file"), "outside");
    assert_int_equal(folder_open(p->inside, &p->folder), ERR_OK);
    alarm(HANG_S); /* the process dies of it */
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct place *p = *state;
    struct folder *all;
    alarm(0);
    folder_close(p->folder);
    assert_int_equal(folder_open("/tmp", &all), ERR_OK);
    assert_int_equal(folder_remove_tree(all, p->dir + strlen("/tmp/")), ERR_OK);
    folder_close(all);
    free(p);
    return 0;
}

static void whole_files_are_regular_and_bounded(void **state)
{
    struct place *p = *state;
    struct buf b;
    buf_heap(&b);
    assert_int_equal(mkfifo(at(p->inside, "fifo"), 0600), 0);
    assert_int_equal(file_read(at(p->inside, "fifo"), 1 << 20, &b), ERR_IO);
    assert_int_equal(file_read(p->inside, 1 << 20, &b), ERR_IO);
    assert_int_equal(file_read("/dev/zero", 1 << 20, &b), ERR_IO);
    assert_int_equal(file_read(at(p->inside, "nothing"), 1 << 20, &b), ERR_NOT_FOUND);
    write_file(at(p->inside, "sparse"), "x");
    assert_int_equal(truncate(at(p->inside, "sparse"), 1LL << 40), 0);
    assert_int_equal(file_read(at(p->inside, "sparse"), 1 << 20, &b), ERR_TOO_LARGE);
    assert_int_equal(b.len, 0);
    assert_true(b.cap < 1 << 20);
    assert_holds(at(p->outside, "file"), "outside");
    buf_free(&b);
}

static void what_is_called_tmp_is_never_written_to(void **state)
{
    struct place *p = *state;
    char *path = at(p->inside, "file"), *side = at(p->inside, "file.tmp");
    assert_int_equal(file_write_atomic(path, SPAN("one"), 0600), ERR_OK);
    assert_int_equal(symlink(at(p->outside, "file"), side), 0);
    assert_int_equal(file_write_atomic(path, SPAN("two"), 0600), ERR_OK);
    assert_int_equal(link(at(p->outside, "file"), side), 0);
    assert_int_equal(file_write_atomic(path, SPAN("three"), 0600), ERR_OK);
    assert_int_equal(mkfifo(side, 0600), 0);
    assert_int_equal(file_write_atomic(path, SPAN("four"), 0600), ERR_OK);
    assert_int_equal(mkdir(side, 0700), 0);
    assert_int_equal(file_write_atomic(path, SPAN("five"), 0600), ERR_IO);
    assert_holds(path, "four");
    assert_holds(at(p->outside, "file"), "outside");
}

static enum err read_of(struct place *p, const char *path)
{
    struct mirror m = folder_mirror(p->folder);
    struct buf b;
    buf_heap(&b);
    enum err err = m.read(m.ctx, path, 0, 100, &b);
    assert_true(err == ERR_OK || b.len == 0);
    buf_free(&b);
    return err;
}

static void a_folder_reads_regular_files_alone(void **state)
{
    struct place *p = *state;
    uint64_t size = 0;
    assert_int_equal(mkdir(at(p->inside, "log"), 0700), 0);
    write_file(at(p->inside, "log/file"), "0123456789");
    assert_int_equal(mkfifo(at(p->inside, "fifo"), 0600), 0);
    assert_int_equal(symlink(at(p->outside, "file"), at(p->inside, "link")), 0);
    assert_int_equal(symlink(p->outside, at(p->inside, "folder-link")), 0);
    assert_int_equal(symlink("log", at(p->inside, "own-link")), 0);
    static const struct {
        const char *path;
        enum err err;
    } table[] = {{"log/file", ERR_OK},
                 {"log/none", ERR_NOT_FOUND},
                 {"none/file", ERR_NOT_FOUND},
                 {"fifo", ERR_CONFLICT},
                 {"link", ERR_CONFLICT},
                 {"log", ERR_CONFLICT},
                 {"own-link/file", ERR_CONFLICT},
                 {"folder-link/file", ERR_CONFLICT},
                 {"log/file/x", ERR_CONFLICT}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (read_of(p, table[i].path) != table[i].err)
            fail_msg("%s reads otherwise", table[i].path);
    assert_int_equal(folder_size(p->folder, "log/file", &size), ERR_OK);
    assert_int_equal(size, 10);
    struct mirror m = folder_mirror(p->folder);
    struct buf b;
    buf_heap(&b);
    assert_int_equal(m.read(m.ctx, "log/file", 7, 100, &b), ERR_OK);
    assert_int_equal(m.read(m.ctx, "log/file", 100, 100, &b), ERR_OK);
    assert_int_equal(m.read(m.ctx, "log/file", 2, 3, &b), ERR_OK);
    assert_true(span_is(buf_span(&b), "789234"));
    buf_free(&b);
}

static void count(void *arg, const char *path)
{
    (void)path;
    (*(unsigned *)arg)++;
}

static void a_walk_tells_all_and_follows_nothing(void **state)
{
    struct place *p = *state;
    unsigned n = 0;
    char deep[256] = "";
    assert_int_equal(symlink(p->dir, at(p->inside, "loop")), 0);
    assert_int_equal(mkfifo(at(p->inside, "fifo"), 0600), 0);
    for (int i = 0; i < 40; i++) {
        snprintf(deep + strlen(deep), sizeof deep - strlen(deep), i ? "/d" : "d");
        assert_int_equal(mkdir(at(p->inside, deep), 0700), 0);
    }
    struct mirror m = folder_mirror(p->folder);
    assert_int_equal(m.list(m.ctx, count, &n), ERR_OK);
    assert_int_equal(n, 3 + 16); /* the link, the FIFO, folders, and that which is too deep, as it stands */
    n = 0;
    assert_int_equal(folder_list(p->folder, "none", count, &n), ERR_OK);
    assert_int_equal(folder_list(p->folder, "loop", count, &n), ERR_OK);
    assert_int_equal(n, 1);
    int fd = folder_create(p->folder, "d/file");
    assert_true(fd >= 0);
    close(fd);
    n = 0;
    assert_int_equal(folder_list(p->folder, "d", count, &n), ERR_OK);
    assert_int_equal(n, 2);
}

static void a_walk_that_fails_says_where_and_why(void **state)
{
    struct place *p = *state;
    struct rlimit as_it_was, few;
    unsigned n = 0;
    assert_int_equal(mkdir(at(p->inside, "a"), 0700), 0);
    assert_int_equal(mkdir(at(p->inside, "a/b"), 0700), 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &as_it_was), 0);
    int next = dup(0);
    close(next);
    few = (struct rlimit){(rlim_t)next + 2, as_it_was.rlim_max}; /* for what holds a, and for a */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    enum err err = folder_list(p->folder, "a", count, &n);
    int why = errno;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &as_it_was), 0);
    assert_int_equal(err, ERR_IO);
    assert_int_equal(why, EMFILE);
    assert_string_equal(folder_unlisted(p->folder), "a/b");
}

static unsigned mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(lstat(path, &st), 0);
    return st.st_mode & 0777;
}

static void what_a_folder_writes_stays_in_it(void **state)
{
    struct place *p = *state;
    umask(0);
    int fd = folder_create(p->folder, "a/b/file");
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "x", 1), 1);
    close(fd);
    assert_int_equal(mode_of(at(p->inside, "a")), 0700);
    assert_int_equal(mode_of(at(p->inside, "a/b/file")), 0600);

    assert_int_equal(symlink(p->outside, at(p->inside, "link")), 0);
    assert_int_equal(symlink(at(p->outside, "file"), at(p->inside, "to-file")), 0);
    assert_true(folder_create(p->folder, "link/new") < 0);
    assert_int_equal(folder_move(p->folder, "a/b/file", "link/file"), ERR_CONFLICT);
    assert_int_equal(folder_remove(p->folder, "link/file"), ERR_CONFLICT);
    assert_int_equal(folder_remove_tree(p->folder, "link"), ERR_CONFLICT);
    assert_int_equal(folder_move(p->folder, "a/b/file", "to-file"), ERR_OK); /* in the link's own place */
    assert_holds(at(p->inside, "to-file"), "x");
    assert_holds(at(p->outside, "file"), "outside");
    assert_int_not_equal(access(at(p->outside, "new"), F_OK), 0);
}

static void a_tree_is_removed_without_what_it_links_to(void **state)
{
    struct place *p = *state;
    int fd = folder_create(p->folder, "tree/a/b/file");
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(symlink(p->outside, at(p->inside, "tree/a/link")), 0);
    assert_int_equal(mkfifo(at(p->inside, "tree/fifo"), 0600), 0);
    assert_int_equal(folder_remove_tree(p->folder, "tree"), ERR_OK);
    assert_int_equal(folder_remove_tree(p->folder, "tree"), ERR_OK);
    assert_true(folder_is_empty(p->folder, ""));
    assert_holds(at(p->outside, "file"), "outside");
    write_file(at(p->inside, "file"), "x");
    assert_false(folder_is_empty(p->folder, ""));
    assert_false(folder_is_empty(p->folder, "other"));
    assert_true(folder_is_empty(p->folder, "file"));
    assert_int_equal(folder_remove_tree(p->folder, "file"), ERR_CONFLICT);
}

static enum err read_all(struct place *p)
{
    struct buf b;
    buf_heap(&b);
    enum err err = file_read(at(p->inside, "file"), 100, &b);
    assert_true(err != ERR_OK || span_is(buf_span(&b), "text"));
    buf_free(&b);
    return err;
}

static enum err read_in_folder(struct place *p)
{
    struct buf b;
    struct mirror m = folder_mirror(p->folder);
    buf_heap(&b);
    enum err err = m.read(m.ctx, "file", 0, 100, &b);
    assert_true(err != ERR_OK || span_is(buf_span(&b), "text"));
    buf_free(&b);
    return err;
}

static enum err walk(struct place *p)
{
    unsigned n = 0;
    enum err err = folder_list(p->folder, "", count, &n);
    assert_true(err != ERR_OK || n == 2);
    return err;
}

static enum err look_whether_empty(struct place *p)
{
    return folder_is_empty(p->folder, "tree") ? ERR_OK : ERR_IO;
}

static enum err remove_tree(struct place *p)
{
    return folder_remove_tree(p->folder, "tree");
}

/* Whichever look at a file or folder fails, what was seen before it is not taken for all. */
static void what_does_not_read_does_not_end(void **state)
{
    struct place *p = *state;
    enum err (*const calls[])(struct place *) = {read_all, read_in_folder, walk, look_whether_empty, remove_tree};
    assert_int_equal(mkdir(at(p->inside, "tree"), 0700), 0);
    write_file(at(p->inside, "tree/leaf"), "x");
    write_file(at(p->inside, "file"), "text");
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        if (calls[i] == look_whether_empty)
            assert_int_equal(unlink(at(p->inside, "file")), 0);
        int n = 0;
        do {
            read_failed = false;
            reads_left = n++;
            enum err err = calls[i](p);
            reads_left = -1;
            assert_int_equal(err, read_failed ? ERR_IO : ERR_OK);
        } while (read_failed);
        assert_true(n > 2);
    }
}

static void a_folder_is_held_by_one(void **state)
{
    struct place *p = *state;
    struct folder *again;
    assert_true(folder_hold(p->folder));
    assert_int_equal(folder_open(p->inside, &again), ERR_OK);
    assert_false(folder_hold(again));
    folder_close(again);
    assert_int_equal(folder_open(at(p->outside, "file"), &again), ERR_CONFLICT);
    assert_int_equal(folder_open(at(p->outside, "none"), &again), ERR_NOT_FOUND);
}

/* A pull that ends between the first file in its place and the last one leaves what says so, and what is not placed. */
static void what_is_half_placed_says_so(void **state)
{
    struct place *p = *state;
    static const char *const heads[] = {"log/checkpoint"};
    for (int n = 0; n < 2; n++) {
        pid_t child = fork();
        if (child == 0) {
            assert_non_null(freopen("/dev/null", "w", stderr));
            staging_open(p->folder, p->inside);
            staging_write("log/checkpoint", SPAN("head"));
            staging_write("log/keys", SPAN("keys"));
            atexit(staging_drop);
            renames_left = n;
            staging_place(heads, 1);
            _exit(0);
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
        assert_int_equal(access(at(p->inside, MIRROR_HALFWAY), F_OK), 0);
        assert_int_equal(access(at(p->inside, MIRROR_SIDE "/log/checkpoint"), F_OK), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whole_files_are_regular_and_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_called_tmp_is_never_written_to, setup, teardown),
        cmocka_unit_test_setup_teardown(a_folder_reads_regular_files_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(a_walk_tells_all_and_follows_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_walk_that_fails_says_where_and_why, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_folder_writes_stays_in_it, setup, teardown),
        cmocka_unit_test_setup_teardown(a_tree_is_removed_without_what_it_links_to, setup, teardown),
        cmocka_unit_test_setup_teardown(what_does_not_read_does_not_end, setup, teardown),
        cmocka_unit_test_setup_teardown(a_folder_is_held_by_one, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_half_placed_says_so, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
