/* SPDX-License-Identifier: Apache-2.0 */
/* Tags of load balancers, listeners, rules and target groups. */

#include "services/elbv2/elbv2.h"

#include "api/tags.h"

static const SwTagRules rules = {
    .max = 50,
    .too_many = {&ELBV2_TOO_MANY_TAGS_EXCEPTION, "The maximum number of tags is 50"},
    .reserved = {&SW_VALIDATION_ERROR, "Tag keys starting with 'aws:' are reserved: '{key}'"},
    .duplicate = {&ELBV2_DUPLICATE_TAG_KEYS_EXCEPTION, "Duplicate tag keys provided: '{key}'"},
};

int elbv2_tags_check(const Elbv2TagList *tags, SwError *err) {
    return sw_tags_check(&rules, SW_NO_STR, SW_GIVEN_TAGS(tags), err);
}

/* A tagged document, whichever kind the ARN is of. */
typedef struct Tagged {
    Elbv2TagList *tags;
    Elbv2LoadBalancerRecord *lb;
    Elbv2ListenerRecord *listener;
    Elbv2RuleRecord *rule;
    Elbv2TargetGroupRecord *group;
} Tagged;

static int get(SwCtx *cx, SwStr arn, Tagged *t, SwError *err) {
    *t = (Tagged){0};
    if (elbv2_arn_id(cx->arena, arn, "listener").p) {
        if (elbv2_listener_get(cx, arn, &t->listener, err) < 0)
            return -1;
        t->tags = &t->listener->tags;
    } else if (elbv2_arn_id(cx->arena, arn, "listener-rule").p) {
        if (elbv2_rule_get(cx, arn, &t->rule, err) < 0)
            return -1;
        t->tags = &t->rule->tags;
    } else if (elbv2_arn_id(cx->arena, arn, "targetgroup").p) {
        if (elbv2_group_get(cx, arn, &t->group, err) < 0)
            return -1;
        t->tags = &t->group->tags;
    } else {
        if (elbv2_load_balancer_get(cx, arn, &t->lb, err) < 0)
            return -1;
        t->tags = &t->lb->tags;
    }
    return 0;
}

static int put(SwCtx *cx, const Tagged *t, SwError *err) {
    if (t->listener)
        return elbv2_listener_put(cx, t->listener, err);
    if (t->rule)
        return elbv2_rule_put(cx, t->rule, err);
    return t->group ? elbv2_group_put(cx, t->group, err) : elbv2_load_balancer_put(cx, t->lb, err);
}

int elbv2_add_tags(SwCtx *cx, const Elbv2AddTagsInput *in, Elbv2AddTagsOutput *out, SwError *err) {
    if (elbv2_tags_check(&in->tags, err) < 0)
        return -1;
    for (size_t i = 0; i < in->resource_arns.n; i++) {
        Tagged t;
        if (get(cx, in->resource_arns.v[i], &t, err) < 0 ||
            sw_tags_merge(cx->arena, &rules, in->resource_arns.v[i], SW_TAGS(t.tags), SW_GIVEN_TAGS(&in->tags), err) < 0 ||
            put(cx, &t, err) < 0)
            return -1;
    }
    return 0;
}

int elbv2_remove_tags(SwCtx *cx, const Elbv2RemoveTagsInput *in, Elbv2RemoveTagsOutput *out, SwError *err) {
    for (size_t i = 0; i < in->resource_arns.n; i++) {
        Tagged t;
        if (get(cx, in->resource_arns.v[i], &t, err) < 0)
            return -1;
        sw_tags_remove(cx->arena, &rules, SW_TAGS(t.tags), &in->tag_keys);
        if (put(cx, &t, err) < 0)
            return -1;
    }
    return 0;
}

int elbv2_describe_tags(SwCtx *cx, const Elbv2DescribeTagsInput *in, Elbv2DescribeTagsOutput *out, SwError *err) {
    sw_list_present(cx->arena, &out->tag_descriptions);
    for (size_t i = 0; i < in->resource_arns.n; i++) {
        Tagged t;
        if (get(cx, in->resource_arns.v[i], &t, err) < 0)
            return -1;
        Elbv2TagDescription *d = sw_list_add(cx->arena, &out->tag_descriptions);
        *d = (Elbv2TagDescription){in->resource_arns.v[i], *t.tags};
        sw_list_present(cx->arena, &d->tags);
    }
    return 0;
}
