/* SPDX-License-Identifier: Apache-2.0 */
/* Images out of this server's registry. A task names one as docker pushes it
 * (127.0.0.1:PORT/REPO:TAG) or as AWS does (ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPO:TAG); both
 * mean the same repository, asked through the ECR API under the task's execution role, and its
 * blobs are unpacked where they lie: nothing is copied over a network. */

#include "ecs.h"

#include "base/file.h"
#include "models/ecr.gen.h"

static const SwErrorKind cannot_pull = {.code = "CannotPullContainerError", .http = 400};

static const char *blob_path(void *arg, SwArena *a, SwStr digest) {
    SwCtx *cx = arg;
    SwStr hex = sw_str_starts(digest, SW_STR("sha256:")) ? sw_str_skip(digest, 7) : digest;
    return sw_blob_exists(cx->host->blobs, hex, NULL) ? sw_blob_path(cx->host->blobs, a, hex) : NULL;
}

typedef struct Source {
    SwCtx *cx;
    const SwImageName *name;
} Source;

static int ask(SwCtx *cx, const SwImageName *n, SwStr digest, SwStr *ret_manifest, SwStr *ret_digest, SwError *err) {
    EcrBatchGetImageRequest in = {.repository_name = n->repository, .registry_id = n->account};
    EcrImageIdentifier *id = sw_list_add(cx->arena, &in.image_ids);
    id->image_digest = digest.n ? digest : n->digest;
    id->image_tag = id->image_digest.n ? SW_NO_STR : n->tag;
    static SwStr types[] = {SW_STR_C("application/vnd.docker.distribution.manifest.v2+json"),
                            SW_STR_C("application/vnd.oci.image.manifest.v1+json"),
                            SW_STR_C("application/vnd.docker.distribution.manifest.list.v2+json"),
                            SW_STR_C("application/vnd.oci.image.index.v1+json")};
    in.accepted_media_types = (SwStrList){types, SW_N(types)};
    EcrBatchGetImageResponse *out;
    if (ecr_call_batch_get_image(cx, &in, &out, err) < 0)
        return -1;
    if (!out->images.n)
        return sw_fail(err, &cannot_pull, "not found");
    *ret_manifest = out->images.v[0].image_manifest;
    if (ret_digest)
        *ret_digest = out->images.v[0].image_id ? out->images.v[0].image_id->image_digest : SW_NO_STR;
    return 0;
}

static const char *source_blob_path(void *arg, SwArena *a, SwStr digest) {
    return blob_path(((Source *)arg)->cx, a, digest);
}

static bool source_manifest(void *arg, SwArena *a, SwStr digest, SwStr *ret_json) {
    Source *s = arg;
    SwError ignored = sw_error(a);
    return ask(s->cx, s->name, digest, ret_json, NULL, &ignored) == 0;
}

/* The repository belongs to an account and a region: those of the name, else the task's. */
static SwCtx *registry_ctx(SwCtx *cx, const SwImageName *n) {
    SwCtx *r = sw_new(cx->arena, SwCtx);
    *r = *cx;
    if (n->account.n)
        r->account = n->account;
    if (n->region.n)
        r->region = n->region;
    return r;
}

int ecs_image_get(SwCtx *cx, const EcsTaskRecord *t, SwStr name, SwImage *ret, SwStr *ret_digest, SwError *err) {
    SwImageName n;
    SwCtx *role;
    (void)t;
    if (!sw_image_name_parse(name, cx->host->registry, &n))
        return sw_fail(err, &cannot_pull,
                       "CannotPullContainerError: The image %.*s is not in this server's registry "
                       "(%.*s/REPOSITORY:TAG or ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY:TAG), and no "
                       "other registry is reached. Push it there first.",
                       SW_FMT(name), SW_FMT(cx->host->registry));
    if (ecs_role_ctx(cx, t->definition->execution_role_arn, &role, err) < 0)
        return -1;
    Source s = {registry_ctx(role, &n), &n};
    SwStr manifest;
    if (ask(s.cx, &n, SW_NO_STR, &manifest, ret_digest, err) < 0)
        return sw_fail_as(err, &cannot_pull,
                          "CannotPullContainerError: pull image manifest has been retried 1 time(s): "
                          "failed to resolve ref %.*s: %.*s: %s",
                          SW_FMT(name), SW_FMT(name), err->message);
    SwImageSource src = {.manifest = manifest, .arg = &s, .blob_path = source_blob_path, .manifest_of = source_manifest};
    if (sw_image_unpack(cx->host->runtime, cx->arena, &src, ret, err) < 0)
        return sw_fail_as(err, &cannot_pull, "CannotPullContainerError: %.*s: %s", SW_FMT(name), err->message);
    return 0;
}
