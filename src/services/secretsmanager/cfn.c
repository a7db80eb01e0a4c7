/* SPDX-License-Identifier: Apache-2.0 */
/* Properties that no operation says later, and which are kept with the secret. GenerateSecretString of
 * AWS::SecretsManager::Secret: a value that is made when the resource is, and again where the property changes.
 * BlockPublicPolicy of AWS::SecretsManager::ResourcePolicy. */

#include "services/secretsmanager/secretsmanager.h"

int secretsmanager_cfn_get(SwCtx *cx, const SwFound *f, const char *property, SwValue *ret, SwError *err) {
    const Secret *s = secretsmanager_secret_found(f);
    *ret = (SwValue){0};
    return sw_str_is(s->generated) ? sw_json_parse(cx->arena, s->generated, ret, err) : 0;
}

static SwOptBool flag(const SwValue *want, const char *name) {
    const SwValue *v = sw_value_getz(want, name);
    return (SwOptBool){sw_value_is_true(v), v != NULL};
}

/* The password, or the template with the password under the key. */
static int generate(SwCtx *cx, const SwValue *want, SwStr *ret, SwError *err) {
    int64_t length;
    SwStr template = sw_value_str(sw_value_getz(want, "SecretStringTemplate")),
          key = sw_value_str(sw_value_getz(want, "GenerateStringKey"));
    SecretsmanagerGetRandomPasswordRequest in = {
        .exclude_characters = sw_value_str(sw_value_getz(want, "ExcludeCharacters")),
        .exclude_lowercase = flag(want, "ExcludeLowercase"),
        .exclude_uppercase = flag(want, "ExcludeUppercase"),
        .exclude_numbers = flag(want, "ExcludeNumbers"),
        .exclude_punctuation = flag(want, "ExcludePunctuation"),
        .include_space = flag(want, "IncludeSpace"),
        .require_each_included_type = flag(want, "RequireEachIncludedType"),
    };
    SecretsmanagerGetRandomPasswordResponse *out;
    SwValue object;
    SwError why = sw_error(cx->arena);
    if (sw_value_i64(sw_value_getz(want, "PasswordLength"), &length))
        in.password_length = SW_SOME_INT(length);
    if (secretsmanager_call_get_random_password(cx, &in, &out, err) < 0)
        return -1;
    *ret = out->random_password;
    if (sw_str_is(template) != sw_str_is(key))
        return sw_fail(err, &SECRETSMANAGER_INVALID_PARAMETER_EXCEPTION,
                       "SecretStringTemplate and GenerateStringKey go together.");
    if (!sw_str_is(template))
        return 0;
    if (sw_json_parse(cx->arena, template, &object, &why) < 0 || object.kind != SW_VOBJECT)
        return sw_fail(err, &SECRETSMANAGER_INVALID_PARAMETER_EXCEPTION, "SecretStringTemplate is not a JSON object.");
    sw_value_set(cx->arena, &object, key, sw_value_string(out->random_password));
    *ret = sw_json_text(cx->arena, &object);
    return 0;
}

int secretsmanager_cfn_set(SwCtx *cx, const SwFound *f, const char *property, const SwValue *was, const SwValue *want,
                           SwError *err) {
    Secret *s = secretsmanager_secret_found(f);
    SecretsmanagerPutSecretValueResponse *out;
    SwStr value;
    if (!want) /* the value stays, or goes with the secret */
        return 0;
    if (!was && secretsmanager_stage_at(s, SECRETS_CURRENT).p)
        return sw_fail(err, &SECRETSMANAGER_INVALID_REQUEST_EXCEPTION,
                       "GenerateSecretString: a secret has a SecretString of its own, or one that is generated, and not both.");
    if (generate(cx, want, &value, err) < 0 ||
        secretsmanager_call_put_secret_value(
            cx, &(SecretsmanagerPutSecretValueRequest){.secret_id = s->arn, .secret_string = value}, &out, err) < 0 ||
        secretsmanager_get(cx, s->arn, &s, err) < 0)
        return -1;
    s->generated = sw_json_text(cx->arena, want);
    return secretsmanager_put(cx, s, false, err);
}

int secretsmanager_cfn_policy_get(SwCtx *cx, const SwFound *f, const char *property, SwValue *ret, SwError *err) {
    SwOptBool block = secretsmanager_resource_policy_found(f)->block_public_policy;
    *ret = block.set ? sw_value_bool(block.v) : (SwValue){0};
    return 0;
}

int secretsmanager_cfn_policy_set(SwCtx *cx, const SwFound *f, const char *property, const SwValue *was, const SwValue *want,
                                  SwError *err) {
    Secret *s;
    if (secretsmanager_get(cx, secretsmanager_resource_policy_found(f)->arn, &s, err) < 0)
        return -1;
    s->block_public_policy = (SwOptBool){sw_value_is_true(want), want != NULL};
    return secretsmanager_put(cx, s, false, err) < 0 ? -1 : secretsmanager_check_public(cx, s, s->block_public_policy.v, err);
}
