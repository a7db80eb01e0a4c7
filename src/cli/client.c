/* SPDX-License-Identifier: Apache-2.0 */
/* A small API client: wire/ encodes and decodes, sigv4 signs, http/client carries. */

#include "cli/client.h"

#include <stdlib.h>
#include <string.h>

#include "api/sigv4.h"
#include "http/client.h"
#include "models/sts.gen.h"

static SwStr env_or(const char *name, SwStr otherwise) {
    return sw_str_or(sw_str(getenv(name)), otherwise);
}

/* host:port of an endpoint URL. */
static bool host_of(const char *endpoint, SwStr *ret_host) {
    SwStr s = sw_str(endpoint), head;
    if (sw_str_starts(s, SW_STR("http://")))
        s = sw_str_skip(s, 7);
    else if (sw_str_starts(s, SW_STR("https://")))
        s = sw_str_skip(s, 8);
    else
        return false;
    *ret_host = sw_str_cut(&s, '/', &head) ? head : s;
    return sw_str_is(*ret_host);
}

static void sign(SwCli *cli, const SwApi *api, SwWireMessage *m) {
    SwStr key = env_or("AWS_ACCESS_KEY_ID", SW_NO_STR), secret = env_or("AWS_SECRET_ACCESS_KEY", SW_NO_STR);
    SwStr token = env_or("AWS_SESSION_TOKEN", SW_NO_STR);
    if (!sw_str_is(key) || !sw_str_is(secret)) {
        key = secret = SW_STR("test");
        token = SW_NO_STR;
    }
    if (cli->account)
        key = sw_str(cli->account); /* a relaxed server takes twelve digits as that account's root */
    SwClock *clock = sw_clock_new();
    sw_sigv4_sign_message(cli->arena, m, key, secret, token, sw_str(cli->region), sw_str(api->sign_name), sw_clock_now(clock));
    sw_clock_free(clock);
}

int sw_client_call(SwCli *cli, const SwApi *api, unsigned op, const void *in, void **ret_out, SwError *err) {
    SwArena *a = cli->arena;
    SwWireMessage m = {0}, reply = {0};
    SwStr host, base = sw_str(cli->endpoint);
    void *out = NULL;
    if (!host_of(cli->endpoint, &host))
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "'%s' is no endpoint: it should look like http://127.0.0.1:4566",
                       cli->endpoint);
    if (sw_wire_encode_request(a, api, &api->op[op], api->protocol, in, &m, err) < 0)
        return -1;
    sw_header_set(a, &m.headers, SW_STR("host"), host);
    sign(cli, api, &m);
    while (sw_str_ends(base, SW_STR("/")))
        base = sw_str_drop(base, 1);
    SwHttpCall call = {
        .method = m.method,
        .url = sw_strf(a, "%.*s%.*s%s%.*s", SW_FMT(base), SW_FMT(m.path), m.query.n ? "?" : "", SW_FMT(m.query)),
        .headers = m.headers,
        .body = m.body,
        .any_certificate = true, /* of our own authority, which the system does not know */
        .timeout_ms = 60000,
    };
    if (sw_http_fetch(a, &call, &reply, NULL, err) < 0)
        return -1;
    if (sw_wire_decode_response(a, api, &api->op[op], api->protocol, &reply, &out, err) < 0)
        return -1;
    if (ret_out)
        *ret_out = out;
    return 0;
}

bool sw_client_is_absent(const SwError *err) {
    return err->kind == &SW_SERVICE_UNAVAILABLE; /* a server's own refusals are of their API's kinds */
}

/* 400 for a key that the server does not know, 403 for what that key may not. */
bool sw_client_is_about_credentials(const SwErrorKind *kind) {
    static const char *const codes[] = {"UnrecognizedClientException", "InvalidClientTokenId", "InvalidSignatureException",
                                        "SignatureDoesNotMatch",       "ExpiredToken",         "ExpiredTokenException",
                                        "AccessDeniedException"};
    for (size_t i = 0; kind && i < SW_N(codes); i++)
        if (strcmp(kind->code, codes[i]) == 0)
            return true;
    return kind && kind->http == 403;
}

bool sw_client_is_denied(const SwError *err, SwStr *ret_action) {
    static const char says[] = " is not authorized to perform: ";
    const char *at = err->message ? strstr(err->message, says) : NULL;
    SwStr rest = sw_str(at ? at + sizeof says - 1 : NULL), action;
    if (at && ret_action)
        *ret_action = sw_str_cut(&rest, ' ', &action) ? action : rest;
    return at;
}

int sw_client_account(SwCli *cli, SwStr *ret_account, SwError *err) {
    void *out = NULL;
    if (sw_client_call(cli, &sts_api, STS_GET_CALLER_IDENTITY, NULL, &out, err) < 0)
        return -1;
    *ret_account = ((const StsGetCallerIdentityResponse *)out)->account;
    return 0;
}

static const char *advice_on_denial(SwCli *cli, const SwError *err, SwStr action) {
    if (strstr(err->message, "explicit deny"))
        return "A policy denies it by name; the root, and who may change policies, can take that away.";
    return sw_strf(cli->arena,
                   "Allow %.*s to that user or role (aws iam put-user-policy, put-role-policy). The root may do that: its "
                   "credentials are in the server's data folder, in root-credentials.",
                   SW_FMT(action))
        .p;
}

const char *sw_client_advice(SwCli *cli, const SwError *err) {
    SwStr action;
    if (sw_client_is_absent(err))
        return sw_strf(cli->arena, "No server answers at %s. Start it with `slipway up`, or name another with --endpoint.",
                       cli->endpoint)
            .p;
    if (sw_client_is_denied(err, &action))
        return advice_on_denial(cli, err, action);
    if (sw_client_is_about_credentials(err->kind))
        return "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to credentials that this server knows; the root's are in its "
               "data folder, in root-credentials.";
    return NULL;
}

void sw_cli_print_json(SwCli *cli, const SwShape *shape, const void *v) {
    SwBuf b = sw_buf(cli->arena, 32 * SW_MIB), pretty = sw_buf(cli->arena, 32 * SW_MIB);
    SwError err = sw_error(cli->arena);
    SwValue tree;
    if (shape && v)
        sw_shape_to_json(&b, shape, v);
    else
        sw_buf_addz(&b, "{}");
    if (sw_json_parse(cli->arena, sw_buf_str(&b), &tree, &err) == 0)
        sw_json_write_pretty(&pretty, &tree, 2);
    SwStr text = pretty.n ? sw_buf_str(&pretty) : sw_buf_str(&b);
    printf("%.*s\n", SW_FMT(text));
}

int sw_client_ask(SwCli *cli, const SwApi *api, unsigned op, const void *in, void **ret_out) {
    SwError err = sw_error(cli->arena);
    *ret_out = NULL;
    if (sw_client_call(cli, api, op, in, ret_out, &err) < 0)
        return sw_cli_fail(&err, sw_client_advice(cli, &err));
    if (cli->json) {
        sw_cli_print_json(cli, api->op[op].output, *ret_out);
        *ret_out = NULL;
    }
    return 0;
}
