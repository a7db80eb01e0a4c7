/* SPDX-License-Identifier: Apache-2.0 */

/* CBOR bodies, requests and replies. The first byte chooses, the rest is the body. */

#include "wire_fuzz.h"

#include "models/cloudwatch.gen.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const names[] = {"PutMetricData", "PutMetricAlarm", "GetMetricData", "TagResource"};
    if (size < 1)
        return 0;
    SwWireMessage m = {.status = data[0] & 0x80 ? 400 : 200, .body = sw_str_n((const char *)data + 1, size - 1)};
    if (data[0] & 0x40)
        fuzz_reply(&cloudwatch_api, "GetMetricData", SW_RPC_V2_CBOR, &m);
    else
        fuzz_request(&cloudwatch_api, fuzz_operation(&cloudwatch_api, names, SW_N(names), data[0]), SW_RPC_V2_CBOR, &m);
    return 0;
}
