/* SPDX-License-Identifier: Apache-2.0 */
/* Pages. IAM's lists are short and sorted by id; a marker holds the last id that was shown, so that what is deleted
 * between two pages shifts nothing. */

#include "services/iam/iam.h"

#define PAGE_DEFAULT 100

int iam_page(SwCtx *cx, SwStr marker, SwOptInt max_items, const SwStr *ids, size_t n, IamPage *ret_p, SwError *err) {
    *ret_p = (IamPage){0};
    if (sw_str_is(marker)) {
        SwStr last;
        if (!sw_page_token_read(cx->arena, cx->op->name, marker, &last))
            return sw_fail(err, &SW_VALIDATION_ERROR, "Invalid Marker.");
        while (ret_p->from < n && sw_str_cmp(ids[ret_p->from], last) <= 0)
            ret_p->from++;
    }
    size_t max = (size_t)SW_OR(max_items, PAGE_DEFAULT);
    ret_p->to = SW_MIN(n, ret_p->from + max);
    ret_p->truncated = SW_SOME_BOOL(ret_p->to < n);
    if (ret_p->to < n)
        ret_p->marker = sw_page_token(cx->arena, cx->op->name, ids[ret_p->to - 1]);
    return 0;
}
