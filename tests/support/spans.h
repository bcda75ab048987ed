/* A span beside the text that it should be. */
#ifndef CS_TESTS_SPANS_H
#define CS_TESTS_SPANS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/span.h"

static inline void assert_span(struct span got, const char *want)
{
    if (!span_is(got, want))
        fail_msg("\"%.*s\" instead of \"%s\"", (int)got.len, got.ptr != NULL ? got.ptr : "", want);
}

#endif
