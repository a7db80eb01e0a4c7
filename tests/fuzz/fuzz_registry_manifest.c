/* SPDX-License-Identifier: Apache-2.0 */

/* Manifests as clients push them. */

#include <stdlib.h>

#include "services/ecr/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    EcrManifest m;

    if (ecr_manifest_parse(a, sw_str_n((const char *)data, size), SW_NO_STR, &m, &err) < 0) {
        if (!err.kind)
            abort();
        return 0;
    }
    for (size_t i = 0; i < m.blobs.n; i++)
        if (!ecr_is_digest(m.blobs.v[i]))
            abort();
    for (size_t i = 0; i < m.children.n; i++)
        if (!ecr_is_digest(m.children.v[i]))
            abort();
    if (m.size < 0 || !m.media_type.n || (m.index && m.blobs.n) || (!m.index && m.children.n))
        abort();
    return 0;
}
