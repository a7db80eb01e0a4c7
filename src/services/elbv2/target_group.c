/* SPDX-License-Identifier: Apache-2.0 */
/* Target groups and how their targets are checked. */

#include "base/id.h"
#include "models/ec2.gen.h"
#include "services/elbv2/elbv2.h"

static int refuse(const char *field, const char *why, SwError *err) {
    return sw_refuse_field(err, &ELBV2_INVALID_CONFIGURATION_REQUEST_EXCEPTION, field, why);
}

static int check_name(SwStr name, SwError *err) {
    if (name.n < 1 || name.n > 32)
        return sw_fail(err, &SW_VALIDATION_ERROR, "Target group name '%.*s' cannot be longer than '32' characters",
                       SW_FMT(name));
    for (size_t i = 0; i < name.n; i++)
        if (!strchr("-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", name.p[i]))
            return sw_fail(err, &SW_VALIDATION_ERROR,
                           "Target group name '%.*s' can only contain characters that are "
                           "alphanumeric characters or hyphens(-)",
                           SW_FMT(name));
    if (name.p[0] == '-' || name.p[name.n - 1] == '-')
        return sw_fail(err, &SW_VALIDATION_ERROR, "Target group name '%.*s' cannot begin or end with a hyphen", SW_FMT(name));
    return 0;
}

static int check_create(SwCtx *cx, const Elbv2CreateTargetGroupInput *in, Elbv2TargetGroupRecord *r, SwError *err) {
    SwStr p = in->protocol;
    if (elbv2_is(in->target_type, "lambda") || elbv2_is(in->target_type, "alb"))
        return sw_fail(err, &ELBV2_INVALID_CONFIGURATION_REQUEST_EXCEPTION, "TargetType: '%.*s' is not supported",
                       SW_FMT(in->target_type));
    if (!sw_str_is(p) || !in->port.set || !sw_str_is(in->vpc_id))
        return sw_fail(err, &SW_VALIDATION_ERROR, "A %s must be specified",
                       !sw_str_is(p)   ? "protocol"
                       : !in->port.set ? "port"
                                       : "VPC ID");
    if (!elbv2_is(p, "HTTP") && !elbv2_is(p, "HTTPS") && !elbv2_is(p, "TCP") && !elbv2_is(p, "TLS"))
        return sw_fail(err, &ELBV2_UNSUPPORTED_PROTOCOL_EXCEPTION, "Protocol: '%.*s' is not supported", SW_FMT(p));
    if (sw_str_is(in->protocol_version) && (!elbv2_is(in->protocol_version, "HTTP1") || p.p[0] == 'T'))
        return refuse("ProtocolVersion", "only HTTP1 is supported, for HTTP and HTTPS", err);
    if (sw_str_is(in->ip_address_type) && !elbv2_is(in->ip_address_type, "ipv4"))
        return refuse("IpAddressType", "only ipv4 is supported", err);
    if (in->target_control_port.set)
        return refuse("TargetControlPort", "targets have no control port", err);
    return check_name(in->name, err) < 0 ? -1 : elbv2_target_group_set_tags(cx, in->name, r, SW_GIVEN_TAGS(&in->tags), err);
}

static int check_vpc(SwCtx *cx, SwStr vpc, SwError *err) {
    Ec2DescribeVpcsRequest in = {0};
    Ec2DescribeVpcsResult *out;
    sw_str_list_add(cx->arena, &in.vpc_ids, vpc);
    if (ec2_call_describe_vpcs(cx, &in, &out, err) == 0)
        return 0;
    return sw_refuse_as(err, &SW_VALIDATION_ERROR, "The VPC ID '%.*s' is not found", SW_FMT(vpc));
}

static int check_port(SwStr port, SwError *err) {
    int64_t n;
    if (elbv2_is(port, "traffic-port") || (sw_str_to_i64(port, &n) && n >= 1 && n <= 65535))
        return 0;
    return sw_fail(err, &SW_VALIDATION_ERROR,
                   "Health check port '%.*s' is not valid; it must be 'traffic-port' or between 1 and 65535", SW_FMT(port));
}

