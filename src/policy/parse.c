/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing and the checks that IAM makes when a policy is stored, with the messages that it gives. */

#include "base/parsed.h"
#include "policy/internal.h"

const SwErrorKind SW_MALFORMED_POLICY = {.code = "MalformedPolicyDocument", .http = 400};

#define bad(err, ...) sw_fail((err), &SW_MALFORMED_POLICY, __VA_ARGS__)

/* A string or an array of strings; numbers and booleans too where `scalars`. */
static int read_strings(SwArena *a, const SwValue *v, bool scalars, SwStrList *ret_l, SwError *err) {
    const SwValue *each = v->kind == SW_VARRAY ? v->v : v;
    size_t n = v->kind == SW_VARRAY ? v->n : 1;
    ret_l->v = sw_new_n(a, SwStr, n ? n : 1);
    for (size_t i = 0; i < n; i++) {
        if (each[i].kind == SW_VSTRING || (scalars && each[i].kind == SW_VNUMBER))
            ret_l->v[ret_l->n++] = each[i].s;
        else if (scalars && each[i].kind == SW_VBOOL)
            ret_l->v[ret_l->n++] = each[i].b ? SW_STR("true") : SW_STR("false");
        else
            return bad(err, "Syntax errors in policy.");
    }
    return 0;
}

