/* SPDX-License-Identifier: Apache-2.0 */
/* Evaluation: does a statement speak about this request, and what do all of them together say. */

#include "policy/internal.h"

static bool any_pattern(const SwPolicy *p, const SwPolicyQuery *q, const SwStrList *patterns, SwStr s, bool fold) {
    for (size_t i = 0; i < patterns->n; i++) {
        SwStr pattern;
        if (policy_expand(p, q, patterns->v[i], &pattern) && policy_glob(pattern, s, fold))
            return true;
    }
    return false;
}

/* "123456789012", or the account's root, trust the whole account. */
static bool names_account(SwStr value, SwStr account) {
    if (!sw_str_is(account))
        return false;
    if (sw_str_eq(value, account))
        return true;
    SwStr root = SW_STR(":root");
    if (!sw_str_starts(value, SW_STR("arn:aws:iam::")) || !sw_str_ends(value, root))
        return false;
    return sw_str_eq(sw_str_drop(sw_str_skip(value, sizeof("arn:aws:iam::") - 1), root.n), account);
}

static bool is_entity(const PolicyPrincipal *w) {
    return w->kind == PRINCIPAL_AWS && sw_str_starts(w->value, SW_STR("arn:")) && !sw_str_ends(w->value, SW_STR(":root"));
}

SwStrList sw_policy_principals(SwArena *a, const SwPolicy *p) {
    SwStrList l = {0};
    for (size_t i = 0; i < p->n; i++)
        for (size_t k = 0; k < p->statement[i].n_principal; k++)
            if (is_entity(&p->statement[i].principal[k]))
                sw_str_list_add(a, &l, p->statement[i].principal[k].value);
    return l;
}

/* The statements are shared: they may be those of others too. */
const SwPolicy *sw_policy_bind(SwArena *a, const SwPolicy *p, const SwPolicyBound *bound, size_t n) {
    SwPolicy *copy = sw_new(a, SwPolicy);
    *copy = *p;
    copy->bound = bound;
    copy->n_bound = n;
    return copy;
}

/* Whom the ARN stood for when the policy was stored; absent: it counts by itself. */
static SwStr bound_to(const SwPolicy *p, const PolicyPrincipal *w) {
    for (size_t i = 0; i < p->n_bound; i++)
        if (is_entity(w) && sw_str_eq(p->bound[i].arn, w->value))
            return p->bound[i].id;
    return SW_NO_STR;
}

static bool principal_matches(const SwPolicy *p, const PolicyPrincipal *w, const SwPolicyQuery *q, bool *ret_direct) {
    *ret_direct = true;
    switch (w->kind) {
    case PRINCIPAL_ANY: return true;
    case PRINCIPAL_SERVICE: return sw_str_is(q->service) && sw_str_ieq(w->value, q->service);
    case PRINCIPAL_AWS:
        if (sw_str_eqz(w->value, "*"))
            return true; /* the same as "Principal": "*" */
        if ((sw_str_is(q->principal) && sw_str_eq(w->value, q->principal)) ||
            (sw_str_is(q->role) && sw_str_eq(w->value, q->role))) {
            *ret_direct = !names_account(w->value, q->account);
            SwStr id = bound_to(p, w);
            return !sw_str_is(id) || sw_str_eq(id, q->id);
        }
        *ret_direct = false;
        return !sw_str_is(q->service) && names_account(w->value, q->account);
    case PRINCIPAL_FEDERATED: return sw_str_is(q->federated) && sw_str_eq(w->value, q->federated);
    case PRINCIPAL_CANONICAL: return false;
    }
    return false;
}

static bool any_principal(const SwPolicy *p, const PolicyStatement *s, const SwPolicyQuery *q, bool *ret_direct) {
    bool matches = false;
    *ret_direct = false;
    for (size_t i = 0; i < s->n_principal; i++) {
        bool direct;
        if (principal_matches(p, &s->principal[i], q, &direct)) {
            matches = true;
            *ret_direct = *ret_direct || direct;
        }
    }
    if (!s->not_principal)
        return matches;
    *ret_direct = true;
    return !matches;
}

static bool applies(const SwPolicy *p, const PolicyStatement *s, const SwPolicyQuery *q, bool *ret_direct) {
    *ret_direct = true;
    if (p->use != SW_POLICY_IDENTITY && !any_principal(p, s, q, ret_direct))
        return false;
    if (any_pattern(p, q, &s->actions, q->action, true) == s->not_action)
        return false;
    if (s->resources.v && any_pattern(p, q, &s->resources, q->resource, false) == s->not_resource)
        return false;
    for (size_t i = 0; i < s->n_condition; i++)
        if (!policy_condition_holds(p, &s->condition[i], q, s->deny))
            return false;
    return true;
}

