/* SPDX-License-Identifier: Apache-2.0 */
/* What a build runs in: an image of this server's registry, asked through the ECR API under the build's role, or where its
 * name is none of ours the host's environment. */

#include "models/ecr.gen.h"
#include "services/codebuild/codebuild.h"

static const SwErrorKind cannot_pull = {.code = "BUILD_CONTAINER_UNABLE_TO_PULL_IMAGE", .http = 400};

typedef struct Image {
    SwCtx *cx;
    SwImageName name;
} Image;

bool codebuild_on_host(SwCtx *cx, SwStr image) {
    SwImageName n;
    return !sw_image_name_parse(image, cx->host->registry, &n);
}

static int ask(Image *n, SwStr digest, SwStr *ret_manifest, SwError *err) {
    static SwStr types[] = {SW_STR_C("application/vnd.docker.distribution.manifest.v2+json"),
                            SW_STR_C("application/vnd.oci.image.manifest.v1+json"),
                            SW_STR_C("application/vnd.docker.distribution.manifest.list.v2+json"),
                            SW_STR_C("application/vnd.oci.image.index.v1+json")};
    EcrBatchGetImageRequest in = {.repository_name = n->name.repository,
                                  .registry_id = n->name.account,
                                  .accepted_media_types = {types, SW_N(types)}};
    EcrBatchGetImageResponse *out;
    EcrImageIdentifier *id = sw_list_add(n->cx->arena, &in.image_ids);
    id->image_digest = digest.n ? digest : n->name.digest;
    if (!id->image_digest.n)
        id->image_tag = n->name.tag;
    if (ecr_call_batch_get_image(n->cx, &in, &out, err) < 0)
        return -1;
    if (!out->images.n)
        return sw_fail(err, &cannot_pull, "manifest unknown: Requested image not found");
    *ret_manifest = out->images.v[0].image_manifest;
    return 0;
}

static const char *blob_path(void *arg, SwArena *a, SwStr digest) {
    SwBlobs *b = ((Image *)arg)->cx->host->blobs;
    SwStr hex = sw_str_starts(digest, SW_STR("sha256:")) ? sw_str_skip(digest, 7) : digest;
    return sw_blob_exists(b, hex, NULL) ? sw_blob_path(b, a, hex) : NULL;
}

static bool manifest_of(void *arg, SwArena *a, SwStr digest, SwStr *ret_json) {
    SwError ignored = sw_error(a);
    return ask(arg, digest, ret_json, &ignored) == 0;
}

int codebuild_image(SwCtx *cx, SwStr name, SwStr role_arn, SwImage **ret, SwError *err) {
    Image n;
    SwCtx *role;
    SwStr manifest;
    *ret = NULL;
    if (!sw_image_name_parse(name, cx->host->registry, &n.name))
        return 0;
    if (sw_ctx_assume(cx, role_arn, &role, err) < 0)
        return -1;
    n.cx = sw_new(cx->arena, SwCtx);
    *n.cx = *role;
    if (n.name.account.n)
        n.cx->account = n.name.account;
    if (n.name.region.n)
        n.cx->region = n.name.region;
    SwImage *image = sw_new(cx->arena, SwImage);
    if (ask(&n, SW_NO_STR, &manifest, err) == 0) {
        SwImageSource src = {.manifest = manifest, .arg = &n, .blob_path = blob_path, .manifest_of = manifest_of};
        if (sw_image_unpack(cx->host->runtime, cx->arena, &src, image, err) == 0) {
            *ret = image;
            return 0;
        }
    }
    return sw_fail_as(err, &cannot_pull, "Unable to pull customer's container image. CannotPullContainerError: %s",
                      err->message);
}
