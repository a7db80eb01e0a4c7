/* SPDX-License-Identifier: Apache-2.0 */
/* Tags of alarms. */

#include "services/cloudwatch/cloudwatch.h"

const SwTagRules cloudwatch_tag_rules = {
    .max = 50,
    .too_many = {&CLOUDWATCH_INVALID_PARAMETER_VALUE_EXCEPTION, "A resource can have at most 50 tags."},
    .reserved = {&CLOUDWATCH_INVALID_PARAMETER_VALUE_EXCEPTION, "Tag keys starting with aws: are reserved."},
    .duplicate = {&CLOUDWATCH_INVALID_PARAMETER_VALUE_EXCEPTION, "Tag keys must be unique: {key}"},
};

/* *ret_a NULL: there is none. */
static int look(SwCtx *cx, SwStr arn_text, CloudwatchAlarmRecord **ret_a, SwError *err) {
    SwArn arn;
    *ret_a = NULL;
    if (!sw_arn_parse(arn_text, &arn) || !sw_str_eqz(arn.service, "cloudwatch"))
        return sw_fail(err, &CLOUDWATCH_INVALID_PARAMETER_VALUE_EXCEPTION, "Invalid ARN: %.*s", SW_FMT(arn_text));
    if (sw_str_starts(arn.resource, SW_STR("alarm:")) && sw_str_eq(arn.region, cx->region) &&
        sw_str_eq(arn.account, cx->account) && cloudwatch_alarm_get(cx, sw_str_skip(arn.resource, 6), ret_a, err) < 0)
        return -1;
    return 0;
}

static int find(SwCtx *cx, SwStr arn_text, CloudwatchAlarmRecord **ret_a, SwError *err) {
    if (look(cx, arn_text, ret_a, err) < 0)
        return -1;
    if (*ret_a)
        return 0;
    return sw_fail(err, &CLOUDWATCH_RESOURCE_NOT_FOUND_EXCEPTION, "Resource %.*s does not exist", SW_FMT(arn_text));
}

int cloudwatch_tag_resource(SwCtx *cx, const CloudwatchTagResourceInput *in, CloudwatchTagResourceOutput *out, SwError *err) {
    CloudwatchAlarmRecord *a;
    if (find(cx, in->resource_arn, &a, err) < 0 ||
        sw_tags_merge(cx->arena, &cloudwatch_tag_rules, in->resource_arn, SW_TAGS(&a->tags), SW_GIVEN_TAGS(&in->tags), err) < 0)
        return -1;
    return cloudwatch_alarm_put(cx, a, err);
}

int cloudwatch_untag_resource(SwCtx *cx, const CloudwatchUntagResourceInput *in, CloudwatchUntagResourceOutput *out,
                              SwError *err) {
    CloudwatchAlarmRecord *a;
    if (find(cx, in->resource_arn, &a, err) < 0)
        return -1;
    sw_tags_remove(cx->arena, &cloudwatch_tag_rules, SW_TAGS(&a->tags), &in->tag_keys);
    return cloudwatch_alarm_put(cx, a, err);
}

int cloudwatch_list_tags_for_resource(SwCtx *cx, const CloudwatchListTagsForResourceInput *in,
                                      CloudwatchListTagsForResourceOutput *out, SwError *err) {
    CloudwatchAlarmRecord *a;
    if (look(cx, in->resource_arn, &a, err) < 0)
        return -1;
    if (a) /* AWS: what is not there has no tags */
        out->tags = a->tags;
    sw_list_present(cx->arena, &out->tags);
    return 0;
}
