/* SPDX-License-Identifier: Apache-2.0 */
/* The operations on images. */

#include "base/digest.h"
#include "services/ecr/ecr.h"

#define PAGE_DEFAULT 100

static EcrImageIdentifier *identifier(SwCtx *cx, SwStr digest, SwStr tag) {
    EcrImageIdentifier *i = sw_new(cx->arena, EcrImageIdentifier);
    *i = (EcrImageIdentifier){.image_digest = digest, .image_tag = tag};
    return i;
}

/* The manifest is written as a blob first; without a reference it would be collected. */
int ecr_put_image(SwCtx *cx, const EcrPutImageRequest *in, EcrPutImageResponse *out, SwError *err) {
    SwBlobInfo info;
    EcrRepositoryRecord *r;
    EcrImageRecord *image;
    if (sw_str_is(in->image_tag) && !ecr_is_tag(in->image_tag))
        return sw_fail(err, &ECR_INVALID_PARAMETER_EXCEPTION,
                       "Invalid parameter at 'imageTag' failed to satisfy constraint: 'must "
                       "satisfy regular expression '[a-zA-Z0-9_][a-zA-Z0-9-_.]{0,127}''");
    if (sw_blob_put(cx->host->blobs, cx->arena, in->image_manifest, &info, err) < 0)
        return -1;
    SwStr digest = sw_strf(cx->arena, "sha256:%.*s", SW_FMT(info.digest));
    if (sw_str_is(in->image_digest) && !sw_str_eq(in->image_digest, digest))
        return sw_fail(err, &ECR_IMAGE_DIGEST_DOES_NOT_MATCH_EXCEPTION,
                       "The calculated digest '%.*s' does not match the given digest '%.*s'", SW_FMT(digest),
                       SW_FMT(in->image_digest));
    if (ecr_repository_of(cx, in->registry_id, in->repository_name, &r, err) < 0)
        return -1;
    EcrPut p = {.repository = r,
                .manifest = in->image_manifest,
                .digest = digest,
                .declared_type = in->image_manifest_media_type,
                .tag = in->image_tag};
    if (ecr_image_put(cx, &p, &image, err) < 0)
        return -1;
    out->image = sw_new(cx->arena, EcrImage);
    *out->image = (EcrImage){
        .registry_id = cx->account,
        .repository_name = in->repository_name,
        .image_manifest = in->image_manifest,
        .image_manifest_media_type = image->media_type,
        .image_id = identifier(cx, digest, in->image_tag),
    };
    return 0;
}

static void fail_image(SwCtx *cx, EcrImageFailureList *to, const EcrImageIdentifier *id, SwStr code, SwStr reason) {
    EcrImageFailure *f = sw_list_add(cx->arena, to);
    *f = (EcrImageFailure){.image_id = identifier(cx, id->image_digest, id->image_tag),
                           .failure_code = code,
                           .failure_reason = reason};
}

/* *ret NULL: it was added to the failures. */
static int look_up(SwCtx *cx, SwStr repository, const EcrImageIdentifier *id, EcrImageFailureList *failures,
                   EcrImageRecord **ret, SwError *err) {
    *ret = NULL;
    if (!sw_str_is(id->image_digest) && !sw_str_is(id->image_tag)) {
        fail_image(cx, failures, id, ECR_IMAGE_FAILURE_CODE_MISSING_DIGEST_AND_TAG,
                   SW_STR("Invalid request parameters: both tag and digest cannot be null"));
        return 0;
    }
    if (sw_str_is(id->image_digest) && !ecr_is_digest(id->image_digest)) {
        fail_image(cx, failures, id, ECR_IMAGE_FAILURE_CODE_INVALID_IMAGE_DIGEST,
                   SW_STR("Invalid request parameters: image digest should satisfy the regex "
                          "'[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'"));
        return 0;
    }
    if (sw_str_is(id->image_tag) && !ecr_is_tag(id->image_tag)) {
        fail_image(cx, failures, id, ECR_IMAGE_FAILURE_CODE_INVALID_IMAGE_TAG,
                   SW_STR("Invalid request parameters: the image tag is not valid"));
        return 0;
    }
    if (ecr_image_find(cx, repository, sw_str_or(id->image_tag, id->image_digest), ret, err) < 0)
        return -1;
    if (!*ret) {
        fail_image(cx, failures, id, ECR_IMAGE_FAILURE_CODE_IMAGE_NOT_FOUND, SW_STR("Requested image not found"));
    } else if (sw_str_is(id->image_digest) && !sw_str_eq((*ret)->digest, id->image_digest)) {
        *ret = NULL;
        fail_image(cx, failures, id, ECR_IMAGE_FAILURE_CODE_IMAGE_TAG_DOES_NOT_MATCH_DIGEST,
                   sw_strf(cx->arena, "Image tag '%.*s' does not match digest '%.*s'", SW_FMT(id->image_tag),
                           SW_FMT(id->image_digest)));
    }
    return 0;
}

