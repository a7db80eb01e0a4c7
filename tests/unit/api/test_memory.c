/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation of a request fails once, through the front door, for one request of each service, from its beginning
 * to its log line: the answer is a clean 503, nothing is half-written (the same request then succeeds, or finds everything
 * there), and what was made can be read. Under the sanitizers this also shows that nothing beside the arena is left over. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "../folder.h"
#include "api/front.h"
#include "base/file.h"

#define SCOPE_FMT "AWS4-HMAC-SHA256 Credential=test/20261121/us-east-1/%s/aws4_request, SignedHeaders=host, Signature=00"
#define FORM      "application/x-www-form-urlencoded"
#define JSON      "application/x-amz-json-1.1"

typedef struct Sent {
    const char *method, *path, *target, *body; /* NAME in path and body becomes a name of the request's own */
} Sent;

static const struct {
    const char *sign_name, *type;
    Sent make, read; /* read: shows NAME once it is made; no method: nothing is made */
} cases[] = {
    {"sts", FORM, {"POST", "/", NULL, "Action=GetCallerIdentity&Version=2011-06-15"}, {0}},
    {"iam",
     FORM,
     {"POST", "/", NULL, "Action=CreateUser&Version=2010-05-08&UserName=NAME&Tags.member.1.Key=k&Tags.member.1.Value=v"},
     {"POST", "/", NULL, "Action=GetUser&Version=2010-05-08&UserName=NAME"}},
    {"s3", NULL, {"PUT", "/NAME", NULL, ""}, {"GET", "/", NULL, ""}},
    {"ssm",
     JSON,
     {"POST", "/", "AmazonSSM.PutParameter", "{\"Name\":\"/NAME\",\"Value\":\"v\",\"Type\":\"SecureString\"}"},
     {"POST", "/", "AmazonSSM.GetParameter", "{\"Name\":\"/NAME\"}"}},
    {"codecommit",
     JSON,
     {"POST", "/", "CodeCommit_20150413.CreateRepository", "{\"repositoryName\":\"NAME\"}"},
     {"POST", "/", "CodeCommit_20150413.GetRepository", "{\"repositoryName\":\"NAME\"}"}},
    {"codebuild",
     JSON,
     {"POST", "/", "CodeBuild_20161006.CreateProject",
      "{\"name\":\"NAME\",\"source\":{\"type\":\"NO_SOURCE\",\"buildspec\":\"version: 0.2\\nphases: {build: {commands: "
      "[\\\"true\\\"]}}\"},"
      "\"artifacts\":{\"type\":\"NO_ARTIFACTS\"},\"environment\":{\"type\":\"LINUX_CONTAINER\",\"image\":\"host\","
      "\"computeType\":\"BUILD_GENERAL1_SMALL\"},\"serviceRole\":\"arn:aws:iam::000000000000:role/r\"}"},
     {"POST", "/", "CodeBuild_20161006.ListProjects", "{}"}},
    {"ecr",
     JSON,
     {"POST", "/", "AmazonEC2ContainerRegistry_V20150921.CreateRepository", "{\"repositoryName\":\"NAME\"}"},
     {"POST", "/", "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories", "{\"repositoryNames\":[\"NAME\"]}"}},
    {"ecs",
     JSON,
     {"POST", "/", "AmazonEC2ContainerServiceV20141113.RegisterTaskDefinition",
      "{\"family\":\"NAME\",\"containerDefinitions\":[{\"name\":\"c\",\"image\":\"i\",\"memory\":64,\"portMappings\":[{"
      "\"containerPort\":80}]}]}"},
     {"POST", "/", "AmazonEC2ContainerServiceV20141113.DescribeTaskDefinition", "{\"taskDefinition\":\"NAME\"}"}},
    {"elasticloadbalancing",
     FORM,
     {"POST", "/", NULL,
      "Action=CreateTargetGroup&Version=2015-12-01&Name=NAME&Protocol=HTTP&Port=80&VpcId=THE_VPC&TargetType=ip"},
     {"POST", "/", NULL, "Action=DescribeTargetGroups&Version=2015-12-01"}},
    {"ec2", FORM, {"POST", "/", NULL, "Action=DescribeVpcs&Version=2016-11-15"}, {0}},
    {"codepipeline", JSON, {"POST", "/", "CodePipeline_20150709.ListPipelines", "{}"}, {0}},
    {"monitoring",
     FORM,
     {"POST", "/", NULL,
      "Action=PutMetricAlarm&Version=2010-08-01&AlarmName=NAME&Namespace=N&MetricName=M&Statistic=Sum&Period=60"
      "&EvaluationPeriods=1&Threshold=1&ComparisonOperator=GreaterThanThreshold"},
     {"POST", "/", NULL, "Action=DescribeAlarms&Version=2010-08-01&AlarmNames.member.1=NAME"}},
    {"logs",
     JSON,
     {"POST", "/", "Logs_20140328.CreateLogGroup", "{\"logGroupName\":\"NAME\"}"},
     {"POST", "/", "Logs_20140328.DescribeLogGroups", "{\"logGroupNamePrefix\":\"NAME\"}"}},
    {"sns",
     FORM,
     {"POST", "/", NULL, "Action=CreateTopic&Version=2010-03-31&Name=NAME"},
     {"POST", "/", NULL, "Action=ListTopics&Version=2010-03-31"}},
    {"sqs",
     "application/x-amz-json-1.0",
     {"POST", "/", "AmazonSQS.CreateQueue", "{\"QueueName\":\"NAME\"}"},
     {"POST", "/", "AmazonSQS.GetQueueUrl", "{\"QueueName\":\"NAME\"}"}},
    {"events",
     JSON,
     {"POST", "/", "AWSEvents.PutRule", "{\"Name\":\"NAME\",\"EventPattern\":\"{\\\"source\\\":[\\\"a\\\"]}\"}"},
     {"POST", "/", "AWSEvents.DescribeRule", "{\"Name\":\"NAME\"}"}},
    {"slipway", JSON, {"GET", "/_slipway/clock", NULL, ""}, {0}},
};

