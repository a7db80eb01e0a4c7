/* SPDX-License-Identifier: Apache-2.0 */
/* Single files, folders and blobs. */

#include "services/codecommit/codecommit.h"

int codecommit_parent(SwCtx *cx, const char *path, SwStr branch, SwStr given, SwStr *ret_parent, SwError *err) {
    SwGitRefList refs;
    SwStr tip = SW_NO_STR;
    if (!sw_git_branch_name_valid(branch))
        return sw_fail(err, &CODECOMMIT_INVALID_BRANCH_NAME_EXCEPTION, "The branch name %.*s is not valid", SW_FMT(branch));
    if (sw_git_refs(cx->arena, path, SW_STR("refs/heads/"), &refs, err) < 0)
        return codecommit_fail_git(err, &CODECOMMIT_BRANCH_DOES_NOT_EXIST_EXCEPTION);
    for (size_t i = 0; i < refs.n; i++)
        if (sw_str_eq(sw_str_skip(refs.v[i].name, 11), branch))
            tip = refs.v[i].id;
    *ret_parent = SW_NO_STR;
    if (!refs.n && !sw_str_is(given)) /* the first commit of an empty repository makes its branch */
        return 0;
    if (!sw_str_is(tip))
        return refs.n ? sw_fail(err, &CODECOMMIT_BRANCH_DOES_NOT_EXIST_EXCEPTION, "Branch %.*s does not exist", SW_FMT(branch))
                      : sw_fail(err, &CODECOMMIT_PARENT_COMMIT_DOES_NOT_EXIST_EXCEPTION,
                                "The parent commit %.*s does not exist", SW_FMT(given));
    if (!sw_str_is(given))
        return sw_fail(err, &CODECOMMIT_PARENT_COMMIT_ID_REQUIRED_EXCEPTION,
                       "A parent commit ID is required: the branch %.*s has commits", SW_FMT(branch));
    if (!sw_str_eq(given, tip))
        return sw_fail(err, &CODECOMMIT_PARENT_COMMIT_ID_OUTDATED_EXCEPTION,
                       "The parent commit ID %.*s is not the tip of branch %.*s", SW_FMT(given), SW_FMT(branch));
    *ret_parent = tip;
    return 0;
}

int codecommit_put_file(SwCtx *cx, const CodecommitPutFileInput *in, CodecommitPutFileOutput *out, SwError *err) {
    CodecommitRepositoryRecord *r;
    const char *path;
    SwGitCommit made;
    SwGitEntryList entries;
    SwGitNewCommit c = {
        .branch = in->branch_name,
        .author = codecommit_who(cx, in->name, in->email),
        .message = in->commit_message.p ? in->commit_message : sw_strf(cx->arena, "Added %.*s", SW_FMT(in->file_path)),
    };
    SwGitPut *p = sw_list_add(cx->arena, &c.puts);
    p->path = in->file_path;
    p->data = in->file_content.p ? in->file_content : SW_STR("");
    if (codecommit_mode_read(in->file_mode, &p->mode, err) < 0 ||
        codecommit_open(cx, in->repository_name, &r, &path, err) < 0 ||
        codecommit_parent(cx, path, in->branch_name, in->parent_commit_id, &c.parent, err) < 0)
        return -1;
    if (sw_git_commit_files(cx->arena, path, &c, &made, &entries, err) < 0)
        return sw_error_is(err, &SW_GIT_NO_CHANGE)
                   ? sw_fail(err, &CODECOMMIT_SAME_FILE_CONTENT_EXCEPTION, "The file %.*s already has this content",
                             SW_FMT(in->file_path))
                   : codecommit_fail_git(err, &CODECOMMIT_PARENT_COMMIT_DOES_NOT_EXIST_EXCEPTION);
    codecommit_moved(cx, path, in->branch_name, c.parent, made.id);
    *out = (CodecommitPutFileOutput){.commit_id = made.id,
                                     .tree_id = made.tree,
                                     .blob_id = entries.n ? entries.v[0].id : SW_NO_STR};
    return codecommit_settle(cx, r, cx->principal.arn, err);
}

int codecommit_delete_file(SwCtx *cx, const CodecommitDeleteFileInput *in, CodecommitDeleteFileOutput *out, SwError *err) {
    CodecommitRepositoryRecord *r;
    const char *path;
    SwGitCommit made;
    SwGitEntry entry;
    SwGitNewCommit c = {
        .branch = in->branch_name,
        .author = codecommit_who(cx, in->name, in->email),
        .keep_empty_folders = SW_OR(in->keep_empty_folders, false),
        .message = in->commit_message.p ? in->commit_message : sw_strf(cx->arena, "Deleted %.*s", SW_FMT(in->file_path)),
    };
    sw_str_list_add(cx->arena, &c.deletes, in->file_path);
    if (codecommit_open(cx, in->repository_name, &r, &path, err) < 0 ||
        codecommit_parent(cx, path, in->branch_name, in->parent_commit_id, &c.parent, err) < 0)
        return -1;
    if (sw_git_file(cx->arena, path, c.parent, in->file_path, CODECOMMIT_BLOB_MAX, &entry, NULL, err) < 0 ||
        sw_git_commit_files(cx->arena, path, &c, &made, NULL, err) < 0)
        return codecommit_fail_git(err, &CODECOMMIT_FILE_DOES_NOT_EXIST_EXCEPTION);
    codecommit_moved(cx, path, in->branch_name, c.parent, made.id);
    *out = (CodecommitDeleteFileOutput){.commit_id = made.id,
                                        .tree_id = made.tree,
                                        .blob_id = entry.id,
                                        .file_path = in->file_path};
    return codecommit_settle(cx, r, cx->principal.arn, err);
}

