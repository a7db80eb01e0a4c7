/* SPDX-License-Identifier: Apache-2.0 */
/* The execution engine with action types of the test's own: what runs when, what stops it, what a retry repeats. */

#include <setjmp.h>
#include <stdarg.h>
#include <pthread.h>
#include <stddef.h>

#include <cmocka.h>

#include "../world.h"
#include "base/id.h"
#include "models/codepipeline.gen.h"

extern const SwService sw_service_codepipeline;

/* ---- a service with actions that do what their configuration says ---- */

static struct Fake {
    SwArena *arena;
    pthread_mutex_t lock; /* guards all below */
    SwStrList started;    /* "Stage.Action", in the order of their first steps */
    SwStrList tokens;
    bool open_gate; /* lets actions with Do=wait end */
    bool heal;      /* actions with Do=fail succeed */
    int stopped;
    SwStr seen; /* configuration Say, resolved */
} fake;

static int fake_step(SwCtx *cx, SwAction *a, SwActionOutcome *ret_outcome, SwTime *ret_again, SwError *err) {
    static const SwErrorKind broken = {.code = "JobFailed", .http = 400};
    SwStr what = sw_str_map_find(&a->configuration, SW_STR("Do"));
    int r = 0;
    pthread_mutex_lock(&fake.lock);
    if (!sw_str_list_has(&fake.tokens, a->token)) {
        sw_str_list_add(fake.arena, &fake.tokens, sw_str_dup(fake.arena, a->token));
        sw_str_list_add(fake.arena, &fake.started, sw_strf(fake.arena, "%.*s.%.*s", SW_FMT(a->stage), SW_FMT(a->name)));
    }
    fake.seen = sw_str_dup(fake.arena, sw_str_map_find(&a->configuration, SW_STR("Say")));
    *ret_outcome = SW_ACTION_SUCCEEDED;
    if (sw_str_eqz(what, "wait") && !fake.open_gate) {
        *ret_outcome = SW_ACTION_RUNNING;
        *ret_again = sw_now(cx) + SW_S;
    } else if (sw_str_eqz(what, "fail") && !fake.heal) {
        *ret_outcome = SW_ACTION_FAILED;
        (void)sw_fail(err, &broken, "exit status 2");
    } else if (sw_str_eqz(what, "error")) {
        r = sw_fail(err, &broken, "no such project");
    }
    pthread_mutex_unlock(&fake.lock);
    a->revision = sw_str_or(a->revision, SW_STR("c0ffee"));
    sw_str_map_set(cx->arena, &a->variables, SW_STR("Name"), SW_STR("value"));
    return r;
}

static int fake_stop(SwCtx *cx, SwAction *a, SwError *err) {
    pthread_mutex_lock(&fake.lock);
    fake.stopped++;
    pthread_mutex_unlock(&fake.lock);
    return 0;
}

static const char *const keys[] = {"Do", "Say", NULL};
static const SwActionType fake_types[] = {
    {.category = "Source",
     .owner = "AWS",
     .provider = "Fake",
     .version = "1",
     .max_outputs = 5,
     .optional = keys,
     .step = fake_step},
    {.category = "Build",
     .owner = "AWS",
     .provider = "Fake",
     .version = "1",
     .max_inputs = 5,
     .max_outputs = 5,
     .optional = keys,
     .step = fake_step,
     .stop = fake_stop},
};

static int fake_assume(SwCtx *cx, SwStr role, SwStr principal, SwPrincipal *ret_p, SwError *err) {
    *ret_p = cx->principal;
    return 0;
}

static int fake_open(SwHost *h, SwError *err) {
    h->auth.assume = fake_assume;
    return 0;
}

static const SwService fake_service = {.name = "fake", .actions = fake_types, .n_actions = SW_N(fake_types), .open = fake_open};
static const SwService *const services[] = {&fake_service, &sw_service_codepipeline, NULL};

/* ---- a host for each test ---- */

