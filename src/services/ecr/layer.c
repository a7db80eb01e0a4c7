/* SPDX-License-Identifier: Apache-2.0 */
/* Layers and their uploads. Bytes are written outside of any transaction, into a parked blob named
 * by the upload; the transaction at the end makes the finished blob a layer of its repository. */

#include "base/digest.h"
#include "base/id.h"
#include "services/ecr/ecr.h"

#define UPLOAD_LIFE SW_DAY

static SwStr owner(SwCtx *cx, SwStr repository) {
    return sw_strf(cx->arena, "ecr-layer/%.*s/%.*s/%.*s", SW_FMT(cx->account), SW_FMT(cx->region), SW_FMT(repository));
}

int ecr_layer_find(SwCtx *cx, SwStr repository, SwStr digest, EcrLayerRecord **ret, SwError *err) {
    EcrLayerRecord *r = NULL;
    if (ecr_layers_find(cx->tx, ecr_key(cx->arena, repository, '@', digest), &r, err) < 0)
        return -1;
    *ret = r;
    return 0;
}

int ecr_layer_add(SwCtx *cx, SwStr repository, SwStr digest, int64_t size, SwError *err) {
    EcrLayerRecord l = {.repository = repository, .digest = digest, .size = SW_SOME_INT(size)};
    if (sw_blob_ref(cx->tx, ecr_digest_hex(digest), owner(cx, repository), err) < 0)
        return -1;
    return ecr_layers_put(cx->tx, ecr_key(cx->arena, repository, '@', digest), &l, err);
}

int ecr_layer_remove(SwCtx *cx, const EcrLayerRecord *l, SwError *err) {
    if (sw_blob_unref(cx->tx, ecr_digest_hex(l->digest), owner(cx, l->repository), err) < 0)
        return -1;
    return ecr_layers_delete(cx->tx, ecr_key(cx->arena, l->repository, '@', l->digest), NULL, err);
}

/* ---- uploads ---- */

int ecr_upload_begin(SwCtx *cx, SwStr repository, SwStr *ret_id, SwError *err) {
    SwBlobWriter *w;
    SwStr id = sw_id_uuid(cx->arena);
    EcrUploadRecord u = {.repository = repository, .created_at = SW_SOME_TIME(sw_now(cx))};
    if (sw_blob_begin(cx->host->blobs, cx->arena, 0, &w, err) < 0 || sw_blob_park(w, id, NULL, err) < 0)
        return -1;
    if (sw_ctx_begin(cx, SW_WRITE, err) < 0)
        return -1;
    if (ecr_uploads_put(cx->tx, id, &u, err) < 0 ||
        sw_wake(cx, &ecr_upload_expiry, id, u.created_at.v + UPLOAD_LIFE, err) < 0) {
        sw_ctx_rollback(cx);
        return -1;
    }
    *ret_id = id;
    return sw_ctx_commit(cx, err);
}

int ecr_upload_find(SwCtx *cx, SwStr repository, SwStr id, bool *ret_there, SwError *err) {
    EcrUploadRecord *u = NULL;
    if (ecr_uploads_find(cx->tx, id, &u, err) < 0)
        return -1;
    *ret_there = u && sw_str_eq(u->repository, repository);
    return 0;
}

static int end_in_tx(SwCtx *cx, SwStr repository, SwStr id, SwStr digest, int64_t size, SwError *err) {
    EcrRepositoryRecord *ignored;
    if (ecr_repository_get(cx, repository, &ignored, err) < 0 || ecr_layer_add(cx, repository, digest, size, err) < 0)
        return -1;
    return ecr_uploads_delete(cx->tx, id, NULL, err);
}

int ecr_upload_end(SwCtx *cx, SwStr repository, SwStr id, SwBlobWriter *w, SwStr digest, bool *ret_matches, int64_t *ret_size,
                   SwError *err) {
    SwBlobInfo info;
    if (sw_blob_commit(w, &info, err) < 0)
        return -1;
    *ret_size = info.size;
    *ret_matches = sw_str_eq(info.digest, ecr_digest_hex(digest));
    SW_CRASH_POINT("ecr.layer.written_not_committed");
    if (sw_ctx_begin(cx, SW_WRITE, err) < 0)
        return -1;
    /* The bytes of an upload that ends with the wrong digest are gone with it. */
    int r = *ret_matches ? end_in_tx(cx, repository, id, digest, info.size, err) : ecr_uploads_delete(cx->tx, id, NULL, err);
    if (r < 0) {
        sw_ctx_rollback(cx);
        return -1;
    }
    if (sw_ctx_commit(cx, err) < 0)
        return -1;
    SwError ignored = sw_error(cx->arena); /* it is gone when the upload's time is over */
    (void)!sw_blob_discard(cx->host->blobs, id, &ignored);
    return 0;
}

