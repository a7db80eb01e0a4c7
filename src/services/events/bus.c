/* SPDX-License-Identifier: Apache-2.0 */
/* Event buses. The default one is always there and has no document. */

#include "services/events/events.h"

const SwCollection events_buses = {.name = "events/bus", .shape = &events_shape_bus_record};

static SwStr bus_arn(SwCtx *cx, SwStr name) {
    return sw_arn(cx, "events", "event-bus/%.*s", SW_FMT(name));
}

int events_bus_name(SwCtx *cx, SwStr text, SwStr *ret_name, SwError *err) {
    SwArn arn;
    SwStr name = sw_str_or(text, SW_STR("default"));
    void *bus;
    if (sw_arn_parse(text, &arn)) {
        if (!sw_str_eq(arn.account, cx->account) || !sw_str_eq(arn.region, cx->region))
            return sw_refuse_field(err, &SW_VALIDATION_EXCEPTION, "EventBusName", "buses of another account or region are not available");
        name = sw_str_skip(arn.resource, strlen("event-bus/"));
    }
    *ret_name = name;
    if (sw_str_eqz(name, "default"))
        return 0;
    if (sw_doc_get(cx->tx, &events_buses, name, &bus, err) < 0)
        return -1;
    return bus ? 0 : sw_fail(err, &EVENTS_RESOURCE_NOT_FOUND_EXCEPTION, "Event bus %.*s does not exist.", SW_FMT(name));
}

int events_create_event_bus(SwCtx *cx, const EventsCreateEventBusRequest *in, EventsCreateEventBusResponse *out, SwError *err) {
    size_t at;
    bool inserted;
    const struct { const char *name; bool set; } refused[] = {
        {"EventSourceName", in->event_source_name.p}, {"KmsKeyIdentifier", in->kms_key_identifier.p},
        {"DeadLetterConfig", in->dead_letter_config}, {"LogConfig", in->log_config}};
    for (size_t i = 0; i < SW_N(refused); i++)
        if (refused[i].set)
            return sw_refuse_field(err, &SW_VALIDATION_EXCEPTION, refused[i].name, "is not available");
    if (sw_str_find(in->name, '/', &at))
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "Event bus name must not contain '/'.");
    EventsBusRecord b = {.name = in->name, .arn = bus_arn(cx, in->name), .description = in->description,
                         .created = SW_SOME_TIME(sw_now(cx)), .tags = in->tags};
    if (sw_str_eqz(in->name, "default"))
        inserted = false;
    else if (sw_doc_insert(cx->tx, &events_buses, b.name, &b, &inserted, err) < 0)
        return -1;
    if (!inserted)
        return sw_fail(err, &EVENTS_RESOURCE_ALREADY_EXISTS_EXCEPTION, "Event bus %.*s already exists.", SW_FMT(in->name));
    out->event_bus_arn = b.arn;
    out->description = b.description;
    return 0;
}

int events_describe_event_bus(SwCtx *cx, const EventsDescribeEventBusRequest *in, EventsDescribeEventBusResponse *out, SwError *err) {
    void *doc = NULL;
    SwStr name;
    if (events_bus_name(cx, in->name, &name, err) < 0 || sw_doc_get(cx->tx, &events_buses, name, &doc, err) < 0)
        return -1;
    EventsBusRecord *b = doc;
    *out = (EventsDescribeEventBusResponse){.name = name, .arn = bus_arn(cx, name)};
    if (b) {
        out->description = b->description;
        out->creation_time = out->last_modified_time = b->created;
    }
    return 0;
}

int events_list_event_buses(SwCtx *cx, const EventsListEventBusesRequest *in, EventsListEventBusesResponse *out, SwError *err) {
    SwDocQuery q = {.prefix = in->name_prefix};
    SwDocList l;
    if (events_page(cx, "ListEventBuses", in->next_token, in->limit, &q, err) < 0 || sw_doc_list(cx->tx, &events_buses, &q, &l, err) < 0)
        return -1;
    sw_list_present(cx->arena, &out->event_buses);
    if (!sw_str_is(q.after) && sw_str_starts(SW_STR("default"), in->name_prefix))
        *sw_list_add(cx->arena, &out->event_buses) = (EventsEventBus){.name = SW_STR("default"), .arn = bus_arn(cx, SW_STR("default"))};
    for (size_t i = 0; i < l.n; i++) {
        const EventsBusRecord *b = l.v[i].record;
        *sw_list_add(cx->arena, &out->event_buses) = (EventsEventBus){.name = b->name, .arn = b->arn, .description = b->description,
                                                                     .creation_time = b->created, .last_modified_time = b->created};
    }
    if (sw_str_is(l.next))
        out->next_token = sw_page_token(cx->arena, "ListEventBuses", l.next);
    return 0;
}

int events_delete_event_bus(SwCtx *cx, const EventsDeleteEventBusRequest *in, void *out, SwError *err) {
    SwDocQuery q = {.index = "by_bus", .equals = {in->name}};
    int64_t n;
    if (sw_str_eqz(in->name, "default"))
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "Cannot delete event bus default.");
    if (sw_doc_count(cx->tx, &events_rules, &q, &n, err) < 0)
        return -1;
    if (n)
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "Event bus %.*s can't be deleted since it has rules.", SW_FMT(in->name));
    return sw_doc_delete(cx->tx, &events_buses, in->name, NULL, err);
}
