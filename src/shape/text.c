/* SPDX-License-Identifier: Apache-2.0 */
/* The walk that writes a value as text; what differs between the forms is in their tables. */

#include "shape/text.h"

SwStr shape_scalar_text(SwArena *a, const SwShape *s, const void *v) {
    switch (s->kind) {
    case SW_STRING: return *(const SwStr *)v;
    case SW_BOOLEAN: return ((const SwOptBool *)v)->v ? SW_STR("true") : SW_STR("false");
    case SW_INTEGER:
    case SW_LONG: return sw_strf(a, "%lld", (long long)((const SwOptInt *)v)->v);
    case SW_FLOAT:
    case SW_DOUBLE: return sw_double_text(a, ((const SwOptDouble *)v)->v);
    default: return SW_NO_STR;
    }
}

static void write_members(SwBuf *b, const ShapeForm *f, const SwShape *s, const void *v) {
    bool first = true;
    sw_buf_addf(b, "%s%c", f->words ? s->name : "", f->words ? '(' : '{');
    for (size_t i = 0; i < s->n_member; i++) {
        const SwMember *m = &s->member[i];
        const void *e = sw_member_at(m, v);
        if (!e || m->shape->kind == SW_STREAM)
            continue;
        sw_buf_addz(b, first ? "" : f->between);
        f->key(b, sw_str(m->name));
        sw_buf_addz(b, f->is);
        shape_write(b, f, m->shape, e);
        first = false;
    }
    sw_buf_addc(b, f->words ? ')' : '}');
}

static void write_container(SwBuf *b, const ShapeForm *f, const SwShape *s, const void *v) {
    bool map = s->kind == SW_MAP;
    sw_buf_addc(b, map ? '{' : '[');
    for (size_t i = 0; i < sw_list_count(v); i++) {
        sw_buf_addz(b, i ? f->between : "");
        if (map) {
            f->key(b, *sw_map_key_at(s, v, i));
            sw_buf_addz(b, f->is);
        }
        shape_write(b, f, s->member[map].shape, map ? sw_map_value_at(s, v, i) : sw_list_at(s, v, i));
    }
    sw_buf_addc(b, map ? '}' : ']');
}

void shape_write(SwBuf *b, const ShapeForm *f, const SwShape *s, const void *v) {
    if (f->words && (s->flags & SW_SENSITIVE))
        sw_buf_addz(b, "***");
    else if (!sw_value_is_set(s, v))
        sw_buf_addz(b, "null");
    else if (s->kind == SW_LIST || s->kind == SW_MAP)
        write_container(b, f, s, v);
    else if (s->kind == SW_STRUCTURE || s->kind == SW_UNION)
        write_members(b, f, s, v);
    else
        f->scalar(b, s, v);
}