/* The health check as a whole, after what was asked for was laid over the defaults. */
static int check_health(Elbv2TargetGroup *g, SwError *err) {
    SwStr p = g->health_check_protocol;
    bool http = elbv2_is(p, "HTTP") || elbv2_is(p, "HTTPS");
    if (!http && !elbv2_is(p, "TCP"))
        return sw_fail(err, &SW_VALIDATION_ERROR, "Health check protocol '%.*s' must be one of 'HTTP, HTTPS, TCP'", SW_FMT(p));
    if (!http && !elbv2_group_is_network(g))
        return sw_fail(err, &SW_VALIDATION_ERROR,
                       "Health check protocol 'TCP' is not supported for target groups with the "
                       "protocol '%.*s'",
                       SW_FMT(g->protocol));
    if (!http && sw_str_is(g->health_check_path))
        return sw_fail(err, &ELBV2_INVALID_CONFIGURATION_REQUEST_EXCEPTION,
                       "HealthCheckPath: not supported for health checks with the protocol TCP");
    if (!http && g->matcher)
        return sw_fail(err, &ELBV2_INVALID_CONFIGURATION_REQUEST_EXCEPTION,
                       "Matcher: not supported for health checks with the protocol TCP");
    if (g->matcher && sw_str_is(g->matcher->grpc_code))
        return refuse("Matcher.GrpcCode", "gRPC is not supported", err);
    if (http && g->health_check_path.p[0] != '/')
        return sw_fail(err, &SW_VALIDATION_ERROR, "Health check path '%.*s' must start with '/'", SW_FMT(g->health_check_path));
    for (size_t i = 0; i < g->health_check_path.n; i++)
        if (g->health_check_path.p[i] <= ' ' || g->health_check_path.p[i] > '~')
            return sw_fail(err, &SW_VALIDATION_ERROR, "Health check path '%.*s' contains a character that is not valid",
                           SW_FMT(g->health_check_path));
    SwStr codes = g->matcher ? g->matcher->http_code : SW_NO_STR;
    if (http && !sw_health_matcher_valid(codes))
        return sw_fail(err, &SW_VALIDATION_ERROR, "Health check matcher HTTP code '%.*s' must be within '200-499' inclusive",
                       SW_FMT(codes));
    if (g->health_check_timeout_seconds.v >= g->health_check_interval_seconds.v)
        return sw_fail(err, &SW_VALIDATION_ERROR, "Health check timeout '%lld' must be smaller than the interval '%lld'",
                       (long long)g->health_check_timeout_seconds.v, (long long)g->health_check_interval_seconds.v);
    return check_port(g->health_check_port, err);
}

static SwStr default_check_protocol(const Elbv2CreateTargetGroupInput *in) {
    return in->protocol.p[0] == 'T' ? SW_STR("TCP") : in->protocol;
}

static int make(SwCtx *cx, const Elbv2CreateTargetGroupInput *in, Elbv2TargetGroupRecord *r, SwError *err) {
    Elbv2TargetGroup *g = r->group = sw_new(cx->arena, Elbv2TargetGroup);
    bool network = in->protocol.p[0] == 'T';
    g->target_group_name = in->name;
    g->protocol = in->protocol;
    g->protocol_version = network ? SW_NO_STR : SW_STR("HTTP1");
    g->port = in->port;
    g->vpc_id = in->vpc_id;
    g->target_type = sw_str_or(in->target_type, SW_STR("instance"));
    g->ip_address_type = SW_STR("ipv4");
    if (!SW_OR(in->health_check_enabled, true))
        return refuse("HealthCheckEnabled", "health checks cannot be disabled for targets of the type instance or ip", err);
    g->health_check_enabled = SW_SOME_BOOL(true);
    g->health_check_protocol = sw_str_or(in->health_check_protocol, default_check_protocol(in));
    bool http = !elbv2_is(g->health_check_protocol, "TCP");
    g->health_check_port = sw_str_or(in->health_check_port, SW_STR("traffic-port"));
    g->health_check_path = http ? sw_str_or(in->health_check_path, SW_STR("/")) : in->health_check_path;
    g->health_check_interval_seconds = SW_SOME_INT(SW_OR(in->health_check_interval_seconds, 30));
    g->health_check_timeout_seconds = SW_SOME_INT(SW_OR(in->health_check_timeout_seconds, !network ? 5 : http ? 6 : 10));
    g->healthy_threshold_count = SW_SOME_INT(SW_OR(in->healthy_threshold_count, 5));
    g->unhealthy_threshold_count = SW_SOME_INT(SW_OR(in->unhealthy_threshold_count, 2));
    g->matcher = in->matcher;
    if (http && (!g->matcher || !sw_str_is(g->matcher->http_code))) {
        Elbv2Matcher *m = sw_new(cx->arena, Elbv2Matcher);
        *m = in->matcher ? *in->matcher : (Elbv2Matcher){0};
        m->http_code = network ? SW_STR("200-399") : SW_STR("200");
        g->matcher = m;
    }
    r->hex = sw_id_hex(cx->arena, 16);
    g->target_group_arn = elbv2_target_group_arn(cx, in->name, r->hex);
    return check_health(g, err);
}

