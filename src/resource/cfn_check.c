/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a document is one of a type, as its schema says, and what it asks for: without what says nothing, and what is so
 * anyway. */

#include "resource/cfn_internal.h"

#include "base/buf.h"
#include "base/map.h"

/* Where in the document: "#/ContainerDefinitions/0/Memory". */
typedef struct At {
    const struct At *above; /* NULL: the document itself */
    SwStr name;
    size_t index; /* where the name is absent */
} At;

static void write_at(SwBuf *b, const At *at) {
    if (!at || !at->above)
        return;
    write_at(b, at->above);
    if (!at->name.p)
        sw_buf_addf(b, "/%zu", at->index);
    else
        sw_buf_addc(b, '/');
    for (size_t i = 0; i < at->name.n; i++) {
        char c = at->name.p[i]; /* RFC 6901 */
        if (c == '~' || c == '/')
            sw_buf_addz(b, c == '~' ? "~0" : "~1");
        else
            sw_buf_addc(b, c);
    }
}

static int wrong(const At *at, const char *what, SwStr which, const char *more, SwError *err) {
    SwBuf b = sw_buf(err->arena, SW_MIB);
    write_at(&b, at);
    SwStr where = sw_buf_str(&b);
    return sw_fail(err, &SW_CFN_INVALID_REQUEST, "Model validation failed (#%.*s: %s%.*s%s)", SW_FMT(where), what,
                   SW_FMT(which), more);
}

/* --- the schema ------------------------------------------------------------------------------------------------- */

static bool fits(SwCfnKind kind, const SwValue *v) {
    int64_t i;
    switch (kind) {
    case SW_CFN_STRING: return v->kind == SW_VSTRING;
    case SW_CFN_INTEGER: return v->kind == SW_VNUMBER && sw_value_i64(v, &i);
    case SW_CFN_NUMBER: return v->kind == SW_VNUMBER;
    case SW_CFN_BOOLEAN: return v->kind == SW_VBOOL;
    case SW_CFN_JSON: return v->kind == SW_VOBJECT || v->kind == SW_VARRAY || v->kind == SW_VSTRING;
    case SW_CFN_LIST: return v->kind == SW_VARRAY;
    case SW_CFN_MAP:
    case SW_CFN_OBJECT: return v->kind == SW_VOBJECT;
    }
    return false;
}

static const char *kind_of(const SwValue *v) {
    static const char *const names[] = {
        [SW_VNULL] = "Null",     [SW_VBOOL] = "Boolean",    [SW_VNUMBER] = "Double",
        [SW_VSTRING] = "String", [SW_VARRAY] = "JSONArray", [SW_VOBJECT] = "JSONObject",
    };
    int64_t i;
    return v->kind == SW_VNUMBER && sw_value_i64(v, &i) ? "Integer" : names[v->kind];
}

static int check(const SwCfnShape *c, const SwValue *v, const At *at, SwError *err);

static int check_fields(const SwCfnShape *c, const SwValue *v, const At *at, SwError *err) {
    for (size_t i = 0; i < v->n; i++) {
        const SwCfnField *f = sw_cfn_field(c, v->keys[i]);
        if (!f)
            return wrong(at, "extraneous key [", v->keys[i], "] is not permitted", err);
        if (check(f->shape, &v->v[i], &(At){at, v->keys[i], 0}, err) < 0)
            return -1;
    }
    for (size_t i = 0; i < c->n_field; i++)
        if (c->field[i].required && !sw_value_getz(v, c->field[i].name))
            return wrong(at, "required key [", sw_str(c->field[i].name), "] not found", err);
    return 0;
}

static int check(const SwCfnShape *c, const SwValue *v, const At *at, SwError *err) {
    static const char *const kinds[] = {"String",     "Integer",   "Number",     "Boolean",
                                        "JSONObject", "JSONArray", "JSONObject", "JSONObject"};
    if (!fits(c->kind, v))
        return wrong(at, "expected type: ", sw_strf(err->arena, "%s, found: ", kinds[c->kind]), kind_of(v), err);
    for (size_t i = 0; (c->kind == SW_CFN_LIST || c->kind == SW_CFN_MAP) && i < v->n; i++)
        if (check(c->of, &v->v[i], &(At){at, v->kind == SW_VOBJECT ? v->keys[i] : SW_NO_STR, i}, err) < 0)
            return -1;
    return c->kind == SW_CFN_OBJECT ? check_fields(c, v, at, err) : 0;
}