static int set_up(void **state) {
    fake = (struct Fake){.arena = sw_arena_new(0)};
    pthread_mutex_init(&fake.lock, NULL);
    *state = world_open(services);
    return 0;
}

static int tear_down(void **state) {
    int r = world_close(state);
    sw_arena_free(fake.arena);
    return r;
}

#define REFUSED(call, k) \
    do { \
        assert_int_equal((call), -1); \
        assert_string_equal(w->err.kind->code, (k).code); \
        sw_error_reset(&w->err); \
    } while (0)

/* "Stage: Action[order]=do ..." by a table. */
typedef struct Row {
    const char *stage, *action;
    int order;
    const char *what, *say;
} Row;

static CodepipelinePipelineDeclaration *declare(World *w, const char *name, const Row *rows, size_t n) {
    SwArena *a = w->arena;
    CodepipelinePipelineDeclaration *d = sw_new(a, CodepipelinePipelineDeclaration);
    d->name = sw_str(name);
    d->role_arn = SW_STR("arn:aws:iam::000000000000:role/pipeline");
    d->artifact_store = sw_new(a, CodepipelineArtifactStore);
    d->artifact_store->type = SW_STR("S3");
    d->artifact_store->location = SW_STR("artifacts");
    CodepipelineStageDeclaration *s = NULL;
    for (size_t i = 0; i < n; i++) {
        if (!s || !sw_str_eqz(s->name, rows[i].stage)) {
            s = sw_list_add(a, &d->stages);
            s->name = sw_str(rows[i].stage);
        }
        CodepipelineActionDeclaration *x = sw_list_add(a, &s->actions);
        bool approval = strcmp(rows[i].what, "approval") == 0;
        x->name = sw_str(rows[i].action);
        x->run_order = SW_SOME_INT(rows[i].order);
        x->action_type_id = sw_new(a, CodepipelineActionTypeId);
        *x->action_type_id = (CodepipelineActionTypeId){.category = d->stages.n == 1 ? SW_STR("Source")
                                                                    : approval       ? SW_STR("Approval")
                                                                                     : SW_STR("Build"),
                                                        .owner = SW_STR("AWS"),
                                                        .provider = approval ? SW_STR("Manual") : SW_STR("Fake"),
                                                        .version = SW_STR("1")};
        if (!approval)
            sw_str_map_set(a, &x->configuration, SW_STR("Do"), sw_str(rows[i].what));
        if (rows[i].say)
            sw_str_map_set(a, &x->configuration, SW_STR("Say"), sw_str(rows[i].say));
        if (d->stages.n == 1)
            x->namespace = SW_STR("Src");
    }
    return d;
}

static void create(World *w, const Row *rows, size_t n) {
    CodepipelineCreatePipelineInput in = {.pipeline = declare(w, "p", rows, n)};
    CodepipelineCreatePipelineOutput *out;
    OK(codepipeline_call_create_pipeline(w->cx, &in, &out, &w->err));
}

static SwStr start(World *w) {
    CodepipelineStartPipelineExecutionInput in = {.name = SW_STR("p")};
    CodepipelineStartPipelineExecutionOutput *out;
    OK(codepipeline_call_start_pipeline_execution(w->cx, &in, &out, &w->err));
    return out->pipeline_execution_id;
}

static CodepipelinePipelineExecutionSummary newest(World *w, size_t back) {
    CodepipelineListPipelineExecutionsInput in = {.pipeline_name = SW_STR("p")};
    CodepipelineListPipelineExecutionsOutput *out;
    OK(codepipeline_call_list_pipeline_executions(w->cx, &in, &out, &w->err));
    assert_true(out->pipeline_execution_summaries.n > back);
    return out->pipeline_execution_summaries.v[back];
}

static void assert_status(World *w, size_t back, const char *want) {
    SwStr status = newest(w, back).status;
    assert_string_equal(sw_str_z(w->arena, status), want);
}

static const char *started(World *w) {
    pthread_mutex_lock(&fake.lock);
    SwStr s = sw_str_join(w->arena, fake.started.v, fake.started.n, SW_STR(" "));
    pthread_mutex_unlock(&fake.lock);
    return sw_str_z(w->arena, s);
}

