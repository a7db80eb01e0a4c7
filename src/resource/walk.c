/* SPDX-License-Identifier: Apache-2.0 */
/* All that is declared, and all that exists of it. */

#include "resource/internal.h"

#include "api/service.h"

#include <stdlib.h>

#define BATCH 256 /* records that are asked for at once */

/* One batch in cx->tx. *ret_last: the id that the next one is behind; absent: there is none. */
static int batch(SwCtx *cx, const SwResource *r, SwStr after_id, SwResourceFn *fn, void *arg, SwStr *ret_last, SwError *err) {
    SwDocQuery q = {.limit = BATCH, .from = after_id};
    SwDocList l;
    *ret_last = SW_NO_STR;
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
    if (l.next.p)
        *ret_last = l.v[l.n - 1].id;
    return 0;
}

int sw_resource_walk(SwCtx *cx, const SwResource *r, SwStr after_id, SwResourceFn *fn, void *arg, SwError *err) {
    int stop = 0;
    if (!r->in)
        return 0;
    do {
        stop = batch(cx, r, after_id, fn, arg, &after_id, err);
    } while (!stop && after_id.p);
    return stop;
}

/* --- over all kinds --------------------------------------------------------------------------------------------- */

/* A snapshot and memory of its own, so that a walk over very many holds few of them. */
static int batch_alone(SwCtx *cx, const SwResource *r, SwBuf *place, const SwResourceWalk *w, bool *ret_more, SwError *err) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwCtx own = *cx;
    SwStr last;
    own.arena = a;
    if (sw_ctx_begin(&own, SW_READ, err) < 0)
        return -1;
    _sw_tx_ SwTx *tx = own.tx;
    int stop = batch(&own, r, place->n ? sw_buf_str(place) : SW_NO_STR, w->fn, w->arg, &last, err);
    *ret_more = last.p != NULL;
    sw_buf_reset(place);
    sw_buf_adds(place, last);
    return stop;
}

static int order(const SwResource *r, SwStr service, SwStr name) {
    int by_service = sw_str_cmp(sw_str(r->service), service);
    return by_service ? by_service : sw_str_cmp(sw_str(r->name), name);
}

SwStr sw_resource_place(SwArena *a, const SwFound *f) {
    return sw_strf(a, "%s %s %.*s", f->r->service, f->r->name, SW_FMT(f->id));
}

int sw_resource_each(SwCtx *cx, const SwResourceWalk *w, SwError *err) {
    SwStr rest = w->after, service = SW_NO_STR, name = SW_NO_STR;
    SwBuf place = sw_buf(cx->arena, 64 * SW_KIB);
    bool begins = sw_str_cut(&rest, ' ', &service) && sw_str_cut(&rest, ' ', &name);
    for (const SwResource *const *r = sw_resource_all(cx->host); *r; r++) {
        int here = begins ? order(*r, service, name) : 1;
        bool more = here >= 0 && (*r)->in && (*r)->arn[0] && (!w->want || w->want(*r, w->arg));
        sw_buf_reset(&place);
        sw_buf_adds(&place, here == 0 ? rest : SW_NO_STR);
        while (more) {
            int stop = batch_alone(cx, *r, &place, w, &more, err);
            if (stop)
                return stop;
        }
    }
    return 0;
}

static int by_name(const void *a, const void *b) {
    const SwResource *x = *(const SwResource *const *)a, *y = *(const SwResource *const *)b;
    int by_service = strcmp(x->service, y->service);
    return by_service ? by_service : strcmp(x->name, y->name);
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
