/* SPDX-License-Identifier: Apache-2.0 */
/* Queues: life and lists. Names, URLs, ARNs and tags are declared in models/resources/sqs.json. */

#include "base/id.h"
#include "services/sqs/bell.h"
#include "services/sqs/sqs.h"

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

/* Query still says it in the words of its time. */
static int missing(SwCtx *cx, SwStr reference, SwError *err) {
    bool query = cx->http && sw_wire_protocol(cx->api, &cx->http->m) == SW_QUERY;
    return sw_fail(err, &SQS_QUEUE_DOES_NOT_EXIST, "The specified queue does not exist%s.",
                   query ? " for this wsdl version" : "");
}

/* A move task's handle says its queue. */
static SwStr named(SwCtx *cx, const SwOperation *op, const void *in, SwStr ref) {
    return op->index == SQS_CANCEL_MESSAGE_MOVE_TASK ? sqs_move_source(cx, ref) : SW_NO_STR;
}

static int policy(SwCtx *cx, const SwFound *f, SwStr *ret_document, SwError *err) {
    const SqsQueueRecord *q = sqs_queue_found(f);
    *ret_document = sqs_policy_readable(cx, sw_str_map_find(&q->attributes, SW_STR("Policy")));
    return 0;
}

static SwStr identifier(SwCtx *cx, const SwFound *f) {
    return sqs_queue_url(cx, f->id);
}

const SwResourceHooks sqs_queue_hooks = {.named = named, .policy = policy, .identifier = identifier, .missing = missing};

static bool has_policy(SwCtx *cx, const void *record) {
    return sw_str_is(sw_str_map_find(&((const SqsQueueRecord *)record)->attributes, SW_STR("Policy")));
}

const SwResourceHooks sqs_queue_inline_policy_hooks = {.exists = has_policy, .identifier = identifier};

int sqs_queue_by_arn(SwCtx *cx, SwStr arn, SqsQueueRecord **ret_q, SwError *err) {
    SwParts p;
    bool good = sw_resource_read_arn(cx, &sqs_queue_resource, arn, &p);
    return good ? sqs_queue_get(cx, p.v[0], ret_q, err) : missing(cx, arn, err);
}

static bool good_name(SwStr s) {
    return s.n >= 1 && s.n <= 80 && sw_str_all(s, "a-zA-Z0-9_-");
}

int sqs_create_queue(SwCtx *cx, const SqsCreateQueueRequest *in, SqsCreateQueueResult *out, SwError *err) {
    SqsQueueRecord *existing;
    SwStr name = in->queue_name, suffix = SW_STR(".fifo");
    bool fifo = sw_str_ends(name, suffix),
         said = sw_str_ieq(sw_str_map_find(&in->attributes, SW_STR("FifoQueue")), SW_STR("true"));
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
    if (sqs_queue_find(cx, name, &existing, err) < 0)
        return -1;
    out->queue_url = sqs_queue_url(cx, name);
    if (existing && !(differs = sqs_attribute_that_differs(cx, existing, &in->attributes)))
        return 0;
    if (existing)
        return sw_fail(err, &SQS_QUEUE_NAME_EXISTS,
                       "A queue already exists with the same name and a different value for attribute %s", differs);
    SqsQueueRecord q = {.id = sw_id_uuid(cx->arena), .name = name, .created = SW_SOME_TIME(sw_now(cx))};
    if (sqs_queue_set_tags(cx, name, &q, &in->tags, err) < 0 || sqs_attributes_set(cx, &q, &in->attributes, true, err) < 0 ||
        sqs_queue_put(cx, name, &q, err) < 0)
        return -1;
    return sw_wake(cx, &sqs_expiry, name, sw_now(cx) + SW_HOUR, err);
}

int sqs_get_queue_url(SwCtx *cx, const SqsGetQueueUrlRequest *in, SqsGetQueueUrlResult *out, SwError *err) {
    SqsQueueRecord *q;
    if (sw_str_is(in->queue_owner_aws_account_id) && !sw_str_eq(in->queue_owner_aws_account_id, cx->account))
        return missing(cx, in->queue_name, err);
    if (sqs_queue_get(cx, in->queue_name, &q, err) < 0)
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
    if (sqs_queue_by_reference(cx, in->queue_url, &target, err) < 0)
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
    if (sqs_queue_by_reference(cx, in->queue_url, &q, err) < 0 || sqs_queue_delete(cx, q->name, err) < 0 ||
        sqs_data_keys_delete(cx->tx, q->id, NULL, err) < 0)
        return -1;
    sqs_ring(cx, q->id); /* who waits at it is told that it is gone */
    return sqs_messages_clear(cx, q, INT64_MAX, 0, &n, err) < 0 ? -1 : sqs_fifo_forget(cx, q, INT64_MAX, err);
}

int sqs_purge_queue(SwCtx *cx, const SqsPurgeQueueRequest *in, void *out, SwError *err) {
    SqsQueueRecord *q;
    size_t n;
    if (sqs_queue_by_reference(cx, in->queue_url, &q, err) < 0)
        return -1;
    if (q->purged.set && sw_now(cx) - q->purged.v < 60 * SW_S)
        return sw_fail(err, &SQS_PURGE_QUEUE_IN_PROGRESS, "Only one PurgeQueue operation on %.*s is allowed every 60 seconds.",
                       SW_FMT(q->name));
    q->purged = SW_SOME_TIME(sw_now(cx));
    if (sqs_queue_put(cx, q->name, q, err) < 0)
        return -1;
    return sqs_messages_clear(cx, q, INT64_MAX, 0, &n, err);
}

int sqs_list_queue_tags(SwCtx *cx, const SqsListQueueTagsRequest *in, SqsListQueueTagsResult *out, SwError *err) {
    SwStrMap *tags;
    if (sw_op_tags(cx, sqs_declarations.resource, in->queue_url, &tags, err) < 0)
        return -1;
    out->tags = *tags;
    return 0;
}
