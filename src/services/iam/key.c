/* SPDX-License-Identifier: Apache-2.0 */
/* Users' access keys, and passwords for one service (git over HTTPS to CodeCommit). Both are found by what a client
 * presents before its account is known, so their collections are the installation's. */

#include "base/digest.h"
#include "base/id.h"
#include "services/iam/iam.h"

#define KEYS_MAX 2 /* IAM quotas: "Access keys assigned to an IAM user" and the same for passwords */

static int list_of_user(SwCtx *cx, const SwCollection *c, SwStr user, SwDocList *ret_l, SwError *err) {
    return sw_doc_list(cx->tx, c, &(SwDocQuery){.index = "by_user", .equals = {cx->account, user}}, ret_l, err);
}

int iam_create_access_key(SwCtx *cx, const IamCreateAccessKeyRequest *in, IamCreateAccessKeyResponse *out, SwError *err) {
    SwStr name;
    IamIdentity u;
    SwDocList have;
    if (iam_user_name(cx, in->user_name, &name, err) < 0 || iam_identity_get(cx, IAM_USER, name, &u, err) < 0 ||
        list_of_user(cx, &iam_keys, u.name, &have, err) < 0)
        return -1;
    if (have.n >= KEYS_MAX)
        return sw_fail(err, &IAM_LIMIT_EXCEEDED_EXCEPTION, "Cannot exceed quota for AccessKeysPerUser: %d", KEYS_MAX);
    IamAccessKey *k = out->access_key = sw_new(cx->arena, IamAccessKey);
    k->user_name = u.name;
    k->access_key_id = sw_cat(cx->arena, SW_STR("AKIA"), sw_id_base32(cx->arena, 16));
    k->secret_access_key = sw_id_base62(cx->arena, 40);
    k->status = IAM_STATUS_TYPE_ACTIVE;
    k->create_date = SW_SOME_TIME(sw_now(cx));
    IamKeyRecord r = {.account = cx->account, .user_name = u.name, .key = k};
    return sw_doc_put(cx->tx, &iam_keys, k->access_key_id, &r, err);
}

static int get_key(SwCtx *cx, SwStr user, SwStr id, IamKeyRecord **ret_r, SwError *err) {
    SwStr name;
    IamIdentity u;
    void *record;
    if (iam_user_name(cx, user, &name, err) < 0 || iam_identity_get(cx, IAM_USER, name, &u, err) < 0 ||
        sw_doc_get(cx->tx, &iam_keys, id, &record, err) < 0)
        return -1;
    *ret_r = record;
    if (record && sw_str_eq((*ret_r)->account, cx->account) && sw_str_eq((*ret_r)->user_name, u.name))
        return 0;
    return sw_fail(err, &IAM_NO_SUCH_ENTITY_EXCEPTION, "The Access Key with id %.*s cannot be found.", SW_FMT(id));
}

int iam_delete_access_key(SwCtx *cx, const IamDeleteAccessKeyRequest *in, void *out, SwError *err) {
    IamKeyRecord *r;
    if (get_key(cx, in->user_name, in->access_key_id, &r, err) < 0)
        return -1;
    return sw_doc_delete(cx->tx, &iam_keys, in->access_key_id, NULL, err);
}

int iam_update_access_key(SwCtx *cx, const IamUpdateAccessKeyRequest *in, void *out, SwError *err) {
    IamKeyRecord *r;
    if (get_key(cx, in->user_name, in->access_key_id, &r, err) < 0)
        return -1;
    if (sw_str_eqz(in->status, "Expired"))
        return sw_refuse_field(err, &SW_VALIDATION_ERROR, "Status", "a key can be set Active or Inactive");
    r->key->status = in->status;
    return sw_doc_put(cx->tx, &iam_keys, in->access_key_id, r, err);
}

