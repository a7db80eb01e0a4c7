/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The registry protocol (OCI distribution 1.1, Docker registry v2) over the documents of ecr.h. A
 * request is a visit: made by `begin`, which also says where its body goes, and found again by
 * `handle` in rq->sink_arg. */

#include "services/ecr/ecr.h"

typedef struct EcrVisit {
    SwCtx *cx;
    EcrPath path;
    SwBlobWriter *writer; /* takes the body of an upload, or NULL */
    int64_t before, size; /* bytes of the upload before and with this body */
    SwBuf manifest;       /* takes the body of a PUT of a manifest */
} EcrVisit;

/* routes.c */
void ecr_reply(SwCtx *cx, uint16_t status); /* status and the protocol's own header */
void ecr_reply_header(SwCtx *cx, const char *name, SwStr value);
void ecr_reply_error(SwCtx *cx, uint16_t status, const char *code, SwStr message);
void ecr_reply_failure(SwCtx *cx, const SwError *e); /* a service's error in the registry's words */
void ecr_reply_json(SwCtx *cx, const char *type, SwStr body);
SwStr ecr_query(SwCtx *cx, const char *name); /* decoded value; absent if not there */
bool ecr_is_method(const SwCtx *cx, const char *method);

/* blobs.c. The `begin`s return false when they have answered. */
bool ecr_uploads_begin(EcrVisit *v);     /* POST .../blobs/uploads/ */
bool ecr_upload_begin_body(EcrVisit *v); /* PATCH, PUT .../blobs/uploads/ID */
void ecr_blob_handle(EcrVisit *v);
void ecr_uploads_handle(EcrVisit *v);
void ecr_upload_handle(EcrVisit *v);

/* manifests.c */
void ecr_manifest_begin(EcrVisit *v); /* PUT .../manifests/REFERENCE: where its body goes */
void ecr_manifest_handle(EcrVisit *v);
void ecr_tags_handle(EcrVisit *v);
void ecr_referrers_handle(EcrVisit *v);
