/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a build.
 *
 *   QUEUED --a place is free--> PROVISIONING --image, network, log stream--> DOWNLOAD --source, container started-->
 *   RUNNING --driver: over upload--> UPLOAD --artifacts in S3--> FINALIZING --logs drained, container gone--> COMPLETED
 *      |----over done, over skip------------------------------------^
 *   any --StopBuild, time out, failure--> FINALIZING, with the outcome noted
 *
 * Each step can be repeated: a source is fetched anew, a container is named after its build, an object is written again.
 * While RUNNING the container needs no Slipway; its markers and its log are read when we are back. */

#include <signal.h>

#include "services/codebuild/codebuild.h"

#define EVENTS_BYTES (256 * SW_KIB)
#define MARKERS_MAX  64
#define EXPORT_BYTES (64 * SW_KIB)
#define KILL_MS      10000

static size_t read_markers(SwCtx *cx, const CodebuildBuildRecord *r, CodebuildMarker *v) {
    SwStr text;
    size_t n = 0;
    if (!codebuild_read_told(cx, r, "control/events", EVENTS_BYTES, &text))
        return 0;
    while (n < MARKERS_MAX && codebuild_marker_next(&text, &v[n]))
        n++;
    return n;
}

bool codebuild_new_markers(SwCtx *cx, const CodebuildBuildRecord *r) {
    CodebuildMarker v[MARKERS_MAX];
    return read_markers(cx, r, v) > (size_t)SW_OR(r->markers_seen, 0);
}

/* ---- ends ---- */

static SwStr outcome_of(const CodebuildBuildRecord *r) {
    for (size_t i = 0; i < r->build->phases.n; i++)
        if (sw_str_eqz(r->build->phases.v[i].phase_status, "FAILED"))
            return CODEBUILD_STATUS_TYPE_FAILED;
    return CODEBUILD_STATUS_TYPE_SUCCEEDED;
}

static int say_end(SwCtx *cx, const CodebuildBuildRecord *r, const char *phase, SwStr status, SwStr code, SwStr message,
                   SwError *err) {
    SwStr lines[] = {sw_strf(cx->arena, "Phase complete: %s State: %.*s", phase, SW_FMT(status)),
                     sw_strf(cx->arena, "Phase context status code: %.*s Message: %.*s", SW_FMT(code), SW_FMT(message))};
    return codebuild_log_say(cx, r, lines, 2, err);
}

/* In cx->tx: the current phase ends so, and the build will. */
static int to_finalizing(SwCtx *cx, SwStr uuid, CodebuildBuildRecord *r, SwStr outcome, SwStr code, SwStr message,
                         SwError *err) {
    SwTime now = sw_now(cx);
    if (codebuild_phase_end(cx, r, outcome, code, message, now, err) < 0)
        return -1;
    codebuild_phase_start(cx, r, SW_STR("FINALIZING"), now);
    r->state = CODEBUILD_FINALIZING;
    r->outcome = outcome;
    return codebuild_build_put(cx, uuid, r, err) < 0 ? -1 : sw_ctx_commit(cx, err);
}

static int finish(SwCtx *cx, SwStr uuid, SwStr outcome, SwStr code, SwStr message, SwStep *ret, SwError *err) {
    CodebuildBuildRecord *r;
    if (codebuild_begin(cx, uuid, &r, err) < 0)
        return -1;
    ret->again = sw_now(cx);
    if (to_finalizing(cx, uuid, r, outcome, code, message, err) == 0)
        return 0;
    sw_ctx_rollback(cx);
    return -1;
}

