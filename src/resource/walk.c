/* SPDX-License-Identifier: Apache-2.0 */
/* All that is declared, and all that exists of it. */

#include "resource/internal.h"

#include "api/service.h"

#include <stdlib.h>

#define BATCH 256 /* records that are asked for at once */

int sw_resource_walk(SwCtx *cx, const SwResource *r, SwStr after_id, SwResourceFn *fn, void *arg, SwError *err) {
    SwDocQuery q = {.limit = BATCH, .from = after_id};
    if (!r->in)
        return 0;
    do {
        SwDocList l;
        if (sw_doc_list(cx->tx, r->in, &q, &l, err) < 0)
            return -1;
        for (size_t i = 0; i < l.n; i++) {
            SwFound f = {.r = r, .id = l.v[i].id, .record = l.v[i].record};
            if (sw_str_eq(f.id, after_id) || !sw_resource_is_here(cx, r, f.record))
                continue;
            int stop = fn(cx, &f, sw_resource_arn(cx, r, f.id, f.record), arg, err);
            if (stop)
                return stop;
        }
        q.after = l.next;
    } while (q.after.p);
    return 0;
}

static int by_name(const void *a, const void *b) {
    const SwResource *x = *(const SwResource *const *)a, *y = *(const SwResource *const *)b;
    int order = strcmp(x->service, y->service);
    return order ? order : strcmp(x->name, y->name);
}

void sw_resource_open(SwHost *h) {
    struct {
        const SwResource **v;
        size_t n;
    } all = {0};
    for (const SwService *const *s = h->config->services; *s; s++)
        for (size_t i = 0; (*s)->declares && (*s)->declares->resource[i]; i++)
            *sw_list_add(h->arena, &all) = (*s)->declares->resource[i];
    if (all.n)
        qsort(all.v, all.n, sizeof(*all.v), by_name);
    *sw_list_add(h->arena, &all) = NULL;
    h->resources = all.v;
}

const SwResource *const *sw_resource_all(const SwHost *h) {
    return h->resources;
}
