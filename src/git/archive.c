/* SPDX-License-Identifier: Apache-2.0 */

/* A commit as a zip or tar. Equal commits must give equal bytes (artifact stores are
 * content-addressed), so the order is git's, times are the committer's, and owners are nobody. */

#include <errno.h>
#include <locale.h>

#include "base/lazy_archive.h"
#include "git/internal.h"

typedef struct Writer {
    git_repository *r;
    struct archive *out;
    time_t at;
    SwError *err;
    SwLack lack; /* memory ended in a callback */
} Writer;

static int archive_fail(SwError *err, struct archive *out) {
    const char *text = archive_error_string(out);
    return sw_fail_cause(err, &SW_INTERNAL_FAILURE,
                         sw_str_z(err->arena, sw_str_dup(err->arena, sw_str(text ? text : "unknown"))),
                         "The archive cannot be written");
}

static int set_format(struct archive *out, SwGitFormat f) {
    if (f == SW_GIT_ZIP)
        return archive_write_set_format_zip(out) == ARCHIVE_OK && archive_write_add_filter_none(out) == ARCHIVE_OK ? 0 : -1;
    if (archive_write_set_format_pax_restricted(out) != ARCHIVE_OK)
        return -1;
    if (f == SW_GIT_TAR)
        return archive_write_add_filter_none(out) == ARCHIVE_OK ? 0 : -1;
    return archive_write_add_filter_gzip(out) == ARCHIVE_OK &&
                   archive_write_set_filter_option(out, "gzip", "timestamp", NULL) == ARCHIVE_OK
               ? 0
               : -1;
}

static int write_entry(Writer *w, struct archive_entry *e, const void *data, size_t n) {
    if (archive_write_header(w->out, e) < ARCHIVE_WARN)
        return archive_fail(w->err, w->out);
    for (size_t at = 0; at < n;) {
        la_ssize_t k = archive_write_data(w->out, (const char *)data + at, n - at);
        if (k <= 0)
            return archive_fail(w->err, w->out);
        at += (size_t)k;
    }
    return 0;
}

static int add_blob(Writer *w, struct archive_entry *e, const git_tree_entry *te) {
    _git_(git_blob) git_blob *b = NULL;

    if (git_blob_lookup(&b, w->r, git_tree_entry_id(te)) < 0)
        return repo_fail(w->err, "read blob");
    if (git_tree_entry_filemode(te) == GIT_FILEMODE_LINK) {
        _sw_arena_ SwArena *a = sw_arena_new(0);
        const char *to = sw_str_z(a, sw_str_dup(a, sw_str_n(git_blob_rawcontent(b), (size_t)git_blob_rawsize(b))));
        archive_entry_set_filetype(e, AE_IFLNK);
        archive_entry_set_perm(e, 0777);
        archive_entry_set_symlink(e, to);
        return write_entry(w, e, NULL, 0);
    }
    archive_entry_set_filetype(e, AE_IFREG);
    archive_entry_set_perm(e, git_tree_entry_filemode(te) == GIT_FILEMODE_BLOB_EXECUTABLE ? 0755 : 0644);
    archive_entry_set_size(e, git_blob_rawsize(b));
    return write_entry(w, e, git_blob_rawcontent(b), (size_t)git_blob_rawsize(b));
}

static void entry_freep(struct archive_entry **e) {
    archive_entry_free(*e);
}

static int add_entry(Writer *w, const char *root, const git_tree_entry *te) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    git_object_t type = git_tree_entry_type(te);

    if (type == GIT_OBJECT_TREE)
        return 0;
    __attribute__((cleanup(entry_freep))) struct archive_entry *e = archive_entry_new();
    if (!e)
        sw_no_memory(SW_LACK_MACHINE);
    archive_entry_set_pathname(e, sw_str_z(a, sw_strf(a, "%s%s%s", root, git_tree_entry_name(te),
                                                      type == GIT_OBJECT_COMMIT ? "/" : "")));
    archive_entry_set_mtime(e, w->at, 0);
    if (type == GIT_OBJECT_COMMIT) { /* a submodule: its files are elsewhere */
        archive_entry_set_filetype(e, AE_IFDIR);
        archive_entry_set_perm(e, 0755);
        return write_entry(w, e, NULL, 0);
    }
    return add_blob(w, e, te);
}

typedef struct Visit {
    Writer *w;
    const char *root;
    const git_tree_entry *te;
    int r;
} Visit;

static void visit_guarded(void *arg) {
    Visit *v = arg;
    v->r = add_entry(v->w, v->root, v->te);
}

/* libgit2's frames are not to be unwound. */
static int visit(const char *root, const git_tree_entry *te, void *arg) {
    Visit v = {arg, root, te, -1};
    v.w->lack = sw_guard(SW_POOL_NONE, visit_guarded, &v);
    return v.r;
}

static int write_archive(Writer *w, git_tree *tree, SwGitFormat f, int fd) {
    if (set_format(w->out, f) < 0 || archive_write_set_bytes_in_last_block(w->out, 1) != ARCHIVE_OK ||
        archive_write_open_fd(w->out, fd) != ARCHIVE_OK)
        return archive_fail(w->err, w->out);
    int r = git_tree_walk(tree, GIT_TREEWALK_PRE, visit, w);
    if (w->lack != SW_LACK_NONE)
        sw_no_memory(w->lack);
    if (r < 0)
        return w->err->kind ? -1 : repo_fail(w->err, "walk tree");
    return archive_write_close(w->out) != ARCHIVE_OK ? archive_fail(w->err, w->out) : 0;
}

int sw_git_archive(const char *path, SwStr commit, SwGitFormat f, int fd, SwError *err) {
    _git_(git_repository) git_repository *r = NULL;
    _git_(git_commit) git_commit *c = NULL;
    _git_(git_tree) git_tree *t = NULL;
    locale_t utf8, was;
    int rc;

    if (repo_open(path, &r, err) < 0 || repo_get_commit(r, commit, &c, err) < 0)
        return -1;
    if (git_commit_tree(&t, c) < 0)
        return repo_fail(err, "read tree");
    Writer w = {.r = r, .out = archive_write_new(), .at = (time_t)git_commit_time(c), .err = err};
    utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0); /* libarchive marks names by the thread's locale */
    was = utf8 ? uselocale(utf8) : (locale_t)0;
    rc = write_archive(&w, t, f, fd);
    archive_write_free(w.out);
    if (utf8) {
        uselocale(was);
        freelocale(utf8);
    }
    return rc;
}
