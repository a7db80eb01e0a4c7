/* SPDX-License-Identifier: Apache-2.0 */
/* JSON Patch (RFC 6902) over JSON Pointer (RFC 6901). */

#include "services/cloudcontrol/cloudcontrol.h"

#define OPERATIONS_MAX 1000
#define COPIED_MAX     SW_MIB /* of JSON, by all operations: copies of copies double */

typedef struct Patch {
    SwArena *a;
    const SwCfnType *t;
    SwValue *doc;
    size_t copied;
    SwError *err;
} Patch;

/* Where a pointer leads: the value that holds it, and what it is called there. parent NULL: the whole document. */
typedef struct Place {
    SwValue *parent;
    SwStr name;
} Place;

static int invalid(Patch *p, const char *what, SwStr pointer) {
    return sw_fail_as(p->err, &CLOUDCONTROL_INVALID_REQUEST_EXCEPTION, "Invalid patch: %s: %.*s", what, SW_FMT(pointer));
}

/* "~1" is '/', "~0" is '~'. */
static SwStr unescaped(SwArena *a, SwStr token) {
    SwBuf b = sw_buf(a, SW_MIB);
    for (size_t i = 0; i < token.n; i++) {
        bool escape = token.p[i] == '~' && i + 1 < token.n && (token.p[i + 1] == '0' || token.p[i + 1] == '1');
        sw_buf_addc(&b, escape ? (token.p[i + 1] == '1' ? '/' : '~') : token.p[i]);
        i += escape;
    }
    return sw_buf_str(&b);
}

bool cloudcontrol_is_read_only(const SwCfnType *t, SwStr property) {
    for (size_t i = 0; t && i < t->n_bind; i++)
        if (t->bind[i].read_only && sw_str_eqz(property, t->bind[i].property))
            return true;
    return false;
}

/* What is about to be changed, or something in it. */
static int check_writable(Patch *p, SwStr pointer) {
    SwStr rest = sw_str_skip(pointer, pointer.n ? 1 : 0), head = rest;
    if (sw_str_find(rest, '/', &(size_t){0}))
        (void)sw_str_cut(&rest, '/', &head);
    head = unescaped(p->a, head);
    if (!cloudcontrol_is_read_only(p->t, head))
        return 0;
    return sw_fail(p->err, &CLOUDCONTROL_INVALID_REQUEST_EXCEPTION, "Encountered unsupported property %.*s: it is read only",
                   SW_FMT(head));
}

/* Without a sign, without leading zeros; false beyond `most`. */
static bool index_of(SwStr s, size_t most, size_t *ret) {
    *ret = 0;
    if (!s.n || s.n > 9 || !sw_str_all(s, "0-9") || (s.n > 1 && *s.p == '0'))
        return false;
    for (size_t i = 0; i < s.n; i++)
        *ret = *ret * 10 + (size_t)(s.p[i] - '0');
    return *ret <= most;
}

static SwValue *child(SwValue *parent, SwStr name) {
    size_t at;
    if (parent->kind == SW_VARRAY)
        return parent->n && index_of(name, parent->n - 1, &at) ? &parent->v[at] : NULL;
    for (size_t i = parent->kind == SW_VOBJECT ? parent->n : 0; i > 0; i--)
        if (sw_str_eq(parent->keys[i - 1], name))
            return &parent->v[i - 1];
    return NULL;
}

static int locate(Patch *p, SwStr pointer, Place *ret) {
    SwStr rest = pointer, token;
    *ret = (Place){0};
    if (!pointer.n)
        return 0;
    if (*pointer.p != '/')
        return invalid(p, "a pointer begins with '/'", pointer);
    rest = sw_str_skip(rest, 1);
    ret->parent = p->doc;
    while (sw_str_find(rest, '/', &(size_t){0})) {
        (void)sw_str_cut(&rest, '/', &token);
        ret->parent = child(ret->parent, unescaped(p->a, token));
        if (!ret->parent)
            return invalid(p, "there is no such path", pointer);
    }
    ret->name = unescaped(p->a, rest);
    return 0;
}

static SwValue *existing(Patch *p, const Place *at) {
    return at->parent ? child(at->parent, at->name) : p->doc;
}

/* How deep values lie in each other; looks no further than SW_JSON_DEPTH_MAX. */
static size_t depth(const SwValue *v, size_t above) {
    size_t most = above + 1;
    for (size_t i = 0; i < v->n && most <= SW_JSON_DEPTH_MAX; i++) {
        size_t below = depth(&v->v[i], above + 1);
        most = SW_MAX(most, below);
    }
    return most;
}

static int check_depth(Patch *p, SwStr pointer, const SwValue *v) {
    size_t slashes = 0;
    for (size_t k = 0; k < pointer.n; k++)
        slashes += pointer.p[k] == '/';
    return depth(v, slashes) > SW_JSON_DEPTH_MAX ? invalid(p, "values lie too deep in each other", pointer) : 0;
}

