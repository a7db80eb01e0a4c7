/* SPDX-License-Identifier: Apache-2.0 */
/* Queues: life, attributes, tags. */

#include "base/id.h"
#include "services/sqs/sqs.h"

const SwCollection sqs_queues = {
    .name = "sqs/queue",
    .shape = &sqs_shape_queue_record,
    .indexes = {{.name = "by_dead_letter", .member = {"deadLetterArn"}}},
};

/* What a queue can be told, with limits and defaults (SetQueueAttributes). Text ones have no limits here. */
static const struct { const char *name; int64_t min, max, otherwise; bool text; } attributes[] = {
    {"DelaySeconds", 0, 900, 0, false},
    {"MaximumMessageSize", 1024, SQS_MESSAGE_MAX, SQS_MESSAGE_MAX, false},
    {"MessageRetentionPeriod", 60, 1209600, 345600, false},
    {"ReceiveMessageWaitTimeSeconds", 0, 20, 0, false},
    {"VisibilityTimeout", 0, 43200, 30, false},
    {"Policy", 0, 0, 0, true},
    {"RedrivePolicy", 0, 0, 0, true},
    {"RedriveAllowPolicy", 0, 0, 0, true},
    {"SqsManagedSseEnabled", 0, 0, 0, true},
};

static const char *const refused[] = {"FifoQueue", "ContentBasedDeduplication", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds",
                                      "DeduplicationScope", "FifoThroughputLimit"};

SwStr sqs_queue_url(SwCtx *cx, SwStr name) {
    return sw_strf(cx->arena, "http://%.*s/%.*s/%.*s", SW_FMT(cx->host->registry), SW_FMT(cx->account), SW_FMT(name));
}

SwStr sqs_queue_arn(SwCtx *cx, SwStr name) {
    return sw_arn(cx, "sqs", "%.*s", SW_FMT(name));
}

static int missing(SwError *err) {
    return sw_fail(err, &SQS_QUEUE_DOES_NOT_EXIST, "The specified queue does not exist.");
}

static int by_name(SwCtx *cx, SwStr name, SqsQueueRecord **ret_q, SwError *err) {
    void *q;
    if (sw_doc_get(cx->tx, &sqs_queues, name, &q, err) < 0)
        return -1;
    *ret_q = q;
    return q ? 0 : missing(err);
}

int sqs_queue_get(SwCtx *cx, SwStr url, SqsQueueRecord **ret_q, SwError *err) {
    size_t slash;
    SwStr name = url;
    if (sw_str_rfind(url, '/', &slash)) {
        SwStr head = sw_str_n(url.p, slash);
        name = sw_str_skip(url, slash + 1);
        if (sw_str_rfind(head, '/', &slash) && !sw_str_eq(sw_str_skip(head, slash + 1), cx->account))
            return missing(err);
    }
    return by_name(cx, name, ret_q, err);
}

int sqs_queue_by_arn(SwCtx *cx, SwStr text, SqsQueueRecord **ret_q, SwError *err) {
    SwArn arn;
    if (!sw_arn_parse(text, &arn) || !sw_str_eqz(arn.service, "sqs") || !sw_str_eq(arn.region, cx->region) || !sw_str_eq(arn.account, cx->account))
        return missing(err);
    return by_name(cx, arn.resource, ret_q, err);
}

int64_t sqs_queue_number(const SqsQueueRecord *q, const char *name) {
    int64_t v;
    if (sw_str_to_i64(sw_str_map_get(&q->attributes, sw_str(name)), &v))
        return v;
    for (size_t i = 0; i < SW_N(attributes); i++)
        if (strcmp(attributes[i].name, name) == 0)
            return attributes[i].otherwise;
    return 0;
}

static int bad_value(SwError *err, SwStr name, const char *why) {
    return sw_fail(err, &SQS_INVALID_ATTRIBUTE_VALUE, "Invalid value for the parameter %.*s. Reason: %s", SW_FMT(name), why);
}

