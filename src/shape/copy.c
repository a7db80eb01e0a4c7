/* SPDX-License-Identifier: Apache-2.0 */
/* Copying, comparing and moving values along their tables.
 *
 * Move is for structures of different shapes with members of the same names: a request into a record, a record into a
 * reply. It shares what both describe alike (same structure, same scalars, containers of these) and converts the rest. */

#include "shape/shape.h"

static void copy_value(SwArena *a, const SwShape *s, void *to, const void *from);

/* --- documents -------------------------------------------------------------------------------------------------- */

static void copy_document(SwArena *a, SwValue *to, const SwValue *from) {
    *to = *from;
    if (from->s.p)
        to->s = sw_str_dup(a, from->s);
    to->v = from->v ? sw_list_room(a, from->n, sizeof(SwValue)) : NULL;
    to->keys = from->keys ? sw_list_room(a, from->n, sizeof(SwStr)) : NULL;
    for (size_t i = 0; i < from->n; i++) {
        copy_document(a, &to->v[i], &from->v[i]);
        if (from->keys)
            to->keys[i] = sw_str_dup(a, from->keys[i]);
    }
}

/* --- copy ------------------------------------------------------------------------------------------------------- */

static void copy_members(SwArena *a, const SwShape *s, void *to, const void *from) {
    for (size_t i = 0; i < s->n_member; i++) {
        const SwMember *m = &s->member[i];
        const void *v = sw_member_at(m, from);
        if (v)
            copy_value(a, m->shape, sw_member_make(a, m, to), v);
    }
}

static void copy_container(SwArena *a, const SwShape *s, SwAnyList *to, const SwAnyList *from) {
    size_t size = s->kind == SW_MAP ? s->entry_size : s->member[0].shape->size;
    *to = (SwAnyList){from->v ? sw_list_room(a, from->n, size) : NULL, from->n};
    for (size_t i = 0; i < from->n; i++) {
        if (s->kind == SW_LIST) {
            copy_value(a, s->member[0].shape, sw_list_at(s, to, i), sw_list_at(s, from, i));
            continue;
        }
        *sw_map_key_at(s, to, i) = sw_str_dup(a, *sw_map_key_at(s, from, i));
        copy_value(a, s->member[1].shape, sw_map_value_at(s, to, i), sw_map_value_at(s, from, i));
    }
}

static void copy_stream(SwArena *a, SwStream *to, const SwStream *from) {
    *to = *from;
    if (from->data.p)
        to->data = sw_str_dup(a, from->data);
    if (from->sha256.p)
        to->sha256 = sw_str_dup(a, from->sha256);
    if (from->md5.p)
        to->md5 = sw_str_dup(a, from->md5);
}

static void copy_value(SwArena *a, const SwShape *s, void *to, const void *from) {
    const SwValue *document;
    switch (s->kind) {
    case SW_STRING:
    case SW_BLOB: *(SwStr *)to = ((const SwStr *)from)->p ? sw_str_dup(a, *(const SwStr *)from) : SW_NO_STR; break;
    case SW_DOCUMENT:
        document = *(const SwValue *const *)from;
        if (document) {
            SwValue *copy = sw_new(a, SwValue);
            copy_document(a, copy, document);
            *(const SwValue **)to = copy;
        }
        break;
    case SW_STREAM: copy_stream(a, to, from); break;
    case SW_LIST:
    case SW_MAP: copy_container(a, s, to, from); break;
    case SW_STRUCTURE:
    case SW_UNION: copy_members(a, s, to, from); break;
    case SW_BOOLEAN:
    case SW_INTEGER:
    case SW_LONG:
    case SW_FLOAT:
    case SW_DOUBLE:
    case SW_TIMESTAMP:
    case _SW_KIND_MAX: memcpy(to, from, s->size); break;
    }
}

void *sw_shape_copy(SwArena *a, const SwShape *s, const void *v) {
    if (!v)
        return NULL;
    void *to = sw_arena_alloc(a, s->size);
    copy_value(a, s, to, v);
    return to;
}

/* --- equal ------------------------------------------------------------------------------------------------------ */

static bool values_equal(const SwShape *s, const void *a, const void *b);

static bool members_equal(const SwShape *s, const void *a, const void *b) {
    for (size_t i = 0; i < s->n_member; i++) {
        const void *va = sw_member_at(&s->member[i], a), *vb = sw_member_at(&s->member[i], b);
        if (!va != !vb || (va && !values_equal(s->member[i].shape, va, vb)))
            return false;
    }
    return true;
}

static bool lists_equal(const SwShape *s, const void *a, const void *b) {
    for (size_t i = 0; i < sw_list_count(a); i++)
        if (!values_equal(s->member[0].shape, sw_list_at(s, a, i), sw_list_at(s, b, i)))
            return false;
    return true;
}