int iam_list_access_keys(SwCtx *cx, const IamListAccessKeysRequest *in, IamListAccessKeysResponse *out, SwError *err) {
    SwStr name;
    IamIdentity u;
    SwDocList rows;
    if (iam_user_name(cx, in->user_name, &name, err) < 0 || iam_identity_get(cx, IAM_USER, name, &u, err) < 0 ||
        list_of_user(cx, &iam_keys, u.name, &rows, err) < 0)
        return -1;
    SwStrList ids = {0};
    for (size_t k = 0; k < rows.n; k++)
        sw_str_list_add(cx->arena, &ids, rows.v[k].id);
    IamPage page;
    if (iam_page(cx, in->marker, in->max_items, ids.v, ids.n, &page, err) < 0)
        return -1;
    sw_list_present(cx->arena, &out->access_key_metadata);
    for (size_t k = page.from; k < page.to; k++) {
        const IamAccessKey *key = ((IamKeyRecord *)rows.v[k].record)->key;
        *sw_list_add(cx->arena, &out->access_key_metadata) = (IamAccessKeyMetadata){.user_name = key->user_name,
                                                                                    .access_key_id = key->access_key_id,
                                                                                    .status = key->status,
                                                                                    .create_date = key->create_date};
    }
    out->is_truncated = page.truncated;
    out->marker = page.marker;
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
    SwDocList have;
    if (iam_identity_get(cx, IAM_USER, in->user_name, &u, err) < 0 ||
        list_of_user(cx, &iam_credentials, u.name, &have, err) < 0)
        return -1;
    if (!sw_str_eqz(in->service_name, "codecommit.amazonaws.com"))
        return sw_fail(err, &IAM_NO_SUCH_ENTITY_EXCEPTION, "No such service %.*s is supported for Service Specific Credentials",
                       SW_FMT(in->service_name));
    if (in->credential_age_days.set)
        return sw_refuse_field(err, &SW_VALIDATION_ERROR, "CredentialAgeDays",
                               "credentials for codecommit.amazonaws.com do not expire");
    if (have.n >= KEYS_MAX)
        return sw_fail(err, &IAM_LIMIT_EXCEEDED_EXCEPTION, "Cannot exceed quota for ServiceSpecificCredentialsPerUser: %d",
                       KEYS_MAX);
    IamServiceSpecificCredentialMetadata *m = sw_new(cx->arena, IamServiceSpecificCredentialMetadata);
    m->user_name = u.name;
    m->service_name = in->service_name;
    m->status = IAM_STATUS_TYPE_ACTIVE;
    m->create_date = SW_SOME_TIME(sw_now(cx));
    m->service_specific_credential_id = sw_cat(cx->arena, SW_STR("ACCA"), sw_id_base32(cx->arena, 17));
    m->service_user_name = have.n == 0
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
    return sw_doc_put(cx->tx, &iam_credentials, m->service_specific_credential_id, &r, err);
}

static int get_credential(SwCtx *cx, SwStr user, SwStr id, IamCredentialRecord **ret_r, SwError *err) {
    SwStr name;
    IamIdentity u;
    void *record;
    if (iam_user_name(cx, user, &name, err) < 0 || iam_identity_get(cx, IAM_USER, name, &u, err) < 0 ||
        sw_doc_get(cx->tx, &iam_credentials, id, &record, err) < 0)
        return -1;
    *ret_r = record;
    if (record && sw_str_eq((*ret_r)->account, cx->account) && sw_str_eq((*ret_r)->user_name, u.name))
        return 0;
    return sw_fail(err, &IAM_NO_SUCH_ENTITY_EXCEPTION, "No such credential %.*s exists", SW_FMT(id));
}

int iam_delete_service_specific_credential(SwCtx *cx, const IamDeleteServiceSpecificCredentialRequest *in, void *out,
                                           SwError *err) {
    IamCredentialRecord *r;
    if (get_credential(cx, in->user_name, in->service_specific_credential_id, &r, err) < 0)
        return -1;
    return sw_doc_delete(cx->tx, &iam_credentials, in->service_specific_credential_id, NULL, err);
}

int iam_update_service_specific_credential(SwCtx *cx, const IamUpdateServiceSpecificCredentialRequest *in, void *out,
                                           SwError *err) {
    IamCredentialRecord *r;
    if (get_credential(cx, in->user_name, in->service_specific_credential_id, &r, err) < 0)
        return -1;
    if (sw_str_eqz(in->status, "Expired"))
        return sw_refuse_field(err, &SW_VALIDATION_ERROR, "Status", "a credential can be set Active or Inactive");
    r->credential->status = in->status;
    return sw_doc_put(cx->tx, &iam_credentials, in->service_specific_credential_id, r, err);
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
    return sw_doc_put(cx->tx, &iam_credentials, in->service_specific_credential_id, r, err);
}

int iam_list_service_specific_credentials(SwCtx *cx, const IamListServiceSpecificCredentialsRequest *in,
                                          IamListServiceSpecificCredentialsResponse *out, SwError *err) {
    SwStr name = SW_NO_STR;
    SwDocList rows;
    if (!in->all_users.v) {
        IamIdentity u;
        if (iam_user_name(cx, in->user_name, &name, err) < 0 || iam_identity_get(cx, IAM_USER, name, &u, err) < 0)
            return -1;
        name = u.name;
    }
    if (list_of_user(cx, &iam_credentials, name, &rows, err) < 0)
        return -1;
    SwStrList ids = {0};
    IamServiceSpecificCredentialMetadataList all = {0};
    for (size_t k = 0; k < rows.n; k++) {
        const IamCredentialRecord *r = rows.v[k].record;
        if (sw_str_is(in->service_name) && !sw_str_eq(in->service_name, r->credential->service_name))
            continue;
        /* By user, then id: the order of the index, which a marker follows. */
        sw_str_list_add(cx->arena, &ids, sw_strf(cx->arena, "%.*s|%.*s", SW_FMT(r->user_name), SW_FMT(rows.v[k].id)));
        *sw_list_add(cx->arena, &all) = *r->credential;
    }
    IamPage page;
    if (iam_page(cx, in->marker, in->max_items, ids.v, ids.n, &page, err) < 0)
        return -1;
    sw_list_present(cx->arena, &out->service_specific_credentials);
    for (size_t k = page.from; k < page.to; k++)
        *sw_list_add(cx->arena, &out->service_specific_credentials) = all.v[k];
    if (in->all_users.v || page.truncated.v) /* as on AWS: of one user's it is said only where it is so */
        out->is_truncated = page.truncated;
    out->marker = page.marker;
    return 0;
}
