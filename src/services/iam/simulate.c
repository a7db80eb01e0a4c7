/* SPDX-License-Identifier: Apache-2.0 */
/* The policy simulators: the same evaluation that requests meet (src/policy), about requests that are only described. What a
 * request would know by itself is known here as far as the caller says it (ContextEntries), as on AWS. */

#include "services/iam/aws_policies.h"
#include "services/iam/iam.h"

typedef struct Source {
    SwStr id, text;
    const char *type;
    const SwPolicy *policy;
} Source;
typedef struct Sources {
    Source *v;
    size_t n;
} Sources;

typedef struct Simulation {
    Sources identity, boundary, resource;
    SwPolicyQuery query; /* without action and resource */
    bool bounded;
    SwStrList keys; /* that any of the policies names */
    bool about_resources;
} Simulation;

typedef struct Pair {
    SwStr action, resource;
} Pair;

static int invalid(SwError *err, const char *field, const char *why) {
    return sw_fail(err, &IAM_INVALID_INPUT_EXCEPTION, "Invalid Input %s: %s", field, why);
}

static int add(SwCtx *cx, Sources *l, SwStr id, const char *type, SwStr text, SwPolicyUse use, SwError *err) {
    const SwPolicy *p;
    if (sw_policy_parsed(cx->arena, text, use, &p, err) < 0)
        return sw_refuse_as(err, &IAM_INVALID_INPUT_EXCEPTION, "The policy %.*s is not valid: %s", SW_FMT(id), err->message);
    *sw_list_add(cx->arena, l) = (Source){.id = id, .type = type, .text = text, .policy = p};
    return 0;
}

static int add_given(SwCtx *cx, Sources *l, const char *name, const SwStrList *texts, SwError *err) {
    for (size_t i = 0; i < texts->n; i++)
        if (add(cx, l, sw_strf(cx->arena, "%s.%zu", name, i + 1), "none", texts->v[i], SW_POLICY_IDENTITY, err) < 0)
            return -1;
    return 0;
}

static int add_managed(SwCtx *cx, Sources *l, SwStr arn, SwError *err) {
    SwStr text;
    if (iam_policy_document(cx, arn, &text, err) < 0)
        return -1;
    const char *type = iam_is_aws_policy_arn(arn) ? "aws-managed" : "user-managed";
    return text.p ? add(cx, l, iam_policy_name(arn), type, text, SW_POLICY_IDENTITY, err) : 0;
}

static int add_identity(SwCtx *cx, Sources *l, const IamIdentity *i, SwError *err) {
    const char *kind = iam_kind_noun(i->kind);
    for (size_t k = 0; k < i->policies->inlined.n; k++) {
        SwStr id = sw_strf(cx->arena, "%s_%.*s_%.*s", kind, SW_FMT(i->name), SW_FMT(i->policies->inlined.v[k].name));
        if (add(cx, l, id, kind, i->policies->inlined.v[k].document, SW_POLICY_IDENTITY, err) < 0)
            return -1;
    }
    for (size_t k = 0; k < i->policies->attached.n; k++)
        if (add_managed(cx, l, i->policies->attached.v[k], err) < 0)
            return -1;
    return 0;
}

/* A user's are those of its groups, too. */
static int add_principal(SwCtx *cx, Sources *l, const IamIdentity *i, SwError *err) {
    if (add_identity(cx, l, i, err) < 0)
        return -1;
    for (size_t k = 0; i->kind == IAM_USER && k < i->user->groups.n; k++) {
        IamIdentity group;
        if (iam_identity_find(cx, IAM_GROUP, i->user->groups.v[k], &group, err) < 0 ||
            (group.found && add_identity(cx, l, &group, err) < 0))
            return -1;
    }
    return 0;
}

static int find_source(SwCtx *cx, SwStr arn, IamIdentity *ret_i, SwError *err) {
    static const struct {
        const SwResource *r;
        IamKind kind;
    } kinds[] = {{&iam_user_resource, IAM_USER}, {&iam_group_resource, IAM_GROUP}, {&iam_role_resource, IAM_ROLE}};
    SwParts p;
    for (size_t i = 0; i < SW_N(kinds); i++)
        if (sw_resource_read_arn(cx, kinds[i].r, arn, &p)) {
            if (iam_identity_get(cx, kinds[i].kind, p.v[0], ret_i, err) < 0)
                return -1;
            return sw_str_eq(ret_i->arn, arn) ? 0 : sw_resource_fail(cx, kinds[i].r, &kinds[i].r->missing, p.v[0], err);
        }
    return invalid(err, "PolicySourceArn", "it is not the ARN of a user, group or role of this account");
}

