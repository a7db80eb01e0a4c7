/* SPDX-License-Identifier: Apache-2.0 */
/* members [--service NAME] [--without FILE] BUILD: from the project's root. A line for each member of
 * an input that nothing reads, refuses or explains; exit status 1 if there is any. */

#include <stdio.h>
#include <string.h>

#include "members.h"

int main(int argc, char **argv) {
    Question q = {0};
    const struct { const char *name, **to; } option[] = {{"--service", &q.service}, {"--without", &q.without}};
    for (int i = 1; i < argc; i++) {
        size_t k = 0;
        while (k < SW_N(option) && strcmp(argv[i], option[k].name) != 0)
            k++;
        if (k < SW_N(option) && i + 1 < argc)
            *option[k].to = argv[++i];
        else if (argv[i][0] != '-' && !q.build)
            q.build = argv[i];
        else
            return fprintf(stderr, "usage: members [--service NAME] [--without FILE] BUILD\n"), 2;
    }
    if (!q.build)
        return fprintf(stderr, "members: which build folder?\n"), 2;
    SwArena *a = sw_arena_new(SW_GIB);
    Reads reads;
    int status = reads_collect(a, &q, &reads) ? audit(a, &q, &reads) > 0 : 2;
    sw_arena_free(a);
    return status;
}
