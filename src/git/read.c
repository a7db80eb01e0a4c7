/* SPDX-License-Identifier: Apache-2.0 */

/* Reading commits, files, folders and differences. */

#include <limits.h>

#include "git/internal.h"

static SwGitWho who(SwArena *a, const git_signature *s) {
    return (SwGitWho){.name = sw_str_dup(a, sw_str(s->name)),
                      .email = sw_str_dup(a, sw_str(s->email)),
                      .at = s->when.time * SW_S,
                      .offset_minutes = s->when.offset};
}

void repo_fill_commit(SwArena *a, git_commit *c, SwGitCommit *ret) {
    *ret = (SwGitCommit){.id = repo_oid_text(a, git_commit_id(c)),
                         .tree = repo_oid_text(a, git_commit_tree_id(c)),
                         .message = sw_str_dup(a, sw_str(git_commit_message(c))),
                         .author = who(a, git_commit_author(c)),
                         .committer = who(a, git_commit_committer(c))};
    for (unsigned i = 0; i < git_commit_parentcount(c); i++)
        sw_str_list_add(a, &ret->parents, repo_oid_text(a, git_commit_parent_id(c, i)));
}

int sw_git_commit(SwArena *a, const char *path, SwStr id, SwGitCommit *ret, SwError *err) {
    _git_(git_repository) git_repository *r = NULL;
    _git_(git_commit) git_commit *c = NULL;

    if (repo_open(path, &r, err) < 0 || repo_get_commit(r, id, &c, err) < 0)
        return -1;
    repo_fill_commit(a, c, ret);
    return 0;
}

/* ---- files ---- */

static int read_blob(SwArena *a, git_repository *r, const git_oid *oid, size_t max, SwStr *ret, SwError *err) {
    _git_(git_blob) git_blob *b = NULL;
    _git_(git_odb) git_odb *odb = NULL;
    git_object_t type;
    size_t size;
    int rc = git_repository_odb(&odb, r);

    if (rc == 0)
        rc = git_odb_read_header(&size, &type, odb, oid);
    if (rc == GIT_ENOTFOUND || (rc == 0 && type != GIT_OBJECT_BLOB))
        return sw_fail(err, &SW_GIT_NOT_FOUND, "The blob does not exist");
    if (rc == 0 && size > max)
        return sw_fail(err, &SW_GIT_TOO_LARGE, "The file is larger than %zu bytes", max);
    if (rc < 0 || git_blob_lookup(&b, r, oid) < 0)
        return repo_fail(err, "read blob");
    *ret = sw_str_dup(a, sw_str_n(git_blob_rawcontent(b), (size_t)git_blob_rawsize(b)));
    return 0;
}

int sw_git_blob(SwArena *a, const char *path, SwStr id, size_t max, SwStr *ret, SwError *err) {
    _git_(git_repository) git_repository *r = NULL;
    git_oid oid;

    if (repo_open(path, &r, err) < 0 || repo_parse_oid(id, &oid, err) < 0)
        return -1;
    return read_blob(a, r, &oid, max, ret, err);
}

static int64_t size_of(git_odb *odb, const git_oid *oid, SwGitMode mode) {
    git_object_t type;
    size_t size;

    if (mode == SW_GIT_FOLDER || mode == SW_GIT_SUBMODULE || git_odb_read_header(&size, &type, odb, oid) < 0)
        return -1;
    return (int64_t)size;
}

/* Trees of old histories have modes like 100664. */
static SwGitMode mode_of(git_filemode_t m) {
    switch (m) {
    case GIT_FILEMODE_TREE: return SW_GIT_FOLDER;
    case GIT_FILEMODE_BLOB_EXECUTABLE: return SW_GIT_EXECUTABLE;
    case GIT_FILEMODE_LINK: return SW_GIT_SYMLINK;
    case GIT_FILEMODE_COMMIT: return SW_GIT_SUBMODULE;
    case GIT_FILEMODE_BLOB:
    case GIT_FILEMODE_UNREADABLE: break;
    }
    return SW_GIT_FILE;
}

static int fill_entry(SwArena *a, git_repository *r, const git_tree_entry *e, SwStr path, SwGitEntry *ret, SwError *err) {
    _git_(git_odb) git_odb *odb = NULL;

    if (git_repository_odb(&odb, r) < 0)
        return repo_fail(err, "open objects");
    *ret = (SwGitEntry){.name = sw_str_dup(a, sw_str(git_tree_entry_name(e))),
                        .path = path,
                        .id = repo_oid_text(a, git_tree_entry_id(e)),
                        .mode = mode_of(git_tree_entry_filemode(e))};
    ret->size = size_of(odb, git_tree_entry_id(e), ret->mode);
    return 0;
}

static int find_entry(SwArena *a, git_repository *r, SwStr commit, SwStr file, git_tree_entry **ret, const char **ret_path,
                      SwError *err) {
    _git_(git_tree) git_tree *t = NULL;
    int rc;

    if (repo_clean_path(a, file, ret_path, err) < 0 || repo_commit_tree(r, commit, &t, err) < 0)
        return -1;
    rc = **ret_path ? git_tree_entry_bypath(ret, t, *ret_path) : GIT_ENOTFOUND;
    if (rc == GIT_ENOTFOUND)
        return sw_fail(err, &SW_GIT_NOT_FOUND, "'%.*s' does not exist in commit %.*s", SW_FMT(file), SW_FMT(commit));
    return rc < 0 ? repo_fail(err, "find file") : 0;
}

