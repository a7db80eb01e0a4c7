/* SPDX-License-Identifier: Apache-2.0 */
/* The first half of the demo: what a team sets up once, with the AWS CLI alone. */

#include "cli/demo_steps.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/file.h"

int demo_need(const SwValue *v, const char *path, SwStr *ret, SwError *err) {
    *ret = sw_value_str(sw_value_path(v, path));
    if (!sw_str_is(*ret))
        return sw_fail(err, &SW_INTERNAL_FAILURE, "the answer has no %s", path);
    return 0;
}

/* A port that is free now, for the load balancer. */
static int free_port(uint16_t *ret, SwError *err) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    _sw_close_ int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, n) < 0 || getsockname(fd, (struct sockaddr *)&at, &n) < 0)
        return sw_fail(err, &SW_INTERNAL_FAILURE, "no port is free");
    *ret = ntohs(at.sin_port);
    return 0;
}

static int step_start(Demo *d, SwError *err) {
    if (demo_server_start(d, err) < 0 || free_port(&d->web_port, err) < 0)
        return -1;
    d->url = demo_strf(d, "http://127.0.0.1:%u/", d->web_port);
    return DEMO_AWS(d, NULL, err, "sts", "get-caller-identity");
}

static int role(Demo *d, const char *name, const char *service, const char *actions, SwStr *ret_arn, SwError *err) {
    SwValue v;
    const char *trust =
        demo_strf(d,
                  "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"%s\"},"
                  "\"Action\":\"sts:AssumeRole\"}]}",
                  service);
    const char *policy =
        demo_strf(d, "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[%s],\"Resource\":\"*\"}]}",
                  actions);
    if (DEMO_AWS(d, &v, err, "iam", "create-role", "--role-name", name, "--assume-role-policy-document", trust) < 0 ||
        demo_need(&v, "Role.Arn", ret_arn, err) < 0)
        return -1;
    return DEMO_AWS(d, NULL, err, "iam", "put-role-policy", "--role-name", name, "--policy-name", "work", "--policy-document",
                    policy);
}

static int step_roles(Demo *d, SwError *err) {
    if (role(d, "hello-build", "codebuild.amazonaws.com", "\"logs:*\",\"s3:*\",\"ecr:*\",\"codecommit:GitPull\"", &d->test_role,
             err) < 0)
        return -1;
    if (role(d, "hello-pipeline", "codepipeline.amazonaws.com",
             "\"s3:*\",\"codecommit:*\",\"codebuild:*\",\"ecs:*\",\"iam:PassRole\"", &d->deploy_role, err) < 0)
        return -1;
    return role(d, "hello-task", "ecs-tasks.amazonaws.com", "\"logs:*\",\"ecr:*\"", &d->task_role, err);
}

static int step_repositories(Demo *d, SwError *err) {
    SwValue v;
    if (DEMO_AWS(d, &v, err, "codecommit", "create-repository", "--repository-name", "hello-web") < 0 ||
        demo_need(&v, "repositoryMetadata.cloneUrlHttp", &d->clone_url, err) < 0)
        return -1;
    if (DEMO_AWS(d, &v, err, "ecr", "create-repository", "--repository-name", "hello-web") < 0 ||
        demo_need(&v, "repository.repositoryUri", &d->repository_uri, err) < 0)
        return -1;
    d->bucket = SW_STR("hello-artifacts");
    return DEMO_AWS(d, NULL, err, "s3api", "create-bucket", "--bucket", "hello-artifacts");
}

static int find_network(Demo *d, SwStr *ret_vpc, const char **ret_a, const char **ret_b, SwError *err) {
    SwValue v;
    SwStr a, b;
    if (DEMO_AWS(d, &v, err, "ec2", "describe-vpcs") < 0 || demo_need(&v, "Vpcs.0.VpcId", ret_vpc, err) < 0)
        return -1;
    if (DEMO_AWS(d, &v, err, "ec2", "describe-subnets") < 0 || demo_need(&v, "Subnets.0.SubnetId", &a, err) < 0 ||
        demo_need(&v, "Subnets.1.SubnetId", &b, err) < 0)
        return -1;
    *ret_a = sw_str_z(d->arena, a);
    *ret_b = sw_str_z(d->arena, b);
    d->subnets = sw_strf(d->arena, "%s,%s", *ret_a, *ret_b);
    return 0;
}

