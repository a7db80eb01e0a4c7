/* SPDX-License-Identifier: Apache-2.0 */

/* Repositories and their refs. libgit2 is set to fsync what it writes, to read no configuration of
 * the machine or a user, and not to care who owns a repository: paths come from the services, never
 * from clients. */

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/id.h"
#include "base/log.h"
#include "git/internal.h"

const SwErrorKind SW_GIT_REPOSITORY_NOT_FOUND = {.code = "GitRepositoryNotFound", .http = 404};
const SwErrorKind SW_GIT_NOT_FOUND = {.code = "GitNotFound", .http = 404};
const SwErrorKind SW_GIT_EXISTS = {.code = "GitExists", .http = 400};
const SwErrorKind SW_GIT_INVALID = {.code = "GitInvalid", .http = 400};
const SwErrorKind SW_GIT_CHANGED = {.code = "GitChanged", .http = 400};
const SwErrorKind SW_GIT_NO_CHANGE = {.code = "GitNoChange", .http = 400};
const SwErrorKind SW_GIT_PATH_CONFLICT = {.code = "GitPathConflict", .http = 400};
const SwErrorKind SW_GIT_TOO_LARGE = {.code = "GitTooLarge", .http = 413};
const SwErrorKind SW_GIT_MERGE_CONFLICT = {.code = "GitMergeConflict", .http = 400};
const SwErrorKind SW_GIT_BAD_REQUEST = {.code = "GitBadRequest", .http = 400};

static void start_library(void) {
    git_libgit2_init();
    git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
    for (int level = GIT_CONFIG_LEVEL_PROGRAMDATA; level <= GIT_CONFIG_LEVEL_GLOBAL; level++)
        git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "");
}

static void need_library(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start_library);
}

int repo_fail(SwError *err, const char *what) {
    const git_error *e = git_error_last();
    char cause[512];

    snprintf(cause, sizeof(cause), "%s: %s", what, e ? e->message : "unknown");
    return sw_fail_cause(err, &SW_INTERNAL_FAILURE, sw_str_z(err->arena, sw_str_dup(err->arena, sw_str(cause))),
                         "The repository cannot be read or written");
}

int repo_open(const char *path, git_repository **ret, SwError *err) {
    int r;

    need_library();
    r = git_repository_open_ext(ret, path, GIT_REPOSITORY_OPEN_BARE | GIT_REPOSITORY_OPEN_NO_SEARCH, NULL);
    if (r == GIT_ENOTFOUND)
        return sw_fail(err, &SW_GIT_REPOSITORY_NOT_FOUND, "The repository does not exist");
    return r < 0 ? repo_fail(err, "open") : 0;
}

SwStr repo_oid_text(SwArena *a, const git_oid *oid) {
    char hex[GIT_OID_HEXSZ + 1];

    git_oid_tostr(hex, sizeof(hex), oid);
    return sw_str_dup(a, sw_str(hex));
}

int repo_parse_oid(SwStr id, git_oid *ret, SwError *err) {
    if (id.n != GIT_OID_HEXSZ || git_oid_fromstrn(ret, id.p, id.n) < 0)
        return sw_fail(err, &SW_GIT_INVALID, "'%.*s' is not a valid id", SW_FMT(id));
    return 0;
}

int repo_get_commit(git_repository *r, SwStr id, git_commit **ret, SwError *err) {
    git_oid oid;
    int rc;

    if (repo_parse_oid(id, &oid, err) < 0)
        return -1;
    rc = git_commit_lookup(ret, r, &oid);
    if (rc == GIT_ENOTFOUND)
        return sw_fail(err, &SW_GIT_NOT_FOUND, "Commit %.*s does not exist", SW_FMT(id));
    return rc < 0 ? repo_fail(err, "find commit") : 0;
}

int repo_commit_tree(git_repository *r, SwStr commit, git_tree **ret, SwError *err) {
    _git_(git_commit) git_commit *c = NULL;

    if (repo_get_commit(r, commit, &c, err) < 0)
        return -1;
    return git_commit_tree(ret, c) < 0 ? repo_fail(err, "find tree") : 0;
}

