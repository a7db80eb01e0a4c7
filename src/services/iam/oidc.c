/* SPDX-License-Identifier: Apache-2.0 */
/* OpenID Connect providers: whose tokens AssumeRoleWithWebIdentity takes, and for which clients. Their keys are oidc_keys.c's.
 */

#include "services/iam/iam.h"

#define CLIENTS_MAX     100 /* IAM quotas: client ids of a provider, thumbprints of one, providers of an account */
#define THUMBPRINTS_MAX 5
#define PROVIDERS_MAX   100

static const SwStr SCHEME = SW_STR_C("https://");

/* A request names a new one by its URL, and IAM is asked about its ARN. */
static SwStr named(SwCtx *cx, const SwOperation *op, const void *in, SwStr ref) {
    bool makes = op->index == IAM_CREATE_OPEN_ID_CONNECT_PROVIDER && sw_str_starts(ref, SCHEME);
    return makes ? iam_open_id_connect_provider_arn(cx, sw_str_skip(ref, SCHEME.n)) : SW_NO_STR;
}

const SwResourceHooks iam_open_id_connect_provider_hooks = {.named = named};

static int check_url(SwStr url, SwError *err) {
    if (!sw_str_starts(url, SCHEME) || url.n == SCHEME.n)
        return sw_fail(err, &IAM_INVALID_INPUT_EXCEPTION, "Invalid Open ID Connect Provider URL");
    SwStr rest = sw_str_skip(url, SCHEME.n);
    if (!sw_str_all(rest, "a-zA-Z0-9.:/_~%-") || rest.p[0] == '/')
        return sw_fail(err, &IAM_INVALID_INPUT_EXCEPTION, "Invalid Open ID Connect Provider URL");
    return 0;
}

static int check_thumbprints(const SwStrList *l, SwError *err) {
    if (l->n > THUMBPRINTS_MAX)
        return sw_fail(err, &IAM_INVALID_INPUT_EXCEPTION, "Thumbprint list must contain fewer than %d entries.",
                       THUMBPRINTS_MAX);
    for (size_t i = 0; i < l->n; i++)
        if (!sw_str_all(l->v[i], "0-9a-fA-F"))
            return sw_fail(err, &IAM_INVALID_INPUT_EXCEPTION, "Invalid thumbprint %.*s", SW_FMT(l->v[i]));
    return 0;
}

static int check_clients(const SwStrList *l, SwError *err) {
    return l->n <= CLIENTS_MAX ? 0
                               : sw_fail(err, &IAM_LIMIT_EXCEEDED_EXCEPTION,
                                         "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: %d", CLIENTS_MAX);
}

static int check_room(SwCtx *cx, SwError *err) {
    int64_t n;
    if (iam_oidc_providers_count(cx->tx, &(SwDocQuery){0}, &n, err) < 0)
        return -1;
    return n < PROVIDERS_MAX ? 0
                             : sw_fail(err, &IAM_LIMIT_EXCEEDED_EXCEPTION,
                                       "Cannot exceed quota for OpenIdConnectProvidersPerAccount: %d", PROVIDERS_MAX);
}

int iam_create_open_id_connect_provider(SwCtx *cx, const IamCreateOpenIDConnectProviderRequest *in,
                                        IamCreateOpenIDConnectProviderResponse *out, SwError *err) {
    if (check_url(in->url, err) < 0 || check_thumbprints(&in->thumbprint_list, err) < 0 ||
        check_clients(&in->client_id_list, err) < 0 || check_room(cx, err) < 0)
        return -1;
    SwStr id = sw_str_skip(in->url, SCHEME.n);
    IamOidcRecord r = {.url = id, .created = SW_SOME_TIME(sw_now(cx))};
    for (size_t i = 0; i < in->client_id_list.n; i++)
        if (!sw_str_list_has(&r.client_ids, in->client_id_list.v[i]))
            sw_str_list_add(cx->arena, &r.client_ids, in->client_id_list.v[i]);
    r.thumbprints = in->thumbprint_list;
    if (iam_open_id_connect_provider_set_tags(cx, id, &r, SW_GIVEN_TAGS(&in->tags), err) < 0 ||
        iam_open_id_connect_provider_insert(cx, id, &r, err) < 0)
        return -1;
    out->open_id_connect_provider_arn = iam_open_id_connect_provider_arn(cx, id);
    out->tags = r.tags;
    return iam_oidc_ask(cx, id, err);
}

