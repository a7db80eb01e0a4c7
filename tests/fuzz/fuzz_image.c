/* SPDX-License-Identifier: Apache-2.0 */

/* Image manifests and configurations: the input is a manifest, a NUL, and the bytes of every
 * blob. An image that is accepted has as many layers as diff ids, all well-formed; one that is
 * not says why. */

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "container/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool x) {
    if (!x)
        abort();
}

static bool manifest_of(void *arg, SwArena *a, SwStr digest, SwStr *ret_json) {
    *ret_json = *(const SwStr *)arg;
    return true;
}

/* A file of this process's own. */
static const char *blob_path(void *arg, SwArena *a, SwStr digest) {
    SwError err = sw_error(a);
    const char *path = sw_strf(a, "/tmp/slipway-fuzz-image-%d", (int)getpid()).p;

    return sw_file_write(path, *(const SwStr *)arg, 0600, &err) == 0 ? path : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    SwImage image;
    SwStr blob = sw_str_dup(a, sw_str_n((const char *)data, size)), head;

    if (!sw_str_cut(&blob, '\0', &head)) {
        head = blob;
        blob = SW_STR("{}");
    }
    SwImageSource src = {.manifest = head, .arg = &blob, .blob_path = blob_path, .manifest_of = manifest_of};
    if (sw_image_inspect(a, &src, &image, &err) == 0) {
        must(image.config_digest.n == 71);
        for (size_t i = 0; i < image.diff_ids.n; i++)
            must(image.diff_ids.v[i].n == 71);
    } else {
        must(err.kind != NULL);
    }
    (void)unlink(sw_strf(a, "/tmp/slipway-fuzz-image-%d", (int)getpid()).p);
    sw_arena_free(a);
    return 0;
}
