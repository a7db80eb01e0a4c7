/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* AWS Signature Version 4 (IAM User Guide, "AWS Signature Version 4 for API requests"), in the Authorization header or
 * in the query, and the older Signature Version 2 in the query, which some clients still presign S3 URLs with.
 * Pure functions: who holds a key and what time it is are the caller's business (authenticate.c). */

#include "base/error.h"
#include "base/time.h"
#include "wire/wire.h"

typedef enum SwSigKind { SW_SIG_NONE, SW_SIG_V4_HEADER, SW_SIG_V4_QUERY, SW_SIG_V2_QUERY } SwSigKind;

typedef struct SwSignature {
    SwSigKind kind;
    SwStr access_key, date, region, service; /* the credential scope; region and service absent for V2 */
    SwStr timestamp;                         /* YYYYMMDDTHHMMSSZ as sent */
    SwTime at;
    int64_t expires_s;    /* query: life in seconds from `at`; V2: epoch seconds of its end */
    SwStr signed_headers; /* "host;x-amz-date" */
    SwStr signature;
    SwStr token;    /* X-Amz-Security-Token, or absent */
    SwStr payload;  /* x-amz-content-sha256 as sent, or absent */
    SwStr resource; /* V2: the path with its bucket, where the host names that; or absent */
} SwSignature;

/* What a message carries; kind NONE when nothing. Malformed ones fail with IncompleteSignature; what was read until then is
 * there all the same, for the error speaks the protocol of the service that was meant. */
int sw_sigv4_parse(SwArena *a, const SwWireMessage *m, SwSignature *ret_s, SwError *err) sw_must_check;

enum {
    SW_SIG_ENCODE_ONCE = 1 << 0, /* S3: the path is encoded once and not normalised */
    SW_SIG_NO_NORMALIZE = 1 << 1,
    SW_SIG_OMIT_TOKEN = 1 << 2, /* the token was added after signing */
};
SwStr sw_sigv4_canonical(SwArena *a, const SwWireMessage *m, const SwSignature *s, SwStr payload_hash, unsigned flags);
SwStr sw_sigv4_string_to_sign(SwArena *a, const SwSignature *s, SwStr canonical);
SwStr sw_sigv4_sign(SwArena *a, const SwSignature *s, SwStr secret, SwStr string_to_sign); /* hexadecimal */
/* Signature Version 2 for S3 query authentication. resource: "/bucket/key" with sub-resources. Base64. */
SwStr sw_sigv2_stranger(
    SwArena *a, const SwWireMessage *m); /* a parameter of the query that Version 2 would leave unsigned; absent: none */
SwStr sw_sigv2_sign(SwArena *a, const SwWireMessage *m, const SwSignature *s, SwStr secret);

/* Add x-amz-date, x-amz-content-sha256, the token and Authorization to a request: the CLI and tests. */
void sw_sigv4_sign_message(SwArena *a, SwWireMessage *m, SwStr access_key, SwStr secret, SwStr token, SwStr region,
                           SwStr service, SwTime now);
