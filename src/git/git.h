/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Bare git repositories: their transport (stock git's own upload-pack and receive-pack), their data (libgit2), and
 * archives of their commits. A repository is a path; nothing is kept open between calls. Ids are 40 hex digits.
 *
 * A push and its event. Refs live in the repository, events in the store, and a crash may come between the two. So a
 * service keeps, in its repository's record, the snapshot of refs for which events were sent, and does after each push
 * or branch update, and once at start, in ONE store transaction:
 *     sw_git_changed_since(a, path, record->refs, &changes, &record->refs, err);  events for changes; write the record
 * So every change of a ref is told exactly once, in whatever order pushes and crashes come.
 *
 * What is acknowledged is on disk: objects, packs and refs are fsynced before a call or push reports success.
 *
 * Threads: any. */

#include "base/error.h"
#include "base/time.h"
#include "shape/shape.h"

extern const SwErrorKind SW_GIT_REPOSITORY_NOT_FOUND;
extern const SwErrorKind SW_GIT_NOT_FOUND;      /* ref, commit, object, file or folder; the message says which */
extern const SwErrorKind SW_GIT_EXISTS;         /* repository or ref */
extern const SwErrorKind SW_GIT_INVALID;        /* not a valid ref name, id, path or mode */
extern const SwErrorKind SW_GIT_CHANGED;        /* a ref is not where the caller expected: somebody was faster */
extern const SwErrorKind SW_GIT_NO_CHANGE;      /* the commit would equal its parent */
extern const SwErrorKind SW_GIT_PATH_CONFLICT;  /* a file where a folder would be, or the reverse */
extern const SwErrorKind SW_GIT_TOO_LARGE;      /* beyond the caller's limit */
extern const SwErrorKind SW_GIT_MERGE_CONFLICT; /* not mergeable by itself */
extern const SwErrorKind SW_GIT_BAD_REQUEST;    /* a body that is not git's protocol */

/* ---- repositories ---- */

/* Bare, empty, HEAD at refs/heads/<branch> (absent: main) until the first push decides. The path must not exist. */
int sw_git_create(const char *path, SwStr branch, SwError *err) sw_must_check;
int sw_git_delete(const char *path, SwError *err) sw_must_check; /* absent is success */
int sw_git_rename(const char *from, const char *to, SwError *err) sw_must_check;
bool sw_git_exists(const char *path);
/* Removes the locks that a killed process left on refs: nobody could change them ever after. At start, when nobody
 * writes. */
void sw_git_unlock(const char *path);
/* Pack loose objects and many packs together, if there are enough to be worth it; blocks. */
int sw_git_maintain(const char *path, SwError *err) sw_must_check;

/* ---- smart HTTP ---- */

typedef enum SwGitService { SW_GIT_UPLOAD_PACK, SW_GIT_RECEIVE_PACK } SwGitService;
bool sw_git_service_from_name(SwStr name, SwGitService *ret); /* "git-upload-pack", "git-receive-pack" */

/* Reply to GET info/refs?service=NAME. `protocol` is the Git-Protocol header, absent if none.
 * Content-Type: application/x-git-upload-pack-advertisement (sw_git_content_type). Send with Cache-Control: no-cache. */
int sw_git_advertise(SwArena *a, const char *path, SwGitService s, SwStr protocol, SwStream *ret, SwError *err) sw_must_check;
/* Reply to POST git-upload-pack. `body` (transfer and content decoded, at its start) is taken over. Streamed; git is
 * ended and reaped with the arena at the latest, also when the client leaves. */
int sw_git_upload_pack(SwArena *a, const char *path, SwStr protocol, int body, SwStream *ret, SwError *err) sw_must_check;

typedef struct SwGitRefChange {
    SwStr ref;            /* "refs/heads/main" */
    SwStr old_id, new_id; /* absent: created, deleted */
} SwGitRefChange;
typedef struct SwGitRefChangeList {
    SwGitRefChange *v;
    size_t n;
} SwGitRefChangeList;

typedef struct SwGitPush {
    const char *path;
    SwStr protocol;
    int body;          /* as above; taken over */
    int64_t max_bytes; /* of the pack; 0: 2 GiB, CodeCommit's */
    /* Asked once per ref before anything is written, with what the client claims (its old_id is not checked yet).
     * A reason refuses the whole push, and the client shows it; absent allows. NULL: all allowed. */
    SwStr (*refuse)(void *arg, SwArena *a, const SwGitRefChange *c);
    void *arg;
} SwGitPush;

/* POST git-receive-pack. Runs to its end, then replies, so that the caller can store the push's events before the
 * client hears of success. HEAD is moved to the first branch ever pushed. ret_changes: what the client asked for
 * and git did; may be NULL. The reply is well-formed also for a refused push. */
int sw_git_receive_pack(SwArena *a, const SwGitPush *p, SwGitRefChangeList *ret_changes, SwStream *ret,
                        SwError *err) sw_must_check;
/* "application/x-git-upload-pack-advertisement" or "-result". */
SwStr sw_git_content_type(SwGitService s, bool advertisement);
/* Commands at the head of a receive-pack body: bounded, for tests and fuzzing. ret_caps: capabilities of the client. */
int sw_git_parse_commands(SwArena *a, SwStr body, SwGitRefChangeList *ret, SwStr *ret_caps, SwError *err) sw_must_check;

/* ---- refs ---- */

typedef struct SwGitRef {
    SwStr name, id;
} SwGitRef; /* "refs/heads/main" */
typedef struct SwGitRefList {
    SwGitRef *v;
    size_t n;
} SwGitRefList;

int sw_git_refs(SwArena *a, const char *path, SwStr prefix, SwGitRefList *ret,
                SwError *err) sw_must_check; /* by name; "refs/heads/": branches */
/* Text of all refs under refs/heads/ and refs/tags/, and what changed since such a text (absent: since empty). */
int sw_git_snapshot(SwArena *a, const char *path, SwStr *ret, SwError *err) sw_must_check;
int sw_git_changed_since(SwArena *a, const char *path, SwStr last, SwGitRefChangeList *ret, SwStr *ret_now,
                         SwError *err) sw_must_check;
int sw_git_head(SwArena *a, const char *path, SwStr *ret_branch,
                SwError *err) sw_must_check; /* "main"; absent while it has no commit */
int sw_git_set_head(const char *path, SwStr branch, SwError *err) sw_must_check;
/* Compare and swap. old_id absent: create, SW_GIT_EXISTS if there; new_id absent: delete. SW_GIT_CHANGED if it moved. */
int sw_git_update_ref(const char *path, SwStr ref, SwStr old_id, SwStr new_id, SwError *err) sw_must_check;
bool sw_git_branch_name_valid(SwStr branch);
/* Branch, tag, full ref, HEAD or commit id (full, or a unique start of at least 4) to a commit's id. */
int sw_git_resolve(SwArena *a, const char *path, SwStr spec, SwStr *ret_commit, SwError *err) sw_must_check;

/* ---- data ---- */

typedef struct SwGitWho {
    SwStr name, email;
    SwTime at;
    int offset_minutes;
} SwGitWho;
typedef struct SwGitCommit {
    SwStr id, tree, message;
    SwStrList parents;
    SwGitWho author, committer;
} SwGitCommit;
typedef struct SwGitCommitList {
    SwGitCommit *v;
    size_t n;
} SwGitCommitList;

typedef enum SwGitMode { /* as git writes them */
                         SW_GIT_FILE = 0100644,
                         SW_GIT_EXECUTABLE = 0100755,
                         SW_GIT_SYMLINK = 0120000,
                         SW_GIT_SUBMODULE = 0160000,
                         SW_GIT_FOLDER = 0040000
} SwGitMode;
typedef struct SwGitEntry {
    SwStr name, path, id;
    SwGitMode mode;
    int64_t size; /* of files; -1 otherwise */
} SwGitEntry;
typedef struct SwGitEntryList {
    SwGitEntry *v;
    size_t n;
} SwGitEntryList;

int sw_git_commit(SwArena *a, const char *path, SwStr id, SwGitCommit *ret, SwError *err) sw_must_check;
int sw_git_blob(SwArena *a, const char *path, SwStr id, size_t max, SwStr *ret, SwError *err) sw_must_check;
int sw_git_file(SwArena *a, const char *path, SwStr commit, SwStr file, size_t max, SwGitEntry *ret, SwStr *ret_data,
                SwError *err) sw_must_check; /* ret_data may be NULL */
int sw_git_folder(SwArena *a, const char *path, SwStr commit, SwStr folder, SwGitEntryList *ret, SwStr *ret_tree,
                  SwError *err) sw_must_check; /* "" or "/": the root */

typedef struct SwGitDiff {
    char kind;                /* 'A' added, 'M' modified (also its mode), 'D' deleted */
    SwGitEntry before, after; /* absent names where none */
} SwGitDiff;
typedef struct SwGitDiffList {
    SwGitDiff *v;
    size_t n;
} SwGitDiffList;
/* By path; before absent: the empty tree. The two paths, if present, limit to a file or folder on each side (GetDifferences).
 */
int sw_git_diff(SwArena *a, const char *path, SwStr before, SwStr after, SwStr before_path, SwStr after_path,
                SwGitDiffList *ret, SwError *err) sw_must_check;

/* Commits reachable from `from` but from none of `without`, newest first (children before parents), at most `max`.
 * `without` ids that are not in the repository are ignored. For lead times: from the deployed commit, without the last. */
int sw_git_log(SwArena *a, const char *path, SwStr from, const SwStrList *without, size_t max, SwGitCommitList *ret,
               SwError *err) sw_must_check;
/* Commits that changed a file or folder, newest first. */
int sw_git_log_path(SwArena *a, const char *path, SwStr from, SwStr file, size_t max, SwGitCommitList *ret,
                    SwError *err) sw_must_check;
int sw_git_merge_base(SwArena *a, const char *path, SwStr x, SwStr y, SwStr *ret_commit,
                      SwError *err) sw_must_check; /* absent: none */

typedef struct SwGitPut {
    SwStr path;
    SwStr data;     /* absent: keep the present content (mode change, or with `source`: a move) */
    SwStr source;   /* take the content of this path of the parent; absent: none */
    SwGitMode mode; /* 0: the present one, else SW_GIT_FILE */
} SwGitPut;

typedef struct SwGitNewCommit {
    SwStr branch;               /* moved, or made when the repository has no such branch and `parent` says where from */
    SwStr parent;               /* must be the branch's tip (SW_GIT_CHANGED); absent: the branch must not exist */
    SwGitWho author, committer; /* committer.name absent: as author */
    SwStr message;
    struct {
        SwGitPut *v;
        size_t n;
    } puts;
    SwStrList deletes;       /* files */
    bool keep_empty_folders; /* put .gitkeep into folders that a delete empties */
    bool allow_no_change;    /* else SW_GIT_NO_CHANGE */
} SwGitNewCommit;
/* One commit, and the branch moved to it by compare and swap. ret_puts: entries of puts, in their order; may be NULL. */
int sw_git_commit_files(SwArena *a, const char *path, const SwGitNewCommit *c, SwGitCommit *ret, SwGitEntryList *ret_puts,
                        SwError *err) sw_must_check;

typedef enum SwGitMergeKind { SW_GIT_FAST_FORWARD, SW_GIT_SQUASH, SW_GIT_THREE_WAY } SwGitMergeKind;
typedef struct SwGitMerge {
    SwGitMergeKind kind;
    SwStr source, destination; /* commits */
    SwStr branch;              /* moved from `destination` to the result; absent: only tried, nothing is moved */
    SwGitWho author;           /* of squash and three-way */
    SwStr message;
} SwGitMerge;
/* SW_GIT_MERGE_CONFLICT with ret_conflicts (paths; may be NULL) when it cannot be done. */
int sw_git_merge(SwArena *a, const char *path, const SwGitMerge *m, SwStr *ret_commit, SwStrList *ret_conflicts,
                 SwError *err) sw_must_check;

/* ---- archives ---- */

typedef enum SwGitFormat { SW_GIT_ZIP, SW_GIT_TAR, SW_GIT_TAR_GZ } SwGitFormat;
/* All files of a commit, to a descriptor at its position. Equal commits give equal bytes: entries by path, times are
 * the committer's. Execute bits and symbolic links are kept; submodules become empty folders, as `git archive`. */
int sw_git_archive(const char *path, SwStr commit, SwGitFormat f, int fd, SwError *err) sw_must_check;