static int check_attribute(SwStr name, SwStr value, SwError *err) {
    for (size_t i = 0; i < SW_N(refused); i++)
        if (sw_str_eqz(name, refused[i]) && !sw_str_eqz(value, "false"))
            return bad_value(err, name, "only standard queues with keys of SQS are available");
    for (size_t i = 0; i < SW_N(attributes); i++) {
        int64_t v;
        if (!sw_str_eqz(name, attributes[i].name))
            continue;
        if (attributes[i].text || (sw_str_to_i64(value, &v) && v >= attributes[i].min && v <= attributes[i].max))
            return 0;
        return bad_value(err, name, "it is out of range.");
    }
    for (size_t i = 0; i < SW_N(refused); i++)
        if (sw_str_eqz(name, refused[i]))
            return 0;
    return sw_fail(err, &SQS_INVALID_ATTRIBUTE_NAME, "Unknown Attribute %.*s.", SW_FMT(name));
}

static int set_redrive(SwCtx *cx, SqsQueueRecord *q, SwStr text, SwError *err) {
    SwValue v;
    SqsQueueRecord *target;
    int64_t count;
    q->dead_letter_arn = SW_NO_STR;
    q->max_receive_count = (SwOptInt){0};
    if (!sw_str_is(text))
        return 0;
    if (sw_json_parse(cx->arena, text, &v, err) < 0)
        return bad_value(err, SW_STR("RedrivePolicy"), "it is not valid JSON.");
    SwStr arn = sw_value_str(sw_value_getz(&v, "deadLetterTargetArn"));
    const SwValue *max = sw_value_getz(&v, "maxReceiveCount");
    bool number = sw_value_i64(max, &count) || sw_str_to_i64(sw_value_str(max), &count);
    if (!sw_str_is(arn) || !number || count < 1 || count > 1000)
        return bad_value(err, SW_STR("RedrivePolicy"), "deadLetterTargetArn and maxReceiveCount (1 to 1000) are needed.");
    if (sqs_queue_by_arn(cx, arn, &target, err) < 0)
        return bad_value(err, SW_STR("RedrivePolicy"), "the dead letter target does not exist.");
    q->dead_letter_arn = arn;
    q->max_receive_count = SW_SOME_INT(count);
    return 0;
}

static int set_attributes(SwCtx *cx, SqsQueueRecord *q, const SwStrMap *m, SwError *err) {
    for (size_t i = 0; i < m->n; i++) {
        if (check_attribute(m->v[i].key, m->v[i].value, err) < 0)
            return -1;
        if (sw_str_eqz(m->v[i].key, "RedrivePolicy") && set_redrive(cx, q, m->v[i].value, err) < 0)
            return -1;
        sw_str_map_set(cx->arena, &q->attributes, m->v[i].key, m->v[i].value);
    }
    q->modified = SW_SOME_TIME(sw_now(cx));
    return 0;
}

/* Equal also where one side says nothing and the other says the default. */
static bool same_attributes(const SqsQueueRecord *q, const SwStrMap *m) {
    for (size_t i = 0; i < m->n; i++) {
        SwStr name = m->v[i].key, have = sw_str_map_get(&q->attributes, name);
        int64_t want;
        bool equal = sw_str_eq(have, m->v[i].value);
        for (size_t k = 0; k < SW_N(attributes) && !equal; k++)
            equal = sw_str_eqz(name, attributes[k].name) && !attributes[k].text && sw_str_to_i64(m->v[i].value, &want) &&
                    want == sqs_queue_number(q, attributes[k].name);
        if (!equal)
            return false;
    }
    return true;
}

int sqs_create_queue(SwCtx *cx, const SqsCreateQueueRequest *in, SqsCreateQueueResult *out, SwError *err) {
    void *existing;
    SwStr name = in->queue_name;
    bool good = name.n >= 1 && name.n <= 80;
    for (size_t i = 0; i < name.n; i++)
        good &= (name.p[i] >= '0' && name.p[i] <= '9') || (name.p[i] >= 'a' && name.p[i] <= 'z') || (name.p[i] >= 'A' && name.p[i] <= 'Z') ||
                name.p[i] == '-' || name.p[i] == '_';
    if (sw_str_ends(name, SW_STR(".fifo")))
        return bad_value(err, SW_STR("FifoQueue"), "only standard queues are available");
    static const SwErrorKind invalid = {.code = "InvalidParameterValue", .http = 400};
    if (!good)
        return sw_fail(err, &invalid, "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length");
    if (sw_doc_get(cx->tx, &sqs_queues, name, &existing, err) < 0)
        return -1;
    out->queue_url = sqs_queue_url(cx, name);
    if (existing && same_attributes(existing, &in->attributes))
        return 0;
    if (existing)
        return sw_fail(err, &SQS_QUEUE_NAME_EXISTS, "A queue already exists with the same name and a different value for an attribute");
    SqsQueueRecord q = {.id = sw_id_uuid(cx->arena), .name = name, .created = SW_SOME_TIME(sw_now(cx)), .tags = in->tags};
    if (set_attributes(cx, &q, &in->attributes, err) < 0 || sw_doc_put(cx->tx, &sqs_queues, name, &q, err) < 0)
        return -1;
    return sw_wake(cx, &sqs_expiry, name, sw_now(cx) + SW_HOUR, err);
}

