/* SPDX-License-Identifier: Apache-2.0 */
/* Buildspecs, one row a case: what is read, what is refused and on which line, and the bounds. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "services/codebuild/buildspec.h"

#define HEAD "version: 0.2\nphases:\n  build:\n    commands:\n"
#define GOOD HEAD "      - make\n"

static void a_whole_buildspec_is_read(void **state) {
    (void)state;
    static const char text[] = "version: 0.2\nenv:\n  shell: bash\n  variables: {A: '1', B: }\n  exported-variables: [A]\n"
                               "phases:\n  install:\n    runtime-versions: {nodejs: 18}\n    on-failure: CONTINUE\n"
                               "  build:\n    on-failure: ABORT\n    commands:\n      - &c 'echo \"a: b\" # no comment'\n      "
                               "- *c\n      - |\n        one\n        two\n"
                               "    finally: [\"x\"]\n"
                               "artifacts:\n  files: ['**/*']\n  name: n\n  discard-paths: yes\n  secondary-artifacts:\n    "
                               "more: {files: [a], base-directory: d}\n";
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    CodebuildSpec s;
    if (codebuild_spec_parse(a, sw_str(text), &s, &err) < 0)
        fail_msg("%s", err.message);
    const CodebuildStageSpec *b = &s.stage[CODEBUILD_BUILD];
    assert_true(sw_str_eqz(s.shell, "bash") && s.variables.n == 2 && s.exported.n == 1);
    assert_true(s.stage[CODEBUILD_INSTALL].go_on && s.stage[CODEBUILD_INSTALL].runtimes.n == 1);
    assert_true(b->abort && b->commands.n == 3 && b->finally.n == 1);
    assert_true(sw_str_eqz(b->commands.v[1], "echo \"a: b\" # no comment"));
    assert_true(sw_str_eqz(b->commands.v[2], "one\ntwo\n"));
    assert_true(s.has_artifacts && s.artifacts.discard_paths && s.artifacts.files.n == 1);
    assert_true(s.secondary.n == 1 && sw_str_eqz(s.secondary.v[0].id, "more") && sw_str_eqz(s.secondary.v[0].base, "d"));
}

static const struct {
    const char *text, *why;
} bad[] = {
    {"", "the file is empty at line 1"},
    {"- a\n", "the buildspec must be a mapping"},
    {"phases: {}\n", "only 0.2 is available"},
    {"version: 0.1\n", "only 0.2 is available"},
    {"version: [0.2]\n", "version must be a string at line 1"},
    {"version: 0.2\n", "the buildspec has no phases"},
    {GOOD "reports: {}\n", "the key reports is not available at line 6"},
    {GOOD "artifacts: {}\n", "files must name at least one file at line 6"},
    {GOOD "artifacts:\n  files: a\n", "Files must be a list at line 7"},
    {GOOD "artifacts:\n  files: [a]\n  discard-paths: perhaps\n", "artifacts/discard-paths must be yes or no at line 8"},
    {GOOD "artifacts:\n  files: [a]\n  base-directory: d*\n", "wildcards are not available"},
    {GOOD "artifacts:\n  secondary-artifacts: [a]\n", "must be a mapping at line 7"},
    {GOOD "env: {shell: fish}\n", "env/shell: fish is not available"},
    {GOOD "env:\n  variables:\n    a-b: c\n", "a-b cannot be a variable's name at line 8"},
    {GOOD "env: {exported-variables: ['$(x)']}\n", "$(x) cannot be a variable's name"},
    {GOOD "env:\n  secrets: {A: b}\n", "the key secrets is not available at line 7"},
    {GOOD "env:\n  secrets-manager: {a-b: c}\n", "env/secrets-manager: a-b cannot be a variable's name at line 7"},
    {GOOD "run-as: me\n", "run-as: only root is available"},
    {HEAD "      - echo: b\n", "Expected Commands[0] to be of string type: found subkeys instead at line 5"},
    {HEAD "      - a\n      -\n", "Expected Commands[1] to be of string type: found nothing instead at line 6"},
    {HEAD "      - a\n  build:\n    commands: [b]\n", "the key build appears twice at line 6"},
    {HEAD "    - a\n    on-failure: RETRY\n", "phases/build/on-failure: RETRY is not available"},
    {HEAD "    - a\n    runtime-versions: {nodejs: 18}\n", "the key runtime-versions is not available at line 6"},
    {HEAD "    - a\n  test: {}\n", "phases: the key test is not available at line 6"},
    {"version: 0.2\nphases:\n  build:\n    commands: []\n", "No commands found"},
    {GOOD "  x: [\n", "yaml: line"},
    {"version: 0.2\n\tphases: {}\n", "yaml: line 2"},
    {"version: *v\n", "unknown anchor 'v'"},
    {"version: &v [*v]\n", "unknown anchor 'v'"},
    {GOOD "---\na: b\n", "more than one document at line 6"},
    {GOOD "? [a]\n: b\n", "a mapping's key must be a string at line 6"},
    {"version: \xff\n", "invalid UTF-8"},
};

static void refused(SwStr text, const char *why) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    CodebuildSpec s;
    if (codebuild_spec_parse(a, text, &s, &err) == 0)
        fail_msg("%.*s: accepted", (int)SW_MIN(text.n, 200), text.p);
    if (err.kind != &CODEBUILD_YAML_FILE_ERROR || !strstr(err.message, why))
        fail_msg("%.*s: %s, not %s", (int)SW_MIN(text.n, 200), text.p, err.message, why);
}

static void a_fault_is_refused_with_its_place(void **state) {
    (void)state;
    for (size_t i = 0; i < SW_N(bad); i++)
        refused(sw_str(bad[i].text), bad[i].why);
}

