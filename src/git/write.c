/* SPDX-License-Identifier: Apache-2.0 */

/* Commits made by the API: an index in memory starts as the parent's tree, is changed, and becomes
 * the new tree. The branch moves last, by compare and swap; a commit whose branch could not move is
 * garbage that `git gc` collects. */

#include <limits.h>
#include <stdio.h>

#include "git/internal.h"

typedef struct Work {
    SwArena *a;
    git_repository *r;
    git_index *index;
    git_tree *parent; /* NULL: none */
} Work;

static int conflict(SwError *err, const char *path) {
    return sw_fail(err, &SW_GIT_PATH_CONFLICT, "'%s' is a file in one place and a folder in another", path);
}

static bool has_file(const Work *w, const char *path) {
    return git_index_get_bypath(w->index, path, 0) != NULL;
}

static bool has_folder(const Work *w, const char *path) {
    size_t at;
    return git_index_find_prefix(&at, w->index, sw_str_z(w->a, sw_strf(w->a, "%s/", path))) == 0;
}

/* ---- puts and deletes ---- */

static int delete_file(const Work *w, SwStr path, SwError *err) {
    const char *z;

    if (repo_clean_path(w->a, path, &z, err) < 0)
        return -1;
    if (!*z || !has_file(w, z))
        return sw_fail(err, &SW_GIT_NOT_FOUND, "'%.*s' does not exist", SW_FMT(path));
    return git_index_remove(w->index, z, 0) < 0 ? repo_fail(err, "remove file") : 0;
}

static int check_room(const Work *w, const char *path, SwError *err) {
    char *up = sw_arena_alloc(w->a, strlen(path) + 1);

    if (has_folder(w, path))
        return conflict(err, path);
    for (size_t i = 0; path[i]; i++) {
        if (path[i] == '/' && has_file(w, up))
            return conflict(err, up);
        up[i] = path[i];
    }
    return 0;
}

/* What is at a path in the parent; ENOTFOUND if nothing or a folder. */
static int parent_entry(const Work *w, const char *path, git_tree_entry **ret) {
    int rc = w->parent ? git_tree_entry_bypath(ret, w->parent, path) : GIT_ENOTFOUND;
    return rc == 0 && git_tree_entry_type(*ret) != GIT_OBJECT_BLOB ? GIT_ENOTFOUND : rc;
}

static int put_file(const Work *w, const SwGitPut *put, SwError *err) {
    _git_(git_tree_entry) git_tree_entry *old = NULL, *from = NULL;
    git_index_entry e = {.mode = (uint32_t)put->mode};
    const char *path, *source;

    if (repo_clean_path(w->a, put->path, &path, err) < 0 ||
        repo_clean_path(w->a, put->source.p ? put->source : put->path, &source, err) < 0)
        return -1;
    if (!*path || (put->mode && put->mode != SW_GIT_FILE && put->mode != SW_GIT_EXECUTABLE && put->mode != SW_GIT_SYMLINK))
        return sw_fail(err, &SW_GIT_INVALID, "'%.*s' is not a valid path or mode", SW_FMT(put->path));
    if (check_room(w, path, err) < 0)
        return -1;
    if (!put->data.p && parent_entry(w, source, &from) < 0)
        return sw_fail(err, &SW_GIT_NOT_FOUND, "'%s' does not exist", source);
    if (!e.mode && from)
        e.mode = git_tree_entry_filemode(from);
    if (!e.mode)
        e.mode = parent_entry(w, path, &old) == 0 ? (uint32_t)git_tree_entry_filemode(old) : (uint32_t)SW_GIT_FILE;
    e.path = path;
    if (from)
        git_oid_cpy(&e.id, git_tree_entry_id(from));
    else if (git_blob_create_from_buffer(&e.id, w->r, put->data.p, put->data.n) < 0)
        return repo_fail(err, "write file");
    return git_index_add(w->index, &e) < 0 ? repo_fail(err, "add file") : 0;
}

static int keep_folder(const Work *w, SwStr deleted, SwError *err) {
    const SwGitPut keep = {.data = SW_STR(""), .mode = SW_GIT_FILE};
    SwGitPut put = keep;
    size_t at;
    const char *clean;

    if (repo_clean_path(w->a, deleted, &clean, err) < 0)
        return -1;
    if (!sw_str_rfind(sw_str(clean), '/', &at))
        return 0;
    const char *folder = sw_str_z(w->a, sw_str_dup(w->a, sw_str_n(clean, at)));
    if (has_folder(w, folder))
        return 0;
    put.path = sw_strf(w->a, "%s/.gitkeep", folder);
    return put_file(w, &put, err);
}

