/* SPDX-License-Identifier: Apache-2.0 */
/* Plain JSON of a structure by the model's own names: the form in which the store keeps records and the console and
 * events show them. No protocol's locations or renamings apply. What is absent is left out; null reads as absent. */

#include "base/digest.h"
#include "shape/text.h"

#include <math.h>

/* --- writing ---------------------------------------------------------------------------------------------------- */

static void write_double(SwBuf *b, double d) {
    SwStr text = sw_double_text(b->arena, d);
    if (isfinite(d))
        sw_buf_adds(b, text);
    else
        sw_json_write_string(b, text);
}

/* Epoch seconds; the fraction has no trailing zeros, so that equal times are equal bytes. */
static void write_time(SwBuf *b, SwTime t) {
    bool negative = t < 0;
    uint64_t ns = negative ? 0 - (uint64_t)t : (uint64_t)t, fraction = ns % SW_S;
    sw_buf_addf(b, "%s%llu", negative ? "-" : "", (unsigned long long)(ns / SW_S));
    if (!fraction)
        return;
    int digits = 9;
    for (; fraction % 10 == 0; digits--)
        fraction /= 10;
    sw_buf_addf(b, ".%0*llu", digits, (unsigned long long)fraction);
}

static void write_scalar(SwBuf *b, const SwShape *s, const void *v) {
    switch (s->kind) {
    case SW_STRING: sw_json_write_string(b, *(const SwStr *)v); break;
    case SW_FLOAT:
    case SW_DOUBLE: write_double(b, ((const SwOptDouble *)v)->v); break;
    case SW_TIMESTAMP: write_time(b, ((const SwOptTime *)v)->v); break;
    case SW_BLOB: sw_json_write_string(b, sw_base64(b->arena, *(const SwStr *)v)); break;
    case SW_DOCUMENT: sw_json_write(b, *(const SwValue *const *)v); break;
    case SW_STREAM: sw_buf_addz(b, "null"); break;
    default: sw_buf_adds(b, shape_scalar_text(b->arena, s, v)); break;
    }
}

static const ShapeForm plain_json = {.between = ",", .is = ":", .key = sw_json_write_string, .scalar = write_scalar};

void sw_shape_to_json(SwBuf *b, const SwShape *s, const void *v) {
    if (v)
        shape_write(b, &plain_json, s, v);
    else
        sw_buf_addz(b, "null");
}

static void write_detail_scalar(SwBuf *b, const SwShape *s, const void *v) {
    if (s->kind == SW_TIMESTAMP)
        sw_json_write_string(b, sw_time_iso8601(b->arena, ((const SwOptTime *)v)->v));
    else
        write_scalar(b, s, v);
}

static const ShapeForm detail_json = {.between = ",", .is = ":", .key = sw_json_write_string, .scalar = write_detail_scalar};

void sw_shape_to_detail(SwBuf *b, const SwShape *s, const void *v) {
    shape_write(b, &detail_json, s, v);
}

/* --- reading ---------------------------------------------------------------------------------------------------- */

typedef struct Reader {
    SwArena *arena;
    SwError *err;
} Reader;

static int read_value(Reader *r, const SwShape *s, const SwValue *json, void *to);

static int wrong(Reader *r, const SwShape *s, const char *expected) {
    return sw_fail(r->err, &SW_SERIALIZATION_EXCEPTION, "%s: expected %s", s->name, expected);
}

static int read_members(Reader *r, const SwShape *s, const SwValue *json, void *to) {
    if (json->kind != SW_VOBJECT)
        return wrong(r, s, "an object");
    size_t near = 0; /* our own documents have their members in the table's order */
    for (size_t i = 0; i < json->n; i++) {
        const SwMember *m = sw_shape_member_near(s, json->keys[i], &near);
        if (!m || json->v[i].kind == SW_VNULL || m->shape->kind == SW_STREAM)
            continue;
        if (read_value(r, m->shape, &json->v[i], sw_member_make(r->arena, m, to)) < 0)
            return -1;
    }
    return 0;
}

