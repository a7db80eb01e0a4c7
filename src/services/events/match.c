/* SPDX-License-Identifier: Apache-2.0 */
/* Events against the enabled rules of their bus.
 *
 * A rule is found by what its pattern demands: most name the sources, the detail-types, or both. So an event is looked at
 * for those rules alone that name its own, and for those that demand something else:
 *
 *     {"source": ["aws.ecs"], "detail-type": ["A", "B"]}    "aws.ecs\nA", "aws.ecs\nB"
 *     {"source": ["aws.ecs"], "detail": ..}                 "aws.ecs\n"
 *     {"detail-type": ["A"]}                                "\nA"
 *     {"source": [{"prefix": "aws."}]}                      ""
 *     no pattern, but a schedule                            "-", which no event answers
 *
 * One that no rule can match is not delivered to the rules at all. */

#include "api/match.h"
#include "base/parsed.h"
#include "services/events/events.h"

#define DEMANDS_MAX     32

#define INVALID_PATTERN "Event pattern is not valid. Reason: "

int events_pattern_parse(SwCtx *cx, SwStr text, SwValue *ret, SwError *err) {
    if (sw_json_parse(cx->arena, text, ret, err) < 0)
        return sw_fail(err, &EVENTS_INVALID_EVENT_PATTERN_EXCEPTION, INVALID_PATTERN "%s", err->message);
    return sw_match_check(ret, text, INVALID_PATTERN, &EVENTS_INVALID_EVENT_PATTERN_EXCEPTION, err);
}

int events_test_event_pattern(SwCtx *cx, const EventsTestEventPatternRequest *in, EventsTestEventPatternResponse *out,
                              SwError *err) {
    static const char *const needed[] = {"id", "detail-type", "source", "account", "time", "region"};
    SwValue pattern, event;
    if (events_pattern_parse(cx, in->event_pattern, &pattern, err) < 0)
        return -1;
    if (sw_json_parse(cx->arena, in->event, &event, err) < 0 || event.kind != SW_VOBJECT)
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "Parameter Event is not valid.");
    for (size_t i = 0; i < SW_N(needed); i++)
        if (!sw_value_getz(&event, needed[i]))
            return sw_fail(err, &SW_VALIDATION_EXCEPTION, "Parameter Event is not valid. Reason: %s is missing", needed[i]);
    out->result = SW_SOME_BOOL(sw_match(&pattern, &event));
    return 0;
}

/* --- demands -------------------------------------------------------------------------------------------------------------- */

/* The texts that one member must be among; absent: anything may do. */
static SwStrList texts_of(SwArena *a, const SwValue *wants) {
    SwStrList l = {0};
    for (size_t i = 0; wants && wants->kind == SW_VARRAY && i < wants->n; i++) {
        if (wants->v[i].kind != SW_VSTRING)
            return (SwStrList){0};
        if (!sw_str_list_has(&l, wants->v[i].s))
            sw_str_list_add(a, &l, wants->v[i].s);
    }
    return l.n <= DEMANDS_MAX ? l : (SwStrList){0};
}

static SwStr demand(SwArena *a, SwStr source, SwStr type) {
    return source.p || type.p ? sw_cat(a, sw_str_or(source, SW_STR("")), SW_STR("\n"), sw_str_or(type, SW_STR("")))
                              : SW_STR("");
}

int events_demands(SwCtx *cx, SwStr text, SwStrList *ret_demands, SwError *err) {
    SwArena *a = cx->arena;
    SwValue pattern;
    *ret_demands = (SwStrList){0};
    if (!sw_str_is(text)) {
        sw_str_list_add(a, ret_demands, SW_STR("-"));
        return 0;
    }
    if (sw_json_parse(a, text, &pattern, err) < 0)
        return -1;
    SwStrList sources = texts_of(a, sw_value_getz(&pattern, "source")),
              types = texts_of(a, sw_value_getz(&pattern, "detail-type"));
    if (sources.n * types.n > DEMANDS_MAX)
        types.n = 0;
    for (size_t i = 0; i < SW_MAX(sources.n, 1); i++)
        for (size_t k = 0; k < SW_MAX(types.n, 1); k++)
            sw_str_list_add(a, ret_demands, demand(a, sources.n ? sources.v[i] : SW_NO_STR, types.n ? types.v[k] : SW_NO_STR));
    return 0;
}

/* The four forms of demands that an event answers; of one rule's none but one form. */
typedef struct Asked {
    SwStr v[4];
} Asked;

static Asked asked_by(SwArena *a, SwStr source, SwStr type) {
    return (Asked){{demand(a, source, type), demand(a, source, SW_NO_STR), demand(a, SW_NO_STR, type), SW_STR("")}};
}

/* In the turn of whoever puts the event: a look into an index, and four more where the bus has rules. */
int events_concerns(SwCtx *cx, const SwEvent *e, bool *ret_concerned, SwError *err) {
    Asked asked = asked_by(cx->arena, e->source, e->detail_type);
    SwDocQuery q = {.index = "by_bus", .equals = {e->bus, EVENTS_RULE_STATE_ENABLED}, .limit = 1};
    int64_t n = 0;
    *ret_concerned = false;
    if (events_rules_count(cx->tx, &q, &n, err) < 0)
        return -1;
    q.index = "by_demand";
    for (size_t i = 0; n && i < SW_N(asked.v) && !*ret_concerned; i++) {
        int64_t found;
        q.equals[2] = asked.v[i];
        if (events_rules_count(cx->tx, &q, &found, err) < 0)
            return -1;
        *ret_concerned = found > 0;
    }
    return 0;
}

/* --- matching ------------------------------------------------------------------------------------------------------------- */

static int match_rule(SwCtx *cx, const EventsRuleRecord *r, SwStr text, const SwValue *event, bool forwarded, SwError *err) {
    const SwValue *pattern;
    if (!sw_str_is(r->event_pattern))
        return 0;
    if (sw_parsed_json(cx->arena, r->event_pattern, &pattern, err) < 0)
        return -1;
    if (!sw_match(pattern, event))
        return 0;
    events_count(cx, r->arn, EVENTS_MATCHED, 1);
    return events_enqueue(cx, r, text, forwarded, err);
}

int events_match(SwCtx *cx, SwStr bus, SwStr text, bool forwarded, SwError *err) {
    SwValue event;
    if (sw_json_parse(cx->arena, text, &event, err) < 0)
        return -1;
    Asked asked =
        asked_by(cx->arena, sw_value_str(sw_value_getz(&event, "source")), sw_value_str(sw_value_getz(&event, "detail-type")));
    for (size_t i = 0; i < SW_N(asked.v); i++) {
        SwDocQuery q = {.index = "by_demand", .equals = {bus, EVENTS_RULE_STATE_ENABLED, asked.v[i]}};
        EventsRuleRecords l;
        if (events_rules_list(cx->tx, &q, &l, err) < 0)
            return -1;
        for (size_t k = 0; k < l.n; k++)
            if (match_rule(cx, l.v[k].record, text, &event, forwarded, err) < 0)
                return -1;
    }
    return 0;
}

int events_on_event(SwCtx *cx, const SwEvent *e, SwError *err) {
    return events_match(cx, e->bus, sw_event_json(cx->arena, e), /* forwarded= */ false, err);
}
