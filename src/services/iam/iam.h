/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* IAM's insides: documents, identities (users, groups and roles are alike in what policies they carry), helpers. */

#include "api/host.h"
#include "models/iam_resources.gen.h"
#include "policy/policy.h"

/* identity.c: what users, groups and roles share. */
typedef enum IamKind { IAM_ROLE, IAM_USER, IAM_GROUP } IamKind;
typedef struct IamIdentity {
    IamKind kind;
    SwStr name, arn, id, path;
    bool found;
    union { /* its record */
        IamRoleRecord *role;
        IamUserRecord *user;
        IamGroupRecord *group;
    };
    IamPolicySet *policies;                    /* in the record; never NULL */
    IamAttachedPermissionsBoundary **boundary; /* in the record; NULL: groups have none */
    IamTagList *tags;                          /* NULL: groups have none */
} IamIdentity;

/* ret_i->found false: absent. */
int iam_identity_find(SwCtx *cx, IamKind kind, SwStr name, IamIdentity *ret_i, SwError *err) sw_must_check;
/* NoSuchEntity when absent. */
int iam_identity_get(SwCtx *cx, IamKind kind, SwStr name, IamIdentity *ret_i, SwError *err) sw_must_check;
int iam_identity_put(SwCtx *cx, const IamIdentity *i, SwError *err) sw_must_check;
int iam_identity_delete(SwCtx *cx, const IamIdentity *i,
                        SwError *err) sw_must_check; /* DeleteConflict while it carries policies */
int iam_set_boundary(SwCtx *cx, IamIdentity *i, SwStr policy_arn, SwError *err) sw_must_check; /* absent: none */
const char *iam_kind_noun(IamKind kind);                                                       /* "role" */

/* identity_policies.c and policy.c */
int iam_check_document(SwCtx *cx, SwStr text, SwPolicyUse use, size_t max, const char *quota, SwError *err) sw_must_check;
SwStr iam_encoded(SwCtx *cx, SwStr document); /* documents travel percent-encoded */
SwStr iam_policy_name(SwStr arn);             /* what stands behind its path */
/* The default version's text; absent when there is no such policy. */
int iam_policy_document(SwCtx *cx, SwStr arn, SwStr *ret_document, SwError *err) sw_must_check;
int iam_attachment_add(SwCtx *cx, const IamIdentity *i, SwStr arn, const char *usage, SwError *err) sw_must_check;
int iam_attachment_remove(SwCtx *cx, const IamIdentity *i, SwStr arn, const char *usage, SwError *err) sw_must_check;

#define IAM_PAGE 100 /* elements of a page, unless MaxItems says otherwise */
/* What lies under a path: in the order of paths, or of ids where all do. */
SwDocQuery iam_under(SwStr path_prefix);

int iam_check_arn(SwStr text, SwError *err) sw_must_check; /* ValidationError unless it is one at all */
SwStr iam_path(SwStr path);                                /* "/" when absent */
/* The user a request means when it names none: the caller. */
int iam_user_of(SwCtx *cx, SwStr given, IamIdentity *ret_u, SwError *err) sw_must_check;

/* auth.c, authorise.c, pass_role.c, session.c: what SwHost.auth is made of. */
int iam_auth_key(SwHost *h, SwArena *a, SwStr access_key, SwStr *ret_secret, SwStr *ret_token, SwStr *ret_account,
                 SwPrincipal *ret_p, bool *ret_found, SwError *err);
int iam_auth_password(SwHost *h, SwArena *a, const char *service, SwStr user, SwStr password, SwStr *ret_account,
                      SwPrincipal *ret_p, bool *ret_found, SwError *err);
int iam_auth_authorise(SwCtx *cx, const char *action, SwStr resource, SwError *err);
int iam_auth_pass_roles(SwCtx *cx, const SwOperation *op, const void *in, SwError *err); /* pass_role.c */
int iam_auth_assume(SwCtx *cx, SwStr role_arn, SwStr service, SwPrincipal *ret_p, SwError *err);
int iam_auth_credentials(SwCtx *cx, SwStr role_arn, SwStr session, SwTime lifetime, SwStr *ret_key, SwStr *ret_secret,
                         SwStr *ret_token, SwTime *ret_expires, SwError *err);
