/* SPDX-License-Identifier: Apache-2.0 */
/* Queues: life, lists, tags. */

#include "api/operation.h"
#include "api/tags.h"
#include "base/id.h"
#include "services/sqs/bell.h"
#include "services/sqs/sqs.h"

const SwCollection sqs_queues = {
    .name = "sqs/queue",
    .shape = &sqs_shape_queue_record,
    .indexes = {{.name = "by_dead_letter", .member = {"deadLetterArn"}}},
};

/* The names of the JSON protocol; Query has kept the older ones. */
const SwErrorKind sqs_invalid = {.code = "InvalidParameterValueException", .http = 400, .query_code = "InvalidParameterValue"};
const SwErrorKind SQS_MISSING_PARAMETER = {.code = "MissingRequiredParameterException",
                                           .http = 400,
                                           .query_code = "MissingParameter"};
const SwErrorKind sqs_denied = {.code = "AccessDeniedException", .http = 403, .query_code = "AccessDenied"};

bool sqs_queue_is_fifo(const SqsQueueRecord *q) {
    return sw_str_ends(q->name, SW_STR(".fifo"));
}

SwStr sqs_queue_url(SwCtx *cx, SwStr name) {
    return sw_strf(cx->arena, "http://%.*s/%.*s/%.*s", SW_FMT(cx->host->registry), SW_FMT(cx->account), SW_FMT(name));
}

SwStr sqs_queue_arn(SwCtx *cx, SwStr name) {
    return sw_arn(cx, "sqs", "%.*s", SW_FMT(name));
}

/* Query still says it in the words of its time. */
static int missing(SwCtx *cx, SwError *err) {
    bool query = cx->http && sw_wire_protocol(cx->api, &cx->http->m) == SW_QUERY;
    return sw_fail(err, &SQS_QUEUE_DOES_NOT_EXIST, "The specified queue does not exist%s.",
                   query ? " for this wsdl version" : "");
}

static int by_name(SwCtx *cx, SwStr name, SqsQueueRecord **ret_q, SwError *err) {
    void *q;
    if (sw_doc_get(cx->tx, &sqs_queues, name, &q, err) < 0)
        return -1;
    *ret_q = q;
    return q ? 0 : missing(cx, err);
}

/* The region of AWS's own addresses: "sqs.REGION.amazonaws.com", "REGION.queue.amazonaws.com"; absent for others. */
static SwStr url_region(SwStr url) {
    SwStr rest = url, scheme, host, first, second;
    if (!sw_str_cut(&rest, ':', &scheme) || !sw_str_starts(rest, SW_STR("//")))
        return SW_NO_STR;
    rest = sw_str_skip(rest, 2);
    if (!sw_str_next(&rest, '/', &host) ||
        !(sw_str_ends(host, SW_STR(".amazonaws.com")) || sw_str_ends(host, SW_STR(".amazonaws.com.cn"))))
        return SW_NO_STR;
    if (!sw_str_cut(&host, '.', &first) || !sw_str_cut(&host, '.', &second))
        return SW_NO_STR;
    return sw_str_eqz(first, "sqs") ? second : sw_str_eqz(second, "queue") ? first : SW_NO_STR;
}

/* "http://host/ACCOUNT/NAME", or a bare name: whose account, and its name. */
static SwStr url_name(SwCtx *cx, SwStr url, SwStr *ret_account) {
    size_t slash;
    *ret_account = cx->account;
    if (!sw_str_rfind(url, '/', &slash))
        return url;
    SwStr head = sw_str_n(url.p, slash), name = sw_str_skip(url, slash + 1);
    if (sw_str_rfind(head, '/', &slash))
        *ret_account = sw_str_skip(head, slash + 1);
    return name;
}

int sqs_queue_get(SwCtx *cx, SwStr url, SqsQueueRecord **ret_q, SwError *err) {
    SwStr account, name = url_name(cx, url, &account), region = url_region(url);
    if (region.p && !sw_str_eq(region, cx->region))
        return sw_fail(err, &SQS_INVALID_ADDRESS, "The address %.*s is not valid for this endpoint.", SW_FMT(url));
    return sw_str_eq(account, cx->account) ? by_name(cx, name, ret_q, err) : missing(cx, err);
}

