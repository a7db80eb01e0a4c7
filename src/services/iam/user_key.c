/* SPDX-License-Identifier: Apache-2.0 */
/* Public keys and certificates of users: SSH keys, signing certificates. They are kept and shown; git is served over HTTPS
 * alone, and nothing here takes signatures by certificates. */

#include "base/id.h"
#include "services/iam/certificate.h"
#include "services/iam/iam.h"

#define SSH_KEYS_MAX     5 /* IAM quotas: of a user */
#define CERTIFICATES_MAX 2

static SwDocQuery of_user(SwStr user) {
    return (SwDocQuery){.index = "by_user", .equals = {user}};
}

static int check_status(SwStr status, SwError *err) {
    return sw_str_eqz(status, "Expired")
               ? sw_refuse_field(err, &SW_VALIDATION_ERROR, "Status", "it can be set Active or Inactive")
               : 0;
}

/* SSH keys. */

static int check_new_ssh_key(SwCtx *cx, const IamSSHPublicKey *k, SwError *err) {
    const SwDocQuery its = of_user(k->user_name);
    IamSshKeyRecords have;
    if (iam_ssh_keys_list(cx->tx, &its, &have, err) < 0)
        return -1;
    for (size_t i = 0; i < have.n; i++)
        if (sw_str_eq(have.v[i].record->key->fingerprint, k->fingerprint))
            return sw_fail(err, &IAM_DUPLICATE_SSH_PUBLIC_KEY_EXCEPTION,
                           "This SSH public key is already associated with the user %.*s.", SW_FMT(k->user_name));
    return have.n < SSH_KEYS_MAX
               ? 0
               : sw_fail(err, &IAM_LIMIT_EXCEEDED_EXCEPTION, "Cannot exceed quota for SSHPublicKeysPerUser: %d", SSH_KEYS_MAX);
}

int iam_upload_ssh_public_key(SwCtx *cx, const IamUploadSSHPublicKeyRequest *in, IamUploadSSHPublicKeyResponse *out,
                              SwError *err) {
    IamIdentity u;
    IamSSHPublicKey *k = out->ssh_public_key = sw_new(cx->arena, IamSSHPublicKey);
    if (iam_identity_get(cx, IAM_USER, in->user_name, &u, err) < 0)
        return -1;
    if (!iam_ssh_key_read(cx->arena, in->ssh_public_key_body, &k->ssh_public_key_body, &k->fingerprint))
        return sw_fail(err, &IAM_INVALID_PUBLIC_KEY_EXCEPTION,
                       "The public key must be an RSA key of at least 2048 bits in ssh-rsa or PEM format.");
    k->user_name = u.name;
    k->status = IAM_STATUS_TYPE_ACTIVE;
    k->upload_date = SW_SOME_TIME(sw_now(cx));
    k->ssh_public_key_id = sw_cat(cx->arena, SW_STR("APKA"), sw_id_base32(cx->arena, 17));
    if (check_new_ssh_key(cx, k, err) < 0)
        return -1;
    return iam_ssh_keys_put(cx->tx, k->ssh_public_key_id, &(IamSshKeyRecord){.key = k}, err);
}

static int get_ssh_key(SwCtx *cx, SwStr user, SwStr id, IamSshKeyRecord **ret_r, SwError *err) {
    IamIdentity u;
    if (iam_identity_get(cx, IAM_USER, user, &u, err) < 0 || iam_ssh_keys_find(cx->tx, id, ret_r, err) < 0)
        return -1;
    if (*ret_r && sw_str_eq((*ret_r)->key->user_name, u.name))
        return 0;
    return sw_fail(err, &IAM_NO_SUCH_ENTITY_EXCEPTION, "The Public Key with id %.*s cannot be found.", SW_FMT(id));
}

int iam_get_ssh_public_key(SwCtx *cx, const IamGetSSHPublicKeyRequest *in, IamGetSSHPublicKeyResponse *out, SwError *err) {
    IamSshKeyRecord *r;
    if (get_ssh_key(cx, in->user_name, in->ssh_public_key_id, &r, err) < 0)
        return -1;
    out->ssh_public_key = r->key;
    if (sw_str_eqz(in->encoding, "PEM"))
        r->key->ssh_public_key_body = iam_ssh_key_pem(cx->arena, r->key->ssh_public_key_body);
    return r->key->ssh_public_key_body.p
               ? 0
               : sw_fail(err, &IAM_UNRECOGNIZED_PUBLIC_KEY_ENCODING_EXCEPTION, "The key cannot be written in this encoding.");
}

static int show_ssh_key(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    sw_shape_move(cx->arena, &iam_shape_ssh_public_key_metadata, to, &iam_shape_ssh_public_key, iam_ssh_keys_row(row)->key);
    return 0;
}

int iam_list_ssh_public_keys(SwCtx *cx, const IamListSSHPublicKeysRequest *in, IamListSSHPublicKeysResponse *out,
                             SwError *err) {
    IamIdentity u;
    if (iam_user_of(cx, in->user_name, &u, err) < 0)
        return -1;
    return sw_page(cx, &(SwPage){.of = &iam_ssh_keys, .q = of_user(u.name), .show = show_ssh_key, .usual = IAM_PAGE}, out, err);
}

int iam_update_ssh_public_key(SwCtx *cx, const IamUpdateSSHPublicKeyRequest *in, void *out, SwError *err) {
    IamSshKeyRecord *r;
    if (get_ssh_key(cx, in->user_name, in->ssh_public_key_id, &r, err) < 0 || check_status(in->status, err) < 0)
        return -1;
    r->key->status = in->status;
    return iam_ssh_keys_put(cx->tx, in->ssh_public_key_id, r, err);
}

