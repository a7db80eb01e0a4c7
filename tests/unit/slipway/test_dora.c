/* SPDX-License-Identifier: Apache-2.0 */
/* DORA's five numbers over tables of deployments. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "services/slipway/dora.h"

#define NONE (-1.0)

/* One deployment: minutes of its end, of its recovery (-1: none) and of its commits (0: no more). */
typedef struct Row {
    const char *id;
    char status; /* S, F, P: in progress */
    int end, recovered;
    bool rework;
    int commits[4];
} Row;

typedef struct Case {
    const char *what;
    Row rows[6];
    int from, to; /* minutes */
    double lead, per_day, fail, recovery, rework;
} Case;

static const Case cases[] = {
    {"no deployments: no data", {{0}}, 0, 1440, NONE, NONE, NONE, NONE, NONE},
    {"one that is under way: no data", {{"a", 'P', 10, -1, false, {5}}}, 0, 1440, NONE, NONE, NONE, NONE, NONE},
    {"one success", {{"a", 'S', 10, -1, false, {5}}}, 0, 1440, 300, 1, 0, NONE, 0},
    {"the median is over commits, not deployments",
     {{"a", 'S', 10, -1, false, {9}}, {"b", 'S', 60, -1, false, {50, 40, 30}}},
     0,
     1440,
     900,
     2,
     0,
     NONE,
     0},
    {"an odd number of commits has a middle one", {{"a", 'S', 60, -1, false, {59, 40, 1}}}, 0, 1440, 1200, 1, 0, NONE, 0},
    {"a failed deployment brings no lead time", {{"a", 'F', 10, -1, false, {5}}}, 0, 1440, NONE, NONE, 1, NONE, 0},
    {"a failure, its recovery, and the fix",
     {{"a", 'S', 10, -1, false, {5}}, {"b", 'F', 20, 23, false, {15}}, {"c", 'S', 40, -1, true, {35, 15}}},
     0,
     1440,
     300,
     2,
     1.0 / 3,
     180,
     1.0 / 3},
    {"two recoveries: their median",
     {{"a", 'F', 10, 12, false, {0}}, {"b", 'F', 20, 30, true, {0}}},
     0,
     1440,
     NONE,
     NONE,
     1,
     360,
     0.5},
    {"what ended outside the window is left out",
     {{"a", 'S', 10, -1, false, {5}}, {"b", 'S', 2000, -1, false, {1999}}},
     1440,
     2880,
     60,
     1,
     0,
     NONE,
     0},
    {"the window's end is outside, its start inside",
     {{"a", 'S', 1440, -1, false, {1439}}, {"b", 'F', 2880, -1, false, {0}}},
     1440,
     2880,
     60,
     1,
     0,
     NONE,
     0},
    {"frequency is per day", {{"a", 'S', 10, -1, false, {0}}, {"b", 'S', 20, -1, false, {0}}}, 0, 720, NONE, 4, 0, NONE, 0},
};

static void fill(SwArena *a, const Case *c, SlipwayDeploymentList *all) {
    for (const Row *r = c->rows; r < c->rows + SW_N(c->rows) && r->id; r++) {
        SlipwayDeployment *d = sw_list_add(a, all);
        d->deployment_id = sw_str(r->id);
        d->status = sw_str(r->status == 'S' ? "SUCCEEDED" : r->status == 'F' ? "FAILED" : "IN_PROGRESS");
        d->rework = SW_SOME_BOOL(r->rework);
        if (r->status != 'P')
            d->ended_at = SW_SOME_TIME(r->end * SW_MINUTE);
        if (r->recovered >= 0)
            d->recovered_at = SW_SOME_TIME(r->recovered * SW_MINUTE);
        for (size_t i = 0; i < SW_N(r->commits) && r->commits[i]; i++) {
            SlipwayDeploymentCommit *k = sw_list_add(a, &d->commits);
            k->commit_id = sw_strf(a, "%s%zu", r->id, i);
            k->committed_at = SW_SOME_TIME(r->commits[i] * SW_MINUTE);
        }
    }
}

static void check(const Case *c, const char *name, double expected, const SlipwayDoraNumber *n) {
    if (expected == NONE ? n->value.set : !n->value.set || fabs(n->value.v - expected) > 1e-9)
        fail_msg("%s: %s is %g (set: %d) instead of %g", c->what, name, n->value.v, n->value.set, expected);
}

static void numbers_are_what_the_definitions_say(void **state) {
    for (size_t i = 0; i < SW_N(cases); i++) {
        _sw_arena_ SwArena *a = sw_arena_new(0);
        const Case *c = &cases[i];
        SlipwayDeploymentList all = {0};
        SlipwayDoraMetrics m = {0};
        fill(a, c, &all);
        slipway_dora_calculate(a, &all, c->from * SW_MINUTE, c->to * SW_MINUTE, &m);
        check(c, "change lead time", c->lead, m.change_lead_time);
        check(c, "deployment frequency", c->per_day, m.deployment_frequency);
        check(c, "change fail rate", c->fail, m.change_fail_rate);
        check(c, "recovery time", c->recovery, m.failed_deployment_recovery_time);
        check(c, "rework rate", c->rework, m.rework_rate);
    }
}

static void each_number_names_its_deployments_and_commits(void **state) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SlipwayDeploymentList all = {0};
    SlipwayDoraMetrics m = {0};
    fill(a, &cases[6], &all);
    slipway_dora_calculate(a, &all, 0, SW_DAY, &m);
    assert_int_equal(m.deployments.v, 3);
    assert_int_equal(m.failed_deployments.v, 1);
    assert_int_equal(m.change_lead_time->deployment_ids.n, 2);
    assert_int_equal(m.change_lead_time->commit_ids.n, 3);
    assert_true(sw_str_list_has(&m.change_lead_time->commit_ids, SW_STR("c1")));
    assert_int_equal(m.deployment_frequency->deployment_ids.n, 2);
    assert_int_equal(m.change_fail_rate->deployment_ids.n, 1);
    assert_true(sw_str_list_has(&m.change_fail_rate->deployment_ids, SW_STR("b")));
    assert_true(sw_str_list_has(&m.failed_deployment_recovery_time->deployment_ids, SW_STR("b")));
    assert_true(sw_str_list_has(&m.rework_rate->deployment_ids, SW_STR("c")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_what_the_definitions_say),
        cmocka_unit_test(each_number_names_its_deployments_and_commits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
