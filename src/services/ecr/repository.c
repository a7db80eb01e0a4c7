/* SPDX-License-Identifier: Apache-2.0 */
/* Repositories: create, describe, delete; their policies, settings and tags. */

#include "api/operation.h"
#include "policy/policy.h"
#include "services/ecr/ecr.h"

#define PAGE_DEFAULT 100

int ecr_repository_of(SwCtx *cx, SwStr registry_id, SwStr name, EcrRepositoryRecord **ret, SwError *err) {
    const SwResource *r = &ecr_repository_resource;
    if (!sw_str_is(registry_id) || sw_str_eq(registry_id, cx->account))
        return ecr_repository_get(cx, name, ret, err);
    SwParts p = {.v = {name}, .account = registry_id};
    return sw_resource_fail(cx, r, &r->missing, sw_resource_write(cx, r, r->arn[0], &p), err);
}

static int put(SwCtx *cx, EcrRepositoryRecord *r, SwError *err) {
    return ecr_repository_put(cx, r->repository->repository_name, r, err);
}

/* The URI is that of this server as it listens now, so it is made for each reply. */
static EcrRepository *shown(SwCtx *cx, const EcrRepositoryRecord *r) {
    EcrRepository *s = sw_new(cx->arena, EcrRepository);
    *s = *r->repository;
    s->repository_uri = sw_strf(cx->arena, "%.*s/%.*s", SW_FMT(cx->host->registry), SW_FMT(s->repository_name));
    return s;
}

bool ecr_tag_is_immutable(const EcrRepository *r, SwStr tag) {
    SwStr m = r->image_tag_mutability;
    bool excluded = false;
    for (size_t i = 0; i < r->image_tag_mutability_exclusion_filters.n; i++)
        excluded |= sw_str_glob(r->image_tag_mutability_exclusion_filters.v[i].filter, tag);
    if (sw_str_eq(m, ECR_IMAGE_TAG_MUTABILITY_IMMUTABLE))
        return true;
    if (sw_str_eq(m, ECR_IMAGE_TAG_MUTABILITY_IMMUTABLE_WITH_EXCLUSION))
        return !excluded;
    return sw_str_eq(m, ECR_IMAGE_TAG_MUTABILITY_MUTABLE_WITH_EXCLUSION) && excluded;
}

static int check_mutability(SwStr mutability, size_t n_filters, SwError *err) {
    bool with = sw_str_ends(mutability, SW_STR("_WITH_EXCLUSION"));
    if (with != (n_filters > 0))
        return sw_fail(err, &ECR_INVALID_PARAMETER_EXCEPTION,
                       "Invalid parameter at 'imageTagMutabilityExclusionFilters' failed to "
                       "satisfy constraint: 'exclusion filters go with IMMUTABLE_WITH_EXCLUSION "
                       "and MUTABLE_WITH_EXCLUSION, and only with these'");
    return 0;
}

/* ---- create, describe, delete ---- */

int ecr_create_repository(SwCtx *cx, const EcrCreateRepositoryRequest *in, EcrCreateRepositoryResponse *out, SwError *err) {
    SwArena *a = cx->arena;
    if (sw_str_is(in->registry_id) && !sw_str_eq(in->registry_id, cx->account))
        return sw_refuse_field(err, &ECR_INVALID_PARAMETER_EXCEPTION, "registryId",
                               "repositories are made in the caller's own registry only");
    SwStr mutability = sw_str_or(in->image_tag_mutability, ECR_IMAGE_TAG_MUTABILITY_MUTABLE);
    if (check_mutability(mutability, in->image_tag_mutability_exclusion_filters.n, err) < 0)
        return -1;
    EcrRepositoryRecord r = {.repository = sw_new(a, EcrRepository)};
    EcrRepository *s = r.repository;
    s->repository_name = in->repository_name;
    s->repository_arn = ecr_repository_arn(cx, in->repository_name);
    s->registry_id = cx->account;
    s->created_at = SW_SOME_TIME(sw_now(cx));
    s->image_tag_mutability = mutability;
    s->image_tag_mutability_exclusion_filters = in->image_tag_mutability_exclusion_filters;
    s->image_scanning_configuration = sw_new(a, EcrImageScanningConfiguration);
    s->image_scanning_configuration->scan_on_push = SW_SOME_BOOL(false);
    s->encryption_configuration = sw_new(a, EcrEncryptionConfiguration);
    s->encryption_configuration->encryption_type = SW_STR("AES256");
    if (ecr_repository_set_tags(cx, in->repository_name, &r, SW_GIVEN_TAGS(&in->tags), err) < 0 ||
        ecr_repository_insert(cx, in->repository_name, &r, err) < 0)
        return -1;
    out->repository = shown(cx, &r);
    return 0;
}

