/* SPDX-License-Identifier: Apache-2.0 */

/* Lines of HAProxy's request log: whatever it is given, a record or a refusal. */

#include <stdlib.h>

#include "proxy/proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwProxyRecord r;

    if (sw_proxy_record_parse(a, sw_str_n((const char *)data, size), &r) &&
        (r.status < 0 || r.status > 999 || r.total_us < 0 || r.target_us < -1 || r.end[2]))
        abort();
    return 0;
}