/* The order of entries does not count. Keys are unique by every codec's rule. */
static bool maps_equal(const SwShape *s, const void *a, const void *b) {
    size_t n = sw_list_count(a);
    for (size_t i = 0; i < n; i++) {
        SwStr key = *sw_map_key_at(s, a, i);
        size_t j = i;
        for (size_t tried = 0; tried < n && !sw_str_eq(*sw_map_key_at(s, b, j), key); tried++)
            j = (j + 1) % n;
        if (!sw_str_eq(*sw_map_key_at(s, b, j), key) ||
            !values_equal(s->member[1].shape, sw_map_value_at(s, a, i), sw_map_value_at(s, b, j)))
            return false;
    }
    return true;
}

static bool scalars_equal(const SwShape *s, const void *a, const void *b) {
    switch (s->kind) {
    case SW_BOOLEAN: return ((const SwOptBool *)a)->v == ((const SwOptBool *)b)->v;
    case SW_INTEGER:
    case SW_LONG: return ((const SwOptInt *)a)->v == ((const SwOptInt *)b)->v;
    case SW_FLOAT:
    case SW_DOUBLE: return ((const SwOptDouble *)a)->v == ((const SwOptDouble *)b)->v;
    case SW_TIMESTAMP: return ((const SwOptTime *)a)->v == ((const SwOptTime *)b)->v;
    case SW_STREAM: return sw_str_eq(((const SwStream *)a)->data, ((const SwStream *)b)->data);
    case SW_DOCUMENT: return sw_value_equal(*(const SwValue *const *)a, *(const SwValue *const *)b);
    default: return sw_str_eq(*(const SwStr *)a, *(const SwStr *)b);
    }
}

static bool values_equal(const SwShape *s, const void *a, const void *b) {
    if (s->kind == SW_STRUCTURE || s->kind == SW_UNION)
        return members_equal(s, a, b);
    bool set = sw_value_is_set(s, a);
    if (set != sw_value_is_set(s, b))
        return false;
    if (!set)
        return true;
    if (s->kind != SW_LIST && s->kind != SW_MAP)
        return scalars_equal(s, a, b);
    if (sw_list_count(a) != sw_list_count(b))
        return false;
    return s->kind == SW_LIST ? lists_equal(s, a, b) : maps_equal(s, a, b);
}

bool sw_shape_equal(const SwShape *s, const void *a, const void *b) {
    if (!a || !b)
        return a == b;
    return values_equal(s, a, b);
}

/* --- move ------------------------------------------------------------------------------------------------------- */

/* Kinds that lie alike in memory and mean alike. */
static SwKind storage(SwKind k) {
    return k == SW_LONG ? SW_INTEGER : k == SW_FLOAT ? SW_DOUBLE : k == SW_UNION ? SW_STRUCTURE : k;
}

static bool can_share(const SwShape *to, const SwShape *from) {
    if (to == from)
        return true;
    if (storage(to->kind) != storage(from->kind) || storage(to->kind) == SW_STRUCTURE)
        return false;
    if (to->kind == SW_LIST)
        return can_share(to->member[0].shape, from->member[0].shape);
    return to->kind != SW_MAP || can_share(to->member[1].shape, from->member[1].shape);
}

/* Could it be moved at all: the same kinds, down to the elements. */
static bool can_move(const SwShape *to, const SwShape *from) {
    if (storage(to->kind) != storage(from->kind))
        return false;
    if (to->kind == SW_LIST)
        return can_move(to->member[0].shape, from->member[0].shape);
    return to->kind != SW_MAP || can_move(to->member[1].shape, from->member[1].shape);
}

static void move_value(SwArena *a, const SwShape *ts, void *to, const SwShape *fs, const void *from) {
    if (storage(ts->kind) == SW_STRUCTURE) {
        sw_shape_move(a, ts, to, fs, from);
        return;
    }
    if (can_share(ts, fs)) {
        memcpy(to, from, ts->size);
        return;
    }
    SwAnyList *l = to;
    size_t n = sw_list_count(from), size = ts->kind == SW_MAP ? ts->entry_size : ts->member[0].shape->size;
    *l = (SwAnyList){sw_list_room(a, n, size), n};
    for (size_t i = 0; i < n; i++) {
        if (ts->kind == SW_LIST) {
            move_value(a, ts->member[0].shape, sw_list_at(ts, l, i), fs->member[0].shape, sw_list_at(fs, from, i));
            continue;
        }
        *sw_map_key_at(ts, l, i) = *sw_map_key_at(fs, from, i);
        move_value(a, ts->member[1].shape, sw_map_value_at(ts, l, i), fs->member[1].shape, sw_map_value_at(fs, from, i));
    }
}

void sw_shape_move(SwArena *a, const SwShape *to_shape, void *to, const SwShape *from_shape, const void *from) {
    for (size_t i = 0; i < to_shape->n_member; i++) {
        const SwMember *tm = &to_shape->member[i], *fm = sw_shape_member(from_shape, sw_str(tm->name));
        const void *v = fm ? sw_member_at(fm, from) : NULL;
        if (!v || !can_move(tm->shape, fm->shape))
            continue;
        if (tm->shape == fm->shape && storage(tm->shape->kind) == SW_STRUCTURE)
            *(const void **)(void *)((char *)to + tm->offset) = v;
        else
            move_value(a, tm->shape, sw_member_make(a, tm, to), fm->shape, v);
    }
}
