/* SPDX-License-Identifier: Apache-2.0 */
/* The tree behind JSON, YAML and CBOR: reading and building. */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"

const SwValue *sw_value_get(const SwValue *v, SwStr key) {
    if (!v || v->kind != SW_VOBJECT)
        return NULL;
    for (size_t i = v->n; i-- > 0;) /* the last of equal names wins */
        if (sw_str_eq(v->keys[i], key))
            return &v->v[i];
    return NULL;
}

const SwValue *sw_value_getz(const SwValue *v, const char *key) {
    return sw_value_get(v, sw_str(key));
}

const SwValue *sw_value_path(const SwValue *v, const char *dotted) {
    SwStr rest = sw_str(dotted), part;
    while (v && sw_str_next(&rest, '.', &part)) {
        uint64_t i;
        if (v->kind == SW_VARRAY)
            v = sw_str_to_u64(part, &i) && i < v->n ? &v->v[i] : NULL;
        else
            v = sw_value_get(v, part);
    }
    return v;
}

SwStr sw_value_str(const SwValue *v) {
    return v && v->kind == SW_VSTRING ? v->s : SW_NO_STR;
}

bool sw_value_i64(const SwValue *v, int64_t *ret) {
    double d;
    if (!v || v->kind != SW_VNUMBER)
        return false;
    if (sw_str_to_i64(v->s, ret))
        return true;
    if (!sw_str_to_double(v->s, &d) || d != floor(d) || d < -9007199254740992.0 || d > 9007199254740992.0)
        return false; /* 1.0 and 1e3 are whole numbers too, as far as a double holds them */
    *ret = (int64_t)d;
    return true;
}

bool sw_value_double(const SwValue *v, double *ret) {
    return v && v->kind == SW_VNUMBER && sw_str_to_double(v->s, ret);
}

bool sw_value_is_true(const SwValue *v) {
    return v && v->kind == SW_VBOOL && v->b;
}

/* The member of x at i, in y: most often it stands there too. */
static const SwValue *counterpart(const SwValue *x, size_t i, const SwValue *y) {
    bool there = x->kind != SW_VOBJECT || sw_str_eq(y->keys[i], x->keys[i]);
    return there ? &y->v[i] : sw_value_get(y, x->keys[i]);
}

bool sw_value_equal(const SwValue *x, const SwValue *y) {
    if (!x || !y)
        return x == y;
    if (x->kind != y->kind || x->n != y->n || x->b != y->b || !sw_str_eq(x->s, y->s))
        return false;
    for (size_t i = 0; i < x->n; i++)
        if (!sw_value_equal(&x->v[i], counterpart(x, i, y)))
            return false;
    return true;
}

bool sw_value_has(const SwValue *array, const SwValue *one) {
    for (size_t i = 0; array && i < array->n; i++)
        if (sw_value_equal(&array->v[i], one))
            return true;
    return false;
}

SwValue sw_value_string(SwStr s) {
    return (SwValue){.kind = SW_VSTRING, .s = s.p ? s : SW_STR("")};
}

SwValue sw_value_int(SwArena *a, int64_t i) {
    return (SwValue){.kind = SW_VNUMBER, .s = sw_strf(a, "%lld", (long long)i)};
}

SwStr sw_double_text(SwArena *a, double d) {
    char z[40];
    if (isnan(d))
        return SW_STR("NaN");
    if (isinf(d))
        return d > 0 ? SW_STR("Infinity") : SW_STR("-Infinity");
    if (d == floor(d) && fabs(d) < 1e15)
        snprintf(z, sizeof z, "%.0f", d);
    else
        for (int digits = 15; digits <= 17; digits++) {
            snprintf(z, sizeof z, "%.*g", digits, d);
            if (strtod(z, NULL) == d)
                break;
        }
    return sw_str_dup(a, sw_str(z));
}

SwValue sw_value_num(SwArena *a, double d) {
    SwStr text = sw_double_text(a, d);
    return isfinite(d) ? (SwValue){.kind = SW_VNUMBER, .s = text} : sw_value_string(text);
}

SwValue sw_value_bool(bool b) {
    return (SwValue){.kind = SW_VBOOL, .b = b};
}

SwValue sw_value_object(void) {
    return (SwValue){.kind = SW_VOBJECT};
}

SwValue sw_value_array(void) {
    return (SwValue){.kind = SW_VARRAY};
}

SwValue *sw_value_add(SwArena *a, SwValue *array, SwValue v) {
    SwValue *at = sw_list_add_(a, (void **)&array->v, &array->n, sizeof v);
    *at = v;
    return at;
}

void sw_value_take(SwValue *v, size_t i) {
    size_t behind = v->n - i - 1;
    memmove(&v->v[i], &v->v[i + 1], behind * sizeof(*v->v));
    sw_list_cut(v, v->n - 1);
    if (v->kind == SW_VOBJECT) {
        memmove(&v->keys[i], &v->keys[i + 1], behind * sizeof(*v->keys));
        sw_list_seal(v->keys, v->n, sizeof(*v->keys));
    }
}

SwValue *sw_value_set(SwArena *a, SwValue *object, SwStr key, SwValue v) {
    for (size_t i = 0; i < object->n; i++)
        if (sw_str_eq(object->keys[i], key)) {
            object->v[i] = v;
            return &object->v[i];
        }
    size_t n = object->n;
    *(SwStr *)sw_list_add_(a, (void **)&object->keys, &n, sizeof key) = key;
    return sw_value_add(a, object, v);
}

void sw_value_sets(SwArena *a, SwValue *object, const char *key, SwStr s) {
    if (s.p)
        sw_value_set(a, object, sw_str(key), sw_value_string(s));
}
