/* SPDX-License-Identifier: Apache-2.0 */
/* Tags of alarms. */

#include "services/cloudwatch/cloudwatch.h"

/* As on AWS, what is not there has no tags: that is no error here alone. */
int cloudwatch_list_tags_for_resource(SwCtx *cx, const CloudwatchListTagsForResourceInput *in,
                                      CloudwatchListTagsForResourceOutput *out, SwError *err) {
    const SwResource *r = &cloudwatch_alarm_resource;
    SwFound f;
    if (sw_op_check_arns(cx, cloudwatch_declarations.resource, SW_ONE(in->resource_arn), err) < 0 ||
        sw_resource_find(cx, r, sw_resource_id(cx, r, in->resource_arn), &f, err) < 0)
        return -1;
    if (f.record)
        *SW_TAGS(&out->tags) = *sw_resource_tags(cx, &f);
    sw_list_present(cx->arena, &out->tags);
    return 0;
}
