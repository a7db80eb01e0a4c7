/* SPDX-License-Identifier: Apache-2.0 */
/* Scheduled rules. A step fires the rule's next instant when it is due, and moves it on in the same transaction: each
 * instant fires once, whatever crashes.
 *
 *   next ahead --clock--> due --fires, next moves on--> next ahead
 *
 * When the clock jumps, or the server was down, instants are made up for one by one; those older than a day are not, as
 * the retry policy would have dropped them. */

#include "base/id.h"
#include "services/events/events.h"
#include "services/events/schedule.h"

static int fire(SwCtx *cx, EventsRuleRecord *r, SwError *err) {
    SwStr arn = r->arn;
    SwEvent e = {.id = sw_id_uuid(cx->arena),
                 .source = SW_STR("aws.events"),
                 .detail_type = SW_STR("Scheduled Event"),
                 .account = cx->account,
                 .region = cx->region,
                 .time = r->next.v,
                 .resources = {&arn, 1},
                 .detail = SW_STR("{}")};
    return events_enqueue(cx, r, sw_event_json(cx->arena, &e), /* forwarded= */ false, err);
}

static int step(SwCtx *cx, SwStr id, SwStep *ret_step, SwError *err) {
    EventsSchedule s;
    SwTime now = sw_now(cx), next;
    EventsRuleRecord *r;
    if (events_rules_find(cx->tx, id, &r, err) < 0)
        return -1;
    if (!r || !r->next.set || !sw_str_eq(r->state, EVENTS_RULE_STATE_ENABLED))
        return 0;
    if (r->next.v > now) {
        ret_step->waiting = true; /* nothing is to be done before that time */
        ret_step->again = r->next.v;
        return 0;
    }
    if (events_schedule_parse(r->schedule_expression, &s, err) < 0)
        return -1;
    bool lost = r->next.v < now - SW_DAY;
    if (!lost && fire(cx, r, err) < 0)
        return -1;
    bool more = events_schedule_next(&s, r->scheduled_from.v, lost ? now - SW_DAY : r->next.v, &next);
    r->next = (SwOptTime){more ? next : 0, more};
    ret_step->again = r->next.v;
    ret_step->waiting = r->next.v > now;
    return events_rules_put(cx->tx, id, r, err);
}

const SwController events_schedule_controller = {
    .name = "events/schedule",
    .kind = SW_STEP_STORE,
    .step = step,
    .unfailing = "a rule's record is bounded by the model; the instant is made up for when a step succeeds",
};