static int show_repository(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    *(EcrRepository *)to = *shown(cx, ecr_repositories_row(row));
    return 0;
}

int ecr_describe_repositories(SwCtx *cx, const EcrDescribeRepositoriesRequest *in, EcrDescribeRepositoriesResponse *out,
                              SwError *err) {
    sw_list_present(cx->arena, &out->repositories);
    if (in->repository_names.n && (in->max_results.set || sw_str_is(in->next_token)))
        return sw_fail(err, &ECR_INVALID_PARAMETER_EXCEPTION,
                       "Invalid parameter: repositoryNames cannot be used with maxResults or nextToken");
    for (size_t i = 0; i < in->repository_names.n; i++) {
        EcrRepositoryRecord *r;
        if (ecr_repository_of(cx, in->registry_id, in->repository_names.v[i], &r, err) < 0)
            return -1;
        *(EcrRepository *)sw_list_add(cx->arena, &out->repositories) = *shown(cx, r);
    }
    if (in->repository_names.n || (sw_str_is(in->registry_id) && !sw_str_eq(in->registry_id, cx->account)))
        return 0;
    return sw_page(cx, &(SwPage){.of = &ecr_repositories, .show = show_repository, .usual = PAGE_DEFAULT}, out, err);
}

/* Uploads that go on find their repository gone and expire by themselves. */
static int delete_contents(SwCtx *cx, SwStr name, const EcrImageRecords *images, SwError *err) {
    EcrLayerRecords layers;
    SwDocQuery q = {.index = "by_repository", .equals = {name}};
    bool held;
    for (size_t i = 0; i < images->n; i++)
        if (ecr_image_delete(cx, images->v[i].record, true, &held, err) < 0)
            return -1;
    if (ecr_layers_list(cx->tx, &q, &layers, err) < 0)
        return -1;
    for (size_t i = 0; i < layers.n; i++)
        if (ecr_layer_remove(cx, layers.v[i].record, err) < 0)
            return -1;
    return ecr_previews_delete(cx->tx, name, NULL, err);
}

int ecr_delete_repository(SwCtx *cx, const EcrDeleteRepositoryRequest *in, EcrDeleteRepositoryResponse *out, SwError *err) {
    EcrRepositoryRecord *r;
    EcrImageRecords images;
    if (ecr_repository_of(cx, in->registry_id, in->repository_name, &r, err) < 0 ||
        ecr_images_of(cx, in->repository_name, &images, err) < 0)
        return -1;
    if (images.n && !SW_OR(in->force, false))
        return sw_fail(err, &ECR_REPOSITORY_NOT_EMPTY_EXCEPTION,
                       "The repository with name '%.*s' in registry with id '%.*s' cannot be "
                       "deleted because it still contains images",
                       SW_FMT(in->repository_name), SW_FMT(cx->account));
    if (delete_contents(cx, in->repository_name, &images, err) < 0)
        return -1;
    out->repository = shown(cx, r);
    return ecr_repository_delete(cx, in->repository_name, err);
}

