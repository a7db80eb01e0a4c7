/* SPDX-License-Identifier: Apache-2.0 */

/* The head of a push: pkt-lines with commands. */

#include <stdlib.h>

#include "git/git.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    SwGitRefChangeList l;
    SwStr caps;

    if (sw_git_parse_commands(a, sw_str_n((const char *)data, size), &l, &caps, &err) < 0) {
        if (!err.kind)
            abort();
        return 0;
    }
    for (size_t i = 0; i < l.n; i++)
        if ((l.v[i].old_id.p && l.v[i].old_id.n != 40) || (l.v[i].new_id.p && l.v[i].new_id.n != 40) || !l.v[i].ref.n)
            abort();
    return 0;
}