static int change_index(const Work *w, const SwGitNewCommit *c, SwError *err) {
    for (size_t i = 0; i < c->deletes.n; i++)
        if (delete_file(w, c->deletes.v[i], err) < 0)
            return -1;
    for (size_t i = 0; i < c->puts.n; i++)
        if (put_file(w, &c->puts.v[i], err) < 0)
            return -1;
    for (size_t i = 0; c->keep_empty_folders && i < c->deletes.n; i++)
        if (keep_folder(w, c->deletes.v[i], err) < 0)
            return -1;
    return 0;
}

/* ---- commit ---- */

/* git drops angle brackets and line ends from names; libgit2 refuses what is left empty. */
static int make_signature(SwArena *a, const SwGitWho *who, git_signature **ret, SwError *err) {
    if (git_signature_new(ret, sw_str_z(a, sw_str_or(who->name, SW_STR("unknown"))),
                          sw_str_z(a, sw_str_or(who->email, SW_STR("unknown"))), who->at / SW_S, who->offset_minutes) < 0)
        return sw_fail(err, &SW_GIT_INVALID, "'%.*s' is not a valid author", SW_FMT(who->name));
    return 0;
}

static int make_commit(SwArena *a, git_repository *r, const git_oid *tree_id, git_commit *const *parents, size_t n_parents,
                       const SwGitNewCommit *c, git_oid *ret, SwError *err) {
    _git_(git_signature) git_signature *author = NULL, *committer = NULL;
    _git_(git_tree) git_tree *tree = NULL;
    const git_commit *p[2] = {n_parents > 0 ? parents[0] : NULL, n_parents > 1 ? parents[1] : NULL};

    if (make_signature(a, &c->author, &author, err) < 0 ||
        make_signature(a, sw_str_is(c->committer.name) ? &c->committer : &c->author, &committer, err) < 0)
        return -1;
    if (git_tree_lookup(&tree, r, tree_id) < 0 ||
        git_commit_create(ret, r, NULL, author, committer, NULL, sw_str_z(a, c->message), tree, n_parents, p) < 0)
        return repo_fail(err, "write commit");
    return 0;
}

static int move_branch(SwArena *a, git_repository *r, SwStr branch, SwStr old_id, SwStr new_id, SwError *err) {
    const char *ref = sw_str_z(a, sw_strf(a, "refs/heads/%.*s", SW_FMT(branch)));

    if (repo_swap_ref(r, ref, old_id, new_id, err) < 0)
        return -1;
    return repo_adopt_head(r, sw_str(ref), err);
}

/* The branch's tip, or what is to be its first parent; fails if somebody was faster. */
static int find_parent(SwArena *a, git_repository *r, const SwGitNewCommit *c, git_commit **ret, bool *ret_new, SwError *err) {
    const char *ref = sw_str_z(a, sw_strf(a, "refs/heads/%.*s", SW_FMT(c->branch)));
    git_oid tip;
    int rc;

    if (!sw_git_branch_name_valid(c->branch))
        return sw_fail(err, &SW_GIT_INVALID, "'%.*s' is not a valid branch name", SW_FMT(c->branch));
    rc = git_reference_name_to_id(&tip, r, ref);
    *ret_new = rc == GIT_ENOTFOUND;
    if (rc < 0 && rc != GIT_ENOTFOUND)
        return repo_fail(err, "read branch");
    SwStr is = *ret_new ? SW_NO_STR : repo_oid_text(a, &tip);
    if (!*ret_new && !sw_str_eq(is, c->parent))
        return sw_fail(err, &SW_GIT_CHANGED, "The tip of branch '%.*s' is %.*s", SW_FMT(c->branch), SW_FMT(is));
    return sw_str_is(c->parent) ? repo_get_commit(r, c->parent, ret, err) : 0;
}

static int report_puts(SwArena *a, const char *path, const SwGitNewCommit *c, SwStr commit, SwGitEntryList *ret, SwError *err) {
    *ret = (SwGitEntryList){0};
    for (size_t i = 0; i < c->puts.n; i++)
        if (sw_git_file(a, path, commit, c->puts.v[i].path, 0, sw_list_add(a, ret), NULL, err) < 0)
            return -1;
    return 0;
}

static int write_tree(const Work *w, const SwGitNewCommit *c, git_oid *ret, SwError *err) {
    if (w->parent && git_index_read_tree(w->index, w->parent) < 0)
        return repo_fail(err, "read tree");
    if (change_index(w, c, err) < 0)
        return -1;
    if (git_index_write_tree_to(ret, w->index, w->r) < 0)
        return repo_fail(err, "write tree");
    if (!c->allow_no_change && w->parent && git_oid_equal(ret, git_tree_id(w->parent)))
        return sw_fail(err, &SW_GIT_NO_CHANGE, "The commit would change nothing");
    return 0;
}

