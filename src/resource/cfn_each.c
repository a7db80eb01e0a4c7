/* SPDX-License-Identifier: Apache-2.0 */
/* Lists whose elements have an operation each: a role's policies are attached and detached one by one. And what consists of
 * nothing else: CloudFormation counts a policy of several roles as a resource, though no service has such a thing; what it was
 * told is kept in a record. */

#include "api/registry.h"
#include "resource/cfn_internal.h"

/* --- one element ------------------------------------------------------------------------------------------------ */

/* What of an object's properties the input has a member for. */
static int put_fields(SwCtx *cx, const SwCfnShape *c, const SwValue *v, const SwShape *s, void *in, SwError *err) {
    for (size_t i = 0; i < c->n_field; i++) {
        const SwCfnField *f = &c->field[i];
        const SwMember *m = sw_shape_member(s, sw_str(f->name));
        const SwValue *one = sw_value_getz(v, f->name);
        if (m && one && sw_cfn_put(cx, f->shape, one, f->name, m->shape, sw_member_make(cx->arena, m, in), NULL, err) < 0)
            return -1;
    }
    return 0;
}

static bool is_with(const SwCfnEach *e, const SwCfnBinding *b) {
    for (const char *const *w = e->with; w && *w; w++)
        if (strcmp(*w, b->property) == 0)
            return true;
    return false;
}

/* A property of the type that each call is told, too: by the operation's own way, or where a member has its name. */
static int put_one_with(SwCtx *cx, const SwCfnBinding *b, uint16_t op, const SwValue *v, const SwShape *s, void *in,
                        SwError *err) {
    const SwMember *m = sw_shape_member(s, sw_str(b->property));
    if (b->set == op && b->name_at.n)
        sw_path_write(cx->arena, s, in, &b->name_at, sw_str(b->name_at.key));
    if (b->set == op)
        return sw_cfn_put_at(cx, b, &b->set_at, v, s, in, err);
    return m ? sw_cfn_put(cx, b->shape, v, b->property, m->shape, sw_member_make(cx->arena, m, in), NULL, err) : 0;
}

/* All of them. What is taken is told what they are where they are left out, if that is said. */
static int put_with(SwCtx *cx, const SwCfnType *t, const SwCfnBinding *each, uint16_t op, bool take, const SwValue *properties,
                    const SwShape *s, void *in, SwError *err) {
    for (size_t i = 0; i < t->n_bind; i++) {
        const SwCfnBinding *b = &t->bind[i];
        const SwValue *v = take && b->absent ? sw_cfn_absent(cx, b) : sw_value_getz(properties, b->property);
        if (v && is_with(each->each, b) && put_one_with(cx, b, op, v, s, in, err) < 0)
            return -1;
    }
    return 0;
}

/* The input of `put` or `take` of one. */
static int input_of_one(SwCtx *cx, const SwFound *f, const SwCfnBinding *b, bool take, const SwValue *one,
                        const SwValue *properties, void **ret_in, SwError *err) {
    uint16_t op = take ? b->each->take : b->each->put;
    const SwPath *at = take ? &b->each->take_at : &b->each->put_at;
    const SwShape *s = f->r->api->op[op].input;
    if (sw_cfn_input(cx, f->r, op, f, NULL, ret_in, err) < 0)
        return -1;
    int told = at->n ? sw_cfn_put(cx, b->shape->of, one, b->property, s->member[at->at[at->n - 1]].shape,
                                  sw_path_make(cx->arena, s, *ret_in, at), NULL, err)
                     : put_fields(cx, b->shape->of, one, s, *ret_in, err);
    return told < 0 ? -1 : put_with(cx, f->r->cfn, b, op, take, properties, s, *ret_in, err);
}

static int call_one(SwCtx *cx, const SwFound *f, const SwCfnBinding *b, bool take, const SwValue *one,
                    const SwValue *properties, SwError *err) {
    void *in, *out;
    if (input_of_one(cx, f, b, take, one, properties, &in, err) < 0)
        return -1;
    return sw_call(cx, f->r->api, take ? b->each->take : b->each->put, in, &out, err);
}

/* Whether the caller may put one: what `put` would ask IAM. */
static int ask_one(SwCtx *cx, const SwFound *f, const SwCfnBinding *b, const SwValue *one, const SwValue *properties,
                   SwError *err) {
    const SwOperation *op = &f->r->api->op[b->each->put];
    void *in;
    if (input_of_one(cx, f, b, false, one, properties, &in, err) < 0)
        return -1;
    return sw_resource_authorise(cx, sw_registry_by_api(cx->host, f->r->api), op, op->iam_action, in, err);
}

/* --- all of them ------------------------------------------------------------------------------------------------ */

bool sw_cfn_each_differs(const SwCfnBinding *b, const SwValue *was, const SwValue *want) {
    for (const char *const *w = b->each ? b->each->with : NULL; w && *w; w++)
        if (!sw_value_equal(sw_value_getz(was, *w), sw_value_getz(want, *w)))
            return true;
    return false;
}

