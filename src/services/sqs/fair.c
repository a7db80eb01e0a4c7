/* SPDX-License-Identifier: Apache-2.0 */
/* Fair queues (SQS Developer Guide, "Amazon SQS fair queues"): a standard queue's messages may name a group, a tenant say;
 * one that has sent many does not make the others wait. Who receives is given one message of each group in turn, out of
 * the first LOOK_AT that are visible. A message without a group is a group of its own: without groups the order is that of
 * sending. */

#include "base/map.h"
#include "services/sqs/sqs.h"

#define LOOK_AT 500

typedef struct Turn {
    size_t next;
} Turn; /* of a group: how many of its messages were seen */

/* Sorted by turn, stable: a counting sort, the turns are small. */
static void in_turn(SwArena *a, SqsMessageRecords *l) {
    SwMap groups = sw_map(a);
    size_t *turn = sw_new_n(a, size_t, l->n), *at = sw_new_n(a, size_t, l->n + 1);
    SqsMessageRecordRow *sorted = sw_new_n(a, SqsMessageRecordRow, l->n);
    for (size_t i = 0; i < l->n; i++) {
        SwStr group = l->v[i].record->group;
        Turn *t = group.p ? sw_map_find(&groups, group) : NULL;
        if (group.p && !t)
            sw_map_put(&groups, group, t = sw_new(a, Turn));
        turn[i] = t ? t->next++ : 0;
        at[turn[i] + 1]++;
    }
    for (size_t i = 1; i <= l->n; i++)
        at[i] += at[i - 1];
    for (size_t i = 0; i < l->n; i++)
        sorted[at[turn[i]]++] = l->v[i];
    l->v = sorted;
}

int sqs_fair_list(SwCtx *cx, SwDocQuery *query, SqsMessageRecords *ret_l, SwError *err) {
    size_t max = query->limit;
    bool grouped = false;
    if (sqs_messages_list(cx->tx, query, ret_l, err) < 0)
        return -1;
    for (size_t i = 0; i < ret_l->n && !grouped; i++)
        grouped = ret_l->v[i].record->group.p != NULL;
    if (!grouped || !sw_str_is(ret_l->next))
        return 0;
    query->limit = LOOK_AT;
    int r = sqs_messages_list(cx->tx, query, ret_l, err);
    query->limit = max;
    if (r == 0)
        in_turn(cx->arena, ret_l);
    return r;
}
