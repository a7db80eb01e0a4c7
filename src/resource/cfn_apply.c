/* SPDX-License-Identifier: Apache-2.0 */
/* A resource made, changed and ended by its properties. What changed is put into as few calls as there are operations that
 * take it; each operation gets all that it takes, since some of them replace what they are not told. */

#include "resource/cfn_internal.h"

#include "base/id.h"

static const SwValue *wanted(const SwCfnBinding *b, const SwValue *properties) {
    return properties ? sw_value_path(properties, b->property) : NULL;
}

const SwShape *sw_cfn_end(const SwShape *s, const SwPath *at) {
    for (unsigned i = 0; i < at->n; i++)
        for (s = s->member[at->at[i]].shape; s->kind == SW_LIST && i + 1 < at->n;)
            s = s->member[0].shape;
    return s;
}

int sw_cfn_put_at(SwCtx *cx, const SwCfnBinding *b, const SwPath *at, const SwValue *v, const SwShape *s, void *in,
                  SwError *err) {
    SwPath above = *at;
    if (sw_cfn_says_absent(b->shape, v)) {
        above.n--;
        (void)sw_path_make(cx->arena, s, in, &above);
        return 0;
    }
    void *to = sw_path_make(cx->arena, s, in, at);
    return sw_cfn_put(cx, b->shape, v, b->property, sw_cfn_end(s, at), to, at->key, err);
}

/* --- setting ---------------------------------------------------------------------------------------------------- */

static int call(SwCtx *cx, const SwResource *r, unsigned op, const void *in, void **ret_out, SwError *err) {
    return sw_call(cx, r->api, op, in, ret_out, err);
}

const SwValue *sw_cfn_absent(SwCtx *cx, const SwCfnBinding *b) {
    SwError err = sw_error(cx->arena);
    SwValue *v = sw_new(cx->arena, SwValue);
    return b->absent && sw_json_parse(cx->arena, sw_str(b->absent), v, &err) == 0 ? v : NULL;
}

static bool has_key(const SwValue *list, SwStr key) {
    for (size_t i = 0; list && i < list->n; i++)
        if (sw_str_eq(sw_value_str(sw_value_getz(&list->v[i], "Key")), key))
            return true;
    return false;
}

/* The value that is put; of keys and values, those that are not wanted any more are put back to what they were at first. */
static const SwValue *value_to_set(SwCtx *cx, const SwCfnBinding *b, const SwValue *was, const SwValue *want) {
    const SwValue *absent = was ? sw_cfn_absent(cx, b) : NULL;
    bool keyed = absent && absent->kind == SW_VARRAY && absent->n && sw_value_getz(&absent->v[0], "Key");
    if (!keyed)
        return want ? want : absent;
    SwValue *all = sw_new(cx->arena, SwValue);
    *all = sw_value_array();
    for (size_t i = 0; want && i < want->n; i++)
        sw_value_add(cx->arena, all, want->v[i]);
    for (size_t i = 0; i < absent->n; i++) {
        SwStr key = sw_value_str(sw_value_getz(&absent->v[i], "Key"));
        if (has_key(was, key) && !has_key(want, key))
            sw_value_add(cx->arena, all, absent->v[i]);
    }
    return all;
}

/* Left out, it is what it is then: no change where that is said, or was. */
static bool changes(SwCtx *cx, const SwCfnBinding *b, const SwValue *was, const SwValue *want) {
    const SwValue *before = wanted(b, was), *after = wanted(b, want), *absent = sw_cfn_absent(cx, b);
    if (b->each && sw_cfn_each_differs(b, was, want))
        return true;
    return !(b->kept && !after) && !sw_value_equal(before, after) &&
           !(absent && sw_value_equal(before ? before : absent, after ? after : absent));
}

/* What an operation is told of it; NULL: nothing. */
static const SwValue *value_to_tell(SwCtx *cx, const SwCfnBinding *b, const SwShape *in, const SwValue *was,
                                    const SwValue *want) {
    bool required = b->set_at.n == 1 && !b->set_at.key && (in->member[b->set_at.at[0]].flags & SW_REQUIRED);
    const SwValue *v = value_to_set(cx, b, wanted(b, was), wanted(b, want));
    if (b->keeps && !required && !changes(cx, b, was, want))
        return NULL;
    if (!v && required)
        v = sw_cfn_absent(cx, b);
    return v && b->put ? sw_value_getz(v, b->put) : v;
}

/* Set by one call: the operation takes both, unless it takes one attribute at a time. */
static bool together(const SwCfnBinding *a, const SwCfnBinding *b) {
    return a == b || (a->set == b->set && !a->name_at.n);
}

