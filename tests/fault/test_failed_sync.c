/* A sync that fails is never tried again in place: the process ends with 1, acknowledges nothing more, and what was
 * acknowledged before is there at the next start. */
#include <errno.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "tests/support/committer_fixture.h"

static struct committer_fixture cf;
static atomic_bool sync_fails;

/* In place of the C library's: LMDB's and ours. */
int fdatasync(int fd)
{
    if (atomic_load(&sync_fails)) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

enum { KEPT = 5, GONE_ON = 77 };

static _Noreturn void run_into_a_failed_sync(void)
{
    struct job job;
    committer_fixture_start(&cf);
    assert_int_equal(push_clicks(&cf, KEPT), KEPT);
    atomic_store(&sync_fails, true);
    job = click_job(&cf, COMMITTER_CONTRACT);
    assert_ok(push_awake(&cf, 0, &job));
    jobs_wait(&cf, 0, 1);
    _exit(GONE_ON);
}

static void a_failed_sync_ends_the_process(void **state)
{
    (void)state;
    int status = 0;
    committer_fixture_open(&cf, NULL);
    store_close(cf.live.f.store); /* LMDB does not live through a fork */
    cf.live.f.store = NULL;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        run_into_a_failed_sync();
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1);

    committer_fixture_start(&cf);
    assert_int_equal(push_clicks(&cf, 1), 1);
    committer_fixture_stop(&cf);
    struct head head;
    struct txn *t = fixture_begin(&cf.live.f, false);
    assert_ok(head_read(t, COMMITTER_CONTRACT, &head));
    txn_abort(t);
    assert_true(head.size >= KEPT + 1);
    assert_true(head.size <= KEPT + 2); /* the one that nobody was told of may be there */
    committer_fixture_close(&cf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_failed_sync_ends_the_process)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