/* A step failed: the build's own fault ends it; ours is tried again until the build's time is over. */
static int failed(SwCtx *cx, SwStr uuid, SwStep *ret, SwError *err) {
    if (sw_error_is(err, &SW_INTERNAL_FAILURE))
        return -1;
    SwStr code = sw_str(err->kind->code), message = sw_str_dup(cx->arena, sw_str(err->message));
    if (sw_str_starts(code, SW_STR("AccessDenied")))
        code = SW_STR("ACCESS_DENIED");
    bool ours = sw_str_eqz(code, "CLIENT_ERROR") || sw_str_eqz(code, "YAML_FILE_ERROR") || sw_str_eqz(code, "ACCESS_DENIED") ||
                sw_str_starts(code, SW_STR("BUILD_"));
    sw_error_reset(err);
    return finish(cx, uuid, CODEBUILD_STATUS_TYPE_FAILED, ours ? code : SW_STR("CLIENT_ERROR"), message, ret, err);
}

/* ---- steps ---- */

static int admit(SwCtx *cx, SwStr uuid, SwStep *ret, SwError *err) {
    CodebuildBuildRecord *r;
    int64_t running;
    if (codebuild_begin(cx, uuid, &r, err) < 0)
        return -1;
    if (codebuild_builds_count(cx->tx, &(SwDocQuery){.index = "by_active", .equals = {CODEBUILD_RUNNING}, .any_scope = true},
                               &running, err) < 0)
        return sw_ctx_rollback(cx), -1;
    if (running >= CODEBUILD_AT_ONCE) {
        sw_ctx_rollback(cx);
        *ret = (SwStep){.again = r->queue_deadline.v, .waiting = true};
        return 0;
    }
    SwTime now = sw_now(cx);
    r->state = CODEBUILD_PROVISIONING;
    r->active = CODEBUILD_RUNNING;
    r->deadline = SW_SOME_INT(now + SW_OR(r->build->timeout_in_minutes, 60) * SW_MINUTE);
    if (codebuild_phase_end(cx, r, CODEBUILD_STATUS_TYPE_SUCCEEDED, SW_NO_STR, SW_NO_STR, now, err) < 0)
        return sw_ctx_rollback(cx), -1;
    codebuild_phase_start(cx, r, SW_STR("PROVISIONING"), now);
    if (codebuild_build_put(cx, uuid, r, err) < 0)
        return sw_ctx_rollback(cx), -1;
    ret->again = now;
    return sw_ctx_commit(cx, err);
}

static int provision(SwCtx *cx, SwStr uuid, CodebuildBuildRecord *r, SwStep *ret, SwError *err) {
    if (codebuild_log_open(cx, r, err) < 0 || codebuild_provision(cx, r, err) < 0)
        return failed(cx, uuid, ret, err);
    if (codebuild_begin(cx, uuid, &r, err) < 0)
        return -1;
    SwTime now = sw_now(cx);
    r->state = CODEBUILD_DOWNLOAD;
    if (codebuild_phase_end(cx, r, CODEBUILD_STATUS_TYPE_SUCCEEDED, SW_NO_STR, SW_NO_STR, now, err) < 0)
        return sw_ctx_rollback(cx), -1;
    codebuild_phase_start(cx, r, SW_STR("DOWNLOAD_SOURCE"), now);
    SwStr line = sw_strf(cx->arena, "The image %.*s is not in this server's registry: the build runs in the host's environment",
                         SW_FMT(r->build->environment->image));
    if ((codebuild_on_host(cx, r->build->environment->image) && codebuild_log_say(cx, r, &line, 1, err) < 0) ||
        codebuild_build_put(cx, uuid, r, err) < 0)
        return sw_ctx_rollback(cx), -1;
    ret->again = now;
    return sw_ctx_commit(cx, err);
}

