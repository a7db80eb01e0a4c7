/* SPDX-License-Identifier: Apache-2.0 */
/* Targets: registered, checked, drained.
 *
 *   register -> initial -> healthy <-> unhealthy          (health_controller.c, by the group's
 * thresholds) |           |           |
 *                  +-----------+-----------+--> draining --> gone      deregistered: no requests in
 * flight, or delay over
 *
 * A target whose group no load balancer uses stays initial and is shown as unused. */

#include <arpa/inet.h>

#include "services/elbv2/elbv2.h"

#define TARGETS_MAX 1000 /* of a group */

static SwStr port_text(SwArena *a, SwOptInt port) {
    return sw_strf(a, "%lld", (long long)port.v);
}

SwStr elbv2_target_id(SwArena *a, const Elbv2TargetGroupRecord *g, const Elbv2TargetDescription *t) {
    return sw_strf(a, "%.*s/%.*s:%lld", SW_FMT(g->hex), SW_FMT(t->id), (long long)SW_OR(t->port, g->group->port.v));
}

SwHealth elbv2_target_health(const Elbv2TargetRecord *t) {
    SwHealth h = {.passes = t->passes.v, .fails = t->fails.v, .last = {(SwProbeResult)t->result.v, (int)t->status.v}};
    h.state = elbv2_is(t->state, "healthy")     ? SW_TARGET_HEALTHY
              : elbv2_is(t->state, "unhealthy") ? SW_TARGET_UNHEALTHY
              : elbv2_is(t->state, "draining")  ? SW_TARGET_DRAINING
                                                : SW_TARGET_INITIAL;
    return h;
}

/* Ours, not AWS's: others learn at once what a target's health is. */
static int emit(SwCtx *cx, const Elbv2TargetGroupRecord *g, const Elbv2TargetRecord *t, SwStr state, SwError *err) {
    SwHealth h = elbv2_target_health(t);
    const Elbv2TargetHealthChange detail = {.target_group_arn = g->group->target_group_arn,
                                            .target_id = t->target->id,
                                            .port = t->target->port,
                                            .state = state,
                                            .reason = elbv2_is(state, "deregistered") ? SW_NO_STR : sw_health_reason(&h)};
    return sw_event(cx, &elbv2_event_target_health_change, g->group->target_group_arn, &detail, err);
}

int elbv2_target_set(SwCtx *cx, SwStr id, const Elbv2TargetGroupRecord *g, Elbv2TargetRecord *t, SwStr state, SwError *err) {
    if (state.p && !sw_str_eq(state, t->state)) {
        t->state = state;
        if (emit(cx, g, t, state, err) < 0 || elbv2_wake_proxy(cx, err) < 0)
            return -1;
    }
    if (elbv2_is(state, "deregistered"))
        return elbv2_targets_delete(cx->tx, id, NULL, err);
    return elbv2_targets_put(cx->tx, id, t, err);
}

