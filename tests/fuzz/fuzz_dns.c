/* SPDX-License-Identifier: Apache-2.0 */

/* Name queries. A question that is accepted lies within its message, its name is a C string of
 * the allowed length, and the answer made from it begins with the same question, fits, and is
 * no query. */

#include <stdlib.h>
#include <string.h>

#include "container/room.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool x) {
    if (!x)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    SwDnsQuestion q, again;
    uint8_t out[1024];
    const uint32_t ip[2] = {0x0a000001, 0x0a000002};

    if (!sw_dns_parse(data, size, &q))
        return 0;
    must(q.end <= size && q.end >= 17 && strlen(q.name) < SW_DNS_NAME_MAX);
    size_t n = sw_dns_answer(data, &q, ip, 2, 0, 5, out, 512);
    must(n >= q.end && n <= 512 && memcmp(out + 12, data + 12, q.end - 12) == 0);
    must(memcmp(out, data, 2) == 0 && (out[2] & 0x80));
    must(!sw_dns_parse(out, n, &again));
    return 0;
}
