/* SPDX-License-Identifier: Apache-2.0 */
/* A resource made, changed and ended by its properties. What changed is put into as few calls as there are operations that
 * take it; each operation gets all that it takes, since some of them replace what they are not told. */

#include "resource/cfn_internal.h"

#include "base/id.h"

static const SwValue *wanted(const SwCfnBinding *b, const SwValue *properties) {
    return properties ? sw_value_path(properties, b->property) : NULL;
}

static int put(SwCtx *cx, const SwCfnBinding *b, const SwPath *at, const SwValue *v, const SwShape *s, void *in, SwError *err) {
    const SwShape *end = s;
    SwPath above = *at;
    if (sw_cfn_says_absent(b->shape, v)) {
        above.n--;
        (void)sw_path_make(cx->arena, s, in, &above);
        return 0;
    }
    void *to = sw_path_make(cx->arena, s, in, at);
    for (unsigned i = 0; i < at->n; i++)
        for (end = end->member[at->at[i]].shape; end->kind == SW_LIST && i + 1 < at->n;)
            end = end->member[0].shape;
    return sw_cfn_put(cx, b->shape, v, b->property, end, to, at->key, err);
}

/* --- setting ---------------------------------------------------------------------------------------------------- */

static int call(SwCtx *cx, const SwResource *r, unsigned op, const void *in, void **ret_out, SwError *err) {
    return sw_call(cx, r->api, op, in, ret_out, err);
}

static const SwValue *absent_value(SwCtx *cx, const SwCfnBinding *b) {
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
    const SwValue *absent = was ? absent_value(cx, b) : NULL;
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
        const SwValue *v = together(b, by) ? value_to_set(cx, b, wanted(b, was), wanted(b, want)) : NULL;
        if (v && put(cx, b, &b->set_at, v, s, in, err) < 0)
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
    for (size_t i = 0; was && i < was->n; i++) {
        bool stays = false;
        for (size_t k = 0; want && k < want->n && !stays; k++)
            stays = sw_value_equal(&was->v[i], &want->v[k]);
        if (!stays)
            sw_value_add(cx->arena, &gone, was->v[i]);
    }
    if (!gone.n)
        return 0;
    if (sw_cfn_input(cx, r, b->take, f, NULL, &in, err) < 0 ||
        put(cx, b, &b->take_at, &gone, r->api->op[b->take].input, in, err) < 0)
        return -1;
    return call(cx, r, b->take, in, &out, err);
}