static int add_entries(SwCtx *cx, SwPolicyQuery *q, const IamContextEntryList *l, SwError *err) {
    for (size_t i = 0; i < l->n; i++) {
        const IamContextEntry *e = &l->v[i];
        if (!sw_str_is(e->context_key_name) || !sw_str_is(e->context_key_type))
            return invalid(err, "ContextEntries", "an entry needs a ContextKeyName and a ContextKeyType");
        if (!sw_str_ends(e->context_key_type, SW_STR("List")) && e->context_key_values.n != 1)
            return invalid(err, "ContextEntries", "a key of a single value needs one");
        iam_query_keys(q, sw_str_z(cx->arena, e->context_key_name), &e->context_key_values);
    }
    return 0;
}

/* Who asks, for the resource's policy: CallerArn, else the user whose policies are looked at. */
static int set_caller(SwCtx *cx, Simulation *s, SwStr caller, const IamIdentity *source, SwStr policy, SwError *err) {
    SwArn arn;
    if (!caller.p && source && source->kind == IAM_USER)
        caller = source->arn;
    if (sw_str_is(policy) && !caller.p)
        return invalid(err, "CallerArn", "it is needed with a ResourcePolicy");
    if (!caller.p)
        return 0;
    if (!sw_arn_parse(caller, &arn) || !sw_str_starts(arn.resource, SW_STR("user/")))
        return invalid(err, "CallerArn", "it is not the ARN of a user");
    s->query.principal = caller;
    s->query.account = arn.account;
    return 0;
}

static int set_resource(SwCtx *cx, Simulation *s, SwStr policy, SwStr owner, SwError *err) {
    SwArn arn;
    if (sw_str_is(owner) && (!sw_arn_parse(owner, &arn) || !sw_str_eq(arn.account, sw_str_or(s->query.account, cx->account))))
        return sw_refuse_field(err, &IAM_INVALID_INPUT_EXCEPTION, "ResourceOwner", "access across accounts is not evaluated");
    if (!sw_str_is(policy))
        return 0;
    return add(cx, &s->resource, SW_STR("ResourcePolicy"), "resource", policy, SW_POLICY_RESOURCE, err);
}

static int check_pairs(const SwStrList *actions, const SwStrList *resources, SwError *err) {
    size_t at;
    SwArn arn;
    for (size_t i = 0; i < actions->n; i++)
        if (!sw_str_find(actions->v[i], ':', &at) || sw_str_find(actions->v[i], '*', &at))
            return invalid(err, "ActionNames", "an action is a service's prefix and a name, without wildcards");
    for (size_t i = 0; i < resources->n; i++)
        if (!sw_str_eqz(resources->v[i], "*") && !sw_arn_parse(resources->v[i], &arn))
            return invalid(err, "ResourceArns", "a resource is an ARN");
    return 0;
}

/* --- the answer --- */

typedef struct Policies {
    const SwPolicy **v;
    size_t n;
} Policies;

static Policies policies_of(SwArena *a, const Sources *l) {
    Policies p = {.v = sw_new_n(a, const SwPolicy *, l->n + 1), .n = l->n};
    for (size_t i = 0; i < l->n; i++)
        p.v[i] = l->v[i].policy;
    return p;
}

static SwPolicyReason decide(SwCtx *cx, const Simulation *s, const SwPolicyQuery *q) {
    Policies identity = policies_of(cx->arena, &s->identity), boundary = policies_of(cx->arena, &s->boundary);
    const SwPolicySet set = {.identity = identity.v,
                             .n_identity = identity.n,
                             .boundary = s->bounded ? boundary.v : NULL,
                             .n_boundary = boundary.n,
                             .resource = s->resource.n ? s->resource.v[0].policy : NULL};
    return sw_policy_decide(&set, q);
}

