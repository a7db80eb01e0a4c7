/* SPDX-License-Identifier: Apache-2.0 */
/* What exists is compiled: of an API the operations that have a handler, the shapes that these or the service's records
 * reach, and all errors. The rest is checked, then left out: operations stay by name, and by URI where that tells them.
 * C names are given before, so that no operation's arrival renames what was there. */

#include "modelc.h"

#include <stdlib.h>

static void keep_shape(Shape *s) {
    if (!s || s->kept)
        return;
    s->kept = true;
    for (size_t i = 0; i < s->n_member; i++)
        keep_shape(s->member[i].shape);
}

static void keep_operation(Model *m, const Operation *op) {
    const SwValue *errors = sw_value_getz(op->json, "errors");
    keep_shape(op->input);
    keep_shape(op->output);
    for (size_t i = 0; errors && i < errors->n; i++)
        keep_shape(sw_map_find(&m->shapes, sw_value_str(sw_value_getz(&errors->v[i], "shape"))));
}

/* "ecs#Service", wherever it stands in the service's records. */
static void keep_named(Model *m, const SwValue *v) {
    SwStr rest = v->kind == SW_VSTRING ? v->s : SW_NO_STR, api;
    if (rest.p && sw_str_cut(&rest, '#', &api) && sw_str_eqz(api, m->api))
        keep_shape(sw_map_find(&m->shapes, rest));
    for (size_t i = 0; (v->kind == SW_VOBJECT || v->kind == SW_VARRAY) && i < v->n; i++)
        keep_named(m, &v->v[i]);
}

static int by_name(const void *a, const void *b) {
    return sw_str_cmp(((const Operation *)a)->name, ((const Operation *)b)->name);
}

static void part_operations(Model *m, bool whole) {
    const SwValue *names = sw_value_getz(m->json, "others");
    size_t n = 0;
    m->other = sw_new_n(m->arena, Operation, m->n_op + (names ? names->n : 0) + 1);
    for (size_t i = 0; i < m->n_op; i++) {
        if (whole || m->op[i].handler_flags.p)
            m->op[n++] = m->op[i];
        else
            m->other[m->n_other++] = m->op[i];
    }
    m->n_op = n;
    for (size_t i = 0; names && i < names->n; i++)
        m->other[m->n_other++] = (Operation){.name = sw_value_str(&names->v[i])};
    qsort(m->other, m->n_other, sizeof(*m->other), by_name);
}

static void part_shapes(Model *m) {
    m->every = m->shape;
    m->n_every = m->n_shape;
    m->shape = sw_new_n(m->arena, Shape *, m->n_every + 1);
    m->n_shape = 0;
    for (size_t i = 0; i < m->n_every; i++)
        if (m->every[i]->kept)
            m->shape[m->n_shape++] = m->every[i];
}

/* A records model may name what another service's API has: only while that is there. */
static void check_foreign(Model *m) {
    for (size_t i = 0; i < m->n_shape; i++)
        for (size_t k = 0; k < m->shape[i]->n_member; k++) {
            const Member *e = &m->shape[i]->member[k];
            if (e->shape->model != m && !e->shape->kept)
                model_error(m, e->json, "no operation that is implemented has the shape '%.*s'", SW_FMT(e->shape->name));
        }
}

void model_keep(Model *m, bool whole) {
    SwValue records;
    for (size_t i = 0; i < m->n_import; i++)
        model_keep(m->import[i], whole);
    if (m->records)
        check_foreign(m);
    else
        part_operations(m, whole);
    for (size_t i = 0; i < m->n_op; i++)
        keep_operation(m, &m->op[i]);
    for (size_t i = 0; i < m->n_shape; i++)
        if (whole || m->records || m->shape[i]->c_error)
            keep_shape(m->shape[i]);
    if (!m->records && read_beside(m, m->place, "records", &records))
        keep_named(m, &records);
    part_shapes(m);
}
