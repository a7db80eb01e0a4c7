/* SPDX-License-Identifier: Apache-2.0 */
/* Elastic Load Balancing's types: what is named by ARNs with random ends, attributes that have defaults, targets that are added
 * and taken, what lies behind lists. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include "models/ec2.gen.h"
#include "models/elbv2_resources.gen.h"
#include "types.h"

extern const SwService sw_service_elbv2, sw_service_ec2;
static const SwService *const services[] = {&sw_service_elbv2, &sw_service_ec2, NULL};

#define LB       &elbv2_load_balancer_resource
#define LISTENER &elbv2_listener_resource
#define RULE     &elbv2_rule_resource
#define GROUP    &elbv2_target_group_resource

#define GROUP_FULL \
    "{\"HealthCheckEnabled\":true,\"HealthCheckIntervalSeconds\":10,\"HealthCheckPath\":\"/up\",\"HealthCheckPort\":\"8080\"," \
    "\"HealthCheckProtocol\":\"HTTP\",\"HealthCheckTimeoutSeconds\":4,\"HealthyThresholdCount\":3,\"IpAddressType\":\"ipv4\"," \
    "\"Matcher\":{\"HttpCode\":\"200-204\"},\"Name\":\"web\",\"Port\":8000,\"Protocol\":\"HTTP\",\"ProtocolVersion\":" \
    "\"HTTP1\"," \
    "\"Tags\":[{\"Key\":\"team\",\"Value\":\"red\"}],\"TargetGroupAttributes\":[" \
    "{\"Key\":\"deregistration_delay.timeout_seconds\",\"Value\":\"7\"},{\"Key\":\"stickiness.enabled\",\"Value\":\"true\"}]," \
    "\"TargetType\":\"ip\",\"Targets\":[{\"Id\":\"10.0.0.1\",\"Port\":81},{\"Id\":\"10.0.0.2\",\"Port\":82}]," \
    "\"UnhealthyThresholdCount\":4,\"VpcId\":\"%s\"}"

typedef struct Net {
    const char *vpc, *subnet[3], *group;
} Net;

static Net net(World *w) {
    Ec2DescribeSubnetsRequest in = {0};
    Ec2DescribeSubnetsResult *out;
    Ec2DescribeSecurityGroupsRequest any = {0};
    Ec2DescribeSecurityGroupsResult *groups;
    Net n = {0};
    OK(sw_ctx_begin(w->cx, SW_WRITE, &w->err));
    OK(ec2_call_describe_subnets(w->cx, &in, &out, &w->err));
    OK(ec2_call_describe_security_groups(w->cx, &any, &groups, &w->err));
    OK(sw_ctx_commit(w->cx, &w->err));
    assert_true(out->subnets.n >= 3);
    for (size_t i = 0; i < 3; i++)
        n.subnet[i] = sw_str_z(w->arena, out->subnets.v[i].subnet_id);
    assert_true(groups->security_groups.n >= 1);
    n.group = sw_str_z(w->arena, groups->security_groups.v[0].group_id);
    n.vpc = sw_str_z(w->arena, out->subnets.v[0].vpc_id);
    return n;
}

static const SwValue *filled(World *w, const char *json, const char *a, const char *b) {
    size_t n = strlen(json) + strlen(a) + strlen(b) + 1;
    char *text = sw_arena_alloc(w->arena, n);
    const char *at = json, *with[] = {a, b};
    for (size_t i = 0, k = 0; *at; at++)
        if (at[0] == '%' && at[1] == 's') {
            i = (size_t)(stpcpy(text + i, with[k++]) - text);
            at++;
        } else {
            text[i++] = *at;
        }
    return parse(w, text);
}

/* One that no other program has. */
static const char *port_text(World *w) {
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
    socklen_t n = sizeof(in);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&in, n), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &n), 0);
    close(fd);
    return sw_str_z(w->arena, sw_strf(w->arena, "%d", ntohs(in.sin_port)));
}

static const char *text_at(World *w, const SwValue *v, const char *path) {
    const SwValue *at = sw_value_path(v, path);
    return at ? sw_str_z(w->arena, at->kind == SW_VSTRING ? at->s : sw_json_text(w->arena, at)) : "nothing";
}

/* The value of a key of a list of keys and values. */
static const char *attribute(World *w, const SwValue *v, const char *property, const char *key) {
    const SwValue *list = sw_value_getz(v, property);
    for (size_t i = 0; list && i < list->n; i++)
        if (sw_str_eqz(sw_value_str(sw_value_getz(&list->v[i], "Key")), key))
            return sw_str_z(w->arena, sw_value_str(sw_value_getz(&list->v[i], "Value")));
    return "nothing";
}

