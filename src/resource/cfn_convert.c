/* SPDX-License-Identifier: Apache-2.0 */
/* Between CloudFormation's documents and the API's structures. Both have the same tree; names differ in case, scalars may be
 * written as text, a list of tags may be a map, a policy is an object here and text there. */

#include "resource/cfn_internal.h"

#include "base/buf.h"
#include "base/digest.h"

const SwErrorKind SW_CFN_INVALID_REQUEST = {.code = "InvalidRequestException", .http = 400};
const SwErrorKind SW_CFN_EXISTS = {.code = "AlreadyExistsException", .http = 400};
const SwErrorKind SW_CFN_NOT_UPDATABLE = {.code = "NotUpdatableException", .http = 400};

static const SwMember *member_for(const SwShape *s, const SwCfnField *f) {
    if (f->member)
        return sw_shape_member(s, sw_str(f->member));
    for (size_t i = 0; i < s->n_member; i++)
        if (sw_str_ieq(sw_str(s->member[i].name), sw_str(f->name)))
            return &s->member[i];
    return NULL;
}

const SwCfnField *sw_cfn_field(const SwCfnShape *c, SwStr name) {
    for (size_t i = 0; i < c->n_field; i++)
        if (sw_str_eqz(name, c->field[i].name))
            return &c->field[i];
    return NULL;
}

static int wrong(const char *name, const char *kind, SwError *err) {
    return sw_fail(err, &SW_CFN_INVALID_REQUEST, "Model validation failed (#/%s: expected type: %s)", name, kind);
}

/* --- to the API ------------------------------------------------------------------------------------------------- */

static SwStr text_of(SwCtx *cx, const SwValue *v) {
    if (v->kind == SW_VBOOL)
        return v->b ? SW_STR("true") : SW_STR("false");
    return v->kind == SW_VSTRING || v->kind == SW_VNUMBER ? v->s : sw_json_text(cx->arena, v);
}

bool sw_cfn_says_absent(const SwCfnShape *c, const SwValue *v) {
    for (size_t i = 0; c->kind == SW_CFN_OBJECT && i < c->n_field; i++) {
        const SwValue *said = c->field[i].member && !*c->field[i].member ? sw_value_getz(v, c->field[i].name) : NULL;
        if (said && (said->kind == SW_VBOOL ? !said->b : sw_str_eqz(said->s, "false")))
            return true;
    }
    return false;
}

static int put_object(SwCtx *cx, const SwCfnShape *c, const SwValue *v, const char *name, const SwShape *s, void *at,
                      SwError *err) {
    for (size_t i = 0; i < v->n; i++) {
        const SwCfnField *f = sw_cfn_field(c, v->keys[i]);
        const SwMember *m = f ? member_for(s, f) : NULL;
        if (f && ((f->member && !*f->member) || sw_cfn_says_absent(f->shape, &v->v[i])))
            continue;
        if (m && sw_cfn_says_nothing(&v->v[i], m->shape))
            continue;
        if (!m)
            return sw_fail(err, &SW_CFN_INVALID_REQUEST, "%s.%.*s is not supported", name, SW_FMT(v->keys[i]));
        if (sw_cfn_put(cx, f->shape, &v->v[i], f->name, m->shape, sw_member_make(cx->arena, m, at), NULL, err) < 0)
            return -1;
    }
    return 0;
}

/* Entries of an object, or of a list of {Key, Value}. */
static int put_map(SwCtx *cx, const SwCfnShape *c, const SwValue *v, const char *name, const SwShape *s, void *at,
                   SwError *err) {
    const SwShape *value = s->member[1].shape;
    for (size_t i = 0; i < v->n; i++) {
        bool pair = v->kind == SW_VARRAY;
        const SwValue *from = pair ? sw_value_getz(&v->v[i], "Value") : &v->v[i];
        char *entry = sw_list_push(cx->arena, s, at);
        *(SwStr *)(void *)entry = pair ? sw_value_str(sw_value_getz(&v->v[i], "Key")) : v->keys[i];
        void *to = entry + s->value_offset;
        if (value->kind == SW_STRING)
            *(SwStr *)to = from ? text_of(cx, from) : SW_STR("");
        else if (pair || sw_cfn_put(cx, c->of, from, name, value, to, NULL, err) < 0)
            return pair ? wrong(name, "JSONObject", err) : -1;
    }
    return 0;
}

