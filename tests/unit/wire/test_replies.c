/* SPDX-License-Identifier: Apache-2.0 */

/* Replies and errors as clients read them, byte for byte; and what a client of ours writes and reads. */

#include <math.h>

#include "wire_test.h"

#include "models/cloudwatch.gen.h"
#include "models/ec2.gen.h"
#include "models/ecr.gen.h"
#include "models/ecs.gen.h"
#include "models/s3.gen.h"
#include "models/sns.gen.h"
#include "models/sqs.gen.h"
#include "models/xray.gen.h"

#define XML "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

/* A reply made from plain JSON of the output. */
static SwWireMessage reply(SwArena *a, const SwApi *api, uint32_t protocol, const char *operation, const char *json) {
    SwError err = sw_error(a);
    SwWireMessage m = {0};
    void *out = NULL;
    const SwOperation *op = sw_api_operation(api, sw_str(operation));
    assert_non_null(op);
    if (json)
        assert_int_equal(sw_shape_from_json(a, op->output, sw_str(json), &out, &err), 0);
    assert_int_equal(sw_wire_encode_response(a, api, op, protocol, out, SW_STR("req-1"), &m, &err), 0);
    return m;
}

static void json_replies_show_times_as_seconds(void **state) {
    SwWireMessage m =
        reply(*state, &ecr_api, SW_JSON_1_1, "DescribeRepositories",
              "{\"repositories\":[{\"repositoryName\":\"a\\\"b\",\"createdAt\":1700000000.123}],\"nextToken\":\"t\"}");
    assert_int_equal(m.status, 200);
    assert_str(m.body, "{\"repositories\":[{\"repositoryName\":\"a\\\"b\",\"createdAt\":1700000000.123}],\"nextToken\":\"t\"}");
    assert_str(sw_header_find(&m.headers, "content-type"), "application/x-amz-json-1.1");
    assert_str(sw_header_find(&m.headers, "x-amzn-requestid"), "req-1");
    assert_str(reply(*state, &ecr_api, SW_JSON_1_1, "DescribeRepositories", NULL).body, "{}");
    assert_str(reply(*state, &ecr_api, SW_JSON_1_1, "DescribeRepositories", "{\"repositories\":[]}").body,
               "{\"repositories\":[]}");
}

static void times_of_every_size_are_written_exactly(void **state) {
    static const struct {
        SwTime t;
        const char *want;
    } cases[] = {
        {0, "0"},
        {1500 * SW_MS, "1.5"},
        {1 * SW_S + 20 * SW_MS, "1.02"},
        {1 * SW_S + 3 * SW_MS, "1.003"},
        {-1500 * SW_MS, "-1.5"},
        {-1 * SW_S, "-1"},
    };
    for (size_t i = 0; i < SW_N(cases); i++) {
        EcrRepository r = {.created_at = SW_SOME_TIME(cases[i].t)};
        EcrDescribeRepositoriesResponse out = {.repositories = {&r, 1}};
        SwError err = sw_error(*state);
        SwWireMessage m;
        assert_int_equal(sw_wire_encode_response(*state, &ecr_api, sw_api_operation(&ecr_api, SW_STR("DescribeRepositories")),
                                                 SW_JSON_1_1, &out, SW_STR("r"), &m, &err),
                         0);
        assert_str(m.body, sw_strf(*state, "{\"repositories\":[{\"createdAt\":%s}]}", cases[i].want).p);
    }
}

