/* SPDX-License-Identifier: Apache-2.0 */
/* Clusters. The machine that Slipway runs on is the capacity of them all: there are no container
 * instances, and the providers FARGATE and FARGATE_SPOT are what a cluster can name. */

#include "ecs.h"

#include "wire/wire.h"

static bool is_active(SwCtx *cx, const void *record) {
    (void)cx;
    return ecs_is(((const EcsClusterRecord *)record)->cluster->status, "ACTIVE");
}

static bool has_providers(SwCtx *cx, const void *record) {
    const EcsCluster *c = ((const EcsClusterRecord *)record)->cluster;
    return is_active(cx, record) && (c->capacity_providers.n || c->default_capacity_provider_strategy.n);
}

const SwResourceHooks ecs_cluster_hooks = {.exists = is_active};
const SwResourceHooks ecs_cluster_capacity_provider_associations_hooks = {.exists = has_providers};

static int check_settings(const EcsClusterSettingList *l, SwError *err) {
    for (size_t i = 0; i < l->n; i++) {
        SwStr v = l->v[i].value;
        if (!ecs_is(l->v[i].name, "containerInsights"))
            return sw_fail(err, &ECS_INVALID_PARAMETER_EXCEPTION, "Unrecognized setting name: %.*s", SW_FMT(l->v[i].name));
        if (ecs_is(v, "enabled") || ecs_is(v, "enhanced"))
            return sw_fail(err, &ECS_INVALID_PARAMETER_EXCEPTION,
                           "settings: the value %.*s of containerInsights is not supported: "
                           "Container Insights' metrics are not collected.",
                           SW_FMT(v));
        if (v.n && !ecs_is(v, "disabled"))
            return sw_fail(err, &ECS_INVALID_PARAMETER_EXCEPTION, "Invalid setting value: %.*s", SW_FMT(v));
    }
    return 0;
}

static int check_providers(const SwStrList *providers, const EcsCapacityProviderStrategyItemList *strategy, SwError *err) {
    for (size_t i = 0; i < providers->n; i++)
        if (!ecs_is(providers->v[i], "FARGATE") && !ecs_is(providers->v[i], "FARGATE_SPOT"))
            return sw_fail(err, &ECS_INVALID_PARAMETER_EXCEPTION,
                           "The specified capacity provider '%.*s' was not found. Specify a valid "
                           "name or ARN and try again.",
                           SW_FMT(providers->v[i]));
    return ecs_strategy_check(providers, strategy, err);
}

static void settings_default(SwArena *a, EcsClusterSettingList *l) {
    if (l->n)
        return;
    EcsClusterSetting *s = sw_list_add(a, l);
    s->name = SW_STR("containerInsights");
    s->value = SW_STR("disabled");
}

/* In the index: no task is read. */
static int count_tasks(SwCtx *cx, EcsCluster *c, SwError *err) {
    static const SwStr states[] = {SW_STR_C("RUNNING"), SW_STR_C("PENDING"), SW_STR_C("PROVISIONING"), SW_STR_C("ACTIVATING")};
    int64_t n[SW_N(states)];
    for (size_t i = 0; i < SW_N(states); i++) {
        SwDocQuery tasks = {.index = "by_last_status", .equals = {c->cluster_arn, states[i]}};
        if (ecs_tasks_count(cx->tx, &tasks, &n[i], err) < 0)
            return -1;
    }
    c->running_tasks_count = SW_SOME_INT(n[0]);
    c->pending_tasks_count = SW_SOME_INT(n[1] + n[2] + n[3]);
    SwDocQuery q = {.index = "by_cluster", .equals = {c->cluster_arn, SW_STR("ACTIVE")}};
    int64_t services;
    if (ecs_services_count(cx->tx, &q, &services, err) < 0)
        return -1;
    c->active_services_count = SW_SOME_INT(services);
    c->registered_container_instances_count = SW_SOME_INT(0);
    return 0;
}

/* As it is told without `include`: AWS leaves tags, settings and configuration out unless they are
 * asked for. */
static int show(SwCtx *cx, EcsCluster *c, const SwStrList *include, SwError *err) {
    SwArena *a = cx->arena;
    if (count_tasks(cx, c, err) < 0)
        return -1;
    if (include && !ecs_has(include, "TAGS"))
        c->tags = (EcsTagList){0};
    if (include && !ecs_has(include, "SETTINGS"))
        c->settings = (EcsClusterSettingList){0};
    sw_list_present(a, &c->tags);
    sw_list_present(a, &c->settings);
    sw_list_present(a, &c->statistics);
    sw_list_present(a, &c->capacity_providers);
    sw_list_present(a, &c->default_capacity_provider_strategy);
    if (include && ecs_has(include, "STATISTICS"))
        ecs_key_value_set(a, &c->statistics, "runningFargateTasksCount",
                          sw_strf(a, "%lld", (long long)c->running_tasks_count.v));
    return 0;
}

