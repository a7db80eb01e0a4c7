/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* JSON Web Tokens as identity providers sign them (RFC 7515, 7517, 7518, 7519): read, and verified against a set of keys.
 *
 * Both texts are foreign. Sizes are bounded, reading is one pass; nothing of a token is believed before iam_jwt_verify says
 * that a key of the provider signed it. RS256, RS384, RS512, ES256 and ES384; any other algorithm is refused, `none` and those
 * with a shared secret first of all. Threads: any. */

#include "base/error.h"
#include "base/json.h"

#define IAM_JWT_MAX  20000 /* STS: WebIdentityToken */
#define IAM_JWKS_MAX (64 * SW_KIB)
#define IAM_JWK_MOST 100 /* keys of a set */

typedef enum IamJwtAlgorithm { IAM_RS256, IAM_RS384, IAM_RS512, IAM_ES256, IAM_ES384, _IAM_JWT_ALGORITHM_MAX } IamJwtAlgorithm;

typedef struct IamJwt {
    IamJwtAlgorithm algorithm;
    SwStr key_id; /* absent: any key may have signed it */
    SwStr signed_part, signature;
    SwValue claims; /* an object */
} IamJwt;

typedef struct IamJwk {
    SwStr id;
    bool curve;      /* elliptic, else RSA */
    bool p384;       /* which curve */
    SwStr algorithm; /* the only one it is for; absent: any of its kind */
    SwStr modulus, exponent /* RSA */, x, y /* curve */;
} IamJwk;
typedef struct IamJwks {
    IamJwk *v;
    size_t n;
} IamJwks;

/* The public key of two numbers, their first byte first. The caller's to free; NULL: OpenSSL takes it for none. */
struct evp_pkey_st *iam_rsa_key(SwArena *a, SwStr modulus, SwStr exponent);
/* False: it is no token of a form and algorithm that is taken here. */
bool iam_jwt_read(SwArena *a, SwStr token, IamJwt *ret_t);
/* Keys of other kinds, or for encryption, are passed over. False: the text is no set of keys. */
bool iam_jwks_read(SwArena *a, SwStr text, IamJwks *ret_keys);
/* There is a key that may have signed it, whether it did or not: otherwise the set may be old. */
bool iam_jwks_has(const IamJwks *keys, const IamJwt *t);
bool iam_jwt_verify(SwArena *a, const IamJwks *keys, const IamJwt *t);
