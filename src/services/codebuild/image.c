/* SPDX-License-Identifier: Apache-2.0 */
/* What a build runs in: an image of this server's registry, asked through the ECR API under the build's role, or where its
 * name is none of ours the host's environment. */

#include "models/ecr.gen.h"
#include "services/codebuild/codebuild.h"

static const SwErrorKind cannot_pull = {.code = "BUILD_CONTAINER_UNABLE_TO_PULL_IMAGE", .http = 400};

typedef struct Image {
    SwCtx *cx;
    SwStr account, region, repository, tag, digest;
} Image;

/* HOST/REPOSITORY[:TAG][@DIGEST], where HOST is this server's registry by its address or by AWS's name. */
static bool ours(SwCtx *cx, SwStr name, Image *ret) {
    Image n = {.cx = cx};
    SwStr rest = name, host, port = cx->host->registry;
    size_t at;
    if (!sw_str_cut(&rest, '/', &host))
        return false;
    if (sw_str_rfind(port, ':', &at))
        port = sw_str_skip(port, at + 1);
    if (sw_str_starts(host, SW_STR("127.0.0.1:")) || sw_str_starts(host, SW_STR("localhost:"))) {
        if (!sw_str_eq(sw_str_skip(host, 10), port))
            return false;
    } else {
        SwStr dkr, ecr;
        if (!sw_str_cut(&host, '.', &n.account) || !sw_str_cut(&host, '.', &dkr) || !sw_str_cut(&host, '.', &ecr) ||
            !sw_str_cut(&host, '.', &n.region) || n.account.n != 12 || !sw_str_eqz(dkr, "dkr") || !sw_str_eqz(ecr, "ecr"))
            return false;
    }
    if (sw_str_find(rest, '@', &at)) {
        n.digest = sw_str_skip(rest, at + 1);
        rest = sw_str_n(rest.p, at);
    }
    if (sw_str_rfind(rest, ':', &at)) {
        n.tag = sw_str_skip(rest, at + 1);
        rest = sw_str_n(rest.p, at);
    }
    n.repository = rest;
    *ret = n;
    return rest.n > 0;
}

bool codebuild_on_host(SwCtx *cx, SwStr image) {
    Image n;
    return !ours(cx, image, &n);
}

static int ask(Image *n, SwStr digest, SwStr *ret_manifest, SwError *err) {
    static SwStr types[] = {SW_STR_C("application/vnd.docker.distribution.manifest.v2+json"),
                            SW_STR_C("application/vnd.oci.image.manifest.v1+json"),
                            SW_STR_C("application/vnd.docker.distribution.manifest.list.v2+json"),
                            SW_STR_C("application/vnd.oci.image.index.v1+json")};
    EcrBatchGetImageRequest in = {.repository_name = n->repository,
                                  .registry_id = n->account,
                                  .accepted_media_types = {types, SW_N(types)}};
    EcrBatchGetImageResponse *out;
    EcrImageIdentifier *id = sw_list_add(n->cx->arena, &in.image_ids);
    id->image_digest = digest.n ? digest : n->digest;
    if (!id->image_digest.n)
        id->image_tag = sw_str_or(n->tag, SW_STR("latest"));
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
    if (!ours(cx, name, &n))
        return 0;
    if (sw_ctx_assume(cx, role_arn, &role, err) < 0)
        return -1;
    n.cx = sw_new(cx->arena, SwCtx);
    *n.cx = *role;
    if (n.account.n)
        n.cx->account = n.account;
    if (n.region.n)
        n.cx->region = n.region;
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