static int put_scalar(SwCtx *cx, const SwValue *v, const char *name, const SwShape *s, void *at, SwError *err) {
    SwStr text = text_of(cx, v);
    int64_t i;
    double d;
    switch (s->kind) {
    case SW_STRING: *(SwStr *)at = text; return 0;
    case SW_BOOLEAN: *(SwOptBool *)at = SW_SOME_BOOL(sw_str_eqz(text, "true")); return 0;
    case SW_INTEGER:
    case SW_LONG:
        if (!sw_str_to_i64(text, &i))
            return wrong(name, "Integer", err);
        *(SwOptInt *)at = SW_SOME_INT(i);
        return 0;
    case SW_FLOAT:
    case SW_DOUBLE:
        if (!sw_str_to_double(text, &d))
            return wrong(name, "Number", err);
        *(SwOptDouble *)at = SW_SOME_DOUBLE(d);
        return 0;
    default: return sw_fail(err, &SW_CFN_INVALID_REQUEST, "%s is not supported", name);
    }
}

int sw_cfn_put(SwCtx *cx, const SwCfnShape *c, const SwValue *v, const char *name, const SwShape *s, void *at, const char *key,
               SwError *err) {
    if (key) {
        sw_str_map_set(cx->arena, at, sw_str(key), text_of(cx, v));
        return 0;
    }
    switch (s->kind) {
    case SW_STRUCTURE:
    case SW_UNION: return v->kind == SW_VOBJECT ? put_object(cx, c, v, name, s, at, err) : wrong(name, "JSONObject", err);
    case SW_MAP: return put_map(cx, c, v, name, s, at, err);
    case SW_DOCUMENT: *(const SwValue **)at = v; return 0;
    case SW_LIST: break;
    default: return put_scalar(cx, v, name, s, at, err);
    }
    if (c->kind <= SW_CFN_BOOLEAN) /* one, where the API takes several */
        return sw_cfn_put(cx, c, v, name, s->member[0].shape, sw_list_push(cx->arena, s, at), NULL, err);
    if (v->kind != SW_VARRAY || c->kind != SW_CFN_LIST)
        return wrong(name, "JSONArray", err);
    for (size_t i = 0; i < v->n; i++)
        if (sw_cfn_put(cx, c->of, &v->v[i], name, s->member[0].shape, sw_list_push(cx->arena, s, at), NULL, err) < 0)
            return -1;
    return 0;
}

/* --- from the API ----------------------------------------------------------------------------------------------- */

/* As it is, or as IAM shows documents: percent-encoded. */
static bool read_document(SwCtx *cx, SwStr text, SwValue *ret) {
    SwError err = sw_error(cx->arena);
    SwStr plain;
    return sw_json_parse(cx->arena, text, ret, &err) == 0 ||
           (sw_percent_decode(cx->arena, text, false, &plain) && sw_json_parse(cx->arena, plain, ret, &err) == 0);
}

static bool get_text(SwCtx *cx, const SwCfnShape *c, SwStr text, SwValue *ret) {
    SwValue *doc = sw_new(cx->arena, SwValue);
    double d;
    if (!text.p)
        return false;
    *ret = sw_value_string(text);
    if (c->kind == SW_CFN_BOOLEAN)
        *ret = sw_value_bool(sw_str_eqz(text, "true"));
    else if ((c->kind == SW_CFN_INTEGER || c->kind == SW_CFN_NUMBER) && sw_str_to_double(text, &d))
        *ret = (SwValue){.kind = SW_VNUMBER, .s = text};
    else if (c->kind >= SW_CFN_JSON && read_document(cx, text, doc))
        *ret = *doc;
    return text.n > 0 || c->kind == SW_CFN_STRING;
}

static bool get_object(SwCtx *cx, const SwCfnShape *c, const SwShape *s, const void *at, SwValue *ret) {
    *ret = sw_value_object();
    for (size_t i = 0; i < c->n_field; i++) {
        const SwMember *m = member_for(s, &c->field[i]);
        if (c->field[i].member && !*c->field[i].member)
            sw_value_set(cx->arena, ret, sw_str(c->field[i].name), sw_value_bool(true));
        const void *from = m ? sw_member_at(m, at) : NULL;
        SwValue v;
        if (from && sw_cfn_get(cx, c->field[i].shape, m->shape, from, NULL, &v))
            sw_value_set(cx->arena, ret, sw_str(c->field[i].name), v);
    }
    return ret->n > 0;
}