int repo_clean_path(SwArena *a, SwStr path, const char **ret, SwError *err) {
    SwStr whole = path, part, rest;

    while (sw_str_starts(path, SW_STR("/")))
        path = sw_str_skip(path, 1);
    while (sw_str_ends(path, SW_STR("/")))
        path = sw_str_drop(path, 1);
    rest = path;
    while (sw_str_next(&rest, '/', &part))
        if (!sw_path_is_component(part) || sw_str_ieq(part, SW_STR(".git")))
            return sw_fail(err, &SW_GIT_INVALID, "'%.*s' is not a valid path", SW_FMT(whole));
    *ret = sw_str_z(a, path.n ? path : SW_STR(""));
    return 0;
}

/* ---- life ---- */

static int fsync_parent(const char *path, SwError *err) {
    char copy[PATH_MAX];

    if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy))
        return sw_fail_errno(err, ENAMETOOLONG, "%s", path);
    return sw_fsync_dir(dirname(copy), err);
}

static int make_bare(const char *path, SwStr branch, SwError *err) {
    git_repository_init_options o = GIT_REPOSITORY_INIT_OPTIONS_INIT;
    _git_(git_repository) git_repository *r = NULL;
    char head[512];

    snprintf(head, sizeof(head), "refs/heads/%.*s", SW_FMT(branch));
    o.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_MKPATH | GIT_REPOSITORY_INIT_NO_REINIT;
    o.initial_head = head;
    o.template_path = NULL;
    return git_repository_init_ext(&r, path, &o) < 0 ? repo_fail(err, "create") : 0;
}

static void discard(SwArena *a, const char *tmp) {
    SwError err = sw_error(a);
    if (sw_rm_tree(tmp, &err) < 0)
        sw_log(SW_WARN, "cannot remove half a repository", SW_F("path", tmp), SW_F("cause", err.cause));
}

/* libgit2 fsyncs objects and refs, but not a new repository's first files. */
static int settle(SwArena *a, const char *path, SwError *err) {
    static const char *const file[] = {"config", "HEAD"}, *const folder[] = {"refs", "objects", "."};

    for (size_t i = 0; i < SW_N(file); i++) {
        _sw_close_ int fd = open(sw_path(a, path, file[i]), O_RDONLY | O_CLOEXEC);
        if (fd < 0 || fsync(fd) < 0)
            return sw_fail_errno(err, errno, "fsync %s of a new repository", file[i]);
    }
    for (size_t i = 0; i < SW_N(folder); i++)
        if (sw_fsync_dir(sw_path(a, path, folder[i]), err) < 0)
            return -1;
    return 0;
}

/* Made beside its place and moved there, so that a crash leaves no half repository under the name.
 */
int sw_git_create(const char *path, SwStr branch, SwError *err) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    const char *tmp = sw_str_z(a, sw_strf(a, "%s.new-%.*s", path, 8, sw_id_hex(a, 8).p));

    need_library();
    branch = sw_str_or(branch, SW_STR("main"));
    if (!sw_git_branch_name_valid(branch))
        return sw_fail(err, &SW_GIT_INVALID, "'%.*s' is not a valid branch name", SW_FMT(branch));
    if (sw_exists(path))
        return sw_fail(err, &SW_GIT_EXISTS, "The repository exists already");
    if (make_bare(tmp, branch, err) < 0 || settle(a, tmp, err) < 0) {
        discard(a, tmp);
        return -1;
    }
    if (rename(tmp, path) < 0) {
        int e = errno;
        discard(a, tmp);
        if (e == EEXIST || e == ENOTEMPTY)
            return sw_fail(err, &SW_GIT_EXISTS, "The repository exists already");
        return sw_fail_errno(err, e, "rename %s", tmp);
    }
    return fsync_parent(path, err);
}

int sw_git_delete(const char *path, SwError *err) {
    return sw_rm_tree(path, err);
}

int sw_git_rename(const char *from, const char *to, SwError *err) {
    if (sw_exists(to))
        return sw_fail(err, &SW_GIT_EXISTS, "The repository exists already");
    if (rename(from, to) < 0)
        return errno == ENOENT ? sw_fail(err, &SW_GIT_REPOSITORY_NOT_FOUND, "The repository does not exist")
                               : sw_fail_errno(err, errno, "rename %s", from);
    return fsync_parent(to, err);
}

