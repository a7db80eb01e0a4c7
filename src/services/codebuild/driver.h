/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The script that a build's container runs, made from a buildspec. Pure: gives files' texts.
 *
 * One shell runs all phases, so that folders, variables and functions of one command are there for the next. A command
 * that ends the shell (exit, set -e, a syntax error) does not end the build: the driver starts another shell behind that
 * command, with the variables and the folder that the old one left.
 *
 * /codebuild/readonly  driver (of a kept environment: prepare, go), lib, steps, a file a command (BUILD.0; f: finally; r:
 * runtime), and a file an artifact's name (name.0: the primary's, name.1: the first of the secondary ones) /codebuild/control
 * what the driver tells: `events`, one line a marker, written before the log line that wakes us
 *
 *     start PHASE SECONDS
 *     fail PHASE FILE STATUS SECONDS     exit status of the first command that failed
 *     end PHASE SUCCEEDED|FAILED SECONDS
 *     docker failed SECONDS              dockerd did not start
 *     over upload|done|skip SECONDS      with upload the container stays until its files were taken; skip: a failure
 *                                        ended the build before artifacts
 *
 *                      export.N: the N-th exported variable; name.N: what the shell made of an artifact's name */

#include "services/codebuild/buildspec.h"

/* What the log says where a runtime is missing. */
#define CODEBUILD_NO_RUNTIME "A runtime of runtime-versions is not installed in this environment: see the log"
/* The last line of a build that has artifacts: it wakes us, and tells that all lines before it are there. No log shows it. */
#define CODEBUILD_LAST_LINE "slipway: the commands are over"

typedef struct CodebuildFile {
    SwStr name, text;
} CodebuildFile;
typedef struct CodebuildFileList {
    CodebuildFile *v;
    size_t n;
} CodebuildFileList;

/* What the container of an environment that is kept for a build to come runs: all that needs no build, then it waits. The
 * file `ready` of /codebuild/control and the line tell that it does; a byte in the pipe `go` makes it run the script `go` of
 * /codebuild/readonly, which becomes the driver, in the environment and folder that the container of a build would have
 * begun with. It ends by itself where the image has no env(1) or dockerd does not start. */
#define CODEBUILD_READY_LINE "slipway: the environment is ready"
SwStr codebuild_prepare_script(SwArena *a, bool dockerd);
SwStr codebuild_go_script(SwArena *a, const SwStrList *env, SwStr folder);
/* Whether dockerd itself would do something else with these variables: then it must be started with them. */
bool codebuild_dockerd_reads(const SwStrList *env);

/* dockerd: start it first. */
void codebuild_driver(SwArena *a, const CodebuildSpec *s, SwStr source_dir, bool dockerd, bool upload, CodebuildFileList *ret);
/* Program that a runtime of runtime-versions stands for; NULL: unknown. */
const char *codebuild_runtime_program(SwStr runtime);

typedef enum CodebuildMarkerKind {
    CODEBUILD_MARK_START,
    CODEBUILD_MARK_FAIL,
    CODEBUILD_MARK_END,
    CODEBUILD_MARK_DOCKER,
    CODEBUILD_MARK_OVER
} CodebuildMarkerKind;
typedef struct CodebuildMarker {
    CodebuildMarkerKind kind;
    SwStr phase, file; /* file: name in /codebuild/readonly, checked to be one */
    int64_t status;    /* exit status */
    bool good;         /* END: succeeded; OVER: upload */
    SwTime at;         /* of the system's clock; 0: not told */
} CodebuildMarker;
/* The next whole line; false when there is none. Lines that are no marker (a build may write anything) are skipped. */
bool codebuild_marker_next(SwStr *rest, CodebuildMarker *ret);
