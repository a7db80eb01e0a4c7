/* SPDX-License-Identifier: Apache-2.0 */
/* Names and ARNs. An ARN ends in the secret's name, '-' and six random characters, so that another secret that gets the name
 * later is another one; an ARN without that end means the secret that has the name now. */

#include "services/secretsmanager/secretsmanager.h"

#include "base/id.h"
#include "resource/resource.h"

/* The name that a partial ARN says; absent: it is no ARN of a secret here. */
static SwStr name_in_arn(SwCtx *cx, SwStr id) {
    SwArn arn;
    SwStr prefix = SW_STR("secret:");
    if (!sw_arn_parse(id, &arn) || !sw_arn_is_here(cx, &arn, "secretsmanager") || !sw_str_starts(arn.resource, prefix))
        return SW_NO_STR;
    return sw_str_skip(arn.resource, prefix.n);
}

int secretsmanager_find(SwCtx *cx, SwStr id, Secret **ret, SwError *err) {
    SwFound f;
    if (sw_resource_find_reference(cx, &secretsmanager_secret_resource, id, &f, err) < 0)
        return -1;
    *ret = f.record;
    SwStr name = *ret ? SW_NO_STR : name_in_arn(cx, id);
    return name.p ? secretsmanager_secret_find(cx, name, ret, err) : 0;
}

int secretsmanager_get(SwCtx *cx, SwStr id, Secret **ret, SwError *err) {
    const SwResource *r = &secretsmanager_secret_resource;
    if (secretsmanager_find(cx, id, ret, err) < 0)
        return -1;
    return *ret ? 0 : sw_resource_fail(cx, r, &r->missing, id, err);
}

int secretsmanager_live(SwCtx *cx, SwStr id, Secret **ret, SwError *err) {
    if (secretsmanager_get(cx, id, ret, err) < 0)
        return -1;
    return !(*ret)->deletion.set
               ? 0
               : sw_fail(err, &SECRETSMANAGER_INVALID_REQUEST_EXCEPTION,
                         "You can't perform this operation on the secret because it was marked for deletion.");
}

int secretsmanager_put(SwCtx *cx, Secret *s, bool changed, SwError *err) {
    if (changed)
        s->last_changed_date = SW_SOME_TIME(sw_now(cx));
    return secretsmanager_secrets_put(cx->tx, s->name, s, err);
}

int secretsmanager_erase(SwCtx *cx, const Secret *s, SwError *err) {
    SwDocQuery q = secretsmanager_versions_query(cx, s);
    if (secretsmanager_versions_delete_all(cx->tx, &q, err) < 0 ||
        secretsmanager_secrets_delete(cx->tx, s->name, NULL, err) < 0)
        return -1;
    return secretsmanager_tell(cx, s, "EndSecretDelete", SW_NO_STR, err);
}

int secretsmanager_tell(SwCtx *cx, const Secret *s, const char *event, SwStr version, SwError *err) {
    SecretsmanagerEventIdentity who = {.account_id = cx->account, .invoked_by = SW_STR("secretsmanager.amazonaws.com")};
    SecretsmanagerEventData data = {.secret_id = s->arn, .secret_version_id = version};
    SecretsmanagerServiceEvent detail = {
        .event_version = SW_STR("1.08"),
        .user_identity = &who,
        .event_time = SW_SOME_TIME(sw_now(cx)),
        .event_source = SW_STR("secretsmanager.amazonaws.com"),
        .event_name = sw_str(event),
        .aws_region = cx->region,
        .additional_event_data = &data,
        .event_id = sw_id_uuid(cx->arena),
        .event_type = SW_STR("AwsServiceEvent"),
        .recipient_account_id = cx->account,
    };
    return sw_event(cx, &secretsmanager_event_service_event, SW_NO_STR, &detail, err);
}

/* Before it is there nobody knows the random end; policies are written with "-??????" or "*" for it. */
static SwStr arn_of_name(SwCtx *cx, SwStr name) {
    return sw_arn(cx, "secretsmanager", "secret:%.*s-\?\?\?\?\?\?", SW_FMT(name));
}

/* A partial ARN stands for the whole one. */
static SwStr named(SwCtx *cx, const SwOperation *op, const void *in, SwStr ref) {
    Secret *s = NULL;
    SwError ignored = sw_error(cx->arena);
    if (!sw_str_starts(ref, SW_STR("arn:")) || !cx->tx || secretsmanager_find(cx, ref, &s, &ignored) < 0 || !s)
        return SW_NO_STR;
    return s->arn;
}

static int tagged(SwCtx *cx, const SwFound *f, SwError *err) {
    Secret *s = secretsmanager_secret_found(f);
    s->last_changed_date = SW_SOME_TIME(sw_now(cx));
    return 0;
}

static SwStr identifier(SwCtx *cx, const SwFound *f) {
    return secretsmanager_secret_found(f)->arn;
}

/* One that is marked is gone for CloudFormation, though it can be restored. */
static bool is_marked(SwCtx *cx, const void *record) {
    return ((const Secret *)record)->deletion.set;
}

const SwResourceHooks secretsmanager_secret_hooks = {.cfn_ended = is_marked,
                                                     .identifier = identifier,
                                                     .named = named,
                                                     .arn = arn_of_name,
                                                     .tagged = tagged,
                                                     .cfn_get = secretsmanager_cfn_get,
                                                     .cfn_set = secretsmanager_cfn_set};

static bool has_policy(SwCtx *cx, const void *record) {
    const Secret *s = record;
    return sw_str_is(s->policy);
}

static SwStr by_arn(SwCtx *cx, SwStr id) {
    Secret *s = NULL;
    SwError ignored = sw_error(cx->arena);
    return sw_str_starts(id, SW_STR("arn:")) && secretsmanager_find(cx, id, &s, &ignored) == 0 && s ? s->name : SW_NO_STR;
}

/* CloudFormation knows a secret's policy by the secret. */
static SwStr policy_identifier(SwCtx *cx, const SwFound *f) {
    return secretsmanager_resource_policy_found(f)->arn;
}

/* A secret has one policy, and putting another would take its place. */
static int policy_there(SwCtx *cx, const void *in, SwFound *ret, SwError *err) {
    Secret *s;
    if (secretsmanager_find(cx, ((const SecretsmanagerPutResourcePolicyRequest *)in)->secret_id, &s, err) < 0)
        return -1;
    *ret = (SwFound){0};
    if (s && sw_str_is(s->policy))
        *ret = (SwFound){.r = &secretsmanager_resource_policy_resource, .id = s->name, .record = s};
    return 0;
}

const SwResourceHooks secretsmanager_resource_policy_hooks = {.cfn_like = policy_there,
                                                              .exists = has_policy,
                                                              .other_id = by_arn,
                                                              .identifier = policy_identifier,
                                                              .cfn_get = secretsmanager_cfn_policy_get,
                                                              .cfn_set = secretsmanager_cfn_policy_set};