/* The operation that sets `by`, with all that it takes of what is wanted. */
static int set_by(SwCtx *cx, const SwResource *r, const SwCfnBinding *by, const SwFound *f, const SwValue *was,
                  const SwValue *want, SwError *err) {
    const SwCfnType *t = r->cfn;
    const SwShape *s = r->api->op[by->set].input;
    void *in, *out;
    if (sw_cfn_input(cx, r, by->set, f, NULL, &in, err) < 0)
        return -1;
    if (by->name_at.n)
        sw_path_write(cx->arena, s, in, &by->name_at, sw_str(by->name_at.key));
    for (size_t i = 0; i < t->n_bind; i++) {
        const SwCfnBinding *b = &t->bind[i];
        const SwValue *v = together(b, by) ? value_to_tell(cx, b, s, was, want) : NULL;
        if (v && sw_cfn_put_at(cx, b, &b->set_at, v, s, in, err) < 0)
            return -1;
    }
    return call(cx, r, by->set, in, &out, err);
}

static int unset_by(SwCtx *cx, const SwResource *r, unsigned op, const SwFound *f, SwError *err) {
    void *in, *out;
    return sw_cfn_input(cx, r, op, f, NULL, &in, err) < 0 ? -1 : call(cx, r, op, in, &out, err);
}

/* Of a list that `set` adds to: what is in it and not wanted any more. */
static int take_gone(SwCtx *cx, const SwResource *r, const SwCfnBinding *b, const SwFound *f, const SwValue *was,
                     const SwValue *want, SwError *err) {
    SwValue gone = sw_value_array();
    void *in, *out;
    for (size_t i = 0; was && i < was->n; i++)
        if (!sw_value_has(want, &was->v[i]))
            sw_value_add(cx->arena, &gone, was->v[i]);
    if (!gone.n)
        return 0;
    if (sw_cfn_input(cx, r, b->take, f, NULL, &in, err) < 0 ||
        sw_cfn_put_at(cx, b, &b->take_at, &gone, r->api->op[b->take].input, in, err) < 0)
        return -1;
    return call(cx, r, b->take, in, &out, err);
}

/* Tags go by the service's own operations: what is not wanted any more first. */
static int set_tags(SwCtx *cx, const SwFound *f, const SwValue *was, const SwValue *want, SwError *err) {
    SwStrMap given = {0};
    SwStrList gone = {0};
    for (size_t i = 0; want && i < want->n; i++) /* no key is there twice: sw_cfn_check */
        *sw_list_add(cx->arena, &given) =
            (SwStrPair){sw_value_str(sw_value_getz(&want->v[i], "Key")), sw_value_str(sw_value_getz(&want->v[i], "Value"))};
    for (size_t i = 0; was && i < was->n; i++) {
        SwStr key = sw_value_str(sw_value_getz(&was->v[i], "Key"));
        if (!sw_str_map_find(&given, key).p)
            sw_str_list_add(cx->arena, &gone, key);
    }
    SwFound now = *f; /* an operation that replaces all tags is told those that there are */
    if (gone.n && (sw_resource_call_untag(cx, f, &gone, err) < 0 || sw_resource_find(cx, f->r, f->id, &now, err) < 0))
        return -1;
    return given.n ? sw_resource_call_tag(cx, &now, &given, err) : 0;
}

/* --- making ----------------------------------------------------------------------------------------------------- */

static bool is_true(const SwValue *properties, const char *property) {
    const SwValue *v = sw_value_getz(properties, property);
    return sw_value_is_true(v) || sw_str_eqz(sw_value_str(v), "true");
}

/* A name where a request leaves it out: the type's last word and twelve letters. */
static SwStr make_name(SwCtx *cx, const SwCfnType *t, const SwValue *want) {
    const char *word = strrchr(t->name, ':');
    SwStr name = sw_cat(cx->arena, sw_str(word ? word + 1 : t->name), SW_STR("-"), sw_id_base32(cx->arena, 12));
    if (t->name_end && is_true(want, t->name_end_if))
        name = sw_cat(cx->arena, name, sw_str(t->name_end));
    return t->name_lower ? sw_str_lower(cx->arena, name) : name;
}

