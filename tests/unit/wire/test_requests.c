/* SPDX-License-Identifier: Apache-2.0 */

/* Requests as clients send them, byte for byte: recorded ones of AWS CLI and SDKs, and the edges of each protocol. */

#include "../cpu.h"
#include "wire_test.h"

#include "base/digest.h"
#include "models/cloudwatch.gen.h"
#include "models/ec2.gen.h"
#include "models/ecr.gen.h"
#include "models/ecs.gen.h"
#include "models/elbv2.gen.h"
#include "models/logs.gen.h"
#include "models/s3.gen.h"
#include "models/sns.gen.h"
#include "models/sqs.gen.h"
#include "models/xray.gen.h"

#define JSON11 "application/x-amz-json-1.1"
#define FORM   "application/x-www-form-urlencoded; charset=utf-8"

typedef struct Table {
    Sent sent;
    const char *want;
} Table;

static void check_table(SwArena *a, const SwApi *api, const Table *t, size_t n) {
    for (size_t i = 0; i < n; i++)
        assert_str(decoded(a, api, &t[i].sent), t[i].want);
}

static SwStr ecr(SwArena *a, const char *operation, const char *body) {
    const char *target = sw_strf(a, "AmazonEC2ContainerRegistry_V20150921.%s", operation).p;
    return decoded(a, &ecr_api, &(Sent){"POST", "/", NULL, JSON11, target, body});
}

static void json_takes_what_clients_send(void **state) {
    static const struct {
        const char *body, *want;
    } cases[] = {
        {"{\"repositoryName\":\"a\"}", "{\"repositoryName\":\"a\"}"},
        {"", "{}"},
        {" \n", "{}"},
        {"null", "{}"},
        {"{\"repositoryName\":null,\"unknown\":[{\"x\":[1,2]}],\"maxResults\":5.0}", "{\"maxResults\":5}"},
        {"{\"maxResults\":1e2}", "{\"maxResults\":100}"},
        {"{\"maxResults\":5,\"maxResults\":6}", "{\"maxResults\":6}"},
        {"{\"imageIds\":[]}", "{\"imageIds\":[]}"},
        {"{\"imageIds\":[{\"imageTag\":\"\\u00fc\\n\"},{}]}", "{\"imageIds\":[{\"imageTag\":\"\xc3\xbc\\n\"},{}]}"},
    };
    for (size_t i = 0; i < SW_N(cases); i++)
        assert_str(ecr(*state, "DescribeImages", cases[i].body), sw_strf(*state, "DescribeImages %s", cases[i].want).p);
}

static void json_refuses_what_would_change_its_meaning(void **state) {
    static const struct {
        const char *body, *want;
    } cases[] = {
        {"{\"repositoryName\":1}",
         "!SerializationException: NUMBER_VALUE can not be converted to a String at 'repositoryName'"},
        {"{\"repositoryName\":[]}", "!SerializationException: Start of list found where not expected at 'repositoryName'"},
        {"{\"repositoryName\":{}}",
         "!SerializationException: Start of structure or map found where not expected at 'repositoryName'"},
        {"{\"maxResults\":\"5\"}", "!SerializationException: STRING_VALUE can not be converted to an Integer at 'maxResults'"},
        {"{\"maxResults\":1.5}", "!SerializationException: NUMBER_VALUE can not be converted to an Integer at 'maxResults'"},
        {"{\"maxResults\":2147483648}", "!SerializationException: Number 2147483648 at 'maxResults' is out of range"},
        {"{\"maxResults\":1e400}", "!SerializationException: NUMBER_VALUE can not be converted to an Integer at 'maxResults'"},
        {"{\"imageIds\":{}}", "!SerializationException: Start of structure or map found where not expected at 'imageIds'"},
        {"[]", "!SerializationException: START_ARRAY can not be converted to a Structure"},
        {"\"x\"", "!SerializationException: STRING_VALUE can not be converted to a Structure"},
    };
    for (size_t i = 0; i < SW_N(cases); i++)
        assert_str(ecr(*state, "DescribeImages", cases[i].body), cases[i].want);
    assert_has(ecr(*state, "DescribeImages", "{\"a\":"), "!SerializationException: ");
    assert_has(ecr(*state, "DescribeImages", "{'a':1}"), "!SerializationException: ");
}

