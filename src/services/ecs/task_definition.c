/* SPDX-License-Identifier: Apache-2.0 */
/* Task definitions: families of numbered revisions. A revision never changes but in its status
 * (ACTIVE -> INACTIVE -> DELETE_IN_PROGRESS); numbers are never reused. */

#include "ecs.h"

static int newest(SwCtx *cx, SwStr family, EcsTaskDefinitionRecord **ret, SwError *err) {
    SwDocQuery q = {.index = "by_status", .equals = {SW_STR("ACTIVE"), family}, .descending = true, .limit = 1};
    EcsTaskDefinitionRecords l;
    if (ecs_task_definitions_list(cx->tx, &q, &l, err) < 0)
        return -1;
    *ret = l.n ? l.v[0].record : NULL;
    return 0;
}

/* Of a family alone, by its name or ARN; absent: a revision is named, or nothing here. */
static SwStr family_of(SwCtx *cx, SwStr ref) {
    const SwResource *r = &ecs_task_definition_resource;
    SwParts p;
    bool read = sw_str_starts(ref, SW_STR("arn:"))
                    ? sw_resource_read_arn(cx, r, ref, &p)
                    : sw_resource_read(r, r->reference[0], ref, &p) || sw_resource_read(r, r->reference[1], ref, &p);
    return read && !p.v[1].p ? p.v[0] : SW_NO_STR;
}

int ecs_definition_find(SwCtx *cx, SwStr ref, EcsTaskDefinitionRecord **ret, SwError *err) {
    SwStr family = family_of(cx, ref);
    return family.p ? newest(cx, family, ret, err) : ecs_task_definition_find_reference(cx, ref, ret, err);
}

/* A family that is to run is its newest revision; of one that is not there any. */
static SwStr named(SwCtx *cx, const SwOperation *op, const void *in, SwStr ref) {
    EcsTaskDefinitionRecord *r = NULL;
    SwError ignored = sw_error(cx->arena);
    SwStr family = family_of(cx, ref);
    (void)in;
    if (!family.p)
        return SW_NO_STR;
    if (op->index != ECS_REGISTER_TASK_DEFINITION && cx->tx && newest(cx, family, &r, &ignored) == 0 && r)
        return r->definition->task_definition_arn;
    return ecs_task_definition_arn(cx, family, SW_NO_STR);
}

const SwResourceHooks ecs_task_definition_hooks = {.named = named};

static void fill_container(SwArena *a, EcsContainerDefinition *c, SwStr network_mode) {
    bool same = ecs_is(network_mode, "awsvpc") || ecs_is(network_mode, "host");
    if (!c->cpu.set)
        c->cpu = SW_SOME_INT(0);
    if (!c->essential.set)
        c->essential = SW_SOME_BOOL(true);
    sw_list_present(a, &c->environment);
    sw_list_present(a, &c->mount_points);
    sw_list_present(a, &c->volumes_from);
    sw_list_present(a, &c->port_mappings);
    sw_list_present(a, &c->system_controls);
    for (size_t i = 0; i < c->port_mappings.n; i++) {
        EcsPortMapping *p = &c->port_mappings.v[i];
        if (!p->host_port.set || (same && !p->host_port.v))
            p->host_port = SW_SOME_INT(same ? p->container_port.v : 0);
        p->protocol = sw_str_or(p->protocol, SW_STR("tcp"));
    }
    EcsHealthCheck *h = c->health_check;
    if (h) {
        h->interval = SW_SOME_INT(SW_OR(h->interval, 30));
        h->timeout = SW_SOME_INT(SW_OR(h->timeout, 5));
        h->retries = SW_SOME_INT(SW_OR(h->retries, 3));
    }
}

static void add_attribute(SwArena *a, EcsTaskDefinition *d, const char *name) {
    for (size_t i = 0; i < d->requires_attributes.n; i++)
        if (ecs_is(d->requires_attributes.v[i].name, name))
            return;
    sw_list_add(a, &d->requires_attributes)->name = sw_str(name);
}

