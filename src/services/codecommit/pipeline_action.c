/* SPDX-License-Identifier: Apache-2.0 */
/* CodePipeline's source action: a branch's commit as a zip in the artifact bucket. One step; equal
 * commits give equal bytes, so that a step repeated after a crash writes the same object again. */

#include <errno.h>
#include <fcntl.h>

#include "models/s3.gen.h"
#include "services/codecommit/codecommit.h"

#define CHUNK (256 * SW_KIB)

static const SwErrorKind ACTION_FAILED = {.code = "ConfigurationError", .http = 400};
static const SwErrorKind NOT_PERMITTED = {.code = "PermissionError", .http = 400};

static int check_configuration(const SwAction *a, SwError *err) {
    SwStr format = sw_str_map_find(&a->configuration, SW_STR("OutputArtifactFormat"));
    SwStr poll = sw_str_map_find(&a->configuration, SW_STR("PollForSourceChanges"));
    if (sw_str_is(format) && !sw_str_eqz(format, "CODE_ZIP"))
        return sw_refuse_field(err, &ACTION_FAILED, "OutputArtifactFormat", "only CODE_ZIP is supported");
    if (sw_str_is(poll) && !sw_str_eqz(poll, "true") && !sw_str_eqz(poll, "false"))
        return sw_refuse_field(err, &ACTION_FAILED, "PollForSourceChanges", "must be true or false");
    return 0;
}

/* AWS's words for what a pipeline's owner has to mend; errors of ours stay as they are. */
static int explain(SwStr repository, SwStr branch, SwError *err) {
    SwStr why = sw_str(err->message);
    if (sw_str_starts(sw_str(err->kind->code), SW_STR("AccessDenied")))
        return sw_fail(err, &NOT_PERMITTED,
                       "The service role or action role doesn't have the permissions required to "
                       "access the AWS CodeCommit repository named %.*s. Update the IAM role "
                       "permissions, and then try again. Error: %.*s",
                       SW_FMT(repository), SW_FMT(why));
    if (sw_error_is(err, &CODECOMMIT_BRANCH_DOES_NOT_EXIST_EXCEPTION))
        return sw_fail(err, &ACTION_FAILED,
                       "The action failed because no branch named %.*s was found in the selected "
                       "AWS CodeCommit repository %.*s. Make sure you are using the correct branch "
                       "name, and then try again. Error: %.*s",
                       SW_FMT(branch), SW_FMT(repository), SW_FMT(why));
    if (err->kind->http < 500)
        return sw_fail(err, &ACTION_FAILED,
                       "The action failed because the AWS CodeCommit repository %.*s could not be "
                       "read. Error: %.*s",
                       SW_FMT(repository), SW_FMT(why));
    return -1;
}

/* The same for the artifact's bucket. */
static int explain_bucket(SwStr bucket, SwError *err) {
    SwStr why = sw_str(err->message), code = sw_str(err->kind->code);
    bool denied = sw_str_starts(code, SW_STR("AccessDenied"));
    if (err->kind->http >= 500)
        return -1;
    return sw_fail(err, denied ? &NOT_PERMITTED : &ACTION_FAILED,
                   "The service role or action role doesn't have the permissions required to "
                   "access the Amazon S3 bucket named %.*s. Update the IAM role permissions, and "
                   "then try again. Error: Amazon S3:%.*s:%.*s",
                   SW_FMT(bucket), SW_FMT(code), SW_FMT(why));
}

/* The execution's own revision, else the branch's tip. Both reads are authorised for the action's
 * role. */
static int find_commit(SwCtx *as, const SwAction *a, SwStr repository, SwStr branch, const CodecommitCommit **ret,
                       SwError *err) {
    CodecommitGetBranchOutput *tip;
    CodecommitGetCommitOutput *commit;
    SwStr id = a->revision;
    if (!sw_str_is(id)) {
        if (codecommit_call_get_branch(as, &(CodecommitGetBranchInput){.repository_name = repository, .branch_name = branch},
                                       &tip, err) < 0)
            return -1;
        id = tip->branch->commit_id;
    }
    if (codecommit_call_get_commit(as, &(CodecommitGetCommitInput){.repository_name = repository, .commit_id = id}, &commit,
                                   err) < 0)
        return -1;
    *ret = commit->commit;
    return 0;
}

static int folder_of(SwCtx *cx, SwStr repository, const char **ret_path, SwError *err) {
    CodecommitRepositoryRecord *r;
    if (sw_ctx_begin(cx, SW_READ, err) < 0)
        return -1;
    int e = codecommit_open(cx, repository, &r, ret_path, err);
    sw_ctx_rollback(cx);
    return e;
}