static CodepipelineActionExecution *latest(World *w, const char *stage, const char *action) {
    CodepipelineGetPipelineStateInput in = {.name = SW_STR("p")};
    CodepipelineGetPipelineStateOutput *out;
    OK(codepipeline_call_get_pipeline_state(w->cx, &in, &out, &w->err));
    for (size_t i = 0; i < out->stage_states.n; i++)
        for (size_t k = 0; k < out->stage_states.v[i].action_states.n; k++)
            if (sw_str_eqz(out->stage_states.v[i].stage_name, stage) &&
                sw_str_eqz(out->stage_states.v[i].action_states.v[k].action_name, action))
                return out->stage_states.v[i].action_states.v[k].latest_execution;
    return NULL;
}

#define SKIP_UNLESS_ROOT(w) \
    if (!(w)) { \
        print_message("needs root: the host makes a container runtime\n"); \
        skip(); \
    }

/* ---- tests ---- */

static void actions_of_one_order_run_side_by_side_and_the_next_order_waits(void **state) {
    World *w = *state;
    SKIP_UNLESS_ROOT(w);
    static const Row rows[] = {{"Source", "S", 1, "ok", NULL},
                               {"Work", "A", 1, "wait", NULL},
                               {"Work", "B", 1, "wait", NULL},
                               {"Work", "C", 2, "ok", NULL}};
    create(w, rows, SW_N(rows));
    world_settle(w);
    assert_int_equal(fake.started.n, 3); /* S, then A and B in any order; not C */
    assert_string_equal(sw_str_z(w->arena, fake.started.v[0]), "Source.S");
    assert_null(strstr(started(w), "Work.C"));
    assert_status(w, 0, "InProgress");
    fake.open_gate = true;
    world_advance(w, 2 * SW_S);
    assert_status(w, 0, "Succeeded");
    assert_string_equal(sw_str_z(w->arena, fake.started.v[3]), "Work.C");
    assert_int_equal(fake.tokens.n, 4);
}

static void a_failed_action_stops_the_execution_and_a_retry_repeats_it_alone(void **state) {
    World *w = *state;
    SKIP_UNLESS_ROOT(w);
    static const Row rows[] = {{"Source", "S", 1, "ok", NULL},
                               {"Work", "Good", 1, "ok", NULL},
                               {"Work", "Bad", 1, "fail", NULL},
                               {"Last", "L", 1, "ok", NULL}};
    create(w, rows, SW_N(rows));
    world_settle(w);
    assert_status(w, 0, "Failed");
    assert_null(strstr(started(w), "Last.L"));
    CodepipelineActionExecution *bad = latest(w, "Work", "Bad");
    assert_string_equal(sw_str_z(w->arena, bad->status), "Failed");
    assert_string_equal(sw_str_z(w->arena, bad->error_details->message), "exit status 2");
    fake.heal = true;
    CodepipelineRetryStageExecutionInput in = {.pipeline_name = SW_STR("p"),
                                               .stage_name = SW_STR("Work"),
                                               .pipeline_execution_id = newest(w, 0).pipeline_execution_id,
                                               .retry_mode = SW_STR("FAILED_ACTIONS")};
    CodepipelineRetryStageExecutionOutput *out;
    OK(codepipeline_call_retry_stage_execution(w->cx, &in, &out, &w->err));
    world_settle(w);
    assert_status(w, 0, "Succeeded");
    assert_int_equal(fake.started.n, 5); /* S Good Bad, again Bad, L */
    REFUSED(codepipeline_call_retry_stage_execution(w->cx, &in, &out, &w->err), CODEPIPELINE_STAGE_NOT_RETRYABLE_EXCEPTION);
}