static int step_balancer(Demo *d, SwError *err) {
    SwValue v;
    SwStr vpc;
    size_t at;
    const char *a, *b;
    if (find_network(d, &vpc, &a, &b, err) < 0)
        return -1;
    if (DEMO_AWS(d, &v, err, "elbv2", "create-target-group", "--name", "hello-web", "--protocol", "HTTP", "--port", "8080",
                 "--vpc-id", sw_str_z(d->arena, vpc), "--target-type", "ip", "--health-check-path", "/health",
                 "--health-check-interval-seconds", "5", "--health-check-timeout-seconds", "2", "--healthy-threshold-count",
                 "2", "--unhealthy-threshold-count", "2") < 0 ||
        demo_need(&v, "TargetGroups.0.TargetGroupArn", &d->target_group, err) < 0)
        return -1;
    const char *group = sw_str_z(d->arena, d->target_group);
    if (DEMO_AWS(d, NULL, err, "elbv2", "modify-target-group-attributes", "--target-group-arn", group, "--attributes",
                 "Key=deregistration_delay.timeout_seconds,Value=5") < 0)
        return -1;
    if (DEMO_AWS(d, &v, err, "elbv2", "create-load-balancer", "--name", "hello-web", "--subnets", a, b) < 0 ||
        demo_need(&v, "LoadBalancers.0.LoadBalancerArn", &d->load_balancer, err) < 0)
        return -1;
    /* arn:...:loadbalancer/app/hello-web/ID: CloudWatch's dimension is what follows "loadbalancer/" */
    const char *arn = sw_str_z(d->arena, d->load_balancer), *tail = strstr(arn, "loadbalancer/");
    at = tail ? (size_t)(tail - arn) + 13 : 0;
    d->load_balancer_suffix = sw_str_skip(d->load_balancer, at);
    return DEMO_AWS(d, NULL, err, "elbv2", "create-listener", "--load-balancer-arn", arn, "--protocol", "HTTP", "--port",
                    demo_strf(d, "%u", d->web_port), "--default-actions",
                    demo_strf(d, "Type=forward,TargetGroupArn=%s", group));
}

static int step_alarm(Demo *d, SwError *err) {
    return DEMO_AWS(d, NULL, err, "cloudwatch", "put-metric-alarm", "--alarm-name", "hello-web-5xx", "--namespace",
                    "AWS/ApplicationELB", "--metric-name", "HTTPCode_ELB_5XX_Count", "--dimensions",
                    demo_strf(d, "Name=LoadBalancer,Value=%.*s", SW_FMT(d->load_balancer_suffix)), "--statistic", "Sum",
                    "--period", "60", "--evaluation-periods", "1", "--threshold", "1", "--comparison-operator",
                    "GreaterThanOrEqualToThreshold", "--treat-missing-data", "notBreaching");
}

static const char *containers(Demo *d) {
    return demo_strf(
        d,
        "[{\"name\":\"web\",\"image\":\"%.*s:first\",\"essential\":true,\"portMappings\":[{\"containerPort\":8080}],"
        "\"logConfiguration\":{\"logDriver\":\"awslogs\",\"options\":{\"awslogs-group\":\"/ecs/hello-web\","
        "\"awslogs-region\":\"us-east-1\",\"awslogs-stream-prefix\":\"web\"}}}]",
        SW_FMT(d->repository_uri));
}

/* The service begins with no tasks: there is no image before the first release. */
static int step_service(Demo *d, SwError *err) {
    const char *task_role = sw_str_z(d->arena, d->task_role);
    if (DEMO_AWS(d, NULL, err, "ecs", "create-cluster", "--cluster-name", "production") < 0 ||
        DEMO_AWS(d, NULL, err, "logs", "create-log-group", "--log-group-name", "/ecs/hello-web") < 0)
        return -1;
    if (DEMO_AWS(d, NULL, err, "ecs", "register-task-definition", "--family", "hello-web", "--network-mode", "awsvpc",
                 "--requires-compatibilities", "FARGATE", "--cpu", "256", "--memory", "512", "--execution-role-arn", task_role,
                 "--task-role-arn", task_role, "--container-definitions", containers(d)) < 0)
        return -1;
    return DEMO_AWS(d, NULL, err, "ecs", "create-service", "--cluster", "production", "--service-name", "hello-web",
                    "--task-definition", "hello-web", "--desired-count", "0", "--launch-type", "FARGATE",
                    "--health-check-grace-period-seconds", "10", "--deployment-configuration",
                    "deploymentCircuitBreaker={enable=true,rollback=true},minimumHealthyPercent=100,maximumPercent=200",
                    "--network-configuration",
                    demo_strf(d, "awsvpcConfiguration={subnets=[%.*s],assignPublicIp=ENABLED}", SW_FMT(d->subnets)),
                    "--load-balancers",
                    demo_strf(d, "targetGroupArn=%.*s,containerName=web,containerPort=8080", SW_FMT(d->target_group)));
}

