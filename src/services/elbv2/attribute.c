/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes of load balancers and target groups: a table of the keys that AWS knows, each honoured
 * by the data plane or held at the value that is true here. Stored is only what differs from the
 * default. */

#include "services/elbv2/elbv2.h"

#define FIXED ""
#define FLAG  "true|false"

const Elbv2AttributeSpec elbv2_application_attributes[] = {
    {"access_logs.s3.enabled", "false", FIXED, 0, 0},
    {"access_logs.s3.bucket", "", FIXED, 0, 0},
    {"access_logs.s3.prefix", "", FIXED, 0, 0},
    {"client_keep_alive.seconds", "3600", FIXED, 0, 0},
    {"connection_logs.s3.enabled", "false", FIXED, 0, 0},
    {"connection_logs.s3.bucket", "", FIXED, 0, 0},
    {"connection_logs.s3.prefix", "", FIXED, 0, 0},
    {"deletion_protection.enabled", "false", FLAG, 0, 0},
    {"idle_timeout.timeout_seconds", "60", NULL, 1, 4000},
    {"load_balancing.cross_zone.enabled", "true", FIXED, 0, 0},
    {"routing.http.desync_mitigation_mode", "defensive", FIXED, 0, 0},
    {"routing.http.drop_invalid_header_fields.enabled", "false", FLAG, 0, 0},
    {"routing.http.preserve_host_header.enabled", "false", FIXED, 0, 0},
    {"routing.http.x_amzn_tls_version_and_cipher_suite.enabled", "false", FIXED, 0, 0},
    {"routing.http.xff_client_port.enabled", "false", FLAG, 0, 0},
    {"routing.http.xff_header_processing.mode", "append", "append|preserve|remove", 0, 0},
    {"routing.http2.enabled", "true", FIXED, 0, 0},
    {"waf.fail_open.enabled", "false", FIXED, 0, 0},
    {"zonal_shift.config.enabled", "false", FIXED, 0, 0},
    {NULL, NULL, NULL, 0, 0},
};

const Elbv2AttributeSpec elbv2_network_attributes[] = {
    {"access_logs.s3.enabled", "false", FIXED, 0, 0},
    {"access_logs.s3.bucket", "", FIXED, 0, 0},
    {"access_logs.s3.prefix", "", FIXED, 0, 0},
    {"deletion_protection.enabled", "false", FLAG, 0, 0},
    {"dns_record.client_routing_policy", "any_availability_zone", FIXED, 0, 0},
    {"load_balancing.cross_zone.enabled", "true", FIXED, 0, 0},
    {"zonal_shift.config.enabled", "false", FIXED, 0, 0},
    {NULL, NULL, NULL, 0, 0},
};

#define BOTH_GROUPS \
    {"deregistration_delay.timeout_seconds", "300", NULL, 0, 3600}, \
        {"load_balancing.cross_zone.enabled", "use_load_balancer_configuration", FIXED, 0, 0}, \
        {"target_group_health.dns_failover.minimum_healthy_targets.count", "1", FIXED, 0, 0}, \
        {"target_group_health.dns_failover.minimum_healthy_targets.percentage", "off", FIXED, 0, 0}, \
        {"target_group_health.unhealthy_state_routing.minimum_healthy_targets.count", "1", FIXED, 0, 0}, { \
        "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage", "off", FIXED, 0, 0 \
    }

const Elbv2AttributeSpec elbv2_group_attributes[] = {
    BOTH_GROUPS,
    {"load_balancing.algorithm.anomaly_mitigation", "off", FIXED, 0, 0},
    {"load_balancing.algorithm.type", "round_robin", "round_robin|least_outstanding_requests|weighted_random", 0, 0},
    {"slow_start.duration_seconds", "0", FIXED, 0, 0},
    {"stickiness.enabled", "false", FLAG, 0, 0},
    {"stickiness.type", "lb_cookie", "lb_cookie|app_cookie", 0, 0},
    {"stickiness.lb_cookie.duration_seconds", "86400", NULL, 1, 604800},
    {"stickiness.app_cookie.cookie_name", "", NULL, 0, -1},
    {"stickiness.app_cookie.duration_seconds", "86400", NULL, 1, 604800},
    {NULL, NULL, NULL, 0, 0},
};