static void an_error_of_the_callers_fails_the_action_with_its_code(void **state) {
    World *w = *state;
    SKIP_UNLESS_ROOT(w);
    static const Row rows[] = {{"Source", "S", 1, "ok", NULL}, {"Work", "A", 1, "error", NULL}};
    create(w, rows, SW_N(rows));
    world_settle(w);
    assert_status(w, 0, "Failed");
    assert_string_equal(sw_str_z(w->arena, latest(w, "Work", "A")->error_details->code), "JobFailed");
}

static int put_result(World *w, SwStr token, const char *status) {
    CodepipelineApprovalResult result = {.status = sw_str(status), .summary = SW_STR("by the test")};
    CodepipelinePutApprovalResultInput in = {.pipeline_name = SW_STR("p"),
                                             .stage_name = SW_STR("Gate"),
                                             .action_name = SW_STR("Ask"),
                                             .token = token,
                                             .result = &result};
    CodepipelinePutApprovalResultOutput *out;
    return codepipeline_call_put_approval_result(w->cx, &in, &out, &w->err);
}

static const Row gated[] = {{"Source", "S", 1, "ok", NULL}, {"Gate", "Ask", 1, "approval", NULL}, {"Last", "L", 1, "ok", NULL}};

static void an_approval_waits_for_its_token_and_takes_one_answer(void **state) {
    World *w = *state;
    SKIP_UNLESS_ROOT(w);
    create(w, gated, SW_N(gated));
    world_settle(w);
    assert_status(w, 0, "InProgress");
    SwStr token = latest(w, "Gate", "Ask")->token;
    assert_true(sw_str_is(token));
    REFUSED(put_result(w, sw_id_uuid(w->arena), "Approved"), CODEPIPELINE_INVALID_APPROVAL_TOKEN_EXCEPTION);
    OK(put_result(w, token, "Approved"));
    REFUSED(put_result(w, token, "Rejected"), CODEPIPELINE_APPROVAL_ALREADY_COMPLETED_EXCEPTION);
    world_settle(w);
    assert_status(w, 0, "Succeeded");
    assert_non_null(strstr(started(w), "Last.L"));
}

static void a_rejection_and_seven_days_without_an_answer_fail_the_execution(void **state) {
    World *w = *state;
    SKIP_UNLESS_ROOT(w);
    create(w, gated, SW_N(gated));
    world_settle(w);
    OK(put_result(w, latest(w, "Gate", "Ask")->token, "Rejected"));
    world_settle(w);
    assert_status(w, 0, "Failed");
    start(w);
    world_settle(w);
    world_advance(w, 7 * SW_DAY - SW_MINUTE);
    assert_status(w, 0, "InProgress");
    world_advance(w, 2 * SW_MINUTE);
    assert_status(w, 0, "Failed");
    assert_string_equal(sw_str_z(w->arena, latest(w, "Gate", "Ask")->error_details->code), "ApprovalTimedOut");
}

static void a_newer_execution_supersedes_one_that_waits_at_the_same_door(void **state) {
    World *w = *state;
    SKIP_UNLESS_ROOT(w);
    create(w, gated, SW_N(gated)); /* stays in Gate */
    world_settle(w);
    start(w); /* waits at Gate's door */
    world_settle(w);
    start(w); /* takes its place */
    world_settle(w);
    assert_status(w, 2, "InProgress");
    assert_status(w, 1, "Superseded");
    assert_status(w, 0, "InProgress");
    OK(put_result(w, latest(w, "Gate", "Ask")->token, "Approved"));
    world_settle(w);
    assert_status(w, 2, "Succeeded");
    OK(put_result(w, latest(w, "Gate", "Ask")->token, "Approved"));
    world_settle(w);
    assert_status(w, 0, "Succeeded");
}

static void stop(World *w, bool abandon) {
    CodepipelineStopPipelineExecutionInput in = {.pipeline_name = SW_STR("p"),
                                                 .pipeline_execution_id = newest(w, 0).pipeline_execution_id,
                                                 .abandon = SW_SOME_BOOL(abandon),
                                                 .reason = SW_STR("enough")};
    CodepipelineStopPipelineExecutionOutput *out;
    OK(codepipeline_call_stop_pipeline_execution(w->cx, &in, &out, &w->err));
    world_settle(w);
}

