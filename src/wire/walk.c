/* SPDX-License-Identifier: Apache-2.0 */

/* The ground that all codecs walk on: making, counting and reaching values that a shape table describes, and the depth
 * bound that keeps a hostile message from using up the stack. */

#include "wire/codec.h"

typedef struct AnyList {
    char  *v;
    size_t n;
} AnyList;

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
    case SW_BOOLEAN:
        if (s->size == sizeof(SwOptBool))
            ((SwOptBool *)v)->set = true;
        break;
    case SW_INTEGER:
    case SW_LONG:
        if (s->size == sizeof(SwOptInt))
            ((SwOptInt *)v)->set = true;
        break;
    case SW_FLOAT:
    case SW_DOUBLE:
        if (s->size == sizeof(SwOptDouble))
            ((SwOptDouble *)v)->set = true;
        break;
    case SW_TIMESTAMP:
        if (s->size == sizeof(SwOptTime))
            ((SwOptTime *)v)->set = true;
        break;
    case SW_STREAM:
        ((SwStream *)v)->set = true;
        break;
    case SW_STRING: case SW_BLOB: case SW_DOCUMENT: case SW_LIST: case SW_MAP: case SW_STRUCTURE: case SW_UNION:
    case _SW_KIND_MAX:
        break;
    }
}

bool wire_present(const SwShape *s, const void *v) {
    switch (s->kind) {
    case SW_BOOLEAN:
        return s->size != sizeof(SwOptBool) || ((const SwOptBool *)v)->set;
    case SW_INTEGER:
    case SW_LONG:
        return s->size != sizeof(SwOptInt) || ((const SwOptInt *)v)->set;
    case SW_FLOAT:
    case SW_DOUBLE:
        return s->size != sizeof(SwOptDouble) || ((const SwOptDouble *)v)->set;
    case SW_TIMESTAMP:
        return s->size != sizeof(SwOptTime) || ((const SwOptTime *)v)->set;
    case SW_STRING:
    case SW_BLOB:
        return ((const SwStr *)v)->p != NULL;
    case SW_DOCUMENT:
        return *(const SwValue *const *)v != NULL;
    case SW_STREAM:
        return ((const SwStream *)v)->set;
    case SW_LIST:
    case SW_MAP:
        return ((const AnyList *)v)->v != NULL;
    case SW_STRUCTURE:
    case SW_UNION:
        return true;
    case _SW_KIND_MAX:
        break;
    }
    return false;
}

size_t wire_count(const void *list_or_map) {
    return ((const AnyList *)list_or_map)->n;
}

static size_t entry_size(const SwShape *s) {
    return s->kind == SW_LIST ? s->member[0].shape->size : s->entry_size;
}

void wire_begin(Wire *w, const SwShape *s, void *v) {
    if (s->kind != SW_LIST && s->kind != SW_MAP)
        return;
    AnyList *l = v;
    l->v = sw_arena_alloc(w->a, SW_MAX(entry_size(s), (size_t)1));
    l->n = 0;
}

/* The same growth as the handlers' own sw_list_add: they may add to what was decoded. */
static void *add(Wire *w, AnyList *l, size_t size) {
    void *v = l->v;
    void *element = sw_list_add_(w->a, &v, &l->n, size);
    l->v = v;
    return element;
}

void *wire_list_add(Wire *w, const SwShape *list, void *v) {
    return add(w, v, entry_size(list));
}

const void *wire_list_at(const SwShape *list, const void *v, size_t i) {
    return ((const AnyList *)v)->v + i * entry_size(list);
}

void *wire_map_add(Wire *w, const SwShape *map, void *v, SwStr key) {
    char *entry = add(w, v, entry_size(map));
    *(SwStr *)(void *)entry = key;
    return entry + map->value_offset;
}

SwStr wire_map_key(const SwShape *map, const void *v, size_t i) {
    return *(const SwStr *)(const void *)(((const AnyList *)v)->v + i * entry_size(map));
}

const void *wire_map_value(const SwShape *map, const void *v, size_t i) {
    return ((const AnyList *)v)->v + i * entry_size(map) + map->value_offset;
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

bool wire_is_s3(const SwApi *api) {
    return api && (strcmp(api->name, "s3") == 0 || strcmp(api->name, "s3control") == 0);
}
