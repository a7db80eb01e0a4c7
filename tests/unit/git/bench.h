/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A repository in a temporary folder, and shorthand for tests on it. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../folder.h"
#include "base/file.h"
#include "git/git.h"

typedef struct Bench {
    SwArena *a;
    SwError err;
    char dir[TEST_FOLDER];
    const char *repo;
} Bench;

static inline int bench_setup(void **state) {
    Bench *b = calloc(1, sizeof(*b));

    b->a = sw_arena_new(0);
    b->err = sw_error(b->a);
    assert_non_null(test_folder(b->dir));
    b->repo = sw_path(b->a, b->dir, "r.git");
    assert_int_equal(sw_git_create(b->repo, SW_NO_STR, &b->err), 0);
    *state = b;
    return 0;
}

static inline int bench_teardown(void **state) {
    Bench *b = *state;

    assert_int_equal(sw_rm_tree(b->dir, &b->err), 0);
    sw_arena_free(b->a);
    free(b);
    return 0;
}

static inline void must(Bench *b, int r) {
    if (r < 0)
        print_error("%s: %s: %s\n", b->err.kind ? b->err.kind->code : "?", b->err.message, b->err.cause ? b->err.cause : "");
    assert_int_equal(r, 0);
}

static inline void must_fail(Bench *b, int r, const SwErrorKind *kind) {
    assert_int_equal(r, -1);
    if (!sw_error_is(&b->err, kind))
        print_error("%s: %s: %s\n", b->err.kind ? b->err.kind->code : "?", b->err.message, b->err.cause ? b->err.cause : "");
    assert_true(sw_error_is(&b->err, kind));
    assert_non_null(b->err.message);
    sw_error_reset(&b->err);
}

/* Put one file (data NULL: delete it) onto a branch; the new commit's id. */
static inline SwStr put(Bench *b, const char *branch, SwStr parent, const char *file, const char *data, int64_t at) {
    SwGitPut p = {.path = sw_str(file), .data = sw_str(data)};
    SwGitNewCommit c = {.branch = sw_str(branch),
                        .parent = parent,
                        .message = sw_strf(b->a, "change %s\n", file),
                        .author = {SW_STR("Ann"), SW_STR("ann@example.com"), at * SW_S, 60}};
    SwGitCommit made;

    if (data) {
        c.puts.v = &p;
        c.puts.n = 1;
    } else {
        sw_str_list_add(b->a, &c.deletes, p.path);
    }
    must(b, sw_git_commit_files(b->a, b->repo, &c, &made, NULL, &b->err));
    return made.id;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)
