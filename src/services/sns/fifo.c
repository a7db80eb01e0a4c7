/* SPDX-License-Identifier: Apache-2.0 */
/* FIFO topics: a message belongs to a group, is given a number, and is published once in five minutes; again it is
 * answered as it was then. Order within a group is the queue's: messages are sent in the publisher's transaction. */

#include "base/digest.h"
#include "services/sns/sns.h"

#define REMEMBERED (5 * SW_MINUTE)

bool sns_topic_is_fifo(const SnsTopicRecord *t) {
    return sw_str_ends(t->name, SW_STR(".fifo"));
}

static bool good_token(SwStr s) {
    bool good = s.n >= 1 && s.n <= 128;
    for (size_t i = 0; i < s.n; i++)
        good &= s.p[i] > ' ' && s.p[i] <= '~';
    return good;
}

static int check_group(SwStr group, SwError *err) {
    return good_token(group)
               ? 0
               : sw_fail(err, &sns_invalid,
                         "Invalid parameter: MessageGroupId Reason: it can only include alphanumeric and punctuation "
                         "characters, 1 to 128 of them");
}

int sns_fifo_check(SwCtx *cx, const SnsTopicRecord *t, SnsMessage *m, SwError *err) {
    if (!sns_topic_is_fifo(t)) {
        if (m->deduplication.p)
            return sw_fail(err, &sns_invalid,
                           "Invalid parameter: MessageDeduplicationId Reason: The request includes MessageDeduplicationId "
                           "parameter that is "
                           "not valid for this topic type");
        return m->group.p ? check_group(m->group, err) : 0; /* it goes on to fair queues */
    }
    if (!m->group.p)
        return sw_fail(err, &sns_invalid, "Invalid parameter: The MessageGroupId parameter is required for FIFO topics");
    if (check_group(m->group, err) < 0)
        return -1;
    if (m->deduplication.p && !good_token(m->deduplication))
        return sw_fail(err, &sns_invalid,
                       "Invalid parameter: MessageDeduplicationId Reason: it can only include alphanumeric and punctuation "
                       "characters, 1 to "
                       "128 of them");
    if (m->deduplication.p)
        return 0;
    if (!sw_str_eqz(sw_str_map_find(&t->attributes, SW_STR("ContentBasedDeduplication")), "true"))
        return sw_fail(
            err, &sns_invalid,
            "Invalid parameter: The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId "
            "provided explicitly");
    m->deduplication = sw_sha256_hex(cx->arena, m->message);
    return 0;
}

/* What is older than five minutes is of no use to anybody. */
static int forget(SwCtx *cx, const SnsTopicRecord *t, SwError *err) {
    SwDocQuery q = {.index = "by_sent",
                    .equals = {t->arn},
                    .below = sw_index_number(cx->arena, sw_now(cx) - REMEMBERED),
                    .limit = 100};
    return sns_deduplications_delete_all(cx->tx, &q, err);
}

int sns_fifo_number(SwCtx *cx, const SnsTopicRecord *t, SnsMessage *m, bool *ret_known, SwError *err) {
    bool by_group = sw_str_eqz(sw_str_map_find(&t->attributes, SW_STR("FifoThroughputScope")), "MessageGroup");
    SwStr id = sw_strf(cx->arena, "%.*s\n%.*s\n%.*s", SW_FMT(t->arn), SW_FMT(by_group ? m->group : SW_STR("")),
                       SW_FMT(m->deduplication));
    SnsDeduplicationRecord *known;
    int64_t number;
    if (forget(cx, t, err) < 0 || sns_deduplications_find(cx->tx, id, &known, err) < 0)
        return -1;
    *ret_known = known != NULL;
    if (known) {
        m->id = known->message;
        m->sequence = known->sequence;
        return 0;
    }
    if (sw_doc_next(cx->tx, SW_SCOPE_REGION, sw_strf(cx->arena, "sns/%.*s", SW_FMT(t->name)), &number, err) < 0)
        return -1;
    m->sequence = sw_strf(cx->arena, "1%016lld000", (long long)number);
    SnsDeduplicationRecord d = {.topic = t->arn,
                                .message = m->id,
                                .sequence = m->sequence,
                                .sent_key = sw_index_number(cx->arena, sw_now(cx))};
    return sns_deduplications_put(cx->tx, id, &d, err);
}
