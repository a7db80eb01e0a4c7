/* SPDX-License-Identifier: Apache-2.0 */
/* The second half of the demo: five releases. Each is a commit pushed with git; the pipeline is watched, approved and
 * judged by what the AWS CLI shows, the page by what curl gets. */

#include <stdlib.h>

#include "base/file.h"
#include "cli/demo_steps.h"

#define PIPELINE_S 420 /* a release takes no longer */

typedef enum Until { UNTIL_END, UNTIL_APPROVED } Until;

static int git(Demo *d, SwStr *ret_out, SwError *err, const char *const *argv) {
    const char *all[32] = {"git",
                           "-c",
                           "user.name=Demo",
                           "-c",
                           "user.email=demo@example.com",
                           "-c",
                           "init.defaultBranch=main",
                           "-c",
                           "credential.UseHttpPath=true",
                           "-c",
                           "credential.helper=!aws codecommit credential-helper --ignore-host-check $@"};
    size_t n = 11;
    for (size_t i = 0; argv[i] && n + 1 < SW_N(all); i++)
        all[n++] = argv[i];
    return demo_run(d, d->repo, ret_out, err, all);
}
#define GIT(d, ret, err, ...) git((d), (ret), (err), (const char *const[]){__VA_ARGS__, NULL})

static int prepare(Demo *d, SwError *err) {
    if (DEMO_RUN(d, NULL, NULL, err, "cp", "-R", d->example, d->repo) < 0)
        return -1;
    if (GIT(d, NULL, err, "init", "--quiet") < 0)
        return -1;
    return GIT(d, NULL, err, "remote", "add", "origin", sw_str_z(d->arena, d->clone_url));
}

/* Commits a config.h that says this version, and pushes it. */
static int push(Demo *d, DemoRelease *r, const char *greeting, int health, SwError *err) {
    /* v5 takes its time to start, so that its deployment has a middle to be killed in. */
    int warm_up = sw_str_eqz(sw_str(r->version), "v5") ? 3 : 0;
    SwStr text = sw_strf(
        d->arena,
        "/* SPDX-License-Identifier: Apache-2.0 */\n/* What a release changes. */\n#pragma once\n"
        "#define VERSION       \"%s\"\n#define GREETING      \"%s\"\n#define HEALTH_STATUS %d\n#define WARM_UP_S     %d\n",
        r->version, greeting, health, warm_up);
    if (sw_file_write(sw_path(d->arena, d->repo, "config.h"), text, 0644, err) < 0)
        return -1;
    if (GIT(d, NULL, err, "add", "--all") < 0 ||
        GIT(d, NULL, err, "commit", "--quiet", "--message", demo_strf(d, "Release %s", r->version)) < 0)
        return -1;
    if (GIT(d, &r->commit, err, "rev-parse", "HEAD") < 0)
        return -1;
    r->commit = sw_str_trim(r->commit);
    r->pushed_ns = sw_monotonic_ns();
    return GIT(d, NULL, err, "push", "--quiet", "origin", "HEAD:main");
}

/* The execution that has this commit. */
static int find_execution(Demo *d, DemoRelease *r, SwError *err) {
    SwValue v;
    int64_t end = sw_monotonic_ns() + 60 * SW_S;
    while (sw_monotonic_ns() < end) {
        if (DEMO_AWS(d, &v, err, "codepipeline", "list-pipeline-executions", "--pipeline-name", "hello-web") < 0)
            return -1;
        const SwValue *all = sw_value_getz(&v, "pipelineExecutionSummaries");
        for (size_t i = 0; all && i < all->n; i++)
            if (sw_str_eq(sw_value_str(sw_value_path(&all->v[i], "sourceRevisions.0.revisionId")), r->commit)) {
                r->execution = sw_value_str(sw_value_getz(&all->v[i], "pipelineExecutionId"));
                return 0;
            }
        demo_pause(d);
    }
    return sw_fail(err, &SW_INTERNAL_FAILURE, "no pipeline execution began for commit %.*s", SW_FMT(r->commit));
}

