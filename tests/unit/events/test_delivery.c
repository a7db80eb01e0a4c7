/* SPDX-License-Identifier: Apache-2.0 */
/* Retries of deliveries on the clock, with a target that fails as often as the test says. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>

#include <cmocka.h>

#include "../world.h"
#include "models/events.gen.h"
#include "models/sqs.gen.h"

extern const SwService sw_service_events, sw_service_sqs;

#define FAKE "arn:aws:fake:us-east-1:000000000000:x"
#define DEAD "arn:aws:sqs:us-east-1:000000000000:dead"

static atomic_int fails_left, tries;

static int fake_deliver(SwCtx *cx, SwStr arn, SwStr payload, const SwValue *parameters, SwError *err) {
    static const SwErrorKind down = {.code = "TargetDown", .http = 503, .retryable = true};
    atomic_fetch_add(&tries, 1);
    return atomic_fetch_sub(&fails_left, 1) > 0 ? sw_fail(err, &down, "not now") : 0;
}

static const SwTarget fake_targets[] = {{"fake", NULL, fake_deliver, NULL}};
static const SwService fake_service = {.name = "fake", .targets = fake_targets, .n_targets = 1};
static const SwService *const services[] = {&fake_service, &sw_service_events, &sw_service_sqs, NULL};

static int set_up(void **state) {
    World *w = *state = world_open(services);
    SqsCreateQueueRequest queue = {.queue_name = SW_STR("dead")};
    SqsCreateQueueResult *made;
    if (!w)
        return 0;
    sw_clock_set(w->host->clock, SW_CLOCK_STEPPED, 1, 0); /* however slow the machine is */
    OK(sqs_call_create_queue(w->cx, &queue, &made, &w->err));
    return 0;
}

/* A rule with the fake target, and one event that it matches. */
static void send(World *w, int fails, EventsRetryPolicy *policy) {
    EventsDeadLetterConfig dead = {.arn = SW_STR(DEAD)};
    EventsTarget target = {.id = SW_STR("t"), .arn = SW_STR(FAKE), .retry_policy = policy, .dead_letter_config = &dead};
    EventsPutRuleRequest rule = {.name = SW_STR("r"), .event_pattern = SW_STR("{\"source\":[\"s\"]}")};
    EventsPutTargetsRequest targets = {.rule = SW_STR("r"), .targets = {&target, 1}};
    EventsPutEventsRequestEntry entry = {.source = SW_STR("s"), .detail_type = SW_STR("t"), .detail = SW_STR("{}")};
    EventsPutEventsRequest events = {.entries = {&entry, 1}};
    EventsPutRuleResponse *rule_out;
    EventsPutTargetsResponse *targets_out;
    EventsPutEventsResponse *events_out;
    atomic_store(&fails_left, fails);
    atomic_store(&tries, 0);
    OK(events_call_put_rule(w->cx, &rule, &rule_out, &w->err));
    OK(events_call_put_targets(w->cx, &targets, &targets_out, &w->err));
    OK(events_call_put_events(w->cx, &events, &events_out, &w->err));
    world_settle(w);
}

/* NULL: none. */
static const SqsMessage *dead_letter(World *w) {
    SqsReceiveMessageRequest in = {.queue_url = SW_STR("dead")};
    SqsReceiveMessageResult *out;
    sw_str_list_add(w->arena, &in.message_attribute_names, SW_STR("All"));
    OK(sqs_call_receive_message(w->cx, &in, &out, &w->err));
    return out->messages.n ? &out->messages.v[0] : NULL;
}

static void has(const SqsMessage *m, const char *name, const char *want) {
    for (size_t i = 0; i < m->message_attributes.n; i++)
        if (sw_str_eqz(m->message_attributes.v[i].key, name)) {
            if (!sw_str_eqz(m->message_attributes.v[i].value.string_value, want))
                fail_msg("%s is %.*s", name, SW_FMT(m->message_attributes.v[i].value.string_value));
            return;
        }
    fail_msg("no attribute %s", name);
}

static void a_target_that_fails_is_tried_again_later_and_later(void **state) {
    World *w = *state;
    if (!w)
        skip();
    send(w, 3, NULL);
    assert_int_equal(atomic_load(&tries), 1);
    world_advance(w, SW_S - SW_MS);
    assert_int_equal(atomic_load(&tries), 1);
    world_advance(w, SW_MS);
    assert_int_equal(atomic_load(&tries), 2);
    world_advance(w, 2 * SW_S - SW_MS);
    assert_int_equal(atomic_load(&tries), 2);
    world_advance(w, SW_MS);
    assert_int_equal(atomic_load(&tries), 3);
    world_advance(w, 4 * SW_S);
    assert_int_equal(atomic_load(&tries), 4);
    world_advance(w, SW_HOUR);
    assert_int_equal(atomic_load(&tries), 4);
    assert_null(dead_letter(w));
}

static void after_the_last_retry_the_event_is_a_dead_letter(void **state) {
    World *w = *state;
    EventsRetryPolicy two = {.maximum_retry_attempts = SW_SOME_INT(2)};
    if (!w)
        skip();
    send(w, 100, &two);
    for (int i = 0; i < 10; i++)
        world_advance(w, 10 * SW_S);
    assert_int_equal(atomic_load(&tries), 3);
    const SqsMessage *m = dead_letter(w);
    assert_non_null(m);
    has(m, "ERROR_CODE", "ERROR_FROM_TARGET");
    has(m, "ERROR_MESSAGE", "not now");
    has(m, "EXHAUSTED_RETRY_CONDITION", "MaximumRetryAttempts");
    has(m, "RETRY_ATTEMPTS", "2");
    has(m, "TARGET_ARN", FAKE);
}

static void an_event_that_is_too_old_is_not_tried_again(void **state) {
    World *w = *state;
    EventsRetryPolicy minute = {.maximum_event_age_in_seconds = SW_SOME_INT(60)};
    if (!w)
        skip();
    send(w, 100, &minute);
    for (int i = 0; i < 20; i++)
        world_advance(w, 10 * SW_S);
    assert_true(atomic_load(&tries) > 1 && atomic_load(&tries) < 10);
    const SqsMessage *m = dead_letter(w);
    assert_non_null(m);
    has(m, "EXHAUSTED_RETRY_CONDITION", "MaximumEventAgeInSeconds");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_target_that_fails_is_tried_again_later_and_later, set_up, world_close),
        cmocka_unit_test_setup_teardown(after_the_last_retry_the_event_is_a_dead_letter, set_up, world_close),
        cmocka_unit_test_setup_teardown(an_event_that_is_too_old_is_not_tried_again, set_up, world_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