static int expire_upload(SwCtx *cx, SwStr id, SwStep *step, SwError *err) {
    if (sw_ctx_begin(cx, SW_WRITE, err) < 0)
        return -1;
    if (ecr_uploads_delete(cx->tx, id, NULL, err) < 0) {
        sw_ctx_rollback(cx);
        return -1;
    }
    return sw_ctx_commit(cx, err) < 0 ? -1 : sw_blob_discard(cx->host->blobs, id, err);
}

const SwController ecr_upload_expiry = {
    .name = "ecr/upload",
    .step = expire_upload,
    .parallel = 1,
    .unfailing = "an upload that nobody ended stays on the disk until a step succeeds; no image waits for it",
};

/* ---- operations ---- */

/* For handlers with transactions of their own. */
static int check_repository(SwCtx *cx, SwStr registry_id, SwStr name, SwStr upload, SwError *err) {
    EcrRepositoryRecord *r;
    bool there = true;
    if (sw_ctx_begin(cx, SW_READ, err) < 0)
        return -1;
    int e = ecr_repository_of(cx, registry_id, name, &r, err);
    if (e == 0 && sw_str_is(upload))
        e = ecr_upload_find(cx, name, upload, &there, err);
    sw_ctx_rollback(cx);
    if (e == 0 && !there)
        e = sw_fail(err, &ECR_UPLOAD_NOT_FOUND_EXCEPTION,
                    "The upload with id '%.*s' does not exist in the repository with name '%.*s' "
                    "in the registry with id '%.*s'",
                    SW_FMT(upload), SW_FMT(name), SW_FMT(cx->account));
    return e;
}

int ecr_initiate_layer_upload(SwCtx *cx, const EcrInitiateLayerUploadRequest *in, EcrInitiateLayerUploadResponse *out,
                              SwError *err) {
    if (check_repository(cx, in->registry_id, in->repository_name, SW_NO_STR, err) < 0)
        return -1;
    out->part_size = SW_SOME_INT(ECR_PART_SIZE);
    return ecr_upload_begin(cx, in->repository_name, &out->upload_id, err);
}

/* *ret_w is never NULL on success. */
static int take_up(SwCtx *cx, SwStr id, SwBlobWriter **ret_w, int64_t *ret_size, SwError *err) {
    if (sw_blob_unpark(cx->host->blobs, cx->arena, id, 0, ret_w, ret_size, err) < 0)
        return -1;
    if (!*ret_w)
        return sw_fail(err, &ECR_UPLOAD_NOT_FOUND_EXCEPTION, "The upload with id '%.*s' is being written by another request",
                       SW_FMT(id));
    return 0;
}

int ecr_upload_layer_part(SwCtx *cx, const EcrUploadLayerPartRequest *in, EcrUploadLayerPartResponse *out, SwError *err) {
    SwBlobWriter *w;
    int64_t size, last;
    if (check_repository(cx, in->registry_id, in->repository_name, in->upload_id, err) < 0 ||
        take_up(cx, in->upload_id, &w, &size, err) < 0)
        return -1;
    int64_t n = (int64_t)in->layer_part_blob.n;
    if (in->part_first_byte.v != size || in->part_last_byte.v != size + n - 1 || size + n > ECR_LAYER_MAX) {
        EcrInvalidLayerPartException *e = sw_new(cx->arena, EcrInvalidLayerPartException);
        *e = (EcrInvalidLayerPartException){
            .registry_id = cx->account,
            .repository_name = in->repository_name,
            .upload_id = in->upload_id,
            .last_valid_byte_received = SW_SOME_INT(size - 1),
        };
        int r = sw_fail(err, &ECR_INVALID_LAYER_PART_EXCEPTION,
                        "The layer part does not begin behind the last valid byte, or its length "
                        "is not what its bounds say");
        err->detail = e;
        sw_blob_drop(w); /* before the answer: the client's next part needs it */
        return r;
    }
    if (sw_blob_add(w, in->layer_part_blob.p, in->layer_part_blob.n, err) < 0 || sw_blob_park(w, in->upload_id, &last, err) < 0)
        return -1;
    *out = (EcrUploadLayerPartResponse){.registry_id = cx->account,
                                        .repository_name = in->repository_name,
                                        .upload_id = in->upload_id,
                                        .last_byte_received = SW_SOME_INT(last - 1)};
    return 0;
}

