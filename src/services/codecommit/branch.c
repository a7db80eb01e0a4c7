/* SPDX-License-Identifier: Apache-2.0 */
/* Branches. */

#include "services/codecommit/codecommit.h"

#define LIST_PAGE 1000

static SwStr full(SwArena *a, SwStr branch) {
    return sw_strf(a, "refs/heads/%.*s", SW_FMT(branch));
}

/* ---- what a transaction that comes to nothing takes back ---- */

typedef struct Moved {
    const char *path;
    SwStr ref, from, to; /* ref absent: HEAD, of these branches */
} Moved;

static void move_back(void *arg) {
    const Moved *m = arg;
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError ignored = sw_error(a); /* somebody has moved it on */
    SwStr head;
    if (m->ref.p)
        (void)!sw_git_update_ref(m->path, m->ref, m->to, m->from, &ignored);
    else if (sw_git_head(a, m->path, &head, &ignored) == 0 && sw_str_eq(head, m->to))
        (void)!sw_git_set_head(m->path, m->from, &ignored);
}

static void on_undo(SwCtx *cx, const Moved *m) {
    Moved *kept = sw_new(sw_tx_arena(cx->tx), Moved);
    *kept = *m;
    sw_tx_on_undo(cx->tx, move_back, kept);
}

void codecommit_moved(SwCtx *cx, const char *path, SwStr branch, SwStr from, SwStr to) {
    on_undo(cx, &(Moved){.path = path, .ref = full(cx->arena, branch), .from = from, .to = to});
}

/* ---- operations ---- */

static int check_name(SwStr branch, SwError *err) {
    if (!sw_str_is(branch))
        return sw_fail(err, &CODECOMMIT_BRANCH_NAME_REQUIRED_EXCEPTION, "A branch name is required");
    if (!sw_git_branch_name_valid(branch))
        return sw_fail(err, &CODECOMMIT_INVALID_BRANCH_NAME_EXCEPTION, "The branch name %.*s is not valid", SW_FMT(branch));
    return 0;
}

int codecommit_create_branch(SwCtx *cx, const CodecommitCreateBranchInput *in, void *out, SwError *err) {
    CodecommitRepositoryRecord *r;
    const char *path;
    SwGitCommit commit;
    if (check_name(in->branch_name, err) < 0 || codecommit_open(cx, in->repository_name, &r, &path, err) < 0)
        return -1;
    if (sw_git_commit(cx->arena, path, in->commit_id, &commit, err) < 0)
        return sw_error_is(err, &SW_GIT_INVALID) ? sw_fail(err, &CODECOMMIT_INVALID_COMMIT_ID_EXCEPTION,
                                                           "The commit ID %.*s is not valid", SW_FMT(in->commit_id))
                                                 : codecommit_fail_git(err, &CODECOMMIT_COMMIT_DOES_NOT_EXIST_EXCEPTION);
    if (sw_git_update_ref(path, full(cx->arena, in->branch_name), SW_NO_STR, in->commit_id, err) < 0)
        return sw_error_is(err, &SW_GIT_EXISTS) ? sw_fail(err, &CODECOMMIT_BRANCH_NAME_EXISTS_EXCEPTION,
                                                          "Branch %.*s already exists", SW_FMT(in->branch_name))
                                                : codecommit_fail_git(err, &CODECOMMIT_INVALID_BRANCH_NAME_EXCEPTION);
    codecommit_moved(cx, path, in->branch_name, SW_NO_STR, in->commit_id);
    return codecommit_settle(cx, r, cx->principal.arn, err);
}

/* *ret_commit absent: no such branch. */
static int tip(SwCtx *cx, const char *path, SwStr branch, SwStr *ret_commit, SwError *err) {
    SwGitRefList refs;
    SwStr ref = full(cx->arena, branch);
    *ret_commit = SW_NO_STR;
    if (sw_git_refs(cx->arena, path, ref, &refs, err) < 0)
        return -1;
    for (size_t i = 0; i < refs.n; i++)
        if (sw_str_eq(refs.v[i].name, ref))
            *ret_commit = refs.v[i].id;
    return 0;
}

