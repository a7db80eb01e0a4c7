/* SPDX-License-Identifier: Apache-2.0 */

/* The registry's paths, and what is checked in them. */

#include <stdlib.h>

#include "services/ecr/manifest.h"

static void check_inside(SwStr part, SwStr whole) {
    if (part.n && (part.p < whole.p || part.p + part.n > whole.p + whole.n))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    SwStr text = sw_str_n((const char *)data, size);
    EcrPath p = ecr_path_parse(text);
    check_inside(p.name, text);
    check_inside(p.reference, text);
    if (p.kind > ECR_PATH_CATALOG && !p.name.n)
        abort();
    if (ecr_is_tag(p.reference) && ecr_is_digest(p.reference))
        abort();
    if (ecr_is_repository_name(p.name) && (memchr(p.name.p, 0, p.name.n) || sw_str_contains(p.name, SW_STR(".."))))
        abort();
    (void)ecr_accepts(&text, 1, SW_STR(ECR_TYPE_OCI));
    return 0;
}
