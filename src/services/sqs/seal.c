/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies of a queue that has a key of KMS: sealed with a data key, which is asked for anew when its time is over
 * (KmsDataKeyReusePeriodSeconds) or the queue has another key. Attributes are not encrypted, as on AWS. A message remembers
 * whose encryption context it was sealed with: it may go on to another queue. */

#include "api/envelope.h"
#include "services/sqs/sqs.h"

static SwEnvelope envelope(SwCtx *cx, SwStr arn, SwStr key, SwStrMap *context) {
    static const SwEnvelopeFaults faults = {.not_found = &SQS_KMS_NOT_FOUND,
                                            .disabled = &SQS_KMS_DISABLED,
                                            .state = &SQS_KMS_INVALID_STATE,
                                            .usage = &SQS_KMS_INVALID_KEY_USAGE,
                                            .denied = &SQS_KMS_ACCESS_DENIED};
    *context = (SwStrMap){0};
    sw_str_map_set(cx->arena, context, SW_STR("aws:sqs:arn"), arn);
    return (SwEnvelope){.service = "sqs", .key = key, .about = arn, .context = context, .faults = &faults};
}

static int data_key(SwCtx *cx, const SqsQueueRecord *q, const SwEnvelope *e, SwDataKey *ret, SwError *err) {
    SqsDataKeyRecord *had, made = {.key = e->key, .made = SW_SOME_TIME(sw_now(cx))};
    if (sqs_data_keys_find(cx->tx, q->id, &had, err) < 0)
        return -1;
    SwTime life = sqs_queue_number(q, "KmsDataKeyReusePeriodSeconds") * SW_S;
    if (had && sw_str_eq(had->key, e->key) && sw_now(cx) < had->made.v + life)
        return sw_data_key_open(cx, e, had->sealed, ret, err);
    if (sw_data_key_new(cx, e, ret, err) < 0)
        return -1;
    made.sealed = ret->sealed;
    return sqs_data_keys_put(cx->tx, q->id, &made, err);
}

int sqs_body_seal(SwCtx *cx, const SqsQueueRecord *q, SqsMessageRecord *m, SwError *err) {
    SwStr arn = sqs_queue_arn(cx, q->name), key = sqs_queue_key(q);
    SwStrMap context;
    SwDataKey k;
    if (!sw_str_is(key))
        return 0;
    const SwEnvelope e = envelope(cx, arn, key, &context);
    if (data_key(cx, q, &e, &k, err) < 0)
        return -1;
    m->sealed_for = arn;
    return sw_data_key_seal(cx, &e, &k, m->body, &m->body, err);
}

int sqs_body_open(SwCtx *cx, const SqsMessageRecord *m, SwStr *ret_body, SwError *err) {
    SwStrMap context;
    *ret_body = m->body;
    if (!m->sealed_for.p)
        return 0;
    const SwEnvelope e = envelope(cx, m->sealed_for, SW_NO_STR, &context);
    return sw_envelope_open(cx, &e, m->body, ret_body, err);
}
