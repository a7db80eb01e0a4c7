/* SPDX-License-Identifier: Apache-2.0 */
/* What a request is about, for IAM: a pipeline, one of its stages, or one of a stage's actions, as the Service
 * Authorization Reference's table of CodePipeline has them. Operations that name none are about "*". */

#include "api/operation.h"
#include "services/codepipeline/codepipeline.h"

static SwStr name_of(const SwOperation *op, const void *in) {
    if (op->index == CODEPIPELINE_CREATE_PIPELINE)
        return ((const CodepipelineCreatePipelineInput *)in)->pipeline->name;
    if (op->index == CODEPIPELINE_UPDATE_PIPELINE)
        return ((const CodepipelineUpdatePipelineInput *)in)->pipeline->name;
    return sw_str_or(sw_operation_text(op, in, "pipelineName"), sw_operation_text(op, in, "name"));
}

SwStr codepipeline_resource(SwCtx *cx, const SwOperation *op, const void *in) {
    static const char *const parts[] = {"stageName", "actionName"};
    SwStr arn = sw_operation_text(op, in, "resourceArn"), name = arn.p ? SW_NO_STR : name_of(op, in);
    if (!sw_str_is(name))
        return arn;
    arn = sw_arn(cx, "codepipeline", "%.*s", SW_FMT(name));
    for (size_t i = 0; i < SW_N(parts); i++) {
        SwStr part = sw_operation_text(op, in, parts[i]);
        if (sw_str_is(part))
            arn = sw_strf(cx->arena, "%.*s/%.*s", SW_FMT(arn), SW_FMT(part));
    }
    return arn;
}
