/* SPDX-License-Identifier: Apache-2.0 */
/* Policy documents from clients: parsed in all three uses and evaluated. A policy that denies everything to everybody
 * stays a denial whatever else is asked. */

#include <stdlib.h>

#include "policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const SwStr value[] = {SW_STR_C("a*b")};
    static const SwPolicyKey keys[] = {{SW_STR_C("aws:username"), value, 1}, {SW_STR_C("aws:SourceIp"), value, 1}};
    for (int use = SW_POLICY_IDENTITY; use <= SW_POLICY_RESOURCE; use++) {
        _sw_arena_ SwArena *a = sw_arena_new(0);
        SwError err = sw_error(a);
        const SwPolicy *p;
        if (sw_policy_parse(a, sw_str_n((const char *)data, size), (SwPolicyUse)use, &p, &err) < 0) {
            if (!err.message || err.kind != &SW_MALFORMED_POLICY)
                abort();
            continue;
        }
        SwPolicyQuery q = {.action = SW_STR("s3:GetObject"),
                           .resource = SW_STR("arn:aws:s3:::b/k"),
                           .principal = SW_STR("arn:aws:iam::111111111111:user/a"),
                           .account = SW_STR("111111111111"),
                           .key = keys,
                           .n_key = SW_N(keys),
                           .arena = a};
        SwPolicyEffect once = sw_policy_evaluate(p, &q, NULL), again = sw_policy_evaluate(p, &q, NULL);
        if (once != again)
            abort();
        SwPolicySet set = {.identity = &p, .n_identity = 1, .boundary = &p, .n_boundary = 1};
        if ((sw_policy_decide(&set, &q) == SW_POLICY_ALLOWED) != (once == SW_POLICY_ALLOW))
            abort();
    }
    return 0;
}
