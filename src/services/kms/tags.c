/* SPDX-License-Identifier: Apache-2.0 */
/* Tags: KMS calls a tag's members by names of its own. */

#include "services/kms/kms.h"

static int to_tag(SwCtx *cx, SwStr id, KmsKeyRecord **ret_k, SwError *err) {
    return kms_key_to_change(cx, id, ret_k, err) < 0 ? -1 : kms_check_not_pending(cx, *ret_k, err);
}

int kms_tag_resource(SwCtx *cx, const KmsTagResourceRequest *in, void *out, SwError *err) {
    KmsKeyRecord *k;
    if (to_tag(cx, in->key_id, &k, err) < 0 || kms_key_set_tags(cx, k->key_id, k, KMS_GIVEN_TAGS(&in->tags), err) < 0)
        return -1;
    return kms_key_save(cx, k, err);
}

int kms_untag_resource(SwCtx *cx, const KmsUntagResourceRequest *in, void *out, SwError *err) {
    KmsKeyRecord *k;
    const SwTagRules *rules = kms_key_resource.tag_rules;
    if (to_tag(cx, in->key_id, &k, err) < 0 || sw_tags_check_keys(rules, k->key_id, &in->tag_keys, err) < 0)
        return -1;
    sw_tags_remove(cx->arena, rules, &k->tags, &in->tag_keys);
    return kms_key_save(cx, k, err);
}

static int show(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    const SwStrPair *p = row->record;
    *(KmsTag *)to = (KmsTag){.tag_key = p->key, .tag_value = p->value};
    return 0;
}

int kms_list_resource_tags(SwCtx *cx, const KmsListResourceTagsRequest *in, KmsListResourceTagsResponse *out, SwError *err) {
    KmsKeyRecord *k;
    if (kms_key_of(cx, in->key_id, &k, err) < 0)
        return -1;
    SwPageItems items = {sw_new_n(cx->arena, SwPageItem, k->tags.n + 1), 0};
    for (size_t i = 0; i < k->tags.n; i++)
        items.v[items.n++] = (SwPageItem){k->tags.v[i].key, &k->tags.v[i]};
    return sw_page(cx, &(SwPage){.items = items, .show = show, .usual = 50, .most = 50}, out, err);
}