static void all_faults_are_told_at_once_with_their_lines(void **state) {
    (void)state;
    static const char text[] = "version: 0.3\nenv:\n  shell: fish\n  secrets: {A: b}\n  variables:\n    a-b: c\n"
                               "phases:\n  build:\n    commands:\n      - a: b\n    on-failure: RETRY\n  test: {}\n"
                               "artifacts:\n  files: [x]\n  discard-paths: perhaps\nreports: {}\ncache: {path: [a]}\n"
                               "batch:\n  build-list:\n    - identifier: one\n";
    static const char *const whys[] = {
        "invalid buildspec version: only 0.2 is available at line 1",
        "env/shell: fish is not available, only sh and bash are at line 3",
        "env: the key secrets is not available at line 4",
        "env/variables: a-b cannot be a variable's name at line 6",
        "Expected Commands[0] to be of string type: found subkeys instead at line 10",
        "phases/build/on-failure: RETRY is not available, only ABORT and CONTINUE are at line 11",
        "phases: the key test is not available at line 12",
        "artifacts/discard-paths must be yes or no at line 15",
        "the buildspec: the key reports is not available at line 16",
        "cache: the key path is not available at line 17",
        "the buildspec: the key batch is not available at line 18",
    };
    for (size_t i = 0; i < SW_N(whys); i++)
        refused(sw_str(text), whys[i]);
}

static void the_cache_of_a_project_that_has_none_is_of_no_consequence(void **state) {
    (void)state;
    static const char *const good[] = {
        GOOD "cache:\n  paths:\n    - /root/.m2/**/*\n",
        GOOD "cache:\n  key: k-$(codebuild-hash-files package-lock.json)\n  fallback-keys: [k]\n  action: restore\n  paths: "
             "[a, b]\n",
        GOOD "cache:\n",
    };
    for (size_t i = 0; i < SW_N(good); i++) {
        _sw_arena_ SwArena *a = sw_arena_new(0);
        SwError err = sw_error(a);
        CodebuildSpec s;
        if (codebuild_spec_parse(a, sw_str(good[i]), &s, &err) < 0)
            fail_msg("%s: %s", good[i], err.message);
    }
    refused(SW_STR(GOOD "cache:\n  paths: [{a: b}]\n"), "Expected cache/paths[0] to be of string type");
}

static SwStr repeated(SwArena *a, const char *head, const char *s, size_t n) {
    SwBuf b = sw_buf(a, SW_MIB);
    sw_buf_addz(&b, head);
    for (size_t i = 0; i < n; i++)
        sw_buf_addz(&b, s);
    return sw_buf_str(&b);
}

static void size_depth_and_aliases_are_bounded(void **state) {
    (void)state;
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    SwValue v;
    refused(repeated(a, GOOD, "#", CODEBUILD_SPEC_BYTES), "larger than 262144 bytes");
    refused(repeated(a, "x: ", "[", 1000), "nested too deeply at line 1");
    refused(repeated(a, "x:\n", "- a\n", CODEBUILD_SPEC_NODES), "too large at line 19999");
    SwBuf b = sw_buf(a, SW_MIB); /* ten lines for 10^9 nodes */
    sw_buf_addz(&b, "a0: &a0 [x]\n");
    for (int i = 1; i < 10; i++) {
        sw_buf_addf(&b, "a%d: &a%d [", i, i);
        for (int k = 0; k < 10; k++)
            sw_buf_addf(&b, "*a%d%s", i - 1, k < 9 ? "," : "]\n");
    }
    refused(sw_buf_str(&b), "too large at line 5");
    if (codebuild_yaml(a, repeated(a, "", "- a\n", CODEBUILD_SPEC_NODES / 2), &v, &err) < 0)
        fail_msg("%s", err.message);
    assert_int_equal(v.n, CODEBUILD_SPEC_NODES / 2);
}

static const struct {
    const char *pattern, *path;
    bool yes;
} globs[] = {
    {"a", "a", true},
    {"a", "a/b", false},
    {"*", "a/b", false},
    {"./a", "a", true},
    {"**/*", "a", true},
    {"**/*", "a/b/c", true},
    {"**", "a/b", true},
    {"d/**/*", "d/a/b", true},
    {"d/**/*", "e/a", false},
    {"**/x/*.c", "x/a.c", true},
    {"**/x/*.c", "a/x/b/x/c.c", true},
    {"**/x/*.c", "a/x/b/c.c", false},
    {"a/**/b/**/c", "a/b/b/d/c", true},
    {"a/**/b/**/c", "a/c/b", false},
    {"**/a/b", "a/a/b", true},
    {"**/a/**/b", "b/a", false},
    {"a/**", "a/b/c", true},
    {"**/b", "ab", false},
    {"", "a", false},
};

static void a_pattern_matches_folder_by_folder(void **state) {
    (void)state;
    _sw_arena_ SwArena *a = sw_arena_new(0);
    for (size_t i = 0; i < SW_N(globs); i++)
        if (codebuild_glob(sw_str(globs[i].pattern), sw_str(globs[i].path)) != globs[i].yes)
            fail_msg("%s and %s", globs[i].pattern, globs[i].path);
    /* Would not end were each ** tried with every folder. */
    assert_false(codebuild_glob(repeated(a, "", "**/a/b/", 200), repeated(a, "", "a/b/a/", 400)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_buildspec_is_read),
        cmocka_unit_test(a_fault_is_refused_with_its_place),
        cmocka_unit_test(all_faults_are_told_at_once_with_their_lines),
        cmocka_unit_test(the_cache_of_a_project_that_has_none_is_of_no_consequence),
        cmocka_unit_test(size_depth_and_aliases_are_bounded),
        cmocka_unit_test(a_pattern_matches_folder_by_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