static int save(SwCtx *cx, EcsClusterRecord *r, EcsCluster **ret, SwError *err) {
    if (ecs_cluster_save(cx, r, err) < 0)
        return -1;
    *ret = r->cluster;
    return show(cx, r->cluster, NULL, err);
}

int ecs_create_cluster(SwCtx *cx, const EcsCreateClusterRequest *in, EcsCreateClusterResponse *out, SwError *err) {
    SwStr name = sw_str_or(in->cluster_name, SW_STR("default"));
    if (!ecs_is_name(name))
        return sw_fail(err, &ECS_INVALID_PARAMETER_EXCEPTION, "Invalid cluster name.");
    if (check_settings(&in->settings, err) < 0 ||
        check_providers(&in->capacity_providers, &in->default_capacity_provider_strategy, err) < 0)
        return -1;
    EcsClusterRecord *old;
    if (ecs_cluster_find(cx, name, &old, err) < 0)
        return -1;
    if (old) { /* idempotent, as AWS: the cluster as it is */
        out->cluster = old->cluster;
        return show(cx, out->cluster, NULL, err);
    }
    EcsCluster *c = sw_new(cx->arena, EcsCluster);
    *c = (EcsCluster){.cluster_name = name,
                      .cluster_arn = ecs_cluster_arn(cx, name),
                      .status = SW_STR("ACTIVE"),
                      .settings = in->settings,
                      .capacity_providers = in->capacity_providers,
                      .default_capacity_provider_strategy = in->default_capacity_provider_strategy};
    settings_default(cx->arena, &c->settings);
    EcsClusterRecord rec = {.cluster = c};
    if (ecs_cluster_set_tags(cx, name, &rec, SW_GIVEN_TAGS(&in->tags), err) < 0)
        return -1;
    return save(cx, &rec, &out->cluster, err);
}

int ecs_describe_clusters(SwCtx *cx, const EcsDescribeClustersRequest *in, EcsDescribeClustersResponse *out, SwError *err) {
    static SwStr standard[] = {SW_STR_C("default")};
    SwStrList names = in->clusters.n ? in->clusters : (SwStrList){standard, 1};
    if (names.n > 100)
        return sw_fail(err, &ECS_INVALID_PARAMETER_EXCEPTION, "clusters can have at most 100 items.");
    sw_list_present(cx->arena, &out->clusters);
    sw_list_present(cx->arena, &out->failures);
    for (size_t i = 0; i < names.n; i++) {
        SwStr id = sw_resource_id(cx, &ecs_cluster_resource, names.v[i]);
        EcsClusterRecord *r = NULL; /* also one that is INACTIVE */
        if (id.p && ecs_clusters_find(cx->tx, id, &r, err) < 0)
            return -1;
        if (!r) {
            SwStr arn = ecs_asked_arn(names.v[i], ecs_cluster_arn(cx, names.v[i]));
            ecs_failure(cx->arena, &out->failures, arn, "MISSING");
            continue;
        }
        EcsCluster *c = sw_list_add(cx->arena, &out->clusters);
        *c = *r->cluster;
        if (show(cx, c, &in->include, err) < 0)
            return -1;
    }
    return 0;
}

static int is_listed(SwCtx *cx, const void *arg, const SwDocRow *row, bool *ret_wanted, SwError *err) {
    *ret_wanted = is_active(cx, ecs_clusters_row(row));
    return 0;
}

static int show_arn(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    *(SwStr *)to = ecs_clusters_row(row)->cluster->cluster_arn;
    return 0;
}

int ecs_list_clusters(SwCtx *cx, const EcsListClustersRequest *in, EcsListClustersResponse *out, SwError *err) {
    return sw_page(cx, &(SwPage){.of = &ecs_clusters, .want = is_listed, .show = show_arn, ECS_PAGE}, out, err);
}

