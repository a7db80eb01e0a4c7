/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of a topic that has a key of KMS, while they wait for an endpoint: each publication asks for a data key under the
 * publisher's rights; deliveries open it as the service. */

#include "services/sns/sns.h"

static SwEnvelope envelope(SwCtx *cx, SwStr arn, SwStr key, SwStrMap *context) {
    static const SwEnvelopeFaults faults = {.not_found = &SNS_KMS_NOT_FOUND_EXCEPTION,
                                            .disabled = &SNS_KMS_DISABLED_EXCEPTION,
                                            .state = &SNS_KMS_INVALID_STATE_EXCEPTION,
                                            .usage = &SNS_KMS_INVALID_STATE_EXCEPTION,
                                            .denied = &SNS_KMS_ACCESS_DENIED_EXCEPTION};
    *context = (SwStrMap){0};
    sw_str_map_set(cx->arena, context, SW_STR("aws:sns:topicArn"), arn);
    return (SwEnvelope){.service = "sns", .key = key, .about = arn, .context = context, .faults = &faults};
}

int sns_topic_data_key(SwCtx *cx, const SnsTopicRecord *t, const SwDataKey **ret_k, SwError *err) {
    SwStr key = sw_str_map_find(&t->attributes, SW_STR("KmsMasterKeyId"));
    SwDataKey *k = sw_new(cx->arena, SwDataKey);
    SwStrMap context;
    *ret_k = NULL;
    if (!sw_str_is(key))
        return 0;
    const SwEnvelope e = envelope(cx, t->arn, key, &context);
    *ret_k = k;
    return sw_data_key_new(cx, &e, k, err);
}

int sns_body_seal(SwCtx *cx, SwStr topic_arn, const SwDataKey *k, SnsDeliveryRecord *d, SwError *err) {
    SwStrMap context;
    if (!k)
        return 0;
    const SwEnvelope e = envelope(cx, topic_arn, SW_NO_STR, &context);
    d->sealed_for = topic_arn;
    return sw_data_key_seal(cx, &e, k, d->body, &d->body, err);
}

int sns_body_open(SwCtx *cx, const SnsDeliveryRecord *d, SwStr *ret_body, SwError *err) {
    SwStrMap context;
    *ret_body = d->body;
    if (!d->sealed_for.p)
        return 0;
    const SwEnvelope e = envelope(cx, d->sealed_for, SW_NO_STR, &context);
    SwCtx *service = sw_ctx_as_service(cx, "sns");
    if (sw_envelope_open(service, &e, d->body, ret_body, err) == 0)
        return 0;
    if (err->kind->http >= 500)
        return -1;
    *ret_body = SW_NO_STR;
    sw_error_reset(err);
    return 0;
}
