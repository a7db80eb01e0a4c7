/* SPDX-License-Identifier: Apache-2.0 */
/* Looking things up in shape tables, and reaching values through them. All that knows how a kind lies in memory is
 * here, in sw_value_is_set and sw_member_make: the other files ask. */

#include "shape/shape.h"

static const SwOperation *find_operation(const SwOperation *op, size_t n, SwStr name) {
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int order = sw_str_cmp(sw_str(op[mid].name), name);
        if (order == 0)
            return &op[mid];
        if (order < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

const SwOperation *sw_api_operation(const SwApi *api, SwStr name) {
    const SwOperation *op = find_operation(api->op, api->n_op, name);
    return op ? op : find_operation(api->other, api->n_other, name);
}

const SwMember *sw_shape_member(const SwShape *s, SwStr name) {
    for (size_t i = 0; i < s->n_member; i++)
        if (sw_str_eqz(name, s->member[i].name))
            return &s->member[i];
    return NULL;
}

const SwMember *sw_shape_member_near(const SwShape *s, SwStr name, size_t *near) {
    for (size_t i = 0; i < s->n_member; i++) {
        size_t at = *near + i < s->n_member ? *near + i : *near + i - s->n_member;
        if (sw_str_eqz(name, s->member[at].name)) {
            *near = at + 1 < s->n_member ? at + 1 : 0;
            return &s->member[at];
        }
    }
    return NULL;
}

static bool is_structure(const SwShape *s) {
    return s->kind == SW_STRUCTURE || s->kind == SW_UNION;
}

bool sw_value_is_set(const SwShape *s, const void *v) {
    switch (s->kind) {
    case SW_STRING:
    case SW_BLOB: return ((const SwStr *)v)->p != NULL;
    case SW_BOOLEAN: return ((const SwOptBool *)v)->set;
    case SW_INTEGER:
    case SW_LONG: return ((const SwOptInt *)v)->set;
    case SW_FLOAT:
    case SW_DOUBLE: return ((const SwOptDouble *)v)->set;
    case SW_TIMESTAMP: return ((const SwOptTime *)v)->set;
    case SW_DOCUMENT: return *(const SwValue *const *)v != NULL;
    case SW_STREAM: return ((const SwStream *)v)->set;
    case SW_LIST:
    case SW_MAP: return ((const SwAnyList *)v)->v != NULL;
    case SW_STRUCTURE:
    case SW_UNION: return true;
    case _SW_KIND_MAX: break;
    }
    return false;
}

void *sw_member_at(const SwMember *m, const void *parent) {
    char *at = (char *)(uintptr_t)parent + m->offset;
    if (is_structure(m->shape))
        return *(void **)(void *)at;
    return sw_value_is_set(m->shape, at) ? at : NULL;
}

bool sw_member_is_set(const SwMember *m, const void *parent) {
    return sw_member_at(m, parent) != NULL;
}

void *sw_member_make(SwArena *a, const SwMember *m, void *parent) {
    char *at = (char *)parent + m->offset;
    void **pointer = (void **)(void *)at;
    switch (m->shape->kind) {
    case SW_BOOLEAN: ((SwOptBool *)(void *)at)->set = true; break;
    case SW_INTEGER:
    case SW_LONG: ((SwOptInt *)(void *)at)->set = true; break;
    case SW_FLOAT:
    case SW_DOUBLE: ((SwOptDouble *)(void *)at)->set = true; break;
    case SW_TIMESTAMP: ((SwOptTime *)(void *)at)->set = true; break;
    case SW_STREAM: ((SwStream *)(void *)at)->set = true; break;
    case SW_LIST:
        if (!*pointer)
            *pointer = sw_arena_alloc(a, m->shape->member[0].shape->size);
        break;
    case SW_MAP:
        if (!*pointer)
            *pointer = sw_arena_alloc(a, m->shape->entry_size);
        break;
    case SW_STRUCTURE:
    case SW_UNION:
        if (!*pointer)
            *pointer = sw_arena_alloc(a, m->shape->size);
        return *pointer;
    case SW_STRING:
    case SW_BLOB:
    case SW_DOCUMENT:
    case _SW_KIND_MAX: break;
    }
    return at;
}

void *sw_list_push(SwArena *a, const SwShape *s, void *list) {
    SwAnyList *l = list;
    return sw_list_add_(a, &l->v, &l->n, s->kind == SW_MAP ? s->entry_size : s->member[0].shape->size);
}

const SwMember *sw_union_choice(const SwShape *s, const void *v) {
    const SwMember *choice = NULL;
    for (size_t i = 0; i < s->n_member; i++) {
        if (!sw_member_is_set(&s->member[i], v))
            continue;
        if (choice)
            return NULL;
        choice = &s->member[i];
    }
    return choice;
}

SwStr sw_str_map_find(const SwStrMap *m, SwStr key) {
    for (size_t i = 0; i < m->n; i++)
        if (sw_str_eq(m->v[i].key, key))
            return m->v[i].value;
    return SW_NO_STR;
}

void sw_str_map_set(SwArena *a, SwStrMap *m, SwStr key, SwStr value) {
    SwStrPair *p = NULL;
    for (size_t i = 0; i < m->n && !p; i++)
        if (sw_str_eq(m->v[i].key, key))
            p = &m->v[i];
    if (!p)
        p = sw_list_add(a, m);
    *p = (SwStrPair){key, value};
}
