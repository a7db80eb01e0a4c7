/* SPDX-License-Identifier: Apache-2.0 */

/* JSON bodies into deep shapes. The first byte chooses the operation, the rest is the body. */

#include "wire_fuzz.h"

#include "models/codepipeline.gen.h"
#include "models/ecs.gen.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const names[] = {"RegisterTaskDefinition", "CreateService", "DescribeServices", "TagResource"};
    if (size < 1)
        return 0;
    SwWireMessage m = {.body = sw_str_n((const char *)data + 1, size - 1)};
    if (data[0] & 0x40)
        fuzz_request(&codepipeline_api, sw_api_operation(&codepipeline_api, SW_STR("CreatePipeline")), SW_JSON_1_1, &m);
    else
        fuzz_request(&ecs_api, fuzz_operation(&ecs_api, names, SW_N(names), data[0]), SW_JSON_1_1, &m);
    return 0;
}
