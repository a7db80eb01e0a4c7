/* SPDX-License-Identifier: Apache-2.0 */
/* ECS' types: definitions that are made anew on each change, services that are told what changes alone, what is over before its
 * record is. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "models/ec2.gen.h"
#include "models/ecs_resources.gen.h"
#include "types.h"

extern const SwService sw_service_cloudwatch, sw_service_ec2, sw_service_ecs, sw_service_elbv2, sw_service_iam;
static const SwService *const services[] = {&sw_service_cloudwatch, &sw_service_ec2, &sw_service_ecs,
                                            &sw_service_elbv2,      &sw_service_iam, NULL};

#define CLUSTER    &ecs_cluster_resource
#define DEFINITION &ecs_task_definition_resource
#define SERVICE    &ecs_service_resource

#define WEB(image) \
    "{\"Family\":\"web\",\"NetworkMode\":\"awsvpc\",\"Cpu\":\"256\",\"Memory\":\"512\"," \
    "\"RequiresCompatibilities\":[\"FARGATE\"],\"Volumes\":[{\"Name\":\"data\"}]," \
    "\"ContainerDefinitions\":[{\"Name\":\"web\",\"Image\":\"" image "\",\"Cpu\":0,\"Essential\":true," \
    "\"Command\":[\"serve\"],\"DockerLabels\":{\"a/b\":\"c\"},\"Environment\":[{\"Name\":\"A\",\"Value\":\"1\"}]," \
    "\"MountPoints\":[{\"ContainerPath\":\"/data\",\"ReadOnly\":true,\"SourceVolume\":\"data\"}]," \
    "\"PortMappings\":[{\"ContainerPort\":80,\"HostPort\":80,\"Protocol\":\"tcp\"}]," \
    "\"Ulimits\":[{\"HardLimit\":4096,\"Name\":\"nofile\",\"SoftLimit\":1024}]}]," \
    "\"Tags\":[{\"Key\":\"team\",\"Value\":\"red\"}]}"

static const char *subnet(World *w) {
    Ec2DescribeSubnetsRequest in = {0};
    Ec2DescribeSubnetsResult *out;
    OK(sw_ctx_begin(w->cx, SW_READ, &w->err));
    OK(ec2_call_describe_subnets(w->cx, &in, &out, &w->err));
    sw_ctx_rollback(w->cx);
    assert_true(out->subnets.n > 0);
    return sw_str_z(w->arena, out->subnets.v[0].subnet_id);
}

static SwValue *with(World *w, const SwValue *v, const char *property, const char *json) {
    SwValue *changed = parse(w, sw_str_z(w->arena, sw_json_text(w->arena, v)));
    sw_value_set(w->arena, changed, sw_str(property), *parse(w, json));
    return changed;
}

static SwValue *without(World *w, const SwValue *v, const char *property) {
    SwValue *changed = sw_new(w->arena, SwValue);
    *changed = sw_value_object();
    for (size_t i = 0; i < v->n; i++)
        if (!sw_str_eqz(v->keys[i], property))
            sw_value_set(w->arena, changed, v->keys[i], v->v[i]);
    return changed;
}

static void a_cluster_is_read_changed_and_ended(void **state) {
    World *w = *state;
    SwApplied done;
    if (!w)
        skip();
    const SwValue *was =
        parse(w, "{\"ClusterName\":\"prod\",\"CapacityProviders\":[\"FARGATE\",\"FARGATE_SPOT\"],"
                 "\"DefaultCapacityProviderStrategy\":[{\"Base\":1,\"CapacityProvider\":\"FARGATE\",\"Weight\":2}],"
                 "\"ClusterSettings\":[{\"Name\":\"containerInsights\",\"Value\":\"disabled\"}],"
                 "\"Tags\":[{\"Key\":\"team\",\"Value\":\"red\"}]}");
    assert_string_equal(make_of(w, CLUSTER, was), "prod");
    SwValue got = read_back(w, CLUSTER, "prod");
    assert_has(w, &got, was);
    assert_has(w, &got, parse(w, "{\"Arn\":\"arn:aws:ecs:us-east-1:000000000000:cluster/prod\"}"));
    /* CreateCluster answers the one that there is */
    assert_string_equal(apply(w, CLUSTER, "", NULL, was, &done), "AlreadyExistsException");
    /* one operation takes both, and needs both */
    const SwValue *want = parse(w, "{\"ClusterName\":\"prod\",\"CapacityProviders\":[\"FARGATE\"]}");
    got = change_one(w, CLUSTER, "prod", was, want);
    assert_null(sw_value_getz(&got, "DefaultCapacityProviderStrategy"));
    assert_null(sw_value_getz(&got, "Tags"));
    const SwValue *less = parse(w, "{\"ClusterName\":\"prod\"}");
    assert_string_equal(apply(w, CLUSTER, "prod", want, less, &done), "");
    got = read_back(w, CLUSTER, "prod");
    assert_null(sw_value_getz(&got, "CapacityProviders"));
    end_one(w, CLUSTER, "prod", less, NULL);
}