/* Attributes are all shown, those that were not set too. */
static void assert_reads(World *w, const SwResource *r, const char *arn, const SwValue *want, const char *attributes) {
    SwValue got = read_back(w, r, arn), rest = sw_value_object();
    for (size_t i = 0; i < want->n; i++)
        if (!sw_str_eqz(want->keys[i], attributes))
            sw_value_set(w->arena, &rest, want->keys[i], want->v[i]);
    assert_has(w, &got, &rest);
    const SwValue *set = sw_value_getz(want, attributes);
    for (size_t i = 0; set && i < set->n; i++)
        assert_string_equal(attribute(w, &got, attributes, text_at(w, &set->v[i], "Key")), text_at(w, &set->v[i], "Value"));
}

static void a_target_group_is_read_back_changed_and_ended(void **state) {
    World *w = *state;
    SwApplied done;
    if (!w)
        skip();
    Net n = net(w);
    const SwValue *was = filled(w, GROUP_FULL, n.vpc, "");
    const char *arn = make_of(w, GROUP, was);
    assert_reads(w, GROUP, arn, was, "TargetGroupAttributes");
    SwValue got = read_back(w, GROUP, arn);
    assert_string_equal(text_at(w, &got, "TargetGroupArn"), arn);
    assert_string_equal(text_at(w, &got, "TargetGroupFullName"), strstr(arn, "targetgroup/"));
    assert_string_equal(text_at(w, &got, "TargetGroupName"), "web");
    const SwValue *want =
        filled(w,
               "{\"HealthCheckProtocol\":\"HTTP\",\"HealthCheckTimeoutSeconds\":4,\"Matcher\":{\"HttpCode\":\"201\"},"
               "\"Name\":\"web\",\"Port\":8000,\"Protocol\":\"HTTP\",\"IpAddressType\":\"ipv4\","
               "\"ProtocolVersion\":\"HTTP1\",\"TargetType\":\"ip\",\"TargetGroupAttributes\":["
               "{\"Key\":\"deregistration_delay.timeout_seconds\",\"Value\":\"8\"}],"
               "\"Targets\":[{\"Id\":\"10.0.0.2\",\"Port\":82},{\"Id\":\"10.0.0.3\",\"Port\":83}],\"VpcId\":\"%s\"}",
               n.vpc, "");
    assert_string_equal(apply(w, GROUP, arn, was, want, &done), "");
    assert_false(done.replace);
    assert_reads(w, GROUP, arn, want, "TargetGroupAttributes");
    got = read_back(w, GROUP, arn);
    assert_string_equal(text_at(w, &got, "HealthCheckPath"), "/");
    assert_string_equal(text_at(w, &got, "HealthCheckIntervalSeconds"), "30");
    assert_string_equal(text_at(w, &got, "UnhealthyThresholdCount"), "2");
    assert_string_equal(text_at(w, &got, "Tags"), "nothing");
    assert_string_equal(attribute(w, &got, "TargetGroupAttributes", "stickiness.enabled"), "false");
    const SwValue *other = filled(w, "{\"Name\":\"web\",\"Port\":8001,\"Protocol\":\"HTTP\",\"VpcId\":\"%s\"}", n.vpc, "");
    assert_string_equal(apply(w, GROUP, arn, want, other, &done), "");
    assert_true(done.replace);
    const SwValue *less = filled(w,
                                 "{\"Name\":\"web\",\"Port\":8000,\"Protocol\":\"HTTP\",\"IpAddressType\":\"ipv4\","
                                 "\"ProtocolVersion\":\"HTTP1\",\"TargetType\":\"ip\",\"VpcId\":\"%s\"}",
                                 n.vpc, "");
    assert_string_equal(apply(w, GROUP, arn, want, less, &done), "NotUpdatableException");
    assert_non_null(strstr(w->err.message, "HealthCheckProtocol cannot be taken away: its default depends"));
    assert_int_equal(list_all(w, GROUP).n, 1);
    assert_string_equal(apply(w, GROUP, arn, want, NULL, &done), "");
    assert_int_equal(list_all(w, GROUP).n, 0);
    assert_gone(w, GROUP, arn, "TargetGroupNotFound");
    assert_non_null(strstr(w->err.message, arn));
}

