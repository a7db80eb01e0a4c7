/* SPDX-License-Identifier: Apache-2.0 */
/* Manual approval: an action of our own. It tells whoever is named, waits for PutApprovalResult at most seven days (or
 * the action's own timeout), and ends as the result says. */

#include "models/sns.gen.h"
#include "services/codepipeline/codepipeline.h"

#define APPROVAL_MAX (7 * SW_DAY)
#define SUBJECT_MAX  99 /* SNS takes less than 100 characters */

static SwStr notification(SwCtx *cx, const SwAction *a, SwTime expires) {
    SwArena *m = cx->arena;
    SwValue v = sw_value_object(), approval = sw_value_object();
    sw_value_sets(m, &v, "region", cx->region);
    sw_value_sets(m, &approval, "pipelineName", a->pipeline);
    sw_value_sets(m, &approval, "stageName", a->stage);
    sw_value_sets(m, &approval, "actionName", a->name);
    sw_value_sets(m, &approval, "token", a->token);
    sw_value_sets(m, &approval, "expires", sw_time_iso8601(m, expires));
    sw_value_sets(m, &approval, "externalEntityLink", sw_str_map_find(&a->configuration, SW_STR("ExternalEntityLink")));
    sw_value_sets(m, &approval, "customData", sw_str_map_find(&a->configuration, SW_STR("CustomData")));
    sw_value_set(m, &v, SW_STR("approval"), approval);
    return sw_json_text(m, &v);
}

/* Under the action's role. */
static int notify(SwCtx *cx, const SwAction *a, SwTime expires, SwError *err) {
    SnsPublishInput in = {.topic_arn = sw_str_map_find(&a->configuration, SW_STR("NotificationArn"))};
    SnsPublishResponse *out;
    if (!sw_str_is(in.topic_arn))
        return 0;
    SwStr subject =
        sw_strf(cx->arena, "APPROVAL NEEDED: AWS CodePipeline %.*s for action %.*s", SW_FMT(a->pipeline), SW_FMT(a->name));
    in.subject = sw_str_n(subject.p, SW_MIN(subject.n, (size_t)SUBJECT_MAX));
    in.message = notification(cx, a, expires);
    return sns_call_publish(cx, &in, &out, err);
}

/* The record's state: "asked <expiry in ns>" -> "approved" | "rejected", the latter two by PutApprovalResult. */
static int approval_step(SwCtx *cx, SwAction *a, SwActionOutcome *ret_outcome, SwTime *ret_again, SwError *err) {
    int64_t expires;
    if (!a->state.p) {
        expires = sw_now(cx) + APPROVAL_MAX;
        if (notify(cx, a, expires, err) < 0)
            return -1;
        a->state = sw_strf(cx->arena, "asked %lld", (long long)expires);
        a->external_url = sw_str_map_find(&a->configuration, SW_STR("ExternalEntityLink"));
    }
    *ret_outcome = SW_ACTION_RUNNING;
    if (sw_str_eqz(a->state, "approved")) {
        *ret_outcome = SW_ACTION_SUCCEEDED;
    } else if (sw_str_eqz(a->state, "rejected")) {
        static const SwErrorKind rejected = {.code = "ApprovalRejected", .http = 400};
        *ret_outcome = SW_ACTION_FAILED;
        return sw_fail(err, &rejected, "Rejected: %.*s", SW_FMT(a->summary)), 0;
    } else if (sw_str_to_i64(sw_str_skip(a->state, 6), &expires) && sw_now(cx) < expires) {
        *ret_again = expires;
    } else {
        static const SwErrorKind timed_out = {.code = "ApprovalTimedOut", .http = 400};
        *ret_outcome = SW_ACTION_FAILED;
        return sw_fail(err, &timed_out, "Nobody approved or rejected within seven days"), 0;
    }
    return 0;
}

static const char *const optional[] = {"NotificationArn", "CustomData", "ExternalEntityLink", NULL};

const SwActionType codepipeline_approval = {
    .category = "Approval",
    .owner = "AWS",
    .provider = "Manual",
    .version = "1",
    .optional = optional,
    .step = approval_step,
};

/* *ret NULL: no action of this name was given the token. */
static int by_token(SwCtx *cx, const CodepipelinePutApprovalResultInput *in, CodepipelineActionRecord **ret, SwError *err) {
    SwDocQuery q = {.index = "by_token", .equals = {in->token}};
    CodepipelineActionRecords l = {0};
    *ret = NULL;
    if (sw_str_is(in->token) && codepipeline_actions_list(cx->tx, &q, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n && !*ret; i++) {
        CodepipelineActionRecord *x = l.v[i].record;
        if (sw_str_eq(x->pipeline, in->pipeline_name) && sw_str_eq(x->stage, in->stage_name) &&
            sw_str_eq(x->action, in->action_name))
            *ret = x;
    }
    return 0;
}

int codepipeline_put_approval_result(SwCtx *cx, const CodepipelinePutApprovalResultInput *in,
                                     CodepipelinePutApprovalResultOutput *out, SwError *err) {
    CodepipelinePipelineRecord *p;
    CodepipelineActionRecord *a;
    bool stage_known = false;
    if (codepipeline_pipeline_get(cx, in->pipeline_name, &p, err) < 0 || by_token(cx, in, &a, err) < 0)
        return -1;
    for (size_t i = 0; i < p->declaration->stages.n; i++)
        stage_known |= sw_str_eq(p->declaration->stages.v[i].name, in->stage_name);
    if (!stage_known)
        return sw_fail(err, &CODEPIPELINE_STAGE_NOT_FOUND_EXCEPTION, "Pipeline '%.*s' does not have a stage with name '%.*s'",
                       SW_FMT(in->pipeline_name), SW_FMT(in->stage_name));
    if (!a || !sw_str_eqz(a->declaration->action_type_id->category, "Approval"))
        return sw_fail(err, &CODEPIPELINE_INVALID_APPROVAL_TOKEN_EXCEPTION,
                       "The approval token is not valid for the action '%.*s'", SW_FMT(in->action_name));
    if (!sw_str_eq(a->status, CODEPIPELINE_ACTION_EXECUTION_STATUS_IN_PROGRESS) || sw_str_eqz(a->state, "approved") ||
        sw_str_eqz(a->state, "rejected"))
        return sw_fail(err, &CODEPIPELINE_APPROVAL_ALREADY_COMPLETED_EXCEPTION,
                       "The approval action '%.*s' has already been completed", SW_FMT(in->action_name));
    a->state = sw_str_eq(in->result->status, CODEPIPELINE_APPROVAL_STATUS_APPROVED) ? SW_STR("approved") : SW_STR("rejected");
    a->summary = in->result->summary;
    a->updated_by = cx->principal.arn;
    a->generation = SW_SOME_INT(SW_OR(a->generation, 0) + 1);
    out->approved_at = SW_SOME_TIME(sw_now(cx));
    if (codepipeline_action_put(cx, a, err) < 0)
        return -1;
    return sw_wake(cx, &codepipeline_action_controller, a->id, 0, err);
}