static int show_one(SwCtx *cx, const Elbv2TargetGroupRecord *r, Elbv2TargetGroup *to, SwError *err) {
    *to = *r->group;
    return elbv2_group_lbs(cx, to->target_group_arn, &to->load_balancer_arns, err);
}

static int show_row(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    return show_one(cx, elbv2_target_groups_row(row), to, err);
}

static int show(SwCtx *cx, const Elbv2TargetGroupRecord *r, Elbv2TargetGroupList *to, SwError *err) {
    return show_one(cx, r, sw_list_add(cx->arena, to), err);
}

int elbv2_create_target_group(SwCtx *cx, const Elbv2CreateTargetGroupInput *in, Elbv2CreateTargetGroupOutput *out,
                              SwError *err) {
    Elbv2TargetGroupRecord r = {0};
    Elbv2TargetGroupRecord *old;
    if (check_create(cx, in, &r, err) < 0 || check_vpc(cx, in->vpc_id, err) < 0 || make(cx, in, &r, err) < 0 ||
        elbv2_target_group_find(cx, in->name, &old, err) < 0)
        return -1;
    if (old) { /* the same request again gets what is there */
        r.group->target_group_arn = old->group->target_group_arn;
        if (!sw_shape_equal(&elbv2_shape_target_group, r.group, old->group))
            return sw_fail(err, &ELBV2_DUPLICATE_TARGET_GROUP_NAME_EXCEPTION,
                           "A target group with the same name '%.*s' exists, but with different settings", SW_FMT(in->name));
        return show(cx, old, &out->target_groups, err);
    }
    return elbv2_target_group_save(cx, &r, err) < 0 ? -1 : show(cx, &r, &out->target_groups, err);
}

int elbv2_modify_target_group(SwCtx *cx, const Elbv2ModifyTargetGroupInput *in, Elbv2ModifyTargetGroupOutput *out,
                              SwError *err) {
    Elbv2TargetGroupRecord *r;
    if (elbv2_target_group_by_arn(cx, in->target_group_arn, &r, err) < 0)
        return -1;
    if (!SW_OR(in->health_check_enabled, true))
        return refuse("HealthCheckEnabled", "health checks cannot be disabled for targets of the type instance or ip", err);
    Elbv2TargetGroup *g = r->group;
    if (sw_str_is(in->health_check_protocol) &&
        elbv2_is(in->health_check_protocol, "TCP") != elbv2_is(g->health_check_protocol, "TCP")) {
        bool http = !elbv2_is(in->health_check_protocol, "TCP");
        g->health_check_path = http ? SW_STR("/") : SW_NO_STR;
        g->matcher = http ? sw_new(cx->arena, Elbv2Matcher) : NULL;
        if (http)
            g->matcher->http_code = SW_STR("200-399");
    }
    g->health_check_protocol = sw_str_or(in->health_check_protocol, g->health_check_protocol);
    g->health_check_port = sw_str_or(in->health_check_port, g->health_check_port);
    g->health_check_path = sw_str_or(in->health_check_path, g->health_check_path);
    g->health_check_interval_seconds.v = SW_OR(in->health_check_interval_seconds, g->health_check_interval_seconds.v);
    g->health_check_timeout_seconds.v = SW_OR(in->health_check_timeout_seconds, g->health_check_timeout_seconds.v);
    g->healthy_threshold_count.v = SW_OR(in->healthy_threshold_count, g->healthy_threshold_count.v);
    g->unhealthy_threshold_count.v = SW_OR(in->unhealthy_threshold_count, g->unhealthy_threshold_count.v);
    if (in->matcher)
        g->matcher = in->matcher;
    if (check_health(g, err) < 0 || elbv2_target_group_save(cx, r, err) < 0 || show(cx, r, &out->target_groups, err) < 0)
        return -1;
    return elbv2_wake_targets(cx, r, err);
}