static SwHost *host;
static SwHttpHandler door;

static char vpc[32];

static SwStr with(SwArena *a, const char *text, const char *word, const char *value) {
    SwBuf b = sw_buf(a, SW_MIB);
    for (const char *at; (at = strstr(text, word)) != NULL; text = at + strlen(word)) {
        sw_buf_add(&b, text, (size_t)(at - text));
        sw_buf_addz(&b, value);
    }
    sw_buf_addz(&b, text);
    return sw_buf_str(&b);
}

static SwStr named(SwArena *a, const char *text, const char *name) {
    return with(a, sw_str_z(a, with(a, text, "THE_VPC", vpc)), "NAME", name);
}

/* One request; its nth allocation fails (0: none). Returns whether one did; the reply's status and body as text. */
static bool send_request(SwArena *keep, size_t i, const Sent *s, const char *name, size_t nth, unsigned *ret_status,
                         SwStr *ret_body) {
    SwArena *a = sw_arena_new(0);
    SwHttpRequest rq = {.arena = a, .peer = SW_STR("127.0.0.1:1"), .body_max = SW_MIB};
    rq.m = (SwWireMessage){.method = sw_str(s->method), .path = named(a, s->path, name), .body = named(a, s->body, name)};
    sw_header_add(a, &rq.m.headers, SW_STR("host"), SW_STR("127.0.0.1:4566"));
    sw_header_add(a, &rq.m.headers, SW_STR("authorization"), sw_strf(a, SCOPE_FMT, cases[i].sign_name));
    sw_header_add(a, &rq.m.headers, SW_STR("x-amz-date"), SW_STR("20261121T000000Z"));
    if (cases[i].type)
        sw_header_add(a, &rq.m.headers, SW_STR("content-type"), sw_str(cases[i].type));
    if (s->target)
        sw_header_add(a, &rq.m.headers, SW_STR("x-amz-target"), sw_str(s->target));
    sw_arena_fail_nth(a, nth);
    if (door.begin(door.arg, &rq))
        door.handle(door.arg, &rq);
    else if (rq.reply.status != 503)
        fail_msg("%s: refused at once: %.*s", cases[i].sign_name, SW_FMT(rq.reply.body));
    bool failed = nth && sw_arena_fail_nth(a, 0) == 0;
    *ret_status = rq.reply.status;
    *ret_body = sw_str_dup(keep, rq.reply.body);
    door.done(door.arg, &rq, true);
    sw_arena_free(a);
    return failed;
}

