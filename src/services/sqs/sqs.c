/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table. */

#include "services/sqs/sqs.h"

static const SwHandler handlers[] = {
    {SQS_ADD_PERMISSION, SW_HANDLER(sqs_add_permission), 0},
    {SQS_CANCEL_MESSAGE_MOVE_TASK, SW_HANDLER(sqs_cancel_message_move_task), 0},
    {SQS_CHANGE_MESSAGE_VISIBILITY, SW_HANDLER(sqs_change_message_visibility), 0},
    {SQS_CHANGE_MESSAGE_VISIBILITY_BATCH, SW_HANDLER(sqs_change_message_visibility_batch), 0},
    {SQS_CREATE_QUEUE, SW_HANDLER(sqs_create_queue), 0},
    {SQS_DELETE_MESSAGE, SW_HANDLER(sqs_delete_message), 0},
    {SQS_DELETE_MESSAGE_BATCH, SW_HANDLER(sqs_delete_message_batch), 0},
    {SQS_DELETE_QUEUE, SW_HANDLER(sqs_delete_queue), 0},
    {SQS_GET_QUEUE_ATTRIBUTES, SW_HANDLER(sqs_get_queue_attributes), 0},
    {SQS_GET_QUEUE_URL, SW_HANDLER(sqs_get_queue_url), 0},
    {SQS_LIST_DEAD_LETTER_SOURCE_QUEUES, SW_HANDLER(sqs_list_dead_letter_source_queues), 0},
    {SQS_LIST_MESSAGE_MOVE_TASKS, SW_HANDLER(sqs_list_message_move_tasks), 0},
    {SQS_LIST_QUEUE_TAGS, SW_HANDLER(sqs_list_queue_tags), 0},
    {SQS_LIST_QUEUES, SW_HANDLER(sqs_list_queues), 0},
    {SQS_PURGE_QUEUE, SW_HANDLER(sqs_purge_queue), 0},
    {SQS_RECEIVE_MESSAGE, SW_HANDLER(sqs_receive_message), SW_OWN_TX},
    {SQS_REMOVE_PERMISSION, SW_HANDLER(sqs_remove_permission), 0},
    {SQS_SEND_MESSAGE, SW_HANDLER(sqs_send_message), 0},
    {SQS_SEND_MESSAGE_BATCH, SW_HANDLER(sqs_send_message_batch), 0},
    {SQS_SET_QUEUE_ATTRIBUTES, SW_HANDLER(sqs_set_queue_attributes), 0},
    {SQS_START_MESSAGE_MOVE_TASK, SW_HANDLER(sqs_start_message_move_task), 0},
    {SQS_TAG_QUEUE, SW_HANDLER(sqs_tag_queue), 0},
    {SQS_UNTAG_QUEUE, SW_HANDLER(sqs_untag_queue), 0},
};

static const SwCollection *const collections[] = {&sqs_queues, &sqs_messages, &sqs_deduplications, &sqs_moves, NULL};
static const SwController *const controllers[] = {&sqs_expiry, &sqs_mover, NULL};
static const SwTarget targets[] = {{"sqs", NULL, sqs_deliver, "sqs:SendMessage"}};

const SwService sw_service_sqs = {
    .name = "sqs",
    .api = &sqs_api,
    .handlers = handlers,
    .n_handlers = SW_N(handlers),
    .bad_token = {&sqs_invalid, "Invalid or expired next token."},
    .invalid = &sqs_invalid,
    .denied = &sqs_denied,
    .resource = sqs_resource,
    .policy = sqs_queue_policy,
    .collections = collections,
    .controllers = controllers,
    .targets = targets,
    .n_targets = SW_N(targets),
    .gauge = sqs_gauge,
};
