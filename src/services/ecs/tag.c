/* SPDX-License-Identifier: Apache-2.0 */
/* Tags of every resource by its ARN, and account settings. */

#include "ecs.h"

typedef struct Tagged {
    const SwCollection *c;
    SwStr id;
    void *record;
    EcsTagList *tags;
} Tagged;

static int find(SwCtx *cx, SwStr arn, Tagged *ret, SwError *err) {
    SwArn a;
    if (!sw_arn_parse(arn, &a) || !sw_str_eqz(a.service, "ecs"))
        return sw_fail(err, &ECS_INVALID_PARAMETER_EXCEPTION, "Invalid arn syntax: %.*s", SW_FMT(arn));
    SwStr rest = a.resource, kind;
    if (!sw_str_cut(&rest, '/', &kind))
        return sw_fail(err, &ECS_INVALID_PARAMETER_EXCEPTION, "Invalid arn syntax: %.*s", SW_FMT(arn));
    bool cluster = ecs_is(kind, "cluster"), service = ecs_is(kind, "service"), task = ecs_is(kind, "task"),
         definition = ecs_is(kind, "task-definition");
    if (!cluster && !service && !task && !definition)
        return sw_fail(err, &ECS_INVALID_PARAMETER_EXCEPTION, "The specified resource type cannot be tagged: %.*s",
                       SW_FMT(kind));
    ret->c = cluster ? &ecs_clusters : service ? &ecs_services : task ? &ecs_tasks : &ecs_task_definitions;
    ret->id = task ? ecs_short_name(rest) : rest;
    if (sw_doc_get(cx->tx, ret->c, ret->id, &ret->record, err) < 0)
        return -1;
    if (!ret->record || !sw_str_eq(a.account, cx->account) || !sw_str_eq(a.region, cx->region)) {
        if (cluster)
            return sw_fail(err, &ECS_CLUSTER_NOT_FOUND_EXCEPTION, "Cluster not found.");
        return sw_fail(err, &ECS_INVALID_PARAMETER_EXCEPTION,
                       "The specified resource is not found. Specify a valid resource and try again.");
    }
    ret->tags = cluster   ? &((EcsClusterRecord *)ret->record)->cluster->tags
                : service ? &((EcsServiceRecord *)ret->record)->service->tags
                : task    ? &((EcsTaskRecord *)ret->record)->task->tags
                          : &((EcsTaskDefinitionRecord *)ret->record)->tags;
    return 0;
}

static int put(SwCtx *cx, Tagged *t, SwError *err) {
    if (t->c == &ecs_tasks) { /* so that its controller, if it is at work, does not write over it */
        EcsTask *k = ((EcsTaskRecord *)t->record)->task;
        k->version = SW_SOME_INT(SW_OR(k->version, 0) + 1);
        if (sw_wake(cx, &ecs_task_controller, t->id, 0, err) < 0)
            return -1;
    }
    return sw_doc_put(cx->tx, t->c, t->id, t->record, err);
}

int ecs_tag_resource(SwCtx *cx, const EcsTagResourceRequest *in, EcsTagResourceResponse *out, SwError *err) {
    Tagged t;
    (void)out;
    if (ecs_tags_check(&in->tags, err) < 0 || find(cx, in->resource_arn, &t, err) < 0 ||
        sw_tags_merge(cx->arena, &ecs_tag_rules, in->resource_arn, SW_TAGS(t.tags), SW_GIVEN_TAGS(&in->tags), err) < 0)
        return -1;
    return put(cx, &t, err);
}

int ecs_untag_resource(SwCtx *cx, const EcsUntagResourceRequest *in, EcsUntagResourceResponse *out, SwError *err) {
    Tagged t;
    (void)out;
    if (find(cx, in->resource_arn, &t, err) < 0)
        return -1;
    sw_tags_remove(cx->arena, &ecs_tag_rules, SW_TAGS(t.tags), &in->tag_keys);
    return put(cx, &t, err);
}

int ecs_list_tags_for_resource(SwCtx *cx, const EcsListTagsForResourceRequest *in, EcsListTagsForResourceResponse *out,
                               SwError *err) {
    Tagged t;
    if (find(cx, in->resource_arn, &t, err) < 0)
        return -1;
    out->tags = *t.tags;
    sw_list_present(cx->arena, &out->tags);
    return 0;
}

/* The settings that describe how this server always is; others cannot be changed here and are not
 * listed. */
static const struct {
    const char *name, *value;
} settings[] = {
    {"awsvpcTrunking", "disabled"},      {"containerInsights", "disabled"}, {"containerInstanceLongArnFormat", "enabled"},
    {"serviceLongArnFormat", "enabled"}, {"taskLongArnFormat", "enabled"},
};

static int show_setting(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    const EcsListAccountSettingsRequest *in = arg;
    *(EcsSetting *)to = (EcsSetting){.name = row->id,
                                     .value = sw_str(row->record),
                                     .principal_arn = sw_str_or(in->principal_arn, cx->principal.arn)};
    return 0;
}

int ecs_list_account_settings(SwCtx *cx, const EcsListAccountSettingsRequest *in, EcsListAccountSettingsResponse *out,
                              SwError *err) {
    SwPageItems items = {0};
    /* Without effectiveSettings AWS lists what the principal has set, and that is nothing. */
    for (size_t i = 0; i < SW_N(settings) && SW_OR(in->effective_settings, false); i++)
        if ((!in->name.n || ecs_is(in->name, settings[i].name)) && (!in->value.n || ecs_is(in->value, settings[i].value)))
            *sw_list_add(cx->arena, &items) = (SwPageItem){sw_str(settings[i].name), settings[i].value};
    return sw_page(cx, &(SwPage){.items = items, .show = show_setting, .arg = in, ECS_PAGE}, out, err);
}