const Elbv2AttributeSpec elbv2_network_group_attributes[] = {
    BOTH_GROUPS,
    {"deregistration_delay.connection_termination.enabled", "false", FIXED, 0, 0},
    {"preserve_client_ip.enabled", "false", FIXED, 0, 0},
    {"proxy_protocol_v2.enabled", "false", FLAG, 0, 0},
    {"stickiness.enabled", "false", FIXED, 0, 0},
    {"stickiness.type", "source_ip", FIXED, 0, 0},
    {"target_health_state.unhealthy.connection_termination.enabled", "false", FIXED, 0, 0},
    {NULL, NULL, NULL, 0, 0},
};

static const Elbv2AttributeSpec *find(const Elbv2AttributeSpec *specs, SwStr key) {
    for (; specs->key; specs++)
        if (sw_str_eqz(key, specs->key))
            return specs;
    return NULL;
}

SwStr elbv2_attribute(const Elbv2AttributeSpec *specs, const SwStrMap *m, const char *key) {
    SwStr v = sw_str_map_find(m, sw_str(key));
    const Elbv2AttributeSpec *s = v.p ? NULL : find(specs, sw_str(key));
    return s ? sw_str(s->fallback) : v;
}

int64_t elbv2_attribute_number(const Elbv2AttributeSpec *specs, const SwStrMap *m, const char *key) {
    int64_t v = 0;
    return sw_str_to_i64(elbv2_attribute(specs, m, key), &v) ? v : 0;
}

static bool one_of(SwStr value, SwStr values) {
    SwStr v;
    while (sw_str_next(&values, '|', &v))
        if (sw_str_eq(v, value))
            return true;
    return false;
}

int elbv2_attribute_set(SwArena *a, const Elbv2AttributeSpec *specs, SwStrMap *m, SwStr key, SwStr value, SwError *err) {
    const Elbv2AttributeSpec *s = find(specs, key);
    int64_t n;
    value = sw_str_or(value, SW_STR(""));
    if (!s)
        return sw_fail(err, &SW_VALIDATION_ERROR, "Attribute key '%.*s' is not recognized", SW_FMT(key));
    if (s->values && !*s->values && !sw_str_eqz(value, s->fallback))
        return sw_fail(err, &ELBV2_INVALID_CONFIGURATION_REQUEST_EXCEPTION, "%s: only the value '%s' is supported, not '%.*s'",
                       s->key, s->fallback, SW_FMT(value));
    if (s->values && *s->values && !one_of(value, sw_str(s->values)))
        return sw_fail(err, &SW_VALIDATION_ERROR, "Attribute value '%.*s' of '%s' is not valid; valid values are: %s",
                       SW_FMT(value), s->key, s->values);
    if (!s->values && s->max >= 0 && (!sw_str_to_i64(value, &n) || n < s->min || n > s->max))
        return sw_fail(err, &SW_VALIDATION_ERROR,
                       "Attribute value '%.*s' of '%s' is not valid; it must be between %lld and %lld", SW_FMT(value), s->key,
                       (long long)s->min, (long long)s->max);
    sw_str_map_set(a, m, key, value);
    return 0;
}

bool elbv2_group_is_network(const Elbv2TargetGroup *g) {
    return elbv2_is(g->protocol, "TCP") || elbv2_is(g->protocol, "TLS");
}

const Elbv2AttributeSpec *elbv2_group_specs(const Elbv2TargetGroup *g) {
    return elbv2_group_is_network(g) ? elbv2_network_group_attributes : elbv2_group_attributes;
}

static const Elbv2AttributeSpec *lb_specs(const Elbv2LoadBalancerRecord *r) {
    return elbv2_is(r->load_balancer->type, "network") ? elbv2_network_attributes : elbv2_application_attributes;
}

static void show_lb(SwArena *a, const Elbv2LoadBalancerRecord *r, Elbv2LoadBalancerAttributeList *to) {
    for (const Elbv2AttributeSpec *s = lb_specs(r); s->key; s++)
        *sw_list_add(a, to) = (Elbv2LoadBalancerAttribute){sw_str(s->key), elbv2_attribute(s, &r->attributes, s->key)};
}

