/* SPDX-License-Identifier: Apache-2.0 */

/* Filter patterns. What is refused has a reason; what is accepted judges lines of every kind, the same way twice. */

#include <stdlib.h>

#include "services/logs/pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const lines[] = {"", "plain ERROR line", "{\"a\":{\"b\":[\"xy\",2]},\"n\":4,\"ok\":true}",
                                        "127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] \"GET /index.html HTTP/1.0\" 404 1534"};
    if (size > 1024) /* the API's limit */
        return 0;
    SwArena *a = sw_arena_new(0);
    const char *why = NULL;
    SwStr text = sw_str_n((const char *)data, size);
    const LogsPattern *p = logs_pattern_parse(a, text.p ? text : SW_STR(""), &why);
    if (!p && !why)
        abort();
    for (size_t i = 0; p && i < SW_N(lines); i++)
        if (logs_pattern_matches(p, a, sw_str(lines[i])) != logs_pattern_matches(p, a, sw_str(lines[i])))
            abort();
    sw_arena_free(a);
    return 0;
}
