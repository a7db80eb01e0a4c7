/* SPDX-License-Identifier: Apache-2.0 */
/* Resource policies of secrets. They have their say wherever IAM is asked about the secret. */

#include "policy/policy.h"

#include "services/secretsmanager/secretsmanager.h"

static int check_syntax(SwCtx *cx, SwStr text, SwError *err) {
    const SwPolicy *p;
    SwValue v;
    SwError why = sw_error(cx->arena);
    if (sw_json_parse(cx->arena, text, &v, &why) < 0)
        return sw_fail(err, &SECRETSMANAGER_MALFORMED_POLICY_DOCUMENT_EXCEPTION, "This resource policy contains invalid Json.");
    if (sw_policy_parse(cx->arena, text, SW_POLICY_RESOURCE, &p, &why) < 0)
        return sw_fail(err, &SECRETSMANAGER_MALFORMED_POLICY_DOCUMENT_EXCEPTION,
                       "This resource policy contains a syntax error: %s", why.message);
    return 0;
}

int secretsmanager_check_public(SwCtx *cx, const Secret *s, bool block, SwError *err) {
    if (!block || !sw_policy_is_public(cx->arena, s->policy))
        return 0;
    return sw_fail(err, &SECRETSMANAGER_PUBLIC_POLICY_EXCEPTION,
                   "You can't attach this resource policy because it allows broad access to the secret.");
}

int secretsmanager_put_resource_policy(SwCtx *cx, const SecretsmanagerPutResourcePolicyRequest *in,
                                       SecretsmanagerPutResourcePolicyResponse *out, SwError *err) {
    Secret *s;
    if (secretsmanager_live(cx, in->secret_id, &s, err) < 0 || check_syntax(cx, in->resource_policy, err) < 0)
        return -1;
    s->policy = in->resource_policy;
    if (secretsmanager_check_public(cx, s, in->block_public_policy.v, err) < 0)
        return -1;
    out->arn = s->arn;
    out->name = s->name;
    return secretsmanager_put(cx, s, true, err);
}

int secretsmanager_get_resource_policy(SwCtx *cx, const SecretsmanagerGetResourcePolicyRequest *in,
                                       SecretsmanagerGetResourcePolicyResponse *out, SwError *err) {
    Secret *s;
    if (secretsmanager_live(cx, in->secret_id, &s, err) < 0)
        return -1;
    out->arn = s->arn;
    out->name = s->name;
    out->resource_policy = s->policy;
    return 0;
}

int secretsmanager_delete_resource_policy(SwCtx *cx, const SecretsmanagerDeleteResourcePolicyRequest *in,
                                          SecretsmanagerDeleteResourcePolicyResponse *out, SwError *err) {
    Secret *s;
    if (secretsmanager_live(cx, in->secret_id, &s, err) < 0)
        return -1;
    s->policy = SW_NO_STR;
    s->block_public_policy = (SwOptBool){0};
    out->arn = s->arn;
    out->name = s->name;
    return secretsmanager_put(cx, s, true, err);
}

/* --- validation ------------------------------------------------------------------------------------------------- */

static void found(SwCtx *cx, SecretsmanagerValidateResourcePolicyResponse *out, const char *check, const char *message) {
    *sw_list_add(cx->arena, &out->validation_errors) =
        (SecretsmanagerValidationErrorsEntry){.check_name = sw_str(check), .error_message = sw_str(message)};
}

/* With the policy in place, may the caller still put another one? Nothing stays of it. */
static int check_lockout(SwCtx *cx, Secret *s, SwStr policy, bool *ret_locked, SwError *err) {
    SwError why = sw_error(cx->arena);
    if (sw_tx_savepoint(cx->tx, err) < 0)
        return -1;
    s->policy = policy;
    int r = secretsmanager_put(cx, s, false, err);
    *ret_locked = r == 0 && sw_authorise(cx, "secretsmanager:PutResourcePolicy", s->arn, &why) < 0;
    sw_tx_undo(cx->tx);
    return r;
}

int secretsmanager_validate_resource_policy(SwCtx *cx, const SecretsmanagerValidateResourcePolicyRequest *in,
                                            SecretsmanagerValidateResourcePolicyResponse *out, SwError *err) {
    Secret *s = NULL;
    bool locked = false;
    SwError why = sw_error(cx->arena);
    if (in->secret_id.p && secretsmanager_live(cx, in->secret_id, &s, err) < 0)
        return -1;
    sw_list_present(cx->arena, &out->validation_errors);
    if (check_syntax(cx, in->resource_policy, &why) < 0)
        found(cx, out, "Policy syntax", why.message);
    else if (sw_policy_is_public(cx->arena, in->resource_policy))
        found(cx, out, "Broad access", "The resource policy allows broad access to the secret.");
    else if (s && check_lockout(cx, s, in->resource_policy, &locked, err) < 0)
        return -1;
    if (locked)
        found(cx, out, "Lockout", "The resource policy doesn't allow the caller to change it again.");
    out->policy_validation_passed = SW_SOME_BOOL(out->validation_errors.n == 0);
    return 0;
}
