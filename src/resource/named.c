/* SPDX-License-Identifier: Apache-2.0 */
/* What a request is about: the ARNs that IAM is asked for, and the policies that lie on what they name. */

#include "resource/internal.h"

#include "api/registry.h"
#include "api/service.h"

/* One of the other parts, as the input says it: a name, or the ARN of what it is part of. */
static SwStr part_of(SwCtx *cx, const SwService *s, const char *name, SwStr said) {
    SwParts p;
    if (!sw_str_starts(said, SW_STR("arn:")))
        return said;
    for (const SwResource *const *r = s->declares->resource; *r; r++)
        for (size_t k = 0; k < (*r)->n_part; k++)
            if (strcmp((*r)->part[k].name, name) == 0 && sw_resource_read_arn(cx, *r, said, &p))
                return p.v[k];
    return SW_NO_STR;
}

/* As it is stored, where it is: its own ARN may say more than what it is asked by. */
static int stored_arn(SwCtx *cx, const SwResource *r, const SwParts *p, SwStr *ret_arn, SwError *err) {
    SwStr id = sw_resource_write(cx, r, r->id, p);
    SwFound f = {0};
    if (cx->tx && r->arn_at.n && sw_resource_find(cx, r, id, &f, err) < 0)
        return -1;
    *ret_arn = f.record ? sw_resource_arn(cx, r, id, f.record) : sw_resource_write_arn(cx, r, p);
    return 0;
}

static bool same_path(const SwPath *x, const SwPath *y) {
    return x->n == y->n && x->n && memcmp(x->at, y->at, x->n * sizeof(x->at[0])) == 0;
}

/* What an input says of its parts. */
static void parts_named(SwCtx *cx, const SwService *s, const SwResource *r, const SwNamed *n, const SwOperation *op,
                        const void *in, SwStr ref, SwParts *ret) {
    bool read = false;
    *ret = (SwParts){0};
    for (size_t i = 0; ref.p && !read && r->reference[i]; i++)
        read = sw_resource_read(r, r->reference[i], ref, ret);
    for (size_t i = 0; i < r->n_part; i++) {
        SwStr said = same_path(&n->with[i], &n->at) ? ref : sw_path_text(op->input, in, &n->with[i]);
        if (!ret->v[i].p && sw_str_is(said))
            ret->v[i] = part_of(cx, s, r->part[i].name, said);
    }
}

/* Whether an id can be written of them. */
static bool say_id(SwCtx *cx, const SwResource *r, const SwParts *p) {
    for (size_t i = 0; i < r->n_part; i++) {
        SwStr part = sw_cat(cx->arena, SW_STR("{"), sw_str(r->part[i].name));
        if (!sw_str_is(p->v[i]) && !r->part[i].otherwise && sw_str_contains(sw_str(r->id), part))
            return false;
    }
    return true;
}

int sw_resource_named(SwCtx *cx, const SwResource *r, const SwOperation *op, const void *in, SwFound *ret, SwError *err) {
    SwParts p;
    *ret = (SwFound){0};
    for (size_t i = 0; i < r->n_named; i++) {
        const SwNamed *n = &r->named[i];
        SwStr ref = n->op == op->index ? sw_path_text(op->input, in, &n->at) : SW_NO_STR;
        if (!ref.p)
            continue;
        parts_named(cx, sw_registry_by_api(cx->host, r->api), r, n, op, in, ref, &p);
        if (say_id(cx, r, &p))
            return sw_resource_find(cx, r, sw_resource_write(cx, r, r->id, &p), ret, err);
    }
    return 0;
}

/* ref absent: the request named nothing, and means what the parts say then, or what a hook knows. */
static int arn_of(SwCtx *cx, const SwService *s, const SwResource *r, const SwNamed *n, const SwOperation *op, const void *in,
                  SwStr ref, SwStr *ret_arn, SwError *err) {
    SwParts p;
    *ret_arn = r->hooks && r->hooks->named ? r->hooks->named(cx, op, in, ref) : SW_NO_STR;
    if (!ret_arn->p && sw_str_starts(ref, SW_STR("arn:")))
        *ret_arn = ref;
    if (ret_arn->p || (!ref.p && !sw_resource_may_be_left_out(r)))
        return 0;
    parts_named(cx, s, r, n, op, in, ref, &p);
    return stored_arn(cx, r, &p, ret_arn, err);
}

static void add_question(SwCtx *cx, SwQuestions *all, const char *action, SwStr arn) {
    for (size_t i = 0; i < all->n; i++)
        if (sw_str_eq(all->v[i].arn, arn) && all->v[i].action == action)
            return;
    *sw_list_add(cx->arena, all) = (SwQuestion){action, arn};
}

static void add_questions(SwCtx *cx, SwQuestions *all, const SwNamed *n, SwStr arn) {
    if (!n->asks)
        add_question(cx, all, NULL, arn);
    for (const char *const *a = n->asks; a && *a; a++)
        add_question(cx, all, *a, arn);
}