static SwStr decision_of(SwPolicyReason r) {
    switch (r) {
    case SW_POLICY_ALLOWED: return IAM_POLICY_EVALUATION_DECISION_TYPE_ALLOWED;
    case SW_POLICY_DENIED_IDENTITY:
    case SW_POLICY_DENIED_BOUNDARY:
    case SW_POLICY_DENIED_SESSION:
    case SW_POLICY_DENIED_RESOURCE: return IAM_POLICY_EVALUATION_DECISION_TYPE_EXPLICIT_DENY;
    case SW_POLICY_NO_IDENTITY:
    case SW_POLICY_NO_BOUNDARY:
    case SW_POLICY_NO_SESSION:
    case SW_POLICY_NO_RESOURCE: break;
    }
    return IAM_POLICY_EVALUATION_DECISION_TYPE_IMPLICIT_DENY;
}

static IamPosition *position(SwArena *a, int64_t line, int64_t column) {
    IamPosition *p = sw_new(a, IamPosition);
    p->line = SW_SOME_INT(line);
    p->column = SW_SOME_INT(column);
    return p;
}

static void add_matches(SwCtx *cx, const Sources *l, const SwPolicyQuery *q, SwPolicyEffect effect, IamStatementList *to) {
    for (size_t i = 0; i < l->n; i++)
        for (size_t k = 0; k < sw_policy_statements(l->v[i].policy); k++) {
            SwPolicyPlace at;
            if (sw_policy_statement(l->v[i].policy, k, q) != effect)
                continue;
            IamStatement *s = sw_list_add(cx->arena, to);
            s->source_policy_id = l->v[i].id;
            s->source_policy_type = sw_str(l->v[i].type);
            if (!sw_policy_place(l->v[i].text, k, &at))
                continue;
            s->start_position = position(cx->arena, at.line, at.column);
            s->end_position = position(cx->arena, at.end_line, at.end_column);
        }
}

static int show(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    const Simulation *s = arg;
    const Pair *p = row->record;
    IamEvaluationResult *r = to;
    SwPolicyQuery q = s->query;
    q.action = p->action;
    q.resource = p->resource;
    SwPolicyReason reason = decide(cx, s, &q);
    r->eval_action_name = p->action;
    r->eval_resource_name = p->resource;
    r->eval_decision = decision_of(reason);
    bool denied = sw_str_eq(r->eval_decision, IAM_POLICY_EVALUATION_DECISION_TYPE_EXPLICIT_DENY);
    SwPolicyEffect effect = denied ? SW_POLICY_DENY : SW_POLICY_ALLOW;
    sw_list_present(cx->arena, &r->matched_statements);
    add_matches(cx, &s->identity, &q, effect, &r->matched_statements);
    add_matches(cx, &s->resource, &q, effect, &r->matched_statements);
    if (denied)
        add_matches(cx, &s->boundary, &q, effect, &r->matched_statements);
    sw_list_present(cx->arena, &r->missing_context_values);
    for (size_t i = 0; i < s->keys.n; i++)
        if (!sw_policy_has_key(&q, s->keys.v[i]))
            sw_str_list_add(cx->arena, &r->missing_context_values, s->keys.v[i]);
    if (s->bounded) {
        r->permissions_boundary_decision_detail = sw_new(cx->arena, IamPermissionsBoundaryDecisionDetail);
        r->permissions_boundary_decision_detail->allowed_by_permissions_boundary =
            SW_SOME_BOOL(reason != SW_POLICY_DENIED_BOUNDARY && reason != SW_POLICY_NO_BOUNDARY);
    }
    if (s->about_resources)
        *sw_list_add(cx->arena, &r->resource_specific_results) =
            (IamResourceSpecificResult){.eval_resource_name = p->resource,
                                        .eval_resource_decision = r->eval_decision,
                                        .matched_statements = r->matched_statements,
                                        .missing_context_values = r->missing_context_values,
                                        .permissions_boundary_decision_detail = r->permissions_boundary_decision_detail};
    return 0;
}

static void gather_keys(SwCtx *cx, Simulation *s) {
    const Sources *all[] = {&s->identity, &s->boundary, &s->resource};
    for (size_t i = 0; i < SW_N(all); i++)
        for (size_t k = 0; k < all[i]->n; k++)
            sw_policy_context_keys(cx->arena, all[i]->v[k].policy, &s->keys);
}