static int approve(Demo *d, const SwValue *action, SwError *err) {
    const char *token = sw_str_z(d->arena, sw_value_str(sw_value_path(action, "latestExecution.token")));
    return DEMO_AWS(d, NULL, err, "codepipeline", "put-approval-result", "--pipeline-name", "hello-web", "--stage-name",
                    "Approve", "--action-name", "Approve", "--result", "summary=Looks good,status=Approved", "--token", token);
}

static const char *word(SwStr status) {
    return sw_str_eqz(status, "InProgress")  ? "runs"
           : sw_str_eqz(status, "Succeeded") ? "ok"
           : sw_str_is(status)               ? "failed"
                                             : "waits";
}

/* With the load's count, when there is one. */
static void tell(Demo *d, SwStr what) {
    if (d->load)
        demo_progress(d, "%.*s; %lld requests", SW_FMT(what), (long long)demo_load_requests(d->load));
    else
        demo_progress(d, "%.*s", SW_FMT(what));
}

/* One look at the stages that this execution is in. */
static int look(Demo *d, DemoRelease *r, bool *approved, SwError *err) {
    SwValue v;
    SwBuf doing = sw_buf(d->arena, 512);
    if (DEMO_AWS(d, &v, err, "codepipeline", "get-pipeline-state", "--name", "hello-web") < 0)
        return -1;
    const SwValue *stages = sw_value_getz(&v, "stageStates");
    for (size_t i = 0; stages && i < stages->n; i++) {
        const SwValue *stage = &stages->v[i], *actions = sw_value_getz(stage, "actionStates");
        if (!sw_str_eq(sw_value_str(sw_value_path(stage, "latestExecution.pipelineExecutionId")), r->execution))
            continue;
        for (size_t k = 0; actions && k < actions->n; k++) {
            SwStr name = sw_value_str(sw_value_getz(&actions->v[k], "actionName"));
            SwStr status = sw_value_str(sw_value_path(&actions->v[k], "latestExecution.status"));
            sw_buf_addf(&doing, "%s%.*s %s", doing.n ? ", " : "", SW_FMT(name), word(status));
            bool running = sw_str_eqz(status, "InProgress");
            if (!sw_str_eqz(name, "Approve") || !running || *approved)
                continue;
            if (sw_str_is(sw_value_str(sw_value_path(&actions->v[k], "latestExecution.token"))) &&
                approve(d, &actions->v[k], err) < 0)
                return -1;
            *approved = sw_str_is(sw_value_str(sw_value_path(&actions->v[k], "latestExecution.token")));
        }
    }
    tell(d, sw_buf_str(&doing));
    return 0;
}

static int execution_status(Demo *d, DemoRelease *r, SwStr *ret, SwError *err) {
    SwValue v;
    if (DEMO_AWS(d, &v, err, "codepipeline", "get-pipeline-execution", "--pipeline-name", "hello-web",
                 "--pipeline-execution-id", sw_str_z(d->arena, r->execution)) < 0)
        return -1;
    return demo_need(&v, "pipelineExecution.status", ret, err);
}

/* Watches an execution, approves it on its way. outcome: what became of it. */
static int follow(Demo *d, DemoRelease *r, Until until, SwError *err) {
    int64_t end = sw_monotonic_ns() + PIPELINE_S * SW_S;
    bool approved = false;
    if (!sw_str_is(r->execution) && find_execution(d, r, err) < 0)
        return -1;
    while (sw_monotonic_ns() < end) {
        if (look(d, r, &approved, err) < 0)
            return -1;
        if (until == UNTIL_APPROVED && approved)
            return 0;
        if (execution_status(d, r, &r->outcome, err) < 0)
            return -1;
        if (!sw_str_eqz(r->outcome, "InProgress"))
            return 0;
        demo_pause(d);
    }
    return sw_fail(err, &SW_INTERNAL_FAILURE, "the pipeline has not ended within %d s", PIPELINE_S);
}