/* The ARN that it has when the request is done; absent: the one that it has. */
static SwStr arn_afterwards(SwCtx *cx, const SwResource *r, const SwNamed *n, const SwOperation *op, const void *in,
                            SwStr arn) {
    SwParts p;
    bool changes = false;
    if (!sw_resource_read_any_arn(r, arn, &p))
        return SW_NO_STR;
    for (size_t i = 0; i < r->n_part; i++) {
        SwStr said = sw_path_text(op->input, in, &n->becomes[i]);
        changes |= sw_str_is(said);
        p.v[i] = sw_str_or(said, p.v[i]);
    }
    return changes ? sw_resource_write_arn(cx, r, &p) : SW_NO_STR;
}

static int add_named(SwCtx *cx, const SwService *s, const SwResource *r, const SwNamed *n, const SwOperation *op,
                     const void *in, SwQuestions *all, SwError *err) {
    SwStrList refs = sw_path_texts(cx->arena, op->input, in, &n->at);
    if (refs.n == 0)
        sw_str_list_add(cx->arena, &refs, SW_NO_STR);
    for (size_t i = 0; i < refs.n; i++) {
        SwStr arn, afterwards;
        if (arn_of(cx, s, r, n, op, in, refs.v[i], &arn, err) < 0)
            return -1;
        if (!sw_str_is(arn))
            continue;
        add_questions(cx, all, n, arn);
        afterwards = arn_afterwards(cx, r, n, op, in, arn);
        if (sw_str_is(afterwards))
            add_questions(cx, all, n, afterwards);
    }
    return 0;
}

int sw_resource_questions(SwCtx *cx, const SwService *s, const SwOperation *op, const void *in, SwQuestions *ret,
                          SwError *err) {
    *ret = (SwQuestions){0};
    for (size_t i = 0; op->input && s->declares && s->declares->resource[i]; i++) {
        const SwResource *r = s->declares->resource[i];
        for (size_t k = 0; r->arn[0] && k < r->n_named; k++)
            if (r->named[k].op == op->index && add_named(cx, s, r, &r->named[k], op, in, ret, err) < 0)
                return -1;
    }
    return 0;
}

int sw_resource_authorise(SwCtx *cx, const SwService *s, const SwOperation *op, const char *action, const void *in,
                          SwError *err) {
    SwQuestions all;
    if (sw_resource_questions(cx, s, op, in, &all, err) < 0)
        return -1;
    for (size_t i = 0; i < all.n; i++)
        if (sw_authorise(cx, all.v[i].action ? all.v[i].action : action, all.v[i].arn, err) < 0)
            return -1;
    return all.n ? 0 : sw_authorise(cx, action, SW_STR("*"), err);
}

int sw_resource_condition(SwCtx *cx, const SwService *s, const SwInputWay *w, const SwOperation *op, const void *in,
                          SwStr *ret_arn, SwError *err) {
    const SwNamed n = {.op = w->op, .at = w->at};
    SwStr ref = sw_path_text(op->input, in, &w->at);
    *ret_arn = SW_NO_STR;
    return ref.p || sw_resource_may_be_left_out(w->arn_of) ? arn_of(cx, s, w->arn_of, &n, op, in, ref, ret_arn, err) : 0;
}

int sw_resource_meant(SwCtx *cx, const SwService *s, const SwOperation *op, const void *in, const SwPath *at, SwStr *ret,
                      SwError *err) {
    const SwDeclarations *d = s->declares;
    for (size_t i = 0; d && i < d->n_conditions; i++) {
        const SwInputWay *w = &d->conditions[i];
        if (w->op == op->index && w->arn_of && same_path(&w->at, at))
            return sw_resource_condition(cx, s, w, op, in, ret, err);
    }
    *ret = sw_path_text(op->input, in, at);
    return 0;
}

/* What an ARN would name, where the policy of such things does not depend on whether they are there. */
static SwFound named_alone(SwCtx *cx, SwStr arn) {
    SwArn parsed;
    SwParts p;
    for (const SwResource *const *r = sw_resource_all(cx->host); sw_arn_parse(arn, &parsed) && *r; r++)
        if ((*r)->hooks && (*r)->hooks->any_policy && sw_str_eqz(parsed.service, (*r)->service) &&
            sw_resource_read_arn(cx, *r, arn, &p))
            return (SwFound){.r = *r, .id = sw_resource_write(cx, *r, (*r)->id, &p)};
    return (SwFound){0};
}

int sw_resource_policy(SwCtx *cx, SwStr arn, SwStr *ret_document, SwFound *ret_f, SwError *err) {
    *ret_document = SW_NO_STR;
    if (sw_resource_by_arn(cx, arn, ret_f, err) < 0)
        return -1;
    if (!ret_f->record)
        *ret_f = named_alone(cx, arn);
    const SwResource *r = ret_f->r;
    if (!r)
        return 0;
    if (r->hooks && r->hooks->policy)
        return r->hooks->policy(cx, ret_f, ret_document, err);
    if (r->hooks && r->hooks->any_policy)
        return r->hooks->any_policy(cx, ret_f->id, ret_document, err);
    *ret_document = sw_path_text(r->in->shape, ret_f->record, &r->policy_at);
    return 0;
}

bool sw_resource_policy_decides(SwCtx *cx, SwStr arn) {
    SwParts p;
    for (const SwResource *const *r = sw_resource_all(cx->host); *r; r++)
        if ((*r)->policy_decides && sw_resource_read_arn(cx, *r, arn, &p))
            return true;
    return false;
}
