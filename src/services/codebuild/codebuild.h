/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* CodeBuild: documents and what its files share.
 *
 *   codebuild/project  id NAME    the project as the API shows it
 *   codebuild/build    id UUID    a build: the API's document, and how far the controller is (see build_controller.c)
 *   codebuild/log      id UUID    how much of the container's output is in CloudWatch Logs
 *   codebuild/environment  id UUID    what is kept ready for the build that will have this UUID (see environment.c)
 *
 * A build's folder is <data>/codebuild/UUID: readonly and control (see driver.h), output (mounted at /codebuild/output).
 * Its container and network are named cb.ACCOUNT.REGION.UUID-WITHOUT-DASHES, so that an event or a caller at
 * 169.254.170.2 tells whose it is. */

#include "api/host.h"
#include "base/file.h"
#include "container/container.h"
#include "models/codebuild_resources.gen.h"
#include "services/codebuild/driver.h"

extern const SwController codebuild_build_controller, codebuild_log_controller, codebuild_environment_controller;
extern const SwActionType codebuild_actions[2];

#define CODEBUILD_AT_ONCE 4 /* builds that run; the others wait in the queue */

/* Values of BuildRecord.state. */
#define CODEBUILD_QUEUED       SW_STR("QUEUED")
#define CODEBUILD_PROVISIONING SW_STR("PROVISIONING")
#define CODEBUILD_DOWNLOAD     SW_STR("DOWNLOAD")
#define CODEBUILD_RUNNING      SW_STR("RUNNING")
#define CODEBUILD_UPLOAD       SW_STR("UPLOAD")
#define CODEBUILD_FINALIZING   SW_STR("FINALIZING")
#define CODEBUILD_COMPLETED    SW_STR("COMPLETED")

/* ---- check.c: what is accepted ---- */

/* The parts of a project and of overrides; absent parts pass. */
typedef struct CodebuildParts {
    const CodebuildProjectSource *source;
    const CodebuildProjectSourceList *sources;
    const CodebuildProjectArtifacts *artifacts;
    const CodebuildProjectArtifactsList *more_artifacts;
    const CodebuildProjectEnvironment *environment;
    const CodebuildProjectCache *cache;
    const CodebuildLogsConfig *logs;
    SwStr encryption_key;
} CodebuildParts;
int codebuild_check(SwCtx *cx, const CodebuildParts *p, SwError *err) sw_must_check;
SwStr codebuild_default_key(SwCtx *cx);
/* A privileged build has the host's devices and may load modules and mount: where the server is strict, the
 * caller needs a right of its own for it (docs/security.md). */
int codebuild_host_access_check(SwCtx *cx, const CodebuildProject *p, SwError *err) sw_must_check;
/* "bucket/some/key": false where it is none. */
bool codebuild_s3_location(SwStr location, SwStr *ret_bucket, SwStr *ret_key);
SwStr codebuild_object_arn(SwCtx *cx, SwStr bucket, SwStr key);

/* ---- badge.c, credentials.c ---- */

#define CODEBUILD_BADGES "/_slipway/badges"
/* The project's badge, on, off or (absent) as it was; its address. */
int codebuild_badge_set(SwCtx *cx, CodebuildProjectRecord *r, SwOptBool enabled, SwError *err) sw_must_check;
void codebuild_badge(SwCtx *cx); /* the two are routes */
void codebuild_credentials(SwCtx *cx);

/* ---- start.c ---- */

/* The inputs' and outputs' objects of a pipeline's action take the place of source and artifacts; NULL: none. */
int codebuild_start(SwCtx *cx, const CodebuildStartBuildInput *in, const CodebuildPipelineWork *pipeline, SwStr initiator,
                    CodebuildBuildRecord **ret, SwError *err) sw_must_check;
SwStr codebuild_uuid(SwStr build_id);

/* ---- state.c: the only writers of a build's phases ---- */

/* Begins a write transaction in cx and loads the build. */
int codebuild_begin(SwCtx *cx, SwStr uuid, CodebuildBuildRecord **ret, SwError *err) sw_must_check;
int codebuild_load(SwCtx *cx, SwStr uuid, CodebuildBuildRecord **ret, SwError *err) sw_must_check; /* a snapshot of its own */
void codebuild_phase_start(SwCtx *cx, CodebuildBuildRecord *r, SwStr phase, SwTime at);
/* Ends the current phase, if one is open, and tells EventBridge. */
int codebuild_phase_end(SwCtx *cx, CodebuildBuildRecord *r, SwStr status, SwStr code, SwStr message, SwTime at,
                        SwError *err) sw_must_check;
int codebuild_state_event(SwCtx *cx, const CodebuildBuildRecord *r, SwError *err) sw_must_check;
SwTime codebuild_clock_of(SwCtx *cx, SwTime system_time); /* the clock's time for one of the system's */

/* ---- metric.c: AWS/CodeBuild ---- */

void codebuild_count_started(SwCtx *cx, const CodebuildBuildRecord *r);
void codebuild_count_phase(SwCtx *cx, const CodebuildBuildRecord *r, const CodebuildBuildPhase *p); /* that has ended */
void codebuild_count_ended(SwCtx *cx, const CodebuildBuildRecord *r);

/* ---- run.c: the container ---- */