static int get(SwCtx *cx, SwStr arn, IamOidcRecord **ret_r, SwError *err) {
    return iam_open_id_connect_provider_by_reference(cx, arn, ret_r, err);
}

static int put(SwCtx *cx, const IamOidcRecord *r, SwError *err) {
    return iam_open_id_connect_provider_put(cx, r->url, r, err);
}

int iam_get_open_id_connect_provider(SwCtx *cx, const IamGetOpenIDConnectProviderRequest *in,
                                     IamGetOpenIDConnectProviderResponse *out, SwError *err) {
    IamOidcRecord *r;
    if (get(cx, in->open_id_connect_provider_arn, &r, err) < 0)
        return -1;
    out->url = r->url; /* without its scheme, as on AWS */
    out->client_id_list = r->client_ids;
    out->thumbprint_list = r->thumbprints;
    out->create_date = r->created;
    out->tags = r->tags;
    return 0;
}

int iam_list_open_id_connect_providers(SwCtx *cx, const IamListOpenIDConnectProvidersRequest *in,
                                       IamListOpenIDConnectProvidersResponse *out, SwError *err) {
    IamOidcRecords all;
    if (iam_oidc_providers_list(cx->tx, &(SwDocQuery){0}, &all, err) < 0)
        return -1;
    sw_list_present(cx->arena, &out->open_id_connect_provider_list);
    for (size_t i = 0; i < all.n; i++)
        sw_list_add(cx->arena, &out->open_id_connect_provider_list)->arn =
            iam_open_id_connect_provider_arn(cx, all.v[i].record->url);
    return 0;
}

int iam_delete_open_id_connect_provider(SwCtx *cx, const IamDeleteOpenIDConnectProviderRequest *in, void *out, SwError *err) {
    IamOidcRecord *r;
    if (get(cx, in->open_id_connect_provider_arn, &r, err) < 0)
        return -1;
    return iam_open_id_connect_provider_delete(cx, r->url, err);
}

int iam_update_open_id_connect_provider_thumbprint(SwCtx *cx, const IamUpdateOpenIDConnectProviderThumbprintRequest *in,
                                                   void *out, SwError *err) {
    IamOidcRecord *r;
    if (check_thumbprints(&in->thumbprint_list, err) < 0 || get(cx, in->open_id_connect_provider_arn, &r, err) < 0)
        return -1;
    r->thumbprints = in->thumbprint_list;
    return put(cx, r, err);
}

int iam_add_client_id_to_open_id_connect_provider(SwCtx *cx, const IamAddClientIDToOpenIDConnectProviderRequest *in, void *out,
                                                  SwError *err) {
    IamOidcRecord *r;
    if (get(cx, in->open_id_connect_provider_arn, &r, err) < 0)
        return -1;
    if (sw_str_list_has(&r->client_ids, in->client_id))
        return 0;
    sw_str_list_add(cx->arena, &r->client_ids, in->client_id);
    return check_clients(&r->client_ids, err) < 0 ? -1 : put(cx, r, err);
}

int iam_remove_client_id_from_open_id_connect_provider(SwCtx *cx, const IamRemoveClientIDFromOpenIDConnectProviderRequest *in,
                                                       void *out, SwError *err) {
    IamOidcRecord *r;
    if (get(cx, in->open_id_connect_provider_arn, &r, err) < 0)
        return -1;
    size_t kept = 0;
    for (size_t i = 0; i < r->client_ids.n; i++)
        if (!sw_str_eq(r->client_ids.v[i], in->client_id))
            r->client_ids.v[kept++] = r->client_ids.v[i];
    sw_list_cut(&r->client_ids, kept);
    return put(cx, r, err);
}