/* ---- settings ---- */

int ecr_put_image_tag_mutability(SwCtx *cx, const EcrPutImageTagMutabilityRequest *in, EcrPutImageTagMutabilityResponse *out,
                                 SwError *err) {
    EcrRepositoryRecord *r;
    if (check_mutability(in->image_tag_mutability, in->image_tag_mutability_exclusion_filters.n, err) < 0 ||
        ecr_repository_of(cx, in->registry_id, in->repository_name, &r, err) < 0)
        return -1;
    r->repository->image_tag_mutability = in->image_tag_mutability;
    r->repository->image_tag_mutability_exclusion_filters = in->image_tag_mutability_exclusion_filters;
    *out = (EcrPutImageTagMutabilityResponse){
        .registry_id = cx->account,
        .repository_name = in->repository_name,
        .image_tag_mutability = in->image_tag_mutability,
        .image_tag_mutability_exclusion_filters = in->image_tag_mutability_exclusion_filters,
    };
    return put(cx, r, err);
}

/* That nothing is scanned is all that can be asked for (models/members/ecr.json). */
int ecr_put_image_scanning_configuration(SwCtx *cx, const EcrPutImageScanningConfigurationRequest *in,
                                         EcrPutImageScanningConfigurationResponse *out, SwError *err) {
    EcrRepositoryRecord *r;
    if (ecr_repository_of(cx, in->registry_id, in->repository_name, &r, err) < 0)
        return -1;
    *out = (EcrPutImageScanningConfigurationResponse){
        .registry_id = cx->account,
        .repository_name = in->repository_name,
        .image_scanning_configuration = r->repository->image_scanning_configuration,
    };
    return 0;
}

/* ---- policies: evaluated by IAM where the server is strict ---- */

static int valid_policy(SwCtx *cx, const void *input, SwError *err) {
    const EcrSetRepositoryPolicyRequest *in = input;
    const SwPolicy *p;
    SwError why = sw_error(cx->arena);
    if (sw_policy_parse(cx->arena, in->policy_text, SW_POLICY_REPOSITORY, &p, &why) < 0)
        return sw_fail(err, &ECR_INVALID_PARAMETER_EXCEPTION,
                       "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid "
                       "repository policy provided'");
    return 0;
}

/* The policy is in place, in the transaction: may the caller still replace it? */
static int check_lockout(SwCtx *cx, const SwFound *f, const void *input, SwError *err) {
    const EcrSetRepositoryPolicyRequest *in = input;
    SwError why = sw_error(cx->arena);
    if (!in || SW_OR(in->force, false) || ecr_may(cx, "ecr:SetRepositoryPolicy", in->repository_name, &why))
        return 0;
    return sw_refuse_field(err, &ECR_INVALID_PARAMETER_EXCEPTION, "policyText",
                           "the policy would keep the caller from setting another one; `force` "
                           "sets it all the same");
}

const SwSettingHooks ecr_repository_policy_setting = {.valid = valid_policy, .changed = check_lockout};

/* Inputs of settings name the registry, too. */
static int of_setting(SwCtx *cx, const void *in, SwFound *ret, SwError *err) {
    EcrRepositoryRecord *r;
    ret->id = sw_operation_text(cx->op, in, "repositoryName");
    if (ecr_repository_of(cx, sw_operation_text(cx->op, in, "registryId"), ret->id, &r, err) < 0)
        return -1;
    ret->record = r;
    return 0;
}

const SwResourceHooks ecr_repository_hooks = {.of_setting = of_setting};

int ecr_describe_registry(SwCtx *cx, const EcrDescribeRegistryRequest *in, EcrDescribeRegistryResponse *out, SwError *err) {
    out->registry_id = cx->account;
    out->replication_configuration = sw_new(cx->arena, EcrReplicationConfiguration);
    sw_list_present(cx->arena, &out->replication_configuration->rules);
    return 0;
}
