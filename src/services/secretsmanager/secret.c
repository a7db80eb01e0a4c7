/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets: create, change, describe, delete, restore, tags. */

#include "services/secretsmanager/secretsmanager.h"

#include "base/id.h"
#include "resource/resource.h"

#define DEFAULT_KEY "alias/aws/secretsmanager"
#define WINDOW_MIN  7
#define WINDOW_MAX  30

/* What has no value is not shown. */
static SwStr said(SwStr text) {
    return sw_str_is(text) ? text : SW_NO_STR;
}

/* AWS's own key is what there is where no other is said, and is not shown. */
static SwStr key_said(SwStr key) {
    return sw_str_eqz(key, DEFAULT_KEY) ? SW_NO_STR : said(key);
}

/* Random letters and digits: what follows the name in an ARN. */
static SwStr new_arn(SwCtx *cx, SwStr name) {
    SwStr end = sw_id_base62(cx->arena, 6);
    return sw_arn(cx, "secretsmanager", "secret:%.*s-%.*s", SW_FMT(name), SW_FMT(end));
}

/* --- create ----------------------------------------------------------------------------------------------------- */

static int check_name(SwStr name, SwError *err) {
    return sw_str_all(name, "a-zA-Z0-9/_+=.@!-") ? 0
                                                 : sw_fail(err, &SW_VALIDATION_EXCEPTION,
                                                           "Invalid name. Must be a valid name containing alphanumeric "
                                                           "characters, or any of the following: -/_+=.@!");
}

/* A secret of that name is there: the same call again, or a mistake. */
static int create_again(SwCtx *cx, const Secret *s, const SecretsmanagerCreateSecretRequest *in, const SecretValue *v,
                        SecretsmanagerCreateSecretResponse *out, SwError *err) {
    const SwResource *r = &secretsmanager_secret_resource;
    Version *same = NULL;
    bool made;
    if (s->deletion.set)
        return sw_fail(err, &SECRETSMANAGER_INVALID_REQUEST_EXCEPTION,
                       "You can't create this secret because a secret with this name is already scheduled for deletion.");
    if (in->client_request_token.p && (v->text.p || v->binary.p) &&
        secretsmanager_version_find(cx, s, in->client_request_token, &same, err) < 0)
        return -1;
    if (!same)
        return sw_resource_fail(cx, r, &r->exists, in->name, err);
    out->arn = s->arn;
    out->name = s->name;
    return secretsmanager_version_add(cx, s, in->client_request_token, v, &out->version_id, &made, err);
}

int secretsmanager_create_secret(SwCtx *cx, const SecretsmanagerCreateSecretRequest *in,
                                 SecretsmanagerCreateSecretResponse *out, SwError *err) {
    Secret *old, s = {.name = in->name, .description = said(in->description), .kms_key_id = key_said(in->kms_key_id)};
    SecretValue v = {in->secret_string, in->secret_binary};
    bool made;
    if (check_name(in->name, err) < 0 || secretsmanager_check_value(&v, false, err) < 0 ||
        secretsmanager_secret_find(cx, in->name, &old, err) < 0)
        return -1;
    if (old)
        return create_again(cx, old, in, &v, out, err);
    s.arn = new_arn(cx, in->name);
    s.created_date = SW_SOME_TIME(sw_now(cx));
    if (secretsmanager_secret_set_tags(cx, in->name, &s, SW_GIVEN_TAGS(&in->tags), err) < 0)
        return -1;
    if ((v.text.p || v.binary.p) &&
        (secretsmanager_version_add(cx, &s, in->client_request_token, &v, &out->version_id, &made, err) < 0 ||
         secretsmanager_stage_move(cx, &s, SECRETS_CURRENT, out->version_id, err) < 0))
        return -1;
    out->arn = s.arn;
    out->name = s.name;
    return secretsmanager_put(cx, &s, true, err);
}

/* --- change ----------------------------------------------------------------------------------------------------- */

int secretsmanager_update_secret(SwCtx *cx, const SecretsmanagerUpdateSecretRequest *in,
                                 SecretsmanagerUpdateSecretResponse *out, SwError *err) {
    Secret *s;
    SecretValue v = {in->secret_string, in->secret_binary};
    bool made = false;
    if (secretsmanager_check_value(&v, false, err) < 0 || secretsmanager_live(cx, in->secret_id, &s, err) < 0)
        return -1;
    if (in->kms_key_id.p) {
        s->kms_key_id = key_said(in->kms_key_id);
        if (secretsmanager_reseal(cx, s, err) < 0)
            return -1;
    }
    if ((v.text.p || v.binary.p) &&
        secretsmanager_version_add(cx, s, in->client_request_token, &v, &out->version_id, &made, err) < 0)
        return -1;
    if (made && (secretsmanager_stage_move(cx, s, SECRETS_CURRENT, out->version_id, err) < 0 ||
                 secretsmanager_version_trim(cx, s, err) < 0))
        return -1;
    if (in->description.p)
        s->description = said(in->description);
    out->arn = s->arn;
    out->name = s->name;
    return secretsmanager_put(cx, s, true, err);
}

/* Where no labels are asked for, and for a secret's first value, it is the current one. */
static int label_new(SwCtx *cx, Secret *s, SwStr version, const SwStrList *stages, SwError *err) {
    bool current = !stages->n || !secretsmanager_stage_at(s, SECRETS_CURRENT).p;
    if (current && secretsmanager_stage_move(cx, s, SECRETS_CURRENT, version, err) < 0)
        return -1;
    for (size_t i = 0; i < stages->n; i++)
        if (secretsmanager_stage_move(cx, s, stages->v[i], version, err) < 0)
            return -1;
    return 0;
}