static int create_input(SwCtx *cx, const SwResource *r, const SwValue *want, void **ret_in, SwError *err) {
    const SwCfnType *t = r->cfn;
    const SwShape *s = r->api->op[t->create].input;
    *ret_in = sw_arena_alloc(cx->arena, s->size);
    if (t->create_input && sw_shape_from_json(cx->arena, s, sw_str(t->create_input), ret_in, err) < 0)
        return -1;
    for (size_t i = 0; i < t->n_bind; i++) {
        const SwCfnBinding *b = &t->bind[i];
        const SwValue *v = b->create.n ? wanted(b, want) : NULL;
        if (v && sw_cfn_put_at(cx, b, &b->create, v, s, *ret_in, err) < 0)
            return -1;
    }
    if (r->hooks && r->hooks->cfn_new)
        r->hooks->cfn_new(cx, *ret_in);
    return 0;
}

/* By the names that it is given; false: it gets them from the service. */
static bool is_named(SwCtx *cx, const SwResource *r, const SwValue *want, SwStr *ret_identifier) {
    SwStrList said = {0};
    for (size_t i = 0; i < r->cfn->n_identifier; i++) {
        SwStr one = sw_value_str(sw_value_getz(want, r->cfn->identifier[i].property));
        if (!sw_str_is(one))
            return false;
        sw_str_list_add(cx->arena, &said, one);
    }
    *ret_identifier = sw_str_join(cx->arena, said.v, said.n, SW_STR("|"));
    return true;
}

/* What was made: by what create answered, else by the names it was given. */
static int made(SwCtx *cx, const SwResource *r, const SwValue *want, const void *out, SwFound *ret, SwError *err) {
    const SwCfnType *t = r->cfn;
    const SwShape *s;
    const SwStr *name = t->made.n ? sw_cfn_first(r->api->op[t->create].output, out, &t->made, true, &s) : NULL;
    SwStr identifier = SW_NO_STR;
    if (t->made.n)
        return sw_resource_by_reference(cx, (const SwResource *const[]){r, NULL}, name ? *name : SW_NO_STR, ret, err);
    (void)is_named(cx, r, want, &identifier);
    return sw_cfn_found(cx, r, identifier, ret, err);
}

/* Each operation that sets what create did not take, once. */
static int set_rest(SwCtx *cx, const SwResource *r, const SwFound *f, const SwValue *want, SwError *err) {
    const SwCfnType *t = r->cfn;
    for (size_t i = 0; i < t->n_bind; i++) {
        const SwCfnBinding *b = &t->bind[i];
        bool first = true, needed = wanted(b, want) && !b->create.n && !b->later;
        for (size_t k = 0; k < i && needed; k++)
            first &= !(together(&t->bind[k], b) && wanted(&t->bind[k], want) && !t->bind[k].create.n && !t->bind[k].later);
        if (needed && b->each && sw_cfn_each(cx, f, b, NULL, want, err) < 0)
            return -1;
        if (needed && b->hook && r->hooks->cfn_set(cx, f, b->property, NULL, wanted(b, want), err) < 0)
            return -1;
        if (needed && b->tags && !b->create.n && set_tags(cx, f, NULL, wanted(b, want), err) < 0)
            return -1;
        if (needed && first && b->set != SW_NO_OPERATION && set_by(cx, r, b, f, NULL, want, err) < 0)
            return -1;
    }
    return 0;
}

/* What is asked for already, by its names, or by what a hook knows it by; ret->r NULL: nothing could be. */
static int find_named(SwCtx *cx, const SwResource *r, const SwValue *want, const void *in, SwFound *ret, SwError *err) {
    const char *property = r->n_part == 1 ? r->cfn->name_property : NULL;
    SwStr identifier, name = property ? sw_value_str(sw_value_getz(want, property)) : SW_NO_STR;
    *ret = (SwFound){0};
    if (is_named(cx, r, want, &identifier))
        return sw_cfn_found(cx, r, identifier, ret, err);
    if (r->hooks && r->hooks->cfn_like)
        return r->hooks->cfn_like(cx, in, ret, err);
    if (sw_str_is(name))
        return sw_resource_find(cx, r, sw_resource_write(cx, r, r->id, &(SwParts){.v = {name}}), ret, err);
    return sw_resource_named(cx, r, &r->api->op[r->cfn->create], in, ret, err);
}

/* Some services answer a request to make what there is with that, or put the new one in its place. */
static int is_new(SwCtx *cx, const SwResource *r, const SwValue *want, const void *in, SwError *err) {
    bool there = false;
    SwFound f;
    if (find_named(cx, r, want, in, &f, err) < 0 || (f.r && sw_cfn_is_there(cx, &f, &there, err) < 0))
        return -1;
    if (!there)
        return 0;
    SwStr identifier = sw_resource_identifier(cx, &f);
    return sw_fail(err, &SW_CFN_EXISTS, "Resource of type '%s' with identifier '%.*s' already exists.", r->cfn->name,
                   SW_FMT(identifier));
}

