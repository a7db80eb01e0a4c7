/* SPDX-License-Identifier: Apache-2.0 */
/* Tags: the operations that every service has, over whatever its declarations say. */

#include "resource/internal.h"

#include "api/page.h"
#include "api/registry.h"

SwStrMap *sw_resource_tags(SwCtx *cx, const SwFound *f) {
    return sw_path_make(cx->arena, f->r->in->shape, f->record, &f->r->tags_at);
}

/* Keys that begin with aws: are Slipway's own to set: its services mark what they made. */
static SwTagRules rules_for(SwCtx *cx, const SwTagRules *of) {
    SwTagRules rules = *of;
    if (cx->principal.kind == SW_PRINCIPAL_SERVICE)
        rules.reserved.kind = NULL;
    return rules;
}

int sw_resource_set_tags(SwCtx *cx, const SwFound *f, const SwStrMap *given, SwError *err) {
    SwTagRules rules = rules_for(cx, f->r->tag_rules);
    SwStr named = rules.by_id ? f->id : sw_resource_arn(cx, f->r, f->id, f->record);
    return sw_tags_merge(cx->arena, &rules, named, sw_resource_tags(cx, f), given, err);
}

int sw_resource_set_tags_parts(SwCtx *cx, const SwResource *r, const SwParts *p, void *record, const SwStrMap *given,
                               SwError *err) {
    return sw_resource_set_tags(cx, &(SwFound){r, sw_resource_write(cx, r, r->id, p), record}, given, err);
}

int sw_resource_check_tags(SwCtx *cx, const SwTagRules *of, const SwStrMap *given, SwError *err) {
    SwTagRules rules = rules_for(cx, of);
    return sw_tags_check(&rules, SW_NO_STR, given, err);
}

int sw_resource_replace_tags(SwCtx *cx, const SwTagRules *of, SwStr named, SwStrMap *tags, const SwStrMap *given,
                             SwError *err) {
    SwTagRules rules = rules_for(cx, of);
    SwStrMap kept = {0};
    for (size_t i = 0; cx->principal.kind != SW_PRINCIPAL_SERVICE && i < tags->n; i++)
        if (sw_tag_is_reserved(tags->v[i].key))
            *sw_list_add(cx->arena, &kept) = tags->v[i];
    if (sw_tags_merge(cx->arena, &rules, named, &kept, given, err) < 0)
        return -1;
    *tags = kept;
    return 0;
}

int sw_resource_replace_tags_parts(SwCtx *cx, const SwResource *r, const SwParts *p, void *record, const SwStrMap *given,
                                   SwError *err) {
    const SwFound f = {r, sw_resource_write(cx, r, r->id, p), record};
    SwStr named = r->tag_rules->by_id ? f.id : sw_resource_arn(cx, r, f.id, record);
    return sw_resource_replace_tags(cx, r->tag_rules, named, sw_resource_tags(cx, &f), given, err);
}

static int write_back(SwCtx *cx, const SwFound *f, SwError *err) {
    const SwResourceHooks *h = f->r->hooks;
    if (h && h->tagged && h->tagged(cx, f, err) < 0)
        return -1;
    return sw_resource_put(cx, f, err);
}

static SwText bad_arn(const SwResource *const *among) {
    const SwTagFault *f = NULL;
    for (size_t i = 0; among[i] && !f; i++)
        f = among[i]->tag_rules ? &among[i]->tag_rules->bad_arn : NULL;
    return f && f->kind ? (SwText){f->kind, f->text} : among[0]->bad_arn;
}

int sw_op_check_arns(SwCtx *cx, const SwResource *const *among, SwStrList refs, SwError *err) {
    const SwText bad = bad_arn(among);
    return sw_resource_check_among(cx, among, &bad, refs, err);
}

/* One of those among them that can have tags. */
static int find(SwCtx *cx, const SwResource *const *among, SwStr ref, SwFound *ret, SwError *err) {
    struct {
        const SwResource **v;
        size_t n;
    } taggable = {0};
    for (; *among; among++)
        if ((*among)->tag_rules)
            *sw_list_add(cx->arena, &taggable) = *among;
    *sw_list_add(cx->arena, &taggable) = NULL;
    const SwText bad = bad_arn(taggable.v);
    if (sw_resource_among(cx, taggable.v, &bad, ref, ret, err) == 0)
        return 0;
    const SwTagFault *missing = ret->r ? &ret->r->tag_rules->missing : NULL;
    return missing && missing->kind && sw_error_is(err, ret->r->missing.kind)
               ? sw_fail_as(err, missing->kind, "%s", missing->text)
               : -1;
}

int sw_op_tag(SwCtx *cx, const SwResource *const *among, SwStrList refs, const SwStrMap *given, SwError *err) {
    for (size_t i = 0; i < refs.n; i++) {
        SwFound f;
        if (find(cx, among, refs.v[i], &f, err) < 0 || sw_resource_set_tags(cx, &f, given, err) < 0 ||
            write_back(cx, &f, err) < 0)
            return -1;
    }
    return 0;
}