static int of_load_balancer(SwCtx *cx, SwStr arn, Elbv2TargetGroupList *to, SwError *err) {
    Elbv2LoadBalancerRecord *lb;
    SwDocQuery q = {.index = "by_lb", .equals = {arn}};
    Elbv2RuleRecords l;
    SwStrList seen = {0};
    if (elbv2_load_balancer_by_arn(cx, arn, &lb, err) < 0 || elbv2_rules_list(cx->tx, &q, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++) {
        const Elbv2RuleRecord *r = l.v[i].record;
        for (size_t k = 0; k < r->groups.n; k++) {
            Elbv2TargetGroupRecord *g;
            if (sw_str_list_has(&seen, r->groups.v[k]))
                continue;
            sw_str_list_add(cx->arena, &seen, r->groups.v[k]);
            if (elbv2_target_group_by_arn(cx, r->groups.v[k], &g, err) < 0 || show(cx, g, to, err) < 0)
                return -1;
        }
    }
    return 0;
}

int elbv2_describe_target_groups(SwCtx *cx, const Elbv2DescribeTargetGroupsInput *in, Elbv2DescribeTargetGroupsOutput *out,
                                 SwError *err) {
    sw_list_present(cx->arena, &out->target_groups);
    if ((in->target_group_arns.n > 0) + (in->names.n > 0) + sw_str_is(in->load_balancer_arn) > 1)
        return sw_fail(err, &SW_VALIDATION_ERROR,
                       "You can specify only one of target group ARNs, target group names, or a "
                       "load balancer ARN");
    for (size_t i = 0; i < in->target_group_arns.n; i++) {
        Elbv2TargetGroupRecord *r;
        if (elbv2_target_group_by_arn(cx, in->target_group_arns.v[i], &r, err) < 0 || show(cx, r, &out->target_groups, err) < 0)
            return -1;
    }
    for (size_t i = 0; i < in->names.n; i++) {
        Elbv2TargetGroupRecord *r;
        if (elbv2_target_group_find(cx, in->names.v[i], &r, err) < 0)
            return -1;
        if (!r)
            return sw_fail(err, &ELBV2_TARGET_GROUP_NOT_FOUND_EXCEPTION, "One or more target groups not found");
        if (show(cx, r, &out->target_groups, err) < 0)
            return -1;
    }
    if (sw_str_is(in->load_balancer_arn))
        return of_load_balancer(cx, in->load_balancer_arn, &out->target_groups, err);
    if (in->target_group_arns.n || in->names.n)
        return 0;
    return sw_page(cx, &(SwPage){.of = &elbv2_target_groups, .show = show_row, .usual = ELBV2_PAGE}, out, err);
}

int elbv2_delete_target_group(SwCtx *cx, const Elbv2DeleteTargetGroupInput *in, Elbv2DeleteTargetGroupOutput *out,
                              SwError *err) {
    Elbv2TargetGroupRecord *r;
    SwStrList lbs;
    Elbv2TargetRecords l;
    if (elbv2_target_group_by_arn(cx, in->target_group_arn, &r, err) < 0) {
        if (!sw_error_is(err, &ELBV2_TARGET_GROUP_NOT_FOUND_EXCEPTION))
            return -1;
        sw_error_reset(err); /* as AWS: deleting what is gone succeeds */
        return 0;
    }
    if (elbv2_group_lbs(cx, in->target_group_arn, &lbs, err) < 0 || elbv2_targets_of(cx, r, &l, err) < 0)
        return -1;
    if (lbs.n)
        return sw_fail(err, &ELBV2_RESOURCE_IN_USE_EXCEPTION, "Target group '%.*s' is currently in use by a listener or a rule",
                       SW_FMT(in->target_group_arn));
    for (size_t i = 0; i < l.n; i++)
        if (elbv2_targets_delete(cx->tx, l.v[i].id, NULL, err) < 0)
            return -1;
    return elbv2_target_group_drop(cx, r, err);
}
