/* SPDX-License-Identifier: Apache-2.0 */
/* The three batch operations are one: one to ten entries with distinct ids, each of which succeeds or fails alone. */

#include <stddef.h>

#include "services/sqs/sqs.h"

/* One entry; *done is its entry of Successful, the id filled in. */
typedef int EntryFn(SwCtx *cx, SqsQueueRecord *q, const void *entry, void *done, SwError *err);

/* A list of structures that begin with their id. */
typedef struct Entries {
    const void *v;
    size_t n, size;
} Entries;
#define ENTRIES(l) ((Entries){(l).v, (l).n, sizeof(*(l).v)})
_Static_assert(offsetof(SqsSendMessageBatchRequestEntry, id) == 0, "");
_Static_assert(offsetof(SqsSendMessageBatchResultEntry, id) == 0, "");
_Static_assert(offsetof(SqsDeleteMessageBatchRequestEntry, id) == 0, "");
_Static_assert(offsetof(SqsDeleteMessageBatchResultEntry, id) == 0, "");
_Static_assert(offsetof(SqsChangeMessageVisibilityBatchRequestEntry, id) == 0, "");
_Static_assert(offsetof(SqsChangeMessageVisibilityBatchResultEntry, id) == 0, "");

static const void *entry_at(const Entries *l, size_t i) {
    return (const char *)l->v + i * l->size;
}

static SwStr id_at(const Entries *l, size_t i) {
    return *(const SwStr *)entry_at(l, i);
}

static int check_ids(SwCtx *cx, const Entries *l, SwError *err) {
    const char *operation = cx->op->name;
    SwStrList seen = {0};
    if (!l->n)
        return sw_fail(err, &SQS_EMPTY_BATCH_REQUEST, "There should be at least one %sRequestEntry in the request.", operation);
    if (l->n > 10)
        return sw_fail(err, &SQS_TOO_MANY_ENTRIES_IN_BATCH_REQUEST,
                       "Maximum number of entries per request are 10. You have sent %zu.", l->n);
    for (size_t i = 0; i < l->n; i++) {
        SwStr id = id_at(l, i);
        bool good = id.n >= 1 && id.n <= 80 && sw_str_all(id, "a-zA-Z0-9_-");
        if (!good)
            return sw_fail(err, &SQS_INVALID_BATCH_ENTRY_ID,
                           "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at "
                           "most 80 letters long.");
        if (sw_str_list_has(&seen, id))
            return sw_fail(err, &SQS_BATCH_ENTRY_IDS_NOT_DISTINCT, "Id %.*s repeated.", SW_FMT(id));
        sw_str_list_add(cx->arena, &seen, id);
    }
    return 0;
}

/* An entry's own failure is part of the answer; ours fails the whole. */
static int entry_failed(SwCtx *cx, SqsBatchResultErrorEntryList *failed, SwStr id, SwError *err) {
    if (!err->kind || err->kind->http >= 500)
        return -1;
    const char *code = err->kind->query_code ? err->kind->query_code : err->kind->code;
    *sw_list_add(cx->arena, failed) = (SqsBatchResultErrorEntry){.id = id,
                                                                 .sender_fault = SW_SOME_BOOL(true),
                                                                 .code = sw_str(code),
                                                                 .message = sw_str(err->message)};
    sw_error_reset(err);
    return 0;
}

/* done, n_done: the list of Successful, of structures of this size. */
static int run(SwCtx *cx, SwStr url, Entries l, EntryFn *each, void **done, size_t *n_done, size_t done_size,
               SqsBatchResultErrorEntryList *failed, SwError *err) {
    SqsQueueRecord *q;
    if (sqs_queue_by_reference(cx, url, &q, err) < 0 || check_ids(cx, &l, err) < 0)
        return -1;
    *done = sw_arena_array(cx->arena, l.n, done_size);
    sw_list_present(cx->arena, failed);
    for (size_t i = 0; i < l.n; i++) {
        void *result = sw_arena_alloc(cx->arena, done_size);
        *(SwStr *)result = id_at(&l, i);
        if (each(cx, q, entry_at(&l, i), result, err) == 0) {
            memcpy((char *)*done + *n_done * done_size, result, done_size);
            ++*n_done;
        } else if (entry_failed(cx, failed, id_at(&l, i), err) < 0) {
            return -1;
        }
    }
    return 0;
}
#define RUN(each) \
    run(cx, in->queue_url, ENTRIES(in->entries), (each), (void **)&out->successful.v, &out->successful.n, \
        sizeof(*out->successful.v), &out->failed, err)