static void json_reads_times_blobs_and_big_numbers(void **state) {
    static const Table cases[] = {
        {{.target = "Logs_20140328.GetLogEvents",
          .body = "{\"logGroupName\":\"g\",\"startTime\":9007199254740993,\"startFromHead\":true}"},
         "GetLogEvents {\"logGroupName\":\"g\",\"startTime\":9007199254740993,\"startFromHead\":true}"},
    };
    Table t = cases[0];
    t.sent.method = "POST";
    t.sent.type = JSON11;
    check_table(*state, &logs_api, &t, 1);
    static const char *const times[] = {"1700000000.123", "\"2023-11-14T22:13:20.123Z\"", "\"2023-11-14T23:13:20.123+01:00\"",
                                        "1.700000000123e9"};
    for (size_t i = 0; i < SW_N(times); i++) {
        const char *body = sw_strf(*state, "{\"MetricName\":\"m\",\"StartTime\":%s}", times[i]).p;
        assert_str(decoded(*state, &cloudwatch_api,
                           &(Sent){"POST", "/", NULL, "application/x-amz-json-1.0",
                                   "GraniteServiceVersion20100801.GetMetricStatistics", body}),
                   "GetMetricStatistics {\"MetricName\":\"m\",\"StartTime\":1700000000.123}");
    }
    assert_str(ecr(*state, "UploadLayerPart", "{\"layerPartBlob\":\"AAEC/w==\",\"partFirstByte\":0}"),
               "UploadLayerPart {\"partFirstByte\":0,\"layerPartBlob\":\"AAEC/w==\"}");
    assert_str(ecr(*state, "UploadLayerPart", "{\"layerPartBlob\":\"AAE\"}"),
               "!SerializationException: Value at 'layerPartBlob' is not valid base64");
}

static void json_depth_is_bounded(void **state) {
    SwBuf b = sw_buf(*state, SW_MIB);
    for (int i = 0; i < 100000; i++)
        sw_buf_addz(&b, "{\"a\":");
    assert_has(ecr(*state, "DescribeImages", b.p), "!SerializationException: ");
}

static void targets_are_matched_by_their_last_part(void **state) {
    assert_str(decoded(*state, &ecr_api,
                       &(Sent){"POST", "/", NULL, JSON11, "com.amazonaws.ecr.v1.Anything.DescribeRegistry", "{}"}),
               "DescribeRegistry {}");
    assert_has(ecr(*state, "Nothing", "{}"), "!UnknownOperationException: ");
    assert_has(decoded(*state, &ecr_api, &(Sent){"POST", "/", NULL, JSON11, NULL, "{}"}), "!UnknownOperationException: ");
}

static SwStr form(SwArena *a, const SwApi *api, const char *body) {
    return decoded(a, api, &(Sent){"POST", "/", NULL, FORM, NULL, body});
}

