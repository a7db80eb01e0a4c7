/* SPDX-License-Identifier: Apache-2.0 */
/* Resource policies: which services may write into log groups, where the server is strict. They are the account's, not a
 * group's: all of them together are asked about any group. */

#include "policy/policy.h"
#include "services/logs/logs.h"

#define POLICIES_MAX 10

static LogsResourcePolicy *show(SwCtx *cx, const LogsResourcePolicyRecord *r, LogsResourcePolicy *to) {
    *to = (LogsResourcePolicy){.policy_name = r->name,
                               .policy_document = r->document,
                               .last_updated_time = r->updated,
                               .policy_scope = LOGS_POLICY_SCOPE_ACCOUNT};
    return to;
}

static void replace(SwValue *v) {
    SwArn arn;
    for (size_t i = 0; v->kind == SW_VARRAY && i < v->n; i++)
        replace(&v->v[i]);
    if (v->kind == SW_VSTRING && !sw_str_eqz(v->s, "*") && !sw_arn_parse(v->s, &arn))
        v->s = SW_STR("arn:aws:logs:::none");
}

/* AWS takes resources that are no ARNs, too. They name nothing: for whoever reads the document, an ARN that nothing has. */
static int readable(SwCtx *cx, SwStr document, SwValue *ret, SwError *err) {
    if (sw_json_parse(cx->arena, document, ret, err) < 0)
        return -1;
    for (size_t i = 0; ret->kind == SW_VOBJECT && i < ret->n; i++) {
        SwValue *statements = &ret->v[i];
        if (!sw_str_eqz(ret->keys[i], "Statement"))
            continue;
        for (size_t k = 0; k < (statements->kind == SW_VARRAY ? statements->n : 1); k++) {
            SwValue *s = statements->kind == SW_VARRAY ? &statements->v[k] : statements;
            for (size_t m = 0; s->kind == SW_VOBJECT && m < s->n; m++)
                if (sw_str_eqz(s->keys[m], "Resource") || sw_str_eqz(s->keys[m], "NotResource"))
                    replace(&s->v[m]);
        }
    }
    return 0;
}

int logs_put_resource_policy(SwCtx *cx, const LogsPutResourcePolicyRequest *in, LogsPutResourcePolicyResponse *out,
                             SwError *err) {
    const SwPolicy *parsed;
    SwValue v;
    LogsResourcePolicyRecord *old;
    int64_t n;
    SwDocQuery all = {0};
    if (!sw_str_is(in->policy_name) || !sw_str_is(in->policy_document))
        return sw_fail(err, &LOGS_INVALID_PARAMETER_EXCEPTION, "policyName and policyDocument must be specified.");
    if (readable(cx, in->policy_document, &v, err) < 0 ||
        sw_policy_parse(cx->arena, sw_json_text(cx->arena, &v), SW_POLICY_RESOURCE, &parsed, err) < 0)
        return sw_fail(err, &LOGS_INVALID_PARAMETER_EXCEPTION, "Invalid policy document: %s", err->message);
    if (logs_resource_policies_find(cx->tx, in->policy_name, &old, err) < 0 ||
        logs_resource_policies_count(cx->tx, &all, &n, err) < 0)
        return -1;
    if (!old && n >= POLICIES_MAX)
        return sw_fail(err, &LOGS_LIMIT_EXCEEDED_EXCEPTION, "Resource limit exceeded.");
    LogsResourcePolicyRecord r = {.name = in->policy_name,
                                  .document = in->policy_document,
                                  .updated = SW_SOME_INT(logs_now_ms(cx))};
    out->resource_policy = show(cx, &r, sw_new(cx->arena, LogsResourcePolicy));
    return logs_resource_policies_put(cx->tx, r.name, &r, err);
}

static int show_row(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    show(cx, logs_resource_policies_row(row), to);
    return 0;
}

int logs_describe_resource_policies(SwCtx *cx, const LogsDescribeResourcePoliciesRequest *in,
                                    LogsDescribeResourcePoliciesResponse *out, SwError *err) {
    return sw_page(cx, &(SwPage){.of = &logs_resource_policies, .show = show_row, .usual = 50}, out, err);
}

int logs_delete_resource_policy(SwCtx *cx, const LogsDeleteResourcePolicyRequest *in, void *out, SwError *err) {
    bool existed;
    if (logs_resource_policies_delete(cx->tx, in->policy_name, &existed, err) < 0)
        return -1;
    return existed ? 0 : sw_resource_missing(cx, &logs_resource_policy_resource, in->policy_name, err);
}

/* One document with everybody's statements. */
int logs_policy(SwCtx *cx, SwStr id, SwStr *ret_document, SwError *err) {
    SwDocQuery q = {0};
    LogsResourcePolicyRecords l;
    SwValue all = sw_value_object(), statements = sw_value_array(), v;
    (void)id;
    if (logs_resource_policies_list(cx->tx, &q, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++) {
        if (readable(cx, l.v[i].record->document, &v, err) < 0)
            return -1;
        const SwValue *s = sw_value_getz(&v, "Statement");
        for (size_t k = 0; s && k < (s->kind == SW_VARRAY ? s->n : 1); k++)
            sw_value_add(cx->arena, &statements, s->kind == SW_VARRAY ? s->v[k] : *s);
    }
    if (!statements.n)
        return 0;
    sw_value_sets(cx->arena, &all, "Version", SW_STR("2012-10-17"));
    sw_value_set(cx->arena, &all, SW_STR("Statement"), statements);
    *ret_document = sw_json_text(cx->arena, &all);
    return 0;
}
