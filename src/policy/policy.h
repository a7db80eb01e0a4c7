/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Policies: the language of IAM, parsed once and then asked. Nothing here knows where a policy is kept or who calls.
 *
 * AWS     IAM User Guide, "IAM JSON policy elements reference" and "Policy evaluation logic".
 * A policy answers one question with nothing, allow or deny; sw_policy_decide combines what several say.
 * Threads: a parsed policy is constant; any.
 * Bounds: sizes are the caller's (IAM's quotas), depth is the JSON parser's; matching is linear in text times pattern. */

#include "base/error.h"
#include "base/json.h"
#include "base/time.h"

typedef struct SwPolicy SwPolicy;

typedef enum SwPolicyUse {
    SW_POLICY_IDENTITY,   /* no Principal; Resource needed */
    SW_POLICY_TRUST,      /* Principal needed; no Resource */
    SW_POLICY_RESOURCE,   /* Principal and Resource needed: buckets, queues, topics */
    SW_POLICY_REPOSITORY, /* Principal needed; no Resource, it is the repository itself: ECR */
} SwPolicyUse;

/* Fails with this kind, in IAM's wording; callers give it their own kind where it differs (S3: MalformedPolicy). */
extern const SwErrorKind SW_MALFORMED_POLICY; /* MalformedPolicyDocument, 400 */
int sw_policy_parse(SwArena *a, SwStr text, SwPolicyUse use, const SwPolicy **ret_p, SwError *err) sw_must_check;
/* The same, parsed once however often it is asked for (base/parsed.h): what each request's decision reads. */
int sw_policy_parsed(SwArena *a, SwStr text, SwPolicyUse use, const SwPolicy **ret_p, SwError *err) sw_must_check;

/* A context key, its name without regard to case ("aws:SourceIp"). More than one value: a multivalued key. */
typedef struct SwPolicyKey {
    SwStr name;
    const SwStr *v;
    size_t n;
} SwPolicyKey;

typedef struct SwPolicyQuery {
    SwStr action, resource; /* "s3:GetObject"; ARN or "*" */
    /* Who asks, for Principal elements. All absent: anonymous. */
    SwStr principal; /* ARN of the user, the session or the root */
    SwStr role;      /* ARN of the role that a session is of */
    SwStr account;   /* twelve digits */
    SwStr service;   /* "ecs-tasks.amazonaws.com", for a service's own call */
    SwStr federated; /* ARN of the identity provider that says who asks */
    SwStr id;        /* unique id of the user, or of the role that a session is of */
    const SwPolicyKey *key;
    size_t n_key;
    SwArena *arena; /* for policy variables while matching */
} SwPolicyQuery;

typedef enum SwPolicyEffect { SW_POLICY_NONE, SW_POLICY_ALLOW, SW_POLICY_DENY } SwPolicyEffect;

/* ARNs of users and roles that Principal elements name: what is bound to unique ids when a policy is stored. */
SwStrList sw_policy_principals(SwArena *a, const SwPolicy *p);
/* The unique ids that such ARNs stood for when the policy was stored, n pairs: whoever has the name since then, made anew, is
 * somebody else. An ARN that is not there counts by itself. */
typedef struct SwPolicyBound {
    SwStr arn, id;
} SwPolicyBound;
const SwPolicy *sw_policy_bind(SwArena *a, const SwPolicy *p, const SwPolicyBound *bound, size_t n); /* keeps bound */

/* *ret_direct, where not NULL: an allowing statement names the caller itself (or everybody), and does not merely trust
 * its account to decide. */
SwPolicyEffect sw_policy_evaluate(const SwPolicy *p, const SwPolicyQuery *q, bool *ret_direct);

/* For those who explain a decision. What a statement by itself says about a request, as sw_policy_evaluate asks it; and where
 * it stands in the text that the policy was parsed from: lines and columns from 1, the end behind its last character. */
size_t sw_policy_statements(const SwPolicy *p);
SwPolicyEffect sw_policy_statement(const SwPolicy *p, size_t i, const SwPolicyQuery *q);
typedef struct SwPolicyPlace {
    int64_t line, column, end_line, end_column;
} SwPolicyPlace;
bool sw_policy_place(SwStr text, size_t i, SwPolicyPlace *ret);
/* Adds the context keys that conditions and variables of the policy name, each once whatever its case. */
void sw_policy_context_keys(SwArena *a, const SwPolicy *p, SwStrList *keys);
bool sw_policy_has_key(const SwPolicyQuery *q, SwStr name);

/* Everything that has a say about one request within one account. NULL lists are absent: no limit of that kind. */
typedef struct SwPolicySet {
    const SwPolicy *const *identity;
    size_t n_identity;
    const SwPolicy *const *boundary;
    size_t n_boundary; /* of the user or role; limits, grants nothing */
    const SwPolicy *const *session;
    size_t n_session;         /* given when a role was assumed; the same */
    const SwPolicy *resource; /* of the bucket or queue; NULL: none */
    bool decides;             /* the resource's: what it does not allow nobody may do (a key's) */
    bool granted;             /* something else allows it as the resource's policy would (a key's grant) */
    bool root;                /* of the account: it needs no identity-based policies */
} SwPolicySet;

typedef enum SwPolicyReason {
    SW_POLICY_ALLOWED,
    SW_POLICY_DENIED_IDENTITY,
    SW_POLICY_DENIED_BOUNDARY,
    SW_POLICY_DENIED_SESSION,
    SW_POLICY_DENIED_RESOURCE,
    SW_POLICY_NO_IDENTITY,
    SW_POLICY_NO_BOUNDARY,
    SW_POLICY_NO_SESSION,
    SW_POLICY_NO_RESOURCE,
} SwPolicyReason;
SwPolicyReason sw_policy_decide(const SwPolicySet *s, const SwPolicyQuery *q);
/* "because no identity-based policy allows the s3:GetObject action", as AWS ends its sentence. */
SwStr sw_policy_reason_text(SwArena *a, SwPolicyReason r, SwStr action);

/* Everybody is allowed, and no condition fixes who that can be. */
bool sw_policy_is_public(SwArena *a, SwStr document);

/* AddPermission and RemovePermission of queues and topics: a resource policy, a statement at a time. */
typedef struct SwPolicyPermission {
    SwStr id;                            /* of a document that is new */
    SwStr label;                         /* Sid */
    const SwStrList *accounts, *actions; /* twelve digits; without a vendor, or "*" */
    bool anybody;                        /* instead of accounts */
    const char *vendor;                  /* "SQS" */
    const char *version;                 /* of a document that is made; NULL: 2012-10-17 */
    SwStr resource;
} SwPolicyPermission;
/* Fails with `invalid` when the label is taken or the statement makes no policy. */
int sw_policy_add(SwArena *a, SwStr *document, const SwPolicyPermission *p, const SwErrorKind *invalid,
                  SwError *err) sw_must_check;
/* The same with a statement that is made already. False: there is one with its Sid. */
bool sw_policy_append(SwArena *a, SwStr *document, SwValue statement, const char *version, SwStr id);
/* False: no statement of that label. Without statements the document is empty text. */
bool sw_policy_remove(SwArena *a, SwStr *document, SwStr label);