/* What only create's answer says. */
static void note_told(SwCtx *cx, const SwResource *r, const void *out, SwValue *ret) {
    *ret = sw_value_object();
    for (size_t i = 0; i < r->cfn->n_bind; i++) {
        const SwCfnBinding *b = &r->cfn->bind[i];
        const SwShape *s;
        SwValue v;
        const void *at = b->told.n ? sw_cfn_first(r->api->op[r->cfn->create].output, out, &b->told, true, &s) : NULL;
        if (at && sw_cfn_get(cx, b->shape, s, at, NULL, &v))
            sw_value_set(cx->arena, ret, sw_str(b->property), v);
    }
}

static int create_kept(SwCtx *cx, const SwResource *r, const SwValue *want, SwApplied *ret, SwError *err) {
    SwValue plain;
    ret->identifier = make_name(cx, r->cfn, want);
    return sw_cfn_check(cx, r, want, &plain, err) < 0 ? -1 : sw_cfn_keep(cx, r, ret->identifier, NULL, &plain, err);
}

static int create(SwCtx *cx, const SwResource *r, const SwValue *want, SwApplied *ret, SwError *err) {
    const SwCfnType *t = r->cfn;
    SwValue named, plain;
    void *in, *out = NULL;
    SwFound f;
    if (sw_json_parse(cx->arena, sw_json_text(cx->arena, want), &named, err) < 0) /* a copy, however many keys it has */
        return -1;
    if (t->name_property && !sw_value_getz(&named, t->name_property))
        sw_value_set(cx->arena, &named, sw_str(t->name_property), sw_value_string(make_name(cx, t, want)));
    /* whether it is there is told to who may make it */
    if (sw_cfn_check(cx, r, &named, &plain, err) < 0 || create_input(cx, r, &plain, &in, err) < 0 ||
        sw_call_ask(cx, r->api, t->create, in, err) < 0 || is_new(cx, r, &plain, in, err) < 0 ||
        call(cx, r, t->create, in, &out, err) < 0 || made(cx, r, &plain, out, &f, err) < 0 ||
        set_rest(cx, r, &f, &plain, err) < 0)
        return -1;
    ret->identifier = sw_resource_identifier(cx, &f);
    note_told(cx, r, out, &ret->told);
    return 0;
}

/* --- changing and ending ---------------------------------------------------------------------------------------- */

/* Its value is put by `set`, with whatever else that operation takes. */
static bool goes_by_set(const SwCfnBinding *b, const SwValue *want) {
    bool otherwise = b->unset != SW_NO_OPERATION || b->take != SW_NO_OPERATION;
    return b->set != SW_NO_OPERATION && (wanted(b, want) || !otherwise);
}

static int change(SwCtx *cx, const SwResource *r, const SwCfnBinding *b, const SwFound *f, const SwValue *was,
                  const SwValue *want, SwError *err) {
    if (b->tags)
        return set_tags(cx, f, wanted(b, was), wanted(b, want), err);
    if (b->each)
        return sw_cfn_each(cx, f, b, was, want, err);
    if (b->stays && !wanted(b, want))
        return sw_fail(err, &SW_CFN_NOT_UPDATABLE, "%s cannot be taken away: %s", b->property, b->stays);
    if (b->hook && (wanted(b, want) || b->absent))
        return r->hooks->cfn_set(cx, f, b->property, wanted(b, was), wanted(b, want) ? wanted(b, want) : sw_cfn_absent(cx, b),
                                 err);
    if (b->take != SW_NO_OPERATION && take_gone(cx, r, b, f, wanted(b, was), wanted(b, want), err) < 0)
        return -1;
    if (b->keeps && !b->absent && !wanted(b, want) && b->unset == SW_NO_OPERATION)
        return sw_fail(err, &SW_CFN_NOT_UPDATABLE, "%s cannot be taken away", b->property);
    if (goes_by_set(b, want))
        return set_by(cx, r, b, f, was, want, err);
    if (b->unset != SW_NO_OPERATION)
        return unset_by(cx, r, b->unset, f, err);
    if (b->delete_at.n || b->take != SW_NO_OPERATION || b->carried)
        return 0;
    return sw_fail(err, &SW_CFN_NOT_UPDATABLE, "%s cannot be changed", b->property);
}

static const SwCfnBinding *binding(const SwCfnType *t, const char *property) {
    for (size_t i = 0; property && i < t->n_bind; i++)
        if (strcmp(t->bind[i].property, property) == 0)
            return &t->bind[i];
    return NULL;
}

