/* SPDX-License-Identifier: Apache-2.0 */
/* Import tokens: all that an import needs to know of the parameters it was given lies in the token itself, sealed, so that
 * nothing is stored until material comes. Plain: lines of the key's id, the algorithm, the end in nanoseconds; then the private
 * key. */

#include "api/seal.h"
#include "services/kms/kms.h"

#include "base/digest.h"

#define CONTEXT SW_STR("kms:import")

static SwStr text_of(SwArena *a, const KmsToken *t) {
    SwStr end = sw_strf(a, "\n%lld\n", (long long)t->valid_to);
    return sw_cat(a, t->key, SW_STR("\n"), t->algorithm, end, t->private_key);
}

static bool read_text(SwStr plain, KmsToken *ret) {
    SwStr end;
    int64_t v;
    *ret = (KmsToken){0};
    if (!sw_str_cut(&plain, '\n', &ret->key) || !sw_str_cut(&plain, '\n', &ret->algorithm) || !sw_str_cut(&plain, '\n', &end) ||
        !sw_str_to_i64(end, &v))
        return false;
    ret->valid_to = v;
    ret->private_key = plain;
    return true;
}

int kms_token_seal(SwCtx *cx, const KmsToken *t, SwStr *ret, SwError *err) {
    SwStr plain = text_of(cx->arena, t), text;
    int r = sw_seal(cx, CONTEXT, plain, &text, err);
    kms_cleanse(plain);
    if (r < 0)
        return -1;
    return sw_unbase64(cx->arena, text, ret) ? 0 : sw_fail(err, &SW_INTERNAL_FAILURE, "The token could not be made");
}

bool kms_token_open(SwCtx *cx, SwStr token, KmsToken *ret) {
    SwError none = sw_error(cx->arena);
    SwStr plain;
    return sw_unseal(cx, CONTEXT, sw_base64(cx->arena, token), &plain, &none) == 0 && read_text(plain, ret);
}