static void stopping_waits_for_what_runs_unless_it_is_abandoned(void **state) {
    World *w = *state;
    SKIP_UNLESS_ROOT(w);
    static const Row rows[] = {{"Source", "S", 1, "ok", NULL}, {"Work", "A", 1, "wait", NULL}, {"Last", "L", 1, "ok", NULL}};
    create(w, rows, SW_N(rows));
    world_settle(w);
    stop(w, false);
    assert_status(w, 0, "Stopping");
    fake.open_gate = true;
    world_advance(w, 2 * SW_S);
    assert_status(w, 0, "Stopped");
    assert_null(strstr(started(w), "Last.L"));
    assert_int_equal(fake.stopped, 0);
    fake.open_gate = false;
    start(w);
    world_settle(w);
    stop(w, true);
    assert_status(w, 0, "Stopped");
    assert_int_equal(fake.stopped, 1);
    assert_string_equal(sw_str_z(w->arena, latest(w, "Work", "A")->status), "Abandoned");
}

static void a_disabled_transition_holds_executions_at_the_door(void **state) {
    World *w = *state;
    SKIP_UNLESS_ROOT(w);
    static const Row rows[] = {{"Source", "S", 1, "ok", NULL}, {"Work", "A", 1, "ok", NULL}};
    CodepipelineCreatePipelineInput in = {.pipeline = declare(w, "p", rows, SW_N(rows))};
    CodepipelineCreatePipelineOutput *out;
    CodepipelineDisableStageTransitionInput off = {.pipeline_name = SW_STR("p"),
                                                   .stage_name = SW_STR("Work"),
                                                   .transition_type = SW_STR("Inbound"),
                                                   .reason = SW_STR("freeze")};
    CodepipelineEnableStageTransitionInput on = {.pipeline_name = SW_STR("p"),
                                                 .stage_name = SW_STR("Work"),
                                                 .transition_type = SW_STR("Inbound")};
    void *nothing;
    OK(codepipeline_call_create_pipeline(w->cx, &in, &out, &w->err));
    world_settle(w);
    OK(codepipeline_call_disable_stage_transition(w->cx, &off, &nothing, &w->err));
    start(w);
    world_settle(w);
    assert_status(w, 0, "InProgress");
    assert_int_equal(fake.started.n, 3);
    OK(codepipeline_call_enable_stage_transition(w->cx, &on, &nothing, &w->err));
    world_settle(w);
    assert_status(w, 0, "Succeeded");
}

static void variables_of_earlier_actions_are_resolved_and_unknown_ones_fail(void **state) {
    World *w = *state;
    SKIP_UNLESS_ROOT(w);
    static const Row rows[] = {{"Source", "S", 1, "ok", NULL}, {"Work", "A", 1, "ok", "x-#{Src.Name}-y"}};
    create(w, rows, SW_N(rows));
    world_settle(w);
    assert_status(w, 0, "Succeeded");
    assert_string_equal(sw_str_z(w->arena, fake.seen), "x-value-y");
    static const Row wrong[] = {{"Source", "S", 1, "ok", NULL}, {"Work", "A", 1, "ok", "#{Src.Missing}"}};
    CodepipelineUpdatePipelineInput in = {.pipeline = declare(w, "p", wrong, SW_N(wrong))};
    CodepipelineUpdatePipelineOutput *out;
    OK(codepipeline_call_update_pipeline(w->cx, &in, &out, &w->err));
    assert_int_equal(out->pipeline->version.v, 2);
    start(w);
    world_settle(w);
    assert_status(w, 0, "Failed");
}

