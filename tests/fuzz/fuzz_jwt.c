/* SPDX-License-Identifier: Apache-2.0 */
/* Web identity tokens and providers' key sets: the first line is a token, the rest a set. Views lie inside their texts, a key
 * that fits is of the token's kind, and a token whose signature is another's is not believed. */

#include <stdlib.h>

#include "services/iam/jwt.h"

static void must(bool good) {
    if (!good)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwStr set = sw_str_n((const char *)data, size), token = set;
    IamJwt t;
    IamJwks keys;
    (void)sw_str_cut(&set, '\n', &token);
    bool read = iam_jwt_read(a, token, &t), known = iam_jwks_read(a, set, &keys);
    if (read) {
        must(t.signed_part.p == token.p && t.signed_part.n < token.n && token.n <= IAM_JWT_MAX);
        must(t.claims.kind == SW_VOBJECT && t.algorithm < _IAM_JWT_ALGORITHM_MAX);
    }
    must(!known || (keys.n <= IAM_JWK_MOST && set.n <= IAM_JWKS_MAX));
    if (!read || !known)
        return 0;
    keys.n = SW_MIN(keys.n, 2u); /* each costs a verification, which is not what is looked at here */
    bool good = iam_jwt_verify(a, &keys, &t);
    must(!good || iam_jwks_has(&keys, &t));
    if (good) {
        IamJwt other = t;
        other.signed_part = sw_str_drop(t.signed_part, 1);
        must(!iam_jwt_verify(a, &keys, &other));
    }
    return 0;
}
