/* SPDX-License-Identifier: Apache-2.0 */
/* From refs to events, each change told exactly once: git/git.h says how. At start every repository
 * is looked at once, for pushes whose events a crash swallowed, and folders without a document are
 * removed. */

#include <dirent.h>

#include "base/file.h"
#include "base/map.h"
#include "services/codecommit/codecommit.h"

/* detail as the CodeCommit user guide shows it under "Monitoring CodeCommit events". */
static int tell(SwCtx *cx, const CodecommitRepositoryMetadata *m, const SwGitRefChange *c, SwStr caller, SwError *err) {
    bool tag = sw_str_starts(c->ref, SW_STR("refs/tags/"));
    const CodecommitStateChange detail = {
        .caller_user_arn = caller,
        .commit_id = c->new_id,
        .event = !c->old_id.p  ? SW_STR("referenceCreated")
                 : c->new_id.p ? SW_STR("referenceUpdated")
                               : SW_STR("referenceDeleted"),
        .old_commit_id = c->old_id,
        .reference_full_name = c->ref,
        .reference_name = sw_str_skip(c->ref, tag ? 10 : 11),
        .reference_type = tag ? SW_STR("tag") : SW_STR("branch"),
        .repository_id = m->repository_id,
        .repository_name = m->repository_name,
    };
    return sw_event(cx, &codecommit_event_repository_state_change, codecommit_repository_arn(cx, m->repository_name), &detail,
                    err);
}

int codecommit_settle(SwCtx *cx, CodecommitRepositoryRecord *r, SwStr caller, SwError *err) {
    SwArena *a = cx->arena;
    CodecommitRepositoryMetadata *m = r->metadata;
    SwGitRefChangeList changes;
    CodecommitRefsRecord *known;
    if (codecommit_refs_find(cx->tx, m->repository_id, &known, err) < 0)
        return -1;
    CodecommitRefsRecord refs = known ? *known : (CodecommitRefsRecord){0};
    if (sw_git_changed_since(a, codecommit_path(cx->host, a, m->repository_id), refs.refs, &changes, &refs.refs, err) < 0)
        return -1;
    for (size_t i = 0; i < changes.n; i++)
        if (tell(cx, m, &changes.v[i], caller, err) < 0)
            return -1;
    if (!changes.n)
        return 0;
    m->last_modified_date = SW_SOME_TIME(sw_now(cx));
    if (codecommit_repositories_put(cx->tx, m->repository_name, r, err) < 0)
        return -1;
    return codecommit_refs_put(cx->tx, m->repository_id, &refs, err);
}

/* ---- at start ---- */

static int repair_in_tx(SwCtx *cx, SwStr name, SwError *err) {
    CodecommitRepositoryRecord *r = NULL;
    if (codecommit_repositories_find(cx->tx, name, &r, err) < 0)
        return -1;
    return r ? codecommit_settle(cx, r, SW_NO_STR, err) : 0;
}

static int repair_step(SwCtx *cx, SwStr id, SwStep *step, SwError *err) {
    if (sw_ctx_begin(cx, SW_WRITE, err) < 0)
        return -1;
    if (repair_in_tx(cx, id, err) < 0) {
        sw_ctx_rollback(cx);
        return -1;
    }
    return sw_ctx_commit(cx, err);
}

const SwController codecommit_repair = {
    .name = "codecommit/repair",
    .step = repair_step,
    .parallel = 1,
    .unfailing = "the next push to the repository settles what this one would have",
};

static void remove_strangers(const SwHost *h, SwArena *a, const SwMap *known) {
    const char *folder = codecommit_folder(h, a);
    _sw_dir_ DIR *d = opendir(folder);
    if (!d)
        return;
    for (struct dirent *e; (e = readdir(d));) {
        SwError ignored = sw_error(a);
        if (e->d_name[0] != '.' && !sw_map_find(known, sw_str(e->d_name)))
            (void)!sw_git_delete(sw_path(a, folder, e->d_name), &ignored); /* tried again at the next start */
    }
}

int codecommit_resume(SwCtx *cx, SwError *err) {
    const SwDocQuery all = {.any_scope = true};
    SwMap known = sw_map(cx->arena);
    CodecommitRepositoryRecords l;
    if (codecommit_repositories_list(cx->tx, &all, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++) {
        const CodecommitRepositoryRecord *record = l.v[i].record;
        sw_map_put(&known, record->metadata->repository_id, l.v[i].record);
        sw_git_unlock(codecommit_path(cx->host, cx->arena, record->metadata->repository_id));
        cx->account = l.v[i].account;
        cx->region = l.v[i].region;
        if (sw_wake(cx, &codecommit_repair, l.v[i].id, 0, err) < 0)
            return -1;
    }
    remove_strangers(cx->host, cx->arena, &known);
    return 0;
}
