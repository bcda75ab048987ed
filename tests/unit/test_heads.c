#include "server/keys/heads.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "server/system/system.h"
#include "tests/support/store_fixture.h"

enum { SLOT_LEN = 64, LOG_LEN = 128, FIRST = 2 * LOG_LEN /* slot of log 1 */, SECOND = FIRST + SLOT_LEN };

static struct fixture f;
static struct keys *keys;
static struct heads *heads;

static bool sync_fails, read_fails;

/* In place of the C library's. */
ssize_t pread(int fd, void *bytes, size_t len, off_t at)
{
    if (read_fails) {
        errno = EIO;
        return -1;
    }
    return syscall(SYS_pread64, fd, bytes, len, at);
}

int fdatasync(int fd)
{
    if (sync_fails) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

static void limit_file_size(rlim_t bytes)
{
    struct rlimit r;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &r), 0);
    r.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &r), 0);
}

static int setup(void **state)
{
    (void)state;
    sync_fails = read_fails = false;
    fixture_open(&f);
    assert_ok(keys_create(f.dir));
    assert_ok(keys_load(f.dir, &keys));
    assert_ok(heads_open(f.dir, keys, &heads));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    heads_close(heads);
    keys_free(keys);
    fixture_close(&f);
    return 0;
}

static enum err sign_into(uint32_t log, uint64_t size, char root, struct buf *note)
{
    struct checkpoint c = {.origin = SPAN("example.com/log/C1"), .size = size};
    memset(c.root.b, root, HASH_LEN);
    return heads_sign(heads, log, &c, note);
}

static enum err sign(uint32_t log, uint64_t size, char root)
{
    char mem[1024];
    struct buf note;
    buf_fixed(&note, mem, sizeof mem);
    return sign_into(log, size, root, &note);
}

static void reopen(void)
{
    heads_close(heads);
    assert_ok(heads_open(f.dir, keys, &heads));
}