bool sw_git_exists(const char *path) {
    _git_(git_repository) git_repository *r = NULL;

    need_library();
    return git_repository_open_ext(&r, path, GIT_REPOSITORY_OPEN_BARE | GIT_REPOSITORY_OPEN_NO_SEARCH, NULL) == 0;
}

/* ---- refs ---- */

bool sw_git_branch_name_valid(SwStr branch) {
    char z[300];
    int valid = 0;

    if (branch.n == 0 || branch.n > 256 || memchr(branch.p, 0, branch.n) || branch.p[0] == '-')
        return false;
    snprintf(z, sizeof(z), "refs/heads/%.*s", SW_FMT(branch));
    return git_reference_name_is_valid(&valid, z) == 0 && valid;
}

static int compare_refs(const void *x, const void *y) {
    return sw_str_cmp(((const SwGitRef *)x)->name, ((const SwGitRef *)y)->name);
}

int sw_git_refs(SwArena *a, const char *path, SwStr prefix, SwGitRefList *ret, SwError *err) {
    _git_(git_repository) git_repository *r = NULL;
    _git_(git_reference_iterator) git_reference_iterator *it = NULL;
    int rc;

    *ret = (SwGitRefList){0};
    if (repo_open(path, &r, err) < 0)
        return -1;
    if (git_reference_iterator_new(&it, r) < 0)
        return repo_fail(err, "list refs");
    for (;;) {
        _git_(git_reference) git_reference *ref = NULL;
        rc = git_reference_next(&ref, it);
        if (rc < 0)
            break;
        SwStr name = sw_str(git_reference_name(ref));
        if (git_reference_type(ref) == GIT_REFERENCE_DIRECT && sw_str_starts(name, sw_str_or(prefix, SW_STR(""))))
            *sw_list_add(a, ret) = (SwGitRef){sw_str_dup(a, name), repo_oid_text(a, git_reference_target(ref))};
    }
    if (rc != GIT_ITEROVER)
        return repo_fail(err, "list refs");
    if (ret->n)
        qsort(ret->v, ret->n, sizeof(*ret->v), compare_refs);
    return 0;
}

static bool is_tracked(SwStr ref) {
    return sw_str_starts(ref, SW_STR("refs/heads/")) || sw_str_starts(ref, SW_STR("refs/tags/"));
}

static SwStr snapshot_text(SwArena *a, const SwGitRefList *refs) {
    SwBuf b = sw_buf(a, 32 * SW_MIB);

    for (size_t i = 0; i < refs->n; i++)
        if (is_tracked(refs->v[i].name))
            sw_buf_addf(&b, "%.*s %.*s\n", SW_FMT(refs->v[i].id), SW_FMT(refs->v[i].name));
    return sw_buf_str(&b);
}

int sw_git_snapshot(SwArena *a, const char *path, SwStr *ret, SwError *err) {
    SwGitRefList refs;

    if (sw_git_refs(a, path, SW_NO_STR, &refs, err) < 0)
        return -1;
    *ret = snapshot_text(a, &refs);
    return 0;
}

static void parse_snapshot(SwArena *a, SwStr text, SwGitRefList *ret) {
    SwStr line, id;

    *ret = (SwGitRefList){0};
    while (sw_str_next(&text, '\n', &line))
        if (sw_str_cut(&line, ' ', &id) && id.n == GIT_OID_HEXSZ)
            *sw_list_add(a, ret) = (SwGitRef){line, id};
}