/* Tags go by the service's own operations: what is not wanted any more first. */
static int set_tags(SwCtx *cx, const SwFound *f, const SwValue *was, const SwValue *want, SwError *err) {
    SwStrMap given = {0};
    SwStrList gone = {0};
    for (size_t i = 0; want && i < want->n; i++)
        sw_str_map_set(cx->arena, &given, sw_value_str(sw_value_getz(&want->v[i], "Key")),
                       sw_value_str(sw_value_getz(&want->v[i], "Value")));
    for (size_t i = 0; was && i < was->n; i++) {
        SwStr key = sw_value_str(sw_value_getz(&was->v[i], "Key"));
        if (!sw_str_map_get(&given, key).p)
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

SwStr sw_cfn_name(SwCtx *cx, const SwCfnType *t, const SwValue *want) {
    const char *word = strrchr(t->name, ':');
    SwStr name = sw_cat(cx->arena, sw_str(word ? word + 1 : t->name), SW_STR("-"), sw_id_base32(cx->arena, 12));
    if (t->name_end && is_true(want, t->name_end_if))
        name = sw_cat(cx->arena, name, sw_str(t->name_end));
    return t->name_lower ? sw_str_lower(cx->arena, name) : name;
}

static int create_input(SwCtx *cx, const SwResource *r, const SwValue *want, void **ret_in, SwError *err) {
    const SwCfnType *t = r->cfn;
    const SwShape *s = r->api->op[t->create].input;
    if (sw_cfn_input(cx, r, t->create, NULL, t->create_input, ret_in, err) < 0)
        return -1;
    for (size_t i = 0; i < t->n_bind; i++) {
        const SwCfnBinding *b = &t->bind[i];
        const SwValue *v = b->create.n ? wanted(b, want) : NULL;
        if (v && put(cx, b, &b->create, v, s, *ret_in, err) < 0)
            return -1;
    }
    if (r->hooks && r->hooks->cfn_new)
        r->hooks->cfn_new(cx, *ret_in);
    return 0;
}

/* What was made: by what create answered, else by the names it was given. */
static int made(SwCtx *cx, const SwResource *r, const SwValue *want, const void *out, SwFound *ret, SwError *err) {
    const SwCfnType *t = r->cfn;
    const SwShape *s;
    const SwStr *name = t->made.n ? sw_cfn_first(r->api->op[t->create].output, out, &t->made, true, &s) : NULL;
    SwStrList said = {0};
    if (t->made.n)
        return sw_resource_by_reference(cx, (const SwResource *const[]){r, NULL}, name ? *name : SW_NO_STR, ret, err);
    for (size_t i = 0; i < t->n_identifier; i++)
        sw_str_list_add(cx->arena, &said, sw_value_str(sw_value_getz(want, t->identifier[i].property)));
    return sw_cfn_found(cx, r, sw_str_join(cx->arena, said.v, said.n, SW_STR("|")), ret, err);
}

/* What `want` names and was there before: some services answer a request to make it with what there is. */
static int find_named(SwCtx *cx, const SwResource *r, const SwValue *want, SwFound *ret, SwError *err) {
    const char *property = r->cfn->name_property ? r->cfn->name_property : r->cfn->identifier[0].property;
    SwStr name = sw_value_str(sw_value_getz(want, property));
    *ret = (SwFound){0};
    if (!sw_str_is(name) || r->n_part > 1)
        return 0;
    return sw_resource_find(cx, r, sw_resource_write(cx, r, r->id, &(SwParts){.v = {name}}), ret, err);
}

/* Each operation that sets what create did not take, once. */
int sw_cfn_set_rest(SwCtx *cx, const SwResource *r, const SwFound *f, const SwValue *want, SwError *err) {
    const SwCfnType *t = r->cfn;
    for (size_t i = 0; i < t->n_bind; i++) {
        const SwCfnBinding *b = &t->bind[i];
        bool first = true, needed = wanted(b, want) && !b->create.n;
        for (size_t k = 0; k < i && needed; k++)
            first &= !(together(&t->bind[k], b) && wanted(&t->bind[k], want) && !t->bind[k].create.n);
        if (needed && b->hook && r->hooks->cfn_set(cx, f, b->property, NULL, wanted(b, want), err) < 0)
            return -1;
        if (needed && b->tags && !b->create.n && set_tags(cx, f, NULL, wanted(b, want), err) < 0)
            return -1;
        if (needed && first && b->set != SW_NO_OPERATION && set_by(cx, r, b, f, NULL, want, err) < 0)
            return -1;
    }
    return 0;
}

static int create(SwCtx *cx, const SwResource *r, const SwValue *want, SwApplied *ret, SwError *err) {
    const SwCfnType *t = r->cfn;
    SwValue named = sw_value_object();
    void *in, *out = NULL;
    SwFound f, before;
    for (size_t i = 0; i < want->n; i++)
        sw_value_set(cx->arena, &named, want->keys[i], want->v[i]);
    if (t->name_property && !sw_value_getz(&named, t->name_property))
        sw_value_set(cx->arena, &named, sw_str(t->name_property), sw_value_string(sw_cfn_name(cx, t, want)));
    if (sw_cfn_check(t, &named, err) < 0 || find_named(cx, r, &named, &before, err) < 0 ||
        create_input(cx, r, &named, &in, err) < 0 || call(cx, r, t->create, in, &out, err) < 0 ||
        made(cx, r, &named, out, &f, err) < 0)
        return -1;
    if (before.record)
        return r->exists.kind ? sw_resource_fail(cx, r, &r->exists, before.id, err)
                              : sw_fail(err, &SW_CFN_EXISTS, "%.*s already exists", SW_FMT(before.id));
    if (sw_cfn_set_rest(cx, r, &f, &named, err) < 0)
        return -1;
    ret->identifier = sw_resource_identifier(cx, &f);
    return 0;
}

/* --- changing and ending ---------------------------------------------------------------------------------------- */

/* Its value is put by `set`, with whatever else that operation takes. */
static bool goes_by_set(const SwCfnBinding *b, const SwValue *want) {
    bool otherwise = b->unset != SW_NO_OPERATION || b->take != SW_NO_OPERATION;
    return b->set != SW_NO_OPERATION && (wanted(b, want) || !otherwise);
}

static bool changes(SwCtx *cx, const SwCfnBinding *b, const SwValue *was, const SwValue *want) {
    return !sw_value_equal(wanted(b, was), wanted(b, want));
}

static int change(SwCtx *cx, const SwResource *r, const SwCfnBinding *b, const SwFound *f, const SwValue *was,
                  const SwValue *want, SwError *err) {
    if (b->tags)
        return set_tags(cx, f, wanted(b, was), wanted(b, want), err);
    if (b->hook)
        return r->hooks->cfn_set(cx, f, b->property, wanted(b, was), wanted(b, want) ? wanted(b, want) : absent_value(cx, b),
                                 err);
    if (r->cfn->on_property && strcmp(b->property, r->cfn->on_property) == 0)
        return 0;
    if (b->stays && !wanted(b, want))
        return sw_fail(err, &SW_CFN_NOT_UPDATABLE, "%s cannot be taken away: %s", b->property, b->stays);
    if (b->take != SW_NO_OPERATION && take_gone(cx, r, b, f, wanted(b, was), wanted(b, want), err) < 0)
        return -1;
    if (goes_by_set(b, want))
        return set_by(cx, r, b, f, was, want, err);
    if (b->unset != SW_NO_OPERATION)
        return unset_by(cx, r, b->unset, f, err);
    if (b->delete_at.n || b->take != SW_NO_OPERATION)
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

int sw_cfn_change(SwCtx *cx, const SwResource *r, const SwFound *f, const SwValue *was, const SwValue *want, SwError *err) {
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
    if (sw_cfn_check(t, want, err) < 0)
        return -1;
    for (size_t i = 0; i < t->n_bind; i++)
        ret->replace |= t->bind[i].create_only && changes(cx, &t->bind[i], was, want);
    if (ret->replace)
        return 0;
    return t->on ? sw_cfn_change_on(cx, f, was, want, err) : sw_cfn_change(cx, r, f, was, want, err);
}

static int end(SwCtx *cx, const SwResource *r, const SwFound *f, const SwValue *was, SwError *err) {
    const SwCfnType *t = r->cfn;
    void *in, *out;
    if (sw_cfn_input(cx, r, t->remove, f, NULL, &in, err) < 0)
        return -1;
    for (size_t i = 0; i < t->n_bind; i++) {
        const SwCfnBinding *b = &t->bind[i];
        const SwValue *v = b->delete_at.n ? wanted(b, was) : NULL;
        if (v && put(cx, b, &b->delete_at, v, r->api->op[t->remove].input, in, err) < 0)
            return -1;
    }
    return call(cx, r, t->remove, in, &out, err);
}

int sw_resource_apply(SwCtx *cx, const SwResource *r, SwStr identifier, const SwValue *was, const SwValue *want, SwApplied *ret,
                      SwError *err) {
    SwFound f;
    *ret = (SwApplied){.identifier = identifier};
    if (!was && want)
        return r->cfn->on ? sw_cfn_create_on(cx, r, want, ret, err) : create(cx, r, want, ret, err);
    if (sw_cfn_found(cx, r, identifier, &f, err) < 0)
        return -1;
    if (!f.record)
        return sw_resource_fail(cx, r, &r->missing, identifier, err);
    if (want)
        return update(cx, r, &f, was, want, ret, err);
    return r->cfn->on ? sw_cfn_change_on(cx, &f, was, NULL, err) : end(cx, r, &f, was, err);
}
