/* SPDX-License-Identifier: Apache-2.0 */

/* XML bodies: S3's requests and replies, Query replies, errors. The first byte chooses, the rest is the body. */

#include "wire_fuzz.h"

#include "models/elbv2.gen.h"
#include "models/s3.gen.h"
#include "models/sns.gen.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const names[] = {"CompleteMultipartUpload", "PutBucketAcl",     "PutBucketLifecycleConfiguration",
                                        "DeleteObjects",           "PutBucketTagging", "PutBucketWebsite"};
    if (size < 1)
        return 0;
    SwWireMessage m = {.status = 200, .path = SW_STR("/b/k"), .body = sw_str_n((const char *)data + 1, size - 1)};
    const SwOperation *op = fuzz_operation(&s3_api, names, SW_N(names), data[0]);
    if (strstr(op->uri, "{Key+}") == NULL)
        m.path = SW_STR("/b");
    if (data[0] & 0x80)
        m.status = 400;
    if ((data[0] & 0x70) == 0x10)
        fuzz_reply(&s3_api, "ListObjectsV2", SW_REST_XML, &m);
    else if ((data[0] & 0x70) == 0x20)
        fuzz_reply(&elbv2_api, "DescribeLoadBalancers", SW_QUERY, &m);
    else if ((data[0] & 0x70) == 0x30)
        fuzz_reply(&sns_api, "GetTopicAttributes", SW_QUERY, &m);
    else
        fuzz_request(&s3_api, op, SW_REST_XML, &m);
    return 0;
}
