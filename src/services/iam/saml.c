/* SPDX-License-Identifier: Apache-2.0 */
/* SAML providers: kept with their metadata, which is read as far as IAM checks it: an identity provider's description with
 * keys that it signs with. Assertions are not taken (sts:AssumeRoleWithSAML is not implemented). */

#include "base/id.h"
#include "services/iam/iam.h"
#include "wire/xml_tree.h"

#define PROVIDERS_MAX 100 /* IAM quota "Identity providers (IdPs) in an IAM SAML provider" of an account */
#define VALID_DEFAULT (100 * 365 * SW_DAY)

static int invalid(SwError *err, const char *what) {
    sw_error_reset(err);
    return sw_fail(err, &IAM_INVALID_INPUT_EXCEPTION, "Could not parse metadata: %s", what);
}

static bool signs(const XmlNode *idp) {
    for (const XmlNode *n = idp->first; n; n = n->next) {
        SwStr use = sw_xml_attribute(n, "use");
        const XmlNode *data = wire_xml_child(wire_xml_child(n, "KeyInfo"), "X509Data");
        if (sw_str_eqz(n->name, "KeyDescriptor") && (!use.p || sw_str_eqz(use, "signing")) &&
            wire_xml_child(data, "X509Certificate"))
            return true;
    }
    return false;
}

static int read_metadata(SwCtx *cx, SwStr document, SwTime *ret_until, SwError *err) {
    const XmlNode *root;
    if (sw_xml_read(cx->arena, document, &root, err) < 0)
        return invalid(err, "it is not well-formed XML");
    if (!sw_str_eqz(root->name, "EntityDescriptor") || !sw_str_is(sw_xml_attribute(root, "entityID")))
        return invalid(err, "it is no EntityDescriptor with an entityID");
    const XmlNode *idp = wire_xml_child(root, "IDPSSODescriptor");
    if (!idp || !signs(idp))
        return invalid(err, "it describes no identity provider with a certificate for signing");
    if (!wire_xml_child(idp, "SingleSignOnService"))
        return invalid(err, "it has no SingleSignOnService");
    SwStr until = sw_xml_attribute(root, "validUntil");
    *ret_until = sw_now(cx) + VALID_DEFAULT;
    if (until.p && !sw_time_parse(until, ret_until))
        return invalid(err, "its validUntil is no time");
    return *ret_until > sw_now(cx) ? 0 : invalid(err, "its validUntil has passed");
}

static int set_document(SwCtx *cx, IamSamlRecord *r, SwStr document, SwError *err) {
    SwTime until;
    if (read_metadata(cx, document, &until, err) < 0)
        return -1;
    r->document = document;
    r->valid_until = SW_SOME_TIME(until);
    return 0;
}

int iam_create_saml_provider(SwCtx *cx, const IamCreateSAMLProviderRequest *in, IamCreateSAMLProviderResponse *out,
                             SwError *err) {
    IamSamlRecord r = {.name = in->name, .created = SW_SOME_TIME(sw_now(cx))};
    int64_t n;
    if (set_document(cx, &r, in->saml_metadata_document, err) < 0 ||
        iam_saml_providers_count(cx->tx, &(SwDocQuery){0}, &n, err) < 0)
        return -1;
    if (n >= PROVIDERS_MAX)
        return sw_fail(err, &IAM_LIMIT_EXCEEDED_EXCEPTION, "Cannot exceed quota for SAMLProvidersPerAccount: %d",
                       PROVIDERS_MAX);
    r.uuid = sw_cat(cx->arena, SW_STR("ASPR"), sw_id_base32(cx->arena, 24));
    if (iam_saml_provider_set_tags(cx, in->name, &r, SW_GIVEN_TAGS(&in->tags), err) < 0)
        return -1;
    out->saml_provider_arn = iam_saml_provider_arn(cx, in->name);
    out->tags = r.tags;
    return iam_saml_provider_insert(cx, in->name, &r, err);
}

static int by_arn(SwCtx *cx, SwStr arn, IamSamlRecord **ret_r, SwError *err) {
    return iam_check_arn(arn, err) < 0 ? -1 : iam_saml_provider_by_reference(cx, arn, ret_r, err);
}

int iam_get_saml_provider(SwCtx *cx, const IamGetSAMLProviderRequest *in, IamGetSAMLProviderResponse *out, SwError *err) {
    IamSamlRecord *r;
    if (by_arn(cx, in->saml_provider_arn, &r, err) < 0)
        return -1;
    out->saml_provider_uuid = r->uuid;
    out->saml_metadata_document = r->document;
    out->create_date = r->created;
    out->valid_until = r->valid_until;
    out->tags = r->tags;
    return 0;
}

int iam_list_saml_providers(SwCtx *cx, const IamListSAMLProvidersRequest *in, IamListSAMLProvidersResponse *out, SwError *err) {
    IamSamlRecords all;
    if (iam_saml_providers_list(cx->tx, &(SwDocQuery){0}, &all, err) < 0)
        return -1;
    sw_list_present(cx->arena, &out->saml_provider_list);
    for (size_t i = 0; i < all.n; i++) {
        const IamSamlRecord *r = all.v[i].record;
        *sw_list_add(cx->arena, &out->saml_provider_list) =
            (IamSAMLProviderListEntry){.arn = iam_saml_provider_arn(cx, r->name),
                                       .valid_until = r->valid_until,
                                       .create_date = r->created};
    }
    return 0;
}

int iam_update_saml_provider(SwCtx *cx, const IamUpdateSAMLProviderRequest *in, IamUpdateSAMLProviderResponse *out,
                             SwError *err) {
    IamSamlRecord *r;
    if (by_arn(cx, in->saml_provider_arn, &r, err) < 0 ||
        (in->saml_metadata_document.p && set_document(cx, r, in->saml_metadata_document, err) < 0))
        return -1;
    out->saml_provider_arn = iam_saml_provider_arn(cx, r->name);
    return iam_saml_provider_put(cx, r->name, r, err);
}

int iam_delete_saml_provider(SwCtx *cx, const IamDeleteSAMLProviderRequest *in, void *out, SwError *err) {
    IamSamlRecord *r;
    if (by_arn(cx, in->saml_provider_arn, &r, err) < 0)
        return -1;
    return iam_saml_provider_delete(cx, r->name, err);
}
