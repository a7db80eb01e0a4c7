/* SPDX-License-Identifier: Apache-2.0 */
/* A build's phases and the events about them ("CodeBuild Build State Change" and "... Phase Change"). */

#include <time.h>

#include "services/codebuild/codebuild.h"

const SwCollection codebuild_builds = {
    .name = "codebuild/build",
    .shape = &codebuild_shape_build_record,
    .indexes = {{.name = "by_project", .member = {"build.projectName", "order"}},
                {.name = "by_order", .member = {"order"}},
                {.name = "by_active", .member = {"active", "order"}},
                {.name = "by_project_active", .member = {"build.projectName", "active"}},
                {.name = "by_token", .member = {"token"}}},
};

int codebuild_load(SwCtx *cx, SwStr uuid, CodebuildBuildRecord **ret, SwError *err) {
    *ret = NULL;
    if (sw_ctx_begin(cx, SW_READ, err) < 0)
        return -1;
    int got = codebuild_build_find(cx, uuid, ret, err);
    sw_ctx_rollback(cx);
    return got;
}

int codebuild_begin(SwCtx *cx, SwStr uuid, CodebuildBuildRecord **ret, SwError *err) {
    if (sw_ctx_begin(cx, SW_WRITE, err) < 0)
        return -1;
    if (codebuild_build_find(cx, uuid, ret, err) < 0 || !*ret) {
        sw_ctx_rollback(cx);
        return err->kind ? -1 : sw_fail(err, &SW_INTERNAL_FAILURE, "The build %.*s is gone", SW_FMT(uuid));
    }
    return 0;
}

SwTime codebuild_clock_of(SwCtx *cx, SwTime system_time) {
    struct timespec t;
    SwTime now = sw_now(cx);
    clock_gettime(CLOCK_REALTIME, &t);
    SwTime ago = (SwTime)t.tv_sec * SW_S + t.tv_nsec - system_time;
    return system_time == 0 || ago < 0 ? now : now - ago;
}

static CodebuildBuildPhase *open_phase(CodebuildBuildRecord *r) {
    CodebuildBuildPhaseList *l = &r->build->phases;
    return l->n && !l->v[l->n - 1].end_time.set ? &l->v[l->n - 1] : NULL;
}

void codebuild_phase_start(SwCtx *cx, CodebuildBuildRecord *r, SwStr phase, SwTime at) {
    CodebuildBuildPhaseList *l = &r->build->phases;
    if (l->n && l->v[l->n - 1].end_time.set && l->v[l->n - 1].end_time.v > at)
        at = l->v[l->n - 1].end_time.v;
    CodebuildBuildPhase *p = sw_list_add(cx->arena, l);
    p->phase_type = phase;
    p->start_time = SW_SOME_TIME(at);
    r->build->current_phase = phase;
}

/* ---- events ---- */

static SwStr event_time(SwArena *a, SwTime t) { /* "Sep 1, 2017 4:12:29 PM" */
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm tm;
    time_t s = (time_t)(t / SW_S);
    gmtime_r(&s, &tm);
    return sw_strf(a, "%s %d, %d %d:%02d:%02d %s", months[tm.tm_mon], tm.tm_mday, tm.tm_year + 1900,
                   tm.tm_hour % 12 ? tm.tm_hour % 12 : 12, tm.tm_min, tm.tm_sec, tm.tm_hour < 12 ? "AM" : "PM");
}

static SwStr context_text(SwArena *a, const CodebuildBuildPhase *p) {
    if (!p->contexts.n)
        return SW_STR("[]");
    return sw_strf(a, "[%.*s: %.*s]", SW_FMT(p->contexts.v[0].status_code), SW_FMT(p->contexts.v[0].message));
}

static void add_phases(SwArena *a, SwValue *info, const CodebuildBuild *b) {
    SwValue *list = sw_value_set(a, info, SW_STR("phases"), sw_value_array());
    for (size_t i = 0; i < b->phases.n; i++) {
        const CodebuildBuildPhase *p = &b->phases.v[i];
        SwValue *v = sw_value_add(a, list, sw_value_object());
        sw_value_sets(a, v, "start-time", event_time(a, p->start_time.v));
        sw_value_sets(a, v, "phase-type", p->phase_type);
        if (!p->end_time.set)
            continue;
        SwValue *context = sw_value_set(a, v, SW_STR("phase-context"), sw_value_array());
        sw_value_add(a, context,
                     sw_value_string(p->contexts.n ? sw_str_drop(sw_str_skip(context_text(a, p), 1), 1) : SW_STR("")));
        sw_value_sets(a, v, "end-time", event_time(a, p->end_time.v));
        sw_value_set(a, v, SW_STR("duration-in-seconds"), sw_value_int(a, p->duration_in_seconds.v));
        sw_value_sets(a, v, "phase-status", p->phase_status);
    }
}

