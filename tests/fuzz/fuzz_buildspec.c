/* SPDX-License-Identifier: Apache-2.0 */
/* Buildspecs from sources. One that is refused says why; one that is accepted has a command, names for a shell that need
 * no quotes, patterns that can be tried, and makes a driver with a file for each command, word for word. */

#include <stdlib.h>

#include "services/codebuild/driver.h"

static size_t commands(const CodebuildSpec *s) {
    size_t n = 0;
    for (unsigned i = 0; i < _CODEBUILD_STAGES; i++)
        n += s->stage[i].commands.n + s->stage[i].finally.n;
    return n;
}

static size_t runtimes(const CodebuildSpec *s) {
    size_t n = 0;
    for (unsigned i = 0; i < _CODEBUILD_STAGES; i++)
        n += s->stage[i].runtimes.n;
    return n;
}

/* Artifacts' names, each a file of its own. */
static size_t names(const CodebuildSpec *s) {
    size_t n = 0;
    for (size_t i = 0; s->has_artifacts && i <= s->secondary.n; i++)
        n += (i == 0 ? s->artifacts.name.n : s->secondary.v[i - 1].name.n) > 0;
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    CodebuildSpec s;
    CodebuildFileList files = {0};
    if (codebuild_spec_parse(a, sw_str_n((const char *)data, size), &s, &err) < 0) {
        if (err.kind != &CODEBUILD_YAML_FILE_ERROR || !err.message)
            abort();
        return 0;
    }
    if (commands(&s) == 0)
        abort();
    for (size_t i = 0; i < s.exported.n; i++)
        if (!codebuild_variable_ok(s.exported.v[i]))
            abort();
    for (size_t i = 0; i < s.artifacts.files.n; i++)
        (void)codebuild_glob(s.artifacts.files.v[i], SW_STR("a/b/a/b/c"));
    codebuild_driver(a, &s, SW_STR("/src"), false, true, &files);
    if (files.n != commands(&s) + runtimes(&s) + names(&s) + 3) /* lib, steps, driver */
        abort();
    const CodebuildStageSpec *b = &s.stage[CODEBUILD_BUILD];
    for (size_t i = 0, k = 0; i < files.n && k < b->commands.n; i++)
        if (sw_str_starts(files.v[i].name, SW_STR("BUILD.")) && !sw_str_eq(files.v[i].text, b->commands.v[k++]))
            abort();
    return 0;
}