static void damage(long at)
{
    char path[128], byte;
    snprintf(path, sizeof path, "%s/signed-heads", f.dir);
    int fd = open(path, O_RDWR);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static void a_head_is_a_note_by_the_log_key(void **state)
{
    (void)state;
    char mem[1024];
    struct buf note;
    struct checkpoint c;
    struct note_key key = {.name = SPAN("example.com/log/C1")};
    buf_fixed(&note, mem, sizeof mem);
    assert_ok(sign_into(3, 10, 'a', &note));
    assert_int_equal(keys_log_publics(keys, &key.pub, 1), 1);
    assert_ok(checkpoint_open(buf_span(&note), &key, 1, &c));
    assert_int_equal(c.size, 10);
}

static void the_same_head_gives_the_same_bytes(void **state)
{
    (void)state;
    char mem[2][1024];
    struct buf first, again;
    buf_fixed(&first, mem[0], sizeof mem[0]);
    buf_fixed(&again, mem[1], sizeof mem[1]);
    assert_ok(sign_into(3, 10, 'a', &first));
    reopen();
    assert_ok(sign_into(3, 10, 'a', &again));
    assert_true(span_eq(buf_span(&first), buf_span(&again)));
}

static void nothing_is_signed_behind_or_beside_the_last_head(void **state)
{
    (void)state;
    assert_ok(sign(3, 10, 'a'));
    assert_ok(sign(3, 20, 'b'));
    for (int i = 0; i < 2; i++) {
        assert_err(sign(3, 19, 'c'), ERR_CORRUPT);
        assert_err(sign(3, 10, 'a'), ERR_CORRUPT);
        assert_err(sign(3, 20, 'a'), ERR_CORRUPT);
        assert_ok(sign(3, 20, 'b'));
        reopen();
    }
    assert_ok(sign(3, 21, 'c'));
}

static void logs_do_not_touch_each_other(void **state)
{
    (void)state;
    uint64_t size;
    struct hash root;
    assert_ok(sign(0, 100, 'r'));
    assert_ok(sign(2, 5, 'a'));
    assert_ok(sign(1, 7, 'b'));
    assert_err(heads_last(heads, 3, &size, &root), ERR_NOT_FOUND);
    assert_ok(heads_last(heads, 2, &size, &root));
    assert_int_equal(size, 5);
    assert_int_equal(root.b[0], 'a');
    assert_ok(heads_last(heads, 0, &size, &root));
    assert_int_equal(size, 100);
}

static void a_torn_write_leaves_the_head_before_it(void **state)
{
    (void)state;
    uint64_t size;
    struct hash root;
    assert_ok(sign(1, 10, 'a')); /* slot 0 */
    assert_ok(sign(1, 20, 'b')); /* slot 1 */
    damage(SECOND + 20);
    assert_ok(heads_last(heads, 1, &size, &root));
    assert_int_equal(size, 10);
    assert_ok(heads_torn(heads, 1, &size));
    assert_int_equal(size, 20);
    assert_ok(sign(1, 20, 'b'));
    assert_err(heads_torn(heads, 1, &size), ERR_NOT_FOUND);
    damage(SECOND + 63); /* the check itself */
    assert_ok(heads_last(heads, 1, &size, &root));
    assert_int_equal(size, 10);
}

/* Nothing was given out of it. */
static void a_torn_first_write_leaves_nothing_signed(void **state)
{
    (void)state;
    uint64_t size;
    struct hash root;
    assert_ok(sign(1, 10, 'a'));
    damage(FIRST + 20);
    assert_err(heads_last(heads, 1, &size, &root), ERR_NOT_FOUND);
    assert_ok(sign(1, 10, 'a'));
    assert_ok(heads_last(heads, 1, &size, &root));
    assert_int_equal(size, 10);
}

static void nothing_is_signed_when_both_slots_are_damaged(void **state)
{
    (void)state;
    assert_ok(sign(1, 10, 'a'));
    assert_ok(sign(1, 20, 'b'));
    damage(FIRST + 20);
    damage(SECOND + 20);
    assert_err(sign(1, 30, 'c'), ERR_CORRUPT);
}

/* Nothing is signed again, whatever the file holds now; a restart goes on from it. */
static void assert_broken_until_reopened(void)
{
    assert_err(sign(1, 10, 'a'), ERR_IO);
    assert_err(sign(1, 20, 'b'), ERR_IO);
    assert_err(sign(1, 30, 'c'), ERR_IO);
    assert_err(sign(2, 1, 'a'), ERR_IO);
    reopen();
    assert_ok(sign(1, 20, 'b'));
    assert_ok(sign(2, 1, 'a'));
}

static void nothing_is_signed_after_a_failed_sync(void **state)
{
    (void)state;
    assert_ok(sign(1, 10, 'a'));
    sync_fails = true;
    assert_err(sign(1, 20, 'b'), ERR_IO); /* in the page cache, perhaps never on disk */
    sync_fails = false;
    assert_broken_until_reopened();
}

static void what_cannot_be_read_is_not_signed_beyond_and_once_it_can_is(void **state)
{
    (void)state;
    uint64_t size;
    struct hash root;
    assert_ok(sign(1, 10, 'a'));
    read_fails = true;
    assert_err(sign(1, 20, 'b'), ERR_IO);
    assert_err(sign(1, 10, 'a'), ERR_IO);
    assert_err(heads_last(heads, 1, &size, &root), ERR_IO);
    read_fails = false;
    assert_ok(sign(1, 20, 'b'));
    assert_err(sign(1, 10, 'a'), ERR_CORRUPT);
}

static void heads_that_do_not_read_are_not_taken_for_none(void **state)
{
    (void)state;
    char path[128];
    uint64_t size = 0;
    struct hash root;
    struct heads *copy = NULL;
    snprintf(path, sizeof path, "%s/signed-heads", f.dir);
    assert_ok(sign(1, 10, 'a'));
    assert_ok(heads_open_to_read(f.dir, &copy));
    assert_ok(heads_last(copy, 1, &size, &root));
    assert_int_equal(size, 10);
    heads_close(copy);
    assert_int_equal(unlink(path), 0);
    assert_ok(heads_open_to_read(f.dir, &copy));
    assert_none(heads_last(copy, 1, &size, &root));
    heads_close(copy);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_err(heads_open_to_read(f.dir, &copy), ERR_IO);
    assert_int_equal(rmdir(path), 0);
}

static void heads_path(char path[128])
{
    snprintf(path, 128, "%s/signed-heads", f.dir);
}

static enum err whole_now(void)
{
    struct heads *copy = NULL;
    assert_ok(heads_open_to_read(f.dir, &copy));
    enum err err = heads_whole(copy);
    heads_close(copy);
    return err;
}

static void put_heads(const uint8_t *bytes, size_t len)
{
    char path[128];
    heads_path(path);
    assert_ok(file_write_atomic(path, span_of(bytes, len), 0600));
}

/* Whatever is cut off, emptied or changed in it shows, of whichever log, without the store. */
static void a_file_that_lost_a_head_is_not_whole(void **state)
{
    (void)state;
    static const uint8_t zeros[LOG_LEN * 8];
    char path[128];
    struct buf good;
    buf_heap(&good);
    heads_path(path);
    assert_ok(sign(1, 5, 'a'));
    assert_err(whole_now(), ERR_CORRUPT); /* nothing counts yet, as in a backup */
    reopen();
    assert_ok(heads_begin(heads));
    assert_ok(whole_now());
    for (uint64_t size = 10; size < 13; size++)
        for (uint32_t log = 0; log < 4; log++)
            assert_ok(sign(log, size, 'b'));
    reopen();
    assert_ok(heads_begin(heads));
    assert_ok(sign(2, 20, 'c'));
    assert_ok(whole_now());
    assert_ok(file_read(path, 1 << 20, &good));
    assert_int_equal(good.len, 5 * LOG_LEN);
    for (size_t len = 0; len < good.len; len++) {
        put_heads((const uint8_t *)good.ptr, len);
        assert_err(whole_now(), ERR_CORRUPT);
    }
    for (size_t bit = 0; bit < good.len * 8; bit++) {
        good.ptr[bit / 8] ^= (char)(1 << bit % 8);
        put_heads((const uint8_t *)good.ptr, good.len);
        assert_err(whole_now(), ERR_CORRUPT);
        good.ptr[bit / 8] ^= (char)(1 << bit % 8);
    }
    put_heads(zeros, good.len);
    assert_err(whole_now(), ERR_CORRUPT);
    put_heads((const uint8_t *)good.ptr, good.len);
    assert_ok(whole_now());
    buf_free(&good);
}

static void a_newest_record_of_zeros_shows(void **state)
{
    (void)state;
    static const uint8_t zeros[SLOT_LEN];
    char path[128];
    heads_path(path);
    assert_ok(heads_begin(heads));
    assert_ok(sign(1, 10, 'a'));
    assert_ok(sign(1, 20, 'b'));
    int fd = open(path, O_RDWR);
    assert_int_equal(pwrite(fd, zeros, sizeof zeros, SECOND), SLOT_LEN);
    close(fd);
    assert_err(whole_now(), ERR_CORRUPT);
}

static void nothing_is_signed_after_a_short_write(void **state)
{
    (void)state;
    uint64_t size;
    struct hash root;
    assert_ok(sign(1, 10, 'a'));
    limit_file_size(SECOND + 30);
    assert_err(sign(1, 20, 'b'), ERR_IO);
    limit_file_size(RLIM_INFINITY);
    assert_err(heads_last(heads, 1, &size, &root), ERR_IO);
    assert_broken_until_reopened();
}

static void a_write_refused_for_want_of_room_is_tried_again(void **state)
{
    (void)state;
    uint64_t size;
    struct hash root;
    assert_ok(sign(1, 10, 'a'));
    limit_file_size(SECOND);
    assert_err(sign(1, 20, 'b'), ERR_FULL);
    assert_ok(sign(1, 10, 'a'));
    assert_ok(heads_last(heads, 1, &size, &root));
    assert_int_equal(size, 10);
    limit_file_size(RLIM_INFINITY);
    assert_ok(sign(1, 20, 'b'));
}

/* ---- any guard ---- */

static struct {
    uint64_t size; /* 0: none */
    struct hash root;
    enum err answer; /* of keep */
    unsigned kept, closed;
} memory;

static enum err memory_last(void *ctx, uint32_t log, uint64_t *size, struct hash *root)
{
    (void)ctx, (void)log;
    *size = memory.size;
    *root = memory.root;
    return memory.size > 0 ? ERR_OK : ERR_NOT_FOUND;
}

static enum err memory_torn(void *ctx, uint32_t log, uint64_t *size)
{
    (void)ctx, (void)log, (void)size;
    return ERR_NOT_FOUND;
}

static enum err memory_keep(void *ctx, uint32_t log, const struct checkpoint *c)
{
    (void)ctx, (void)log;
    memory.kept++;
    if (memory.answer == ERR_OK) {
        memory.size = c->size;
        memory.root = c->root;
    }
    return memory.answer;
}

static enum err memory_whole(void *ctx)
{
    (void)ctx;
    return ERR_OK;
}

static uint32_t memory_end(void *ctx)
{
    (void)ctx;
    return 1;
}

static void memory_close(void *ctx)
{
    (void)ctx;
    memory.closed++;
}

static void nothing_is_signed_that_its_guard_did_not_keep(void **state)
{
    (void)state;
    const struct heads_guard guard = {memory_last, memory_torn, memory_whole, memory_whole,
                                      memory_keep, memory_end,  memory_close, NULL};
    char mem[1024];
    struct buf note;
    heads_close(heads);
    heads = heads_new(guard, keys);
    assert_ok(sign(1, 3, 'a'));
    assert_int_equal(memory.kept, 1);
    assert_ok(sign(1, 3, 'a')); /* as it was: nothing to keep */
    assert_int_equal(memory.kept, 1);
    assert_err(sign(1, 2, 'a'), ERR_CORRUPT);
    assert_err(sign(1, 3, 'b'), ERR_CORRUPT);
    memory.answer = ERR_FULL;
    buf_fixed(&note, mem, sizeof mem);
    assert_err(sign_into(1, 4, 'a', &note), ERR_FULL);
    assert_int_equal(note.len, 0);
    memory.answer = ERR_OK;
    assert_ok(sign(1, 4, 'a'));
    heads_close(heads);
    assert_int_equal(memory.closed, 1);
    assert_ok(heads_open(f.dir, keys, &heads));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_head_is_a_note_by_the_log_key),
        TEST(the_same_head_gives_the_same_bytes),
        TEST(nothing_is_signed_behind_or_beside_the_last_head),
        TEST(logs_do_not_touch_each_other),
        TEST(a_torn_write_leaves_the_head_before_it),
        TEST(a_torn_first_write_leaves_nothing_signed),
        TEST(nothing_is_signed_when_both_slots_are_damaged),
        TEST(nothing_is_signed_after_a_failed_sync),
        TEST(what_cannot_be_read_is_not_signed_beyond_and_once_it_can_is),
        TEST(heads_that_do_not_read_are_not_taken_for_none),
        TEST(a_file_that_lost_a_head_is_not_whole),
        TEST(a_newest_record_of_zeros_shows),
        TEST(nothing_is_signed_after_a_short_write),
        TEST(a_write_refused_for_want_of_room_is_tried_again),
        TEST(nothing_is_signed_that_its_guard_did_not_keep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