/* The allocations of what comes after the answer: the request stays answered. Returns whether one failed. */
static bool fail_log_line(size_t nth) {
    SwArena *a = sw_arena_new(0);
    SwHttpRequest rq = {.arena = a, .peer = SW_STR("127.0.0.1:1"), .body_max = SW_MIB};
    rq.m = (SwWireMessage){.method = SW_STR("GET"), .path = SW_STR("/_slipway/clock"), .body = SW_STR("")};
    sw_header_add(a, &rq.m.headers, SW_STR("host"), SW_STR("127.0.0.1:4566"));
    if (door.begin(door.arg, &rq))
        door.handle(door.arg, &rq);
    assert_int_equal(rq.reply.status, 200);
    sw_arena_fail_nth(a, nth);
    door.done(door.arg, &rq, true);
    bool failed = sw_arena_fail_nth(a, 0) == 0;
    sw_arena_free(a);
    return failed;
}

static void every_allocation_of_a_log_line_may_fail(void **state) {
    (void)state;
    size_t nth = 1;
    while (fail_log_line(nth))
        nth++;
    assert_true(nth > 2);
}

/* Both: an allocation, and those of the answer to that. The last resort is the protocol's, too. */
static void an_answer_without_any_memory_is_made_by_rote(void **state) {
    static const struct {
        const char *sign_name, *says;
    } protocols[] = {
        {"sqs", "{\"__type\":\"SlowDown\""},
        {"iam", "<ErrorResponse><Error><Code>SlowDown"},
        {"s3", "<Error><Code>SlowDown"},
        {"ec2", "<Response><Errors><Error><Code>SlowDown"},
    };
    (void)state;
    for (size_t k = 0; k < SW_N(protocols); k++) {
        size_t i = 0;
        while (strcmp(cases[i].sign_name, protocols[k].sign_name) != 0)
            i++;
        SwArena *a = sw_arena_new(0);
        SwHttpRequest rq = {.arena = a, .peer = SW_STR("127.0.0.1:1"), .body_max = SW_MIB};
        rq.m = (SwWireMessage){.method = sw_str(cases[i].make.method),
                               .path = named(a, cases[i].make.path, "x"),
                               .body = SW_STR("")};
        sw_header_add(a, &rq.m.headers, SW_STR("host"), SW_STR("127.0.0.1:4566"));
        sw_header_add(a, &rq.m.headers, SW_STR("authorization"), sw_strf(a, SCOPE_FMT, cases[i].sign_name));
        sw_header_add(a, &rq.m.headers, SW_STR("x-amz-date"), SW_STR("20261121T000000Z"));
        if (cases[i].type)
            sw_header_add(a, &rq.m.headers, SW_STR("content-type"), sw_str(cases[i].type));
        if (cases[i].make.target)
            sw_header_add(a, &rq.m.headers, SW_STR("x-amz-target"), sw_str(cases[i].make.target));
        if (!door.begin(door.arg, &rq))
            fail_msg("%s: refused at once: %.*s", protocols[k].sign_name, SW_FMT(rq.reply.body));
        sw_arena_fail_nth(a, 1);
        door.refuse(door.arg, &rq, &SW_SLOW_DOWN, "Please reduce your request rate.");
        sw_arena_fail_nth(a, 0);
        if (rq.reply.status != 503 || !sw_str_starts(rq.reply.body, sw_str(protocols[k].says)))
            fail_msg("%s: %u %.*s", protocols[k].sign_name, rq.reply.status, SW_FMT(rq.reply.body));
        door.done(door.arg, &rq, true);
        sw_arena_free(a);
    }
}

