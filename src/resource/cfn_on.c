/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of other resources that CloudFormation counts as resources: a policy of several queues. What it says is kept by
 * those it lies on; a record of its own says which these are. One that was deleted since is passed over. */

#include "resource/cfn_internal.h"

SwStrList sw_cfn_owners(const SwFound *f) {
    const SwShape *s;
    const SwStrList *l = sw_path_value(f->r->in->shape, f->record, &f->r->cfn->on_at, &s);
    return l ? *l : (SwStrList){0};
}

int sw_cfn_owner(SwCtx *cx, const SwFound *f, SwFound *ret, SwError *err) {
    SwStrList owners = sw_cfn_owners(f);
    *ret = (SwFound){0};
    for (size_t i = 0; i < owners.n && !ret->record; i++)
        if (sw_resource_find_reference(cx, f->r->cfn->on, owners.v[i], ret, err) < 0)
            return -1;
    return 0;
}

static SwStrList wanted_owners(SwCtx *cx, const SwCfnType *t, const SwValue *want) {
    const SwValue *list = sw_value_getz(want, t->on_property);
    SwStrList all = {0};
    for (size_t i = 0; list && i < list->n; i++)
        sw_str_list_add(cx->arena, &all, sw_value_str(&list->v[i]));
    return all;
}

static int set_on(SwCtx *cx, const SwResource *r, SwStr owner, const SwValue *want, SwError *err) {
    SwFound f;
    if (sw_resource_by_reference(cx, (const SwResource *const[]){r->cfn->on, NULL}, owner, &f, err) < 0)
        return -1;
    return sw_cfn_set_rest(cx, r, &f, want, err);
}

static int take_from(SwCtx *cx, const SwResource *r, SwStr owner, const SwValue *was, SwError *err) {
    SwFound f;
    if (sw_resource_find_reference(cx, r->cfn->on, owner, &f, err) < 0)
        return -1;
    return f.record ? sw_cfn_change(cx, r, &f, was, NULL, err) : 0;
}

static int change_on(SwCtx *cx, const SwResource *r, SwStr owner, const SwValue *was, const SwValue *want, SwError *err) {
    SwFound f;
    if (sw_resource_by_reference(cx, (const SwResource *const[]){r->cfn->on, NULL}, owner, &f, err) < 0)
        return -1;
    return sw_cfn_change(cx, r, &f, was, want, err);
}

static int store(SwCtx *cx, const SwResource *r, SwStr id, SwStrList owners, SwError *err) {
    SwFound f = {.r = r, .id = id, .record = sw_arena_alloc(cx->arena, r->in->shape->size)};
    *(SwStrList *)sw_path_make(cx->arena, r->in->shape, f.record, &r->cfn->on_at) = owners;
    return sw_resource_put(cx, &f, err);
}

int sw_cfn_create_on(SwCtx *cx, const SwResource *r, const SwValue *want, SwApplied *ret, SwError *err) {
    if (sw_cfn_check(r->cfn, want, err) < 0)
        return -1;
    SwStrList owners = wanted_owners(cx, r->cfn, want);
    for (size_t i = 0; i < owners.n; i++)
        if (set_on(cx, r, owners.v[i], want, err) < 0)
            return -1;
    ret->identifier = sw_cfn_name(cx, r->cfn, want);
    return store(cx, r, ret->identifier, owners, err);
}

int sw_cfn_change_on(SwCtx *cx, const SwFound *f, const SwValue *was, const SwValue *want, SwError *err) {
    SwStrList before = sw_cfn_owners(f), after = wanted_owners(cx, f->r->cfn, want);
    for (size_t i = 0; i < before.n; i++)
        if (!sw_str_list_has(&after, before.v[i]) && take_from(cx, f->r, before.v[i], was, err) < 0)
            return -1;
    for (size_t i = 0; i < after.n; i++) {
        bool kept = sw_str_list_has(&before, after.v[i]);
        int done = kept ? change_on(cx, f->r, after.v[i], was, want, err) : set_on(cx, f->r, after.v[i], want, err);
        if (done < 0)
            return -1;
    }
    return want ? store(cx, f->r, f->id, after, err) : sw_doc_delete(cx->tx, f->r->in, f->id, NULL, err);
}
