/* SPDX-License-Identifier: Apache-2.0 */
/* modelc [--header OUT.h] [--source OUT.c] MODEL.json MANIFEST.json
 *
 * Faults of a model are printed as `file:line: message`; nothing is written then and the status is 1. */

#include "modelc.h"

#include "base/file.h"

#include <stdio.h>

static int write_out(SwArena *a, const char *path, const SwBuf *b) {
    SwError err = sw_error(a);
    if (!b->full && sw_file_write(path, sw_buf_str(b), 0644, &err) == 0)
        return 0;
    fprintf(stderr, "%s: %s\n", path, b->full ? "too large" : err.cause ? err.cause : err.message);
    return 1;
}

static int compile(SwArena *a, const char *header, const char *source, const char *model, const char *manifest) {
    Model *m = model_load(a, model, manifest);
    if (m->errors == 0)
        model_check(m);
    if (m->errors)
        return 1;
    types_collect(m);
    SwBuf h = sw_buf(a, 64 * SW_MIB), c = sw_buf(a, 64 * SW_MIB);
    const char *name = strrchr(header, '/');
    write_header(m, &h);
    write_source(m, &c, name ? name + 1 : header);
    return write_out(a, header, &h) || write_out(a, source, &c);
}

int main(int argc, char **argv) {
    const char *header = "/dev/null", *source = "/dev/null", *file[2] = {NULL, NULL};
    int n = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--header") == 0 && i + 1 < argc)
            header = argv[++i];
        else if (strcmp(argv[i], "--source") == 0 && i + 1 < argc)
            source = argv[++i];
        else if (argv[i][0] != '-' && n < 2)
            file[n++] = argv[i];
        else
            n = 3;
    }
    if (n != 2) {
        fprintf(stderr, "usage: modelc [--header OUT.h] [--source OUT.c] MODEL.json MANIFEST.json\n");
        return 2;
    }
    SwArena *a = sw_arena_new(SW_GIB);
    int status = compile(a, header, source, file[0], file[1]);
    sw_arena_free(a);
    return status;
}