int codecommit_get_file(SwCtx *cx, const CodecommitGetFileInput *in, CodecommitGetFileOutput *out, SwError *err) {
    CodecommitRepositoryRecord *r;
    const char *path;
    SwGitEntry e;
    if (codecommit_open(cx, in->repository_name, &r, &path, err) < 0 ||
        codecommit_resolve(cx->arena, path, in->commit_specifier, &out->commit_id, err) < 0)
        return -1;
    if (sw_git_file(cx->arena, path, out->commit_id, in->file_path, CODECOMMIT_FILE_MAX, &e, &out->file_content, err) < 0)
        return codecommit_fail_git(err, &CODECOMMIT_FILE_DOES_NOT_EXIST_EXCEPTION);
    out->blob_id = e.id;
    out->file_path = e.path;
    out->file_mode = codecommit_mode(e.mode);
    out->file_size = SW_SOME_INT(e.size);
    if (!out->file_content.p)
        out->file_content = SW_STR("");
    return 0;
}

int codecommit_get_blob(SwCtx *cx, const CodecommitGetBlobInput *in, CodecommitGetBlobOutput *out, SwError *err) {
    CodecommitRepositoryRecord *r;
    const char *path;
    if (codecommit_open(cx, in->repository_name, &r, &path, err) < 0)
        return -1;
    if (sw_git_blob(cx->arena, path, in->blob_id, CODECOMMIT_BLOB_MAX, &out->content, err) < 0)
        return sw_error_is(err, &SW_GIT_INVALID)
                   ? sw_fail(err, &CODECOMMIT_INVALID_BLOB_ID_EXCEPTION, "The blob ID %.*s is not valid", SW_FMT(in->blob_id))
                   : codecommit_fail_git(err, &CODECOMMIT_BLOB_ID_DOES_NOT_EXIST_EXCEPTION);
    return 0;
}

static void add_entry(SwArena *a, const SwGitEntry *e, CodecommitGetFolderOutput *out) {
    switch (e->mode) {
    case SW_GIT_FOLDER:
        *(CodecommitFolder *)sw_list_add(a, &out->sub_folders) =
            (CodecommitFolder){.tree_id = e->id, .absolute_path = e->path, .relative_path = e->name};
        break;
    case SW_GIT_SYMLINK:
        *(CodecommitSymbolicLink *)sw_list_add(a, &out->symbolic_links) = (CodecommitSymbolicLink){
            .blob_id = e->id, .absolute_path = e->path, .relative_path = e->name, .file_mode = codecommit_mode(e->mode)};
        break;
    case SW_GIT_SUBMODULE:
        *(CodecommitSubModule *)sw_list_add(a, &out->sub_modules) =
            (CodecommitSubModule){.commit_id = e->id, .absolute_path = e->path, .relative_path = e->name};
        break;
    default:
        *(CodecommitFile *)sw_list_add(a, &out->files) = (CodecommitFile){.blob_id = e->id,
                                                                          .absolute_path = e->path,
                                                                          .relative_path = e->name,
                                                                          .file_mode = codecommit_mode(e->mode)};
    }
}

int codecommit_get_folder(SwCtx *cx, const CodecommitGetFolderInput *in, CodecommitGetFolderOutput *out, SwError *err) {
    CodecommitRepositoryRecord *r;
    const char *path;
    SwGitEntryList l;
    if (codecommit_open(cx, in->repository_name, &r, &path, err) < 0 ||
        codecommit_resolve(cx->arena, path, in->commit_specifier, &out->commit_id, err) < 0)
        return -1;
    if (sw_git_folder(cx->arena, path, out->commit_id, in->folder_path, &l, &out->tree_id, err) < 0)
        return codecommit_fail_git(err, &CODECOMMIT_FOLDER_DOES_NOT_EXIST_EXCEPTION);
    out->folder_path = in->folder_path;
    sw_list_present(cx->arena, &out->sub_folders);
    sw_list_present(cx->arena, &out->files);
    sw_list_present(cx->arena, &out->symbolic_links);
    sw_list_present(cx->arena, &out->sub_modules);
    for (size_t i = 0; i < l.n; i++)
        add_entry(cx->arena, &l.v[i], out);
    return 0;
}
