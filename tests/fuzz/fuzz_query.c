/* SPDX-License-Identifier: Apache-2.0 */

/* Query and EC2 Query forms. The first byte chooses API and operation, the rest is the form. */

#include "wire_fuzz.h"

#include "models/cloudwatch.gen.h"
#include "models/ec2.gen.h"
#include "models/sns.gen.h"
#include "models/sqs.gen.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct {
        const SwApi *api;
        const char *name;
        uint32_t protocol;
    } ops[] = {
        {&sns_api, "Publish", SW_QUERY},
        {&sns_api, "CreateTopic", SW_QUERY},
        {&cloudwatch_api, "PutMetricData", SW_QUERY},
        {&cloudwatch_api, "PutMetricAlarm", SW_QUERY},
        {&sqs_api, "SendMessageBatch", SW_QUERY},
        {&sqs_api, "CreateQueue", SW_QUERY},
        {&ec2_api, "DescribeSubnets", SW_EC2_QUERY},
        {&ec2_api, "DescribeInstances", SW_EC2_QUERY},
    };
    if (size < 1)
        return 0;
    size_t i = data[0] % SW_N(ops);
    SwWireMessage m = {.body = sw_str_n((const char *)data + 1, size - 1)};
    fuzz_request(ops[i].api, sw_api_operation(ops[i].api, sw_str(ops[i].name)), ops[i].protocol, &m);
    return 0;
}