static int send_one(SwCtx *cx, SqsQueueRecord *q, const void *entry, void *done, SwError *err) {
    const SqsSendMessageBatchRequestEntry *e = entry;
    SqsSendMessageBatchResultEntry *to = done;
    SqsSendMessageResult r = {0};
    SqsSend s = {.body = e->message_body,
                 .delay = e->delay_seconds,
                 .attributes = &e->message_attributes,
                 .system = &e->message_system_attributes,
                 .group = e->message_group_id,
                 .deduplication = e->message_deduplication_id};
    if (sqs_message_send(cx, q, &s, &r, err) < 0)
        return -1;
    *to = (SqsSendMessageBatchResultEntry){.id = e->id,
                                           .message_id = r.message_id,
                                           .md5_of_message_body = r.md5_of_message_body,
                                           .md5_of_message_attributes = r.md5_of_message_attributes,
                                           .md5_of_message_system_attributes = r.md5_of_message_system_attributes,
                                           .sequence_number = r.sequence_number};
    return 0;
}

/* What each entry for a FIFO queue must say; without it all of them fail. */
static int check_fifo(SwCtx *cx, const SqsSendMessageBatchRequest *in, SwError *err) {
    SqsQueueRecord *q;
    if (sqs_queue_by_reference(cx, in->queue_url, &q, err) < 0)
        return -1;
    bool by_content = sw_str_eqz(sw_str_map_find(&q->attributes, SW_STR("ContentBasedDeduplication")), "true");
    for (size_t i = 0; sqs_queue_is_fifo(q) && i < in->entries.n; i++) {
        if (!in->entries.v[i].message_group_id.p)
            return sw_fail(err, &sqs_invalid, "The request must contain the parameter MessageGroupId.");
        if (!in->entries.v[i].message_deduplication_id.p && !by_content)
            return sw_fail(
                err, &sqs_invalid,
                "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly");
    }
    return 0;
}

int sqs_send_message_batch(SwCtx *cx, const SqsSendMessageBatchRequest *in, SqsSendMessageBatchResult *out, SwError *err) {
    size_t bytes = 0;
    for (size_t i = 0; i < in->entries.n; i++)
        bytes += sqs_message_size(in->entries.v[i].message_body, &in->entries.v[i].message_attributes);
    if (bytes > SQS_MESSAGE_MAX)
        return sw_fail(err, &SQS_BATCH_REQUEST_TOO_LONG,
                       "Batch requests cannot be longer than %d bytes. You have sent %zu bytes.", SQS_MESSAGE_MAX, bytes);
    return check_fifo(cx, in, err) < 0 ? -1 : RUN(send_one);
}

static int delete_one(SwCtx *cx, SqsQueueRecord *q, const void *entry, void *done, SwError *err) {
    return sqs_message_delete(cx, q, ((const SqsDeleteMessageBatchRequestEntry *)entry)->receipt_handle, err);
}

int sqs_delete_message_batch(SwCtx *cx, const SqsDeleteMessageBatchRequest *in, SqsDeleteMessageBatchResult *out,
                             SwError *err) {
    return RUN(delete_one);
}

static int change_one(SwCtx *cx, SqsQueueRecord *q, const void *entry, void *done, SwError *err) {
    const SqsChangeMessageVisibilityBatchRequestEntry *e = entry;
    return sqs_message_set_visibility(cx, q, e->receipt_handle, SW_OR(e->visibility_timeout, 0), err);
}

int sqs_change_message_visibility_batch(SwCtx *cx, const SqsChangeMessageVisibilityBatchRequest *in,
                                        SqsChangeMessageVisibilityBatchResult *out, SwError *err) {
    return RUN(change_one);
}
