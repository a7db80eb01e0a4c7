/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What every test of base/ needs: an arena a test, and comparisons that show both sides. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../arena.h"
#include "base/buf.h"
#include "base/error.h"

#define TEST(fn) ARENA_TEST(fn)

/* For a string that may not end with a NUL. */
#define assert_str(s, z) \
    do { \
        SwStr s_ = (s); \
        SwStr z_ = sw_str(z); \
        if (!s_.p || !sw_str_eq(s_, z_)) \
            fail_msg("`%.*s` is not `%s`", (int)s_.n, s_.p ? s_.p : "", (z)); \
    } while (0)
