/* SPDX-License-Identifier: Apache-2.0 */

/* A policy of a form, raw (it is put into base64 here), against a form of a few fields. What is let through has a range
 * that makes sense, and covers every field: with one more that no policy names, it is not. */

#include "wire_fuzz.h"

#include "base/digest.h"
#include "services/s3/post.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a), second = sw_error(a);
    SwStr policy = sw_base64(a, sw_str_n((const char *)data, size));
    S3PostRange range;
    SwHeaderList fields = {0};
    sw_header_add(a, &fields, SW_STR("key"), SW_STR("user/a.txt"));
    sw_header_add(a, &fields, SW_STR("Content-Type"), SW_STR("image/png, image/gif"));
    sw_header_add(a, &fields, SW_STR("policy"), policy);
    if (s3_post_policy_check(policy, &fields, SW_STR("bucket"), 0, &range, &err) == 0) {
        if (range.min < 0 || range.max < 0)
            abort();
        sw_header_add(a, &fields, SW_STR("\x01 nobody names this"), SW_STR(""));
        if (!sw_str_contains(sw_str_n((const char *)data, size), SW_STR("nobody names this")) &&
            s3_post_policy_check(policy, &fields, SW_STR("bucket"), 0, &range, &second) == 0)
            abort();
    } else if (!err.kind) {
        abort();
    }
    sw_arena_free(a);
    return 0;
}
