/* SPDX-License-Identifier: Apache-2.0 */
/* Events come in from outside, by PutEvents; those of our services come to the engine's bus as well. match.c looks at both. */

#include "base/id.h"
#include "services/events/events.h"

#define REQUEST_MAX 262144 /* bytes of all entries ("Calculating PutEvents event entry size") */

static size_t entry_size(const EventsPutEventsRequestEntry *e) {
    size_t n = e->source.n + e->detail_type.n + e->detail.n + (e->time.set ? 14 : 0);
    for (size_t i = 0; i < e->resources.n; i++)
        n += e->resources.v[i].n;
    return n;
}

static const SwErrorKind invalid_argument = {.code = "InvalidArgument", .http = 400};
static const SwErrorKind malformed_detail = {.code = "MalformedDetail", .http = 400};
static const SwErrorKind not_authorized = {.code = "NotAuthorizedForSourceException", .http = 400};

static int check_entry(SwCtx *cx, const EventsPutEventsRequestEntry *e, SwError *err) {
    const struct {
        const char *name;
        SwStr v;
    } required[] = {{"Source", e->source}, {"DetailType", e->detail_type}, {"Detail", e->detail}};
    SwValue detail;
    for (size_t i = 0; i < SW_N(required); i++)
        if (!sw_str_is(sw_str_trim(required[i].v)))
            return sw_fail(err, &invalid_argument, "Parameter %s is not valid. Reason: %s is a required argument.",
                           required[i].name, required[i].name);
    if (sw_str_starts(e->source, SW_STR("aws.")) && cx->principal.kind != SW_PRINCIPAL_SERVICE)
        return sw_fail(err, &not_authorized, "Not authorized for the source.");
    if (sw_json_parse(cx->arena, e->detail, &detail, err) < 0 || detail.kind != SW_VOBJECT)
        return sw_fail(err, &malformed_detail, "Detail is malformed.");
    return 0;
}

static int put_one(SwCtx *cx, const EventsPutEventsRequestEntry *e, SwStr *ret_id, SwError *err) {
    SwStr bus;
    if (check_entry(cx, e, err) < 0)
        return -1;
    if (events_bus_name(cx, e->event_bus_name, &bus, err) < 0) {
        if (!sw_error_is(err, &EVENTS_RESOURCE_NOT_FOUND_EXCEPTION))
            return -1;
        sw_error_reset(err); /* as on AWS: it is taken, and nobody sees it */
        *ret_id = sw_id_uuid(cx->arena);
        return 0;
    }
    SwEvent ev = {.source = e->source,
                  .detail_type = e->detail_type,
                  .time = SW_OR(e->time, 0),
                  .resources = e->resources,
                  .detail = e->detail,
                  .bus = bus};
    if (sw_event_put(cx, &ev, err) < 0)
        return -1;
    *ret_id = ev.id;
    return 0;
}

static void count_put(SwCtx *cx, size_t entries, int64_t failed, size_t bytes) {
    events_count(cx, SW_NO_STR, EVENTS_PUT_CALLS, 1);
    events_count(cx, SW_NO_STR, EVENTS_PUT_ENTRIES, (double)entries);
    events_count(cx, SW_NO_STR, EVENTS_PUT_FAILED_ENTRIES, (double)failed);
    events_count(cx, SW_NO_STR, failed ? EVENTS_PUT_FAILURES : EVENTS_PUT_SUCCESSES, 1);
    events_count(cx, SW_NO_STR, EVENTS_PUT_SIZE, (double)bytes);
}

int events_put_events(SwCtx *cx, const EventsPutEventsRequest *in, EventsPutEventsResponse *out, SwError *err) {
    size_t size = 0;
    int64_t failed = 0;
    for (size_t i = 0; i < in->entries.n; i++)
        size += entry_size(&in->entries.v[i]);
    if (size > REQUEST_MAX)
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "Total size of the entries in the request is over the limit.");
    for (size_t i = 0; i < in->entries.n; i++) {
        EventsPutEventsResultEntry *r = sw_list_add(cx->arena, &out->entries);
        if (put_one(cx, &in->entries.v[i], &r->event_id, err) == 0)
            continue;
        if (!err->kind || err->kind->http >= 500)
            return -1;
        r->error_code = sw_str(err->kind->code);
        r->error_message = sw_str(err->message);
        failed++;
        sw_error_reset(err);
    }
    count_put(cx, in->entries.n, failed, size);
    out->failed_entry_count = SW_SOME_INT(failed);
    return 0;
}
