/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Codings that lie over a body: chunked (RFC 9112 7.1) and gzip, deflate (RFC 9110 8.4). Both are push decoders in
 * constant memory. Private to this room; no I/O here: fuzzed as they stand. */

#include "wire/wire.h"

typedef struct SwChunked {
    int state;
    uint64_t left; /* of the chunk that is being read */
    size_t line;   /* bytes of framing since the last data: bounded */
    int digits;
} SwChunked;

/* Take a step through p[0..n): returns how many bytes were used (> 0 for n > 0), and in *ret_data the piece of body among
 * them, if any. -1: malformed. `sw_chunked_ended` tells when the last chunk and its trailers are behind. */
ssize_t sw_chunked_push(SwChunked *c, const char *p, size_t n, SwStr *ret_data);
bool sw_chunked_ended(const SwChunked *c);

typedef struct SwInflate SwInflate;
SwInflate *sw_inflate_new(SwArena *a, SwStr coding); /* freed with the arena */
/* Decoded pieces (at most 32 KiB each) go to `sink`. Returns 0; 1: the data is malformed; -1: the sink failed. */
int sw_inflate_push(SwInflate *z, const void *p, size_t n, SwSink *sink, void *arg, SwError *err);
bool sw_inflate_ended(const SwInflate *z); /* at the end of a member: more may follow, none must */