/* It was taken away while another one changed, and is as good as new. */
static bool is_redone(SwCtx *cx, const SwCfnType *t, const SwCfnBinding *b, const SwValue *was, const SwValue *want) {
    for (size_t i = 0; i < t->n_bind; i++)
        if (binding(t, t->bind[i].without) == b && changes(cx, &t->bind[i], was, want))
            return wanted(b, want);
    return false;
}

static int change_one(SwCtx *cx, const SwResource *r, const SwCfnBinding *b, const SwFound *f, const SwValue *was,
                      const SwValue *want, SwError *err) {
    const SwCfnBinding *other = binding(r->cfn, b->without);
    if (other && wanted(other, was) && change(cx, r, other, f, was, NULL, err) < 0)
        return -1;
    return change(cx, r, b, f, was, want, err);
}

static int change_all(SwCtx *cx, const SwResource *r, const SwFound *f, const SwValue *was, const SwValue *want, SwError *err) {
    const SwCfnType *t = r->cfn;
    for (size_t i = 0; i < t->n_bind; i++) {
        const SwCfnBinding *b = &t->bind[i];
        bool done = !changes(cx, b, was, want) && !is_redone(cx, t, b, was, want);
        for (size_t k = 0; k < i && !done && goes_by_set(b, want); k++)
            done = together(&t->bind[k], b) && goes_by_set(&t->bind[k], want) && changes(cx, &t->bind[k], was, want);
        if (!done && change_one(cx, r, b, f, was, want, err) < 0)
            return -1;
    }
    return 0;
}

static int update(SwCtx *cx, const SwResource *r, const SwFound *f, const SwValue *was, const SwValue *want, SwApplied *ret,
                  SwError *err) {
    const SwCfnType *t = r->cfn;
    SwValue plain;
    if (sw_cfn_check(cx, r, want, &plain, err) < 0)
        return -1;
    want = &plain;
    if (t->kept.n)
        return sw_cfn_keep(cx, r, f->id, was, want, err);
    for (size_t i = 0; i < t->n_bind; i++)
        if (t->bind[i].create_only && changes(cx, &t->bind[i], was, want))
            sw_str_list_add(cx->arena, &ret->create_only, sw_str(t->bind[i].property));
    ret->replace = ret->create_only.n > 0;
    return ret->replace ? 0 : change_all(cx, r, f, was, want, err);
}

static int end(SwCtx *cx, const SwResource *r, const SwFound *f, const SwValue *was, SwError *err) {
    const SwCfnType *t = r->cfn;
    void *in, *out;
    if (t->kept.n)
        return sw_cfn_keep(cx, r, f->id, was, NULL, err);
    for (size_t i = 0; i < t->n_bind; i++) {
        const SwCfnBinding *b = &t->bind[i];
        if ((b->each && sw_cfn_each(cx, f, b, was, NULL, err) < 0) ||
            (b->hook && r->hooks->cfn_set && r->hooks->cfn_set(cx, f, b->property, wanted(b, was), NULL, err) < 0))
            return -1;
    }
    if (sw_cfn_input(cx, r, t->remove, f, t->remove_input, &in, err) < 0)
        return -1;
    for (size_t i = 0; i < t->n_bind; i++) {
        const SwCfnBinding *b = &t->bind[i];
        const SwValue *v = b->delete_at.n ? wanted(b, was) : NULL;
        if (v && sw_cfn_put_at(cx, b, &b->delete_at, v, r->api->op[t->remove].input, in, err) < 0)
            return -1;
    }
    if (call(cx, r, t->remove, in, &out, err) < 0)
        return -1;
    return r->hooks && r->hooks->cfn_deleted ? r->hooks->cfn_deleted(cx, f, out, err) : 0;
}

int sw_resource_apply(SwCtx *cx, const SwResource *r, SwStr identifier, const SwValue *was, const SwValue *want, SwApplied *ret,
                      SwError *err) {
    SwFound f;
    bool there;
    *ret = (SwApplied){.identifier = identifier};
    if (want && want->kind != SW_VOBJECT)
        return sw_fail(err, &SW_CFN_INVALID_REQUEST, "Model validation failed (#: expected type: JSONObject)");
    if (!was && want)
        return r->cfn->kept.n ? create_kept(cx, r, want, ret, err) : create(cx, r, want, ret, err);
    if (sw_cfn_found(cx, r, identifier, &f, err) < 0 || sw_cfn_is_there(cx, &f, &there, err) < 0)
        return -1;
    if (!there)
        return sw_resource_fail(cx, r, &r->missing, identifier, err);
    return want ? update(cx, r, &f, was, want, ret, err) : end(cx, r, &f, was, err);
}
