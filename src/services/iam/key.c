/* SPDX-License-Identifier: Apache-2.0 */
/* Users' access keys, and passwords for one service (git over HTTPS to CodeCommit). Both are found by what a client
 * presents before its account is known, so their collections are the installation's. */

#include "base/digest.h"
#include "base/id.h"
#include "services/iam/iam.h"

#define KEYS_MAX 2 /* IAM quotas: "Access keys assigned to an IAM user" and the same for passwords */

static SwDocQuery of_user(SwCtx *cx, SwStr user) { /* absent: of all */
    return (SwDocQuery){.index = "by_user", .equals = {cx->account, user}};
}

int iam_create_access_key(SwCtx *cx, const IamCreateAccessKeyRequest *in, IamCreateAccessKeyResponse *out, SwError *err) {
    IamIdentity u;
    int64_t have;
    if (iam_user_of(cx, in->user_name, &u, err) < 0)
        return -1;
    const SwDocQuery its = of_user(cx, u.name);
    if (iam_keys_count(cx->tx, &its, &have, err) < 0)
        return -1;
    if (have >= KEYS_MAX)
        return sw_fail(err, &IAM_LIMIT_EXCEEDED_EXCEPTION, "Cannot exceed quota for AccessKeysPerUser: %d", KEYS_MAX);
    IamAccessKey *k = out->access_key = sw_new(cx->arena, IamAccessKey);
    k->user_name = u.name;
    k->access_key_id = sw_cat(cx->arena, SW_STR("AKIA"), sw_id_base32(cx->arena, 16));
    k->secret_access_key = sw_id_base62(cx->arena, 40);
    k->status = IAM_STATUS_TYPE_ACTIVE;
    k->create_date = SW_SOME_TIME(sw_now(cx));
    IamKeyRecord r = {.account = cx->account, .user_name = u.name, .key = k};
    return iam_keys_put(cx->tx, k->access_key_id, &r, err);
}

static int get_key(SwCtx *cx, SwStr user, SwStr id, IamKeyRecord **ret_r, SwError *err) {
    IamIdentity u;
    if (iam_user_of(cx, user, &u, err) < 0 || iam_keys_find(cx->tx, id, ret_r, err) < 0)
        return -1;
    if (*ret_r && sw_str_eq((*ret_r)->account, cx->account) && sw_str_eq((*ret_r)->user_name, u.name))
        return 0;
    return sw_resource_missing(cx, &iam_access_key_resource, id, err);
}

int iam_delete_access_key(SwCtx *cx, const IamDeleteAccessKeyRequest *in, void *out, SwError *err) {
    IamKeyRecord *r;
    if (get_key(cx, in->user_name, in->access_key_id, &r, err) < 0)
        return -1;
    return iam_keys_delete(cx->tx, in->access_key_id, NULL, err);
}

int iam_update_access_key(SwCtx *cx, const IamUpdateAccessKeyRequest *in, void *out, SwError *err) {
    IamKeyRecord *r;
    if (get_key(cx, in->user_name, in->access_key_id, &r, err) < 0)
        return -1;
    if (sw_str_eqz(in->status, "Expired"))
        return sw_refuse_field(err, &SW_VALIDATION_ERROR, "Status", "a key can be set Active or Inactive");
    r->key->status = in->status;
    return iam_keys_put(cx->tx, in->access_key_id, r, err);
}

static int show_key(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    sw_shape_move(cx->arena, &iam_shape_access_key_metadata, to, &iam_shape_access_key, iam_keys_row(row)->key);
    return 0;
}

int iam_list_access_keys(SwCtx *cx, const IamListAccessKeysRequest *in, IamListAccessKeysResponse *out, SwError *err) {
    IamIdentity u;
    if (iam_user_of(cx, in->user_name, &u, err) < 0)
        return -1;
    return sw_page(cx, &(SwPage){.of = &iam_keys, .q = of_user(cx, u.name), .show = show_key, .usual = IAM_PAGE}, out, err);
}

int iam_get_access_key_last_used(SwCtx *cx, const IamGetAccessKeyLastUsedRequest *in, IamGetAccessKeyLastUsedResponse *out,
                                 SwError *err) {
    IamKeyRecord *r;
    if (iam_keys_find(cx->tx, in->access_key_id, &r, err) < 0)
        return -1;
    if (!r || !sw_str_eq(r->account, cx->account))
        return sw_resource_missing(cx, &iam_access_key_resource, in->access_key_id, err);
    iam_key_use_of(cx, in->access_key_id, r);
    out->user_name = r->user_name;
    out->access_key_last_used = sw_new(cx->arena, IamAccessKeyLastUsed);
    out->access_key_last_used->last_used_date = r->last_used;
    out->access_key_last_used->service_name = sw_str_or(r->last_service, SW_STR("N/A"));
    out->access_key_last_used->region = sw_str_or(r->last_region, SW_STR("N/A"));
    return 0;
}

/* Service specific credentials. */

static void show(IamServiceSpecificCredential *c, const IamServiceSpecificCredentialMetadata *m, SwStr password) {
    c->create_date = m->create_date;
    c->service_name = m->service_name;
    c->service_user_name = m->service_user_name;
    c->service_password = password;
    c->service_specific_credential_id = m->service_specific_credential_id;
    c->user_name = m->user_name;
    c->status = m->status;
}