static void a_load_balancer_is_read_back_changed_and_ended(void **state) {
    World *w = *state;
    SwApplied done;
    if (!w)
        skip();
    Net n = net(w);
    const SwValue *was = filled(
        w,
        "{\"IpAddressType\":\"ipv4\",\"LoadBalancerAttributes\":[{\"Key\":\"idle_timeout.timeout_seconds\",\"Value\":\"30\"},"
        "{\"Key\":\"routing.http.xff_client_port.enabled\",\"Value\":\"true\"}],\"Name\":\"front\",\"Scheme\":\"internal\","
        "\"Subnets\":[\"%s\",\"%s\"],\"Tags\":[{\"Key\":\"team\",\"Value\":\"red\"}],\"Type\":\"application\"}",
        n.subnet[0], n.subnet[1]);
    const char *arn = make_of(w, LB, was);
    assert_reads(w, LB, arn, was, "LoadBalancerAttributes");
    SwValue got = read_back(w, LB, arn);
    assert_string_equal(text_at(w, &got, "LoadBalancerArn"), arn);
    assert_string_equal(text_at(w, &got, "LoadBalancerFullName"), strstr(arn, "app/front/"));
    assert_string_equal(text_at(w, &got, "LoadBalancerName"), "front");
    assert_non_null(strstr(text_at(w, &got, "DNSName"), ".elb.localhost"));
    assert_int_equal(sw_value_getz(&got, "SecurityGroups")->n, 1);
    const SwValue *want =
        filled(w,
               "{\"LoadBalancerAttributes\":[{\"Key\":\"idle_timeout.timeout_seconds\",\"Value\":\"31\"}],\"Name\":\"front\","
               "\"Scheme\":\"internal\",\"Subnets\":[\"%s\",\"%s\"],\"Tags\":[{\"Key\":\"a\",\"Value\":\"b\"}],"
               "\"Type\":\"application\"}",
               n.subnet[1], n.subnet[2]);
    assert_string_equal(apply(w, LB, arn, was, want, &done), "");
    assert_false(done.replace);
    assert_reads(w, LB, arn, want, "LoadBalancerAttributes");
    got = read_back(w, LB, arn);
    assert_string_equal(attribute(w, &got, "LoadBalancerAttributes", "routing.http.xff_client_port.enabled"), "false");
    assert_string_equal(text_at(w, &got, "IpAddressType"), "ipv4");
    const SwValue *facing = filled(w, "{\"Name\":\"front\",\"Subnets\":[\"%s\",\"%s\"]}", n.subnet[1], n.subnet[2]);
    assert_string_equal(apply(w, LB, arn, want, facing, &done), "");
    assert_true(done.replace);
    const char *unnamed =
        make_of(w, LB, filled(w, "{\"SubnetMappings\":[{\"SubnetId\":\"%s\"}],\"Type\":\"%s\"}", n.subnet[0], "network"));
    assert_non_null(strstr(unnamed, ":loadbalancer/net/LoadBalancer-"));
    assert_int_equal(list_all(w, LB).n, 2);
    assert_string_equal(apply(w, LB, arn, want, NULL, &done), "");
    assert_int_equal(list_all(w, LB).n, 1);
    assert_gone(w, LB, arn, "LoadBalancerNotFound");
}

#define RULE_OF(body, path, priority) \
    "{\"Actions\":[{\"FixedResponseConfig\":{\"ContentType\":\"text/plain\",\"MessageBody\":\"" body \
    "\",\"StatusCode\":\"200\"},\"Type\":\"fixed-response\"}],\"Conditions\":[{\"Field\":\"path-pattern\"," \
    "\"PathPatternConfig\":{\"Values\":[\"" path "\"]},\"Values\":[\"" path \
    "\"]}],\"ListenerArn\":\"%s\",\"Priority\":" priority "}"

/* Its priority is set by an operation of its own, in one element of a list; its listener is what its ARN says. */
static void a_rule(World *w, const char *listener) {
    SwApplied done;
    const SwValue *was = filled(w, RULE_OF("yes", "/a", "5"), listener, "");
    const SwValue *want = filled(w, RULE_OF("no", "/b", "7"), listener, "");
    const char *arn = make_of(w, RULE, was);
    SwValue got = read_back(w, RULE, arn);
    assert_has(w, &got, was);
    assert_string_equal(text_at(w, &got, "RuleArn"), arn);
    assert_string_equal(text_at(w, &got, "IsDefault"), "false");
    (void)change_one(w, RULE, arn, was, want);
    assert_int_equal(list_all(w, RULE).n, 2); /* with the default rule */
    assert_string_equal(apply(w, RULE, arn, want, NULL, &done), "");
    assert_int_equal(list_all(w, RULE).n, 1);
    assert_gone(w, RULE, arn, "RuleNotFound");
}