int ecr_complete_layer_upload(SwCtx *cx, const EcrCompleteLayerUploadRequest *in, EcrCompleteLayerUploadResponse *out,
                              SwError *err) {
    SwBlobWriter *w;
    int64_t size;
    bool matches;
    SwStr digest = in->layer_digests.n ? in->layer_digests.v[0] : SW_STR("");
    if (in->layer_digests.n != 1 || !ecr_is_digest(digest))
        return sw_refuse_field(err, &ECR_INVALID_PARAMETER_EXCEPTION, "layerDigests", "exactly one sha256 digest is supported");
    if (check_repository(cx, in->registry_id, in->repository_name, in->upload_id, err) < 0 ||
        take_up(cx, in->upload_id, &w, &size, err) < 0)
        return -1;
    if (size == 0) {
        sw_blob_drop(w);
        return sw_fail(err, &ECR_EMPTY_UPLOAD_EXCEPTION, "No layer parts were uploaded for the upload with id '%.*s'",
                       SW_FMT(in->upload_id));
    }
    if (ecr_upload_end(cx, in->repository_name, in->upload_id, w, digest, &matches, &size, err) < 0)
        return -1;
    if (!matches)
        return sw_fail(err, &ECR_INVALID_LAYER_EXCEPTION, "Layer digest calculation failed: the data is not that of '%.*s'",
                       SW_FMT(digest));
    *out = (EcrCompleteLayerUploadResponse){.registry_id = cx->account,
                                            .repository_name = in->repository_name,
                                            .upload_id = in->upload_id,
                                            .layer_digest = digest};
    return 0;
}

int ecr_batch_check_layer_availability(SwCtx *cx, const EcrBatchCheckLayerAvailabilityRequest *in,
                                       EcrBatchCheckLayerAvailabilityResponse *out, SwError *err) {
    EcrRepositoryRecord *r;
    EcrLayerRecord *l;
    if (ecr_repository_of(cx, in->registry_id, in->repository_name, &r, err) < 0)
        return -1;
    sw_list_present(cx->arena, &out->layers);
    sw_list_present(cx->arena, &out->failures);
    for (size_t i = 0; i < in->layer_digests.n; i++) {
        SwStr digest = in->layer_digests.v[i];
        if (!ecr_is_digest(digest)) {
            EcrLayerFailure *f = sw_list_add(cx->arena, &out->failures);
            *f = (EcrLayerFailure){
                .layer_digest = digest,
                .failure_code = ECR_LAYER_FAILURE_CODE_INVALID_LAYER_DIGEST,
                .failure_reason = SW_STR("Invalid layer digest"),
            };
            continue;
        }
        if (ecr_layer_find(cx, in->repository_name, digest, &l, err) < 0)
            return -1;
        EcrLayer *to = sw_list_add(cx->arena, &out->layers);
        to->layer_digest = digest;
        to->layer_availability = l ? ECR_LAYER_AVAILABILITY_AVAILABLE : ECR_LAYER_AVAILABILITY_UNAVAILABLE;
        if (l) {
            to->layer_size = l->size;
            to->media_type = SW_STR("application/vnd.docker.image.rootfs.diff.tar.gzip");
        }
    }
    return 0;
}

int ecr_get_download_url_for_layer(SwCtx *cx, const EcrGetDownloadUrlForLayerRequest *in,
                                   EcrGetDownloadUrlForLayerResponse *out, SwError *err) {
    EcrRepositoryRecord *r;
    EcrLayerRecord *l;
    SwStr password;
    SwTime expires;
    if (ecr_repository_of(cx, in->registry_id, in->repository_name, &r, err) < 0 ||
        ecr_layer_find(cx, in->repository_name, in->layer_digest, &l, err) < 0)
        return -1;
    if (!l)
        return sw_fail(err, &ECR_LAYERS_NOT_FOUND_EXCEPTION,
                       "The layer with digest '%.*s' does not exist in the repository with name "
                       "'%.*s' in the registry with id '%.*s'",
                       SW_FMT(in->layer_digest), SW_FMT(in->repository_name), SW_FMT(cx->account));
    SwStr key = ecr_key(cx->arena, in->repository_name, '@', in->layer_digest);
    if (ecr_token_make(cx, key, SW_HOUR, &password, &expires, err) < 0)
        return -1;
    out->layer_digest = in->layer_digest;
    out->download_url = sw_strf(cx->arena, "http://%.*s/v2/%.*s/blobs/%.*s?token=%.*s", SW_FMT(cx->host->registry),
                                SW_FMT(in->repository_name), SW_FMT(in->layer_digest), SW_FMT(password));
    return 0;
}