static void query_reads_lists_maps_and_their_variants(void **state) {
    static const Table cases[] = {
        {{.body = "Action=CreateTopic&Version=2010-03-31&Name=a%20b%2Bc+d&Tags="},
         "CreateTopic {\"Name\":\"a b+c d\",\"Tags\":[]}"},
        {{.body =
              "Action=CreateTopic&Name=n&Tags.member.2.Key=b&Tags.member.1.Key=a&Tags.member.1.Value=&Tags.member.10.Key=c"},
         "CreateTopic {\"Name\":\"n\",\"Tags\":[{\"Key\":\"a\",\"Value\":\"\"},{\"Key\":\"b\"},{\"Key\":\"c\"}]}"},
        {{.body = "Action=CreateTopic&Attributes.entry.1.key=DisplayName&Attributes.entry.1.value=x%3D1&Attributes.entry.2.key="
                  "F&Attributes.entry.2.value=&Unknown.a.b=1"},
         "CreateTopic {\"Attributes\":{\"DisplayName\":\"x=1\",\"F\":\"\"}}"},
        {{.body = "Action=Publish&Message=m&MessageAttributes.entry.1.Name=k&MessageAttributes.entry.1.Value.DataType=Binary&"
                  "MessageAttributes.entry.1.Value.BinaryValue=AAE%3D"},
         "Publish {\"Message\":\"m\",\"MessageAttributes\":{\"k\":{\"DataType\":\"Binary\",\"BinaryValue\":\"AAE=\"}}}"},
        {{.body = "Action=CreateTopic&Attributes.entry.1.value=x"},
         "!ValidationError: An entry of 'Attributes' lacks its key or value"},
        {{.body = "Action=CreateTopic&Name=%zz"}, "!MalformedQueryString: The request's parameters are not well encoded"},
        {{.body = "Action=CreateTopic&Name=%ff"}, "!MalformedQueryString: The request's parameters are not well encoded"},
        {{.body = "Version=2010-03-31"}, "!MissingAction: The request must contain the parameter Action"},
        {{.body = "Action=Nothing"}, "!InvalidAction: Could not find operation Nothing for version 2010-03-31"},
    };
    for (size_t i = 0; i < SW_N(cases); i++)
        assert_str(form(*state, &sns_api, cases[i].sent.body), cases[i].want);
    assert_str(decoded(*state, &sns_api, &(Sent){.method = "GET", .query = "Action=GetTopicAttributes&TopicArn=arn%3Aa"}),
               "GetTopicAttributes {\"TopicArn\":\"arn:a\"}");
    assert_str(
        form(*state, &elbv2_api, "Action=CreateTargetGroup&Name=n&Port=80.0&HealthCheckEnabled=TRUE&Matcher.HttpCode=200-299"),
        "CreateTargetGroup {\"Name\":\"n\",\"Port\":80,\"HealthCheckEnabled\":true,\"Matcher\":{\"HttpCode\":\"200-299\"}}");
    assert_str(form(*state, &elbv2_api, "Action=CreateTargetGroup&Port=x"),
               "!ValidationError: Value 'x' at 'Port' is not a valid integer");
    assert_str(
        form(*state, &cloudwatch_api,
             "Action=PutMetricData&Namespace=N&MetricData.member.1.MetricName=m&MetricData.member.1.Timestamp=2023-11-14T22%"
             "3A13%3A20Z"
             "&MetricData.member.1.Value=1.5e3&MetricData.member.1.Values.member.1=2"),
        "PutMetricData "
        "{\"Namespace\":\"N\",\"MetricData\":[{\"MetricName\":\"m\",\"Timestamp\":1700000000,\"Value\":1500,\"Values\":[2]}]}");
}

static void flattened_query_lists_come_under_their_elements_name(void **state) {
    assert_str(form(*state, &sqs_api,
                    "Action=SendMessageBatch&QueueUrl=u&SendMessageBatchRequestEntry.1.Id=a&SendMessageBatchRequestEntry.1."
                    "MessageBody=m"),
               "SendMessageBatch {\"QueueUrl\":\"u\",\"Entries\":[{\"Id\":\"a\",\"MessageBody\":\"m\"}]}");
    assert_str(form(*state, &sqs_api, "Action=GetQueueAttributes&QueueUrl=u&AttributeName.1=All&AttributeName.2=QueueArn"),
               "GetQueueAttributes {\"QueueUrl\":\"u\",\"AttributeNames\":[\"All\",\"QueueArn\"]}");
    assert_str(form(*state, &sqs_api, "Action=CreateQueue&QueueName=q&Attribute.1.Name=VisibilityTimeout&Attribute.1.Value=5"),
               "CreateQueue {\"QueueName\":\"q\",\"Attributes\":{\"VisibilityTimeout\":\"5\"}}");
}

static void ec2_query_has_capitals_and_bare_numbers(void **state) {
    assert_str(
        form(*state, &ec2_api,
             "Action=DescribeSubnets&Version=2016-11-15&Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-1&Filter.1.Value.2=vpc-2&"
             "SubnetId.1=subnet-1&DryRun=false"),
        "DescribeSubnets "
        "{\"Filters\":[{\"Name\":\"vpc-id\",\"Values\":[\"vpc-1\",\"vpc-2\"]}],\"SubnetIds\":[\"subnet-1\"],\"DryRun\":false}");
}