/* One deployment that has completed, and all its tasks running. */
static int wait_steady(Demo *d, SwStr *ret_task_definition, SwError *err) {
    SwValue v;
    int64_t end = sw_monotonic_ns() + PIPELINE_S * SW_S;
    while (sw_monotonic_ns() < end) {
        int64_t running = -1, desired = -2;
        if (DEMO_AWS(d, &v, err, "ecs", "describe-services", "--cluster", "production", "--services", "hello-web") < 0)
            return -1;
        const SwValue *service = sw_value_path(&v, "services.0"), *deployments = sw_value_getz(service, "deployments");
        sw_value_i64(sw_value_getz(service, "runningCount"), &running);
        sw_value_i64(sw_value_getz(service, "desiredCount"), &desired);
        SwStr state = sw_value_str(sw_value_path(deployments, "0.rolloutState"));
        tell(d, sw_strf(d->arena, "%zu deployment%s, %d of %d tasks run", deployments ? deployments->n : 0,
                        deployments && deployments->n == 1 ? "" : "s", (int)running, (int)desired));
        if (deployments && deployments->n == 1 && running == desired && sw_str_eqz(state, "COMPLETED"))
            return demo_need(service, "taskDefinition", ret_task_definition, err);
        demo_pause(d);
    }
    return sw_fail(err, &SW_INTERNAL_FAILURE, "the service has not become steady within %d s", PIPELINE_S);
}

static int expect_page(Demo *d, const char *version, SwError *err) {
    SwStr text;
    if (demo_curl(d, &text, err) < 0)
        return -1;
    if (!sw_str_eqz(text, demo_strf(d, "hello from %s", version)))
        return sw_fail(err, &SW_INTERNAL_FAILURE, "the page should say %s and says '%.*s'", version, SW_FMT(text));
    return 0;
}

static int expect_outcome(DemoRelease *r, const char *outcome, SwError *err) {
    if (sw_str_eqz(r->outcome, outcome))
        return 0;
    return sw_fail(err, &SW_INTERNAL_FAILURE, "the pipeline of %s should have %s and has %.*s", r->version, outcome,
                   SW_FMT(r->outcome));
}

static int stop_load(Demo *d, DemoRelease *r, SwError *err) {
    r->live_ns = demo_load_seen(d->load, r->version[1] - '0');
    r->load = demo_load_stop(d->load);
    r->loaded = true;
    d->load = NULL;
    if (r->load.failed)
        return sw_fail(err, &SW_INTERNAL_FAILURE, "%lld of %lld requests failed; the first: %s", (long long)r->load.failed,
                       (long long)r->load.requests, r->load.failure);
    if (!r->load.requests)
        return sw_fail(err, &SW_INTERNAL_FAILURE, "the load made no request");
    return 0;
}

static DemoRelease *release(Demo *d, const char *version) {
    DemoRelease *r = &d->release[d->n_release++];
    *r = (DemoRelease){.version = version, .source_s = -1, .test_s = -1, .build_s = -1, .approve_s = -1, .deploy_s = -1};
    return r;
}

int demo_step_v1(Demo *d, SwError *err) {
    DemoRelease *r = release(d, "v1");
    SwStr text;
    if (prepare(d, err) < 0 || push(d, r, "hello", 200, err) < 0 || follow(d, r, UNTIL_END, err) < 0 ||
        expect_outcome(r, "Succeeded", err) < 0)
        return -1;
    if (DEMO_AWS(d, NULL, err, "ecs", "update-service", "--cluster", "production", "--service", "hello-web", "--desired-count",
                 "2") < 0 ||
        wait_steady(d, &text, err) < 0 || expect_page(d, "v1", err) < 0)
        return -1;
    r->live_ns = sw_monotonic_ns();
    return demo_measure(d, r, err);
}

int demo_step_v2(Demo *d, SwError *err) {
    DemoRelease *r = release(d, "v2");
    SwStr text;
    d->load = demo_load_start(d->url);
    if (push(d, r, "hello", 200, err) < 0 || follow(d, r, UNTIL_END, err) < 0 || expect_outcome(r, "Succeeded", err) < 0 ||
        wait_steady(d, &text, err) < 0 || stop_load(d, r, err) < 0 || expect_page(d, "v2", err) < 0)
        return -1;
    return demo_measure(d, r, err);
}