/* What a container is made for: a build, or one to come. */
typedef struct CodebuildPlace {
    SwStr account, region, uuid, compute_type;
    bool privileged;
    const SwImage *image; /* NULL: the host's environment */
} CodebuildPlace;
SwStr codebuild_place_id(SwArena *a, SwStr account, SwStr region, SwStr uuid); /* its container's and its network's */
/* The folder's parts, which are made, are mounted; `script` of the folder readonly is what runs. */
int codebuild_place_spec(SwCtx *cx, const CodebuildPlace *p, const char *script, SwContainerSpec *ret,
                         SwError *err) sw_must_check;
int codebuild_pipe(const char *path, SwError *err) sw_must_check;                        /* there already: success */
int codebuild_place_remove(SwCtx *cx, SwStr id, SwStr uuid, SwError *err) sw_must_check; /* container, network, folder */
SwStr codebuild_container_id(SwArena *a, const CodebuildBuildRecord *r);
bool codebuild_container_owner(SwArena *a, SwStr id, SwStr *ret_account, SwStr *ret_region, SwStr *ret_uuid);
/* A file of the build's folder that the build may have written itself: false unless it is a plain one. */
bool codebuild_read_told(SwCtx *cx, const CodebuildBuildRecord *r, const char *part, size_t max, SwStr *ret);
const char *codebuild_folder(const SwHost *h, SwArena *a, SwStr uuid, const char *part); /* part NULL: the folder */
SwStr codebuild_source_dir(SwArena *a, const CodebuildBuildRecord *r,
                           SwStr identifier); /* inside the container; "" the primary's */
const char *codebuild_source_folder(SwCtx *cx, const CodebuildBuildRecord *r, SwStr identifier); /* the same on the host */
int codebuild_as_role(SwCtx *cx, const CodebuildBuildRecord *r, SwCtx **ret, SwError *err) sw_must_check;
int codebuild_provision(SwCtx *cx, CodebuildBuildRecord *r, SwError *err) sw_must_check; /* network, image */
int codebuild_launch(SwCtx *cx, CodebuildBuildRecord *r, const CodebuildSpec *s, SwError *err) sw_must_check;
/* Whether the build's commands were let run, before a crash kept that from being recorded. */
bool codebuild_launched(SwCtx *cx, const CodebuildBuildRecord *r);
int codebuild_remove(SwCtx *cx, const CodebuildBuildRecord *r, SwError *err) sw_must_check; /* container, network, folder */

/* ---- image.c ---- */

bool codebuild_on_host(SwCtx *cx, SwStr image);
/* Pulled under the role, its layers unpacked. *ret NULL: the host's environment. */
int codebuild_image(SwCtx *cx, SwStr name, SwStr role_arn, SwImage **ret, SwError *err) sw_must_check;

/* ---- environment.c: one is kept ready for the next build of its kind ---- */

/* In cx->tx, for a build that is being made: the UUID of an environment that is ready for it, which is the build's from now
 * on, or a new one. */
int codebuild_environment_take(SwCtx *cx, const CodebuildProjectEnvironment *e, CodebuildBuildRecord *r, SwStr *ret_uuid,
                               SwError *err) sw_must_check;
/* In cx->tx, with the end of a build: another of its kind is made ready. */
int codebuild_environment_keep(SwCtx *cx, const CodebuildBuildRecord *r, SwError *err) sw_must_check;
int codebuild_environment_wake(SwCtx *cx, SwStr uuid, SwError *err) sw_must_check; /* if there is one */
int codebuild_environment_resume(SwCtx *cx, SwError *err) sw_must_check;           /* in cx->tx, of any scope, at a start */

/* ---- source.c, artifact.c ---- */

/* Fetches all sources into the build's folder and reads the buildspec. ret_version: what was resolved; may stay absent. */
int codebuild_download(SwCtx *cx, CodebuildBuildRecord *r, CodebuildSpec *ret, SwStr *ret_version, SwError *err) sw_must_check;
SwStr codebuild_source_version(const CodebuildBuild *b, SwStr identifier); /* asked for a secondary source; may be absent */
bool codebuild_wants_artifacts(const CodebuildBuildRecord *r);
int codebuild_upload(SwCtx *cx, CodebuildBuildRecord *r, const CodebuildSpec *s, SwError *err) sw_must_check;
/* unzip.c: a ZIP archive into a folder; nothing is written outside of it. */
int codebuild_unzip(SwArena *a, SwStream *zip, const char *folder, SwError *err) sw_must_check;

/* ---- build_controller.c ---- */

/* Whether the build's container told something that the record does not know yet. */
bool codebuild_new_markers(SwCtx *cx, const CodebuildBuildRecord *r);

/* ---- log.c ---- */

int codebuild_log_open(SwCtx *cx, CodebuildBuildRecord *r, SwError *err) sw_must_check; /* group and stream */
/* Moves what the container has written into the stream; each line once. all: the container writes no more. */
int codebuild_log_drain(SwCtx *cx, const CodebuildBuildRecord *r, bool all, SwError *err) sw_must_check;
/* All lines of the build's commands, the last included: what is said afterwards stands behind them. */
int codebuild_log_drain_commands(SwCtx *cx, const CodebuildBuildRecord *r, SwError *err) sw_must_check;
/* Lines of our own, in cx->tx, with the record that causes them. */
int codebuild_log_say(SwCtx *cx, const CodebuildBuildRecord *r, const SwStr *lines, size_t n, SwError *err) sw_must_check;

/* target.c: SwTarget.deliver. */
int codebuild_deliver(SwCtx *cx, SwStr arn, SwStr payload, const SwValue *parameters, SwError *err);
