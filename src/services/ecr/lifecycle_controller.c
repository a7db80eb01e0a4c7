/* SPDX-License-Identifier: Apache-2.0 */
/* Lifecycle policies at work. A policy is evaluated when it is put, after each push, when age makes
 * the next image go, and once a day. The whole evaluation is one transaction: nothing outside the
 * store is touched.
 *
 *   put policy / push --> step: mark (lifecycle.c) -> delete marked images -> again at the next
 * age, at most a day on */

#include "services/ecr/ecr.h"

int ecr_images_aged(SwCtx *cx, SwStr repository, EcrAgedList *ret, SwError *err) {
    EcrImageRecords l;
    *ret = (EcrAgedList){0};
    if (ecr_images_of(cx, repository, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++) {
        const EcrImageRecord *r = l.v[i].record;
        EcrAged *image = sw_list_add(cx->arena, ret);
        *image = (EcrAged){.digest = r->digest, .pushed = r->pushed_at.v};
        if (ecr_image_tags(cx, r->repository, r->digest, &image->tags, err) < 0)
            return -1;
    }
    return 0;
}

/* Indexes before their images: an image that an index names stays until the index is gone. */
static int expire(SwCtx *cx, SwStr repository, const EcrAgedList *images, SwError *err) {
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < images->n; i++) {
            EcrImageRecord *r;
            bool held;
            if (!images->v[i].rule)
                continue;
            if (ecr_image_find(cx, repository, images->v[i].digest, &r, err) < 0)
                return -1;
            if (r && (r->children.n > 0) == (round == 0) && ecr_image_delete(cx, r, false, &held, err) < 0)
                return -1;
        }
    return 0;
}

static int step_repository(SwCtx *cx, SwStr id, SwStep *step, SwError *err) {
    EcrRepositoryRecord *r = NULL;
    EcrAgedList images;
    EcrRules *rules;
    SwTime next;
    if (ecr_repositories_find(cx->tx, id, &r, err) < 0)
        return -1;
    if (!r || !sw_str_is(r->lifecycle_policy_text))
        return 0;
    if (ecr_rules_parse(cx->arena, r->lifecycle_policy_text, &rules, err) < 0 || ecr_images_aged(cx, id, &images, err) < 0)
        return -1;
    ecr_rules_apply(cx->arena, rules, &images, sw_now(cx), &next);
    if (expire(cx, id, &images, err) < 0)
        return -1;
    r->lifecycle_evaluated_at = SW_SOME_TIME(sw_now(cx));
    step->again = SW_MIN(next, sw_now(cx) + SW_DAY);
    return ecr_repositories_put(cx->tx, id, r, err);
}

const SwController ecr_lifecycle = {
    .name = "ecr/lifecycle",
    .kind = SW_STEP_STORE,
    .step = step_repository,
    .parallel = 1,
    .unfailing = "images stay that would have expired; a repository has no state that could say so",
};