static void a_clusters_providers_are_a_resource_of_their_own(void **state) {
    World *w = *state;
    if (!w)
        skip();
    const SwResource *r = &ecs_cluster_capacity_provider_associations_resource;
    (void)make_of(w, CLUSTER, parse(w, "{\"ClusterName\":\"c\"}"));
    const char *was = "{\"CapacityProviders\":[\"FARGATE\"],\"Cluster\":\"c\",\"DefaultCapacityProviderStrategy\":"
                      "[{\"CapacityProvider\":\"FARGATE\"}]}",
               *want = "{\"CapacityProviders\":[\"FARGATE\",\"FARGATE_SPOT\"],\"Cluster\":\"c\","
                       "\"DefaultCapacityProviderStrategy\":[{\"CapacityProvider\":\"FARGATE_SPOT\"}]}";
    assert_string_equal(assert_life(w, r, was, want), "c");
    assert_string_equal(property(w, CLUSTER, "c", "CapacityProviders"), "nothing");
    (void)make_one(w, r, was);
    assert_string_equal(property(w, CLUSTER, "c", "CapacityProviders"), "[\"FARGATE\"]");
    assert_string_equal(property(w, r, "arn:aws:ecs:us-east-1:000000000000:cluster/c", "Cluster"), "\"c\"");
}

static void a_definition_is_made_anew_for_all_but_its_tags(void **state) {
    World *w = *state;
    SwApplied done;
    if (!w)
        skip();
    const SwValue *was = parse(w, WEB("web:1"));
    const char *arn = make_of(w, DEFINITION, was);
    assert_string_equal(arn, "arn:aws:ecs:us-east-1:000000000000:task-definition/web:1");
    SwValue got = read_back(w, DEFINITION, arn);
    assert_has(w, &got, without(w, was, "ContainerDefinitions"));
    assert_has(w, &sw_value_getz(&got, "ContainerDefinitions")->v[0], &sw_value_getz(was, "ContainerDefinitions")->v[0]);
    assert_string_equal(apply(w, DEFINITION, arn, was, parse(w, WEB("web:2")), &done), "");
    assert_true(done.replace);
    const SwValue *tagged = with(w, was, "Tags", "[{\"Key\":\"team\",\"Value\":\"blue\"}]");
    assert_string_equal(apply(w, DEFINITION, arn, was, tagged, &done), "");
    assert_false(done.replace);
    assert_reads_as(w, DEFINITION, arn, without(w, tagged, "ContainerDefinitions"));
    /* the number is never used again; one that is INACTIVE is over */
    assert_true(strcmp(make_of(w, DEFINITION, was), arn) != 0);
    end_one(w, DEFINITION, arn, tagged, "ClientException");
}

static EcsService *described(World *w) {
    EcsDescribeServicesRequest in = {.cluster = SW_STR("prod"), .services = {(SwStr[]){SW_STR("web")}, 1}};
    EcsDescribeServicesResponse *out;
    OK(sw_ctx_begin(w->cx, SW_READ, &w->err));
    OK(ecs_call_describe_services(w->cx, &in, &out, &w->err));
    sw_ctx_rollback(w->cx);
    assert_int_equal(out->services.n, 1);
    return &out->services.v[0];
}

static SwValue *service(World *w, const char *definition) {
    return parse(w,
                 sw_strf(w->arena,
                         "{\"ServiceName\":\"web\",\"Cluster\":\"prod\",\"TaskDefinition\":\"%s\",\"LaunchType\":\"FARGATE\","
                         "\"DesiredCount\":0,\"NetworkConfiguration\":{\"AwsvpcConfiguration\":{\"AssignPublicIp\":"
                         "\"DISABLED\",\"Subnets\":[\"%s\"]}},\"DeploymentConfiguration\":{\"MaximumPercent\":150,"
                         "\"Alarms\":{\"AlarmNames\":[\"errors\"],\"Enable\":true,\"Rollback\":true}},"
                         "\"PropagateTags\":\"SERVICE\",\"Tags\":[{\"Key\":\"team\",\"Value\":\"red\"}]}",
                         definition, subnet(w))
                     .p);
}

