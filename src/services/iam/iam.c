/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table, its documents, and its part in SwHost: who holds a key and what a principal may do. */

#include "services/iam/iam.h"

#include <stdio.h>

static int iam_open(SwHost *h, SwError *err) {
    h->auth = (SwAuth){
        .key = iam_auth_key,
        .used = iam_key_used,
        .authorise = iam_auth_authorise,
        .pass_roles = iam_auth_pass_roles,
        .assume = iam_auth_assume,
        .credentials = iam_auth_credentials,
        .session = iam_auth_session,
        .web_identity = iam_auth_web_identity,
        .password = iam_auth_password,
    };
    iam_key_use_open(h);
    if (!h->config->strict)
        return 0;
    SwStr key, secret;
    if (iam_root_credentials(h, h->arena, false, &key, &secret, err) < 0)
        return -1;
    if (sw_str_is(key))
        return 0;
    if (iam_root_credentials(h, h->arena, true, &key, &secret, err) < 0)
        return -1;
    printf("Root credentials, shown this once and kept in %s/root-credentials:\n"
           "  export AWS_ACCESS_KEY_ID=%.*s AWS_SECRET_ACCESS_KEY=%.*s\n",
           h->config->data, SW_FMT(key), SW_FMT(secret));
    (void)fflush(stdout); /* a closed terminal does not stop the server; the file has them */
    return 0;
}

static const SwController *const controllers[] = {&iam_oidc_controller, &iam_key_use_controller, NULL};

const SwService sw_service_iam = {
    .name = "iam",
    .api = &iam_api,
    .declares = &iam_declarations,
    .handlers = iam_handlers,
    .bad_token = {&SW_VALIDATION_ERROR, "Invalid Marker."},
    .collections = iam_collections,
    .controllers = controllers,
    .open = iam_open,
};