/* A name repeated, and a wide list, cost one pass: this takes seconds if it is quadratic. */
static void wide_forms_take_one_pass(void **state) {
    SwArena *a = sw_arena_new(512 * SW_MIB);
    SwBuf b = sw_buf(a, 16 * SW_MIB);
    sw_buf_addz(&b, "Action=CreateTopic");
    for (int i = 0; i < 60000; i++)
        sw_buf_addf(&b, "&Tags.member.%d.Key=k&Name=n", 60000 - i);
    int64_t from = cpu_thread_ns();
    assert_has(form(a, &sns_api, b.p), "CreateTopic {\"Name\":\"n\",\"Tags\":[{\"Key\":\"k\"}");
    assert_true(cpu_thread_ns() - from < 3 * SW_S);
    sw_arena_free(a);
    SwBuf deep = sw_buf(*state, SW_MIB);
    sw_buf_addz(&deep, "Action=CreateTopic&a");
    for (int i = 0; i < 1000; i++)
        sw_buf_addz(&deep, ".a");
    assert_has(form(*state, &sns_api, deep.p), "!MalformedQueryString: ");
}

static void s3_operations_are_told_apart(void **state) {
    static const struct {
        const char *method, *path, *query, *header, *want;
    } cases[] = {
        {"GET", "/", NULL, NULL, "ListBuckets"},
        {"GET", "/", "x-id=ListBuckets", NULL, "ListBuckets"},
        {"PUT", "/b", NULL, NULL, "CreateBucket"},
        {"PUT", "/b/", NULL, NULL, "CreateBucket"},
        {"HEAD", "/b", NULL, NULL, "HeadBucket"},
        {"HEAD", "/b/", NULL, NULL, "HeadBucket"},
        {"GET", "/b", NULL, NULL, "ListObjects"},
        {"GET", "/b/", "prefix=a", NULL, "ListObjects"},
        {"GET", "/b", "list-type=2&prefix=&delimiter=%2F&encoding-type=url", NULL, "ListObjectsV2"},
        {"GET", "/b/", "location=", NULL, "GetBucketLocation"},
        {"GET", "/b", "location", NULL, "GetBucketLocation"},
        {"GET", "/b/", "encryption=", NULL, "GetBucketEncryption"},
        {"PUT", "/b", "website", NULL, "PutBucketWebsite"},
        {"POST", "/b", "delete", NULL, "DeleteObjects"},
        {"POST", "/b/", "delete=", NULL, "DeleteObjects"},
        {"GET", "/b", "uploads", NULL, "ListMultipartUploads"},
        {"GET", "/b", "versions&prefix=x", NULL, "ListObjectVersions"},
        {"GET", "/b", "inventory", NULL, "ListBucketInventoryConfigurations"},
        {"GET", "/b", "inventory&id=1", NULL, "GetBucketInventoryConfiguration"},
        {"GET", "/b", "lifecycle", NULL, "GetBucketLifecycleConfiguration"},
        {"GET", "/b", "notification", NULL, "GetBucketNotificationConfiguration"},
        {"PUT", "/b/k", NULL, NULL, "PutObject"},
        {"PUT", "/b/k", "x-id=PutObject", NULL, "PutObject"},
        {"PUT", "/b/k", NULL, "x-amz-copy-source", "CopyObject"},
        {"PUT", "/b/k", "uploadId=u&partNumber=1", NULL, "UploadPart"},
        {"PUT", "/b/k", "uploadId=u&partNumber=1", "x-amz-copy-source", "UploadPartCopy"},
        {"PUT", "/b/k", "tagging", NULL, "PutObjectTagging"},
        {"PUT", "/b", "tagging", NULL, "PutBucketTagging"},
        {"POST", "/b/k", "uploads", NULL, "CreateMultipartUpload"},
        {"POST", "/b/k", "uploads=", NULL, "CreateMultipartUpload"},
        {"POST", "/b/k", "uploadId=u", NULL, "CompleteMultipartUpload"},
        {"DELETE", "/b/k", "uploadId=u", NULL, "AbortMultipartUpload"},
        {"DELETE", "/b/k", NULL, NULL, "DeleteObject"},
        {"DELETE", "/b", NULL, NULL, "DeleteBucket"},
        {"GET", "/b/k", NULL, NULL, "GetObject"},
        {"GET", "/b/a/b//c/", NULL, NULL, "GetObject"},
        {"GET", "/b/k", "uploadId=u", NULL, "ListParts"},
        {"GET", "/b/k", "attributes", "x-amz-object-attributes", "GetObjectAttributes"},
        {"HEAD", "/b/k", NULL, NULL, "HeadObject"},
        {"POST", "/b/k", "select&select-type=2", NULL, "SelectObjectContent"},
        {"PATCH", "/b/k", NULL, NULL, "!MethodNotAllowed"},
    };
    for (size_t i = 0; i < SW_N(cases); i++) {
        SwError err = sw_error(*state);
        SwWireMessage m = {.method = sw_str(cases[i].method), .path = sw_str(cases[i].path), .query = sw_str(cases[i].query)};
        if (cases[i].header)
            sw_header_add(*state, &m.headers, sw_str(cases[i].header), SW_STR("x"));
        assert_int_equal(sw_wire_protocol(&s3_api, &m), SW_REST_XML);
        const SwOperation *op = sw_wire_operation(*state, &s3_api, SW_REST_XML, &m, &err);
        assert_str(op ? sw_str(op->name) : sw_strf(*state, "!%s", err.kind->code), cases[i].want);
    }
}