int sw_cfn_each(SwCtx *cx, const SwFound *f, const SwCfnBinding *b, const SwValue *was, const SwValue *want, SwError *err) {
    const SwValue *before = was ? sw_value_path(was, b->property) : NULL,
                  *after = want ? sw_value_path(want, b->property) : NULL;
    bool anew = was && want && sw_cfn_each_differs(b, was, want);
    for (size_t i = 0; before && i < before->n; i++) {
        SwError gone = sw_error(err->arena);
        if (!anew && sw_value_has(after, &before->v[i]))
            continue;
        /* what is not there any more, or lay on what is not, has been taken already */
        if (call_one(cx, f, b, true, &before->v[i], was, &gone) < 0 && !sw_error_is(&gone, f->r->missing.kind))
            return *err = gone, -1;
    }
    for (size_t i = 0; after && i < after->n; i++)
        if ((anew || !sw_value_has(before, &after->v[i])) && call_one(cx, f, b, false, &after->v[i], want, err) < 0)
            return -1;
    return 0;
}

int sw_cfn_each_shown(SwCtx *cx, const SwFound *f, const SwCfnBinding *b, SwValue *list, SwError *err) {
    const SwCfnEach *e = b->each;
    const SwApi *api = f->r->api;
    SwValue all = sw_value_array();
    for (size_t i = 0; i < list->n; i++) {
        SwValue v;
        void *in, *out = NULL;
        if (sw_cfn_input(cx, f->r, e->show, f, NULL, &in, err) < 0)
            return -1;
        sw_path_write(cx->arena, api->op[e->show].input, in, &e->show_at, sw_value_str(&list->v[i]));
        if (sw_call(cx, api, e->show, in, &out, err) < 0)
            return -1;
        if (sw_cfn_get(cx, b->shape->of, api->op[e->show].output, out, NULL, &v))
            sw_value_add(cx->arena, &all, v);
    }
    *list = all;
    return 0;
}

/* --- what is kept ----------------------------------------------------------------------------------------------- */

static int store(SwCtx *cx, const SwFound *f, const SwValue *properties, SwError *err) {
    const SwFound new = {.r = f->r, .id = f->id, .record = sw_arena_alloc(cx->arena, f->r->in->shape->size)};
    sw_path_write(cx->arena, f->r->in->shape, new.record, &f->r->cfn->kept, sw_json_text(cx->arena, properties));
    return sw_resource_put(cx, &new, err);
}

static int each_of_all(SwCtx *cx, const SwFound *f, const SwValue *was, const SwValue *want, SwError *err) {
    const SwCfnType *t = f->r->cfn;
    for (size_t i = 0; i < t->n_bind; i++)
        if (t->bind[i].each && sw_cfn_each(cx, f, &t->bind[i], was, want, err) < 0)
            return -1;
    return 0;
}

/* What lies on nothing would do nothing. */
static int check_lies_somewhere(const SwCfnType *t, const SwValue *want, SwError *err) {
    size_t n = 0, lists = 0;
    const char *property = NULL;
    for (size_t i = 0; i < t->n_bind; i++) {
        const SwValue *list = t->bind[i].each ? sw_value_path(want, t->bind[i].property) : NULL;
        lists += t->bind[i].each != NULL;
        n += list ? list->n : 0;
        property = t->bind[i].each && !property ? t->bind[i].property : property;
    }
    return n || !lists ? 0
                       : sw_fail(err, &SW_CFN_INVALID_REQUEST, "Model validation failed (#/%s: at least one %s is needed)",
                                 property, lists > 1 ? "of what it may lie on" : "of them");
}

int sw_cfn_keep(SwCtx *cx, const SwResource *r, SwStr id, const SwValue *was, const SwValue *want, SwError *err) {
    const SwFound f = {.r = r, .id = id};
    if ((want && check_lies_somewhere(r->cfn, want, err) < 0) || each_of_all(cx, &f, was, want, err) < 0)
        return -1;
    return want ? store(cx, &f, want, err) : sw_doc_delete(cx->tx, r->in, id, NULL, err);
}

/* What is kept is read by nobody who may not put it: no operation of its service shows it, which would ask. */
static int ask_all(SwCtx *cx, const SwFound *f, const SwValue *properties, SwError *err) {
    const SwCfnType *t = f->r->cfn;
    for (size_t i = 0; cx->host->config->strict && i < t->n_bind; i++) {
        const SwCfnBinding *b = &t->bind[i];
        const SwValue *list = b->each ? sw_value_path(properties, b->property) : NULL;
        for (size_t k = 0; list && k < list->n; k++)
            if (ask_one(cx, f, b, &list->v[k], properties, err) < 0)
                return -1;
    }
    return 0;
}

int sw_cfn_kept(SwCtx *cx, const SwFound *f, SwValue *ret, SwError *err) {
    SwStr text = sw_path_text(f->r->in->shape, f->record, &f->r->cfn->kept);
    return sw_json_parse(cx->arena, text, ret, err) < 0 ? -1 : ask_all(cx, f, ret, err);
}
