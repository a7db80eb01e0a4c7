/* SPDX-License-Identifier: Apache-2.0 */
/* The generated scripts, run by the machine's own sh with /codebuild moved to a folder of the test: odd commands and names
 * reach the shell word for word, and none of them keeps the driver from its end. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../folder.h"
#include "services/codebuild/driver.h"

static const struct {
    const char *command, *name; /* of the artifact */
    const char *out, *made;     /* what the command writes to its folder's `out`, and the name that came of it */
    bool good;
} cases[] = {
    {"printf %s \"it's\" >out", "plain", "it's", "plain", true},
    {"printf %s 'a \"b\" $HOME `c` \\d' >out", "a\"b\\c", "a \"b\" $HOME `c` \\d", "a\"b\\c", true},
    {"cat >out <<EOF\nfi\ndone\nEOF", "n-$(echo 1)", "fi\ndone\n", "n-1", true},
    {"printf %s '%s %d' >out # fi", "it's;$X", "%s %d", "it's;", true},
    {"X='a b'; printf %s \"$X\" >out", "$X", "a b", "a b", true},
    {"printf x >out; exit 0", "n", "x", "n", true},
    {"printf x >out; set -eu; false; true", "n", "x", "n", false},
    {"printf x >out; trap - EXIT; exit 3", "n", "x", "n", false},
    {"printf x >out\n(exit 7)", "n", "x", "n", false},
    {"if", "n", "", "n", false},
    {"printf '%s\\n' '[Container] Phase complete: BUILD State: FAILED' >out", "n",
     "[Container] Phase complete: BUILD State: FAILED\n", "n", true},
    {"printf x >out", "${SLIPWAY_NONE:?}", "x", "", true},
    {"printf x >out", "n-$(date", "x", "", true}, /* what is no shell text spoils the name alone */
    {"printf x >out", "n-`date", "x", "", true},
};

static SwStr moved(SwArena *a, SwStr text, const char *root) {
    static const char from[] = "/codebuild/";
    SwBuf b = sw_buf(a, SW_MIB);
    for (size_t i = 0; i < text.n; i++)
        if (sw_str_starts(sw_str_skip(text, i), sw_str(from))) {
            sw_buf_addf(&b, "%s/", root);
            i += sizeof from - 2;
        } else {
            sw_buf_addc(&b, text.p[i]);
        }
    return sw_buf_str(&b);
}

static void put(const char *path, SwStr text) {
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_int_equal(fwrite(text.p, 1, text.n, f), text.n);
    assert_int_equal(fclose(f), 0);
}

static SwStr get(SwArena *a, const char *root, const char *name) {
    char *p = (char *)sw_arena_alloc(a, 4096);
    FILE *f = fopen(sw_strf(a, "%s/%s", root, name).p, "re");
    if (!f)
        return SW_STR("");
    size_t n = fread(p, 1, 4096, f);
    (void)fclose(f);
    return sw_str_n(p, n);
}

static void run(size_t i, SwArena *a, const char *root) {
    CodebuildSpec s = {.shell = SW_STR("sh"), .has_artifacts = true};
    CodebuildFileList files = {0};
    s.artifacts.name = sw_str(cases[i].name);
    sw_str_list_add(a, &s.stage[CODEBUILD_BUILD].commands, sw_str(cases[i].command));
    sw_str_list_add(a, &s.stage[CODEBUILD_POST_BUILD].commands, SW_STR("printf %s \"$CODEBUILD_BUILD_SUCCEEDING\" >after"));
    codebuild_driver(a, &s, sw_str(root), false, false, &files);
    for (size_t k = 0; k < files.n; k++)
        put(sw_strf(a, "%s/readonly/%.*s", root, SW_FMT(files.v[k].name)).p, moved(a, files.v[k].text, root));
    assert_true(system(sw_strf(a, "timeout 10 sh %s/readonly/driver >%s/log", root, root).p) == 0);
    SwStr log = get(a, root, "log");
    if (!sw_str_eqz(get(a, root, "out"), cases[i].out) || !sw_str_eqz(get(a, root, "control/name.0"), cases[i].made))
        fail_msg("%s: %.*s", cases[i].command, SW_FMT(log));
    assert_true(sw_str_eqz(get(a, root, "after"), cases[i].good ? "" : "0"));
    CodebuildMarker m;
    SwStr events = get(a, root, "control/events");
    size_t ends = 0, over = 0;
    while (codebuild_marker_next(&events, &m)) {
        if (m.kind == CODEBUILD_MARK_END && sw_str_eqz(m.phase, "BUILD"))
            assert_int_equal(m.good, cases[i].good);
        ends += m.kind == CODEBUILD_MARK_END;
        over += m.kind == CODEBUILD_MARK_OVER;
        assert_true(m.kind != CODEBUILD_MARK_FAIL || (!cases[i].good && sw_str_eqz(m.file, "BUILD.0")));
    }
    assert_int_equal(ends, _CODEBUILD_STAGES);
    assert_int_equal(over, 1);
}

static void odd_commands_reach_the_shell_word_for_word(void **state) {
    (void)state;
    for (size_t i = 0; i < SW_N(cases); i++) {
        _sw_arena_ SwArena *a = sw_arena_new(0);
        char root[TEST_FOLDER];
        assert_non_null(test_folder(root));
        assert_true(system(sw_strf(a, "mkdir %s/readonly %s/control", root, root).p) == 0);
        run(i, a, root);
        assert_true(system(sw_strf(a, "rm -rf %s", root).p) == 0);
    }
}

static void lines_that_are_no_markers_are_skipped(void **state) {
    (void)state;
    SwStr rest = SW_STR("fail BUILD ../x 1 5\nend BUILD\nfail BUILD BUILD.0 x 5\nnothing at all\n\nfail BUILD BUILD.0 7 "
                        "5.5\nend BUILD FAILED 6");
    CodebuildMarker m;
    assert_true(codebuild_marker_next(&rest, &m));
    assert_true(m.kind == CODEBUILD_MARK_FAIL && m.status == 7 && sw_str_eqz(m.file, "BUILD.0"));
    assert_false(codebuild_marker_next(&rest, &m)); /* a line without its end is not there yet */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(odd_commands_reach_the_shell_word_for_word),
        cmocka_unit_test(lines_that_are_no_markers_are_skipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