static int download(SwCtx *cx, SwStr uuid, CodebuildBuildRecord *r, SwStep *ret, SwError *err) {
    CodebuildSpec spec;
    SwStr version = SW_NO_STR;
    if (!codebuild_launched(cx, r)) { /* else a crash came between the start and the record of it */
        if (codebuild_download(cx, r, &spec, &version, err) < 0)
            return failed(cx, uuid, ret, err);
        r->build->resolved_source_version = version;
        if (codebuild_launch(cx, r, &spec, err) < 0)
            return failed(cx, uuid, ret, err);
    }
    SW_CRASH_POINT("codebuild.container_started_not_committed");
    if (codebuild_begin(cx, uuid, &r, err) < 0)
        return -1;
    if (version.n)
        r->build->resolved_source_version = version;
    r->state = CODEBUILD_RUNNING;
    if (codebuild_phase_end(cx, r, CODEBUILD_STATUS_TYPE_SUCCEEDED, SW_NO_STR, SW_NO_STR, sw_now(cx), err) < 0 ||
        say_end(cx, r, "DOWNLOAD_SOURCE", CODEBUILD_STATUS_TYPE_SUCCEEDED, SW_STR(""), SW_STR(""), err) < 0 ||
        codebuild_build_put(cx, uuid, r, err) < 0 || sw_wake(cx, &codebuild_log_controller, uuid, 0, err) < 0)
        return sw_ctx_rollback(cx), -1;
    ret->again = sw_now(cx);
    return sw_ctx_commit(cx, err);
}

static bool stage_known(SwStr phase) {
    for (size_t i = 0; i < _CODEBUILD_STAGES; i++)
        if (sw_str_eqz(phase, codebuild_stage_name[i]))
            return true;
    return false;
}

static SwStr failure_of(SwCtx *cx, const CodebuildBuildRecord *r, const CodebuildMarker *m, size_t n, SwStr phase) {
    SwStr text;
    for (size_t i = 0; i < n; i++) {
        if (m[i].kind != CODEBUILD_MARK_FAIL || !sw_str_eq(m[i].phase, phase))
            continue;
        if (sw_str_contains(m[i].file, SW_STR(".r")))
            return SW_STR(CODEBUILD_NO_RUNTIME);
        if (codebuild_read_told(cx, r, sw_strf(cx->arena, "readonly/%.*s", SW_FMT(m[i].file)).p, CODEBUILD_SPEC_BYTES, &text))
            return sw_strf(cx->arena, "Error while executing command: %.*s. Reason: exit status %lld", SW_FMT(text),
                           (long long)m[i].status);
    }
    return SW_STR("Error while executing commands");
}

static int apply(SwCtx *cx, CodebuildBuildRecord *r, const CodebuildMarker *v, size_t n, size_t i, SwError *err) {
    const CodebuildMarker *m = &v[i];
    SwTime at = codebuild_clock_of(cx, m->at);
    bool known = stage_known(m->phase);
    if (m->kind == CODEBUILD_MARK_START && known)
        codebuild_phase_start(cx, r, m->phase, at);
    if (m->kind != CODEBUILD_MARK_END || !known || !sw_str_eq(r->build->current_phase, m->phase))
        return 0;
    if (m->good)
        return codebuild_phase_end(cx, r, CODEBUILD_STATUS_TYPE_SUCCEEDED, SW_NO_STR, SW_NO_STR, at, err);
    return codebuild_phase_end(cx, r, CODEBUILD_STATUS_TYPE_FAILED, SW_STR("COMMAND_EXECUTION_ERROR"),
                               failure_of(cx, r, v, n, m->phase), at, err);
}

/* The driver said that it is over, or its container ended without. */
static int over(SwCtx *cx, SwStr uuid, CodebuildBuildRecord *r, const CodebuildMarker *last, const SwContainerInfo *info,
                SwError *err) {
    SwTime now = sw_now(cx);
    if (last->kind == CODEBUILD_MARK_DOCKER || last->kind != CODEBUILD_MARK_OVER) {
        if (r->build->phases.v[r->build->phases.n - 1].end_time.set)
            codebuild_phase_start(cx, r, SW_STR("INSTALL"), now);
        SwStr why =
            last->kind == CODEBUILD_MARK_DOCKER
                ? SW_STR("The Docker daemon did not start: see the log")
                : sw_strf(
                      cx->arena,
                      "Build container found dead before completing the build. "
                      "Build container died because it was out of memory, or the Docker image is not supported. ErrorCode: %d",
                      info->exit_code);
        return to_finalizing(cx, uuid, r, CODEBUILD_STATUS_TYPE_FAILED, SW_STR("CLIENT_ERROR"), why, err);
    }
    if (!sw_str_eqz(last->phase, "skip")) {
        codebuild_phase_start(cx, r, SW_STR("UPLOAD_ARTIFACTS"), now);
        if (last->good) {
            r->state = CODEBUILD_UPLOAD;
            return codebuild_build_put(cx, uuid, r, err) < 0 ? -1 : sw_ctx_commit(cx, err);
        }
        if (codebuild_phase_end(cx, r, CODEBUILD_STATUS_TYPE_SUCCEEDED, SW_NO_STR, SW_NO_STR, now, err) < 0)
            return -1;
    }
    return to_finalizing(cx, uuid, r, outcome_of(r), SW_NO_STR, SW_NO_STR, err);
}

