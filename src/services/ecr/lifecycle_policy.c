/* SPDX-License-Identifier: Apache-2.0 */
/* The operations on lifecycle policies. A preview is what the rules would do now: it is made whole
 * when it is asked for, and kept until the next one. */

#include "services/ecr/ecr.h"

#define PAGE_DEFAULT 100

static int valid(SwCtx *cx, const void *input, SwError *err) {
    const EcrPutLifecyclePolicyRequest *in = input;
    EcrRules *rules;
    return ecr_rules_parse(cx->arena, in->lifecycle_policy_text, &rules, err);
}

static void taken(SwCtx *cx, const SwFound *f) {
    ecr_repository_found(f)->lifecycle_evaluated_at = (SwOptTime){0};
}

static int changed(SwCtx *cx, const SwFound *f, const void *in, SwError *err) {
    return in ? sw_wake(cx, &ecr_lifecycle, f->id, 0, err) : 0;
}

const SwSettingHooks ecr_repository_lifecycle_policy_setting = {.valid = valid, .taken = taken, .changed = changed};

/* ---- preview ---- */

int ecr_start_lifecycle_policy_preview(SwCtx *cx, const EcrStartLifecyclePolicyPreviewRequest *in,
                                       EcrStartLifecyclePolicyPreviewResponse *out, SwError *err) {
    EcrRepositoryRecord *r;
    EcrRules *rules;
    EcrAgedList images;
    SwTime ignored;
    EcrPreviewRecord p = {0};
    if (ecr_repository_of(cx, in->registry_id, in->repository_name, &r, err) < 0)
        return -1;
    p.lifecycle_policy_text = sw_str_or(in->lifecycle_policy_text, r->lifecycle_policy_text);
    if (!sw_str_is(p.lifecycle_policy_text))
        return sw_resource_fail(cx, &ecr_repository_resource,
                                &ecr_repository_resource.settings[ECR_REPOSITORY_SETTING_LIFECYCLE_POLICY].none,
                                in->repository_name, err);
    if (ecr_rules_parse(cx->arena, p.lifecycle_policy_text, &rules, err) < 0 ||
        ecr_images_aged(cx, in->repository_name, &images, err) < 0)
        return -1;
    ecr_rules_apply(cx->arena, rules, &images, sw_now(cx), &ignored);
    for (size_t i = 0; i < images.n; i++) {
        const EcrAged *image = &images.v[i];
        if (!image->rule)
            continue;
        EcrLifecyclePolicyPreviewResult *to = sw_list_add(cx->arena, &p.preview_results);
        *to = (EcrLifecyclePolicyPreviewResult){
            .image_digest = image->digest,
            .image_pushed_at = SW_SOME_TIME(image->pushed),
            .action = sw_new(cx->arena, EcrLifecyclePolicyRuleAction),
            .applied_rule_priority = SW_SOME_INT(image->rule),
        };
        to->action->type = ECR_IMAGE_ACTION_TYPE_EXPIRE;
        to->image_tags.v = image->tags.v;
        to->image_tags.n = image->tags.n;
    }
    *out = (EcrStartLifecyclePolicyPreviewResponse){
        .registry_id = cx->account,
        .repository_name = in->repository_name,
        .lifecycle_policy_text = p.lifecycle_policy_text,
        .status = ECR_LIFECYCLE_POLICY_PREVIEW_STATUS_COMPLETE,
    };
    return ecr_previews_put(cx->tx, in->repository_name, &p, err);
}

static bool has_tag(const EcrLifecyclePolicyPreviewResult *r, SwStr tag) {
    for (size_t i = 0; i < r->image_tags.n; i++)
        if (sw_str_eq(r->image_tags.v[i], tag))
            return true;
    return false;
}

/* By the request's filter, or by its list of images. */
static int is_wanted(SwCtx *cx, const void *arg, const SwDocRow *row, bool *ret_wanted, SwError *err) {
    const EcrGetLifecyclePolicyPreviewRequest *in = arg;
    const EcrLifecyclePolicyPreviewResult *r = row->record;
    bool passes = !in->filter || ecr_tags_wanted(in->filter->tag_status, r->image_tags.n);
    bool named = in->image_ids.n == 0;
    for (size_t i = 0; i < in->image_ids.n && !named; i++) {
        const EcrImageIdentifier *id = &in->image_ids.v[i];
        named = (!sw_str_is(id->image_digest) || sw_str_eq(id->image_digest, r->image_digest)) &&
                (!sw_str_is(id->image_tag) || has_tag(r, id->image_tag));
    }
    *ret_wanted = passes && named;
    return 0;
}

/* The kept list never changes, so a result's place is its number. Those that are named are one page. */
static int show_page(SwCtx *cx, const EcrGetLifecyclePolicyPreviewRequest *in, const EcrPreviewRecord *p,
                     EcrGetLifecyclePolicyPreviewResponse *out, SwError *err) {
    SwPageItems items = {0};
    for (size_t i = 0; i < p->preview_results.n; i++)
        *sw_list_add(cx->arena, &items) = (SwPageItem){sw_index_number(cx->arena, (int64_t)i), &p->preview_results.v[i]};
    return sw_page(
        cx, &(SwPage){.items = items, .want = is_wanted, .arg = in, .usual = in->image_ids.n ? SW_PAGE_MOST : PAGE_DEFAULT},
        out, err);
}

int ecr_get_lifecycle_policy_preview(SwCtx *cx, const EcrGetLifecyclePolicyPreviewRequest *in,
                                     EcrGetLifecyclePolicyPreviewResponse *out, SwError *err) {
    EcrRepositoryRecord *r;
    EcrPreviewRecord *p = NULL;
    if (in->image_ids.n && (in->filter || in->max_results.set || sw_str_is(in->next_token)))
        return sw_fail(err, &ECR_INVALID_PARAMETER_EXCEPTION,
                       "Invalid parameter: imageIds cannot be used with filter, maxResults or nextToken");
    if (ecr_repository_of(cx, in->registry_id, in->repository_name, &r, err) < 0 ||
        ecr_previews_find(cx->tx, in->repository_name, &p, err) < 0)
        return -1;
    if (!p)
        return sw_fail(err, &ECR_LIFECYCLE_POLICY_PREVIEW_NOT_FOUND_EXCEPTION,
                       "Lifecycle policy preview does not exist for the repository with name "
                       "'%.*s' in the registry with id '%.*s'",
                       SW_FMT(in->repository_name), SW_FMT(cx->account));
    *out = (EcrGetLifecyclePolicyPreviewResponse){
        .registry_id = cx->account,
        .repository_name = in->repository_name,
        .lifecycle_policy_text = p->lifecycle_policy_text,
        .status = ECR_LIFECYCLE_POLICY_PREVIEW_STATUS_COMPLETE,
        .summary = sw_new(cx->arena, EcrLifecyclePolicyPreviewSummary),
    };
    out->summary->expiring_image_total_count = SW_SOME_INT((int64_t)p->preview_results.n);
    sw_list_present(cx->arena, &out->preview_results);
    return show_page(cx, in, p, out, err);
}
