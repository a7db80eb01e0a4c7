/* SPDX-License-Identifier: Apache-2.0 */
/* Images and tags as documents: one place writes them, for the API, the registry protocol and
 * lifecycle rules. */

#include "services/ecr/ecr.h"

#include "base/file.h"

#define PULL_NOTED_EVERY SW_DAY /* ECR refreshes lastRecordedPullTime at least once in 24 hours */

SwStr ecr_key(SwArena *a, SwStr repository, char between, SwStr reference) {
    return sw_strf(a, "%.*s%c%.*s", SW_FMT(repository), between, SW_FMT(reference));
}

SwStr ecr_digest_hex(SwStr digest) {
    return sw_str_skip(digest, 7);
}

static SwStr owner(SwCtx *cx, SwStr repository) {
    return sw_strf(cx->arena, "ecr-image/%.*s/%.*s/%.*s", SW_FMT(cx->account), SW_FMT(cx->region), SW_FMT(repository));
}

static int emit(SwCtx *cx, const char *action, SwStr repository, SwStr digest, SwStr tag, SwError *err) {
    const EcrImageAction detail = {.result = SW_STR("SUCCESS"),
                                   .repository_name = repository,
                                   .image_digest = digest,
                                   .action_type = sw_str(action),
                                   .image_tag = tag};
    return sw_event(cx, &ecr_event_image_action, SW_NO_STR, &detail, err);
}

/* ---- reading ---- */

static int tag_find(SwCtx *cx, SwStr repository, SwStr tag, EcrTagRecord **ret, SwError *err) {
    EcrTagRecord *r = NULL;
    if (ecr_tags_find(cx->tx, ecr_key(cx->arena, repository, ':', tag), &r, err) < 0)
        return -1;
    *ret = r;
    return 0;
}

int ecr_image_find(SwCtx *cx, SwStr repository, SwStr reference, EcrImageRecord **ret, SwError *err) {
    EcrImageRecord *r = NULL;
    EcrTagRecord *t;
    *ret = NULL;
    if (!ecr_is_digest(reference)) {
        if (tag_find(cx, repository, reference, &t, err) < 0)
            return -1;
        if (!t)
            return 0;
        reference = t->digest;
    }
    if (ecr_images_find(cx->tx, ecr_key(cx->arena, repository, '@', reference), &r, err) < 0)
        return -1;
    *ret = r;
    return 0;
}

