/* SPDX-License-Identifier: Apache-2.0 */

/* Runs one fuzz target over the files of a folder, as libFuzzer would: its corpus is a unit test with any compiler. With
 * --grow before the folder: over inputs that grow from each file (grow.c). */

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grow.h"

static void replay(const char *path) {
    uint8_t *data = malloc(1 << 20);
    FILE *f = fopen(path, "re");
    if (!f || !data) {
        perror(path);
        exit(1);
    }
    size_t n = fread(data, 1, 1 << 20, f);
    for (size_t k = 0; k <= n; k++) /* and cut short at every byte */
        (void)LLVMFuzzerTestOneInput(data, k);
    fclose(f);
    free(data);
}

int main(int argc, char **argv) {
    bool grow = argc == 3 && strcmp(argv[1], "--grow") == 0, ok = true;
    const char *dir = argc == 2 || grow ? argv[argc - 1] : ".";
    DIR *d = argc == 2 || grow ? opendir(dir) : NULL;
    struct dirent *e;
    int n = 0;
    if (!d)
        return 2;
    while ((e = readdir(d))) {
        char path[4096];
        if (e->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        if (grow)
            ok &= grow_file(path);
        else
            replay(path);
        n++;
    }
    closedir(d);
    printf("%d files\n", n);
    return n > 0 && ok ? 0 : 1;
}
