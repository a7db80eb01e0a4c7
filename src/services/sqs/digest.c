/* SPDX-License-Identifier: Apache-2.0 */
/* MD5 over message attributes (SQS Developer Guide, "Calculating the MD5 message digest for message attributes"): in the
 * order of names; name, data type, one byte of kind, value; each but the byte with its length before it, big-endian. */

#include <stdlib.h>

#include "base/digest.h"
#include "services/sqs/sqs.h"

static void add(SwDigest *d, SwStr s) {
    uint8_t n[4] = {(uint8_t)(s.n >> 24), (uint8_t)(s.n >> 16), (uint8_t)(s.n >> 8), (uint8_t)s.n};
    sw_digest_add(d, n, sizeof n);
    sw_digest_add(d, s.p, s.n);
}

static int by_name(const void *x, const void *y) {
    const SqsMessageAttributeValueMapEntry *const *p = x, *const *q = y;
    return sw_str_cmp((*p)->key, (*q)->key);
}

SwStr sqs_system_attributes_md5(SwArena *a, const SqsMessageSystemAttributeValueMap *m) {
    SqsMessageAttributeValueMap same = {0};
    for (size_t i = 0; m && i < m->n; i++) {
        SqsMessageAttributeValueMapEntry *e = sw_list_add(a, &same);
        e->key = m->v[i].key;
        e->value.data_type = m->v[i].value.data_type;
        e->value.string_value = m->v[i].value.string_value;
        e->value.binary_value = m->v[i].value.binary_value;
    }
    return sqs_attributes_md5(a, &same);
}

SwStr sqs_attributes_md5(SwArena *a, const SqsMessageAttributeValueMap *m) {
    if (!m || !m->n)
        return SW_NO_STR;
    const SqsMessageAttributeValueMapEntry **v = sw_new_n(a, const SqsMessageAttributeValueMapEntry *, m->n);
    for (size_t i = 0; i < m->n; i++)
        v[i] = &m->v[i];
    qsort(v, m->n, sizeof *v, by_name);
    SwDigest *d = sw_digest_new(a, SW_MD5);
    for (size_t i = 0; i < m->n; i++) {
        bool binary = sw_str_starts(v[i]->value.data_type, SW_STR("Binary"));
        add(d, v[i]->key);
        add(d, v[i]->value.data_type);
        sw_digest_add(d, binary ? "\2" : "\1", 1);
        add(d, binary ? v[i]->value.binary_value : v[i]->value.string_value);
    }
    uint8_t out[SW_DIGEST_BYTES_MAX];
    return sw_hex(a, out, sw_digest_end(d, out));
}
