/* SPDX-License-Identifier: Apache-2.0 */

/* The JSON body codec, of JSON 1.0, JSON 1.1 and REST-JSON, over shapes.
 *
 * Strict where a value would change its meaning (a number is no string, 1.5 no integer), tolerant
 * in what clients really send: integers written 1.0 or 1e3, times as epoch seconds or as ISO text,
 * null for absent, unknown names. */

#include <math.h>

#include "base/digest.h"
#include "wire/codec.h"

/* locationName renames a body member in REST-JSON alone. */
static const char *json_name(const Wire *w, const SwMember *m) {
    return w->protocol == SW_REST_JSON && m->location == SW_IN_BODY && m->wire ? m->wire : m->name;
}

static const char *kind_of(const SwValue *j) {
    static const char *const names[] = {
        [SW_VNULL] = "NULL_VALUE",     [SW_VBOOL] = "BOOLEAN_VALUE", [SW_VNUMBER] = "NUMBER_VALUE",
        [SW_VSTRING] = "STRING_VALUE", [SW_VARRAY] = "START_ARRAY",  [SW_VOBJECT] = "START_OBJECT",
    };
    return names[j->kind];
}

static int misfit(Wire *w, const SwMember *m, const SwValue *j, const char *wanted) {
    if (j->kind == SW_VARRAY)
        return wire_malformed(w, "Start of list found where not expected at '%s'", m->name);
    if (j->kind == SW_VOBJECT)
        return wire_malformed(w, "Start of structure or map found where not expected at '%s'", m->name);
    return wire_malformed(w, "%s can not be converted to %s at '%s'", kind_of(j), wanted, m->name);
}

static int get_int(Wire *w, const SwMember *m, const SwValue *j, int64_t *ret) {
    double d;
    if (j->kind != SW_VNUMBER)
        return misfit(w, m, j, m->shape->kind == SW_LONG ? "a Long" : "an Integer");
    if (!sw_str_to_i64(j->s, ret) && !(sw_str_to_double(j->s, &d) && wire_double_to_int(d, ret)))
        return misfit(w, m, j, m->shape->kind == SW_LONG ? "a Long" : "an Integer");
    if (!wire_int_fits(m->shape, *ret))
        return wire_malformed(w, "Number %.*s at '%s' is out of range", SW_FMT(j->s), m->name);
    return 0;
}

static int get_double(Wire *w, const SwMember *m, const SwValue *j, double *ret) {
    bool ok = j->kind == SW_VNUMBER && sw_str_to_double(j->s, ret);
    if (j->kind == SW_VSTRING)
        ok = sw_str_to_double(j->s, ret) && !isfinite(*ret); /* "NaN", "Infinity", "-Infinity" */
    return ok ? 0 : misfit(w, m, j, "a Double");
}

static int get_time(Wire *w, const SwMember *m, const SwValue *j, SwTime *ret) {
    if (j->kind != SW_VNUMBER && j->kind != SW_VSTRING)
        return misfit(w, m, j, "a Timestamp");
    double d;
    if (sw_time_parse(j->s, ret))
        return 0;
    if (j->kind == SW_VNUMBER && sw_str_to_double(j->s, &d) && wire_seconds_to_time(d, ret))
        return 0; /* 1.7e9 */
    return misfit(w, m, j, "a Timestamp");
}

static int get_list(Wire *w, const SwMember *m, const SwValue *j, void *v) {
    const SwMember *e = &m->shape->member[0];
    if (j->kind != SW_VARRAY)
        return misfit(w, m, j, "a List");
    for (size_t i = 0; i < j->n; i++) {
        void *element = sw_list_push(w->a, m->shape, v);
        if (j->v[i].kind != SW_VNULL && wire_json_get(w, e, &j->v[i], element) < 0)
            return -1;
    }
    return 0;
}

static int get_map(Wire *w, const SwMember *m, const SwValue *j, void *v) {
    const SwMember *e = &m->shape->member[1];
    if (j->kind != SW_VOBJECT)
        return misfit(w, m, j, "a Map");
    for (size_t i = 0; i < j->n; i++) {
        void *value = wire_map_add(w, m->shape, v, j->keys[i]);
        if (j->v[i].kind != SW_VNULL && wire_json_get(w, e, &j->v[i], value) < 0)
            return -1;
    }
    if (j->n > 1)
        wire_map_unique(w, m->shape, v);
    return 0;
}

static int get_string(Wire *w, const SwMember *m, const SwValue *j, void *v) {
    if (j->kind != SW_VSTRING)
        return misfit(w, m, j, m->shape->kind == SW_BLOB ? "a Blob" : "a String");
    if (m->shape->kind == SW_STRING)
        *(SwStr *)v = sw_str_n(j->s.p ? j->s.p : "", j->s.n);
    else if (!sw_unbase64(w->a, j->s, v))
        return wire_malformed(w, "Value at '%s' is not valid base64", m->name);
    return 0;
}

static int get_value(Wire *w, const SwMember *m, const SwValue *j, void *v) {
    switch (m->shape->kind) {
    case SW_STRING:
    case SW_BLOB: return get_string(w, m, j, v);
    case SW_BOOLEAN:
        if (j->kind != SW_VBOOL)
            return misfit(w, m, j, "a Boolean");
        *(bool *)v = j->b;
        return 0;
    case SW_INTEGER:
    case SW_LONG: return get_int(w, m, j, v);
    case SW_FLOAT:
    case SW_DOUBLE: return get_double(w, m, j, v);
    case SW_TIMESTAMP: return get_time(w, m, j, v);
    case SW_DOCUMENT: *(const SwValue **)v = j; return 0;
    case SW_LIST: return get_list(w, m, j, v);
    case SW_MAP: return get_map(w, m, j, v);
    case SW_STRUCTURE:
    case SW_UNION:
        return j->kind == SW_VOBJECT ? wire_json_get_structure(w, m->shape, j, v, /* top= */ false)
                                     : misfit(w, m, j, "a Structure");
    case SW_STREAM:
    case _SW_KIND_MAX: break;
    }
    return wire_malformed(w, "'%s' can not be in a JSON body", m->name);
}