static int answer(SwCtx *cx, Simulation *s, const SwStrList *actions, const SwStrList *resources, void *out, SwError *err) {
    SwPageItems items = {0};
    size_t n = resources->n ? resources->n : 1;
    s->about_resources = resources->n > 0;
    if (check_pairs(actions, resources, err) < 0)
        return -1;
    gather_keys(cx, s);
    for (size_t i = 0; i < actions->n * n; i++) {
        Pair *p = sw_new(cx->arena, Pair);
        p->action = actions->v[i / n];
        p->resource = resources->n ? resources->v[i % n] : SW_STR("*");
        *sw_list_add(cx->arena, &items) = (SwPageItem){sw_index_number(cx->arena, (int64_t)i), p};
    }
    return sw_page(cx, &(SwPage){.items = items, .show = show, .arg = s, .usual = IAM_PAGE}, out, err);
}

int iam_simulate_custom_policy(SwCtx *cx, const IamSimulateCustomPolicyRequest *in, IamSimulatePolicyResponse *out,
                               SwError *err) {
    Simulation s = {.query.arena = cx->arena, .bounded = in->permissions_boundary_policy_input_list.n > 0};
    if (add_given(cx, &s.identity, "PolicyInputList", &in->policy_input_list, err) < 0 ||
        add_given(cx, &s.boundary, "PermissionsBoundaryPolicyInputList", &in->permissions_boundary_policy_input_list, err) <
            0 ||
        set_caller(cx, &s, in->caller_arn, NULL, in->resource_policy, err) < 0 ||
        set_resource(cx, &s, in->resource_policy, in->resource_owner, err) < 0 ||
        add_entries(cx, &s.query, &in->context_entries, err) < 0)
        return -1;
    return answer(cx, &s, &in->action_names, &in->resource_arns, out, err);
}

int iam_simulate_principal_policy(SwCtx *cx, const IamSimulatePrincipalPolicyRequest *in, IamSimulatePolicyResponse *out,
                                  SwError *err) {
    Simulation s = {.query.arena = cx->arena};
    IamIdentity i;
    const SwStrList *given = &in->permissions_boundary_policy_input_list;
    if (find_source(cx, in->policy_source_arn, &i, err) < 0 || add_principal(cx, &s.identity, &i, err) < 0 ||
        add_given(cx, &s.identity, "PolicyInputList", &in->policy_input_list, err) < 0 ||
        add_given(cx, &s.boundary, "PermissionsBoundaryPolicyInputList", given, err) < 0)
        return -1;
    bool own = given->n == 0 && i.boundary && *i.boundary; /* a given boundary is in the place of its own */
    if (own && add_managed(cx, &s.boundary, (*i.boundary)->permissions_boundary_arn, err) < 0)
        return -1;
    s.bounded = own || given->n > 0;
    if (i.kind == IAM_ROLE)
        s.query.role = i.arn;
    if (set_caller(cx, &s, in->caller_arn, &i, in->resource_policy, err) < 0 ||
        set_resource(cx, &s, in->resource_policy, in->resource_owner, err) < 0 ||
        add_entries(cx, &s.query, &in->context_entries, err) < 0)
        return -1;
    return answer(cx, &s, &in->action_names, &in->resource_arns, out, err);
}

/* The keys that policies name. */

static void show_keys(SwCtx *cx, const Sources *l, SwStrList *keys) {
    sw_list_present(cx->arena, keys);
    for (size_t i = 0; i < l->n; i++)
        sw_policy_context_keys(cx->arena, l->v[i].policy, keys);
}

int iam_get_context_keys_for_custom_policy(SwCtx *cx, const IamGetContextKeysForCustomPolicyRequest *in,
                                           IamGetContextKeysForPolicyResponse *out, SwError *err) {
    Sources l = {0};
    if (add_given(cx, &l, "PolicyInputList", &in->policy_input_list, err) < 0)
        return -1;
    show_keys(cx, &l, &out->context_key_names);
    return 0;
}

int iam_get_context_keys_for_principal_policy(SwCtx *cx, const IamGetContextKeysForPrincipalPolicyRequest *in,
                                              IamGetContextKeysForPolicyResponse *out, SwError *err) {
    Sources l = {0};
    IamIdentity i;
    if (find_source(cx, in->policy_source_arn, &i, err) < 0 || add_principal(cx, &l, &i, err) < 0 ||
        add_given(cx, &l, "PolicyInputList", &in->policy_input_list, err) < 0)
        return -1;
    show_keys(cx, &l, &out->context_key_names);
    return 0;
}
