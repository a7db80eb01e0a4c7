/* SPDX-License-Identifier: Apache-2.0 */

/* Runs one fuzz target over the files of a folder, as libFuzzer would: its corpus is a unit test with any compiler. */

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void replay(const char *dir, const char *name) {
    char path[4096];
    uint8_t *data = malloc(1 << 20);
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "re");
    if (!f || !data) {
        perror(path);
        exit(1);
    }
    size_t n = fread(data, 1, 1 << 20, f);
    for (size_t k = 0; k <= n; k++)     /* and cut short at every byte */
        (void)LLVMFuzzerTestOneInput(data, k);
    fclose(f);
    free(data);
}

int main(int argc, char **argv) {
    DIR *d = argc == 2 ? opendir(argv[1]) : NULL;
    struct dirent *e;
    int n = 0;
    if (!d)
        return 2;
    while ((e = readdir(d)))
        if (e->d_name[0] != '.') {
            replay(argv[1], e->d_name);
            n++;
        }
    closedir(d);
    printf("%d files\n", n);
    return n > 0 ? 0 : 1;
}
