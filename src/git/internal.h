/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the files of this room share: libgit2 behind our errors. Not for others. */

#include "base/lazy_git.h"

#include "base/buf.h"
#include "git/git.h"

/* libgit2's objects end with their scope. */
#define GIT_CLEANUP(T) \
    static inline void T##_freep_(T **p) { \
        if (*p) \
            T##_free(*p); \
    }
GIT_CLEANUP(git_repository)
GIT_CLEANUP(git_commit)
GIT_CLEANUP(git_tree)
GIT_CLEANUP(git_tree_entry)
GIT_CLEANUP(git_blob)
GIT_CLEANUP(git_object)
GIT_CLEANUP(git_reference)
GIT_CLEANUP(git_reference_iterator)
GIT_CLEANUP(git_revwalk)
GIT_CLEANUP(git_index)
GIT_CLEANUP(git_index_conflict_iterator)
GIT_CLEANUP(git_diff)
GIT_CLEANUP(git_transaction)
GIT_CLEANUP(git_signature)
GIT_CLEANUP(git_odb)
#define _git_(T) __attribute__((cleanup(T##_freep_)))

int repo_open(const char *path, git_repository **ret, SwError *err) sw_must_check;
/* libgit2's complaint as a cause of an internal failure. */
int repo_fail(SwError *err, const char *what);
SwStr repo_oid_text(SwArena *a, const git_oid *oid);
int repo_parse_oid(SwStr id, git_oid *ret, SwError *err) sw_must_check;
int repo_get_commit(git_repository *r, SwStr id, git_commit **ret, SwError *err) sw_must_check;
int repo_commit_tree(git_repository *r, SwStr commit, git_tree **ret, SwError *err) sw_must_check;
int repo_swap_ref(git_repository *r, const char *ref, SwStr old_id, SwStr new_id, SwError *err) sw_must_check;
/* HEAD to the branch, if HEAD's own branch does not exist. */
int repo_adopt_head(git_repository *r, SwStr branch_ref, SwError *err) sw_must_check;
void repo_fill_commit(SwArena *a, git_commit *c, SwGitCommit *ret);
/* "a/b" without slashes at its ends; SW_GIT_INVALID for "..", ".git", empty parts, NUL. */
int repo_clean_path(SwArena *a, SwStr path, const char **ret, SwError *err) sw_must_check;