int ecr_image_tags(SwCtx *cx, SwStr repository, SwStr digest, SwStrList *ret, SwError *err) {
    EcrTagRecords l;
    SwDocQuery q = {.index = "by_digest", .equals = {repository, digest}};
    *ret = (SwStrList){0};
    if (ecr_tags_list(cx->tx, &q, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++)
        sw_str_list_add(cx->arena, ret, l.v[i].record->tag);
    return 0;
}

int ecr_image_manifest(SwCtx *cx, const EcrImageRecord *i, SwStr *ret, SwError *err) {
    return sw_file_read(cx->arena, sw_blob_path(cx->host->blobs, cx->arena, ecr_digest_hex(i->digest)), ECR_MANIFEST_MAX, ret,
                        err);
}

int ecr_images_of(SwCtx *cx, SwStr repository, EcrImageRecords *ret, SwError *err) {
    SwDocQuery q = {.index = "by_repository", .equals = {repository}};
    return ecr_images_list(cx->tx, &q, ret, err);
}

/* ---- writing ---- */

/* "sha256:a, sha256:b" of those that the repository has not; absent: it has all. */
static int missing_layers(SwCtx *cx, SwStr repository, const SwStrList *digests, SwStr *ret, SwError *err) {
    SwStrList none = {0};
    EcrLayerRecord *l;
    for (size_t i = 0; i < digests->n; i++) {
        if (ecr_layer_find(cx, repository, digests->v[i], &l, err) < 0)
            return -1;
        if (!l)
            sw_str_list_add(cx->arena, &none, digests->v[i]);
    }
    *ret = none.n ? sw_str_join(cx->arena, none.v, none.n, SW_STR(", ")) : SW_NO_STR;
    return 0;
}

/* The same of an index's images. *size: grows to the largest image's, ECR's size of an index. */
static int missing_images(SwCtx *cx, SwStr repository, const SwStrList *digests, int64_t *size, SwStr *ret, SwError *err) {
    SwStrList none = {0};
    EcrImageRecord *i;
    for (size_t n = 0; n < digests->n; n++) {
        if (ecr_image_find(cx, repository, digests->v[n], &i, err) < 0)
            return -1;
        if (i)
            *size = SW_MAX(*size, i->size.v);
        else
            sw_str_list_add(cx->arena, &none, digests->v[n]);
    }
    *ret = none.n ? sw_str_join(cx->arena, none.v, none.n, SW_STR(", ")) : SW_NO_STR;
    return 0;
}

static int refuse_missing(SwCtx *cx, const SwErrorKind *kind, const char *what, SwStr digests, SwStr repository, SwError *err) {
    return sw_fail(err, kind,
                   "%s with digests '[%.*s]' required for pushing image into repository with name "
                   "'%.*s' in the registry with id '%.*s' do not exist",
                   what, SW_FMT(digests), SW_FMT(repository), SW_FMT(cx->account));
}

static int check_references(SwCtx *cx, const EcrPut *p, const EcrManifest *m, int64_t *ret_size, SwError *err) {
    SwStr name = p->repository->repository->repository_name, layers, images;
    *ret_size = m->size;
    if (missing_layers(cx, name, &m->blobs, &layers, err) < 0 ||
        missing_images(cx, name, &m->children, ret_size, &images, err) < 0)
        return -1;
    if (sw_str_is(layers))
        return refuse_missing(cx, &ECR_LAYERS_NOT_FOUND_EXCEPTION, "Layers", layers, name, err);
    if (sw_str_is(images))
        return refuse_missing(cx, &ECR_REFERENCED_IMAGES_NOT_FOUND_EXCEPTION, "Images", images, name, err);
    return 0;
}

/* The tag may be written; *ret_equal: it already points to this digest. */
static int check_tag(SwCtx *cx, const EcrPut *p, bool *ret_equal, SwError *err) {
    const EcrRepository *r = p->repository->repository;
    EcrTagRecord *t;
    if (tag_find(cx, r->repository_name, p->tag, &t, err) < 0)
        return -1;
    *ret_equal = t && sw_str_eq(t->digest, p->digest);
    if (t && !*ret_equal && ecr_tag_is_immutable(r, p->tag))
        return sw_fail(err, &ECR_IMAGE_TAG_ALREADY_EXISTS_EXCEPTION,
                       "The image tag '%.*s' already exists in the '%.*s' repository and cannot be "
                       "overwritten because the tag is immutable.",
                       SW_FMT(p->tag), SW_FMT(r->repository_name));
    if (*ret_equal && !p->again_is_fine)
        return sw_fail(err, &ECR_IMAGE_ALREADY_EXISTS_EXCEPTION,
                       "Image with digest '%.*s' and tag '%.*s' already exists in the repository "
                       "with name '%.*s' in registry with id '%.*s'",
                       SW_FMT(p->digest), SW_FMT(p->tag), SW_FMT(r->repository_name), SW_FMT(cx->account));
    return 0;
}

static int write_image(SwCtx *cx, const EcrPut *p, const EcrManifest *m, int64_t size, EcrImageRecord *i, SwError *err) {
    SwStr name = p->repository->repository->repository_name;
    *i = (EcrImageRecord){
        .repository = name,
        .digest = p->digest,
        .media_type = m->media_type,
        .artifact_type = m->artifact_type,
        .subject = m->subject,
        .annotations = m->annotations,
        .manifest_size = SW_SOME_INT((int64_t)p->manifest.n),
        .size = SW_SOME_INT(size),
        .blobs = m->blobs,
        .children = m->children,
        .pushed_at = SW_SOME_TIME(sw_now(cx)),
    };
    if (sw_blob_ref(cx->tx, ecr_digest_hex(p->digest), owner(cx, name), err) < 0)
        return -1;
    return ecr_images_put(cx->tx, ecr_key(cx->arena, name, '@', p->digest), i, err);
}

int ecr_image_put(SwCtx *cx, const EcrPut *p, EcrImageRecord **ret_image, SwError *err) {
    SwStr name = p->repository->repository->repository_name;
    EcrManifest m;
    EcrImageRecord *there;
    int64_t size;
    bool equal_tag = false;
    if (ecr_manifest_parse(cx->arena, p->manifest, p->declared_type, &m, err) < 0 ||
        check_references(cx, p, &m, &size, err) < 0)
        return -1;
    if (sw_str_is(p->tag) && check_tag(cx, p, &equal_tag, err) < 0)
        return -1;
    if (ecr_image_find(cx, name, p->digest, &there, err) < 0)
        return -1;
    if (there && !sw_str_is(p->tag) && !p->again_is_fine)
        return sw_fail(err, &ECR_IMAGE_ALREADY_EXISTS_EXCEPTION,
                       "Image with digest '%.*s' already exists in the repository with name '%.*s' "
                       "in registry with id '%.*s'",
                       SW_FMT(p->digest), SW_FMT(name), SW_FMT(cx->account));
    *ret_image = there ? there : sw_new(cx->arena, EcrImageRecord);
    if (there && (equal_tag || !sw_str_is(p->tag)))
        return 0;
    if (!there && write_image(cx, p, &m, size, *ret_image, err) < 0)
        return -1;
    EcrTagRecord t = {.repository = name, .tag = p->tag, .digest = p->digest};
    if (sw_str_is(p->tag) && ecr_tags_put(cx->tx, ecr_key(cx->arena, name, ':', p->tag), &t, err) < 0)
        return -1;
    if (sw_str_is(p->repository->lifecycle_policy_text) && sw_wake(cx, &ecr_lifecycle, name, 0, err) < 0)
        return -1;
    return emit(cx, "PUSH", name, p->digest, p->tag, err);
}

/* Layers of a deleted image that no other image of the repository uses. */
static int drop_layers(SwCtx *cx, const EcrImageRecord *i, SwError *err) {
    for (size_t n = 0; n < i->blobs.n; n++) {
        int64_t users;
        EcrLayerRecord *l;
        SwDocQuery q = {.index = "by_blob", .equals = {i->repository, i->blobs.v[n]}, .limit = 1};
        if (ecr_images_count(cx->tx, &q, &users, err) < 0)
            return -1;
        if (users)
            continue;
        if (ecr_layer_find(cx, i->repository, i->blobs.v[n], &l, err) < 0 || (l && ecr_layer_remove(cx, l, err) < 0))
            return -1;
    }
    return 0;
}

int ecr_untag(SwCtx *cx, SwStr repository, SwStr tag, SwError *err) {
    return ecr_tags_delete(cx->tx, ecr_key(cx->arena, repository, ':', tag), NULL, err);
}

int ecr_image_delete(SwCtx *cx, const EcrImageRecord *i, bool force, bool *ret_held, SwError *err) {
    int64_t indexes = 0;
    SwStrList tags;
    SwDocQuery q = {.index = "by_child", .equals = {i->repository, i->digest}, .limit = 1};
    if (!force && ecr_images_count(cx->tx, &q, &indexes, err) < 0)
        return -1;
    *ret_held = indexes > 0;
    if (*ret_held)
        return 0;
    if (ecr_image_tags(cx, i->repository, i->digest, &tags, err) < 0)
        return -1;
    for (size_t n = 0; n < tags.n; n++)
        if (ecr_untag(cx, i->repository, tags.v[n], err) < 0 ||
            emit(cx, "DELETE", i->repository, i->digest, tags.v[n], err) < 0)
            return -1;
    if (!tags.n && emit(cx, "DELETE", i->repository, i->digest, SW_NO_STR, err) < 0)
        return -1;
    if (sw_blob_unref(cx->tx, ecr_digest_hex(i->digest), owner(cx, i->repository), err) < 0 ||
        ecr_images_delete(cx->tx, ecr_key(cx->arena, i->repository, '@', i->digest), NULL, err) < 0)
        return -1;
    return drop_layers(cx, i, err);
}

int ecr_image_pulled(SwCtx *cx, SwStr repository, SwStr digest, SwError *err) {
    EcrImageRecord *i;
    if (ecr_image_find(cx, repository, digest, &i, err) < 0)
        return -1;
    if (!i || sw_now(cx) - SW_OR(i->pulled_at, 0) < PULL_NOTED_EVERY)
        return 0;
    i->pulled_at = SW_SOME_TIME(sw_now(cx));
    return ecr_images_put(cx->tx, ecr_key(cx->arena, repository, '@', digest), i, err);
}
