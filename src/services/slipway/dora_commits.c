/* SPDX-License-Identifier: Apache-2.0 */
/* Which commits a deployment brings: git's `previous..commit`, walked through CodeCommit's API. */

#include "models/codecommit.gen.h"
#include "services/slipway/dora.h"

typedef struct Walk {
    SwCtx *cx;
    SwStr repository;
    SwStrList seen; /* in the order they were reached */
    SlipwayDeploymentCommitList commits;
    bool merged; /* a commit with two parents was on the way */
} Walk;

/* "1763700000 +0100" */
static SwOptTime date_of(const CodecommitUserInfo *who) {
    SwStr rest = who ? who->date : SW_NO_STR, number = rest;
    int64_t s;
    (void)(sw_str_cut(&rest, ' ', &number) || (number = rest).n);
    return sw_str_to_i64(number, &s) ? SW_SOME_TIME(s * SW_S) : (SwOptTime){0};
}

/* From one commit through all parents, not beyond those in `stop`. */
static int walk(Walk *w, SwStr from, const SwStrList *stop, SwError *err) {
    SwArena *a = w->cx->arena;
    sw_str_list_add(a, &w->seen, from);
    for (size_t i = 0; i < w->seen.n && i < SLIPWAY_DORA_COMMITS_MAX; i++) {
        const CodecommitGetCommitInput in = {.repository_name = w->repository, .commit_id = w->seen.v[i]};
        CodecommitGetCommitOutput *out;
        if (codecommit_call_get_commit(w->cx, &in, &out, err) < 0)
            return -1;
        SlipwayDeploymentCommit *c = sw_list_add(a, &w->commits);
        c->commit_id = w->seen.v[i];
        c->committed_at = date_of(out->commit->committer);
        w->merged |= out->commit->parents.n > 1;
        for (size_t k = 0; k < out->commit->parents.n; k++)
            if (!sw_str_list_has(stop, out->commit->parents.v[k]) && !sw_str_list_has(&w->seen, out->commit->parents.v[k]))
                sw_str_list_add(a, &w->seen, out->commit->parents.v[k]);
    }
    return 0;
}

int slipway_dora_commits(SwCtx *cx, SwStr repository, SwStr commit, SwStr previous, SlipwayDeploymentCommitList *ret,
                         SwError *err) {
    Walk w = {.cx = cx, .repository = repository}, old = {.cx = cx, .repository = repository};
    const SwStrList none = {0};
    SwStrList stop = {0};
    if (sw_str_eq(commit, previous))
        return 0; /* the same again brings nothing */
    if (!sw_str_is(previous)) {
        const CodecommitGetCommitInput in = {.repository_name = repository, .commit_id = commit};
        CodecommitGetCommitOutput *out;
        if (codecommit_call_get_commit(cx, &in, &out, err) < 0)
            return -1;
        SlipwayDeploymentCommit *c = sw_list_add(cx->arena, ret);
        c->commit_id = commit;
        c->committed_at = date_of(out->commit->committer);
        return 0;
    }
    sw_str_list_add(cx->arena, &stop, previous);
    if (walk(&w, commit, &stop, err) < 0)
        return -1;
    /* Behind a merge there may be commits that the previous deployment had already. */
    if (w.merged && walk(&old, previous, &none, err) < 0)
        return -1;
    for (size_t i = 0; i < w.commits.n; i++)
        if (!sw_str_list_has(&old.seen, w.commits.v[i].commit_id))
            *sw_list_add(cx->arena, ret) = w.commits.v[i];
    return 0;
}
