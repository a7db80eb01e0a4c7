/* SPDX-License-Identifier: Apache-2.0 */
/* A cluster as EventBridge's target: the rule runs tasks there, as its EcsParameters say. What the target's input says is the
 * tasks' overrides. */

#include "services/ecs/ecs.h"

/* EcsParameters' names as RunTask has them; what is inside keeps its names but for the capital. */
static SwValue run_task_names(SwArena *a, const SwValue *v) {
    static const struct { const char *from, *to; } names[] = {{"TaskDefinitionArn", "taskDefinition"}, {"TaskCount", "count"}};
    if (v->kind == SW_VARRAY) {
        SwValue list = sw_value_array();
        for (size_t i = 0; i < v->n; i++)
            sw_value_add(a, &list, run_task_names(a, &v->v[i]));
        return list;
    }
    if (v->kind != SW_VOBJECT)
        return *v;
    SwValue object = sw_value_object();
    for (size_t i = 0; i < v->n; i++) {
        SwStr name = sw_str_dup(a, v->keys[i]);
        char *first = (char *)(uintptr_t)name.p;
        if (first[0] >= 'A' && first[0] <= 'Z')
            first[0] = (char)(first[0] - 'A' + 'a');
        for (size_t k = 0; k < SW_N(names); k++)
            if (sw_str_eqz(v->keys[i], names[k].from))
                name = sw_str(names[k].to);
        if (sw_str_eqz(v->keys[i], "EnableECSManagedTags"))
            name = SW_STR("enableECSManagedTags");
        sw_value_set(a, &object, name, run_task_names(a, &v->v[i]));
    }
    return object;
}

/* "events-rule/NAME", of the rule on whose behalf this runs. */
static SwStr started_by(SwCtx *cx) {
    SwArn arn;
    size_t slash;
    if (!sw_arn_parse(cx->source, &arn) || !sw_str_rfind(arn.resource, '/', &slash))
        return SW_NO_STR;
    SwStr s = sw_strf(cx->arena, "events-rule/%.*s", SW_FMT(sw_str_skip(arn.resource, slash + 1)));
    return sw_str_n(s.p, SW_MIN(s.n, (size_t)128));
}

int ecs_deliver(SwCtx *cx, SwStr arn, SwStr payload, const SwValue *parameters, SwError *err) {
    static const SwErrorKind not_placed = {.code = "EcsTaskNotPlaced", .http = 500, .retryable = true};
    SwValue v;
    void *in, *overrides = NULL;
    EcsRunTaskResponse *out;
    if (!parameters)
        return sw_fail(err, &ECS_INVALID_PARAMETER_EXCEPTION, "EcsParameters are missing");
    SwValue named = run_task_names(cx->arena, parameters);
    if (sw_shape_from_value(cx->arena, &ecs_shape_run_task_request, &named, &in, err) < 0)
        return -1;
    if (sw_json_parse(cx->arena, payload, &v, err) == 0 && v.kind == SW_VOBJECT && !sw_value_getz(&v, "detail-type")) {
        if (sw_shape_from_value(cx->arena, &ecs_shape_task_override, &v, &overrides, err) < 0)
            return -1;
    } else {
        sw_error_reset(err); /* an event as it is, or a text: no overrides */
    }
    EcsRunTaskRequest *run = in;
    run->cluster = arn;
    run->overrides = overrides;
    run->started_by = started_by(cx);
    if (ecs_call_run_task(cx, run, &out, err) < 0)
        return -1;
    return out->failures.n ? sw_fail(err, &not_placed, "%.*s", SW_FMT(out->failures.v[0].reason)) : 0;
}
