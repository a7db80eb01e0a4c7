/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Build specification, version 0.2 (CodeBuild User Guide, "Build specification reference"), read from YAML with bounds
 * on size, depth and what aliases may amount to. Pure: knows nothing of builds. */

#include "base/error.h"
#include "shape/shape.h"

#define CODEBUILD_SPEC_BYTES (256 * SW_KIB)
#define CODEBUILD_SPEC_DEPTH 32
#define CODEBUILD_SPEC_NODES 20000 /* aliases counted as often as they are used */

/* Every fault of a specification: its message is what the phase's context shows. */
extern const SwErrorKind CODEBUILD_YAML_FILE_ERROR;

typedef enum CodebuildStage {
    CODEBUILD_INSTALL,
    CODEBUILD_PRE_BUILD,
    CODEBUILD_BUILD,
    CODEBUILD_POST_BUILD,
    _CODEBUILD_STAGES
} CodebuildStage;
extern const char *const codebuild_stage_name[_CODEBUILD_STAGES]; /* "INSTALL" */

typedef struct CodebuildStageSpec {
    SwStrList commands, finally;
    bool abort, go_on; /* on-failure: ABORT, CONTINUE; neither: the default way through the phases */
    SwStrMap runtimes;
} CodebuildStageSpec;

typedef struct CodebuildArtifactSpec {
    SwStr id; /* of secondary artifacts */
    SwStrList files, exclude;
    SwStr name, base;
    bool discard_paths, symlinks;
} CodebuildArtifactSpec;

typedef struct CodebuildSpec {
    SwStr shell;                    /* "sh" or "bash", or with /bin/ */
    bool git_helper;                /* git asks the AWS CLI for CodeCommit passwords */
    SwStrMap variables, parameters; /* parameters: variable to name in the parameter store */
    SwStrMap secrets;               /* variable to reference of a secret */
    SwStrList exported;
    CodebuildStageSpec stage[_CODEBUILD_STAGES];
    bool has_artifacts;
    CodebuildArtifactSpec artifacts;
    struct {
        CodebuildArtifactSpec *v;
        size_t n;
    } secondary;
} CodebuildSpec;

/* YAML's events to a tree; every scalar is a string but null. */
int codebuild_yaml(SwArena *a, SwStr text, SwValue *ret, SwError *err) sw_must_check;
int codebuild_spec_parse(SwArena *a, SwStr text, CodebuildSpec *ret, SwError *err) sw_must_check;
/* Whether a variable's name can be one in a shell. */
bool codebuild_variable_ok(SwStr name);
/* Artifacts' patterns: a star matches within one folder, two stars any number of folders. */
bool codebuild_glob(SwStr pattern, SwStr path);