static int check_action(SwStr s, SwError *err) {
    size_t colon;
    if (sw_str_eqz(s, "*"))
        return 0;
    if (!sw_str_find(s, ':', &colon) || colon == 0)
        return bad(err, "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
    if (sw_str_span(s, "a-zA-Z0-9-") < colon)
        return bad(err, "Vendor %.*s is not valid", (int)colon, s.p);
    SwStr name = sw_str_skip(s, colon + 1);
    if (name.n == 0 || sw_str_find(name, ':', &colon))
        return bad(err, "Actions/Condition can contain only one colon.");
    return 0;
}

static int check_resource(SwStr s, SwError *err) {
    if (sw_str_eqz(s, "*") || sw_str_starts(s, SW_STR("${")))
        return 0;
    SwStr rest = s, part;
    if (!sw_str_cut(&rest, ':', &part))
        return bad(err, "Resource %.*s must be in ARN format or \"*\".", SW_FMT(s));
    if (!policy_glob(part, SW_STR("arn"), false))
        return bad(err, "Resource %.*s must be in ARN format or \"*\".", SW_FMT(s));
    if (sw_str_ends(s, SW_STR("*")))
        return 0;
    for (int i = 0; i < 4; i++)
        if (!sw_str_cut(&rest, ':', &part))
            return bad(err, "The policy failed legacy parsing");
    return 0;
}

static int add_principals(SwArena *a, PolicyStatement *s, PrincipalKind kind, const SwValue *v, SwError *err) {
    SwStrList l = {0};
    if (read_strings(a, v, false, &l, err) < 0)
        return -1;
    PolicyPrincipal *all = sw_new_n(a, PolicyPrincipal, s->n_principal + l.n + 1);
    for (size_t i = 0; i < s->n_principal; i++)
        all[i] = s->principal[i];
    s->principal = all;
    for (size_t i = 0; i < l.n; i++)
        s->principal[s->n_principal++] = (PolicyPrincipal){kind, l.v[i]};
    return 0;
}

static bool is_account(SwStr s) {
    bool digits = s.n == 12;
    for (size_t i = 0; digits && i < s.n; i++)
        digits = s.p[i] >= '0' && s.p[i] <= '9';
    return digits;
}

static int check_principal(const PolicyPrincipal *p, SwError *err) {
    bool good = true;
    const char *what = "AWS";
    if (p->kind == PRINCIPAL_AWS) {
        good = sw_str_eqz(p->value, "*") || is_account(p->value) || sw_str_starts(p->value, SW_STR("arn:aws:iam::")) ||
               sw_str_starts(p->value, SW_STR("arn:aws:sts::"));
    } else if (p->kind == PRINCIPAL_SERVICE) {
        what = "SERVICE";
        good = sw_str_ends(p->value, SW_STR(".amazonaws.com")) || sw_str_ends(p->value, SW_STR(".amazon.com"));
    }
    return good ? 0 : bad(err, "Invalid principal in policy: \"%s\":\"%.*s\"", what, SW_FMT(p->value));
}

static int read_principal(SwArena *a, PolicyStatement *s, const SwValue *v, SwError *err) {
    static const struct {
        const char *key;
        PrincipalKind kind;
    } kinds[] = {
        {"AWS", PRINCIPAL_AWS},
        {"Service", PRINCIPAL_SERVICE},
        {"Federated", PRINCIPAL_FEDERATED},
        {"CanonicalUser", PRINCIPAL_CANONICAL},
    };
    if (v->kind == SW_VSTRING && sw_str_eqz(v->s, "*")) {
        s->principal = sw_new(a, PolicyPrincipal);
        s->n_principal = 1;
        return 0;
    }
    if (v->kind != SW_VOBJECT || v->n == 0)
        return bad(err, "Syntax errors in policy.");
    for (size_t i = 0; i < v->n; i++) {
        size_t k = 0;
        while (k < SW_N(kinds) && !sw_str_eqz(v->keys[i], kinds[k].key))
            k++;
        if (k == SW_N(kinds))
            return bad(err, "Invalid principal in policy: \"%.*s\"", SW_FMT(v->keys[i]));
        if (add_principals(a, s, kinds[k].kind, &v->v[i], err) < 0)
            return -1;
    }
    for (size_t i = 0; i < s->n_principal; i++)
        if (check_principal(&s->principal[i], err) < 0)
            return -1;
    return 0;
}

static int read_conditions(SwArena *a, PolicyStatement *s, const SwValue *v, SwError *err) {
    if (v->kind != SW_VOBJECT)
        return bad(err, "Syntax errors in policy.");
    size_t count = 0;
    for (size_t i = 0; i < v->n; i++)
        count += v->v[i].kind == SW_VOBJECT ? v->v[i].n : 0;
    s->condition = sw_new_n(a, PolicyCondition, count + 1);
    for (size_t i = 0; i < v->n; i++) {
        PolicyCondition c = {0};
        if (!policy_operator_parse(v->keys[i], &c))
            return bad(err, "Invalid Condition type : %.*s.", SW_FMT(v->keys[i]));
        if (v->v[i].kind != SW_VOBJECT)
            return bad(err, "Syntax errors in policy.");
        for (size_t k = 0; k < v->v[i].n; k++) {
            size_t colon;
            c.key = v->v[i].keys[k];
            c.values = (SwStrList){0};
            if (!sw_str_find(c.key, ':', &colon))
                return bad(err, "Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
            if (read_strings(a, &v->v[i].v[k], true, &c.values, err) < 0)
                return -1;
            s->condition[s->n_condition++] = c;
        }
    }
    return 0;
}

static int read_lists(SwArena *a, const SwValue *v, SwPolicyUse use, PolicyStatement *s, SwError *err) {
    const SwValue *action = sw_value_getz(v, "Action"), *not_action = sw_value_getz(v, "NotAction");
    const SwValue *resource = sw_value_getz(v, "Resource"), *not_resource = sw_value_getz(v, "NotResource");
    if ((action && not_action) || (resource && not_resource))
        return bad(err, "Syntax errors in policy.");
    s->not_action = not_action != NULL;
    s->not_resource = not_resource != NULL;
    if (!action && !not_action)
        return bad(err, "Policy statement must contain actions.");
    if (read_strings(a, action ? action : not_action, false, &s->actions, err) < 0)
        return -1;
    if (s->actions.n == 0)
        return bad(err, "Policy statement must contain actions.");
    for (size_t i = 0; i < s->actions.n; i++)
        if (check_action(s->actions.v[i], err) < 0)
            return -1;
    if (use == SW_POLICY_TRUST || use == SW_POLICY_REPOSITORY)
        return resource || not_resource ? bad(err, "Has prohibited field Resource") : 0;
    if (!resource && !not_resource)
        return bad(err, "Policy statement must contain resources.");
    if (read_strings(a, resource ? resource : not_resource, false, &s->resources, err) < 0)
        return -1;
    if (s->resources.n == 0)
        return bad(err, "Policy statement must contain resources.");
    for (size_t i = 0; i < s->resources.n; i++)
        if (check_resource(s->resources.v[i], err) < 0)
            return -1;
    return 0;
}

static bool known_key(SwStr key, const char *const *keys) {
    for (; *keys; keys++)
        if (sw_str_eqz(key, *keys))
            return true;
    return false;
}

static int check_sid(SwStr sid, SwPolicyUse use, SwError *err) {
    if (sw_str_all(sid, "a-zA-Z0-9") || use == SW_POLICY_RESOURCE || use == SW_POLICY_REPOSITORY)
        return 0;
    return bad(err, "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression "
                    "[0-9A-Za-z]*");
}

static int read_statement(SwArena *a, const SwValue *v, SwPolicyUse use, PolicyStatement *s, SwError *err) {
    static const char *const keys[] = {"Sid",         "Effect",    "Action",       "NotAction", "Resource",
                                       "NotResource", "Principal", "NotPrincipal", "Condition", NULL};
    if (v->kind != SW_VOBJECT)
        return bad(err, "Syntax errors in policy.");
    for (size_t i = 0; i < v->n; i++)
        if (!known_key(v->keys[i], keys))
            return bad(err, "Syntax errors in policy.");
    SwStr effect = sw_value_str(sw_value_getz(v, "Effect"));
    if (!sw_str_eqz(effect, "Allow") && !sw_str_eqz(effect, "Deny"))
        return bad(err, "Syntax errors in policy.");
    s->deny = sw_str_eqz(effect, "Deny");
    s->sid = sw_value_str(sw_value_getz(v, "Sid"));
    if (check_sid(s->sid, use, err) < 0)
        return -1;
    const SwValue *principal = sw_value_getz(v, "Principal"), *not_principal = sw_value_getz(v, "NotPrincipal");
    if (use == SW_POLICY_IDENTITY && (principal || not_principal))
        return bad(err, "Policy document should not specify a principal.");
    if (use != SW_POLICY_IDENTITY && !principal && !not_principal)
        return use == SW_POLICY_TRUST ? bad(err, "Policy document must contain principal.")
                                      : bad(err, "Missing required field Principal");
    s->not_principal = !principal && not_principal;
    if (use != SW_POLICY_IDENTITY && read_principal(a, s, principal ? principal : not_principal, err) < 0)
        return -1;
    const SwValue *condition = sw_value_getz(v, "Condition");
    if (condition && read_conditions(a, s, condition, err) < 0)
        return -1;
    return read_lists(a, v, use, s, err);
}

static int check_sids_differ(const SwPolicy *p, SwError *err) {
    for (size_t i = 0; i < p->n; i++)
        for (size_t k = i + 1; k < p->n; k++)
            if (sw_str_is(p->statement[i].sid) && sw_str_eq(p->statement[i].sid, p->statement[k].sid))
                return bad(err, "Statement IDs (SID) in a single policy must be unique.");
    return 0;
}

int sw_policy_parse(SwArena *a, SwStr text, SwPolicyUse use, const SwPolicy **ret_p, SwError *err) {
    static const char *const keys[] = {"Version", "Id", "Statement", NULL};
    SwValue v;
    SwError json = sw_error(a);
    if (sw_json_parse(a, text, &v, &json) < 0 || v.kind != SW_VOBJECT)
        return bad(err, use == SW_POLICY_TRUST ? "This policy contains invalid Json" : "Syntax errors in policy.");
    for (size_t i = 0; i < v.n; i++)
        if (!known_key(v.keys[i], keys))
            return bad(err, "Syntax errors in policy.");
    SwStr version = sw_value_str(sw_value_getz(&v, "Version"));
    if (version.p && !sw_str_eqz(version, "2012-10-17") && !sw_str_eqz(version, "2008-10-17"))
        return bad(err, "Policy document must be version 2012-10-17 or greater.");
    const SwValue *statements = sw_value_getz(&v, "Statement");
    if (!statements || (statements->kind != SW_VARRAY && statements->kind != SW_VOBJECT))
        return bad(err, "Syntax errors in policy.");
    SwPolicy *p = sw_new(a, SwPolicy);
    p->use = use;
    p->variables = sw_str_eqz(version, "2012-10-17");
    const SwValue *each = statements->kind == SW_VARRAY ? statements->v : statements;
    p->n = statements->kind == SW_VARRAY ? statements->n : 1;
    p->statement = sw_new_n(a, PolicyStatement, p->n + 1);
    if (p->n == 0)
        return bad(err, "Syntax errors in policy.");
    for (size_t i = 0; i < p->n; i++)
        if (read_statement(a, &each[i], use, &p->statement[i], err) < 0)
            return -1;
    if (check_sids_differ(p, err) < 0)
        return -1;
    *ret_p = p;
    return 0;
}

/* --- parsed once ------------------------------------------------------------------------------------------------------- */

static int parse_as(SwArena *a, SwStr text, SwPolicyUse use, const void **ret_form, SwError *err) {
    const SwPolicy *p;
    if (sw_policy_parse(a, text, use, &p, err) < 0)
        return -1;
    *ret_form = p;
    return 0;
}

static int parse_identity(SwArena *a, SwStr text, const void **ret_form, SwError *err) {
    return parse_as(a, text, SW_POLICY_IDENTITY, ret_form, err);
}

static int parse_trust(SwArena *a, SwStr text, const void **ret_form, SwError *err) {
    return parse_as(a, text, SW_POLICY_TRUST, ret_form, err);
}

static int parse_resource(SwArena *a, SwStr text, const void **ret_form, SwError *err) {
    return parse_as(a, text, SW_POLICY_RESOURCE, ret_form, err);
}

static int parse_repository(SwArena *a, SwStr text, const void **ret_form, SwError *err) {
    return parse_as(a, text, SW_POLICY_REPOSITORY, ret_form, err);
}

int sw_policy_parsed(SwArena *a, SwStr text, SwPolicyUse use, const SwPolicy **ret_p, SwError *err) {
    static const SwParser parsers[] = {
        [SW_POLICY_IDENTITY] = {parse_identity},
        [SW_POLICY_TRUST] = {parse_trust},
        [SW_POLICY_RESOURCE] = {parse_resource},
        [SW_POLICY_REPOSITORY] = {parse_repository},
    };
    const void *form;
    if (sw_parsed(a, &parsers[use], text, &form, err) < 0)
        return -1;
    *ret_p = form;
    return 0;
}
