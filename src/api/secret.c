/* SPDX-License-Identifier: Apache-2.0 */

#include "api/secret.h"

#include "base/json.h"
#include "models/secretsmanager.gen.h"
#include "models/ssm.gen.h"

#define ARN_PARTS 7 /* up to the secret's name */

bool sw_secret_reference_parse(SwArena *a, SwStr text, SwSecretReference *ret) {
    SwStrList parts = sw_str_split(a, text, ':');
    bool is_arn = sw_str_starts(text, SW_STR("arn:"));
    size_t id = is_arn ? ARN_PARTS : 1;
    *ret = (SwSecretReference){0};
    if (!sw_str_is(text) || parts.n < id || parts.n > id + 3)
        return false;
    ret->id = sw_str_join(a, parts.v, id, SW_STR(":"));
    ret->region = is_arn ? parts.v[3] : SW_NO_STR;
    SwStr *const to[] = {&ret->key, &ret->stage, &ret->version};
    for (size_t i = id; i < parts.n; i++)
        *to[i - id] = sw_str_is(parts.v[i]) ? parts.v[i] : SW_NO_STR;
    return sw_str_is(ret->id);
}

bool sw_secret_key(SwArena *a, SwStr value, SwStr key, SwStr *ret) {
    SwValue object;
    SwError ignored = sw_error(a);
    if (sw_json_parse(a, value, &object, &ignored) < 0 || object.kind != SW_VOBJECT)
        return false;
    const SwValue *v = sw_value_get(&object, key);
    if (v)
        *ret = v->kind == SW_VSTRING ? v->s : sw_json_text(a, v);
    return v != NULL;
}

int sw_secret_value(SwCtx *cx, SwStr reference, SwStr *ret_value, SwError *err) {
    SwSecretReference r;
    SwCtx there = *cx;
    SecretsmanagerGetSecretValueResponse *out;
    if (!sw_secret_reference_parse(cx->arena, reference, &r))
        return sw_fail(err, &SECRETSMANAGER_INVALID_PARAMETER_EXCEPTION, "Invalid reference to a secret: %.*s",
                       SW_FMT(reference));
    SecretsmanagerGetSecretValueRequest in = {.secret_id = r.id, .version_id = r.version, .version_stage = r.stage};
    if (r.region.p && !cx->tx) /* it may be of another region */
        there.region = r.region;
    if (secretsmanager_call_get_secret_value(&there, &in, &out, err) < 0)
        return -1;
    if (!out->secret_string.p)
        return sw_fail(err, &SECRETSMANAGER_INVALID_REQUEST_EXCEPTION, "The secret has a binary value, and a text is wanted.");
    *ret_value = out->secret_string;
    if (!r.key.p || sw_secret_key(cx->arena, *ret_value, r.key, ret_value))
        return 0;
    return sw_fail(err, &SECRETSMANAGER_INVALID_REQUEST_EXCEPTION,
                   "retrieved secret from Secrets Manager did not contain json key %.*s", SW_FMT(r.key));
}

int sw_parameter_value(SwCtx *cx, SwStr reference, SwStr *ret_value, SwError *err) {
    SsmGetParametersRequest in = {.with_decryption = SW_SOME_BOOL(true)};
    SsmGetParametersResult *out;
    SwCtx there = *cx;
    SwArn arn;
    sw_str_list_add(cx->arena, &in.names, reference);
    if (sw_arn_parse(reference, &arn) && !cx->tx) /* it may be of another region */
        there.region = arn.region;
    if (ssm_call_get_parameters(&there, &in, &out, err) < 0)
        return -1;
    if (!out->parameters.n)
        return sw_fail(err, &SSM_PARAMETER_NOT_FOUND, "Parameter %.*s not found.", SW_FMT(reference));
    *ret_value = out->parameters.v[0].value;
    return 0;
}
