/* SPDX-License-Identifier: Apache-2.0 */
/* Merges of branches. With FILE_LEVEL, CodeCommit's default, a file that both sides changed since
 * their common commit is a conflict, even where its lines could be merged. Conflicts are for a
 * human: no resolution strategy is offered. */

#include "services/codecommit/codecommit.h"

typedef struct Merge {
    CodecommitRepositoryRecord *repository;
    const char *path;
    SwGitMerge merge;
} Merge;

static int prepare(SwCtx *cx, SwStr repository, SwStr source, SwStr destination, SwStr target, Merge *m, SwError *err) {
    SwGitRefList refs;
    SwStr branch = sw_str_is(target) ? target : destination;
    bool found = false;
    if (codecommit_open(cx, repository, &m->repository, &m->path, err) < 0 ||
        codecommit_resolve(cx->arena, m->path, source, &m->merge.source, err) < 0 ||
        codecommit_resolve(cx->arena, m->path, destination, &m->merge.destination, err) < 0)
        return -1;
    if (sw_str_starts(branch, SW_STR("refs/heads/")))
        branch = sw_str_skip(branch, 11);
    if (sw_git_refs(cx->arena, m->path, SW_STR("refs/heads/"), &refs, err) < 0)
        return codecommit_fail_git(err, &CODECOMMIT_BRANCH_DOES_NOT_EXIST_EXCEPTION);
    for (size_t i = 0; i < refs.n; i++)
        found |= sw_str_eq(sw_str_skip(refs.v[i].name, 11), branch);
    if (!found)
        return sw_str_is(target)
                   ? sw_fail(err, &CODECOMMIT_BRANCH_DOES_NOT_EXIST_EXCEPTION, "Branch %.*s does not exist", SW_FMT(branch))
                   : sw_fail(err, &CODECOMMIT_INVALID_TARGET_BRANCH_EXCEPTION,
                             "targetBranch is needed: the destination %.*s is not a branch", SW_FMT(branch));
    m->merge.branch = branch;
    return 0;
}

/* Files that both sides changed. */
static int check_files(SwCtx *cx, const Merge *m, SwError *err) {
    SwStr base;
    SwGitDiffList ours, theirs;
    if (sw_git_merge_base(cx->arena, m->path, m->merge.source, m->merge.destination, &base, err) < 0 ||
        sw_git_diff(cx->arena, m->path, base, m->merge.destination, SW_NO_STR, SW_NO_STR, &ours, err) < 0 ||
        sw_git_diff(cx->arena, m->path, base, m->merge.source, SW_NO_STR, SW_NO_STR, &theirs, err) < 0)
        return codecommit_fail_git(err, &CODECOMMIT_COMMIT_DOES_NOT_EXIST_EXCEPTION);
    /* Both are ordered by path. */
    for (size_t i = 0, k = 0; i < ours.n && k < theirs.n;) {
        const SwGitEntry *x = ours.v[i].kind == 'D' ? &ours.v[i].before : &ours.v[i].after;
        const SwGitEntry *y = theirs.v[k].kind == 'D' ? &theirs.v[k].before : &theirs.v[k].after;
        int order = sw_str_cmp(x->path, y->path);
        if (order == 0 && !(ours.v[i].kind == theirs.v[k].kind && sw_str_eq(x->id, y->id) && x->mode == y->mode))
            return sw_fail(err, &CODECOMMIT_MANUAL_MERGE_REQUIRED_EXCEPTION,
                           "The branches cannot be merged by themselves: both changed %.*s", SW_FMT(x->path));
        i += order <= 0;
        k += order >= 0;
    }
    return 0;
}

static int merge(SwCtx *cx, Merge *m, SwStr *ret_commit, SwStr *ret_tree, SwError *err) {
    SwGitCommit made;
    if (sw_git_merge(cx->arena, m->path, &m->merge, ret_commit, NULL, err) < 0) {
        if (sw_error_is(err, &SW_GIT_CHANGED))
            err->kind = &CODECOMMIT_CONCURRENT_REFERENCE_UPDATE_EXCEPTION;
        return codecommit_fail_git(err, &CODECOMMIT_COMMIT_DOES_NOT_EXIST_EXCEPTION);
    }
    codecommit_moved(cx, m->path, m->merge.branch, m->merge.destination, *ret_commit);
    if (sw_git_commit(cx->arena, m->path, *ret_commit, &made, err) < 0)
        return codecommit_fail_git(err, &CODECOMMIT_COMMIT_DOES_NOT_EXIST_EXCEPTION);
    *ret_tree = made.tree;
    return codecommit_settle(cx, m->repository, cx->principal.arn, err);
}

