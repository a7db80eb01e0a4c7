/* SPDX-License-Identifier: Apache-2.0 */
/* Message move tasks (StartMessageMoveTask): a dead-letter queue's messages go back to where they came from, or on to a
 * queue that is named. A task is a row; the controller moves a piece of the queue in each transaction.
 *
 *   RUNNING --nothing left--> COMPLETED
 *      |  \--CancelMessageMoveTask--> CANCELLED
 *      \--a destination is gone--> FAILED
 *
 * With MaxNumberOfMessagesPerSecond so many are moved in each second of the clock. */

#include "base/digest.h"
#include "base/id.h"
#include "services/sqs/sqs.h"

#define PIECE 100 /* messages a transaction */

static bool is(const SqsMoveRecord *t, const char *status) {
    return sw_str_eqz(t->entry->status, status);
}

static int count(SwCtx *cx, const SqsQueueRecord *q, int64_t *ret_n, SwError *err) {
    int64_t leased, delayed;
    return sqs_queue_count(cx, q, ret_n, &leased, &delayed, err);
}

/* A queue that is the dead-letter queue of others; AWS moves from no other. */
static int source_queue(SwCtx *cx, SwStr arn, SqsQueueRecord **ret_q, SqsQueueRecords *ret_others, SwError *err) {
    SwDocQuery q = {.index = "by_dead_letter", .equals = {arn}};
    if (sqs_queue_by_arn(cx, arn, ret_q, err) < 0)
        return sw_refuse_as(err, &SQS_RESOURCE_NOT_FOUND_EXCEPTION,
                            "The resource that you specified for the SourceArn parameter doesn't exist.");
    if (sqs_queues_list(cx->tx, &q, ret_others, err) < 0)
        return -1;
    return ret_others->n ? 0 : sw_fail(err, &sqs_invalid, "Source queue must be configured as a Dead Letter Queue.");
}

/* Where messages go back to, which the request does not name. */
static int may_send_back(SwCtx *cx, const SqsQueueRecords *queues, SwError *err) {
    for (size_t i = 0; i < queues->n; i++)
        if (sw_authorise(cx, "sqs:SendMessage", sqs_queue_arn(cx, queues->v[i].id), err) < 0)
            return -1;
    return 0;
}

static int running_task(SwCtx *cx, SwStr source, const SqsMoveRecord **ret_t, SwError *err) {
    SwDocQuery q = {.index = "by_source", .equals = {source}, .limit = 1, .descending = true};
    SqsMoveRecords l;
    if (sqs_moves_list(cx->tx, &q, &l, err) < 0)
        return -1;
    *ret_t = l.n && is(l.v[0].record, "RUNNING") ? l.v[0].record : NULL;
    return 0;
}

int sqs_start_message_move_task(SwCtx *cx, const SqsStartMessageMoveTaskRequest *in, SqsStartMessageMoveTaskResult *out,
                                SwError *err) {
    int64_t rate = SW_OR(in->max_number_of_messages_per_second, 1), number;
    const SqsMoveRecord *other;
    SqsQueueRecord *source, *destination;
    SqsQueueRecords others;
    if (rate < 1 || rate > 500)
        return sw_fail(
            err, &sqs_invalid,
            "Value for parameter MaxNumberOfMessagesPerSecond is invalid. You must enter a value between 1 and 500.");
    if (source_queue(cx, in->source_arn, &source, &others, err) < 0 || running_task(cx, in->source_arn, &other, err) < 0 ||
        (!sw_str_is(in->destination_arn) && may_send_back(cx, &others, err) < 0))
        return -1;
    if (sw_str_is(in->destination_arn) && sqs_queue_by_arn(cx, in->destination_arn, &destination, err) < 0)
        return sw_refuse_as(err, &SQS_RESOURCE_NOT_FOUND_EXCEPTION,
                            "The resource that you specified for the DestinationArn parameter doesn't exist.");
    if (sw_str_is(in->destination_arn) && sqs_queue_is_fifo(destination) != sqs_queue_is_fifo(source))
        return sw_fail(err, &sqs_invalid, "The destination queue must be of the same type as the source queue.");
    if (other)
        return sw_fail(
            err, &sqs_invalid,
            "There is already a task running. Only one active task is allowed for a source queue arn at a given time.");
    SqsListMessageMoveTasksResultEntry e = {.status = SW_STR("RUNNING"),
                                            .source_arn = in->source_arn,
                                            .destination_arn = in->destination_arn,
                                            .max_number_of_messages_per_second = in->max_number_of_messages_per_second,
                                            .approximate_number_of_messages_moved = SW_SOME_INT(0),
                                            .started_timestamp = SW_SOME_INT(sw_now(cx) / SW_MS)};
    SwStr id = sw_id_uuid(cx->arena);
    e.task_handle = sw_base64(cx->arena, sw_strf(cx->arena, "{\"taskId\":\"%.*s\",\"sourceArn\":\"%.*s\"}", SW_FMT(id),
                                                 SW_FMT(in->source_arn)));
    e.approximate_number_of_messages_to_move.set = true;
    if (count(cx, source, &e.approximate_number_of_messages_to_move.v, err) < 0 ||
        sw_doc_next(cx->tx, SW_SCOPE_REGION, SW_STR("sqs/move"), &number, err) < 0)
        return -1;
    SqsMoveRecord t = {.source = in->source_arn, .order = sw_index_number(cx->arena, number), .entry = &e};
    out->task_handle = e.task_handle;
    if (sqs_moves_put(cx->tx, id, &t, err) < 0)
        return -1;
    return sw_wake(cx, &sqs_mover, id, 0, err);
}