int ecr_batch_get_image(SwCtx *cx, const EcrBatchGetImageRequest *in, EcrBatchGetImageResponse *out, SwError *err) {
    EcrRepositoryRecord *r;
    EcrImageRecord *i;
    if (ecr_repository_of(cx, in->registry_id, in->repository_name, &r, err) < 0)
        return -1;
    sw_list_present(cx->arena, &out->images);
    sw_list_present(cx->arena, &out->failures);
    for (size_t n = 0; n < in->image_ids.n; n++) {
        const EcrImageIdentifier *id = &in->image_ids.v[n];
        SwStr text;
        if (look_up(cx, in->repository_name, id, &out->failures, &i, err) < 0)
            return -1;
        if (!i)
            continue;
        if (in->accepted_media_types.n && !ecr_accepts(in->accepted_media_types.v, in->accepted_media_types.n, i->media_type)) {
            fail_image(cx, &out->failures, id, ECR_IMAGE_FAILURE_CODE_IMAGE_NOT_FOUND,
                       SW_STR("The image has none of the accepted media types"));
            continue;
        }
        if (ecr_image_manifest(cx, i, &text, err) < 0)
            return -1;
        EcrImage *to = sw_list_add(cx->arena, &out->images);
        *to = (EcrImage){
            .registry_id = cx->account,
            .repository_name = in->repository_name,
            .image_manifest = text,
            .image_manifest_media_type = i->media_type,
            .image_id = identifier(cx, i->digest, id->image_tag),
        };
    }
    return 0;
}

/* By tag: the tag goes, and with its last one the image. */
static int delete_one(SwCtx *cx, SwStr repository, const EcrImageIdentifier *id, EcrBatchDeleteImageResponse *out,
                      SwError *err) {
    EcrImageRecord *i;
    SwStrList tags;
    bool held = false;
    if (look_up(cx, repository, id, &out->failures, &i, err) < 0)
        return -1;
    if (!i)
        return 0;
    if (ecr_image_tags(cx, repository, i->digest, &tags, err) < 0)
        return -1;
    bool only_tag = sw_str_is(id->image_tag) && tags.n > 1;
    if (only_tag ? ecr_untag(cx, repository, id->image_tag, err) < 0 : ecr_image_delete(cx, i, false, &held, err) < 0)
        return -1;
    if (held) {
        fail_image(cx, &out->failures, id, ECR_IMAGE_FAILURE_CODE_IMAGE_REFERENCED_BY_MANIFEST_LIST,
                   SW_STR("Requested image referenced by manifest list"));
        return 0;
    }
    if (only_tag || !tags.n) {
        *(EcrImageIdentifier *)sw_list_add(cx->arena, &out->image_ids) =
            (EcrImageIdentifier){.image_digest = i->digest, .image_tag = only_tag ? id->image_tag : SW_NO_STR};
        return 0;
    }
    for (size_t n = 0; n < tags.n; n++)
        *(EcrImageIdentifier *)sw_list_add(cx->arena, &out->image_ids) =
            (EcrImageIdentifier){.image_digest = i->digest, .image_tag = tags.v[n]};
    return 0;
}