int sqs_get_queue_url(SwCtx *cx, const SqsGetQueueUrlRequest *in, SqsGetQueueUrlResult *out, SwError *err) {
    SqsQueueRecord *q;
    if (sw_str_is(in->queue_owner_aws_account_id) && !sw_str_eq(in->queue_owner_aws_account_id, cx->account))
        return missing(err);
    if (by_name(cx, in->queue_name, &q, err) < 0)
        return -1;
    out->queue_url = sqs_queue_url(cx, q->name);
    return 0;
}

static int list(SwCtx *cx, SwDocQuery *q, const char *operation, SwStr token, SwOptInt max, SwStrList *urls, SwStr *next, SwError *err) {
    static const SwErrorKind invalid = {.code = "InvalidParameterValue", .http = 400};
    SwDocList l;
    q->limit = (size_t)SW_OR(max, 1000);
    if (sw_str_is(token) && !sw_page_token_read(cx->arena, operation, token, &q->after))
        return sw_fail(err, &invalid, "Invalid or expired next token.");
    if (sw_doc_list(cx->tx, &sqs_queues, q, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++)
        sw_str_list_add(cx->arena, urls, sqs_queue_url(cx, l.v[i].id));
    if (sw_str_is(l.next) && max.set)   /* without MaxResults AWS gives the first thousand and no token */
        *next = sw_page_token(cx->arena, operation, l.next);
    return 0;
}

int sqs_list_queues(SwCtx *cx, const SqsListQueuesRequest *in, SqsListQueuesResult *out, SwError *err) {
    SwDocQuery q = {.prefix = in->queue_name_prefix};
    return list(cx, &q, "ListQueues", in->next_token, in->max_results, &out->queue_urls, &out->next_token, err);
}

int sqs_list_dead_letter_source_queues(SwCtx *cx, const SqsListDeadLetterSourceQueuesRequest *in, SqsListDeadLetterSourceQueuesResult *out, SwError *err) {
    SqsQueueRecord *target;
    if (sqs_queue_get(cx, in->queue_url, &target, err) < 0)
        return -1;
    SwDocQuery q = {.index = "by_dead_letter", .equals = {sqs_queue_arn(cx, target->name)}};
    sw_list_present(cx->arena, &out->queue_urls);
    return list(cx, &q, "ListDeadLetterSourceQueues", in->next_token, in->max_results, &out->queue_urls, &out->next_token, err);
}

int sqs_delete_queue(SwCtx *cx, const SqsDeleteQueueRequest *in, void *out, SwError *err) {
    SqsQueueRecord *q;
    size_t n;
    if (sqs_queue_get(cx, in->queue_url, &q, err) < 0 || sw_doc_delete(cx->tx, &sqs_queues, q->name, NULL, err) < 0)
        return -1;
    return sqs_messages_clear(cx, q, INT64_MAX, 0, &n, err);
}

int sqs_purge_queue(SwCtx *cx, const SqsPurgeQueueRequest *in, void *out, SwError *err) {
    SqsQueueRecord *q;
    size_t n;
    if (sqs_queue_get(cx, in->queue_url, &q, err) < 0)
        return -1;
    if (q->purged.set && sw_now(cx) - q->purged.v < 60 * SW_S)
        return sw_fail(err, &SQS_PURGE_QUEUE_IN_PROGRESS, "Only one PurgeQueue operation on %.*s is allowed every 60 seconds.", SW_FMT(q->name));
    q->purged = SW_SOME_TIME(sw_now(cx));
    if (sw_doc_put(cx->tx, &sqs_queues, q->name, q, err) < 0)
        return -1;
    return sqs_messages_clear(cx, q, INT64_MAX, 0, &n, err);
}

static bool asked(const SwStrList *names, const char *name) {
    return sw_str_list_has(names, SW_STR("All")) || sw_str_list_has(names, sw_str(name));
}

static void show(SwCtx *cx, SqsGetQueueAttributesResult *out, const SwStrList *names, const char *name, SwStr value) {
    if (value.p && asked(names, name))
        sw_str_map_set(cx->arena, &out->attributes, sw_str(name), value);
}

static SwStr number(SwCtx *cx, int64_t v) {
    return sw_strf(cx->arena, "%lld", (long long)v);
}

int sqs_get_queue_attributes(SwCtx *cx, const SqsGetQueueAttributesRequest *in, SqsGetQueueAttributesResult *out, SwError *err) {
    SqsQueueRecord *q;
    int64_t visible, leased, delayed;
    const SwStrList *names = &in->attribute_names;
    if (sqs_queue_get(cx, in->queue_url, &q, err) < 0 || sqs_messages_count(cx, q, &visible, &leased, &delayed, err) < 0)
        return -1;
    for (size_t i = 0; i < SW_N(attributes); i++) {
        const char *name = attributes[i].name;
        show(cx, out, names, name, attributes[i].text ? sw_str_map_get(&q->attributes, sw_str(name)) : number(cx, sqs_queue_number(q, name)));
    }
    if (!sw_str_map_get(&q->attributes, SW_STR("SqsManagedSseEnabled")).p)
        show(cx, out, names, "SqsManagedSseEnabled", SW_STR("false"));
    show(cx, out, names, "QueueArn", sqs_queue_arn(cx, q->name));
    show(cx, out, names, "CreatedTimestamp", number(cx, q->created.v / SW_S));
    show(cx, out, names, "LastModifiedTimestamp", number(cx, q->modified.v / SW_S));
    show(cx, out, names, "ApproximateNumberOfMessages", number(cx, visible));
    show(cx, out, names, "ApproximateNumberOfMessagesNotVisible", number(cx, leased));
    show(cx, out, names, "ApproximateNumberOfMessagesDelayed", number(cx, delayed));
    return 0;
}

int sqs_set_queue_attributes(SwCtx *cx, const SqsSetQueueAttributesRequest *in, void *out, SwError *err) {
    SqsQueueRecord *q;
    if (sqs_queue_get(cx, in->queue_url, &q, err) < 0 || set_attributes(cx, q, &in->attributes, err) < 0)
        return -1;
    return sw_doc_put(cx->tx, &sqs_queues, q->name, q, err);
}

int sqs_tag_queue(SwCtx *cx, const SqsTagQueueRequest *in, void *out, SwError *err) {
    SqsQueueRecord *q;
    if (sqs_queue_get(cx, in->queue_url, &q, err) < 0)
        return -1;
    for (size_t i = 0; i < in->tags.n; i++)
        sw_str_map_set(cx->arena, &q->tags, in->tags.v[i].key, in->tags.v[i].value);
    return sw_doc_put(cx->tx, &sqs_queues, q->name, q, err);
}

int sqs_untag_queue(SwCtx *cx, const SqsUntagQueueRequest *in, void *out, SwError *err) {
    SqsQueueRecord *q;
    SwStrMap kept = {0};
    if (sqs_queue_get(cx, in->queue_url, &q, err) < 0)
        return -1;
    for (size_t i = 0; i < q->tags.n; i++)
        if (!sw_str_list_has(&in->tag_keys, q->tags.v[i].key))
            sw_str_map_set(cx->arena, &kept, q->tags.v[i].key, q->tags.v[i].value);
    q->tags = kept;
    return sw_doc_put(cx->tx, &sqs_queues, q->name, q, err);
}

int sqs_list_queue_tags(SwCtx *cx, const SqsListQueueTagsRequest *in, SqsListQueueTagsResult *out, SwError *err) {
    SqsQueueRecord *q;
    if (sqs_queue_get(cx, in->queue_url, &q, err) < 0)
        return -1;
    out->tags = q->tags;
    return 0;
}
