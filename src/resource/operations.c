/* SPDX-License-Identifier: Apache-2.0 */
/* Which operations are about a resource, and how their inputs say which one. */

#include "resource/internal.h"

const SwOperation *sw_resource_operation(const SwResource *r, SwVerb verb) {
    return r->does[verb] ? &r->api->op[r->does[verb][0]] : NULL;
}

bool sw_resource_does(const SwResource *r, SwVerb verb, const SwOperation *op) {
    for (const uint16_t *at = r->does[verb]; at && *at != SW_NO_OPERATION; at++)
        if (*at == op->index)
            return true;
    return false;
}

void sw_resource_parts_of(SwCtx *cx, const SwFound *f, SwParts *ret) {
    SwStr arn = f->record ? sw_resource_arn(cx, f->r, f->id, f->record) : SW_NO_STR;
    if (!sw_resource_read_any_arn(f->r, arn, ret) && !sw_resource_read(f->r, f->r->id, f->id, ret))
        *ret = (SwParts){0};
}

/* A text that the record holds. */
static SwStr from_record(const SwFound *f, SwStr member) {
    const SwMember *m = f->record ? sw_shape_member(f->r->in->shape, member) : NULL;
    const SwStr *at = m && m->shape->kind == SW_STRING ? sw_member_at(m, f->record) : NULL;
    return at ? *at : SW_NO_STR;
}

SwValue sw_resource_filled(SwCtx *cx, const SwFound *f, const SwParts *p, const SwValue *v) {
    SwValue all = *v;
    bool holds = v->kind == SW_VOBJECT || v->kind == SW_VARRAY;
    if (v->kind == SW_VSTRING && sw_str_starts(v->s, SW_STR("{record.")))
        return sw_value_string(from_record(f, sw_str_drop(sw_str_skip(v->s, 8), 1)));
    if (v->kind == SW_VSTRING)
        return sw_value_string(sw_str_eqz(v->s, "{arn}") ? sw_resource_arn(cx, f->r, f->id, f->record)
                                                         : sw_resource_write(cx, f->r, sw_str_z(cx->arena, v->s), p));
    if (!holds)
        return all;
    all = v->kind == SW_VOBJECT ? sw_value_object() : sw_value_array();
    for (size_t i = 0; i < v->n; i++)
        if (v->kind == SW_VOBJECT)
            sw_value_set(cx->arena, &all, v->keys[i], sw_resource_filled(cx, f, p, &v->v[i]));
        else
            sw_value_add(cx->arena, &all, sw_resource_filled(cx, f, p, &v->v[i]));
    return all;
}

/* --- naming it in inputs ---------------------------------------------------------------------------------------- */

static void name_as_declared(SwCtx *cx, const SwNamed *n, const SwShape *s, const SwFound *f, void *in) {
    SwParts p;
    sw_path_write(cx->arena, s, in, &n->at, sw_resource_reference(cx, f, s, &n->at));
    sw_resource_parts_of(cx, f, &p);
    for (size_t i = 0; i < f->r->n_part; i++)
        if (p.v[i].p)
            sw_path_write(cx->arena, s, in, &n->with[i], p.v[i]);
}

static int name_otherwise(SwCtx *cx, const SwFound *f, const SwShape *s, void *in, SwError *err) {
    SwParts p;
    SwValue v;
    if (sw_json_parse(cx->arena, sw_str(f->r->names), &v, err) < 0)
        return -1;
    sw_resource_parts_of(cx, f, &p);
    v = sw_resource_filled(cx, f, &p, &v);
    for (size_t i = 0; i < v.n; i++) {
        const SwMember *m = sw_shape_member(s, v.keys[i]);
        const SwPath at = {.n = 1, .at = {m ? (uint16_t)(m - s->member) : 0}};
        if (m)
            sw_path_write(cx->arena, s, in, &at, v.v[i].s);
    }
    return 0;
}

int sw_resource_name_in(SwCtx *cx, const SwFound *f, const SwOperation *op, void *in, SwError *err) {
    for (size_t i = 0; op->input && i < f->r->n_named; i++)
        if (f->r->named[i].op == op->index) {
            name_as_declared(cx, &f->r->named[i], op->input, f, in);
            return 0;
        }
    return op->input && f->r->names ? name_otherwise(cx, f, op->input, in, err) : 0;
}
