/* Assertions on what calls answer, so that a failure prints the word of the error. */
#ifndef CS_TESTS_OK_H
#define CS_TESTS_OK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/err.h"

#define assert_err(call, expected) assert_string_equal(err_word(call), err_word(expected))
#define assert_ok(call) assert_err(call, ERR_OK)
#define assert_none(call) assert_err(call, ERR_NOT_FOUND) /* not there: neither found nor a failure */

#endif
