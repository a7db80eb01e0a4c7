/* SPDX-License-Identifier: Apache-2.0 */
/* A project as EventBridge's target: the rule starts a build. What a target's input says is StartBuild's own input; of an
 * event that comes as it is nothing is taken. */

#include "services/codebuild/codebuild.h"

int codebuild_deliver(SwCtx *cx, SwStr text, SwStr payload, const SwValue *parameters, SwError *err) {
    SwArn arn;
    SwValue v;
    void *in;
    CodebuildStartBuildOutput *out;
    if (!sw_arn_parse(text, &arn))
        return sw_fail(err, &CODEBUILD_INVALID_INPUT_EXCEPTION, "%.*s is not the ARN of a project", SW_FMT(text));
    if (sw_json_parse(cx->arena, payload, &v, err) < 0 || v.kind != SW_VOBJECT || sw_value_getz(&v, "detail-type")) {
        sw_error_reset(err);
        v = sw_value_object();
    }
    if (sw_shape_from_value(cx->arena, &codebuild_shape_start_build_input, &v, &in, err) < 0)
        return -1;
    CodebuildStartBuildInput *start = in;
    start->project_name = sw_str_skip(arn.resource, strlen("project/"));
    return codebuild_call_start_build(cx, start, &out, err);
}
