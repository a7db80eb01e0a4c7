/* SPDX-License-Identifier: Apache-2.0 */
/* GetTagKeys and GetTagValues: what tags there are, in their order. AWS: Resource Groups Tagging API. */

#include "services/tagging/tagging.h"

#define PAGE 1000

/* The first texts behind `behind`, one more than a page has. */
typedef struct First {
    SwArena *arena;
    SwStr behind, key; /* key absent: keys are meant, else its values */
    SwStr *v;          /* PAGE + 1 */
    size_t n;
} First;

static void consider(First *l, SwStr text) {
    size_t from = 0, to = l->n;
    if (l->behind.p && sw_str_cmp(text, l->behind) <= 0)
        return;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        int c = sw_str_cmp(l->v[mid], text);
        if (c == 0)
            return;
        from = c < 0 ? mid + 1 : from;
        to = c < 0 ? to : mid;
    }
    if (from > PAGE)
        return;
    l->n = SW_MIN(l->n + 1, (size_t)PAGE + 1);
    memmove(&l->v[from + 1], &l->v[from], (l->n - 1 - from) * sizeof(*l->v));
    l->v[from] = sw_str_dup(l->arena, text);
}

static bool is_taggable(const SwResource *r, const void *arg) {
    return r->tag_rules != NULL;
}

static int visit(SwCtx *cx, const SwFound *f, SwStr arn, void *arg, SwError *err) {
    First *l = arg;
    const SwStrMap *tags = sw_resource_tags(cx, f);
    for (size_t i = 0; i < tags->n; i++)
        if (!l->key.p)
            consider(l, tags->v[i].key);
        else if (sw_str_eq(tags->v[i].key, l->key))
            consider(l, tags->v[i].value);
    return 0;
}

static int list(SwCtx *cx, SwStr key, SwStrList *ret, void *out, SwError *err) {
    First l = {.arena = cx->arena, .key = key, .v = sw_new_n(cx->arena, SwStr, PAGE + 1)};
    if (sw_page_place(cx, NULL, &l.behind, err) < 0 ||
        sw_resource_each(cx, &(SwResourceWalk){is_taggable, visit, &l, SW_NO_STR}, err) < 0)
        return -1;
    (void)sw_member_make(cx->arena, cx->op->page->result[0], out);
    for (size_t i = 0; i < l.n && i < PAGE; i++)
        sw_str_list_add(cx->arena, ret, l.v[i]);
    if (l.n > PAGE)
        sw_page_next(cx, out, l.v[PAGE - 1]);
    return 0;
}

int tagging_get_tag_keys(SwCtx *cx, const TaggingGetTagKeysInput *in, TaggingGetTagKeysOutput *out, SwError *err) {
    out->pagination_token = SW_STR("");
    return list(cx, SW_NO_STR, &out->tag_keys, out, err);
}

int tagging_get_tag_values(SwCtx *cx, const TaggingGetTagValuesInput *in, TaggingGetTagValuesOutput *out, SwError *err) {
    out->pagination_token = SW_STR("");
    return list(cx, in->key, &out->tag_values, out, err);
}
