/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a policy is public (S3 User Guide, "The meaning of 'public'"; Secrets Manager's BlockPublicPolicy asks the same). It
 * is the text that is looked at: what is not a policy is not public. */

#include "policy/policy.h"

static bool has_wildcard(const SwValue *v) {
    if (!v)
        return false;
    for (size_t i = 0, n = v->kind == SW_VARRAY ? v->n : 1; i < n; i++)
        if (sw_str_eqz(sw_value_str(v->kind == SW_VARRAY ? &v->v[i] : v), "*"))
            return true;
    return false;
}

static bool is_everybody(const SwValue *statement) {
    const SwValue *p = sw_value_getz(statement, "Principal");
    return sw_value_getz(statement, "NotPrincipal") || has_wildcard(p) ||
           (p && p->kind == SW_VOBJECT && has_wildcard(sw_value_getz(p, "AWS")));
}

static bool fixes_caller(const SwValue *statement) {
    static const char *const keys[] = {"aws:PrincipalOrgID",    "aws:SourceIp",
                                       "aws:SourceArn",         "aws:SourceVpc",
                                       "aws:SourceVpce",        "aws:SourceOwner",
                                       "aws:SourceAccount",     "aws:userid",
                                       "aws:PrincipalArn",      "aws:PrincipalAccount",
                                       "s3:DataAccessPointArn", "s3:DataAccessPointAccount"};
    const SwValue *conditions = sw_value_getz(statement, "Condition");
    for (size_t i = 0; conditions && conditions->kind == SW_VOBJECT && i < conditions->n; i++) {
        SwStr op = conditions->keys[i];
        if (sw_str_contains(op, SW_STR("Not")) || sw_str_eqz(op, "Null") || sw_str_ends(op, SW_STR("IfExists")) ||
            conditions->v[i].kind != SW_VOBJECT)
            continue;
        for (size_t k = 0; k < conditions->v[i].n; k++)
            for (size_t m = 0; m < SW_N(keys); m++)
                if (sw_str_ieq(conditions->v[i].keys[k], sw_str(keys[m])) && !has_wildcard(&conditions->v[i].v[k]))
                    return true;
    }
    return false;
}

bool sw_policy_is_public(SwArena *a, SwStr policy) {
    SwValue v;
    SwError ignored = sw_error(a);
    if (!sw_str_is(policy) || sw_json_parse(a, policy, &v, &ignored) < 0)
        return false;
    const SwValue *statements = sw_value_getz(&v, "Statement");
    for (size_t i = 0, n = !statements ? 0 : statements->kind == SW_VARRAY ? statements->n : 1; i < n; i++) {
        const SwValue *s = statements->kind == SW_VARRAY ? &statements->v[i] : statements;
        if (sw_str_eqz(sw_value_str(sw_value_getz(s, "Effect")), "Allow") && is_everybody(s) && !fixes_caller(s))
            return true;
    }
    return false;
}
