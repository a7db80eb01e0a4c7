/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* SSM's insides: Parameter Store. A parameter's current version is a document of its own; every version, that one too,
 * is in the history. Labels lie in the history only. */

#include "api/host.h"
#include "api/page.h"
#include "api/tags.h"
#include "models/ssm_resources.gen.h"

/* A name as clients give it: bare, or an ARN, with an optional ":version" or ":label". */
typedef struct SsmName {
    SwStr name, selector; /* selector absent: the current version */
    SwStr elsewhere;      /* the ARN, if it is of another region or account: there is no such parameter here */
} SsmName;
bool ssm_name_parse(const SwCtx *cx, SwStr given, SsmName *ret_n);
int ssm_name_check(SwStr name, SwError *err) sw_must_check;
/* What cannot be anybody's name: a path without its first slash, or with two in a row. */
int ssm_name_check_path(SwStr name, SwError *err) sw_must_check;
SwStr ssm_arn(SwCtx *cx, SwStr name);
SwStr ssm_name_arn(SwCtx *cx, const SsmName *n); /* what an action on that name is about */
SwStr ssm_history_id(SwArena *a, SwStr name, int64_t version);
/* By either form of a name at the root; what is found knows its own. */
int ssm_get(SwCtx *cx, SwStr name, SsmParameterRecord **ret_p, SwError *err) sw_must_check;
int ssm_versions(SwCtx *cx, SwStr name, SsmParameterRecords *ret_l, SwError *err) sw_must_check; /* oldest first */
int ssm_delete_one(SwCtx *cx, SwStr name, bool *ret_existed, SwError *err) sw_must_check;
/* An item that is shown as it is: arg is its shape. */
int ssm_show_item(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) sw_must_check;

/* --- values (value.c) ------------------------------------------------------------------------------------------- */

#define SSM_DEFAULT_KEY "alias/aws/ssm"
int ssm_close(SwCtx *cx, const SsmParameterRecord *p, SwStr value, SwStr *ret, SwError *err) sw_must_check; /* with its key */
/* The value to show: decrypted only where it is asked for. */
int ssm_value(SwCtx *cx, const SsmParameterRecord *p, bool decrypt, SwStr *ret_value, SwError *err) sw_must_check;

/* --- policies (policy.c) ---------------------------------------------------------------------------------------- */

extern const SwController ssm_policy_controller;
bool ssm_policies_asked(SwCtx *cx, SwStr text); /* some, and not that there be none */
/* What a new version has of them; its tier and date are known. old NULL: it is the first. */
int ssm_policies_put(SwCtx *cx, SwStr text, const SsmParameterRecord *old, SsmParameterRecord *p, SwError *err) sw_must_check;
int ssm_policies_wake(SwCtx *cx, const SsmParameterRecord *p, SwError *err) sw_must_check;
SsmParameterInlinePolicyList ssm_policies_shown(SwCtx *cx, const SsmParameterRecord *p);

/* --- what nobody puts (known.c) --------------------------------------------------------------------------------- */

bool ssm_is_public(SwStr name);
bool ssm_is_reference(SwStr name);
bool ssm_is_image(SwStr value); /* an image's id that is known here */
SwStr ssm_public_arn(SwCtx *cx, SwStr name);
int ssm_public(SwCtx *cx, SwPageItems *ret, SwError *err) sw_must_check; /* all: of SsmParameter */
int ssm_public_find(SwCtx *cx, SwStr name, const SsmParameter **ret, SwError *err) sw_must_check;
int ssm_reference(SwCtx *cx, const SsmName *n, bool decrypt, SsmParameter *ret, SwError *err) sw_must_check;
