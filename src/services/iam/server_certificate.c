/* SPDX-License-Identifier: Apache-2.0 */
/* Server certificates: checked with their keys, kept and shown without them, as nothing here serves with them. */

#include "base/id.h"
#include "services/iam/certificate.h"
#include "services/iam/iam.h"

#define CERTIFICATES_MAX 20 /* IAM quota "Server certificates in an account" */

static int show_no_key(SwCtx *cx, const SwFound *f, const char *property, SwValue *ret, SwError *err) {
    *ret = (SwValue){.kind = SW_VNULL};
    return 0;
}

const SwResourceHooks iam_server_certificate_hooks = {.cfn_get = show_no_key};

static int malformed(SwError *err, const char *text) {
    return sw_fail(err, &IAM_MALFORMED_CERTIFICATE_EXCEPTION, "%s", text);
}

static int check(const IamUploadServerCertificateRequest *in, SwTime *ret_end, SwError *err) {
    if (!iam_certificate_read(in->certificate_body, ret_end))
        return malformed(err, "Unable to parse certificate. Please ensure the certificate is in PEM format.");
    switch (iam_certificate_pair(in->certificate_body, in->private_key)) {
    case IAM_PAIR_NO_KEY: return malformed(err, "Unable to parse key; the body is encrypted or not in PEM format.");
    case IAM_PAIR_STRANGERS:
        return sw_fail(err, &IAM_KEY_PAIR_MISMATCH_EXCEPTION, "Public key in certificate does not match the private key.");
    case IAM_PAIR_GOOD: break;
    }
    if (sw_str_is(in->certificate_chain) && !iam_certificate_chain(in->certificate_body, in->certificate_chain))
        return malformed(err, "Unable to validate certificate chain. The certificate chain must start with the immediate "
                              "signing certificate, followed by any intermediaries in order.");
    return 0;
}

int iam_upload_server_certificate(SwCtx *cx, const IamUploadServerCertificateRequest *in,
                                  IamUploadServerCertificateResponse *out, SwError *err) {
    SwTime end;
    int64_t n;
    if (check(in, &end, err) < 0 || iam_server_certificates_count(cx->tx, &(SwDocQuery){0}, &n, err) < 0)
        return -1;
    if (n >= CERTIFICATES_MAX)
        return sw_fail(err, &IAM_LIMIT_EXCEEDED_EXCEPTION, "Cannot exceed quota for ServerCertificatesPerAccount: %d",
                       CERTIFICATES_MAX);
    IamServerCertificate *c = sw_new(cx->arena, IamServerCertificate);
    IamServerCertificateMetadata *m = c->server_certificate_metadata = sw_new(cx->arena, IamServerCertificateMetadata);
    IamServerCertificateRecord r = {.certificate = c};
    m->path = iam_path(in->path);
    m->server_certificate_name = in->server_certificate_name;
    m->server_certificate_id = sw_cat(cx->arena, SW_STR("ASCA"), sw_id_base32(cx->arena, 17));
    m->arn = iam_server_certificate_arn(cx, m->server_certificate_name, m->path);
    m->upload_date = SW_SOME_TIME(sw_now(cx));
    m->expiration = SW_SOME_TIME(end);
    c->certificate_body = in->certificate_body;
    c->certificate_chain = in->certificate_chain;
    if (iam_server_certificate_set_tags(cx, m->server_certificate_name, &r, SW_GIVEN_TAGS(&in->tags), err) < 0)
        return -1;
    out->server_certificate_metadata = m;
    out->tags = c->tags;
    return iam_server_certificate_insert(cx, m->server_certificate_name, &r, err);
}

int iam_get_server_certificate(SwCtx *cx, const IamGetServerCertificateRequest *in, IamGetServerCertificateResponse *out,
                               SwError *err) {
    IamServerCertificateRecord *r;
    if (iam_server_certificate_get(cx, in->server_certificate_name, &r, err) < 0)
        return -1;
    out->server_certificate = r->certificate;
    return 0;
}

static int show(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    *(IamServerCertificateMetadata *)to = *iam_server_certificates_row(row)->certificate->server_certificate_metadata;
    return 0;
}

int iam_list_server_certificates(SwCtx *cx, const IamListServerCertificatesRequest *in, IamListServerCertificatesResponse *out,
                                 SwError *err) {
    return sw_page(cx,
                   &(SwPage){.of = &iam_server_certificates, .q = iam_under(in->path_prefix), .show = show, .usual = IAM_PAGE},
                   out, err);
}

int iam_update_server_certificate(SwCtx *cx, const IamUpdateServerCertificateRequest *in, void *out, SwError *err) {
    IamServerCertificateRecord *r;
    if (iam_server_certificate_get(cx, in->server_certificate_name, &r, err) < 0)
        return -1;
    IamServerCertificateMetadata *m = r->certificate->server_certificate_metadata;
    SwStr name = sw_str_or(in->new_server_certificate_name, m->server_certificate_name), old = m->server_certificate_name;
    m->path = sw_str_or(in->new_path, m->path);
    m->server_certificate_name = name;
    m->arn = iam_server_certificate_arn(cx, name, m->path);
    if (sw_str_ieq(name, old))
        return iam_server_certificate_put(cx, name, r, err);
    if (iam_server_certificate_insert(cx, name, r, err) < 0)
        return -1;
    return iam_server_certificate_delete(cx, old, err);
}

int iam_delete_server_certificate(SwCtx *cx, const IamDeleteServerCertificateRequest *in, void *out, SwError *err) {
    IamServerCertificateRecord *r;
    if (iam_server_certificate_get(cx, in->server_certificate_name, &r, err) < 0)
        return -1;
    return iam_server_certificate_delete(cx, in->server_certificate_name, err);
}
