/* SPDX-License-Identifier: Apache-2.0 */

#include "fleet.h"

#include <signal.h>

#include "proxy/health.h"

static void matcher_takes_codes_lists_and_ranges(void **state) {
    static const struct {
        const char *matcher;
        int status;
        bool matches;
    } cases[] = {
        {"200", 200, true},         {"200", 201, false},         {"200,202", 202, true}, {"200-299", 250, true},
        {"200-299,302", 302, true}, {"200-299,302", 301, false}, {NULL, 200, true},      {NULL, 204, false},
    };
    static const char *const good[] = {"200", "200-499", "200,301-302"}, *const bad[] = {"",     "20",      "200-", "600",
                                                                                         "200,", "299-200", "a",    "199"};

    for (size_t i = 0; i < SW_N(cases); i++)
        assert_int_equal(sw_health_matches(sw_str(cases[i].matcher), cases[i].status), cases[i].matches);
    for (size_t i = 0; i < SW_N(good); i++)
        assert_true(sw_health_matcher_valid(sw_str(good[i])));
    for (size_t i = 0; i < SW_N(bad); i++)
        assert_false(sw_health_matcher_valid(sw_str(bad[i])));
}

static void states_follow_the_thresholds(void **state) {
    const SwHealthCheck c = {.healthy_threshold = 3, .unhealthy_threshold = 2};
    const SwProbe pass = {SW_PROBE_OK, 200}, fail = {SW_PROBE_MISMATCH, 500};
    SwHealth h = {0};

    assert_true(sw_str_eqz(sw_health_reason(&h), "Elb.RegistrationInProgress"));
    assert_true(sw_health_step(&c, &h, &pass)); /* the first success is enough */
    assert_int_equal(h.state, SW_TARGET_HEALTHY);
    assert_false(sw_health_step(&c, &h, &fail));
    assert_false(sw_health_step(&c, &h, &pass));
    assert_false(sw_health_step(&c, &h, &fail));
    assert_true(sw_health_step(&c, &h, &fail));
    assert_int_equal(h.state, SW_TARGET_UNHEALTHY);
    assert_false(sw_health_step(&c, &h, &pass));
    assert_false(sw_health_step(&c, &h, &pass));
    assert_true(sw_health_step(&c, &h, &pass));
    assert_int_equal(h.state, SW_TARGET_HEALTHY);
    assert_null(sw_health_reason(&h).p);
}

static void probes_tell_mismatch_timeout_and_failure(void **state) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwHealthCheck c = {.timeout_ms = 2000, .unhealthy_threshold = 1};
    SwHealth h = {0};
    Backend b;
    SwProbe r;

    backend_start(&b, "b");
    sw_health_probe(a, &c, SW_STR("127.0.0.1"), b.port, &r);
    assert_int_equal(r.result, SW_PROBE_OK);
    assert_int_equal(r.status, 200);
    atomic_store(&b.status, 500);
    sw_health_probe(a, &c, SW_STR("127.0.0.1"), b.port, &r);
    assert_true(sw_health_step(&c, &h, &r));
    assert_true(sw_str_eqz(sw_health_reason(&h), "Target.ResponseCodeMismatch"));
    assert_true(sw_str_eqz(sw_health_description(a, &h), "Health checks failed with these codes: [500]"));
    c.protocol = SW_CHECK_TCP;
    sw_health_probe(a, &c, SW_STR("127.0.0.1"), b.port, &r);
    assert_int_equal(r.result, SW_PROBE_OK);
    c.protocol = SW_CHECK_HTTP;
    c.timeout_ms = 100;
    atomic_store(&b.hold, true);
    sw_health_probe(a, &c, SW_STR("127.0.0.1"), b.port, &r);
    atomic_store(&b.hold, false);
    (void)sw_health_step(&c, &h, &r);
    assert_true(sw_str_eqz(sw_health_reason(&h), "Target.Timeout"));
    backend_stop(&b);
    sw_health_probe(a, &c, SW_STR("127.0.0.1"), b.port, &r);
    (void)sw_health_step(&c, &h, &r);
    assert_true(sw_str_eqz(sw_health_reason(&h), "Target.FailedHealthChecks"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matcher_takes_codes_lists_and_ranges),
        cmocka_unit_test(states_follow_the_thresholds),
        cmocka_unit_test(probes_tell_mismatch_timeout_and_failure),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