int sw_git_file(SwArena *a, const char *path, SwStr commit, SwStr file, size_t max, SwGitEntry *ret, SwStr *ret_data,
                SwError *err) {
    _git_(git_repository) git_repository *r = NULL;
    _git_(git_tree_entry) git_tree_entry *e = NULL;
    const char *clean;

    if (repo_open(path, &r, err) < 0 || find_entry(a, r, commit, file, &e, &clean, err) < 0)
        return -1;
    if (git_tree_entry_type(e) != GIT_OBJECT_BLOB)
        return sw_fail(err, &SW_GIT_NOT_FOUND, "'%.*s' is not a file in commit %.*s", SW_FMT(file), SW_FMT(commit));
    if (fill_entry(a, r, e, sw_str(clean), ret, err) < 0)
        return -1;
    return ret_data ? read_blob(a, r, git_tree_entry_id(e), max, ret_data, err) : 0;
}

static int open_folder(SwArena *a, git_repository *r, SwStr commit, SwStr folder, git_tree **ret, const char **ret_path,
                       SwError *err) {
    _git_(git_tree_entry) git_tree_entry *e = NULL;

    if (repo_clean_path(a, folder, ret_path, err) < 0)
        return -1;
    if (!**ret_path)
        return repo_commit_tree(r, commit, ret, err);
    if (find_entry(a, r, commit, folder, &e, ret_path, err) < 0)
        return -1;
    if (git_tree_entry_type(e) != GIT_OBJECT_TREE)
        return sw_fail(err, &SW_GIT_NOT_FOUND, "'%.*s' is not a folder in commit %.*s", SW_FMT(folder), SW_FMT(commit));
    return git_tree_lookup(ret, r, git_tree_entry_id(e)) < 0 ? repo_fail(err, "read folder") : 0;
}

int sw_git_folder(SwArena *a, const char *path, SwStr commit, SwStr folder, SwGitEntryList *ret, SwStr *ret_tree,
                  SwError *err) {
    _git_(git_repository) git_repository *r = NULL;
    _git_(git_tree) git_tree *t = NULL;
    const char *clean;

    *ret = (SwGitEntryList){0};
    if (repo_open(path, &r, err) < 0 || open_folder(a, r, commit, folder, &t, &clean, err) < 0)
        return -1;
    for (size_t i = 0; i < git_tree_entrycount(t); i++) {
        const git_tree_entry *e = git_tree_entry_byindex(t, i);
        SwStr full = sw_strf(a, "%s%s%s", clean, *clean ? "/" : "", git_tree_entry_name(e));
        if (fill_entry(a, r, e, full, sw_list_add(a, ret), err) < 0)
            return -1;
    }
    if (ret_tree)
        *ret_tree = repo_oid_text(a, git_tree_id(t));
    return 0;
}

/* ---- differences ---- */

static SwGitEntry side(SwArena *a, git_odb *odb, const git_diff_file *f) {
    SwStr path = sw_str_dup(a, sw_str(f->path)), name = path;
    size_t at;
    SwGitMode mode = mode_of((git_filemode_t)f->mode);

    if (sw_str_rfind(path, '/', &at))
        name = sw_str_skip(path, at + 1);
    return (SwGitEntry){
        .name = name, .path = path, .id = repo_oid_text(a, &f->id), .mode = mode, .size = size_of(odb, &f->id, mode)};
}

static bool under(SwStr path, SwStr top) {
    return sw_str_starts(path, top) && (path.n == top.n || path.p[top.n] == '/');
}

static bool is_wanted(const SwGitDiff *d, SwStr before_path, SwStr after_path) {
    if (!sw_str_is(before_path) && !sw_str_is(after_path))
        return true;
    return (sw_str_is(before_path) && d->before.path.p && under(d->before.path, before_path)) ||
           (sw_str_is(after_path) && d->after.path.p && under(d->after.path, after_path));
}

static int clean_view(SwArena *a, SwStr path, SwStr *ret, SwError *err) {
    const char *z;

    if (repo_clean_path(a, path, &z, err) < 0)
        return -1;
    *ret = sw_str(z);
    return 0;
}

int sw_git_diff(SwArena *a, const char *path, SwStr before, SwStr after, SwStr before_path, SwStr after_path,
                SwGitDiffList *ret, SwError *err) {
    _git_(git_repository) git_repository *r = NULL;
    _git_(git_tree) git_tree *x = NULL, *y = NULL;
    _git_(git_odb) git_odb *odb = NULL;
    _git_(git_diff) git_diff *diff = NULL;
    git_diff_options o = GIT_DIFF_OPTIONS_INIT;

    *ret = (SwGitDiffList){0};
    o.flags = GIT_DIFF_INCLUDE_TYPECHANGE | GIT_DIFF_SKIP_BINARY_CHECK;
    if (repo_open(path, &r, err) < 0 || clean_view(a, before_path, &before_path, err) < 0 ||
        clean_view(a, after_path, &after_path, err) < 0 || (sw_str_is(before) && repo_commit_tree(r, before, &x, err) < 0) ||
        repo_commit_tree(r, after, &y, err) < 0)
        return -1;
    if (git_repository_odb(&odb, r) < 0 || git_diff_tree_to_tree(&diff, r, x, y, &o) < 0)
        return repo_fail(err, "compare commits");
    for (size_t i = 0; i < git_diff_num_deltas(diff); i++) {
        const git_diff_delta *d = git_diff_get_delta(diff, i);
        SwGitDiff one = {.kind = d->status == GIT_DELTA_ADDED ? 'A' : d->status == GIT_DELTA_DELETED ? 'D' : 'M'};
        if (one.kind != 'A')
            one.before = side(a, odb, &d->old_file);
        if (one.kind != 'D')
            one.after = side(a, odb, &d->new_file);
        if (is_wanted(&one, before_path, after_path))
            *sw_list_add(a, ret) = one;
    }
    return 0;
}