/* UpdateService begins a deployment where it is told of a network, though it is the same. */
static void a_service_is_told_what_changes_alone(void **state) {
    World *w = *state;
    SwApplied done;
    if (!w)
        skip();
    make_of(w, CLUSTER, parse(w, "{\"ClusterName\":\"prod\"}"));
    SwValue *was = service(w, make_of(w, DEFINITION, parse(w, WEB("web:1"))));
    const char *id = make_of(w, SERVICE, was);
    assert_string_equal(id, "arn:aws:ecs:us-east-1:000000000000:service/prod/web|prod");
    SwValue got = read_back(w, SERVICE, id);
    assert_has(w, &got, without(w, was, "DeploymentConfiguration"));
    assert_has(w, &got, parse(w, "{\"Name\":\"web\",\"ServiceArn\":\"arn:aws:ecs:us-east-1:000000000000:service/prod/web\"}"));
    const SwValue *configuration = sw_value_getz(&got, "DeploymentConfiguration");
    assert_has(w, configuration, sw_value_getz(was, "DeploymentConfiguration"));
    SwStr first = described(w)->deployments.v[0].id;
    SwValue *want = with(w, was, "PropagateTags", "\"TASK_DEFINITION\"");
    assert_string_equal(apply(w, SERVICE, id, was, want, &done), "");
    assert_true(sw_str_eq(described(w)->deployments.v[0].id, first));
    assert_reads_as(w, SERVICE, id, parse(w, "{\"PropagateTags\":\"TASK_DEFINITION\",\"DesiredCount\":0}"));
    /* one property of an object is taken away, the other stays */
    SwValue *fewer = with(w, want, "DeploymentConfiguration", "{\"MaximumPercent\":150}");
    assert_string_equal(apply(w, SERVICE, id, want, fewer, &done), "");
    got = read_back(w, SERVICE, id);
    configuration = sw_value_getz(&got, "DeploymentConfiguration");
    assert_has(w, configuration, parse(w, "{\"MaximumPercent\":150}"));
    assert_has(w, sw_value_getz(configuration, "Alarms"), parse(w, "{\"Enable\":false}"));
    assert_string_equal(apply(w, SERVICE, id, fewer, without(w, fewer, "NetworkConfiguration"), &done),
                        "NotUpdatableException");
    /* a new deployment where one is asked for, again by another nonce, and none by asking no more */
    SwValue *forced =
        with(w, fewer, "ForceNewDeployment", "{\"EnableForceNewDeployment\":true,\"ForceNewDeploymentNonce\":\"1\"}");
    assert_string_equal(apply(w, SERVICE, id, fewer, forced, &done), "");
    SwStr second = described(w)->deployments.v[0].id;
    assert_false(sw_str_eq(second, first));
    SwValue *again =
        with(w, fewer, "ForceNewDeployment", "{\"EnableForceNewDeployment\":true,\"ForceNewDeploymentNonce\":\"2\"}");
    assert_string_equal(apply(w, SERVICE, id, forced, again, &done), "");
    SwStr third = described(w)->deployments.v[0].id;
    assert_false(sw_str_eq(third, second));
    assert_string_equal(apply(w, SERVICE, id, again, fewer, &done), "");
    assert_true(sw_str_eq(described(w)->deployments.v[0].id, third));
}

static void a_service_is_scaled_down_by_its_end_and_over_while_its_tasks_drain(void **state) {
    World *w = *state;
    SwApplied done;
    if (!w)
        skip();
    make_of(w, CLUSTER, parse(w, "{\"ClusterName\":\"prod\"}"));
    SwValue *was = service(w, make_of(w, DEFINITION, parse(w, WEB("web:1"))));
    was = without(w, without(w, was, "DesiredCount"), "DeploymentConfiguration");
    const char *id = make_of(w, SERVICE, was);
    SwValue got = read_back(w, SERVICE, id);
    assert_has(w, &got, parse(w, "{\"DesiredCount\":1}")); /* as CloudFormation */
    assert_string_equal(apply(w, SERVICE, id, was, with(w, was, "LaunchType", "\"EC2\""), &done), "");
    assert_true(done.replace);
    assert_string_equal(apply(w, SERVICE, id, was, NULL, &done), "");
    assert_true(sw_str_eqz(described(w)->status, "DRAINING") || sw_str_eqz(described(w)->status, "INACTIVE"));
    assert_gone(w, SERVICE, id, "ServiceNotFoundException");
}

/* What is its own to say, the service's rules say not; what it leaves unsaid, they do. */
static void tag_rules_are_the_services_but_for_what_a_resource_says_itself(void **state) {
    const SwTagRules *cluster = ecs_cluster_resource.tag_rules, *service = ecs_service_resource.tag_rules;
    (void)state;
    assert_ptr_not_equal(cluster, service);
    assert_ptr_equal(ecs_task_resource.tag_rules, service);
    assert_non_null(service->missing.kind);
    assert_null(cluster->missing.kind);
    assert_int_equal(cluster->max, 50);
    assert_ptr_equal(cluster->reserved.kind, service->reserved.kind);
    assert_string_equal(cluster->bad_key.text, service->bad_key.text);
}

