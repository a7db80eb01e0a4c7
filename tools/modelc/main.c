/* SPDX-License-Identifier: Apache-2.0 */
/* modelc [--whole] [--header OUT.h] [--source OUT.c] [--handlers OUT.c] [--depfile OUT.d]
 *        [--resources RESOURCES.json] MODEL.json MANIFEST.json
 *
 * --whole compiles what is not implemented, too: for tests of the wire.
 * With --resources what the API declares is written instead of its model.
 * An output that would be what it is already is left alone, so that nothing is compiled again for it; the depfile tells make
 * and ninja which files were read. Faults of a model are printed as `file:line: message`; nothing is written then and the
 * status is 1. */

#include "resources.h"

#include "base/file.h"

#include <stdio.h>

typedef struct Options {
    const char *header, *source, *handlers, *depfile, *resources, *model, *manifest;
    bool whole;
} Options;

static bool is_there(SwArena *a, const char *path, SwStr text) {
    SwError err = sw_error(a);
    SwStr old;
    return sw_exists(path) && sw_file_read(a, path, 64 * SW_MIB, &old, &err) == 0 && sw_str_eq(old, text);
}

static int write_out(SwArena *a, const char *path, const SwBuf *b) {
    SwError err = sw_error(a);
    if (!b->full && (is_there(a, path, sw_buf_str(b)) || sw_file_write(path, sw_buf_str(b), 0644, &err) == 0))
        return 0;
    fprintf(stderr, "%s: %s\n", path, b->full ? "too large" : err.cause ? err.cause : err.message);
    return 1;
}

static int write_depfile(SwArena *a, const Options *o, const SwStrList *read) {
    SwBuf b = sw_buf(a, SW_MIB);
    sw_buf_addf(&b, "%s %s %s:", o->header, o->source, o->handlers ? o->handlers : "");
    for (size_t i = 0; i < read->n; i++)
        sw_buf_addf(&b, " %.*s", SW_FMT(read->v[i]));
    sw_buf_addz(&b, "\n");
    return write_out(a, o->depfile, &b);
}

static int write_all(SwArena *a, const Options *o, const SwBuf *h, const SwBuf *c, const SwStrList *read) {
    return write_out(a, o->header, h) || write_out(a, o->source, c) || (o->depfile && write_depfile(a, o, read));
}

static const char *header_name(const Options *o) {
    const char *name = strrchr(o->header, '/');
    return name ? name + 1 : o->header;
}

static int compile_resources(SwArena *a, const Options *o, Model *m, SwStrList *read) {
    const char *file = sw_str_z(a, sw_strf(a, "%s/records/%s.json", m->dir, m->api));
    Model *records = model_load(a, file, o->manifest, read);
    if (m->errors || records->errors)
        return 1;
    model_keep(m, o->whole); /* an operation that is not implemented is none that may be named */
    types_collect(m);
    Declarations *d = resources_load(m, records, o->resources);
    if (m->errors)
        return 1;
    SwBuf h = sw_buf(a, 16 * SW_MIB), c = sw_buf(a, 16 * SW_MIB);
    write_resources_header(d, &h);
    write_resources_source(d, &c, header_name(o));
    return write_all(a, o, &h, &c, read);
}

static int compile(SwArena *a, const Options *o) {
    SwStrList read = {0};
    Model *m = model_load(a, o->model, o->manifest, &read);
    if (o->resources)
        return compile_resources(a, o, m, &read);
    if (m->errors == 0)
        model_check(m);
    if (m->errors == 0)
        model_keep(m, o->whole);
    if (m->errors)
        return 1;
    types_collect(m);
    SwBuf h = sw_buf(a, 64 * SW_MIB), c = sw_buf(a, 64 * SW_MIB), t = sw_buf(a, SW_MIB);
    write_header(m, &h);
    write_source(m, &c, header_name(o));
    if (o->handlers)
        write_handlers(m, &t, header_name(o));
    return write_all(a, o, &h, &c, &read) || (o->handlers && write_out(a, o->handlers, &t));
}

static bool read_options(int argc, char **argv, Options *o) {
    *o = (Options){.header = "/dev/null", .source = "/dev/null"};
    for (int i = 1; i < argc; i++) {
        const char **to = strcmp(argv[i], "--header") == 0      ? &o->header
                          : strcmp(argv[i], "--source") == 0    ? &o->source
                          : strcmp(argv[i], "--handlers") == 0  ? &o->handlers
                          : strcmp(argv[i], "--depfile") == 0   ? &o->depfile
                          : strcmp(argv[i], "--resources") == 0 ? &o->resources
                                                                : NULL;
        if (to && i + 1 < argc)
            *to = argv[++i];
        else if (strcmp(argv[i], "--whole") == 0)
            o->whole = true;
        else if (argv[i][0] == '-' || o->manifest)
            return false;
        else
            *(o->model ? &o->manifest : &o->model) = argv[i];
    }
    return o->manifest != NULL;
}

int main(int argc, char **argv) {
    Options o;
    if (!read_options(argc, argv, &o)) {
        fprintf(stderr, "usage: modelc [--whole] [--header OUT.h] [--source OUT.c] [--handlers OUT.c] [--depfile OUT.d] "
                        "[--resources RESOURCES.json] MODEL.json MANIFEST.json\n");
        return 2;
    }
    SwArena *a = sw_arena_new(SW_GIB);
    int status = compile(a, &o);
    sw_arena_free(a);
    return status;
}
