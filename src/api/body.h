/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Bodies of streaming operations (S3 PutObject, UploadPart): received in full, into a blob, before the operation runs,
 * in constant memory. aws-chunked framing is taken off, every checksum that the client names is computed on the way and
 * compared at the end. */

#include "api/ctx.h"

typedef struct SwBody SwBody;

/* Looks at the headers and takes over rq->sink. check: of signed chunks, as sw_aws_chunked_check; NULL: they are not. */
int sw_body_begin(SwCtx *cx, SwHttpRequest *rq, SwChunkCheck *check, void *check_arg, SwBody **ret_b,
                  SwError *err) sw_must_check;
/* After the last byte: the stream as the operation sees it, and the payload hash that a signature covers. Fails with
 * S3's own codes when a checksum, the length or the framing is wrong. Also the trailers are added to rq->m.headers. */
int sw_body_end(SwBody *b, SwHttpRequest *rq, SwStream *ret_s, SwStr *ret_payload_hash, SwError *err) sw_must_check;

/* The same checksums over a body that is not streamed: an XML document of S3's. */
int sw_body_check(SwArena *a, const SwWireMessage *m, SwError *err) sw_must_check;
