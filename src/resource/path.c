/* SPDX-License-Identifier: Apache-2.0 */
/* Reaching what a declaration points to: down through structures, through each element of lists, into one entry of a map. */

#include "resource/internal.h"

/* The member at a step, and below a list its elements' shape. */
static const SwShape *element(const SwShape *s) {
    return s->kind == SW_LIST ? s->member[0].shape : s;
}

static const SwMember *step(const SwShape *s, const SwPath *p, unsigned depth) {
    return &s->member[p->at[depth]];
}

/* The value at the end of a way without lists; NULL: absent. */
const void *sw_path_value(const SwShape *s, const void *v, const SwPath *p, const SwShape **ret_shape) {
    for (unsigned i = 0; v && i < p->n; i++) {
        const SwMember *m = step(s, p, i);
        v = sw_member_at(m, v);
        s = m->shape;
    }
    *ret_shape = s;
    return p->n ? v : NULL;
}

SwStr sw_path_text(const SwShape *s, const void *v, const SwPath *p) {
    const void *at = sw_path_value(s, v, p, &s);
    if (at && p->key)
        return sw_str_map_find(at, sw_str(p->key));
    return at && s->kind == SW_STRING ? *(const SwStr *)at : SW_NO_STR;
}

SwTime sw_path_time(const SwShape *s, const void *v, const SwPath *p) {
    const void *at = sw_path_value(s, v, p, &s);
    if (at && s->kind == SW_LONG)
        return ((const SwOptInt *)at)->v * SW_MS;
    return at && s->kind == SW_TIMESTAMP ? ((const SwOptTime *)at)->v : 0;
}

static void collect(SwArena *a, const SwShape *s, const void *v, const SwPath *p, unsigned depth, bool each, SwStrList *all) {
    if (s->kind == SW_LIST) {
        for (size_t i = 0; i < sw_list_count(v); i++)
            collect(a, element(s), sw_list_at(s, v, i), p, depth, true, all);
        return;
    }
    if (depth == p->n) {
        if (s->kind == SW_STRING)
            sw_str_list_add(a, all, *(const SwStr *)v);
        return;
    }
    const SwMember *m = step(s, p, depth);
    const void *at = sw_member_at(m, v);
    if (at)
        collect(a, m->shape, at, p, depth + 1, each, all);
    else if (each)
        sw_str_list_add(a, all, SW_NO_STR);
}

SwStrList sw_path_texts(SwArena *a, const SwShape *s, const void *v, const SwPath *p) {
    SwStrList all = {0};
    if (p->n && v)
        collect(a, s, v, p, 0, false, &all);
    return all;
}

const void *sw_path_first(const SwShape *s, const void *v, const SwPath *p, const SwShape **ret_shape) {
    for (unsigned i = 0; v && i < p->n; i++) {
        for (; v && s->kind == SW_LIST; s = element(s))
            v = sw_list_count(v) ? sw_list_at(s, v, 0) : NULL;
        if (!v)
            break;
        const SwMember *m = step(s, p, i);
        v = sw_member_at(m, v);
        s = m->shape;
    }
    *ret_shape = s;
    return p->n ? v : NULL;
}

void sw_path_clear(const SwShape *s, void *v, const SwPath *p) {
    for (unsigned i = 0; v && i < p->n; i++) {
        const SwMember *m = step(s, p, i);
        bool inner = m->shape->kind == SW_STRUCTURE || m->shape->kind == SW_UNION;
        if (i + 1 == p->n)
            memset((char *)v + m->offset, 0, inner ? sizeof(void *) : m->shape->size);
        else
            v = sw_member_at(m, v);
        s = m->shape;
    }
}

void *sw_path_make(SwArena *a, const SwShape *s, void *v, const SwPath *p) {
    for (unsigned i = 0; i < p->n; i++) {
        const SwMember *m = step(s, p, i);
        void *at = sw_member_at(m, v);
        v = at ? at : sw_member_make(a, m, v);
        for (s = m->shape; s->kind == SW_LIST && i + 1 < p->n; s = element(s))
            v = sw_list_count(v) ? sw_list_at(s, v, sw_list_count(v) - 1) : sw_list_push(a, s, v);
    }
    return p->n ? v : NULL;
}

void sw_path_write(SwArena *a, const SwShape *s, void *v, const SwPath *p, SwStr text) {
    for (unsigned i = 0; i < p->n; i++) {
        const SwMember *m = &s->member[p->at[i]];
        v = sw_member_make(a, m, v);
        for (s = m->shape; s->kind == SW_LIST; s = s->member[0].shape)
            v = sw_list_push(a, s, v);
    }
    if (p->n && s->kind == SW_STRING)
        *(SwStr *)v = text;
}

SwStr sw_path_last(const SwShape *s, const SwPath *p) {
    const SwMember *m = NULL;
    for (unsigned i = 0; i < p->n; i++) {
        while (s->kind == SW_LIST)
            s = s->member[0].shape;
        m = &s->member[p->at[i]];
        s = m->shape;
    }
    return m ? sw_str(m->name) : SW_NO_STR;
}