static void a_listener_and_its_rule_are_read_back_changed_and_ended(void **state) {
    World *w = *state;
    SwApplied done;
    if (!w)
        skip();
    Net n = net(w);
    const char *lb = make_of(w, LB, filled(w, "{\"Name\":\"front\",\"Subnets\":[\"%s\",\"%s\"]}", n.subnet[0], n.subnet[1]));
    const char *group =
        make_of(w, GROUP, filled(w, "{\"Port\":80,\"Protocol\":\"HTTP\",\"TargetType\":\"ip\",\"VpcId\":\"%s\"}", n.vpc, ""));
    const SwValue *was =
        filled(w,
               "{\"DefaultActions\":[{\"FixedResponseConfig\":{\"ContentType\":\"text/plain\",\"MessageBody\":\"no\","
               "\"StatusCode\":\"404\"},\"Type\":\"fixed-response\"}],\"LoadBalancerArn\":\"%s\",\"Port\":%s,"
               "\"Protocol\":\"HTTP\",\"Tags\":[{\"Key\":\"team\",\"Value\":\"red\"}]}",
               lb, port_text(w));
    const char *arn = make_of(w, LISTENER, was);
    SwValue got = read_back(w, LISTENER, arn);
    assert_has(w, &got, was);
    const SwValue *want =
        filled(w,
               "{\"DefaultActions\":[{\"ForwardConfig\":{\"TargetGroupStickinessConfig\":{\"DurationSeconds\":60,"
               "\"Enabled\":true},\"TargetGroups\":[{\"TargetGroupArn\":\"%s\",\"Weight\":2}]},"
               "\"TargetGroupArn\":\"%s\",\"Type\":\"forward\"}],\"Protocol\":\"HTTP\"}",
               group, group);
    SwValue *whole = parse(w, sw_str_z(w->arena, sw_json_text(w->arena, want)));
    sw_value_set(w->arena, whole, SW_STR("Port"), *parse(w, port_text(w)));
    sw_value_set(w->arena, whole, SW_STR("LoadBalancerArn"), sw_value_string(sw_str(lb)));
    got = change_one(w, LISTENER, arn, was, whole);
    assert_string_equal(text_at(w, &got, "Tags"), "nothing");
    assert_string_equal(text_at(w, &got, "ListenerArn"), arn);
    assert_string_equal(apply(w, LISTENER, arn, whole, was, &done), "");
    a_rule(w, arn);
    assert_int_equal(list_all(w, LISTENER).n, 1);
    assert_string_equal(apply(w, LISTENER, arn, was, NULL, &done), "");
    assert_int_equal(list_all(w, LISTENER).n, 0);
    assert_gone(w, LISTENER, arn, "ListenerNotFound");
}

static void a_network_load_balancer_keeps_a_security_group(void **state) {
    World *w = *state;
    SwApplied done;
    if (!w)
        skip();
    Net n = net(w);
    const SwValue *none = filled(w, "{\"Name\":\"n\",\"Subnets\":[\"%s\"],\"Type\":\"%s\"}", n.subnet[0], "network");
    const SwValue *was = filled(w, "{\"Name\":\"n\",\"SecurityGroups\":[\"%s\"],\"Subnets\":[\"%s\"],\"Type\":\"network\"}",
                                n.group, n.subnet[0]);
    const char *arn = make_of(w, LB, was);
    assert_reads(w, LB, arn, was, "");
    assert_string_equal(apply(w, LB, arn, was, none, &done), "InvalidConfigurationRequest");
    assert_non_null(strstr(w->err.message, "needs at least one"));
    assert_reads(w, LB, arn, was, "");
}

static void what_cannot_be_done_is_refused_by_name(void **state) {
    World *w = *state;
    if (!w)
        skip();
    static const Refusal bad[] = {
        {LB, "{\"Ipv4IpamPoolId\":\"p\"}", "Ipv4IpamPoolId is not supported"},
        {LB, "{\"MinimumLoadBalancerCapacity\":{\"CapacityUnits\":1}}", "MinimumLoadBalancerCapacity is not supported"},
        {LB, "{\"EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic\":\"on\"}", "PrivateLinkTraffic is not supported"},
        {LB, "{\"LoadBalancerFullName\":\"app/x\"}", "LoadBalancerFullName: it is read only"},
        {GROUP, "{\"TargetControlPort\":1}", "TargetControlPort is not supported"},
        {LISTENER, "{\"DefaultActions\":[],\"LoadBalancerArn\":\"a\",\"Certificates\":[{\"CertificateArn\":\"c\"}]}",
         "Certificates"},
        {LISTENER, "{\"DefaultActions\":[]}", "required key [LoadBalancerArn] not found"},
        {RULE,
         "{\"Actions\":[],\"Conditions\":[],\"ListenerArn\":\"a\",\"Priority\":1,\"Transforms\":[{\"Type\":\"url-rewrite\"}]}",
         "Transforms"},
    };
    assert_refuses_each(w, bad, SW_N(bad));
}

int main(void) {
#define T(t) WORLD_TEST(t, services)
    const struct CMUnitTest tests[] = {
        T(a_target_group_is_read_back_changed_and_ended),
        T(a_load_balancer_is_read_back_changed_and_ended),
        T(a_listener_and_its_rule_are_read_back_changed_and_ended),
        T(a_network_load_balancer_keeps_a_security_group),
        T(what_cannot_be_done_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
