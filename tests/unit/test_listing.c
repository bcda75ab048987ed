/* Lists of the API, page by page: to their end, as far as they are wanted, or until it is clear that they have none. */
#include "server/cmd/listing.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/system/log.h"
#include "tests/support/ok.h"

enum { ENDLESS = 1 << 30 };

/* A server's list of one row a page, and who walks it. */
struct book {
    struct download *from;
    int pages, wanted; /* rows */
    size_t blanks;     /* behind each page's end */
    int got, taken;
};

static void get(void *ctx, const char *path, struct buf *body)
{
    struct book *b = ctx;
    char want[64];
    int n = snprintf(want, sizeof want, "v1/things?limit=%d&colour=red", LISTING_ROWS);
    if (b->got > 0)
        snprintf(want + n, sizeof want - (size_t)n, "&after=T%d", b->got);
    assert_string_equal(path, want);
    buf_printf(body, "{\"data\":[{\"n\":%d}]", b->got);
    if (++b->got < b->pages)
        buf_printf(body, ",\"next\":\"T%d\"", b->got);
    buf_str(body, "}");
    memset(buf_room(body, b->blanks), ' ', b->blanks);
    body->len += b->blanks;
}

static bool take(void *ctx, const json_t *row)
{
    struct book *b = ctx;
    assert_int_equal(json_integer_value(json_object_get(row, "n")), b->taken);
    return ++b->taken < b->wanted;
}

static void walk(struct book *b)
{
    b->from = download_open("http://127.0.0.1:9", "token", (struct download_limits){.slack_s = 1, .bytes = UINT64_MAX});
    listing_walk(&(struct listing){
        .from = b->from, .list = "things", .query = "&colour=red", .get = get, .take = take, .ctx = b});
    download_close(b->from);
}

static void a_list_is_walked_to_its_end_or_as_far_as_it_is_wanted(void **state)
{
    static const struct {
        int pages, wanted, got;
    } rows[] = {{1, ENDLESS, 1}, {3, ENDLESS, 3}, {9, 2, 2}, {ENDLESS, 5, 5}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct book b = {.pages = rows[i].pages, .wanted = rows[i].wanted};
        walk(&b);
        assert_int_equal(b.got, rows[i].got);
        assert_int_equal(b.taken, rows[i].got);
    }
}

/* Of more pages than may be: in a process of its own. */
static void assert_dies(int pages, size_t blanks, const char *words)
{
    char said[256] = "";
    int fds[2], status = 0;
    assert_int_equal(pipe(fds), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct book b = {.pages = pages, .wanted = ENDLESS, .blanks = blanks};
        dup2(fds[1], STDERR_FILENO);
        walk(&b);
        _exit(0);
    }
    close(fds[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(read(fds[0], said, sizeof said - 1) > 0);
    close(fds[0]);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), STATUS_FAILED);
    if (strstr(said, "http://127.0.0.1:9/v1/things does not end: it had ") == NULL || strstr(said, words) == NULL)
        fail_msg("%s", said);
}

static void pages_without_end_end_the_process(void **state)
{
    (void)state;
    assert_dies(20000, 0, "10000 pages");
    assert_dies(300, LISTING_PAGE_MAX, "256 pages");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_is_walked_to_its_end_or_as_far_as_it_is_wanted),
        cmocka_unit_test(pages_without_end_end_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