int wire_json_get(Wire *w, const SwMember *m, const SwValue *j, void *v) {
    if (wire_enter(w) < 0)
        return -1;
    wire_begin(w, m->shape, v);
    if (get_value(w, m, j, v) < 0)
        return -1;
    wire_mark(m->shape, v);
    wire_leave(w);
    return 0;
}

int wire_json_get_structure(Wire *w, const SwShape *s, const SwValue *j, void *v, bool top) {
    for (size_t i = 0; i < j->n; i++) {
        const SwMember *m = NULL;
        for (uint32_t k = 0; k < s->n_member && !m; k++)
            if (wire_key_is(json_name(w, &s->member[k]), j->keys[i]) && !(top && s->member[k].location != SW_IN_BODY))
                m = &s->member[k];
        if (!m || j->v[i].kind == SW_VNULL)
            continue;
        if (wire_json_get(w, m, &j->v[i], sw_member_make(w->a, m, v)) < 0)
            return -1;
    }
    return wire_union_check(w, s, v);
}

int wire_json_get_text(Wire *w, const SwShape *s, SwStr text, void *v, bool top) {
    SwValue j = {0};
    SwError sub = sw_error(w->a);
    if (sw_str_trim(text).n == 0)
        return 0;
    if (sw_json_parse(w->a, text, &j, &sub) < 0)
        return wire_malformed(w, "%s", sub.message ? sub.message : "The body is not valid JSON");
    if (j.kind == SW_VNULL)
        return 0;
    if (j.kind != SW_VOBJECT)
        return wire_malformed(w, "%s can not be converted to a Structure", kind_of(&j));
    return wire_json_get_structure(w, s, &j, v, top);
}

static void put_double(Wire *w, SwBuf *b, double d) {
    SwStr text = sw_double_text(w->a, d);
    if (isfinite(d))
        sw_buf_adds(b, text);
    else
        sw_json_write_string(b, text);
}

static void put_time(Wire *w, SwBuf *b, const SwMember *m, SwTime t) {
    SwTimestampFormat f = wire_ts(m, SW_TS_UNIX);
    SwStr text = wire_time_text(w->a, f, t);
    if (f == SW_TS_UNIX)
        sw_buf_adds(b, text);
    else
        sw_json_write_string(b, text);
}

static void put_element(Wire *w, SwBuf *b, const SwMember *m, const void *v) {
    if (sw_value_is_set(m->shape, v))
        wire_json_put(w, b, m, v);
    else
        sw_buf_addz(b, "null");
}

static void put_list(Wire *w, SwBuf *b, const SwShape *s, const void *v) {
    sw_buf_addc(b, '[');
    for (size_t i = 0; i < sw_list_count(v); i++) {
        if (i)
            sw_buf_addc(b, ',');
        put_element(w, b, &s->member[0], sw_list_at(s, v, i));
    }
    sw_buf_addc(b, ']');
}

static void put_map(Wire *w, SwBuf *b, const SwShape *s, const void *v) {
    sw_buf_addc(b, '{');
    for (size_t i = 0; i < sw_list_count(v); i++) {
        if (i)
            sw_buf_addc(b, ',');
        sw_json_write_string(b, *sw_map_key_at(s, v, i));
        sw_buf_addc(b, ':');
        put_element(w, b, &s->member[1], sw_map_value_at(s, v, i));
    }
    sw_buf_addc(b, '}');
}

void wire_json_put_members(Wire *w, SwBuf *b, const SwShape *s, const void *v, bool top, bool *first) {
    for (uint32_t i = 0; i < s->n_member; i++) {
        const SwMember *m = &s->member[i];
        const void *value = sw_member_at(m, v);
        if (!value || (top && m->location != SW_IN_BODY) || m->shape->kind == SW_STREAM)
            continue;
        if (!*first)
            sw_buf_addc(b, ',');
        *first = false;
        sw_json_write_string(b, sw_str(json_name(w, m)));
        sw_buf_addc(b, ':');
        wire_json_put(w, b, m, value);
    }
}

void wire_json_put(Wire *w, SwBuf *b, const SwMember *m, const void *v) {
    bool first = true;
    switch (m->shape->kind) {
    case SW_STRING: sw_json_write_string(b, *(const SwStr *)v); break;
    case SW_BLOB: sw_json_write_string(b, sw_base64(w->a, *(const SwStr *)v)); break;
    case SW_BOOLEAN: sw_buf_addz(b, *(const bool *)v ? "true" : "false"); break;
    case SW_INTEGER:
    case SW_LONG: sw_buf_addi(b, *(const int64_t *)v); break;
    case SW_FLOAT:
    case SW_DOUBLE: put_double(w, b, *(const double *)v); break;
    case SW_TIMESTAMP: put_time(w, b, m, *(const SwTime *)v); break;
    case SW_DOCUMENT: sw_json_write(b, *(const SwValue *const *)v); break;
    case SW_LIST: put_list(w, b, m->shape, v); break;
    case SW_MAP: put_map(w, b, m->shape, v); break;
    case SW_STRUCTURE:
    case SW_UNION:
        sw_buf_addc(b, '{');
        wire_json_put_members(w, b, m->shape, v, /* top= */ false, &first);
        sw_buf_addc(b, '}');
        break;
    case SW_STREAM:
    case _SW_KIND_MAX: sw_buf_addz(b, "null"); break;
    }
}