static void s3_bindings_reach_their_members(void **state) {
    SwWireMessage m = {.method = SW_STR("PUT"), .path = SW_STR("/b/a%2Fb//c%20d+e/%C3%BC"), .body = SW_STR("data")};
    SwError err = sw_error(*state);
    void *v;
    static const char *const headers[][2] = {
        {"Content-Type", "text/plain"},
        {"X-Amz-Meta-Colour", "blue, red"},
        {"x-amz-meta-e", ""},
        {"If-None-Match", "*"},
        {"x-amz-tagging", "a=1"},
        {"x-amz-object-lock-retain-until-date", "2023-11-14T22:13:20Z"},
        {"x-amz-server-side-encryption-bucket-key-enabled", "true"},
    };
    for (size_t i = 0; i < SW_N(headers); i++)
        sw_header_add(*state, &m.headers, sw_str(headers[i][0]), sw_str(headers[i][1]));
    const SwOperation *op = sw_wire_operation(*state, &s3_api, SW_REST_XML, &m, &err);
    assert_string_equal(op->name, "PutObject");
    assert_int_equal(sw_wire_decode_request(*state, &s3_api, op, SW_REST_XML, &m, &v, &err), 0);
    const S3PutObjectRequest *in = v;
    assert_str(in->bucket, "b");
    assert_str(in->key, "a/b//c d+e/\xc3\xbc");
    assert_str(in->content_type, "text/plain");
    assert_int_equal(in->metadata.n, 2);
    assert_str(in->metadata.v[0].key, "colour");
    assert_str(in->metadata.v[0].value, "blue, red");
    assert_str(in->if_none_match, "*");
    assert_true(in->object_lock_retain_until_date.v == 1700000000 * SW_S);
    assert_true(in->bucket_key_enabled.v);
    assert_str(in->body.data, "data");
}

static SwStr s3(SwArena *a, const char *method, const char *path, const char *query, const char *body) {
    return decoded(a, &s3_api, &(Sent){method, path, query, "application/xml", NULL, body});
}

