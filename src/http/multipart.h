/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* multipart/form-data (RFC 7578) as a stream: bytes are pushed as they come, parts and their bytes go out as they are
 * found. Memory is constant: a part's headers are bounded, its bytes are never kept here.
 *
 * Threads: none; who has it pushes. */

#include "wire/wire.h"

typedef struct SwMultipart SwMultipart;

typedef struct SwMultipartPart { /* valid while the parser's arena is */
    SwStr name;                  /* of Content-Disposition; absent: the part has none */
    SwStr filename;              /* absent: not a file */
    SwStr type;                  /* Content-Type, or absent */
} SwMultipartPart;

typedef struct SwMultipartEvents {
    void *arg;
    int (*part)(void *arg, const SwMultipartPart *p, SwError *err); /* one begins */
    SwSink *data;                                                   /* bytes of the one that began last */
} SwMultipartEvents;

/* Of a Content-Type: false where it is not multipart/form-data or has no boundary of 1 to 70 characters. */
bool sw_multipart_boundary(SwArena *a, SwStr content_type, SwStr *ret_boundary);
SwMultipart *sw_multipart_new(SwArena *a, SwStr boundary, const SwMultipartEvents *e);
/* Fails as an event failed, or with SW_MULTIPART_MALFORMED. */
int sw_multipart_push(SwMultipart *m, const void *p, size_t n, SwError *err) sw_must_check;
/* After the last byte: fails where the closing boundary is missing. */
int sw_multipart_end(const SwMultipart *m, SwError *err) sw_must_check;

extern const SwErrorKind SW_MULTIPART_MALFORMED; /* MalformedPOSTRequest, 400: S3's name, who alone takes forms */
