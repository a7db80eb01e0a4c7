/* SPDX-License-Identifier: Apache-2.0 */
/* Delivery policies, one row a policy: the seconds before each retry. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "services/sns/retry.h"

static const SwErrorKind invalid = {.code = "InvalidParameter", .http = 400};

static const struct {
    const char *policy;
    int waits[12];
} cases[] = {
    {"{}", {20, 20, 20, -1}},
    {"{\"healthyRetryPolicy\":{\"numRetries\":0}}", {-1}},
    {"{\"healthyRetryPolicy\":{\"numRetries\":5,\"numNoDelayRetries\":2,\"numMinDelayRetries\":1,\"numMaxDelayRetries\":2,"
     "\"minDelayTarget\":3,\"maxDelayTarget\":9}}",
     {0, 0, 3, 9, 9, -1}},
    {"{\"healthyRetryPolicy\":{\"numRetries\":3,\"minDelayTarget\":10,\"maxDelayTarget\":30}}", {10, 20, 30, -1}},
    {"{\"healthyRetryPolicy\":{\"numRetries\":3,\"minDelayTarget\":10,\"maxDelayTarget\":50,\"backoffFunction\":\"arithmetic\"}"
     "}",
     {10, 25, 50, -1}},
    {"{\"healthyRetryPolicy\":{\"numRetries\":3,\"minDelayTarget\":10,\"maxDelayTarget\":50,\"backoffFunction\":\"geometric\"}"
     "}",
     {10, 20, 50, -1}},
    {"{\"healthyRetryPolicy\":{\"numRetries\":3,\"minDelayTarget\":10,\"maxDelayTarget\":40,\"backoffFunction\":"
     "\"exponential\"}}",
     {10, 20, 40, -1}},
};

static void retries_come_when_the_policy_says(void **state) {
    (void)state;
    for (size_t i = 0; i < SW_N(cases); i++) {
        _sw_arena_ SwArena *a = sw_arena_new(0);
        SwError err = sw_error(a);
        SnsRetry r = sns_retry_default();
        if (sns_retry_read(a, sw_str(cases[i].policy), false, &r, &invalid, &err) < 0)
            fail_msg("%s: %s", cases[i].policy, err.message);
        for (int k = 0;; k++) {
            SwTime wait = 0;
            bool more = sns_retry_wait(&r, k + 1, &wait);
            if (more != (cases[i].waits[k] >= 0) || (more && wait != cases[i].waits[k] * SW_S))
                fail_msg("%s: retry %d after %lld ns", cases[i].policy, k + 1, (long long)wait);
            if (!more)
                break;
        }
    }
}

static void a_policy_that_cannot_be_kept_is_refused_by_name(void **state) {
    static const struct {
        const char *policy, *named;
    } bad[] = {
        {"{\"healthyRetryPolicy\":{\"numRetries\":101}}", "numRetries"},
        {"{\"healthyRetryPolicy\":{\"minDelayTarget\":0}}", "minDelayTarget"},
        {"{\"healthyRetryPolicy\":{\"minDelayTarget\":21}}", "minDelayTarget"},
        {"{\"healthyRetryPolicy\":{\"numRetries\":1,\"numMaxDelayRetries\":2}}", "numRetries"},
        {"{\"healthyRetryPolicy\":{\"backoffFunction\":\"x\"}}", "backoffFunction"},
        {"{\"healthyRetryPolicy\":{\"odd\":1}}", "odd"},
        {"{\"healthyRetryPolicy\":7}", "healthyRetryPolicy"},
        {"{\"throttlePolicy\":{\"maxReceivesPerSecond\":1}}", "throttlePolicy"},
        {"{\"sicklyRetryPolicy\":{}}", "sicklyRetryPolicy"},
        {"{\"requestPolicy\":{\"odd\":1}}", "odd"},
        {"{\"http\":{}}", "http"},
        {"[", "JSON"},
    };
    (void)state;
    for (size_t i = 0; i < SW_N(bad); i++) {
        _sw_arena_ SwArena *a = sw_arena_new(0);
        SwError err = sw_error(a);
        SnsRetry r = sns_retry_default();
        if (sns_retry_read(a, sw_str(bad[i].policy), false, &r, &invalid, &err) == 0 || !strstr(err.message, bad[i].named))
            fail_msg("%s: %s", bad[i].policy, err.message ? err.message : "accepted");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retries_come_when_the_policy_says),
        cmocka_unit_test(a_policy_that_cannot_be_kept_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