/* The archive as a finished blob: what S3 takes over without copying. */
static int archive(SwCtx *cx, const char *path, SwStr commit, SwStream *ret, SwError *err) {
    SwBlobWriter *w;
    SwBlobInfo info;
    char *buf = sw_arena_alloc(cx->arena, CHUNK);
    _sw_close_ int fd = open(codecommit_folder(cx->host, cx->arena), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0)
        return sw_fail_errno(err, errno, "making a file for an archive");
    if (sw_git_archive(path, commit, SW_GIT_ZIP, fd, err) < 0)
        return -1;
    if (lseek(fd, 0, SEEK_SET) < 0)
        return sw_fail_errno(err, errno, "reading an archive again");
    if (sw_blob_begin(cx->host->blobs, cx->arena, 1u << SW_MD5, &w, err) < 0)
        return -1;
    for (ssize_t n; (n = read(fd, buf, CHUNK)) != 0;) {
        if (n < 0)
            return sw_fail_errno(err, errno, "reading an archive");
        if (sw_blob_add(w, buf, (size_t)n, err) < 0)
            return -1;
    }
    if (sw_blob_commit(w, &info, err) < 0)
        return -1;
    *ret = (SwStream){.set = true, .file = -1, .size = info.size, .md5 = info.extra[SW_MD5]};
    return sw_unhex(cx->arena, info.digest, &ret->sha256) ? 0 : sw_fail(err, &SW_INTERNAL_FAILURE, "The digest cannot be read");
}

static int upload(SwCtx *as, const SwAction *a, const char *path, SwStr commit, SwError *err) {
    S3PutObjectOutput *ignored;
    S3PutObjectRequest put = {.bucket = a->output[0].bucket,
                              .key = a->output[0].key,
                              .content_type = SW_STR("application/zip")};
    if (archive(as, path, commit, &put.body, err) < 0)
        return -1;
    put.content_length = SW_SOME_INT(put.body.size);
    if (s3_call_put_object(as, &put, &ignored, err) < 0)
        return explain_bucket(put.bucket, err);
    return 0;
}

/* "1484167798 -0800", as the API shows dates, to ISO 8601. */
static SwStr iso(SwArena *a, const CodecommitUserInfo *u) {
    SwStr rest = u->date, seconds;
    int64_t s;
    if (!sw_str_cut(&rest, ' ', &seconds) || !sw_str_to_i64(seconds, &s))
        return SW_STR("");
    return sw_time_iso8601(a, s * SW_S);
}

static void set_result(SwArena *m, SwAction *a, const CodecommitCommit *c, SwStr repository, SwStr branch) {
    a->revision = a->external_id = c->commit_id;
    a->revision_summary = c->message;
    a->output[0].revision = c->commit_id;
    sw_str_map_set(m, &a->variables, SW_STR("AuthorDate"), iso(m, c->author));
    sw_str_map_set(m, &a->variables, SW_STR("BranchName"), branch);
    sw_str_map_set(m, &a->variables, SW_STR("CommitId"), c->commit_id);
    sw_str_map_set(m, &a->variables, SW_STR("CommitMessage"), c->message);
    sw_str_map_set(m, &a->variables, SW_STR("CommitterDate"), iso(m, c->committer));
    sw_str_map_set(m, &a->variables, SW_STR("RepositoryName"), repository);
}

static int fetch(SwCtx *cx, SwAction *a, SwError *err) {
    SwCtx *as = sw_new(cx->arena, SwCtx);
    const char *path;
    const CodecommitCommit *commit;
    SwStr repository = sw_str_map_find(&a->configuration, SW_STR("RepositoryName"));
    SwStr branch = sw_str_map_find(&a->configuration, SW_STR("BranchName"));
    *as = *cx; /* already under the action's role when a pipeline runs it */
    if (check_configuration(a, err) < 0 ||
        (cx->principal.kind == SW_PRINCIPAL_SERVICE && sw_ctx_assume(cx, a->role_arn, &as, err) < 0))
        return -1;
    as->region = sw_str_or(a->region, cx->region);
    if (find_commit(as, a, repository, branch, &commit, err) < 0)
        return explain(repository, branch, err);
    if (folder_of(as, repository, &path, err) < 0 || upload(as, a, path, commit->commit_id, err) < 0)
        return -1;
    set_result(cx->arena, a, commit, repository, branch);
    return 0;
}

/* What a user can mend fails the action; what is ours to mend is tried again. */
static int step(SwCtx *cx, SwAction *a, SwActionOutcome *ret_outcome, SwTime *ret_again, SwError *err) {
    *ret_again = 0;
    if (fetch(cx, a, err) == 0) {
        *ret_outcome = SW_ACTION_SUCCEEDED;
        return 0;
    }
    if (err->kind->http >= 500)
        return -1;
    *ret_outcome = SW_ACTION_FAILED;
    return 0;
}

static int check_declared(const SwAction *a, SwError *err) {
    static const SwErrorKind invalid = {.code = "ConfigurationError", .http = 400};
    SwStr poll = sw_str_map_find(&a->configuration, SW_STR("PollForSourceChanges"));
    if (poll.n && !sw_str_ieq(poll, SW_STR("true")) && !sw_str_ieq(poll, SW_STR("false")) &&
        !sw_str_contains(poll, SW_STR("#{")))
        return sw_fail(err, &invalid, "PollForSourceChanges must be true or false, not '%.*s'", SW_FMT(poll));
    return 0;
}

static const char *const required[] = {"RepositoryName", "BranchName", NULL};
static const char *const optional[] = {"PollForSourceChanges", "OutputArtifactFormat", NULL};

const SwActionType codecommit_actions[1] = {{
    .category = "Source",
    .owner = "AWS",
    .provider = "CodeCommit",
    .version = "1",
    .min_inputs = 0,
    .max_inputs = 0,
    .min_outputs = 1,
    .max_outputs = 1,
    .required = required,
    .optional = optional,
    .check = check_declared,
    .step = step,
}};