SwPolicyEffect sw_policy_evaluate(const SwPolicy *p, const SwPolicyQuery *q, bool *ret_direct) {
    SwPolicyEffect effect = SW_POLICY_NONE;
    bool any_direct = false;
    for (size_t i = 0; i < p->n; i++) {
        const PolicyStatement *s = &p->statement[i];
        bool direct;
        if (!applies(p, s, q, &direct))
            continue;
        if (s->deny)
            return SW_POLICY_DENY;
        effect = SW_POLICY_ALLOW;
        any_direct = any_direct || direct;
    }
    if (ret_direct)
        *ret_direct = any_direct;
    return effect;
}

size_t sw_policy_statements(const SwPolicy *p) {
    return p->n;
}

SwPolicyEffect sw_policy_statement(const SwPolicy *p, size_t i, const SwPolicyQuery *q) {
    bool direct;
    if (!applies(p, &p->statement[i], q, &direct))
        return SW_POLICY_NONE;
    return p->statement[i].deny ? SW_POLICY_DENY : SW_POLICY_ALLOW;
}

static SwPolicyEffect evaluate_all(const SwPolicy *const *p, size_t n, const SwPolicyQuery *q) {
    SwPolicyEffect effect = SW_POLICY_NONE;
    for (size_t i = 0; i < n; i++) {
        SwPolicyEffect e = sw_policy_evaluate(p[i], q, NULL);
        if (e == SW_POLICY_DENY)
            return e;
        if (e == SW_POLICY_ALLOW)
            effect = e;
    }
    return effect;
}

SwPolicyReason sw_policy_decide(const SwPolicySet *s, const SwPolicyQuery *q) {
    bool direct = false;
    SwPolicyEffect identity = s->root ? SW_POLICY_ALLOW : evaluate_all(s->identity, s->n_identity, q);
    SwPolicyEffect boundary = s->boundary ? evaluate_all(s->boundary, s->n_boundary, q) : SW_POLICY_ALLOW;
    SwPolicyEffect session = s->session ? evaluate_all(s->session, s->n_session, q) : SW_POLICY_ALLOW;
    SwPolicyEffect resource = s->resource ? sw_policy_evaluate(s->resource, q, &direct) : SW_POLICY_NONE;
    if (identity == SW_POLICY_DENY)
        return SW_POLICY_DENIED_IDENTITY;
    if (boundary == SW_POLICY_DENY)
        return SW_POLICY_DENIED_BOUNDARY;
    if (session == SW_POLICY_DENY)
        return SW_POLICY_DENIED_SESSION;
    if (resource == SW_POLICY_DENY)
        return SW_POLICY_DENIED_RESOURCE;
    if (s->granted) {
        resource = SW_POLICY_ALLOW;
        direct = true;
    }
    if (s->decides && resource != SW_POLICY_ALLOW)
        return SW_POLICY_NO_RESOURCE;
    /* Within one account a resource that names the caller is enough. A session's policy limits it, and a role's boundary. */
    bool limited = session != SW_POLICY_ALLOW || (sw_str_is(q->role) && boundary != SW_POLICY_ALLOW);
    if (resource == SW_POLICY_ALLOW && direct && !limited)
        return SW_POLICY_ALLOWED;
    if (identity != SW_POLICY_ALLOW)
        return SW_POLICY_NO_IDENTITY;
    if (boundary != SW_POLICY_ALLOW)
        return SW_POLICY_NO_BOUNDARY;
    if (session != SW_POLICY_ALLOW)
        return SW_POLICY_NO_SESSION;
    return SW_POLICY_ALLOWED;
}

SwStr sw_policy_reason_text(SwArena *a, SwPolicyReason r, SwStr action) {
    static const struct {
        bool denied;
        const char *what;
    } texts[] = {
        [SW_POLICY_ALLOWED] = {false, ""},
        [SW_POLICY_DENIED_IDENTITY] = {true, "an identity-based policy"},
        [SW_POLICY_DENIED_BOUNDARY] = {true, "a permissions boundary"},
        [SW_POLICY_DENIED_SESSION] = {true, "a session policy"},
        [SW_POLICY_DENIED_RESOURCE] = {true, "a resource-based policy"},
        [SW_POLICY_NO_IDENTITY] = {false, "identity-based policy"},
        [SW_POLICY_NO_BOUNDARY] = {false, "permissions boundary"},
        [SW_POLICY_NO_SESSION] = {false, "session policy"},
        [SW_POLICY_NO_RESOURCE] = {false, "resource-based policy"},
    };
    if (texts[r].denied)
        return sw_strf(a, "with an explicit deny in %s", texts[r].what);
    return sw_strf(a, "because no %s allows the %.*s action", texts[r].what, SW_FMT(action));
}
