/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Ciphertext of symmetric keys: opaque to clients. Bytes: a version (1), the key's id (16), the material's id (32), then what
 * base/gcm.h seals. Key, material and encryption context are authenticated with it: it opens with the same ones alone. */

#include "base/error.h"
#include "shape/shape.h"

typedef struct KmsBlob {
    SwStr key, material; /* ids as texts */
    SwStr head, sealed;
} KmsBlob;

/* False: no such bytes. Whether they open is another question. */
bool kms_blob_read(SwArena *a, SwStr bytes, KmsBlob *ret);
/* key, material: ids; secret: the material's bytes. */
int kms_blob_seal(SwArena *a, SwStr key, SwStr material, SwStr secret, const SwStrMap *context, SwStr plain, SwStr *ret,
                  SwError *err) sw_must_check;
bool kms_blob_open(SwArena *a, const KmsBlob *b, SwStr secret, const SwStrMap *context, SwStr *ret_plain);