int sw_git_commit_files(SwArena *a, const char *path, const SwGitNewCommit *c, SwGitCommit *ret, SwGitEntryList *ret_puts,
                        SwError *err) {
    _git_(git_repository) git_repository *r = NULL;
    _git_(git_commit) git_commit *parent = NULL, *made = NULL;
    _git_(git_tree) git_tree *tree = NULL;
    _git_(git_index) git_index *index = NULL;
    git_oid tree_id, id;
    bool is_new = false;

    if (repo_open(path, &r, err) < 0 || find_parent(a, r, c, &parent, &is_new, err) < 0)
        return -1;
    if ((parent && git_commit_tree(&tree, parent) < 0) || git_index_new(&index) < 0)
        return repo_fail(err, "read tree");
    const Work w = {a, r, index, tree};
    if (write_tree(&w, c, &tree_id, err) < 0 || make_commit(a, r, &tree_id, &parent, parent != NULL, c, &id, err) < 0)
        return -1;
    SwStr text = repo_oid_text(a, &id);
    if (move_branch(a, r, c->branch, is_new ? SW_NO_STR : c->parent, text, err) < 0)
        return -1;
    SW_CRASH_POINT("git.committed_not_told");
    if (repo_get_commit(r, text, &made, err) < 0)
        return -1;
    repo_fill_commit(a, made, ret);
    return ret_puts ? report_puts(a, path, c, text, ret_puts, err) : 0;
}

/* ---- merge ---- */

static int list_conflicts(SwArena *a, git_index *index, SwStrList *ret, SwError *err) {
    _git_(git_index_conflict_iterator) git_index_conflict_iterator *it = NULL;
    const git_index_entry *base, *ours, *theirs;

    if (git_index_conflict_iterator_new(&it, index) < 0)
        return repo_fail(err, "list conflicts");
    while (git_index_conflict_next(&base, &ours, &theirs, it) == 0) {
        const git_index_entry *e = ours ? ours : theirs ? theirs : base;
        SwStr path = sw_str_dup(a, sw_str(e->path));
        if (ret && !sw_str_list_has(ret, path))
            sw_str_list_add(a, ret, path);
    }
    return sw_fail(err, &SW_GIT_MERGE_CONFLICT, "The commits cannot be merged without resolving conflicts");
}

static int merge_trees(SwArena *a, git_repository *r, const SwGitMerge *m, git_commit *dest, git_commit *source, SwStr *ret,
                       SwStrList *ret_conflicts, SwError *err) {
    _git_(git_index) git_index *index = NULL;
    git_merge_options o = GIT_MERGE_OPTIONS_INIT;
    const SwGitNewCommit c = {.author = m->author, .message = m->message};
    git_commit *const parents[] = {dest, source};
    git_oid tree_id, id;

    if (git_merge_commits(&index, r, dest, source, &o) < 0)
        return repo_fail(err, "merge");
    if (git_index_has_conflicts(index))
        return list_conflicts(a, index, ret_conflicts, err);
    if (git_index_write_tree_to(&tree_id, index, r) < 0)
        return repo_fail(err, "write tree");
    if (make_commit(a, r, &tree_id, parents, m->kind == SW_GIT_SQUASH ? 1 : 2, &c, &id, err) < 0)
        return -1;
    *ret = repo_oid_text(a, &id);
    return 0;
}

int sw_git_merge(SwArena *a, const char *path, const SwGitMerge *m, SwStr *ret_commit, SwStrList *ret_conflicts, SwError *err) {
    _git_(git_repository) git_repository *r = NULL;
    _git_(git_commit) git_commit *dest = NULL, *source = NULL;
    int ahead, behind;

    if (ret_conflicts)
        *ret_conflicts = (SwStrList){0};
    if (repo_open(path, &r, err) < 0 || repo_get_commit(r, m->destination, &dest, err) < 0 ||
        repo_get_commit(r, m->source, &source, err) < 0)
        return -1;
    behind = git_oid_equal(git_commit_id(dest), git_commit_id(source)) ||
             git_graph_descendant_of(r, git_commit_id(dest), git_commit_id(source)) == 1;
    ahead = git_graph_descendant_of(r, git_commit_id(source), git_commit_id(dest));
    if (behind) { /* merged already */
        *ret_commit = sw_str_dup(a, m->destination);
        return 0;
    }
    if (m->kind == SW_GIT_FAST_FORWARD && ahead != 1)
        return sw_fail(err, &SW_GIT_MERGE_CONFLICT, "The commits cannot be merged by fast-forward");
    if (m->kind == SW_GIT_FAST_FORWARD)
        *ret_commit = sw_str_dup(a, m->source);
    else if (merge_trees(a, r, m, dest, source, ret_commit, ret_conflicts, err) < 0)
        return -1;
    return sw_str_is(m->branch) ? move_branch(a, r, m->branch, m->destination, *ret_commit, err) : 0;
}
