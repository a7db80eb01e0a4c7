/* SPDX-License-Identifier: Apache-2.0 */
/* Environment files: a variable a line, as Docker reads them. Apart from what fetches them, since others wrote their bytes. */

#include "services/ecs/ecs.h"

void ecs_environment_parse(SwArena *a, SwStr text, SwStrMap *env) {
    SwStr line, name;
    while (sw_str_next(&text, '\n', &line)) {
        if (sw_str_ends(line, SW_STR("\r")))
            line = sw_str_drop(line, 1);
        if (sw_str_starts(line, SW_STR("#")) || !sw_str_cut(&line, '=', &name) || !name.n)
            continue;
        sw_str_map_set(a, env, name, line);
    }
}
