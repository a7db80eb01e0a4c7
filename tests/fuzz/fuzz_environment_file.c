/* SPDX-License-Identifier: Apache-2.0 */

/* Environment files of tasks: lines that anyone may have written. A name is never empty and holds no '='. */

#include <stdlib.h>
#include <string.h>

#include "services/ecs/ecs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    SwArena *a = sw_arena_new(0);
    SwStrMap env = {0};
    ecs_environment_parse(a, sw_str_n((const char *)data, size), &env);
    for (size_t i = 0; i < env.n; i++)
        if (!env.v[i].key.n || memchr(env.v[i].key.p, '=', env.v[i].key.n) ||
            (env.v[i].value.n && memchr(env.v[i].value.p, '\n', env.v[i].value.n)))
            abort();
    sw_arena_free(a);
    return 0;
}