int secretsmanager_put_secret_value(SwCtx *cx, const SecretsmanagerPutSecretValueRequest *in,
                                    SecretsmanagerPutSecretValueResponse *out, SwError *err) {
    Secret *s;
    SecretValue v = {in->secret_string, in->secret_binary};
    bool made;
    if (secretsmanager_check_value(&v, true, err) < 0 || secretsmanager_live(cx, in->secret_id, &s, err) < 0 ||
        secretsmanager_version_add(cx, s, in->client_request_token, &v, &out->version_id, &made, err) < 0)
        return -1;
    if (made && (label_new(cx, s, out->version_id, &in->version_stages, err) < 0 ||
                 secretsmanager_version_trim(cx, s, err) < 0 || secretsmanager_put(cx, s, true, err) < 0))
        return -1;
    out->arn = s->arn;
    out->name = s->name;
    out->version_stages = secretsmanager_stages_of(cx, s, out->version_id);
    return 0;
}

/* --- describe --------------------------------------------------------------------------------------------------- */

int secretsmanager_describe_secret(SwCtx *cx, const SecretsmanagerDescribeSecretRequest *in,
                                   SecretsmanagerDescribeSecretResponse *out, SwError *err) {
    Secret *s;
    if (secretsmanager_get(cx, in->secret_id, &s, err) < 0)
        return -1;
    sw_shape_move(cx->arena, &secretsmanager_shape_describe_secret_response, out, &secretsmanager_shape_secret_record, s);
    out->tags = s->tags;
    out->deleted_date = s->deletion;
    out->version_ids_to_stages = secretsmanager_stages_shown(cx, s);
    return 0;
}

/* --- delete, restore -------------------------------------------------------------------------------------------- */

static int check_window(const SecretsmanagerDeleteSecretRequest *in, SwError *err) {
    const SwErrorKind *kind = &SECRETSMANAGER_INVALID_PARAMETER_EXCEPTION;
    int64_t days = in->recovery_window_in_days.v;
    if (in->recovery_window_in_days.set && in->force_delete_without_recovery.v)
        return sw_fail(err, kind, "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.");
    if (in->recovery_window_in_days.set && (days < WINDOW_MIN || days > WINDOW_MAX))
        return sw_fail(err, kind, "The RecoveryWindowInDays value must be between %d and %d days (inclusive).", WINDOW_MIN,
                       WINDOW_MAX);
    return 0;
}

/* At once. What is not there is gone already: that is no failure. */
static int delete_now(SwCtx *cx, SwStr id, SecretsmanagerDeleteSecretResponse *out, SwError *err) {
    Secret *s;
    if (secretsmanager_find(cx, id, &s, err) < 0)
        return -1;
    out->deletion_date = SW_SOME_TIME(sw_now(cx));
    out->name = s ? s->name : id;
    out->arn = s ? s->arn : sw_str_starts(id, SW_STR("arn:")) ? id : new_arn(cx, id);
    return s ? secretsmanager_erase(cx, s, err) : 0;
}

int secretsmanager_delete_secret(SwCtx *cx, const SecretsmanagerDeleteSecretRequest *in,
                                 SecretsmanagerDeleteSecretResponse *out, SwError *err) {
    Secret *s;
    if (check_window(in, err) < 0)
        return -1;
    if (in->force_delete_without_recovery.v)
        return delete_now(cx, in->secret_id, out, err);
    if (secretsmanager_live(cx, in->secret_id, &s, err) < 0)
        return -1;
    s->deleted = SW_SOME_TIME(sw_now(cx));
    s->deletion = SW_SOME_TIME(s->deleted.v + SW_OR(in->recovery_window_in_days, WINDOW_MAX) * SW_DAY);
    out->arn = s->arn;
    out->name = s->name;
    out->deletion_date = s->deletion;
    return secretsmanager_put(cx, s, true, err) < 0
               ? -1
               : sw_wake(cx, &secretsmanager_deletion_controller, s->name, s->deletion.v, err);
}

int secretsmanager_restore_secret(SwCtx *cx, const SecretsmanagerRestoreSecretRequest *in,
                                  SecretsmanagerRestoreSecretResponse *out, SwError *err) {
    Secret *s;
    if (secretsmanager_get(cx, in->secret_id, &s, err) < 0)
        return -1;
    s->deleted = s->deletion = (SwOptTime){0};
    out->arn = s->arn;
    out->name = s->name;
    return secretsmanager_put(cx, s, true, err);
}

/* --- tags ------------------------------------------------------------------------------------------------------- */

static const SwResource *const among[] = {&secretsmanager_secret_resource, NULL};

int secretsmanager_tag_resource(SwCtx *cx, const SecretsmanagerTagResourceRequest *in, void *out, SwError *err) {
    Secret *s;
    if (secretsmanager_live(cx, in->secret_id, &s, err) < 0)
        return -1;
    return sw_op_tag(cx, among, SW_ONE(s->arn), SW_GIVEN_TAGS(&in->tags), err);
}

int secretsmanager_untag_resource(SwCtx *cx, const SecretsmanagerUntagResourceRequest *in, void *out, SwError *err) {
    Secret *s;
    if (secretsmanager_live(cx, in->secret_id, &s, err) < 0)
        return -1;
    return sw_op_untag(cx, among, SW_ONE(s->arn), &in->tag_keys, err);
}
