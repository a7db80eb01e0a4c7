/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A folder of a test's own, in $TMPDIR or /tmp. Who makes it removes it: tests/run fails who leaves it. A store keeps a file
 * beside its folder, and so has one inside of this. */

#include <stdio.h>
#include <stdlib.h>

#define TEST_FOLDER 128

/* Its path, which is in `at`; NULL: it cannot be made. */
static inline char *test_folder(char at[TEST_FOLDER]) {
    const char *tmp = getenv("TMPDIR");
    snprintf(at, TEST_FOLDER, "%s/slipway-test-XXXXXX", tmp ? tmp : "/tmp");
    return mkdtemp(at);
}