static int running(SwCtx *cx, SwStr uuid, CodebuildBuildRecord *r, SwStep *ret, SwError *err) {
    SwContainerInfo info = {0};
    CodebuildMarker v[MARKERS_MAX];
    /* in this order: what it told before its end is there when its end is seen */
    bool there = sw_container_find(cx->host->runtime, cx->arena, codebuild_container_id(cx->arena, r), &info);
    bool dead = !there || info.state == SW_CONTAINER_EXITED;
    size_t n = read_markers(cx, r, v), seen = (size_t)SW_OR(r->markers_seen, 0);
    bool ended = n && (v[n - 1].kind == CODEBUILD_MARK_OVER || v[n - 1].kind == CODEBUILD_MARK_DOCKER);
    *ret = (SwStep){.again = r->deadline.v, .waiting = true};
    if (n <= seen && !dead)
        return 0;
    if (codebuild_begin(cx, uuid, &r, err) < 0)
        return -1;
    for (size_t i = seen; i < n; i++)
        if (apply(cx, r, v, n, i, err) < 0)
            return sw_ctx_rollback(cx), -1;
    r->markers_seen = SW_SOME_INT((int64_t)n);
    if (ended || dead) {
        CodebuildMarker none = {.kind = CODEBUILD_MARK_START};
        *ret = (SwStep){.again = sw_now(cx)};
        if (over(cx, uuid, r, ended ? &v[n - 1] : &none, &info, err) < 0)
            return sw_ctx_rollback(cx), -1;
        return 0;
    }
    if (codebuild_build_put(cx, uuid, r, err) < 0)
        return sw_ctx_rollback(cx), -1;
    return sw_ctx_commit(cx, err);
}

static int stored_spec(SwCtx *cx, const CodebuildBuildRecord *r, CodebuildSpec *ret, SwError *err) {
    SwStr text;
    if (!codebuild_read_told(cx, r, "buildspec", CODEBUILD_SPEC_BYTES, &text))
        return sw_fail(err, &CODEBUILD_YAML_FILE_ERROR, "The buildspec is gone");
    return codebuild_spec_parse(cx->arena, text, ret, err);
}

static int upload(SwCtx *cx, SwStr uuid, CodebuildBuildRecord *r, SwStep *ret, SwError *err) {
    CodebuildSpec spec = {0};
    SwStr code = SW_STR(""), message = SW_STR(""), status = CODEBUILD_STATUS_TYPE_SUCCEEDED;
    CodebuildBuildRecord *stored;
    if (codebuild_log_drain_commands(cx, r, err) < 0)
        return -1;
    if (stored_spec(cx, r, &spec, err) < 0 || codebuild_upload(cx, r, &spec, err) < 0) {
        if (sw_error_is(err, &SW_INTERNAL_FAILURE))
            return -1;
        code = sw_error_is(err, &SW_ACCESS_DENIED) ? SW_STR("ACCESS_DENIED") : SW_STR("CLIENT_ERROR");
        message = sw_str_dup(cx->arena, sw_str(err->message));
        status = CODEBUILD_STATUS_TYPE_FAILED;
        sw_error_reset(err);
    }
    SW_CRASH_POINT("codebuild.uploaded_not_committed");
    if (codebuild_begin(cx, uuid, &stored, err) < 0)
        return -1;
    stored->build->artifacts = r->build->artifacts;
    stored->build->secondary_artifacts = r->build->secondary_artifacts;
    ret->again = sw_now(cx);
    SwStr base = sw_str_or(spec.artifacts.base, SW_STR("."));
    SwStr lines[] = {sw_strf(cx->arena, "Expanding base directory path: %.*s", SW_FMT(base)), SW_STR("Assembling file list")};
    if (codebuild_log_say(cx, stored, lines, 2, err) < 0 ||
        say_end(cx, stored, "UPLOAD_ARTIFACTS", status, code, message, err) < 0 ||
        codebuild_phase_end(cx, stored, status, code, message, sw_now(cx), err) < 0 ||
        to_finalizing(cx, uuid, stored, outcome_of(stored), SW_NO_STR, SW_NO_STR, err) < 0)
        return sw_ctx_rollback(cx), -1;
    return 0;
}