static bool read_handle(SwCtx *cx, SwStr handle, SwStr *ret_id, SwStr *ret_source) {
    SwStr text;
    SwValue v;
    SwError ignored = sw_error(cx->arena);
    if (!sw_unbase64(cx->arena, handle, &text) || sw_json_parse(cx->arena, text, &v, &ignored) < 0)
        return false;
    *ret_id = sw_value_str(sw_value_getz(&v, "taskId"));
    *ret_source = sw_value_str(sw_value_getz(&v, "sourceArn"));
    return ret_id->p != NULL;
}

SwStr sqs_move_source(SwCtx *cx, SwStr handle) {
    SwStr id, source;
    return read_handle(cx, handle, &id, &source) ? source : SW_NO_STR;
}

int sqs_cancel_message_move_task(SwCtx *cx, const SqsCancelMessageMoveTaskRequest *in, SqsCancelMessageMoveTaskResult *out,
                                 SwError *err) {
    SwStr id, source_arn;
    SqsMoveRecord *t;
    SqsQueueRecord *source;
    if (!read_handle(cx, in->task_handle, &id, &source_arn))
        return sw_fail(err, &sqs_invalid, "Value for parameter TaskHandle is invalid.");
    if (sqs_queue_by_arn(cx, source_arn, &source, err) < 0)
        return sw_refuse_as(err, &SQS_RESOURCE_NOT_FOUND_EXCEPTION,
                            "The resource that you specified for the SourceArn parameter doesn't exist.");
    if (sqs_moves_find(cx->tx, id, &t, err) < 0)
        return -1;
    if (!t || !sw_str_eq(t->source, source_arn)) /* who may cancel was asked about the handle's queue */
        return sw_fail(err, &SQS_RESOURCE_NOT_FOUND_EXCEPTION, "Task does not exist.");
    if (!is(t, "RUNNING"))
        return sw_fail(err, &SQS_UNSUPPORTED_OPERATION, "Only active tasks can be cancelled.");
    t->entry->status = SW_STR("CANCELLED");
    out->approximate_number_of_messages_moved = t->entry->approximate_number_of_messages_moved;
    return sqs_moves_put(cx->tx, id, t, err);
}