SwStr sqs_resource(SwCtx *cx, const SwOperation *op, const void *in) {
    SwStr account, url = sw_operation_text(op, in, "QueueUrl"), name = sw_operation_text(op, in, "QueueName");
    if (url.p)
        name = url_name(cx, url, &account);
    return name.p ? sqs_queue_arn(cx, name) : sw_operation_text(op, in, "SourceArn");
}

int sqs_queue_by_arn(SwCtx *cx, SwStr text, SqsQueueRecord **ret_q, SwError *err) {
    SwArn arn;
    if (!sw_arn_parse(text, &arn) || !sw_str_eqz(arn.service, "sqs") || !sw_str_eq(arn.region, cx->region) ||
        !sw_str_eq(arn.account, cx->account))
        return missing(cx, err);
    return by_name(cx, arn.resource, ret_q, err);
}

int sqs_queue_policy(SwCtx *cx, SwStr arn, SwStr *ret_document, SwError *err) {
    SqsQueueRecord *q;
    if (sqs_queue_by_arn(cx, arn, &q, err) < 0) {
        sw_error_reset(err); /* the operation itself says that there is none */
        return 0;
    }
    *ret_document = sqs_policy_readable(cx, sw_str_map_get(&q->attributes, SW_STR("Policy")));
    return 0;
}

static bool good_name(SwStr s) {
    return s.n >= 1 && s.n <= 80 && sw_str_all(s, "a-zA-Z0-9_-");
}

static const SwTagRules tag_rules = {
    .max = 50,
    .too_many = {&sqs_invalid, "Too many tags added for queue {resource}."},
    .reserved = {&sqs_invalid, "Tag keys starting with aws: are reserved: {key}"},
    .bad_key = {&sqs_invalid, "Tag keys must be between 1 and 128 characters in length."},
    .bad_value = {&sqs_invalid, "Tag values must be between 0 and 256 characters in length."},
};

int sqs_create_queue(SwCtx *cx, const SqsCreateQueueRequest *in, SqsCreateQueueResult *out, SwError *err) {
    void *existing;
    SwStr name = in->queue_name, suffix = SW_STR(".fifo");
    bool fifo = sw_str_ends(name, suffix),
         said = sw_str_ieq(sw_str_map_get(&in->attributes, SW_STR("FifoQueue")), SW_STR("true"));
    const char *differs;
    if (fifo && !said)
        return sw_fail(
            err, &sqs_invalid,
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo "
            "suffix and be 1 to 80 in length; the attribute FifoQueue must be true");
    if (said && !fifo)
        return sw_fail(
            err, &sqs_invalid,
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo "
            "suffix and be 1 to 80 in length");
    if (name.n > 80 || !good_name(fifo ? sw_str_drop(name, suffix.n) : name))
        return sw_fail(err, &sqs_invalid,
                       "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length");
    if (sw_doc_get(cx->tx, &sqs_queues, name, &existing, err) < 0)
        return -1;
    out->queue_url = sqs_queue_url(cx, name);
    if (existing && !(differs = sqs_attribute_that_differs(cx, existing, &in->attributes)))
        return 0;
    if (existing)
        return sw_fail(err, &SQS_QUEUE_NAME_EXISTS,
                       "A queue already exists with the same name and a different value for attribute %s", differs);
    SqsQueueRecord q = {.id = sw_id_uuid(cx->arena), .name = name, .created = SW_SOME_TIME(sw_now(cx))};
    if (sw_tags_merge(cx->arena, &tag_rules, name, &q.tags, &in->tags, err) < 0 ||
        sqs_attributes_set(cx, &q, &in->attributes, true, err) < 0 || sw_doc_put(cx->tx, &sqs_queues, name, &q, err) < 0)
        return -1;
    return sw_wake(cx, &sqs_expiry, name, sw_now(cx) + SW_HOUR, err);
}

int sqs_get_queue_url(SwCtx *cx, const SqsGetQueueUrlRequest *in, SqsGetQueueUrlResult *out, SwError *err) {
    SqsQueueRecord *q;
    if (sw_str_is(in->queue_owner_aws_account_id) && !sw_str_eq(in->queue_owner_aws_account_id, cx->account))
        return missing(cx, err);
    if (by_name(cx, in->queue_name, &q, err) < 0)
        return -1;
    out->queue_url = sqs_queue_url(cx, q->name);
    return 0;
}