int ecr_batch_delete_image(SwCtx *cx, const EcrBatchDeleteImageRequest *in, EcrBatchDeleteImageResponse *out, SwError *err) {
    EcrRepositoryRecord *r;
    if (ecr_repository_of(cx, in->registry_id, in->repository_name, &r, err) < 0)
        return -1;
    sw_list_present(cx->arena, &out->image_ids);
    sw_list_present(cx->arena, &out->failures);
    for (size_t n = 0; n < in->image_ids.n; n++)
        if (delete_one(cx, in->repository_name, &in->image_ids.v[n], out, err) < 0)
            return -1;
    return 0;
}

/* Nothing is ever archived here: a filter for other states finds none. */
static bool state_wanted(SwStr status) {
    return !sw_str_is(status) || sw_str_eqz(status, "ACTIVE") || sw_str_eqz(status, "ANY");
}

bool ecr_tags_wanted(SwStr status, size_t tags) {
    return !sw_str_is(status) || sw_str_eqz(status, "ANY") || sw_str_eqz(status, tags ? "TAGGED" : "UNTAGGED");
}

typedef struct ImagePage {
    SwCtx *cx;
    const EcrListImagesRequest *in;
    EcrImageIdentifierList *to;
    size_t limit, skip; /* skip: identifiers of the next image that an earlier page has shown */
    SwStr behind;       /* the cursor of the last image that is done with; absent: of none */
    SwStr next;         /* the place of the next page, once this one is full */
} ImagePage;

static int add_identifiers(ImagePage *p, const EcrImageRecord *image, SwError *err) {
    const EcrListImagesFilter *f = p->in->filter;
    SwStrList tags;
    if (ecr_image_tags(p->cx, image->repository, image->digest, &tags, err) < 0)
        return -1;
    if (f && (!state_wanted(f->image_status) || !ecr_tags_wanted(f->tag_status, tags.n)))
        return 0;
    for (size_t n = p->skip; n < SW_MAX(tags.n, (size_t)1); n++) {
        if (p->to->n == p->limit) {
            p->next = sw_strf(p->cx->arena, "%zu:%.*s", n, SW_FMT(p->behind));
            return 0;
        }
        *sw_list_add(p->cx->arena, p->to) =
            (EcrImageIdentifier){.image_digest = image->digest, .image_tag = tags.n ? tags.v[n] : SW_NO_STR};
    }
    return 0;
}

static int read_place(ImagePage *p, SwError *err) {
    SwStr shown;
    uint64_t skip = 0;
    if (sw_page_place(p->cx, NULL, &p->behind, err) < 0)
        return -1;
    if (p->behind.p && (!sw_str_cut(&p->behind, ':', &shown) || !sw_str_to_u64(shown, &skip)))
        return sw_page_bad_token(p->cx, NULL, err);
    p->skip = (size_t)skip;
    p->behind = p->behind.n ? p->behind : SW_NO_STR;
    return 0;
}

/* A page is of identifiers, and an image has one a tag: so a place is "SHOWN:CURSOR", the cursor of the last image that is
 * done with, and how many identifiers of the one behind it were shown. */
int ecr_list_images(SwCtx *cx, const EcrListImagesRequest *in, EcrListImagesResponse *out, SwError *err) {
    ImagePage p = {.cx = cx, .in = in, .to = &out->image_ids};
    EcrRepositoryRecord *r;
    EcrImageRecords l;
    if (ecr_repository_of(cx, in->registry_id, in->repository_name, &r, err) < 0 ||
        sw_page_limit(cx, PAGE_DEFAULT, 0, &p.limit, err) < 0 || read_place(&p, err) < 0)
        return -1;
    sw_list_present(cx->arena, &out->image_ids);
    SwDocQuery q = {
        .index = "by_repository", .equals = {in->repository_name}, .after = p.behind, .limit = 100, .cursors = true};
    do {
        if (ecr_images_list(cx->tx, &q, &l, err) < 0)
            return -1;
        for (size_t i = 0; i < l.n && !p.next.p; i++) {
            if (add_identifiers(&p, l.v[i].record, err) < 0)
                return -1;
            p.behind = l.v[i].cursor;
            p.skip = 0;
        }
        q.after = l.next;
    } while (l.next.p && !p.next.p);
    sw_page_next(cx, out, p.next);
    return 0;
}