int iam_auth_session(SwCtx *cx, const SwSessionSpec *spec, SwSession *ret_s, SwError *err);
int iam_auth_web_identity(SwCtx *cx, SwStr role_arn, SwStr token, SwWebIdentity *ret_w, SwError *err); /* web_identity.c */
int iam_root_credentials(SwHost *h, SwArena *a, bool make, SwStr *ret_key, SwStr *ret_secret, SwError *err) sw_must_check;

/* A role by its ARN, in whatever account that names. *ret_role NULL: none. */
int iam_role_by_arn(SwCtx *cx, SwStr arn, IamRoleRecord **ret_role, SwStr *ret_account, SwError *err) sw_must_check;
/* The role's trust policy, its principals bound to whom they stood for when it was stored. */
int iam_trust_policy(SwCtx *cx, const IamRoleRecord *role, const SwPolicy **ret_p, SwError *err) sw_must_check;
int iam_trust_set(SwCtx *cx, IamRoleRecord *role, SwStr document, SwError *err) sw_must_check;
/* context.c: who asks, and the context keys of a request. */
int iam_query_fill(SwCtx *cx, const char *action, SwStr resource, SwPolicyQuery *ret_q, SwError *err) sw_must_check;
void iam_query_key(SwPolicyQuery *q, const char *name, SwStr value); /* nothing when absent */
void iam_query_keys(SwPolicyQuery *q, const char *name, const SwStrList *values);
int iam_session_of(SwCtx *cx, const IamSessionRecord **ret_s, SwError *err) sw_must_check; /* the caller's; NULL: none */
/* The user that calls, or the role that a session is of; not found: gone since, or neither of the two. */
int iam_caller(SwCtx *cx, IamIdentity *ret_i, SwError *err) sw_must_check;
/* Every policy that has a say about the query, asked; fails with AccessDenied and AWS's reason. */
int iam_decide(SwCtx *cx, const SwPolicyQuery *q, SwError *err) sw_must_check;
int iam_denied(SwCtx *cx, const char *action, SwStr resource, SwStr reason, SwError *err);

/* oidc_keys.c: the keys of an OpenID Connect provider. */
extern const SwController iam_oidc_controller;
/* Asks for them anew: id is the provider's, in cx->account. */
int iam_oidc_ask(SwCtx *cx, SwStr id, SwError *err) sw_must_check;

/* key_use.c: when keys were last used. */
extern const SwController iam_key_use_controller;
void iam_key_use_open(SwHost *h);
void iam_key_used(SwHost *h, SwStr key, SwStr account, SwStr service, SwStr region);
void iam_key_use_of(SwCtx *cx, SwStr key, IamKeyRecord *r); /* into the record, which may be older */

/* login.c and user_key.c: what else a user has. *ret_r NULL: no password. */
int iam_login_find(SwCtx *cx, SwStr user, IamLoginRecord **ret_r, SwError *err) sw_must_check;
int iam_user_keys(SwCtx *cx, SwStr user, int64_t *ret_ssh, int64_t *ret_certificates, SwError *err) sw_must_check;
/* What the account has as such; empty where there is no record. */
int iam_account_record(SwCtx *cx, IamAccountRecord **ret_r, SwError *err) sw_must_check;
int iam_account_record_put(SwCtx *cx, const IamAccountRecord *r, SwError *err) sw_must_check;

/* As replies show them: a profile with its role as it is now; a policy of anybody's with its counts, and its versions. */
int iam_profile_show(SwCtx *cx, const IamProfileRecord *r, IamInstanceProfile *ret_p, SwError *err) sw_must_check;
int iam_policy_details(SwCtx *cx, SwStr arn, IamPolicy **ret_p, IamPolicyVersionList *ret_versions, SwError *err) sw_must_check;

/* role.c: a role as replies show it (lists leave out tags, boundary and last use), and a new one. */
IamRole *iam_role_shown(SwCtx *cx, const IamRole *role, bool in_list);
IamRole *iam_role_new(SwCtx *cx, SwStr path, SwStr name, SwStr trust, SwStr description);