int demo_step_v3(Demo *d, SwError *err) {
    DemoRelease *r = release(d, "v3");
    if (push(d, r, "goodbye", 200, err) < 0 || follow(d, r, UNTIL_END, err) < 0 || expect_outcome(r, "Failed", err) < 0 ||
        demo_measure(d, r, err) < 0)
        return -1;
    if (r->deploy_s >= 0 || r->approve_s >= 0)
        return sw_fail(err, &SW_INTERNAL_FAILURE, "v3 went on although its tests failed");
    return expect_page(d, "v2", err);
}

int demo_step_v4(Demo *d, SwError *err) {
    DemoRelease *r = release(d, "v4");
    SwStr before, after;
    if (wait_steady(d, &before, err) < 0)
        return -1;
    d->load = demo_load_start(d->url);
    if (push(d, r, "hello", 503, err) < 0 || follow(d, r, UNTIL_END, err) < 0 || expect_outcome(r, "Failed", err) < 0 ||
        wait_steady(d, &after, err) < 0 || stop_load(d, r, err) < 0 || demo_measure(d, r, err) < 0)
        return -1;
    if (!sw_str_eq(before, after))
        return sw_fail(err, &SW_INTERNAL_FAILURE, "the service runs %.*s and should have been rolled back to %.*s",
                       SW_FMT(after), SW_FMT(before));
    return expect_page(d, "v2", err);
}

/* Looks with curl, which is quicker than the AWS CLI, until ECS has a deployment under way beside the one before. */
static int wait_deploying(Demo *d, SwError *err) {
    int64_t end = sw_monotonic_ns() + 120 * SW_S;
    while (sw_monotonic_ns() < end) {
        SwValue v;
        SwStr out;
        if (DEMO_RUN(d, NULL, &out, err, "curl", "--silent", "--show-error", "--fail", "--max-time", "10", "--aws-sigv4",
                     "aws:amz:us-east-1:ecs", "--user", "test:test", "--header", "Content-Type: application/x-amz-json-1.1",
                     "--header", "X-Amz-Target: AmazonEC2ContainerServiceV20141113.DescribeServices", "--data",
                     "{\"cluster\":\"production\",\"services\":[\"hello-web\"]}", d->endpoint) < 0 ||
            sw_json_parse(d->arena, out, &v, err) < 0)
            return -1;
        const SwValue *l = sw_value_path(&v, "services.0.deployments");
        if (l && l->n > 1 && sw_str_eqz(sw_value_str(sw_value_path(l, "0.rolloutState")), "IN_PROGRESS"))
            return 0;
    }
    return sw_fail(err, &SW_INTERNAL_FAILURE, "no deployment was seen under way");
}

/* The server dies when the deployment has begun and is gone for some requests' time. */
static int crash(Demo *d, SwError *err) {
    int64_t began = sw_monotonic_ns(), asked = demo_load_requests(d->load);
    if (demo_server_kill9(d, err) < 0)
        return -1;
    while (demo_load_requests(d->load) < asked + 100 && sw_monotonic_ns() < began + 10 * SW_S)
        demo_pause(d);
    if (demo_server_start(d, err) < 0)
        return -1;
    d->recovered_s = (double)(sw_monotonic_ns() - began) / 1e9;
    d->restarted = true;
    return 0;
}

int demo_step_v5(Demo *d, SwError *err) {
    DemoRelease *r = release(d, "v5");
    SwStr text;
    d->load = demo_load_start(d->url);
    if (push(d, r, "hello", 200, err) < 0 || follow(d, r, UNTIL_APPROVED, err) < 0 || wait_deploying(d, err) < 0)
        return -1;
    if (crash(d, err) < 0 || follow(d, r, UNTIL_END, err) < 0 || expect_outcome(r, "Succeeded", err) < 0 ||
        wait_steady(d, &text, err) < 0 || stop_load(d, r, err) < 0 || expect_page(d, "v5", err) < 0)
        return -1;
    return demo_measure(d, r, err);
}
