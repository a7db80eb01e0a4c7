/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* CodeCommit: documents and what its files share. A repository's folder is <data>/git/<repository
 * id>; its document is found by name.
 *
 *   repository  id NAME             metadata and tags
 *   refs        id REPOSITORY ID    the refs for which events were sent (see git/git.h) */

#include "api/host.h"
#include "git/git.h"
#include "models/codecommit_resources.gen.h"

#define CODECOMMIT_FILE_MAX (6 * SW_MIB)  /* GetFile, PutFile: AWS's limit */
#define CODECOMMIT_BLOB_MAX (20 * SW_MIB) /* GetBlob */

extern const SwController codecommit_repair;

/* repository.c */
/* The record of one, and the path of its folder. */
int codecommit_open(SwCtx *cx, SwStr name, CodecommitRepositoryRecord **ret, const char **ret_path, SwError *err) sw_must_check;
const char *codecommit_path(const SwHost *h, SwArena *a, SwStr repository_id);
const char *codecommit_folder(const SwHost *h, SwArena *a); /* <data>/git */

/* changes.c: after every change of refs, in the write transaction cx->tx: events for what changed
 * since the last time. caller: ARN for the events, or absent. */
int codecommit_settle(SwCtx *cx, CodecommitRepositoryRecord *r, SwStr caller, SwError *err) sw_must_check;
/* branch.c: in cx->tx, a branch has moved; where the transaction comes to nothing, it is moved back. from absent: it is new;
 * to absent: it is gone. */
void codecommit_moved(SwCtx *cx, const char *path, SwStr branch, SwStr from, SwStr to);
int codecommit_resume(SwCtx *cx, SwError *err) sw_must_check; /* at start */

/* commit.c */
int codecommit_fail_git(SwError *err, const SwErrorKind *not_found); /* git's kinds to CodeCommit's; returns -1 */
int codecommit_resolve(SwArena *a, const char *path, SwStr spec, SwStr *ret_commit, SwError *err) sw_must_check;
SwStr codecommit_mode(SwGitMode m);                                            /* "NORMAL" */
int codecommit_mode_read(SwStr s, SwGitMode *ret, SwError *err) sw_must_check; /* absent: 0 */
SwGitWho codecommit_who(SwCtx *cx, SwStr name, SwStr email);                   /* absent: the caller */

/* file.c: the commit that a new one on this branch follows; absent for the first of an empty
 * repository. Fails unless `given` is the branch's tip. */
int codecommit_parent(SwCtx *cx, const char *path, SwStr branch, SwStr given, SwStr *ret_parent, SwError *err) sw_must_check;

/* password.c: pure. What `aws codecommit credential-helper` makes: TIMESTAMP "Z" 64 hexadecimal
 * digits, over path and host. path: as in the remote's URL. */
bool codecommit_password_is_signature(SwStr password, SwTime *ret_at);
bool codecommit_password_matches(SwArena *a, SwStr password, SwStr secret, SwStr region, SwStr path, SwStr host);
/* "/v1/repos/NAME/git-upload-pack": the repository's name (without .git), the part of the path that
 * is signed, and the rest behind it. */
bool codecommit_path_parse(SwStr path, SwStr *ret_name, SwStr *ret_signed, SwStr *ret_rest);

/* routes.c, pipeline_action.c */
extern const SwRoute codecommit_routes[1];
extern const SwActionType codecommit_actions[1];