static int show_url(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    *(SwStr *)to = sqs_queue_url(cx, row->id);
    return 0;
}

int sqs_list_queues(SwCtx *cx, const SqsListQueuesRequest *in, SqsListQueuesResult *out, SwError *err) {
    const SwPage p = {.of = &sqs_queues,
                      .q = {.prefix = in->queue_name_prefix},
                      .show = show_url,
                      .usual = 1000,
                      .most = 1000,
                      .omit_empty = true};
    if (sw_page(cx, &p, out, err) < 0)
        return -1;
    if (!in->max_results.set) /* AWS gives the first thousand then, and no token */
        out->next_token = SW_NO_STR;
    return 0;
}

int sqs_list_dead_letter_source_queues(SwCtx *cx, const SqsListDeadLetterSourceQueuesRequest *in,
                                       SqsListDeadLetterSourceQueuesResult *out, SwError *err) {
    SqsQueueRecord *target;
    if (sqs_queue_get(cx, in->queue_url, &target, err) < 0)
        return -1;
    SwDocQuery q = {.index = "by_dead_letter", .equals = {sqs_queue_arn(cx, target->name)}};
    if (sw_page(cx, &(SwPage){.of = &sqs_queues, .q = q, .show = show_url, .usual = 1000, .most = 1000}, out, err) < 0)
        return -1;
    if (!in->max_results.set)
        out->next_token = SW_NO_STR;
    return 0;
}

int sqs_delete_queue(SwCtx *cx, const SqsDeleteQueueRequest *in, void *out, SwError *err) {
    SqsQueueRecord *q;
    size_t n;
    if (sqs_queue_get(cx, in->queue_url, &q, err) < 0 || sw_doc_delete(cx->tx, &sqs_queues, q->name, NULL, err) < 0)
        return -1;
    sqs_ring(cx, q->id); /* who waits at it is told that it is gone */
    return sqs_messages_clear(cx, q, INT64_MAX, 0, &n, err) < 0 ? -1 : sqs_fifo_forget(cx, q, INT64_MAX, err);
}

int sqs_purge_queue(SwCtx *cx, const SqsPurgeQueueRequest *in, void *out, SwError *err) {
    SqsQueueRecord *q;
    size_t n;
    if (sqs_queue_get(cx, in->queue_url, &q, err) < 0)
        return -1;
    if (q->purged.set && sw_now(cx) - q->purged.v < 60 * SW_S)
        return sw_fail(err, &SQS_PURGE_QUEUE_IN_PROGRESS, "Only one PurgeQueue operation on %.*s is allowed every 60 seconds.",
                       SW_FMT(q->name));
    q->purged = SW_SOME_TIME(sw_now(cx));
    if (sw_doc_put(cx->tx, &sqs_queues, q->name, q, err) < 0)
        return -1;
    return sqs_messages_clear(cx, q, INT64_MAX, 0, &n, err);
}

int sqs_tag_queue(SwCtx *cx, const SqsTagQueueRequest *in, void *out, SwError *err) {
    SqsQueueRecord *q;
    if (sqs_queue_get(cx, in->queue_url, &q, err) < 0)
        return -1;
    if (sw_tags_merge(cx->arena, &tag_rules, q->name, &q->tags, &in->tags, err) < 0)
        return -1;
    return sw_doc_put(cx->tx, &sqs_queues, q->name, q, err);
}

int sqs_untag_queue(SwCtx *cx, const SqsUntagQueueRequest *in, void *out, SwError *err) {
    SqsQueueRecord *q;
    if (sqs_queue_get(cx, in->queue_url, &q, err) < 0)
        return -1;
    sw_tags_remove(cx->arena, &tag_rules, &q->tags, &in->tag_keys);
    return sw_doc_put(cx->tx, &sqs_queues, q->name, q, err);
}

int sqs_list_queue_tags(SwCtx *cx, const SqsListQueueTagsRequest *in, SqsListQueueTagsResult *out, SwError *err) {
    SqsQueueRecord *q;
    if (sqs_queue_get(cx, in->queue_url, &q, err) < 0)
        return -1;
    out->tags = q->tags;
    return 0;
}
