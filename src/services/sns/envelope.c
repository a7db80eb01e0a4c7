/* SPDX-License-Identifier: Apache-2.0 */
/* The envelope of a message, signed: what HTTP endpoints and queues get unless they asked for raw messages (SNS
 * Developer Guide, "Parsing message formats" and "Verifying the signatures of Amazon SNS messages"). */

#include "base/id.h"
#include "services/sns/sns.h"

static void add_attributes(SwArena *a, SwValue *doc, const SnsMessageAttributeValueMap *m) {
    SwValue all = sw_value_object();
    for (size_t i = 0; m && i < m->n; i++) {
        const SnsMessageAttributeValue *v = &m->v[i].value;
        SwValue one = sw_value_object();
        bool binary = sw_str_starts(v->data_type, SW_STR("Binary"));
        sw_value_sets(a, &one, "Type", v->data_type);
        sw_value_sets(a, &one, "Value", binary ? sw_base64(a, v->binary_value) : v->string_value);
        sw_value_set(a, &all, m->v[i].key, one);
    }
    if (all.n)
        sw_value_set(a, doc, SW_STR("MessageAttributes"), all);
}

/* Always with milliseconds, as SNS writes it. */
static SwStr timestamp(SwCtx *cx) {
    SwTime now = sw_now(cx);
    SwStr s = sw_time_iso8601(cx->arena, now - now % SW_S);
    return sw_strf(cx->arena, "%.*s.%03dZ", SW_FMT(sw_str_drop(s, 1)), (int)(now % SW_S / SW_MS));
}

int sns_envelope(SwCtx *cx, const SnsTopicRecord *t, const SnsSubscriptionRecord *s, const char *type, const SnsMessage *m,
                 SwStr text, SwStr *ret_json, SwError *err) {
    SwArena *a = cx->arena;
    SwValue doc = sw_value_object();
    bool confirm = strcmp(type, "SubscriptionConfirmation") == 0;
    SwStr version = sw_str_or(sw_str_map_find(&t->attributes, SW_STR("SignatureVersion")), SW_STR("1")), signature, certificate;
    SwStr base = sw_strf(a, "http://%.*s", SW_FMT(cx->host->registry));
    SwStr confirm_url = sw_strf(a, "%.*s/?Action=ConfirmSubscription&TopicArn=%.*s&Token=%.*s&Version=2010-03-31", SW_FMT(base),
                                SW_FMT(t->arn), SW_FMT(s->token));
    SwBuf b = sw_buf(a, SW_MIB);
    const struct {
        const char *name;
        SwStr value;
    } members[] = {
        /* in the order of names: that of the signature */
        {"Message", text},
        {"MessageId", m->id},
        {"SequenceNumber", m->sequence},
        {"Subject", confirm ? SW_NO_STR : m->subject},
        {"SubscribeURL", confirm ? confirm_url : SW_NO_STR},
        {"Timestamp", timestamp(cx)},
        {"Token", confirm ? s->token : SW_NO_STR},
        {"TopicArn", t->arn},
        {"Type", sw_str(type)},
    };
    sw_value_sets(a, &doc, "Type", sw_str(type));
    for (size_t i = 0; i < SW_N(members); i++) {
        if (!members[i].value.p)
            continue;
        if (strcmp(members[i].name, "SequenceNumber") != 0) /* which is not signed */
            sw_buf_addf(&b, "%s\n%.*s\n", members[i].name, SW_FMT(members[i].value));
        sw_value_sets(a, &doc, members[i].name, members[i].value);
    }
    if (!sns_topic_is_fifo(t)) { /* whose messages are not signed */
        if (sns_sign(cx, sw_buf_str(&b), sw_str_eqz(version, "2"), &signature, err) < 0 ||
            sns_certificate_name(cx, &certificate, err) < 0)
            return -1;
        sw_value_sets(a, &doc, "SignatureVersion", version);
        sw_value_sets(a, &doc, "Signature", signature);
        sw_value_sets(a, &doc, "SigningCertURL", sw_strf(a, "%.*s%.*s", SW_FMT(base), SW_FMT(certificate)));
    }
    if (!confirm)
        sw_value_sets(a, &doc, "UnsubscribeURL",
                      sw_strf(a, "%.*s/?Action=Unsubscribe&SubscriptionArn=%.*s", SW_FMT(base), SW_FMT(s->arn)));
    add_attributes(a, &doc, m->attributes);
    *ret_json = sw_json_text(a, &doc);
    return 0;
}