static int read_container(Reader *r, const SwShape *s, const SwValue *json, SwAnyList *to) {
    bool list = s->kind == SW_LIST;
    if (json->kind != (list ? SW_VARRAY : SW_VOBJECT))
        return wrong(r, s, list ? "a list" : "an object");
    size_t size = list ? s->member[0].shape->size : s->entry_size;
    *to = (SwAnyList){sw_list_room(r->arena, json->n, size), json->n};
    for (size_t i = 0; i < json->n; i++) {
        if (!list)
            *sw_map_key_at(s, to, i) = json->keys[i];
        if (json->v[i].kind == SW_VNULL)
            continue;
        void *v = list ? sw_list_at(s, to, i) : sw_map_value_at(s, to, i);
        if (read_value(r, s->member[list ? 0 : 1].shape, &json->v[i], v) < 0)
            return -1;
    }
    return 0;
}

static int read_number(Reader *r, const SwShape *s, const SwValue *json, void *to) {
    SwOptInt *i = to;
    SwOptDouble *d = to;
    SwOptTime *t = to;
    if (s->kind == SW_TIMESTAMP) {
        t->set = (json->kind == SW_VNUMBER || json->kind == SW_VSTRING) && sw_time_parse(json->s, &t->v);
        return t->set ? 0 : wrong(r, s, "a time");
    }
    if (s->kind == SW_FLOAT || s->kind == SW_DOUBLE) {
        d->set = (json->kind == SW_VNUMBER || json->kind == SW_VSTRING) && sw_str_to_double(json->s, &d->v);
        return d->set ? 0 : wrong(r, s, "a number");
    }
    i->set = sw_value_i64(json, &i->v);
    if (!i->set || (s->kind == SW_INTEGER && (i->v > INT32_MAX || i->v < INT32_MIN)))
        return wrong(r, s, s->kind == SW_INTEGER ? "a 32-bit integer" : "an integer");
    return 0;
}

static int read_value(Reader *r, const SwShape *s, const SwValue *json, void *to) {
    switch (s->kind) {
    case SW_STRING:
        if (json->kind != SW_VSTRING)
            return wrong(r, s, "a string");
        *(SwStr *)to = json->s;
        return 0;
    case SW_BLOB:
        if (json->kind != SW_VSTRING || !sw_unbase64(r->arena, json->s, to))
            return wrong(r, s, "base64 text");
        return 0;
    case SW_BOOLEAN:
        if (json->kind != SW_VBOOL)
            return wrong(r, s, "a boolean");
        *(SwOptBool *)to = SW_SOME_BOOL(json->b);
        return 0;
    case SW_INTEGER:
    case SW_LONG:
    case SW_FLOAT:
    case SW_DOUBLE:
    case SW_TIMESTAMP: return read_number(r, s, json, to);
    case SW_DOCUMENT: *(const SwValue **)to = json; return 0;
    case SW_LIST:
    case SW_MAP: return read_container(r, s, json, to);
    case SW_STRUCTURE:
    case SW_UNION: return read_members(r, s, json, to);
    case SW_STREAM:
    case _SW_KIND_MAX: break;
    }
    return 0;
}

int sw_shape_from_value(SwArena *a, const SwShape *s, const SwValue *json, void **ret_v, SwError *err) {
    Reader r = {.arena = a, .err = err};
    void *v = sw_arena_alloc(a, s->size);
    if (!json || read_value(&r, s, json, v) < 0)
        return json ? -1 : wrong(&r, s, "a value");
    *ret_v = v;
    return 0;
}

int sw_shape_from_json(SwArena *a, const SwShape *s, SwStr json, void **ret_v, SwError *err) {
    SwValue *v = sw_new(a, SwValue); /* documents point into it, strings perhaps into the text */
    if (sw_json_parse(a, sw_str_dup(a, json), v, err) < 0)
        return -1;
    return sw_shape_from_value(a, s, v, ret_v, err);
}