/* However many somebody sends: the service says only later how many it takes. */
static int check_keys(const SwCfnBinding *b, const SwValue *tags, SwError *err) {
    SwMap seen = sw_map(err->arena);
    for (size_t i = 0; tags->kind == SW_VARRAY && i < tags->n; i++) {
        SwStr key = sw_value_str(sw_value_getz(&tags->v[i], "Key"));
        if (sw_map_find(&seen, key))
            return sw_fail(err, &SW_CFN_INVALID_REQUEST, "%s: the key '%.*s' is there twice", b->property, SW_FMT(key));
        sw_map_put(&seen, key, &seen); /* it is there: no more is asked */
    }
    return 0;
}

/* --- what says nothing ------------------------------------------------------------------------------------------ */

/* Empty lists, and objects of nothing else. */
static bool is_empty(const SwValue *v) {
    for (size_t i = 0; v->kind == SW_VOBJECT && i < v->n; i++)
        if (!is_empty(&v->v[i]))
            return false;
    return v->kind == SW_VOBJECT || (v->kind == SW_VARRAY && v->n == 0);
}

/* Of what is refused: it asks for what is so anyway. */
static bool is_so(SwCtx *cx, const SwResource *r, const SwCfnBinding *b, const SwValue *v) {
    SwError err = sw_error(cx->arena);
    SwValue all;
    if (is_empty(v))
        return true;
    if (!b->unless || sw_json_parse(cx->arena, sw_str(b->unless), &all, &err) < 0)
        return false;
    for (size_t i = 0; i < all.n; i++)
        if (all.v[i].kind == SW_VSTRING)
            all.v[i].s = sw_resource_write(cx, r, sw_str_z(cx->arena, all.v[i].s), &(SwParts){0});
    return sw_value_has(&all, v);
}

static bool needs_one(const SwShape *s) {
    return (s->kind == SW_LIST || s->kind == SW_MAP) && (s->flags & SW_HAS_MIN) && s->min > 0;
}

bool sw_cfn_says_nothing(const SwValue *v, const SwShape *s) {
    return (v->kind == SW_VARRAY || v->kind == SW_VOBJECT) && v->n == 0 && needs_one(s);
}

/* An empty list where the operations that take it need an element: they are to be told of none. */
static bool is_none(const SwResource *r, const SwCfnBinding *b, const SwValue *v) {
    const SwOperation *op = r->api->op;
    if ((v->kind != SW_VARRAY && v->kind != SW_VOBJECT) || v->n)
        return false;
    return b->tags || (b->create.n && sw_cfn_says_nothing(v, sw_cfn_end(op[r->cfn->create].input, &b->create))) ||
           (b->set != SW_NO_OPERATION && b->set_at.n && sw_cfn_says_nothing(v, sw_cfn_end(op[b->set].input, &b->set_at)));
}

static void drop(SwValue *of, const char *property) {
    SwStr rest = sw_str(property), head;
    while (sw_str_cut(&rest, '.', &head))
        of = (SwValue *)(uintptr_t)sw_value_get(of, head);
    const SwValue *v = sw_value_get(of, rest);
    sw_value_take(of, (size_t)(v - of->v));
}

int sw_cfn_check(SwCtx *cx, const SwResource *r, const SwValue *properties, SwValue *ret, SwError *err) {
    const SwCfnType *t = r->cfn;
    if (check(t->shape, properties, &(At){0}, err) < 0 ||
        sw_json_parse(cx->arena, sw_json_text(cx->arena, properties), ret, err) < 0)
        return -1;
    for (size_t i = 0; i < t->n_bind; i++) {
        const SwCfnBinding *b = &t->bind[i];
        const SwValue *v = sw_value_path(ret, b->property);
        if (!v)
            continue;
        if (b->read_only)
            return sw_fail(err, &SW_CFN_INVALID_REQUEST, "Encountered unsupported property %s: it is read only", b->property);
        if (b->refused && !is_so(cx, r, b, v))
            return sw_fail(err, &SW_CFN_INVALID_REQUEST, "%s is not supported: %s", b->property, b->refused);
        if (b->tags && check_keys(b, v, err) < 0)
            return -1;
        if (b->refused || is_none(r, b, v))
            drop(ret, b->property);
    }
    return 0;
}