int sw_op_untag(SwCtx *cx, const SwResource *const *among, SwStrList refs, const SwStrList *keys, SwError *err) {
    for (size_t i = 0; i < refs.n; i++) {
        SwFound f;
        if (find(cx, among, refs.v[i], &f, err) < 0)
            return -1;
        SwTagRules rules = rules_for(cx, f.r->tag_rules);
        SwStr arn = sw_resource_arn(cx, f.r, f.id, f.record);
        if (sw_tags_check_keys(&rules, arn, keys, err) < 0)
            return -1;
        sw_tags_remove(cx->arena, &rules, sw_resource_tags(cx, &f), keys);
        if (write_back(cx, &f, err) < 0)
            return -1;
    }
    return 0;
}

int sw_op_tags(SwCtx *cx, const SwResource *const *among, SwStr ref, SwStrMap **ret_tags, SwError *err) {
    SwFound f;
    if (find(cx, among, ref, &f, err) < 0)
        return -1;
    *ret_tags = sw_resource_tags(cx, &f);
    return 0;
}

int sw_op_tags_page(SwCtx *cx, const SwResource *const *among, SwStr ref, size_t usual, void *out, SwError *err) {
    SwStrMap *tags;
    SwPageItems items = {0};
    if (sw_op_tags(cx, among, ref, &tags, err) < 0)
        return -1;
    for (size_t i = 0; i < tags->n; i++)
        *sw_list_add(cx->arena, &items) = (SwPageItem){tags->v[i].key, &tags->v[i]};
    return sw_page(cx, &(SwPage){.items = items, .usual = usual}, out, err);
}

/* --- by the service's own operations ---------------------------------------------------------------------------- */

static const SwTagOperation *operation(SwCtx *cx, const SwResource *r, SwTagVerb verb) {
    const SwService *s = sw_registry_by_api(cx->host, r->api);
    for (size_t i = 0; s && s->declares && i < s->declares->n_tagging; i++) {
        const SwTagOperation *t = &s->declares->tagging[i];
        if (t->verb == verb && (!t->only || t->only == r))
            return t;
    }
    return NULL;
}

int sw_resource_ask_tags(SwCtx *cx, const SwFound *f, SwError *err) {
    const SwTagOperation *t = operation(cx, f->r, SW_TAG_SHOW);
    return t ? sw_authorise(cx, f->r->api->op[t->op].iam_action, sw_resource_arn(cx, f->r, f->id, f->record), err) : 0;
}

/* All of them as they are to be afterwards, for an operation that replaces them. */
static SwStrMap *all_tags(SwCtx *cx, const SwFound *f, const SwStrMap *tags, const SwStrList *keys) {
    const SwStrMap none = {0}, *now = f->record ? sw_resource_tags(cx, f) : &none;
    SwStrMap *all = sw_new(cx->arena, SwStrMap);
    sw_list_present(cx->arena, all);
    for (size_t i = 0; i < now->n; i++)
        if (!keys || !sw_str_list_has(keys, now->v[i].key))
            sw_str_map_set(cx->arena, all, now->v[i].key, now->v[i].value);
    for (size_t i = 0; tags && i < tags->n; i++)
        sw_str_map_set(cx->arena, all, tags->v[i].key, tags->v[i].value);
    return all;
}

static int call(SwCtx *cx, const SwFound *f, SwTagVerb verb, const SwStrMap *tags, const SwStrList *keys, SwError *err) {
    const SwTagOperation *t = operation(cx, f->r, verb), *set = operation(cx, f->r, SW_TAG_SET);
    if (set && set->replaces) {
        t = set;
        tags = all_tags(cx, f, tags, keys);
    }
    if (!t)
        return sw_fail(err, &SW_NOT_IMPLEMENTED, "Tags of %s:%s cannot be changed here", f->r->service, f->r->name);
    const SwShape *s = f->r->api->op[t->op].input;
    void *in = sw_arena_alloc(cx->arena, s->size), *out;
    sw_path_write(cx->arena, s, in, &t->of, sw_resource_reference(cx, f, s, &t->of));
    if (t->text)
        sw_path_write(cx->arena, s, in, &t->says, sw_str(t->text));
    if (tags)
        *(SwStrMap *)sw_path_make(cx->arena, s, in, &t->at) = *tags;
    else
        *(SwStrList *)sw_path_make(cx->arena, s, in, &t->at) = *keys;
    return sw_call(cx, f->r->api, t->op, in, &out, err);
}

int sw_resource_call_tag(SwCtx *cx, const SwFound *f, const SwStrMap *tags, SwError *err) {
    return call(cx, f, SW_TAG_SET, tags, NULL, err);
}

int sw_resource_call_untag(SwCtx *cx, const SwFound *f, const SwStrList *keys, SwError *err) {
    return call(cx, f, SW_TAG_TAKE, NULL, keys, err);
}