static void fill_attributes(SwArena *a, EcsTaskDefinition *d) {
    add_attribute(a, d, "com.amazonaws.ecs.capability.docker-remote-api.1.18");
    if (ecs_is(d->network_mode, "awsvpc"))
        add_attribute(a, d, "ecs.capability.task-eni");
    if (d->task_role_arn.n)
        add_attribute(a, d, "com.amazonaws.ecs.capability.task-iam-role");
    for (size_t i = 0; i < d->container_definitions.n; i++) {
        const EcsContainerDefinition *c = &d->container_definitions.v[i];
        if (c->log_configuration && ecs_is(c->log_configuration->log_driver, "awslogs"))
            add_attribute(a, d, "com.amazonaws.ecs.capability.logging-driver.awslogs");
        for (size_t k = 0; k < c->secrets.n; k++)
            add_attribute(a, d,
                          ecs_names_secret(c->secrets.v[k].value_from) ? "ecs.capability.secrets.asm.environment-variables"
                                                                       : "ecs.capability.secrets.ssm.environment-variables");
        if (c->health_check)
            add_attribute(a, d, "ecs.capability.container-health-check");
        if (c->depends_on.n)
            add_attribute(a, d, "ecs.capability.container-ordering");
    }
}

/* What AWS answers beside what was given. */
static void fill(SwCtx *cx, EcsTaskDefinition *d) {
    SwArena *a = cx->arena;
    int64_t cpu = 0, memory = 0;
    if (!d->network_mode.n)
        d->network_mode = SW_STR("bridge");
    if (ecs_cpu_parse(d->cpu, &cpu))
        d->cpu = sw_strf(a, "%lld", (long long)cpu);
    if (ecs_memory_parse(d->memory, &memory))
        d->memory = sw_strf(a, "%lld", (long long)memory);
    for (size_t i = 0; i < d->container_definitions.n; i++)
        fill_container(a, &d->container_definitions.v[i], d->network_mode);
    sw_str_list_add(a, &d->compatibilities, SW_STR("EC2"));
    bool privileged = false;
    for (size_t i = 0; i < d->container_definitions.n; i++)
        privileged |= SW_OR(d->container_definitions.v[i].privileged, false);
    if (ecs_is(d->network_mode, "awsvpc") && ecs_fargate_size(cpu, memory) && !privileged)
        sw_str_list_add(a, &d->compatibilities, SW_STR("FARGATE"));
    sw_list_present(a, &d->volumes);
    sw_list_present(a, &d->placement_constraints);
    fill_attributes(a, d);
}

int ecs_register_task_definition(SwCtx *cx, const EcsRegisterTaskDefinitionRequest *in, EcsRegisterTaskDefinitionResponse *out,
                                 SwError *err) {
    if (ecs_task_definition_check(cx, in, err) < 0)
        return -1;
    int64_t revision;
    if (sw_doc_next(cx->tx, SW_SCOPE_REGION, sw_strf(cx->arena, "ecs/taskDefinition/%.*s", SW_FMT(in->family)), &revision,
                    err) < 0)
        return -1;
    EcsTaskDefinition moved = {0};
    sw_shape_move(cx->arena, &ecs_shape_task_definition, &moved, &ecs_shape_register_task_definition_request, in);
    EcsTaskDefinition *d = sw_shape_copy(cx->arena, &ecs_shape_task_definition, &moved);
    SwStr number = sw_strf(cx->arena, "%lld", (long long)revision);
    d->revision = SW_SOME_INT(revision);
    d->status = SW_STR("ACTIVE");
    d->registered_at = SW_SOME_TIME(sw_now(cx));
    d->registered_by = cx->principal.arn;
    d->task_definition_arn = ecs_task_definition_arn(cx, in->family, number);
    fill(cx, d);
    if (ecs_host_paths_check(cx, d, err) < 0 || ecs_host_access_check(cx, d, err) < 0)
        return -1;
    EcsTaskDefinitionRecord r = {.family = in->family, .revision = SW_SOME_INT(revision), .definition = d};
    if (ecs_task_definition_set_tags(cx, in->family, number, &r, SW_GIVEN_TAGS(&in->tags), err) < 0 ||
        ecs_task_definition_save(cx, &r, err) < 0)
        return -1;
    out->task_definition = d;
    out->tags = r.tags;
    return 0;
}

int ecs_describe_task_definition(SwCtx *cx, const EcsDescribeTaskDefinitionRequest *in, EcsDescribeTaskDefinitionResponse *out,
                                 SwError *err) {
    EcsTaskDefinitionRecord *r;
    if (ecs_definition_find(cx, in->task_definition, &r, err) < 0)
        return -1;
    if (!r)
        return sw_fail(err, &ECS_CLIENT_EXCEPTION, "Unable to describe task definition.");
    out->task_definition = r->definition;
    if (ecs_has(&in->include, "TAGS")) {
        out->tags = r->tags;
        sw_list_present(cx->arena, &out->tags);
    }
    return 0;
}

static int show_arn(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    *(SwStr *)to = ecs_task_definitions_row(row)->definition->task_definition_arn;
    return 0;
}