int sqs_list_message_move_tasks(SwCtx *cx, const SqsListMessageMoveTasksRequest *in, SqsListMessageMoveTasksResult *out,
                                SwError *err) {
    SqsQueueRecord *source;
    int64_t max = SW_OR(in->max_results, 1);
    SwDocQuery q = {.index = "by_source", .equals = {in->source_arn}, .limit = (size_t)max, .descending = true};
    SqsMoveRecords l;
    if (max < 1 || max > 10)
        return sw_fail(err, &sqs_invalid,
                       "Value for parameter MaxResults is invalid. You must enter a value between 1 and 10.");
    if (sqs_queue_by_arn(cx, in->source_arn, &source, err) < 0)
        return sw_refuse_as(err, &SQS_RESOURCE_NOT_FOUND_EXCEPTION,
                            "The resource that you specified for the SourceArn parameter doesn't exist.");
    if (sqs_moves_list(cx->tx, &q, &l, err) < 0)
        return -1;
    sw_list_present(cx->arena, &out->results);
    for (size_t i = 0; i < l.n; i++) {
        SqsListMessageMoveTasksResultEntry *e = sw_list_add(cx->arena, &out->results);
        *e = *l.v[i].record->entry;
        if (!sw_str_eqz(e->status, "RUNNING"))
            e->task_handle = SW_NO_STR; /* "only if the status is RUNNING" */
    }
    return 0;
}

/* --- the controller
 * -------------------------------------------------------------------------------------------------------------- */

static int move_one(SwCtx *cx, SqsMoveRecord *t, SqsMessageRecord *m, SwError *err) {
    SwStr to = sw_str_or(t->entry->destination_arn, m->dead_letter_source);
    SqsQueueRecord *destination;
    if (!sw_str_is(to) || sqs_queue_by_arn(cx, to, &destination, err) < 0) {
        sw_error_reset(err);
        t->entry->status = SW_STR("FAILED");
        t->entry->failure_reason = SW_STR("AWS.SimpleQueueService.NonExistentQueue");
        return 0;
    }
    t->entry->approximate_number_of_messages_moved.v++;
    return sqs_message_move(cx, m, destination, err);
}

/* A piece of the source's visible messages. */
static int move_piece(SwCtx *cx, SqsMoveRecord *t, const SqsQueueRecord *source, size_t most, SwError *err) {
    SwDocQuery q = {.index = "by_visible",
                    .equals = {source->id},
                    .below = sw_index_number(cx->arena, sw_now(cx) + 1),
                    .limit = most};
    SqsMessageRecords l;
    if (sqs_messages_list(cx->tx, &q, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n && is(t, "RUNNING"); i++)
        if (move_one(cx, t, l.v[i].record, err) < 0)
            return -1;
    if (is(t, "RUNNING") && l.n < most)
        t->entry->status = SW_STR("COMPLETED");
    return 0;
}

static int step(SwCtx *cx, SwStr id, SwStep *ret_step, SwError *err) {
    SqsQueueRecord *source;
    SqsMoveRecord *t;
    if (sw_ctx_begin(cx, SW_WRITE, err) < 0 || sqs_moves_find(cx->tx, id, &t, err) < 0)
        return -1;
    if (!t || !is(t, "RUNNING")) {
        sw_ctx_rollback(cx);
        return 0;
    }
    bool limited = t->entry->max_number_of_messages_per_second.set;
    size_t most = limited ? (size_t)t->entry->max_number_of_messages_per_second.v : PIECE;
    if (sqs_queue_by_arn(cx, t->source, &source, err) < 0) {
        sw_error_reset(err);
        t->entry->status = SW_STR("FAILED");
        t->entry->failure_reason = SW_STR("AWS.SimpleQueueService.NonExistentQueue");
    } else if (move_piece(cx, t, source, most, err) < 0) {
        return -1;
    }
    if (is(t, "RUNNING"))
        ret_step->again = limited ? sw_now(cx) + SW_S : sw_now(cx);
    if (sqs_moves_put(cx->tx, id, t, err) < 0)
        return -1;
    return sw_ctx_commit(cx, err);
}

static int failed(SwCtx *cx, SwStr id, const char *why, SwError *err) {
    SqsMoveRecord *t;
    if (sw_ctx_begin(cx, SW_WRITE, err) < 0 || sqs_moves_find(cx->tx, id, &t, err) < 0)
        return -1;
    if (!t || !is(t, "RUNNING"))
        return 0;
    t->entry->status = SW_STR("FAILED");
    t->entry->failure_reason = sw_str(why);
    if (sqs_moves_put(cx->tx, id, t, err) < 0)
        return -1;
    return sw_ctx_commit(cx, err);
}

const SwController sqs_mover = {.name = "sqs/move", .step = step, .failed = failed, .parallel = 1};
