/* SPDX-License-Identifier: Apache-2.0 */

/* The ground that all codecs walk on: making, counting and reaching values that a shape table
 * describes, and the depth bound that keeps a hostile message from using up the stack. */

#include "base/map.h"
#include "wire/codec.h"

Wire wire_new(SwArena *a, const SwApi *api, uint32_t protocol, SwError *err) {
    const SwErrorKind *kind = &SW_SERIALIZATION_EXCEPTION;
    static const SwErrorKind malformed_xml = {.code = "MalformedXML", .http = 400};
    if (protocol & (SW_QUERY | SW_EC2_QUERY))
        kind = &SW_VALIDATION_ERROR;
    else if (protocol == SW_REST_XML)
        kind = &malformed_xml;
    return (Wire){.a = a, .api = api, .protocol = protocol, .malformed = kind, .err = err};
}

int wire_malformed(Wire *w, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    SwStr text = sw_strfv(w->a, fmt, ap);
    va_end(ap);
    return sw_fail(w->err, w->malformed, "%.*s", SW_FMT(text));
}

int wire_enter(Wire *w) {
    if (w->depth >= WIRE_DEPTH_MAX)
        return wire_malformed(w, "The request is nested deeper than %d levels", WIRE_DEPTH_MAX);
    w->depth++;
    return 0;
}

void wire_mark(const SwShape *s, void *v) {
    switch (s->kind) {
    case SW_BOOLEAN: ((SwOptBool *)v)->set = true; break;
    case SW_INTEGER:
    case SW_LONG: ((SwOptInt *)v)->set = true; break;
    case SW_FLOAT:
    case SW_DOUBLE: ((SwOptDouble *)v)->set = true; break;
    case SW_TIMESTAMP: ((SwOptTime *)v)->set = true; break;
    case SW_STREAM: ((SwStream *)v)->set = true; break;
    case SW_STRING:
    case SW_BLOB:
    case SW_DOCUMENT:
    case SW_LIST:
    case SW_MAP:
    case SW_STRUCTURE:
    case SW_UNION:
    case _SW_KIND_MAX: break;
    }
}

void wire_begin(Wire *w, const SwShape *s, void *v) {
    if (s->kind != SW_LIST && s->kind != SW_MAP)
        return;
    SwAnyList *l = v;
    if (!l->v)
        l->v = sw_arena_alloc(w->a, s->kind == SW_LIST ? s->member[0].shape->size : s->entry_size);
    l->n = 0;
}

void *wire_map_add(Wire *w, const SwShape *map, void *v, SwStr key) {
    SwAnyList *l = v;
    sw_list_push(w->a, map, v);
    *sw_map_key_at(map, v, l->n - 1) = key;
    return sw_map_value_at(map, v, l->n - 1);
}

void wire_map_unique(Wire *w, const SwShape *map, void *v) {
    SwAnyList *l = v;
    SwMap seen = sw_map(w->a);
    size_t kept = 0;
    for (size_t i = 0; i < l->n; i++) {
        SwStr key = *sw_map_key_at(map, v, i);
        uintptr_t before = (uintptr_t)sw_map_find(&seen, key); /* index + 1 */
        size_t to = before ? before - 1 : kept++;
        if (!before)
            sw_map_put(&seen, key, (void *)(uintptr_t)(to + 1));
        if (to != i)
            memcpy(sw_map_key_at(map, v, to), sw_map_key_at(map, v, i), map->entry_size);
    }
    l->n = kept;
    sw_list_seal(l->v, l->n, map->entry_size);
}

int wire_union_check(Wire *w, const SwShape *s, const void *v) {
    if (s->kind != SW_UNION)
        return 0;
    size_t set = 0;
    for (uint32_t i = 0; i < s->n_member; i++)
        set += sw_member_is_set(&s->member[i], v);
    return set > 1 ? wire_malformed(w, "Exactly one member of %s may be set", s->name) : 0;
}

bool wire_is_flat(const SwMember *m) {
    return (m->flags & SW_FLATTENED) || (m->shape->flags & SW_SHAPE_FLATTENED);
}

const SwMember *wire_member(const SwShape *s, const char *name) {
    return sw_shape_member(s, sw_str(name));
}

SwBuf wire_buf(Wire *w) {
    return sw_buf(w->a, WIRE_BODY_MAX);
}
