/* SPDX-License-Identifier: Apache-2.0 */

/* Walks over history. */

#include "git/internal.h"

static int start_walk(git_repository *r, SwStr from, git_revwalk **ret, SwError *err) {
    _git_(git_commit) git_commit *c = NULL;

    if (repo_get_commit(r, from, &c, err) < 0)
        return -1;
    if (git_revwalk_new(ret, r) < 0 || git_revwalk_sorting(*ret, GIT_SORT_TOPOLOGICAL | GIT_SORT_TIME) < 0 ||
        git_revwalk_push(*ret, git_commit_id(c)) < 0)
        return repo_fail(err, "walk history");
    return 0;
}

static int hide(git_repository *r, git_revwalk *w, SwStr id, SwError *err) {
    _git_(git_commit) git_commit *c = NULL;
    git_oid oid;

    if (repo_parse_oid(id, &oid, err) < 0)
        return -1;
    if (git_commit_lookup(&c, r, &oid) < 0)
        return 0;
    return git_revwalk_hide(w, &oid) < 0 ? repo_fail(err, "walk history") : 0;
}

int sw_git_log(SwArena *a, const char *path, SwStr from, const SwStrList *without, size_t max, SwGitCommitList *ret,
               SwError *err) {
    _git_(git_repository) git_repository *r = NULL;
    _git_(git_revwalk) git_revwalk *w = NULL;
    git_oid oid;
    int rc = 0;

    *ret = (SwGitCommitList){0};
    if (repo_open(path, &r, err) < 0 || start_walk(r, from, &w, err) < 0)
        return -1;
    for (size_t i = 0; without && i < without->n; i++)
        if (hide(r, w, without->v[i], err) < 0)
            return -1;
    while (ret->n < max && (rc = git_revwalk_next(&oid, w)) == 0) {
        _git_(git_commit) git_commit *c = NULL;
        if (git_commit_lookup(&c, r, &oid) < 0)
            return repo_fail(err, "read commit");
        repo_fill_commit(a, c, sw_list_add(a, ret));
    }
    return rc < 0 && rc != GIT_ITEROVER ? repo_fail(err, "walk history") : 0;
}

/* Id of what a commit has at a path; zero if nothing. */
static int id_at(git_commit *c, const char *file, git_oid *ret, SwError *err) {
    _git_(git_tree) git_tree *t = NULL;
    _git_(git_tree_entry) git_tree_entry *e = NULL;
    int rc;

    memset(ret, 0, sizeof(*ret));
    if (git_commit_tree(&t, c) < 0)
        return repo_fail(err, "read tree");
    rc = git_tree_entry_bypath(&e, t, file);
    if (rc < 0)
        return rc == GIT_ENOTFOUND ? 0 : repo_fail(err, "find file");
    git_oid_cpy(ret, git_tree_entry_id(e));
    return 0;
}

/* Did the commit change the path, seen from each of its parents? */
static int changes_path(git_commit *c, const char *file, bool *ret, SwError *err) {
    git_oid mine, theirs;

    if (id_at(c, file, &mine, err) < 0)
        return -1;
    *ret = git_commit_parentcount(c) > 0 || !git_oid_is_zero(&mine);
    for (unsigned i = 0; i < git_commit_parentcount(c); i++) {
        _git_(git_commit) git_commit *p = NULL;
        if (git_commit_parent(&p, c, i) < 0)
            return repo_fail(err, "read commit");
        if (id_at(p, file, &theirs, err) < 0)
            return -1;
        if (git_oid_equal(&mine, &theirs))
            *ret = false;
    }
    return 0;
}

int sw_git_log_path(SwArena *a, const char *path, SwStr from, SwStr file, size_t max, SwGitCommitList *ret, SwError *err) {
    _git_(git_repository) git_repository *r = NULL;
    _git_(git_revwalk) git_revwalk *w = NULL;
    const char *clean;
    git_oid oid;
    int rc = 0;

    *ret = (SwGitCommitList){0};
    if (repo_open(path, &r, err) < 0 || repo_clean_path(a, file, &clean, err) < 0 || start_walk(r, from, &w, err) < 0)
        return -1;
    while (ret->n < max && (rc = git_revwalk_next(&oid, w)) == 0) {
        _git_(git_commit) git_commit *c = NULL;
        bool changed;
        if (git_commit_lookup(&c, r, &oid) < 0)
            return repo_fail(err, "read commit");
        if (changes_path(c, clean, &changed, err) < 0)
            return -1;
        if (changed)
            repo_fill_commit(a, c, sw_list_add(a, ret));
    }
    return rc < 0 && rc != GIT_ITEROVER ? repo_fail(err, "walk history") : 0;
}

int sw_git_merge_base(SwArena *a, const char *path, SwStr x, SwStr y, SwStr *ret_commit, SwError *err) {
    _git_(git_repository) git_repository *r = NULL;
    _git_(git_commit) git_commit *cx = NULL, *cy = NULL;
    git_oid base;
    int rc;

    *ret_commit = SW_NO_STR;
    if (repo_open(path, &r, err) < 0 || repo_get_commit(r, x, &cx, err) < 0 || repo_get_commit(r, y, &cy, err) < 0)
        return -1;
    rc = git_merge_base(&base, r, git_commit_id(cx), git_commit_id(cy));
    if (rc == GIT_ENOTFOUND)
        return 0;
    if (rc < 0)
        return repo_fail(err, "find merge base");
    *ret_commit = repo_oid_text(a, &base);
    return 0;
}
