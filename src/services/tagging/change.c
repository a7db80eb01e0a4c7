/* SPDX-License-Identifier: Apache-2.0 */
/* TagResources and UntagResources: by the operations of the services that the resources are of, with their limits, events
 * and permissions. What one of them refuses is told of its ARN alone. AWS: Resource Groups Tagging API. */

#include "services/tagging/tagging.h"

/* Record or not: whether it is there is for its service to say. */
static int find(SwCtx *cx, SwStr arn, SwFound *ret, SwError *err) {
    if (sw_resource_by_arn(cx, arn, ret, err) < 0)
        return -1;
    for (const SwResource *const *r = sw_resource_all(cx->host); *r && !ret->r; r++) {
        SwParts p;
        if ((*r)->tag_rules && sw_resource_read_arn(cx, *r, arn, &p))
            *ret = (SwFound){.r = *r, .id = sw_resource_id(cx, *r, arn)};
    }
    if (!ret->r || !ret->id.p || !ret->r->tag_rules)
        return sw_fail(err, &TAGGING_INVALID_PARAMETER_EXCEPTION, "%.*s is not the ARN of a resource that can be tagged.",
                       SW_FMT(arn));
    return 0;
}

static int change(SwCtx *cx, SwStr arn, const SwStrMap *tags, const SwStrList *keys, SwError *err) {
    SwFound f;
    if (find(cx, arn, &f, err) < 0)
        return -1;
    return tags ? sw_resource_call_tag(cx, &f, tags, err) : sw_resource_call_untag(cx, &f, keys, err);
}

static void change_all(SwCtx *cx, const SwStrList *arns, const SwStrMap *tags, const SwStrList *keys, void *out) {
    const SwMember *m = sw_shape_member(cx->op->output, SW_STR("FailedResourcesMap"));
    TaggingFailureInfoMap *failed = sw_member_make(cx->arena, m, out); /* there, though empty */
    for (size_t i = 0; i < arns->n; i++) {
        SwError err = sw_error(cx->arena);
        if (change(cx, arns->v[i], tags, keys, &err) == 0)
            continue;
        *sw_list_add(cx->arena, failed) = (TaggingFailureInfoMapEntry){
            .key = arns->v[i],
            .value = {.status_code = SW_SOME_INT(err.kind->http),
                      .error_code = sw_str(err.kind->code),
                      .error_message = sw_str(err.message)},
        };
    }
}

int tagging_tag_resources(SwCtx *cx, const TaggingTagResourcesInput *in, TaggingTagResourcesOutput *out, SwError *err) {
    change_all(cx, &in->resource_arn_list, &in->tags, NULL, out);
    return 0;
}

int tagging_untag_resources(SwCtx *cx, const TaggingUntagResourcesInput *in, TaggingUntagResourcesOutput *out, SwError *err) {
    change_all(cx, &in->resource_arn_list, NULL, &in->tag_keys, out);
    return 0;
}