static void add_environment(SwArena *a, SwValue *info, const CodebuildProjectEnvironment *e) {
    SwValue *v = sw_value_set(a, info, SW_STR("environment"), sw_value_object());
    sw_value_sets(a, v, "image", e->image);
    sw_value_set(a, v, SW_STR("privileged-mode"), sw_value_bool(SW_OR(e->privileged_mode, false)));
    sw_value_sets(a, v, "compute-type", e->compute_type);
    sw_value_sets(a, v, "type", e->type);
    SwValue *vars = sw_value_set(a, v, SW_STR("environment-variables"), sw_value_array());
    for (size_t i = 0; i < e->environment_variables.n; i++) {
        SwValue *o = sw_value_add(a, vars, sw_value_object());
        sw_value_sets(a, o, "name", e->environment_variables.v[i].name);
        sw_value_sets(a, o, "type", e->environment_variables.v[i].type);
        sw_value_sets(a, o, "value", e->environment_variables.v[i].value);
    }
}

static void add_information(SwArena *a, SwValue *detail, const CodebuildBuild *b) {
    SwValue *info = sw_value_set(a, detail, SW_STR("additional-information"), sw_value_object());
    SwValue *v = sw_value_set(a, info, SW_STR("artifact"), sw_value_object());
    sw_value_sets(a, v, "location", b->artifacts ? sw_str_or(b->artifacts->location, SW_STR("")) : SW_STR(""));
    if (b->artifacts)
        sw_value_sets(a, v, "sha256sum", b->artifacts->sha256sum);
    add_environment(a, info, b->environment);
    sw_value_set(a, info, SW_STR("timeout-in-minutes"), sw_value_int(a, b->timeout_in_minutes.v));
    sw_value_set(a, info, SW_STR("queued-timeout-in-minutes"), sw_value_int(a, b->queued_timeout_in_minutes.v));
    sw_value_set(a, info, SW_STR("build-complete"), sw_value_bool(SW_OR(b->build_complete, false)));
    sw_value_set(a, info, SW_STR("build-number"), sw_value_int(a, b->build_number.v));
    sw_value_sets(a, info, "initiator", b->initiator);
    sw_value_sets(a, info, "build-start-time", event_time(a, b->start_time.v));
    v = sw_value_set(a, info, SW_STR("source"), sw_value_object());
    sw_value_sets(a, v, "location", b->source->location);
    sw_value_sets(a, v, "type", b->source->type);
    sw_value_sets(a, info, "source-version", b->source_version);
    v = sw_value_set(a, info, SW_STR("logs"), sw_value_object());
    sw_value_sets(a, v, "group-name", b->logs->group_name);
    sw_value_sets(a, v, "stream-name", b->logs->stream_name);
    sw_value_sets(a, v, "deep-link", b->logs->deep_link);
    add_phases(a, info, b);
}

static int emit(SwCtx *cx, const CodebuildBuildRecord *r, SwStr type, SwValue *detail, SwError *err) {
    SwArena *a = cx->arena;
    sw_value_sets(a, detail, "project-name", r->build->project_name);
    sw_value_sets(a, detail, "build-id", r->build->arn);
    add_information(a, detail, r->build);
    sw_value_sets(a, detail, "version", SW_STR("1"));
    SwEvent e = {.source = SW_STR("aws.codebuild"), .detail_type = type, .detail = sw_json_text(a, detail)};
    sw_str_list_add(a, &e.resources, r->build->arn);
    return sw_event_put(cx, &e, err);
}

int codebuild_state_event(SwCtx *cx, const CodebuildBuildRecord *r, SwError *err) {
    SwValue d = sw_value_object();
    const CodebuildBuildPhaseList *l = &r->build->phases;
    sw_value_sets(cx->arena, &d, "build-status", r->build->build_status);
    sw_value_sets(cx->arena, &d, "current-phase", r->build->current_phase);
    sw_value_sets(cx->arena, &d, "current-phase-context", l->n ? context_text(cx->arena, &l->v[l->n - 1]) : SW_STR("[]"));
    return emit(cx, r, SW_STR("CodeBuild Build State Change"), &d, err);
}

int codebuild_phase_end(SwCtx *cx, CodebuildBuildRecord *r, SwStr status, SwStr code, SwStr message, SwTime at, SwError *err) {
    CodebuildBuildPhase *p = open_phase(r);
    SwArena *a = cx->arena;
    if (!p)
        return 0;
    at = SW_MAX(at, p->start_time.v);
    p->end_time = SW_SOME_TIME(at);
    p->duration_in_seconds = SW_SOME_INT((at - p->start_time.v) / SW_S);
    p->phase_status = status;
    codebuild_count_phase(cx, r, p);
    bool early = sw_str_eqz(p->phase_type, "SUBMITTED") || sw_str_eqz(p->phase_type, "QUEUED");
    if (sw_str_is(code) || !early)
        *sw_list_add(a, &p->contexts) =
            (CodebuildPhaseContext){.status_code = code.p ? code : SW_STR(""), .message = message.p ? message : SW_STR("")};
    SwValue d = sw_value_object();
    sw_value_sets(a, &d, "completed-phase", p->phase_type);
    sw_value_sets(a, &d, "completed-phase-status", status);
    sw_value_sets(a, &d, "completed-phase-context", context_text(a, p));
    sw_value_set(a, &d, SW_STR("completed-phase-duration-seconds"), sw_value_int(a, p->duration_in_seconds.v));
    sw_value_sets(a, &d, "completed-phase-start", event_time(a, p->start_time.v));
    sw_value_sets(a, &d, "completed-phase-end", event_time(a, at));
    return emit(cx, r, SW_STR("CodeBuild Build Phase Change"), &d, err);
}
