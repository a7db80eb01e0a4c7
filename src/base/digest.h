/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Digests, checksums and the encodings they travel in. One streaming type for all; hexadecimal is lower case. */

#include "base/arena.h"
#include "base/str.h"

typedef enum SwDigestKind { SW_MD5, SW_SHA1, SW_SHA256, SW_CRC32, SW_CRC32C, SW_CRC64NVME, _SW_DIGEST_KIND_MAX } SwDigestKind;
#define SW_DIGEST_BYTES_MAX 32

typedef struct SwDigest SwDigest;
SwDigest *sw_digest_new(SwArena *a, SwDigestKind kind);
void sw_digest_add(SwDigest *d, const void *p, size_t n);
size_t sw_digest_end(SwDigest *d, uint8_t out[static SW_DIGEST_BYTES_MAX]); /* returns its length; CRCs big-endian */

void sw_sha256(SwStr data, uint8_t out[static 32]);
void sw_hmac_sha256(SwStr key, SwStr data, uint8_t out[static 32]);
SwStr sw_sha256_hex(SwArena *a, SwStr data);
SwStr sw_md5_hex(SwArena *a, SwStr data);

SwStr sw_hex(SwArena *a, const void *p, size_t n);
bool sw_unhex(SwArena *a, SwStr hex, SwStr *ret_bytes);
SwStr sw_base64(SwArena *a, SwStr bytes);
bool sw_unbase64(SwArena *a, SwStr text, SwStr *ret_bytes); /* padding needed; no white space */
SwStr sw_base64url(SwArena *a, SwStr bytes);                /* no padding */
bool sw_unbase64url(SwArena *a, SwStr text, SwStr *ret_bytes);
SwStr sw_percent_encode(SwArena *a, SwStr s, bool keep_slash); /* RFC 3986 unreserved stay */
bool sw_percent_decode(SwArena *a, SwStr s, bool plus_is_space, SwStr *ret_s);
bool sw_equal_constant_time(SwStr a, SwStr b);
