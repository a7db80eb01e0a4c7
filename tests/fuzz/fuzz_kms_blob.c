/* SPDX-License-Identifier: Apache-2.0 */

/* Ciphertext as clients bring it: what can be read says ids of their form, and nothing opens that was not sealed. */

#include <stdlib.h>

#include "services/kms/blob.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwStr plain, secret = SW_STR("this secret never sealed a thing"), head, material;
    SwError err = sw_error(a);
    KmsBlob b;
    if (!kms_blob_read(a, sw_str_n((const char *)data, size), &b))
        return 0;
    if (b.key.n != 36 || b.material.n != 64 || b.head.n + b.sealed.n != size)
        abort();
    if (kms_blob_open(a, &b, secret, NULL, &plain))
        abort();
    /* What it names, written again, begins as it does. */
    material = b.material;
    if (kms_blob_seal(a, b.key, material, secret, NULL, SW_STR("x"), &head, &err) < 0 || !sw_str_starts(head, b.head))
        abort();
    return 0;
}