int iam_create_service_specific_credential(SwCtx *cx, const IamCreateServiceSpecificCredentialRequest *in,
                                           IamCreateServiceSpecificCredentialResponse *out, SwError *err) {
    IamIdentity u;
    int64_t have;
    if (iam_identity_get(cx, IAM_USER, in->user_name, &u, err) < 0)
        return -1;
    const SwDocQuery its = of_user(cx, u.name);
    if (iam_credentials_count(cx->tx, &its, &have, err) < 0)
        return -1;
    if (!sw_str_eqz(in->service_name, "codecommit.amazonaws.com"))
        return sw_fail(err, &IAM_NO_SUCH_ENTITY_EXCEPTION, "No such service %.*s is supported for Service Specific Credentials",
                       SW_FMT(in->service_name));
    if (in->credential_age_days.set)
        return sw_refuse_field(err, &SW_VALIDATION_ERROR, "CredentialAgeDays",
                               "credentials for codecommit.amazonaws.com do not expire");
    if (have >= KEYS_MAX)
        return sw_fail(err, &IAM_LIMIT_EXCEEDED_EXCEPTION, "Cannot exceed quota for ServiceSpecificCredentialsPerUser: %d",
                       KEYS_MAX);
    IamServiceSpecificCredentialMetadata *m = sw_new(cx->arena, IamServiceSpecificCredentialMetadata);
    m->user_name = u.name;
    m->service_name = in->service_name;
    m->status = IAM_STATUS_TYPE_ACTIVE;
    m->create_date = SW_SOME_TIME(sw_now(cx));
    m->service_specific_credential_id = sw_cat(cx->arena, SW_STR("ACCA"), sw_id_base32(cx->arena, 17));
    m->service_user_name = have == 0
                               ? sw_strf(cx->arena, "%.*s-at-%.*s", SW_FMT(u.name), SW_FMT(cx->account))
                               : sw_cat(cx->arena, u.name, SW_STR("+"), sw_id_hex(cx->arena, 4), SW_STR("-at-"), cx->account);
    SwStr password = sw_id_base62(cx->arena, 44);
    out->service_specific_credential = sw_new(cx->arena, IamServiceSpecificCredential);
    show(out->service_specific_credential, m, password);
    IamCredentialRecord r = {.account = cx->account,
                             .user_name = u.name,
                             .service_user_name = m->service_user_name,
                             .password_hash = sw_sha256_hex(cx->arena, password),
                             .credential = m};
    return iam_credentials_put(cx->tx, m->service_specific_credential_id, &r, err);
}

static int get_credential(SwCtx *cx, SwStr user, SwStr id, IamCredentialRecord **ret_r, SwError *err) {
    IamIdentity u;
    if (iam_user_of(cx, user, &u, err) < 0 || iam_credentials_find(cx->tx, id, ret_r, err) < 0)
        return -1;
    if (*ret_r && sw_str_eq((*ret_r)->account, cx->account) && sw_str_eq((*ret_r)->user_name, u.name))
        return 0;
    return sw_fail(err, &IAM_NO_SUCH_ENTITY_EXCEPTION, "No such credential %.*s exists", SW_FMT(id));
}

int iam_delete_service_specific_credential(SwCtx *cx, const IamDeleteServiceSpecificCredentialRequest *in, void *out,
                                           SwError *err) {
    IamCredentialRecord *r;
    if (get_credential(cx, in->user_name, in->service_specific_credential_id, &r, err) < 0)
        return -1;
    return iam_credentials_delete(cx->tx, in->service_specific_credential_id, NULL, err);
}

int iam_update_service_specific_credential(SwCtx *cx, const IamUpdateServiceSpecificCredentialRequest *in, void *out,
                                           SwError *err) {
    IamCredentialRecord *r;
    if (get_credential(cx, in->user_name, in->service_specific_credential_id, &r, err) < 0)
        return -1;
    if (sw_str_eqz(in->status, "Expired"))
        return sw_refuse_field(err, &SW_VALIDATION_ERROR, "Status", "a credential can be set Active or Inactive");
    r->credential->status = in->status;
    return iam_credentials_put(cx->tx, in->service_specific_credential_id, r, err);
}

int iam_reset_service_specific_credential(SwCtx *cx, const IamResetServiceSpecificCredentialRequest *in,
                                          IamResetServiceSpecificCredentialResponse *out, SwError *err) {
    IamCredentialRecord *r;
    if (get_credential(cx, in->user_name, in->service_specific_credential_id, &r, err) < 0)
        return -1;
    SwStr password = sw_id_base62(cx->arena, 44);
    r->password_hash = sw_sha256_hex(cx->arena, password);
    out->service_specific_credential = sw_new(cx->arena, IamServiceSpecificCredential);
    show(out->service_specific_credential, r->credential, password);
    return iam_credentials_put(cx->tx, in->service_specific_credential_id, r, err);
}

static int is_of_service(SwCtx *cx, const void *arg, const SwDocRow *row, bool *ret_wanted, SwError *err) {
    const IamListServiceSpecificCredentialsRequest *in = arg;
    const IamCredentialRecord *r = iam_credentials_row(row);
    *ret_wanted = !sw_str_is(in->service_name) || sw_str_eq(in->service_name, r->credential->service_name);
    return 0;
}

static int show_credential(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    *(IamServiceSpecificCredentialMetadata *)to = *iam_credentials_row(row)->credential;
    return 0;
}

int iam_list_service_specific_credentials(SwCtx *cx, const IamListServiceSpecificCredentialsRequest *in,
                                          IamListServiceSpecificCredentialsResponse *out, SwError *err) {
    IamIdentity u = {0};
    if (!in->all_users.v && iam_user_of(cx, in->user_name, &u, err) < 0)
        return -1;
    const SwPage p = {.of = &iam_credentials,
                      .q = of_user(cx, u.name),
                      .want = is_of_service,
                      .show = show_credential,
                      .arg = in,
                      .usual = IAM_PAGE};
    if (sw_page(cx, &p, out, err) < 0)
        return -1;
    if (!in->all_users.v && !out->is_truncated.v) /* as on AWS: of one user's it is said only where it is so */
        out->is_truncated = (SwOptBool){0};
    return 0;
}