static int project(Demo *d, const char *name, const char *buildspec, const char *privileged, SwError *err) {
    const char *source = demo_strf(d, "type=CODEPIPELINE,buildspec=%s", buildspec);
    const char *environment = demo_strf(d,
                                        "{\"type\":\"LINUX_CONTAINER\",\"image\":\"aws/codebuild/"
                                        "standard:7.0\",\"computeType\":\"BUILD_GENERAL1_SMALL\",\"privilegedMode\":%s,"
                                        "\"environmentVariables\":[{\"name\":\"REPOSITORY_URI\",\"value\":\"%.*s\"}]}",
                                        privileged, SW_FMT(d->repository_uri));
    return DEMO_AWS(d, NULL, err, "codebuild", "create-project", "--name", name, "--source", source, "--artifacts",
                    "type=CODEPIPELINE", "--environment", environment, "--service-role", sw_str_z(d->arena, d->test_role));
}

#define ACTION(name, category, provider, order, configuration, in, out) \
    "{\"name\":\"" name "\",\"runOrder\":" order ",\"actionTypeId\":{\"category\":\"" category \
    "\",\"owner\":\"AWS\",\"provider\":\"" provider "\",\"version\":\"1\"},\"configuration\":{" configuration \
    "},\"inputArtifacts\":[" in "],\"outputArtifacts\":[" out "]}"

static const char pipeline[] =
    "{\"name\":\"hello-web\",\"version\":1,\"roleArn\":\"%.*s\",\"artifactStore\":{\"type\":\"S3\",\"location\":\"%.*s\"},"
    "\"stages\":["
    "{\"name\":\"Source\",\"actions\":[" ACTION(
        "Source", "Source", "CodeCommit", "1",
        "\"RepositoryName\":\"hello-web\",\"BranchName\":\"main\",\"PollForSourceChanges\":\"true\"", "",
        "{\"name\":\"source\"}") "]},"
                                 "{\"name\":\"Build\",\"actions\":[" ACTION(
                                     "Test", "Test", "CodeBuild", "1", "\"ProjectName\":\"hello-test\"",
                                     "{\"name\":\"source\"}",
                                     "") "," ACTION("Build", "Build", "CodeBuild", "1", "\"ProjectName\":\"hello-build\"",
                                                    "{\"name\":\"source\"}",
                                                    "{\"name\":\"image\"}") "]},"
                                                                            "{\"name\":\"Approve\",\"actions\":[" ACTION(
                                                                                "Approve", "Approval", "Manual", "1",
                                                                                "\"CustomData\":\"Ship it?\"", "",
                                                                                "") "]},"
                                                                                    "{\"name\":\"Deploy\",\"actions\":[" ACTION(
                                                                                        "Deploy", "Deploy", "ECS", "1",
                                                                                        "\"ClusterName\":\"production\","
                                                                                        "\"ServiceName\":\"hello-web\","
                                                                                        "\"FileName\":\"imagedefinitions."
                                                                                        "json\"",
                                                                                        "{\"name\":\"image\"}", "") "]}]}";

static int step_pipeline(Demo *d, SwError *err) {
    SwValue v;
    if (project(d, "hello-test", "buildspec-test.yml", "false", err) < 0 ||
        project(d, "hello-build", "buildspec.yml", "true", err) < 0)
        return -1;
    const char *path = sw_path(d->arena, d->work, "pipeline.json");
    SwStr text = sw_strf(d->arena, pipeline, SW_FMT(d->deploy_role), SW_FMT(d->bucket));
    if (sw_file_write(path, text, 0644, err) < 0)
        return -1;
    return DEMO_AWS(d, &v, err, "codepipeline", "create-pipeline", "--pipeline", demo_strf(d, "file://%s", path));
}

const DemoStep demo_steps[] = {
    {"start", "start Slipway in a temporary folder", step_start},
    {"roles", "create roles", step_roles},
    {"repositories", "create git, image and artifact repositories", step_repositories},
    {"balancer", "create a load balancer and its target group", step_balancer},
    {"alarm", "create an alarm on the load balancer's 5xx", step_alarm},
    {"service", "create a cluster and a service", step_service},
    {"pipeline", "create build projects and the pipeline", step_pipeline},
    {"v1", "push v1: tested, built, approved, live", demo_step_v1},
    {"v2", "push v2 under load: not one request may fail", demo_step_v2},
    {"v3", "push v3, whose unit tests fail: v2 stays", demo_step_v3},
    {"v4", "push v4, never healthy: rolled back under load", demo_step_v4},
    {"v5", "push v5, kill -9 the server while it deploys", demo_step_v5},
    {"dora", "ask for the DORA metrics", demo_step_dora},
    {0},
};
