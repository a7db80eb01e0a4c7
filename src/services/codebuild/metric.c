/* SPDX-License-Identifier: Apache-2.0 */
/* AWS/CodeBuild (CodeBuild User Guide, "CodeBuild CloudWatch metrics"): of each project, and of the account. */

#include "api/meter.h"
#include "services/codebuild/codebuild.h"

#define SPACE "AWS/CodeBuild"

static void count(SwCtx *cx, const CodebuildBuildRecord *r, const SwMetric *m, double value) {
    sw_meter(cx, m, value, NULL, 0);
    sw_meter(cx, m, value, &(SwDimension){"ProjectName", r->build->project_name}, 1);
}

void codebuild_count_started(SwCtx *cx, const CodebuildBuildRecord *r) {
    static const SwMetric builds = {SPACE, "Builds", "Count"};
    count(cx, r, &builds, 1);
}

/* FailedBuilds are those that failed by the client's doing or for their time: neither ours nor stopped ones. */
void codebuild_count_ended(SwCtx *cx, const CodebuildBuildRecord *r) {
    static const SwMetric succeeded = {SPACE, "SucceededBuilds", "Count"}, failed = {SPACE, "FailedBuilds", "Count"},
                          duration = {SPACE, "Duration", "Seconds"};
    const CodebuildBuild *b = r->build;
    if (sw_str_eq(b->build_status, CODEBUILD_STATUS_TYPE_SUCCEEDED))
        count(cx, r, &succeeded, 1);
    else if (sw_str_eq(b->build_status, CODEBUILD_STATUS_TYPE_FAILED) ||
             sw_str_eq(b->build_status, CODEBUILD_STATUS_TYPE_TIMED_OUT))
        count(cx, r, &failed, 1);
    count(cx, r, &duration, (double)((b->end_time.v - b->start_time.v) / SW_S));
}

void codebuild_count_phase(SwCtx *cx, const CodebuildBuildRecord *r, const CodebuildBuildPhase *p) {
    static const struct {
        const char *phase;
        SwMetric metric;
    } durations[] = {
        {"SUBMITTED", {SPACE, "SubmittedDuration", "Seconds"}},
        {"QUEUED", {SPACE, "QueuedDuration", "Seconds"}},
        {"PROVISIONING", {SPACE, "ProvisioningDuration", "Seconds"}},
        {"DOWNLOAD_SOURCE", {SPACE, "DownloadSourceDuration", "Seconds"}},
        {"INSTALL", {SPACE, "InstallDuration", "Seconds"}},
        {"PRE_BUILD", {SPACE, "PreBuildDuration", "Seconds"}},
        {"BUILD", {SPACE, "BuildDuration", "Seconds"}},
        {"POST_BUILD", {SPACE, "PostBuildDuration", "Seconds"}},
        {"UPLOAD_ARTIFACTS", {SPACE, "UploadArtifactsDuration", "Seconds"}},
        {"FINALIZING", {SPACE, "FinalizingDuration", "Seconds"}},
    };
    for (size_t i = 0; i < SW_N(durations); i++)
        if (sw_str_eqz(p->phase_type, durations[i].phase))
            count(cx, r, &durations[i].metric, (double)p->duration_in_seconds.v);
}
