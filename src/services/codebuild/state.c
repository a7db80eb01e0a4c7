/* SPDX-License-Identifier: Apache-2.0 */
/* A build's phases and the events about them ("CodeBuild Build State Change" and "... Phase Change"). */

#include <time.h>

#include "services/codebuild/codebuild.h"

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

static CodebuildToldPhaseList told_phases(SwArena *a, const CodebuildBuild *b) {
    CodebuildToldPhaseList l = {0};
    sw_list_present(a, &l);
    for (size_t i = 0; i < b->phases.n; i++) {
        const CodebuildBuildPhase *p = &b->phases.v[i];
        CodebuildToldPhase *told = sw_list_add(a, &l);
        *told = (CodebuildToldPhase){.start_time = event_time(a, p->start_time.v), .phase_type = p->phase_type};
        if (!p->end_time.set)
            continue;
        sw_str_list_add(a, &told->phase_context,
                        p->contexts.n ? sw_str_drop(sw_str_skip(context_text(a, p), 1), 1) : SW_STR(""));
        told->end_time = event_time(a, p->end_time.v);
        told->duration_in_seconds = SW_SOME_INT(p->duration_in_seconds.v);
        told->phase_status = p->phase_status;
    }
    return l;
}

static CodebuildToldEnvironment *told_environment(SwArena *a, const CodebuildProjectEnvironment *e) {
    CodebuildToldEnvironment *told = sw_new(a, CodebuildToldEnvironment);
    *told = (CodebuildToldEnvironment){.image = e->image,
                                       .privileged_mode = SW_SOME_BOOL(SW_OR(e->privileged_mode, false)),
                                       .compute_type = e->compute_type,
                                       .type = e->type};
    sw_list_present(a, &told->environment_variables);
    for (size_t i = 0; i < e->environment_variables.n; i++) {
        const CodebuildEnvironmentVariable *v = &e->environment_variables.v[i];
        *sw_list_add(a, &told->environment_variables) =
            (CodebuildToldVariable){.name = v->name, .type = v->type, .value = v->value};
    }
    return told;
}

static CodebuildToldInformation *told_information(SwArena *a, const CodebuildBuild *b) {
    CodebuildToldInformation *told = sw_new(a, CodebuildToldInformation);
    CodebuildToldArtifact *artifact = sw_new(a, CodebuildToldArtifact);
    CodebuildToldSource *source = sw_new(a, CodebuildToldSource);
    CodebuildToldLogs *logs = sw_new(a, CodebuildToldLogs);
    artifact->location = b->artifacts ? sw_str_or(b->artifacts->location, SW_STR("")) : SW_STR("");
    artifact->sha256sum = b->artifacts ? b->artifacts->sha256sum : SW_NO_STR;
    *source = (CodebuildToldSource){.location = b->source->location, .type = b->source->type};
    *logs = (CodebuildToldLogs){.group_name = b->logs->group_name,
                                .stream_name = b->logs->stream_name,
                                .deep_link = b->logs->deep_link};
    *told = (CodebuildToldInformation){
        .artifact = artifact,
        .environment = told_environment(a, b->environment),
        .timeout_in_minutes = SW_SOME_INT(b->timeout_in_minutes.v),
        .queued_timeout_in_minutes = SW_SOME_INT(b->queued_timeout_in_minutes.v),
        .build_complete = SW_SOME_BOOL(SW_OR(b->build_complete, false)),
        .build_number = SW_SOME_INT(b->build_number.v),
        .initiator = b->initiator,
        .build_start_time = event_time(a, b->start_time.v),
        .source = source,
        .source_version = b->source_version,
        .logs = logs,
        .phases = told_phases(a, b),
    };
    return told;
}

int codebuild_state_event(SwCtx *cx, const CodebuildBuildRecord *r, SwError *err) {
    const CodebuildBuild *b = r->build;
    const CodebuildBuildPhaseList *l = &b->phases;
    const CodebuildBuildStateChange detail = {
        .build_status = b->build_status,
        .current_phase = b->current_phase,
        .current_phase_context = l->n ? context_text(cx->arena, &l->v[l->n - 1]) : SW_STR("[]"),
        .project_name = b->project_name,
        .build_id = b->arn,
        .additional_information = told_information(cx->arena, b),
        .version = SW_STR("1"),
    };
    return sw_event(cx, &codebuild_event_build_state_change, b->arn, &detail, err);
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
    const CodebuildBuildPhaseChange detail = {
        .completed_phase = p->phase_type,
        .completed_phase_status = status,
        .completed_phase_context = context_text(a, p),
        .completed_phase_duration_seconds = SW_SOME_INT(p->duration_in_seconds.v),
        .completed_phase_start = event_time(a, p->start_time.v),
        .completed_phase_end = event_time(a, at),
        .project_name = r->build->project_name,
        .build_id = r->build->arn,
        .additional_information = told_information(a, r->build),
        .version = SW_STR("1"),
    };
    return sw_event(cx, &codebuild_event_build_phase_change, r->build->arn, &detail, err);
}