/* Both sorted by name: a merge of the two lists. */
static void compare_snapshots(SwArena *a, const SwGitRefList *was, const SwGitRefList *is, SwGitRefChangeList *ret) {
    size_t i = 0, k = 0;

    while (i < was->n || k < is->n) {
        int c = i == was->n ? 1 : k == is->n ? -1 : sw_str_cmp(was->v[i].name, is->v[k].name);
        if (c < 0) {
            *sw_list_add(a, ret) = (SwGitRefChange){was->v[i].name, was->v[i].id, SW_NO_STR};
        } else if (c > 0) {
            *sw_list_add(a, ret) = (SwGitRefChange){is->v[k].name, SW_NO_STR, is->v[k].id};
        } else if (!sw_str_eq(was->v[i].id, is->v[k].id)) {
            *sw_list_add(a, ret) = (SwGitRefChange){is->v[k].name, was->v[i].id, is->v[k].id};
        }
        i += c <= 0;
        k += c >= 0;
    }
}

int sw_git_changed_since(SwArena *a, const char *path, SwStr last, SwGitRefChangeList *ret, SwStr *ret_now, SwError *err) {
    SwGitRefList was, is;

    *ret = (SwGitRefChangeList){0};
    if (sw_git_snapshot(a, path, ret_now, err) < 0)
        return -1;
    parse_snapshot(a, last, &was);
    parse_snapshot(a, *ret_now, &is);
    compare_snapshots(a, &was, &is, ret);
    return 0;
}

int sw_git_head(SwArena *a, const char *path, SwStr *ret_branch, SwError *err) {
    _git_(git_repository) git_repository *r = NULL;
    _git_(git_reference) git_reference *head = NULL;
    int rc;

    *ret_branch = SW_NO_STR;
    if (repo_open(path, &r, err) < 0)
        return -1;
    rc = git_repository_head(&head, r);
    if (rc == GIT_EUNBORNBRANCH || rc == GIT_ENOTFOUND)
        return 0;
    if (rc < 0)
        return repo_fail(err, "read HEAD");
    *ret_branch = sw_str_dup(a, sw_str(git_reference_shorthand(head)));
    return 0;
}

int sw_git_set_head(const char *path, SwStr branch, SwError *err) {
    _git_(git_repository) git_repository *r = NULL;
    _git_(git_reference) git_reference *ref = NULL;
    char name[512];

    if (repo_open(path, &r, err) < 0)
        return -1;
    if (!sw_git_branch_name_valid(branch))
        return sw_fail(err, &SW_GIT_INVALID, "'%.*s' is not a valid branch name", SW_FMT(branch));
    snprintf(name, sizeof(name), "refs/heads/%.*s", SW_FMT(branch));
    if (git_reference_lookup(&ref, r, name) < 0)
        return sw_fail(err, &SW_GIT_NOT_FOUND, "Branch '%.*s' does not exist", SW_FMT(branch));
    return git_repository_set_head(r, name) < 0 ? repo_fail(err, "set HEAD") : 0;
}

int repo_adopt_head(git_repository *r, SwStr branch_ref, SwError *err) {
    char name[512];

    if (!sw_str_starts(branch_ref, SW_STR("refs/heads/")) || git_repository_head_unborn(r) != 1)
        return 0;
    snprintf(name, sizeof(name), "%.*s", SW_FMT(branch_ref));
    return git_repository_set_head(r, name) < 0 ? repo_fail(err, "set HEAD") : 0;
}

static int swap_locked(git_repository *r, git_transaction *tx, const char *ref, SwStr old_id, const git_oid *new_oid,
                       SwError *err) {
    git_oid now;
    int rc = git_reference_name_to_id(&now, r, ref), w;
    char hex[GIT_OID_HEXSZ + 1] = "";

    if (rc < 0 && rc != GIT_ENOTFOUND)
        return repo_fail(err, "read ref");
    if (rc == 0)
        git_oid_tostr(hex, sizeof(hex), &now);
    if (!sw_str_is(old_id) && rc == 0)
        return sw_fail(err, &SW_GIT_EXISTS, "'%s' exists already", ref);
    if (sw_str_is(old_id) && rc == GIT_ENOTFOUND)
        return sw_fail(err, &SW_GIT_NOT_FOUND, "'%s' does not exist", ref);
    if (sw_str_is(old_id) && !sw_str_eqz(old_id, hex))
        return sw_fail(err, &SW_GIT_CHANGED, "'%s' is at %s, not at %.*s", ref, hex, SW_FMT(old_id));
    w = new_oid ? git_transaction_set_target(tx, ref, new_oid, NULL, NULL) : git_transaction_remove(tx, ref);
    SW_CRASH_POINT("git.ref_locked");
    if (w < 0 || git_transaction_commit(tx) < 0)
        return repo_fail(err, "write ref");
    return 0;
}