static void numbers_that_json_lacks_are_text(void **state) {
    SwOptDouble v[] = {SW_SOME_DOUBLE(NAN), SW_SOME_DOUBLE(INFINITY), SW_SOME_DOUBLE(-INFINITY), SW_SOME_DOUBLE(0.1)};
    CloudwatchMetricDataResult r = {.values = {(void *)v, SW_N(v)}};
    CloudwatchGetMetricDataOutput out = {.metric_data_results = {&r, 1}};
    SwError err = sw_error(*state);
    SwWireMessage m;
    const SwOperation *op = sw_api_operation(&cloudwatch_api, SW_STR("GetMetricData"));
    assert_int_equal(sw_wire_encode_response(*state, &cloudwatch_api, op, SW_JSON_1_0, &out, SW_STR("r"), &m, &err), 0);
    assert_str(m.body, "{\"MetricDataResults\":[{\"Values\":[\"NaN\",\"Infinity\",\"-Infinity\",0.1]}]}");
    void *back;
    assert_int_equal(sw_wire_decode_response(*state, &cloudwatch_api, op, SW_JSON_1_0, &m, &back, &err), 0);
    const CloudwatchGetMetricDataOutput *got = back;
    const SwOptDouble *values = (const void *)got->metric_data_results.v[0].values.v;
    assert_true(isnan(values[0].v) && isinf(values[1].v) && values[2].v < 0 && isinf(values[2].v));
}

static void query_replies_are_wrapped(void **state) {
    SwWireMessage m = reply(*state, &sns_api, SW_QUERY, "CreateTopic", "{\"TopicArn\":\"arn:a<&>\\u000d\"}");
    assert_str(
        m.body,
        XML "<CreateTopicResponse "
            "xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><CreateTopicResult><TopicArn>arn:a&lt;&amp;&gt;&#xD;</TopicArn>"
            "</CreateTopicResult><ResponseMetadata><RequestId>req-1</RequestId></ResponseMetadata></CreateTopicResponse>");
    assert_str(sw_header_find(&m.headers, "Content-Type"), "text/xml");
    assert_str(reply(*state, &sns_api, SW_QUERY, "DeleteTopic", NULL).body,
               XML "<DeleteTopicResponse "
                   "xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><ResponseMetadata><RequestId>req-1</RequestId></"
                   "ResponseMetadata></DeleteTopicResponse>");
    assert_has(reply(*state, &sns_api, SW_QUERY, "ListTopics", "{\"Topics\":[{\"TopicArn\":\"a\"},{\"TopicArn\":\"b\"}]}").body,
               "<ListTopicsResult><Topics><member><TopicArn>a</TopicArn></member><member><TopicArn>b</TopicArn></member></"
               "Topics></ListTopicsResult>");
    assert_has(reply(*state, &sns_api, SW_QUERY, "ListTopics", "{\"Topics\":[]}").body,
               "<ListTopicsResult><Topics></Topics></ListTopicsResult>");
    assert_has(reply(*state, &sns_api, SW_QUERY, "GetTopicAttributes", "{\"Attributes\":{\"k\":\"v\"}}").body,
               "<Attributes><entry><key>k</key><value>v</value></entry></Attributes>");
    assert_has(reply(*state, &sqs_api, SW_QUERY, "ListQueues", "{\"QueueUrls\":[\"a\",\"b\"]}").body,
               "<QueueUrl>a</QueueUrl><QueueUrl>b</QueueUrl>");
}

static void ec2_replies_have_sets_of_items(void **state) {
    assert_str(reply(*state, &ec2_api, SW_EC2_QUERY, "DescribeSubnets",
                     "{\"Subnets\":[{\"SubnetId\":\"s\",\"AvailableIpAddressCount\":7,\"DefaultForAz\":true}]}")
                   .body,
               XML "<DescribeSubnetsResponse "
                   "xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15\"><requestId>req-1</requestId><subnetSet><item>"
                   "<subnetId>s</subnetId><availableIpAddressCount>7</availableIpAddressCount><defaultForAz>true</"
                   "defaultForAz></item></subnetSet></DescribeSubnetsResponse>");
}