static void read_exports(SwCtx *cx, CodebuildBuildRecord *r) {
    CodebuildSpec spec;
    SwError ignored = sw_error(cx->arena);
    SwStr value;
    if (stored_spec(cx, r, &spec, &ignored) < 0)
        return;
    r->build->exported_environment_variables = (CodebuildExportedEnvironmentVariableList){0};
    for (size_t i = 0; i < spec.exported.n; i++) {
        bool got = codebuild_read_told(cx, r, sw_strf(cx->arena, "control/export.%zu", i).p, EXPORT_BYTES, &value);
        *sw_list_add(cx->arena, &r->build->exported_environment_variables) =
            (CodebuildExportedEnvironmentVariable){.name = spec.exported.v[i],
                                                   .value = got && sw_str_is_utf8(value) ? value : SW_STR("")};
    }
}

/* The longest waiting build takes the place: of whatever account and region. */
static int wake_next(SwCtx *cx, SwError *err) {
    CodebuildBuildRecords l;
    SwStr account = cx->account, region = cx->region;
    SwDocQuery q = {.index = "by_active", .equals = {CODEBUILD_QUEUED}, .any_scope = true};
    const CodebuildBuildRecordRow *first = NULL;
    int r = 0;
    if (codebuild_builds_list(cx->tx, &q, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++)
        if (!first || l.v[i].record->order.v < first->record->order.v)
            first = &l.v[i];
    if (first) {
        cx->account = first->account;
        cx->region = first->region;
        sw_tx_scope(cx->tx, cx->account, cx->region);
        r = sw_wake(cx, &codebuild_build_controller, first->id, 0, err);
        cx->account = account;
        cx->region = region;
        sw_tx_scope(cx->tx, account, region);
    }
    return r;
}

static int complete(SwCtx *cx, SwStr uuid, CodebuildBuildRecord *r, SwError *err) {
    SwTime now = sw_now(cx);
    read_exports(cx, r);
    r->state = CODEBUILD_COMPLETED;
    r->active = SW_NO_STR;
    if (codebuild_phase_end(cx, r, CODEBUILD_STATUS_TYPE_SUCCEEDED, SW_NO_STR, SW_NO_STR, now, err) < 0)
        return -1;
    codebuild_phase_start(cx, r, SW_STR("COMPLETED"), now);
    r->build->end_time = SW_SOME_TIME(now);
    r->build->build_complete = SW_SOME_BOOL(true);
    r->build->build_status = r->outcome;
    codebuild_count_ended(cx, r);
    if (codebuild_environment_keep(cx, r, err) < 0)
        return -1;
    return codebuild_state_event(cx, r, err) < 0 || codebuild_build_put(cx, uuid, r, err) < 0 ? -1 : wake_next(cx, err);
}

static int finalize(SwCtx *cx, SwStr uuid, CodebuildBuildRecord *r, SwStep *ret, SwError *err) {
    SwRuntime *rt = cx->host->runtime;
    SwStr id = codebuild_container_id(cx->arena, r);
    SwContainerInfo info;
    if (sw_container_find(rt, cx->arena, id, &info) && info.state == SW_CONTAINER_RUNNING) {
        if (sw_container_signal(rt, id, SIGKILL, err) < 0 && !sw_error_is(err, &SW_CONTAINER_NOT_RUNNING))
            return -1;
        sw_error_reset(err);
        (void)sw_container_wait(rt, cx->arena, id, KILL_MS, &info);
    }
    if (codebuild_log_drain(cx, r, true, err) < 0) { /* the role may be gone: the build ends all the same */
        if (sw_error_is(err, &SW_INTERNAL_FAILURE))
            return -1;
        sw_error_reset(err);
    }
    SW_CRASH_POINT("codebuild.drained");
    if (sw_container_delete(rt, id, err) < 0 || sw_net_delete(rt, id, err) < 0)
        return -1;
    SW_CRASH_POINT("codebuild.removed_not_committed");
    if (codebuild_begin(cx, uuid, &r, err) < 0)
        return -1;
    if (complete(cx, uuid, r, err) < 0)
        return sw_ctx_rollback(cx), -1;
    if (sw_ctx_commit(cx, err) < 0)
        return -1;
    return codebuild_remove(cx, r, err);
}

static int step(SwCtx *cx, SwStr uuid, SwStep *ret, SwError *err) {
    CodebuildBuildRecord *r;
    if (codebuild_load(cx, uuid, &r, err) < 0)
        return -1;
    if (!r) /* an environment that no build has yet */
        return codebuild_environment_wake(cx, uuid, err);
    if (sw_str_eq(r->state, CODEBUILD_COMPLETED))
        return codebuild_remove(cx, r, err);
    if (sw_str_eq(r->state, CODEBUILD_FINALIZING))
        return finalize(cx, uuid, r, ret, err);
    bool queued = sw_str_eq(r->state, CODEBUILD_QUEUED);
    if (SW_OR(r->stop, false))
        return finish(cx, uuid, CODEBUILD_STATUS_TYPE_STOPPED, SW_NO_STR, SW_NO_STR, ret, err);
    if (sw_now(cx) >= (queued ? r->queue_deadline.v : r->deadline.v))
        return finish(cx, uuid, CODEBUILD_STATUS_TYPE_TIMED_OUT, SW_STR("BUILD_TIMED_OUT"), SW_STR("Build has timed out. "),
                      ret, err);
    if (queued)
        return admit(cx, uuid, ret, err);
    if (sw_str_eq(r->state, CODEBUILD_PROVISIONING))
        return provision(cx, uuid, r, ret, err);
    if (sw_str_eq(r->state, CODEBUILD_DOWNLOAD))
        return download(cx, uuid, r, ret, err);
    return sw_str_eq(r->state, CODEBUILD_RUNNING) ? running(cx, uuid, r, ret, err) : upload(cx, uuid, r, ret, err);
}

/* The build ends as failed by us; one that is ending already is tried again. */
static int give_up(SwCtx *cx, SwStr uuid, const char *why, SwError *err) {
    CodebuildBuildRecord *r;
    if (codebuild_begin(cx, uuid, &r, err) < 0)
        return -1;
    if (sw_str_eq(r->state, CODEBUILD_COMPLETED) || sw_str_eq(r->state, CODEBUILD_FINALIZING))
        return sw_fail(err, &SW_INTERNAL_FAILURE, "a build that cannot be ended");
    if (to_finalizing(cx, uuid, r, CODEBUILD_STATUS_TYPE_FAULT, SW_STR("INTERNAL_SERVICE_ERROR"), sw_str(why), err) < 0)
        return -1;
    return sw_engine_wake(cx->host->engine, &codebuild_build_controller, cx->account, cx->region, uuid, err);
}

const SwController codebuild_build_controller = {.name = "codebuild/build",
                                                 .kind = SW_STEP_SLOW,
                                                 .step = step,
                                                 .failed = give_up};