int codecommit_merge_branches_by_fast_forward(SwCtx *cx, const CodecommitMergeBranchesByFastForwardInput *in,
                                              CodecommitMergeBranchesByFastForwardOutput *out, SwError *err) {
    Merge m = {.merge.kind = SW_GIT_FAST_FORWARD};
    if (prepare(cx, in->repository_name, in->source_commit_specifier, in->destination_commit_specifier, in->target_branch, &m,
                err) < 0)
        return -1;
    return merge(cx, &m, &out->commit_id, &out->tree_id, err);
}

typedef CodecommitMergeBranchesBySquashInput Squash;
typedef CodecommitMergeBranchesByThreeWayInput ThreeWay;

/* Both inputs have the same members; their words come here one by one. */
static int merge_with_commit(SwCtx *cx, Merge *m, const Squash *in, SwStr *ret_commit, SwStr *ret_tree, SwError *err) {
    if (in->conflict_resolution)
        return sw_refuse_field(err, &CODECOMMIT_INVALID_CONFLICT_RESOLUTION_EXCEPTION, "conflictResolution",
                               "resolving conflicts is not supported");
    if (sw_str_is(in->conflict_resolution_strategy) && !sw_str_eqz(in->conflict_resolution_strategy, "NONE"))
        return sw_refuse_field(err, &CODECOMMIT_INVALID_CONFLICT_RESOLUTION_STRATEGY_EXCEPTION, "conflictResolutionStrategy",
                               "only NONE is supported");
    if (SW_OR(in->keep_empty_folders, false))
        return sw_refuse_field(err, &CODECOMMIT_INVALID_CONFLICT_RESOLUTION_EXCEPTION, "keepEmptyFolders",
                               "it goes with resolving conflicts, which is not supported");
    if (prepare(cx, in->repository_name, in->source_commit_specifier, in->destination_commit_specifier, in->target_branch, m,
                err) < 0)
        return -1;
    if (!sw_str_eqz(in->conflict_detail_level, "LINE_LEVEL") && check_files(cx, m, err) < 0)
        return -1;
    m->merge.author = codecommit_who(cx, in->author_name, in->email);
    m->merge.message = in->commit_message.p ? in->commit_message
                                            : sw_strf(cx->arena, "Merged %.*s into %.*s", SW_FMT(in->source_commit_specifier),
                                                      SW_FMT(m->merge.branch));
    return merge(cx, m, ret_commit, ret_tree, err);
}

int codecommit_merge_branches_by_squash(SwCtx *cx, const Squash *in, CodecommitMergeBranchesBySquashOutput *out, SwError *err) {
    Merge m = {.merge.kind = SW_GIT_SQUASH};
    return merge_with_commit(cx, &m, in, &out->commit_id, &out->tree_id, err);
}

int codecommit_merge_branches_by_three_way(SwCtx *cx, const ThreeWay *in, CodecommitMergeBranchesByThreeWayOutput *out,
                                           SwError *err) {
    Merge m = {.merge.kind = SW_GIT_THREE_WAY};
    Squash same = {
        .repository_name = in->repository_name,
        .source_commit_specifier = in->source_commit_specifier,
        .destination_commit_specifier = in->destination_commit_specifier,
        .target_branch = in->target_branch,
        .conflict_detail_level = in->conflict_detail_level,
        .conflict_resolution_strategy = in->conflict_resolution_strategy,
        .author_name = in->author_name,
        .email = in->email,
        .commit_message = in->commit_message,
        .keep_empty_folders = in->keep_empty_folders,
        .conflict_resolution = in->conflict_resolution,
    };
    return merge_with_commit(cx, &m, &same, &out->commit_id, &out->tree_id, err);
}