int elbv2_wake_targets(SwCtx *cx, const Elbv2TargetGroupRecord *g, SwError *err) {
    Elbv2TargetRecords l;
    if (elbv2_targets_of(cx, g, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++)
        if (sw_wake(cx, &elbv2_health, l.v[i].id, 0, err) < 0)
            return -1;
    return 0;
}

int elbv2_wake_groups(SwCtx *cx, const SwStrList *arns, SwError *err) {
    for (size_t i = 0; i < arns->n; i++) {
        Elbv2TargetGroupRecord *g;
        if (elbv2_target_group_by_arn(cx, arns->v[i], &g, err) < 0 || elbv2_wake_targets(cx, g, err) < 0)
            return -1;
    }
    return 0;
}

/* Addresses of this machine and of private networks, as AWS has it; loopback is where host ports of
 * tasks are. The one instance that there is, is this machine. */
static int check_target(SwCtx *cx, const Elbv2TargetGroup *g, const Elbv2TargetDescription *t, SwError *err) {
    struct in_addr bin;
    if (sw_str_is(t->quic_server_id))
        return sw_refuse_field(err, &ELBV2_INVALID_CONFIGURATION_REQUEST_EXCEPTION, "QuicServerId", "QUIC is not supported");
    if (elbv2_is(g->target_type, "instance"))
        return elbv2_is(t->id, "127.0.0.1") ? 0
                                            : sw_fail(err, &ELBV2_INVALID_TARGET_EXCEPTION,
                                                      "The following targets are not in a running "
                                                      "state and cannot be registered: '%.*s'",
                                                      SW_FMT(t->id));
    if (t->id.n > 15 || inet_pton(AF_INET, sw_str_z(cx->arena, t->id), &bin) != 1)
        return sw_fail(err, &SW_VALIDATION_ERROR, "The IP address '%.*s' is not a valid IPv4 address", SW_FMT(t->id));
    uint32_t ip = ntohl(bin.s_addr);
    bool allowed = ip >> 24 == 127 || ip >> 24 == 10 || ip >> 20 == 0xac1 || ip >> 16 == 0xc0a8 || ip >> 22 == 0x191;
    if (!allowed)
        return sw_fail(err, &ELBV2_INVALID_TARGET_EXCEPTION,
                       "The following targets are not within the private IPv4 ranges: '%.*s'", SW_FMT(t->id));
    return 0;
}

int elbv2_register_targets(SwCtx *cx, const Elbv2RegisterTargetsInput *in, Elbv2RegisterTargetsOutput *out, SwError *err) {
    Elbv2TargetGroupRecord *g;
    Elbv2TargetRecords l;
    if (elbv2_target_group_by_arn(cx, in->target_group_arn, &g, err) < 0 || elbv2_targets_of(cx, g, &l, err) < 0)
        return -1;
    if (l.n + in->targets.n > TARGETS_MAX)
        return sw_fail(err, &ELBV2_TOO_MANY_TARGETS_EXCEPTION, "The maximum number of targets in a target group is %d",
                       TARGETS_MAX);
    for (size_t i = 0; i < in->targets.n; i++) {
        SwStr id = elbv2_target_id(cx->arena, g, &in->targets.v[i]);
        Elbv2TargetRecord *old;
        if (check_target(cx, g->group, &in->targets.v[i], err) < 0 || elbv2_targets_find(cx->tx, id, &old, err) < 0)
            return -1;
        if (old && !elbv2_is(old->state, "draining"))
            continue;
        Elbv2TargetRecord t = {.group_name = g->group->target_group_name, .target = sw_new(cx->arena, Elbv2TargetDescription)};
        *t.target = in->targets.v[i];
        t.target->port = SW_SOME_INT(SW_OR(t.target->port, g->group->port.v));
        if (elbv2_target_set(cx, id, g, &t, SW_STR("initial"), err) < 0 || sw_wake(cx, &elbv2_health, id, 0, err) < 0)
            return -1;
    }
    return 0;
}

/* Without a port: all of the address's. */
static bool names(const Elbv2TargetDescription *d, const Elbv2TargetRecord *t) {
    return sw_str_eq(d->id, t->target->id) && (!d->port.set || d->port.v == t->target->port.v);
}

/* The delay begins when the proxy has been told: until then requests come to the target, however
 * late that is. */
void elbv2_target_drained_from(const Elbv2TargetGroupRecord *g, Elbv2TargetRecord *t, SwTime now) {
    int64_t seconds =
        elbv2_attribute_number(elbv2_group_specs(g->group), &g->attributes, "deregistration_delay.timeout_seconds");
    t->drain_applied = SW_SOME_BOOL(true);
    t->drain_until = SW_SOME_TIME(now + seconds * SW_S);
}

int elbv2_deregister_targets(SwCtx *cx, const Elbv2DeregisterTargetsInput *in, Elbv2DeregisterTargetsOutput *out,
                             SwError *err) {
    Elbv2TargetGroupRecord *g;
    SwStrList lbs;
    Elbv2TargetRecords l;
    if (elbv2_target_group_by_arn(cx, in->target_group_arn, &g, err) < 0 ||
        elbv2_group_lbs(cx, in->target_group_arn, &lbs, err) < 0 || elbv2_targets_of(cx, g, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++) {
        Elbv2TargetRecord *t = l.v[i].record;
        bool named = false;
        for (size_t k = 0; k < in->targets.n; k++)
            named |= names(&in->targets.v[k], t);
        if (!named || elbv2_is(t->state, "draining"))
            continue;
        t->drain_until = (SwOptTime){0};
        t->drain_applied = SW_SOME_BOOL(false);
        /* Without a load balancer there is nothing in flight. */
        if (elbv2_target_set(cx, l.v[i].id, g, t, lbs.n ? SW_STR("draining") : SW_STR("deregistered"), err) < 0 ||
            sw_wake(cx, &elbv2_health, l.v[i].id, 0, err) < 0)
            return -1;
    }
    return 0;
}

static SwStr check_port(SwArena *a, const Elbv2TargetGroup *g, const Elbv2TargetDescription *t) {
    return elbv2_is(g->health_check_port, "traffic-port") ? port_text(a, t->port) : g->health_check_port;
}

static void describe(SwCtx *cx, const Elbv2TargetGroup *g, const Elbv2TargetRecord *t, bool used,
                     Elbv2TargetHealthDescription *to) {
    SwHealth h = elbv2_target_health(t);
    bool unused = !used && h.state != SW_TARGET_DRAINING;
    to->target = t->target;
    to->health_check_port = check_port(cx->arena, g, t->target);
    Elbv2TargetHealth *x = to->target_health = sw_new(cx->arena, Elbv2TargetHealth);
    x->state = unused ? SW_STR("unused") : t->state;
    x->reason = unused ? SW_STR("Target.NotInUse") : sw_health_reason(&h);
    x->description = unused ? SW_STR("Target group is not configured to receive traffic from the load balancer")
                            : sw_health_description(cx->arena, &h);
}

static void describe_absent(SwCtx *cx, const Elbv2TargetGroup *g, const Elbv2TargetDescription *d,
                            Elbv2TargetHealthDescription *to) {
    to->target = sw_new(cx->arena, Elbv2TargetDescription);
    *to->target = *d;
    to->target->port = SW_SOME_INT(SW_OR(d->port, g->port.v));
    to->health_check_port = check_port(cx->arena, g, to->target);
    to->target_health = sw_new(cx->arena, Elbv2TargetHealth);
    *to->target_health = (Elbv2TargetHealth){SW_STR("unused"), SW_STR("Target.NotRegistered"),
                                             SW_STR("Target is not registered to the target group")};
}

int elbv2_describe_target_health(SwCtx *cx, const Elbv2DescribeTargetHealthInput *in, Elbv2DescribeTargetHealthOutput *out,
                                 SwError *err) {
    Elbv2TargetGroupRecord *g;
    SwStrList lbs;
    Elbv2TargetRecords l;
    if (in->include.n)
        return sw_refuse_field(err, &ELBV2_INVALID_CONFIGURATION_REQUEST_EXCEPTION, "Include", "there is no anomaly detection");
    if (elbv2_target_group_by_arn(cx, in->target_group_arn, &g, err) < 0 ||
        elbv2_group_lbs(cx, in->target_group_arn, &lbs, err) < 0 || elbv2_targets_of(cx, g, &l, err) < 0)
        return -1;
    sw_list_present(cx->arena, &out->target_health_descriptions);
    for (size_t k = 0; k < in->targets.n; k++) {
        bool found = false;
        for (size_t i = 0; i < l.n; i++)
            if (names(&in->targets.v[k], l.v[i].record)) {
                describe(cx, g->group, l.v[i].record, lbs.n > 0, sw_list_add(cx->arena, &out->target_health_descriptions));
                found = true;
            }
        if (!found)
            describe_absent(cx, g->group, &in->targets.v[k], sw_list_add(cx->arena, &out->target_health_descriptions));
    }
    for (size_t i = 0; i < l.n && !in->targets.n; i++)
        describe(cx, g->group, l.v[i].record, lbs.n > 0, sw_list_add(cx->arena, &out->target_health_descriptions));
    return 0;
}
