/* SPDX-License-Identifier: Apache-2.0 */
/* How long it all took, from what the services' own histories say; and the DORA metrics. */

#include "cli/demo_steps.h"

/* Versions of the CLI write ISO 8601 or epoch seconds. */
static bool time_at(const SwValue *v, const char *key, SwTime *ret) {
    const SwValue *t = sw_value_getz(v, key);
    return t && (t->kind == SW_VSTRING || t->kind == SW_VNUMBER) && sw_time_parse(t->s, ret);
}

static double between(const SwValue *v, const char *from, const char *to) {
    SwTime a, b;
    return time_at(v, from, &a) && time_at(v, to, &b) ? (double)(b - a) / (double)SW_S : 0;
}

/* Seconds that a build spent in the commands of its buildspec. */
static int commands_of(Demo *d, SwStr build, double *ret, SwError *err) {
    static const char *const own[] = {"INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD"};
    SwValue v;
    *ret = 0;
    if (DEMO_AWS(d, &v, err, "codebuild", "batch-get-builds", "--ids", sw_str_z(d->arena, build)) < 0)
        return -1;
    const SwValue *phases = sw_value_path(&v, "builds.0.phases");
    for (size_t i = 0; phases && i < phases->n; i++)
        for (size_t k = 0; k < SW_N(own); k++)
            if (sw_str_eqz(sw_value_str(sw_value_getz(&phases->v[i], "phaseType")), own[k]))
                *ret += between(&phases->v[i], "startTime", "endTime");
    return 0;
}

static int measure_action(Demo *d, DemoRelease *r, const SwValue *action, SwError *err) {
    SwStr name = sw_value_str(sw_value_getz(action, "actionName"));
    const struct {
        const char *name;
        double *to;
        bool build;
    } actions[] = {
        {"Source", &r->source_s, false},   {"Test", &r->test_s, true},      {"Build", &r->build_s, true},
        {"Approve", &r->approve_s, false}, {"Deploy", &r->deploy_s, false},
    };
    for (size_t i = 0; i < SW_N(actions); i++) {
        if (!sw_str_eqz(name, actions[i].name))
            continue;
        *actions[i].to = between(action, "startTime", "lastUpdateTime");
        SwStr id = sw_value_str(sw_value_path(action, "output.executionResult.externalExecutionId"));
        double commands;
        if (!actions[i].build || !sw_str_is(id))
            continue;
        if (commands_of(d, id, &commands, err) < 0)
            return -1;
        r->commands_s = SW_MAX(r->commands_s, commands);
    }
    return 0;
}

int demo_measure(Demo *d, DemoRelease *r, SwError *err) {
    SwValue v;
    if (DEMO_AWS(d, &v, err, "codepipeline", "list-action-executions", "--pipeline-name", "hello-web", "--filter",
                 demo_strf(d, "pipelineExecutionId=%.*s", SW_FMT(r->execution))) < 0)
        return -1;
    const SwValue *all = sw_value_getz(&v, "actionExecutionDetails");
    for (size_t i = 0; all && i < all->n; i++)
        if (measure_action(d, r, &all->v[i], err) < 0)
            return -1;
    return 0;
}

static int expect_number(const SwValue *m, const char *path, double least, double most, SwError *err) {
    double v;
    if (!sw_value_double(sw_value_path(m, path), &v))
        return sw_fail(err, &SW_INTERNAL_FAILURE, "the DORA metrics have no %s", path);
    if (v < least || v > most)
        return sw_fail(err, &SW_INTERNAL_FAILURE, "DORA's %s should be from %g to %g and is %g", path, least, most, v);
    return 0;
}

/* v1, v2 and v5 were deployed, v4 failed and was rolled back; v3 never got there. v5 is what came after a failure. */
int demo_step_dora(Demo *d, SwError *err) {
    SwStr out;
    if (DEMO_RUN(d, NULL, &out, err, "/proc/self/exe", "dora", "--json", "--service", "hello-web", "--endpoint", d->endpoint) <
            0 ||
        sw_json_parse(d->arena, out, &d->dora, err) < 0)
        return -1;
    const SwValue *m = sw_value_path(&d->dora, "metrics.0");
    if (!m)
        return sw_fail(err, &SW_INTERNAL_FAILURE, "there are no DORA metrics of hello-web");
    if (expect_number(m, "deployments", 4, 4, err) < 0 || expect_number(m, "failedDeployments", 1, 1, err) < 0 ||
        expect_number(m, "changeFailRate.value", 0.25, 0.25, err) < 0 ||
        expect_number(m, "reworkRate.value", 0.25, 0.25, err) < 0)
        return -1;
    if (expect_number(m, "changeLeadTime.value", 0.1, 3600, err) < 0 ||
        expect_number(m, "deploymentFrequency.value", 0.001, 1e6, err) < 0)
        return -1;
    return expect_number(m, "failedDeploymentRecoveryTime.value", 0, 3600, err);
}