int ecs_list_task_definitions(SwCtx *cx, const EcsListTaskDefinitionsRequest *in, EcsListTaskDefinitionsResponse *out,
                              SwError *err) {
    SwDocQuery q = {.index = "by_status",
                    .equals = {sw_str_or(in->status, SW_STR("ACTIVE"))},
                    .descending = ecs_is(in->sort, "DESC")};
    if (in->family_prefix.n)
        q.equals[1] = in->family_prefix; /* AWS: the full family name, despite the field's name */
    return sw_page(cx, &(SwPage){.of = &ecs_task_definitions, .q = q, .show = show_arn, ECS_PAGE}, out, err);
}

/* A family is INACTIVE when none of its revisions is ACTIVE. */
static int is_inactive(SwCtx *cx, const void *arg, const SwDocRow *row, bool *ret_wanted, SwError *err) {
    EcsTaskDefinitionRecord *active;
    if (newest(cx, ecs_task_definitions_row(row)->family, &active, err) < 0)
        return -1;
    *ret_wanted = !active;
    return 0;
}

static int show_family(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    *(SwStr *)to = ecs_task_definitions_row(row)->family;
    return 0;
}

int ecs_list_task_definition_families(SwCtx *cx, const EcsListTaskDefinitionFamiliesRequest *in,
                                      EcsListTaskDefinitionFamiliesResponse *out, SwError *err) {
    SwPage p = {.of = &ecs_task_definitions,
                .q = {.index = "by_family", .prefix = in->family_prefix, .distinct = true},
                .show = show_family,
                ECS_PAGE};
    if (ecs_is(in->status, "INACTIVE"))
        p.want = is_inactive;
    if (ecs_is(in->status, "ACTIVE")) {
        p.q.index = "by_status";
        p.q.equals[0] = SW_STR("ACTIVE");
    }
    return sw_page(cx, &p, out, err);
}

int ecs_deregister_task_definition(SwCtx *cx, const EcsDeregisterTaskDefinitionRequest *in,
                                   EcsDeregisterTaskDefinitionResponse *out, SwError *err) {
    if (family_of(cx, in->task_definition).p)
        return sw_fail(err, &ECS_CLIENT_EXCEPTION, "Revision is missing.");
    EcsTaskDefinitionRecord *r;
    if (ecs_definition_find(cx, in->task_definition, &r, err) < 0)
        return -1;
    if (!r)
        return sw_fail(err, &ECS_CLIENT_EXCEPTION, "The specified task definition does not exist.");
    if (ecs_is(r->definition->status, "ACTIVE")) {
        r->definition->status = SW_STR("INACTIVE");
        r->definition->deregistered_at = SW_SOME_TIME(sw_now(cx));
        if (ecs_task_definition_save(cx, r, err) < 0)
            return -1;
    }
    out->task_definition = r->definition;
    return 0;
}

/* As in AWS a revision stays in DELETE_IN_PROGRESS, out of every list: a service that names it may
 * still need it. */
int ecs_delete_task_definitions(SwCtx *cx, const EcsDeleteTaskDefinitionsRequest *in, EcsDeleteTaskDefinitionsResponse *out,
                                SwError *err) {
    if (in->task_definitions.n > 10)
        return sw_fail(err, &ECS_INVALID_PARAMETER_EXCEPTION, "taskDefinitions can have at most 10 items.");
    sw_list_present(cx->arena, &out->task_definitions);
    sw_list_present(cx->arena, &out->failures);
    for (size_t i = 0; i < in->task_definitions.n; i++) {
        EcsTaskDefinitionRecord *r; /* a family alone names none */
        if (ecs_task_definition_find_reference(cx, in->task_definitions.v[i], &r, err) < 0)
            return -1;
        if (!r || !ecs_is(r->definition->status, "INACTIVE")) {
            EcsFailure *f = sw_list_add(cx->arena, &out->failures);
            f->arn = in->task_definitions.v[i];
            f->reason = r ? SW_STR("The specified task definition is still in ACTIVE status. "
                                   "Please deregister the target and try again.")
                          : SW_STR("The specified task definition does not exist. Specify a valid "
                                   "account, family, revision and try again.");
            continue;
        }
        r->definition->status = SW_STR("DELETE_IN_PROGRESS");
        r->definition->delete_requested_at = SW_SOME_TIME(sw_now(cx));
        if (ecs_task_definition_save(cx, r, err) < 0)
            return -1;
        *sw_list_add(cx->arena, &out->task_definitions) = *r->definition;
    }
    return 0;
}
