/* SPDX-License-Identifier: Apache-2.0 */
/* AddPermission, RemovePermission: a queue's Policy, a statement at a time. */

#include "policy/policy.h"
#include "services/sqs/sqs.h"

int sqs_add_permission(SwCtx *cx, const SqsAddPermissionRequest *in, void *out, SwError *err) {
    SqsQueueRecord *q;
    if (sqs_queue_by_reference(cx, in->queue_url, &q, err) < 0)
        return -1;
    if (!in->actions.n || !in->aws_account_ids.n)
        return sw_fail(err, &SQS_MISSING_PARAMETER, "The request must contain the parameter %s.",
                       in->actions.n ? "AWSAccountIds" : "Actions");
    SwStr arn = sqs_queue_arn(cx, q->name), policy = sw_str_map_find(&q->attributes, SW_STR("Policy"));
    SwPolicyPermission p = {.id = sw_strf(cx->arena, "%.*s/SQSDefaultPolicy", SW_FMT(arn)),
                            .label = in->label,
                            .accounts = &in->aws_account_ids,
                            .actions = &in->actions,
                            .vendor = "SQS",
                            .version = "2008-10-17",
                            .resource = arn};
    if (sw_policy_add(cx->arena, &policy, &p, &sqs_invalid, err) < 0)
        return -1;
    sw_str_map_set(cx->arena, &q->attributes, SW_STR("Policy"), policy);
    return sqs_queue_put(cx, q->name, q, err);
}

int sqs_remove_permission(SwCtx *cx, const SqsRemovePermissionRequest *in, void *out, SwError *err) {
    SqsQueueRecord *q;
    if (sqs_queue_by_reference(cx, in->queue_url, &q, err) < 0)
        return -1;
    SwStr policy = sw_str_map_find(&q->attributes, SW_STR("Policy"));
    if (!sw_policy_remove(cx->arena, &policy, in->label))
        return sw_fail(err, &sqs_invalid, "Value %.*s for parameter Label is invalid. Reason: can't find label.",
                       SW_FMT(in->label));
    sw_str_map_set(cx->arena, &q->attributes, SW_STR("Policy"), policy);
    return sqs_queue_put(cx, q->name, q, err);
}