static void a_start_with_the_same_token_is_the_same_execution(void **state) {
    World *w = *state;
    SKIP_UNLESS_ROOT(w);
    create(w, gated, SW_N(gated));
    CodepipelineStartPipelineExecutionInput in = {.name = SW_STR("p"), .client_request_token = SW_STR("once")};
    CodepipelineStartPipelineExecutionOutput *first, *second;
    OK(codepipeline_call_start_pipeline_execution(w->cx, &in, &first, &w->err));
    OK(codepipeline_call_start_pipeline_execution(w->cx, &in, &second, &w->err));
    assert_true(sw_str_eq(first->pipeline_execution_id, second->pipeline_execution_id));
}

static void source_revisions_of_another_type_than_a_commit_are_refused(void **state) {
    World *w = *state;
    SKIP_UNLESS_ROOT(w);
    create(w, gated, SW_N(gated));
    CodepipelineStartPipelineExecutionInput in = {.name = SW_STR("p")};
    CodepipelineStartPipelineExecutionOutput *out;
    CodepipelineSourceRevisionOverride *r = sw_list_add(w->arena, &in.source_revisions);
    *r = (CodepipelineSourceRevisionOverride){.action_name = SW_STR("S"),
                                              .revision_type = SW_STR("IMAGE_DIGEST"),
                                              .revision_value = SW_STR("x")};
    REFUSED(codepipeline_call_start_pipeline_execution(w->cx, &in, &out, &w->err), CODEPIPELINE_VALIDATION_EXCEPTION);
    r->revision_type = SW_STR("COMMIT_ID");
    OK(codepipeline_call_start_pipeline_execution(w->cx, &in, &out, &w->err));
}

static void a_broken_structure_is_refused_by_name(void **state) {
    World *w = *state;
    SKIP_UNLESS_ROOT(w);
    static const Row one_stage[] = {{"Source", "S", 1, "ok", NULL}};
    static const Row twice[] = {{"Source", "S", 1, "ok", NULL}, {"Work", "A", 1, "ok", NULL}, {"Work", "A", 1, "ok", NULL}};
    CodepipelineCreatePipelineOutput *out;
    CodepipelineCreatePipelineInput in = {.pipeline = declare(w, "p", one_stage, SW_N(one_stage))};
    REFUSED(codepipeline_call_create_pipeline(w->cx, &in, &out, &w->err), CODEPIPELINE_INVALID_STRUCTURE_EXCEPTION);
    in.pipeline = declare(w, "p", twice, SW_N(twice));
    REFUSED(codepipeline_call_create_pipeline(w->cx, &in, &out, &w->err), CODEPIPELINE_INVALID_ACTION_DECLARATION_EXCEPTION);
    in.pipeline = declare(w, "p", gated, SW_N(gated));
    sw_list_add(w->arena, &in.pipeline->stages.v[2].actions.v[0].input_artifacts)->name = SW_STR("nobody");
    REFUSED(codepipeline_call_create_pipeline(w->cx, &in, &out, &w->err), CODEPIPELINE_INVALID_ACTION_DECLARATION_EXCEPTION);
    in.pipeline = declare(w, "p", gated, SW_N(gated));
    in.pipeline->stages.v[1].on_failure = sw_new(w->arena, CodepipelineFailureConditions);
    REFUSED(codepipeline_call_create_pipeline(w->cx, &in, &out, &w->err), CODEPIPELINE_INVALID_STRUCTURE_EXCEPTION);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(actions_of_one_order_run_side_by_side_and_the_next_order_waits),
        T(a_failed_action_stops_the_execution_and_a_retry_repeats_it_alone),
        T(an_error_of_the_callers_fails_the_action_with_its_code),
        T(an_approval_waits_for_its_token_and_takes_one_answer),
        T(a_rejection_and_seven_days_without_an_answer_fail_the_execution),
        T(a_newer_execution_supersedes_one_that_waits_at_the_same_door),
        T(stopping_waits_for_what_runs_unless_it_is_abandoned),
        T(a_disabled_transition_holds_executions_at_the_door),
        T(variables_of_earlier_actions_are_resolved_and_unknown_ones_fail),
        T(a_start_with_the_same_token_is_the_same_execution),
        T(source_revisions_of_another_type_than_a_commit_are_refused),
        T(a_broken_structure_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
