/* SPDX-License-Identifier: Apache-2.0 */
/* Commits: read them, compare them, make them. */

#include "services/codecommit/codecommit.h"

#define BATCH_MAX        100
#define ENTRIES_MAX      100 /* of CreateCommit */
#define DIFFERENCES_PAGE 400

int codecommit_fail_git(SwError *err, const SwErrorKind *not_found) {
    static const struct {
        const SwErrorKind *git, *kind;
    } table[] = {
        {&SW_GIT_REPOSITORY_NOT_FOUND, &CODECOMMIT_REPOSITORY_DOES_NOT_EXIST_EXCEPTION},
        {&SW_GIT_INVALID, &CODECOMMIT_INVALID_PATH_EXCEPTION},
        {&SW_GIT_CHANGED, &CODECOMMIT_PARENT_COMMIT_ID_OUTDATED_EXCEPTION},
        {&SW_GIT_NO_CHANGE, &CODECOMMIT_NO_CHANGE_EXCEPTION},
        {&SW_GIT_PATH_CONFLICT, &CODECOMMIT_FILE_NAME_CONFLICTS_WITH_DIRECTORY_NAME_EXCEPTION},
        {&SW_GIT_TOO_LARGE, &CODECOMMIT_FILE_TOO_LARGE_EXCEPTION},
        {&SW_GIT_MERGE_CONFLICT, &CODECOMMIT_MANUAL_MERGE_REQUIRED_EXCEPTION},
    };
    if (sw_error_is(err, &SW_GIT_NOT_FOUND))
        err->kind = not_found;
    for (size_t i = 0; i < SW_N(table); i++)
        if (sw_error_is(err, table[i].git))
            err->kind = table[i].kind;
    return -1;
}

/* Absent: the default branch's tip. */
int codecommit_resolve(SwArena *a, const char *path, SwStr spec, SwStr *ret_commit, SwError *err) {
    if (sw_git_resolve(a, path, sw_str_is(spec) ? spec : SW_STR("HEAD"), ret_commit, err) == 0)
        return 0;
    if (sw_error_is(err, &SW_GIT_INVALID))
        err->kind = &CODECOMMIT_INVALID_COMMIT_EXCEPTION;
    return codecommit_fail_git(err, &CODECOMMIT_COMMIT_DOES_NOT_EXIST_EXCEPTION);
}

SwStr codecommit_mode(SwGitMode m) {
    return m == SW_GIT_EXECUTABLE ? SW_STR("EXECUTABLE") : m == SW_GIT_SYMLINK ? SW_STR("SYMLINK") : SW_STR("NORMAL");
}

int codecommit_mode_read(SwStr s, SwGitMode *ret, SwError *err) {
    *ret = (SwGitMode)0;
    if (sw_str_eqz(s, "EXECUTABLE"))
        *ret = SW_GIT_EXECUTABLE;
    else if (sw_str_eqz(s, "NORMAL"))
        *ret = SW_GIT_FILE;
    else if (sw_str_eqz(s, "SYMLINK"))
        *ret = SW_GIT_SYMLINK;
    else if (s.p)
        return sw_fail(err, &CODECOMMIT_INVALID_FILE_MODE_EXCEPTION, "The file mode %.*s is not valid", SW_FMT(s));
    return 0;
}

SwGitWho codecommit_who(SwCtx *cx, SwStr name, SwStr email) {
    SwStr who = sw_str_or(cx->principal.name, cx->principal.session);
    return (SwGitWho){.name = sw_str_or(name, sw_str_or(who, SW_STR("root"))),
                      .email = sw_str_or(email, SW_NO_STR),
                      .at = sw_now(cx)};
}

/* ---- reading ---- */

static CodecommitUserInfo *user(SwArena *a, const SwGitWho *w) {
    CodecommitUserInfo *u = sw_new(a, CodecommitUserInfo);
    int minutes = w->offset_minutes < 0 ? -w->offset_minutes : w->offset_minutes;
    u->name = w->name;
    u->email = w->email.p ? w->email : SW_STR("");
    u->date =
        sw_strf(a, "%lld %c%02d%02d", (long long)(w->at / SW_S), w->offset_minutes < 0 ? '-' : '+', minutes / 60, minutes % 60);
    return u;
}

static void show(SwArena *a, const SwGitCommit *c, CodecommitCommit *to) {
    *to = (CodecommitCommit){
        .commit_id = c->id,
        .tree_id = c->tree,
        .parents = c->parents,
        .message = c->message.p ? c->message : SW_STR(""),
        .author = user(a, &c->author),
        .committer = user(a, &c->committer),
        .additional_data = SW_STR(""),
    };
    sw_list_present(a, &to->parents);
}