int repo_swap_ref(git_repository *r, const char *ref, SwStr old_id, SwStr new_id, SwError *err) {
    _git_(git_transaction) git_transaction *tx = NULL;
    _git_(git_commit) git_commit *c = NULL;
    int valid = 0, rc;

    if (git_reference_name_is_valid(&valid, ref) < 0 || !valid || strncmp(ref, "refs/", 5) != 0)
        return sw_fail(err, &SW_GIT_INVALID, "'%s' is not a valid ref name", ref);
    if (sw_str_is(new_id) && repo_get_commit(r, new_id, &c, err) < 0)
        return -1;
    if (git_transaction_new(&tx, r) < 0)
        return repo_fail(err, "lock ref");
    rc = git_transaction_lock_ref(tx, ref);
    if (rc == GIT_ELOCKED)
        return sw_fail(err, &SW_GIT_CHANGED, "'%s' is being changed by another request", ref);
    if (rc < 0) /* a branch "a" where "a/b" is, or the reverse */
        return sw_fail(err, &SW_GIT_EXISTS, "'%s' is in the way of another ref's name", ref);
    return swap_locked(r, tx, ref, old_id, c ? git_commit_id(c) : NULL, err);
}

int sw_git_update_ref(const char *path, SwStr ref, SwStr old_id, SwStr new_id, SwError *err) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    _git_(git_repository) git_repository *r = NULL;

    if (!sw_str_is(old_id) && !sw_str_is(new_id))
        return sw_fail(err, &SW_GIT_INVALID, "Neither an old nor a new id is given");
    if (repo_open(path, &r, err) < 0 || repo_swap_ref(r, sw_str_z(a, ref), old_id, new_id, err) < 0)
        return -1;
    return sw_str_is(new_id) ? repo_adopt_head(r, ref, err) : 0;
}

/* ---- resolve ---- */

static int peel(git_repository *r, SwArena *a, const char *ref, SwStr *ret) {
    _git_(git_reference) git_reference *found = NULL;
    _git_(git_object) git_object *o = NULL;
    int rc = git_reference_lookup(&found, r, ref);

    if (rc == 0)
        rc = git_reference_peel(&o, found, GIT_OBJECT_COMMIT);
    if (rc == 0)
        *ret = repo_oid_text(a, git_object_id(o));
    return rc;
}

static bool is_hex(SwStr s) {
    return s.n > 0 && strspn(s.p, "0123456789abcdefABCDEF") >= s.n;
}

int sw_git_resolve(SwArena *a, const char *path, SwStr spec, SwStr *ret_commit, SwError *err) {
    static const char *const prefix[] = {"", "refs/heads/", "refs/tags/"};
    _git_(git_repository) git_repository *r = NULL;
    _git_(git_commit) git_commit *c = NULL;
    const char *z = sw_str_z(a, spec);
    git_oid oid;

    if (repo_open(path, &r, err) < 0)
        return -1;
    for (size_t i = 0; i < SW_N(prefix); i++) {
        char name[600];
        if (i == 0 && strcmp(z, "HEAD") != 0 && strncmp(z, "refs/", 5) != 0)
            continue;
        snprintf(name, sizeof(name), "%s%s", prefix[i], z);
        if (peel(r, a, name, ret_commit) == 0)
            return 0;
    }
    spec = sw_str(z);
    if (is_hex(spec) && spec.n >= 4 && spec.n <= GIT_OID_HEXSZ && git_oid_fromstrn(&oid, spec.p, spec.n) == 0 &&
        git_commit_lookup_prefix(&c, r, &oid, spec.n) == 0) {
        *ret_commit = repo_oid_text(a, git_commit_id(c));
        return 0;
    }
    return sw_fail(err, &SW_GIT_NOT_FOUND, "'%.*s' does not name a commit", SW_FMT(spec));
}
