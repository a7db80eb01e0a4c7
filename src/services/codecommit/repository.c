/* SPDX-License-Identifier: Apache-2.0 */
/* Repositories and their tags. A folder is made before its document and removed after it: what a
 * crash leaves without a document is removed at the next start (changes.c). */

#include <stdlib.h>

#include "base/file.h"
#include "base/id.h"
#include "base/log.h"
#include "services/codecommit/codecommit.h"

#define LIST_PAGE 1000
#define BATCH_MAX 100

const char *codecommit_folder(const SwHost *h, SwArena *a) {
    return sw_path(a, h->config->data, "git");
}

const char *codecommit_path(const SwHost *h, SwArena *a, SwStr repository_id) {
    return sw_path(a, codecommit_folder(h, a), sw_str_z(a, repository_id));
}

int codecommit_open(SwCtx *cx, SwStr name, CodecommitRepositoryRecord **ret, const char **ret_path, SwError *err) {
    if (codecommit_repository_get(cx, name, ret, err) < 0)
        return -1;
    *ret_path = codecommit_path(cx->host, cx->arena, (*ret)->metadata->repository_id);
    return 0;
}

/* What changes without the document: addresses and the branch that HEAD names. */
static int shown(SwCtx *cx, const CodecommitRepositoryRecord *r, CodecommitRepositoryMetadata *to, SwError *err) {
    *to = *r->metadata;
    to->arn = codecommit_repository_arn(cx, to->repository_name);
    to->clone_url_http =
        sw_strf(cx->arena, "http://%.*s/v1/repos/%.*s", SW_FMT(cx->host->registry), SW_FMT(to->repository_name));
    to->clone_url_ssh = sw_strf(cx->arena, "ssh://git-codecommit.%.*s.amazonaws.com/v1/repos/%.*s", SW_FMT(cx->region),
                                SW_FMT(to->repository_name));
    return sw_git_head(cx->arena, codecommit_path(cx->host, cx->arena, to->repository_id), &to->default_branch, err);
}

static int check_name(SwStr name, SwError *err) {
    if (sw_str_ends(name, SW_STR(".git")))
        return sw_fail(err, &CODECOMMIT_INVALID_REPOSITORY_NAME_EXCEPTION,
                       "The repository name %.*s is not valid. Repository names cannot end in .git", SW_FMT(name));
    return 0;
}

/* ---- tags ---- */

int codecommit_list_tags_for_resource(SwCtx *cx, const CodecommitListTagsForResourceInput *in,
                                      CodecommitListTagsForResourceOutput *out, SwError *err) {
    static const SwPageFault bad_token = {&CODECOMMIT_INVALID_RESOURCE_ARN_EXCEPTION, "The continuation token is not valid"};
    const SwResource *const among[] = {&codecommit_repository_resource, NULL};
    SwStrMap *tags;
    SwPageItems items = {0};
    if (sw_op_check_arns(cx, among, SW_ONE(in->resource_arn), err) < 0 ||
        sw_op_tags(cx, among, in->resource_arn, &tags, err) < 0)
        return -1;
    for (size_t i = 0; i < tags->n; i++)
        *sw_list_add(cx->arena, &items) = (SwPageItem){tags->v[i].key, &tags->v[i]};
    return sw_page(cx, &(SwPage){.items = items, .bad_token = &bad_token}, out, err);
}

/* ---- repositories ---- */

static void remove_folder(void *arg) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    if (sw_git_delete(arg, &err) < 0)
        sw_log(SW_WARN, "a repository's folder cannot be removed", SW_F("folder", (const char *)arg), SW_F("cause", err.cause));
}

int codecommit_create_repository(SwCtx *cx, const CodecommitCreateRepositoryInput *in, CodecommitCreateRepositoryOutput *out,
                                 SwError *err) {
    SwArena *a = cx->arena;
    if (sw_str_is(in->kms_key_id))
        return sw_refuse_field(err, &CODECOMMIT_ENCRYPTION_KEY_INVALID_ID_EXCEPTION, "kmsKeyId",
                               "KMS encryption is not supported");
    if (check_name(in->repository_name, err) < 0)
        return -1;
    CodecommitRepositoryRecord r = {.metadata = sw_new(a, CodecommitRepositoryMetadata)};
    *r.metadata = (CodecommitRepositoryMetadata){
        .account_id = cx->account,
        .repository_id = sw_id_uuid(a),
        .repository_name = in->repository_name,
        .repository_description = in->repository_description,
        .creation_date = SW_SOME_TIME(sw_now(cx)),
        .last_modified_date = SW_SOME_TIME(sw_now(cx)),
    };
    if (codecommit_repository_set_tags(cx, in->repository_name, &r, &in->tags, err) < 0 ||
        codecommit_repository_insert(cx, in->repository_name, &r, err) < 0 ||
        sw_mkdirs(codecommit_folder(cx->host, a), 0700, err) < 0)
        return -1;
    const char *path = codecommit_path(cx->host, a, r.metadata->repository_id);
    sw_tx_on_undo(cx->tx, remove_folder, (void *)(uintptr_t)path);
    if (sw_git_create(path, SW_NO_STR, err) < 0)
        return -1;
    SW_CRASH_POINT("codecommit.repository.created_not_committed");
    out->repository_metadata = sw_new(a, CodecommitRepositoryMetadata);
    return shown(cx, &r, out->repository_metadata, err);
}