int iam_delete_ssh_public_key(SwCtx *cx, const IamDeleteSSHPublicKeyRequest *in, void *out, SwError *err) {
    IamSshKeyRecord *r;
    if (get_ssh_key(cx, in->user_name, in->ssh_public_key_id, &r, err) < 0)
        return -1;
    return iam_ssh_keys_delete(cx->tx, in->ssh_public_key_id, NULL, err);
}

/* Signing certificates. */

static int check_new_certificate(SwCtx *cx, const IamSigningCertificate *c, SwError *err) {
    const SwDocQuery its = of_user(c->user_name);
    IamSigningCertificateRecords have;
    SwTime end;
    if (!iam_certificate_read(c->certificate_body, &end))
        return sw_fail(err, &IAM_MALFORMED_CERTIFICATE_EXCEPTION,
                       "Unable to parse certificate. Please ensure the certificate is in PEM format.");
    if (end <= sw_now(cx))
        return sw_fail(err, &IAM_INVALID_CERTIFICATE_EXCEPTION, "The certificate has expired.");
    if (iam_signing_certificates_list(cx->tx, &its, &have, err) < 0)
        return -1;
    for (size_t i = 0; i < have.n; i++)
        if (sw_str_eq(sw_str_trim(have.v[i].record->certificate->certificate_body), sw_str_trim(c->certificate_body)))
            return sw_fail(err, &IAM_DUPLICATE_CERTIFICATE_EXCEPTION,
                           "This certificate is already associated with the user %.*s.", SW_FMT(c->user_name));
    return have.n < CERTIFICATES_MAX ? 0
                                     : sw_fail(err, &IAM_LIMIT_EXCEEDED_EXCEPTION,
                                               "Cannot exceed quota for CertificatesPerUser: %d", CERTIFICATES_MAX);
}

int iam_upload_signing_certificate(SwCtx *cx, const IamUploadSigningCertificateRequest *in,
                                   IamUploadSigningCertificateResponse *out, SwError *err) {
    IamIdentity u;
    if (iam_user_of(cx, in->user_name, &u, err) < 0)
        return -1;
    IamSigningCertificate *c = out->certificate = sw_new(cx->arena, IamSigningCertificate);
    c->user_name = u.name;
    c->certificate_body = in->certificate_body;
    c->certificate_id = sw_id_base32(cx->arena, 32);
    c->status = IAM_STATUS_TYPE_ACTIVE;
    c->upload_date = SW_SOME_TIME(sw_now(cx));
    if (check_new_certificate(cx, c, err) < 0)
        return -1;
    return iam_signing_certificates_put(cx->tx, c->certificate_id, &(IamSigningCertificateRecord){.certificate = c}, err);
}

static int get_certificate(SwCtx *cx, SwStr user, SwStr id, IamSigningCertificateRecord **ret_r, SwError *err) {
    IamIdentity u;
    if (iam_user_of(cx, user, &u, err) < 0 || iam_signing_certificates_find(cx->tx, id, ret_r, err) < 0)
        return -1;
    if (*ret_r && sw_str_eq((*ret_r)->certificate->user_name, u.name))
        return 0;
    return sw_fail(err, &IAM_NO_SUCH_ENTITY_EXCEPTION, "The Certificate with id %.*s cannot be found.", SW_FMT(id));
}

static int show_certificate(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    *(IamSigningCertificate *)to = *iam_signing_certificates_row(row)->certificate;
    return 0;
}

int iam_list_signing_certificates(SwCtx *cx, const IamListSigningCertificatesRequest *in,
                                  IamListSigningCertificatesResponse *out, SwError *err) {
    IamIdentity u;
    if (iam_user_of(cx, in->user_name, &u, err) < 0)
        return -1;
    return sw_page(
        cx, &(SwPage){.of = &iam_signing_certificates, .q = of_user(u.name), .show = show_certificate, .usual = IAM_PAGE}, out,
        err);
}

int iam_update_signing_certificate(SwCtx *cx, const IamUpdateSigningCertificateRequest *in, void *out, SwError *err) {
    IamSigningCertificateRecord *r;
    if (get_certificate(cx, in->user_name, in->certificate_id, &r, err) < 0 || check_status(in->status, err) < 0)
        return -1;
    r->certificate->status = in->status;
    return iam_signing_certificates_put(cx->tx, in->certificate_id, r, err);
}

int iam_delete_signing_certificate(SwCtx *cx, const IamDeleteSigningCertificateRequest *in, void *out, SwError *err) {
    IamSigningCertificateRecord *r;
    if (get_certificate(cx, in->user_name, in->certificate_id, &r, err) < 0)
        return -1;
    return iam_signing_certificates_delete(cx->tx, in->certificate_id, NULL, err);
}

/* MFA devices: nobody has one, and none can be made. */

int iam_list_mfa_devices(SwCtx *cx, const IamListMFADevicesRequest *in, IamListMFADevicesResponse *out, SwError *err) {
    IamIdentity u;
    if (iam_user_of(cx, in->user_name, &u, err) < 0)
        return -1;
    return sw_page(cx, &(SwPage){.usual = IAM_PAGE}, out, err);
}

int iam_list_virtual_mfa_devices(SwCtx *cx, const IamListVirtualMFADevicesRequest *in, IamListVirtualMFADevicesResponse *out,
                                 SwError *err) {
    return sw_page(cx, &(SwPage){.usual = IAM_PAGE}, out, err);
}

int iam_user_keys(SwCtx *cx, SwStr user, int64_t *ret_ssh, int64_t *ret_certificates, SwError *err) {
    const SwDocQuery its = of_user(user);
    return iam_ssh_keys_count(cx->tx, &its, ret_ssh, err) < 0 ||
                   iam_signing_certificates_count(cx->tx, &its, ret_certificates, err) < 0
               ? -1
               : 0;
}
