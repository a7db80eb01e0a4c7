/* SPDX-License-Identifier: Apache-2.0 */
/* Which service and operation a request means: one row a request, as clients send them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "api/identify.h"

#define SCOPE(service) \
    "AWS4-HMAC-SHA256 Credential=AKID/20261121/us-east-1/" service "/aws4_request, SignedHeaders=host, Signature=00"
#define PRESIGNED(service) \
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKID%2F20261121%2Fus-east-1%2F" service "%2Faws4_request" \
    "&X-Amz-Date=20261121T060000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=00"
#define FORM     "application/x-www-form-urlencoded; charset=utf-8"
#define JSON     "application/x-amz-json-1.1"
#define JSON_1_0 "application/x-amz-json-1.0"
#define CBOR     "application/cbor"

static const struct {
    const char *method, *host, *path, *query, *authorization, *type, *target, *body;
    const char *want; /* "service Operation path", "service route", or "!Code" */
} cases[] = {
    /* the credential scope, whatever else */
    {"POST", NULL, "/", NULL, SCOPE("ecs"), JSON, "AmazonEC2ContainerServiceV20141113.ListClusters", "{}",
     "ecs ListClusters /"},
    {"POST", NULL, "/", NULL, SCOPE("sqs"), JSON_1_0, "AmazonSQS.ListQueues", "{}", "sqs ListQueues /"},
    {"POST", NULL, "/", NULL, SCOPE("sns"), FORM, NULL, "Action=ListTopics&Version=2010-03-31", "sns ListTopics /"},
    {"POST", NULL, "/", NULL, SCOPE("iam"), FORM, NULL, "Action=ListRoles&Version=2010-05-08", "iam ListRoles /"},
    {"GET", NULL, "/", NULL, SCOPE("s3"), NULL, NULL, NULL, "s3 ListBuckets /"},
    {"PUT", NULL, "/b", NULL, SCOPE("s3"), NULL, NULL, NULL, "s3 CreateBucket /b"},
    {"POST", NULL, "/", NULL, SCOPE("nothing"), JSON, "Nothing.Do", "{}", "!NotImplemented"},
    /* X-Amz-Target alone, with its prefix and without */
    {"POST", NULL, "/", NULL, NULL, JSON, "CodeBuild_20161006.ListProjects", "{}", "codebuild ListProjects /"},
    {"POST", NULL, "/", NULL, NULL, JSON, "CodePipeline_20150709.ListPipelines", "{}", "codepipeline ListPipelines /"},
    {"POST", NULL, "/", NULL, NULL, JSON, "Some.ListClusters", "{}", "ecs ListClusters /"},
    {"POST", NULL, "/", NULL, NULL, JSON, "ListClusters", "{}", "!UnknownOperationException"},
    {"POST", NULL, "/", NULL, NULL, JSON, "Some.ListTagsForResource", "{}", "!UnknownOperationException"}, /* of several */
    /* an unsigned Query request, in the body and in the query */
    {"POST", NULL, "/", NULL, NULL, FORM, NULL, "Version=2011-06-15&Action=GetCallerIdentity", "sts GetCallerIdentity /"},
    {"GET", NULL, "/", "Action=GetCallerIdentity&Version=2011-06-15", NULL, NULL, NULL, NULL, "sts GetCallerIdentity /"},
    /* a queue's URL is an endpoint of SQS, also for actions that others have too */
    {"GET", NULL, "/123456789012/q", "Action=AddPermission", NULL, NULL, NULL, NULL, "sqs AddPermission /123456789012/q"},
    {"POST", NULL, "/123456789012/q/", NULL, NULL, FORM, NULL, "Action=GetQueueAttributes",
     "sqs GetQueueAttributes /123456789012/q/"},
    {"POST", NULL, "/123456789012/q", NULL, SCOPE("sqs"), FORM, NULL, "Action=ListQueues&Version=2012-11-05", "!InvalidAction"},
    {"POST", NULL, "/123456789012/q", NULL, SCOPE("sqs"), JSON_1_0, "AmazonSQS.ListQueues", "{}",
     "sqs ListQueues /123456789012/q"},
    /* virtual-host buckets */
    {"GET", "b.s3.us-east-1.amazonaws.com", "/k/x", NULL, SCOPE("s3"), NULL, NULL, NULL, "s3 GetObject /b/k/x"},
    {"GET", "b.s3.localhost:4566", "/k", NULL, NULL, NULL, NULL, NULL, "s3 GetObject /b/k"},
    {"GET", "b.localhost:4566", "/", "list-type=2", NULL, NULL, NULL, NULL, "s3 ListObjectsV2 /b/"},
    {"GET", "s3.localhost:4566", "/b/k", NULL, NULL, NULL, NULL, NULL, "s3 GetObject /b/k"},
    /* smithy-rpc-v2-cbor */
    {"POST", NULL, "/service/GraniteServiceVersion20100801/operation/ListMetrics", NULL, SCOPE("monitoring"), CBOR, NULL,
     "\xa0", "cloudwatch ListMetrics /service/GraniteServiceVersion20100801/operation/ListMetrics"},
    {"POST", NULL, "/service/GraniteServiceVersion20100801/operation/ListMetrics", NULL, NULL, CBOR, NULL, "\xa0",
     "cloudwatch ListMetrics /service/GraniteServiceVersion20100801/operation/ListMetrics"},
    /* presigned URLs */
    {"GET", NULL, "/b/k", PRESIGNED("s3"), NULL, NULL, NULL, NULL, "s3 GetObject /b/k"},
    {"PUT", "b.s3.amazonaws.com", "/k", PRESIGNED("s3"), NULL, NULL, NULL, NULL, "s3 PutObject /b/k"},
    {"GET", NULL, "/", "Action=GetCallerIdentity&Version=2011-06-15&" PRESIGNED("sts"), NULL, NULL, NULL, NULL,
     "sts GetCallerIdentity /"},
    /* routes */
    {"GET", NULL, "/v2/", NULL, NULL, NULL, NULL, NULL, "ecr route"},
    {"GET", NULL, "/v1/repos/r/info/refs", "service=git-upload-pack", NULL, NULL, NULL, NULL, "codecommit route"},
    /* anonymous: a bucket's */
    {"GET", NULL, "/b/k", NULL, NULL, NULL, NULL, NULL, "s3 GetObject /b/k"},
};