int codecommit_get_commit(SwCtx *cx, const CodecommitGetCommitInput *in, CodecommitGetCommitOutput *out, SwError *err) {
    CodecommitRepositoryRecord *r;
    const char *path;
    SwGitCommit c;
    if (codecommit_open(cx, in->repository_name, &r, &path, err) < 0)
        return -1;
    if (sw_git_commit(cx->arena, path, in->commit_id, &c, err) < 0)
        return sw_error_is(err, &SW_GIT_INVALID) ? sw_fail(err, &CODECOMMIT_INVALID_COMMIT_ID_EXCEPTION,
                                                           "The commit ID %.*s is not valid", SW_FMT(in->commit_id))
                                                 : codecommit_fail_git(err, &CODECOMMIT_COMMIT_ID_DOES_NOT_EXIST_EXCEPTION);
    out->commit = sw_new(cx->arena, CodecommitCommit);
    show(cx->arena, &c, out->commit);
    return 0;
}

int codecommit_batch_get_commits(SwCtx *cx, const CodecommitBatchGetCommitsInput *in, CodecommitBatchGetCommitsOutput *out,
                                 SwError *err) {
    CodecommitRepositoryRecord *r;
    const char *path;
    if (!in->commit_ids.n)
        return sw_fail(err, &CODECOMMIT_COMMIT_IDS_LIST_REQUIRED_EXCEPTION, "A list of commit IDs is required");
    if (in->commit_ids.n > BATCH_MAX)
        return sw_fail(err, &CODECOMMIT_COMMIT_IDS_LIMIT_EXCEEDED_EXCEPTION, "At most %d commit IDs are allowed", BATCH_MAX);
    if (codecommit_open(cx, in->repository_name, &r, &path, err) < 0)
        return -1;
    sw_list_present(cx->arena, &out->commits);
    sw_list_present(cx->arena, &out->errors);
    for (size_t i = 0; i < in->commit_ids.n; i++) {
        SwGitCommit c;
        SwError one = sw_error(cx->arena);
        if (sw_git_commit(cx->arena, path, in->commit_ids.v[i], &c, &one) == 0) {
            show(cx->arena, &c, sw_list_add(cx->arena, &out->commits));
            continue;
        }
        CodecommitBatchGetCommitsError *e = sw_list_add(cx->arena, &out->errors);
        e->commit_id = in->commit_ids.v[i];
        e->error_code =
            sw_error_is(&one, &SW_GIT_INVALID) ? SW_STR("InvalidCommitIdException") : SW_STR("CommitIdDoesNotExistException");
        e->error_message = sw_str(one.message);
    }
    return 0;
}

static CodecommitBlobMetadata *blob(SwArena *a, const SwGitEntry *e) {
    if (!sw_str_is(e->id))
        return NULL;
    CodecommitBlobMetadata *b = sw_new(a, CodecommitBlobMetadata);
    *b = (CodecommitBlobMetadata){.blob_id = e->id, .path = e->path, .mode = sw_strf(a, "%06o", (unsigned)e->mode)};
    return b;
}

static int show_difference(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    const SwGitDiff *d = row->record;
    CodecommitDifference *shown = to;
    shown->before_blob = blob(cx->arena, &d->before);
    shown->after_blob = blob(cx->arena, &d->after);
    shown->change_type = sw_str_dup(cx->arena, sw_str_n(&d->kind, 1));
    return 0;
}

int codecommit_get_differences(SwCtx *cx, const CodecommitGetDifferencesInput *in, CodecommitGetDifferencesOutput *out,
                               SwError *err) {
    CodecommitRepositoryRecord *r;
    const char *path;
    SwStr before = SW_NO_STR, after;
    SwGitDiffList l;
    SwPageItems items = {0};
    if (codecommit_open(cx, in->repository_name, &r, &path, err) < 0 ||
        codecommit_resolve(cx->arena, path, in->after_commit_specifier, &after, err) < 0 ||
        (sw_str_is(in->before_commit_specifier) &&
         codecommit_resolve(cx->arena, path, in->before_commit_specifier, &before, err) < 0))
        return -1;
    if (sw_git_diff(cx->arena, path, before, after, in->before_path, in->after_path, &l, err) < 0)
        return codecommit_fail_git(err, &CODECOMMIT_PATH_DOES_NOT_EXIST_EXCEPTION);
    for (size_t i = 0; i < l.n; i++)
        *sw_list_add(cx->arena, &items) =
            (SwPageItem){sw_strf(cx->arena, "%.*s\n%c", SW_FMT(l.v[i].after.path.p ? l.v[i].after.path : l.v[i].before.path),
                                 l.v[i].kind),
                         &l.v[i]};
    return sw_page(cx, &(SwPage){.items = items, .show = show_difference, .usual = DIFFERENCES_PAGE}, out, err);
}

/* ---- CreateCommit ---- */

typedef SwGitNewCommit New;