static void show_group(SwArena *a, const Elbv2TargetGroupRecord *r, Elbv2TargetGroupAttributeList *to) {
    for (const Elbv2AttributeSpec *s = elbv2_group_specs(r->group); s->key; s++)
        *sw_list_add(a, to) = (Elbv2TargetGroupAttribute){sw_str(s->key), elbv2_attribute(s, &r->attributes, s->key)};
}

int elbv2_describe_load_balancer_attributes(SwCtx *cx, const Elbv2DescribeLoadBalancerAttributesInput *in,
                                            Elbv2DescribeLoadBalancerAttributesOutput *out, SwError *err) {
    Elbv2LoadBalancerRecord *r;
    if (elbv2_load_balancer_by_arn(cx, in->load_balancer_arn, &r, err) < 0)
        return -1;
    show_lb(cx->arena, r, &out->attributes);
    return 0;
}

int elbv2_modify_load_balancer_attributes(SwCtx *cx, const Elbv2ModifyLoadBalancerAttributesInput *in,
                                          Elbv2ModifyLoadBalancerAttributesOutput *out, SwError *err) {
    Elbv2LoadBalancerRecord *r;
    if (elbv2_load_balancer_by_arn(cx, in->load_balancer_arn, &r, err) < 0)
        return -1;
    for (size_t i = 0; i < in->attributes.n; i++)
        if (elbv2_attribute_set(cx->arena, lb_specs(r), &r->attributes, in->attributes.v[i].key, in->attributes.v[i].value,
                                err) < 0)
            return -1;
    show_lb(cx->arena, r, &out->attributes);
    return elbv2_load_balancer_save(cx, r, err) < 0 ? -1 : elbv2_wake_proxy(cx, err);
}

int elbv2_describe_target_group_attributes(SwCtx *cx, const Elbv2DescribeTargetGroupAttributesInput *in,
                                           Elbv2DescribeTargetGroupAttributesOutput *out, SwError *err) {
    Elbv2TargetGroupRecord *r;
    if (elbv2_target_group_by_arn(cx, in->target_group_arn, &r, err) < 0)
        return -1;
    show_group(cx->arena, r, &out->attributes);
    return 0;
}

static int check_cookie(const Elbv2TargetGroupRecord *r, SwError *err) {
    SwStr name = elbv2_attribute(elbv2_group_attributes, &r->attributes, "stickiness.app_cookie.cookie_name");
    if (elbv2_group_is_network(r->group) ||
        !elbv2_is(elbv2_attribute(elbv2_group_attributes, &r->attributes, "stickiness.type"), "app_cookie"))
        return 0;
    if (!sw_str_is(name))
        return sw_fail(err, &ELBV2_INVALID_CONFIGURATION_REQUEST_EXCEPTION,
                       "You must specify an application cookie name with stickiness type 'app_cookie'");
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] <= ' ' || name.p[i] >= 127 || strchr("()<>@,;:\\\"/[]?={}'#", name.p[i]))
            return sw_fail(err, &SW_VALIDATION_ERROR, "Cookie name '%.*s' contains characters that are not valid",
                           SW_FMT(name));
    if (sw_str_starts(name, SW_STR("AWSALB")))
        return sw_fail(err, &SW_VALIDATION_ERROR, "Cookie name '%.*s' is reserved", SW_FMT(name));
    return 0;
}

int elbv2_modify_target_group_attributes(SwCtx *cx, const Elbv2ModifyTargetGroupAttributesInput *in,
                                         Elbv2ModifyTargetGroupAttributesOutput *out, SwError *err) {
    Elbv2TargetGroupRecord *r;
    if (elbv2_target_group_by_arn(cx, in->target_group_arn, &r, err) < 0)
        return -1;
    for (size_t i = 0; i < in->attributes.n; i++)
        if (elbv2_attribute_set(cx->arena, elbv2_group_specs(r->group), &r->attributes, in->attributes.v[i].key,
                                in->attributes.v[i].value, err) < 0)
            return -1;
    if (check_cookie(r, err) < 0)
        return -1;
    show_group(cx->arena, r, &out->attributes);
    return elbv2_target_group_save(cx, r, err) < 0 ? -1 : elbv2_wake_proxy(cx, err);
}
