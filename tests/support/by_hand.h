/* A committer over a real store whose batches the test runs itself, one for the whole of a test program: opened by each
 * test's own open_store, with committer_fixture_by_hand. */
#ifndef CS_TESTS_BY_HAND_H
#define CS_TESTS_BY_HAND_H

#include "tests/support/committer_fixture.h"

static struct committer_fixture cf;
static struct committer *committer;

static int close_store(void **state)
{
    (void)state;
    committer_close(committer);
    committer_fixture_close(&cf);
    return 0;
}

#endif