static void s3_bodies_are_read_as_xml(void **state) {
    assert_str(
        s3(*state, "POST", "/b/k", "uploadId=u",
           "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<CompleteMultipartUpload "
           "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
           "<Part><ETag>&quot;e1&quot;</ETag><ChecksumCRC32>x</ChecksumCRC32><PartNumber>1</PartNumber></Part>\n "
           "<Part><ETag><![CDATA[<e2>]]></ETag><PartNumber> 2 </PartNumber><New>1</New></Part></CompleteMultipartUpload>"),
        "CompleteMultipartUpload "
        "{\"Bucket\":\"b\",\"Key\":\"k\",\"MultipartUpload\":{\"Parts\":[{\"ETag\":\"\\\"e1\\\"\",\"ChecksumCRC32\":\"x\","
        "\"PartNumber\":1},"
        "{\"ETag\":\"<e2>\",\"PartNumber\":2}]},\"UploadId\":\"u\"}");
    assert_str(s3(*state, "PUT", "/b", NULL, ""), "CreateBucket {\"Bucket\":\"b\"}");
    assert_str(s3(*state, "PUT", "/b", NULL,
                  "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>"),
               "CreateBucket {\"Bucket\":\"b\",\"CreateBucketConfiguration\":{\"LocationConstraint\":\"eu-west-1\"}}");
    assert_str(s3(*state, "PUT", "/b", "acl",
                  "<AccessControlPolicy><AccessControlList><Grant><Grantee "
                  "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"CanonicalUser\">"
                  "<ID>i</ID></Grantee><Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>"),
               "PutBucketAcl "
               "{\"AccessControlPolicy\":{\"Grants\":[{\"Grantee\":{\"ID\":\"i\",\"Type\":\"CanonicalUser\"},\"Permission\":"
               "\"READ\"}]},\"Bucket\":\"b\"}");
    assert_str(s3(*state, "PUT", "/b", "tagging", "<Tagging><TagSet></TagSet></Tagging>"),
               "PutBucketTagging {\"Bucket\":\"b\",\"Tagging\":{\"TagSet\":[]}}");
    assert_str(s3(*state, "GET", "/b", "list-type=2&max-keys=x", ""),
               "!InvalidArgument: Value 'x' at 'MaxKeys' is not a valid integer");
    assert_str(s3(*state, "PUT", "/b", "policy", "{\"Version\":1}"),
               "PutBucketPolicy {\"Bucket\":\"b\",\"Policy\":\"{\\\"Version\\\":1}\"}");
}

static void dangerous_or_broken_xml_is_refused(void **state) {
    static const char *const bad[] = {
        "<Tagging>",
        "<Tagging></Tag>",
        "x",
        "<Other/>",
        "<Tagging><TagSet/></Tagging><Tagging/>",
        "<Tagging>\xff</Tagging>",
        "<Tagging>&nbsp;</Tagging>",
        "<!DOCTYPE Tagging [<!ENTITY a \"aaaa\">]><Tagging><TagSet><Tag><Key>&a;</Key></Tag></TagSet></Tagging>",
        "<?xml version=\"1.0\"?><!DOCTYPE Tagging SYSTEM \"http://127.0.0.1:1/x.dtd\"><Tagging/>",
        "<Tagging xmlns:a=\"u\" a:b=\"1\" a:b=\"2\"/>",
        "<Tagging><!-- a",
        "<Tagging><!-- a -- b --></Tagging>",
        "<Tagging><![CDATA[x</Tagging>",
        "<Tagging>a]]>b</Tagging>",
        "<Tagging><?x",
        "<Tagging",
        "<Tagging a='1'b='2'/>",
        "<Tagging a=1/>",
        "<Tagging a/>",
        "<Tagging a='<'/>",
        "<Tagging a='1' a='2'/>",
        "<a:b:c/>",
        "<:a/>",
        "< Tagging/>",
        "<Tagging/>x",
        "x<Tagging/>",
        "<Tagging>&#0;</Tagging>",
        "<Tagging>&#xD800;</Tagging>",
        "<Tagging>&#x110000;</Tagging>",
        "<Tagging>&amp</Tagging>",
        "<Tagging>&#;</Tagging>",
        "<Tagging>&#xg;</Tagging>",
        "<Tagging>\x01</Tagging>",
        "<Tagging>\xef\xbf\xbf</Tagging>",
        "<a:Tagging></b:Tagging>",
        " <?xml version=\"1.0\"?><Tagging/>",
        "<!-- only -->",
        "</Tagging>",
        "<Tagging/ >",
    };
    for (size_t i = 0; i < SW_N(bad); i++)
        assert_has(s3(*state, "PUT", "/b", "tagging", bad[i]), "!MalformedXML: ");
    SwBuf b = sw_buf(*state, SW_MIB);
    for (int i = 0; i < 200; i++)
        sw_buf_addz(&b, "<Tagging>");
    for (int i = 0; i < 200; i++)
        sw_buf_addz(&b, "</Tagging>");
    assert_has(s3(*state, "PUT", "/b", "tagging", b.p), "!MalformedXML: ");
    SwBuf pieces = sw_buf(*state, 4 * SW_MIB);
    sw_buf_addz(&pieces, "<Tagging><TagSet><Tag><Key>");
    for (int i = 0; i < 60000; i++)
        sw_buf_addz(&pieces, "<![CDATA[a]]>b");
    sw_buf_addz(&pieces, "</Key></Tag></TagSet></Tagging>");
    assert_has(s3(*state, "PUT", "/b", "tagging", pieces.p), "{\"TagSet\":[{\"Key\":\"abab");
}

