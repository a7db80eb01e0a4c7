/* SPDX-License-Identifier: Apache-2.0 */

/* SQS's dialect of Query: a queue's URL is an endpoint of its own. A request to it names the queue by
 * its path; operations that are about no queue are not served there. */

#include "wire/codec.h"

bool wire_is_sqs(const SwApi *api) {
    return api && strcmp(api->name, "sqs") == 0;
}

int wire_sqs_not_here(SwStr action, SwError *err) {
    return sw_fail(err, &SW_INVALID_ACTION, "The action %.*s is not valid for this endpoint.", SW_FMT(action));
}

/* "/123456789012/NAME", with or without a slash behind it: *ret_url without it. */
bool sw_wire_queue_path(SwStr path, SwStr *ret_url) {
    SwStr url = sw_str_ends(path, SW_STR("/")) ? sw_str_drop(path, 1) : path;
    SwStr rest = url, account;
    size_t slash;
    if (!sw_str_starts(rest, SW_STR("/")))
        return false;
    rest = sw_str_skip(rest, 1);
    if (!sw_str_cut(&rest, '/', &account) || account.n != 12 || !rest.n || sw_str_find(rest, '/', &slash))
        return false;
    for (size_t i = 0; i < account.n; i++)
        if (account.p[i] < '0' || account.p[i] > '9')
            return false;
    *ret_url = url;
    return true;
}

int sw_wire_to_queue(SwArena *a, const SwApi *api, const SwOperation *op, SwWireMessage *m, SwError *err) {
    SwStr url;
    if (!wire_is_sqs(api) || !sw_wire_queue_path(m->path, &url))
        return 0;
    if (!op->input || !sw_shape_member(op->input, SW_STR("QueueUrl")))
        return wire_sqs_not_here(sw_str(op->name), err);
    /* Before all others: a QueueUrl that the request itself has goes before its path. */
    m->query = sw_strf(a, "QueueUrl=%.*s&%.*s", SW_FMT(url), SW_FMT(m->query.p ? m->query : SW_STR("")));
    return 0;
}