static SwWireMessage message(SwArena *a, size_t i) {
    SwWireMessage m = {.method = sw_str(cases[i].method),
                       .path = sw_str(cases[i].path),
                       .query = sw_str(cases[i].query),
                       .body = sw_str(cases[i].body)};
    const struct {
        const char *name, *value;
    } headers[] = {
        {"host", cases[i].host ? cases[i].host : "127.0.0.1:4566"},
        {"authorization", cases[i].authorization},
        {"x-amz-date", cases[i].authorization ? "20261121T060000Z" : NULL},
        {"content-type", cases[i].type},
        {"smithy-protocol", cases[i].type && strcmp(cases[i].type, CBOR) == 0 ? "rpc-v2-cbor" : NULL},
        {"x-amz-target", cases[i].target},
    };
    for (size_t k = 0; k < SW_N(headers); k++)
        if (headers[k].value)
            sw_header_add(a, &m.headers, sw_str(headers[k].name), sw_str(headers[k].value));
    return m;
}

static SwStr identified(SwArena *a, size_t at) {
    const SwConfig config = {.services = sw_services};
    const SwHost h = {.config = &config};
    SwWireMessage m = message(a, at);
    SwError err = sw_error(a);
    SwSignature s;
    SwIdentity i;
    bool known = false;
    assert_int_equal(sw_sigv4_parse(a, &m, &s, &err), 0);
    int r = sw_identify(&h, a, &m, &s, NULL, false, &i, &known, &err);
    if (r == 0 && !known)
        r = sw_identify(&h, a, &m, &s, NULL, true, &i, &known, &err);
    if (r < 0)
        return sw_strf(a, "!%s", err.kind->code);
    assert_true(known);
    if (i.route)
        return sw_strf(a, "%s route", i.service->name);
    return sw_strf(a, "%s %s %.*s", i.service->name, i.op->name, SW_FMT(i.m.path));
}

static void a_request_names_its_service_and_operation(void **state) {
    (void)state;
    SwArena *a = sw_arena_new(0);
    bool good = true;
    for (size_t i = 0; i < SW_N(cases); i++) {
        SwStr came = identified(a, i);
        if (sw_str_eqz(came, cases[i].want))
            continue;
        good = false;
        print_error("row %zu: %s %s\n  came   %.*s\n  wanted %s\n", i, cases[i].method, cases[i].path, SW_FMT(came),
                    cases[i].want);
    }
    assert_true(good);
    sw_arena_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_request_names_its_service_and_operation)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