int codecommit_get_branch(SwCtx *cx, const CodecommitGetBranchInput *in, CodecommitGetBranchOutput *out, SwError *err) {
    CodecommitRepositoryRecord *r;
    const char *path;
    SwStr commit;
    if (!sw_str_is(in->repository_name))
        return sw_fail(err, &CODECOMMIT_REPOSITORY_NAME_REQUIRED_EXCEPTION, "A repository name is required");
    if (check_name(in->branch_name, err) < 0 || codecommit_open(cx, in->repository_name, &r, &path, err) < 0 ||
        tip(cx, path, in->branch_name, &commit, err) < 0)
        return -1;
    if (!sw_str_is(commit))
        return sw_fail(err, &CODECOMMIT_BRANCH_DOES_NOT_EXIST_EXCEPTION, "Branch %.*s does not exist", SW_FMT(in->branch_name));
    out->branch = sw_new(cx->arena, CodecommitBranchInfo);
    *out->branch = (CodecommitBranchInfo){.branch_name = in->branch_name, .commit_id = commit};
    return 0;
}

int codecommit_list_branches(SwCtx *cx, const CodecommitListBranchesInput *in, CodecommitListBranchesOutput *out,
                             SwError *err) {
    CodecommitRepositoryRecord *r;
    const char *path;
    SwGitRefList refs;
    SwPageItems items = {0};
    if (codecommit_open(cx, in->repository_name, &r, &path, err) < 0 ||
        sw_git_refs(cx->arena, path, SW_STR("refs/heads/"), &refs, err) < 0)
        return -1;
    for (size_t i = 0; i < refs.n; i++)
        *sw_list_add(cx->arena, &items) = (SwPageItem){.key = sw_str_skip(refs.v[i].name, 11)};
    return sw_page(cx, &(SwPage){.items = items, .usual = LIST_PAGE}, out, err);
}

/* AWS: deleting what is not there succeeds, without a branch in the reply. */
int codecommit_delete_branch(SwCtx *cx, const CodecommitDeleteBranchInput *in, CodecommitDeleteBranchOutput *out,
                             SwError *err) {
    CodecommitRepositoryRecord *r;
    const char *path;
    SwStr commit, head;
    if (check_name(in->branch_name, err) < 0 || codecommit_open(cx, in->repository_name, &r, &path, err) < 0 ||
        tip(cx, path, in->branch_name, &commit, err) < 0 || sw_git_head(cx->arena, path, &head, err) < 0)
        return -1;
    if (!sw_str_is(commit))
        return 0;
    if (sw_str_eq(head, in->branch_name))
        return sw_fail(err, &CODECOMMIT_DEFAULT_BRANCH_CANNOT_BE_DELETED_EXCEPTION, "The default branch %.*s cannot be deleted",
                       SW_FMT(in->branch_name));
    if (sw_git_update_ref(path, full(cx->arena, in->branch_name), commit, SW_NO_STR, err) < 0)
        return codecommit_fail_git(err, &CODECOMMIT_BRANCH_DOES_NOT_EXIST_EXCEPTION);
    codecommit_moved(cx, path, in->branch_name, commit, SW_NO_STR);
    out->deleted_branch = sw_new(cx->arena, CodecommitBranchInfo);
    *out->deleted_branch = (CodecommitBranchInfo){.branch_name = in->branch_name, .commit_id = commit};
    return codecommit_settle(cx, r, cx->principal.arn, err);
}

int codecommit_update_default_branch(SwCtx *cx, const CodecommitUpdateDefaultBranchInput *in, void *out, SwError *err) {
    CodecommitRepositoryRecord *r;
    const char *path;
    SwStr head;
    if (check_name(in->default_branch_name, err) < 0 || codecommit_open(cx, in->repository_name, &r, &path, err) < 0 ||
        sw_git_head(cx->arena, path, &head, err) < 0)
        return -1;
    if (sw_git_set_head(path, in->default_branch_name, err) < 0)
        return sw_error_is(err, &SW_GIT_NOT_FOUND) ? sw_fail(err, &CODECOMMIT_BRANCH_DOES_NOT_EXIST_EXCEPTION,
                                                             "Branch %.*s does not exist", SW_FMT(in->default_branch_name))
                                                   : codecommit_fail_git(err, &CODECOMMIT_BRANCH_DOES_NOT_EXIST_EXCEPTION);
    if (head.p)
        on_undo(cx, &(Moved){.path = path, .from = head, .to = in->default_branch_name});
    return 0;
}
