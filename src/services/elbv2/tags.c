/* SPDX-License-Identifier: Apache-2.0 */
/* Tags shown, of several resources at once. */

#include "services/elbv2/elbv2.h"

int elbv2_describe_tags(SwCtx *cx, const Elbv2DescribeTagsInput *in, Elbv2DescribeTagsOutput *out, SwError *err) {
    const SwResource *const *among = elbv2_declarations.resource;
    sw_list_present(cx->arena, &out->tag_descriptions);
    if (sw_op_check_arns(cx, among, in->resource_arns, err) < 0)
        return -1;
    for (size_t i = 0; i < in->resource_arns.n; i++) {
        SwStrMap *tags;
        if (sw_op_tags(cx, among, in->resource_arns.v[i], &tags, err) < 0)
            return -1;
        Elbv2TagDescription *d = sw_list_add(cx->arena, &out->tag_descriptions);
        d->resource_arn = in->resource_arns.v[i];
        *SW_TAGS(&d->tags) = *tags;
        sw_list_present(cx->arena, &d->tags);
    }
    return 0;
}