static const char *tags_of(World *w, const char *arn) {
    SwStrMap *tags;
    w->err = sw_error(w->arena);
    OK(sw_ctx_begin(w->cx, SW_READ, &w->err));
    int r = sw_op_check_arns(w->cx, ecs_declarations.resource, SW_ONE(sw_str(arn)), &w->err);
    if (r == 0)
        r = sw_op_tags(w->cx, ecs_declarations.resource, sw_str(arn), &tags, &w->err);
    sw_ctx_rollback(w->cx);
    return r == 0 ? "" : w->err.message;
}

/* Whichever resource is declared first. */
static void tags_of_nothing_are_refused_by_the_services_words(void **state) {
    World *w = *state;
    if (!w)
        skip();
    assert_string_equal(tags_of(w, "web"), "Invalid arn syntax: web");
    assert_string_equal(tags_of(w, "arn:aws:s3:::bucket"), "Invalid arn syntax: arn:aws:s3:::bucket");
    assert_string_equal(tags_of(w, "arn:aws:ecs:us-east-1:000000000000:service/default/none"),
                        "The specified resource is not found. Specify a valid resource and try again.");
    assert_string_equal(tags_of(w, "arn:aws:ecs:us-east-1:000000000000:cluster/none"), "Cluster not found.");
}

/* The default cluster, and in it whatever is named without one. */
static void what_a_reference_leaves_out_is_what_the_parts_say(void **state) {
    World *w = *state;
    if (!w)
        skip();
    assert_string_equal(sw_str_z(w->arena, sw_resource_id(w->cx, CLUSTER, SW_NO_STR)), "default");
    assert_string_equal(sw_str_z(w->arena, sw_resource_id(w->cx, CLUSTER, SW_STR(""))), "default");
    assert_string_equal(sw_str_z(w->arena, sw_resource_id(w->cx, SERVICE, SW_STR("web"))), "default/web");
    assert_null(sw_resource_id(w->cx, SERVICE, SW_NO_STR).p); /* no service has a name of its own accord */
}

static void what_is_not_here_is_refused_by_name(void **state) {
    World *w = *state;
    SwApplied done;
    if (!w)
        skip();
    make_of(w, CLUSTER, parse(w, "{\"ClusterName\":\"prod\"}"));
    const char *arn = make_of(w, DEFINITION, parse(w, WEB("web:1")));
    static const char *const bad[][3] = {
        {"Monitoring", "{\"MetricConfigurations\":[{\"MetricNames\":[\"a\"],\"ResolutionSeconds\":60}]}",
         "Monitoring is not supported"},
        {"VpcLatticeConfigurations", "[{\"PortName\":\"a\",\"RoleArn\":\"b\",\"TargetGroupArn\":\"c\"}]",
         "vpcLatticeConfigurations"},
        {"PlacementStrategies", "[{\"Type\":\"spread\"}]", "PlacementStrategies is not supported"},
        {"ServiceConnectConfiguration", "{\"Enabled\":true}", "ServiceConnectConfiguration is not supported"},
        {"SchedulingStrategy", "\"DAEMON\"", "schedulingStrategy"},
        {"DeploymentConfiguration", "{\"EarlySuccessCriteria\":{\"Enable\":true}}", "EarlySuccessCriteria"},
        {"DeploymentConfiguration", "{\"LifecycleHooks\":[{\"LifecycleStages\":[\"PRE_SCALE_UP\"]}]}", "lifecycleHooks"},
    };
    for (size_t i = 0; i < SW_N(bad); i++) {
        assert_string_not_equal(apply(w, SERVICE, "", NULL, with(w, service(w, arn), bad[i][0], bad[i][1]), &done), "");
        if (!strstr(w->err.message, bad[i][2]))
            fail_msg("%s: %s", bad[i][0], w->err.message);
    }
}

int main(void) {
#define T(t) WORLD_TEST(t, services)
    const struct CMUnitTest tests[] = {
        T(a_cluster_is_read_changed_and_ended),
        T(a_clusters_providers_are_a_resource_of_their_own),
        T(a_definition_is_made_anew_for_all_but_its_tags),
        T(a_service_is_told_what_changes_alone),
        T(a_service_is_scaled_down_by_its_end_and_over_while_its_tasks_drain),
        T(tag_rules_are_the_services_but_for_what_a_resource_says_itself),
        T(tags_of_nothing_are_refused_by_the_services_words),
        T(what_a_reference_leaves_out_is_what_the_parts_say),
        T(what_is_not_here_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
