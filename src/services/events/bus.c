/* SPDX-License-Identifier: Apache-2.0 */
/* Event buses. The default one is always there; it has a document only once something was said of it. */

#include <sys/stat.h>

#include "base/file.h"
#include "policy/policy.h"
#include "services/events/events.h"

static void *implied(SwCtx *cx, SwStr id) {
    if (!sw_str_eqz(id, "default"))
        return NULL;
    EventsBusRecord *b = sw_new(cx->arena, EventsBusRecord);
    *b = (EventsBusRecord){.name = id, .arn = events_event_bus_arn(cx, id)};
    return b;
}

const SwResourceHooks events_event_bus_hooks = {.implied = implied};

/* The default bus is as old as the data folder; it is changed where something was said of it. */
static SwOptTime default_since(SwCtx *cx) {
    struct stat st;
    return stat(sw_path(cx->arena, cx->host->config->data, "instance"), &st) == 0 ? SW_SOME_TIME(st.st_mtime * SW_S)
                                                                                  : (SwOptTime){0};
}

static SwOptTime created_of(SwCtx *cx, const EventsBusRecord *b) {
    return b && b->created.set ? b->created : default_since(cx);
}

static SwOptTime modified_of(SwCtx *cx, const EventsBusRecord *b) {
    return b && b->modified.set ? b->modified : created_of(cx, b);
}

int events_bus_name(SwCtx *cx, SwStr text, SwStr *ret_name, SwError *err) {
    SwArn arn;
    SwStr name = sw_str_or(text, SW_STR("default"));
    EventsBusRecord *bus;
    if (sw_arn_parse(text, &arn)) {
        if (!sw_str_eq(arn.account, cx->account) || !sw_str_eq(arn.region, cx->region))
            return sw_refuse_field(err, &SW_VALIDATION_EXCEPTION, "EventBusName",
                                   "buses of another account or region are not available");
        name = sw_str_skip(arn.resource, strlen("event-bus/"));
    }
    *ret_name = name;
    return events_event_bus_get(cx, name, &bus, err);
}

static int get(SwCtx *cx, SwStr text, EventsBusRecord **ret_b, SwError *err) {
    SwStr name;
    return events_bus_name(cx, text, &name, err) < 0 ? -1 : events_event_bus_get(cx, name, ret_b, err);
}

int events_create_event_bus(SwCtx *cx, const EventsCreateEventBusRequest *in, EventsCreateEventBusResponse *out, SwError *err) {
    size_t at;
    if (sw_str_find(in->name, '/', &at))
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "Event bus name must not contain '/'.");
    EventsBusRecord b = {.name = in->name,
                         .arn = events_event_bus_arn(cx, in->name),
                         .description = in->description,
                         .created = SW_SOME_TIME(sw_now(cx))};
    if (events_event_bus_set_tags(cx, b.name, &b, SW_GIVEN_TAGS(&in->tags), err) < 0 ||
        events_event_bus_insert(cx, b.name, &b, err) < 0)
        return -1;
    out->event_bus_arn = b.arn;
    out->description = b.description;
    return 0;
}

int events_describe_event_bus(SwCtx *cx, const EventsDescribeEventBusRequest *in, EventsDescribeEventBusResponse *out,
                              SwError *err) {
    EventsBusRecord *b;
    if (get(cx, in->name, &b, err) < 0)
        return -1;
    *out = (EventsDescribeEventBusResponse){
        .name = b->name,
        .arn = b->arn,
        .description = b->description,
        .policy = sw_str_is(b->policy) ? b->policy : SW_NO_STR,
        .creation_time = created_of(cx, b),
        .last_modified_time = modified_of(cx, b),
    };
    return 0;
}

static int put(SwCtx *cx, EventsBusRecord *b, SwError *err) {
    b->modified = SW_SOME_TIME(sw_now(cx));
    return events_event_bus_put(cx, b->name, b, err);
}

int events_update_event_bus(SwCtx *cx, const EventsUpdateEventBusRequest *in, EventsUpdateEventBusResponse *out, SwError *err) {
    EventsBusRecord *b;
    if (get(cx, in->name, &b, err) < 0)
        return -1;
    b->description = in->description;
    *out = (EventsUpdateEventBusResponse){.arn = b->arn, .name = b->name, .description = b->description};
    return put(cx, b, err);
}

/* --- who may put events: the bus's policy
 * ------------------------------------------------------------------------------------------- */