static int add_put(SwArena *a, New *c, const CodecommitPutFileEntry *e, SwError *err) {
    SwGitPut *p = sw_list_add(a, &c->puts);
    p->path = e->file_path;
    if (e->file_content.p && e->source_file)
        return sw_fail(err, &CODECOMMIT_FILE_CONTENT_AND_SOURCE_FILE_SPECIFIED_EXCEPTION,
                       "Both file content and a source file are given for %.*s", SW_FMT(e->file_path));
    if (!e->file_content.p && !e->source_file)
        return sw_fail(err, &CODECOMMIT_SOURCE_FILE_OR_CONTENT_REQUIRED_EXCEPTION,
                       "Either file content or a source file is required for %.*s", SW_FMT(e->file_path));
    if (e->file_content.n > CODECOMMIT_FILE_MAX)
        return sw_fail(err, &CODECOMMIT_FILE_CONTENT_SIZE_LIMIT_EXCEEDED_EXCEPTION, "The content of %.*s exceeds 6 MB",
                       SW_FMT(e->file_path));
    p->data = e->file_content;
    p->source = e->source_file ? e->source_file->file_path : SW_NO_STR;
    if (e->source_file && SW_OR(e->source_file->is_move, false))
        sw_str_list_add(a, &c->deletes, e->source_file->file_path);
    return codecommit_mode_read(e->file_mode, &p->mode, err);
}

static int collect(SwCtx *cx, const CodecommitCreateCommitInput *in, New *c, SwError *err) {
    SwArena *a = cx->arena;
    size_t n = in->put_files.n + in->delete_files.n + in->set_file_modes.n;
    if (n == 0)
        return sw_fail(err, &CODECOMMIT_FILE_ENTRY_REQUIRED_EXCEPTION, "The commit has no file entries");
    if (n > ENTRIES_MAX)
        return sw_fail(err, &CODECOMMIT_MAXIMUM_FILE_ENTRIES_EXCEEDED_EXCEPTION, "At most %d file entries are allowed",
                       ENTRIES_MAX);
    for (size_t i = 0; i < in->put_files.n; i++)
        if (add_put(a, c, &in->put_files.v[i], err) < 0)
            return -1;
    for (size_t i = 0; i < in->delete_files.n; i++)
        sw_str_list_add(a, &c->deletes, in->delete_files.v[i].file_path);
    for (size_t i = 0; i < in->set_file_modes.n; i++) {
        SwGitPut *p = sw_list_add(a, &c->puts);
        p->path = in->set_file_modes.v[i].file_path;
        if (codecommit_mode_read(in->set_file_modes.v[i].file_mode, &p->mode, err) < 0)
            return -1;
    }
    for (size_t i = 0; i < c->puts.n; i++)
        for (size_t k = 0; k < i; k++)
            if (sw_str_eq(c->puts.v[i].path, c->puts.v[k].path))
                return sw_fail(err, &CODECOMMIT_SAME_PATH_REQUEST_EXCEPTION, "The path %.*s is named twice",
                               SW_FMT(c->puts.v[i].path));
    return 0;
}

static void add_metadata(SwArena *a, CodecommitFileMetadataList *to, const SwGitEntry *e) {
    CodecommitFileMetadata *m = sw_list_add(a, to);
    *m = (CodecommitFileMetadata){.absolute_path = e->path, .blob_id = e->id, .file_mode = codecommit_mode(e->mode)};
}

static int show_changes(SwCtx *cx, const char *path, SwStr before, const SwGitCommit *made, CodecommitCreateCommitOutput *out,
                        SwError *err) {
    SwGitDiffList l;
    if (sw_git_diff(cx->arena, path, before, made->id, SW_NO_STR, SW_NO_STR, &l, err) < 0)
        return codecommit_fail_git(err, &CODECOMMIT_COMMIT_DOES_NOT_EXIST_EXCEPTION);
    out->commit_id = made->id;
    out->tree_id = made->tree;
    sw_list_present(cx->arena, &out->files_added);
    sw_list_present(cx->arena, &out->files_updated);
    sw_list_present(cx->arena, &out->files_deleted);
    for (size_t i = 0; i < l.n; i++) {
        const SwGitDiff *d = &l.v[i];
        CodecommitFileMetadataList *to = d->kind == 'A'   ? &out->files_added
                                         : d->kind == 'M' ? &out->files_updated
                                                          : &out->files_deleted;
        add_metadata(cx->arena, to, d->kind == 'D' ? &d->before : &d->after);
    }
    return 0;
}

int codecommit_create_commit(SwCtx *cx, const CodecommitCreateCommitInput *in, CodecommitCreateCommitOutput *out,
                             SwError *err) {
    CodecommitRepositoryRecord *r;
    const char *path;
    SwGitCommit made;
    New c = {
        .branch = in->branch_name,
        .message = in->commit_message.p ? in->commit_message : SW_STR(""),
        .author = codecommit_who(cx, in->author_name, in->email),
        .keep_empty_folders = SW_OR(in->keep_empty_folders, false),
    };
    if (codecommit_open(cx, in->repository_name, &r, &path, err) < 0 || collect(cx, in, &c, err) < 0 ||
        codecommit_parent(cx, path, in->branch_name, in->parent_commit_id, &c.parent, err) < 0)
        return -1;
    if (sw_git_commit_files(cx->arena, path, &c, &made, NULL, err) < 0)
        return codecommit_fail_git(err, &CODECOMMIT_FILE_DOES_NOT_EXIST_EXCEPTION);
    codecommit_moved(cx, path, in->branch_name, c.parent, made.id);
    if (show_changes(cx, path, c.parent, &made, out, err) < 0)
        return -1;
    return codecommit_settle(cx, r, cx->principal.arn, err);
}