/* XML 1.0's own rules, in the value of a key: entities, references, line ends, white space, CDATA, prefixes. */
static void xml_text_is_read_as_xml_says(void **state) {
    static const struct {
        const char *xml, *key;
    } rows[] = {
        {"<Key>&lt;&gt;&amp;&quot;&apos;</Key>", "<>&\\\"'"},
        {"<Key>&#65;&#x42;&#xe4;&#x20AC;&#x1F600;</Key>", "AB\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"<Key>a\r\nb\rc</Key>", "a\\nb\\nc"},
        {"<Key>&#13;</Key>", "\\r"},
        {"<Key> </Key>", " "},
        {"<Key>a<!-- x -->b<?y z?>c</Key>", "abc"},
        {"<Key><![CDATA[&lt;<]]>]]&gt;</Key>", "&lt;<]]>"},
        {"<x:Key xmlns:x='u'>p</x:Key>", "p"},
        {"<Key\n>a</Key\t>", "a"},
    };
    for (size_t i = 0; i < SW_N(rows); i++) {
        SwStr body = sw_strf(*state,
                             "\xef\xbb\xbf<?xml version='1.0'?><!-- c --><Tagging "
                             "xmlns='u'><TagSet><Tag>%s<Value/></Tag></TagSet></Tagging>\n<!-- d -->",
                             rows[i].xml);
        SwStr want = sw_strf(*state, "{\"TagSet\":[{\"Key\":\"%s\",", rows[i].key);
        assert_has(s3(*state, "PUT", "/b", "tagging", sw_str_z(*state, body)), sw_str_z(*state, want));
    }
}

static void rest_json_binds_paths_and_bodies(void **state) {
    static const Table cases[] = {
        {{"POST", "/TraceSegments", NULL, "application/json", NULL, "{\"TraceSegmentDocuments\":[\"{}\"]}"},
         "PutTraceSegments {\"TraceSegmentDocuments\":[\"{}\"]}"},
        {{"POST", "/TraceSegments/", NULL, NULL, NULL, "{\"TraceSegmentDocuments\":[]}"},
         "PutTraceSegments {\"TraceSegmentDocuments\":[]}"},
        {{"POST", "/GetSamplingRules", NULL, NULL, NULL, ""}, "GetSamplingRules {}"},
        {{"POST", "/TraceSummaries", NULL, NULL, NULL,
          "{\"StartTime\":1700000000.5,\"EndTime\":\"2023-11-14T22:13:20Z\",\"Sampling\":false}"},
         "GetTraceSummaries {\"StartTime\":1700000000.5,\"EndTime\":1700000000,\"Sampling\":false}"},
    };
    check_table(*state, &xray_api, cases, SW_N(cases));
    assert_has(decoded(*state, &xray_api, &(Sent){.method = "GET", .path = "/Nothing"}), "!UnknownOperationException: ");
}

static void a_recorded_cbor_request_is_read(void **state) {
    static const char hex[] = "a2694e616d6573706163656161 6a4d6574726963446174618 "
                              "1a36a4d65747269634e616d65616d6954696d657374616d70c11a6553f1006556616c7565fb3ff8000000000000";
    char packed[sizeof hex];
    size_t n = 0;
    for (size_t i = 0; i < sizeof hex - 1; i++)
        if (hex[i] != ' ')
            packed[n++] = hex[i];
    SwStr body;
    assert_true(sw_unhex(*state, sw_str_n(packed, n), &body));
    SwWireMessage m = {.method = SW_STR("POST"),
                       .path = SW_STR("/service/GraniteServiceVersion20100801/operation/PutMetricData"),
                       .body = body};
    static const char *const headers[][2] = {
        {"smithy-protocol", "rpc-v2-cbor"},
        {"accept", "application/cbor"},
        {"content-type", "application/cbor"},
        {"x-amzn-query-mode", "true"},
    };
    for (size_t i = 0; i < SW_N(headers); i++)
        sw_header_add(*state, &m.headers, sw_str(headers[i][0]), sw_str(headers[i][1]));
    assert_int_equal(sw_wire_protocol(&cloudwatch_api, &m), SW_RPC_V2_CBOR);
    assert_str(
        decoded_message(*state, &cloudwatch_api, &m),
        "PutMetricData {\"Namespace\":\"a\",\"MetricData\":[{\"MetricName\":\"m\",\"Timestamp\":1700000000,\"Value\":1.5}]}");
}

static void the_protocol_is_that_of_the_request(void **state) {
    static const struct {
        const SwApi *api;
        Sent sent;
        uint32_t want;
    } cases[] = {
        {&cloudwatch_api, {.type = "application/x-amz-json-1.0", .target = "G.ListMetrics"}, SW_JSON_1_0},
        {&cloudwatch_api, {.type = FORM}, SW_QUERY},
        {&cloudwatch_api, {.type = "application/x-www-form-urlencoded"}, SW_QUERY},
        {&cloudwatch_api, {.query = "Action=ListMetrics"}, SW_QUERY},
        {&cloudwatch_api, {.path = "/service/G/operation/ListMetrics", .type = "application/cbor"}, SW_RPC_V2_CBOR},
        {&cloudwatch_api, {.type = "text/plain"}, 0},
        {&ecr_api, {.type = "application/x-amz-json-1.0", .target = "x.y"}, SW_JSON_1_1},
        {&ecr_api, {.type = "Application/X-Amz-JSON-1.1; charset=UTF-8", .target = "x.y"}, SW_JSON_1_1},
        {&ecr_api, {.type = FORM}, 0},
        {&ec2_api, {.type = FORM}, SW_EC2_QUERY},
        {&s3_api, {.type = "application/x-www-form-urlencoded"}, SW_REST_XML},
    };
    for (size_t i = 0; i < SW_N(cases); i++) {
        SwWireMessage m = message(*state, &cases[i].sent);
        assert_int_equal(sw_wire_protocol(cases[i].api, &m), cases[i].want);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        wire_unit_test(json_takes_what_clients_send),
        wire_unit_test(json_refuses_what_would_change_its_meaning),
        wire_unit_test(json_reads_times_blobs_and_big_numbers),
        wire_unit_test(json_depth_is_bounded),
        wire_unit_test(targets_are_matched_by_their_last_part),
        wire_unit_test(query_reads_lists_maps_and_their_variants),
        wire_unit_test(flattened_query_lists_come_under_their_elements_name),
        wire_unit_test(ec2_query_has_capitals_and_bare_numbers),
        wire_unit_test(wide_forms_take_one_pass),
        wire_unit_test(s3_operations_are_told_apart),
        wire_unit_test(s3_bindings_reach_their_members),
        wire_unit_test(s3_bodies_are_read_as_xml),
        wire_unit_test(dangerous_or_broken_xml_is_refused),
        wire_unit_test(xml_text_is_read_as_xml_says),
        wire_unit_test(rest_json_binds_paths_and_bodies),
        wire_unit_test(a_recorded_cbor_request_is_read),
        wire_unit_test(the_protocol_is_that_of_the_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
