/* SPDX-License-Identifier: Apache-2.0 */
/* See blob.h. */

#include "services/kms/blob.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/gcm.h"

#define VERSION        1
#define KEY_BYTES      16
#define MATERIAL_BYTES 32
#define HEAD_BYTES     (1 + KEY_BYTES + MATERIAL_BYTES)

static int by_key(const void *x, const void *y) {
    return sw_str_cmp(((const SwStrPair *)x)->key, ((const SwStrPair *)y)->key);
}

/* In one form, whatever the order in which a request has it: lengths and texts, by key. */
static SwStr bound(SwArena *a, SwStr head, const SwStrMap *context) {
    size_t n = context ? context->n : 0;
    SwStrPair *sorted = sw_new_n(a, SwStrPair, n + 1);
    SwStr *part = sw_new_n(a, SwStr, 4 * n + 1), *p = part;
    for (size_t i = 0; i < n; i++)
        sorted[i] = context->v[i];
    qsort(sorted, n, sizeof sorted[0], by_key);
    *p++ = head;
    for (size_t i = 0; i < n; i++) {
        *p++ = sw_strf(a, "%zu:", sorted[i].key.n);
        *p++ = sorted[i].key;
        *p++ = sw_strf(a, "%zu:", sorted[i].value.n);
        *p++ = sorted[i].value;
    }
    return sw_str_join(a, part, 4 * n + 1, SW_NO_STR);
}

/* "1234abcd-12ab-34cd-56ef-1234567890ab", where the dashes are in UUIDs. */
static bool id_bytes(SwArena *a, SwStr id, SwStr *ret) {
    SwStrList parts = sw_str_split(a, id, '-');
    return sw_unhex(a, sw_str_join(a, parts.v, parts.n, SW_NO_STR), ret) && ret->n == KEY_BYTES;
}

static SwStr id_text(SwArena *a, SwStr bytes) {
    SwStr hex = sw_hex(a, bytes.p, bytes.n);
    static const size_t at[] = {0, 8, 12, 16, 20, 32};
    SwStr parts[SW_N(at) - 1];
    for (size_t i = 0; i + 1 < SW_N(at); i++)
        parts[i] = sw_str_n(hex.p + at[i], at[i + 1] - at[i]);
    return sw_str_join(a, parts, SW_N(parts), SW_STR("-"));
}

bool kms_blob_read(SwArena *a, SwStr bytes, KmsBlob *ret) {
    if (bytes.n < HEAD_BYTES + SW_GCM_OVERHEAD || bytes.p[0] != VERSION)
        return false;
    ret->head = sw_str_n(bytes.p, HEAD_BYTES);
    ret->key = id_text(a, sw_str_n(bytes.p + 1, KEY_BYTES));
    ret->material = sw_hex(a, bytes.p + 1 + KEY_BYTES, MATERIAL_BYTES);
    ret->sealed = sw_str_skip(bytes, HEAD_BYTES);
    return true;
}

int kms_blob_seal(SwArena *a, SwStr key, SwStr material, SwStr secret, const SwStrMap *context, SwStr plain, SwStr *ret,
                  SwError *err) {
    SwStr k, m, sealed;
    if (SW_NEVER(!id_bytes(a, key, &k) || !sw_unhex(a, material, &m) || m.n != MATERIAL_BYTES))
        return sw_fail(err, &SW_INTERNAL_FAILURE, "The key's id is damaged");
    SwStr head = sw_cat(a, SW_STR("\x01"), k, m);
    if (sw_gcm_seal(a, secret, bound(a, head, context), plain, &sealed, err) < 0)
        return -1;
    *ret = sw_cat(a, head, sealed);
    return 0;
}

bool kms_blob_open(SwArena *a, const KmsBlob *b, SwStr secret, const SwStrMap *context, SwStr *ret_plain) {
    return sw_gcm_open(a, secret, bound(a, b->head, context), b->sealed, ret_plain);
}
