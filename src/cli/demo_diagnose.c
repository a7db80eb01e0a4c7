/* SPDX-License-Identifier: Apache-2.0 */
/* After a failure: which action of the pipeline it was, what it said, the end of its build's log. All of it is asked with
 * the AWS CLI, so that it is in demo.log too. */

#include "base/file.h"
#include "cli/demo_steps.h"

#define LOG_LINES 12

/* The last lines of a text. */
static SwStr tail(SwStr text, size_t lines) {
    size_t at = text.n;
    for (size_t n = 0; at > 0; at--)
        if (text.p[at - 1] == '\n' && at < text.n && ++n == lines)
            break;
    return sw_str_skip(text, at);
}

static void read_build_log(Demo *d, const SwValue *build) {
    SwError e = sw_error(d->arena);
    SwStr group = sw_value_str(sw_value_path(build, "logs.groupName")),
          stream = sw_value_str(sw_value_path(build, "logs.streamName"));
    SwBuf text = sw_buf(d->arena, 4 * SW_MIB);
    SwValue v;
    if (!sw_str_is(group) || !sw_str_is(stream) ||
        DEMO_AWS(d, &v, &e, "logs", "get-log-events", "--log-group-name", sw_str_z(d->arena, group), "--log-stream-name",
                 sw_str_z(d->arena, stream), "--start-from-head") < 0)
        return;
    const SwValue *events = sw_value_getz(&v, "events");
    for (size_t i = 0; events && i < events->n; i++) {
        sw_buf_adds(&text, sw_str_trim(sw_value_str(sw_value_getz(&events->v[i], "message"))));
        sw_buf_addc(&text, '\n');
    }
    if (text.n && sw_file_write(sw_path(d->arena, d->work, "build.log"), sw_buf_str(&text), 0644, &e) == 0)
        d->why_log = tail(sw_buf_str(&text), LOG_LINES);
}

/* "Test failed: PHASE: message" of the first action that failed in the release's execution. */
static void find_action(Demo *d, const DemoRelease *r) {
    SwError e = sw_error(d->arena);
    SwValue v, builds;
    if (!sw_str_is(r->execution) ||
        DEMO_AWS(d, &v, &e, "codepipeline", "list-action-executions", "--pipeline-name", "hello-web", "--filter",
                 demo_strf(d, "pipelineExecutionId=%.*s", SW_FMT(r->execution))) < 0)
        return;
    const SwValue *all = sw_value_getz(&v, "actionExecutionDetails");
    for (size_t i = 0; all && i < all->n; i++) {
        const SwValue *action = &all->v[i], *result = sw_value_path(action, "output.executionResult");
        if (!sw_str_eqz(sw_value_str(sw_value_getz(action, "status")), "Failed"))
            continue;
        SwStr said = sw_value_str(sw_value_path(result, "errorDetails.message"));
        said = sw_str_or(said, sw_str_or(sw_value_str(sw_value_getz(result, "externalExecutionSummary")),
                                         SW_STR("it does not say why")));
        d->why = sw_cat(d->arena, SW_STR("the action "), sw_value_str(sw_value_getz(action, "actionName")), SW_STR(" failed: "),
                        said);
        SwStr id = sw_value_str(sw_value_getz(result, "externalExecutionId"));
        bool build = sw_str_eqz(sw_value_str(sw_value_path(action, "input.actionTypeId.provider")), "CodeBuild");
        if (build && sw_str_is(id) &&
            DEMO_AWS(d, &builds, &e, "codebuild", "batch-get-builds", "--ids", sw_str_z(d->arena, id)) == 0)
            read_build_log(d, sw_value_path(&builds, "builds.0"));
        return;
    }
}

void demo_diagnose(Demo *d) {
    SwError e = sw_error(d->arena);
    if (!d->server || !d->endpoint || !d->n_release)
        return;
    find_action(d, &d->release[d->n_release - 1]);
    /* The rest is for who reads demo.log, whatever it answers. */
    if (DEMO_AWS(d, NULL, &e, "ecs", "describe-services", "--cluster", "production", "--services", "hello-web") < 0)
        return;
    if (d->target_group.n &&
        DEMO_AWS(d, NULL, &e, "elbv2", "describe-target-health", "--target-group-arn", sw_str_z(d->arena, d->target_group)) < 0)
        return;
}