/* Where the API's element says several of what a property says one of: an element for each. */
static void add_others(SwCtx *cx, const SwCfnShape *c, const SwShape *s, const void *at, SwValue first, SwValue *into) {
    for (size_t i = 0; c->kind == SW_CFN_OBJECT && (s->kind == SW_STRUCTURE) && i < c->n_field; i++) {
        const SwMember *m = member_for(s, &c->field[i]);
        const void *all =
            m && m->shape->kind == SW_LIST && c->field[i].shape->kind <= SW_CFN_BOOLEAN ? sw_member_at(m, at) : NULL;
        for (size_t k = 1; all && k < sw_list_count(all); k++) {
            SwValue other = sw_value_object(), one;
            for (size_t n = 0; n < first.n; n++)
                sw_value_set(cx->arena, &other, first.keys[n], first.v[n]);
            if (sw_cfn_get(cx, c->field[i].shape, m->shape->member[0].shape, sw_list_at(m->shape, all, k), NULL, &one))
                sw_value_set(cx->arena, &other, sw_str(c->field[i].name), one);
            sw_value_add(cx->arena, into, other);
        }
    }
}

static bool get_list(SwCtx *cx, const SwCfnShape *c, const SwShape *s, const void *at, SwValue *ret) {
    *ret = sw_value_array();
    for (size_t i = 0; i < sw_list_count(at); i++) {
        SwValue v = sw_value_object();
        if (s->kind == SW_MAP) { /* of tags */
            sw_value_set(cx->arena, &v, SW_STR("Key"), sw_value_string(*sw_map_key_at(s, at, i)));
            sw_value_set(cx->arena, &v, SW_STR("Value"), sw_value_string(*(const SwStr *)sw_map_value_at(s, at, i)));
        } else if (!sw_cfn_get(cx, c->of, s->member[0].shape, sw_list_at(s, at, i), NULL, &v)) {
            continue;
        }
        sw_value_add(cx->arena, ret, v);
        if (s->kind == SW_LIST)
            add_others(cx, c->of, s->member[0].shape, sw_list_at(s, at, i), v, ret);
    }
    return ret->n > 0;
}

static bool get_map(SwCtx *cx, const SwCfnShape *c, const SwShape *s, const void *at, SwValue *ret) {
    *ret = sw_value_object();
    for (size_t i = 0; i < sw_list_count(at); i++) {
        SwValue v;
        if (sw_cfn_get(cx, c->of, s->member[1].shape, sw_map_value_at(s, at, i), NULL, &v))
            sw_value_set(cx->arena, ret, *sw_map_key_at(s, at, i), v);
    }
    return ret->n > 0;
}

static bool get_whole(SwCtx *cx, const SwShape *s, const void *at, SwValue *ret) {
    SwBuf b = sw_buf(cx->arena, SW_MIB);
    SwError err = sw_error(cx->arena);
    sw_shape_to_json(&b, s, at);
    SwStr text = sw_buf_str(&b);
    return sw_json_parse(cx->arena, text, ret, &err) == 0;
}

static bool get(SwCtx *cx, const SwCfnShape *c, const SwShape *s, const void *at, const char *key, SwValue *ret) {
    if (key)
        return get_text(cx, c, sw_str_map_find(at, sw_str(key)), ret);
    switch (s->kind) {
    case SW_STRING: return get_text(cx, c, *(const SwStr *)at, ret);
    case SW_BOOLEAN: *ret = sw_value_bool(((const SwOptBool *)at)->v); return true;
    case SW_INTEGER:
    case SW_LONG: *ret = sw_value_int(cx->arena, ((const SwOptInt *)at)->v); return true;
    case SW_FLOAT:
    case SW_DOUBLE: *ret = sw_value_num(cx->arena, ((const SwOptDouble *)at)->v); return true;
    case SW_TIMESTAMP: *ret = sw_value_string(sw_time_iso8601(cx->arena, ((const SwOptTime *)at)->v)); return true;
    case SW_DOCUMENT: *ret = **(const SwValue *const *)at; return true;
    case SW_STRUCTURE:
    case SW_UNION: return c->kind == SW_CFN_OBJECT ? get_object(cx, c, s, at, ret) : get_whole(cx, s, at, ret);
    case SW_LIST:
        if (c->kind == SW_CFN_LIST)
            return get_list(cx, c, s, at, ret);
        return sw_list_count(at) && sw_cfn_get(cx, c, s->member[0].shape, sw_list_at(s, at, 0), NULL, ret);
    case SW_MAP: return c->kind == SW_CFN_LIST ? get_list(cx, c, s, at, ret) : get_map(cx, c, s, at, ret);
    default: return false;
    }
}

bool sw_cfn_get(SwCtx *cx, const SwCfnShape *c, const SwShape *s, const void *at, const char *key, SwValue *ret) {
    if (!get(cx, c, s, at, key, ret))
        return false;
    if (c->kind == SW_CFN_STRING && (ret->kind == SW_VNUMBER || ret->kind == SW_VBOOL))
        *ret = sw_value_string(text_of(cx, ret)); /* the schema has a text where the API has a number */
    return true;
}