static void s3_replies_bind_headers_and_bodies(void **state) {
    SwWireMessage m =
        reply(*state, &s3_api, SW_REST_XML, "ListObjectsV2",
              "{\"Name\":\"b\",\"KeyCount\":1,\"IsTruncated\":false,\"Contents\":[{\"Key\":\"a\",\"LastModified\":"
              "1700000000,\"Size\":3}],\"CommonPrefixes\":[{\"Prefix\":\"p/\"}]}");
    assert_has(m.body, "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    assert_has(m.body, "<Contents><Key>a</Key><LastModified>2023-11-14T22:13:20.000Z</LastModified><Size>3</Size></Contents>");
    assert_has(m.body, "<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes>");
    assert_str(sw_header_find(&m.headers, "x-amz-request-id"), "req-1");
    assert_str(sw_header_find(&m.headers, "Content-Type"), "application/xml");
    assert_str(reply(*state, &s3_api, SW_REST_XML, "GetBucketLocation", "{\"LocationConstraint\":\"eu-west-1\"}").body,
               XML "<LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">eu-west-1</LocationConstraint>");
    m = reply(*state, &s3_api, SW_REST_XML, "HeadObject",
              "{\"ContentLength\":5,\"LastModified\":1700000000,\"ETag\":\"\\\"e\\\"\",\"Metadata\":{\"k\":\"v\\r\\nX: y\"}}");
    assert_str(sw_header_find(&m.headers, "Content-Length"), "5");
    assert_str(sw_header_find(&m.headers, "Last-Modified"), "Tue, 14 Nov 2023 22:13:20 GMT");
    assert_str(sw_header_find(&m.headers, "ETag"), "\"e\"");
    assert_str(sw_header_find(&m.headers, "x-amz-meta-k"), "v  X: y");
    assert_int_equal(m.body.n, 0);
    m = reply(*state, &s3_api, SW_REST_XML, "DeleteObject", "{\"DeleteMarker\":true}");
    assert_int_equal(m.status, 204);
    assert_int_equal(m.body.n, 0);
    assert_str(sw_header_find(&m.headers, "x-amz-delete-marker"), "true");
    assert_has(
        reply(*state, &s3_api, SW_REST_XML, "GetBucketAcl",
              "{\"Grants\":[{\"Grantee\":{\"ID\":\"i\",\"Type\":\"CanonicalUser\"}}]}")
            .body,
        "<Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"CanonicalUser\"><ID>i</ID></Grantee>");
    m = reply(*state, &s3_api, SW_REST_XML, "GetBucketPolicy", "{\"Policy\":\"{}\"}");
    assert_str(m.body, "{}");
}

static void cbor_replies_carry_their_protocol(void **state) {
    SwWireMessage m = reply(*state, &cloudwatch_api, SW_RPC_V2_CBOR, "ListMetrics", "{\"NextToken\":\"t\"}");
    assert_str(sw_header_find(&m.headers, "smithy-protocol"), "rpc-v2-cbor");
    assert_str(sw_header_find(&m.headers, "Content-Type"), "application/cbor");
    assert_memory_equal(m.body.p, "\xa1\x69NextToken\x61t", m.body.n);
    assert_int_equal(m.body.n, 13);
    assert_memory_equal(reply(*state, &cloudwatch_api, SW_RPC_V2_CBOR, "PutMetricData", NULL).body.p, "\xa0", 1);
}

static SwWireMessage failed(SwArena *a, const SwApi *api, uint32_t protocol, const SwErrorKind *kind, const char *path,
                            const char *method) {
    SwError err = sw_error(a);
    SwWireMessage m = {.path = sw_str(path), .method = sw_str(method)};
    sw_fail(&err, kind, "It's %s", "<bad>");
    sw_wire_encode_error(a, api, NULL, protocol, &err, SW_STR("req-1"), &m);
    return m;
}

static void errors_take_each_protocols_form(void **state) {
    SwArena *a = *state;
    SwWireMessage m = failed(a, &ecr_api, SW_JSON_1_1, &SW_VALIDATION_EXCEPTION, NULL, NULL);
    assert_int_equal(m.status, 400);
    assert_str(m.body, "{\"__type\":\"ValidationException\",\"message\":\"It's <bad>\"}");
    assert_false(sw_header_find(&m.headers, "x-amzn-query-error").p);
    m = failed(a, &xray_api, SW_REST_JSON, &SW_THROTTLING, NULL, NULL);
    assert_str(sw_header_find(&m.headers, "x-amzn-errortype"), "ThrottlingException");
    assert_str(sw_header_find(&m.headers, "content-type"), "application/json");
    assert_str(failed(a, &sns_api, SW_QUERY, &SW_INVALID_ACTION, NULL, NULL).body,
               XML "<ErrorResponse "
                   "xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>Sender</Type><Code>InvalidAction</"
                   "Code><Message>It's &lt;bad&gt;</Message></Error>"
                   "<RequestId>req-1</RequestId></ErrorResponse>");
    assert_str(failed(a, &ec2_api, SW_EC2_QUERY, &SW_INTERNAL_FAILURE, NULL, NULL).body,
               XML "<Response><Errors><Error><Code>InternalFailure</Code><Message>It's "
                   "&lt;bad&gt;</Message></Error></Errors><RequestID>req-1</RequestID></Response>");
    assert_str(failed(a, &s3_api, SW_REST_XML, &SW_ACCESS_DENIED, "/b/k", "GET").body,
               XML "<Error><Code>AccessDenied</Code><Message>It's "
                   "&lt;bad&gt;</Message><Resource>/b/k</Resource><RequestId>req-1</RequestId><HostId>req-1</HostId></Error>");
    m = failed(a, &s3_api, SW_REST_XML, &SW_ACCESS_DENIED, "/b/k", "HEAD");
    assert_int_equal(m.body.n, 0);
    assert_int_equal(m.status, 403);
    m = failed(a, &cloudwatch_api, SW_RPC_V2_CBOR, &SW_INTERNAL_FAILURE, NULL, NULL);
    assert_str(sw_header_find(&m.headers, "smithy-protocol"), "rpc-v2-cbor");
    assert_str(sw_header_find(&m.headers, "x-amzn-query-error"), "InternalFailure;Receiver");
    assert_memory_equal(m.body.p,
                        "\xa2\x66__type\x78\x28"
                        "com.amazonaws.cloudwatch#InternalFailure\x67message\x6aIt's <bad>",
                        m.body.n);
    assert_str(failed(a, NULL, 0, &SW_INTERNAL_FAILURE, NULL, NULL).body,
               "{\"__type\":\"InternalFailure\",\"message\":\"It's <bad>\"}");
}

static void query_compatible_errors_carry_both_codes(void **state) {
    static const SwErrorKind kind = {.code = "QueueDoesNotExist",
                                     .http = 400,
                                     .query_code = "AWS.SimpleQueueService.NonExistentQueue"};
    SwWireMessage m = failed(*state, &sqs_api, SW_JSON_1_0, &kind, NULL, NULL);
    assert_has(m.body, "\"__type\":\"com.amazonaws.sqs#QueueDoesNotExist\"");
    assert_str(sw_header_find(&m.headers, "x-amzn-query-error"), "AWS.SimpleQueueService.NonExistentQueue;Sender");
    assert_has(failed(*state, &sqs_api, SW_QUERY, &kind, NULL, NULL).body,
               "<Code>AWS.SimpleQueueService.NonExistentQueue</Code><Message>It's &lt;bad&gt;</Message><Detail/></Error>");
}

static void a_client_reads_errors_that_no_model_has(void **state) {
    static const struct {
        const SwApi *api;
        uint32_t protocol;
        uint16_t status;
        const char *body, *code, *message;
    } cases[] = {
        {&ecr_api, SW_JSON_1_1, 400, "{\"__type\":\"com.amazonaws#NewException\",\"Message\":\"m\"}", "NewException", "m"},
        {&ecr_api, SW_JSON_1_1, 502, "<html>", "502", ""},
        {&sns_api, SW_QUERY, 403, "<ErrorResponse><Error><Code>New</Code><Message>m</Message></Error></ErrorResponse>", "New",
         "m"},
        {&ec2_api, SW_EC2_QUERY, 400,
         "<Response><Errors><Error><Code>New</Code><Message>m</Message></Error></Errors></Response>", "New", "m"},
        {&s3_api, SW_REST_XML, 404, "", "404", ""},
        {&cloudwatch_api, SW_RPC_V2_CBOR, 500, "\xa1\x66__type\x63New", "New", ""},
        {&cloudwatch_api, SW_RPC_V2_CBOR, 500, "\xff\xff", "500", ""},
    };
    for (size_t i = 0; i < SW_N(cases); i++) {
        SwError err = sw_error(*state);
        SwWireMessage m = {.status = cases[i].status, .body = sw_str(cases[i].body)};
        void *out;
        assert_int_equal(sw_wire_decode_response(*state, cases[i].api, &cases[i].api->op[0], cases[i].protocol, &m, &out, &err),
                         -1);
        assert_string_equal(err.kind->code, cases[i].code);
        assert_string_equal(err.message, cases[i].message);
        assert_int_equal(err.kind->http, cases[i].status);
    }
}

static SwWireMessage request(SwArena *a, const SwApi *api, uint32_t protocol, const char *operation, const char *json) {
    SwError err = sw_error(a);
    SwWireMessage m;
    void *in;
    const SwOperation *op = sw_api_operation(api, sw_str(operation));
    assert_non_null(op);
    assert_int_equal(sw_shape_from_json(a, op->input, sw_str(json), &in, &err), 0);
    assert_int_equal(sw_wire_encode_request(a, api, op, protocol, in, &m, &err), 0);
    return m;
}

static void a_client_writes_what_sdks_write(void **state) {
    SwArena *a = *state;
    SwWireMessage m = request(a, &ecr_api, SW_JSON_1_1, "DescribeRegistry", "{}");
    assert_str(sw_header_find(&m.headers, "X-Amz-Target"), "AmazonEC2ContainerRegistry_V20150921.DescribeRegistry");
    assert_str(m.body, "{}");
    assert_str(request(a, &sns_api, SW_QUERY, "CreateTopic", "{\"Name\":\"a b\",\"Tags\":[]}").body,
               "Action=CreateTopic&Version=2010-03-31&Name=a%20b&Tags=");
    assert_str(request(a, &sns_api, SW_QUERY, "CreateTopic",
                       "{\"Name\":\"a\",\"Tags\":[{\"Key\":\"k\",\"Value\":\"v\"}],\"Attributes\":{\"x\":\"y\"}}")
                   .body,
               "Action=CreateTopic&Version=2010-03-31&Name=a&Attributes.entry.1.key=x&Attributes.entry.1.value=y&Tags.member.1."
               "Key=k&Tags.member.1.Value=v");
    assert_str(
        request(a, &ec2_api, SW_EC2_QUERY, "DescribeSubnets", "{\"Filters\":[{\"Name\":\"n\",\"Values\":[\"a\",\"b\"]}]}").body,
        "Action=DescribeSubnets&Version=2016-11-15&Filter.1.Name=n&Filter.1.Value.1=a&Filter.1.Value.2=b");
    m = request(a, &s3_api, SW_REST_XML, "ListObjectsV2", "{\"Bucket\":\"b\",\"Prefix\":\"a/ b\",\"MaxKeys\":5}");
    assert_str(m.path, "/b");
    assert_str(m.query, "list-type=2&max-keys=5&prefix=a%2F%20b");
    m = request(a, &s3_api, SW_REST_XML, "PutObject",
                "{\"Bucket\":\"b\",\"Key\":\"a/b c\",\"Metadata\":{\"k\":\"v\"},\"ContentType\":\"t/p\"}");
    assert_str(m.method, "PUT");
    assert_str(m.path, "/b/a/b%20c");
    assert_str(sw_header_find(&m.headers, "x-amz-meta-k"), "v");
    assert_str(sw_header_find(&m.headers, "content-type"), "t/p");
    m = request(a, &cloudwatch_api, SW_RPC_V2_CBOR, "ListMetrics", "{}");
    assert_str(m.path, "/service/GraniteServiceVersion20100801/operation/ListMetrics");
    assert_str(m.body, "\xa0");
}

static void a_client_fills_idempotency_tokens(void **state) {
    SwWireMessage one = request(*state, &ecs_api, SW_JSON_1_1, "RunTask", "{\"taskDefinition\":\"t\"}");
    SwWireMessage two = request(*state, &ecs_api, SW_JSON_1_1, "RunTask", "{\"taskDefinition\":\"t\"}");
    SwStr key = SW_STR("{\"clientToken\":\""), tail = SW_STR("\",\"taskDefinition\":\"t\"}");
    assert_has(one.body, "\"clientToken\":\"");
    assert_int_equal(one.body.n, key.n + 36 + tail.n);
    assert_false(sw_str_eq(one.body, two.body));
    assert_has(request(*state, &ecs_api, SW_JSON_1_1, "RunTask", "{\"taskDefinition\":\"t\",\"clientToken\":\"mine\"}").body,
               "\"clientToken\":\"mine\"");
}

static void page_tokens_are_bound_to_their_operation(void **state) {
    SwStr token = sw_page_token(*state, "ecr DescribeImages", SW_STR("last\0key")), read;
    assert_true(sw_page_token_read(*state, "ecr DescribeImages", token, &read));
    assert_true(sw_str_eq(read, SW_STR("last\0key")));
    assert_true(sw_str_eq(token, sw_page_token(*state, "ecr DescribeImages", SW_STR("last\0key"))));
    assert_false(sw_page_token_read(*state, "ecr DescribeRepositories", token, &read));
    assert_false(sw_page_token_read(*state, "ecr DescribeImages", SW_STR("garbage"), &read));
    assert_false(sw_page_token_read(*state, "ecr DescribeImages", SW_STR(""), &read));
    assert_false(sw_page_token_read(*state, "ecr DescribeImages", SW_NO_STR, &read));
    for (size_t i = 0; i < token.n; i++) {
        char *changed = (char *)(uintptr_t)sw_str_dup(*state, token).p;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        assert_false(sw_page_token_read(*state, "ecr DescribeImages", sw_str_n(changed, token.n), &read));
    }
    token = sw_page_token(*state, "x", SW_STR(""));
    assert_true(sw_page_token_read(*state, "x", token, &read));
    assert_int_equal(read.n, 0);
}

static void headers_are_found_without_case(void **state) {
    SwHeaderList h = {0};
    sw_header_add(*state, &h, SW_STR("Accept"), SW_STR("a"));
    sw_header_add(*state, &h, SW_STR("accept"), SW_STR("b"));
    sw_header_add(*state, &h, SW_STR("X"), SW_STR(""));
    assert_str(sw_header_find(&h, "ACCEPT"), "a");
    assert_non_null(sw_header_find(&h, "x").p);
    assert_null(sw_header_find(&h, "y").p);
    sw_header_set(*state, &h, SW_STR("ACCEPT"), SW_STR("c"));
    assert_int_equal(h.n, 2);
    assert_str(sw_header_find(&h, "accept"), "c");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        wire_unit_test(json_replies_show_times_as_seconds),       wire_unit_test(times_of_every_size_are_written_exactly),
        wire_unit_test(numbers_that_json_lacks_are_text),         wire_unit_test(query_replies_are_wrapped),
        wire_unit_test(ec2_replies_have_sets_of_items),           wire_unit_test(s3_replies_bind_headers_and_bodies),
        wire_unit_test(cbor_replies_carry_their_protocol),        wire_unit_test(errors_take_each_protocols_form),
        wire_unit_test(query_compatible_errors_carry_both_codes), wire_unit_test(a_client_reads_errors_that_no_model_has),
        wire_unit_test(a_client_writes_what_sdks_write),          wire_unit_test(a_client_fills_idempotency_tokens),
        wire_unit_test(page_tokens_are_bound_to_their_operation), wire_unit_test(headers_are_found_without_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