static void check_after(SwArena *a, size_t i, const char *name, size_t nth) {
    unsigned status;
    SwStr body;
    send_request(a, i, &cases[i].make, name, 0, &status, &body);
    if (status >= 500 || status < 200)
        fail_msg("%s: after failure %zu the same request answers %u: %.*s", cases[i].sign_name, nth, status, SW_FMT(body));
    if (!cases[i].read.method)
        return;
    send_request(a, i, &cases[i].read, name, 0, &status, &body);
    if (status != 200 || !sw_str_contains(body, sw_str(name)))
        fail_msg("%s: after failure %zu reading answers %u: %.*s", cases[i].sign_name, nth, status, SW_FMT(body));
}

static void find_vpc(void) {
    SwArena *a = sw_arena_new(0);
    unsigned status;
    SwStr body;
    size_t i = 0;
    while (strcmp(cases[i].sign_name, "ec2") != 0)
        i++;
    send_request(a, i, &cases[i].make, "", 0, &status, &body);
    const char *at = strstr(sw_str_z(a, body), "<vpcId>");
    assert_true(at && sscanf(at, "<vpcId>%31[^<]", vpc) == 1);
    sw_arena_free(a);
}

static void every_allocation_of_a_request_may_fail(void **state) {
    (void)state;
    find_vpc();
    for (size_t i = 0; i < SW_N(cases); i++) {
        size_t nth = 0;
        for (bool failed = true; failed;) {
            SwArena *a = sw_arena_new(0);
            unsigned status;
            SwStr body;
            char name[32];
            snprintf(name, sizeof name, "thing-%zu-x", ++nth);
            failed = send_request(a, i, &cases[i].make, name, nth, &status, &body);
            if (status != (failed ? 503 : 200) || (failed && !sw_str_contains(body, SW_STR("SlowDown"))))
                fail_msg("%s: allocation %zu %s: %u %.*s", cases[i].sign_name, nth, failed ? "failed" : "was the last", status,
                         SW_FMT(body));
            check_after(a, i, name, nth);
            sw_arena_free(a);
        }
        print_message("# %s: %zu allocations\n", cases[i].sign_name, nth - 1);
        assert_true(nth > 5);
    }
}

static char folder[TEST_FOLDER];

static int open_host(void **state) {
    static SwConfig config = {.data = folder,
                              .address = "127.0.0.1",
                              .account = SW_STR_C("000000000000"),
                              .region = SW_STR_C("us-east-1"),
                              .ephemeral = true,
                              .services = sw_services};
    (void)state;
    SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    if (!test_folder(folder) || sw_host_open(&config, &host, &err) < 0) {
        print_error("%s %s\n", err.message ? err.message : "no folder", err.cause ? err.cause : "");
        return -1;
    }
    door = sw_front_handler(host);
    sw_arena_free(a);
    alarm(300); /* a lock that was never given back */
    return 0;
}

static int close_host(void **state) {
    (void)state;
    SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    int r = sw_host_down(host, &err) < 0 || sw_rm_tree(folder, &err) < 0;
    sw_arena_free(a);
    return r;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_allocation_of_a_request_may_fail),
                                       cmocka_unit_test(every_allocation_of_a_log_line_may_fail),
                                       cmocka_unit_test(an_answer_without_any_memory_is_made_by_rote)};
    return cmocka_run_group_tests(tests, open_host, close_host);
}