static int show_detail(SwCtx *cx, const EcrImageRecord *i, EcrImageDetail *d, SwError *err) {
    SwStrList tags;
    if (ecr_image_tags(cx, i->repository, i->digest, &tags, err) < 0)
        return -1;
    *d = (EcrImageDetail){
        .registry_id = cx->account,
        .repository_name = i->repository,
        .image_digest = i->digest,
        .image_size_in_bytes = i->size,
        .image_pushed_at = i->pushed_at,
        .image_manifest_media_type = i->media_type,
        .artifact_media_type = i->artifact_type,
        .last_recorded_pull_time = i->pulled_at,
        .subject_manifest_digest = i->subject,
        .image_status = SW_STR("ACTIVE"),
    };
    d->image_tags.v = tags.v;
    d->image_tags.n = tags.n;
    return 0;
}

static int describe_named(SwCtx *cx, const EcrDescribeImagesRequest *in, EcrDescribeImagesResponse *out, SwError *err) {
    for (size_t n = 0; n < in->image_ids.n; n++) {
        EcrImageFailureList failures = {0};
        EcrImageRecord *i;
        const EcrImageIdentifier *id = &in->image_ids.v[n];
        if (look_up(cx, in->repository_name, id, &failures, &i, err) < 0)
            return -1;
        if (failures.n && !sw_str_eq(failures.v[0].failure_code, ECR_IMAGE_FAILURE_CODE_IMAGE_NOT_FOUND))
            return sw_fail(err, &ECR_INVALID_PARAMETER_EXCEPTION, "%.*s", SW_FMT(failures.v[0].failure_reason));
        if (!i)
            return sw_fail(err, &ECR_IMAGE_NOT_FOUND_EXCEPTION,
                           "The image with imageId {imageDigest:'%.*s', imageTag:'%.*s'} does not exist "
                           "within the repository with name '%.*s' in the registry with id '%.*s'",
                           SW_FMT(sw_str_or(id->image_digest, SW_STR("null"))),
                           SW_FMT(sw_str_or(id->image_tag, SW_STR("null"))), SW_FMT(in->repository_name), SW_FMT(cx->account));
        if (show_detail(cx, i, sw_list_add(cx->arena, &out->image_details), err) < 0)
            return -1;
    }
    return 0;
}

static int passes(SwCtx *cx, const void *arg, const SwDocRow *row, bool *ret_wanted, SwError *err) {
    const EcrDescribeImagesFilter *f = arg;
    const EcrImageRecord *i = ecr_images_row(row);
    SwStrList tags;
    if (ecr_image_tags(cx, i->repository, i->digest, &tags, err) < 0)
        return -1;
    *ret_wanted = state_wanted(f->image_status) && ecr_tags_wanted(f->tag_status, tags.n);
    return 0;
}

static int show_row(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    return show_detail(cx, ecr_images_row(row), to, err);
}

int ecr_describe_images(SwCtx *cx, const EcrDescribeImagesRequest *in, EcrDescribeImagesResponse *out, SwError *err) {
    EcrRepositoryRecord *r;
    if (ecr_repository_of(cx, in->registry_id, in->repository_name, &r, err) < 0)
        return -1;
    sw_list_present(cx->arena, &out->image_details);
    if (in->image_ids.n) {
        if (in->filter || in->max_results.set || sw_str_is(in->next_token))
            return sw_fail(err, &ECR_INVALID_PARAMETER_EXCEPTION,
                           "Invalid parameter: imageIds cannot be used with filter, maxResults or nextToken");
        return describe_named(cx, in, out, err);
    }
    SwDocQuery q = {.index = "by_repository", .equals = {in->repository_name}};
    return sw_page(cx,
                   &(SwPage){.of = &ecr_images,
                             .q = q,
                             .want = in->filter ? passes : NULL,
                             .show = show_row,
                             .arg = in->filter,
                             .usual = PAGE_DEFAULT},
                   out, err);
}
