/* SPDX-License-Identifier: Apache-2.0 */
/* Tags of rules and buses. */

#include "services/events/events.h"

const SwTagRules events_tag_rules = {
    .max = 50,
    .too_many = {&SW_VALIDATION_EXCEPTION, "Tags: a resource has at most 50"},
    .reserved = {&SW_VALIDATION_EXCEPTION, "Tag keys starting with aws: are reserved: {key}"},
    .duplicate = {&SW_VALIDATION_EXCEPTION, "Tags must not contain the same key twice: {key}"},
};

/* What an ARN names: one of *ret_r and *ret_b. */
static int find(SwCtx *cx, SwStr text, EventsRuleRecord **ret_r, EventsBusRecord **ret_b, SwError *err) {
    SwArn arn;
    size_t at;
    void *b = NULL;
    *ret_r = NULL;
    if (sw_arn_parse(text, &arn) && sw_str_eqz(arn.service, "events") && !sw_arn_is_here(cx, &arn, "events"))
        return sw_fail(err, &EVENTS_RESOURCE_NOT_FOUND_EXCEPTION, "%.*s does not exist.", SW_FMT(text));
    if (!sw_arn_parse(text, &arn) || !sw_str_eqz(arn.service, "events"))
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "Parameter ResourceARN is not valid.");
    if (sw_str_starts(arn.resource, SW_STR("rule/"))) {
        SwStr path = sw_str_skip(arn.resource, 5), bus = SW_NO_STR;
        if (sw_str_rfind(path, '/', &at)) {
            bus = sw_str_n(path.p, at);
            path = sw_str_skip(path, at + 1);
        }
        return events_rule_get(cx, bus, path, ret_r, err);
    }
    if (sw_str_starts(arn.resource, SW_STR("event-bus/")) &&
        sw_doc_get(cx->tx, &events_buses, sw_str_skip(arn.resource, 10), &b, err) < 0)
        return -1;
    *ret_b = b;
    if (b)
        return 0;
    if (sw_str_eqz(arn.resource, "event-bus/default")) { /* it is always there */
        EventsBusRecord *made = sw_new(cx->arena, EventsBusRecord);
        *made = (EventsBusRecord){.name = SW_STR("default"), .arn = text};
        *ret_b = made;
        return 0;
    }
    if (!sw_str_starts(arn.resource, SW_STR("event-bus/")))
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "Parameter ResourceARN is not valid.");
    return sw_fail(err, &EVENTS_RESOURCE_NOT_FOUND_EXCEPTION, "Event bus %.*s does not exist.",
                   SW_FMT(sw_str_skip(arn.resource, 10)));
}

static int change(SwCtx *cx, SwStr arn, const EventsTagList *add, const SwStrList *remove, SwError *err) {
    EventsRuleRecord *r;
    EventsBusRecord *b;
    if (find(cx, arn, &r, &b, err) < 0)
        return -1;
    EventsTagList *tags = r ? &r->tags : &b->tags;
    if (add && sw_tags_merge(cx->arena, &events_tag_rules, arn, SW_TAGS(tags), SW_GIVEN_TAGS(add), err) < 0)
        return -1;
    if (remove)
        sw_tags_remove(cx->arena, &events_tag_rules, SW_TAGS(tags), remove);
    return r ? events_rule_put(cx, r, err) : sw_doc_put(cx->tx, &events_buses, b->name, b, err);
}

int events_tag_resource(SwCtx *cx, const EventsTagResourceRequest *in, EventsTagResourceResponse *out, SwError *err) {
    return change(cx, in->resource_arn, &in->tags, NULL, err);
}

int events_untag_resource(SwCtx *cx, const EventsUntagResourceRequest *in, EventsUntagResourceResponse *out, SwError *err) {
    return change(cx, in->resource_arn, NULL, &in->tag_keys, err);
}

int events_list_tags_for_resource(SwCtx *cx, const EventsListTagsForResourceRequest *in, EventsListTagsForResourceResponse *out,
                                  SwError *err) {
    EventsRuleRecord *r;
    EventsBusRecord *b;
    if (find(cx, in->resource_arn, &r, &b, err) < 0)
        return -1;
    out->tags = r ? r->tags : b->tags;
    sw_list_present(cx->arena, &out->tags);
    return 0;
}