int codecommit_get_repository(SwCtx *cx, const CodecommitGetRepositoryInput *in, CodecommitGetRepositoryOutput *out,
                              SwError *err) {
    CodecommitRepositoryRecord *r;
    if (codecommit_repository_get(cx, in->repository_name, &r, err) < 0)
        return -1;
    out->repository_metadata = sw_new(cx->arena, CodecommitRepositoryMetadata);
    return shown(cx, r, out->repository_metadata, err);
}

int codecommit_batch_get_repositories(SwCtx *cx, const CodecommitBatchGetRepositoriesInput *in,
                                      CodecommitBatchGetRepositoriesOutput *out, SwError *err) {
    if (in->repository_names.n > BATCH_MAX)
        return sw_fail(err, &CODECOMMIT_MAXIMUM_REPOSITORY_NAMES_EXCEEDED_EXCEPTION, "At most %d repository names are allowed",
                       BATCH_MAX);
    sw_list_present(cx->arena, &out->repositories);
    sw_list_present(cx->arena, &out->repositories_not_found);
    sw_list_present(cx->arena, &out->errors);
    for (size_t i = 0; i < in->repository_names.n; i++) {
        CodecommitRepositoryRecord *r;
        SwStr name = in->repository_names.v[i];
        if (codecommit_repository_find(cx, name, &r, err) < 0)
            return -1;
        if (!r)
            sw_str_list_add(cx->arena, &out->repositories_not_found, name);
        else if (shown(cx, r, sw_list_add(cx->arena, &out->repositories), err) < 0)
            return -1;
    }
    return 0;
}

static int show_pair(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    const CodecommitRepositoryRecord *r = codecommit_repositories_row(row);
    *(CodecommitRepositoryNameIdPair *)to = (CodecommitRepositoryNameIdPair){.repository_name = r->metadata->repository_name,
                                                                             .repository_id = r->metadata->repository_id};
    return 0;
}

int codecommit_list_repositories(SwCtx *cx, const CodecommitListRepositoriesInput *in, CodecommitListRepositoriesOutput *out,
                                 SwError *err) {
    SwDocQuery q = {.index = sw_str_eqz(in->sort_by, "lastModifiedDate") ? "by_modified" : NULL,
                    .descending = sw_str_eqz(in->order, "descending")};
    return sw_page(cx, &(SwPage){.of = &codecommit_repositories, .q = q, .show = show_pair, .usual = LIST_PAGE}, out, err);
}

int codecommit_update_repository_name(SwCtx *cx, const CodecommitUpdateRepositoryNameInput *in, void *out, SwError *err) {
    CodecommitRepositoryRecord *r;
    if (check_name(in->new_name, err) < 0 || codecommit_repository_get(cx, in->old_name, &r, err) < 0)
        return -1;
    r->metadata->repository_name = in->new_name;
    r->metadata->last_modified_date = SW_SOME_TIME(sw_now(cx));
    return codecommit_repository_insert(cx, in->new_name, r, err) < 0 ? -1
                                                                      : codecommit_repository_delete(cx, in->old_name, err);
}

int codecommit_update_repository_description(SwCtx *cx, const CodecommitUpdateRepositoryDescriptionInput *in, void *out,
                                             SwError *err) {
    CodecommitRepositoryRecord *r;
    if (codecommit_repository_get(cx, in->repository_name, &r, err) < 0)
        return -1;
    r->metadata->repository_description = in->repository_description;
    r->metadata->last_modified_date = SW_SOME_TIME(sw_now(cx));
    return codecommit_repository_put(cx, in->repository_name, r, err);
}

/* AWS: deleting what is not there succeeds, without an id in the reply. */
int codecommit_delete_repository(SwCtx *cx, const CodecommitDeleteRepositoryInput *in, CodecommitDeleteRepositoryOutput *out,
                                 SwError *err) {
    CodecommitRepositoryRecord *r;
    if (codecommit_repository_find(cx, in->repository_name, &r, err) < 0)
        return -1;
    if (!r)
        return 0;
    out->repository_id = r->metadata->repository_id;
    if (codecommit_repository_delete(cx, in->repository_name, err) < 0 ||
        codecommit_refs_delete(cx->tx, r->metadata->repository_id, NULL, err) < 0)
        return -1;
    const char *path = codecommit_path(cx->host, cx->arena, r->metadata->repository_id);
    sw_tx_after_commit(cx->tx, remove_folder, (void *)(uintptr_t)path);
    return 0;
}