static int add(Patch *p, SwStr pointer, const Place *at, SwValue v) {
    SwValue *to = at->parent;
    size_t i;
    if (check_depth(p, pointer, &v) < 0)
        return -1;
    if (!to)
        *p->doc = v;
    else if (to->kind == SW_VOBJECT)
        sw_value_set(p->a, to, at->name, v);
    else if (to->kind != SW_VARRAY)
        return invalid(p, "nothing can be added there", pointer);
    else if (sw_str_eqz(at->name, "-"))
        sw_value_add(p->a, to, v);
    else if (!index_of(at->name, to->n, &i))
        return invalid(p, "there is no such place in the list", pointer);
    else {
        sw_value_add(p->a, to, v);
        memmove(&to->v[i + 1], &to->v[i], (to->n - 1 - i) * sizeof(*to->v));
        to->v[i] = v;
    }
    return 0;
}

static int take(Patch *p, SwStr pointer, const Place *at) {
    SwValue *v = at->parent ? child(at->parent, at->name) : NULL;
    if (!v)
        return invalid(p, "there is nothing to remove", pointer);
    sw_value_take(at->parent, (size_t)(v - at->parent->v));
    return 0;
}

/* A value of its own, which changes with no other. */
static int copy(Patch *p, const SwValue *v, SwValue *ret) {
    SwStr text = sw_json_text(p->a, v);
    p->copied += text.n;
    if (p->copied > COPIED_MAX)
        return invalid(p, "it makes too much of the document", SW_STR("more than 1 MiB is copied"));
    return sw_json_parse(p->a, text, ret, p->err);
}

static int move(Patch *p, SwStr from, SwStr to, bool stays) {
    Place source, target;
    SwValue v;
    if (!stays && sw_str_starts(to, sw_cat(p->a, from, SW_STR("/"))))
        return invalid(p, "nothing can be moved into itself", to);
    if (locate(p, from, &source) < 0)
        return -1;
    const SwValue *there = existing(p, &source);
    if (!there)
        return invalid(p, "there is no such path", from);
    if (copy(p, there, &v) < 0 || (!stays && take(p, from, &source) < 0) || locate(p, to, &target) < 0)
        return -1;
    return add(p, to, &target, v);
}

static int step(Patch *p, const SwValue *said) {
    SwStr op = sw_value_str(sw_value_getz(said, "op")), path = sw_value_str(sw_value_getz(said, "path")),
          from = sw_value_str(sw_value_getz(said, "from"));
    const SwValue *value = sw_value_getz(said, "value");
    bool moves = sw_str_eqz(op, "move") || sw_str_eqz(op, "copy");
    bool valued = sw_str_eqz(op, "add") || sw_str_eqz(op, "replace") || sw_str_eqz(op, "test");
    Place at;
    SwValue v;
    if (!path.p || (moves && !from.p) || (valued && !value) || (!moves && !valued && !sw_str_eqz(op, "remove")))
        return invalid(p, "not an operation of RFC 6902", sw_json_text(p->a, said));
    bool looks = sw_str_eqz(op, "test");
    if ((!looks && check_writable(p, path) < 0) || (sw_str_eqz(op, "move") && check_writable(p, from) < 0))
        return -1;
    if (moves)
        return move(p, from, path, sw_str_eqz(op, "copy"));
    if (locate(p, path, &at) < 0)
        return -1;
    if (sw_str_eqz(op, "remove"))
        return take(p, path, &at);
    if (copy(p, value, &v) < 0)
        return -1;
    if (sw_str_eqz(op, "add"))
        return add(p, path, &at, v);
    SwValue *there = existing(p, &at);
    if (!there)
        return invalid(p, "there is no such path", path);
    if (looks)
        return sw_value_equal(there, &v) ? 0 : invalid(p, "the test failed", path);
    if (check_depth(p, path, &v) < 0)
        return -1;
    *there = v;
    return 0;
}

int cloudcontrol_patch(SwArena *a, const SwCfnType *t, SwValue *doc, SwStr text, SwError *err) {
    Patch p = {.a = a, .t = t, .doc = doc, .err = err};
    SwValue patch;
    if (sw_json_parse(a, text, &patch, err) < 0)
        return sw_fail_as(err, &CLOUDCONTROL_INVALID_REQUEST_EXCEPTION, "PatchDocument is no JSON: %s", err->message);
    if (patch.kind != SW_VARRAY || patch.n > OPERATIONS_MAX)
        return invalid(&p, "PatchDocument is no list of at most 1000 operations", SW_STR("[..]"));
    for (size_t i = 0; i < patch.n; i++)
        if (step(&p, &patch.v[i]) < 0)
            return -1;
    return 0;
}