int ecs_update_cluster(SwCtx *cx, const EcsUpdateClusterRequest *in, EcsUpdateClusterResponse *out, SwError *err) {
    EcsClusterRecord *r;
    if (ecs_cluster_by_reference(cx, in->cluster, &r, err) < 0 || check_settings(&in->settings, err) < 0)
        return -1;
    if (in->settings.n)
        r->cluster->settings = in->settings;
    return save(cx, r, &out->cluster, err);
}

int ecs_update_cluster_settings(SwCtx *cx, const EcsUpdateClusterSettingsRequest *in, EcsUpdateClusterSettingsResponse *out,
                                SwError *err) {
    EcsClusterRecord *r;
    if (ecs_cluster_by_reference(cx, in->cluster, &r, err) < 0 || check_settings(&in->settings, err) < 0)
        return -1;
    r->cluster->settings = in->settings;
    return save(cx, r, &out->cluster, err);
}

int ecs_put_cluster_capacity_providers(SwCtx *cx, const EcsPutClusterCapacityProvidersRequest *in,
                                       EcsPutClusterCapacityProvidersResponse *out, SwError *err) {
    EcsClusterRecord *r;
    if (ecs_cluster_by_reference(cx, in->cluster, &r, err) < 0 ||
        check_providers(&in->capacity_providers, &in->default_capacity_provider_strategy, err) < 0)
        return -1;
    r->cluster->capacity_providers = in->capacity_providers;
    r->cluster->default_capacity_provider_strategy = in->default_capacity_provider_strategy;
    return save(cx, r, &out->cluster, err);
}

int ecs_delete_cluster(SwCtx *cx, const EcsDeleteClusterRequest *in, EcsDeleteClusterResponse *out, SwError *err) {
    EcsClusterRecord *r;
    if (ecs_cluster_by_reference(cx, in->cluster, &r, err) < 0 || count_tasks(cx, r->cluster, err) < 0)
        return -1;
    if (r->cluster->active_services_count.v)
        return sw_fail(err, &ECS_CLUSTER_CONTAINS_SERVICES_EXCEPTION,
                       "The Cluster cannot be deleted while Services are active.");
    if (r->cluster->running_tasks_count.v + r->cluster->pending_tasks_count.v)
        return sw_fail(err, &ECS_CLUSTER_CONTAINS_TASKS_EXCEPTION, "The Cluster cannot be deleted while Tasks are active.");
    r->cluster->status = SW_STR("INACTIVE");
    return save(cx, r, &out->cluster, err);
}

static int show_provider(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    const EcsDescribeCapacityProvidersRequest *in = arg;
    EcsCapacityProvider *p = to;
    p->name = row->id;
    p->capacity_provider_arn = ecs_capacity_provider_arn(cx, p->name);
    p->status = SW_STR("ACTIVE");
    p->type = p->name;
    if (ecs_has(&in->include, "TAGS")) /* AWS's own, which nobody can tag */
        sw_list_present(cx->arena, &p->tags);
    return 0;
}

int ecs_describe_capacity_providers(SwCtx *cx, const EcsDescribeCapacityProvidersRequest *in,
                                    EcsDescribeCapacityProvidersResponse *out, SwError *err) {
    static const char *const provider[] = {"FARGATE", "FARGATE_SPOT"};
    SwArena *a = cx->arena;
    EcsClusterRecord *cluster = NULL;
    if (in->cluster.p && ecs_cluster_by_reference(cx, in->cluster, &cluster, err) < 0)
        return -1;
    SwStrList all = {0};
    for (size_t i = 0; i < SW_N(provider); i++)
        if (!in->cluster.p || ecs_has(&cluster->cluster->capacity_providers, provider[i]))
            sw_str_list_add(a, &all, sw_str(provider[i]));
    SwStrList wanted = {0};
    sw_list_present(a, &out->failures);
    for (size_t i = 0; i < in->capacity_providers.n; i++) {
        SwStr ref = in->capacity_providers.v[i], name = sw_resource_id(cx, &ecs_capacity_provider_resource, ref);
        if (sw_str_list_has(&all, name))
            sw_str_list_add(a, &wanted, name);
        else
            ecs_failure(a, &out->failures, ecs_asked_arn(ref, ecs_capacity_provider_arn(cx, ref)), "MISSING");
    }
    const SwStrList *shown = in->capacity_providers.n ? &wanted : &all;
    SwPageItems items = {0};
    for (size_t i = 0; i < shown->n; i++)
        *sw_list_add(a, &items) = (SwPageItem){.key = shown->v[i]};
    return sw_page(cx, &(SwPage){.items = items, .show = show_provider, .arg = in, ECS_PAGE}, out, err);
}