/* A statement from StatementId, Principal and Action: an account, or everybody. */
static int add_statement(SwCtx *cx, EventsBusRecord *b, const EventsPutPermissionRequest *in, SwError *err) {
    bool all = sw_str_eqz(in->principal, "*");
    SwStr policy = b->policy;
    SwStrList actions = {0}, accounts = {0};
    if (!sw_str_eqz(in->action, "events:PutEvents"))
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "Provided value in parameter 'action' is not supported.");
    if (!sw_str_is(in->statement_id) || !sw_str_is(in->principal))
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "Parameter(s) StatementId and Principal must be specified.");
    sw_str_list_add(cx->arena, &actions, SW_STR("PutEvents"));
    sw_str_list_add(cx->arena, &accounts, in->principal);
    (void)sw_policy_remove(cx->arena, &policy, in->statement_id); /* the same id: the statement is another now */
    SwPolicyPermission p = {.label = in->statement_id,
                            .accounts = &accounts,
                            .anybody = all,
                            .actions = &actions,
                            .vendor = "events",
                            .resource = b->arn};
    if (sw_policy_add(cx->arena, &policy, &p, &SW_VALIDATION_EXCEPTION, err) < 0)
        return -1;
    b->policy = policy;
    return 0;
}

int events_put_permission(SwCtx *cx, const EventsPutPermissionRequest *in, void *out, SwError *err) {
    EventsBusRecord *b;
    const SwPolicy *parsed;
    if (get(cx, in->event_bus_name, &b, err) < 0)
        return -1;
    if (sw_str_is(in->policy) && (in->statement_id.p || in->principal.p || in->action.p))
        return sw_fail(err, &SW_VALIDATION_EXCEPTION,
                       "Parameter Policy must not be used with StatementId, Principal or Action.");
    if (!sw_str_is(in->policy))
        return add_statement(cx, b, in, err) < 0 ? -1 : put(cx, b, err);
    if (sw_policy_parse(cx->arena, in->policy, SW_POLICY_RESOURCE, &parsed, err) < 0)
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "Parameter Policy is not valid. Reason: %s", err->message);
    b->policy = in->policy;
    return put(cx, b, err);
}

int events_remove_permission(SwCtx *cx, const EventsRemovePermissionRequest *in, void *out, SwError *err) {
    EventsBusRecord *b;
    if (get(cx, in->event_bus_name, &b, err) < 0)
        return -1;
    if (SW_OR(in->remove_all_permissions, false))
        b->policy = SW_NO_STR;
    else if (!sw_policy_remove(cx->arena, &b->policy, in->statement_id))
        return sw_fail(err, &EVENTS_RESOURCE_NOT_FOUND_EXCEPTION, "Statement with the provided id does not exist.");
    return put(cx, b, err);
}

/* --- another bus as a target
 * --------------------------------------------------------------------------------------------------------- */

/* The event goes on as it is. It is matched here and now, and no further bus gets it from there, as on AWS: so no circle of
 * rules can arise. */
int events_deliver(SwCtx *cx, SwStr text, SwStr payload, const SwValue *parameters, SwError *err) {
    SwStr bus;
    if (events_bus_name(cx, text, &bus, err) < 0)
        return -1;
    return events_match(cx, bus, payload, /* forwarded= */ true, err);
}

static void show(SwCtx *cx, const EventsBusRecord *b, EventsEventBus *to) {
    *to = (EventsEventBus){.name = b->name,
                           .arn = b->arn,
                           .description = b->description,
                           .policy = b->policy,
                           .creation_time = created_of(cx, b),
                           .last_modified_time = modified_of(cx, b)};
}

static int is_custom(SwCtx *cx, const void *arg, const SwDocRow *row, bool *ret_wanted, SwError *err) {
    *ret_wanted = arg == events_buses_row(row) || !sw_str_eqz(events_buses_row(row)->name, "default");
    return 0;
}

static int show_bus(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    show(cx, events_buses_row(row), to);
    return 0;
}

/* The default bus first, which may have no record. */
int events_list_event_buses(SwCtx *cx, const EventsListEventBusesRequest *in, EventsListEventBusesResponse *out, SwError *err) {
    EventsBusRecord *standard;
    if (get(cx, SW_NO_STR, &standard, err) < 0)
        return -1;
    SwPage p = {.of = &events_buses,
                .q = {.prefix = in->name_prefix},
                .items_first = true,
                .want = is_custom,
                .show = show_bus,
                .arg = standard,
                .usual = EVENTS_PAGE};
    if (sw_str_starts(standard->name, in->name_prefix))
        *sw_list_add(cx->arena, &p.items) = (SwPageItem){standard->name, standard};
    return sw_page(cx, &p, out, err);
}

int events_delete_event_bus(SwCtx *cx, const EventsDeleteEventBusRequest *in, void *out, SwError *err) {
    SwDocQuery q = {.index = "by_bus", .equals = {in->name}, .limit = 1};
    int64_t n;
    if (sw_str_eqz(in->name, "default"))
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "Cannot delete event bus default.");
    if (events_rules_count(cx->tx, &q, &n, err) < 0)
        return -1;
    if (n)
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "Event bus %.*s can't be deleted since it has rules.", SW_FMT(in->name));
    return events_event_bus_delete(cx, in->name, err);
}
